/* SPDX-License-Identifier: MIT */
/*
 * Taking the payload out of a chunked body (RFC 9112, 7.1) without copying it. libcurl decodes
 * such bodies by itself, but then nobody can tell how many bytes they had on the wire. Pure, any
 * thread.
 */
#ifndef HTTP_CHUNKS_H
#define HTTP_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

enum http_chunks_state {
    HTTP_CHUNKS_SIZE, /* before or within the hexadecimal size */
    HTTP_CHUNKS_REST, /* extensions behind the size, up to the end of the line */
    HTTP_CHUNKS_DATA,
    HTTP_CHUNKS_DATA_CR, /* behind a chunk's data */
    HTTP_CHUNKS_DATA_LF,
    HTTP_CHUNKS_END, /* the last chunk was seen; trailers are ignored */
    HTTP_CHUNKS_BAD, /* not chunked encoding; all that follows is ignored */
};

/* All zero = before the first byte. */
struct http_chunks {
    enum http_chunks_state state;
    unsigned digits;
    uint64_t left; /* the size as far as it was read, then what is missing of the data */
};

/* Finds the next payload in the raw bytes from *cursor to end and moves *cursor behind it. Returns
 * its length and sets *piece; 0 when the bytes are used up. */
size_t http_chunks_next(struct http_chunks *chunks, const char **cursor, const char *end,
                        const char **piece);

#endif
