/* SPDX-License-Identifier: MIT */
#include "bench/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_buf_init(struct bench_buf *buf, size_t limit)
{
    *buf = (struct bench_buf){.limit = limit};
}

void bench_buf_fini(struct bench_buf *buf)
{
    free(buf->data);
    *buf = (struct bench_buf){.limit = buf->limit};
}

int bench_buf_reserve(struct bench_buf *buf, size_t n)
{
    size_t length = bench_buf_length(buf);
    if (n > buf->limit || length > buf->limit - n)
        return -EMSGSIZE;
    if (buf->capacity - buf->end >= n)
        return 0;
    if (buf->capacity - length >= n && buf->start >= length) {
        memcpy(buf->data, buf->data + buf->start, length);
    } else {
        size_t capacity = buf->capacity < 256 ? 256 : buf->capacity;
        while (capacity < length + n)
            capacity = capacity > SIZE_MAX / 2 ? length + n : capacity * 2;
        if (capacity > buf->limit)
            capacity = buf->limit < length + n ? length + n : buf->limit;
        uint8_t *data = malloc(capacity);
        if (data == NULL)
            return -ENOMEM;
        if (length > 0)
            memcpy(data, buf->data + buf->start, length);
        free(buf->data);
        buf->data = data;
        buf->capacity = capacity;
    }
    buf->start = 0;
    buf->end = length;
    return 0;
}

int bench_buf_add(struct bench_buf *buf, const void *data, size_t n)
{
    if (n == 0)
        return 0;
    int rc = bench_buf_reserve(buf, n);
    if (rc < 0)
        return rc;
    memcpy(buf->data + buf->end, data, n);
    buf->end += n;
    return 0;
}

int bench_buf_printf(struct bench_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return -EINVAL;
    int rc = bench_buf_reserve(buf, (size_t)n + 1); /* vsnprintf writes a NUL */
    if (rc < 0)
        return rc;
    va_start(args, format);
    (void)vsnprintf((char *)buf->data + buf->end, (size_t)n + 1, format, args);
    va_end(args);
    buf->end += (size_t)n;
    return 0;
}

void bench_buf_drop(struct bench_buf *buf, size_t n)
{
    buf->start += n;
    if (buf->start == buf->end)
        bench_buf_clear(buf);
}
