/* SPDX-License-Identifier: MIT */
/*
 * Objects that the reference service makes for one call: lists, dicts, and what comes of them
 * (slices, views, iterators, bound methods). They behave as Python's do, except that nothing can
 * be put into them. One session uses them, so they need no lock.
 *
 * What a call makes shares the memory of a family, which goes when none of it is in use any more.
 * What is made later on (an iterator, a slice) has memory of its own and keeps alive what it looks
 * into. In use means: answered and not yet released, or looked into.
 */
#ifndef BENCH_SERVICE_OBJECTS_H
#define BENCH_SERVICE_OBJECTS_H

#include "bench/object.h"

struct service_family;

/* First member of every object here. */
struct service_held {
    struct bench_object object;
    struct service_family *family;
    struct service_held *owner; /* that it looks into, or NULL */
    size_t uses;
    bool lent; /* answered and not yet released */
    bool own;  /* has memory of its own */
};

/* ---- families ---- */

/* 0 or -ENOMEM. */
int service_family_new(struct service_family **out) BENCH_MUST_CHECK;
/* Only while nothing of it was answered. */
void service_family_free(struct service_family *family);
/* Zeroed; NULL without memory. */
void *service_family_alloc(struct service_family *family, size_t n) BENCH_MUST_CHECK;
/* An object of `size` bytes in the family's memory, or NULL. */
void *service_family_object(struct service_family *family, size_t size,
                            const struct bench_object_ops *ops) BENCH_MUST_CHECK;

/* An object with memory of its own. owner: what it looks into; with NULL it needs nothing but the
 * family. To be answered at once. NULL without memory. */
void *service_derive(struct service_family *family, struct service_held *owner, size_t size,
                     const struct bench_object_ops *ops) BENCH_MUST_CHECK;

/* The object as an answer. */
struct bench_value service_lend(struct service_held *held);
/* The value as an answer: an object of a family is lent. */
struct bench_value service_lend_value(const struct bench_value *value);
/* For the tables of objects. */
void service_release(struct bench_object *object);

/* ---- methods ---- */

struct service_method {
    const char *name;
    size_t min, max; /* arguments */
    int (*call)(struct service_held *self, struct bench_call *call, const struct bench_value *args,
                size_t nargs, struct bench_value *out);
};

/* GETATTR of an object whose attributes are those methods (NULL-ended by name). */
int service_get_method(struct service_held *self, struct bench_call *call,
                       const struct service_method *methods, const char *name, size_t length,
                       struct bench_value *out) BENCH_MUST_CHECK;

/* ---- containers ---- */

/* A list of the items, which belong to the family. NULL without memory. */
struct service_held *service_list(struct service_family *family, const struct bench_value *items,
                                  size_t count) BENCH_MUST_CHECK;
/* A dict of key, value, key, value ... */
struct service_held *service_dict(struct service_family *family, const struct bench_value *pairs,
                                  size_t npairs) BENCH_MUST_CHECK;

/* An iterator over what `at` answers for 0, 1, ... count - 1; looks into owner. type: its name is
 * that of a Python type. */
enum service_iterator {
    SERVICE_LIST_ITERATOR,
    SERVICE_KEY_ITERATOR,
    SERVICE_VALUE_ITERATOR,
    SERVICE_ITEM_ITERATOR,
};
typedef int (*service_at_fn)(struct service_held *owner, struct bench_call *call, size_t i,
                             struct bench_value *out);
int service_iterate(struct service_held *owner, enum service_iterator type, service_at_fn at,
                    size_t count, struct bench_value *out) BENCH_MUST_CHECK;

/* ---- values, as Python sees them ---- */

/* ==, where 1, 1.0 and True are equal and objects are compared by what they hold. */
bool service_equal(const struct bench_value *a, const struct bench_value *b);
/* The Python name of its type: "list". */
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

/* service/dict.c: the contents of a dict, or NULL if the object is none. */
const struct bench_value *service_dict_pairs(const struct bench_object *object, size_t *npairs);
/* service/list.c: the same. */
const struct bench_value *service_list_items(const struct bench_object *object, size_t *count);

#endif
