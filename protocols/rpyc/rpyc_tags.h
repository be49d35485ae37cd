/* SPDX-License-Identifier: MIT */
/* The tags of brine, for its reader and its writer only. */
#ifndef RPYC_TAGS_H
#define RPYC_TAGS_H

#include <stdbool.h>

#include "bench/api.h"

enum {
    TAG_NONE = 0x00,
    TAG_BYTES_EMPTY = 0x01,
    TAG_TUPLE_EMPTY = 0x02,
    TAG_TRUE = 0x03,
    TAG_FALSE = 0x04,
    TAG_NOTIMPLEMENTED = 0x05,
    TAG_ELLIPSIS = 0x06,
    TAG_STR = 0x08,
    TAG_BYTES_1 = 0x0a, /* .. 0x0d for 4 bytes */
    TAG_BYTES_4 = 0x0d,
    TAG_BYTES_L1 = 0x0e,
    TAG_BYTES_L4 = 0x0f,
    TAG_TUPLE_1 = 0x10, /* .. 0x13 for 4 items */
    TAG_TUPLE_4 = 0x13,
    TAG_TUPLE_L1 = 0x14,
    TAG_TUPLE_L4 = 0x15,
    TAG_INT_L1 = 0x16,
    TAG_INT_L4 = 0x17,
    TAG_FLOAT = 0x18,
    TAG_SLICE = 0x19,
    TAG_FROZENSET = 0x1a,
    TAG_COMPLEX = 0x1b,
    TAG_SMALL_FIRST = 0x20, /* the int -48 */
    TAG_SMALL_LAST = 0xef,  /* the int 159 */
    SMALL_BIAS = 0x50,
};

/* Well formed, without surrogates. */
bool rpyc_utf8_valid(const uint8_t *text, size_t n);

#endif
