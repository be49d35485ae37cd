/* SPDX-License-Identifier: MIT */
/* Life and death of the service's objects, and their bound methods. */
#include "service/objects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "service/service_internal.h"

#define NO_ROOM "this connection's objects would hold more than %" PRIu64 " bytes"

/* ---- the store ---- */

bool service_charge(struct bench_call *call, size_t bytes)
{
    struct bench_store *store = call->store;
    if (store == NULL)
        return true;
    if (bytes > store->limit_bytes || store->used_bytes > store->limit_bytes - bytes) {
        (void)bench_raise(call, "MemoryError", NO_ROOM, store->limit_bytes);
        return false;
    }
    store->used_bytes += bytes;
    return true;
}

void service_uncharge(struct bench_store *store, size_t bytes)
{
    if (store != NULL)
        store->used_bytes -= bytes;
}

static void unlink_held(struct service_held *held)
{
    if (held->link == NULL)
        return;
    *held->link = held->next;
    if (held->next != NULL)
        held->next->link = held->link;
    held->link = NULL;
}

/* Objects that hold each other: first all let go of what they hold, then all go. */
static void end_store(struct bench_store *store)
{
    struct service_held *first = store->objects, *next;
    store->objects = NULL;
    store->end = NULL;
    for (struct service_held *held = first; held != NULL; held = held->next)
        if (held->empty != NULL)
            held->empty(held);
    for (struct service_held *held = first; held != NULL; held = next) {
        next = held->next;
        free(held);
    }
}

/* ---- life ---- */

void *service_new(struct bench_call *call, struct service_held *owner, size_t size,
                  const struct bench_object_ops *ops, void (*empty)(struct service_held *))
{
    if (!service_charge(call, size))
        return NULL;
    struct service_held *held = calloc(1, size);
    if (held == NULL) {
        service_uncharge(call->store, size);
        (void)bench_raise(call, "MemoryError", "%s", "");
        return NULL;
    }
    held->object.ops = ops;
    held->store = call->store;
    held->owner = owner;
    held->empty = empty;
    held->size = size;
    if (owner != NULL)
        service_use(owner);
    if (call->store == NULL)
        return held;
    call->store->end = end_store;
    held->next = call->store->objects;
    held->link = (struct service_held **)&call->store->objects;
    if (held->next != NULL)
        held->next->link = &held->next;
    call->store->objects = held;
    return held;
}

static void die(struct service_held *held)
{
    if (held->empty != NULL)
        held->empty(held);
    if (held->owner != NULL)
        service_unuse(held->owner);
    service_uncharge(held->store, held->size);
    free(held);
}

/* Chains of any length: who dies because of another one's death waits for it. Without a store
 * nothing can be put into anything, and chains are short. */
void service_discard(struct service_held *held)
{
    struct bench_store *store = held->store;
    if (held->uses > 0)
        return;
    if (store == NULL) {
        die(held);
        return;
    }
    if (store->end == NULL)
        return; /* it frees them all */
    unlink_held(held);
    held->next = store->dying;
    store->dying = held;
    if (store->busy)
        return;
    store->busy = true;
    while (store->dying != NULL) {
        held = store->dying;
        store->dying = held->next;
        die(held);
    }
    store->busy = false;
}

void service_use(struct service_held *held) { held->uses++; }

void service_unuse(struct service_held *held)
{
    if (--held->uses == 0)
        service_discard(held);
}

struct service_held *service_held_of(const struct bench_value *value)
{
    return value->kind == BENCH_OBJECT && value->object->ops->release == service_release
               ? (struct service_held *)value->object
               : NULL;
}

struct bench_value service_lend(struct service_held *held)
{
    if (!held->lent) {
        held->lent = true;
        service_use(held);
    }
    return (struct bench_value){.kind = BENCH_OBJECT, .object = &held->object};
}

struct bench_value service_lend_value(const struct bench_value *value)
{
    struct service_held *held = service_held_of(value);
    if (held != NULL)
        return service_lend(held);
    for (size_t i = 0; value->kind == BENCH_TUPLE && i < value->seq.count; i++)
        (void)service_lend_value(&value->seq.items[i]);
    return *value;
}

void service_release(struct bench_object *object)
{
    struct service_held *held = (struct service_held *)object;
    if (held->lent) {
        held->lent = false;
        service_unuse(held);
    }
}

/* ---- methods ---- */

struct bound {
    struct service_held held;
    const struct service_method *method;
};

/* Python has two ways to bind: "__setitem__" and the like are slots of the type. */
static bool is_slot(const struct service_method *method)
{
    return strncmp(method->name, "__", 2) == 0 && strcmp(method->name, "__length_hint__") != 0 &&
           strcmp(method->name, "__reversed__") != 0;
}

static int bad_count(const struct bound *self, struct bench_call *call, size_t n)
{
    const struct service_method *m = self->method;
    const struct bench_value owner = {.kind = BENCH_OBJECT, .object = &self->held.owner->object};
    const char *type = service_type_name(&owner);
    const size_t wanted = n < m->min ? m->min : m->max;
    const char *plural = wanted == 1 ? "" : "s";
    if (m->written)
        return bench_raise(call, "TypeError",
                           "%s.%s() takes 1 positional argument but %zu were given", type, m->name,
                           n + 1);
    if (is_slot(m))
        return bench_raise(call, "TypeError", "%sexpected %zu argument%s, got %zu",
                           wanted > 1 ? " " : "", wanted, plural, n); /* in those words */
    if (m->max == 0 && m->keywords)
        return bench_raise(call, "TypeError", "%s() takes no positional arguments", m->name);
    if (m->max == 0)
        return bench_raise(call, "TypeError", "%s.%s() takes no arguments (%zu given)", type,
                           m->name, n);
    if (m->min == 1 && m->max == 1)
        return bench_raise(call, "TypeError", "%s.%s() takes exactly one argument (%zu given)",
                           type, m->name, n);
    return bench_raise(call, "TypeError", "%s expected %s%zu argument%s, got %zu", m->name,
                       m->min == m->max ? ""
                       : n < m->min     ? "at least "
                                        : "at most ",
                       wanted, plural, n);
}

static int bound_call(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    const struct service_method *m = self->method;
    const struct bench_value owner = {.kind = BENCH_OBJECT, .object = &self->held.owner->object};
    const struct service_args all = {args->seq.items, args->seq.count,
                                     kwargs != NULL && kwargs->seq.count > 0 ? kwargs : NULL};
    if (all.kwargs != NULL && m->written) {
        const struct bench_value *name = &all.kwargs->seq.items[0].seq.items[0];
        return bench_raise(call, "TypeError", "%s.%s() got an unexpected keyword argument '%.*s'",
                           service_type_name(&owner), m->name,
                           (int)(name->text.length < 80 ? name->text.length : 80), name->text.data);
    }
    if (all.kwargs != NULL && !m->keywords)
        return is_slot(m) ? bench_raise(call, "TypeError",
                                        "wrapper %s() takes no keyword arguments", m->name)
                          : bench_raise(call, "TypeError", "%s.%s() takes no keyword arguments",
                                        service_type_name(&owner), m->name);
    if (all.count < m->min || all.count > m->max)
        return bad_count(self, call, all.count);
    return m->call(self->held.owner, call, &all, out);
}

static int bound_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    const struct bench_value owner = {.kind = BENCH_OBJECT, .object = &self->held.owner->object};
    struct bench_value shown = bench_none();
    struct bench_buf text;
    int rc = self->method->written ? service_repr(call, &owner, &shown) : 0;
    if (rc < 0)
        return rc;
    bench_buf_init(&text, 512);
    if (self->method->written)
        rc = bench_buf_printf(&text, "<bound method %s.%s of %.*s>", service_type_name(&owner),
                              self->method->name, (int)(shown.text.length & 0xff), shown.text.data);
    else
        rc = bench_buf_printf(&text,
                              is_slot(self->method) ? "<method-wrapper '%s' of %s object at %p>"
                                                    : "<built-in method %s of %s object at %p>",
                              self->method->name, service_type_name(&owner),
                              (void *)self->held.owner);
    const size_t length = bench_buf_length(&text);
    const char *copy = rc < 0 ? NULL : bench_arena_copy(call->arena, bench_buf_head(&text), length);
    bench_buf_fini(&text);
    if (copy == NULL)
        return -ENOMEM;
    *out = bench_str_n(copy, length);
    return 0;
}

static const struct bench_object_ops bound_ops = {
    .type_name = "builtins.builtin_function_or_method",
    .call = bound_call,
    .repr = bound_repr,
    .release = service_release,
};

static const struct bench_object_ops slot_ops = {
    .type_name = "builtins.method-wrapper",
    .call = bound_call,
    .repr = bound_repr,
    .release = service_release,
};

static const struct bench_object_ops written_ops = {
    .type_name = "builtins.method",
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
    struct bound *bound = service_new(call, self, sizeof(*bound),
                                      m->written   ? &written_ops
                                      : is_slot(m) ? &slot_ops
                                                   : &bound_ops,
                                      NULL);
    if (bound == NULL)
        return -EREMOTEIO;
    bound->method = m;
    *out = service_lend(&bound->held);
    return 0;
}
