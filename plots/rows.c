/* SPDX-License-Identifier: MIT */
#include "plots/rows.h"

#include <math.h>

#define GAP_PX          34.0  /* between columns */
#define PANEL_MIN_PX    250.0 /* a bar, and a value beside it */
#define ONE_COLUMN_ROWS 18    /* rows that still read well below one another */
#define TICK_PX         34.0

void rows_names(struct rows_grid *grid, const char *const *names, size_t n)
{
    double width = 0;

    for (size_t i = 0; i < n; i++)
        width = fmax(width, plot_text_width(names[i], PLOT_TEXT_PX));
    grid->left = PLOT_MARGIN + fmax(fmin(width, PLOT_NAME_MAX), 40) + 14;
}

void rows_layout(struct rows_grid *grid, struct plot_canvas *canvas)
{
    double room = PLOT_WIDTH - ROWS_RIGHT_PX - grid->left;
    size_t most = (size_t)fmax(1, floor((room + GAP_PX) / (PANEL_MIN_PX + GAP_PX)));

    grid->columns = 1;
    if (grid->panels * grid->names > ONE_COLUMN_ROWS) {
        size_t columns = grid->panels < most ? grid->panels : most;
        size_t lines = (grid->panels + columns - 1) / columns;
        /* The same number of lines with the columns evenly filled. */
        grid->columns = (grid->panels + lines - 1) / lines;
    }
    grid->rows = (grid->panels + grid->columns - 1) / grid->columns;
    grid->width = (room - GAP_PX * (double)(grid->columns - 1)) / (double)grid->columns;

    double bars = 620.0 / (double)(grid->rows * grid->names);
    grid->row_px = fmax(27, fmin(46, bars));
    grid->panel_px = grid->row_px * (double)grid->names + 8;
    double height = grid->top + (double)grid->rows * (grid->header_px + grid->panel_px);
    height += grid->shared ? ROWS_AXIS_PX + (double)(grid->rows - 1) * 6
                           : ROWS_AXIS_PX * (double)grid->rows;
    canvas->height = ceil(height + 20);
}

double rows_panel_left(const struct rows_grid *grid, size_t panel)
{
    return grid->left + (double)(panel % grid->columns) * (grid->width + GAP_PX);
}

double rows_panel_top(const struct rows_grid *grid, size_t panel)
{
    double line = (double)(panel / grid->columns);
    double pitch = grid->header_px + grid->panel_px + (grid->shared ? 6 : ROWS_AXIS_PX);

    return grid->top + line * pitch + grid->header_px;
}

bool rows_has_axis(const struct rows_grid *grid, size_t panel)
{
    return !grid->shared || panel + grid->columns >= grid->panels;
}

void rows_put_frame(struct plot_canvas *canvas, const struct rows_grid *grid, size_t panel,
                    const struct plot_axis *axis)
{
    double left = rows_panel_left(grid, panel), top = rows_panel_top(grid, panel);
    double bottom = top + grid->panel_px, edge = 4 / grid->row_px;
    FILE *out = canvas->out;

    plot_put_margins(canvas, left, left + grid->width, top, bottom);
    fprintf(out, "unit = %.9g\n", axis->factor);
    fputs(axis->log ? "set logscale x\n" : "unset logscale\n", out);
    fprintf(out, "set xrange [%.9g:%.9g] noextend\nset yrange [%.9g:%.9g] noextend\n",
            axis->min / axis->factor, axis->max / axis->factor, (double)grid->names - 0.5 + edge,
            -0.5 - edge);
    fprintf(out, "set border 2 back linecolor rgb '%s' linewidth 1\nunset ytics\n", PLOT_AXIS);
    fprintf(out, "set grid xtics back linetype 1 linecolor rgb '%s' linewidth 1\n", PLOT_GRID);
    if (axis->min < 0 && axis->max > 0)
        fprintf(out,
                "set arrow from first 0, graph 0 to first 0, graph 1 nohead front linecolor rgb "
                "'%s'\n",
                PLOT_AXIS);
    plot_put_ticks(out, axis, "x", rows_has_axis(grid, panel));
    if (rows_has_axis(grid, panel) && axis->nticks > 0) {
        struct plot_text label = plot_axis_label(axis, canvas->plot->y_label);
        label = plot_text_fit(label.s, PLOT_SMALL_PX, grid->width, false);
        plot_put_text(canvas, label.s, left + grid->width / 2, bottom + TICK_PX + 12, "center",
                      PLOT_SMALL_PX, PLOT_SOFT);
    }
}

void rows_put_name(struct plot_canvas *canvas, const struct rows_grid *grid, size_t panel,
                   size_t row, const char *name)
{
    /* A pixel more than the column has, against rounding. */
    struct plot_text text = plot_text_fit(name, PLOT_TEXT_PX, grid->left - PLOT_MARGIN - 13, true);

    plot_put_text(canvas, text.s, grid->left - 12,
                  rows_panel_top(grid, panel) + 4 + ((double)row + 0.5) * grid->row_px, "right",
                  PLOT_TEXT_PX, PLOT_INK);
}

void rows_put_value(struct plot_canvas *canvas, const struct plot_axis *axis, size_t row,
                    double value, const char *text, const char *justify, const char *colour)
{
    /* On a logarithmic axis the text stands beside a dot, not behind a bar. */
    const char *offset = justify[0] == 'l'   ? (axis->log ? "1.2" : "0.6")
                         : justify[0] == 'r' ? "-0.6"
                                             : "0";

    fputs("set label ", canvas->out);
    plot_put_string(canvas->out, text);
    fprintf(canvas->out,
            " at first %.9g,%zu %s offset character %s,0 font ',%d' textcolor rgb '%s' noenhanced "
            "front\n",
            value / axis->factor, row, justify, offset, PLOT_SMALL_PX, colour);
}

double rows_fit(double high, double value, double text_px, double panel_px)
{
    /* A text that is wider than the panel would push all bars to nothing. */
    double share = fmin((text_px + 22) / panel_px, 0.6);

    return fmax(high, value / (1 - share));
}
