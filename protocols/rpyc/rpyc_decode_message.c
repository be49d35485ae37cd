/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode_internal.h"

/* ---- the head ---- */

static uint64_t take_u64(struct rpyc_skim *skim)
{
    uint64_t big;
    memcpy(&big, skim->at, sizeof(big));
    skim->at += sizeof(big);
    return be64toh(big);
}

static bool read_threads(struct rpyc_reading *r)
{
    if (rpyc_skim_left(&r->skim) <= RPYC_THREADS_BYTES)
        return false;
    r->sender = take_u64(&r->skim);
    r->receiver = take_u64(&r->skim);
    return true;
}

/* Both layouts, up to the body. */
static bool read_head(struct rpyc_reading *r)
{
    struct rpyc_skim *skim = &r->skim;
    int64_t type;
    if (rpyc_skim_peek(skim) == 0 && !read_threads(r))
        return false;
    const uint8_t first = rpyc_skim_peek(skim);
    if (first >= RPYC_REQUEST && first <= RPYC_EXCEPTION) {
        skim->at++;
        type = first;
        if (!rpyc_skim_tuple_of(skim, 2))
            return false;
    } else if (!rpyc_skim_tuple_of(skim, 3) || !rpyc_skim_int(skim, &type) || type < RPYC_REQUEST ||
               type > RPYC_EXCEPTION) {
        return false;
    }
    r->type = (enum rpyc_type)type;
    return rpyc_skim_number(skim, &r->seq);
}

bool rpyc_decode_is_message(const uint8_t *payload, size_t length)
{
    struct rpyc_reading r = {.skim = {payload, payload + length}};
    return read_head(&r) && rpyc_skim_skip(&r.skim) && r.skim.at == r.skim.end;
}

/* ---- answers ---- */

/* The head of a tuple: how many items it has, or 0 if it cannot have so many. */
static uint32_t read_items(struct rpyc_reading *r)
{
    uint32_t count;
    if (!rpyc_skim_tuple(&r->skim, &count))
        return 0;
    return r->frame->cut || count <= rpyc_skim_left(&r->skim) ? count : 0;
}

static void emit(struct rpyc_reading *r) { r->d->setup.fn(&r->event, r->d->setup.user); }

/* One object. */
static void decode_object(struct rpyc_reading *r, int64_t label, uint32_t result)
{
    struct bench_event *event = &r->event;
    struct rpyc_skim_ref ref;
    const bool mine = label == RPYC_REMOTE_REF;
    event->outcome = BENCH_OUTCOME_OBJECT;
    if (!rpyc_skim_ref(&r->skim, &ref)) {
        emit(r);
        return;
    }
    if (rpyc_decode_is_callable(&ref))
        event->outcome = BENCH_OUTCOME_CALLABLE;
    if (mine) {
        event->result = rpyc_decode_new_name(r, &ref, result);
    } else {
        const struct rpyc_object *object =
            r->d->setup.untracked
                ? NULL
                : rpyc_objects_find(&r->d->objects, rpyc_other(r->direction), &ref);
        event->result = object != NULL ? object->name : rpyc_decode_class_name(r->d, &ref);
    }
    emit(r);
    if (mine)
        rpyc_decode_hand_out(r, &ref, event->result);
}

/* Values and objects together: its items stand behind the label. */
static void decode_objects(struct rpyc_reading *r, uint32_t result, bool several)
{
    struct bench_event *event = &r->event;
    event->outcome = BENCH_OUTCOME_OBJECTS;
    if (result != BENCH_NAME_NONE && !several)
        result = rpyc_decode_step(r->d, result, event->class_name, BENCH_STEP_ITEM, "", 0);
    event->result = result;
    event->items = read_items(r);
    emit(r);
    if (r->d->setup.untracked)
        return;
    const struct rpyc_naming naming = {.name = result};
    for (uint32_t i = 0; i < event->items; i++)
        if (!rpyc_decode_hand_out_box(r, &naming))
            return;
}

static void decode_value(struct rpyc_reading *r, bool several)
{
    struct bench_event *event = &r->event;
    const uint8_t tag = rpyc_skim_peek(&r->skim);
    event->outcome = BENCH_OUTCOME_VALUE;
    if (event->verb == BENCH_VERB_NEXT && !several)
        event->items = 1;
    else if (tag == TAG_TUPLE_EMPTY || (tag >= TAG_TUPLE_1 && tag <= TAG_TUPLE_L4))
        event->items = read_items(r);
    if (several && event->items == 0)
        event->outcome = BENCH_OUTCOME_END;
    emit(r);
}

static void decode_reply(struct rpyc_reading *r, const struct rpyc_pending *pending)
{
    int64_t label = 0;
    r->event.kind = BENCH_EVENT_REPLY;
    r->event.outcome = BENCH_OUTCOME_VALUE;
    if (!rpyc_skim_tuple_of(&r->skim, 2) || !rpyc_skim_int(&r->skim, &label))
        label = 0;
    if (r->event.verb == BENCH_VERB_NEXT && !pending->several)
        r->event.items = 1;
    if (label == RPYC_REMOTE_REF || label == RPYC_LOCAL_REF)
        decode_object(r, label, pending->result);
    else if (label == RPYC_TUPLE)
        decode_objects(r, pending->result, pending->several);
    else if (label == RPYC_VALUE)
        decode_value(r, pending->several);
    else
        emit(r);
}

/* ((module, class), args, attributes, traceback), or 1: the end of an iteration. */
static void decode_exception(struct rpyc_reading *r)
{
    struct rpyc_decoder *d = r->d;
    struct rpyc_skim_ref type = {.name = "", .name_length = 0};
    const char *module;
    size_t length;
    uint32_t count;
    const uint8_t tag = rpyc_skim_peek(&r->skim);
    if (tag >= TAG_SMALL_FIRST && tag <= TAG_SMALL_LAST) {
        r->event.kind = BENCH_EVENT_REPLY;
        r->event.outcome = BENCH_OUTCOME_END;
        emit(r);
        return;
    }
    r->event.kind = BENCH_EVENT_ERROR;
    r->event.error = d->error;
    (void)memcpy(d->error, "exception", sizeof("exception"));
    if (rpyc_skim_tuple(&r->skim, &count) && count == 4 && rpyc_skim_tuple_of(&r->skim, 2) &&
        rpyc_skim_text(&r->skim, &module, &length) &&
        rpyc_skim_text(&r->skim, &type.name, &type.name_length))
        rpyc_decode_clean(d->error, sizeof(d->error), type.name, type.name_length);
    emit(r);
}

static void decode_answer(struct rpyc_reading *r)
{
    struct rpyc_pending pending = {0};
    if (rpyc_pendings_take(&r->d->pendings[rpyc_other(r->direction)], r->seq, &pending)) {
        r->event.id = pending.id;
        r->event.verb = pending.verb;
        r->event.name = pending.name;
        r->event.class_name = pending.class_name;
        r->event.reference = pending.reference;
    }
    r->event.process = r->frame->process;
    if (r->type == RPYC_REPLY)
        decode_reply(r, &pending);
    else
        decode_exception(r);
}

bool rpyc_decode_message(struct rpyc_decoder *d, enum bench_direction direction,
                         const struct rpyc_decode_frame *frame)
{
    struct rpyc_reading r;
    r.d = d;
    r.frame = frame;
    r.direction = direction;
    r.skim = (struct rpyc_skim){frame->payload, frame->payload + frame->length};
    r.seq = r.sender = r.receiver = 0;
    if (!read_head(&r))
        return false;
    r.event = (struct bench_event){
        .direction = direction,
        .time_ns = frame->begin_ns,
        .end_ns = frame->end_ns,
        .pause_ns = frame->pause_ns,
        .connection = d->setup.connection,
        .plain_bytes = frame->plain_bytes,
        .wire_bytes = frame->wire_bytes,
    };
    if (r.type == RPYC_REQUEST)
        rpyc_decode_request(&r);
    else
        decode_answer(&r);
    return true;
}
