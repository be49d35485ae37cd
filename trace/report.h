/* SPDX-License-Identifier: MIT */
/*
 * A profile, written. All are pure: the same profile and options give the same bytes. 0, -ENOMEM,
 * -EIO (out cannot take it). Names and texts of the profiled program are hostile: control
 * characters never reach a terminal, markup never a page.
 */
#ifndef TRACE_REPORT_H
#define TRACE_REPORT_H

#include <stdio.h>

#include "trace/profile.h"

enum trace_part {
    TRACE_PART_SUMMARY = 1 << 0,
    TRACE_PART_FINDINGS = 1 << 1,
    TRACE_PART_NAMES = 1 << 2,
    TRACE_PART_SLOW = 1 << 3,
    TRACE_PART_TREE = 1 << 4,
    TRACE_PART_NETREFS = 1 << 5,
    TRACE_PART_TIMELINE = 1 << 6,
    TRACE_PART_CONNECTIONS = 1 << 7,
    TRACE_PART_SECTIONS = 1 << 8,
    TRACE_PART_ALL = (1 << 9) - 1,
};

struct trace_report_options {
    unsigned parts;    /* of enum trace_part */
    unsigned top;      /* rows of each table; 0 = all */
    int max_depth;     /* of the call tree; 0 = all */
    bool netrefs;      /* objects shown in the tree */
    int64_t least_ns;  /* shorter calls are left out of tree and timeline */
    size_t width;      /* columns of the terminal */
    const char *title; /* "profile of python3 app.py"; NULL */
};

int trace_write_text(const struct trace_profile *profile,
                     const struct trace_report_options *options, FILE *out) BENCH_MUST_CHECK;
/* The whole profile; docs/profile.schema.json describes it. */
int trace_write_json(const struct trace_profile *profile, FILE *out) BENCH_MUST_CHECK;
/* One self-contained file: no script or style from elsewhere, no network. */
int trace_write_html(const struct trace_profile *profile,
                     const struct trace_report_options *options, FILE *out) BENCH_MUST_CHECK;
/* For chrome://tracing and ui.perfetto.dev: Trace Event Format. */
int trace_write_chrome(const struct trace_profile *profile, FILE *out) BENCH_MUST_CHECK;
/* Prometheus text exposition 0.0.4. At most 200 names have series of their own: those that were met
 * first, since counters must not fall; the others are "(others)". */
int trace_write_prometheus(const struct trace_profile *profile, FILE *out) BENCH_MUST_CHECK;
/* One line of JSON about a window; wall_s: seconds since 1970 at its end. */
int trace_write_window(const struct trace_profile *window, double wall_s,
                       FILE *out) BENCH_MUST_CHECK;
/* A screen of rows lines for --live: at most rows - 1 lines (from 12 rows on), so that nothing
 * scrolls; no escape sequences: clearing the screen is the caller's. */
int trace_write_live(const struct trace_profile *window, const struct trace_profile *whole,
                     size_t width, size_t rows, FILE *out) BENCH_MUST_CHECK;
/* One line about a call that was slow. */
int trace_write_slow(const struct bench_names *names, const struct trace_call *call, bool over,
                     const char *place, FILE *out) BENCH_MUST_CHECK;

#endif
