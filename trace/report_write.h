/* SPDX-License-Identifier: MIT */
/*
 * What the writers of a profile share: words, figures, and texts of the profiled program made fit
 * to be shown. Private to trace/report_*.c. Pure functions, any thread.
 */
#ifndef TRACE_REPORT_WRITE_H
#define TRACE_REPORT_WRITE_H

#include <jansson.h>

#include "bench/units.h"
#include "trace/report.h"

#define TRACE_LINE_BYTES 1024 /* of a text that is shown, its NUL included */

struct trace_line {
    char s[TRACE_LINE_BYTES];
};

/* ---- texts of the program ---- */

/* text (NULL: "") without control characters, invalid UTF-8, and characters that turn the direction
 * of writing round. */
struct trace_line trace_clean(const char *text);
/* "…" in the middle of what is wider than so many columns (at least 3). */
struct trace_line trace_cut(const char *text, size_t columns);
/* A place in the program, clean, in so many columns: folders go first. */
struct trace_line trace_place_text(const char *place, size_t columns);
/* The whole name; "(no name)" for none. Clean. */
struct trace_line trace_name_text(const struct bench_names *names, uint32_t name);
/* Of a node of the call tree: a name or a section. */
struct trace_line trace_node_text(const struct trace_profile *profile,
                                  const struct trace_node *node);

/* ---- words; keys of JSON too ---- */

const char *trace_verb_key(enum bench_verb verb);
const char *trace_outcome_key(enum bench_outcome outcome);
const char *trace_direction_key(enum bench_direction direction); /* "to_server" */
/* What was mostly done to a name: "call", "get" ... */
enum bench_verb trace_main_verb(const struct trace_name *name);

/* ---- figures ---- */

struct bench_text trace_ns(int64_t ns);
struct bench_text trace_seconds(double seconds);
struct bench_text trace_count(uint64_t count);
struct bench_text trace_share(double share); /* "98 %", "0.4 %" */
double trace_as_seconds(int64_t ns);
/* false where the samples are too few to place it: fewer than 1 / (1 - p). */
bool trace_percentile(const struct bench_sketch *hist, double p, int64_t *out_ns);
/* Requests whose response time was recorded. */
uint64_t trace_timed(const struct trace_name *name);
/* Since the beginning of the profile, not before it. */
int64_t trace_since(const struct trace_profile *profile, int64_t time_ns);
/* From then to the end of the profile, not negative. */
int64_t trace_age(const struct trace_profile *profile, int64_t time_ns);
int64_t trace_elapsed(const struct trace_profile *profile);
/* Requests of both directions that nobody stood still for. */
uint64_t trace_asynchronous(const struct trace_totals *totals);
int64_t trace_waited(const struct trace_totals *totals);

/* ---- sentences ---- */

/* How long was waited for how many round trips. */
struct trace_line trace_headline(const struct trace_profile *profile);
/* What a finding is about and saves: "root.get_users: 404 round trips, 96.0 ms of ...". */
struct trace_line trace_finding_line(const struct trace_profile *profile,
                                     const struct trace_finding *finding);
/* The same without the name, for where that stands in a heading. */
struct trace_line trace_finding_cost(const struct trace_profile *profile,
                                     const struct trace_finding *finding);
/* The words of a rule are said once: whether no dearer finding is of the same kind. */
bool trace_first_of_kind(const struct trace_profile *profile, size_t finding);
/* "here", "0.2 ms" ... of prediction -1 (as measured), 0 .. TRACE_RTTS - 1. */
struct bench_text trace_rtt_text(int at);
const struct trace_prediction *trace_prediction(const struct trace_finding *finding, int at);

/* ---- the call tree, flattened ---- */

struct trace_outline_row {
    uint32_t node;     /* index */
    int depth;         /* 0 = top */
    bool last;         /* of its siblings */
    uint32_t left_out; /* not 0: stands for so many siblings that are not shown */
    int64_t left_out_ns;
    bool children; /* shown ones follow */
};

struct trace_outline {
    struct trace_outline_row *rows;
    size_t nrows;
    size_t hidden; /* nodes that are too deep or too short */
};

/* Children by their time; what is too short is left out only if all below it is. 0 or -ENOMEM. */
int trace_outline_make(const struct trace_profile *profile,
                       const struct trace_report_options *options,
                       struct trace_outline *out) BENCH_MUST_CHECK;
void trace_outline_free(struct trace_outline *outline);

/* ---- calls ---- */

/* Indices of at most `limit` (0 = all) calls not shorter than least_ns, without those that by their
 * nature nobody waits for: the longest ones, in the order of their beginning. The caller frees
 * *out. 0 or -ENOMEM. */
int trace_choose_calls(const struct trace_profile *profile, int64_t least_ns, size_t limit,
                       size_t **out, size_t *count) BENCH_MUST_CHECK;
/* One that was kept; NULL if it was not. */
const struct trace_call *trace_call_find(const struct trace_profile *profile, uint64_t connection,
                                         uint64_t id);
/* The names that a call is nested in, outermost first: "root.nested > callback > root.nested".
 * Only as far as those calls were kept. */
struct trace_line trace_call_chain(const struct trace_profile *profile,
                                   const struct trace_call *call);

/* Names of the remote things that stand under a limit of rows; 0 = all. */
size_t trace_rows(size_t count, unsigned top);

/* 0, or -EIO when out could not take everything; flushes it. */
int trace_written(FILE *out) BENCH_MUST_CHECK;

/* ---- parts of JSON (report_json.c); NULL without memory ---- */

json_t *trace_totals_json(const struct trace_totals *totals);
json_t *trace_name_json(const struct trace_profile *profile, const struct trace_name *name,
                        bool histogram);

#endif
