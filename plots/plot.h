/* SPDX-License-Identifier: MIT */
/*
 * Charts: series in; a data file, a gnuplot script, an SVG and a PNG out. Knows series and axes,
 * not results. Colours follow the series' identity index, so that a target has one colour in every
 * chart of a report. The script and the data are written even where gnuplot is missing.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/error.h"

enum bench_plot_kind {
    BENCH_PLOT_BARS,       /* categories on one axis, one bar per series in each */
    BENCH_PLOT_STACK,      /* one bar per category (target), parts stacked: series are the parts */
    BENCH_PLOT_LINES,      /* x, y points per series */
    BENCH_PLOT_PERCENTILE, /* x = percentile 0..1 drawn as log10(1/(1-p)): the tail stretched */
    BENCH_PLOT_ECDF,       /* x, y = share of the samples up to x, 0..1; all curves end at 1 */
};

enum bench_plot_unit {
    BENCH_UNIT_SECONDS, /* shown as ns, µs, ms or s by the data's range */
    BENCH_UNIT_BYTES,   /* B, KiB, MiB */
    BENCH_UNIT_RATE,    /* per second: /s, k/s, M/s */
    BENCH_UNIT_BYTES_PER_SECOND,
    BENCH_UNIT_COUNT,
    BENCH_UNIT_RATIO,
    BENCH_UNIT_PERCENT, /* of a share 0..1 */
};

struct bench_plot_point {
    double x, y;
    double low, high; /* error bar; NaN = none */
};

struct bench_plot_series {
    const char *label; /* any text: quotes and underscores are printed as they are */
    unsigned colour;   /* identity index, 0..13 (more repeat with another dash) */
    const struct bench_plot_point *points; /* BARS/STACK: one per category, y NaN = missing */
    size_t count;
    bool floor;  /* drawn grey and thin: a floor or ruler row */
    bool spacer; /* BARS: an empty row between others */
    bool expected;   /* LINES: a thin dashed line without marks and name; what the measured series of
                        the same colour was expected to be */
    bool unjoined;   /* LINES: marks only */
};

struct bench_plot {
    const char *name; /* file name without ending: [a-z0-9-] */
    const char *title;
    const char *subtitle;          /* what was measured, how, with how many samples; "" */
    const char *x_label, *y_label; /* without the unit: it is added */
    enum bench_plot_kind kind;
    enum bench_plot_unit x_unit, y_unit;
    bool log_x, log_y;
    const char *const *categories; /* BARS/STACK */
    size_t ncategories;
    /* STACK: one for each category, the whole with its error bar, where it is known apart from its
     * parts (of which some may be negative: those are named, not drawn); NULL = their sum. */
    const struct bench_plot_point *totals;
    const struct bench_plot_series *series;
    size_t nseries;
};

/* Writes DIR/NAME.dat and DIR/NAME.gp and, with a gnuplot program, NAME.svg and NAME.png.
 * 0; -ENOENT (no gnuplot: data and script were written); -EIO and others for what could not be
 * written; -EPROTO when gnuplot failed (its words in err). Main thread. */
int bench_plot_write(const struct bench_plot *plot, const char *dir,
                     struct bench_error *err) BENCH_MUST_CHECK;

/* The chart as text for a terminal of that many columns (at least 60): bars of block characters,
 * curves in a grid with a letter for each series. Text in UTF-8. 0 or -EIO when out cannot take
 * it. */
int bench_plot_text(const struct bench_plot *plot, size_t width, FILE *out) BENCH_MUST_CHECK;

#endif
