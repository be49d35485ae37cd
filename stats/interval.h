/* SPDX-License-Identifier: MIT */
/*
 * Means over trials and their 95 % intervals by Student's t. A trial is one figure: the samples
 * within a trial share its server process and are not independent of each other, so their number
 * never makes an interval narrower. Intervals exist from two trials on; of two they are wide
 * (t = 12.7). Pure functions, any thread.
 */
#ifndef BENCH_INTERVAL_H
#define BENCH_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

/* Fewer trials give an interval that says little more than that they are few. */
#define BENCH_INTERVAL_FEW_TRIALS 3

/* The figure of one trial. Figures of the same block were taken next to each other in time. */
struct bench_trial_value {
    int block;
    double value;
};

/* The trials of one cell, by rising block. */
struct bench_trial_values {
    const struct bench_trial_value *values;
    size_t n;
};

/* weight times the mean of a cell. */
struct bench_interval_term {
    struct bench_trial_values cell;
    double weight;
};

struct bench_interval {
    double mean;      /* NaN when a cell has no trial */
    double low, high; /* 95 % interval of the mean over trials; NaN where there are too few */
    size_t n;         /* trials: blocks when paired, else those of the cell that has fewest */
    bool paired;      /* by block: what a block has in common does not widen it */
};

/*
 * The sum of weighted means, for example {a, 1} and {b, -1}: by how much a exceeds b. The mean is
 * the sum of the cells' means in any case. When all cells have trials in the same blocks, each once,
 * the interval is that of the sums block by block; else by Welch, with the degrees of freedom after
 * Satterthwaite. No terms: NaN.
 */
struct bench_interval bench_interval_of(const struct bench_interval_term *terms, size_t nterms);

/* Half of its width; NaN. */
double bench_interval_half(const struct bench_interval *interval);
/* Whether 0 lies within; false where there is no interval. */
bool bench_interval_has_zero(const struct bench_interval *interval);

#endif
