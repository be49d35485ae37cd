/* SPDX-License-Identifier: MIT */
/* Our server in a thread, a client with one op, and the pieces of scripted peers. */
#ifndef TEST_RPYC_LINK_H
#define TEST_RPYC_LINK_H

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "core/session_internal.h"
#include "protocols/rpyc/rpyc.h"
#include "service/service.h"
#include "tests/support/peer.h"

#define OPEN_TIMEOUT (10 * BENCH_NS_PER_S)

/* ---- our server: one session after the other ---- */

struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    const struct bench_service *service;
};

static inline void serve_one(const struct bench_service *service, int fd)
{
    static const struct bench_session_limits limits = {.message_bytes = (uint64_t)32 << 20};
    struct bench_session_setup setup = {
        .service = service,
        .session_size = rpyc_server_ops.session_size,
        .limits = limits,
    };
    struct bench_session *session = malloc(sizeof(*session));
    struct bench_error err;
    cr_assert_not_null(session);
    cr_assert_eq(bench_session_init(session, fd, &setup, &err), 0);
    (void)rpyc_server_ops.serve(session, &err); /* how a client leaves is the client's business */
    bench_session_fini(session);
    free(session);
}

static inline void *server_main(void *user)
{
    const struct server *server = user;
    int fd;
    while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        serve_one(server->service, fd);
        (void)close(fd);
    }
    return NULL;
}

static inline void server_start_with(struct server *server, const struct bench_service *service)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    struct bench_error err;
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 1, &err), 0);
    server->service = service;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(server->fd, 0);
    cr_assert_eq(bind(server->fd, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(server->fd, 16), 0);
    cr_assert_eq(getsockname(server->fd, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server->thread, NULL, server_main, server), 0);
}

static inline void server_start(struct server *server)
{
    server_start_with(server, bench_reference_service());
}

static inline void server_stop(struct server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    cr_assert_eq(pthread_join(server->thread, NULL), 0);
    (void)close(server->fd);
}

/* ---- a connection with one op ---- */

struct client {
    struct bench_loop *loop;
    struct bench_conn *conn;
    void *options;
    struct bench_program *program;
    struct bench_op *op;
    struct bench_error err;
    bool closed;
};

static inline void on_closed(struct bench_conn *conn, void *user)
{
    struct client *client = user;
    (void)conn;
    client->closed = true;
    bench_loop_stop(client->loop);
}

static inline void client_new(struct client *c, uint16_t port, const char *options)
{
    const struct bench_conn_events events = {.closed = on_closed};
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    *c = (struct client){0};
    cr_assert_eq(bench_loop_new(&c->loop, &c->err), 0);
    cr_assert_eq(bench_address_resolve(&address, &c->err), 0);
    cr_assert_eq(
        bench_options_new(rpyc_protocol.options, rpyc_protocol.options_size, &c->options, &c->err),
        0);
    cr_assert_eq(bench_options_parse(rpyc_protocol.options, c->options, options, &c->err), 0, "%s",
                 c->err.msg);
    cr_assert_eq(bench_conn_new(c->loop, &rpyc_protocol, c->options, &address, &events, c, &c->conn,
                                &c->err),
                 0);
    cr_assert_eq(bench_op_new(&rpyc_protocol, &c->op, &c->err), 0);
}

static inline int client_open(struct client *c)
{
    return bench_open_blocking(c->conn, OPEN_TIMEOUT, &c->err);
}

static inline void client_program(struct client *c, const struct bench_spec *spec)
{
    rpyc_protocol.program_free(c->program);
    cr_assert_eq(rpyc_protocol.compile(c->options, spec, &c->program, &c->err), 0, "%s",
                 c->err.msg);
    c->op->program = c->program;
}

static inline void client_text(struct client *c, const char *text)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    client_program(c, &spec);
}

static inline void client_operation(struct client *c, enum bench_operation_id id,
                             const struct bench_value *args, size_t nargs)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(id),
                                    .args = args,
                                    .nargs = nargs};
    client_program(c, &spec);
}

static inline int client_call(struct client *c)
{
    bench_op_reset(c->op);
    return bench_call_blocking(c->conn, c->op, &c->err);
}

static inline void client_free(struct client *c)
{
    bench_conn_close(c->conn);
    bench_conn_free(c->conn);
    bench_op_free(c->op);
    rpyc_protocol.program_free(c->program);
    bench_options_free(rpyc_protocol.options, c->options);
    bench_loop_free(c->loop);
}

static inline void expect_repr(const struct bench_value *value, const char *expected)
{
    struct bench_buf text;
    bench_buf_init(&text, 4096);
    cr_assert_eq(bench_value_repr(value, &text), 0);
    cr_assert_eq(bench_buf_add(&text, "", 1), 0);
    cr_assert_str_eq((const char *)bench_buf_head(&text), expected);
    bench_buf_fini(&text);
}

static const char *const layouts[] = {"version=5", "version=6", "version=auto"};

/* ---- peers that play a script (layout A; its root is of a class that needs no INSPECT) ---- */

#define GETROOT "\0\0\0\x08\0\x12\x51\x50\x11\x53\x11\x51\x02\n"
#define ROOT                                                                                       \
    "\0\0\0\x1a\0\x12\x52\x50\x11\x54\x12\x08\x0e\x0f"                                             \
    "builtins.method\x51\x51\n"
#define STEP(how, bytes)                                                                           \
    {                                                                                              \
        how, bytes, sizeof(bytes) - 1                                                              \
    }
#define OPENING STEP(SUPPORT_EXPECT, GETROOT), STEP(SUPPORT_SEND, ROOT)
#endif
