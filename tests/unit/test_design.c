/* SPDX-License-Identifier: MIT */
/* What a pilot proposes keeps its promise, whatever the trials are made of. */
#include <criterion/criterion.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "stats/design.h"
#include "stats/steady.h"
#include "suite/precision.h"

TestSuite(design, .timeout = 60);

enum { PARTS = 10, TRIALS = 8, SAMPLES = 200, STUDIES = 300 };
#define WANTED 0.05

/* A trial: a process that is faster or slower as a whole, requests that depend on the one before
 * them, with a tail to the right. */
struct world {
    double process; /* standard deviation between processes, relative */
    double within;  /* of single requests */
    double memory;  /* correlation of neighbours */
    double start_s; /* what a trial costs beside requests of 1 ms */
};

static int compare(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

static double median_of(const double *values, size_t n)
{
    double *copy = malloc(n * sizeof(*copy));

    for (size_t i = 0; i < n; i++)
        copy[i] = values[i];
    qsort(copy, n, sizeof(*copy), compare);
    const double median = bench_quantile_sorted(copy, n, 0.5);
    free(copy);
    return median;
}

static void run_trial(gsl_rng *random, const struct world *w, double *out, size_t n)
{
    const double level = exp(gsl_ran_gaussian(random, w->process));
    double state = gsl_ran_gaussian(random, 1);

    for (size_t i = 0; i < n; i++) {
        state = w->memory * state + sqrt(1 - w->memory * w->memory) * gsl_ran_gaussian(random, 1);
        out[i] = level * exp(w->within * state);
    }
}

static struct bench_pilot run_pilot(gsl_rng *random, const struct world *w)
{
    double trial[SAMPLES], figures[TRIALS], parts[TRIALS * PARTS];
    struct bench_pilot pilot;

    for (size_t t = 0; t < TRIALS; t++) {
        run_trial(random, w, trial, SAMPLES);
        figures[t] = median_of(trial, SAMPLES);
        for (size_t p = 0; p < PARTS; p++)
            parts[t * PARTS + p] = median_of(trial + p * (SAMPLES / PARTS), SAMPLES / PARTS);
    }
    cr_assert(bench_pilot_of(figures, parts, TRIALS, PARTS, &pilot));
    pilot.samples = SAMPLES;
    pilot.sample_s = 1e-3;
    pilot.trial_s = w->start_s;
    pilot.least = 0.25;
    pilot.most = 16;
    return pilot;
}

static double run_study(gsl_rng *random, const struct world *w, const struct bench_design *design)
{
    const size_t n = (size_t)ceil(design->factor * SAMPLES);
    double *trial = malloc(n * sizeof(*trial)), figures[BENCH_DESIGN_MOST];

    for (size_t t = 0; t < design->trials; t++) {
        run_trial(random, w, trial, n);
        figures[t] = median_of(trial, n);
    }
    free(trial);
    return bench_precision_width(figures, design->trials);
}

static double share_kept(const struct world *w, unsigned long seed, double *trials)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    int kept = 0;

    gsl_rng_set(random, seed);
    *trials = 0;
    for (int i = 0; i < STUDIES; i++) {
        const struct bench_pilot pilot = run_pilot(random, w);
        const struct bench_design design = bench_design_cheapest(&pilot, WANTED);

        cr_assert_gt(design.trials, 0);
        kept += run_study(random, w, &design) <= WANTED;
        *trials += (double)design.trials / STUDIES;
    }
    gsl_rng_free(random);
    return (double)kept / STUDIES;
}

Test(design, the_promised_width_is_reached_in_nine_studies_of_ten)
{
    static const struct world worlds[] = {
        {0.03, 0.10, 0.0, 0.3},   /* processes differ, requests do not matter */
        {0.03, 0.30, 0.5, 0.3},   /* both, and neighbours are alike */
        {0.005, 0.40, 0.5, 0.05}, /* requests scatter, in waves */
        {0.0, 0.50, 0.0, 2.0},    /* no difference between processes; starts are dear */
        {0.02, 0.40, 0.5, 2.0},
        {0.06, 0.20, 0.3, 0.05},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(worlds); i++) {
        double trials;
        const double kept = share_kept(&worlds[i], 42 + i, &trials);

        cr_expect_geq(kept, 0.90, "world %zu: %.1f %% kept, %.1f trials on average", i, 100 * kept,
                      trials);
    }
}

Test(design, is_the_cheapest_of_those_that_suffice)
{
    /* Eight trials would not tell how little processes differ: forty do. */
    struct bench_pilot pilot = {.trials = 40,
                                .parts = 10,
                                .median = 1,
                                .levels = {.within = 0.04, .between = 0.005, .process = 0.001},
                                .samples = 100,
                                .sample_s = 1e-4,
                                .trial_s = 1,
                                .least = 0.25,
                                .most = 16};
    const struct bench_design best = bench_design_cheapest(&pilot, WANTED);
    cr_assert_gt(best.trials, 0);
    cr_expect_gt(best.factor, 1, "starts are dear, requests cheap");
    for (double factor = 0.25; factor <= 16; factor *= 2) {
        const size_t trials = bench_design_trials(&pilot, factor, WANTED);
        if (trials > 0)
            cr_expect_geq(bench_design_seconds(&pilot, trials, factor), best.seconds - 1e-9);
    }
    /* Without knowing the course of a trial its length is left alone. */
    pilot.parts = 0;
    cr_expect_eq(bench_design_cheapest(&pilot, WANTED).factor, 1);
}

Test(design, says_when_no_number_of_trials_is_enough)
{
    const struct bench_pilot pilot = {
        .trials = 4, .median = 1, .levels = {.between = 25, .process = 25}, .least = 1, .most = 1};
    cr_expect_eq(bench_design_trials(&pilot, 1, WANTED), 0);
    cr_expect_eq(bench_design_cheapest(&pilot, WANTED).trials, 0);
}

Test(design, pilots_that_say_nothing)
{
    double two[] = {1, 1.1}, negative[] = {-1, -1, -2}, three[] = {1, 1, 1};
    struct bench_pilot pilot;
    cr_expect_not(bench_pilot_of(two, NULL, 2, 0, &pilot));
    cr_expect_not(bench_pilot_of(negative, NULL, 3, 0, &pilot));
    cr_assert(bench_pilot_of(three, NULL, 3, 0, &pilot));
    cr_expect_eq(bench_design_trials(&pilot, 1, WANTED), BENCH_DESIGN_LEAST);
}
