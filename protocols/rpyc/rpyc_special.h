/* SPDX-License-Identifier: MIT */
/*
 * The special methods (__len__, __eq__ ...) of a service's objects, by name. Functions return as
 * those of struct bench_object_ops. Used by one session's thread.
 */
#ifndef RPYC_SPECIAL_H
#define RPYC_SPECIAL_H

#include "protocols/rpyc/rpyc_handlers.h"

#define RPYC_TEXT_MAX ((size_t)16 << 20) /* bytes of a repr that we make */

struct rpyc_special;

/* NULL if objects of the type have none of that name. __call__ is not one: it is CALL. */
const struct rpyc_special *rpyc_special_find(const struct bench_object_ops *ops, const char *name,
                                             size_t n);
/* args: TUPLE; kwargs: TUPLE or NULL. */
int rpyc_special_call(struct rpyc_peer *peer, const struct rpyc_special *special,
                      struct bench_object *object, const struct bench_value *args,
                      const struct bench_value *kwargs, struct bench_value *out) BENCH_MUST_CHECK;
/* The method as an object of its own, which keeps `object` alive. */
int rpyc_special_bind(struct rpyc_peer *peer, const struct rpyc_special *special,
                      struct bench_object *object, struct bench_value *out) BENCH_MUST_CHECK;
/* All methods of a type: for INSPECT a tuple of (name, doc), for DIR a sorted tuple of names. */
int rpyc_special_names(struct rpyc_peer *peer, const struct bench_object_ops *ops, bool inspect,
                       struct bench_value *out) BENCH_MUST_CHECK;

int rpyc_special_compare(struct rpyc_peer *peer, struct bench_object *object, enum bench_compare op,
                         const struct bench_value *other, struct bench_value *out) BENCH_MUST_CHECK;
int rpyc_special_hash(struct rpyc_peer *peer, struct bench_object *object,
                      struct bench_value *out) BENCH_MUST_CHECK;
/* Of any value. */
int rpyc_special_repr(struct rpyc_peer *peer, const struct bench_value *value,
                      struct bench_value *out) BENCH_MUST_CHECK;
int rpyc_special_str(struct rpyc_peer *peer, const struct bench_value *value,
                     struct bench_value *out) BENCH_MUST_CHECK;

/* "User" of "service.User". */
const char *rpyc_short_name(const char *type_name);

#endif
