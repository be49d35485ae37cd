/* SPDX-License-Identifier: MIT */
/*
 * The parts of the reference service that service.c is made of. The computing ones are apart so
 * that their cost can be looked at: pure functions, any thread. session may be NULL; with one they
 * give up with -ECANCELED when it stops.
 */
#ifndef BENCH_SERVICE_INTERNAL_H
#define BENCH_SERVICE_INTERNAL_H

#include "bench/object.h"

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

/* ---- streaming (service/stream.c) ---- */

/* Calls `take` with each item of what a caller gave: TUPLE, LIST, FROZENSET, or an OBJECT that is
 * iterated. Returns as the functions of struct bench_object_ops, or what `take` returned if that
 * was not 0. */
int bench_service_for_each(struct bench_call *call, const struct bench_value *iterable,
                           int (*take)(void *user, struct bench_call *call,
                                       const struct bench_value *item),
                           void *user) BENCH_MUST_CHECK;

/* The total length of what upload_chunked got: BYTES, a TUPLE or LIST of BYTES, or an OBJECT that
 * is iterated. Returns as the functions of struct bench_object_ops. */
int bench_service_take_pieces(struct bench_call *call, const struct bench_value *pieces,
                              int64_t *total) BENCH_MUST_CHECK;
/* The OBJECT that download_chunked answers: an iterator over the payload's first `size` bytes.
 * chunk_size > 0. 0 or raised. */
int bench_service_give_pieces(struct bench_call *call, int64_t size, int64_t chunk_size,
                              struct bench_value *out) BENCH_MUST_CHECK;

/* ---- users (service/users.c) and calls (service/calls.c): rows of operations.def ---- */

#define BENCH_USER_MAX  INT64_C(1000000000000)
#define BENCH_USERS_MAX 10000 /* of one answer */
#define BENCH_DEPTH_MAX 1000  /* of nested */

typedef int (*bench_service_fn)(struct bench_call *call, const struct bench_value *args,
                                struct bench_value *out);

int bench_service_get_user(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out);
int bench_service_get_user_dict(struct bench_call *call, const struct bench_value *args,
                                struct bench_value *out);
int bench_service_get_user_tuple(struct bench_call *call, const struct bench_value *args,
                                 struct bench_value *out);
int bench_service_get_users(struct bench_call *call, const struct bench_value *args,
                            struct bench_value *out);
int bench_service_get_users_dicts(struct bench_call *call, const struct bench_value *args,
                                  struct bench_value *out);
int bench_service_get_users_tuples(struct bench_call *call, const struct bench_value *args,
                                   struct bench_value *out);
int bench_service_get_users_batch(struct bench_call *call, const struct bench_value *args,
                                  struct bench_value *out);
int bench_service_get_users_batch_dicts(struct bench_call *call, const struct bench_value *args,
                                        struct bench_value *out);
int bench_service_nested(struct bench_call *call, const struct bench_value *args,
                         struct bench_value *out);
int bench_service_method_a(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out);
int bench_service_method_b(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out);
int bench_service_method_c(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out);
int bench_service_method_d(struct bench_call *call, const struct bench_value *args,
                           struct bench_value *out);
int bench_service_fail(struct bench_call *call, const struct bench_value *args,
                       struct bench_value *out);

/* ---- shared by the operations (service/service.c) ---- */

/* An argument that has to be a whole number in 0..max; raises otherwise. */
int bench_service_integer(struct bench_call *call, const char *name, const struct bench_value *arg,
                          int64_t max, int64_t *out) BENCH_MUST_CHECK;

/* "bytes", as Python names the type. */
const char *bench_service_kind_name(enum bench_kind kind);
/* BYTES of the payload; borrowed from it. offset + size <= BENCH_PAYLOAD_MAX. */
int bench_service_payload_piece(struct bench_call *call, int64_t offset, int64_t size,
                                struct bench_value *out) BENCH_MUST_CHECK;

#endif
