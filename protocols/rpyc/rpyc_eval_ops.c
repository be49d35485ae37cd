/* SPDX-License-Identifier: MIT */
/* What the instructions of an expression ask, and what they make of the answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_eval_internal.h"
#include "protocols/rpyc/rpyc_local.h"
#include "protocols/rpyc/rpyc_pickle.h"

enum { PICKLE_PROTOCOL = 4, CHUNK_FIRST = 10, CHUNK_MAX = 1000, CHUNK_FACTOR = 2 };

/* ---- attributes and calls ---- */

static bool cached(const struct rpyc_client *c, const struct rpyc_instruction *i)
{
    return i->b && c->options->call == RPYC_CALL_CACHED;
}

int rpyc_eval_attr(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value *object = &rpyc_eval_top(e, 0)->value;
    if (!rpyc_held_of(object))
        return RAISE(conn, c, "AttributeError: '%s' object has no attribute '%.*s' here",
                     rpyc_local_type(object), (int)i->value.text.length, i->value.text.data);
    const struct rpyc_handle *handle =
        cached(c, i) ? rpyc_client_find_handle(c, i->value.text.data, i->value.text.length) : NULL;
    if (handle) {
        struct rpyc_held *held = rpyc_eval_hold_kept(c, &handle->ref);
        return held ? rpyc_eval_replace(conn, c, 1, rpyc_held_value(held))
                    : rpyc_eval_no_memory(conn, c);
    }
    const struct bench_value args[] = {*object, i->value};
    return rpyc_eval_ask(conn, c, RPYC_GETATTR, args, BENCH_COUNT_OF(args));
}

static int got_attr(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct rpyc_instruction *i = rpyc_eval_present(e);
    struct rpyc_held *held = rpyc_held_of(&e->answer);
    /* Another call may have fetched it meanwhile. */
    if (held && !held->kept && cached(c, i) &&
        !rpyc_client_find_handle(c, i->value.text.data, i->value.text.length)) {
        bench_buf_clear(&c->call->current);
        int rc = rpyc_write_ref(&c->call->current, &held->proxy.ref);
        if (rc == 0)
            rc = rpyc_client_keep_handle(c, i->value.text.data, i->value.text.length);
        if (rc < 0) {
            bench_buf_clear(&c->call->current);
            return rpyc_eval_fail(conn, c, BENCH_FAILURE_OTHER, rc,
                                  "cannot keep another bound method");
        }
        held->kept = true;
    }
    return rpyc_eval_replace(conn, c, 1, e->answer);
}

static int do_call(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value *callee = &rpyc_eval_top(e, i->a)->value;
    const struct rpyc_held *held = rpyc_held_of(callee);
    struct bench_arena *arena = &c->call->op->arena;
    if (!held || !(held->methods & RPYC_METHOD_CALL))
        return RAISE(conn, c, "TypeError: '%s' object is not callable", rpyc_local_type(callee));
    const size_t nnames = i->value.seq.count, nargs = i->a - nnames;
    struct bench_value *args = bench_arena_alloc(arena, (i->a + nnames + 1) * sizeof(*args));
    struct bench_value *pairs = bench_arena_alloc(arena, (2 * nnames + 1) * sizeof(*pairs));
    if (!args || !pairs)
        return rpyc_eval_no_memory(conn, c);
    for (size_t k = 0; k < nargs; k++)
        args[k] = rpyc_eval_top(e, i->a - 1 - k)->value;
    struct bench_value *kwargs = args + nargs;
    for (size_t k = 0; k < nnames; k++) {
        pairs[2 * k] = i->value.seq.items[k];
        pairs[2 * k + 1] = rpyc_eval_top(e, nnames - 1 - k)->value;
        kwargs[k] = bench_tuple(&pairs[2 * k], 2);
    }
    const struct bench_value all[] = {*callee, bench_tuple(args, nargs),
                                      bench_tuple(kwargs, nnames)};
    return rpyc_eval_ask(conn, c, RPYC_CALL, all, BENCH_COUNT_OF(all));
}

static int do_item(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value *object = &rpyc_eval_top(e, 1)->value,
                             *key = &rpyc_eval_top(e, 0)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    const char *why = "";
    struct bench_value item;
    if (held && !(held->methods & RPYC_METHOD_ITEM))
        return RAISE(conn, c, "TypeError: '%s' object is not subscriptable",
                     rpyc_local_type(object));
    if (held)
        return rpyc_eval_ask_method(conn, c, object, "__getitem__", key, 1);
    if (rpyc_local_item(&c->call->op->arena, object, key, &item, &why) < 0)
        return RAISE(conn, c, "%s", why);
    rpyc_eval_hold(&item);
    return rpyc_eval_replace(conn, c, 2, item);
}

/* ---- functions ---- */

static bool refers(const struct bench_value *value)
{
    if (rpyc_held_of(value))
        return true;
    bool any = false;
    if (rpyc_eval_has_items(value))
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
        return rpyc_eval_replace(conn, c, 1, bench_int((int64_t)length));
    }
    if (function == RPYC_FUNCTION_DIR || function == RPYC_FUNCTION_BUFFITER || refers(object))
        return RAISE(conn, c, "this function works on objects of the server, not on '%s'",
                     rpyc_local_type(object));
    if (function != RPYC_FUNCTION_OBTAIN)
        rc = rpyc_local_text(&c->call->op->arena, object, function == RPYC_FUNCTION_REPR, &out);
    return rc < 0 ? rpyc_eval_no_memory(conn, c) : rpyc_eval_replace(conn, c, 1, out);
}

static int do_function(struct bench_conn *conn, struct rpyc_client *c,
                       const struct rpyc_instruction *i)
{
    const struct bench_value *object = &rpyc_eval_top(&c->call->eval, 0)->value;
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
        return rpyc_eval_ask_method(conn, c, object, "__len__", NULL, 0);
    case RPYC_FUNCTION_STR:
        return rpyc_eval_ask(conn, c, RPYC_STR, args, 1);
    case RPYC_FUNCTION_REPR:
        return rpyc_eval_ask(conn, c, RPYC_REPR, args, 1);
    case RPYC_FUNCTION_DIR:
        return rpyc_eval_ask(conn, c, RPYC_DIR, args, 1);
    case RPYC_FUNCTION_OBTAIN:
        return rpyc_eval_ask(conn, c, RPYC_PICKLE, args, 2);
    default: /* BUFFITER: the others are loops or constants */
        if (!(held->methods & RPYC_METHOD_ITER))
            return RAISE(conn, c, "TypeError: '%s' object is not iterable",
                         rpyc_local_type(object));
        c->call->eval.phase = 0;
        return rpyc_eval_ask_method(conn, c, object, "__iter__", NULL, 0);
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
    struct bench_value *answer = &c->call->eval.answer;
    const size_t n = answer->kind == BENCH_TUPLE ? answer->seq.count : 0;
    struct bench_value *names = bench_arena_alloc(&c->call->op->arena, (n + 1) * sizeof(*names));
    bool good = answer->kind == BENCH_TUPLE;
    if (!names)
        return rpyc_eval_no_memory(conn, c);
    for (size_t i = 0; good && i < n; i++) {
        names[i] = answer->seq.items[i];
        good = names[i].kind == BENCH_STR;
    }
    if (!good)
        return RAISE(conn, c, "the server's answer to dir() is not a tuple of names");
    qsort(names, n, sizeof(*names), by_text);
    return rpyc_eval_replace(conn, c, 1,
                             (struct bench_value){.kind = BENCH_LIST, .seq = {names, n}});
}

static int unpickle(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *answer = &c->call->eval.answer;
    struct bench_value value;
    struct bench_error err;
    if (answer->kind != BENCH_BYTES)
        return RAISE(conn, c, "the server's answer to obtain() is not bytes");
    int rc = rpyc_pickle_read(&c->call->op->arena, answer->text.data, answer->text.length, &value, &err);
    if (rc == -ENOMEM)
        return rpyc_eval_no_memory(conn, c);
    if (rc < 0)
        return rpyc_eval_fail(conn, c, BENCH_FAILURE_WRONG, -EBADMSG, "%s", err.msg);
    return rpyc_eval_replace(conn, c, 1, value);
}

/* Appends to the list in a slot, which grows in the arena. 0 or -ENOMEM. */
static int append(struct rpyc_client *c, struct rpyc_slot *list, const struct bench_value *item)
{
    struct bench_value *value = &list->value;
    if (value->seq.count == RPYC_LIST_MAX)
        return -ENOMEM;
    if (value->seq.count == list->position) {
        const size_t room = list->position ? 2 * list->position : 16;
        struct bench_value *grown = bench_arena_alloc(&c->call->op->arena, room * sizeof(*grown));
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
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value answer = e->answer;
    if (e->phase++ == 0) {
        if (!rpyc_held_of(&answer))
            return RAISE(conn, c, "the server's answer to __iter__ is not an iterator");
        rpyc_eval_push(e, answer);
        rpyc_eval_push(e, (struct bench_value){.kind = BENCH_LIST});
        e->chunk = CHUNK_FIRST;
    } else {
        if (answer.kind != BENCH_TUPLE)
            return RAISE(conn, c, "the server's answer to BUFFITER is not a tuple");
        for (size_t i = 0; i < answer.seq.count; i++)
            if (append(c, rpyc_eval_top(e, 0), &answer.seq.items[i]) < 0)
                return rpyc_eval_no_memory(conn, c);
        if (answer.seq.count == 0) {
            struct bench_value list = rpyc_eval_top(e, 0)->value;
            e->height--;
            return rpyc_eval_replace(conn, c, 2, list);
        }
        e->chunk = e->chunk * CHUNK_FACTOR > CHUNK_MAX ? CHUNK_MAX : e->chunk * CHUNK_FACTOR;
    }
    const struct bench_value args[] = {rpyc_eval_top(e, 1)->value, bench_int(e->chunk)};
    return rpyc_eval_ask(conn, c, RPYC_BUFFITER, args, BENCH_COUNT_OF(args));
}

static int got_function(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_function function)
{
    const struct bench_value *answer = &c->call->eval.answer;
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
    return rpyc_eval_replace(conn, c, 1, *answer);
}

/* ---- loops ---- */

static int do_iter(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value *object = &rpyc_eval_top(e, 0)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    size_t length;
    if (held ? !(held->methods & RPYC_METHOD_ITER) : rpyc_local_length(object, &length) < 0)
        return RAISE(conn, c, "TypeError: '%s' object is not iterable", rpyc_local_type(object));
    if (held)
        return rpyc_eval_ask_method(conn, c, object, "__iter__", NULL, 0);
    if (rpyc_eval_present(e)->b) {
        rpyc_eval_hold(object);
        rpyc_eval_push(e, *object);
    }
    rpyc_eval_push(e, (struct bench_value){.kind = BENCH_LIST});
    return RPYC_EVAL_DONE;
}

static int got_iter(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct bench_value iterator = e->answer;
    const struct rpyc_held *held = rpyc_held_of(&iterator);
    int rc = 0;
    if (!held || !(held->methods & RPYC_METHOD_NEXT))
        return RAISE(conn, c, "TypeError: iter() returned non-iterator of type '%s'",
                     rpyc_local_type(&iterator));
    if (rpyc_eval_present(e)->b)
        rpyc_eval_push(e, iterator);
    else
        rc = rpyc_eval_replace(conn, c, 1, iterator);
    rpyc_eval_push(e, (struct bench_value){.kind = BENCH_LIST});
    return rc;
}

/* list() asks the iterable how long it is, if it can say so, and does not mind the answer. */
static int do_hint(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value *object = &rpyc_eval_top(&c->call->eval, 2)->value;
    const struct rpyc_held *held = rpyc_held_of(object);
    if (held && held->methods & RPYC_METHOD_LEN)
        return rpyc_eval_ask_method(conn, c, object, "__len__", NULL, 0);
    if (held && held->methods & RPYC_METHOD_HINT)
        return rpyc_eval_ask_method(conn, c, object, "__length_hint__", NULL, 0);
    return RPYC_EVAL_DONE;
}

static int got_item(struct bench_conn *conn, struct rpyc_client *c, struct bench_value item)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct rpyc_instruction *i = rpyc_eval_present(e);
    if (i->a == RPYC_NO_PLACE) {
        rpyc_eval_push(e, item);
        return RPYC_EVAL_DONE;
    }
    const struct bench_value before = e->places[i->a];
    e->places[i->a] = item;
    return rpyc_eval_drop(conn, c, &before);
}

/* NEXT has nothing more. The step to the next instruction is still to come. */
int rpyc_eval_at_end(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct rpyc_instruction *i = rpyc_eval_present(e);
    e->next = i->b - 1;
    if (i->a == RPYC_NO_PLACE)
        return RPYC_EVAL_DONE;
    const struct bench_value last = e->places[i->a];
    e->places[i->a] = bench_none();
    return rpyc_eval_drop(conn, c, &last);
}

static int do_next(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_slot *iterator = rpyc_eval_top(&c->call->eval, 1);
    struct bench_value item;
    if (rpyc_held_of(&iterator->value))
        return rpyc_eval_ask_method(conn, c, &iterator->value, "__next__", NULL, 0);
    if (rpyc_local_next(&iterator->value, &iterator->position, &item) < 0)
        return rpyc_eval_at_end(conn, c);
    rpyc_eval_hold(&item);
    return got_item(conn, c, item);
}

static int do_collected(struct bench_conn *conn, struct rpyc_client *c,
                        const struct rpyc_instruction *i)
{
    struct rpyc_eval *e = &c->call->eval;
    struct bench_value list = rpyc_eval_top(e, 0)->value;
    int rc = 0;
    if (i->b)
        list.kind = BENCH_TUPLE;
    e->height--;
    for (size_t n = i->a; rc == 0 && n > 0; n--) { /* the iterator first */
        const struct bench_value value = rpyc_eval_top(e, 0)->value;
        e->height--;
        rc = rpyc_eval_drop(conn, c, &value);
    }
    rpyc_eval_push(e, list);
    return rc;
}

/* ---- instructions ---- */

/* Tuples and slices of what is on the stack. */
static int do_gather(struct bench_conn *conn, struct rpyc_client *c,
                     const struct rpyc_instruction *i, enum bench_kind kind)
{
    struct rpyc_eval *e = &c->call->eval;
    struct bench_value *items = bench_arena_alloc(&c->call->op->arena, (i->a + 1) * sizeof(*items));
    if (!items)
        return rpyc_eval_no_memory(conn, c);
    for (size_t k = 0; k < i->a; k++)
        items[k] = rpyc_eval_top(e, i->a - 1 - k)->value;
    e->height -= i->a;
    if (kind == BENCH_SLICE &&
        (rpyc_held_of(&items[0]) || rpyc_held_of(&items[1]) || rpyc_held_of(&items[2])))
        return RAISE(conn, c, "a slice of objects of the server cannot be sent");
    rpyc_eval_push(e, (struct bench_value){.kind = kind, .seq = {items, i->a}});
    return RPYC_EVAL_DONE;
}

int rpyc_eval_run_one(struct bench_conn *conn, struct rpyc_client *c)
{
    struct rpyc_eval *e = &c->call->eval;
    const struct rpyc_instruction *i = rpyc_eval_present(e);
    struct bench_value item;
    switch (i->opcode) {
    case RPYC_OP_PUSH:
        rpyc_eval_push(e, i->value);
        return RPYC_EVAL_DONE;
    case RPYC_OP_ROOT:
        rpyc_eval_push(e, rpyc_held_value(e->root));
        return RPYC_EVAL_DONE;
    case RPYC_OP_CLASSIC:
        return rpyc_classic_push(conn, c, (enum rpyc_classic_name)i->a);
    case RPYC_OP_MODULE:
        return rpyc_classic_module(conn, c);
    case RPYC_OP_LOAD:
        rpyc_eval_hold(&e->places[i->a]);
        rpyc_eval_push(e, e->places[i->a]);
        return RPYC_EVAL_DONE;
    case RPYC_OP_ATTR:
        e->again = false;
        return rpyc_eval_attr(conn, c, i);
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
        item = rpyc_eval_top(e, 0)->value;
        e->height--;
        return append(c, rpyc_eval_top(e, 0), &item) < 0 ? rpyc_eval_no_memory(conn, c)
                                                         : RPYC_EVAL_DONE;
    case RPYC_OP_JUMP:
        e->next = i->b - 1;
        return RPYC_EVAL_DONE;
    case RPYC_OP_COLLECTED:
        return do_collected(conn, c, i);
    }
    return RPYC_EVAL_DONE;
}

/* What the present instruction does with its answer. */
int rpyc_eval_take(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct bench_value answer = c->call->eval.answer;
    const struct rpyc_instruction *i = rpyc_eval_present(&c->call->eval);
    switch (i->opcode) {
    case RPYC_OP_ATTR:
        return got_attr(conn, c);
    case RPYC_OP_CALL:
        return rpyc_eval_replace(conn, c, i->a + 1, answer);
    case RPYC_OP_MODULE:
        return rpyc_classic_got_module(conn, c);
    case RPYC_OP_ITEM:
        return rpyc_eval_replace(conn, c, 2, answer);
    case RPYC_OP_FUNCTION:
        return got_function(conn, c, (enum rpyc_function)i->a);
    case RPYC_OP_ITER:
        return got_iter(conn, c);
    case RPYC_OP_NEXT:
        return got_item(conn, c, answer);
    default: /* HINT */
        return rpyc_eval_drop(conn, c, &answer);
    }
}
