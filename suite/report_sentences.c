/* SPDX-License-Identifier: MIT */
/*
 * What is said about two cells. The figures are point estimates over the pooled trials; all that
 * stands between a difference and a sentence is a least size and the spread of the trials.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report_pairs.h"
#include "suite/table.h"

/* Differences below this are not worth a winner. */
#define CLEAR_RATIO 1.05
/* From this share of the response time on, the client's own CPU is part of the answer. */
#define CLIENT_SHARE 0.20
/* One core and what the server's other threads use besides. */
#define ONE_CORE   1.2
#define NAME_BYTES 320

#define PAIR_PROTOCOL BENCH_PAIR_PROTOCOL
#define PAIR_VARIANT  BENCH_PAIR_VARIANT
#define PAIR_MODE     BENCH_PAIR_MODE
#define PAIR_SERVER   BENCH_PAIR_SERVER
#define PAIR_CLIENT   BENCH_PAIR_CLIENT

static const struct phrasing {
    const char *workload; /* NULL: any other */
    unsigned pairs;
    const char *verb, *how;  /* "A answers 2.1x faster than B" */
    const char *does, *what; /* "A does 1.8x the work of B" */
    bool cores;              /* of a pair of modes: say how many cores each used */
} phrasings[] = {
    {"connection", PAIR_PROTOCOL | PAIR_MODE, "gives its first answer", "sooner", "opens",
     "connections", false},
    {"latency", PAIR_PROTOCOL | PAIR_VARIANT | PAIR_SERVER | PAIR_CLIENT, "answers", "faster", "serves",
     "requests", false},
    {"concurrent", PAIR_PROTOCOL | PAIR_MODE | PAIR_SERVER | PAIR_CLIENT, "answers", "faster",
     "serves", "requests", false},
    {"cpu", PAIR_PROTOCOL | PAIR_MODE, "answers", "faster", "does", "work", true},
    {"io", PAIR_PROTOCOL | PAIR_MODE, "answers", "faster", "does", "work", false},
    {"netref", PAIR_PROTOCOL, "answers", "faster", "serves", "requests", false},
    {"bandwidth", PAIR_PROTOCOL, "answers", "faster", "moves", "bytes per second", false},
    {"transfer", PAIR_PROTOCOL, "answers", "faster", "moves", "bytes per second", false},
    {NULL, PAIR_PROTOCOL | PAIR_MODE, "answers", "faster", "serves", "requests", false},
};

static const struct phrasing *phrasing_find(const char *workload)
{
    const struct phrasing *phrasing = phrasings;
    while (phrasing->workload != NULL && strcmp(phrasing->workload, workload) != 0)
        phrasing++;
    return phrasing;
}

/* ---- what is said ---- */

/* One cell as a comparison sees it. */
struct side {
    const struct bench_result *result;
    char name[NAME_BYTES];
    double value;             /* seconds, or requests per second */
    struct bench_range range; /* of the trials */
    double cores, cores_high;
};

struct duel {
    struct bench_run *run;
    const struct bench_report_group *group;
    const struct phrasing *phrasing;
    unsigned kind;
    enum measure { BY_TIME, BY_RATE, BY_BYTES } measure;
    char subject[256]; /* "cpu, 8 clients" */
    char frame[160];   /* "as protocols, ", or "" */
    struct side a, b;
};

static double trial_median(const struct bench_trial *trial, const void *user)
{
    const struct bench_view *view = user;
    struct bench_statistic statistic;
    bench_trial_statistic(trial, view->series, &statistic);
    return statistic.median;
}

static double trial_rate(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_throughput(trial);
}

static double trial_cores(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_server_cores(trial);
}

static void side_init(struct side *side, const struct duel *duel, const struct bench_result *result)
{
    side->result = result;
    (void)bench_text_clean(result->target->name, side->name, sizeof(side->name));
    switch (duel->measure) {
    case BY_TIME:
        side->value = bench_result_time(result);
        side->range = bench_result_range(result, trial_median, &duel->group->view);
        break;
    case BY_RATE:
        side->value = bench_result_throughput(result);
        side->range = bench_result_range(result, trial_rate, NULL);
        break;
    case BY_BYTES:
        side->value = bench_result_bandwidth(result);
        side->range = bench_result_range(result, bench_trial_bandwidth, result);
        break;
    }
    side->cores = bench_result_server_cores(result);
    side->cores_high = fmax(side->cores, bench_result_range(result, trial_cores, NULL).high);
}

static const char *metric_name(const struct duel *duel)
{
    if (duel->measure != BY_TIME)
        return duel->measure == BY_RATE ? "throughput" : "bandwidth";
    return duel->group->view.series == BENCH_SERIES_RESPONSE ? "response p50" : "first answer p50";
}

static int duel_tell(struct duel *duel, const char *verdict, double ratio, const char *format, ...)
    BENCH_PRINTF(4, 5);

/* Appends a comparison; takes verdict and sentence as they are. 0 or -ENOMEM. */
static int duel_tell(struct duel *duel, const char *verdict, double ratio, const char *format, ...)
{
    struct bench_run *run = duel->run;
    struct bench_comparison *list =
        realloc(run->comparisons, (run->ncomparisons + 1) * sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    run->comparisons = list;
    struct bench_comparison *comparison = &list[run->ncomparisons];
    *comparison = (struct bench_comparison){
        .workload = strdup(duel->a.result->workload),
        .a = duel->a.result,
        .b = duel->b.result,
        .metric = strdup(metric_name(duel)),
        .a_value = duel->a.value,
        .b_value = duel->b.value,
        .ratio = ratio,
        .verdict = strdup(verdict),
    };
    va_list args;
    va_start(args, format);
    char *tail = NULL;
    int n = vasprintf(&tail, format, args);
    va_end(args);
    if (n < 0)
        tail = NULL;
    if (tail == NULL || asprintf(&comparison->sentence, "%s: %s%s", duel->subject, duel->frame, tail) < 0)
        comparison->sentence = NULL;
    free(tail);
    run->ncomparisons++; /* also when incomplete: bench_run_free then frees it */
    bool whole = comparison->workload != NULL && comparison->metric != NULL &&
                 comparison->verdict != NULL && comparison->sentence != NULL;
    return whole ? 0 : -ENOMEM;
}

static struct bench_text value_text(const struct duel *duel, const struct side *side)
{
    if (duel->measure != BY_BYTES)
        return duel->measure == BY_TIME ? bench_format_seconds(side->value)
                                        : bench_format_rate(side->value);
    struct bench_text text = bench_format_size(side->value), out;
    (void)snprintf(out.s, sizeof(out.s), "%.24s/s", text.s);
    return out;
}

/* "0.24 ms against 0.51 ms" and for modes of a CPU-bound workload the cores. */
static void figures_text(const struct duel *duel, char *out, size_t size)
{
    int n = snprintf(out, size, "%s against %s", value_text(duel, &duel->a).s,
                     value_text(duel, &duel->b).s);
    bool cores = duel->kind == PAIR_MODE && duel->phrasing->cores && !isnan(duel->a.cores) &&
                 !isnan(duel->b.cores);
    if (cores && n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, ", %s cores against %s",
                       bench_format_number(duel->a.cores, 2).s,
                       bench_format_number(duel->b.cores, 2).s);
}

static bool of_protocols(const struct duel *duel)
{
    return duel->kind == PAIR_PROTOCOL || duel->kind == PAIR_VARIANT;
}

/* Another program makes the calls of both: its work is part of what its user waits for. */
static bool of_programs(const struct duel *duel)
{
    return of_protocols(duel) && bench_target_is_program(duel->a.result->target);
}

/* "the client's own work: 41 % and 52 % of the time", or "". */
static void share_text(const struct duel *duel, char *out, size_t size)
{
    double a = bench_result_client_share(duel->a.result);
    double b = bench_result_client_share(duel->b.result);
    out[0] = '\0';
    if (!isnan(a) && !isnan(b))
        (void)snprintf(out, size, "the client's own work: %.0f %% and %.0f %% of the time",
                       100 * fmin(1, a), 100 * fmin(1, b));
}

static int tell_winner(struct duel *duel, double ratio)
{
    char figures[160], share[128] = "", tail[NAME_BYTES] = "";
    const struct phrasing *phrasing = duel->phrasing;
    struct bench_text times = bench_format_ratio(ratio);
    figures_text(duel, figures, sizeof(figures));
    if (duel->kind == PAIR_SERVER)
        (void)snprintf(tail, sizeof(tail), ": what the %s server costs",
                       duel->b.result->target->server);
    else if (duel->kind == PAIR_CLIENT && bench_target_library(duel->b.result->target)[0] != '\0')
        (void)snprintf(tail, sizeof(tail), ": what the client library costs (%.60s)",
                       bench_target_library(duel->b.result->target));
    else if (duel->measure == BY_BYTES || of_programs(duel))
        share_text(duel, share, sizeof(share));
    if (share[0] != '\0')
        (void)snprintf(tail, sizeof(tail), " (%s)", share);
    if (duel->measure == BY_TIME)
        return duel_tell(duel, "faster", ratio, "%s %s %s %s than %s, %s%s", duel->a.name,
                         phrasing->verb, times.s, phrasing->how, duel->b.name, figures, tail);
    bool one_core = duel->kind == PAIR_MODE && phrasing->cores && duel->a.cores >= ONE_CORE &&
                    duel->b.cores_high < ONE_CORE;
    return duel_tell(duel, "faster", ratio, "%s %s %s the %s of %s%s %s%s", duel->a.name,
                     phrasing->does, times.s, phrasing->what, duel->b.name,
                     one_core ? ", which never used more than one core:" : ",", figures, tail);
}

static bool ranges_overlap(const struct bench_range *a, const struct bench_range *b)
{
    if (a->count == 0 || b->count == 0 || (a->count < 2 && b->count < 2))
        return false;
    return a->low <= b->high && b->low <= a->high;
}

/* Puts the better side into a. */
static double duel_sort(struct duel *duel)
{
    double ratio =
        duel->measure == BY_TIME ? duel->b.value / duel->a.value : duel->a.value / duel->b.value;
    if (ratio < 1) {
        struct side better = duel->b;
        duel->b = duel->a;
        duel->a = better;
        ratio = 1 / ratio;
    }
    return ratio;
}

static int tell_verdict(struct duel *duel)
{
    char figures[160], share[128] = "";
    if (!(duel->a.value > 0) || !(duel->b.value > 0))
        return 0;
    double ratio = duel_sort(duel);
    bool small = ratio < CLEAR_RATIO;
    if (!small && !ranges_overlap(&duel->a.range, &duel->b.range))
        return tell_winner(duel, ratio);
    figures_text(duel, figures, sizeof(figures));
    if (of_programs(duel))
        share_text(duel, share, sizeof(share));
    return duel_tell(duel, "no clear difference", ratio,
                     "no clear difference between %s and %s, %s (%s%s%s)", duel->a.name,
                     duel->b.name, figures,
                     small ? "less than 5 % apart" : "their trials overlap",
                     share[0] != '\0' ? "; " : "", share);
}

/* A comparison of protocols measures the client where the client is a good part of the answer. */
static int tell_protocols(struct duel *duel)
{
    double a = bench_result_client_share(duel->a.result);
    double b = bench_result_client_share(duel->b.result);
    if (isnan(a) || isnan(b))
        return duel_tell(duel, "no verdict", NAN,
                         "no verdict on %s against %s: the client's CPU is not known", duel->a.name,
                         duel->b.name);
    if (a < CLIENT_SHARE && b < CLIENT_SHARE)
        return tell_verdict(duel);
    const struct side *worse = a >= b ? &duel->a : &duel->b;
    return duel_tell(duel, "client-bound", NAN,
                     "%s against %s is client-bound: the client's own CPU is %.0f %% of the %s of "
                     "%s (%s of %s)",
                     duel->a.name, duel->b.name, 100 * fmax(a, b),
                     duel->group->view.series == BENCH_SERIES_RESPONSE ? "response time"
                                                                       : "time to the first answer",
                     worse->name, bench_format_seconds(bench_result_client_cpu(worse->result)).s,
                     bench_format_seconds(bench_result_time(worse->result)).s);
}

/* What a program that is its own limit delivers is still what its user gets. */
static bool is_spoiled(const struct duel *duel, const struct bench_result *result)
{
    if (result->status == BENCH_CELL_CLIENT_BOUND)
        return !(bench_target_is_program(result->target) &&
                 (of_protocols(duel) || duel->kind == PAIR_CLIENT));
    return result->status != BENCH_CELL_OK;
}

/* A cell that was measured but may not be compared. Cells that failed or do not exist have their
 * note under the table and no sentence. */
static int tell_spoiled(struct duel *duel)
{
    char reason[256];
    const struct side *spoiled = is_spoiled(duel, duel->a.result) ? &duel->a : &duel->b;
    (void)bench_text_clean(spoiled->result->reason, reason, sizeof(reason));
    bool bound = spoiled->result->status == BENCH_CELL_CLIENT_BOUND;
    return duel_tell(duel, bound ? "client-bound" : "no verdict", NAN,
                     "no verdict on %s against %s: %s is %s (%s)", duel->a.name, duel->b.name,
                     spoiled->name, bench_cell_status_name(spoiled->result->status), reason);
}

static bool is_measured(const struct bench_result *result)
{
    return result->pooled != NULL && result->status != BENCH_CELL_FAILED &&
           result->status != BENCH_CELL_UNAVAILABLE;
}

/* Many connections through a program: how much of the time that it sees is the server's. */
static int tell_client_share(struct duel *duel)
{
    const bool program_is_a = bench_target_is_program(duel->a.result->target);
    const struct side *program = program_is_a ? &duel->a : &duel->b;
    const struct side *own = program_is_a ? &duel->b : &duel->a;
    double seen = bench_result_time(program->result), true_time = bench_result_time(own->result);
    if (!bench_target_is_program(program->result->target) || !(seen > 0) || !(true_time > 0) ||
        own->result->status == BENCH_CELL_INVALID || program->result->status == BENCH_CELL_INVALID)
        return 0;
    const bool bound = own->result->status == BENCH_CELL_CLIENT_BOUND;
    if (seen <= true_time * CLEAR_RATIO)
        return 0;
    return duel_tell(duel, "client share", seen / true_time,
                     "through %s a request takes %s (p50) where the same server answers our own "
                     "client in %s%s: %s%.0f %% of it is the client's own",
                     program->name, bench_format_seconds(seen).s, bound ? "at most " : "",
                     bench_format_seconds(true_time).s, bound ? "at least " : "",
                     100 * (1 - true_time / seen));
}

static int compare_pair(struct duel *duel, const struct bench_result *a,
                        const struct bench_result *b)
{
    if (!is_measured(a) || !is_measured(b))
        return 0;
    /* Opening connections one after another: what a mode can do shows in their rate. In an open
     * loop all do what they were asked for. */
    bool by_time = duel->group->view.ranking == BENCH_RANKING_TIME &&
                   (duel->kind != PAIR_MODE || bench_result_is_open(a));
    duel->measure = bench_result_is_bulk(a) ? BY_BYTES : by_time ? BY_TIME : BY_RATE;
    side_init(&duel->a, duel, a);
    side_init(&duel->b, duel, b);
    duel->frame[0] = '\0';
    if (duel->kind == PAIR_CLIENT && duel->group->view.concurrent)
        return tell_client_share(duel);
    if (of_protocols(duel)) {
        char frame[sizeof(duel->frame) - 2];
        (void)snprintf(duel->frame, sizeof(duel->frame), "%s, ",
                       bench_pair_frame(a->target, b->target, frame, sizeof(frame)));
    }
    /* One connection that moves bulk: encoding it, compression included, is what a protocol asks of
     * every client, and it happens in turn with the server's work, not in its way. */
    if (duel->measure == BY_BYTES && of_protocols(duel) && a->status != BENCH_CELL_INVALID &&
        b->status != BENCH_CELL_INVALID)
        return tell_verdict(duel);
    if (is_spoiled(duel, a) || is_spoiled(duel, b))
        return tell_spoiled(duel);
    if (of_protocols(duel) && !of_programs(duel))
        return tell_protocols(duel);
    return tell_verdict(duel);
}

static int compare_group(struct bench_run *run, const struct bench_report_group *group)
{
    struct duel duel = {.run = run, .group = group};
    duel.phrasing = phrasing_find(group->rows[0]->workload);
    bench_group_subject(group, duel.subject, sizeof(duel.subject));
    for (unsigned kind = PAIR_PROTOCOL; kind <= BENCH_PAIR_LAST; kind <<= 1) {
        for (size_t i = 0; i < group->nrows; i++) {
            for (size_t k = i + 1; k < group->nrows; k++) {
                const struct bench_target_info *a = group->rows[i]->target;
                const struct bench_target_info *b = group->rows[k]->target;
                if (!(duel.phrasing->pairs & kind) || bench_pair_kind(group, a, b) != kind)
                    continue;
                duel.kind = kind;
                int status = compare_pair(&duel, group->rows[i], group->rows[k]);
                if (status < 0)
                    return status;
            }
        }
    }
    return 0;
}

/* ---- ways to the same records ---- */

/* The parameter in which the ways to the same answer differ. */
#define ACCESS "access"

static bool same_but_access(const struct bench_result *a, const struct bench_result *b)
{
    if (strcmp(a->workload, b->workload) != 0 || a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (value == NULL || (strcmp(a->parameters[i].name, ACCESS) != 0 &&
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
static int tell_ways(struct duel *duel, const struct way *few, const struct way *many)
{
    duel->group = few->group;
    duel->measure = BY_TIME;
    duel->frame[0] = '\0';
    side_init(&duel->a, duel, few->result);
    side_init(&duel->b, duel, many->result);
    const double ratio = duel->b.value / duel->a.value;
    if (!(ratio >= CLEAR_RATIO) || ranges_overlap(&duel->a.range, &duel->b.range))
        return 0;
    char figures[160];
    figures_text(duel, figures, sizeof(figures));
    bench_group_subject(few->group, duel->subject, sizeof(duel->subject));
    return duel_tell(duel, "faster", ratio,
                     "%s answers %s faster than with %s, %s: %.0f round trip%s against %.0f",
                     duel->a.name, bench_format_ratio(ratio).s,
                     bench_result_parameter(many->result, ACCESS), figures, few->trips,
                     few->trips < 1.5 ? "" : "s", many->trips);
}

static bool may_be_told(const struct bench_result *result)
{
    return bench_result_is_judged(result) || (result->status == BENCH_CELL_CLIENT_BOUND &&
                                              bench_target_is_program(result->target));
}

/* All groups like the first one, which come behind it. */
static int compare_ways(struct bench_run *run, const struct bench_report_group *first,
                        const struct bench_report_group *end)
{
    struct duel duel = {.run = run, .phrasing = phrasing_find(first->rows[0]->workload)};
    int status = 0;
    for (size_t t = 0; t < run->ntargets && status == 0; t++) {
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
            status = tell_ways(&duel, &few, &many);
    }
    return status;
}

static bool is_first_way(const struct bench_report_group *groups,
                         const struct bench_report_group *group)
{
    for (const struct bench_report_group *g = groups; g < group; g++)
        if (same_but_access(g->rows[0], group->rows[0]))
            return false;
    return bench_result_parameter(group->rows[0], ACCESS) != NULL;
}

int bench_report_compare(struct bench_run *run)
{
    struct bench_report_group *groups;
    size_t count;
    bench_comparisons_clear(run);
    bench_run_settle(run);
    int status = bench_report_groups_new(run, &groups, &count);
    if (status < 0)
        return status;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (bench_group_is_wanted(groups, count, &groups[i]))
            status = compare_group(run, &groups[i]);
        if (status == 0 && is_first_way(groups, &groups[i]))
            status = compare_ways(run, &groups[i], groups + count);
    }
    bench_report_groups_free(groups, count);
    return status;
}
