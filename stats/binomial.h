/* SPDX-License-Identifier: MIT */
/* The interval of a share that was counted. Pure functions, any thread. */
#ifndef BENCH_BINOMIAL_H
#define BENCH_BINOMIAL_H

#include <stddef.h>

#include "stats/estimate.h"

/* Clopper and Pearson (1934), exact: low = B(alpha/2; k, n - k + 1), high = B(1 - alpha/2; k + 1,
 * n - k), quantiles of the beta distribution; 0 for k = 0, 1 for k = n. NaN for n = 0 and k > n. */
struct bench_bounds bench_binomial_bounds(size_t hits, size_t n, double confidence);

#endif
