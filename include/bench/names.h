/* SPDX-License-Identifier: MIT */
/*
 * Names of remote things, as the programmer wrote them: a tree in which each name is a step from
 * the one that it was reached by. `root` -> `root.get_users` -> `root.get_users()` ->
 * `root.get_users()[…]` -> `root.get_users()[…].email`. A table is bounded: a name that does not
 * fit any more is BENCH_NAME_OTHERS. One user at a time; lookups allocate only for new names.
 */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include "bench/api.h"

enum {
    BENCH_NAME_NONE = 0,
    BENCH_NAME_OTHERS = 1,      /* "(others)": the table is full, or the way there too long */
    BENCH_NAME_BYTES_MAX = 200, /* of a whole name; longer ones are cut in the middle by "…" */
    BENCH_NAME_STEPS_MAX = 12,  /* from the top; a caller that wants to go on starts anew (from the
                                   class, say): a linked list must not make names for ever */
};

enum bench_name_step {
    BENCH_STEP_TOP,       /* stands by itself: "root", "modules", "dict", "(connection)" */
    BENCH_STEP_ATTRIBUTE, /* ".text" */
    BENCH_STEP_CALL,      /* "()": what a call gave */
    BENCH_STEP_ITEM,      /* "[…]": an item, by key or by iterating */
    BENCH_STEP_ARGUMENT,  /* "(text)": what was passed to a call: `root.nested(function)` */
};

struct bench_names;

/* limit: names, 16..16777216. 0, -EINVAL, -ENOMEM. */
BENCH_API int bench_names_new(struct bench_names **out, uint32_t limit) BENCH_MUST_CHECK;
BENCH_API void bench_names_free(struct bench_names *names);
/* The name of a step from parent (NONE for TOP); the same arguments always give the same number.
 * Control characters and bytes that are no UTF-8 are replaced. Never fails: OTHERS. */
BENCH_API uint32_t bench_names_step(struct bench_names *names, uint32_t parent,
                                    enum bench_name_step step, const char *text, size_t length);
BENCH_API uint32_t bench_names_parent(const struct bench_names *names, uint32_t name);
BENCH_API enum bench_name_step bench_names_kind(const struct bench_names *names, uint32_t name);
/* Steps from the top; 1 for a top. */
BENCH_API unsigned bench_names_depth(const struct bench_names *names, uint32_t name);
/* The whole name, ended by NUL, valid as long as the table. "" for NONE. */
BENCH_API const char *bench_names_text(const struct bench_names *names, uint32_t name);
/* Names so far: they are numbered 1 .. count. */
BENCH_API uint32_t bench_names_count(const struct bench_names *names);

#endif
