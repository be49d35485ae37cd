/* SPDX-License-Identifier: MIT */
/*
 * A thin sample of responses in the order of their completion: every stride-th request, so that
 * memory is bounded whatever passes. When it is full, every second point is dropped and the stride
 * doubles. One writer.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/api.h"

enum { BENCH_TRACE_MAX = 1 << 15 };

struct bench_trace_point {
    int64_t done_ns; /* steady clock */
    int64_t response_ns;
};

struct bench_trace {
    struct bench_trace_point *points; /* NULL until prepared */
    size_t n;
    uint64_t stride; /* 1 at first */
    uint64_t seen;   /* requests offered since the start */
};

/* Room for BENCH_TRACE_MAX points. 0 or -ENOMEM. */
int bench_trace_prepare(struct bench_trace *trace) BENCH_MUST_CHECK;
void bench_trace_fini(struct bench_trace *trace);
/* Takes a request up or passes it over; allocates nothing; ignored when not prepared. */
void bench_trace_add(struct bench_trace *trace, int64_t done_ns, int64_t response_ns);
/* Points of both in order of time, thinned to the larger stride and to BENCH_TRACE_MAX. 0 or
 * -ENOMEM. */
int bench_trace_merge(struct bench_trace *trace, const struct bench_trace *other) BENCH_MUST_CHECK;

#endif
