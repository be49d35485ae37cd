/* SPDX-License-Identifier: MIT */
/*
 * What two cells say about each other: one effect, its interval, tests, and a word. Values are one
 * figure for each trial (a fresh server process), so requests never count as repetitions. Pure
 * functions, any thread.
 */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "stats/estimate.h"
#include "stats/interval.h"

/* X(ID, key) */
#define BENCH_VERDICTS(X)                                                                          \
    X(FASTER, "faster") /* b is better than a, and this is no accident */                          \
    X(SLOWER, "slower")                                                                            \
    X(EQUIVALENT, "equivalent") /* proved to be within the margin (TOST) */                        \
    X(NO_DIFFERENCE,                                                                               \
      "no difference seen") /* within what this machine shows of a target against itself */        \
    X(CANNOT_TELL, "cannot tell")

enum bench_verdict {
#define X(id, key) BENCH_VERDICT_##id,
    BENCH_VERDICTS(X)
#undef X
};
const char *bench_verdict_key(enum bench_verdict verdict);

struct bench_verdict_rules {
    double alpha;  /* of the family, after Holm: 0.05 */
    double margin; /* 0.05: ratios within [1/1.05, 1.05] are the same for practical purposes */
    double floor; /* ratio - 1 that this machine shows between a target and itself; NaN = unknown */
};
#define BENCH_VERDICT_RULES                                                                        \
    ((struct bench_verdict_rules){.alpha = 0.05, .margin = 0.05, .floor = NAN})

/* Fewer trials of either side give no verdict. */
#define BENCH_VERDICT_TRIALS 4

struct bench_effect {
    size_t na, nb; /* values that it rests on */
    bool paired;                 /* by block: both have one value in each of the same blocks */
    struct bench_bounds ratio;   /* b / a, Hodges-Lehmann on logarithms, 95 %; fewer values than it
                                    needs: exp of the t interval of the logarithms */
    struct bench_bounds ratio90; /* 90 %, for TOST (Schuirmann 1987) */
    double p_t;         /* paired: Student's t of ln b - ln a by block; else Welch on logarithms */
    double p_sign_flip; /* paired only, else NaN */
    double p_rank;      /* Mann-Whitney */
    double cliff;       /* of b over a */
    double p;           /* what Holm takes: p_t */
    double adjusted;    /* after Holm; = p until bench_effects_adjust */
    double
        scatter; /* standard deviation of the logarithms: of the differences by block, or pooled */
};

/* Values > 0. 0, -ENOMEM; too few or not positive: everything NaN, p = 1. */
int bench_effect_of(const struct bench_trial_values *a, const struct bench_trial_values *b,
                    struct bench_effect *out) BENCH_MUST_CHECK;
/* Holm over the effects of one table. 0 or -ENOMEM. */
int bench_effects_adjust(struct bench_effect *const *effects, size_t n) BENCH_MUST_CHECK;

/*
 * lower_is_better: of times and costs. In this order:
 * - fewer than BENCH_VERDICT_TRIALS on a side: cannot tell
 * - adjusted < alpha, sign flip (where there is one and n allows it) < 0.05, the interval excludes
 * 1 and the estimate is beyond the floor: faster or slower
 * - the same but within the floor: no difference seen
 * - ratio90 within the margin: equivalent
 * - ratio within the floor (estimate and both ends): no difference seen
 * - else cannot tell
 */
enum bench_verdict bench_effect_judge(const struct bench_effect *effect, bool lower_is_better,
                                      const struct bench_verdict_rules *rules);
/* More trials of each side until a difference of this size is told with a power of 80 %, or, where
 * there is as good as none, until "equivalent" can be said: 2 (z.975 + z.8)^2 (s / d)^2 (paired:
 * half of it), d the larger of |ln ratio| and what is left of the margin; 0 = enough already. */
size_t bench_effect_needs(const struct bench_effect *effect,
                          const struct bench_verdict_rules *rules);

#endif
