/* SPDX-License-Identifier: MIT */
/* bench_conn_tap: the bytes of a connection, all of them, once, in order; above TLS. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "core/certificate.h"
#include "protocols/tcp/tcp_wire.h"
#include "tests/support/peer.h"
#include "tests/support/server.h"

#define WAIT_NS (20 * BENCH_NS_PER_S)
/* Some sends of it, whatever the buffers of the sockets. */
#define LARGE ((size_t)12 << 20)
#define LIMIT ((size_t)64 << 20)

TestSuite(conn_tap, .timeout = 60);

struct heard {
    int opens, closes, pieces;
    bool joined, too_late, bad;
    uint64_t connection;
    int64_t last_ns;
    char text[300];
    struct bench_buf bytes[2];
};

static void hear(const struct bench_piece *piece, void *user)
{
    struct heard *h = user;

    h->bad |= piece->time_ns < h->last_ns || piece->process != (uint32_t)getpid();
    h->last_ns = piece->time_ns;
    h->too_late |= h->closes > 0;
    switch (piece->kind) {
    case BENCH_PIECE_OPEN:
        h->opens++;
        h->joined = piece->joined;
        h->connection = piece->connection;
        h->bad |= h->pieces > 0 || piece->length >= sizeof(h->text);
        memcpy(h->text, piece->data, piece->length);
        break;
    case BENCH_PIECE_DATA:
        h->pieces++;
        h->bad |= h->opens == 0 || piece->connection != h->connection;
        h->bad |= bench_buf_add(&h->bytes[piece->direction], piece->data, piece->length) < 0;
        break;
    case BENCH_PIECE_CLOSE:
        h->closes++;
        break;
    default:
        h->bad = true;
    }
}

static void heard_init(struct heard *h)
{
    *h = (struct heard){.opens = 0};
    bench_buf_init(&h->bytes[0], LIMIT);
    bench_buf_init(&h->bytes[1], LIMIT);
}

static void heard_fini(struct heard *h)
{
    bench_buf_fini(&h->bytes[0]);
    bench_buf_fini(&h->bytes[1]);
}

struct world {
    struct bench_certificate certificate;
    struct support_server server;
    const struct bench_protocol *protocol;
    struct bench_loop *loop;
    struct bench_conn *conn;
    struct bench_op *op;
    struct heard heard;
    uint8_t *tx;
};

static const struct bench_conn_events no_events = {.opened = NULL};

static void world_init(struct world *w, bool tls)
{
    struct bench_error err = {0};
    const char *words[5] = {NULL};
    const struct support_server_spec spec = {.protocol = "tcp", .mode = "threaded", .extra = words};
    struct bench_address address = {.host = "127.0.0.1", .tls = tls};

    *w = (struct world){.protocol = bench_protocol_find("tcp", 3)};
    heard_init(&w->heard);
    if (tls) {
        cr_assert_eq(bench_certificate_make(NULL, &w->certificate, &err), 0, "%s", err.msg);
        words[0] = "--tls-cert";
        words[1] = w->certificate.cert_file;
        words[2] = "--tls-key";
        words[3] = w->certificate.key_file;
        (void)snprintf(address.ca_file, sizeof(address.ca_file), "%s", w->certificate.cert_file);
    }
    cr_assert_eq(support_server_start(&spec, &w->server, &err), 0, "%s", err.msg);
    address.port = w->server.port;
    cr_assert_eq(bench_address_resolve(&address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_loop_new(&w->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_conn_new(w->loop, w->protocol, NULL, &address, &no_events, NULL, &w->conn, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_op_new(w->protocol, &w->op, &err), 0, "%s", err.msg);
    w->tx = malloc(LARGE);
    cr_assert_not_null(w->tx);
    for (size_t i = 0; i < LARGE; i++)
        w->tx[i] = (uint8_t)(i * 2654435761u >> 13);
}

static void world_open(struct world *w)
{
    struct bench_error err = {0};

    cr_assert_eq(bench_open_blocking(w->conn, WAIT_NS, &err), 0, "%s", err.msg);
}

static void world_end(struct world *w)
{
    bench_op_free(w->op);
    bench_conn_free(w->conn);
    bench_loop_free(w->loop);
    cr_expect_eq(support_server_stop(&w->server), 0);
    bench_certificate_remove(&w->certificate);
    heard_fini(&w->heard);
    free(w->tx);
}

static void echo(struct world *w, size_t length)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_ECHO)};
    struct bench_program *program;
    struct bench_error err = {0};

    cr_assert_eq(w->protocol->compile(NULL, &spec, &program, &err), 0, "%s", err.msg);
    bench_op_reset(w->op);
    w->op->program = program;
    w->op->tx.data = w->tx;
    w->op->tx.length = length;
    w->op->sink.kind = BENCH_SINK_COUNT;
    w->op->sink.limit = LIMIT;
    w->op->timeout_ns = WAIT_NS;
    cr_assert_eq(bench_call_blocking(w->conn, w->op, &err), 0, "%s", err.msg);
    cr_assert_eq(w->op->sink.length, length);
    w->op->program = NULL;
    w->protocol->program_free(program);
}

/* Takes an echo of that length from the front of what was heard in both directions. */
static void expect_echo(struct world *w, size_t length)
{
    struct bench_buf *up = &w->heard.bytes[BENCH_TO_SERVER];
    struct bench_buf *down = &w->heard.bytes[BENCH_TO_CLIENT];
    uint8_t head[TCP_REQUEST_HEAD_MAX];
    struct tcp_reply_head reply;
    const int n = tcp_encode_request(head, BENCH_OP_ECHO, NULL, 0, length);

    cr_assert_geq(bench_buf_length(up), (size_t)n + length);
    cr_expect_eq(memcmp(bench_buf_head(up), head, (size_t)n), 0);
    cr_expect_eq(memcmp(bench_buf_head(up) + n, w->tx, length), 0);
    bench_buf_drop(up, (size_t)n + length);
    cr_assert_geq(bench_buf_length(down), TCP_REPLY_HEAD + length);
    cr_assert_eq(tcp_decode_reply_head(bench_buf_head(down), &reply), 0);
    cr_expect_eq(reply.body_length, length);
    cr_expect_eq(memcmp(bench_buf_head(down) + TCP_REPLY_HEAD, w->tx, length), 0);
    bench_buf_drop(down, TCP_REPLY_HEAD + length);
}

static void check_whole_connection(bool tls)
{
    struct world w;
    char wanted[80];

    world_init(&w, tls);
    bench_conn_tap(w.conn, hear, &w.heard);
    world_open(&w);
    cr_expect_eq(w.heard.opens, 1);
    echo(&w, 5);
    echo(&w, LARGE); /* waits for the kernel in between */
    echo(&w, 0);
    bench_conn_close(w.conn);
    (void)bench_loop_run(w.loop, bench_now_ns() + BENCH_NS_PER_MS);
    expect_echo(&w, 5);
    expect_echo(&w, LARGE);
    expect_echo(&w, 0);
    cr_expect_eq(bench_buf_length(&w.heard.bytes[0]), 0);
    cr_expect_eq(bench_buf_length(&w.heard.bytes[1]), 0);
    cr_expect_eq(w.heard.closes, 1);
    cr_expect(!w.heard.bad && !w.heard.too_late && !w.heard.joined);
    (void)snprintf(wanted, sizeof(wanted), " > 127.0.0.1:%u", w.server.port);
    cr_expect_not_null(strstr(w.heard.text, wanted), "%s", w.heard.text);
    world_end(&w);
}

Test(conn_tap, hears_all_bytes_once) { check_whole_connection(false); }
Test(conn_tap, hears_above_tls) { check_whole_connection(true); }

Test(conn_tap, joins_an_open_connection_and_leaves_it)
{
    struct world w;

    world_init(&w, false);
    world_open(&w);
    echo(&w, 100);
    bench_conn_tap(w.conn, hear, &w.heard);
    cr_expect_eq(w.heard.opens, 1);
    cr_expect(w.heard.joined);
    echo(&w, 7);
    bench_conn_tap(w.conn, NULL, NULL);
    echo(&w, 100);
    expect_echo(&w, 7);
    cr_expect_eq(bench_buf_length(&w.heard.bytes[0]), 0);
    cr_expect_eq(w.heard.closes, 0);
    cr_expect(!w.heard.bad);
    bench_conn_close(w.conn);
    cr_expect_eq(w.heard.closes, 0);
    world_end(&w);
}

Test(conn_tap, hears_nothing_of_a_connection_that_was_refused)
{
    struct world w;
    struct bench_error err = {0};
    struct bench_address address = {.host = "127.0.0.1"};
    struct bench_conn *conn;
    int fd;

    world_init(&w, false);
    cr_assert_eq(support_refusing_port(&fd, &address.port), 0);
    cr_assert_eq(bench_address_resolve(&address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_conn_new(w.loop, w.protocol, NULL, &address, &no_events, NULL, &conn, &err),
                 0);
    bench_conn_tap(conn, hear, &w.heard);
    cr_expect_lt(bench_open_blocking(conn, WAIT_NS, &err), 0);
    bench_conn_free(conn);
    cr_expect_eq(w.heard.opens, 0);
    cr_expect_eq(w.heard.closes, 0);
    (void)close(fd);
    world_end(&w);
}

Test(conn_tap, sees_the_end_of_a_connection_that_is_freed)
{
    struct world w;

    world_init(&w, false);
    bench_conn_tap(w.conn, hear, &w.heard);
    world_open(&w);
    bench_conn_free(w.conn);
    w.conn = NULL;
    cr_expect_eq(w.heard.opens, 1);
    cr_expect_eq(w.heard.closes, 1);
    world_end(&w);
}
