/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/names.h"
#include "bench/value.h"

TestSuite(names, .timeout = 60);

static struct bench_names *made(uint32_t limit)
{
    struct bench_names *names = NULL;
    cr_assert_eq(bench_names_new(&names, limit), 0);
    return names;
}

static uint32_t step(struct bench_names *names, uint32_t parent, enum bench_name_step kind,
                     const char *text)
{
    return bench_names_step(names, parent, kind, text, strlen(text));
}

static bool is_utf8(const char *text)
{
    for (size_t n = strlen(text); n > 0;) {
        const size_t length = bench_utf8_length((const uint8_t *)text, n);
        if (length == 0)
            return false;
        text += length;
        n -= length;
    }
    return true;
}

Test(names, each_name_is_a_step_from_another)
{
    struct bench_names *names = made(100);
    const uint32_t root = step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, "root");
    const uint32_t get = step(names, root, BENCH_STEP_ATTRIBUTE, "get_users");
    const uint32_t users = step(names, get, BENCH_STEP_CALL, "");
    const uint32_t user = step(names, users, BENCH_STEP_ITEM, "");
    const uint32_t email = step(names, user, BENCH_STEP_ATTRIBUTE, "email");
    const uint32_t function = step(names, get, BENCH_STEP_ARGUMENT, "function");
    cr_assert_str_eq(bench_names_text(names, email), "root.get_users()[\xe2\x80\xa6].email");
    cr_assert_str_eq(bench_names_text(names, function), "root.get_users(function)");
    cr_assert_eq(bench_names_parent(names, email), user);
    cr_assert_eq(bench_names_kind(names, user), BENCH_STEP_ITEM);
    cr_assert_eq(bench_names_depth(names, root), 1);
    cr_assert_eq(bench_names_depth(names, email), 5);
    cr_assert_eq(bench_names_count(names), 7); /* with (others) */
    bench_names_free(names);
}

Test(names, the_same_step_is_the_same_name)
{
    struct bench_names *names = made(100);
    const uint32_t root = step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, "root");
    const uint32_t a = step(names, root, BENCH_STEP_ATTRIBUTE, "a");
    cr_assert_eq(step(names, root, BENCH_STEP_ATTRIBUTE, "a"), a);
    cr_assert_eq(step(names, 77, BENCH_STEP_TOP, "root"), root, "a top has no parent");
    cr_assert_neq(step(names, root, BENCH_STEP_ARGUMENT, "a"), a);
    cr_assert_neq(step(names, a, BENCH_STEP_ATTRIBUTE, "a"), a);
    cr_assert_eq(step(names, a, BENCH_STEP_CALL, "x"), step(names, a, BENCH_STEP_CALL, "y"));
    bench_names_free(names);
}

Test(names, none_and_others_are_always_there)
{
    struct bench_names *names = made(16);
    cr_assert_str_eq(bench_names_text(names, BENCH_NAME_NONE), "");
    cr_assert_eq(bench_names_depth(names, BENCH_NAME_NONE), 0);
    cr_assert_str_eq(bench_names_text(names, BENCH_NAME_OTHERS), "(others)");
    cr_assert_eq(step(names, BENCH_NAME_OTHERS, BENCH_STEP_CALL, ""), BENCH_NAME_OTHERS);
    cr_assert_eq(step(names, 9, BENCH_STEP_CALL, ""), BENCH_NAME_OTHERS, "there is no 9");
    cr_assert_str_eq(bench_names_text(names, 9), "(others)");
    bench_names_free(names);
}

Test(names, a_full_table_gives_others_and_keeps_what_it_has)
{
    struct bench_names *names = made(1000);
    char text[16];
    uint32_t numbers[1100];
    for (int i = 0; i < 1100; i++) {
        (void)snprintf(text, sizeof(text), "n%d", i);
        numbers[i] = step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, text);
        cr_assert_eq(numbers[i] == BENCH_NAME_OTHERS, i >= 999, "%d", i);
    }
    cr_assert_eq(bench_names_count(names), 1000);
    for (int i = 0; i < 999; i++) {
        (void)snprintf(text, sizeof(text), "n%d", i);
        cr_assert_eq(step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, text), numbers[i]);
        cr_assert_str_eq(bench_names_text(names, numbers[i]), text);
    }
    bench_names_free(names);
}

Test(names, a_way_that_is_too_long_ends)
{
    struct bench_names *names = made(100);
    uint32_t at = step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, "node");
    for (unsigned i = 1; i < BENCH_NAME_STEPS_MAX; i++) {
        at = step(names, at, BENCH_STEP_ATTRIBUTE, "next");
        cr_assert_neq(at, BENCH_NAME_OTHERS);
        cr_assert_eq(bench_names_depth(names, at), i + 1);
    }
    cr_assert_eq(step(names, at, BENCH_STEP_ATTRIBUTE, "next"), BENCH_NAME_OTHERS);
    bench_names_free(names);
}

/* With characters of 1 .. 4 bytes, so that the cut meets each of their bytes. */
Test(names, long_names_lose_their_middle_at_whole_characters)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x8d"};
    struct bench_names *names = made(10000);
    char text[5000];
    for (size_t c = 0; c < BENCH_COUNT_OF(characters); c++)
        for (size_t shift = 0; shift < 8; shift++) {
            size_t n = 0;
            while (n < shift)
                text[n++] = 'a';
            while (n < 4000) {
                memcpy(text + n, characters[c], strlen(characters[c]));
                n += strlen(characters[c]);
            }
            text[n++] = 'Z';
            uint32_t at = bench_names_step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, text, n);
            at = bench_names_step(names, at, BENCH_STEP_ATTRIBUTE, text, n);
            const char *whole = bench_names_text(names, at);
            cr_assert_leq(strlen(whole), BENCH_NAME_BYTES_MAX);
            cr_assert_geq(strlen(whole), BENCH_NAME_BYTES_MAX - 8);
            cr_assert(is_utf8(whole), "%s", whole);
            cr_assert_null(strchr(whole, '?'), "%s", whole);
            cr_assert_not_null(strstr(whole, "\xe2\x80\xa6"));
            cr_assert_eq(whole[strlen(whole) - 1], 'Z');
        }
    bench_names_free(names);
}

Test(names, hostile_text_is_cleaned)
{
    static const struct {
        const char *text, *cleaned;
    } rows[] = {
        {"a\nb\x1b[31mc\x7f", "a?b?[31mc?"}, {"\xff\xfe ok", "?? ok"},
        {"cut \xe2\x82", "cut ??"},          {"c1 \xc2\x9b", "c1 ?"},
        {"back \xe2\x80\xae", "back ?"},     {"\xed\xa0\x80", "???"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
    };
    struct bench_names *names = made(100);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const uint32_t name = step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, rows[i].text);
        cr_assert_str_eq(bench_names_text(names, name), rows[i].cleaned);
    }
    const uint32_t nul = bench_names_step(names, BENCH_NAME_NONE, BENCH_STEP_TOP, "a\0b", 3);
    cr_assert_str_eq(bench_names_text(names, nul), "a?b");
    bench_names_free(names);
}

Test(names, limits_are_checked)
{
    struct bench_names *names = NULL;
    cr_assert_eq(bench_names_new(&names, 15), -EINVAL);
    cr_assert_eq(bench_names_new(&names, 16777217), -EINVAL);
    cr_assert_null(names);
    bench_names_free(NULL);
}
