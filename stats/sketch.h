/* SPDX-License-Identifier: MIT */
/*
 * A small log-linear histogram of nanoseconds, for thousands of them at a time: as bench_hist, but
 * with 7 bits (a bucket is at most 1.6 % wide) and memory only for the range that was met: about a
 * kilobyte for samples that spread over a factor of ten, 8 KiB at most. Keeps the sum, too.
 * Embedded by value; all zeroes is an empty one. One writer.
 */
#ifndef BENCH_SKETCH_H
#define BENCH_SKETCH_H

#include "bench/api.h"

/* Values above this (about 68.7 s) are counted in the last bucket; min and max stay exact. */
#define BENCH_SKETCH_MAX_NS ((INT64_C(1) << 36) - 1)

struct bench_sketch {
    uint64_t count;
    int64_t min, max; /* ns; 0 when empty */
    double sum;       /* ns */
    uint32_t first;   /* index of buckets[0] */
    uint32_t length;
    uint32_t *buckets; /* each stops at UINT32_MAX */
};

void bench_sketch_fini(struct bench_sketch *sketch); /* leaves an empty one */
/* ns < 0 counts as 0. 0; -ENOMEM: then only count, min, max and sum know of it. */
int bench_sketch_record(struct bench_sketch *sketch, int64_t ns);
/* As bench_hist_percentile: the smallest value with a cumulative count of at least ceil(p * n), the
 * middle of its bucket, clamped to [min, max]; 0 when empty. */
int64_t bench_sketch_percentile(const struct bench_sketch *sketch, double p);
/* Sum of min(value, limit): exact when no value is above the limit, else within a bucket's width.
 */
double bench_sketch_sum(const struct bench_sketch *sketch, double limit_ns);
/* Calls fn for every non-empty bucket in rising order: lowest value, highest value, count. */
void bench_sketch_each(const struct bench_sketch *sketch,
                       void (*fn)(int64_t low, int64_t high, uint64_t count, void *user),
                       void *user);
/* *to becomes a copy (what it had is reused or freed). 0 or -ENOMEM: then *to is empty. */
int bench_sketch_copy(struct bench_sketch *to, const struct bench_sketch *from) BENCH_MUST_CHECK;
/* Bytes that bench_sketch_place needs for the buckets of sketch. */
size_t bench_sketch_bytes(const struct bench_sketch *sketch);
/* A copy whose buckets are in memory of the caller (aligned for uint32_t); never to be changed or
 * finished. */
void bench_sketch_place(struct bench_sketch *to, const struct bench_sketch *from, void *memory);
/* Takes out of *sketch what it had in common with `before`, an earlier copy of itself; min and max
 * are then borders of buckets. The buckets of *sketch stay where they are. */
void bench_sketch_subtract(struct bench_sketch *sketch, const struct bench_sketch *before);

#endif
