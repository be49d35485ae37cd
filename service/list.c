/* SPDX-License-Identifier: MIT */
/* Lists. */
#include <errno.h>
#include <string.h>

#include "service/objects.h"
#include "service/service_internal.h"

struct list {
    struct service_held held;
    const struct bench_value *items; /* the family's, or behind this struct */
    size_t count;
};

static const struct bench_object_ops list_ops;

const struct bench_value *service_list_items(const struct bench_object *object, size_t *count)
{
    if (object->ops != &list_ops)
        return NULL;
    const struct list *self = (const struct list *)object;
    *count = self->count;
    return self->items;
}

/* ---- indices ---- */

/* An index or a bound of a slice: None is what is missing. BIGINT is beyond either end. */
static int take_index(struct bench_call *call, const struct bench_value *value, int64_t missing,
                      int64_t *out)
{
    switch (value->kind) {
    case BENCH_NONE:
        *out = missing;
        return 0;
    case BENCH_BOOL:
        *out = value->boolean;
        return 0;
    case BENCH_INT:
        *out = value->integer;
        return 0;
    case BENCH_BIGINT:
        *out = value->text.data[0] == '-' ? INT64_MIN : INT64_MAX;
        return 0;
    default:
        return bench_raise(call, "TypeError",
                           "slice indices must be integers or None or have an __index__ method");
    }
}

/* Into lowest..highest, negative ones from the end. */
static int64_t clamp(int64_t index, int64_t count, int64_t lowest, int64_t highest)
{
    if (index < 0)
        index = index < -count ? -1 : index + count;
    return index < lowest ? lowest : index > highest ? highest : index;
}

struct range {
    int64_t start, step;
    size_t count;
};

/* As PySlice_AdjustIndices: where it begins and how many there are. */
static int take_slice(struct bench_call *call, const struct bench_value *slice, size_t count,
                      struct range *out)
{
    const int64_t n = (int64_t)count;
    int64_t step = 1, start = 0, stop = 0;
    int rc = take_index(call, &slice->seq.items[2], 1, &step);
    if (rc == 0 && step == 0)
        return bench_raise(call, "ValueError", "slice step cannot be zero");
    const bool down = step < 0;
    const int64_t lowest = down ? -1 : 0, highest = down ? n - 1 : n;
    if (rc == 0)
        rc = take_index(call, &slice->seq.items[0], down ? INT64_MAX : 0, &start);
    if (rc == 0)
        rc = take_index(call, &slice->seq.items[1], down ? -n - 1 : INT64_MAX, &stop);
    if (rc < 0)
        return rc;
    start = clamp(start, n, lowest, highest);
    stop = clamp(stop, n, lowest, highest);
    const uint64_t stride = down ? -(uint64_t)step : (uint64_t)step;
    const int64_t distance = down ? start - stop : stop - start;
    *out = (struct range){start, step, 0};
    if (distance > 0)
        out->count = (size_t)(((uint64_t)distance - 1) / stride + 1);
    return 0;
}

static int make_slice(const struct list *from, const struct range *range, struct bench_value *out)
{
    struct list *list =
        service_derive(from->held.family, NULL,
                       sizeof(*list) + range->count * sizeof(struct bench_value), &list_ops);
    if (list == NULL)
        return -ENOMEM;
    struct bench_value *items = (struct bench_value *)(list + 1);
    for (size_t i = 0; i < range->count; i++)
        items[i] = from->items[range->start + (int64_t)i * range->step];
    list->items = items;
    list->count = range->count;
    *out = service_lend(&list->held);
    return 0;
}

static int list_item(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *key, struct bench_value *out)
{
    const struct list *self = (const struct list *)object;
    const int64_t n = (int64_t)self->count;
    int64_t index = 0;
    if (key->kind == BENCH_SLICE) {
        struct range range;
        const int rc = take_slice(call, key, self->count, &range);
        return rc < 0 ? rc : make_slice(self, &range, out);
    }
    if (key->kind != BENCH_INT && key->kind != BENCH_BOOL && key->kind != BENCH_BIGINT)
        return bench_raise(call, "TypeError", "list indices must be integers or slices, not %s",
                           service_type_name(key));
    if (key->kind == BENCH_BIGINT)
        return bench_raise(call, "IndexError", "cannot fit 'int' into an index-sized integer");
    (void)take_index(call, key, 0, &index);
    if (index >= n || index < -n)
        return bench_raise(call, "IndexError", "list index out of range");
    *out = service_lend_value(&self->items[index < 0 ? index + n : index]);
    return 0;
}

/* ---- the rest of the table ---- */

static int list_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = ((const struct list *)object)->count;
    return 0;
}

static size_t find(const struct list *self, const struct bench_value *item, size_t from)
{
    while (from < self->count && !service_equal(&self->items[from], item))
        from++;
    return from;
}

static int list_contains(struct bench_object *object, struct bench_call *call,
                         const struct bench_value *item, bool *out)
{
    const struct list *self = (const struct list *)object;
    (void)call;
    *out = find(self, item, 0) < self->count;
    return 0;
}

static int list_at(struct service_held *owner, struct bench_call *call, size_t i,
                   struct bench_value *out)
{
    (void)call;
    *out = service_lend_value(&((const struct list *)owner)->items[i]);
    return 0;
}

static int list_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct list *self = (struct list *)object;
    (void)call;
    return service_iterate(&self->held, SERVICE_LIST_ITERATOR, list_at, self->count, out);
}

static int list_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct list *self = (const struct list *)object;
    return service_repr_items(call, "[", self->items, self->count, false, "]", out);
}

/* Python orders two lists by their first items that differ; ours hold users and dicts, which have
 * no order. */
static int list_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    const struct list *a = (const struct list *)object;
    if (other->kind != BENCH_OBJECT || other->object->ops != &list_ops) {
        *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
        return 0;
    }
    const struct list *b = (const struct list *)other->object;
    size_t i = 0;
    while (i < a->count && i < b->count && service_equal(&a->items[i], &b->items[i]))
        i++;
    const bool differ = i < a->count && i < b->count;
    if (differ && op != BENCH_EQ && op != BENCH_NE)
        return bench_raise(call, "TypeError",
                           "'%s' not supported between instances of '%s' and '%s'", signs[op],
                           service_type_name(&a->items[i]), service_type_name(&b->items[i]));
    const bool results[] = {
        [BENCH_EQ] = !differ && a->count == b->count,
        [BENCH_NE] = differ || a->count != b->count,
        [BENCH_LT] =
            a->count<b->count, [BENCH_LE] = a->count <= b->count, [BENCH_GT] = a->count> b->count,
        [BENCH_GE] = a->count >= b->count,
    };
    *out = bench_bool(results[op]);
    return 0;
}

static int list_plain(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct list *self = (const struct list *)object;
    (void)call;
    *out = (struct bench_value){.kind = BENCH_LIST, .seq = {self->items, self->count}};
    return 0;
}

/* ---- methods ---- */

static int do_index(struct service_held *held, struct bench_call *call,
                    const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    const struct list *self = (const struct list *)held;
    int64_t bounds[2] = {0, INT64_MAX};
    for (size_t i = 1; i < nargs; i++) {
        const int rc = take_index(call, &args[i], bounds[i - 1], &bounds[i - 1]);
        if (rc < 0)
            return rc;
    }
    const int64_t n = (int64_t)self->count;
    const size_t at = find(self, &args[0], (size_t)clamp(bounds[0], n, 0, n));
    if (at >= (size_t)clamp(bounds[1], n, 0, n)) {
        struct bench_value text;
        const int rc = service_repr(call, &args[0], &text);
        return rc < 0 ? rc
                      : bench_raise(call, "ValueError", "%.*s is not in list",
                                    (int)(text.text.length < 150 ? text.text.length : 150),
                                    text.text.data);
    }
    *out = bench_int((int64_t)at);
    return 0;
}

static int do_count(struct service_held *held, struct bench_call *call,
                    const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    const struct list *self = (const struct list *)held;
    int64_t n = 0;
    (void)call;
    (void)nargs;
    for (size_t at = find(self, args, 0); at < self->count; at = find(self, args, at + 1))
        n++;
    *out = bench_int(n);
    return 0;
}

static int do_copy(struct service_held *held, struct bench_call *call,
                   const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    const struct list *self = (const struct list *)held;
    const struct range all = {0, 1, self->count};
    (void)call;
    (void)args;
    (void)nargs;
    return make_slice(self, &all, out);
}

static const struct service_method methods[] = {
    {"copy", 0, 0, do_copy},
    {"count", 1, 1, do_count},
    {"index", 1, 3, do_index},
    {NULL, 0, 0, NULL},
};

static int list_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, methods, name, length, out);
}

static const char *const method_names[] = {"copy", "count", "index", NULL};
static const char *const method_docs[] = {
    "Return a shallow copy of the list.",
    "Return number of occurrences of value.",
    "Return first index of value.",
};

static const struct bench_object_ops list_ops = {
    .type_name = "builtins.list",
    .method_names = method_names,
    .method_docs = method_docs,
    .getattr = list_getattr,
    .len = list_len,
    .item = list_item,
    .contains = list_contains,
    .iter = list_iter,
    .repr = list_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = list_compare,
    .plain = list_plain,
};

struct service_held *service_list(struct service_family *family, const struct bench_value *items,
                                  size_t count)
{
    struct list *list = service_family_object(family, sizeof(*list), &list_ops);
    if (list == NULL)
        return NULL;
    list->items = items;
    list->count = count;
    return &list->held;
}
