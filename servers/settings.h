/* SPDX-License-Identifier: MIT */
/* The command line of rpycbench-server, as a table. Main thread only. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/error.h"
#include "service/inject.h"

enum { SERVER_LIST_MAX = 32 };

/* A text option that may be given several times; borrowed from argv. */
struct server_list {
    const char *items[SERVER_LIST_MAX];
    size_t count;
};

struct server_settings {
    const char *protocol, *mode, *bind; /* protocol is NULL when it was not given */
    const char *tls_cert, *tls_key;     /* both or none */
    const char *inject_text;            /* NULL = nothing */
    int64_t port, ready_fd, control_fd, clients, sessions;
    int payload; /* enum bench_payload_kind */
    int64_t payload_seed;
    int64_t idle_timeout_ns, message_timeout_ns, max_message, read_ahead;
    int log_level; /* enum bench_log_level */
    const char *oracle; /* NULL = none; service/oracle.h */
    int64_t oracle_report_fd;
    /* not in the table: */
    struct bench_inject inject;
    struct server_list options; /* KEY=VALUE for the protocol */
    struct server_list plugins; /* files */
    bool help, version;
};

/* Reads the command line. 0 and *out (the caller frees it with server_settings_free), or -EINVAL,
 * -ENOMEM with a message that names the option, its value and what would be right. */
int server_settings_parse(int argc, char **argv, struct server_settings **out,
                          struct bench_error *err) BENCH_MUST_CHECK;
void server_settings_free(struct server_settings *settings); /* accepts NULL */

/* The options as --help shows them. */
void server_settings_help(FILE *out);

#endif
