/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "protocols/rpyc/rpyc_decode_internal.h"

enum { ROOM_FIRST = 32 };

void rpyc_objects_init(struct rpyc_objects *objects, uint32_t limit)
{
    *objects =
        (struct rpyc_objects){.limit = limit, .unused = RPYC_NO_SLOT, .salt = rpyc_salt(objects)};
}

void rpyc_objects_fini(struct rpyc_objects *objects)
{
    free(objects->all);
    free(objects->slots);
    *objects = (struct rpyc_objects){0};
}

/* Ids are addresses, so their low bits say little. */
static uint32_t home(const struct rpyc_objects *objects, uint64_t class_id, uint64_t instance_id,
                     uint8_t owner)
{
    uint64_t mix = (instance_id ^ class_id << 1 ^ owner) * objects->salt;
    mix = (mix ^ mix >> 29 ^ class_id) * objects->salt;
    return (uint32_t)(mix >> 32) & objects->mask;
}

static uint32_t home_of(const struct rpyc_objects *objects, const struct rpyc_object *object)
{
    return home(objects, object->class_id, object->instance_id, object->owner);
}

static void enter(struct rpyc_objects *objects, uint32_t index)
{
    uint32_t at = home_of(objects, &objects->all[index]);
    while (objects->slots[at] != RPYC_NO_SLOT)
        at = (at + 1) & objects->mask;
    objects->slots[at] = index;
}

struct rpyc_object *rpyc_objects_find(struct rpyc_objects *objects, enum bench_direction owner,
                                      const struct rpyc_skim_ref *ref)
{
    if (objects->count == 0)
        return NULL;
    uint32_t at = home(objects, ref->class_id, ref->instance_id, (uint8_t)owner);
    for (; objects->slots[at] != RPYC_NO_SLOT; at = (at + 1) & objects->mask) {
        struct rpyc_object *object = &objects->all[objects->slots[at]];
        if (object->instance_id == ref->instance_id && object->class_id == ref->class_id &&
            object->owner == owner)
            return object;
    }
    return NULL;
}

static bool grow(struct rpyc_objects *objects)
{
    const uint32_t room = objects->room == 0 ? ROOM_FIRST : objects->room * 2;
    if (room > UINT32_MAX / 4)
        return false;
    struct rpyc_object *all = realloc(objects->all, room * sizeof(*all));
    if (all == NULL)
        return false;
    objects->all = all;
    uint32_t *slots = malloc((size_t)room * 2 * sizeof(*slots));
    if (slots == NULL)
        return false;
    /* None is free: it grows only then. */
    free(objects->slots);
    objects->slots = slots;
    objects->mask = room * 2 - 1;
    memset(slots, 0xff, (size_t)room * 2 * sizeof(*slots));
    for (uint32_t i = 0; i < objects->made; i++)
        enter(objects, i);
    objects->room = room;
    return true;
}

struct rpyc_object *rpyc_objects_add(struct rpyc_objects *objects, enum bench_direction owner,
                                     const struct rpyc_skim_ref *ref)
{
    uint32_t index = objects->unused;
    if (objects->count >= objects->limit)
        return NULL;
    if (index == RPYC_NO_SLOT && objects->made == objects->room && !grow(objects))
        return NULL;
    if (index == RPYC_NO_SLOT)
        index = objects->made++;
    else
        objects->unused = objects->all[index].unused;
    struct rpyc_object *object = &objects->all[index];
    *object = (struct rpyc_object){.class_id = ref->class_id,
                                   .instance_id = ref->instance_id,
                                   .reference = ++objects->references,
                                   .owner = (uint8_t)owner};
    enter(objects, index);
    objects->count++;
    return object;
}

void rpyc_objects_remove(struct rpyc_objects *objects, struct rpyc_object *object)
{
    const uint32_t index = (uint32_t)(object - objects->all);
    uint32_t hole = home_of(objects, object);
    while (objects->slots[hole] != index)
        hole = (hole + 1) & objects->mask;
    uint32_t at = hole;
    for (;;) {
        at = (at + 1) & objects->mask;
        if (objects->slots[at] == RPYC_NO_SLOT)
            break;
        const uint32_t from = home_of(objects, &objects->all[objects->slots[at]]);
        if (((at - from) & objects->mask) >= ((at - hole) & objects->mask)) {
            objects->slots[hole] = objects->slots[at];
            hole = at;
        }
    }
    objects->slots[hole] = RPYC_NO_SLOT;
    object->unused = objects->unused;
    objects->unused = index;
    objects->count--;
}
