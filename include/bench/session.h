/* SPDX-License-Identifier: MIT */
/*
 * The server's side of one connection: blocking, one thread (or one process) per session. Core
 * owns the socket; deadlines and the end of the server are core's business: a session that is
 * stopped sees -ECANCELED or end of file.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stdbool.h>
#include <sys/uio.h>

#include "bench/object.h"

struct bench_error;
struct bench_session;

/* Members are only ever added at the end; absent ones read as NULL or 0. */
struct bench_server_ops {
    size_t server_size; /* bytes shared by all sessions, zeroed */
    /* Once, before listening, before any thread or fork. options as of the protocol. */
    int (*init)(void *server, const void *options, struct bench_error *err);
    void (*fini)(void *server);
    size_t session_size; /* private bytes per session, zeroed */
    /* One connected socket until end of file or stop. 0 = clean, else negative with err filled.
     * Never closes the descriptor, forks, starts threads or touches signals. */
    int (*serve)(struct bench_session *session, struct bench_error *err);
};

/* Limits that core enforces for all protocols; options of rpycbench-server. */
struct bench_session_limits {
    int64_t idle_timeout_ns;    /* between requests; 0 = none */
    int64_t message_timeout_ns; /* for the rest of a message once it began, and for writing */
    uint64_t message_bytes;     /* largest request */
    uint64_t read_ahead_bytes;  /* most that is kept of what comes while nobody reads; 0 = nothing */
};

BENCH_API void *bench_session_priv(struct bench_session *session);
BENCH_API void *bench_session_server(struct bench_session *session);
BENCH_API const struct bench_service *bench_session_service(struct bench_session *session);
BENCH_API const struct bench_session_limits *bench_session_limits(struct bench_session *session);
BENCH_API bool bench_session_stopping(struct bench_session *session);

/* Makes at least `want` unconsumed bytes contiguous (want <= 16 KiB) and returns a pointer to
 * them; *have says how many there are. 0; -ENODATA at end of file with nothing unconsumed;
 * -ECONNRESET at end of file in the middle; -ETIMEDOUT; -ECANCELED; -EMSGSIZE. The pointer is
 * valid until the next peek or read: what write, sleep and tend take from the socket goes elsewhere
 * and is read later, in its order. `begun` tells which deadline holds: false = idle. */
BENCH_API int bench_session_peek(struct bench_session *session, size_t want, bool begun,
                                 const uint8_t **data, size_t *have) BENCH_MUST_CHECK;
BENCH_API void bench_session_consume(struct bench_session *session, size_t n);
/* What still comes of the present message has to come within ns (> 0), whatever the limits are:
 * before a session ends on its own account. For the rest of the session. */
BENCH_API void bench_session_hurry(struct bench_session *session, int64_t ns);
/* Exactly n bytes into buf; the errors of peek (end of file is always -ECONNRESET). */
BENCH_API int bench_session_read(struct bench_session *session, void *buf, size_t n)
    BENCH_MUST_CHECK;
/* All of it, in one system call if the kernel takes it: one message, one write. While the peer does
 * not take it, what the peer sends is read ahead: it may be one that writes first and reads then.
 * 0, -EPIPE/-ECONNRESET, -ETIMEDOUT, -ECANCELED. */
BENCH_API int bench_session_write(struct bench_session *session, const struct iovec *pieces,
                                  int count) BENCH_MUST_CHECK;
/* Tells the peer at once that its bytes have come. For a message that nothing is sent back for: a
 * peer with Nagle's algorithm holds its next one until then, which the kernel's delayed
 * acknowledgement makes 40 ms. */
BENCH_API void bench_session_acknowledge(struct bench_session *session);
/* Blocks for ns or until the session is stopped; reads ahead meanwhile. 0 or -ECANCELED. session
 * may be NULL. */
BENCH_API int bench_session_sleep(struct bench_session *session, int64_t ns);
/* For whoever computes for long: to be called every 100 ms or more often, so that a peer which goes
 * on sending is not held up (Python's client gives up a write after 3 s). Looks at the clock, and at
 * the socket if the latest look was 100 ms ago. Never waits, reports nothing: what came is read
 * later. session may be NULL. */
BENCH_API void bench_session_tend(struct bench_session *session);

#endif
