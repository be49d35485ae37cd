/* SPDX-License-Identifier: MIT */
/* Dicts and what their keys(), values() and items() answer. */
#include <errno.h>
#include <string.h>

#include "service/objects.h"
#include "service/service_internal.h"

struct dict {
    struct service_held held;
    const struct bench_value *pairs; /* the family's */
    size_t count;                    /* of pairs */
};

static const struct bench_object_ops dict_ops;

const struct bench_value *service_dict_pairs(const struct bench_object *object, size_t *npairs)
{
    if (object->ops != &dict_ops)
        return NULL;
    const struct dict *self = (const struct dict *)object;
    *npairs = self->count;
    return self->pairs;
}

/* The value of a key in *out, or NULL if it is not there. */
static int find(const struct dict *self, struct bench_call *call, const struct bench_value *key,
                const struct bench_value **out)
{
    int64_t hash;
    *out = NULL;
    if (key->kind == BENCH_OBJECT && key->object->ops->hash == service_unhashable)
        return service_unhashable(key->object, call, &hash);
    if (key->kind == BENCH_SLICE)
        return bench_raise(call, "TypeError", "unhashable type: 'slice'");
    for (size_t i = 0; i < self->count && *out == NULL; i++)
        if (service_equal(&self->pairs[2 * i], key))
            *out = &self->pairs[2 * i + 1];
    return 0;
}

static int dict_item(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *key, struct bench_value *out)
{
    const struct bench_value *value;
    struct bench_value text = bench_none();
    int rc = find((const struct dict *)object, call, key, &value);
    if (rc == 0 && value == NULL) {
        rc = service_repr(call, key, &text);
        if (rc < 0)
            return rc;
        rc = bench_raise(call, "KeyError", "%.*s",
                         (int)(text.text.length < 150 ? text.text.length : 150), text.text.data);
        /* Its argument is the key itself. */
        struct bench_value *copy = bench_arena_alloc(call->arena, sizeof(*copy));
        if (copy != NULL && bench_value_copy(call->arena, key, copy) == 0)
            call->exception.args = bench_tuple(copy, 1);
        return rc;
    }
    if (rc == 0)
        *out = service_lend_value(value);
    return rc;
}

static int dict_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = ((const struct dict *)object)->count;
    return 0;
}

static int dict_contains(struct bench_object *object, struct bench_call *call,
                         const struct bench_value *item, bool *out)
{
    const struct bench_value *value;
    const int rc = find((const struct dict *)object, call, item, &value);
    *out = value != NULL;
    return rc;
}

static int dict_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct dict *self = (const struct dict *)object;
    return service_repr_items(call, "{", self->pairs, 2 * self->count, true, "}", out);
}

static int dict_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out)
{
    const struct bench_value own = {.kind = BENCH_OBJECT, .object = object};
    (void)call;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (other->kind == BENCH_OBJECT && other->object->ops == &dict_ops && op <= BENCH_NE)
        *out = bench_bool(service_equal(&own, other) == (op == BENCH_EQ));
    return 0;
}

static int dict_plain(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct dict *self = (const struct dict *)object;
    (void)call;
    *out = (struct bench_value){.kind = BENCH_DICT, .seq = {self->pairs, 2 * self->count}};
    return 0;
}

/* ---- views ---- */

/* A view's owner is its dict; an iterator's owner is either. */
static const struct dict *dict_of(const struct service_held *held)
{
    return (const struct dict *)(held->object.ops == &dict_ops ? held : held->owner);
}

static int key_at(struct service_held *owner, struct bench_call *call, size_t i,
                  struct bench_value *out)
{
    (void)call;
    *out = service_lend_value(&dict_of(owner)->pairs[2 * i]);
    return 0;
}

static int value_at(struct service_held *owner, struct bench_call *call, size_t i,
                    struct bench_value *out)
{
    (void)call;
    *out = service_lend_value(&dict_of(owner)->pairs[2 * i + 1]);
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

static int dict_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct dict *self = (struct dict *)object;
    (void)call;
    return service_iterate(&self->held, SERVICE_KEY_ITERATOR, key_at, self->count, out);
}

static int view_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = dict_of((const struct service_held *)object)->count;
    return 0;
}

static int keys_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct service_held *self = (struct service_held *)object;
    (void)call;
    return service_iterate(self, SERVICE_KEY_ITERATOR, key_at, dict_of(self)->count, out);
}

static int values_iter(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    struct service_held *self = (struct service_held *)object;
    (void)call;
    return service_iterate(self, SERVICE_VALUE_ITERATOR, value_at, dict_of(self)->count, out);
}

static int items_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct service_held *self = (struct service_held *)object;
    (void)call;
    return service_iterate(self, SERVICE_ITEM_ITERATOR, item_at, dict_of(self)->count, out);
}

static int keys_contains(struct bench_object *object, struct bench_call *call,
                         const struct bench_value *item, bool *out)
{
    return dict_contains(&((struct service_held *)object)->owner->object, call, item, out);
}

static int values_contains(struct bench_object *object, struct bench_call *call,
                           const struct bench_value *item, bool *out)
{
    const struct dict *dict = dict_of((const struct service_held *)object);
    (void)call;
    *out = false;
    for (size_t i = 0; i < dict->count && !*out; i++)
        *out = service_equal(&dict->pairs[2 * i + 1], item);
    return 0;
}

static int items_contains(struct bench_object *object, struct bench_call *call,
                          const struct bench_value *item, bool *out)
{
    const struct bench_value *value;
    *out = false;
    if (item->kind != BENCH_TUPLE || item->seq.count != 2)
        return 0;
    const int rc =
        find(dict_of((const struct service_held *)object), call, &item->seq.items[0], &value);
    *out = rc == 0 && value != NULL && service_equal(value, &item->seq.items[1]);
    return rc;
}

/* "dict_keys([...])": what the view's own iterator answers. */
static int view_repr(struct bench_object *object, struct bench_call *call, const char *head,
                     service_at_fn at, struct bench_value *out)
{
    struct service_held *self = (struct service_held *)object;
    const size_t count = dict_of(self)->count;
    struct bench_value *items =
        bench_arena_alloc(call->arena, (count > 0 ? count : 1) * sizeof(*items));
    int rc = items == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = at(self, call, i, &items[i]);
    return rc < 0 ? rc : service_repr_items(call, head, items, count, false, "])", out);
}

static int keys_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return view_repr(object, call, "dict_keys([", key_at, out);
}

static int values_repr(struct bench_object *object, struct bench_call *call,
                       struct bench_value *out)
{
    return view_repr(object, call, "dict_values([", value_at, out);
}

static int items_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    return view_repr(object, call, "dict_items([", item_at, out);
}

static const struct bench_object_ops keys_ops = {
    .type_name = "builtins.dict_keys",
    .len = view_len,
    .contains = keys_contains,
    .iter = keys_iter,
    .repr = keys_repr,
    .hash = service_unhashable,
    .release = service_release,
};

static const struct bench_object_ops values_ops = {
    .type_name = "builtins.dict_values",
    .len = view_len,
    .contains = values_contains,
    .iter = values_iter,
    .repr = values_repr,
    .release = service_release,
};

static const struct bench_object_ops items_ops = {
    .type_name = "builtins.dict_items",
    .len = view_len,
    .contains = items_contains,
    .iter = items_iter,
    .repr = items_repr,
    .hash = service_unhashable,
    .release = service_release,
};

static int make_view(struct service_held *dict, const struct bench_object_ops *ops,
                     struct bench_value *out)
{
    struct service_held *view = service_derive(dict->family, dict, sizeof(*view), ops);
    if (view == NULL)
        return -ENOMEM;
    *out = service_lend(view);
    return 0;
}

/* ---- methods ---- */

static int do_keys(struct service_held *self, struct bench_call *call,
                   const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    (void)call;
    (void)args;
    (void)nargs;
    return make_view(self, &keys_ops, out);
}

static int do_values(struct service_held *self, struct bench_call *call,
                     const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    (void)call;
    (void)args;
    (void)nargs;
    return make_view(self, &values_ops, out);
}

static int do_items(struct service_held *self, struct bench_call *call,
                    const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    (void)call;
    (void)args;
    (void)nargs;
    return make_view(self, &items_ops, out);
}

static int do_get(struct service_held *self, struct bench_call *call,
                  const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    const struct bench_value *value;
    const int rc = find((const struct dict *)self, call, &args[0], &value);
    if (rc == 0)
        *out = value != NULL ? service_lend_value(value) : nargs > 1 ? args[1] : bench_none();
    return rc;
}

static int do_copy(struct service_held *self, struct bench_call *call,
                   const struct bench_value *args, size_t nargs, struct bench_value *out)
{
    const struct dict *from = (const struct dict *)self;
    struct dict *copy = service_derive(self->family, NULL, sizeof(*copy), &dict_ops);
    (void)call;
    (void)args;
    (void)nargs;
    if (copy == NULL)
        return -ENOMEM;
    copy->pairs = from->pairs;
    copy->count = from->count;
    *out = service_lend(&copy->held);
    return 0;
}

static const struct service_method methods[] = {
    {"copy", 0, 0, do_copy}, {"get", 1, 2, do_get},       {"items", 0, 0, do_items},
    {"keys", 0, 0, do_keys}, {"values", 0, 0, do_values}, {NULL, 0, 0, NULL},
};

static int dict_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, methods, name, length, out);
}

static const char *const method_names[] = {"copy", "get", "items", "keys", "values", NULL};
static const char *const method_docs[] = {
    "Return a shallow copy of the dict.",
    "Return the value for key if key is in the dictionary, else default.",
    "Return a view of the dict's items.",
    "Return a view of the dict's keys.",
    "Return a view of the dict's values.",
};

static const struct bench_object_ops dict_ops = {
    .type_name = "builtins.dict",
    .method_names = method_names,
    .method_docs = method_docs,
    .getattr = dict_getattr,
    .len = dict_len,
    .item = dict_item,
    .contains = dict_contains,
    .iter = dict_iter,
    .repr = dict_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = dict_compare,
    .plain = dict_plain,
};

struct service_held *service_dict(struct service_family *family, const struct bench_value *pairs,
                                  size_t npairs)
{
    struct dict *dict = service_family_object(family, sizeof(*dict), &dict_ops);
    if (dict == NULL)
        return NULL;
    dict->pairs = pairs;
    dict->count = npairs;
    return &dict->held;
}
