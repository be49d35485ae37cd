/* SPDX-License-Identifier: MIT */
/* Two runs, cell by cell: which cells are the same, what is said of them, and what is refused. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite/contrast.h"
#include "suite/noise.h"
#include "tests/support/files.h"
#include "tests/support/fixture_run.h"

TestSuite(contrast, .timeout = 60);

#define TARGET "rpyc/threaded/python"

static const struct bench_contrast_options plain = {.margin = 0.05};

/* Eight trials about base_us that scatter by `scatter` per mille. */
static void measure(struct bench_run *run, const char *workload, const char *target,
                    int64_t base_us, int64_t scatter)
{
    static const int64_t pattern[] = {3, -2, 1, -3, 2, 0, -1, 2};
    struct bench_result *result = support_fixture_result(run, workload, target);
    cr_assert_not_null(result, "%s, %s", workload, target);
    for (size_t i = 0; i < result->ntrials; i++)
        bench_trial_clear(&result->trials[i]);
    result->ntrials = 0;
    for (int i = 0; i < 8; i++)
        support_fixture_add_trial(result, 200, base_us + base_us * scatter * pattern[i] / 3000,
                                  base_us / 2, 10, 1);
}

static const struct bench_contrast_row *find(const struct bench_contrast *c, const char *workload,
                                             const char *target, enum bench_metric_id metric)
{
    for (size_t i = 0; i < c->nrows; i++)
        if (strcmp(c->rows[i].a->workload, workload) == 0 && c->rows[i].metric->id == metric &&
            strcmp(c->rows[i].a->target->name, target) == 0)
            return &c->rows[i];
    return NULL;
}

static void expect_words(const struct bench_contrast_row *row, const char *wanted)
{
    char words[200];
    cr_assert_not_null(row);
    bench_contrast_words(row, words, sizeof(words));
    cr_expect_eq(strncmp(words, wanted, strlen(wanted)), 0, "\"%s\" instead of \"%s\"", words,
                 wanted);
}

Test(contrast, slower_equivalent_and_cannot_tell)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    measure(before, "latency", TARGET, 20000, 10);
    measure(after, "latency", TARGET, 24000, 10);
    measure(before, "concurrent", TARGET, 20000, 10);
    measure(after, "concurrent", TARGET, 20000, 10);
    measure(before, "cpu", TARGET, 20000, 300);
    measure(after, "cpu", TARGET, 22000, 300);
    cr_assert_eq(bench_contrast_runs(before, after, &plain, &c), 0);
    cr_expect_not(c.paired);
    const struct bench_contrast_row *row = find(&c, "latency", TARGET, BENCH_METRIC_P50);
    expect_words(row, "slower");
    cr_expect(row->effect.ratio.low > 1.15 && row->effect.ratio.high < 1.25);
    expect_words(find(&c, "latency", TARGET, BENCH_METRIC_CPU), "more");
    expect_words(find(&c, "concurrent", TARGET, BENCH_METRIC_P50), "equivalent");
    row = find(&c, "cpu", TARGET, BENCH_METRIC_P50);
    expect_words(row, "cannot tell: needs about ");
    cr_expect_gt(row->needs, 0);
    cr_expect_null(find(&c, "latency", TARGET, BENCH_METRIC_ROUND_TRIPS),
                   "counts that did not change are not worth a line");
    bench_contrast_fini(&c);
    bench_run_free(before);
    bench_run_free(after);
}

Test(contrast, counts_need_no_test)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    struct bench_result *result = support_fixture_result(after, "latency", TARGET);
    for (size_t i = 0; i < result->ntrials; i++)
        result->trials[i].recording->stat.round_trips *= 2;
    result->pooled->stat.round_trips *= 2;
    cr_assert_eq(bench_contrast_runs(before, after, &plain, &c), 0);
    const struct bench_contrast_row *row = find(&c, "latency", TARGET, BENCH_METRIC_ROUND_TRIPS);
    cr_assert_not_null(row);
    cr_expect(row->counted);
    expect_words(row, "more");
    bench_contrast_fini(&c);
    bench_run_free(before);
    bench_run_free(after);
}

Test(contrast, a_cell_that_is_not_trusted_has_no_verdict)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    measure(before, "latency", TARGET, 20000, 10);
    measure(after, "latency", TARGET, 30000, 10);
    support_fixture_result(after, "latency", TARGET)->status = BENCH_CELL_CLIENT_BOUND;
    cr_assert_eq(bench_contrast_runs(before, after, &plain, &c), 0);
    expect_words(find(&c, "latency", TARGET, BENCH_METRIC_P50), "cannot tell: client-bound");
    bench_contrast_fini(&c);
    bench_run_free(before);
    bench_run_free(after);
}

Test(contrast, cells_of_one_side_are_named)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TEN);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    cr_assert_eq(bench_contrast_runs(before, after, &plain, &c), 0);
    cr_expect_gt(c.nunmatched, 0);
    cr_expect_not_null(strstr(c.unmatched[0], "only before"), "%s", c.unmatched[0]);
    bench_contrast_fini(&c);
    bench_run_free(before);
    bench_run_free(after);
}

Test(contrast, two_targets_of_one_run_are_paired)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    cr_assert_eq(run->ntargets, 2);
    const char *a = run->targets[0].name, *b = run->targets[1].name;
    measure(run, "latency", a, 20000, 300);
    measure(run, "latency", b, 22000, 300);
    cr_assert_eq(bench_contrast_within(run, a, b, &plain, &c), 0);
    cr_expect(c.paired);
    const struct bench_contrast_row *row = find(&c, "latency", a, BENCH_METRIC_P50);
    cr_assert_not_null(row);
    cr_expect(row->effect.paired);
    expect_words(row, "slower"); /* apart, the same figures say nothing (see above) */
    bench_contrast_fini(&c);
    bench_run_free(run);
}

Test(contrast, differences_of_machine_and_plan_are_listed)
{
    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    char *text = NULL;
    size_t length;
    cr_expect_eq(bench_run_differences(before, after, NULL), 0);
    for (size_t i = 0; i < after->nenvironment; i++)
        if (strcmp(after->environment[i].name, "load average") == 0)
            support_fixture_set(&after->environment[i].value, "9 9 9");
    for (size_t i = 0; i < after->nplan; i++)
        if (strcmp(after->plan[i].name, "seed") == 0)
            support_fixture_set(&after->plan[i].value, "99");
    cr_expect_eq(bench_run_differences(before, after, NULL), 0, "neither changes the experiment");
    support_fixture_set(&after->environment[4].value, "Linux 7.0");
    for (size_t i = 0; i < after->nplan; i++)
        if (strcmp(after->plan[i].name, "requests") == 0)
            support_fixture_set(&after->plan[i].value, "5");
    FILE *out = open_memstream(&text, &length);
    cr_expect_eq(bench_run_differences(before, after, out), 2);
    (void)fclose(out);
    cr_expect_not_null(strstr(text, "kernel: Linux 6.1 before, Linux 7.0 after"), "%s", text);
    cr_expect_not_null(strstr(text, "requests: 1000 before, 5 after"), "%s", text);
    free(text);
    bench_run_free(before);
    bench_run_free(after);
}

Test(contrast, written_in_all_formats)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    cr_assert_eq(bench_contrast_within(run, run->targets[0].name, run->targets[1].name, &plain, &c),
                 0);
    for (int format = BENCH_CONTRAST_TEXT; format <= BENCH_CONTRAST_JSON; format++) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);
        cr_assert_eq(bench_contrast_write(&c, "one|", "two\x1b[31m",
                                          (enum bench_contrast_format)format, out),
                     0);
        (void)fclose(out);
        cr_expect_null(strchr(text, '\x1b'), "nothing that a terminal obeys");
        if (format == BENCH_CONTRAST_MARKDOWN)
            cr_expect_not_null(strstr(text, "one\\|"));
        if (format == BENCH_CONTRAST_JSON) {
            json_t *json = json_loads(text, 0, NULL);
            cr_assert_not_null(json);
            cr_expect_eq(json_array_size(json_object_get(json, "rows")), c.nrows);
            json_decref(json);
        }
        free(text);
    }
    bench_contrast_fini(&c);
    bench_run_free(run);
}

/* ---- this machine's noise ---- */

Test(contrast, noise_is_kept_by_machine_and_makes_small_differences_none)
{
    char *folder = NULL;
    struct bench_error err = {0};
    struct bench_noise *noise = NULL;
    const struct bench_metric *p50 = bench_metric_get(BENCH_METRIC_P50);
    struct bench_noise_pair pairs[] = {{"latency", p50, 1.3}, {"latency", p50, 1 / 1.3}};
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    cr_assert_eq(bench_noise_read("aaaa", &noise, &err), 0);
    cr_expect(isnan(bench_noise_floor(noise, "latency", p50)));
    bench_noise_free(noise);
    cr_assert_eq(bench_noise_keep("aaaa", pairs, 2, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_noise_read("aaaa", &noise, &err), 0);
    cr_expect(isnan(bench_noise_floor(noise, "latency", p50)), "two pairs are too few");
    bench_noise_free(noise);
    cr_assert_eq(bench_noise_keep("aaaa", pairs, 2, &err), 0);
    cr_assert_eq(bench_noise_read("aaaa", &noise, &err), 0);
    cr_expect(fabs(bench_noise_floor(noise, "latency", p50) - 0.3) < 1e-5);
    cr_expect(isnan(bench_noise_floor(noise, "cpu", p50)));

    struct bench_run *before = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_run *after = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_contrast c;
    const struct bench_contrast_options noisy = {.margin = 0.05, .noise = noise};
    measure(before, "latency", TARGET, 20000, 10);
    measure(after, "latency", TARGET, 24000, 10);
    cr_assert_eq(bench_contrast_runs(before, after, &noisy, &c), 0);
    expect_words(find(&c, "latency", TARGET, BENCH_METRIC_P50), "no difference seen");
    bench_contrast_fini(&c);
    bench_noise_free(noise);
    bench_run_free(before);
    bench_run_free(after);
    cr_assert_eq(bench_noise_read("bbbb", &noise, &err), 0);
    cr_expect(isnan(bench_noise_floor(noise, "latency", p50)), "another machine");
    bench_noise_free(noise);
    support_tempdir_remove(folder);
}

Test(contrast, a_file_of_noise_may_hold_anything)
{
    static const char *const contents[] = {"",
                                           "[]",
                                           "{",
                                           "{\"schema\": 3}",
                                           "{\"schema\": \"rpycbench-noise-1\", \"machines\": 5}",
                                           "{\"schema\": \"other\", \"machines\": {}}"};
    char *folder = NULL, path[600];
    struct bench_error err = {0};
    struct bench_noise *noise = NULL;
    const struct bench_metric *p50 = bench_metric_get(BENCH_METRIC_P50);
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    cr_assert_eq(bench_noise_keep("aaaa", NULL, 0, &err), 0, "%s", err.msg);
    (void)snprintf(path, sizeof(path), "%s/rpycbench/noise.json", folder);
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        cr_assert_eq(support_write_file(path, contents[i], strlen(contents[i])), 0);
        cr_expect_lt(bench_noise_read("aaaa", &noise, &err), 0, "%s", contents[i]);
        cr_expect_not_null(strstr(err.msg, "noise.json"), "%s", err.msg);
    }
    const char odd[] = "{\"schema\": \"rpycbench-noise-1\", \"machines\": {\"aaaa\": {\"latency\": "
                       "{\"p50\": [\"x\", -1, null, 0.1, 0.1]}, \"cpu\": 3}}}";
    cr_assert_eq(support_write_file(path, odd, strlen(odd)), 0);
    cr_assert_eq(bench_noise_read("aaaa", &noise, &err), 0);
    cr_expect(isnan(bench_noise_floor(noise, "latency", p50)), "only two of them are figures");
    cr_expect(isnan(bench_noise_floor(noise, "cpu", p50)));
    bench_noise_free(noise);
    support_tempdir_remove(folder);
}
