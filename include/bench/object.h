/* SPDX-License-Identifier: MIT */
/*
 * Objects: one shape both for what a service exports and for an object of the other side that it
 * received (then the session implements the table with nested requests). A protocol with
 * references (RPyC) exposes them as references; one without (HTTP) serialises what they return.
 *
 * A function of the table returns 0, -EREMOTEIO after bench_raise(), -ENODATA from `next` when
 * there is nothing more (StopIteration), or another negative errno that ends the session. An
 * absent function means "this object cannot do that" and becomes an AttributeError or TypeError.
 *
 * Threads: objects that the service exports are shared by all sessions and immutable, or carry
 * their own lock; an object made for one session is used by that session's thread only.
 */
#ifndef BENCH_OBJECT_H
#define BENCH_OBJECT_H

#include "bench/operation.h"
#include "bench/value.h"

struct bench_session;

/* What a remote exception says, in Python's words because that is what the peers show. */
struct bench_exception {
    const char *module; /* "builtins" */
    const char *type;   /* "ValueError"; NULL = none raised */
    struct bench_value args; /* TUPLE */
    char message[200];  /* args[0] as text */
    struct bench_value attributes; /* TUPLE of (STR, value) pairs, or NONE */
};

/* What the objects that a service makes for one session hold, all together. Who calls into them for
 * a whole session keeps one, zeroed but for the limit, and ends it behind all the objects. */
struct bench_store {
    uint64_t limit_bytes, used_bytes; /* above the limit: MemoryError */
    unsigned depth;                   /* the rest is the service's */
    bool busy;
    void *objects, *dying;
    void (*end)(struct bench_store *store);
};

/* Whatever is left, such as objects that hold each other. */
BENCH_API void bench_store_end(struct bench_store *store);

/* The context of one call into an object: where results live and how failure is told. */
struct bench_call {
    struct bench_arena *arena;     /* results; valid until the answer is sent */
    /* NULL = evaluation outside a server (what answer would be right?): the service then answers
     * without waiting, so io_work returns at once. */
    struct bench_session *session;
    const struct bench_service *service;
    struct bench_exception exception;
    struct bench_store *store; /* NULL: the objects of this call need no limit */
};

/* Raises builtins.TYPE(message) in the call. Always returns -EREMOTEIO. */
BENCH_API int bench_raise(struct bench_call *call, const char *type, const char *format, ...)
    BENCH_PRINTF(3, 4);
/* The same for an exception class of the service's own, MODULE.TYPE. attributes: borrowed, as
 * struct bench_exception has them; NULL = none. */
BENCH_API int bench_raise_custom(struct bench_call *call, const char *module, const char *type,
                                 const struct bench_value *attributes, const char *format, ...)
    BENCH_PRINTF(5, 6);

enum bench_compare { BENCH_EQ, BENCH_NE, BENCH_LT, BENCH_LE, BENCH_GT, BENCH_GE };

/* Special methods that have no member here (__add__, __reversed__, __setitem__ ...) are attributes:
 * getattr answers a callable object and method_names lists them. The special methods of members
 * are not attributes; who serves the object derives them from the members. */
struct bench_object_ops {
    const char *type_name;           /* "module.Class" */
    const char *const *method_names; /* for INSPECT and dir; NULL-ended; may be NULL */
    int (*getattr)(struct bench_object *, struct bench_call *, const char *name, size_t length,
                   struct bench_value *out);
    int (*setattr)(struct bench_object *, struct bench_call *, const char *name, size_t length,
                   const struct bench_value *value);
    /* args: TUPLE; kwargs: TUPLE of (STR, value) pairs or NULL */
    int (*call)(struct bench_object *, struct bench_call *, const struct bench_value *args,
                const struct bench_value *kwargs, struct bench_value *out);
    int (*len)(struct bench_object *, struct bench_call *, size_t *out);
    int (*item)(struct bench_object *, struct bench_call *, const struct bench_value *key,
                struct bench_value *out);
    int (*contains)(struct bench_object *, struct bench_call *, const struct bench_value *item,
                    bool *out);
    int (*iter)(struct bench_object *, struct bench_call *, struct bench_value *out);
    /* The item is valid until the next call of `next`. */
    int (*next)(struct bench_object *, struct bench_call *, struct bench_value *out);
    int (*repr)(struct bench_object *, struct bench_call *, struct bench_value *out);
    int (*hash)(struct bench_object *, struct bench_call *, int64_t *out);
    int (*dir)(struct bench_object *, struct bench_call *, struct bench_value *out);
    /* The last reference of a session is gone; or NULL. Who calls into objects without a session
     * table does it once for each distinct object that any function here answered, those inside of
     * tuples included. An object that is answered again before it is released counts once. */
    void (*release)(struct bench_object *);

    const char *const *method_docs; /* beside method_names; NULL, or NULL for one of them: no text */
    /* Absent: "can't delete attribute" in the peer's words. */
    int (*delattr)(struct bench_object *, struct bench_call *, const char *name, size_t length);
    /* Any value, usually a BOOL; NOTIMPLEMENTED lets the other side try. Absent: that. */
    int (*compare)(struct bench_object *, struct bench_call *, enum bench_compare op,
                   const struct bench_value *other, struct bench_value *out);
    /* str(); absent: repr. */
    int (*str)(struct bench_object *, struct bench_call *, struct bench_value *out);
    /* `with`: both or none. failure: NONE, or what the block raised (in RPyC its class, or true);
     * `exit` answers whether that is swallowed. */
    int (*enter)(struct bench_object *, struct bench_call *, struct bench_value *out);
    int (*exit)(struct bench_object *, struct bench_call *, const struct bench_value *failure,
                struct bench_value *out);
    /* Not NULL: this object is a class, type_name is its own name, and its instances have this
     * table (which says what isinstance() answers unless `instancecheck` does). */
    const struct bench_object_ops *instances;
    int (*instancecheck)(struct bench_object *, struct bench_call *,
                         const struct bench_value *instance, bool *out);
    /* The contents as a LIST or DICT value, for JSON and pickles; its items may be objects that
     * have this, too (and are not answered in the sense of `release`). An object of a class of its
     * own, other than "builtins." ones, is a DICT in JSON, but a pickle would have to name its
     * class. Absent: no such form. */
    int (*plain)(struct bench_object *, struct bench_call *, struct bench_value *out);
    bool remote; /* an object of the other side: shown as <netref TYPE> */
    /* For objects of the other side, which go with the request that brought them: one that stands
     * for the same and stays until it is given to `release`, once for each time it was answered
     * here. NULL: no memory. */
    struct bench_object *(*keep)(struct bench_object *);
};

/* First member of every object. */
struct bench_object {
    const struct bench_object_ops *ops;
};

/* The value with every object in it, at any depth, replaced by what its `plain` says; the objects
 * stay the caller's. 0; -ENOTSUP: one has no plain form, or they are nested too deeply; -ENOMEM; or
 * as the functions of the table. */
BENCH_API int bench_value_plain(struct bench_call *call, const struct bench_value *value,
                                struct bench_value *out) BENCH_MUST_CHECK;
/* Releases the objects that an answer holds; each may be in it once. */
BENCH_API void bench_value_release(const struct bench_value *value);

/* A service: what a server serves. */
struct bench_service {
    /* The root object (RPyC's conn.root). Borrowed, lives as long as the service. */
    struct bench_object *(*root)(const struct bench_service *);
    /* The short way for protocols without objects: runs a row of operations.def. args are the
     * row's parameters, then the transmitted bytes if the row takes them. The same function
     * serves the methods of root. Returns as the functions of struct bench_object_ops;
     * -ECONNABORTED when the service wants the connection closed without an answer. */
    int (*call)(const struct bench_service *, struct bench_call *,
                const struct bench_operation *operation, const struct bench_value *args,
                size_t nargs, struct bench_value *out);
};

#endif
