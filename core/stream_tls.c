/* SPDX-License-Identifier: MIT */
/*
 * The stream of a connection over TLS. What does not go out at once stays plain in the stream's
 * queue and is encrypted as the kernel takes it, so that encrypting and sending overlap and no more
 * than a portion of records is held.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/stream_internal.h"
#include "core/tls.h"

/* ---- what is trusted ---- */

static int find_trust(struct bench_loop *loop, const struct bench_address *address,
                      struct bench_tls_context **out, struct bench_error *err)
{
    for (struct loop_trust *t = loop->trusts; t != NULL; t = t->next) {
        if (t->insecure == address->insecure && strcmp(t->ca_file, address->ca_file) == 0) {
            *out = t->context;
            return 0;
        }
    }
    struct loop_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL)
        return bench_fail(err, -ENOMEM, "no memory for TLS");
    int rc = bench_tls_client_context(address->ca_file, address->insecure, &trust->context, err);
    if (rc < 0) {
        free(trust);
        return rc;
    }
    trust->insecure = address->insecure;
    (void)snprintf(trust->ca_file, sizeof(trust->ca_file), "%s", address->ca_file);
    trust->next = loop->trusts;
    loop->trusts = trust;
    *out = trust->context;
    return 0;
}

int bench_loop_trust(struct bench_loop *loop, const struct bench_address *address,
                     struct bench_error *err)
{
    struct bench_tls_context *context;
    return address->tls ? find_trust(loop, address, &context, err) : 0;
}

void loop_forget_trusts(struct bench_loop *loop)
{
    struct loop_trust *next;
    for (struct loop_trust *t = loop->trusts; t != NULL; t = next) {
        next = t->next;
        bench_tls_context_free(t->context);
        free(t);
    }
    loop->trusts = NULL;
}

/* ---- sending ---- */

/* Sends the records that there are. 0 = all of them; -EAGAIN; other negative = failed. */
static int send_records(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    while (bench_buf_length(&s->records) > 0) {
        ssize_t n = send(s->fd, bench_buf_head(&s->records), bench_buf_length(&s->records),
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return -EAGAIN;
        if (n < 0)
            return stream_error(conn, -errno, "sending");
        bench_buf_drop(&s->records, (size_t)n);
    }
    bench_buf_clear(&s->records);
    return 0;
}

static int seal(struct bench_conn *conn, struct bench_tls_cursor *at)
{
    struct stream *s = &conn->stream;
    stream_borrow(conn->loop, &s->records);
    int rc = bench_tls_seal(s->tls, at);
    if (rc == -EPROTO)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", bench_tls_why(s->tls));
    return rc < 0 ? stream_error(conn, rc, "sending") : 0;
}

/* Encrypts a portion of what waits. */
static int seal_queue(struct bench_conn *conn)
{
    struct iovec pieces[STREAM_PIECES];
    struct bench_tls_cursor at = {.piece = pieces, .left = stream_queue(&conn->stream, pieces)};
    const int count = at.left;
    const int64_t now_ns = stream_tap_now(conn);
    int rc = seal(conn, &at);
    if (rc == 0) {
        stream_tap_sent(conn, pieces, count, at.done, now_ns);
        stream_queue_drop(&conn->stream, at.done);
    }
    return rc;
}

static bool has_plain(const struct stream *s)
{
    return bench_buf_length(&s->tx) > 0 || s->borrowed.length > 0 ||
           bench_buf_length(&s->tx_after) > 0;
}

/* 0 = nothing waits any more; -EAGAIN; other negative = failed. */
static int send_waiting(struct bench_conn *conn)
{
    int rc = send_records(conn);
    while (rc == 0 && has_plain(&conn->stream)) {
        rc = seal_queue(conn);
        if (rc == 0)
            rc = send_records(conn);
    }
    return rc;
}

/* Two messages never share a record (Python's rpyc looks at the socket, not into TLS, for its next
 * frame): what waits in plain is encrypted before another message joins it. */
static int seal_waiting(struct bench_conn *conn)
{
    int rc = 0;
    while (rc == 0 && has_plain(&conn->stream))
        rc = seal_queue(conn);
    return rc;
}

int stream_tls_write(struct bench_conn *conn, const struct iovec *pieces, int count)
{
    struct bench_tls_cursor at = {.piece = pieces, .left = count};
    assert(!conn->stream.handshaking);
    bool waits = bench_stream_is_queueing(conn);
    const int64_t now_ns = stream_tap_now(conn);
    int rc = waits ? seal_waiting(conn) : 0;
    while (rc == 0 && !waits && at.left > 0) {
        rc = seal(conn, &at);
        if (rc == 0)
            rc = send_records(conn);
        waits = rc == -EAGAIN;
        rc = waits ? 0 : rc;
    }
    if (rc < 0)
        return rc;
    stream_tap_sent(conn, pieces, count, at.done, now_ns);
    if (!waits) {
        stream_return(conn->loop, &conn->stream.records);
        return 0;
    }
    return stream_queue_rest(conn, pieces, count, at.done);
}

static void on_writable(struct bench_conn *conn)
{
    int rc = send_waiting(conn);
    if (rc < 0)
        return;
    if (!conn->stream.handshaking) {
        stream_drained(conn);
        return;
    }
    stream_return(conn->loop, &conn->stream.records);
    if (stream_update_interest(conn) < 0)
        (void)stream_error(conn, -EIO, "watching the socket");
}

/* Records that TLS made by itself: the handshake's, alerts. 0, or negative when it failed. */
static int send_own(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    if (bench_buf_length(&s->records) == 0)
        return 0;
    int rc = send_records(conn);
    if (rc == 0)
        stream_return(conn->loop, &s->records);
    if (rc == -EAGAIN)
        rc = stream_update_interest(conn) < 0 ? stream_error(conn, -EIO, "watching the socket") : 0;
    return rc;
}

/* ---- receiving ---- */

/* Reads until the room is full or nothing is there. 0, -EAGAIN, -ENODATA (end), or what broke;
 * *got bytes have come in any case. */
static int fill(struct bench_tls *tls, uint8_t *to, size_t room, size_t *got)
{
    *got = 0;
    while (*got < room) {
        ssize_t n = bench_tls_read(tls, to + *got, room - *got);
        if (n <= 0)
            return n == 0 ? -ENODATA : (int)n;
        *got += (size_t)n;
    }
    return 0;
}

/* What comes goes to the loop's buffer, and behind what was left over if there is such. Returns as
 * fill does, or -ECANCELED when the stream has gone. */
static int read_some(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    size_t have = bench_buf_length(&s->rx), got;
    uint8_t *to = conn->loop->rx;
    size_t room = LOOP_RX_BYTES;
    if (have > 0) {
        room = s->want > have + LOOP_RX_BYTES ? s->want - have : LOOP_RX_BYTES;
        if (bench_buf_reserve(&s->rx, room) < 0) {
            (void)stream_error(conn, -EMSGSIZE, "receiving");
            return -ECANCELED;
        }
        to = s->rx.data + s->rx.end;
    }
    int status = fill(s->tls, to, room, &got);
    if (got == 0)
        return status;
    stream_tap_received(conn, to, got);
    if (have > 0)
        s->rx.end += got;
    ssize_t used = have > 0 ? stream_present(conn, bench_buf_head(&s->rx), have + got)
                            : stream_present(conn, to, got);
    if (used < 0)
        return -ECANCELED;
    if (have > 0) {
        bench_buf_drop(&s->rx, (size_t)used);
        stream_return(conn->loop, &s->rx);
    } else if ((size_t)used < got) {
        stream_borrow(conn->loop, &s->rx);
        int rc = bench_buf_add(&s->rx, to + used, got - (size_t)used);
        if (rc < 0) {
            (void)stream_error(conn, rc, "receiving");
            return -ECANCELED;
        }
    }
    return status;
}

static void on_readable(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    unsigned generation = s->generation;
    int rc;
    do
        rc = read_some(conn);
    while (rc == 0 && s->generation == generation);
    if (rc == -ECANCELED || s->generation != generation)
        return;
    if (send_own(conn) < 0)
        return;
    if (rc == -ENODATA)
        stream_on_eof(conn);
    else if (rc == -EPROTO)
        (void)bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", bench_tls_why(s->tls));
    else if (rc != -EAGAIN)
        (void)stream_error(conn, rc, "receiving");
    else
        stream_rearm_quickack(s);
}

/* ---- the handshake ---- */

/* True = it is done. */
static bool shake_hands(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    struct bench_error err = {.code = 0};
    stream_borrow(conn->loop, &s->records);
    int rc = bench_tls_handshake(s->tls, &err);
    if (rc < 0 && rc != -EAGAIN) {
        /* The alert tells the peer why; nothing waits for it. */
        (void)send(s->fd, bench_buf_head(&s->records), bench_buf_length(&s->records),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)bench_conn_fail(conn, bench_failure_from_errno(rc), rc, "%s", err.msg);
        return false;
    }
    s->handshaking = rc < 0;
    stream_rearm_quickack(s);
    return send_own(conn) == 0 && rc == 0;
}

void stream_tls_on_socket(int fd, unsigned ready, void *user)
{
    struct bench_conn *conn = user;
    struct stream *s = &conn->stream;
    unsigned generation = s->generation;
    (void)fd;
    bench_tls_turn(s->tls);
    if (s->connecting) {
        if (!stream_connected(conn) || !shake_hands(conn))
            return;
        ready = 0;
    }
    if (ready & BENCH_IO_WRITE) {
        on_writable(conn);
        if (s->generation != generation)
            return;
    }
    if (!(ready & BENCH_IO_READ))
        return;
    if (s->handshaking) {
        if (!shake_hands(conn))
            return;
        s->ops->connected(conn);
        if (s->generation != generation)
            return;
    }
    on_readable(conn);
}

/* ---- life ---- */

int stream_tls_open(struct bench_conn *conn, struct bench_error *err)
{
    struct stream *s = &conn->stream;
    struct bench_tls_context *context;
    int rc = find_trust(conn->loop, &conn->address, &context, err);
    if (rc == 0)
        rc = bench_tls_new(context, s->fd, conn->address.host, true, &s->records, &s->tls, err);
    s->handshaking = rc == 0;
    return rc;
}

void stream_tls_close(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    bool clear = bench_buf_length(&s->records) == 0;
    stream_borrow(conn->loop, &s->records);
    if (clear && !bench_stream_is_queueing(conn)) {
        bench_tls_end(s->tls);
        if (bench_buf_length(&s->records) > 0)
            (void)send(s->fd, bench_buf_head(&s->records), bench_buf_length(&s->records),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    bench_tls_free(s->tls);
    s->tls = NULL;
    s->handshaking = false;
}
