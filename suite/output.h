/* SPDX-License-Identifier: MIT */
/* Files that a run leaves: the result, its reports and the charts. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include "suite/result.h"

/* Makes the folder (and those above it) and makes sure that it can be written, before anything is
 * measured. 0 or negative with the folder named. */
int bench_output_prepare(const char *dir, struct bench_error *err) BENCH_MUST_CHECK;
/* Writes the JSON to a file: whole or not at all. */
int bench_output_json(const struct bench_run *run, const char *path, struct bench_error *err)
    BENCH_MUST_CHECK;
/* X(ID, name, file) */
#define BENCH_FORMATS(X)                                                                           \
    X(TEXT, "text", "report.txt")                                                                  \
    X(MD, "md", "report.md")                                                                       \
    X(CSV, "csv", "report.csv")                                                                    \
    X(JSON, "json", "result.json")

enum bench_format {
#define X(id, name, file) BENCH_FORMAT_##id,
    BENCH_FORMATS(X)
#undef X
        BENCH_FORMAT_COUNT
};

const char *bench_format_name(enum bench_format format);
/* 0, -ENOMEM or -EMSGSIZE. */
int bench_format_render(const struct bench_run *run, enum bench_format format,
                        struct bench_buf *out) BENCH_MUST_CHECK;

/* result.json, result.hist.gz, report.md, report.csv and charts/ in the folder; says on stderr what
 * was written. Without gnuplot: data and scripts, a hint, and 0. */
int bench_output_folder(const struct bench_run *run, const char *dir, struct bench_error *err)
    BENCH_MUST_CHECK;
/* The same for some formats only: bits 1u << enum bench_format, 0 = as bench_output_folder.
 * Markdown takes the charts along, JSON the histograms. */
int bench_output_formats(const struct bench_run *run, const char *dir, unsigned formats,
                         struct bench_error *err) BENCH_MUST_CHECK;
/* One chart into the folder's charts/. */
int bench_output_chart(const struct bench_run *run, const char *dir, const char *name,
                       struct bench_error *err) BENCH_MUST_CHECK;

#endif
