/* SPDX-License-Identifier: MIT */
#include "plots/draw.h"

/* The colours of Okabe and Ito, which the colour-blind tell apart, without their yellow (too pale
 * on white), then darker relatives of the same; the second seven are dashed besides. */
static const struct {
    const char *colour;
    bool dark;
} palette[] = {
    {"#0072b2", true},  {"#d55e00", true},  {"#009e73", true}, {"#cc79a7", false},
    {"#e69f00", false}, {"#56b4e9", false}, {"#333333", true}, {"#00446b", true},
    {"#8a3d00", true},  {"#00573f", true},  {"#85406a", true}, {"#9a6a00", true},
    {"#27749f", true},  {"#a89a00", false},
};

/* Filled and open: circle, square, triangle, inverted triangle, diamond; cross, plus, star. */
static const int markers[] = {7, 5, 9, 11, 13, 1, 2, 6, 4, 8, 10, 12, 3, 15};

struct plot_look plot_look(const struct bench_plot_series *series)
{
    const unsigned size = BENCH_COUNT_OF(palette);
    unsigned identity = series->colour % size, round = series->colour / size;

    if (series->floor)
        return (struct plot_look){.colour = series->colour % 2 ? "#777777" : "#a0a0a0",
                                  .dash = series->colour % 4 < 2 ? "solid" : "(6,4)",
                                  .marker = markers[identity],
                                  .pattern = -1};
    return (struct plot_look){
        .colour = palette[identity].colour,
        .dash = round % 2             ? "(2,4)"
                : identity < size / 2 ? "solid"
                                      : "(10,5)",
        .marker = markers[(identity + 3 * round) % BENCH_COUNT_OF(markers)],
        .pattern = round % 2 ? (round % 4 == 1 ? 4 : 5) : -1,
        .dark = palette[identity].dark && round % 2 == 0,
    };
}
