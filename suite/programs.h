/* SPDX-License-Identifier: MIT */
/*
 * Where the programs are that we start (the native server beside us, Python programs in a data
 * folder), and asking them whether they work here. Main thread.
 */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "suite/servers.h"

/* What a program answered to --check; kept, so that it is asked once. */
struct bench_program_check {
    bool done;
    int rc;
    char text[200];  /* its versions, or why it cannot run */
    char build[200]; /* the second line: how its interpreter was built and runs; "" */
};

/* Adds the native server: the one beside this program, else whichever is in PATH. 0 or -ENOMEM. */
int bench_programs_add_native(struct bench_server_command *command) BENCH_MUST_CHECK;
/* Adds the interpreter and FOLDER/PROGRAM below the first data folder that has it:
 * $RPYCBENCH_DATADIR, the source tree, the place of installation. 0, -ENOENT with what to do about
 * it, -ENOMEM, -E2BIG. */
int bench_programs_add_python(struct bench_server_command *command, const char *folder,
                              const char *program, struct bench_error *err) BENCH_MUST_CHECK;
int bench_programs_add_words(struct bench_server_command *command, const char *const *words,
                             size_t n) BENCH_MUST_CHECK;
/* Runs a command with --check behind it, unless the answer is known. made: what making the command
 * gave. 0, or negative with the reason in err. Frees the command. */
int bench_programs_check(struct bench_program_check *check, struct bench_server_command *command,
                         int made, struct bench_error *err) BENCH_MUST_CHECK;
/* The last line that is not empty of a memory file that a program had as its stderr; "" = none. Any
 * thread. */
void bench_programs_last_words(int stderr_fd, char *out, size_t size);

#endif
