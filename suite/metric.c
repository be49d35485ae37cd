/* SPDX-License-Identifier: MIT */
#include "suite/metric.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "stats/estimate.h"
#include "stats/verdict.h"
#include "suite/report.h"

static const struct bench_metric rows[] = {
#define X(ID, KEY, TITLE, UNIT, LOWER, EXACT, ORDER)                                               \
    [BENCH_METRIC_##ID] = {BENCH_METRIC_##ID, KEY, TITLE, BENCH_METRIC_IN_##UNIT, LOWER, EXACT, ORDER},
    BENCH_METRICS(X)
#undef X
};

const struct bench_metric *bench_metric_get(enum bench_metric_id id) { return &rows[id]; }

const struct bench_metric *bench_metric_find(const char *key, size_t length)
{
    for (size_t i = 0; i < BENCH_METRIC_COUNT; i++)
        if (strlen(rows[i].key) == length && memcmp(rows[i].key, key, length) == 0)
            return &rows[i];
    return NULL;
}

int bench_metric_list(const char *text, unsigned *metrics, struct bench_error *err)
{
    for (const char *at = text; *at != '\0';) {
        const size_t n = strcspn(at, ",");
        const struct bench_metric *metric = bench_metric_find(at, n);
        char list[220] = "";
        for (int i = 0; metric == NULL && i < BENCH_METRIC_COUNT; i++)
            (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
                           i > 0 ? ", " : "", rows[i].key);
        if (metric == NULL)
            return bench_fail(err, -EINVAL, "'%.*s' is not one of %s", (int)(n < 30 ? n : 30), at,
                              list);
        *metrics |= 1u << metric->id;
        at += n + (at[n] == ',');
    }
    return 0;
}

/* ---- figures ---- */

static double of_statistic(enum bench_metric_id id, const struct bench_statistic *s)
{
    switch (id) {
    case BENCH_METRIC_P50:
        return s->median;
    case BENCH_METRIC_P90:
        return s->p90;
    case BENCH_METRIC_P95:
        return s->p95;
    case BENCH_METRIC_P99:
        return s->p99;
    case BENCH_METRIC_P999:
        return s->p999;
    default:
        return s->mean;
    }
}

static double per(double amount, double count) { return count > 0 ? amount / count : NAN; }

/* What is counted in a recording. */
static double of_recording(enum bench_metric_id id, const struct bench_recording *r,
                           const struct bench_resources *resources)
{
    if (r == NULL)
        return NAN;
    const double succeeded = (double)r->succeeded, operations = (double)r->stat.operations;
    const double bytes = (double)r->tcp_sent + (double)r->tcp_received;
    switch (id) {
    case BENCH_METRIC_CPU:
        return per(resources->server_cpu_s, succeeded);
    case BENCH_METRIC_CLIENT_CPU:
        return per(resources->client_cpu_s, succeeded);
    case BENCH_METRIC_MEMORY:
        return resources->server_pss_bytes;
    case BENCH_METRIC_ROUND_TRIPS:
        return per((double)r->stat.round_trips, operations);
    case BENCH_METRIC_FRAMES:
        return per((double)r->stat.frames_sent + (double)r->stat.frames_received, operations);
    case BENCH_METRIC_BYTES:
        return bytes > 0 ? per(bytes, (double)r->attempted) : NAN;
    case BENCH_METRIC_SUCCESS:
        return per(succeeded, (double)r->attempted);
    default:
        return NAN;
    }
}

static bool is_time(const struct bench_metric *metric)
{
    return metric->unit == BENCH_METRIC_IN_SECONDS && metric->id != BENCH_METRIC_CPU &&
           metric->id != BENCH_METRIC_CLIENT_CPU;
}

double bench_metric_of_trial(const struct bench_metric *metric, const struct bench_result *result,
                             const struct bench_trial *trial)
{
    struct bench_statistic statistic;
    if (metric->id == BENCH_METRIC_THROUGHPUT)
        return bench_trial_throughput(trial);
    if (metric->id == BENCH_METRIC_BANDWIDTH)
        return bench_trial_bandwidth(trial, result);
    if (!is_time(metric))
        return of_recording(metric->id, trial->recording, &trial->resources);
    bench_trial_statistic(trial, bench_view_of(result->workload).series, &statistic);
    return of_statistic(metric->id, &statistic);
}

double bench_metric_of_result(const struct bench_metric *metric, const struct bench_result *result)
{
    struct bench_statistic statistic;
    if (metric->id == BENCH_METRIC_THROUGHPUT)
        return bench_result_throughput(result);
    if (metric->id == BENCH_METRIC_BANDWIDTH)
        return result->pooled != NULL ? bench_result_bandwidth(result) : NAN;
    if (!is_time(metric))
        return of_recording(metric->id, result->pooled, &result->resources);
    bench_result_statistic(result, bench_view_of(result->workload).series, &statistic);
    return of_statistic(metric->id, &statistic);
}

static int by_block(const void *x, const void *y)
{
    const struct bench_trial_value *a = x, *b = y;
    return (a->block > b->block) - (a->block < b->block);
}

size_t bench_metric_values(const struct bench_metric *metric, const struct bench_result *result,
                           struct bench_trial_value *values)
{
    size_t n = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_trial *trial = &result->trials[i];
        double value =
            bench_trial_is_good(trial) ? bench_metric_of_trial(metric, result, trial) : NAN;
        if (!isnan(value))
            values[n++] = (struct bench_trial_value){trial->block, value};
    }
    qsort(values, n, sizeof(*values), by_block);
    return n;
}

/* ---- text ---- */

struct bench_text bench_metric_text(const struct bench_metric *metric, double value)
{
    struct bench_text text, inner;
    if (isnan(value))
        return (struct bench_text){"-"};
    switch (metric->unit) {
    case BENCH_METRIC_IN_SECONDS:
        return bench_format_seconds(value);
    case BENCH_METRIC_IN_RATE:
        return bench_format_rate(value);
    case BENCH_METRIC_IN_BYTES:
        return bench_format_size(value);
    case BENCH_METRIC_IN_BYTE_RATE:
        inner = bench_format_size(value);
        (void)snprintf(text.s, sizeof(text.s), "%.24s/s", inner.s);
        return text;
    case BENCH_METRIC_IN_SHARE:
        /* Never rounded up to all. */
        (void)snprintf(text.s, sizeof(text.s), "%.5g %%", floor(value * 1e5) / 1e3);
        return text;
    case BENCH_METRIC_IN_COUNT:
        break;
    }
    return bench_format_number(value, 3);
}

static int parse_number(const char *text, const char *suffix, double *out, struct bench_error *err)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    bool right = end != text && errno == 0 && isfinite(value) && value >= 0 &&
                 (end[0] == '\0' || strcmp(end, suffix) == 0);
    if (!right)
        return bench_fail(err, -EINVAL, "'%.40s' is not a number%s%s", text,
                          suffix[0] != '\0' ? ", with or without " : "", suffix);
    *out = value;
    return 0;
}

int bench_metric_parse(const struct bench_metric *metric, const char *text, double *out,
                       struct bench_error *err)
{
    int64_t whole = 0;
    int rc;
    switch (metric->unit) {
    case BENCH_METRIC_IN_SECONDS:
        rc = bench_parse_duration(text, &whole, err);
        *out = (double)whole / 1e9;
        return rc;
    case BENCH_METRIC_IN_BYTES:
    case BENCH_METRIC_IN_BYTE_RATE:
        rc = bench_parse_size(text, &whole, err);
        *out = (double)whole;
        return rc;
    case BENCH_METRIC_IN_SHARE:
        rc = parse_number(text, "%", out, err);
        if (rc == 0 && strchr(text, '%') != NULL)
            *out /= 100;
        if (rc == 0 && *out > 1)
            return bench_fail(err, -EINVAL, "'%.40s' is more than all (100%%, or 1)", text);
        return rc;
    case BENCH_METRIC_IN_RATE:
        return parse_number(text, "/s", out, err);
    case BENCH_METRIC_IN_COUNT:
        break;
    }
    return parse_number(text, "", out, err);
}

/* ---- two cells ---- */

int bench_metric_effect(const struct bench_metric *metric, const struct bench_result *a,
                        const struct bench_result *b, bool paired, struct bench_effect *out)
{
    /* Blocks of another run are other blocks. */
    enum { APART = 1 << 20 };
    struct bench_trial_value *values = calloc(a->ntrials + b->ntrials + 1, sizeof(*values));
    if (values == NULL)
        return -ENOMEM;
    const struct bench_trial_values one = {values, bench_metric_values(metric, a, values)};
    struct bench_trial_value *others = values + one.n;
    const struct bench_trial_values two = {others, bench_metric_values(metric, b, others)};
    for (size_t i = 0; !paired && i < two.n; i++)
        others[i].block += APART;
    int rc = bench_effect_of(&one, &two, out);
    free(values);
    return rc;
}

int bench_metric_bounds(const struct bench_metric *metric, const struct bench_result *result,
                        struct bench_bounds *out)
{
    struct bench_trial_value *values = calloc(result->ntrials + 1, sizeof(*values));
    double *plain = calloc(result->ntrials + 1, sizeof(*plain));
    int rc = values != NULL && plain != NULL ? 0 : -ENOMEM;
    if (rc == 0) {
        size_t n = bench_metric_values(metric, result, values);
        for (size_t i = 0; i < n; i++)
            plain[i] = values[i].value;
        *out = bench_mean_bounds(plain, n, 0.95);
        out->estimate = bench_metric_of_result(metric, result);
    }
    free(values);
    free(plain);
    return rc;
}
