/* SPDX-License-Identifier: MIT */
/*
 * A client connection. Owned by whoever made it; it lives and dies on one loop. States:
 * NEW -> OPENING -> READY -> CLOSING -> CLOSED (and OPENING -> CLOSED when opening fails).
 *
 * Backends reach the network through bench_stream (below): one shared path for reading, writing,
 * time stamps and byte counts, plain or TLS. A backend whose library owns its sockets (libcurl)
 * reports them with bench_conn_socket_opened / _closing instead.
 */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "bench/op.h"
#include "bench/piece.h"

struct bench_loop;

/* Where to connect. Text, so that it can be shown; resolved once by bench_address_resolve. */
struct bench_address {
    char host[256];
    uint16_t port;
    bool tls;
    char path[256];            /* of a URL, "" if none; the whole path for a Unix socket */
    uint8_t sockaddr[128];     /* resolved */
    unsigned sockaddr_length;  /* 0 = not resolved */
    bool local;                /* a Unix socket: path is its file; host and port say nothing */
    bool insecure;             /* with tls: the peer's certificate is not checked */
    char ca_file[256];         /* with tls: certificates to trust instead of the system's; "" */
};

/* Resolves host and port, or the path of a Unix socket (getaddrinfo; may block; before measuring).
 * 0, -EHOSTUNREACH with the resolver's words, -ENAMETOOLONG. */
BENCH_API int bench_address_resolve(struct bench_address *address, struct bench_error *err)
    BENCH_MUST_CHECK;

/* ns on the steady clock, 0 = not yet. */
struct bench_conn_marks {
    int64_t started;   /* bench_conn_open */
    int64_t connected; /* TCP (or the bare transport) is up */
    int64_t ready;     /* the protocol can take an op */
};

/* Totals since the connection was made, over all its sockets. */
struct bench_conn_totals {
    uint64_t sockets;             /* opened */
    /* Payload bytes as the kernel counted them (tcp_info); of a Unix socket what the stream gave
     * and took, and nothing where a library has the socket. */
    uint64_t tcp_sent, tcp_received;
};

struct bench_conn_events {
    void (*opened)(struct bench_conn *conn, int status, void *user);
    /* Once after bench_conn_close, or when the connection broke; ops are completed before. */
    void (*closed)(struct bench_conn *conn, void *user);
    void (*writable)(struct bench_conn *conn, void *user); /* after -EAGAIN; may be NULL */
};

/* ---- for callers ---- */

/* Loads what connections of this loop to that address will trust (TLS only), so that the first of
 * them does not have to. 0; -ENOENT, -EINVAL with the file. */
BENCH_API int bench_loop_trust(struct bench_loop *loop, const struct bench_address *address,
                               struct bench_error *err) BENCH_MUST_CHECK;

/* A connection in state NEW; options as made by bench_options_new of that protocol, borrowed for
 * the connection's life; address copied. 0 or -ENOMEM. */
BENCH_API int bench_conn_new(struct bench_loop *loop, const struct bench_protocol *protocol,
                             const void *options, const struct bench_address *address,
                             const struct bench_conn_events *events, void *user,
                             struct bench_conn **out, struct bench_error *err) BENCH_MUST_CHECK;
/* Starts opening: 0 = `opened` will be called exactly once, else it will not. timeout_ns 0 =
 * none. */
BENCH_API int bench_conn_open(struct bench_conn *conn, int64_t timeout_ns, struct bench_error *err)
    BENCH_MUST_CHECK;
/* 0 = accepted, op->done will be called exactly once. -EAGAIN = full, wait for `writable`.
 * -ENOTCONN, -EINVAL (op's program is of another protocol) and what the backend refuses. */
BENCH_API int bench_conn_submit(struct bench_conn *conn, struct bench_op *op,
                                struct bench_error *err) BENCH_MUST_CHECK;
/* Takes an op back; it completes with -ECANCELED before the next turn of the loop. */
BENCH_API void bench_conn_cancel(struct bench_conn *conn, struct bench_op *op);
/* Begins an orderly end; never blocks; repeatable; ops in flight fail with CANCELED. */
BENCH_API void bench_conn_close(struct bench_conn *conn);
/* Any state; closes at once what is still open, without callbacks. Accepts NULL. */
BENCH_API void bench_conn_free(struct bench_conn *conn);
BENCH_API bool bench_conn_is_ready(const struct bench_conn *conn);
BENCH_API const struct bench_conn_marks *bench_conn_get_marks(const struct bench_conn *conn);
/* Why it broke or did not open; code 0 if it did not. */
BENCH_API const struct bench_error *bench_conn_error(const struct bench_conn *conn);
BENCH_API enum bench_failure bench_conn_failure(const struct bench_conn *conn);
/* Reads tcp_info of the open socket; cheap enough for the start and end of a workload. */
BENCH_API void bench_conn_get_totals(struct bench_conn *conn, struct bench_conn_totals *out);
/* For tests and tools, never in a measured path: runs the loop until op (or opening) is done. */
BENCH_API int bench_call_blocking(struct bench_conn *conn, struct bench_op *op,
                                  struct bench_error *err) BENCH_MUST_CHECK;
BENCH_API int bench_open_blocking(struct bench_conn *conn, int64_t timeout_ns,
                                  struct bench_error *err) BENCH_MUST_CHECK;

/* ---- watching, for tools only, never in a measured path ---- */

/* One message of the protocol, sent or received. Strings are borrowed for the call of the
 * watcher. */
struct bench_conn_message {
    bool sent;
    const char *kind; /* "GETATTR", "REPLY", "GET" */
    int64_t id;       /* that a request and its answer share; -1 = there is none */
    char what[96];    /* what it is about, on one line; a long text ends in "..." */
    uint64_t plain, wire; /* bytes before compression, and as sent */
    int64_t at_ns;        /* steady clock; 0 = now */
    const char *text;     /* the other side's traceback, for people; NULL = none */
    size_t text_length;
};

typedef void (*bench_conn_watch_fn)(struct bench_conn *conn,
                                    const struct bench_conn_message *message, void *user);

/* fn sees each message from now on, those of opening too; it must not touch the connection.
 * NULL ends it. Backends that do not tell (their watchers see nothing) are allowed. */
BENCH_API void bench_conn_watch(struct bench_conn *conn, bench_conn_watch_fn fn, void *user);
/* fn gets the bytes that the stream sends and receives, above TLS, as pieces of one connection at
 * a time (its numbers count from 1: a backend may open another stream), and sees it open and close;
 * on the loop's thread; it must not touch the connection. Set while a stream is open it is told of
 * one that was joined. NULL ends it, without a piece. A backend whose library owns its sockets has
 * no stream, and nothing is seen. */
BENCH_API void bench_conn_tap(struct bench_conn *conn, bench_piece_fn fn, void *user);

/* ---- for backends ---- */

/* Whether anybody wants to hear of messages: describing one costs. */
BENCH_API bool bench_conn_is_watched(const struct bench_conn *conn);
/* Tells the watcher, if there is one. */
BENCH_API void bench_conn_message(struct bench_conn *conn,
                                  const struct bench_conn_message *message);

BENCH_API void *bench_conn_priv(struct bench_conn *conn);
BENCH_API const void *bench_conn_options(const struct bench_conn *conn);
BENCH_API const struct bench_address *bench_conn_address(const struct bench_conn *conn);
BENCH_API struct bench_loop *bench_conn_loop(struct bench_conn *conn);
/* Marks that the transport is up (bench_stream does it itself); when_ns 0 = now. */
BENCH_API void bench_conn_connected(struct bench_conn *conn, int64_t when_ns);
/* Ends opening: status 0 = READY; negative = failed (say why with bench_conn_fail first). */
BENCH_API void bench_conn_opened(struct bench_conn *conn, int status);
/* The connection broke: notes the first cause, completes what is in flight with that failure,
 * closes the stream, and later calls `closed`. Returns code. Usable while OPENING too. */
BENCH_API int bench_conn_fail(struct bench_conn *conn, enum bench_failure failure, int code,
                              const char *format, ...) BENCH_PRINTF(4, 5);
/* The orderly end is complete. */
BENCH_API void bench_conn_closed(struct bench_conn *conn);
/* Room again after a submit that was answered with -EAGAIN. */
BENCH_API void bench_conn_writable(struct bench_conn *conn);
/* Ops in flight on the connection, oldest first; NULL when idle. */
BENCH_API struct bench_op *bench_conn_oldest_op(struct bench_conn *conn);
/* A socket of a foreign library came to life, or is about to be closed (still open now). */
BENCH_API void bench_conn_socket_opened(struct bench_conn *conn, int fd);
BENCH_API void bench_conn_socket_closing(struct bench_conn *conn, int fd);

/* ---- the shared byte stream, for backends without a library of their own ---- */

enum {
    BENCH_STREAM_NODELAY = 1,  /* TCP_NODELAY from the start */
    BENCH_STREAM_QUICKACK = 2, /* rearm TCP_QUICKACK before each wait */
};

struct bench_stream_ops {
    /* Connected (and the TLS handshake done). */
    void (*connected)(struct bench_conn *conn);
    /* Bytes that arrived and were not consumed before. Returns how many it consumed (0 = needs
     * more), or negative: then it has called bench_conn_fail. Unconsumed bytes are presented
     * again, in front of new ones, once at least bench_stream_want() bytes are there. */
    ssize_t (*data)(struct bench_conn *conn, const uint8_t *data, size_t length);
    /* The peer closed its side. NULL, or a function that returns true if that was expected. */
    bool (*eof)(struct bench_conn *conn);
    /* The kernel has taken all that had been queued. From the loop; may be NULL. */
    void (*drained)(struct bench_conn *conn);
};

/* Starts connecting to bench_conn_address. 0 or a negative errno with err filled. */
BENCH_API int bench_stream_open(struct bench_conn *conn, const struct bench_stream_ops *ops,
                                unsigned flags, struct bench_error *err) BENCH_MUST_CHECK;
/* Sends all of the pieces, in order, or queues what the kernel does not take now: copied, but for
 * a piece of the oldest op's tx, which is borrowed until that op completes.
 * 0, or negative after bench_conn_fail: then every op of the connection has been completed, and a
 * submit function that called this still returns 0. */
BENCH_API int bench_stream_write(struct bench_conn *conn, const struct iovec *pieces, int count);
/* Tells that `data` need not be called before that many unconsumed bytes are there; up to
 * limit_bytes of the connection's receive buffer. 0 or -EMSGSIZE. */
BENCH_API int bench_stream_want(struct bench_conn *conn, size_t bytes) BENCH_MUST_CHECK;
/* True while written bytes wait for the kernel. */
BENCH_API bool bench_stream_is_queueing(const struct bench_conn *conn);
/* Shuts down and closes the socket; unsent bytes are lost. Repeatable. A backend may open a new
 * stream afterwards (a second try with another layout). */
BENCH_API void bench_stream_close(struct bench_conn *conn);
/* The socket, or -1. */
BENCH_API int bench_stream_fd(const struct bench_conn *conn);

#endif
