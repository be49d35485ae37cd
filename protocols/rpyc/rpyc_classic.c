/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_classic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_eval_internal.h"

#define KEY_LIMIT ((size_t)1 << 20) /* bytes of a module's name as brine */

/* MasterService._install of rpyc 5 and 6, in its order. */
static const struct step {
    enum rpyc_classic_name name; /* of what is fetched */
    const char *attribute;       /* of the root; NULL: it is a module */
    const char *module;
} steps[] = {
    {RPYC_CLASSIC_GETMODULE, "getmodule", NULL},
    {RPYC_CLASSIC_BUILTINS, NULL, "builtins"},
    {RPYC_CLASSIC_NAMES, NULL, "importlib.util"}, /* no name of ours */
    {RPYC_CLASSIC_EVAL, "eval", NULL},
    {RPYC_CLASSIC_EXECUTE, "execute", NULL},
    {RPYC_CLASSIC_NAMESPACE, "namespace", NULL},
};

/* ---- expressions ---- */

bool rpyc_classic_named(const char *text, size_t length, enum rpyc_classic_name *out)
{
    static const struct {
        const char *word;
        enum rpyc_classic_name name;
    } names[] = {
        {"getmodule", RPYC_CLASSIC_GETMODULE}, {"eval", RPYC_CLASSIC_EVAL},
        {"execute", RPYC_CLASSIC_EXECUTE},     {"namespace", RPYC_CLASSIC_NAMESPACE},
        {"builtins", RPYC_CLASSIC_BUILTINS},   {"builtin", RPYC_CLASSIC_BUILTINS},
        {"modules", RPYC_CLASSIC_MODULES},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        if (strlen(names[i].word) == length && memcmp(names[i].word, text, length) == 0) {
            *out = names[i].name;
            return true;
        }
    }
    return false;
}

bool rpyc_is_modules(const struct rpyc_node *node)
{
    return node->kind == RPYC_NODE_CLASSIC && node->classic == RPYC_CLASSIC_MODULES;
}

int rpyc_classic_check(const struct rpyc_node *tree, bool classic, struct bench_error *err)
{
    if (tree->kind == RPYC_NODE_CLASSIC && !classic)
        return bench_fail(err, -ENOTSUP,
                          "column %zu: %s is there in classic mode only: rpyc+classic://HOST",
                          tree->column, tree->name);
    if (tree->kind == RPYC_NODE_CLASSIC && rpyc_is_modules(tree))
        return bench_fail(err, -ENOTSUP,
                          "column %zu: modules is no object: write modules.NAME or modules['NAME']",
                          tree->column);
    const bool name_space = (tree->kind == RPYC_NODE_ATTR || tree->kind == RPYC_NODE_INDEX) &&
                            rpyc_is_modules(tree->first) && classic;
    int rc = 0;
    for (const struct rpyc_node *child = name_space ? tree->first->next : tree->first;
         rc == 0 && child; child = child->next)
        rc = rpyc_classic_check(child, classic, err);
    return rc;
}

/* ---- what is kept ---- */

void rpyc_classic_free(struct rpyc_classic *classic)
{
    if (!classic)
        return;
    rpyc_kept_free(classic->kept);
    free(classic);
}

/* The same object may come under several names. NULL: no memory, or too many. */
static struct rpyc_held *keep(struct rpyc_classic *classic, const struct rpyc_ref *ref,
                              unsigned methods)
{
    struct rpyc_held *held = rpyc_held_find(&classic->kept->table, ref);
    return held ? held : rpyc_kept_add(classic->kept, ref, methods);
}

static const struct rpyc_classic_module *find_module(const struct rpyc_classic *classic,
                                                     const struct bench_buf *key)
{
    const size_t n = bench_buf_length(key);
    const struct rpyc_classic_module *m = classic->modules;
    while (m && (m->key_length != n || memcmp(m->key, bench_buf_head(key), n) != 0))
        m = m->next;
    return m;
}

/* 0 or -ENOMEM: it is not kept. */
static int add_module(struct rpyc_classic *classic, const struct bench_buf *key,
                      struct rpyc_held *held)
{
    struct bench_arena *arena = &classic->kept->arena;
    struct rpyc_classic_module *m = bench_arena_alloc(arena, sizeof(*m));
    if (!m)
        return -ENOMEM;
    m->key_length = bench_buf_length(key);
    m->key = bench_arena_copy(arena, bench_buf_head(key), m->key_length);
    if (!m->key)
        return -ENOMEM;
    m->held = held;
    m->next = classic->modules;
    classic->modules = m;
    return 0;
}

/* ---- connecting ---- */

static int no_memory(struct bench_conn *conn)
{
    return bench_conn_fail(conn, BENCH_FAILURE_OTHER, -ENOMEM, "no memory for classic mode");
}

static int ask(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_handler handler,
               const struct bench_value *args, size_t n)
{
    int rc = rpyc_client_send_plain(conn, c, handler, args, n);
    if (rc < 0)
        return rc;
    rpyc_calls_await(&c->calls, &c->call->awaited, c->next_seq - 1);
    c->call->step = RPYC_STEP_CLASSIC;
    return 0;
}

static int ask_attribute(struct bench_conn *conn, struct rpyc_client *c, const char *name)
{
    struct bench_value root;
    struct rpyc_ref ref;
    int rc = rpyc_load(&c->arena, bench_buf_head(&c->root), bench_buf_length(&c->root), &root,
                       NULL);
    if (rc == 0)
        rc = rpyc_ref_from_value(&root, &ref);
    struct rpyc_proxy *proxy = rc == 0 ? rpyc_proxy_new(&c->arena, &ref) : NULL;
    if (!proxy)
        return no_memory(conn);
    const struct bench_value args[] = {{.kind = BENCH_OBJECT, .object = &proxy->object},
                                       bench_str(name)};
    return ask(conn, c, RPYC_GETATTR, args, BENCH_COUNT_OF(args));
}

static int ask_module(struct bench_conn *conn, struct rpyc_client *c, const char *name)
{
    const struct bench_value key = bench_str(name);
    const struct bench_value args[] = {rpyc_held_value(c->classic->names[RPYC_CLASSIC_GETMODULE]),
                                       bench_tuple(&key, 1), bench_tuple(NULL, 0)};
    return ask(conn, c, RPYC_CALL, args, BENCH_COUNT_OF(args));
}

static int next(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_classic *classic = c->classic;
    if (classic->step == BENCH_COUNT_OF(steps)) {
        rpyc_client_is_open(conn, c);
        return 0;
    }
    const struct step *step = &steps[classic->step];
    return step->attribute ? ask_attribute(conn, c, step->attribute)
                           : ask_module(conn, c, step->module);
}

int rpyc_classic_begin(struct bench_conn *conn, struct rpyc_client *c)
{
    c->classic = calloc(1, sizeof(*c->classic));
    if (c->classic)
        c->classic->kept = rpyc_kept_new();
    if (!c->classic || !c->classic->kept)
        return no_memory(conn);
    return next(conn, c);
}

/* Python asks twice: by __getattribute__, then by __getattr__. */
static int raised(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    const struct step *step = &steps[c->classic->step];
    struct rpyc_exception exception;
    char text[128];
    int rc = rpyc_read_exception(&message->body, &exception);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    if (!c->classic->inspected && step->attribute && !c->classic->again &&
        rpyc_exception_is(&exception, "AttributeError")) {
        c->classic->again = true;
        return ask_attribute(conn, c, step->attribute);
    }
    rpyc_exception_text(&exception, text, sizeof(text));
    return bench_conn_fail(conn, BENCH_FAILURE_REMOTE, -EREMOTEIO,
                           "the server is not in classic mode: %s", text);
}

static int keep_step(struct rpyc_classic *classic, struct rpyc_held *held)
{
    const struct step *step = &steps[classic->step];
    struct bench_buf key;
    if (step->name < RPYC_CLASSIC_NAMES)
        classic->names[step->name] = held;
    classic->step++;
    classic->again = false;
    if (!step->module)
        return 0;
    bench_buf_init(&key, KEY_LIMIT);
    int rc = rpyc_dump_text(&key, step->module, strlen(step->module));
    if (rc == 0)
        rc = add_module(classic, &key, held);
    bench_buf_fini(&key);
    return rc;
}

static int fetched(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_classic *classic = c->classic;
    const struct step *step = &steps[classic->step];
    struct rpyc_ref ref;
    int64_t label;
    unsigned methods;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label != RPYC_REMOTE_REF)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "the server is not in classic mode: its %s is not an object",
                               step->attribute ? step->attribute : step->module);
    if (rc == 0)
        rc = rpyc_read_ref(&message->body, &ref);
    if (rc == 0)
        rc = rpyc_read_end(&message->body);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    const bool held_before = rpyc_held_find(&classic->kept->table, &ref) != NULL;
    const bool known = rpyc_client_knows(c, &ref, &methods);
    struct rpyc_held *held = keep(classic, &ref, methods);
    if (!held)
        return no_memory(conn);
    if (known || held_before)
        return keep_step(classic, held) < 0 ? no_memory(conn) : next(conn, c);
    classic->inspected = held;
    return rpyc_client_send_inspect(conn, c, RPYC_STEP_CLASSIC, &held->proxy.ref);
}

static int inspected(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_held *held = c->classic->inspected;
    int rc = rpyc_read_methods(&message->body, &held->methods);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    rpyc_client_note_class(c, &held->proxy.ref, held->methods);
    c->classic->inspected = NULL;
    return keep_step(c->classic, held) < 0 ? no_memory(conn) : next(conn, c);
}

int rpyc_classic_answer(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_message *message)
{
    if (message->type == RPYC_EXCEPTION)
        return raised(conn, c, message);
    return c->classic->inspected ? inspected(conn, c, message) : fetched(conn, c, message);
}

/* ---- while an expression runs ---- */

/* Its entry in the expression's table. NULL: no memory. */
static struct rpyc_held *hold(struct rpyc_client *c, const struct rpyc_held *kept)
{
    struct rpyc_held *held = rpyc_held_find(&c->call->eval.held, &kept->proxy.ref);
    if (!held)
        held = rpyc_held_add(&c->call->eval.held, &c->call->op->arena, &kept->proxy.ref);
    if (held) {
        held->kept = true;
        held->methods = kept->methods;
    }
    return held;
}

struct rpyc_held *rpyc_classic_find(struct rpyc_client *c, const struct rpyc_ref *ref)
{
    const struct rpyc_held *kept =
        c->classic ? rpyc_held_find(&c->classic->kept->table, ref) : NULL;
    return kept ? hold(c, kept) : NULL;
}

int rpyc_classic_push(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_classic_name name)
{
    struct rpyc_held *held = hold(c, c->classic->names[name]);
    if (!held)
        return rpyc_eval_no_memory(conn, c);
    rpyc_eval_push(&c->call->eval, rpyc_held_value(held));
    return RPYC_EVAL_DONE;
}

int rpyc_classic_module(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *key = &rpyc_eval_top(&c->call->eval, 0)->value;
    struct bench_buf brine;
    bench_buf_init(&brine, KEY_LIMIT);
    const int rc = rpyc_dump(&brine, key);
    const struct rpyc_classic_module *m = rc == 0 ? find_module(c->classic, &brine) : NULL;
    bench_buf_fini(&brine);
    if (rc < 0)
        return RAISE(conn, c, "the name of a module is a str of up to 1 MiB");
    struct rpyc_held *held =
        hold(c, m ? m->held : c->classic->names[RPYC_CLASSIC_GETMODULE]);
    if (!held)
        return rpyc_eval_no_memory(conn, c);
    if (m)
        return rpyc_eval_replace(conn, c, 1, rpyc_held_value(held));
    const struct bench_value args[] = {rpyc_held_value(held), bench_tuple(key, 1),
                                       bench_tuple(NULL, 0)};
    return rpyc_eval_ask(conn, c, RPYC_CALL, args, BENCH_COUNT_OF(args));
}

/* Without memory it is an object like any other, and fetched again the next time. */
int rpyc_classic_got_module(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *key = &rpyc_eval_top(&c->call->eval, 0)->value;
    struct rpyc_held *held = rpyc_held_of(&c->call->eval.answer);
    struct bench_buf brine;
    bench_buf_init(&brine, KEY_LIMIT);
    if (held && rpyc_dump(&brine, key) == 0) {
        struct rpyc_held *kept = keep(c->classic, &held->proxy.ref, held->methods);
        if (kept) {
            held->kept = true;
            if (!find_module(c->classic, &brine)) /* by another op meanwhile */
                (void)add_module(c->classic, &brine, kept);
        }
    }
    bench_buf_fini(&brine);
    return rpyc_eval_replace(conn, c, 1, c->call->eval.answer);
}
