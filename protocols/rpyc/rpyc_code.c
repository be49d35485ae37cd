/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A variable while its comprehension is being written. */
struct place {
    const struct rpyc_node *owner;
    size_t number;
    const struct place *outer;
};

struct writer {
    struct rpyc_code *code;
    size_t height; /* of the stack, here */
    const struct place *places;
    size_t nplaces;
};

static int write_node(struct writer *w, const struct rpyc_node *node);
static int write_attr(struct writer *w, const struct rpyc_node *node, bool called);

static struct rpyc_instruction *add(struct writer *w, enum rpyc_opcode opcode,
                                    const struct rpyc_node *node)
{
    struct rpyc_code *code = w->code;
    if (code->count == code->room) {
        const size_t room = code->room ? 2 * code->room : 16;
        struct rpyc_instruction *grown = bench_arena_alloc(&code->arena, room * sizeof(*grown));
        if (!grown)
            return NULL;
        if (code->count > 0)
            memcpy(grown, code->list, code->count * sizeof(*grown));
        code->list = grown;
        code->room = room;
    }
    struct rpyc_instruction *i = &code->list[code->count++];
    i->opcode = opcode;
    i->column = node->column;
    return i;
}

/* What an instruction leaves on the stack. */
static int settle(struct writer *w, size_t taken, size_t put)
{
    w->height = w->height - taken + put;
    if (w->height > w->code->stack)
        w->code->stack = w->height;
    return 0;
}

static int write_children(struct writer *w, const struct rpyc_node *first)
{
    int rc = 0;
    for (const struct rpyc_node *child = first; rc == 0 && child; child = child->next)
        rc = write_node(w, child);
    return rc;
}

/* Without children of its own to look at: n are on the stack. */
static int finish(struct writer *w, enum rpyc_opcode opcode, const struct rpyc_node *node, size_t n,
                  uint32_t a)
{
    struct rpyc_instruction *i = add(w, opcode, node);
    if (!i)
        return -ENOMEM;
    i->a = a;
    return settle(w, n, 1);
}

static int write_call(struct writer *w, const struct rpyc_node *node)
{
    const size_t nargs = node->count - 1;
    const struct rpyc_node *callee = node->first;
    int rc = callee->kind == RPYC_NODE_ATTR ? write_attr(w, callee, true) : write_node(w, callee);
    if (rc == 0)
        rc = write_children(w, callee->next);
    if (rc < 0)
        return rc;
    struct bench_value *names = bench_arena_alloc(&w->code->arena, (nargs + 1) * sizeof(*names));
    struct rpyc_instruction *i = add(w, RPYC_OP_CALL, node);
    if (!names || !i)
        return -ENOMEM;
    size_t n = 0;
    for (const struct rpyc_node *arg = node->first->next; arg; arg = arg->next)
        if (arg->keyword)
            names[n++] = bench_str_n(arg->keyword, arg->keyword_length);
    i->a = (uint32_t)nargs;
    i->value = bench_tuple(names, n);
    return settle(w, node->count, 1);
}

/* modules.NAME, or modules[key]: not an attribute of anything. */
static int write_module(struct writer *w, const struct rpyc_node *node,
                        const struct rpyc_node *key)
{
    const struct rpyc_node name = {
        .kind = RPYC_NODE_CONST,
        .column = node->column,
        .value = bench_str_n(node->name, node->name_length),
    };
    int rc = write_node(w, key ? key : &name);
    return rc < 0 ? rc : finish(w, RPYC_OP_MODULE, node, 1, 0);
}

static int write_attr(struct writer *w, const struct rpyc_node *node, bool called)
{
    if (rpyc_is_modules(node->first))
        return write_module(w, node, NULL);
    int rc = write_children(w, node->first);
    if (rc < 0)
        return rc;
    struct rpyc_instruction *i = add(w, RPYC_OP_ATTR, node);
    if (!i)
        return -ENOMEM;
    i->value = bench_str_n(node->name, node->name_length);
    i->b = called && node->first->kind == RPYC_NODE_ROOT;
    return 0;
}

static int write_variable(struct writer *w, const struct rpyc_node *node)
{
    const struct place *place = w->places;
    while (place && (place->owner->name_length != node->name_length ||
                     memcmp(place->owner->name, node->name, node->name_length) != 0))
        place = place->outer;
    return place ? finish(w, RPYC_OP_LOAD, node, 0, (uint32_t)place->number) : -EINVAL;
}

/* What is common to list(x) and [body for v in x]: the loop. body: NULL = the item itself. */
static int write_loop(struct writer *w, const struct rpyc_node *node, const struct rpyc_node *body,
                      uint32_t place, bool tuple)
{
    const bool keeps = !body;
    struct rpyc_instruction *i = add(w, RPYC_OP_ITER, node);
    if (!i)
        return -ENOMEM;
    i->b = keeps;
    (void)settle(w, 1, keeps ? 3 : 2);
    if (keeps && !add(w, RPYC_OP_HINT, node))
        return -ENOMEM;
    const size_t next = w->code->count;
    i = add(w, RPYC_OP_NEXT, node);
    if (!i)
        return -ENOMEM;
    i->a = place;
    int rc = body ? write_node(w, body) : settle(w, 0, 1);
    if (rc < 0)
        return rc;
    if (!add(w, RPYC_OP_APPEND, node))
        return -ENOMEM;
    (void)settle(w, 2, 1);
    i = add(w, RPYC_OP_JUMP, node);
    if (!i)
        return -ENOMEM;
    i->b = (uint32_t)next;
    w->code->list[next].b = (uint32_t)w->code->count;
    i = add(w, RPYC_OP_COLLECTED, node);
    if (!i)
        return -ENOMEM;
    i->a = keeps ? 2 : 1;
    i->b = tuple;
    return settle(w, keeps ? 3 : 2, 1);
}

static int write_comprehension(struct writer *w, const struct rpyc_node *node)
{
    const struct rpyc_node *iterable = node->first, *body = iterable->next;
    const struct place place = {.owner = node, .number = w->nplaces, .outer = w->places};
    int rc = write_node(w, iterable);
    if (rc < 0)
        return rc;
    w->nplaces++;
    if (w->nplaces > w->code->places)
        w->code->places = w->nplaces;
    w->places = &place;
    rc = write_loop(w, node, body, (uint32_t)place.number, false);
    w->places = place.outer;
    w->nplaces--;
    return rc;
}

static int write_function(struct writer *w, const struct rpyc_node *node)
{
    int rc = write_children(w, node->first);
    if (rc < 0)
        return rc;
    if (node->function == RPYC_FUNCTION_LIST || node->function == RPYC_FUNCTION_TUPLE)
        return write_loop(w, node, NULL, RPYC_NO_PLACE, node->function == RPYC_FUNCTION_TUPLE);
    return finish(w, RPYC_OP_FUNCTION, node, 1, (uint32_t)node->function);
}

static int write_const(struct writer *w, const struct rpyc_node *node)
{
    struct rpyc_instruction *i = add(w, RPYC_OP_PUSH, node);
    if (!i)
        return -ENOMEM;
    i->value = node->value;
    return settle(w, 0, 1);
}

static int write_node(struct writer *w, const struct rpyc_node *node)
{
    switch (node->kind) {
    case RPYC_NODE_CONST:
        return write_const(w, node);
    case RPYC_NODE_ROOT:
        return finish(w, RPYC_OP_ROOT, node, 0, 0);
    case RPYC_NODE_CLASSIC:
        return finish(w, RPYC_OP_CLASSIC, node, 0, (uint32_t)node->classic);
    case RPYC_NODE_VARIABLE:
        return write_variable(w, node);
    case RPYC_NODE_ATTR:
        return write_attr(w, node, false);
    case RPYC_NODE_CALL:
        return write_call(w, node);
    case RPYC_NODE_FUNCTION:
        return write_function(w, node);
    case RPYC_NODE_COMPREHENSION:
        return write_comprehension(w, node);
    case RPYC_NODE_INDEX:
        if (rpyc_is_modules(node->first))
            return write_module(w, node, node->first->next);
        break;
    case RPYC_NODE_SLICE:
    case RPYC_NODE_TUPLE:
        break;
    }
    const enum rpyc_opcode opcode = node->kind == RPYC_NODE_INDEX   ? RPYC_OP_ITEM
                                    : node->kind == RPYC_NODE_SLICE ? RPYC_OP_SLICE
                                                                    : RPYC_OP_TUPLE;
    int rc = write_children(w, node->first);
    return rc < 0 ? rc : finish(w, opcode, node, node->count, (uint32_t)node->count);
}

int rpyc_code_new(struct bench_arena *arena, const struct rpyc_node *tree, struct rpyc_code **out,
                  struct bench_error *err)
{
    struct rpyc_code *code = calloc(1, sizeof(*code));
    if (!code) {
        bench_arena_fini(arena);
        return bench_fail(err, -ENOMEM, "no memory for a program");
    }
    code->arena = *arena; /* moved */
    *arena = (struct bench_arena){0};
    struct writer w = {.code = code};
    int rc = write_node(&w, tree);
    if (rc < 0) {
        rpyc_code_free(code);
        return bench_fail(err, rc, "no memory for a program");
    }
    *out = code;
    return 0;
}

void rpyc_code_free(struct rpyc_code *code)
{
    if (!code)
        return;
    bench_arena_fini(&code->arena);
    free(code);
}
