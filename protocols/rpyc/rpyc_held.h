/* SPDX-License-Identifier: MIT */
/*
 * The references that a connection holds while it runs an expression: one for each object, with
 * how often it came, as Python's proxies do. Entries live in the op's arena.
 */
#ifndef RPYC_HELD_H
#define RPYC_HELD_H

#include "protocols/rpyc/rpyc_msg.h"

#define RPYC_HELD_MAX 1000000 /* at the same time */

/* What its class has; Python looks no further when it is not there. */
enum rpyc_method {
    RPYC_METHOD_CALL = 1 << 0,
    RPYC_METHOD_LEN = 1 << 1,
    RPYC_METHOD_HINT = 1 << 2, /* __length_hint__ */
    RPYC_METHOD_ITER = 1 << 3,
    RPYC_METHOD_NEXT = 1 << 4,
    RPYC_METHOD_ITEM = 1 << 5,
    RPYC_METHOD_ALL = (1 << 6) - 1,
};

struct rpyc_held {
    struct rpyc_proxy proxy;        /* first member */
    struct rpyc_held *next, *queue; /* in its bucket; of those that are to be inspected */
    int64_t count;                  /* how often it came */
    size_t uses;                    /* by values of ours */
    unsigned methods;
    bool kept; /* longer than the expression: never given back */
};

enum { RPYC_HELD_BUCKETS = 256 };

struct rpyc_held_table {
    struct rpyc_held *buckets[RPYC_HELD_BUCKETS];
    size_t count;
};

/* NULL: it is not there. */
struct rpyc_held *rpyc_held_find(const struct rpyc_held_table *table, const struct rpyc_ref *ref);
/* NULL: no memory, or too many. */
struct rpyc_held *rpyc_held_add(struct rpyc_held_table *table, struct bench_arena *arena,
                                const struct rpyc_ref *ref);
void rpyc_held_remove(struct rpyc_held_table *table, struct rpyc_held *held);
/* What a value refers to, if it is a proxy. */
struct rpyc_held *rpyc_held_of(const struct bench_value *value);
struct bench_value rpyc_held_value(struct rpyc_held *held);
/* The methods of a built-in class. */
unsigned rpyc_builtin_methods(const struct rpyc_ref *ref);
/* The methods that an answer to INSPECT names. 0 or what a reader returns. */
int rpyc_read_methods(struct rpyc_reader *body, unsigned *out) BENCH_MUST_CHECK;

#endif
