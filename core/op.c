/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/units.h"
#include "core/loop_internal.h"

/* A value reply larger than this is refused; bulk replies go to the sink instead. */
#define RESULT_LIMIT ((size_t)64 << 20)

const char *bench_failure_name(enum bench_failure failure)
{
    static const char *const names[] = {
#define X(id, name, help) name,
        BENCH_FAILURES(X)
#undef X
    };
    return (unsigned)failure < BENCH_FAILURE_COUNT ? names[failure] : "other";
}

enum bench_failure bench_failure_from_errno(int code)
{
    switch (code < 0 ? -code : code) {
    case 0:
        return BENCH_FAILURE_NONE;
    case ECONNREFUSED:
        return BENCH_FAILURE_REFUSED;
    case ETIMEDOUT:
        return BENCH_FAILURE_TIMEOUT;
    case ECONNRESET:
    case EPIPE:
        return BENCH_FAILURE_RESET;
    case ENODATA:
    case ENOTCONN:
        return BENCH_FAILURE_CLOSED;
    case EREMOTEIO:
        return BENCH_FAILURE_REMOTE;
    case EPROTO:
    case EMSGSIZE:
    case EBADMSG:
        return BENCH_FAILURE_PROTOCOL;
    case ECANCELED:
        return BENCH_FAILURE_CANCELED;
    default:
        return BENCH_FAILURE_OTHER;
    }
}

int bench_op_new(const struct bench_protocol *protocol, struct bench_op **out,
                 struct bench_error *err)
{
    struct op_full *full = aligned_alloc(
        16, (sizeof(*full) + protocol->op_size + 15) & ~(size_t)15);
    if (full == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    *full = (struct op_full){.magic = BENCH_OP_MAGIC};
    for (size_t i = 0; i < protocol->op_size; i++)
        full->priv[i] = 0;
    bench_arena_init(&full->op.arena, RESULT_LIMIT);
    bench_buf_init(&full->collected, RESULT_LIMIT);
    full->op.sink.limit = protocol->max_payload;
    *out = &full->op;
    return 0;
}

void bench_op_free(struct bench_op *op)
{
    if (op == NULL)
        return;
    struct op_full *full = op_full(op);
    assert(full->magic == BENCH_OP_MAGIC && full->state == OP_IDLE);
    full->magic = 0;
    bench_arena_fini(&op->arena);
    bench_buf_fini(&full->collected);
    XXH3_freeState(full->hash);
    free(full);
}

void bench_op_reset(struct bench_op *op)
{
    struct op_full *full = op_full(op);
    assert(full->state == OP_IDLE);
    op->marks = (struct bench_marks){0};
    op->stat = (struct bench_op_stat){0};
    op->failure = BENCH_FAILURE_NONE;
    op->error.code = 0;
    op->error.msg[0] = '\0';
    op->result = bench_none();
    op->raised = bench_none();
    bench_arena_reset(&op->arena);
    op->sink.length = 0;
    op->sink.checksum = 0;
    bench_buf_clear(&full->collected);
    if (full->hash != NULL)
        (void)XXH3_64bits_reset(full->hash);
}

void *bench_op_priv(struct bench_op *op) { return op_full(op)->priv; }

static int hash_more(struct op_full *full, const void *data, size_t length)
{
    if (full->hash == NULL) {
        full->hash = XXH3_createState();
        if (full->hash == NULL)
            return -ENOMEM;
        (void)XXH3_64bits_reset(full->hash);
    }
    (void)XXH3_64bits_update(full->hash, data, length);
    return 0;
}

int bench_op_data(struct bench_op *op, const void *data, size_t length)
{
    struct op_full *full = op_full(op);
    if (length > op->sink.limit || op->sink.length > op->sink.limit - length)
        return bench_op_fail(op, BENCH_FAILURE_PROTOCOL, -EMSGSIZE,
                             "reply of more than %llu bytes", (unsigned long long)op->sink.limit);
    op->sink.length += length;
    if (op->sink.on_data != NULL)
        op->sink.on_data(op, data, length);
    switch (op->sink.kind) {
    case BENCH_SINK_COUNT:
        return 0;
    case BENCH_SINK_CHECKSUM:
        return hash_more(full, data, length);
    case BENCH_SINK_STORE:
        return bench_buf_add(op->sink.store, data, length);
    case BENCH_SINK_VALUE:
        return bench_buf_add(&full->collected, data, length);
    }
    return -EINVAL;
}

int bench_op_fail(struct bench_op *op, enum bench_failure failure, int code, const char *format,
                  ...)
{
    if (op->failure != BENCH_FAILURE_NONE)
        return code;
    op->failure = failure;
    char text[sizeof(op->error.msg)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return bench_fail(&op->error, code, "%s", text);
}

static void finish_sink(struct op_full *full)
{
    struct bench_op *op = &full->op;
    if (op->sink.kind == BENCH_SINK_CHECKSUM && op->program->bulk)
        op->sink.checksum =
            full->hash != NULL ? XXH3_64bits_digest(full->hash) : XXH3_64bits(NULL, 0);
    if (op->sink.kind == BENCH_SINK_VALUE && op->program->bulk)
        op->result = bench_bytes(bench_buf_head(&full->collected),
                                 bench_buf_length(&full->collected));
}

void bench_op_complete(struct bench_op *op, int status)
{
    struct op_full *full = op_full(op);
    assert(full->magic == BENCH_OP_MAGIC && full->state == OP_SUBMITTED);
    op->marks.done = bench_now_ns();
    if (status < 0 && op->failure == BENCH_FAILURE_NONE)
        (void)bench_op_fail(op, bench_failure_from_errno(status), status, "%s",
                            bench_errno_text(status));
    if (op->failure != BENCH_FAILURE_NONE && status == 0)
        status = op->error.code;
    full->status = status;
    if (status == 0)
        finish_sink(full);
    struct bench_conn *conn = op->conn;
    struct bench_loop *loop = conn->loop;
    stream_return_borrowed(conn, full);
    TAILQ_REMOVE(&conn->ops, full, in_conn);
    TAILQ_REMOVE(&loop->flying, full, in_loop);
    conn->inflight--;
    if (conn->refused_full) {
        conn->refused_full = false;
        bench_conn_writable(conn);
    }
    full->state = OP_COMPLETED;
    if (TAILQ_EMPTY(&loop->done) && !loop->draining)
        loop_defer(loop);
    TAILQ_INSERT_TAIL(&loop->done, full, in_loop);
}

void op_deliver(struct op_full *full)
{
    struct bench_op *op = &full->op;
    TAILQ_REMOVE(&op->conn->loop->done, full, in_loop);
    full->state = OP_IDLE;
    op->conn = NULL;
    if (op->done != NULL)
        op->done(op, full->status, op->user);
}

void op_detach(struct op_full *full)
{
    struct bench_conn *conn = full->op.conn;
    if (full->state == OP_SUBMITTED) {
        stream_return_borrowed(conn, full);
        TAILQ_REMOVE(&conn->ops, full, in_conn);
        TAILQ_REMOVE(&conn->loop->flying, full, in_loop);
        conn->inflight--;
    } else if (full->state == OP_COMPLETED) {
        TAILQ_REMOVE(&conn->loop->done, full, in_loop);
    }
    full->state = OP_IDLE;
    full->op.conn = NULL;
}
