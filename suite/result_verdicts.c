/* SPDX-License-Identifier: MIT */
/* What rests on several trials, in result.json: intervals, ranks, and what cells say of each other.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "render/table.h"
#include "stats/estimate.h"
#include "suite/metric.h"
#include "suite/report.h"
#include "suite/result_file.h"

#define KEY_BYTES 64

/* ---- results ---- */

json_t *bench_rank_json(const struct bench_result *result)
{
    return result->rank > 0 ? json_integer(result->rank) : json_null();
}

int bench_rank_read(const struct bench_reader *reader, const json_t *json, int *out)
{
    const json_t *rank = json_object_get(json, "rank");
    *out = 0;
    if (rank == NULL || json_is_null(rank))
        return 0;
    return bench_member_int(reader, json, "rank", out);
}

int bench_result_interval(const struct bench_result *result, const struct bench_metric *metric,
                          struct bench_bounds *out, size_t *trials)
{
    struct bench_trial_value *values = calloc(result->ntrials + 1, sizeof(*values));
    double *plain = calloc(result->ntrials + 1, sizeof(*plain));
    int rc = values != NULL && plain != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        const size_t n = bench_metric_values(metric, result, values);
        for (size_t i = 0; i < n; i++)
            plain[i] = values[i].value;
        *out = bench_mean_bounds(plain, n, 0.95);
        out->estimate = bench_metric_of_result(metric, result);
        if (n < BENCH_INTERVAL_TRIALS)
            out->low = out->high = NAN;
        if (trials != NULL)
            *trials = n;
    }
    free(values);
    free(plain);
    return rc;
}

json_t *bench_intervals_json(const struct bench_result *result)
{
    static const enum bench_metric_id wanted[] = {
        BENCH_METRIC_P50,        BENCH_METRIC_P99,       BENCH_METRIC_MEAN,
        BENCH_METRIC_THROUGHPUT, BENCH_METRIC_BANDWIDTH, BENCH_METRIC_CPU,
    };
    json_t *object = json_object();
    bool failed = object == NULL;
    for (size_t i = 0; i < BENCH_COUNT_OF(wanted); i++) {
        const struct bench_metric *metric = bench_metric_get(wanted[i]);
        struct bench_bounds bounds;
        char key[KEY_BYTES];
        size_t trials;
        if (bench_result_interval(result, metric, &bounds, &trials) < 0)
            failed = true;
        else if (!isnan(bounds.estimate)) {
            (void)snprintf(key, sizeof(key), "%s", metric->key);
            for (char *at = key; (at = strchr(at, '-')) != NULL;)
                *at = '_';
            json_t *one =
                json_pack("{s:o, s:o, s:o, s:s, s:I}", "estimate", bench_json_real(bounds.estimate),
                          "low", bench_json_real(bounds.low), "high", bench_json_real(bounds.high),
                          "method", "student-t", "trials", (json_int_t)trials);
            failed |= json_object_set_new(object, key, one) != 0;
        }
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* ---- comparisons ---- */

/* A cell: its place in "results" and its target's name; null without one. */
static json_t *side_json(const struct bench_run *run, const struct bench_result *result,
                         double value)
{
    if (result == NULL)
        return json_null();
    return json_pack("{s:I, s:o, s:o}", "result", (json_int_t)(result - run->results), "target",
                     bench_json_text(result->target->name), "value", bench_json_real(value));
}

static json_t *comparison_json(const struct bench_run *run, const struct bench_comparison *c)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}",
                     "workload", bench_json_text(c->workload), "metric", bench_json_text(c->metric),
                     "a", side_json(run, c->a, c->a_value), "b", side_json(run, c->b, c->b_value),
                     "ratio", bench_json_real(c->ratio), "low", bench_json_real(c->low), "high",
                     bench_json_real(c->high), "confidence", bench_json_real(c->confidence), "p",
                     bench_json_real(c->p), "floor", bench_json_real(c->floor), "trials",
                     (json_int_t)c->trials, "needs", (json_int_t)c->needs, "verdict",
                     bench_json_text(c->verdict), "sentence", bench_json_text(c->sentence));
}

json_t *bench_comparisons_json(const struct bench_run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->ncomparisons; i++) {
        if (json_array_append_new(list, comparison_json(run, &run->comparisons[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* null is no cell. */
static int read_side(const struct bench_reader *reader, const json_t *json, const char *key,
                     const struct bench_run *run, const struct bench_result **result, double *value)
{
    const json_t *side = json_object_get(json, key);
    json_int_t index;
    *value = NAN;
    if (json_is_null(side))
        return 0;
    int rc = bench_member_whole(reader, side, "result", 0, (json_int_t)run->nresults - 1, &index);
    if (rc == 0)
        *result = &run->results[index];
    return rc == 0 ? bench_member_real(reader, side, "value", 0, value) : rc;
}

/* Missing in files from before there were verdicts. */
static int read_amount(const struct bench_reader *reader, const json_t *json, const char *key,
                       size_t *out)
{
    int value = 0;
    int rc = json_object_get(json, key) != NULL ? bench_member_int(reader, json, key, &value) : 0;
    *out = (size_t)value;
    return rc;
}

static int read_evidence(const struct bench_reader *reader, const json_t *json,
                         struct bench_comparison *out)
{
    const struct {
        const char *key;
        double *member;
    } reals[] = {
        {"low", &out->low}, {"high", &out->high},   {"confidence", &out->confidence},
        {"p", &out->p},     {"floor", &out->floor},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(reals); i++)
        rc = bench_member_real_or_none(reader, json, reals[i].key, 0, reals[i].member);
    if (rc == 0)
        rc = read_amount(reader, json, "trials", &out->trials);
    return rc == 0 ? read_amount(reader, json, "needs", &out->needs) : rc;
}

static int read_comparison(const struct bench_reader *reader, const json_t *json,
                           const struct bench_run *run, struct bench_comparison *out)
{
    int rc = bench_member_text(reader, json, "workload", &out->workload);
    if (rc == 0)
        rc = bench_member_text(reader, json, "metric", &out->metric);
    if (rc == 0)
        rc = bench_member_text(reader, json, "verdict", &out->verdict);
    if (rc == 0)
        rc = bench_member_text(reader, json, "sentence", &out->sentence);
    if (rc == 0)
        rc = bench_member_real(reader, json, "ratio", 0, &out->ratio);
    if (rc == 0)
        rc = read_evidence(reader, json, out);
    if (rc == 0)
        rc = read_side(reader, json, "a", run, &out->a, &out->a_value);
    if (rc == 0 && out->a == NULL)
        rc = bench_member_refuse(reader, "no cell \"a\"");
    return rc == 0 ? read_side(reader, json, "b", run, &out->b, &out->b_value) : rc;
}

int bench_comparisons_read(struct bench_reader *reader, const json_t *root, struct bench_run *run)
{
    json_t *list;
    size_t count;
    int rc = bench_member_list(reader, root, "comparisons", &list, &count);
    if (rc < 0)
        return rc;
    run->comparisons = calloc(count + 1, sizeof(*run->comparisons));
    if (run->comparisons == NULL)
        return bench_member_no_memory(reader);
    for (; rc == 0 && run->ncomparisons < count; run->ncomparisons++) {
        (void)snprintf(reader->where, sizeof(reader->where), "comparisons[%zu]", run->ncomparisons);
        rc = read_comparison(reader, json_array_get(list, run->ncomparisons), run,
                             &run->comparisons[run->ncomparisons]);
    }
    return rc;
}
