/* SPDX-License-Identifier: MIT */
/*
 * What the observer is told. While bytes are being passed on, pieces are only noted: they point to
 * where the bytes lie, which the pool keeps as they are until the turn is over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench/units.h"
#include "tap/relay_internal.h"

enum { TEXT_MAX = 128 };

int tap_seen_new(struct bench_relay *relay)
{
    if (relay->options.observe == NULL)
        return 0;
    relay->seen = calloc(1, sizeof(*relay->seen));
    relay->pool.hold = true;
    return relay->seen == NULL ? -ENOMEM : 0;
}

void tap_seen_tell(struct bench_relay *relay)
{
    struct tap_seen *seen = relay->seen;
    if (seen == NULL)
        return;
    for (size_t i = 0; i < seen->n; i++)
        relay->options.observe(&seen->pieces[i], relay->options.observe_user);
    seen->n = 0;
    tap_pool_release(&relay->pool);
}

/* Times of a connection never go back. */
static int64_t seen_at(struct tap_conn *conn, int64_t time_ns)
{
    if (time_ns > conn->observed_ns)
        conn->observed_ns = time_ns;
    return conn->observed_ns;
}

static void note(struct bench_relay *relay, const struct bench_piece *piece)
{
    if (relay->seen->n == TAP_SEEN_MAX)
        tap_seen_tell(relay);
    relay->seen->pieces[relay->seen->n++] = *piece;
}

void tap_seen_bytes(struct tap_conn *conn, enum bench_direction direction, int64_t time_ns,
                    const void *data, size_t length)
{
    if (conn->relay->seen == NULL)
        return;
    note(conn->relay, &(struct bench_piece){.kind = BENCH_PIECE_DATA,
                                            .direction = direction,
                                            .connection = conn->number,
                                            .time_ns = seen_at(conn, time_ns),
                                            .data = data,
                                            .length = length});
}

void tap_seen_close(struct tap_conn *conn)
{
    if (conn->relay->seen == NULL || conn->number == 0)
        return;
    note(conn->relay, &(struct bench_piece){.kind = BENCH_PIECE_CLOSE,
                                            .connection = conn->number,
                                            .time_ns = seen_at(conn, bench_now_ns())});
}

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage room;
};

static void format_address(const union any_address *a, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
        (void)snprintf(out, size, "%s:%u", host, ntohs(a->v4.sin_port));
    } else if (a->any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
        (void)snprintf(out, size, "[%s]:%u", host, ntohs(a->v6.sin6_port));
    } else {
        (void)snprintf(out, size, "%.*s", (int)sizeof(a->local.sun_path), a->local.sun_path);
    }
}

void tap_seen_open(struct tap_conn *conn, int64_t now_ns)
{
    struct bench_relay *relay = conn->relay;
    const struct bench_address *upstream = &relay->options.upstream;
    union any_address address = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    char client[TEXT_MAX], server[TEXT_MAX], text[2 * TEXT_MAX + 4];
    if (relay->seen == NULL)
        return;
    (void)getpeername(conn->sockets[TAP_CLIENT].source.fd, &address.any, &size);
    format_address(&address, client, sizeof(client));
    address = (union any_address){.any.sa_family = AF_UNSPEC};
    memcpy(&address, upstream->sockaddr, upstream->sockaddr_length);
    format_address(&address, server, sizeof(server));
    int n = snprintf(text, sizeof(text), "%s > %s", client, server);
    conn->number = ++relay->connections;
    relay->options.observe(&(struct bench_piece){.kind = BENCH_PIECE_OPEN,
                                                 .connection = conn->number,
                                                 .time_ns = seen_at(conn, now_ns),
                                                 .data = text,
                                                 .length = (size_t)n},
                           relay->options.observe_user);
}
