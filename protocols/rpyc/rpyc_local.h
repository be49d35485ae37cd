/* SPDX-License-Identifier: MIT */
/* What Python's len(), x[k], iter(), str() do with values that the client holds itself. Pure. */
#ifndef RPYC_LOCAL_H
#define RPYC_LOCAL_H

#include "bench/value.h"

/* "list", "int"; the class of a proxy. */
const char *rpyc_local_type(const struct bench_value *value);
/* True for the attributes that a proxy of Python answers itself, so that they are never sent. */
bool rpyc_local_attribute(const char *name, size_t length);
/* 0, or -EINVAL: it has no len(). */
int rpyc_local_length(const struct bench_value *value, size_t *out);
/* 0; negative, with what Python raises in *why. Items are borrowed from the value. */
int rpyc_local_item(struct bench_arena *arena, const struct bench_value *value,
                    const struct bench_value *key, struct bench_value *out, const char **why);
/* The item at *position, which moves on. 0; -ENODATA at the end; -EINVAL: not iterable. */
int rpyc_local_next(const struct bench_value *value, size_t *position, struct bench_value *out);
/* repr(), or str(). 0, -ENOMEM, -EMSGSIZE. */
int rpyc_local_text(struct bench_arena *arena, const struct bench_value *value, bool repr,
                    struct bench_value *out);

#endif
