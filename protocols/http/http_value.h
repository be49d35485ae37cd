/* SPDX-License-Identifier: MIT */
/*
 * Values as JSON: what stands in replies for lists, dicts, numbers and texts. Pure, any thread.
 */
#ifndef HTTP_VALUE_H
#define HTTP_VALUE_H

#include <jansson.h>

#include "bench/buf.h"
#include "bench/value.h"

/* The shortest decimal text that reads back as the same double. */
void http_print_real(double value, char *out, size_t size);

/* Appends the value: TUPLE and LIST as an array, DICT with keys of text as an object, whole numbers
 * beyond +-2^53 as strings. 0, -ENOTSUP (bytes, references, numbers that are not finite ...), or
 * the errors of bench_buf_reserve. */
int http_value_add(struct bench_buf *buf, const struct bench_value *value) BENCH_MUST_CHECK;

/* JSON as a value with memory of its own: an array is a LIST, an object a DICT in the order of its
 * members. 0, -EPROTO (nested too deeply) or -ENOMEM. */
int http_value_read(const json_t *json, struct bench_arena *arena,
                    struct bench_value *out) BENCH_MUST_CHECK;
/* A LIST of DICTs as a TUPLE of TUPLEs of their values. 0, -EPROTO (something else) or -ENOMEM. */
int http_value_to_tuples(struct bench_value *value, struct bench_arena *arena) BENCH_MUST_CHECK;

#endif
