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

#include "bench/buf.h"
#include "render/table.h"
#include "suite/report_analyses.h"
#include "suite/report_chart.h"

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

/* A curve for every target that can be shown. A ruler is so far below that the others would become
 * one line. */
static void add_curves(struct bench_chart *chart, const struct bench_report_group *group,
                       size_t (*points)(const struct bench_series *, struct bench_plot_point *))
{
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *result = group->rows[i];
        if (!bench_result_is_shown(result) || result->target->role == BENCH_ROLE_RULER)
            continue;
        const struct bench_series *series = &result->pooled->series[group->view.series];
        if (series->hist == NULL)
            continue;
        size_t n = points(series, bench_chart_points(chart, chart->plot.nseries));
        (void)bench_chart_target(chart, result->target, n);
    }
}

static int draw_percentiles(const struct bench_report_group *group,
                            const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart;
    char name[64];
    int status =
        bench_chart_init(&chart, BENCH_PLOT_PERCENTILE, group->nrows, BENCH_COUNT_OF(curve), 0);
    if (status < 0)
        goto out;
    add_curves(&chart, group, curve_points);
    (void)snprintf(name, sizeof(name), "%.40s-percentiles", group->rows[0]->workload);
    bench_chart_clean_name(name);
    bench_chart_name(&chart, name, group);
    bench_chart_describe(&chart, group, "response time of one request, by percentile",
                         "; curves end where the samples do");
    chart.plot.x_label = "percentile";
    chart.plot.x_unit = BENCH_UNIT_RATIO;
    chart.plot.y_label = bench_report_time(group->rows[0]);
    chart.plot.y_unit = BENCH_UNIT_SECONDS;
    bench_chart_spread(&chart, chart.plot.nseries);
    status = sink->take(&chart.plot, sink->user, err);
out:
    bench_chart_fini(&chart);
    return status;
}

/* ---- distribution ---- */

#define ECDF_POINTS 101

/* Every hundredth of the samples, from the first to the last. */
static size_t ecdf_points(const struct bench_series *series, struct bench_plot_point *points)
{
    for (size_t i = 0; i < ECDF_POINTS; i++) {
        double share = (double)i / (ECDF_POINTS - 1);
        points[i].x = (double)bench_hist_percentile(series->hist, share) / 1e9;
        points[i].y = share;
    }
    return ECDF_POINTS;
}

static int draw_ecdf(const struct bench_report_group *group, const struct bench_chart_sink *sink,
                     struct bench_error *err)
{
    struct bench_chart chart;
    char name[64];
    int status = bench_chart_init(&chart, BENCH_PLOT_ECDF, group->nrows, ECDF_POINTS, 0);
    if (status < 0)
        goto out;
    add_curves(&chart, group, ecdf_points);
    (void)snprintf(name, sizeof(name), "%.40s-ecdf", group->rows[0]->workload);
    bench_chart_clean_name(name);
    bench_chart_name(&chart, name, group);
    bench_chart_describe(&chart, group, "how many requests were answered within a time",
                         "; names from the fastest median to the slowest");
    chart.plot.x_label = bench_report_time(group->rows[0]);
    chart.plot.x_unit = BENCH_UNIT_SECONDS;
    chart.plot.y_label = "share of the requests";
    chart.plot.y_unit = BENCH_UNIT_PERCENT;
    chart.plot.log_x = true;
    status = sink->take(&chart.plot, sink->user, err);
out:
    bench_chart_fini(&chart);
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
    bool once; /* of one group only, whichever it is */
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
    .once = true,
};

static int draw_stack(const struct bench_report_group *group, const struct stack *stack,
                      const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart;
    size_t column = 0;
    int status =
        bench_chart_init(&chart, BENCH_PLOT_STACK, stack->nparts, group->nrows, group->nrows);
    if (status < 0)
        goto out;
    for (size_t p = 0; p < stack->nparts; p++)
        (void)bench_chart_series(&chart, stack->labels[p], (unsigned)p, bench_shown_rows(group));
    for (size_t i = 0; i < group->nrows; i++) {
        double parts[BENCH_COUNT_OF(stack->labels)];
        if (!bench_result_is_shown(group->rows[i]))
            continue;
        stack->parts(group->rows[i], parts);
        for (size_t p = 0; p < stack->nparts; p++) {
            bench_chart_points(&chart, p)[column].x = (double)column;
            bench_chart_points(&chart, p)[column].y = parts[p];
        }
        chart.categories[column++] = group->rows[i]->target->name;
    }
    chart.plot.ncategories = column;
    bench_chart_name(&chart, stack->name, group);
    if (stack->once)
        (void)snprintf(chart.name, sizeof(chart.name), "%s", stack->name);
    bench_chart_describe(&chart, group, stack->title, stack->more);
    chart.plot.y_label = stack->y_label;
    chart.plot.y_unit = BENCH_UNIT_SECONDS;
    status = sink->take(&chart.plot, sink->user, err);
out:
    bench_chart_fini(&chart);
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

/* The figures of a target in all groups; false if it has none. */
static bool bars_fill(const struct bars *bars, const struct bench_target_info *target,
                      const struct bench_report_group *const *groups, size_t ngroups,
                      struct bench_plot_point *points)
{
    bool any = false;
    for (size_t g = 0; g < ngroups; g++) {
        const struct bench_result *result = bench_shown_row(groups[g], target);
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
    const char *clients = bench_result_parameter(group->rows[0], "clients");
    const char *rtt = bench_result_parameter(group->rows[0], "rtt");
    const char *placement = bench_result_parameter(group->rows[0], "placement");
    bool several = group->same_workload > 1 && clients != NULL;
    (void)snprintf(text, sizeof(text), "%.200s: %s%s%.20s%s", group->rows[0]->workload,
                   bench_report_operation(group, clean, sizeof(clean)), several ? ", " : "",
                   several ? clients : "",
                   !several                    ? ""
                   : strcmp(clients, "1") == 0 ? " client"
                                               : " clients");
    size_t used = strlen(text);
    if (several)
        (void)snprintf(text + used, sizeof(text) - used, "%s%.20s%s%.20s",
                       rtt != NULL ? ", rtt " : "", rtt != NULL ? rtt : "",
                       placement != NULL ? ", placement " : "", placement != NULL ? placement : "");
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
static void describe_bars(struct bench_chart *chart, const struct bench_report_group *const *groups,
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
                     size_t ngroups, const struct bars *bars, const struct bench_chart_sink *sink,
                     struct bench_error *err)
{
    struct bench_chart chart;
    size_t titles = 0;
    int status = bench_chart_init(&chart, BENCH_PLOT_BARS, run->ntargets, ngroups, ngroups);
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
        struct bench_plot_point *points = bench_chart_points(&chart, chart.plot.nseries);
        /* A ruler is so far above that the other bars would become one pixel. */
        if (run->targets[t].role == BENCH_ROLE_RULER)
            continue;
        if (bars_fill(bars, &run->targets[t], groups, ngroups, points))
            (void)bench_chart_target(&chart, &run->targets[t], ngroups);
    }
    status = 0;
    if (chart.plot.nseries == 0)
        goto out_heads;
    (void)snprintf(chart.name, sizeof(chart.name), "%s", bars->name);
    (void)snprintf(chart.title, sizeof(chart.title), "%s", bars->title);
    describe_bars(&chart, groups, ngroups, bars);
    chart.plot.y_label = bars->y_label;
    chart.plot.y_unit = bars->unit;
    status = sink->take(&chart.plot, sink->user, err);
out_heads:
    for (size_t i = 0; i < titles; i++)
        free(heads[i]);
    free(heads);
out:
    bench_chart_fini(&chart);
    return status;
}

/* ---- all of them ---- */

int bench_charts_keep_going(int *status, int one)
{
    if (one == -ENOENT || *status == 0)
        *status = one;
    return one == 0 || one == -ENOENT ? 0 : one;
}

/* Whether its workload was run at several rates. */
static bool on_ladder(const struct bench_report_group *groups, size_t count,
                      const struct bench_report_group *group)
{
    for (size_t g = 0; g < count; g++) {
        if (&groups[g] != group && bench_result_is_open(groups[g].rows[0]) &&
            strcmp(groups[g].rows[0]->workload, group->rows[0]->workload) == 0)
            return true;
    }
    return false;
}

static int draw_group(const struct bench_report_group *group, bool ladder, bool *cpu_drawn,
                      const struct bench_chart_sink *sink, int *status, struct bench_error *err)
{
    int fatal = 0;
    if (bench_shown_rows(group) == 0 || bench_result_is_bulk(group->rows[0]))
        return 0;
    if (group->view.series == BENCH_SERIES_FIRST_ANSWER)
        return bench_charts_keep_going(status, draw_stack(group, &phases, sink, err));
    bool open = bench_result_is_open(group->rows[0]);
    if (open && ladder)
        return 0; /* which has charts of its own */
    if (open && group->view.concurrent)
        return bench_charts_keep_going(status, draw_percentiles(group, sink, err));
    if (!group->view.concurrent) {
        fatal = bench_charts_keep_going(status, draw_percentiles(group, sink, err));
        if (fatal == 0)
            fatal = bench_charts_keep_going(status, draw_ecdf(group, sink, err));
    } else if (!*cpu_drawn) {
        /* The first concurrent workload is the one with the cheapest request. */
        *cpu_drawn = true;
        fatal = bench_charts_keep_going(status, draw_stack(group, &cpu, sink, err));
    }
    return fatal;
}

static int draw_groups(const struct bench_run *run, const struct bench_report_group *groups,
                       size_t count, const struct bench_chart_sink *sink, int *status,
                       struct bench_error *err)
{
    static const struct bars *const kinds[] = {&throughput, &cores, &memory};
    const struct bench_report_group **concurrent =
        calloc(count + 1, sizeof(const struct bench_report_group *));
    size_t nconcurrent = 0;
    bool cpu_drawn = false;
    int fatal = 0;
    if (concurrent == NULL)
        return -ENOMEM;
    for (size_t g = 0; g < count && fatal == 0; g++) {
        /* In an open loop the rate is what was asked for. */
        if (groups[g].view.concurrent && bench_shown_rows(&groups[g]) > 0 &&
            !bench_result_is_open(groups[g].rows[0]))
            concurrent[nconcurrent++] = &groups[g];
        fatal = draw_group(&groups[g], on_ladder(groups, count, &groups[g]), &cpu_drawn,
                            sink, status, err);
    }
    for (size_t k = 0; k < BENCH_COUNT_OF(kinds) && nconcurrent > 0 && fatal == 0; k++)
        fatal = bench_charts_keep_going(
            status, draw_bars(run, concurrent, nconcurrent, kinds[k], sink, err));
    free(concurrent);
    return fatal;
}

int bench_charts_draw(const struct bench_run *run, const struct bench_chart_sink *sink,
                      struct bench_error *err)
{
    struct bench_report_group *groups;
    size_t count;
    int status = 0;
    int fatal = bench_report_groups_new(run, &groups, &count);
    if (fatal == 0) {
        fatal = draw_groups(run, groups, count, sink, &status, err);
        bench_report_groups_free(groups, count);
    }
    if (fatal == 0)
        fatal = bench_charts_pages(run, sink, &status, err);
    if (fatal == 0)
        fatal = bench_charts_analyses(run, sink, &status, err);
    return fatal != 0 ? fatal : status;
}

/* ---- where they go ---- */

static int take_folder(const struct bench_plot *plot, void *user, struct bench_error *err)
{
    return bench_plot_write(plot, user, err);
}

static int make_folder(const char *dir, struct bench_error *err)
{
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        int code = -errno;
        return bench_fail(err, code, "cannot make %s: %s", dir, bench_errno_text(code));
    }
    return 0;
}

int bench_report_charts(const struct bench_run *run, const char *dir, struct bench_error *err)
{
    char *folder = strdup(dir); /* a sink's user is not const */
    const struct bench_chart_sink sink = {take_folder, folder};
    int status = folder == NULL ? -ENOMEM : make_folder(dir, err);
    if (status == 0)
        status = bench_charts_draw(run, &sink, err);
    free(folder);
    return status == -ENOMEM ? bench_fail(err, status, "no memory for the charts") : status;
}

/* One of all charts. */
struct choice {
    const char *name;
    const char *dir; /* NULL: as text */
    size_t width;
    FILE *out;
    bool found;
    char names[400]; /* that there are */
};

static int take_choice(const struct bench_plot *plot, void *user, struct bench_error *err)
{
    struct choice *choice = user;
    size_t used = strlen(choice->names);
    (void)snprintf(choice->names + used, sizeof(choice->names) - used, "%s%s", used > 0 ? ", " : "",
                   plot->name);
    if (strcmp(plot->name, choice->name) != 0)
        return 0;
    choice->found = true;
    return choice->dir != NULL ? bench_plot_write(plot, choice->dir, err)
                               : bench_plot_text(plot, choice->width, choice->out);
}

static int draw_choice(const struct bench_run *run, struct choice *choice, struct bench_error *err)
{
    const struct bench_chart_sink sink = {take_choice, choice};
    int status = bench_charts_draw(run, &sink, err);
    if (status == -ENOMEM)
        return bench_fail(err, status, "no memory for the chart");
    if (status == 0 && !choice->found)
        return bench_fail(err, -EINVAL, "there is no chart '%.40s'; there is %.180s", choice->name,
                          choice->names[0] != '\0' ? choice->names : "none in this result");
    return status;
}

int bench_report_chart(const struct bench_run *run, const char *name, const char *dir,
                       struct bench_error *err)
{
    struct choice choice = {.name = name, .dir = dir};
    int status = make_folder(dir, err);
    return status == 0 ? draw_choice(run, &choice, err) : status;
}

int bench_report_chart_text(const struct bench_run *run, const char *name, size_t width,
                            struct bench_buf *out, struct bench_error *err)
{
    char *text = NULL;
    size_t length = 0;
    struct choice choice = {.name = name, .width = width};
    choice.out = open_memstream(&text, &length);
    if (choice.out == NULL)
        return bench_fail(err, -ENOMEM, "no memory for the chart");
    int status = draw_choice(run, &choice, err);
    if (fclose(choice.out) != 0 && status == 0)
        status = bench_fail(err, -ENOMEM, "no memory for the chart");
    if (status == 0)
        status = bench_buf_add(out, text, length);
    free(text);
    return status;
}

static int take_name(const struct bench_plot *plot, void *user, struct bench_error *err)
{
    (void)err;
    return bench_buf_printf(user, "%s\t%s\n", plot->name, plot->title) < 0 ? -ENOMEM : 0;
}

int bench_report_chart_names(const struct bench_run *run, struct bench_buf *out)
{
    const struct bench_chart_sink sink = {take_name, out};
    return bench_charts_draw(run, &sink, NULL);
}
