/* SPDX-License-Identifier: MIT */
/*
 * Invented runs whose means are given: for what is computed from means, so that every figure can be
 * checked by hand. Aborts without memory.
 */
#ifndef SUPPORT_FIXTURE_MEANS_H
#define SUPPORT_FIXTURE_MEANS_H

#include "suite/result.h"

/* A target; its name is made of the others. client "": the program's own. */
struct support_means_target {
    const char *protocol, *family, *options, *mode, *server, *client, *library;
    enum bench_role role;
};

#define SUPPORT_MEANS_TRIALS 8

/* A cell. Each trial has two samples, at its mean and as far above as below it. */
struct support_means_cell {
    size_t target;
    const char *workload, *operation;
    const char *parameters;               /* "clients=1,size=100KiB" */
    unsigned trips;                       /* round trips of each request; 0 = not counted */
    double means_us[SUPPORT_MEANS_TRIALS]; /* of the trials in blocks 0, 1, 2 ...; 0 ends them */
    enum bench_cell_status status;
};

/* Without comparisons. */
struct bench_run *support_means_run(const struct support_means_target *targets, size_t ntargets,
                                    const struct support_means_cell *cells, size_t ncells);

/* Two protocols, floor to Python client; ping, echo and a download; three trials. */
struct bench_run *support_means_parts(void);
/* Two protocols at four distances, six trials. */
struct bench_run *support_means_distance(void);
/* Two process models of one server: cells of which each verdict is said, and one far-out trial. What
 * a target shows against itself: SUPPORT_MEANS_NOISE in `io`. */
struct bench_run *support_means_verdicts(void);
#define SUPPORT_MEANS_NOISE 1.04

#endif
