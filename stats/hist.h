/* SPDX-License-Identifier: MIT */
/*
 * A log-linear histogram of nanoseconds (method: HdrHistogram's layout). With m = 11: values below
 * 2^11 have a counter each; above, s = (63 - clz v) - (m - 1) and index = s * 2^(m-1) + (v >> s),
 * so the relative error of a bucket is at most 2^(1-m) = 0.1 %. One writer; merging is addition.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include "bench/error.h"

#define BENCH_HIST_BITS 11
/* Values above this (about 68.7 s) are counted in the last bucket; min and max stay exact. */
#define BENCH_HIST_MAX_NS ((INT64_C(1) << 36) - 1)

struct bench_hist; /* opaque; about 220 KiB */

int bench_hist_new(struct bench_hist **out) BENCH_MUST_CHECK; /* 0 or -ENOMEM */
void bench_hist_free(struct bench_hist *hist);
void bench_hist_reset(struct bench_hist *hist);
/* ns < 0 counts as 0. Never fails. */
void bench_hist_record(struct bench_hist *hist, int64_t ns);
/* Nothing more will be recorded for now: gives the memory of pages without a sample back to the
 * system. Recording and adding go on working. */
void bench_hist_settle(struct bench_hist *hist);
void bench_hist_add(struct bench_hist *hist, const struct bench_hist *other);
uint64_t bench_hist_count(const struct bench_hist *hist);
/* The smallest recorded value with a cumulative count of at least ceil(p * n): the p99 of 1..100
 * is 99. Returns the middle of the bucket, clamped to [min, max]; the first and the last sample
 * are known exactly (min, max). p in [0, 1]; 0 when empty. */
int64_t bench_hist_percentile(const struct bench_hist *hist, double p);
/* Calls fn for every non-empty bucket in rising order: lowest value, highest value, count. */
void bench_hist_each(const struct bench_hist *hist,
                     void (*fn)(int64_t low, int64_t high, uint64_t count, void *user), void *user);

/* Sparse text form: pairs (gap of index, count) as LEB128 varints, zlib, base64; "" when empty.
 * The gap is the index less that of the non-empty bucket before (of the first: less 0).
 * The caller frees *out. 0 or -ENOMEM. */
int bench_hist_pack(const struct bench_hist *hist, char **out) BENCH_MUST_CHECK;
/* Adds what text holds; min and max then are borders of buckets. Hostile text is refused with
 * -EINVAL and then nothing was added. -ENOMEM. */
int bench_hist_unpack(struct bench_hist *hist, const char *text,
                      struct bench_error *err) BENCH_MUST_CHECK;

#endif
