/* SPDX-License-Identifier: MIT */
/*
 * An operation: one run of a program on a connection, with what it sends, where its reply goes,
 * when things happened and what it cost on the wire.
 *
 * The caller makes ops (bench_op_new), fills the public members and submits; the backend updates
 * marks.first_byte, stat, sink and result through the functions below and ends with
 * bench_op_complete exactly once. An op belongs to one loop. It may be submitted again after it
 * completed (bench_op_reset first): nothing is allocated per operation.
 */
#ifndef BENCH_OP_H
#define BENCH_OP_H

#include "bench/error.h"
#include "bench/operation.h"
#include "bench/value.h"

struct bench_conn;
struct bench_op;
struct bench_options_any;
struct bench_protocol;

/* What compile() makes of a spec: the backend's own steps, encoded beforehand. Immutable, shared
 * by all connections and threads. The backend embeds this as the first member. */
struct bench_program {
    const struct bench_protocol *protocol;
    bool bulk; /* the reply goes to the sink (as the row says, or as the protocol decides) */
    bool tx;   /* needs op->tx */
};

/* Why an operation failed, as it is counted and shown: X(ID, name, what it means). */
#define BENCH_FAILURES(X)                                                                          \
    X(NONE, "none", "succeeded")                                                                   \
    X(REFUSED, "refused", "the connection was refused")                                            \
    X(TIMEOUT, "timeout", "no answer in time")                                                     \
    X(RESET, "reset", "the peer reset the connection")                                             \
    X(CLOSED, "closed", "the peer closed the connection before the answer was complete")           \
    X(REMOTE, "remote-exception", "the service raised an exception")                               \
    X(STATUS, "bad-status", "the answer carried a status that means failure")                      \
    X(WRONG, "wrong-answer", "the answer arrived but is not the right one")                        \
    X(PROTOCOL, "protocol-error", "the peer sent something that the protocol does not allow")      \
    X(CANCELED, "canceled", "taken back by the client")                                            \
    X(OTHER, "other", "anything else; the message tells")

enum bench_failure {
#define X(id, name, help) BENCH_FAILURE_##id,
    BENCH_FAILURES(X)
#undef X
        BENCH_FAILURE_COUNT
};

/* "remote-exception"; never NULL. */
BENCH_API const char *bench_failure_name(enum bench_failure failure);
/* The kind that an errno of a socket call stands for (-ECONNREFUSED: REFUSED ...). */
BENCH_API enum bench_failure bench_failure_from_errno(int code);

enum bench_sink_kind {
    BENCH_SINK_COUNT,    /* length only */
    BENCH_SINK_CHECKSUM, /* length and XXH3 of all bytes, in order */
    BENCH_SINK_STORE,    /* appended to sink.store, which the caller provides */
    BENCH_SINK_VALUE,    /* as a BYTES value in op->result */
};

struct bench_sink {
    enum bench_sink_kind kind;
    uint64_t limit;         /* bytes; more is a PROTOCOL failure */
    struct bench_buf *store; /* STORE only; borrowed */
    void (*on_data)(struct bench_op *, const void *data, size_t length); /* each piece, or NULL */
    uint64_t length;        /* out: bytes received */
    uint64_t checksum;      /* out: XXH3 64, seed 0, once complete */
};

/* Times on CLOCK_MONOTONIC in ns, 0 = did not happen. */
struct bench_marks {
    int64_t intended;   /* when the load model wanted it sent (= submitted in a closed loop) */
    int64_t submitted;  /* bench_conn_submit was called */
    int64_t sent;       /* its first byte was handed to the kernel */
    int64_t first_byte; /* first byte of the (last) reply */
    int64_t done;       /* bench_op_complete was called */
};

/* What one op cost. A frame is a protocol message (RPyC frame, HTTP request or response). */
struct bench_op_stat {
    uint32_t frames_sent, frames_received;
    uint32_t round_trips; /* requests that were waited for, both directions */
    uint32_t served;      /* requests of the peer that we answered meanwhile */
    /* Times that the next request, sent at once, has to wait for an acknowledgement: a message went
     * out behind the last reply of this one, on a socket with Nagle's algorithm (RFC 896), which
     * holds a small message back while another one is not acknowledged. Each is as long as a round
     * trip; without distance it is not seen. */
    uint32_t ack_waits;
    uint64_t plain_sent, plain_received; /* bytes before compression */
    uint64_t wire_sent, wire_received;   /* bytes of the frames as sent; TLS not included */
};

typedef void (*bench_op_done_fn)(struct bench_op *op, int status, void *user);

struct bench_op {
    const struct bench_program *program;
    struct {
        const void *data; /* borrowed until completion */
        size_t length;
        size_t chunk_size; /* for streaming programs; 0 = whole */
    } tx;
    struct bench_sink sink;
    int64_t timeout_ns; /* 0 = none */
    bench_op_done_fn done;
    void *user;

    struct bench_marks marks;
    struct bench_op_stat stat;
    enum bench_failure failure;
    struct bench_error error;
    struct bench_value result; /* valid until bench_op_reset; NONE for bulk replies */
    /* STR: all that the other side says about what it raised, with its traceback, in lines; NONE */
    struct bench_value raised;
    struct bench_arena arena;  /* of result and raised */
    struct bench_conn *conn;   /* while submitted */
};

/* A new op for programs of that protocol; its private area is zeroed. 0 or -ENOMEM. */
BENCH_API int bench_op_new(const struct bench_protocol *protocol, struct bench_op **out,
                           struct bench_error *err) BENCH_MUST_CHECK;
/* Not while submitted. Accepts NULL. */
BENCH_API void bench_op_free(struct bench_op *op);
/* Clears marks, stat, failure, result and the sink's outputs; keeps what the caller set. */
BENCH_API void bench_op_reset(struct bench_op *op);

/* ---- for backends ---- */

/* The backend's own bytes (protocol->op_size), kept over resets. */
BENCH_API void *bench_op_priv(struct bench_op *op);
/* Bytes of a bulk reply, in order, any pieces. 0, -EMSGSIZE over sink.limit (the op is then
 * failed with PROTOCOL; the backend completes it), -ENOMEM. */
BENCH_API int bench_op_data(struct bench_op *op, const void *data, size_t length) BENCH_MUST_CHECK;
/* Notes why the op fails (kind and message) before bench_op_complete. First cause wins.
 * Returns code. */
BENCH_API int bench_op_fail(struct bench_op *op, enum bench_failure failure, int code,
                            const char *format, ...) BENCH_PRINTF(4, 5);
/* Ends the op: stamps marks.done now; op->done is called from the loop, never from here.
 * status 0, or negative: then failure is set (from bench_op_fail, or derived from status). */
BENCH_API void bench_op_complete(struct bench_op *op, int status);

#endif
