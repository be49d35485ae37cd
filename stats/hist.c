/* SPDX-License-Identifier: MIT */
#include "stats/hist.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stats/hist_private.h"

int bench_hist_new(struct bench_hist **out)
{
    struct bench_hist *hist = malloc(sizeof(*hist));

    if (!hist)
        return -ENOMEM;
    bench_hist_reset(hist);
    *out = hist;
    return 0;
}

void bench_hist_free(struct bench_hist *hist) { free(hist); }

void bench_hist_reset(struct bench_hist *hist)
{
    /* Writing, not calloc: the pages are there before the first sample is measured. */
    memset(hist, 0, sizeof(*hist));
    hist->min = INT64_MAX;
    hist->max = -1;
}

void bench_hist_record(struct bench_hist *hist, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    hist->buckets[bench_hist_index(ns)]++;
    hist->count++;
    if (ns < hist->min)
        hist->min = ns;
    if (ns > hist->max)
        hist->max = ns;
}

void bench_hist_settle(struct bench_hist *hist)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t end = (uintptr_t)(hist->buckets + BENCH_HIST_BUCKETS);
    uintptr_t at = ((uintptr_t)hist->buckets + page - 1) & ~(uintptr_t)(page - 1);

    for (; at + page <= end; at += page) {
        const uint64_t *counters = hist->buckets + (at - (uintptr_t)hist->buckets) / sizeof(uint64_t);
        size_t i = 0;
        while (i < page / sizeof(*counters) && counters[i] == 0)
            i++;
        /* Private memory reads as zeros afterwards, which is what it holds. */
        if (i == page / sizeof(*counters))
            (void)madvise((void *)at, page, MADV_DONTNEED);
    }
}

void bench_hist_add(struct bench_hist *hist, const struct bench_hist *other)
{
    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++)
        hist->buckets[i] += other->buckets[i];
    hist->count += other->count;
    if (other->min < hist->min)
        hist->min = other->min;
    if (other->max > hist->max)
        hist->max = other->max;
}

uint64_t bench_hist_count(const struct bench_hist *hist) { return hist->count; }

/* ceil(p * n) for the p that was meant: the double nearest to 0.07 is a little more than 0.07, and
 * 0.07 of 100 samples are 7, not 8. The product is off by at most one part in 2^53. */
static uint64_t rank_of(double p, uint64_t n)
{
    long double exact = (long double)p * (long double)n;
    long double rank = floorl(exact);

    if (exact - rank > exact * 0x1p-52L)
        rank += 1;
    if (rank < 1)
        return 1;
    return rank >= (long double)n ? n : (uint64_t)rank;
}

int64_t bench_hist_percentile(const struct bench_hist *hist, double p)
{
    if (hist->count == 0)
        return 0;

    uint64_t rank = rank_of(p > 0 ? fmin(p, 1) : 0, hist->count);
    if (rank == 1)
        return hist->min;
    if (rank == hist->count)
        return hist->max;

    uint64_t seen = 0;
    uint32_t index = 0;
    for (; index < BENCH_HIST_BUCKETS - 1; index++) {
        seen += hist->buckets[index];
        if (seen >= rank)
            break;
    }
    int64_t low = bench_hist_low(index);
    int64_t middle = low + (bench_hist_high(index) - low) / 2;
    if (middle < hist->min)
        return hist->min;
    return middle > hist->max ? hist->max : middle;
}

void bench_hist_each(const struct bench_hist *hist,
                     void (*fn)(int64_t low, int64_t high, uint64_t count, void *user), void *user)
{
    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++) {
        if (hist->buckets[i])
            fn(bench_hist_low(i), bench_hist_high(i), hist->buckets[i], user);
    }
}

int bench_hist_set_extremes(struct bench_hist *hist, int64_t min, int64_t max)
{
    if (hist->count == 0 || min < 0 || max < min)
        return -EINVAL;
    if (bench_hist_index(min) != bench_hist_index(hist->min) ||
        bench_hist_index(max) != bench_hist_index(hist->max))
        return -EINVAL;
    hist->min = min;
    hist->max = max;
    return 0;
}
