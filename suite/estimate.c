/* SPDX-License-Identifier: MIT */
#include "suite/estimate.h"

#include <math.h>
#include <stdio.h>

/* Rough times on a small machine with Python servers; the budget bounds them, and the progress
 * line corrects them by what the first trials took. */
#define SECONDS_PER_REQUEST 0.5e-3
#define SECONDS_PER_CONNECTION 2e-3
#define SECONDS_OF_CPU_WORK 50e-3
#define SECONDS_OF_IO_WORK 12e-3
#define CORES 2
#define START_NATIVE 0.1
#define START_PYTHON 0.7

double bench_estimate_row(const struct bench_row *row, const struct bench_plan *plan)
{
    const struct bench_workload *w = row->workload;
    double count = (double)bench_workload_count(w, plan);
    double clients = w->concurrent ? (double)plan->clients : 1;
    double budget = (double)plan->budget_ns / 1e9;
    if (w->sample == BENCH_SAMPLE_CONNECTION)
        return fmin(count * SECONDS_PER_CONNECTION, budget);
    if (w->operation == BENCH_OP_CPU_WORK)
        return fmin(count * clients * SECONDS_OF_CPU_WORK / CORES,
                    budget + clients * SECONDS_OF_CPU_WORK) +
               clients * SECONDS_OF_CPU_WORK;
    if (w->operation == BENCH_OP_IO_WORK)
        return fmin(count * SECONDS_OF_IO_WORK, budget) + SECONDS_OF_IO_WORK;
    return fmin((count * clients + (double)plan->warmup) * SECONDS_PER_REQUEST, budget);
}

double bench_estimate_start(const struct bench_server_row *server)
{
    if (server == NULL)
        return 0;
    return server->program == NULL ? START_NATIVE : START_PYTHON;
}

void bench_estimate_announce(const struct bench_rows *rows, struct bench_progress *progress)
{
    double total = 0;
    size_t targets = 0;
    for (size_t g = 0; g < rows->ngroups; g++) {
        const struct bench_group *group = &rows->groups[g];
        if (group->off)
            continue;
        targets++;
        total += bench_estimate_start(group->base->server);
        for (size_t r = 0; r < group->nrows; r++)
            if (!group->rows[r].off)
                total += bench_estimate_row(&group->rows[r], rows->plan);
    }
    if (targets == 0)
        return; /* each has been complained about */
    total *= (double)rows->plan->repeats;
    (void)fprintf(stderr, "measuring %zu target%s, %lld trial%s each: about %d:%02d minutes\n",
                  targets, targets == 1 ? "" : "s", (long long)rows->plan->repeats,
                  rows->plan->repeats == 1 ? "" : "s", (int)total / 60, (int)total % 60);
    bench_progress_start(progress, total);
}
