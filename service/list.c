/* SPDX-License-Identifier: MIT */
/* Lists: what can be read of them. */
#include "service/list.h"

#include <errno.h>
#include <string.h>

#include "service/service_internal.h"

static const struct bench_object_ops list_ops;

const struct bench_value *service_list_items(const struct bench_object *object, size_t *count)
{
    static const struct bench_value nothing;
    if (object->ops != &list_ops)
        return NULL;
    const struct service_list *self = (const struct service_list *)object;
    *count = self->of.count;
    return self->of.items != NULL ? self->of.items : &nothing;
}

bool service_is_list(const struct bench_value *value)
{
    return value->kind == BENCH_OBJECT && value->object->ops == &list_ops;
}

static void list_empty(struct service_held *held)
{
    service_items_fini(held->store, &((struct service_list *)held)->of);
}

struct service_held *service_list(struct bench_call *call, struct service_items *items)
{
    struct service_list *list = service_new(call, NULL, sizeof(*list), &list_ops, list_empty);
    if (list == NULL) {
        service_items_fini(call->store, items);
        return NULL;
    }
    list->of = *items;
    *items = (struct service_items){0};
    return &list->held;
}

/* ---- indices ---- */

static bool is_whole(const struct bench_value *value)
{
    return value->kind == BENCH_INT || value->kind == BENCH_BOOL || value->kind == BENCH_BIGINT;
}

int service_take_bound(struct bench_call *call, const struct bench_value *value, int64_t missing,
                       int64_t *out)
{
    if (value->kind == BENCH_NONE)
        *out = missing;
    else if (value->kind == BENCH_BIGINT)
        *out = value->text.data[0] == '-' ? INT64_MIN : INT64_MAX;
    else if (is_whole(value))
        *out = value->kind == BENCH_INT ? value->integer : value->boolean;
    else
        return bench_raise(call, "TypeError",
                           "slice indices must be integers or None or have an __index__ method");
    return 0;
}

int service_take_index(struct bench_call *call, const struct bench_value *value,
                       const char *overflow, int64_t *out)
{
    if (!is_whole(value))
        return bench_raise(call, "TypeError", "'%s' object cannot be interpreted as an integer",
                           service_type_name(value));
    if (value->kind == BENCH_BIGINT)
        return bench_raise(call, overflow,
                           strcmp(overflow, "IndexError") == 0
                               ? "cannot fit 'int' into an index-sized integer"
                               : "Python int too large to convert to C ssize_t");
    return service_take_bound(call, value, 0, out);
}

int64_t service_clamp(int64_t index, int64_t count, int64_t lowest, int64_t highest)
{
    if (index < 0)
        index = index < -count ? -1 : index + count;
    return index < lowest ? lowest : index > highest ? highest : index;
}

/* As PySlice_AdjustIndices: where it begins and how many there are. */
int service_take_slice(struct bench_call *call, const struct bench_value *slice, size_t count,
                       struct service_range *out)
{
    const int64_t n = (int64_t)count;
    int64_t step = 1, start = 0, stop = 0;
    int rc = service_take_bound(call, &slice->seq.items[2], 1, &step);
    if (rc == 0 && step == 0)
        return bench_raise(call, "ValueError", "slice step cannot be zero");
    const bool down = step < 0;
    const int64_t lowest = down ? -1 : 0, highest = down ? n - 1 : n;
    if (rc == 0)
        rc = service_take_bound(call, &slice->seq.items[0], down ? INT64_MAX : 0, &start);
    if (rc == 0)
        rc = service_take_bound(call, &slice->seq.items[1], down ? -n - 1 : INT64_MAX, &stop);
    if (rc < 0)
        return rc;
    start = service_clamp(start, n, lowest, highest);
    stop = service_clamp(stop, n, lowest, highest);
    const uint64_t stride = down ? -(uint64_t)step : (uint64_t)step;
    const int64_t distance = down ? start - stop : stop - start;
    *out = (struct service_range){start, step, 0};
    if (distance > 0)
        out->count = (size_t)(((uint64_t)distance - 1) / stride + 1);
    return 0;
}

int service_list_slice(struct bench_call *call, const struct service_list *from,
                       const struct service_range *range, struct bench_value *out)
{
    struct service_items items = {0};
    int rc = service_room(call, &items.items, &items.room, range->count);
    for (size_t i = 0; rc == 0 && i < range->count; i++)
        rc = service_append(call, &items, &from->of.items[range->start + (int64_t)i * range->step]);
    if (rc < 0) {
        service_items_fini(call->store, &items);
        return rc;
    }
    struct service_held *list = service_list(call, &items);
    if (list == NULL)
        return -EREMOTEIO;
    *out = service_lend(list);
    return 0;
}

static int list_item(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *key, struct bench_value *out)
{
    const struct service_list *self = (const struct service_list *)object;
    const int64_t n = (int64_t)self->of.count;
    int64_t index = 0;
    if (key->kind == BENCH_SLICE) {
        struct service_range range;
        const int rc = service_take_slice(call, key, self->of.count, &range);
        return rc < 0 ? rc : service_list_slice(call, self, &range, out);
    }
    if (!is_whole(key))
        return bench_raise(call, "TypeError", "list indices must be integers or slices, not %s",
                           service_type_name(key));
    const int rc = service_take_index(call, key, "IndexError", &index);
    if (rc < 0)
        return rc;
    if (index >= n || index < -n)
        return bench_raise(call, "IndexError", "list index out of range");
    *out = service_lend_value(&self->of.items[index < 0 ? index + n : index]);
    return 0;
}

/* ---- the rest of the table ---- */

static int list_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = ((const struct service_list *)object)->of.count;
    return 0;
}

static int list_contains(struct bench_object *object, struct bench_call *call,
                         const struct bench_value *item, bool *out)
{
    const struct service_list *self = (const struct service_list *)object;
    int rc = 0;
    *out = false;
    for (size_t i = 0; rc == 0 && !*out && i < self->of.count; i++)
        rc = service_equal(call, &self->of.items[i], item, out);
    return rc;
}

static int list_at(struct service_held *owner, struct bench_call *call, size_t i,
                   struct bench_value *out)
{
    (void)call;
    *out = ((const struct service_list *)owner)->of.items[i];
    return 0;
}

static size_t list_size(const struct service_held *owner)
{
    return ((const struct service_list *)owner)->of.count;
}

static int list_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    static const struct service_walk walk = {list_at, list_size};
    return service_iterate(call, (struct service_held *)object, SERVICE_LIST_ITERATOR, &walk, out);
}

static int list_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct service_list *self = (struct service_list *)object;
    if (self->shown) {
        *out = bench_str("[...]");
        return 0;
    }
    self->shown = true;
    const int rc = service_repr_items(call, "[", self->of.items, self->of.count, false, "]", out);
    self->shown = false;
    return rc;
}

static int list_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out)
{
    const struct service_list *a = (const struct service_list *)object;
    bool holds = false;
    if (!service_is_list(other)) {
        *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
        return 0;
    }
    const struct service_list *b = (const struct service_list *)other->object;
    const int rc =
        service_compare_items(call, op, a->of.items, a->of.count, b->of.items, b->of.count, &holds);
    *out = bench_bool(holds);
    return rc;
}

static int list_plain(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct service_list *self = (const struct service_list *)object;
    (void)call;
    *out = (struct bench_value){.kind = BENCH_LIST, .seq = {self->of.items, self->of.count}};
    return 0;
}

static int list_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, service_list_methods, name,
                              length, out);
}

/* In the order of service_list_methods. */
static const char *const method_names[] = {
    "__add__",     "__delitem__", "__iadd__", "__imul__", "__mul__", "__reversed__", "__rmul__",
    "__setitem__", "append",      "clear",    "copy",     "count",   "extend",       "index",
    "insert",      "pop",         "remove",   "reverse",  "sort",    NULL,
};
static const char *const method_docs[] = {
    "Return self+value.",
    "Delete self[key].",
    "Implement self+=value.",
    "Implement self*=value.",
    "Return self*value.",
    "Return a reverse iterator over the list.",
    "Return value*self.",
    "Set self[key] to value.",
    "Append object to the end of the list.",
    "Remove all items from list.",
    "Return a shallow copy of the list.",
    "Return number of occurrences of value.",
    "Extend list by appending elements from the iterable.",
    "Return first index of value.",
    "Insert object before index.",
    "Remove and return item at index (default last).",
    "Remove first occurrence of value.",
    "Reverse *IN PLACE*.",
    "Sort the list in ascending order and return None.",
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
