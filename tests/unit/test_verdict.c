/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/verdict.h"

TestSuite(verdict, .timeout = 60);

enum { BLOCKS = 8 };

/* Values about a mean, with what the block has in common and what the trial has of its own. */
struct cell {
    struct bench_trial_value values[BLOCKS];
    struct bench_trial_values view;
};

static const double of_block[BLOCKS] = {0.10, -0.05, 0.02, 0.08, -0.09, 0.01, -0.03, -0.04};
static const double of_trial[2][BLOCKS] = {
    {0.004, -0.006, 0.001, 0.003, -0.002, 0.005, -0.004, -0.001},
    {-0.003, 0.002, 0.004, -0.005, 0.006, -0.001, 0.001, -0.004}};

static struct bench_trial_values fill(struct cell *cell, double mean, int which, int first_block)
{
    for (int i = 0; i < BLOCKS; i++)
        cell->values[i] = (struct bench_trial_value){first_block + i,
                                                     mean * exp(of_block[i] + of_trial[which][i])};
    return (struct bench_trial_values){cell->values, BLOCKS};
}

static struct bench_effect effect_between(double a, double b, int first_block_of_b)
{
    struct cell one, two;
    struct bench_effect effect;
    struct bench_trial_values x = fill(&one, a, 0, 0), y = fill(&two, b, 1, first_block_of_b);
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    return effect;
}

static const struct bench_verdict_rules rules = {.alpha = 0.05, .margin = 0.05, .floor = NAN};

Test(verdict, blocks_take_out_what_they_have_in_common)
{
    struct bench_effect paired = effect_between(100, 103, 0), apart = effect_between(100, 103, 50);
    cr_expect(paired.paired && !apart.paired);
    cr_expect(paired.ratio.low > 1 && paired.ratio.high < 1.06, "%g .. %g", paired.ratio.low,
              paired.ratio.high);
    cr_expect(apart.ratio.low < 1, "without blocks the same figures say nothing");
    cr_expect(paired.p_t < 0.01 && apart.p_t > 0.05);
    cr_expect(fabs(paired.p_sign_flip - 2.0 / 256) < 1e-12 && isnan(apart.p_sign_flip));
    cr_expect_eq(bench_effect_judge(&paired, true, &rules), BENCH_VERDICT_SLOWER);
    cr_expect_eq(bench_effect_judge(&paired, false, &rules), BENCH_VERDICT_FASTER);
    cr_expect_eq(bench_effect_judge(&apart, true, &rules), BENCH_VERDICT_CANNOT_TELL);
    cr_expect(bench_effect_needs(&apart, &rules) > 0);
}

Test(verdict, a_trial_that_is_missing_takes_its_block_out)
{
    struct cell one, two;
    struct bench_effect effect;
    struct bench_trial_values x = fill(&one, 100, 0, 0), y = fill(&two, 103, 1, 0);
    memmove(&two.values[2], &two.values[3], (BLOCKS - 3) * sizeof(two.values[0]));
    y.n = BLOCKS - 1;
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect(effect.paired);
    cr_expect_eq(effect.na, BLOCKS - 1);
    cr_expect_eq(effect.nb, BLOCKS - 1);
    cr_expect(effect.ratio.low > 1 && effect.ratio.high < 1.06);
    /* Three blocks in common are too few to leave the other values out for them. */
    y = fill(&two, 103, 1, 5);
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect_not(effect.paired);
    cr_expect_eq(effect.na, BLOCKS);
}

Test(verdict, equivalence_has_to_be_shown)
{
    struct bench_effect same = effect_between(100, 100.2, 0);
    cr_expect_eq(bench_effect_judge(&same, true, &rules), BENCH_VERDICT_EQUIVALENT);
    struct bench_verdict_rules strict = rules;
    strict.margin = 0.0005;
    cr_expect_eq(bench_effect_judge(&same, true, &strict), BENCH_VERDICT_CANNOT_TELL);
}

Test(verdict, what_a_target_shows_against_itself_is_no_difference)
{
    struct bench_verdict_rules noisy = rules;
    struct bench_effect effect = effect_between(100, 103, 0);
    noisy.floor = 0.04;
    cr_expect_eq(bench_effect_judge(&effect, true, &noisy), BENCH_VERDICT_NO_DIFFERENCE);
    noisy.floor = 0.02;
    cr_expect_eq(bench_effect_judge(&effect, true, &noisy), BENCH_VERDICT_SLOWER);
}

Test(verdict, many_cells_ask_for_more)
{
    struct bench_effect effects[30], *list[30];
    for (int i = 0; i < 30; i++) {
        effects[i] = effect_between(100, i == 0 ? 101 : 100, 0);
        list[i] = &effects[i];
    }
    double alone = effects[0].p;
    cr_assert_eq(bench_effects_adjust(list, 30), 0);
    cr_expect(fabs(effects[0].adjusted - fmin(1, 30 * alone)) < 1e-12);
    cr_expect(effects[1].adjusted >= effects[1].p);
}

Test(verdict, too_few_or_impossible_values)
{
    struct cell one, two;
    struct bench_effect effect;
    struct bench_trial_values x = fill(&one, 1, 0, 0), y = fill(&two, 5, 1, 0);
    x.n = y.n = 3;
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect(effect.ratio.estimate > 4);
    cr_expect_eq(bench_effect_judge(&effect, true, &rules), BENCH_VERDICT_CANNOT_TELL);
    cr_expect_eq(bench_effect_needs(&effect, &rules), 1, "four are the least");
    y.n = 0;
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect(isnan(effect.ratio.estimate) && effect.p >= 1);
    two.values[1].value = 0;
    y.n = 3;
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect(isnan(effect.ratio.estimate));
    cr_expect_eq(bench_effect_judge(&effect, true, &rules), BENCH_VERDICT_CANNOT_TELL);
}

Test(verdict, four_trials_can_tell)
{
    struct cell one, two;
    struct bench_effect effect;
    struct bench_trial_values x = fill(&one, 1, 0, 0), y = fill(&two, 2, 1, 0);
    x.n = y.n = 4;
    cr_assert_eq(bench_effect_of(&x, &y, &effect), 0);
    cr_expect(effect.ratio.low > 1.9 && effect.ratio.high < 2.1, "by t: %g .. %g", effect.ratio.low,
              effect.ratio.high);
    cr_expect_eq(bench_effect_judge(&effect, true, &rules), BENCH_VERDICT_SLOWER);
}

Test(verdict, keys)
{
    cr_expect_str_eq(bench_verdict_key(BENCH_VERDICT_NO_DIFFERENCE), "no difference seen");
    cr_expect_str_eq(bench_verdict_key(BENCH_VERDICT_FASTER), "faster");
}
