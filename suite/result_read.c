/* SPDX-License-Identifier: MIT */
/*
 * result.json back into a struct bench_run. Everything in the file is hostile: types, ranges and
 * references are checked, figures that contradict each other are refused by the recording.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report.h"
#include "suite/result_file.h"

#define NAME_LIMIT 4096 /* bytes of one text */

static int get_status(const struct bench_reader *reader, const json_t *object,
                      enum bench_cell_status *out)
{
    const char *name = json_string_value(json_object_get(object, "status"));
    for (int status = BENCH_CELL_OK; name != NULL && status <= BENCH_CELL_UNAVAILABLE; status++) {
        if (strcmp(name, bench_cell_status_name((enum bench_cell_status)status)) == 0) {
            *out = (enum bench_cell_status)status;
            return 0;
        }
    }
    return bench_member_refuse(reader, "status \"%.40s\" is not known", name != NULL ? name : "");
}

/* ---- targets ---- */

static int get_role(const struct bench_reader *reader, const json_t *object, enum bench_role *out)
{
    const char *name = json_string_value(json_object_get(object, "role"));
    for (int role = BENCH_ROLE_NORMAL; name != NULL && role <= BENCH_ROLE_RULER; role++) {
        if (strcmp(name, bench_role_key((enum bench_role)role)) == 0) {
            *out = (enum bench_role)role;
            return 0;
        }
    }
    return bench_member_refuse(reader, "role \"%.40s\" is not known", name != NULL ? name : "");
}

static int read_target(const struct bench_reader *reader, const json_t *json,
                       struct bench_target_info *target)
{
    const struct {
        const char *key;
        char **member;
    } texts[] = {
        {"name", &target->name}, {"protocol", &target->protocol}, {"options", &target->options},
        {"mode", &target->mode}, {"server", &target->server},     {"client", &target->client},
        {"url", &target->url},   {"label", &target->label},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(texts); i++) {
        int rc = bench_member_text(reader, json, texts[i].key, texts[i].member);
        if (rc < 0)
            return rc;
    }
    int rc = bench_member_text_or_empty(reader, json, "family", &target->family);
    if (rc == 0)
        rc = bench_member_text_or_empty(reader, json, "library", &target->library);
    return rc == 0 ? get_role(reader, json, &target->role) : rc;
}

static int read_targets(struct bench_reader *reader, const json_t *root, struct bench_run *run)
{
    json_t *list;
    size_t count;
    int rc = bench_member_list(reader, root, "targets", &list, &count);
    if (rc < 0)
        return rc;
    run->targets = calloc(count + 1, sizeof(*run->targets));
    if (run->targets == NULL)
        return bench_member_no_memory(reader);
    for (; rc == 0 && run->ntargets < count; run->ntargets++) {
        struct bench_target_info *target = &run->targets[run->ntargets];
        target->colour = (unsigned)run->ntargets;
        (void)snprintf(reader->where, sizeof(reader->where), "targets[%zu]", run->ntargets);
        rc = read_target(reader, json_array_get(list, run->ntargets), target);
    }
    return rc;
}

/* ---- recordings ---- */

/* The serial form of a recording put together from the parts that the file has of it. */
static int read_recording(const struct bench_reader *reader, json_t *series, const json_t *counts,
                          const char *attempted, json_int_t succeeded, const json_t *message,
                          const json_t *wire, struct bench_recording **out)
{
    json_t *form = json_pack(
        "{s:i, s:O, s:O*, s:I, s:O*, s:O*, s:O*, s:O*, s:O*}", "version", BENCH_RECORDING_VERSION,
        "series", series, "attempted", json_object_get(counts, attempted), "succeeded", succeeded,
        "failures", json_object_get(counts, "errors"), "first_error", message, "stat",
        json_object_get(wire, "totals"), "tcp_sent", json_object_get(wire, "tcp_bytes_sent"),
        "tcp_received", json_object_get(wire, "tcp_bytes_received"));
    char *text = form != NULL ? json_dumps(form, JSON_COMPACT) : NULL;
    json_decref(form);
    if (text == NULL)
        return bench_member_no_memory(reader);
    int rc = bench_recording_read(text, strlen(text), out, reader->err);
    free(text);
    if (rc < 0) {
        char prefix[140];
        (void)snprintf(prefix, sizeof(prefix), "%s: ", reader->where);
        bench_error_prefix(reader->err, prefix);
    }
    return rc;
}

static int read_pooled(const struct bench_reader *reader, const json_t *json,
                       struct bench_result *result)
{
    json_t *series = json_object_get(json, "pooled"), *wire;
    json_int_t attempted, failed;
    int rc = bench_member_whole(reader, json, "total_requests", 0, INT64_MAX, &attempted);
    if (rc == 0)
        rc = bench_member_whole(reader, json, "failed_requests", 0, attempted, &failed);
    if (rc < 0)
        return rc;
    if (series == NULL) {
        if (result->status == BENCH_CELL_OK || result->status == BENCH_CELL_CLIENT_BOUND)
            return bench_member_refuse(reader, "status \"%s\", but nothing was measured",
                                       bench_cell_status_name(result->status));
        return 0;
    }
    rc = bench_member_object(reader, json, "wire", &wire);
    if (rc < 0)
        return rc;
    return read_recording(reader, series, json, "total_requests", attempted - failed,
                          json_object_get(json, "first_error"), wire, &result->pooled);
}

/* ---- trials ---- */

static int read_statistic(const struct bench_reader *reader, const json_t *json,
                          struct bench_statistic *out)
{
    const struct {
        const char *key;
        double *member;
    } reals[] = {
        {"mean", &out->mean}, {"median", &out->median}, {"stdev", &out->stdev},
        {"min", &out->min},   {"max", &out->max},       {"p90", &out->p90},
        {"p95", &out->p95},   {"p99", &out->p99},       {"p999", &out->p999},
    };
    json_int_t count;
    int rc = bench_member_whole(reader, json, "count", 1, INT64_MAX, &count);
    for (size_t i = 0; rc == 0 && i < BENCH_COUNT_OF(reals); i++)
        rc = bench_member_real(reader, json, reals[i].key, 0, reals[i].member);
    if (rc == 0)
        out->count = (uint64_t)count;
    return rc;
}

static int read_kept(const struct bench_reader *reader, const json_t *json,
                     struct bench_trial *trial)
{
    static const struct bench_series empty;
    json_t *statistics;
    trial->kept = calloc(BENCH_SERIES_COUNT, sizeof(*trial->kept));
    if (trial->kept == NULL)
        return bench_member_no_memory(reader);
    int rc = bench_member_object(reader, json, "statistics", &statistics);
    for (size_t id = 0; rc == 0 && id < BENCH_SERIES_COUNT; id++) {
        const json_t *one = json_object_get(statistics, bench_series_key((enum bench_series_id)id));
        bench_series_statistic(&empty, &trial->kept[id]);
        if (one != NULL)
            rc = read_statistic(reader, one, &trial->kept[id]);
    }
    return rc;
}

/* Without the counts nothing was measured; with them the statistics stand for the samples. */
static int read_counts(const struct bench_reader *reader, const json_t *json,
                       struct bench_trial *trial)
{
    const json_t *counts = json_object_get(json, "counts");
    json_int_t attempted, succeeded;
    if (json_is_null(counts))
        return 0;
    if (!json_is_object(counts))
        return bench_member_refuse(reader, "no object \"counts\"");
    int rc = bench_member_whole(reader, counts, "attempted", 0, INT64_MAX, &attempted);
    if (rc == 0)
        rc = bench_member_whole(reader, counts, "succeeded", 0, attempted, &succeeded);
    if (rc == 0)
        rc = read_kept(reader, json, trial);
    if (rc < 0)
        return rc;
    json_t *none = json_object();
    if (none == NULL)
        return bench_member_no_memory(reader);
    rc =
        read_recording(reader, none, counts, "attempted", succeeded, NULL, NULL, &trial->recording);
    json_decref(none);
    return rc;
}

static int read_resources(const struct bench_reader *reader, const json_t *json,
                          struct bench_resources *out)
{
    json_t *resources, *server, *client;
    int rc = bench_member_object(reader, json, "resources", &resources);
    if (rc == 0)
        rc = bench_member_object(reader, resources, "server", &server);
    if (rc == 0)
        rc = bench_member_object(reader, resources, "client", &client);
    if (rc == 0)
        rc = bench_member_real(reader, json, "duration", 0, &out->wall_s);
    if (rc == 0)
        rc = bench_member_real(reader, server, "cpu_seconds", 0, &out->server_cpu_s);
    if (rc == 0)
        rc = bench_member_real(reader, server, "pss", -1e18, &out->server_pss_bytes);
    if (rc == 0)
        rc = bench_member_real(reader, server, "pss_idle", 0, &out->server_pss_idle_bytes);
    if (rc == 0)
        rc = bench_member_processes(reader, server, "processes", &out->server_processes);
    if (rc == 0)
        rc = bench_member_real(reader, client, "cpu_seconds", 0, &out->client_cpu_s);
    return rc == 0 ? bench_member_real(reader, client, "rss", 0, &out->client_rss_bytes) : rc;
}

/* The reason is the first text of the list that the budget did not add. */
static int read_reason(const struct bench_reader *reader, const json_t *json,
                       struct bench_trial *trial)
{
    json_t *list;
    size_t count;
    int rc = bench_member_list(reader, json, "reasons", &list, &count);
    if (rc < 0)
        return rc;
    const char *reason = "";
    if (count > (trial->budget_cut ? 1 : 0))
        reason = json_string_value(json_array_get(list, 0));
    if (reason == NULL || strlen(reason) > NAME_LIMIT)
        return bench_member_refuse(reader, "\"reasons\" holds no text");
    trial->reason = strdup(reason);
    return trial->reason != NULL ? 0 : bench_member_no_memory(reader);
}

static int read_trial(const struct bench_reader *reader, const json_t *json,
                      struct bench_trial *trial)
{
    int rc = bench_member_int(reader, json, "block", &trial->block);
    if (rc == 0)
        rc = bench_member_int(reader, json, "order", &trial->order);
    if (rc == 0)
        rc = get_status(reader, json, &trial->status);
    if (rc == 0)
        rc = bench_member_flag(reader, json, "budget_cut", &trial->budget_cut);
    if (rc == 0)
        rc = read_reason(reader, json, trial);
    if (rc == 0)
        rc = bench_member_real(reader, json, "started", 0, &trial->started);
    if (rc == 0)
        rc = read_resources(reader, json, &trial->resources);
    if (rc == 0)
        rc = bench_validity_read(reader, json, &trial->validity);
    return rc == 0 ? read_counts(reader, json, trial) : rc;
}

static int read_trials(struct bench_reader *reader, const json_t *json, size_t index,
                       struct bench_result *result)
{
    json_t *list;
    size_t count;
    int rc = bench_member_list(reader, json, "trials", &list, &count);
    if (rc < 0)
        return rc;
    result->trials = calloc(count + 1, sizeof(*result->trials));
    if (result->trials == NULL)
        return bench_member_no_memory(reader);
    for (; rc == 0 && result->ntrials < count; result->ntrials++) {
        (void)snprintf(reader->where, sizeof(reader->where), "results[%zu].trials[%zu]", index,
                       result->ntrials);
        rc = read_trial(reader, json_array_get(list, result->ntrials),
                        &result->trials[result->ntrials]);
    }
    return rc;
}

/* ---- results ---- */

static int find_target(const struct bench_reader *reader, const json_t *root, const json_t *json,
                       const struct bench_run *run, const struct bench_target_info **out)
{
    const json_t *list = json_object_get(root, "targets"), *own = json_object_get(json, "target");
    for (size_t i = 0; i < run->ntargets; i++) {
        if (own != NULL && json_equal(own, json_array_get(list, i))) {
            *out = &run->targets[i];
            return 0;
        }
    }
    return bench_member_refuse(reader, "its target is not among \"targets\"");
}

static int read_parameters(const struct bench_reader *reader, const json_t *json,
                           struct bench_result *result)
{
    json_t *object, *value;
    const char *key;
    int rc = bench_member_object(reader, json, "parameters", &object);
    if (rc < 0)
        return rc;
    result->parameters = calloc(json_object_size(object) + 1, sizeof(*result->parameters));
    if (result->parameters == NULL)
        return bench_member_no_memory(reader);
    json_object_foreach(object, key, value)
    {
        struct bench_parameter *parameter = &result->parameters[result->nparameters++];
        parameter->name = strdup(key);
        if (parameter->name == NULL)
            return bench_member_no_memory(reader);
        rc = bench_member_text(reader, object, key, &parameter->value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* null is unknown. */
static int read_switch(const struct bench_reader *reader, const json_t *object, const char *key,
                       int *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value) && !json_is_null(value))
        return bench_member_refuse(reader, "'%s' is neither true, false nor null", key);
    *out = json_is_null(value) ? -1 : json_is_true(value);
    return 0;
}

/* Missing in files from before there was such a member. */
static int read_sockets(const struct bench_reader *reader, const json_t *json,
                        struct bench_resources *out)
{
    json_t *sockets;
    if (json_object_get(json, "sockets") == NULL)
        return 0;
    int rc = bench_member_object(reader, json, "sockets", &sockets);
    if (rc == 0)
        rc = read_switch(reader, sockets, "client_nodelay", &out->client_nodelay);
    return rc == 0 ? read_switch(reader, sockets, "server_nodelay", &out->server_nodelay) : rc;
}

/* Sums of CPU, medians of memory; nothing of it where nothing was measured. */
static int read_sums(const struct bench_reader *reader, const json_t *json,
                     struct bench_result *result)
{
    struct bench_resources *out = &result->resources;
    json_t *cpu, *memory;
    *out = (struct bench_resources){.server_cpu_s = NAN,
                                    .client_cpu_s = NAN,
                                    .server_pss_bytes = NAN,
                                    .server_pss_idle_bytes = NAN,
                                    .client_rss_bytes = NAN,
                                    .client_nodelay = -1,
                                    .server_nodelay = -1};
    int rc = bench_member_real(reader, json, "duration", 0, &out->wall_s);
    if (rc < 0 || result->pooled == NULL)
        return rc;
    rc = bench_member_object(reader, json, "cpu", &cpu);
    if (rc == 0)
        rc = bench_member_object(reader, json, "memory", &memory);
    if (rc == 0)
        rc = bench_member_real(reader, cpu, "server_seconds", 0, &out->server_cpu_s);
    if (rc == 0)
        rc = bench_member_real(reader, cpu, "client_seconds", 0, &out->client_cpu_s);
    if (rc == 0)
        rc = bench_member_real(reader, memory, "server_pss", -1e18, &out->server_pss_bytes);
    if (rc == 0)
        rc = bench_member_real(reader, memory, "server_pss_idle", 0, &out->server_pss_idle_bytes);
    if (rc == 0)
        rc = bench_member_real(reader, memory, "client_rss", 0, &out->client_rss_bytes);
    if (rc == 0)
        rc = bench_member_processes(reader, memory, "server_processes", &out->server_processes);
    return rc == 0 ? read_sockets(reader, json, out) : rc;
}

static int read_remark(const struct bench_reader *reader, const json_t *json,
                       struct bench_result *result)
{
    const json_t *remark = json_object_get(json, "remark");
    if (remark == NULL || json_is_null(remark))
        return 0;
    return bench_member_text(reader, json, "remark", &result->remark);
}

static int read_result(struct bench_reader *reader, const json_t *root, const json_t *json,
                       size_t index, const struct bench_run *run, struct bench_result *result)
{
    int rc = find_target(reader, root, json, run, &result->target);
    if (rc == 0)
        rc = bench_member_text(reader, json, "workload", &result->workload);
    if (rc == 0)
        rc = bench_member_text(reader, json, "operation", &result->operation);
    if (rc == 0)
        rc = bench_member_text(reader, json, "load_model", &result->load_model);
    if (rc == 0)
        rc = bench_member_text(reader, json, "reason", &result->reason);
    if (rc == 0)
        rc = read_remark(reader, json, result);
    if (rc == 0)
        rc = get_status(reader, json, &result->status);
    if (rc == 0)
        rc = read_parameters(reader, json, result);
    if (rc == 0)
        rc = read_pooled(reader, json, result);
    if (rc == 0)
        rc = read_sums(reader, json, result);
    if (rc == 0)
        rc = bench_rank_read(reader, json, &result->rank);
    return rc == 0 ? read_trials(reader, json, index, result) : rc;
}

static int read_results(struct bench_reader *reader, const json_t *root, struct bench_run *run)
{
    json_t *list;
    size_t count;
    int rc = bench_member_list(reader, root, "results", &list, &count);
    if (rc < 0)
        return rc;
    run->results = calloc(count + 1, sizeof(*run->results));
    if (run->results == NULL)
        return bench_member_no_memory(reader);
    for (; rc == 0 && run->nresults < count; run->nresults++) {
        (void)snprintf(reader->where, sizeof(reader->where), "results[%zu]", run->nresults);
        rc = read_result(reader, root, json_array_get(list, run->nresults), run->nresults, run,
                         &run->results[run->nresults]);
    }
    return rc;
}

/* ---- the run ---- */

static int read_facts(const struct bench_reader *reader, const json_t *root, const char *name,
                      struct bench_fact **out, size_t *count)
{
    json_t *object, *value;
    const char *key;
    int rc = bench_member_object(reader, root, name, &object);
    if (rc < 0)
        return rc;
    *out = calloc(json_object_size(object) + 1, sizeof(**out));
    if (*out == NULL)
        return bench_member_no_memory(reader);
    json_object_foreach(object, key, value)
    {
        struct bench_fact *fact = &(*out)[(*count)++];
        fact->name = strdup(key);
        if (fact->name == NULL)
            return bench_member_no_memory(reader);
        rc = bench_member_text(reader, object, key, &fact->value);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Names among the environment's facts. */
static int read_varying(const struct bench_reader *reader, const json_t *root,
                        struct bench_run *run)
{
    json_t *list = json_object_get(root, "environment_varies");
    size_t count;
    if (list == NULL)
        return 0;
    int rc = bench_member_list(reader, root, "environment_varies", &list, &count);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        size_t k = 0;
        while (name != NULL && k < run->nenvironment &&
               strcmp(run->environment[k].name, name) != 0)
            k++;
        if (name == NULL || k == run->nenvironment)
            return bench_member_refuse(reader, "\"environment_varies\" names no fact: \"%.40s\"",
                                       name != NULL ? name : "");
        run->environment[k].varies = true;
    }
    return rc;
}

/* 16 hexadecimal digits, or nothing. */
static int read_hash(const struct bench_reader *reader, const json_t *root, struct bench_run *run)
{
    char *text;
    int rc = bench_member_text_or_empty(reader, root, "environment_hash", &text);
    if (rc < 0)
        return rc;
    size_t length = strlen(text);
    if (strspn(text, "0123456789abcdef") != length ||
        (length != 0 && length != sizeof(run->environment_hash) - 1))
        rc = bench_member_refuse(reader, "\"environment_hash\" is \"%.40s\", not 16 digits", text);
    else
        memcpy(run->environment_hash, text, length + 1);
    free(text);
    return rc;
}

static int read_run(struct bench_reader *reader, const json_t *root, struct bench_run *run)
{
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (schema == NULL || strcmp(schema, BENCH_RESULT_SCHEMA) != 0)
        return bench_member_refuse(reader, "\"schema\" is \"%.40s\", this program reads %s",
                                   schema != NULL ? schema : "", BENCH_RESULT_SCHEMA);
    int rc = bench_member_real(reader, root, "started", 0, &run->started);
    if (rc == 0)
        rc = bench_member_real(reader, root, "duration", 0, &run->duration);
    if (rc == 0)
        rc = bench_member_flag(reader, root, "interrupted", &run->interrupted);
    if (rc == 0)
        rc = read_facts(reader, root, "environment", &run->environment, &run->nenvironment);
    if (rc == 0)
        rc = read_varying(reader, root, run);
    if (rc == 0)
        rc = read_hash(reader, root, run);
    if (rc == 0)
        rc = read_facts(reader, root, "plan", &run->plan, &run->nplan);
    if (rc == 0)
        rc = read_targets(reader, root, run);
    if (rc == 0)
        rc = read_results(reader, root, run);
    return rc == 0 ? bench_comparisons_read(reader, root, run) : rc;
}

int bench_result_parse(const char *json, size_t length, const void *histograms,
                       size_t histograms_length, struct bench_run **out, struct bench_error *err)
{
    struct bench_reader reader = {.where = "result", .err = err};
    json_error_t where;
    json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return bench_fail(err, -EINVAL, "line %d: %s", where.line, where.text);
    struct bench_run *run = bench_run_new();
    int rc = run != NULL ? read_run(&reader, root, run) : bench_member_no_memory(&reader);
    json_decref(root);
    if (rc == 0 && histograms != NULL)
        rc = bench_result_take_histograms(run, histograms, histograms_length, err);
    if (rc < 0) {
        bench_run_free(run);
        return rc;
    }
    *out = run;
    return 0;
}
