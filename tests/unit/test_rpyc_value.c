/* SPDX-License-Identifier: MIT */
/* Brine against what rpyc wrote, and against input that it never writes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "protocols/rpyc/rpyc_value.h"
#include "tests/support/files.h"

#define DATA TEST_SOURCE_DIR "/tests/unit/data/rpyc-brine.txt"

TestSuite(rpyc_value, .timeout = 60);

/* ---- reading the file ---- */

struct row {
    char kind;
    char *name, *first, *second; /* second may be NULL */
};

static char *data_text;
static size_t nrows;
static struct row rows[512];

static char *next_field(char **at) { return *at ? strsep(at, "\t") : NULL; }

static void load_rows(void)
{
    size_t length;
    cr_assert_eq(support_read_file(DATA, &data_text, &length), 0);
    char *rest = data_text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#' || line[0] == '\0')
            continue;
        struct row *row = &rows[nrows++];
        row->kind = *next_field(&line);
        row->name = next_field(&line);
        row->first = next_field(&line);
        row->second = next_field(&line);
    }
    cr_assert_gt(nrows, 280);
}

static uint8_t digit(char c) { return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10); }

static size_t unhex(const char *hex, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n / 2; i++)
        out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return n / 2;
}

/* "0fffff*1 61*65535" */
static size_t unhex_runs(const char *runs, uint8_t *out)
{
    size_t n = 0;
    while (*runs) {
        size_t length = strspn(runs, "0123456789abcdef");
        char *end;
        unsigned long count = strtoul(runs + length + 1, &end, 10);
        for (unsigned long i = 0; i < count; i++)
            n += unhex(runs, length, out + n);
        runs = *end == ' ' ? end + 1 : end;
    }
    return n;
}

/* ---- a place where reading one byte too far ends the program ---- */

#define GUARDED ((size_t)1 << 20)

static uint8_t *guarded(const uint8_t *data, size_t n)
{
    static uint8_t *area;
    if (!area) {
        area =
            mmap(NULL, GUARDED + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(area != MAP_FAILED);
        cr_assert_eq(mprotect(area + GUARDED, 4096, PROT_NONE), 0);
    }
    cr_assert_leq(n, GUARDED);
    if (n > 0)
        memcpy(area + GUARDED - n, data, n);
    return area + GUARDED - n;
}

static int load(struct bench_arena *arena, const uint8_t *data, size_t n, struct bench_value *out)
{
    struct bench_error err;
    bench_arena_reset(arena);
    return rpyc_load(arena, guarded(data, n), n, out, &err);
}

static void expect_same(struct bench_arena *arena, const char *name, const uint8_t *data, size_t n,
                        const uint8_t *canonical, size_t length)
{
    struct bench_value value;
    struct bench_buf buf;
    bench_buf_init(&buf, GUARDED);
    cr_assert_eq(load(arena, data, n, &value), 0, "%s is not read", name);
    cr_assert(rpyc_dumpable(&value), "%s", name);
    cr_assert_eq(rpyc_dump(&buf, &value), 0, "%s is not written", name);
    cr_assert_eq(bench_buf_length(&buf), length, "%s: %zu bytes", name, bench_buf_length(&buf));
    cr_assert(memcmp(bench_buf_head(&buf), canonical, length) == 0, "%s", name);
    bench_buf_fini(&buf);
}

/* ---- the vectors ---- */

Test(rpyc_value, every_vector_is_read_and_written_again)
{
    static uint8_t bytes[GUARDED];
    struct bench_arena arena;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    size_t seen = 0;
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'V')
            continue;
        size_t n = unhex(rows[i].first, strlen(rows[i].first), bytes);
        expect_same(&arena, rows[i].name, bytes, n, bytes, n);
        seen++;
    }
    cr_assert_eq(seen, 205);
    bench_arena_fini(&arena);
    free(data_text);
}

Test(rpyc_value, long_vectors)
{
    static uint8_t bytes[GUARDED];
    struct bench_arena arena;
    struct bench_value value;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    size_t seen = 0;
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'L')
            continue;
        size_t n = unhex_runs(rows[i].first, bytes);
        if (strcmp(rows[i].second, "good") == 0)
            expect_same(&arena, rows[i].name, bytes, n, bytes, n);
        else
            cr_assert_eq(load(&arena, bytes, n, &value), -E2BIG, "%s", rows[i].name);
        seen++;
    }
    cr_assert_eq(seen, 8);
    bench_arena_fini(&arena);
    free(data_text);
}

/* A part of a value is never a value, wherever it is cut, and the reader stays inside it. */
Test(rpyc_value, every_vector_cut_at_every_byte_is_refused)
{
    static uint8_t bytes[GUARDED];
    struct bench_arena arena;
    struct bench_value value;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'V')
            continue;
        size_t n = unhex(rows[i].first, strlen(rows[i].first), bytes);
        for (size_t cut = 0; cut < n; cut++)
            cr_assert_eq(load(&arena, bytes, cut, &value), -EBADMSG, "%s cut to %zu of %zu",
                         rows[i].name, cut, n);
    }
    bench_arena_fini(&arena);
    free(data_text);
}

Test(rpyc_value, bytes_behind_a_value_are_refused)
{
    static uint8_t bytes[GUARDED];
    struct bench_arena arena;
    struct bench_value value;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'V')
            continue;
        size_t n = unhex(rows[i].first, strlen(rows[i].first), bytes);
        bytes[n] = 0;
        cr_assert_eq(load(&arena, bytes, n + 1, &value), -E2BIG, "%s", rows[i].name);
    }
    bench_arena_fini(&arena);
    free(data_text);
}

Test(rpyc_value, malformed_input_is_refused_and_long_forms_are_read)
{
    static uint8_t bytes[GUARDED], canonical[GUARDED];
    struct bench_arena arena;
    struct bench_value value;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    size_t seen = 0;
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'M')
            continue;
        size_t n = unhex(rows[i].first, strlen(rows[i].first), bytes);
        if (strcmp(rows[i].second, "-") == 0) {
            cr_assert_lt(load(&arena, bytes, n, &value), 0, "%s is read", rows[i].name);
        } else {
            size_t length = unhex(rows[i].second, strlen(rows[i].second), canonical);
            expect_same(&arena, rows[i].name, bytes, n, canonical, length);
        }
        seen++;
    }
    cr_assert_eq(seen, 74);
    bench_arena_fini(&arena);
    free(data_text);
}

/* Any damage to one byte gives a value or an error, nothing worse (the sanitizers watch). */
Test(rpyc_value, damaged_bytes_do_no_harm)
{
    static uint8_t bytes[GUARDED];
    static const uint8_t damage[] = {0x00, 0x0f, 0x14, 0x15, 0x17, 0x1a, 0x7f, 0xff};
    struct bench_arena arena;
    struct bench_value value;
    load_rows();
    bench_arena_init(&arena, (size_t)64 << 20);
    size_t good = 0, bad = 0;
    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].kind != 'V')
            continue;
        size_t n = unhex(rows[i].first, strlen(rows[i].first), bytes);
        for (size_t at = 0; at < n; at++) {
            uint8_t kept = bytes[at];
            for (size_t k = 0; k < BENCH_COUNT_OF(damage); k++) {
                bytes[at] = damage[k];
                if (load(&arena, bytes, n, &value) == 0)
                    good++;
                else
                    bad++;
            }
            bytes[at] = kept;
        }
    }
    cr_assert_gt(good, 0);
    cr_assert_gt(bad, 0);
    bench_arena_fini(&arena);
    free(data_text);
}

/* ---- limits ---- */

Test(rpyc_value, nesting_ends_at_100)
{
    uint8_t bytes[102];
    struct bench_arena arena;
    struct bench_value value;
    bench_arena_init(&arena, (size_t)1 << 20);
    memset(bytes, 0x10, sizeof(bytes));
    bytes[100] = 0x00;
    cr_assert_eq(load(&arena, bytes, 101, &value), 0);
    bytes[100] = 0x10;
    bytes[101] = 0x00;
    cr_assert_eq(load(&arena, bytes, 102, &value), -E2BIG);
    bench_arena_fini(&arena);

    struct bench_value nested[RPYC_NESTING_TOP + 2];
    struct bench_buf buf;
    bench_buf_init(&buf, 4096);
    nested[0] = bench_none();
    for (size_t i = 1; i < BENCH_COUNT_OF(nested); i++)
        nested[i] = bench_tuple(&nested[i - 1], 1);
    cr_assert_eq(rpyc_dump(&buf, &nested[RPYC_NESTING_TOP]), 0);
    cr_assert_eq(rpyc_dump(&buf, &nested[RPYC_NESTING_TOP + 1]), -E2BIG);
    bench_buf_fini(&buf);
}

Test(rpyc_value, items_and_memory_are_bounded)
{
    struct bench_arena arena;
    struct bench_value value;
    struct bench_error err;
    size_t n = RPYC_ITEMS_MAX + 1;
    uint8_t *bytes = malloc(n + 5);
    cr_assert_not_null(bytes);
    memset(bytes, 0x50, n + 5);
    bytes[0] = 0x15;
    bytes[1] = 0x00;
    bytes[2] = 0x0f;
    bytes[3] = 0x42;
    bytes[4] = 0x41; /* 1 000 001 */
    bench_arena_init(&arena, (size_t)256 << 20);
    cr_assert_eq(rpyc_load(&arena, bytes, n + 5, &value, &err), -E2BIG);
    bytes[4] = 0x40; /* 1 000 000 */
    cr_assert_eq(rpyc_load(&arena, bytes, n + 4, &value, &err), 0);
    cr_assert_eq(value.seq.count, RPYC_ITEMS_MAX);
    bench_arena_fini(&arena);
    bench_arena_init(&arena, 4096);
    cr_assert_eq(rpyc_load(&arena, bytes, n + 4, &value, &err), -ENOMEM);
    bench_arena_fini(&arena);
    free(bytes);
}

/* What is read after rpyc_reader_limit counts together with what was read before. */
Test(rpyc_value, limits_can_be_others)
{
    static const uint8_t flat[] = {0x11, 0x50, 0x10, 0x50}, deep[] = {0x10, 0x10, 0x10, 0x50};
    static const struct {
        const uint8_t *bytes;
        size_t items;
        unsigned nesting;
        int rc;
    } cases[] = {
        {flat, 3, 2, 0}, {flat, 2, 2, -E2BIG}, {flat, 3, 1, -E2BIG},
        {deep, 3, 3, 0}, {deep, 3, 2, -E2BIG}, {deep, 2, 3, -E2BIG},
    };
    struct bench_arena arena;
    struct bench_value value;
    struct rpyc_reader reader;
    size_t count;
    bench_arena_init(&arena, (size_t)1 << 16);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        rpyc_reader_init(&reader, cases[i].bytes, 4, &arena, false);
        cr_assert_eq(rpyc_reader_limit(&reader, cases[i].items, cases[i].nesting), 0);
        cr_expect_eq(rpyc_read_value(&reader, &value), cases[i].rc, "case %zu: %s", i,
                     reader.problem);
    }
    rpyc_reader_init(&reader, flat, 4, &arena, false);
    cr_assert_eq(rpyc_read_tuple(&reader, &count), 0);
    cr_expect_eq(rpyc_reader_limit(&reader, 1, 10), -E2BIG);
    cr_expect_eq(rpyc_reader_limit(&reader, 2, 10), 0);
    cr_assert_eq(rpyc_read_value(&reader, &value), 0);
    cr_expect_eq(rpyc_read_value(&reader, &value), -E2BIG, "the third");
    bench_arena_fini(&arena);
}

Test(rpyc_value, int_text_ends_at_4300_digits)
{
    uint8_t bytes[4400];
    struct bench_arena arena;
    struct bench_value value;
    bench_arena_init(&arena, (size_t)1 << 20);
    memset(bytes, '7', sizeof(bytes));
    const uint8_t head[5] = {0x17, 0, 0, 0x10, 0xcc}; /* 4300 */
    memcpy(bytes, head, sizeof(head));
    cr_assert_eq(load(&arena, bytes, 4305, &value), 0);
    cr_assert_eq(value.kind, BENCH_BIGINT);
    cr_assert_eq(value.text.length, 4300);
    bytes[4] = 0xcd;
    cr_assert_eq(load(&arena, bytes, 4306, &value), -E2BIG);
    bench_arena_fini(&arena);
}

Test(rpyc_value, ints_at_the_ends_of_int64)
{
    static const struct {
        const char *text;
        enum bench_kind kind;
        int64_t value;
    } cases[] = {
        {"9223372036854775807", BENCH_INT, INT64_MAX},
        {"-9223372036854775808", BENCH_INT, INT64_MIN},
        {"9223372036854775808", BENCH_BIGINT, 0},
        {"-9223372036854775809", BENCH_BIGINT, 0},
        {"-0000000000000000000000000000000000012", BENCH_INT, -12},
    };
    struct bench_arena arena;
    bench_arena_init(&arena, (size_t)1 << 20);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        uint8_t bytes[64];
        struct bench_value value;
        size_t n = strlen(cases[i].text);
        bytes[0] = 0x16;
        bytes[1] = (uint8_t)n;
        memcpy(bytes + 2, cases[i].text, n);
        cr_assert_eq(load(&arena, bytes, n + 2, &value), 0, "%s", cases[i].text);
        cr_assert_eq(value.kind, cases[i].kind, "%s", cases[i].text);
        if (value.kind == BENCH_INT)
            cr_assert_eq(value.integer, cases[i].value, "%s", cases[i].text);
        else
            cr_assert(value.text.length == n && memcmp(value.text.data, cases[i].text, n) == 0);
    }
    bench_arena_fini(&arena);
}

Test(rpyc_value, what_goes_by_reference_cannot_be_dumped)
{
    const struct bench_value list = {.kind = BENCH_LIST}, dict = {.kind = BENCH_DICT};
    const struct bench_value object = {.kind = BENCH_OBJECT};
    const struct bench_value inside[2] = {bench_int(1), list};
    const struct bench_value tuple = bench_tuple(inside, 2);
    const struct bench_value *const all[] = {&list, &dict, &object, &tuple};
    struct bench_buf buf;
    bench_buf_init(&buf, 4096);
    for (size_t i = 0; i < BENCH_COUNT_OF(all); i++) {
        cr_assert_not(rpyc_dumpable(all[i]));
        cr_assert_eq(rpyc_dump(&buf, all[i]), -EINVAL);
    }
    const struct bench_value surrogate = bench_str("\xed\xa0\x80");
    cr_assert_eq(rpyc_dump(&buf, &surrogate), -EILSEQ);
    bench_buf_fini(&buf);
}

/* Copies of texts outlive the input; without copying they point into it. */
Test(rpyc_value, texts_are_copied_when_asked)
{
    uint8_t bytes[] = {0x11, 0x08, 0x0c, 'a', 'b', 'c', 0x0b, 'x', 'y'};
    struct bench_arena arena;
    struct bench_value value;
    struct rpyc_reader reader;
    bench_arena_init(&arena, 4096);
    rpyc_reader_init(&reader, bytes, sizeof(bytes), &arena, true);
    cr_assert_eq(rpyc_read_value(&reader, &value), 0);
    memset(bytes, 0, sizeof(bytes));
    cr_assert(memcmp(value.seq.items[0].text.data, "abc", 3) == 0);
    cr_assert(memcmp(value.seq.items[1].text.data, "xy", 2) == 0);
    bench_arena_fini(&arena);
}
