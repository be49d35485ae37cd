/* SPDX-License-Identifier: MIT */
/* A server that somebody else started: what does it offer? */
#ifndef BENCH_FOREIGN_H
#define BENCH_FOREIGN_H

#include "suite/rows.h"

/* Tries each row's operation once. A server without it is measured by the protocol's probe where
 * the workload allows that; else the row is switched off with the reason. 0, or negative when the
 * server cannot be reached or does not speak the protocol; the message names the kind of failure. */
int bench_foreign_check(struct bench_group *group, const struct bench_plan *plan,
                        struct bench_run *run, struct bench_error *err) BENCH_MUST_CHECK;

#endif
