/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/report.h"
#include "tests/support/fixture_run.h"

TestSuite(report_pages, .timeout = 30);

static const struct bench_report_page *find(const struct bench_report_pages *pages,
                                            enum bench_factor factor)
{
    for (size_t p = 0; p < pages->npages; p++) {
        if (pages->pages[p].kind == BENCH_PAGE_LADDER && pages->pages[p].factor == factor)
            return &pages->pages[p];
    }
    return NULL;
}

static const char *value(const struct bench_report_page *page, size_t column)
{
    return bench_result_parameter(page->groups[column]->rows[0], bench_factor_name(page->factor));
}

Test(report_pages, a_ladder_has_a_column_for_each_rung)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_LOADS);
    struct bench_report_pages pages;
    cr_assert_eq(bench_report_pages_new(run, &pages), 0);
    cr_assert_eq(pages.npages, 4);
    cr_expect_eq(pages.pages[0].kind, BENCH_PAGE_SINGLE);
    const struct bench_report_page *rate = find(&pages, BENCH_FACTOR_RATE);
    cr_assert_not_null(rate);
    cr_assert_eq(rate->ngroups, 3);
    cr_expect_str_eq(value(rate, 0), "1000/s", "sorted, whatever the order of the plan");
    cr_expect_str_eq(value(rate, 1), "2000/s");
    cr_expect_str_eq(value(rate, 2), "4000/s");
    cr_expect_str_eq(bench_report_column(rate, rate->groups[1], ' ').s, "2000/s");
    const struct bench_report_page *rtt = find(&pages, BENCH_FACTOR_RTT);
    cr_assert_not_null(rtt);
    cr_assert_eq(rtt->ngroups, 2);
    cr_expect_str_eq(bench_report_column(rtt, rtt->groups[1], ' ').s, "rtt 10ms");
    cr_assert_not_null(find(&pages, BENCH_FACTOR_PLACEMENT));
    cr_expect_eq(find(&pages, BENCH_FACTOR_PLACEMENT)->ngroups, 2);
    bench_report_pages_free(&pages);
    bench_run_free(run);
}

/* With two factors a page has one of them in its columns and holds the other. */
Test(report_pages, columns_differ_in_one_parameter)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_BULK_ONE);
    struct bench_report_pages pages;
    cr_assert_eq(bench_report_pages_new(run, &pages), 0);
    cr_assert_not_null(find(&pages, BENCH_FACTOR_CLIENTS));
    cr_expect_eq(find(&pages, BENCH_FACTOR_CLIENTS)->ngroups, 3);
    bench_report_pages_free(&pages);
    /* 1, 8, 64 clients become 1 at 1 ms, 8 at 1 ms, 8 at 5 ms. */
    static const char *const cells[][2] = {{"1", "1ms"}, {"8", "1ms"}, {"8", "5ms"}};
    for (size_t i = 0; i < 3; i++) {
        struct bench_result *result = &run->results[i];
        support_fixture_set(&result->parameters[0].value, cells[i][0]);
        result->parameters = realloc(result->parameters, 2 * sizeof(*result->parameters));
        cr_assert_not_null(result->parameters);
        result->parameters[1] = (struct bench_parameter){strdup("rtt"), strdup(cells[i][1])};
        result->nparameters = 2;
    }
    cr_assert_eq(bench_report_pages_new(run, &pages), 0);
    const struct bench_report_page *rtt = find(&pages, BENCH_FACTOR_RTT);
    cr_assert_not_null(rtt);
    cr_expect_eq(rtt->ngroups, 2);
    for (size_t g = 0; g < rtt->ngroups; g++)
        cr_expect_str_eq(bench_result_parameter(rtt->groups[g]->rows[0], "clients"), "8");
    bench_report_pages_free(&pages);
    bench_run_free(run);
}

Test(report_pages, load_in_words)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_LOADS);
    char text[200];
    const struct bench_result *open = &run->results[0], *closed = NULL;
    for (size_t i = 0; i < run->nresults && closed == NULL; i++) {
        if (bench_result_parameter(&run->results[i], "rtt") != NULL)
            closed = &run->results[i];
    }
    cr_assert_not_null(closed);
    cr_expect(bench_result_is_open(open));
    cr_expect_not(bench_result_is_open(closed));
    cr_expect_str_eq(bench_report_time(open), "response time from the planned start");
    cr_expect_str_eq(bench_report_time(closed), "response time");
    cr_expect_str_eq(bench_report_load(open, BENCH_FACTOR_NONE, text, sizeof(text)),
                     "open loop, 500/s poisson, 1 connection, 2s a trial");
    cr_expect_str_eq(bench_report_load(open, BENCH_FACTOR_RATE, text, sizeof(text)),
                     "open loop, poisson arrivals, 1 connection, 2s a trial");
    cr_expect_str_eq(bench_report_load(closed, BENCH_FACTOR_NONE, text, sizeof(text)),
                     "closed loop, 1 connection, rtt 1ms, placement same, 2s a trial");
    cr_expect_str_eq(bench_report_load(closed, BENCH_FACTOR_RTT, text, sizeof(text)),
                     "closed loop, 1 connection, placement same, 2s a trial");
    cr_expect_float_eq(bench_result_offered(open), 500, 1e-9);
    cr_expect_float_eq(bench_result_delivered(open), 500 * 0.9993, 1e-9);
    cr_expect(isnan(bench_result_offered(closed)));
    cr_expect(isnan(bench_result_delivered(closed)));
    bench_run_free(run);
}

/* Of a file that may hold anything. */
Test(report_pages, rates_that_are_none)
{
    static const char *const wrong[] = {"", "fast", "1000", "-5/s", "0/s", "inf/s", "nan/s", "5/sx"};
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_LOADS);
    struct bench_result *result = &run->results[0];
    for (size_t i = 0; i < BENCH_COUNT_OF(wrong); i++) {
        support_fixture_set(&result->parameters[1].value, wrong[i]);
        cr_expect_not(bench_result_is_open(result), "%s", wrong[i]);
    }
    bench_run_free(run);
}

static char *rendered(const struct bench_run *run,
                      int (*render)(const struct bench_run *, struct bench_buf *))
{
    struct bench_buf buf;
    bench_buf_init(&buf, 64u << 20);
    cr_assert_eq(render(run, &buf), 0);
    char *text = strndup((const char *)bench_buf_head(&buf), bench_buf_length(&buf));
    bench_buf_fini(&buf);
    cr_assert_not_null(text);
    return text;
}

/* The column of a name in a line of CSV without quotes. */
static char *field(const char *csv, const char *name, const char *line)
{
    const char *at = csv;
    size_t skip = 0, length = strlen(name);
    while (strncmp(at, name, length) != 0 || (at[length] != ',' && at[length] != '\r')) {
        at = strchr(at, ',');
        cr_assert_not_null(at, "%s", name);
        at++;
        skip++;
    }
    while (skip-- > 0)
        line = strchr(line, ',') + 1;
    return strndup(line, strcspn(line, ",\r"));
}

Test(report_pages, figures_of_an_invalid_cell_are_withheld)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
    struct bench_result *result = &run->results[0];
    support_fixture_set(&result->load_model, "closed loop"); /* no comma, no quotes */
    static const char *const figures[] = {"response_median_s", "requests_per_second",
                                          "server_cpu_per_request_s", "service_p99_s"};
    for (int invalid = 0; invalid < 2; invalid++) {
        result->status = invalid ? BENCH_CELL_INVALID : BENCH_CELL_OK;
        support_fixture_set(&result->reason, invalid ? "unsteady" : "");
        char *csv = rendered(run, bench_report_csv), *line = strchr(csv, '\n') + 1;
        for (size_t i = 0; i < BENCH_COUNT_OF(figures); i++) {
            char *figure = field(csv, figures[i], line);
            cr_expect_eq(figure[0] == '\0', invalid == 1, "%s: %s", figures[i], figure);
            free(figure);
        }
        char *reason = field(csv, "reason", line);
        cr_expect_str_eq(reason, invalid ? "unsteady" : "");
        free(reason);
        free(csv);
    }
    char *json = rendered(run, bench_report_json), *table = rendered(run, bench_report_tables);
    cr_expect_not_null(strstr(json, "\"pooled\""), "the JSON keeps everything");
    cr_expect_not_null(strstr(table, "[1] unsteady"));
    free(json);
    free(table);
    bench_run_free(run);
}

Test(report_pages, a_client_at_its_limit_bounds_both_sides)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_CLIENTS);
    struct bench_result *result =
        support_fixture_result(run, "concurrent", "http/threaded/python");
    result->status = BENCH_CELL_CLIENT_BOUND;
    cr_assert_eq(bench_report_compare(run), 0);
    char *table = rendered(run, bench_report_tables);
    cr_expect_not_null(strstr(table, "≤3.95 ms"), "%s", table);
    cr_expect_not_null(strstr(table, "≥2002 /s"));
    cr_expect_not_null(strstr(table, "≥ at least, ≤ at most"));
    free(table);
    bench_run_free(run);
}

Test(report_pages, headroom_of_the_floor)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_FOURTEEN);
    cr_assert_eq(bench_report_compare(run), 0);
    char *table = rendered(run, bench_report_tables);
    cr_expect_not_null(strstr(table, "headroom: the floor tcp/threaded/native does "));
    cr_expect_not_null(strstr(table, "headroom: the floor tcp/forking/native does "));
    free(table);
    bench_run_free(run);
    run = support_fixture_run(SUPPORT_FIXTURE_TEN);
    table = rendered(run, bench_report_tables);
    cr_expect_null(strstr(table, "headroom"), "there is no floor");
    free(table);
    bench_run_free(run);
}

Test(report_pages, the_machine_in_one_line)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_ONE);
    char text[300];
    cr_expect_str_eq(bench_report_environment(run, text, sizeof(text)),
                     "Invented CPU, 2 cores, Linux 6.1, placement free, client nice -20; "
                     "environment 1a2b3c4d");
    run->environment_hash[0] = '\0';
    cr_expect_null(strstr(bench_report_environment(run, text, sizeof(text)), "environment"));
    char *markdown = rendered(run, bench_report_markdown);
    cr_expect_not_null(strstr(markdown, "1 more fact stands in `result.json`"));
    free(markdown);
    bench_run_free(run);
}
