/* SPDX-License-Identifier: MIT */
/*
 * Runs a program to its end and keeps what it printed, stdout and stderr apart. From the main
 * thread (children die with the thread that started them).
 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include "bench/error.h"

struct support_program {
    const char *const *argv;      /* NULL-ended; argv[0] without a slash is searched in PATH */
    const char *input;            /* for its stdin; NULL = empty */
    const char *const *extra_env; /* "NAME=value", NULL-ended, or NULL */
    int64_t timeout_ns;           /* 0 = one minute */
};

struct support_output {
    int exit_status; /* -1: a signal ended it */
    int signal;      /* 0: none */
    char *out, *err; /* never NULL after success */
};

/* The path of a program of this build ("rpycbench"); in a buffer of the calling thread. */
const char *support_built(const char *name);
/* Lets bench_proc_spawn use this build's rpycbench-server; called by all that start something. */
void support_use_helper(void);

/* 0 whatever the program's status is; -ENOENT, -ETIMEDOUT (it was killed), -ENOMEM. */
int support_program_run(const struct support_program *program, struct support_output *output,
                        struct bench_error *err) BENCH_MUST_CHECK;
void support_output_free(struct support_output *output);

#endif
