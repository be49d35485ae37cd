/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer that gets its maximum at birth. One owner, no locks. Positions: bytes
 * [start, end) are filled; taking from the front is cheap.
 */
#ifndef BENCH_BUF_H
#define BENCH_BUF_H

#include "bench/api.h"

struct bench_buf {
    uint8_t *data;
    size_t start, end, capacity, limit; /* bytes */
};

/* Makes an empty buffer in place; allocates nothing until first use. limit: bytes, > 0. */
BENCH_API void bench_buf_init(struct bench_buf *buf, size_t limit);
BENCH_API void bench_buf_fini(struct bench_buf *buf);

/* Room for n more bytes behind end. 0, -EMSGSIZE (over the limit) or -ENOMEM. */
BENCH_API int bench_buf_reserve(struct bench_buf *buf, size_t n) BENCH_MUST_CHECK;

/* Appends; the same errors as bench_buf_reserve, and then nothing was appended. */
BENCH_API int bench_buf_add(struct bench_buf *buf, const void *data, size_t n) BENCH_MUST_CHECK;
BENCH_API int bench_buf_printf(struct bench_buf *buf, const char *format, ...) BENCH_PRINTF(2, 3);

/* Drops n bytes from the front (n <= bench_buf_length). */
BENCH_API void bench_buf_drop(struct bench_buf *buf, size_t n);

static inline size_t bench_buf_length(const struct bench_buf *buf) { return buf->end - buf->start; }
/* NULL before the first use: then there is nothing to add to. */
static inline uint8_t *bench_buf_head(const struct bench_buf *buf)
{
    return buf->start == 0 ? buf->data : buf->data + buf->start;
}
static inline void bench_buf_clear(struct bench_buf *buf) { buf->start = buf->end = 0; }

#endif
