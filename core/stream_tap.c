/* SPDX-License-Identifier: MIT */
/* What bench_conn_tap asked for: the bytes of a connection's stream, as pieces. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/stream_internal.h"

enum { END_SIZE = 80 };

static void tell(struct bench_conn *conn, struct bench_piece *piece)
{
    piece->connection = conn->tap.connection;
    piece->process = (uint32_t)getpid();
    piece->thread = (uint32_t)gettid();
    conn->tap.fn(piece, conn->tap.user);
}

/* "127.0.0.1:40404"; "" for a socket without an address. */
static void describe_end(const struct sockaddr_storage *end, char out[END_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (end->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, end, sizeof(in));
        (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
        (void)snprintf(out, END_SIZE, "%s:%u", host, ntohs(in.sin_port));
    } else if (end->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, end, sizeof(in6));
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
        (void)snprintf(out, END_SIZE, "[%s]:%u", host, ntohs(in6.sin6_port));
    }
}

static int describe_stream(const struct bench_conn *conn, char *out, size_t size)
{
    struct sockaddr_storage here = {.ss_family = AF_UNSPEC}, there = {.ss_family = AF_UNSPEC};
    socklen_t here_size = sizeof(here), there_size = sizeof(there);
    char from[END_SIZE], to[END_SIZE];
    if (conn->address.local)
        return snprintf(out, size, "unix > %s", conn->address.path);
    (void)getsockname(conn->stream.fd, (struct sockaddr *)&here, &here_size);
    (void)getpeername(conn->stream.fd, (struct sockaddr *)&there, &there_size);
    describe_end(&here, from);
    describe_end(&there, to);
    return snprintf(out, size, "%s > %s", from, to);
}

void stream_tell_opened(struct bench_conn *conn, bool joined)
{
    char text[sizeof(conn->address.path) + 2 * END_SIZE];
    const int length = describe_stream(conn, text, sizeof(text));
    conn->tap.connection++;
    conn->tap.open = true;
    tell(conn, &(struct bench_piece){.kind = BENCH_PIECE_OPEN,
                                     .time_ns = bench_now_ns(),
                                     .joined = joined,
                                     .data = text,
                                     .length = length > 0 ? (size_t)length : 0});
}

void stream_tell_sent(struct bench_conn *conn, const struct iovec *pieces, int count, size_t length,
                      int64_t when_ns)
{
    for (int i = 0; conn->tap.open && i < count && length > 0; i++) {
        const size_t n = pieces[i].iov_len < length ? pieces[i].iov_len : length;
        length -= n;
        if (n > 0)
            tell(conn, &(struct bench_piece){.kind = BENCH_PIECE_DATA,
                                             .direction = BENCH_TO_SERVER,
                                             .time_ns = when_ns,
                                             .data = pieces[i].iov_base,
                                             .length = n});
    }
}

void stream_tell_received(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    if (conn->tap.open)
        tell(conn, &(struct bench_piece){.kind = BENCH_PIECE_DATA,
                                         .direction = BENCH_TO_CLIENT,
                                         .time_ns = bench_now_ns(),
                                         .data = data,
                                         .length = length});
}

void stream_tell_closed(struct bench_conn *conn)
{
    if (!conn->tap.open)
        return;
    conn->tap.open = false;
    tell(conn, &(struct bench_piece){.kind = BENCH_PIECE_CLOSE, .time_ns = bench_now_ns()});
}

void bench_conn_tap(struct bench_conn *conn, bench_piece_fn fn, void *user)
{
    assert(conn->magic == BENCH_CONN_MAGIC);
    conn->tap.fn = fn;
    conn->tap.user = user;
    conn->tap.open = false;
    if (fn != NULL && conn->stream.fd >= 0 && !conn->stream.connecting)
        stream_tell_opened(conn, true);
}
