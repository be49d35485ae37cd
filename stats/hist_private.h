/* SPDX-License-Identifier: MIT */
/*
 * The inside of a histogram, for the files of this room only.
 */
#ifndef BENCH_HIST_PRIVATE_H
#define BENCH_HIST_PRIVATE_H

#include "stats/hist.h"

#define BENCH_HIST_SUB  (1u << BENCH_HIST_BITS)
#define BENCH_HIST_HALF (BENCH_HIST_SUB / 2)
/* Shifts 0..25 for values below 2^36, half a set of sub-buckets each, and one half more for 0. */
#define BENCH_HIST_BUCKETS ((36u - BENCH_HIST_BITS) * BENCH_HIST_HALF + BENCH_HIST_SUB)

struct bench_hist {
    uint64_t count;
    int64_t min, max; /* ns; INT64_MAX and -1 when empty */
    uint64_t buckets[BENCH_HIST_BUCKETS];
};

static inline uint32_t bench_hist_index(int64_t ns)
{
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;

    if (v > (uint64_t)BENCH_HIST_MAX_NS)
        v = (uint64_t)BENCH_HIST_MAX_NS;
    /* Below BENCH_HIST_SUB the shift is 0; | makes that true without a branch. */
    unsigned shift =
        63u - (unsigned)__builtin_clzll(v | (BENCH_HIST_SUB - 1)) - (BENCH_HIST_BITS - 1);
    return (uint32_t)(shift * BENCH_HIST_HALF + (v >> shift));
}

/* The lowest and the highest value that are counted in a bucket. */
static inline int64_t bench_hist_low(uint32_t index)
{
    if (index < BENCH_HIST_SUB)
        return index;
    uint32_t shift = index / BENCH_HIST_HALF - 1;
    return (int64_t)(index - shift * BENCH_HIST_HALF) << shift;
}

static inline int64_t bench_hist_high(uint32_t index)
{
    uint32_t shift = index < BENCH_HIST_SUB ? 0 : index / BENCH_HIST_HALF - 1;
    return bench_hist_low(index) + (INT64_C(1) << shift) - 1;
}

/* After unpacking only the buckets' borders are known; the exact extremes, kept elsewhere, give
 * back the percentiles of the original. Refused (-EINVAL) unless they lie in the outer buckets. */
int bench_hist_set_extremes(struct bench_hist *hist, int64_t min, int64_t max) BENCH_MUST_CHECK;

#endif
