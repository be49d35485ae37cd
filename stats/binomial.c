/* SPDX-License-Identifier: MIT */
#include "stats/binomial.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

struct bench_bounds bench_binomial_bounds(size_t hits, size_t n, double confidence)
{
    const double k = (double)hits, all = (double)n, tail = (1 - confidence) / 2;
    if (n == 0 || hits > n)
        return (struct bench_bounds){NAN, NAN, NAN, confidence};
    return (struct bench_bounds){
        .estimate = k / all,
        .low = hits == 0 ? 0 : gsl_cdf_beta_Pinv(tail, k, all - k + 1),
        .high = hits == n ? 1 : gsl_cdf_beta_Pinv(1 - tail, k + 1, all - k),
        .confidence = confidence,
    };
}
