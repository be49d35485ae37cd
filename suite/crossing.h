/* SPDX-License-Identifier: MIT */
/*
 * What distance does: cells that differ only in the round-trip time between client and server. A
 * protocol that waits for n round trips is expected to take c + n RTT, c being its mean without any
 * distance. Of two protocols the one that is faster close by may lose farther away; where they
 * change places follows from c and n, and is confirmed by what was measured on either side of it.
 * It follows from the results alone and is never read from a file.
 */
#ifndef BENCH_CROSSING_H
#define BENCH_CROSSING_H

#include "suite/means.h"
#include "suite/report.h"

/* A target's cell at one distance. */
struct bench_far_point {
    const struct bench_result *result; /* NULL: nothing that may be shown */
    struct bench_interval mean;
    double expected; /* c + n RTT; NaN where it cannot be told */
};

struct bench_far_curve {
    const struct bench_target_info *target;
    struct bench_far_point *points; /* one for each distance of the field */
    double direct;      /* c: mean without distance; NaN */
    double waits; /* n, by the wire; NaN */
    /* Whose wire it is: its own cell, or where its program does not count, that of our own client
     * with the same protocol, options and server. */
    const struct bench_target_info *counted;
};

/* Whether the order on either side is as expected. */
struct bench_crossing_side {
    double rtt_s; /* NaN: nothing was measured on this side */
    double ratio; /* how many times the one that should be faster is; below 1 it is slower */
    bool agrees;  /* it is faster, and its interval says so */
    bool open;    /* the interval holds both orders */
};

struct bench_crossing {
    const struct bench_far_curve *near; /* faster below: the smaller c, more round trips */
    const struct bench_far_curve *far;  /* faster above */
    struct bench_interval rtt;          /* seconds */
    struct bench_crossing_side below, above; /* at the nearest distances that were measured */
    bool confirmed;
};

/* Cells that differ in target and distance only. */
struct bench_far_field {
    const struct bench_report_group **groups; /* by rising distance */
    double *rtts;                             /* seconds */
    size_t nrtts;                             /* at least 2 */
    struct bench_far_curve *curves;           /* in the order of the run's targets */
    size_t ncurves;
    bool expects; /* one request after the other: c + n RTT means something */
    struct bench_crossing *crossings;
    size_t ncrossings;
    size_t npairs; /* of protocols that were looked at: those measured without distance, too */
};

struct bench_far {
    struct bench_means means;
    struct bench_report_group *groups;
    size_t ngroups;
    struct bench_far_field *fields;
    size_t nfields;
    struct bench_far_point *pool;
};

/* 0 or -ENOMEM; bench_far_fini in either case. */
int bench_far_init(struct bench_far *out, const struct bench_run *run) BENCH_MUST_CHECK;
void bench_far_fini(struct bench_far *far);

/* "latency, ping". Returns out. */
char *bench_far_subject(const struct bench_far_field *field, char *out, size_t size);
/* "1ms", or "no distance". */
struct bench_text bench_far_rtt_text(double rtt_s);
/* "below a round-trip time of 0.180 ms (0.150 to 0.210) A answers faster than B, above it the other
 * way round". Returns out. */
char *bench_crossing_sentence(const struct bench_crossing *crossing, char *out, size_t size);
/* "confirmed: ..." or "not confirmed: why". Returns out. */
char *bench_crossing_evidence(const struct bench_crossing *crossing, char *out, size_t size);

#endif
