/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/report.h"
#include "tests/support/fixture_run.h"
#include "tests/support/schema.h"

#define LIMIT (64u << 20)

static json_t *parsed(const struct bench_run *run)
{
    struct bench_buf buf;
    json_error_t error;
    bench_buf_init(&buf, LIMIT);
    cr_assert_eq(bench_report_json(run, &buf), 0);
    json_t *json =
        json_loadb((const char *)bench_buf_head(&buf), bench_buf_length(&buf), 0, &error);
    cr_assert_not_null(json, "%s", error.text);
    bench_buf_fini(&buf);
    return json;
}

static json_t *result_of(const json_t *json, const char *workload, const char *target)
{
    size_t i;
    json_t *result;
    json_array_foreach(json_object_get(json, "results"), i, result)
    {
        json_t *name = json_object_get(json_object_get(result, "target"), "name");
        if (strcmp(json_string_value(name), target) == 0 &&
            strcmp(json_string_value(json_object_get(result, "workload")), workload) == 0)
            return result;
    }
    cr_assert_fail("no result of %s in %s", target, workload);
    return NULL;
}

static double number(const json_t *json, const char *a, const char *b)
{
    const json_t *value = json_object_get(json_object_get(json, a), b);
    cr_assert(json_is_number(value), "%s.%s", a, b);
    return json_number_value(value);
}

static json_t *schema_load(void)
{
    json_error_t error;
    json_t *schema = json_load_file(TEST_SOURCE_DIR "/docs/result.schema.json", 0, &error);
    cr_assert_not_null(schema, "line %d: %s", error.line, error.text);
    return schema;
}

Test(result_json, follows_the_schema, .timeout = 60)
{
    json_t *schema = schema_load();
    for (int kind = SUPPORT_FIXTURE_EMPTY; kind <= SUPPORT_FIXTURE_TROUBLE; kind++) {
        struct bench_run *run = support_fixture_run((enum support_fixture)kind);
        struct bench_error err = {0};
        cr_assert_eq(bench_report_compare(run), 0);
        json_t *json = parsed(run);
        cr_expect_eq(support_schema_check(schema, json, &err), 0, "fixture %d: %s", kind, err.msg);
        json_decref(json);
        bench_run_free(run);
    }
    json_decref(schema);
}

Test(result_json, schema_refuses_what_is_wrong, .timeout = 20)
{
    json_t *schema = schema_load();
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
    struct bench_error err = {0};
    json_t *json = parsed(run);
    json_t *result = result_of(json, "latency", "rpyc/threaded/python");
    json_t *latency = json_object_get(result, "latency");

    cr_assert_eq(support_schema_check(schema, json, &err), 0, "%s", err.msg);
    json_t *kept = json_incref(json_object_get(latency, "p99"));
    (void)json_object_set_new(latency, "p99", json_string("0.1"));
    cr_expect_eq(support_schema_check(schema, json, &err), -EINVAL, "a number as text");
    (void)json_object_del(latency, "p99");
    cr_expect_eq(support_schema_check(schema, json, &err), -EINVAL, "a figure is missing");
    (void)json_object_set_new(latency, "p99", kept);
    (void)json_object_set_new(latency, "p42", json_real(1));
    cr_expect_eq(support_schema_check(schema, json, &err), -EINVAL, "an unknown figure");
    (void)json_object_del(latency, "p42");
    (void)json_object_set_new(result, "status", json_string("fine"));
    cr_expect_eq(support_schema_check(schema, json, &err), -EINVAL, "an unknown status");
    (void)json_object_set_new(result, "status", json_string("ok"));
    (void)json_object_del(result, "pooled");
    cr_expect_eq(support_schema_check(schema, json, &err), -EINVAL, "ok, but nothing measured");
    json_decref(json);
    bench_run_free(run);
    json_decref(schema);
}

Test(result_json, holds_the_figures, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TEN);
    struct bench_result *result = support_fixture_result(run, "concurrent", "rpyc/forking/python");
    struct bench_statistic statistic;
    bench_result_statistic(result, BENCH_SERIES_RESPONSE, &statistic);
    json_t *json = parsed(run);
    json_t *cell = result_of(json, "concurrent", "rpyc/forking/python");

    cr_expect_eq(json_integer_value(json_object_get(cell, "total_requests")), 4000);
    cr_expect_float_eq(number(cell, "latency", "median"), statistic.median, 1e-12);
    cr_expect_float_eq(number(cell, "latency", "mean"), statistic.mean, 1e-12);
    cr_expect_float_eq(number(cell, "throughput", "requests_per_second"),
                       bench_result_throughput(result), 1e-6);
    cr_expect_float_eq(number(cell, "cpu", "server_cores"), bench_result_server_cores(result),
                       1e-9);
    cr_expect_float_eq(number(cell, "wire", "round_trips"), 2, 0);
    cr_expect_eq(json_array_size(json_object_get(cell, "trials")), 8);

    /* Eight trials: the mean lies in its interval. */
    const json_t *interval = json_object_get(json_object_get(cell, "latency"), "ci95");
    cr_assert_eq(json_array_size(interval), 2);
    cr_expect_lt(json_real_value(json_array_get(interval, 0)), statistic.mean);
    cr_expect_gt(json_real_value(json_array_get(interval, 1)), statistic.mean);

    /* The pooled histogram can be read back and tells the same. */
    struct bench_hist *hist;
    const json_t *series = json_object_get(json_object_get(cell, "pooled"), "response");
    cr_assert_eq(bench_hist_new(&hist), 0);
    cr_assert_eq(
        bench_hist_unpack(hist, json_string_value(json_object_get(series, "histogram")), NULL), 0);
    cr_expect_eq(bench_hist_count(hist), 4000);
    cr_expect_float_eq((double)bench_hist_percentile(hist, 0.5) / 1e9, statistic.median, 1e-12);
    bench_hist_free(hist);
    json_decref(json);
    bench_run_free(run);
}

Test(result_json, few_trials_have_no_interval, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    json_t *json = parsed(run);
    json_t *cell = result_of(json, "latency", "http/threaded/python");
    cr_expect(json_is_null(json_object_get(json_object_get(cell, "latency"), "ci95")));
    json_decref(json);
    bench_run_free(run);
}

Test(result_json, tells_failures_and_hostile_text, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TROUBLE);
    struct bench_result *busy = support_fixture_result(run, "concurrent", "http/threaded/python");
    (void)snprintf(busy->pooled->first_error, sizeof(busy->pooled->first_error), "%s",
                   "\x1b[31m \xff \"quoted\"");
    json_t *json = parsed(run);
    json_t *cell = result_of(json, "concurrent", "http/threaded/python");
    cr_expect_eq(json_integer_value(json_object_get(cell, "failed_requests")), 4);
    cr_expect_float_eq(number(cell, "errors", "timeout"), 3, 0);
    cr_expect_float_eq(number(cell, "errors", "bad-status"), 1, 0);
    cr_expect_str_eq(json_string_value(json_object_get(cell, "first_error")), " [31m ? \"quoted\"");

    cell = result_of(json, "latency", "http/forking/gunicorn");
    cr_expect_str_eq(json_string_value(json_object_get(cell, "status")), "n/a");
    cr_expect_null(json_object_get(cell, "latency"), "nothing was measured");
    cr_expect(json_is_null(json_object_get(cell, "duration")) ||
              json_number_value(json_object_get(cell, "duration")) == 0);
    json_decref(json);
    bench_run_free(run);
}

Test(result_json, keeps_the_buffers_error, .timeout = 20)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_buf buf;
    bench_buf_init(&buf, 1000);
    cr_assert_eq(bench_report_json(run, &buf), -EMSGSIZE);
    bench_buf_clear(&buf);
    cr_assert_eq(bench_report_tables(run, &buf), -EMSGSIZE);
    bench_buf_fini(&buf);
    bench_run_free(run);
}
