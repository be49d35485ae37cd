/* SPDX-License-Identifier: MIT */
#include "protocols/http/http_chunks.h"

#define DIGITS_MAX 15 /* 60 bits: the size cannot overflow */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of the line with a chunk's size. */
static enum http_chunks_state take_size(struct http_chunks *chunks, char c)
{
    if (c == '\n' && chunks->digits > 0)
        return chunks->left > 0 ? HTTP_CHUNKS_DATA : HTTP_CHUNKS_END;
    if (chunks->state == HTTP_CHUNKS_REST)
        return HTTP_CHUNKS_REST;
    const int digit = hex_value(c);
    if (digit < 0)
        return chunks->digits > 0 ? HTTP_CHUNKS_REST : HTTP_CHUNKS_BAD;
    if (++chunks->digits > DIGITS_MAX)
        return HTTP_CHUNKS_BAD;
    chunks->left = chunks->left << 4 | (uint64_t)digit;
    return HTTP_CHUNKS_SIZE;
}

/* One byte that is not payload. */
static enum http_chunks_state take_frame(struct http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case HTTP_CHUNKS_SIZE:
    case HTTP_CHUNKS_REST:
        return take_size(chunks, c);
    case HTTP_CHUNKS_DATA_CR:
        if (c == '\r')
            return HTTP_CHUNKS_DATA_LF;
        /* fall through */
    case HTTP_CHUNKS_DATA_LF:
        chunks->digits = 0;
        return c == '\n' ? HTTP_CHUNKS_SIZE : HTTP_CHUNKS_BAD;
    default:
        return chunks->state;
    }
}

size_t http_chunks_next(struct http_chunks *chunks, const char **cursor, const char *end,
                        const char **piece)
{
    const char *p = *cursor;
    while (p < end && chunks->state < HTTP_CHUNKS_END) {
        if (chunks->state != HTTP_CHUNKS_DATA) {
            chunks->state = take_frame(chunks, *p++);
            continue;
        }
        size_t length = (size_t)(end - p);
        if (length > chunks->left)
            length = (size_t)chunks->left;
        chunks->left -= length;
        if (chunks->left == 0)
            chunks->state = HTTP_CHUNKS_DATA_CR;
        *piece = p;
        *cursor = p + length;
        return length;
    }
    *cursor = end;
    return 0;
}
