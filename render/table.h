/* SPDX-License-Identifier: MIT */
/*
 * Text tables for a terminal: columns as wide as their cells, aligned by what is seen (UTF-8), and
 * narrower by dropping the least important columns when they do not fit. One owner, no locks.
 * Running out of memory is remembered and told by bench_table_write.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/api.h"

enum bench_align { BENCH_ALIGN_LEFT, BENCH_ALIGN_RIGHT };

struct bench_table;

struct bench_table *bench_table_new(void); /* NULL without memory */
void bench_table_free(struct bench_table *table);

/* Before the first row. head may have several lines ('\n'). sacrifice: 0 = never dropped; columns
 * with higher numbers are dropped first. A column without any filled cell is not shown at all. */
void bench_table_column(struct bench_table *table, const char *head, enum bench_align align,
                        unsigned sacrifice);
/* The columns from the next one on stand together under this text, until the next call; "" = under
 * none. */
void bench_table_span(struct bench_table *table, const char *text);
/* Begins a row; its cells follow from left to right. */
void bench_table_row(struct bench_table *table);
/* A dashed line before the next row. */
void bench_table_rule(struct bench_table *table);
/* NULL: there is no such figure (an en dash); "": nothing is to be seen. Copied and cleaned. */
void bench_table_cell(struct bench_table *table, const char *text);

/* Drops columns until the table is at most that wide, or only indispensable ones are left. Writes
 * the heads of what was dropped, in one line separated by ", ", to dropped ("" = none). */
void bench_table_fit(struct bench_table *table, size_t width, char *dropped, size_t size);

/* Columns of a terminal that it takes. */
size_t bench_table_width(const struct bench_table *table);
/* As a table of GitHub's Markdown, which knows no rules between rows. Errors as below. */
int bench_table_write_markdown(const struct bench_table *table, FILE *out) BENCH_MUST_CHECK;

/* 0 or -ENOMEM (also for what failed earlier), -EIO when out cannot take it. */
int bench_table_write(const struct bench_table *table, FILE *out) BENCH_MUST_CHECK;

/* Columns of a terminal that the UTF-8 text takes. */
size_t bench_text_width(const char *text);
/* Copies text so that it can be printed and put in JSON: control characters (a terminal would obey
 * them; C1 included) become spaces, bytes that are not UTF-8 become '?'. Cut at a whole character
 * to fit size bytes with its NUL. Returns out. */
char *bench_text_clean(const char *text, char *out, size_t size);

/* Writes text so that nothing in it is special to Markdown (CommonMark and GitHub's tables). */
void bench_markdown_text(FILE *out, const char *text);

#endif
