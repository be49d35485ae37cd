/* SPDX-License-Identifier: MIT */
/*
 * The charts of a run: series and axes are made here, drawn in plots/. A cell without figures is
 * left out of a chart, or shown as missing where others of its target are there.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plots/plot.h"
#include "suite/report.h"
#include "suite/table.h"

#define TEXT_BYTES 640
/* A logarithmic axis from this ratio of the extremes on. */
#define LOG_SPREAD 8.0

/* A chart under construction. series and points are sized by chart_init. */
struct chart {
    struct bench_plot plot;
    struct bench_plot_series *series;
    struct bench_plot_point *points; /* per_series for each */
    const char **categories;
    size_t per_series;
    char name[64], title[TEXT_BYTES], subtitle[TEXT_BYTES];
};

static int chart_init(struct chart *chart, enum bench_plot_kind kind, size_t nseries,
                      size_t per_series, size_t ncategories)
{
    *chart = (struct chart){.per_series = per_series};
    chart->series = calloc(nseries + 1, sizeof(*chart->series));
    chart->points = calloc(nseries * per_series + 1, sizeof(*chart->points));
    chart->categories = calloc(ncategories + 1, sizeof(*chart->categories));
    if (chart->series == NULL || chart->points == NULL || chart->categories == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < nseries * per_series; i++)
        chart->points[i] = (struct bench_plot_point){NAN, NAN, NAN, NAN};
    chart->plot = (struct bench_plot){
        .name = chart->name,
        .title = chart->title,
        .subtitle = chart->subtitle,
        .x_label = "",
        .y_label = "",
        .kind = kind,
        .x_unit = BENCH_UNIT_COUNT,
        .categories = chart->categories,
        .ncategories = ncategories,
        .series = chart->series,
    };
    return 0;
}

static void chart_fini(struct chart *chart)
{
    free(chart->series);
    free(chart->points);
    free(chart->categories);
}

/* Appends a series with its own row of points. */
static struct bench_plot_series *chart_series(struct chart *chart, const char *label,
                                              unsigned colour, size_t count)
{
    size_t index = chart->plot.nseries++;
    struct bench_plot_series *series = &chart->series[index];
    *series = (struct bench_plot_series){
        .label = label,
        .colour = colour,
        .points = &chart->points[index * chart->per_series],
        .count = count,
    };
    return series;
}

static struct bench_plot_point *chart_points(struct chart *chart, size_t series)
{
    return &chart->points[series * chart->per_series];
}

static struct bench_plot_series *target_series(struct chart *chart,
                                               const struct bench_target_info *target, size_t count)
{
    struct bench_plot_series *series = chart_series(chart, target->name, target->colour, count);
    series->floor = target->role != BENCH_ROLE_NORMAL;
    return series;
}

/* Title: the workload and what is shown. Subtitle: "ping, closed loop, 8 connections, 4000 samples
 * of 8 trials" and what has to be known to read the chart. */
static void describe(struct chart *chart, const struct bench_report_group *group, const char *title,
                     const char *more)
{
    const struct bench_result *first = group->rows[0];
    uint64_t samples = 0;
    size_t trials = 0;
    char text[TEXT_BYTES], operation[TEXT_BYTES / 2];
    for (size_t i = 0; i < group->nrows; i++) {
        struct bench_statistic statistic;
        if (!bench_result_is_shown(group->rows[i]))
            continue;
        bench_result_statistic(group->rows[i], group->view.series, &statistic);
        samples = statistic.count > samples ? statistic.count : samples;
        trials = group->rows[i]->ntrials > trials ? group->rows[i]->ntrials : trials;
    }
    (void)snprintf(text, sizeof(text), "%s, %s, %" PRIu64 " samples of %zu trial%s%s",
                   bench_report_operation(group, operation, sizeof(operation)), first->load_model,
                   samples, trials, trials == 1 ? "" : "s", more);
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
    (void)snprintf(text, sizeof(text), "%s: %s", first->workload, title);
    (void)bench_text_clean(text, chart->title, sizeof(chart->title));
}

static void name_chart(struct chart *chart, const char *name,
                       const struct bench_report_group *group)
{
    if (group->ordinal == 0)
        (void)snprintf(chart->name, sizeof(chart->name), "%s", name);
    else
        (void)snprintf(chart->name, sizeof(chart->name), "%s-%zu", name, group->ordinal + 1);
}

static size_t shown_rows(const struct bench_report_group *group)
{
    size_t shown = 0;
    for (size_t i = 0; i < group->nrows; i++)
        shown += bench_result_is_shown(group->rows[i]);
    return shown;
}

static void spread_decides_log(struct chart *chart, size_t nseries)
{
    double low = NAN, high = NAN;
    for (size_t s = 0; s < nseries; s++) {
        for (size_t i = 0; i < chart->plot.series[s].count; i++) {
            low = fmin(low, chart->plot.series[s].points[i].y);
            high = fmax(high, chart->plot.series[s].points[i].y);
        }
    }
    chart->plot.log_y = low > 0 && high > LOG_SPREAD * low;
}

/* ---- percentile curves ---- */

static const double curve[] = {0,    0.05,  0.1,   0.15,  0.2,   0.25,  0.3,    0.35,
                               0.4,  0.45,  0.5,   0.55,  0.6,   0.65,  0.7,    0.75,
                               0.8,  0.85,  0.9,   0.925, 0.95,  0.97,  0.98,   0.985,
                               0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999};

/* As far as the samples can tell; at least to the median. */
static size_t curve_points(const struct bench_series *series, struct bench_plot_point *points)
{
    size_t n = 0;
    while (n < BENCH_COUNT_OF(curve) &&
           (curve[n] <= 0.5 || bench_percentile_is_resolved(curve[n], series->count))) {
        points[n].x = curve[n];
        points[n].y = (double)bench_hist_percentile(series->hist, curve[n]) / 1e9;
        n++;
    }
    return n;
}

static int draw_percentiles(const struct bench_report_group *group, const char *dir,
                            struct bench_error *err)
{
    struct chart chart;
    int status = chart_init(&chart, BENCH_PLOT_PERCENTILE, group->nrows, BENCH_COUNT_OF(curve), 0);
    if (status < 0)
        goto out;
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *result = group->rows[i];
        /* A ruler is so far below that the others would become one line. */
        if (!bench_result_is_shown(result) || result->target->role == BENCH_ROLE_RULER ||
            result->pooled->series[group->view.series].hist == NULL)
            continue;
        size_t n = curve_points(&result->pooled->series[group->view.series],
                                chart_points(&chart, chart.plot.nseries));
        (void)target_series(&chart, result->target, n);
    }
    name_chart(&chart, "latency-percentiles", group);
    describe(&chart, group, "response time of one request, by percentile",
             "; curves end where the samples do");
    chart.plot.x_label = "percentile";
    chart.plot.x_unit = BENCH_UNIT_RATIO;
    chart.plot.y_label = "response time";
    chart.plot.y_unit = BENCH_UNIT_SECONDS;
    spread_decides_log(&chart, chart.plot.nseries);
    status = bench_plot_write(&chart.plot, dir, err);
out:
    chart_fini(&chart);
    return status;
}

/* ---- one stacked bar per target ---- */

/* The parts of a result's bar, from the bottom; NaN = unknown. */
typedef void (*parts_fn)(const struct bench_result *result, double *parts);

struct stack {
    const char *name, *title, *more, *y_label;
    const char *labels[3];
    size_t nparts;
    parts_fn parts;
};

/* What the three times have in common is counted once. */
static void phase_parts(const struct bench_result *result, double *parts)
{
    struct bench_statistic connect, ready, answer;
    bench_result_statistic(result, BENCH_SERIES_CONNECT, &connect);
    bench_result_statistic(result, BENCH_SERIES_READY, &ready);
    bench_result_statistic(result, BENCH_SERIES_FIRST_ANSWER, &answer);
    parts[0] = connect.median;
    parts[1] = fmax(0, ready.median - connect.median);
    parts[2] = fmax(0, answer.median - ready.median);
}

static void cpu_parts(const struct bench_result *result, double *parts)
{
    parts[0] = bench_result_server_cpu(result);
    parts[1] = bench_result_client_cpu(result);
}

static const struct stack phases = {
    .name = "connection-phases",
    .title = "opening one, until the first answer",
    .more = " each; differences of medians",
    .y_label = "time",
    .labels = {"transport connected", "protocol ready", "first answer"},
    .nparts = 3,
    .parts = phase_parts,
};
static const struct stack cpu = {
    .name = "cpu",
    .title = "CPU time per request, of server and client",
    .more = " each; all processes and threads",
    .y_label = "CPU time per request",
    .labels = {"server", "client"},
    .nparts = 2,
    .parts = cpu_parts,
};

static int draw_stack(const struct bench_report_group *group, const struct stack *stack,
                      const char *dir, struct bench_error *err)
{
    struct chart chart;
    size_t column = 0;
    int status = chart_init(&chart, BENCH_PLOT_STACK, stack->nparts, group->nrows, group->nrows);
    if (status < 0)
        goto out;
    for (size_t p = 0; p < stack->nparts; p++)
        (void)chart_series(&chart, stack->labels[p], (unsigned)p, shown_rows(group));
    for (size_t i = 0; i < group->nrows; i++) {
        double parts[BENCH_COUNT_OF(stack->labels)];
        if (!bench_result_is_shown(group->rows[i]))
            continue;
        stack->parts(group->rows[i], parts);
        for (size_t p = 0; p < stack->nparts; p++) {
            chart_points(&chart, p)[column].x = (double)column;
            chart_points(&chart, p)[column].y = parts[p];
        }
        chart.categories[column++] = group->rows[i]->target->name;
    }
    chart.plot.ncategories = column;
    name_chart(&chart, stack->name, group);
    describe(&chart, group, stack->title, stack->more);
    chart.plot.y_label = stack->y_label;
    chart.plot.y_unit = BENCH_UNIT_SECONDS;
    status = bench_plot_write(&chart.plot, dir, err);
out:
    chart_fini(&chart);
    return status;
}

/* ---- a bar per target in each concurrent workload ---- */

struct bars {
    const char *name, *title, *more, *y_label;
    enum bench_plot_unit unit;
    double (*figure)(const struct bench_result *result);
    bench_trial_figure_fn trial; /* its range is the error bar */
    bool at_least;               /* of a client-bound cell this is a lower limit */
};

static double trial_rate(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_throughput(trial);
}

static double trial_cores(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_server_cores(trial);
}

static double memory_figure(const struct bench_result *result)
{
    return result->resources.server_pss_bytes;
}

static double trial_memory(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return trial->resources.server_pss_bytes;
}

static const struct bars throughput = {
    .name = "throughput",
    .title = "Requests per second",
    .more = "longer is better",
    .y_label = "requests",
    .unit = BENCH_UNIT_RATE,
    .figure = bench_result_throughput,
    .trial = trial_rate,
    .at_least = true,
};
static const struct bars cores = {
    .name = "cores",
    .title = "Cores that the server kept busy",
    .more = "CPU seconds per second of load",
    .y_label = "cores",
    .unit = BENCH_UNIT_COUNT,
    .figure = bench_result_server_cores,
    .trial = trial_cores,
};
static const struct bars memory = {
    .name = "memory",
    .title = "Memory that the server took for its clients",
    .more = "growth of PSS over idle; shorter is better",
    .y_label = "memory over idle",
    .unit = BENCH_UNIT_BYTES,
    .figure = memory_figure,
    .trial = trial_memory,
};

static const struct bench_result *find_row(const struct bench_report_group *group,
                                           const struct bench_target_info *target)
{
    for (size_t i = 0; i < group->nrows; i++) {
        if (group->rows[i]->target == target && bench_result_is_shown(group->rows[i]))
            return group->rows[i];
    }
    return NULL;
}

/* The figures of a target in all groups; false if it has none. */
static bool bars_fill(const struct bars *bars, const struct bench_target_info *target,
                      const struct bench_report_group *const *groups, size_t ngroups,
                      struct bench_plot_point *points)
{
    bool any = false;
    for (size_t g = 0; g < ngroups; g++) {
        const struct bench_result *result = find_row(groups[g], target);
        if (result == NULL || isnan(bars->figure(result)))
            continue;
        any = true;
        points[g].x = (double)g;
        points[g].y = bars->figure(result);
        struct bench_range range = bench_result_range(result, bars->trial, NULL);
        if (range.count > 1) {
            points[g].low = range.low;
            points[g].high = range.high;
        }
    }
    return any;
}

/* "cpu: cpu_work" over each panel. */
static char *panel_title(const struct bench_report_group *group)
{
    char text[TEXT_BYTES], clean[TEXT_BYTES / 2];
    (void)snprintf(text, sizeof(text), "%.200s: %s", group->rows[0]->workload,
                   bench_report_operation(group, clean, sizeof(clean)));
    return strdup(bench_text_clean(text, clean, sizeof(clean)));
}

static bool any_client_bound(const struct bench_report_group *const *groups, size_t ngroups)
{
    for (size_t g = 0; g < ngroups; g++) {
        for (size_t i = 0; i < groups[g]->nrows; i++) {
            if (groups[g]->rows[i]->status == BENCH_CELL_CLIENT_BOUND)
                return true;
        }
    }
    return false;
}

/* The load model, if it is one for all panels, and how to read the bars. */
static void describe_bars(struct chart *chart, const struct bench_report_group *const *groups,
                          size_t ngroups, const struct bars *bars)
{
    const char *load = groups[0]->rows[0]->load_model;
    char text[TEXT_BYTES];
    bool whiskers = false;
    for (size_t i = 0; i < chart->plot.nseries * chart->per_series; i++)
        whiskers |= !isnan(chart->points[i].low);
    for (size_t g = 1; g < ngroups; g++) {
        if (strcmp(load, groups[g]->rows[0]->load_model) != 0)
            load = "";
    }
    (void)snprintf(text, sizeof(text), "%s%s%s%s%s", load, load[0] != '\0' ? "; " : "", bars->more,
                   whiskers ? "; whiskers: lowest and highest trial" : "",
                   bars->at_least && any_client_bound(groups, ngroups)
                       ? "; client-bound targets could do more"
                       : "");
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
}

static int draw_bars(const struct bench_run *run, const struct bench_report_group *const *groups,
                     size_t ngroups, const struct bars *bars, const char *dir,
                     struct bench_error *err)
{
    struct chart chart;
    size_t titles = 0;
    int status = chart_init(&chart, BENCH_PLOT_BARS, run->ntargets, ngroups, ngroups);
    if (status < 0)
        goto out;
    status = -ENOMEM;
    char **heads = calloc(ngroups, sizeof(*heads));
    if (heads == NULL)
        goto out;
    for (; titles < ngroups; titles++) {
        heads[titles] = panel_title(groups[titles]);
        if (heads[titles] == NULL)
            goto out_heads;
        chart.categories[titles] = heads[titles];
    }
    for (size_t t = 0; t < run->ntargets; t++) {
        struct bench_plot_point *points = chart_points(&chart, chart.plot.nseries);
        if (bars_fill(bars, &run->targets[t], groups, ngroups, points))
            (void)target_series(&chart, &run->targets[t], ngroups);
    }
    status = 0;
    if (chart.plot.nseries == 0)
        goto out_heads;
    (void)snprintf(chart.name, sizeof(chart.name), "%s", bars->name);
    (void)snprintf(chart.title, sizeof(chart.title), "%s", bars->title);
    describe_bars(&chart, groups, ngroups, bars);
    chart.plot.y_label = bars->y_label;
    chart.plot.y_unit = bars->unit;
    status = bench_plot_write(&chart.plot, dir, err);
out_heads:
    for (size_t i = 0; i < titles; i++)
        free(heads[i]);
    free(heads);
out:
    chart_fini(&chart);
    return status;
}

/* ---- all of them ---- */

/* -ENOENT says that gnuplot is missing: the other charts' scripts are still wanted. */
static int keep_going(int *status, int one)
{
    if (one == -ENOENT || *status == 0)
        *status = one;
    return one == 0 || one == -ENOENT ? 0 : one;
}

static int draw_group(const struct bench_report_group *group, bool *cpu_drawn, const char *dir,
                      int *status, struct bench_error *err)
{
    int fatal = 0;
    if (shown_rows(group) == 0)
        return 0;
    if (group->view.series == BENCH_SERIES_FIRST_ANSWER)
        fatal = keep_going(status, draw_stack(group, &phases, dir, err));
    else if (!group->view.concurrent)
        fatal = keep_going(status, draw_percentiles(group, dir, err));
    /* The first concurrent workload is the one with the cheapest request. */
    if (fatal == 0 && group->view.concurrent && !*cpu_drawn) {
        *cpu_drawn = true;
        fatal = keep_going(status, draw_stack(group, &cpu, dir, err));
    }
    return fatal;
}

static int draw_all(const struct bench_run *run, const struct bench_report_group *groups,
                    size_t count, const char *dir, struct bench_error *err)
{
    static const struct bars *const kinds[] = {&throughput, &cores, &memory};
    const struct bench_report_group **concurrent = calloc(count + 1, sizeof(*concurrent));
    size_t nconcurrent = 0;
    bool cpu_drawn = false;
    int status = 0, fatal = 0;
    if (concurrent == NULL)
        return -ENOMEM;
    for (size_t g = 0; g < count && fatal == 0; g++) {
        if (groups[g].view.concurrent && shown_rows(&groups[g]) > 0)
            concurrent[nconcurrent++] = &groups[g];
        fatal = draw_group(&groups[g], &cpu_drawn, dir, &status, err);
    }
    for (size_t k = 0; k < BENCH_COUNT_OF(kinds) && nconcurrent > 0 && fatal == 0; k++)
        fatal = keep_going(&status, draw_bars(run, concurrent, nconcurrent, kinds[k], dir, err));
    free(concurrent);
    return fatal != 0 ? fatal : status;
}

int bench_report_charts(const struct bench_run *run, const char *dir, struct bench_error *err)
{
    struct bench_report_group *groups;
    size_t count;
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        int code = -errno;
        return bench_fail(err, code, "cannot make %s: %s", dir, bench_errno_text(code));
    }
    int status = bench_report_groups_new(run, &groups, &count);
    if (status == 0) {
        status = draw_all(run, groups, count, dir, err);
        bench_report_groups_free(groups, count);
    }
    return status == -ENOMEM ? bench_fail(err, status, "no memory for the charts") : status;
}
