/* SPDX-License-Identifier: MIT */
/*
 * Options as tables. A backend describes the members of its own options structure; the core
 * allocates it, fills in defaults, parses "key=value" and prints help. Tables are constant; an
 * options structure is written by one thread before it is shared and read-only afterwards.
 */
#ifndef BENCH_OPTION_H
#define BENCH_OPTION_H

#include <stdbool.h>

#include "bench/api.h"

struct bench_error;
struct bench_buf;

enum bench_option_type {
    BENCH_OPTION_BOOL,     /* bool: on/off, yes/no, true/false */
    BENCH_OPTION_INT,      /* int64_t */
    BENCH_OPTION_SIZE,     /* int64_t bytes: 64KiB, 1.5MiB, 1000 */
    BENCH_OPTION_DURATION, /* int64_t nanoseconds: 250ns, 10us, 5ms, 2s, 1m */
    BENCH_OPTION_ENUM,     /* int: index into choices */
    BENCH_OPTION_STRING,   /* const char *: borrowed by the structure, owned by the options */
};

struct bench_option {
    const char *name; /* [a-z0-9-]; NULL ends a table */
    enum bench_option_type type;
    size_t offset;             /* of the member in the options structure */
    const char *default_text;  /* parsed like a user's text; NULL = zero */
    double min, max;           /* for numbers; both 0 = unbounded */
    const char *const *choices; /* ENUM: NULL-ended */
    const char *help;
    bool server; /* the server has to be told too: the suite starts it with --option NAME=VALUE */
};

/* A new options structure of size bytes with the table's defaults; table may be NULL (size 0 is
 * fine). 0, -ENOMEM, or -EINVAL for a bad default. The caller frees it. */
BENCH_API int bench_options_new(const struct bench_option *table, size_t size, void **out,
                                struct bench_error *err) BENCH_MUST_CHECK;
BENCH_API void bench_options_free(const struct bench_option *table, void *options);

/* Sets one option from text. 0, -ENOENT (no such option; the message lists the valid ones),
 * -EINVAL (bad value; the message says which are good), -ENOMEM. */
BENCH_API int bench_options_set(const struct bench_option *table, void *options, const char *name,
                                const char *value, struct bench_error *err) BENCH_MUST_CHECK;

/* "key=value,key=value"; stops at the first error of bench_options_set. */
BENCH_API int bench_options_parse(const struct bench_option *table, void *options,
                                  const char *text, struct bench_error *err) BENCH_MUST_CHECK;

/* Appends the option's present value as text. 0 or the errors of bench_buf_reserve. */
BENCH_API int bench_options_print(const struct bench_option *row, const void *options,
                                  struct bench_buf *out) BENCH_MUST_CHECK;

#endif
