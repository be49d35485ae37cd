/* SPDX-License-Identifier: MIT */
/*
 * Starts one native server on a free port of 127.0.0.1 and waits until it listens. From the main
 * thread. A test that forgets one leaves nothing behind: it dies with this process.
 */
#ifndef SUPPORT_SERVER_H
#define SUPPORT_SERVER_H

#include <sys/types.h>

#include "bench/error.h"

struct support_server_spec {
    const char *program; /* NULL = this build's rpycbench-server */
    const char *protocol, *mode;
    const char *plugin;       /* FILE.so, or NULL */
    int clients;              /* how many connections to expect at once; 0 = 8 */
    const char *const *extra; /* more arguments, NULL-ended, or NULL */
};

struct support_server {
    pid_t pid;
    uint16_t port;
    int control_fd; /* its end makes the server stop */
};

/* 0; -EPROTO when the server says FAILED (its words in err) or nothing sensible; the errors of
 * spawning. */
int support_server_start(const struct support_server_spec *spec, struct support_server *out,
                         struct bench_error *err) BENCH_MUST_CHECK;
/* Closes the control pipe and waits. Returns the exit status, or -1 when it had to be killed or a
 * signal ended it. Does nothing (0) when the server is gone already. */
int support_server_stop(struct support_server *server);
/* SIGKILL, as a crash: no orderly end of its connections. */
void support_server_kill(struct support_server *server);

#endif
