/* SPDX-License-Identifier: MIT */
/* The shared byte stream of a connection: a non-blocking socket on the loop; TLS is in stream_tls.c,
 * over the same queue. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/stream_internal.h"

enum {
    READS_PER_TURN = 16, /* then other connections get their turn */
    PIECES_MAX = 16,     /* of one write */
};
/* Largest message that may pile up on a connection. */
#define STREAM_LIMIT ((size_t)1100 << 20)
#define SPARES_BYTES ((size_t)64 << 20) /* of all buffers that a loop keeps for its connections */

/* ---- buffers are lent by the loop ---- */

void stream_borrow(struct bench_loop *loop, struct bench_buf *buf)
{
    if (buf->data != NULL || loop->nspares == 0)
        return;
    loop->nspares--;
    buf->data = loop->spares[loop->nspares].data;
    buf->capacity = loop->spares[loop->nspares].capacity;
    loop->spare_bytes -= buf->capacity;
}

void stream_return(struct bench_loop *loop, struct bench_buf *buf)
{
    if (buf->data == NULL || bench_buf_length(buf) > 0)
        return;
    if (loop->nspares == LOOP_SPARES || loop->spare_bytes + buf->capacity > SPARES_BYTES) {
        bench_buf_fini(buf);
        return;
    }
    loop->spares[loop->nspares].data = buf->data;
    loop->spares[loop->nspares].capacity = buf->capacity;
    loop->nspares++;
    loop->spare_bytes += buf->capacity;
    bench_buf_init(buf, buf->limit);
}

static void return_sent(struct bench_conn *conn)
{
    stream_return(conn->loop, &conn->stream.tx);
    stream_return(conn->loop, &conn->stream.tx_after);
    stream_return(conn->loop, &conn->stream.records);
}

void stream_init(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    s->fd = -1;
    bench_buf_init(&s->rx, STREAM_LIMIT);
    bench_buf_init(&s->tx, STREAM_LIMIT);
    bench_buf_init(&s->tx_after, STREAM_LIMIT);
    bench_buf_init(&s->records, STREAM_LIMIT);
}

void stream_fini(struct bench_conn *conn)
{
    bench_stream_close(conn);
    bench_buf_fini(&conn->stream.rx);
    bench_buf_fini(&conn->stream.tx);
    bench_buf_fini(&conn->stream.tx_after);
    bench_buf_fini(&conn->stream.records);
}

int stream_error(struct bench_conn *conn, int code, const char *what)
{
    return bench_conn_fail(conn, bench_failure_from_errno(code), code, "%s: %s", what,
                           bench_errno_text(code));
}

void stream_rearm_quickack(const struct stream *s)
{
    const int one = 1;
    if (s->flags & BENCH_STREAM_QUICKACK)
        (void)setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

ssize_t stream_present(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    struct stream *s = &conn->stream;
    unsigned generation = s->generation;
    size_t used = 0;
    while (used < length && length - used >= s->want) {
        s->want = 0;
        ssize_t n = s->ops->data(conn, data + used, length - used);
        if (s->generation != generation || n < 0)
            return -ECANCELED;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    return (ssize_t)used;
}

/* One recv into the loop's buffer; what is left over moves to the connection's. */
static ssize_t read_fresh(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    uint8_t *rx = conn->loop->rx;
    ssize_t n = recv(s->fd, rx, LOOP_RX_BYTES, 0);
    if (n <= 0)
        return n;
    s->received += (size_t)n;
    stream_tap_received(conn, rx, (size_t)n);
    ssize_t used = stream_present(conn, rx, (size_t)n);
    if (used < 0)
        return -2;
    if (used < n)
        stream_borrow(conn->loop, &s->rx);
    int rc = bench_buf_add(&s->rx, rx + used, (size_t)(n - used));
    if (rc < 0) {
        (void)stream_error(conn, rc, "receiving");
        return -2;
    }
    return n;
}

/* One recv behind what was left over: large messages are not copied through the loop's buffer. */
static ssize_t read_behind(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    size_t have = bench_buf_length(&s->rx);
    size_t room = s->want > have ? s->want - have : 0;
    if (room < 64 * 1024)
        room = 64 * 1024;
    int rc = bench_buf_reserve(&s->rx, room);
    if (rc < 0) {
        (void)stream_error(conn, rc, "receiving");
        return -2;
    }
    ssize_t n = recv(s->fd, s->rx.data + s->rx.end, room, 0);
    if (n <= 0)
        return n;
    stream_tap_received(conn, s->rx.data + s->rx.end, (size_t)n);
    s->rx.end += (size_t)n;
    s->received += (size_t)n;
    ssize_t used = stream_present(conn, bench_buf_head(&s->rx), bench_buf_length(&s->rx));
    if (used < 0)
        return -2;
    bench_buf_drop(&s->rx, (size_t)used);
    stream_return(conn->loop, &s->rx);
    return n;
}

void stream_on_eof(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    unsigned generation = s->generation;
    bool expected = s->ops->eof != NULL && s->ops->eof(conn);
    if (s->generation != generation)
        return; /* the backend has closed it, or tries again over another one */
    if (conn->state == CONN_CLOSING || (expected && conn->state == CONN_READY)) {
        bench_conn_closed(conn);
    } else {
        bool middle = bench_buf_length(&s->rx) > 0;
        (void)bench_conn_fail(conn, BENCH_FAILURE_CLOSED, -ENODATA, "the peer closed the connection%s",
                              middle ? " in the middle of a message" : "");
    }
}

static void on_readable(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    unsigned generation = s->generation;
    for (int i = 0; i < READS_PER_TURN; i++) {
        bool fresh = bench_buf_length(&s->rx) == 0;
        size_t room = fresh ? LOOP_RX_BYTES : 64 * 1024;
        ssize_t n = fresh ? read_fresh(conn) : read_behind(conn);
        if (n == -2 || s->generation != generation)
            return;
        if (n == 0) {
            stream_on_eof(conn);
            return;
        }
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                (void)stream_error(conn, -errno, "receiving");
            break;
        }
        if ((size_t)n < room)
            break; /* the kernel had no more */
    }
    if (s->generation == generation)
        stream_rearm_quickack(s);
}

int stream_update_interest(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    unsigned interest = s->connecting ? 0 : BENCH_IO_READ;
    if (s->connecting || bench_stream_is_queueing(conn))
        interest |= BENCH_IO_WRITE;
    return bench_io_interest(s->io, interest);
}

bool stream_connected(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    int code = 0;
    socklen_t length = sizeof(code);
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
        code = errno;
    if (code != 0) {
        (void)stream_error(conn, -code, "connecting");
        return false;
    }
    s->connecting = false;
    bench_conn_connected(conn, 0);
    stream_tap_opened(conn);
    if (stream_update_interest(conn) < 0) {
        (void)stream_error(conn, -EIO, "watching the socket");
        return false;
    }
    stream_rearm_quickack(s);
    return true;
}

/* ---- what waits for the kernel ---- */

int stream_queue(const struct stream *s, struct iovec *out)
{
    union {
        const uint8_t *in;
        void *out;
    } borrowed = {.in = s->borrowed.data}; /* iovec has no const */
    int n = 0;
    if (bench_buf_length(&s->tx) > 0)
        out[n++] = (struct iovec){bench_buf_head(&s->tx), bench_buf_length(&s->tx)};
    if (s->borrowed.length > 0)
        out[n++] = (struct iovec){borrowed.out, s->borrowed.length};
    if (bench_buf_length(&s->tx_after) > 0)
        out[n++] = (struct iovec){bench_buf_head(&s->tx_after), bench_buf_length(&s->tx_after)};
    return n;
}

static size_t take(size_t *left, size_t most)
{
    size_t n = *left < most ? *left : most;
    *left -= n;
    return n;
}

/* n bytes from the front of the queue have been sent. */
void stream_queue_drop(struct stream *s, size_t n)
{
    s->sent += n;
    bench_buf_drop(&s->tx, take(&n, bench_buf_length(&s->tx)));
    size_t borrowed = take(&n, s->borrowed.length);
    s->borrowed.data += borrowed;
    s->borrowed.length -= borrowed;
    bench_buf_drop(&s->tx_after, take(&n, bench_buf_length(&s->tx_after)));
    if (s->borrowed.length == 0)
        s->borrowed.op = NULL;
}

void stream_drained(struct bench_conn *conn)
{
    return_sent(conn);
    if (stream_update_interest(conn) < 0)
        (void)stream_error(conn, -EIO, "watching the socket");
    else if (conn->stream.ops->drained != NULL)
        conn->stream.ops->drained(conn);
}

static void flush_queue(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    while (bench_stream_is_queueing(conn)) {
        struct iovec pieces[STREAM_PIECES];
        struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = (size_t)stream_queue(s, pieces)};
        const int64_t now_ns = stream_tap_now(conn);
        ssize_t n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                (void)stream_error(conn, -errno, "sending");
            return;
        }
        stream_tap_sent(conn, pieces, (int)msg.msg_iovlen, (size_t)n, now_ns);
        stream_queue_drop(s, (size_t)n);
    }
    stream_drained(conn);
}

/* Adds to the end of the queue: borrowed if it is the op's own payload and the place is free. */
static int queue_add(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    struct stream *s = &conn->stream;
    struct op_full *op = conn->submitting != NULL ? conn->submitting : TAILQ_FIRST(&conn->ops);
    const uint8_t *tx = op == NULL ? NULL : op->op.tx.data;
    bool own = tx != NULL && data >= tx && data + length <= tx + op->op.tx.length;
    if (length > 0 && own && s->borrowed.length == 0 && bench_buf_length(&s->tx_after) == 0) {
        s->borrowed.data = data;
        s->borrowed.length = length;
        s->borrowed.op = op;
        return 0;
    }
    bool behind = s->borrowed.length > 0 || bench_buf_length(&s->tx_after) > 0;
    struct bench_buf *queue = behind ? &s->tx_after : &s->tx;
    if (length > 0)
        stream_borrow(conn->loop, queue);
    return bench_buf_add(queue, data, length);
}

void stream_return_borrowed(struct bench_conn *conn, const struct op_full *op)
{
    struct stream *s = &conn->stream;
    if (s->borrowed.op != op || s->borrowed.length == 0)
        return;
    int rc = bench_buf_add(&s->tx, s->borrowed.data, s->borrowed.length);
    s->borrowed.length = 0;
    s->borrowed.op = NULL;
    if (rc == 0)
        rc = bench_buf_add(&s->tx, bench_buf_head(&s->tx_after), bench_buf_length(&s->tx_after));
    bench_buf_clear(&s->tx_after);
    /* The peer would wait for the rest for ever. */
    if (rc < 0)
        bench_stream_close(conn);
}

static void on_socket(int fd, unsigned ready, void *user)
{
    (void)fd;
    struct bench_conn *conn = user;
    unsigned generation = conn->stream.generation;
    if (conn->stream.connecting) {
        if (stream_connected(conn))
            conn->stream.ops->connected(conn);
        return;
    }
    if (ready & BENCH_IO_WRITE)
        flush_queue(conn);
    if ((ready & BENCH_IO_READ) && conn->stream.generation == generation)
        on_readable(conn);
}

int bench_stream_open(struct bench_conn *conn, const struct bench_stream_ops *ops, unsigned flags,
                      struct bench_error *err)
{
    struct stream *s = &conn->stream;
    const struct bench_address *a = &conn->address;
    if (a->sockaddr_length == 0)
        return bench_fail(err, -EDESTADDRREQ, "address %s was not resolved", a->host);
    struct sockaddr_storage to;
    memcpy(&to, a->sockaddr, a->sockaddr_length);
    bench_stream_close(conn);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return bench_fail(err, -errno, "no socket: %s", bench_errno_text(errno));
    const int one = 1;
    if (to.ss_family == AF_UNIX)
        flags = 0; /* they are options of TCP */
    if (flags & BENCH_STREAM_NODELAY)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    int rc = bench_io_new(conn->loop, fd, a->tls ? stream_tls_on_socket : on_socket, conn, &s->io);
    if (rc < 0) {
        (void)close(fd);
        return bench_fail(err, rc, "cannot watch a socket");
    }
    s->fd = fd;
    s->ops = ops;
    s->flags = flags;
    s->want = 0;
    s->sent = s->received = 0;
    s->connecting = true;
    conn->totals.sockets++;
    rc = a->tls ? stream_tls_open(conn, err) : 0;
    if (rc < 0) {
        bench_stream_close(conn);
        return rc;
    }
    if (connect(fd, (const struct sockaddr *)&to, a->sockaddr_length) < 0 && errno != EINPROGRESS) {
        rc = -errno;
        /* Reported like every other refusal, through `opened`. */
        (void)stream_error(conn, rc, "connecting");
        return 0;
    }
    rc = stream_update_interest(conn);
    if (rc < 0) {
        bench_stream_close(conn);
        return bench_fail(err, rc, "cannot watch a socket");
    }
    return 0;
}

int stream_queue_rest(struct bench_conn *conn, const struct iovec *pieces, int count, size_t sent)
{
    for (int i = 0; i < count; i++) {
        size_t skip = take(&sent, pieces[i].iov_len);
        int rc = queue_add(conn, (const uint8_t *)pieces[i].iov_base + skip,
                           pieces[i].iov_len - skip);
        if (rc < 0)
            return stream_error(conn, rc, "sending");
    }
    return stream_update_interest(conn) < 0 ? stream_error(conn, -EIO, "watching the socket") : 0;
}

int bench_stream_write(struct bench_conn *conn, const struct iovec *pieces, int count)
{
    struct stream *s = &conn->stream;
    if (s->fd < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_CLOSED, -ENOTCONN, "the connection is closed");
    if (conn->submitting != NULL && conn->submitting->op.marks.sent == 0)
        conn->submitting->op.marks.sent = bench_now_ns();
    if (s->tls != NULL)
        return stream_tls_write(conn, pieces, count);
    size_t total = 0, sent = 0;
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (!bench_stream_is_queueing(conn)) {
        struct iovec copy[PIECES_MAX];
        int n = count < PIECES_MAX ? count : PIECES_MAX;
        memcpy(copy, pieces, (size_t)n * sizeof(copy[0]));
        struct msghdr msg = {.msg_iov = copy, .msg_iovlen = (size_t)n};
        const int64_t now_ns = stream_tap_now(conn);
        ssize_t rc;
        do
            rc = count == 1 ? send(s->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
                            : sendmsg(s->fd, &msg, MSG_NOSIGNAL);
        while (rc < 0 && errno == EINTR);
        if (rc < 0 && errno != EAGAIN)
            return stream_error(conn, -errno, "sending");
        sent = rc < 0 ? 0 : (size_t)rc;
        s->sent += sent;
        stream_tap_sent(conn, pieces, n, sent, now_ns);
    }
    return sent == total ? 0 : stream_queue_rest(conn, pieces, count, sent);
}

int bench_stream_want(struct bench_conn *conn, size_t bytes)
{
    if (bytes > STREAM_LIMIT)
        return -EMSGSIZE;
    conn->stream.want = bytes;
    return 0;
}

bool bench_stream_is_queueing(const struct bench_conn *conn)
{
    const struct stream *s = &conn->stream;
    return bench_buf_length(&s->tx) > 0 || s->borrowed.length > 0 ||
           bench_buf_length(&s->tx_after) > 0 || bench_buf_length(&s->records) > 0;
}

void bench_stream_close(struct bench_conn *conn)
{
    struct stream *s = &conn->stream;
    if (s->fd < 0)
        return;
    stream_tap_closed(conn);
    if (s->tls != NULL)
        stream_tls_close(conn);
    bench_io_free(s->io);
    s->io = NULL;
    bench_conn_socket_closing(conn, s->fd);
    (void)close(s->fd);
    s->fd = -1;
    s->connecting = false;
    s->generation++;
    bench_buf_clear(&s->rx);
    bench_buf_clear(&s->tx);
    bench_buf_clear(&s->tx_after);
    bench_buf_clear(&s->records);
    stream_return(conn->loop, &s->rx);
    return_sent(conn);
    s->borrowed.length = 0;
    s->borrowed.op = NULL;
}

int bench_stream_fd(const struct bench_conn *conn) { return conn->stream.fd; }
