/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/units.h"
#include "suite/schedule.h"

TestSuite(schedule, .timeout = 60);

enum { T0 = 1000000007, MANY = 200000 };

static struct bench_load_model model(double rate, enum bench_arrival arrival)
{
    return (struct bench_load_model){.rate_per_s = rate, .arrival = arrival, .seed = 42};
}

/* All planned starts of a worker, at most max. */
static size_t walk(const struct bench_load_model *m, uint64_t units, int64_t budget_ns, int worker,
                   int workers, int64_t *out, size_t max)
{
    struct bench_schedule s;
    size_t n = 0;

    bench_schedule_init(&s, m, units, budget_ns, T0, worker, workers);
    for (; n < max && bench_schedule_peek(&s) != INT64_MAX; bench_schedule_take(&s)) {
        out[n] = bench_schedule_peek(&s);
        cr_assert_geq(out[n], n > 0 ? out[n - 1] : T0);
        n++;
    }
    return n;
}

static int64_t *room(void)
{
    int64_t *at = malloc(MANY * sizeof(*at));
    cr_assert_not_null(at);
    return at;
}

Test(schedule, constant_is_exact)
{
    struct bench_load_model m = model(1000, BENCH_ARRIVAL_CONSTANT);
    int64_t *at = room();

    cr_assert_eq(walk(&m, MANY - 1, 0, 0, 1, at, MANY), MANY - 1);
    for (int64_t k = 0; k < MANY - 1; k++)
        cr_assert_eq(at[k], T0 + k * BENCH_NS_PER_MS, "request %ld", (long)k);
    /* A rate whose period is no whole number of ns: rounded each time, never summed up. */
    m = model(7, BENCH_ARRIVAL_CONSTANT);
    cr_assert_eq(walk(&m, MANY, 0, 0, 1, at, MANY), MANY);
    for (int64_t k = 0; k < MANY; k++)
        cr_assert_leq(llabs(7 * (at[k] - T0) - k * BENCH_NS_PER_S), 4, "request %ld", (long)k);
    free(at);
}

Test(schedule, duration_and_budget_end_it)
{
    struct bench_load_model m = model(1000, BENCH_ARRIVAL_CONSTANT);
    struct bench_schedule s;
    int64_t *at = room();

    m.duration_ns = 2 * BENCH_NS_PER_S;
    cr_expect_eq(walk(&m, 5, 7, 0, 1, at, MANY), 2000, "neither units nor budget count then");
    m.duration_ns = 0;
    cr_expect_eq(walk(&m, MANY, BENCH_NS_PER_S, 0, 1, at, MANY), 1000);
    bench_schedule_init(&s, &m, 1001, BENCH_NS_PER_S, T0, 0, 1);
    while (bench_schedule_peek(&s) != INT64_MAX)
        bench_schedule_take(&s);
    cr_expect(bench_schedule_was_cut(&s));
    bench_schedule_init(&s, &m, 1000, BENCH_NS_PER_S, T0, 0, 1);
    while (bench_schedule_peek(&s) != INT64_MAX)
        bench_schedule_take(&s);
    cr_expect_not(bench_schedule_was_cut(&s));
    m.arrival = BENCH_ARRIVAL_POISSON;
    cr_expect_eq(walk(&m, 1234, 0, 0, 1, at, MANY), 1234);
    cr_expect_eq(walk(&m, 0, 0, 0, 1, at, MANY), 0);
    free(at);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Stephens 1974: exponential with the mean estimated from the sample; 1.957 at 1 %. */
static double anderson_darling(double *x, size_t n)
{
    double mean = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    qsort(x, n, sizeof(*x), compare_doubles);
    for (size_t i = 1; i <= n; i++)
        sum += (2 * (double)i - 1) *
               (log1p(-exp(-x[i - 1] / mean)) - x[n - i] / mean); /* ln F + ln(1 - F) */
    double a2 = -(double)n - sum / (double)n;
    return a2 * (1 + 0.6 / (double)n);
}

Test(schedule, anderson_darling_of_a_known_sample)
{
    double x[] = {.11, .52, .03, 1.9, .77, .34, 2.6, .08, .95, .41,
                  .19, 1.2, .66, .05, 3.1, .28, .87, .14, 1.5, .47};
    cr_expect_leq(fabs(anderson_darling(x, BENCH_COUNT_OF(x)) - 0.2143857739), 1e-9);
}

/* Gaps of all requests and those of every 100th pair. */
static void check_gaps(const int64_t *at, size_t n, double rate)
{
    double mean = 0, square = 0, *some = malloc(n / 100 * sizeof(*some));
    size_t nsome = 0;

    for (size_t i = 1; i < n; i++) {
        double gap = (double)(at[i] - at[i - 1]) / (double)BENCH_NS_PER_S;
        mean += gap / (double)(n - 1);
        square += gap * gap / (double)(n - 1);
        if (i % 100 == 50 && nsome < n / 100)
            some[nsome++] = gap;
    }
    /* Five standard errors: 1 / sqrt(n) of the mean, sqrt(8 / n) of the variance. */
    cr_expect_leq(fabs(mean * rate - 1), 5 / sqrt((double)n), "mean %g", mean * rate);
    cr_expect_leq(fabs((square - mean * mean) * rate * rate - 1), 5 * sqrt(8 / (double)n),
                  "variance %g", (square - mean * mean) * rate * rate);
    cr_expect_lt(anderson_darling(some, nsome), 1.957);
    free(some);
}

Test(schedule, poisson_is_exponential)
{
    struct bench_load_model m = model(5000, BENCH_ARRIVAL_POISSON);
    int64_t *at = room();
    size_t n = walk(&m, MANY, 0, 0, 1, at, MANY);

    cr_assert_eq(n, MANY);
    check_gaps(at, n, 5000);
    /* The seed is all that it depends on. */
    int64_t *again = room();
    cr_assert_eq(walk(&m, MANY, 0, 0, 1, again, MANY), MANY);
    cr_expect_arr_eq(at, again, MANY * sizeof(*at));
    m.seed++;
    cr_assert_eq(walk(&m, MANY, 0, 0, 1, again, MANY), MANY);
    cr_expect_neq(at[0], again[0]);
    cr_expect_neq(at[MANY - 1], again[MANY - 1]);
    free(at);
    free(again);
}

static const int crowds[] = {1, 2, 3, 8};

Test(schedule, constant_is_dealt_out)
{
    struct bench_load_model m = model(12345, BENCH_ARRIVAL_CONSTANT);
    int64_t *whole = room(), *dealt = room();

    m.ramp_ns = 300 * BENCH_NS_PER_MS;
    for (int by_time = 0; by_time < 2; by_time++) {
        m.duration_ns = by_time ? BENCH_NS_PER_S : 0;
        size_t all = walk(&m, 10000, 0, 0, 1, whole, MANY);
        for (size_t i = 0; i < BENCH_COUNT_OF(crowds); i++) {
            size_t n = 0, most = 0, least = all;
            for (int w = 0; w < crowds[i]; w++) {
                size_t share = walk(&m, 10000, 0, w, crowds[i], dealt + n, MANY - n);
                n += share;
                most = share > most ? share : most;
                least = share < least ? share : least;
            }
            cr_expect_leq(most - least, 1);
            cr_assert_eq(n, all, "%zu of %zu", n, all);
            qsort(dealt, n, sizeof(*dealt), compare);
            cr_expect_arr_eq(dealt, whole, n * sizeof(*dealt));
        }
    }
    free(whole);
    free(dealt);
}

Test(schedule, poisson_streams_add_up)
{
    struct bench_load_model m = model(6000, BENCH_ARRIVAL_POISSON);
    int64_t *at = room();
    size_t n = 0;

    m.duration_ns = 20 * BENCH_NS_PER_S;
    for (int w = 0; w < 3; w++)
        n += walk(&m, 0, 0, w, 3, at + n, MANY - n);
    qsort(at, n, sizeof(*at), compare);
    cr_expect_leq(fabs((double)n - 120000), 5 * sqrt(120000), "%zu requests", n);
    check_gaps(at, n, 6000);
    /* Counts are shared evenly, and exactly. */
    m.duration_ns = 0;
    n = 0;
    for (int w = 0; w < 3; w++) {
        size_t share = walk(&m, 1000, 0, w, 3, at, MANY);
        cr_expect_eq(share, w == 0 ? 334u : 333u);
        n += share;
    }
    cr_expect_eq(n, 1000u);
    free(at);
}

static size_t before(const int64_t *at, size_t n, int64_t after_ns)
{
    size_t count = 0;

    while (count < n && at[count] < T0 + after_ns)
        count++;
    return count;
}

/* Starts by time t are the integral of the rate. */
Test(schedule, ramp_rises_linearly)
{
    const double rate = 10000, ramp = 4;
    int64_t *at = room();

    for (int kind = 0; kind < BENCH_ARRIVAL_COUNT; kind++) {
        struct bench_load_model m = model(rate, (enum bench_arrival)kind);
        double tolerance = kind == BENCH_ARRIVAL_POISSON ? 5 : 0;
        m.ramp_ns = 4 * BENCH_NS_PER_S;
        m.duration_ns = 4 * BENCH_NS_PER_S;
        size_t n = walk(&m, 0, 0, 0, 1, at, MANY);
        for (int eighth = 1; eighth <= 16; eighth++) {
            double t = eighth / 2.0;
            double wanted = t < ramp ? rate * t * t / (2 * ramp) : rate * (t - ramp / 2);
            double got = (double)before(at, n, eighth * BENCH_NS_PER_S / 2);
            cr_expect_leq(fabs(got - wanted), 1 + tolerance * sqrt(wanted), "%g s: %g, not %g", t,
                          got, wanted);
        }
        /* Units are those after the ramp, in both kinds. */
        m.duration_ns = 0;
        n = walk(&m, 777, 0, 0, 1, at, MANY);
        cr_expect_eq(n - before(at, n, m.ramp_ns), 777u);
    }
    free(at);
}

/* What an open loop relies on: two copies go over the same requests. */
Test(schedule, copies_agree)
{
    struct bench_load_model m = model(1e6, BENCH_ARRIVAL_POISSON);
    struct bench_schedule due, taken;

    bench_schedule_init(&due, &m, UINT64_MAX, 0, T0, 1, 2);
    taken = due;
    int64_t *at = room();
    for (size_t i = 0; i < 1000; i++, bench_schedule_take(&due))
        at[i] = bench_schedule_peek(&due);
    for (size_t i = 0; i < 1000; i++, bench_schedule_take(&taken))
        cr_assert_eq(bench_schedule_peek(&taken), at[i]);
    cr_expect_eq(due.index, taken.index);
    free(at);
}
