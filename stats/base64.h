/* SPDX-License-Identifier: MIT */
/*
 * Base64 (RFC 4648, section 4), padded, without line breaks. Pure functions, any thread.
 */
#ifndef BENCH_BASE64_H
#define BENCH_BASE64_H

#include "bench/api.h"

/* Room for the text of n bytes, with its end. */
#define BENCH_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* out: BENCH_BASE64_SIZE(n) bytes. */
void bench_base64_encode(const uint8_t *data, size_t n, char *out);
/* out: length / 4 * 3 bytes. Only the canonical form is taken. 0 and *n, or -EINVAL. */
int bench_base64_decode(const char *text, size_t length, uint8_t *out, size_t *n) BENCH_MUST_CHECK;

#endif
