/* SPDX-License-Identifier: MIT */
/*
 * Findings: what is worth changing, and what it would save. Prices are computed from what was
 * measured: the removed round trips' own times and the client's time between them, less what the
 * fix adds (one larger answer). docs/profiling.md has the formulas and how well they predict.
 */
#ifndef TRACE_FINDINGS_H
#define TRACE_FINDINGS_H

#include "bench/decoder.h"

enum trace_finding_id {
#define TRACE_FINDING(ID, KEY, PRICE) TRACE_##ID,
#include "trace/findings.def"
#undef TRACE_FINDING
    TRACE_FINDING_COUNT
};

/* Round-trip times for which predictions are made besides the one at hand. */
#define TRACE_RTTS_NS                                                                              \
    {                                                                                              \
        200000, 1000000, 10000000, 50000000                                                        \
    }
enum { TRACE_RTTS = 4 };

struct trace_prediction {
    int64_t rtt_ns;  /* 0 = as it was measured */
    double before_s; /* time of the whole pattern */
    double after_s;  /* with the change */
};

struct trace_finding {
    enum trace_finding_id id;
    const struct bench_finding_rule *rule; /* words; never NULL */
    uint32_t name;                         /* what it is about */
    uint32_t place;                        /* where the program does it; 0 = not known */
    enum bench_direction direction;
    uint64_t count;       /* of occurrences (sequences, objects, calls ...) */
    uint64_t round_trips; /* that belong to it */
    uint64_t round_trips_after;
    uint64_t bytes; /* on the wire */
    double share;   /* of the time in which the program waited, 0..1 */
    bool priced;    /* predictions mean something */
    struct trace_prediction here, at[TRACE_RTTS];
    char evidence[200]; /* "100 of 100 elements were fetched one by one, 3 attributes each" */
    char change[200];   /* in words for this case: "return a tuple of tuples from root.get_users" */
};

/* The key of a finding; NULL out of range. */
const char *trace_finding_key(enum trace_finding_id id);

#endif
