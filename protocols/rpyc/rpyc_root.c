/* SPDX-License-Identifier: MIT */
#include "protocols/rpyc/rpyc_root.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_special.h"

const char *const rpyc_root_names[RPYC_ROOT_NAMES] = {
    RPYC_ROOT_PREFIX "get_service_aliases",
    RPYC_ROOT_PREFIX "get_service_name",
    "get_service_aliases",
    "get_service_name",
    "ALIASES",
};

/* As rpyc makes it: the class in capitals without "Service" at its end. */
static int service_name(struct bench_call *call, struct bench_value *out)
{
    static const char end[] = "SERVICE";
    const struct bench_object *root = call->service->root(call->service);
    const char *type = rpyc_short_name(root->ops->type_name);
    size_t n = strlen(type);
    char *text = bench_arena_copy(call->arena, type, n);
    if (!text)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    if (n >= sizeof(end) - 1 && strcmp(text + n - (sizeof(end) - 1), end) == 0)
        n -= sizeof(end) - 1;
    *out = bench_str_n(text, n);
    return 0;
}

static int check_no_arguments(struct bench_call *call, const char *name,
                              const struct bench_value *args, const struct bench_value *kwargs)
{
    if (args->seq.count == 0 && (!kwargs || kwargs->seq.count == 0))
        return 0;
    return bench_raise(call, "TypeError",
                       "Service.%s() takes 1 positional argument but %zu were given", name,
                       args->seq.count + 1);
}

static int name_call(struct bench_object *object, struct bench_call *call,
                     const struct bench_value *args, const struct bench_value *kwargs,
                     struct bench_value *out)
{
    (void)object;
    int rc = check_no_arguments(call, "get_service_name", args, kwargs);
    return rc < 0 ? rc : service_name(call, out);
}

static int aliases_call(struct bench_object *object, struct bench_call *call,
                        const struct bench_value *args, const struct bench_value *kwargs,
                        struct bench_value *out)
{
    struct bench_value *name = bench_arena_alloc(call->arena, sizeof(*name));
    (void)object;
    if (!name)
        return -ENOMEM;
    int rc = check_no_arguments(call, "get_service_aliases", args, kwargs);
    if (rc == 0)
        rc = service_name(call, name);
    *out = bench_tuple(name, 1);
    return rc;
}

bool rpyc_root_find(const char *name, size_t n, struct bench_value *out)
{
    static const struct bench_object_ops name_ops = {.type_name = "builtins.method",
                                                     .call = name_call},
                                         aliases_ops = {.type_name = "builtins.method",
                                                        .call = aliases_call};
    /* Never written; not const only because objects are handed about without it. */
    static struct bench_object name_method = {&name_ops}, aliases_method = {&aliases_ops};
    const struct bench_value text = bench_str_n(name, n),
                             names[] = {bench_str("get_service_name"),
                                        bench_str("get_service_aliases"), bench_str("ALIASES")};
    struct bench_object *const methods[] = {&name_method, &aliases_method};
    for (size_t i = 0; i < BENCH_COUNT_OF(methods); i++)
        if (bench_value_equal(&text, &names[i])) {
            *out = (struct bench_value){.kind = BENCH_OBJECT, .object = methods[i]};
            return true;
        }
    *out = bench_tuple(NULL, 0);
    return bench_value_equal(&text, &names[2]);
}
