/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "stats/queues.h"

TestSuite(queues, .timeout = 60);

static void expect_near(double got, double wanted, double relative, const char *what)
{
    cr_expect(fabs(got - wanted) <= relative * fabs(wanted), "%s is %.12g, expected %.12g", what,
              got, wanted);
}

Test(queues, mm1)
{
    expect_near(bench_mm1_mean(500, 1000), 2e-3, 1e-12, "mean");
    /* The response is exponential: half of them within ln 2 of the mean. */
    expect_near(bench_mm1_quantile(500, 1000, 0.5), 2e-3 * 0.693147180559945, 1e-12, "p50");
    expect_near(bench_mm1_quantile(800, 1000, 0.99), log(100) / 200, 1e-12, "p99");
    cr_expect(isnan(bench_mm1_mean(1000, 1000)), "a queue that grows for ever has no mean");
    cr_expect(isnan(bench_mm1_quantile(500, 1000, 1)));
}

/* The series summed with 60 digits (mpmath), service 1. */
Test(queues, md1_distribution)
{
    static const struct {
        double rho, t, share;
    } rows[] = {
        {0.3, 1, 0.7},
        {0.3, 1.5, 0.8132839699097982},
        {0.3, 5, 0.9998667994920447},
        {0.5, 2, 0.8243606353500641},
        {0.5, 10, 0.9999918857132291},
        {0.8, 1.5, 0.298364939528254},
        {0.8, 5, 0.8453751121794455},
        {0.8, 20, 0.9997586877987462},
        {0.95, 2, 0.12928548296579243},
        {0.95, 20, 0.8600777029882712},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect(fabs(bench_md1_distribution(rows[i].rho, 1, rows[i].t) - rows[i].share) < 1e-7,
                  "rho %g, t %g: %.12g", rows[i].rho, rows[i].t,
                  bench_md1_distribution(rows[i].rho, 1, rows[i].t));
    cr_expect_eq(bench_md1_distribution(0.5, 1, 0.999), 0, "nobody is served sooner");
    cr_expect(isnan(bench_md1_distribution(0.95, 1, 80)), "its digits are lost");
    cr_expect(isnan(bench_md1_distribution(1, 1, 2)));
}

Test(queues, md1_quantile_is_the_inverse)
{
    static const double shares[] = {0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < 4; i++) {
        const double t = bench_md1_quantile(800, 1e-3, shares[i]);
        expect_near(bench_md1_distribution(800, 1e-3, t), shares[i], 1e-7, "share below it");
    }
    cr_expect_eq(bench_md1_quantile(500, 1e-3, 0.4), 1e-3, "half of them do not wait");
    cr_expect(isnan(bench_md1_quantile(950, 1e-3, 0.999)), "beyond the digits of the series");
    cr_expect(isnan(bench_md1_quantile(500, 1e-3, 1)));
}

/* Pollaczek and Khinchine's mean is the integral of what the series leaves. */
Test(queues, md1_mean_fits_the_series)
{
    const double step = 1e-3;
    double integral = 1; /* nobody leaves before the service is over */
    for (double t = 1 + step / 2; t < 30; t += step)
        integral += (1 - bench_md1_distribution(0.8, 1, t)) * step;
    expect_near(integral, bench_md1_mean(0.8, 1), 1e-5, "integral");
    expect_near(bench_md1_mean(0.8, 1), 3, 1e-12, "mean");
    expect_near(bench_md1_mean(500, 1e-3), 1.5e-3, 1e-12, "mean");
}

/* The figures of a freeze of 2 s in 100 s. */
Test(queues, freeze)
{
    expect_near(bench_freeze_mean(2, 100), 0.02, 1e-12, "mean");
    expect_near(bench_freeze_quantile(2, 100, 0.99), 1, 1e-12, "p99");
    expect_near(bench_freeze_quantile(2, 100, 0.999), 1.9, 1e-12, "p99.9");
    cr_expect_eq(bench_freeze_quantile(2, 100, 0.5), 0);
    cr_expect(isnan(bench_freeze_mean(2, 1)), "it is longer than the load");
}
