/* SPDX-License-Identifier: MIT */
/* The machine: references, requests, answers. Its instructions are in rpyc_eval_ops.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_eval_internal.h"

/* ---- the end of an op ---- */

int rpyc_eval_fail(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                   int code, const char *format, ...)
{
    char text[sizeof(c->call->op->error.msg) - 32];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (c->call->eval.code)
        (void)bench_op_fail(c->call->op, failure, code, "column %zu: %s",
                            rpyc_eval_present(&c->call->eval)->column, text);
    else
        (void)bench_op_fail(c->call->op, failure, code, "%s", text);
    int rc = rpyc_client_finish_op(conn, c, code);
    return rc < 0 ? rc : RPYC_EVAL_WAITS;
}

/* What Python would raise without asking the server. */
#define RAISE(conn, c, ...) rpyc_eval_fail(conn, c, BENCH_FAILURE_WRONG, -EBADMSG, __VA_ARGS__)

int rpyc_eval_no_memory(struct bench_conn *conn, struct rpyc_client *c)
{
    return rpyc_eval_fail(conn, c, BENCH_FAILURE_OTHER, -ENOMEM,
                          "too much for the memory of one call");
}

/* ---- references ---- */

/* One value of ours less that refers to it. */
static int let_go(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_held *held)
{
    if (held->uses > 0)
        held->uses--;
    if (held->uses > 0 || held->kept)
        return 0;
    const struct bench_value args[] = {rpyc_held_value(held), bench_int(held->count)};
    rpyc_held_remove(&c->call->eval.held, held);
    c->call->eval.sent_del = true;
    return rpyc_client_send_plain(conn, c, RPYC_DEL, args, BENCH_COUNT_OF(args));
}

bool rpyc_eval_has_items(const struct bench_value *value)
{
    return value->kind == BENCH_TUPLE || value->kind == BENCH_LIST;
}

/* A value is forgotten: the last item first, as Python does. */
int rpyc_eval_drop(struct bench_conn *conn, struct rpyc_client *c, const struct bench_value *value)
{
    struct rpyc_held *held = rpyc_held_of(value);
    if (held)
        return let_go(conn, c, held);
    int rc = 0;
    if (rpyc_eval_has_items(value))
        for (size_t i = value->seq.count; rc == 0 && i > 0; i--)
            rc = rpyc_eval_drop(conn, c, &value->seq.items[i - 1]);
    return rc;
}

/* A value is there once more. */
void rpyc_eval_hold(const struct bench_value *value)
{
    struct rpyc_held *held = rpyc_held_of(value);
    if (held)
        held->uses++;
    else if (rpyc_eval_has_items(value))
        for (size_t i = 0; i < value->seq.count; i++)
            rpyc_eval_hold(&value->seq.items[i]);
}

int rpyc_eval_end(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    int rc = 0;
    e->active = false;
    for (size_t i = 0; i < RPYC_HELD_BUCKETS; i++) {
        struct rpyc_held *held = e->held.buckets[i];
        e->held.buckets[i] = NULL;
        for (; rc == 0 && held; held = held->next) {
            const struct bench_value args[] = {rpyc_held_value(held), bench_int(held->count)};
            if (held->kept)
                continue;
            e->sent_del = true;
            rc = rpyc_client_send_plain(conn, c, RPYC_DEL, args, BENCH_COUNT_OF(args));
        }
    }
    e->held.count = 0;
    return rc;
}

static int came_home(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    (void)user;
    (void)ref;
    *out = bench_none(); /* an expression lends nothing of ours */
    return 0;
}

static int received(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_client *c = user;
    struct rpyc_eval *e = &c->call->eval;
    struct rpyc_held *held = rpyc_held_find(&e->held, ref);
    if (!held)
        held = rpyc_classic_find(c, ref);
    if (!held) {
        if (e->held.count >= (size_t)c->options->max_references)
            return -E2BIG;
        held = rpyc_held_add(&e->held, &c->call->op->arena, ref);
        if (!held)
            return -ENOMEM;
        if (!rpyc_client_knows(c, ref, &held->methods)) {
            *(e->inspect ? &e->inspect_last->queue : &e->inspect) = held;
            e->inspect_last = held;
        }
    }
    held->count++;
    held->uses++;
    *out = rpyc_held_value(held);
    return 0;
}

/* A reference that stays in the connection, from its brine. NULL: no memory. */
struct rpyc_held *rpyc_eval_hold_kept(struct rpyc_client *c, const struct bench_buf *brine)
{
    struct bench_value value;
    struct rpyc_ref ref;
    struct bench_arena *arena = &c->call->op->arena;
    if (rpyc_load(arena, bench_buf_head(brine), bench_buf_length(brine), &value, NULL) < 0 ||
        rpyc_ref_from_value(&value, &ref) < 0)
        return NULL;
    struct rpyc_held *held = rpyc_held_find(&c->call->eval.held, &ref);
    if (!held)
        held = rpyc_held_add(&c->call->eval.held, arena, &ref);
    if (!held)
        return NULL;
    held->kept = true;
    held->methods = RPYC_METHOD_ALL; /* not noted when it came */
    return held;
}

/* ---- requests ---- */

int rpyc_eval_ask(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_handler handler,
                  const struct bench_value *args, size_t n)
{
    int rc = rpyc_client_begin_request(c, handler);
    const struct bench_value all = bench_tuple(args, n);
    if (rc == 0)
        rc = rpyc_write_box(&c->out.text, &all, NULL, NULL);
    if (rc == -EINVAL || rc == -E2BIG || rc == -EILSEQ) {
        c->next_seq--; /* nothing was sent */
        return RAISE(conn, c,
                     rc == -EINVAL ? "a list or dict of ours cannot be sent; send a tuple"
                                   : "the value cannot be sent");
    }
    rpyc_calls_await(&c->calls, &c->call->awaited, c->next_seq - 1);
    c->call->step = RPYC_STEP_EVAL;
    rc = rpyc_client_finish_request(conn, c, rc);
    return rc < 0 ? rc : RPYC_EVAL_WAITS;
}

int rpyc_eval_ask_method(struct bench_conn *conn, struct rpyc_client *c,
                         const struct bench_value *object, const char *name,
                         const struct bench_value *args, size_t n)
{
    const struct bench_value all[] = {*object, bench_str(name), bench_tuple(args, n),
                                      bench_tuple(NULL, 0)};
    return rpyc_eval_ask(conn, c, RPYC_CALLATTR, all, BENCH_COUNT_OF(all));
}

/* ---- the stack ---- */

/* The topmost n are forgotten, the lowest of them first; value is there instead. */
int rpyc_eval_replace(struct bench_conn *conn, struct rpyc_client *c, size_t n,
                      struct bench_value value)
{
    struct rpyc_eval *e = &c->call->eval;
    const size_t base = e->height - n;
    int rc = 0;
    for (size_t i = base; rc == 0 && i < e->height; i++)
        rc = rpyc_eval_drop(conn, c, &e->stack[i].value);
    e->height = base;
    rpyc_eval_push(e, value);
    return rc;
}

/* ---- running ---- */

static int finish(struct bench_conn *conn, struct rpyc_client *c)
{
    c->call->op->result = rpyc_eval_top(&c->call->eval, 0)->value;
    return rpyc_client_finish_op(conn, c, 0);
}

/* Up to the next request. rc: how the present instruction went; if it failed, there is no call any
 * more. */
static int run(struct bench_conn *conn, struct rpyc_client *c, int rc)
{
    while (rc == RPYC_EVAL_DONE) {
        struct rpyc_eval *e = &c->call->eval;
        if (++e->next >= e->code->count)
            return finish(conn, c);
        rc = rpyc_eval_run_one(conn, c);
    }
    return rc < 0 ? rc : 0;
}

int rpyc_eval_begin(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_code *code)
{
    struct rpyc_eval *e = &c->call->eval;
    struct bench_arena *arena = &c->call->op->arena;
    *e = (struct rpyc_eval){.active = true, .code = code};
    /* buffiter() keeps two more than the code knows of. */
    e->stack = bench_arena_alloc(arena, (code->stack + 2) * sizeof(*e->stack));
    e->places = bench_arena_alloc(arena, (code->places + 1) * sizeof(*e->places));
    e->root = rpyc_eval_hold_kept(c, &c->root);
    if (!e->stack || !e->places || !e->root) {
        int rc = rpyc_eval_no_memory(conn, c);
        return rc < 0 ? rc : 0;
    }
    e->next = SIZE_MAX; /* in front of the first */
    return run(conn, c, RPYC_EVAL_DONE);
}

/* ---- answers ---- */

/* The answer is complete, and all that it refers to is known. */
static int go_on(struct bench_conn *conn, struct rpyc_client *c)
{
    if (!c->call->eval.code) {
        c->call->op->result = c->call->eval.answer;
        return rpyc_client_finish_op(conn, c, 0);
    }
    return run(conn, c, rpyc_eval_take(conn, c));
}

static int raised(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_eval *e = &c->call->eval;
    const enum rpyc_opcode opcode = e->code ? rpyc_eval_present(e)->opcode : RPYC_OP_PUSH;
    struct rpyc_reader body = message->body;
    struct rpyc_exception exception;
    int rc = rpyc_read_exception(&body, &exception);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &body, rc);
    if (c->call->step == RPYC_STEP_EVAL && opcode == RPYC_OP_NEXT && exception.stop_iteration)
        return run(conn, c, rpyc_eval_at_end(conn, c));
    if (c->call->step == RPYC_STEP_EVAL && opcode == RPYC_OP_HINT &&
        rpyc_exception_is(&exception, "TypeError"))
        return run(conn, c, RPYC_EVAL_DONE);
    /* Python asks twice: by __getattribute__, then by __getattr__. */
    if (c->call->step == RPYC_STEP_EVAL && opcode == RPYC_OP_ATTR && !e->again &&
        rpyc_exception_is(&exception, "AttributeError")) {
        e->again = true;
        rc = rpyc_eval_attr(conn, c, rpyc_eval_present(e));
        return rc < 0 ? rc : 0;
    }
    return rpyc_client_raised(conn, c, message);
}

static int inspect_next(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct rpyc_held *held = c->call->eval.inspect;
    if (!held)
        return go_on(conn, c);
    return rpyc_client_send_inspect(conn, c, RPYC_STEP_EVAL_INSPECT, &held->proxy.ref);
}

static int inspected(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_eval *e = &c->call->eval;
    unsigned methods;
    int rc = rpyc_read_methods(&message->body, &methods);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    e->inspect->methods |= methods;
    rpyc_client_note_class(c, &e->inspect->proxy.ref, e->inspect->methods);
    e->inspect = e->inspect->queue;
    return inspect_next(conn, c);
}

/* The box of an answer, and which classes it is about. */
static int take_box(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    const struct rpyc_resolver resolver = {came_home, received, c};
    struct rpyc_eval *e = &c->call->eval;
    e->inspect = e->inspect_last = NULL;
    message->body.arena = &c->call->op->arena;
    message->body.copy = true;
    int rc = rpyc_read_box(&message->body, &resolver, &e->answer);
    if (rc == 0)
        rc = rpyc_read_end(&message->body);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    return inspect_next(conn, c);
}

int rpyc_eval_result(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    c->call->eval = (struct rpyc_eval){.active = true};
    c->call->eval.root = rpyc_eval_hold_kept(c, &c->root);
    if (!c->call->eval.root) {
        int rc = rpyc_eval_no_memory(conn, c);
        return rc < 0 ? rc : 0;
    }
    return take_box(conn, c, message);
}

int rpyc_eval_answer(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    c->call->eval.sent_del = false;
    if (message->type == RPYC_EXCEPTION)
        return raised(conn, c, message);
    if (c->call->step == RPYC_STEP_EVAL_INSPECT)
        return inspected(conn, c, message);
    return take_box(conn, c, message);
}
