/* SPDX-License-Identifier: MIT */
#include "protocols/inproc/inproc.h"

#include <errno.h>
#include <stdlib.h>

#include "service/service.h"

enum { MAX_INFLIGHT = 64 };
#define ANSWER_LIMIT ((size_t)16 << 20) /* of an evaluated value; bulk answers are borrowed */

/* The answer is worked out when the program is made; running it only hands it over. Operations
 * whose answer depends on what is sent are answered from op->tx. */
struct inproc_program {
    struct bench_program base;
    enum bench_operation_id id;
    struct bench_arena arena;
    struct bench_value answer;
    size_t piece; /* of a bulk answer that is streamed; 0 = whole */
    struct bench_exception exception;
};

/* A stream of pieces is a stretch of the payload, handed over piece by piece. */
static int flatten(struct inproc_program *program, const struct bench_value *args,
                   struct bench_error *err)
{
    struct bench_object *object = program->answer.object;
    size_t size = (size_t)args[0].integer; /* the service has checked both */
    const uint8_t *payload = bench_payload(size);
    if (object->ops->release != NULL)
        object->ops->release(object);
    if (payload == NULL)
        return bench_fail(err, -ENOMEM, "no payload of %zu bytes", size);
    program->answer = bench_bytes(payload, size);
    program->piece = (size_t)args[1].integer;
    return 0;
}

static int evaluate(struct inproc_program *program, const struct bench_spec *spec,
                    struct bench_error *err)
{
    const struct bench_operation *operation = spec->operation;
    const struct bench_service *service = bench_reference_service();
    struct bench_value args[BENCH_OPERATION_PARAMS + 1];
    size_t nargs = bench_operation_nparams(operation);
    for (size_t i = 0; i < nargs; i++)
        args[i] = bench_spec_arg(spec, i);
    if (operation->tx)
        return 0;
    struct bench_call call = {.arena = &program->arena, .service = service};
    int rc = service->call(service, &call, operation, args, nargs, &program->answer);
    if (rc == -EREMOTEIO) {
        program->exception = call.exception;
        return 0;
    }
    if (rc < 0)
        return bench_fail(err, rc, "%s cannot be evaluated", operation->name);
    if (program->answer.kind == BENCH_OBJECT && program->id == BENCH_OP_DOWNLOAD_CHUNKED)
        return flatten(program, args, err);
    if (operation->bulk) /* borrowed from the payload, which stays */
        return 0;
    /* Nothing is handed over by reference here. */
    struct bench_value answer = program->answer, plain;
    rc = bench_value_plain(&call, &answer, &plain);
    if (rc == 0)
        rc = bench_value_copy(&program->arena, &plain, &program->answer);
    bench_value_release(&answer);
    if (rc == 0 && spec->reading != BENCH_READING_NONE)
        rc = bench_records_read(&program->arena, &program->answer, &program->answer);
    if (rc == -EINVAL)
        return bench_fail(err, -ENOTSUP, "%s answers no records", operation->name);
    return rc < 0 ? bench_fail(err, rc, "%s: its answer cannot be kept", operation->name) : 0;
}

static int compile(const void *options, const struct bench_spec *spec, struct bench_program **out,
                   struct bench_error *err)
{
    (void)options;
    if (spec->kind == BENCH_SPEC_TEXT)
        return bench_fail(err, -ENOTSUP, "inproc knows the reference operations only");
    struct inproc_program *program = calloc(1, sizeof(*program));
    if (program == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    program->base.protocol = &inproc_protocol;
    bench_arena_init(&program->arena, ANSWER_LIMIT);
    struct bench_spec ping = {.kind = BENCH_SPEC_OPERATION,
                              .operation = bench_operation_get(BENCH_OP_PING)};
    if (spec->kind == BENCH_SPEC_PROBE)
        spec = &ping;
    program->id = spec->operation->id;
    program->base.bulk = spec->operation->bulk;
    program->base.tx = spec->operation->tx;
    int rc = evaluate(program, spec, err);
    if (rc < 0) {
        bench_arena_fini(&program->arena);
        free(program);
        return rc;
    }
    *out = &program->base;
    return 0;
}

static void program_free(struct bench_program *base)
{
    if (base == NULL)
        return;
    struct inproc_program *program = (struct inproc_program *)base;
    bench_arena_fini(&program->arena);
    free(program);
}

static int conn_open(struct bench_conn *conn, struct bench_error *err)
{
    (void)err;
    bench_conn_connected(conn, 0);
    bench_conn_opened(conn, 0);
    return 0;
}

static int hand_over(const struct inproc_program *program, struct bench_op *op)
{
    const char *data = program->answer.text.data;
    size_t left = program->answer.text.length;
    size_t piece = program->piece > 0 ? program->piece : left;
    int rc = 0;
    do {
        size_t n = left < piece ? left : piece;
        rc = bench_op_data(op, data, n);
        data += n;
        left -= n;
    } while (rc == 0 && left > 0);
    return rc;
}

static int answer(const struct inproc_program *program, struct bench_op *op)
{
    if (program->exception.type != NULL)
        return bench_op_fail(op, BENCH_FAILURE_REMOTE, -EREMOTEIO, "%s: %s",
                             program->exception.type, program->exception.message);
    if (program->base.tx && program->base.bulk)
        return bench_op_data(op, op->tx.data, op->tx.length);
    if (program->base.tx) {
        op->result = bench_int((int64_t)op->tx.length);
        return 0;
    }
    if (program->base.bulk)
        return hand_over(program, op);
    return bench_value_copy(&op->arena, &program->answer, &op->result);
}

static int submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    (void)conn;
    (void)err;
    op->marks.sent = op->marks.first_byte = op->marks.submitted;
    op->stat.round_trips = 1;
    op->stat.frames_sent = op->stat.frames_received = 1;
    bench_op_complete(op, answer((const struct inproc_program *)op->program, op));
    return 0;
}

static void cancel(struct bench_conn *conn, struct bench_op *op)
{
    (void)conn;
    (void)op; /* an op is complete before anybody could cancel it */
}

static void conn_close(struct bench_conn *conn) { bench_conn_closed(conn); }

static void conn_fini(struct bench_conn *conn) { (void)conn; }

const struct bench_protocol inproc_protocol = {
    .abi = BENCH_ABI,
    .size = sizeof(struct bench_protocol),
    .name = "inproc",
    .summary = "the ruler: answers from memory, the cost of measuring itself",
    .caps = BENCH_CAP_PIPELINE | BENCH_CAP_STREAM_UP | BENCH_CAP_STREAM_DOWN |
            BENCH_CAP_CANCEL_KEEPS | BENCH_CAP_NO_TRANSPORT | BENCH_CAP_RECORDS,
    .role = BENCH_ROLE_RULER,
    .max_inflight = MAX_INFLIGHT,
    .max_payload = BENCH_PAYLOAD_MAX,
    .schemes = (const struct bench_scheme[]){{NULL, false, 0, NULL}},
    .compile = compile,
    .program_free = program_free,
    .conn_open = conn_open,
    .submit = submit,
    .cancel = cancel,
    .conn_close = conn_close,
    .conn_fini = conn_fini,
};
