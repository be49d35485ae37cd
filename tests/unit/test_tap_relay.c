/* SPDX-License-Identifier: MIT */
/*
 * The relay between real sockets, in a thread of its own. That nothing arrives before its time is
 * asserted (it holds on the busiest machine); that it arrives soon after is not.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "tap/relay.h"
#include "tests/support/files.h"
#include "tests/support/peer.h"

#define MS BENCH_NS_PER_MS

static struct bench_relay_options options;
static struct bench_relay *relay;
static struct bench_relay_counts counts;
static pthread_t thread;
static int stop_fd, upstream_fd, descriptors;
static uint16_t relay_port;

TestSuite(relay, .timeout = 120);

/* ---- the relay and its two sides ---- */

static struct bench_address local(uint16_t port)
{
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    cr_assert_eq(bench_address_resolve(&address, NULL), 0);
    return address;
}

static int listen_any(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, length), 0);
    cr_assert_eq(listen(fd, SOMAXCONN), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static struct bench_relay_options defaults(void)
{
    return (struct bench_relay_options){
        .listen = local(0), .seed = 1, .connections_max = 1000, .buffer_bytes = 1 << 20};
}

static void *relay_main(void *user)
{
    (void)user;
    return (void *)(intptr_t)bench_relay_run(relay, stop_fd, NULL);
}

/* With the upstream of `options` unless that has none: then upstream_fd. */
static void start(void)
{
    struct bench_error err = {0};
    uint16_t port;
    descriptors = support_fd_count();
    upstream_fd = listen_any(&port);
    if (options.upstream.port == 0)
        options.upstream = local(port);
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
    bench_relay_counts(relay, &counts);
    bench_relay_free(relay);
    close(stop_fd);
    close(upstream_fd);
    cr_expect_eq(support_fd_count(), descriptors, "a descriptor is left");
}

static int client_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    return fd;
}

static void client_connect(int fd)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(relay_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
}

static int connect_client(void)
{
    int fd = client_socket();
    client_connect(fd);
    return fd;
}

static void connect_both(int *client, int *server)
{
    *client = connect_client();
    *server = accept4(upstream_fd, NULL, NULL, SOCK_CLOEXEC);
    cr_assert_geq(*server, 0);
}

static void say(int fd, const void *data, size_t n)
{
    cr_assert_eq(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Exactly n bytes; returns when the last one was there. */
static int64_t hear(int fd, void *data, size_t n)
{
    cr_assert_eq(recv(fd, data, n, MSG_WAITALL), (ssize_t)n);
    return bench_now_ns();
}

static void reset(int fd)
{
    const struct linger linger = {.l_onoff = 1};
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    close(fd);
}

static void expect_reset(int fd)
{
    char byte;
    cr_expect_eq(recv(fd, &byte, 1, 0), -1);
    cr_expect_eq(errno, ECONNRESET, "%d", errno);
    close(fd);
}

/* ---- bytes ---- */

/* One side of a connection that sends `total` bytes in random pieces while it takes what comes. */
struct side {
    int fd;
    size_t total, sent, received;
    uint32_t seed_out, seed_in;
    bool ended; /* the other side's end was seen */
};

static uint8_t byte_of(uint32_t seed, size_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u ^ seed;
    return (uint8_t)(x >> 24 ^ x >> 9);
}

static void side_send(struct side *s, unsigned *state)
{
    static uint8_t data[100000];
    size_t n = 1 + (size_t)rand_r(state) % (rand_r(state) % 4 == 0 ? sizeof(data) : 600);
    n = n < s->total - s->sent ? n : s->total - s->sent;
    for (size_t i = 0; i < n; i++)
        data[i] = byte_of(s->seed_out, s->sent + i);
    ssize_t sent = send(s->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    cr_assert(sent >= 0 || errno == EAGAIN);
    s->sent += sent > 0 ? (size_t)sent : 0;
    if (s->sent == s->total)
        cr_assert_eq(shutdown(s->fd, SHUT_WR), 0);
}

static void side_receive(struct side *s, unsigned *state)
{
    static uint8_t data[70000];
    ssize_t n = recv(s->fd, data, 1 + (size_t)rand_r(state) % sizeof(data), MSG_DONTWAIT);
    cr_assert(n >= 0 || errno == EAGAIN, "%d after %zu", errno, s->received);
    for (ssize_t i = 0; i < n; i++)
        cr_assert_eq(data[i], byte_of(s->seed_in, s->received + (size_t)i), "byte %zu",
                     s->received + (size_t)i);
    s->received += n > 0 ? (size_t)n : 0;
    s->ended = n == 0;
}

static void exchange(size_t up, size_t down, unsigned seed)
{
    struct side sides[2] = {{.total = up, .seed_out = 1, .seed_in = 2},
                            {.total = down, .seed_out = 2, .seed_in = 1}};
    connect_both(&sides[0].fd, &sides[1].fd);
    while (!sides[0].ended || !sides[1].ended) {
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++) {
            short events = sides[i].sent < sides[i].total ? POLLOUT : 0;
            if (!sides[i].ended)
                events |= POLLIN;
            fds[i] = (struct pollfd){.fd = events == 0 ? -1 : sides[i].fd, .events = events};
        }
        cr_assert_gt(poll(fds, 2, 60000), 0, "nothing moves");
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents & POLLOUT && sides[i].sent < sides[i].total)
                side_send(&sides[i], &seed);
            if (fds[i].revents & (POLLIN | POLLHUP) && !sides[i].ended)
                side_receive(&sides[i], &seed);
        }
    }
    cr_expect_eq(sides[0].received, down);
    cr_expect_eq(sides[1].received, up);
    close(sides[0].fd);
    close(sides[1].fd);
}

Test(relay, bytes_arrive_unchanged_both_ways)
{
    static const struct {
        int64_t delay, jitter;
        double rate;
        size_t buffer, up, down;
    } cases[] = {
        {0, 0, 0, 65536, 8000000, 6000000},         {MS, 0, 0, 65536, 3000000, 3000001},
        {MS, MS, 0, 1 << 20, 8000000, 7999999},     {0, 0, 400e6, 65536, 5000000, 10},
        {MS / 2, MS / 2, 1e9, 262144, 10, 9000000}, {3 * MS, 0, 0, 65536, 1, 1},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        options = defaults();
        options.delay_ns = cases[i].delay;
        options.jitter_ns = cases[i].jitter;
        options.bits_per_s = cases[i].rate;
        options.buffer_bytes = cases[i].buffer;
        start();
        exchange(cases[i].up, cases[i].down, (unsigned)i);
        exchange(cases[i].down, cases[i].up, (unsigned)i);
        stop();
        cr_expect_eq(counts.bytes_up, cases[i].up + cases[i].down);
        cr_expect_eq(counts.bytes_down, cases[i].up + cases[i].down);
        cr_expect_eq(counts.accepted, 2);
    }
}

Test(relay, half_close_passes_through)
{
    char text[8] = "";
    int client, server;
    options = defaults();
    options.delay_ns = MS;
    start();
    connect_both(&client, &server);
    say(client, "ask", 3);
    cr_assert_eq(shutdown(client, SHUT_WR), 0);
    (void)hear(server, text, 3);
    cr_expect_eq(recv(server, text, 1, 0), 0, "the end");
    say(server, "answer", 6);
    (void)hear(client, text, 6);
    cr_expect_str_eq(text, "answer");
    close(server);
    cr_expect_eq(recv(client, text, 1, 0), 0);
    close(client);
    stop();
}

/* ---- times ---- */

Test(relay, nothing_arrives_before_its_time)
{
    const int64_t delay = 4 * MS;
    char byte;
    int client, server;
    options = defaults();
    options.delay_ns = delay;
    start();
    for (int i = 0; i < 5; i++) {
        connect_both(&client, &server);
        int64_t begin = bench_now_ns();
        say(client, "x", 1);
        cr_expect_geq(hear(server, &byte, 1) - begin, 3 * delay, "the first one, with handshake");
        for (int k = 0; k < 10; k++) {
            begin = bench_now_ns();
            say(server, "y", 1);
            cr_expect_geq(hear(client, &byte, 1) - begin, delay);
            begin = bench_now_ns();
            say(client, "x", 1);
            cr_expect_geq(hear(server, &byte, 1) - begin, delay);
        }
        begin = bench_now_ns();
        close(client);
        cr_expect_eq(recv(server, &byte, 1, 0), 0);
        cr_expect_geq(bench_now_ns() - begin, delay, "an end takes as long");
        close(server);
    }
    connect_both(&client, &server); /* a server that speaks first */
    int64_t begin = bench_now_ns();
    say(server, "y", 1);
    cr_expect_geq(hear(client, &byte, 1) - begin, 3 * delay);
    begin = bench_now_ns();
    reset(client);
    expect_reset(server);
    cr_expect_geq(bench_now_ns() - begin, delay);
    stop();
}

Test(relay, jitter_keeps_order_and_bounds)
{
    enum { MESSAGES = 2000 };
    static int64_t sent[MESSAGES];
    int client, server;
    options = defaults();
    options.delay_ns = 2 * MS;
    options.jitter_ns = MS;
    start();
    connect_both(&client, &server);
    for (int received = 0, i = 0; received < MESSAGES;) {
        if (i < MESSAGES) {
            int number = i;
            sent[i++] = bench_now_ns();
            say(client, &number, sizeof(number));
        }
        int got;
        ssize_t n = recv(server, &got, sizeof(got), MSG_PEEK | (i < MESSAGES ? MSG_DONTWAIT : 0));
        if (n < (ssize_t)sizeof(got))
            continue;
        (void)hear(server, &got, sizeof(got));
        cr_assert_eq(got, received);
        cr_assert_geq(bench_now_ns() - sent[received], MS);
        received++;
    }
    close(client);
    close(server);
    stop();
}

Test(relay, rate_is_not_exceeded)
{
    enum { BYTES = 200000 };
    static char data[BYTES];
    int client, server;
    options = defaults();
    options.bits_per_s = 16e6; /* 100 ms for them */
    start();
    connect_both(&client, &server);
    int64_t begin = bench_now_ns();
    for (int i = 0; i < 10; i++)
        say(client, data, BYTES / 10);
    for (int i = 1; i <= 10; i++)
        cr_expect_geq(hear(server, data, BYTES / 10) - begin, i * 10 * MS);
    begin = bench_now_ns();
    say(server, data, BYTES);
    cr_expect_geq(hear(client, data, BYTES) - begin, 100 * MS, "the way back has its own");
    close(client);
    close(server);
    stop();
}

/* ---- limits ---- */

/* The most that the kernel keeps for one socket. */
static size_t kernel_max(const char *path)
{
    size_t sizes[3] = {0};
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%zu %zu %zu", &sizes[0], &sizes[1], &sizes[2]), 3);
    (void)fclose(file);
    return sizes[2];
}

Test(relay, receiver_that_does_not_read_stops_the_sender)
{
    const size_t kernel =
        2 * (kernel_max("/proc/sys/net/ipv4/tcp_rmem") + kernel_max("/proc/sys/net/ipv4/tcp_wmem"));
    static uint8_t data[65536];
    size_t sent = 0, received = 0;
    int client, server;
    options = defaults();
    options.buffer_bytes = 256 << 10;
    start();
    connect_both(&client, &server);
    const size_t most = kernel + options.buffer_bytes;
    while (sent <= most) {
        struct pollfd fd = {.fd = client, .events = POLLOUT};
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = byte_of(5, sent + i);
        if (poll(&fd, 1, 500) == 0)
            break; /* it has stopped */
        ssize_t n = send(client, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
    }
    cr_expect_leq(sent, most);
    cr_assert_eq(shutdown(client, SHUT_WR), 0);
    for (ssize_t n; (n = recv(server, data, sizeof(data), 0)) > 0; received += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            cr_assert_eq(data[i], byte_of(5, received + (size_t)i));
    cr_expect_eq(received, sent, "and nothing was lost");
    close(client);
    close(server);
    stop();
}

Test(relay, many_connections)
{
    enum { MANY = 400 };
    static int clients[MANY], servers[MANY];
    uint16_t number;
    options = defaults();
    options.delay_ns = 2 * MS;
    options.jitter_ns = 2 * MS;
    start();
    for (uint16_t i = 0; i < MANY; i++) {
        clients[i] = connect_client();
        say(clients[i], &i, sizeof(i));
    }
    for (int i = 0; i < MANY; i++) { /* the upstream answers in its own order */
        servers[i] = accept4(upstream_fd, NULL, NULL, SOCK_CLOEXEC);
        (void)hear(servers[i], &number, sizeof(number));
        say(servers[i], &number, sizeof(number));
    }
    for (uint16_t i = 0; i < MANY; i++) {
        (void)hear(clients[i], &number, sizeof(number));
        cr_expect_eq(number, i);
    }
    for (int i = 0; i < MANY; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    stop();
    cr_expect_eq(counts.accepted, MANY);
    cr_expect_eq(counts.bytes_up, MANY * sizeof(number));
}

Test(relay, more_connections_than_allowed_are_reset)
{
    char byte;
    int clients[3], servers[2];
    options = defaults();
    options.connections_max = 2;
    start();
    connect_both(&clients[0], &servers[0]);
    connect_both(&clients[1], &servers[1]);
    clients[2] = connect_client();
    expect_reset(clients[2]);
    say(clients[0], "x", 1);
    (void)hear(servers[0], &byte, 1);
    close(clients[0]);
    close(servers[0]);
    for (ssize_t n = -1; n != 1;) { /* its place is free once the relay has seen both ends */
        clients[0] = connect_client();
        struct pollfd fds[] = {{.fd = clients[0], .events = POLLIN},
                               {.fd = upstream_fd, .events = POLLIN}};
        cr_assert_gt(poll(fds, 2, 60000), 0);
        if (fds[1].revents == 0) {
            close(clients[0]);
            continue;
        }
        servers[0] = accept4(upstream_fd, NULL, NULL, SOCK_CLOEXEC);
        say(clients[0], "x", 1);
        n = recv(servers[0], &byte, 1, 0);
    }
    for (int i = 0; i < 2; i++) {
        close(clients[i]);
        close(servers[i]);
    }
    stop();
    cr_expect_eq(counts.accepted, 3);
    cr_expect_geq(counts.refused, 1);
}

/* Every descriptor number up to that is taken. */
static void fill_descriptors(struct rlimit *old)
{
    int fd = dup(stop_fd);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, old), 0);
    close(fd);
    const struct rlimit now = {.rlim_cur = (rlim_t)fd, .rlim_max = old->rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
}

Test(relay, lives_on_without_descriptors)
{
    struct rlimit old;
    int client, server;
    char byte;
    options = defaults();
    start();
    int early[3] = {client_socket(), client_socket(), client_socket()};
    fill_descriptors(&old);
    for (int i = 0; i < 3; i++) {
        client_connect(early[i]);
        expect_reset(early[i]);
        early[i] = dup(stop_fd); /* keeps the number taken */
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    connect_both(&client, &server);
    say(client, "x", 1);
    (void)hear(server, &byte, 1);
    close(client);
    close(server);
    for (int i = 0; i < 3; i++)
        close(early[i]);
    stop();
    cr_expect_geq(counts.refused, 1);
    cr_expect_eq(counts.accepted - counts.upstream_failed, 1);
}

/* ---- trouble ---- */

Test(relay, reset_comes_behind_what_was_said)
{
    char text[8] = "";
    int client, server;
    options = defaults();
    options.delay_ns = MS;
    start();
    for (int i = 0; i < 2; i++) {
        connect_both(&client, &server);
        int *who = i == 0 ? &client : &server, *other = i == 0 ? &server : &client;
        say(*who, "last", 4);
        (void)hear(*other, text, 4);
        cr_expect_str_eq(text, "last");
        reset(*who);
        expect_reset(*other);
    }
    stop();
}

Test(relay, reset_reaches_one_who_reads_nothing)
{
    static char data[1 << 20];
    int client, server;
    options = defaults();
    options.buffer_bytes = 65536;
    start();
    connect_both(&client, &server);
    for (;;) { /* until everything is full */
        struct pollfd fd = {.fd = client, .events = POLLOUT};
        if (poll(&fd, 1, 300) == 0)
            break;
        (void)send(client, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    reset(client);
    struct pollfd fd = {.fd = server, .events = POLLHUP};
    cr_assert_eq(poll(&fd, 1, 60000), 1);
    cr_expect_neq(fd.revents & (POLLERR | POLLHUP), 0);
    close(server);
    stop();
}

Test(relay, peer_that_closes_early_ends_the_sender)
{
    static char data[65536];
    int client, server;
    options = defaults();
    options.delay_ns = MS;
    start();
    connect_both(&client, &server);
    say(client, data, 100);
    (void)hear(server, data, 50); /* and leaves the rest: its close is a reset */
    close(server);
    ssize_t n;
    do {
        n = send(client, data, sizeof(data), MSG_NOSIGNAL);
    } while (n > 0);
    cr_expect(errno == ECONNRESET || errno == EPIPE, "%d", errno);
    close(client);
    stop();
}

Test(relay, upstream_that_refuses_resets_the_client)
{
    const int64_t delay = 3 * MS;
    uint16_t port;
    int refusing;
    cr_assert_eq(support_refusing_port(&refusing, &port), 0);
    options = defaults();
    options.delay_ns = delay;
    options.upstream = local(port);
    start();
    int64_t begin = bench_now_ns();
    int client = connect_client();
    say(client, "x", 1);
    expect_reset(client);
    cr_expect_geq(bench_now_ns() - begin, 2 * delay, "there and back");
    client = connect_client();
    close(client); /* has gone before it is told */
    stop();
    cr_expect_geq(counts.upstream_failed, 1);
    cr_expect_eq(counts.bytes_up, 0);
    close(refusing);
}

Test(relay, stops_while_busy)
{
    static char data[300000];
    int clients[20], servers[20];
    options = defaults();
    options.delay_ns = 30 * BENCH_NS_PER_S; /* all of it is on its way */
    options.connections_max = 21;
    start();
    for (int i = 0; i < 20; i++) {
        connect_both(&clients[i], &servers[i]);
        (void)send(clients[i], data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)send(servers[i], data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    close(clients[0]);
    reset(servers[1]);
    for (int i = 0; i < 20; i++) {
        if (i != 0)
            close(clients[i]);
        if (i != 1)
            close(servers[i]);
    }
    stop();
    cr_expect_eq(counts.bytes_up + counts.bytes_down, 0);
}

Test(relay, stops_at_the_end_of_a_pipe)
{
    int fds[2];
    uint16_t port;
    options = defaults();
    options.upstream = local(1);
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    cr_assert_eq(bench_relay_new(&options, &relay, &port, NULL), 0);
    close(fds[1]);
    cr_expect_eq(bench_relay_run(relay, fds[0], NULL), 0);
    close(fds[0]);
    bench_relay_free(relay);
}

/* ---- what is refused ---- */

Test(relay, options_out_of_bounds_are_named)
{
    static const struct {
        int64_t delay, jitter;
        double rate;
        int connections;
        size_t buffer;
        const char *piece;
    } bad[] = {
        {-1, 0, 0, 1, 65536, "delay"},
        {60 * BENCH_NS_PER_S + 1, 0, 0, 1, 65536, "delay"},
        {MS, -1, 0, 1, 65536, "jitter"},
        {MS, MS + 1, 0, 1, 65536, "jitter"},
        {0, 0, -1, 1, 65536, "rate"},
        {0, 0, 999, 1, 65536, "rate"},
        {0, 0, 1e14, 1, 65536, "rate"},
        {0, 0, NAN, 1, 65536, "rate"},
        {0, 0, INFINITY, 1, 65536, "rate"},
        {0, 0, 0, 0, 65536, "0 connections"},
        {0, 0, 0, 100001, 65536, "100001 connections"},
        {0, 0, 0, 1, 65535, "65535"},
        {0, 0, 0, 1, SIZE_MAX, "buffer"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        struct bench_error err = {0};
        uint16_t port;
        options = defaults();
        options.upstream = local(1);
        options.delay_ns = bad[i].delay;
        options.jitter_ns = bad[i].jitter;
        options.bits_per_s = bad[i].rate;
        options.connections_max = bad[i].connections;
        options.buffer_bytes = bad[i].buffer;
        cr_expect_eq(bench_relay_new(&options, &relay, &port, &err), -EINVAL, "row %zu", i);
        cr_expect_not_null(strstr(err.msg, bad[i].piece), "row %zu: %s", i, err.msg);
    }
}

Test(relay, addresses_that_cannot_be_used_are_named)
{
    struct bench_error err = {0};
    uint16_t port;
    int before = support_fd_count();
    options = defaults();
    cr_expect_eq(bench_relay_new(&options, &relay, &port, &err), -EINVAL, "no upstream");
    options.upstream = local(1);
    int taken = listen_any(&port);
    options.listen = local(port);
    cr_expect_eq(bench_relay_new(&options, &relay, &port, &err), -EADDRINUSE);
    cr_expect_not_null(strstr(err.msg, "cannot listen on 127.0.0.1"), "%s", err.msg);
    close(taken);
    cr_expect_eq(support_fd_count(), before);
    bench_relay_free(NULL);
}
