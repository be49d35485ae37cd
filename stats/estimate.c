/* SPDX-License-Identifier: MIT */
/* One sample: means, intervals, what is far out. */
#include "stats/estimate.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/ranks.h"

#define FAR_OUT_IQR 3.0
#define FAR_OUT_MAD 10.0

double bench_mean(const double *values, size_t n)
{
    return n > 0 ? gsl_stats_mean(values, 1, n) : NAN;
}

double bench_variance(const double *values, size_t n)
{
    return n > 1 ? gsl_stats_variance(values, 1, n) : NAN;
}

double bench_quantile_sorted(const double *sorted, size_t n, double p)
{
    return n > 0 ? gsl_stats_quantile_from_sorted_data(sorted, 1, n, p) : NAN;
}

int bench_mad(const double *values, size_t n, double *out)
{
    *out = NAN;
    if (n == 0)
        return 0;
    double *work = malloc(n * sizeof(*work));
    if (work == NULL)
        return -ENOMEM;
    *out = gsl_stats_mad(values, 1, n, work);
    free(work);
    return 0;
}

struct bench_bounds bench_mean_bounds(const double *values, size_t n, double confidence)
{
    double mean = bench_mean(values, n), half = NAN;
    if (n > 1)
        half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, (double)n - 1) *
               sqrt(bench_variance(values, n) / (double)n);
    return (struct bench_bounds){mean, mean - half, mean + half, confidence};
}

/* The k-th smallest and largest of n sorted values as an interval; k = 0: none. */
static void bounds_from_rank(const double *sorted, size_t n, size_t k, struct bench_bounds *out)
{
    out->low = k > 0 ? sorted[k - 1] : NAN;
    out->high = k > 0 ? sorted[n - k] : NAN;
    if (k == 0)
        out->confidence = NAN;
}

int bench_walsh_bounds(const double *values, size_t n, double confidence, struct bench_bounds *out)
{
    const size_t count = n * (n + 1) / 2;
    *out = (struct bench_bounds){NAN, NAN, NAN, NAN};
    if (n == 0)
        return 0;
    double *averages = malloc(count * sizeof(*averages));
    if (averages == NULL)
        return -ENOMEM;
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t k = i; k < n; k++)
            averages[at++] = (values[i] + values[k]) / 2;
    gsl_sort(averages, 1, count);
    out->estimate = gsl_stats_median_from_sorted_data(averages, 1, count);
    size_t rank = 0;
    int rc = bench_wilcoxon_rank(n, (1 - confidence) / 2, &rank, &out->confidence);
    if (rc == 0)
        bounds_from_rank(averages, count, rank, out);
    free(averages);
    return rc;
}

struct bench_bounds bench_median_bounds(const double *sorted, size_t n, double confidence)
{
    struct bench_bounds out = {NAN, NAN, NAN, NAN};
    if (n == 0)
        return out;
    out.estimate = gsl_stats_median_from_sorted_data(sorted, 1, n);
    uint64_t j, k;
    bench_percentile_positions(n, 0.5, confidence, &j, &k);
    if (j == 0 || n > UINT_MAX)
        return out;
    out.confidence = 1 - 2 * gsl_cdf_binomial_P((unsigned)j - 1, 0.5, (unsigned)n);
    bounds_from_rank(sorted, n, (size_t)j, &out);
    return out;
}

double bench_lag1(const double *values, size_t n)
{
    double mean = bench_mean(values, n), products = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
        products += i > 0 ? (values[i] - mean) * (values[i - 1] - mean) : 0;
    }
    return squares > 0 ? products / squares : NAN;
}

double bench_effective_count(const double *values, size_t n)
{
    double rho = bench_lag1(values, n), count = (double)n;
    if (isnan(rho))
        return count;
    return fmin(count, fmax(1, count * (1 - rho) / (1 + rho)));
}

long bench_outliers(const double *values, size_t n, bool *outlier)
{
    long found = 0;
    double mad = NAN;
    double *sorted = malloc((n > 0 ? n : 1) * sizeof(*sorted));
    if (sorted == NULL || bench_mad(values, n, &mad) < 0) {
        free(sorted);
        return -ENOMEM;
    }
    if (n > 0)
        memcpy(sorted, values, n * sizeof(*sorted));
    gsl_sort(sorted, 1, n);
    double low = bench_quantile_sorted(sorted, n, 0.25),
           high = bench_quantile_sorted(sorted, n, 0.75);
    double median = bench_quantile_sorted(sorted, n, 0.5), reach = FAR_OUT_IQR * (high - low);
    for (size_t i = 0; i < n; i++) {
        bool beyond = values[i] < low - reach || values[i] > high + reach;
        bool far = mad > 0 && fabs(values[i] - median) / mad > FAR_OUT_MAD;
        outlier[i] = beyond || far;
        found += outlier[i];
    }
    free(sorted);
    return found;
}

/* P(Bin(n, p) <= k), k < n. */
static double binomial(uint64_t k, double p, uint64_t n)
{
    return gsl_cdf_binomial_P((unsigned)k, p, (unsigned)n);
}

void bench_percentile_positions(uint64_t n, double p, double confidence, uint64_t *j, uint64_t *k)
{
    const double tail = (1 - confidence) / 2;
    uint64_t low = 0, high;
    n = n < UINT_MAX ? n : UINT_MAX;
    /* The largest j with P(Bin <= j - 1) <= tail, by halving. */
    for (high = n; low < high;) {
        uint64_t middle = high - (high - low) / 2;
        if (binomial(middle - 1, p, n) <= tail)
            low = middle;
        else
            high = middle - 1;
    }
    *j = low;
    /* The smallest k with P(Bin >= k) <= tail; n + 1 always is. */
    for (low = 1, high = n + 1; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        if (gsl_cdf_binomial_Q((unsigned)(middle - 1), p, (unsigned)n) <= tail)
            high = middle;
        else
            low = middle + 1;
    }
    *k = low;
}
