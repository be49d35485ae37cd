/* SPDX-License-Identifier: MIT */
/* Sets, as the operators of a dict's views answer them. */
#include "service/set.h"

#include <errno.h>

#include "service/table.h"

struct set {
    struct service_held held;
    struct service_table table; /* its values are None */
};

static const struct bench_object_ops set_ops;

struct service_table *service_set_table(struct bench_object *object)
{
    return object->ops == &set_ops ? &((struct set *)object)->table : NULL;
}

static struct service_table *table_of(struct service_held *held)
{
    return &((struct set *)held)->table;
}

static void set_empty(struct service_held *held)
{
    service_table_fini(held->store, table_of(held));
}

static struct service_held *new_set(struct bench_call *call)
{
    return service_new(call, NULL, sizeof(struct set), &set_ops, set_empty);
}

static int add_to(void *user, struct bench_call *call, const struct bench_value *item)
{
    const struct bench_value none = bench_none();
    return service_table_set(call, table_of(user), item, &none);
}

/* ---- operators ---- */

enum operation { AND, OR, SUB, XOR };

static int all_of(struct bench_call *call, const struct bench_value *from,
                  struct service_held **out)
{
    struct service_held *set = new_set(call);
    if (set == NULL)
        return -EREMOTEIO;
    const int rc = service_each(call, from, add_to, set);
    if (rc < 0)
        service_discard(set);
    else
        *out = set;
    return rc;
}

/* Those of `from` that are (or are not) in `in`. */
static int choose(struct bench_call *call, struct service_held *to, struct service_held *from,
                  struct service_held *in, bool inside)
{
    const struct service_table *table = table_of(from);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < table->count; i++) {
        size_t at = 0;
        rc = service_table_find(call, table_of(in), &table->pairs[2 * i], &at);
        if (rc == 0 && (at != SERVICE_MISSING) == inside)
            rc = add_to(to, call, &table->pairs[2 * i]);
    }
    return rc;
}

static int combine(struct bench_call *call, struct service_held *to, enum operation operation,
                   struct service_held *a, struct service_held *b)
{
    struct service_held *nothing = NULL;
    int rc = 0;
    switch (operation) {
    case AND:
        return choose(call, to, a, b, true);
    case SUB:
        return choose(call, to, a, b, false);
    case XOR:
        rc = choose(call, to, a, b, false);
        return rc < 0 ? rc : choose(call, to, b, a, false);
    default:
        nothing = new_set(call);
        rc = nothing == NULL ? -EREMOTEIO : choose(call, to, a, nothing, false);
        if (rc == 0)
            rc = choose(call, to, b, nothing, false);
        if (nothing != NULL)
            service_discard(nothing);
        return rc;
    }
}

static bool is_set(const struct bench_value *value)
{
    return value->kind == BENCH_FROZENSET || service_is_view(value) ||
           (value->kind == BENCH_OBJECT && value->object->ops == &set_ops);
}

static int operate(struct service_held *self, struct bench_call *call,
                   const struct service_args *args, enum operation operation, bool turned,
                   struct bench_value *out)
{
    const struct bench_value own = {.kind = BENCH_OBJECT, .object = &self->object};
    struct service_held *a = NULL, *b = NULL, *result = NULL;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    /* A set wants a set, a view takes anything that can be iterated. */
    if (self->object.ops == &set_ops && !is_set(&args->items[0]))
        return 0;
    int rc = all_of(call, &own, &a);
    if (rc == 0)
        rc = all_of(call, &args->items[0], &b);
    if (rc == 0)
        result = new_set(call);
    if (rc == 0 && result == NULL)
        rc = -EREMOTEIO;
    if (rc == 0)
        rc = turned ? combine(call, result, operation, b, a)
                    : combine(call, result, operation, a, b);
    if (a != NULL)
        service_discard(a);
    if (b != NULL)
        service_discard(b);
    if (rc == 0)
        *out = service_lend(result);
    else if (result != NULL)
        service_discard(result);
    return rc;
}

#define OPERATOR(name, operation, turned)                                                          \
    static int do_##name(struct service_held *self, struct bench_call *call,                       \
                         const struct service_args *args, struct bench_value *out)                 \
    {                                                                                              \
        return operate(self, call, args, operation, turned, out);                                  \
    }
OPERATOR(and, AND, false)
OPERATOR(rand, AND, true)
OPERATOR(or, OR, false)
OPERATOR(ror, OR, true)
OPERATOR(sub, SUB, false)
OPERATOR(rsub, SUB, true)
OPERATOR(xor, XOR, false)
OPERATOR(rxor, XOR, true)

struct disjoint {
    struct bench_object *object;
    bool shared;
};

static int look_up(void *user, struct bench_call *call, const struct bench_value *item)
{
    struct disjoint *self = user;
    bool inside = false;
    const int rc = self->object->ops->contains(self->object, call, item, &inside);
    self->shared |= inside;
    return rc;
}

static int do_isdisjoint(struct service_held *self, struct bench_call *call,
                         const struct service_args *args, struct bench_value *out)
{
    struct disjoint state = {&self->object, false};
    const int rc = service_each(call, &args->items[0], look_up, &state);
    *out = bench_bool(!state.shared);
    return rc;
}

const struct service_method service_set_methods[] = {
    {.name = "__and__", .min = 1, .max = 1, .call = do_and},
    {.name = "__or__", .min = 1, .max = 1, .call = do_or},
    {.name = "__rand__", .min = 1, .max = 1, .call = do_rand},
    {.name = "__ror__", .min = 1, .max = 1, .call = do_ror},
    {.name = "__rsub__", .min = 1, .max = 1, .call = do_rsub},
    {.name = "__rxor__", .min = 1, .max = 1, .call = do_rxor},
    {.name = "__sub__", .min = 1, .max = 1, .call = do_sub},
    {.name = "__xor__", .min = 1, .max = 1, .call = do_xor},
    {.name = "isdisjoint", .min = 1, .max = 1, .call = do_isdisjoint},
    {.name = NULL},
};
const char *const service_set_method_names[] = {
    "__and__",  "__or__",  "__rand__", "__ror__",    "__rsub__",
    "__rxor__", "__sub__", "__xor__",  "isdisjoint", NULL,
};

/* How many of a's are in b. */
static int count_shared(struct bench_call *call, struct service_held *a, struct service_held *b,
                        size_t *out)
{
    const struct service_table *table = table_of(a);
    int rc = 0;
    *out = 0;
    for (size_t i = 0; rc == 0 && i < table->count; i++) {
        size_t at = 0;
        rc = service_table_find(call, table_of(b), &table->pairs[2 * i], &at);
        *out += rc == 0 && at != SERVICE_MISSING;
    }
    return rc;
}

int service_set_compare(struct bench_object *object, struct bench_call *call, enum bench_compare op,
                        const struct bench_value *other, struct bench_value *out)
{
    const struct bench_value own = {.kind = BENCH_OBJECT, .object = object};
    struct service_held *a = NULL, *b = NULL;
    size_t shared = 0;
    *out = (struct bench_value){.kind = BENCH_NOTIMPLEMENTED};
    if (!is_set(other))
        return 0;
    int rc = all_of(call, &own, &a);
    if (rc == 0)
        rc = all_of(call, other, &b);
    if (rc == 0)
        rc = count_shared(call, a, b, &shared);
    if (rc == 0) {
        const size_t na = table_of(a)->count, nb = table_of(b)->count;
        const bool holds[] = {
            [BENCH_EQ] = shared == na && na == nb, [BENCH_NE] = shared != na || na != nb,
            [BENCH_LT] = shared == na && na < nb,  [BENCH_LE] = shared == na,
            [BENCH_GT] = shared == nb && na > nb,  [BENCH_GE] = shared == nb,
        };
        *out = bench_bool(holds[op]);
    }
    if (a != NULL)
        service_discard(a);
    if (b != NULL)
        service_discard(b);
    return rc;
}

/* ---- sets themselves ---- */

static int set_len(struct bench_object *object, struct bench_call *call, size_t *out)
{
    (void)call;
    *out = table_of((struct service_held *)object)->count;
    return 0;
}

static int set_contains(struct bench_object *object, struct bench_call *call,
                        const struct bench_value *item, bool *out)
{
    size_t at = 0;
    const int rc = service_table_find(call, table_of((struct service_held *)object), item, &at);
    *out = at != SERVICE_MISSING;
    return rc;
}

static int set_at(struct service_held *owner, struct bench_call *call, size_t i,
                  struct bench_value *out)
{
    (void)call;
    *out = table_of(owner)->pairs[2 * i];
    return 0;
}

static size_t set_size(const struct service_held *owner)
{
    return ((const struct set *)owner)->table.count;
}

static int set_iter(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    static const struct service_walk walk = {set_at, set_size};
    return service_iterate(call, (struct service_held *)object, SERVICE_SET_ITERATOR, &walk, out);
}

static int set_repr(struct bench_object *object, struct bench_call *call, struct bench_value *out)
{
    const struct service_table *table = table_of((struct service_held *)object);
    struct bench_value *items = bench_arena_alloc(call->arena, (table->count + 1) * sizeof(*items));
    if (items == NULL)
        return bench_raise(call, "MemoryError", "the text is too long");
    for (size_t i = 0; i < table->count; i++)
        items[i] = table->pairs[2 * i];
    return table->count == 0 ? service_repr_items(call, "set(", items, 0, false, ")", out)
                             : service_repr_items(call, "{", items, table->count, false, "}", out);
}

static int set_getattr(struct bench_object *object, struct bench_call *call, const char *name,
                       size_t length, struct bench_value *out)
{
    return service_get_method((struct service_held *)object, call, service_set_methods, name,
                              length, out);
}

static const struct bench_object_ops set_ops = {
    .type_name = "builtins.set",
    .method_names = service_set_method_names,
    .getattr = set_getattr,
    .len = set_len,
    .contains = set_contains,
    .iter = set_iter,
    .repr = set_repr,
    .hash = service_unhashable,
    .release = service_release,
    .compare = service_set_compare,
};
