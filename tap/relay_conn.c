/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "tap/relay_internal.h"

enum {
    TURN_BYTES = 256 * 1024, /* read from one socket before others get their turn */
    PIECES = 32,             /* in one system call */
    ACK_SLACK_NS = 500000,   /* for a reply that carries the acknowledgement */
};

static struct tap_socket *source_of(struct tap_pipe *pipe)
{
    return &pipe->conn->sockets[pipe->side];
}

static struct tap_socket *sink_of(struct tap_pipe *pipe)
{
    return &pipe->conn->sockets[1 - pipe->side];
}

static struct tap_pipe *reverse_of(struct tap_pipe *pipe)
{
    return &pipe->conn->pipes[1 - pipe->side];
}

void tap_reset_on_close(int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* ---- the end of a connection ---- */

static void leave_again(struct tap_pipe *pipe)
{
    struct bench_relay *relay = pipe->conn->relay;
    struct tap_pipe **at = &relay->again;
    if (!pipe->again)
        return;
    while (*at != pipe)
        at = &(*at)->next_again;
    *at = pipe->next_again;
    if (*at == NULL)
        relay->again_end = at;
    pipe->again = false;
}

void tap_conn_close(struct tap_conn *conn)
{
    struct bench_relay *relay = conn->relay;
    if (conn->dead)
        return;
    conn->dead = true;
    tap_seen_close(conn);
    for (int i = 0; i < 2; i++) {
        leave_again(&conn->pipes[i]);
        tap_timer_set(relay, &conn->pipes[i], TAP_NEVER);
        tap_line_fini(&conn->pipes[i].line);
        if (conn->sockets[i].source.fd >= 0)
            (void)close(conn->sockets[i].source.fd);
        conn->sockets[i].source.fd = -1;
    }
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        relay->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    conn->next = relay->dead;
    relay->dead = conn;
    relay->nconns--;
}

void tap_conn_free_dead(struct bench_relay *relay)
{
    while (relay->dead != NULL) {
        struct tap_conn *conn = relay->dead;
        relay->dead = conn->next;
        free(conn);
    }
}

/* Its source was reset, or has gone without a word: the sink is told so, after the delay. */
static void reset_pipe(struct tap_pipe *pipe, int64_t now_ns, int64_t extra_ns)
{
    pipe->source_done = true;
    pipe->done = false; /* a FIN that was passed on is overtaken by events */
    tap_line_finish(&pipe->line, TAP_RESET, now_ns, extra_ns);
}

/* ---- acknowledgements ---- */

/*
 * Whoever has sent a small piece and uses Nagle's algorithm holds the next one back until the first
 * is acknowledged. Through a network that takes a round trip; here our own kernel answers, at once
 * or, worse, after its 40 ms. So both sockets are kept delaying, and when a round trip has passed
 * without bytes to carry the acknowledgement, it is sent alone.
 *
 * Without a delay the kernel does as it would at the far end. That also saves the timer: on a
 * virtual machine, setting and unsetting one costs more than all else that passing on a message
 * does.
 */
static void delay_acks(int fd)
{
    const int off = 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

static void send_ack(struct tap_pipe *pipe)
{
    const int on = 1;
    int fd = source_of(pipe)->source.fd;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
    delay_acks(fd);
    pipe->ack_due_ns = TAP_NEVER;
}

static void owe_ack(struct tap_pipe *pipe, int64_t now_ns)
{
    const int64_t delay_ns = pipe->conn->relay->options.delay_ns;
    if (delay_ns > 0 && pipe->ack_due_ns == TAP_NEVER)
        pipe->ack_due_ns = now_ns + 2 * delay_ns + ACK_SLACK_NS;
}

/* ---- reading and passing on ---- */

static void fill(struct tap_pipe *pipe, int64_t now_ns)
{
    struct tap_socket *from = source_of(pipe);
    size_t total = 0;
    while (from->readable && !pipe->source_done && total < TURN_BYTES) {
        uint8_t *at;
        size_t room = tap_line_reserve(&pipe->line, &at);
        if (room == 0) {
            if (from->broken) /* what could not be read is lost with it */
                reset_pipe(pipe, now_ns, 0);
            return;
        }
        ssize_t n = recv(from->source.fd, at, room, 0);
        int why = errno;
        tap_line_commit(&pipe->line, n > 0 ? (size_t)n : 0, now_ns);
        if (n > 0) {
            total += (size_t)n;
            if (pipe->side == TAP_CLIENT)
                tap_seen_bytes(pipe->conn, BENCH_TO_SERVER, now_ns, at, (size_t)n);
            owe_ack(pipe, now_ns);
            /* A short read emptied the socket, and a new edge will tell of what comes next. */
            from->readable = (size_t)n == room || from->ending;
        } else if (n == 0) {
            pipe->source_done = true;
            tap_line_finish(&pipe->line, TAP_FIN, now_ns, 0);
        } else if (why == EAGAIN) {
            from->readable = false;
        } else if (why != EINTR) {
            reset_pipe(pipe, now_ns, 0);
        }
    }
}

/* Nobody takes what this pipe brings: its bytes are lost, and the other way sends the news. */
static void sink_failed(struct tap_pipe *pipe, int64_t now_ns)
{
    struct tap_pipe *reverse = reverse_of(pipe);
    tap_line_fini(&pipe->line);
    pipe->source_done = pipe->done = true;
    sink_of(pipe)->readable = true;
    fill(reverse, now_ns); /* what it said before it went */
    reset_pipe(reverse, now_ns, 0);
    tap_timer_set(pipe->conn->relay, reverse, now_ns); /* have it pumped */
}

/* What has just gone out to the client. */
static void note_sent(struct tap_conn *conn, const struct iovec *pieces, size_t sent)
{
    const int64_t now_ns = bench_now_ns();
    for (; sent > 0; pieces++) {
        size_t n = pieces->iov_len < sent ? pieces->iov_len : sent;
        tap_seen_bytes(conn, BENCH_TO_CLIENT, now_ns, pieces->iov_base, n);
        sent -= n;
    }
}

static void pass_bytes(struct tap_pipe *pipe, int64_t now_ns)
{
    struct tap_socket *to = sink_of(pipe);
    struct bench_relay_counts *counts = &pipe->conn->relay->counts;
    uint64_t *count = pipe->side == TAP_CLIENT ? &counts->bytes_up : &counts->bytes_down;
    struct iovec pieces[PIECES];
    int n;
    while (to->writable && (n = tap_line_peek(&pipe->line, now_ns, pieces, PIECES)) > 0) {
        size_t offered = 0;
        for (int i = 0; i < n; i++)
            offered += pieces[i].iov_len;
        const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)n};
        ssize_t sent = sendmsg(to->source.fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN) {
            sink_failed(pipe, now_ns);
            return;
        }
        if (sent > 0) {
            if (pipe->side == TAP_SERVER && pipe->conn->relay->seen != NULL)
                note_sent(pipe->conn, pieces, (size_t)sent);
            tap_line_consume(&pipe->line, (size_t)sent);
            *count += (uint64_t)sent;
            reverse_of(pipe)->line.begun = true; /* the other side is there: no handshake */
            reverse_of(pipe)->ack_due_ns = TAP_NEVER;
        }
        to->writable = sent == (ssize_t)offered;
    }
}

static void pass_end(struct tap_pipe *pipe, int64_t now_ns)
{
    struct tap_socket *to = sink_of(pipe);
    enum tap_end end = pipe->done ? TAP_OPEN : tap_line_ended(&pipe->line, now_ns);
    if (end == TAP_RESET) {
        tap_reset_on_close(to->source.fd);
        tap_conn_close(pipe->conn);
    } else if (end == TAP_FIN && !to->connecting) {
        (void)shutdown(to->source.fd, SHUT_WR);
        pipe->done = true;
        reverse_of(pipe)->line.begun = true;
        if (reverse_of(pipe)->done)
            tap_conn_close(pipe->conn);
    }
}

static void set_timer(struct tap_pipe *pipe, int64_t now_ns)
{
    int64_t due = pipe->done ? TAP_NEVER : tap_line_due(&pipe->line);
    if (due <= now_ns) /* the sink has to take something first, which an event will tell */
        due = tap_line_reset_due(&pipe->line);
    if (due > pipe->ack_due_ns)
        due = pipe->ack_due_ns;
    tap_timer_set(pipe->conn->relay, pipe, due);
}

static void come_again(struct tap_pipe *pipe)
{
    struct bench_relay *relay = pipe->conn->relay;
    if (pipe->again || pipe->source_done || !source_of(pipe)->readable ||
        tap_line_is_full(&pipe->line))
        return;
    pipe->again = true;
    pipe->next_again = NULL;
    *relay->again_end = pipe;
    relay->again_end = &pipe->next_again;
}

void tap_pipe_pump(struct tap_pipe *pipe, int64_t now_ns)
{
    if (pipe->conn->dead)
        return;
    if (pipe->ack_due_ns <= now_ns)
        send_ack(pipe);
    fill(pipe, now_ns);
    if (!sink_of(pipe)->connecting)
        pass_bytes(pipe, now_ns);
    pass_end(pipe, now_ns);
    if (pipe->conn->dead)
        return;
    set_timer(pipe, now_ns);
    come_again(pipe);
}

/* ---- events ---- */

/* The upstream cannot be had: as if the client's connecting had been answered by a reset. */
static void upstream_failed(struct tap_conn *conn, int64_t now_ns)
{
    struct tap_pipe *up = &conn->pipes[TAP_CLIENT], *down = &conn->pipes[TAP_SERVER];
    conn->relay->counts.upstream_failed++;
    tap_line_fini(&up->line);
    up->source_done = up->done = true;
    down->line.begun = true; /* there is no handshake to wait for: it took the way there and back */
    reset_pipe(down, now_ns, conn->relay->options.delay_ns);
}

static void connecting_ended(struct tap_socket *socket, int64_t now_ns)
{
    int why = 0;
    socklen_t size = sizeof(why);
    if (getsockopt(socket->source.fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0)
        why = errno;
    if (why == 0)
        socket->connecting = false;
    else
        upstream_failed(socket->conn, now_ns);
}

void tap_conn_event(struct tap_socket *socket, uint32_t events, int64_t now_ns)
{
    struct tap_conn *conn = socket->conn;
    struct tap_pipe *from = &conn->pipes[socket->side], *to = &conn->pipes[1 - socket->side];
    if (conn->dead)
        return;
    if (socket->connecting && !from->source_done && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        connecting_ended(socket, now_ns);
    if (socket->connecting)
        events = 0;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        socket->ending = true;
    if (events & EPOLLERR)
        socket->broken = true;
    if (events & EPOLLIN || socket->ending)
        socket->readable = true;
    if (events & EPOLLOUT)
        socket->writable = true;
    tap_pipe_pump(from, now_ns);
    tap_pipe_pump(to, now_ns);
}

/* ---- the beginning ---- */

static int watch(struct bench_relay *relay, struct tap_socket *socket)
{
    const int one = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = &socket->source};
    (void)setsockopt(socket->source.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (relay->options.delay_ns > 0)
        delay_acks(socket->source.fd);
    return epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, socket->source.fd, &event) < 0 ? -errno : 0;
}

static int connect_upstream(struct tap_conn *conn)
{
    const struct bench_address *upstream = &conn->relay->options.upstream;
    struct sockaddr_storage address;
    memcpy(&address, upstream->sockaddr, upstream->sockaddr_length);
    struct tap_socket *socket_ = &conn->sockets[TAP_SERVER];
    socket_->source.fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_->source.fd < 0)
        return -errno;
    if (connect(socket_->source.fd, (struct sockaddr *)&address, upstream->sockaddr_length) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    return watch(conn->relay, socket_);
}

int tap_conn_new(struct bench_relay *relay, int fd, int64_t now_ns)
{
    struct tap_conn *conn = tap_timers_reserve(relay) < 0 ? NULL : calloc(1, sizeof(*conn));
    if (conn == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    conn->relay = relay;
    for (int i = 0; i < 2; i++) {
        conn->sockets[i] = (struct tap_socket){
            .source = {.kind = TAP_SOURCE_SOCKET, .fd = -1}, .conn = conn, .side = i};
        conn->pipes[i] = (struct tap_pipe){.conn = conn, .side = i, .ack_due_ns = TAP_NEVER};
        tap_line_init(&conn->pipes[i].line, &relay->shape, &relay->pool);
    }
    conn->sockets[TAP_CLIENT].source.fd = fd;
    conn->sockets[TAP_SERVER].connecting = true;
    tap_seen_open(conn, now_ns);
    conn->next = relay->conns;
    if (conn->next != NULL)
        conn->next->prev = conn;
    relay->conns = conn;
    relay->nconns++;
    int rc = watch(relay, &conn->sockets[TAP_CLIENT]);
    if (rc < 0) {
        tap_conn_close(conn);
        return rc;
    }
    if (connect_upstream(conn) < 0) {
        upstream_failed(conn, now_ns);
        tap_pipe_pump(&conn->pipes[TAP_SERVER], now_ns);
    }
    return 0;
}
