/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode_internal.h"

enum { NESTING_MAX = 100 }; /* tuples in each other */

static void emit_reference(const struct rpyc_reading *r, enum bench_event_kind kind,
                           const struct rpyc_object *object)
{
    const struct bench_event event = {
        .kind = kind,
        .direction = r->direction,
        .time_ns = r->frame->begin_ns,
        .end_ns = r->frame->end_ns,
        .connection = r->d->setup.connection,
        .id = r->event.id,
        .process = r->event.process,
        .name = object->name,
        .class_name = object->class_name,
        .reference = object->reference,
    };
    r->d->setup.fn(&event, r->d->setup.user);
}

uint32_t rpyc_decode_new_name(struct rpyc_reading *r, const struct rpyc_skim_ref *ref,
                              uint32_t name)
{
    if (r->d->setup.untracked)
        return rpyc_decode_class_name(r->d, ref);
    const struct rpyc_object *known = rpyc_objects_find(&r->d->objects, r->direction, ref);
    if (known != NULL)
        return known->name;
    if (name == BENCH_NAME_NONE || name == BENCH_NAME_OTHERS)
        return rpyc_decode_class_name(r->d, ref);
    return name;
}

void rpyc_decode_hand_out(struct rpyc_reading *r, const struct rpyc_skim_ref *ref, uint32_t name)
{
    struct rpyc_objects *objects = &r->d->objects;
    if (r->d->setup.untracked)
        return;
    struct rpyc_object *object = rpyc_objects_find(objects, r->direction, ref);
    if (object != NULL) {
        object->count++;
        return;
    }
    struct rpyc_object beyond = {0}; /* counted, not followed */
    object = rpyc_objects_add(objects, r->direction, ref);
    if (object == NULL)
        object = &beyond;
    object->count = 1;
    object->class_name = rpyc_decode_class_name(r->d, ref);
    object->name = name == BENCH_NAME_NONE || name == BENCH_NAME_OTHERS ? object->class_name : name;
    object->callable = rpyc_decode_is_callable(ref);
    if (name == r->d->root && rpyc_decode_is_slave(ref))
        object->special = RPYC_CLASSIC_ROOT;
    else if (name == r->d->modules)
        object->special = RPYC_GETMODULE;
    emit_reference(r, BENCH_EVENT_REFERENCE, object);
}

void rpyc_decode_give_back(struct rpyc_reading *r, const struct rpyc_skim_ref *ref, int64_t count)
{
    struct rpyc_objects *objects = &r->d->objects;
    struct rpyc_object *object = rpyc_objects_find(objects, rpyc_other(r->direction), ref);
    if (object == NULL || count <= 0)
        return;
    if ((uint64_t)count < object->count) {
        object->count -= (uint64_t)count;
        return;
    }
    if (!object->early)
        emit_reference(r, BENCH_EVENT_RELEASE, object);
    rpyc_objects_remove(objects, object);
}

static uint32_t new_name(struct rpyc_reading *r, const struct rpyc_naming *naming,
                         const struct rpyc_skim_ref *ref)
{
    if (!naming->argument)
        return naming->name;
    size_t length;
    const char *text = rpyc_decode_argument_name(ref, &length);
    return rpyc_decode_step(r->d, naming->name, BENCH_NAME_NONE, BENCH_STEP_ARGUMENT, text, length);
}

bool rpyc_decode_hand_out_box(struct rpyc_reading *r, const struct rpyc_naming *naming)
{
    uint32_t left[NESTING_MAX];
    unsigned depth = 0;
    struct rpyc_skim_ref ref;
    int64_t label;
    left[0] = 1;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0)
                return true;
            depth--;
        }
        left[depth]--;
        if (!rpyc_skim_tuple_of(&r->skim, 2) || !rpyc_skim_int(&r->skim, &label))
            return false;
        if (label == RPYC_REMOTE_REF) {
            if (!rpyc_skim_ref(&r->skim, &ref))
                return false;
            rpyc_decode_hand_out(r, &ref, new_name(r, naming, &ref));
        } else if (label == RPYC_TUPLE) {
            if (++depth == NESTING_MAX || !rpyc_skim_tuple(&r->skim, &left[depth]))
                return false;
        } else if (!rpyc_skim_skip(&r->skim)) {
            return false;
        }
    }
}
