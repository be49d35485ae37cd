/* SPDX-License-Identifier: MIT */
/*
 * Tests of significance, each with its formula and reference. p values are two-sided unless it says
 * otherwise. Pure functions, any thread. NaN where a test does not exist for so few values.
 */
#ifndef BENCH_TESTS_H
#define BENCH_TESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/api.h"

struct bench_t_test {
    double t, df, p;
};
/* Welch (1947): t = (ma - mb) / sqrt(sa^2/na + sb^2/nb), df after Satterthwaite. */
struct bench_t_test bench_welch(const double *a, size_t na, const double *b, size_t nb);
/* Student's with the pooled variance. */
struct bench_t_test bench_pooled_t(const double *a, size_t na, const double *b, size_t nb);
/* One sample against 0: of differences, of logarithms of ratios. No variance: p = 0, or 1 for a
 * mean of 0. */
struct bench_t_test bench_one_sample_t(const double *values, size_t n);

struct bench_rank_test {
    double statistic; /* U of a, or W+ */
    double ties;      /* sum of t^3 - t over the groups of equal values */
    double p;
    bool exact;
};
/* Mann and Whitney (1947): U = #(a > b) + #(a = b) / 2. Exact without ties up to na + nb = 60; else
 * normal with tie and continuity correction. 0 or -ENOMEM. */
int bench_mann_whitney(const double *a, size_t na, const double *b, size_t nb,
                       struct bench_rank_test *out) BENCH_MUST_CHECK;
/* Number of orders with U <= u and of all: f(i,j,u) = f(i-1,j,u-j) + f(i,j-1,u). P(U <= u). 0 or
 * -ENOMEM. */
int bench_mann_whitney_cdf(size_t na, size_t nb, size_t u, double *out) BENCH_MUST_CHECK;
/* Wilcoxon (1945), signed ranks, zeros dropped; exact without ties up to n = 50. 0 or -ENOMEM. */
int bench_wilcoxon(const double *differences, size_t n,
                   struct bench_rank_test *out) BENCH_MUST_CHECK;
/* P(W+ <= w) for n ranks. 0 or -ENOMEM. */
int bench_wilcoxon_cdf(size_t n, size_t w, double *out) BENCH_MUST_CHECK;
/* Sign flips of the differences of blocks (Good 2005): the share of the 2^n sign patterns whose
 * |sum| is at least that observed (within 1e-12 of it). Exact up to n = 20; beyond, `draws` random
 * patterns from the seed (GSL's mt19937), p = (1 + hits) / (1 + draws). NaN for n = 0 or without
 * memory. */
double bench_sign_flip(const double *differences, size_t n, uint64_t seed, size_t draws);

/* Holm (1979): adjusted[i] in the order given; NaN stays NaN and does not count. 0 or -ENOMEM. */
int bench_holm(const double *p, size_t n, double *adjusted) BENCH_MUST_CHECK;

struct bench_correlation {
    double rho, p; /* p by Student's t with n - 2 degrees of freedom */
};
/* Spearman's, ties by mean ranks. 0 or -ENOMEM. */
int bench_spearman(const double *a, const double *b, size_t n,
                   struct bench_correlation *out) BENCH_MUST_CHECK;
struct bench_portmanteau {
    double q, p;
};
/* Ljung and Box (1978): n(n+2) sum_1^h r_k^2 / (n-k), chi-squared with h degrees of freedom. */
struct bench_portmanteau bench_ljung_box(const double *values, size_t n, size_t h);
/* Anderson and Darling for an exponential distribution of unknown mean (Stephens 1974): A^2, and
 * A^2 (1 + 0.6/n), critical at 1.078 (10 %), 1.341 (5 %), 1.606 (2.5 %), 1.957 (1 %). 0 or -ENOMEM.
 */
int bench_anderson_exponential(const double *values, size_t n, double *a2,
                               double *corrected) BENCH_MUST_CHECK;

/* MSER-5 (White 1997): batch means of 5, d* the smallest d <= b/2 that minimises sum over i > d of
 * (Y_i - mean_d)^2 / (b - d)^2. false: fewer than 4 batches, or d* >= b/2. */
bool bench_mser5(const double *values, size_t n, size_t *batches_to_drop, double *statistic);

#endif
