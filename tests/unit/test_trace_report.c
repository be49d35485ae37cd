/* SPDX-License-Identifier: MIT */
/*
 * What every report of a profile has to keep: nothing of the program reaches a reader unescaped, no
 * line is wider than asked for, a file that is full is told, JSON is as its schema says.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "stats/sketch.h"
#include "tests/support/schema.h"
#include "tests/support/trace_samples.h"
#include "trace/report_write.h"

enum format { TEXT, JSON, HTML, CHROME, PROMETHEUS, WINDOW, LIVE, SLOW, FORMATS };

static const struct trace_call no_call;

static int write_as(enum format format, const struct trace_profile *profile,
                    const struct trace_report_options *options, FILE *out)
{
    switch (format) {
    case TEXT:
        return trace_write_text(profile, options, out);
    case JSON:
        return trace_write_json(profile, out);
    case HTML:
        return trace_write_html(profile, options, out);
    case CHROME:
        return trace_write_chrome(profile, out);
    case PROMETHEUS:
        return trace_write_prometheus(profile, out);
    case WINDOW:
        return trace_write_window(profile, 1e9, out);
    case LIVE:
        return trace_write_live(profile, profile, options->width, 24, out);
    case SLOW:
        return trace_write_slow(profile->names,
                                profile->nslowest > 0 ? &profile->slowest[0] : &no_call, true,
                                trace_place(profile, 1), out);
    case FORMATS:
        break;
    }
    return -1;
}

static char *rendered(enum support_sample_kind kind, enum format format,
                      const struct trace_report_options *options)
{
    struct support_sample *sample = support_sample_new(kind);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    cr_assert_eq(write_as(format, support_sample_profile(sample), options, out), 0);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(strlen(text), size, "a NUL in the report");
    support_sample_free(sample);
    return text;
}

static const struct trace_report_options plain = {
    .parts = TRACE_PART_ALL, .netrefs = true, .width = 100, .title = SUPPORT_HOSTILE};

/* ---- hostile texts ---- */

/* Control characters but for the newline, C1 ones, the turning of writing, invalid UTF-8. */
static void check_characters(const char *text, const char *what)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at, next = (unsigned char)at[1];
        cr_expect(c >= 0x20 || c == '\n', "%s has a control character %#x", what, c);
        cr_expect(c != 0x7f && c < 0xf8, "%s has a byte %#x", what, c);
        cr_expect(!(c == 0xc2 && next < 0xa0), "%s has a C1 control", what);
    }
    cr_expect(strstr(text, "\xe2\x80\xae") == NULL, "%s turns writing round", what);
    char *clean = malloc(strlen(text) + 1);
    cr_assert_not_null(clean);
    (void)bench_text_clean(text, clean, strlen(text) + 1);
    for (size_t i = 0; text[i] != '\0'; i++)
        cr_assert(text[i] == clean[i] || text[i] == '\n', "%s: byte %zu is no UTF-8", what, i);
    free(clean);
}

Test(trace_report, no_control_character_gets_out, .timeout = 60)
{
    for (enum format format = TEXT; format < FORMATS; format++) {
        char *text = rendered(SUPPORT_SAMPLE_HOSTILE, format, &plain);
        char what[24];
        (void)snprintf(what, sizeof(what), "format %d", (int)format);
        check_characters(text, what);
        free(text);
    }
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        n++;
    return n;
}

Test(trace_report, markup_stays_text, .timeout = 60)
{
    char *page = rendered(SUPPORT_SAMPLE_HOSTILE, HTML, &plain);
    char *harmless = rendered(SUPPORT_SAMPLE_PING, HTML, &plain);
    cr_expect_eq(count_of(page, "<script"), 1, "our own script only");
    cr_expect_eq(count_of(page, "</script"), 1);
    cr_expect_eq(count_of(page, "<style"), count_of(harmless, "<style"));
    cr_expect_eq(count_of(page, "alert(\"x\")"), 0);
    cr_expect(count_of(page, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;") > 10);
    free(harmless);
    free(page);
}

Test(trace_report, page_needs_nothing_from_elsewhere, .timeout = 60)
{
    char *page = rendered(SUPPORT_SAMPLE_NESTED, HTML, &plain);
    static const char *const never[] = {"http://", "https://", "src=", "@import", "url(", "fetch("};
    for (size_t i = 0; i < BENCH_COUNT_OF(never); i++)
        cr_expect_eq(count_of(page, never[i]), 0, "%s", never[i]);
    cr_expect_eq(count_of(page, "default-src 'none'"), 1);
    free(page);
}

/* Each line is a comment or NAME{LABELS} VALUE, whatever is in the labels. */
Test(trace_report, prometheus_labels_are_closed, .timeout = 60)
{
    char *text = rendered(SUPPORT_SAMPLE_HOSTILE, PROMETHEUS, &plain);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        bool quoted = false;
        const char *at = line;
        cr_expect(strncmp(line, "# ", 2) == 0 || strncmp(line, "rpycbench_", 10) == 0, "%s", line);
        for (; *at != '\0'; at++) {
            if (quoted && *at == '\\')
                at++;
            else if (*at == '"')
                quoted = !quoted;
        }
        cr_expect(!quoted, "%s", line);
    }
    free(text);
}

/* ---- width ---- */

static void check_width(enum support_sample_kind kind, enum format format, size_t width)
{
    struct trace_report_options options = plain;
    char *save = NULL;
    options.width = width;
    options.top = 30;
    char *text = rendered(kind, format, &options);
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        cr_expect_leq(bench_text_width(line), width, "%s: %s", support_sample_name(kind), line);
    free(text);
}

Test(trace_report, no_line_is_wider_than_the_terminal, .timeout = 100)
{
    static const size_t widths[] = {60, 80, 100, 120, 200};
    for (int kind = 0; kind < SUPPORT_SAMPLE_COUNT; kind++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(widths); i++) {
            check_width((enum support_sample_kind)kind, TEXT, widths[i]);
            check_width((enum support_sample_kind)kind, LIVE, widths[i]);
        }
    }
}

Test(trace_report, live_screen_does_not_scroll, .timeout = 60)
{
    for (int kind = 0; kind < SUPPORT_SAMPLE_COUNT; kind++) {
        char *text = rendered((enum support_sample_kind)kind, LIVE, &plain);
        cr_expect_lt(count_of(text, "\n"), 24, "%s",
                     support_sample_name((enum support_sample_kind)kind));
        cr_expect_eq(count_of(text, "\x1b"), 0);
        free(text);
    }
}

Test(trace_report, parts_that_were_not_asked_for_are_not_there, .timeout = 60)
{
    struct trace_report_options options = plain;
    options.parts = TRACE_PART_SUMMARY;
    char *text = rendered(SUPPORT_SAMPLE_USERS, TEXT, &options);
    cr_expect_not_null(strstr(text, "Dearest: root.get_users: 402 round trips"));
    cr_expect_null(strstr(text, "call tree"));
    cr_expect_null(strstr(text, "\nnames"));
    free(text);
    text = rendered(SUPPORT_SAMPLE_USERS, HTML, &options);
    cr_expect_null(strstr(text, "id=\"tree\""));
    free(text);
}

/* ---- figures ---- */

Test(trace_report, percentiles_that_samples_cannot_place, .timeout = 60)
{
    struct bench_sketch sketch = {0}, *hist = &sketch;
    int64_t ns = 0;
    cr_expect(!trace_percentile(NULL, 0.5, &ns));
    cr_expect(!trace_percentile(hist, 0.5, &ns));
    for (int i = 1; i <= 100; i++) {
        cr_assert_eq(bench_sketch_record(hist, i), 0);
        cr_expect_eq(trace_percentile(hist, 0.5, &ns), i >= 2, "%d", i);
        cr_expect_eq(trace_percentile(hist, 0.9, &ns), i >= 10, "%d", i);
        cr_expect_eq(trace_percentile(hist, 0.99, &ns), i >= 100, "%d", i);
    }
    cr_expect_eq(ns, 99);
    bench_sketch_fini(hist);
}

Test(trace_report, names_are_cut_in_the_middle, .timeout = 60)
{
    cr_expect_str_eq(trace_cut("root.users", 10).s, "root.users");
    cr_expect_str_eq(trace_cut("root.get_users.email", 11).s, "root.…email");
    cr_expect_str_eq(trace_cut("数据库接口用户列表", 9).s, "数据…列表");
    cr_expect_str_eq(trace_cut("abcdef", 0).s, "a…f");
}

/* Names above the limit are one series; a counter must not fall because another name overtook. */
Test(trace_report, prometheus_has_bounded_series, .timeout = 60)
{
    char *text = rendered(SUPPORT_SAMPLE_HUGE, PROMETHEUS, &plain);
    cr_expect_eq(count_of(text, "\nrpycbench_calls_total{"), 201);
    cr_expect_not_null(
        strstr(text, "rpycbench_calls_total{name=\"(others)\",direction=\"to_server\"} 4800\n"));
    cr_expect_not_null(strstr(text, "name=\"root.method_0\""));
    cr_expect_null(strstr(text, "name=\"root.method_4999\""));
    free(text);
}

Test(trace_report, tree_loops_and_strays_are_shown_at_the_top, .timeout = 60)
{
    struct trace_node nodes[] = {{.parent = 2, .total_ns = 5},
                                 {.parent = 1, .total_ns = 7},
                                 {.parent = 3, .total_ns = 9},
                                 {.parent = 99, .total_ns = 1}};
    struct trace_profile profile = {.nodes = nodes, .nnodes = BENCH_COUNT_OF(nodes)};
    struct trace_report_options options = {.least_ns = 0};
    struct trace_outline outline;
    cr_assert_eq(trace_outline_make(&profile, &options, &outline), 0);
    cr_assert_eq(outline.nrows, 4);
    cr_expect_eq(outline.rows[0].node, 2);
    cr_expect_eq(outline.rows[1].node, 0);
    cr_expect_eq(outline.rows[2].node, 1);
    cr_expect_eq(outline.rows[2].depth, 1);
    cr_expect_eq(outline.rows[3].node, 3);
    trace_outline_free(&outline);
}

Test(trace_report, short_branches_stay_where_something_below_is_long, .timeout = 60)
{
    struct trace_node nodes[] = {{.total_ns = 1},
                                 {.parent = 1, .total_ns = 900},
                                 {.total_ns = 2},
                                 {.total_ns = 800},
                                 {.total_ns = 700}};
    struct trace_profile profile = {.nodes = nodes, .nnodes = BENCH_COUNT_OF(nodes)};
    struct trace_report_options options = {.least_ns = 100, .top = 2};
    struct trace_outline outline;
    cr_assert_eq(trace_outline_make(&profile, &options, &outline), 0);
    cr_assert_eq(outline.nrows, 3);
    cr_expect_eq(outline.rows[0].node, 3);
    cr_expect_eq(outline.rows[1].node, 4);
    cr_expect_eq(outline.rows[2].left_out, 1); /* node 0, whose child is long */
    options.top = 0;
    trace_outline_free(&outline);
    cr_assert_eq(trace_outline_make(&profile, &options, &outline), 0);
    cr_assert_eq(outline.nrows, 4);
    cr_expect_eq(outline.rows[2].node, 0);
    cr_expect_eq(outline.rows[3].node, 1);
    cr_expect_eq(outline.hidden, 1);
    trace_outline_free(&outline);
}

/* ---- JSON ---- */

static json_t *parsed(enum support_sample_kind kind, enum format format)
{
    json_error_t error;
    char *text = rendered(kind, format, &plain);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(json, "%s: line %d: %s", support_sample_name(kind), error.line, error.text);
    free(text);
    return json;
}

Test(trace_report, json_is_as_its_schema_says, .timeout = 100)
{
    json_t *schema = json_load_file(TEST_SOURCE_DIR "/docs/profile.schema.json", 0, NULL);
    cr_assert_not_null(schema);
    for (int kind = 0; kind < SUPPORT_SAMPLE_COUNT; kind++) {
        struct bench_error err = {0};
        json_t *json = parsed((enum support_sample_kind)kind, JSON);
        cr_expect_eq(support_schema_check(schema, json, &err), 0, "%s: %s",
                     support_sample_name((enum support_sample_kind)kind), err.msg);
        json_decref(json);
    }
    json_decref(schema);
}

Test(trace_report, json_keeps_every_figure, .timeout = 60)
{
    json_t *json = parsed(SUPPORT_SAMPLE_USERS, JSON);
    json_t *totals = json_object_get(json, "totals");
    json_t *name = json_array_get(json_object_get(json, "names"), 0);
    cr_expect_eq(
        json_integer_value(json_object_get(json_object_get(totals, "round_trips"), "to_server")),
        403);
    cr_expect_str_eq(json_string_value(json_object_get(name, "name")), "root.get_users()[…].email");
    cr_expect_eq(json_integer_value(json_object_get(name, "round_trips")), 100);
    cr_expect(json_is_real(json_object_get(name, "p99")));
    cr_expect_eq(json_array_size(json_object_get(json, "calls")), 404);
    cr_expect_eq(json_array_size(json_object_get(
                     json_array_get(json_object_get(json, "findings"), 0), "predictions")),
                 5);
    json_decref(json);
}

Test(trace_report, window_is_one_line, .timeout = 60)
{
    char *text = rendered(SUPPORT_SAMPLE_HUGE, WINDOW, &plain);
    cr_expect_eq(count_of(text, "\n"), 1);
    free(text);
    json_t *json = parsed(SUPPORT_SAMPLE_HUGE, WINDOW);
    cr_expect_eq(json_array_size(json_object_get(json, "names")), 20);
    cr_expect_eq(json_integer_value(json_object_get(json, "names_left_out")), 4980);
    json_decref(json);
}

/* Slices of a track lie within each other, or one after the other. */
static void check_nesting(const json_t *events, size_t upto)
{
    const json_t *last = json_array_get(events, upto);
    double start = json_number_value(json_object_get(last, "ts"));
    double end = start + json_number_value(json_object_get(last, "dur"));
    for (size_t i = 0; i < upto; i++) {
        const json_t *event = json_array_get(events, i);
        if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0 ||
            !json_equal(json_object_get(event, "tid"), json_object_get(last, "tid")))
            continue;
        double from = json_number_value(json_object_get(event, "ts"));
        double to = from + json_number_value(json_object_get(event, "dur"));
        cr_expect(to <= start + 1e-6 || to + 1e-6 >= end, "event %zu cuts event %zu", i, upto);
    }
}

Test(trace_report, slices_of_the_trace_nest, .timeout = 60)
{
    json_t *json = parsed(SUPPORT_SAMPLE_NESTED, CHROME);
    const json_t *events = json_object_get(json, "traceEvents");
    size_t i, slices = 0, asynchronous = 0;
    const json_t *event;
    json_array_foreach(events, i, event)
    {
        const char *phase = json_string_value(json_object_get(event, "ph"));
        asynchronous += strcmp(phase, "b") == 0;
        if (strcmp(phase, "X") != 0)
            continue;
        slices++;
        check_nesting(events, i);
    }
    cr_expect_eq(slices + asynchronous, 42 + 3, "every call and section");
    cr_expect_eq(asynchronous, 4);
    json_decref(json);
}

/* ---- a file that is full ---- */

Test(trace_report, a_full_file_is_told, .timeout = 60)
{
    struct support_sample *sample = support_sample_new(SUPPORT_SAMPLE_NESTED);
    for (enum format format = TEXT; format < FORMATS; format++) {
        FILE *out = fopen("/dev/full", "we");
        cr_assert_not_null(out);
        cr_expect_eq(write_as(format, support_sample_profile(sample), &plain, out), -EIO,
                     "format %d", (int)format);
        (void)fclose(out);
        out = fopen("/dev/full", "we");
        cr_assert_not_null(out);
        setbuf(out, NULL);
        cr_expect_eq(write_as(format, support_sample_profile(sample), &plain, out), -EIO,
                     "format %d, unbuffered", (int)format);
        (void)fclose(out);
    }
    support_sample_free(sample);
}

/* ---- who waits ---- */

static void used(struct trace_connection *connection, bool from_server)
{
    *connection = (struct trace_connection){.from_server = from_server};
    connection->totals.round_trips[BENCH_TO_SERVER] = 5;
}

Test(trace_report, the_headline_says_who_waits, .timeout = 20)
{
    struct trace_connection connections[3] = {{0}};
    struct trace_profile profile = {.end_ns = 1000000000, .connections = connections};
    profile.totals.round_trips[BENCH_TO_SERVER] = 10;
    profile.totals.messages[BENCH_TO_SERVER] = 10;
    profile.totals.waiting_ns[BENCH_TO_SERVER] = 500000000;
    profile.nconnections = 2; /* one of them was only opened */
    used(&connections[0], false);
    cr_expect_str_eq(trace_headline(&profile).s,
                     "The program waited 500 ms of 1.00 s (50 %) for 10 round trips to the server.");
    used(&connections[0], true);
    cr_expect_str_eq(trace_headline(&profile).s, "The clients waited 500 ms of 1.00 s (50 %) for "
                                                 "10 round trips to the program, their server.");
    profile.nconnections = 3;
    used(&connections[2], false);
    cr_expect_not_null(strstr(trace_headline(&profile).s,
                              "The program waited 500 ms of 1.00 s (50 %, 2 connections added"));
    profile.totals.waiting_ns[BENCH_TO_SERVER] = 3000000000;
    cr_expect_not_null(strstr(trace_headline(&profile).s, "several threads waited at once"));
}

Test(trace_report, folders_of_a_place_go_first, .timeout = 20)
{
    const char *place = "/srv/app/models/user.py:7 load";
    cr_expect_str_eq(trace_place_text(place, 40).s, place);
    cr_expect_str_eq(trace_place_text(place, 24).s, "…/models/user.py:7 load");
    cr_expect_str_eq(trace_place_text(place, 18).s, "…/user.py:7 load");
    cr_expect_leq(bench_text_width(trace_place_text(place, 10).s), 10);
    cr_expect_leq(bench_text_width(trace_place_text("a.py:7 in/a/name/of/slashes", 12).s), 12);
    cr_expect_str_eq(trace_place_text("", 10).s, "");
}
