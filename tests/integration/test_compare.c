/* SPDX-License-Identifier: MIT */
/* compare: of files, of targets and of calls measured in turns; what is refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "tests/support/files.h"

static char *folder;
static char before[600], after[600];

static void start(void)
{
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    (void)snprintf(before, sizeof(before), "%s/before.json", folder);
    (void)snprintf(after, sizeof(after), "%s/after.json", folder);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(compare, .init = start, .fini = stop, .timeout = 300);

static void measure(const char *file, const char *requests)
{
    struct support_output out;
    rig_run(&out, WORDS("run", "--target", "tcp/threaded/native", "--workload", "latency",
                        "--requests", requests, "--repeats", "4", "--warmup", "5", "--json", file));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

static json_t *compared(const char *const *words, int status)
{
    struct support_output out;
    rig_run(&out, words);
    cr_assert_eq(out.exit_status, status, "exit %d: %s", out.exit_status, out.err);
    json_t *json = status == 0 ? rig_json(out.out) : NULL;
    support_output_free(&out);
    return json;
}

Test(compare, two_files)
{
    measure(before, "60");
    measure(after, "60");
    json_t *json = compared(
        WORDS("compare", before, after, "--format", "json", "--metric", "p50,round-trips"), 0);
    cr_assert_eq(json_array_size(rig_at(json, "rows")), 2);
    const json_t *counts = json_array_get(rig_at(json, "rows"), 1);
    cr_expect_str_eq(json_string_value(rig_at(counts, "metric")), "round-trips");
    cr_expect_str_eq(json_string_value(rig_at(counts, "words")), "the same");
    cr_expect(json_is_false(rig_at(json, "interleaved")));
    json_decref(json);
}

Test(compare, different_experiments_are_refused)
{
    struct support_output out;
    measure(before, "60");
    measure(after, "50");
    rig_run(&out, WORDS("compare", before, after));
    cr_expect_eq(out.exit_status, 4, "exit %d: %s", out.exit_status, out.err);
    cr_expect_str_empty(out.out);
    rig_assert_has(out.err, "plan, requests: 60 before, 50 after");
    rig_assert_has(out.err, "--force");
    support_output_free(&out);
    /* Their cells have other parameters: forced, they have nothing in common. */
    rig_run(&out, WORDS("compare", "--force", before, after));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "no cell in common");
    support_output_free(&out);
}

Test(compare, two_targets_in_turns)
{
    json_t *json = compared(WORDS("compare", "--target", "tcp/threaded/native", "--target",
                                  "rpyc/threaded/native", "--workload", "latency", "--requests",
                                  "60", "--repeats", "4", "--format", "json"),
                            0);
    cr_expect(json_is_true(rig_at(json, "interleaved")));
    bool found = false;
    size_t i;
    json_t *row;
    json_array_foreach(rig_at(json, "rows"), i, row)
    {
        if (strcmp(json_string_value(rig_at(row, "metric")), "round-trips") != 0)
            continue;
        found = true;
        cr_expect_str_eq(json_string_value(rig_at(row, "words")), "more");
        cr_expect(json_number_value(rig_at(row, "before_value")) < 1.01);
        cr_expect(json_number_value(rig_at(row, "after_value")) > 1.99);
    }
    cr_expect(found, "one round trip against two has to be told");
    json_decref(json);
}

Test(compare, two_calls_of_a_server_that_runs)
{
    struct rig_server server;
    char url[80];
    rig_serve(&server, "rpyc/threaded/native", 10);
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u", server.port);
    json_t *json =
        compared(WORDS("compare", "--target", url, "--call", "root.get_user_tuple(1)", "--call",
                       "root.get_user(1).name", "--workload", "latency", "--requests", "40",
                       "--repeats", "4", "--format", "json", "--metric", "round-trips"),
                 0);
    const json_t *row = json_array_get(rig_at(json, "rows"), 0);
    cr_assert_eq(json_array_size(rig_at(json, "rows")), 1);
    cr_expect_str_eq(json_string_value(rig_at(row, "before.operation")), "root.get_user_tuple(1)");
    cr_expect_str_eq(json_string_value(rig_at(row, "after.operation")), "root.get_user(1).name");
    cr_expect_str_eq(json_string_value(rig_at(row, "words")), "more");
    json_decref(json);
    cr_expect_eq(rig_server_stop(&server), 0);
}

Test(compare, rubbish)
{
    struct support_output out;
    cr_assert_eq(support_write_file(before, "{\"schema\": 1}", 13), 0);
    rig_run(&out, WORDS("compare", before, before));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    rig_run(&out, WORDS("compare", "--target", "inproc"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "two targets");
    support_output_free(&out);
    rig_run(&out, WORDS("compare"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
}
