/* SPDX-License-Identifier: MIT */
/*
 * What a worker measured: one path for every sample (driver -> recording -> statistics -> result).
 * One writer each; merged after the workers have ended. The serial form is versioned JSON, so that
 * a program in another language or on another host can deliver the same.
 */
#ifndef BENCH_RECORDING_H
#define BENCH_RECORDING_H

#include "bench/op.h"
#include "stats/hist.h"
#include "stats/trace.h"

#define BENCH_RECORDING_VERSION 1

/* X(ID, key, what the time is) */
#define BENCH_SERIES(X)                                                                            \
    X(RESPONSE, "response", "from the planned start of a request to its complete reply")           \
    X(SERVICE, "service", "from handing the request to the kernel to its complete reply")          \
    X(LAG, "lag", "from the planned start to handing the request to the kernel")                   \
    X(LATE, "late", "from the planned start to the client taking the request up")                  \
    X(CONNECT, "connect", "from starting to connect to the transport being up")                    \
    X(READY, "ready", "from starting to connect to the protocol being able to take a request")     \
    X(FIRST_ANSWER, "first_answer", "from starting to connect to the first complete reply")

enum bench_series_id {
#define X(id, key, help) BENCH_SERIES_##id,
    BENCH_SERIES(X)
#undef X
        BENCH_SERIES_COUNT
};

const char *bench_series_key(enum bench_series_id id);

struct bench_series {
    uint64_t count;
    int64_t min, max;  /* ns; 0 when empty */
    __int128 sum;      /* ns: exact */
    __int128 sum_squares; /* ns^2: exact */
    struct bench_hist *hist; /* NULL until the first sample */
};

struct bench_recording {
    struct bench_series series[BENCH_SERIES_COUNT];
    uint64_t attempted, succeeded;
    uint64_t failures[BENCH_FAILURE_COUNT];
    char first_error[256]; /* the message of the first failure, "" */
    struct bench_op_stat_sum {
        uint64_t operations; /* that the sums are over */
        uint64_t frames_sent, frames_received, round_trips, served, ack_waits;
        uint64_t plain_sent, plain_received, wire_sent, wire_received;
    } stat;
    uint64_t tcp_sent, tcp_received; /* payload bytes as counted by the kernel, during the load */
    int64_t first_start, last_done;  /* ns on the steady clock of the recording's host; 0 = none */
    int64_t cpu_ns;                  /* of the workers' threads during the load */
    uint32_t clients;                /* connections that took part */
    uint32_t workers;                /* threads or processes that drove them */
    int64_t busiest_cpu_ns;          /* of the worker that used most */
    int64_t run_wait_ns; /* that workers were ready to run and did not (schedstat); -1 = unknown */
    uint64_t planned;    /* requests that an open-loop schedule called for; 0 in a closed loop */
    uint64_t sent;       /* of those, handed to a connection before the load was given up */
    int64_t inflight_ns; /* integral over time of the number of requests in flight */
    int64_t present_ns;  /* sum over slots of the time from their connection's first submit to its
                            last reply */
    uint32_t slots; /* requests that may be out at once, of all connections; 0 = one of each */
    int64_t measured_ns; /* how long measuring was meant to last (--duration); 0 = by counts */
    struct bench_trace trace; /* a thin sample in order of time, for steadiness; may be empty */
};

int bench_recording_new(struct bench_recording **out) BENCH_MUST_CHECK;
void bench_recording_free(struct bench_recording *recording);
void bench_recording_reset(struct bench_recording *recording);
/* 0 or -ENOMEM (only the first sample of a series allocates). */
int bench_recording_sample(struct bench_recording *recording, enum bench_series_id id, int64_t ns);
/* Makes room for a series beforehand, so that the measured path allocates nothing. */
int bench_recording_prepare(struct bench_recording *recording, enum bench_series_id id)
    BENCH_MUST_CHECK;
/* Adds the op's stat to the sums. */
void bench_recording_stat(struct bench_recording *recording, const struct bench_op_stat *stat);
/* Counts an attempt and its outcome; message is kept if it is the first failure. */
void bench_recording_outcome(struct bench_recording *recording, enum bench_failure failure,
                             const char *message);
/* bench_hist_settle for every series, and the trace is freed: a recording that is kept, not written
 * any more. */
void bench_recording_settle(struct bench_recording *recording);
/* Adds other to recording. Counts and sums of times add; busiest_cpu_ns and measured_ns are the
 * larger; an unknown run_wait_ns makes the sum unknown; first_start and last_done widen. 0 or
 * -ENOMEM. */
int bench_recording_merge(struct bench_recording *recording, const struct bench_recording *other)
    BENCH_MUST_CHECK;
/* last_done - first_start in seconds; 0 when there is nothing. */
double bench_recording_duration(const struct bench_recording *recording);

/* The serial form: one JSON object {"version": 1, "series": {"response": {"count", "min", "max",
 * "sum" and "sum_squares" as decimal strings in ns, "histogram": packed}}, "attempted",
 * "succeeded", "failures": {kind: n}, "first_error", "stat": {...}, "tcp_sent", "tcp_received",
 * "first_start", "last_done", "cpu_ns", "clients", "workers", "slots", "busiest_cpu_ns", "run_wait_ns",
 * "planned", "sent", "inflight_ns", "present_ns", "measured_ns", "trace": {"stride", "done": [ns
 * since first_start], "response": [ns]}}; empty series and an empty trace are left out. The caller
 * frees *out. 0 or -ENOMEM. */
int bench_recording_write(const struct bench_recording *recording, char **out) BENCH_MUST_CHECK;
/* The reverse; "version", "series", "attempted" and "succeeded" are required, other numbers are 0
 * where they are missing, but for "run_wait_ns", which is then unknown. Figures that contradict each other are refused, too. Hostile text:
 * -EINVAL with what was wrong (wrong version named), nothing leaks. -ENOMEM. */
int bench_recording_read(const char *text, size_t length, struct bench_recording **out,
                         struct bench_error *err) BENCH_MUST_CHECK;

/* A statistic as it is printed everywhere. Seconds. count == 0: everything else is NaN;
 * count == 1: stdev is 0. */
struct bench_statistic {
    uint64_t count;
    double mean, median, stdev, min, max, p90, p95, p99, p999;
};

/* Exact mean and sample standard deviation from the sums, percentiles from the histogram. */
void bench_series_statistic(const struct bench_series *series, struct bench_statistic *out);

#endif
