/* SPDX-License-Identifier: MIT */
#include "suite/workloads.h"

#include <string.h>

#include "suite/plan.h"

static const struct bench_workload workloads[] = {
#define X(w_id, w_name, op, w_sample, many, count, w_warm, rank, w_cases, text)                    \
    {.id = BENCH_WORKLOAD_##w_id,                                                                  \
     .name = (w_name),                                                                             \
     .operation = BENCH_OP_##op,                                                                   \
     .sample = BENCH_SAMPLE_##w_sample,                                                            \
     .concurrent = (many),                                                                         \
     .count_offset = offsetof(struct bench_plan, count),                                           \
     .warm = BENCH_WARM_##w_warm,                                                                  \
     .ranking = BENCH_RANKING_##rank,                                                              \
     .cases = BENCH_CASES_##w_cases,                                                               \
     .summary = (text)},
#include "suite/workloads.def"
#undef X
};

const struct bench_workload *bench_workload_get(enum bench_workload_id id)
{
    return &workloads[id];
}

const struct bench_workload *bench_workload_find(const char *name)
{
    for (size_t i = 0; i < BENCH_WORKLOAD_COUNT; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}

int64_t bench_workload_count(const struct bench_workload *workload, const struct bench_plan *plan)
{
    int64_t count;
    memcpy(&count, (const char *)plan + workload->count_offset, sizeof(count));
    return count;
}
