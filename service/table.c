/* SPDX-License-Identifier: MIT */
#include "service/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 8 }; /* pairs that are just looked through */

static void forget_index(struct bench_store *store, struct service_table *table)
{
    service_uncharge(store, table->slots * sizeof(*table->index));
    free(table->index);
    table->index = NULL;
    table->slots = 0;
}

static int put_in_index(struct bench_call *call, struct service_table *table, size_t at)
{
    uint64_t hash = 0;
    const int rc = service_hash(call, &table->pairs[2 * at], &hash);
    if (rc < 0)
        return rc;
    size_t slot = (size_t)hash & (table->slots - 1);
    while (table->index[slot] != 0)
        slot = (slot + 1) & (table->slots - 1);
    table->index[slot] = (uint32_t)(at + 1);
    return 0;
}

/* Room for the pairs there are and as many again. */
static int make_index(struct bench_call *call, struct service_table *table)
{
    size_t slots = 32;
    int rc = 0;
    while (slots < 3 * table->count)
        slots *= 2;
    if (table->count >= UINT32_MAX / 4)
        return bench_raise(call, "MemoryError", "%s", "");
    if (!service_charge(call, slots * sizeof(*table->index)))
        return -EREMOTEIO;
    table->index = calloc(slots, sizeof(*table->index));
    if (table->index == NULL) {
        service_uncharge(call->store, slots * sizeof(*table->index));
        return bench_raise(call, "MemoryError", "%s", "");
    }
    table->slots = slots;
    for (size_t i = 0; rc == 0 && i < table->count; i++)
        rc = put_in_index(call, table, i);
    if (rc < 0)
        forget_index(call->store, table);
    return rc;
}

static int same_key(struct bench_call *call, const struct service_table *table, size_t at,
                    const struct bench_value *key, size_t *out)
{
    bool same = false;
    const int rc = service_equal(call, &table->pairs[2 * at], key, &same);
    if (rc == 0 && same)
        *out = at;
    return rc;
}

int service_table_find(struct bench_call *call, struct service_table *table,
                       const struct bench_value *key, size_t *at)
{
    uint64_t hash = 0;
    *at = SERVICE_MISSING;
    int rc = service_hash(call, key, &hash);
    if (rc == 0 && table->count > FEW && table->index == NULL)
        rc = make_index(call, table);
    if (rc < 0)
        return rc;
    if (table->index == NULL) {
        for (size_t i = 0; rc == 0 && i < table->count && *at == SERVICE_MISSING; i++)
            rc = same_key(call, table, i, key, at);
        return rc;
    }
    size_t slot = (size_t)hash & (table->slots - 1);
    while (rc == 0 && *at == SERVICE_MISSING && table->index[slot] != 0) {
        rc = same_key(call, table, table->index[slot] - 1, key, at);
        slot = (slot + 1) & (table->slots - 1);
    }
    return rc;
}

static int add(struct bench_call *call, struct service_table *table, const struct bench_value *key,
               const struct bench_value *value)
{
    struct bench_value own;
    int rc = service_put(call, key, &own);
    if (rc < 0)
        return rc;
    rc = service_room(call, &table->pairs, &table->room, 2 * (table->count + 1));
    if (rc < 0) {
        service_drop(call->store, &own);
        return rc;
    }
    table->pairs[2 * table->count] = own;
    table->pairs[2 * table->count + 1] = *value;
    table->count++;
    if (2 * table->count > table->slots)
        forget_index(call->store, table); /* made again when it is needed */
    else if (table->index != NULL && put_in_index(call, table, table->count - 1) < 0)
        forget_index(call->store, table);
    return 0;
}

int service_table_set(struct bench_call *call, struct service_table *table,
                      const struct bench_value *key, const struct bench_value *value)
{
    struct bench_value own, old;
    size_t at = 0;
    int rc = service_table_find(call, table, key, &at);
    if (rc == 0)
        rc = service_put(call, value, &own);
    if (rc < 0)
        return rc;
    if (at == SERVICE_MISSING) {
        rc = add(call, table, key, &own);
        if (rc < 0)
            service_drop(call->store, &own);
        return rc;
    }
    old = table->pairs[2 * at + 1];
    table->pairs[2 * at + 1] = own;
    service_drop(call->store, &old);
    return 0;
}

int service_table_remove(struct bench_call *call, struct service_table *table, size_t at,
                         struct bench_value *out)
{
    const struct bench_value key = table->pairs[2 * at], value = table->pairs[2 * at + 1];
    int rc = 0;
    table->count--;
    memmove(&table->pairs[2 * at], &table->pairs[2 * at + 2],
            2 * (table->count - at) * sizeof(*table->pairs));
    forget_index(call->store, table);
    service_drop(call->store, &key);
    if (out != NULL)
        rc = service_take_out(call, &value, out);
    else
        service_drop(call->store, &value);
    return rc;
}

void service_table_fini(struct bench_store *store, struct service_table *table)
{
    const struct service_table old = *table;
    forget_index(store, table);
    *table = (struct service_table){0};
    service_drop_all(store, old.pairs, 2 * old.count);
    service_free_room(store, old.pairs, old.room);
}

int service_table_equal(struct bench_call *call, const struct service_table *a,
                        struct service_table *b, bool *out)
{
    int rc = 0;
    *out = a->count == b->count;
    for (size_t i = 0; rc == 0 && *out && i < a->count; i++) {
        size_t at = 0;
        rc = service_table_find(call, b, &a->pairs[2 * i], &at);
        *out = at != SERVICE_MISSING;
        if (rc == 0 && *out)
            rc = service_equal(call, &a->pairs[2 * i + 1], &b->pairs[2 * at + 1], out);
    }
    return rc;
}
