/* SPDX-License-Identifier: MIT */
/* Limits and baselines on invented runs: each outcome, and what is told of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/gate.h"
#include "suite/workloads.h"
#include "tests/support/fixture_run.h"
#include "tests/support/xml.h"

TestSuite(gate, .timeout = 60);

#define TARGET "rpyc/threaded/python"

static struct bench_gate gate;
static struct bench_error err;
static const struct bench_gate_filter all = {.ntargets = 0};

static struct bench_gate empty_gate(void)
{
    return (struct bench_gate){.tolerance = NAN, .inconclusive_is = BENCH_GATE_INCONCLUSIVE};
}

/* Eight trials about base_us that scatter by `scatter` per mille. */
static struct bench_result *measure(struct bench_run *run, const char *workload, int64_t base_us,
                                    int64_t scatter)
{
    static const int64_t pattern[] = {3, -2, 1, -3, 2, 0, -1, 2};
    struct bench_result *result = support_fixture_result(run, workload, TARGET);
    cr_assert_not_null(result, "%s", workload);
    for (size_t i = 0; i < result->ntrials; i++)
        bench_trial_clear(&result->trials[i]);
    result->ntrials = 0;
    for (int i = 0; i < 8; i++)
        support_fixture_add_trial(result, 200, base_us + base_us * scatter * pattern[i] / 3000,
                                  base_us / 2, 10, 1);
    return result;
}

/* ---- limits as written ---- */

Test(gate, limits_as_written)
{
    static const struct {
        const char *text;
        bool is_least;
        enum bench_metric_id metric;
        double value;
        const char *target, *workload;
    } rows[] = {
        {"p99=100ms", false, BENCH_METRIC_P99, 0.1, "", ""},
        {"cpu-per-request=40us", false, BENCH_METRIC_CPU, 40e-6, "", ""},
        {"success=99.9%", true, BENCH_METRIC_SUCCESS, 0.999, "", ""},
        {"latency:round-trips=2", false, BENCH_METRIC_ROUND_TRIPS, 2, "", "latency"},
        {"rpyc[call=cached]/threaded/native:latency:p50=1ms", false, BENCH_METRIC_P50, 1e-3,
         "rpyc[call=cached]/threaded/native", "latency"},
        {"http://127.0.0.1:8000/:*:bytes=1KiB", false, BENCH_METRIC_BYTES, 1024,
         "http://127.0.0.1:8000/", ""},
        {"*:cpu:throughput=100/s", true, BENCH_METRIC_THROUGHPUT, 100, "", "cpu"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_gate_limit limit;
        cr_assert_eq(bench_gate_limit_parse(rows[i].text, rows[i].is_least, &limit, &err), 0, "%s",
                     err.msg);
        cr_expect_eq(limit.metric->id, rows[i].metric, "%s", rows[i].text);
        cr_expect(fabs(limit.value - rows[i].value) < 1e-12, "%s", rows[i].text);
        cr_expect_str_eq(limit.target, rows[i].target);
        cr_expect_str_eq(limit.workload, rows[i].workload);
    }
}

Test(gate, limits_that_are_refused)
{
    static const struct {
        const char *text;
        bool is_least;
        const char *wanted;
    } rows[] = {
        {"", false, "METRIC=VALUE"},
        {"p99", false, "METRIC=VALUE"},
        {"p98=1ms", false, "'p98' is not one of p50"},
        {"p99=1", false, "1"},
        {"success=101%", true, "more than all"},
        {"success=99%", false, "write --min success=99%"},
        {"p50=1ms", true, "write --max p50=1ms"},
        {"sleep:p50=1ms", false, "no workload 'sleep'"},
        {":latency:p50=1ms", false, "not the name of a target"},
        {"=1ms", false, "is not one of"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_gate_limit limit;
        cr_expect_eq(bench_gate_limit_parse(rows[i].text, rows[i].is_least, &limit, &err), -EINVAL,
                     "'%s'", rows[i].text);
        cr_expect_not_null(strstr(err.msg, rows[i].wanted), "'%s': %s", rows[i].text, err.msg);
    }
}

/* ---- limits held against cells ---- */

static int hold(const struct bench_run *run, const char *text, bool is_least)
{
    struct bench_gate_limit limit;
    gate = empty_gate();
    cr_assert_eq(bench_gate_limit_parse(text, is_least, &limit, &err), 0, "%s", err.msg);
    return bench_gate_limits(&gate, run, &all, &limit, 1, &err);
}

static void expect(const struct bench_run *run, const char *text, bool is_least,
                   enum bench_gate_outcome outcome, int status, const char *words)
{
    cr_assert_eq(hold(run, text, is_least), 0, "%s", err.msg);
    cr_expect_eq(bench_gate_outcome(&gate), outcome, "%s: %s", text,
                 bench_gate_key(bench_gate_outcome(&gate)));
    cr_expect_eq(bench_gate_exit_status(&gate), status);
    bool said = false;
    for (size_t i = 0; i < gate.nchecks; i++)
        said |= strstr(gate.checks[i].words, words) != NULL;
    cr_expect(said, "%s: '%s' is not in '%s'", text, words, gate.checks[0].words);
    bench_gate_fini(&gate);
}

Test(gate, a_limit_has_each_outcome)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    measure(run, "latency", 20000, 30);
    expect(run, TARGET ":latency:p50=30ms", false, BENCH_GATE_OK, 0, "over 8 trials");
    expect(run, TARGET ":latency:p50=10ms", false, BENCH_GATE_REGRESSED, 1, "all of it more than");
    expect(run, TARGET ":latency:success=99%", true, BENCH_GATE_OK, 0, "counted");
    expect(run, TARGET ":latency:throughput=1000000", true, BENCH_GATE_REGRESSED, 1, "less than");
    expect(run, TARGET ":latency:p99.9=10s", false, BENCH_GATE_INCONCLUSIVE, 5,
           "do not carry p99.9: it takes 3688");
    struct bench_result *result = measure(run, "latency", 20000, 300);
    char text[120];
    (void)snprintf(text, sizeof(text), TARGET ":latency:p50=%.0fus",
                   1e6 * bench_metric_of_result(bench_metric_get(BENCH_METRIC_P50), result));
    expect(run, text, false, BENCH_GATE_INCONCLUSIVE, 5, "more trial");
    result->status = BENCH_CELL_INVALID;
    support_fixture_set(&result->reason, "the client was asleep");
    expect(run, TARGET ":latency:p50=30s", false, BENCH_GATE_INVALID, 4, "the client was asleep");
    expect(run, TARGET ":latency:p50=1us", false, BENCH_GATE_INVALID, 4, "not to be trusted");
    result->status = BENCH_CELL_FAILED;
    support_fixture_set(&result->reason, "could not be started: no");
    expect(run, TARGET ":latency:p50=30s", false, BENCH_GATE_ERROR, 3, "could not be started");
    bench_run_free(run);
}

Test(gate, what_the_client_bounds_is_at_least_so_good)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_result *result = measure(run, "latency", 20000, 30);
    result->status = BENCH_CELL_CLIENT_BOUND;
    support_fixture_set(&result->reason, "busy");
    expect(run, TARGET ":latency:p50=30ms", false, BENCH_GATE_OK, 0, "at least this good");
    expect(run, TARGET ":latency:p50=10ms", false, BENCH_GATE_INVALID, 4, "cannot be said");
    expect(run, TARGET ":latency:success=99%", true, BENCH_GATE_OK, 0, "counted");
    bench_run_free(run);
}

Test(gate, a_limit_that_fits_nothing_is_refused)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    cr_expect_eq(hold(run, "nobody/threaded/native:latency:p50=1s", false), -EINVAL);
    cr_expect_not_null(strstr(err.msg, "could never fail"), "%s", err.msg);
    bench_gate_fini(&gate);
    cr_expect_eq(hold(run, "latency:bandwidth=1KiB", true), -EINVAL, "latency moves no bulk");
    bench_gate_fini(&gate);
    cr_expect_eq(hold(run, "transfer:p50=1s", false), -EINVAL);
    bench_gate_fini(&gate);
    bench_run_free(run);
}

Test(gate, one_trial_has_no_interval)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
    cr_assert_eq(hold(run, "latency:p50=10s", false), 0, "%s", err.msg);
    cr_assert_eq(gate.nchecks, 1);
    cr_expect_eq(gate.checks[0].outcome, BENCH_GATE_INCONCLUSIVE);
    cr_expect_gt(gate.checks[0].needs, 0);
    bench_gate_fini(&gate);
    bench_run_free(run);
}

Test(gate, floors_and_rulers_are_judged_only_by_name)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_FOURTEEN);
    const char *floor = NULL;
    for (size_t i = 0; i < run->ntargets; i++)
        if (run->targets[i].role != BENCH_ROLE_NORMAL)
            floor = run->targets[i].name;
    cr_assert_not_null(floor);
    cr_assert_eq(hold(run, "latency:p50=10s", false), 0);
    for (size_t i = 0; i < gate.nchecks; i++)
        cr_expect_str_neq(gate.checks[i].target, floor);
    bench_gate_fini(&gate);
    char text[300];
    (void)snprintf(text, sizeof(text), "%s:latency:p50=10s", floor);
    cr_assert_eq(hold(run, text, false), 0, "%s", err.msg);
    cr_expect_eq(gate.nchecks, 1);
    bench_gate_fini(&gate);
    bench_run_free(run);
}

Test(gate, nothing_checked_is_an_error)
{
    gate = empty_gate();
    cr_expect_eq(bench_gate_outcome(&gate), BENCH_GATE_ERROR);
    cr_expect_eq(bench_gate_exit_status(&gate), 3);
}

/* ---- baselines ---- */

static const struct bench_gate_rules usual = {.tolerance = 0.05};
static const struct bench_gate_filter latency_of_target = {
    (const char *const[]){TARGET}, 1,
    (const bool[BENCH_WORKLOAD_COUNT]){[BENCH_WORKLOAD_LATENCY] = true}};

static const struct bench_gate_check *check_of(enum bench_metric_id metric)
{
    for (size_t i = 0; i < gate.nchecks; i++)
        if (gate.checks[i].metric != NULL && gate.checks[i].metric->id == metric)
            return &gate.checks[i];
    return NULL;
}

/* p50 of `latency` now against before. */
static enum bench_gate_outcome against(int64_t before_us, int64_t now_us, int64_t scatter)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *now = support_fixture_run(SUPPORT_FIXTURE_TWO);
    measure(before, "latency", before_us, scatter);
    measure(now, "latency", now_us, scatter);
    gate = empty_gate();
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &latency_of_target, &usual), 0);
    const struct bench_gate_check *check = check_of(BENCH_METRIC_P50);
    cr_assert_not_null(check);
    cr_expect_str_eq(check->target, TARGET);
    const enum bench_gate_outcome outcome = check->outcome;
    bench_run_free(before);
    bench_run_free(now);
    return outcome;
}

Test(gate, a_baseline_has_each_outcome)
{
    cr_expect_eq(against(20000, 24000, 10), BENCH_GATE_REGRESSED);
    cr_expect_not_null(strstr(check_of(BENCH_METRIC_P50)->words, "worse by 20"), "%s",
                       check_of(BENCH_METRIC_P50)->words);
    cr_expect_eq(bench_gate_exit_status(&gate), 1);
    bench_gate_fini(&gate);
    cr_expect_eq(against(20000, 20200, 10), BENCH_GATE_OK);
    bench_gate_fini(&gate);
    cr_expect_eq(against(20000, 16000, 10), BENCH_GATE_OK);
    cr_expect(check_of(BENCH_METRIC_P50)->improved);
    bench_gate_fini(&gate);
    cr_expect_eq(against(20000, 21000, 300), BENCH_GATE_INCONCLUSIVE);
    cr_expect_gt(check_of(BENCH_METRIC_P50)->needs, 0);
    gate.inconclusive_is = BENCH_GATE_OK;
    cr_expect_eq(bench_gate_exit_status(&gate), 0);
    gate.inconclusive_is = BENCH_GATE_REGRESSED;
    cr_expect_eq(bench_gate_exit_status(&gate), 1);
    bench_gate_fini(&gate);
}

Test(gate, what_scatters_least_comes_first)
{
    (void)against(20000, 20000, 10);
    for (size_t i = 1; i < gate.nchecks; i++)
        cr_expect_leq(gate.checks[i - 1].metric->order, gate.checks[i].metric->order);
    cr_expect_eq(gate.checks[0].metric->id, BENCH_METRIC_CPU);
    cr_expect_gt(gate.checks[gate.nchecks - 1].metric->order, 0);
    bench_gate_fini(&gate);
}

Test(gate, another_experiment_is_invalid_unless_forced)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *now = support_fixture_run(SUPPORT_FIXTURE_TWO);
    support_fixture_set(&now->environment[4].value, "Linux 7.0");
    gate = empty_gate();
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &all, &usual), 0);
    cr_expect_eq(bench_gate_exit_status(&gate), 4);
    cr_assert_not_null(gate.differences);
    cr_expect_not_null(strstr(gate.differences, "Linux 7.0"));
    bench_gate_fini(&gate);
    gate = empty_gate();
    const struct bench_gate_rules forced = {.tolerance = 0.05, .forced = true};
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &all, &forced), 0);
    cr_expect_gt(gate.nchecks, 5);
    for (size_t i = 0; i < gate.nchecks; i++)
        cr_expect_neq(gate.checks[i].outcome, BENCH_GATE_INVALID);
    cr_expect_not_null(gate.differences, "they are told all the same");
    bench_gate_fini(&gate);
    bench_run_free(before);
    bench_run_free(now);
}

Test(gate, counts_and_cells_that_are_gone)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *now = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_result *more = support_fixture_result(now, "latency", TARGET);
    for (size_t i = 0; i < more->ntrials; i++)
        more->trials[i].recording->stat.round_trips *= 2;
    more->pooled->stat.round_trips *= 2;
    struct bench_result *gone = support_fixture_result(now, "cpu", TARGET);
    gone->status = BENCH_CELL_FAILED;
    support_fixture_set(&gone->reason, "could not be started");
    gate = empty_gate();
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &all, &usual), 0);
    size_t worse = 0, errors = 0;
    for (size_t i = 0; i < gate.nchecks; i++) {
        const struct bench_gate_check *check = &gate.checks[i];
        worse += check->outcome == BENCH_GATE_REGRESSED;
        errors += check->outcome == BENCH_GATE_ERROR;
        if (check->outcome == BENCH_GATE_REGRESSED)
            cr_expect_eq(check->metric->id, BENCH_METRIC_ROUND_TRIPS);
        if (check->outcome == BENCH_GATE_ERROR)
            cr_expect_not_null(strstr(check->words, "not measured now"), "%s", check->words);
    }
    cr_expect_eq(worse, 1);
    cr_expect_eq(errors, 1);
    cr_expect_eq(bench_gate_exit_status(&gate), 3, "what was not measured wins over what is worse");
    bench_gate_fini(&gate);
    bench_run_free(before);
    bench_run_free(now);
}

Test(gate, requests_that_fail_are_never_tolerated)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *now = support_fixture_run(SUPPORT_FIXTURE_TWO);
    support_fixture_result(now, "latency", TARGET)->pooled->succeeded -= 1;
    gate = empty_gate();
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &latency_of_target, &usual), 0);
    cr_assert_not_null(check_of(BENCH_METRIC_SUCCESS));
    cr_expect_eq(check_of(BENCH_METRIC_SUCCESS)->outcome, BENCH_GATE_REGRESSED, "%s",
                 check_of(BENCH_METRIC_SUCCESS)->words);
    bench_gate_fini(&gate);
    bench_run_free(before);
    bench_run_free(now);
}

/* ---- a second batch ---- */

static enum bench_gate_outcome second(int64_t again_us)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *now = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *again = again_us > 0 ? support_fixture_run(SUPPORT_FIXTURE_TWO)
                                           : support_fixture_run(SUPPORT_FIXTURE_EMPTY);
    measure(before, "latency", 20000, 10);
    measure(now, "latency", 24000, 10);
    if (again_us > 0)
        measure(again, "latency", again_us, 10);
    const struct bench_gate_rules p50 = {.tolerance = 0.05, .metrics = 1u << BENCH_METRIC_P50};
    gate = empty_gate();
    cr_assert_eq(bench_gate_baseline(&gate, before, now, &latency_of_target, &p50), 0);
    cr_assert_eq(gate.nchecks, 1);
    cr_assert_eq(gate.checks[0].outcome, BENCH_GATE_REGRESSED);
    cr_assert_eq(bench_gate_repeat(&gate, before, again, &p50), 0);
    cr_expect(gate.again);
    const enum bench_gate_outcome outcome = bench_gate_outcome(&gate);
    bench_gate_fini(&gate);
    bench_run_free(before);
    bench_run_free(now);
    bench_run_free(again);
    return outcome;
}

Test(gate, what_does_not_recur_did_not_regress)
{
    cr_expect_eq(second(24000), BENCH_GATE_REGRESSED);
    cr_expect_eq(second(20000), BENCH_GATE_OK);
    cr_expect_eq(second(0), BENCH_GATE_ERROR, "no second batch is no verdict");
}

/* ---- renderings ---- */

static char *render(int (*write)(const struct bench_gate *, FILE *))
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    cr_assert_eq(write(&gate, out), 0);
    (void)fclose(out);
    return text;
}

/* One check of each outcome, with names that mean harm. */
static void fill_hostile(bool raw)
{
    static const char given[] = "<a href=\"x\">&'|`\x1b[31m\xff\xef\xbf\xbe]]>\n# head";
    char evil[100];
    if (raw)
        (void)snprintf(evil, sizeof(evil), "%s", given);
    else
        (void)bench_text_clean(given, evil, sizeof(evil));
    gate = empty_gate();
    for (int i = 0; i < BENCH_GATE_OUTCOME_COUNT; i++) {
        cr_assert_eq(bench_gate_add_note(&gate, (enum bench_gate_outcome)i, evil), 0);
        struct bench_gate_check *check = &gate.checks[gate.nchecks - 1];
        (void)snprintf(check->target, sizeof(check->target), "%s", evil);
        (void)snprintf(check->cell, sizeof(check->cell), "%s", evil);
    }
    (void)snprintf(gate.command, sizeof(gate.command), "rpycbench gate '%s'", evil);
    gate.differences =
        strdup("  machine, kernel: <1> before, & after\n  plan, x: 1 before, 2 after\n");
}

Test(gate, junit_is_well_formed_whatever_the_names_are)
{
    fill_hostile(true);
    char *text = render(bench_gate_write_junit);
    cr_expect_null(support_xml_fault(text), "%s in\n%s", support_xml_fault(text), text);
    cr_expect_eq(support_xml_count(text, "testcase"), 5);
    cr_expect_eq(support_xml_count(text, "failure"), 1);
    cr_expect_eq(support_xml_count(text, "error"), 2);
    cr_expect_eq(support_xml_count(text, "skipped"), 1);
    cr_expect_not_null(strstr(text, "tests=\"5\" failures=\"1\" errors=\"2\" skipped=\"1\""), "%s",
                       text);
    free(text);
    gate.inconclusive_is = BENCH_GATE_REGRESSED;
    text = render(bench_gate_write_junit);
    cr_expect_eq(support_xml_count(text, "failure"), 2);
    free(text);
    bench_gate_fini(&gate);
}

Test(gate, text_markdown_and_json)
{
    fill_hostile(false);
    char *text = render(bench_gate_write_text);
    cr_expect_eq(strncmp(text, "rpycbench gate: ERROR (1 error, 1 invalid, 1 regressed", 54), 0,
                 "%s", text);
    cr_expect_not_null(strstr(text, "exit status: 3"));
    cr_expect_not_null(strstr(text, "again:"));
    free(text);
    text = render(bench_gate_write_markdown);
    cr_expect_null(strstr(text, "| <a href"), "%s", text);
    cr_expect_not_null(strstr(text, "## rpycbench gate: error"));
    free(text);
    gate.status = 130;
    text = render(bench_gate_write_json);
    json_t *json = json_loads(text, 0, NULL);
    cr_assert_not_null(json, "%s", text);
    cr_expect_eq(json_array_size(json_object_get(json, "checks")), 5);
    cr_expect_eq(json_array_size(json_object_get(json, "differences")), 2);
    cr_expect_eq(json_integer_value(json_object_get(json, "exit_status")), 130);
    json_decref(json);
    free(text);
    bench_gate_fini(&gate);
}
