/* SPDX-License-Identifier: MIT */
/* Where the time goes, as stacked bars: a chart for each operation, protocols and clients below one
 * another. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/parts.h"
#include "suite/report_analyses.h"

/* "latency, ping" of two rows is the same chart when they were measured alike. */
static bool same_chart(const struct bench_attribution *a, const struct bench_attribution *b)
{
    return bench_result_alike_but(bench_attribution_whole(a), bench_attribution_whole(b), "rtt");
}

static bool is_first(const struct bench_attributions *all, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (same_chart(&all->rows[k], &all->rows[i]))
            return false;
    }
    return true;
}

/* "parts-ping"; the second of an operation "parts-ping-2". */
static void set_name(struct bench_chart *chart, const struct bench_attributions *all, size_t i)
{
    const char *operation = bench_attribution_whole(&all->rows[i])->operation;
    size_t ordinal = 1;
    for (size_t k = 0; k < i; k++)
        ordinal += is_first(all, k) &&
                   strcmp(bench_attribution_whole(&all->rows[k])->operation, operation) == 0;
    int n = snprintf(chart->name, sizeof(chart->name), "parts-%.30s", operation);
    if (ordinal > 1)
        (void)snprintf(chart->name + n, sizeof(chart->name) - (size_t)n, "-%zu", ordinal);
    for (char *at = chart->name; *at != '\0'; at++) {
        if ((*at < 'a' || *at > 'z') && (*at < '0' || *at > '9'))
            *at = '-';
    }
}

static void describe(struct bench_chart *chart, const struct bench_attribution *row)
{
    const struct bench_result *whole = bench_attribution_whole(row);
    char operation[160], text[TEXT_BYTES];
    const char *placement = bench_result_parameter(whole, "placement");
    (void)bench_attribution_operation(row, operation, sizeof(operation));
    (void)snprintf(text, sizeof(text), "Where the time of one %s goes", operation);
    (void)bench_text_clean(text, chart->title, sizeof(chart->title));
    (void)snprintf(text, sizeof(text),
                   "%.100s, %.100s%s%.40s; means, each part the difference of two targets that "
                   "differ in it; whiskers: 95 %% interval of the whole over %zu trials",
                   whole->workload, whole->load_model, placement != NULL ? ", placement " : "",
                   placement != NULL ? placement : "", whole->ntrials);
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
}

static int draw(const struct bench_attributions *all, size_t first,
                const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart;
    size_t rows = 0, nparts = 0;
    struct bench_plot_point *totals = calloc(all->n, sizeof(*totals));
    int status = bench_chart_init(&chart, BENCH_PLOT_STACK, BENCH_PART_COUNT, all->n, all->n);
    if (totals == NULL)
        status = -ENOMEM;
    if (status < 0)
        goto out;
    for (size_t i = first; i < all->n; i++)
        if (same_chart(&all->rows[first], &all->rows[i]) && all->rows[i].nparts > nparts)
            nparts = all->rows[i].nparts;
    for (size_t i = first; i < all->n; i++) {
        const struct bench_attribution *row = &all->rows[i];
        if (!same_chart(&all->rows[first], row))
            continue;
        for (size_t p = 0; p < nparts; p++) {
            struct bench_plot_point *point = &bench_chart_points(&chart, p)[rows];
            point->x = (double)rows;
            /* A client of ours has no Python in it. */
            point->y = p < row->nparts ? row->parts[p].mean : 0;
        }
        totals[rows] = (struct bench_plot_point){(double)rows, row->whole.mean, row->whole.low,
                                                 row->whole.high};
        chart.categories[rows++] = bench_attribution_whole(row)->target->name;
    }
    for (size_t p = 0; p < nparts; p++)
        (void)bench_chart_series(&chart, bench_part_head((enum bench_part)p), (unsigned)p, rows);
    chart.plot.ncategories = rows;
    chart.plot.totals = totals;
    set_name(&chart, all, first);
    describe(&chart, &all->rows[first]);
    chart.plot.y_label = "response time, mean";
    chart.plot.y_unit = BENCH_UNIT_SECONDS;
    status = sink->take(&chart.plot, sink->user, err);
out:
    bench_chart_fini(&chart);
    free(totals);
    return status;
}

int bench_charts_parts(const struct bench_run *run, const struct bench_chart_sink *sink,
                       int *status, struct bench_error *err)
{
    struct bench_attributions all;
    int fatal = bench_attributions_init(&all, run);
    for (size_t i = 0; fatal == 0 && i < all.n; i++) {
        if (is_first(&all, i))
            fatal = bench_charts_keep_going(status, draw(&all, i, sink, err));
    }
    bench_attributions_fini(&all);
    return fatal;
}
