/* SPDX-License-Identifier: MIT */
/* What the relay's observer is told, against what both sides have really said and heard. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "tap/relay.h"

#define MS BENCH_NS_PER_MS

enum { CONNECTIONS = 400 };

/* What was told; written by the relay's thread, read when that has ended. */
struct told {
    char open[128];
    bool closed;
    uint8_t *bytes[2];
    size_t n[2], pieces[2];
    int64_t first_ns[2], last_ns;
};

static struct told told[CONNECTIONS + 1];
static uint64_t ntold;
static struct bench_relay_options options;
static struct bench_relay *relay;
static pthread_t thread;
static int stop_fd, upstream_fd;
static uint16_t relay_port, upstream_port;

TestSuite(observe, .timeout = 120);

static void observe(const struct bench_piece *p, void *user)
{
    cr_assert_eq(user, told);
    cr_assert(p->connection >= 1 && p->connection <= CONNECTIONS);
    struct told *t = &told[p->connection];
    cr_assert_eq(t->open[0] != '\0', p->kind != BENCH_PIECE_OPEN);
    cr_assert_not(t->closed);
    cr_assert_geq(p->time_ns, t->last_ns);
    cr_assert_not(p->joined);
    t->last_ns = p->time_ns;
    if (p->kind == BENCH_PIECE_OPEN) {
        cr_assert_eq(p->connection, ++ntold);
        (void)snprintf(t->open, sizeof(t->open), "%.*s", (int)p->length, (const char *)p->data);
    } else if (p->kind == BENCH_PIECE_CLOSE) {
        t->closed = true;
    } else {
        const int d = p->direction;
        cr_assert_eq(p->kind, BENCH_PIECE_DATA);
        cr_assert_gt(p->length, 0);
        t->bytes[d] = realloc(t->bytes[d], t->n[d] + p->length);
        memcpy(t->bytes[d] + t->n[d], p->data, p->length);
        t->n[d] += p->length;
        if (t->pieces[d]++ == 0)
            t->first_ns[d] = p->time_ns;
    }
}

static struct bench_address local(uint16_t port)
{
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    cr_assert_eq(bench_address_resolve(&address, NULL), 0);
    return address;
}

static void *relay_main(void *user)
{
    (void)user;
    return (void *)(intptr_t)bench_relay_run(relay, stop_fd, NULL);
}

static void start(int64_t delay_ns, double bits_per_s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    struct bench_error err = {0};
    upstream_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(upstream_fd, (struct sockaddr *)&at, length), 0);
    cr_assert_eq(listen(upstream_fd, SOMAXCONN), 0);
    cr_assert_eq(getsockname(upstream_fd, (struct sockaddr *)&at, &length), 0);
    upstream_port = ntohs(at.sin_port);
    options = (struct bench_relay_options){.listen = local(0),
                                           .upstream = local(upstream_port),
                                           .delay_ns = delay_ns,
                                           .bits_per_s = bits_per_s,
                                           .seed = 1,
                                           .connections_max = CONNECTIONS,
                                           .buffer_bytes = 65536,
                                           .observe = observe,
                                           .observe_user = told};
    stop_fd = eventfd(0, EFD_CLOEXEC);
    cr_assert_eq(bench_relay_new(&options, &relay, &relay_port, &err), 0, "%s", err.msg);
    cr_assert_eq(pthread_create(&thread, NULL, relay_main, NULL), 0);
}

static void stop(void)
{
    void *rc;
    cr_assert_eq(eventfd_write(stop_fd, 1), 0);
    cr_assert_eq(pthread_join(thread, &rc), 0);
    cr_expect_eq((intptr_t)rc, 0);
    bench_relay_free(relay);
    close(stop_fd);
    close(upstream_fd);
    for (uint64_t i = 1; i <= ntold; i++)
        cr_expect(told[i].closed, "connection %d", (int)i);
}

static void forget(void)
{
    for (size_t i = 0; i <= CONNECTIONS; i++) {
        free(told[i].bytes[0]);
        free(told[i].bytes[1]);
    }
}

static void connect_both(int *client, int *server, uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(relay_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    *client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(*client, (struct sockaddr *)&at, sizeof(at)), 0);
    *server = accept4(upstream_fd, NULL, NULL, SOCK_CLOEXEC);
    cr_assert_geq(*server, 0);
    cr_assert_eq(getsockname(*client, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
}

static void say(int fd, const void *data, size_t n)
{
    cr_assert_eq(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void hear(int fd, const char *text)
{
    char data[64];
    size_t n = strlen(text);
    cr_assert_eq(recv(fd, data, n, MSG_WAITALL), (ssize_t)n);
    cr_assert_eq(memcmp(data, text, n), 0);
}

static void expect_bytes(uint64_t connection, int direction, const void *bytes, size_t n)
{
    const struct told *t = &told[connection];
    cr_assert_eq(t->n[direction], n, "connection %d: %zu of %zu", (int)connection, t->n[direction],
                 n);
    cr_expect_eq(memcmp(t->bytes[direction], bytes, n), 0);
}

static void ask_and_answer(int64_t delay_ns)
{
    int client, server;
    uint16_t port;
    char text[128];
    start(delay_ns, 0);
    connect_both(&client, &server, &port);
    say(client, "how", 3);
    hear(server, "how");
    say(server, "thus", 4);
    hear(client, "thus");
    close(client);
    cr_expect_eq(recv(server, text, 1, 0), 0);
    close(server);
    stop();
    cr_expect_eq(ntold, 1);
    (void)snprintf(text, sizeof(text), "127.0.0.1:%u > 127.0.0.1:%u", port, upstream_port);
    cr_expect_str_eq(told[1].open, text);
    expect_bytes(1, BENCH_TO_SERVER, "how", 3);
    expect_bytes(1, BENCH_TO_CLIENT, "thus", 4);
    /* As the client felt it: there, back, and before that the handshake. */
    cr_expect_geq(told[1].first_ns[BENCH_TO_CLIENT] - told[1].first_ns[BENCH_TO_SERVER],
                  4 * delay_ns);
    forget();
}

Test(observe, what_is_said) { ask_and_answer(0); }

Test(observe, the_answer_has_the_time_at_which_it_arrives) { ask_and_answer(5 * MS); }

/* Through full buffers, delays and rates: the observer is told every byte that the client sent, and
 * those that it got. */
static void bulk(int64_t delay_ns, double bits_per_s)
{
    enum { N = 3000000 };
    int fds[2]; /* client, server */
    uint16_t port;
    uint8_t *data[2], *heard = malloc(65536);
    start(delay_ns, bits_per_s);
    connect_both(&fds[0], &fds[1], &port);
    for (int d = 0; d < 2; d++) {
        data[d] = malloc(N);
        for (size_t i = 0; i < N; i++)
            data[d][i] = (uint8_t)((i * 2654435761u >> 13) + (unsigned)d);
    }
    size_t sent[2] = {0}, got[2] = {0};
    while (got[0] < N || got[1] < N)
        for (int d = 0; d < 2; d++) {
            ssize_t n = send(fds[d], data[d] + sent[d], N - sent[d], MSG_NOSIGNAL | MSG_DONTWAIT);
            sent[d] += n > 0 ? (size_t)n : 0;
            n = recv(fds[d], heard, 65536, MSG_DONTWAIT);
            got[d] += n > 0 ? (size_t)n : 0;
        }
    close(fds[0]);
    close(fds[1]);
    stop();
    expect_bytes(1, BENCH_TO_SERVER, data[0], N);
    expect_bytes(1, BENCH_TO_CLIENT, data[1], N);
    free(data[0]);
    free(data[1]);
    free(heard);
    forget();
}

Test(observe, every_byte) { bulk(0, 0); }
Test(observe, every_byte_after_a_delay) { bulk(2 * MS, 0); }
Test(observe, every_byte_of_a_slow_link) { bulk(MS, 200e6); }

/* More pieces in a turn than are noted at a time. */
Test(observe, many_connections_at_once)
{
    static int clients[CONNECTIONS], servers[CONNECTIONS];
    char text[32];
    uint16_t port;
    start(20 * MS, 0); /* so that all answers come out together */
    for (int i = 0; i < CONNECTIONS; i++)
        connect_both(&clients[i], &servers[i], &port);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CONNECTIONS; i++)
            say(clients[i], text, (size_t)snprintf(text, sizeof(text), "%d.%d?", i, round));
        for (int i = 0; i < CONNECTIONS; i++) {
            (void)snprintf(text, sizeof(text), "%d.%d?", i, round);
            hear(servers[i], text);
            say(servers[i], text, strlen(text));
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            (void)snprintf(text, sizeof(text), "%d.%d?", i, round);
            hear(clients[i], text);
        }
    }
    stop(); /* which closes all */
    cr_assert_eq(ntold, CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++) {
        int n = snprintf(text, sizeof(text), "%d.0?%d.1?%d.2?", i, i, i);
        expect_bytes((uint64_t)i + 1, BENCH_TO_SERVER, text, (size_t)n);
        expect_bytes((uint64_t)i + 1, BENCH_TO_CLIENT, text, (size_t)n);
        close(clients[i]);
        close(servers[i]);
    }
    forget();
}

Test(observe, an_upstream_that_is_not_there)
{
    char byte;
    start(0, 0);
    close(upstream_fd);
    upstream_fd = -1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(relay_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_expect_leq(recv(fd, &byte, 1, 0), 0);
    close(fd);
    stop();
    cr_expect_eq(ntold, 1);
    cr_expect_eq(told[1].n[0] + told[1].n[1], 0);
    forget();
}
