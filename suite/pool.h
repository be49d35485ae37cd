/* SPDX-License-Identifier: MIT */
/* From the trials of a cell to the cell. Pure. */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include "suite/result.h"

/* Merges the recordings of good trials, sums and medians their resources, and derives status and
 * reason: FAILED when a trial failed (what the others gave is kept), CLIENT_BOUND when at least
 * half of the good ones were. planned: trials that there should be. 0 or -ENOMEM. */
int bench_pool_result(struct bench_result *result, int planned) BENCH_MUST_CHECK;

/* The status that its trials so far would give it. */
enum bench_cell_status bench_pool_status(const struct bench_result *result);

#endif
