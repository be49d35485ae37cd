/* SPDX-License-Identifier: MIT */
/* Steadiness of a series: published formulas on series whose results are known. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "stats/steady.h"

TestSuite(steady, .timeout = 20);

enum { N = 4000 };

/* Uniform in [0, 1): xorshift64*. */
static double noise(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * 0x2545f4914f6cdd1dULL) >> 11) / 9007199254740992.0;
}

static double exponential(uint64_t *state) { return -log(1 - noise(state)); }

static void settling(double *out, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = 10 + 20 * pow(0.8, i) + (i % 2 == 1 ? 1 : -1) * ((7 * i) % 5) / 5.0;
}

Test(steady, kpss_of_a_series_that_settles)
{
    double y[60];
    settling(y, 60);
    cr_expect_float_eq(bench_kpss(y, 60), 0.440923, 5e-7, "%.9f", bench_kpss(y, 60));
    cr_expect_float_eq(bench_kpss(y + 20, 40), 0.367983, 5e-7, "%.9f", bench_kpss(y + 20, 40));
}

/* By hand: n = 4, l = floor(12 * 0.04^(1/4)) = 5, so lags 1..3 with weights 5/6, 4/6, 3/6.
 * Residuals -3/2 -1/2 1/2 3/2; partial sums -3/2 -2 -3/2 0, their squares 8.5; products 5, 1.25,
 * -1.5, -2.25; n s2 = 5 + 2 (1.25 * 5/6 - 1.5 * 4/6 - 2.25 * 3/6) = 2.8333. */
Test(steady, kpss_of_a_short_line_by_hand)
{
    const double line[] = {1, 2, 3, 4};
    const double want = (8.5 / 16) / (17.0 / 6 / 4);
    cr_expect_float_eq(bench_kpss(line, 4), want, 1e-12, "%.12f", bench_kpss(line, 4));
}

Test(steady, kpss_of_almost_nothing)
{
    double tenths[50];
    for (int i = 0; i < 50; i++)
        tenths[i] = 0.1;
    cr_expect(isnan(bench_kpss(tenths, 0)));
    cr_expect(isnan(bench_kpss(tenths, 2)));
    cr_expect_eq(bench_kpss(tenths, 3), 0);
    cr_expect_eq(bench_kpss(tenths, 50), 0, "whatever rounding does to the mean of 0.1");
}

Test(steady, kpss_is_indifferent_to_unit_and_level)
{
    double y[60], z[60];
    settling(y, 60);
    for (int i = 0; i < 60; i++)
        z[i] = 1e-6 * y[i] + 3e-3;
    cr_expect_float_eq(bench_kpss(z, 60), bench_kpss(y, 60), 1e-6);
}

Test(steady, slope_of_lines)
{
    const double rising[] = {1, 3, 5, 7, 9}, bent[] = {0, 1, 0};
    cr_expect_float_eq(bench_slope(rising, 5), 2, 1e-12);
    cr_expect_float_eq(bench_slope(rising, 2), 2, 1e-12);
    cr_expect_float_eq(bench_slope(bent, 3), 0, 1e-12);
    cr_expect(isnan(bench_slope(rising, 1)));
    cr_expect(isnan(bench_slope(rising, 0)));
}

/* Exponential latencies with mean 1; trend: what the level gains from start to end. */
static enum bench_steadiness judge(uint64_t seed, size_t n, double trend, struct bench_steady *out)
{
    static double y[N];
    uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
    for (size_t i = 0; i < n; i++)
        y[i] = (1 + trend * (double)i / (double)n) * (0.5 + exponential(&state));
    cr_assert_eq(bench_steady_judge(y, n, out), 0);
    return out->verdict;
}

Test(steady, a_thousand_samples_are_enough_and_one_less_is_not)
{
    struct bench_steady s;
    cr_expect_eq(judge(1, BENCH_STEADY_SAMPLES - 1, 0, &s), BENCH_STEADY_TOO_SHORT);
    cr_expect(isnan(s.kpss) && isnan(s.drift));
    cr_expect_eq(judge(1, BENCH_STEADY_SAMPLES, 0, &s), BENCH_STEADY_YES);
    cr_expect(!isnan(s.kpss) && !isnan(s.drift));
    cr_expect_eq(judge(1, 0, 0, &s), BENCH_STEADY_TOO_SHORT);
}

Test(steady, healthy_series_are_rarely_and_drifting_ones_always_called_unsteady)
{
    struct bench_steady s;
    int healthy = 0, rising = 0, falling = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        healthy += judge(seed, N, 0, &s) == BENCH_STEADY_NO;
        rising += judge(seed, N, 1, &s) == BENCH_STEADY_NO;
        falling += judge(seed, N, -0.5, &s) == BENCH_STEADY_NO;
    }
    cr_expect_leq(healthy, 4, "%d of 200 healthy ones", healthy);
    cr_expect_eq(rising, 200, "%d of 200 rising ones", rising);
    cr_expect_eq(falling, 200, "%d of 200 falling ones", falling);
}

/* Both limits have to be passed: a trend without noise, around 5 % of its median. */
Test(steady, a_small_trend_is_let_pass_however_plain_it_is)
{
    static const struct {
        double trend;
        enum bench_steadiness want;
    } cases[] = {{0.049, BENCH_STEADY_YES}, {0.053, BENCH_STEADY_NO},
                 {-0.047, BENCH_STEADY_YES}, {-0.051, BENCH_STEADY_NO}};
    for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
        static double y[N];
        struct bench_steady s;
        for (size_t i = 0; i < N; i++)
            y[i] = 1 + cases[c].trend * (double)i / N;
        cr_assert_eq(bench_steady_judge(y, N, &s), 0);
        cr_expect_gt(s.kpss, 0.739);
        cr_expect_eq(s.verdict, cases[c].want, "trend %g: drift %g", cases[c].trend, s.drift);
        const double want = cases[c].trend / (1 + cases[c].trend / 2);
        cr_expect_float_eq(s.drift, want, 1e-4, "%g, expected %g", s.drift, want);
    }
}

/* Medians of batches: single outliers, even in one end only, are no drift. */
Test(steady, a_few_outliers_are_no_drift)
{
    static double y[N];
    struct bench_steady s;
    uint64_t state = 7;
    for (size_t i = 0; i < N; i++)
        y[i] = 1 + 0.1 * noise(&state);
    for (size_t i = N - 300; i < N; i += 10)
        y[i] = 1000;
    cr_assert_eq(bench_steady_judge(y, N, &s), 0);
    cr_expect_eq(s.verdict, BENCH_STEADY_YES, "kpss %g, drift %g", s.kpss, s.drift);
}

Test(steady, a_length_that_batches_do_not_divide_loses_no_end)
{
    static double y[N];
    struct bench_steady s;
    for (size_t i = 0; i < 1099; i++)
        y[i] = i < 1000 ? 1 : 2; /* the last 9 % only */
    cr_assert_eq(bench_steady_judge(y, 1099, &s), 0);
    cr_expect_gt(s.drift, 0.05);
}

Test(steady, nothing_but_zeros_is_steady)
{
    static double y[N];
    struct bench_steady s;
    cr_assert_eq(bench_steady_judge(y, N, &s), 0);
    cr_expect_eq(s.verdict, BENCH_STEADY_YES);
    cr_expect_eq(s.kpss, 0);
    cr_expect(isnan(s.drift));
}
