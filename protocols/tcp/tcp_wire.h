/* SPDX-License-Identifier: MIT */
/*
 * The floor protocol's messages: the least that can carry an operation and its answer. All numbers
 * big-endian.
 *
 *   request = u32 length of what follows | u8 operation id | u8 nargs | args | transmitted bytes
 *   arg     = u8 kind ('I' | 'F') | 8 bytes (two's complement, or the bits of a double)
 *   reply   = u32 length of what follows | u8 status | u8 kind | body
 *
 * Used by both halves; pure functions on memory.
 */
#ifndef TCP_WIRE_H
#define TCP_WIRE_H

#include <errno.h>
#include <string.h>

#include "bench/operation.h"

enum {
    TCP_LENGTH_SIZE = 4,
    TCP_REQUEST_FIXED = 2, /* operation id, nargs */
    TCP_ARG_SIZE = 9,
    TCP_MAX_ARGS = BENCH_OPERATION_PARAMS,
    TCP_REQUEST_HEAD_MAX = TCP_LENGTH_SIZE + TCP_REQUEST_FIXED + TCP_MAX_ARGS * TCP_ARG_SIZE,
    TCP_REPLY_FIXED = 2, /* status, kind */
    TCP_REPLY_HEAD = TCP_LENGTH_SIZE + TCP_REPLY_FIXED,
    TCP_INT_SIZE = 8,
};

enum { TCP_ARG_INT = 'I', TCP_ARG_FLOAT = 'F' };
enum { TCP_STATUS_OK = 0, TCP_STATUS_EXCEPTION = 1 };

/* Kinds of a reply's body. An exception is a STR "Type: message". */
enum {
    TCP_KIND_NONE = 'N', /* empty */
    TCP_KIND_INT = 'I',  /* 8 bytes */
    TCP_KIND_STR = 'S',  /* UTF-8 */
    TCP_KIND_BYTES = 'B',
    TCP_KIND_BIGINT = 'G', /* decimal digits, '-' in front if negative */
};

/* A message is whole and holds one number or text: the floor has neither streams nor structures. */
static inline bool tcp_carries(enum bench_operation_id id)
{
    switch (id) {
    case BENCH_OP_UPLOAD_CHUNKED:
    case BENCH_OP_DOWNLOAD_CHUNKED:
    case BENCH_OP_GET_USER:
    case BENCH_OP_GET_USER_DICT:
    case BENCH_OP_GET_USER_TUPLE:
    case BENCH_OP_GET_USERS:
    case BENCH_OP_GET_USERS_DICTS:
    case BENCH_OP_GET_USERS_TUPLES:
    case BENCH_OP_GET_USERS_BATCH:
    case BENCH_OP_GET_USERS_BATCH_DICTS:
    case BENCH_OP_NESTED:
    case BENCH_OP_FAIL:
        return false;
    default:
        return true;
    }
}

static inline void tcp_put_u32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint32_t tcp_get_u32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static inline void tcp_put_u64(uint8_t *out, uint64_t value)
{
    tcp_put_u32(out, (uint32_t)(value >> 32));
    tcp_put_u32(out + 4, (uint32_t)value);
}

static inline uint64_t tcp_get_u64(const uint8_t *data)
{
    return (uint64_t)tcp_get_u32(data) << 32 | tcp_get_u32(data + 4);
}

/* Everything of a request before its transmitted bytes, which are tx_length long. out has
 * TCP_REQUEST_HEAD_MAX bytes. Returns the number written; -EINVAL for arguments that are neither
 * INT nor FLOAT or too many; -EMSGSIZE when the length does not fit. */
static inline int tcp_encode_request(uint8_t *out, enum bench_operation_id id,
                                     const struct bench_value *args, size_t nargs,
                                     uint64_t tx_length)
{
    if (nargs > TCP_MAX_ARGS)
        return -EINVAL;
    const uint64_t length = TCP_REQUEST_FIXED + nargs * TCP_ARG_SIZE + tx_length;
    if (length > UINT32_MAX)
        return -EMSGSIZE;
    tcp_put_u32(out, (uint32_t)length);
    out[4] = (uint8_t)id;
    out[5] = (uint8_t)nargs;
    uint8_t *p = out + TCP_LENGTH_SIZE + TCP_REQUEST_FIXED;
    for (size_t i = 0; i < nargs; i++, p += TCP_ARG_SIZE) {
        uint64_t bits;
        if (args[i].kind == BENCH_INT) {
            p[0] = TCP_ARG_INT;
            bits = (uint64_t)args[i].integer;
        } else if (args[i].kind == BENCH_FLOAT) {
            p[0] = TCP_ARG_FLOAT;
            memcpy(&bits, &args[i].real, sizeof(bits));
        } else {
            return -EINVAL;
        }
        tcp_put_u64(p + 1, bits);
    }
    return (int)(p - out);
}

struct tcp_request {
    uint8_t id; /* not yet checked to be an operation */
    size_t nargs;
    struct bench_value args[TCP_MAX_ARGS];
    const uint8_t *tx; /* borrowed from the message */
    size_t tx_length;
};

/* data: what follows the length. 0 or -EPROTO. */
static inline int tcp_decode_request(const uint8_t *data, size_t length, struct tcp_request *out)
{
    if (length < TCP_REQUEST_FIXED || data[1] > TCP_MAX_ARGS)
        return -EPROTO;
    const size_t nargs = data[1];
    const size_t head = TCP_REQUEST_FIXED + nargs * TCP_ARG_SIZE;
    if (length < head)
        return -EPROTO;
    const uint8_t *p = data + TCP_REQUEST_FIXED;
    for (size_t i = 0; i < nargs; i++, p += TCP_ARG_SIZE) {
        const uint64_t bits = tcp_get_u64(p + 1);
        if (p[0] == TCP_ARG_INT) {
            out->args[i] = (struct bench_value){.kind = BENCH_INT, .integer = (int64_t)bits};
        } else if (p[0] == TCP_ARG_FLOAT) {
            out->args[i] = (struct bench_value){.kind = BENCH_FLOAT};
            memcpy(&out->args[i].real, &bits, sizeof(bits));
        } else {
            return -EPROTO;
        }
    }
    out->id = data[0];
    out->nargs = nargs;
    out->tx = p;
    out->tx_length = length - head;
    return 0;
}

/* The head of a reply whose body is body_length bytes (at most UINT32_MAX - TCP_REPLY_FIXED). out
 * has TCP_REPLY_HEAD bytes. */
static inline void tcp_encode_reply_head(uint8_t *out, uint8_t status, uint8_t kind,
                                         size_t body_length)
{
    tcp_put_u32(out, (uint32_t)(body_length + TCP_REPLY_FIXED));
    out[4] = status;
    out[5] = kind;
}

struct tcp_reply_head {
    uint8_t status, kind;
    size_t body_length;
};

/* data: TCP_REPLY_HEAD bytes. 0, or -EPROTO for a length, status or kind that cannot be. */
static inline int tcp_decode_reply_head(const uint8_t *data, struct tcp_reply_head *out)
{
    const uint32_t length = tcp_get_u32(data);
    if (length < TCP_REPLY_FIXED || data[4] > TCP_STATUS_EXCEPTION)
        return -EPROTO;
    const size_t body_length = length - TCP_REPLY_FIXED;
    switch (data[5]) {
    case TCP_KIND_NONE:
        if (body_length != 0)
            return -EPROTO;
        break;
    case TCP_KIND_INT:
        if (body_length != TCP_INT_SIZE)
            return -EPROTO;
        break;
    case TCP_KIND_STR:
    case TCP_KIND_BYTES:
    case TCP_KIND_BIGINT:
        break;
    default:
        return -EPROTO;
    }
    if (data[4] == TCP_STATUS_EXCEPTION && data[5] != TCP_KIND_STR)
        return -EPROTO;
    *out = (struct tcp_reply_head){.status = data[4], .kind = data[5], .body_length = body_length};
    return 0;
}

#endif
