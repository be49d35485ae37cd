/* SPDX-License-Identifier: MIT */
/* Ranks with ties, families of tests, evidence that a file keeps. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "stats/estimate.h"
#include "suite/noise.h"
#include "suite/report.h"
#include "tests/support/files.h"
#include "tests/support/fixture_means.h"

TestSuite(verdicts, .timeout = 60);

static const struct support_means_target targets[] = {
    {"a", "a", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"b", "b", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"c", "c", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"d", "d", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
    {"tcp", "tcp", "", "threaded", "native", "", "", BENCH_ROLE_FLOOR},
};

#define CELL(target, ...)                                                                          \
    {                                                                                              \
        target, "latency", "ping", "clients=1", 1, {__VA_ARGS__}, BENCH_CELL_OK                    \
    }

static struct bench_run *ranked(const struct support_means_cell *cells, size_t n)
{
    struct bench_run *run = support_means_run(targets, BENCH_COUNT_OF(targets), cells, n);
    cr_assert_eq(bench_report_compare(run), 0);
    return run;
}

Test(verdicts, ties_share_a_rank)
{
    static const struct support_means_cell cells[] = {
        CELL(0, 300, 303, 297, 301, 299, 302), /* third: told from both in front of it */
        CELL(1, 100, 104, 98, 101, 99, 102),   CELL(2, 101, 99, 103, 98, 102, 100),
        CELL(3, 305, 300, 298, 304, 297, 301), /* like the third */
        CELL(4, 10, 10, 10, 10, 10, 10),
    };
    static const int ranks[] = {3, 1, 1, 3, 0};
    struct bench_run *run = ranked(cells, BENCH_COUNT_OF(cells));
    for (size_t i = 0; i < BENCH_COUNT_OF(cells); i++)
        cr_expect_eq(run->results[i].rank, ranks[i], "row %zu has %d", i, run->results[i].rank);
    bench_run_free(run);
}

Test(verdicts, no_rank_where_nothing_can_be_told)
{
    static const struct support_means_cell few_lead[] = {CELL(0, 100, 101, 102),
                                                         CELL(1, 200, 201, 202, 199, 198, 200)};
    static const struct support_means_cell few_follow[] = {CELL(0, 100, 101, 102, 99, 98, 100),
                                                           CELL(1, 200, 201, 202)};
    struct bench_run *run = ranked(few_lead, 2);
    cr_expect_eq(run->results[0].rank, 0);
    cr_expect_eq(run->results[1].rank, 0);
    bench_run_free(run);
    run = ranked(few_follow, 2);
    cr_expect_eq(run->results[0].rank, 1);
    cr_expect_eq(run->results[1].rank, 0);
    run->results[0].status = BENCH_CELL_CLIENT_BOUND;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(run->results[0].rank, 0, "may not be compared any more");
    bench_run_free(run);
}

/* The same difference is one, and none on a machine that shows as much of a target against itself.
 */
Test(verdicts, nothing_below_the_noise)
{
    static const struct support_means_cell cells[] = {CELL(0, 100, 101, 102, 99, 98, 100),
                                                      CELL(1, 103, 104, 105, 102, 101, 103)};
    struct bench_run *run = ranked(cells, 2);
    struct bench_noise_pair pairs[BENCH_NOISE_PAIRS];
    struct bench_noise *noise = NULL;
    struct bench_error err = {0};
    char *folder = NULL;
    cr_expect_eq(run->results[1].rank, 2);
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    cr_assert_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    memcpy(run->environment_hash, "0123456789abcdef", sizeof(run->environment_hash));
    for (size_t i = 0; i < BENCH_NOISE_PAIRS; i++)
        pairs[i] = (struct bench_noise_pair){"latency", bench_metric_get(BENCH_METRIC_P50), 1.05};
    cr_assert_eq(bench_noise_keep(run->environment_hash, pairs, BENCH_NOISE_PAIRS, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(bench_noise_read(run->environment_hash, &noise, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_report_judge(run, noise), 0);
    cr_expect_eq(run->results[1].rank, 1);
    cr_assert_eq(bench_report_conclude(run), 0, "finds it by itself");
    cr_expect_eq(run->results[1].rank, 1);
    bench_noise_free(noise);
    support_tempdir_remove(folder);
    bench_run_free(run);
}

static json_t *json_of(const struct bench_run *run)
{
    struct bench_buf buf;
    bench_buf_init(&buf, 1u << 24);
    cr_assert_eq(bench_report_json(run, &buf), 0);
    json_t *json = json_loadb((const char *)bench_buf_head(&buf), bench_buf_length(&buf), 0, NULL);
    cr_assert_not_null(json);
    bench_buf_fini(&buf);
    return json;
}

static struct bench_run *read_back(const json_t *json)
{
    struct bench_run *run = NULL;
    struct bench_error err = {0};
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
    cr_assert_eq(bench_result_parse(text, strlen(text), NULL, 0, &run, &err), 0, "%s", err.msg);
    free(text);
    return run;
}

static bool same(double a, double b) { return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-12; }

Test(verdicts, are_kept_in_the_file)
{
    struct bench_run *run = support_means_verdicts();
    cr_assert_eq(bench_report_compare(run), 0);
    json_t *json = json_of(run);
    struct bench_run *again = read_back(json);
    cr_assert_eq(again->ncomparisons, run->ncomparisons);
    cr_assert_gt(run->ncomparisons, 8);
    for (size_t i = 0; i < run->ncomparisons; i++) {
        const struct bench_comparison *a = &run->comparisons[i], *b = &again->comparisons[i];
        cr_expect_str_eq(a->verdict, b->verdict);
        cr_expect(same(a->low, b->low) && same(a->high, b->high) && same(a->p, b->p));
        cr_expect(same(a->confidence, b->confidence) && same(a->floor, b->floor));
        cr_expect(a->trials == b->trials && a->needs == b->needs);
    }
    for (size_t i = 0; i < run->nresults; i++)
        cr_expect_eq(run->results[i].rank, again->results[i].rank);
    bench_run_free(again);
    json_decref(json);
    bench_run_free(run);
}

Test(verdicts, files_from_before_them)
{
    static const char *const newer[] = {"low",   "high",   "confidence", "p",
                                        "floor", "trials", "needs"};
    struct bench_run *run = support_means_verdicts();
    cr_assert_eq(bench_report_compare(run), 0);
    json_t *json = json_of(run), *one;
    size_t i;
    json_array_foreach(json_object_get(json, "comparisons"), i, one)
    {
        for (size_t k = 0; k < BENCH_COUNT_OF(newer); k++)
            (void)json_object_del(one, newer[k]);
        (void)json_object_set_new(one, "verdict", json_string("no clear difference"));
    }
    json_array_foreach(json_object_get(json, "results"), i, one)
    {
        (void)json_object_del(one, "rank");
        (void)json_object_del(one, "intervals");
    }
    struct bench_run *again = read_back(json);
    struct bench_buf buf;
    bench_buf_init(&buf, 1u << 20);
    cr_expect_eq(bench_report_tables(again, &buf), 0);
    cr_expect_eq(bench_buf_add(&buf, "", 1), 0);
    cr_expect_null(strstr((const char *)bench_buf_head(&buf), "=best"));
    cr_expect_not_null(strstr((const char *)bench_buf_head(&buf), "best"));
    cr_expect(isnan(again->comparisons[0].p));
    cr_expect_eq(again->comparisons[0].trials, 0);
    bench_buf_fini(&buf);
    bench_run_free(again);
    json_decref(json);
    bench_run_free(run);
}

Test(verdicts, intervals_from_six_trials_on)
{
    static const struct support_means_cell cells[] = {CELL(0, 100, 104, 98, 101, 99, 102),
                                                      CELL(1, 100, 104, 98, 101, 99)};
    struct bench_run *run = ranked(cells, 2);
    const struct bench_metric *mean = bench_metric_get(BENCH_METRIC_MEAN);
    struct bench_bounds bounds;
    size_t trials = 0;
    cr_assert_eq(bench_result_interval(&run->results[0], mean, &bounds, &trials), 0);
    cr_expect_eq(trials, 6);
    cr_expect(bounds.low < bounds.estimate && bounds.estimate < bounds.high);
    cr_assert_eq(bench_result_interval(&run->results[1], mean, &bounds, &trials), 0);
    cr_expect_eq(trials, 5);
    cr_expect(isnan(bounds.low) && isnan(bounds.high) && bounds.estimate > 0);
    bench_run_free(run);
}

/* Requests that follow each other are alike: more of them are needed. */
Test(verdicts, samples_that_depend_on_each_other)
{
    static const struct support_means_cell cells[] = {CELL(0, 100, 104, 98, 101, 99, 102)};
    struct bench_run *run = ranked(cells, 1);
    cr_expect_float_eq(bench_result_effective(&run->results[0], 1000), 1000, 1e-9, "unknown");
    for (size_t i = 0; i < run->results[0].ntrials; i++)
        run->results[0].trials[i].validity.independent = i < 3 ? 0.25 : (double)NAN;
    cr_expect_float_eq(bench_result_effective(&run->results[0], 1000), 250, 1e-9);
    bench_run_free(run);
}
