/* SPDX-License-Identifier: MIT */
/* What containers hold: copies of values on the heap, charged to the store of their session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/objects.h"
#include "service/service_internal.h"

/* Of an object of the client that stays: its name and what is known of its class. */
#define KEPT_BYTES ((size_t)1024)

static int no_memory(struct bench_call *call) { return bench_raise(call, "MemoryError", "%s", ""); }

/* ---- arrays ---- */

int service_room(struct bench_call *call, struct bench_value **items, size_t *room, size_t count)
{
    size_t wanted = *room + *room / 2;
    if (count <= *room)
        return 0;
    if (count > PTRDIFF_MAX / sizeof(**items))
        return no_memory(call);
    wanted = wanted < count ? count : wanted;
    wanted = wanted < 4 ? 4 : wanted;
    if (!service_charge(call, (wanted - *room) * sizeof(**items)))
        return -EREMOTEIO;
    struct bench_value *grown = realloc(*items, wanted * sizeof(*grown));
    if (grown == NULL) {
        service_uncharge(call->store, (wanted - *room) * sizeof(**items));
        return no_memory(call);
    }
    *items = grown;
    *room = wanted;
    return 0;
}

void service_free_room(struct bench_store *store, struct bench_value *items, size_t room)
{
    service_uncharge(store, room * sizeof(*items));
    free(items);
}

/* ---- single values ---- */

static bool has_text(const struct bench_value *value)
{
    return value->kind == BENCH_STR || value->kind == BENCH_BYTES || value->kind == BENCH_BIGINT;
}

static bool has_items(const struct bench_value *value)
{
    return value->kind == BENCH_TUPLE || value->kind == BENCH_FROZENSET ||
           value->kind == BENCH_SLICE;
}

static int put_text(struct bench_call *call, const struct bench_value *from, struct bench_value *to)
{
    if (!service_charge(call, from->text.length + 1))
        return -EREMOTEIO;
    char *copy = malloc(from->text.length + 1);
    if (copy == NULL) {
        service_uncharge(call->store, from->text.length + 1);
        return no_memory(call);
    }
    if (from->text.length > 0)
        memcpy(copy, from->text.data, from->text.length);
    copy[from->text.length] = '\0';
    *to = *from;
    to->text.data = copy;
    return 0;
}

static int put_items(struct bench_call *call, const struct bench_value *from,
                     struct bench_value *to)
{
    struct bench_value *items = NULL;
    size_t room = 0, done = 0;
    const size_t count = from->seq.count;
    int rc = service_room(call, &items, &room, count);
    /* The room of a tuple is what it counts; service_drop goes by that. */
    if (rc == 0 && room > count) {
        service_uncharge(call->store, (room - count) * sizeof(*items));
        room = count;
    }
    for (; rc == 0 && done < count; done += rc == 0)
        rc = service_put(call, &from->seq.items[done], &items[done]);
    if (rc < 0) {
        service_drop_all(call->store, items, done);
        service_free_room(call->store, items, room);
        return rc;
    }
    *to = *from;
    to->seq.items = items;
    return 0;
}

static int put_object(struct bench_call *call, const struct bench_value *from,
                      struct bench_value *to)
{
    struct bench_object *object = from->object;
    struct service_held *held = service_held_of(from);
    *to = *from;
    if (held != NULL) {
        service_use(held);
        return 0;
    }
    if (object->ops->keep == NULL)
        return object->ops->release == NULL
                   ? 0
                   : bench_raise(call, "TypeError", "a '%s' object cannot be stored here",
                                 service_type_name(from));
    if (!service_charge(call, KEPT_BYTES))
        return -EREMOTEIO;
    to->object = object->ops->keep(object);
    if (to->object != NULL)
        return 0;
    service_uncharge(call->store, KEPT_BYTES);
    return no_memory(call);
}

int service_put(struct bench_call *call, const struct bench_value *from, struct bench_value *to)
{
    if (has_text(from))
        return put_text(call, from, to);
    if (has_items(from))
        return put_items(call, from, to);
    if (from->kind == BENCH_OBJECT)
        return put_object(call, from, to);
    *to = *from;
    return 0;
}

void service_drop(struct bench_store *store, const struct bench_value *value)
{
    struct service_held *held = service_held_of(value);
    if (has_text(value)) {
        service_uncharge(store, value->text.length + 1);
        free((void *)(uintptr_t)value->text.data);
    } else if (has_items(value)) {
        service_drop_all(store, value->seq.items, value->seq.count);
        service_free_room(store, (struct bench_value *)(uintptr_t)value->seq.items,
                          value->seq.count);
    } else if (held != NULL) {
        service_unuse(held);
    } else if (value->kind == BENCH_OBJECT && value->object->ops->keep != NULL) {
        service_uncharge(store, KEPT_BYTES);
        value->object->ops->release(value->object);
    }
}

void service_drop_all(struct bench_store *store, const struct bench_value *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        service_drop(store, &items[i]);
}

int service_take_out(struct bench_call *call, const struct bench_value *value,
                     struct bench_value *out)
{
    (void)service_lend_value(value);
    const int rc = bench_value_copy(call->arena, value, out);
    service_drop(call->store, value);
    return rc;
}

/* ---- several ---- */

int service_append(struct bench_call *call, struct service_items *items,
                   const struct bench_value *item)
{
    struct bench_value own;
    int rc = service_put(call, item, &own);
    if (rc < 0)
        return rc;
    rc = service_room(call, &items->items, &items->room, items->count + 1);
    if (rc < 0)
        service_drop(call->store, &own);
    else
        items->items[items->count++] = own;
    return rc;
}

void service_items_fini(struct bench_store *store, struct service_items *items)
{
    const struct service_items old = *items;
    *items = (struct service_items){0};
    service_drop_all(store, old.items, old.count);
    service_free_room(store, old.items, old.room);
}

static int each_character(struct bench_call *call, const struct bench_value *text,
                          service_take_fn take, void *user)
{
    const char *at = text->text.data;
    size_t left = text->text.length;
    int rc = 0;
    while (rc == 0 && left > 0) {
        size_t n = text->kind == BENCH_STR ? bench_utf8_length((const uint8_t *)at, left) : 1;
        n = n == 0 ? 1 : n;
        const struct bench_value item =
            text->kind == BENCH_STR ? bench_str_n(at, n) : bench_int((uint8_t)*at);
        rc = take(user, call, &item);
        at += n;
        left -= n;
    }
    return rc;
}

int service_each(struct bench_call *call, const struct bench_value *iterable, service_take_fn take,
                 void *user)
{
    if (iterable->kind == BENCH_STR || iterable->kind == BENCH_BYTES)
        return each_character(call, iterable, take, user);
    return bench_service_for_each(call, iterable, take, user);
}

static int take_item(void *user, struct bench_call *call, const struct bench_value *item)
{
    return service_append(call, user, item);
}

int service_collect(struct bench_call *call, const struct bench_value *iterable,
                    struct service_items *items)
{
    return service_each(call, iterable, take_item, items);
}
