/* SPDX-License-Identifier: MIT */
/*
 * How a server makes and ends sessions (the accept loop and tests only; a protocol's server half
 * sees bench/session.h). The socket is the caller's: it closes it after bench_session_fini. One
 * thread serves a session; only bench_session_stop may come from another one (or from a signal
 * handler of the same one).
 */
#ifndef BENCH_SESSION_INTERNAL_H
#define BENCH_SESSION_INTERNAL_H

#include <stdatomic.h>

#include "bench/buf.h"
#include "bench/session.h"
#include "core/ahead.h"

struct bench_tls;
struct bench_tls_context;

#define BENCH_SESSION_BUFFER ((size_t)16 << 10)

/* What all sessions of a server have in common. Borrowed by each of them. */
struct bench_session_setup {
    const struct bench_service *service;
    void *server;        /* the protocol's shared bytes */
    size_t session_size; /* private bytes per session */
    struct bench_session_limits limits;
    struct bench_tls_context *tls; /* NULL = plain */
};

struct bench_session {
    const struct bench_session_setup *setup;
    void *priv; /* session_size bytes, or NULL */
    int fd;
    atomic_bool stopping;
    int64_t receive_tick_ns;     /* SO_RCVTIMEO: when a blocked recv looks at its deadline */
    int64_t message_deadline_ns; /* steady clock; 0 = no message begun, or no limit */
    size_t start, end;           /* unconsumed bytes of buffer */
    struct bench_ahead ahead;    /* comes after what is in buffer; its limit is 0 in a handshake */
    int ended;                   /* how reading ahead found the socket's end: negative; 0 = not */
    int64_t tended_ns;           /* when bench_session_tend has looked */
    struct bench_tls *tls;       /* NULL = plain */
    struct bench_buf records;    /* of TLS, to be sent */
    uint8_t buffer[BENCH_SESSION_BUFFER];
};

/* A session over a connected stream socket in blocking mode, in the caller's memory (which need
 * not be zeroed). 0, -ENOMEM, or what setsockopt says. */
int bench_session_init(struct bench_session *session, int fd,
                       const struct bench_session_setup *setup,
                       struct bench_error *err) BENCH_MUST_CHECK;
void bench_session_fini(struct bench_session *session);

/* The TLS handshake, if the setup wants one; before anything is read or written. 0; negative with
 * err filled: there is nothing to be served. */
int bench_session_handshake(struct bench_session *session,
                            struct bench_error *err) BENCH_MUST_CHECK;

/* Ends a session from outside: what it waits for returns, bench_session_stopping becomes true.
 * Async-signal-safe. The socket must still be open. */
void bench_session_stop(struct bench_session *session);

#endif
