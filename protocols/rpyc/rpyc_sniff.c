/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_sniff.h"

enum {
    HEADER_BYTES = 5,
    PAYLOAD_MIN = 4,   /* the end of an iteration */
    PACKED_MIN = 16,   /* nobody compresses less than that */
    SEQ_DIGITS = 19,   /* a counter of 64 bits */
    HANDLER_LAST = 20, /* INSTANCECHECK */
    THREADS_BYTES = 16,
    TLS_HEADER_BYTES = 5,
    TLS_RECORD_MAX = 16384 + 256,
};

/* Tags of brine. */
enum {
    EMPTY_TUPLE = 0x02,
    STR = 0x08,
    BYTES_L1 = 0x0e,
    BYTES_1 = 0x0a,
    BYTES_L4 = 0x0f,
    TUPLE_1 = 0x10,
    TUPLE_2 = 0x11,
    TUPLE_3 = 0x12,
    TUPLE_4 = 0x13,
    TUPLE_L4 = 0x15,
    INT_L1 = 0x16,
    COMPLEX = 0x1b,
    SMALL_FIRST = 0x20,
    SMALL_LAST = 0xef,
    SMALL_0 = 0x50,
};

enum { REQUEST = 1, REPLY = 2, EXCEPTION = 3 };
enum { VALUE = 1, TUPLE = 2, LOCAL_REF = 3, REMOTE_REF = 4 };

/* Says NO or MORE once, and then gives zeros. */
struct look {
    const uint8_t *data;
    uint64_t length; /* of the payload */
    size_t have, at;
    enum bench_recognised verdict; /* YES so far */
};

static uint8_t next(struct look *look)
{
    if (look->verdict != BENCH_RECOGNISED_YES)
        return 0;
    if (look->at >= look->length)
        look->verdict = BENCH_RECOGNISED_NO;
    else if (look->at >= look->have)
        look->verdict = BENCH_RECOGNISED_MORE;
    else
        return look->data[look->at++];
    return 0;
}

static void want(struct look *look, bool good)
{
    if (look->verdict == BENCH_RECOGNISED_YES && !good)
        look->verdict = BENCH_RECOGNISED_NO;
}

static void one_of(struct look *look, uint8_t first, uint8_t last)
{
    const uint8_t byte = next(look);
    want(look, byte >= first && byte <= last);
}

static uint8_t small(struct look *look, uint8_t first, uint8_t last)
{
    const uint8_t byte = next(look);
    want(look, byte >= SMALL_0 + first && byte <= SMALL_0 + last);
    return (uint8_t)(byte - SMALL_0);
}

static bool is_tuple(uint8_t tag)
{
    return tag == EMPTY_TUPLE || (tag >= TUPLE_1 && tag <= TUPLE_L4);
}

static bool is_value(uint8_t tag)
{
    return tag <= COMPLEX ? tag != 0x07 && tag != 0x09 : tag >= SMALL_FIRST && tag <= SMALL_LAST;
}

/* A counter: a small int, or its digits. */
static void look_at_seq(struct look *look)
{
    const uint8_t tag = next(look);
    want(look, tag == INT_L1 || (tag >= SMALL_0 && tag <= SMALL_LAST));
    if (tag != INT_L1)
        return;
    const uint8_t digits = next(look);
    want(look, digits >= 3 && digits <= SEQ_DIGITS);
    for (uint8_t i = 0; i < digits && look->verdict == BENCH_RECOGNISED_YES; i++)
        one_of(look, i == 0 ? '1' : '0', '9');
}

static void look_at_request(struct look *look)
{
    one_of(look, TUPLE_2, TUPLE_2);
    (void)small(look, 1, HANDLER_LAST);
    one_of(look, TUPLE_2, TUPLE_2);
    (void)small(look, VALUE, TUPLE);
    const uint8_t tag = next(look);
    want(look, is_tuple(tag));
}

/* A str that is not empty; Python 2 sends bytes. */
static void look_at_name(struct look *look)
{
    uint8_t tag = next(look);
    if (tag == STR)
        tag = next(look);
    want(look, tag >= BYTES_1 && tag <= BYTES_L4);
}

static void look_at_ref(struct look *look)
{
    one_of(look, TUPLE_3, TUPLE_3);
    look_at_name(look);
}

static void look_at_reply(struct look *look)
{
    one_of(look, TUPLE_2, TUPLE_2);
    const uint8_t label = small(look, VALUE, REMOTE_REF);
    if (look->verdict != BENCH_RECOGNISED_YES)
        return;
    if (label == LOCAL_REF || label == REMOTE_REF) {
        look_at_ref(look);
        return;
    }
    const uint8_t tag = next(look);
    want(look, label == TUPLE ? is_tuple(tag) : is_value(tag));
}

/* The end of an iteration, or a record that begins with (module, class). */
static void look_at_exception(struct look *look)
{
    const uint8_t tag = next(look);
    if (tag == SMALL_0 + 1) {
        want(look, look->at == look->length);
        return;
    }
    want(look, tag == TUPLE_4);
    one_of(look, TUPLE_2, TUPLE_2);
    look_at_name(look);
}

static void look_at_message(struct look *look)
{
    uint8_t type = next(look);
    if (type == TUPLE_3) { /* rpyc 4 and 5 */
        type = small(look, REQUEST, EXCEPTION);
    } else { /* 6 */
        want(look, type >= REQUEST && type <= EXCEPTION);
        one_of(look, TUPLE_2, TUPLE_2);
    }
    look_at_seq(look);
    if (look->verdict != BENCH_RECOGNISED_YES)
        return;
    if (type == REQUEST)
        look_at_request(look);
    else if (type == REPLY)
        look_at_reply(look);
    else
        look_at_exception(look);
}

/* Two ids of threads, which are addresses: 0 in their two high bytes. The sender has one. */
static void look_at_threads(struct look *look)
{
    uint8_t any = 0;
    for (unsigned i = 0; i < THREADS_BYTES; i++) {
        const uint8_t byte = next(look);
        if (i % 8 < 2)
            want(look, byte == 0);
        if (i < THREADS_BYTES / 2)
            any |= byte;
        if (i == THREADS_BYTES / 2 - 1)
            want(look, any != 0);
    }
}

enum bench_recognised rpyc_sniff_payload(const uint8_t *data, size_t have, uint64_t length)
{
    struct look look = {
        .data = data, .length = length, .have = have, .verdict = BENCH_RECOGNISED_YES};
    if (length < PAYLOAD_MIN)
        return BENCH_RECOGNISED_NO;
    if (have > 0 && data[0] == 0)
        look_at_threads(&look);
    look_at_message(&look);
    return look.verdict;
}

/* zlib's two bytes (deflate, a window of 32 KiB, no dictionary, their check), then a block of a
 * known type. Cannot be looked into any further from here. */
static enum bench_recognised sniff_packed(const uint8_t *data, size_t have, uint64_t length)
{
    if (length < PACKED_MIN)
        return BENCH_RECOGNISED_NO;
    if (have >= 1 && data[0] != 0x78)
        return BENCH_RECOGNISED_NO;
    if (have >= 2 && (((unsigned)data[0] << 8 | data[1]) % 31 != 0 || (data[1] & 0x20) != 0))
        return BENCH_RECOGNISED_NO;
    if (have < 3)
        return BENCH_RECOGNISED_MORE;
    const unsigned block = data[2] >> 1 & 3;
    if (block == 3)
        return BENCH_RECOGNISED_NO;
    if (block != 0)
        return BENCH_RECOGNISED_YES;
    if (have < 7) /* stored as it is: its length, and that inverted */
        return BENCH_RECOGNISED_MORE;
    return (data[3] ^ data[5]) == 0xff && (data[4] ^ data[6]) == 0xff ? BENCH_RECOGNISED_YES
                                                                      : BENCH_RECOGNISED_NO;
}

enum bench_recognised rpyc_sniff_frame(const uint8_t *data, size_t have)
{
    uint64_t length = 0;
    if (have > 4 && data[4] > 1)
        return BENCH_RECOGNISED_NO;
    /* No more than 1 GiB: also keeps texts and other protocols' words out at once. */
    if (have > 0 && data[0] > 0x40)
        return BENCH_RECOGNISED_NO;
    if (have < HEADER_BYTES)
        return BENCH_RECOGNISED_MORE;
    for (unsigned i = 0; i < 4; i++)
        length = length << 8 | data[i];
    if (data[4] == 1)
        return sniff_packed(data + HEADER_BYTES, have - HEADER_BYTES, length);
    return rpyc_sniff_payload(data + HEADER_BYTES, have - HEADER_BYTES, length);
}

/* The header of a record: type, version 3.x, length. */
static enum bench_recognised sniff_tls(const uint8_t *data, size_t have)
{
    if (have >= 1 && (data[0] < 0x14 || data[0] > 0x17))
        return BENCH_RECOGNISED_NO;
    if ((have >= 2 && data[1] != 3) || (have >= 3 && data[2] > 4))
        return BENCH_RECOGNISED_NO;
    if (have < TLS_HEADER_BYTES)
        return BENCH_RECOGNISED_MORE;
    const unsigned length = (unsigned)data[3] << 8 | data[4];
    return length >= 1 && length <= TLS_RECORD_MAX ? BENCH_RECOGNISED_ENCRYPTED
                                                   : BENCH_RECOGNISED_NO;
}

enum bench_recognised rpyc_recognise(const void *data, size_t length)
{
    const enum bench_recognised tls = sniff_tls(data, length);
    if (tls == BENCH_RECOGNISED_ENCRYPTED)
        return tls;
    const enum bench_recognised frame = rpyc_sniff_frame(data, length);
    return frame == BENCH_RECOGNISED_NO ? tls : frame;
}
