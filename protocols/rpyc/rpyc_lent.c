/* SPDX-License-Identifier: MIT */
/*
 * The objects that the client lends: a root without attributes, a function, and during
 * upload_chunked a list of the pieces of op->tx with iterators over it. Each piece is one answer,
 * sent from where it lies.
 */
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

/* Ids with as many digits as Python's. No instance id comes twice on a connection. */
#define ID_BASE INT64_C(140000000000000)
#define ROOT_ID INT64_C(1)
#define SLAVE_ID INT64_C(2) /* the first of RPYC_SLAVE_OBJECTS */
/* Of the ids of one call; the calls are one behind the other. */
#define IDS (INT64_C(1) << 37)

enum { BUFFITER_BYTES = 16 << 20 }; /* of pieces in one answer; these are copied */

/* One row per kind. One table per kind as well: it is what the class of an object is known by. */
static const struct lent_class {
    const char *name;
    int64_t id; /* a function needs no INSPECT by its name, as the others but for the root */
    struct bench_object_ops ops;
    const char *methods[4];
} classes[] = {
    [RPYC_LENT_ROOT] = {"rpyc.core.service.VoidService",
                        1,
                        {.type_name = "rpyc.core.service.VoidService"},
                        {NULL}},
    [RPYC_LENT_SLAVE] = {"rpyc.core.service.FakeSlaveService",
                         2,
                         {.type_name = "rpyc.core.service.FakeSlaveService"},
                         {NULL}},
    [RPYC_LENT_SLAVE_METHOD] = {"builtins.method",
                                INT64_C(9757312),
                                {.type_name = "method"},
                                {"__call__", NULL}},
    [RPYC_LENT_MODULE] = {"builtins", INT64_C(9758016), {.type_name = "module"}, {NULL}},
    [RPYC_LENT_FUNCTION] = {"builtins.function",
                            INT64_C(9756960),
                            {.type_name = "function"},
                            {"__call__", NULL}},
    [RPYC_LENT_LIST] = {"builtins.list",
                        INT64_C(9759744),
                        {.type_name = "list"},
                        {"__getitem__", "__iter__", "__len__", NULL}},
    [RPYC_LENT_ITERATOR] = {"builtins.list_iterator",
                            INT64_C(9760832),
                            {.type_name = "list_iterator"},
                            {"__iter__", "__length_hint__", "__next__", NULL}},
    [RPYC_LENT_STALE] = {"", 0, {.type_name = "object"}, {NULL}},
};

const char *const *rpyc_lent_methods(enum rpyc_lent_kind kind) { return classes[kind].methods; }

const char *rpyc_lent_class(enum rpyc_lent_kind kind) { return classes[kind].ops.type_name; }

struct rpyc_lent_object *rpyc_lent_of(const struct bench_value *value)
{
    if (value->kind != BENCH_OBJECT)
        return NULL;
    for (size_t i = 0; i < BENCH_COUNT_OF(classes); i++)
        if (value->object->ops == &classes[i].ops)
            return (struct rpyc_lent_object *)value->object;
    return NULL;
}

/* ---- names ---- */

static struct rpyc_ref ref_of(enum rpyc_lent_kind kind, int64_t id)
{
    return (struct rpyc_ref){
        .name = bench_str(classes[kind].name),
        .class_id = bench_int(classes[kind].id),
        .instance_id = bench_int(id),
    };
}

static bool same_ref(const struct rpyc_ref *a, const struct rpyc_ref *b)
{
    return bench_value_equal(&a->instance_id, &b->instance_id) &&
           bench_value_equal(&a->class_id, &b->class_id) && bench_value_equal(&a->name, &b->name);
}

static bool is_kind(const struct rpyc_ref *ref, enum rpyc_lent_kind kind)
{
    const struct rpyc_ref expected = ref_of(kind, ref->instance_id.integer);
    return same_ref(ref, &expected);
}

static struct rpyc_lent_object *make(struct rpyc_lent_object *at, enum rpyc_lent_kind kind,
                                     int64_t id)
{
    *at = (struct rpyc_lent_object){.object.ops = &classes[kind].ops, .kind = kind, .id = id};
    return at;
}

static struct rpyc_lent_object *make_new(struct rpyc_lent_object *at, enum rpyc_lent_kind kind,
                                         struct rpyc_call *call)
{
    (void)make(at, kind, ID_BASE + IDS * (int64_t)call->index + call->lent.given++);
    at->call = call;
    return at;
}

/* The call that has lent what has that id; NULL: none. */
static struct rpyc_call *lender(const struct rpyc_client *c, int64_t id)
{
    const size_t index = id < ID_BASE ? SIZE_MAX : (size_t)((id - ID_BASE) / IDS);
    struct rpyc_call *call = index < c->calls.count ? c->calls.list[index] : NULL;
    return call && (id - ID_BASE) % IDS < call->lent.given ? call : NULL;
}

static struct rpyc_lent_object *find_slave(struct rpyc_lent *lent, const struct rpyc_ref *ref)
{
    struct rpyc_lent_object *object = &lent->slave[ref->instance_id.integer - SLAVE_ID];
    return object->count > 0 && is_kind(ref, object->kind) ? object : NULL;
}

/* The object with that name, be it gone; NULL: there never was one, or it was given back. */
static struct rpyc_lent_object *find(struct rpyc_client *c, const struct rpyc_ref *ref)
{
    if (ref->instance_id.kind != BENCH_INT)
        return NULL;
    const int64_t id = ref->instance_id.integer;
    if (id == ROOT_ID)
        return c->lent.root.count > 0 && is_kind(ref, c->lent.root.kind) ? &c->lent.root : NULL;
    if (id >= SLAVE_ID && id < SLAVE_ID + RPYC_SLAVE_OBJECTS)
        return find_slave(&c->lent, ref);
    struct rpyc_call *call = lender(c, id);
    if (!call)
        return NULL;
    struct rpyc_lending *lent = &call->lent;
    if (id == lent->function.id)
        return lent->function.count > 0 && is_kind(ref, RPYC_LENT_FUNCTION) ? &lent->function
                                                                           : NULL;
    const bool list = is_kind(ref, RPYC_LENT_LIST);
    if (!list && !is_kind(ref, RPYC_LENT_ITERATOR))
        return NULL;
    if (list && id == lent->list.id)
        return &lent->list;
    for (size_t i = 0; !list && i < RPYC_ITERATORS_MAX; i++)
        if (lent->iterators[i].id == id)
            return &lent->iterators[i];
    return make(&c->lent.stale, RPYC_LENT_STALE, id);
}

/* The server gives a list back when the op is over, and nothing is lent any more: that is fine. */
int rpyc_lent_find(struct rpyc_serving *s, const struct rpyc_ref *ref,
                   struct rpyc_lent_object **out)
{
    struct rpyc_client *c = s->c;
    *out = find(c, ref);
    if (*out && (*out)->call && (*out)->call->op)
        c->call = (*out)->call; /* the request is about that one */
    if (!*out || ((*out)->kind == RPYC_LENT_STALE && s->handler != RPYC_DEL))
        return bench_raise(&s->call, "KeyError", "no object has this reference");
    return 0;
}

int rpyc_lent_export(void *user, struct bench_object *object, struct rpyc_ref *ref)
{
    struct rpyc_lent_object *lent = (struct rpyc_lent_object *)object;
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    (void)user;
    if (!rpyc_lent_of(&value))
        return -EINVAL;
    lent->count++;
    *ref = ref_of(lent->kind, lent->id);
    return 0;
}

void rpyc_lent_give_back(struct rpyc_lent_object *object, int64_t count)
{
    if (count <= 0 || object->kind == RPYC_LENT_STALE)
        return;
    if (count < object->count) {
        object->count -= count;
        return;
    }
    object->count = 0;
    if (object->kind == RPYC_LENT_LIST || object->kind == RPYC_LENT_ITERATOR)
        object->id = 0;
}

/* ---- lending ---- */

struct bench_value rpyc_lent_root(struct rpyc_lent *lent)
{
    if (lent->root.id == 0)
        (void)make(&lent->root, lent->classic ? RPYC_LENT_SLAVE : RPYC_LENT_ROOT, ROOT_ID);
    return (struct bench_value){.kind = BENCH_OBJECT, .object = &lent->root.object};
}

struct bench_value rpyc_lent_slave(struct rpyc_lent *lent, enum rpyc_slave_object which)
{
    struct rpyc_lent_object *object = &lent->slave[which];
    if (object->id == 0)
        (void)make(object, which < RPYC_SLAVE_BUILTINS ? RPYC_LENT_SLAVE_METHOD : RPYC_LENT_MODULE,
                   SLAVE_ID + (int64_t)which);
    return (struct bench_value){.kind = BENCH_OBJECT, .object = &object->object};
}

static int lend(struct rpyc_client *c, struct rpyc_lent_object *object)
{
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = &object->object};
    return rpyc_write_box(&c->out.text, &value, rpyc_lent_export, NULL);
}

int rpyc_client_lend(struct rpyc_client *c, struct rpyc_call *call)
{
    return lend(c, make_new(&call->lent.list, RPYC_LENT_LIST, call));
}

/* One function for all ops that are one after the other, as a Python program would have defined it
 * once; those in flight together have one each, so that it is known whose work is done. */
int rpyc_client_lend_function(struct rpyc_client *c, struct rpyc_call *call,
                              const struct bench_buf *handle)
{
    struct rpyc_lending *lent = &call->lent;
    if (lent->function.id == 0)
        (void)make_new(&lent->function, RPYC_LENT_FUNCTION, call);
    lent->calling = true;
    lent->method = handle;
    return lend(c, &lent->function);
}

void rpyc_call_take_back(struct rpyc_call *call)
{
    struct rpyc_lending *lent = &call->lent;
    lent->calling = false;
    lent->method = NULL;
    lent->list.id = 0;
    for (size_t i = 0; i < RPYC_ITERATORS_MAX; i++)
        lent->iterators[i].id = 0;
}

/* ---- pieces ---- */

/* The op of a list's call is there while the list is. */
static size_t piece_size(const struct bench_op *op)
{
    return op->tx.chunk_size > 0 ? op->tx.chunk_size : op->tx.length;
}

static size_t piece_count(const struct bench_op *op)
{
    size_t size = piece_size(op);
    return op->tx.length > 0 ? (op->tx.length - 1) / size + 1 : 0;
}

static struct bench_value piece(const struct bench_op *op, size_t i)
{
    size_t size = piece_size(op), at = i * size, left = op->tx.length - at;
    return bench_bytes((const uint8_t *)op->tx.data + at, left < size ? left : size);
}

static int new_iterator(struct rpyc_serving *s, struct rpyc_call *call, struct bench_value *out)
{
    struct rpyc_lending *lent = &call->lent;
    for (size_t i = 0; i < RPYC_ITERATORS_MAX; i++) {
        if (lent->iterators[i].id != 0)
            continue;
        struct rpyc_lent_object *object =
            make_new(&lent->iterators[i], RPYC_LENT_ITERATOR, call);
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &object->object};
        return 0;
    }
    return bench_raise(&s->call, "MemoryError", "too many iterators are out");
}

static int item(struct rpyc_serving *s, const struct bench_op *op, const struct bench_value *args,
                struct bench_value *out)
{
    if (args->seq.count != 1 || args->seq.items[0].kind != BENCH_INT)
        return bench_raise(&s->call, "TypeError", "list indices must be integers");
    const int64_t count = (int64_t)piece_count(op);
    int64_t i = args->seq.items[0].integer;
    if (i < 0 && i >= -count)
        i += count;
    if (i < 0 || i >= count)
        return bench_raise(&s->call, "IndexError", "list index out of range");
    *out = piece(op, (size_t)i);
    return 0;
}

static int list_method(struct rpyc_serving *s, const struct rpyc_lent_object *list,
                       const char *name, const struct bench_value *args, struct bench_value *out)
{
    if (strcmp(name, "__getitem__") == 0)
        return item(s, list->call->op, args, out);
    if (strcmp(name, "__iter__") == 0)
        return new_iterator(s, list->call, out);
    *out = bench_int((int64_t)piece_count(list->call->op)); /* __len__ */
    return 0;
}

static int iterator_method(struct rpyc_lent_object *iterator, const char *name,
                           struct bench_value *out)
{
    const size_t count = piece_count(iterator->call->op);
    if (strcmp(name, "__iter__") == 0)
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &iterator->object};
    else if (strcmp(name, "__length_hint__") == 0)
        *out = bench_int((int64_t)(count - iterator->next));
    else if (iterator->next < count)
        *out = piece(iterator->call->op, iterator->next++);
    else
        return -ENODATA;
    return 0;
}

int rpyc_lent_call_method(struct rpyc_serving *s, struct rpyc_lent_object *object,
                          const char *name, const struct bench_value *args,
                          struct bench_value *out)
{
    return object->kind == RPYC_LENT_LIST ? list_method(s, object, name, args, out)
                                          : iterator_method(object, name, out);
}

/* Several pieces in one answer; fewer than were asked for when they are large. */
int rpyc_lent_buffiter(struct rpyc_serving *s, struct rpyc_lent_object *iterator, int64_t wanted,
                       struct bench_value *out)
{
    const struct bench_op *op = iterator->call->op;
    size_t left = piece_count(op) - iterator->next, n = 0, bytes = 0;
    if (wanted < 0 || (uint64_t)wanted < left)
        left = wanted < 0 ? 0 : (size_t)wanted;
    if (left > RPYC_BUFFITER_MAX)
        left = RPYC_BUFFITER_MAX;
    struct bench_value *items = bench_arena_alloc(&s->c->arena, (left + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    while (n < left && bytes < BUFFITER_BYTES) {
        items[n] = piece(op, iterator->next++);
        bytes += items[n++].text.length;
    }
    *out = bench_tuple(items, n);
    return 0;
}
