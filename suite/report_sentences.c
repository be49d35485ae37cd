/* SPDX-License-Identifier: MIT */
/*
 * Which pairs of cells may be compared, and what is then said about them. Decided by the fields
 * of the targets only. The figures are point estimates over the pooled trials; all that stands
 * between a difference and a sentence is a least size and the spread of the trials.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report.h"
#include "suite/table.h"

/* Differences below this are not worth a winner. */
#define CLEAR_RATIO 1.05
/* From this share of the response time on, the client's own CPU is part of the answer. */
#define CLIENT_SHARE 0.20
/* One core and what the server's other threads use besides. */
#define ONE_CORE   1.2
#define NAME_BYTES 320

enum pair {
    PAIR_PROTOCOL = 1, /* same mode, server and client; default options */
    PAIR_VARIANT = 2,  /* the same, one of them with options */
    PAIR_MODE = 4,     /* same protocol, options, server and client */
    PAIR_SERVER = 8,   /* same protocol, mode and client; default options */
};

static const struct phrasing {
    const char *workload; /* NULL: any other */
    unsigned pairs;
    const char *verb, *how;  /* "A answers 2.1x faster than B" */
    const char *does, *what; /* "A does 1.8x the work of B" */
    bool cores;              /* of a pair of modes: say how many cores each used */
} phrasings[] = {
    {"connection", PAIR_PROTOCOL | PAIR_MODE, "gives its first answer", "sooner", "opens",
     "connections", false},
    {"latency", PAIR_PROTOCOL | PAIR_VARIANT | PAIR_SERVER, "answers", "faster", "serves",
     "requests", false},
    {"concurrent", PAIR_PROTOCOL | PAIR_MODE | PAIR_SERVER, "answers", "faster", "serves",
     "requests", false},
    {"cpu", PAIR_PROTOCOL | PAIR_MODE, "answers", "faster", "does", "work", true},
    {"io", PAIR_PROTOCOL | PAIR_MODE, "answers", "faster", "does", "work", false},
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

/* ---- which pairs ---- */

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Equal, and known: two servers of which nothing is known are not the same. */
static bool same_known(const char *a, const char *b) { return a[0] != '\0' && same(a, b); }

static bool differ_known(const char *a, const char *b)
{
    return a[0] != '\0' && b[0] != '\0' && !same(a, b);
}

static bool is_pool(const struct bench_target_info *target) { return target->label[0] != '\0'; }

/* Alike in all but the options. */
static bool siblings(const struct bench_target_info *a, const struct bench_target_info *b)
{
    return same(a->protocol, b->protocol) && same(a->mode, b->mode) && same(a->server, b->server) &&
           same(a->client, b->client) && same(a->url, b->url);
}

/* Stands for its protocol: the row with default options, or the only one if that is missing. */
static bool is_plain(const struct bench_report_group *group, const struct bench_target_info *target)
{
    if (target->options[0] == '\0')
        return true;
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_target_info *other = group->rows[i]->target;
        if (other != target && siblings(target, other))
            return false;
    }
    return true;
}

/* What a and b may be compared for; 0 = nothing. */
static unsigned pair_kind(const struct bench_report_group *group, const struct bench_target_info *a,
                          const struct bench_target_info *b)
{
    if (a->role != BENCH_ROLE_NORMAL || b->role != BENCH_ROLE_NORMAL || !same(a->client, b->client))
        return 0;
    bool plain = is_plain(group, a) && is_plain(group, b);
    bool any_plain = is_plain(group, a) || is_plain(group, b);
    if (!same(a->protocol, b->protocol)) {
        if (!same_known(a->mode, b->mode) || !same_known(a->server, b->server) || !any_plain)
            return 0;
        return plain ? PAIR_PROTOCOL : PAIR_VARIANT;
    }
    /* A pool's size decides more than its mode or its maker. */
    if (is_pool(a) || is_pool(b))
        return 0;
    if (differ_known(a->mode, b->mode) && same_known(a->server, b->server) &&
        same(a->options, b->options))
        return PAIR_MODE;
    if (same_known(a->mode, b->mode) && differ_known(a->server, b->server) && plain)
        return PAIR_SERVER;
    return 0;
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
    char subject[128]; /* "cpu, 8 clients" */
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
    if (tail == NULL || asprintf(&comparison->sentence, "%s: %s", duel->subject, tail) < 0)
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

/* Share of the client's CPU in the response time. */
static double client_share(const struct bench_result *result)
{
    return bench_result_client_cpu(result) / bench_result_time(result);
}

static int tell_winner(struct duel *duel, double ratio)
{
    char figures[160], tail[NAME_BYTES] = "";
    const struct phrasing *phrasing = duel->phrasing;
    struct bench_text times = bench_format_ratio(ratio);
    figures_text(duel, figures, sizeof(figures));
    if (duel->kind == PAIR_SERVER)
        (void)snprintf(tail, sizeof(tail), ": what the %s server costs",
                       duel->b.result->target->server);
    else if (duel->measure == BY_BYTES)
        (void)snprintf(tail, sizeof(tail), " (the client's own work: %.0f %% and %.0f %% of the time)",
                       100 * fmin(1, client_share(duel->a.result)),
                       100 * fmin(1, client_share(duel->b.result)));
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
    char figures[160];
    if (!(duel->a.value > 0) || !(duel->b.value > 0))
        return 0;
    double ratio = duel_sort(duel);
    bool small = ratio < CLEAR_RATIO;
    if (!small && !ranges_overlap(&duel->a.range, &duel->b.range))
        return tell_winner(duel, ratio);
    figures_text(duel, figures, sizeof(figures));
    return duel_tell(duel, "no clear difference", ratio,
                     "no clear difference between %s and %s, %s (%s)", duel->a.name, duel->b.name,
                     figures, small ? "less than 5 % apart" : "their trials overlap");
}

/* A comparison of protocols measures the client where the client is a good part of the answer. */
static int tell_protocols(struct duel *duel)
{
    double a = client_share(duel->a.result), b = client_share(duel->b.result);
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

/* A cell that was measured but may not be compared. Cells that failed or do not exist have their
 * note under the table and no sentence. */
static int tell_spoiled(struct duel *duel)
{
    char reason[256];
    const struct side *spoiled = duel->a.result->status != BENCH_CELL_OK ? &duel->a : &duel->b;
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

static int compare_pair(struct duel *duel, const struct bench_result *a,
                        const struct bench_result *b)
{
    if (!is_measured(a) || !is_measured(b))
        return 0;
    /* Opening connections one after another: what a mode can do shows in their rate. */
    duel->measure = bench_result_is_bulk(a) ? BY_BYTES
                    : duel->group->view.ranking == BENCH_RANKING_TIME && duel->kind != PAIR_MODE
                        ? BY_TIME
                        : BY_RATE;
    side_init(&duel->a, duel, a);
    side_init(&duel->b, duel, b);
    /* One connection that moves bulk: encoding it, compression included, is what a protocol asks of
     * every client, and it happens in turn with the server's work, not in its way. */
    bool protocols = duel->kind == PAIR_PROTOCOL || duel->kind == PAIR_VARIANT;
    if (duel->measure == BY_BYTES && protocols && a->status != BENCH_CELL_INVALID &&
        b->status != BENCH_CELL_INVALID)
        return tell_verdict(duel);
    if (a->status != BENCH_CELL_OK || b->status != BENCH_CELL_OK)
        return tell_spoiled(duel);
    if (duel->kind == PAIR_PROTOCOL || duel->kind == PAIR_VARIANT)
        return tell_protocols(duel);
    return tell_verdict(duel);
}

/* "bandwidth, download 1MiB", "transfer, upload 16MiB in pieces of 64KiB". */
static void bulk_subject(const struct bench_result *result, char *out, size_t size)
{
    char text[128];
    const char *chunk = bench_result_parameter(result, "chunk");
    const char *style = bench_result_parameter(result, "style");
    (void)snprintf(
        text, sizeof(text), "%.30s, %.20s %.20s%s%.20s%s%.20s", result->workload,
        bench_result_parameter(result, "direction"), bench_result_parameter(result, "size"),
        style == NULL   ? ""
        : chunk != NULL ? " in "
                        : " ",
        style != NULL ? style : "", chunk != NULL ? " of " : "", chunk != NULL ? chunk : "");
    (void)bench_text_clean(text, out, size);
}

/* "cpu, 8 clients"; with everything else that tells this group from its namesakes. */
static void subject_text(const struct bench_report_group *group, char *out, size_t size)
{
    const struct bench_result *first = group->rows[0];
    char text[128];
    if (bench_result_is_bulk(first)) {
        bulk_subject(first, out, size);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s", first->workload);
    for (size_t i = 0; i < first->nparameters; i++) {
        const struct bench_parameter *parameter = &first->parameters[i];
        bool clients = same(parameter->name, "clients");
        size_t used = strlen(text);
        bool one = same(parameter->value, "1");
        if (clients && (!one || group->same_workload > 1))
            (void)snprintf(text + used, sizeof(text) - used, ", %s client%s", parameter->value,
                           one ? "" : "s");
        else if (!bench_parameter_is_count(first, parameter) && group->varies_otherwise)
            (void)snprintf(text + used, sizeof(text) - used, ", %s %s", parameter->name,
                           parameter->value);
    }
    (void)bench_text_clean(text, out, size);
}

/* ---- which cells of bulk ---- */

/* What is compared of many sizes: the smallest, the one nearest to this, and the largest. */
#define MIDDLE_BYTES 102400.0

static double amount(const struct bench_report_group *group, const char *name)
{
    const char *text = bench_result_parameter(group->rows[0], name);
    int64_t value;
    return text != NULL && bench_parse_size(text, &value, NULL) == 0 ? (double)value : NAN;
}

/* Of the page's groups that are like this one but for the parameter: the least and the greatest
 * value of it, and the one nearest to the middle. */
struct landmarks {
    double least, greatest, middle;
};

static double far_from_middle(double bytes) { return fabs(log(fmax(bytes, 1) / MIDDLE_BYTES)); }

static struct landmarks landmarks_of(const struct bench_report_group *groups, size_t count,
                                     const struct bench_report_group *group, const char *name)
{
    struct landmarks marks = {NAN, NAN, NAN};
    for (size_t g = 0; g < count; g++) {
        const struct bench_result *a = groups[g].rows[0], *b = group->rows[0];
        const char *own = bench_result_parameter(a, "direction");
        double value = amount(&groups[g], name);
        if (!same(a->workload, b->workload) || own == NULL ||
            !same(own, bench_result_parameter(b, "direction")) || isnan(value))
            continue;
        marks.least = fmin(marks.least, value);
        marks.greatest = fmax(marks.greatest, value);
        if (isnan(marks.middle) || far_from_middle(value) < far_from_middle(marks.middle))
            marks.middle = value;
    }
    return marks;
}

/* Of several numbers of clients: the smallest and the largest. */
static bool is_outermost(const struct bench_report_group *groups, size_t count,
                         const struct bench_report_group *group)
{
    bool least = true, greatest = true;
    double own = amount(group, "clients");
    for (size_t g = 0; g < count && !isnan(own); g++) {
        const struct bench_result *a = groups[g].rows[0], *b = group->rows[0];
        if (!same(a->workload, b->workload) || !same(a->operation, b->operation))
            continue;
        least = least && !(amount(&groups[g], "clients") < own);
        greatest = greatest && !(amount(&groups[g], "clients") > own);
    }
    return least || greatest;
}

/* Whether sentences are wanted of this group. Of bulk, few sizes stand for all; a transfer is
 * compared at its largest size: whole, and in pieces of the smallest and largest chunk. Streams are
 * not the same work in two protocols. */
static bool is_wanted(const struct bench_report_group *groups, size_t count,
                      const struct bench_report_group *group)
{
    if (!bench_result_is_bulk(group->rows[0]))
        return is_outermost(groups, count, group);
    const char *style = bench_result_parameter(group->rows[0], "style");
    struct landmarks sizes = landmarks_of(groups, count, group, "size");
    double size = amount(group, "size");
    if (style == NULL)
        return size <= sizes.least || size >= sizes.greatest ||
               (size >= sizes.middle && size <= sizes.middle);
    if (size < sizes.greatest || same(style, "stream"))
        return false;
    struct landmarks chunks = landmarks_of(groups, count, group, "chunk");
    double chunk = amount(group, "chunk");
    return isnan(chunk) || chunk <= chunks.least || chunk >= chunks.greatest;
}

static int compare_group(struct bench_run *run, const struct bench_report_group *group)
{
    struct duel duel = {.run = run, .group = group};
    duel.phrasing = phrasing_find(group->rows[0]->workload);
    subject_text(group, duel.subject, sizeof(duel.subject));
    for (unsigned kind = PAIR_PROTOCOL; kind <= PAIR_SERVER; kind <<= 1) {
        for (size_t i = 0; i < group->nrows; i++) {
            for (size_t k = i + 1; k < group->nrows; k++) {
                const struct bench_target_info *a = group->rows[i]->target;
                const struct bench_target_info *b = group->rows[k]->target;
                if (!(duel.phrasing->pairs & kind) || pair_kind(group, a, b) != kind)
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
        if (is_wanted(groups, count, &groups[i]))
            status = compare_group(run, &groups[i]);
    }
    bench_report_groups_free(groups, count);
    return status;
}
