/* SPDX-License-Identifier: MIT */
/*
 * `rpycbench selftest` with real oracle servers. How good the instrument is here and now is not
 * asserted: the machine may be busy. Whether it passes is looked at by hand; that a broken one
 * fails is tested, for a server that stands still for a quarter of a second is seen or not.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

TestSuite(oracles, .init = rig_adopt, .timeout = 300);

/* Whatever happens, what the user of this machine knows of it stays as it is. */
static void selftest(struct support_output *out, const char *const *words)
{
    char state[] = "XDG_STATE_HOME=/nonexistent";
    rig_run_in(out, (const char *const[]){state, NULL}, words);
}

static const json_t *figure_of(const json_t *oracle, const char *name)
{
    const json_t *list = json_object_get(oracle, "figures");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(rig_text(json_array_get(list, i), "figure"), name) == 0)
            return json_array_get(list, i);
    cr_assert_fail("no figure %s", name);
    return NULL;
}

static bool has_missed(const json_t *figure, const char *what)
{
    const json_t *list = json_object_get(figure, "missed");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), what) == 0)
            return true;
    return false;
}

/* Everything a figure consists of is there, and fits together. */
static void check_figures(const json_t *oracle)
{
    static const char *const names[] = {"mean", "p50", "p90", "p99", "p99.9"};
    for (size_t i = 0; i < 5; i++) {
        const json_t *f = figure_of(oracle, names[i]);
        const double error =
            rig_number(f, "measured") - rig_number(f, "oracle_path") - rig_number(f, "floor");
        cr_expect_float_eq(rig_number(f, "error"), error, 1e-9, "%s: %g", names[i], error);
        cr_expect_gt(rig_number(f, "limit"), 0);
        cr_expect_geq(rig_number(f, "planned_path"), 0);
        cr_expect_geq(rig_number(f, "closed_form"), 0);
    }
}

Test(oracles, quick_selftest_is_complete)
{
    struct support_output out;
    selftest(&out, WORDS("selftest", "--quick", "--only", "fixed", "--json", "-"));
    cr_assert(out.exit_status == 0 || out.exit_status == 4, "exit %d: %s", out.exit_status,
              out.err);
    rig_assert_has(out.err, "measuring 1 oracle of ");
    json_t *root = rig_json(out.out);
    cr_expect(json_is_true(rig_at(root, "measured")));
    cr_expect(json_is_false(rig_at(root, "certifies")));
    cr_expect_eq(json_is_true(rig_at(root, "passed")), out.exit_status == 0);
    cr_assert_eq(json_array_size(rig_at(root, "oracles")), 1);
    const json_t *oracle = json_array_get(rig_at(root, "oracles"), 0);
    check_figures(oracle);
    const json_t *run = json_array_get(rig_at(oracle, "runs"), 0);
    cr_expect_eq(rig_number(run, "requests"), 2500, "500 a second for 5 s");
    /* Each answer took 20 ms at the oracle, and no less for the client. */
    const json_t *p50 = figure_of(oracle, "p50");
    cr_expect_float_eq(rig_number(p50, "planned_path"), 20e-3, 1e-9);
    cr_expect_geq(rig_number(p50, "oracle_path"), 20e-3);
    cr_expect_gt(rig_number(p50, "measured"), rig_number(p50, "planned_path"));
    json_decref(root);
    support_output_free(&out);
    rig_assert_nobody_left();
}

/* Over sockets of any native server, the way there included. */
Test(oracles, any_native_server_can_be_one)
{
    static const char *const targets[] = {"rpyc/forking/native", "http-raw/threaded/native"};
    for (size_t i = 0; i < 2; i++) {
        struct support_output out;
        selftest(&out, WORDS("selftest", "--quick", "--only", "fixed", "--target", targets[i]));
        cr_assert(out.exit_status == 0 || out.exit_status == 4, "exit %d: %s", out.exit_status,
                  out.err);
        rig_assert_has(out.out, "fixed: each answer takes 20 ms");
        rig_assert_has(out.out, "instrument error on this machine");
        rig_assert_has(out.out, "not certified");
        support_output_free(&out);
    }
    rig_assert_nobody_left();
}

static json_t *freeze(bool forget, int *status)
{
    struct support_output out;
    if (forget)
        selftest(&out, WORDS("selftest", "--quick", "--only", "freeze", "--json", "-", "--inject",
                             "no-schedule"));
    else
        selftest(&out, WORDS("selftest", "--quick", "--only", "freeze", "--json", "-"));
    *status = out.exit_status;
    cr_assert(out.exit_status == 0 || out.exit_status == 4, "exit %d: %s", out.exit_status,
              out.err);
    json_t *root = rig_json(out.out);
    support_output_free(&out);
    return root;
}

/* 120 of 4000 requests are planned while the server stands still: the 40th of them, which is the
 * p99, waits for another 160 ms. */
Test(oracles, a_forgotten_schedule_is_found_out)
{
    for (int forget = 0; forget < 2; forget++) {
        int status;
        json_t *root = freeze(forget, &status);
        const json_t *oracle = json_array_get(rig_at(root, "oracles"), 0);
        const json_t *p99 = figure_of(oracle, "p99");
        check_figures(oracle);
        cr_expect_float_eq(rig_number(p99, "planned_path"), 0.16, 0.004);
        cr_expect_float_eq(rig_number(p99, "closed_form"), 0.16, 1e-6);
        if (forget) {
            cr_expect_eq(status, 4);
            cr_expect(has_missed(p99, "plan"));
            cr_expect(has_missed(p99, "closed form"));
            cr_expect_str_eq(rig_text(root, "inject"), "no-schedule");
        } else {
            cr_expect_not(has_missed(p99, "plan"));
            cr_expect_gt(rig_number(p99, "measured"), 0.14);
        }
        json_decref(root);
    }
    rig_assert_nobody_left();
}

Test(oracles, a_server_that_cannot_be_one)
{
    struct support_output out;
    char path[600];
    (void)snprintf(path, sizeof(path), "%s-server", rig_bench());
    rig_run_program(&out, WORDS(path, "--protocol", "tcp", "--oracle", "gg1=5"));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "gg1=5");
    rig_assert_has(out.err, "mm1=RATE");
    support_output_free(&out);
    rig_run_program(
        &out, WORDS(path, "--protocol", "tcp", "--oracle", "zero", "--oracle-report-fd", "99"));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "oracle-report-fd");
    support_output_free(&out);
}
