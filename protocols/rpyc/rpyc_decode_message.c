/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode_internal.h"
#include "protocols/rpyc/rpyc_msg.h"

enum { NESTING_MAX = 100 };

#define TEXT(literal) (literal), sizeof(literal) - 1

/* One message, while it is looked at. */
struct reading {
    struct rpyc_decoder *d;
    const struct rpyc_decode_frame *frame;
    enum bench_direction direction;
    struct rpyc_skim skim;
    enum rpyc_type type;
    uint64_t seq, sender, receiver;
    struct bench_event event;
};

static enum bench_direction other(enum bench_direction direction)
{
    return direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
}

/* ---- the head ---- */

static uint64_t take_u64(struct rpyc_skim *skim)
{
    uint64_t big;
    memcpy(&big, skim->at, sizeof(big));
    skim->at += sizeof(big);
    return be64toh(big);
}

static bool read_threads(struct reading *r)
{
    if (rpyc_skim_left(&r->skim) <= RPYC_THREADS_BYTES)
        return false;
    r->sender = take_u64(&r->skim);
    r->receiver = take_u64(&r->skim);
    return true;
}

/* Both layouts, up to the body. */
static bool read_head(struct reading *r)
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
    struct reading r = {.skim = {payload, payload + length}};
    return read_head(&r) && rpyc_skim_skip(&r.skim) && r.skim.at == r.skim.end;
}

/* ---- objects that are handed out ---- */

static void emit_reference(const struct reading *r, enum bench_event_kind kind,
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

/* The name that an object of the sender gets, or has. */
static uint32_t name_of_new(struct reading *r, const struct rpyc_skim_ref *ref, uint32_t name)
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

/* An object of the sender went out, once more or for the first time. */
static void hand_out(struct reading *r, const struct rpyc_skim_ref *ref, uint32_t name)
{
    struct rpyc_objects *objects = &r->d->objects;
    if (r->d->setup.untracked)
        return;
    struct rpyc_object *object = rpyc_objects_find(objects, r->direction, ref);
    if (object != NULL) {
        object->count++;
        return;
    }
    object = rpyc_objects_add(objects, r->direction, ref);
    if (object == NULL)
        return;
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

static void give_back(struct reading *r, const struct rpyc_skim_ref *ref, int64_t count)
{
    struct rpyc_objects *objects = &r->d->objects;
    struct rpyc_object *object = rpyc_objects_find(objects, other(r->direction), ref);
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

/* How objects of a box are named that have no name yet: as what an answer gave, or as arguments. */
struct naming {
    uint32_t name; /* of the result, or of what is called */
    bool argument;
};

static uint32_t new_name(struct reading *r, const struct naming *naming,
                         const struct rpyc_skim_ref *ref)
{
    if (!naming->argument)
        return naming->name;
    size_t length;
    const char *text = rpyc_decode_argument_name(ref, &length);
    return rpyc_decode_step(r->d, naming->name, BENCH_NAME_NONE, BENCH_STEP_ARGUMENT, text, length);
}

/* Walks one box, whose head was not read, and hands out what objects it has. */
static bool hand_out_box(struct reading *r, const struct naming *naming)
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
            hand_out(r, &ref, new_name(r, naming, &ref));
        } else if (label == RPYC_TUPLE) {
            if (++depth == NESTING_MAX || !rpyc_skim_tuple(&r->skim, &left[depth]))
                return false;
        } else if (!rpyc_skim_skip(&r->skim)) {
            return false;
        }
    }
}

/* ---- requests ---- */

struct arguments {
    uint32_t left;
    bool boxed; /* each has a label of its own; else all are values */
};

static bool open_arguments(struct rpyc_skim *skim, struct arguments *arguments)
{
    int64_t label;
    arguments->left = 0;
    if (!rpyc_skim_tuple_of(skim, 2) || !rpyc_skim_int(skim, &label) ||
        (label != RPYC_VALUE && label != RPYC_TUPLE))
        return false;
    arguments->boxed = label == RPYC_TUPLE;
    return rpyc_skim_tuple(skim, &arguments->left);
}

/* The label of the next one; its value follows. False: there is none. */
static bool next_argument(struct rpyc_skim *skim, struct arguments *arguments, int64_t *label)
{
    *label = RPYC_VALUE;
    if (arguments->left == 0)
        return false;
    arguments->left--;
    return !arguments->boxed || (rpyc_skim_tuple_of(skim, 2) && rpyc_skim_int(skim, label));
}

/* A text, whatever its label says. */
static bool next_text(struct rpyc_skim *skim, struct arguments *arguments, const char **text,
                      size_t *length)
{
    int64_t label;
    return next_argument(skim, arguments, &label) && label == RPYC_VALUE &&
           rpyc_skim_text(skim, text, length);
}

/* What a request is about. */
struct subject {
    bool known; /* there is a reference */
    struct rpyc_skim_ref ref;
    uint32_t name, class_name;
    enum rpyc_special special;
};

/* Objects that were handed out before we came get a place without a history. */
static struct rpyc_object *find_or_add(struct rpyc_decoder *d, enum bench_direction owner,
                                       const struct rpyc_skim_ref *ref)
{
    struct rpyc_object *object = rpyc_objects_find(&d->objects, owner, ref);
    if (object != NULL)
        return object;
    object = rpyc_objects_add(&d->objects, owner, ref);
    if (object == NULL)
        return NULL;
    object->early = true;
    object->name = object->class_name = rpyc_decode_class_name(d, ref);
    object->callable = rpyc_decode_is_callable(ref);
    return object;
}

static void set_subject(struct reading *r, struct subject *subject, enum bench_direction owner)
{
    const struct rpyc_object *object = NULL;
    subject->known = true;
    if (!r->d->setup.untracked)
        object = find_or_add(r->d, owner, &subject->ref);
    if (object == NULL) {
        subject->name = subject->class_name = rpyc_decode_class_name(r->d, &subject->ref);
        return;
    }
    subject->name = object->name;
    subject->class_name = object->class_name;
    subject->special = object->special;
    r->event.reference = object->reference;
}

static bool read_subject(struct reading *r, struct arguments *arguments, struct subject *subject)
{
    int64_t label;
    subject->name = r->d->value;
    if (!next_argument(&r->skim, arguments, &label))
        return false;
    if (label != RPYC_LOCAL_REF && label != RPYC_REMOTE_REF)
        return rpyc_skim_skip(&r->skim);
    if (!rpyc_skim_ref(&r->skim, &subject->ref))
        return false;
    set_subject(r, subject, label == RPYC_LOCAL_REF ? other(r->direction) : r->direction);
    return true;
}

/* INSPECT's is a plain value. */
static bool read_inspected(struct reading *r, struct arguments *arguments, struct subject *subject)
{
    int64_t label;
    subject->name = r->d->value;
    if (!next_argument(&r->skim, arguments, &label) || !rpyc_skim_ref(&r->skim, &subject->ref))
        return false;
    set_subject(r, subject, other(r->direction));
    return true;
}

static uint32_t step(struct reading *r, const struct subject *subject, enum bench_name_step kind,
                     const char *text, size_t length)
{
    return rpyc_decode_step(r->d, subject->name, subject->class_name, kind, text, length);
}

/* What SlaveService has for the classic mode goes by the names that users write. */
static bool name_classic(struct reading *r, const char *text, size_t length)
{
    static const char *const tops[] = {"eval", "execute", "namespace"};
    struct bench_names *names = r->d->setup.names;
    if (length == strlen("getmodule") && memcmp(text, "getmodule", length) == 0) {
        r->event.name = r->d->modules;
        return true;
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(tops); i++)
        if (length == strlen(tops[i]) && memcmp(text, tops[i], length) == 0) {
            r->event.name = bench_names_step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, text, length);
            return true;
        }
    return false;
}

static void name_attribute(struct reading *r, struct arguments *arguments,
                           const struct subject *subject, struct rpyc_pending *pending)
{
    const char *text;
    size_t length;
    r->event.name = subject->name;
    if (!next_text(&r->skim, arguments, &text, &length))
        return;
    if (subject->special != RPYC_CLASSIC_ROOT || !name_classic(r, text, length))
        r->event.name = step(r, subject, BENCH_STEP_ATTRIBUTE, text, length);
    pending->result = r->event.name;
}

/* conn.modules.os: getmodule("os"). The arguments are looked at, not taken. */
static bool name_module(struct reading *r, const struct arguments *arguments)
{
    struct rpyc_skim skim = r->skim;
    struct arguments mine = *arguments;
    struct bench_names *names = r->d->setup.names;
    const char *text;
    size_t length;
    int64_t label;
    uint32_t count;
    if (!next_argument(&skim, &mine, &label) || label != RPYC_VALUE ||
        !rpyc_skim_tuple(&skim, &count) || count != 1 || !rpyc_skim_text(&skim, &text, &length))
        return false;
    if (length == strlen("builtins") && memcmp(text, "builtins", length) == 0)
        r->event.name = bench_names_step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, text, length);
    else
        r->event.name = bench_names_step(names, r->d->modules, BENCH_STEP_ATTRIBUTE, text, length);
    return true;
}

static void name_call(struct reading *r, struct arguments *arguments, const struct subject *subject,
                      struct rpyc_pending *pending)
{
    r->event.verb = BENCH_VERB_CALL;
    if (subject->special == RPYC_GETMODULE && name_module(r, arguments)) {
        r->event.verb = BENCH_VERB_GET; /* to the programmer it is an attribute, or an item */
        pending->result = r->event.name;
        return;
    }
    r->event.name = subject->name;
    pending->result = step(r, subject, BENCH_STEP_CALL, "", 0);
}

static void name_method(struct reading *r, struct arguments *arguments,
                        const struct subject *subject, struct rpyc_pending *pending)
{
    const char *text;
    size_t length;
    r->event.verb = BENCH_VERB_CALL;
    r->event.name = subject->name;
    if (!next_text(&r->skim, arguments, &text, &length))
        return;
    r->event.verb = rpyc_decode_method_verb(text, length);
    switch (r->event.verb) {
    case BENCH_VERB_NEXT:
    case BENCH_VERB_ITEM:
        r->event.name = step(r, subject, BENCH_STEP_ITEM, "", 0);
        pending->result = r->event.name;
        return;
    case BENCH_VERB_CALL:
        break;
    default:
        pending->result = subject->name;
        return;
    }
    if (length == strlen("__call__") && memcmp(text, "__call__", length) == 0) {
        pending->result = step(r, subject, BENCH_STEP_CALL, "", 0);
        return;
    }
    r->event.name = step(r, subject, BENCH_STEP_ATTRIBUTE, text, length);
    pending->result =
        rpyc_decode_step(r->d, r->event.name, subject->class_name, BENCH_STEP_CALL, "", 0);
}

static const enum bench_verb verbs[RPYC_HANDLERS] = {
    [RPYC_PING] = BENCH_VERB_PING,     [RPYC_CLOSE] = BENCH_VERB_CLOSE,
    [RPYC_GETROOT] = BENCH_VERB_ROOT,  [RPYC_GETATTR] = BENCH_VERB_GET,
    [RPYC_DELATTR] = BENCH_VERB_SET,   [RPYC_SETATTR] = BENCH_VERB_SET,
    [RPYC_CALL] = BENCH_VERB_CALL,     [RPYC_CALLATTR] = BENCH_VERB_CALL,
    [RPYC_REPR] = BENCH_VERB_TEXT,     [RPYC_STR] = BENCH_VERB_TEXT,
    [RPYC_CMP] = BENCH_VERB_TEXT,      [RPYC_HASH] = BENCH_VERB_TEXT,
    [RPYC_DIR] = BENCH_VERB_TEXT,      [RPYC_PICKLE] = BENCH_VERB_COPY,
    [RPYC_DEL] = BENCH_VERB_RELEASE,   [RPYC_INSPECT] = BENCH_VERB_DESCRIBE,
    [RPYC_BUFFITER] = BENCH_VERB_NEXT, [RPYC_OLDSLICING] = BENCH_VERB_ITEM,
    [RPYC_CTXEXIT] = BENCH_VERB_CALL,  [RPYC_INSTANCECHECK] = BENCH_VERB_OTHER,
};

/* Verb and name; takes the arguments up to those that may hand out objects. */
static void name_request(struct reading *r, int64_t handler, struct arguments *arguments,
                         struct subject *subject, struct rpyc_pending *pending)
{
    r->event.verb = verbs[handler];
    r->event.name = r->d->connection;
    if (handler == RPYC_PING || handler == RPYC_CLOSE)
        return;
    if (handler == RPYC_GETROOT) {
        r->event.name = pending->result = r->d->root;
        return;
    }
    if (!(handler == RPYC_INSPECT ? read_inspected : read_subject)(r, arguments, subject)) {
        r->event.name = subject->name;
        return;
    }
    r->event.class_name = subject->class_name;
    r->event.name = pending->result = subject->name;
    switch (handler) {
    case RPYC_GETATTR:
    case RPYC_SETATTR:
    case RPYC_DELATTR:
        name_attribute(r, arguments, subject, pending);
        return;
    case RPYC_CALL:
        name_call(r, arguments, subject, pending);
        return;
    case RPYC_CALLATTR:
        name_method(r, arguments, subject, pending);
        return;
    case RPYC_BUFFITER:
        pending->several = true;
        /* fall through */
    case RPYC_OLDSLICING:
        r->event.name = pending->result = step(r, subject, BENCH_STEP_ITEM, "", 0);
        return;
    case RPYC_CTXEXIT:
        r->event.name = step(r, subject, BENCH_STEP_ATTRIBUTE, TEXT("__exit__"));
        return;
    case RPYC_INSTANCECHECK:
        r->event.name = step(r, subject, BENCH_STEP_ATTRIBUTE, TEXT("__instancecheck__"));
        return;
    default:
        return;
    }
}

static void release(struct reading *r, struct arguments *arguments, const struct subject *subject)
{
    int64_t count = 1, label;
    if (!subject->known || r->d->setup.untracked)
        return;
    if (next_argument(&r->skim, arguments, &label) && !rpyc_skim_int(&r->skim, &count))
        return;
    give_back(r, &subject->ref, count);
}

static void hand_out_arguments(struct reading *r, struct arguments *arguments)
{
    const struct naming naming = {.name = r->event.name, .argument = true};
    if (!arguments->boxed || r->d->setup.untracked)
        return; /* all are values */
    while (arguments->left-- > 0)
        if (!hand_out_box(r, &naming))
            return;
}

static void decode_request(struct reading *r)
{
    struct rpyc_decoder *d = r->d;
    struct subject subject = {.known = false};
    struct arguments arguments = {0};
    struct rpyc_pending pending = {.seq = r->seq, .sender = r->sender};
    struct bench_event *event = &r->event;
    int64_t handler;
    event->kind = BENCH_EVENT_REQUEST;
    event->id = pending.id = ++d->ids;
    event->thread = r->sender != 0 ? r->sender : r->frame->thread;
    event->process = r->frame->process;
    event->place = r->frame->place;
    event->name = d->connection;
    if (r->receiver != 0)
        event->parent = rpyc_pendings_of_thread(&d->pendings[other(r->direction)], r->receiver);
    if (rpyc_skim_tuple_of(&r->skim, 2) && rpyc_skim_int(&r->skim, &handler) && handler > 0 &&
        handler < RPYC_HANDLERS && open_arguments(&r->skim, &arguments))
        name_request(r, handler, &arguments, &subject, &pending);
    event->unawaited = event->verb == BENCH_VERB_RELEASE || event->verb == BENCH_VERB_CLOSE;
    pending.verb = event->verb;
    pending.name = event->name;
    pending.class_name = event->class_name;
    pending.reference = event->reference;
    if (event->verb != BENCH_VERB_CLOSE)
        rpyc_pendings_add(&d->pendings[r->direction], &pending);
    d->setup.fn(event, d->setup.user);
    if (event->verb == BENCH_VERB_RELEASE)
        release(r, &arguments, &subject);
    else
        hand_out_arguments(r, &arguments);
}

/* ---- answers ---- */

static void emit(struct reading *r) { r->d->setup.fn(&r->event, r->d->setup.user); }

/* One object. */
static void decode_object(struct reading *r, int64_t label, uint32_t result)
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
        event->result = name_of_new(r, &ref, result);
    } else {
        const struct rpyc_object *object =
            r->d->setup.untracked ? NULL
                                  : rpyc_objects_find(&r->d->objects, other(r->direction), &ref);
        event->result = object != NULL ? object->name : rpyc_decode_class_name(r->d, &ref);
    }
    emit(r);
    if (mine)
        hand_out(r, &ref, event->result);
}

/* Values and objects together: its items stand behind the label. */
static void decode_objects(struct reading *r, uint32_t result, bool several)
{
    struct bench_event *event = &r->event;
    const struct rpyc_skim before = r->skim;
    event->outcome = BENCH_OUTCOME_OBJECTS;
    if (result != BENCH_NAME_NONE && !several)
        result = rpyc_decode_step(r->d, result, event->class_name, BENCH_STEP_ITEM, "", 0);
    event->result = result;
    if (!rpyc_skim_tuple(&r->skim, &event->items)) {
        r->skim = before;
        event->items = 0;
    }
    emit(r);
    if (r->d->setup.untracked)
        return;
    const struct naming naming = {.name = result};
    for (uint32_t i = 0; i < event->items; i++)
        if (!hand_out_box(r, &naming))
            return;
}

static void decode_value(struct reading *r, bool several)
{
    struct bench_event *event = &r->event;
    const uint8_t tag = rpyc_skim_peek(&r->skim);
    uint32_t count = 0;
    event->outcome = BENCH_OUTCOME_VALUE;
    if (event->verb == BENCH_VERB_NEXT && !several)
        event->items = 1;
    else if (tag == TAG_TUPLE_EMPTY || (tag >= TAG_TUPLE_1 && tag <= TAG_TUPLE_L4))
        event->items = rpyc_skim_tuple(&r->skim, &count) ? count : 0;
    if (several && event->items == 0)
        event->outcome = BENCH_OUTCOME_END;
    emit(r);
}

static void decode_reply(struct reading *r, const struct rpyc_pending *pending)
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
static void decode_exception(struct reading *r)
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

static void decode_answer(struct reading *r)
{
    struct rpyc_pending pending = {0};
    if (rpyc_pendings_take(&r->d->pendings[other(r->direction)], r->seq, &pending)) {
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
    struct reading r;
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
        decode_request(&r);
    else
        decode_answer(&r);
    return true;
}
