/* SPDX-License-Identifier: MIT */
/*
 * result.json: the whole run, as docs/result.schema.json describes it. Times in seconds, what is
 * not known is null. The pooled series are embedded in the recording's own serial form.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "render/json.h"
#include "render/table.h"
#include "suite/report.h"
#include "suite/report_analyses.h"
#include "suite/result_file.h"

/* Digits of a double that are worth keeping and the same on every machine. */
#define REAL_DIGITS 15
#define KEY_BYTES   256

/* Whole bytes: a median of two trials may end in a half. */
static json_t *bytes(double value)
{
    return isfinite(value) ? json_integer((json_int_t)llround(value)) : json_null();
}

static json_t *pair(double low, double high)
{
    return isnan(low) ? json_null()
                      : json_pack("[o,o]", bench_json_real(low), bench_json_real(high));
}

/* ---- statistics ---- */

static json_t *statistic_json(const struct bench_statistic *statistic, double low, double high)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "count", bench_json_whole(statistic->count));
    bench_json_put(&object, "mean", bench_json_real(statistic->mean));
    bench_json_put(&object, "median", bench_json_real(statistic->median));
    bench_json_put(&object, "stdev", bench_json_real(statistic->stdev));
    bench_json_put(&object, "min", bench_json_real(statistic->min));
    bench_json_put(&object, "max", bench_json_real(statistic->max));
    bench_json_put(&object, "p90", bench_json_real(statistic->p90));
    bench_json_put(&object, "p95", bench_json_real(statistic->p95));
    bench_json_put(&object, "p99", bench_json_real(statistic->p99));
    bench_json_put(&object, "p999", bench_json_real(statistic->p999));
    bench_json_put(&object, "ci95", pair(low, high));
    return bench_json_end(&object);
}

/* The interval of the mean over the good trials; NaN where there are too few. */
static int trial_interval(const struct bench_result *result, bench_trial_figure_fn fn,
                          const void *user, double *low, double *high)
{
    double *values = calloc(result->ntrials + 1, sizeof(*values));
    size_t n = 0;
    if (values == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < result->ntrials; i++) {
        double value = bench_trial_is_good(&result->trials[i]) ? fn(&result->trials[i], user) : NAN;
        if (!isnan(value))
            values[n++] = value;
    }
    (void)bench_mean_interval(values, n, low, high);
    free(values);
    return 0;
}

static double trial_mean(const struct bench_trial *trial, const void *user)
{
    const enum bench_series_id *id = user;
    struct bench_statistic statistic;
    bench_trial_statistic(trial, *id, &statistic);
    return statistic.mean;
}

static double trial_rate(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_throughput(trial);
}

/* Under key, when the series has samples. */
static void put_series(struct bench_json_object *object, const char *key,
                       const struct bench_result *result, enum bench_series_id id)
{
    struct bench_statistic statistic;
    double low, high;
    bench_result_statistic(result, id, &statistic);
    if (statistic.count == 0)
        return;
    if (trial_interval(result, trial_mean, &id, &low, &high) < 0)
        object->failed = true;
    else
        bench_json_put(object, key, statistic_json(&statistic, low, high));
}

/* ---- parts of a result ---- */

static json_t *target_json(const struct bench_target_info *target)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "name", bench_json_text(target->name));
    bench_json_put(&object, "protocol", bench_json_text(target->protocol));
    bench_json_put(&object, "options", bench_json_text(target->options));
    bench_json_put(&object, "mode", bench_json_text(target->mode));
    bench_json_put(&object, "server", bench_json_text(target->server));
    bench_json_put(&object, "client", bench_json_text(target->client));
    bench_json_put(&object, "family", bench_json_text(target->family));
    bench_json_put(&object, "library", bench_json_text(target->library));
    bench_json_put(&object, "url", bench_json_text(target->url));
    bench_json_put(&object, "label", bench_json_text(target->label));
    bench_json_put(&object, "role", bench_json_text(bench_role_key(target->role)));
    return bench_json_end(&object);
}

static json_t *parameters_json(const struct bench_result *result)
{
    struct bench_json_object object = bench_json_begin();
    for (size_t i = 0; i < result->nparameters; i++) {
        char key[KEY_BYTES];
        (void)bench_text_clean(result->parameters[i].name, key, sizeof(key));
        bench_json_put(&object, key, bench_json_text(result->parameters[i].value));
    }
    return bench_json_end(&object);
}

static json_t *errors_json(const struct bench_recording *recording)
{
    struct bench_json_object object = bench_json_begin();
    for (size_t kind = 1; recording != NULL && kind < BENCH_FAILURE_COUNT; kind++) {
        if (recording->failures[kind] > 0)
            bench_json_put(&object, bench_failure_name((enum bench_failure)kind),
                           bench_json_whole(recording->failures[kind]));
    }
    return bench_json_end(&object);
}

static json_t *throughput_json(const struct bench_result *result)
{
    struct bench_range range = bench_result_range(result, trial_rate, NULL);
    double low, high;
    struct bench_json_object object = bench_json_begin();
    if (trial_interval(result, trial_rate, NULL, &low, &high) < 0)
        object.failed = true;
    bench_json_put(&object, "requests_per_second",
                   bench_json_real(bench_result_throughput(result)));
    bench_json_put(&object, "lowest_trial", bench_json_real(range.low));
    bench_json_put(&object, "highest_trial", bench_json_real(range.high));
    bench_json_put(&object, "ci95", pair(low, high));
    return bench_json_end(&object);
}

/* Under the name of its direction, where bytes are what it is about. */
static void put_bandwidth(struct bench_json_object *object, const struct bench_result *result)
{
    const char *direction = bench_result_parameter(result, "direction");
    bool up = direction != NULL && strcmp(direction, "upload") == 0;
    struct bench_range range = bench_result_range(result, bench_trial_bandwidth, result);
    double low, high;
    struct bench_json_object inner;
    if (bench_result_size(result) == 0)
        return;
    inner = bench_json_begin();
    if (trial_interval(result, bench_trial_bandwidth, result, &low, &high) < 0)
        inner.failed = true;
    bench_json_put(&inner, "payload_bytes", bench_json_whole(bench_result_size(result)));
    bench_json_put(&inner, "bytes_per_second", bench_json_real(bench_result_bandwidth(result)));
    bench_json_put(&inner, "lowest_trial", bench_json_real(range.low));
    bench_json_put(&inner, "highest_trial", bench_json_real(range.high));
    bench_json_put(&inner, "ci95", pair(low, high));
    bench_json_put(object, up ? "upload_bandwidth" : "download_bandwidth", bench_json_end(&inner));
}

static json_t *cpu_json(const struct bench_result *result)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "server_seconds", bench_json_real(result->resources.server_cpu_s));
    bench_json_put(&object, "client_seconds", bench_json_real(result->resources.client_cpu_s));
    bench_json_put(&object, "server_per_request", bench_json_real(bench_result_server_cpu(result)));
    bench_json_put(&object, "client_per_request", bench_json_real(bench_result_client_cpu(result)));
    bench_json_put(&object, "server_cores", bench_json_real(bench_result_server_cores(result)));
    return bench_json_end(&object);
}

static json_t *memory_json(const struct bench_resources *resources)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "server_pss", bytes(resources->server_pss_bytes));
    bench_json_put(&object, "server_pss_idle", bytes(resources->server_pss_idle_bytes));
    bench_json_put(&object, "client_rss", bytes(resources->client_rss_bytes));
    bench_json_put(&object, "server_processes",
                   resources->server_processes > 0 ? json_integer(resources->server_processes)
                                                   : json_null());
    return bench_json_end(&object);
}

static json_t *switch_json(int value)
{
    return value < 0 ? json_null() : json_boolean(value);
}

static json_t *sockets_json(const struct bench_resources *resources)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "client_nodelay", switch_json(resources->client_nodelay));
    bench_json_put(&object, "server_nodelay", switch_json(resources->server_nodelay));
    return bench_json_end(&object);
}

/* The exact sums that the means are of. */
static json_t *wire_totals_json(const struct bench_op_stat_sum *stat)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "operations", bench_json_whole(stat->operations));
    bench_json_put(&object, "frames_sent", bench_json_whole(stat->frames_sent));
    bench_json_put(&object, "frames_received", bench_json_whole(stat->frames_received));
    bench_json_put(&object, "round_trips", bench_json_whole(stat->round_trips));
    bench_json_put(&object, "served", bench_json_whole(stat->served));
    bench_json_put(&object, "ack_waits", bench_json_whole(stat->ack_waits));
    bench_json_put(&object, "plain_sent", bench_json_whole(stat->plain_sent));
    bench_json_put(&object, "plain_received", bench_json_whole(stat->plain_received));
    bench_json_put(&object, "wire_sent", bench_json_whole(stat->wire_sent));
    bench_json_put(&object, "wire_received", bench_json_whole(stat->wire_received));
    return bench_json_end(&object);
}

/* Per operation, over those that were completed. */
static json_t *wire_json(const struct bench_result *result)
{
    const struct bench_op_stat_sum *stat = &result->pooled->stat;
    double n = stat->operations > 0 ? (double)stat->operations : NAN;
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "operations", bench_json_whole(stat->operations));
    bench_json_put(&object, "round_trips", bench_json_real((double)stat->round_trips / n));
    bench_json_put(&object, "frames_sent", bench_json_real((double)stat->frames_sent / n));
    bench_json_put(&object, "frames_received", bench_json_real((double)stat->frames_received / n));
    bench_json_put(&object, "requests_served", bench_json_real((double)stat->served / n));
    bench_json_put(&object, "ack_waits", bench_json_real((double)stat->ack_waits / n));
    bench_json_put(&object, "plain_bytes_sent", bench_json_real((double)stat->plain_sent / n));
    bench_json_put(&object, "plain_bytes_received",
                   bench_json_real((double)stat->plain_received / n));
    bench_json_put(&object, "bytes_sent", bench_json_real((double)stat->wire_sent / n));
    bench_json_put(&object, "bytes_received", bench_json_real((double)stat->wire_received / n));
    bench_json_put(&object, "tcp_bytes_sent", bench_json_whole(result->pooled->tcp_sent));
    bench_json_put(&object, "tcp_bytes_received", bench_json_whole(result->pooled->tcp_received));
    bench_json_put(&object, "tcp_bytes_per_request",
                   bench_json_real(bench_result_tcp_bytes(result)));
    bench_json_put(&object, "totals", wire_totals_json(stat));
    return bench_json_end(&object);
}

/* The "series" object of the recording's serial form: exact sums and packed histograms. How late
 * the client was is judged trial by trial and not pooled. */
static json_t *pooled_json(const struct bench_recording *recording)
{
    char *serial = NULL;
    if (bench_recording_write(recording, &serial) < 0)
        return NULL;
    json_t *whole_form = json_loads(serial, 0, NULL);
    json_t *series = json_incref(json_object_get(whole_form, "series"));
    (void)json_object_del(series, bench_series_key(BENCH_SERIES_LATE));
    json_decref(whole_form);
    free(serial);
    return series;
}

static json_t *counts_json(const struct bench_recording *recording)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "attempted", bench_json_whole(recording->attempted));
    bench_json_put(&object, "succeeded", bench_json_whole(recording->succeeded));
    bench_json_put(&object, "errors", errors_json(recording));
    return bench_json_end(&object);
}

static json_t *trial_statistics_json(const struct bench_trial *trial)
{
    struct bench_json_object object = bench_json_begin();
    for (size_t id = 0; id < BENCH_SERIES_COUNT; id++) {
        struct bench_statistic statistic;
        bench_trial_statistic(trial, (enum bench_series_id)id, &statistic);
        if (statistic.count > 0 && id != BENCH_SERIES_LATE)
            bench_json_put(&object, bench_series_key((enum bench_series_id)id),
                           statistic_json(&statistic, NAN, NAN));
    }
    return bench_json_end(&object);
}

static json_t *resources_json(const struct bench_resources *resources)
{
    struct bench_json_object server = bench_json_begin(), client = bench_json_begin(),
                             object = bench_json_begin();
    bench_json_put(&server, "cpu_seconds", bench_json_real(resources->server_cpu_s));
    bench_json_put(&server, "pss", bytes(resources->server_pss_bytes));
    bench_json_put(&server, "pss_idle", bytes(resources->server_pss_idle_bytes));
    bench_json_put(&server, "processes",
                   resources->server_processes > 0 ? json_integer(resources->server_processes)
                                                   : json_null());
    bench_json_put(&client, "cpu_seconds", bench_json_real(resources->client_cpu_s));
    bench_json_put(&client, "rss", bytes(resources->client_rss_bytes));
    bench_json_put(&object, "server", bench_json_end(&server));
    bench_json_put(&object, "client", bench_json_end(&client));
    return bench_json_end(&object);
}

/* Why the trial is not plainly good, as a list. */
static json_t *trial_reasons_json(const struct bench_trial *trial)
{
    json_t *reasons = json_array();
    bool failed = reasons == NULL;
    if (trial->reason != NULL && trial->reason[0] != '\0')
        failed |= json_array_append_new(reasons, bench_json_text(trial->reason)) != 0;
    if (trial->budget_cut)
        failed |=
            json_array_append_new(reasons, bench_json_text("the time budget cut it short")) != 0;
    if (!failed)
        return reasons;
    json_decref(reasons);
    return NULL;
}

static json_t *trial_json(const struct bench_trial *trial)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "block", json_integer(trial->block));
    bench_json_put(&object, "order", json_integer(trial->order));
    bench_json_put(&object, "status", bench_json_text(bench_cell_status_name(trial->status)));
    bench_json_put(&object, "reasons", trial_reasons_json(trial));
    bench_json_put(&object, "budget_cut", json_boolean(trial->budget_cut));
    bench_json_put(&object, "started", bench_json_real(trial->started));
    bench_json_put(&object, "duration", bench_json_real(trial->resources.wall_s));
    bench_json_put(&object, "counts",
                   trial->recording != NULL ? counts_json(trial->recording) : json_null());
    bench_json_put(&object, "throughput", bench_json_real(bench_trial_throughput(trial)));
    bench_json_put(&object, "statistics", trial_statistics_json(trial));
    bench_json_put(&object, "resources", resources_json(&trial->resources));
    bench_json_put(&object, "validity",
                   trial->recording != NULL ? bench_validity_json(&trial->validity) : json_null());
    return bench_json_end(&object);
}

static json_t *trials_json(const struct bench_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < result->ntrials; i++) {
        if (json_array_append_new(list, trial_json(&result->trials[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* What exists only where something was measured. */
static void put_measured(struct bench_json_object *object, const struct bench_result *result)
{
    put_series(object, "connect_time", result, BENCH_SERIES_CONNECT);
    put_series(object, "ready_time", result, BENCH_SERIES_READY);
    put_series(object, "connection_time", result, BENCH_SERIES_FIRST_ANSWER);
    put_series(object, "latency", result, BENCH_SERIES_RESPONSE);
    put_series(object, "service_time", result, BENCH_SERIES_SERVICE);
    put_series(object, "lag", result, BENCH_SERIES_LAG);
    put_bandwidth(object, result);
    bench_json_put(object, "throughput", throughput_json(result));
    bench_json_put(object, "rank", bench_rank_json(result));
    bench_json_put(object, "intervals", bench_intervals_json(result));
    bench_json_put(object, "cpu", cpu_json(result));
    bench_json_put(object, "memory", memory_json(&result->resources));
    bench_json_put(object, "sockets", sockets_json(&result->resources));
    bench_json_put(object, "wire", wire_json(result));
    bench_json_put(object, "pooled", pooled_json(result->pooled));
}

static json_t *result_json(const struct bench_result *result)
{
    const struct bench_recording *pooled = result->pooled;
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "target", target_json(result->target));
    bench_json_put(&object, "workload", bench_json_text(result->workload));
    bench_json_put(&object, "operation", bench_json_text(result->operation));
    bench_json_put(&object, "parameters", parameters_json(result));
    bench_json_put(&object, "load_model", bench_json_text(result->load_model));
    bench_json_put(&object, "status", bench_json_text(bench_cell_status_name(result->status)));
    bench_json_put(&object, "reason", bench_json_text(result->reason));
    bench_json_put(&object, "remark",
                   result->remark != NULL ? bench_json_text(result->remark) : json_null());
    bench_json_put(&object, "total_requests",
                   bench_json_whole(pooled != NULL ? pooled->attempted : 0));
    bench_json_put(&object, "failed_requests",
                   bench_json_whole(pooled != NULL ? bench_recording_failed(pooled) : 0));
    bench_json_put(&object, "errors", errors_json(pooled));
    bench_json_put(&object, "first_error",
                   bench_json_text(pooled != NULL ? pooled->first_error : ""));
    bench_json_put(&object, "duration", bench_json_real(result->resources.wall_s));
    if (pooled != NULL)
        put_measured(&object, result);
    bench_json_put(&object, "trials", trials_json(result));
    return bench_json_end(&object);
}

/* ---- the run ---- */

static json_t *facts_json(const struct bench_fact *facts, size_t count)
{
    struct bench_json_object object = bench_json_begin();
    for (size_t i = 0; i < count; i++) {
        char key[KEY_BYTES];
        (void)bench_text_clean(facts[i].name, key, sizeof(key));
        bench_json_put(&object, key, bench_json_text(facts[i].value));
    }
    return bench_json_end(&object);
}

/* Names of the facts that are not part of the hash. */
static json_t *varying_json(const struct bench_run *run)
{
    json_t *list = json_array();
    bool failed = list == NULL;
    for (size_t i = 0; i < run->nenvironment; i++) {
        if (run->environment[i].varies)
            failed |= json_array_append_new(list, bench_json_text(run->environment[i].name)) != 0;
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *targets_json(const struct bench_run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->ntargets; i++) {
        if (json_array_append_new(list, target_json(&run->targets[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *results_json(const struct bench_run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->nresults; i++) {
        if (json_array_append_new(list, result_json(&run->results[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *run_json(const struct bench_run *run)
{
    struct bench_json_object object = bench_json_begin();
    bench_json_put(&object, "schema", bench_json_text(BENCH_RESULT_SCHEMA));
    bench_json_put(&object, "started", bench_json_real(run->started));
    bench_json_put(&object, "duration", bench_json_real(run->duration));
    bench_json_put(&object, "interrupted", json_boolean(run->interrupted));
    bench_json_put(&object, "environment", facts_json(run->environment, run->nenvironment));
    bench_json_put(&object, "environment_varies", varying_json(run));
    bench_json_put(&object, "environment_hash", bench_json_text(run->environment_hash));
    bench_json_put(&object, "plan", facts_json(run->plan, run->nplan));
    bench_json_put(&object, "targets", targets_json(run));
    bench_json_put(&object, "results", results_json(run));
    bench_json_put(&object, "comparisons", bench_comparisons_json(run));
    if (bench_json_analyses(run, object.json) < 0)
        object.failed = true;
    return bench_json_end(&object);
}

/* Keeps the buffer's own error: -EMSGSIZE must not become "no memory". */
struct sink {
    struct bench_buf *out;
    int status;
};

static int sink_take(const char *data, size_t size, void *user)
{
    struct sink *sink = user;
    sink->status = bench_buf_add(sink->out, data, size);
    return sink->status < 0 ? -1 : 0;
}

int bench_report_json(const struct bench_run *run, struct bench_buf *out)
{
    struct sink sink = {out, 0};
    json_t *json = run_json(run);
    if (json == NULL)
        return -ENOMEM;
    int failed =
        json_dump_callback(json, sink_take, &sink,
                           JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(REAL_DIGITS));
    json_decref(json);
    if (failed != 0)
        return sink.status < 0 ? sink.status : -ENOMEM;
    return bench_buf_add(out, "\n", 1);
}
