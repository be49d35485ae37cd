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

/* Rows that may be compared, best first. */
struct ranking {
    struct bench_run *run;
    const struct bench_metric *metric;
    struct bench_verdict_rules rules;
    const struct bench_result **rows;
    size_t n;
    struct bench_effect *effects; /* of each row against the one that leads */
    struct bench_effect **family;
};

static bool precedes(const struct ranking *ranking, const struct bench_result *a,
                     const struct bench_result *b)
{
    double x = bench_metric_of_result(ranking->metric, a);
    double y = bench_metric_of_result(ranking->metric, b);
    return ranking->metric->lower_is_better ? x < y : x > y;
}

static void set_rank(struct ranking *ranking, size_t row, size_t rank)
{
    ranking->run->results[ranking->rows[row] - ranking->run->results].rank = (int)rank;
}

/* Insertion sort: equal ones stay in the order given. false: no rank can be given. */
static bool sort_rows(struct ranking *ranking, const struct bench_report_group *group,
                      struct bench_trial_value *values)
{
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *row = group->rows[i];
        size_t at = ranking->n;
        ranking->run->results[row - ranking->run->results].rank = 0;
        if (!bench_result_is_judged(row) || isnan(bench_metric_of_result(ranking->metric, row)))
            continue;
        for (; at > 0 && precedes(ranking, row, ranking->rows[at - 1]); at--)
            ranking->rows[at] = ranking->rows[at - 1];
        ranking->rows[at] = row;
        ranking->n++;
    }
    /* A row of few trials is told from none; where it would be the best, nothing is said at all. */
    size_t kept = 0;
    for (size_t i = 0; i < ranking->n; i++) {
        size_t trials = bench_metric_values(ranking->metric, ranking->rows[i], values);
        if (trials < BENCH_VERDICT_TRIALS && i == 0)
            return false;
        if (trials >= BENCH_VERDICT_TRIALS)
            ranking->rows[kept++] = ranking->rows[i];
    }
    ranking->n = kept;
    return true;
}

/* Every row behind the leading one against it. */
static int measure(struct ranking *ranking, size_t leader)
{
    size_t behind = 0;
    for (size_t i = leader + 1; i < ranking->n; i++) {
        ranking->family[behind++] = &ranking->effects[i];
        int rc = bench_metric_effect(ranking->metric, ranking->rows[leader], ranking->rows[i], true,
                                     &ranking->effects[i]);
        if (rc < 0)
            return rc;
    }
    return bench_effects_adjust(ranking->family, behind);
}

static int rank_rows(struct ranking *ranking)
{
    const bool lower = ranking->metric->lower_is_better;
    for (size_t leader = 0, next; leader < ranking->n; leader = next) {
        int rc = measure(ranking, leader);
        if (rc < 0)
            return rc;
        set_rank(ranking, leader, leader + 1);
        for (next = leader + 1; next < ranking->n; next++) {
            if (bench_effect_judge(&ranking->effects[next], lower, &ranking->rules) ==
                BENCH_VERDICT_SLOWER)
                break;
            set_rank(ranking, next, leader + 1);
        }
    }
    return 0;
}

static int rank_group(struct bench_run *run, const struct bench_report_group *group,
                      const struct bench_noise *noise)
{
    struct ranking ranking = {
        .run = run, .metric = bench_group_metric(group), .rules = BENCH_VERDICT_RULES};
    size_t most = 0;
    for (size_t i = 0; i < group->nrows; i++)
        most = group->rows[i]->ntrials > most ? group->rows[i]->ntrials : most;
    struct bench_trial_value *values = calloc(most + 1, sizeof(*values));
    ranking.rows = calloc(group->nrows + 1, sizeof(const struct bench_result *));
    ranking.effects = calloc(group->nrows + 1, sizeof(*ranking.effects));
    ranking.family = calloc(group->nrows + 1, sizeof(*ranking.family));
    ranking.rules.floor = bench_noise_floor(noise, group->rows[0]->workload, ranking.metric);
    bool ready = values != NULL && ranking.rows != NULL && ranking.effects != NULL &&
                 ranking.family != NULL;
    int rc = ready ? 0 : -ENOMEM;
    if (rc == 0 && sort_rows(&ranking, group, values))
        rc = rank_rows(&ranking);
    free(values);
    free(ranking.rows);
    free(ranking.effects);
    free(ranking.family);
    return rc;
}

int bench_report_rank(struct bench_run *run, const struct bench_report_group *groups, size_t count,
                      const struct bench_noise *noise)
{
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = rank_group(run, &groups[i], noise);
    return rc;
}
