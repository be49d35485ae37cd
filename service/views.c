/* SPDX-License-Identifier: MIT */
/* What a dict's keys(), values() and items() answer. */
#include <errno.h>
#include <string.h>

#include "service/dict.h"
#include "service/set.h"

static size_t size_of(const struct service_held *owner)
{
    struct service_held *held = (struct service_held *)(uintptr_t)owner;
    return service_dict_of(held)->table.count;
}

static int key_at(struct service_held *owner, struct bench_call *call, size_t i,
                  struct bench_value *out)
{
    (void)call;
    *out = service_dict_of(owner)->table.pairs[2 * i];
    return 0;
}

static int value_at(struct service_held *owner, struct bench_call *call, size_t i,
                    struct bench_value *out)
{
    (void)call;
    *out = service_dict_of(owner)->table.pairs[2 * i + 1];
    return 0;
}

static int item_at(struct service_held *owner, struct bench_call *call, size_t i,
                   struct bench_value *out)
{
    struct bench_value *pair = bench_arena_alloc(call->arena, 2 * sizeof(*pair));
    if (pair == NULL)
        return -ENOMEM;
    (void)key_at(owner, call, i, &pair[0]);
    (void)value_at(owner, call, i, &pair[1]);
    *out = bench_tuple(pair, 2);
    return 0;
}

static const struct service_walk keys_walk = {key_at, size_of}, values_walk = {value_at, size_of},
                                 items_walk = {item_at, size_of};

int service_dict_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return service_iterate(call, (struct service_held *)object, SERVICE_KEY_ITERATOR, &keys_walk,
                           out);
}

static int values_iter(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    return service_iterate(call, (struct service_held *)object, SERVICE_VALUE_ITERATOR,
                           &values_walk, out);
}

static int items_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return service_iterate(call, (struct service_held *)object, SERVICE_ITEM_ITERATOR, &items_walk,
                           out);
}

static int view_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = size_of((const struct service_held *)object);
    return 0;
}

static int values_contains(struct bench_object *object, struct bench_call *call,
                           const struct bench_value *item, bool *out)
{
    const struct service_table *table = &service_dict_of((struct service_held *)object)->table;
    int rc = 0;
    *out = false;
    for (size_t i = 0; rc == 0 && i < table->count && !*out; i++)
        rc = service_equal(call, &table->pairs[2 * i + 1], item, out);
    return rc;
}

static int items_contains(struct bench_object *object, struct bench_call *call,
                          const struct bench_value *item, bool *out)
{
    struct service_table *table = &service_dict_of((struct service_held *)object)->table;
    size_t at = 0;
    *out = false;
    if (item->kind != BENCH_TUPLE || item->seq.count != 2)
        return 0;
    const int rc = service_table_find(call, table, &item->seq.items[0], &at);
    if (rc < 0 || at == SERVICE_MISSING)
        return rc;
    return service_equal(call, &table->pairs[2 * at + 1], &item->seq.items[1], out);
}

/* "dict_keys([...])": what the view's own iterator answers, without lending it. */
static int view_repr(struct bench_object *object, struct bench_call *call, const char *head,
                     size_t first, size_t each, struct bench_value *out)
{
    const struct service_table *table = &service_dict_of((struct service_held *)object)->table;
    const size_t count = table->count;
    struct bench_value *items =
        bench_arena_alloc(call->arena, (count > 0 ? count : 1) * sizeof(*items));
    if (items == NULL)
        return bench_raise(call, "MemoryError", "the text is too long");
    for (size_t i = 0; i < count; i++)
        items[i] = each == 2 ? bench_tuple(&table->pairs[2 * i], 2) : table->pairs[2 * i + first];
    return service_repr_items(call, head, items, count, false, "])", out);
}

static int keys_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return view_repr(object, call, "dict_keys([", 0, 1, out);
}

static int values_repr(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    return view_repr(object, call, "dict_values([", 1, 1, out);
}

static int items_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return view_repr(object, call, "dict_items([", 0, 2, out);
}

static int view_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, service_set_methods, name,
                              length, out);
}

static int values_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                          size_t length, struct bench_value *out)
{
    static const struct service_method none = {.name = NULL};
    return service_get_method((struct service_held *)object, call, &none, name, length, out);
}

static const struct bench_object_ops keys_ops = {
    .type_name = "builtins.dict_keys",
    .method_names = service_set_method_names,
    .getattr = view_getattr,
    .len = view_len,
    .contains = service_dict_contains,
    .iter = service_dict_iter,
    .repr = keys_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = service_set_compare,
};

static const struct bench_object_ops values_ops = {
    .type_name = "builtins.dict_values",
    .getattr = values_getattr,
    .len = view_len,
    .contains = values_contains,
    .iter = values_iter,
    .repr = values_repr,
    .release = service_release,
};

static const struct bench_object_ops items_ops = {
    .type_name = "builtins.dict_items",
    .method_names = service_set_method_names,
    .getattr = view_getattr,
    .len = view_len,
    .contains = items_contains,
    .iter = items_iter,
    .repr = items_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = service_set_compare,
};

bool service_is_view(const struct bench_value *value)
{
    return value->kind == BENCH_OBJECT &&
           (value->object->ops == &keys_ops || value->object->ops == &items_ops);
}

static int make_view(struct service_held *dict, struct bench_call *call,
                     const struct bench_object_ops *ops, struct bench_value *out)
{
    struct service_held *view = service_new(call, dict, sizeof(*view), ops, NULL);
    if (view == NULL)
        return -EREMOTEIO;
    *out = service_lend(view);
    return 0;
}

int service_dict_keys(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    (void)args;
    return make_view(self, call, &keys_ops, out);
}

int service_dict_values(struct service_held *self, struct bench_call *call,
                        const struct service_args *args, struct bench_value *out)
{
    (void)args;
    return make_view(self, call, &values_ops, out);
}

int service_dict_items(struct service_held *self, struct bench_call *call,
                       const struct service_args *args, struct bench_value *out)
{
    (void)args;
    return make_view(self, call, &items_ops, out);
}
