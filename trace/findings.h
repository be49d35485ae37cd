/* SPDX-License-Identifier: MIT */
/*
 * Findings: what is worth changing, and what it would save. Prices are computed from what was
 * measured: the removed round trips' own times and the client's time between them, less what the
 * fix adds (one larger answer). docs/profiling.md has the formulas and how well they predict.
 */
#ifndef TRACE_FINDINGS_H
#define TRACE_FINDINGS_H

#include <stdio.h>

#include "bench/decoder.h"
#include "bench/error.h"

struct trace_patterns;
struct trace_profile;

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

/* A change by itself, as `--what-if` asks: "tuple:NAME" (what NAME gives comes by value),
 * "obtain:NAME" (it is copied by one request), "cache:NAME" (looked up once), "batch:NAME" (all its
 * calls in one), "nodelay:NAME" (no stall of large messages), "value:NAME" (what is passed to NAME
 * goes by value). NAME as the report shows it; "()" at its end may be left out. Whether it is well
 * formed: 0, or -EINVAL with what there is. */
int trace_what_if_check(const char *spec, struct bench_error *err) BENCH_MUST_CHECK;
/* patterns: of the analyser that profile was taken from (trace_analyser_patterns). *out is like a
 * finding; its rule is the kind of change. 0; -EINVAL as above; -ENOENT: nothing of that kind is
 * known under the name, err tells what is; -ENOMEM. */
int trace_what_if(const struct trace_patterns *patterns, const struct trace_profile *profile,
                  const char *spec, struct trace_finding *out,
                  struct bench_error *err) BENCH_MUST_CHECK;
/* 0, -EIO. */
int trace_write_what_if(const struct trace_profile *profile, const struct trace_finding *finding,
                        FILE *out) BENCH_MUST_CHECK;

#endif
