/* SPDX-License-Identifier: MIT */
/*
 * How often the intervals cover the truth, and how often two equal targets are called different, in
 * synthetic experiments: blocks of a trial of A and a trial of B, each a new process whose speed
 * scatters (log-normal), a machine that drifts, and requests of an M/M/1 queue, which depend on
 * each other. Beside it what an analysis of the single requests would say.
 *
 *   bench-coverage [EXPERIMENTS]       prints a Markdown table; exit status 1 when, up to a load of
 * 0.5, an interval covers less than 93 % or more than 97 %, or A against A is called different in
 * more than 5 %
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/tests.h"
#include "stats/verdict.h"

enum { BLOCKS = 8, REQUESTS = 5000, RESAMPLES = 500, SEED = 42 };
#define SERVICE_S    1e-3
#define PROCESSES_CV 0.03 /* between processes */
#define JUDGED_LOAD  0.5  /* up to which the limits hold */
#define JUDGED_DRIFT                                                                               \
    0.03 /* and over an experiment, of both arms alike: more only makes intervals wide */

/* X(ID, heading, is it ours and judged) */
#define COUNTS(X)                                                                                  \
    X(MEAN, "mean", true)                                                                          \
    X(P50, "p50", true)                                                                            \
    X(RATIO, "ratio of p50", true)                                                                 \
    X(P99, "p99", false)                                                                           \
    X(NAIVE_MEAN, "mean, naive", false)                                                            \
    X(NAIVE_P50, "p50, naive", false)

enum count {
#define X(id, heading, judged) COUNT_##id,
    COUNTS(X)
#undef X
        COUNT_ALL
};

struct setting {
    double load, drift;
};

struct arm {
    double mean[BLOCKS], p50[BLOCKS], p99[BLOCKS];
    double *all; /* every request of the experiment */
};

static int compare(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* One process at one time: response times by Lindley's recursion, after a warm-up. */
static void run_trial(gsl_rng *random, const struct setting *setting, int block, struct arm *arm)
{
    double *out = arm->all + (size_t)block * REQUESTS, wait = 0, sum = 0;
    const double drift = 1 + setting->drift * ((double)block / (BLOCKS - 1) - 0.5);
    const double service =
        SERVICE_S * drift *
        gsl_ran_lognormal(random, -PROCESSES_CV * PROCESSES_CV / 2, PROCESSES_CV);
    /* The queue sees a constant load: what differs between processes is how fast they are. */
    const double gap = service / setting->load;
    for (int i = -1000; i < REQUESTS; i++) {
        double own = gsl_ran_exponential(random, service), response = wait + own;
        wait = fmax(0, response - gsl_ran_exponential(random, gap));
        if (i >= 0)
            sum += out[i] = response;
    }
    double sorted[REQUESTS];
    memcpy(sorted, out, sizeof(sorted));
    qsort(sorted, REQUESTS, sizeof(*sorted), compare);
    arm->mean[block] = sum / REQUESTS;
    arm->p50[block] = bench_quantile_sorted(sorted, REQUESTS, 0.5);
    arm->p99[block] = bench_quantile_sorted(sorted, REQUESTS, 0.99);
}

static bool covers(struct bench_bounds bounds, double truth)
{
    return bounds.low <= truth && truth <= bounds.high;
}

/* As if all requests were independent. */
static struct bench_bounds naive_median(double *all)
{
    uint64_t j, k;
    const size_t n = (size_t)BLOCKS * REQUESTS;
    qsort(all, n, sizeof(*all), compare);
    bench_percentile_positions(n, 0.5, 0.95, &j, &k);
    return (struct bench_bounds){all[n / 2], all[j - 1], all[k - 1], 0.95};
}

struct tally {
    int experiments, covered[COUNT_ALL], alarms, naive_alarms;
};

static int judge(const struct arm *a, const struct arm *b, struct bench_effect *effect)
{
    struct bench_trial_value x[BLOCKS], y[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        x[i] = (struct bench_trial_value){i, a->p50[i]};
        y[i] = (struct bench_trial_value){i, b->p50[i]};
    }
    const struct bench_trial_values one = {x, BLOCKS}, two = {y, BLOCKS};
    return bench_effect_of(&one, &two, effect);
}

static int experiment(gsl_rng *random, const struct setting *setting, struct arm *a, struct arm *b,
                      struct tally *t)
{
    const size_t n = (size_t)BLOCKS * REQUESTS;
    const double truth =
        SERVICE_S / (1 - setting->load); /* mean of M/M/1; percentile p: -ln(1 - p) times that */
    const struct bench_verdict_rules rules = BENCH_VERDICT_RULES;
    struct bench_effect effect;
    for (int block = 0; block < BLOCKS; block++) {
        /* A B B A: which comes first alternates; here they are independent in any case. */
        run_trial(random, setting, block, block % 2 == 0 ? a : b);
        run_trial(random, setting, block, block % 2 == 0 ? b : a);
    }
    if (judge(a, b, &effect) < 0)
        return -1;
    enum bench_verdict verdict = bench_effect_judge(&effect, true, &rules);
    t->experiments++;
    t->alarms += verdict == BENCH_VERDICT_FASTER || verdict == BENCH_VERDICT_SLOWER;
    t->naive_alarms += bench_welch(a->all, n, b->all, n).p < 0.05;
    t->covered[COUNT_MEAN] += covers(bench_mean_bounds(a->mean, BLOCKS, 0.95), truth);
    t->covered[COUNT_P50] += covers(bench_mean_bounds(a->p50, BLOCKS, 0.95), truth * log(2));
    t->covered[COUNT_P99] += covers(bench_mean_bounds(a->p99, BLOCKS, 0.95), truth * log(100));
    t->covered[COUNT_RATIO] += covers(effect.ratio, 1);
    t->covered[COUNT_NAIVE_MEAN] += covers(bench_mean_bounds(a->all, n, 0.95), truth);
    t->covered[COUNT_NAIVE_P50] += covers(naive_median(a->all), truth * log(2));
    return 0;
}

/* Prints a row; false: a limit is missed. */
static bool print_row(const struct setting *setting, const struct tally *t)
{
    static const bool judged[] = {
#define X(id, heading, is_judged) is_judged,
        COUNTS(X)
#undef X
    };
    bool good = true;
    const bool limits = setting->load <= JUDGED_LOAD && setting->drift <= JUDGED_DRIFT;
    (void)printf("| %.1f | %.0f %% |", setting->load, 100 * setting->drift);
    for (int c = 0; c < COUNT_ALL; c++) {
        double share = 100.0 * t->covered[c] / t->experiments;
        bool missed = judged[c] && limits && !(share >= 93 && share <= 97);
        (void)printf(" %.1f%s |", share, missed ? " MISSED" : "");
        good &= !missed;
    }
    double alarms = 100.0 * t->alarms / t->experiments;
    bool missed = limits && alarms > 5;
    (void)printf(" %.1f%s | %.1f |\n", alarms, missed ? " MISSED" : "",
                 100.0 * t->naive_alarms / t->experiments);
    return good && !missed;
}

int main(int argc, char **argv)
{
    static const struct setting settings[] = {
        {0.1, JUDGED_DRIFT}, {0.3, JUDGED_DRIFT}, {0.5, 0},           {0.5, JUDGED_DRIFT},
        {0.5, 0.10},         {0.8, JUDGED_DRIFT}, {0.9, JUDGED_DRIFT}};
    const long experiments = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    const size_t n = (size_t)BLOCKS * REQUESTS;
    struct arm a = {.all = calloc(n, sizeof(double))}, b = {.all = calloc(n, sizeof(double))};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    bool good = a.all != NULL && b.all != NULL && random != NULL && experiments > 0;
    (void)printf("| load | drift |");
#define X(id, heading, judged) (void)printf(" %s |", heading);
    COUNTS(X)
#undef X
    (void)printf(" A against A | the same, naive |\n|---|---|");
    for (int c = 0; c < COUNT_ALL + 2; c++)
        (void)printf("---|");
    (void)puts("");
    for (size_t l = 0; good && l < sizeof(settings) / sizeof(settings[0]); l++) {
        struct tally tally = {0};
        gsl_rng_set(random, SEED + l);
        for (long e = 0; good && e < experiments; e++)
            good = experiment(random, &settings[l], &a, &b, &tally) == 0;
        good = good && print_row(&settings[l], &tally);
        (void)fflush(stdout);
    }
    free(a.all);
    free(b.all);
    gsl_rng_free(random);
    return good ? 0 : 1;
}
