/* SPDX-License-Identifier: MIT */
/*
 * Estimates over trials, each with formula and reference. Pure functions, any thread; nothing
 * is kept. NaN where a figure does not exist (too few values, a variance of zero).
 */
#ifndef BENCH_ESTIMATES_H
#define BENCH_ESTIMATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/api.h"

/* An estimate and its two-sided interval. NaN: there is none. */
struct bench_bounds {
    double estimate, low, high;
    double confidence; /* of the interval as it is; exact intervals exist for some levels only */
};

/* ---- one sample ---- */

double bench_mean(const double *values, size_t n);     /* NaN for n = 0 */
double bench_variance(const double *values, size_t n); /* divisor n - 1; NaN for n < 2 */
/* Type 7 of Hyndman and Fan (1996), of sorted values; p in 0..1; NaN for n = 0. */
double bench_quantile_sorted(const double *sorted, size_t n, double p);
/* 1.4826 * median |x - median x| (GSL's scale). 0 or -ENOMEM. */
int bench_mad(const double *values, size_t n, double *out) BENCH_MUST_CHECK;
/* mean +- t(1 - alpha/2, n - 1) s / sqrt(n); confidence in 0..1, for example 0.95. */
struct bench_bounds bench_mean_bounds(const double *values, size_t n, double confidence);
/* Hodges and Lehmann (1963), one sample: the median of the n(n+1)/2 Walsh averages; interval from
 * the exact distribution of Wilcoxon's W up to n = 50, beyond by the normal approximation: the
 * k-th smallest and largest, k the largest with P(W <= k - 1) <= alpha/2. Where even k = 1 is too
 * much (n <= 5 at 95 %) the interval is NaN. 0 or -ENOMEM. */
int bench_walsh_bounds(const double *values, size_t n, double confidence,
                       struct bench_bounds *out) BENCH_MUST_CHECK;
/* The exact interval of the median by order statistics: the narrowest (j, n + 1 - j) with
 * P(j <= Bin(n, 1/2) < n + 1 - j) >= confidence. Values sorted. NaN below 6 values at 95 %. */
struct bench_bounds bench_median_bounds(const double *sorted, size_t n, double confidence);

/* Correlation of neighbours: sum (x_t - m)(x_t+1 - m) / sum (x_t - m)^2. */
double bench_lag1(const double *values, size_t n);
/* n (1 - rho1) / (1 + rho1) of an AR(1) with bench_lag1, within 1..n. */
double bench_effective_count(const double *values, size_t n);

/* Not dropped, only named: values beyond 3 IQR of the quartiles (Tukey's far out) and those with
 * |x - median| / (1.4826 MAD) > 10 (Iglewicz and Hoaglin). outlier[i] is set for either. Returns
 * how many, or -ENOMEM. */
long bench_outliers(const double *values, size_t n, bool *outlier);

/* ---- two samples ---- */

/* b - a: the median of all differences b_j - a_i; interval from the exact distribution of U up to
 * m + n = 60 without ties, else by the normal approximation: D(k), D(mn + 1 - k), k the largest
 * with P(U <= k - 1) <= alpha/2. 0 or -ENOMEM. */
int bench_shift_bounds(const double *a, size_t na, const double *b, size_t nb, double confidence,
                       struct bench_bounds *out) BENCH_MUST_CHECK;
/* b / a by the same on logarithms; all values > 0, else NaN. */
int bench_ratio_bounds(const double *a, size_t na, const double *b, size_t nb, double confidence,
                       struct bench_bounds *out) BENCH_MUST_CHECK;
/* b / a of values that were taken block by block (a[i] beside b[i]): exp of bench_walsh_bounds of
 * ln b[i] - ln a[i]; what a block has in common does not widen it. */
int bench_paired_ratio_bounds(const double *a, const double *b, size_t n, double confidence,
                              struct bench_bounds *out) BENCH_MUST_CHECK;
/* Ratio of the means b / a after Fieller (1954), variances of the means unpooled, z or t quantile
 * as given; unbounded (infinite) where the denominator may be 0. */
struct bench_bounds bench_ratio_fieller(const double *a, size_t na, const double *b, size_t nb,
                                        double quantile);
/* The same by the delta method on logarithms: exp(ln(b/a) +- quantile * sqrt(va/a^2 + vb/b^2)), va
 * and vb variances of the means. */
struct bench_bounds bench_ratio_delta(const double *a, size_t na, const double *b, size_t nb,
                                      double quantile);

/* Cliff (1993): (#(a > b) - #(a < b)) / mn, and Vargha and Delaney's A12 = (delta + 1) / 2. */
double bench_cliff_delta(const double *a, size_t na, const double *b, size_t nb);
/* "negligible" (< 0.147), "small" (< 0.33), "medium" (< 0.474), "large" (Romano 2006). */
const char *bench_cliff_word(double delta);

/* ---- percentiles ---- */

/* Order statistics that bracket percentile p of n independent samples: 1-based positions j < k with
 * P(j <= Bin(n, p) < k) >= confidence, j the largest with P(Bin < j) <= alpha/2, k likewise (Le
 * Boudec, Thm 2.1, exact). *j = 0 or *k = n + 1: that end does not exist. */
void bench_percentile_positions(uint64_t n, double p, double confidence, uint64_t *j, uint64_t *k);

/* ---- levels of variation ---- */

/* Kalibera and Jones (2013), two levels: trials (server processes) of `per_trial` values each, row
 * by row. */
struct bench_levels {
    double within;  /* S1^2 = T1^2: mean variance within a trial */
    double between; /* S2^2: variance of the trial means */
    double
        process; /* T2^2 = S2^2 - S1^2 / per_trial: of the processes themselves; < 0 reads as 0 */
    struct bench_bounds mean; /* t(trials - 1) sqrt(S2^2 / trials) */
};
struct bench_levels bench_levels_of(const double *values, size_t trials, size_t per_trial,
                                    double confidence);
/* The cheapest number of samples in a trial: ceil sqrt((c2 / c1) T1^2 / T2^2), at least 1; c1 the
 * cost of a sample, c2 of a new trial. T2 = 0: SIZE_MAX. */
size_t bench_levels_samples(const struct bench_levels *levels, double c1, double c2);
/* Trials for which the half width of the interval of the mean is at most `relative` of it, with
 * so many samples each: the smallest r >= 2 with t(r - 1) sqrt((T2^2 + T1^2 / samples) / r) <=
 * relative * mean. At most `most`, which is returned where it does not suffice. */
size_t bench_levels_trials(const struct bench_levels *levels, size_t samples, double relative,
                           double confidence, size_t most);

#endif
