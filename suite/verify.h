/* SPDX-License-Identifier: MIT */
/*
 * Recomputes what a saved result says: every figure of result.json from the recordings in it and
 * beside it (NAME.hist.gz), and the reports in its folder from that. Main thread.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/error.h"

struct bench_verified {
    size_t figures; /* values of result.json that were recomputed */
    size_t cells;   /* whose pooled recording was merged again from its trials */
    size_t files;   /* reports that were rendered again */
    size_t wrong;   /* of all of these */
    bool whole;     /* false: the recordings of single trials are missing */
};

/* path: of a result.json or its folder. Prints a line to out for each of the first differences. 0
 * also when something is wrong; -EINVAL: what is there cannot be read; -ENOMEM. */
int bench_verify(const char *path, FILE *out, struct bench_verified *result,
                 struct bench_error *err) BENCH_MUST_CHECK;

#endif
