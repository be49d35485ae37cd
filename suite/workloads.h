/* SPDX-License-Identifier: MIT */
/* The table of workloads (workloads.def). Constant. */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <stdbool.h>

#include "bench/operation.h"

enum bench_workload_id {
#define X(id, ...) BENCH_WORKLOAD_##id,
#include "suite/workloads.def"
#undef X
    BENCH_WORKLOAD_COUNT
};

/* What one sample is. UNIT: all steps of a unit together. */
enum bench_sample { BENCH_SAMPLE_STEP, BENCH_SAMPLE_UNIT, BENCH_SAMPLE_CONNECTION };
enum bench_warm { BENCH_WARM_NONE, BENCH_WARM_ONE, BENCH_WARM_ALL };
enum bench_cases_kind {
    BENCH_CASES_CLIENTS,
    BENCH_CASES_DEPTHS,
    BENCH_CASES_WAYS,
    BENCH_CASES_SIZES,
    BENCH_CASES_FILES,
};
enum bench_ranking { BENCH_RANKING_TIME, BENCH_RANKING_THROUGHPUT };

struct bench_plan;

struct bench_workload {
    enum bench_workload_id id;
    const char *name;
    enum bench_operation_id operation;
    enum bench_sample sample;
    bool concurrent;
    size_t count_offset; /* of an int64_t in struct bench_plan */
    enum bench_warm warm;
    enum bench_ranking ranking;
    enum bench_cases_kind cases;
    const char *summary;
};

const struct bench_workload *bench_workload_get(enum bench_workload_id id);
/* The row with that name, or NULL. */
const struct bench_workload *bench_workload_find(const char *name);
int64_t bench_workload_count(const struct bench_workload *workload, const struct bench_plan *plan);

#endif
