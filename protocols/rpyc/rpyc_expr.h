/* SPDX-License-Identifier: MIT */
/*
 * What a user writes, as Python reads it: root.get_user(1).name, list(root.f(x=2))[0],
 * [u.name for u in root.users()]. Pure: text into a tree, no sockets. Everything lives in the
 * arena; the tree does not refer to the text.
 */
#ifndef RPYC_EXPR_H
#define RPYC_EXPR_H

#include "bench/error.h"
#include "bench/value.h"

#define RPYC_EXPR_TEXT_MAX    ((size_t)1 << 20) /* bytes */
#define RPYC_EXPR_NESTING_MAX 64                /* brackets, attributes and calls in each other */
#define RPYC_EXPR_ARGS_MAX    255               /* of one call */

enum rpyc_node_kind {
    RPYC_NODE_CONST,         /* value */
    RPYC_NODE_ROOT,          /* conn.root */
    RPYC_NODE_CLASSIC,       /* conn.modules and the other names of classic mode */
    RPYC_NODE_VARIABLE,      /* name; of a comprehension around it */
    RPYC_NODE_ATTR,          /* name of its one child */
    RPYC_NODE_CALL,          /* the callee, then the arguments */
    RPYC_NODE_INDEX,         /* what is indexed, then the key */
    RPYC_NODE_SLICE,         /* start, stop, step */
    RPYC_NODE_TUPLE,         /* items of which not all are constant */
    RPYC_NODE_FUNCTION,      /* one of ours, with its one argument */
    RPYC_NODE_COMPREHENSION, /* [body for name in iterable]: the iterable, then the body */
};

enum rpyc_function {
    RPYC_FUNCTION_LEN,
    RPYC_FUNCTION_STR,
    RPYC_FUNCTION_REPR,
    RPYC_FUNCTION_DIR,
    RPYC_FUNCTION_LIST,
    RPYC_FUNCTION_TUPLE,
    RPYC_FUNCTION_OBTAIN,
    RPYC_FUNCTION_BUFFITER,
    RPYC_FUNCTION_FROZENSET, /* of constants: never in a tree */
};

/* The names of a classic connection. */
enum rpyc_classic_name {
    RPYC_CLASSIC_GETMODULE,
    RPYC_CLASSIC_EVAL,
    RPYC_CLASSIC_EXECUTE,
    RPYC_CLASSIC_NAMESPACE,
    RPYC_CLASSIC_BUILTINS,
    RPYC_CLASSIC_MODULES, /* the server's modules by name; nothing that could be sent */
    RPYC_CLASSIC_NAMES,
};

struct rpyc_node {
    enum rpyc_node_kind kind;
    enum rpyc_function function;
    enum rpyc_classic_name classic;
    size_t column; /* of its first character, from 1, in characters */
    struct bench_value value;
    const char *name;
    size_t name_length;
    const char *keyword; /* of an argument that has one */
    size_t keyword_length;
    unsigned depth;          /* of the tree below */
    struct rpyc_node *first; /* child */
    struct rpyc_node *next;  /* sibling */
    size_t count;            /* of children */
};

/* 0; -EINVAL (not an expression) and -ENOTSUP (Python, but nothing that can be sent) name the
 * column; -ENOMEM. */
int rpyc_expr_parse(struct bench_arena *arena, const char *text, size_t length,
                    struct rpyc_node **out, struct bench_error *err) BENCH_MUST_CHECK;

/* ---- names of classic mode (rpyc_classic.c) ---- */

bool rpyc_classic_named(const char *text, size_t length, enum rpyc_classic_name *out);
/* Whether it is the name space of the server's modules itself. */
bool rpyc_is_modules(const struct rpyc_node *node);

/* ---- literals (rpyc_literal.c) ---- */

struct rpyc_scanner {
    const char *text, *at, *end;
    struct bench_arena *arena;
    struct bench_error *err;
};

/* The byte `ahead` of the present one; 0 at the end. */
static inline char rpyc_scan_peek(const struct rpyc_scanner *s, size_t ahead)
{
    return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

/* Letters, digits, underscores; all that is not ASCII counts as a letter. */
bool rpyc_scan_is_name(char c, bool first);
/* "column N: WHY"; returns code. */
int rpyc_scan_refuse(const struct rpyc_scanner *s, const char *at, int code, const char *why);
/* At a digit, or at a point with a digit behind it. */
int rpyc_scan_number(struct rpyc_scanner *s, struct bench_value *out) BENCH_MUST_CHECK;
/* At a quote. */
int rpyc_scan_string(struct rpyc_scanner *s, bool bytes, bool raw,
                     struct bench_value *out) BENCH_MUST_CHECK;
/* What unary minus makes of a number. 0, -EINVAL (no number), -ENOMEM. */
int rpyc_negate(struct bench_arena *arena, const struct bench_value *value,
                struct bench_value *out) BENCH_MUST_CHECK;
/* REAL + IMAGINARYj, or minus. 0, or -ENOTSUP: they are something else. */
int rpyc_add_imaginary(struct bench_value *real, const struct bench_value *imaginary,
                       bool minus) BENCH_MUST_CHECK;
/* Of a TUPLE, each of its items once. 0 or -ENOMEM. */
int rpyc_make_frozenset(struct bench_arena *arena, struct bench_value *tuple) BENCH_MUST_CHECK;

#endif
