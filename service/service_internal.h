/* SPDX-License-Identifier: MIT */
/*
 * The computing parts of the reference service, apart so that their cost can be looked at. Pure
 * functions, any thread. session may be NULL; with one they give up with -ECANCELED when it stops.
 */
#ifndef BENCH_SERVICE_INTERNAL_H
#define BENCH_SERVICE_INTERNAL_H

#include "bench/api.h"

struct bench_session;

/* The sum of all i*i with 0 <= i < BENCH_COMPUTE_MAX is far below 2^127. */
#define BENCH_COMPUTE_MAX INT64_C(1000000000000)
#define BENCH_CPU_MAX     INT64_C(1000000000)
#define BENCH_CPU_DIGITS  16

/* b"start" hashed `iterations` times with SHA-256, raw digests chained; the first digits of the
 * last in hexadecimal ("7374617274", that is b"start", for 0). out has BENCH_CPU_DIGITS + 1 bytes.
 * 0, -ECANCELED, or -EIO when OpenSSL has no SHA-256. */
int bench_service_hash(struct bench_session *session, int64_t iterations,
                       char *out) BENCH_MUST_CHECK;

/* The sum of i*i for i < n, by a loop. 0 or -ECANCELED. */
int bench_service_sum(struct bench_session *session, int64_t n, __int128 *out) BENCH_MUST_CHECK;

#endif
