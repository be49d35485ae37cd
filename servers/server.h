/* SPDX-License-Identifier: MIT */
/*
 * The native server: one accept loop and one service for every protocol. A protocol contributes
 * its codec (struct bench_server_ops), a mode where sessions run (struct server_mode); nothing
 * else differs between any two native servers.
 *
 * Everything here is called from the main thread, which is the only one until a mode starts more.
 */
#ifndef SERVER_H
#define SERVER_H

#include <signal.h>

#include "bench/error.h"
#include "bench/protocol.h"
#include "core/session_internal.h"
#include "servers/settings.h"

/* Exit statuses of rpycbench-server. */
enum { SERVER_EXIT_OK = 0, SERVER_EXIT_USAGE = 2, SERVER_EXIT_START = 3 };

struct server_mode;

struct server {
    const struct bench_protocol *protocol;
    const struct server_mode *mode;
    void *options; /* of the protocol */
    const char *socket_path; /* of the listener, to be removed at the end; NULL */
    void *shared;  /* protocol->server->server_size bytes */
    struct bench_tls_context *tls; /* NULL = plain */
    bool prepared; /* the protocol's init succeeded */
    struct bench_session_setup setup;
    size_t max_sessions;
    /* Descriptors of the accept loop, -1 = none: a forked child closes them. */
    int listener, signal_fd, control_fd;
    sigset_t start_mask; /* what was blocked before the server blocked its signals */
};

/* Where sessions run. `state` is the mode's own. */
struct server_mode {
    const char *name;
    const char *summary;
    int (*init)(struct server *server, void **state, struct bench_error *err);
    /* Starts a session on fd and takes the descriptor, also when it fails. */
    int (*start)(void *state, int fd, struct bench_error *err);
    /* Cleans up after sessions that have ended; never blocks for long. */
    void (*reap)(void *state);
    size_t (*sessions)(void *state); /* started and not reaped */
    /* Ends all sessions, gracefully until grace_ns is over, and frees the state. False when some
     * could not be ended: then the state lives on and the process may only _exit. */
    bool (*stop)(void *state, int64_t grace_ns);
};

extern const struct server_mode server_mode_threaded, server_mode_forking;

/* The list of modes, NULL-ended: a further mode is a file and a row. */
extern const struct server_mode *const server_modes[];

/* Runs a server until it is told to stop. Returns the exit status. */
int server_main(const struct server_settings *settings);

/* Serves one session to its end; logs at debug level why it ended early. */
void server_serve(struct server *server, struct bench_session *session);

/* ---- accept.c ---- */

/* Binds and listens. *port is the one that was bound, 0 for "unix:/PATH". 0 or a negative errno with err filled. */
int server_listen(const char *host, uint16_t port, int *fd, uint16_t *bound,
                  struct bench_error *err) BENCH_MUST_CHECK;
/* The PATH of "unix:PATH"; NULL for anything else. */
const char *server_local_path(const char *host);
/* Accepts until SIGTERM, SIGINT or end of file on the control descriptor. 0, or a negative errno
 * when the listener broke. */
int server_accept_loop(struct server *server, void *state,
                       struct bench_error *err) BENCH_MUST_CHECK;

/* ---- ready.c: telling the parent; fd -1 = there is none ---- */

/* Writes "READY PORT\n" (0 for a Unix socket) and closes fd. */
void server_ready(int fd, uint16_t port);
/* Writes "FAILED why\n" and closes fd. */
void server_failed(int fd, const char *why);

#endif
