/* SPDX-License-Identifier: MIT */
#include "service/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "service/service_internal.h"

#define FAMILY_BYTES ((size_t)64 << 20)

struct service_family {
    struct bench_arena arena;
    size_t uses;
};

/* ---- families ---- */

int service_family_new(struct service_family **out)
{
    struct service_family *family = calloc(1, sizeof(*family));
    if (family == NULL)
        return -ENOMEM;
    bench_arena_init(&family->arena, FAMILY_BYTES);
    *out = family;
    return 0;
}

void service_family_free(struct service_family *family)
{
    bench_arena_fini(&family->arena);
    free(family);
}

void *service_family_alloc(struct service_family *family, size_t n)
{
    return bench_arena_alloc(&family->arena, n > 0 ? n : 1);
}

void *service_family_object(struct service_family *family, size_t size,
                            const struct bench_object_ops *ops)
{
    struct service_held *held = service_family_alloc(family, size);
    if (held != NULL)
        *held = (struct service_held){.object.ops = ops, .family = family};
    return held;
}

void *service_derive(struct service_family *family, struct service_held *owner, size_t size,
                     const struct bench_object_ops *ops)
{
    struct service_held *held = calloc(1, size);
    if (held != NULL)
        *held =
            (struct service_held){.object.ops = ops, .family = family, .owner = owner, .own = true};
    return held;
}

static void use(struct service_held *held)
{
    for (; held != NULL; held = held->owner) {
        if (held->uses++ > 0)
            return;
        if (held->owner == NULL)
            held->family->uses++;
    }
}

static void unuse(struct service_held *held)
{
    while (held != NULL && --held->uses == 0) {
        struct service_held *owner = held->owner;
        struct service_family *family = held->family;
        if (held->own)
            free(held);
        if (owner == NULL && --family->uses == 0)
            service_family_free(family);
        held = owner;
    }
}

struct bench_value service_lend(struct service_held *held)
{
    if (!held->lent) {
        held->lent = true;
        use(held);
    }
    return (struct bench_value){.kind = BENCH_OBJECT, .object = &held->object};
}

struct bench_value service_lend_value(const struct bench_value *value)
{
    if (value->kind == BENCH_OBJECT && value->object->ops->release == service_release)
        return service_lend((struct service_held *)value->object);
    return *value;
}

void service_release(struct bench_object *object)
{
    struct service_held *held = (struct service_held *)object;
    if (held->lent) {
        held->lent = false;
        unuse(held);
    }
}

/* ---- methods ---- */

struct bound {
    struct service_held held;
    const struct service_method *method;
};

static int bound_call(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    const struct service_method *m = self->method;
    const size_t n = args->seq.count;
    if (kwargs != NULL && kwargs->seq.count > 0)
        return bench_raise(call, "TypeError", "%s() takes no keyword arguments", m->name);
    if (n < m->min || n > m->max)
        return bench_raise(call, "TypeError", "%s expected %s %zu argument%s, got %zu", m->name,
                           n < m->min ? "at least" : "at most", n < m->min ? m->min : m->max,
                           (n < m->min ? m->min : m->max) == 1 ? "" : "s", n);
    return m->call(self->held.owner, call, args->seq.items, n, out);
}

static int bound_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    const struct bench_value owner = {.kind = BENCH_OBJECT, .object = &self->held.owner->object};
    struct bench_buf text;
    bench_buf_init(&text, 512);
    int rc = bench_buf_printf(&text, "<built-in method %s of %s object>", self->method->name,
                              service_type_name(&owner));
    const size_t length = bench_buf_length(&text);
    const char *copy = rc < 0 ? NULL : bench_arena_copy(call->arena, bench_buf_head(&text), length);
    bench_buf_fini(&text);
    if (copy == NULL)
        return -ENOMEM;
    *out = bench_str_n(copy, length);
    return 0;
}

static const char *const bound_methods[] = {"__call__", NULL};

static const struct bench_object_ops bound_ops = {
    .type_name = "builtins.builtin_function_or_method",
    .method_names = bound_methods,
    .call = bound_call,
    .repr = bound_repr,
    .release = service_release,
};

int service_get_method(struct service_held *self, struct bench_call *call,
                       const struct service_method *methods, const char *name, size_t length,
                       struct bench_value *out)
{
    const struct bench_value owner = {.kind = BENCH_OBJECT, .object = &self->object};
    const struct service_method *m = methods;
    while (m->name != NULL && (strlen(m->name) != length || memcmp(m->name, name, length) != 0))
        m++;
    if (m->name == NULL)
        return bench_raise(call, "AttributeError", "'%s' object has no attribute '%.*s'",
                           service_type_name(&owner), (int)(length < 80 ? length : 80), name);
    struct bound *bound = service_derive(self->family, self, sizeof(*bound), &bound_ops);
    if (bound == NULL)
        return -ENOMEM;
    bound->method = m;
    *out = service_lend(&bound->held);
    return 0;
}

/* ---- iterators ---- */

struct iterator {
    struct service_held held;
    service_at_fn at;
    size_t next, count;
};

static int iterator_iter(struct bench_object *object, struct bench_call *call,
                         struct bench_value *out)
{
    (void)call;
    *out = service_lend((struct service_held *)object);
    return 0;
}

static int iterator_next(struct bench_object *object, struct bench_call *call,
                         struct bench_value *out)
{
    struct iterator *self = (struct iterator *)object;
    if (self->next >= self->count)
        return -ENODATA;
    const int rc = self->at(self->held.owner, call, self->next, out);
    if (rc == 0)
        self->next++;
    return rc;
}

/* Python's list() asks how much there is to come. */
static int iterator_length_hint(struct service_held *held, struct bench_call *call,
                                const struct bench_value *args, size_t nargs,
                                struct bench_value *out)
{
    const struct iterator *self = (const struct iterator *)held;
    (void)call;
    (void)args;
    (void)nargs;
    *out = bench_int((int64_t)(self->count - self->next));
    return 0;
}

static const struct service_method iterator_methods[] = {
    {"__length_hint__", 0, 0, iterator_length_hint},
    {NULL, 0, 0, NULL},
};

static int iterator_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                            size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, iterator_methods, name, length,
                              out);
}

static const char *const iterator_names[] = {"__length_hint__", NULL};

/* A table for each type: it is what tells classes apart. */
#define ITERATOR(name)                                                                             \
    {                                                                                              \
        .type_name = "builtins." name, .method_names = iterator_names,                             \
        .getattr = iterator_getattr, .iter = iterator_iter, .next = iterator_next,                 \
        .release = service_release,                                                                \
    }

static const struct bench_object_ops iterator_ops[] = {
    [SERVICE_LIST_ITERATOR] = ITERATOR("list_iterator"),
    [SERVICE_KEY_ITERATOR] = ITERATOR("dict_keyiterator"),
    [SERVICE_VALUE_ITERATOR] = ITERATOR("dict_valueiterator"),
    [SERVICE_ITEM_ITERATOR] = ITERATOR("dict_itemiterator"),
};

int service_iterate(struct service_held *owner, enum service_iterator type, service_at_fn at,
                    size_t count, struct bench_value *out)
{
    struct iterator *self =
        service_derive(owner->family, owner, sizeof(*self), &iterator_ops[type]);
    if (self == NULL)
        return -ENOMEM;
    self->at = at;
    self->count = count;
    *out = service_lend(&self->held);
    return 0;
}
