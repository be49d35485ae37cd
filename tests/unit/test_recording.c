/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/recording.h"
#include "stats/wide.h"

TestSuite(recording, .timeout = 60);

static uint64_t random_state = 1181783497276652981u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static struct bench_recording *new_recording(void)
{
    struct bench_recording *recording = NULL;

    cr_assert_eq(bench_recording_new(&recording), 0);
    return recording;
}

static void sample(struct bench_recording *recording, enum bench_series_id id, int64_t ns)
{
    cr_assert_eq(bench_recording_sample(recording, id, ns), 0);
}

static struct bench_statistic statistic(const struct bench_recording *recording,
                                        enum bench_series_id id)
{
    struct bench_statistic out;

    bench_series_statistic(&recording->series[id], &out);
    return out;
}

static void near(double got, double wanted)
{
    cr_expect_leq(fabs(got - wanted), 1e-15 * fabs(wanted), "%.17g is not %.17g", got, wanted);
}

Test(recording, statistic_of_known_data)
{
    struct bench_recording *recording = new_recording();

    for (int64_t v = 1; v <= 100; v++)
        sample(recording, BENCH_SERIES_RESPONSE, v);
    struct bench_statistic s = statistic(recording, BENCH_SERIES_RESPONSE);
    cr_expect_eq(s.count, 100);
    near(s.mean, 50.5e-9);
    near(s.stdev, sqrt(100 * 101 / 12.0) * 1e-9); /* of 1..n: n (n + 1) / 12 */
    near(s.median, 50e-9);
    near(s.p90, 90e-9);
    near(s.p95, 95e-9);
    near(s.p99, 99e-9);
    near(s.p999, 100e-9);
    near(s.min, 1e-9);
    near(s.max, 100e-9);
    bench_recording_free(recording);
}

Test(recording, statistic_of_none_and_one)
{
    struct bench_recording *recording = new_recording();
    struct bench_statistic s = statistic(recording, BENCH_SERIES_LAG);

    cr_expect_eq(s.count, 0);
    cr_expect(isnan(s.mean) && isnan(s.median) && isnan(s.stdev) && isnan(s.min) && isnan(s.max) &&
              isnan(s.p90) && isnan(s.p95) && isnan(s.p99) && isnan(s.p999));
    cr_assert_eq(bench_recording_prepare(recording, BENCH_SERIES_LAG), 0);
    cr_expect(isnan(statistic(recording, BENCH_SERIES_LAG).p99));
    sample(recording, BENCH_SERIES_LAG, -3); /* counts as 0 */
    s = statistic(recording, BENCH_SERIES_LAG);
    cr_expect_eq(s.count, 1);
    cr_expect(s.mean == 0 && s.stdev == 0 && s.max == 0 && s.p999 == 0);
    bench_recording_free(recording);
}

/* A spread of 1 ns around a minute: in doubles n * sum_squares - sum^2 would be nothing but
 * rounding; n * sum_squares has 2^20 * 2^20 * 2^72 and does not fit into 128 bits, either, once n
 * is 2^28. */
Test(recording, stdev_survives_cancellation)
{
    struct bench_series series = {0};
    struct bench_statistic s;
    uint64_t n = UINT64_C(1) << 28;
    __int128 base = INT64_C(60000000000);

    cr_assert_eq(bench_hist_new(&series.hist), 0);
    bench_hist_record(series.hist, 60000000000);
    /* Half of them base, half base + 2. */
    series.count = n;
    series.min = 60000000000;
    series.max = 60000000002;
    series.sum = (__int128)(n / 2) * (2 * base + 2);
    series.sum_squares = (__int128)(n / 2) * (base * base + (base + 2) * (base + 2));
    bench_series_statistic(&series, &s);
    near(s.stdev, 1e-9 * sqrt((double)n / (double)(n - 1)));
    near(s.mean, 60.000000001);
    bench_hist_free(series.hist);
}

Test(recording, spread_of_256_bits)
{
    bool ok = false;
    __int128 big = BENCH_INT128_MAX;

    cr_expect_eq(bench_wide_spread(4, 10, 30, &ok), 20.0L);
    cr_expect(ok);
    cr_expect_eq(bench_wide_spread(4, 11, 30, &ok), 0.0L);
    cr_expect_not(ok);
    /* (2^64 - 1) (2^127 - 1), minus nothing. */
    long double all = bench_wide_spread(UINT64_MAX, 0, big, &ok);
    cr_expect(ok && fabsl(all / ldexpl(1, 191) - 1) < 1e-18L);
    cr_expect_eq(bench_wide_spread(1, big, big, &ok), 0.0L);
    cr_expect_not(ok);
    /* (2^127 - 1) * 2 - (2^64 - 1)^2 / ... : borrow between the halves. */
    __int128 root = ((__int128)1 << 64) - 1; /* root^2 = 2^128 - 2^65 + 1 */
    cr_expect_eq(bench_wide_spread(2, root, big, &ok), ldexpl(1, 65) - 3);
    cr_expect(ok);
}

Test(recording, wide_numbers_as_text)
{
    static const char *const good[] = {"0", "7", "10", "18446744073709551616",
                                       "170141183460469231731687303715884105727"};
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      "01",
                                      "1 ",
                                      " 1",
                                      "1e3",
                                      "0x1",
                                      "170141183460469231731687303715884105728",
                                      "999999999999999999999999999999999999999999"};
    __int128 value;

    for (size_t i = 0; i < BENCH_COUNT_OF(good); i++) {
        char text[BENCH_INT128_TEXT];
        cr_assert_eq(bench_wide_parse(good[i], &value), 0);
        bench_wide_text(value, text);
        cr_expect_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++)
        cr_expect_eq(bench_wide_parse(bad[i], &value), -EINVAL, "%s", bad[i]);
}

Test(recording, giant_samples_do_not_overflow)
{
    struct bench_recording *recording = new_recording();

    for (int i = 0; i < 5; i++)
        sample(recording, BENCH_SERIES_RESPONSE, INT64_MAX);
    cr_expect(recording->series[BENCH_SERIES_RESPONSE].sum_squares == BENCH_INT128_MAX);
    cr_expect(recording->series[BENCH_SERIES_RESPONSE].sum == (__int128)5 * INT64_MAX);
    cr_expect_eq(statistic(recording, BENCH_SERIES_RESPONSE).max, (double)INT64_MAX / 1e9);
    bench_recording_free(recording);
}

static void fill(struct bench_recording *recording, int samples)
{
    struct bench_op_stat stat = {.frames_sent = 2,
                                 .frames_received = 3,
                                 .round_trips = 2,
                                 .served = 1,
                                 .plain_sent = 100,
                                 .plain_received = 2000,
                                 .wire_sent = 90,
                                 .wire_received = 1500};

    cr_assert_eq(bench_trace_prepare(&recording->trace), 0);
    for (int i = 0; i < samples; i++) {
        int64_t ns = (int64_t)(next_random() >> (24 + next_random() % 20));
        sample(recording, BENCH_SERIES_RESPONSE, ns);
        sample(recording, BENCH_SERIES_SERVICE, ns / 2);
        sample(recording, BENCH_SERIES_FIRST_ANSWER, ns % 1000);
        bench_trace_add(&recording->trace, 1000000000 + i * 1000, ns);
        bench_recording_stat(recording, &stat);
        bench_recording_outcome(recording, i % 10 == 9 ? BENCH_FAILURE_TIMEOUT : BENCH_FAILURE_NONE,
                                i % 10 == 9 ? "no answer within 5 s" : NULL);
    }
    recording->tcp_sent = 12345;
    recording->tcp_received = 54321;
    recording->first_start = 1000000000;
    recording->last_done = 3500000000;
    recording->cpu_ns = 777;
    recording->clients = 4;
    recording->workers = 2;
    recording->busiest_cpu_ns = 776;
    recording->run_wait_ns = 12;
    recording->planned = 100;
    recording->sent = 99;
    recording->inflight_ns = 123456789012;
    recording->present_ns = 234567890123;
    recording->measured_ns = 2000000000;
}

static void check_same(const struct bench_recording *a, const struct bench_recording *b)
{
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++) {
        struct bench_statistic x, y;
        cr_assert_eq(a->series[i].count, b->series[i].count);
        if (a->series[i].count == 0)
            continue;
        cr_expect_eq(a->series[i].min, b->series[i].min);
        cr_expect_eq(a->series[i].max, b->series[i].max);
        cr_expect(a->series[i].sum == b->series[i].sum);
        cr_expect(a->series[i].sum_squares == b->series[i].sum_squares);
        /* Each figure that is printed is the same, to the last bit. */
        bench_series_statistic(&a->series[i], &x);
        bench_series_statistic(&b->series[i], &y);
        cr_expect_eq(memcmp(&x, &y, sizeof(x)), 0);
    }
    cr_expect_eq(a->attempted, b->attempted);
    cr_expect_eq(a->succeeded, b->succeeded);
    cr_expect_eq(memcmp(a->failures, b->failures, sizeof(a->failures)), 0);
    cr_expect_str_eq(a->first_error, b->first_error);
    cr_expect_eq(memcmp(&a->stat, &b->stat, sizeof(a->stat)), 0);
    cr_expect_eq(a->tcp_sent, b->tcp_sent);
    cr_expect_eq(a->tcp_received, b->tcp_received);
    cr_expect_eq(a->first_start, b->first_start);
    cr_expect_eq(a->last_done, b->last_done);
    cr_expect_eq(a->cpu_ns, b->cpu_ns);
    cr_expect_eq(a->clients, b->clients);
    cr_expect_eq(a->workers, b->workers);
    cr_expect_eq(a->busiest_cpu_ns, b->busiest_cpu_ns);
    cr_expect_eq(a->run_wait_ns, b->run_wait_ns);
    cr_expect_eq(a->planned, b->planned);
    cr_expect_eq(a->sent, b->sent);
    cr_expect_eq(a->inflight_ns, b->inflight_ns);
    cr_expect_eq(a->present_ns, b->present_ns);
    cr_expect_eq(a->measured_ns, b->measured_ns);
    cr_assert_eq(a->trace.n, b->trace.n);
    cr_expect(a->trace.n == 0 || a->trace.stride == b->trace.stride);
    if (a->trace.n > 0)
        cr_expect_arr_eq(a->trace.points, b->trace.points, a->trace.n * sizeof(*a->trace.points));
}

Test(recording, outcomes_and_messages)
{
    struct bench_recording *recording = new_recording();
    char longer[400];

    memset(longer, 'a', sizeof(longer));
    memcpy(longer + 254, "\xc3\xa4", 2); /* two bytes, of which one would fit */
    longer[399] = '\0';
    bench_recording_outcome(recording, BENCH_FAILURE_NONE, "ignored");
    cr_expect_str_eq(recording->first_error, "");
    bench_recording_outcome(recording, BENCH_FAILURE_RESET, longer);
    cr_expect_eq(strlen(recording->first_error), 254);
    bench_recording_outcome(recording, BENCH_FAILURE_RESET, "second");
    cr_expect_eq(recording->first_error[0], 'a');
    cr_expect_eq(recording->attempted, 3);
    cr_expect_eq(recording->succeeded, 1);
    cr_expect_eq(recording->failures[BENCH_FAILURE_RESET], 2);
    bench_recording_reset(recording);
    bench_recording_outcome(recording, BENCH_FAILURE_OTHER, "two\nlines");
    cr_expect_str_eq(recording->first_error, "two lines");
    bench_recording_reset(recording);
    bench_recording_outcome(recording, BENCH_FAILURE_TIMEOUT, NULL);
    cr_expect_str_eq(recording->first_error, bench_failure_name(BENCH_FAILURE_TIMEOUT));
    bench_recording_free(recording);
    bench_recording_free(NULL);
}

Test(recording, merge_equals_recording_all)
{
    struct bench_recording *a = new_recording(), *b = new_recording(), *all = new_recording();

    for (int i = 0; i < 5000; i++) {
        int64_t ns = (int64_t)(next_random() >> 34);
        sample(i % 4 ? a : b, BENCH_SERIES_RESPONSE, ns);
        sample(all, BENCH_SERIES_RESPONSE, ns);
    }
    sample(b, BENCH_SERIES_CONNECT, 42);
    sample(all, BENCH_SERIES_CONNECT, 42);
    bench_recording_outcome(b, BENCH_FAILURE_WRONG, "wrong");
    bench_recording_outcome(all, BENCH_FAILURE_WRONG, "wrong");
    a->first_start = 20, a->last_done = 30, a->cpu_ns = 5, a->clients = 1;
    b->first_start = 10, b->last_done = 25, b->cpu_ns = 6, b->clients = 2;
    all->first_start = 10, all->last_done = 30, all->cpu_ns = 11, all->clients = 3;
    cr_assert_eq(bench_recording_merge(a, b), 0);
    check_same(a, all);
    bench_recording_reset(b);
    cr_assert_eq(bench_recording_merge(a, b), 0); /* an empty one changes nothing */
    check_same(a, all);
    cr_assert_eq(bench_recording_merge(b, a), 0);
    check_same(b, all);
    bench_recording_free(a);
    bench_recording_free(b);
    bench_recording_free(all);
}

Test(recording, merge_of_load_figures)
{
    struct bench_recording *a = new_recording(), *b = new_recording();

    fill(a, 10);
    fill(b, 20);
    b->busiest_cpu_ns = 5;
    b->measured_ns = 3000000000;
    cr_assert_eq(bench_recording_merge(a, b), 0);
    cr_expect_eq(a->workers, 4u);
    cr_expect_eq(a->busiest_cpu_ns, 776);
    cr_expect_eq(a->run_wait_ns, 24);
    cr_expect_eq(a->planned, 200u);
    cr_expect_eq(a->sent, 198u);
    cr_expect_eq(a->inflight_ns, 2 * INT64_C(123456789012));
    cr_expect_eq(a->present_ns, 2 * INT64_C(234567890123));
    cr_expect_eq(a->measured_ns, 3000000000);
    cr_expect_eq(a->trace.n, 30);
    b->run_wait_ns = -1;
    cr_assert_eq(bench_recording_merge(a, b), 0);
    cr_expect_eq(a->run_wait_ns, -1, "unknown of one is unknown of all");
    b->run_wait_ns = 7;
    cr_assert_eq(bench_recording_merge(a, b), 0);
    cr_expect_eq(a->run_wait_ns, -1);
    bench_recording_free(a);
    bench_recording_free(b);
}

Test(recording, a_settled_one_has_no_trace)
{
    struct bench_recording *recording = new_recording();

    fill(recording, 10);
    cr_expect_eq(recording->trace.n, 10);
    struct bench_trace_point *points = recording->trace.points;
    bench_recording_reset(recording);
    cr_expect_eq(recording->trace.points, points, "prepared as before");
    cr_expect_eq(recording->trace.n, 0);
    bench_trace_add(&recording->trace, 1, 1);
    cr_expect_eq(recording->trace.n, 1);
    bench_recording_settle(recording);
    cr_expect_null(recording->trace.points);
    cr_expect_eq(recording->trace.n, 0);
    bench_recording_settle(recording);
    bench_recording_free(recording);
}

Test(recording, duration)
{
    struct bench_recording *recording = new_recording();

    cr_expect_eq(bench_recording_duration(recording), 0);
    recording->first_start = 1000000000;
    recording->last_done = 3500000000;
    cr_expect_eq(bench_recording_duration(recording), 2.5);
    bench_recording_free(recording);
}

Test(recording, reset_keeps_what_was_prepared)
{
    struct bench_recording *recording = new_recording();

    cr_assert_eq(bench_recording_prepare(recording, BENCH_SERIES_LAG), 0);
    struct bench_hist *hist = recording->series[BENCH_SERIES_LAG].hist;
    sample(recording, BENCH_SERIES_LAG, 5);
    bench_recording_reset(recording);
    cr_expect_eq(recording->series[BENCH_SERIES_LAG].hist, hist);
    cr_expect_eq(recording->series[BENCH_SERIES_LAG].count, 0);
    cr_expect_eq(bench_hist_count(hist), 0);
    bench_recording_free(recording);
}

static char *text_of(const struct bench_recording *recording)
{
    char *text = NULL;

    cr_assert_eq(bench_recording_write(recording, &text), 0);
    return text;
}

Test(recording, write_and_read)
{
    static const int sizes[] = {0, 1, 7, 3000};

    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        struct bench_recording *recording = new_recording(), *back = NULL;
        struct bench_error err = {0};
        fill(recording, sizes[i]);
        cr_assert_eq(bench_recording_prepare(recording, BENCH_SERIES_CONNECT), 0);
        char *text = text_of(recording);
        cr_expect_null(strstr(text, "\"connect\"")); /* empty series are left out */
        cr_expect_eq(strstr(text, "\"trace\"") != NULL, sizes[i] > 0);
        cr_assert_eq(bench_recording_read(text, strlen(text), &back, &err), 0, "%s", err.msg);
        check_same(recording, back);
        char *again = text_of(back);
        cr_expect_str_eq(text, again);
        free(text);
        free(again);
        bench_recording_free(recording);
        bench_recording_free(back);
    }
}

Test(recording, message_that_is_not_utf8)
{
    struct bench_recording *recording = new_recording(), *back = NULL;

    bench_recording_outcome(recording, BENCH_FAILURE_REMOTE, "bad \xff\xfe byte");
    char *text = text_of(recording);
    cr_assert_eq(bench_recording_read(text, strlen(text), &back, NULL), 0);
    cr_expect_str_eq(back->first_error, "bad ?? byte");
    free(text);
    bench_recording_free(recording);
    bench_recording_free(back);
}

static void refuse(const char *text, const char *word)
{
    struct bench_recording *back = NULL;
    struct bench_error err = {0};

    cr_expect_eq(bench_recording_read(text, strlen(text), &back, &err), -EINVAL, "%.200s", text);
    cr_expect_null(back);
    cr_expect_not_null(strstr(err.msg, word), "'%s' does not name %s", err.msg, word);
}

#define EMPTY "\"attempted\": 0, \"succeeded\": 0, \"series\": {}"

Test(recording, smallest_text)
{
    const char *text = "{\"version\": 1, " EMPTY "}";
    struct bench_recording *back = NULL;

    cr_assert_eq(bench_recording_read(text, strlen(text), &back, NULL), 0);
    cr_expect_eq(back->attempted, 0);
    cr_expect_eq(back->run_wait_ns, -1, "not measured");
    bench_recording_free(back);
}

Test(recording, hostile_texts_are_refused)
{
    static const char *const cases[][2] = {
        {"", "line"},
        {"[]", "object"},
        {"{", "line"},
        {"{\"version\": 1, " EMPTY "} x", "line"},
        {"{" EMPTY "}", "version"},
        {"{\"version\": 2, " EMPTY "}", "version 2"},
        {"{\"version\": \"1\", " EMPTY "}", "version"},
        {"{\"version\": 1, \"version\": 1, " EMPTY "}", "line"},
        {"{\"version\": 1, \"series\": {}}", "attempted"},
        {"{\"version\": 1, \"attempted\": 1, \"succeeded\": 1}", "series"},
        {"{\"version\": 1, \"attempted\": 1, \"succeeded\": 2, \"series\": {}}", "succeeded"},
        {"{\"version\": 1, \"attempted\": -1, \"succeeded\": 0, \"series\": {}}", "attempted"},
        {"{\"version\": 1, \"attempted\": 1.5, \"succeeded\": 0, \"series\": {}}", "attempted"},
        {"{\"version\": 1, \"attempted\": 99999999999999999999, \"succeeded\": 0}", "line"},
        {"{\"version\": 1, " EMPTY ", \"clients\": 4294967296}", "clients"},
        {"{\"version\": 1, " EMPTY ", \"cpu_ns\": -1}", "cpu_ns"},
        {"{\"version\": 1, " EMPTY ", \"workers\": -1}", "workers"},
        {"{\"version\": 1, " EMPTY ", \"run_wait_ns\": -2}", "run_wait_ns"},
        {"{\"version\": 1, " EMPTY ", \"inflight_ns\": -1}", "inflight_ns"},
        {"{\"version\": 1, " EMPTY ", \"planned\": 1, \"sent\": 2}", "2 of 1"},
        {"{\"version\": 1, " EMPTY ", \"cpu_ns\": 1, \"busiest_cpu_ns\": 2}", "busiest"},
        {"{\"version\": 1, " EMPTY ", \"trace\": 5}", "trace"},
        {"{\"version\": 1, " EMPTY ", \"trace\": {}}", "trace"},
        {"{\"version\": 1, " EMPTY
         ", \"trace\": {\"stride\": 1, \"done\": [1], \"response\": [1]}}",
         "0 responses"},
        {"{\"version\": 1, " EMPTY ", \"stat\": 5}", "stat"},
        {"{\"version\": 1, " EMPTY ", \"stat\": {\"served\": null}}", "served"},
        {"{\"version\": 1, " EMPTY ", \"first_error\": 5}", "first_error"},
        {"{\"version\": 1, " EMPTY ", \"first_error\": \"a\\u0000b\"}", "line"},
        {"{\"version\": 1, " EMPTY ", \"failures\": []}", "failures"},
        {"{\"version\": 1, " EMPTY ", \"failures\": {\"timeout\": 1}}", "timeout"},
        {"{\"version\": 1, " EMPTY ", \"failures\": {\"gremlins\": 0}}", "gremlins"},
        {"{\"version\": 1, " EMPTY ", \"failures\": {\"none\": 0}}", "none"},
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        refuse(cases[i][0], cases[i][1]);
}

/* 3 samples in bucket 1000 and 300 in bucket 1001, as in test_hist.c. */
#define HISTOGRAM "eJx7wc7MuIYJAAcCAaI="

static void refuse_series(const char *name, const char *count, const char *extremes,
                          const char *sum, const char *sum_squares, const char *histogram,
                          const char *word)
{
    char text[1000];

    (void)snprintf(text, sizeof(text),
                   "{\"version\": 1, \"attempted\": 303, \"succeeded\": 303, \"series\": {\"%s\": {"
                   "\"count\": %s, %s, \"sum\": %s, \"sum_squares\": %s, \"histogram\": %s}}}",
                   name, count, extremes, sum, sum_squares, histogram);
    if (word) {
        refuse(text, word);
        return;
    }
    struct bench_recording *back = NULL;
    struct bench_error err = {0};
    cr_assert_eq(bench_recording_read(text, strlen(text), &back, &err), 0, "%s", err.msg);
    bench_recording_free(back);
}

Test(recording, series_that_contradict_themselves_are_refused)
{
    const char *mm = "\"min\": 1000, \"max\": 1001", *sum = "\"303300\"";
    const char *squares = "\"303600300\""; /* 3 * 1000^2 + 300 * 1001^2 */
    const char *hist = "\"" HISTOGRAM "\"";

    refuse_series("response", "303", mm, sum, squares, hist, NULL);
    refuse_series("respond", "303", mm, sum, squares, hist, "respond");
    refuse_series("response", "302", mm, sum, squares, hist, "302");
    refuse_series("response", "0", mm, sum, squares, hist, "no samples");
    refuse_series("response", "303", "\"min\": 999, \"max\": 1001", sum, squares, hist, "min");
    refuse_series("response", "303", "\"min\": 1000, \"max\": 1002", sum, squares, hist, "max");
    refuse_series("response", "303", "\"min\": 1001, \"max\": 1000", sum, squares, hist, "min");
    refuse_series("response", "303", "\"min\": -1, \"max\": 1001", sum, squares, hist, "min");
    refuse_series("response", "303", mm, "303300", squares, hist, "sum");
    refuse_series("response", "303", mm, "\"302999\"", squares, hist, "sum");
    refuse_series("response", "303", mm, "\"303304\"", squares, hist, "sum");
    refuse_series("response", "303", mm, "\"-5\"", squares, hist, "sum");
    refuse_series("response", "303", mm, sum, "\"303600296\"", hist, "sum_squares");
    refuse_series("response", "303", mm, sum, squares, "null", "histogram");
    refuse_series("response", "303", mm, sum, squares, "\"AAAA\"", "histogram");
    refuse("{\"version\": 1, \"attempted\": 0, \"succeeded\": 0, \"series\": {\"lag\": []}}",
           "lag");
}

/* 303 responses between 5 ns and 100 ns on the clock, with that trace. */
static void try_trace(const char *trace, const char *word)
{
    char text[1000];
    struct bench_recording *back = NULL;
    struct bench_error err = {0};

    (void)snprintf(text, sizeof(text),
                   "{\"version\": 1, \"attempted\": 303, \"succeeded\": 303, \"first_start\": 5, "
                   "\"last_done\": 100, \"series\": {\"response\": {\"count\": 303, \"min\": 1000, "
                   "\"max\": 1001, \"sum\": \"303300\", \"sum_squares\": \"303600300\", "
                   "\"histogram\": \"" HISTOGRAM "\"}}, \"trace\": %s}",
                   trace);
    if (word) {
        refuse(text, word);
        return;
    }
    cr_assert_eq(bench_recording_read(text, strlen(text), &back, &err), 0, "%s", err.msg);
    cr_expect_eq(back->trace.stride, 4u);
    cr_expect_eq(back->trace.n, 2);
    cr_expect_eq(back->trace.points[0].done_ns, 15);
    cr_expect_eq(back->trace.points[1].done_ns, 100);
    cr_expect_eq(back->trace.points[1].response_ns, 8);
    cr_expect_eq(back->trace.seen, 5u);
    bench_recording_free(back);
}

Test(recording, hostile_traces_are_refused)
{
    try_trace("{\"stride\": 4, \"done\": [10, 95], \"response\": [7, 8]}", NULL);
    try_trace("{\"stride\": 0, \"done\": [10, 95], \"response\": [7, 8]}", "stride 0");
    try_trace("{\"stride\": 3, \"done\": [10, 95], \"response\": [7, 8]}", "stride 3");
    try_trace("{\"stride\": -4, \"done\": [10, 95], \"response\": [7, 8]}", "stride");
    try_trace("{\"stride\": 4, \"done\": [10, 96], \"response\": [7, 8]}", "point 1");
    try_trace("{\"stride\": 4, \"done\": [10, 9], \"response\": [7, 8]}", "point 1");
    try_trace("{\"stride\": 4, \"done\": [-1, 9], \"response\": [7, 8]}", "point 0");
    try_trace("{\"stride\": 4, \"done\": [1, 9], \"response\": [-7, 8]}", "point 0");
    try_trace("{\"stride\": 4, \"done\": [1, 9], \"response\": [7, null]}", "point 1");
    try_trace("{\"stride\": 4, \"done\": [1, 9], \"response\": [7]}", "2 \"done\"");
    try_trace("{\"stride\": 4, \"done\": [], \"response\": []}", "0 \"done\"");
    try_trace("{\"stride\": 4, \"done\": {\"a\": 1}, \"response\": [1]}", "0 \"done\"");
}

/* Whatever happens to a text, reading ends with a recording that can be written, or refuses. */
Test(recording, mutated_texts)
{
    struct bench_recording *recording = new_recording();
    int refused = 0;

    fill(recording, 40);
    char *text = text_of(recording);
    size_t length = strlen(text);
    for (int round = 0; round < 1500; round++) {
        struct bench_recording *back = NULL;
        char *copy = malloc(length); /* without an end: the length alone counts */
        memcpy(copy, text, length);
        for (uint64_t n = next_random() % 3 + 1; n > 0; n--) {
            size_t at = next_random() % length;
            copy[at] = next_random() % 2 ? (char)('0' + next_random() % 10) : (char)next_random();
        }
        size_t cut = round % 5 == 0 ? next_random() % length : length;
        if (bench_recording_read(copy, cut, &back, NULL) == 0) {
            char *again = text_of(back);
            free(again);
            bench_recording_free(back);
        } else {
            cr_assert_null(back);
            refused++;
        }
        free(copy);
    }
    cr_expect_gt(refused, 700);
    free(text);
    bench_recording_free(recording);
}

Test(recording, depth_bomb)
{
    struct bench_recording *back = NULL;
    size_t length = 1 << 20;
    char *text = malloc(length);

    memset(text, '[', length);
    cr_expect_eq(bench_recording_read(text, length, &back, NULL), -EINVAL);
    free(text);
}

Test(recording, keys)
{
    cr_expect_str_eq(bench_series_key(BENCH_SERIES_RESPONSE), "response");
    cr_expect_str_eq(bench_series_key(BENCH_SERIES_FIRST_ANSWER), "first_answer");
}
