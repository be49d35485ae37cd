/* SPDX-License-Identifier: MIT */
/*
 * `run --aa`: each target against itself, in the order and with the analysis of any other run. What
 * differs there is this machine's noise. Main thread.
 */
#ifndef BENCH_AA_H
#define BENCH_AA_H

#include <stdio.h>

#include "stats/verdict.h"
#include "suite/metric.h"

/* One metric of one cell: its second arm against its first. */
struct bench_aa_pair {
    const struct bench_result *cell; /* of the first arm */
    const struct bench_metric *metric;
    struct bench_effect effect;
    enum bench_verdict verdict; /* without a floor, and without regard to the other pairs */
    bool kept; /* goes into the floor: an arm that may be compared, with trials enough */
};

/* All pairs of a run whose plan was doubled: p50, p99 where the trials resolve it, throughput or
 * bandwidth, CPU per request. The caller frees *out. 0 or -ENOMEM. */
int bench_aa_pairs(const struct bench_run *run, struct bench_aa_pair **out,
                   size_t *count) BENCH_MUST_CHECK;

/* Table of the pairs, how many would have been called different, and the floor of this machine,
 * after the pairs were added to what is kept of it (suite/noise.h). Nothing is kept of an interrupted
 * run; that the file cannot be written is said on stderr. 0, -ENOMEM or -EIO. */
int bench_aa_print(FILE *out, const struct bench_run *run) BENCH_MUST_CHECK;

#endif
