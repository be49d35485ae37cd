/* SPDX-License-Identifier: MIT */
/*
 * The reference service, written once: what every native server serves, what inproc answers, and
 * what the suite compares replies with.
 */
#ifndef BENCH_SERVICE_H
#define BENCH_SERVICE_H

#include "bench/error.h"
#include "bench/object.h"

enum bench_payload_kind { BENCH_PAYLOAD_RANDOM, BENCH_PAYLOAD_ZEROS, BENCH_PAYLOAD_TEXT };
/* Their names in options and results, in the order of the enum, NULL-ended. */
extern const char *const bench_payload_names[];

/* Payload byte k is tile[k mod 1 MiB]. RANDOM: tile = SHAKE-256("rpycbench" "random" SEED), SEED
 * in decimal; ZEROS: zeros; TEXT: each byte b of SHAKE-256("rpycbench" "text" SEED) gives the word
 * number b mod 64 of service/words.def and a blank, cut at 1 MiB. */
#define BENCH_PAYLOAD_TILE ((size_t)1 << 20)
#define BENCH_PAYLOAD_MAX ((uint64_t)1 << 30) /* bytes of one payload */

/* Chooses the payload of this process; before any session, while one thread. 0 or -ENOMEM. */
int bench_payload_init(enum bench_payload_kind kind, uint64_t seed, struct bench_error *err)
    BENCH_MUST_CHECK;
/* At least `size` contiguous bytes of the payload from offset 0 on; read-only, shared, valid until
 * the process ends; pages of one tile mapped again and again, so large ones cost no memory. Any
 * thread. NULL over BENCH_PAYLOAD_MAX or without address space. */
const uint8_t *bench_payload(size_t size);

/* The service. Constant. */
const struct bench_service *bench_reference_service(void);

#endif
