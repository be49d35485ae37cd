/* SPDX-License-Identifier: MIT */
/*
 * One HTTP client for a test: a loop, a connection and an op. For test_http_*.c only. Which of the
 * two backends it is of, LINK_RAW says (test_http_raw_*.c define it).
 */
#ifndef TEST_HTTP_LINK_H
#define TEST_HTTP_LINK_H

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/http/http.h"
#include "service/service.h"

#ifdef LINK_RAW
#define LINK_PROTOCOL http_raw_protocol
enum { LINK_IS_RAW = 1 };
#else
#define LINK_PROTOCOL http_protocol
enum { LINK_IS_RAW = 0 };
#endif

static inline void prepare(void)
{
    struct bench_error err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    cr_assert(LINK_PROTOCOL.unavailable == NULL || LINK_PROTOCOL.unavailable() == NULL);
    cr_assert(LINK_PROTOCOL.global_init == NULL || LINK_PROTOCOL.global_init(&err) == 0, "%s",
              err.msg);
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 7, &err), 0, "%s", err.msg);
}

static inline void tidy(void)
{
    if (LINK_PROTOCOL.global_fini != NULL)
        LINK_PROTOCOL.global_fini();
}

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

static inline void on_closed(struct bench_conn *conn, void *user)
{
    (void)conn;
    ((struct client *)user)->closed++;
}

static inline void client_make(struct client *c, uint16_t port, const char *options)
{
    static const struct bench_conn_events events = {.closed = on_closed};
    struct bench_error err = {0};
    if (c->address.host[0] == '\0')
        snprintf(c->address.host, sizeof(c->address.host), "127.0.0.1");
    c->address.port = port;
    cr_assert_eq(bench_loop_new(&c->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_options_new(LINK_PROTOCOL.options, LINK_PROTOCOL.options_size, &c->options, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_options_parse(LINK_PROTOCOL.options, c->options, options, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(bench_address_resolve(&c->address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_conn_new(c->loop, &LINK_PROTOCOL, c->options, &c->address, &events, c,
                                &c->conn, &err),
                 0, "%s", err.msg);
    cr_assert_eq(bench_op_new(&LINK_PROTOCOL, &c->op, &err), 0, "%s", err.msg);
}

static inline void client_open(struct client *c, uint16_t port, const char *options)
{
    struct bench_error err = {0};
    client_make(c, port, options);
    cr_assert_eq(bench_open_blocking(c->conn, 0, &err), 0, "%s", err.msg);
}

static inline void client_end(struct client *c)
{
    bench_conn_free(c->conn);
    bench_op_free(c->op);
    LINK_PROTOCOL.program_free(c->program);
    bench_loop_free(c->loop);
    bench_options_free(LINK_PROTOCOL.options, c->options);
}

static inline void compile(struct client *c, const struct bench_spec *spec)
{
    struct bench_error err = {0};
    LINK_PROTOCOL.program_free(c->program);
    c->program = NULL;
    cr_assert_eq(LINK_PROTOCOL.compile(c->options, spec, &c->program, &err), 0, "%s", err.msg);
    bench_op_reset(c->op);
    c->op->program = c->program;
}

static inline void compile_operation(struct client *c, enum bench_operation_id id,
                                     const struct bench_value *args, size_t nargs)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(id),
                                    .args = args,
                                    .nargs = nargs};
    compile(c, &spec);
}

static inline void compile_text(struct client *c, const char *text)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    compile(c, &spec);
}

static inline int call(struct client *c) { return bench_call_blocking(c->conn, c->op, NULL); }

static inline int ping(struct client *c)
{
    compile_operation(c, BENCH_OP_PING, NULL, 0);
    return call(c);
}

static inline bool is_str(const struct bench_value *value, const char *text)
{
    const struct bench_value wanted = bench_str(text);
    return bench_value_equal(value, &wanted);
}

static inline void turn(struct client *c) { (void)bench_loop_run(c->loop, bench_now_ns() + 1000); }

#endif
