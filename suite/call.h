/* SPDX-License-Identifier: MIT */
/*
 * One call on one connection of its own, with all that happened on the way. Main thread; blocks.
 */
#ifndef BENCH_ONE_CALL_H
#define BENCH_ONE_CALL_H

#include <stdio.h>

#include "bench/buf.h"
#include "rpycbench/telemetry.h"
#include "suite/plan.h"

/* When a message went over the wire. */
enum bench_call_phase {
    BENCH_PHASE_CONNECT,
    BENCH_PHASE_CALL,
    BENCH_PHASE_CLOSE,
    BENCH_PHASE_COUNT
};

extern const char *const bench_call_phase_names[];

struct bench_call_message {
    struct bench_conn_message message; /* without text */
    enum bench_call_phase phase;
};

enum bench_call_outcome {
    BENCH_CALL_ANSWERED,
    BENCH_CALL_RAISED,      /* the other side says that it failed */
    BENCH_CALL_NO_ANSWER,   /* connected, but no answer that could be understood */
    BENCH_CALL_NOT_REACHED,
    BENCH_CALL_INTERRUPTED,
};

struct bench_one_call {
    const struct bench_target *target; /* a URL */
    const char *expression;
    int64_t timeout_ns; /* of connecting and of the call, each */
    FILE *verbose;      /* messages are written there as they come; or NULL */
    struct bench_telemetry *telemetry; /* sees the whole connection; or NULL */
    int interrupt_fd;   /* given up when it can be read; -1 = never */

    enum bench_call_outcome outcome;
    struct bench_error error; /* unless answered */
    enum bench_failure failure;
    struct bench_buf value; /* Python's repr, with a NUL */
    char *traceback;        /* of the other side, or NULL */
    int64_t connect_ns, call_ns;
    struct bench_op_stat stat;
    struct bench_call_message *messages;
    size_t nmessages;
    int64_t began_ns;
    bool failed; /* out of memory for messages */
    bool connected; /* the transport */

    struct bench_loop *loop; /* while it runs */
    struct bench_conn *conn; /* likewise */
    bool interrupted;
    enum bench_call_phase phase;
    size_t sent, received; /* messages */
    bool draining;
};

/* What a phase cost, by its messages. */
struct bench_call_cost {
    size_t messages;
    uint64_t sent, received; /* bytes on the wire */
};

/* Makes the call of the members above. 0 with an outcome; -EINVAL or -ENOTSUP when the expression
 * cannot be read (err says why; nothing was connected); another negative errno for trouble of our
 * own. bench_one_call_fini in any case. */
int bench_one_call(struct bench_one_call *call, struct bench_error *err) BENCH_MUST_CHECK;
void bench_one_call_fini(struct bench_one_call *call);
struct bench_call_cost bench_one_call_cost(const struct bench_one_call *call,
                                           enum bench_call_phase phase);

#endif
