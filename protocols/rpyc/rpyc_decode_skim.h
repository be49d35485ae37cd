/* SPDX-License-Identifier: MIT */
/*
 * A cursor over brine that makes nothing: steps over what is not needed and hands out the rest in
 * place. For the passive decoder, which reads a million messages a second; rpyc_value.h reads
 * values as a whole. After the first thing that is cut or no brine all functions say false.
 */
#ifndef RPYC_DECODE_SKIM_H
#define RPYC_DECODE_SKIM_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "protocols/rpyc/rpyc_tags.h"

struct rpyc_skim {
    const uint8_t *at, *end;
};

/* How an object is named on the wire; ids that are no int of 64 bits by a hash. */
struct rpyc_skim_ref {
    const char *name;
    size_t name_length;
    uint64_t class_id, instance_id;
};

static inline bool rpyc_skim_fail(struct rpyc_skim *skim)
{
    skim->at = skim->end;
    return false;
}

static inline size_t rpyc_skim_left(const struct rpyc_skim *skim)
{
    return (size_t)(skim->end - skim->at);
}

/* The next byte, not taken; 0x07, which no value begins with, at the end. */
static inline uint8_t rpyc_skim_peek(const struct rpyc_skim *skim)
{
    return skim->at < skim->end ? *skim->at : 0x07;
}

/* The head of a tuple; its items follow. At most as many as there are bytes, unless it was cut. */
static inline bool rpyc_skim_tuple(struct rpyc_skim *skim, uint32_t *count)
{
    uint32_t big;
    const uint8_t tag = rpyc_skim_peek(skim);
    if (tag >= TAG_TUPLE_1 && tag <= TAG_TUPLE_4) {
        skim->at++;
        *count = (uint32_t)(tag - TAG_TUPLE_1) + 1;
    } else if (tag == TAG_TUPLE_EMPTY) {
        skim->at++;
        *count = 0;
    } else if (tag == TAG_TUPLE_L1 && rpyc_skim_left(skim) >= 2) {
        *count = skim->at[1];
        skim->at += 2;
    } else if (tag == TAG_TUPLE_L4 && rpyc_skim_left(skim) >= 5) {
        memcpy(&big, skim->at + 1, sizeof(big));
        *count = be32toh(big);
        skim->at += 5;
    } else {
        return rpyc_skim_fail(skim);
    }
    return true;
}

/* The same, of exactly so many. */
static inline bool rpyc_skim_tuple_of(struct rpyc_skim *skim, uint32_t want)
{
    uint32_t count;
    return rpyc_skim_tuple(skim, &count) && (count == want || rpyc_skim_fail(skim));
}

/* An int of 64 bits. */
bool rpyc_skim_int_text(struct rpyc_skim *skim, int64_t *out);

static inline bool rpyc_skim_int(struct rpyc_skim *skim, int64_t *out)
{
    const uint8_t tag = rpyc_skim_peek(skim);
    if (tag < TAG_SMALL_FIRST || tag > TAG_SMALL_LAST)
        return rpyc_skim_int_text(skim, out);
    skim->at++;
    *out = (int64_t)tag - SMALL_BIAS;
    return true;
}

/* One value, stepped over. */
bool rpyc_skim_skip(struct rpyc_skim *skim);
/* Any value, as a number that is the same for the same bytes, and as itself for ints of 64 bits. */
bool rpyc_skim_number(struct rpyc_skim *skim, uint64_t *out);
/* A str or bytes. */
bool rpyc_skim_text(struct rpyc_skim *skim, const char **text, size_t *length);
bool rpyc_skim_ref(struct rpyc_skim *skim, struct rpyc_skim_ref *out);

#endif
