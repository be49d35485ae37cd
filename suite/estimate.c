/* SPDX-License-Identifier: MIT */
#include "suite/estimate.h"

#include <math.h>
#include <stdio.h>

#include "bench/units.h"

/* Rough times of one small machine (2 cores), for servers in C and in Python. The budget bounds
 * them, and the progress line corrects them by what the first trials took. */
struct pace {
    double start;      /* starting and stopping a server */
    double connection; /* of `connection` */
    double request;
    double cpu_work;   /* CPU time of one */
    double squared;    /* per byte and byte of one message: slicing what is left of it */
};

static const struct pace native_pace = {0.05, 0.2e-3, 60e-6, 7.7e-3, 0};
static const struct pace python_pace = {0.35, 2e-3, 220e-6, 30e-3, 0.8e-15};

#define SECONDS_OF_IO_WORK 10.4e-3
#define SECONDS_PER_TRIAL 0.004 /* threads, connections, looking at the server */
#define SECONDS_OF_A_POOL 0.7   /* more than python_pace.start: workers have to load */
#define CORES 2

static const struct pace *pace_of(const struct bench_server_row *server)
{
    return server != NULL && server->program != NULL ? &python_pace : &native_pace;
}

/* A unit that moves bulk: its calls and its bytes. */
static double bulk_unit(const struct bench_row *row)
{
    const struct bench_case *what = row->what;
    const struct pace *pace = pace_of(row->target->server);
    double per_byte = fmax(row->target->protocol->bulk_ns_per_byte, 0.5);
    double calls = (double)what->nsteps;
    if (what->stream_chunk > 0)
        calls = fmax(1, (double)what->size / (double)what->stream_chunk);
    double one = (double)what->size / calls;
    double square = per_byte > 1 ? one * one * pace->squared : 0;
    return calls * (pace->request + square) + (double)what->size * per_byte * 1e-9;
}

double bench_estimate_row(const struct bench_row *row)
{
    const struct bench_case *what = row->what;
    const struct pace *pace = pace_of(row->target->server);
    double count = (double)what->units;
    double clients = (double)what->clients;
    double budget = (double)what->budget_ns / 1e9;
    double duration = (double)(what->load.duration_ns + what->load.ramp_ns) / 1e9;
    double cpu = pace->cpu_work * clients / CORES; /* of one request of each */
    double one = bulk_unit(row);
    /* A plain call waits twice. How much of it this protocol needs it alone knows. */
    double request = pace->request * (1 + (double)what->trips / 2);
    if (what->load.duration_ns > 0)
        return duration + SECONDS_PER_TRIAL + (what->bulk ? one : 0);
    if (what->load.rate_per_s > 0)
        return fmin(count * clients / what->load.rate_per_s, budget) + duration + SECONDS_PER_TRIAL;
    if (what->bulk)
        return fmax(one, fmin(count * one, budget + one / 2)) + SECONDS_PER_TRIAL;
    if (what->sample == BENCH_SAMPLE_CONNECTION)
        return fmin(count * pace->connection, budget) + SECONDS_PER_TRIAL;
    if (what->operation == BENCH_OP_CPU_WORK)
        return fmin(count * cpu, budget + cpu) + cpu;
    if (what->operation == BENCH_OP_IO_WORK)
        return fmin(count * SECONDS_OF_IO_WORK, budget) + SECONDS_OF_IO_WORK;
    return fmin((count + (double)what->warmup) * clients * request, budget) + SECONDS_PER_TRIAL;
}

double bench_estimate_start(const struct bench_server_row *server)
{
    if (server == NULL)
        return 0;
    return pace_of(server)->start + (server->label[0] != '\0' ? SECONDS_OF_A_POOL : 0);
}

/* All trials of a group: bulk workloads are cut to their budget from the second one on. */
static double group_seconds(const struct bench_group *group, const struct bench_plan *plan,
                            double repeats)
{
    double bulk[BENCH_WORKLOAD_COUNT] = {0}, longest[BENCH_WORKLOAD_COUNT] = {0};
    double budget = (double)plan->budget_ns / 1e9;
    double total = repeats * bench_estimate_start(group->base->server);
    for (size_t r = 0; r < group->nrows; r++) {
        const struct bench_row *row = &group->rows[r];
        double seconds = row->off ? 0 : bench_estimate_row(row);
        size_t w = row->what->workload->id;
        if (row->what->bulk) {
            bulk[w] += seconds;
            longest[w] = fmax(longest[w], seconds);
        } else {
            total += repeats * seconds;
        }
    }
    for (size_t w = 0; w < BENCH_WORKLOAD_COUNT; w++)
        total += bulk[w] + (repeats - 1) * fmin(bulk[w], budget + longest[w] / 2);
    return total;
}

/* Of all targets that can be measured, whose number is *targets. */
static double all_seconds(const struct bench_rows *rows, int repeats, size_t *targets)
{
    double total = 0;
    *targets = 0;
    for (size_t g = 0; g < rows->ngroups; g++) {
        if (rows->groups[g].off)
            continue;
        ++*targets;
        total += group_seconds(&rows->groups[g], rows->plan, repeats);
    }
    return total;
}

static struct bench_text minutes(double seconds)
{
    struct bench_text text;
    (void)snprintf(text.s, sizeof(text.s), "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    return text;
}

void bench_estimate_announce(const struct bench_rows *rows, const struct bench_precision_rule *rule,
                             struct bench_progress *progress)
{
    size_t targets;
    const double longest = rule->max_ns > 0 ? (double)rule->max_ns / 1e9 : INFINITY;
    const double least = fmin(all_seconds(rows, rule->least, &targets), longest);
    const double most = fmin(all_seconds(rows, rule->most, &targets), longest);
    const char *many = targets == 1 ? "" : "s";
    if (targets == 0 || progress->part != NULL)
        return; /* each has been complained about; somebody else has said it */
    if (rule->wanted > 0)
        (void)fprintf(stderr,
                      "measuring %zu target%s, %d to %d trials each, until every interval is at "
                      "most %.3g %% wide: about %s to %s minutes\n",
                      targets, many, rule->least, rule->most, 100 * rule->wanted, minutes(least).s,
                      minutes(most).s);
    else
        (void)fprintf(stderr, "measuring %zu target%s, %d trial%s each: about %s minutes\n", targets,
                      many, rule->least, rule->least == 1 ? "" : "s", minutes(least).s);
    bench_progress_start(progress, least);
}
