/* SPDX-License-Identifier: MIT */
/*
 * Tables and JSON of invented runs, to the letter. RPYCBENCH_GOLDEN_UPDATE=1 writes the files anew.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/result.h"
#include "tests/support/files.h"
#include "tests/support/fixture_run.h"

#define LIMIT (64u << 20)

/* The line of `text` that differs first from `other`, for the message. */
static size_t first_difference(const char *text, const char *other)
{
    size_t line = 1;
    for (; *text != '\0' && *text == *other; text++, other++)
        line += *text == '\n';
    return line;
}

static void compare_golden(const char *name, const char *text)
{
    char path[512], *golden = NULL;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", TEST_SOURCE_DIR, name);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE") != NULL)
        cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(support_read_file(path, &golden, &length), 0, "%s", path);
    cr_expect(strcmp(golden, text) == 0, "%s differs from line %zu on; now it is:\n%s", name,
              first_difference(golden, text), text);
    free(golden);
}

/* What zlib makes of a histogram may differ from version to version. */
static void blank_histograms(char *text)
{
    static const char key[] = "\"histogram\": \"";
    for (char *at = text; (at = strstr(at, key)) != NULL;) {
        at += sizeof(key) - 1;
        char *end = strchr(at, '"');
        cr_assert_not_null(end);
        memmove(at, end, strlen(end) + 1);
    }
}

static char *rendered(enum support_fixture kind,
                      int (*render)(const struct bench_run *, struct bench_buf *))
{
    struct bench_run *run = support_fixture_run(kind);
    struct bench_buf buf;
    bench_buf_init(&buf, LIMIT);
    cr_assert_eq(bench_report_compare(run), 0);
    cr_assert_eq(render(run, &buf), 0);
    char *text = strndup((const char *)bench_buf_head(&buf), bench_buf_length(&buf));
    cr_assert_not_null(text);
    bench_buf_fini(&buf);
    bench_run_free(run);
    return text;
}

static void check_tables(enum support_fixture kind, const char *name)
{
    char *text = rendered(kind, bench_report_tables);
    compare_golden(name, text);
    free(text);
}

static void check_json(enum support_fixture kind, const char *name)
{
    char *text = rendered(kind, bench_report_json);
    blank_histograms(text);
    compare_golden(name, text);
    free(text);
}

Test(golden_report, tables_empty, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_EMPTY, "report-empty.txt");
}

Test(golden_report, tables_one, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_ONE, "report-one.txt");
}

Test(golden_report, tables_two, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_TWO, "report-two.txt");
}

Test(golden_report, tables_ten, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_TEN, "report-ten.txt");
}

Test(golden_report, tables_fourteen, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_FOURTEEN, "report-fourteen.txt");
}

Test(golden_report, tables_trouble, .timeout = 20)
{
    check_tables(SUPPORT_FIXTURE_TROUBLE, "report-trouble.txt");
}

Test(golden_report, json_empty, .timeout = 20)
{
    check_json(SUPPORT_FIXTURE_EMPTY, "report-empty.json");
}

Test(golden_report, json_one, .timeout = 20) { check_json(SUPPORT_FIXTURE_ONE, "report-one.json"); }

Test(golden_report, json_two, .timeout = 20) { check_json(SUPPORT_FIXTURE_TWO, "report-two.json"); }

static void check_as(enum support_fixture kind,
                     int (*render)(const struct bench_run *, struct bench_buf *), const char *name)
{
    char *text = rendered(kind, render);
    compare_golden(name, text);
    free(text);
}

static const struct {
    enum support_fixture kind;
    const char *name;
} kinds[] = {
    {SUPPORT_FIXTURE_EMPTY, "empty"},       {SUPPORT_FIXTURE_ONE, "one"},
    {SUPPORT_FIXTURE_TWO, "two"},           {SUPPORT_FIXTURE_TEN, "ten"},
    {SUPPORT_FIXTURE_FOURTEEN, "fourteen"}, {SUPPORT_FIXTURE_TROUBLE, "trouble"},
    {SUPPORT_FIXTURE_BULK_ONE, "bulk-one"}, {SUPPORT_FIXTURE_BULK_TWO, "bulk-two"},
    {SUPPORT_FIXTURE_BULK_TEN, "bulk-ten"}, {SUPPORT_FIXTURE_BULK, "bulk"},
    {SUPPORT_FIXTURE_CLIENTS, "clients"},   {SUPPORT_FIXTURE_LOADS, "loads"},
};

Test(golden_report, markdown, .timeout = 60)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(kinds); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "report-%s.md", kinds[i].name);
        check_as(kinds[i].kind, bench_report_markdown, name);
    }
}

Test(golden_report, csv, .timeout = 60)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(kinds); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "report-%s.csv", kinds[i].name);
        check_as(kinds[i].kind, bench_report_csv, name);
    }
}

Test(golden_report, tables_bulk, .timeout = 60)
{
    for (size_t i = 6; i < BENCH_COUNT_OF(kinds); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "report-%s.txt", kinds[i].name);
        check_as(kinds[i].kind, bench_report_tables, name);
    }
}
