/* SPDX-License-Identifier: MIT */
/*
 * A server with a known answer: `ping` takes as long as an oracle says, whatever the protocol. All
 * connections share one virtual queue, first come first served; a session sleeps until the absolute
 * time at which its request leaves that queue, so the lateness of a timer never delays the next
 * one. What happened to each request is written down on the clock that client and server share, and
 * handed to whoever started the server (suite/selftest.c): the sample path.
 *
 * ORACLE is one of
 *   zero                      answers at once: the floor
 *   fixed=TIME                answers TIME after the request's arrival, no queue
 *   mm1=RATE[,seed=N]         exponential service times with RATE per second on average, one server
 *   md1=RATE                  each service takes 1 / RATE
 *   freeze=AT:FOR             answers at once, but stands still for FOR, AT after the first request
 */
#ifndef BENCH_ORACLE_H
#define BENCH_ORACLE_H

#include <stdbool.h>

#include "bench/error.h"
#include "bench/session.h"

enum bench_oracle_kind {
    BENCH_ORACLE_ZERO,
    BENCH_ORACLE_FIXED,
    BENCH_ORACLE_MM1,
    BENCH_ORACLE_MD1,
    BENCH_ORACLE_FREEZE,
};

struct bench_oracle_spec {
    enum bench_oracle_kind kind;
    int64_t service_ns; /* FIXED, MD1; mean of MM1 */
    uint64_t seed;      /* MM1 */
    int64_t freeze_at_ns, freeze_for_ns;
};

/* 0, or -EINVAL with what would be right. */
int bench_oracle_parse(const char *text, struct bench_oracle_spec *out,
                       struct bench_error *err) BENCH_MUST_CHECK;

/* ---- the queue: pure arithmetic ---- */

struct bench_oracle_queue {
    struct bench_oracle_spec spec;
    uint64_t random;
    int64_t first_ns; /* the first arrival; 0 = none yet */
    int64_t free_ns;  /* when the last request so far leaves the server */
};

void bench_oracle_queue_init(struct bench_oracle_queue *queue,
                             const struct bench_oracle_spec *spec);
/* The service time of the next request. */
int64_t bench_oracle_service(struct bench_oracle_queue *queue);
/* When a request leaves that arrives now and needs so long: Lindley's recursion, departure =
 * max(arrival, departure before) + service, for the queues. Arrivals in order; arrival_ns > 0. */
int64_t bench_oracle_departure(struct bench_oracle_queue *queue, int64_t arrival_ns,
                               int64_t service_ns);

/* ---- the sample path, as it lies in the report ---- */

#define BENCH_ORACLE_MAGIC UINT64_C(0x316c6361726f6872)

struct bench_oracle_record {
    int64_t arrival_ns; /* CLOCK_MONOTONIC */
    int64_t service_ns;
    int64_t due_ns;  /* when it was to leave */
    int64_t left_ns; /* when the reply was handed over; 0 = never */
};

/* The whole report: count of them behind this, as many as fit the file at most. */
struct bench_oracle_report {
    uint64_t magic;
    uint64_t count;   /* requests; more than there is room for: the rest is not recorded */
    int64_t first_ns; /* as in the queue */
};

/* The bytes of a report with room for that many requests. */
size_t bench_oracle_report_size(size_t requests);

/* ---- in the server ---- */

/* Makes this process's `ping` an oracle; before any session, thread or fork. report_fd: a file that
 * can be mapped, whose size says how many requests fit; -1 = none. 0 or negative with err filled.
 */
int bench_oracle_start(const char *text, int report_fd, struct bench_error *err) BENCH_MUST_CHECK;
/* One request: returns when it is to be answered, at once without an oracle. session may be NULL. 0
 * or -ECANCELED. Any thread, and any process forked after bench_oracle_start. */
int bench_oracle_serve(struct bench_session *session);

#endif
