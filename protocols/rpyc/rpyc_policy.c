/* SPDX-License-Identifier: MIT */
/* Which attributes a client may read. Writing and deleting is refused under both policies. */
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_rules.h"
#include "protocols/rpyc/rpyc_value.h"

const struct rpyc_rules rpyc_default_rules = {
    .policy = RPYC_POLICY_REFERENCE,
    .references = RPYC_REFERENCES,
    .depth = RPYC_DEPTH,
    .stored = (uint64_t)256 << 20,
    .items = RPYC_ITEMS_MAX,
    .nesting = RPYC_NESTING_MAX,
};

struct text {
    const char *data;
    size_t length;
};

/* Sorted. */
static const char *const safe_names[] = {
    "__abs__",      "__add__",       "__and__",         "__bool__",     "__cmp__",
    "__contains__", "__delitem__",   "__delslice__",    "__div__",      "__divmod__",
    "__doc__",      "__enter__",     "__eq__",          "__exit__",     "__float__",
    "__floordiv__", "__format__",    "__ge__",          "__getitem__",  "__getslice__",
    "__gt__",       "__hash__",      "__hex__",         "__iadd__",     "__iand__",
    "__idiv__",     "__ifloordiv__", "__ilshift__",     "__imod__",     "__imul__",
    "__index__",    "__int__",       "__invert__",      "__ior__",      "__ipow__",
    "__irshift__",  "__isub__",      "__iter__",        "__itruediv__", "__ixor__",
    "__le__",       "__len__",       "__length_hint__", "__long__",     "__lshift__",
    "__lt__",       "__mod__",       "__mul__",         "__ne__",       "__neg__",
    "__new__",      "__next__",      "__nonzero__",     "__oct__",      "__or__",
    "__pos__",      "__pow__",       "__radd__",        "__rand__",     "__rdiv__",
    "__rdivmod__",  "__repr__",      "__rfloordiv__",   "__rlshift__",  "__rmod__",
    "__rmul__",     "__ror__",       "__rpow__",        "__rrshift__",  "__rshift__",
    "__rsub__",     "__rtruediv__",  "__rxor__",        "__setitem__",  "__setslice__",
    "__str__",      "__sub__",       "__truediv__",     "__xor__",      "next",
};

static int compare(const void *key, const void *row)
{
    const struct text *text = key;
    const char *name = *(const char *const *)row;
    const size_t length = strlen(name);
    const size_t least = text->length < length ? text->length : length;
    const int order = memcmp(text->data, name, least);
    return order != 0 ? order : (text->length > length) - (text->length < length);
}

bool rpyc_policy_plain(const struct rpyc_rules *rules, const char *name, size_t n)
{
    static const char prefix[] = "exposed_";
    const struct text key = {name, n};
    if (rules->policy == RPYC_POLICY_REFERENCE && (n == 0 || name[0] != '_'))
        return true;
    if (n >= sizeof(prefix) - 1 && memcmp(name, prefix, sizeof(prefix) - 1) == 0)
        return true;
    return bsearch(&key, safe_names, BENCH_COUNT_OF(safe_names), sizeof(safe_names[0]), compare) !=
           NULL;
}

bool rpyc_policy_pickles(const struct rpyc_rules *rules)
{
    return rules->policy == RPYC_POLICY_REFERENCE;
}
