/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "suite/report.h"
#include "tests/support/fixture_run.h"

Test(result, statuses_have_names, .timeout = 10)
{
    cr_assert_str_eq(bench_cell_status_name(BENCH_CELL_OK), "ok");
    cr_assert_str_eq(bench_cell_status_name(BENCH_CELL_CLIENT_BOUND), "client-bound");
    cr_assert_str_eq(bench_cell_status_name(BENCH_CELL_INVALID), "invalid");
    cr_assert_str_eq(bench_cell_status_name(BENCH_CELL_FAILED), "failed");
    cr_assert_str_eq(bench_cell_status_name(BENCH_CELL_UNAVAILABLE), "n/a");
}

Test(result, a_percentile_needs_enough_samples, .timeout = 10)
{
    cr_expect_eq(bench_percentile_needs(0.5), 6);
    cr_expect_eq(bench_percentile_needs(0.9), 36);
    cr_expect_eq(bench_percentile_needs(0.99), 368);
    cr_expect_eq(bench_percentile_needs(0.999), 3688);
    cr_expect_eq(bench_percentile_needs(0.9999), 36887);
    cr_expect_not(bench_percentile_is_resolved(0.99, 367));
    cr_expect(bench_percentile_is_resolved(0.99, 368));
    cr_expect(bench_percentile_is_resolved(0, 1));
    cr_expect_not(bench_percentile_is_resolved(1, 1000000));
}

Test(result, interval_of_a_mean, .timeout = 10)
{
    /* By hand: mean 101.54, standard deviation 2.408, t(0.975; 9) = 2.262157. */
    static const double values[] = {101.2, 99.8,  103.5, 98.7,  104.1,
                                    100.9, 102.2, 97.9,  105.6, 101.5};
    double low, high;
    cr_assert(bench_mean_interval(values, 10, &low, &high));
    cr_expect_float_eq(low, 99.8174565, 1e-6);
    cr_expect_float_eq(high, 103.2625435, 1e-6);
    cr_assert_not(bench_mean_interval(values, 5, &low, &high));
    cr_expect(isnan(low) && isnan(high));
}

Test(result, ratios_and_numbers_as_text, .timeout = 10)
{
    static const struct {
        double ratio;
        const char *text;
    } ratios[] = {{1, "1.00x"},   {1.049, "1.05x"}, {1.094, "1.09x"},   {1.096, "1.1x"},
                  {2.14, "2.1x"}, {9.96, "10x"},    {12.4, "12x"},      {99.6, "100x"},
                  {213, "210x"},  {0.83, "0.83x"},  {0.0219, "0.022x"}, {0.998, "1.0x"}};
    for (size_t i = 0; i < BENCH_COUNT_OF(ratios); i++)
        cr_expect_str_eq(bench_format_ratio(ratios[i].ratio).s, ratios[i].text, "case %zu", i);
    cr_expect_str_eq(bench_format_number(0.98234, 2).s, "0.98");
    cr_expect_str_eq(bench_format_number(18234, 3).s, "18200");
    cr_expect_str_eq(bench_format_number(5, 3).s, "5.00");
    cr_expect_str_eq(bench_format_number(0, 3).s, "0.00");
    cr_expect_str_eq(bench_format_number(NAN, 3).s, "?");
}

Test(result, figures, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_result *result = support_fixture_result(run, "concurrent", "http/threaded/python");
    const struct bench_recording *pooled = result->pooled;
    cr_assert_eq(pooled->succeeded, 390);
    cr_expect_float_eq(bench_result_throughput(result), 390 / result->resources.wall_s, 1e-9);
    cr_expect_float_eq(bench_result_server_cpu(result), 470e-6, 1e-12);
    cr_expect_float_eq(bench_result_client_cpu(result), 24e-6, 1e-12);
    cr_expect_float_eq(bench_result_server_cores(result), 390 * 470e-6 / result->resources.wall_s,
                       1e-9);
    cr_expect_float_eq(bench_result_success(result), 1, 0);
    cr_expect_float_eq(bench_result_round_trips(result), 1, 0);
    cr_expect_float_eq(bench_result_frames(result), 2, 0);
    cr_expect_float_eq(bench_result_tcp_bytes(result), 318, 0);

    struct bench_statistic statistic;
    bench_result_statistic(result, BENCH_SERIES_RESPONSE, &statistic);
    cr_expect_float_eq(bench_result_time(result), statistic.median, 0);
    result = support_fixture_result(run, "connection", "http/threaded/python");
    bench_result_statistic(result, BENCH_SERIES_FIRST_ANSWER, &statistic);
    cr_expect_float_eq(bench_result_time(result), statistic.median, 0,
                       "a connection is ranked by its first answer");
    bench_run_free(run);
}

Test(result, what_is_not_known_is_nan, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TROUBLE);
    struct bench_result *result = support_fixture_result(run, "latency", "http/forking/gunicorn");
    cr_assert_null(result->pooled);
    cr_expect(isnan(bench_result_throughput(result)));
    cr_expect(isnan(bench_result_server_cpu(result)));
    cr_expect(isnan(bench_result_client_cpu(result)));
    cr_expect(isnan(bench_result_success(result)));
    cr_expect(isnan(bench_result_time(result)));
    cr_expect(isnan(bench_result_round_trips(result)));
    cr_expect(isnan(bench_result_frames(result)));
    cr_expect(isnan(bench_result_tcp_bytes(result)));
    cr_expect(isnan(bench_result_server_cores(result)));
    cr_expect_not(bench_result_is_shown(result));

    result = support_fixture_result(run, "concurrent", "http/threaded/python");
    cr_expect_float_eq(bench_result_success(result), 480.0 / 484, 1e-12);
    cr_expect_eq(bench_recording_failed(result->pooled), 4);
    bench_run_free(run);
    bench_run_free(NULL);
}

Test(result, range_is_of_good_trials_only, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TROUBLE);
    struct bench_result *result = support_fixture_result(run, "concurrent", "http/threaded/python");
    cr_assert_eq(result->ntrials, 8);
    result->trials[0].resources.wall_s = 0; /* no rate */
    double sum = 0;
    for (size_t i = 0; i < 8; i++)
        sum += bench_trial_is_good(&result->trials[i]);
    cr_expect_float_eq(sum, 7, 0);
    cr_expect(isnan(bench_trial_throughput(&result->trials[0])));
    bench_run_free(run);
}

Test(result, groups_are_what_was_measured_alike, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_report_group *groups;
    size_t count;
    cr_assert_eq(bench_report_groups_new(run, &groups, &count), 0);
    cr_assert_eq(count, 5);
    cr_expect_eq(groups[1].nrows, 2);
    cr_expect_str_eq(groups[1].rows[0]->workload, "latency");
    cr_expect_eq(groups[1].same_workload, 1);
    bench_report_groups_free(groups, count);

    /* The same workload with another number of clients is another table. */
    struct bench_result *result = support_fixture_result(run, "latency", "http/threaded/python");
    support_fixture_set(&result->parameters[0].value, "2");
    cr_assert_eq(bench_report_groups_new(run, &groups, &count), 0);
    cr_assert_eq(count, 6);
    cr_expect_eq(groups[1].same_workload, 2);
    cr_expect_eq(groups[1].ordinal, 0);
    cr_expect_eq(groups[2].ordinal, 1);
    bench_report_groups_free(groups, count);
    bench_run_free(run);
}

Test(result, views_follow_the_workloads, .timeout = 10)
{
    cr_expect_eq(bench_view_of("connection").series, BENCH_SERIES_FIRST_ANSWER);
    cr_expect_eq(bench_view_of("latency").series, BENCH_SERIES_RESPONSE);
    cr_expect_eq(bench_view_of("latency").ranking, BENCH_RANKING_TIME);
    cr_expect_eq(bench_view_of("cpu").ranking, BENCH_RANKING_THROUGHPUT);
    cr_expect(bench_view_of("io").concurrent);
    cr_expect_eq(bench_view_of("not there yet").series, BENCH_SERIES_RESPONSE);
}
