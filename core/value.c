/* SPDX-License-Identifier: MIT */
#include "bench/value.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct bench_value bench_none(void) { return (struct bench_value){.kind = BENCH_NONE}; }

struct bench_value bench_bool(bool value)
{
    return (struct bench_value){.kind = BENCH_BOOL, .boolean = value};
}

struct bench_value bench_int(int64_t value)
{
    return (struct bench_value){.kind = BENCH_INT, .integer = value};
}

struct bench_value bench_float(double value)
{
    return (struct bench_value){.kind = BENCH_FLOAT, .real = value};
}

struct bench_value bench_str(const char *text) { return bench_str_n(text, strlen(text)); }

struct bench_value bench_str_n(const char *text, size_t length)
{
    return (struct bench_value){.kind = BENCH_STR, .text = {text, length}};
}

struct bench_value bench_bytes(const void *data, size_t length)
{
    return (struct bench_value){.kind = BENCH_BYTES, .text = {data, length}};
}

struct bench_value bench_tuple(const struct bench_value *items, size_t count)
{
    return (struct bench_value){.kind = BENCH_TUPLE, .seq = {items, count}};
}

int bench_int128(struct bench_arena *arena, __int128 value, struct bench_value *out)
{
    if (value >= INT64_MIN && value <= INT64_MAX) {
        *out = bench_int((int64_t)value);
        return 0;
    }
    char digits[48];
    size_t at = sizeof(digits);
    unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
    while (rest > 0) {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (value < 0)
        digits[--at] = '-';
    size_t length = sizeof(digits) - at;
    char *text = bench_arena_copy(arena, digits + at, length);
    if (text == NULL)
        return -ENOMEM;
    *out = (struct bench_value){.kind = BENCH_BIGINT, .text = {text, length}};
    return 0;
}

static bool is_sequence(enum bench_kind kind)
{
    return kind == BENCH_TUPLE || kind == BENCH_FROZENSET || kind == BENCH_SLICE ||
           kind == BENCH_LIST || kind == BENCH_DICT || kind == BENCH_SET;
}

static bool same_double(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return memcmp(&a, &b, sizeof(a)) == 0; /* 0.0 and -0.0 differ on the wire */
}

static bool same_items(const struct bench_value *a, const struct bench_value *b)
{
    if (a->seq.count != b->seq.count)
        return false;
    for (size_t i = 0; i < a->seq.count; i++)
        if (!bench_value_equal(&a->seq.items[i], &b->seq.items[i]))
            return false;
    return true;
}

/* Members of a set are distinct, so equal counts and "each of a is in b" suffice. */
static bool same_members(const struct bench_value *a, const struct bench_value *b)
{
    if (a->seq.count != b->seq.count)
        return false;
    for (size_t i = 0; i < a->seq.count; i++) {
        bool found = false;
        for (size_t k = 0; k < b->seq.count && !found; k++)
            found = bench_value_equal(&a->seq.items[i], &b->seq.items[k]);
        if (!found)
            return false;
    }
    return true;
}

bool bench_value_equal(const struct bench_value *a, const struct bench_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case BENCH_NONE:
    case BENCH_ELLIPSIS:
    case BENCH_NOTIMPLEMENTED:
        return true;
    case BENCH_BOOL:
        return a->boolean == b->boolean;
    case BENCH_INT:
        return a->integer == b->integer;
    case BENCH_FLOAT:
        return same_double(a->real, b->real);
    case BENCH_COMPLEX:
        return same_double(a->complex.re, b->complex.re) && same_double(a->complex.im, b->complex.im);
    case BENCH_BIGINT:
    case BENCH_STR:
    case BENCH_BYTES:
        return a->text.length == b->text.length &&
               (a->text.length == 0 || memcmp(a->text.data, b->text.data, a->text.length) == 0);
    case BENCH_FROZENSET:
    case BENCH_SET:
        return same_members(a, b);
    case BENCH_TUPLE:
    case BENCH_SLICE:
    case BENCH_LIST:
    case BENCH_DICT:
        return same_items(a, b);
    case BENCH_OBJECT:
        return a->object == b->object;
    }
    return false;
}

int bench_value_copy(struct bench_arena *arena, const struct bench_value *value,
                     struct bench_value *out)
{
    *out = *value;
    if (value->kind == BENCH_STR || value->kind == BENCH_BYTES || value->kind == BENCH_BIGINT) {
        out->text.data = bench_arena_copy(arena, value->text.data, value->text.length);
        return out->text.data == NULL ? -ENOMEM : 0;
    }
    if (!is_sequence(value->kind))
        return 0;
    struct bench_value *items = bench_arena_alloc(arena, value->seq.count * sizeof(*items));
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < value->seq.count; i++) {
        int rc = bench_value_copy(arena, &value->seq.items[i], &items[i]);
        if (rc < 0)
            return rc;
    }
    out->seq.items = items;
    return 0;
}
