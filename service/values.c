/* SPDX-License-Identifier: MIT */
/* Values as Python compares and shows them, objects included. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "service/objects.h"
#include "service/service_internal.h"
#include "service/table.h"

#define REPR_BYTES ((size_t)8 << 20)
#define DEPTH_MAX  100 /* of containers in each other, when they are shown or compared */

const char *service_type_name(const struct bench_value *value)
{
    if (value->kind != BENCH_OBJECT)
        return bench_service_kind_name(value->kind);
    const char *dot = strrchr(value->object->ops->type_name, '.');
    return dot != NULL && !value->object->ops->remote ? dot + 1 : value->object->ops->type_name;
}

int service_unhashable(struct bench_object *object, struct bench_call *call, int64_t *out)
{
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    (void)out;
    return bench_raise(call, "TypeError", "unhashable type: '%s'", service_type_name(&value));
}

/* Without a store nothing can be put into anything, so that nothing is deep. */
int service_enter(struct bench_call *call)
{
    if (call->store == NULL || call->store->depth < DEPTH_MAX) {
        if (call->store != NULL)
            call->store->depth++;
        return 0;
    }
    return bench_raise(call, "RecursionError", "maximum recursion depth exceeded");
}

void service_leave(struct bench_call *call)
{
    if (call->store != NULL)
        call->store->depth--;
}

/* ---- numbers ---- */

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

static int64_t as_integer(const struct bench_value *value)
{
    return value->kind == BENCH_BOOL ? value->boolean : value->integer;
}

/* A number of any size as the double next to it. */
static double real_of(const struct bench_value *value)
{
    return value->kind == BENCH_BIGINT ? strtod(value->text.data, NULL) : as_real(value);
}

/* -1, 0, 1 as a is less, equal, greater; 2: a NaN, which is none of them. */
static int order_numbers(const struct bench_value *a, const struct bench_value *b)
{
    if (a->kind != BENCH_FLOAT && b->kind != BENCH_FLOAT)
        return (as_integer(a) > as_integer(b)) - (as_integer(a) < as_integer(b));
    const double x = real_of(a), y = real_of(b);
    return isnan(x) || isnan(y) ? 2 : (x > y) - (x < y);
}

static bool is_whole(const struct bench_value *value)
{
    return value->kind == BENCH_BOOL || value->kind == BENCH_INT || value->kind == BENCH_BIGINT;
}

static bool is_real(const struct bench_value *value)
{
    return is_whole(value) || value->kind == BENCH_FLOAT;
}

/* Of two of which at least one is too large for an int64_t. */
static int order_big(const struct bench_value *a, const struct bench_value *b)
{
    const bool big_a = a->kind == BENCH_BIGINT, big_b = b->kind == BENCH_BIGINT;
    const bool low_a = big_a && a->text.data[0] == '-', low_b = big_b && b->text.data[0] == '-';
    if (big_a && big_b && low_a == low_b) {
        int order = (a->text.length > b->text.length) - (a->text.length < b->text.length);
        if (order == 0)
            order = memcmp(a->text.data, b->text.data, a->text.length);
        order = (order > 0) - (order < 0);
        return low_a ? -order : order;
    }
    return big_a ? (low_a ? -1 : 1) : (low_b ? 1 : -1);
}

static int order_texts(const struct bench_value *a, const struct bench_value *b)
{
    const size_t least = a->text.length < b->text.length ? a->text.length : b->text.length;
    const int order = least > 0 ? memcmp(a->text.data, b->text.data, least) : 0;
    return order != 0 ? (order > 0) - (order < 0)
                      : (a->text.length > b->text.length) - (a->text.length < b->text.length);
}

/* ---- equality ---- */

static int same_items(struct bench_call *call, const struct bench_value *a, size_t na,
                      const struct bench_value *b, size_t nb, bool *out)
{
    int rc = 0;
    *out = na == nb;
    for (size_t i = 0; rc == 0 && *out && i < na; i++)
        rc = service_equal(call, &a[i], &b[i], out);
    return rc;
}

/* What stands for the same object of the client, maybe in another request. */
static int same_remote(struct bench_call *call, struct bench_object *a, const struct bench_value *b,
                       bool *out)
{
    struct bench_value answer = bench_none();
    const int rc = a->ops->compare != NULL ? a->ops->compare(a, call, BENCH_EQ, b, &answer) : 0;
    *out = rc == 0 && answer.kind == BENCH_BOOL && answer.boolean;
    return rc;
}

static int same_objects(struct bench_call *call, const struct bench_value *x,
                        const struct bench_value *y, bool *out)
{
    struct bench_object *a = x->object, *b = y->object;
    size_t na = 0, nb = 0;
    const struct bench_value *in_a = service_list_items(a, &na), *in_b = service_list_items(b, &nb);
    struct service_table *table_a = service_dict_table(a), *table_b = service_dict_table(b);
    *out = a == b;
    if (*out)
        return 0;
    if (a->ops->remote && b->ops->remote)
        return same_remote(call, a, y, out);
    if (table_a == NULL && table_b == NULL) {
        table_a = service_set_table(a);
        table_b = service_set_table(b);
    }
    const bool lists = in_a != NULL && in_b != NULL, tables = table_a != NULL && table_b != NULL;
    int rc = lists || tables ? service_enter(call) : 0;
    if (rc < 0 || !(lists || tables))
        return rc;
    rc = lists ? same_items(call, in_a, na, in_b, nb, out)
               : service_table_equal(call, table_a, table_b, out);
    service_leave(call);
    return rc;
}

int service_equal(struct bench_call *call, const struct bench_value *a, const struct bench_value *b,
                  bool *out)
{
    if (is_number(a) && is_number(b)) {
        *out = order_numbers(a, b) == 0;
        return 0;
    }
    *out = false;
    if (a->kind != b->kind)
        return 0;
    if (a->kind == BENCH_OBJECT)
        return same_objects(call, a, b, out);
    if (a->kind == BENCH_TUPLE)
        return same_items(call, a->seq.items, a->seq.count, b->seq.items, b->seq.count, out);
    *out = bench_value_equal(a, b);
    return 0;
}

/* ---- order ---- */

static bool holds(enum bench_compare op, int order)
{
    const bool results[] = {
        [BENCH_EQ] = order == 0,  [BENCH_NE] = order != 0,
        [BENCH_LT] = order == -1, [BENCH_LE] = order == -1 || order == 0,
        [BENCH_GT] = order == 1,  [BENCH_GE] = order == 1 || order == 0,
    };
    return results[op];
}

int service_compare_items(struct bench_call *call, enum bench_compare op,
                          const struct bench_value *a, size_t na, const struct bench_value *b,
                          size_t nb, bool *out)
{
    size_t i = 0;
    bool same = true;
    for (; i < na && i < nb; i++) {
        const int rc = service_equal(call, &a[i], &b[i], &same);
        if (rc < 0)
            return rc;
        if (!same)
            break;
    }
    if (same || i == na || i == nb)
        *out = holds(op, (na > nb) - (na < nb));
    else if (op == BENCH_EQ || op == BENCH_NE)
        *out = op == BENCH_NE;
    else
        return service_compare(call, op, &a[i], &b[i], out);
    return 0;
}

int service_compare(struct bench_call *call, enum bench_compare op, const struct bench_value *a,
                    const struct bench_value *b, bool *out)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    const bool texts = a->kind == b->kind && (a->kind == BENCH_STR || a->kind == BENCH_BYTES);
    if (op == BENCH_EQ || op == BENCH_NE) {
        const int rc = service_equal(call, a, b, out);
        *out = *out == (op == BENCH_EQ);
        return rc;
    }
    const bool big = a->kind == BENCH_BIGINT || b->kind == BENCH_BIGINT;
    if (texts || (is_real(a) && is_real(b))) {
        *out = holds(op, texts                               ? order_texts(a, b)
                         : big && is_whole(a) && is_whole(b) ? order_big(a, b)
                                                             : order_numbers(a, b));
        return 0;
    }
    if (a->kind == BENCH_TUPLE && b->kind == BENCH_TUPLE)
        return service_compare_items(call, op, a->seq.items, a->seq.count, b->seq.items,
                                     b->seq.count, out);
    size_t na = 0, nb = 0;
    const bool objects = a->kind == BENCH_OBJECT && b->kind == BENCH_OBJECT;
    const struct bench_value *in_a = objects ? service_list_items(a->object, &na) : NULL;
    const struct bench_value *in_b = objects ? service_list_items(b->object, &nb) : NULL;
    if (in_a == NULL || in_b == NULL)
        return bench_raise(call, "TypeError",
                           "'%s' not supported between instances of '%s' and '%s'", signs[op],
                           service_type_name(a), service_type_name(b));
    int rc = service_enter(call);
    if (rc < 0)
        return rc;
    rc = service_compare_items(call, op, in_a, na, in_b, nb, out);
    service_leave(call);
    return rc;
}

/* ---- hashes ---- */

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

static uint64_t hash_bytes(const void *data, size_t n, uint64_t hash)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < n; i++)
        hash = mix(hash, at[i]);
    return hash;
}

/* Equal numbers of all kinds are equal as doubles. */
static uint64_t hash_number(const struct bench_value *value)
{
    const double real = as_real(value) + 0.0; /* no -0.0 */
    return hash_bytes(&real, sizeof(real), 1);
}

static int hash_object(struct bench_call *call, struct bench_object *object, uint64_t *out)
{
    static const char *const unhashable[] = {"builtins.list", "builtins.dict", "builtins.set",
                                             "builtins.bytearray"};
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    for (size_t i = 0; object->ops->remote && i < BENCH_COUNT_OF(unhashable); i++)
        if (strcmp(object->ops->type_name, unhashable[i]) == 0)
            return bench_raise(call, "TypeError", "unhashable type: '%s'",
                               strchr(unhashable[i], '.') + 1);
    if (object->ops->hash == service_unhashable)
        return bench_raise(call, "TypeError", "unhashable type: '%s'", service_type_name(&value));
    /* Two proxies may stand for one object of the client: they are of the same class. */
    *out = object->ops->remote
               ? hash_bytes(object->ops->type_name, strlen(object->ops->type_name), 2)
               : mix(3, (uint64_t)(uintptr_t)object);
    return 0;
}

int service_hash(struct bench_call *call, const struct bench_value *value, uint64_t *out)
{
    int rc = 0;
    uint64_t sum = 0;
    if (is_number(value)) {
        *out = hash_number(value);
        return 0;
    }
    switch (value->kind) {
    case BENCH_STR:
    case BENCH_BYTES:
    case BENCH_BIGINT:
        *out = hash_bytes(value->text.data, value->text.length, 4 + (uint64_t)value->kind);
        return 0;
    case BENCH_OBJECT:
        return hash_object(call, value->object, out);
    case BENCH_TUPLE:
    case BENCH_FROZENSET:
        for (size_t i = 0; rc == 0 && i < value->seq.count; i++) {
            uint64_t one = 0;
            rc = service_hash(call, &value->seq.items[i], &one);
            sum = value->kind == BENCH_TUPLE ? mix(sum, one) : sum + mix(5, one);
        }
        *out = mix(sum, value->seq.count);
        return rc;
    case BENCH_SLICE:
        return bench_raise(call, "TypeError", "unhashable type: 'slice'");
    default: /* COMPLEX, too: equal ones may differ in their zeros */
        *out = 4 + (uint64_t)value->kind;
        return 0;
    }
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
    int rc = service_enter(call);
    if (rc < 0)
        return rc;
    rc = value->object->ops->repr(value->object, call, &own);
    service_leave(call);
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
