/* SPDX-License-Identifier: MIT */
/*
 * The objects that one session has handed out: which name on the wire stands for which object, and
 * how often the peer got it. One user at a time.
 */
#ifndef RPYC_REFS_H
#define RPYC_REFS_H

#include "protocols/rpyc/rpyc_msg.h"

#define RPYC_REFS_MAX ((uint32_t)1 << 20) /* objects alive in one session */

struct rpyc_refs {
    struct rpyc_refs_entry *entries;
    uint32_t *buckets;               /* as many as capacity: number of an entry + 1, 0 = empty */
    uint32_t capacity, used, unused; /* unused: first of the free list, + 1 */
    const struct bench_object_ops **types; /* position = number of the class */
    size_t ntypes;
};

void rpyc_refs_init(struct rpyc_refs *refs);
/* Releases all objects that are still out. */
void rpyc_refs_fini(struct rpyc_refs *refs);
/* Counts one more reference and names the object; texts of ref belong to the object. `user` is a
 * struct rpyc_refs, so that it serves as rpyc_export_fn. 0, -ENOMEM, -ENOSPC. */
int rpyc_refs_export(void *user, struct bench_object *object,
                     struct rpyc_ref *ref) BENCH_MUST_CHECK;
/* The object with exactly that name and ids, or NULL. */
struct bench_object *rpyc_refs_find(const struct rpyc_refs *refs, const struct rpyc_ref *ref);
/* Takes count references back; too many just release the object. It must be out. */
void rpyc_refs_drop(struct rpyc_refs *refs, struct bench_object *object, int64_t count);
/* The instance id of an object that is out, 0 = it is not. */
int64_t rpyc_refs_id(const struct rpyc_refs *refs, const struct bench_object *object);

#endif
