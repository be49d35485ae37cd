/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "stats/binomial.h"

TestSuite(binomial, .timeout = 20);

/* By SciPy 1.10.1: binomtest(k, n).proportion_ci(0.95, method="exact") */
Test(binomial, clopper_and_pearson)
{
    static const struct {
        size_t hits, n;
        double low, high;
    } rows[] = {
        {0, 10, 0.0, 0.30849710781876294},
        {8, 10, 0.4439045376923585, 0.9747892736731665},
        {10, 10, 0.6915028921812371, 1.0},
        {4, 40, 0.02792541529421937, 0.2366373998759482},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct bench_bounds b = bench_binomial_bounds(rows[i].hits, rows[i].n, 0.95);
        const double room = 1e-12;
        cr_expect(fabs(b.low - rows[i].low) < room, "%zu of %zu: %.12f", rows[i].hits, rows[i].n,
                  b.low);
        cr_expect(fabs(b.high - rows[i].high) < room, "%zu of %zu: %.12f", rows[i].hits, rows[i].n,
                  b.high);
    }
    cr_expect(isnan(bench_binomial_bounds(0, 0, 0.95).low));
    cr_expect(isnan(bench_binomial_bounds(3, 2, 0.95).high));
}
