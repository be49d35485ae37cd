/* SPDX-License-Identifier: MIT */
/* Reading fields of records: of values that are here, of replies over HTTP, as expressions. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/protocol.h"
#include "protocols/http/http_reply.h"
#include "service/service.h"

TestSuite(records, .timeout = 20);

static struct bench_arena arena;

static void expect_read(const struct bench_value *records, int status, const char *text)
{
    struct bench_value out = bench_none();
    struct bench_buf repr;
    bench_arena_init(&arena, 1 << 20);
    bench_buf_init(&repr, 1 << 20);
    cr_expect_eq(bench_records_read(&arena, records, &out), status);
    if (status == 0) {
        cr_assert_eq(bench_value_repr(&out, &repr), 0);
        cr_assert_eq(bench_buf_add(&repr, "", 1), 0);
        cr_expect_str_eq((const char *)bench_buf_head(&repr), text);
    } else {
        cr_expect_eq(out.kind, BENCH_NONE);
    }
    bench_buf_fini(&repr);
    bench_arena_fini(&arena);
}

Test(records, of_dicts_and_tuples)
{
    const struct bench_value pairs[] = {bench_str("status"), bench_str("active"), bench_str("id"),
                                        bench_int(4),        bench_str("email"),  bench_str("e"),
                                        bench_str("name"),   bench_str("n")};
    const struct bench_value items[] = {bench_int(4), bench_str("n"), bench_str("e"),
                                        bench_str("active")};
    const struct bench_value dict = {.kind = BENCH_DICT, .seq = {pairs, BENCH_COUNT_OF(pairs)}};
    const struct bench_value mixed[] = {dict, bench_tuple(items, BENCH_COUNT_OF(items))};
    const struct bench_value list = {.kind = BENCH_LIST, .seq = {mixed, 2}};
    const struct bench_value tuple = bench_tuple(mixed + 1, 1), none = bench_tuple(NULL, 0);
    expect_read(&list, 0, "[('n', 'e', 'active'), ('n', 'e', 'active')]");
    expect_read(&tuple, 0, "[('n', 'e', 'active')]");
    expect_read(&none, 0, "[]");
}

Test(records, of_anything_else)
{
    const struct bench_value pairs[] = {bench_str("name"), bench_str("n"), bench_str("email"),
                                        bench_str("e")};
    const struct bench_value items[] = {bench_int(4), bench_str("n"), bench_str("e")};
    const struct bench_value bad[] = {
        {.kind = BENCH_DICT, .seq = {pairs, BENCH_COUNT_OF(pairs)}},
        bench_tuple(items, BENCH_COUNT_OF(items)),
        bench_str("name"),
        {.kind = BENCH_OBJECT},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        const struct bench_value list = {.kind = BENCH_LIST, .seq = {&bad[i], 1}};
        expect_read(&bad[i], -EINVAL, NULL);
        expect_read(&list, -EINVAL, NULL);
    }
}

Test(records, without_memory)
{
    const struct bench_value items[] = {bench_int(4), bench_str("n"), bench_str("e"),
                                        bench_str("active")};
    const struct bench_value one = bench_tuple(items, BENCH_COUNT_OF(items));
    const struct bench_value list = {.kind = BENCH_LIST, .seq = {&one, 1}};
    struct bench_value out;
    bench_arena_init(&arena, 16);
    cr_expect_eq(bench_records_read(&arena, &list, &out), -ENOMEM);
    bench_arena_fini(&arena);
}

/* ---- what protocols make of a spec ---- */

static int compile(const struct bench_protocol *p, const char *options, enum bench_operation_id id,
                   enum bench_reading reading, struct bench_error *err)
{
    void *values = NULL;
    struct bench_program *program = NULL;
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(id),
                                    .reading = reading};
    cr_assert_eq(bench_options_new(p->options, p->options_size, &values, err), 0);
    cr_assert_eq(bench_options_parse(p->options, values, options, err), 0, "%s", err->msg);
    const int rc = p->compile(values, &spec, &program, err);
    p->program_free(program);
    bench_options_free(p->options, values);
    return rc;
}

Test(records, every_protocol_that_carries_them_compiles_or_says_why_not)
{
    static const enum bench_operation_id ids[] = {
        BENCH_OP_GET_USERS, BENCH_OP_GET_USERS_DICTS, BENCH_OP_GET_USERS_TUPLES,
        BENCH_OP_GET_USERS_BATCH, BENCH_OP_GET_USERS_BATCH_DICTS};
    size_t carriers = 0;
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 1, NULL), 0);
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++) {
        struct bench_error err = {0};
        if (!((*p)->caps & BENCH_CAP_RECORDS))
            continue;
        carriers++;
        for (size_t i = 0; i < BENCH_COUNT_OF(ids); i++) {
            cr_expect_eq(compile(*p, "", ids[i], BENCH_READING_READ, &err), 0, "%s: %s",
                         (*p)->name, err.msg);
            const int rc = compile(*p, "", ids[i], BENCH_READING_COPY, &err);
            cr_expect(rc == 0 || (rc == -ENOTSUP && err.msg[0] != '\0'), "%s: %d", (*p)->name, rc);
        }
        cr_expect_eq(compile(*p, "", BENCH_OP_PING, BENCH_READING_READ, &err), -ENOTSUP);
        cr_expect_str_eq(err.msg, "ping answers no records");
    }
    cr_expect_geq(carriers, 4);
}

Test(records, what_a_server_does_not_show)
{
    const struct bench_protocol *rpyc = bench_protocol_find("rpyc", 4);
    static const struct {
        const char *options;
        enum bench_operation_id id;
        enum bench_reading reading;
        const char *why; /* NULL: nothing is in the way */
    } cases[] = {
        {"policy=strict", BENCH_OP_GET_USERS, BENCH_READING_READ, "hides the attributes"},
        {"policy=strict", BENCH_OP_GET_USERS_DICTS, BENCH_READING_READ, NULL},
        {"policy=strict", BENCH_OP_GET_USERS_TUPLES, BENCH_READING_READ, NULL},
        {"policy=strict", BENCH_OP_GET_USERS_DICTS, BENCH_READING_COPY, "no copies"},
        {"", BENCH_OP_GET_USERS, BENCH_READING_COPY, "their class"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct bench_error err = {0};
        const int rc = compile(rpyc, cases[i].options, cases[i].id, cases[i].reading, &err);
        cr_expect_eq(rc, cases[i].why == NULL ? 0 : -ENOTSUP);
        cr_expect(cases[i].why == NULL || strstr(err.msg, cases[i].why) != NULL, "%s", err.msg);
    }
}

/* ---- over HTTP ---- */

static int judge(const char *body, struct bench_op *op)
{
    const struct bench_protocol *http = bench_protocol_find("http-raw", 8);
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_GET_USERS),
                                    .reading = BENCH_READING_READ};
    struct http_program program;
    struct http_reply reply;
    struct bench_error err;
    cr_assert_eq(http_program_init(&program, http, &spec, &err), 0, "%s", err.msg);
    cr_expect_str_eq(program.call.target, "/users?n=100");
    http_reply_init(&reply, 1 << 20);
    http_reply_begin(&reply, &program);
    reply.status = 200;
    const int rc = http_reply_judge(&reply, op, body, strlen(body), "", 0);
    http_reply_fini(&reply);
    return rc;
}

Test(records, a_reply_is_read_field_by_field)
{
    static const char *const bad[] = {"[{\"name\":\"n\",\"email\":\"e\"}]", "[1]", "[[]]"};
    struct bench_op *op;
    struct bench_error err;
    cr_assert_eq(bench_op_new(bench_protocol_find("http-raw", 8), &op, &err), 0);
    cr_assert_eq(judge("[{\"id\":0,\"name\":\"n\",\"email\":\"e\",\"status\":\"s\"}]", op), 0);
    cr_assert_eq(op->result.kind, BENCH_LIST);
    cr_assert_eq(op->result.seq.count, 1);
    const struct bench_value fields[] = {bench_str("n"), bench_str("e"), bench_str("s")};
    const struct bench_value right = bench_tuple(fields, BENCH_COUNT_OF(fields));
    cr_expect(bench_value_equal(&op->result.seq.items[0], &right));
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        bench_op_reset(op);
        cr_expect_eq(judge(bad[i], op), -EPROTO, "%s", bad[i]);
        cr_expect_eq(op->failure, BENCH_FAILURE_PROTOCOL);
    }
    bench_op_free(op);
}
