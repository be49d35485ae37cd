/* SPDX-License-Identifier: MIT */
/* The handlers themselves: RPyC's numbers onto struct bench_object_ops. */
#include "protocols/rpyc/rpyc_handlers.h"

#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_pickle_write.h"
#include "protocols/rpyc/rpyc_plain.h"
#include "protocols/rpyc/rpyc_root.h"
#include "protocols/rpyc/rpyc_special.h"

enum {
    BUFFITER_MAX = 10000,      /* items of one answer; Python asks for 1000 at most */
    BUFFITER_BYTES = 64 << 20, /* of texts; then it answers with what it has */
    NAME_SHOWN = 100,          /* of a name, in messages */
};

/* What goes by value: no object of ours, nor of the client. */
static bool is_plain(const struct bench_value *value) { return value->kind != BENCH_OBJECT; }

/* An argument that has to be an object of ours. */
static int need_object(struct rpyc_peer *peer, const struct bench_value *arg,
                       struct bench_object **out)
{
    if (arg->kind != BENCH_OBJECT || rpyc_proxy_of(arg))
        return bench_raise(&peer->call, "TypeError", "the target is not an object of this server");
    *out = arg->object;
    return 0;
}

/* ---- attributes ---- */

struct name {
    const char *text;
    size_t length;
};

/* Python 2 sends bytes. */
static int need_name(struct rpyc_peer *peer, const struct bench_value *arg, struct name *out)
{
    if (arg->kind != BENCH_STR && arg->kind != BENCH_BYTES)
        return bench_raise(&peer->call, "TypeError", "name must be a string");
    *out = (struct name){arg->text.data, arg->text.length};
    return 0;
}

static bool is_name(const struct name *name, const char *text)
{
    return name->length == strlen(text) && memcmp(name->text, text, name->length) == 0;
}

static int shown(const struct name *name)
{
    return name->length > NAME_SHOWN ? NAME_SHOWN : (int)name->length;
}

static int cannot_access(struct rpyc_peer *peer, const struct name *name)
{
    return bench_raise(&peer->call, "AttributeError", "cannot access '%.*s'", shown(name),
                       name->text);
}

static bool is_root(const struct rpyc_peer *peer, const struct bench_object *object)
{
    return object == peer->call.service->root(peer->call.service);
}

static int ask_object(struct rpyc_peer *peer, struct bench_object *object, const struct name *name,
                      struct bench_value *out)
{
    if (object->ops->getattr)
        return object->ops->getattr(object, &peer->call, name->text, name->length, out);
    return bench_raise(&peer->call, "AttributeError", "'%s' object has no attribute '%.*s'",
                       rpyc_short_name(object->ops->type_name), shown(name), name->text);
}

/* All that the root has is exposed: x and exposed_x mean the same, and a name that it has not is
 * looked at by the policy. */
static int root_attribute(struct rpyc_peer *peer, struct bench_object *root,
                          const struct name *name, struct bench_value *out)
{
    static const char prefix[] = RPYC_ROOT_PREFIX;
    struct name plain = *name;
    if (name->length >= sizeof(prefix) - 1 && memcmp(name->text, prefix, sizeof(prefix) - 1) == 0) {
        plain.text += sizeof(prefix) - 1;
        plain.length -= sizeof(prefix) - 1;
    }
    if (rpyc_root_find(plain.text, plain.length, out) &&
        (out->kind == BENCH_OBJECT || rpyc_policy_plain(&peer->rules, name->text, name->length)))
        return 0;
    int rc = ask_object(peer, root, &plain, out);
    if (rc == -EREMOTEIO && plain.length < name->length)
        rc = ask_object(peer, root, name, out); /* which raises with the whole name */
    if (rc == -EREMOTEIO && !rpyc_policy_plain(&peer->rules, name->text, name->length))
        return cannot_access(peer, name);
    return rc;
}

/* As GETATTR and CALLATTR see it: *special, or a value (then *special is NULL). */
static int get_attribute(struct rpyc_peer *peer, struct bench_object *object,
                         const struct bench_value *name_arg, const struct rpyc_special **special,
                         struct bench_value *out)
{
    struct name name = {0};
    *special = NULL;
    int rc = need_name(peer, name_arg, &name);
    if (rc < 0)
        return rc;
    bool plain = rpyc_policy_plain(&peer->rules, name.text, name.length);
    if (plain) {
        *special = rpyc_special_find(object->ops, name.text, name.length);
        if (*special)
            return 0;
    }
    if (is_root(peer, object))
        rc = root_attribute(peer, object, &name, out);
    else
        rc = plain ? ask_object(peer, object, &name, out) : cannot_access(peer, &name);
    if (rc == -EREMOTEIO && is_name(&name, "__doc__")) { /* every object has it */
        *out = bench_none();
        return 0;
    }
    return rc;
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

static int check_arguments(struct rpyc_peer *peer, const struct bench_value *args,
                           const struct bench_value *kwargs)
{
    if (args->kind == BENCH_TUPLE && (!kwargs || good_kwargs(kwargs)))
        return 0;
    return bench_raise(&peer->call, "TypeError",
                       "arguments must be a tuple and a tuple of (name, value)");
}

static int call_value(struct rpyc_peer *peer, const struct bench_value *target,
                      const struct bench_value *args, const struct bench_value *kwargs,
                      struct bench_value *out)
{
    struct bench_object *object = NULL;
    int rc = is_plain(target) ? 0 : need_object(peer, target, &object);
    if (rc < 0)
        return rc;
    if (!object || !object->ops->call)
        return bench_raise(&peer->call, "TypeError", "'%s' object is not callable",
                           object ? rpyc_short_name(object->ops->type_name)
                                  : rpyc_plain_type(target));
    rc = check_arguments(peer, args, kwargs);
    if (rc < 0)
        return rc;
    if (kwargs && kwargs->seq.count == 0)
        kwargs = NULL;
    return object->ops->call(object, &peer->call, args, kwargs, out);
}

static int handle_call(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    return call_value(peer, &args[0], &args[1], nargs > 2 ? &args[2] : NULL, out);
}

/* GETATTR of a plain value, or with args CALLATTR. */
static int plain_attribute(struct rpyc_peer *peer, const struct bench_value *value,
                           const struct bench_value *name_arg, const struct bench_value *args,
                           struct bench_value *out)
{
    struct name name = {0};
    int rc = need_name(peer, name_arg, &name);
    if (rc < 0)
        return rc;
    if (!rpyc_policy_plain(&peer->rules, name.text, name.length))
        return cannot_access(peer, &name);
    return args ? rpyc_plain_callattr(peer, value, name.text, name.length, args, out)
                : rpyc_plain_getattr(peer, value, name.text, name.length, out);
}

static int handle_callattr(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                           struct bench_value *out)
{
    const struct bench_value *kwargs = nargs > 3 ? &args[3] : NULL;
    const struct rpyc_special *special;
    struct bench_object *object = NULL;
    struct bench_value method;
    if (is_plain(&args[0]))
        return plain_attribute(peer, &args[0], &args[1], &args[2], out);
    int rc = need_object(peer, &args[0], &object);
    if (rc == 0)
        rc = get_attribute(peer, object, &args[1], &special, &method);
    if (rc == 0 && special)
        rc = check_arguments(peer, &args[2], kwargs);
    if (rc < 0)
        return rc;
    if (special)
        return rpyc_special_call(peer, special, object, &args[2], kwargs, out);
    rc = rpyc_peer_hold(peer, &method);
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
    const struct rpyc_special *special;
    struct bench_object *object = NULL;
    (void)nargs;
    if (is_plain(&args[0]))
        return plain_attribute(peer, &args[0], &args[1], NULL, out);
    int rc = need_object(peer, &args[0], &object);
    if (rc == 0)
        rc = get_attribute(peer, object, &args[1], &special, out);
    return rc < 0 || !special ? rc : rpyc_special_bind(peer, special, object, out);
}

/* DELATTR and SETATTR are off in both policies; a Service of rpyc has its own words for it. */
static int handle_denied(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    struct bench_object *object = NULL;
    struct name name = {0};
    (void)nargs;
    (void)out;
    int rc = is_plain(&args[0]) ? 0 : need_object(peer, &args[0], &object);
    if (rc == 0)
        rc = need_name(peer, &args[1], &name);
    if (rc < 0)
        return rc;
    return object && is_root(peer, object)
               ? bench_raise(&peer->call, "AttributeError", "access denied")
               : cannot_access(peer, &name);
}

static int handle_repr(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    (void)nargs;
    return rpyc_special_repr(peer, &args[0], out);
}

static int handle_str(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    (void)nargs;
    return rpyc_special_str(peer, &args[0], out);
}

static int handle_cmp(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    static const char *const ops[] = {
        [BENCH_EQ] = "__eq__", [BENCH_NE] = "__ne__", [BENCH_LT] = "__lt__",
        [BENCH_LE] = "__le__", [BENCH_GT] = "__gt__", [BENCH_GE] = "__ge__",
    };
    const struct bench_value old = bench_str("__cmp__"); /* Python 2's, which no type has */
    struct bench_object *object = NULL;
    struct name name = {0};
    int rc = is_plain(&args[0]) ? 0 : need_object(peer, &args[0], &object);
    if (rc == 0)
        rc = need_name(peer, nargs > 2 ? &args[2] : &old, &name);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < BENCH_COUNT_OF(ops); i++)
        if (is_name(&name, ops[i]))
            return object
                       ? rpyc_special_compare(peer, object, (enum bench_compare)i, &args[1], out)
                       : rpyc_plain_compare(peer, &args[0], (enum bench_compare)i, &args[1], out);
    if (!rpyc_policy_plain(&peer->rules, name.text, name.length))
        return cannot_access(peer, &name);
    return bench_raise(&peer->call, "AttributeError", "type object '%s' has no attribute '%.*s'",
                       object ? rpyc_short_name(object->ops->type_name) : rpyc_plain_type(&args[0]),
                       shown(&name), name.text);
}

static int handle_hash(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                       struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    if (is_plain(&args[0]))
        return rpyc_plain_hash(peer, &args[0], out);
    int rc = need_object(peer, &args[0], &object);
    return rc < 0 ? rc : rpyc_special_hash(peer, object, out);
}

/* Calls an attribute of the object, as CALLATTR would. */
static int call_attribute(struct rpyc_peer *peer, const struct bench_value *object,
                          const struct bench_value *name, const struct bench_value *args,
                          size_t nargs, struct bench_value *out)
{
    const struct bench_value all[3] = {*object, *name, bench_tuple(args, nargs)};
    return handle_callattr(peer, all, 3, out);
}

/* (object, "__getitem__" or the like, Python 2's "__getslice__" or the like, start, stop, further
 * arguments): the first with a slice, or else the second with two numbers. */
static int handle_oldslicing(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                             struct bench_value *out)
{
    const struct bench_value *more = &args[5];
    const size_t count = more->kind == BENCH_TUPLE ? more->seq.count : 0;
    (void)nargs;
    if (more->kind != BENCH_TUPLE)
        return bench_raise(&peer->call, "TypeError", "the further arguments are not a tuple");
    struct bench_value *list = bench_arena_alloc(&peer->arena, (count + 2) * sizeof(*list));
    struct bench_value *slice = bench_arena_alloc(&peer->arena, 3 * sizeof(*slice));
    if (!list || !slice)
        return -ENOMEM;
    slice[0] = args[3];
    slice[1] = args[4];
    slice[2] = bench_none();
    list[1] = (struct bench_value){.kind = BENCH_SLICE, .seq = {slice, 3}};
    for (size_t i = 0; i < count; i++)
        list[2 + i] = more->seq.items[i];
    int rc = call_attribute(peer, &args[0], &args[1], &list[1], count + 1, out);
    if (rc != -EREMOTEIO)
        return rc;
    list[0] = args[3];
    list[1] = args[4].kind == BENCH_NONE ? bench_int(INT64_MAX) : args[4];
    return call_attribute(peer, &args[0], &args[2], list, count + 2, out);
}

static bool is_false(const struct bench_value *value)
{
    return value->kind == BENCH_NONE || (value->kind == BENCH_BOOL && !value->boolean) ||
           (value->kind == BENCH_INT && value->integer == 0);
}

/* exc is None, or what tells that the block failed. */
static int handle_ctxexit(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    const struct bench_value name = bench_str("__exit__");
    struct bench_value *three = bench_arena_alloc(&peer->arena, 3 * sizeof(*three));
    if (!three)
        return -ENOMEM;
    three[0] = nargs < 2 || is_false(&args[1]) ? bench_none() : args[1];
    three[1] = three[2] = bench_none();
    return call_attribute(peer, &args[0], &name, three, 3, out);
}

/* isinstance(what the reference stands for, class). Only of objects that are out it can be said;
 * of others the client knows more than we do. */
static int handle_instancecheck(struct rpyc_peer *peer, const struct bench_value *args,
                                size_t nargs, struct bench_value *out)
{
    struct bench_object *class = NULL;
    struct rpyc_ref ref;
    bool inside = false;
    (void)nargs;
    int rc = need_object(peer, &args[0], &class);
    if (rc < 0)
        return rc;
    if (rpyc_ref_from_value(&args[1], &ref) < 0)
        return bench_raise(&peer->call, "TypeError", "not a reference: (str, int, int) expected");
    struct bench_object *object = rpyc_refs_find(&peer->refs, &ref);
    const struct bench_value instance = {.kind = BENCH_OBJECT, .object = object};
    if (object && !class->ops->instances)
        return bench_raise(&peer->call, "TypeError",
                           "isinstance() arg 2 must be a type, a tuple of types, or a union");
    if (object && class->ops->instancecheck)
        rc = class->ops->instancecheck(class, &peer->call, &instance, &inside);
    else if (object)
        inside = object->ops == class->ops->instances;
    *out = bench_bool(inside);
    return rc;
}

/* ---- pickling ---- */

static int plain_of(void *user, struct bench_object *object, struct bench_value *out)
{
    static const char module[] = "builtins.";
    struct rpyc_peer *peer = user;
    if (!object->ops->plain || strncmp(object->ops->type_name, module, sizeof(module) - 1) != 0)
        return bench_raise(&peer->call, "TypeError", "cannot pickle '%s' object",
                           rpyc_short_name(object->ops->type_name));
    return object->ops->plain(object, &peer->call, out);
}

static int handle_pickle(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    struct bench_buf bytes;
    (void)nargs;
    if (!rpyc_policy_pickles(&peer->rules))
        return bench_raise(&peer->call, "ValueError", "pickling is disabled");
    if (args[1].kind != BENCH_INT || args[1].integer > RPYC_PICKLE_HIGHEST)
        return bench_raise(&peer->call, "ValueError", "pickle protocol must be <= %d",
                           RPYC_PICKLE_HIGHEST);
    bench_buf_init(&bytes, RPYC_PICKLE_BYTES);
    int rc = rpyc_pickle_write(&bytes, &args[0], plain_of, peer);
    if (rc == 0) {
        const size_t n = bench_buf_length(&bytes);
        const char *copy = bench_arena_copy(&peer->arena, bench_buf_head(&bytes), n);
        *out = bench_bytes(copy, n);
        rc = copy ? 0 : -ENOMEM;
    }
    bench_buf_fini(&bytes);
    if (rc == -EINVAL)
        return bench_raise(&peer->call, "TypeError", "cannot pickle this kind of value");
    if (rc == -E2BIG)
        return bench_raise(&peer->call, "RecursionError", "too deep or too large to pickle");
    if (rc == -EMSGSIZE || rc == -ENOMEM)
        return bench_raise(&peer->call, "MemoryError", "the pickle is too large");
    return rc;
}

/* ---- names ---- */

static int handle_inspect(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    struct rpyc_ref ref;
    (void)nargs;
    const struct bench_object *object =
        rpyc_ref_from_value(&args[0], &ref) < 0 ? NULL : rpyc_refs_find(&peer->refs, &ref);
    if (!object) {
        (void)bench_raise(&peer->call, "KeyError", "no object has this reference");
        peer->call.exception.args = bench_tuple(args, 1); /* as Python's table says it */
        return -EREMOTEIO;
    }
    return rpyc_special_names(peer, object->ops, true, out);
}

static int handle_dir(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct bench_object *object = NULL;
    (void)nargs;
    if (is_plain(&args[0]))
        return rpyc_plain_dir(peer, &args[0], out);
    int rc = need_object(peer, &args[0], &object);
    if (rc < 0)
        return rc;
    if (object->ops->dir)
        return object->ops->dir(object, &peer->call, out);
    return rpyc_special_names(peer, object->ops, false, out);
}

/* ---- BUFFITER ---- */

/* The object itself if it is an iterator, else one over it. */
static int iterator_of(struct rpyc_peer *peer, struct bench_object *object,
                       struct bench_object **out)
{
    struct bench_value iterator;
    *out = object;
    if (object->ops->next)
        return 0;
    if (!object->ops->iter)
        return bench_raise(&peer->call, "TypeError", "'%s' object is not iterable",
                           rpyc_short_name(object->ops->type_name));
    int rc = object->ops->iter(object, &peer->call, &iterator);
    if (rc == 0)
        rc = rpyc_peer_hold(peer, &iterator);
    if (rc < 0)
        return rc;
    if (iterator.kind != BENCH_OBJECT || !iterator.object->ops->next)
        return bench_raise(&peer->call, "TypeError", "iter() returned non-iterator");
    *out = iterator.object;
    return 0;
}

/* A copy of the next item, which `next` only lends. */
static int take_item(struct rpyc_peer *peer, struct bench_object *iterator, size_t *bytes,
                     struct bench_value *out)
{
    struct bench_value item = bench_none();
    int rc = iterator->ops->next(iterator, &peer->call, &item);
    if (rc < 0)
        return rc;
    if (item.kind == BENCH_BYTES || item.kind == BENCH_STR)
        *bytes += item.text.length;
    return bench_value_copy(&peer->arena, &item, out);
}

static int handle_buffiter(struct rpyc_peer *peer, const struct bench_value *args, size_t nargs,
                           struct bench_value *out)
{
    struct bench_object *object = NULL, *iterator = NULL;
    (void)nargs;
    if (is_plain(&args[0]))
        return rpyc_plain_buffiter(peer, &args[0], &args[1], out);
    int rc = need_object(peer, &args[0], &object);
    if (rc == 0)
        rc = iterator_of(peer, object, &iterator);
    if (rc < 0)
        return rc;
    if (args[1].kind != BENCH_INT || args[1].integer < 0 || args[1].integer > BUFFITER_MAX)
        return bench_raise(&peer->call, "ValueError", "count must be within 0 and %d",
                           (int)BUFFITER_MAX);
    const size_t wanted = (size_t)args[1].integer;
    struct bench_value *items = bench_arena_alloc(&peer->arena, (wanted + 1) * sizeof(*items));
    size_t n = 0, bytes = 0;
    if (!items)
        return -ENOMEM;
    while (rc == 0 && n < wanted && bytes < BUFFITER_BYTES) {
        rc = take_item(peer, iterator, &bytes, &items[n]);
        if (rc == 0)
            n++;
    }
    *out = bench_tuple(items, n);
    if (rc < 0 && rc != -ENODATA)
        rpyc_refs_discard(&peer->refs, out);
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
    [RPYC_BUFFITER] = {handle_buffiter, 2, 2}, [RPYC_OLDSLICING] = {handle_oldslicing, 6, 6},
    [RPYC_CTXEXIT] = {handle_ctxexit, 2, 2},   [RPYC_INSTANCECHECK] = {handle_instancecheck, 2, 2},
};
