/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "stats/trace.h"

TestSuite(trace, .timeout = 60);

static struct bench_trace prepared(void)
{
    struct bench_trace trace = {0};

    cr_assert_eq(bench_trace_prepare(&trace), 0);
    cr_assert_eq(trace.stride, 1u);
    return trace;
}

/* Requests first, first + 1, ... each done at its number times step. */
static void add_many(struct bench_trace *trace, uint64_t n, int64_t first, int64_t step)
{
    for (uint64_t i = 0; i < n; i++)
        bench_trace_add(trace, first + (int64_t)i * step, (int64_t)i);
}

Test(trace, not_prepared_takes_nothing)
{
    struct bench_trace trace = {0};

    bench_trace_add(&trace, 1, 2);
    cr_expect_eq(trace.n, 0);
    bench_trace_fini(&trace);
    bench_trace_fini(&trace);
}

Test(trace, keeps_all_until_it_is_full)
{
    struct bench_trace trace = prepared();

    add_many(&trace, BENCH_TRACE_MAX, 10, 3);
    cr_expect_eq(trace.n, (size_t)BENCH_TRACE_MAX);
    cr_expect_eq(trace.stride, 1u);
    for (size_t i = 0; i < trace.n; i++)
        cr_assert(trace.points[i].done_ns == 10 + 3 * (int64_t)i &&
                  trace.points[i].response_ns == (int64_t)i);
    cr_expect_eq(bench_trace_prepare(&trace), 0, "once more changes nothing");
    cr_expect_eq(trace.n, (size_t)BENCH_TRACE_MAX);
    bench_trace_fini(&trace);
    cr_expect_null(trace.points);
}

/* Whatever passes, what is there is every stride-th request from the first on. */
Test(trace, stride_doubles)
{
    static const uint64_t counts[] = {BENCH_TRACE_MAX + 1, 2 * BENCH_TRACE_MAX,
                                      2 * BENCH_TRACE_MAX + 1, 1000003};

    for (size_t k = 0; k < BENCH_COUNT_OF(counts); k++) {
        struct bench_trace trace = prepared();
        add_many(&trace, counts[k], 0, 1);
        cr_expect_eq(trace.seen, counts[k]);
        cr_expect_eq(trace.n, (counts[k] + trace.stride - 1) / trace.stride);
        cr_expect_gt(trace.n, (size_t)BENCH_TRACE_MAX / 2);
        for (size_t i = 0; i < trace.n; i++)
            cr_assert_eq(trace.points[i].response_ns, (int64_t)(i * trace.stride));
        bench_trace_fini(&trace);
    }
}

static void expect_order(const struct bench_trace *trace)
{
    cr_assert_leq(trace->n, (size_t)BENCH_TRACE_MAX);
    for (size_t i = 1; i < trace->n; i++)
        cr_assert_leq(trace->points[i - 1].done_ns, trace->points[i].done_ns);
}

Test(trace, merge_in_order_of_time)
{
    struct bench_trace a = prepared(), b = prepared(), none = {0};

    add_many(&a, 1000, 0, 2);
    add_many(&b, 500, 1, 4);
    cr_assert_eq(bench_trace_merge(&a, &b), 0);
    expect_order(&a);
    cr_expect_eq(a.n, 1500);
    cr_expect_eq(a.stride, 1u);
    cr_expect_eq(a.seen, 1500u);
    cr_assert_eq(bench_trace_merge(&a, &none), 0);
    cr_expect_eq(a.n, 1500);
    /* Into nothing: a copy. */
    cr_assert_eq(bench_trace_merge(&none, &b), 0);
    cr_expect_eq(none.n, 500);
    cr_expect_arr_eq(none.points, b.points, 500 * sizeof(*b.points));
    cr_expect_neq(none.points, b.points);
    bench_trace_fini(&a);
    bench_trace_fini(&b);
    bench_trace_fini(&none);
}

/* A busy and a quiet worker: each has its share of the points. */
Test(trace, merge_to_the_larger_stride)
{
    struct bench_trace busy = prepared(), quiet = prepared();
    size_t of_quiet = 0;

    add_many(&busy, 4 * BENCH_TRACE_MAX, 0, 2); /* stride 4 */
    add_many(&quiet, BENCH_TRACE_MAX, 1, 8);    /* stride 1 */
    cr_assert_eq(bench_trace_merge(&quiet, &busy), 0);
    expect_order(&quiet);
    cr_expect_eq(quiet.stride, 8u, "4, and once more to fit");
    cr_expect_eq(quiet.n, (size_t)BENCH_TRACE_MAX * 5 / 8);
    cr_expect_eq(quiet.seen, 5u * BENCH_TRACE_MAX);
    for (size_t i = 0; i < quiet.n; i++)
        of_quiet += quiet.points[i].done_ns % 2 == 1;
    cr_expect(of_quiet >= quiet.n / 5 - quiet.n / 50 && of_quiet <= quiet.n / 5 + quiet.n / 50,
              "%zu of %zu", of_quiet, quiet.n);
    bench_trace_fini(&busy);
    bench_trace_fini(&quiet);
}
