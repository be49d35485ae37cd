/* SPDX-License-Identifier: MIT */
/*
 * Commands and their options as tables: parsing, --help and error messages come from the same
 * rows. Main thread.
 */
#ifndef BENCH_CLI_H
#define BENCH_CLI_H

#include <stdbool.h>

#include "bench/error.h"

/* Exit statuses (docs: exit status). */
enum {
    EXIT_FINE = 0,
    EXIT_NO = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_MEASURED = 3,
    EXIT_NOT_TRUSTED = 4,
    EXIT_CANNOT_TELL = 5,
    EXIT_INTERRUPTED = 130,
};

struct cli_option {
    const char *name;    /* without the dashes; NULL ends a table */
    const char *metavar; /* NULL: takes no value */
    const char *help;    /* NULL: for programs that start us, not shown */
    /* value: NULL for an option without one. 0, or negative with err filled. */
    int (*set)(void *target, const char *value, struct bench_error *err);
};

struct cli_command {
    const char *name;
    const char *arguments; /* of the usage line, "" */
    const char *summary;   /* one line */
    int (*main)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    const char *notes; /* behind the options in --help; NULL = none */
};

/* All commands; ended by name == NULL. */
extern const struct cli_command cli_commands[];

/* Parses "--name value", "--name=value" and arguments without dashes, which go to `argument`
 * (NULL: there are none). 0; 1 when --help was printed; -EINVAL with the option, the value and
 * what is valid. */
int cli_parse(const struct cli_command *command, const struct cli_option *options,
              int (*argument)(void *target, const char *value, struct bench_error *err),
              void *target, int argc, char **argv, struct bench_error *err) BENCH_MUST_CHECK;
void cli_print_help(const struct cli_command *command, const struct cli_option *options);
/* Prints "rpycbench COMMAND: message" and how to get help; returns EXIT_USAGE. */
int cli_usage_error(const struct cli_command *command, const struct bench_error *err);
const struct cli_command *cli_find(const char *name);

/* The place of value among the words (ended by NULL), for an option's set; -EINVAL with err naming
 * them. */
int cli_choose(const char *value, const char *const *words, struct bench_error *err) BENCH_MUST_CHECK;
/* What reports are written as: of --format. */
extern const char *const cli_formats[];

/* From here on SIGINT and SIGTERM arrive at the descriptor that is returned (-1: they do not); before any
 * thread. */
int cli_block_signals(void);

int cmd_run(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_relay(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_list(int argc, char **argv);

/* The program: what main() calls. */
int cli_main(int argc, char **argv);

#endif
