/* SPDX-License-Identifier: MIT */
/*
 * An expression as steps for a machine with a stack. Immutable, shared by all connections; what a
 * connection keeps while it runs them is in rpyc_eval.h.
 */
#ifndef RPYC_CODE_H
#define RPYC_CODE_H

#include "protocols/rpyc/rpyc_expr.h"

enum rpyc_opcode {
    RPYC_OP_PUSH,     /* -- value */
    RPYC_OP_ROOT,     /* -- root */
    RPYC_OP_CLASSIC,  /* -- the object of enum rpyc_classic_name a */
    RPYC_OP_MODULE,   /* name -- the server's module of that name */
    RPYC_OP_LOAD,     /* -- the variable in place a */
    RPYC_OP_ATTR,     /* object -- its attribute `value`; b: of the root, and called at once */
    RPYC_OP_CALL,     /* callee, a arguments -- result; `value`: names of the last of them */
    RPYC_OP_ITEM,     /* object, key -- item */
    RPYC_OP_SLICE,    /* start, stop, step -- slice */
    RPYC_OP_TUPLE,    /* a items -- tuple */
    RPYC_OP_FUNCTION, /* object -- what function a makes of it */
    RPYC_OP_ITER,     /* object -- object, iterator, list if b, else iterator, list */
    RPYC_OP_HINT,     /* object, iterator, list -- the same; list() asks how long it will be */
    RPYC_OP_NEXT,     /* iterator, list -- the same; item into place a; goes to b at the end */
    RPYC_OP_APPEND,   /* list, item -- list */
    RPYC_OP_JUMP,     /* goes to b */
    RPYC_OP_COLLECTED /* (object,) iterator, list -- list; a: how many go; b: it becomes a tuple */
};

struct rpyc_instruction {
    enum rpyc_opcode opcode;
    uint32_t a, b;
    size_t column;
    struct bench_value value;
};

#define RPYC_NO_PLACE UINT32_MAX /* NEXT: onto the stack */

struct rpyc_code {
    struct bench_arena arena; /* of all that follows */
    struct rpyc_instruction *list;
    size_t count, room;
    size_t stack;  /* slots that it needs at most */
    size_t places; /* for variables */
};

/* Takes over the arena that the tree lives in. 0 or -ENOMEM (the arena is then finished). */
int rpyc_code_new(struct bench_arena *arena, const struct rpyc_node *tree, struct rpyc_code **out,
                  struct bench_error *err) BENCH_MUST_CHECK;
/* Accepts NULL. */
void rpyc_code_free(struct rpyc_code *code);

#endif
