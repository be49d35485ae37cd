/* SPDX-License-Identifier: MIT */
/* The writer of brine. */
#include "protocols/rpyc/rpyc_value.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_tags.h"

/* Room was reserved. */
static void put(struct bench_buf *out, uint8_t byte) { out->data[out->end++] = byte; }

static void put_u32(struct bench_buf *out, uint32_t value)
{
    uint32_t big = htobe32(value);
    memcpy(out->data + out->end, &big, sizeof big);
    out->end += sizeof big;
}

static void put_double(struct bench_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = htobe64(bits);
    memcpy(out->data + out->end, &bits, sizeof bits);
    out->end += sizeof bits;
}

static int dump_byte(struct bench_buf *out, int tag)
{
    int rc = bench_buf_reserve(out, 1);
    if (rc == 0)
        put(out, (uint8_t)tag);
    return rc;
}

int rpyc_dump_bytes_head(struct bench_buf *out, size_t n)
{
    if (n > UINT32_MAX)
        return -E2BIG;
    int rc = bench_buf_reserve(out, 5);
    if (rc < 0)
        return rc;
    if (n == 0) {
        put(out, TAG_BYTES_EMPTY);
    } else if (n <= 4) {
        put(out, (uint8_t)(TAG_BYTES_1 + n - 1));
    } else if (n <= UINT8_MAX) {
        put(out, TAG_BYTES_L1);
        put(out, (uint8_t)n);
    } else {
        put(out, TAG_BYTES_L4);
        put_u32(out, (uint32_t)n);
    }
    return 0;
}

int rpyc_dump_tuple_head(struct bench_buf *out, size_t count)
{
    if (count > UINT32_MAX)
        return -E2BIG;
    int rc = bench_buf_reserve(out, 5);
    if (rc < 0)
        return rc;
    if (count == 0) {
        put(out, TAG_TUPLE_EMPTY);
    } else if (count <= 4) {
        put(out, (uint8_t)(TAG_TUPLE_1 + count - 1));
    } else if (count <= UINT8_MAX) {
        put(out, TAG_TUPLE_L1);
        put(out, (uint8_t)count);
    } else {
        put(out, TAG_TUPLE_L4);
        put_u32(out, (uint32_t)count);
    }
    return 0;
}

static int dump_bytes(struct bench_buf *out, const void *data, size_t n)
{
    int rc = rpyc_dump_bytes_head(out, n);
    return rc < 0 || n == 0 ? rc : bench_buf_add(out, data, n);
}

int rpyc_dump_text(struct bench_buf *out, const char *text, size_t n)
{
    if (!rpyc_utf8_valid((const uint8_t *)text, n))
        return -EILSEQ;
    int rc = dump_byte(out, TAG_STR);
    return rc < 0 ? rc : dump_bytes(out, text, n);
}

static int dump_digits(struct bench_buf *out, const char *digits, size_t n)
{
    int rc = bench_buf_reserve(out, 5);
    if (rc < 0)
        return rc;
    if (n <= UINT8_MAX) {
        put(out, TAG_INT_L1);
        put(out, (uint8_t)n);
    } else {
        put(out, TAG_INT_L4);
        put_u32(out, (uint32_t)n);
    }
    return bench_buf_add(out, digits, n);
}

int rpyc_dump_int(struct bench_buf *out, int64_t value)
{
    if (value >= TAG_SMALL_FIRST - SMALL_BIAS && value <= TAG_SMALL_LAST - SMALL_BIAS)
        return dump_byte(out, (int)value + SMALL_BIAS);
    char text[20]; /* of INT64_MIN */
    char *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (; rest > 0; rest /= 10)
        *--at = (char)('0' + rest % 10);
    if (value < 0)
        *--at = '-';
    return dump_digits(out, at, (size_t)(text + sizeof text - at));
}

static int dump_bigint(struct bench_buf *out, const struct bench_value *value)
{
    size_t digits = value->text.length;
    if (digits > 0 && value->text.data[0] == '-')
        digits--;
    if (digits > RPYC_INT_DIGITS_MAX)
        return -E2BIG;
    return dump_digits(out, value->text.data, value->text.length);
}

static int dump_nested(struct bench_buf *out, const struct bench_value *value, unsigned depth);

static int dump_items(struct bench_buf *out, const struct bench_value *value, unsigned depth)
{
    if (depth >= RPYC_NESTING_TOP && value->seq.count > 0)
        return -E2BIG;
    int rc = rpyc_dump_tuple_head(out, value->seq.count);
    for (size_t i = 0; rc == 0 && i < value->seq.count; i++)
        rc = dump_nested(out, &value->seq.items[i], depth + 1);
    return rc;
}

static int dump_wrapped(struct bench_buf *out, int tag, const struct bench_value *value,
                        unsigned depth)
{
    int rc = dump_byte(out, tag);
    return rc < 0 ? rc : dump_items(out, value, depth);
}

static int dump_nested(struct bench_buf *out, const struct bench_value *value, unsigned depth)
{
    int rc;
    switch (value->kind) {
    case BENCH_NONE:
        return dump_byte(out, TAG_NONE);
    case BENCH_BOOL:
        return dump_byte(out, value->boolean ? TAG_TRUE : TAG_FALSE);
    case BENCH_ELLIPSIS:
        return dump_byte(out, TAG_ELLIPSIS);
    case BENCH_NOTIMPLEMENTED:
        return dump_byte(out, TAG_NOTIMPLEMENTED);
    case BENCH_INT:
        return rpyc_dump_int(out, value->integer);
    case BENCH_BIGINT:
        return dump_bigint(out, value);
    case BENCH_FLOAT:
    case BENCH_COMPLEX:
        rc = bench_buf_reserve(out, 17);
        if (rc < 0)
            return rc;
        put(out, value->kind == BENCH_FLOAT ? TAG_FLOAT : TAG_COMPLEX);
        put_double(out, value->kind == BENCH_FLOAT ? value->real : value->complex.re);
        if (value->kind == BENCH_COMPLEX)
            put_double(out, value->complex.im);
        return 0;
    case BENCH_STR:
        return rpyc_dump_text(out, value->text.data, value->text.length);
    case BENCH_BYTES:
        return dump_bytes(out, value->text.data, value->text.length);
    case BENCH_TUPLE:
        return dump_items(out, value, depth);
    case BENCH_SLICE:
        return dump_wrapped(out, TAG_SLICE, value, depth);
    case BENCH_FROZENSET:
        return dump_wrapped(out, TAG_FROZENSET, value, depth);
    default:
        return -EINVAL;
    }
}

int rpyc_dump(struct bench_buf *out, const struct bench_value *value)
{
    return dump_nested(out, value, 0);
}

static bool dumpable_nested(const struct bench_value *value, unsigned depth)
{
    switch (value->kind) {
    case BENCH_LIST:
    case BENCH_DICT:
    case BENCH_SET:
    case BENCH_OBJECT:
        return false;
    case BENCH_TUPLE:
    case BENCH_SLICE:
    case BENCH_FROZENSET:
        if (depth >= RPYC_NESTING_TOP)
            return value->seq.count == 0;
        for (size_t i = 0; i < value->seq.count; i++)
            if (!dumpable_nested(&value->seq.items[i], depth + 1))
                return false;
        return true;
    default:
        return true;
    }
}

bool rpyc_dumpable(const struct bench_value *value) { return dumpable_nested(value, 0); }
