/* SPDX-License-Identifier: MIT */
/* Lists: their methods, and with them all that changes a list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/list.h"
#include "service/service_internal.h"

static struct service_list *list_of(struct service_held *held)
{
    return (struct service_list *)held;
}

/* ---- changing ---- */

/* Puts all of `more`, which is taken over, in the place of `count` items from `at` on. */
static int replace(struct bench_call *call, struct service_list *self, size_t at, size_t count,
                   struct service_items *more)
{
    struct service_items *of = &self->of;
    const size_t left = of->count - at - count, n = more->count;
    struct bench_value *old = count > 0 ? malloc(count * sizeof(*old)) : NULL;
    int rc = count > 0 && old == NULL ? bench_raise(call, "MemoryError", "%s", "") : 0;
    if (rc == 0)
        rc = service_room(call, &of->items, &of->room, at + n + left);
    if (rc == 0) {
        if (count > 0)
            memcpy(old, &of->items[at], count * sizeof(*old));
        if (left > 0)
            memmove(&of->items[at + n], &of->items[at + count], left * sizeof(*old));
        if (n > 0)
            memcpy(&of->items[at], more->items, n * sizeof(*old));
        of->count = at + n + left;
        more->count = 0;
        service_drop_all(call->store, old, count);
    }
    free(old);
    service_items_fini(call->store, more);
    return rc;
}

static int remove_range(struct bench_call *call, struct service_list *self,
                        const struct service_range *range)
{
    struct service_items none = {0};
    if (range->count == 0)
        return 0;
    if (range->step == 1)
        return replace(call, self, (size_t)range->start, range->count, &none);
    const bool down = range->step < 0;
    const size_t stride = (size_t)(down ? -(uint64_t)range->step : (uint64_t)range->step);
    size_t next =
        (size_t)(down ? range->start + (int64_t)(range->count - 1) * range->step : range->start);
    size_t left = range->count, kept = next;
    struct bench_value *items = self->of.items;
    for (size_t i = next; i < self->of.count; i++) {
        if (left == 0 || i != next) {
            items[kept++] = items[i];
            continue;
        }
        service_drop(call->store, &items[i]);
        left--;
        next = left > 0 ? next + stride : next;
    }
    self->of.count = kept;
    return 0;
}

static int set_slice(struct bench_call *call, struct service_list *self,
                     const struct bench_value *slice, const struct bench_value *value)
{
    struct service_items more = {0};
    struct service_range range;
    int rc = service_collect(call, value, &more);
    if (rc == -EREMOTEIO && strcmp(call->exception.type, "TypeError") == 0 &&
        strstr(call->exception.message, "object is not iterable") != NULL)
        (void)bench_raise(call, "TypeError", "can only assign an iterable");
    if (rc == 0) /* only now: the client may have changed the list meanwhile */
        rc = service_take_slice(call, slice, self->of.count, &range);
    if (rc == 0 && range.step == 1)
        return replace(call, self, (size_t)range.start, range.count, &more);
    if (rc == 0 && range.count != more.count)
        rc = bench_raise(call, "ValueError",
                         "attempt to assign sequence of size %zu to extended slice of size %zu",
                         more.count, range.count);
    for (size_t i = 0; rc == 0 && i < range.count; i++) {
        struct bench_value *at = &self->of.items[range.start + (int64_t)i * range.step];
        const struct bench_value old = *at;
        *at = more.items[i];
        more.items[i] = old; /* dropped below */
    }
    service_items_fini(call->store, &more);
    return rc;
}

/* The place that an index names, for assigning to it. */
static int take_place(struct bench_call *call, const struct service_list *self,
                      const struct bench_value *key, size_t *out)
{
    const int64_t n = (int64_t)self->of.count;
    int64_t index = 0;
    if (key->kind != BENCH_INT && key->kind != BENCH_BOOL && key->kind != BENCH_BIGINT)
        return bench_raise(call, "TypeError", "list indices must be integers or slices, not %s",
                           service_type_name(key));
    const int rc = service_take_index(call, key, "IndexError", &index);
    if (rc < 0)
        return rc;
    if (index >= n || index < -n)
        return bench_raise(call, "IndexError", "list assignment index out of range");
    *out = (size_t)(index < 0 ? index + n : index);
    return 0;
}

static int do_setitem(struct service_held *held, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    struct bench_value own;
    size_t at = 0;
    *out = bench_none();
    if (args->items[0].kind == BENCH_SLICE)
        return set_slice(call, self, &args->items[0], &args->items[1]);
    int rc = take_place(call, self, &args->items[0], &at);
    if (rc == 0)
        rc = service_put(call, &args->items[1], &own);
    if (rc < 0)
        return rc;
    const struct bench_value old = self->of.items[at];
    self->of.items[at] = own;
    service_drop(call->store, &old);
    return 0;
}

static int do_delitem(struct service_held *held, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    struct service_range range = {.step = 1, .count = 1};
    size_t at = 0;
    *out = bench_none();
    int rc;
    if (args->items[0].kind == BENCH_SLICE) {
        rc = service_take_slice(call, &args->items[0], self->of.count, &range);
    } else {
        rc = take_place(call, self, &args->items[0], &at);
        range.start = (int64_t)at;
    }
    return rc < 0 ? rc : remove_range(call, self, &range);
}

static int do_append(struct service_held *held, struct bench_call *call,
                     const struct service_args *args, struct bench_value *out)
{
    *out = bench_none();
    return service_append(call, &list_of(held)->of, &args->items[0]);
}

static int take_item(void *user, struct bench_call *call, const struct bench_value *item)
{
    return service_append(call, user, item);
}

/* A list of ours is taken as it is now: it may be the one that grows. */
static int extend(struct bench_call *call, struct service_list *self,
                  const struct bench_value *iterable)
{
    struct service_items more = {0};
    if (!service_is_list(iterable))
        return service_each(call, iterable, take_item, &self->of);
    const int rc = service_collect(call, iterable, &more);
    if (rc == 0)
        return replace(call, self, self->of.count, 0, &more);
    service_items_fini(call->store, &more);
    return rc;
}

static int do_extend(struct service_held *held, struct bench_call *call,
                     const struct service_args *args, struct bench_value *out)
{
    *out = bench_none();
    return extend(call, list_of(held), &args->items[0]);
}

static int do_iadd(struct service_held *held, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    const int rc = extend(call, list_of(held), &args->items[0]);
    if (rc == 0)
        *out = service_lend(held);
    return rc;
}

static int do_insert(struct service_held *held, struct bench_call *call,
                     const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    struct service_items more = {0};
    int64_t index = 0;
    *out = bench_none();
    int rc = service_take_index(call, &args->items[0], "OverflowError", &index);
    if (rc == 0)
        rc = service_append(call, &more, &args->items[1]);
    const int64_t n = (int64_t)self->of.count;
    if (index < 0)
        index = index < -n ? 0 : index + n;
    return rc < 0 ? rc : replace(call, self, (size_t)(index > n ? n : index), 0, &more);
}

static int do_pop(struct service_held *held, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    int64_t index = -1;
    int rc =
        args->count > 0 ? service_take_index(call, &args->items[0], "OverflowError", &index) : 0;
    const int64_t n = (int64_t)self->of.count;
    if (rc < 0)
        return rc;
    if (n == 0)
        return bench_raise(call, "IndexError", "pop from empty list");
    if (index >= n || index < -n)
        return bench_raise(call, "IndexError", "pop index out of range");
    struct bench_value *at = &self->of.items[index < 0 ? index + n : index];
    const struct bench_value value = *at;
    self->of.count--;
    memmove(at, at + 1, (size_t)(&self->of.items[self->of.count] - at) * sizeof(*at));
    return service_take_out(call, &value, out);
}

static int do_clear(struct service_held *held, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    (void)args;
    *out = bench_none();
    service_items_fini(call->store, &list_of(held)->of);
    return 0;
}

static void reverse(struct bench_value *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const struct bench_value other = items[count - 1 - i];
        items[count - 1 - i] = items[i];
        items[i] = other;
    }
}

static int do_reverse(struct service_held *held, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    const struct service_list *self = list_of(held);
    (void)call;
    (void)args;
    *out = bench_none();
    reverse(self->of.items, self->of.count);
    return 0;
}

/* ---- looking ---- */

/* The first place from `from` on, or the count. */
static int find(struct bench_call *call, const struct service_list *self,
                const struct bench_value *item, size_t from, size_t *out)
{
    bool same = false;
    int rc = 0;
    for (*out = from; *out < self->of.count; ++*out) {
        rc = service_equal(call, &self->of.items[*out], item, &same);
        if (rc < 0 || same)
            break;
    }
    return rc;
}

static int do_remove(struct service_held *held, struct bench_call *call,
                     const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    struct service_range range = {.step = 1, .count = 1};
    size_t at = 0;
    *out = bench_none();
    const int rc = find(call, self, &args->items[0], 0, &at);
    if (rc < 0)
        return rc;
    if (at == self->of.count)
        return bench_raise(call, "ValueError", "list.remove(x): x not in list");
    range.start = (int64_t)at;
    return remove_range(call, self, &range);
}

static int do_index(struct service_held *held, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    const struct service_list *self = list_of(held);
    const int64_t n = (int64_t)self->of.count;
    int64_t bounds[2] = {0, INT64_MAX};
    size_t at = 0;
    for (size_t i = 1; i < args->count; i++) {
        const int rc = args->items[i].kind == BENCH_NONE
                           ? bench_raise(call, "TypeError",
                                         "slice indices must be integers or "
                                         "have an __index__ method")
                           : service_take_bound(call, &args->items[i], 0, &bounds[i - 1]);
        if (rc < 0)
            return rc;
    }
    int rc = find(call, self, &args->items[0], (size_t)service_clamp(bounds[0], n, 0, n), &at);
    if (rc < 0)
        return rc;
    if (at >= (size_t)service_clamp(bounds[1], n, 0, n)) {
        struct bench_value text;
        rc = service_repr(call, &args->items[0], &text);
        return rc < 0 ? rc
                      : bench_raise(call, "ValueError", "%.*s is not in list",
                                    (int)(text.text.length < 150 ? text.text.length : 150),
                                    text.text.data);
    }
    *out = bench_int((int64_t)at);
    return 0;
}

static int do_count(struct service_held *held, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    const struct service_list *self = list_of(held);
    int64_t n = 0;
    size_t at = 0;
    int rc = find(call, self, args->items, 0, &at);
    for (; rc == 0 && at < self->of.count; n++)
        rc = find(call, self, args->items, at + 1, &at);
    *out = bench_int(n);
    return rc;
}

static int do_copy(struct service_held *held, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    const struct service_list *self = list_of(held);
    const struct service_range all = {0, 1, self->of.count};
    (void)args;
    return service_list_slice(call, self, &all, out);
}

/* ---- sums and products ---- */

static int answer_list(struct bench_call *call, int rc, struct service_items *items,
                       struct bench_value *out)
{
    if (rc < 0) {
        service_items_fini(call->store, items);
        return rc;
    }
    struct service_held *list = service_list(call, items);
    if (list == NULL)
        return -EREMOTEIO;
    *out = service_lend(list);
    return 0;
}

static int append_all(struct bench_call *call, struct service_items *to,
                      const struct service_items *from, size_t count)
{
    int rc = service_room(call, &to->items, &to->room, to->count + count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = service_append(call, to, &from->items[i]);
    return rc;
}

static int do_add(struct service_held *held, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    const struct service_items *a = &list_of(held)->of;
    struct service_items sum = {0};
    if (!service_is_list(&args->items[0]))
        return bench_raise(call, "TypeError", "can only concatenate list (not \"%s\") to list",
                           service_type_name(&args->items[0]));
    const struct service_items *b = &((const struct service_list *)args->items[0].object)->of;
    int rc = append_all(call, &sum, a, a->count);
    if (rc == 0)
        rc = append_all(call, &sum, b, b->count);
    return answer_list(call, rc, &sum, out);
}

static int take_factor(struct bench_call *call, const struct bench_value *value, int64_t *out)
{
    if (value->kind == BENCH_BIGINT)
        return bench_raise(call, "OverflowError", "cannot fit 'int' into an index-sized integer");
    return service_take_index(call, value, "OverflowError", out);
}

static int repeat(struct bench_call *call, struct service_items *to,
                  const struct service_items *from, int64_t factor)
{
    const size_t count = from->count; /* they may be the same */
    int rc = 0;
    for (int64_t i = 0; rc == 0 && count > 0 && i < factor; i++)
        rc = append_all(call, to, from, count);
    return rc;
}

static int do_mul(struct service_held *held, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    struct service_items product = {0};
    int64_t factor = 0;
    int rc = take_factor(call, &args->items[0], &factor);
    if (rc == 0)
        rc = repeat(call, &product, &list_of(held)->of, factor);
    return answer_list(call, rc, &product, out);
}

static int do_imul(struct service_held *held, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    const size_t before = self->of.count;
    int64_t factor = 0;
    int rc = take_factor(call, &args->items[0], &factor);
    if (rc == 0 && factor <= 0)
        service_items_fini(call->store, &self->of);
    else if (rc == 0)
        rc = repeat(call, &self->of, &self->of, factor - 1);
    while (rc < 0 && self->of.count > before) /* it did not fit: as it was */
        service_drop(call->store, &self->of.items[--self->of.count]);
    if (rc == 0)
        *out = service_lend(held);
    return rc;
}

static int list_at_end(struct service_held *owner, struct bench_call *call, size_t i,
                       struct bench_value *out)
{
    const struct service_items *of = &list_of(owner)->of;
    (void)call;
    *out = of->items[of->count - 1 - i];
    return 0;
}

static size_t list_size(const struct service_held *owner)
{
    return ((const struct service_list *)owner)->of.count;
}

static int do_reversed(struct service_held *held, struct bench_call *call,
                       const struct service_args *args, struct bench_value *out)
{
    static const struct service_walk walk = {list_at_end, list_size};
    (void)args;
    return service_iterate(call, held, SERVICE_LIST_ITERATOR, &walk, out);
}

/* ---- sorting ---- */

/* An item and what it is ordered by. */
struct sorted {
    struct bench_value item, key;
};

static int merge(struct bench_call *call, struct sorted *a, size_t na, struct sorted *b, size_t nb,
                 struct sorted *out)
{
    while (na > 0 && nb > 0) {
        bool less = false;
        const int rc = service_compare(call, BENCH_LT, &b->key, &a->key, &less);
        if (rc < 0)
            return rc;
        *out++ = less ? *b++ : *a++;
        nb -= less;
        na -= !less;
    }
    memcpy(out, na > 0 ? a : b, (na + nb) * sizeof(*out));
    return 0;
}

/* Stable. rows and spare change places; what is the result is told. */
static int merge_sort(struct bench_call *call, struct sorted **rows, struct sorted **spare,
                      size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            const size_t na = count - at < width ? count - at : width;
            const size_t nb = count - at - na < width ? count - at - na : width;
            const int rc = merge(call, *rows + at, na, *rows + at + na, nb, *spare + at);
            if (rc < 0)
                return rc;
        }
        struct sorted *old = *rows;
        *rows = *spare;
        *spare = old;
    }
    return 0;
}

/* What `key` makes of each item. n: how many there are, which are put unless they are the items
 * themselves. */
static int make_keys(struct bench_call *call, const struct bench_value *key, struct sorted *rows,
                     size_t count, size_t *n)
{
    int rc = 0;
    for (*n = 0; rc == 0 && *n < count; *n += rc == 0) {
        struct sorted *row = &rows[*n];
        struct bench_value made = bench_none();
        const struct bench_value args = bench_tuple(&row->item, 1);
        if (key == NULL) {
            row->key = row->item;
            continue;
        }
        (void)service_lend_value(&row->item);
        rc = key->object->ops->call(key->object, call, &args, NULL, &made);
        if (rc == 0)
            rc = service_put(call, &made, &row->key);
    }
    return rc;
}

static int sort_rows(struct bench_call *call, const struct bench_value *key, bool down,
                     struct bench_value *items, size_t count)
{
    struct sorted *rows = calloc(count + 1, sizeof(*rows)),
                  *spare = calloc(count + 1, sizeof(*rows));
    size_t nkeys = 0;
    int rc = rows == NULL || spare == NULL ? bench_raise(call, "MemoryError", "%s", "") : 0;
    if (down) /* what is equal keeps its order */
        reverse(items, count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rows[i].item = items[i];
    if (rc == 0)
        rc = make_keys(call, key, rows, count, &nkeys);
    if (rc == 0) {
        rc = merge_sort(call, &rows, &spare, count);
        for (size_t i = 0; rc == 0 && i < count; i++)
            items[i] = rows[i].item;
    }
    /* A merge that broke off leaves each row once in `rows`. */
    for (size_t i = 0; key != NULL && rows != NULL && i < nkeys; i++)
        service_drop(call->store, &rows[i].key);
    if (down)
        reverse(items, count);
    free(rows);
    free(spare);
    return rc;
}

static bool is_key(const struct bench_value *name, const char *text)
{
    return name->text.length == strlen(text) && memcmp(name->text.data, text, strlen(text)) == 0;
}

static int take_sort_args(struct bench_call *call, const struct bench_value *kwargs,
                          const struct bench_value **key, bool *down)
{
    for (size_t i = 0; kwargs != NULL && i < kwargs->seq.count; i++) {
        const struct bench_value *name = &kwargs->seq.items[i].seq.items[0], *value = name + 1;
        if (is_key(name, "key") && value->kind == BENCH_NONE)
            continue;
        if (is_key(name, "key") &&
            (value->kind != BENCH_OBJECT || value->object->ops->call == NULL))
            return bench_raise(call, "TypeError", "'%s' object is not callable",
                               service_type_name(value));
        if (is_key(name, "key")) {
            *key = value;
        } else if (is_key(name, "reverse")) {
            int64_t wanted = 0;
            const int rc = service_take_index(call, value, "OverflowError", &wanted);
            if (rc < 0)
                return rc;
            *down = wanted != 0;
        } else {
            return bench_raise(
                call, "TypeError", "'%.*s' is an invalid keyword argument for sort()",
                (int)(name->text.length < 80 ? name->text.length : 80), name->text.data);
        }
    }
    return 0;
}

/* Meanwhile the list is empty, as in Python: `key` may look at it. */
static int do_sort(struct service_held *held, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    struct service_list *self = list_of(held);
    const struct bench_value *key = NULL;
    bool down = false;
    *out = bench_none();
    int rc = take_sort_args(call, args->kwargs, &key, &down);
    if (rc < 0)
        return rc;
    struct service_items mine = self->of;
    self->of = (struct service_items){0};
    rc = sort_rows(call, key, down, mine.items, mine.count);
    const bool changed = self->of.items != NULL;
    service_items_fini(call->store, &self->of);
    self->of = mine;
    return rc == 0 && changed ? bench_raise(call, "ValueError", "list modified during sort") : rc;
}

/* In the order of the names in list.c. */
const struct service_method service_list_methods[] = {
    {.name = "__add__", .min = 1, .max = 1, .call = do_add},
    {.name = "__delitem__", .min = 1, .max = 1, .call = do_delitem},
    {.name = "__iadd__", .min = 1, .max = 1, .call = do_iadd},
    {.name = "__imul__", .min = 1, .max = 1, .call = do_imul},
    {.name = "__mul__", .min = 1, .max = 1, .call = do_mul},
    {.name = "__reversed__", .call = do_reversed},
    {.name = "__rmul__", .min = 1, .max = 1, .call = do_mul},
    {.name = "__setitem__", .min = 2, .max = 2, .call = do_setitem},
    {.name = "append", .min = 1, .max = 1, .call = do_append},
    {.name = "clear", .call = do_clear},
    {.name = "copy", .call = do_copy},
    {.name = "count", .min = 1, .max = 1, .call = do_count},
    {.name = "extend", .min = 1, .max = 1, .call = do_extend},
    {.name = "index", .min = 1, .max = 3, .call = do_index},
    {.name = "insert", .min = 2, .max = 2, .call = do_insert},
    {.name = "pop", .max = 1, .call = do_pop},
    {.name = "remove", .min = 1, .max = 1, .call = do_remove},
    {.name = "reverse", .call = do_reverse},
    {.name = "sort", .call = do_sort, .keywords = true},
    {.name = NULL},
};
