/* SPDX-License-Identifier: MIT */
/*
 * The data file: numbers in base units (seconds, bytes, 1/s), tab-separated, names last and in
 * quotes. Blocks are parted by two empty lines, as gnuplot's `index` wants it.
 */
#include <math.h>

#include "plots/draw.h"

bool plot_is_number(double value)
{
    double size = fabs(value);

    return isfinite(value) && size < 1e100 && (value == 0 || size > 1e-100);
}

double plot_value(const struct bench_plot_series *series, size_t category)
{
    return category < series->count ? series->points[category].y : NAN;
}

bool plot_has_bar(const struct bench_plot_point *point)
{
    return plot_is_number(point->y) && plot_is_number(point->low) && plot_is_number(point->high) &&
           point->low <= point->high;
}

bool plot_is_part(double value) { return plot_is_number(value) && value >= 0; }

double plot_curve_x(const struct bench_plot *plot, const struct bench_plot_point *point)
{
    if (plot->kind == BENCH_PLOT_PERCENTILE)
        return point->x >= 0 && point->x < 1 ? -log10(1 - point->x) : NAN;
    return plot_is_number(point->x) && (!plot->log_x || point->x > 0) ? point->x : NAN;
}

double plot_curve_y(const struct bench_plot *plot, const struct bench_plot_point *point)
{
    return plot_is_number(point->y) && (!plot->log_y || point->y > 0) ? point->y : NAN;
}

static const char *unit_name(enum bench_plot_unit unit)
{
    static const char *const names[] = {
        [BENCH_UNIT_SECONDS] = "seconds", [BENCH_UNIT_BYTES] = "bytes",
        [BENCH_UNIT_RATE] = "per second", [BENCH_UNIT_BYTES_PER_SECOND] = "bytes per second",
        [BENCH_UNIT_COUNT] = "count",     [BENCH_UNIT_RATIO] = "ratio",
        [BENCH_UNIT_PERCENT] = "share",
    };

    return names[unit];
}

static void put_number(FILE *out, double value)
{
    if (plot_is_number(value))
        fprintf(out, "%.9g\t", value == 0 ? 0.0 : value);
    else
        fputs("NaN\t", out);
}

static void put_comment(FILE *out, const char *what, const char *text)
{
    fprintf(out, "# %s ", what);
    plot_put_field(out, text);
    fputc('\n', out);
}

static void put_bars(const struct bench_plot *plot, FILE *out)
{
    fprintf(out, "# row, value (%s), low, high, series\n", unit_name(plot->y_unit));
    for (size_t c = 0; c < plot->ncategories; c++) {
        put_comment(out, "category", plot->categories[c]);
        for (size_t s = 0; s < plot->nseries; s++) {
            const struct bench_plot_series *series = &plot->series[s];
            bool bar = c < series->count && plot_has_bar(&series->points[c]);
            fprintf(out, "%zu\t", s);
            put_number(out, plot_value(series, c));
            put_number(out, bar ? series->points[c].low : NAN);
            put_number(out, bar ? series->points[c].high : NAN);
            plot_put_field(out, series->label);
            fputc('\n', out);
        }
        fputs(c + 1 < plot->ncategories ? "\n\n" : "", out);
    }
}

static void put_stack(const struct bench_plot *plot, FILE *out)
{
    fprintf(out, "# row, start (%s), end, value, target\n", unit_name(plot->y_unit));
    for (size_t s = 0; s < plot->nseries; s++) {
        put_comment(out, "part", plot->series[s].label);
        for (size_t c = 0; c < plot->ncategories; c++) {
            double start = 0, value = plot_value(&plot->series[s], c);
            for (size_t before = 0; before < s; before++) {
                double part = plot_value(&plot->series[before], c);
                start += plot_is_part(part) ? part : 0;
            }
            fprintf(out, "%zu\t", c);
            put_number(out, start);
            put_number(out, start + (plot_is_part(value) ? value : 0));
            put_number(out, plot_is_part(value) ? value : NAN);
            plot_put_field(out, plot->categories[c]);
            fputc('\n', out);
        }
        fputs(s + 1 < plot->nseries ? "\n\n" : "", out);
    }
    for (size_t c = 0; plot->totals && c < plot->ncategories; c++) {
        const struct bench_plot_point *total = &plot->totals[c];
        if (c == 0)
            fputs("\n\n# row, whole, low, high, target\n", out);
        fprintf(out, "%zu\t", c);
        put_number(out, total->y);
        put_number(out, plot_has_bar(total) ? total->low : NAN);
        put_number(out, plot_has_bar(total) ? total->high : NAN);
        plot_put_field(out, plot->categories[c]);
        fputc('\n', out);
    }
}

static void put_curves(const struct bench_plot *plot, FILE *out)
{
    if (plot->kind == BENCH_PLOT_PERCENTILE)
        fprintf(out, "# fraction of the samples, value (%s), low, high\n", unit_name(plot->y_unit));
    else
        fprintf(out, "# x (%s), y (%s), low, high\n", unit_name(plot->x_unit),
                unit_name(plot->y_unit));
    for (size_t s = 0; s < plot->nseries; s++) {
        const struct bench_plot_series *series = &plot->series[s];
        put_comment(out, "series", series->label);
        for (size_t i = 0; i < series->count; i++) {
            const struct bench_plot_point *point = &series->points[i];
            bool bar = plot_has_bar(point);
            put_number(out, point->x);
            put_number(out, point->y);
            put_number(out, bar ? point->low : NAN);
            fprintf(out, bar ? "%.9g\n" : "NaN\n", point->high);
        }
        /* A block without lines would not be counted by `index`. */
        if (series->count == 0)
            fputs("NaN\tNaN\tNaN\tNaN\n", out);
        fputs(s + 1 < plot->nseries ? "\n\n" : "", out);
    }
}

void plot_put_data(const struct bench_plot *plot, FILE *out)
{
    put_comment(out, "chart", plot->title);
    if (plot->kind == BENCH_PLOT_BARS)
        put_bars(plot, out);
    else if (plot->kind == BENCH_PLOT_STACK)
        put_stack(plot, out);
    else
        put_curves(plot, out);
}
