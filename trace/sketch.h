/* SPDX-License-Identifier: MIT */
/*
 * Durations in 1 KiB: quantiles within 9 %, and the sum with outliers cut. For many small series;
 * reports use bench_hist.
 */
#ifndef TRACE_SKETCH_H
#define TRACE_SKETCH_H

#include "bench/api.h"

enum {
    TRACE_SKETCH_LOW = 8,      /* below 2^8 ns: one bin */
    TRACE_SKETCH_OCTAVES = 30, /* above 2^38 ns (4.6 min): one bin */
    TRACE_SKETCH_BINS = TRACE_SKETCH_OCTAVES * 8 + 2,
};

struct trace_sketch {
    uint64_t n;
    int64_t min_ns, max_ns;
    double sum_ns;
    uint32_t bins[TRACE_SKETCH_BINS]; /* stop counting at their limit */
};

/* Negative durations count as 0. */
void trace_sketch_add(struct trace_sketch *sketch, int64_t ns);
/* q 0..1; 0 when empty; NULL is empty. Exact where all are equal. */
double trace_sketch_quantile(const struct trace_sketch *sketch, double q);
/* Sum of min(duration, limit); exact when none is above the limit. */
double trace_sketch_sum(const struct trace_sketch *sketch, double limit_ns);

#endif
