/* SPDX-License-Identifier: MIT */
#include "suite/contrast.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/noise.h"
#include "suite/report.h"

enum { CELL_BYTES = 320 };

/* ---- which cells are the same ---- */

static bool same_parameters(const struct bench_result *a, const struct bench_result *b)
{
    if (a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (value == NULL || strcmp(value, a->parameters[i].value) != 0)
            return false;
    }
    return true;
}

static bool same_work(const struct bench_result *a, const struct bench_result *b)
{
    return strcmp(a->workload, b->workload) == 0 && strcmp(a->operation, b->operation) == 0 &&
           strcmp(a->load_model, b->load_model) == 0 && same_parameters(a, b);
}

static bool same_target(const struct bench_target_info *a, const struct bench_target_info *b)
{
    return strcmp(a->name, b->name) == 0;
}

/* Measured, or spoiled in a way that is worth a row. */
static bool has_figures(const struct bench_result *result)
{
    return result->pooled != NULL && result->status != BENCH_CELL_FAILED &&
           result->status != BENCH_CELL_UNAVAILABLE;
}

/* ---- rows ---- */

struct maker {
    struct bench_contrast *out;
    const struct bench_contrast_options *options;
};

static int add_unmatched(struct bench_contrast *out, const struct bench_result *result,
                         const char *why)
{
    char cell[CELL_BYTES], text[CELL_BYTES * 2];
    bench_contrast_cell(result, cell, sizeof(cell));
    int n = snprintf(text, sizeof(text), "%s, %s: %s", cell, result->target->name, why);
    char **list = realloc(out->unmatched, (out->nunmatched + 1) * sizeof(*list));
    if (list == NULL || n < 0)
        return -ENOMEM;
    out->unmatched = list;
    char *clean = malloc(sizeof(text));
    if (clean == NULL)
        return -ENOMEM;
    list[out->nunmatched++] = bench_text_clean(text, clean, sizeof(text));
    return 0;
}

/* A number of things that was the same in each trial: no test is needed. Files keep the counts of
 * all trials together; a whole number of them per request is that of each. */
static bool is_constant(const struct bench_metric *metric, const struct bench_result *result)
{
    double first = NAN;
    for (size_t i = 0; i < result->ntrials; i++) {
        if (!bench_trial_is_good(&result->trials[i]))
            continue;
        double value = bench_metric_of_trial(metric, result, &result->trials[i]);
        if (!isnan(value) && !isnan(first) && (value < first || value > first))
            return false;
        first = isnan(value) ? first : value;
    }
    const double whole = bench_metric_of_result(metric, result);
    return !isnan(first) || (!isnan(whole) && !(fabs(whole - round(whole)) > 0));
}

static const char *spoiled_by(const struct bench_result *result)
{
    return result->status == BENCH_CELL_OK ? NULL : bench_cell_status_name(result->status);
}

static int row_fill(const struct maker *m, struct bench_contrast_row *row)
{
    row->a_value = bench_metric_of_result(row->metric, row->a);
    row->b_value = bench_metric_of_result(row->metric, row->b);
    row->spoiled = spoiled_by(row->a) != NULL ? spoiled_by(row->a) : spoiled_by(row->b);
    /* A count is one whether or not the times are to be trusted. */
    if (row->metric->exact && row->a->status != BENCH_CELL_INVALID &&
        row->b->status != BENCH_CELL_INVALID)
        row->spoiled = NULL;
    row->counted =
        row->metric->exact && is_constant(row->metric, row->a) && is_constant(row->metric, row->b);
    return bench_metric_effect(row->metric, row->a, row->b, m->out->paired, &row->effect);
}

static bool is_default(const struct bench_result *a, const struct bench_metric *metric)
{
    switch (metric->id) {
    case BENCH_METRIC_P50:
        return !bench_result_is_bulk(a);
    case BENCH_METRIC_P99:
        return !bench_result_is_bulk(a) &&
               bench_percentile_is_resolved(0.99, a->pooled->succeeded /
                                                      (a->ntrials > 0 ? a->ntrials : 1));
    case BENCH_METRIC_BANDWIDTH:
        return bench_result_is_bulk(a);
    case BENCH_METRIC_THROUGHPUT:
        return bench_result_ranking(a) == BENCH_RANKING_THROUGHPUT && !bench_result_is_bulk(a);
    case BENCH_METRIC_CPU:
        return true;
    default:
        return metric->exact && metric->id != BENCH_METRIC_BYTES;
    }
}

/* Exact numbers that did not change are not worth a line unless they were asked for. */
static bool is_wanted(const struct maker *m, const struct bench_contrast_row *row)
{
    if (isnan(row->a_value) && isnan(row->b_value))
        return false;
    if (m->options->metrics != 0)
        return (m->options->metrics >> row->metric->id & 1) != 0;
    if (!is_default(row->a, row->metric))
        return false;
    return !row->metric->exact || row->a_value < row->b_value || row->a_value > row->b_value;
}

static int add_cell(const struct maker *m, const struct bench_result *a,
                    const struct bench_result *b)
{
    struct bench_contrast *out = m->out;
    out->ncells++;
    for (int i = 0; i < BENCH_METRIC_COUNT; i++) {
        struct bench_contrast_row row = {
            .a = a, .b = b, .metric = bench_metric_get((enum bench_metric_id)i)};
        int rc = row_fill(m, &row);
        if (rc < 0)
            return rc;
        if (!is_wanted(m, &row))
            continue;
        struct bench_contrast_row *rows = realloc(out->rows, (out->nrows + 1) * sizeof(*rows));
        if (rows == NULL)
            return -ENOMEM;
        out->rows = rows;
        rows[out->nrows++] = row;
    }
    return 0;
}

/* ---- verdicts: after Holm over all rows that are tested ---- */

static bool is_tested(const struct bench_contrast_row *row)
{
    return !row->counted && row->spoiled == NULL;
}

static enum bench_verdict counted_verdict(const struct bench_contrast_row *row)
{
    if (!(row->a_value < row->b_value) && !(row->a_value > row->b_value))
        return BENCH_VERDICT_EQUIVALENT;
    return (row->b_value < row->a_value) == row->metric->lower_is_better ? BENCH_VERDICT_FASTER
                                                                         : BENCH_VERDICT_SLOWER;
}

static int judge(const struct maker *m)
{
    struct bench_contrast *out = m->out;
    struct bench_effect **tested = calloc(out->nrows + 1, sizeof(*tested));
    size_t n = 0;
    if (tested == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < out->nrows; i++)
        if (is_tested(&out->rows[i]))
            tested[n++] = &out->rows[i].effect;
    int rc = bench_effects_adjust(tested, n);
    free(tested);
    for (size_t i = 0; rc == 0 && i < out->nrows; i++) {
        struct bench_contrast_row *row = &out->rows[i];
        struct bench_verdict_rules rules = out->rules;
        rules.floor = bench_noise_floor(m->options->noise, row->a->workload, row->metric);
        row->verdict = row->counted
                           ? counted_verdict(row)
                           : bench_effect_judge(&row->effect, row->metric->lower_is_better, &rules);
        if (!row->counted && row->verdict == BENCH_VERDICT_CANNOT_TELL)
            row->needs =
                bench_effect_needs(&row->effect, &rules) + 1; /* what there is did not do */
        if (row->spoiled != NULL)
            row->verdict = BENCH_VERDICT_CANNOT_TELL;
    }
    return rc;
}

static struct maker maker_begin(struct bench_contrast *out,
                                const struct bench_contrast_options *options, bool paired)
{
    *out = (struct bench_contrast){.paired = paired, .rules = BENCH_VERDICT_RULES};
    out->rules.margin = options->margin;
    return (struct maker){out, options};
}

int bench_contrast_runs(const struct bench_run *a, const struct bench_run *b,
                        const struct bench_contrast_options *options, struct bench_contrast *out)
{
    const struct maker m = maker_begin(out, options, false);
    const bool one_target = a->ntargets == 1 && b->ntargets == 1;
    int rc = 0;
    bool *used = calloc(b->nresults + 1, sizeof(*used));
    if (used == NULL)
        return -ENOMEM;
    for (size_t i = 0; rc == 0 && i < a->nresults; i++) {
        const struct bench_result *x = &a->results[i], *y = NULL;
        for (size_t k = 0; k < b->nresults && y == NULL; k++) {
            const struct bench_result *other = &b->results[k];
            if (used[k] || !same_work(x, other) ||
                !(one_target || same_target(x->target, other->target)))
                continue;
            used[k] = true;
            y = other;
        }
        if (y == NULL)
            rc = has_figures(x) ? add_unmatched(out, x, "only before") : 0;
        else if (has_figures(x) && has_figures(y))
            rc = add_cell(&m, x, y);
        else if (has_figures(x) || has_figures(y))
            rc = add_unmatched(out, x,
                               has_figures(x) ? "not measured after" : "not measured before");
    }
    for (size_t k = 0; rc == 0 && k < b->nresults; k++)
        if (!used[k] && has_figures(&b->results[k]))
            rc = add_unmatched(out, &b->results[k], "only after");
    free(used);
    return rc == 0 ? judge(&m) : rc;
}

/* The other side of a cell of target a: the same work of target b, or, of one target, the next
 * operation that was called in the same way. NULL. */
static const struct bench_result *partner(const struct bench_run *run, size_t i, const char *a,
                                          const char *b)
{
    const struct bench_result *x = &run->results[i];
    if (strcmp(x->target->name, a) != 0)
        return NULL;
    for (size_t k = 0; k < run->nresults; k++) {
        const struct bench_result *y = &run->results[k];
        if (strcmp(y->target->name, b) != 0)
            continue;
        if (strcmp(a, b) != 0 ? same_work(x, y)
                              : k > i && strcmp(x->workload, y->workload) == 0 &&
                                    strcmp(x->load_model, y->load_model) == 0 &&
                                    strcmp(x->operation, y->operation) != 0)
            return y;
    }
    return NULL;
}

int bench_contrast_within(const struct bench_run *run, const char *a, const char *b,
                          const struct bench_contrast_options *options, struct bench_contrast *out)
{
    const struct maker m = maker_begin(out, options, true);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->nresults; i++) {
        const struct bench_result *x = &run->results[i], *y = partner(run, i, a, b);
        if (y == NULL)
            continue;
        if (has_figures(x) && has_figures(y))
            rc = add_cell(&m, x, y);
        else if (has_figures(x) || has_figures(y))
            rc = add_unmatched(out, has_figures(x) ? y : x, "not measured");
    }
    return rc == 0 ? judge(&m) : rc;
}

void bench_contrast_fini(struct bench_contrast *contrast)
{
    for (size_t i = 0; i < contrast->nunmatched; i++)
        free(contrast->unmatched[i]);
    free(contrast->unmatched);
    free(contrast->rows);
    *contrast = (struct bench_contrast){0};
}
