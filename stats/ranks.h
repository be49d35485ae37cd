/* SPDX-License-Identifier: MIT */
/*
 * Ranks, and the exact distributions of the statistics that are made of them. Private to stats/.
 * Pure functions, any thread.
 */
#ifndef BENCH_RANKS_H
#define BENCH_RANKS_H

#include <stddef.h>

#include "bench/api.h"

/* Mean ranks from 1 on, of values in the order given; *ties: sum of t^3 - t over the groups of
 * equal values. 0 or -ENOMEM. */
int bench_ranks(const double *values, size_t n, double *ranks, double *ties) BENCH_MUST_CHECK;

/* Number of orders of na and nb values with U = u, for u = 0 .. na * nb: f(i,j,u) = f(i-1,j,u-j) +
 * f(i,j-1,u). `counts` has na * nb + 1 places. 0 or -ENOMEM. */
int bench_mann_whitney_counts(size_t na, size_t nb, double *counts) BENCH_MUST_CHECK;
/* Number of sign patterns of n ranks with W+ = w, for w = 0 .. n (n + 1) / 2. */
void bench_wilcoxon_counts(size_t n, double *counts);

/* The largest k with P(U <= k - 1) <= tail (P(W+ <= k - 1)), 0 if there is none, and the confidence
 * 1 - 2 P of the interval that it gives. Exact up to na + nb = 60 (n = 50), beyond by the normal
 * approximation. 0 or -ENOMEM. */
int bench_mann_whitney_rank(size_t na, size_t nb, double tail, size_t *k,
                            double *confidence) BENCH_MUST_CHECK;
int bench_wilcoxon_rank(size_t n, double tail, size_t *k, double *confidence) BENCH_MUST_CHECK;

enum { BENCH_EXACT_U = 60, BENCH_EXACT_W = 50 };

#endif
