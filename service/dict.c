/* SPDX-License-Identifier: MIT */
/* Dicts. */
#include "service/dict.h"

#include <errno.h>
#include <string.h>

#include "service/service_internal.h"

static const struct bench_object_ops dict_ops;

static bool is_dict(const struct bench_value *value)
{
    return value->kind == BENCH_OBJECT && value->object->ops == &dict_ops;
}

struct service_dict *service_dict_of(struct service_held *held)
{
    return (struct service_dict *)(held->object.ops == &dict_ops ? held : held->owner);
}

static struct service_table *table_of(struct service_held *held)
{
    return &((struct service_dict *)held)->table;
}

struct service_table *service_dict_table(struct bench_object *object)
{
    return object->ops == &dict_ops ? &((struct service_dict *)object)->table : NULL;
}

static void dict_empty(struct service_held *held)
{
    service_table_fini(held->store, table_of(held));
}

static struct service_held *new_dict(struct bench_call *call)
{
    return service_new(call, NULL, sizeof(struct service_dict), &dict_ops, dict_empty);
}

static int set_all(struct bench_call *call, struct service_held *dict,
                   const struct bench_value *pairs, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = service_table_set(call, table_of(dict), &pairs[2 * i], &pairs[2 * i + 1]);
    return rc;
}

struct service_held *service_dict(struct bench_call *call, const struct bench_value *pairs,
                                  size_t n)
{
    struct service_held *dict = new_dict(call);
    if (dict != NULL && set_all(call, dict, pairs, n) < 0) {
        service_discard(dict);
        return NULL;
    }
    return dict;
}

/* ---- looking ---- */

/* Its argument is the key itself. */
static int missing(struct bench_call *call, const struct bench_value *key)
{
    struct bench_value text = bench_none();
    int rc = service_repr(call, key, &text);
    if (rc < 0)
        return rc;
    rc = bench_raise(call, "KeyError", "%.*s",
                     (int)(text.text.length < 150 ? text.text.length : 150), text.text.data);
    struct bench_value *copy = bench_arena_alloc(call->arena, sizeof(*copy));
    if (copy == NULL)
        return rc;
    *copy = text; /* of what does not travel by value */
    if (key->kind == BENCH_OBJECT || bench_value_copy(call->arena, key, copy) == 0)
        call->exception.args = bench_tuple(copy, 1);
    return rc;
}

static int dict_item(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *key, struct bench_value *out)
{
    struct service_table *table = table_of((struct service_held *)object);
    size_t at = 0;
    const int rc = service_table_find(call, table, key, &at);
    if (rc < 0)
        return rc;
    if (at == SERVICE_MISSING)
        return missing(call, key);
    *out = service_lend_value(&table->pairs[2 * at + 1]);
    return 0;
}

static int dict_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = table_of((struct service_held *)object)->count;
    return 0;
}

int service_dict_contains(struct bench_object *object, struct bench_call *call,
                          const struct bench_value *item, bool *out)
{
    size_t at = 0;
    const int rc =
        service_table_find(call, &service_dict_of((struct service_held *)object)->table, item, &at);
    *out = at != SERVICE_MISSING;
    return rc;
}

static int dict_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    struct service_dict *self = (struct service_dict *)object;
    if (self->shown) {
        *out = bench_str("{...}");
        return 0;
    }
    self->shown = true;
    const int rc =
        service_repr_items(call, "{", self->table.pairs, 2 * self->table.count, true, "}", out);
    self->shown = false;
    return rc;
}

static int dict_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out)
{
    const struct bench_value own = {.kind = BENCH_OBJECT, .object = object};
    bool same = false;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (!is_dict(other) || (op != BENCH_EQ && op != BENCH_NE))
        return 0;
    const int rc = service_equal(call, &own, other, &same);
    *out = bench_bool(same == (op == BENCH_EQ));
    return rc;
}

static int dict_plain(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct service_table *table = table_of((struct service_held *)object);
    (void)call;
    *out = (struct bench_value){.kind = BENCH_DICT, .seq = {table->pairs, 2 * table->count}};
    return 0;
}

/* ---- changing ---- */

static int do_setitem(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    *out = bench_none();
    return service_table_set(call, table_of(self), &args->items[0], &args->items[1]);
}

static int do_delitem(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    size_t at = 0;
    *out = bench_none();
    const int rc = service_table_find(call, table_of(self), &args->items[0], &at);
    if (rc < 0)
        return rc;
    return at == SERVICE_MISSING ? missing(call, &args->items[0])
                                 : service_table_remove(call, table_of(self), at, NULL);
}

static int do_get(struct service_held *self, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    struct service_table *table = table_of(self);
    size_t at = 0;
    const int rc = service_table_find(call, table, &args->items[0], &at);
    if (rc == 0)
        *out = at != SERVICE_MISSING ? service_lend_value(&table->pairs[2 * at + 1])
               : args->count > 1     ? args->items[1]
                                     : bench_none();
    return rc;
}

static int do_setdefault(struct service_held *self, struct bench_call *call,
                         const struct service_args *args, struct bench_value *out)
{
    const struct bench_value none = bench_none();
    struct service_table *table = table_of(self);
    size_t at = 0;
    int rc = service_table_find(call, table, &args->items[0], &at);
    if (rc == 0 && at == SERVICE_MISSING) {
        rc = service_table_set(call, table, &args->items[0],
                               args->count > 1 ? &args->items[1] : &none);
        at = table->count - 1;
    }
    if (rc == 0)
        *out = service_lend_value(&table->pairs[2 * at + 1]);
    return rc;
}

static int do_pop(struct service_held *self, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    size_t at = 0;
    const int rc = service_table_find(call, table_of(self), &args->items[0], &at);
    if (rc < 0)
        return rc;
    if (at != SERVICE_MISSING)
        return service_table_remove(call, table_of(self), at, out);
    if (args->count == 1)
        return missing(call, &args->items[0]);
    *out = args->items[1];
    return 0;
}

static int do_popitem(struct service_held *self, struct bench_call *call,
                      const struct service_args *args, struct bench_value *out)
{
    struct service_table *table = table_of(self);
    struct bench_value *pair = bench_arena_alloc(call->arena, 2 * sizeof(*pair));
    (void)args;
    if (table->count == 0)
        return bench_raise(call, "KeyError", "popitem(): dictionary is empty");
    if (pair == NULL)
        return -ENOMEM;
    const size_t at = table->count - 1;
    (void)service_lend_value(&table->pairs[2 * at]);
    int rc = bench_value_copy(call->arena, &table->pairs[2 * at], &pair[0]);
    if (rc == 0)
        rc = service_table_remove(call, table, at, &pair[1]);
    *out = bench_tuple(pair, 2);
    return rc;
}

static int do_clear(struct service_held *self, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    (void)args;
    *out = bench_none();
    service_table_fini(call->store, table_of(self));
    return 0;
}

static int do_copy(struct service_held *self, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    const struct service_table *table = table_of(self);
    (void)args;
    struct service_held *copy = service_dict(call, table->pairs, table->count);
    if (copy == NULL)
        return -EREMOTEIO;
    *out = service_lend(copy);
    return 0;
}

/* ---- update ---- */

struct updating {
    struct service_held *dict;
    size_t number;                /* of the next pair */
    struct bench_object *mapping; /* whose keys come, or NULL: pairs come */
};

static int take_pair(void *user, struct bench_call *call, const struct bench_value *item)
{
    struct updating *self = user;
    struct service_items pair = {0};
    int rc = service_collect(call, item, &pair);
    if (rc == -EREMOTEIO && strcmp(call->exception.type, "TypeError") == 0)
        rc = bench_raise(call, "TypeError",
                         "cannot convert dictionary update sequence element #%zu to a sequence",
                         self->number);
    if (rc == 0 && pair.count != 2)
        rc = bench_raise(call, "ValueError",
                         "dictionary update sequence element #%zu has length %zu; 2 is required",
                         self->number, pair.count);
    if (rc == 0)
        rc = service_table_set(call, table_of(self->dict), &pair.items[0], &pair.items[1]);
    self->number++;
    service_items_fini(call->store, &pair);
    return rc;
}

static int take_key(void *user, struct bench_call *call, const struct bench_value *item)
{
    const struct updating *self = user;
    struct bench_value key, value = bench_none();
    int rc = service_put(call, item, &key); /* the next answer overwrites it */
    if (rc < 0)
        return rc;
    rc = self->mapping->ops->item(self->mapping, call, &key, &value);
    if (rc == 0)
        rc = service_table_set(call, table_of(self->dict), &key, &value);
    service_drop(call->store, &key);
    return rc;
}

/* What has a method `keys` is a mapping; only objects of the client are left to be asked. */
static int update_from_remote(struct bench_call *call, struct updating *self,
                              const struct bench_value *from)
{
    static const char name[] = "keys";
    const struct bench_value nothing = bench_tuple(NULL, 0);
    struct bench_object *object = from->object;
    struct bench_value keys = bench_none();
    if (object->ops->getattr == NULL || object->ops->item == NULL)
        return service_each(call, from, take_pair, self);
    int rc = object->ops->getattr(object, call, name, sizeof(name) - 1, &keys);
    if (rc == -EREMOTEIO && strcmp(call->exception.type, "AttributeError") == 0)
        return service_each(call, from, take_pair, self);
    if (rc == 0 && (keys.kind != BENCH_OBJECT || keys.object->ops->call == NULL))
        rc =
            bench_raise(call, "TypeError", "'%s' object is not callable", service_type_name(&keys));
    if (rc == 0)
        rc = keys.object->ops->call(keys.object, call, &nothing, NULL, &keys);
    self->mapping = object;
    return rc < 0 ? rc : service_each(call, &keys, take_key, self);
}

static int update(struct bench_call *call, struct service_held *dict,
                  const struct bench_value *from)
{
    struct updating self = {.dict = dict};
    if (is_dict(from) && from->object == &dict->object)
        return 0;
    if (is_dict(from)) {
        const struct service_table *table = table_of((struct service_held *)from->object);
        return set_all(call, dict, table->pairs, table->count);
    }
    if (from->kind == BENCH_OBJECT && from->object->ops->remote)
        return update_from_remote(call, &self, from);
    return service_each(call, from, take_pair, &self);
}

static int do_update(struct service_held *self, struct bench_call *call,
                     const struct service_args *args, struct bench_value *out)
{
    *out = bench_none();
    int rc = args->count > 0 ? update(call, self, &args->items[0]) : 0;
    for (size_t i = 0; rc == 0 && args->kwargs != NULL && i < args->kwargs->seq.count; i++)
        rc = set_all(call, self, args->kwargs->seq.items[i].seq.items, 1);
    return rc;
}

static int do_ior(struct service_held *self, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    const int rc = update(call, self, &args->items[0]);
    if (rc == 0)
        *out = service_lend(self);
    return rc;
}

static int join(struct bench_call *call, struct service_held *a, const struct bench_value *b,
                bool turned, struct bench_value *out)
{
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (!is_dict(b))
        return 0;
    struct service_held *other = (struct service_held *)b->object;
    const struct service_table *first = table_of(turned ? other : a);
    const struct service_table *second = table_of(turned ? a : other);
    struct service_held *both = service_dict(call, first->pairs, first->count);
    if (both == NULL)
        return -EREMOTEIO;
    if (set_all(call, both, second->pairs, second->count) < 0) {
        service_discard(both);
        return -EREMOTEIO;
    }
    *out = service_lend(both);
    return 0;
}

static int do_or(struct service_held *self, struct bench_call *call,
                 const struct service_args *args, struct bench_value *out)
{
    return join(call, self, &args->items[0], false, out);
}

static int do_ror(struct service_held *self, struct bench_call *call,
                  const struct service_args *args, struct bench_value *out)
{
    return join(call, self, &args->items[0], true, out);
}

/* ---- the table ---- */

static const struct service_method methods[] = {
    {.name = "__delitem__", .min = 1, .max = 1, .call = do_delitem},
    {.name = "__ior__", .min = 1, .max = 1, .call = do_ior},
    {.name = "__or__", .min = 1, .max = 1, .call = do_or},
    {.name = "__ror__", .min = 1, .max = 1, .call = do_ror},
    {.name = "__setitem__", .min = 2, .max = 2, .call = do_setitem},
    {.name = "clear", .call = do_clear},
    {.name = "copy", .call = do_copy},
    {.name = "get", .min = 1, .max = 2, .call = do_get},
    {.name = "items", .call = service_dict_items},
    {.name = "keys", .call = service_dict_keys},
    {.name = "pop", .min = 1, .max = 2, .call = do_pop},
    {.name = "popitem", .call = do_popitem},
    {.name = "setdefault", .min = 1, .max = 2, .call = do_setdefault},
    {.name = "update", .max = 1, .call = do_update, .keywords = true},
    {.name = "values", .call = service_dict_values},
    {.name = NULL},
};

static int dict_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                        size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, methods, name, length, out);
}

/* In the order of methods. */
static const char *const method_names[] = {
    "__delitem__", "__ior__", "__or__", "__ror__", "__setitem__", "clear",  "copy",   "get",
    "items",       "keys",    "pop",    "popitem", "setdefault",  "update", "values", NULL,
};
static const char *const method_docs[] = {
    "Delete self[key].",
    "Return self|=value.",
    "Return self|value.",
    "Return value|self.",
    "Set self[key] to value.",
    "Remove all items from the dict.",
    "Return a shallow copy of the dict.",
    "Return the value for key if key is in the dictionary, else default.",
    "Return a view of the dict's items.",
    "Return a view of the dict's keys.",
    "Remove the key and return its value.",
    "Remove and return the last (key, value) pair.",
    "Insert key with the default if it is not there; return its value.",
    "Take over pairs from a dict or an iterable.",
    "Return a view of the dict's values.",
};

static const struct bench_object_ops dict_ops = {
    .type_name = "builtins.dict",
    .method_names = method_names,
    .method_docs = method_docs,
    .getattr = dict_getattr,
    .len = dict_len,
    .item = dict_item,
    .contains = service_dict_contains,
    .iter = service_dict_iter,
    .repr = dict_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = dict_compare,
    .plain = dict_plain,
};
