/* SPDX-License-Identifier: MIT */
#include "trace/sketch.h"

#include <math.h>

static size_t bin_of(int64_t ns)
{
    if (ns < 1 << TRACE_SKETCH_LOW)
        return 0;
    int top = 63 - __builtin_clzll((unsigned long long)ns);
    int octave = top - TRACE_SKETCH_LOW;
    if (octave >= TRACE_SKETCH_OCTAVES)
        return TRACE_SKETCH_BINS - 1;
    return 1 + (size_t)octave * 8 + (size_t)((ns >> (top - 3)) & 7);
}

/* Lower edge of a bin; that of the one after the last is its upper edge. */
static double edge(size_t bin)
{
    if (bin == 0)
        return 0;
    size_t octave = (bin - 1) / 8, part = (bin - 1) % 8;
    return ldexp(1 + (double)part / 8, TRACE_SKETCH_LOW + (int)octave);
}

void trace_sketch_add(struct trace_sketch *sketch, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (sketch->n == 0 || ns < sketch->min_ns)
        sketch->min_ns = ns;
    if (ns > sketch->max_ns)
        sketch->max_ns = ns;
    sketch->n++;
    sketch->sum_ns += (double)ns;
    uint32_t *bin = &sketch->bins[bin_of(ns)];
    if (*bin < UINT32_MAX)
        (*bin)++;
}

static double within(const struct trace_sketch *sketch, double ns)
{
    return fmin(fmax(ns, (double)sketch->min_ns), (double)sketch->max_ns);
}

double trace_sketch_quantile(const struct trace_sketch *sketch, double q)
{
    if (!sketch || sketch->n == 0)
        return 0;
    double rank = q * (double)sketch->n, seen = 0;
    for (size_t i = 0; i < TRACE_SKETCH_BINS; i++) {
        double here = sketch->bins[i];
        if (here > 0 && seen + here >= rank) {
            double part = (rank - seen) / here;
            return within(sketch, edge(i) + (edge(i + 1) - edge(i)) * part);
        }
        seen += here;
    }
    return (double)sketch->max_ns;
}

double trace_sketch_sum(const struct trace_sketch *sketch, double limit_ns)
{
    if (!sketch || sketch->n == 0)
        return 0;
    if (limit_ns >= (double)sketch->max_ns)
        return sketch->sum_ns;
    double above = 0;
    for (size_t i = TRACE_SKETCH_BINS; i-- > 0 && edge(i + 1) > limit_ns;) {
        double middle = within(sketch, (edge(i) + edge(i + 1)) / 2);
        if (middle > limit_ns)
            above += sketch->bins[i] * (middle - limit_ns);
    }
    return fmax(0, sketch->sum_ns - above);
}
