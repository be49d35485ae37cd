/* SPDX-License-Identifier: MIT */
#include "stats/verdict.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "stats/tests.h"

#define CONFIDENCE      0.95
#define CONFIDENCE_TOST 0.90
#define SIGN_FLIP_ALPHA 0.05
#define POWER           0.80
enum { FLIP_DRAWS = 20000, FLIP_SEED = 1, NEEDS_MOST = 1000000 };

const char *bench_verdict_key(enum bench_verdict verdict)
{
    static const char *const keys[] = {
#define X(id, key) [BENCH_VERDICT_##id] = (key),
        BENCH_VERDICTS(X)
#undef X
    };
    return keys[verdict];
}

/* ---- the effect ---- */

/* The two cells' values, their logarithms, and the differences of these by block. */
struct work {
    size_t na, nb;
    double *a, *b, *log_a, *log_b, *by_block;
    void *memory;
};

static bool are_positive(const struct bench_trial_values *cell)
{
    for (size_t i = 0; i < cell->n; i++)
        if (!(cell->values[i].value > 0) || !isfinite(cell->values[i].value))
            return false;
    return true;
}

static bool rises(const struct bench_trial_values *cell)
{
    for (size_t i = 1; i < cell->n; i++)
        if (cell->values[i].block <= cell->values[i - 1].block)
            return false;
    return true;
}

/* Puts the values of the blocks that both have side by side into a and b. Returns how many
 * there are; 0 where a block occurs twice. */
static size_t in_common(const struct bench_trial_values *a, const struct bench_trial_values *b,
                        struct bench_trial_value *both_a, struct bench_trial_value *both_b)
{
    size_t n = 0;
    if (!rises(a) || !rises(b))
        return 0;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        const int left = a->values[i].block, right = b->values[k].block;
        if (left == right) {
            both_a[n] = a->values[i];
            both_b[n++] = b->values[k];
        }
        i += left <= right;
        k += right <= left;
    }
    return n;
}

static int work_init(struct work *w, const struct bench_trial_values *a,
                     const struct bench_trial_values *b)
{
    const size_t both = a->n + b->n;
    double *at = calloc(2 * both + a->n + 1, sizeof(*at));
    if (at == NULL)
        return -ENOMEM;
    *w = (struct work){a->n, b->n, at, at + a->n, at + both, at + both + a->n, at + 2 * both, at};
    for (size_t i = 0; i < a->n; i++)
        w->log_a[i] = log(w->a[i] = a->values[i].value);
    for (size_t i = 0; i < b->n; i++)
        w->log_b[i] = log(w->b[i] = b->values[i].value);
    for (size_t i = 0; i < a->n && i < b->n; i++)
        w->by_block[i] = w->log_b[i] - w->log_a[i];
    return 0;
}

/* exp of the t interval of a difference of logarithms: where ranks have no interval yet. */
static void by_t(const struct work *w, const struct bench_effect *effect, double confidence,
                 struct bench_bounds *out)
{
    double mean, error, df;
    if (!isnan(out->low))
        return;
    if (effect->paired) {
        mean = bench_mean(w->by_block, w->na);
        error = sqrt(bench_variance(w->by_block, w->na) / (double)w->na);
        df = (double)w->na - 1;
    } else {
        mean = bench_mean(w->log_b, w->nb) - bench_mean(w->log_a, w->na);
        error = sqrt(bench_variance(w->log_a, w->na) / (double)w->na +
                     bench_variance(w->log_b, w->nb) / (double)w->nb);
        df = bench_welch(w->log_a, w->na, w->log_b, w->nb).df;
    }
    double half = error > 0 ? gsl_cdf_tdist_Pinv(0.5 + confidence / 2, df) * error : error;
    *out = (struct bench_bounds){out->estimate, exp(mean - half), exp(mean + half), confidence};
}

static int bounds_of(const struct work *w, const struct bench_effect *effect, double confidence,
                     struct bench_bounds *out)
{
    int rc = effect->paired ? bench_paired_ratio_bounds(w->a, w->b, w->na, confidence, out)
                            : bench_ratio_bounds(w->a, w->na, w->b, w->nb, confidence, out);
    if (rc == 0)
        by_t(w, effect, confidence, out);
    return rc;
}

static double pooled_scatter(const struct work *w)
{
    const double m = (double)w->na, n = (double)w->nb;
    return sqrt(
        ((m - 1) * bench_variance(w->log_a, w->na) + (n - 1) * bench_variance(w->log_b, w->nb)) /
        (m + n - 2));
}

static int effect_fill(const struct work *w, struct bench_effect *out)
{
    struct bench_rank_test ranks;
    int rc = bounds_of(w, out, CONFIDENCE, &out->ratio);
    if (rc == 0)
        rc = bounds_of(w, out, CONFIDENCE_TOST, &out->ratio90);
    if (rc == 0)
        rc = bench_mann_whitney(w->a, w->na, w->b, w->nb, &ranks);
    if (rc < 0)
        return rc;
    out->p_rank = ranks.p;
    out->cliff = bench_cliff_delta(w->b, w->nb, w->a, w->na);
    if (out->paired) {
        out->p_t = bench_one_sample_t(w->by_block, w->na).p;
        out->p_sign_flip = bench_sign_flip(w->by_block, w->na, FLIP_SEED, FLIP_DRAWS);
        out->scatter = sqrt(bench_variance(w->by_block, w->na));
    } else {
        out->p_t = bench_welch(w->log_a, w->na, w->log_b, w->nb).p;
        out->scatter = pooled_scatter(w);
    }
    out->p = out->adjusted = isnan(out->p_t) ? 1 : out->p_t;
    return 0;
}

int bench_effect_of(const struct bench_trial_values *a, const struct bench_trial_values *b,
                    struct bench_effect *out)
{
    const struct bench_bounds none = {NAN, NAN, NAN, NAN};
    *out = (struct bench_effect){.na = a->n,
                                 .nb = b->n,
                                 .ratio = none,
                                 .ratio90 = none,
                                 .p_t = NAN,
                                 .p_sign_flip = NAN,
                                 .p_rank = NAN,
                                 .cliff = NAN,
                                 .p = 1,
                                 .adjusted = 1,
                                 .scatter = NAN};
    if (a->n == 0 || b->n == 0 || !are_positive(a) || !are_positive(b))
        return 0;
    struct bench_trial_value *blocks = calloc(2 * (a->n + b->n), sizeof(*blocks));
    if (blocks == NULL)
        return -ENOMEM;
    struct bench_trial_values one = {blocks, 0}, two = {blocks + a->n + b->n, 0};
    one.n = two.n = in_common(a, b, blocks, blocks + a->n + b->n);
    /* A trial that is missing takes its neighbour with it, but not where too few would be left. */
    out->paired = one.n > 0 && (one.n >= BENCH_VERDICT_TRIALS || (one.n == a->n && one.n == b->n));
    out->na = out->paired ? one.n : a->n;
    out->nb = out->paired ? two.n : b->n;
    struct work w;
    int rc = out->paired ? work_init(&w, &one, &two) : work_init(&w, a, b);
    if (rc == 0) {
        rc = effect_fill(&w, out);
        free(w.memory);
    }
    free(blocks);
    return rc;
}

int bench_effects_adjust(struct bench_effect *const *effects, size_t n)
{
    double *p = calloc(2 * n + 1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        p[i] = effects[i]->p;
    int rc = bench_holm(p, n, p + n);
    for (size_t i = 0; rc == 0 && i < n; i++)
        effects[i]->adjusted = isnan(p[n + i]) ? 1 : p[n + i];
    free(p);
    return rc;
}

/* ---- the word ---- */

static bool is_told(const struct bench_effect *effect, const struct bench_verdict_rules *rules)
{
    bool excluded = effect->ratio.low > 1 || effect->ratio.high < 1;
    bool flips = isnan(effect->p_sign_flip) || effect->p_sign_flip < SIGN_FLIP_ALPHA ||
                 !(ldexp(2, -(int)effect->na) < SIGN_FLIP_ALPHA);
    return effect->adjusted < rules->alpha && excluded && flips;
}

static bool is_between(double ratio, double margin)
{
    return ratio >= 1 / (1 + margin) && ratio <= 1 + margin;
}

enum bench_verdict bench_effect_judge(const struct bench_effect *effect, bool lower_is_better,
                                      const struct bench_verdict_rules *rules)
{
    const struct bench_bounds *r = &effect->ratio;
    if (effect->na < BENCH_VERDICT_TRIALS || effect->nb < BENCH_VERDICT_TRIALS ||
        isnan(r->estimate))
        return BENCH_VERDICT_CANNOT_TELL;
    if (is_told(effect, rules)) {
        if (!isnan(rules->floor) && is_between(r->estimate, rules->floor))
            return BENCH_VERDICT_NO_DIFFERENCE;
        return (r->estimate < 1) == lower_is_better ? BENCH_VERDICT_FASTER : BENCH_VERDICT_SLOWER;
    }
    if (is_between(effect->ratio90.low, rules->margin) &&
        is_between(effect->ratio90.high, rules->margin))
        return BENCH_VERDICT_EQUIVALENT;
    if (!isnan(rules->floor) && is_between(r->low, rules->floor) &&
        is_between(r->high, rules->floor))
        return BENCH_VERDICT_NO_DIFFERENCE;
    return BENCH_VERDICT_CANNOT_TELL;
}

size_t bench_effect_needs(const struct bench_effect *effect,
                          const struct bench_verdict_rules *rules)
{
    const double z = gsl_cdf_ugaussian_Pinv(0.975) + gsl_cdf_ugaussian_Pinv(POWER);
    const double off = fabs(log(effect->ratio.estimate));
    const double d = fmax(off, log(1 + rules->margin) - off);
    const size_t have = effect->na < effect->nb ? effect->na : effect->nb;
    double wanted = BENCH_VERDICT_TRIALS;
    if (!isnan(effect->scatter) && d > 0)
        wanted = fmax(wanted, ceil((effect->paired ? 1 : 2) * z * z * effect->scatter *
                                   effect->scatter / (d * d)));
    wanted = fmin(wanted, NEEDS_MOST);
    return wanted > (double)have ? (size_t)wanted - have : 0;
}
