/* SPDX-License-Identifier: MIT */
/*
 * The calls of one connection: what belongs to one op while it is in flight, and by the answers to
 * what it sent, to which call an answer belongs. Made when more are in flight than ever before,
 * kept as long as the connection.
 */
#ifndef RPYC_CALLS_H
#define RPYC_CALLS_H

#include "bench/op.h"
#include "protocols/rpyc/rpyc_eval.h"
#include "protocols/rpyc/rpyc_serve.h"

#define RPYC_INFLIGHT_MAX 1024            /* ops on one connection */
#define RPYC_REF_LIMIT ((size_t)64 << 10) /* brine of one reference */

/* Whose answer is being waited for. */
enum rpyc_step {
    RPYC_STEP_IDLE,
    RPYC_STEP_GETROOT,
    RPYC_STEP_INSPECT_ROOT,
    RPYC_STEP_CLASSIC, /* the rest of connecting in classic mode */
    RPYC_STEP_GETATTR,
    RPYC_STEP_INSPECT_ATTR, /* a callable of a class that the client does not know */
    RPYC_STEP_CALL,         /* also PING */
    RPYC_STEP_INSPECT_STREAM, /* the result that is iterated over */
    RPYC_STEP_ITER,
    RPYC_STEP_INSPECT_ITER,
    RPYC_STEP_NEXT,
    RPYC_STEP_EVAL, /* of an expression */
    RPYC_STEP_EVAL_INSPECT,
};

/* An answer that somebody waits for: a call, or one of the callbacks that run for it. */
struct rpyc_awaited {
    int64_t seq; /* -1 = none */
    struct rpyc_awaited *next; /* of its bucket */
    struct rpyc_call *call;
    struct rpyc_nested_frame *frame; /* NULL: the call's own */
};

struct rpyc_call {
    size_t index;    /* among the calls of the connection */
    uint64_t serial; /* raised when it ends: a callback may outlast its op */
    struct rpyc_call *next_free;
    struct bench_op *op; /* NULL while the connection opens, and when it was taken back */
    enum rpyc_step step;
    struct rpyc_awaited awaited;
    bool late;        /* taken back: what its answer brings is given back */
    bool asked_again; /* for an attribute: Python does, by __getattribute__, then __getattr__ */
    struct bench_buf current; /* brine of the triple of the callable */
    struct bench_buf iterable, iterator; /* of a stream: the same for two of its objects */
    int64_t iterator_count;              /* how often the iterator came */
    unsigned empty_pieces;
    struct rpyc_lending lent;
    struct rpyc_nested nested;
    struct rpyc_eval eval;
};

struct rpyc_calls {
    struct rpyc_call **list; /* by index */
    size_t count, room;
    struct rpyc_call *free; /* the last one that ended is the next one taken */
    size_t live, most;      /* in flight; the most there ever were */
    size_t late;
    struct rpyc_awaited **buckets; /* by seq; a power of two */
    size_t nbuckets, nawaited;
};

int rpyc_calls_init(struct rpyc_calls *calls) BENCH_MUST_CHECK;
void rpyc_calls_fini(struct rpyc_calls *calls);
/* A call without op. NULL: no memory. */
struct rpyc_call *rpyc_calls_take(struct rpyc_calls *calls);
/* Nobody waits for its answer any more. */
void rpyc_calls_release(struct rpyc_calls *calls, struct rpyc_call *call);
/* From now on that answer is the one, and no other. */
void rpyc_calls_await(struct rpyc_calls *calls, struct rpyc_awaited *awaited, int64_t seq);
/* Who waits for the answer with that seq, and from now on does not; NULL: nobody. */
struct rpyc_awaited *rpyc_calls_answered(struct rpyc_calls *calls, int64_t seq);

#endif
