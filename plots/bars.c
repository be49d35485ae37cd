/* SPDX-License-Identifier: MIT */
/*
 * BARS: one row per series, one panel per category. With one series and several categories it is
 * the other way round: a row per category, the series named above.
 */
#include <math.h>

#include "plots/rows.h"

/* Panels whose longest bars differ by more have each their own scale. */
#define SHARED_RATIO 6.0
#define HALF_BAR     0.36
#define HALF_FLOOR   0.2

struct bars {
    struct plot_canvas *canvas;
    const struct bench_plot *plot;
    struct rows_grid grid;
    bool turned; /* rows are categories */
    bool log;
};

static const struct bench_plot_series *series_at(const struct bars *bars, size_t row)
{
    return &bars->plot->series[bars->turned ? 0 : row];
}

static const struct bench_plot_point *point_at(const struct bars *bars, size_t panel, size_t row)
{
    static const struct bench_plot_point none = {NAN, NAN, NAN, NAN};
    const struct bench_plot_series *series = series_at(bars, row);
    size_t category = bars->turned ? row : panel;

    if (category >= series->count || !plot_is_number(series->points[category].y))
        return &none;
    return bars->log && series->points[category].y <= 0 ? &none : &series->points[category];
}

/* The end of a row's bar or of its error bar, behind which its value stands. */
static double end_of(const struct bench_plot_point *point)
{
    return plot_has_bar(point) && point->y >= 0 ? fmax(point->y, point->high) : point->y;
}

struct range {
    double low, high; /* of bars and error bars; NaN without any */
};

static struct range range_of(const struct bars *bars, size_t panel)
{
    struct range range = {NAN, NAN};

    for (size_t row = 0; row < bars->grid.names; row++) {
        const struct bench_plot_point *point = point_at(bars, panel, row);
        if (isnan(point->y))
            continue;
        range.low = fmin(range.low, point->y);
        range.high = fmax(range.high, end_of(point));
        if (plot_has_bar(point) && (!bars->log || point->low > 0))
            range.low = fmin(range.low, point->low);
    }
    return range;
}

static bool share_scale(const struct bars *bars)
{
    double least = NAN, most = NAN;

    for (size_t panel = 0; panel < bars->grid.panels; panel++) {
        struct range range = range_of(bars, panel);
        double longest = fmax(fabs(range.low), fabs(range.high));
        least = fmin(least, longest);
        most = fmax(most, longest);
    }
    return bars->log || isnan(least) || most <= SHARED_RATIO * least;
}

/* The scale of the panels [from, to), with room for the values behind the bars. */
static struct plot_axis make_axis(const struct bars *bars, size_t from, size_t to)
{
    enum bench_plot_unit unit = bars->plot->y_unit;
    struct plot_axis axis;
    double low = NAN, high = NAN;

    for (size_t panel = from; panel < to; panel++) {
        struct range range = range_of(bars, panel);
        low = fmin(low, range.low);
        high = fmax(high, range.high);
    }
    if (isnan(high)) {
        axis = (struct plot_axis){.unit = unit, .factor = 1, .suffix = "", .max = 1};
        return axis;
    }
    if (bars->log) {
        plot_axis_log(&axis, unit, low, high);
        axis.max *= pow(axis.max / axis.min, 130 / bars->grid.width);
        plot_axis_thin(&axis, bars->grid.width);
        return axis;
    }
    if (low < 0)
        low -= (fmax(high, 0) - low) * 110 / bars->grid.width;
    low = fmin(low, 0);
    for (size_t panel = from; panel < to; panel++) {
        for (size_t row = 0; row < bars->grid.names; row++) {
            const struct bench_plot_point *point = point_at(bars, panel, row);
            if (isnan(point->y) || point->y < 0)
                continue;
            struct plot_text text = plot_value_text(unit, point->y);
            high = low + rows_fit(high - low, end_of(point) - low,
                                  plot_text_width(text.s, PLOT_SMALL_PX), bars->grid.width);
        }
    }
    plot_axis_linear(&axis, unit, low, high, bars->grid.width > 600 ? 8 : 4, false);
    return axis;
}

static void put_row(struct bars *bars, const struct plot_axis *axis, size_t panel, size_t row)
{
    const struct bench_plot_point *point = point_at(bars, panel, row);
    double zero = axis->log ? axis->min : 0;

    if (series_at(bars, row)->spacer)
        return;
    if (isnan(point->y)) {
        rows_put_value(bars->canvas, axis, row, zero, "n/a", "left", PLOT_AXIS);
        return;
    }
    struct plot_text text = plot_value_text(bars->plot->y_unit, point->y);
    double end = point->y < 0 && plot_has_bar(point) ? fmin(point->y, point->low) : end_of(point);
    rows_put_value(bars->canvas, axis, row, end, text.s, point->y < 0 ? "right" : "left", PLOT_INK);
}

static void put_error_bar(FILE *out, size_t block, size_t line, size_t row, const char *colour,
                          double width)
{
    fprintf(out,
            ", \\\n     data index %zu every ::%zu::%zu using ($3/unit):(%zu):(($4-$3)/unit):(0) "
            "with vectors heads size screen 0.003,90 linewidth %.1f linecolor rgb '%s' notitle",
            block, line, line, row, width, colour);
}

/* The elements of `plot` for one row; *first says whether it is the first of the command. */
static void put_bar(struct bars *bars, const struct plot_axis *axis, size_t panel, size_t row,
                    bool *first)
{
    const struct bench_plot_series *series = series_at(bars, row);
    const struct bench_plot_point *point = point_at(bars, panel, row);
    struct plot_look look = plot_look(series);
    FILE *out = bars->canvas->out;
    /* In the data file the blocks are the categories. */
    size_t block = bars->turned ? row : panel, line = bars->turned ? 0 : row;
    double half = series->floor ? HALF_FLOOR : HALF_BAR;

    if (isnan(point->y))
        return;
    fprintf(out, "%sdata index %zu every ::%zu::%zu ", *first ? "plot " : ", \\\n     ", block,
            line, line);
    *first = false;
    if (axis->log) {
        fprintf(out,
                "using ($2/unit):(%zu) with points pointtype 7 pointsize %.1f linecolor rgb "
                "'%s' notitle",
                row, series->floor ? 1.2 : 2.0, look.colour);
    } else {
        fprintf(out, "using (0):(%zu):(0):($2/unit):(%.2f):(%.2f) with boxxyerror ", row,
                (double)row - half, (double)row + half);
        if (look.pattern < 0)
            fprintf(out, "fillstyle solid 1.0 noborder linecolor rgb '%s' notitle", look.colour);
        else
            fprintf(out, "fillstyle pattern %d border rgb '%s' linecolor rgb '%s' notitle",
                    look.pattern, look.colour, look.colour);
    }
    if (!plot_has_bar(point))
        return;
    /* White below, so that it shows on dark bars, too. */
    put_error_bar(out, block, line, row, "#ffffff", 4);
    put_error_bar(out, block, line, row, PLOT_INK, 1.6);
}

static void put_panel(struct bars *bars, size_t panel)
{
    const struct bench_plot *plot = bars->plot;
    struct plot_canvas *canvas = bars->canvas;
    const struct rows_grid *grid = &bars->grid;
    struct plot_axis axis =
        grid->shared ? make_axis(bars, 0, grid->panels) : make_axis(bars, panel, panel + 1);
    bool first = true;

    fprintf(canvas->out, "\n# panel %zu\n", panel);
    rows_put_frame(canvas, grid, panel, &axis);
    if (grid->header_px > 0) {
        const char *header = bars->turned ? plot->series[0].label : plot->categories[panel];
        struct plot_text text = plot_text_fit(header, PLOT_TEXT_PX, grid->width, true);
        plot_put_text(canvas, text.s, rows_panel_left(grid, panel) + 2,
                      rows_panel_top(grid, panel) - 15, "left", PLOT_TEXT_PX, PLOT_INK);
    }
    for (size_t row = 0; row < grid->names; row++) {
        if (panel % grid->columns == 0)
            rows_put_name(canvas, grid, panel, row,
                          bars->turned ? plot->categories[row] : plot->series[row].label);
        put_row(bars, &axis, panel, row);
    }
    for (size_t row = 0; row < grid->names; row++)
        put_bar(bars, &axis, panel, row, &first);
    fputs(first ? "plot NaN notitle\n" : "\n", canvas->out);
    fputs("unset label\nunset arrow\n", canvas->out);
}

void plot_put_bars(struct plot_canvas *canvas)
{
    const struct bench_plot *plot = canvas->plot;
    struct bars bars = {.canvas = canvas, .plot = plot, .log = plot->log_y};
    struct rows_grid *grid = &bars.grid;

    if (plot->nseries == 0 || plot->ncategories == 0) {
        plot_put_no_data(canvas);
        return;
    }
    bars.turned = plot->nseries == 1 && plot->ncategories > 1;
    grid->panels = bars.turned ? 1 : plot->ncategories;
    grid->names = bars.turned ? plot->ncategories : plot->nseries;
    grid->header_px =
        bars.turned || plot->ncategories > 1 || plot->categories[0][0] ? ROWS_HEADER_PX : 0;
    grid->top = plot_canvas_top(canvas);
    grid->left = 0;
    for (size_t row = 0; row < grid->names; row++) {
        struct rows_grid one = {0};
        const char *name = bars.turned ? plot->categories[row] : plot->series[row].label;
        rows_names(&one, &name, 1);
        grid->left = fmax(grid->left, one.left);
    }
    grid->shared = share_scale(&bars);
    rows_layout(grid, canvas);

    plot_put_begin(canvas);
    if (grid->panels > 1)
        fputs("set multiplot\n", canvas->out);
    if (!grid->shared)
        plot_put_text(canvas, "each panel has its own scale", PLOT_WIDTH - ROWS_RIGHT_PX,
                      canvas->height - 16, "right", PLOT_SMALL_PX - 2, PLOT_AXIS);
    for (size_t panel = 0; panel < grid->panels; panel++)
        put_panel(&bars, panel);
    if (grid->panels > 1)
        fputs("unset multiplot\n", canvas->out);
    plot_put_end(canvas);
}
