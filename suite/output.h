/* SPDX-License-Identifier: MIT */
/* Files that a run leaves: result.json and the charts. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include "suite/result.h"

/* Makes the folder (and those above it) and makes sure that it can be written, before anything is
 * measured. 0 or negative with the folder named. */
int bench_output_prepare(const char *dir, struct bench_error *err) BENCH_MUST_CHECK;
/* Writes the JSON to a file: whole or not at all. */
int bench_output_json(const struct bench_run *run, const char *path, struct bench_error *err)
    BENCH_MUST_CHECK;
/* result.json and charts/ in the folder; says on stderr what was written. Without gnuplot: data
 * and scripts, a hint, and 0. */
int bench_output_folder(const struct bench_run *run, const char *dir, struct bench_error *err)
    BENCH_MUST_CHECK;

#endif
