/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_plain.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "protocols/rpyc/rpyc_special.h"

enum { NAME_SHOWN = 100, HASH_BITS = 61 };
#define HASH_MODULUS ((UINT64_C(1) << HASH_BITS) - 1)

const char *rpyc_plain_type(const struct bench_value *value)
{
    static const char *const names[] = {
        [BENCH_NONE] = "NoneType", [BENCH_BOOL] = "bool",
        [BENCH_INT] = "int",       [BENCH_BIGINT] = "int",
        [BENCH_FLOAT] = "float",   [BENCH_COMPLEX] = "complex",
        [BENCH_STR] = "str",       [BENCH_BYTES] = "bytes",
        [BENCH_TUPLE] = "tuple",   [BENCH_FROZENSET] = "frozenset",
        [BENCH_SLICE] = "slice",   [BENCH_ELLIPSIS] = "ellipsis",
        [BENCH_LIST] = "list",     [BENCH_NOTIMPLEMENTED] = "NotImplementedType",
        [BENCH_DICT] = "dict",     [BENCH_OBJECT] = NULL,
        [BENCH_SET] = "set",
    };
    return value->kind == BENCH_OBJECT ? value->object->ops->type_name : names[value->kind];
}

/* ---- comparing ---- */

enum { UNORDERED = 2, OTHER_TYPE = 3 }; /* beside -1, 0 and 1 */

static bool is_int(const struct bench_value *value)
{
    return value->kind == BENCH_INT || value->kind == BENCH_BIGINT || value->kind == BENCH_BOOL;
}

static int sign(const struct bench_value *value)
{
    if (value->kind == BENCH_BIGINT)
        return value->text.data[0] == '-' ? -1 : 1;
    return 0; /* smaller than any of those */
}

static int order_ints(const struct bench_value *a, const struct bench_value *b)
{
    if (a->kind == BENCH_BIGINT && b->kind == BENCH_BIGINT && sign(a) == sign(b)) {
        int order = (a->text.length > b->text.length) - (a->text.length < b->text.length);
        if (order == 0)
            order = memcmp(a->text.data, b->text.data, a->text.length);
        return sign(a) * ((order > 0) - (order < 0));
    }
    if (a->kind == BENCH_BIGINT || b->kind == BENCH_BIGINT)
        return (sign(a) > sign(b)) - (sign(a) < sign(b));
    const int64_t x = a->kind == BENCH_BOOL ? a->boolean : a->integer;
    const int64_t y = b->kind == BENCH_BOOL ? b->boolean : b->integer;
    return (x > y) - (x < y);
}

/* A double against an int of 64 bits, exactly. */
static int order_real(double real, int64_t integer)
{
    if (isnan(real))
        return UNORDERED;
    if (real >= 0x1p63)
        return 1;
    if (real < -0x1p63)
        return -1;
    const int64_t whole = (int64_t)real;
    if (whole != integer)
        return whole > integer ? 1 : -1;
    return (real > (double)whole) - (real < (double)whole);
}

static int order_float(double real, const struct bench_value *b)
{
    if (b->kind == BENCH_FLOAT)
        return isnan(real) || isnan(b->real) ? UNORDERED : (real > b->real) - (real < b->real);
    if (b->kind == BENCH_BIGINT) /* nobody needs the case of two that are nearly the same */
        return isnan(real) ? UNORDERED : isinf(real) ? (real > 0 ? 1 : -1) : -sign(b);
    return order_real(real, b->kind == BENCH_BOOL ? b->boolean : b->integer);
}

static int order(const struct bench_value *a, const struct bench_value *b)
{
    if (is_int(a) && is_int(b))
        return order_ints(a, b);
    if (a->kind == BENCH_FLOAT && (is_int(b) || b->kind == BENCH_FLOAT))
        return order_float(a->real, b);
    if (a->kind != b->kind)
        return OTHER_TYPE;
    if (a->kind == BENCH_STR || a->kind == BENCH_BYTES) {
        const size_t least = a->text.length < b->text.length ? a->text.length : b->text.length;
        const int found = least > 0 ? memcmp(a->text.data, b->text.data, least) : 0;
        return found ? (found > 0) - (found < 0)
                     : (a->text.length > b->text.length) - (a->text.length < b->text.length);
    }
    return UNORDERED;
}

/* Of items, where both sides may say something. */
static int order_either(const struct bench_value *a, const struct bench_value *b)
{
    int found = order(a, b);
    if (found != OTHER_TYPE)
        return found;
    found = order(b, a);
    return found == -1 || found == 1 ? -found : found;
}

static bool same(const struct bench_value *a, const struct bench_value *b)
{
    bool equal = a->seq.count == b->seq.count;
    if (a->kind != BENCH_TUPLE || b->kind != BENCH_TUPLE) {
        const int found = order_either(a, b);
        return found == UNORDERED && a->kind == b->kind && a->kind != BENCH_FLOAT
                   ? bench_value_equal(a, b)
                   : found == 0;
    }
    for (size_t i = 0; equal && i < a->seq.count; i++)
        equal = same(&a->seq.items[i], &b->seq.items[i]);
    return equal;
}

static bool holds(enum bench_compare op, int found)
{
    const bool results[] = {
        [BENCH_EQ] = found == 0,  [BENCH_NE] = found != 0,
        [BENCH_LT] = found == -1, [BENCH_LE] = found == -1 || found == 0,
        [BENCH_GT] = found == 1,  [BENCH_GE] = found == 1 || found == 0,
    };
    return results[op];
}

/* The first items that differ decide. */
static int compare_tuples(struct rpyc_peer *peer, const struct bench_value *a,
                          enum bench_compare op, const struct bench_value *b, bool *out)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    const size_t na = a->seq.count, nb = b->seq.count;
    size_t i = 0;
    while (i < na && i < nb && same(&a->seq.items[i], &b->seq.items[i]))
        i++;
    if (i == na || i == nb) {
        *out = holds(op, (na > nb) - (na < nb));
        return 0;
    }
    const struct bench_value *x = &a->seq.items[i], *y = &b->seq.items[i];
    if (x->kind == BENCH_TUPLE && y->kind == BENCH_TUPLE)
        return compare_tuples(peer, x, op, y, out);
    const int found = order_either(x, y);
    const bool real = x->kind == BENCH_FLOAT || y->kind == BENCH_FLOAT;
    if (op == BENCH_EQ || op == BENCH_NE)
        *out = op == BENCH_NE;
    else if (found == OTHER_TYPE || (found == UNORDERED && !real))
        return bench_raise(&peer->call, "TypeError",
                           "'%s' not supported between instances of '%s' and '%s'", signs[op],
                           rpyc_plain_type(x), rpyc_plain_type(y));
    else
        *out = holds(op, found);
    return 0;
}

int rpyc_plain_compare(struct rpyc_peer *peer, const struct bench_value *value,
                       enum bench_compare op, const struct bench_value *other,
                       struct bench_value *out)
{
    const bool equality = op == BENCH_EQ || op == BENCH_NE;
    bool answer = false;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (value->kind == BENCH_TUPLE && other->kind == BENCH_TUPLE) {
        int rc = compare_tuples(peer, value, op, other, &answer);
        *out = bench_bool(answer);
        return rc;
    }
    const int found = order(value, other);
    if (found == OTHER_TYPE)
        return 0;
    if (found != UNORDERED || value->kind == BENCH_FLOAT)
        *out = bench_bool(holds(op, found));
    else if (equality)
        *out = bench_bool(bench_value_equal(value, other) == (op == BENCH_EQ));
    return 0;
}

/* ---- hashing ---- */

static int64_t signed_hash(uint64_t hash, bool negative)
{
    const int64_t found = negative ? -(int64_t)hash : (int64_t)hash;
    return found == -1 ? -2 : found;
}

static int64_t hash_digits(const struct bench_value *value)
{
    const bool negative = value->text.data[0] == '-';
    uint64_t hash = 0;
    for (size_t i = negative; i < value->text.length; i++) {
        const uint64_t digit = (uint64_t)(value->text.data[i] - '0');
        const unsigned __int128 next = (unsigned __int128)hash * 10u + digit;
        hash = (uint64_t)(next % HASH_MODULUS);
    }
    return signed_hash(hash, negative);
}

static int64_t hash_int(int64_t value)
{
    const uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    return signed_hash(size % HASH_MODULUS, value < 0);
}

/* The mantissa times a power of two, modulo a prime that makes it a rotation. */
static int64_t hash_float(double value)
{
    int exponent;
    uint64_t hash = 0;
    if (isinf(value))
        return value > 0 ? 314159 : -314159;
    if (isnan(value))
        return 0; /* Python's is another one for each */
    double mantissa = frexp(fabs(value), &exponent);
    while (mantissa > 0) {
        hash = ((hash << 28) & HASH_MODULUS) | hash >> (HASH_BITS - 28);
        mantissa *= 0x1p28;
        exponent -= 28;
        const uint64_t whole = (uint64_t)mantissa;
        mantissa -= (double)whole;
        hash += whole;
        if (hash >= HASH_MODULUS)
            hash -= HASH_MODULUS;
    }
    exponent = ((exponent % HASH_BITS) + HASH_BITS) % HASH_BITS;
    hash = ((hash << exponent) & HASH_MODULUS) | hash >> (HASH_BITS - exponent);
    return signed_hash(hash, value < 0);
}

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static int hash_value(struct rpyc_peer *peer, const struct bench_value *value, int64_t *out)
{
    uint64_t hash = (uint64_t)value->kind;
    int64_t one = 0;
    int rc = 0;
    struct bench_value other;
    switch (value->kind) {
    case BENCH_BOOL:
        *out = value->boolean;
        return 0;
    case BENCH_INT:
        *out = hash_int(value->integer);
        return 0;
    case BENCH_BIGINT:
        *out = hash_digits(value);
        return 0;
    case BENCH_FLOAT:
        *out = hash_float(value->real);
        return 0;
    case BENCH_SLICE:
        return bench_raise(&peer->call, "TypeError", "unhashable type: 'slice'");
    case BENCH_OBJECT:
        if (rpyc_proxy_of(value))
            return bench_raise(&peer->call, "TypeError", "unhashable type: '%s'",
                               rpyc_plain_type(value));
        rc = rpyc_special_hash(peer, value->object, &other);
        *out = other.integer;
        return rc;
    case BENCH_STR:
    case BENCH_BYTES:
        for (size_t i = 0; i < value->text.length; i++)
            hash = mix(hash, (uint8_t)value->text.data[i]);
        break;
    case BENCH_TUPLE:
    case BENCH_FROZENSET:
        for (size_t i = 0; rc == 0 && i < value->seq.count; i++) {
            rc = hash_value(peer, &value->seq.items[i], &one);
            hash = value->kind == BENCH_TUPLE ? mix(hash, (uint64_t)one)
                                              : hash + mix(1, (uint64_t)one);
        }
        break;
    default:
        break;
    }
    *out = (int64_t)(mix(hash, 7) >> 3);
    return rc;
}

int rpyc_plain_hash(struct rpyc_peer *peer, const struct bench_value *value,
                    struct bench_value *out)
{
    int64_t hash = 0;
    int rc = hash_value(peer, value, &hash);
    *out = bench_int(hash);
    return rc;
}

int rpyc_plain_buffiter(struct rpyc_peer *peer, const struct bench_value *value,
                        const struct bench_value *count, struct bench_value *out)
{
    if (value->kind != BENCH_TUPLE)
        return bench_raise(&peer->call, "TypeError", "'%s' object is not iterable",
                           rpyc_plain_type(value));
    if (count->kind != BENCH_INT || count->integer < 0)
        return bench_raise(&peer->call, "ValueError", "count must not be negative");
    const size_t n = value->seq.count, wanted = (size_t)count->integer;
    *out = bench_tuple(value->seq.items, wanted < n ? wanted : n);
    return 0;
}

/* ---- attributes ---- */

/* Sorted. */
static const struct {
    const char *name;
    size_t nargs;
} methods[] = {
    {"__eq__", 1}, {"__ge__", 1}, {"__gt__", 1},   {"__hash__", 0}, {"__le__", 1},
    {"__lt__", 1}, {"__ne__", 1}, {"__repr__", 0}, {"__str__", 0},
};

int rpyc_plain_dir(struct rpyc_peer *peer, const struct bench_value *value, struct bench_value *out)
{
    struct bench_value *names =
        bench_arena_alloc(&peer->arena, BENCH_COUNT_OF(methods) * sizeof(*names));
    (void)value;
    if (!names)
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_COUNT_OF(methods); i++)
        names[i] = bench_str(methods[i].name);
    *out = bench_tuple(names, BENCH_COUNT_OF(methods));
    return 0;
}

int rpyc_plain_getattr(struct rpyc_peer *peer, const struct bench_value *value, const char *name,
                       size_t n, struct bench_value *out)
{
    const bool number = is_int(value) || value->kind == BENCH_FLOAT;
    if (number && n == 4 && memcmp(name, "real", n) == 0)
        *out = value->kind == BENCH_BOOL ? bench_int(value->boolean) : *value;
    else if (number && n == 4 && memcmp(name, "imag", n) == 0)
        *out = value->kind == BENCH_FLOAT ? bench_float(0) : bench_int(0);
    else if (n == 7 && memcmp(name, "__doc__", n) == 0)
        *out = bench_none();
    else
        return bench_raise(&peer->call, "AttributeError", "'%s' object has no attribute '%.*s'",
                           rpyc_plain_type(value), n > NAME_SHOWN ? NAME_SHOWN : (int)n, name);
    return 0;
}

int rpyc_plain_callattr(struct rpyc_peer *peer, const struct bench_value *value, const char *name,
                        size_t n, const struct bench_value *args, struct bench_value *out)
{
    static const enum bench_compare ops[] = {BENCH_EQ, BENCH_GE, BENCH_GT, BENCH_EQ,
                                             BENCH_LE, BENCH_LT, BENCH_NE};
    size_t i = 0;
    while (i < BENCH_COUNT_OF(methods) &&
           (strlen(methods[i].name) != n || memcmp(methods[i].name, name, n) != 0))
        i++;
    if (i == BENCH_COUNT_OF(methods)) {
        int rc = rpyc_plain_getattr(peer, value, name, n, out);
        return rc < 0 ? rc
                      : bench_raise(&peer->call, "TypeError", "'%s' object is not callable",
                                    rpyc_plain_type(out));
    }
    const size_t wanted = methods[i].nargs;
    if (args->kind != BENCH_TUPLE || args->seq.count != wanted)
        return bench_raise(&peer->call, "TypeError", "expected %zu argument%s, got %zu", wanted,
                           wanted == 1 ? "" : "s", args->kind == BENCH_TUPLE ? args->seq.count : 0);
    if (wanted == 1)
        return rpyc_plain_compare(peer, value, ops[i], &args->seq.items[0], out);
    if (strcmp(methods[i].name, "__hash__") == 0)
        return rpyc_plain_hash(peer, value, out);
    return strcmp(methods[i].name, "__str__") == 0 ? rpyc_special_str(peer, value, out)
                                                   : rpyc_special_repr(peer, value, out);
}
