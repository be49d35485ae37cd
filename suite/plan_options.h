/* SPDX-License-Identifier: MIT */
/*
 * The options that say what is measured and how: those of `run`, and of every other command that
 * measures. Main thread.
 */
#ifndef BENCH_PLAN_OPTIONS_H
#define BENCH_PLAN_OPTIONS_H

#include "suite/cli.h"
#include "suite/plan.h"

/* The first member of a command's own options. Zeroed before it is parsed; bench_plan_fini(&plan)
 * in the end. */
struct bench_plan_options {
    struct bench_plan plan;
    const char *targets[BENCH_TARGETS_MAX]; /* as written: parsed when the plug-ins are loaded */
    size_t ntargets;
};

/* Sets defaults, then reads the command line; `own`: rows of this command besides (NULL: none),
 * whose target is o, too. What cli_parse returns. */
int bench_plan_options_parse(struct bench_plan_options *o, const char *command,
                             const struct cli_option *own,
                             int (*argument)(void *target, const char *value,
                                             struct bench_error *err),
                             int argc, char **argv, struct bench_error *err) BENCH_MUST_CHECK;
/* Loads plug-ins, makes the targets (all of the default matrix if none was named) and the output
 * folder. 0 or negative with err filled. */
int bench_plan_options_finish(struct bench_plan_options *o,
                              struct bench_error *err) BENCH_MUST_CHECK;

#endif
