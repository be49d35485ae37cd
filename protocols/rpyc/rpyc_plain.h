/* SPDX-License-Identifier: MIT */
/*
 * Requests about values that travel by value (STR of an int): no client of rpyc sends them of its
 * own accord, but they have an answer. Comparing, hashing and showing is as in Python; of the
 * attributes there are the special methods for that. Return as the functions of
 * struct bench_object_ops.
 */
#ifndef RPYC_PLAIN_H
#define RPYC_PLAIN_H

#include "protocols/rpyc/rpyc_handlers.h"

/* Python's name of its type. */
const char *rpyc_plain_type(const struct bench_value *value);
/* NOTIMPLEMENTED for what Python's type does not compare itself with. */
int rpyc_plain_compare(struct rpyc_peer *peer, const struct bench_value *value,
                       enum bench_compare op, const struct bench_value *other,
                       struct bench_value *out) BENCH_MUST_CHECK;
/* hash(): as Python's where that is always the same, which it is for numbers. */
int rpyc_plain_hash(struct rpyc_peer *peer, const struct bench_value *value,
                    struct bench_value *out) BENCH_MUST_CHECK;
int rpyc_plain_dir(struct rpyc_peer *peer, const struct bench_value *value,
                   struct bench_value *out) BENCH_MUST_CHECK;
/* The first items of a tuple; others cannot be iterated over in this way. */
int rpyc_plain_buffiter(struct rpyc_peer *peer, const struct bench_value *value,
                        const struct bench_value *count, struct bench_value *out) BENCH_MUST_CHECK;
/* value.name, but for methods. */
int rpyc_plain_getattr(struct rpyc_peer *peer, const struct bench_value *value, const char *name,
                       size_t n, struct bench_value *out) BENCH_MUST_CHECK;
/* value.name(*args). */
int rpyc_plain_callattr(struct rpyc_peer *peer, const struct bench_value *value, const char *name,
                        size_t n, const struct bench_value *args,
                        struct bench_value *out) BENCH_MUST_CHECK;

#endif
