/* SPDX-License-Identifier: MIT */
/*
 * Where client and server run. The floor differs five-fold between one core and two, so placement
 * is a factor that is recorded. Main thread.
 */
#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bench/error.h"
#include "core/cpus.h" /* bench_cpus_text */

/* X(ID, name, what it is) */
#define BENCH_PLACEMENTS(X)                                                                        \
    X(FREE, "free", "the scheduler chooses")                                                       \
    X(SAME, "same", "client and server share one core: little noise, no parallel work")            \
    X(SPLIT, "split", "the client on the last core, the server on all others")

enum bench_placement {
#define X(id, name, help) BENCH_PLACEMENT_##id,
    BENCH_PLACEMENTS(X)
#undef X
        BENCH_PLACEMENT_COUNT
};

extern const char *const bench_placement_names[];

struct bench_cpus {
    bool client_given, server_given;
    cpu_set_t client, server;
};

/* "client=0,server=0-1", "server=1,3": cores as taskset -c has them, of those that this process may
 * use. 0; -EINVAL with what was wrong. */
int bench_cpus_parse(const char *text, struct bench_cpus *out, struct bench_error *err)
    BENCH_MUST_CHECK;
/* The sets of a placement. What `given` names wins, and the other side is then where the placement
 * puts it: in the same set, or on all cores besides. -ENOTSUP with the reason where it cannot be
 * had (split on one core). */
int bench_placement_resolve(enum bench_placement placement, const struct bench_cpus *given,
                            struct bench_cpus *out, struct bench_error *err) BENCH_MUST_CHECK;
/* Moves a process, its descendants and all their threads; what they start later inherits it. How
 * many threads those are, or negative as bench_proc_set_cpus. */
int bench_placement_apply(pid_t pid, const cpu_set_t *cpus);

#endif
