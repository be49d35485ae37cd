/* SPDX-License-Identifier: MIT */
/*
 * The planned start times of an open loop. Pure: no clock, no completion ever moves it.
 *
 * Constant arrival: t_k = t0 + k / rate. Poisson: t_k = t0 + the sum of k exponential gaps with
 * mean 1 / rate, from a seeded generator. While the ramp lasts, the rate rises linearly from 0: the
 * expected number of starts by time t is rate * t^2 / (2 * ramp), then rate * (t - ramp / 2).
 */
#ifndef BENCH_SCHEDULE_H
#define BENCH_SCHEDULE_H

#include "suite/driver.h"

struct bench_schedule {
    struct bench_load_model model; /* rate_per_s > 0 */
    int64_t t0_ns;
    uint64_t next;   /* index of the next request */
    uint64_t total;  /* requests after which it ends (the ramp's included); 0 = until end_ns */
    int64_t end_ns;  /* no request is planned later */
    double position; /* expected number of starts so far, for Poisson */
    uint64_t random;
};

/* units: how many requests after the ramp when the model has no duration. */
void bench_schedule_init(struct bench_schedule *schedule, const struct bench_load_model *model,
                         int64_t units, int64_t t0_ns);
/* The planned start of the next request without taking it; INT64_MAX when it has ended. */
int64_t bench_schedule_peek(const struct bench_schedule *schedule);
/* Takes the next request. */
void bench_schedule_take(struct bench_schedule *schedule);

#endif
