/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"

static char *rendered(const struct bench_table *table)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    cr_assert_not_null(out);
    cr_assert_eq(bench_table_write(table, out), 0);
    (void)fclose(out);
    return text;
}

static struct bench_table *sample(void)
{
    struct bench_table *table = bench_table_new();
    cr_assert_not_null(table);
    bench_table_column(table, "name", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "time\np50", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "nobody\nhas it", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "frames", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "bytes\nsent", BENCH_ALIGN_RIGHT, 1);
    bench_table_row(table);
    bench_table_cell(table, "a");
    bench_table_cell(table, "12.3 µs");
    bench_table_cell(table, NULL);
    bench_table_cell(table, "2");
    bench_table_cell(table, "186 B");
    bench_table_rule(table);
    bench_table_row(table);
    bench_table_cell(table, "löng");
    bench_table_cell(table, "9 ms");
    bench_table_cell(table, "");
    bench_table_cell(table, NULL);
    bench_table_cell(table, "7 B");
    return table;
}

Test(table, aligns_by_what_is_seen, .timeout = 10)
{
    struct bench_table *table = sample();
    char *text = rendered(table);
    cr_assert_str_eq(text, "         time          bytes\n"
                           "name      p50  frames   sent\n"
                           "────────────────────────────\n"
                           "a     12.3 µs       2  186 B\n"
                           "╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌\n"
                           "löng     9 ms       –    7 B\n");
    free(text);
    bench_table_free(table);
}

Test(table, drops_the_least_important_columns_first, .timeout = 10)
{
    char dropped[64];
    struct bench_table *table = sample();
    bench_table_fit(table, 28, dropped, sizeof(dropped));
    cr_assert_str_eq(dropped, "");
    bench_table_fit(table, 27, dropped, sizeof(dropped));
    cr_assert_str_eq(dropped, "frames");
    bench_table_fit(table, 5, dropped, sizeof(dropped));
    cr_assert_str_eq(dropped, "bytes sent", "what may not be dropped stays");
    char *text = rendered(table);
    cr_assert_str_eq(text, "         time\n"
                           "name      p50\n"
                           "─────────────\n"
                           "a     12.3 µs\n"
                           "╌╌╌╌╌╌╌╌╌╌╌╌╌\n"
                           "löng     9 ms\n");
    free(text);
    bench_table_free(table);
}

Test(table, list_of_dropped_columns_is_cut_to_its_buffer, .timeout = 10)
{
    char dropped[8];
    struct bench_table *table = sample();
    bench_table_fit(table, 5, dropped, sizeof(dropped));
    cr_assert_str_eq(dropped, "frames,");
    bench_table_free(table);
}

Test(table, too_many_cells_are_an_error, .timeout = 10)
{
    struct bench_table *table = bench_table_new();
    bench_table_column(table, "one", BENCH_ALIGN_LEFT, 0);
    bench_table_row(table);
    bench_table_cell(table, "1");
    bench_table_cell(table, "2");
    FILE *out = fopen("/dev/null", "we");
    cr_assert_lt(bench_table_write(table, out), 0);
    (void)fclose(out);
    bench_table_free(table);
    bench_table_free(NULL);
}

Test(text, width, .timeout = 10)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},         {"abc", 3},      {"µs", 2},
        {"≥–─", 3},      {"日本", 4},     {"e\xcc\x81", 1},
        {"\xff\xfe", 2}, {"\xe2\x82", 2}, {"\xf0\x9f\x98\x80", 2},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        cr_expect_eq(bench_text_width(cases[i].text), cases[i].width, "case %zu", i);
}

Test(text, clean, .timeout = 10)
{
    static const struct {
        const char *text, *clean;
        size_t size;
    } cases[] = {
        {"plain", "plain", 32},
        {"a\nb\tc", "a b c", 32},
        {"\x1b[31mred\x7f", " [31mred ", 32},
        {"c1 \xc2\x9b!", "c1  !", 32}, /* U+009B begins an escape sequence, too */
        {"bad \xff\xc3", "bad ??", 32},
        {"\xc0\xaf", "??", 32},           /* overlong */
        {"\xed\xa0\x80", "???", 32},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????", 32}, /* beyond U+10FFFF */
        {"café", "café", 6},
        {"café", "caf", 5}, /* not half a character */
        {"abc", "", 1},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        char out[32];
        cr_expect_str_eq(bench_text_clean(cases[i].text, out, cases[i].size), cases[i].clean,
                         "case %zu", i);
    }
}
