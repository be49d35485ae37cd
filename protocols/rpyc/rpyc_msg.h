/* SPDX-License-Identifier: MIT */
/*
 * RPyC messages: requests, replies and exceptions in both layouts, boxes, references. On memory
 * only, no sockets.
 *
 * Layout A (rpyc 4 and 5) is one brine tuple (type, seq, body). Layout B (rpyc 6) is one raw byte
 * type, then the brine tuple (seq, body). The first byte of a payload tells them apart.
 *
 * A peer that binds threads (rpyc's bind_threads, from 5.3.1 on) puts two thread ids in front of
 * either layout, u64 each: of the sender, and of the receiver or 0 for any. Python's ids are
 * addresses, whose first byte is 00, which neither layout begins with.
 */
#ifndef RPYC_MSG_H
#define RPYC_MSG_H

#include "bench/object.h"
#include "protocols/rpyc/rpyc_value.h"

enum rpyc_layout { RPYC_LAYOUT_A, RPYC_LAYOUT_B };

enum rpyc_type { RPYC_REQUEST = 1, RPYC_REPLY = 2, RPYC_EXCEPTION = 3 };

enum rpyc_label {
    RPYC_VALUE = 1,
    RPYC_TUPLE = 2,
    RPYC_LOCAL_REF = 3,  /* an object of the receiver */
    RPYC_REMOTE_REF = 4, /* an object of the sender */
};

#define RPYC_THREADS_BYTES ((size_t)16) /* of the thread ids in front of a message */
#define RPYC_ANY_THREAD    UINT64_C(0)
#define RPYC_OWN_THREAD    UINT64_C(1) /* each side of ours has one, on each connection */

/* Handler numbers of requests. */
enum rpyc_handler {
    RPYC_PING = 1,
    RPYC_CLOSE = 2,
    RPYC_GETROOT = 3,
    RPYC_GETATTR = 4,
    RPYC_DELATTR = 5,
    RPYC_SETATTR = 6,
    RPYC_CALL = 7,
    RPYC_CALLATTR = 8,
    RPYC_REPR = 9,
    RPYC_STR = 10,
    RPYC_CMP = 11,
    RPYC_HASH = 12,
    RPYC_DIR = 13,
    RPYC_PICKLE = 14,
    RPYC_DEL = 15,
    RPYC_INSPECT = 16,
    RPYC_BUFFITER = 17,
    RPYC_OLDSLICING = 18,
    RPYC_CTXEXIT = 19,
    RPYC_INSTANCECHECK = 20,
    RPYC_HANDLERS /* one above the last */
};

/* How an object is named on the wire (Python's id_pack). */
struct rpyc_ref {
    struct bench_value name;        /* STR, "module.Class" */
    struct bench_value class_id;    /* INT or BIGINT: Python's are addresses */
    struct bench_value instance_id; /* 0 stands for a class */
};

/* ---- reading ---- */

struct rpyc_message {
    enum rpyc_layout layout;
    bool bound;      /* with thread ids in front */
    uint64_t sender; /* of these; the receiver's is not looked at: answers are known by their seq */
    enum rpyc_type type;
    const uint8_t *seq; /* as it came, to be echoed */
    size_t seq_length;
    int64_t seq_number;      /* -1 if seq is anything but an int of 64 bits */
    struct rpyc_reader body; /* what follows */
};

/* True for a payload that begins with thread ids. */
bool rpyc_is_bound(const uint8_t *payload, size_t n);
/* The layout that a payload is written in, behind the thread ids if there are any: 0 with *layout,
 * or -EPROTO. */
int rpyc_layout_detect(const uint8_t *payload, size_t n, enum rpyc_layout *layout,
                       struct bench_error *err) BENCH_MUST_CHECK;
/* Reads up to the body. n > 0. 0, or negative: nothing of it can be trusted. */
int rpyc_message_open(struct rpyc_message *message, enum rpyc_layout layout, const uint8_t *payload,
                      size_t n, struct bench_arena *arena, bool copy,
                      struct bench_error *err) BENCH_MUST_CHECK;
/* Of a message that was opened (its head under the defaults): limits for all that it holds. 0 or
 * -E2BIG. */
int rpyc_message_limit(struct rpyc_message *message, int64_t items, int64_t nesting,
                       struct bench_error *err) BENCH_MUST_CHECK;
/* The head (handler, box) of a request; the box follows. */
int rpyc_read_request(struct rpyc_reader *body, int64_t *handler) BENCH_MUST_CHECK;
/* The head (label, value) of a box; the value follows. */
int rpyc_read_box_head(struct rpyc_reader *body, int64_t *label) BENCH_MUST_CHECK;
int rpyc_read_ref(struct rpyc_reader *body, struct rpyc_ref *out) BENCH_MUST_CHECK;
/* A reference that came as a plain value (argument of INSPECT). 0 or -EINVAL. */
int rpyc_ref_from_value(const struct bench_value *value, struct rpyc_ref *out) BENCH_MUST_CHECK;

/* Says what a reference inside a box stands for. A function returns 0 or negative. */
struct rpyc_resolver {
    int (*local)(void *user, const struct rpyc_ref *ref, struct bench_value *out);
    int (*remote)(void *user, const struct rpyc_ref *ref, struct bench_value *out);
    void *user;
};

int rpyc_read_box(struct rpyc_reader *body, const struct rpyc_resolver *resolver,
                  struct bench_value *out) BENCH_MUST_CHECK;

/* What the other side raised. */
struct rpyc_exception {
    bool stop_iteration;             /* then the rest is empty */
    struct bench_value module, type; /* STR */
    struct bench_value args;         /* TUPLE */
    struct bench_value attributes;   /* as it came: normally a TUPLE of (STR, value) */
    struct bench_value traceback;    /* as it came: normally a STR */
};

int rpyc_read_exception(struct rpyc_reader *body, struct rpyc_exception *out) BENCH_MUST_CHECK;
/* True for builtins.TYPE. */
bool rpyc_exception_is(const struct rpyc_exception *exception, const char *type);
/* "module.Type: message", cut to size. */
void rpyc_exception_text(const struct rpyc_exception *exception, char *text, size_t size);

/* Stands for a class itself, not for an instance of it. */
static inline bool rpyc_is_class(const struct rpyc_ref *ref)
{
    return ref->instance_id.kind == BENCH_INT && ref->instance_id.integer == 0;
}

/* True for the names that Python has proxy classes for, so that it sends no INSPECT. */
bool rpyc_knows_class(enum rpyc_layout layout, const struct rpyc_ref *ref);

/* An object of the other side. As it is made it can only be named and sent back; who can ask the
 * other side adds functions to ops (all but release). */
struct rpyc_proxy {
    struct bench_object object;
    struct bench_object_ops ops;
    struct rpyc_ref ref;
    void (*released)(struct rpyc_proxy *proxy); /* called by ops.release; or NULL */
};

/* In place; ref's texts are copied into the arena. 0 or -ENOMEM. */
int rpyc_proxy_init(struct rpyc_proxy *proxy, struct bench_arena *arena,
                    const struct rpyc_ref *ref) BENCH_MUST_CHECK;
/* The same in the arena. NULL without memory. */
struct rpyc_proxy *rpyc_proxy_new(struct bench_arena *arena,
                                  const struct rpyc_ref *ref) BENCH_MUST_CHECK;
/* The proxy that a value holds, or NULL. */
const struct rpyc_proxy *rpyc_proxy_of(const struct bench_value *value);

/* ---- writing; all append, with the errors of rpyc_dump ---- */

/* The ids in front of a message to a peer that binds threads, as from RPYC_OWN_THREAD. */
int rpyc_write_threads(struct bench_buf *out, uint64_t receiver) BENCH_MUST_CHECK;
int rpyc_write_request(struct bench_buf *out, enum rpyc_layout layout, int64_t seq,
                       enum rpyc_handler handler) BENCH_MUST_CHECK;
/* The head of an answer to message, bound as that is; a box or an exception record follows. */
int rpyc_write_answer(struct bench_buf *out, const struct rpyc_message *message,
                      enum rpyc_type type) BENCH_MUST_CHECK;
int rpyc_write_box_head(struct bench_buf *out, enum rpyc_label label) BENCH_MUST_CHECK;
/* The triple; behind a box head RPYC_LOCAL_REF or RPYC_REMOTE_REF, or as an argument. */
int rpyc_write_ref(struct bench_buf *out, const struct rpyc_ref *ref) BENCH_MUST_CHECK;

/* Names an object of ours and counts one more reference to it. 0 or negative. */
typedef int (*rpyc_export_fn)(void *user, struct bench_object *object, struct rpyc_ref *ref);

/* A whole box. LIST and DICT are refused with -EINVAL: the service has to hand out objects. */
int rpyc_write_box(struct bench_buf *out, const struct bench_value *value, rpyc_export_fn export,
                   void *user) BENCH_MUST_CHECK;
/* The record of what `exception` says, whose module may be NULL (builtins); StopIteration is the
 * int 1. What does not travel by value goes as its repr. */
int rpyc_write_exception(struct bench_buf *out,
                         const struct bench_exception *exception) BENCH_MUST_CHECK;

#endif
