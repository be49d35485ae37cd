/* SPDX-License-Identifier: MIT */
/*
 * What is derived from several cells of a run, in every form of the report: where the time goes,
 * how targets scale, and what distance does. Private to suite/report_*.c and suite/result_json.c.
 */
#ifndef BENCH_REPORT_ANALYSES_H
#define BENCH_REPORT_ANALYSES_H

#include <jansson.h>

#include "suite/report_chart.h"
#include "suite/report_write.h"

/* The sections behind the pages of a report; nothing where there is nothing to say. 0 or what
 * bench_write_table returns. */
int bench_write_analyses(struct bench_writer *writer) BENCH_MUST_CHECK;
int bench_write_parts(struct bench_writer *writer) BENCH_MUST_CHECK;
int bench_write_scaling(struct bench_writer *writer) BENCH_MUST_CHECK;
int bench_write_distance(struct bench_writer *writer) BENCH_MUST_CHECK;
/* A heading, "## " in Markdown. */
void bench_write_heading(struct bench_writer *writer, const char *marks, const char *text);
/* Lines below a table; in Markdown a list. */
void bench_write_lines(struct bench_writer *writer, const char *text);

/* As bench_charts_pages. */
int bench_charts_analyses(const struct bench_run *run, const struct bench_chart_sink *sink,
                          int *status, struct bench_error *err) BENCH_MUST_CHECK;
int bench_charts_parts(const struct bench_run *run, const struct bench_chart_sink *sink,
                       int *status, struct bench_error *err) BENCH_MUST_CHECK;
int bench_charts_distance(const struct bench_run *run, const struct bench_chart_sink *sink,
                          int *status, struct bench_error *err) BENCH_MUST_CHECK;

/* Sets "scaling". 0 or -ENOMEM. */
int bench_json_scaling(const struct bench_run *run, json_t *object) BENCH_MUST_CHECK;
/* Sets "parts", "crossings" and "scaling". 0 or -ENOMEM. */
int bench_json_analyses(const struct bench_run *run, json_t *object) BENCH_MUST_CHECK;

#endif
