/* SPDX-License-Identifier: MIT */
/*
 * Bootstrap over trials: trials are resampled with replacement, never requests (those of one trial
 * share a server process). Pure; the caller gives the seed or the indices. Any thread.
 */
#ifndef BENCH_BOOTSTRAP_H
#define BENCH_BOOTSTRAP_H

#include "stats/estimate.h"
#include "stats/hist.h"

/* The statistic of n trials given by their positions (with repetitions). */
typedef double (*bench_bootstrap_fn)(const size_t *positions, size_t n, void *user);

/*
 * BCa (Efron 1987): z0 = Phi^-1(#{t* < t} / B), a = sum (mean - t(i))^3 / (6 (sum (mean -
 * t(i))^2)^1.5) from the jackknife over trials, levels Phi(z0 + (z0 + z) / (1 - a (z0 + z))), read
 * off the sorted resamples by type 7. n = trials >= 3; resamples x n positions in `indices`
 * (0..n-1), or NULL: drawn from the seed (GSL's mt19937). 0, -ENOMEM, -EINVAL (an index outside, n
 * < 3, or no resamples).
 */
int bench_bca(bench_bootstrap_fn statistic, void *user, size_t n, const size_t *indices,
              size_t resamples, uint64_t seed, double confidence,
              struct bench_bounds *out) BENCH_MUST_CHECK;
/* The interval of percentile p of the merged histograms of n trials: percentiles are read from
 * merged histograms, never averaged. 0, -ENOMEM, -EINVAL as above. */
int bench_percentile_bounds(const struct bench_hist *const *trials, size_t n, double p,
                            size_t resamples, uint64_t seed, double confidence,
                            struct bench_bounds *out) BENCH_MUST_CHECK;

#endif
