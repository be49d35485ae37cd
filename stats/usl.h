/* SPDX-License-Identifier: MIT */
/*
 * The universal scalability law (Gunther 1993, 2007): throughput of N clients
 *     X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)),
 * sigma contention, kappa coherency. Fitted by least squares (GSL, Levenberg-Marquardt) with sigma
 * and kappa >= 0. Pure; any thread.
 */
#ifndef BENCH_USL_H
#define BENCH_USL_H

#include "stats/estimate.h"

#define BENCH_USL_POINTS 6 /* fewer say too little about three parameters */
#define BENCH_USL_SHARE  0.9

struct bench_usl {
    double lambda, sigma, kappa;
    double peak_n; /* sqrt((1 - sigma) / kappa): more clients only lose; infinite for kappa = 0 */
    double peak_x; /* X there; lambda / sigma for kappa = 0 */
    double r_squared;
    /* From residual bootstrap; NaN without resamples. */
    struct bench_bounds lambda_bounds, sigma_bounds, kappa_bounds, peak_bounds;
    /* Of bench_usl_knee(BENCH_USL_SHARE) within the points: more clients only add waiting. */
    struct bench_bounds knee;
};

/* n >= BENCH_USL_POINTS points (clients >= 1, throughput > 0); resamples may be 0. 0, -EINVAL,
 * -ENOMEM, -EDOM (no fit). */
int bench_usl_fit(const double *clients, const double *throughput, size_t n, size_t resamples,
                  uint64_t seed, struct bench_usl *out) BENCH_MUST_CHECK;
double bench_usl_throughput(const struct bench_usl *usl, double clients);
/* Seconds in the system: N / X(N). */
double bench_usl_latency(const struct bench_usl *usl, double clients);
/* The smallest number of clients whose throughput is at least `share` (0.9) of the largest that the
 * law allows within 1..most. */
double bench_usl_knee(const struct bench_usl *usl, double share, double most);
/* Satopaa (2011), as a check: the index of the knee of a concave rising curve, -1 if there is none.
 */
long bench_kneedle(const double *x, const double *y, size_t n, double sensitivity);

#endif
