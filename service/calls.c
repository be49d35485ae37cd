/* SPDX-License-Identifier: MIT */
/* Operations that are about calling: back into the client, among each other, and failing. */
#include <errno.h>
#include <string.h>

#include "service/objects.h"
#include "service/service_internal.h"

/* ---- nested ---- */

static int call_back(struct bench_call *call, const struct bench_value *callback, int64_t depth,
                     struct bench_value *out)
{
    if (callback->kind != BENCH_OBJECT)
        return bench_raise(call, "TypeError", "'%s' object is not callable",
                           bench_service_kind_name(callback->kind));
    struct bench_object *object = callback->object;
    if (object->ops->call == NULL)
        return bench_raise(call, "TypeError", "'%s' object is not callable",
                           service_type_name(callback));
    const struct bench_value arg = bench_int(depth), args = bench_tuple(&arg, 1);
    return object->ops->call(object, call, &args, NULL, out);
}

int bench_service_nested(struct bench_call *call, const struct bench_value *args,
                         struct bench_value *out)
{
    int64_t depth = 0;
    struct bench_value below = bench_none();
    int rc = bench_service_integer(call, "depth", &args[0], BENCH_DEPTH_MAX, &depth);
    if (rc < 0)
        return rc;
    /* Who asks what answer would be right has nobody to call. */
    if (depth == 0 || (call->session == NULL && args[1].kind == BENCH_NONE)) {
        *out = bench_int(depth);
        return 0;
    }
    rc = call_back(call, &args[1], depth - 1, &below);
    if (rc < 0)
        return rc;
    if (below.kind == BENCH_INT)
        return bench_int128(call->arena, (__int128)below.integer + 1, out);
    rc = bench_raise(call, "TypeError", "unsupported operand type(s) for +: 'int' and '%s'",
                     service_type_name(&below));
    if (below.kind == BENCH_OBJECT && below.object->ops->remote)
        bench_value_release(&below); /* one of ours the client still has */
    return rc;
}

/* ---- methods that call each other, within the server ---- */

/* The letter and what the next one answers. */
static int before(struct bench_call *call, char letter, bench_service_fn next,
                  struct bench_value *out)
{
    struct bench_value rest;
    const int rc = next(call, NULL, &rest);
    char *text = rc < 0 ? NULL : bench_arena_alloc(call->arena, rest.text.length + 2);
    if (text == NULL)
        return rc < 0 ? rc : -ENOMEM;
    text[0] = letter;
    memcpy(text + 1, rest.text.data, rest.text.length);
    *out = bench_str_n(text, rest.text.length + 1);
    return 0;
}

int bench_service_method_a(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    (void)args;
    return before(call, 'a', bench_service_method_b, out);
}

int bench_service_method_b(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    (void)args;
    return before(call, 'b', bench_service_method_c, out);
}

int bench_service_method_c(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    (void)args;
    return before(call, 'c', bench_service_method_d, out);
}

int bench_service_method_d(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out)
{
    (void)call;
    (void)args;
    *out = bench_str_n("d", 1);
    return 0;
}

/* ---- fail ---- */

static bool is_kind(const struct bench_value *kind, const char *name)
{
    return kind->text.length == strlen(name) && memcmp(kind->text.data, name, strlen(name)) == 0;
}

int bench_service_fail(struct bench_call *call, const struct bench_value *args,
                       struct bench_value *out)
{
    static const struct bench_value code[] = {
        {.kind = BENCH_STR, .text = {"code", 4}},
        {.kind = BENCH_INT, .integer = 42},
    };
    static const struct bench_value pair = {.kind = BENCH_TUPLE, .seq = {code, 2}};
    static const struct bench_value attributes = {.kind = BENCH_TUPLE, .seq = {&pair, 1}};
    const struct bench_value *kind = &args[0];
    (void)out;
    if (kind->kind != BENCH_STR)
        return bench_raise(call, "TypeError", "kind must be str, not %s",
                           bench_service_kind_name(kind->kind));
    if (is_kind(kind, "value"))
        return bench_raise(call, "ValueError", "failed as asked");
    if (is_kind(kind, "custom"))
        return bench_raise_custom(call, "service", "CustomError", &attributes, "failed as asked");
    if (is_kind(kind, "drop"))
        return -ECONNABORTED;
    return bench_raise(call, "ValueError", "kind '%.*s' is not value, custom or drop",
                       (int)(kind->text.length < 40 ? kind->text.length : 40), kind->text.data);
}
