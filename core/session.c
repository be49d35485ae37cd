/* SPDX-License-Identifier: MIT */
/*
 * Deadlines without system calls: SO_RCVTIMEO is set once, to the shortest limit that can hold.
 * Only a recv that ran into it looks at the clock and waits for what is really left, with ppoll. A
 * request that arrives in one piece costs one recv, its reply one sendmsg. TLS is a layer between
 * these and the rest (core/tls.h): the socket blocks as it does in plain.
 *
 * Whatever waits for something other than the peer's bytes reads them ahead meanwhile, without a
 * thread of its own: a write for which there is no room, a sleep, and a computation now and then.
 * The order of bytes is buffer, ahead, socket.
 */
#include "core/session_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "bench/error.h"
#include "bench/units.h"
#include "core/tls.h"

#define PIECES_AT_ONCE 16
/* For a peer that connected and says nothing, or something else; longer than lost packets take. */
#define HANDSHAKE_NS (20 * BENCH_NS_PER_S)
#define RECORDS_KEPT ((size_t)64 << 10) /* memory for records between two replies */
#define TEND_NS      (100 * BENCH_NS_PER_MS)

static int set_socket_timeout(int fd, int option, int64_t ns)
{
    /* 0 would mean for ever, so less than 1 us is rounded up */
    const int64_t us = (ns + 999) / 1000;
    const struct timeval value = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int64_t shorter(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a != 0 ? a : b;
    return a < b ? a : b;
}

int bench_session_init(struct bench_session *session, int fd,
                       const struct bench_session_setup *setup, struct bench_error *err)
{
    session->setup = setup;
    session->fd = fd;
    session->priv = NULL;
    session->message_deadline_ns = 0;
    session->start = session->end = 0;
    bench_ahead_init(&session->ahead,
                     setup->tls == NULL ? (size_t)setup->limits.read_ahead_bytes : 0);
    session->ended = 0;
    session->tended_ns = 0;
    session->tls = NULL;
    bench_buf_init(&session->records, BENCH_TLS_OUT_MAX);
    atomic_init(&session->stopping, false);

    const struct bench_session_limits *limits = &setup->limits;
    session->receive_tick_ns = shorter(limits->idle_timeout_ns, limits->message_timeout_ns);
    int rc = 0;
    if (session->receive_tick_ns > 0)
        rc = set_socket_timeout(fd, SO_RCVTIMEO, session->receive_tick_ns);
    /* Only for what TLS sends by itself within a read; a write of ours waits in poll. */
    if (rc == 0 && setup->tls != NULL && limits->message_timeout_ns > 0)
        rc = set_socket_timeout(fd, SO_SNDTIMEO, limits->message_timeout_ns);
    if (rc < 0)
        return bench_fail(err, rc, "cannot set the timeouts of socket %d: %s", fd,
                          bench_errno_text(rc));
    if (setup->session_size > 0) {
        session->priv = calloc(1, setup->session_size);
        if (session->priv == NULL)
            return bench_fail(err, -ENOMEM, "no memory for a session");
    }
    rc = setup->tls == NULL
             ? 0
             : bench_tls_new(setup->tls, fd, NULL, false, &session->records, &session->tls, err);
    if (rc < 0)
        bench_session_fini(session);
    return rc;
}

/* Says that it was the end, without waiting for room or an answer. */
static void end_tls(struct bench_session *session)
{
    bench_buf_clear(&session->records);
    bench_tls_end(session->tls);
    if (bench_buf_length(&session->records) > 0)
        (void)send(session->fd, bench_buf_head(&session->records),
                   bench_buf_length(&session->records), MSG_NOSIGNAL | MSG_DONTWAIT);
    bench_tls_free(session->tls);
    session->tls = NULL;
    bench_buf_fini(&session->records);
}

void bench_session_fini(struct bench_session *session)
{
    if (session->tls != NULL)
        end_tls(session);
    bench_ahead_fini(&session->ahead);
    free(session->priv);
    session->priv = NULL;
}

void bench_session_stop(struct bench_session *session)
{
    const int saved = errno;
    atomic_store(&session->stopping, true);
    (void)shutdown(session->fd, SHUT_RDWR);
    errno = saved;
}

void *bench_session_priv(struct bench_session *session) { return session->priv; }

void *bench_session_server(struct bench_session *session) { return session->setup->server; }

const struct bench_service *bench_session_service(struct bench_session *session)
{
    return session->setup->service;
}

const struct bench_session_limits *bench_session_limits(struct bench_session *session)
{
    return &session->setup->limits;
}

bool bench_session_stopping(struct bench_session *session)
{
    return atomic_load_explicit(&session->stopping, memory_order_relaxed);
}

/* ---- waiting ---- */

/* Waits until fd is ready or the deadline (0 = none) has passed. 0 and *found (if not NULL: the
 * events, hang-up and error unasked) or -ETIMEDOUT. */
static int wait_ready(int fd, short events, int64_t deadline_ns, short *found)
{
    for (;;) {
        struct timespec left, *timeout = NULL;
        if (deadline_ns != 0) {
            const int64_t ns = deadline_ns - bench_now_ns();
            if (ns <= 0)
                return -ETIMEDOUT;
            left = (struct timespec){.tv_sec = ns / BENCH_NS_PER_S, .tv_nsec = ns % BENCH_NS_PER_S};
            timeout = &left;
        }
        struct pollfd poll_fd = {.fd = fd, .events = events};
        const int rc = ppoll(&poll_fd, 1, timeout, NULL);
        if (rc > 0) {
            if (found != NULL)
                *found = poll_fd.revents;
            return 0;
        }
        if (rc < 0 && errno != EINTR)
            return -errno;
    }
}

/* The event that reading ahead waits for, 0 = it does not: there is no more to come or no room. */
static short ahead_event(const struct bench_session *session)
{
    return session->ended == 0 && session->ahead.bytes < session->ahead.limit ? POLLIN : 0;
}

/* Takes what has arrived, and never waits. What TLS itself holds may stay there: the peer has got
 * rid of it. */
static void read_ahead(struct bench_session *session)
{
    uint8_t *room;
    size_t size;
    while (ahead_event(session) != 0 && (size = bench_ahead_room(&session->ahead, &room)) > 0) {
        ssize_t n = session->tls != NULL ? bench_tls_read_now(session->tls, room, size)
                                         : recv(session->fd, room, size, MSG_DONTWAIT);
        if (n < 0 && session->tls == NULL)
            n = -errno;
        bench_ahead_add(&session->ahead, n > 0 ? (size_t)n : 0);
        if (n == 0)
            session->ended = -ENODATA;
        else if (n < 0 && n != -EAGAIN && n != -EINTR)
            session->ended = (int)n;
        /* TLS gives a record at a time, a socket all it has. */
        if (n == -EAGAIN || (session->tls == NULL && n > 0 && (size_t)n < size))
            return;
    }
}

/* When the present wait has to end, 0 = never. A message has one deadline for all of its pieces,
 * so that a peer cannot keep a session by sending a byte now and then. */
static int64_t receive_deadline(struct bench_session *session, bool begun)
{
    const struct bench_session_limits *limits = &session->setup->limits;
    if (!begun) {
        session->message_deadline_ns = 0;
        return limits->idle_timeout_ns > 0 ? bench_now_ns() + limits->idle_timeout_ns : 0;
    }
    if (session->message_deadline_ns == 0 && limits->message_timeout_ns > 0)
        session->message_deadline_ns = bench_now_ns() + limits->message_timeout_ns;
    return session->message_deadline_ns;
}

static int send_records(struct bench_session *session);

/* As recv does, but for the error: -EAGAIN after the time of SO_RCVTIMEO. */
static ssize_t receive_now(struct bench_session *session, void *buf, size_t room)
{
    if (session->tls == NULL) {
        const ssize_t n = recv(session->fd, buf, room, 0);
        return n < 0 ? -errno : n;
    }
    const ssize_t n = bench_tls_read(session->tls, buf, room);
    /* Answers of TLS itself, as to an update of keys. */
    if (n > 0 && bench_buf_length(&session->records) > 0) {
        const int rc = send_records(session);
        return rc < 0 ? rc : n;
    }
    return n;
}

/* Some bytes, at least one, read ahead or straight from the socket. Fills *got. `begun` decides
 * which deadline holds (for what has arrived, none) and what an end of file means. */
static int receive(struct bench_session *session, void *buf, size_t room, bool begun, size_t *got)
{
    if (bench_session_stopping(session))
        return -ECANCELED;
    if (session->ahead.bytes > 0) {
        *got = bench_ahead_take(&session->ahead, buf, room);
        return 0;
    }
    if (session->ended != 0)
        return session->ended == -ENODATA && begun ? -ECONNRESET : session->ended;
    int64_t deadline_ns = receive_deadline(session, begun);
    if (begun && deadline_ns != 0 && bench_now_ns() >= deadline_ns)
        return -ETIMEDOUT;
    for (;;) {
        if (bench_session_stopping(session))
            return -ECANCELED;
        const ssize_t n = receive_now(session, buf, room);
        if (n > 0) {
            *got = (size_t)n;
            return 0;
        }
        if (n == 0 && bench_session_stopping(session))
            return -ECANCELED;
        if (n == 0)
            return begun ? -ECONNRESET : -ENODATA;
        if (n == -EINTR)
            continue;
        if (n != -EAGAIN)
            return (int)n;
        const int rc = wait_ready(session->fd, POLLIN, deadline_ns, NULL);
        if (rc < 0)
            return rc;
    }
}

/* The socket's own limit comes first: recv blocks until then. */
void bench_session_hurry(struct bench_session *session, int64_t ns)
{
    const int64_t deadline_ns = bench_now_ns() + ns;
    if (session->message_deadline_ns == 0 || deadline_ns < session->message_deadline_ns)
        session->message_deadline_ns = deadline_ns;
    (void)set_socket_timeout(session->fd, SO_RCVTIMEO, ns);
}

/* ---- reading ---- */

int bench_session_peek(struct bench_session *session, size_t want, bool begun, const uint8_t **data,
                       size_t *have)
{
    if (want > BENCH_SESSION_BUFFER)
        return -EMSGSIZE;
    if (!begun)
        session->message_deadline_ns = 0;
    if (session->start == session->end)
        session->start = session->end = 0;
    while (session->end - session->start < want) {
        if (session->start + want > BENCH_SESSION_BUFFER) {
            memmove(session->buffer, session->buffer + session->start,
                    session->end - session->start);
            session->end -= session->start;
            session->start = 0;
        }
        size_t got = 0;
        const int rc =
            receive(session, session->buffer + session->end, BENCH_SESSION_BUFFER - session->end,
                    begun || session->end > session->start, &got);
        if (rc < 0)
            return rc;
        session->end += got;
    }
    *data = session->buffer + session->start;
    *have = session->end - session->start;
    return 0;
}

void bench_session_consume(struct bench_session *session, size_t n)
{
    const size_t have = session->end - session->start;
    session->start += n < have ? n : have;
}

int bench_session_read(struct bench_session *session, void *buf, size_t n)
{
    const size_t have = session->end - session->start;
    size_t done = n < have ? n : have;
    if (done > 0)
        memcpy(buf, session->buffer + session->start, done);
    session->start += done;
    while (done < n) {
        size_t got = 0;
        const int rc = receive(session, (uint8_t *)buf + done, n - done, true, &got);
        if (rc < 0)
            return rc;
        done += got;
    }
    return 0;
}

/* ---- writing ---- */

/* Where in the caller's pieces the next byte to send is. */
struct write_position {
    const struct iovec *piece;
    int left;      /* pieces, with this one */
    size_t offset; /* in this one */
};

static void advance(struct write_position *at, size_t n)
{
    while (at->left > 0 && n >= at->piece->iov_len - at->offset) {
        n -= at->piece->iov_len - at->offset;
        at->piece++;
        at->left--;
        at->offset = 0;
    }
    at->offset += n;
}

/* Never waits. *whole: the kernel took all that was offered. */
static ssize_t send_some(int fd, const struct write_position *at, bool *whole)
{
    struct iovec window[PIECES_AT_ONCE];
    size_t offered = 0;
    const size_t count = (size_t)(at->left < PIECES_AT_ONCE ? at->left : PIECES_AT_ONCE);
    memcpy(window, at->piece, count * sizeof(window[0]));
    window[0].iov_base = (uint8_t *)window[0].iov_base + at->offset;
    window[0].iov_len -= at->offset;
    for (size_t i = 0; i < count; i++)
        offered += window[i].iov_len;
    const struct msghdr message = {.msg_iov = window, .msg_iovlen = count};
    const ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    *whole = n >= 0 && (size_t)n == offered;
    return n;
}

/* Until the kernel takes more, or the socket is broken; reads ahead meanwhile. *deadline_ns is 0
 * until the message had to wait for the first time. 0, -ETIMEDOUT, -ECANCELED. */
static int wait_for_room(struct bench_session *session, int64_t *deadline_ns)
{
    const int64_t timeout_ns = session->setup->limits.message_timeout_ns;
    if (*deadline_ns == 0 && timeout_ns > 0)
        *deadline_ns = bench_now_ns() + timeout_ns;
    for (;;) {
        short found = 0;
        if (bench_session_stopping(session))
            return -ECANCELED;
        const int rc =
            wait_ready(session->fd, (short)(POLLOUT | ahead_event(session)), *deadline_ns, &found);
        if (rc < 0)
            return rc;
        if (found & POLLIN)
            read_ahead(session);
        if (found & ~POLLIN)
            return 0;
    }
}

static int send_failed(struct bench_session *session, int code)
{
    return bench_session_stopping(session) ? -ECANCELED : -code;
}

static int write_plain(struct bench_session *session, const struct iovec *pieces, int count)
{
    struct write_position at = {.piece = pieces, .left = count};
    int64_t deadline_ns = 0;
    advance(&at, 0); /* over empty pieces in front */
    while (at.left > 0) {
        bool whole;
        const ssize_t n = send_some(session->fd, &at, &whole);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return send_failed(session, errno);
        if (n >= 0)
            advance(&at, (size_t)n);
        if (at.left == 0)
            return 0;
        const int rc = whole ? 0 : wait_for_room(session, &deadline_ns);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Reading ahead may add to the records, and move them. */
static int send_records(struct bench_session *session)
{
    struct bench_buf *records = &session->records;
    int64_t deadline_ns = 0;
    int rc = 0;
    while (rc == 0 && bench_buf_length(records) > 0) {
        const ssize_t n = send(session->fd, bench_buf_head(records), bench_buf_length(records),
                               MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            rc = send_failed(session, errno);
        else if (n > 0)
            bench_buf_drop(records, (size_t)n);
        if (rc == 0 && bench_buf_length(records) > 0)
            rc = wait_for_room(session, &deadline_ns);
    }
    bench_buf_clear(records);
    if (records->capacity > RECORDS_KEPT)
        bench_buf_fini(records);
    return rc;
}

static int write_sealed(struct bench_session *session, const struct iovec *pieces, int count)
{
    struct bench_tls_cursor at = {.piece = pieces, .left = count};
    int rc = 0;
    while (rc == 0 && at.left > 0) {
        rc = bench_tls_seal(session->tls, &at);
        if (rc == 0 && bench_buf_length(&session->records) > 0)
            rc = send_records(session);
    }
    return rc;
}

int bench_session_write(struct bench_session *session, const struct iovec *pieces, int count)
{
    return session->tls == NULL ? write_plain(session, pieces, count)
                                : write_sealed(session, pieces, count);
}

/* ---- TLS ---- */

static int shake_hands(struct bench_session *session, int64_t deadline_ns, struct bench_error *err)
{
    for (;;) {
        if (bench_session_stopping(session))
            return bench_fail(err, -ECANCELED, "stopped during the TLS handshake");
        /* Waits here and not in recv, whose time may be longer. */
        int rc = wait_ready(session->fd, POLLIN, deadline_ns, NULL);
        if (rc < 0)
            return bench_fail(err, rc, "TLS handshake: %s", bench_errno_text(rc));
        rc = bench_tls_handshake(session->tls, err);
        if (bench_buf_length(&session->records) > 0) {
            const int sent = send_records(session);
            if (sent < 0 && (rc == 0 || rc == -EAGAIN))
                return bench_fail(err, sent, "TLS handshake: %s", bench_errno_text(sent));
        }
        if (rc != -EAGAIN)
            return rc;
    }
}

int bench_session_handshake(struct bench_session *session, struct bench_error *err)
{
    if (session->tls == NULL)
        return 0;
    const int64_t limit_ns = session->setup->limits.message_timeout_ns;
    const int64_t most_ns = limit_ns > 0 && limit_ns < HANDSHAKE_NS ? limit_ns : HANDSHAKE_NS;
    const int rc = shake_hands(session, bench_now_ns() + most_ns, err);
    if (rc == 0)
        session->ahead.limit = (size_t)session->setup->limits.read_ahead_bytes;
    return rc;
}

/* ---- sleeping ---- */

static void sleep_until(int64_t deadline_ns)
{
    const struct timespec when = {.tv_sec = deadline_ns / BENCH_NS_PER_S,
                                  .tv_nsec = deadline_ns % BENCH_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
        ;
}

/* poll tells of a hang-up unasked, and that is what bench_session_stop causes. Data that arrives
 * meanwhile does not end it. */
int bench_session_sleep(struct bench_session *session, int64_t ns)
{
    if (ns <= 0)
        return session != NULL && bench_session_stopping(session) ? -ECANCELED : 0;
    const int64_t deadline_ns = bench_now_ns() + ns;
    if (session == NULL) {
        sleep_until(deadline_ns);
        return 0;
    }
    for (;;) {
        short found = 0;
        if (bench_session_stopping(session))
            return -ECANCELED;
        const int rc = wait_ready(session->fd, ahead_event(session), deadline_ns, &found);
        if (rc < 0)
            return rc == -ETIMEDOUT ? 0 : rc;
        if (found & ~POLLIN) /* hung up: stopped, or there is nobody left to answer */
            return -ECANCELED;
        read_ahead(session);
    }
}

void bench_session_tend(struct bench_session *session)
{
    if (session == NULL)
        return;
    const int64_t now_ns = bench_now_ns();
    if (now_ns - session->tended_ns < TEND_NS)
        return;
    session->tended_ns = now_ns;
    read_ahead(session);
}

void bench_session_acknowledge(struct bench_session *session)
{
    const int once =
        2; /* an even value: this one now, later ones as before (tcp_sock_set_quickack) */
    if (session->start == session->end)
        (void)setsockopt(session->fd, IPPROTO_TCP, TCP_QUICKACK, &once, sizeof(once));
}
