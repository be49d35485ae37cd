/* SPDX-License-Identifier: MIT */
/* The client half against scripted peers: what servers do wrong, late or not at all. */
#include <errno.h>
#include <unistd.h>

#include "tests/support/peer.h"
#include "tests/unit/http_link.h"

TestSuite(http_peers, .init = prepare, .fini = tidy, .timeout = 60);

#define SEND(text)                                                                                 \
    {                                                                                              \
        SUPPORT_SEND, text, sizeof(text) - 1                                                       \
    }
#define EXPECT(text)                                                                               \
    {                                                                                              \
        SUPPORT_EXPECT, text, sizeof(text) - 1                                                     \
    }
#define STEP(kind)                                                                                 \
    {                                                                                              \
        SUPPORT_##kind, NULL, 0                                                                    \
    }
#define UA "User-Agent: rpycbench/" RPYCBENCH_VERSION "\r\n"

struct script {
    const char *name;
    struct support_step steps[4];
    size_t nsteps;
    enum bench_failure failure; /* NONE: "pong" */
    const char *word;           /* of the message */
    bool survives;              /* the connection */
};

static const struct script scripts[] = {
    {"plain",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n"
                      "{\"response\":\"pong\"}")},
     2,
     BENCH_FAILURE_NONE,
     NULL,
     true},
    {"spaced",
     {STEP(ANY), SEND("HTTP/1.0 200 Fine\r\nX: y\r\ncontent-length:  26\r\n\r\n"
                      "{ \"response\" : \"pong\" }   \n")},
     2,
     BENCH_FAILURE_NONE,
     NULL,
     true},
    {"chunked",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "a\r\n{\"response\r\n9\r\n\":\"pong\"}\r\n0\r\nT: t\r\n\r\n")},
     2,
     BENCH_FAILURE_NONE,
     NULL,
     true},
    {"until close",
     {STEP(ANY), SEND("HTTP/1.0 200 OK\r\n\r\n{\"response\":\"pong\"}")},
     2,
     BENCH_FAILURE_NONE,
     NULL,
     true},
    {"interim",
     {STEP(ANY), SEND("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n"
                      "{\"response\":\"pong\"}")},
     2,
     BENCH_FAILURE_NONE,
     NULL,
     true},
    {"not found",
     {STEP(ANY), SEND("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")},
     2,
     BENCH_FAILURE_STATUS,
     "status 404 for GET /ping",
     true},
    {"redirect",
     {STEP(ANY), SEND("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                      "Content-Length: 0\r\n\r\n")},
     2,
     BENCH_FAILURE_STATUS,
     "status 302 for GET /ping",
     true},
    {"exception, cut off",
     {STEP(ANY), SEND("HTTP/1.1 500 Oops\r\nContent-Length: 36\r\n\r\n"
                      "{\"message\": \"mine\", \"error\":\"MyError\"}")},
     2,
     BENCH_FAILURE_STATUS,
     "status 500",
     true},
    {"exception, whole",
     {STEP(ANY), SEND("HTTP/1.1 400 Oops\r\nContent-Length: 38\r\n\r\n"
                      "{\"message\": \"mine\", \"error\":\"MyError\"}")},
     2,
     BENCH_FAILURE_REMOTE,
     "MyError: mine",
     true},
    {"no json",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong")},
     2,
     BENCH_FAILURE_PROTOCOL,
     "not JSON",
     true},
    {"other json",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")},
     2,
     BENCH_FAILURE_PROTOCOL,
     "'response'",
     true},
    {"nothing", {STEP(ANY), STEP(CLOSE)}, 2, BENCH_FAILURE_CLOSED, "127.0.0.1", false},
    {"half a head",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-")},
     2,
     BENCH_FAILURE_CLOSED,
     "127.0.0.1",
     false},
    {"half a body",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"resp")},
     2,
     BENCH_FAILURE_CLOSED,
     "127.0.0.1",
     false},
    {"half the chunks",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "a\r\n{\"resp")},
     2,
     BENCH_FAILURE_CLOSED,
     "127.0.0.1",
     false},
    {"interim only",
     {STEP(ANY), SEND("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n")},
     2,
     BENCH_FAILURE_CLOSED,
     "127.0.0.1",
     false},
    {"bad chunks",
     {STEP(ANY), SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "xyz\r\n")},
     2,
     BENCH_FAILURE_PROTOCOL,
     "chunk",
     false},
    {"garbage",
     {STEP(ANY), SEND("\x15\x03\x01\0garbage\r\n\r\n")},
     2,
     BENCH_FAILURE_PROTOCOL,
     "127.0.0.1",
     false},
    {"reset", {{SUPPORT_READ, NULL, 10}, STEP(RESET)}, 2, BENCH_FAILURE_RESET, "reset", false},
};

Test(http_peers, understands_peers)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(scripts); i++) {
        const struct script *row = &scripts[i];
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {0};
        cr_assert_eq(support_peer_start(row->steps, row->nsteps, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        int rc = ping(&c);
        cr_expect_eq(c.op->failure, row->failure, "%s: %s: %s", row->name,
                     bench_failure_name(c.op->failure), c.op->error.msg);
        if (row->failure == BENCH_FAILURE_NONE) {
            cr_expect_eq(rc, 0, "%s: %s", row->name, c.op->error.msg);
            cr_expect(is_str(&c.op->result, "pong"), "%s", row->name);
        } else {
            cr_expect_lt(rc, 0, "%s", row->name);
            cr_expect_not_null(strstr(c.op->error.msg, row->word), "%s: '%s'", row->name,
                               c.op->error.msg);
        }
        turn(&c);
        cr_expect_eq(bench_conn_is_ready(c.conn), row->survives, "%s", row->name);
        cr_expect_eq(c.closed, row->survives ? 0 : 1, "%s", row->name);
        cr_expect_eq(bench_conn_failure(c.conn), row->survives ? BENCH_FAILURE_NONE : row->failure,
                     "%s", row->name);
        client_end(&c);
        (void)support_peer_stop(peer, &err);
    }
}

Test(http_peers, sends_what_it_should)
{
    static char get[256], post[256], head[256];
    struct support_step steps[] = {
        {SUPPORT_EXPECT, get, 0},
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        {SUPPORT_EXPECT, post, 0},
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        {SUPPORT_EXPECT, head, 0},
        SEND("HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n"),
        STEP(EOF),
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {.address = {.path = "/base/"}};
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    unsigned port = support_peer_port(peer);
    /* steps are read when a connection comes, and none has come yet */
    steps[0].length = (size_t)snprintf(
        get, sizeof(get),
        "GET /base/a/../b?x=%%7e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA "Accept: */*\r\n\r\n",
        port);
    steps[2].length = (size_t)snprintf(post, sizeof(post),
                                       "POST /base/upload HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA
                                       "Accept: */*\r\nContent-Type: application/octet-stream\r\n"
                                       "Content-Length: 5\r\n\r\nhello",
                                       port);
    steps[4].length = (size_t)snprintf(
        head, sizeof(head),
        "HEAD /base/ HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA "Accept: */*\r\n\r\n", port);
    client_open(&c, (uint16_t)port, "");
    compile_text(&c, "GET /a/../b?x=%7e");
    cr_expect_eq(call(&c), 0, "%s", c.op->error.msg);
    cr_expect_eq(c.op->result.kind, BENCH_BYTES);
    cr_expect_eq(c.op->result.text.length, 2);
    cr_expect_eq(c.op->stat.wire_sent, steps[0].length);
    compile_text(&c, "POST /upload");
    c.op->tx.data = "hello";
    c.op->tx.length = 5;
    cr_expect_eq(call(&c), 0, "%s", c.op->error.msg);
    cr_expect_eq(c.op->stat.wire_sent, steps[2].length);
    const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    compile(&c, &probe);
    cr_expect_eq(call(&c), 0, "%s", c.op->error.msg);
    cr_expect_eq(c.op->stat.wire_sent, steps[4].length);
    cr_expect_eq(c.op->stat.wire_received, steps[5].length);
    client_end(&c);
    cr_expect_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

struct verb_row {
    const char *text, *verb, *type, *body; /* type NULL: no body goes out */
};

static const struct verb_row verb_rows[] = {
    {"PUT /x {\"a\": 1}", "PUT", "application/json", "{\"a\": 1}"},
    {"PUT /x", "PUT", "application/octet-stream", ""},
    {"DELETE /x", "DELETE", NULL, ""},
    {"PATCH /x b'\\x41bc'", "PATCH", "application/octet-stream", "Abc"},
    {"GET /x", "GET", NULL, ""},
    {"DELETE /x why", "DELETE", "application/octet-stream", "why"},
    {"OPTIONS /x", "OPTIONS", NULL, ""},
    {"POST /x [1]", "POST", "application/json", "[1]"},
    {"OPTIONS /x [1]", "OPTIONS", "application/json", "[1]"},
    {"GET /x", "GET", NULL, ""},
};

enum { VERB_ROWS = BENCH_COUNT_OF(verb_rows) };

/* One connection after the other verb, so that nothing of a request stays for the next one. */
Test(http_peers, sends_all_verbs)
{
    static char wanted[VERB_ROWS][320];
    struct support_step steps[2 * VERB_ROWS + 1];
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    for (size_t i = 0; i < VERB_ROWS; i++) {
        steps[2 * i] = (struct support_step){SUPPORT_EXPECT, wanted[i], 0};
        steps[2 * i + 1] =
            (struct support_step)SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    steps[2 * VERB_ROWS] = (struct support_step)STEP(EOF);
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    const unsigned port = support_peer_port(peer);
    for (size_t i = 0; i < VERB_ROWS; i++) {
        const struct verb_row *row = &verb_rows[i];
        int n = snprintf(wanted[i], sizeof(wanted[i]),
                         "%s /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA "Accept: */*\r\n", row->verb,
                         port);
        const size_t used = (size_t)n, left = sizeof(wanted[i]) - used;
        n = row->type == NULL ? snprintf(wanted[i] + used, left, "\r\n")
                              : snprintf(wanted[i] + used, left,
                                         "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                                         row->type, strlen(row->body), row->body);
        steps[2 * i].length = used + (size_t)n;
    }
    client_open(&c, (uint16_t)port, "");
    for (size_t i = 0; i < VERB_ROWS; i++) {
        compile_text(&c, verb_rows[i].text);
        bench_op_reset(c.op);
        cr_expect_eq(call(&c), 0, "%s: %s", verb_rows[i].text, c.op->error.msg);
        cr_expect_eq(c.op->stat.wire_sent, steps[2 * i].length, "%s", verb_rows[i].text);
        cr_expect_eq(c.op->result.text.length, 2, "%s", verb_rows[i].text);
    }
    client_end(&c);
    cr_expect_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* Each piece is a chunk; nobody is asked for a 100. */
Test(http_peers, sends_pieces_as_chunks)
{
    static char post[320];
    struct support_step steps[] = {
        {SUPPORT_EXPECT, post, 0},
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "00a;x=\"y\"\r\n{\"size\": 1\r\n3\r\n9 }\r\n0\r\nTrailer: t\r\n\r\n"),
        STEP(EOF),
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    unsigned port = support_peer_port(peer);
    steps[0].length = (size_t)snprintf(
        post, sizeof(post),
        "POST /upload HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA "Accept: */*\r\n"
        "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "11\r\n0123456789abcdefg\r\n2\r\nhi\r\n0\r\n\r\n",
        port);
    client_open(&c, (uint16_t)port, "");
    compile_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    c.op->tx.data = "0123456789abcdefghi";
    c.op->tx.length = 19;
    c.op->tx.chunk_size = 17;
    cr_expect_eq(call(&c), 0, "%s", c.op->error.msg);
    const struct bench_value wanted = bench_int(19);
    cr_expect(bench_value_equal(&c.op->result, &wanted));
    cr_expect_eq(c.op->stat.wire_sent, steps[0].length);
    cr_expect_eq(c.op->stat.wire_received, steps[1].length, "framing, extensions and trailers: %d",
                 (int)c.op->stat.wire_received);
    client_end(&c);
    cr_expect_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* The peer closes a kept connection when it has read the second request: the body is sent from its
 * beginning again. */
Test(http_peers, chunks_are_sent_again)
{
    char post[320];
    struct support_step steps[] = {
        {SUPPORT_READ, NULL, 0},
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"size\":5}"),
        {SUPPORT_READ, NULL, 0},
        STEP(CLOSE),
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    struct bench_conn_totals totals;
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    steps[0].length = steps[2].length = (size_t)snprintf(
        post, sizeof(post),
        "POST /upload HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" UA "Accept: */*\r\n"
        "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n0\r\n\r\n",
        support_peer_port(peer));
    client_open(&c, support_peer_port(peer), "");
    compile_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    for (int i = 0; i < 3; i++) {
        bench_op_reset(c.op);
        c.op->tx.data = "hello";
        c.op->tx.length = 5;
        c.op->tx.chunk_size = 2;
        cr_expect_eq(call(&c), 0, "%s", c.op->error.msg);
        /* libcurl tells of the last try only */
        cr_expect_eq(c.op->stat.wire_sent, steps[0].length * (LINK_IS_RAW && i > 0 ? 2 : 1));
    }
    bench_conn_get_totals(c.conn, &totals);
    cr_expect_eq(totals.sockets, 3);
    client_end(&c);
    (void)support_peer_stop(peer, &err);
}

Test(http_peers, a_stale_connection_is_replaced)
{
    static const struct support_step steps[] = {
        STEP(ANY),
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"response\":\"pong\"}"),
        STEP(CLOSE),
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    struct bench_conn_totals totals;
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    client_open(&c, support_peer_port(peer), "");
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(ping(&c), 0, "%s", c.op->error.msg);
        (void)bench_loop_run(c.loop, bench_now_ns() + 10 * BENCH_NS_PER_MS);
    }
    bench_conn_get_totals(c.conn, &totals);
    cr_expect_eq(totals.sockets, 3);
    cr_expect_eq(c.closed, 0);
    client_end(&c);
    cr_expect_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

Test(http_peers, refused)
{
    struct client c = {0};
    int fd;
    uint16_t port;
    cr_assert_eq(support_refusing_port(&fd, &port), 0);
    if (LINK_IS_RAW) {
        client_make(&c, port, "");
        cr_expect_eq(bench_open_blocking(c.conn, 0, NULL), -ECONNREFUSED);
        cr_expect_eq(bench_conn_failure(c.conn), BENCH_FAILURE_REFUSED);
        client_end(&c);
        (void)close(fd);
        return;
    }
    client_open(&c, port, "");
    cr_expect_eq(ping(&c), -ECONNREFUSED);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_REFUSED);
    cr_expect_eq(bench_conn_get_marks(c.conn)->connected, 0);
    cr_expect_eq(c.op->stat.round_trips, 0);
    turn(&c);
    cr_expect_eq(c.closed, 1);
    client_end(&c);
    (void)close(fd);
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct client *c = user;
    (void)op;
    c->done = true;
    c->status = status;
    bench_loop_stop(c->loop);
}

static const struct support_step hold[] = {STEP(ANY), STEP(HOLD)};

Test(http_peers, timeout)
{
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    cr_assert_eq(support_peer_start(hold, 2, &peer, &err), 0, "%s", err.msg);
    client_open(&c, support_peer_port(peer), "");
    c.op->timeout_ns = 20 * BENCH_NS_PER_MS;
    cr_expect_lt(ping(&c), 0);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_TIMEOUT);
    turn(&c);
    cr_expect_eq(c.closed, 1);
    client_end(&c);
    (void)support_peer_stop(peer, &err);
}

Test(http_peers, cancel_and_close_and_free_in_flight)
{
    for (int i = 0; i < 6; i++) {
        int how = i % 3;
        bool at_once = i >= 3; /* while it is still connecting */
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {0};
        cr_assert_eq(support_peer_start(hold, 2, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        compile_operation(&c, BENCH_OP_PING, NULL, 0);
        c.op->done = on_done;
        c.op->user = &c;
        cr_assert_eq(bench_conn_submit(c.conn, c.op, &err), 0, "%s", err.msg);
        if (!at_once)
            (void)bench_loop_run(c.loop, bench_now_ns() + 5 * BENCH_NS_PER_MS);
        cr_assert_not(c.done);
        if (how == 0)
            bench_conn_cancel(c.conn, c.op);
        else if (how == 1)
            bench_conn_close(c.conn);
        if (how < 2) {
            cr_assert_eq(bench_loop_run(c.loop, bench_now_ns() + BENCH_NS_PER_S), 0);
            cr_expect_eq(c.status, -ECANCELED);
            cr_expect_eq(c.op->failure, BENCH_FAILURE_CANCELED);
            turn(&c);
            cr_expect_eq(c.closed, 1);
            bench_conn_close(c.conn); /* again */
        }
        client_end(&c);
        (void)support_peer_stop(peer, &err);
    }
}

static void cancel_inside(struct bench_op *op, const void *data, size_t length)
{
    struct client *c = op->user;
    (void)data;
    (void)length;
    if (c->status == 1)
        bench_conn_cancel(c->conn, op);
    else
        bench_conn_close(c->conn);
}

/* The caller gives up inside of on_data, that is, inside of libcurl. */
Test(http_peers, cancel_and_close_inside_of_a_callback)
{
    static const struct support_step steps[] = {
        STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab"), STEP(HOLD)};
    for (int how = 1; how < 3; how++) {
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {.status = how};
        cr_assert_eq(support_peer_start(steps, 3, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        compile_operation(&c, BENCH_OP_DOWNLOAD, (const struct bench_value[]){bench_int(50)}, 1);
        c.op->sink.on_data = cancel_inside;
        c.op->done = on_done;
        c.op->user = &c;
        cr_assert_eq(bench_conn_submit(c.conn, c.op, &err), 0, "%s", err.msg);
        while (!c.done)
            cr_assert_eq(bench_loop_run(c.loop, bench_now_ns() + 10 * BENCH_NS_PER_S), 0);
        cr_expect_eq(c.status, -ECANCELED);
        turn(&c);
        cr_expect_eq(c.closed, 1);
        client_end(&c);
        (void)support_peer_stop(peer, &err);
    }
}

Test(http_peers, a_reply_without_end_is_ended)
{
    static const char flood[1000];
    static const struct support_step steps[] = {
        STEP(ANY),
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"),
        {SUPPORT_SEND, flood, sizeof(flood)},
        SEND("\r\n3e8\r\n"),
        {SUPPORT_SEND, flood, sizeof(flood)},
        STEP(HOLD),
    };
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client c = {0};
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0, "%s", err.msg);
    client_open(&c, support_peer_port(peer), "max-reply=1024");
    cr_expect_eq(ping(&c), -EMSGSIZE);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
    client_end(&c);
    (void)support_peer_stop(peer, &err);
}
