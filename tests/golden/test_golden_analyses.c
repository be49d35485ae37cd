/* SPDX-License-Identifier: MIT */
/*
 * Where the time goes and what distance does, of invented runs, to the letter.
 * RPYCBENCH_GOLDEN_UPDATE=1 writes the files anew; with RPYCBENCH_PLOT_DIR the charts stay there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "core/proc.h"
#include "suite/report_analyses.h"
#include "tests/support/files.h"
#include "tests/support/fixture_means.h"
#include "tests/support/schema.h"

TestSuite(golden_analyses, .timeout = 60);

#define GOLDEN_DIR TEST_SOURCE_DIR "/tests/golden"

static void compare(const char *name, const char *text)
{
    char path[512], *golden = NULL;
    size_t length, line = 1;
    (void)snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE") != NULL)
        cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(support_read_file(path, &golden, &length), 0, "%s", path);
    for (const char *a = golden, *b = text; *a != '\0' && *a == *b; a++, b++)
        line += *a == '\n';
    cr_expect(strcmp(golden, text) == 0, "%s differs from line %zu on; now it is:\n%s", name, line,
              text);
    free(golden);
}

static void check_text(struct bench_run *run, bool markdown, const char *name)
{
    struct bench_buf buf;
    bench_buf_init(&buf, 1u << 20);
    cr_assert_eq(bench_report_render(run, markdown, bench_write_analyses, &buf), 0);
    cr_assert_eq(bench_buf_add(&buf, "", 1), 0);
    compare(name, (const char *)bench_buf_head(&buf));
    bench_buf_fini(&buf);
}

static void check_json(struct bench_run *run, const char *name)
{
    json_t *object = json_object();
    cr_assert_eq(bench_json_analyses(run, object), 0);
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    cr_assert_not_null(text);
    compare(name, text);
    free(text);
    json_decref(object);
}

struct drawing {
    const char *dir;
    size_t n;
};

static int take(const struct bench_plot *plot, void *user, struct bench_error *err)
{
    static const char *const endings[] = {"gp", "dat"};
    struct drawing *drawing = user;
    int rc = bench_plot_write(plot, drawing->dir, err);
    for (size_t i = 0; i < BENCH_COUNT_OF(endings); i++) {
        char path[1024], name[160], *text = NULL;
        size_t length;
        (void)snprintf(path, sizeof(path), "%s/%s.%s", drawing->dir, plot->name, endings[i]);
        cr_assert_eq(support_read_file(path, &text, &length), 0, "%s", path);
        (void)snprintf(name, sizeof(name), "plot/analyses-%s.%s", plot->name, endings[i]);
        compare(name, text);
        free(text);
    }
    drawing->n++;
    return rc;
}

static void check_charts(struct bench_run *run, size_t wanted)
{
    char *made = NULL;
    const char *keep = getenv("RPYCBENCH_PLOT_DIR");
    struct bench_error err = {0};
    int status = 0;
    bench_proc_set_helper(TEST_BINARY_DIR "/rpycbench-server");
    cr_assert_eq(support_tempdir_make(&made, NULL), 0);
    struct drawing drawing = {keep != NULL ? keep : made, 0};
    const struct bench_chart_sink sink = {take, &drawing};
    cr_assert_eq(bench_charts_analyses(run, &sink, &status, &err), 0, "%s", err.msg);
    cr_assert(status == 0 || status == -ENOENT, "%s", err.msg);
    cr_expect_eq(drawing.n, wanted);
    support_tempdir_remove(made);
}

Test(golden_analyses, parts)
{
    struct bench_run *run = support_means_parts();
    check_text(run, false, "analyses-parts.txt");
    check_text(run, true, "analyses-parts.md");
    check_json(run, "analyses-parts.json");
    check_charts(run, 3);
    bench_run_free(run);
}

Test(golden_analyses, distance)
{
    struct bench_run *run = support_means_distance();
    check_text(run, false, "analyses-distance.txt");
    check_text(run, true, "analyses-distance.md");
    check_json(run, "analyses-distance.json");
    check_charts(run, 1);
    bench_run_free(run);
}

/* The whole result is as the schema says, and what is derived comes out the same of what is read. */
static void check_file(struct bench_run *run)
{
    struct bench_buf first, second;
    struct bench_run *again = NULL;
    struct bench_error err = {0};
    json_t *schema = json_load_file(TEST_SOURCE_DIR "/docs/result.schema.json", 0, NULL);
    bench_buf_init(&first, 1u << 24);
    bench_buf_init(&second, 1u << 24);
    cr_assert_eq(bench_report_compare(run), 0);
    cr_assert_eq(bench_report_json(run, &first), 0);
    size_t length = bench_buf_length(&first);
    json_t *json = json_loadb((const char *)bench_buf_head(&first), length, 0, NULL);
    cr_expect_eq(support_schema_check(schema, json, &err), 0, "%s", err.msg);
    cr_expect_gt(json_array_size(json_object_get(json, "parts")) +
                     json_array_size(json_object_get(json, "crossings")),
                 1);
    cr_assert_eq(bench_result_parse((const char *)bench_buf_head(&first), length, NULL, 0, &again,
                                    &err),
                 0, "%s", err.msg);
    cr_assert_eq(bench_report_json(again, &second), 0);
    cr_assert_eq(bench_buf_length(&second), length);
    cr_expect_eq(memcmp(bench_buf_head(&first), bench_buf_head(&second), length), 0);
    bench_run_free(again);
    json_decref(json);
    json_decref(schema);
    bench_buf_fini(&first);
    bench_buf_fini(&second);
}

Test(golden_analyses, files)
{
    struct bench_run *parts = support_means_parts(), *distance = support_means_distance();
    check_file(parts);
    check_file(distance);
    bench_run_free(parts);
    bench_run_free(distance);
}

/* What does not belong together makes no section. */
Test(golden_analyses, none_without_all_rows)
{
    struct bench_run *run = support_means_parts();
    json_t *object = json_object();
    for (size_t i = 0; i < run->nresults; i++) {
        if (run->results[i].target->role == BENCH_ROLE_FLOOR)
            run->results[i].status = BENCH_CELL_INVALID;
    }
    cr_assert_eq(bench_json_analyses(run, object), 0);
    cr_expect_eq(json_array_size(json_object_get(object, "parts")), 0);
    cr_expect_eq(json_array_size(json_object_get(object, "crossings")), 0);
    json_decref(object);
    bench_run_free(run);
}
