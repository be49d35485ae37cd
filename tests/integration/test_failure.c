/* SPDX-License-Identifier: MIT */
/* What goes wrong is said in one line, marked in the result, and does not spoil the rest. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"
#include "tests/support/files.h"

#define GOOD "rpyc/threaded/native"

/* ---- servers that misbehave ---- */

struct bad_kind {
    const char *kind, *protocol;
    const char *failure; /* as the reason names it */
    const char *or_else; /* or so: closing with a request unread resets */
};

static const struct bad_kind bad_kinds[] = {
    {"close", "rpyc", "(closed)", "(reset)"},      {"close", "http", "(closed)", "(reset)"},
    {"garbage", "rpyc", "(protocol-error)", NULL}, {"garbage", "http", "(protocol-error)", NULL},
    {"silent", "rpyc", "(timeout)", NULL},         {"silent", "http", "(timeout)", NULL},
    {"midreply", "rpyc", "(closed)", NULL},        {"midreply", "http", "(closed)", NULL},
    {"refuse", "rpyc", "(refused)", NULL},         {"refuse", "http", "(refused)", NULL},
};

static void assert_kind(const struct bad_kind *bad, const char *text)
{
    if (!bad->or_else || !strstr(text, bad->or_else))
        rig_assert_has(text, bad->failure);
}

static void check_bad(const struct bad_kind *bad)
{
    struct rig_server server;
    struct support_output out;
    char url[64], targets[128];

    rig_peer(&server, "garbage_server.py", WORDS("--kind", bad->kind, "--protocol", bad->protocol));
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u", bad->protocol, server.port);
    (void)snprintf(targets, sizeof(targets), "%s," GOOD, url);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms",
                        "--workload", "connection,latency,io", "--timeout", "300ms", "--target",
                        targets, "--json", "-"));
    cr_expect_eq(out.exit_status, 3, "%s %s: exit %d: %s", bad->protocol, bad->kind,
                 out.exit_status, out.err);
    cr_expect_eq(rig_count_lines(out.err, url), 1, "not one line:\n%s", out.err);
    assert_kind(bad, out.err);
    json_t *run = rig_json(out.out);
    static const char *const workloads[] = {"connection", "latency", "io"};
    for (size_t i = 0; i < BENCH_COUNT_OF(workloads); i++) {
        rig_assert_measured(run, GOOD, workloads[i]);
        const json_t *result = rig_result(run, url, workloads[i]);
        cr_assert_not_null(result);
        cr_expect_str_eq(rig_text(result, "status"), "failed");
        assert_kind(bad, rig_text(result, "reason"));
        cr_expect_eq(json_array_size(rig_at(result, "trials")), 0);
    }
    json_decref(run);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

Test(failure, bad_servers, .timeout = 600)
{
    rig_need_python();
    for (size_t i = 0; i < BENCH_COUNT_OF(bad_kinds); i++)
        check_bad(&bad_kinds[i]);
}

/* ---- serve ---- */

Test(failure, port_taken, .timeout = 300)
{
    static const char *const targets[] = {"rpyc/threaded/native", "http/forking/native",
                                          "rpyc/threaded/python", "http/threaded/python",
                                          "http/threaded/gunicorn"};
    struct rig_server server;
    char port[8];

    rig_adopt();
    rig_serve(&server, GOOD, 4);
    (void)snprintf(port, sizeof(port), "%u", server.port);
    for (size_t i = 0; i < BENCH_COUNT_OF(targets); i++) {
        struct support_output out;

        if (i == 2)
            rig_need_python();
        rig_run(&out, WORDS("serve", targets[i], "--port", port));
        cr_expect_eq(out.exit_status, 3, "%s: exit %d: %s", targets[i], out.exit_status, out.err);
        rig_assert_has(out.err, port);
        rig_assert_has(out.err, targets[i]);
        cr_expect_eq(rig_count_lines(out.err, ""), 1, "%s: not one line:\n%s", targets[i], out.err);
        cr_expect_str_empty(out.out);
        support_output_free(&out);
    }
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}

/* ---- Python is not there ---- */

static void write_script(const char *folder, const char *text)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/bin", folder);
    cr_assert_eq(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/bin/python", folder);
    cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(chmod(path, 0755), 0);
}

static void check_without_python(const char *script, const char *words)
{
    static const char *const missing[] = {"rpyc/threaded/python", "rpyc/forking/python"};
    struct support_output out;
    char *folder, variable[600];

    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    write_script(folder, script);
    (void)snprintf(variable, sizeof(variable), "RPYCBENCH_VENV=%s", folder);
    rig_run_in(&out, WORDS(variable),
               WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--target",
                     "rpyc/threaded/python," GOOD ",rpyc/forking/python", "--json", "-"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, GOOD, "latency");
    for (size_t i = 0; i < BENCH_COUNT_OF(missing); i++) {
        const json_t *result = rig_result(run, missing[i], "latency");

        cr_expect_str_eq(rig_text(result, "status"), "failed");
        rig_assert_has(rig_text(result, "reason"), words);
        rig_assert_has(rig_text(result, "reason"), "scripts/setup");
        cr_expect_eq(rig_count_lines(out.err, missing[i]), 1, "not one line:\n%s", out.err);
    }
    rig_assert_has(out.err, "scripts/setup");
    json_decref(run);
    support_output_free(&out);

    rig_run_in(&out, WORDS(variable), WORDS("list"));
    cr_expect_eq(out.exit_status, 0);
    rig_assert_has(out.out, words);
    support_output_free(&out);

    rig_run_in(&out, WORDS(variable), WORDS("serve", "rpyc/threaded/python"));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "rpyc/threaded/python");
    support_output_free(&out);
    support_tempdir_remove(folder);
}

Test(failure, package_missing, .timeout = 300)
{
    check_without_python("#!/bin/sh\n"
                         "echo 'Python package rpyc is missing (No module named rpyc)'\n"
                         "exit 3\n",
                         "Python package rpyc is missing");
}

Test(failure, interpreter_broken, .timeout = 300)
{
    check_without_python("#!/bin/sh\nexit 9\n", "exit status 9");
}

/* An interpreter that has no packages, asked by the real programs. */
Test(failure, interpreter_without_packages, .timeout = 300)
{
    struct support_output out;

    rig_need_python();
    rig_run_program(&out, WORDS(rig_python(), "-c", "import sys; print(sys._base_executable)"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    char script[700];
    (void)snprintf(script, sizeof(script), "#!/bin/sh\nexec '%.*s' -E -s -S \"$@\"\n",
                   (int)strcspn(out.out, "\n"), out.out);
    support_output_free(&out);
    check_without_python(script, "rpyc");
}

/* ---- a server that cannot be started ---- */

Test(failure, ends_before_ready, .timeout = 300)
{
    struct support_output out;
    char *folder, variable[600];

    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    write_script(folder, "#!/bin/sh\n"
                         "for word; do [ \"$word\" = --check ] && exit 0; done\n"
                         "echo 'the roof is on fire' >&2\n"
                         "exit 7\n");
    (void)snprintf(variable, sizeof(variable), "RPYCBENCH_VENV=%s", folder);
    rig_run_in(&out, WORDS(variable),
               WORDS("run", "--quick", "--repeats", "2", "--workload", "latency", "--target",
                     "rpyc/threaded/python," GOOD, "--json", "-"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, GOOD, "latency");
    const char *reason = rig_text(rig_result(run, "rpyc/threaded/python", "latency"), "reason");
    rig_assert_has(reason, "could not be started");
    rig_assert_has(reason, "the roof is on fire");
    cr_expect_eq(rig_count_lines(out.err, "rpyc/threaded/python"), 1, "not one line:\n%s", out.err);
    json_decref(run);
    support_output_free(&out);
    support_tempdir_remove(folder);
}

/* ---- output that cannot be written ---- */

Test(failure, output, .timeout = 300)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--quick", "--target", GOOD, "--output", "/dev/null/here"));
    cr_expect_eq(out.exit_status, 2, "before anything is measured: %s", out.err);
    rig_assert_has(out.err, "/dev/null");
    support_output_free(&out);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--target",
                        GOOD, "--json", "/dev/null/here.json"));
    cr_expect_neq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.err, "/dev/null/here.json");
    support_output_free(&out);
}
