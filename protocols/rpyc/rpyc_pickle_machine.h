/* SPDX-License-Identifier: MIT */
/*
 * The parts of the pickle reader's stack machine, for rpyc_pickle.c only. Containers can still
 * grow after something refers to them, so the machine works on nodes; when it stops, what the last
 * one reaches is turned into values.
 */
#ifndef RPYC_PICKLE_MACHINE_H
#define RPYC_PICKLE_MACHINE_H

#include <stdbool.h>

#include "bench/error.h"
#include "bench/value.h"

struct rpyc_cell {
    struct rpyc_node *node;
    struct rpyc_cell *next;
};

struct rpyc_node {
    struct bench_value value;       /* of a container: its kind, and once done its items */
    struct rpyc_cell *first, *last; /* of a container */
    uint32_t count;                 /* cells */
    uint32_t weight;                /* values if written out; from here on known once done */
    uint8_t height;                 /* containers in each other */
    bool unhashable, busy, done;
};

struct rpyc_machine {
    const uint8_t *start, *at, *end;
    struct bench_arena *arena, scratch; /* results; nodes and cells */
    struct rpyc_node **stack, **memo;   /* on the stack NULL is a mark; in the memo a gap */
    size_t depth, stack_room, memo_room, memo_count;
    size_t values_left, long_left; /* of the limits */
    struct bench_error *err;
};

/* All of them: 0, or a negative errno with m->err filled. */
int rpyc_pickle_fail(struct rpyc_machine *m, int code, const char *what);
int rpyc_pickle_take(struct rpyc_machine *m, uint64_t n, const uint8_t **bytes);
int rpyc_pickle_take_number(struct rpyc_machine *m, size_t width, uint64_t *out);
int rpyc_pickle_take_sized(struct rpyc_machine *m, size_t width, const uint8_t **bytes, size_t *n);
int rpyc_pickle_take_line(struct rpyc_machine *m, const uint8_t **line, size_t *n);
int rpyc_pickle_push(struct rpyc_machine *m, struct rpyc_node *node);
int rpyc_pickle_push_value(struct rpyc_machine *m, struct bench_value value);
int rpyc_pickle_push_kind(struct rpyc_machine *m, enum bench_kind kind);
int rpyc_pickle_top(struct rpyc_machine *m, size_t n, struct rpyc_node ***out);
int rpyc_pickle_marked(struct rpyc_machine *m, struct rpyc_node ***items, size_t *n);
int rpyc_pickle_memoize(struct rpyc_machine *m, uint64_t index);
int rpyc_pickle_recall(struct rpyc_machine *m, uint64_t index);
int rpyc_pickle_extend_marked(struct rpyc_machine *m, enum bench_kind kind);
int rpyc_pickle_extend_top(struct rpyc_machine *m, enum bench_kind kind, size_t n);
int rpyc_pickle_build_marked(struct rpyc_machine *m, enum bench_kind kind);
int rpyc_pickle_build_tuple(struct rpyc_machine *m, size_t n);

/* In rpyc_pickle_scalar.c: what one opcode reads and pushes. */
int rpyc_pickle_push_sized(struct rpyc_machine *m, enum bench_kind kind, size_t width);
int rpyc_pickle_push_escaped(struct rpyc_machine *m);
int rpyc_pickle_push_int_line(struct rpyc_machine *m, bool is_long);
int rpyc_pickle_push_long(struct rpyc_machine *m, size_t width);
int rpyc_pickle_push_small(struct rpyc_machine *m, size_t width);
int rpyc_pickle_push_float_line(struct rpyc_machine *m);
int rpyc_pickle_push_float(struct rpyc_machine *m);

#endif
