/* SPDX-License-Identifier: MIT */
/*
 * Is a load in a steady state? Pure functions over a series in order of time.
 */
#ifndef BENCH_STEADY_H
#define BENCH_STEADY_H

#include <stddef.h>

#include "bench/api.h"

enum bench_steadiness {
    BENCH_STEADY_TOO_SHORT, /* fewer than BENCH_STEADY_SAMPLES: nothing can be said */
    BENCH_STEADY_YES,
    BENCH_STEADY_NO,
};

enum { BENCH_STEADY_SAMPLES = 1000, BENCH_STEADY_BATCHES = 100 };

struct bench_steady {
    enum bench_steadiness verdict;
    double kpss;  /* of the batch medians; NaN when too short */
    double drift; /* least-squares slope times the window over the median of the batch medians */
};

/* Statistic of Kwiatkowski, Phillips, Schmidt and Shin (1992) for a constant level:
 * eta = n^-2 sum S_t^2 / s2(l), S_t partial sums of the residuals from the mean, s2 the long-run
 * variance with Bartlett weights 1 - k / (l + 1) and l = floor(12 (n / 100)^(1/4)). Critical
 * values: 0.347 (10 %), 0.463 (5 %), 0.739 (1 %). NaN for n < 3, 0 for a constant series. */
double bench_kpss(const double *values, size_t n);
/* Slope of the least-squares line over the index 0..n-1; NaN for n < 2. */
double bench_slope(const double *values, size_t n);
/* Sorts the values; NaN for n = 0. */
double bench_median(double *values, size_t n);
/* Medians of `batches` runs of equal length of a series in order of time, then: unsteady when
 * KPSS > 0.739 and abs(slope) * batches > 5 % of their median. Raw latencies would be called
 * unsteady nearly always. 0 or -ENOMEM. */
int bench_steady_judge(const double *values, size_t n, struct bench_steady *out) BENCH_MUST_CHECK;

#endif
