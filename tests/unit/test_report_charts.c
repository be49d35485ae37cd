/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite/report.h"
#include "tests/support/files.h"
#include "tests/support/fixture_run.h"

static bool exists(const char *dir, const char *name)
{
    char path[512];
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
