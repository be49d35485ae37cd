/* SPDX-License-Identifier: MIT */
/* Tests by Student's t and by ranks, and what many of them together say. */
#include "stats/tests.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/estimate.h"
#include "stats/ranks.h"

static double two_sided_t(double t, double df) { return fmin(1, 2 * gsl_cdf_tdist_Q(fabs(t), df)); }

/* difference over its standard error; no variance: certain, unless there is no difference. */
static struct bench_t_test t_test(double difference, double variance, double df)
{
    if (isnan(variance) || isnan(difference))
        return (struct bench_t_test){NAN, NAN, NAN};
    if (!(variance > 0)) {
        bool none = !(fabs(difference) > 0);
        return (struct bench_t_test){none ? 0 : copysign(INFINITY, difference), df, none ? 1 : 0};
    }
    double t = difference / sqrt(variance);
    return (struct bench_t_test){t, df, two_sided_t(t, df)};
}

struct bench_t_test bench_welch(const double *a, size_t na, const double *b, size_t nb)
{
    if (na < 2 || nb < 2)
        return (struct bench_t_test){NAN, NAN, NAN};
    double va = bench_variance(a, na) / (double)na, vb = bench_variance(b, nb) / (double)nb;
    double df = (va + vb) * (va + vb) / (va * va / ((double)na - 1) + vb * vb / ((double)nb - 1));
    return t_test(bench_mean(a, na) - bench_mean(b, nb), va + vb, df);
}

struct bench_t_test bench_pooled_t(const double *a, size_t na, const double *b, size_t nb)
{
    if (na < 2 || nb < 2)
        return (struct bench_t_test){NAN, NAN, NAN};
    double m = (double)na, n = (double)nb, df = m + n - 2;
    double pooled = ((m - 1) * bench_variance(a, na) + (n - 1) * bench_variance(b, nb)) / df;
    return t_test(bench_mean(a, na) - bench_mean(b, nb), pooled * (1 / m + 1 / n), df);
}

struct bench_t_test bench_one_sample_t(const double *values, size_t n)
{
    return t_test(bench_mean(values, n), bench_variance(values, n) / (double)n, (double)n - 1);
}

/* ---- ranks ---- */

/* 2 P(S <= s) by counts of S = 0 .. n - 1, of the nearer tail; s may be between two of them. */
static double two_sided_counts(const double *counts, size_t n, double s)
{
    double all = 0, below = 0, above = 0;
    for (size_t i = 0; i < n; i++) {
        all += counts[i];
        below += (double)i <= s ? counts[i] : 0;
        above += (double)i >= s ? counts[i] : 0;
    }
    return fmin(1, 2 * fmin(below, above) / all);
}

static double two_sided_normal(double off, double deviation)
{
    return fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(0, fabs(off) - 0.5) / deviation));
}

int bench_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
                       struct bench_rank_test *out)
{
    const double m = (double)na, n = (double)nb, all = m + n;
    *out = (struct bench_rank_test){.statistic = NAN, .p = NAN};
    if (na == 0 || nb == 0)
        return 0;
    double *values = malloc((na + nb) * sizeof(*values)),
           *ranks = malloc((na + nb) * sizeof(*ranks));
    double *counts = malloc((na * nb + 1) * sizeof(*counts));
    int rc = values != NULL && ranks != NULL && counts != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        memcpy(values, a, na * sizeof(*a));
        memcpy(values + na, b, nb * sizeof(*b));
        rc = bench_ranks(values, na + nb, ranks, &out->ties);
    }
    if (rc == 0) {
        out->statistic = -m * (m + 1) / 2;
        for (size_t i = 0; i < na; i++)
            out->statistic += ranks[i];
        out->exact = !(out->ties > 0) && na + nb <= BENCH_EXACT_U;
        if (out->exact)
            rc = bench_mann_whitney_counts(na, nb, counts);
    }
    if (rc == 0) {
        double variance = m * n / 12 * (all + 1 - out->ties / (all * (all - 1)));
        out->p = out->exact ? two_sided_counts(counts, na * nb + 1, out->statistic)
                            : two_sided_normal(out->statistic - m * n / 2, sqrt(variance));
        if (!out->exact && !(variance > 0))
            out->p = 1; /* all values are equal */
    }
    free(values);
    free(ranks);
    free(counts);
    return rc;
}

static double cumulated(const double *counts, size_t n, size_t last)
{
    double all = 0, below = 0;
    for (size_t i = 0; i < n; i++) {
        all += counts[i];
        below += i <= last ? counts[i] : 0;
    }
    return below / all;
}

int bench_mann_whitney_cdf(size_t na, size_t nb, size_t u, double *out)
{
    double *counts = malloc((na * nb + 1) * sizeof(*counts));
    int rc = counts != NULL ? bench_mann_whitney_counts(na, nb, counts) : -ENOMEM;
    if (rc == 0)
        *out = cumulated(counts, na * nb + 1, u);
    free(counts);
    return rc;
}

int bench_wilcoxon_cdf(size_t n, size_t w, double *out)
{
    const size_t width = n * (n + 1) / 2 + 1;
    double *counts = malloc(width * sizeof(*counts));
    if (counts == NULL)
        return -ENOMEM;
    bench_wilcoxon_counts(n, counts);
    *out = cumulated(counts, width, w);
    free(counts);
    return 0;
}

/* Of n differences without zeros; sizes: room for them. */
static int signed_ranks(const double *differences, size_t n, double *sizes, double *ranks,
                        struct bench_rank_test *out)
{
    for (size_t i = 0; i < n; i++)
        sizes[i] = fabs(differences[i]);
    int rc = bench_ranks(sizes, n, ranks, &out->ties);
    out->statistic = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        out->statistic += differences[i] > 0 ? ranks[i] : 0;
    out->exact = !(out->ties > 0) && n <= BENCH_EXACT_W;
    return rc;
}

int bench_wilcoxon(const double *differences, size_t n, struct bench_rank_test *out)
{
    *out = (struct bench_rank_test){.statistic = NAN, .p = NAN};
    double *kept = malloc((3 * n + 1) * sizeof(*kept));
    double *counts = malloc((n * (n + 1) / 2 + 1) * sizeof(*counts));
    size_t m = 0;
    int rc = kept != NULL && counts != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (fabs(differences[i]) > 0)
            kept[m++] = differences[i];
    if (rc == 0 && m > 0)
        rc = signed_ranks(kept, m, kept + n, kept + 2 * n, out);
    if (rc == 0 && m > 0) {
        const double k = (double)m;
        if (out->exact)
            bench_wilcoxon_counts(m, counts);
        out->p = out->exact
                     ? two_sided_counts(counts, m * (m + 1) / 2 + 1, out->statistic)
                     : two_sided_normal(out->statistic - k * (k + 1) / 4,
                                        sqrt(k * (k + 1) * (2 * k + 1) / 24 - out->ties / 48));
    }
    free(kept);
    free(counts);
    return rc;
}

/* ---- sign flips ---- */

enum { FLIPS_EXACT = 20, FLIPS_PER_NUMBER = 32 };

static double flipped(const double *differences, size_t n, uint64_t pattern)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += pattern >> i & 1 ? -differences[i] : differences[i];
    return sum;
}

/* Sign patterns whose sum is as large; those of either half are added up once. */
static uint64_t exact_flips(const double *differences, size_t n, double least)
{
    double first[1 << (FLIPS_EXACT / 2)], second[1 << (FLIPS_EXACT / 2)];
    const size_t m = n / 2, k = n - m;
    uint64_t hits = 0;
    for (uint64_t pattern = 0; pattern < UINT64_C(1) << m; pattern++)
        first[pattern] = flipped(differences, m, pattern);
    for (uint64_t pattern = 0; pattern < UINT64_C(1) << k; pattern++)
        second[pattern] = flipped(differences + m, k, pattern);
    for (uint64_t i = 0; i < UINT64_C(1) << m; i++)
        for (uint64_t j = 0; j < UINT64_C(1) << k; j++)
            hits += fabs(first[i] + second[j]) >= least;
    return hits;
}

static double random_flips(const double *differences, size_t n, double least, uint64_t seed,
                           size_t draws)
{
    (void)gsl_set_error_handler_off();
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    uint64_t hits = 0;
    if (random == NULL)
        return NAN;
    gsl_rng_set(random, (unsigned long)seed);
    for (size_t d = 0; d < draws; d++) {
        double sum = 0;
        unsigned long bits = 0;
        for (size_t i = 0; i < n; i++) {
            bits = i % FLIPS_PER_NUMBER == 0 ? gsl_rng_get(random) : bits >> 1;
            sum += bits & 1 ? -differences[i] : differences[i];
        }
        hits += fabs(sum) >= least;
    }
    gsl_rng_free(random);
    return (1 + (double)hits) / (1 + (double)draws);
}

double bench_sign_flip(const double *differences, size_t n, uint64_t seed, size_t draws)
{
    double observed = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        observed += differences[i];
        size += fabs(differences[i]);
    }
    if (n == 0 || isnan(observed))
        return NAN;
    /* Sums of the same numbers in another order differ in their last bits. */
    const double least = fabs(observed) - 1e-12 * size;
    if (n <= FLIPS_EXACT)
        return (double)exact_flips(differences, n, least) / (double)(UINT64_C(1) << n);
    return random_flips(differences, n, least, seed, draws);
}

/* ---- many tests ---- */

int bench_holm(const double *p, size_t n, double *adjusted)
{
    size_t *order = malloc((n > 0 ? n : 1) * sizeof(*order)), m = 0;
    if (order == NULL)
        return -ENOMEM;
    double *known = malloc((n > 0 ? n : 1) * sizeof(*known));
    size_t *place = malloc((n > 0 ? n : 1) * sizeof(*place));
    int rc = known != NULL && place != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        adjusted[i] = NAN;
        if (!isnan(p[i])) {
            known[m] = p[i];
            place[m++] = i;
        }
    }
    if (rc == 0 && m > 0) {
        double least = 0;
        gsl_sort_index(order, known, 1, m);
        for (size_t i = 0; i < m; i++) {
            least = fmax(least, fmin(1, (double)(m - i) * known[order[i]]));
            adjusted[place[order[i]]] = least;
        }
    }
    free(order);
    free(known);
    free(place);
    return rc;
}
