/* SPDX-License-Identifier: MIT */
/*
 * What the kernel counted on a TCP socket: the one ruler for wire bytes of every protocol. Any
 * thread that may use the descriptor.
 */
#ifndef BENCH_TCPINFO_H
#define BENCH_TCPINFO_H

#include "bench/api.h"

/* Payload bytes (no headers, TLS records included) that left for the first time, and that arrived
 * in order, since the connection was made. Repeated segments are not counted twice, a peer's FIN
 * not at all. Exact when nothing is queued or on its way, for example between a reply and the next
 * request. 0 or a negative errno (-EOPNOTSUPP for a socket that is not TCP). */
int bench_tcpinfo_bytes(int fd, uint64_t *sent, uint64_t *received) BENCH_MUST_CHECK;

#endif
