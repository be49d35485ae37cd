/* SPDX-License-Identifier: MIT */
/*
 * Values as the protocols exchange them, modelled on what RPyC can send, because that is the
 * richest of the protocols: the immutable kinds travel by value, LIST, DICT and OBJECT go by
 * reference in RPyC and as JSON in HTTP. A value borrows its bytes, items and objects from an
 * arena (or from static memory); it has no destructor of its own. Not shared between threads
 * while it is being built; read-only afterwards.
 */
#ifndef BENCH_VALUE_H
#define BENCH_VALUE_H

#include <stdbool.h>

#include "bench/api.h"

struct bench_buf;
struct bench_object;

/* Memory that is given back all at once. Chunks grow from 512 bytes; limit bounds the total. */
struct bench_arena {
    struct bench_arena_chunk *chunk;
    size_t used, limit, total;
};

BENCH_API void bench_arena_init(struct bench_arena *arena, size_t limit_bytes);
BENCH_API void bench_arena_fini(struct bench_arena *arena);
/* Forgets all contents but keeps the newest chunk: no allocation for the next operation. */
BENCH_API void bench_arena_reset(struct bench_arena *arena);
/* Zeroed and aligned to 16 bytes. NULL when the limit or the memory is used up. */
BENCH_API void *bench_arena_alloc(struct bench_arena *arena, size_t n) BENCH_MUST_CHECK;
/* A copy with a NUL behind it. NULL as above. */
BENCH_API char *bench_arena_copy(struct bench_arena *arena, const void *data, size_t n)
    BENCH_MUST_CHECK;

enum bench_kind {
    BENCH_NONE,
    BENCH_BOOL,
    BENCH_INT,     /* fits int64_t */
    BENCH_BIGINT,  /* does not: decimal digits in .text, '-' in front if negative */
    BENCH_FLOAT,
    BENCH_COMPLEX,
    BENCH_STR,     /* UTF-8 in .text */
    BENCH_BYTES,   /* .text */
    BENCH_TUPLE,   /* .seq */
    BENCH_FROZENSET,
    BENCH_SLICE,   /* .seq of start, stop, step */
    BENCH_ELLIPSIS,
    BENCH_NOTIMPLEMENTED,
    BENCH_LIST,    /* .seq; by reference in RPyC */
    BENCH_DICT,    /* .seq of key, value, key, value ... */
    BENCH_OBJECT,  /* .object: exported, or a proxy of something the peer owns */
    BENCH_SET,     /* .seq; in RPyC only inside a pickle */
};

struct bench_value {
    enum bench_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            double re, im;
        } complex;
        struct {
            const char *data;
            size_t length; /* bytes, without a NUL */
        } text;
        struct {
            const struct bench_value *items;
            size_t count; /* items; for DICT twice the number of pairs */
        } seq;
        struct bench_object *object;
    };
};

/* Length in bytes of the well-formed UTF-8 character at text (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF), 0 if there is none. length >= 1: bytes that are left. */
BENCH_API size_t bench_utf8_length(const uint8_t *text, size_t length);

BENCH_API struct bench_value bench_none(void);
BENCH_API struct bench_value bench_bool(bool value);
BENCH_API struct bench_value bench_int(int64_t value);
BENCH_API struct bench_value bench_float(double value);
/* These three borrow. bench_str takes a NUL-terminated string. */
BENCH_API struct bench_value bench_str(const char *text);
BENCH_API struct bench_value bench_str_n(const char *text, size_t length);
BENCH_API struct bench_value bench_bytes(const void *data, size_t length);
BENCH_API struct bench_value bench_tuple(const struct bench_value *items, size_t count);
/* Any integer of up to 128 bits: INT when it fits, else BIGINT with its digits in the arena.
 * 0 or -ENOMEM. */
BENCH_API int bench_int128(struct bench_arena *arena, __int128 value, struct bench_value *out)
    BENCH_MUST_CHECK;

/* As Python's repr() prints it ("b'\\x00'", "(1,)", "inf"). Objects print as <TYPE object>, those of
 * the other side as <netref TYPE>.
 * 0, or the errors of bench_buf_reserve. */
BENCH_API int bench_value_repr(const struct bench_value *value, struct bench_buf *out);

/* Same kind and same contents; sets without regard to order; NaN equals NaN (this asks
 * "did the same value arrive", not Python's ==). Objects are equal if identical. */
BENCH_API bool bench_value_equal(const struct bench_value *a, const struct bench_value *b);

/* A deep copy into the arena. Objects are borrowed. 0 or -ENOMEM. */
BENCH_API int bench_value_copy(struct bench_arena *arena, const struct bench_value *value,
                               struct bench_value *out) BENCH_MUST_CHECK;

#endif
