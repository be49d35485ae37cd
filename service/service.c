/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/session.h"
#include "bench/units.h"
#include "service/inject.h"
#include "service/oracle.h"
#include "service/service_internal.h"

#define MAX_ARGS (BENCH_OPERATION_PARAMS + 1)
/* What a caller by keyword names the transmitted bytes. */
#define TX_NAME     "data"
#define PIECES_NAME "chunks"
#define IO_MAX_S    3600.0
#define PAYLOAD_MAX ((int64_t)BENCH_PAYLOAD_MAX)

const char *bench_service_kind_name(enum bench_kind kind)
{
    static const char *const names[] = {
        [BENCH_NONE] = "NoneType", [BENCH_BOOL] = "bool",
        [BENCH_INT] = "int",       [BENCH_BIGINT] = "int",
        [BENCH_FLOAT] = "float",   [BENCH_COMPLEX] = "complex",
        [BENCH_STR] = "str",       [BENCH_BYTES] = "bytes",
        [BENCH_TUPLE] = "tuple",   [BENCH_FROZENSET] = "frozenset",
        [BENCH_SLICE] = "slice",   [BENCH_ELLIPSIS] = "ellipsis",
        [BENCH_LIST] = "list",     [BENCH_NOTIMPLEMENTED] = "NotImplementedType",
        [BENCH_DICT] = "dict",     [BENCH_OBJECT] = "object",
        [BENCH_SET] = "set",
    };
    return (size_t)kind < BENCH_COUNT_OF(names) ? names[kind] : "?";
}

/* ---- arguments ---- */

int bench_service_integer(struct bench_call *call, const char *name, const struct bench_value *arg,
                          int64_t max, int64_t *out)
{
    if (arg->kind == BENCH_BIGINT)
        return bench_raise(call, "ValueError", "%s is not in 0 to %" PRId64, name, max);
    if (arg->kind != BENCH_INT)
        return bench_raise(call, "TypeError", "%s must be int, not %s", name,
                           bench_service_kind_name(arg->kind));
    if (arg->integer < 0 || arg->integer > max)
        return bench_raise(call, "ValueError", "%s %" PRId64 " is not in 0 to %" PRId64, name,
                           arg->integer, max);
    *out = arg->integer;
    return 0;
}

static int real_arg(struct bench_call *call, const char *name, const struct bench_value *arg,
                    double max, double *out)
{
    double value;
    if (arg->kind == BENCH_FLOAT)
        value = arg->real;
    else if (arg->kind == BENCH_INT)
        value = (double)arg->integer;
    else if (arg->kind == BENCH_BIGINT)
        return bench_raise(call, "ValueError", "%s is not in 0 to %g", name, max);
    else
        return bench_raise(call, "TypeError", "%s must be float, not %s", name,
                           bench_service_kind_name(arg->kind));
    if (!(value >= 0.0 && value <= max)) /* also refuses NaN */
        return bench_raise(call, "ValueError", "%s %g is not in 0 to %g", name, value, max);
    *out = value;
    return 0;
}

static int bytes_arg(struct bench_call *call, const struct bench_value *arg, int64_t *length)
{
    if (arg->kind != BENCH_BYTES)
        return bench_raise(call, "TypeError", TX_NAME " must be bytes, not %s",
                           bench_service_kind_name(arg->kind));
    if (arg->text.length > BENCH_PAYLOAD_MAX)
        return bench_raise(call, "ValueError", "%zu bytes are more than %" PRIu64, arg->text.length,
                           BENCH_PAYLOAD_MAX);
    *length = (int64_t)arg->text.length;
    return 0;
}

/* ---- the operations; args are complete and in the row's order ---- */

static int do_ping(struct bench_call *call, const struct bench_value *args, struct bench_value *out)
{
    (void)args;
    *out = bench_str_n("pong", 4);
    return bench_oracle_serve(call->session);
}

/* Any value, as Python's server does; a bulk one is only pointed at. */
static int do_echo(struct bench_call *call, const struct bench_value *args, struct bench_value *out)
{
    (void)call;
    *out = args[0];
    return 0;
}

static int do_upload(struct bench_call *call, const struct bench_value *args,
                     struct bench_value *out)
{
    int64_t length = 0;
    const int rc = bytes_arg(call, &args[0], &length);
    if (rc == 0)
        *out = bench_int(length);
    return rc;
}

int bench_service_payload_piece(struct bench_call *call, int64_t offset, int64_t size,
                                struct bench_value *out)
{
    /* The payload repeats with every tile, so an offset needs no more than one tile in front. */
    const size_t skip = (size_t)offset % BENCH_PAYLOAD_TILE;
    const uint8_t *data = bench_payload(skip + (size_t)size);
    if (data == NULL)
        return bench_raise(call, "MemoryError", "no address space for %" PRId64 " bytes", size);
    *out = bench_bytes(data + skip, (size_t)size);
    return 0;
}

static int do_download(struct bench_call *call, const struct bench_value *args,
                       struct bench_value *out)
{
    int64_t size = 0;
    const int rc = bench_service_integer(call, "size", &args[0], PAYLOAD_MAX, &size);
    return rc < 0 ? rc : bench_service_payload_piece(call, 0, size, out);
}

static int do_download_chunk(struct bench_call *call, const struct bench_value *args,
                             struct bench_value *out)
{
    int64_t size = 0, offset = 0;
    int rc = bench_service_integer(call, "size", &args[0], PAYLOAD_MAX, &size);
    if (rc == 0)
        rc = bench_service_integer(call, "offset", &args[1], PAYLOAD_MAX - size, &offset);
    return rc < 0 ? rc : bench_service_payload_piece(call, offset, size, out);
}

static int do_upload_chunked(struct bench_call *call, const struct bench_value *args,
                             struct bench_value *out)
{
    int64_t total = 0;
    const int rc = bench_service_take_pieces(call, &args[0], &total);
    if (rc == 0)
        *out = bench_int(total);
    return rc;
}

static int do_download_chunked(struct bench_call *call, const struct bench_value *args,
                               struct bench_value *out)
{
    int64_t size = 0, chunk_size = 0;
    int rc = bench_service_integer(call, "size", &args[0], PAYLOAD_MAX, &size);
    if (rc == 0)
        rc = bench_service_integer(call, "chunk_size", &args[1], PAYLOAD_MAX, &chunk_size);
    if (rc == 0 && chunk_size == 0)
        return bench_raise(call, "ValueError", "chunk_size must be at least 1");
    return rc < 0 ? rc : bench_service_give_pieces(call, size, chunk_size, out);
}

static int do_cpu_work(struct bench_call *call, const struct bench_value *args,
                       struct bench_value *out)
{
    int64_t iterations = 0;
    int rc = bench_service_integer(call, "iterations", &args[0], BENCH_CPU_MAX, &iterations);
    if (rc < 0)
        return rc;
    char *digits = bench_arena_alloc(call->arena, BENCH_CPU_DIGITS + 1);
    if (digits == NULL)
        return -ENOMEM;
    rc = bench_service_hash(call->session, iterations, digits);
    if (rc == 0)
        *out = bench_str(digits);
    return rc;
}

static int do_compute(struct bench_call *call, const struct bench_value *args,
                      struct bench_value *out)
{
    int64_t n = 0;
    __int128 sum = 0;
    int rc = bench_service_integer(call, "n", &args[0], BENCH_COMPUTE_MAX, &n);
    if (rc == 0)
        rc = bench_service_sum(call->session, n, &sum);
    return rc < 0 ? rc : bench_int128(call->arena, sum, out);
}

static int do_io_work(struct bench_call *call, const struct bench_value *args,
                      struct bench_value *out)
{
    double delay = 0;
    int rc = real_arg(call, "delay", &args[0], IO_MAX_S, &delay);
    if (rc == 0 && call->session != NULL)
        rc = bench_session_sleep(call->session, (int64_t)(delay * (double)BENCH_NS_PER_S));
    if (rc == 0)
        *out = bench_str_n("data", 4);
    return rc;
}

static int do_health_check(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    (void)call;
    (void)args;
    *out = bench_str_n("ok", 2);
    return 0;
}

static const bench_service_fn functions[BENCH_OPERATION_COUNT] = {
    [BENCH_OP_PING] = do_ping,
    [BENCH_OP_ECHO] = do_echo,
    [BENCH_OP_UPLOAD] = do_upload,
    [BENCH_OP_DOWNLOAD] = do_download,
    [BENCH_OP_UPLOAD_CHUNK] = do_upload,
    [BENCH_OP_DOWNLOAD_CHUNK] = do_download_chunk,
    [BENCH_OP_CPU_WORK] = do_cpu_work,
    [BENCH_OP_COMPUTE] = do_compute,
    [BENCH_OP_IO_WORK] = do_io_work,
    [BENCH_OP_HEALTH_CHECK] = do_health_check,
    [BENCH_OP_UPLOAD_CHUNKED] = do_upload_chunked,
    [BENCH_OP_DOWNLOAD_CHUNKED] = do_download_chunked,
    [BENCH_OP_GET_USER] = bench_service_get_user,
    [BENCH_OP_GET_USER_DICT] = bench_service_get_user_dict,
    [BENCH_OP_GET_USER_TUPLE] = bench_service_get_user_tuple,
    [BENCH_OP_GET_USERS] = bench_service_get_users,
    [BENCH_OP_GET_USERS_DICTS] = bench_service_get_users_dicts,
    [BENCH_OP_GET_USERS_TUPLES] = bench_service_get_users_tuples,
    [BENCH_OP_GET_USERS_BATCH] = bench_service_get_users_batch,
    [BENCH_OP_GET_USERS_BATCH_DICTS] = bench_service_get_users_batch_dicts,
    [BENCH_OP_NESTED] = bench_service_nested,
    [BENCH_OP_METHOD_A] = bench_service_method_a,
    [BENCH_OP_METHOD_B] = bench_service_method_b,
    [BENCH_OP_METHOD_C] = bench_service_method_c,
    [BENCH_OP_METHOD_D] = bench_service_method_d,
    [BENCH_OP_FAIL] = bench_service_fail,
};

/* ---- calling ---- */

static size_t arg_count(const struct bench_operation *operation)
{
    return bench_operation_nparams(operation) + (operation->tx ? 1 : 0);
}

static const char *arg_name(const struct bench_operation *operation, size_t i)
{
    if (i < bench_operation_nparams(operation))
        return operation->params[i].name;
    return operation->id == BENCH_OP_UPLOAD_CHUNKED ? PIECES_NAME : TX_NAME;
}

/* Runs the row with arguments of which given[i] says whether the caller named them. */
static int run(struct bench_call *call, const struct bench_operation *operation,
               struct bench_value *args, const bool *given, struct bench_value *out)
{
    const size_t nparams = bench_operation_nparams(operation);
    for (size_t i = 0; i < arg_count(operation); i++) {
        if (given[i])
            continue;
        if (i >= nparams)
            return bench_raise(call, "TypeError", "%s() misses the argument '%s'", operation->name,
                               arg_name(operation, i));
        args[i] = operation->params[i].default_value;
    }
    const int rc = bench_inject_run(call);
    return rc < 0 ? rc : functions[operation->id](call, args, out);
}

static int take_positional(struct bench_call *call, const struct bench_operation *operation,
                           const struct bench_value *items, size_t count, struct bench_value *args,
                           bool *given)
{
    if (count > arg_count(operation))
        return bench_raise(call, "TypeError", "%s() takes at most %zu arguments, %zu were given",
                           operation->name, arg_count(operation), count);
    for (size_t i = 0; i < count; i++) {
        args[i] = items[i];
        given[i] = true;
    }
    return 0;
}

static int take_keyword(struct bench_call *call, const struct bench_operation *operation,
                        const struct bench_value *pair, struct bench_value *args, bool *given)
{
    if (pair->kind != BENCH_TUPLE || pair->seq.count != 2 || pair->seq.items[0].kind != BENCH_STR)
        return bench_raise(call, "TypeError", "keywords must be strings");
    const struct bench_value *key = &pair->seq.items[0];
    for (size_t i = 0; i < arg_count(operation); i++) {
        const char *name = arg_name(operation, i);
        if (strlen(name) != key->text.length || memcmp(name, key->text.data, key->text.length) != 0)
            continue;
        if (given[i])
            return bench_raise(call, "TypeError", "%s() got several values for argument '%s'",
                               operation->name, name);
        args[i] = pair->seq.items[1];
        given[i] = true;
        return 0;
    }
    return bench_raise(call, "TypeError", "%s() has no argument '%.*s'", operation->name,
                       (int)(key->text.length < 40 ? key->text.length : 40), key->text.data);
}

static int service_call(const struct bench_service *service, struct bench_call *call,
                        const struct bench_operation *operation, const struct bench_value *args,
                        size_t nargs, struct bench_value *out)
{
    (void)service;
    struct bench_value complete[MAX_ARGS];
    bool given[MAX_ARGS] = {false};
    const int rc = take_positional(call, operation, args, nargs, complete, given);
    return rc < 0 ? rc : run(call, operation, complete, given, out);
}

/* ---- objects ---- */

struct method {
    struct bench_object object;
    enum bench_operation_id id;
};

static int method_call(struct bench_object *object, struct bench_call *call,
                       const struct bench_value *args, const struct bench_value *kwargs,
                       struct bench_value *out)
{
    const struct bench_operation *operation = bench_operation_get(((struct method *)object)->id);
    struct bench_value complete[MAX_ARGS];
    bool given[MAX_ARGS] = {false};
    int rc = take_positional(call, operation, args->seq.items, args->seq.count, complete, given);
    for (size_t i = 0; rc == 0 && kwargs != NULL && i < kwargs->seq.count; i++)
        rc = take_keyword(call, operation, &kwargs->seq.items[i], complete, given);
    return rc < 0 ? rc : run(call, operation, complete, given, out);
}

static int repr_text(struct bench_call *call, const char *before, const char *name,
                     struct bench_value *out)
{
    const size_t head = strlen(before), tail = strlen(name);
    char *text = bench_arena_alloc(call->arena, head + tail + 2);
    if (text == NULL)
        return -ENOMEM;
    memcpy(text, before, head);
    memcpy(text + head, name, tail);
    text[head + tail] = '>';
    *out = bench_str_n(text, head + tail + 1);
    return 0;
}

static int method_repr(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    const struct bench_operation *operation = bench_operation_get(((struct method *)object)->id);
    return repr_text(call, "<bound method ReferenceService.", operation->name, out);
}

static const char *const method_methods[] = {"__call__", NULL};

static const struct bench_object_ops method_ops = {
    .type_name = "builtins.method",
    .method_names = method_methods,
    .call = method_call,
    .repr = method_repr,
};

/* Never written; not const only because objects are handed about without it. */
static struct method methods[BENCH_OPERATION_COUNT] = {
#define X(ID, ...) [BENCH_OP_##ID] = {.object = {.ops = &method_ops}, .id = BENCH_OP_##ID},
#include "bench/operations.def"
#undef X
};

static int root_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    (void)object;
    const struct bench_operation *operation = bench_operation_find(name, length);
    if (operation == NULL)
        return bench_raise(call, "AttributeError",
                           "'ReferenceService' object has no attribute '%.*s'",
                           (int)(length < 80 ? length : 80), name);
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &methods[operation->id].object};
    return 0;
}

static int root_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    (void)object;
    return repr_text(call, "<rpycbench.ReferenceService object", "", out);
}

static const char *const root_methods[] = {
#define X(ID, name, ...) name,
#include "bench/operations.def"
#undef X
    NULL,
};

static const char *const root_docs[] = {
#define X(ID, name, tx, bulk, p0, p1, summary) summary,
#include "bench/operations.def"
#undef X
};

static const struct bench_object_ops root_ops = {
    .type_name = "rpycbench.ReferenceService",
    .method_names = root_methods,
    .method_docs = root_docs,
    .getattr = root_getattr,
    .repr = root_repr,
};

static struct bench_object *service_root(const struct bench_service *service)
{
    static struct bench_object root = {.ops = &root_ops};
    (void)service;
    return &root;
}

const struct bench_service *bench_reference_service(void)
{
    static const struct bench_service service = {.root = service_root, .call = service_call};
    return &service;
}
