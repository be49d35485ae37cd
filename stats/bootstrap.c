/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

enum { TRIALS_LEAST = 3 };

struct resampling {
    bench_bootstrap_fn statistic;
    void *user;
    size_t n, resamples;
    const size_t *indices; /* or NULL */
    uint64_t seed;
    size_t *positions; /* n of them */
    double *values;    /* of the resamples */
    double whole;      /* the statistic of all trials, once each */
};

static bool are_inside(const struct resampling *r)
{
    for (size_t i = 0; r->indices != NULL && i < r->n * r->resamples; i++)
        if (r->indices[i] >= r->n)
            return false;
    return true;
}

static int resample(struct resampling *r)
{
    (void)gsl_set_error_handler_off();
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random == NULL)
        return -ENOMEM;
    gsl_rng_set(random, (unsigned long)r->seed);
    for (size_t i = 0; i < r->resamples; i++) {
        for (size_t k = 0; k < r->n; k++)
            r->positions[k] = r->indices != NULL
                                  ? r->indices[i * r->n + k]
                                  : (size_t)gsl_rng_uniform_int(random, (unsigned long)r->n);
        r->values[i] = r->statistic(r->positions, r->n, r->user);
    }
    gsl_rng_free(random);
    return 0;
}

/* Each trial left out in turn. */
static double acceleration(struct resampling *r)
{
    double mean = 0, cubes = 0, squares = 0;
    double *left = r->values + r->resamples; /* n more places */
    for (size_t out = 0; out < r->n; out++) {
        for (size_t k = 0, at = 0; k < r->n; k++)
            if (k != out)
                r->positions[at++] = k;
        left[out] = r->statistic(r->positions, r->n - 1, r->user);
        mean += left[out] / (double)r->n;
    }
    for (size_t i = 0; i < r->n; i++) {
        double off = mean - left[i];
        cubes += off * off * off;
        squares += off * off;
    }
    return squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
}

static double level(double z0, double a, double z)
{
    return gsl_cdf_ugaussian_P(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

static void read_interval(struct resampling *r, double confidence, struct bench_bounds *out)
{
    size_t below = 0;
    for (size_t i = 0; i < r->resamples; i++)
        below += r->values[i] < r->whole;
    const double share = (double)below / (double)r->resamples;
    const double z = gsl_cdf_ugaussian_Pinv(0.5 + confidence / 2);
    double low = 0.5 - confidence / 2, high = 0.5 + confidence / 2;
    /* All on one side: nothing to correct by. */
    if (share > 0 && share < 1) {
        double z0 = gsl_cdf_ugaussian_Pinv(share), a = acceleration(r);
        low = level(z0, a, -z);
        high = level(z0, a, z);
    }
    gsl_sort(r->values, 1, r->resamples);
    *out = (struct bench_bounds){r->whole, bench_quantile_sorted(r->values, r->resamples, low),
                                 bench_quantile_sorted(r->values, r->resamples, high), confidence};
}

int bench_bca(bench_bootstrap_fn statistic, void *user, size_t n, const size_t *indices,
              size_t resamples, uint64_t seed, double confidence, struct bench_bounds *out)
{
    struct resampling r = {statistic, user, n, resamples, indices, seed, NULL, NULL, NAN};
    *out = (struct bench_bounds){NAN, NAN, NAN, confidence};
    if (n < TRIALS_LEAST || resamples == 0 || !are_inside(&r))
        return -EINVAL;
    r.positions = calloc(n, sizeof(*r.positions));
    r.values = calloc(resamples + n, sizeof(*r.values));
    int rc = r.positions != NULL && r.values != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        for (size_t k = 0; k < n; k++)
            r.positions[k] = k;
        r.whole = statistic(r.positions, n, user);
        rc = resample(&r);
    }
    if (rc == 0)
        read_interval(&r, confidence, out);
    free(r.positions);
    free(r.values);
    return rc;
}

/* ---- percentiles of merged histograms ---- */

struct merging {
    const struct bench_hist *const *trials;
    struct bench_hist *merged;
    double p;
};

static double percentile_of(const size_t *positions, size_t n, void *user)
{
    struct merging *m = user;
    bench_hist_reset(m->merged);
    for (size_t i = 0; i < n; i++)
        bench_hist_add(m->merged, m->trials[positions[i]]);
    return (double)bench_hist_percentile(m->merged, m->p) / 1e9;
}

int bench_percentile_bounds(const struct bench_hist *const *trials, size_t n, double p,
                            size_t resamples, uint64_t seed, double confidence,
                            struct bench_bounds *out)
{
    struct merging m = {trials, NULL, p};
    int rc = bench_hist_new(&m.merged);
    if (rc == 0)
        rc = bench_bca(percentile_of, &m, n, NULL, resamples, seed, confidence, out);
    bench_hist_free(m.merged);
    return rc;
}
