/* SPDX-License-Identifier: MIT */
/*
 * Objects that the reference service makes for one call: users, lists, dicts, sets, and what comes
 * of them (slices, views, iterators, bound methods). They behave as Python's do. One session uses
 * them, so they need no lock.
 *
 * An object is in use while it was answered and not yet released, while another one looks into it,
 * and once for each place of a container that it is in. Objects that hold each other go with their
 * session's store. What is put into a container is copied there, texts and all, and charged to the
 * store.
 */
#ifndef BENCH_SERVICE_OBJECTS_H
#define BENCH_SERVICE_OBJECTS_H

#include "bench/object.h"

/* First member of every object here. */
struct service_held {
    struct bench_object object;
    struct bench_store *store;  /* or NULL */
    struct service_held *owner; /* that it looks into, or NULL */
    /* Gives back what the object holds, once; the object itself stays. Or NULL. */
    void (*empty)(struct service_held *self);
    struct service_held *next, **link; /* among those of the store */
    size_t uses;
    size_t size; /* of the object itself */
    bool lent;   /* answered and not yet released */
};

/* ---- life ---- */

/* A zeroed object of `size` bytes, in use by nobody. Raises MemoryError and returns NULL when the
 * store is full. */
void *service_new(struct bench_call *call, struct service_held *owner, size_t size,
                  const struct bench_object_ops *ops,
                  void (*empty)(struct service_held *)) BENCH_MUST_CHECK;
/* One that nobody uses goes. */
void service_discard(struct service_held *held);
void service_use(struct service_held *held);
void service_unuse(struct service_held *held);

/* The object as an answer. */
struct bench_value service_lend(struct service_held *held);
/* The value as an answer: objects of ours in it are lent. */
struct bench_value service_lend_value(const struct bench_value *value);
/* For the tables of objects. */
void service_release(struct bench_object *object);
/* The object if it is one of these, else NULL. */
struct service_held *service_held_of(const struct bench_value *value);

/* ---- what containers hold ---- */

/* Charges or gives back memory. false and MemoryError raised (with a call): the store is full. */
bool service_charge(struct bench_call *call, size_t bytes) BENCH_MUST_CHECK;
void service_uncharge(struct bench_store *store, size_t bytes);
/* realloc() of an array of values that is charged. 0 or -EREMOTEIO. */
int service_room(struct bench_call *call, struct bench_value **items, size_t *room,
                 size_t count) BENCH_MUST_CHECK;
void service_free_room(struct bench_store *store, struct bench_value *items, size_t room);
/* A deep copy to stay; objects are used. 0 or -EREMOTEIO. */
int service_put(struct bench_call *call, const struct bench_value *from,
                struct bench_value *to) BENCH_MUST_CHECK;
void service_drop(struct bench_store *store, const struct bench_value *value);
void service_drop_all(struct bench_store *store, const struct bench_value *items, size_t count);
/* What was put becomes an answer. 0 or -ENOMEM; the value is dropped in any case. */
int service_take_out(struct bench_call *call, const struct bench_value *value,
                     struct bench_value *out) BENCH_MUST_CHECK;

/* Items that are put one by one. */
struct service_items {
    struct bench_value *items;
    size_t count, room;
};
int service_append(struct bench_call *call, struct service_items *items,
                   const struct bench_value *item) BENCH_MUST_CHECK;
void service_items_fini(struct bench_store *store, struct service_items *items);
/* Appends what an iterable yields: also a str, bytes, or an object of the client. */
int service_collect(struct bench_call *call, const struct bench_value *iterable,
                    struct service_items *items) BENCH_MUST_CHECK;
/* The same with each item, which `take` may put. */
typedef int (*service_take_fn)(void *user, struct bench_call *call, const struct bench_value *item);
int service_each(struct bench_call *call, const struct bench_value *iterable, service_take_fn take,
                 void *user) BENCH_MUST_CHECK;
/* Of an object here that has `iter`; unlike what `next` answers, items are not lent. */
int service_each_of(struct bench_call *call, struct service_held *held, service_take_fn take,
                    void *user) BENCH_MUST_CHECK;

/* ---- methods ---- */

struct service_args {
    const struct bench_value *items;
    size_t count;
    const struct bench_value *kwargs; /* TUPLE of pairs, or NULL: there are none */
};

struct service_method {
    const char *name;
    size_t min, max; /* arguments */
    int (*call)(struct service_held *self, struct bench_call *call, const struct service_args *args,
                struct bench_value *out);
    bool keywords; /* takes them */
    bool written;  /* in Python, not C: it is bound, shown and complained about in other words */
};

/* GETATTR of an object whose attributes are those methods (NULL-ended by name). */
int service_get_method(struct service_held *self, struct bench_call *call,
                       const struct service_method *methods, const char *name, size_t length,
                       struct bench_value *out) BENCH_MUST_CHECK;

/* ---- containers ---- */

/* Take the items over, in any case. NULL: raised. */
struct service_held *service_list(struct bench_call *call,
                                  struct service_items *items) BENCH_MUST_CHECK;
/* A dict of n pairs key, value, key, value ..., which are put. */
struct service_held *service_dict(struct bench_call *call, const struct bench_value *pairs,
                                  size_t n) BENCH_MUST_CHECK;
/* The contents, or NULL if the object is none of that kind. */
const struct bench_value *service_list_items(const struct bench_object *object, size_t *count);
struct service_table;
struct service_table *service_dict_table(struct bench_object *object);
struct service_table *service_set_table(struct bench_object *object);

/* An iterator over what `at` answers for 0, 1, ...; looks into owner, of which `size` tells how
 * much there is now. type: its name is that of a Python type; those of dicts and sets raise when
 * the size has changed. */
enum service_iterator {
    SERVICE_LIST_ITERATOR,
    SERVICE_KEY_ITERATOR,
    SERVICE_VALUE_ITERATOR,
    SERVICE_ITEM_ITERATOR,
    SERVICE_SET_ITERATOR,
    SERVICE_ITERATORS /* how many there are */
};
struct service_walk {
    /* The item is not lent. */
    int (*at)(struct service_held *owner, struct bench_call *call, size_t i,
              struct bench_value *out);
    size_t (*size)(const struct service_held *owner);
};
int service_iterate(struct bench_call *call, struct service_held *owner, enum service_iterator type,
                    const struct service_walk *walk, struct bench_value *out) BENCH_MUST_CHECK;

/* ---- values, as Python sees them ---- */

/* ==, where 1, 1.0 and True are equal and objects are compared by what they hold; those of the
 * client by identity, for asking it is not worth a round trip. 0 or raised. */
int service_equal(struct bench_call *call, const struct bench_value *a, const struct bench_value *b,
                  bool *out) BENCH_MUST_CHECK;
/* Any comparison, as the operator in Python: raises TypeError for what has no order. */
int service_compare(struct bench_call *call, enum bench_compare op, const struct bench_value *a,
                    const struct bench_value *b, bool *out) BENCH_MUST_CHECK;
/* The same of two arrays: lexicographic. */
int service_compare_items(struct bench_call *call, enum bench_compare op,
                          const struct bench_value *a, size_t na, const struct bench_value *b,
                          size_t nb, bool *out) BENCH_MUST_CHECK;
/* Equal values have the same. 0 or raised: unhashable. */
int service_hash(struct bench_call *call, const struct bench_value *value,
                 uint64_t *out) BENCH_MUST_CHECK;
/* The Python name of its type: "list"; of an object of the client with its module. */
const char *service_type_name(const struct bench_value *value);
/* repr() of a value that may be an object; the text is in the call's memory. */
int service_repr(struct bench_call *call, const struct bench_value *value,
                 struct bench_value *out) BENCH_MUST_CHECK;
/* HEAD, the reprs of items joined by ", ", TAIL; with `pairs` "key: value" of two at a time. */
int service_repr_items(struct bench_call *call, const char *head, const struct bench_value *items,
                       size_t count, bool pairs, const char *tail,
                       struct bench_value *out) BENCH_MUST_CHECK;
/* Raises TypeError: unhashable type. For the tables of objects. */
int service_unhashable(struct bench_object *object, struct bench_call *call, int64_t *out);
/* Objects in each other: raises RecursionError when they are too many. */
int service_enter(struct bench_call *call) BENCH_MUST_CHECK;
void service_leave(struct bench_call *call);

#endif
