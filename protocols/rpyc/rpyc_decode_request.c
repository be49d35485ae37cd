/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode_internal.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

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

static void set_subject(struct rpyc_reading *r, struct subject *subject, enum bench_direction owner)
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

static bool read_subject(struct rpyc_reading *r, struct arguments *arguments,
                         struct subject *subject)
{
    int64_t label;
    subject->name = r->d->value;
    if (!next_argument(&r->skim, arguments, &label))
        return false;
    if (label != RPYC_LOCAL_REF && label != RPYC_REMOTE_REF)
        return rpyc_skim_skip(&r->skim);
    if (!rpyc_skim_ref(&r->skim, &subject->ref))
        return false;
    set_subject(r, subject, label == RPYC_LOCAL_REF ? rpyc_other(r->direction) : r->direction);
    return true;
}

/* INSPECT's is a plain value. */
static bool read_inspected(struct rpyc_reading *r, struct arguments *arguments,
                           struct subject *subject)
{
    int64_t label;
    subject->name = r->d->value;
    if (!next_argument(&r->skim, arguments, &label) || !rpyc_skim_ref(&r->skim, &subject->ref))
        return false;
    set_subject(r, subject, rpyc_other(r->direction));
    return true;
}

static uint32_t step(struct rpyc_reading *r, const struct subject *subject,
                     enum bench_name_step kind, const char *text, size_t length)
{
    return rpyc_decode_step(r->d, subject->name, subject->class_name, kind, text, length);
}

/* What SlaveService has for the classic mode goes by the names that users write. */
static bool name_classic(struct rpyc_reading *r, const char *text, size_t length)
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

static void name_attribute(struct rpyc_reading *r, struct arguments *arguments,
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
static bool name_module(struct rpyc_reading *r, const struct arguments *arguments)
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

static void name_call(struct rpyc_reading *r, struct arguments *arguments,
                      const struct subject *subject, struct rpyc_pending *pending)
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

static void name_method(struct rpyc_reading *r, struct arguments *arguments,
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
static void name_request(struct rpyc_reading *r, int64_t handler, struct arguments *arguments,
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

static void release(struct rpyc_reading *r, struct arguments *arguments,
                    const struct subject *subject)
{
    int64_t count = 1, label;
    if (!subject->known || r->d->setup.untracked)
        return;
    if (next_argument(&r->skim, arguments, &label) && !rpyc_skim_int(&r->skim, &count))
        return;
    rpyc_decode_give_back(r, &subject->ref, count);
}

static void hand_out_arguments(struct rpyc_reading *r, struct arguments *arguments)
{
    const struct rpyc_naming naming = {.name = r->event.name, .argument = true};
    if (!arguments->boxed || r->d->setup.untracked)
        return; /* all are values */
    while (arguments->left-- > 0)
        if (!rpyc_decode_hand_out_box(r, &naming))
            return;
}

void rpyc_decode_request(struct rpyc_reading *r)
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
        event->parent =
            rpyc_pendings_of_thread(&d->pendings[rpyc_other(r->direction)], r->receiver);
    if (rpyc_skim_tuple_of(&r->skim, 2) && rpyc_skim_int(&r->skim, &handler) && handler > 0 &&
        handler < RPYC_HANDLERS && open_arguments(&r->skim, &arguments))
        name_request(r, handler, &arguments, &subject, &pending);
    event->unawaited = event->verb == BENCH_VERB_RELEASE || event->verb == BENCH_VERB_CLOSE;
    pending.verb = event->verb;
    pending.name = event->name;
    pending.class_name = event->class_name;
    pending.reference = event->reference;
    rpyc_pendings_add(&d->pendings[r->direction], &pending); /* some answer even CLOSE */
    d->setup.fn(event, d->setup.user);
    if (event->verb == BENCH_VERB_RELEASE)
        release(r, &arguments, &subject);
    else
        hand_out_arguments(r, &arguments);
}
