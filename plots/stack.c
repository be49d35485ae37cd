/* SPDX-License-Identifier: MIT */
/*
 * STACK: one row per category, its parts behind one another, the total at the end.
 */
#include <math.h>

#include "plots/rows.h"

#define HALF_BAR       0.36
#define LEGEND_LINE_PX 30.0
#define SWATCH_PX      18.0

struct total {
    double value;
    double end; /* of the bar and its error bar */
    size_t parts;
    struct plot_text text; /* behind the bar: the total and what is missing in it */
};

/* " (its name: n/a)", or its value when it is below zero, which a bar cannot show. */
static void name_missing(const struct bench_plot *plot, size_t s, double value, char *out,
                         size_t size)
{
    struct plot_text name = plot_text_fit(plot->series[s].label, 1, plot->totals ? 20 : 12, false);
    struct plot_text number = plot_value_text(plot->y_unit, value);

    (void)snprintf(out, size, "  (%.100s: %.60s)", name.s,
                   plot_is_number(value) && plot->totals ? number.s : "n/a");
}

static struct total total_of(const struct bench_plot *plot, size_t category)
{
    struct total total = {0};
    char missing[192] = "";

    for (size_t s = 0; s < plot->nseries; s++) {
        double value = plot_value(&plot->series[s], category);
        if (plot_is_part(value)) {
            total.value += value;
            total.parts++;
        } else {
            name_missing(plot, s, value, missing, sizeof(missing));
        }
    }
    total.end = total.value;
    if (total.parts == 0) {
        (void)snprintf(total.text.s, sizeof(total.text.s), "n/a");
        return total;
    }
    if (plot->totals && plot_is_number(plot->totals[category].y)) {
        const struct bench_plot_point *whole = &plot->totals[category];
        total.value = whole->y;
        total.end = fmax(total.end, plot_has_bar(whole) ? fmax(whole->y, whole->high) : whole->y);
    }
    struct plot_text number = plot_value_text(plot->y_unit, total.value);
    if (plot->nseries - total.parts > 1)
        (void)snprintf(missing, sizeof(missing), "  (%zu of %zu parts: %s)",
                       plot->nseries - total.parts, plot->nseries,
                       plot->totals ? "n/a or negative" : "n/a");
    (void)snprintf(total.text.s, sizeof(total.text.s), "%.60s%s", number.s, missing);
    return total;
}

/* Lays the legend out in lines; draws it if wanted. Returns its height. */
static double legend(struct plot_canvas *canvas, double top, bool draw)
{
    const struct bench_plot *plot = canvas->plot;
    double x = PLOT_MARGIN, y = top + LEGEND_LINE_PX / 2;

    for (size_t s = 0; s < plot->nseries; s++) {
        struct plot_text name = plot_text_fit(plot->series[s].label, PLOT_TEXT_PX, 640, true);
        double width = SWATCH_PX + 9 + plot_text_width(name.s, PLOT_TEXT_PX) + 34;
        if (x > PLOT_MARGIN && x + width > PLOT_WIDTH - PLOT_MARGIN) {
            x = PLOT_MARGIN;
            y += LEGEND_LINE_PX;
        }
        if (draw) {
            struct plot_look look = plot_look(&plot->series[s]);
            plot_put_box(canvas, x, y - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX, &look);
            plot_put_text(canvas, name.s, x + SWATCH_PX + 9, y, "left", PLOT_TEXT_PX, PLOT_INK);
        }
        x += width;
    }
    return y + LEGEND_LINE_PX / 2 - top;
}

static void put_row(struct plot_canvas *canvas, const struct rows_grid *grid,
                    const struct plot_axis *axis, size_t row)
{
    const struct bench_plot *plot = canvas->plot;
    struct total total = total_of(plot, row);
    double start = 0;

    rows_put_name(canvas, grid, 0, row, plot->categories[row]);
    rows_put_value(canvas, axis, row, total.end, total.text.s, "left",
                   total.parts ? PLOT_INK : PLOT_AXIS);
    for (size_t s = 0; s < plot->nseries; s++) {
        double value = plot_value(&plot->series[s], row);
        if (!plot_is_part(value))
            continue;
        struct plot_look look = plot_look(&plot->series[s]);
        struct plot_text text = plot_value_text(plot->y_unit, value);
        double room = value / (axis->max - axis->min) * grid->width;
        if (total.parts > 1 && look.pattern < 0 &&
            plot_text_width(text.s, PLOT_SMALL_PX) + 14 <= room)
            rows_put_value(canvas, axis, row, start + value / 2, text.s, "center",
                           look.dark ? "#ffffff" : "#000000");
        start += value;
    }
}

static void put_part(struct plot_canvas *canvas, size_t s, bool first)
{
    struct plot_look look = plot_look(&canvas->plot->series[s]);

    fprintf(canvas->out,
            "%sdata index %zu using ($2/unit):1:($2/unit):($3/unit):($1-%.2f):($1+%.2f)"
            " with boxxyerror ",
            first ? "plot " : ", \\\n     ", s, HALF_BAR, HALF_BAR);
    if (look.pattern < 0)
        fprintf(canvas->out, "fillstyle solid 1.0 border rgb '#ffffff' linecolor rgb '%s' notitle",
                look.colour);
    else
        fprintf(canvas->out, "fillstyle pattern %d border rgb '%s' linecolor rgb '%s' notitle",
                look.pattern, look.colour, look.colour);
}

/* White below, so that it shows on dark parts, too. */
static void put_error_bars(struct plot_canvas *canvas)
{
    const struct bench_plot *plot = canvas->plot;
    bool any = false;

    for (size_t c = 0; plot->totals && c < plot->ncategories; c++)
        any = any || plot_has_bar(&plot->totals[c]);
    for (int pass = 0; any && pass < 2; pass++)
        fprintf(canvas->out,
                ", \\\n     data index %zu using ($3/unit):1:(($4-$3)/unit):(0) with vectors heads "
                "size screen 0.003,90 linewidth %.1f linecolor rgb '%s' notitle",
                plot->nseries, pass == 0 ? 4.0 : 1.6, pass == 0 ? "#ffffff" : PLOT_INK);
}

void plot_put_stack(struct plot_canvas *canvas)
{
    const struct bench_plot *plot = canvas->plot;
    struct rows_grid grid = {.panels = 1, .names = plot->ncategories, .shared = true};
    struct plot_axis axis;
    double high = 0;

    if (plot->nseries == 0 || plot->ncategories == 0) {
        plot_put_no_data(canvas);
        return;
    }
    double top = plot_canvas_top(canvas);
    grid.top = top + legend(canvas, top, false) + 10;
    rows_names(&grid, plot->categories, plot->ncategories);
    rows_layout(&grid, canvas);
    for (size_t row = 0; row < plot->ncategories; row++) {
        struct total total = total_of(plot, row);
        high =
            rows_fit(high, total.end, plot_text_width(total.text.s, PLOT_SMALL_PX), grid.width);
    }
    plot_axis_linear(&axis, plot->y_unit, 0, high, 8, false);

    plot_put_begin(canvas);
    (void)legend(canvas, top, true);
    rows_put_frame(canvas, &grid, 0, &axis);
    for (size_t row = 0; row < plot->ncategories; row++)
        put_row(canvas, &grid, &axis, row);
    for (size_t s = 0; s < plot->nseries; s++)
        put_part(canvas, s, s == 0);
    put_error_bars(canvas);
    fputc('\n', canvas->out);
    plot_put_end(canvas);
}
