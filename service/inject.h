/* SPDX-License-Identifier: MIT */
/*
 * A known slowdown of the reference service, so that what measures can be tried: every call of it
 * computes or waits so much longer before it is answered. Nothing unless a server was told so.
 */
#ifndef BENCH_INJECT_H
#define BENCH_INJECT_H

#include <stdint.h>

#include "bench/error.h"
#include "bench/object.h"

#define BENCH_INJECT_MAX_NS INT64_C(1000000000)

struct bench_inject {
    int64_t cpu_ns;   /* of CPU, spent in a loop */
    int64_t delay_ns; /* waited for */
};

/* "cpu=3us", "delay=1ms", "cpu=3us,delay=1ms". 0; -EINVAL with what was wrong. */
int bench_inject_parse(const char *text, struct bench_inject *out,
                       struct bench_error *err) BENCH_MUST_CHECK;
/* From now on, in this process; before any session, while one thread. */
void bench_inject_set(const struct bench_inject *inject);
/* Computes and waits as told; in each call of the service. 0, or -ECANCELED when the session
 * stops. */
int bench_inject_run(struct bench_call *call) BENCH_MUST_CHECK;

#endif
