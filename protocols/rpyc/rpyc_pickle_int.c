/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_pickle_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocols/rpyc/rpyc_value.h"

enum {
    CHUNK = 1000000000, /* the digits that are taken off at once */
    CHUNK_DIGITS = 9,
    BYTES_MAX = 1786, /* without the sign; 2 ** (8 * 1786) has 4302 digits */
    WORDS_MAX = (BYTES_MAX + 1 + 3) / 4,
    DIGITS_ROOM = (WORDS_MAX + 1) * 10, /* a word has fewer than 10 digits */
};

static int from_digits(struct bench_arena *arena, const char *digits, size_t n, bool negative,
                       struct bench_value *out)
{
    while (n > 1 && digits[0] == '0')
        digits++, n--;
    if (n > RPYC_INT_DIGITS_MAX)
        return -E2BIG;
    if (n <= 38) { /* fits 128 bits */
        __int128 sum = 0;
        for (size_t i = 0; i < n; i++)
            sum = sum * 10 + (digits[i] - '0');
        return bench_int128(arena, negative ? -sum : sum, out);
    }
    char *text = bench_arena_alloc(arena, n + 2);
    if (text == NULL)
        return -ENOMEM;
    text[0] = '-';
    memcpy(text + (negative ? 1 : 0), digits, n);
    *out = (struct bench_value){.kind = BENCH_BIGINT, .text = {text, n + (negative ? 1 : 0)}};
    return 0;
}

int rpyc_int_from_text(struct bench_arena *arena, const char *text, size_t n,
                       struct bench_value *out)
{
    bool negative = n > 0 && text[0] == '-';
    if (n > 0 && (negative || text[0] == '+'))
        text++, n--;
    if (n == 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
    return from_digits(arena, text, n, negative, out);
}

/* The magnitude, as words with the lowest first. Returns their number. */
static size_t to_words(const uint8_t *bytes, size_t n, bool negative, uint32_t *words)
{
    size_t count = (n + 3) / 4;
    memset(words, 0, count * sizeof(*words));
    unsigned carry = 1;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = bytes[i];
        if (negative) { /* invert and add one */
            byte = (byte ^ 0xffu) + carry;
            carry = byte >> 8;
            byte &= 0xffu;
        }
        words[i / 4] |= (uint32_t)byte << (8 * (i % 4));
    }
    while (count > 0 && words[count - 1] == 0)
        count--;
    return count;
}

/* Divides by CHUNK in place; returns the remainder. */
static uint32_t take_chunk(uint32_t *words, size_t *count)
{
    uint64_t rest = 0;
    for (size_t i = *count; i-- > 0;) {
        rest = rest << 32 | words[i];
        words[i] = (uint32_t)(rest / CHUNK);
        rest %= CHUNK;
    }
    if (*count > 0 && words[*count - 1] == 0)
        --*count;
    return (uint32_t)rest;
}

int rpyc_int_from_bytes(struct bench_arena *arena, const uint8_t *bytes, size_t n,
                        struct bench_value *out)
{
    bool negative = n > 0 && (bytes[n - 1] & 0x80) != 0;
    while (n > 0 && bytes[n - 1] == (negative ? 0xff : 0x00)) /* padding */
        n--;
    if (n > BYTES_MAX)
        return -E2BIG;
    /* One byte of sign again: -256 is 00 ff, and all of it may have been padding. */
    uint8_t all[BYTES_MAX + 1];
    if (n > 0)
        memcpy(all, bytes, n);
    all[n++] = negative ? 0xff : 0x00;
    uint32_t words[WORDS_MAX];
    size_t count = to_words(all, n, negative, words);
    char digits[DIGITS_ROOM];
    size_t at = sizeof(digits);
    do {
        uint32_t chunk = take_chunk(words, &count);
        for (int i = 0; i < CHUNK_DIGITS; i++, chunk /= 10)
            digits[--at] = (char)('0' + (int)(chunk % 10));
    } while (count > 0);
    return from_digits(arena, digits + at, sizeof(digits) - at, negative, out);
}
