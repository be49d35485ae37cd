/* SPDX-License-Identifier: MIT */
/* gate, as a job of CI runs it: the five outcomes with their exit statuses, and what it leaves. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tests/support/files.h"
#include "tests/support/server.h"
#include "tests/support/xml.h"

static char *folder;
static char baseline[600], other[600];

static void start(void)
{
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    cr_assert_eq(unsetenv("GITHUB_STEP_SUMMARY"), 0);
    (void)snprintf(baseline, sizeof(baseline), "%s/baseline.json", folder);
    (void)snprintf(other, sizeof(other), "%s/other", folder);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(gate_run, .init = start, .fini = stop, .timeout = 300);

#define FEW                                                                                        \
    "--target", "tcp/threaded/native", "--workload", "latency", "--requests", "60", "--repeats",   \
        "4", "--warmup", "5"

static void expect(const char *const *words, int status, const char *outcome)
{
    struct support_output out;
    rig_run(&out, words);
    cr_expect_eq(out.exit_status, status, "exit %d: %s%s", out.exit_status, out.out, out.err);
    rig_assert_has(out.out, outcome);
    rig_assert_has(out.out, "again:       rpycbench gate ");
    support_output_free(&out);
}

static void measure(const char *file)
{
    struct support_output out;
    rig_run(&out, WORDS("run", FEW, "--json", file));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

static char *text_of(const char *path)
{
    char *text = NULL;
    size_t length;
    cr_assert_eq(support_read_file(path, &text, &length), 0, "%s", path);
    return text;
}

/* ---- limits ---- */

Test(gate_run, limits_live)
{
    expect(WORDS("gate", FEW, "--max", "round-trips=1", "--min", "success=100%", "--max", "p50=1m"),
           0, "rpycbench gate: OK (3 ok)");
    expect(WORDS("gate", FEW, "--max", "round-trips=1", "--max", "frames=1"), 1,
           "rpycbench gate: REGRESSED (1 regressed, 1 ok)");
    expect(WORDS("gate", FEW, "--max", "latency:p99.9=1m"), 5, "rpycbench gate: INCONCLUSIVE");
    expect(WORDS("gate", FEW, "--max", "p99.9=1m", "--inconclusive", "pass"), 0, "inconclusive");
    expect(WORDS("gate", FEW, "--max", "p99.9=1m", "--inconclusive", "fail"), 1, "inconclusive");
}

Test(gate_run, a_server_that_is_not_there_is_an_error)
{
    expect(WORDS("gate", "--target", "tcp://127.0.0.1:1", "--workload", "latency", "--repeats", "2",
                 "--max", "p50=1m"),
           3, "rpycbench gate: ERROR");
}

Test(gate_run, limits_of_a_saved_result)
{
    measure(baseline);
    expect(WORDS("gate", baseline, "--max", "tcp/threaded/native:latency:round-trips=1"), 0, "OK");
    expect(WORDS("gate", baseline, "--max", "round-trips=0"), 1, "REGRESSED");
    struct support_output out;
    rig_run(&out, WORDS("gate", baseline, "--max", "bytes=1GiB", "--target", "inproc"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.out);
    rig_assert_has(out.out, "could never fail");
    support_output_free(&out);
}

Test(gate_run, bad_usage)
{
    static const struct {
        const char *words[12];
        const char *wanted;
    } rows[] = {
        {{"gate", FEW}, "can never fail"},
        {{"gate", "--max", "p50"}, "METRIC=VALUE"},
        {{"gate", "--max", "p98=1ms"}, "not one of p50"},
        {{"gate", "--min", "p50=1ms"}, "write --max"},
        {{"gate", "--target", "inproc", "--workload", "latency", "--max", "cpu:p50=1s"},
         "cpu is not measured"},
        {{"gate", "a.json", "b.json", "--max", "p50=1s"}, "one result too many"},
        {{"gate", "--inconclusive", "maybe", "--max", "p50=1s"}, "fail, pass"},
        {{"gate", "--tolerance", "0%", "--max", "p50=1s"}, "tolerates nothing"},
        {{"gate", "--metric", "speed", "--max", "p50=1s"}, "not one of p50"},
        {{"gate", "--format", "xml", "--max", "p50=1s"}, "text, md, json"},
        {{"gate", "--prove", "--target", "inproc"}, "one of our own servers"},
        {{"gate", "--prove", "--max", "p50=1s"}, "takes no result"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct support_output out;
        rig_run(&out, rows[i].words);
        cr_expect_eq(out.exit_status, 2, "row %zu: exit %d: %s", i, out.exit_status, out.err);
        cr_expect_str_empty(out.out, "row %zu: %s", i, out.out);
        rig_assert_has(out.err, rows[i].wanted);
        support_output_free(&out);
    }
}

/* ---- baselines ---- */

Test(gate_run, a_baseline_live)
{
    measure(baseline);
    /* Counts: the same each time, whatever the machine does. */
    expect(WORDS("gate", FEW, "--baseline", baseline, "--metric", "round-trips,success", "--save",
                 other),
           0, "rpycbench gate: OK (2 ok)");
    json_t *saved = rig_json_file(folder, "other");
    cr_expect_not_null(rig_result(saved, "tcp/threaded/native", "latency"));
    json_decref(saved);
    /* Four trials: something is said, and the exit status fits it. */
    struct support_output out;
    rig_run(&out, WORDS("gate", FEW, "--baseline", baseline, "--format", "json"));
    json_t *json = rig_json(out.out);
    cr_expect_eq(out.exit_status, (int)rig_number(json, "exit_status"));
    cr_expect_gt(json_array_size(rig_at(json, "checks")), 3);
    cr_expect_eq(json_array_size(rig_at(json, "differences")), 0);
    json_decref(json);
    support_output_free(&out);
}

/* Every time in the file is divided: as if everything had been so much faster once. */
static void make_faster(const char *path)
{
    json_t *json = rig_json_file(folder, "baseline.json");
    size_t i, k;
    json_t *result, *trial;
    json_array_foreach(rig_at(json, "results"), i, result)
    {
        json_array_foreach(rig_at(result, "trials"), k, trial)
        {
            json_t *latency = rig_at(trial, "statistics.response");
            cr_assert_not_null(latency);
            (void)json_object_set_new(latency, "median", json_real(1e-9 * (double)(1000 + k)));
        }
    }
    cr_assert_eq(json_dump_file(json, path, 0), 0);
    json_decref(json);
}

Test(gate_run, worse_than_a_baseline_twice)
{
    measure(baseline);
    make_faster(other);
    struct support_output out;
    rig_run(&out, WORDS("gate", FEW, "--baseline", other, "--metric", "p50", "--save", baseline));
    cr_expect_eq(out.exit_status, 1, "exit %d: %s%s", out.exit_status, out.out, out.err);
    rig_assert_has(out.err, "measured a second time");
    rig_assert_has(out.err, "was left as it is: the outcome is regressed");
    rig_assert_has(out.out, "and again in a second batch");
    support_output_free(&out);
    /* Saved results cannot be measured again. */
    expect(WORDS("gate", baseline, "--baseline", other, "--metric", "p50"), 1,
           "cannot be measured again");
}

Test(gate_run, another_experiment_is_invalid)
{
    struct support_output out;
    measure(baseline);
    rig_run(&out, WORDS("gate", FEW, "--requests", "50", "--baseline", baseline));
    cr_expect_eq(out.exit_status, 4, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.out, "INVALID");
    rig_assert_has(out.out, "plan, requests: 60 before, 50 after");
    support_output_free(&out);
}

Test(gate_run, a_baseline_that_is_missing_is_no_verdict)
{
    struct support_output out;
    char *text;
    rig_run(&out, WORDS("gate", FEW, "--baseline", baseline, "--junit", other));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.out, "rpycbench gate: ERROR");
    rig_assert_has(out.out, "baseline.json");
    support_output_free(&out);
    text = text_of(other);
    cr_expect_null(support_xml_fault(text), "%s", support_xml_fault(text));
    cr_expect_eq(support_xml_count(text, "error"), 1);
    cr_expect_eq(support_xml_count(text, "failure"), 0);
    free(text);
}

/* ---- what it leaves ---- */

Test(gate_run, junit_and_summaries)
{
    char junit[600], markdown[600], summary[600];
    struct support_output out;
    (void)snprintf(junit, sizeof(junit), "%s/junit.xml", folder);
    (void)snprintf(markdown, sizeof(markdown), "%s/gate.md", folder);
    (void)snprintf(summary, sizeof(summary), "%s/summary.md", folder);
    cr_assert_eq(support_write_file(summary, "# a job\n", 8), 0);
    cr_assert_eq(setenv("GITHUB_STEP_SUMMARY", summary, 1), 0);
    rig_run(&out, WORDS("gate", FEW, "--max", "round-trips=0.5", "--max", "frames=2", "--max",
                        "p99.9=1m", "--junit", junit, "--markdown", markdown));
    cr_expect_eq(out.exit_status, 1, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    char *text = text_of(junit);
    cr_expect_null(support_xml_fault(text), "%s", support_xml_fault(text));
    cr_expect_eq(support_xml_count(text, "testcase"), 3);
    cr_expect_eq(support_xml_count(text, "failure"), 1);
    cr_expect_eq(support_xml_count(text, "skipped"), 1);
    free(text);
    text = text_of(markdown);
    rig_assert_has(text, "## rpycbench gate: regressed");
    free(text);
    text = text_of(summary);
    cr_expect_eq(strncmp(text, "# a job\n", 8), 0, "appended, not written over");
    rig_assert_has(text, "## rpycbench gate: regressed");
    free(text);
}

Test(gate_run, what_cannot_be_written_is_an_error)
{
    struct support_output out;
    (void)snprintf(other, sizeof(other), "%s/none/junit.xml", folder);
    rig_run(&out, WORDS("gate", FEW, "--max", "round-trips=1", "--junit", other));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "none/junit.xml");
    support_output_free(&out);
}

/* ---- the gate itself put to the test ---- */

/* CPU that a process has used, in ticks of the kernel. */
static long ticks_of(pid_t pid)
{
    char path[64];
    unsigned long user = 0, system = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    cr_expect_eq(
        fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system),
        2);
    (void)fclose(file);
    return (long)(user + system);
}

Test(gate_run, an_injected_spin_burns_cpu_in_every_protocol)
{
    static const char *const protocols[] = {"tcp", "rpyc", "http"};
    for (size_t i = 0; i < BENCH_COUNT_OF(protocols); i++) {
        const struct support_server_spec spec = {
            .protocol = protocols[i], .mode = "threaded", .extra = WORDS("--inject", "cpu=5ms")};
        struct support_server server;
        struct support_output out;
        struct bench_error err = {0};
        char url[80];
        cr_assert_eq(support_server_start(&spec, &server, &err), 0, "%s", err.msg);
        (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u/", protocols[i], server.port);
        url[strlen(url) - (i < 2)] = '\0';
        rig_run(&out, WORDS("run", "--target", url, "--workload", "latency", "--requests", "60",
                            "--repeats", "1", "--warmup", "1"));
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        support_output_free(&out);
        /* 60 times 5 ms of CPU are 30 ticks; without them it is one or two. */
        cr_expect_geq(ticks_of(server.pid), 25, "%s", protocols[i]);
        cr_expect_eq(support_server_stop(&server), 0);
    }
}

Test(gate_run, a_slowdown_that_no_server_knows_is_bad_usage)
{
    const struct support_server_spec spec = {
        .protocol = "tcp", .mode = "threaded", .extra = WORDS("--inject", "memory=1ms")};
    struct support_server server;
    struct bench_error err = {0};
    cr_expect_lt(support_server_start(&spec, &server, &err), 0);
}

Test(gate_run, prove_tells_what_it_tried)
{
    struct support_output out;
    rig_run(&out, WORDS("gate", "--prove", "1", "--target", "tcp/threaded/native", "--requests",
                        "40", "--repeats", "4", "--warmup", "5", "--format", "json"));
    cr_expect(out.exit_status == 0 || out.exit_status == 1, "exit %d: %s", out.exit_status,
              out.err);
    rig_assert_has(out.err, "1 experiments with each of 5 slowdowns");
    json_t *json = rig_json(out.out);
    cr_expect_str_eq(rig_text(json, "target"), "tcp/threaded/native");
    cr_expect_eq(json_is_true(rig_at(json, "holds")), out.exit_status == 0);
    const json_t *rows = rig_at(json, "rows");
    cr_assert_eq(json_array_size(rows), 5);
    for (size_t i = 0; i < 5; i++) {
        const json_t *row = json_array_get(rows, i);
        cr_expect_eq((int)rig_number(row, "experiments"), 1);
        cr_expect_eq(rig_number(row, "spin_seconds") > 0, i > 0, "row %zu", i);
    }
    json_decref(json);
    support_output_free(&out);
}
