/* SPDX-License-Identifier: MIT */
/*
 * The 128-bit numbers that exact sums need: sums that stop at the maximum instead of overflowing,
 * and their decimal text. Pure functions, any thread.
 */
#ifndef BENCH_WIDE_H
#define BENCH_WIDE_H

#include <stdbool.h>

#include "bench/api.h"

#define BENCH_INT128_MAX  ((__int128)(~(unsigned __int128)0 >> 1))
#define BENCH_INT128_TEXT 40 /* characters of the maximum, and the end */

static inline __int128 bench_wide_add(__int128 a, __int128 b)
{
    __int128 sum;

    return __builtin_add_overflow(a, b, &sum) ? BENCH_INT128_MAX : sum;
}

/* value >= 0. */
void bench_wide_text(__int128 value, char out[BENCH_INT128_TEXT]);
/* Digits only, no sign, no superfluous zeros. 0 or -EINVAL (also when it does not fit). */
int bench_wide_parse(const char *text, __int128 *out) BENCH_MUST_CHECK;
/* n * sum_squares - sum^2, which takes up to 256 bits, rounded once; 0 if it would be negative
 * (which no data give: then *ok, if not NULL, is false). All arguments >= 0. */
long double bench_wide_spread(uint64_t n, __int128 sum, __int128 sum_squares, bool *ok);

#endif
