/* SPDX-License-Identifier: MIT */
/* One cell measured once: the driver runs, the main thread watches server, signals and memory. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include "core/proc.h"
#include "suite/launcher.h"
#include "suite/orchestrator.h"
#include "suite/rows.h"

/* server: NULL for one that somebody else started, or none. idle: its tree before the first
 * connection. Fills trial (recording included, may be NULL after a failure). Returns true
 * if the server is still there. */
bool bench_trial_run(const struct bench_plan *plan, const struct bench_row *row,
                     const struct bench_address *address, struct bench_launched *server,
                     const struct bench_proc_usage *idle, struct bench_watch *watch,
                     struct bench_trial *trial);

#endif
