/* SPDX-License-Identifier: MIT */
/*
 * What the analyses of means share: the mean of each trial of each cell, whose code made the
 * calls, and times that stand beside each other in one unit. Main thread; nothing here outlives
 * the run it was made from.
 */
#ifndef BENCH_MEANS_H
#define BENCH_MEANS_H

#include "bench/units.h"
#include "stats/interval.h"
#include "suite/result.h"

/* Of every result of a run: trials that were measured and are not invalid. That a client was busy
 * all the time does not spoil the mean of requests made one after the other: it waits for its own
 * work, too. */
struct bench_means {
    const struct bench_run *run;
    struct bench_trial_value *pool;
    struct bench_trial_values *cells; /* one for each result */
};

/* 0 or -ENOMEM; bench_means_fini in either case. */
int bench_means_init(struct bench_means *means, const struct bench_run *run) BENCH_MUST_CHECK;
void bench_means_fini(struct bench_means *means);
struct bench_interval_term bench_means_term(const struct bench_means *means,
                                            const struct bench_result *result, double weight);

/* Our own code on the shared loop makes the calls. False when a file does not say whose it was. */
bool bench_target_is_own(const struct bench_target_info *target);
/* A program with a library of its own makes the calls. */
bool bench_target_is_foreign(const struct bench_target_info *target);

/* One request after the other on one connection, nothing planned in time. */
bool bench_result_is_alone(const struct bench_result *result);
/* The round-trip time that was put between client and server, seconds; 0 = none, also without the
 * parameter. NaN when it cannot be read. */
double bench_result_rtt(const struct bench_result *result);
/* Alike but for one parameter, which either may lack. */
bool bench_result_alike_but(const struct bench_result *a, const struct bench_result *b,
                            const char *parameter);

/* A unit and decimals in which `seconds` has three significant digits. */
struct bench_scale {
    double factor;
    const char *unit;
    int decimals;
};
struct bench_scale bench_scale_of(double seconds);
/* The number without the unit. */
struct bench_text bench_scale_text(const struct bench_scale *scale, double seconds);

#endif
