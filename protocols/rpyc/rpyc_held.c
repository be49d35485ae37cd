/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_held.h"

#include <string.h>

static size_t bucket_of(const struct rpyc_ref *ref)
{
    const struct bench_value *id = rpyc_is_class(ref) ? &ref->class_id : &ref->instance_id;
    uint64_t hash = 0;
    if (id->kind == BENCH_INT)
        hash = (uint64_t)id->integer;
    else
        for (size_t i = 0; i < id->text.length; i++)
            hash = hash * 31 + (unsigned char)id->text.data[i];
    hash *= UINT64_C(0x9e3779b97f4a7c15); /* addresses have low bits that are alike */
    return (size_t)(hash >> 56) % RPYC_HELD_BUCKETS;
}

struct rpyc_held *rpyc_held_find(const struct rpyc_held_table *table, const struct rpyc_ref *ref)
{
    struct rpyc_held *held = table->buckets[bucket_of(ref)];
    while (held && !(bench_value_equal(&held->proxy.ref.instance_id, &ref->instance_id) &&
                     bench_value_equal(&held->proxy.ref.class_id, &ref->class_id) &&
                     bench_value_equal(&held->proxy.ref.name, &ref->name)))
        held = held->next;
    return held;
}

struct rpyc_held *rpyc_held_add(struct rpyc_held_table *table, struct bench_arena *arena,
                                const struct rpyc_ref *ref)
{
    if (table->count == RPYC_HELD_MAX)
        return NULL;
    struct rpyc_held *held = bench_arena_alloc(arena, sizeof(*held));
    if (!held || rpyc_proxy_init(&held->proxy, arena, ref) < 0)
        return NULL;
    struct rpyc_held **bucket = &table->buckets[bucket_of(ref)];
    held->next = *bucket;
    *bucket = held;
    table->count++;
    return held;
}

void rpyc_held_remove(struct rpyc_held_table *table, struct rpyc_held *held)
{
    struct rpyc_held **link = &table->buckets[bucket_of(&held->proxy.ref)];
    while (*link && *link != held)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = held->next;
    table->count--;
}

/* All proxies in the values of an expression are entries of its table. */
struct rpyc_held *rpyc_held_of(const struct bench_value *value)
{
    return rpyc_proxy_of(value) ? (struct rpyc_held *)value->object : NULL;
}

struct bench_value rpyc_held_value(struct rpyc_held *held)
{
    return (struct bench_value){.kind = BENCH_OBJECT, .object = &held->proxy.object};
}

unsigned rpyc_builtin_methods(const struct rpyc_ref *ref)
{
    enum {
        CONTAINER = RPYC_METHOD_LEN | RPYC_METHOD_ITER,
        SEQUENCE = CONTAINER | RPYC_METHOD_ITEM,
        GENERATOR = RPYC_METHOD_ITER | RPYC_METHOD_NEXT,
        ITERATOR = GENERATOR | RPYC_METHOD_HINT,
    };
    static const struct {
        const char *name;
        unsigned methods;
    } rows[] = {
        {"list", SEQUENCE},
        {"dict", SEQUENCE},
        {"tuple", SEQUENCE},
        {"str", SEQUENCE},
        {"bytes", SEQUENCE},
        {"bytearray", SEQUENCE},
        {"memoryview", SEQUENCE},
        {"mappingproxy", SEQUENCE},
        {"set", CONTAINER},
        {"frozenset", CONTAINER},
        {"generator", GENERATOR},
        {"list_iterator", ITERATOR},
        {"tuple_iterator", ITERATOR},
        {"set_iterator", ITERATOR},
        {"range_iterator", ITERATOR},
    };
    static const char module[] = "builtins.";
    const size_t skip = sizeof(module) - 1, n = ref->name.text.length;
    if (n <= skip || memcmp(ref->name.text.data, module, skip) != 0)
        return 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        if (strlen(rows[i].name) == n - skip &&
            memcmp(rows[i].name, ref->name.text.data + skip, n - skip) == 0)
            return RPYC_METHOD_CALL | rows[i].methods;
    return RPYC_METHOD_CALL; /* as rpyc makes these proxies, from the class and its metaclass */
}

static unsigned method_named(const struct bench_value *name)
{
    static const char *const names[] = {"__call__", "__len__",  "__length_hint__",
                                        "__iter__", "__next__", "__getitem__"};
    for (size_t i = 0; name->kind == BENCH_STR && i < BENCH_COUNT_OF(names); i++)
        if (strlen(names[i]) == name->text.length &&
            memcmp(names[i], name->text.data, name->text.length) == 0)
            return 1u << i;
    return 0;
}

int rpyc_read_methods(struct rpyc_reader *body, unsigned *out)
{
    struct bench_value list = bench_none();
    int64_t label = 0;
    int rc = rpyc_read_box_head(body, &label);
    if (rc == 0 && label == RPYC_VALUE)
        rc = rpyc_read_value(body, &list);
    if (rc == 0)
        rc = rpyc_read_end(body);
    if (rc < 0)
        return rc;
    *out = 0;
    for (size_t i = 0; list.kind == BENCH_TUPLE && i < list.seq.count; i++) {
        const struct bench_value *pair = &list.seq.items[i];
        if (pair->kind == BENCH_TUPLE && pair->seq.count > 0)
            *out |= method_named(&pair->seq.items[0]);
    }
    return 0;
}
