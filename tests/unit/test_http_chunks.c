/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/http/http_chunks.h"

TestSuite(http_chunks, .timeout = 20);

struct row {
    const char *raw, *payload;
    enum http_chunks_state state;
};

static const struct row rows[] = {
    {"", "", HTTP_CHUNKS_SIZE},
    {"0\r\n\r\n", "", HTTP_CHUNKS_END},
    {"5\r\nhello\r\n0\r\n\r\n", "hello", HTTP_CHUNKS_END},
    {"5\nhello\n0\n\n", "hello", HTTP_CHUNKS_END},
    {"0005\r\nhello\r\n1;name=\"0\"\r\n!\r\n000\r\nTrailer: 5\r\n\r\n", "hello!", HTTP_CHUNKS_END},
    {"A \r\n0123456789\r\nb\r\nabcdefghijk\r\n0;x\r\n\r\n", "0123456789abcdefghijk",
     HTTP_CHUNKS_END},
    {"3\r\n\r\n0\r\n0\r\n\r\n", "\r\n0", HTTP_CHUNKS_END},
    {"5\r\nhel", "hel", HTTP_CHUNKS_DATA},
    {"5\r\nhello", "hello", HTTP_CHUNKS_DATA_CR},
    {"5\r\nhello\r", "hello", HTTP_CHUNKS_DATA_LF},
    {"fffffffffffffff\r\nx", "x", HTTP_CHUNKS_DATA},
    {"fffffffffffffff0\r\nx", "", HTTP_CHUNKS_BAD},
    {"000000000000000000000000000000", "", HTTP_CHUNKS_BAD},
    {"\r\n", "", HTTP_CHUNKS_BAD},
    {";\r\n", "", HTTP_CHUNKS_BAD},
    {"-1\r\nx", "", HTTP_CHUNKS_BAD},
    {"xyz\r\n", "", HTTP_CHUNKS_BAD},
    {"1\r\nab\r\n0\r\n\r\n", "a", HTTP_CHUNKS_BAD},
    {"1\r\na\r\r\n0\r\n\r\n", "a", HTTP_CHUNKS_BAD},
    {"1\r\na\r\n\r\n0\r\n\r\n", "a", HTTP_CHUNKS_BAD},
};

struct taken {
    char bytes[64];
    size_t length;
};

/* The bytes are exactly as long as they are: reading past them is found by the sanitizer. */
static void feed(struct http_chunks *chunks, const char *raw, size_t length, struct taken *out)
{
    char *copy = malloc(length > 0 ? length : 1);
    const char *cursor = copy, *piece = NULL;
    size_t n;
    memcpy(copy, raw, length);
    while ((n = http_chunks_next(chunks, &cursor, copy + length, &piece)) > 0) {
        cr_assert_leq(n, sizeof(out->bytes) - out->length);
        memcpy(out->bytes + out->length, piece, n);
        out->length += n;
    }
    cr_expect_eq(cursor, copy + length);
    free(copy);
}

static void expect(const struct row *row, const struct http_chunks *chunks,
                   const struct taken *taken, size_t at)
{
    cr_expect_eq(chunks->state, row->state, "'%s' at %zu: state %d", row->raw, at,
                 (int)chunks->state);
    cr_expect_eq(taken->length, strlen(row->payload), "'%s' at %zu: '%.*s'", row->raw, at,
                 (int)taken->length, taken->bytes);
    cr_expect_eq(memcmp(taken->bytes, row->payload, strlen(row->payload)), 0, "'%s' at %zu",
                 row->raw, at);
}

Test(http_chunks, split_anywhere)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].raw);
        for (size_t at = 0; at <= length; at++) {
            struct http_chunks chunks = {0};
            struct taken taken = {.length = 0};
            feed(&chunks, rows[i].raw, at, &taken);
            feed(&chunks, rows[i].raw + at, length - at, &taken);
            expect(&rows[i], &chunks, &taken, at);
        }
    }
}

Test(http_chunks, byte_by_byte)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct http_chunks chunks = {0};
        struct taken taken = {.length = 0};
        for (const char *p = rows[i].raw; *p != '\0'; p++)
            feed(&chunks, p, 1, &taken);
        expect(&rows[i], &chunks, &taken, 1);
    }
}
