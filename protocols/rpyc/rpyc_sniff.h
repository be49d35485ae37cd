/* SPDX-License-Identifier: MIT */
/*
 * Whether bytes of a connection look like RPyC, without memory, without libraries: the preloaded
 * library links this file alone. Judges by the shortest forms only, which all real peers write.
 */
#ifndef RPYC_SNIFF_H
#define RPYC_SNIFF_H

#include "bench/decoder.h"

/* Bytes of a frame that are always enough to tell. */
enum { RPYC_SNIFF_BYTES = 64 };

/* The beginning of a connection, in one direction; or, of one that was open already, what may be
 * the beginning of a frame. */
enum bench_recognised rpyc_recognise(const void *data, size_t length);
/* The same, without a look for TLS. */
enum bench_recognised rpyc_sniff_frame(const uint8_t *data, size_t have);
/* The first `have` bytes of a plain payload of `length` bytes. */
enum bench_recognised rpyc_sniff_payload(const uint8_t *data, size_t have, uint64_t length);

#endif
