/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_refs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ids have as many digits as the addresses that Python sends, so that frames are as long. An
 * instance id is ID_BASE + generation * RPYC_REFERENCES_MAX + number of the entry: no id comes
 * twice. */
#define ID_BASE    INT64_C(140000000000000)
#define CLASS_BASE INT64_C(94000000000000)

enum { FIRST_CAPACITY = 16, TYPES_MAX = 4096, CLASS_STEP = 16 };

struct rpyc_refs_type {
    const struct bench_object_ops *ops;
    struct bench_object *class_object; /* while it is out, or NULL */
};

struct rpyc_refs_entry {
    struct bench_object *object; /* NULL = free */
    int64_t count;               /* what the peer holds */
    uint32_t pins;
    int64_t instance_id;
    int64_t class_id;
    uint32_t next; /* in the bucket or in the free list, + 1 */
};

void rpyc_refs_init(struct rpyc_refs *refs, uint32_t limit)
{
    *refs = (struct rpyc_refs){.limit = limit};
}

static uint32_t *bucket_of(const struct rpyc_refs *refs, const struct bench_object *object)
{
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &refs->buckets[(hash >> 32) & (refs->capacity - 1)];
}

static struct rpyc_refs_entry *lookup(const struct rpyc_refs *refs,
                                      const struct bench_object *object)
{
    if (refs->capacity == 0)
        return NULL;
    for (uint32_t at = *bucket_of(refs, object); at; at = refs->entries[at - 1].next)
        if (refs->entries[at - 1].object == object)
            return &refs->entries[at - 1];
    return NULL;
}

static void link_entry(struct rpyc_refs *refs, uint32_t number)
{
    uint32_t *bucket = bucket_of(refs, refs->entries[number].object);
    refs->entries[number].next = *bucket;
    *bucket = number + 1;
}

static void unlink_entry(struct rpyc_refs *refs, uint32_t number)
{
    uint32_t *at = bucket_of(refs, refs->entries[number].object);
    while (*at != number + 1)
        at = &refs->entries[*at - 1].next;
    *at = refs->entries[number].next;
}

/* Only when all entries are in use. */
static int grow(struct rpyc_refs *refs)
{
    uint32_t capacity = refs->capacity ? refs->capacity * 2 : FIRST_CAPACITY;
    if (capacity > RPYC_REFERENCES_MAX)
        return -ENOSPC;
    struct rpyc_refs_entry *entries =
        realloc(refs->entries, capacity * sizeof(struct rpyc_refs_entry));
    if (!entries)
        return -ENOMEM;
    refs->entries = entries;
    uint32_t *buckets = calloc(capacity, sizeof(*buckets));
    if (!buckets)
        return -ENOMEM;
    free(refs->buckets);
    refs->buckets = buckets;
    refs->capacity = capacity;
    for (uint32_t i = 0; i < refs->used; i++)
        link_entry(refs, i);
    return 0;
}

static int class_number(struct rpyc_refs *refs, const struct bench_object_ops *ops, int64_t *out)
{
    size_t n = 0;
    while (n < refs->ntypes && refs->types[n].ops != ops)
        n++;
    if (n == refs->ntypes) {
        if (n >= TYPES_MAX)
            return -ENOSPC;
        if ((n & (n + 1)) == 0) { /* room for the next power of two */
            struct rpyc_refs_type *types = realloc(refs->types, (2 * n + 1) * sizeof(*types));
            if (!types)
                return -ENOMEM;
            refs->types = types;
        }
        refs->types[refs->ntypes++] = (struct rpyc_refs_type){.ops = ops};
    }
    *out = CLASS_BASE + (int64_t)n * CLASS_STEP;
    return 0;
}

static int add_entry(struct rpyc_refs *refs, struct bench_object *object,
                     struct rpyc_refs_entry **out)
{
    const struct bench_object_ops *instances = object->ops->instances;
    int64_t class_id;
    int rc = class_number(refs, instances ? instances : object->ops, &class_id);
    if (rc == 0 && !refs->unused && refs->used == refs->capacity)
        rc = grow(refs);
    if (rc < 0)
        return rc;
    uint32_t number = refs->unused ? refs->unused - 1 : refs->used;
    struct rpyc_refs_entry *entry = &refs->entries[number];
    if (refs->unused) {
        refs->unused = entry->next;
        entry->instance_id += RPYC_REFERENCES_MAX;
    } else {
        refs->used++;
        entry->instance_id = ID_BASE + number;
    }
    entry->object = object;
    entry->count = 0;
    entry->pins = 0;
    entry->class_id = class_id;
    if (instances)
        refs->types[(class_id - CLASS_BASE) / CLASS_STEP].class_object = object;
    refs->alive++;
    link_entry(refs, number);
    *out = entry;
    return 0;
}

static int find_or_add(struct rpyc_refs *refs, struct bench_object *object,
                       struct rpyc_refs_entry **entry)
{
    *entry = lookup(refs, object);
    return *entry ? 0 : add_entry(refs, object, entry);
}

int rpyc_refs_export(void *user, struct bench_object *object, struct rpyc_ref *ref)
{
    struct rpyc_refs *refs = user;
    struct rpyc_refs_entry *entry;
    if (refs->alive >= refs->limit && !lookup(refs, object))
        return -ENOSPC;
    int rc = find_or_add(refs, object, &entry);
    if (rc < 0)
        return rc;
    entry->count++;
    *ref = (struct rpyc_ref){
        .name = bench_str(object->ops->type_name),
        .class_id = bench_int(entry->class_id),
        .instance_id = bench_int(object->ops->instances ? 0 : entry->instance_id),
    };
    return 0;
}

static const struct rpyc_refs_entry *find_instance(const struct rpyc_refs *refs, int64_t id)
{
    if (id < ID_BASE)
        return NULL;
    uint64_t number = (uint64_t)(id - ID_BASE) % RPYC_REFERENCES_MAX;
    if (number >= refs->used)
        return NULL;
    const struct rpyc_refs_entry *entry = &refs->entries[number];
    return entry->object && entry->instance_id == id && !entry->object->ops->instances ? entry
                                                                                       : NULL;
}

static const struct rpyc_refs_entry *find_class(const struct rpyc_refs *refs, int64_t id)
{
    if (id < CLASS_BASE || (uint64_t)(id - CLASS_BASE) / CLASS_STEP >= refs->ntypes)
        return NULL;
    const struct bench_object *object = refs->types[(id - CLASS_BASE) / CLASS_STEP].class_object;
    return object ? lookup(refs, object) : NULL;
}

struct bench_object *rpyc_refs_find(const struct rpyc_refs *refs, const struct rpyc_ref *ref)
{
    if (ref->instance_id.kind != BENCH_INT || ref->class_id.kind != BENCH_INT)
        return NULL;
    const struct rpyc_refs_entry *entry = ref->instance_id.integer == 0
                                              ? find_class(refs, ref->class_id.integer)
                                              : find_instance(refs, ref->instance_id.integer);
    if (!entry || entry->count == 0 || entry->class_id != ref->class_id.integer)
        return NULL;
    const char *name = entry->object->ops->type_name;
    size_t length = strlen(name);
    if (length != ref->name.text.length || memcmp(name, ref->name.text.data, length) != 0)
        return NULL;
    return entry->object;
}

static void forget(struct rpyc_refs *refs, struct rpyc_refs_entry *entry)
{
    struct bench_object *object = entry->object;
    uint32_t number = (uint32_t)(entry - refs->entries);
    if (entry->count > 0 || entry->pins > 0)
        return;
    unlink_entry(refs, number);
    if (object->ops->instances)
        refs->types[(entry->class_id - CLASS_BASE) / CLASS_STEP].class_object = NULL;
    entry->object = NULL;
    entry->next = refs->unused;
    refs->unused = number + 1;
    refs->alive--;
    if (object->ops->release)
        object->ops->release(object);
}

void rpyc_refs_drop(struct rpyc_refs *refs, struct bench_object *object, int64_t count)
{
    struct rpyc_refs_entry *entry = lookup(refs, object);
    if (!entry || count <= 0 || entry->count == 0)
        return;
    entry->count = count < entry->count ? entry->count - count : 0;
    forget(refs, entry);
}

void rpyc_refs_fini(struct rpyc_refs *refs)
{
    for (uint32_t i = 0; i < refs->used; i++) {
        struct rpyc_refs_entry *entry = &refs->entries[i];
        if (entry->object)
            rpyc_refs_drop(refs, entry->object, entry->count);
    }
    /* Held by whoever had no time to let go. */
    for (uint32_t i = 0; i < refs->used; i++) {
        struct rpyc_refs_entry *entry = &refs->entries[i];
        entry->pins = 0;
        if (entry->object)
            forget(refs, entry);
    }
    free(refs->entries);
    free(refs->buckets);
    free(refs->types);
    rpyc_refs_init(refs, refs->limit);
}

/* An object of ours that can go at all. */
static bool is_mortal(const struct bench_value *value)
{
    return value->kind == BENCH_OBJECT && value->object->ops->release && !rpyc_proxy_of(value);
}

int rpyc_refs_hold(struct rpyc_refs *refs, const struct bench_value *value)
{
    struct rpyc_refs_entry *entry;
    int rc = 0;
    if (value->kind == BENCH_TUPLE)
        for (size_t i = 0; rc == 0 && i < value->seq.count; i++)
            rc = rpyc_refs_hold(refs, &value->seq.items[i]);
    if (!is_mortal(value))
        return rc;
    rc = find_or_add(refs, value->object, &entry);
    if (rc == 0)
        entry->pins++;
    return rc;
}

void rpyc_refs_let_go(struct rpyc_refs *refs, const struct bench_value *value)
{
    if (value->kind == BENCH_TUPLE)
        for (size_t i = 0; i < value->seq.count; i++)
            rpyc_refs_let_go(refs, &value->seq.items[i]);
    /* Found by its address alone: it may be gone already if it could not be held. */
    struct rpyc_refs_entry *entry =
        value->kind == BENCH_OBJECT ? lookup(refs, value->object) : NULL;
    if (!entry || entry->pins == 0)
        return;
    entry->pins--;
    forget(refs, entry);
}

void rpyc_refs_discard(struct rpyc_refs *refs, const struct bench_value *value)
{
    if (rpyc_refs_hold(refs, value) == 0) /* without memory the session ends, and all with it */
        rpyc_refs_let_go(refs, value);
}

int64_t rpyc_refs_id(const struct rpyc_refs *refs, const struct bench_object *object)
{
    const struct rpyc_refs_entry *entry = lookup(refs, object);
    return entry ? entry->instance_id : 0;
}
