/* SPDX-License-Identifier: MIT */
/*
 * Ladders of clients, read by the universal scalability law (stats/usl.h): how much of the work is
 * done one at a time, and from how many clients on more of them only wait. Main thread; borrows the
 * run.
 */
#ifndef BENCH_SCALING_H
#define BENCH_SCALING_H

#include "stats/usl.h"
#include "suite/report.h"

/* One target on one ladder. */
struct bench_scaling {
    const struct bench_result *first; /* with fewest clients: names target, workload, operation */
    struct bench_usl usl;
    size_t rungs;  /* numbers of clients that the fit rests on */
    size_t points; /* trials of them */
    size_t bound;  /* rungs that were left out because the client was the limit */
    double most;   /* clients of the highest rung */
    bool fitted;
    const char *why; /* not fitted: the reason */
};

struct bench_scalings {
    struct bench_scaling *rows;
    size_t n;
};

/* 0 or -ENOMEM; free with bench_scalings_fini. Targets with fewer than BENCH_USL_POINTS rungs have
 * no row. */
int bench_scalings_init(struct bench_scalings *out, const struct bench_run *run) BENCH_MUST_CHECK;
void bench_scalings_fini(struct bench_scalings *scalings);

/* "more than 12 clients only add waiting (10.2 to 14.1)", "throughput still grows at 64 clients".
 * Returns out. */
char *bench_scaling_sentence(const struct bench_scaling *row, char *out, size_t size);

#endif
