/* SPDX-License-Identifier: MIT */
#include "stats/design.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>

#include "stats/steady.h"

#define CONFIDENCE 0.95 /* of the study's interval */
#define PROMISE    0.91 /* that it will be narrow enough; the rest is for what is not normal */
#define TAIL       0.05 /* of each of two bounds that hold together */

bool bench_pilot_of(double *figures, const double *values, size_t trials, size_t parts,
                    struct bench_pilot *out)
{
    *out = (struct bench_pilot){.trials = trials, .least = 1, .most = 1};
    if (trials < 3)
        return false;
    out->levels = bench_levels_of(figures, trials, 1, CONFIDENCE);
    out->median = bench_median(figures, trials);
    if (!(out->median > 0))
        return false;
    const double between = out->levels.between / (out->median * out->median);
    out->levels = (struct bench_levels){.within = NAN, .between = between, .process = between};
    if (parts < 2)
        return true;
    const struct bench_levels course = bench_levels_of(values, trials, parts, CONFIDENCE);
    const double level = course.mean.estimate;
    if (!(level > 0))
        return true;
    out->parts = parts;
    out->levels.within = course.within / (level * level);
    out->levels.process = fmax(0, between - out->levels.within / (double)parts);
    return true;
}

/* Of the figures of trials with so many samples, as a study of n trials may come to show it. */
static double variance(const struct bench_pilot *p, double factor, size_t n)
{
    const double dof = (double)p->trials - 1, more = (double)n - 1;
    const double f = gsl_cdf_fdist_Pinv(PROMISE, more, dof);
    if (p->parts == 0)
        return f * p->levels.between;
    /* What the samples themselves scatter in the pilot's trials, and in those of the study. */
    const double then = p->levels.within / (double)p->parts, now = then / factor;
    const double seen = fmax(p->levels.between, then);
    const double plain =
        f * seen + fmax(0, now - then) * gsl_cdf_chisq_Pinv(PROMISE, more) / more;
    if (factor <= 1)
        return plain;
    const double upper = seen * dof / gsl_cdf_chisq_Pinv(TAIL, dof);
    const double apart = (fmax(0, upper - then) + now) * gsl_cdf_chisq_Pinv(1 - TAIL, more) / more;
    return fmin(plain, apart);
}

static bool suffices(const struct bench_pilot *p, double factor, double wanted, size_t n)
{
    const double t = gsl_cdf_tdist_Pinv(0.5 + CONFIDENCE / 2, (double)n - 1);
    return 2 * t * sqrt(variance(p, factor, n) / (double)n) <= wanted;
}

size_t bench_design_trials(const struct bench_pilot *pilot, double factor, double wanted)
{
    size_t low = BENCH_DESIGN_LEAST, high = BENCH_DESIGN_MOST;
    if (!suffices(pilot, factor, wanted, high))
        return 0;
    while (low < high) { /* more trials never make it wider */
        const size_t middle = (low + high) / 2;
        if (suffices(pilot, factor, wanted, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double bench_design_seconds(const struct bench_pilot *p, size_t trials, double factor)
{
    return (double)trials * (p->trial_s + factor * p->samples * p->sample_s);
}

static void consider(const struct bench_pilot *p, double factor, double wanted,
                     struct bench_design *best)
{
    if (factor < p->least || factor > p->most)
        return;
    const size_t trials = bench_design_trials(p, factor, wanted);
    const double seconds = bench_design_seconds(p, trials, factor);
    if (trials > 0 && (best->trials == 0 || seconds < best->seconds))
        *best = (struct bench_design){trials, factor, seconds};
}

struct bench_design bench_design_cheapest(const struct bench_pilot *pilot, double wanted)
{
    struct bench_design best = {.factor = 1};
    consider(pilot, 1, wanted, &best);
    if (pilot->parts == 0)
        return best;
    for (double factor = pilot->least; factor < pilot->most; factor *= 2)
        consider(pilot, factor, wanted, &best);
    consider(pilot, pilot->most, wanted, &best);
    const double part_s = pilot->samples / (double)pilot->parts * pilot->sample_s;
    const size_t parts = bench_levels_samples(&pilot->levels, part_s, pilot->trial_s);
    if (parts != SIZE_MAX)
        consider(pilot, (double)parts / (double)pilot->parts, wanted, &best);
    return best;
}
