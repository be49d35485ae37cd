/* SPDX-License-Identifier: MIT */
/*
 * Special methods: what Python looks up on an object's type, here members of its table. A client
 * calls them by name (CALLATTR), asks for them as attributes, and is told which there are.
 */
#include "protocols/rpyc/rpyc_special.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_root.h"

typedef int (*special_fn)(struct rpyc_peer *peer, struct bench_object *object,
                          const struct bench_value *args, struct bench_value *out);

struct rpyc_special {
    const char *name;
    size_t nargs;
    special_fn fn; /* NULL: never called by this name */
};

/* ---- what they do ---- */

static int special_len(struct rpyc_peer *peer, struct bench_object *object,
                       const struct bench_value *args, struct bench_value *out)
{
    size_t length = 0;
    (void)args;
    int rc = object->ops->len(object, &peer->call, &length);
    *out = bench_int((int64_t)length);
    return rc;
}

static int special_item(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    return object->ops->item(object, &peer->call, &args[0], out);
}

static int special_contains(struct rpyc_peer *peer, struct bench_object *object,
                            const struct bench_value *args, struct bench_value *out)
{
    bool inside = false;
    int rc = object->ops->contains(object, &peer->call, &args[0], &inside);
    *out = bench_bool(inside);
    return rc;
}

static int special_iter(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    (void)args;
    return object->ops->iter(object, &peer->call, out);
}

static int special_next(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    (void)args;
    return object->ops->next(object, &peer->call, out);
}

static int special_enter(struct rpyc_peer *peer, struct bench_object *object,
                         const struct bench_value *args, struct bench_value *out)
{
    (void)args;
    return object->ops->enter(object, &peer->call, out);
}

static int special_exit(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    return object->ops->exit(object, &peer->call, &args[0], out);
}

static int special_hash(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    (void)args;
    return rpyc_special_hash(peer, object, out);
}

static int special_repr(struct rpyc_peer *peer, struct bench_object *object,
                        const struct bench_value *args, struct bench_value *out)
{
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    (void)args;
    return rpyc_special_repr(peer, &value, out);
}

static int special_str(struct rpyc_peer *peer, struct bench_object *object,
                       const struct bench_value *args, struct bench_value *out)
{
    const struct bench_value value = {.kind = BENCH_OBJECT, .object = object};
    (void)args;
    return rpyc_special_str(peer, &value, out);
}

static int special_format(struct rpyc_peer *peer, struct bench_object *object,
                          const struct bench_value *args, struct bench_value *out)
{
    if (args[0].kind != BENCH_STR)
        return bench_raise(&peer->call, "TypeError", "__format__() argument must be str");
    if (args[0].text.length > 0)
        return bench_raise(&peer->call, "TypeError",
                           "unsupported format string passed to %s.__format__",
                           rpyc_short_name(object->ops->type_name));
    return special_str(peer, object, args, out);
}

#define COMPARISON(name, op)                                                                       \
    static int special_##name(struct rpyc_peer *peer, struct bench_object *object,                 \
                              const struct bench_value *args, struct bench_value *out)             \
    {                                                                                              \
        return rpyc_special_compare(peer, object, op, &args[0], out);                              \
    }
COMPARISON(eq, BENCH_EQ)
COMPARISON(ne, BENCH_NE)
COMPARISON(lt, BENCH_LT)
COMPARISON(le, BENCH_LE)
COMPARISON(gt, BENCH_GT)
COMPARISON(ge, BENCH_GE)

/* ---- the table ---- */

enum {
    CALL,
    LEN,
    ITEM,
    CONTAINS,
    ITER,
    NEXT,
    ENTER,
    EXIT, /* when the type has them */
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    HASH,
    REPR,
    STR,
    FORMAT, /* every type has these */
    COUNT
};

static const struct rpyc_special specials[COUNT] = {
    [CALL] = {"__call__", 0, NULL},
    [LEN] = {"__len__", 0, special_len},
    [ITEM] = {"__getitem__", 1, special_item},
    [CONTAINS] = {"__contains__", 1, special_contains},
    [ITER] = {"__iter__", 0, special_iter},
    [NEXT] = {"__next__", 0, special_next},
    [ENTER] = {"__enter__", 0, special_enter},
    [EXIT] = {"__exit__", 3, special_exit},
    [EQ] = {"__eq__", 1, special_eq},
    [NE] = {"__ne__", 1, special_ne},
    [LT] = {"__lt__", 1, special_lt},
    [LE] = {"__le__", 1, special_le},
    [GT] = {"__gt__", 1, special_gt},
    [GE] = {"__ge__", 1, special_ge},
    [HASH] = {"__hash__", 0, special_hash},
    [REPR] = {"__repr__", 0, special_repr},
    [STR] = {"__str__", 0, special_str},
    [FORMAT] = {"__format__", 1, special_format},
};

static bool has(const struct bench_object_ops *ops, size_t which)
{
    switch (which) {
    case CALL:
        return ops->call != NULL;
    case LEN:
        return ops->len != NULL;
    case ITEM:
        return ops->item != NULL;
    case CONTAINS:
        return ops->contains != NULL;
    case ITER:
        return ops->iter != NULL;
    case NEXT:
        return ops->next != NULL;
    case ENTER:
        return ops->enter != NULL;
    case EXIT:
        return ops->exit != NULL;
    default:
        return true;
    }
}

const struct rpyc_special *rpyc_special_find(const struct bench_object_ops *ops, const char *name,
                                             size_t n)
{
    if (n < 6 || name[0] != '_')
        return NULL;
    for (size_t i = 0; i < COUNT; i++)
        if (specials[i].fn && strlen(specials[i].name) == n &&
            memcmp(specials[i].name, name, n) == 0)
            return has(ops, i) ? &specials[i] : NULL;
    return NULL;
}

int rpyc_special_call(struct rpyc_peer *peer, const struct rpyc_special *special,
                      struct bench_object *object, const struct bench_value *args,
                      const struct bench_value *kwargs, struct bench_value *out)
{
    if (kwargs && kwargs->seq.count > 0)
        return bench_raise(&peer->call, "TypeError", "%s() takes no keyword arguments",
                           special->name);
    if (args->seq.count != special->nargs && special == &specials[ITEM] &&
        strncmp(object->ops->type_name, "builtins.", 9) == 0)
        return bench_raise(&peer->call, "TypeError",
                           "%s.__getitem__() takes exactly one argument (%zu given)",
                           rpyc_short_name(object->ops->type_name), args->seq.count);
    if (args->seq.count != special->nargs)
        return bench_raise(&peer->call, "TypeError", "expected %zu argument%s, got %zu",
                           special->nargs, special->nargs == 1 ? "" : "s", args->seq.count);
    return special->fn(peer, object, args->seq.items, out);
}

/* ---- as attributes ---- */

/* `obj.__len__`: made for one GETATTR, keeps its object alive. */
struct bound {
    struct bench_object object;
    struct rpyc_peer *peer;
    struct bench_object *target;
    const struct rpyc_special *special;
};

static int bound_call(struct bench_object *object, struct bench_call *call,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    (void)call;
    return rpyc_special_call(self->peer, self->special, self->target, args, kwargs, out);
}

static int bound_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct bound *self = (const struct bound *)object;
    struct bench_buf text;
    bench_buf_init(&text, 512);
    int rc = bench_buf_printf(&text, "<method-wrapper '%s' of %.200s object>", self->special->name,
                              rpyc_short_name(self->target->ops->type_name));
    const size_t n = bench_buf_length(&text);
    const char *copy = rc < 0 ? NULL : bench_arena_copy(call->arena, bench_buf_head(&text), n);
    bench_buf_fini(&text);
    if (!copy)
        return -ENOMEM;
    *out = bench_str_n(copy, n);
    return 0;
}

static void bound_release(struct bench_object *object)
{
    struct bound *self = (struct bound *)object;
    const struct bench_value target = {.kind = BENCH_OBJECT, .object = self->target};
    struct rpyc_refs *refs = &self->peer->refs;
    free(self);
    rpyc_refs_let_go(refs, &target);
}

static const struct bench_object_ops bound_ops = {
    .type_name = "builtins.method-wrapper",
    .call = bound_call,
    .repr = bound_repr,
    .release = bound_release,
};

int rpyc_special_bind(struct rpyc_peer *peer, const struct rpyc_special *special,
                      struct bench_object *object, struct bench_value *out)
{
    const struct bench_value target = {.kind = BENCH_OBJECT, .object = object};
    struct bound *self = malloc(sizeof(*self));
    if (!self || rpyc_refs_hold(&peer->refs, &target) < 0) {
        free(self);
        return -ENOMEM;
    }
    *self = (struct bound){{&bound_ops}, peer, object, special};
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &self->object};
    return 0;
}

/* ---- names ---- */

static size_t count_names(const char *const *names)
{
    size_t n = 0;
    while (names && names[n])
        n++;
    return n;
}

static int by_text(const void *a, const void *b)
{
    const struct bench_value *x = a, *y = b;
    const size_t least = x->text.length < y->text.length ? x->text.length : y->text.length;
    const int order = memcmp(x->text.data, y->text.data, least);
    return order ? order : (x->text.length > y->text.length) - (x->text.length < y->text.length);
}

/* Python keeps these to itself: a proxy has its own, which ask STR, CMP and so on. */
static bool is_local(size_t which) { return which >= EQ && which != FORMAT; }

/* What the root has, a Python service would have written as exposed_NAME. */
static int name_of(struct rpyc_peer *peer, const char *name, bool of_root, struct bench_value *out)
{
    static const char prefix[] = RPYC_ROOT_PREFIX;
    const size_t head = sizeof(prefix) - 1, n = strlen(name);
    *out = bench_str_n(name, n);
    if (!of_root)
        return 0;
    char *text = bench_arena_alloc(&peer->arena, head + n + 1);
    if (!text)
        return -ENOMEM;
    memcpy(text, prefix, head);
    memcpy(text + head, name, n);
    *out = bench_str_n(text, head + n);
    return 0;
}

int rpyc_special_names(struct rpyc_peer *peer, const struct bench_object_ops *ops, bool inspect,
                       struct bench_value *out)
{
    const bool of_root = peer->call.service->root(peer->call.service)->ops == ops;
    const size_t n = count_names(ops->method_names), total = n + COUNT + RPYC_ROOT_NAMES;
    struct bench_value *items = bench_arena_alloc(&peer->arena, total * sizeof(*items));
    struct bench_value *pairs = bench_arena_alloc(&peer->arena, 2 * total * sizeof(*pairs));
    if (!items || !pairs)
        return -ENOMEM;
    size_t used = 0;
    for (size_t i = 0; i < n + COUNT; i++) {
        if (i >= n && (!has(ops, i - n) || (inspect && (is_local(i - n) || i - n == EXIT))))
            continue;
        if (i >= n)
            items[used] = bench_str(specials[i - n].name);
        else if (name_of(peer, ops->method_names[i], of_root, &items[used]) < 0)
            return -ENOMEM;
        if (inspect) {
            const char *doc = i < n && ops->method_docs ? ops->method_docs[i] : NULL;
            pairs[2 * used] = items[used];
            pairs[2 * used + 1] = doc ? bench_str(doc) : bench_none();
            items[used] = bench_tuple(&pairs[2 * used], 2);
        }
        used++;
    }
    for (size_t i = 0; of_root && i < (inspect ? RPYC_ROOT_FUNCTIONS : RPYC_ROOT_NAMES); i++) {
        pairs[2 * used] = items[used] = bench_str(rpyc_root_names[i]);
        pairs[2 * used + 1] = bench_none();
        if (inspect)
            items[used] = bench_tuple(&pairs[2 * used], 2);
        used++;
    }
    if (!inspect)
        qsort(items, used, sizeof(*items), by_text);
    *out = bench_tuple(items, used);
    return 0;
}

/* ---- what also has a handler of its own ---- */

int rpyc_special_compare(struct rpyc_peer *peer, struct bench_object *object, enum bench_compare op,
                         const struct bench_value *other, struct bench_value *out)
{
    if (object->ops->compare)
        return object->ops->compare(object, &peer->call, op, other, out);
    const bool same = other->kind == BENCH_OBJECT && other->object == object;
    *out = same && (op == BENCH_EQ || op == BENCH_NE)
               ? bench_bool(op == BENCH_EQ)
               : (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    return 0;
}

int rpyc_special_hash(struct rpyc_peer *peer, struct bench_object *object, struct bench_value *out)
{
    int64_t hash = rpyc_refs_id(&peer->refs, object);
    int rc = object->ops->hash ? object->ops->hash(object, &peer->call, &hash) : 0;
    *out = bench_int(hash);
    return rc;
}

int rpyc_special_repr(struct rpyc_peer *peer, const struct bench_value *value,
                      struct bench_value *out)
{
    if (value->kind == BENCH_OBJECT && value->object->ops->repr)
        return value->object->ops->repr(value->object, &peer->call, out);
    struct bench_buf text;
    bench_buf_init(&text, RPYC_TEXT_MAX);
    int rc = bench_value_repr(value, &text);
    const char *copy = NULL;
    const size_t n = bench_buf_length(&text);
    if (rc == 0)
        copy = bench_arena_copy(&peer->arena, bench_buf_head(&text), n);
    bench_buf_fini(&text);
    if (!copy)
        return bench_raise(&peer->call, "MemoryError", "the text is too long");
    *out = bench_str_n(copy, n);
    return 0;
}

int rpyc_special_str(struct rpyc_peer *peer, const struct bench_value *value,
                     struct bench_value *out)
{
    if (value->kind == BENCH_OBJECT && value->object->ops->str)
        return value->object->ops->str(value->object, &peer->call, out);
    if (value->kind != BENCH_STR)
        return rpyc_special_repr(peer, value, out);
    *out = *value;
    return 0;
}

const char *rpyc_short_name(const char *type_name)
{
    const char *dot = strrchr(type_name, '.');
    return dot ? dot + 1 : type_name;
}
