/* SPDX-License-Identifier: MIT */
/*
 * What a dict or a set is made of: pairs in the order in which they came, found by their keys. The
 * pairs are put (service/objects.h). One user.
 */
#ifndef BENCH_SERVICE_TABLE_H
#define BENCH_SERVICE_TABLE_H

#include "service/objects.h"

struct service_table {
    struct bench_value *pairs; /* key, value, key, value ... */
    size_t count, room;        /* pairs; values */
    uint32_t *index;           /* position + 1 by hash, or NULL while there are few */
    size_t slots;              /* a power of two */
};

#define SERVICE_MISSING SIZE_MAX

/* The position of a key in *at, or SERVICE_MISSING. 0 or raised: it cannot be hashed. */
int service_table_find(struct bench_call *call, struct service_table *table,
                       const struct bench_value *key, size_t *at) BENCH_MUST_CHECK;
/* Puts a value under a key; an old one is dropped, its key stays. */
int service_table_set(struct bench_call *call, struct service_table *table,
                      const struct bench_value *key,
                      const struct bench_value *value) BENCH_MUST_CHECK;
/* The pair goes; its value becomes an answer unless out is NULL. */
int service_table_remove(struct bench_call *call, struct service_table *table, size_t at,
                         struct bench_value *out) BENCH_MUST_CHECK;
void service_table_fini(struct bench_store *store, struct service_table *table);
/* Same keys with equal values. 0 or raised. */
int service_table_equal(struct bench_call *call, const struct service_table *a,
                        struct service_table *b, bool *out) BENCH_MUST_CHECK;

#endif
