/* SPDX-License-Identifier: MIT */
/*
 * The figures of a cell by which cells are compared, held against limits and against themselves of
 * yesterday: one table for sentences, `compare` and `gate`. A figure of a trial is one number; it
 * is never averaged over requests of several trials here. Pure functions over results; any thread.
 */
#ifndef BENCH_METRIC_H
#define BENCH_METRIC_H

#include "stats/interval.h"
#include "suite/result.h"

enum bench_metric_unit {
    BENCH_METRIC_IN_SECONDS,
    BENCH_METRIC_IN_RATE, /* per second */
    BENCH_METRIC_IN_BYTES,
    BENCH_METRIC_IN_BYTE_RATE, /* bytes per second */
    BENCH_METRIC_IN_COUNT,
    BENCH_METRIC_IN_SHARE, /* 0..1, shown in % */
};

/* X(ID, key, title, unit, lower is better, exact, order in which a gate prefers it (0 = first)).
 * exact: a number of things that does not scatter; any difference is one. Percentiles and mean are
 * of the series by which the workload is read (response time; `connection`: time to the first
 * answer). */
#define BENCH_METRICS(X)                                                                           \
    X(P50, "p50", "p50", SECONDS, true, false, 2)                                                  \
    X(P90, "p90", "p90", SECONDS, true, false, 3)                                                  \
    X(P95, "p95", "p95", SECONDS, true, false, 3)                                                  \
    X(P99, "p99", "p99", SECONDS, true, false, 3)                                                  \
    X(P999, "p99.9", "p99.9", SECONDS, true, false, 3)                                             \
    X(MEAN, "mean", "mean", SECONDS, true, false, 3)                                               \
    X(THROUGHPUT, "throughput", "throughput", RATE, false, false, 4)                               \
    X(BANDWIDTH, "bandwidth", "bandwidth", BYTE_RATE, false, false, 4)                             \
    X(CPU, "cpu-per-request", "server CPU per request", SECONDS, true, false, 0)                   \
    X(CLIENT_CPU, "client-cpu-per-request", "client CPU per request", SECONDS, true, false, 5)     \
    X(MEMORY, "memory", "server memory under load", BYTES, true, false, 5)                         \
    X(ROUND_TRIPS, "round-trips", "round trips per request", COUNT, true, true, 1)                 \
    X(FRAMES, "frames", "messages per request", COUNT, true, true, 1)                              \
    X(BYTES, "bytes", "bytes per request", BYTES, true, true, 1)                                   \
    X(SUCCESS, "success", "requests that succeeded", SHARE, false, true, 1)

enum bench_metric_id {
#define X(id, key, title, unit, lower, exact, order) BENCH_METRIC_##id,
    BENCH_METRICS(X)
#undef X
        BENCH_METRIC_COUNT
};

struct bench_metric {
    enum bench_metric_id id;
    const char *key, *title;
    enum bench_metric_unit unit;
    bool lower_is_better, exact;
    int order;
};

const struct bench_metric *bench_metric_get(enum bench_metric_id id);
/* By key; NULL. */
const struct bench_metric *bench_metric_find(const char *key, size_t length);

/* "p50,throughput": adds their bits, 1u << enum bench_metric_id. 0 or -EINVAL with those that there
 * are. */
int bench_metric_list(const char *text, unsigned *metrics,
                      struct bench_error *err) BENCH_MUST_CHECK;

/* Of one trial; NaN where it has none (no bytes, unknown CPU). */
double bench_metric_of_trial(const struct bench_metric *metric, const struct bench_result *result,
                             const struct bench_trial *trial);
/* Of the cell: percentiles from the merged histogram, rates from sums. */
double bench_metric_of_result(const struct bench_metric *metric, const struct bench_result *result);
/* The good trials that have the figure, by rising block; `values` has room for result->ntrials.
 * Returns how many. */
size_t bench_metric_values(const struct bench_metric *metric, const struct bench_result *result,
                           struct bench_trial_value *values);

/* "1.2 ms", "3.4 k/s", "12 KiB", "99.9 %". */
struct bench_text bench_metric_text(const struct bench_metric *metric, double value);
/* The reverse: "100ms", "40us", "99.9%", "2", "64KiB", "5000" (per second). 0 or -EINVAL. */
int bench_metric_parse(const struct bench_metric *metric, const char *text, double *out,
                       struct bench_error *err) BENCH_MUST_CHECK;

/* What two cells say about each other by one metric: b against a. paired: both were measured in the
 * same run, block by block. 0 or -ENOMEM. */
struct bench_effect;
int bench_metric_effect(const struct bench_metric *metric, const struct bench_result *a,
                        const struct bench_result *b, bool paired,
                        struct bench_effect *out) BENCH_MUST_CHECK;
/* 95 % interval of the cell's figure over its trials (Student's t; ends NaN below two trials). 0 or
 * -ENOMEM. */
struct bench_bounds;
int bench_metric_bounds(const struct bench_metric *metric, const struct bench_result *result,
                        struct bench_bounds *out) BENCH_MUST_CHECK;

#endif
