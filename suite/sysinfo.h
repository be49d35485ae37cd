/* SPDX-License-Identifier: MIT */
/* Facts about the machine, the build and the libraries, and the plan as text. */
#ifndef BENCH_SYSINFO_H
#define BENCH_SYSINFO_H

#include "suite/plan.h"
#include "suite/result.h"

/* Fills run->environment and run->plan. 0 or -ENOMEM. */
int bench_sysinfo_collect(const struct bench_plan *plan, struct bench_run *run) BENCH_MUST_CHECK;
/* True for a build whose times are no measurement (debug, sanitizers); why says what. */
bool bench_sysinfo_unfit_build(const char **why);

#endif
