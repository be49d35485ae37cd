/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"
#include "stats/gzip.h"
#include "suite/output.h"
#include "tests/support/files.h"
#include "tests/support/fixture_run.h"

TestSuite(result_read, .timeout = 300);

#define LIMIT ((size_t)256 << 20)

static struct bench_run *fixture(enum support_fixture kind)
{
    struct bench_run *run = support_fixture_run(kind);
    cr_assert_eq(bench_report_compare(run), 0);
    return run;
}

static struct bench_buf json_of(const struct bench_run *run)
{
    struct bench_buf buf;
    bench_buf_init(&buf, LIMIT);
    cr_assert_eq(bench_report_json(run, &buf), 0);
    return buf;
}

static int parse(const struct bench_buf *json, const struct bench_buf *histograms,
                 struct bench_run **out, struct bench_error *err)
{
    return bench_result_parse((const char *)bench_buf_head(json), bench_buf_length(json),
                              histograms != NULL ? bench_buf_head(histograms) : NULL,
                              histograms != NULL ? bench_buf_length(histograms) : 0, out, err);
}

static void expect_same(const struct bench_run *a, const struct bench_run *b,
                        int (*render)(const struct bench_run *, struct bench_buf *),
                        const char *what, int kind)
{
    struct bench_buf left, right;
    bench_buf_init(&left, LIMIT);
    bench_buf_init(&right, LIMIT);
    int status = render(a, &left);
    cr_assert_eq(render(b, &right), status);
    cr_expect(
        bench_buf_length(&left) == bench_buf_length(&right) &&
            (bench_buf_length(&left) == 0 ||
             memcmp(bench_buf_head(&left), bench_buf_head(&right), bench_buf_length(&left)) == 0),
        "%s of fixture %d", what, kind);
    bench_buf_fini(&left);
    bench_buf_fini(&right);
}

Test(result_read, renders_the_same_bytes)
{
    for (int kind = SUPPORT_FIXTURE_EMPTY; kind <= SUPPORT_FIXTURE_TROUBLE; kind++) {
        struct bench_run *run = fixture((enum support_fixture)kind), *again = NULL;
        struct bench_buf json = json_of(run), histograms;
        struct bench_error err = {0};
        bench_buf_init(&histograms, LIMIT);
        int packed = bench_report_histograms(run, &histograms);
        cr_assert(packed == 0 || (packed == -ENODATA && run->nresults == 0));
        cr_assert_eq(parse(&json, packed == 0 ? &histograms : NULL, &again, &err), 0, "%s",
                     err.msg);
        expect_same(run, again, bench_report_json, "JSON", kind);
        expect_same(run, again, bench_report_tables, "tables", kind);
        expect_same(run, again, bench_report_markdown, "Markdown", kind);
        expect_same(run, again, bench_report_csv, "CSV", kind);
        expect_same(run, again, bench_report_chart_names, "charts", kind);
        expect_same(run, again, bench_report_histograms, "histograms", kind);
        bench_buf_fini(&histograms);
        bench_buf_fini(&json);
        bench_run_free(again);
        bench_run_free(run);
    }
}

/* The statistics of the trials stand in for their samples. */
Test(result_read, without_histograms_the_tables_are_the_same)
{
    struct bench_run *run = fixture(SUPPORT_FIXTURE_BULK_TWO), *again = NULL;
    struct bench_buf json = json_of(run), none;
    struct bench_error err = {0};
    cr_assert_eq(parse(&json, NULL, &again, &err), 0, "%s", err.msg);
    cr_assert_not_null(again->results[0].trials[0].kept);
    expect_same(run, again, bench_report_tables, "tables", SUPPORT_FIXTURE_BULK_TWO);
    expect_same(run, again, bench_report_markdown, "Markdown", SUPPORT_FIXTURE_BULK_TWO);
    bench_buf_init(&none, LIMIT);
    cr_expect_eq(bench_report_histograms(again, &none), -ENODATA);
    bench_buf_fini(&none);
    bench_buf_fini(&json);
    bench_run_free(again);
    bench_run_free(run);
}

/* Exchanges the first occurrence of a text and expects the result to be refused with a word. */
static void refuse(const struct bench_buf *json, const char *from, const char *to, const char *word)
{
    struct bench_error err = {0};
    struct bench_run *run = NULL;
    char *text = strndup((const char *)bench_buf_head(json), bench_buf_length(json)), *changed;
    cr_assert_not_null(text);
    char *at = strstr(text, from);
    cr_assert_not_null(at, "%s", from);
    *at = '\0';
    cr_assert_geq(asprintf(&changed, "%s%s%s", text, to, at + strlen(from)), 0);
    cr_expect_eq(bench_result_parse(changed, strlen(changed), NULL, 0, &run, &err), -EINVAL,
                 "%s -> %s", from, to);
    cr_expect_null(run);
    cr_expect_not_null(strstr(err.msg, word), "%s -> %s: %s", from, to, err.msg);
    free(changed);
    free(text);
}

Test(result_read, hostile_json_is_refused)
{
    struct bench_run *run = fixture(SUPPORT_FIXTURE_TWO);
    struct bench_buf json = json_of(run);
    static const char *const cases[][3] = {
        {"rpycbench-result-1", "rpycbench-result-9", "rpycbench-result-9"},
        {"\"started\": 1767225600.0", "\"started\": \"soon\"", "started"},
        {"\"interrupted\": false", "\"interrupted\": 0", "interrupted"},
        {"\"role\": \"normal\"", "\"role\": \"king\"", "king"},
        {"\"role\": \"normal\"", "\"role\": \"floor\"", "targets"},
        {"\"status\": \"ok\"", "\"status\": \"fine\"", "fine"},
        {"\"failed_requests\": 0", "\"failed_requests\": 99999", "99999"},
        {"\"failed_requests\": 0", "\"failed_requests\": -1", "-1"},
        {"\"pooled\": {", "\"pool\": {", "nothing was measured"},
        {"\"histogram\": \"", "\"histogram\": \"!", "histogram"},
        {"\"block\": 0", "\"block\": -1", "block"},
        {"\"budget_cut\": false", "\"budget_cut\": null", "budget_cut"},
        {"\"result\": 0", "\"result\": 4711", "4711"},
        {"\"sum\": \"", "\"sum\": \"9999", "sum"},
        {"\"plan\": {", "\"plan\": [], \"x\": {", "plan"},
        {"\"schema\"", "\"schema\": 1, \"schema\"", "duplicate"},
        {"\"validity\": {", "\"validity\": [], \"x\": {", "validity"},
        {"\"client_busy\": ", "\"client_busy\": \"much\", \"x\": ", "client_busy"},
        {"\"kpss\": ", "\"x\": ", "kpss"},
        {"\"same_server\": true", "\"same_server\": 1", "same_server"},
        {"\"unsteady\": false", "\"unsteady\": null", "unsteady"},
        {"\"family\": \"rpyc\"", "\"family\": 7", "family"},
        {"\"library\": \"\"", "\"library\": null", "library"},
        {"\"environment_varies\": [", "\"environment_varies\": 1, \"x\": [", "environment_varies"},
        {"\"load average\"\n", "\"nothing\"\n", "nothing"},
        {"\"environment_varies\": [", "\"environment_varies\": [{}, ", "environment_varies"},
        {"1a2b3c4d5e6f7081", "1a2b3c4d5e6f708", "environment_hash"},
        {"1a2b3c4d5e6f7081", "1a2b3c4d5e6f70811", "environment_hash"},
        {"1a2b3c4d5e6f7081", "1A2B3C4D5E6F7081", "environment_hash"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        refuse(&json, cases[i][0], cases[i][1], cases[i][2]);
    bench_buf_fini(&json);
    bench_run_free(run);
}

/* Removes a member from every object below. */
static void forget(json_t *json, const char *key)
{
    const char *name;
    json_t *one;
    size_t i;
    (void)json_object_del(json, key);
    json_object_foreach(json, name, one) forget(one, key);
    json_array_foreach(json, i, one) forget(one, key);
}

/* Files of the first version know nothing of load models. */
Test(result_read, without_the_newer_members)
{
    static const char *const newer[] = {"validity", "family", "library", "environment_varies",
                                        "environment_hash"};
    struct bench_run *run = fixture(SUPPORT_FIXTURE_TWO), *again = NULL;
    struct bench_buf json = json_of(run);
    struct bench_error err = {0};
    json_t *whole =
        json_loadb((const char *)bench_buf_head(&json), bench_buf_length(&json), 0, NULL);
    cr_assert_not_null(whole);
    for (size_t i = 0; i < BENCH_COUNT_OF(newer); i++)
        forget(whole, newer[i]);
    char *text = json_dumps(whole, 0);
    cr_assert_not_null(text);
    cr_assert_eq(bench_result_parse(text, strlen(text), NULL, 0, &again, &err), 0, "%s", err.msg);
    cr_expect_str_eq(again->targets[1].family, "");
    cr_expect_str_eq(again->targets[1].library, "");
    cr_expect_str_eq(again->environment_hash, "");
    cr_expect_not(again->environment[again->nenvironment - 1].varies);
    const struct bench_validity *validity = &again->results[0].trials[0].validity;
#define X(member, key, help) cr_expect(isnan(validity->member), key);
    BENCH_VALIDITY_FIGURES(X)
#undef X
    cr_expect_not(validity->same_server || validity->steady_judged || validity->unsteady);
    expect_same(run, again, bench_report_chart_names, "charts", SUPPORT_FIXTURE_TWO);
    free(text);
    json_decref(whole);
    bench_buf_fini(&json);
    bench_run_free(again);
    bench_run_free(run);
}

Test(result_read, figures_of_validity)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_LOADS), *again = NULL;
    struct bench_error err = {0};
    struct bench_validity *one = &run->results[0].trials[1].validity;
    one->little = 1.0 / 3;
    one->kpss = INFINITY;
    one->unsteady = true;
    cr_assert_eq(bench_report_compare(run), 0);
    struct bench_buf json = json_of(run);
    cr_assert_eq(parse(&json, NULL, &again, &err), 0, "%s", err.msg);
    const struct bench_validity *kept = &again->results[0].trials[1].validity;
#define X(member, key, help)                                                                       \
    cr_expect((isnan(one->member) && isnan(kept->member)) ||                                       \
                  memcmp(&one->member, &kept->member, sizeof(double)) == 0,                        \
              key);
    BENCH_VALIDITY_FIGURES(X)
#undef X
    cr_expect(isnan(kept->kpss));
    cr_expect(kept->same_server && kept->unsteady);
    cr_expect_eq(again->results[0].pooled->series[BENCH_SERIES_LATE].count, 0);
    cr_expect_gt(again->results[0].pooled->series[BENCH_SERIES_LAG].count, 0);
    cr_expect(again->environment[again->nenvironment - 1].varies);
    bench_buf_fini(&json);
    bench_run_free(again);
    bench_run_free(run);
}

/* No prefix of a result may be taken, and none may do harm. */
Test(result_read, torn_json_is_refused)
{
    struct bench_run *run = fixture(SUPPORT_FIXTURE_ONE), *again = NULL;
    struct bench_buf json = json_of(run);
    for (size_t n = 0; n + 2 < bench_buf_length(&json); n += 97) {
        struct bench_error err = {0};
        cr_expect_eq(
            bench_result_parse((const char *)bench_buf_head(&json), n, NULL, 0, &again, &err),
            -EINVAL);
        cr_expect_neq(err.msg[0], '\0');
    }
    bench_buf_fini(&json);
    bench_run_free(run);
}

static void refuse_histograms(const struct bench_buf *json, const void *data, size_t length,
                              const char *word)
{
    struct bench_error err = {0};
    struct bench_run *run = NULL;
    cr_expect_eq(bench_result_parse((const char *)bench_buf_head(json), bench_buf_length(json),
                                    data, length, &run, &err),
                 -EINVAL, "%s", word);
    cr_expect_not_null(strstr(err.msg, word), "%s: %s", word, err.msg);
}

static void refuse_lines(const struct bench_buf *json, const char *lines, const char *word)
{
    struct bench_buf packed;
    bench_buf_init(&packed, LIMIT);
    cr_assert_eq(bench_gzip(lines, strlen(lines), &packed), 0);
    refuse_histograms(json, bench_buf_head(&packed), bench_buf_length(&packed), word);
    bench_buf_fini(&packed);
}

Test(result_read, hostile_histograms_are_refused)
{
    struct bench_run *run = fixture(SUPPORT_FIXTURE_ONE), *other = fixture(SUPPORT_FIXTURE_TWO);
    struct bench_buf json = json_of(run), packed, wrong;
    bench_buf_init(&packed, LIMIT);
    bench_buf_init(&wrong, LIMIT);
    cr_assert_eq(bench_report_histograms(run, &packed), 0);
    cr_assert_eq(bench_report_histograms(other, &wrong), 0);
    refuse_histograms(&json, "no gzip", 7, "gzip");
    refuse_histograms(&json, bench_buf_head(&packed), bench_buf_length(&packed) - 9, "early");
    refuse_histograms(&json, bench_buf_head(&wrong), bench_buf_length(&wrong), "line");
    cr_assert_eq(bench_buf_add(&packed, "x", 1), 0);
    refuse_histograms(&json, bench_buf_head(&packed), bench_buf_length(&packed), "behind");
    refuse_lines(&json, "", "none of result 0");
    refuse_lines(&json, "{}\n", "no such result");
    refuse_lines(&json, "{\"result\": 0, \"trial\": 9}\n", "no such result");
    refuse_lines(&json, "{\"result\": 0, \"trial\": 0}\n", "no recording");
    refuse_lines(&json, "{\"result\": 0, \"trial\": 0, \"recording\": {\"version\": 7}}\n",
                 "version");
    refuse_lines(&json, "[", "line 1");
    bench_buf_fini(&wrong);
    bench_buf_fini(&packed);
    bench_buf_fini(&json);
    bench_run_free(other);
    bench_run_free(run);
}

Test(result_read, files_of_a_folder)
{
    struct bench_run *run = fixture(SUPPORT_FIXTURE_BULK_ONE), *again = NULL;
    struct bench_error err = {0};
    char *dir, path[512];
    bool whole = false;
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    cr_assert_eq(
        bench_output_formats(run, dir, 1u << BENCH_FORMAT_JSON | 1u << BENCH_FORMAT_CSV, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_result_read(dir, &again, &whole, &err), 0, "%s", err.msg);
    cr_expect(whole);
    expect_same(run, again, bench_report_json, "JSON", SUPPORT_FIXTURE_BULK_ONE);
    bench_run_free(again);
    (void)snprintf(path, sizeof(path), "%s/result.hist.gz", dir);
    cr_assert_eq(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/result.json", dir);
    cr_assert_eq(bench_result_read(path, &again, &whole, &err), 0, "%s", err.msg);
    cr_expect_not(whole);
    bench_run_free(again);
    (void)snprintf(path, sizeof(path), "%s/nothing.json", dir);
    cr_expect_eq(bench_result_read(path, &again, &whole, &err), -ENOENT);
    cr_expect_not_null(strstr(err.msg, "nothing.json"));
    cr_expect_eq(bench_result_read("/dev/null", &again, &whole, &err), -EINVAL);
    support_tempdir_remove(dir);
    bench_run_free(run);
}
