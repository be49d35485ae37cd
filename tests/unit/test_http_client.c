/* SPDX-License-Identifier: MIT */
/* The client half against our own server in a thread. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/buf.h"
#include "core/session_internal.h"
#include "tests/support/files.h"
#include "tests/unit/http_link.h"
#include "tests/unit/http_streams.h"

TestSuite(http_client, .init = prepare, .fini = tidy, .timeout = 60);

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
        .setup = {.service = &streams_service,
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
    if (LINK_PROTOCOL.caps & BENCH_CAP_LAZY_CONNECT)
        cr_expect_gt(marks->connected, marks->ready, "connected by the first request only");
    else
        cr_expect_leq(marks->connected, marks->ready);
    client_end(&c);
    server_stop(&server);
}

Test(http_client, costs_with_keepalive) { check_costs("keepalive=on", 1); }

Test(http_client, costs_without_keepalive)
{
    check_costs("keepalive=off", 2 * BENCH_COUNT_OF(sizes));
}

static const size_t pieces[] = {0, 1000, 4096, 16384, 65536, 262144, (2 << 20) - 12, 3 << 20};

static void check_one_stream(struct client *c, size_t size, size_t piece)
{
    const struct bench_op_stat *stat = &c->op->stat;
    struct bench_conn_totals before, after;
    bench_conn_get_totals(c->conn, &before);
    c->op->tx.chunk_size = piece;
    cr_assert_eq(call(c), 0, "%zu bytes by %zu: %s", size, piece, c->op->error.msg);
    bench_conn_get_totals(c->conn, &after);
    expect_marks(c);
    cr_expect_eq(stat->round_trips, 1);
    cr_expect_eq(stat->frames_sent, 1);
    cr_expect_eq(stat->frames_received, 1);
    cr_expect_eq(stat->plain_sent, stat->wire_sent);
    cr_expect_eq(stat->plain_received, stat->wire_received);
    cr_expect_eq(after.tcp_sent - before.tcp_sent, stat->wire_sent,
                 "%zu bytes by %zu: %" PRIu64 " and %" PRIu64, size, piece,
                 after.tcp_sent - before.tcp_sent, stat->wire_sent);
    cr_expect_eq(after.tcp_received - before.tcp_received, stat->wire_received,
                 "%zu bytes by %zu: %" PRIu64 " and %" PRIu64, size, piece,
                 after.tcp_received - before.tcp_received, stat->wire_received);
}

static void check_streams(const char *options)
{
    static struct bench_buf store;
    struct server server;
    struct client c = {0};
    bench_buf_init(&store, 16 << 20);
    server_start(&server);
    client_open(&c, server.port, options);
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        const struct bench_value size = bench_int((int64_t)sizes[i]);
        compile_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
        cr_expect(c.program->tx && !c.program->bulk);
        c.op->tx.data = bench_payload(sizes[i]);
        c.op->tx.length = sizes[i];
        for (size_t k = 0; k < BENCH_COUNT_OF(pieces); k++) {
            check_one_stream(&c, sizes[i], pieces[k]);
            cr_expect(bench_value_equal(&c.op->result, &size), "%zu bytes by %zu", sizes[i],
                      pieces[k]);
            bench_op_reset(c.op);
        }
        /* the same path and the same bytes, whole again */
        compile_operation(&c, BENCH_OP_UPLOAD, NULL, 0);
        check_one_stream(&c, sizes[i], 0);
        cr_expect(bench_value_equal(&c.op->result, &size));
        for (size_t k = 1; k < BENCH_COUNT_OF(pieces); k++) {
            const struct bench_value args[] = {size, bench_int((int64_t)pieces[k])};
            if (pieces[k] > 100000) /* the test's service copies pieces to its arena */
                continue;
            compile_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
            cr_expect(!c.program->tx && c.program->bulk);
            bench_buf_clear(&store);
            c.op->sink.kind = BENCH_SINK_STORE;
            c.op->sink.store = &store;
            check_one_stream(&c, sizes[i], 0);
            cr_expect_eq(c.op->sink.length, sizes[i]);
            cr_expect(sizes[i] == 0 ||
                      memcmp(bench_buf_head(&store), bench_payload(sizes[i]), sizes[i]) == 0);
        }
    }
    cr_assert_eq(ping(&c), 0, "%s", c.op->error.msg);
    client_end(&c);
    server_stop(&server);
    bench_buf_fini(&store);
    cr_expect_eq(atomic_load(&streams_alive), 0);
}

Test(http_client, streams_with_keepalive) { check_streams("keepalive=on"); }

Test(http_client, streams_without_keepalive) { check_streams("keepalive=off"); }

Test(http_client, a_stream_that_breaks)
{
    static const struct {
        int64_t size;
        enum bench_failure failure;
        const char *word;
    } rows[] = {
        {13, BENCH_FAILURE_REMOTE, "ValueError: unlucky"},
        {14, BENCH_FAILURE_CLOSED, "127.0.0.1"},
        {15, BENCH_FAILURE_CLOSED, "127.0.0.1"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const struct bench_value args[] = {bench_int(rows[i].size), bench_int(4)};
        struct server server;
        struct client c = {0};
        server_start(&server);
        client_open(&c, server.port, "");
        compile_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
        cr_expect_lt(call(&c), 0);
        cr_expect_eq(c.op->failure, rows[i].failure, "row %zu: %s", i, c.op->error.msg);
        cr_expect_not_null(strstr(c.op->error.msg, rows[i].word), "%s", c.op->error.msg);
        client_end(&c);
        server_stop(&server);
    }
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
        int rc;
    } rows[] = {
        {"127.0.0.1", -EINVAL}, /* not resolved */
        {"a/b", -EINVAL},
        {"user@host", -EINVAL},
        {"", -EINVAL},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_loop *loop;
        struct bench_conn *conn;
        struct bench_error err = {0};
        struct bench_address address = {.port = 80};
        static const struct bench_conn_events none = {0};
        void *options;
        snprintf(address.host, sizeof(address.host), "%s", rows[i].host);
        cr_assert_eq(bench_loop_new(&loop, &err), 0);
        cr_assert_eq(
            bench_options_new(LINK_PROTOCOL.options, LINK_PROTOCOL.options_size, &options, &err),
            0);
        cr_assert_eq(
            bench_conn_new(loop, &LINK_PROTOCOL, options, &address, &none, NULL, &conn, &err), 0);
        cr_expect_eq(bench_conn_open(conn, 0, &err), rows[i].rc, "'%s': %s", rows[i].host, err.msg);
        cr_expect_neq(err.msg[0], '\0');
        bench_conn_free(conn);
        bench_loop_free(loop);
        bench_options_free(LINK_PROTOCOL.options, options);
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
