/* SPDX-License-Identifier: MIT */
/*
 * LINES, PERCENTILE and ECDF: one curve per series, its name at its right end. Names that would
 * touch are moved apart, each joined to its curve's end by a thin line. The curves of an ECDF all
 * end at the top: there the names are a list from the fastest to the slowest, by the median.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/draw.h"

#define NAME_PX         27.0 /* least distance of names */
#define LEADER_PX       26.0 /* from the plot's edge to the sample of the curve */
#define SAMPLE_PX       44.0
#define BOTTOM_PX       84.0
#define MAX_TICK_VALUES 14 /* more different x than that get round ticks instead */
#define MARKED_POINTS   40 /* curves with more points have no mark on each */

struct name {
    size_t series;
    double end_x, end_y; /* the curve's last point: 0..1 from left, pixels of the canvas */
    double y;            /* where the name stands, pixels */
    bool empty, end_x_is_median;
};

struct curves {
    struct plot_canvas *canvas;
    const struct bench_plot *plot;
    struct plot_axis x, y;
    double left, right, top, bottom; /* of the plot area */
    struct name *names;
    size_t nnames; /* of series that have one */
};

struct range {
    double low, high;
};

/* ---- scales ---- */

static struct range range_of(const struct bench_plot *plot, bool of_y)
{
    struct range range = {NAN, NAN};

    for (size_t s = 0; s < plot->nseries; s++) {
        for (size_t i = 0; i < plot->series[s].count; i++) {
            const struct bench_plot_point *point = &plot->series[s].points[i];
            double x = plot_curve_x(plot, point), y = plot_curve_y(plot, point);
            if (isnan(x) || isnan(y))
                continue;
            range.low = fmin(range.low, of_y ? y : x);
            range.high = fmax(range.high, of_y ? y : x);
            if (of_y && plot_has_bar(point)) {
                range.high = fmax(range.high, point->high);
                if (!plot->log_y || point->low > 0)
                    range.low = fmin(range.low, point->low);
            }
        }
    }
    return range;
}

/* The different x of all points in rising order; 0 if there are more than max. */
static size_t distinct_x(const struct bench_plot *plot, double *out, size_t max)
{
    size_t n = 0;

    for (size_t s = 0; s < plot->nseries; s++) {
        for (size_t i = 0; !plot->series[s].expected && i < plot->series[s].count; i++) {
            double x = plot_curve_x(plot, &plot->series[s].points[i]);
            size_t at = 0;
            while (at < n && out[at] < x)
                at++;
            if (isnan(x) || isnan(plot_curve_y(plot, &plot->series[s].points[i])) ||
                (at < n && out[at] <= x))
                continue;
            if (n == max)
                return 0;
            for (size_t j = n++; j > at; j--)
                out[j] = out[j - 1];
            out[at] = x;
        }
    }
    return n;
}

static bool has_expected(const struct bench_plot *plot)
{
    bool any = false;

    for (size_t s = 0; s < plot->nseries; s++)
        any = any || plot->series[s].expected;
    return any;
}

static void make_axes(struct curves *curves)
{
    const struct bench_plot *plot = curves->plot;
    struct range x = range_of(plot, false), y = range_of(plot, true);
    double values[MAX_TICK_VALUES];
    size_t n = distinct_x(plot, values, BENCH_COUNT_OF(values));

    if (plot->log_y)
        plot_axis_log(&curves->y, plot->y_unit, y.low, y.high);
    else
        plot_axis_linear(&curves->y, plot->y_unit, y.low, y.high, 7, true);
    if (plot->kind == BENCH_PLOT_PERCENTILE)
        plot_axis_percentile(&curves->x, x.low, x.high);
    else if (n > 0)
        plot_axis_at(&curves->x, plot->x_unit, plot->log_x, values, n, LEAST_WIDTH_PX);
    else if (plot->log_x)
        plot_axis_log(&curves->x, plot->x_unit, x.low, x.high);
    else
        plot_axis_linear(&curves->x, plot->x_unit, x.low, x.high, 8, false);
    if (n > 0 && has_expected(plot)) { /* lines reach farther than what was measured */
        curves->x.min = fmin(curves->x.min, x.low);
        curves->x.max = fmax(curves->x.max, x.high);
    }
    if (plot->kind != BENCH_PLOT_PERCENTILE)
        plot_axis_thin(&curves->x, LEAST_WIDTH_PX);
}

/* ---- names ---- */

static bool is_listed(const struct curves *curves) { return curves->plot->kind == BENCH_PLOT_ECDF; }

static int by_end(const void *a, const void *b)
{
    const struct name *left = a, *right = b;

    if (left->empty != right->empty)
        return left->empty ? 1 : -1;
    if (left->end_y < right->end_y || left->end_y > right->end_y)
        return left->end_y < right->end_y ? -1 : 1;
    return left->series < right->series ? -1 : 1;
}

static void find_end(struct curves *curves, size_t s)
{
    const struct bench_plot_series *series = &curves->plot->series[s];
    struct name *name = &curves->names[curves->nnames++];

    *name = (struct name){.series = s, .empty = true};
    for (size_t i = 0; i < series->count; i++) {
        double x = plot_curve_x(curves->plot, &series->points[i]);
        double y = plot_curve_y(curves->plot, &series->points[i]);
        if (isnan(x) || isnan(y))
            continue;
        /* Of an ECDF what counts is where it crosses the half. */
        if (is_listed(curves) && !name->empty && name->end_x_is_median)
            continue;
        name->empty = false;
        name->end_x = x;
        name->end_x_is_median = y >= 0.5;
        name->end_y =
            curves->bottom - plot_axis_place(&curves->y, y) * (curves->bottom - curves->top);
    }
    if (is_listed(curves) && !name->empty)
        name->end_y = plot_axis_place(&curves->x, name->end_x);
}

/* Each name beside its curve's end or as near as the others allow: blocks of touching names are
 * centred on the mean of their ends (pool adjacent violators). */
static void place_names(struct curves *curves)
{
    double low = curves->top + NAME_PX / 2, high = curves->bottom - NAME_PX / 2;

    for (size_t s = 0; s < curves->plot->nseries; s++) {
        if (!curves->plot->series[s].expected)
            find_end(curves, s);
    }
    size_t n = curves->nnames;
    qsort(curves->names, n, sizeof(*curves->names), by_end);
    if (is_listed(curves)) {
        for (size_t i = 0; i < n; i++)
            curves->names[i].y = low + (double)i * NAME_PX;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct name *name = &curves->names[i];
        name->y = name->empty ? high : name->end_y;
    }
    for (size_t end = 1; end <= n; end++) {
        /* names [start, end): the last block; swallow the one before while they touch. */
        size_t start = end - 1;
        for (;;) {
            double sum = 0;
            for (size_t i = start; i < end; i++)
                sum += curves->names[i].empty ? high : curves->names[i].end_y;
            double length = (double)(end - start - 1) * NAME_PX;
            double first = sum / (double)(end - start) - length / 2;
            first = fmax(low, fmin(first, high - length));
            for (size_t i = start; i < end; i++)
                curves->names[i].y = first + (double)(i - start) * NAME_PX;
            if (start == 0 || curves->names[start - 1].y + NAME_PX <= first + 1e-6)
                break;
            start--;
            while (start > 0 &&
                   curves->names[start].y - curves->names[start - 1].y <= NAME_PX + 1e-6)
                start--;
        }
    }
}

static void put_line(struct plot_canvas *canvas, double x1, double y1, double x2, double y2,
                     const char *colour, const char *dash, double width)
{
    fprintf(canvas->out,
            "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead linewidth %.1f "
            "linecolor rgb '%s' dashtype %s front\n",
            x1 / PLOT_WIDTH, 1 - y1 / canvas->height, x2 / PLOT_WIDTH, 1 - y2 / canvas->height,
            width, colour, dash);
}

static void put_name(struct curves *curves, const struct name *name)
{
    struct plot_canvas *canvas = curves->canvas;
    const struct bench_plot_series *series = &curves->plot->series[name->series];
    struct plot_look look = plot_look(series);
    double x = curves->right + LEADER_PX, text_x = x + SAMPLE_PX + 10;
    double room = PLOT_WIDTH - 20 - text_x;
    double end =
        curves->left + plot_axis_place(&curves->x, name->end_x) * (curves->right - curves->left);
    struct plot_text text;

    if (name->empty) {
        text = plot_text_fit(series->label, PLOT_TEXT_PX, room - 50, true);
        (void)snprintf(text.s + strlen(text.s), sizeof(text.s) - strlen(text.s), " n/a");
    } else {
        text = plot_text_fit(series->label, PLOT_TEXT_PX, room, true);
        if (!is_listed(curves)) {
            put_line(canvas, fmin(end + 8, curves->right), name->end_y, curves->right, name->end_y,
                     look.colour, "(1,3)", 1);
            put_line(canvas, curves->right, name->end_y, x - 4, name->y, look.colour, "solid", 1);
        }
    }
    put_line(canvas, x, name->y, x + SAMPLE_PX, name->y, look.colour, look.dash,
             series->floor ? 1.4 : 2.6);
    fprintf(canvas->out,
            "set label '' at screen %.5f,%.5f point pointtype %d pointsize %.1f "
            "linecolor rgb '%s' front\n",
            (x + SAMPLE_PX / 2) / PLOT_WIDTH, 1 - name->y / canvas->height, look.marker,
            series->floor ? 0.9 : 1.3, look.colour);
    plot_put_text(canvas, text.s, text_x, name->y, "left", PLOT_TEXT_PX,
                  series->floor || name->empty ? PLOT_SOFT : PLOT_INK);
}

/* ---- the script ---- */

static void put_frame(struct curves *curves)
{
    struct plot_canvas *canvas = curves->canvas;
    const struct bench_plot *plot = curves->plot;
    FILE *out = canvas->out;
    struct plot_text x_label = plot_axis_label(&curves->x, plot->x_label);
    struct plot_text y_label = plot_axis_label(&curves->y, plot->y_label);

    if (plot->kind == BENCH_PLOT_PERCENTILE && plot->x_label[0] == '\0')
        (void)snprintf(x_label.s, sizeof(x_label.s), "percentile");
    x_label = plot_text_fit(x_label.s, PLOT_SMALL_PX, curves->right - curves->left, false);
    y_label = plot_text_fit(y_label.s, PLOT_SMALL_PX, curves->bottom - curves->top, false);
    plot_put_margins(canvas, curves->left, curves->right, curves->top, curves->bottom);
    fprintf(out, "xunit = %.9g\nyunit = %.9g\n", curves->x.factor, curves->y.factor);
    fputs("unset logscale\n", out);
    if (curves->x.log)
        fputs("set logscale x\n", out);
    if (curves->y.log)
        fputs("set logscale y\n", out);
    fprintf(out, "set xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] noextend\n",
            curves->x.min / curves->x.factor, curves->x.max / curves->x.factor,
            curves->y.min / curves->y.factor, curves->y.max / curves->y.factor);
    fprintf(out, "set border 3 back linecolor rgb '%s' linewidth 1\n", PLOT_AXIS);
    fprintf(out, "set grid xtics ytics back linetype 1 linecolor rgb '%s' linewidth 1\n",
            PLOT_GRID);
    plot_put_ticks(out, &curves->x, "x", true);
    plot_put_ticks(out, &curves->y, "y", true);
    plot_put_text(canvas, x_label.s, (curves->left + curves->right) / 2, curves->bottom + 52,
                  "center", PLOT_SMALL_PX, PLOT_SOFT);
    plot_put_text(canvas, y_label.s, PLOT_MARGIN, (curves->top + curves->bottom) / 2,
                  "center rotate by 90", PLOT_SMALL_PX, PLOT_SOFT);
}

/* x: the column's expression. */
static void put_joined(struct curves *curves, size_t s, const char *x, bool first)
{
    const struct bench_plot_series *series = &curves->plot->series[s];
    struct plot_look look = plot_look(series);
    size_t every = series->count > MARKED_POINTS ? series->count / 8 : 1;

    fprintf(curves->canvas->out,
            "%sdata index %zu using %s:($2/yunit) with linespoints linewidth %.1f dashtype %s "
            "pointtype %d pointsize %.1f pointinterval %zu linecolor rgb '%s' notitle",
            first ? "\nplot " : ", \\\n     ", s, x, series->floor ? 1.4 : 2.6, look.dash,
            look.marker, series->floor ? 0.9 : 1.3, every, look.colour);
}

static void put_curve(struct curves *curves, size_t s, bool first)
{
    const struct bench_plot *plot = curves->plot;
    const struct bench_plot_series *series = &plot->series[s];
    struct plot_look look = plot_look(series);
    const char *x =
        plot->kind == BENCH_PLOT_PERCENTILE ? "($1 < 1 ? -log10(1 - $1) : NaN)" : "($1/xunit)";
    FILE *out = curves->canvas->out;
    bool bars = false;

    if (series->expected) {
        fprintf(out,
                "%sdata index %zu using %s:($2/yunit) with lines linewidth 1.4 dashtype (8,5) "
                "linecolor rgb '%s' notitle",
                first ? "\nplot " : ", \\\n     ", s, x, look.colour);
        return;
    }
    if (series->unjoined) {
        fprintf(out,
                "%sdata index %zu using %s:($2/yunit) with points pointtype %d pointsize %.1f "
                "linecolor rgb '%s' notitle",
                first ? "\nplot " : ", \\\n     ", s, x, look.marker, series->floor ? 1.2 : 1.6,
                look.colour);
    } else {
        put_joined(curves, s, x, first);
    }
    for (size_t i = 0; i < series->count; i++)
        bars = bars || plot_has_bar(&series->points[i]);
    if (bars)
        fprintf(out,
                ", \\\n     data index %zu using %s:($3/yunit):(0):(($4-$3)/yunit) with "
                "vectors heads size screen 0.003,90 linewidth 1.4 linecolor rgb '%s' notitle",
                s, x, look.colour);
}

void plot_put_curves(struct plot_canvas *canvas)
{
    const struct bench_plot *plot = canvas->plot;
    struct curves curves = {.canvas = canvas, .plot = plot};
    double names = 0;

    if (plot->nseries > 0)
        curves.names = calloc(plot->nseries, sizeof(*curves.names));
    if (!curves.names || isnan(range_of(plot, true).low)) {
        plot_put_no_data(canvas);
        free(curves.names);
        return;
    }
    make_axes(&curves);
    for (size_t s = 0; s < plot->nseries; s++)
        names = fmax(names, plot_text_width(plot->series[s].label, PLOT_TEXT_PX));
    curves.top = plot_canvas_top(canvas) + 8;
    canvas->height =
        fmax(PLOT_HEIGHT, curves.top + BOTTOM_PX + NAME_PX * (double)(plot->nseries + 1));
    curves.bottom = canvas->height - BOTTOM_PX;
    curves.left = PLOT_MARGIN + 30 + plot_axis_tick_width(&curves.y, PLOT_SMALL_PX);
    curves.right = PLOT_WIDTH - 20 - LEADER_PX - SAMPLE_PX - 14 - fmin(names + 4, PLOT_NAME_MAX);
    place_names(&curves);

    plot_put_begin(canvas);
    put_frame(&curves);
    for (size_t i = 0; i < curves.nnames; i++)
        put_name(&curves, &curves.names[i]);
    for (size_t s = 0; s < plot->nseries; s++)
        put_curve(&curves, s, s == 0);
    fputc('\n', canvas->out);
    plot_put_end(canvas);
    free(curves.names);
}
