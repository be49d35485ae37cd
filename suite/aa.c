/* SPDX-License-Identifier: MIT */
#include "suite/aa.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "render/table.h"
#include "suite/noise.h"
#include "suite/plan.h"
#include "suite/report.h"

static const enum bench_metric_id chosen[] = {BENCH_METRIC_P50, BENCH_METRIC_P99,
                                              BENCH_METRIC_THROUGHPUT, BENCH_METRIC_BANDWIDTH,
                                              BENCH_METRIC_CPU};

/* ---- pairs ---- */

static bool is_second(const char *name, const char *first)
{
    const size_t length = strlen(first);
    return strncmp(name, first, length) == 0 && strcmp(name + length, BENCH_ARM_SUFFIX) == 0;
}

static bool same_case(const struct bench_result *a, const struct bench_result *b)
{
    if (strcmp(a->workload, b->workload) != 0 || strcmp(a->operation, b->operation) != 0 ||
        strcmp(a->load_model, b->load_model) != 0 || a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++)
        if (strcmp(a->parameters[i].name, b->parameters[i].name) != 0 ||
            strcmp(a->parameters[i].value, b->parameters[i].value) != 0)
            return false;
    return true;
}

static const struct bench_result *second_arm(const struct bench_run *run,
                                             const struct bench_result *first)
{
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *other = &run->results[r];
        if (is_second(other->target->name, first->target->name) && same_case(first, other))
            return other;
    }
    return NULL;
}

/* In each single trial, on average. */
static bool resolves_p99(const struct bench_result *result)
{
    struct bench_statistic statistic;
    bench_result_statistic(result, bench_view_of(result->workload).series, &statistic);
    return result->ntrials > 0 &&
           bench_percentile_is_resolved(0.99, statistic.count / result->ntrials);
}

static bool applies(const struct bench_metric *metric, const struct bench_result *a,
                    const struct bench_result *b)
{
    const bool bulk = bench_result_is_bulk(a);
    if (metric->id == BENCH_METRIC_P99)
        return resolves_p99(a) && resolves_p99(b);
    if (metric->id == BENCH_METRIC_BANDWIDTH || metric->id == BENCH_METRIC_THROUGHPUT)
        return bulk == (metric->id == BENCH_METRIC_BANDWIDTH);
    return true;
}

int bench_aa_pairs(const struct bench_run *run, struct bench_aa_pair **out, size_t *count)
{
    struct bench_aa_pair *pairs =
        calloc(run->nresults * BENCH_COUNT_OF(chosen) + 1, sizeof(*pairs));
    int rc = pairs != NULL ? 0 : -ENOMEM;
    size_t n = 0;
    for (size_t r = 0; rc == 0 && r < run->nresults; r++) {
        const struct bench_result *a = &run->results[r], *b = second_arm(run, a);
        if (b == NULL || !bench_result_is_shown(a) || !bench_result_is_shown(b))
            continue;
        for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(chosen); i++) {
            struct bench_aa_pair *pair = &pairs[n];
            *pair = (struct bench_aa_pair){.cell = a, .metric = bench_metric_get(chosen[i])};
            if (!applies(pair->metric, a, b))
                continue;
            rc = bench_metric_effect(pair->metric, a, b, true, &pair->effect);
            if (rc < 0 || isnan(pair->effect.ratio.estimate))
                continue;
            pair->verdict = bench_effect_judge(&pair->effect, pair->metric->lower_is_better,
                                               &BENCH_VERDICT_RULES);
            pair->kept = bench_result_is_judged(a) && bench_result_is_judged(b) &&
                         pair->effect.na >= BENCH_VERDICT_TRIALS &&
                         pair->effect.nb >= BENCH_VERDICT_TRIALS;
            n++;
        }
    }
    if (rc < 0) {
        free(pairs);
        return rc;
    }
    *out = pairs;
    *count = n;
    return 0;
}

/* ---- text ---- */

static bool is_alarm(const struct bench_aa_pair *pair)
{
    return pair->verdict == BENCH_VERDICT_FASTER || pair->verdict == BENCH_VERDICT_SLOWER;
}

/* What tells cells of one workload apart: "size=64KiB direction=up". */
static void name_case(const struct bench_result *result, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", result->workload);
    for (size_t i = 0; i < result->nparameters && used < size; i++)
        if (!bench_parameter_is_count(result, &result->parameters[i]))
            used += (size_t)snprintf(out + used, size - used, " %s=%s", result->parameters[i].name,
                                     result->parameters[i].value);
}

static void put_pair(struct bench_table *table, const struct bench_aa_pair *pair)
{
    const struct bench_bounds *ratio = &pair->effect.ratio;
    char text[120];
    bench_table_row(table);
    name_case(pair->cell, text, sizeof(text));
    bench_table_cell(table, text);
    bench_table_cell(table, pair->cell->target->name);
    bench_table_cell(table, pair->metric->title);
    bench_table_cell(table, bench_metric_text(pair->metric, bench_metric_of_result(pair->metric,
                                                                                   pair->cell)).s);
    (void)snprintf(text, sizeof(text), "%.4f", ratio->estimate);
    bench_table_cell(table, text);
    (void)snprintf(text, sizeof(text), "%.3f to %.3f", ratio->low, ratio->high);
    bench_table_cell(table, isnan(ratio->low) || isnan(ratio->high) ? NULL : text);
    (void)snprintf(text, sizeof(text), "%s%s", bench_verdict_key(pair->verdict),
                   is_alarm(pair) ? ": a false alarm" : "");
    bench_table_cell(table, text);
}

static int put_table(FILE *out, const struct bench_aa_pair *pairs, size_t n)
{
    struct bench_table *table = bench_table_new();
    if (table == NULL)
        return -ENOMEM;
    bench_table_column(table, "workload", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "figure", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "first arm", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "second\nover first", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "95 % interval", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "would be called", BENCH_ALIGN_LEFT, 0);
    size_t alarms = 0;
    for (size_t i = 0; i < n; i++) {
        put_pair(table, &pairs[i]);
        alarms += is_alarm(&pairs[i]);
    }
    int rc = bench_table_write(table, out);
    bench_table_free(table);
    if (rc == 0)
        (void)fprintf(out,
                      "\n%zu of %zu pairs would be called different; each alone, 1 in 20 is what "
                      "chance allows\n",
                      alarms, n);
    return rc;
}

static int keep(const struct bench_run *run, const struct bench_aa_pair *pairs, size_t n,
                size_t *kept)
{
    struct bench_noise_pair *list = calloc(n + 1, sizeof(*list));
    struct bench_error err = {0};
    if (list == NULL)
        return -ENOMEM;
    *kept = 0;
    for (size_t i = 0; i < n && !run->interrupted; i++)
        if (pairs[i].kept)
            list[(*kept)++] = (struct bench_noise_pair){
                pairs[i].cell->workload, pairs[i].metric, pairs[i].effect.ratio.estimate};
    int rc = *kept > 0 ? bench_noise_keep(run->environment_hash, list, *kept, &err) : 0;
    free(list);
    if (rc < 0 && rc != -ENOMEM) {
        (void)fprintf(stderr, "rpycbench: the noise of this machine is not kept: %s\n", err.msg);
        *kept = 0;
        return 0;
    }
    return rc;
}

/* Whether a pair of the same workload and metric stands before this one. */
static bool is_repeated(const struct bench_aa_pair *pairs, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (pairs[i].metric == pairs[index].metric &&
            strcmp(pairs[i].cell->workload, pairs[index].cell->workload) == 0)
            return true;
    return false;
}

static int put_floor(FILE *out, const struct bench_run *run, const struct bench_aa_pair *pairs,
                     size_t n)
{
    struct bench_noise *noise;
    struct bench_error err = {0};
    int rc = bench_noise_read(run->environment_hash, &noise, &err);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        (void)fprintf(stderr, "rpycbench: %s\n", err.msg);
        return 0;
    }
    (void)fprintf(out,
                  "\nnoise floor of this machine (environment %.8s): differences below these read "
                  "\"no difference seen\"\n",
                  run->environment_hash);
    for (size_t i = 0; i < n; i++) {
        if (is_repeated(pairs, i))
            continue;
        const double floor = bench_noise_floor(noise, pairs[i].cell->workload, pairs[i].metric);
        (void)fprintf(out, "  %s, %s: ", pairs[i].cell->workload, pairs[i].metric->title);
        if (isnan(floor))
            (void)fprintf(out, "not known, it takes %d pairs\n", BENCH_NOISE_PAIRS);
        else
            (void)fprintf(out, "%.2g %%\n", 100 * floor);
    }
    bench_noise_free(noise);
    return 0;
}

int bench_aa_print(FILE *out, const struct bench_run *run)
{
    struct bench_aa_pair *pairs;
    size_t n, kept;
    int rc = bench_aa_pairs(run, &pairs, &n);
    if (rc < 0)
        return rc;
    if (n == 0) {
        (void)fputs("no target could be measured against itself\n", out);
        free(pairs);
        return 0;
    }
    rc = put_table(out, pairs, n);
    if (rc == 0)
        rc = keep(run, pairs, n, &kept);
    if (rc == 0)
        (void)fprintf(out, "%zu of them kept%s\n", kept,
                      kept < n ? " (not: floors and rulers, cells that are client-bound, fewer than "
                                 "four trials, interrupted runs)"
                               : "");
    if (rc == 0)
        rc = put_floor(out, run, pairs, n);
    free(pairs);
    return rc;
}
