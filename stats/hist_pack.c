/* SPDX-License-Identifier: MIT */
/*
 * The text form of a histogram. Per non-empty bucket, in rising order, two LEB128 varints: the
 * distance of its index from that of the bucket before (of the first: from 0), and its count. All
 * through zlib, then base64.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "stats/base64.h"
#include "stats/hist.h"
#include "stats/hist_private.h"

#define VARINT_MAX 10 /* bytes of a 64-bit number */
/* An index has at most 15 bits, thus 3 bytes. */
#define PLAIN_MAX (BENCH_HIST_BUCKETS * (3 + VARINT_MAX))

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t n = 0;

    while (value >= 0x80) {
        out[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (uint8_t)value;
    return n;
}

/* Bytes taken; 0 when data ends early or the number has more than 64 bits. */
static size_t get_varint(const uint8_t *data, size_t length, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t n = 0; n < length && n < VARINT_MAX; n++) {
        if (n == VARINT_MAX - 1 && data[n] > 1)
            return 0;
        value |= (uint64_t)(data[n] & 0x7f) << (7 * n);
        if (data[n] < 0x80) {
            *out = value;
            return n + 1;
        }
    }
    return 0;
}

static size_t put_buckets(const struct bench_hist *hist, uint8_t *out)
{
    size_t used = 0;
    uint32_t previous = 0;

    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++) {
        if (hist->buckets[i] == 0)
            continue;
        used += put_varint(out + used, i - previous);
        used += put_varint(out + used, hist->buckets[i]);
        previous = i;
    }
    return used;
}

int bench_hist_pack(const struct bench_hist *hist, char **out)
{
    int rc = -ENOMEM;
    uint8_t *plain = NULL, *packed = NULL;

    if (hist->count == 0) {
        *out = strdup("");
        return *out ? 0 : -ENOMEM;
    }
    plain = malloc(PLAIN_MAX);
    if (!plain)
        goto end;
    size_t length = put_buckets(hist, plain);
    uLongf packed_length = compressBound((uLong)length);
    packed = malloc(packed_length);
    if (!packed || compress2(packed, &packed_length, plain, (uLong)length, 9) != Z_OK)
        goto end;
    char *text = malloc(BENCH_BASE64_SIZE((size_t)packed_length));
    if (!text)
        goto end;
    bench_base64_encode(packed, packed_length, text);
    *out = text;
    rc = 0;
end:
    free(packed);
    free(plain);
    return rc;
}

/* Exactly one whole zlib stream, of at most PLAIN_MAX bytes. 0 and the length, or -EINVAL. */
static int inflate_all(const uint8_t *data, size_t length, uint8_t *out, size_t *out_length)
{
    uLongf produced = PLAIN_MAX;
    uLong consumed = (uLong)length;

    if (uncompress2(out, &produced, data, &consumed) != Z_OK || consumed != length)
        return -EINVAL;
    *out_length = produced;
    return 0;
}

/* Checks the pairs against what hist holds already; with add, also adds them. */
static int walk_buckets(struct bench_hist *hist, const uint8_t *plain, size_t length, bool add,
                        struct bench_error *err)
{
    uint64_t total = hist->count, index = 0;

    for (size_t at = 0; at < length;) {
        bool first = at == 0;
        uint64_t gap, count;
        size_t n = get_varint(plain + at, length - at, &gap);
        size_t m = n ? get_varint(plain + at + n, length - at - n, &count) : 0;
        if (m == 0)
            return bench_fail(err, -EINVAL, "histogram: broken number at byte %zu of %zu", at,
                              length);
        at += n + m;
        if (gap >= BENCH_HIST_BUCKETS || index + gap >= BENCH_HIST_BUCKETS)
            return bench_fail(err, -EINVAL, "histogram: bucket %llu + %llu of %u",
                              (unsigned long long)index, (unsigned long long)gap,
                              BENCH_HIST_BUCKETS);
        index += gap;
        if (count == 0 || (gap == 0 && !first))
            return bench_fail(err, -EINVAL, "histogram: bucket %llu is empty or given twice",
                              (unsigned long long)index);
        if (__builtin_add_overflow(total, count, &total))
            return bench_fail(err, -EINVAL, "histogram: more than 2^64 samples");
        if (!add)
            continue;
        hist->buckets[index] += count;
        hist->count = total;
        int64_t low = bench_hist_low((uint32_t)index), high = bench_hist_high((uint32_t)index);
        if (low < hist->min)
            hist->min = low;
        if (high > hist->max)
            hist->max = high;
    }
    return 0;
}

int bench_hist_unpack(struct bench_hist *hist, const char *text, struct bench_error *err)
{
    size_t length = strlen(text), packed_length = 0, plain_length = 0;
    size_t longest = BENCH_BASE64_SIZE((size_t)compressBound(PLAIN_MAX));

    if (length == 0)
        return 0;
    if (length > longest)
        return bench_fail(err, -EINVAL, "histogram: text of %zu bytes, at most %zu are possible",
                          length, longest);

    uint8_t *packed = malloc(length / 4 * 3 + 1);
    uint8_t *plain = malloc(PLAIN_MAX);
    int rc;
    if (!packed || !plain)
        rc = bench_fail(err, -ENOMEM, "histogram: out of memory");
    else if (bench_base64_decode(text, length, packed, &packed_length))
        rc = bench_fail(err, -EINVAL, "histogram: not base64 (%zu characters)", length);
    else if (inflate_all(packed, packed_length, plain, &plain_length))
        rc = bench_fail(err, -EINVAL, "histogram: %zu bytes are not one zlib stream of at most %u",
                        packed_length, PLAIN_MAX);
    else if (plain_length == 0)
        rc = bench_fail(err, -EINVAL, "histogram: a stream without buckets");
    else
        rc = walk_buckets(hist, plain, plain_length, false, err);
    if (rc == 0)
        rc = walk_buckets(hist, plain, plain_length, true, err);
    free(plain);
    free(packed);
    return rc;
}
