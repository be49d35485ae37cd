/* SPDX-License-Identifier: MIT */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>

#include "stats/estimate.h"

struct bench_levels bench_levels_of(const double *values, size_t trials, size_t per_trial,
                                    double confidence)
{
    struct bench_levels out = {NAN, NAN, NAN, {NAN, NAN, NAN, confidence}};
    if (trials < 2 || per_trial < 1)
        return out;
    double within = 0, mean = 0, squares = 0;
    for (size_t t = 0; t < trials; t++) {
        within += per_trial > 1 ? bench_variance(&values[t * per_trial], per_trial) : 0;
        mean += bench_mean(&values[t * per_trial], per_trial) / (double)trials;
    }
    for (size_t t = 0; t < trials; t++) {
        double off = bench_mean(&values[t * per_trial], per_trial) - mean;
        squares += off * off;
    }
    out.within = within / (double)trials;
    out.between = squares / (double)(trials - 1);
    out.process = fmax(0, out.between - out.within / (double)per_trial);
    double half = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, (double)trials - 1) *
                  sqrt(out.between / (double)trials);
    out.mean = (struct bench_bounds){mean, mean - half, mean + half, confidence};
    return out;
}

size_t bench_levels_samples(const struct bench_levels *levels, double c1, double c2)
{
    if (!(levels->process > 0))
        return SIZE_MAX;
    double n = ceil(sqrt(c2 / c1 * levels->within / levels->process));
    if (!(n > 1))
        return 1;
    return n < 1e18 ? (size_t)n : SIZE_MAX;
}

size_t bench_levels_trials(const struct bench_levels *levels, size_t samples, double relative,
                           double confidence, size_t most)
{
    const double variance = levels->process + levels->within / (double)samples;
    const double wanted = relative * fabs(levels->mean.estimate);
    for (size_t r = 2; r < most; r++) {
        double t = gsl_cdf_tdist_Pinv(0.5 + confidence / 2, (double)r - 1);
        if (t * sqrt(variance / (double)r) <= wanted)
            return r;
    }
    return most;
}
