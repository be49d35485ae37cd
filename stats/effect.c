/* SPDX-License-Identifier: MIT */
/* Two samples: how much, and how often. */
#include <errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "stats/estimate.h"
#include "stats/ranks.h"

int bench_shift_bounds(const double *a, size_t na, const double *b, size_t nb, double confidence,
                       struct bench_bounds *out)
{
    const size_t count = na * nb;
    *out = (struct bench_bounds){NAN, NAN, NAN, NAN};
    if (count == 0)
        return 0;
    double *differences = malloc(count * sizeof(*differences));
    if (differences == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < na; i++)
        for (size_t j = 0; j < nb; j++)
            differences[i * nb + j] = b[j] - a[i];
    gsl_sort(differences, 1, count);
    out->estimate = gsl_stats_median_from_sorted_data(differences, 1, count);
    size_t k = 0;
    double reached = NAN;
    int rc = bench_mann_whitney_rank(na, nb, (1 - confidence) / 2, &k, &reached);
    if (rc == 0 && k > 0)
        *out = (struct bench_bounds){out->estimate, differences[k - 1], differences[count - k],
                                     reached};
    free(differences);
    return rc;
}

/* ln of each; false: one is not positive. */
static bool logarithms(const double *values, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] > 0) || !isfinite(values[i]))
            return false;
        out[i] = log(values[i]);
    }
    return true;
}

static void exponentiate(struct bench_bounds *bounds)
{
    bounds->estimate = exp(bounds->estimate);
    bounds->low = exp(bounds->low);
    bounds->high = exp(bounds->high);
}

int bench_ratio_bounds(const double *a, size_t na, const double *b, size_t nb, double confidence,
                       struct bench_bounds *out)
{
    int rc = 0;
    *out = (struct bench_bounds){NAN, NAN, NAN, NAN};
    double *logs = malloc((na + nb + 1) * sizeof(*logs));
    if (logs == NULL)
        return -ENOMEM;
    if (logarithms(a, na, logs) && logarithms(b, nb, logs + na)) {
        rc = bench_shift_bounds(logs, na, logs + na, nb, confidence, out);
        exponentiate(out);
    }
    free(logs);
    return rc;
}

int bench_paired_ratio_bounds(const double *a, const double *b, size_t n, double confidence,
                              struct bench_bounds *out)
{
    int rc = 0;
    *out = (struct bench_bounds){NAN, NAN, NAN, NAN};
    double *logs = malloc((2 * n + 1) * sizeof(*logs));
    if (logs == NULL)
        return -ENOMEM;
    if (logarithms(a, n, logs) && logarithms(b, n, logs + n)) {
        for (size_t i = 0; i < n; i++)
            logs[i] = logs[n + i] - logs[i];
        rc = bench_walsh_bounds(logs, n, confidence, out);
        exponentiate(out);
    }
    free(logs);
    return rc;
}

struct bench_bounds bench_ratio_fieller(const double *a, size_t na, const double *b, size_t nb,
                                        double quantile)
{
    const double ma = bench_mean(a, na), mb = bench_mean(b, nb), square = quantile * quantile;
    const double below = ma * ma - square * bench_variance(a, na) / (double)na;
    const double above = mb * mb - square * bench_variance(b, nb) / (double)nb;
    const double product = ma * mb, root = sqrt(product * product - below * above);
    if (!(below > 0))
        return (struct bench_bounds){mb / ma, -INFINITY, INFINITY, NAN};
    return (struct bench_bounds){mb / ma, (product - root) / below, (product + root) / below, NAN};
}

struct bench_bounds bench_ratio_delta(const double *a, size_t na, const double *b, size_t nb,
                                      double quantile)
{
    const double ma = bench_mean(a, na), mb = bench_mean(b, nb), ratio = mb / ma;
    const double va = bench_variance(a, na) / (double)na, vb = bench_variance(b, nb) / (double)nb;
    const double half = quantile * sqrt(va / (ma * ma) + vb / (mb * mb));
    return (struct bench_bounds){ratio, ratio * exp(-half), ratio * exp(half), NAN};
}

double bench_cliff_delta(const double *a, size_t na, const double *b, size_t nb)
{
    double balance = 0;
    for (size_t i = 0; i < na; i++)
        for (size_t j = 0; j < nb; j++)
            balance += (a[i] > b[j]) - (a[i] < b[j]);
    return na > 0 && nb > 0 ? balance / ((double)na * (double)nb) : NAN;
}

const char *bench_cliff_word(double delta)
{
    static const struct {
        double below;
        const char *word;
    } words[] = {{0.147, "negligible"}, {0.33, "small"}, {0.474, "medium"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (fabs(delta) < words[i].below)
            return words[i].word;
    return "large";
}
