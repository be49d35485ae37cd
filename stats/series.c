/* SPDX-License-Identifier: MIT */
/* Tests of series: dependence, distribution, warm-up. */
#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/estimate.h"
#include "stats/ranks.h"
#include "stats/tests.h"

int bench_spearman(const double *a, const double *b, size_t n, struct bench_correlation *out)
{
    double ties;
    *out = (struct bench_correlation){NAN, NAN};
    if (n < 3)
        return 0;
    double *ranks = malloc(2 * n * sizeof(*ranks));
    int rc = ranks != NULL ? bench_ranks(a, n, ranks, &ties) : -ENOMEM;
    if (rc == 0)
        rc = bench_ranks(b, n, ranks + n, &ties);
    if (rc == 0) {
        const double df = (double)n - 2;
        out->rho = gsl_stats_correlation(ranks, 1, ranks + n, 1, n);
        double rest = (1 - out->rho) * (1 + out->rho);
        out->p = rest > 0 ? fmin(1, 2 * gsl_cdf_tdist_Q(fabs(out->rho) * sqrt(df / rest), df)) : 0;
        if (isnan(out->rho))
            out->p = NAN; /* one of them is constant */
    }
    free(ranks);
    return rc;
}

struct bench_portmanteau bench_ljung_box(const double *values, size_t n, size_t h)
{
    const double mean = bench_mean(values, n), count = (double)n;
    double squares = 0, sum = 0;
    if (h == 0 || n <= h)
        return (struct bench_portmanteau){NAN, NAN};
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    if (!(squares > 0))
        return (struct bench_portmanteau){NAN, NAN};
    for (size_t k = 1; k <= h; k++) {
        double products = 0;
        for (size_t i = k; i < n; i++)
            products += (values[i] - mean) * (values[i - k] - mean);
        sum += products / squares * (products / squares) / (double)(n - k);
    }
    double q = count * (count + 2) * sum;
    return (struct bench_portmanteau){q, gsl_cdf_chisq_Q(q, (double)h)};
}

int bench_anderson_exponential(const double *values, size_t n, double *a2, double *corrected)
{
    const double mean = bench_mean(values, n), count = (double)n;
    *a2 = *corrected = NAN;
    if (n < 2 || !(mean > 0))
        return 0;
    double *sorted = malloc(n * sizeof(*sorted)), sum = 0;
    if (sorted == NULL)
        return -ENOMEM;
    memcpy(sorted, values, n * sizeof(*sorted));
    gsl_sort(sorted, 1, n);
    /* ln F(x) = ln(1 - exp(-x/m)); ln(1 - F(x)) = -x/m. */
    for (size_t i = 0; i < n; i++)
        sum += (2 * (double)i + 1) * (log(-expm1(-sorted[i] / mean)) - sorted[n - 1 - i] / mean);
    free(sorted);
    *a2 = -count - sum / count;
    *corrected = *a2 * (1 + 0.6 / count);
    return 0;
}

enum { MSER_BATCH = 5, MSER_LEAST = 4 };

static double batch_mean(const double *values, size_t batch)
{
    return bench_mean(&values[batch * MSER_BATCH], MSER_BATCH);
}

bool bench_mser5(const double *values, size_t n, size_t *batches_to_drop, double *statistic)
{
    const size_t batches = n / MSER_BATCH;
    *batches_to_drop = 0;
    *statistic = NAN;
    if (batches < MSER_LEAST)
        return false;
    /* From the end: the batches d .. b - 1 and their squares about their own mean (Welford). */
    double mean = 0, squares = 0;
    for (size_t kept = 1; kept <= batches; kept++) {
        const size_t d = batches - kept;
        double off = batch_mean(values, d) - mean;
        mean += off / (double)kept;
        squares += off * (batch_mean(values, d) - mean);
        double now = squares / ((double)kept * (double)kept);
        if (d <= batches / 2 && !(now > *statistic)) {
            *statistic = now;
            *batches_to_drop = d;
        }
    }
    return 2 * *batches_to_drop < batches;
}
