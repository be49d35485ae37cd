/* SPDX-License-Identifier: MIT */
/* What a client puts into the service's lists and dicts, and the memory that it may take. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/service_calls.h"

TestSuite(service_store, .init = setup, .fini = teardown, .timeout = 60);

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
