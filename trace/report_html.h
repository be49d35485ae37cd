/* SPDX-License-Identifier: MIT */
/* How the page is put together. Private to trace/report_html*.c. */
#ifndef TRACE_REPORT_HTML_H
#define TRACE_REPORT_HTML_H

#include "trace/report_write.h"

struct trace_page {
    const struct trace_profile *profile;
    const struct trace_report_options *options;
    FILE *out;
};

/* Style and script: trace/report_html_page.c. */
void trace_html_style(FILE *out);
void trace_html_script(FILE *out);

/* Text with nothing left that is special to HTML, also within a quoted attribute. Cleaned. */
void trace_html_text(const struct trace_page *page, const char *text);
void trace_html_name(const struct trace_page *page, uint32_t name);

/* <section id=""><h2>title</h2> and its end. note: below the title, "" = none. */
void trace_html_begin(const struct trace_page *page, const char *id, const char *title,
                      const char *note);
void trace_html_end(const struct trace_page *page);

enum trace_html_column { TRACE_HTML_WORDS, TRACE_HTML_FIGURE };

struct trace_html_head {
    const char *text, *hint; /* hint: shown when pointed at; NULL */
    enum trace_html_column kind;
};

/* A table that a script can sort; rows behind options.top get class="more". */
void trace_html_table(const struct trace_page *page, const struct trace_html_head *heads,
                      size_t count);
void trace_html_table_end(const struct trace_page *page, size_t rows, size_t all);
void trace_html_row(const struct trace_page *page, size_t index);
/* Cells; value: what is sorted by. shown "" leaves the cell empty. */
void trace_html_figure(const struct trace_page *page, double value, const char *shown);
void trace_html_count(const struct trace_page *page, uint64_t count); /* nothing for 0 */
void trace_html_time(const struct trace_page *page, int64_t ns);      /* nothing for 0 */
void trace_html_bytes(const struct trace_page *page, uint64_t bytes);
void trace_html_words(const struct trace_page *page, const char *text);
void trace_html_name_cell(const struct trace_page *page, uint32_t name, bool by_server);
/* How many rows of a table a page takes, however many there are. */
size_t trace_html_rows(size_t count);

/* Parts; nothing when there is nothing to tell. 0 or -ENOMEM. */
void trace_html_findings(const struct trace_page *page);
void trace_html_names(const struct trace_page *page);
void trace_html_slow(const struct trace_page *page);
int trace_html_tree(const struct trace_page *page) BENCH_MUST_CHECK;
void trace_html_netrefs(const struct trace_page *page);
int trace_html_timeline(const struct trace_page *page) BENCH_MUST_CHECK;
void trace_html_sections(const struct trace_page *page);
void trace_html_connections(const struct trace_page *page);

#endif
