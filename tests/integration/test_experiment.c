/* SPDX-License-Identifier: MIT */
/* The design of an experiment, as a user runs it: turns, --precision, --pilot, --aa. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "suite/metric.h"
#include "suite/noise.h"
#include "tests/support/files.h"
#include "tests/support/schema.h"

static char *state;

/* The user's own file is not touched. */
static void start(void)
{
    cr_assert_eq(support_tempdir_make(&state, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", state, 1), 0);
}

static void stop(void) { support_tempdir_remove(state); }

TestSuite(experiment, .init = start, .fini = stop, .timeout = 300);

static void check_schema(const json_t *run)
{
    char folder[600];
    struct bench_error err = {0};

    (void)snprintf(folder, sizeof(folder), "%s/docs", TEST_SOURCE_DIR);
    json_t *schema = rig_json_file(folder, "result.schema.json");
    cr_expect_eq(support_schema_check(schema, run, &err), 0, "%s", err.msg);
    json_decref(schema);
}

/* 0 or 1: which place the target had in a block; -1: none. */
static int place_of(const json_t *run, const char *target, int block)
{
    const json_t *trial;
    size_t i;

    json_array_foreach(rig_at(rig_result(run, target, "latency"), "trials"), i, trial)
    {
        if ((int)rig_number(trial, "block") == block)
            return (int)rig_number(trial, "order");
    }
    return -1;
}

Test(experiment, two_targets_take_turns)
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--target", "rpyc/threaded/native,http/threaded/native", "--workload",
                  "latency", "--requests", "20", "--warmup", "1", "--repeats", "5", "--json", "-"));
    json_t *run = rig_json(out.out);
    const int first = place_of(run, "rpyc/threaded/native", 0);
    for (int block = 0; block < 5; block++) {
        const int a = place_of(run, "rpyc/threaded/native", block);
        cr_expect_eq(a, block % 2 == 0 ? first : 1 - first, "block %d", block);
        cr_expect_eq(place_of(run, "http/threaded/native", block), 1 - a, "block %d", block);
    }
    cr_expect_str_eq(rig_text(run, "plan.blocks measured"), "5");
    cr_expect_not_null(strstr(rig_text(run, "plan.environment of servers"), "PYTHONHASHSEED=0"));
    json_decref(run);
    support_output_free(&out);
}

Test(experiment, precision_goes_on_to_its_cap_and_names_what_is_wider)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--target", "tcp/threaded/native", "--workload", "latency",
                        "--requests", "20", "--warmup", "1", "--repeats", "2", "--precision",
                        "0.1%", "--max-repeats", "11", "--json", "-"));
    json_t *run = rig_json(out.out);
    cr_expect_str_eq(rig_text(run, "plan.precision"), "0.1%");
    cr_expect_str_eq(rig_text(run, "plan.blocks measured"), "11");
    cr_expect_str_eq(rig_text(run, "plan.ended by"), "--max-repeats");
    rig_assert_has(rig_text(run, "plan.wider than wanted"), "latency tcp/threaded/native, p50: ");
    rig_assert_has(out.err, "8 to 11 trials each, until every interval is at most 0.1 % wide");
    rig_assert_has(out.err, "1 of 1 cells have a 95 % interval wider than 0.1 %");
    check_schema(run);
    json_decref(run);
    support_output_free(&out);
}

Test(experiment, precision_stops_when_all_are_narrow)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--target", "tcp/threaded/native", "--workload", "io", "--operation",
                        "io_work", "--clients", "2", "--requests-per-client", "5", "--warmup", "1",
                        "--precision", "100%", "--json", "-"));
    json_t *run = rig_json(out.out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(rig_text(run, "plan.blocks measured"), "8");
    cr_expect_str_eq(rig_text(run, "plan.ended by"), "every interval is narrow enough");
    json_decref(run);
    support_output_free(&out);
}

Test(experiment, time_is_up)
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--target", "tcp/threaded/native", "--workload", "io", "--clients", "1",
                  "--duration", "300ms", "--repeats", "100", "--max-time", "1s", "--json", "-"));
    json_t *run = rig_json(out.out);
    cr_expect_str_eq(rig_text(run, "plan.ended by"), "--max-time");
    const int blocks = (int)strtol(rig_text(run, "plan.blocks measured"), NULL, 10);
    cr_expect(blocks >= 1 && blocks < 5, "%d blocks", blocks);
    rig_assert_has(out.err, "ended by --max-time after");
    json_decref(run);
    support_output_free(&out);
}

Test(experiment, interrupted_precision_keeps_what_was_measured)
{
    struct rig_program program;
    struct support_output out;
    char file[600];

    (void)snprintf(file, sizeof(file), "%s/result.json", state);
    rig_start(&program, WORDS(rig_bench(), "run", "--target", "tcp/threaded/native", "--workload",
                              "io", "--clients", "4", "--requests-per-client", "30", "--precision",
                              "0.1%", "--max-repeats", "1000", "--max-time", "5m", "--json", file));
    /* Servers come and go; after the third one there are whole blocks. */
    pid_t last = 0;
    for (int seen = 0; seen < 3;) {
        const pid_t now = rig_await_listener(program.pid, "tcp", 4);
        if (now == last)
            rig_pause();
        else
            seen++;
        last = now;
    }
    cr_assert_eq(kill(program.pid, SIGINT), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json_file(state, "result.json");
    cr_expect(json_is_true(rig_at(run, "interrupted")));
    cr_expect_str_eq(rig_text(run, "plan.ended by"), "interrupted");
    cr_expect_geq(rig_number(rig_result(run, "tcp/threaded/native", "io"), "total_requests"),
                  2 * 4 * 30);
    json_decref(run);
    support_output_free(&out);
}

Test(experiment, pilot_prints_a_command_that_runs)
{
    struct support_output out, next;

    /* On a busy machine a pilot may find that trials differ too much for any proposal, and says so.
     */
    for (int attempt = 0;; attempt++) {
        rig_run(&out, WORDS("run", "--pilot", "--target", "rpyc/threaded/native", "--workload",
                            "connection,latency", "--precision=90%", "--warmup", "1", "--requests",
                            "60", "--connections", "10"));
        cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
        if (attempt == 9 || strstr(out.out, "no proposal: ") == NULL)
            break;
        support_output_free(&out);
    }
    rig_assert_has(out.out, "for 95 % intervals that are 90 % of their median wide");
    rig_assert_has(out.out, "processes");
    char *line = strstr(out.out, "  rpycbench run ");
    cr_assert_not_null(line, "%s", out.out);
    line[strcspn(line, "\n")] = '\0';
    cr_expect_null(strstr(line, "pilot"), "%s", line);
    cr_expect_null(strstr(line, "precision"), "%s", line);
    rig_assert_has(line, " --repeats ");
    rig_assert_has(line, " --connections 10");
    rig_assert_has(line, " --warmup 1");
    const char *words[RIG_WORDS_MAX] = {NULL};
    size_t n = 0;
    char *rest = line + strlen("  rpycbench ");
    for (char *word; (word = strsep(&rest, " ")) != NULL && n + 3 < RIG_WORDS_MAX;)
        words[n++] = word;
    words[n++] = "--json";
    words[n++] = "-";
    rig_run(&next, words);
    json_t *run = rig_json(next.out);
    rig_assert_measured(run, "rpyc/threaded/native", "latency");
    cr_expect_geq((int)strtol(rig_text(run, "plan.blocks measured"), NULL, 10), 8);
    json_decref(run);
    support_output_free(&next);
    support_output_free(&out);
}

Test(experiment, aa_has_two_arms_and_keeps_the_noise)
{
    struct support_output out, report;
    struct bench_noise *noise;
    struct bench_error err = {0};
    char file[600];

    (void)snprintf(file, sizeof(file), "%s/result.json", state);
    for (int i = 0; i < 3; i++) {
        rig_run(&out, WORDS("run", "--aa", "--target", "rpyc/threaded/native", "--workload",
                            "latency", "--requests", "400", "--repeats", "6", "--json", file));
        rig_assert_has(out.out, "pairs would be called different");
        rig_assert_has(out.out, "noise floor of this machine");
        if (i < 2)
            support_output_free(&out);
    }
    json_t *run = rig_json_file(state, "result.json");
    check_schema(run);
    for (int block = 0; block < 6; block++)
        cr_expect_eq(place_of(run, "rpyc/threaded/native", block) +
                         place_of(run, "rpyc/threaded/native #2", block),
                     1, "block %d", block);
    cr_expect_not_null(rig_result(run, "rpyc[call=cached]/threaded/native #2", "latency"));
    const char *status = rig_text(rig_result(run, "rpyc/threaded/native", "latency"), "status");
    cr_assert_eq(bench_noise_read(rig_text(run, "environment_hash"), &noise, &err), 0, "%s",
                 err.msg);
    /* Plain and cached calls, three times: enough unless the machine was so busy that cells were
     * not to be trusted. */
    const double floor = bench_noise_floor(noise, "latency", bench_metric_get(BENCH_METRIC_P50));
    cr_expect(strcmp(status, "ok") != 0 || floor >= 0 || strstr(out.out, "not known") != NULL);
    cr_expect_eq(isnan(floor), strstr(out.out, "latency, p50: not known") != NULL, "%s", out.out);
    bench_noise_free(noise);
    rig_run(&report, WORDS("report", file));
    cr_expect_eq(report.exit_status, 0, "%s", report.err);
    rig_assert_has(report.out, "rpyc/threaded/native #2");
    support_output_free(&report);
    support_output_free(&out);
    json_decref(run);
}

Test(experiment, floors_and_rulers_are_shown_but_not_kept)
{
    struct support_output out;
    char file[600];

    rig_run(&out, WORDS("run", "--aa", "--target", "inproc,tcp/threaded/native", "--workload",
                        "latency", "--requests", "400", "--repeats", "4"));
    rig_assert_has(out.out, "tcp/threaded/native");
    rig_assert_has(out.out, "inproc");
    rig_assert_has(out.out, "0 of them kept");
    (void)snprintf(file, sizeof(file), "%s/rpycbench/noise.json", state);
    cr_expect_neq(access(file, F_OK), 0);
    support_output_free(&out);
}
