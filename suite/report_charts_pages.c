/* SPDX-License-Identifier: MIT */
/*
 * Charts over several results of each target: bytes per second by payload and chunk size, latency
 * and throughput by number of clients and by offered rate, and the two process models side by side.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/report_chart.h"

/* ---- lines over the columns of a page ---- */

/* One chart over columns of a page. x: NaN leaves the column out. */
struct lines {
    const char *title, *more, *x_label, *y_label;
    enum bench_plot_unit x_unit, y_unit;
    double (*x)(const struct bench_report_group *group);
    double (*y)(const struct bench_result *result);
};

static double parameter_size(const struct bench_report_group *group, const char *name)
{
    const char *text = bench_result_parameter(group->rows[0], name);
    int64_t bytes;
    return text != NULL && bench_parse_size(text, &bytes, NULL) == 0 && bytes > 0 ? (double)bytes
                                                                                  : NAN;
}

static double size_of(const struct bench_report_group *group)
{
    return parameter_size(group, "size");
}

static bool has_style(const struct bench_report_group *group, const char *style)
{
    const char *own = bench_result_parameter(group->rows[0], "style");
    return own != NULL && strcmp(own, style) == 0;
}

/* The whole is one piece as large as it. */
static double piece_of(const struct bench_report_group *group)
{
    if (has_style(group, "whole"))
        return size_of(group);
    return has_style(group, "pieces") ? parameter_size(group, "chunk") : NAN;
}

static double streamed_of(const struct bench_report_group *group)
{
    return has_style(group, "stream") ? parameter_size(group, "chunk") : NAN;
}

static double clients_of(const struct bench_report_group *group)
{
    return bench_factor_value(BENCH_FACTOR_CLIENTS, group->rows[0]);
}

static double rate_of(const struct bench_report_group *group)
{
    return bench_factor_value(BENCH_FACTOR_RATE, group->rows[0]);
}

static double time_p99(const struct bench_result *result)
{
    struct bench_statistic statistic;
    bench_result_statistic(result, bench_view_of(result->workload).series, &statistic);
    return statistic.p99;
}

static const struct lines by_size = {"bytes per second by payload size",
                                     "; more is better",
                                     "payload of one request",
                                     "payload moved",
                                     BENCH_UNIT_BYTES,
                                     BENCH_UNIT_BYTES_PER_SECOND,
                                     size_of,
                                     bench_result_bandwidth};
static const struct lines by_piece = {"bytes per second by size of the pieces",
                                      "; one call a piece; the last point: whole, in one call",
                                      "bytes of one piece",
                                      "payload moved",
                                      BENCH_UNIT_BYTES,
                                      BENCH_UNIT_BYTES_PER_SECOND,
                                      piece_of,
                                      bench_result_bandwidth};
static const struct lines by_stream = {"bytes per second by chunk size, as each protocol streams",
                                       "; not the same work in each",
                                       "bytes of one chunk",
                                       "payload moved",
                                       BENCH_UNIT_BYTES,
                                       BENCH_UNIT_BYTES_PER_SECOND,
                                       streamed_of,
                                       bench_result_bandwidth};
static const struct lines time_by_clients = {"response time by number of clients, median",
                                             "; less is better",
                                             "clients",
                                             "response time, p50",
                                             BENCH_UNIT_COUNT,
                                             BENCH_UNIT_SECONDS,
                                             clients_of,
                                             bench_result_time};
static const struct lines rate_by_clients = {"requests per second by number of clients",
                                             "; more is better",
                                             "clients",
                                             "requests",
                                             BENCH_UNIT_COUNT,
                                             BENCH_UNIT_RATE,
                                             clients_of,
                                             bench_result_throughput};

static const struct lines p50_by_rate = {"response time by offered rate, median",
                                         "; from the planned start; less is better",
                                         "offered rate",
                                         "response time, p50",
                                         BENCH_UNIT_RATE,
                                         BENCH_UNIT_SECONDS,
                                         rate_of,
                                         bench_result_time};
static const struct lines p99_by_rate = {"response time by offered rate, p99",
                                         "; from the planned start; less is better",
                                         "offered rate",
                                         "response time, p99",
                                         BENCH_UNIT_RATE,
                                         BENCH_UNIT_SECONDS,
                                         rate_of,
                                         time_p99};
static const struct lines delivered_by_rate = {"requests answered by offered rate",
                                               "; a curve ends where a target fell behind",
                                               "offered rate",
                                               "delivered",
                                               BENCH_UNIT_RATE,
                                               BENCH_UNIT_RATE,
                                               rate_of,
                                               bench_result_delivered};

/* The points of a target, by rising x. */
static size_t fill(const struct lines *lines, const struct bench_report_page *page,
                   const struct bench_target_info *target, struct bench_plot_point *points)
{
    size_t n = 0;
    for (size_t g = 0; g < page->ngroups; g++) {
        const struct bench_result *result = bench_shown_row(page->groups[g], target);
        double x = lines->x(page->groups[g]);
        double y = result != NULL ? lines->y(result) : NAN;
        if (isnan(x) || isnan(y))
            continue;
        size_t at = n++;
        for (; at > 0 && points[at - 1].x > x; at--)
            points[at] = points[at - 1];
        points[at] = (struct bench_plot_point){x, y, NAN, NAN};
    }
    return n;
}

/* What the page is about, and how much was measured at most for a point. */
static void describe(struct bench_chart *chart, const struct bench_report_page *page,
                     const struct lines *lines)
{
    const struct bench_result *first = page->groups[0]->rows[0];
    const char *direction = bench_result_parameter(first, "direction");
    const char *size = bench_result_parameter(first, "size");
    char subject[TEXT_BYTES / 2], load[TEXT_BYTES / 2], text[TEXT_BYTES * 2];
    const char *bound = "";
    uint64_t samples = 0, least = UINT64_MAX;
    size_t trials = 0;
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t i = 0; i < page->groups[g]->nrows; i++) {
            struct bench_statistic statistic;
            if (!bench_result_is_shown(page->groups[g]->rows[i]))
                continue;
            if (page->groups[g]->rows[i]->status == BENCH_CELL_CLIENT_BOUND)
                bound = lines->y_unit == BENCH_UNIT_SECONDS ? BENCH_CHART_AT_MOST
                                                            : "; client-bound targets: at least";
            bench_result_statistic(page->groups[g]->rows[i], page->groups[g]->view.series,
                                   &statistic);
            samples = statistic.count > samples ? statistic.count : samples;
            least = statistic.count < least ? statistic.count : least;
            trials = page->groups[g]->rows[i]->ntrials > trials ? page->groups[g]->rows[i]->ntrials
                                                                : trials;
        }
    }
    if (direction == NULL)
        (void)bench_report_operation(page->groups[0], subject, sizeof(subject));
    else
        (void)snprintf(subject, sizeof(subject), "%.60s%s%.60s", direction,
                       page->kind == BENCH_PAGE_STYLES ? " of " : "",
                       page->kind == BENCH_PAGE_STYLES ? size : "");
    (void)snprintf(text, sizeof(text),
                   "%s, %s, %s%" PRIu64 " samples of %zu trial%s for a point%s%s", subject,
                   bench_report_load(first, page->factor, load, sizeof(load)),
                   least < samples ? "at most " : "", samples, trials, trials == 1 ? "" : "s",
                   lines->more, bound);
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
    (void)snprintf(text, sizeof(text), "%s%s%s: %s", first->workload, direction != NULL ? ", " : "",
                   direction != NULL ? direction : "", lines->title);
    (void)bench_text_clean(text, chart->title, sizeof(chart->title));
}

/* Nothing is drawn when no target has a point. */
static int draw_lines(const struct bench_run *run, const struct bench_report_page *page,
                      const struct lines *lines, const char *name,
                      const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart;
    int status = bench_chart_init(&chart, BENCH_PLOT_LINES, run->ntargets, page->ngroups, 0);
    for (size_t t = 0; status == 0 && t < run->ntargets; t++) {
        const struct bench_target_info *target = &run->targets[t];
        if (target->role == BENCH_ROLE_RULER)
            continue; /* so far above that the others would become one line */
        size_t n = fill(lines, page, target, bench_chart_points(&chart, chart.plot.nseries));
        if (n > 0)
            (void)bench_chart_target(&chart, target, n);
    }
    if (status == 0 && chart.plot.nseries > 0) {
        (void)snprintf(chart.name, sizeof(chart.name), "%s", name);
        describe(&chart, page, lines);
        chart.plot.x_label = lines->x_label;
        chart.plot.y_label = lines->y_label;
        chart.plot.x_unit = lines->x_unit;
        chart.plot.y_unit = lines->y_unit;
        chart.plot.log_x = chart.plot.log_y = true;
        status = sink->take(&chart.plot, sink->user, err);
    }
    bench_chart_fini(&chart);
    return status;
}

/* ---- names ---- */

/* "bandwidth" + "-" + direction; texts of a file may hold anything. */
static void chart_name(char *out, size_t size, const char *prefix, const char *text)
{
    (void)snprintf(out, size, "%s-%.20s", prefix, text);
    bench_chart_clean_name(out);
}

static const char *direction_of(const struct bench_report_page *page)
{
    return bench_result_parameter(page->groups[0]->rows[0], "direction");
}

/* Of several pages of the same kind and direction, the one with the largest payload is drawn, and
 * of equal ones the first: names must be unique. */
static bool is_chosen(const struct bench_report_pages *pages, size_t p)
{
    const struct bench_report_page *own = &pages->pages[p];
    for (size_t i = 0; i < pages->npages; i++) {
        const struct bench_report_page *other = &pages->pages[i];
        if (i == p || other->kind != own->kind || other->factor != own->factor ||
            strcmp(other->groups[0]->rows[0]->workload, own->groups[0]->rows[0]->workload) != 0)
            continue;
        if (own->kind == BENCH_PAGE_SINGLE)
            continue;
        if (own->kind != BENCH_PAGE_LADDER && strcmp(direction_of(own), direction_of(other)) != 0)
            continue;
        double size = own->kind == BENCH_PAGE_STYLES ? size_of(own->groups[0]) : 0;
        double others = own->kind == BENCH_PAGE_STYLES ? size_of(other->groups[0]) : 0;
        if (others > size || (i < p && !(size > others)))
            return false;
    }
    return true;
}

static int draw_page(const struct bench_run *run, const struct bench_report_page *page,
                     const struct bench_chart_sink *sink, int *status, struct bench_error *err)
{
    const struct {
        enum bench_page_kind kind;
        enum bench_factor factor;
        const char *prefix;
        const struct lines *lines;
    } charts[] = {
        {BENCH_PAGE_SIZES, BENCH_FACTOR_NONE, "bandwidth", &by_size},
        {BENCH_PAGE_STYLES, BENCH_FACTOR_NONE, "transfer-pieces", &by_piece},
        {BENCH_PAGE_STYLES, BENCH_FACTOR_NONE, "transfer-stream", &by_stream},
        {BENCH_PAGE_LADDER, BENCH_FACTOR_CLIENTS, "clients-latency", &time_by_clients},
        {BENCH_PAGE_LADDER, BENCH_FACTOR_CLIENTS, "clients-throughput", &rate_by_clients},
        {BENCH_PAGE_LADDER, BENCH_FACTOR_RATE, "rate-p50", &p50_by_rate},
        {BENCH_PAGE_LADDER, BENCH_FACTOR_RATE, "rate-p99", &p99_by_rate},
        {BENCH_PAGE_LADDER, BENCH_FACTOR_RATE, "rate-delivered", &delivered_by_rate},
    };
    int fatal = 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(charts) && fatal == 0; i++) {
        char name[64];
        if (charts[i].kind != page->kind || charts[i].factor != page->factor)
            continue;
        chart_name(name, sizeof(name), charts[i].prefix,
                   page->kind == BENCH_PAGE_LADDER ? page->groups[0]->rows[0]->workload
                                                    : direction_of(page));
        fatal = bench_charts_keep_going(status,
                                        draw_lines(run, page, charts[i].lines, name, sink, err));
    }
    return fatal;
}

/* ---- process models side by side ---- */

static bool alike_but_mode(const struct bench_target_info *a, const struct bench_target_info *b)
{
    return a != b && strcmp(a->protocol, b->protocol) == 0 && strcmp(a->options, b->options) == 0 &&
           strcmp(a->server, b->server) == 0 && strcmp(a->client, b->client) == 0 &&
           strcmp(a->mode, b->mode) != 0 && a->mode[0] != '\0' && b->mode[0] != '\0';
}

static double trial_rate(const struct bench_trial *trial, const void *user)
{
    (void)user;
    return bench_trial_throughput(trial);
}

/* A row of the chart; false when there is nothing to be shown. */
static bool mode_row(struct bench_chart *chart, const struct bench_target_info *target,
                     const struct bench_report_group *const *groups, size_t ngroups)
{
    struct bench_plot_point *points = bench_chart_points(chart, chart->plot.nseries);
    bool any = false;
    for (size_t g = 0; g < ngroups; g++) {
        const struct bench_result *result = bench_shown_row(groups[g], target);
        if (result == NULL || isnan(bench_result_throughput(result)))
            continue;
        struct bench_range range = bench_result_range(result, trial_rate, NULL);
        bool whiskers = range.count > 1;
        points[g] =
            (struct bench_plot_point){(double)g, bench_result_throughput(result),
                                      whiskers ? range.low : NAN, whiskers ? range.high : NAN};
        any = true;
    }
    if (any)
        (void)bench_chart_target(chart, target, ngroups);
    return any;
}

/* Each target that has figures, followed by those that differ in the mode only. */
static void mode_rows(struct bench_chart *chart, const struct bench_run *run,
                      const struct bench_report_group *const *groups, size_t ngroups)
{
    for (size_t t = 0; t < run->ntargets; t++) {
        const struct bench_target_info *target = &run->targets[t];
        size_t before = chart->plot.nseries, partners = 0;
        bool first = true;
        for (size_t k = 0; k < t; k++)
            first = first && !alike_but_mode(target, &run->targets[k]);
        if (!first)
            continue;
        if (before > 0)
            bench_chart_series(chart, "", 0, 0)->spacer = true;
        bool shown = mode_row(chart, target, groups, ngroups);
        for (size_t k = t + 1; k < run->ntargets; k++) {
            if (alike_but_mode(target, &run->targets[k]))
                partners += mode_row(chart, &run->targets[k], groups, ngroups) ? 1 : 0;
        }
        if (partners == 0 || !shown)
            chart->plot.nseries = before; /* nothing to compare with */
    }
}

/* Of each concurrent workload the group with the most clients. */
static size_t mode_groups(const struct bench_report_pages *pages,
                          const struct bench_report_group **out)
{
    size_t n = 0;
    for (size_t p = 0; p < pages->npages; p++) {
        const struct bench_report_group *group = bench_report_largest(&pages->pages[p]);
        if (group->view.concurrent && !bench_result_is_open(group->rows[0]) && !bench_result_is_bulk(group->rows[0]) &&
            bench_shown_rows(group) > 0)
            out[n++] = group;
    }
    return n;
}

static int draw_modes(const struct bench_run *run, const struct bench_report_pages *pages,
                      const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart = {.series = NULL};
    const struct bench_report_group **groups =
        calloc(pages->npages + 1, sizeof(const struct bench_report_group *));
    char(*heads)[160] = calloc(pages->npages + 1, sizeof(*heads));
    int status = groups == NULL || heads == NULL ? -ENOMEM : 0;
    size_t n = status == 0 ? mode_groups(pages, groups) : 0;
    if (n == 0)
        goto out;
    status = bench_chart_init(&chart, BENCH_PLOT_BARS, 2 * run->ntargets, n, n);
    if (status < 0)
        goto out;
    for (size_t g = 0; g < n; g++) {
        char text[160], load[160];
        (void)snprintf(text, sizeof(text), "%.60s, %.90s", groups[g]->rows[0]->workload,
                       bench_report_load(groups[g]->rows[0], BENCH_FACTOR_NONE, load,
                                         sizeof(load)));
        chart.categories[g] = bench_text_clean(text, heads[g], sizeof(heads[g]));
    }
    mode_rows(&chart, run, groups, n);
    if (chart.plot.nseries == 0)
        goto out;
    (void)snprintf(chart.name, sizeof(chart.name), "modes");
    (void)snprintf(chart.title, sizeof(chart.title),
                   "Process models side by side: requests per second");
    (void)snprintf(chart.subtitle, sizeof(chart.subtitle),
                   "pairs of servers that differ in nothing else; longer is better; whiskers: "
                   "lowest and highest trial");
    chart.plot.y_label = "requests";
    chart.plot.y_unit = BENCH_UNIT_RATE;
    status = sink->take(&chart.plot, sink->user, err);
out:
    bench_chart_fini(&chart);
    free(heads);
    free(groups);
    return status;
}

int bench_charts_pages(const struct bench_run *run, const struct bench_chart_sink *sink,
                       int *status, struct bench_error *err)
{
    struct bench_report_pages pages;
    int fatal = bench_report_pages_new(run, &pages);
    if (fatal < 0)
        return fatal;
    for (size_t p = 0; p < pages.npages && fatal == 0; p++) {
        if (is_chosen(&pages, p))
            fatal = draw_page(run, &pages.pages[p], sink, status, err);
    }
    if (fatal == 0)
        fatal = bench_charts_keep_going(status, draw_modes(run, &pages, sink, err));
    bench_report_pages_free(&pages);
    return fatal;
}
