/* SPDX-License-Identifier: MIT */
/*
 * How a page of a report is put together, as text for a terminal or as Markdown: a title, tables,
 * lines below them. Private to suite/report_*.c. Main thread.
 */
#ifndef BENCH_REPORT_WRITE_H
#define BENCH_REPORT_WRITE_H

#include "render/table.h"
#include "suite/report.h"

#define BENCH_REPORT_WIDTH 140 /* columns of a terminal that a table may take */
#define BENCH_NOTE_BYTES   512

/* Percentiles whose samples may be too few: bits of bench_writer.doubtful. */
enum bench_doubt {
    BENCH_DOUBT_P50,
    BENCH_DOUBT_P90,
    BENCH_DOUBT_P99,
    BENCH_DOUBT_P999,
    BENCH_DOUBT_COUNT
};

struct bench_writer {
    FILE *out;
    const struct bench_run *run;
    bool markdown;
    char notes[64][BENCH_NOTE_BYTES]; /* what [1], [2] in this page refer to */
    size_t nnotes;
    unsigned doubtful; /* 1u << enum bench_doubt: marked in this page */
    /* Samples that would place such a percentile: of the row that needs fewest and most. */
    struct bench_doubt_needs {
        double low, high;
    } needs[BENCH_DOUBT_COUNT];
    bool bound, beaten; /* "≥" or "≤" stands before a figure; "≥" before a ratio */
    bool open;          /* the page is of an open loop */
    bool at_most;       /* "≤" stands before a ratio */
    bool tied;          /* "=best" stands in a row */
    bool spread;        /* "±" is shown */
};

/* Renders a whole report into out by fn. 0, -ENOMEM or -EMSGSIZE. */
int bench_report_render(const struct bench_run *run, bool markdown,
                        int (*fn)(struct bench_writer *writer),
                        struct bench_buf *out) BENCH_MUST_CHECK;

/* All pages: title, tables, notes, sentences. */
int bench_write_pages(struct bench_writer *writer) BENCH_MUST_CHECK;
/* One page with a table of one group, and one with a table of several. */
int bench_write_single(struct bench_writer *writer,
                       const struct bench_report_page *page) BENCH_MUST_CHECK;
int bench_write_matrix(struct bench_writer *writer,
                       const struct bench_report_page *page) BENCH_MUST_CHECK;

/* "latency: ping; response time, closed loop, 1 connection; 8000 samples of 8 trials per target":
 * of which time the percentiles are, and under which load. */
int bench_write_title(struct bench_writer *writer, const struct bench_report_page *page,
                      const char *operation) BENCH_MUST_CHECK;
int bench_write_table(struct bench_writer *writer,
                      const struct bench_table *table) BENCH_MUST_CHECK;
/* What stands below the tables of a page. dropped: heads of columns that were left out, or "". */
int bench_write_below(struct bench_writer *writer, const struct bench_report_page *page,
                      const char *dropped) BENCH_MUST_CHECK;

/* The number (from 1) of a note; equal texts share one. 0 when there is no room. */
size_t bench_note_add(struct bench_writer *writer, const char *text);
/* "failed [2]", with its reason as a note; "" for ok. */
struct bench_text bench_status_text(struct bench_writer *writer, const struct bench_result *result);
/* A percentile in seconds, with "~" where n samples of result are too few for it (those that count
 * as independent, where that is known); marks the doubt. */
struct bench_text bench_percentile_text(struct bench_writer *writer,
                                        const struct bench_result *result, enum bench_doubt which,
                                        double seconds, uint64_t n);
/* "3 %": half of the 95 % interval over trials of what ranks the row, relative to the figure.
 * false: there is none. */
struct bench_metric;
bool bench_spread_text(struct bench_writer *writer, const struct bench_result *result,
                       const struct bench_metric *metric, struct bench_text *out);
/* Of a row whose client was the limit: "≥" before what its server does, "≤" before its times. */
struct bench_text bench_at_least_text(struct bench_writer *writer,
                                      const struct bench_result *result, struct bench_text text);
struct bench_text bench_at_most_text(struct bench_writer *writer, const struct bench_result *result,
                                     struct bench_text text);
/* A sign before a quantity. */
struct bench_text bench_signed_text(const char *sign, struct bench_text text);

/* Each line of text as an item of a list. */
void bench_markdown_list(FILE *out, const char *text);

#endif
