/* SPDX-License-Identifier: MIT */
/* One line per result with all its figures, RFC 4180. The heads are stable. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/estimate.h"
#include "suite/metric.h"
#include "suite/report_write.h"

struct line {
    FILE *out;
    bool head, begun; /* head: the names are wanted, not the values */
};

/* Quoted where it must be; control characters (line ends, too) have become spaces. */
static void put_field(struct line *line, const char *value)
{
    size_t size = strlen(value) + 1;
    char *clean = malloc(size);
    if (line->begun)
        fputc(',', line->out);
    line->begun = true;
    if (clean == NULL)
        return;
    (void)bench_text_clean(value, clean, size);
    bool quoted = strpbrk(clean, "\",") != NULL || clean[0] == ' ';
    if (quoted)
        fputc('"', line->out);
    for (const char *at = clean; *at != '\0'; at++) {
        if (*at == '"')
            fputc('"', line->out);
        fputc(*at, line->out);
    }
    if (quoted)
        fputc('"', line->out);
    free(clean);
}

static void put_text(struct line *line, const char *name, const char *value)
{
    put_field(line, line->head ? name : value != NULL ? value : "");
}

/* Empty when it is not known. */
static void put_real(struct line *line, const char *name, double value)
{
    char text[40] = "";
    if (isfinite(value))
        (void)snprintf(text, sizeof(text), "%.9g", value);
    put_text(line, name, text);
}

static void put_count(struct line *line, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    put_text(line, name, text);
}

static double trial_rate(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_throughput(trial);
}

static void put_target(struct line *line, const struct bench_target_info *target)
{
    put_text(line, "target", target->name);
    put_text(line, "protocol", target->protocol);
    put_text(line, "options", target->options);
    put_text(line, "mode", target->mode);
    put_text(line, "server", target->server);
    put_text(line, "client", target->client);
    put_text(line, "family", target->family);
    put_text(line, "library", target->library);
    put_text(line, "url", target->url);
    put_text(line, "label", target->label);
    put_text(line, "role", bench_role_key(target->role));
}

/* Those that have a column of their own, then all others as one text: "delay=0.01;n=3". */
static void put_parameters(struct line *line, const struct bench_result *result)
{
    static const char *const own[] = {"clients", "direction", "size",  "style",    "chunk",
                                      "rate",    "arrival",   "rtt",   "placement"};
    char others[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(own); i++)
        put_text(line, own[i], bench_result_parameter(result, own[i]));
    put_real(line, "size_bytes",
             bench_result_size(result) > 0 ? (double)bench_result_size(result) : NAN);
    for (size_t i = 0; i < result->nparameters && used < sizeof(others); i++) {
        bool listed = false;
        for (size_t k = 0; k < BENCH_COUNT_OF(own); k++)
            listed |= strcmp(own[k], result->parameters[i].name) == 0;
        if (!listed)
            used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%s=%s",
                                     used > 0 ? ";" : "", result->parameters[i].name,
                                     result->parameters[i].value);
    }
    put_text(line, "parameters", others);
}

static void put_counts(struct line *line, const struct bench_result *result)
{
    const struct bench_recording *pooled = result->pooled;
    put_count(line, "trials", result->ntrials);
    put_count(line, "total_requests", pooled != NULL ? pooled->attempted : 0);
    put_count(line, "failed_requests", pooled != NULL ? bench_recording_failed(pooled) : 0);
    for (size_t kind = 1; kind < BENCH_FAILURE_COUNT; kind++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "errors_%s",
                       bench_failure_name((enum bench_failure)kind));
        for (char *at = name; *at != '\0'; at++)
            *at = *at == '-' ? '_' : *at;
        put_count(line, name, pooled != NULL ? pooled->failures[kind] : 0);
    }
    put_text(line, "first_error", pooled != NULL ? pooled->first_error : "");
    put_real(line, "duration_s", result->resources.wall_s);
}

static void put_rates(struct line *line, const struct bench_result *result)
{
    struct bench_range rate = bench_result_range(result, trial_rate, NULL);
    struct bench_range bytes = bench_result_range(result, bench_trial_bandwidth, result);
    put_real(line, "offered_per_second", bench_result_offered(result));
    put_real(line, "delivered_per_second", bench_result_delivered(result));
    put_real(line, "requests_per_second", bench_result_throughput(result));
    put_real(line, "requests_per_second_lowest_trial", rate.low);
    put_real(line, "requests_per_second_highest_trial", rate.high);
    put_real(line, "bytes_per_second", bench_result_bandwidth(result));
    put_real(line, "bytes_per_second_lowest_trial", bytes.low);
    put_real(line, "bytes_per_second_highest_trial", bytes.high);
}

static void put_series(struct line *line, const struct bench_result *result,
                       enum bench_series_id id)
{
    struct bench_statistic statistic;
    bench_result_statistic(result, id, &statistic);
    const struct {
        const char *name;
        double value;
    } figures[] = {
        {"count", statistic.count > 0 ? (double)statistic.count : NAN},
        {"mean_s", statistic.mean},
        {"median_s", statistic.median},
        {"stdev_s", statistic.stdev},
        {"min_s", statistic.min},
        {"max_s", statistic.max},
        {"p90_s", statistic.p90},
        {"p95_s", statistic.p95},
        {"p99_s", statistic.p99},
        {"p999_s", statistic.p999},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(figures); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s_%s", bench_series_key(id), figures[i].name);
        put_real(line, name, figures[i].value);
    }
}

static void put_costs(struct line *line, const struct bench_result *result)
{
    const struct bench_resources *resources = &result->resources;
    bool measured = result->pooled != NULL;
    put_real(line, "server_cpu_per_request_s", bench_result_server_cpu(result));
    put_real(line, "client_cpu_per_request_s", bench_result_client_cpu(result));
    put_real(line, "server_cores", bench_result_server_cores(result));
    put_real(line, "server_pss_bytes", measured ? resources->server_pss_bytes : NAN);
    put_real(line, "server_pss_idle_bytes", measured ? resources->server_pss_idle_bytes : NAN);
    put_real(line, "client_rss_bytes", measured ? resources->client_rss_bytes : NAN);
    put_real(line, "server_processes",
             resources->server_processes > 0 ? (double)resources->server_processes : (double)NAN);
    put_real(line, "round_trips", bench_result_round_trips(result));
    put_real(line, "frames", bench_result_frames(result));
    put_real(line, "tcp_bytes_per_request", bench_result_tcp_bytes(result));
}

/* "p50_low95": the ends of intervals over trials. */
static void put_intervals(struct line *line, const struct bench_result *result)
{
    static const enum bench_metric_id wanted[] = {
        BENCH_METRIC_P50,        BENCH_METRIC_P99,       BENCH_METRIC_MEAN,
        BENCH_METRIC_THROUGHPUT, BENCH_METRIC_BANDWIDTH, BENCH_METRIC_CPU,
    };
    put_real(line, "rank", result->rank > 0 ? (double)result->rank : (double)NAN);
    for (size_t i = 0; i < BENCH_COUNT_OF(wanted); i++) {
        const struct bench_metric *metric = bench_metric_get(wanted[i]);
        struct bench_bounds bounds = {NAN, NAN, NAN, NAN};
        char low[64], high[64];
        (void)snprintf(low, sizeof(low), "%s_low95", metric->key);
        (void)snprintf(high, sizeof(high), "%s_high95", metric->key);
        for (size_t at = 0; low[at] != '\0'; at++) {
            low[at] = low[at] == '-' ? '_' : low[at];
            high[at] = high[at] == '-' ? '_' : high[at];
        }
        if (!line->head && bench_result_interval(result, metric, &bounds, NULL) < 0)
            bounds.low = bounds.high = NAN;
        put_real(line, low, bounds.low);
        put_real(line, high, bounds.high);
    }
}

static void put_line(FILE *out, const struct bench_result *result, bool head)
{
    struct line line = {.out = out, .head = head};
    put_text(&line, "workload", result->workload);
    put_text(&line, "operation", result->operation);
    put_target(&line, result->target);
    put_parameters(&line, result);
    put_text(&line, "load_model", result->load_model);
    put_text(&line, "status", bench_cell_status_name(result->status));
    put_text(&line, "reason", result->reason);
    put_text(&line, "remark", result->remark);
    put_counts(&line, result);
    /* What is not to be trusted has its reason and its counts, and no figures to be drawn. */
    struct bench_result bare = *result;
    if (result->status == BENCH_CELL_INVALID) {
        bare.pooled = NULL;
        bare.ntrials = 0;
        bare.resources.server_processes = 0;
    }
    put_rates(&line, &bare);
    for (size_t id = 0; id < BENCH_SERIES_COUNT; id++) {
        if (id != BENCH_SERIES_LATE) /* judged trial by trial, not pooled */
            put_series(&line, &bare, (enum bench_series_id)id);
    }
    put_costs(&line, &bare);
    put_intervals(&line, &bare);
    fputs("\r\n", out);
}

static int write_csv(struct bench_writer *writer)
{
    static const struct bench_target_info no_target;
    static const struct bench_result nothing = {.target = &no_target};
    put_line(writer->out, &nothing, true);
    for (size_t i = 0; i < writer->run->nresults; i++)
        put_line(writer->out, &writer->run->results[i], false);
    return 0;
}

int bench_report_csv(const struct bench_run *run, struct bench_buf *out)
{
    return bench_report_render(run, false, write_csv, out);
}
