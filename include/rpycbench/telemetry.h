/* SPDX-License-Identifier: MIT */
/*
 * What a program's remote calls cost, measured on the wire: the analyser of `rpycbench profile` for
 * programs in C. Feed it connections of this library's own client (bench_telemetry_attach), or the
 * pieces of any tap (bench_telemetry_piece); ask it for figures or texts at any time.
 *
 * All functions may be called from several threads at a time, but for new and free, and attach and
 * detach, which belong to the thread of the connection's loop. Memory is bounded whatever passes.
 */
#ifndef RPYCBENCH_TELEMETRY_H
#define RPYCBENCH_TELEMETRY_H

#include <stdio.h>

#include "bench/error.h"
#include "bench/piece.h"

struct bench_conn;
struct bench_telemetry;

struct bench_telemetry_options {
    bool enabled;                 /* from the start (true) */
    bool track_netrefs;           /* objects: names by the way to them, how long they live (true) */
    bool track_stacks;            /* the call tree and sections (true) */
    double slow_call_threshold_s; /* a call that took so long is slow; 0 = all are (0.1) */
    int deep_stack_threshold;     /* so many requests in each other are deep; 1 .. (5) */
};

/* The values in parentheses. */
BENCH_API void bench_telemetry_options_init(struct bench_telemetry_options *options);

/* options NULL = as initialised. 0, -EINVAL with the option that is out of range, -ENOMEM. */
BENCH_API int bench_telemetry_new(struct bench_telemetry **out,
                                  const struct bench_telemetry_options *options,
                                  struct bench_error *err) BENCH_MUST_CHECK;
/* After everything that feeds it has ended or was detached. Accepts NULL. */
BENCH_API void bench_telemetry_free(struct bench_telemetry *telemetry);

/* ---- feeding it ---- */

/* A bench_piece_fn; user is the telemetry. The pieces of one tap, whose numbers of connections are
 * unique. */
BENCH_API void bench_telemetry_piece(const struct bench_piece *piece, void *user);
/* Takes the tap of a connection (bench_conn_tap). Before it is opened, else its beginning is not
 * seen. One that is freed while it is attached is seen to its end; its place (some 40 bytes) is
 * kept until the telemetry is freed, or another connection has that address. 0 or -ENOMEM. */
BENCH_API int bench_telemetry_attach(struct bench_telemetry *telemetry, struct bench_conn *conn,
                                     struct bench_error *err) BENCH_MUST_CHECK;
/* No more of it, not even its end; before bench_conn_free. Does nothing for a connection that is
 * not attached. */
BENCH_API void bench_telemetry_detach(struct bench_telemetry *telemetry, struct bench_conn *conn);

/* What passes while it is disabled is not looked at, and costs next to nothing. A message that was
 * on its way then is lost when it is enabled again, and the statistics say so. */
BENCH_API void bench_telemetry_enable(struct bench_telemetry *telemetry);
BENCH_API void bench_telemetry_disable(struct bench_telemetry *telemetry);
BENCH_API bool bench_telemetry_is_enabled(struct bench_telemetry *telemetry);
/* Forgets what was added up; open connections, and what is referred to on them, stay. */
BENCH_API void bench_telemetry_reset(struct bench_telemetry *telemetry);

/* ---- figures ---- */

/* [2]: by enum bench_direction, of the request; messages and bytes by their own. Seconds. */
struct bench_telemetry_statistics {
    uint64_t total_calls; /* what the programmers wrote: a method's lookup and call are one; what
                             the library does by itself is none */
    uint64_t messages[2];
    uint64_t requests[2];
    uint64_t round_trips[2];              /* requests that somebody waited for */
    uint64_t unawaited[2], overlapped[2]; /* those that nobody did; asynchronous ones */
    uint64_t errors[2];                   /* answers that are exceptions */
    uint64_t plain_bytes[2], wire_bytes[2];
    double waiting_s[2], serving_s[2];
    uint64_t netrefs_created[2]; /* handed out in that direction */
    uint64_t netrefs_released[2];
    uint64_t netrefs_active[2];
    uint64_t netrefs_leaked[2]; /* active when their connection ended */
    int current_stack_depth;    /* requests in each other: of the thread of control where it is */
    int max_stack_depth;        /* deepest */
    uint64_t slow_calls, deep_calls;
    double average_call_duration_s; /* of what total_calls counts; 0 without any */
    double slowest_call_s;
    uint64_t connections; /* so far, since the last reset */
    uint64_t lost;        /* places where bytes were missing or made no sense: all of the above may
                             be too low */
};

/* 0 or -ENOMEM. */
BENCH_API int bench_telemetry_statistics(struct bench_telemetry *telemetry,
                                         struct bench_telemetry_statistics *out) BENCH_MUST_CHECK;

/* ---- texts ---- */

enum bench_telemetry_section {
    BENCH_TELEMETRY_SUMMARY = 1 << 0,
    BENCH_TELEMETRY_FINDINGS = 1 << 1, /* what to change, and what it would save */
    BENCH_TELEMETRY_NAMES = 1 << 2,
    BENCH_TELEMETRY_SLOW = 1 << 3,
    BENCH_TELEMETRY_TREE = 1 << 4,
    BENCH_TELEMETRY_NETREFS = 1 << 5,
    BENCH_TELEMETRY_TIMELINE = 1 << 6,
    BENCH_TELEMETRY_SECTIONS = 1 << 7,
};

struct bench_telemetry_format {
    unsigned sections;     /* of enum bench_telemetry_section; 0 = a full report without timeline */
    int max_depth;         /* of the call tree; 0 = all */
    double min_duration_s; /* shorter calls are left out of tree and timeline */
    bool hide_netrefs;     /* in the tree */
    unsigned top;          /* rows of each table; 0 = 20 */
    unsigned width;        /* columns; 0 = 80 */
    const char *title;     /* or NULL */
};

/* format NULL = all of it 0. 0, -EINVAL, -ENOMEM, -EIO. */
BENCH_API int bench_telemetry_write(struct bench_telemetry *telemetry,
                                    const struct bench_telemetry_format *format,
                                    FILE *out) BENCH_MUST_CHECK;

/* The same as a text that the caller frees, or NULL without memory. */
BENCH_API char *
bench_telemetry_format(struct bench_telemetry *telemetry,
                       const struct bench_telemetry_format *format) BENCH_MUST_CHECK;
BENCH_API char *bench_telemetry_format_call_tree(struct bench_telemetry *telemetry, int max_depth,
                                                 double min_duration_s,
                                                 bool show_netrefs) BENCH_MUST_CHECK;
BENCH_API char *bench_telemetry_format_timeline(struct bench_telemetry *telemetry, unsigned width,
                                                double min_duration_s) BENCH_MUST_CHECK;
BENCH_API char *
bench_telemetry_format_netref_report(struct bench_telemetry *telemetry) BENCH_MUST_CHECK;
BENCH_API char *bench_telemetry_format_slow_calls_report(struct bench_telemetry *telemetry,
                                                         unsigned top) BENCH_MUST_CHECK;
/* The summary, and what is true of the four. */
BENCH_API char *bench_telemetry_format_full_report(struct bench_telemetry *telemetry, bool tree,
                                                   bool timeline, bool netrefs,
                                                   bool slow) BENCH_MUST_CHECK;

struct bench_telemetry_duration {
    char s[32];
};

/* "850µs", "12.34ms", "1.50s". */
BENCH_API struct bench_telemetry_duration bench_telemetry_format_duration(double seconds);

#endif
