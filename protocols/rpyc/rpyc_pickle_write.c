/* SPDX-License-Identifier: MIT */
/* Without frames and without a memo: readers need neither. */
#include "protocols/rpyc/rpyc_pickle_write.h"

#include <errno.h>
#include <string.h>

enum { DIGITS_MAX = 4300, BIG_BYTES = 1800 /* of 4300 digits, and the sign */ };

struct writer {
    struct bench_buf *out;
    rpyc_plain_fn plain;
    void *user;
    unsigned depth;
};

static int write_value(struct writer *w, const struct bench_value *value);

static int put(struct writer *w, const void *bytes, size_t n)
{
    return bench_buf_add(w->out, bytes, n);
}

static int put_code(struct writer *w, uint8_t code) { return put(w, &code, 1); }

/* A code and a little-endian number of n bytes. */
static int put_number(struct writer *w, uint8_t code, uint64_t number, size_t n)
{
    uint8_t bytes[9] = {code};
    for (size_t i = 0; i < n; i++)
        bytes[1 + i] = (uint8_t)(number >> (8 * i));
    return put(w, bytes, n + 1);
}

static int write_int(struct writer *w, int64_t value)
{
    if (value >= 0 && value <= UINT8_MAX)
        return put_number(w, 'K', (uint64_t)value, 1);
    if (value >= 0 && value <= UINT16_MAX)
        return put_number(w, 'M', (uint64_t)value, 2);
    if (value >= INT32_MIN && value <= INT32_MAX)
        return put_number(w, 'J', (uint64_t)value, 4);
    const uint8_t head[2] = {0x8a, 8}; /* LONG1, two's complement */
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
    int rc = put(w, head, sizeof(head));
    return rc < 0 ? rc : put(w, bytes, sizeof(bytes));
}

/* Digits to little-endian bytes; returns how many. */
static size_t big_bytes(const char *digits, size_t n, uint8_t *bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned carry = (unsigned)(digits[i] - '0');
        for (size_t k = 0; k < used; k++) {
            carry += 10U * bytes[k];
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry > 0)
            bytes[used++] = (uint8_t)carry;
    }
    return used;
}

static void negate(uint8_t *bytes, size_t n)
{
    unsigned carry = 1;
    for (size_t i = 0; i < n; i++) {
        carry += (uint8_t)~bytes[i];
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static int write_big(struct writer *w, const struct bench_value *value)
{
    const char *digits = value->text.data;
    size_t n = value->text.length;
    const bool negative = n > 0 && digits[0] == '-';
    uint8_t bytes[BIG_BYTES] = {0};
    if (negative) {
        digits++;
        n--;
    }
    if (n > DIGITS_MAX)
        return -E2BIG;
    for (size_t i = 0; i < n; i++)
        if (digits[i] < '0' || digits[i] > '9')
            return -EINVAL;
    size_t used = big_bytes(digits, n, bytes);
    bytes[used++] = 0; /* room for the sign */
    if (negative)
        negate(bytes, used);
    int rc = used <= UINT8_MAX ? put_number(w, 0x8a, used, 1) : put_number(w, 0x8b, used, 4);
    return rc < 0 ? rc : put(w, bytes, used);
}

static int write_float(struct writer *w, double value)
{
    uint64_t bits;
    uint8_t bytes[9] = {'G'};
    memcpy(&bits, &value, sizeof(bits));
    for (size_t i = 0; i < 8; i++)
        bytes[1 + i] = (uint8_t)(bits >> (56 - 8 * i));
    return put(w, bytes, sizeof(bytes));
}

/* codes: for lengths of 1, 4 and 8 bytes. */
static int write_text(struct writer *w, const struct bench_value *value, const uint8_t codes[3])
{
    const size_t n = value->text.length;
    const size_t size = n <= UINT8_MAX ? 1 : n <= UINT32_MAX ? 4 : 8;
    int rc = put_number(w, codes[size == 1 ? 0 : size == 4 ? 1 : 2], n, size);
    return rc < 0 ? rc : put(w, value->text.data, n);
}

static int write_items(struct writer *w, const struct bench_value *value)
{
    int rc = 0;
    if (w->depth >= RPYC_PICKLE_DEPTH)
        return -E2BIG;
    w->depth++;
    for (size_t i = 0; rc == 0 && i < value->seq.count; i++)
        rc = write_value(w, &value->seq.items[i]);
    w->depth--;
    return rc;
}

/* An empty container (0 = none), a mark, the items, and what puts them together. */
static int write_marked(struct writer *w, const struct bench_value *value, uint8_t empty,
                        uint8_t end)
{
    int rc = empty ? put_code(w, empty) : 0;
    if (rc < 0 || (empty && value->seq.count == 0))
        return rc;
    rc = put_code(w, '(');
    if (rc == 0)
        rc = write_items(w, value);
    return rc < 0 ? rc : put_code(w, end);
}

static int write_tuple(struct writer *w, const struct bench_value *value)
{
    static const uint8_t codes[] = {')', 0x85, 0x86, 0x87};
    if (value->seq.count >= sizeof(codes))
        return write_marked(w, value, 0, 't');
    int rc = write_items(w, value);
    return rc < 0 ? rc : put_code(w, codes[value->seq.count]);
}

static int write_object(struct writer *w, const struct bench_value *value)
{
    struct bench_value contents = bench_none();
    if (!w->plain)
        return -EINVAL;
    int rc = w->plain(w->user, value->object, &contents);
    if (rc < 0)
        return rc;
    return contents.kind == BENCH_OBJECT ? -EINVAL : write_value(w, &contents);
}

static int write_value(struct writer *w, const struct bench_value *value)
{
    static const uint8_t text_codes[3] = {0x8c, 'X', 0x8d}, byte_codes[3] = {'C', 'B', 0x8e};
    switch (value->kind) {
    case BENCH_NONE:
        return put_code(w, 'N');
    case BENCH_BOOL:
        return put_code(w, value->boolean ? 0x88 : 0x89);
    case BENCH_INT:
        return write_int(w, value->integer);
    case BENCH_BIGINT:
        return write_big(w, value);
    case BENCH_FLOAT:
        return write_float(w, value->real);
    case BENCH_STR:
        return write_text(w, value, text_codes);
    case BENCH_BYTES:
        return write_text(w, value, byte_codes);
    case BENCH_TUPLE:
        return write_tuple(w, value);
    case BENCH_FROZENSET:
        return write_marked(w, value, 0, 0x91);
    case BENCH_LIST:
        return write_marked(w, value, ']', 'e');
    case BENCH_DICT:
        return write_marked(w, value, '}', 'u');
    case BENCH_OBJECT:
        return write_object(w, value);
    default:
        return -EINVAL;
    }
}

int rpyc_pickle_write(struct bench_buf *out, const struct bench_value *value, rpyc_plain_fn plain,
                      void *user)
{
    struct writer w = {.out = out, .plain = plain, .user = user};
    const uint8_t protocol[2] = {0x80, 4};
    int rc = put(&w, protocol, sizeof(protocol));
    if (rc == 0)
        rc = write_value(&w, value);
    return rc < 0 ? rc : put_code(&w, '.');
}
