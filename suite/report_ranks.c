/* SPDX-License-Identifier: MIT */
/* Ranks with ties: rows that are not told apart share one. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "stats/verdict.h"
#include "suite/noise.h"
#include "suite/report.h"

const struct bench_metric *bench_group_metric(const struct bench_report_group *group)
{
    if (bench_result_is_bulk(group->rows[0]))
        return bench_metric_get(BENCH_METRIC_BANDWIDTH);
    return bench_metric_get(group->view.ranking == BENCH_RANKING_THROUGHPUT
                                ? BENCH_METRIC_THROUGHPUT
                                : BENCH_METRIC_P50);
}

double bench_result_effective(const struct bench_result *result, uint64_t n)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_trial *trial = &result->trials[i];
        if (!bench_trial_is_good(trial) || !(trial->validity.independent > 0))
            continue;
        weight += (double)trial->recording->succeeded;
        sum += trial->validity.independent * (double)trial->recording->succeeded;
    }
    double share = weight > 0 ? sum / weight : 1;
    return (double)n * fmin(1, fmax(0, share));
}

struct candidate {
    size_t result; /* its place in the run */
    double figure; /* of all trials */
    struct bench_trial_values trials;
};

/* Rows that may be compared, best first. */
struct ranking {
    const struct bench_metric *metric;
    struct bench_verdict_rules rules;
    struct candidate *rows;
    size_t n;
    struct bench_trial_value *values; /* of all rows, one after the other */
    struct bench_effect *effects;     /* of each row against the one that leads */
    struct bench_effect **family;
};

static void ranking_fini(struct ranking *ranking)
{
    free(ranking->rows);
    free(ranking->values);
    free(ranking->effects);
    free(ranking->family);
}

static int ranking_init(struct ranking *ranking, const struct bench_report_group *group,
                        const struct bench_noise *noise)
{
    size_t trials = 0;
    *ranking = (struct ranking){.metric = bench_group_metric(group), .rules = BENCH_VERDICT_RULES};
    for (size_t i = 0; i < group->nrows; i++)
        trials += group->rows[i]->ntrials;
    ranking->rules.floor = bench_noise_floor(noise, group->rows[0]->workload, ranking->metric);
    ranking->rows = calloc(group->nrows + 1, sizeof(*ranking->rows));
    ranking->values = calloc(trials + 1, sizeof(*ranking->values));
    ranking->effects = calloc(group->nrows + 1, sizeof(*ranking->effects));
    ranking->family = calloc(group->nrows + 1, sizeof(*ranking->family));
    bool ready = ranking->rows != NULL && ranking->values != NULL && ranking->effects != NULL &&
                 ranking->family != NULL;
    return ready ? 0 : -ENOMEM;
}

/* Insertion sort: equal ones stay in the order given. */
static void sort_rows(struct ranking *ranking, const struct bench_run *run,
                      const struct bench_report_group *group)
{
    const bool lower = ranking->metric->lower_is_better;
    struct bench_trial_value *values = ranking->values;
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *result = group->rows[i];
        struct candidate row = {.result = (size_t)(result - run->results)};
        size_t at = ranking->n;
        row.figure = bench_metric_of_result(ranking->metric, result);
        if (!bench_result_is_judged(result) || isnan(row.figure))
            continue;
        row.trials.values = values;
        row.trials.n = bench_metric_values(ranking->metric, result, values);
        values += row.trials.n;
        for (; at > 0 && (lower ? row.figure < ranking->rows[at - 1].figure
                                : row.figure > ranking->rows[at - 1].figure);
             at--)
            ranking->rows[at] = ranking->rows[at - 1];
        ranking->rows[at] = row;
        ranking->n++;
    }
}

/* A row of few trials is told from none; where it would be the best, nothing is said at all. */
static void leave_few_out(struct ranking *ranking)
{
    size_t kept = 0;
    for (size_t i = 0; i < ranking->n; i++) {
        if (ranking->rows[i].trials.n >= BENCH_VERDICT_TRIALS)
            ranking->rows[kept++] = ranking->rows[i];
        else if (i == 0)
            break;
    }
    ranking->n = kept;
}

/* Every row behind the leading one against it. */
static int measure(struct ranking *ranking, size_t leader)
{
    size_t behind = 0;
    for (size_t i = leader + 1; i < ranking->n; i++) {
        ranking->family[behind++] = &ranking->effects[i];
        int rc = bench_effect_of(&ranking->rows[leader].trials, &ranking->rows[i].trials,
                                 &ranking->effects[i]);
        if (rc < 0)
            return rc;
    }
    return bench_effects_adjust(ranking->family, behind);
}

static int rank_rows(struct ranking *ranking, struct bench_run *run)
{
    const bool lower = ranking->metric->lower_is_better;
    for (size_t leader = 0, next; leader < ranking->n; leader = next) {
        int rc = measure(ranking, leader);
        if (rc < 0)
            return rc;
        run->results[ranking->rows[leader].result].rank = (int)leader + 1;
        for (next = leader + 1; next < ranking->n; next++) {
            if (bench_effect_judge(&ranking->effects[next], lower, &ranking->rules) ==
                BENCH_VERDICT_SLOWER)
                break;
            run->results[ranking->rows[next].result].rank = (int)leader + 1;
        }
    }
    return 0;
}

int bench_report_rank(struct bench_run *run, const struct bench_report_group *groups, size_t count,
                      const struct bench_noise *noise)
{
    int rc = 0;
    for (size_t i = 0; i < run->nresults; i++)
        run->results[i].rank = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct ranking ranking;
        rc = ranking_init(&ranking, &groups[i], noise);
        if (rc == 0) {
            sort_rows(&ranking, run, &groups[i]);
            leave_few_out(&ranking);
            rc = rank_rows(&ranking, run);
        }
        ranking_fini(&ranking);
    }
    return rc;
}
