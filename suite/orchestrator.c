/* SPDX-License-Identifier: MIT */
#include "suite/orchestrator.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/units.h"
#include "core/certificate.h"
#include "core/proc.h"
#include "suite/blocks.h"
#include "suite/distance.h"
#include "suite/estimate.h"
#include "suite/experiment.h"
#include "suite/facts.h"
#include "suite/foreign.h"
#include "suite/headroom.h"
#include "suite/pool.h"
#include "suite/precision.h"
#include "suite/sysinfo.h"

/* Rows that would need more than the machine has are left out; the first is complained about. */
static void check_headroom(struct bench_experiment *s, struct bench_group *group)
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
            bench_experiment_complain(s, row->target->name, err.msg);
        said = true;
    }
}

static void check_group(struct bench_experiment *s, struct bench_group *group)
{
    const struct bench_protocol *p = group->base->protocol;
    const char *why = p->unavailable == NULL ? NULL : p->unavailable();
    struct bench_error err = {0};
    if (why != NULL) {
        bench_experiment_give_up(s, group, BENCH_CELL_UNAVAILABLE, why);
        return;
    }
    const char *versions;
    if (group->base->client != NULL &&
        bench_client_check(group->base->client, &versions, &err) < 0) {
        bench_experiment_give_up(s, group, BENCH_CELL_FAILED, err.msg);
        return;
    }
    if (group->base->server != NULL) {
        if (bench_server_check(group->base->server, &versions, &err) < 0)
            bench_experiment_give_up(s, group, BENCH_CELL_FAILED, err.msg);
        else
            check_headroom(s, group);
    } else if (group->base->is_url && bench_foreign_check(group, s->plan, s->run, &err) < 0) {
        bench_experiment_give_up(s, group, BENCH_CELL_FAILED, err.msg);
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

static int prepare(struct bench_experiment *s, struct bench_error *err)
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
static int add_remarks(struct bench_experiment *s)
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

/* How long it will still take, by how the cells have scattered so far. */
static void expect(struct bench_experiment *s, const struct bench_precision_rule *rule,
                   const struct bench_precision_state *state, int blocks)
{
    const double done = s->watch->progress->done;
    double total = done * blocks / state->blocks;
    if (rule->max_ns > 0 && state->elapsed_ns > 0)
        total = fmin(total, done * (double)rule->max_ns / (double)state->elapsed_ns);
    s->blocks = blocks;
    bench_progress_expect(s->watch->progress, total);
}

static enum bench_precision_end run_blocks(struct bench_experiment *s,
                                           const struct bench_precision_rule *rule, int *blocks)
{
    const int64_t began = bench_now_ns();
    s->blocks = rule->least;
    while (!bench_experiment_interrupted(s)) {
        struct bench_precision_state state = {
            .blocks = *blocks, .widest = NAN, .elapsed_ns = bench_now_ns() - began};
        struct bench_precision_sum sum = {.blocks = rule->least};
        if (rule->wanted > 0 && bench_precision_sum(s->run, rule, &sum) == 0)
            state.widest = sum.widest;
        const enum bench_precision_end end = bench_precision_next(rule, &state);
        if (end != BENCH_PRECISION_GOES_ON)
            return end;
        if (rule->wanted > 0 && *blocks > 0)
            expect(s, rule, &state, sum.blocks > *blocks ? sum.blocks : *blocks + 1);
        bench_experiment_block(s, (*blocks)++);
    }
    return BENCH_PRECISION_GOES_ON;
}

int bench_orchestrate(const struct bench_plan *plan, struct bench_watch *watch,
                      struct bench_run **out, struct bench_error *err)
{
    struct bench_experiment s = {.plan = plan, .watch = watch};
    const struct bench_precision_rule rule = bench_precision_rule(plan);
    int blocks = 0;
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
    for (size_t g = 0; g < s.rows.ngroups && !bench_experiment_interrupted(&s); g++)
        check_group(&s, &s.rows.groups[g]);
    bench_estimate_announce(&s.rows, &rule, watch->progress);
    const enum bench_precision_end end = run_blocks(&s, &rule, &blocks);
    if (end != BENCH_PRECISION_GOES_ON)
        s.blocks = blocks;
    bench_certificate_remove(&s.certificate);
    bench_progress_clear(watch->progress);
    s.run->duration = wall_clock() - s.run->started;
    s.run->interrupted = watch->interrupted;
    for (size_t r = 0; rc == 0 && r < s.run->nresults; r++)
        rc = bench_pool_result(&s.run->results[r], s.blocks);
    if (rc == 0)
        rc = add_remarks(&s);
    if (rc == 0)
        rc = bench_sysinfo_collect(plan, s.run);
    if (rc == 0)
        rc = bench_precision_tell(s.run, &rule, blocks, end);
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
