/* SPDX-License-Identifier: MIT */
/*
 * A chart while it is put together, and where the finished ones go. Private to suite/report_*.c.
 */
#ifndef BENCH_REPORT_CHART_H
#define BENCH_REPORT_CHART_H

#include "plots/plot.h"
#include "suite/report.h"

#define TEXT_BYTES 640
/* Said of a chart of times in which a client was the limit. */
#define BENCH_CHART_AT_MOST "; client-bound targets: at most"
/* A logarithmic axis from this ratio of the extremes on. */
#define LOG_SPREAD 8.0

/* series and points are sized by bench_chart_init. */
struct bench_chart {
    struct bench_plot plot;
    struct bench_plot_series *series;
    struct bench_plot_point *points; /* per_series for each */
    const char **categories;
    size_t per_series;
    char name[64], title[TEXT_BYTES], subtitle[TEXT_BYTES];
};

/* What is done with each chart: 0, -ENOENT (gnuplot is missing; the others are still wanted), or
 * another error that ends the drawing. */
struct bench_chart_sink {
    int (*take)(const struct bench_plot *plot, void *user, struct bench_error *err);
    void *user;
};

/* All charts of a run, one after the other. 0, -ENOENT, or the first error. */
int bench_charts_draw(const struct bench_run *run, const struct bench_chart_sink *sink,
                      struct bench_error *err) BENCH_MUST_CHECK;
/* Those of pages with sizes and styles and of ladders, and of modes side by side. *status
 * collects -ENOENT; the return value is another error. */
int bench_charts_pages(const struct bench_run *run, const struct bench_chart_sink *sink,
                       int *status, struct bench_error *err) BENCH_MUST_CHECK;
/* -ENOENT goes to *status; everything else is returned. */
int bench_charts_keep_going(int *status, int one) BENCH_MUST_CHECK;

/* 0 or -ENOMEM; bench_chart_fini in either case. */
int bench_chart_init(struct bench_chart *chart, enum bench_plot_kind kind, size_t nseries,
                     size_t per_series, size_t ncategories) BENCH_MUST_CHECK;
void bench_chart_fini(struct bench_chart *chart);
/* Appends a series with its own row of points. */
struct bench_plot_series *bench_chart_series(struct bench_chart *chart, const char *label,
                                             unsigned colour, size_t count);
struct bench_plot_point *bench_chart_points(struct bench_chart *chart, size_t series);
struct bench_plot_series *bench_chart_target(struct bench_chart *chart,
                                             const struct bench_target_info *target, size_t count);
/* Title: the workload and what is shown. Subtitle: "ping, closed loop, 8 connections, 4000 samples
 * of 8 trials" and what has to be known to read the chart. */
void bench_chart_describe(struct bench_chart *chart, const struct bench_report_group *group,
                          const char *title, const char *more);
/* Everything that may not be in a file's name becomes a hyphen. */
void bench_chart_clean_name(char *name);
void bench_chart_name(struct bench_chart *chart, const char *name,
                      const struct bench_report_group *group);
size_t bench_shown_rows(const struct bench_report_group *group);
/* Makes the y axis logarithmic where the values spread far. */
void bench_chart_spread(struct bench_chart *chart, size_t nseries);
/* The row of a target if it has figures, else NULL. */
const struct bench_result *bench_shown_row(const struct bench_report_group *group,
                                           const struct bench_target_info *target);

#endif
