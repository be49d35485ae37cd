/* SPDX-License-Identifier: MIT */
/* The selftest's judgement, what it says, and what is remembered of it. Nothing is measured. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/facts.h"
#include "suite/selftest.h"
#include "tests/support/files.h"
#include "tests/support/fixture_run.h"

TestSuite(selftest, .timeout = 60);

static const struct bench_selftest_oracle *oracle(const char *name)
{
    for (size_t i = 0; bench_selftest_oracles[i].name != NULL; i++)
        if (strcmp(bench_selftest_oracles[i].name, name) == 0)
            return &bench_selftest_oracles[i];
    cr_assert_fail("no oracle %s", name);
    return NULL;
}

/* Runs whose paths are the closed form (but for a scatter of 1 %), measured `off` too long, over a
 * floor of 100 to 160 us. */
static void make(struct bench_selftest_result *result, const char *name, double off)
{
    static const struct bench_figures floor = {{1.1e-4, 1e-4, 1.2e-4, 1.6e-4, 3e-4}};
    const struct bench_selftest_oracle *o = oracle(name);
    char text[64];
    *result = (struct bench_selftest_result){
        .oracle = o, .duration_s = o->duration_s, .nruns = (size_t)o->runs};
    (void)snprintf(text, sizeof(text), "%.*s0", (int)strcspn(o->format, "%"), o->format);
    cr_assert_eq(
        bench_oracle_parse(strchr(o->format, '%') != NULL ? text : o->format, &result->spec, NULL),
        0);
    for (size_t r = 0; r < result->nruns; r++) {
        struct bench_selftest_run *run = &result->runs[r];
        *run = (struct bench_selftest_run){
            .measured = true, .trusted = true, .requests = 10000, .floor = floor};
        run->paths.freeze_s = o->kind == BENCH_ORACLE_FREEZE ? 0.24 : NAN;
        for (int f = 0; f < BENCH_FIGURE_COUNT; f++) {
            const double random = o->kind == BENCH_ORACLE_MM1 || o->kind == BENCH_ORACLE_MD1;
            const double scatter = random * 0.01 * (r % 2 == 0 ? 1 : -1);
            const double closed = bench_selftest_closed_form(
                &result->spec, o->rate, run->paths.freeze_s, o->duration_s, (enum bench_figure)f);
            run->paths.own.of[f] = run->paths.planned.of[f] = closed * (1 + scatter);
            run->response.of[f] = run->paths.own.of[f] + off +
                                  floor.of[f == BENCH_FIGURE_MEAN ? f : BENCH_FIGURE_P50];
        }
    }
}

static void make_all(struct bench_selftest *s, double off)
{
    *s = (struct bench_selftest){
        .options = {.seed = 1}, .target = "x/threaded/native", .date = "2026-01-31"};
    for (size_t i = 0; bench_selftest_oracles[i].name != NULL; i++) {
        make(&s->results[s->nresults], bench_selftest_oracles[i].name, off);
        bench_selftest_judge(&s->results[s->nresults++]);
    }
    bench_selftest_conclude(s);
}

/* ---- limits ---- */

Test(selftest, error_is_what_floor_and_path_leave)
{
    struct bench_selftest_result r;
    make(&r, "fixed", 30e-6);
    bench_selftest_judge(&r);
    for (int f = 0; f < BENCH_FIGURE_COUNT; f++) {
        cr_expect_float_eq(r.figures[f].error, 30e-6, 1e-12);
        cr_expect_float_eq(r.figures[f].share, 30e-6 / 20e-3, 1e-12);
        /* 2 % of 20 ms, and 60 us */
        cr_expect_float_eq(r.figures[f].limit, 460e-6, 1e-12);
        cr_expect_eq(r.figures[f].misses, 0);
    }
    cr_expect_float_eq(r.floor_p50, 1e-4, 1e-12);
    cr_expect_float_eq(r.floor_p99, 1.6e-4, 1e-12);
}

Test(selftest, limit_is_a_limit_on_both_sides)
{
    static const struct {
        double off;
        bool missed;
    } rows[] = {{459e-6, false}, {461e-6, true}, {-459e-6, false}, {-461e-6, true}};
    for (size_t i = 0; i < 4; i++) {
        struct bench_selftest_result r;
        make(&r, "fixed", rows[i].off);
        bench_selftest_judge(&r);
        cr_expect_eq((r.figures[BENCH_FIGURE_P50].misses & BENCH_MISS_ERROR) != 0, rows[i].missed,
                     "%g", rows[i].off);
        cr_expect_eq(r.figures[BENCH_FIGURE_P999].misses, 0, "p99.9 is only shown");
    }
}

Test(selftest, one_bad_run_of_five_is_no_verdict)
{
    struct bench_selftest_result r;
    make(&r, "fixed", 0);
    r.runs[2].response.of[BENCH_FIGURE_P99] += 0.1;
    r.runs[4].response.of[BENCH_FIGURE_P99] += 0.1;
    bench_selftest_judge(&r);
    cr_expect_eq(r.figures[BENCH_FIGURE_P99].misses, 0);
    r.runs[0].response.of[BENCH_FIGURE_P99] += 0.1;
    bench_selftest_judge(&r);
    cr_expect_eq(r.figures[BENCH_FIGURE_P99].misses, BENCH_MISS_ERROR | BENCH_MISS_CLOSED);
}

/* A wide path must not allow for itself: the plan is the truth. */
Test(selftest, path_that_left_the_plan_is_missed)
{
    struct bench_selftest_result r;
    make(&r, "mm1@0.8", 0);
    for (size_t i = 0; i < r.nruns; i++)
        for (int f = 0; f < BENCH_FIGURE_COUNT; f++) {
            r.runs[i].response.of[f] -= 0.8 * r.runs[i].paths.own.of[f];
            r.runs[i].paths.own.of[f] *= 0.2;
        }
    bench_selftest_judge(&r);
    cr_expect_eq(r.figures[BENCH_FIGURE_P50].misses, BENCH_MISS_PLAN);
    cr_expect_eq(r.figures[BENCH_FIGURE_P99].misses, BENCH_MISS_PLAN);
}

/* ---- closed forms ---- */

Test(selftest, closed_forms_need_eight_runs_and_a_calm_queue)
{
    static const struct {
        const char *name;
        bool mean, p50, p99;
    } rows[] = {
        {"mm1@0.5", true, true, true},  {"mm1@0.8", false, false, false}, /* five runs */
        {"md1@0.8", true, true, false}, {"fixed", true, true, true},
        {"freeze", true, true, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench_selftest_result r;
        make(&r, rows[i].name, 0);
        bench_selftest_judge(&r);
        cr_expect_eq(r.figures[BENCH_FIGURE_MEAN].closed_judged, rows[i].mean, "%s", rows[i].name);
        cr_expect_eq(r.figures[BENCH_FIGURE_P50].closed_judged, rows[i].p50, "%s", rows[i].name);
        cr_expect_eq(r.figures[BENCH_FIGURE_P99].closed_judged, rows[i].p99, "%s", rows[i].name);
        for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
            cr_expect_eq(r.figures[f].misses, 0, "%s %s", rows[i].name, bench_figure_names[f]);
    }
}

Test(selftest, closed_form_outside_of_the_interval)
{
    struct bench_selftest_result r;
    make(&r, "mm1@0.5", 0);
    for (size_t i = 0; i < r.nruns; i++) { /* all of them agree, and are wrong */
        r.runs[i].paths.own.of[BENCH_FIGURE_P50] *= 1.1;
        r.runs[i].paths.planned.of[BENCH_FIGURE_P50] *= 1.1;
        r.runs[i].response.of[BENCH_FIGURE_P50] +=
            0.1 * r.runs[i].paths.own.of[BENCH_FIGURE_P50] / 1.1;
    }
    bench_selftest_judge(&r);
    cr_expect_eq(r.figures[BENCH_FIGURE_P50].misses, BENCH_MISS_CLOSED);
    /* t(0.995, 7) = 3.4995; the values scatter by 1 % of the mean, half above and half below. */
    const struct bench_selftest_figure *mean = &r.figures[BENCH_FIGURE_MEAN];
    const double half = 3.4994832974 * 4e-3 * 0.01 * sqrt(8.0 / 7) / sqrt(8);
    cr_expect_float_eq(mean->high - mean->low, 2 * half, 1e-10);
    cr_expect_eq(mean->misses, 0);
}

Test(selftest, runs_that_are_missing_or_distrusted)
{
    struct bench_selftest_result r;
    make(&r, "fixed", 0);
    r.runs[1].measured = false;
    r.runs[2].trusted = false;
    bench_selftest_judge(&r);
    cr_expect_eq(r.nmeasured, 4);
    cr_expect_not(r.distrusted);
    r.runs[3].trusted = false;
    bench_selftest_judge(&r);
    cr_expect(r.distrusted);
    for (size_t i = 0; i < r.nruns; i++)
        r.runs[i].measured = false;
    bench_selftest_judge(&r);
    cr_expect_eq(r.nmeasured, 0);
}

/* ---- all of them ---- */

Test(selftest, conclusions)
{
    struct bench_selftest *s = malloc(sizeof(*s));
    cr_assert_not_null(s);
    make_all(s, 10e-6);
    cr_expect(s->measured && s->passed && s->certifies && !s->noisy);
    cr_expect_float_eq(s->summary.p50, 10e-6, 1e-12);
    cr_expect_str_eq(s->summary.date, "2026-01-31");
    s->options.quick = true;
    bench_selftest_conclude(s);
    cr_expect(s->passed && !s->certifies);
    s->options = (struct bench_selftest_options){.no_schedule = true};
    bench_selftest_conclude(s);
    cr_expect(s->passed && !s->certifies);
    s->options.no_schedule = false;
    s->results[2].floor_p99 += 1e-3;
    bench_selftest_conclude(s);
    cr_expect(s->passed && s->noisy && !s->certifies);
    s->results[2].floor_p99 -= 1e-3;
    s->results[1].figures[BENCH_FIGURE_P90].misses = BENCH_MISS_PLAN;
    bench_selftest_conclude(s);
    cr_expect(s->measured && !s->passed && s->certifies && !s->summary.passed);
    s->nresults--;
    bench_selftest_conclude(s);
    cr_expect(!s->certifies, "an oracle is missing");
    s->results[0].nmeasured = 0;
    bench_selftest_conclude(s);
    cr_expect(!s->measured && !s->passed);
    for (size_t r = 0; r < s->results[0].nruns; r++) {
        s->results[0].runs[r].measured = false;
        s->results[0].runs[r].failed = r == 3;
    }
    bench_selftest_judge(&s->results[0]);
    bench_selftest_conclude(s);
    cr_expect(s->measured && !s->passed, "requests failed: that is an answer, too");
    free(s);
}

Test(selftest, estimate)
{
    struct bench_selftest_options all = {.seed = 1}, quick = {.quick = true}, one = {.quick = true};
    one.chosen[0] = true;
    cr_expect_lt(bench_selftest_estimate(&all), 600);
    cr_expect_lt(bench_selftest_estimate(&quick), 60);
    cr_expect_lt(bench_selftest_estimate(&one), bench_selftest_estimate(&quick) / 2);
}

static char *text_of(const struct bench_selftest *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    cr_assert_eq(bench_selftest_write(s, out), 0);
    (void)fclose(out);
    return text;
}

Test(selftest, tables_and_sentences)
{
    struct bench_selftest *s = malloc(sizeof(*s));
    cr_assert_not_null(s);
    make_all(s, 10e-6);
    (void)snprintf(s->results[0].runs[1].reason, 64, "something was odd");
    char *text = text_of(s);
    for (size_t i = 0; bench_selftest_oracles[i].name != NULL; i++)
        cr_expect_not_null(strstr(text, bench_selftest_oracles[i].what), "%s", text);
    static const char *const pieces[] = {"run 2: something was odd",
                                         "p99.9",
                                         "+10.0 µs",
                                         "instrument error on this machine, at most: p50 +10.0 µs",
                                         "within its limits",
                                         "shown, not judged"};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        cr_expect_not_null(strstr(text, pieces[i]), "no '%s' in %s", pieces[i], text);
    cr_expect_null(strstr(text, "MISSED"));
    cr_expect_null(strstr(text, "not certified"));
    free(text);
    s->results[0].figures[BENCH_FIGURE_P99].misses = BENCH_MISS_PLAN | BENCH_MISS_CLOSED;
    s->results[3].nmeasured = 0;
    bench_selftest_conclude(s);
    text = text_of(s);
    cr_expect_not_null(strstr(text, "MISSED: plan, closed form"), "%s", text);
    cr_expect_not_null(strstr(text, "not measured"), "%s", text);
    free(text);
    free(s);
}

Test(selftest, json)
{
    struct bench_selftest *s = malloc(sizeof(*s));
    char *text;
    cr_assert_not_null(s);
    make_all(s, 10e-6);
    s->results[1].runs[0].measured = false;
    cr_assert_eq(bench_selftest_json(s, &text), 0);
    json_t *root = json_loads(text, 0, NULL);
    cr_assert_not_null(root);
    json_t *oracles = json_object_get(root, "oracles");
    cr_expect_eq(json_array_size(oracles), s->nresults);
    json_t *figures = json_object_get(json_array_get(oracles, 1), "figures");
    cr_expect_eq(json_array_size(figures), BENCH_FIGURE_COUNT);
    json_t *p50 = json_array_get(figures, BENCH_FIGURE_P50);
    cr_expect_float_eq(json_real_value(json_object_get(p50, "error")), 10e-6, 1e-10);
    cr_expect(json_is_false(json_object_get(
        json_array_get(json_object_get(json_array_get(oracles, 1), "runs"), 0), "measured")));
    cr_expect(json_is_true(json_object_get(root, "passed")));
    cr_expect(json_is_null(json_object_get(root, "inject")));
    json_decref(root);
    free(text);
    free(s);
}

/* ---- what is remembered ---- */

static char *state;

static void own_state(void)
{
    cr_assert_eq(support_tempdir_make(&state, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", state, 1), 0);
}

static void drop_state(void) { support_tempdir_remove(state); }

static const struct bench_instrument known = {
    .date = "2026-01-31", .passed = true, .p50 = 12e-6, .p99 = -35e-6, .p99_share = -0.004};

Test(selftest, is_remembered, .init = own_state, .fini = drop_state)
{
    struct bench_instrument got;
    struct bench_error err = {.msg = ""};
    char text[256];
    cr_expect_eq(bench_instrument_load(&got, &err), -ENOENT);
    cr_expect_str_eq(bench_instrument_text(text, sizeof(text)),
                     "not certified on this machine (rpycbench selftest)");
    cr_assert_eq(bench_instrument_keep(&known, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_instrument_load(&got, &err), 0, "%s", err.msg);
    cr_expect_str_eq(got.date, known.date);
    cr_expect(got.passed);
    cr_expect_float_eq(got.p50, known.p50, 1e-12);
    cr_expect_float_eq(got.p99, known.p99, 1e-12);
    cr_expect_str_eq(bench_instrument_text(text, sizeof(text)),
                     "selftest of 2026-01-31: p50 +12.0 µs, p99 -35.0 µs (0.4 %)");
    struct bench_instrument worse = known;
    worse.passed = false;
    cr_assert_eq(bench_instrument_keep(&worse, &err), 0, "%s", err.msg);
    cr_expect_eq(strncmp(bench_instrument_text(text, sizeof(text)), "failed the selftest of ", 23),
                 0, "%s", text);
}

static void break_file(const char *content)
{
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/rpycbench/selftest.json", state);
    cr_assert_eq(support_write_file(path, content, strlen(content)), 0);
}

Test(selftest, files_that_are_none, .init = own_state, .fini = drop_state)
{
    struct bench_instrument got;
    struct bench_error err = {.msg = ""};
    char text[512], key[17], entry[256];
    cr_assert_eq(bench_instrument_keep(&known, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_instrument_key(key), 0);
    (void)snprintf(entry, sizeof(entry),
                   "{\"schema\": \"rpycbench-instrument-1\", \"machines\": {\"%s\": {\"date\": "
                   "\"a date that is too long\", \"passed\": true, \"p50\": 1, \"p99\": 1, "
                   "\"p50_share\": 0, \"p99_share\": 0}}}",
                   key);
    const char *const contents[] = {"",
                                    "{",
                                    "[]",
                                    "{\"schema\": \"other\", \"machines\": {}}",
                                    "{\"schema\": \"rpycbench-instrument-1\", \"machines\": 3}",
                                    entry};
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        break_file(contents[i]);
        cr_expect_eq(bench_instrument_load(&got, &err), -EINVAL, "%s", contents[i]);
        cr_expect_not_null(strstr(bench_instrument_text(text, sizeof(text)), "selftest.json"), "%s",
                           text);
    }
}

/* A report says what its run said, whatever this machine knows by now. */
Test(selftest, reports_open_with_it, .init = own_state, .fini = drop_state)
{
    static int (*const render[])(const struct bench_run *,
                                 struct bench_buf *) = {bench_report_tables, bench_report_markdown};
    static const char *const lines[] = {"instrument: selftest of 2026-01-31: p50 +12.0 µs",
                                        "Instrument: selftest of 2026-01-31: p50 "};
    struct bench_error err = {.msg = ""};
    cr_assert_eq(bench_instrument_keep(&known, &err), 0, "%s", err.msg);
    for (int with = 0; with < 2; with++) {
        struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
        struct bench_facts facts = {.rows = run->environment, .n = run->nenvironment};
        char text[256];
        if (with)
            bench_facts_add_varying(&facts, BENCH_INSTRUMENT_FACT, "%s",
                                    bench_instrument_text(text, sizeof(text)));
        run->environment = facts.rows;
        run->nenvironment = facts.n;
        for (size_t i = 0; i < 2; i++) {
            struct bench_buf buf;
            bench_buf_init(&buf, (size_t)1 << 20);
            cr_assert_eq(render[i](run, &buf), 0);
            cr_assert_eq(bench_buf_add(&buf, "", 1), 0);
            const char *found = strstr((const char *)bench_buf_head(&buf), lines[i]);
            cr_expect_eq(found != NULL, with, "%s", (const char *)bench_buf_head(&buf));
            bench_buf_fini(&buf);
        }
        bench_run_free(run);
    }
}
