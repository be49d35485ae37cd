/* SPDX-License-Identifier: MIT */
/*
 * Every reference server, called by our client in all its ways of calling and by Python's own
 * client: the same answers everywhere, and those are the ones of the service itself.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "rig.h"
#include "service/service.h"

#define CALL_TIMEOUT_NS (60 * BENCH_NS_PER_S)
#define ANSWER_LIMIT    ((uint64_t)1 << 24)
#define TX_MAX          100000

enum { SHOWN_BYTES = 16384 };

struct server_row {
    const char *server, *protocol, *mode, *program;
    bool in_default;
    const char *label;
};

#define NATIVE NULL
static const struct server_row servers[] = {
#define X(server, protocol, mode, program, in_default, label, ...)                                 \
    {server, protocol, mode, program, in_default, label},
#include "servers/servers.def"
#undef X
};
#undef NATIVE

/* The calls of peers/call_all.py, by its names. */
struct call {
    const char *name;
    enum bench_operation_id operation;
    int64_t args[BENCH_OPERATION_PARAMS];
    size_t nargs;
    double delay; /* io_work's argument */
    size_t tx, chunk_size;
    size_t ids; /* how many of some_ids are the argument, or NO_IDS */
    bool http;  /* of by_value: over http, else over rpyc */
};

static const struct bench_value some_ids[] = {
    {.kind = BENCH_INT, .integer = 5},
    {.kind = BENCH_INT, .integer = 77},
    {.kind = BENCH_INT, .integer = 5},
};
#define NO_IDS SIZE_MAX

static const struct call calls[] = {
    {.name = "ping()", .operation = BENCH_OP_PING},
    {.name = "echo(bytes(0))", .operation = BENCH_OP_ECHO, .tx = 0},
    {.name = "echo(bytes(1))", .operation = BENCH_OP_ECHO, .tx = 1},
    {.name = "echo(bytes(5000))", .operation = BENCH_OP_ECHO, .tx = 5000},
    {.name = "upload(bytes(100000))", .operation = BENCH_OP_UPLOAD, .tx = TX_MAX},
    {.name = "download(0)", .operation = BENCH_OP_DOWNLOAD, .args = {0}, .nargs = 1},
    {.name = "download(1)", .operation = BENCH_OP_DOWNLOAD, .args = {1}, .nargs = 1},
    {.name = "download(100000)", .operation = BENCH_OP_DOWNLOAD, .args = {100000}, .nargs = 1},
    {.name = "upload_chunk(bytes(4096))", .operation = BENCH_OP_UPLOAD_CHUNK, .tx = 4096},
    {.name = "download_chunk(4096, 1048570)",
     .operation = BENCH_OP_DOWNLOAD_CHUNK,
     .args = {4096, 1048570},
     .nargs = 2},
    {.name = "upload_chunked(16 of bytes(4096))",
     .operation = BENCH_OP_UPLOAD_CHUNKED,
     .tx = 65536,
     .chunk_size = 4096},
    {.name = "download_chunked(100000, 16384)",
     .operation = BENCH_OP_DOWNLOAD_CHUNKED,
     .args = {100000, 16384},
     .nargs = 2},
    {.name = "cpu_work(1000)", .operation = BENCH_OP_CPU_WORK, .args = {1000}, .nargs = 1},
    {.name = "compute(10)", .operation = BENCH_OP_COMPUTE, .args = {10}, .nargs = 1},
    {.name = "compute(100000)", .operation = BENCH_OP_COMPUTE, .args = {100000}, .nargs = 1},
    {.name = "compute(400000)", .operation = BENCH_OP_COMPUTE, .args = {400000}, .nargs = 1},
    {.name = "io_work(0.01)", .operation = BENCH_OP_IO_WORK, .delay = 0.01, .nargs = 1},
    {.name = "health_check()", .operation = BENCH_OP_HEALTH_CHECK},
    {.name = "get_users_tuples(0)", .operation = BENCH_OP_GET_USERS_TUPLES, .args = {0}, .nargs = 1},
    {.name = "get_users_tuples(5)", .operation = BENCH_OP_GET_USERS_TUPLES, .args = {5}, .nargs = 1},
    {.name = "get_users_tuples()", .operation = BENCH_OP_GET_USERS_TUPLES},
    {.name = "get_users_batch((5, 77, 5))", .operation = BENCH_OP_GET_USERS_BATCH, .ids = 3},
    {.name = "get_users_batch(())", .operation = BENCH_OP_GET_USERS_BATCH, .ids = NO_IDS},
};

/* Where every answer is a value: rpyc refers to objects, and http knows no methods. */
static const struct call by_value[] = {
    {.name = "get_user(7)", .operation = BENCH_OP_GET_USER, .args = {7}, .nargs = 1, .http = true},
    {.name = "get_users(3)", .operation = BENCH_OP_GET_USERS, .args = {3}, .nargs = 1, .http = true},
    {.name = "get_users_dicts(100)",
     .operation = BENCH_OP_GET_USERS_DICTS,
     .args = {100},
     .nargs = 1,
     .http = true},
    {.name = "get_users_batch_dicts((5, 77, 5))",
     .operation = BENCH_OP_GET_USERS_BATCH_DICTS,
     .ids = 3,
     .http = true},
    {.name = "get_user_tuple(7)", .operation = BENCH_OP_GET_USER_TUPLE, .args = {7}, .nargs = 1},
    {.name = "method_a()", .operation = BENCH_OP_METHOD_A},
    {.name = "method_d()", .operation = BENCH_OP_METHOD_D},
};

/* How our client may call: of whom, and whether only the native server has to understand it. */
static const struct {
    const char *protocol, *options;
    bool native_only;
} ways[] = {
    {"rpyc", "call=plain", false},
    {"rpyc", "call=cached", false},
    {"rpyc", "call=plain,version=5", true},
    {"rpyc", "call=plain,version=6", true},
    {"rpyc", "call=cached,version=5", true},
    {"rpyc", "call=cached,version=6", true},
    {"rpyc", "call=plain,socket=fast", false},
    {"http", "keepalive=on", false},
    {"http", "keepalive=off", false},
    {"http-raw", "keepalive=on", false},
    {"http-raw", "keepalive=off", false},
    {"tcp", "", false},
};

/* As call_all.py makes them. */
static void fill_tx(uint8_t *data, size_t size)
{
    uint32_t x = 1;

    for (size_t i = 0; i < size; i++) {
        x = x * 1103515245u + 12345u;
        data[i] = (uint8_t)(x >> 16);
    }
}

/* As call_all.py prints them. */
static void show(const struct bench_value *value, char out[SHOWN_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (value->kind == BENCH_INT) {
        (void)snprintf(out, SHOWN_BYTES, "%" PRId64, value->integer);
        return;
    }
    if (value->kind == BENCH_TUPLE) {
        struct bench_buf text;
        bench_buf_init(&text, SHOWN_BYTES - 1);
        cr_assert_eq(bench_value_repr(value, &text), 0);
        (void)snprintf(out, SHOWN_BYTES, "%.*s", (int)bench_buf_length(&text),
                       (const char *)bench_buf_head(&text));
        bench_buf_fini(&text);
        return;
    }
    cr_assert(value->kind == BENCH_STR || value->kind == BENCH_BYTES || value->kind == BENCH_BIGINT,
              "an answer of kind %d", value->kind);
    if (value->kind != BENCH_BYTES) {
        (void)snprintf(out, SHOWN_BYTES, "%.*s", (int)value->text.length, value->text.data);
        return;
    }
    cr_assert_eq(
        EVP_Digest(value->text.data, value->text.length, digest, &length, EVP_sha256(), NULL), 1);
    int n = snprintf(out, SHOWN_BYTES, "%zu sha256:", value->text.length);
    for (unsigned i = 0; i < length; i++)
        n += snprintf(out + n, SHOWN_BYTES - (size_t)n, "%02x", digest[i]);
}

struct client {
    const struct bench_protocol *protocol;
    void *options;
    struct bench_loop *loop;
    struct bench_conn *conn;
    struct bench_op *op;
    uint8_t tx[TX_MAX];
    char name[160]; /* "rpyc/threaded/native call=plain" for messages */
};

static void client_open(struct client *c, const struct server_row *row, const char *options,
                        uint16_t port)
{
    static const struct bench_conn_events events = {.opened = NULL};
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    struct bench_error err = {0};

    *c = (struct client){.protocol = bench_protocol_find(row->protocol, strlen(row->protocol))};
    (void)snprintf(c->name, sizeof(c->name), "%s/%s/%s %s", row->protocol, row->mode, row->server,
                   options);
    cr_assert_not_null(c->protocol);
    if (c->protocol->global_init)
        cr_assert_eq(c->protocol->global_init(&err), 0, "%s", err.msg);
    fill_tx(c->tx, sizeof(c->tx));
    cr_assert_eq(
        bench_options_new(c->protocol->options, c->protocol->options_size, &c->options, &err), 0,
        "%s", err.msg);
    if (options[0])
        cr_assert_eq(bench_options_parse(c->protocol->options, c->options, options, &err), 0, "%s",
                     err.msg);
    cr_assert_eq(bench_address_resolve(&address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_loop_new(&c->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_conn_new(c->loop, c->protocol, c->options, &address, &events, NULL, &c->conn, &err),
        0, "%s", err.msg);
    cr_assert_eq(bench_op_new(c->protocol, &c->op, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_open_blocking(c->conn, CALL_TIMEOUT_NS, &err), 0, "%s: %s", c->name,
                 err.msg);
}

static void client_close(struct client *c)
{
    bench_conn_close(c->conn);
    bench_conn_free(c->conn);
    bench_op_free(c->op);
    bench_loop_free(c->loop);
    bench_options_free(c->protocol->options, c->options);
    if (c->protocol->global_fini)
        c->protocol->global_fini();
}

static size_t make_args(const struct call *call, struct bench_value args[BENCH_OPERATION_PARAMS])
{
    if (call->ids > 0) {
        args[0] = bench_tuple(some_ids, call->ids == NO_IDS ? 0 : call->ids);
        return 1;
    }
    for (size_t i = 0; i < call->nargs; i++)
        args[i] = call->operation == BENCH_OP_IO_WORK ? bench_float(call->delay)
                                                      : bench_int(call->args[i]);
    return call->nargs;
}

/* The status of the call; the answer is in c->op->result until the next one. */
static int client_call(struct client *c, const struct call *call, struct bench_error *err)
{
    const struct bench_operation *operation = bench_operation_get(call->operation);
    struct bench_value args[BENCH_OPERATION_PARAMS];
    struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION, .operation = operation, .args = args};
    struct bench_program *program;

    spec.nargs = make_args(call, args);
    int rc = c->protocol->compile(c->options, &spec, &program, err);
    if (rc == -ENOTSUP)
        return rc;
    cr_assert_eq(rc, 0, "%s: %s: %s", c->name, call->name, err->msg);
    bench_op_reset(c->op);
    c->op->program = program;
    c->op->tx.data = c->tx;
    c->op->tx.length = operation->tx ? call->tx : 0;
    c->op->tx.chunk_size = call->chunk_size;
    c->op->sink.kind = BENCH_SINK_VALUE;
    c->op->sink.limit = ANSWER_LIMIT;
    c->op->timeout_ns = CALL_TIMEOUT_NS;
    rc = bench_call_blocking(c->conn, c->op, err);
    c->protocol->program_free(program);
    return rc;
}

/* What the service itself answers, in this process. */
static struct bench_value right_answer(struct client *c, const struct call *call,
                                       struct bench_arena *arena)
{
    /* Pieces are compared as what they are pieces of. */
    const bool pieces = call->operation == BENCH_OP_DOWNLOAD_CHUNKED;
    const struct bench_operation *operation =
        bench_operation_get(pieces ? BENCH_OP_DOWNLOAD : call->operation);
    const struct bench_service *service = bench_reference_service();
    struct bench_call context = {.arena = arena, .service = service};
    struct bench_value args[BENCH_OPERATION_PARAMS + 1], answer = {.kind = BENCH_NONE};
    size_t nargs = pieces ? make_args(call, args) - 1 : make_args(call, args);

    if (operation->tx)
        args[nargs++] = bench_bytes(c->tx, call->tx);
    cr_assert_eq(service->call(service, &context, operation, args, nargs, &answer), 0, "%s: %s",
                 call->name, context.exception.message);
    struct bench_value plain;
    cr_assert_eq(bench_value_plain(&context, &answer, &plain), 0, "%s", call->name);
    cr_assert_eq(bench_value_copy(arena, &plain, &plain), 0);
    bench_value_release(&answer);
    return plain;
}

/* All calls over one connection; shown[i] is what call i answered, as text. */
static void check_answers(struct client *c, char (*shown)[SHOWN_BYTES])
{
    for (size_t i = 0; i < BENCH_COUNT_OF(calls); i++) {
        struct bench_arena arena;
        struct bench_error err = {0};
        char right[SHOWN_BYTES];

        int rc = client_call(c, &calls[i], &err);
        if (rc == -ENOTSUP && (c->protocol->caps & BENCH_CAP_STREAM_UP) == 0)
            continue;
        cr_assert_eq(rc, 0, "%s: %s: %s", c->name, calls[i].name, err.msg);
        bench_arena_init(&arena, (size_t)1 << 20);
        const struct bench_value answer = right_answer(c, &calls[i], &arena);
        show(&c->op->result, shown[i]);
        show(&answer, right);
        cr_expect(bench_value_equal(&c->op->result, &answer), "%s: %s is %s, not %s", c->name,
                  calls[i].name, shown[i], right);
        bench_arena_fini(&arena);
    }
}

/* What only one of the protocols answers by value. */
static void check_values(struct client *c)
{
    const bool http = strncmp(c->protocol->name, "http", 4) == 0;

    for (size_t i = 0; i < BENCH_COUNT_OF(by_value); i++) {
        struct bench_arena arena;
        struct bench_error err = {0};

        if (by_value[i].http != http || (c->protocol->caps & BENCH_CAP_STREAM_UP) == 0)
            continue;
        cr_assert_eq(client_call(c, &by_value[i], &err), 0, "%s: %s: %s", c->name, by_value[i].name,
                     err.msg);
        bench_arena_init(&arena, (size_t)1 << 20);
        const struct bench_value answer = right_answer(c, &by_value[i], &arena);
        cr_expect(bench_value_equal(&c->op->result, &answer), "%s: %s is wrong", c->name,
                  by_value[i].name);
        bench_arena_fini(&arena);
    }
}

/* The service raises; the connection lives on. */
static void check_exception(struct client *c)
{
    static const struct call bad = {
        .name = "download(-1)", .operation = BENCH_OP_DOWNLOAD, .args = {-1}, .nargs = 1};
    struct bench_error err = {0};

    cr_expect_lt(client_call(c, &bad, &err), 0, "%s: download(-1) succeeds", c->name);
    cr_expect_eq(c->op->failure, BENCH_FAILURE_REMOTE, "%s: download(-1) is %s (%s)", c->name,
                 bench_failure_name(c->op->failure), err.msg);
    cr_expect_not_null(strstr(c->op->error.msg, "ValueError"), "%s: download(-1) says %s", c->name,
                       c->op->error.msg);
    err = (struct bench_error){0};
    cr_expect_eq(client_call(c, &calls[0], &err), 0, "%s: ping() after the exception: %s", c->name,
                 err.msg);
}

static void check_python_client(const struct server_row *row, uint16_t port,
                                char (*shown)[SHOWN_BYTES])
{
    struct support_output out;
    char text[8];

    const struct bench_protocol *p = bench_protocol_find(row->protocol, strlen(row->protocol));
    const char *family = p->family != NULL ? p->family : p->name;

    (void)snprintf(text, sizeof(text), "%u", port);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("call_all.py"), "--protocol", family,
                                "--port", text));
    cr_assert_eq(out.exit_status, 0, "Python's client against %s/%s/%s: %s", row->protocol,
                 row->mode, row->server, out.err);
    json_t *answers = rig_json(out.out);
    cr_expect_eq(json_object_size(answers), BENCH_COUNT_OF(calls));
    for (size_t i = 0; i < BENCH_COUNT_OF(calls); i++)
        cr_expect_str_eq(json_string_value(json_object_get(answers, calls[i].name)), shown[i],
                         "%s against %s/%s/%s", calls[i].name, row->protocol, row->mode,
                         row->server);
    json_decref(answers);
    support_output_free(&out);
}

ParameterizedTestParameters(interop, answers)
{
    static int rows[BENCH_COUNT_OF(servers)];

    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        rows[i] = (int)i;
    return cr_make_param_array(int, rows, BENCH_COUNT_OF(rows), NULL);
}

ParameterizedTest(int *index, interop, answers, .timeout = 600)
{
    const struct server_row *row = &servers[*index];
    struct bench_error err = {0};
    struct rig_server server;
    struct client client;
    static char shown[BENCH_COUNT_OF(calls)][SHOWN_BYTES];
    char target[64];
    int tried = 0;

    if (row->program)
        rig_need_python();
    (void)snprintf(target, sizeof(target), "%s/%s/%s", row->protocol, row->mode, row->server);
    /* The payload and seed of `serve`. */
    cr_assert_eq(bench_payload_init(BENCH_PAYLOAD_RANDOM, 1, &err), 0, "%s", err.msg);
    rig_serve(&server, target, 4);
    for (size_t i = 0; i < BENCH_COUNT_OF(ways); i++) {
        if (strcmp(ways[i].protocol, row->protocol) != 0 || (ways[i].native_only && row->program))
            continue;
        client_open(&client, row, ways[i].options, server.port);
        check_answers(&client, shown);
        check_values(&client);
        check_exception(&client);
        client_close(&client);
        tried++;
    }
    cr_expect_gt(tried, 0, "no way to call %s", target);
    const bool has_peer = strcmp(row->protocol, "tcp") != 0;
    if (has_peer && access(rig_python(), X_OK) == 0)
        check_python_client(row, server.port, shown);
    cr_expect_eq(rig_server_stop(&server), 0);
    if (has_peer)
        rig_need_python(); /* says that the half with Python's client is missing */
}
