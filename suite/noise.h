/* SPDX-License-Identifier: MIT */
/*
 * What this machine shows between a target and itself: measured by `run --aa`, kept in
 * $XDG_STATE_HOME/rpycbench/noise.json (~/.local/state where that is not set) by environment hash.
 * Differences below it are no differences. Main thread.
 */
#ifndef BENCH_NOISE_H
#define BENCH_NOISE_H

#include "suite/metric.h"

struct bench_noise; /* opaque */

/* What is known of a machine; *out is empty, and 0 returned, where nothing is. Hostile text:
 * -EINVAL with the file named. -ENOMEM. */
int bench_noise_read(const char *environment_hash, struct bench_noise **out,
                     struct bench_error *err) BENCH_MUST_CHECK;
void bench_noise_free(struct bench_noise *noise); /* accepts NULL */
/* The 95 % quantile of |ratio - 1| (ratio >= 1) of a target against itself, over all pairs that
 * were measured of this workload and metric; NaN: fewer than BENCH_NOISE_PAIRS are known. noise may
 * be NULL. */
double bench_noise_floor(const struct bench_noise *noise, const char *workload,
                         const struct bench_metric *metric);
enum { BENCH_NOISE_PAIRS = 3, BENCH_NOISE_KEPT = 200 /* newest pairs of each kind */ };

/* Adds a pair to what is known and writes the file, whole or not at all. */
struct bench_noise_pair {
    const char *workload;
    const struct bench_metric *metric;
    double ratio;
};
int bench_noise_keep(const char *environment_hash, const struct bench_noise_pair *pairs, size_t n,
                     struct bench_error *err) BENCH_MUST_CHECK;

#endif
