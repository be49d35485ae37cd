/* SPDX-License-Identifier: MIT */
/* Values as Python compares and shows them, objects included. */
#include <errno.h>
#include <string.h>

#include "bench/buf.h"
#include "service/objects.h"
#include "service/service_internal.h"

#define REPR_BYTES ((size_t)8 << 20)

const char *service_type_name(const struct bench_value *value)
{
    if (value->kind != BENCH_OBJECT)
        return bench_service_kind_name(value->kind);
    const char *dot = strrchr(value->object->ops->type_name, '.');
    return dot != NULL ? dot + 1 : value->object->ops->type_name;
}

int service_unhashable(struct bench_object *object, struct bench_call *call, int64_t *out)
{
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    (void)out;
    return bench_raise(call, "TypeError", "unhashable type: '%s'", service_type_name(&value));
}

/* ---- equality ---- */

static bool is_number(const struct bench_value *value)
{
    return value->kind == BENCH_BOOL || value->kind == BENCH_INT || value->kind == BENCH_FLOAT;
}

static double as_real(const struct bench_value *value)
{
    return value->kind == BENCH_FLOAT ? value->real
           : value->kind == BENCH_INT ? (double)value->integer
                                      : (double)value->boolean;
}

static bool same_number(const struct bench_value *a, const struct bench_value *b)
{
    if (a->kind == BENCH_INT && b->kind == BENCH_INT)
        return a->integer == b->integer;
    return as_real(a) == as_real(b);
}

static bool same_items(const struct bench_value *a, size_t na, const struct bench_value *b,
                       size_t nb)
{
    bool same = na == nb;
    for (size_t i = 0; same && i < na; i++)
        same = service_equal(&a[i], &b[i]);
    return same;
}

/* Pairs in any order; keys are distinct. */
static bool same_pairs(const struct bench_value *a, size_t na, const struct bench_value *b,
                       size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na; i++) {
        size_t k = 0;
        while (k < nb && !service_equal(&a[2 * i], &b[2 * k]))
            k++;
        if (k == nb || !service_equal(&a[2 * i + 1], &b[2 * k + 1]))
            return false;
    }
    return true;
}

/* Objects of the other side are compared by identity: asking it is not worth a round trip. */
static bool same_objects(const struct bench_object *a, const struct bench_object *b)
{
    size_t na = 0, nb = 0;
    const struct bench_value *in_a = service_list_items(a, &na), *in_b = service_list_items(b, &nb);
    if (a == b)
        return true;
    if (in_a != NULL && in_b != NULL)
        return same_items(in_a, na, in_b, nb);
    in_a = service_dict_pairs(a, &na);
    in_b = service_dict_pairs(b, &nb);
    return in_a != NULL && in_b != NULL && same_pairs(in_a, na, in_b, nb);
}

bool service_equal(const struct bench_value *a, const struct bench_value *b)
{
    if (is_number(a) && is_number(b))
        return same_number(a, b);
    if (a->kind != b->kind)
        return false;
    if (a->kind == BENCH_OBJECT)
        return same_objects(a->object, b->object);
    if (a->kind == BENCH_TUPLE)
        return same_items(a->seq.items, a->seq.count, b->seq.items, b->seq.count);
    return bench_value_equal(a, b);
}

/* ---- repr ---- */

static int add_repr(struct bench_call *call, struct bench_buf *text,
                    const struct bench_value *value);

static int add_items(struct bench_call *call, struct bench_buf *text,
                     const struct bench_value *items, size_t count, bool pairs)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (i > 0)
            rc = bench_buf_printf(text, pairs && i % 2 == 1 ? ": " : ", ");
        if (rc == 0)
            rc = add_repr(call, text, &items[i]);
    }
    return rc;
}

static int add_repr(struct bench_call *call, struct bench_buf *text,
                    const struct bench_value *value)
{
    struct bench_value own = bench_none();
    if (value->kind == BENCH_TUPLE) {
        int rc = bench_buf_add(text, "(", 1);
        if (rc == 0)
            rc = add_items(call, text, value->seq.items, value->seq.count, false);
        return rc < 0 ? rc : bench_buf_printf(text, value->seq.count == 1 ? ",)" : ")");
    }
    if (value->kind != BENCH_OBJECT || value->object->ops->repr == NULL)
        return bench_value_repr(value, text);
    const int rc = value->object->ops->repr(value->object, call, &own);
    return rc < 0 ? rc : bench_buf_add(text, own.text.data, own.text.length);
}

/* Takes the text over into the call's memory. */
static int finish(struct bench_call *call, struct bench_buf *text, int rc, struct bench_value *out)
{
    const size_t length = bench_buf_length(text);
    const char *copy = NULL;
    if (rc == 0)
        copy = bench_arena_copy(call->arena, length > 0 ? (const void *)bench_buf_head(text) : "",
                                length);
    bench_buf_fini(text);
    if (rc == -EREMOTEIO)
        return rc;
    if (copy == NULL)
        return bench_raise(call, "MemoryError", "the text is too long");
    *out = bench_str_n(copy, length);
    return 0;
}

int service_repr(struct bench_call *call, const struct bench_value *value, struct bench_value *out)
{
    struct bench_buf text;
    bench_buf_init(&text, REPR_BYTES);
    return finish(call, &text, add_repr(call, &text, value), out);
}

int service_repr_items(struct bench_call *call, const char *head, const struct bench_value *items,
                       size_t count, bool pairs, const char *tail, struct bench_value *out)
{
    struct bench_buf text;
    bench_buf_init(&text, REPR_BYTES);
    int rc = bench_buf_printf(&text, "%s", head);
    if (rc == 0)
        rc = add_items(call, &text, items, count, pairs);
    if (rc == 0)
        rc = bench_buf_printf(&text, "%s", tail);
    return finish(call, &text, rc, out);
}
