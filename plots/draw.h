/* SPDX-License-Identifier: MIT */
/*
 * Inside of this room: what the kinds of chart share. The layout is worked out here, in pixels of
 * the canvas with y downwards, because gnuplot does not know how wide the texts are that it sets.
 */
#ifndef BENCH_PLOTS_DRAW_H
#define BENCH_PLOTS_DRAW_H

#include <stdbool.h>
#include <stdio.h>

#include "plots/plot.h"

/* ---- the look of all charts: pixels ---- */

#define PLOT_WIDTH    1600.0
#define PLOT_HEIGHT   900.0 /* of curves; charts of rows are as high as their rows need */
#define PLOT_MARGIN   36.0
#define PLOT_FONT     "DejaVu Sans"
#define PLOT_TITLE_PX 28
#define PLOT_TEXT_PX  19
#define PLOT_SMALL_PX 17    /* subtitle, tick labels, values */
#define LEAST_WIDTH_PX 800.0 /* of the area of curves, beside the longest names */
#define PLOT_NAME_MAX 600.0 /* width of the longest name before it is cut in the middle */

#define PLOT_INK  "#1a1a1a"
#define PLOT_SOFT "#555555"
#define PLOT_GRID "#e2e2e2"
#define PLOT_AXIS "#8c8c8c"

struct plot_look {
    const char *colour; /* "#rrggbb" */
    const char *dash;   /* gnuplot's dashtype */
    int marker;         /* gnuplot's pointtype */
    int pattern;        /* fill: -1 solid, else gnuplot's pattern */
    bool dark;          /* text on it is white */
};

/* One look per identity index, the same in every chart; floor: grey. */
struct plot_look plot_look(const struct bench_plot_series *series);

/* ---- text.c: arbitrary text, made harmless and measured ---- */

#define PLOT_TEXT_BYTES 1024

struct plot_text {
    char s[PLOT_TEXT_BYTES]; /* UTF-8 without control characters */
};

/* The text in one line, cut to max_px (<= 0: not cut) with an ellipsis at the end or in the
 * middle. */
struct plot_text plot_text_fit(const char *text, double font_px, double max_px, bool middle);
double plot_text_width(const char *text, double font_px);
/* Breaks text at spaces into at most max lines; the last one is cut. Returns how many. */
size_t plot_text_wrap(const char *text, double font_px, double max_px, struct plot_text *lines,
                      size_t max);
/* As a string of gnuplot in which nothing is special. */
void plot_put_string(FILE *out, const char *text);
/* As a quoted field of the data file. */
void plot_put_field(FILE *out, const char *text);

/* ---- scale.c: units, ranges, ticks ---- */

#define PLOT_MAX_TICKS 40

struct plot_axis {
    enum bench_plot_unit unit;
    bool log;
    double factor;      /* what is drawn = value / factor; 1 on a logarithmic axis */
    const char *suffix; /* "ms"; "" on a logarithmic axis, where each tick has its unit */
    double min, max;    /* of the axis, in values */
    size_t nticks;
    struct plot_tick {
        double at; /* value */
        char text[24];
    } ticks[PLOT_MAX_TICKS];
};

/* A value as it is printed beside its mark: "1.23 ms". */
struct plot_text plot_value_text(enum bench_plot_unit unit, double value);
/* Covers [low, high] and 0; about `wanted` ticks. round_up: both ends lie on ticks. */
void plot_axis_linear(struct plot_axis *axis, enum bench_plot_unit unit, double low, double high,
                      int wanted, bool round_up);
/* Covers [low, high], 0 < low <= high, up to the next 1, 2 or 5 (bytes: power of two). */
void plot_axis_log(struct plot_axis *axis, enum bench_plot_unit unit, double low, double high);
/* Ticks at these values only (rising); those whose text would touch the one before are left out.
 * The range becomes theirs, with some room. */
void plot_axis_at(struct plot_axis *axis, enum bench_plot_unit unit, bool log, const double *values,
                  size_t n, double length_px);
/* Covers places of a percentile curve: -log10(1 - p), p in [0, 1). Ticks at 0 %, 50 %, 90 %, 99 %
 * and so on, for gnuplot: with doubled percent signs. */
void plot_axis_percentile(struct plot_axis *axis, double low, double high);
/* Where value is on the axis, 0..1. */
double plot_axis_place(const struct plot_axis *axis, double value);
/* Leaves out ticks until the texts of a horizontal axis do not touch. */
void plot_axis_thin(struct plot_axis *axis, double length_px);
double plot_axis_tick_width(const struct plot_axis *axis, double font_px);
/* "set xtics (...)" of which = "x" or "y", with or without the texts. */
void plot_put_ticks(FILE *out, const struct plot_axis *axis, const char *which, bool texts);
/* The axis label with its unit. */
struct plot_text plot_axis_label(const struct plot_axis *axis, const char *label);

/* ---- canvas.c: pieces of a script ---- */

struct plot_canvas {
    const struct bench_plot *plot;
    FILE *out;
    double height;
    size_t nsubtitle;
    struct plot_text subtitle[4];
};

/* Where the content starts below title and subtitle. */
double plot_canvas_top(struct plot_canvas *canvas);
/* Beginning of the script, terminals and title; height must be set. */
void plot_put_begin(struct plot_canvas *canvas);
void plot_put_end(struct plot_canvas *canvas);
void plot_put_margins(struct plot_canvas *canvas, double left, double right, double top,
                      double bottom);
/* A text with its left, right or centre at x and its middle at y. */
void plot_put_text(struct plot_canvas *canvas, const char *text, double x, double y,
                   const char *justify, int font_px, const char *colour);
void plot_put_box(struct plot_canvas *canvas, double x, double y, double width, double height,
                  const struct plot_look *look);
void plot_put_no_data(struct plot_canvas *canvas);

/* ---- the kinds ---- */

/* Each fills canvas->height, then writes the whole script. */
void plot_put_bars(struct plot_canvas *canvas);
void plot_put_stack(struct plot_canvas *canvas);
void plot_put_curves(struct plot_canvas *canvas);

/* Finite, and far from where products of it would not be: what is not is missing. */
bool plot_is_number(double value);
/* The value of a series in a category; NaN where there is none. */
double plot_value(const struct bench_plot_series *series, size_t category);
bool plot_has_bar(const struct bench_plot_point *point);
/* A part of a stack counts unless it is missing or negative. */
bool plot_is_part(double value);
/* x of a curve's point on the axis; NaN if it cannot be shown (p = 1, a log of 0). */
double plot_curve_x(const struct bench_plot *plot, const struct bench_plot_point *point);
double plot_curve_y(const struct bench_plot *plot, const struct bench_plot_point *point);

/* data.c */
void plot_put_data(const struct bench_plot *plot, FILE *out);

#endif
