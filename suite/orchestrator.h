/* SPDX-License-Identifier: MIT */
/*
 * Carries out a plan: blocks of targets in seeded random order, a fresh server for each trial, the
 * workloads of a trial in random order, one path from the recording to the result. Main thread.
 */
#ifndef BENCH_ORCHESTRATOR_H
#define BENCH_ORCHESTRATOR_H

#include "suite/plan.h"
#include "suite/progress.h"
#include "suite/result.h"

struct bench_watch {
    int signal_fd; /* SIGINT and SIGTERM arrive here; -1 = not watched */
    bool interrupted;
    struct bench_progress *progress;
};

/* 0 and *out (the caller frees it) even if targets failed; negative only when nothing could be
 * prepared. Messages about failing targets go to stderr as they happen. */
int bench_orchestrate(const struct bench_plan *plan, struct bench_watch *watch,
                      struct bench_run **out, struct bench_error *err) BENCH_MUST_CHECK;

/* The exit status that the run's cells deserve: 0, 3, 4 or 130. all_asked_for: a workload that no
 * target can do (n/a everywhere) counts as one without a valid cell. */
int bench_run_exit_status(const struct bench_run *run, bool all_asked_for);

#endif
