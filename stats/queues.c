/* SPDX-License-Identifier: MIT */
#include "stats/queues.h"

#include <math.h>

/* The largest term of the series is about e^SERIES_MAX; with 64 bits that leaves 1e-8 of the sum.
 */
#define SERIES_MAX 25
#define BISECTIONS 100

double bench_mm1_mean(double lambda, double mu)
{
    return lambda >= 0 && lambda < mu ? 1 / (mu - lambda) : NAN;
}

double bench_mm1_quantile(double lambda, double mu, double p)
{
    return p >= 0 && p < 1 ? -log1p(-p) * bench_mm1_mean(lambda, mu) : NAN;
}

double bench_md1_mean(double lambda, double d)
{
    const double rho = lambda * d;
    return lambda >= 0 && d > 0 && rho < 1 ? d + rho * d / (2 * (1 - rho)) : NAN;
}

double bench_md1_distribution(double lambda, double d, double t)
{
    const long double rho = (long double)lambda * d, wait = ((long double)t - d) / d;
    if (!(lambda >= 0) || !(d > 0) || !(rho < 1))
        return NAN;
    if (wait < 0)
        return 0;
    if (rho * wait > SERIES_MAX)
        return NAN;
    long double sum = 0;
    for (long double k = 0; k <= wait; k++) {
        const long double x = rho * (wait - k);
        /* x^k e^x / k!; 0^0 is 1. */
        const long double size = k == 0  ? expl(x)
                                 : x > 0 ? expl(k * logl(x) + x - lgammal(k + 1))
                                         : 0;
        sum += fmodl(k, 2) == 0 ? size : -size;
    }
    const double share = (double)((1 - rho) * sum);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

double bench_md1_quantile(double lambda, double d, double p)
{
    const double rho = lambda * d;
    if (!(p > 0 && p < 1) || !(lambda >= 0) || !(d > 0) || !(rho < 1))
        return NAN;
    /* An exponential server of the same speed makes one wait longer. */
    double low = d, high = d + bench_mm1_quantile(lambda, 1 / d, p);
    if (bench_md1_distribution(lambda, d, low) >= p)
        return d;
    if (rho * (high - d) / d > SERIES_MAX)
        high = d + d * (SERIES_MAX - 1e-9) / rho;
    if (!(bench_md1_distribution(lambda, d, high) >= p))
        return NAN;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (low + high) / 2;
        if (bench_md1_distribution(lambda, d, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double bench_freeze_mean(double freeze, double load)
{
    return freeze >= 0 && freeze <= load && load > 0 ? freeze * freeze / (2 * load) : NAN;
}

double bench_freeze_quantile(double freeze, double load, double p)
{
    if (!(freeze >= 0 && freeze <= load && load > 0 && p >= 0 && p <= 1))
        return NAN;
    return fmax(0, freeze - (1 - p) * load);
}
