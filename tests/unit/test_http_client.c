/* SPDX-License-Identifier: MIT */
/*
 * The client half: against scripted peers for what servers do wrong, and against our own server
 * in a thread for what they do right.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "core/session_internal.h"
#include "protocols/http/http.h"
#include "service/service.h"
#include "tests/support/files.h"
#include "tests/support/peer.h"

static void prepare(void)
{
    struct bench_error err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    cr_assert_null(http_protocol.unavailable());
    cr_assert_eq(http_protocol.global_init(&err), 0, "%s", err.msg);
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 7, &err), 0, "%s", err.msg);
}

static void tidy(void) { http_protocol.global_fini(); }

TestSuite(http_client, .init = prepare, .fini = tidy, .timeout = 60);

/* ---- a client ---- */

struct client {
    struct bench_loop *loop;
    void *options;
    struct bench_address address;
    struct bench_conn *conn;
    struct bench_op *op;
    struct bench_program *program;
    int closed;
    bool done;
    int status;
};

static void on_closed(struct bench_conn *conn, void *user)
{
    (void)conn;
    ((struct client *)user)->closed++;
}

static void client_open(struct client *c, uint16_t port, const char *options)
{
    static const struct bench_conn_events events = {.closed = on_closed};
    struct bench_error err = {0};
    if (c->address.host[0] == '\0')
        snprintf(c->address.host, sizeof(c->address.host), "127.0.0.1");
    c->address.port = port;
    cr_assert_eq(bench_loop_new(&c->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_options_new(http_protocol.options, http_protocol.options_size, &c->options, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_options_parse(http_protocol.options, c->options, options, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(bench_address_resolve(&c->address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_conn_new(c->loop, &http_protocol, c->options, &c->address, &events, c,
                                &c->conn, &err),
                 0, "%s", err.msg);
    cr_assert_eq(bench_open_blocking(c->conn, 0, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_op_new(&http_protocol, &c->op, &err), 0, "%s", err.msg);
}

static void client_end(struct client *c)
{
    bench_conn_free(c->conn);
    bench_op_free(c->op);
    http_protocol.program_free(c->program);
    bench_loop_free(c->loop);
    bench_options_free(http_protocol.options, c->options);
}

static void compile(struct client *c, const struct bench_spec *spec)
{
    struct bench_error err = {0};
    http_protocol.program_free(c->program);
    c->program = NULL;
    cr_assert_eq(http_protocol.compile(c->options, spec, &c->program, &err), 0, "%s", err.msg);
    bench_op_reset(c->op);
    c->op->program = c->program;
}

static void compile_operation(struct client *c, enum bench_operation_id id,
                              const struct bench_value *args, size_t nargs)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(id),
                                    .args = args,
                                    .nargs = nargs};
    compile(c, &spec);
}

static void compile_text(struct client *c, const char *text)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    compile(c, &spec);
}

static int call(struct client *c) { return bench_call_blocking(c->conn, c->op, NULL); }

static int ping(struct client *c)
{
    compile_operation(c, BENCH_OP_PING, NULL, 0);
    return call(c);
}

static bool is_str(const struct bench_value *value, const char *text)
{
    const struct bench_value wanted = bench_str(text);
    return bench_value_equal(value, &wanted);
}

static void turn(struct client *c) { (void)bench_loop_run(c->loop, bench_now_ns() + 1000); }

/* ---- scripted peers ---- */

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

Test(http_client, understands_peers)
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

Test(http_client, sends_what_it_should)
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
    cr_expect_eq(c.op->sink.length, 2);
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

Test(http_client, a_stale_connection_is_replaced)
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

Test(http_client, refused)
{
    struct client c = {0};
    int fd;
    uint16_t port;
    cr_assert_eq(support_refusing_port(&fd, &port), 0);
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

Test(http_client, timeout)
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

Test(http_client, cancel_and_close_and_free_in_flight)
{
    for (int how = 0; how < 3; how++) {
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {0};
        cr_assert_eq(support_peer_start(hold, 2, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        compile_operation(&c, BENCH_OP_PING, NULL, 0);
        c.op->done = on_done;
        c.op->user = &c;
        cr_assert_eq(bench_conn_submit(c.conn, c.op, &err), 0, "%s", err.msg);
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
Test(http_client, cancel_and_close_inside_of_a_callback)
{
    static const struct support_step steps[] = {
        STEP(ANY), SEND("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab"), STEP(HOLD)};
    for (int how = 1; how < 3; how++) {
        struct support_peer *peer;
        struct bench_error err = {0};
        struct client c = {.status = how};
        cr_assert_eq(support_peer_start(steps, 3, &peer, &err), 0, "%s", err.msg);
        client_open(&c, support_peer_port(peer), "");
        compile_text(&c, "GET /");
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

/* ---- our own server ---- */

struct server {
    struct bench_session_setup setup;
    pthread_t thread;
    int listener;
    uint16_t port;
};

/* One connection after the other. */
static void *accept_loop(void *user)
{
    struct server *server = user;
    for (;;) {
        static const int one = 1;
        struct bench_session session;
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (bench_session_init(&session, fd, &server->setup, NULL) == 0) {
            (void)http_protocol.server->serve(&session, NULL);
            bench_session_fini(&session);
        }
        (void)close(fd);
    }
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    *server = (struct server){
        .setup = {.service = bench_reference_service(),
                  .session_size = http_protocol.server->session_size,
                  .limits = {.message_bytes = 64 << 20}},
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
    };
    cr_assert_geq(server->listener, 0);
    cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(server->listener, 16), 0);
    cr_assert_eq(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server->thread, NULL, accept_loop, server), 0);
}

static void server_stop(struct server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    cr_assert_eq(pthread_join(server->thread, NULL), 0);
    (void)close(server->listener);
}

/* What the service answers when it is asked directly. */
static struct bench_value ask_service(struct bench_arena *arena, enum bench_operation_id id,
                                      const struct bench_value *args, size_t nargs)
{
    const struct bench_service *service = bench_reference_service();
    struct bench_call direct = {.arena = arena, .service = service};
    struct bench_value value = bench_none();
    cr_assert_eq(service->call(service, &direct, bench_operation_get(id), args, nargs, &value), 0);
    return value;
}

Test(http_client, values_are_those_of_the_service)
{
    static const struct {
        enum bench_operation_id id;
        struct bench_value arg;
        size_t nargs;
    } rows[] = {
        {BENCH_OP_PING, {0}, 0},
        {BENCH_OP_HEALTH_CHECK, {0}, 0},
        {BENCH_OP_CPU_WORK, {.kind = BENCH_INT, .integer = 0}, 1},
        {BENCH_OP_CPU_WORK, {.kind = BENCH_INT, .integer = 1000}, 1},
        {BENCH_OP_COMPUTE, {.kind = BENCH_INT, .integer = 0}, 1},
        {BENCH_OP_COMPUTE, {.kind = BENCH_INT, .integer = 300000}, 1},  /* below 2^53 */
        {BENCH_OP_COMPUTE, {.kind = BENCH_INT, .integer = 1000000}, 1}, /* above */
        {BENCH_OP_COMPUTE, {.kind = BENCH_INT, .integer = 4000000}, 1}, /* above 2^63 */
        {BENCH_OP_IO_WORK, {.kind = BENCH_FLOAT, .real = 0.001}, 1},
    };
    struct server server;
    struct client c = {0};
    struct bench_arena arena;
    bench_arena_init(&arena, 1 << 20);
    server_start(&server);
    client_open(&c, server.port, "");
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_value wanted = ask_service(&arena, rows[i].id, &rows[i].arg, rows[i].nargs);
        compile_operation(&c, rows[i].id, &rows[i].arg, rows[i].nargs);
        cr_assert_eq(call(&c), 0, "row %zu: %s", i, c.op->error.msg);
        cr_expect(bench_value_equal(&c.op->result, &wanted), "row %zu", i);
    }
    struct bench_value negative = bench_int(-1);
    compile_operation(&c, BENCH_OP_DOWNLOAD, &negative, 1);
    cr_expect_eq(call(&c), -EREMOTEIO);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_REMOTE);
    cr_expect_eq(strncmp(c.op->error.msg, "ValueError: ", 12), 0, "%s", c.op->error.msg);
    cr_expect_eq(c.op->sink.length, 0);
    client_end(&c);
    server_stop(&server);
    bench_arena_fini(&arena);
}

static const size_t sizes[] = {0, 1, 4095, 65535, 65536, 131071, 131072, 1 << 20, 9999999};

Test(http_client, bodies_arrive_whole)
{
    struct server server;
    struct client c = {0};
    struct bench_buf store;
    bench_buf_init(&store, 16 << 20);
    server_start(&server);
    client_open(&c, server.port, "");
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        const uint8_t *payload = bench_payload(sizes[i]);
        bench_buf_clear(&store);
        compile_operation(&c, BENCH_OP_ECHO, NULL, 0);
        c.op->tx.data = payload;
        c.op->tx.length = sizes[i];
        c.op->sink.kind = BENCH_SINK_STORE;
        c.op->sink.store = &store;
        cr_assert_eq(call(&c), 0, "%zu bytes: %s", sizes[i], c.op->error.msg);
        cr_expect_eq(c.op->sink.length, sizes[i]);
        cr_expect(sizes[i] == 0 || memcmp(bench_buf_head(&store), payload, sizes[i]) == 0);

        compile_operation(&c, BENCH_OP_UPLOAD, NULL, 0);
        cr_assert_eq(call(&c), 0, "%s", c.op->error.msg);
        struct bench_value size = bench_int((int64_t)sizes[i]);
        cr_expect(bench_value_equal(&c.op->result, &size));

        compile_operation(&c, BENCH_OP_DOWNLOAD, &size, 1);
        c.op->sink.kind = BENCH_SINK_VALUE;
        cr_assert_eq(call(&c), 0, "%s", c.op->error.msg);
        struct bench_value wanted = bench_bytes(payload, sizes[i]);
        cr_expect(bench_value_equal(&c.op->result, &wanted), "%zu bytes", sizes[i]);
    }
    struct bench_value chunk[] = {bench_int(1000), bench_int(12345)};
    compile_operation(&c, BENCH_OP_DOWNLOAD_CHUNK, chunk, 2);
    cr_assert_eq(call(&c), 0, "%s", c.op->error.msg);
    struct bench_value wanted = bench_bytes(bench_payload(20000) + 12345, 1000);
    cr_expect(bench_value_equal(&c.op->result, &wanted));
    client_end(&c);
    server_stop(&server);
    bench_buf_fini(&store);
}

static void expect_marks(const struct client *c)
{
    const struct bench_marks *m = &c->op->marks;
    cr_expect_gt(m->submitted, 0);
    cr_expect_geq(m->sent, m->submitted);
    cr_expect_geq(m->first_byte, m->sent);
    cr_expect_geq(m->done, m->first_byte);
}

/* What the ops say that they cost is what the kernel carried. */
static void check_costs(const char *options, size_t sockets)
{
    struct server server;
    struct client c = {0};
    struct bench_conn_totals totals;
    uint64_t sent = 0, received = 0;
    server_start(&server);
    client_open(&c, server.port, options);
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        compile_operation(&c, BENCH_OP_ECHO, NULL, 0);
        c.op->tx.data = bench_payload(sizes[i]);
        c.op->tx.length = sizes[i];
        c.op->sink.kind = BENCH_SINK_CHECKSUM;
        cr_assert_eq(call(&c), 0, "%s", c.op->error.msg);
        expect_marks(&c);
        cr_expect_eq(c.op->stat.round_trips, 1);
        cr_expect_eq(c.op->stat.frames_sent, 1);
        cr_expect_eq(c.op->stat.frames_received, 1);
        cr_expect_eq(c.op->stat.plain_sent, c.op->stat.wire_sent);
        cr_expect_eq(c.op->stat.plain_received, c.op->stat.wire_received);
        sent += c.op->stat.wire_sent;
        received += c.op->stat.wire_received;
        cr_assert_eq(ping(&c), 0, "%s", c.op->error.msg);
        sent += c.op->stat.wire_sent;
        received += c.op->stat.wire_received;
    }
    bench_conn_get_totals(c.conn, &totals);
    cr_expect_eq(totals.sockets, sockets);
    cr_expect_eq(totals.tcp_sent, sent);
    cr_expect_eq(totals.tcp_received, received);
    const struct bench_conn_marks *marks = bench_conn_get_marks(c.conn);
    cr_expect_gt(marks->connected, marks->ready, "connected by the first request only");
    client_end(&c);
    server_stop(&server);
}

Test(http_client, costs_with_keepalive) { check_costs("keepalive=on", 1); }

Test(http_client, costs_without_keepalive)
{
    check_costs("keepalive=off", 2 * BENCH_COUNT_OF(sizes));
}

Test(http_client, replies_are_bounded)
{
    struct server server;
    struct client c = {0};
    struct bench_value size = bench_int(5000);
    server_start(&server);
    client_open(&c, server.port, "max-reply=4999");
    compile_operation(&c, BENCH_OP_DOWNLOAD, &size, 1);
    cr_expect_eq(call(&c), -EMSGSIZE);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
    cr_expect_not_null(strstr(c.op->error.msg, "4999"), "%s", c.op->error.msg);
    cr_expect_eq(ping(&c), 0, "the connection is still good: %s", c.op->error.msg);
    size = bench_int(1000);
    compile_operation(&c, BENCH_OP_DOWNLOAD, &size, 1);
    c.op->sink.limit = 999;
    cr_expect_eq(call(&c), -EMSGSIZE);
    cr_expect_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
    cr_expect_eq(ping(&c), 0, "%s", c.op->error.msg);
    client_end(&c);
    server_stop(&server);

    static const struct support_step steps[] = {
        STEP(ANY),
        SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"),
        STEP(HOLD),
    };
    static char flood[1024];
    struct support_step endless[] = {steps[0],
                                     steps[1],
                                     {SUPPORT_SEND, flood, 1000},
                                     SEND("\r\n3e8\r\n"),
                                     {SUPPORT_SEND, flood, 1000},
                                     steps[2]};
    struct support_peer *peer;
    struct bench_error err = {0};
    struct client other = {0};
    cr_assert_eq(support_peer_start(endless, BENCH_COUNT_OF(endless), &peer, &err), 0, "%s",
                 err.msg);
    client_open(&other, support_peer_port(peer), "max-reply=1024");
    cr_expect_eq(ping(&other), -EMSGSIZE);
    cr_expect_eq(other.op->failure, BENCH_FAILURE_PROTOCOL);
    client_end(&other);
    (void)support_peer_stop(peer, &err);
}

Test(http_client, takes_host_names)
{
    struct server server;
    struct client c = {.address = {.host = "localhost"}};
    server_start(&server);
    client_open(&c, server.port, "");
    /* ::1 has nobody listening; which of the two the resolver gave is not ours to choose */
    int rc = ping(&c);
    cr_expect(rc == 0 || rc == -ECONNREFUSED, "%s", c.op->error.msg);
    client_end(&c);
    server_stop(&server);
}

Test(http_client, refuses_addresses)
{
    static const struct {
        const char *host;
        bool tls, resolve;
        int rc;
    } rows[] = {
        {"127.0.0.1", true, true, -ENOTSUP}, {"127.0.0.1", false, false, -EINVAL},
        {"a/b", false, false, -EINVAL},      {"user@host", false, false, -EINVAL},
        {"", false, false, -EINVAL},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_loop *loop;
        struct bench_conn *conn;
        struct bench_error err = {0};
        struct bench_address address = {.port = 80, .tls = rows[i].tls};
        static const struct bench_conn_events none = {0};
        void *options;
        snprintf(address.host, sizeof(address.host), "%s", rows[i].host);
        if (rows[i].resolve)
            cr_assert_eq(bench_address_resolve(&address, &err), 0);
        cr_assert_eq(bench_loop_new(&loop, &err), 0);
        cr_assert_eq(
            bench_options_new(http_protocol.options, http_protocol.options_size, &options, &err),
            0);
        cr_assert_eq(
            bench_conn_new(loop, &http_protocol, options, &address, &none, NULL, &conn, &err), 0);
        cr_expect_eq(bench_conn_open(conn, 0, &err), rows[i].rc, "'%s': %s", rows[i].host, err.msg);
        cr_expect_neq(err.msg[0], '\0');
        bench_conn_free(conn);
        bench_loop_free(loop);
        bench_options_free(http_protocol.options, options);
    }
}

Test(http_client, leaks_no_descriptors)
{
    struct server server;
    server_start(&server);
    int before = support_fd_count();
    for (int i = 0; i < 5; i++) {
        struct client c = {0};
        client_open(&c, server.port, i % 2 == 0 ? "keepalive=on" : "keepalive=off");
        cr_expect_eq(ping(&c), 0);
        if (i == 2)
            bench_conn_close(c.conn);
        client_end(&c);
    }
    server_stop(&server); /* has closed its ends too */
    int after = support_fd_count();
    if (after != before - 1)
        support_fd_print();
    cr_expect_eq(after, before - 1);
}
