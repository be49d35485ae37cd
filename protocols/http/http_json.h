/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON strings straight into a buffer, and what jansson has read as values. Pure, any
 * thread.
 */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <jansson.h>

#include "bench/buf.h"
#include "bench/value.h"

/* Appends text as a JSON string in quotes. Bytes that are not UTF-8 (a message that was cut in
 * the middle of a character) become U+FFFD. 0, or the errors of bench_buf_reserve. */
int http_json_add_string(struct bench_buf *buf, const char *text, size_t length) BENCH_MUST_CHECK;

/* A copy in the arena: an object as DICT, an array as LIST. 0 or -ENOMEM. (jansson has bounded the
 * nesting.) */
int http_json_value(const json_t *json, struct bench_arena *arena,
                    struct bench_value *out) BENCH_MUST_CHECK;

#endif
