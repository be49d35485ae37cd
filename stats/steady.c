/* SPDX-License-Identifier: MIT */
#include "stats/steady.h"

#include <errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Kwiatkowski et al. 1992, table 1: a level-stationary series is above it once in a hundred. */
#define KPSS_LIMIT 0.739
/* A trend below it is not worth a complaint, however significant many samples make it. */
#define DRIFT_LIMIT 0.05

static bool is_constant(const double *values, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

/* sum over t of e(t) e(t - lag), e the residuals from the mean. */
static double lagged_product(const double *values, size_t n, double mean, size_t lag)
{
    double sum = 0;
    for (size_t t = lag; t < n; t++)
        sum += (values[t] - mean) * (values[t - lag] - mean);
    return sum;
}

double bench_kpss(const double *values, size_t n)
{
    if (n < 3)
        return NAN;
    /* Rounding of the mean would give a constant series residuals that all have one sign. */
    if (is_constant(values, n))
        return 0;
    const double mean = gsl_stats_mean(values, 1, n);
    double partial = 0, partial_squares = 0;
    for (size_t t = 0; t < n; t++) {
        partial += values[t] - mean;
        partial_squares += partial * partial;
    }
    const size_t lags = (size_t)floor(12 * pow((double)n / 100, 0.25));
    double variance = lagged_product(values, n, mean, 0);
    for (size_t k = 1; k <= lags && k < n; k++)
        variance += 2 * (1 - (double)k / ((double)lags + 1)) * lagged_product(values, n, mean, k);
    const double count = (double)n;
    return partial_squares / (count * count) / (variance / count);
}

double bench_slope(const double *values, size_t n)
{
    if (n < 2)
        return NAN;
    const double middle = ((double)n - 1) / 2;
    const double mean = gsl_stats_mean(values, 1, n);
    double xy = 0, xx = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)i - middle;
        xy += x * (values[i] - mean);
        xx += x * x;
    }
    return xy / xx;
}

double bench_median(double *values, size_t n)
{
    if (n == 0)
        return NAN;
    gsl_sort(values, 1, n);
    return gsl_stats_median_from_sorted_data(values, 1, n);
}

int bench_steady_judge(const double *values, size_t n, struct bench_steady *out)
{
    *out = (struct bench_steady){.verdict = BENCH_STEADY_TOO_SHORT, .kpss = NAN, .drift = NAN};
    if (n < BENCH_STEADY_SAMPLES)
        return 0;
    double *sorted = malloc(n * sizeof(*sorted));
    if (sorted == NULL)
        return -ENOMEM;
    memcpy(sorted, values, n * sizeof(*sorted));
    /* Batches that differ by one sample at most, so that none is left over at the end. */
    double medians[BENCH_STEADY_BATCHES];
    for (size_t b = 0; b < BENCH_STEADY_BATCHES; b++) {
        const size_t from = b * n / BENCH_STEADY_BATCHES;
        const size_t to = (b + 1) * n / BENCH_STEADY_BATCHES;
        medians[b] = bench_median(sorted + from, to - from);
    }
    free(sorted);
    const double change = bench_slope(medians, BENCH_STEADY_BATCHES) * BENCH_STEADY_BATCHES;
    out->kpss = bench_kpss(medians, BENCH_STEADY_BATCHES);
    const double level = bench_median(medians, BENCH_STEADY_BATCHES);
    if (level > 0)
        out->drift = change / level;
    out->verdict = out->kpss > KPSS_LIMIT && fabs(out->drift) > DRIFT_LIMIT ? BENCH_STEADY_NO
                                                                            : BENCH_STEADY_YES;
    return 0;
}
