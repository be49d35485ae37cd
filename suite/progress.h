/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal that says how far a run is and how long it will still take. Nothing in a
 * pipe. Main thread.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <stdbool.h>

#include "bench/api.h"

struct bench_progress {
    bool on;
    double total, done; /* expected seconds of work by the first estimate */
    int64_t started;    /* ns */
    bool drawn;
    /* Of a run that is one of several: what it is, instead of what its steps say. Whoever makes
     * them has said how long they all take. NULL = it stands alone. */
    const char *part;
};

void bench_progress_start(struct bench_progress *p, double estimated_s);
/* work_s: how much of the estimate is behind us. */
void bench_progress_step(struct bench_progress *p, double work_s, const char *format, ...)
    BENCH_PRINTF(3, 4);
/* Another estimate of the whole. */
void bench_progress_expect(struct bench_progress *p, double total_s);
/* Takes the line away, so that something else can be printed. */
void bench_progress_clear(struct bench_progress *p);

#endif
