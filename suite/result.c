/* SPDX-License-Identifier: MIT */
#include "suite/report.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_view bench_view_of(const char *workload)
{
    const struct bench_workload *row = bench_workload_find(workload);
    struct bench_view view = {BENCH_SERIES_RESPONSE, BENCH_RANKING_TIME, false};
    if (row == NULL)
        return view;
    if (row->sample == BENCH_SAMPLE_CONNECTION)
        view.series = BENCH_SERIES_FIRST_ANSWER;
    view.ranking = row->ranking;
    view.concurrent = row->concurrent;
    return view;
}

const char *bench_cell_status_name(enum bench_cell_status status)
{
    static const char *const names[] = {
#define X(id, name, comparable) [BENCH_CELL_##id] = name,
        BENCH_CELL_STATUSES(X)
#undef X
    };
    return (size_t)status < BENCH_COUNT_OF(names) ? names[status] : "?";
}

const char *bench_role_key(enum bench_role role)
{
    static const char *const keys[] = {
        [BENCH_ROLE_NORMAL] = "normal",
        [BENCH_ROLE_FLOOR] = "floor",
        [BENCH_ROLE_RULER] = "ruler",
    };
    return (size_t)role < BENCH_COUNT_OF(keys) ? keys[role] : "?";
}

/* ---- the run ---- */

struct bench_run *bench_run_new(void) { return calloc(1, sizeof(struct bench_run)); }

static void facts_free(struct bench_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(facts[i].name);
        free(facts[i].value);
    }
    free(facts);
}

static void target_fini(struct bench_target_info *target)
{
    free(target->name);
    free(target->protocol);
    free(target->options);
    free(target->mode);
    free(target->server);
    free(target->client);
    free(target->url);
    free(target->label);
    free(target->family);
    free(target->library);
}

void bench_trial_clear(struct bench_trial *trial)
{
    free(trial->reason);
    free(trial->kept);
    free(trial->parts);
    bench_recording_free(trial->recording);
    *trial = (struct bench_trial){.recording = NULL};
}

static void result_fini(struct bench_result *result)
{
    for (size_t i = 0; i < result->nparameters; i++) {
        free(result->parameters[i].name);
        free(result->parameters[i].value);
    }
    for (size_t i = 0; i < result->ntrials; i++)
        bench_trial_clear(&result->trials[i]);
    free(result->remark);
    free(result->parameters);
    free(result->trials);
    free(result->workload);
    free(result->operation);
    free(result->load_model);
    free(result->reason);
    bench_recording_free(result->pooled);
}

void bench_comparisons_clear(struct bench_run *run)
{
    for (size_t i = 0; i < run->ncomparisons; i++) {
        free(run->comparisons[i].workload);
        free(run->comparisons[i].metric);
        free(run->comparisons[i].verdict);
        free(run->comparisons[i].sentence);
    }
    free(run->comparisons);
    run->comparisons = NULL;
    run->ncomparisons = 0;
}

void bench_run_free(struct bench_run *run)
{
    if (run == NULL)
        return;
    bench_comparisons_clear(run);
    for (size_t i = 0; i < run->nresults; i++)
        result_fini(&run->results[i]);
    for (size_t i = 0; i < run->ntargets; i++)
        target_fini(&run->targets[i]);
    free(run->results);
    free(run->targets);
    facts_free(run->environment, run->nenvironment);
    facts_free(run->plan, run->nplan);
    free(run);
}

/* As it will be read again from 15 digits, which every decimal text of that length survives. */
static void settle_real(double *value)
{
    char text[32];
    if (!isfinite(*value)) {
        *value = NAN; /* null in the file */
        return;
    }
    (void)snprintf(text, sizeof(text), "%.15g", *value);
    *value = strtod(text, NULL);
}

static void settle_resources(struct bench_resources *resources)
{
    /* A tree whose processes come and go is not counted in one instant: a difference of two counts
     * below zero says that the load was too short to tell. */
    if (resources->server_cpu_s < 0)
        resources->server_cpu_s = NAN;
    settle_real(&resources->wall_s);
    settle_real(&resources->server_cpu_s);
    settle_real(&resources->client_cpu_s);
    resources->server_pss_bytes = round(resources->server_pss_bytes);
    resources->server_pss_idle_bytes = round(resources->server_pss_idle_bytes);
    resources->client_rss_bytes = round(resources->client_rss_bytes);
}

static void settle_validity(struct bench_validity *validity)
{
#define X(member, key, help) settle_real(&validity->member);
    BENCH_VALIDITY_FIGURES(X)
#undef X
}

void bench_run_settle(struct bench_run *run)
{
    settle_real(&run->started);
    settle_real(&run->duration);
    for (size_t i = 0; i < run->nresults; i++) {
        struct bench_result *result = &run->results[i];
        settle_resources(&result->resources);
        for (size_t k = 0; k < result->ntrials; k++) {
            settle_real(&result->trials[k].started);
            settle_resources(&result->trials[k].resources);
            settle_validity(&result->trials[k].validity);
        }
    }
}

/* ---- figures ---- */

const char *bench_result_parameter(const struct bench_result *result, const char *name)
{
    for (size_t i = 0; i < result->nparameters; i++) {
        if (strcmp(result->parameters[i].name, name) == 0)
            return result->parameters[i].value;
    }
    return NULL;
}

bool bench_result_is_shown(const struct bench_result *result)
{
    return result->pooled != NULL &&
           (result->status == BENCH_CELL_OK || result->status == BENCH_CELL_CLIENT_BOUND);
}

bool bench_result_is_judged(const struct bench_result *result)
{
    return result->pooled != NULL && result->status == BENCH_CELL_OK &&
           result->target->role == BENCH_ROLE_NORMAL;
}

static void recording_statistic(const struct bench_recording *recording, enum bench_series_id id,
                                struct bench_statistic *out)
{
    static const struct bench_series empty;
    bench_series_statistic(recording != NULL ? &recording->series[id] : &empty, out);
}

void bench_result_statistic(const struct bench_result *result, enum bench_series_id id,
                            struct bench_statistic *out)
{
    recording_statistic(result->pooled, id, out);
}

void bench_trial_statistic(const struct bench_trial *trial, enum bench_series_id id,
                           struct bench_statistic *out)
{
    if (trial->kept != NULL)
        *out = trial->kept[id];
    else
        recording_statistic(trial->recording, id, out);
}

bool bench_trial_is_good(const struct bench_trial *trial)
{
    return trial->recording != NULL &&
           (trial->status == BENCH_CELL_OK || trial->status == BENCH_CELL_CLIENT_BOUND);
}

uint64_t bench_recording_failed(const struct bench_recording *recording)
{
    return recording->attempted - recording->succeeded;
}

/* NaN instead of a division that means nothing. */
static double ratio_of(double part, double whole) { return whole > 0 ? part / whole : NAN; }

static double recording_rate(const struct bench_recording *recording, double wall_s)
{
    if (recording == NULL || recording->succeeded == 0)
        return NAN;
    return ratio_of((double)recording->succeeded, wall_s);
}

double bench_result_throughput(const struct bench_result *result)
{
    return recording_rate(result->pooled, result->resources.wall_s);
}

double bench_trial_throughput(const struct bench_trial *trial)
{
    return recording_rate(trial->recording, trial->resources.wall_s);
}

static double per_success(const struct bench_result *result, double amount)
{
    return result->pooled != NULL ? ratio_of(amount, (double)result->pooled->succeeded) : NAN;
}

double bench_result_server_cpu(const struct bench_result *result)
{
    return per_success(result, result->resources.server_cpu_s);
}

double bench_result_client_cpu(const struct bench_result *result)
{
    return per_success(result, result->resources.client_cpu_s);
}

double bench_result_success(const struct bench_result *result)
{
    if (result->pooled == NULL)
        return NAN;
    return ratio_of((double)result->pooled->succeeded, (double)result->pooled->attempted);
}

double bench_result_time(const struct bench_result *result)
{
    struct bench_statistic statistic;
    bench_result_statistic(result, bench_view_of(result->workload).series, &statistic);
    return statistic.median;
}

bool bench_result_is_bulk(const struct bench_result *result)
{
    return bench_result_parameter(result, "direction") != NULL &&
           bench_result_parameter(result, "size") != NULL;
}

uint64_t bench_result_size(const struct bench_result *result)
{
    const char *text = bench_result_parameter(result, "size");
    int64_t size;
    if (!bench_result_is_bulk(result) || bench_parse_size(text, &size, NULL) < 0 || size < 0)
        return 0;
    return (uint64_t)size;
}

/* How many connections moved bytes at the same time. */
static double lanes(const struct bench_result *result)
{
    const char *text = bench_result_parameter(result, "clients");
    int64_t clients;
    if (text == NULL || bench_parse_int(text, 1, INT32_MAX, &clients, NULL) < 0)
        return 1;
    return (double)clients;
}

double bench_result_bandwidth(const struct bench_result *result)
{
    struct bench_statistic statistic;
    uint64_t size = bench_result_size(result);
    bench_result_statistic(result, BENCH_SERIES_RESPONSE, &statistic);
    return size > 0 ? ratio_of((double)size * lanes(result), statistic.mean) : NAN;
}

double bench_trial_bandwidth(const struct bench_trial *trial, const void *user)
{
    const struct bench_result *result = user;
    struct bench_statistic statistic;
    uint64_t size = bench_result_size(result);
    bench_trial_statistic(trial, BENCH_SERIES_RESPONSE, &statistic);
    return size > 0 ? ratio_of((double)size * lanes(result), statistic.mean) : NAN;
}

static double per_operation(const struct bench_result *result, uint64_t amount)
{
    return ratio_of((double)amount, (double)result->pooled->stat.operations);
}

double bench_result_round_trips(const struct bench_result *result)
{
    return result->pooled != NULL ? per_operation(result, result->pooled->stat.round_trips) : NAN;
}

double bench_result_waits(const struct bench_result *result)
{
    if (result->pooled == NULL)
        return NAN;
    const struct bench_op_stat_sum *stat = &result->pooled->stat;
    return per_operation(result, stat->round_trips + stat->ack_waits);
}

double bench_result_frames(const struct bench_result *result)
{
    if (result->pooled == NULL)
        return NAN;
    const struct bench_op_stat_sum *stat = &result->pooled->stat;
    return per_operation(result, stat->frames_sent + stat->frames_received);
}

double bench_result_tcp_bytes(const struct bench_result *result)
{
    if (result->pooled == NULL)
        return NAN;
    uint64_t bytes = result->pooled->tcp_sent + result->pooled->tcp_received;
    return bytes > 0 ? ratio_of((double)bytes, (double)result->pooled->attempted) : NAN;
}

double bench_result_server_cores(const struct bench_result *result)
{
    if (result->pooled == NULL)
        return NAN;
    return ratio_of(result->resources.server_cpu_s, result->resources.wall_s);
}

double bench_trial_server_cores(const struct bench_trial *trial)
{
    return ratio_of(trial->resources.server_cpu_s, trial->resources.wall_s);
}

struct bench_range bench_result_range(const struct bench_result *result, bench_trial_figure_fn fn,
                                      const void *user)
{
    struct bench_range range = {NAN, NAN, 0};
    for (size_t i = 0; i < result->ntrials; i++) {
        if (!bench_trial_is_good(&result->trials[i]))
            continue;
        double value = fn(&result->trials[i], user);
        if (isnan(value))
            continue;
        range.low = fmin(range.low, value); /* fmin and fmax pass over NaN */
        range.high = fmax(range.high, value);
        range.count++;
    }
    return range;
}

bool bench_percentile_is_resolved(double p, uint64_t n) { return n >= bench_percentile_needs(p); }

uint64_t bench_percentile_needs(double p)
{
    if (p <= 0)
        return 1;
    if (p >= 1)
        return UINT64_MAX;
    return (uint64_t)ceil(log(0.025) / log(p));
}

bool bench_mean_interval(const double *values, size_t n, double *low, double *high)
{
    double mean = 0, squares = 0;
    *low = *high = NAN;
    if (n < BENCH_INTERVAL_TRIALS)
        return false;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    double df = (double)(n - 1);
    double half = gsl_cdf_tdist_Pinv(0.975, df) * sqrt(squares / df / (double)n);
    *low = mean - half;
    *high = mean + half;
    return true;
}

/* ---- numbers as text ---- */

static struct bench_text significant(double value, int digits, const char *suffix)
{
    struct bench_text text = {"?"};
    if (!isfinite(value))
        return text;
    /* Rounded first, so that 9.96 becomes 10 and not 10.0. */
    int exponent = value != 0 ? (int)floor(log10(fabs(value))) : 0;
    double unit = pow(10, exponent - digits + 1);
    double rounded = round(value / unit) * unit;
    exponent = rounded != 0 ? (int)floor(log10(fabs(rounded)) + 1e-9) : 0;
    int decimals = digits - 1 - exponent;
    decimals = decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
    (void)snprintf(text.s, sizeof(text.s), "%.*f%s", decimals, rounded, suffix);
    return text;
}

struct bench_text bench_format_ratio(double ratio)
{
    return significant(ratio, ratio >= 1 && ratio < 1.095 ? 3 : 2, "x");
}

struct bench_text bench_format_number(double value, int digits)
{
    return significant(value, digits, "");
}
