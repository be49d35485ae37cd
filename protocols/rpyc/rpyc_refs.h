/* SPDX-License-Identifier: MIT */
/*
 * The objects that one session has handed out: which name on the wire stands for which object, and
 * how often the peer got it. One user at a time.
 */
#ifndef RPYC_REFS_H
#define RPYC_REFS_H

#include "protocols/rpyc/rpyc_msg.h"
#include "protocols/rpyc/rpyc_rules.h"

struct rpyc_refs_type;

struct rpyc_refs {
    struct rpyc_refs_entry *entries;
    uint32_t *buckets;               /* as many as capacity: number of an entry + 1, 0 = empty */
    uint32_t capacity, used, unused; /* unused: first of the free list, + 1 */
    uint32_t alive, limit;           /* entries in use */
    struct rpyc_refs_type *types;    /* position = number of the class */
    size_t ntypes;
};

/* limit: objects alive at a time, at most RPYC_REFERENCES_MAX. */
void rpyc_refs_init(struct rpyc_refs *refs, uint32_t limit);
/* Releases all objects that are still out. */
void rpyc_refs_fini(struct rpyc_refs *refs);
/* Counts one more reference and names the object; texts of ref belong to the object. A class
 * (ops->instances) is named as RPyC names classes: by the id of its instances' type, and 0. `user`
 * is a struct rpyc_refs, so that it serves as rpyc_export_fn. 0, -ENOMEM, -ENOSPC. */
int rpyc_refs_export(void *user, struct bench_object *object,
                     struct rpyc_ref *ref) BENCH_MUST_CHECK;
/* The object with exactly that name and ids, or NULL. */
struct bench_object *rpyc_refs_find(const struct rpyc_refs *refs, const struct rpyc_ref *ref);
/* Takes count references back; too many just release the object. It must be out. */
void rpyc_refs_drop(struct rpyc_refs *refs, struct bench_object *object, int64_t count);
/* Keeps the objects in a value (those that have a `release`) alive, whatever the peer gives back,
 * until they are let go as often as they were held. A held object that is not out is released when
 * it is let go. 0 or -ENOMEM. */
int rpyc_refs_hold(struct rpyc_refs *refs, const struct bench_value *value) BENCH_MUST_CHECK;
void rpyc_refs_let_go(struct rpyc_refs *refs, const struct bench_value *value);
/* A value that was answered but will not be sent: its objects are released, each once, unless they
 * are out. */
void rpyc_refs_discard(struct rpyc_refs *refs, const struct bench_value *value);
/* A number for an object that is in the table, the same as long as it is there; 0 = it is not. */
int64_t rpyc_refs_id(const struct rpyc_refs *refs, const struct bench_object *object);

#endif
