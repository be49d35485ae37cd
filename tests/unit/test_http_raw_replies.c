/* SPDX-License-Identifier: MIT */
/* Replies in all pieces, and hostile ones, to the client without a library. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINK_RAW
#include "core/loop_internal.h"
#include "tests/support/peer.h"
#include "tests/unit/http_link.h"

TestSuite(http_raw_replies, .init = prepare, .fini = tidy, .timeout = 60);

#define PONG "{\"response\":\"pong\"}"

static const char *const replies[] = {
    "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n" PONG,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na;x=y\r\n{\"response\r\n9\r\n\":\"pong\"}"
    "\r\n0\r\nTrailer: t\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 19\r\nConnection: close\r\n\r\n" PONG,
    "HTTP/1.1 102 \r\nContent-Length: 0\r\n\r\nHTTP/1.0 200 \r\nConnection: keep-alive\r\n"
    "content-length:19\r\n\r\n" PONG,
};

/* The stream's own functions, fed by hand: pieces of a socket cannot be told from a test. */
static void feed(struct client *c, const char *data, size_t length)
{
    while (length > 0 && c->conn->stream.fd >= 0) {
        ssize_t n = c->conn->stream.ops->data(c->conn, (const uint8_t *)data, length);
        cr_assert_eq(n, (ssize_t)length, "took %zd of %zu bytes", n, length);
        data += n;
        length -= (size_t)n;
    }
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct client *c = user;
    (void)op;
    c->done = true;
    c->status = status;
    bench_loop_stop(c->loop);
}

static void begin(struct client *c)
{
    struct bench_error err = {0};
    compile_operation(c, BENCH_OP_PING, NULL, 0);
    c->op->done = on_done;
    c->op->user = c;
    c->done = false;
    cr_assert_eq(bench_conn_submit(c->conn, c->op, &err), 0, "%s", err.msg);
    while (c->conn->stream.connecting) /* a reply had closed the socket */
        turn(c);
}

static void expect_pong(struct client *c, size_t length, const char *what, size_t where)
{
    turn(c);
    cr_assert(c->done, "%s at %zu: not done", what, where);
    cr_assert_eq(c->status, 0, "%s at %zu: %s", what, where, c->op->error.msg);
    cr_expect(is_str(&c->op->result, "pong"), "%s at %zu", what, where);
    cr_expect_eq(c->op->stat.wire_received, length, "%s at %zu", what, where);
    cr_expect_eq(c->op->stat.frames_received, 1);
    cr_expect_eq(c->op->stat.round_trips, 1);
}

static const struct support_step hold[] = {{SUPPORT_HOLD, NULL, 0}};

Test(http_raw_replies, in_all_pieces)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(replies); i++) {
        const char *reply = replies[i];
        const size_t length = strlen(reply);
        /* One peer for each try of a reply that closes the connection would be slow. */
        const bool closes = strstr(reply, "close") != NULL;
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {0};
        cr_assert_eq(support_peer_start(hold, 1, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        begin(&c);
        feed(&c, reply, length);
        expect_pong(&c, length, "whole", i);
        cr_expect(closes ? c.conn->stream.fd < 0 : c.conn->stream.fd >= 0);
        begin(&c);
        for (size_t k = 0; k < length; k++)
            feed(&c, reply + k, 1);
        expect_pong(&c, length, "byte by byte", i);
        for (size_t k = 1; k < length; k++) {
            begin(&c);
            feed(&c, reply, k);
            turn(&c);
            cr_assert_not(c.done, "reply %zu is done with %zu of %zu bytes", i, k, length);
            feed(&c, reply + k, length - k);
            expect_pong(&c, length, "split", k);
        }
        client_end(&c);
        (void)support_peer_stop(peer, NULL);
    }
}

/* The last byte is the last one of a page, and what follows cannot be read. */
Test(http_raw_replies, nothing_is_read_behind_the_end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(pages, MAP_FAILED);
    cr_assert_eq(mprotect(pages + page, page, PROT_NONE), 0);
    struct support_peer *peer;
    struct bench_error err = {0};
    cr_assert_eq(support_peer_start(hold, 1, &peer, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < BENCH_COUNT_OF(replies); i++) {
        const size_t length = strlen(replies[i]);
        for (size_t k = 1; k <= length; k += k < length ? 7 < length - k ? 7 : length - k : 1) {
            struct client c = {0};
            client_open(&c, support_peer_port(peer), "");
            begin(&c);
            memcpy(pages + page - k, replies[i], k);
            feed(&c, pages + page - k, k);
            turn(&c);
            cr_expect_eq(c.done, k == length);
            bench_conn_close(c.conn);
            client_end(&c);
        }
    }
    (void)support_peer_stop(peer, NULL);
    (void)munmap(pages, 2 * page);
}

static const struct {
    const char *name, *reply, *word;
} hostile[] = {
    {"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     "ontent"},
    {"chunks and length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     "ontent"},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "ontent"},
    {"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "ontent"},
    {"a length beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
     "ontent"},
    {"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "ontent"},
    {"compressed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "encoding"},
    {"HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1"},
    {"a status of one digit", "HTTP/1.1 7 OK\r\nContent-Length: 0\r\n\r\n", ""},
    {"a status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", ""},
    {"no status", "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n", ""},
    {"a request", "GET / HTTP/1.1\r\n\r\n", ""},
    {"TLS", "\x16\x03\x01\x02", ""},
    {"zeros", "\0\0\0\0", ""},
    {"a chunk beyond 64 bits", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "fffffffffffffffff\r\n", ""},
    {"a chunk's end that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "1\r\nabc\r\n", ""},
};

static void expect_refused(struct client *c, const char *name, const char *word)
{
    turn(c);
    cr_assert(c->done, "%s: not done", name);
    cr_expect_lt(c->status, 0, "%s", name);
    cr_expect_eq(c->op->failure, BENCH_FAILURE_PROTOCOL, "%s: %s: %s", name,
                 bench_failure_name(c->op->failure), c->op->error.msg);
    cr_expect_not_null(strstr(c->op->error.msg, word), "%s: '%s'", name, c->op->error.msg);
}

Test(http_raw_replies, hostile_ones_are_refused)
{
    struct support_peer *peer;
    struct bench_error err = {0};
    cr_assert_eq(support_peer_start(hold, 1, &peer, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < BENCH_COUNT_OF(hostile); i++) {
        const size_t length = hostile[i].reply[0] == '\0' ? 4 : strlen(hostile[i].reply);
        struct client c = {0};
        client_open(&c, support_peer_port(peer), "");
        begin(&c);
        (void)c.conn->stream.ops->data(c.conn, (const uint8_t *)hostile[i].reply, length);
        expect_refused(&c, hostile[i].name, hostile[i].word);
        cr_expect_not(bench_conn_is_ready(c.conn), "%s", hostile[i].name);
        client_end(&c);
    }
    (void)support_peer_stop(peer, NULL);
}

/* Heads, trailers and interim replies without end; announced bodies that are too large. */
static void send_for_ever(const char *head, const char *line, const char *word)
{
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    cr_assert_eq(support_peer_start(hold, 1, &peer, &err), 0, "%s", err.msg);
    client_open(&c, support_peer_port(peer), "max-reply=4096");
    begin(&c);
    feed(&c, head, strlen(head));
    int lines = 0;
    for (; lines < 100000 && c.conn->stream.fd >= 0; lines++)
        (void)c.conn->stream.ops->data(c.conn, (const uint8_t *)line, strlen(line));
    cr_expect_lt(lines, 100000);
    expect_refused(&c, line, word);
    client_end(&c);
    (void)support_peer_stop(peer, NULL);
}

Test(http_raw_replies, endless_ones_are_refused)
{
    send_for_ever("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n", "too large");
    send_for_ever("HTTP/1.1 200 OK\r\nX: ", "0123456789", "too large");
    send_for_ever("HTTP/1.1 200 ", "OK", "too large");
    send_for_ever("", "HTTP/1.1 100 Continue\r\n\r\n", "interim");
    send_for_ever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxxxx", "");
    send_for_ever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                  "X-Filler: 0123456789\r\n", "too large");
    send_for_ever("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "4096");
    send_for_ever("HTTP/1.1 200 OK\r\n\r\n", "0123456789", "4096");
    send_for_ever("HTTP/1.1 200 OK\r\n", "Content-Length: 4097\r\n\r\n", "4096");
}

/* A reply that comes before the whole request was sent ends the socket, not the connection. */
Test(http_raw_replies, an_early_answer)
{
    static const struct support_step steps[] = {
        {SUPPORT_READ, NULL, 1000},
        {SUPPORT_SEND, "HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n", 43},
        {SUPPORT_EOF, NULL, 0},
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    const size_t size = (size_t)64 << 20; /* more than any socket takes */
    for (int chunked = 0; chunked < 2; chunked++) {
        struct client c = {0};
        cr_assert_eq(support_peer_start(steps, 2, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        compile_operation(&c, chunked ? BENCH_OP_UPLOAD_CHUNKED : BENCH_OP_UPLOAD, NULL, 0);
        uint8_t *payload = calloc(1, size);
        cr_assert_not_null(payload);
        c.op->tx.data = payload;
        c.op->tx.length = size;
        c.op->tx.chunk_size = 16384;
        cr_expect_lt(call(&c), 0);
        /* the peer's reset may overtake its reply */
        cr_expect(c.op->failure == BENCH_FAILURE_STATUS || c.op->failure == BENCH_FAILURE_RESET,
                  "%s", c.op->error.msg);
        if (c.op->failure == BENCH_FAILURE_STATUS) {
            cr_expect_lt(c.conn->stream.fd, 0);
            cr_expect(bench_conn_is_ready(c.conn));
        }
        client_end(&c);
        free(payload);
        (void)support_peer_stop(peer, NULL);
    }
}
