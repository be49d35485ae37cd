/* SPDX-License-Identifier: MIT */
/* What stream.c and stream_tls.c know of each other. */
#ifndef BENCH_STREAM_INTERNAL_H
#define BENCH_STREAM_INTERNAL_H

#include "bench/units.h"
#include "core/loop_internal.h"

struct bench_tls_cursor;

enum { STREAM_PIECES = 3 }; /* of the queue */

/* ---- stream.c ---- */

/* Buffers are lent by the loop; only an empty one goes back. */
void stream_borrow(struct bench_loop *loop, struct bench_buf *buf);
void stream_return(struct bench_loop *loop, struct bench_buf *buf);
/* Breaks the connection with "what: words of the errno"; returns code. */
int stream_error(struct bench_conn *conn, int code, const char *what);
/* Hands bytes to the backend until it wants more than there is. Returns how many were consumed, or
 * negative when the stream has gone or failed. */
ssize_t stream_present(struct bench_conn *conn, const uint8_t *data, size_t length);
void stream_on_eof(struct bench_conn *conn);
int stream_update_interest(struct bench_conn *conn);
/* Connecting has ended: false if it failed or the stream has gone. */
bool stream_connected(struct bench_conn *conn);
/* The queue in order, up to STREAM_PIECES; returns how many. */
int stream_queue(const struct stream *s, struct iovec *out);
void stream_queue_drop(struct stream *s, size_t n);
/* Queues what of the pieces is behind the first `sent` bytes. 0 or negative (failed). */
int stream_queue_rest(struct bench_conn *conn, const struct iovec *pieces, int count, size_t sent);
/* If asked for: the next bytes are acknowledged at once. */
void stream_rearm_quickack(const struct stream *s);
/* Everything that waited has been sent. */
void stream_drained(struct bench_conn *conn);

/* ---- stream_tap.c: what bench_conn_tap asked for ---- */

void stream_tell_opened(struct bench_conn *conn, bool joined);
void stream_tell_sent(struct bench_conn *conn, const struct iovec *pieces, int count, size_t length,
                      int64_t when_ns);
void stream_tell_received(struct bench_conn *conn, const uint8_t *data, size_t length);
void stream_tell_closed(struct bench_conn *conn);

/* Nothing more than a look where nobody listens. */
static inline void stream_tap_opened(struct bench_conn *conn)
{
    if (conn->tap.fn != NULL)
        stream_tell_opened(conn, false);
}

/* The time for stream_tap_sent, before sending. */
static inline int64_t stream_tap_now(const struct bench_conn *conn)
{
    return conn->tap.fn == NULL ? 0 : bench_now_ns();
}

/* The first `length` bytes of the pieces have been sent. */
static inline void stream_tap_sent(struct bench_conn *conn, const struct iovec *pieces, int count,
                                   size_t length, int64_t when_ns)
{
    if (conn->tap.fn != NULL)
        stream_tell_sent(conn, pieces, count, length, when_ns);
}

static inline void stream_tap_received(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    if (conn->tap.fn != NULL)
        stream_tell_received(conn, data, length);
}

static inline void stream_tap_closed(struct bench_conn *conn)
{
    if (conn->tap.fn != NULL)
        stream_tell_closed(conn);
}

/* ---- stream_tls.c ---- */

/* Before connecting; 0 or negative with err filled. */
int stream_tls_open(struct bench_conn *conn, struct bench_error *err);
void stream_tls_close(struct bench_conn *conn);
void stream_tls_on_socket(int fd, unsigned ready, void *user);
int stream_tls_write(struct bench_conn *conn, const struct iovec *pieces, int count);

#endif
