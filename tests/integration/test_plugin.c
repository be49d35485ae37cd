/* SPDX-License-Identifier: MIT */
/* A protocol from a shared object, built as the manual says and measured like any other. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/api.h"
#include "rig.h"
#include "tests/support/files.h"

static char *folder;
static char good[600];

static void start(void)
{
    struct support_output out;
    char script[600], manual[600];

    rig_adopt();
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(script, sizeof(script), "%s/tests/integration/plugin.sh", TEST_SOURCE_DIR);
    (void)snprintf(manual, sizeof(manual), "%s/docs/adding-a-protocol.md", TEST_SOURCE_DIR);
    rig_run_program(&out, WORDS(script, manual, TEST_SOURCE_DIR, folder));
    cr_assert_eq(out.exit_status, 0, "%s%s", out.out, out.err);
    support_output_free(&out);
    (void)snprintf(good, sizeof(good), "%s/line.so", folder);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(plugin, .init = start, .fini = stop, .timeout = 300);

#define TARGETS "line/threaded/native,tcp/threaded/native"

Test(plugin, json)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--plugin", good, "--target", TARGETS, "--workload", "latency",
                        "--quick", "--repeats", "1", "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, "line/threaded/native", "latency");
    rig_assert_measured(run, "tcp/threaded/native", "latency");
    const json_t *result = rig_result(run, "line/threaded/native", "latency");
    cr_expect_str_eq(rig_text(result, "target.protocol"), "line");
    cr_expect_eq(rig_number(result, "total_requests"), 300);
    cr_expect_eq(rig_number(result, "wire.round_trips"), 1);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(plugin, table)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--plugin", good, "--target", TARGETS, "--workload", "latency",
                        "--quick", "--repeats", "1"));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.out, "line/threaded/native");
    rig_assert_has(out.out, "tcp/threaded/native");
    support_output_free(&out);
}

/* Every workload and the other mode: nothing is special about a plug-in. */
Test(plugin, everything)
{
    static const char *const workloads[] = {"connection", "latency", "concurrent", "cpu", "io"};
    struct support_output out;

    rig_run(&out, WORDS("run", "--plugin", good, "--target", "line/forking/native", "--quick",
                        "--repeats", "1", "--workload-budget", "50ms", "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    for (size_t i = 0; i < BENCH_COUNT_OF(workloads); i++)
        rig_assert_measured(run, "line/forking/native", workloads[i]);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

/* Its scheme is known; what it cannot read is said. */
Test(plugin, call)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "line://127.0.0.1:1", "x"));
    cr_expect_eq(out.exit_status, 2);
    rig_assert_has(out.err, "no protocol has the scheme 'line'");
    support_output_free(&out);
    rig_run(&out, WORDS("call", "--plugin", good, "line://127.0.0.1:1", "x"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "the expression cannot be read: line ");
    support_output_free(&out);
    rig_run(&out, WORDS("call", "--plugin", "/no/such/file.so", "line://127.0.0.1:1", "x"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "/no/such/file.so");
    support_output_free(&out);
}

/* ---- what is no plug-in ---- */

static void check_refused(const char *path, const char *piece)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--plugin", path, "--target", "tcp/threaded/native", "--quick"));
    cr_expect_eq(out.exit_status, 2, "%s: exit %d: %s", path, out.exit_status, out.err);
    cr_expect_str_empty(out.out);
    rig_assert_has(out.err, path);
    rig_assert_has(out.err, piece);
    cr_expect_eq(rig_count_lines(out.err, ""), 2, "the message and how to get help: %s", out.err);
    support_output_free(&out);
}

static void build(const char *source, const char *path)
{
    struct support_output out;
    char file[600], include[600];

    (void)snprintf(file, sizeof(file), "%s/wrong.c", folder);
    (void)snprintf(include, sizeof(include), "-I%s/include", TEST_SOURCE_DIR);
    cr_assert_eq(support_write_file(file, source, strlen(source)), 0);
    rig_run_program(&out, WORDS("cc", "-std=gnu17", "-D_GNU_SOURCE", "-shared", "-fPIC", include,
                                file, "-o", path));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

/* The table with one member wrong. */
static void check_table(const char *member, const char *piece)
{
    char source[600], path[600];

    (void)snprintf(source, sizeof(source),
                   "#include \"bench/protocol.h\"\n"
                   "static const struct bench_protocol table = {.abi = BENCH_ABI, .size = "
                   "sizeof(table), %s};\n"
                   "const struct bench_protocol *bench_plugin_entry(void) { return &table; }\n",
                   member);
    (void)snprintf(path, sizeof(path), "%s/wrong.so", folder);
    build(source, path);
    check_refused(path, piece);
}

Test(plugin, not_a_shared_object)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/text.so", folder);
    cr_assert_eq(support_write_file(path, "nothing", 7), 0);
    check_refused(path, "cannot load");
    check_refused("/no/such/plugin.so", "No such file");
}

Test(plugin, no_entry)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/empty.so", folder);
    build("int nothing_of_interest;\n", path);
    check_refused(path, "bench_plugin_entry");
}

Test(plugin, wrong_tables)
{
    char member[64], piece[64];

    (void)snprintf(member, sizeof(member), ".abi = %uu", BENCH_ABI + 1);
    (void)snprintf(piece, sizeof(piece), "ABI %u", BENCH_ABI + 1);
    check_table(member, piece);
    check_table(".size = 16", "16 bytes");
    check_table(".name = \"wrong\"", "summary");
}

/* A name that is taken; also twice the same file. */
Test(plugin, twice)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--plugin", good, "--plugin", good, "--target",
                        "line/threaded/native", "--quick"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "'line'");
    support_output_free(&out);
}
