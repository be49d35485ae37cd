/* SPDX-License-Identifier: MIT */
/*
 * splitmix64 (Steele, Lea and Flood 2014): any seed will do, neighbouring ones give streams that
 * have nothing in common, and it is the same on every machine. Not for secrets. The state is the
 * caller's: one owner.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t bench_random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Exponential with mean 1. */
static inline double bench_random_exponential(uint64_t *state)
{
    const double u = ((double)(bench_random_next(state) >> 11) + 0.5) * 0x1p-53; /* in (0, 1) */
    return -log(u);
}

#endif
