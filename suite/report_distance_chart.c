/* SPDX-License-Identifier: MIT */
/* Response time against round-trip time: measured points, and the line that is expected. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/crossing.h"
#include "suite/report_analyses.h"

/* Points of an expected line: on logarithmic axes it is bent. */
#define LINE_POINTS 33

/* The distances that are drawn: from well below the first one, and below where lines cross. */
struct span {
    double from, to;
};

static struct span span_of(const struct bench_far_field *field)
{
    struct span span = {NAN, field->rtts[field->nrtts - 1]};
    for (size_t i = 0; i < field->nrtts; i++) {
        if (field->rtts[i] > 0)
            span.from = fmin(span.from, field->rtts[i]);
    }
    for (size_t i = 0; i < field->ncrossings; i++) {
        span.from = fmin(span.from, field->crossings[i].rtt.mean);
        span.to = fmax(span.to, field->crossings[i].rtt.mean);
    }
    span.from = fmax(span.from, span.to / 1e6); /* protocols that are all but equal */
    span.from /= 4;
    return span;
}

static size_t fill_measured(const struct bench_far_field *field,
                            const struct bench_far_curve *curve, struct bench_plot_point *points)
{
    size_t n = 0;
    for (size_t i = 0; i < field->nrtts; i++) {
        const struct bench_interval *mean = &curve->points[i].mean;
        if (field->rtts[i] > 0 && !isnan(mean->mean))
            points[n++] =
                (struct bench_plot_point){field->rtts[i], mean->mean, mean->low, mean->high};
    }
    return n;
}

static void fill_expected(const struct bench_far_curve *curve, struct span span,
                          struct bench_plot_point *points)
{
    for (size_t i = 0; i < LINE_POINTS; i++) {
        double rtt = span.from * pow(span.to / span.from, (double)i / (LINE_POINTS - 1));
        points[i] = (struct bench_plot_point){rtt, curve->direct + curve->waits * rtt, NAN,
                                              NAN};
    }
}

static void describe(struct bench_chart *chart, const struct bench_far_field *field, size_t ordinal)
{
    const struct bench_result *first = field->groups[0]->rows[0];
    char subject[TEXT_BYTES / 2], load[256], text[TEXT_BYTES];
    (void)bench_far_subject(field, subject, sizeof(subject));
    (void)snprintf(chart->name, sizeof(chart->name), "distance");
    if (ordinal > 0)
        (void)snprintf(chart->name, sizeof(chart->name), "distance-%zu", ordinal + 1);
    (void)snprintf(chart->title, sizeof(chart->title), "%s: response time by distance", subject);
    (void)snprintf(text, sizeof(text),
                   "%.200s; marks: means with their 95 %% interval over trials%s; less is better",
                   bench_report_load(first, BENCH_FACTOR_RTT, load, sizeof(load)),
                   field->expects && !(field->rtts[0] > 0)
                       ? "; dashed: expected, the mean without distance plus waits times "
                         "distance"
                       : "");
    (void)bench_text_clean(text, chart->subtitle, sizeof(chart->subtitle));
}

static int draw(const struct bench_far_field *field, size_t ordinal,
                const struct bench_chart_sink *sink, struct bench_error *err)
{
    struct bench_chart chart;
    struct span span = span_of(field);
    size_t most = field->nrtts > LINE_POINTS ? field->nrtts : LINE_POINTS;
    int status = bench_chart_init(&chart, BENCH_PLOT_LINES, 2 * field->ncurves, most, 0);
    for (size_t c = 0; status == 0 && c < field->ncurves; c++) {
        const struct bench_far_curve *curve = &field->curves[c];
        size_t n = fill_measured(field, curve, bench_chart_points(&chart, chart.plot.nseries));
        if (n == 0)
            continue;
        struct bench_plot_series *measured = bench_chart_target(&chart, curve->target, n);
        if (!field->expects || isnan(curve->direct + curve->waits))
            continue;
        measured->unjoined = true; /* a straight line between would be another expectation */
        fill_expected(curve, span, bench_chart_points(&chart, chart.plot.nseries));
        bench_chart_target(&chart, curve->target, LINE_POINTS)->expected = true;
    }
    if (status == 0 && chart.plot.nseries > 0) {
        describe(&chart, field, ordinal);
        chart.plot.x_label = "round-trip time between client and server";
        chart.plot.y_label = "response time, mean";
        chart.plot.x_unit = chart.plot.y_unit = BENCH_UNIT_SECONDS;
        chart.plot.log_x = chart.plot.log_y = true;
        status = sink->take(&chart.plot, sink->user, err);
    }
    bench_chart_fini(&chart);
    return status;
}

int bench_charts_distance(const struct bench_run *run, const struct bench_chart_sink *sink,
                          int *status, struct bench_error *err)
{
    struct bench_far far;
    int fatal = bench_far_init(&far, run);
    for (size_t f = 0; fatal == 0 && f < far.nfields; f++)
        fatal = bench_charts_keep_going(status, draw(&far.fields[f], f, sink, err));
    bench_far_fini(&far);
    return fatal;
}
