/* SPDX-License-Identifier: MIT */
/*
 * May a trial's times be believed? Figures first, then one judgement. Pure but for
 * bench_steal_read. Limits and their reasons: docs/methodology.md, "When a number may be believed".
 */
#ifndef BENCH_VALIDITY_H
#define BENCH_VALIDITY_H

#include "suite/result.h"

/* Client: a worker that runs, or waits for a core, for this share of the load. */
#define BENCH_CLIENT_BUSY_LIMIT 0.8
/* Client, closed loop, several connections a worker: its CPU time per request, taken once for each
 * connection, as a share of the response's p50. Half of it, if the server used less than half of
 * the worker's CPU time; most of it, if the server used less. */
#define BENCH_CLIENT_TURN_HALF 0.5
#define BENCH_CLIENT_TURN_MOST 0.7
/* Client, closed loop: share of the time that connections had a request out, at least. */
#define BENCH_CLIENT_OCCUPANCY_LIMIT 0.7
/* Client: waiting for a core, per request: both of the response's p50 and absolute. */
#define BENCH_CLIENT_WAIT_SHARE 0.1
#define BENCH_CLIENT_WAIT_S 50e-6
/* Client, open loop: taking requests up too late (p99), as a share of the response's p50 and
 * absolute. */
#define BENCH_CLIENT_LATE_SHARE 0.1
#define BENCH_CLIENT_LATE_S 1e-3
/* Invalid: share of the offered requests that were not delivered, beyond what one response holds
 * up at the end. */
#define BENCH_SHORTFALL_LIMIT 0.01
/* Invalid: Little's law. Judged from so many requests on. */
#define BENCH_LITTLE_LIMIT 0.02
#define BENCH_LITTLE_REQUESTS 100
/* Invalid: share of the machine's time that went elsewhere. */
#define BENCH_STEAL_LIMIT 0.1

/* CPU time of the whole machine from /proc/stat, in ticks; all 0 when unknown. */
struct bench_steal {
    unsigned long long stolen, total;
};
void bench_steal_read(struct bench_steal *out);

/* Everything but same_server, from what was recorded and the two readings of the clock. 0 or
 * -ENOMEM. */
int bench_validity_measure(const struct bench_recording *recording, const struct bench_steal *before,
                           const struct bench_steal *after, struct bench_validity *out)
    BENCH_MUST_CHECK;
/* OK, CLIENT_BOUND or INVALID of one trial that has replies; of resources the server's CPU counts,
 * if it is known. judged_by_load: whether the client's load may make it CLIENT_BOUND (see
 * bench_validity_by_load). reason: "" or the limit that was passed with its figures. Steadiness is
 * no part of it: a single trial that drifts is not invalid, a cell where most of them do is
 * (suite/pool.c). */
enum bench_cell_status bench_validity_judge(const struct bench_validity *validity,
                                            const struct bench_recording *recording,
                                            const struct bench_resources *resources,
                                            bool judged_by_load, char *reason, size_t size);

/* The floor and the ruler never are: they are what a client can do. A program that makes the calls
 * is what its row is about, so its own time belongs to what is measured, until calls of several
 * connections wait for each other in one process. */
bool bench_validity_by_load(enum bench_role role, bool is_program,
                            const struct bench_recording *recording);

#endif
