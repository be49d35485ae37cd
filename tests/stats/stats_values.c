/* SPDX-License-Identifier: MIT */
/*
 * Prints what stats/ says about samples, for scripts/stats-check. Standard input, one data set a
 * line: the length of a and its values, the length of b and its values, the number of resamples and
 * their positions in a. Standard output: "NAME VALUE" lines, "end" after each data set.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/estimate.h"
#include "stats/steady.h"
#include "stats/tests.h"

enum { VALUES_MAX = 4096, RESAMPLES_MAX = 4096, CELLS = 5 };

struct data {
    double a[VALUES_MAX], b[VALUES_MAX], sorted[VALUES_MAX], differences[VALUES_MAX];
    size_t na, nb, resamples;
    size_t *indices;
};

static void say(const char *name, double value) { (void)printf("%s %.17g\n", name, value); }

static void say_bounds(const char *name, const struct bench_bounds *bounds)
{
    (void)printf("%s %.17g\n%s.low %.17g\n%s.high %.17g\n", name, bounds->estimate, name,
                 bounds->low, name, bounds->high);
}

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static bool read_count(size_t most, size_t *out) { return scanf("%zu", out) == 1 && *out <= most; }

static bool read_values(double *values, size_t *n)
{
    bool good = read_count(VALUES_MAX, n);
    for (size_t i = 0; good && i < *n; i++)
        good = scanf("%lf", &values[i]) == 1;
    return good;
}

static bool read_data(struct data *d)
{
    bool good = read_values(d->a, &d->na) && read_values(d->b, &d->nb) &&
                read_count(RESAMPLES_MAX, &d->resamples);
    free(d->indices);
    d->indices = good ? calloc(d->resamples * d->na + 1, sizeof(*d->indices)) : NULL;
    for (size_t i = 0; d->indices != NULL && i < d->resamples * d->na; i++)
        if (scanf("%zu", &d->indices[i]) != 1)
            return false;
    return d->indices != NULL;
}

static int one_sample(struct data *d)
{
    double mad, level, corrected, statistic;
    size_t drop;
    uint64_t j, k;
    struct bench_bounds bounds = bench_mean_bounds(d->a, d->na, 0.95);
    memcpy(d->sorted, d->a, d->na * sizeof(*d->a));
    qsort(d->sorted, d->na, sizeof(*d->sorted), compare);
    say("variance", bench_variance(d->a, d->na));
    say_bounds("mean", &bounds);
    say("q10", bench_quantile_sorted(d->sorted, d->na, 0.10));
    say("q99", bench_quantile_sorted(d->sorted, d->na, 0.99));
    bounds = bench_median_bounds(d->sorted, d->na, 0.95);
    say_bounds("median", &bounds);
    say("lag1", bench_lag1(d->a, d->na));
    say("kpss", bench_kpss(d->a, d->na));
    say("slope", bench_slope(d->a, d->na));
    struct bench_portmanteau q = bench_ljung_box(d->a, d->na, 3);
    say("ljung-box", q.q);
    say("ljung-box.p", q.p);
    bench_percentile_positions(d->na * 37, 0.9, 0.95, &j, &k);
    say("positions.low", (double)j);
    say("positions.high", (double)k);
    if (bench_mad(d->a, d->na, &mad) < 0 ||
        bench_anderson_exponential(d->a, d->na, &level, &corrected) < 0)
        return -1;
    say("mad", mad);
    say("anderson", level);
    if (bench_mser5(d->a, d->na, &drop, &statistic)) {
        say("mser", statistic);
        say("mser.drop", (double)drop);
    }
    return 0;
}

static int two_samples(struct data *d)
{
    struct bench_rank_test ranks;
    struct bench_bounds bounds;
    struct bench_t_test t = bench_welch(d->a, d->na, d->b, d->nb);
    say("welch", t.t);
    say("welch.df", t.df);
    say("welch.p", t.p);
    t = bench_pooled_t(d->a, d->na, d->b, d->nb);
    say("pooled", t.t);
    say("pooled.p", t.p);
    say("cliff", bench_cliff_delta(d->a, d->na, d->b, d->nb));
    bounds = bench_ratio_fieller(d->a, d->na, d->b, d->nb, 1.96);
    say_bounds("fieller", &bounds);
    bounds = bench_ratio_delta(d->a, d->na, d->b, d->nb, 1.96);
    say_bounds("delta", &bounds);
    if (bench_mann_whitney(d->a, d->na, d->b, d->nb, &ranks) < 0)
        return -1;
    say("mann-whitney", ranks.statistic);
    say("mann-whitney.ties", ranks.ties);
    say("mann-whitney.p", ranks.p);
    if (bench_shift_bounds(d->a, d->na, d->b, d->nb, 0.95, &bounds) < 0)
        return -1;
    say_bounds("shift", &bounds);
    if (bench_ratio_bounds(d->a, d->na, d->b, d->nb, 0.95, &bounds) < 0)
        return -1;
    say_bounds("ratio", &bounds);
    return 0;
}

static int pairs(struct data *d)
{
    const size_t n = d->na < d->nb ? d->na : d->nb;
    struct bench_rank_test ranks;
    struct bench_correlation correlation;
    struct bench_bounds bounds;
    double p[CELLS], adjusted[CELLS];
    for (size_t i = 0; i < n; i++)
        d->differences[i] = d->b[i] - d->a[i];
    struct bench_t_test t = bench_one_sample_t(d->differences, n);
    say("paired", t.t);
    say("paired.p", t.p);
    if (n <= 16)
        say("sign-flip", bench_sign_flip(d->differences, n, 1, 0));
    if (bench_wilcoxon(d->differences, n, &ranks) < 0 ||
        bench_spearman(d->a, d->b, n, &correlation) < 0 ||
        bench_walsh_bounds(d->differences, n, 0.95, &bounds) < 0)
        return -1;
    say("wilcoxon", ranks.statistic);
    say("wilcoxon.p", ranks.p);
    say("spearman", correlation.rho);
    say("spearman.p", correlation.p);
    say_bounds("walsh", &bounds);
    for (size_t i = 0; i < CELLS; i++)
        p[i] = bench_welch(d->a + i, d->na - i, d->b, d->nb).p;
    if (bench_holm(p, CELLS, adjusted) < 0)
        return -1;
    for (size_t i = 0; i < CELLS; i++)
        (void)printf("holm.%zu %.17g\n", i, adjusted[i]);
    return 0;
}

static int levels(const struct data *d)
{
    const size_t per_trial = 3, trials = d->na / per_trial;
    const struct bench_levels l = bench_levels_of(d->a, trials, per_trial, 0.95);
    say("levels.within", l.within);
    say("levels.between", l.between);
    say("levels.process", l.process);
    say("levels.low", l.mean.low);
    return 0;
}

static double mean_at(const size_t *positions, size_t n, void *user)
{
    const double *values = user;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[positions[i]];
    return sum / (double)n;
}

int main(void)
{
    struct data *d = calloc(1, sizeof(*d));
    int status = d != NULL ? 0 : 1;
    while (status == 0 && read_data(d)) {
        struct bench_bounds bounds;
        if (one_sample(d) < 0 || two_samples(d) < 0 || pairs(d) < 0 || levels(d) < 0 ||
            bench_bca(mean_at, d->a, d->na, d->indices, d->resamples, 0, 0.95, &bounds) < 0)
            status = 1;
        else
            say_bounds("bca", &bounds);
        (void)puts("end");
    }
    if (d != NULL)
        free(d->indices);
    free(d);
    return status;
}
