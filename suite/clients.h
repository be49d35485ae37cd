/* SPDX-License-Identifier: MIT */
/*
 * The table of programs that make calls instead of our own loop (clients/clients.def), where they
 * are and whether they work here. Main thread.
 */
#ifndef BENCH_CLIENTS_H
#define BENCH_CLIENTS_H

#include <stddef.h>

#include "suite/servers.h"

struct bench_client_row {
    const char *client, *protocol;
    const char *program; /* below clients/python */
    const char *library; /* what makes the calls: "requests" */
    /* "MODE/SERVER" that the default matrix measures it against; "" = none. */
    const char *in_default;
};

/* All rows; *count how many. */
const struct bench_client_row *bench_client_rows(size_t *count);
/* The row, or NULL. */
const struct bench_client_row *bench_client_find(const char *protocol, const char *client);

/* Interpreter and program with the options that all of them take (clients.def). 0 or -ENOENT. */
int bench_client_command(const struct bench_client_row *row, struct bench_server_command *out,
                         struct bench_error *err) BENCH_MUST_CHECK;
/* Whether it works here: 0 and its versions, or negative with the reason. Asked once. */
int bench_client_check(const struct bench_client_row *row, const char **text,
                       struct bench_error *err) BENCH_MUST_CHECK;

#endif
