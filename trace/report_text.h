/* SPDX-License-Identifier: MIT */
/* How the text report is put together. Private to trace/report_text*.c and report_live.c. */
#ifndef TRACE_REPORT_TEXT_H
#define TRACE_REPORT_TEXT_H

#include "render/table.h"
#include "trace/report_write.h"

#define TRACE_WIDTH_MIN     40
#define TRACE_WIDTH_DEFAULT 100

struct trace_writer {
    const struct trace_profile *profile;
    const struct trace_report_options *options;
    size_t width;    /* TRACE_WIDTH_MIN .. */
    size_t name_min; /* columns of a name before others are dropped instead; 0 = as usual */
    FILE *out;
};

/* A table that knows how wide its names may be. 0 or -ENOMEM. */
typedef int (*trace_table_fn)(const struct trace_writer *writer, size_t name_columns,
                              struct bench_table *table, const void *user);

/* Writes the table that make fills in: with names as long as they are, else cut in the middle, else
 * without the least important columns. tell: says which columns were left out. 0, -ENOMEM, -EIO. */
int trace_write_table(const struct trace_writer *writer, trace_table_fn make, const void *user,
                      bool tell) BENCH_MUST_CHECK;
/* Words wrapped at the width; lines after the first are indented by `indent`, the first one stands
 * behind `head`, which takes as many columns or fewer. */
void trace_write_paragraph(const struct trace_writer *writer, const char *head, size_t indent,
                           const char *text);
/* "\n" and a heading; note: behind it, after a dash; or "". */
void trace_write_heading(const struct trace_writer *writer, const char *heading, const char *note);
/* "20 of 404 are shown" where rows were left out. */
void trace_write_rest(const struct trace_writer *writer, size_t shown, size_t count,
                      const char *what);

void trace_cell(struct bench_table *table, const struct bench_text text);
/* "" for 0, which is not worth a look in most columns. */
void trace_count_cell(struct bench_table *table, uint64_t count);
void trace_time_cell(struct bench_table *table, int64_t ns);

/* The table of names: columns and rows. */
int trace_fill_names(const struct trace_writer *writer, size_t name_columns,
                     struct bench_table *table, const void *user) BENCH_MUST_CHECK;

/* Parts: each with its heading, nothing when there is nothing to tell. 0, -ENOMEM, -EIO. */
int trace_text_tree(const struct trace_writer *writer) BENCH_MUST_CHECK;
int trace_text_netrefs(const struct trace_writer *writer) BENCH_MUST_CHECK;
int trace_text_timeline(const struct trace_writer *writer) BENCH_MUST_CHECK;
int trace_text_connections(const struct trace_writer *writer) BENCH_MUST_CHECK;
int trace_text_sections(const struct trace_writer *writer) BENCH_MUST_CHECK;

#endif
