/* SPDX-License-Identifier: MIT */
#include "protocols/tcp/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/tcp/tcp_wire.h"

enum {
    MAX_INFLIGHT = 64,
    VALUE_MAX = 64 * 1024, /* bytes of a reply that is not bulk */
};
/* A message's length is 32 bits; the longest head comes off it. */
#define MAX_PAYLOAD ((uint64_t)1 << 30)

struct tcp_options {
    bool tls; /* of targets that are started; a connection goes by its address */
};

static const struct bench_option options_table[] = {
    {.name = "tls",
     .type = BENCH_OPTION_BOOL,
     .offset = offsetof(struct tcp_options, tls),
     .default_text = "off",
     .help = "over TLS; a server that is started gets a certificate made for the run"},
    {.name = NULL},
};

struct tcp_program {
    struct bench_program base;
    enum bench_operation_id id;
    struct bench_value args[BENCH_OPERATION_PARAMS];
    size_t nargs;
};

/* What is known of the reply that is arriving. */
struct tcp_conn {
    bool in_body; /* the head was read; body_left bytes of a bulk body follow */
    struct tcp_reply_head head;
    size_t body_left;
};

static int compile(const void *options, const struct bench_spec *spec, struct bench_program **out,
                   struct bench_error *err)
{
    (void)options;
    if (spec->kind == BENCH_SPEC_TEXT)
        return bench_fail(err, -ENOTSUP,
                          "tcp has no notation for calls; it knows the reference "
                          "operations only");
    if (spec->kind == BENCH_SPEC_OPERATION && !tcp_carries(spec->operation->id))
        return bench_fail(err, -ENOTSUP, "the floor has no streams and no structures, so no %s",
                          spec->operation->name);
    struct tcp_program *program = calloc(1, sizeof(*program));
    if (program == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    program->base.protocol = &tcp_protocol;
    if (spec->kind == BENCH_SPEC_PROBE) {
        program->id = BENCH_OP_PING;
    } else {
        const struct bench_operation *operation = spec->operation;
        program->id = operation->id;
        program->base.bulk = operation->bulk;
        program->base.tx = operation->tx;
        program->nargs = bench_operation_nparams(operation);
        for (size_t i = 0; i < program->nargs; i++) {
            program->args[i] = bench_spec_arg(spec, i);
            if (operation->params[i].default_value.kind == BENCH_FLOAT &&
                program->args[i].kind == BENCH_INT)
                program->args[i] = bench_float((double)program->args[i].integer);
        }
    }
    uint8_t head[TCP_REQUEST_HEAD_MAX];
    int rc = tcp_encode_request(head, program->id, program->args, program->nargs, 0);
    if (rc < 0) {
        free(program);
        return bench_fail(err, -ENOTSUP, "tcp carries whole and real numbers as arguments only");
    }
    *out = &program->base;
    return 0;
}

static void program_free(struct bench_program *program) { free(program); }

static void on_connected(struct bench_conn *conn) { bench_conn_opened(conn, 0); }

static int value_of(struct bench_op *op, const struct tcp_reply_head *head, const uint8_t *body)
{
    switch (head->kind) {
    case TCP_KIND_NONE:
        op->result = bench_none();
        return 0;
    case TCP_KIND_INT:
        op->result = bench_int((int64_t)tcp_get_u64(body));
        return 0;
    default:
        break;
    }
    op->result =
        bench_bytes(bench_arena_copy(&op->arena, body, head->body_length), head->body_length);
    op->result.kind = head->kind == TCP_KIND_STR     ? BENCH_STR
                      : head->kind == TCP_KIND_BYTES ? BENCH_BYTES
                                                     : BENCH_BIGINT;
    return op->result.text.data == NULL ? -ENOMEM : 0;
}

/* For a watcher of the connection. */
static void tell(struct bench_op *op, bool sent, uint64_t bytes, const char *what)
{
    struct bench_conn_message message = {.sent = sent,
                                         .kind = sent ? "REQUEST" : "REPLY",
                                         .id = -1,
                                         .plain = bytes,
                                         .wire = bytes};
    (void)snprintf(message.what, sizeof(message.what), "%s", what);
    bench_conn_message(op->conn, &message);
}

static void count_reply(struct bench_op *op, const struct tcp_reply_head *head)
{
    uint64_t bytes = TCP_REPLY_HEAD + head->body_length;
    op->stat.frames_received++;
    op->stat.round_trips++;
    op->stat.plain_received += bytes;
    op->stat.wire_received += bytes;
    if (bench_conn_is_watched(op->conn))
        tell(op, false, bytes, head->status == TCP_STATUS_EXCEPTION ? "an exception" : "");
}

static void finish(struct bench_op *op, const struct tcp_reply_head *head, int status)
{
    count_reply(op, head);
    bench_op_complete(op, status);
}

/* The pieces of a bulk body go to the sink as they come. */
static ssize_t take_body(struct bench_conn *conn, struct bench_op *op, const uint8_t *data,
                         size_t length)
{
    struct tcp_conn *priv = bench_conn_priv(conn);
    size_t n = length < priv->body_left ? length : priv->body_left;
    int rc = bench_op_data(op, data, n);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", op->error.msg);
    priv->body_left -= n;
    if (priv->body_left == 0) {
        priv->in_body = false;
        finish(op, &priv->head, 0);
    }
    return (ssize_t)n;
}

static int take_value(struct bench_op *op, const struct tcp_reply_head *head, const uint8_t *body)
{
    if (head->status == TCP_STATUS_EXCEPTION) {
        int shown = head->body_length < 200 ? (int)head->body_length : 200;
        return bench_op_fail(op, BENCH_FAILURE_REMOTE, -EREMOTEIO, "%.*s", shown,
                             (const char *)body);
    }
    if (op->program->bulk)
        return bench_op_fail(op, BENCH_FAILURE_WRONG, -EBADMSG,
                             "expected bytes, got a reply of kind '%c'", head->kind);
    return value_of(op, head, body);
}

static ssize_t on_data(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    struct tcp_conn *priv = bench_conn_priv(conn);
    struct bench_op *op = bench_conn_oldest_op(conn);
    if (op == NULL)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "the server sent %zu bytes that nobody asked for", length);
    if (priv->in_body)
        return take_body(conn, op, data, length);
    if (length < TCP_REPLY_HEAD)
        return 0;
    struct tcp_reply_head head;
    if (tcp_decode_reply_head(data, &head) < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "a reply of length %u, status %u and kind %u cannot be",
                               tcp_get_u32(data), data[4], data[5]);
    op->marks.first_byte = bench_now_ns();
    if (op->program->bulk && head.status == TCP_STATUS_OK && head.kind == TCP_KIND_BYTES) {
        priv->head = head;
        priv->body_left = head.body_length;
        priv->in_body = head.body_length > 0;
        if (!priv->in_body)
            finish(op, &head, 0);
        return TCP_REPLY_HEAD;
    }
    if (head.body_length > VALUE_MAX)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EMSGSIZE,
                               "a value of %zu bytes, over the limit of %d", head.body_length,
                               (int)VALUE_MAX);
    if (length < TCP_REPLY_HEAD + head.body_length) {
        int rc = bench_stream_want(conn, TCP_REPLY_HEAD + head.body_length);
        return rc < 0 ? rc : 0;
    }
    finish(op, &head, take_value(op, &head, data + TCP_REPLY_HEAD));
    return (ssize_t)(TCP_REPLY_HEAD + head.body_length);
}

static const struct bench_stream_ops stream_ops = {.connected = on_connected, .data = on_data};

static int conn_open(struct bench_conn *conn, struct bench_error *err)
{
    return bench_stream_open(conn, &stream_ops, BENCH_STREAM_NODELAY, err);
}

static int submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    const struct tcp_program *program = (const struct tcp_program *)op->program;
    uint8_t head[TCP_REQUEST_HEAD_MAX];
    size_t tx = op->program->tx ? op->tx.length : 0;
    int n = tcp_encode_request(head, program->id, program->args, program->nargs, tx);
    if (n < 0)
        return bench_fail(err, n, "payload of %zu bytes does not fit", tx);
    uint64_t bytes = (uint64_t)n + tx;
    op->stat.frames_sent++;
    op->stat.plain_sent += bytes;
    op->stat.wire_sent += bytes;
    if (bench_conn_is_watched(conn))
        tell(op, true, bytes, bench_operation_get(program->id)->name);
    union {
        const void *in;
        void *out;
    } borrowed = {.in = op->tx.data}; /* iovec has no const */
    const struct iovec pieces[] = {{head, (size_t)n}, {borrowed.out, tx}};
    /* A failed write has completed the op with the connection's failure. */
    (void)bench_stream_write(conn, pieces, tx > 0 ? 2 : 1);
    return 0;
}

/* The answer is still coming and has no number: core closes the connection. */
static void cancel(struct bench_conn *conn, struct bench_op *op)
{
    (void)conn;
    bench_op_complete(op, -ECANCELED);
}

static void conn_close(struct bench_conn *conn) { bench_conn_closed(conn); }

static void conn_fini(struct bench_conn *conn) { (void)conn; }

const struct bench_protocol tcp_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "tcp",
    .summary = "the floor: the same bytes as bare length-prefixed messages",
    .caps = BENCH_CAP_PIPELINE | BENCH_CAP_UNIX | BENCH_CAP_TLS,
    .role = BENCH_ROLE_FLOOR,
    .max_inflight = MAX_INFLIGHT,
    .max_payload = MAX_PAYLOAD,
    .schemes = (const struct bench_scheme[]){{"tcp", false, 0, NULL},
                                             {"tcps", true, 0, NULL},
                                             {NULL, false, 0, NULL}},
    .options = options_table,
    .options_size = sizeof(struct tcp_options),
    .compile = compile,
    .program_free = program_free,
    .conn_size = sizeof(struct tcp_conn),
    .conn_open = conn_open,
    .submit = submit,
    .cancel = cancel,
    .conn_close = conn_close,
    .conn_fini = conn_fini,
    .server = &tcp_server_ops,
};
