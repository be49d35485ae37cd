/* SPDX-License-Identifier: MIT */
/*
 * Two measurements of the same thing, cell by cell: what `compare` prints and `gate` holds against
 * its tolerance. B against A: "faster" is said of B. Main thread; borrows both runs.
 */
#ifndef BENCH_CONTRAST_H
#define BENCH_CONTRAST_H

#include <stdio.h>

#include "stats/verdict.h"
#include "suite/metric.h"

struct bench_noise;

/* One metric of one cell. */
struct bench_contrast_row {
    const struct bench_result *a, *b;
    const struct bench_metric *metric;
    double a_value, b_value;    /* of the cells */
    struct bench_effect effect; /* of their trials */
    enum bench_verdict verdict;
    size_t needs;        /* more trials of each, at least 1 where it cannot be told yet; else 0 */
    bool counted;        /* an exact number: the verdict rests on no test */
    const char *spoiled; /* why there is no verdict ("client-bound: ..."), or NULL */
};

struct bench_contrast {
    struct bench_contrast_row *rows; /* cell by cell, in the order of A */
    size_t nrows, ncells;
    char **unmatched; /* cells that only one of them has, as text */
    size_t nunmatched;
    bool paired;                      /* measured in one run, block by block */
    struct bench_verdict_rules rules; /* but for the floor, which differs from cell to cell */
};

struct bench_contrast_options {
    /* Bits 1u << enum bench_metric_id; 0 = those by which the workload is ranked, p99, CPU per
     * request, and exact ones that differ. */
    unsigned metrics;
    const struct bench_noise *noise; /* NULL = none known */
    double margin;                   /* of equivalence: 0.05 */
};

/* Cells of two runs that have the same workload, operation, parameters and load, of targets of the
 * same name; where each run has one target, they may differ in name. 0 or -ENOMEM. */
int bench_contrast_runs(const struct bench_run *a, const struct bench_run *b,
                        const struct bench_contrast_options *options,
                        struct bench_contrast *out) BENCH_MUST_CHECK;
/* Two targets of one run, by name: cells that differ in nothing else. a and b the same: the
 * operations that were called on that target, each with the next. */
int bench_contrast_within(const struct bench_run *run, const char *a, const char *b,
                          const struct bench_contrast_options *options,
                          struct bench_contrast *out) BENCH_MUST_CHECK;
void bench_contrast_fini(struct bench_contrast *contrast);

/* "faster", "more", "cheaper", "fewer", "equivalent", "cannot tell: needs about 12 more trials of
 * each". */
void bench_contrast_words(const struct bench_contrast_row *row, char *out, size_t size);
/* "latency: ping, 8 clients", what a cell is, without its target. */
void bench_contrast_cell(const struct bench_result *result, char *out, size_t size);

enum bench_contrast_format { BENCH_CONTRAST_TEXT, BENCH_CONTRAST_MARKDOWN, BENCH_CONTRAST_JSON };
/* names: what A and B are called in the head. 0, -ENOMEM, -EIO. */
int bench_contrast_write(const struct bench_contrast *contrast, const char *a_name,
                         const char *b_name, enum bench_contrast_format format,
                         FILE *out) BENCH_MUST_CHECK;

/* What makes two runs different experiments: facts of the machine that do not vary, the plan but
 * for what changes nothing about a trial (command, files, seed, repeats), placements. Prints a line
 * for each to out (NULL: only counts). Returns how many. */
size_t bench_run_differences(const struct bench_run *a, const struct bench_run *b, FILE *out);

#endif
