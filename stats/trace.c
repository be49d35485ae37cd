/* SPDX-License-Identifier: MIT */
#include "stats/trace.h"

#include <errno.h>
#include <stdlib.h>

int bench_trace_prepare(struct bench_trace *trace)
{
    if (trace->points)
        return 0;
    struct bench_trace_point *points = malloc(BENCH_TRACE_MAX * sizeof(*points));
    if (!points)
        return -ENOMEM;
    *trace = (struct bench_trace){.points = points, .stride = 1};
    return 0;
}

void bench_trace_fini(struct bench_trace *trace)
{
    free(trace->points);
    *trace = (struct bench_trace){0};
}

void bench_trace_add(struct bench_trace *trace, int64_t done_ns, int64_t response_ns)
{
    if (!trace->points)
        return;
    if (trace->seen++ % trace->stride != 0)
        return;
    if (trace->n == BENCH_TRACE_MAX) {
        /* An even number of points: the next request of the old stride is also one of the new. */
        for (size_t i = 0; i < BENCH_TRACE_MAX / 2; i++)
            trace->points[i] = trace->points[2 * i];
        trace->n = BENCH_TRACE_MAX / 2;
        trace->stride *= 2;
    }
    trace->points[trace->n++] = (struct bench_trace_point){done_ns, response_ns};
}

/* Walks every step-th point of a trace. */
struct walk {
    const struct bench_trace *trace;
    size_t at;
    uint64_t step;
};

/* The stride that a trace has when thinned for a coarser one: a multiple of its own. */
static struct walk walk_of(const struct bench_trace *trace, uint64_t stride)
{
    return (struct walk){.trace = trace, .step = trace->n ? stride / trace->stride : 1};
}

static size_t points_of(const struct walk *walk)
{
    return walk->trace->n / walk->step + (walk->trace->n % walk->step != 0);
}

static const struct bench_trace_point *head(const struct walk *walk)
{
    return walk->at < walk->trace->n ? &walk->trace->points[walk->at] : NULL;
}

static const struct bench_trace_point *take(struct walk *a, struct walk *b)
{
    const struct bench_trace_point *x = head(a), *y = head(b);
    struct walk *first = !y || (x && x->done_ns <= y->done_ns) ? a : b;

    first->at += first->step;
    return first == a ? x : y;
}

int bench_trace_merge(struct bench_trace *trace, const struct bench_trace *other)
{
    struct bench_trace merged = {0};

    if (other->n == 0) {
        trace->seen += other->seen;
        return 0;
    }
    int rc = bench_trace_prepare(&merged);
    if (rc)
        return rc;
    uint64_t stride = trace->n && trace->stride > other->stride ? trace->stride : other->stride;
    struct walk a = walk_of(trace, stride), b = walk_of(other, stride);
    size_t total = points_of(&a) + points_of(&b);
    uint64_t thinning = 1;
    while (total > BENCH_TRACE_MAX * thinning)
        thinning *= 2;
    for (size_t i = 0; i < total; i++) {
        const struct bench_trace_point *point = take(&a, &b);
        if (i % thinning == 0)
            merged.points[merged.n++] = *point;
    }
    merged.stride = stride * thinning;
    merged.seen = trace->seen + other->seen;
    free(trace->points);
    *trace = merged;
    return 0;
}
