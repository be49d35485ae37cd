/* SPDX-License-Identifier: MIT */
/*
 * `run --pilot`: a few short blocks, and from how they scatter and what they cost the cheapest plan
 * for intervals as narrow as wanted. Main thread.
 */
#ifndef BENCH_PILOT_H
#define BENCH_PILOT_H

#include <stdio.h>

#include "stats/design.h"
#include "suite/plan.h"
#include "suite/result.h"

enum { BENCH_PILOT_PARTS = 10 };
/* Without --precision. */
#define BENCH_PILOT_WANTED 0.05

/* Fills trial->parts from the recording's trace, before that is freed: the median response of each
 * part, or its rate where cells are ranked by rates. Left NULL when the trace is too short. */
void bench_pilot_divide(struct bench_trial *trial, bool timed);

/* What is known of one cell. false: fewer than three good trials. */
bool bench_pilot_cell(const struct bench_plan *plan, const struct bench_result *result,
                      struct bench_pilot *out);

/* Table of the cells, the plan for all of them together, its time and its command line. argv: the
 * pilot's own, with argv[0] the command. 0 or -ENOMEM, -EIO. */
int bench_pilot_print(FILE *out, const struct bench_plan *plan, const struct bench_run *run,
                      int argc, char **argv) BENCH_MUST_CHECK;

#endif
