/* SPDX-License-Identifier: MIT */
/* Limits: how they are written, which cells they fit, what is said of these. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "render/table.h"
#include "stats/verdict.h"
#include "suite/gate.h"
#include "suite/report.h"
#include "suite/workloads.h"

/* Counts are divided by numbers of requests: what is the same may differ in its last digit. */
#define ROUNDING 1e-9

/* ---- as written ---- */

static int no_such_metric(const char *name, int length, struct bench_error *err)
{
    char list[220] = "";
    for (int i = 0; i < BENCH_METRIC_COUNT; i++)
        (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i > 0 ? ", " : "",
                       bench_metric_get((enum bench_metric_id)i)->key);
    return bench_fail(err, -EINVAL, "'%.*s' is not one of %s", length < 30 ? length : 30, name,
                      list);
}

static int no_such_workload(const char *name, struct bench_error *err)
{
    char list[160] = "";
    for (int i = 0; i < BENCH_WORKLOAD_COUNT; i++)
        (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i > 0 ? ", " : "",
                       bench_workload_get((enum bench_workload_id)i)->name);
    return bench_fail(err, -EINVAL, "there is no workload '%.60s'; there is %s", name, list);
}

/* "WORKLOAD" or "TARGET:WORKLOAD"; a target may hold colons itself. */
static int parse_cell(const char *text, size_t length, struct bench_gate_limit *out,
                      struct bench_error *err)
{
    char copy[300];
    if (length >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", text);
    (void)snprintf(copy, sizeof(copy), "%.*s", (int)length, text);
    char *colon = strrchr(copy, ':');
    const char *workload = colon == NULL ? copy : colon + 1;
    if (colon != NULL)
        *colon = '\0';
    if (colon != NULL && (copy[0] == '\0' || strlen(copy) >= sizeof(out->target)))
        return bench_fail(err, -EINVAL, "'%.60s' is not the name of a target", copy);
    if (strcmp(workload, "*") != 0 && bench_workload_find(workload) == NULL)
        return no_such_workload(workload, err);
    if (colon != NULL && strcmp(copy, "*") != 0)
        (void)snprintf(out->target, sizeof(out->target), "%.255s", copy);
    if (strcmp(workload, "*") != 0)
        (void)snprintf(out->workload, sizeof(out->workload), "%.31s", workload);
    return 0;
}

int bench_gate_limit_parse(const char *text, bool is_least, struct bench_gate_limit *out,
                           struct bench_error *err)
{
    struct bench_gate_limit limit = {.is_least = is_least};
    const char *value = strrchr(text, '=');
    if (strlen(text) + 8 >= sizeof(limit.text))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", text);
    if (value == NULL)
        return bench_fail(err, -EINVAL, "'%.80s' is not [[TARGET:]WORKLOAD:]METRIC=VALUE", text);
    const char *key = value;
    while (key > text && key[-1] != ':')
        key--;
    limit.metric = bench_metric_find(key, (size_t)(value - key));
    if (limit.metric == NULL)
        return no_such_metric(key, (int)(value - key), err);
    int rc = key == text ? 0 : parse_cell(text, (size_t)(key - text) - 1, &limit, err);
    if (rc == 0)
        rc = bench_metric_parse(limit.metric, value + 1, &limit.value, err);
    if (rc < 0)
        return rc;
    if (limit.metric->lower_is_better == is_least)
        return bench_fail(err, -EINVAL, "%s is better when it is %s: write --%s %.100s",
                          limit.metric->key, is_least ? "low" : "high", is_least ? "max" : "min",
                          text);
    (void)snprintf(limit.text, sizeof(limit.text), "--%s %.300s", is_least ? "min" : "max", text);
    *out = limit;
    return 0;
}

/* ---- one cell ---- */

static double percentile_of(const struct bench_metric *metric)
{
    switch (metric->id) {
    case BENCH_METRIC_P50:
        return 0.5;
    case BENCH_METRIC_P90:
        return 0.9;
    case BENCH_METRIC_P95:
        return 0.95;
    case BENCH_METRIC_P99:
        return 0.99;
    case BENCH_METRIC_P999:
        return 0.999;
    default:
        return NAN;
    }
}

/* Trials until the interval no longer holds the limit: as for a ratio of cell to limit. */
static int more_trials(const struct bench_gate_limit *limit, const struct bench_result *cell,
                       size_t *out)
{
    struct bench_trial_value *values = calloc(cell->ntrials + 1, sizeof(*values));
    double *plain = calloc(cell->ntrials + 1, sizeof(*plain));
    if (values != NULL && plain != NULL) {
        const size_t n = bench_metric_values(limit->metric, cell, values);
        for (size_t i = 0; i < n; i++)
            plain[i] = values[i].value;
        const double mean = bench_mean(plain, n);
        const struct bench_effect effect = {.na = n,
                                            .nb = n,
                                            .paired = true,
                                            .ratio = {.estimate = mean / limit->value},
                                            .scatter = sqrt(bench_variance(plain, n)) / mean};
        const struct bench_verdict_rules rules = {.alpha = 0.05, .margin = 0, .floor = NAN};
        *out = bench_effect_needs(&effect, &rules);
        *out += *out == 0; /* what there is did not do */
    }
    const bool failed = values == NULL || plain == NULL;
    free(values);
    free(plain);
    return failed ? -ENOMEM : 0;
}

enum side { WITHIN, BEYOND, BOTH };

static enum side side_of(const struct bench_gate_limit *limit, const struct bench_gate_check *check)
{
    const double room = fabs(limit->value) * ROUNDING;
    const double low = limit->metric->exact ? check->value : fmin(check->low, check->value);
    const double high = limit->metric->exact ? check->value : fmax(check->high, check->value);
    if (!limit->metric->exact && isnan(check->low))
        return BOTH;
    if (limit->is_least)
        return low >= limit->value - room ? WITHIN : high < limit->value - room ? BEYOND : BOTH;
    return high <= limit->value + room ? WITHIN : low > limit->value + room ? BEYOND : BOTH;
}

/* "0.13 ms [0.12 ms, 0.14 ms] over 8 trials" */
static void say_figure(struct bench_gate_check *check)
{
    const struct bench_metric *metric = check->metric;
    const struct bench_text value = bench_metric_text(metric, check->value);
    if (metric->exact)
        (void)snprintf(check->words, sizeof(check->words), "%s, counted over %zu trial%s", value.s,
                       check->trials, check->trials == 1 ? "" : "s");
    else if (isnan(check->low))
        (void)snprintf(check->words, sizeof(check->words), "%s in %zu trial%s, without an interval",
                       value.s, check->trials, check->trials == 1 ? "" : "s");
    else
        (void)snprintf(check->words, sizeof(check->words),
                       "%s, 95 %% interval [%s, %s] over %zu trials", value.s,
                       bench_metric_text(metric, check->low).s,
                       bench_metric_text(metric, check->high).s, check->trials);
}

/* The client was the bottleneck: the server is at least as good as this. */
static void judge_client_bound(struct bench_gate_check *check, enum side side, const char *reason)
{
    check->outcome = side == WITHIN ? BENCH_GATE_OK : BENCH_GATE_INVALID;
    bench_gate_say(check, "; client-bound: the server is at least this good%s (%.200s)",
                   side == WITHIN ? "" : ", whether good enough cannot be said", reason);
}

static int judge(struct bench_gate_check *check, const struct bench_gate_limit *limit,
                 const struct bench_result *cell)
{
    const double p = percentile_of(limit->metric);
    const enum side side = side_of(limit, check);
    const struct bench_text allowed = bench_metric_text(limit->metric, limit->value);
    char more[60];
    say_figure(check);
    if (cell->status == BENCH_CELL_INVALID) {
        check->outcome = BENCH_GATE_INVALID;
        bench_gate_say(check, "; not to be trusted: %.300s", cell->reason);
        return 0;
    }
    if (cell->status == BENCH_CELL_CLIENT_BOUND && !limit->metric->exact) {
        judge_client_bound(check, side, cell->reason);
        return 0;
    }
    if (!isnan(p) && !bench_percentile_is_resolved(p, cell->pooled->succeeded)) {
        check->outcome = BENCH_GATE_INCONCLUSIVE;
        bench_gate_say(check, "; %llu samples do not carry %s: it takes %llu",
                       (unsigned long long)cell->pooled->succeeded, limit->metric->key,
                       (unsigned long long)bench_percentile_needs(p));
        return 0;
    }
    if (side != BOTH) {
        check->outcome = side == WITHIN ? BENCH_GATE_OK : BENCH_GATE_REGRESSED;
        if (side == BEYOND)
            bench_gate_say(check, "; %s%s than the %s allowed",
                           limit->metric->exact ? "" : "all of it ",
                           limit->is_least ? "less" : "more", allowed.s);
        return 0;
    }
    check->outcome = BENCH_GATE_INCONCLUSIVE;
    int rc = more_trials(limit, cell, &check->needs);
    bench_gate_more(check->needs, more, sizeof(more));
    if (isnan(check->low))
        bench_gate_say(check, "; two trials are the least for one, %s would tell", more);
    else
        bench_gate_say(check, "; the limit of %s lies within it, %s would tell", allowed.s, more);
    return rc;
}

/* What a limit came to. */
struct fit {
    size_t judged, failed, absent;
};

static int hold(struct bench_gate *gate, const struct bench_gate_limit *limit,
                const struct bench_result *cell, struct fit *fit)
{
    const bool failed = cell->status == BENCH_CELL_FAILED || cell->pooled == NULL;
    const bool absent = cell->status == BENCH_CELL_UNAVAILABLE;
    const double value = failed || absent ? NAN : bench_metric_of_result(limit->metric, cell);
    struct bench_bounds bounds = {.low = NAN, .high = NAN};
    if (!failed && !absent && isnan(value))
        return 0; /* it has no such figure */
    struct bench_gate_check *check = bench_gate_add(gate, cell);
    int rc = check == NULL ? -ENOMEM : 0;
    if (rc == 0 && !failed && !absent)
        rc = bench_metric_bounds(limit->metric, cell, &bounds);
    if (rc < 0)
        return rc;
    check->metric = limit->metric;
    check->value = value;
    check->low = bounds.low < 0 ? 0 : bounds.low; /* Student knows no end below */
    check->high = bounds.high;
    check->allowed = limit->value;
    for (size_t i = 0; i < cell->ntrials; i++)
        check->trials += bench_trial_is_good(&cell->trials[i]);
    (void)snprintf(check->figure, sizeof(check->figure), "%s at %s %s", limit->metric->title,
                   limit->is_least ? "least" : "most",
                   bench_metric_text(limit->metric, limit->value).s);
    if (absent || failed) {
        check->skipped = absent;
        check->outcome = absent ? BENCH_GATE_OK : BENCH_GATE_ERROR;
        (void)bench_text_clean(cell->reason != NULL && cell->reason[0] != '\0' ? cell->reason
                                                                               : "not measured",
                               check->words, sizeof(check->words));
        fit->absent += absent;
        fit->failed += !absent;
        return 0;
    }
    fit->judged++;
    return judge(check, limit, cell);
}

static bool is_meant(const struct bench_gate_limit *limit, const struct bench_run *run,
                     const struct bench_result *cell)
{
    if (limit->workload[0] != '\0' && strcmp(limit->workload, cell->workload) != 0)
        return false;
    if (limit->target[0] != '\0')
        return strcmp(limit->target, cell->target->name) == 0;
    return bench_gate_is_judged(run, cell);
}

int bench_gate_limits(struct bench_gate *gate, const struct bench_run *run,
                      const struct bench_gate_filter *filter, const struct bench_gate_limit *limits,
                      size_t nlimits, struct bench_error *err)
{
    for (size_t i = 0; i < nlimits; i++) {
        struct fit fit = {0};
        for (size_t r = 0; r < run->nresults; r++) {
            const struct bench_result *cell = &run->results[r];
            if (!is_meant(&limits[i], run, cell) || !bench_gate_filter_has(filter, cell))
                continue;
            int rc = hold(gate, &limits[i], cell, &fit);
            if (rc < 0)
                return bench_fail(err, rc, "out of memory");
        }
        if (fit.judged + fit.failed + fit.absent == 0)
            return bench_fail(err, -EINVAL, "%.200s fits no cell: it could never fail",
                              limits[i].text);
        if (fit.judged + fit.failed == 0) {
            char words[400];
            (void)snprintf(words, sizeof(words), "%.300s: nothing that it fits was measured",
                           limits[i].text);
            int rc = bench_gate_add_note(gate, BENCH_GATE_ERROR, words);
            if (rc < 0)
                return bench_fail(err, rc, "out of memory");
        }
    }
    return 0;
}
