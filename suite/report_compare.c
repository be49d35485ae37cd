/* SPDX-License-Identifier: MIT */
/*
 * Which pairs of cells are compared, and how: all effects first, then Holm over those of a table,
 * then the sentences.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/noise.h"
#include "suite/report_duel.h"

struct duels {
    struct bench_duel *list; /* in the order in which they are told */
    size_t n, room;
    const struct bench_noise *noise;
};

static int duels_add(struct duels *duels, const struct bench_duel *duel)
{
    if (duels->n == duels->room) {
        size_t room = 2 * duels->room + 16;
        struct bench_duel *list = realloc(duels->list, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        duels->list = list;
        duels->room = room;
    }
    duels->list[duels->n++] = *duel;
    return 0;
}

/* ---- sides and effects ---- */

static double trial_cores(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_server_cores(trial);
}

static const struct bench_metric *metric_of(const struct bench_duel *duel)
{
    static const enum bench_metric_id ids[] = {
        [BENCH_BY_TIME] = BENCH_METRIC_P50,
        [BENCH_BY_RATE] = BENCH_METRIC_THROUGHPUT,
        [BENCH_BY_BYTES] = BENCH_METRIC_BANDWIDTH,
    };
    return bench_metric_get(ids[duel->measure]);
}

static void side_init(struct bench_side *side, const struct bench_duel *duel,
                      const struct bench_result *result)
{
    *side = (struct bench_side){.result = result, .trips = NAN};
    side->value = bench_metric_of_result(metric_of(duel), result);
    side->cores = bench_result_server_cores(result);
    side->cores_high = fmax(side->cores, bench_result_range(result, trial_cores, NULL).high);
}

static void bounds_invert(struct bench_bounds *bounds)
{
    const double low = bounds->low;
    bounds->estimate = 1 / bounds->estimate;
    bounds->low = 1 / bounds->high;
    bounds->high = 1 / low;
}

/* a's advantage over b. */
static int duel_measure(struct bench_duel *duel, const struct bench_noise *noise)
{
    const struct bench_metric *metric = metric_of(duel);
    const struct bench_result *better = duel->a.result, *worse = duel->b.result;
    int rc = metric->lower_is_better
                 ? bench_metric_effect(metric, better, worse, true, &duel->effect)
                 : bench_metric_effect(metric, worse, better, true, &duel->effect);
    duel->few = duel->effect.na < BENCH_VERDICT_TRIALS || duel->effect.nb < BENCH_VERDICT_TRIALS;
    if (isnan(duel->effect.ratio.estimate)) { /* trials without the figure that all together have */
        duel->effect.ratio.estimate =
            metric->lower_is_better ? duel->b.value / duel->a.value : duel->a.value / duel->b.value;
        duel->few = true;
    }
    duel->floor = bench_noise_floor(noise, duel->a.result->workload, metric);
    return rc;
}

/* Puts the better side into a. */
static void duel_sort(struct bench_duel *duel)
{
    if (!(duel->effect.ratio.estimate < 1))
        return;
    const struct bench_side better = duel->b;
    duel->b = duel->a;
    duel->a = better;
    bounds_invert(&duel->effect.ratio);
    bounds_invert(&duel->effect.ratio90);
    duel->effect.cliff = -duel->effect.cliff;
}

/* ---- pairs ---- */

static bool is_measured(const struct bench_result *result)
{
    return result->pooled != NULL && result->status != BENCH_CELL_FAILED &&
           result->status != BENCH_CELL_UNAVAILABLE;
}

/* What a program that is its own limit delivers is still what its user gets. */
static bool is_spoiled(const struct bench_duel *duel, const struct bench_result *result)
{
    if (result->status == BENCH_CELL_CLIENT_BOUND)
        return !(bench_target_is_program(result->target) &&
                 (bench_duel_is_of_protocols(duel) || duel->kind == BENCH_PAIR_CLIENT));
    return result->status != BENCH_CELL_OK;
}

/* A comparison of protocols measures the client where the client is a good part of the answer. */
static enum bench_telling telling_of(const struct bench_duel *duel)
{
    const struct bench_result *a = duel->a.result, *b = duel->b.result;
    /* One connection that moves bulk: encoding it, compression included, is what a protocol asks of
     * every client, and it happens in turn with the server's work, not in its way. */
    if (duel->measure == BENCH_BY_BYTES && bench_duel_is_of_protocols(duel) &&
        a->status != BENCH_CELL_INVALID && b->status != BENCH_CELL_INVALID)
        return BENCH_TELL_VERDICT;
    if (is_spoiled(duel, a) || is_spoiled(duel, b))
        return BENCH_TELL_SPOILED;
    if (!bench_duel_is_of_protocols(duel) || bench_duel_is_of_programs(duel))
        return BENCH_TELL_VERDICT;
    double share_a = bench_result_client_share(a), share_b = bench_result_client_share(b);
    if (isnan(share_a) || isnan(share_b))
        return BENCH_TELL_CLIENT_UNKNOWN;
    return share_a < BENCH_DUEL_CLIENT_SHARE && share_b < BENCH_DUEL_CLIENT_SHARE
               ? BENCH_TELL_VERDICT
               : BENCH_TELL_CLIENT_BOUND;
}

/* The program's side into b, our own loop's into a: how much more the program sees. */
static bool share_init(struct bench_duel *duel, const struct bench_result *a,
                       const struct bench_result *b)
{
    const bool program_is_a = bench_target_is_program(a->target);
    duel->telling = BENCH_TELL_SHARE;
    duel->measure = BENCH_BY_TIME;
    side_init(&duel->a, duel, program_is_a ? b : a);
    side_init(&duel->b, duel, program_is_a ? a : b);
    return bench_target_is_program(duel->b.result->target) && a->status != BENCH_CELL_INVALID &&
           b->status != BENCH_CELL_INVALID;
}

static int add_pair(struct duels *duels, struct bench_duel duel, const struct bench_result *a,
                    const struct bench_result *b)
{
    if (!is_measured(a) || !is_measured(b))
        return 0;
    /* Opening connections one after another: what a mode can do shows in their rate. In an open
     * loop all do what they were asked for. */
    bool by_time = duel.group->view.ranking == BENCH_RANKING_TIME &&
                   (duel.kind != BENCH_PAIR_MODE || bench_result_is_open(a));
    duel.measure = bench_result_is_bulk(a) ? BENCH_BY_BYTES
                   : by_time               ? BENCH_BY_TIME
                                           : BENCH_BY_RATE;
    side_init(&duel.a, &duel, a);
    side_init(&duel.b, &duel, b);
    if (duel.kind == BENCH_PAIR_CLIENT && duel.group->view.concurrent) {
        if (!share_init(&duel, a, b))
            return 0;
    } else {
        duel.telling = telling_of(&duel);
        duel.a_is_spoiled = is_spoiled(&duel, a);
    }
    if (bench_duel_is_judged(&duel)) {
        if (!(duel.a.value > 0) || !(duel.b.value > 0))
            return 0;
        int rc = duel_measure(&duel, duels->noise);
        if (rc < 0)
            return rc;
        if (duel.telling == BENCH_TELL_VERDICT)
            duel_sort(&duel);
    }
    return duels_add(duels, &duel);
}

static int add_group(struct duels *duels, const struct bench_report_group *group)
{
    struct bench_duel duel = {.group = group};
    duel.phrasing = bench_phrasing_find(group->rows[0]->workload);
    const unsigned wanted = bench_phrasing_pairs(duel.phrasing);
    for (unsigned kind = BENCH_PAIR_PROTOCOL; kind <= BENCH_PAIR_LAST; kind <<= 1) {
        for (size_t i = 0; i < group->nrows; i++) {
            for (size_t k = i + 1; k < group->nrows; k++) {
                const struct bench_target_info *a = group->rows[i]->target;
                const struct bench_target_info *b = group->rows[k]->target;
                if (!(wanted & kind) || bench_pair_kind(group, a, b) != kind)
                    continue;
                duel.kind = kind;
                int rc = add_pair(duels, duel, group->rows[i], group->rows[k]);
                if (rc < 0)
                    return rc;
            }
        }
    }
    return 0;
}

/* ---- ways to the same records ---- */

static bool same_but_access(const struct bench_result *a, const struct bench_result *b)
{
    if (strcmp(a->workload, b->workload) != 0 || a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (value == NULL || (strcmp(a->parameters[i].name, BENCH_DUEL_ACCESS) != 0 &&
                              strcmp(value, a->parameters[i].value) != 0))
            return false;
    }
    return true;
}

/* Round trips of a cell, or where its program does not count, of our own client's cell with the
 * same protocol, options and server; NaN. */
static double trips_of(const struct bench_report_group *group, const struct bench_result *result)
{
    const struct bench_target_info *own = result->target;
    double trips = bench_result_round_trips(result);
    for (size_t i = 0; isnan(trips) && i < group->nrows; i++) {
        const struct bench_target_info *other = group->rows[i]->target;
        if (strcmp(own->protocol, other->protocol) == 0 &&
            strcmp(own->options, other->options) == 0 && strcmp(own->mode, other->mode) == 0 &&
            strcmp(own->server, other->server) == 0 && strcmp(own->url, other->url) == 0)
            trips = bench_result_round_trips(group->rows[i]);
    }
    return trips;
}

/* One cell of a target, of one way. */
struct way {
    const struct bench_report_group *group;
    const struct bench_result *result;
    double trips;
};

/* The way that waits least often against the one that does most often. */
static int add_ways(struct duels *duels, const struct way *few, const struct way *many)
{
    struct bench_duel duel = {
        .group = few->group, .telling = BENCH_TELL_WAYS, .measure = BENCH_BY_TIME};
    side_init(&duel.a, &duel, few->result);
    side_init(&duel.b, &duel, many->result);
    duel.a.trips = few->trips;
    duel.b.trips = many->trips;
    if (!(duel.a.value > 0) || !(duel.b.value > 0))
        return 0;
    int rc = duel_measure(&duel, duels->noise);
    return rc < 0 ? rc : duels_add(duels, &duel);
}

static bool may_be_told(const struct bench_result *result)
{
    return bench_result_is_judged(result) ||
           (result->status == BENCH_CELL_CLIENT_BOUND && bench_target_is_program(result->target));
}

/* All groups like the first one, which come behind it. */
static int add_all_ways(struct duels *duels, const struct bench_run *run,
                        const struct bench_report_group *first,
                        const struct bench_report_group *end)
{
    int rc = 0;
    for (size_t t = 0; t < run->ntargets && rc == 0; t++) {
        struct way few = {.trips = INFINITY}, many = {.trips = 0};
        for (const struct bench_report_group *g = first; g < end; g++) {
            const struct bench_result *row = bench_report_row(g, &run->targets[t]);
            if (row == NULL || !may_be_told(row) || !same_but_access(first->rows[0], row))
                continue;
            const struct way way = {g, row, trips_of(g, row)};
            if (way.trips < few.trips)
                few = way;
            if (way.trips > many.trips)
                many = way;
        }
        if (few.trips < many.trips)
            rc = add_ways(duels, &few, &many);
    }
    return rc;
}

static bool is_first_way(const struct bench_report_group *groups,
                         const struct bench_report_group *group)
{
    for (const struct bench_report_group *g = groups; g < group; g++)
        if (same_but_access(g->rows[0], group->rows[0]))
            return false;
    return bench_result_parameter(group->rows[0], BENCH_DUEL_ACCESS) != NULL;
}

/* ---- the whole run ---- */

static bool page_has(const struct bench_report_page *page, const struct bench_report_group *group)
{
    for (size_t g = 0; g < page->ngroups; g++)
        if (page->groups[g] == group)
            return true;
    return false;
}

/* Holm over what is tested under one table. */
static int adjust_page(struct duels *duels, const struct bench_report_page *page)
{
    struct bench_effect **family = calloc(duels->n + 1, sizeof(*family));
    size_t n = 0;
    if (family == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < duels->n; i++) {
        struct bench_duel *duel = &duels->list[i];
        if (bench_duel_is_judged(duel) && !duel->few && page_has(page, duel->group))
            family[n++] = &duel->effect;
    }
    int rc = bench_effects_adjust(family, n);
    free(family);
    return rc;
}

static int collect(struct duels *duels, const struct bench_run *run,
                   const struct bench_report_pages *pages)
{
    const struct bench_report_group *groups = pages->groups;
    int rc = 0;
    for (size_t i = 0; i < pages->ngroups && rc == 0; i++) {
        if (bench_group_is_wanted(groups, pages->ngroups, &groups[i]))
            rc = add_group(duels, &groups[i]);
        if (rc == 0 && is_first_way(groups, &groups[i]))
            rc = add_all_ways(duels, run, &groups[i], groups + pages->ngroups);
    }
    for (size_t p = 0; p < pages->npages && rc == 0; p++)
        rc = adjust_page(duels, &pages->pages[p]);
    return rc;
}

int bench_report_judge(struct bench_run *run, const struct bench_noise *noise)
{
    struct duels duels = {.noise = noise};
    struct bench_report_pages pages;
    bench_comparisons_clear(run);
    bench_run_settle(run);
    int rc = bench_report_pages_new(run, &pages);
    if (rc < 0)
        return rc;
    rc = collect(&duels, run, &pages);
    for (size_t i = 0; i < duels.n && rc == 0; i++)
        rc = bench_duel_tell(run, &duels.list[i]);
    if (rc == 0)
        rc = bench_report_rank(run, pages.groups, pages.ngroups, noise);
    free(duels.list);
    bench_report_pages_free(&pages);
    return rc;
}

int bench_report_compare(struct bench_run *run) { return bench_report_judge(run, NULL); }

int bench_report_conclude(struct bench_run *run)
{
    struct bench_noise *noise = NULL;
    struct bench_error err = {0};
    int rc = bench_noise_read(run->environment_hash, &noise, &err);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench: this machine's noise is not known: %s\n", err.msg);
    rc = bench_report_judge(run, noise);
    bench_noise_free(noise);
    return rc;
}
