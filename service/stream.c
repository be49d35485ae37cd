/* SPDX-License-Identifier: MIT */
/* The streaming operations: payloads that come or go piece by piece. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "service/service.h"
#include "service/service_internal.h"

/* ---- what a caller gives to be iterated over ---- */

typedef int (*take_fn)(void *user, struct bench_call *call, const struct bench_value *item);

static int each_of_iterator(struct bench_call *call, struct bench_object *iterator, take_fn take,
                            void *user)
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

static int each_of_object(struct bench_call *call, struct bench_object *object, take_fn take,
                          void *user)
{
    struct bench_value iterator = bench_none();
    if (object->ops->iter == NULL)
        return bench_raise(call, "TypeError", "'%s' object is not iterable",
                           object->ops->type_name);
    int rc = object->ops->iter(object, call, &iterator);
    if (rc < 0)
        return rc;
    if (iterator.kind != BENCH_OBJECT)
        return bench_raise(call, "TypeError", "iter() returned non-iterator of type '%s'",
                           bench_service_kind_name(iterator.kind));
    rc = each_of_iterator(call, iterator.object, take, user);
    if (iterator.object != object && iterator.object->ops->release != NULL)
        iterator.object->ops->release(iterator.object);
    return rc;
}

int bench_service_for_each(struct bench_call *call, const struct bench_value *iterable,
                           take_fn take, void *user)
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

/* What a Python service would write as a generator. Made for one call, used by one session. */
struct generator {
    struct bench_object object;
    int64_t offset, size, chunk_size;
};

static int generator_iter(struct bench_object *object, struct bench_call *call,
                          struct bench_value *out)
{
    (void)call;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = object};
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

static void generator_release(struct bench_object *object) { free(object); }

static const struct bench_object_ops generator_ops = {
    .type_name = "builtins.generator",
    .iter = generator_iter,
    .next = generator_next,
    .release = generator_release,
};

int bench_service_give_pieces(int64_t size, int64_t chunk_size, struct bench_value *out)
{
    struct generator *self = malloc(sizeof(*self));
    if (self == NULL)
        return -ENOMEM;
    *self = (struct generator){
        .object.ops = &generator_ops,
        .size = size,
        .chunk_size = chunk_size,
    };
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &self->object};
    return 0;
}
