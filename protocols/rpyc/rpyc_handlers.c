/* SPDX-License-Identifier: MIT */
/* The handlers themselves: RPyC's numbers onto struct bench_object_ops. */
#include "protocols/rpyc/rpyc_handlers.h"

#include <errno.h>
#include <string.h>

enum {
    BUFFITER_MAX = 10000, /* items of one answer; Python asks for 1000 at most */
    BUFFITER_BYTES = 64 << 20, /* of byte strings; then it answers with what it has */
    SPECIALS = 7,         /* special methods that an object can have */
};

static int no_attribute(struct rpyc_peer *peer, const char *type_name, const char *name, size_t n)
{
    return bench_raise(&peer->call, "AttributeError", "'%s' object has no attribute '%.*s'",
                       type_name, n > 100 ? 100 : (int)n, name);
}

/* An argument that has to be an object of ours. */
static int need_object(struct rpyc_peer *peer, const struct bench_value *arg,
                       struct bench_object **out)
{
    if (arg->kind != BENCH_OBJECT || rpyc_proxy_of(arg))
        return bench_raise(&peer->call, "TypeError", "the target is not an object of this server");
    *out = arg->object;
    return 0;
}

/* The name of an attribute; Python 2 sends bytes. exposed_x and x mean the same. */
static int need_name(struct rpyc_peer *peer, const struct bench_value *arg, const char **name,
                     size_t *n)
{
    static const char prefix[] = "exposed_";
    if (arg->kind != BENCH_STR && arg->kind != BENCH_BYTES)
        return bench_raise(&peer->call, "TypeError", "attribute name must be str or bytes");
    *name = arg->text.data;
    *n = arg->text.length;
    if (*n > sizeof(prefix) - 1 && memcmp(*name, prefix, sizeof(prefix) - 1) == 0) {
        *name += sizeof(prefix) - 1;
        *n -= sizeof(prefix) - 1;
    }
    return 0;
}

static int get_attribute(struct rpyc_peer *peer, struct bench_object *object,
                         const struct bench_value *name_arg, struct bench_value *out)
{
    const char *name = NULL;
    size_t n = 0;
    int rc = need_name(peer, name_arg, &name, &n);
    if (rc < 0)
        return rc;
    if (!object->ops->getattr)
        return no_attribute(peer, object->ops->type_name, name, n);
    return object->ops->getattr(object, &peer->call, name, n, out);
}

/* ---- calling ---- */

static bool good_kwargs(const struct bench_value *kwargs)
{
    if (kwargs->kind != BENCH_TUPLE)
        return false;
    for (size_t i = 0; i < kwargs->seq.count; i++) {
        const struct bench_value *pair = &kwargs->seq.items[i];
        if (pair->kind != BENCH_TUPLE || pair->seq.count != 2 ||
            pair->seq.items[0].kind != BENCH_STR)
            return false;
    }
    return true;
}

static int call_value(struct rpyc_peer *peer, const struct bench_value *target,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    struct bench_object *object = NULL;
    int rc = need_object(peer, target, &object);
    if (rc < 0)
        return rc;
    if (!object->ops->call)
        return bench_raise(&peer->call, "TypeError", "'%s' object is not callable",
                           object->ops->type_name);
    if (args->kind != BENCH_TUPLE || (kwargs && !good_kwargs(kwargs)))
        return bench_raise(&peer->call, "TypeError",
                           "arguments must be a tuple and a tuple of (name, value)");
    if (kwargs && kwargs->seq.count == 0)
        kwargs = NULL;
    return object->ops->call(object, &peer->call, args, kwargs, out);
}

static int handle_call(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    return call_value(peer, &args[0], &args[1], nargs > 2 ? &args[2] : NULL, out);
}

/* ---- special methods, which are members of the table instead of attributes ---- */

typedef int (*special_fn)(struct rpyc_peer *peer, struct bench_object *object,
                          const struct bench_value *args, struct bench_value *out);

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

struct special {
    const char *name;
    size_t nargs;
    special_fn fn;
    bool there;
};

/* The special methods of a type, SPECIALS rows. */
static void specials_of(const struct bench_object_ops *ops, struct special *rows)
{
    const struct special all[SPECIALS] = {
        {"__call__", 0, NULL, ops->call != NULL}, /* handled as a call */
        {"__len__", 0, special_len, ops->len != NULL},
        {"__getitem__", 1, special_item, ops->item != NULL},
        {"__contains__", 1, special_contains, ops->contains != NULL},
        {"__iter__", 0, special_iter, ops->iter != NULL},
        {"__next__", 0, special_next, ops->next != NULL},
        {"next", 0, special_next, ops->next != NULL}, /* Python 2's name */
    };
    memcpy(rows, all, sizeof(all));
}

static const struct special *find_special(const struct special *rows,
                                          const struct bench_value *name)
{
    if (name->kind != BENCH_STR && name->kind != BENCH_BYTES)
        return NULL;
    for (size_t i = 0; i < SPECIALS; i++)
        if (rows[i].there && strlen(rows[i].name) == name->text.length &&
            memcmp(rows[i].name, name->text.data, name->text.length) == 0)
            return &rows[i];
    return NULL;
}

static int handle_callattr(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                           struct bench_value *out)
{
    struct special rows[SPECIALS];
    struct bench_object *object = NULL;
    struct bench_value method;
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    const struct bench_value *kwargs = nargs > 3 ? &args[3] : NULL;
    specials_of(object->ops, rows);
    const struct special *special = find_special(rows, &args[1]);
    if (special && !special->fn)
        return call_value(peer, &args[0], &args[2], kwargs, out);
    if (special) {
        if (args[2].kind != BENCH_TUPLE || args[2].seq.count != special->nargs)
            return bench_raise(&peer->call, "TypeError", "%s takes %zu arguments", special->name,
                               special->nargs);
        return special->fn(peer, object, args[2].seq.items, out);
    }
    rc = get_attribute(peer, object, &args[1], &method);
    return rc < 0 ? rc : call_value(peer, &method, &args[2], kwargs, out);
}

/* ---- the small ones ---- */

static int handle_ping(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    (void)peer;
    (void)nargs;
    *out = args[0];
    return 0;
}

static int handle_close(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                        struct bench_value *out)
{
    (void)peer;
    (void)args;
    (void)nargs;
    (void)out;
    return -ESHUTDOWN;
}

static int handle_getroot(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    const struct bench_service *service = peer->call.service;
    (void)args;
    (void)nargs;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = service->root(service)};
    return 0;
}

static int handle_getattr(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    int rc = need_object(peer, &args[0], &object);
    return rc < 0 ? rc : get_attribute(peer, object, &args[1], out);
}

/* DELATTR and SETATTR: a Service of rpyc denies both in these words. */
static int handle_denied(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    (void)args;
    (void)nargs;
    (void)out;
    return bench_raise(&peer->call, "AttributeError", "access denied");
}

static int handle_repr(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    (void)nargs;
    if (args[0].kind == BENCH_OBJECT && args[0].object->ops->repr)
        return args[0].object->ops->repr(args[0].object, &peer->call, out);
    struct bench_buf text;
    bench_buf_init(&text, (size_t)16 << 20);
    int rc = bench_value_repr(&args[0], &text);
    const char *copy = NULL;
    size_t n = bench_buf_length(&text);
    if (rc == 0)
        copy = bench_arena_copy(&peer->arena, bench_buf_head(&text), n);
    bench_buf_fini(&text);
    if (!copy)
        return bench_raise(&peer->call, "MemoryError", "the text is too long");
    *out = bench_str_n(copy, n);
    return 0;
}

static int handle_str(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    if (args[0].kind != BENCH_STR)
        return handle_repr(peer, args, nargs, out);
    *out = args[0];
    return 0;
}

/* Any comparison; Python then compares by identity, or raises for an order. */
static int handle_cmp(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    (void)peer;
    (void)args;
    (void)nargs;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    return 0;
}

static int handle_hash(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    int64_t hash = rpyc_refs_id(&peer->refs, object);
    if (object->ops->hash)
        rc = object->ops->hash(object, &peer->call, &hash);
    *out = bench_int(hash);
    return rc;
}

static int handle_pickle(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    (void)args;
    (void)nargs;
    (void)out;
    return bench_raise(&peer->call, "ValueError", "pickling is disabled");
}

static int handle_oldslicing(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                             struct bench_value *out)
{
    (void)args;
    (void)nargs;
    (void)out;
    return bench_raise(&peer->call, "TypeError", "slicing of Python 2 is not supported");
}

static int handle_ctxexit(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    (void)peer;
    (void)args;
    (void)nargs;
    *out = bench_none();
    return 0;
}

static int handle_instancecheck(struct rpyc_peer *peer, const struct bench_value *args,
                                size_t nargs, struct bench_value *out)
{
    (void)peer;
    (void)args;
    (void)nargs;
    *out = bench_bool(false);
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

/* A tuple of the names of an object's methods: (name, None) pairs if `pairs`, else strs. */
static int method_names(struct rpyc_peer *peer, const struct bench_object_ops *ops, bool pairs,
                        struct bench_value *out)
{
    struct special rows[SPECIALS];
    specials_of(ops, rows);
    size_t n = count_names(ops->method_names), total = n + SPECIALS;
    struct bench_value *items = bench_arena_alloc(&peer->arena, total * sizeof(*items));
    struct bench_value *pair = bench_arena_alloc(&peer->arena, 2 * total * sizeof(*pair));
    if (!items || !pair)
        return -ENOMEM;
    size_t used = 0;
    for (size_t i = 0; i < total; i++) {
        if (i >= n && !rows[i - n].there)
            continue;
        struct bench_value name = bench_str(i < n ? ops->method_names[i] : rows[i - n].name);
        if (pairs) {
            pair[2 * used] = name;
            pair[2 * used + 1] = bench_none(); /* no documentation */
            name = bench_tuple(&pair[2 * used], 2);
        }
        items[used++] = name;
    }
    *out = bench_tuple(items, used);
    return 0;
}

static int handle_inspect(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    struct rpyc_ref ref;
    (void)nargs;
    if (rpyc_ref_from_value(&args[0], &ref) < 0)
        return bench_raise(&peer->call, "TypeError", "not a reference: (str, int, int) expected");
    const struct bench_object *object = rpyc_refs_find(&peer->refs, &ref);
    if (!object)
        return bench_raise(&peer->call, "KeyError", "no object has this reference");
    return method_names(peer, object->ops, true, out);
}

static int handle_dir(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    if (object->ops->dir)
        return object->ops->dir(object, &peer->call, out);
    return method_names(peer, object->ops, false, out);
}

static int handle_buffiter(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                           struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    if (!object->ops->next)
        return bench_raise(&peer->call, "TypeError", "'%s' object is not an iterator",
                           object->ops->type_name);
    if (args[1].kind != BENCH_INT || args[1].integer < 0 || args[1].integer > BUFFITER_MAX)
        return bench_raise(&peer->call, "ValueError", "count must be within 0 and %d",
                           (int)BUFFITER_MAX);
    size_t wanted = (size_t)args[1].integer, n = 0;
    struct bench_value *items = NULL;
    if (wanted > 0) {
        items = bench_arena_alloc(&peer->arena, wanted * sizeof(*items));
        if (!items)
            return -ENOMEM;
    }
    size_t bytes = 0;
    while (rc == 0 && n < wanted && bytes < BUFFITER_BYTES) {
        rc = object->ops->next(object, &peer->call, &items[n]);
        if (rc == 0 && items[n].kind == BENCH_BYTES)
            bytes += items[n].text.length;
        if (rc == 0)
            n++;
    }
    *out = bench_tuple(items, n);
    return rc == -ENODATA ? 0 : rc;
}

static int handle_del(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct bench_object *object = NULL;
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    if (nargs > 1 && args[1].kind != BENCH_INT)
        return bench_raise(&peer->call, "TypeError", "count must be an int");
    rpyc_refs_drop(&peer->refs, object, nargs > 1 ? args[1].integer : 1);
    *out = bench_none();
    return 0;
}

const struct rpyc_handler_row rpyc_handler_rows[RPYC_HANDLERS] = {
    [RPYC_PING] = {handle_ping, 1, 1},         [RPYC_CLOSE] = {handle_close, 0, SIZE_MAX},
    [RPYC_GETROOT] = {handle_getroot, 0, 0},   [RPYC_GETATTR] = {handle_getattr, 2, 2},
    [RPYC_DELATTR] = {handle_denied, 2, 2},    [RPYC_SETATTR] = {handle_denied, 3, 3},
    [RPYC_CALL] = {handle_call, 2, 3},         [RPYC_CALLATTR] = {handle_callattr, 3, 4},
    [RPYC_REPR] = {handle_repr, 1, 1},         [RPYC_STR] = {handle_str, 1, 1},
    [RPYC_CMP] = {handle_cmp, 2, 3},           [RPYC_HASH] = {handle_hash, 1, 1},
    [RPYC_DIR] = {handle_dir, 1, 1},           [RPYC_PICKLE] = {handle_pickle, 2, 2},
    [RPYC_DEL] = {handle_del, 1, 2},           [RPYC_INSPECT] = {handle_inspect, 1, 1},
    [RPYC_BUFFITER] = {handle_buffiter, 2, 2}, [RPYC_OLDSLICING] = {handle_oldslicing, 0, SIZE_MAX},
    [RPYC_CTXEXIT] = {handle_ctxexit, 1, 2},   [RPYC_INSTANCECHECK] = {handle_instancecheck, 2, 2},
};
