/* SPDX-License-Identifier: MIT */
#include "suite/precision.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "stats/estimate.h"
#include "stats/steady.h"
#include "suite/facts.h"
#include "suite/pool.h"
#include "suite/report.h"

#define CONFIDENCE      0.95
#define DEFAULT_MAX_S   600
#define WIDE_TEXT_LIMIT 4000 /* bytes of a fact */

struct bench_precision_rule bench_precision_rule(const struct bench_plan *plan)
{
    const int repeats = (int)plan->repeats, most = (int)plan->max_repeats;
    struct bench_precision_rule rule = {
        .least = repeats, .most = repeats, .max_ns = plan->max_time_ns};
    if (!(plan->precision > 0) || plan->pilot)
        return rule;
    rule.wanted = plan->precision;
    rule.most = most > repeats ? most : repeats;
    rule.least = repeats > BENCH_PRECISION_LEAST ? repeats : BENCH_PRECISION_LEAST;
    if (rule.least > rule.most)
        rule.least = rule.most;
    if (rule.max_ns == 0)
        rule.max_ns = DEFAULT_MAX_S * BENCH_NS_PER_S;
    return rule;
}

const char *bench_precision_words(enum bench_precision_end end)
{
    static const char *const words[] = {
#define X(id, text) [BENCH_PRECISION_##id] = (text),
        BENCH_PRECISION_ENDS(X)
#undef X
    };
    return words[end];
}

enum bench_precision_end bench_precision_next(const struct bench_precision_rule *rule,
                                              const struct bench_precision_state *state)
{
    if (state->blocks >= rule->least && rule->wanted > 0 && state->widest <= rule->wanted)
        return BENCH_PRECISION_NARROW;
    if (state->blocks >= rule->most)
        return rule->wanted > 0 ? BENCH_PRECISION_BLOCKS : BENCH_PRECISION_AS_PLANNED;
    if (rule->max_ns == 0 || state->blocks == 0)
        return BENCH_PRECISION_GOES_ON;
    /* The next block will take what the others took. */
    const double expected =
        (double)state->elapsed_ns * (1 + 1 / (double)state->blocks);
    return expected > (double)rule->max_ns ? BENCH_PRECISION_TIME : BENCH_PRECISION_GOES_ON;
}

/* ---- one cell ---- */

double bench_precision_width(double *values, size_t n)
{
    const struct bench_bounds bounds = bench_mean_bounds(values, n, CONFIDENCE);
    const double median = bench_median(values, n);
    return median > 0 ? (bounds.high - bounds.low) / median : NAN;
}

int bench_precision_blocks(double *values, size_t n, double wanted, int most)
{
    if (n < 2 || most < 2)
        return most;
    const struct bench_levels levels = {.process = bench_variance(values, n),
                                        .mean = {.estimate = bench_median(values, n)}};
    const size_t blocks = bench_levels_trials(&levels, 1, wanted / 2, CONFIDENCE, (size_t)most);
    return blocks > n ? (int)blocks : (int)n < most ? (int)n : most;
}

const struct bench_metric *bench_precision_metric(const struct bench_result *result)
{
    if (bench_result_ranking(result) == BENCH_RANKING_TIME)
        return bench_metric_get(BENCH_METRIC_P50);
    return bench_metric_get(bench_result_is_bulk(result) ? BENCH_METRIC_BANDWIDTH
                                                         : BENCH_METRIC_THROUGHPUT);
}

static bool is_measurable(const struct bench_result *result)
{
    return bench_pool_status(result) == BENCH_CELL_OK && result->ntrials > 0;
}

bool bench_precision_watches(const struct bench_run *run, const struct bench_result *result)
{
    if (!is_measurable(result))
        return false;
    if (result->target->role == BENCH_ROLE_NORMAL)
        return true;
    for (size_t r = 0; r < run->nresults; r++)
        if (run->results[r].target->role == BENCH_ROLE_NORMAL)
            return false;
    return true;
}

/* The good trials' figures; the caller frees them. */
static int values_of(const struct bench_result *result, double **out, size_t *n)
{
    struct bench_trial_value *by_block = calloc(result->ntrials + 1, sizeof(*by_block));
    double *values = calloc(result->ntrials + 1, sizeof(*values));
    if (by_block == NULL || values == NULL) {
        free(by_block);
        free(values);
        return -ENOMEM;
    }
    *n = bench_metric_values(bench_precision_metric(result), result, by_block);
    for (size_t i = 0; i < *n; i++)
        values[i] = by_block[i].value;
    free(by_block);
    *out = values;
    return 0;
}

/* ---- all of them ---- */

int bench_precision_sum(const struct bench_run *run, const struct bench_precision_rule *rule,
                        struct bench_precision_sum *out)
{
    bool unknown = false;
    *out = (struct bench_precision_sum){.widest = NAN};
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *result = &run->results[r];
        double *values;
        size_t n;
        if (!bench_precision_watches(run, result))
            continue;
        if (values_of(result, &values, &n) < 0)
            return -ENOMEM;
        const double width = bench_precision_width(values, n);
        const int blocks = bench_precision_blocks(values, n, rule->wanted, rule->most);
        free(values);
        out->watched++;
        out->wider += !(width <= rule->wanted);
        out->widest = fmax(out->widest, width);
        out->blocks = blocks > out->blocks ? blocks : out->blocks;
        unknown |= isnan(width);
    }
    if (unknown)
        out->widest = NAN;
    if (out->watched == 0) /* nothing gets narrower */
        out->widest = 0;
    if (out->blocks < rule->least)
        out->blocks = rule->least;
    return 0;
}

static void name_cell(const struct bench_result *result, double width, char *out, size_t size)
{
    char parameters[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < result->nparameters && used < sizeof(parameters); i++)
        if (!bench_parameter_is_count(result, &result->parameters[i]))
            used += (size_t)snprintf(parameters + used, sizeof(parameters) - used, " %s=%s",
                                     result->parameters[i].name, result->parameters[i].value);
    char text[24] = "unknown";
    if (!isnan(width))
        (void)snprintf(text, sizeof(text), "%.3g %%", 100 * width);
    (void)snprintf(out, size, "%s %.200s%s, %s: %s", result->workload, result->target->name,
                   parameters, bench_precision_metric(result)->title, text);
}

/* Cells that are wider, one a line on stderr and all in one fact. */
static int tell_wide(const struct bench_run *run, const struct bench_precision_rule *rule,
                     struct bench_facts *facts)
{
    char all[WIDE_TEXT_LIMIT] = "";
    size_t used = 0;
    for (size_t r = 0; r < run->nresults; r++) {
        const struct bench_result *result = &run->results[r];
        double *values;
        size_t n;
        char text[500];
        if (!bench_precision_watches(run, result))
            continue;
        if (values_of(result, &values, &n) < 0)
            return -ENOMEM;
        const double width = bench_precision_width(values, n);
        free(values);
        if (width <= rule->wanted)
            continue;
        name_cell(result, width, text, sizeof(text));
        (void)fprintf(stderr, "  %s\n", text);
        if (used < sizeof(all))
            used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used > 0 ? "; " : "",
                                     text);
    }
    bench_facts_add_varying(facts, "wider than wanted", "%s", all);
    return 0;
}

int bench_precision_tell(struct bench_run *run, const struct bench_precision_rule *rule, int blocks,
                         enum bench_precision_end end)
{
    struct bench_facts facts = {.rows = run->plan, .n = run->nplan};
    struct bench_precision_sum sum;
    const char *why = run->interrupted ? "interrupted" : bench_precision_words(end);
    bench_facts_add_varying(&facts, "blocks measured", "%d", blocks);
    bench_facts_add_varying(&facts, "ended by", "%s", why);
    int rc = rule->wanted > 0 ? bench_precision_sum(run, rule, &sum) : 0;
    if (rc == 0 && rule->wanted > 0 && sum.wider > 0) {
        (void)fprintf(stderr,
                      "rpycbench: ended by %s after %d blocks: %zu of %zu cells have a 95 %% "
                      "interval wider than %.3g %%\n",
                      run->interrupted ? "an interrupt" : why, blocks, sum.wider, sum.watched,
                      100 * rule->wanted);
        rc = tell_wide(run, rule, &facts);
    } else if (rule->wanted <= 0 && end == BENCH_PRECISION_TIME) {
        (void)fprintf(stderr, "rpycbench: ended by --max-time after %d of %d blocks\n", blocks,
                      rule->most);
    }
    run->plan = facts.rows;
    run->nplan = facts.n;
    return facts.failed ? -ENOMEM : rc;
}
