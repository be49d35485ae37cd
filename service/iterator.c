/* SPDX-License-Identifier: MIT */
/* Iterators over lists, dicts, their views, and sets. */
#include <errno.h>

#include "service/objects.h"

struct iterator {
    struct service_held held;
    const struct service_walk *walk;
    size_t next, first_size;
    bool checked, done;
};

static int iterator_iter(struct bench_object *object, struct bench_call *call,
                         struct bench_value *out)
{
    (void)call;
    *out = service_lend((struct service_held *)object);
    return 0;
}

static const struct bench_object_ops iterator_ops[SERVICE_ITERATORS];

static bool is_iterator(const struct bench_object *object)
{
    return object->ops >= &iterator_ops[0] && object->ops < &iterator_ops[SERVICE_ITERATORS];
}

/* The next item, not lent. */
static int next_of(struct iterator *self, struct bench_call *call, struct bench_value *out)
{
    const size_t size = self->walk->size(self->held.owner);
    if (self->done)
        return -ENODATA;
    if (self->checked && size != self->first_size) {
        self->first_size = SIZE_MAX; /* it stays like that, as in Python */
        return bench_raise(
            call, "RuntimeError", "%s changed size during iteration",
            self->held.object.ops == &iterator_ops[SERVICE_SET_ITERATOR] ? "Set" : "dictionary");
    }
    if (self->next >= size) {
        self->done = true;
        return -ENODATA;
    }
    const int rc = self->walk->at(self->held.owner, call, self->next, out);
    if (rc == 0)
        self->next++;
    return rc;
}

static int iterator_next(struct bench_object *object, struct bench_call *call,
                         struct bench_value *out)
{
    const int rc = next_of((struct iterator *)object, call, out);
    if (rc == 0)
        *out = service_lend_value(out);
    return rc;
}

int service_each_of(struct bench_call *call, struct service_held *held, service_take_fn take,
                    void *user)
{
    struct bench_value made = {.kind = BENCH_OBJECT, .object = &held->object};
    int rc = is_iterator(&held->object) ? 0 : held->object.ops->iter(&held->object, call, &made);
    if (rc < 0)
        return rc;
    struct service_held *iterator = (struct service_held *)made.object;
    service_use(iterator); /* whatever the client does meanwhile */
    while (rc == 0) {
        struct bench_value item = bench_none();
        rc = is_iterator(made.object) ? next_of((struct iterator *)iterator, call, &item)
                                      : made.object->ops->next(made.object, call, &item);
        if (rc == 0)
            rc = take(user, call, &item);
        else if (rc == -ENODATA)
            break;
    }
    if (iterator != held)
        service_release(made.object);
    service_unuse(iterator);
    return rc == -ENODATA ? 0 : rc;
}

/* Python's list() asks how much there is to come. */
static int length_hint(struct service_held *held, struct bench_call *call,
                       const struct service_args *args, struct bench_value *out)
{
    const struct iterator *self = (const struct iterator *)held;
    const size_t size = self->walk->size(held->owner);
    const bool over =
        self->done || self->next >= size || (self->checked && size != self->first_size);
    (void)call;
    (void)args;
    *out = bench_int(over ? 0 : (int64_t)(size - self->next));
    return 0;
}

static const struct service_method methods[] = {
    {.name = "__length_hint__", .call = length_hint},
    {.name = NULL},
};

static int iterator_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                            size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, methods, name, length, out);
}

static const char *const names[] = {"__length_hint__", NULL};

/* A table for each type: it is what tells classes apart. */
#define ITERATOR(name)                                                                             \
    {                                                                                              \
        .type_name = "builtins." name, .method_names = names, .getattr = iterator_getattr,         \
        .iter = iterator_iter, .next = iterator_next, .release = service_release,                  \
    }

static const struct bench_object_ops iterator_ops[SERVICE_ITERATORS] = {
    [SERVICE_LIST_ITERATOR] = ITERATOR("list_iterator"),
    [SERVICE_KEY_ITERATOR] = ITERATOR("dict_keyiterator"),
    [SERVICE_VALUE_ITERATOR] = ITERATOR("dict_valueiterator"),
    [SERVICE_ITEM_ITERATOR] = ITERATOR("dict_itemiterator"),
    [SERVICE_SET_ITERATOR] = ITERATOR("set_iterator"),
};

int service_iterate(struct bench_call *call, struct service_held *owner, enum service_iterator type,
                    const struct service_walk *walk, struct bench_value *out)
{
    struct iterator *self = service_new(call, owner, sizeof(*self), &iterator_ops[type], NULL);
    if (self == NULL)
        return -EREMOTEIO;
    self->walk = walk;
    self->first_size = walk->size(owner);
    self->checked = type != SERVICE_LIST_ITERATOR;
    *out = service_lend(&self->held);
    return 0;
}
