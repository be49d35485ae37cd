/* SPDX-License-Identifier: MIT */
/* The streaming operations: payloads that come or go piece by piece. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "service/objects.h"
#include "service/service.h"
#include "service/service_internal.h"

/* ---- what a caller gives to be iterated over ---- */

static int each_of_iterator(struct bench_call *call, struct bench_object *iterator,
                            service_take_fn take, void *user)
{
    if (iterator->ops->next == NULL)
        return bench_raise(call, "TypeError", "iter() returned non-iterator of type '%s'",
                           iterator->ops->type_name);
    int rc = 0;
    while (rc == 0) {
        struct bench_value item = bench_none();
        rc = iterator->ops->next(iterator, call, &item);
        if (rc == -ENODATA)
            return 0;
        if (rc == 0)
            rc = take(user, call, &item);
    }
    return rc;
}

static int each_of_object(struct bench_call *call, struct bench_object *object,
                          service_take_fn take, void *user)
{
    struct bench_value iterator = bench_none();
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    struct service_held *held = service_held_of(&value);
    if (object->ops->iter == NULL)
        return bench_raise(call, "TypeError", "'%s' object is not iterable",
                           service_type_name(&value));
    if (held != NULL)
        return service_each_of(call, held, take, user);
    int rc = object->ops->iter(object, call, &iterator);
    if (rc < 0)
        return rc;
    if (iterator.kind != BENCH_OBJECT)
        return bench_raise(call, "TypeError", "iter() returned non-iterator of type '%s'",
                           bench_service_kind_name(iterator.kind));
    rc = each_of_iterator(call, iterator.object, take, user);
    /* What the client answered may be an object of ours, which it still has. */
    if (iterator.object != object && iterator.object->ops->remote)
        iterator.object->ops->release(iterator.object);
    return rc;
}

int bench_service_for_each(struct bench_call *call, const struct bench_value *iterable,
                           service_take_fn take, void *user)
{
    int rc = 0;
    switch (iterable->kind) {
    case BENCH_TUPLE:
    case BENCH_LIST:
    case BENCH_FROZENSET:
        for (size_t i = 0; rc == 0 && i < iterable->seq.count; i++)
            rc = take(user, call, &iterable->seq.items[i]);
        return rc;
    case BENCH_OBJECT:
        return each_of_object(call, iterable->object, take, user);
    default:
        return bench_raise(call, "TypeError", "'%s' object is not iterable",
                           bench_service_kind_name(iterable->kind));
    }
}

/* ---- upload_chunked ---- */

static int add_piece(struct bench_call *call, const struct bench_value *piece, int64_t *total)
{
    if (piece->kind != BENCH_BYTES)
        return bench_raise(call, "TypeError", "a piece must be bytes, not %s",
                           bench_service_kind_name(piece->kind));
    if (piece->text.length > BENCH_PAYLOAD_MAX - (uint64_t)*total)
        return bench_raise(call, "ValueError", "the pieces are more than %" PRIu64 " bytes",
                           BENCH_PAYLOAD_MAX);
    *total += (int64_t)piece->text.length;
    return 0;
}

static int take_piece(void *user, struct bench_call *call, const struct bench_value *piece)
{
    return add_piece(call, piece, user);
}

int bench_service_take_pieces(struct bench_call *call, const struct bench_value *pieces,
                              int64_t *total)
{
    *total = 0;
    if (pieces->kind == BENCH_BYTES) /* evaluation: all of them in one, only the length matters */
        return add_piece(call, pieces, total);
    return bench_service_for_each(call, pieces, take_piece, total);
}

/* ---- download_chunked ---- */

enum { GENERATOR_TEXT = 64 };

/* What a Python service would write as a generator. */
struct generator {
    struct service_held held;
    int64_t offset, size, chunk_size;
};

static int generator_iter(struct bench_object *object, struct bench_call *call,
                          struct bench_value *out)
{
    (void)call;
    *out = service_lend((struct service_held *)object);
    return 0;
}

static int generator_next(struct bench_object *object, struct bench_call *call,
                          struct bench_value *out)
{
    struct generator *self = (struct generator *)object;
    const int64_t left = self->size - self->offset;
    if (left == 0)
        return -ENODATA;
    const int64_t length = left < self->chunk_size ? left : self->chunk_size;
    const int rc = bench_service_payload_piece(call, self->offset, length, out);
    if (rc == 0)
        self->offset += length;
    return rc;
}

static int generator_repr(struct bench_object *object, struct bench_call *call,
                          struct bench_value *out)
{
    char *text = bench_arena_alloc(call->arena, GENERATOR_TEXT);
    if (text == NULL)
        return -ENOMEM;
    const int n =
        snprintf(text, GENERATOR_TEXT, "<generator object _pieces at %p>", (void *)object);
    *out = bench_str_n(text, (size_t)n);
    return 0;
}

/* It does not look at what it is sent. */
static int do_send(struct service_held *held, struct bench_call *call,
                   const struct service_args *args, struct bench_value *out)
{
    const struct generator *self = (const struct generator *)held;
    if (self->offset == 0 && self->size > 0 && args->items[0].kind != BENCH_NONE)
        return bench_raise(call, "TypeError",
                           "can't send non-None value to a just-started generator");
    return generator_next(&held->object, call, out);
}

static int do_close(struct service_held *held, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    struct generator *self = (struct generator *)held;
    (void)call;
    (void)args;
    self->offset = self->size;
    *out = bench_none();
    return 0;
}

/* No value that a client can send is an exception here: not in Python's server either. */
static int do_throw(struct service_held *held, struct bench_call *call,
                    const struct service_args *args, struct bench_value *out)
{
    (void)held;
    (void)out;
    return bench_raise(call, "TypeError",
                       "exceptions must be classes or instances deriving from BaseException, "
                       "not %.120s",
                       service_type_name(&args->items[0]));
}

static const struct service_method generator_methods[] = {
    {.name = "close", .call = do_close},
    {.name = "send", .min = 1, .max = 1, .call = do_send},
    {.name = "throw", .min = 1, .max = 3, .call = do_throw},
    {.name = NULL},
};

static int generator_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                             size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, generator_methods, name, length,
                              out);
}

static const char *const generator_names[] = {"close", "send", "throw", NULL};

static const struct bench_object_ops generator_ops = {
    .type_name = "builtins.generator",
    .method_names = generator_names,
    .getattr = generator_getattr,
    .iter = generator_iter,
    .next = generator_next,
    .repr = generator_repr,
    .release = service_release,
};

int bench_service_give_pieces(struct bench_call *call, int64_t size, int64_t chunk_size,
                              struct bench_value *out)
{
    struct generator *self = service_new(call, NULL, sizeof(*self), &generator_ops, NULL);
    if (self == NULL)
        return -EREMOTEIO;
    self->size = size;
    self->chunk_size = chunk_size;
    *out = service_lend(&self->held);
    return 0;
}
