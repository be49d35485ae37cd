/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON strings straight into a buffer. Pure, any thread. (Reading is jansson's work.)
 */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include "bench/buf.h"

/* Appends text as a JSON string in quotes. Bytes that are not UTF-8 (a message that was cut in
 * the middle of a character) become U+FFFD. 0, or the errors of bench_buf_reserve. */
int http_json_add_string(struct bench_buf *buf, const char *text, size_t length) BENCH_MUST_CHECK;

#endif
