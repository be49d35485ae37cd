/* SPDX-License-Identifier: MIT */
/*
 * Charts of rows: names at the left, one horizontal bar each, in a grid of panels.
 */
#ifndef BENCH_PLOTS_ROWS_H
#define BENCH_PLOTS_ROWS_H

#include "plots/draw.h"

#define ROWS_AXIS_PX   62.0 /* tick texts and the label below a panel */
#define ROWS_HEADER_PX 36.0 /* above a panel */
#define ROWS_RIGHT_PX  44.0

struct rows_grid {
    size_t panels, columns, rows;    /* rows of the grid */
    size_t names;                    /* rows of a panel */
    double row_px, left, top, width; /* width of a panel */
    double panel_px;                 /* height of a panel's bars */
    double header_px;
    bool shared; /* one scale for all panels */
};

/* Works out everything but top, which is the caller's, and the height of the canvas. */
void rows_layout(struct rows_grid *grid, struct plot_canvas *canvas);
double rows_panel_left(const struct rows_grid *grid, size_t panel);
double rows_panel_top(const struct rows_grid *grid, size_t panel);
/* Whether tick texts stand below this panel. */
bool rows_has_axis(const struct rows_grid *grid, size_t panel);
/* The widest of the names, within bounds; sets grid->left. */
void rows_names(struct rows_grid *grid, const char *const *names, size_t n);
/* Frame, ticks, grid lines, range and axis label of a panel. */
void rows_put_frame(struct plot_canvas *canvas, const struct rows_grid *grid, size_t panel,
                    const struct plot_axis *axis);
void rows_put_name(struct plot_canvas *canvas, const struct rows_grid *grid, size_t panel,
                   size_t row, const char *name);
/* A text of a row, at a value (bars) and pixels beside it. */
void rows_put_value(struct plot_canvas *canvas, const struct plot_axis *axis, size_t row,
                    double value, const char *text, const char *justify, const char *colour);
/* The axis' end at which texts of these widths fit behind the bars. */
double rows_fit(double high, double value, double text_px, double panel_px);

#endif
