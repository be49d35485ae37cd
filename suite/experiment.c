/* SPDX-License-Identifier: MIT */
#include "suite/experiment.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "core/proc.h"
#include "suite/blocks.h"
#include "suite/distance.h"
#include "suite/estimate.h"
#include "suite/launcher.h"
#include "suite/trial.h"

/* Streams of random numbers behind those of suite/blocks.c. */
#define STREAM_OF_ROWS UINT64_C(0x3000000000)

void bench_experiment_complain(struct bench_experiment *s, const char *target, const char *reason)
{
    bench_progress_clear(s->watch->progress);
    (void)fprintf(stderr, "rpycbench: %s: %s\n", target, reason);
}

/* Nothing more of this group will be run. */
void bench_experiment_give_up(struct bench_experiment *s, struct bench_group *group, enum bench_cell_status status,
                    const char *reason)
{
    for (size_t r = 0; r < group->nrows; r++)
        if (!group->rows[r].off)
            bench_row_off(&group->rows[r], s->run, status, reason);
    group->off = true;
    bench_experiment_complain(s, group->base->name, reason);
}

static struct bench_trial *new_trial(struct bench_experiment *s, const struct bench_row *row, int block,
                                     int order)
{
    struct bench_result *result = &s->run->results[row->result];
    struct bench_trial *grown =
        realloc(result->trials, (result->ntrials + 1) * sizeof(*result->trials));
    if (grown == NULL)
        return NULL;
    result->trials = grown;
    struct bench_trial *trial = &grown[result->ntrials++];
    *trial = (struct bench_trial){.block = block, .order = order, .resources = {.wall_s = 0}};
    return trial;
}

/* The rows of a group in random order, but those that move bulk behind the others and files last:
 * what they leave in a server's buffers would be counted as the memory of the next one. The caller
 * frees it. */
static size_t *trial_order(const struct bench_experiment *s, const struct bench_group *group,
                           int block, int position)
{
    uint64_t random = bench_random_stream(
        (uint64_t)s->plan->seed, STREAM_OF_ROWS + (uint64_t)block * 1024 + (uint64_t)position);
    size_t *shuffled = calloc(group->nrows + 1, sizeof(*shuffled));
    size_t *order = calloc(group->nrows + 1, sizeof(*order));
    if (shuffled != NULL && order != NULL) {
        size_t n = 0;
        bench_shuffle(&random, shuffled, group->nrows);
        for (int cases = BENCH_CASES_CLIENTS; cases <= BENCH_CASES_FILES; cases++)
            for (size_t i = 0; i < group->nrows; i++)
                if ((int)group->rows[shuffled[i]].what->workload->cases == cases)
                    order[n++] = shuffled[i];
    } else {
        free(order);
        order = NULL;
    }
    free(shuffled);
    return order;
}

static bool has_good_trial(const struct bench_result *result)
{
    for (size_t t = 0; t < result->ntrials; t++)
        if (result->trials[t].status == BENCH_CELL_OK ||
            result->trials[t].status == BENCH_CELL_CLIENT_BOUND)
            return true;
    return false;
}

/* A workload with many cases has used up its time in this trial: cases that were measured in an
 * earlier one are left out. The order differs from trial to trial, so it is not always the same
 * ones. */
static bool out_of_time(const struct bench_experiment *s, const struct bench_row *row,
                        const int64_t *spent_ns)
{
    return row->what->bulk && spent_ns[row->what->workload->id] > s->plan->budget_ns &&
           has_good_trial(&s->run->results[row->result]);
}

static void fail_trial(struct bench_trial *trial, const char *reason)
{
    trial->status = BENCH_CELL_FAILED;
    trial->reason = strdup(reason);
}

/* A program that makes the calls has said that it cannot do this: there is no such cell. */
static void leave_out(struct bench_experiment *s, struct bench_row *row)
{
    struct bench_result *result = &s->run->results[row->result];
    struct bench_trial *last = &result->trials[--result->ntrials];
    bench_row_off(row, s->run, BENCH_CELL_UNAVAILABLE, last->reason);
    bench_trial_clear(last);
}

/* One row on a server that lives, where and as far away as its case says. Returns false if the
 * server died. */
static bool run_row(struct bench_experiment *s, const struct bench_row *row,
                    struct bench_distances *distances, struct bench_launched *server,
                    const struct bench_proc_usage *idle, struct bench_trial *trial)
{
    const struct bench_address *address;
    struct bench_error err = {0};
    if (bench_distances_at(distances, row->what->rtt_ns, s->relay_overhead, &address, &err) < 0) {
        bench_error_prefix(&err, "no relay: ");
        fail_trial(trial, err.msg);
        return true;
    }
    if (s->placed && server != NULL && bench_placement_apply(server->pid, &row->cpus.server) < 0 &&
        !bench_launched_is_dead(server)) {
        fail_trial(trial, "the server could not be moved to its cores");
        return true;
    }
    return bench_trial_run(s->plan, row, address, server, idle, s->watch, trial);
}

/* What the last trial, if it is one of this block, took besides its load. */
static void keep_cost(struct bench_result *result, int block, double seconds)
{
    if (result->ntrials == 0 || result->trials[result->ntrials - 1].block != block)
        return;
    struct bench_trial *last = &result->trials[result->ntrials - 1];
    last->beside_s = fmax(0, seconds - last->resources.wall_s);
}

static void keep_start(struct bench_experiment *s, const struct bench_group *group, int block,
                       double seconds)
{
    for (size_t r = 0; r < group->nrows; r++) {
        struct bench_result *result = &s->run->results[group->rows[r].result];
        if (result->ntrials > 0 && result->trials[result->ntrials - 1].block == block)
            result->trials[result->ntrials - 1].start_s = seconds;
    }
}

/* The workloads of one trial. Returns false if the server died. */
static bool run_rows(struct bench_experiment *s, struct bench_group *group,
                     const struct bench_address *address, struct bench_launched *server,
                     const struct bench_proc_usage *idle, int block, int position)
{
    bool alive = true;
    struct bench_distances distances;
    bench_distances_init(&distances, address);
    int64_t spent_ns[BENCH_WORKLOAD_COUNT] = {0};
    size_t *order = trial_order(s, group, block, position);
    for (size_t i = 0; order != NULL && i < group->nrows && !s->watch->interrupted; i++) {
        struct bench_row *row = &group->rows[order[i]];
        bool skip = row->off || out_of_time(s, row, spent_ns);
        struct bench_trial *trial = skip ? NULL : new_trial(s, row, block, position);
        if (trial == NULL)
            continue;
        bench_progress_step(s->watch->progress, 0, "trial %d of %d: %s %s", block + 1, s->blocks,
                            row->target->name, row->what->workload->name);
        if (!alive) {
            fail_trial(trial, "the server had died in this trial");
            continue;
        }
        int64_t began = bench_now_ns();
        alive = run_row(s, row, &distances, server, idle, trial);
        if (trial->status == BENCH_CELL_UNAVAILABLE)
            leave_out(s, row);
        const int64_t took_ns = bench_now_ns() - began;
        spent_ns[row->what->workload->id] += took_ns;
        keep_cost(&s->run->results[row->result], block, (double)took_ns / 1e9);
        bench_progress_step(s->watch->progress, bench_estimate_row(row), "%s", row->target->name);
    }
    free(order);
    bench_distances_fini(&distances);
    return alive;
}

bool bench_experiment_interrupted(struct bench_experiment *s)
{
    struct bench_watch *watch = s->watch;
    struct pollfd fd = {.fd = watch->signal_fd, .events = POLLIN};
    if (!watch->interrupted && watch->signal_fd >= 0 && poll(&fd, 1, 0) == 1)
        watch->interrupted = true;
    return watch->interrupted;
}

static void died(struct bench_experiment *s, struct bench_group *group, int block, const char *why)
{
    char text[400];
    (void)snprintf(text, sizeof(text),
                   "trial %d of %d: %.300s; its cells are marked, the other targets go on",
                   block + 1, s->blocks, why);
    bench_experiment_complain(s, group->base->name, text);
    for (size_t r = 0; r < group->nrows; r++) {
        struct bench_result *result = &s->run->results[group->rows[r].result];
        for (size_t t = 0; t < result->ntrials; t++) {
            struct bench_trial *trial = &result->trials[t];
            if (trial->block == block && strcmp(trial->reason, "the server died during the load") == 0) {
                free(trial->reason);
                trial->reason = strdup(why);
            }
        }
    }
}

/* Where the server runs from its start, so that it sizes its pools by that; with several
 * placements it is moved before each row. */
static const cpu_set_t *cores_of(const struct bench_experiment *s, const struct bench_group *group)
{
    int placements = 0;
    for (int p = 0; p < BENCH_PLACEMENT_COUNT; p++)
        placements += s->plan->placements[p];
    return s->placed && placements == 1 && group->nrows > 0 ? &group->rows[0].cpus.server : NULL;
}

static const struct bench_certificate *certificate_for(const struct bench_experiment *s,
                                                       const struct bench_target *target)
{
    return target->tls ? &s->certificate : NULL;
}

static void run_server(struct bench_experiment *s, struct bench_group *group, int block, int position)
{
    struct bench_launched server;
    struct bench_error err = {0};
    const struct bench_launch_options options = {.bind = "127.0.0.1",
                                                 .clients = bench_plan_most_clients(s->plan),
                                                 .certificate = certificate_for(s, group->base),
                                                 .cpus = cores_of(s, group),
                                                 .target = group->base,
                                                 .padding = bench_block_padding(
                                                     (uint64_t)s->plan->seed, block,
                                                     (size_t)position)};
    const int64_t began = bench_now_ns();
    bench_progress_step(s->watch->progress, bench_estimate_start(group->base->server), "starting %s",
                        group->base->name);
    if (bench_launch(s->plan, group->base->server, &options, &server, &err) < 0) {
        if (bench_experiment_interrupted(s))
            return;
        char text[320];
        (void)snprintf(text, sizeof(text), "could not be started: %.250s", err.msg);
        bench_experiment_give_up(s, group, BENCH_CELL_FAILED, text);
        return;
    }
    const int64_t ready = bench_now_ns();
    struct bench_proc_usage idle = {.pss_bytes = NAN};
    if (bench_proc_usage(server.pid, 1, &idle) < 0)
        idle.pss_bytes = NAN;
    bool alive = run_rows(s, group, &server.address, &server, &idle, block, position);
    const int64_t stopping = bench_now_ns();
    bool interrupted = bench_experiment_interrupted(s);
    char why[320] = "";
    if (bench_launched_stop(&server, why, sizeof(why)) && !interrupted)
        died(s, group, block, why);
    else if (!alive && !interrupted)
        died(s, group, block, "the server died");
    keep_start(s, group, block, (double)(ready - began + bench_now_ns() - stopping) / 1e9);
}

void bench_experiment_block(struct bench_experiment *s, int block)
{
    struct bench_group *living[BENCH_TARGETS_MAX];
    size_t order[BENCH_TARGETS_MAX], n = 0;
    for (size_t g = 0; g < s->rows.ngroups; g++)
        if (!s->rows.groups[g].off)
            living[n++] = &s->rows.groups[g];
    bench_block_order((uint64_t)s->plan->seed, block, n, order);
    for (size_t i = 0; i < n && !bench_experiment_interrupted(s); i++) {
        struct bench_group *group = living[order[i]];
        if (group->base->server != NULL)
            run_server(s, group, block, (int)i);
        else
            (void)run_rows(s, group, &group->base->address, NULL,
                           &(struct bench_proc_usage){.pss_bytes = NAN}, block, (int)i);
    }
}
