/* SPDX-License-Identifier: MIT */
/*
 * What a workload comes down to under a plan: cases, each of which is a result of its own on every
 * target. Pure.
 */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include "suite/plan.h"

enum { BENCH_CASE_PARAMETERS = 10 };

struct bench_case {
    const struct bench_workload *workload;
    enum bench_operation_id operation; /* of every step, unless there is a text */
    const char *text; /* a user's own call; borrowed from the plan; NULL = the operation */
    struct bench_value args[BENCH_OPERATION_PARAMS]; /* of the first step */
    size_t nargs;          /* 0 = the operation's defaults */
    enum bench_reading reading; /* of the records that it answers */
    int64_t trips; /* that some protocol may have to wait for in one sample; for timeouts */
    bool up, bulk;         /* direction; false, false = neither */
    uint64_t size;         /* payload bytes that one sample moves, 0 = none */
    uint64_t piece;        /* bytes of one step (the last one may be shorter); = size in one step */
    uint64_t stream_chunk; /* op->tx.chunk_size; 0 = not streamed */
    size_t nsteps;         /* calls of one unit */
    enum bench_sample sample;
    int clients;
    int inflight; /* requests at once on each of their connections; 0 = 1 */
    int64_t units, warmup;
    int64_t budget_ns; /* its share of --workload-budget */
    int64_t timeout_ns;
    struct bench_load_model load;
    enum bench_placement placement;
    int64_t rtt_ns; /* between client and server, 0 = direct */
    struct {
        const char *name;
        char value[40];
    } parameters[BENCH_CASE_PARAMETERS];
    size_t nparameters;
};

/* All cases of a workload; the caller frees *out. 0 or -ENOMEM. */
int bench_cases_make(const struct bench_plan *plan, const struct bench_workload *workload,
                     struct bench_case **out, size_t *count) BENCH_MUST_CHECK;

#endif
