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
#define SECONDS_PER_TRIAL 0.005
#define SECONDS_PER_BYTE_SQUARED 1.2e-15 /* 16 MiB: 0.35 s */
#define START_NATIVE 0.1
#define START_PYTHON 0.7

/* A unit that moves bulk: its calls and its bytes. Python's rpyc slices what is left of a large
 * frame again and again, which is what the square stands for. */
static double bulk_unit(const struct bench_row *row)
{
    const struct bench_case *what = row->what;
    double per_byte = row->target->protocol->bulk_ns_per_byte;
    bool python = row->target->server != NULL && row->target->server->program != NULL;
    double calls = (double)what->nsteps;
    if (what->stream_chunk > 0)
        calls = (double)what->size / (double)what->stream_chunk;
    double one = (double)what->size / calls;
    double square = python && per_byte > 1 ? one * one * SECONDS_PER_BYTE_SQUARED : 0;
    return calls * (SECONDS_PER_REQUEST + square) +
           (double)what->size * (per_byte > 1 ? per_byte : 1) * 1e-9;
}

double bench_estimate_row(const struct bench_row *row)
{
    const struct bench_case *what = row->what;
    double count = (double)what->units;
    double clients = (double)what->clients;
    double budget = (double)what->budget_ns / 1e9;
    if (what->bulk)
        return fmax(bulk_unit(row), fmin(count * bulk_unit(row), budget)) + SECONDS_PER_TRIAL;
    if (what->sample == BENCH_SAMPLE_CONNECTION)
        return fmin(count * SECONDS_PER_CONNECTION, budget) + SECONDS_PER_TRIAL;
    if (what->operation == BENCH_OP_CPU_WORK)
        return fmin(count * clients * SECONDS_OF_CPU_WORK / CORES,
                    budget + clients * SECONDS_OF_CPU_WORK) +
               clients * SECONDS_OF_CPU_WORK / CORES;
    if (what->operation == BENCH_OP_IO_WORK)
        return fmin(count * SECONDS_OF_IO_WORK, budget) + SECONDS_OF_IO_WORK;
    return fmin((count + (double)what->warmup) * clients * SECONDS_PER_REQUEST, budget) +
           SECONDS_PER_TRIAL;
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
                total += bench_estimate_row(&group->rows[r]);
    }
    total *= (double)rows->plan->repeats;
    (void)fprintf(stderr, "measuring %zu target%s, %lld trial%s each: about %d:%02d minutes\n",
                  targets, targets == 1 ? "" : "s", (long long)rows->plan->repeats,
                  rows->plan->repeats == 1 ? "" : "s", (int)total / 60, (int)total % 60);
    bench_progress_start(progress, total);
}
