/* SPDX-License-Identifier: MIT */
/*
 * Charts of made-up data, one per way in which a chart can look: few and many targets, missing
 * values, awkward names. None of the numbers was measured.
 */
#ifndef PLOT_SAMPLES_H
#define PLOT_SAMPLES_H

#include "plots/plot.h"

/* How many there are. */
size_t plot_samples_count(void);
/* The i-th, built in static storage that the next call overwrites. */
const struct bench_plot *plot_sample(size_t i);

#endif
