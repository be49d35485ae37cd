/* SPDX-License-Identifier: MIT */
/* What the readers of result.json and result.hist.gz share. Private to suite/result_*.c. */
#ifndef BENCH_RESULT_FILE_H
#define BENCH_RESULT_FILE_H

#include "suite/result.h"

/* Replaces the kept statistics of all trials by their recordings. 0; -EINVAL with the line. */
int bench_result_take_histograms(struct bench_run *run, const void *data, size_t length,
                                 struct bench_error *err) BENCH_MUST_CHECK;

#endif
