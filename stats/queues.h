/* SPDX-License-Identifier: MIT */
/*
 * Queues whose response times are known in closed form: what an instrument must measure that is
 * pointed at one (suite/selftest.c). One server, first come first served, Poisson arrivals at
 * `lambda` per second, utilization rho = lambda * mean service time < 1. A response is waiting plus
 * service. Seconds. Pure functions, any thread; NaN where there is no such figure.
 */
#ifndef BENCH_QUEUES_H
#define BENCH_QUEUES_H

#include "bench/api.h"

/* Exponential service at rate mu: responses are exponential with mean 1 / (mu - lambda), so their
 * quantile p is -ln(1 - p) / (mu - lambda) (Erlang 1917; Kleinrock, Queueing Systems I, 3.2). */
double bench_mm1_mean(double lambda, double mu);
double bench_mm1_quantile(double lambda, double mu, double p);

/* Constant service d. Mean by Pollaczek and Khinchine: d + lambda d^2 / (2 (1 - rho)). */
double bench_md1_mean(double lambda, double d);
/* P(response <= t), by Erlang's series for the wait x = t - d:
 *     (1 - rho) sum_{k = 0}^{floor(x/d)} (-lambda (x - k d))^k / k! * e^(lambda (x - k d)).
 * Its terms alternate and grow with x; summed in long double, good to 1e-7 up to lambda x = 25 (rho
 * 0.8: a wait of 31 services), NaN beyond. */
double bench_md1_distribution(double lambda, double d, double t);
/* Its inverse, by bisection; NaN where the distribution is. p in (0, 1). */
double bench_md1_quantile(double lambda, double d, double p);

/* A server that answers at once but stands still for T in a load of D with a constant rate: who
 * arrives meanwhile waits for the rest of T. Mean T^2 / (2 D); quantile T - (1 - p) D where 1 - p <
 * T / D, else 0. */
double bench_freeze_mean(double freeze, double load);
double bench_freeze_quantile(double freeze, double load, double p);

#endif
