/* SPDX-License-Identifier: MIT */
/*
 * The table of reference servers (servers/servers.def), where their programs are, and whether they
 * work here. Main thread.
 */
#ifndef BENCH_SERVERS_H
#define BENCH_SERVERS_H

#include <stdbool.h>

#include "bench/error.h"

/* What a server has for each connection. */
enum bench_server_share { BENCH_SERVER_THREAD, BENCH_SERVER_PROCESS };

struct bench_server_row {
    const char *server, *protocol, *mode;
    const char *program; /* NULL: rpycbench-server itself */
    bool in_default;
    const char *label; /* may hold one %d: the number of clients */
    enum bench_server_share per_connection;
    int pss_kib; /* of memory that the server takes for each connection; suite/headroom.h */
};

/* NULL-ended "NAME=value": what Python programs are started with besides our environment. Strings
 * hash alike in every process, so that dictionaries lie and cost the same. */
extern const char *const bench_python_env[];

/* All rows; *count how many. */
const struct bench_server_row *bench_server_rows(size_t *count);
/* The row, or NULL. A protocol from a plug-in that can serve gets native rows made for it. */
const struct bench_server_row *bench_server_find(const char *protocol, const char *mode,
                                                 const char *server);
/* Native rows for a protocol that is not in servers.def. 0 or -ENOMEM. */
int bench_server_add_native(const char *protocol) BENCH_MUST_CHECK;
/* The modes of the table, each once; NULL-ended. */
const char *const *bench_server_modes(void);

/* Everything needed to start it. Strings are owned by the structure. */
struct bench_server_command {
    char *argv[40];
    int argc;
};

/* The program of a row with the options that all of them take (servers.def). plugins: files the
 * native server has to load. 0, or -ENOENT when the program or the interpreter is not there (the
 * message says what to do). */
int bench_server_command(const struct bench_server_row *row, const char *const *plugins,
                         size_t nplugins, struct bench_server_command *out,
                         struct bench_error *err) BENCH_MUST_CHECK;
int bench_server_command_add(struct bench_server_command *command, const char *word)
    BENCH_MUST_CHECK;
void bench_server_command_free(struct bench_server_command *command);

/* Whether it works here: 0 and its versions in text ("rpyc 6.0.2, Python 3.11.2"), or negative
 * with the reason in err. Asked once per program and remembered. */
int bench_server_check(const struct bench_server_row *row, const char **text,
                       struct bench_error *err) BENCH_MUST_CHECK;

/* How the interpreter of such a program was built and runs ("GIL, switch interval 5 ms, ..."), as
 * its --check says; "" if it says nothing of it. Valid for ever. */
const char *bench_server_build(const struct bench_server_row *row);

/* The interpreter that Python servers run with; NULL if there is none. */
const char *bench_python_path(void);

#endif
