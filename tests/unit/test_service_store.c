/* SPDX-License-Identifier: MIT */
/* What a client puts into the service's lists and dicts, and the memory that it may take. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "bench/object.h"
#include "service/service.h"

static struct bench_arena arena;
static struct bench_call call;
static struct bench_value result;

static void setup(void)
{
    bench_arena_init(&arena, (size_t)1 << 20);
    call = (struct bench_call){.arena = &arena, .service = bench_reference_service()};
}

static void teardown(void) { bench_arena_fini(&arena); }

TestSuite(service_store, .init = setup, .fini = teardown, .timeout = 60);

static int run(enum bench_operation_id id, const struct bench_value *args, size_t nargs)
{
    const struct bench_service *service = bench_reference_service();
    return service->call(service, &call, bench_operation_get(id), args, nargs, &result);
}

static struct bench_object *make(enum bench_operation_id id, int64_t n)
{
    const struct bench_value arg = bench_int(n);
    cr_assert_eq(run(id, &arg, 1), 0, "%s", call.exception.message);
    cr_assert_eq(result.kind, BENCH_OBJECT);
    return result.object;
}

static void release(struct bench_object *object) { object->ops->release(object); }

static bool is_text(const struct bench_value *value, const char *text)
{
    return value->kind == BENCH_STR && value->text.length == strlen(text) &&
           memcmp(value->text.data, text, value->text.length) == 0;
}

static struct bench_object *get_object(struct bench_object *object, const char *name)
{
    cr_assert_eq(object->ops->getattr(object, &call, name, strlen(name), &result), 0, "%s: %s",
                 name, call.exception.message);
    cr_assert_eq(result.kind, BENCH_OBJECT);
    return result.object;
}

/* object.name(args); what it answers is in result. */
static int call_method(struct bench_object *object, const char *name,
                       const struct bench_value *items, size_t count)
{
    struct bench_object *method = get_object(object, name);
    const struct bench_value args = bench_tuple(items, count);
    cr_expect_str_eq(method->ops->type_name, "builtins.builtin_function_or_method");
    const int rc = method->ops->call(method, &call, &args, NULL, &result);
    release(method);
    return rc;
}

static void expect_repr(struct bench_object *object, const char *text)
{
    struct bench_value repr;
    cr_assert_eq(object->ops->repr(object, &call, &repr), 0);
    cr_expect(is_text(&repr, text), "%.*s, not %s", (int)repr.text.length, repr.text.data, text);
}

static void expect_raised(int rc, const char *type, const char *message)
{
    cr_expect_eq(rc, -EREMOTEIO, "no %s", type);
    cr_expect_str_eq(call.exception.type, type);
    cr_expect_str_eq(call.exception.message, message);
}

/* ---- what is changed ---- */

static int append(struct bench_object *list, const struct bench_value *item)
{
    return call_method(list, "append", item, 1);
}

Test(service_store, what_is_stored_is_copied_and_bounded)
{
    struct bench_store store = {.limit_bytes = 4096};
    char text[] = "first";
    const struct bench_value item = bench_str(text), zero = bench_int(0), minus = bench_int(-1);
    call.store = &store;
    struct bench_object *list = make(BENCH_OP_GET_USERS, 0);
    cr_assert_eq(append(list, &item), 0);
    text[0] = 'w';
    cr_assert_eq(list->ops->item(list, &call, &zero, &result), 0);
    cr_expect(is_text(&result, "first"));
    int rc = 0, n = 1;
    for (; rc == 0 && n < 10000; n++)
        rc = append(list, &item);
    expect_raised(rc, "MemoryError", "this connection's objects would hold more than 4096 bytes");
    cr_expect_gt(n, 20);
    cr_expect_leq(store.used_bytes, 4096);
    cr_assert_eq(call_method(list, "pop", &minus, 1), 0);
    cr_expect(is_text(&result, "wirst"), "%s", result.text.data);
    cr_assert_eq(call_method(list, "clear", NULL, 0), 0);
    cr_expect_eq(call_method(list, "pop", NULL, 0), -EREMOTEIO);
    release(list);
    cr_expect_eq(store.used_bytes, 0);
    bench_store_end(&store);
}

/* Objects that hold each other go with their store; chains of any length come apart. */
Test(service_store, rings_and_chains)
{
    struct bench_store store = {.limit_bytes = (uint64_t)1 << 30};
    call.store = &store;
    struct bench_object *list = make(BENCH_OP_GET_USERS, 1);
    const struct bench_value own = {.kind = BENCH_OBJECT, .object = list};
    cr_assert_eq(append(list, &own), 0);
    expect_repr(list, "[<User 0>, [...]]");
    release(list);
    cr_expect_gt(store.used_bytes, 0);

    struct bench_object *chain = make(BENCH_OP_GET_USERS, 0);
    for (int i = 0; i < 100000; i++) {
        struct bench_object *next = make(BENCH_OP_GET_USERS, 0);
        const struct bench_value inner = {.kind = BENCH_OBJECT, .object = chain};
        cr_assert_eq(append(next, &inner), 0);
        release(chain);
        chain = next;
    }
    expect_raised(chain->ops->repr(chain, &call, &result), "RecursionError",
                  "maximum recursion depth exceeded");
    const uint64_t before = store.used_bytes;
    release(chain);
    cr_expect_lt(store.used_bytes, before / 100);
    bench_store_end(&store);
    cr_expect_eq(store.depth, 0);
}

Test(service_store, a_dict_grows_and_shrinks)
{
    struct bench_store store = {.limit_bytes = (uint64_t)1 << 30};
    call.store = &store;
    struct bench_object *dict = make(BENCH_OP_GET_USER_DICT, 1);
    size_t length = 0;
    for (int64_t i = 0; i < 5000; i++) {
        const struct bench_value pair[] = {bench_int(i), bench_int(-i)};
        cr_assert_eq(call_method(dict, "setdefault", pair, 2), 0);
    }
    for (int64_t i = 0; i < 5000; i++) {
        const struct bench_value key = bench_float((double)i);
        cr_assert_eq(dict->ops->item(dict, &call, &key, &result), 0);
        cr_expect_eq(result.integer, -i);
        if (i % 100 == 0)
            cr_assert_eq(call_method(dict, "pop", &key, 1), 0);
    }
    cr_assert_eq(dict->ops->len(dict, &call, &length), 0);
    cr_expect_eq(length, 4 + 5000 - 50);
    release(dict);
    cr_expect_eq(store.used_bytes, 0);
    bench_store_end(&store);
}
