/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "stats/interval.h"

TestSuite(interval, .timeout = 20);

/* The wanted figures are of Student's distribution integrated numerically by another program. */
static const struct bench_trial_value a[] = {{0, 310}, {1, 314}, {2, 306},
                                             {3, 312}, {4, 308}, {5, 316}};
static const struct bench_trial_value b[] = {{0, 140}, {1, 146}, {2, 133},
                                             {3, 141}, {4, 139}, {5, 147}};
static const struct bench_trial_value f[] = {{0, 38}, {1, 40}, {2, 39}};

static struct bench_interval_term term(const struct bench_trial_value *values, size_t n,
                                       double weight)
{
    return (struct bench_interval_term){{values, n}, weight};
}

static void expect(struct bench_interval got, double mean, double low, double high, bool paired)
{
    cr_expect_float_eq(got.mean, mean, 1e-9, "mean %.12g", got.mean);
    cr_expect_float_eq(got.low, low, 1e-7, "low %.12g", got.low);
    cr_expect_float_eq(got.high, high, 1e-7, "high %.12g", got.high);
    cr_expect_eq(got.paired, paired);
}

Test(interval, of_one_cell)
{
    struct bench_interval_term one = term(a, 6, 1);
    struct bench_interval got = bench_interval_of(&one, 1);
    expect(got, 311, 307.07337138604, 314.92662861396, true);
    cr_expect_eq(got.n, 6);
    cr_expect_float_eq(bench_interval_half(&got), 3.92662861396, 1e-7);
    cr_expect_not(bench_interval_has_zero(&got));
}

Test(interval, of_two_trials_is_wide)
{
    struct bench_interval_term one = term(a, 2, 1);
    expect(bench_interval_of(&one, 1), 312, 286.587590527650, 337.412409472350, true);
}

Test(interval, of_one_trial_is_none)
{
    struct bench_interval_term one = term(a, 1, 1);
    struct bench_interval got = bench_interval_of(&one, 1);
    cr_expect_float_eq(got.mean, 310, 1e-9);
    cr_expect(isnan(got.low) && isnan(got.high));
    cr_expect_not(bench_interval_has_zero(&got));
}

Test(interval, of_nothing)
{
    struct bench_interval_term none = term(a, 0, 1);
    cr_expect(isnan(bench_interval_of(&none, 1).mean));
    cr_expect(isnan(bench_interval_of(&none, 0).mean));
    const struct bench_interval_term half[] = {term(a, 6, 1), term(b, 0, -1)};
    cr_expect(isnan(bench_interval_of(half, 2).mean));
}

Test(interval, paired_by_block)
{
    const struct bench_interval_term terms[] = {term(a, 6, 1), term(b, 6, -1)};
    expect(bench_interval_of(terms, 2), 170, 168.122712456945, 171.877287543055, true);
}

Test(interval, welch_without_common_blocks)
{
    const struct bench_interval_term two[] = {term(a, 6, 1), term(b, 4, -1)};
    struct bench_interval got = bench_interval_of(two, 2);
    expect(got, 171, 163.055861988154, 178.944138011846, false);
    cr_expect_eq(got.n, 4);
    const struct bench_interval_term three[] = {term(a, 6, 1), term(b, 4, -1), term(f, 3, -0.5)};
    expect(bench_interval_of(three, 3), 151.5, 143.562457715066, 159.437542284934, false);
    const struct bench_interval_term one[] = {term(a, 6, 1), term(b, 1, -1)};
    cr_expect(isnan(bench_interval_of(one, 2).low), "one trial has no spread");
}

/* A file may hold a block twice: then nothing tells which belongs to which. */
Test(interval, a_block_twice_is_not_paired)
{
    static const struct bench_trial_value twice[] = {{0, 310}, {0, 314}, {2, 306}};
    const struct bench_interval_term terms[] = {term(twice, 3, 1), term(f, 3, -1)};
    cr_expect_not(bench_interval_of(terms, 2).paired);
}

Test(interval, nothing_varies)
{
    static const struct bench_trial_value flat[] = {{0, 5}, {1, 5}}, other[] = {{3, 2}, {4, 2}};
    const struct bench_interval_term terms[] = {term(flat, 2, 1), term(other, 2, -1)};
    expect(bench_interval_of(terms, 2), 3, 3, 3, false);
    const struct bench_interval_term same[] = {term(flat, 2, 1), term(flat, 2, -1)};
    struct bench_interval got = bench_interval_of(same, 2);
    expect(got, 0, 0, 0, true);
    cr_expect(bench_interval_has_zero(&got));
}
