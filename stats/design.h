/* SPDX-License-Identifier: MIT */
/*
 * From a pilot to the cheapest design of a study: how many trials of how many samples give an
 * interval as narrow as wanted. Everything is relative to the median, so that 0.05 is 5 % of it. Pure
 * functions, any thread.
 */
#ifndef BENCH_DESIGN_H
#define BENCH_DESIGN_H

#include <stdbool.h>

#include "stats/estimate.h"

enum { BENCH_DESIGN_LEAST = 8, BENCH_DESIGN_MOST = 1000 /* trials */ };

struct bench_pilot {
    size_t trials, parts; /* parts of each trial; 0: its course is not known */
    double median;        /* of the trials' figures, in their unit */
    struct bench_levels levels; /* a sample is a part of a trial; relative to the median */
    double samples;       /* requests of a trial */
    double sample_s, trial_s; /* what a sample costs, and a trial besides its samples */
    double least, most;   /* factors by which the samples of a trial may be changed; 1, 1: not */
};

/*
 * figures: one of each trial. values: of `parts` equal parts of each trial in order of time, row by
 * row, so that samples may depend on their neighbours; on any scale; NULL with parts = 0. Fills what
 * is known from these; false with fewer than three trials or a median that is not above 0. The rest
 * is the caller's. Sorts figures.
 */
bool bench_pilot_of(double *figures, const double *values, size_t trials, size_t parts,
                    struct bench_pilot *out);

/*
 * The fewest trials with factor times the samples of the pilot, at least BENCH_DESIGN_LEAST, for which
 * the whole width of the 95 % interval of the mean (Student's t) will be at most `wanted` with a
 * probability of 90 % and a little more. The variance that a study of N trials will show is taken as
 * F(.91; N - 1, pilot trials - 1) S2^2, the upper end of what a pilot of that size allows; with more
 * samples than in the pilot, also as (T2^2 + T1^2 / n) chi2(.95; N - 1) / (N - 1) with the upper end
 * of T2^2 by chi2(.05), whichever is less. 0: BENCH_DESIGN_MOST are not enough.
 */
size_t bench_design_trials(const struct bench_pilot *pilot, double factor, double wanted);

struct bench_design {
    size_t trials;  /* 0: no design of those that were looked at is enough */
    double factor;  /* samples of a trial: that many times the pilot's */
    double seconds; /* that it will cost */
};
double bench_design_seconds(const struct bench_pilot *pilot, size_t trials, double factor);
/* The cheapest over the pilot's range of factors, among them the optimum of Kalibera and Jones
 * (bench_levels_samples). */
struct bench_design bench_design_cheapest(const struct bench_pilot *pilot, double wanted);

#endif
