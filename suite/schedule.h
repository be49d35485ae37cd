/* SPDX-License-Identifier: MIT */
/*
 * The planned start times of an open loop. Pure: no clock, no completion ever moves it.
 *
 * Constant arrival: t_k = t0 + k / rate. Poisson: t_k = t0 + the sum of k + 1 exponential gaps with
 * mean 1 / rate, from a seeded generator. While the ramp lasts, the rate rises linearly from 0: the
 * expected number of starts by time t is rate * t^2 / (2 * ramp), then rate * (t - ramp / 2).
 *
 * Several workers share one schedule without talking to each other. Constant: worker w of W takes
 * the requests w, w + W, w + 2 W, ... Poisson: W independent streams of rate / W, each with a seed
 * of its own, are together one stream of the whole rate.
 *
 * A schedule is a plain value: a copy of it goes on by itself over the same requests.
 */
#ifndef BENCH_SCHEDULE_H
#define BENCH_SCHEDULE_H

#include "suite/driver.h"

/* Members are the schedule's own; read `at_ns` with bench_schedule_peek. */
struct bench_schedule {
    double rate_per_s; /* of this worker's stream when Poisson, else of all workers */
    bool poisson;
    int64_t t0_ns, ramp_ns;
    int64_t end_ns;  /* no request is planned at or after this */
    uint64_t index;  /* of the next request, among those of all workers when constant */
    uint64_t stride; /* between two indices of this worker */
    uint64_t end;    /* no index at or after this; UINT64_MAX = by end_ns only */
    uint64_t left;   /* Poisson: requests after the ramp still to come; UINT64_MAX = no limit */
    double position; /* Poisson: expected number of starts before the next request */
    uint64_t random;
    int64_t at_ns;
};

/* The part of worker (0-based) of workers. units: requests of all workers together after the ramp
 * when the model has no duration. budget_ns: no request is planned later than this after the ramp,
 * 0 = no such limit. */
void bench_schedule_init(struct bench_schedule *schedule, const struct bench_load_model *model,
                         uint64_t units, int64_t budget_ns, int64_t t0_ns, int worker, int workers);

/* The planned start of the next request without taking it; INT64_MAX when it has ended. */
static inline int64_t bench_schedule_peek(const struct bench_schedule *schedule)
{
    return schedule->at_ns;
}

/* Takes the next request; not after the end. */
void bench_schedule_take(struct bench_schedule *schedule);
/* Whether the schedule was ended by its budget with requests left over. Valid at its end. */
bool bench_schedule_was_cut(const struct bench_schedule *schedule);

#endif
