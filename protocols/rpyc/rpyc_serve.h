/* SPDX-License-Identifier: MIT */
/*
 * What the client lends to the server, and the server's requests to it. A client of RPyC is a peer
 * like any other: it has a root (without attributes, as Python's VoidService) and serves while it
 * waits. Belongs to one connection, lives on its loop.
 */
#ifndef RPYC_SERVE_H
#define RPYC_SERVE_H

#include "bench/object.h"
#include "protocols/rpyc/rpyc_msg.h"

#define RPYC_ITERATORS_MAX 16   /* over one list at the same time */
#define RPYC_BUFFITER_MAX  1000 /* pieces in one answer */

struct bench_conn;
struct rpyc_client;

/* ---- what is lent ---- */

enum rpyc_lent_kind {
    RPYC_LENT_ROOT,
    RPYC_LENT_SLAVE,        /* the root in classic mode (rpyc_slave.c) */
    RPYC_LENT_SLAVE_METHOD, /* of it: does nothing */
    RPYC_LENT_MODULE,       /* that it hands out: empty */
    RPYC_LENT_FUNCTION, /* callback(d), which calls nested(d, callback) on the server */
    RPYC_LENT_LIST,     /* the pieces of op->tx */
    RPYC_LENT_ITERATOR, /* over that list */
    RPYC_LENT_STALE,    /* a list or an iterator that is no longer there */
};

struct rpyc_call;

struct rpyc_lent_object {
    struct bench_object object; /* known by its table, so that it can be told from a proxy */
    enum rpyc_lent_kind kind;
    struct rpyc_call *call; /* that lent it; NULL = the connection did */
    int64_t id;    /* 0 = there is none */
    int64_t count; /* how often the server got it and has not given it back */
    size_t next;   /* piece, of an iterator */
};

/* What the root in classic mode has. */
enum rpyc_slave_object {
    RPYC_SLAVE_GETMODULE,
    RPYC_SLAVE_EVAL,
    RPYC_SLAVE_EXECUTE,
    RPYC_SLAVE_BUILTINS,  /* modules, from here on */
    RPYC_SLAVE_IMPORTLIB, /* .util */
    RPYC_SLAVE_OBJECTS,
};

/* By the connection. */
struct rpyc_lent {
    bool classic;
    struct rpyc_lent_object root, slave[RPYC_SLAVE_OBJECTS], stale;
};

/* By one op in flight. */
struct rpyc_lending {
    int64_t given; /* ids so far */
    struct rpyc_lent_object function, list;
    struct rpyc_lent_object iterators[RPYC_ITERATORS_MAX];
    bool calling; /* the function may be called */
    /* The bound method that callback() calls (call=cached), or NULL: it fetches it each time. */
    const struct bench_buf *method;
};

/* Write the box of what a call lends. 0 or negative. */
int rpyc_client_lend(struct rpyc_client *c, struct rpyc_call *call);
/* handle: brine of the bound method that the callback calls; NULL = it fetches it each time. */
int rpyc_client_lend_function(struct rpyc_client *c, struct rpyc_call *call,
                              const struct bench_buf *handle);
/* From now on nothing is there any more, whatever the server still holds. */
void rpyc_call_take_back(struct rpyc_call *call);

/* ---- one request, or one answer to a callback's own request ---- */

struct rpyc_received; /* a reference to an object of the server that a message brought */

struct rpyc_serving {
    struct bench_conn *conn;
    struct rpyc_client *c;
    const struct rpyc_message *message; /* to be answered */
    int64_t handler;
    struct bench_call call;         /* in c->arena: what has been raised */
    struct rpyc_received *received; /* to be given back behind the answer */
};

/* The object of ours that a value stands for, or NULL. */
struct rpyc_lent_object *rpyc_lent_of(const struct bench_value *value);
/* Resolves the references of a message; its user is the serving. */
struct rpyc_resolver rpyc_serving_resolver(struct rpyc_serving *s);
/* status 0: replies *value; -ENODATA: StopIteration; -EREMOTEIO: what has been raised. 0, or
 * negative after bench_conn_fail. */
int rpyc_serving_answer(struct rpyc_serving *s, int status, const struct bench_value *value);

/* Below: 0; -EREMOTEIO (raised in s->call); -ENODATA (StopIteration); -ENOMEM. */
int rpyc_lent_find(struct rpyc_serving *s, const struct rpyc_ref *ref,
                   struct rpyc_lent_object **out) BENCH_MUST_CHECK;
/* A rpyc_export_fn; it needs no user. */
int rpyc_lent_export(void *user, struct bench_object *object, struct rpyc_ref *ref);
void rpyc_lent_give_back(struct rpyc_lent_object *object, int64_t count);
struct bench_value rpyc_lent_root(struct rpyc_lent *lent);
struct bench_value rpyc_lent_slave(struct rpyc_lent *lent, enum rpyc_slave_object which);
/* The special methods of a kind, NULL-ended. */
const char *const *rpyc_lent_methods(enum rpyc_lent_kind kind);
const char *rpyc_lent_class(enum rpyc_lent_kind kind);
/* Calls one of them, but for the function's __call__. args: a TUPLE. */
int rpyc_lent_call_method(struct rpyc_serving *s, struct rpyc_lent_object *object,
                          const char *name, const struct bench_value *args,
                          struct bench_value *out) BENCH_MUST_CHECK;
int rpyc_lent_buffiter(struct rpyc_serving *s, struct rpyc_lent_object *iterator, int64_t wanted,
                       struct bench_value *out) BENCH_MUST_CHECK;

/* ---- the root in classic mode (rpyc_slave.c) ---- */

/* Its attribute. 0, or as above. */
int rpyc_slave_attribute(struct rpyc_serving *s, const char *name,
                         struct bench_value *out) BENCH_MUST_CHECK;
/* A call of one of its methods. args: as they came. */
int rpyc_slave_call(struct rpyc_serving *s, const struct rpyc_lent_object *method,
                    const struct bench_value *args, struct bench_value *out) BENCH_MUST_CHECK;

/* ---- callbacks (rpyc_nested.c) ---- */

struct rpyc_nested_frame;

/* Calls of the function of one op that wait for an answer to a request that they made themselves.
 * No recursion: each is a frame here, answered when its own answer comes, in any order. */
struct rpyc_nested {
    struct rpyc_nested_frame *frames; /* options->max_callbacks of them, from the first call on */
    size_t top;                       /* those from here on are free */
    size_t deepest;                   /* those from here on were never used */
};

/* Runs callback(*args), which that call lent. 1: the answer is given later; negative as above. */
int rpyc_nested_begin(struct rpyc_serving *s, struct rpyc_call *call,
                      const struct bench_value *args) BENCH_MUST_CHECK;
/* Whether the op that lent the function is still in flight. */
bool rpyc_nested_is_wanted(const struct rpyc_nested_frame *frame);
/* The answer that a callback waited for. 0, or negative after bench_conn_fail. */
int rpyc_nested_answer(struct bench_conn *conn, struct rpyc_client *c,
                       struct rpyc_nested_frame *frame,
                       struct rpyc_message *message) BENCH_MUST_CHECK;
void rpyc_nested_fini(struct rpyc_nested *nested);

#endif
