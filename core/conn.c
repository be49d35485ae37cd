/* SPDX-License-Identifier: MIT */
/* The state machine of a connection, and checked wrappers round the backend's table. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/units.h"
#include "core/loop_internal.h"
#include "core/tcpinfo.h"

int bench_conn_new(struct bench_loop *loop, const struct bench_protocol *protocol,
                   const void *options, const struct bench_address *address,
                   const struct bench_conn_events *events, void *user, struct bench_conn **out,
                   struct bench_error *err)
{
    assert(loop->magic == BENCH_LOOP_MAGIC);
    void *priv;
    int rc = loop_protocol(loop, protocol, &priv, err);
    if (rc < 0)
        return rc;
    size_t size = (sizeof(struct bench_conn) + protocol->conn_size + 15) & ~(size_t)15;
    struct bench_conn *conn = calloc(1, size);
    if (conn == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    conn->magic = BENCH_CONN_MAGIC;
    conn->loop = loop;
    conn->protocol = protocol;
    conn->options = options;
    conn->address = *address;
    conn->events = *events;
    conn->user = user;
    conn->foreign_fd = -1;
    TAILQ_INIT(&conn->ops);
    stream_init(conn);
    LIST_INSERT_HEAD(&loop->conns, conn, in_loop);
    *out = conn;
    return 0;
}

int bench_conn_open(struct bench_conn *conn, int64_t timeout_ns, struct bench_error *err)
{
    assert(conn->magic == BENCH_CONN_MAGIC && conn->state == CONN_NEW);
    conn->state = CONN_OPENING;
    conn->marks.started = bench_now_ns();
    conn->open_deadline_ns = timeout_ns > 0 ? conn->marks.started + timeout_ns : 0;
    int rc = conn->protocol->conn_open(conn, err);
    if (rc < 0) {
        /* Not even started: nobody will be called back. */
        conn->state = CONN_CLOSED;
        conn->pending = 0;
        bench_stream_close(conn);
    }
    return rc;
}

int bench_conn_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct op_full *full = op_full(op);
    assert(conn->magic == BENCH_CONN_MAGIC && full->magic == BENCH_OP_MAGIC);
    assert(full->state == OP_IDLE);
    if (conn->state != CONN_READY)
        return bench_fail(err, -ENOTCONN, "the connection is not ready");
    if (op->program == NULL || op->program->protocol != conn->protocol)
        return bench_fail(err, -EINVAL, "the program is not of protocol %s", conn->protocol->name);
    if (op->program->tx && op->tx.length > conn->protocol->max_payload)
        return bench_fail(err, -EMSGSIZE, "payload of %zu bytes over the limit of %llu",
                          op->tx.length, (unsigned long long)conn->protocol->max_payload);
    if (conn->inflight >= conn->protocol->max_inflight) {
        conn->refused_full = true;
        return -EAGAIN;
    }
    op->conn = conn;
    full->state = OP_SUBMITTED;
    TAILQ_INSERT_TAIL(&conn->ops, full, in_conn);
    TAILQ_INSERT_TAIL(&conn->loop->flying, full, in_loop);
    conn->inflight++;
    op->marks.submitted = bench_now_ns();
    if (op->marks.intended == 0)
        op->marks.intended = op->marks.submitted;
    conn->submitting = full;
    int rc = conn->protocol->submit(conn, op, err);
    conn->submitting = NULL;
    if (rc < 0)
        op_detach(full);
    return rc;
}

void conn_take_back(struct bench_conn *conn, struct op_full *full)
{
    conn->protocol->cancel(conn, &full->op);
    if (full->state == OP_SUBMITTED)
        bench_op_complete(&full->op, -ECANCELED);
    if (!(conn->protocol->caps & BENCH_CAP_CANCEL_KEEPS))
        (void)bench_conn_fail(conn, full->op.failure, -ECANCELED,
                              "closed because a request was taken back");
}

void bench_conn_cancel(struct bench_conn *conn, struct bench_op *op)
{
    struct op_full *full = op_full(op);
    if (full->state != OP_SUBMITTED || op->conn != conn)
        return;
    (void)bench_op_fail(op, BENCH_FAILURE_CANCELED, -ECANCELED, "taken back by the client");
    conn_take_back(conn, full);
}

static void fail_ops(struct bench_conn *conn, enum bench_failure failure, int code, const char *why)
{
    struct op_full *full;
    while ((full = TAILQ_FIRST(&conn->ops)) != NULL) {
        (void)bench_op_fail(&full->op, failure, code, "%s", why);
        bench_op_complete(&full->op, code);
    }
}

void bench_conn_close(struct bench_conn *conn)
{
    assert(conn->magic == BENCH_CONN_MAGIC);
    if (conn->state == CONN_CLOSING || conn->state == CONN_CLOSED)
        return;
    fail_ops(conn, BENCH_FAILURE_CANCELED, -ECANCELED, "the connection was closed by the client");
    if (conn->state == CONN_NEW) {
        conn->state = CONN_CLOSED;
        return;
    }
    bool was_opening = conn->state == CONN_OPENING;
    conn->state = CONN_CLOSING;
    if (was_opening) {
        conn->open_status = -ECANCELED;
        conn_queue_event(conn, EVENT_OPENED);
    }
    conn->protocol->conn_close(conn);
}

void bench_conn_free(struct bench_conn *conn)
{
    if (conn == NULL)
        return;
    assert(conn->magic == BENCH_CONN_MAGIC);
    struct op_full *full, *next;
    for (full = TAILQ_FIRST(&conn->loop->done); full != NULL; full = next) {
        next = TAILQ_NEXT(full, in_loop);
        if (full->op.conn == conn)
            op_detach(full);
    }
    if (conn->state != CONN_NEW)
        conn->protocol->conn_fini(conn);
    while ((full = TAILQ_FIRST(&conn->ops)) != NULL)
        op_detach(full);
    stream_fini(conn);
    if (conn->queued)
        TAILQ_REMOVE(&conn->loop->eventful, conn, in_events);
    LIST_REMOVE(conn, in_loop);
    conn->magic = 0;
    free(conn);
}

bool bench_conn_is_ready(const struct bench_conn *conn) { return conn->state == CONN_READY; }

const struct bench_conn_marks *bench_conn_get_marks(const struct bench_conn *conn)
{
    return &conn->marks;
}

const struct bench_error *bench_conn_error(const struct bench_conn *conn) { return &conn->error; }

enum bench_failure bench_conn_failure(const struct bench_conn *conn) { return conn->failure; }

/* The bytes of an open socket. What is no TCP socket is not counted by the kernel. */
static void add_bytes(const struct bench_conn *conn, int fd, struct bench_conn_totals *totals)
{
    uint64_t sent, received;
    if (bench_tcpinfo_bytes(fd, &sent, &received) < 0) {
        if (fd != conn->stream.fd)
            return;
        sent = conn->stream.sent;
        received = conn->stream.received;
    }
    totals->tcp_sent += sent;
    totals->tcp_received += received;
}

void bench_conn_get_totals(struct bench_conn *conn, struct bench_conn_totals *out)
{
    *out = conn->totals;
    int fd = conn->stream.fd >= 0 ? conn->stream.fd : conn->foreign_fd;
    if (fd >= 0)
        add_bytes(conn, fd, out);
}

/* ---- watching ---- */

void bench_conn_watch(struct bench_conn *conn, bench_conn_watch_fn fn, void *user)
{
    assert(conn->magic == BENCH_CONN_MAGIC);
    conn->watch = fn;
    conn->watch_user = user;
}

bool bench_conn_is_watched(const struct bench_conn *conn) { return conn->watch != NULL; }

void bench_conn_message(struct bench_conn *conn, const struct bench_conn_message *message)
{
    if (conn->watch == NULL)
        return;
    struct bench_conn_message told = *message;
    if (told.at_ns == 0)
        told.at_ns = bench_now_ns();
    conn->watch(conn, &told, conn->watch_user);
}

/* ---- events ---- */

void conn_queue_event(struct bench_conn *conn, unsigned event)
{
    conn->pending |= event;
    if (conn->queued)
        return;
    conn->queued = true;
    if (TAILQ_EMPTY(&conn->loop->eventful) && !conn->loop->draining)
        loop_defer(conn->loop);
    TAILQ_INSERT_TAIL(&conn->loop->eventful, conn, in_events);
}

/* One event at a time: the callback may free the connection. */
void conn_deliver(struct bench_conn *conn)
{
    unsigned event = conn->pending & -conn->pending; /* lowest: OPENED before CLOSED */
    conn->pending &= ~event;
    if (conn->pending == 0) {
        conn->queued = false;
        TAILQ_REMOVE(&conn->loop->eventful, conn, in_events);
    }
    switch (event) {
    case EVENT_OPENED:
        if (conn->events.opened != NULL)
            conn->events.opened(conn, conn->open_status, conn->user);
        break;
    case EVENT_CLOSED:
        if (conn->events.closed != NULL)
            conn->events.closed(conn, conn->user);
        break;
    case EVENT_WRITABLE:
        if (conn->events.writable != NULL && conn->state == CONN_READY)
            conn->events.writable(conn, conn->user);
        break;
    default:
        break;
    }
}

/* ---- for backends ---- */

uint32_t bench_protocol_inflight(const struct bench_protocol *protocol, const void *options)
{
    const uint32_t most = protocol->inflight != NULL ? protocol->inflight(options) : UINT32_MAX;
    return most < protocol->max_inflight ? most : protocol->max_inflight;
}

void *bench_conn_priv(struct bench_conn *conn) { return conn->priv; }
const void *bench_conn_options(const struct bench_conn *conn) { return conn->options; }

const struct bench_address *bench_conn_address(const struct bench_conn *conn)
{
    return &conn->address;
}

struct bench_loop *bench_conn_loop(struct bench_conn *conn) { return conn->loop; }

void bench_conn_connected(struct bench_conn *conn, int64_t when_ns)
{
    if (conn->marks.connected == 0)
        conn->marks.connected = when_ns != 0 ? when_ns : bench_now_ns();
}

void bench_conn_opened(struct bench_conn *conn, int status)
{
    if (conn->state != CONN_OPENING)
        return;
    conn->open_deadline_ns = 0;
    conn->open_status = status;
    if (status == 0) {
        conn->state = CONN_READY;
        conn->marks.ready = bench_now_ns();
    } else {
        conn->state = CONN_CLOSED;
        if (conn->failure == BENCH_FAILURE_NONE) {
            conn->failure = bench_failure_from_errno(status);
            (void)bench_fail(&conn->error, status, "%s", bench_errno_text(status));
        }
        bench_stream_close(conn);
    }
    conn_queue_event(conn, EVENT_OPENED);
}

int bench_conn_fail(struct bench_conn *conn, enum bench_failure failure, int code,
                    const char *format, ...)
{
    if (conn->state == CONN_CLOSED)
        return code;
    char why[sizeof(conn->error.msg)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    if (conn->failure == BENCH_FAILURE_NONE) {
        conn->failure = failure;
        (void)bench_fail(&conn->error, code, "%s", why);
    }
    if (conn->state == CONN_OPENING) {
        bench_conn_opened(conn, code);
        return code;
    }
    conn->state = CONN_CLOSED;
    fail_ops(conn, failure, code, why);
    bench_stream_close(conn);
    conn_queue_event(conn, EVENT_CLOSED);
    return code;
}

void bench_conn_closed(struct bench_conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    bench_stream_close(conn);
    conn_queue_event(conn, EVENT_CLOSED);
}

void bench_conn_writable(struct bench_conn *conn) { conn_queue_event(conn, EVENT_WRITABLE); }

struct bench_op *bench_conn_oldest_op(struct bench_conn *conn)
{
    struct op_full *full = TAILQ_FIRST(&conn->ops);
    return full == NULL ? NULL : &full->op;
}

void bench_conn_socket_opened(struct bench_conn *conn, int fd)
{
    conn->totals.sockets++;
    conn->foreign_fd = fd;
}

void bench_conn_socket_closing(struct bench_conn *conn, int fd)
{
    add_bytes(conn, fd, &conn->totals);
    if (conn->foreign_fd == fd)
        conn->foreign_fd = -1;
}

/* ---- timeouts ---- */

void loop_expire(struct bench_loop *loop, int64_t now_ns)
{
    struct op_full *full, *next;
    for (full = TAILQ_FIRST(&loop->flying); full != NULL; full = next) {
        next = TAILQ_NEXT(full, in_loop);
        struct bench_op *op = &full->op;
        if (op->timeout_ns <= 0 || now_ns - op->marks.submitted < op->timeout_ns)
            continue;
        (void)bench_op_fail(op, BENCH_FAILURE_TIMEOUT, -ETIMEDOUT, "no answer within %s",
                            bench_format_duration_exact(op->timeout_ns).s);
        conn_take_back(op->conn, full);
        next = TAILQ_FIRST(&loop->flying); /* others of that connection may have gone too */
    }
    struct bench_conn *conn, *following;
    for (conn = LIST_FIRST(&loop->conns); conn != NULL; conn = following) {
        following = LIST_NEXT(conn, in_loop);
        if (conn->open_deadline_ns != 0 && now_ns >= conn->open_deadline_ns) {
            conn->open_deadline_ns = 0;
            (void)bench_conn_fail(conn, BENCH_FAILURE_TIMEOUT, -ETIMEDOUT,
                                  conn->stream.handshaking ? "no TLS handshake in time"
                                                           : "not connected in time");
        }
    }
}

/* ---- blocking convenience ---- */

struct waiter {
    struct bench_loop *loop;
    bool done;
    int status;
};

static void op_arrived(struct bench_op *op, int status, void *user)
{
    (void)op;
    struct waiter *w = user;
    w->done = true;
    w->status = status;
    bench_loop_stop(w->loop);
}

int bench_call_blocking(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct waiter w = {.loop = conn->loop};
    bench_op_done_fn done = op->done;
    void *user = op->user;
    op->done = op_arrived;
    op->user = &w;
    int rc = bench_conn_submit(conn, op, err);
    while (rc == 0 && !w.done)
        rc = bench_loop_run(conn->loop, 0);
    op->done = done;
    op->user = user;
    if (rc < 0)
        return rc;
    if (w.status < 0 && err != NULL)
        *err = op->error;
    return w.status;
}

static void conn_arrived(struct bench_conn *conn, int status, void *user)
{
    (void)conn;
    op_arrived(NULL, status, user);
}

int bench_open_blocking(struct bench_conn *conn, int64_t timeout_ns, struct bench_error *err)
{
    struct waiter w = {.loop = conn->loop};
    struct bench_conn_events events = conn->events;
    void *user = conn->user;
    conn->events.opened = conn_arrived;
    conn->user = &w;
    int rc = bench_conn_open(conn, timeout_ns, err);
    while (rc == 0 && !w.done)
        rc = bench_loop_run(conn->loop, 0);
    conn->events = events;
    conn->user = user;
    if (rc < 0)
        return rc;
    if (w.status < 0 && err != NULL)
        *err = conn->error;
    return w.status;
}
