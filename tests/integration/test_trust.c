/* SPDX-License-Identifier: MIT */
/* Clients and servers that are overloaded on purpose are found out; healthy runs are not. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

TestSuite(trust, .timeout = 250);

static const char *status_of(const json_t *result) { return rig_text(result, "status"); }

/* 20 us of work on each reply of 16 connections: more than the native server does for it. */
static void find_the_busy_client(const char *placement)
{
    for (int i = 0; i < 4; i++) {
        struct support_output out;
        rig_run(&out, WORDS("run", "--quick", "--target", "rpyc/threaded/native", "--workload",
                            "concurrent", "--clients", "16", "--requests-per-client", "200",
                            "--reply-work", "20us", "--placement", placement, "--json", "-"));
        cr_assert_eq(out.exit_status, 0, "client-bound alone is no failure: %d %s", out.exit_status, out.err);
        json_t *run = rig_json(out.out);
        const json_t *result = json_array_get(rig_at(run, "results"), 0);
        cr_expect_str_eq(status_of(result), "client-bound", "%s: %s: %s", placement,
                         status_of(result), json_string_value(rig_at(result, "reason")));
        json_decref(run);
        support_output_free(&out);
    }
}

Test(trust, a_client_with_work_on_each_reply_is_client_bound) { find_the_busy_client("same"); }

Test(trust, and_so_it_is_on_a_core_of_its_own) { find_the_busy_client("split"); }

/* One connection, 10 ms a request: a hundred a second is the most. */
static void overload(const char *const *words)
{
    struct support_output out;
    rig_run(&out, words);
    cr_assert_eq(out.exit_status, 4, "%d %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    const json_t *result = json_array_get(rig_at(run, "results"), 0);
    cr_expect_str_eq(status_of(result), "invalid");
    const char *reason = rig_text(result, "reason");
    rig_assert_has(reason, "the server did not keep up: delivered ");
    rig_assert_has(reason, " /s of 500 /s offered");
    size_t i;
    const json_t *trial;
    json_array_foreach(rig_at(result, "trials"), i, trial)
        cr_expect_str_eq(status_of(trial), "invalid", "trial %zu", i);
    cr_expect_eq(i, 3, "the JSON keeps every trial");
    json_decref(run);
    support_output_free(&out);
}

Test(trust, an_overloaded_open_loop_is_invalid)
{
    overload(WORDS("run", "--quick", "--target", "rpyc/threaded/native", "--workload", "io",
                   "--clients", "1", "--rate", "500", "--requests-per-client", "60", "--json",
                   "-"));
}

Test(trust, and_so_it_is_when_it_lasts_for_a_duration_behind_a_ramp)
{
    overload(WORDS("run", "--quick", "--target", "rpyc/threaded/native", "--workload", "io",
                   "--clients", "1", "--rate", "500", "--duration", "400ms", "--ramp", "100ms",
                   "--json", "-"));
}

Test(trust, a_healthy_quick_run_has_no_invalid_cell)
{
    struct support_output out;
    rig_run(&out, WORDS("run", "--quick", "--target",
                        "rpyc/threaded/native,rpyc/forking/native,http/threaded/native,"
                        "http/forking/native",
                        "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%d %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    size_t i;
    const json_t *result;
    json_array_foreach(rig_at(run, "results"), i, result)
    {
        cr_expect(strcmp(status_of(result), "invalid") != 0, "%s %s: %s",
                  rig_text(result, "target.name"), rig_text(result, "workload"),
                  rig_text(result, "reason"));
    }
    cr_expect_gt(i, 20);
    json_decref(run);
    support_output_free(&out);
}
