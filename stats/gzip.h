/* SPDX-License-Identifier: MIT */
/*
 * Whole files as gzip (RFC 1952), the same bytes for the same content: the header holds neither a
 * name nor a time. Pure functions, any thread.
 */
#ifndef BENCH_GZIP_H
#define BENCH_GZIP_H

#include "bench/buf.h"
#include "bench/error.h"

/* Appends to out. 0, -ENOMEM or -EMSGSIZE. */
int bench_gzip(const void *data, size_t n, struct bench_buf *out) BENCH_MUST_CHECK;
/* Appends the content to out, whose limit bounds it. Exactly one member, to the last byte: -EINVAL
 * otherwise; -EMSGSIZE when it is larger than the limit; -ENOMEM. */
int bench_gunzip(const void *data, size_t n, struct bench_buf *out,
                 struct bench_error *err) BENCH_MUST_CHECK;

#endif
