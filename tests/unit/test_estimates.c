/* SPDX-License-Identifier: MIT */
/* Estimates and tests against values worked out by SciPy or printed in books. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/estimate.h"
#include "stats/tests.h"
#include "stats/usl.h"

TestSuite(estimates, .timeout = 60);

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const double a[] = {101.2, 99.8, 103.5, 98.7, 104.1, 100.9, 102.2, 97.9, 105.6, 101.5};
static const double b[] = {108.4, 104.9, 110.2, 103.3, 107.7, 112.6,
                           106.1, 104.1, 109.9, 105.6, 111.3, 104.1};

/* Within a unit of the last of the digits that are given. */
static void expect_near(double value, double wanted, double within, const char *what)
{
    cr_expect(fabs(value - wanted) <= within, "%s: %.15g instead of %.15g", what, value, wanted);
}

Test(estimates, welch_and_pooled)
{
    struct bench_t_test welch = bench_welch(a, N(a), b, N(b));
    expect_near(welch.t, -4.9249383351, 1e-10, "t");
    expect_near(welch.df, 19.9103860712, 1e-10, "degrees of freedom");
    expect_near(welch.p, 8.26975499689e-05, 1e-16, "p");
    expect_near(bench_pooled_t(a, N(a), b, N(b)).t, -4.8071638839, 1e-10, "pooled t");
}

Test(estimates, welch_of_what_cannot_be_tested)
{
    const double same[] = {2, 2, 2}, other[] = {3, 3, 3};
    cr_expect(isnan(bench_welch(a, 1, b, N(b)).p));
    cr_expect(bench_welch(same, 3, other, 3).p <= 0, "no variance and a difference: certain");
    cr_expect(bench_welch(same, 3, same, 3).p >= 1, "no variance and no difference");
}

Test(estimates, mann_whitney)
{
    struct bench_rank_test test;
    cr_assert_eq(bench_mann_whitney(a, N(a), b, N(b), &test), 0);
    expect_near(test.statistic, 7.5, 0, "U");
    expect_near(test.ties, 30, 0, "ties");
    cr_expect_not(test.exact, "there are ties");
    expect_near(test.p, 5.95558940422e-04, 1e-15, "p");
}

Test(estimates, mann_whitney_without_ties_is_exact)
{
    const double low[] = {1, 2, 3, 4}, high[] = {5, 6, 7, 8};
    struct bench_rank_test test;
    double p;
    cr_assert_eq(bench_mann_whitney(low, 4, high, 4, &test), 0);
    cr_expect(test.exact);
    expect_near(test.p, 2.0 / 70, 1e-15, "the least p of 4 and 4");
    cr_assert_eq(bench_mann_whitney_cdf(10, 12, 7, &p), 0);
    expect_near(p, 6.95898528716e-05, 1e-16, "P(U <= 7)");
}

Test(estimates, effect_sizes)
{
    expect_near(bench_cliff_delta(a, N(a), b, N(b)), -0.875, 1e-12, "Cliff");
    cr_expect_str_eq(bench_cliff_word(-0.875), "large");
    cr_expect_str_eq(bench_cliff_word(0.2), "small");
    struct bench_bounds shift;
    cr_assert_eq(bench_shift_bounds(b, N(b), a, N(a), 0.95, &shift), 0);
    expect_near(shift.estimate, -5.75, 1e-9, "shift");
    expect_near(shift.low, -8.7, 1e-9, "low");
    expect_near(shift.high, -2.9, 1e-9, "high");
    expect_near(shift.confidence, 0.95743, 5e-6, "confidence");
}

Test(estimates, ratio_of_means)
{
    const double z = gsl_cdf_ugaussian_Pinv(0.975);
    struct bench_bounds fieller = bench_ratio_fieller(a, N(a), b, N(b), z);
    expect_near(fieller.estimate, 1.05721883, 5e-9, "ratio");
    expect_near(fieller.low, 1.0341207308, 1e-10, "low");
    expect_near(fieller.high, 1.0807738127, 1e-10, "high");
    /* The denominator may be 0: nothing is known. */
    const double around[] = {-1, 1, -2, 2.1};
    cr_expect(isinf(bench_ratio_fieller(around, 4, b, N(b), z).high));
}

Test(estimates, ratio_by_ranks)
{
    struct bench_bounds shift, ratio;
    double logs_a[N(a)], logs_b[N(b)];
    for (size_t i = 0; i < N(a); i++)
        logs_a[i] = log(a[i]);
    for (size_t i = 0; i < N(b); i++)
        logs_b[i] = log(b[i]);
    cr_assert_eq(bench_shift_bounds(logs_a, N(a), logs_b, N(b), 0.95, &shift), 0);
    cr_assert_eq(bench_ratio_bounds(a, N(a), b, N(b), 0.95, &ratio), 0);
    expect_near(ratio.estimate, exp(shift.estimate), 1e-12, "ratio");
    expect_near(ratio.low, exp(shift.low), 1e-12, "low");
    const double zero[] = {1, 0, 2};
    cr_assert_eq(bench_ratio_bounds(zero, 3, b, N(b), 0.95, &ratio), 0);
    cr_expect(isnan(ratio.estimate), "zero has no logarithm");
}

Test(estimates, signed_ranks_and_sign_flips)
{
    const double d[] = {-5.1, -3.9, -6.2, -4.4, -5.8, -2.9, -4.9, -6.5};
    struct bench_rank_test test;
    struct bench_bounds walsh;
    cr_assert_eq(bench_wilcoxon(d, N(d), &test), 0);
    expect_near(test.p, 0.0078125, 1e-15, "Wilcoxon");
    expect_near(bench_sign_flip(d, N(d), 1, 0), 0.0078125, 1e-15, "sign flips");
    cr_assert_eq(bench_walsh_bounds(d, N(d), 0.95, &walsh), 0);
    expect_near(walsh.estimate, -5.025, 1e-12, "median of the averages");
    expect_near(walsh.low, -6.15, 1e-12, "low");
    expect_near(walsh.high, -3.9, 1e-12, "high");
    cr_assert_eq(bench_walsh_bounds(d, 5, 0.95, &walsh), 0);
    cr_expect(isnan(walsh.low), "five values have no such interval");
}

Test(estimates, sign_flips_of_many_blocks_are_drawn)
{
    double d[40];
    for (size_t i = 0; i < N(d); i++)
        d[i] = i % 2 == 0 ? 1 + (double)i : -(double)i;
    double p = bench_sign_flip(d, N(d), 7, 20000);
    cr_expect(p > 0.5 && p <= 1, "no difference: %g", p);
    for (size_t i = 0; i < N(d); i++)
        d[i] = 1;
    expect_near(bench_sign_flip(d, N(d), 7, 20000), 1.0 / 20001, 1e-12, "all alike");
}

Test(estimates, holm)
{
    const double p[] = {.001, .013, .014, NAN, .2, .04},
                 wanted[] = {.005, .052, .052, NAN, .2, .08};
    double adjusted[N(p)];
    cr_assert_eq(bench_holm(p, N(p), adjusted), 0);
    for (size_t i = 0; i < N(p); i++) {
        if (isnan(wanted[i]))
            cr_expect(isnan(adjusted[i]));
        else
            expect_near(adjusted[i], wanted[i], 1e-12, "adjusted p");
    }
}

Test(estimates, spearman_and_neighbours)
{
    const double other[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    struct bench_correlation c;
    double mad;
    cr_assert_eq(bench_spearman(a, other, N(a), &c), 0);
    expect_near(c.rho, 0.1834939609, 1e-10, "rho");
    expect_near(c.p, 0.611851037934, 1e-12, "p");
    expect_near(bench_lag1(a, N(a)), -0.6718457765, 1e-10, "lag 1");
    cr_assert_eq(bench_mad(a, N(a), &mad), 0);
    expect_near(mad, 2.7428141042, 2e-4, "MAD");
    struct bench_portmanteau q = bench_ljung_box(a, N(a), 3);
    expect_near(q.q, 9.962802, 1e-6, "Ljung-Box");
    expect_near(q.p, 0.018885, 1e-6, "its p");
}

Test(estimates, anderson_darling)
{
    const double x[] = {.11, .52, .03, 1.9, .77, .34, 2.6, .08, .95, .41,
                        .19, 1.2, .66, .05, 3.1, .28, .87, .14, 1.5, .47};
    double a2, corrected;
    cr_assert_eq(bench_anderson_exponential(x, N(x), &a2, &corrected), 0);
    expect_near(a2, 0.2081415280, 1e-10, "A2");
    expect_near(corrected, 0.2143857739, 1e-10, "A2 corrected");
}

Test(estimates, warm_up)
{
    double y[60], statistic;
    size_t drop;
    for (int i = 0; i < 60; i++)
        y[i] = 10 + 20 * pow(.8, i) + (i % 2 != 0 ? 1 : -1) * (7 * i % 5) / 5.0;
    cr_expect(bench_mser5(y, 60, &drop, &statistic));
    cr_expect_eq(drop, 4);
    expect_near(statistic, 0.00293312, 1e-8, "MSER");
    cr_expect_not(bench_mser5(y, 15, &drop, &statistic), "too short");
}

Test(estimates, levels)
{
    const double v[] = {10.1, 10.3, 10.2, 10.4, 11.0, 11.1, 10.9, 11.2, 9.8, 9.9, 9.7, 10.0};
    struct bench_levels levels = bench_levels_of(v, 3, 4, 0.95);
    expect_near(levels.within, .0166667, 5e-8, "S1");
    expect_near(levels.between, .3733333, 5e-8, "S2");
    expect_near(levels.process, .3691667, 5e-8, "T2");
    expect_near((levels.mean.high - levels.mean.low) / 2, 1.5178332, 5e-8, "half width");
    cr_expect_eq(bench_levels_samples(&levels, 1, 100), 3); /* sqrt(100 * .01667 / .36917) = 2.1 */
    size_t trials = bench_levels_trials(&levels, 4, 0.05, 0.95, 1000);
    struct bench_levels same = levels;
    cr_expect_gt(trials, 3);
    cr_expect_lt(bench_levels_trials(&same, 4, 0.10, 0.95, 1000), trials);
}

Test(estimates, percentile_positions)
{
    uint64_t j, k;
    bench_percentile_positions(367, 0.99, 0.95, &j, &k);
    cr_expect_eq(k, 368, "367 samples have no upper end for p99");
    bench_percentile_positions(368, 0.99, 0.95, &j, &k);
    cr_expect_eq(k, 368);
    bench_percentile_positions(3687, 0.999, 0.95, &j, &k);
    cr_expect_eq(k, 3688);
    bench_percentile_positions(3688, 0.999, 0.95, &j, &k);
    cr_expect_eq(k, 3688);
    bench_percentile_positions(5, 0.5, 0.95, &j, &k);
    cr_expect_eq(j, 0);
    bench_percentile_positions(6, 0.5, 0.95, &j, &k);
    cr_expect_eq(j, 1);
    cr_expect_eq(k, 6);
}

Test(estimates, outliers_are_named)
{
    double v[12];
    bool out[12];
    memcpy(v, b, sizeof(b));
    v[3] = 900;
    cr_expect_eq(bench_outliers(v, N(v), out), 1);
    cr_expect(out[3]);
}

/* ---- bootstrap ---- */

static double mean_at(const size_t *positions, size_t n, void *user)
{
    const double *values = user;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[positions[i]];
    return sum / (double)n;
}

Test(estimates, bca)
{
    struct bench_bounds out;
    double values[N(a)];
    memcpy(values, a, sizeof(a));
    cr_assert_eq(bench_bca(mean_at, values, N(a), NULL, 50000, 1, 0.95, &out), 0);
    expect_near(out.estimate, 101.54, 1e-9, "mean");
    expect_near(out.low, 100.16, .05, "low");
    expect_near(out.high, 102.98, .05, "high");
    const size_t outside[] = {0, 1, 10};
    cr_expect_lt(bench_bca(mean_at, values, 3, outside, 1, 0, 0.95, &out), 0);
    cr_expect_lt(bench_bca(mean_at, values, 2, NULL, 100, 1, 0.95, &out), 0);
}

Test(estimates, percentiles_are_read_from_merged_histograms)
{
    enum { TRIALS = 8 };
    struct bench_hist *trials[TRIALS];
    const struct bench_hist *borrowed[TRIALS];
    struct bench_bounds out;
    for (size_t t = 0; t < TRIALS; t++) {
        cr_assert_eq(bench_hist_new(&trials[t]), 0);
        for (int64_t i = 1; i <= 1000; i++)
            bench_hist_record(trials[t], i * (int64_t)(1000 + t));
        borrowed[t] = trials[t];
    }
    cr_assert_eq(bench_percentile_bounds(borrowed, TRIALS, 0.99, 2000, 1, 0.95, &out), 0);
    cr_expect(out.low < out.estimate && out.estimate < out.high);
    cr_expect(out.low > 990e-6 && out.high < 997e-6, "%g .. %g", out.low, out.high);
    for (size_t t = 0; t < TRIALS; t++)
        bench_hist_free(trials[t]);
}

/* ---- the universal scalability law ---- */

/* Throughput of a Cisco benchmark as published with the law (Gunther; usl4j). */
static const double cisco_n[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
static const double cisco_x[] = {
    955.16,   1878.91,  2688.01,  3548.68,  4315.54,  5130.43,  5931.37, 6531.08,
    7219.8,   7867.61,  8278.71,  8646.7,   9047.84,  9426.55,  9645.37, 9897.24,
    10097.6,  10240.5,  10532.39, 10798.52, 11151.43, 11518.63, 11806,   12089.37,
    12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39};

Test(estimates, usl_of_published_data)
{
    struct bench_usl usl;
    cr_assert_eq(bench_usl_fit(cisco_n, cisco_x, N(cisco_n), 300, 1, &usl), 0);
    expect_near(usl.sigma, 0.02671595, 1e-7, "sigma");
    expect_near(usl.kappa, 7.690939e-4, 1e-9, "kappa");
    expect_near(usl.lambda, 995.6488, 1e-3, "lambda");
    expect_near(usl.peak_n, 35.57, 0.01, "peak");
    expect_near(bench_usl_throughput(&usl, 35), 12341.75, 0.1, "X(35)");
    expect_near(bench_usl_latency(&usl, 35), 35 / 12341.75, 1e-6, "R(35)");
    cr_expect(usl.sigma_bounds.low < usl.sigma && usl.sigma < usl.sigma_bounds.high);
    cr_expect(usl.knee.low <= usl.knee.estimate && usl.knee.estimate <= usl.knee.high);
    cr_expect(usl.r_squared > 0.99);
}

Test(estimates, usl_of_a_server_with_one_lock)
{
    /* One at a time, whatever the number of clients: contention is everything. */
    const double n[] = {1, 2, 4, 8, 16, 32, 64}, x[] = {100, 101, 99.5, 100.5, 99, 100, 100.2};
    struct bench_usl usl;
    cr_assert_eq(bench_usl_fit(n, x, N(n), 100, 1, &usl), 0);
    expect_near(usl.sigma, 1, 0.05, "sigma");
    expect_near(usl.knee.estimate, 1, 0.01, "knee");
}

Test(estimates, usl_of_perfect_scaling_and_of_rubbish)
{
    const double n[] = {1, 2, 4, 8, 16, 32}, x[] = {10, 20, 40, 80, 160, 320};
    struct bench_usl usl;
    cr_assert_eq(bench_usl_fit(n, x, N(n), 0, 1, &usl), 0);
    expect_near(usl.sigma, 0, 1e-4, "sigma");
    expect_near(usl.lambda, 10, 0.01, "lambda");
    cr_expect_lt(bench_usl_fit(n, x, 5, 0, 1, &usl), 0);
    const double bad[] = {10, 20, NAN, 80, 160, 320};
    cr_expect_lt(bench_usl_fit(n, bad, 6, 0, 1, &usl), 0);
}

Test(estimates, kneedle)
{
    const double x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, flat[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    double y[10];
    for (int i = 0; i < 10; i++)
        y[i] = x[i] / (x[i] + 1);
    long knee = bench_kneedle(x, y, 10, 1);
    cr_expect(knee >= 1 && knee <= 3, "%ld", knee);
    cr_expect_eq(bench_kneedle(x, flat, 10, 1), -1);
}
