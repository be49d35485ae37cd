/* SPDX-License-Identifier: MIT */
#include "suite/orchestrator.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "core/proc.h"
#include "suite/distance.h"
#include "suite/estimate.h"
#include "suite/foreign.h"
#include "suite/headroom.h"
#include "suite/launcher.h"
#include "suite/pool.h"
#include "suite/rows.h"
#include "suite/sysinfo.h"
#include "suite/trial.h"

struct session {
    const struct bench_plan *plan;
    bool placed;             /* a placement confines servers to some cores */
    int64_t relay_overhead;  /* ns that a relay itself adds to a round trip */
    struct bench_watch *watch;
    struct bench_run *run;
    struct bench_rows rows;
    struct bench_certificate certificate; /* of servers with TLS; made if there is one */
    uint64_t random;
};

/* splitmix64 (Steele, Lea and Flood 2014): good enough to shuffle, the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(uint64_t *random, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(next_random(random) % i);
        size_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

static void complain(struct session *s, const char *target, const char *reason)
{
    bench_progress_clear(s->watch->progress);
    (void)fprintf(stderr, "rpycbench: %s: %s\n", target, reason);
}

/* Nothing more of this group will be run. */
static void give_up(struct session *s, struct bench_group *group, enum bench_cell_status status,
                    const char *reason)
{
    for (size_t r = 0; r < group->nrows; r++)
        if (!group->rows[r].off)
            bench_row_off(&group->rows[r], s->run, status, reason);
    group->off = true;
    complain(s, group->base->name, reason);
}

/* Rows that would need more than the machine has are left out; the first is complained about. */
static void check_headroom(struct session *s, struct bench_group *group)
{
    bool said = false;
    for (size_t r = 0; r < group->nrows; r++) {
        struct bench_row *row = &group->rows[r];
        struct bench_cell cell;
        struct bench_error err = {0};
        bench_row_cell(s->plan, row, NULL, &cell);
        if (row->off || bench_headroom_check(row->target->protocol, group->base->server,
                                             cell.clients,
                                             cell.client == NULL ? 0 : cell.client_processes,
                                             &err) == 0)
            continue;
        bench_row_off(row, s->run, BENCH_CELL_UNAVAILABLE, err.msg);
        if (!said)
            complain(s, row->target->name, err.msg);
        said = true;
    }
}

static void check_group(struct session *s, struct bench_group *group)
{
    const struct bench_protocol *p = group->base->protocol;
    const char *why = p->unavailable == NULL ? NULL : p->unavailable();
    struct bench_error err = {0};
    if (why != NULL) {
        give_up(s, group, BENCH_CELL_UNAVAILABLE, why);
        return;
    }
    const char *versions;
    if (group->base->client != NULL &&
        bench_client_check(group->base->client, &versions, &err) < 0) {
        give_up(s, group, BENCH_CELL_FAILED, err.msg);
        return;
    }
    if (group->base->server != NULL) {
        if (bench_server_check(group->base->server, &versions, &err) < 0)
            give_up(s, group, BENCH_CELL_FAILED, err.msg);
        else
            check_headroom(s, group);
    } else if (group->base->is_url && bench_foreign_check(group, s->plan, s->run, &err) < 0) {
        give_up(s, group, BENCH_CELL_FAILED, err.msg);
    }
}

static struct bench_trial *new_trial(struct session *s, const struct bench_row *row, int block,
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
static size_t *trial_order(struct session *s, const struct bench_group *group)
{
    size_t *shuffled = calloc(group->nrows + 1, sizeof(*shuffled));
    size_t *order = calloc(group->nrows + 1, sizeof(*order));
    if (shuffled != NULL && order != NULL) {
        size_t n = 0;
        shuffle(&s->random, shuffled, group->nrows);
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
static bool out_of_time(const struct session *s, const struct bench_row *row,
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
static void leave_out(struct session *s, struct bench_row *row)
{
    struct bench_result *result = &s->run->results[row->result];
    struct bench_trial *last = &result->trials[--result->ntrials];
    bench_row_off(row, s->run, BENCH_CELL_UNAVAILABLE, last->reason);
    bench_trial_clear(last);
}

/* One row on a server that lives, where and as far away as its case says. Returns false if the
 * server died. */
static bool run_row(struct session *s, const struct bench_row *row,
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

/* The workloads of one trial. Returns false if the server died. */
static bool run_rows(struct session *s, struct bench_group *group,
                     const struct bench_address *address, struct bench_launched *server,
                     const struct bench_proc_usage *idle, int block, int position)
{
    bool alive = true;
    struct bench_distances distances;
    bench_distances_init(&distances, address);
    int64_t spent_ns[BENCH_WORKLOAD_COUNT] = {0};
    size_t *order = trial_order(s, group);
    for (size_t i = 0; order != NULL && i < group->nrows && !s->watch->interrupted; i++) {
        struct bench_row *row = &group->rows[order[i]];
        bool skip = row->off || out_of_time(s, row, spent_ns);
        struct bench_trial *trial = skip ? NULL : new_trial(s, row, block, position);
        if (trial == NULL)
            continue;
        bench_progress_step(s->watch->progress, 0, "trial %d of %lld: %s %s", block + 1,
                            (long long)s->plan->repeats, row->target->name,
                            row->what->workload->name);
        if (!alive) {
            fail_trial(trial, "the server had died in this trial");
            continue;
        }
        int64_t began = bench_now_ns();
        alive = run_row(s, row, &distances, server, idle, trial);
        if (trial->status == BENCH_CELL_UNAVAILABLE)
            leave_out(s, row);
        spent_ns[row->what->workload->id] += bench_now_ns() - began;
        bench_progress_step(s->watch->progress, bench_estimate_row(row), "%s", row->target->name);
    }
    free(order);
    bench_distances_fini(&distances);
    return alive;
}

static bool signal_pending(struct bench_watch *watch)
{
    struct pollfd fd = {.fd = watch->signal_fd, .events = POLLIN};
    if (!watch->interrupted && watch->signal_fd >= 0 && poll(&fd, 1, 0) == 1)
        watch->interrupted = true;
    return watch->interrupted;
}

static void died(struct session *s, struct bench_group *group, int block, const char *why)
{
    char text[400];
    (void)snprintf(text, sizeof(text),
                   "trial %d of %lld: %.300s; its cells are marked, the other targets go on",
                   block + 1, (long long)s->plan->repeats, why);
    complain(s, group->base->name, text);
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
static const cpu_set_t *cores_of(const struct session *s, const struct bench_group *group)
{
    int placements = 0;
    for (int p = 0; p < BENCH_PLACEMENT_COUNT; p++)
        placements += s->plan->placements[p];
    return s->placed && placements == 1 && group->nrows > 0 ? &group->rows[0].cpus.server : NULL;
}

static const struct bench_certificate *certificate_for(const struct session *s,
                                                       const struct bench_target *target)
{
    return target->tls ? &s->certificate : NULL;
}

static void run_server(struct session *s, struct bench_group *group, int block, int position)
{
    struct bench_launched server;
    struct bench_error err = {0};
    const struct bench_launch_options options = {.bind = "127.0.0.1",
                                                 .clients = bench_plan_most_clients(s->plan),
                                                 .certificate = certificate_for(s, group->base),
                                                 .cpus = cores_of(s, group),
                                                 .target = group->base};
    bench_progress_step(s->watch->progress, bench_estimate_start(group->base->server), "starting %s",
                        group->base->name);
    if (bench_launch(s->plan, group->base->server, &options, &server, &err) < 0) {
        if (signal_pending(s->watch))
            return;
        char text[320];
        (void)snprintf(text, sizeof(text), "could not be started: %.250s", err.msg);
        give_up(s, group, BENCH_CELL_FAILED, text);
        return;
    }
    struct bench_proc_usage idle = {.pss_bytes = NAN};
    if (bench_proc_usage(server.pid, 1, &idle) < 0)
        idle.pss_bytes = NAN;
    bool alive = run_rows(s, group, &server.address, &server, &idle, block, position);
    bool interrupted = signal_pending(s->watch);
    char why[320] = "";
    if (bench_launched_stop(&server, why, sizeof(why)) && !interrupted)
        died(s, group, block, why);
    else if (!alive && !interrupted)
        died(s, group, block, "the server died");
}

static void run_block(struct session *s, int block)
{
    size_t order[BENCH_TARGETS_MAX];
    shuffle(&s->random, order, s->rows.ngroups);
    for (size_t i = 0; i < s->rows.ngroups && !signal_pending(s->watch); i++) {
        struct bench_group *group = &s->rows.groups[order[i]];
        if (group->off)
            continue;
        if (group->base->server != NULL)
            run_server(s, group, block, (int)i);
        else
            (void)run_rows(s, group, &group->base->address, NULL,
                           &(struct bench_proc_usage){.pss_bytes = NAN}, block, (int)i);
    }
}

static int global_init(const struct bench_plan *plan, struct bench_error *err)
{
    for (size_t t = 0; t < plan->ntargets; t++) {
        const struct bench_protocol *p = plan->targets[t].protocol;
        bool seen = p->global_init == NULL;
        for (size_t k = 0; k < t && !seen; k++)
            seen = plan->targets[k].protocol == p;
        int rc = seen ? 0 : p->global_init(err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static double wall_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool anything_far(const struct bench_plan *plan)
{
    for (size_t i = 0; i < plan->rtts.n; i++)
        if (plan->rtts.values[i] > 0)
            return true;
    return false;
}

static bool any_server_with_tls(const struct bench_plan *plan)
{
    for (size_t i = 0; i < plan->ntargets; i++)
        if (plan->targets[i].server != NULL && plan->targets[i].tls)
            return true;
    return false;
}

static int prepare(struct session *s, struct bench_error *err)
{
    const bool *chosen = s->plan->placements;
    s->placed = chosen[BENCH_PLACEMENT_SAME] || chosen[BENCH_PLACEMENT_SPLIT] ||
                s->plan->cpus.server_given;
    int rc = bench_payload_init(s->plan->payload, (uint64_t)s->plan->seed, err);
    if (rc == 0)
        rc = global_init(s->plan, err);
    if (rc == 0)
        rc = bench_rows_init(&s->rows, s->plan, s->run, err);
    if (rc == 0)
        rc = bench_sysinfo_begin(s->run);
    if (rc == 0 && anything_far(s->plan))
        rc = bench_distance_calibrate(&s->relay_overhead, err);
    if (rc == 0 && any_server_with_tls(s->plan))
        rc = bench_certificate_make(NULL, &s->certificate, err);
    return rc;
}

/* What the protocols know about their cells. */
static int add_remarks(struct session *s)
{
    for (size_t g = 0; g < s->rows.ngroups; g++) {
        const struct bench_group *group = &s->rows.groups[g];
        for (size_t r = 0; r < group->nrows; r++) {
            const struct bench_row *row = &group->rows[r];
            const struct bench_protocol *p = row->target->protocol;
            struct bench_result *result = &s->run->results[row->result];
            if (p->remark == NULL || result->pooled == NULL || !row->what->bulk)
                continue;
            struct bench_statistic statistic;
            bench_series_statistic(&result->pooled->series[BENCH_SERIES_RESPONSE], &statistic);
            const char *text = p->remark(row->target->options,
                                         bench_operation_get(row->what->operation),
                                         row->what->piece, statistic.median);
            if (text != NULL && (result->remark = strdup(text)) == NULL)
                return -ENOMEM;
        }
    }
    return 0;
}

int bench_orchestrate(const struct bench_plan *plan, struct bench_watch *watch,
                      struct bench_run **out, struct bench_error *err)
{
    struct session s = {.plan = plan, .watch = watch, .random = (uint64_t)plan->seed};
    s.run = bench_run_new();
    if (s.run == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = prepare(&s, err);
    if (rc < 0) {
        bench_rows_fini(&s.rows);
        bench_run_free(s.run);
        return rc;
    }
    s.run->started = wall_clock();
    (void)bench_proc_become_subreaper();
    for (size_t g = 0; g < s.rows.ngroups && !signal_pending(watch); g++)
        check_group(&s, &s.rows.groups[g]);
    bench_estimate_announce(&s.rows, watch->progress);
    for (int block = 0; block < (int)plan->repeats && !signal_pending(watch); block++)
        run_block(&s, block);
    bench_certificate_remove(&s.certificate);
    bench_progress_clear(watch->progress);
    s.run->duration = wall_clock() - s.run->started;
    s.run->interrupted = watch->interrupted;
    for (size_t r = 0; rc == 0 && r < s.run->nresults; r++)
        rc = bench_pool_result(&s.run->results[r], (int)plan->repeats);
    if (rc == 0)
        rc = add_remarks(&s);
    if (rc == 0)
        rc = bench_sysinfo_collect(plan, s.run);
    if (rc == 0)
        rc = bench_report_conclude(s.run);
    bench_rows_fini(&s.rows);
    if (rc < 0) {
        bench_run_free(s.run);
        return bench_fail(err, rc, "out of memory");
    }
    *out = s.run;
    return 0;
}

/* Has a cell to be trusted, or nothing that could have been one. */
static bool workload_is_fine(const struct bench_run *run, const char *workload, bool all_asked_for)
{
    bool valid = false, possible = all_asked_for;
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *result = &run->results[r];
        if (strcmp(result->workload, workload) != 0)
            continue;
        valid |= result->status == BENCH_CELL_OK || result->status == BENCH_CELL_CLIENT_BOUND;
        possible |= result->status != BENCH_CELL_UNAVAILABLE;
    }
    return valid || !possible;
}

int bench_run_exit_status(const struct bench_run *run, bool all_asked_for)
{
    bool failed = false, measured = false, distrust = false;
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *result = &run->results[r];
        failed |= result->status == BENCH_CELL_FAILED;
        measured |= result->pooled != NULL || result->status == BENCH_CELL_INVALID;
        distrust |= !workload_is_fine(run, result->workload, all_asked_for);
    }
    if (run->interrupted)
        return 130;
    if (failed || !measured)
        return 3;
    return distrust ? 4 : 0;
}
