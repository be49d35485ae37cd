/* SPDX-License-Identifier: MIT */
#include "suite/means.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report.h"
#include "suite/report_pairs.h"

/* As a file keeps it: a run that is read again without its histograms gives the same figures. */
static double settled(double value)
{
    char text[32];
    if (!isfinite(value))
        return value;
    (void)snprintf(text, sizeof(text), "%.15g", value);
    return strtod(text, NULL);
}

static bool is_usable(const struct bench_trial *trial)
{
    return (trial->status == BENCH_CELL_OK || trial->status == BENCH_CELL_CLIENT_BOUND) &&
           trial->recording != NULL;
}

static size_t fill(const struct bench_result *result, struct bench_trial_value *out)
{
    enum bench_series_id id = bench_view_of(result->workload).series;
    size_t n = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        struct bench_statistic statistic;
        if (!is_usable(&result->trials[i]))
            continue;
        bench_trial_statistic(&result->trials[i], id, &statistic);
        if (statistic.count == 0 || !isfinite(statistic.mean))
            continue;
        size_t at = n++;
        for (; at > 0 && out[at - 1].block > result->trials[i].block; at--)
            out[at] = out[at - 1];
        out[at] = (struct bench_trial_value){result->trials[i].block, settled(statistic.mean)};
    }
    return n;
}

int bench_means_init(struct bench_means *means, const struct bench_run *run)
{
    size_t total = 0;
    for (size_t i = 0; i < run->nresults; i++)
        total += run->results[i].ntrials;
    *means = (struct bench_means){.run = run};
    means->pool = calloc(total + 1, sizeof(*means->pool));
    means->cells = calloc(run->nresults + 1, sizeof(*means->cells));
    if (means->pool == NULL || means->cells == NULL)
        return -ENOMEM;
    struct bench_trial_value *next = means->pool;
    for (size_t i = 0; i < run->nresults; i++) {
        means->cells[i].values = next;
        means->cells[i].n = fill(&run->results[i], next);
        next += means->cells[i].n;
    }
    return 0;
}

void bench_means_fini(struct bench_means *means)
{
    free(means->pool);
    free(means->cells);
}

struct bench_interval_term bench_means_term(const struct bench_means *means,
                                            const struct bench_result *result, double weight)
{
    return (struct bench_interval_term){means->cells[result - means->run->results], weight};
}

/* ---- targets and cells ---- */

/* Files of before there were families do not say whose library made the calls either. */
static bool is_told(const struct bench_target_info *target)
{
    return target->family != NULL && target->family[0] != '\0';
}

bool bench_target_is_own(const struct bench_target_info *target)
{
    return is_told(target) && !bench_target_is_program(target) &&
           bench_target_library(target)[0] == '\0';
}

bool bench_target_is_foreign(const struct bench_target_info *target)
{
    return is_told(target) && bench_target_is_program(target);
}

static bool parameter_is(const struct bench_result *result, const char *name, const char *value)
{
    const char *own = bench_result_parameter(result, name);
    return own == NULL || strcmp(own, value) == 0;
}

bool bench_result_is_alone(const struct bench_result *result)
{
    return bench_view_of(result->workload).series == BENCH_SERIES_RESPONSE &&
           parameter_is(result, "clients", "1") && parameter_is(result, "inflight", "1") &&
           parameter_is(result, "rate", "0");
}

double bench_result_rtt(const struct bench_result *result)
{
    const char *text = bench_result_parameter(result, "rtt");
    int64_t ns;
    if (text == NULL)
        return 0;
    return bench_parse_duration(text, &ns, NULL) == 0 && ns >= 0 ? (double)ns / 1e9 : NAN;
}

/* Every parameter of a but the one is the same in b; *others: how many of them there are. */
static bool has_all_of(const struct bench_result *a, const struct bench_result *b, const char *but,
                       size_t *others)
{
    *others = 0;
    for (size_t i = 0; i < a->nparameters; i++) {
        if (strcmp(a->parameters[i].name, but) == 0)
            continue;
        const char *value = bench_result_parameter(b, a->parameters[i].name);
        if (value == NULL || strcmp(value, a->parameters[i].value) != 0)
            return false;
        (*others)++;
    }
    return true;
}

bool bench_result_alike_but(const struct bench_result *a, const struct bench_result *b,
                            const char *parameter)
{
    size_t of_a, of_b;
    return strcmp(a->workload, b->workload) == 0 && strcmp(a->operation, b->operation) == 0 &&
           strcmp(a->load_model, b->load_model) == 0 && has_all_of(a, b, parameter, &of_a) &&
           has_all_of(b, a, parameter, &of_b) && of_a == of_b;
}

/* ---- times in one unit ---- */

struct bench_scale bench_scale_of(double seconds)
{
    static const struct {
        double from, factor;
        const char *unit;
    } units[] = {{0.9995, 1, "s"}, {0.09995e-3, 1e-3, "ms"}, {0.9995e-6, 1e-6, "µs"}, {0, 1e-9, "ns"}};
    double size = isfinite(seconds) ? fabs(seconds) : 0;
    size_t i = 0;
    while (size < units[i].from)
        i++;
    double lead = size > 0 ? floor(log10(size / units[i].factor * (1 + 1e-9))) : 2;
    int decimals = (int)fmax(0, fmin(4, 2 - lead));
    return (struct bench_scale){units[i].factor, units[i].unit, decimals};
}

struct bench_text bench_scale_text(const struct bench_scale *scale, double seconds)
{
    struct bench_text text = {"?"};
    double value = seconds / scale->factor, unit = pow(10, -scale->decimals);
    if (!isfinite(value) || fabs(value) > 1e12)
        return text;
    if (fabs(value) < unit / 2)
        value = 0; /* not "-0.0" */
    (void)snprintf(text.s, sizeof(text.s), "%.*f", scale->decimals, value);
    return text;
}
