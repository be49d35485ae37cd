/* SPDX-License-Identifier: MIT */
/*
 * Charts as text. Bars: a line for each, in eighths of a character. Curves: a grid of characters,
 * a letter for each series, a star where several meet; the letters are explained below it.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plots/draw.h"

#define GRID_ROWS 22
#define NAME_MAX  36
#define LABEL_MAX 11 /* of the y axis: "1000 KiB/s" */
#define MEET      '*'

/* Columns of a text whose characters are all one wide, which the font's are. */
static size_t columns_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* The text, harmless and at most so many columns wide: font of one pixel a character. */
static struct plot_text fit(const char *text, size_t columns)
{
    struct plot_text out = plot_text_fit(text, 1, 0, false);
    size_t n = 0;

    if (columns_of(out.s) <= columns)
        return out;
    for (char *at = out.s; *at; at++) {
        n += ((unsigned char)*at & 0xc0) != 0x80;
        if (n == columns) {
            memcpy(at, "\xe2\x80\xa6", 4);
            break;
        }
    }
    return out;
}

static void put_padded(FILE *out, const char *text, size_t columns, bool right)
{
    size_t own = columns_of(text), pad = own < columns ? columns - own : 0;

    fprintf(out, "%*s%s%*s", right ? (int)pad : 0, "", text, right ? 0 : (int)pad, "");
}

static void put_head(const struct bench_plot *plot, size_t width, FILE *out)
{
    struct plot_text lines[8];
    size_t n;

    fprintf(out, "%s\n", fit(plot->title, width).s);
    n = plot_text_wrap(plot->subtitle, 1, (double)width * 0.62, lines, BENCH_COUNT_OF(lines));
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s\n", fit(lines[i].s, width).s);
    fputc('\n', out);
}

/* ---- bars ---- */

static void put_bar(FILE *out, double share, size_t columns, const char *full)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t n = (size_t)lround(fmax(0, fmin(1, share)) * (double)columns * 8);
    bool fine = strcmp(full, "█") == 0;

    for (size_t i = 0; i < n / 8; i++)
        fputs(full, out);
    if (fine)
        fputs(eighths[n % 8], out);
}

static size_t names_width(const struct bench_plot *plot, bool of_categories)
{
    size_t width = 4, n = of_categories ? plot->ncategories : plot->nseries;

    for (size_t i = 0; i < n; i++) {
        struct plot_text text =
            fit(of_categories ? plot->categories[i] : plot->series[i].label, NAME_MAX);
        size_t own = columns_of(text.s);
        width = own > width ? own : width;
    }
    return width;
}

static void put_value_bar(const struct bench_plot *plot, FILE *out, const char *name, double value,
                          double high, size_t names, size_t room)
{
    put_padded(out, fit(name, NAME_MAX).s, names, false);
    fputs(" ", out);
    if (!plot_is_number(value)) {
        fputs("n/a\n", out);
        return;
    }
    put_bar(out, high > 0 ? value / high : 0, room, "█");
    fprintf(out, " %s\n", plot_value_text(plot->y_unit, value).s);
}

static void put_bars(const struct bench_plot *plot, size_t width, FILE *out)
{
    size_t names = names_width(plot, false), room = width - names - 14;

    for (size_t c = 0; c < plot->ncategories; c++) {
        double high = 0;
        for (size_t s = 0; s < plot->nseries; s++) {
            double value = plot_value(&plot->series[s], c);
            high = plot_is_number(value) ? fmax(high, value) : high;
        }
        if (plot->categories[c][0])
            fprintf(out, "%s%s\n", c > 0 ? "\n" : "", fit(plot->categories[c], width).s);
        for (size_t s = 0; s < plot->nseries; s++) {
            if (plot->series[s].spacer)
                fputc('\n', out);
            else
                put_value_bar(plot, out, plot->series[s].label, plot_value(&plot->series[s], c),
                              high, names, room);
        }
    }
}

static double whole_of(const struct bench_plot *plot, size_t category, double sum)
{
    return plot->totals && plot_is_number(plot->totals[category].y) ? plot->totals[category].y
                                                                    : sum;
}

/* A part has its own filling. */
static void put_stack(const struct bench_plot *plot, size_t width, FILE *out)
{
    static const char *const fillings[] = {"█", "▒", "░", "▓"};
    size_t names = names_width(plot, true), room = width - names - 14;
    double high = 0;

    for (size_t s = 0; s < plot->nseries; s++)
        fprintf(out, "%s %s   ", fillings[s % BENCH_COUNT_OF(fillings)],
                fit(plot->series[s].label, NAME_MAX).s);
    fputs("\n\n", out);
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t c = 0; c < plot->ncategories; c++) {
            double total = 0;
            size_t parts = 0, at = 0;
            if (pass == 1) {
                put_padded(out, fit(plot->categories[c], NAME_MAX).s, names, false);
                fputc(' ', out);
            }
            for (size_t s = 0; s < plot->nseries; s++) {
                double value = plot_value(&plot->series[s], c);
                if (!plot_is_part(value))
                    continue;
                total += value;
                parts++;
                size_t end = high > 0 ? (size_t)lround(total / high * (double)room) : 0;
                for (; pass == 1 && at < end; at++)
                    fputs(fillings[s % BENCH_COUNT_OF(fillings)], out);
            }
            if (pass == 0)
                high = fmax(high, total);
            else
                fprintf(out, " %s\n",
                        parts ? plot_value_text(plot->y_unit, whole_of(plot, c, total)).s : "n/a");
        }
    }
}

/* ---- curves ---- */

struct grid {
    const struct bench_plot *plot;
    struct plot_axis x, y;
    size_t columns;
    char cells[GRID_ROWS][512];
};

static char letter(size_t s)
{
    return (char)(s < 26 ? 'a' + (char)s : 'A' + (char)((s - 26) % 26));
}

static bool find_range(const struct bench_plot *plot, bool of_y, double *low, double *high)
{
    *low = *high = NAN;
    for (size_t s = 0; s < plot->nseries; s++) {
        for (size_t i = 0; !plot->series[s].expected && i < plot->series[s].count; i++) {
            double x = plot_curve_x(plot, &plot->series[s].points[i]);
            double y = plot_curve_y(plot, &plot->series[s].points[i]);
            if (isnan(x) || isnan(y))
                continue;
            *low = fmin(*low, of_y ? y : x);
            *high = fmax(*high, of_y ? y : x);
        }
    }
    return !isnan(*low);
}

static void mark(struct grid *grid, double x, double y, char c)
{
    double across = plot_axis_place(&grid->x, x) * (double)(grid->columns - 1);
    double up = plot_axis_place(&grid->y, y) * (GRID_ROWS - 1);

    if (!(across >= -0.5) || !(across <= (double)grid->columns - 0.5) || !(up >= -0.5) ||
        !(up <= GRID_ROWS - 0.5))
        return;
    char *cell = &grid->cells[GRID_ROWS - 1 - (size_t)lround(up)][(size_t)lround(across)];
    *cell = *cell == ' ' || *cell == c ? c : MEET;
}

/* A point, and what lies between it and the one before. */
static void mark_curve(struct grid *grid, size_t s)
{
    const struct bench_plot_series *series = &grid->plot->series[s];
    double last_x = NAN, last_y = NAN;

    for (size_t i = 0; !series->expected && i < series->count; i++) {
        double x = plot_curve_x(grid->plot, &series->points[i]);
        double y = plot_curve_y(grid->plot, &series->points[i]);
        if (isnan(x) || isnan(y))
            continue;
        if (!isnan(last_x) && grid->plot->kind == BENCH_PLOT_LINES && !series->unjoined) {
            size_t steps = grid->columns / 2;
            for (size_t k = 1; k < steps; k += 2) {
                double part = (double)k / (double)steps;
                double between_x =
                    grid->x.log ? last_x * pow(x / last_x, part) : last_x + (x - last_x) * part;
                double between_y =
                    grid->y.log ? last_y * pow(y / last_y, part) : last_y + (y - last_y) * part;
                mark(grid, between_x, between_y, letter(s));
            }
        }
        mark(grid, x, y, letter(s));
        last_x = x;
        last_y = y;
    }
}

/* Whether a tick of the axis lies in this row; its text. */
static const char *tick_in(const struct plot_axis *axis, size_t row)
{
    for (size_t i = 0; i < axis->nticks; i++) {
        double at = plot_axis_place(axis, axis->ticks[i].at) * (GRID_ROWS - 1);
        if (lround(at) == (long)row)
            return axis->ticks[i].text;
    }
    return "";
}

/* Tick texts of gnuplot have doubled percent signs. */
static struct plot_text plain_tick(const char *text)
{
    struct plot_text out = {""};
    size_t n = 0;

    for (; *text && n + 1 < sizeof(out.s); text++) {
        out.s[n++] = *text;
        text += text[0] == '%' && text[1] == '%';
    }
    out.s[n] = '\0';
    return out;
}

static void put_x_ticks(const struct grid *grid, FILE *out)
{
    size_t at = 0;

    fprintf(out, "%*s", LABEL_MAX + 2, "");
    for (size_t i = 0; i < grid->x.nticks; i++) {
        struct plot_text text = plain_tick(grid->x.ticks[i].text);
        double place = plot_axis_place(&grid->x, grid->x.ticks[i].at);
        size_t own = columns_of(text.s);
        double left = place * (double)(grid->columns - 1) - (double)own / 2;
        size_t column = left > 0 ? (size_t)lround(left) : 0;
        if (column + own > grid->columns)
            column = own < grid->columns ? grid->columns - own : 0;
        if (column < at + (at > 0))
            continue;
        fprintf(out, "%*s%s", (int)(column - at), "", text.s);
        at = column + own;
    }
    fputc('\n', out);
}

static void make_axes(struct grid *grid, double low_x, double high_x, double low_y, double high_y)
{
    const struct bench_plot *plot = grid->plot;

    if (plot->kind == BENCH_PLOT_PERCENTILE)
        plot_axis_percentile(&grid->x, low_x, high_x);
    else if (plot->log_x)
        plot_axis_log(&grid->x, plot->x_unit, low_x, high_x);
    else
        plot_axis_linear(&grid->x, plot->x_unit, low_x, high_x, 8, true);
    if (plot->log_y)
        plot_axis_log(&grid->y, plot->y_unit, low_y, high_y);
    else
        plot_axis_linear(&grid->y, plot->y_unit, low_y, high_y, 6, true);
}

static void put_grid(const struct grid *grid, FILE *out)
{
    struct plot_text y_label = plot_axis_label(&grid->y, grid->plot->y_label);
    struct plot_text x_label = plot_axis_label(&grid->x, grid->plot->x_label);

    fprintf(out, "%s\n", fit(y_label.s, grid->columns + LABEL_MAX).s);
    for (size_t row = 0; row < GRID_ROWS; row++) {
        const char *tick = tick_in(&grid->y, GRID_ROWS - 1 - row);
        put_padded(out, fit(tick, LABEL_MAX).s, LABEL_MAX, true);
        size_t length = grid->columns;
        while (length > 0 && grid->cells[row][length - 1] == ' ')
            length--;
        fprintf(out, " %s%.*s\n", tick[0] ? "┤" : "│", (int)length, grid->cells[row]);
    }
    fprintf(out, "%*s└", LABEL_MAX + 1, "");
    for (size_t i = 0; i < grid->columns; i++)
        fputs("─", out);
    fputc('\n', out);
    put_x_ticks(grid, out);
    fprintf(out, "%*s%s\n\n", LABEL_MAX + 2, "", fit(x_label.s, grid->columns).s);
}

static void put_key(const struct bench_plot *plot, size_t width, FILE *out)
{
    size_t names = names_width(plot, false), each = names + 6, line = width / each, last = 0, n = 0;

    line = line > 0 ? line : 1;
    for (size_t s = 0; s < plot->nseries; s++)
        last = plot->series[s].expected ? last : s;
    for (size_t s = 0; s < plot->nseries; s++) {
        if (plot->series[s].expected)
            continue;
        fprintf(out, "%c  ", letter(s));
        if (++n % line == 0 || s == last)
            fprintf(out, "%s\n", fit(plot->series[s].label, NAME_MAX).s);
        else
            put_padded(out, fit(plot->series[s].label, NAME_MAX).s, names + 3, false);
    }
    fprintf(out, "%c  where several meet\n", MEET);
}

static int put_curves(const struct bench_plot *plot, size_t width, FILE *out)
{
    double low_x, high_x, low_y, high_y;
    struct grid *grid = calloc(1, sizeof(*grid));

    if (grid == NULL)
        return -ENOMEM;
    grid->plot = plot;
    grid->columns = width - LABEL_MAX - 3;
    if (!find_range(plot, false, &low_x, &high_x) || !find_range(plot, true, &low_y, &high_y)) {
        fputs("no data\n", out);
        free(grid);
        return 0;
    }
    for (size_t row = 0; row < GRID_ROWS; row++)
        memset(grid->cells[row], ' ', sizeof(grid->cells[row]));
    make_axes(grid, low_x, high_x, low_y, high_y);
    for (size_t s = 0; s < plot->nseries; s++)
        mark_curve(grid, s);
    put_grid(grid, out);
    put_key(plot, width, out);
    free(grid);
    return 0;
}

int bench_plot_text(const struct bench_plot *plot, size_t width, FILE *out)
{
    int rc = 0;

    width = width < 60 ? 60 : width > 400 ? 400 : width;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return -ENOMEM;
    locale_t before = uselocale(plain);
    put_head(plot, width, out);
    bool bars = plot->kind == BENCH_PLOT_BARS || plot->kind == BENCH_PLOT_STACK;
    if (bars && (plot->nseries == 0 || plot->ncategories == 0))
        fputs("no data\n", out);
    else if (plot->kind == BENCH_PLOT_BARS)
        put_bars(plot, width, out);
    else if (plot->kind == BENCH_PLOT_STACK)
        put_stack(plot, width, out);
    else
        rc = put_curves(plot, width, out);
    (void)uselocale(before);
    freelocale(plain);
    return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
