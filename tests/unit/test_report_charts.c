/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"
#include "core/proc.h"
#include "render/table.h"
#include "suite/report.h"
#include "tests/support/files.h"
#include "tests/support/fixture_means.h"
#include "tests/support/fixture_run.h"

static bool exists(const char *dir, const char *name)
{
    char path[1200];
    (void)snprintf(path, sizeof(path), "%s/charts/%s", dir, name);
    return access(path, R_OK) == 0;
}

static char *contents(const char *dir, const char *name)
{
    char path[512], *text;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/charts/%s", dir, name);
    cr_assert_eq(support_read_file(path, &text, &length), 0, "%s", name);
    return text;
}

/* With gnuplot or without: scripts and data are there. */
static void draw(enum support_fixture kind, const char *dir)
{
    char path[512];
    struct bench_error err = {0};
    struct bench_run *run = support_fixture_run(kind);
    (void)snprintf(path, sizeof(path), "%s/charts", dir);
    int rc = bench_report_charts(run, path, &err);
    cr_assert(rc == 0 || rc == -ENOENT, "%s", err.msg);
    bench_run_free(run);
}

/* Each of a workload's tables has its own, and takes no other workload's name. */
Test(charts, single_requests_of_several_workloads, .timeout = 100)
{
    static const struct support_means_target target = {"rpyc",   "rpyc", "", "threaded",
                                                       "python", "",     "", BENCH_ROLE_NORMAL};
    static const struct support_means_cell cells[] = {
        {0, "latency", "ping", "clients=1", 2, {200, 200}, BENCH_CELL_OK},
        {0, "netref", "get_users", "clients=1,access=objects", 504, {80000, 80000}, BENCH_CELL_OK},
        {0, "netref", "get_users_tuples", "clients=1,access=tuples", 2, {400, 400}, BENCH_CELL_OK},
    };
    static const char *const names[] = {"latency-percentiles.gp", "netref-percentiles.gp",
                                        "netref-percentiles-2.gp", "latency-ecdf.gp",
                                        "netref-ecdf.gp", "netref-ecdf-2.gp"};
    char *dir, path[512];
    struct bench_error err = {0};
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    struct bench_run *run = support_means_run(&target, 1, cells, BENCH_COUNT_OF(cells));
    (void)snprintf(path, sizeof(path), "%s/charts", dir);
    const int rc = bench_report_charts(run, path, &err);
    cr_assert(rc == 0 || rc == -ENOENT, "%s", err.msg);
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++)
        cr_expect(exists(dir, names[i]), "%s", names[i]);
    char *script = contents(dir, "latency-percentiles.gp");
    cr_expect_not_null(strstr(script, "ping"));
    free(script);
    bench_run_free(run);
    support_tempdir_remove(dir);
}

Test(charts, one_for_each_question, .timeout = 100)
{
    static const char *const names[] = {
        "latency-percentiles", "connection-phases", "throughput", "cpu", "memory", "cores"};
    char *dir;
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    draw(SUPPORT_FIXTURE_TROUBLE, dir);
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.gp", names[i]);
        cr_expect(exists(dir, file), "%s", file);
        (void)snprintf(file, sizeof(file), "%s.dat", names[i]);
        cr_expect(exists(dir, file), "%s", file);
    }
    char *script = contents(dir, "latency-percentiles.gp");
    cr_expect_not_null(strstr(script, "latency: response time of one request"));
    cr_expect_not_null(strstr(script, "ping, closed loop, 1 connection"));
    cr_expect_null(strstr(script, "gunicorn"), "what was not measured is not drawn");
    free(script);
    support_tempdir_remove(dir);
}

Test(charts, only_what_there_is, .timeout = 60)
{
    char *dir;
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    draw(SUPPORT_FIXTURE_EMPTY, dir);
    cr_expect_not(exists(dir, "throughput.gp"));
    draw(SUPPORT_FIXTURE_ONE, dir);
    cr_expect(exists(dir, "throughput.gp"));
    cr_expect_not(exists(dir, "connection-phases.gp"));
    char *script = contents(dir, "throughput.gp");
    cr_expect_null(strstr(script, "whiskers"), "one trial has no spread");
    free(script);
    support_tempdir_remove(dir);
}

Test(charts, a_folder_that_cannot_be_made, .timeout = 20)
{
    struct bench_error err = {0};
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
    cr_assert_eq(bench_report_charts(run, "/proc/no/charts", &err), -ENOENT);
    cr_expect_not_null(strstr(err.msg, "/proc/no/charts"));
    bench_run_free(run);
}

/* Of several sizes, styles and numbers of clients; with RPYCBENCH_PLOT_DIR they are kept there. */
Test(charts, of_pages, .timeout = 110)
{
    static const char *const names[] = {"bandwidth-upload",
                                        "bandwidth-download",
                                        "transfer-pieces-download",
                                        "transfer-stream-download",
                                        "clients-latency-concurrent",
                                        "clients-throughput-concurrent",
                                        "modes"};
    static const enum support_fixture kinds[] = {SUPPORT_FIXTURE_BULK_ONE, SUPPORT_FIXTURE_BULK};
    const char *keep = getenv("RPYCBENCH_PLOT_DIR");
    if (keep != NULL)
        bench_proc_set_helper(TEST_BINARY_DIR "/rpycbench-server");
    for (size_t k = 0; k < BENCH_COUNT_OF(kinds); k++) {
        char *dir = NULL, kept[512];
        cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
        (void)snprintf(kept, sizeof(kept), "%s", keep != NULL && k > 0 ? keep : dir);
        draw(kinds[k], kept);
        for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
            char file[64];
            (void)snprintf(file, sizeof(file), "%s.gp", names[i]);
            bool wanted = k > 0 || strcmp(names[i], "modes") != 0; /* which need two */
            cr_expect_eq(exists(kept, file), wanted, "%s", file);
        }
        support_tempdir_remove(dir);
    }
}

Test(charts, as_text, .timeout = 60)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_BULK);
    struct bench_buf names, text;
    struct bench_error err = {0};
    bench_buf_init(&names, 1 << 20);
    cr_assert_eq(bench_report_chart_names(run, &names), 0);
    cr_assert_eq(bench_buf_add(&names, "", 1), 0);
    size_t drawn = 0;
    for (char *line = (char *)bench_buf_head(&names), *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        line[strcspn(line, "\t")] = '\0';
        for (size_t width = 80; width <= 120; width += 20) {
            bench_buf_init(&text, 1 << 20);
            cr_assert_eq(bench_report_chart_text(run, line, width, &text, &err), 0, "%s: %s", line,
                         err.msg);
            cr_assert_eq(bench_buf_add(&text, "", 1), 0);
            char *rest = (char *)bench_buf_head(&text), *row;
            while ((row = strsep(&rest, "\n")) != NULL)
                cr_expect_leq(bench_text_width(row), width, "%s at %zu: %s", line, width, row);
            bench_buf_fini(&text);
        }
        drawn++;
    }
    cr_expect_gt(drawn, 7);
    bench_buf_init(&text, 1 << 20);
    cr_expect_eq(bench_report_chart_text(run, "nonsense", 80, &text, &err), -EINVAL);
    cr_expect_not_null(strstr(err.msg, "bandwidth-upload"), "%s", err.msg);
    bench_buf_fini(&text);
    bench_buf_fini(&names);
    bench_run_free(run);
}

Test(charts, of_rates, .timeout = 100)
{
    static const char *const names[] = {"rate-p50-concurrent", "rate-p99-concurrent",
                                        "rate-delivered-concurrent"};
    char *dir;
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    draw(SUPPORT_FIXTURE_LOADS, dir);
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.gp", names[i]);
        cr_expect(exists(dir, file), "%s", file);
    }
    char *script = contents(dir, "rate-p99-concurrent.gp");
    cr_expect_not_null(strstr(script, "open loop, poisson arrivals, 8 connections"), "%s", script);
    cr_expect_not_null(strstr(script, "from the planned start"));
    cr_expect_not_null(strstr(script, "client-bound targets: at most"));
    free(script);
    script = contents(dir, "throughput.gp");
    cr_expect_null(strstr(script, "open loop"), "a rate that was asked for is no result");
    free(script);
    support_tempdir_remove(dir);
}
