/* SPDX-License-Identifier: MIT */
/*
 * The server half, fed by scripted bytes. Sessions run over a SEQPACKET pair where the test wants
 * to decide what one recv() of the server sees, and over a STREAM pair for large bodies.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/session_internal.h"
#include "protocols/http/http_server.h"
#include "service/service.h"
#include "tests/unit/http_streams.h"

static void prepare(void) { cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_ZEROS, 1, NULL), 0); }

TestSuite(http_server, .init = prepare, .timeout = 60);

#define MESSAGE_MAX ((uint64_t)8 << 20)

struct peer {
    struct bench_session_setup setup;
    struct bench_session session;
    int fd, server_fd;
    pthread_t thread;
    int rc;
    struct bench_error err;
    char *reply;
    size_t length, capacity;
};

static void *serve(void *user)
{
    struct peer *peer = user;
    peer->rc = http_server_ops.serve(&peer->session, &peer->err);
    (void)shutdown(peer->server_fd, SHUT_RDWR);
    return NULL;
}

static void peer_start(struct peer *peer, int type)
{
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    peer->fd = fds[0];
    peer->server_fd = fds[1];
    if (peer->setup.service == NULL)
        peer->setup.service = bench_reference_service();
    if (peer->setup.limits.message_bytes == 0)
        peer->setup.limits.message_bytes = MESSAGE_MAX;
    peer->setup.session_size = http_server_ops.session_size;
    cr_assert_eq(bench_session_init(&peer->session, peer->server_fd, &peer->setup, NULL), 0);
    cr_assert_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
    peer->capacity = 16 << 20;
    peer->reply = malloc(peer->capacity);
    cr_assert_not_null(peer->reply);
    peer->length = 0;
}

/* The server may have hung up already. */
static void peer_send(struct peer *peer, const void *data, size_t length)
{
    const char *p = data;
    while (length > 0) {
        ssize_t n = send(peer->fd, p, length, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        p += n;
        length -= (size_t)n;
    }
}

static void peer_read_to(struct peer *peer, const char *end)
{
    for (;;) {
        peer->reply[peer->length] = '\0';
        if (end != NULL && strstr(peer->reply, end) != NULL)
            return;
        ssize_t n =
            recv(peer->fd, peer->reply + peer->length, peer->capacity - peer->length - 1, 0);
        if (n <= 0)
            return;
        peer->length += (size_t)n;
    }
}

static void peer_end(struct peer *peer)
{
    (void)shutdown(peer->fd, SHUT_WR);
    peer_read_to(peer, NULL);
    cr_assert_eq(pthread_join(peer->thread, NULL), 0);
    bench_session_fini(&peer->session);
    (void)close(peer->fd);
    (void)close(peer->server_fd);
}

static void peer_free(struct peer *peer)
{
    free(peer->reply);
    peer->reply = NULL;
}

#define HEAD(status, type, length)                                                                 \
    "HTTP/1.1 " status "\r\nServer: rpycbench\r\nContent-Type: " type                              \
    "\r\nContent-Length: " length "\r\n"
#define JSON(length, body)  HEAD("200 OK", "application/json", length) "\r\n" body
#define BYTES(length, body) HEAD("200 OK", "application/octet-stream", length) "\r\n" body
#define PONG                JSON("19", "{\"response\":\"pong\"}")
#define PONG_CLOSE                                                                                 \
    HEAD("200 OK", "application/json", "19") "Connection: close\r\n\r\n{\"response\":\"pong\"}"
#define REFUSED(status, length, reason)                                                            \
    HEAD(status, "text/plain", length) "Connection: close\r\n\r\n" reason

struct exchange {
    const char *request, *reply;
    int rc; /* of serve */
};

static const struct exchange exchanges[] = {
    {"", "", 0},
    {"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n", PONG, 0},
    {"\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n", PONG, 0},
    {"GET http://a/ping HTTP/1.1\r\nHost: a\r\n\r\n", PONG, 0},
    {"GET /ping HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     PONG JSON("15", "{\"status\":\"ok\"}") PONG, 0},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
     HEAD("200 OK", "text/plain", "10") "\r\n" HEAD("200 OK", "text/plain", "10") "\r\nrpycbench\n",
     0},
    {"HEAD /ping HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     HEAD("200 OK", "application/json", "19") "\r\n" PONG, 0},
    {"GET /compute/4 HTTP/1.1\r\n\r\n", JSON("13", "{\"result\":14}"), 0},
    {"GET /cpu/0 HTTP/1.1\r\n\r\nGET /io/0 HTTP/1.1\r\n\r\n",
     JSON("23", "{\"result\":\"7374617274\"}") JSON("17", "{\"result\":\"data\"}"), 0},
    {"GET /download/0 HTTP/1.1\r\n\r\n", BYTES("0", ""), 0},
    {"POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n", BYTES("0", ""), 0},
    {"POST /echo HTTP/1.1\r\n\r\n", BYTES("0", ""), 0},
    {"POST /echo HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world", BYTES("11", "hello world"), 0},
    {"POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     JSON("11", "{\"size\":11}") PONG, 0},
    {"POST /upload-chunk HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", JSON("10", "{\"size\":3}"), 0},
    /* a body where none belongs is read and dropped */
    {"GET /ping HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", PONG, 0},
    {"GET /ping HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
     "GET /ping HTTP/1.1\r\n\r\n",
     PONG PONG, 0},
    /* the end of the connection */
    {"GET /ping HTTP/1.1\r\nConnection: close\r\n\r\nGET /ping HTTP/1.1\r\n\r\n", PONG_CLOSE, 0},
    {"GET /ping HTTP/1.0\r\n\r\nGET /ping HTTP/1.0\r\n\r\n", PONG_CLOSE, 0},
    {"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /ping HTTP/1.0\r\n\r\n",
     HEAD("200 OK", "application/json",
          "19") "Connection: keep-alive\r\n\r\n{\"response\":\"pong\"}" PONG_CLOSE,
     0},
    /* what the service or the router does not like; the connection stays */
    {"GET /nope HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     HEAD("404 Not Found", "text/plain", "9") "\r\nNot Found" PONG, 0},
    {"DELETE /echo HTTP/1.1\r\n\r\nHEAD /echo HTTP/1.1\r\n\r\n",
     HEAD("405 Method Not Allowed", "text/plain",
          "18") "Allow: POST\r\n\r\nMethod Not Allowed" HEAD("405 Method Not Allowed", "text/plain",
                                                             "18") "Allow: POST\r\n\r\n",
     0},
    {"POST /ping HTTP/1.1\r\nContent-Length: 2\r\n\r\nxx",
     HEAD("405 Method Not Allowed", "text/plain",
          "18") "Allow: GET, HEAD\r\n\r\nMethod Not Allowed",
     0},
    {"GET /compute/x HTTP/1.1\r\n\r\n",
     HEAD("400 Bad Request", "application/json",
          "53") "\r\n{\"error\":\"ValueError\",\"message\":\"compute: bad n 'x'\"}",
     0},
    /* what cannot be understood ends it */
    {"garbage\r\n\r\n", REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"\x16\x03\x01\x02", REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"GET /ping HTTP/2.0\r\n\r\n",
     REFUSED("505 HTTP Version Not Supported", "26", "HTTP Version Not Supported"), -EPROTO},
    {"GET /ping HTTP/1.1\r\nContent-Length: x\r\n\r\n",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nab",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nContent-Length: 8388609\r\n\r\nabc",
     REFUSED("413 Payload Too Large", "17", "Payload Too Large"), -EPROTO},
    {"POST /echo HTTP/1.1\r\nContent-Length: 18446744073709551614\r\n\r\nabc",
     REFUSED("400 Bad Request", "11", "Bad Request"), -EPROTO},
    /* what ends too early */
    {"GET /pi", "", -ECONNRESET},
    {"GET /ping HTTP/1.1\r\n\r\nGET", PONG, -ECONNRESET},
    {"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", "", -ECONNRESET},
    {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "", -ECONNRESET},
};

static void expect(const struct peer *peer, const struct exchange *row, const char *how)
{
    cr_expect_eq(peer->length, strlen(row->reply), "%s, %s: got '%s'", row->request, how,
                 peer->reply);
    cr_expect_str_eq(peer->reply, row->reply, "%s, %s: got '%s'", row->request, how, peer->reply);
    cr_expect_eq(peer->rc, row->rc, "%s, %s: %d (%s)", row->request, how, peer->rc, peer->err.msg);
    cr_expect_eq(peer->rc < 0, peer->err.msg[0] != '\0', "%s: '%s'", row->request, peer->err.msg);
}

Test(http_server, whole)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(exchanges); i++) {
        struct peer peer = {0};
        peer_start(&peer, SOCK_STREAM);
        peer_send(&peer, exchanges[i].request, strlen(exchanges[i].request));
        peer_end(&peer);
        expect(&peer, &exchanges[i], "whole");
        peer_free(&peer);
    }
}

Test(http_server, byte_by_byte)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(exchanges); i++) {
        struct peer peer = {0};
        peer_start(&peer, SOCK_SEQPACKET);
        for (const char *p = exchanges[i].request; *p != '\0'; p++)
            peer_send(&peer, p, 1);
        peer_end(&peer);
        expect(&peer, &exchanges[i], "byte by byte");
        peer_free(&peer);
    }
}

/* The server asks for a body of known length with exactly its length, and what a packet holds
 * beyond that is lost; so no row has anything behind such a body. */
Test(http_server, split_anywhere)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(exchanges); i++) {
        size_t length = strlen(exchanges[i].request);
        for (size_t at = 1; at < length; at++) {
            struct peer peer = {0};
            peer_start(&peer, SOCK_SEQPACKET);
            peer_send(&peer, exchanges[i].request, at);
            peer_send(&peer, exchanges[i].request + at, length - at);
            peer_end(&peer);
            expect(&peer, &exchanges[i], "split");
            peer_free(&peer);
        }
    }
}

static void expect_reply(struct peer *peer, const char *reply, int rc)
{
    peer_end(peer);
    cr_expect_str_eq(peer->reply, reply, "got '%s'", peer->reply);
    cr_expect_eq(peer->rc, rc, "%d (%s)", peer->rc, peer->err.msg);
    peer_free(peer);
}

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

Test(http_server, says_continue)
{
    static const char length_head[] =
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    static const char chunked_head[] = "POST /echo HTTP/1.1\r\nexpect: 100-Continue\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n";
    struct peer peer = {0};
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, length_head, sizeof(length_head) - 1);
    peer_read_to(&peer, CONTINUE); /* only now is the body sent */
    peer_send(&peer, "hello", 5);
    peer_read_to(&peer, "hello");
    peer_send(&peer, chunked_head, sizeof(chunked_head) - 1);
    peer.length = 0;
    peer_read_to(&peer, CONTINUE);
    peer_send(&peer, "3\r\nabc\r\n0\r\n\r\n", 13);
    expect_reply(&peer, CONTINUE BYTES("3", "abc"), 0);
}

Test(http_server, says_no_continue)
{
    static const struct exchange rows[] = {
        {"POST /echo HTTP/1.1\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n",
         REFUSED("413 Payload Too Large", "17", "Payload Too Large"), -EPROTO},
        {"POST /echo HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx",
         HEAD("200 OK", "application/octet-stream", "1") "Connection: close\r\n\r\nx", 0},
        {"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue2\r\n\r\nx",
         BYTES("1", "x"), 0},
        {"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nExpects: 100-continue\r\n\r\nx",
         BYTES("1", "x"), 0},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct peer peer = {0};
        peer_start(&peer, SOCK_STREAM);
        peer_send(&peer, rows[i].request, strlen(rows[i].request));
        expect_reply(&peer, rows[i].reply, rows[i].rc);
    }
}

Test(http_server, bounds_the_head)
{
    static char text[48 << 10];
    struct peer peer = {0};
    int n = snprintf(text, sizeof(text), "GET /ping HTTP/1.1\r\nX: ");
    memset(text + n, 'a', sizeof(text) - (size_t)n);
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, text, sizeof(text));
    expect_reply(
        &peer,
        REFUSED("431 Request Header Fields Too Large", "31", "Request Header Fields Too Large"),
        -EPROTO);

    struct peer longer = {0};
    n = snprintf(text, sizeof(text), "GET /");
    memset(text + n, 'a', 4096);
    peer_start(&longer, SOCK_STREAM);
    peer_send(&longer, text, 4096);
    expect_reply(&longer, REFUSED("414 URI Too Long", "12", "URI Too Long"), -EPROTO);
}

Test(http_server, bounds_a_chunked_body)
{
    struct peer peer = {.setup.limits.message_bytes = 10};
    static const char request[] = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "6\r\nabcdef\r\n6\r\nghijkl\r\n0\r\n\r\n";
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, request, sizeof(request) - 1);
    expect_reply(&peer, REFUSED("413 Payload Too Large", "17", "Payload Too Large"), -EPROTO);
}

Test(http_server, carries_large_bodies)
{
    static const size_t sizes[] = {65536, 1 << 20, (1 << 20) + 1, 5000001, MESSAGE_MAX};
    char *body = malloc(MESSAGE_MAX);
    for (size_t i = 0; i < MESSAGE_MAX; i++)
        body[i] = (char)(i * 2654435761u >> 24);
    struct peer peer = {0};
    peer_start(&peer, SOCK_STREAM);
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        char head[128], wanted[256];
        int n = snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nContent-Length: %zu\r\n\r\n",
                         sizes[i]);
        size_t m =
            (size_t)snprintf(wanted, sizeof(wanted),
                             HEAD("200 OK", "application/octet-stream", "%zu") "\r\n", sizes[i]);
        peer.length = 0;
        peer_send(&peer, head, (size_t)n);
        peer_send(&peer, body, sizes[i]);
        while (peer.length < m + sizes[i]) {
            ssize_t got = recv(peer.fd, peer.reply + peer.length, peer.capacity - peer.length, 0);
            cr_assert_gt(got, 0);
            peer.length += (size_t)got;
        }
        cr_expect_eq(peer.length, m + sizes[i]);
        cr_expect_arr_eq(peer.reply, wanted, m);
        cr_expect_eq(memcmp(peer.reply + m, body, sizes[i]), 0);
    }
    peer.length = 0;
    expect_reply(&peer, "", 0);
    free(body);
}

/* ---- a service with moods ---- */

static int moody_call(const struct bench_service *service, struct bench_call *call,
                      const struct bench_operation *operation, const struct bench_value *args,
                      size_t nargs, struct bench_value *out)
{
    (void)service;
    (void)args;
    (void)nargs;
    switch (operation->id) {
    case BENCH_OP_PING:
        return bench_raise(call, "RuntimeError", "out of \"order\"");
    case BENCH_OP_HEALTH_CHECK:
        return bench_raise(call, "TypeError", "no");
    case BENCH_OP_CPU_WORK:
        return -EIO;
    case BENCH_OP_COMPUTE:
        *out = (struct bench_value){.kind = BENCH_ELLIPSIS};
        return 0;
    default:
        return -ECANCELED;
    }
}

static const struct bench_service moody = {.call = moody_call};

Test(http_server, tells_exceptions)
{
    struct peer peer = {.setup.service = &moody};
    static const char request[] = "GET /ping HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\n"
                                  "GET /io/1 HTTP/1.1\r\n\r\n";
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, request, sizeof(request) - 1);
    expect_reply(&peer,
                 HEAD("500 Internal Server Error", "application/json",
                      "53") "\r\n{\"error\":\"RuntimeError\",\"message\":\"out of "
                            "\\\"order\\\"\"}" HEAD("400 Bad Request", "application/json",
                                                    "36") "\r\n{\"error\":\"TypeError\","
                                                          "\"message\":\"no\"}",
                 0);
}

Test(http_server, ends_with_what_the_service_cannot_do)
{
    static const struct exchange rows[] = {
        {"GET /cpu/1 HTTP/1.1\r\n\r\n", "", -EIO},
        {"GET /compute/1 HTTP/1.1\r\n\r\n", "", -ENOTSUP},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct peer peer = {.setup.service = &moody};
        peer_start(&peer, SOCK_STREAM);
        peer_send(&peer, rows[i].request, strlen(rows[i].request));
        expect_reply(&peer, rows[i].reply, rows[i].rc);
    }
}

/* ---- pieces ---- */

#define CHUNKED_TYPE                                                                               \
    "HTTP/1.1 200 OK\r\nServer: rpycbench\r\nContent-Type: application/octet-stream\r\n"
#define CHUNKED_HEAD CHUNKED_TYPE "Transfer-Encoding: chunked\r\n"
#define UNTIL_CLOSE  CHUNKED_TYPE "Connection: close\r\n\r\n"

static const struct exchange streams[] = {
    {"GET /download/7?chunk=3 HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     CHUNKED_HEAD "\r\n3\r\nxxx\r\n3\r\nxxx\r\n1\r\nx\r\n0\r\n\r\n" PONG, 0},
    {"GET /download/0?chunk=3 HTTP/1.1\r\n\r\n", CHUNKED_HEAD "\r\n0\r\n\r\n", 0},
    {"GET /download/18?chunk=20 HTTP/1.1\r\n\r\n",
     CHUNKED_HEAD "\r\n12\r\nxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n", 0},
    {"HEAD /download/7?chunk=3 HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     CHUNKED_HEAD "\r\n" PONG, 0},
    {"GET /download/3?chunk=3 HTTP/1.1\r\nConnection: close\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     CHUNKED_HEAD "Connection: close\r\n\r\n3\r\nxxx\r\n0\r\n\r\n", 0},
    {"GET /download/7?chunk=3 HTTP/1.0\r\n\r\n", UNTIL_CLOSE "xxxxxxx", 0},
    {"GET /download/7?chunk=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
     "GET /ping HTTP/1.0\r\n\r\n",
     UNTIL_CLOSE "xxxxxxx", 0},
    {"HEAD /download/7?chunk=3 HTTP/1.0\r\n\r\n", UNTIL_CLOSE, 0},
    {"GET /download/0?chunk=3 HTTP/1.0\r\n\r\n", UNTIL_CLOSE, 0},
    {"GET /download/7?chunk=0 HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     HEAD("400 Bad Request", "application/json",
          "71") "\r\n{\"error\":\"ValueError\",\"message\":\"download_chunked: bad chunk_size "
                "'0'\"}" PONG,
     0},
    {"GET /download/13?chunk=4 HTTP/1.1\r\n\r\nGET /ping HTTP/1.1\r\n\r\n",
     HEAD("400 Bad Request", "application/json",
          "42") "\r\n{\"error\":\"ValueError\",\"message\":\"unlucky\"}" PONG,
     0},
    /* what goes wrong within a reply ends the connection before the last chunk */
    {"GET /download/14?chunk=4 HTTP/1.1\r\n\r\n", "", -EREMOTEIO},
    {"GET /download/15?chunk=4 HTTP/1.1\r\n\r\n", CHUNKED_HEAD "\r\n4\r\nxxxx\r\n", -EREMOTEIO},
    {"GET /download/16?chunk=8 HTTP/1.1\r\n\r\n",
     CHUNKED_HEAD "\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n", 0},
    {"GET /download/17?chunk=4 HTTP/1.1\r\n\r\n", "", -ENOTSUP},
};

/* The payload of zeros, made visible. */
static void show_zeros(struct peer *peer)
{
    for (size_t i = 0; i < peer->length; i++)
        if (peer->reply[i] == '\0')
            peer->reply[i] = 'x';
}

Test(http_server, streams)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(streams); i++) {
        struct peer peer = {.setup.service = &streams_service};
        peer_start(&peer, SOCK_STREAM);
        peer_send(&peer, streams[i].request, strlen(streams[i].request));
        peer_end(&peer);
        show_zeros(&peer);
        expect(&peer, &streams[i], "streamed");
        peer_free(&peer);
    }
    cr_expect_eq(atomic_load(&streams_alive), 0, "iterators are released");
}

/* What one recv sees is what one write sent. */
Test(http_server, writes_each_piece_at_once)
{
    static const char *const packets[] = {CHUNKED_HEAD "\r\n3\r\nxxx\r\n", "3\r\nxxx\r\n",
                                          "1\r\nx\r\n", "0\r\n\r\n"};
    static const char request[] = "GET /download/7?chunk=3 HTTP/1.1\r\n\r\n";
    struct peer peer = {.setup.service = &streams_service};
    peer_start(&peer, SOCK_SEQPACKET);
    peer_send(&peer, request, sizeof(request) - 1);
    for (size_t i = 0; i < BENCH_COUNT_OF(packets); i++) {
        ssize_t n = recv(peer.fd, peer.reply, peer.capacity - 1, 0);
        cr_assert_gt(n, 0);
        peer.reply[n] = '\0';
        peer.length = (size_t)n;
        show_zeros(&peer);
        cr_expect_str_eq(peer.reply, packets[i], "packet %zu: '%s'", i, peer.reply);
    }
    peer.length = 0;
    expect_reply(&peer, "", 0);
}

Test(http_server, a_client_leaves_within_a_stream)
{
    static const char request[] = "GET /download/100000000?chunk=1000 HTTP/1.1\r\n\r\n";
    struct peer peer = {.setup.service = &streams_service};
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, request, sizeof(request) - 1);
    peer_read_to(&peer, "chunked");
    (void)shutdown(peer.fd, SHUT_RDWR);
    peer_end(&peer);
    cr_expect_eq(peer.rc, -EPIPE, "%d (%s)", peer.rc, peer.err.msg);
    cr_expect_eq(atomic_load(&streams_alive), 0);
    peer_free(&peer);
}

/* ---- deadlines and stopping ---- */

Test(http_server, idle_sessions_end_quietly)
{
    struct peer peer = {.setup.limits.idle_timeout_ns = 20 * BENCH_NS_PER_MS};
    peer_start(&peer, SOCK_STREAM);
    peer_read_to(&peer, NULL); /* until it hangs up */
    expect_reply(&peer, "", 0);
}

Test(http_server, slow_requests_are_refused)
{
    static const char *const starts[] = {
        "GET /pi",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(starts); i++) {
        struct peer peer = {.setup.limits.message_timeout_ns = 20 * BENCH_NS_PER_MS};
        peer_start(&peer, SOCK_STREAM);
        peer_send(&peer, starts[i], strlen(starts[i]));
        peer_read_to(&peer, NULL);
        expect_reply(&peer, REFUSED("408 Request Timeout", "15", "Request Timeout"), -ETIMEDOUT);
    }
}

Test(http_server, stops_when_told)
{
    struct peer peer = {0};
    peer_start(&peer, SOCK_STREAM);
    peer_send(&peer, "GET /ping HTTP/1.1\r\n\r\nGET /pi", 29);
    peer_read_to(&peer, "pong\"}");
    bench_session_stop(&peer.session);
    expect_reply(&peer, PONG, 0);
}
