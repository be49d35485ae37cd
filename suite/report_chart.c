/* SPDX-License-Identifier: MIT */
#include "suite/report_chart.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"

int bench_chart_init(struct bench_chart *chart, enum bench_plot_kind kind, size_t nseries,
                     size_t per_series, size_t ncategories)
{
    *chart = (struct bench_chart){.per_series = per_series};
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

void bench_chart_fini(struct bench_chart *chart)
{
    free(chart->series);
    free(chart->points);
    free(chart->categories);
}

/* Appends a series with its own row of points. */
struct bench_plot_series *bench_chart_series(struct bench_chart *chart, const char *label,
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

struct bench_plot_point *bench_chart_points(struct bench_chart *chart, size_t series)
{
    return &chart->points[series * chart->per_series];
}

struct bench_plot_series *bench_chart_target(struct bench_chart *chart,
                                             const struct bench_target_info *target, size_t count)
{
    struct bench_plot_series *series =
        bench_chart_series(chart, target->name, target->colour, count);
    series->floor = target->role != BENCH_ROLE_NORMAL;
    return series;
}

/* Title: the workload and what is shown. Subtitle: "ping, closed loop, 8 connections, 4000 samples
 * of 8 trials" and what has to be known to read the chart. */
void bench_chart_describe(struct bench_chart *chart, const struct bench_report_group *group,
                          const char *title, const char *more)
{
    const struct bench_result *first = group->rows[0];
    uint64_t samples = 0, least = UINT64_MAX;
    size_t trials = 0;
    char text[TEXT_BYTES * 2], operation[TEXT_BYTES / 2], load[TEXT_BYTES / 2];
    const char *bound = "";
    for (size_t i = 0; i < group->nrows; i++) {
        struct bench_statistic statistic;
        if (!bench_result_is_shown(group->rows[i]))
            continue;
        if (group->rows[i]->status == BENCH_CELL_CLIENT_BOUND)
            bound = BENCH_CHART_AT_MOST;
        bench_result_statistic(group->rows[i], group->view.series, &statistic);
        samples = statistic.count > samples ? statistic.count : samples;
        least = statistic.count < least ? statistic.count : least;
        trials = group->rows[i]->ntrials > trials ? group->rows[i]->ntrials : trials;
    }
    (void)snprintf(text, sizeof(text), "%s, %s, %s%" PRIu64 " samples of %zu trial%s%s%s",
                   bench_report_operation(group, operation, sizeof(operation)),
                   bench_report_load(first, BENCH_FACTOR_NONE, load, sizeof(load)),
                   least < samples ? "at most " : "", samples, trials, trials == 1 ? "" : "s", more,
                   bound);
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
    (void)snprintf(text, sizeof(text), "%s: %s", first->workload, title);
    (void)bench_text_clean(text, chart->title, sizeof(chart->title));
}

void bench_chart_clean_name(char *name)
{
    for (; *name != '\0'; name++) {
        if ((*name < 'a' || *name > 'z') && (*name < '0' || *name > '9'))
            *name = '-';
    }
}

void bench_chart_name(struct bench_chart *chart, const char *name,
                      const struct bench_report_group *group)
{
    if (group->ordinal == 0)
        (void)snprintf(chart->name, sizeof(chart->name), "%s", name);
    else
        (void)snprintf(chart->name, sizeof(chart->name), "%s-%zu", name, group->ordinal + 1);
}

size_t bench_shown_rows(const struct bench_report_group *group)
{
    size_t shown = 0;
    for (size_t i = 0; i < group->nrows; i++)
        shown += bench_result_is_shown(group->rows[i]);
    return shown;
}

void bench_chart_spread(struct bench_chart *chart, size_t nseries)
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

const struct bench_result *bench_shown_row(const struct bench_report_group *group,
                                           const struct bench_target_info *target)
{
    const struct bench_result *result = bench_report_row(group, target);
    return result != NULL && bench_result_is_shown(result) ? result : NULL;
}
