/* SPDX-License-Identifier: MIT */
#include "plots/draw.h"

#define TITLE_Y 38.0
#define LINE_PX 24.0

double plot_canvas_top(struct plot_canvas *canvas)
{
    canvas->nsubtitle =
        plot_text_wrap(canvas->plot->subtitle, PLOT_SMALL_PX, PLOT_WIDTH - 2 * PLOT_MARGIN,
                       canvas->subtitle, BENCH_COUNT_OF(canvas->subtitle));
    return TITLE_Y + 24 + LINE_PX * (double)canvas->nsubtitle + 14;
}

static double screen_x(double x) { return x / PLOT_WIDTH; }
static double screen_y(const struct plot_canvas *canvas, double y)
{
    return 1 - y / canvas->height;
}

void plot_put_text(struct plot_canvas *canvas, const char *text, double x, double y,
                   const char *justify, int font_px, const char *colour)
{
    fputs("set label ", canvas->out);
    plot_put_string(canvas->out, text);
    fprintf(canvas->out, " at screen %.5f,%.5f %s font ',%d' textcolor rgb '%s' noenhanced front\n",
            screen_x(x), screen_y(canvas, y), justify, font_px, colour);
}

void plot_put_box(struct plot_canvas *canvas, double x, double y, double width, double height,
                  const struct plot_look *look)
{
    fprintf(canvas->out, "set object rectangle from screen %.5f,%.5f to screen %.5f,%.5f front ",
            screen_x(x), screen_y(canvas, y + height), screen_x(x + width), screen_y(canvas, y));
    if (look->pattern < 0)
        fprintf(canvas->out, "fillstyle solid noborder fillcolor rgb '%s'\n", look->colour);
    else
        fprintf(canvas->out, "fillstyle pattern %d border rgb '%s' fillcolor rgb '%s'\n",
                look->pattern, look->colour, look->colour);
}

/* gnuplot's fonts are pixels in SVG but points of 1/72 inch at 96 dots per inch in PNG: hence the
 * fontscale. */
void plot_put_begin(struct plot_canvas *canvas)
{
    const char *name = canvas->plot->name;
    FILE *out = canvas->out;

    fprintf(out, "# Draws %s.svg and %s.png from %s.dat. In this folder: gnuplot %s.gp\n", name,
            name, name, name);
    fprintf(out, "data = '%s.dat'\n", name);
    fputs("set encoding utf8\n"
          "set datafile separator \"\\t\"\n\n"
          "# The file loads itself once more at its end: the first pass is SVG, the second PNG.\n"
          "if (!exists('pass')) pass = 1\n",
          out);
    fprintf(out,
            "if (pass == 1) set terminal svg size %.0f,%.0f noenhanced font '%s,%d' "
            "background '#ffffff'; set output '%s.svg'\n",
            PLOT_WIDTH, canvas->height, PLOT_FONT, PLOT_TEXT_PX, name);
    fprintf(out,
            "if (pass == 2) set terminal pngcairo size %.0f,%.0f noenhanced font '%s,%d' "
            "fontscale 0.75 background '#ffffff'; set output '%s.png'\n\n",
            PLOT_WIDTH, canvas->height, PLOT_FONT, PLOT_TEXT_PX, name);
    fputs("unset key\nunset label\nunset arrow\nunset object\n"
          "set style fill solid 1.0 noborder\nset errorbars small\n",
          out);
    struct plot_text title =
        plot_text_fit(canvas->plot->title, PLOT_TITLE_PX, PLOT_WIDTH - 2 * PLOT_MARGIN, false);
    plot_put_text(canvas, title.s, PLOT_MARGIN, TITLE_Y, "left", PLOT_TITLE_PX, PLOT_INK);
    for (size_t i = 0; i < canvas->nsubtitle; i++)
        plot_put_text(canvas, canvas->subtitle[i].s, PLOT_MARGIN,
                      TITLE_Y + 36 + LINE_PX * (double)i, "left", PLOT_SMALL_PX, PLOT_SOFT);
}

void plot_put_end(struct plot_canvas *canvas)
{
    fprintf(canvas->out, "\nunset output\npass = pass + 1\nif (pass == 2) load '%s.gp'\n",
            canvas->plot->name);
}

void plot_put_margins(struct plot_canvas *canvas, double left, double right, double top,
                      double bottom)
{
    fprintf(canvas->out,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            screen_x(left), screen_x(right), screen_y(canvas, top), screen_y(canvas, bottom));
}

void plot_put_no_data(struct plot_canvas *canvas)
{
    canvas->height = 320;
    plot_put_begin(canvas);
    plot_put_text(canvas, "no data", PLOT_WIDTH / 2, 190, "center", PLOT_TITLE_PX, PLOT_AXIS);
    fputs("unset tics\nunset border\nset xrange [0:1]\nset yrange [0:1]\nplot NaN notitle\n",
          canvas->out);
    plot_put_end(canvas);
}
