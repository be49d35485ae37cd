/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report.h"
#include "tests/support/fixture_run.h"

static const struct bench_comparison *find(const struct bench_run *run, const char *workload,
                                           const char *a, const char *b)
{
    for (size_t i = 0; i < run->ncomparisons; i++) {
        const struct bench_comparison *one = &run->comparisons[i];
        if (strcmp(one->workload, workload) == 0 && strcmp(one->a->target->name, a) == 0 &&
            strcmp(one->b->target->name, b) == 0)
            return one;
    }
    return NULL;
}

static bool either(const struct bench_run *run, const char *workload, const char *a, const char *b)
{
    return find(run, workload, a, b) != NULL || find(run, workload, b, a) != NULL;
}

static struct bench_run *compared(enum support_fixture kind)
{
    struct bench_run *run = support_fixture_run(kind);
    cr_assert_eq(bench_report_compare(run), 0);
    return run;
}

/* Another run's worth of trials for a cell. */
static void measure_again(struct bench_result *result, const int64_t *base_us, size_t trials,
                          int64_t server_us, int64_t client_us)
{
    for (size_t i = 0; i < result->ntrials; i++) {
        free(result->trials[i].reason);
        bench_recording_free(result->trials[i].recording);
    }
    result->ntrials = 0;
    for (size_t i = 0; i < trials; i++)
        support_fixture_add_trial(result, 200, base_us[i], server_us, client_us, 8);
}

Test(sentences, protocols_of_the_same_server_and_mode, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TEN);
    const struct bench_comparison *one =
        find(run, "latency", "rpyc/threaded/python", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->sentence, "latency: with libcurl, rpyc/threaded/python answers 2.1x faster "
                                    "than http/threaded/python [2.12x to 2.14x], 0.252 ms against 0.537 ms");
    cr_expect_str_eq(one->verdict, "faster");
    cr_expect_str_eq(one->metric, "response p50");
    cr_expect_float_eq(one->ratio, one->b_value / one->a_value, 0.02);
    cr_expect(one->low < one->ratio && one->ratio < one->high);
    cr_expect_float_eq(one->confidence, 0.95, 1e-12);
    cr_expect_lt(one->p, 1e-6);
    cr_expect_eq(one->trials, 8);
    cr_expect_eq(one->needs, 0);
    cr_expect_not(either(run, "latency", "rpyc/threaded/python", "http/forking/python"));
    cr_expect_not(either(run, "latency", "rpyc/threaded/python", "http/threaded/gunicorn"));
    cr_expect_not(either(run, "latency", "rpyc/threaded/python", "http/threaded/native"));
    bench_run_free(run);
}

Test(sentences, client_bound_where_the_client_is_the_answer, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TEN);
    const struct bench_comparison *one =
        find(run, "latency", "rpyc/threaded/native", "http/threaded/native");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "client-bound");
    cr_expect(isnan(one->ratio));
    cr_expect_str_eq(one->sentence,
                     "latency: with libcurl, rpyc/threaded/native against http/threaded/native is "
                     "client-bound: the client's own CPU is 29 % of the response time of http/threaded/native "
                     "(19.0 µs of 65.1 µs)");
    bench_run_free(run);

    run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_result *blind = support_fixture_result(run, "latency", "http/threaded/python");
    blind->resources.client_cpu_s = NAN;
    cr_assert_eq(bench_report_compare(run), 0);
    one = find(run, "latency", "rpyc/threaded/python", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "no verdict");
    bench_run_free(run);
}

Test(sentences, modes_by_throughput_and_cores, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TEN);
    const struct bench_comparison *one =
        find(run, "cpu", "rpyc/forking/python", "rpyc/threaded/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->sentence,
                     "cpu, 8 clients: rpyc/forking/python does 1.7x the work of "
                     "rpyc/threaded/python [1.69x to 1.73x], which never used more than one core: "
                     "88.0 /s against 51.4 /s, 1.6 cores against 0.94");
    cr_expect_str_eq(one->metric, "throughput");
    one = find(run, "connection", "rpyc/threaded/python", "rpyc/forking/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->metric, "throughput");
    cr_expect_not(either(run, "latency", "rpyc/threaded/python", "rpyc/forking/python"));
    for (size_t i = 0; i < run->ncomparisons; i++)
        cr_expect_null(strstr(run->comparisons[i].sentence, "gunicorn"),
                       "a pool is not compared: %s", run->comparisons[i].sentence);
    bench_run_free(run);
}

Test(sentences, servers_of_the_same_protocol_and_mode, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TEN);
    const struct bench_comparison *one =
        find(run, "latency", "http/threaded/native", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_not_null(strstr(one->sentence, ": what the python server costs"));
    cr_expect(either(run, "concurrent", "http/threaded/native", "http/threaded/python"));
    cr_expect_not(either(run, "cpu", "http/threaded/native", "http/threaded/python"));
    bench_run_free(run);
}

Test(sentences, variants_floors_and_rulers, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_FOURTEEN);
    const char *cached = "rpyc[call=cached]/threaded/python";
    cr_expect_not_null(find(run, "latency", cached, "http/threaded/python"));
    cr_expect_not(either(run, "latency", cached, "rpyc/threaded/python"));
    cr_expect_not_null(find(run, "latency", "rpyc/threaded/python", "http/threaded/python"));
    for (size_t i = 0; i < run->ncomparisons; i++) {
        cr_expect_eq(run->comparisons[i].a->target->role, BENCH_ROLE_NORMAL);
        cr_expect_eq(run->comparisons[i].b->target->role, BENCH_ROLE_NORMAL);
    }
    bench_run_free(run);
}

Test(sentences, the_only_row_of_a_protocol_stands_for_it, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    support_fixture_set(&run->targets[1].options, "keepalive=off");
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect(either(run, "concurrent", run->targets[0].name, run->targets[1].name));
    bench_run_free(run);
}

static const struct bench_comparison *retold(struct bench_run *run, const int64_t *a,
                                             const int64_t *b, size_t trials)
{
    measure_again(&run->results[4], a, trials, 100, 10);
    measure_again(&run->results[5], b, trials, 100, 10);
    cr_assert_eq(bench_report_compare(run), 0);
    const struct bench_comparison *one =
        find(run, "concurrent", "rpyc/threaded/python", "http/threaded/python");
    if (one == NULL)
        one = find(run, "concurrent", "http/threaded/python", "rpyc/threaded/python");
    cr_assert_not_null(one);
    return one;
}

Test(sentences, three_trials_are_a_first_impression, .timeout = 20)
{
    static const int64_t a[] = {1000, 1000, 1000}, b[] = {1020, 1020, 1020}, c[] = {2000, 2000, 2000};
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    const struct bench_comparison *one = retold(run, a, b, 3);
    cr_expect_str_eq(one->verdict, "cannot tell");
    cr_expect_not_null(strstr(one->sentence, "are less than 5 % apart, "), "%s", one->sentence);
    one = retold(run, a, c, 3);
    cr_expect_str_eq(one->verdict, "cannot tell");
    cr_expect_not_null(strstr(one->sentence, "serves 2.0x the requests of"), "%s", one->sentence);
    cr_expect_not_null(strstr(one->sentence, " (first impression: 3 trials, a verdict takes 4)"),
                       "%s", one->sentence);
    cr_expect(isnan(one->p));
    cr_expect_not(isnan(one->low) || isnan(one->high), "an interval exists from two trials on");
    cr_expect_eq(one->trials, 3);
    one = retold(run, a, c, 1);
    cr_expect_not_null(strstr(one->sentence, "first impression: 1 trial,"), "%s", one->sentence);
    cr_expect(isnan(one->low));
    cr_expect_eq(run->results[4].rank, 0);
    bench_run_free(run);
}

Test(sentences, what_the_trials_hide_is_not_told, .timeout = 20)
{
    static const int64_t a[] = {1000, 1600, 1000, 1500, 1100},
                         b[] = {1500, 1300, 1550, 1250, 1600};
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    const struct bench_comparison *one = retold(run, a, b, 5);
    cr_expect_str_eq(one->verdict, "cannot tell");
    cr_expect_gt(one->needs, 0);
    cr_expect_not_null(strstr(one->sentence, "): needs about "), "%s", one->sentence);
    cr_expect_eq(run->results[4].rank, 1);
    cr_expect_eq(run->results[5].rank, 1, "tied");

    /* Without the trials in the way, which are not good ones, blocks are no longer aligned. */
    run->results[4].trials[1].status = run->results[4].trials[3].status = BENCH_CELL_INVALID;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(run->comparisons[2].trials, 3);
    bench_run_free(run);
}

Test(sentences, no_winner_without_an_ok_cell, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TROUBLE);
    for (size_t i = 0; i < run->ncomparisons; i++) {
        const struct bench_comparison *one = &run->comparisons[i];
        bool judged = one->trials > 0;
        bool ok = one->a->status == BENCH_CELL_OK && one->b->status == BENCH_CELL_OK;
        cr_expect(!judged || ok, "%s", one->sentence);
        cr_expect_not_null(one->a->pooled);
        cr_expect_not_null(one->b->pooled);
    }
    const struct bench_comparison *one =
        find(run, "cpu", "rpyc/threaded/python", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "no verdict");
    one = find(run, "concurrent", "rpyc/threaded/native", "http/threaded/native");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "client-bound");
    bench_run_free(run);
}

Test(sentences, comparing_again_replaces, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_TWO);
    size_t count = run->ncomparisons;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(run->ncomparisons, count);
    cr_expect_eq(count, 5);
    bench_run_free(run);
}

/* Own loop with own loop, program with program; a library is named. */
Test(sentences, who_makes_the_calls, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_CLIENTS);
    const struct bench_comparison *one =
        find(run, "latency", "rpyc/threaded/python", "http-raw/threaded/python");
    cr_assert_not_null(one);
    cr_expect_not_null(strstr(one->sentence, "latency: as protocols, rpyc/"), "%s", one->sentence);
    one = find(run, "latency", "rpyc/threaded/python", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_not_null(strstr(one->sentence, "latency: with libcurl, rpyc/"), "%s", one->sentence);
    one = find(run, "latency", "rpyc/threaded/python/python", "http/threaded/python/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "faster", "20 %% of client do not matter there");
    cr_expect_not_null(
        strstr(one->sentence, "for a Python application (rpyc against requests), rpyc/"), "%s",
        one->sentence);
    cr_expect_not_null(strstr(one->sentence, "(the client's own work: 43 % and 60 % of the time)"),
                       "%s", one->sentence);
    one = find(run, "latency", "http-raw/threaded/python", "http/threaded/python");
    cr_assert_not_null(one);
    cr_expect_not_null(strstr(one->sentence, ": what the client library costs (libcurl)"), "%s",
                       one->sentence);
    cr_expect_not(either(run, "latency", "rpyc/threaded/python", "http/threaded/python/python"));
    cr_expect_not(
        either(run, "latency", "rpyc/threaded/python/python", "http-raw/threaded/python"));
    cr_expect_not(either(run, "latency", "http/threaded/python", "http/threaded/python/python"));
    bench_run_free(run);
}

Test(sentences, a_program_at_its_limit_is_still_what_its_user_gets, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_CLIENTS);
    struct bench_result *slow =
        support_fixture_result(run, "concurrent", "http/threaded/python/python");
    slow->status = BENCH_CELL_CLIENT_BOUND;
    support_fixture_set(&slow->reason, "busy");
    cr_assert_eq(bench_report_compare(run), 0);
    const struct bench_comparison *one =
        find(run, "concurrent", "rpyc/threaded/python/python", "http/threaded/python/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "faster");

    slow->status = BENCH_CELL_INVALID;
    cr_assert_eq(bench_report_compare(run), 0);
    one = find(run, "concurrent", "rpyc/threaded/python/python", "http/threaded/python/python");
    cr_assert_not_null(one);
    cr_expect_str_eq(one->verdict, "no verdict");
    bench_run_free(run);
}

/* Files from before there were families: the protocol's name is the family. */
Test(sentences, without_families, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    for (size_t i = 0; i < run->ntargets; i++) {
        support_fixture_set(&run->targets[i].family, "");
        free(run->targets[i].library);
        run->targets[i].library = NULL;
    }
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(run->ncomparisons, 5);
    bench_run_free(run);
}

/* All do what they were asked for: compared by time; of a ladder the ends. */
Test(sentences, of_an_open_loop, .timeout = 20)
{
    struct bench_run *run = compared(SUPPORT_FIXTURE_LOADS);
    size_t seen = 0;
    for (size_t i = 0; i < run->ncomparisons; i++) {
        const struct bench_comparison *one = &run->comparisons[i];
        if (!bench_result_is_open(one->a))
            continue;
        seen++;
        cr_expect_str_eq(one->metric, "response p50");
        cr_expect_null(strstr(one->sentence, "2000/s:"), "%s", one->sentence);
        cr_expect(strstr(one->sentence, "500/s:") != NULL ||
                      strstr(one->sentence, "concurrent, 8 clients, 1000/s:") != NULL ||
                      strstr(one->sentence, "concurrent, 8 clients, 4000/s:") != NULL,
                  "%s", one->sentence);
    }
    cr_expect_gt(seen, 10);
    bench_run_free(run);
}
