/* SPDX-License-Identifier: MIT */
/*
 * What the client answers when the server asks something: RPyC's handlers on what rpyc_lent.c
 * lends, with the exceptions that Python raises. Whatever is asked for, the connection lives on,
 * unless the request cannot be read or a limit is passed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

/* ---- references ---- */

struct rpyc_received {
    const struct rpyc_proxy *proxy;
    struct rpyc_received *next;
};

static int resolve_local(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_serving *s = user;
    struct rpyc_lent_object *object;
    int rc = rpyc_lent_find(s, ref, &object);
    if (rc == 0)
        *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &object->object};
    return rc;
}

/* An object of the server: it can be handed on to where it came from, and is given back. As nothing
 * else is done with it, its class is not asked for. */
static int resolve_remote(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_serving *s = user;
    struct rpyc_received *received = bench_arena_alloc(&s->c->arena, sizeof(*received));
    struct rpyc_proxy *proxy = rpyc_proxy_new(&s->c->arena, ref);
    if (!received || !proxy)
        return -ENOMEM;
    *received = (struct rpyc_received){proxy, s->received};
    s->received = received;
    *out = (struct bench_value){.kind = BENCH_OBJECT, .object = &proxy->object};
    return 0;
}

struct rpyc_resolver rpyc_serving_resolver(struct rpyc_serving *s)
{
    return (struct rpyc_resolver){resolve_local, resolve_remote, s};
}

/* ---- answers ---- */

/* A server that asks and does not read would have us keep answers without end. */
static int check_unsent(struct rpyc_serving *s)
{
    struct rpyc_client *c = s->c;
    c->unsent = bench_stream_is_queueing(s->conn) ? c->unsent + c->out.wire_bytes : 0;
    if (c->unsent <= (uint64_t)c->options->max_unsent)
        return 0;
    return bench_conn_fail(s->conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                           "the server asks but does not read: %" PRIu64 " bytes of answers wait",
                           c->unsent);
}

static int begin(struct rpyc_serving *s, enum rpyc_type type)
{
    int rc = rpyc_outgoing_begin(&s->c->out);
    return rc < 0 ? rc : rpyc_write_answer(&s->c->out.text, s->message, type);
}

static int write_exception(struct rpyc_serving *s)
{
    int rc = begin(s, RPYC_EXCEPTION);
    return rc < 0 ? rc : rpyc_write_exception(&s->c->out.text, &s->call.exception);
}

static int write_reply(struct rpyc_serving *s, const struct bench_value *value)
{
    struct rpyc_outgoing *out = &s->c->out;
    int rc = begin(s, RPYC_REPLY);
    if (rc < 0 || value->kind != BENCH_BYTES)
        return rc < 0 ? rc : rpyc_write_box(&out->text, value, rpyc_lent_export, NULL);
    rc = rpyc_write_box_head(&out->text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_bytes_head(&out->text, value->text.length);
    if (rc == 0 && value->text.length > 0)
        rpyc_outgoing_borrow(out, value->text.data, value->text.length);
    return rc;
}

static int write_answer(struct rpyc_serving *s, int status, const struct bench_value *value)
{
    if (status == -ENODATA)
        (void)bench_raise(&s->call, "StopIteration", "%s", "");
    if (status < 0)
        return write_exception(s);
    int rc = write_reply(s, value);
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    (void)bench_raise(&s->call, "TypeError", "the result cannot be sent");
    return write_exception(s);
}

int rpyc_serving_answer(struct rpyc_serving *s, int status, const struct bench_value *value)
{
    int rc = status == 0 || status == -ENODATA || status == -EREMOTEIO ? 0 : status;
    if (rc == 0)
        rc = write_answer(s, status, value);
    if (rc < 0)
        return bench_conn_fail(s->conn, BENCH_FAILURE_OTHER, rc, "cannot answer the server: %s",
                               bench_errno_text(rc));
    rc = rpyc_client_send(s->conn, s->c);
    if (rc == 0)
        rc = check_unsent(s);
    for (; rc == 0 && s->received; s->received = s->received->next)
        rc = rpyc_client_send_del_of(s->conn, s->c, &s->received->proxy->ref);
    return rc;
}

/* ---- arguments ---- */

/* The object that a request is about. */
static int need_target(struct rpyc_serving *s, const struct bench_value *arg,
                       struct rpyc_lent_object **out)
{
    *out = rpyc_lent_of(arg);
    if (*out)
        return 0;
    return bench_raise(&s->call, "TypeError", "the target is not an object of this client");
}

/* The name of an attribute; Python 2 sends bytes. A NUL ends it early and it is then not found. */
static int need_name(struct rpyc_serving *s, const struct bench_value *arg, const char **out)
{
    if (arg->kind != BENCH_STR && arg->kind != BENCH_BYTES)
        return bench_raise(&s->call, "TypeError", "attribute name must be str or bytes");
    *out = bench_arena_copy(&s->c->arena, arg->text.data, arg->text.length);
    return *out ? 0 : -ENOMEM;
}

/* In Python's words: the policy of a client hides all that its classes do not need. */
static int no_attribute(struct rpyc_serving *s, const char *name)
{
    return bench_raise(&s->call, "AttributeError", "cannot access '%.100s'", name);
}

static const char *find_method(const struct rpyc_lent_object *object, const char *name)
{
    for (const char *const *m = rpyc_lent_methods(object->kind); *m; m++)
        if (strcmp(*m, name) == 0)
            return *m;
    return NULL;
}

/* ---- handlers: args are unboxed, their number is checked ---- */

/* 0, or as in rpyc_serve.h; 1: it will be answered later. */
typedef int (*serve_fn)(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                        struct bench_value *out);

static int serve_ping(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    (void)s;
    (void)nargs;
    *out = args[0];
    return 0;
}

static int serve_getroot(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    (void)args;
    (void)nargs;
    *out = rpyc_lent_root(&s->c->lent);
    return 0;
}

static int serve_getattr(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    const char *name = NULL;
    (void)nargs;
    int rc = need_target(s, &args[0], &object);
    if (rc == 0)
        rc = need_name(s, &args[1], &name);
    if (rc < 0)
        return rc;
    if (strcmp(name, "__doc__") == 0) {
        *out = bench_none();
        return 0;
    }
    if (object->kind == RPYC_LENT_SLAVE)
        return rpyc_slave_attribute(s, name, out);
    if (object->kind != RPYC_LENT_FUNCTION || !find_method(object, name))
        return no_attribute(s, name);
    *out = args[0]; /* a function's __call__ does what the function does */
    return 0;
}

static int serve_denied(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                        struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    const char *name = NULL;
    (void)nargs;
    (void)out;
    int rc = need_target(s, &args[0], &object);
    if (rc == 0)
        rc = need_name(s, &args[1], &name);
    if (rc < 0)
        return rc;
    if (object == &s->c->lent.root)
        return bench_raise(&s->call, "AttributeError", "access denied");
    return no_attribute(s, name);
}

static int check_arguments(struct rpyc_serving *s, const struct bench_value *args,
                           const struct bench_value *kwargs)
{
    if (args->kind == BENCH_TUPLE && (!kwargs || kwargs->kind == BENCH_TUPLE))
        return kwargs && kwargs->seq.count > 0
                   ? bench_raise(&s->call, "TypeError", "callback() takes no keyword arguments")
                   : 0;
    return bench_raise(&s->call, "TypeError",
                       "arguments must be a tuple and a tuple of (name, value)");
}

static int call_object(struct rpyc_serving *s, const struct rpyc_lent_object *object,
                       const struct bench_value *args, const struct bench_value *kwargs,
                       struct bench_value *out)
{
    if (object->kind == RPYC_LENT_SLAVE_METHOD)
        return rpyc_slave_call(s, object, args, out);
    int rc = check_arguments(s, args, kwargs);
    if (rc < 0)
        return rc;
    if (object->kind == RPYC_LENT_FUNCTION)
        return rpyc_nested_begin(s, object->call, args);
    return bench_raise(&s->call, "TypeError", "'%s' object is not callable",
                       rpyc_lent_class(object->kind));
}

static int serve_call(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    int rc = need_target(s, &args[0], &object);
    return rc < 0 ? rc : call_object(s, object, &args[1], nargs > 2 ? &args[2] : NULL, out);
}

static int serve_callattr(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    const struct bench_value *kwargs = nargs > 3 ? &args[3] : NULL;
    const char *name = NULL;
    int rc = need_target(s, &args[0], &object);
    if (rc == 0)
        rc = need_name(s, &args[1], &name);
    if (rc < 0)
        return rc;
    const char *method = find_method(object, name);
    if (!method)
        return no_attribute(s, name);
    if (object->kind == RPYC_LENT_FUNCTION || object->kind == RPYC_LENT_SLAVE_METHOD)
        return call_object(s, object, &args[2], kwargs, out);
    rc = check_arguments(s, &args[2], kwargs);
    return rc < 0 ? rc : rpyc_lent_call_method(s, object, method, &args[2], out);
}

static int serve_repr(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    (void)nargs;
    int rc = need_target(s, &args[0], &object);
    if (rc < 0)
        return rc;
    char text[96];
    (void)snprintf(text, sizeof(text),
                   object->kind == RPYC_LENT_FUNCTION ? "<%s callback at 0x%" PRIx64 ">"
                                                      : "<%s object at 0x%" PRIx64 ">",
                   rpyc_lent_class(object->kind), (uint64_t)object->id);
    const char *copy = bench_arena_copy(&s->c->arena, text, strlen(text));
    if (!copy)
        return -ENOMEM;
    *out = bench_str(copy);
    return 0;
}

/* An object equals itself; about others Python says NotImplemented, too. */
static int serve_cmp(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                     struct bench_value *out)
{
    static const char *const operators[] = {"__eq__", "__ne__", "__lt__",
                                            "__gt__", "__le__", "__ge__"};
    struct rpyc_lent_object *object = NULL;
    const char *name = "__cmp__"; /* gone with Python 2 */
    int rc = need_target(s, &args[0], &object);
    if (rc == 0 && nargs > 2)
        rc = need_name(s, &args[2], &name);
    if (rc < 0)
        return rc;
    size_t i = 0;
    while (i < BENCH_COUNT_OF(operators) && strcmp(name, operators[i]) != 0)
        i++;
    if (i == BENCH_COUNT_OF(operators))
        return no_attribute(s, name);
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (i < 2 && rpyc_lent_of(&args[1]) == object)
        *out = bench_bool(i == 0);
    return 0;
}

static int serve_hash(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                      struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    (void)nargs;
    int rc = need_target(s, &args[0], &object);
    if (rc < 0)
        return rc;
    if (object->kind == RPYC_LENT_LIST)
        return bench_raise(&s->call, "TypeError", "unhashable type: 'list'");
    *out = bench_int(object->id);
    return 0;
}

/* The names of the special methods: (name, None) pairs if `pairs`, else strs. */
static int method_names(struct rpyc_serving *s, const struct rpyc_lent_object *object, bool pairs,
                        struct bench_value *out)
{
    const char *const *methods = rpyc_lent_methods(object->kind);
    size_t n = 0;
    while (methods[n])
        n++;
    struct bench_value *items = bench_arena_alloc(&s->c->arena, (3 * n + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct bench_value *pair = &items[n + 2 * i];
        pair[0] = bench_str(methods[i]);
        pair[1] = bench_none();
        items[i] = pairs ? bench_tuple(pair, 2) : pair[0];
    }
    *out = bench_tuple(items, n);
    return 0;
}

static int serve_dir(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                     struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    (void)nargs;
    int rc = need_target(s, &args[0], &object);
    return rc < 0 ? rc : method_names(s, object, false, out);
}

static int serve_inspect(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    struct rpyc_ref ref;
    (void)nargs;
    if (rpyc_ref_from_value(&args[0], &ref) < 0)
        return bench_raise(&s->call, "TypeError", "not a reference: (str, int, int) expected");
    int rc = rpyc_lent_find(s, &ref, &object);
    return rc < 0 ? rc : method_names(s, object, true, out);
}

static int serve_pickle(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                        struct bench_value *out)
{
    (void)args;
    (void)nargs;
    (void)out;
    return bench_raise(&s->call, "ValueError", "pickling is disabled");
}

static int serve_del(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                     struct bench_value *out)
{
    struct rpyc_lent_object *object = rpyc_lent_of(&args[0]);
    if (!object)
        return bench_raise(&s->call, "KeyError", "no object has this reference");
    if (nargs > 1 && args[1].kind != BENCH_INT)
        return bench_raise(&s->call, "TypeError", "count must be an int");
    rpyc_lent_give_back(object, nargs > 1 ? args[1].integer : 1);
    *out = bench_none();
    return 0;
}

static int serve_buffiter(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                          struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    (void)nargs;
    int rc = need_target(s, &args[0], &object);
    if (rc < 0)
        return rc;
    if (object->kind != RPYC_LENT_ITERATOR)
        return bench_raise(&s->call, "TypeError", "'%s' object is not an iterator",
                           rpyc_lent_class(object->kind));
    if (args[1].kind != BENCH_INT)
        return bench_raise(&s->call, "TypeError", "the count must be an int");
    return rpyc_lent_buffiter(s, object, args[1].integer, out);
}

static int serve_ctxexit(struct rpyc_serving *s, const struct bench_value *args, size_t nargs,
                         struct bench_value *out)
{
    struct rpyc_lent_object *object = NULL;
    (void)nargs;
    (void)out;
    int rc = need_target(s, &args[0], &object);
    return rc < 0 ? rc : no_attribute(s, "__exit__");
}

static int serve_instancecheck(struct rpyc_serving *s, const struct bench_value *args,
                               size_t nargs, struct bench_value *out)
{
    (void)args;
    (void)nargs;
    (void)out;
    return bench_raise(&s->call, "TypeError",
                       "isinstance() arg 2 must be a type, a tuple of types, or a union");
}

static const struct {
    serve_fn fn; /* NULL: no such handler */
    size_t min, max;
} rows[RPYC_HANDLERS] = {
    [RPYC_PING] = {serve_ping, 1, 1},
    [RPYC_GETROOT] = {serve_getroot, 0, 0},
    [RPYC_GETATTR] = {serve_getattr, 2, 2},
    [RPYC_DELATTR] = {serve_denied, 2, 2},
    [RPYC_SETATTR] = {serve_denied, 3, 3},
    [RPYC_CALL] = {serve_call, 2, 3},
    [RPYC_CALLATTR] = {serve_callattr, 3, 4},
    [RPYC_REPR] = {serve_repr, 1, 1},
    [RPYC_STR] = {serve_repr, 1, 1},
    [RPYC_CMP] = {serve_cmp, 2, 3},
    [RPYC_HASH] = {serve_hash, 1, 1},
    [RPYC_DIR] = {serve_dir, 1, 1},
    [RPYC_PICKLE] = {serve_pickle, 2, 2},
    [RPYC_DEL] = {serve_del, 1, 2},
    [RPYC_INSPECT] = {serve_inspect, 1, 1},
    [RPYC_BUFFITER] = {serve_buffiter, 2, 2},
    [RPYC_OLDSLICING] = {serve_denied, 6, 6},
    [RPYC_CTXEXIT] = {serve_ctxexit, 2, 2},
    [RPYC_INSTANCECHECK] = {serve_instancecheck, 2, 2},
};

/* ---- requests ---- */

/* KeyError with the number as it came, as Python's table of handlers raises it. */
static int unknown_handler(struct rpyc_serving *s)
{
    struct bench_value *arg = bench_arena_alloc(&s->c->arena, sizeof(*arg));
    if (!arg)
        return -ENOMEM;
    (void)bench_raise(&s->call, "KeyError", "%" PRId64, s->handler);
    *arg = bench_int(s->handler);
    s->call.exception.args = bench_tuple(arg, 1);
    return -EREMOTEIO;
}

static int run(struct rpyc_serving *s, const struct bench_value *args, struct bench_value *out)
{
    if (s->handler < 0 || s->handler >= RPYC_HANDLERS || !rows[s->handler].fn)
        return unknown_handler(s);
    if (args->kind != BENCH_TUPLE)
        return bench_raise(&s->call, "TypeError", "the arguments are not a tuple");
    if (args->seq.count < rows[s->handler].min || args->seq.count > rows[s->handler].max)
        return bench_raise(&s->call, "TypeError", "handler %d does not take %zu arguments",
                           (int)s->handler, args->seq.count);
    return rows[s->handler].fn(s, args->seq.items, args->seq.count, out);
}

/* Reads the box of the arguments. 0, or as a handler; -EBADMSG: it cannot be read. */
static int read_arguments(struct rpyc_serving *s, struct rpyc_reader *body,
                          struct bench_value *args)
{
    const struct rpyc_resolver resolver = rpyc_serving_resolver(s);
    int rc = rpyc_read_box(body, &resolver, args);
    if (rc == 0)
        rc = rpyc_read_end(body);
    if (rc == -EINVAL || rc == -E2BIG || rc == -EILSEQ)
        return bench_raise(&s->call, "ValueError", "bad request: %s", body->problem);
    return rc;
}

/* Counts it. A server that only asks and never answers would keep us busy for ever. */
static int note_request(struct bench_conn *conn, struct rpyc_client *c, int64_t handler)
{
    struct bench_op_stat *stat = rpyc_client_stat(c);
    rpyc_client_count_received(c);
    stat->served++;
    if (handler != RPYC_DEL) /* nobody waits for that */
        stat->round_trips++;
    if (stat->served <= c->options->max_served)
        return 0;
    return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                           "the server made more than %" PRId64 " requests during one of ours",
                           c->options->max_served);
}

int rpyc_client_serve(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_serving s = {
        .conn = conn, .c = c, .message = message, .call = {.arena = &c->arena}};
    struct bench_value args = bench_tuple(NULL, 0), result = bench_none();
    struct rpyc_reader *body = &message->body;
    int rc = rpyc_read_request(body, &s.handler);
    if (rc == 0 && s.handler == RPYC_CLOSE)
        return bench_conn_fail(conn, BENCH_FAILURE_CLOSED, -ENODATA,
                               "the server closed the connection");
    if (rc == -EINVAL)
        rc = bench_raise(&s.call, "ValueError", "bad request: %s", body->problem);
    else if (rc == 0)
        rc = read_arguments(&s, body, &args);
    if (rc == -EBADMSG || rc == -ENOMEM)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc,
                               "the server sent a request that cannot be read: %s",
                               rc == -ENOMEM ? "no memory" : body->problem);
    const int counted = note_request(conn, c, s.handler);
    if (counted < 0)
        return counted;
    if (rc == 0)
        rc = run(&s, &args, &result);
    return rc == 1 ? 0 : rpyc_serving_answer(&s, rc, &result);
}
