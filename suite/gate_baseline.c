/* SPDX-License-Identifier: MIT */
/* Cells against those of a baseline, and what was worse a second time. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/contrast.h"
#include "suite/gate.h"
#include "suite/noise.h"
#include "suite/report.h"

#define ROUNDING 1e-9

static const unsigned usual = 1u << BENCH_METRIC_CPU | 1u << BENCH_METRIC_ROUND_TRIPS |
                              1u << BENCH_METRIC_BYTES | 1u << BENCH_METRIC_SUCCESS |
                              1u << BENCH_METRIC_P50 | 1u << BENCH_METRIC_P99 |
                              1u << BENCH_METRIC_THROUGHPUT | 1u << BENCH_METRIC_BANDWIDTH;

/* Of the usual ones, those that say something of this cell. */
static bool is_usual(const struct bench_result *cell, const struct bench_metric *metric)
{
    const bool bulk = bench_result_is_bulk(cell);
    switch (metric->id) {
    case BENCH_METRIC_P50:
        return !bulk;
    case BENCH_METRIC_P99:
        return !bulk && cell->ntrials > 0 &&
               bench_percentile_is_resolved(0.99, cell->pooled->succeeded / cell->ntrials);
    case BENCH_METRIC_THROUGHPUT:
        return !bulk && bench_result_ranking(cell) == BENCH_RANKING_THROUGHPUT;
    case BENCH_METRIC_BANDWIDTH:
        return bulk;
    default:
        return true;
    }
}

/* ---- one figure ---- */

/* How much worse: ratios above 1 are. */
struct slowdown {
    double estimate, low, high; /* 95 % */
    double high90;              /* of the interval that TOST takes */
};

static struct slowdown slowdown_of(const struct bench_contrast_row *row)
{
    const struct bench_bounds *r = &row->effect.ratio, *r90 = &row->effect.ratio90;
    if (row->metric->lower_is_better)
        return (struct slowdown){r->estimate, r->low, r->high, r90->high};
    return (struct slowdown){1 / r->estimate, 1 / r->high, 1 / r->low, 1 / r90->low};
}

/* "worse by 10.2 % [6.1 %, 14.0 %]", "better by 3 % [1 %, 5 %]"; ends beyond the other side of
 * nothing are negative. */
static void say_change(struct bench_gate_check *check, const struct slowdown *s)
{
    const bool worse = s->estimate >= 1;
    const double sign = worse ? 100 : -100;
    bench_gate_say(check, "%s by %.1f %%", worse ? "worse" : "better", sign * (s->estimate - 1));
    if (!isnan(s->low))
        bench_gate_say(check, ", 95 %% interval [%.1f %%, %.1f %%]",
                       sign * ((worse ? s->low : s->high) - 1),
                       sign * ((worse ? s->high : s->low) - 1));
}

static void judge_counted(struct bench_gate_check *check, const struct bench_contrast_row *row,
                          const struct bench_gate_rules *rules)
{
    const struct bench_metric *metric = row->metric;
    const double ratio =
        metric->lower_is_better ? row->b_value / row->a_value : row->a_value / row->b_value;
    /* A share of requests that fail is nothing to be tolerant of: errors are quick. */
    const double allowed = metric->id == BENCH_METRIC_SUCCESS ? 0 : rules->tolerance;
    const bool worse = metric->lower_is_better
                           ? row->b_value > row->a_value * (1 + allowed + ROUNDING)
                           : row->a_value > row->b_value * (1 + allowed + ROUNDING);
    check->slowdown = ratio;
    check->outcome = worse ? BENCH_GATE_REGRESSED : BENCH_GATE_OK;
    check->improved = !worse && ratio < 1 - ROUNDING;
    bench_gate_say(check, "; counted: %s",
                   worse                  ? "worse than is tolerated"
                   : check->improved      ? "better"
                   : ratio > 1 + ROUNDING ? "within what is tolerated"
                                          : "the same");
}

static bool is_within_floor(double estimate, double floor)
{
    return !isnan(floor) && estimate <= 1 + floor && estimate >= 1 / (1 + floor);
}

/* The same effect, seen from where it would no longer be tolerated. */
static size_t needs(const struct bench_contrast_row *row, const struct slowdown *s,
                    double tolerance)
{
    struct bench_effect effect = row->effect;
    const struct bench_verdict_rules rules = {.alpha = 0.05, .margin = 0, .floor = NAN};
    effect.ratio.estimate = s->estimate / (1 + tolerance);
    const size_t more = isnan(effect.ratio.estimate) ? 0 : bench_effect_needs(&effect, &rules);
    const size_t have = effect.na < effect.nb ? effect.na : effect.nb;
    const size_t least = have < BENCH_VERDICT_TRIALS ? BENCH_VERDICT_TRIALS - have : 1;
    return more > least ? more : least;
}

static void judge_measured(struct bench_gate_check *check, const struct bench_contrast_row *row,
                           const struct bench_contrast *contrast,
                           const struct bench_gate_rules *rules)
{
    const struct slowdown s = slowdown_of(row);
    const double limit = 1 + rules->tolerance;
    const double floor = bench_noise_floor(rules->noise, row->a->workload, row->metric);
    const bool enough =
        row->effect.na >= BENCH_VERDICT_TRIALS && row->effect.nb >= BENCH_VERDICT_TRIALS;
    const bool told = enough && row->effect.adjusted < contrast->rules.alpha;
    check->slowdown = s.estimate;
    check->slowdown_low = s.low;
    check->slowdown_high = s.high;
    bench_gate_say(check, ": ");
    if (isnan(s.estimate))
        bench_gate_say(check, "without a ratio");
    else
        say_change(check, &s);
    if (told && s.low > limit && is_within_floor(s.estimate, floor)) {
        check->outcome = BENCH_GATE_OK;
        bench_gate_say(check, "; this machine shows up to %.1f %% between a target and itself",
                       100 * floor);
    } else if (told && s.low > limit) {
        check->outcome = BENCH_GATE_REGRESSED;
        bench_gate_say(check, "; tolerated are %g %%", 100 * rules->tolerance);
    } else if (enough && s.high90 < limit) {
        check->outcome = BENCH_GATE_OK;
        check->improved = told && s.high < 1 && !is_within_floor(s.estimate, floor);
    } else {
        char more[60];
        check->outcome = BENCH_GATE_INCONCLUSIVE;
        check->needs = needs(row, &s, rules->tolerance);
        bench_gate_more(check->needs, more, sizeof(more));
        if (enough && s.low > limit)
            bench_gate_say(check,
                           "; not beyond doubt among so many figures (Holm), %s of each would "
                           "tell",
                           more);
        else if (enough)
            bench_gate_say(check,
                           "; the %g %% that are tolerated lie within it, %s of each would tell",
                           100 * rules->tolerance, more);
        else
            bench_gate_say(check, "; %zu trials of each are the least, %s would do",
                           (size_t)BENCH_VERDICT_TRIALS, more);
    }
}

static void judge(struct bench_gate_check *check, const struct bench_contrast_row *row,
                  const struct bench_contrast *contrast, const struct bench_gate_rules *rules)
{
    const struct bench_text now = bench_metric_text(row->metric, row->b_value),
                            before = bench_metric_text(row->metric, row->a_value);
    check->words[0] = '\0';
    check->value = row->b_value;
    check->before = row->a_value;
    check->trials = row->effect.nb;
    check->needs = 0;
    check->improved = false;
    bench_gate_say(check, "%s against %s", now.s, before.s);
    if (row->spoiled != NULL) {
        const char *why = row->b->status != BENCH_CELL_OK ? row->b->reason : row->a->reason;
        check->outcome = BENCH_GATE_INVALID;
        bench_gate_say(check, "; %s: %.300s", row->spoiled, why != NULL ? why : "");
    } else if (row->counted || row->metric->exact) {
        judge_counted(check, row, rules);
    } else {
        judge_measured(check, row, contrast, rules);
    }
}

/* ---- all of them ---- */

static int contrast_of(const struct bench_run *baseline, const struct bench_run *run,
                       const struct bench_gate_rules *rules, struct bench_contrast *out)
{
    const struct bench_contrast_options options = {.metrics =
                                                       rules->metrics != 0 ? rules->metrics : usual,
                                                   .noise = rules->noise,
                                                   .margin = rules->tolerance};
    return bench_contrast_runs(baseline, run, &options, out);
}

static bool is_wanted(const struct bench_run *run, const struct bench_gate_filter *filter,
                      const struct bench_gate_rules *rules, const struct bench_contrast_row *row)
{
    return bench_gate_filter_has(filter, row->b) && bench_gate_is_judged(run, row->b) &&
           !isnan(row->a_value) && !isnan(row->b_value) &&
           (rules->metrics != 0 || is_usual(row->b, row->metric));
}

static int add_rows(struct bench_gate *gate, const struct bench_run *run,
                    const struct bench_gate_filter *filter, const struct bench_gate_rules *rules,
                    const struct bench_contrast *contrast, const struct bench_result *cell)
{
    for (int order = 0; order <= 9; order++) { /* what scatters least comes first */
        for (size_t i = 0; i < contrast->nrows; i++) {
            const struct bench_contrast_row *row = &contrast->rows[i];
            if (row->a != cell || row->metric->order != order ||
                !is_wanted(run, filter, rules, row))
                continue;
            struct bench_gate_check *check = bench_gate_add(gate, row->b);
            if (check == NULL)
                return -ENOMEM;
            check->metric = row->metric;
            check->baseline = row->a;
            (void)snprintf(check->figure, sizeof(check->figure), "%s against the baseline",
                           row->metric->title);
            judge(check, row, contrast, rules);
        }
    }
    return 0;
}

/* A cell of the baseline that is not there any more: nobody may call that fine. */
static int add_lost(struct bench_gate *gate, const struct bench_result *cell, bool forced)
{
    struct bench_gate_check *check = bench_gate_add(gate, cell);
    if (check == NULL)
        return -ENOMEM;
    check->outcome = forced ? BENCH_GATE_OK : BENCH_GATE_ERROR;
    check->skipped = forced;
    check->baseline = cell;
    (void)snprintf(check->figure, sizeof(check->figure), "all against the baseline");
    (void)snprintf(check->words, sizeof(check->words),
                   "in the baseline, but not measured now, or without any figure to compare");
    return 0;
}

static int list_differences(struct bench_gate *gate, const struct bench_run *baseline,
                            const struct bench_run *run, size_t *count)
{
    size_t length;
    FILE *out = open_memstream(&gate->differences, &length);
    if (out == NULL)
        return -ENOMEM;
    *count = bench_run_differences(baseline, run, out);
    return fclose(out) == 0 ? 0 : -ENOMEM;
}

static bool has_figures(const struct bench_result *result)
{
    return result->pooled != NULL && result->status != BENCH_CELL_FAILED &&
           result->status != BENCH_CELL_UNAVAILABLE;
}

static int add_all(struct bench_gate *gate, const struct bench_run *baseline,
                   const struct bench_run *run, const struct bench_gate_filter *filter,
                   const struct bench_gate_rules *rules)
{
    struct bench_contrast contrast;
    const size_t before = gate->nchecks;
    size_t compared = 0;
    int rc = contrast_of(baseline, run, rules, &contrast);
    for (size_t i = 0; rc == 0 && i < baseline->nresults; i++) {
        const struct bench_result *cell = &baseline->results[i];
        const size_t n = gate->nchecks;
        rc = add_rows(gate, run, filter, rules, &contrast, cell);
        compared += gate->nchecks - n;
        bool matched = false;
        for (size_t k = 0; k < contrast.nrows && !matched; k++)
            matched = contrast.rows[k].a == cell;
        if (rc == 0 && !matched && has_figures(cell) && bench_gate_is_judged(baseline, cell) &&
            bench_gate_filter_has(filter, cell))
            rc = add_lost(gate, cell, rules->forced);
    }
    bench_contrast_fini(&contrast);
    if (rc == 0 && compared == 0 && gate->nchecks == before)
        rc = bench_gate_add_note(gate, BENCH_GATE_ERROR,
                                 "the run and the baseline have no cell in common");
    else if (rc == 0 && compared == 0 && rules->forced)
        rc = bench_gate_add_note(gate, BENCH_GATE_ERROR,
                                 "nothing of the baseline could be compared");
    return rc;
}

int bench_gate_baseline(struct bench_gate *gate, const struct bench_run *baseline,
                        const struct bench_run *run, const struct bench_gate_filter *filter,
                        const struct bench_gate_rules *rules)
{
    size_t differences = 0;
    gate->tolerance = rules->tolerance;
    int rc = list_differences(gate, baseline, run, &differences);
    if (rc < 0)
        return rc;
    if (differences == 0) {
        free(gate->differences);
        gate->differences = NULL;
    } else if (!rules->forced) {
        return bench_gate_add_note(
            gate, BENCH_GATE_INVALID,
            "the baseline is of another experiment (--force compares all the "
            "same)");
    }
    return add_all(gate, baseline, run, filter, rules);
}

/* ---- a second time ---- */

static void judge_again(struct bench_gate_check *check, const struct bench_contrast *contrast,
                        const struct bench_gate_rules *rules)
{
    const struct bench_contrast_row *row = NULL;
    for (size_t i = 0; i < contrast->nrows && row == NULL; i++)
        if (contrast->rows[i].a == check->baseline && contrast->rows[i].metric == check->metric)
            row = &contrast->rows[i];
    if (row == NULL) {
        check->outcome = BENCH_GATE_ERROR;
        bench_gate_say(check, "; a second batch could not be measured");
        return;
    }
    struct bench_gate_check again = *check;
    judge(&again, row, contrast, rules);
    if (again.outcome == BENCH_GATE_REGRESSED) {
        bench_gate_say(check, "; and again in a second batch (%.200s)", again.words);
        return;
    }
    check->outcome = again.outcome;
    check->needs = again.needs;
    bench_gate_say(check, "; not so in a second batch (%.300s)", again.words);
}

int bench_gate_repeat(struct bench_gate *gate, const struct bench_run *baseline,
                      const struct bench_run *again, const struct bench_gate_rules *rules)
{
    struct bench_contrast contrast;
    int rc = contrast_of(baseline, again, rules, &contrast);
    for (size_t i = 0; rc == 0 && i < gate->nchecks; i++)
        if (gate->checks[i].outcome == BENCH_GATE_REGRESSED && gate->checks[i].baseline != NULL)
            judge_again(&gate->checks[i], &contrast, rules);
    bench_contrast_fini(&contrast);
    gate->again = rc == 0;
    return rc;
}
