/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_decode_skim.h"

enum { INT64_DIGITS = 19 };

/* The length of bytes whose tag was taken. */
static bool take_length(struct rpyc_skim *skim, uint8_t tag, size_t *length)
{
    uint32_t big;
    if (tag == TAG_BYTES_EMPTY) {
        *length = 0;
    } else if (tag >= TAG_BYTES_1 && tag <= TAG_BYTES_4) {
        *length = (size_t)(tag - TAG_BYTES_1) + 1;
    } else if ((tag == TAG_BYTES_L1 || tag == TAG_INT_L1) && rpyc_skim_left(skim) >= 1) {
        *length = *skim->at++;
    } else if ((tag == TAG_BYTES_L4 || tag == TAG_INT_L4) && rpyc_skim_left(skim) >= sizeof(big)) {
        memcpy(&big, skim->at, sizeof(big));
        *length = be32toh(big);
        skim->at += sizeof(big);
    } else {
        return rpyc_skim_fail(skim);
    }
    return *length <= rpyc_skim_left(skim) || rpyc_skim_fail(skim);
}

/* Steps over one value, or over the head of one; more: values that follow inside of it. */
static bool skip_one(struct rpyc_skim *skim, uint64_t *more)
{
    const uint8_t tag = rpyc_skim_peek(skim);
    size_t length = 0;
    uint32_t count;
    if (tag >= TAG_SMALL_FIRST && tag <= TAG_SMALL_LAST) {
        skim->at++;
        return true;
    }
    if ((tag >= TAG_TUPLE_1 && tag <= TAG_TUPLE_L4) || tag == TAG_TUPLE_EMPTY) {
        if (!rpyc_skim_tuple(skim, &count))
            return false;
        *more += count;
        return count <= rpyc_skim_left(skim) || rpyc_skim_fail(skim);
    }
    if (skim->at == skim->end)
        return false;
    skim->at++;
    switch (tag) {
    case TAG_NONE:
    case TAG_TRUE:
    case TAG_FALSE:
    case TAG_NOTIMPLEMENTED:
    case TAG_ELLIPSIS:
        return true;
    case TAG_STR:
    case TAG_SLICE:
    case TAG_FROZENSET:
        *more += 1;
        return true;
    case TAG_FLOAT:
    case TAG_COMPLEX:
        length = tag == TAG_FLOAT ? 8 : 16;
        if (length > rpyc_skim_left(skim))
            return rpyc_skim_fail(skim);
        break;
    default:
        if (!take_length(skim, tag, &length))
            return false;
    }
    skim->at += length;
    return true;
}

bool rpyc_skim_skip(struct rpyc_skim *skim)
{
    for (uint64_t left = 1; left > 0; left--)
        if (!skip_one(skim, &left))
            return false;
    return true;
}

bool rpyc_skim_int_text(struct rpyc_skim *skim, int64_t *out)
{
    const uint8_t tag = rpyc_skim_peek(skim);
    size_t length;
    if (tag != TAG_INT_L1 && tag != TAG_INT_L4)
        return rpyc_skim_fail(skim);
    skim->at++;
    if (!take_length(skim, tag, &length))
        return false;
    const uint8_t *at = skim->at, *end = at + length;
    const bool negative = at < end && *at == '-';
    uint64_t sum = 0;
    skim->at = end;
    at += negative ? 1 : 0;
    if (at == end || end - at > INT64_DIGITS)
        return rpyc_skim_fail(skim);
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return rpyc_skim_fail(skim);
        sum = sum * 10 + (uint64_t)(*at - '0'); /* 19 digits fit */
    }
    if (sum > INT64_MAX)
        return rpyc_skim_fail(skim);
    *out = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}

bool rpyc_skim_number(struct rpyc_skim *skim, uint64_t *out)
{
    struct rpyc_skim as_int = *skim, as_any = *skim;
    int64_t number;
    if (rpyc_skim_int(&as_int, &number)) {
        *skim = as_int;
        *out = (uint64_t)number;
        return true;
    }
    if (!rpyc_skim_skip(&as_any))
        return rpyc_skim_fail(skim);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    while (skim->at < as_any.at)
        hash = (hash ^ *skim->at++) * UINT64_C(0x100000001b3);
    *out = hash;
    return true;
}

bool rpyc_skim_text(struct rpyc_skim *skim, const char **text, size_t *length)
{
    uint8_t tag = rpyc_skim_peek(skim);
    if (tag == TAG_STR && rpyc_skim_left(skim) >= 2) {
        skim->at++;
        tag = *skim->at;
    }
    if (tag != TAG_BYTES_EMPTY && (tag < TAG_BYTES_1 || tag > TAG_BYTES_L4))
        return rpyc_skim_fail(skim);
    skim->at++;
    if (!take_length(skim, tag, length))
        return false;
    *text = (const char *)skim->at;
    skim->at += *length;
    return true;
}

/* Python drops what is behind the third. */
bool rpyc_skim_ref(struct rpyc_skim *skim, struct rpyc_skim_ref *out)
{
    uint32_t count;
    if (!rpyc_skim_tuple(skim, &count) || count < 3 ||
        !rpyc_skim_text(skim, &out->name, &out->name_length) ||
        !rpyc_skim_number(skim, &out->class_id) || !rpyc_skim_number(skim, &out->instance_id))
        return rpyc_skim_fail(skim);
    for (; count > 3; count--)
        if (!rpyc_skim_skip(skim))
            return false;
    return true;
}
