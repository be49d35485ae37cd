/* SPDX-License-Identifier: MIT */
/* When a run has seen enough: by the width of its intervals, and by nothing else. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/precision.h"
#include "tests/support/fixture_run.h"

TestSuite(precision, .timeout = 20);

static const struct bench_precision_rule five = {
    .wanted = 0.05, .least = 8, .most = 40, .max_ns = 600 * BENCH_NS_PER_S};

static enum bench_precision_end next(const struct bench_precision_rule *rule, int blocks,
                                     double widest, double elapsed_s)
{
    const struct bench_precision_state state = {blocks, widest, (int64_t)(elapsed_s * 1e9)};
    return bench_precision_next(rule, &state);
}

Test(precision, narrow_is_not_believed_before_eight_blocks)
{
    for (int blocks = 0; blocks < 8; blocks++)
        cr_expect_eq(next(&five, blocks, 0.001, blocks), BENCH_PRECISION_GOES_ON, "%d", blocks);
    cr_expect_eq(next(&five, 8, 0.001, 8), BENCH_PRECISION_NARROW);
}

Test(precision, goes_on_until_the_widest_is_narrow)
{
    cr_expect_eq(next(&five, 8, 0.0501, 8), BENCH_PRECISION_GOES_ON);
    cr_expect_eq(next(&five, 20, NAN, 8), BENCH_PRECISION_GOES_ON);
    cr_expect_eq(next(&five, 20, 0.05, 8), BENCH_PRECISION_NARROW);
}

Test(precision, caps)
{
    cr_expect_eq(next(&five, 40, 0.2, 8), BENCH_PRECISION_BLOCKS);
    /* 10 blocks in 540 s: the eleventh would end at 594 s; in 550 s at 605 s. */
    cr_expect_eq(next(&five, 10, 0.2, 540), BENCH_PRECISION_GOES_ON);
    cr_expect_eq(next(&five, 10, 0.2, 550), BENCH_PRECISION_TIME);
    cr_expect_eq(next(&five, 0, NAN, 0), BENCH_PRECISION_GOES_ON);
}

Test(precision, without_it_all_blocks_are_measured)
{
    const struct bench_precision_rule plain = {.least = 8, .most = 8};
    cr_expect_eq(next(&plain, 7, 0, 1e6), BENCH_PRECISION_GOES_ON);
    cr_expect_eq(next(&plain, 8, 1, 1), BENCH_PRECISION_AS_PLANNED);
    const struct bench_precision_rule hurried = {.least = 8, .most = 8, .max_ns = BENCH_NS_PER_S};
    cr_expect_eq(next(&hurried, 1, 0, 2), BENCH_PRECISION_TIME);
}

Test(precision, rule_of_a_plan)
{
    struct bench_plan *plan = calloc(1, sizeof(*plan));
    cr_assert_not_null(plan);
    plan->repeats = 3;
    plan->max_repeats = 40;
    struct bench_precision_rule rule = bench_precision_rule(plan);
    cr_expect(rule.wanted == 0 && rule.least == 3 && rule.most == 3 && rule.max_ns == 0);
    plan->precision = 0.1;
    rule = bench_precision_rule(plan);
    cr_expect(rule.wanted == 0.1 && rule.least == 8 && rule.most == 40);
    cr_expect_eq(rule.max_ns, 600 * BENCH_NS_PER_S);
    plan->repeats = 50;
    rule = bench_precision_rule(plan);
    cr_expect(rule.least == 50 && rule.most == 50);
    plan->repeats = 3;
    plan->max_repeats = 5;
    rule = bench_precision_rule(plan);
    cr_expect(rule.least == 5 && rule.most == 5);
    plan->pilot = true;
    rule = bench_precision_rule(plan);
    cr_expect(rule.wanted == 0 && rule.most == 3);
    free(plan);
}

Test(precision, width_is_that_of_students_interval_over_the_median)
{
    /* Mean 102, s = 1.5811, t(4, .975) = 2.7764: half width 1.9632; median 102. */
    double values[] = {100, 101, 102, 103, 104};
    cr_expect_float_eq(bench_precision_width(values, 5), 2 * 1.963243 / 102, 1e-6);
    cr_expect(isnan(bench_precision_width(values, 1)));
    double equal[] = {3, 3, 3};
    cr_expect_eq(bench_precision_width(equal, 3), 0);
}

Test(precision, blocks_that_will_be_needed)
{
    double values[] = {97, 100, 103, 98, 102, 100, 99, 101};
    /* s = 2: 2 t(r - 1) 2 / sqrt(r) <= 5 needs 5 trials, <= 2 needs 18 (t = 2.1098: 1.989). */
    cr_expect_eq(bench_precision_blocks(values, 8, 0.05, 40), 8);
    cr_expect_eq(bench_precision_blocks(values, 8, 0.02, 40), 18);
    cr_expect_eq(bench_precision_blocks(values, 8, 0.001, 40), 40);
    cr_expect_eq(bench_precision_blocks(values, 1, 0.05, 40), 40);
}

/* A trial in which every response took that long. */
static void add_trial(struct bench_result *result, int64_t ns)
{
    struct bench_trial *grown =
        realloc(result->trials, (result->ntrials + 1) * sizeof(*result->trials));
    cr_assert_not_null(grown);
    result->trials = grown;
    struct bench_trial *trial = &grown[result->ntrials];
    *trial = (struct bench_trial){.block = (int)result->ntrials++, .reason = strdup("")};
    cr_assert_eq(bench_recording_new(&trial->recording), 0);
    cr_assert_eq(bench_recording_sample(trial->recording, BENCH_SERIES_RESPONSE, ns), 0);
    bench_recording_outcome(trial->recording, BENCH_FAILURE_NONE, "");
}

/* What the `latency` cells of two targets come to, of which the second takes so many times as long. */
static struct bench_precision_sum sum_of_two(int64_t times)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_TWO);
    struct bench_precision_sum sum;
    size_t cells = 0;
    for (size_t r = 0; r < run->nresults; r++) {
        struct bench_result *result = &run->results[r];
        for (size_t t = 0; t < result->ntrials; t++)
            bench_trial_clear(&result->trials[t]);
        result->ntrials = 0;
        if (strcmp(result->workload, "latency") != 0)
            continue;
        const int64_t base = 1000000 * (cells++ > 0 ? times : 1);
        for (int i = 0; i < 9; i++)
            add_trial(result, base + base * (i % 3) / 20);
    }
    cr_assert_gt(cells, 1);
    cr_assert_eq(bench_precision_sum(run, &five, &sum), 0);
    cr_expect_eq(sum.watched, cells);
    bench_run_free(run);
    return sum;
}

/* Targets of which one is four times as slow, and such that do not differ, stop at the same block
 * when they scatter alike: what a test between them would say plays no part. */
Test(precision, difference_between_targets_does_not_matter)
{
    const struct bench_precision_sum same = sum_of_two(1), far = sum_of_two(4);
    /* s / median = 0.05 sqrt(6/8) / 1.05, t(8) = 2.306. */
    cr_expect_float_eq(same.widest, 2 * 2.306004 * 0.05 * sqrt(0.75) / 3 / 1.05, 2e-3, "%g",
                       same.widest);
    cr_expect_float_eq(same.widest, far.widest, 1e-3, "%g and %g", same.widest, far.widest);
    cr_expect_eq(same.blocks, far.blocks);
    cr_expect_eq(next(&five, 9, same.widest, 1), next(&five, 9, far.widest, 1));
}

Test(precision, floors_rulers_and_failed_cells_are_not_waited_for)
{
    struct bench_run *run = support_fixture_run(SUPPORT_FIXTURE_FOURTEEN);
    size_t floors = 0, watched = 0;
    for (size_t r = 0; r < run->nresults; r++) {
        struct bench_result *result = &run->results[r];
        const bool is_floor = result->target->role != BENCH_ROLE_NORMAL;
        floors += is_floor;
        watched += bench_precision_watches(run, result);
        if (is_floor)
            cr_expect_not(bench_precision_watches(run, result), "%s", result->target->name);
        if (!is_floor && watched == 1 && bench_precision_watches(run, result)) {
            result->trials[0].status = BENCH_CELL_FAILED;
            cr_expect_not(bench_precision_watches(run, result));
        }
    }
    cr_expect_gt(floors, 0);
    cr_expect_gt(watched, 1);
    bench_run_free(run);
}
