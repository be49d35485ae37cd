/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_eval.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_local.h"
#include "protocols/rpyc/rpyc_pickle.h"

/* What an instruction does: it is done, or it waits for an answer, or the op has ended. Negative:
 * after bench_conn_fail. */
enum { DONE = 0, WAITS = 1 };

enum { PICKLE_PROTOCOL = 4, CHUNK_FIRST = 10, CHUNK_MAX = 1000, CHUNK_FACTOR = 2 };

static const struct rpyc_instruction *present(const struct rpyc_eval *e)
{
    return &e->code->list[e->next];
}

/* ---- the end of an op ---- */

static int fail_with(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                     int code, const char *format, ...) BENCH_PRINTF(5, 6);

static int fail_with(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                     int code, const char *format, ...)
{
    char text[sizeof(c->op->error.msg) - 32];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (c->eval.code)
        (void)bench_op_fail(c->op, failure, code, "column %zu: %s", present(&c->eval)->column,
                            text);
    else
        (void)bench_op_fail(c->op, failure, code, "%s", text);
    int rc = rpyc_client_finish_op(conn, c, code);
    return rc < 0 ? rc : WAITS;
}

/* What Python would raise without asking the server. */
#define RAISE(conn, c, ...) fail_with(conn, c, BENCH_FAILURE_WRONG, -EBADMSG, __VA_ARGS__)

static int no_memory(struct bench_conn *conn, struct rpyc_client *c)
{
    return fail_with(conn, c, BENCH_FAILURE_OTHER, -ENOMEM, "too much for the memory of one call");
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
    rpyc_held_remove(&c->eval.held, held);
    c->eval.sent_del = true;
    return rpyc_client_send_plain(conn, c, RPYC_DEL, args, BENCH_COUNT_OF(args));
}

static bool has_items(const struct bench_value *value)
{
    return value->kind == BENCH_TUPLE || value->kind == BENCH_LIST;
}

/* A value is forgotten: the last item first, as Python does. */
static int drop(struct bench_conn *conn, struct rpyc_client *c, const struct bench_value *value)
{
    struct rpyc_held *held = rpyc_held_of(value);
    if (held)
        return let_go(conn, c, held);
    int rc = 0;
    if (has_items(value))
        for (size_t i = value->seq.count; rc == 0 && i > 0; i--)
            rc = drop(conn, c, &value->seq.items[i - 1]);
    return rc;
}

/* A value is there once more. */
static void hold(const struct bench_value *value)
{
    struct rpyc_held *held = rpyc_held_of(value);
    if (held)
        held->uses++;
    else if (has_items(value))
        for (size_t i = 0; i < value->seq.count; i++)
            hold(&value->seq.items[i]);
}

int rpyc_eval_end(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
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
    *out = bench_none(); /* nothing of ours is out while an expression runs */
    return 0;
}

static int received(void *user, const struct rpyc_ref *ref, struct bench_value *out)
{
    struct rpyc_client *c = user;
    struct rpyc_eval *e = &c->eval;
    struct rpyc_held *held = rpyc_held_find(&e->held, ref);
    if (!held) {
        held = rpyc_held_add(&e->held, &c->op->arena, ref);
        if (!held)
            return -ENOMEM;
        held->methods = rpyc_builtin_methods(ref);
        if (!rpyc_knows_class(c->layout, ref)) {
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
static struct rpyc_held *hold_kept(struct rpyc_client *c, const struct bench_buf *brine)
{
    struct bench_value value;
    struct rpyc_ref ref;
    struct bench_arena *arena = &c->op->arena;
    if (rpyc_load(arena, bench_buf_head(brine), bench_buf_length(brine), &value, NULL) < 0 ||
        rpyc_ref_from_value(&value, &ref) < 0)
        return NULL;
    struct rpyc_held *held = rpyc_held_find(&c->eval.held, &ref);
    if (!held)
        held = rpyc_held_add(&c->eval.held, arena, &ref);
    if (!held)
        return NULL;
    held->kept = true;
    held->methods = RPYC_METHOD_ALL; /* not noted when it came */
    return held;
}

/* ---- requests ---- */

static int ask(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_handler handler,
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
    c->awaited_seq = c->next_seq - 1;
    c->step = RPYC_STEP_EVAL;
    rc = rpyc_client_finish_request(conn, c, rc);
    return rc < 0 ? rc : WAITS;
}

static int ask_method(struct bench_conn *conn, struct rpyc_client *c,
                      const struct bench_value *object, const char *name,
                      const struct bench_value *args, size_t n)
{
    const struct bench_value all[] = {*object, bench_str(name), bench_tuple(args, n),
                                      bench_tuple(NULL, 0)};
    return ask(conn, c, RPYC_CALLATTR, all, BENCH_COUNT_OF(all));
}

/* ---- the stack ---- */

static struct rpyc_slot *top(struct rpyc_eval *e, size_t below)
{
    return &e->stack[e->height - 1 - below];
}

static void push(struct rpyc_eval *e, struct bench_value value)
{
    e->stack[e->height++] = (struct rpyc_slot){.value = value};
}

/* The topmost n are forgotten, the lowest of them first; value is there instead. */
static int replace(struct bench_conn *conn, struct rpyc_client *c, size_t n,
                   struct bench_value value)
{
    struct rpyc_eval *e = &c->eval;
    const size_t base = e->height - n;
    int rc = 0;
    for (size_t i = base; rc == 0 && i < e->height; i++)
        rc = drop(conn, c, &e->stack[i].value);
    e->height = base;
    push(e, value);
    return rc;
}

/* ---- attributes and calls ---- */

static bool cached(const struct rpyc_client *c, const struct rpyc_instruction *i)
{
    return i->b && c->options->call == RPYC_CALL_CACHED;
}

static int do_attr(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value *object = &top(e, 0)->value;
    if (!rpyc_held_of(object))
        return RAISE(conn, c, "AttributeError: '%s' object has no attribute '%.*s' here",
                     rpyc_local_type(object), (int)i->value.text.length, i->value.text.data);
    const struct rpyc_handle *handle =
        cached(c, i) ? rpyc_client_find_handle(c, i->value.text.data, i->value.text.length) : NULL;
    if (handle) {
        struct rpyc_held *held = hold_kept(c, &handle->ref);
        return held ? replace(conn, c, 1, rpyc_held_value(held)) : no_memory(conn, c);
    }
    const struct bench_value args[] = {*object, i->value};
    return ask(conn, c, RPYC_GETATTR, args, BENCH_COUNT_OF(args));
}

static int got_attr(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct rpyc_instruction *i = present(e);
    struct rpyc_held *held = rpyc_held_of(&e->answer);
    if (held && !held->kept && cached(c, i)) {
        bench_buf_clear(&c->current);
        int rc = rpyc_write_ref(&c->current, &held->proxy.ref);
        if (rc == 0)
            rc = rpyc_client_keep_handle(c, i->value.text.data, i->value.text.length);
        if (rc < 0) {
            bench_buf_clear(&c->current);
            return fail_with(conn, c, BENCH_FAILURE_OTHER, rc, "cannot keep another bound method");
        }
        held->kept = true;
    }
    return replace(conn, c, 1, e->answer);
}

static int do_call(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value *callee = &top(e, i->a)->value;
    const struct rpyc_held *held = rpyc_held_of(callee);
    struct bench_arena *arena = &c->op->arena;
    if (!held || !(held->methods & RPYC_METHOD_CALL))
        return RAISE(conn, c, "TypeError: '%s' object is not callable", rpyc_local_type(callee));
    const size_t nnames = i->value.seq.count, nargs = i->a - nnames;
    struct bench_value *args = bench_arena_alloc(arena, (i->a + nnames + 1) * sizeof(*args));
    struct bench_value *pairs = bench_arena_alloc(arena, (2 * nnames + 1) * sizeof(*pairs));
    if (!args || !pairs)
        return no_memory(conn, c);
    for (size_t k = 0; k < nargs; k++)
        args[k] = top(e, i->a - 1 - k)->value;
    struct bench_value *kwargs = args + nargs;
    for (size_t k = 0; k < nnames; k++) {
        pairs[2 * k] = i->value.seq.items[k];
        pairs[2 * k + 1] = top(e, nnames - 1 - k)->value;
        kwargs[k] = bench_tuple(&pairs[2 * k], 2);
    }
    const struct bench_value all[] = {*callee, bench_tuple(args, nargs),
                                      bench_tuple(kwargs, nnames)};
    return ask(conn, c, RPYC_CALL, all, BENCH_COUNT_OF(all));
}

static int do_item(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value *object = &top(e, 1)->value, *key = &top(e, 0)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    const char *why = "";
    struct bench_value item;
    if (held && !(held->methods & RPYC_METHOD_ITEM))
        return RAISE(conn, c, "TypeError: '%s' object is not subscriptable",
                     rpyc_local_type(object));
    if (held)
        return ask_method(conn, c, object, "__getitem__", key, 1);
    if (rpyc_local_item(&c->op->arena, object, key, &item, &why) < 0)
        return RAISE(conn, c, "%s", why);
    hold(&item);
    return replace(conn, c, 2, item);
}

/* ---- functions ---- */

static bool refers(const struct bench_value *value)
{
    if (rpyc_held_of(value))
        return true;
    bool any = false;
    if (has_items(value))
        for (size_t i = 0; !any && i < value->seq.count; i++)
            any = refers(&value->seq.items[i]);
    return any;
}

static int local_function(struct bench_conn *conn, struct rpyc_client *c,
                          enum rpyc_function function, const struct bench_value *object)
{
    struct bench_value out = *object;
    size_t length;
    int rc = 0;
    if (function == RPYC_FUNCTION_LEN) {
        if (rpyc_local_length(object, &length) < 0)
            return RAISE(conn, c, "TypeError: object of type '%s' has no len()",
                         rpyc_local_type(object));
        return replace(conn, c, 1, bench_int((int64_t)length));
    }
    if (function == RPYC_FUNCTION_DIR || function == RPYC_FUNCTION_BUFFITER || refers(object))
        return RAISE(conn, c, "this function works on objects of the server, not on '%s'",
                     rpyc_local_type(object));
    if (function != RPYC_FUNCTION_OBTAIN)
        rc = rpyc_local_text(&c->op->arena, object, function == RPYC_FUNCTION_REPR, &out);
    return rc < 0 ? no_memory(conn, c) : replace(conn, c, 1, out);
}

static int do_function(struct bench_conn *conn, struct rpyc_client *c,
                       const struct rpyc_instruction *i)
{
    const struct bench_value *object = &top(&c->eval, 0)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    const enum rpyc_function function = (enum rpyc_function)i->a;
    const struct bench_value args[] = {*object, bench_int(PICKLE_PROTOCOL)};
    if (!held)
        return local_function(conn, c, function, object);
    switch (function) {
    case RPYC_FUNCTION_LEN:
        if (!(held->methods & RPYC_METHOD_LEN))
            return RAISE(conn, c, "TypeError: object of type '%s' has no len()",
                         rpyc_local_type(object));
        return ask_method(conn, c, object, "__len__", NULL, 0);
    case RPYC_FUNCTION_STR:
        return ask(conn, c, RPYC_STR, args, 1);
    case RPYC_FUNCTION_REPR:
        return ask(conn, c, RPYC_REPR, args, 1);
    case RPYC_FUNCTION_DIR:
        return ask(conn, c, RPYC_DIR, args, 1);
    case RPYC_FUNCTION_OBTAIN:
        return ask(conn, c, RPYC_PICKLE, args, 2);
    default: /* BUFFITER: the others are loops or constants */
        if (!(held->methods & RPYC_METHOD_ITER))
            return RAISE(conn, c, "TypeError: '%s' object is not iterable",
                         rpyc_local_type(object));
        c->eval.phase = 0;
        return ask_method(conn, c, object, "__iter__", NULL, 0);
    }
}

static int by_text(const void *a, const void *b)
{
    const struct bench_value *x = a, *y = b;
    const size_t n = x->text.length < y->text.length ? x->text.length : y->text.length;
    int order = n > 0 ? memcmp(x->text.data, y->text.data, n) : 0;
    return order ? order : (x->text.length > y->text.length) - (x->text.length < y->text.length);
}

/* dir() sorts what it gets into a list. */
static int sort_names(struct bench_conn *conn, struct rpyc_client *c)
{
    struct bench_value *answer = &c->eval.answer;
    const size_t n = answer->kind == BENCH_TUPLE ? answer->seq.count : 0;
    struct bench_value *names = bench_arena_alloc(&c->op->arena, (n + 1) * sizeof(*names));
    bool good = answer->kind == BENCH_TUPLE;
    if (!names)
        return no_memory(conn, c);
    for (size_t i = 0; good && i < n; i++) {
        names[i] = answer->seq.items[i];
        good = names[i].kind == BENCH_STR;
    }
    if (!good)
        return RAISE(conn, c, "the server's answer to dir() is not a tuple of names");
    qsort(names, n, sizeof(*names), by_text);
    return replace(conn, c, 1, (struct bench_value){.kind = BENCH_LIST, .seq = {names, n}});
}

static int unpickle(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *answer = &c->eval.answer;
    struct bench_value value;
    struct bench_error err;
    if (answer->kind != BENCH_BYTES)
        return RAISE(conn, c, "the server's answer to obtain() is not bytes");
    int rc = rpyc_pickle_read(&c->op->arena, answer->text.data, answer->text.length, &value, &err);
    if (rc == -ENOMEM)
        return no_memory(conn, c);
    if (rc < 0)
        return fail_with(conn, c, BENCH_FAILURE_WRONG, -EBADMSG, "%s", err.msg);
    return replace(conn, c, 1, value);
}

/* Appends to the list in a slot, which grows in the arena. 0 or -ENOMEM. */
static int append(struct rpyc_client *c, struct rpyc_slot *list, const struct bench_value *item)
{
    struct bench_value *value = &list->value;
    if (value->seq.count == RPYC_LIST_MAX)
        return -ENOMEM;
    if (value->seq.count == list->position) {
        const size_t room = list->position ? 2 * list->position : 16;
        struct bench_value *grown = bench_arena_alloc(&c->op->arena, room * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        if (value->seq.count > 0)
            memcpy(grown, value->seq.items, value->seq.count * sizeof(*grown));
        value->seq.items = grown;
        list->position = room;
    }
    ((struct bench_value *)(uintptr_t)value->seq.items)[value->seq.count++] = *item;
    return 0;
}

/* buffiter(): __iter__, then the pieces. Stack: object, iterator, list. */
static int got_buffer(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value answer = e->answer;
    if (e->phase++ == 0) {
        if (!rpyc_held_of(&answer))
            return RAISE(conn, c, "the server's answer to __iter__ is not an iterator");
        push(e, answer);
        push(e, (struct bench_value){.kind = BENCH_LIST});
        e->chunk = CHUNK_FIRST;
    } else {
        if (answer.kind != BENCH_TUPLE)
            return RAISE(conn, c, "the server's answer to BUFFITER is not a tuple");
        for (size_t i = 0; i < answer.seq.count; i++)
            if (append(c, top(e, 0), &answer.seq.items[i]) < 0)
                return no_memory(conn, c);
        if (answer.seq.count == 0) {
            struct bench_value list = top(e, 0)->value;
            e->height--;
            return replace(conn, c, 2, list);
        }
        e->chunk = e->chunk * CHUNK_FACTOR > CHUNK_MAX ? CHUNK_MAX : e->chunk * CHUNK_FACTOR;
    }
    const struct bench_value args[] = {top(e, 1)->value, bench_int(e->chunk)};
    return ask(conn, c, RPYC_BUFFITER, args, BENCH_COUNT_OF(args));
}

static int got_function(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_function function)
{
    const struct bench_value *answer = &c->eval.answer;
    switch (function) {
    case RPYC_FUNCTION_LEN:
        if (answer->kind != BENCH_INT && answer->kind != BENCH_BIGINT)
            return RAISE(conn, c, "the server's answer to len() is not an int");
        break;
    case RPYC_FUNCTION_STR:
    case RPYC_FUNCTION_REPR:
        if (answer->kind != BENCH_STR)
            return RAISE(conn, c, "the server's answer is not a str");
        break;
    case RPYC_FUNCTION_DIR:
        return sort_names(conn, c);
    case RPYC_FUNCTION_OBTAIN:
        return unpickle(conn, c);
    default:
        return got_buffer(conn, c);
    }
    return replace(conn, c, 1, *answer);
}

/* ---- loops ---- */

static int do_iter(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value *object = &top(e, 0)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    size_t length;
    if (held ? !(held->methods & RPYC_METHOD_ITER) : rpyc_local_length(object, &length) < 0)
        return RAISE(conn, c, "TypeError: '%s' object is not iterable", rpyc_local_type(object));
    if (held)
        return ask_method(conn, c, object, "__iter__", NULL, 0);
    if (present(e)->b) {
        hold(object);
        push(e, *object);
    }
    push(e, (struct bench_value){.kind = BENCH_LIST});
    return DONE;
}

static int got_iter(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value iterator = e->answer;
    const struct rpyc_held *held = rpyc_held_of(&iterator);
    int rc = 0;
    if (!held || !(held->methods & RPYC_METHOD_NEXT))
        return RAISE(conn, c, "TypeError: iter() returned non-iterator of type '%s'",
                     rpyc_local_type(&iterator));
    if (present(e)->b)
        push(e, iterator);
    else
        rc = replace(conn, c, 1, iterator);
    push(e, (struct bench_value){.kind = BENCH_LIST});
    return rc;
}

/* list() asks the iterable how long it is, if it can say so, and does not mind the answer. */
static int do_hint(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *object = &top(&c->eval, 2)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    if (held && held->methods & RPYC_METHOD_LEN)
        return ask_method(conn, c, object, "__len__", NULL, 0);
    if (held && held->methods & RPYC_METHOD_HINT)
        return ask_method(conn, c, object, "__length_hint__", NULL, 0);
    return DONE;
}

static int got_item(struct bench_conn *conn, struct rpyc_client *c, struct bench_value item)
{
    struct rpyc_eval *e = &c->eval;
    const struct rpyc_instruction *i = present(e);
    if (i->a == RPYC_NO_PLACE) {
        push(e, item);
        return DONE;
    }
    const struct bench_value before = e->places[i->a];
    e->places[i->a] = item;
    return drop(conn, c, &before);
}

/* NEXT has nothing more. The step to the next instruction is still to come. */
static int at_end(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct rpyc_instruction *i = present(e);
    e->next = i->b - 1;
    if (i->a == RPYC_NO_PLACE)
        return DONE;
    const struct bench_value last = e->places[i->a];
    e->places[i->a] = bench_none();
    return drop(conn, c, &last);
}

static int do_next(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_slot *iterator = top(&c->eval, 1);
    struct bench_value item;
    if (rpyc_held_of(&iterator->value))
        return ask_method(conn, c, &iterator->value, "__next__", NULL, 0);
    if (rpyc_local_next(&iterator->value, &iterator->position, &item) < 0)
        return at_end(conn, c);
    hold(&item);
    return got_item(conn, c, item);
}

static int do_collected(struct bench_conn *conn, struct rpyc_client *c,
                        const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->eval;
    struct bench_value list = top(e, 0)->value;
    int rc = 0;
    if (i->b)
        list.kind = BENCH_TUPLE;
    e->height--;
    for (size_t n = i->a; rc == 0 && n > 0; n--) { /* the iterator first */
        const struct bench_value value = top(e, 0)->value;
        e->height--;
        rc = drop(conn, c, &value);
    }
    push(e, list);
    return rc;
}

/* ---- instructions ---- */

/* Tuples and slices of what is on the stack. */
static int do_gather(struct bench_conn *conn, struct rpyc_client *c,
                     const struct rpyc_instruction *i, enum bench_kind kind)
{
    struct rpyc_eval *e = &c->eval;
    struct bench_value *items = bench_arena_alloc(&c->op->arena, (i->a + 1) * sizeof(*items));
    if (!items)
        return no_memory(conn, c);
    for (size_t k = 0; k < i->a; k++)
        items[k] = top(e, i->a - 1 - k)->value;
    e->height -= i->a;
    if (kind == BENCH_SLICE &&
        (rpyc_held_of(&items[0]) || rpyc_held_of(&items[1]) || rpyc_held_of(&items[2])))
        return RAISE(conn, c, "a slice of objects of the server cannot be sent");
    push(e, (struct bench_value){.kind = kind, .seq = {items, i->a}});
    return DONE;
}

static int run_one(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct rpyc_instruction *i = present(e);
    struct bench_value item;
    switch (i->opcode) {
    case RPYC_OP_PUSH:
        push(e, i->value);
        return DONE;
    case RPYC_OP_ROOT:
        push(e, rpyc_held_value(e->root));
        return DONE;
    case RPYC_OP_LOAD:
        hold(&e->places[i->a]);
        push(e, e->places[i->a]);
        return DONE;
    case RPYC_OP_ATTR:
        e->again = false;
        return do_attr(conn, c, i);
    case RPYC_OP_CALL:
        return do_call(conn, c, i);
    case RPYC_OP_ITEM:
        return do_item(conn, c);
    case RPYC_OP_SLICE:
        return do_gather(conn, c, i, BENCH_SLICE);
    case RPYC_OP_TUPLE:
        return do_gather(conn, c, i, BENCH_TUPLE);
    case RPYC_OP_FUNCTION:
        return do_function(conn, c, i);
    case RPYC_OP_ITER:
        return do_iter(conn, c);
    case RPYC_OP_HINT:
        return do_hint(conn, c);
    case RPYC_OP_NEXT:
        return do_next(conn, c);
    case RPYC_OP_APPEND:
        item = top(e, 0)->value;
        e->height--;
        return append(c, top(e, 0), &item) < 0 ? no_memory(conn, c) : DONE;
    case RPYC_OP_JUMP:
        e->next = i->b - 1;
        return DONE;
    case RPYC_OP_COLLECTED:
        return do_collected(conn, c, i);
    }
    return DONE;
}

static int finish(struct bench_conn *conn, struct rpyc_client *c)
{
    c->op->result = top(&c->eval, 0)->value;
    return rpyc_client_finish_op(conn, c, 0);
}

/* Up to the next request. rc: how the present instruction went. */
static int run(struct bench_conn *conn, struct rpyc_client *c, int rc)
{
    struct rpyc_eval *e = &c->eval;
    while (rc == DONE) {
        if (++e->next >= e->code->count)
            return finish(conn, c);
        rc = run_one(conn, c);
    }
    return rc < 0 ? rc : 0;
}

int rpyc_eval_begin(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_code *code)
{
    struct rpyc_eval *e = &c->eval;
    struct bench_arena *arena = &c->op->arena;
    *e = (struct rpyc_eval){.active = true, .code = code};
    /* buffiter() keeps two more than the code knows of. */
    e->stack = bench_arena_alloc(arena, (code->stack + 2) * sizeof(*e->stack));
    e->places = bench_arena_alloc(arena, (code->places + 1) * sizeof(*e->places));
    e->root = hold_kept(c, &c->root);
    if (!e->stack || !e->places || !e->root) {
        int rc = no_memory(conn, c);
        return rc < 0 ? rc : 0;
    }
    e->next = SIZE_MAX; /* in front of the first */
    return run(conn, c, DONE);
}

/* ---- answers ---- */

/* The answer is complete, and all that it refers to is known. */
static int go_on(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->eval;
    const struct bench_value answer = e->answer;
    if (!e->code) {
        c->op->result = answer;
        return rpyc_client_finish_op(conn, c, 0);
    }
    const struct rpyc_instruction *i = present(e);
    int rc = DONE;
    switch (i->opcode) {
    case RPYC_OP_ATTR:
        rc = got_attr(conn, c);
        break;
    case RPYC_OP_CALL:
        rc = replace(conn, c, i->a + 1, answer);
        break;
    case RPYC_OP_ITEM:
        rc = replace(conn, c, 2, answer);
        break;
    case RPYC_OP_FUNCTION:
        rc = got_function(conn, c, (enum rpyc_function)i->a);
        break;
    case RPYC_OP_ITER:
        rc = got_iter(conn, c);
        break;
    case RPYC_OP_NEXT:
        rc = got_item(conn, c, answer);
        break;
    default: /* HINT */
        rc = drop(conn, c, &answer);
        break;
    }
    return run(conn, c, rc);
}

static int raised(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_eval *e = &c->eval;
    const enum rpyc_opcode opcode = e->code ? present(e)->opcode : RPYC_OP_PUSH;
    struct rpyc_reader body = message->body;
    struct rpyc_exception exception;
    int rc = rpyc_read_exception(&body, &exception);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &body, rc);
    if (c->step == RPYC_STEP_EVAL && opcode == RPYC_OP_NEXT && exception.stop_iteration)
        return run(conn, c, at_end(conn, c));
    if (c->step == RPYC_STEP_EVAL && opcode == RPYC_OP_HINT && rpyc_exception_is(&exception, "TypeError"))
        return run(conn, c, DONE);
    /* Python asks twice: by __getattribute__, then by __getattr__. */
    if (c->step == RPYC_STEP_EVAL && opcode == RPYC_OP_ATTR && !e->again &&
        rpyc_exception_is(&exception, "AttributeError")) {
        e->again = true;
        rc = do_attr(conn, c, present(e));
        return rc < 0 ? rc : 0;
    }
    return rpyc_client_raised(conn, c, message);
}

static int inspect_next(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct rpyc_held *held = c->eval.inspect;
    if (!held)
        return go_on(conn, c);
    return rpyc_client_send_inspect(conn, c, RPYC_STEP_EVAL_INSPECT, &held->proxy.ref);
}

static int inspected(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_eval *e = &c->eval;
    struct bench_value list = bench_none();
    int64_t label = 0;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label == RPYC_VALUE)
        rc = rpyc_read_value(&message->body, &list);
    if (rc == 0)
        rc = rpyc_read_end(&message->body);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    for (size_t i = 0; list.kind == BENCH_TUPLE && i < list.seq.count; i++) {
        const struct bench_value *pair = &list.seq.items[i];
        if (pair->kind == BENCH_TUPLE && pair->seq.count > 0)
            e->inspect->methods |= rpyc_method_named(&pair->seq.items[0]);
    }
    e->inspect = e->inspect->queue;
    return inspect_next(conn, c);
}

/* The box of an answer, and which classes it is about. */
static int take_box(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    const struct rpyc_resolver resolver = {came_home, received, c};
    struct rpyc_eval *e = &c->eval;
    e->inspect = e->inspect_last = NULL;
    message->body.arena = &c->op->arena;
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
    c->eval = (struct rpyc_eval){.active = true};
    c->eval.root = hold_kept(c, &c->root);
    if (!c->eval.root) {
        int rc = no_memory(conn, c);
        return rc < 0 ? rc : 0;
    }
    return take_box(conn, c, message);
}

int rpyc_eval_answer(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    c->eval.sent_del = false;
    if (message->type == RPYC_EXCEPTION)
        return raised(conn, c, message);
    if (c->step == RPYC_STEP_EVAL_INSPECT)
        return inspected(conn, c, message);
    return take_box(conn, c, message);
}
