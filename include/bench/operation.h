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

/*
 * What the caller does with an answer that holds records (users, as objects, dicts or tuples), as
 * an application would. READ and COPY end with the same result in every protocol: a LIST of TUPLEs,
 * the fields BENCH_FIELDS_READ of each record, in order. What that costs is what is measured: a
 * protocol that refers to records asks for each field, one that sends them has them already.
 */
enum bench_reading {
    BENCH_READING_NONE, /* nothing: the result is the answer as it comes */
    BENCH_READING_READ, /* goes through the records and reads the fields of each */
    BENCH_READING_COPY, /* has the whole answer copied first, in the way that the protocol has for
                           what it refers to, and reads the copy */
};

/* X(place in a record that is a tuple, name) */
#define BENCH_FIELDS_READ(X) X(1, name) X(2, email) X(3, status)

/* What to compile into a program. Borrowed during compile() only. */
struct bench_spec {
    enum bench_spec_kind kind;
    const struct bench_operation *operation;
    const struct bench_value *args; /* the row's parameters in order, without tx */
    size_t nargs;                   /* missing ones take the row's defaults */
    const char *text;
    /* Of an OPERATION; other than NONE only for backends with BENCH_CAP_RECORDS. */
    enum bench_reading reading;
};

/* Argument number i of a spec of kind OPERATION: given, or the row's default. */
BENCH_API struct bench_value bench_spec_arg(const struct bench_spec *spec, size_t i);

/* What READ and COPY make of records that are here: a LIST or TUPLE of DICTs or TUPLEs, from whose
 * values it borrows. records may be *out. 0, -EINVAL (something else, or a field is missing),
 * -ENOMEM. */
BENCH_API int bench_records_read(struct bench_arena *arena, const struct bench_value *records,
                                 struct bench_value *out) BENCH_MUST_CHECK;

#endif
