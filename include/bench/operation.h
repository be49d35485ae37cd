/* SPDX-License-Identifier: MIT */
/*
 * The reference service's operations as data (from operations.def), and what a caller wants done
 * (a spec). Constant; any thread.
 */
#ifndef BENCH_OPERATION_H
#define BENCH_OPERATION_H

#include "bench/value.h"

#define BENCH_OPERATION_PARAMS 2

enum bench_operation_id {
#define X(id, ...) BENCH_OP_##id,
#include "bench/operations.def"
#undef X
    BENCH_OPERATION_COUNT
};

struct bench_param {
    const char *name; /* NULL: no such parameter */
    struct bench_value default_value;
};

struct bench_operation {
    enum bench_operation_id id;
    const char *name;
    bool tx;   /* takes op->tx as its last argument */
    bool bulk; /* its reply goes to the sink */
    struct bench_param params[BENCH_OPERATION_PARAMS];
    const char *summary;
};

/* The row with that id; never NULL for a valid id. */
BENCH_API const struct bench_operation *bench_operation_get(enum bench_operation_id id);
/* The row with that name, or NULL. */
BENCH_API const struct bench_operation *bench_operation_find(const char *name, size_t length);
/* Number of named parameters of a row (0..BENCH_OPERATION_PARAMS), without tx. */
BENCH_API size_t bench_operation_nparams(const struct bench_operation *operation);

enum bench_spec_kind {
    BENCH_SPEC_OPERATION, /* a row of the reference service with argument values */
    BENCH_SPEC_TEXT,      /* a user's own call, in the protocol's notation */
    BENCH_SPEC_PROBE,     /* the cheapest call that any server of the protocol answers */
};

/* What to compile into a program. Borrowed during compile() only. */
struct bench_spec {
    enum bench_spec_kind kind;
    const struct bench_operation *operation;
    const struct bench_value *args; /* the row's parameters in order, without tx */
    size_t nargs;                   /* missing ones take the row's defaults */
    const char *text;
};

/* Argument number i of a spec of kind OPERATION: given, or the row's default. */
BENCH_API struct bench_value bench_spec_arg(const struct bench_spec *spec, size_t i);

#endif
