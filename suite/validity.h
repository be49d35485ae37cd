/* SPDX-License-Identifier: MIT */
/*
 * May a trial's times be believed? Figures first, then one judgement. Pure but for
 * bench_steal_read.
 *
 * Limits (docs/methodology.md says where each comes from):
 *   client-bound  busiest worker >= 80 % of the load; run-queue wait per request >= 10 % of the
 *                 response p50 and >= 50 us; open loop: late p99 >= 10 % of the response p50 and
 *                 >= 100 us
 *   invalid       open loop: sent or delivered differ from offered by more than 1 % (and by more
 *                 than the requests that one response p99 holds up); Little's law off by more than
 *                 2 %; the server's process changed; unsteady in the majority of the trials
 * Rows of the floor and of the ruler are never judged by the client's load.
 */
#ifndef BENCH_VALIDITY_H
#define BENCH_VALIDITY_H

#include "suite/result.h"

#define BENCH_CLIENT_BUSY_LIMIT 0.8

/* CPU time of the whole machine from /proc/stat, in ticks. */
struct bench_steal {
    unsigned long long stolen, total;
};
void bench_steal_read(struct bench_steal *out);

/* Everything but same_server, from what was recorded and the two readings of the clock. 0 or
 * -ENOMEM. */
int bench_validity_measure(const struct bench_recording *recording, const struct bench_steal *before,
                           const struct bench_steal *after, struct bench_validity *out)
    BENCH_MUST_CHECK;
/* OK, CLIENT_BOUND or INVALID of one trial that has replies; reason: "" or the limit that was
 * passed with its figures. */
enum bench_cell_status bench_validity_judge(const struct bench_validity *validity,
                                            const struct bench_recording *recording,
                                            enum bench_role role, char *reason, size_t size);

#endif
