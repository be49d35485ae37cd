/* SPDX-License-Identifier: MIT */
/* Ints of any size as pickles hold them. Pure functions; any thread. */
#ifndef RPYC_PICKLE_INT_H
#define RPYC_PICKLE_INT_H

#include "bench/value.h"

/* An INT where it fits, else a BIGINT with its digits in the arena. Both: 0, -ENOMEM, -E2BIG (more
 * than RPYC_INT_DIGITS_MAX digits). */
/* Decimal digits, '-' or '+' in front; -EINVAL when there is anything else. */
int rpyc_int_from_text(struct bench_arena *arena, const char *text, size_t n,
                       struct bench_value *out) BENCH_MUST_CHECK;
/* Two's complement, little endian; no bytes are 0. */
int rpyc_int_from_bytes(struct bench_arena *arena, const uint8_t *bytes, size_t n,
                        struct bench_value *out) BENCH_MUST_CHECK;

#endif
