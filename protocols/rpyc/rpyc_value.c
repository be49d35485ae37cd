/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_value.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_tags.h"

/* ---- UTF-8 ---- */

bool rpyc_utf8_valid(const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        uint64_t word;
        while (n - at >= sizeof word) {
            memcpy(&word, p + at, sizeof word);
            if (word & UINT64_C(0x8080808080808080))
                break;
            at += sizeof word;
        }
        if (at == n)
            break;
        size_t step = bench_utf8_length(p + at, n - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* ---- reading ---- */

static int problem(struct rpyc_reader *reader, int code, const char *what)
{
    reader->problem = what;
    return code;
}

static size_t left(const struct rpyc_reader *reader) { return (size_t)(reader->end - reader->at); }

static int need(struct rpyc_reader *reader, size_t n)
{
    return left(reader) >= n ? 0 : problem(reader, -EBADMSG, "cut value");
}

static int take_tag(struct rpyc_reader *reader, uint8_t *tag)
{
    int rc = need(reader, 1);
    if (rc == 0)
        *tag = *reader->at++;
    return rc;
}

/* A length or count: one byte, or four in network order. */
static int take_count(struct rpyc_reader *reader, bool wide, size_t *count)
{
    uint32_t big;
    int rc = need(reader, wide ? sizeof big : 1);
    if (rc < 0)
        return rc;
    if (!wide) {
        *count = *reader->at++;
        return 0;
    }
    memcpy(&big, reader->at, sizeof big);
    reader->at += sizeof big;
    *count = be32toh(big);
    return 0;
}

static int take_double(struct rpyc_reader *reader, double *out)
{
    uint64_t bits;
    int rc = need(reader, sizeof bits);
    if (rc < 0)
        return rc;
    memcpy(&bits, reader->at, sizeof bits);
    reader->at += sizeof bits;
    bits = be64toh(bits);
    memcpy(out, &bits, sizeof *out);
    return 0;
}

/* Sets value.text to the next n bytes of the input. */
static int take_text(struct rpyc_reader *reader, size_t n, struct bench_value *out)
{
    int rc = need(reader, n);
    if (rc < 0)
        return rc;
    out->text.data = (const char *)reader->at;
    out->text.length = n;
    reader->at += n;
    if (!reader->copy)
        return 0;
    out->text.data = bench_arena_copy(reader->arena, out->text.data, n);
    return out->text.data ? 0 : problem(reader, -ENOMEM, "no memory for a text");
}

static int take_bytes(struct rpyc_reader *reader, uint8_t tag, struct bench_value *out)
{
    size_t n;
    out->kind = BENCH_BYTES;
    if (tag == TAG_BYTES_EMPTY)
        return take_text(reader, 0, out);
    if (tag >= TAG_BYTES_1 && tag <= TAG_BYTES_4)
        return take_text(reader, (size_t)(tag - TAG_BYTES_1) + 1, out);
    int rc = take_count(reader, tag == TAG_BYTES_L4, &n);
    return rc < 0 ? rc : take_text(reader, n, out);
}

static bool is_bytes_tag(uint8_t tag)
{
    return tag == TAG_BYTES_EMPTY || (tag >= TAG_BYTES_1 && tag <= TAG_BYTES_L4);
}

static int take_str(struct rpyc_reader *reader, struct bench_value *out)
{
    uint8_t tag;
    int rc = take_tag(reader, &tag);
    if (rc < 0)
        return rc;
    if (!is_bytes_tag(tag))
        return problem(reader, -EBADMSG, "str without bytes");
    rc = take_bytes(reader, tag, out);
    if (rc < 0)
        return rc;
    out->kind = BENCH_STR;
    if (!rpyc_utf8_valid((const uint8_t *)out->text.data, out->text.length))
        return problem(reader, -EILSEQ, "text that is not UTF-8");
    return 0;
}

/* digits: only 0-9, at least one, without leading zeros unless it is "0". */
static bool fits_int64(const uint8_t *digits, size_t n, bool negative, int64_t *out)
{
    uint64_t sum = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    if (n > 19)
        return false;
    for (size_t i = 0; i < n; i++)
        sum = sum * 10 + (uint64_t)(digits[i] - '0'); /* 19 digits fit a uint64 */
    if (sum > limit)
        return false;
    *out = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

static int take_big(struct rpyc_reader *reader, const uint8_t *digits, size_t n, bool negative,
                    struct bench_value *out)
{
    size_t length = n + (negative ? 1 : 0);
    char *text = bench_arena_alloc(reader->arena, length + 1);
    if (!text)
        return problem(reader, -ENOMEM, "no memory for an int");
    if (negative)
        text[0] = '-';
    memcpy(text + (negative ? 1 : 0), digits, n);
    out->kind = BENCH_BIGINT;
    out->text.data = text;
    out->text.length = length;
    return 0;
}

static int take_int_text(struct rpyc_reader *reader, bool wide, struct bench_value *out)
{
    size_t n;
    int rc = take_count(reader, wide, &n);
    if (rc == 0)
        rc = need(reader, n);
    if (rc < 0)
        return rc;
    const uint8_t *digits = reader->at;
    reader->at += n;
    bool negative = n > 0 && digits[0] == '-';
    if (negative)
        digits++, n--;
    if (n == 0)
        return problem(reader, -EBADMSG, "int without digits");
    if (n > RPYC_INT_DIGITS_MAX)
        return problem(reader, -E2BIG, "int of more than 4300 digits");
    for (size_t i = 0; i < n; i++)
        if (digits[i] < '0' || digits[i] > '9')
            return problem(reader, -EBADMSG, "int with something else than digits");
    while (n > 1 && digits[0] == '0')
        digits++, n--;
    out->kind = BENCH_INT;
    if (fits_int64(digits, n, negative, &out->integer))
        return 0;
    return take_big(reader, digits, n, negative, out);
}

static bool is_tuple_tag(uint8_t tag)
{
    return tag == TAG_TUPLE_EMPTY || (tag >= TAG_TUPLE_1 && tag <= TAG_TUPLE_L4);
}

static int take_tuple_count(struct rpyc_reader *reader, uint8_t tag, size_t *count)
{
    int rc = 0;
    if (tag == TAG_TUPLE_EMPTY)
        *count = 0;
    else if (tag <= TAG_TUPLE_4)
        *count = (size_t)(tag - TAG_TUPLE_1) + 1;
    else
        rc = take_count(reader, tag == TAG_TUPLE_L4, count);
    if (rc < 0)
        return rc;
    if (*count > left(reader)) /* each item takes at least one byte */
        return problem(reader, -EBADMSG, "tuple with more items than bytes");
    if (*count > reader->items_left)
        return problem(reader, -E2BIG, "too many items (max-items)");
    reader->items_left -= *count;
    return 0;
}

static int take_items(struct rpyc_reader *reader, uint8_t tag, struct bench_value *out)
{
    size_t count;
    int rc = take_tuple_count(reader, tag, &count);
    if (rc < 0)
        return rc;
    struct bench_value *items = NULL;
    if (count > 0) {
        if (reader->depth >= reader->depth_limit)
            return problem(reader, -E2BIG, "nested too deeply (max-nesting)");
        items = bench_arena_alloc(reader->arena, count * sizeof *items);
        if (!items)
            return problem(reader, -ENOMEM, "no memory for the items of a tuple");
        reader->depth++;
        for (size_t i = 0; i < count; i++) {
            rc = rpyc_read_value(reader, &items[i]);
            if (rc < 0)
                return rc;
        }
        reader->depth--;
    }
    out->kind = BENCH_TUPLE;
    out->seq.items = items;
    out->seq.count = count;
    return 0;
}

/* The tuple inside a slice or frozenset. Members that come twice are kept: peers never do that,
 * and finding them costs more than it is worth. */
static int take_wrapped(struct rpyc_reader *reader, enum bench_kind kind, struct bench_value *out)
{
    uint8_t tag;
    int rc = take_tag(reader, &tag);
    if (rc < 0)
        return rc;
    if (!is_tuple_tag(tag))
        return problem(reader, -EBADMSG, "slice or frozenset without a tuple");
    rc = take_items(reader, tag, out);
    if (rc < 0)
        return rc;
    out->kind = kind;
    if (kind == BENCH_SLICE && out->seq.count != 3)
        return problem(reader, -EBADMSG, "slice that has not three parts");
    return 0;
}

static int take_simple(struct rpyc_reader *reader, uint8_t tag, struct bench_value *out)
{
    static const enum bench_kind kinds[] = {
        [TAG_NONE] = BENCH_NONE,         [TAG_TRUE] = BENCH_BOOL,
        [TAG_FALSE] = BENCH_BOOL,        [TAG_NOTIMPLEMENTED] = BENCH_NOTIMPLEMENTED,
        [TAG_ELLIPSIS] = BENCH_ELLIPSIS,
    };
    if (tag >= BENCH_COUNT_OF(kinds))
        return problem(reader, -EBADMSG, "unused tag");
    out->kind = kinds[tag];
    out->boolean = tag == TAG_TRUE;
    return 0;
}

int rpyc_read_value(struct rpyc_reader *reader, struct bench_value *out)
{
    uint8_t tag;
    int rc = take_tag(reader, &tag);
    if (rc < 0)
        return rc;
    if (tag >= TAG_SMALL_FIRST && tag <= TAG_SMALL_LAST) {
        out->kind = BENCH_INT;
        out->integer = (int64_t)tag - SMALL_BIAS;
        return 0;
    }
    if (is_bytes_tag(tag))
        return take_bytes(reader, tag, out);
    if (is_tuple_tag(tag))
        return take_items(reader, tag, out);
    switch (tag) {
    case TAG_STR:
        return take_str(reader, out);
    case TAG_INT_L1:
    case TAG_INT_L4:
        return take_int_text(reader, tag == TAG_INT_L4, out);
    case TAG_FLOAT:
        out->kind = BENCH_FLOAT;
        return take_double(reader, &out->real);
    case TAG_COMPLEX:
        out->kind = BENCH_COMPLEX;
        rc = take_double(reader, &out->complex.re);
        return rc < 0 ? rc : take_double(reader, &out->complex.im);
    case TAG_SLICE:
        return take_wrapped(reader, BENCH_SLICE, out);
    case TAG_FROZENSET:
        return take_wrapped(reader, BENCH_FROZENSET, out);
    default:
        return take_simple(reader, tag, out);
    }
}

void rpyc_reader_init(struct rpyc_reader *reader, const uint8_t *data, size_t n,
                      struct bench_arena *arena, bool copy)
{
    *reader = (struct rpyc_reader){
        .at = data,
        .end = data + n,
        .arena = arena,
        .copy = copy,
        .depth_limit = RPYC_NESTING_MAX,
        .items_left = RPYC_ITEMS_MAX,
        .problem = "",
    };
}

int rpyc_reader_limit(struct rpyc_reader *reader, size_t items, unsigned nesting)
{
    const size_t used = RPYC_ITEMS_MAX - reader->items_left;
    if (used > items)
        return problem(reader, -E2BIG, "too many items (max-items)");
    reader->items_left = items - used;
    reader->depth_limit = nesting;
    return 0;
}

int rpyc_read_tuple(struct rpyc_reader *reader, size_t *count)
{
    struct bench_value other;
    uint8_t tag;
    int rc = take_tag(reader, &tag);
    if (rc < 0)
        return rc;
    if (is_tuple_tag(tag))
        return take_tuple_count(reader, tag, count);
    reader->at--; /* of another kind, or not a value at all? */
    rc = rpyc_read_value(reader, &other);
    return rc < 0 ? rc : problem(reader, -EINVAL, "something else than a tuple");
}

int rpyc_read_int(struct rpyc_reader *reader, int64_t *out)
{
    struct bench_value value;
    int rc = rpyc_read_value(reader, &value);
    if (rc < 0)
        return rc;
    if (value.kind != BENCH_INT)
        return problem(reader, -EINVAL, "something else than a small int");
    *out = value.integer;
    return 0;
}

int rpyc_read_end(struct rpyc_reader *reader)
{
    return left(reader) == 0 ? 0 : problem(reader, -E2BIG, "bytes behind the value");
}

int rpyc_load(struct bench_arena *arena, const uint8_t *data, size_t n, struct bench_value *out,
              struct bench_error *err)
{
    struct rpyc_reader reader;
    struct bench_value value;
    rpyc_reader_init(&reader, data, n, arena, false);
    int rc = rpyc_read_value(&reader, &value);
    if (rc == 0)
        rc = rpyc_read_end(&reader);
    if (rc < 0)
        return bench_fail(err, rc, "bad brine at byte %zu of %zu: %s", n - left(&reader), n,
                          reader.problem);
    *out = value;
    return 0;
}
