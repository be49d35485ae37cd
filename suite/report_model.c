/* SPDX-License-Identifier: MIT */
/* Under which load and conditions a cell was measured, in words and figures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/report.h"

static const struct {
    const char *name, *words;
} factors[BENCH_FACTOR_COUNT] = {
    [BENCH_FACTOR_NONE] = {"", ""},
#define X(id, f_name, f_words) [BENCH_FACTOR_##id] = {(f_name), (f_words)},
    BENCH_FACTORS(X)
#undef X
};

const char *bench_factor_name(enum bench_factor factor) { return factors[factor].name; }
const char *bench_factor_words(enum bench_factor factor) { return factors[factor].words; }

/* "1000/s" or "0.5/s" as a number; NaN if it is none. */
static double parse_rate(const char *text)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return NAN;
    double rate = strtod(text, &end);
    return strcmp(end, "/s") == 0 && isfinite(rate) && rate > 0 ? rate : NAN;
}

double bench_factor_value(enum bench_factor factor, const struct bench_result *result)
{
    const char *text = bench_result_parameter(result, factors[factor].name);
    int64_t value;
    if (text == NULL)
        return NAN;
    switch (factor) {
    case BENCH_FACTOR_RATE:
        return parse_rate(text);
    case BENCH_FACTOR_RTT:
        return bench_parse_duration(text, &value, NULL) == 0 ? (double)value / 1e9 : NAN;
    case BENCH_FACTOR_CLIENTS:
    case BENCH_FACTOR_INFLIGHT:
        return bench_parse_int(text, 1, INT32_MAX, &value, NULL) == 0 ? (double)value : NAN;
    case BENCH_FACTOR_PLACEMENT:
    case BENCH_FACTOR_NONE:
    case BENCH_FACTOR_COUNT:
        break;
    }
    return NAN;
}

bool bench_parameter_is_condition(const struct bench_parameter *parameter)
{
    static const char *const names[] = {"inflight", "rate",  "arrival",
                                        "duration", "rtt",   "placement"};
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        if (strcmp(parameter->name, names[i]) == 0)
            return true;
    }
    return false;
}

bool bench_result_is_open(const struct bench_result *result)
{
    return !isnan(bench_factor_value(BENCH_FACTOR_RATE, result));
}

enum bench_ranking bench_result_ranking(const struct bench_result *result)
{
    return bench_result_is_open(result) ? BENCH_RANKING_TIME
                                        : bench_view_of(result->workload).ranking;
}

const char *bench_report_time(const struct bench_result *result)
{
    if (bench_view_of(result->workload).series == BENCH_SERIES_FIRST_ANSWER)
        return "time to the first answer";
    return bench_result_is_open(result) ? "response time from the planned start" : "response time";
}

static const char *or_empty(const char *text) { return text != NULL ? text : ""; }

/* The load without the part in which the columns differ. */
static void load_text(const struct bench_result *result, enum bench_factor factor, char *out,
                      size_t size)
{
    const char *clients = or_empty(bench_result_parameter(result, "clients"));
    const char *arrival = or_empty(bench_result_parameter(result, "arrival"));
    const char *inflight = bench_result_parameter(result, "inflight");
    const char *many = strcmp(clients, "1") == 0 ? "" : "s";
    char each[64] = "";
    bool open = bench_result_is_open(result);
    if (inflight != NULL && strcmp(inflight, "1") != 0)
        (void)snprintf(each, sizeof(each), ", %.20s in flight on each", inflight);
    if (factor == BENCH_FACTOR_CLIENTS && !open)
        (void)snprintf(out, size, "closed loop%s", each);
    else if (factor == BENCH_FACTOR_CLIENTS)
        (void)snprintf(out, size, "open loop, %.40s %.40s%s", bench_result_parameter(result, "rate"),
                       arrival, each);
    else if (factor == BENCH_FACTOR_RATE)
        (void)snprintf(out, size, "open loop, %.40s arrivals, %.20s connection%s%s", arrival,
                       clients, many, each);
    else if (factor == BENCH_FACTOR_INFLIGHT && !open)
        (void)snprintf(out, size, "closed loop, %.20s connection%s", clients, many);
    else if (factor == BENCH_FACTOR_INFLIGHT)
        (void)snprintf(out, size, "open loop, %.40s %.40s, %.20s connection%s",
                       bench_result_parameter(result, "rate"), arrival, clients, many);
    else
        (void)snprintf(out, size, "%s", result->load_model);
}

char *bench_report_load(const struct bench_result *result, enum bench_factor factor, char *out,
                        size_t size)
{
    const char *rtt = bench_result_parameter(result, "rtt");
    const char *placement = bench_result_parameter(result, "placement");
    const char *duration = bench_result_parameter(result, "duration");
    char load[256], text[512];
    load_text(result, factor, load, sizeof(load));
    if (factor == BENCH_FACTOR_RTT)
        rtt = NULL;
    if (factor == BENCH_FACTOR_PLACEMENT)
        placement = NULL;
    (void)snprintf(text, sizeof(text), "%s%s%.40s%s%.40s%s%.40s%s", load,
                   rtt != NULL ? ", rtt " : "", or_empty(rtt),
                   placement != NULL ? ", placement " : "", or_empty(placement),
                   duration != NULL ? ", " : "", or_empty(duration),
                   duration != NULL ? " a trial" : "");
    return bench_text_clean(text, out, size);
}

/* ---- rates ---- */

static double offered_figure(const struct bench_validity *validity) { return validity->offered; }
static double delivered_figure(const struct bench_validity *validity)
{
    return validity->delivered;
}

/* Of the good trials, each by its time. */
static double weighted(const struct bench_result *result,
                       double (*figure)(const struct bench_validity *validity))
{
    double sum = 0, time = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_trial *trial = &result->trials[i];
        double value = figure(&trial->validity);
        if (!bench_trial_is_good(trial) || !(value > 0) || !(trial->resources.wall_s > 0))
            continue;
        sum += value * trial->resources.wall_s;
        time += trial->resources.wall_s;
    }
    return time > 0 ? sum / time : NAN;
}

double bench_result_offered(const struct bench_result *result)
{
    double rate = weighted(result, offered_figure);
    if (!bench_result_is_open(result))
        return NAN;
    return isnan(rate) ? bench_factor_value(BENCH_FACTOR_RATE, result) : rate;
}

double bench_result_delivered(const struct bench_result *result)
{
    double rate = weighted(result, delivered_figure);
    if (!bench_result_is_open(result))
        return NAN;
    return isnan(rate) ? bench_result_throughput(result) : rate;
}

double bench_result_client_share(const struct bench_result *result)
{
    return bench_result_client_cpu(result) / bench_result_time(result);
}

/* ---- who ---- */

const char *bench_target_family(const struct bench_target_info *target)
{
    return target->family != NULL && target->family[0] != '\0' ? target->family : target->protocol;
}

const char *bench_target_library(const struct bench_target_info *target)
{
    return or_empty(target->library);
}

/* ---- where ---- */

char *bench_report_environment(const struct bench_run *run, char *out, size_t size)
{
    /* Names of facts (suite/sysinfo.c) and what stands before their values. */
    static const struct {
        const char *name, *before, *behind;
    } shown[] = {
        {"cpu", "", ""},
        {"cores", "", " cores"},
        {"kernel", "", ""},
        {"virtual machine", "", ""},
        {"placement", "placement ", ""},
        {"worker priority", "client ", ""},
    };
    char text[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(shown); i++) {
        for (size_t k = 0; k < run->nenvironment && used < sizeof(text); k++) {
            const struct bench_fact *fact = &run->environment[k];
            /* "2, 2 usable": the first number is enough. */
            size_t length = shown[i].behind[0] != '\0' ? strcspn(fact->value, ",")
                                                       : strlen(fact->value);
            if (strcmp(fact->name, shown[i].name) != 0)
                continue;
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%.*s%s",
                                     used > 0 ? ", " : "", shown[i].before,
                                     (int)(length < 160 ? length : 160), fact->value,
                                     shown[i].behind);
        }
    }
    if (run->environment_hash[0] != '\0' && used < sizeof(text))
        (void)snprintf(text + used, sizeof(text) - used, "%senvironment %.8s",
                       used > 0 ? "; " : "", run->environment_hash);
    return bench_text_clean(text, out, size);
}
