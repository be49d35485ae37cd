/* SPDX-License-Identifier: MIT */
/* The service's users and the lists, dicts, views and iterators that they come in. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/service_calls.h"

#define TEXT(s)                                                                                    \
    {                                                                                              \
        .kind = BENCH_STR, .text = {(s), sizeof(s) - 1 }                                           \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .kind = BENCH_INT, .integer = (n)                                                          \
    }

TestSuite(service_objects, .init = setup, .fini = teardown, .timeout = 30);

static void expect_user(struct bench_object *user, int64_t id)
{
    cr_expect_str_eq(user->ops->type_name, "service.User");
    cr_assert_eq(user->ops->getattr(user, &call, "id", 2, &result), 0);
    cr_expect(result.kind == BENCH_INT && result.integer == id, "user %lld",
              (long long)result.integer);
}

/* ---- users ---- */

Test(service_objects, a_user_has_attributes)
{
    struct bench_object *user = make(BENCH_OP_GET_USER, 123);
    expect_user(user, 123);
    cr_assert_eq(user->ops->getattr(user, &call, "name", 4, &result), 0);
    cr_expect(is_text(&result, "user123"));
    cr_assert_eq(user->ops->getattr(user, &call, "email", 5, &result), 0);
    cr_expect(is_text(&result, "user123@example.com"));
    cr_assert_eq(user->ops->getattr(user, &call, "status", 6, &result), 0);
    cr_expect(is_text(&result, "inactive"));
    expect_raised(user->ops->getattr(user, &call, "nam", 3, &result), "AttributeError",
                  "'User' object has no attribute 'nam'");
    expect_repr(user, "<User 123>");
    cr_assert_eq(user->ops->dir(user, &call, &result), 0);
    cr_assert_eq(result.seq.count, 6);
    cr_expect(is_text(&result.seq.items[0], "as_dict"));
    cr_expect(is_text(&result.seq.items[5], "status"));
    release(user);
}

Test(service_objects, users_as_tuples)
{
    const struct bench_value four = bench_int(4);
    const struct bench_value row[] = {four, TEXT("user4"), TEXT("user4@example.com"),
                                      TEXT("active")};
    const struct bench_value wanted = bench_tuple(row, 4);
    cr_assert_eq(run(BENCH_OP_GET_USER_TUPLE, &four, 1), 0);
    cr_expect(bench_value_equal(&result, &wanted));
    const struct bench_value five = bench_int(5);
    cr_assert_eq(run(BENCH_OP_GET_USERS_TUPLES, &five, 1), 0);
    cr_expect_eq(result.kind, BENCH_TUPLE);
    cr_assert_eq(result.seq.count, 5);
    cr_expect(bench_value_equal(&result.seq.items[4], &wanted));
    const struct bench_value ids[] = {four, four}, batch = bench_tuple(ids, 2);
    cr_assert_eq(run(BENCH_OP_GET_USERS_BATCH, &batch, 1), 0);
    cr_assert_eq(result.seq.count, 2);
    cr_expect(bench_value_equal(&result.seq.items[1], &wanted));
    const struct bench_value nobody = bench_tuple(NULL, 0);
    cr_assert_eq(run(BENCH_OP_GET_USERS_BATCH, &nobody, 1), 0);
    cr_expect(bench_value_equal(&result, &nobody));
    cr_assert_eq(run(BENCH_OP_GET_USERS_BATCH, NULL, 0), 0);
    cr_expect_eq(result.seq.count, 3, "its default");
    cr_assert_eq(run(BENCH_OP_GET_USERS_TUPLES, NULL, 0), 0);
    cr_expect_eq(result.seq.count, 100, "its default");
}

Test(service_objects, bad_arguments_raise)
{
    static const struct bench_value texts[] = {TEXT("1")}, low[] = {NUMBER(1), NUMBER(-1)};
    static const struct {
        enum bench_operation_id id;
        struct bench_value arg;
        const char *type, *message;
    } rows[] = {
        {BENCH_OP_GET_USER, NUMBER(-1), "ValueError", "id -1 is not in 0 to 1000000000000"},
        {BENCH_OP_GET_USER_DICT, TEXT("1"), "TypeError", "id must be int, not str"},
        {BENCH_OP_GET_USER_TUPLE,
         {.kind = BENCH_BIGINT, .text = {"99999999999999999999", 20}},
         "ValueError",
         "id is not in 0 to 1000000000000"},
        {BENCH_OP_GET_USERS, NUMBER(10001), "ValueError", "n 10001 is not in 0 to 10000"},
        {BENCH_OP_GET_USERS_DICTS, NUMBER(-1), "ValueError", "n -1 is not in 0 to 10000"},
        {BENCH_OP_GET_USERS_TUPLES, TEXT("1"), "TypeError", "n must be int, not str"},
        {BENCH_OP_GET_USERS_BATCH, NUMBER(1), "TypeError", "'int' object is not iterable"},
        {BENCH_OP_GET_USERS_BATCH,
         {.kind = BENCH_TUPLE, .seq = {texts, 1}},
         "TypeError",
         "id must be int, not str"},
        {BENCH_OP_GET_USERS_BATCH_DICTS,
         {.kind = BENCH_LIST, .seq = {low, 2}},
         "ValueError",
         "id -1 is not in 0 to 1000000000000"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        expect_raised(run(rows[i].id, &rows[i].arg, 1), rows[i].type, rows[i].message);
}

Test(service_objects, a_batch_takes_an_iterable)
{
    struct bench_object *dict = make(BENCH_OP_GET_USER_DICT, 1);
    const struct bench_value keys = {.kind = BENCH_OBJECT, .object = dict};
    /* an object that iterates over texts: it is asked, and what comes is checked */
    expect_raised(run(BENCH_OP_GET_USERS_BATCH, &keys, 1), "TypeError", "id must be int, not str");
    release(dict);
    struct bench_value *many = bench_arena_alloc(&arena, 10001 * sizeof(*many));
    for (size_t i = 0; i < 10001; i++)
        many[i] = bench_int(1);
    const struct bench_value ids = bench_tuple(many, 10001);
    expect_raised(run(BENCH_OP_GET_USERS_BATCH_DICTS, &ids, 1), "ValueError",
                  "more than 10000 ids");
}

/* ---- lists ---- */

Test(service_objects, a_list_is_indexed)
{
    static const struct {
        int64_t index, id; /* -1: out of range */
    } rows[] = {{0, 0},  {4, 4},   {-1, 4},         {-5, 0},
                {5, -1}, {-6, -1}, {INT64_MIN, -1}, {INT64_MAX, -1}};
    struct bench_object *list = make(BENCH_OP_GET_USERS, 5);
    size_t length;
    cr_expect_str_eq(list->ops->type_name, "builtins.list");
    cr_assert_eq(list->ops->len(list, &call, &length), 0);
    cr_expect_eq(length, 5);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const struct bench_value key = bench_int(rows[i].index);
        const int rc = list->ops->item(list, &call, &key, &result);
        if (rows[i].id < 0) {
            expect_raised(rc, "IndexError", "list index out of range");
            continue;
        }
        cr_assert_eq(rc, 0);
        struct bench_object *user = result.object;
        expect_user(user, rows[i].id);
        cr_assert_eq(list->ops->item(list, &call, &key, &result), 0);
        cr_expect_eq(result.object, user, "the same object each time");
        release(user);
    }
    const struct bench_value text = bench_str("0"), yes = bench_bool(true);
    expect_raised(list->ops->item(list, &call, &text, &result), "TypeError",
                  "list indices must be integers or slices, not str");
    cr_assert_eq(list->ops->item(list, &call, &yes, &result), 0);
    release(result.object);
    expect_repr(list, "[<User 0>, <User 1>, <User 2>, <User 3>, <User 4>]");
    int64_t hash;
    expect_raised(list->ops->hash(list, &call, &hash), "TypeError", "unhashable type: 'list'");
    release(list);
}

Test(service_objects, a_list_is_sliced_as_in_python)
{
#define NOTHING                                                                                    \
    {                                                                                              \
        .kind = BENCH_NONE                                                                         \
    }
#define HUGE_ONE(digits)                                                                           \
    {                                                                                              \
        .kind = BENCH_BIGINT, .text = {(digits), sizeof(digits) - 1 }                              \
    }
    static const struct {
        struct bench_value bounds[3];
        const char *ids; /* by Python's list(range(5))[start:stop:step] */
    } rows[] = {
        {{NOTHING, NOTHING, NOTHING}, "01234"},
        {{NUMBER(1), NUMBER(3), NOTHING}, "12"},
        {{NUMBER(-2), NOTHING, NOTHING}, "34"},
        {{NOTHING, NUMBER(-2), NOTHING}, "012"},
        {{NOTHING, NOTHING, NUMBER(2)}, "024"},
        {{NOTHING, NOTHING, NUMBER(-1)}, "43210"},
        {{NUMBER(3), NUMBER(0), NUMBER(-2)}, "31"},
        {{NUMBER(3), NUMBER(1), NOTHING}, ""},
        {{NUMBER(-100), NUMBER(100), NOTHING}, "01234"},
        {{NUMBER(100), NUMBER(-100), NUMBER(-1)}, "43210"},
        {{NUMBER(INT64_MIN), NUMBER(INT64_MAX), NUMBER(INT64_MAX)}, "0"},
        {{NUMBER(INT64_MAX), NUMBER(INT64_MIN), NUMBER(INT64_MIN)}, "4"},
        {{HUGE_ONE("-99999999999999999999"), HUGE_ONE("99999999999999999999"), NOTHING}, "01234"},
        {{NUMBER(5), NOTHING, NOTHING}, ""},
    };
    struct bench_object *list = make(BENCH_OP_GET_USERS, 5);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const struct bench_value key = {.kind = BENCH_SLICE, .seq = {rows[i].bounds, 3}};
        cr_assert_eq(list->ops->item(list, &call, &key, &result), 0, "row %zu", i);
        struct bench_object *slice = result.object;
        char ids[8] = "";
        size_t length = 0;
        cr_assert_eq(slice->ops->len(slice, &call, &length), 0);
        cr_assert_lt(length, sizeof(ids));
        for (size_t k = 0; k < length; k++) {
            const struct bench_value at = bench_int((int64_t)k);
            cr_assert_eq(slice->ops->item(slice, &call, &at, &result), 0);
            struct bench_object *user = result.object;
            cr_assert_eq(user->ops->getattr(user, &call, "id", 2, &result), 0);
            ids[k] = (char)('0' + result.integer);
            release(user);
        }
        cr_expect_str_eq(ids, rows[i].ids, "row %zu", i);
        release(slice);
    }
    const struct bench_value zero[] = {NOTHING, NOTHING, NUMBER(0)},
                             odd[] = {TEXT("a"), NOTHING, NOTHING};
    struct bench_value key = {.kind = BENCH_SLICE, .seq = {zero, 3}};
    expect_raised(list->ops->item(list, &call, &key, &result), "ValueError",
                  "slice step cannot be zero");
    key.seq.items = odd;
    expect_raised(list->ops->item(list, &call, &key, &result), "TypeError",
                  "slice indices must be integers or None or have an __index__ method");
    release(list);
}

Test(service_objects, a_list_is_iterated)
{
    struct bench_object *list = make(BENCH_OP_GET_USERS, 3);
    cr_assert_eq(list->ops->iter(list, &call, &result), 0);
    struct bench_object *iterator = result.object;
    cr_expect_str_eq(iterator->ops->type_name, "builtins.list_iterator");
    cr_assert_eq(call_method(iterator, "__length_hint__", NULL, 0), 0);
    cr_expect_eq(result.integer, 3);
    cr_assert_eq(iterator->ops->iter(iterator, &call, &result), 0);
    cr_expect_eq(result.object, iterator);
    for (int64_t id = 0; id < 3; id++) {
        cr_assert_eq(iterator->ops->next(iterator, &call, &result), 0);
        struct bench_object *user = result.object;
        expect_user(user, id);
        release(user);
    }
    cr_expect_eq(iterator->ops->next(iterator, &call, &result), -ENODATA);
    cr_expect_eq(iterator->ops->next(iterator, &call, &result), -ENODATA);
    cr_assert_eq(call_method(iterator, "__length_hint__", NULL, 0), 0);
    cr_expect_eq(result.integer, 0);
    release(iterator);
    release(list);
}

Test(service_objects, a_list_has_methods)
{
    struct bench_object *list = make(BENCH_OP_GET_USERS, 3), *stranger = make(BENCH_OP_GET_USER, 2);
    const struct bench_value key = bench_int(-1),
                             other = {.kind = BENCH_OBJECT, .object = stranger};
    bool inside;
    cr_assert_eq(list->ops->item(list, &call, &key, &result), 0);
    const struct bench_value last = result;
    cr_assert_eq(list->ops->contains(list, &call, &last, &inside), 0);
    cr_expect(inside);
    cr_assert_eq(list->ops->contains(list, &call, &other, &inside), 0);
    cr_expect_not(inside, "users are compared by identity");
    cr_assert_eq(call_method(list, "index", &last, 1), 0);
    cr_expect_eq(result.integer, 2);
    const struct bench_value upto[] = {last, bench_int(0), bench_int(-1)};
    expect_raised(call_method(list, "index", upto, 3), "ValueError", "<User 2> is not in list");
    cr_assert_eq(call_method(list, "index", upto, 2), 0);
    cr_expect_eq(result.integer, 2);
    cr_assert_eq(call_method(list, "count", &last, 1), 0);
    cr_expect_eq(result.integer, 1);
    cr_assert_eq(call_method(list, "count", &other, 1), 0);
    cr_expect_eq(result.integer, 0);
    expect_raised(call_method(list, "count", NULL, 0), "TypeError",
                  "list.count() takes exactly one argument (0 given)");
    expect_raised(call_method(list, "copy", &last, 1), "TypeError",
                  "list.copy() takes no arguments (1 given)");
    expect_raised(list->ops->getattr(list, &call, "add", 3, &result), "AttributeError",
                  "'list' object has no attribute 'add'");
    struct bench_object *method = get_object(list, "copy");
    cr_assert_eq(method->ops->repr(method, &call, &result), 0);
    cr_expect_eq(strncmp(result.text.data, "<built-in method copy of list object at 0x", 42), 0);
    const struct bench_value none = bench_tuple(NULL, 0), pair[] = {TEXT("x"), NUMBER(1)},
                             keyword = bench_tuple(pair, 2), kwargs = bench_tuple(&keyword, 1);
    expect_raised(method->ops->call(method, &call, &none, &kwargs, &result), "TypeError",
                  "list.copy() takes no keyword arguments");
    release(method);
    release(last.object);
    release(stranger);
    release(list);
}

Test(service_objects, parts_outlive_what_they_came_from)
{
    struct bench_object *list = make(BENCH_OP_GET_USERS, 4);
    const struct bench_value bounds[] = {NUMBER(1), NUMBER(3), NOTHING};
    const struct bench_value key = {.kind = BENCH_SLICE, .seq = {bounds, 3}}, zero = bench_int(0);
    cr_assert_eq(list->ops->item(list, &call, &key, &result), 0);
    struct bench_object *slice = result.object;
    release(list);
    cr_assert_eq(slice->ops->iter(slice, &call, &result), 0);
    struct bench_object *iterator = result.object, *method = get_object(slice, "copy");
    cr_assert_eq(slice->ops->item(slice, &call, &zero, &result), 0);
    struct bench_object *user = result.object;
    release(slice);
    cr_assert_eq(iterator->ops->next(iterator, &call, &result), 0);
    cr_expect_eq(result.object, user);
    const struct bench_value none = bench_tuple(NULL, 0);
    cr_assert_eq(method->ops->call(method, &call, &none, NULL, &result), 0);
    struct bench_object *copy = result.object;
    release(iterator);
    release(method);
    expect_user(user, 1);
    release(user);
    expect_repr(copy, "[<User 1>, <User 2>]");
    release(copy);
}

Test(service_objects, lists_are_compared)
{
    struct bench_object *a = make(BENCH_OP_GET_USERS_DICTS, 3),
                        *b = make(BENCH_OP_GET_USERS_DICTS, 3),
                        *longer = make(BENCH_OP_GET_USERS_DICTS, 4),
                        *users = make(BENCH_OP_GET_USERS, 3);
    const struct {
        struct bench_object *other;
        enum bench_compare op;
        bool result;
    } rows[] = {
        {a, BENCH_EQ, true},      {b, BENCH_EQ, true},       {b, BENCH_NE, false},
        {b, BENCH_LE, true},      {b, BENCH_LT, false},      {longer, BENCH_EQ, false},
        {longer, BENCH_LT, true}, {longer, BENCH_GT, false}, {longer, BENCH_GE, false},
        {users, BENCH_EQ, false}, {users, BENCH_NE, true},   {b, BENCH_GE, true},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        const struct bench_value other = {.kind = BENCH_OBJECT, .object = rows[i].other};
        cr_assert_eq(a->ops->compare(a, &call, rows[i].op, &other, &result), 0);
        cr_expect_eq(result.kind, BENCH_BOOL);
        cr_expect_eq(result.boolean, rows[i].result, "row %zu", i);
    }
    const struct bench_value other = {.kind = BENCH_OBJECT, .object = users}, one = bench_int(1);
    expect_raised(a->ops->compare(a, &call, BENCH_LT, &other, &result), "TypeError",
                  "'<' not supported between instances of 'dict' and 'User'");
    cr_assert_eq(a->ops->compare(a, &call, BENCH_EQ, &one, &result), 0);
    cr_expect_eq(result.kind, BENCH_NOTIMPLEMENTED);
    release(a);
    release(b);
    release(longer);
    release(users);
}

/* ---- dicts ---- */

Test(service_objects, a_dict_is_looked_up)
{
    struct bench_object *dict = make(BENCH_OP_GET_USER_DICT, 7);
    const struct bench_value name = bench_str("name"), none = bench_str("x"), nine = bench_int(9);
    const struct bench_value get[] = {none, nine};
    size_t length;
    bool inside;
    cr_expect_str_eq(dict->ops->type_name, "builtins.dict");
    cr_assert_eq(dict->ops->len(dict, &call, &length), 0);
    cr_expect_eq(length, 4);
    cr_assert_eq(dict->ops->item(dict, &call, &name, &result), 0);
    cr_expect(is_text(&result, "user7"));
    expect_raised(dict->ops->item(dict, &call, &none, &result), "KeyError", "'x'");
    cr_expect(bench_value_equal(&call.exception.args.seq.items[0], &none), "the key itself");
    expect_raised(dict->ops->item(dict, &call, &nine, &result), "KeyError", "9");
    cr_assert_eq(dict->ops->contains(dict, &call, &name, &inside), 0);
    cr_expect(inside);
    cr_assert_eq(dict->ops->contains(dict, &call, &none, &inside), 0);
    cr_expect_not(inside);
    cr_assert_eq(call_method(dict, "get", &name, 1), 0);
    cr_expect(is_text(&result, "user7"));
    cr_assert_eq(call_method(dict, "get", get, 1), 0);
    cr_expect_eq(result.kind, BENCH_NONE);
    cr_assert_eq(call_method(dict, "get", get, 2), 0);
    cr_expect_eq(result.integer, 9);
    const struct bench_value itself = {.kind = BENCH_OBJECT, .object = dict};
    expect_raised(dict->ops->item(dict, &call, &itself, &result), "TypeError",
                  "unhashable type: 'dict'");
    expect_repr(dict, "{'id': 7, 'name': 'user7', 'email': 'user7@example.com', "
                      "'status': 'inactive'}");
    cr_assert_eq(call_method(dict, "copy", NULL, 0), 0);
    const struct bench_value copy = result;
    release(dict);
    cr_assert_eq(copy.object->ops->item(copy.object, &call, &name, &result), 0);
    cr_expect(is_text(&result, "user7"));
    release(copy.object);
}

Test(service_objects, a_dict_has_views)
{
    static const struct {
        const char *method, *type, *iterator, *repr;
    } rows[] = {
        {"keys", "builtins.dict_keys", "builtins.dict_keyiterator",
         "dict_keys(['id', 'name', 'email', 'status'])"},
        {"values", "builtins.dict_values", "builtins.dict_valueiterator",
         "dict_values([2, 'user2', 'user2@example.com', 'active'])"},
        {"items", "builtins.dict_items", "builtins.dict_itemiterator",
         "dict_items([('id', 2), ('name', 'user2'), ('email', 'user2@example.com'), "
         "('status', 'active')])"},
    };
    static const struct bench_value key = TEXT("id"), value = NUMBER(2),
                                    pair[] = {TEXT("id"), NUMBER(2)};
    const struct bench_value items[] = {key, value, bench_tuple(pair, 2)};
    struct bench_object *dict = make(BENCH_OP_GET_USER_DICT, 2);
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        cr_assert_eq(call_method(dict, rows[i].method, NULL, 0), 0);
        struct bench_object *view = result.object;
        size_t length, n = 0;
        bool inside;
        int rc;
        cr_expect_str_eq(view->ops->type_name, rows[i].type);
        cr_assert_eq(view->ops->len(view, &call, &length), 0);
        cr_expect_eq(length, 4);
        expect_repr(view, rows[i].repr);
        for (size_t k = 0; k < BENCH_COUNT_OF(items); k++) {
            cr_assert_eq(view->ops->contains(view, &call, &items[k], &inside), 0);
            cr_expect_eq(inside, i == k, "%s %zu", rows[i].method, k);
        }
        cr_assert_eq(view->ops->iter(view, &call, &result), 0);
        struct bench_object *iterator = result.object;
        release(view);
        cr_expect_str_eq(iterator->ops->type_name, rows[i].iterator);
        while ((rc = iterator->ops->next(iterator, &call, &result)) == 0) {
            if (n++ == 0)
                cr_expect(bench_value_equal(&result, &items[i]));
        }
        cr_expect_eq(rc, -ENODATA);
        cr_expect_eq(n, 4);
        release(iterator);
    }
    cr_assert_eq(dict->ops->iter(dict, &call, &result), 0);
    struct bench_object *iterator = result.object;
    release(dict);
    cr_expect_str_eq(iterator->ops->type_name, "builtins.dict_keyiterator");
    cr_assert_eq(iterator->ops->next(iterator, &call, &result), 0);
    cr_expect(is_text(&result, "id"));
    release(iterator);
}

Test(service_objects, dicts_are_compared)
{
    struct bench_object *a = make(BENCH_OP_GET_USER_DICT, 2), *b = make(BENCH_OP_GET_USER_DICT, 2),
                        *c = make(BENCH_OP_GET_USER_DICT, 3);
    const struct bench_value same = {.kind = BENCH_OBJECT, .object = b},
                             other = {.kind = BENCH_OBJECT, .object = c};
    cr_assert_eq(a->ops->compare(a, &call, BENCH_EQ, &same, &result), 0);
    cr_expect(result.boolean);
    cr_assert_eq(a->ops->compare(a, &call, BENCH_NE, &same, &result), 0);
    cr_expect_not(result.boolean);
    cr_assert_eq(a->ops->compare(a, &call, BENCH_EQ, &other, &result), 0);
    cr_expect_not(result.boolean);
    cr_assert_eq(a->ops->compare(a, &call, BENCH_LT, &same, &result), 0);
    cr_expect_eq(result.kind, BENCH_NOTIMPLEMENTED);
    release(a);
    release(b);
    release(c);
}

/* ---- plain data ---- */

Test(service_objects, objects_have_a_plain_form)
{
    const struct bench_value pairs[] = {TEXT("id"),     NUMBER(0),     TEXT("name"),
                                        TEXT("user0"),  TEXT("email"), TEXT("user0@example.com"),
                                        TEXT("status"), TEXT("active")};
    const struct bench_value user = {.kind = BENCH_DICT, .seq = {pairs, 8}};
    const struct bench_value list = {.kind = BENCH_LIST, .seq = {&user, 1}};
    const enum bench_operation_id ids[] = {BENCH_OP_GET_USER, BENCH_OP_GET_USER_DICT,
                                           BENCH_OP_GET_USERS, BENCH_OP_GET_USERS_DICTS};
    for (size_t i = 0; i < BENCH_COUNT_OF(ids); i++) {
        const struct bench_value arg = bench_int(i < 2 ? 0 : 1);
        struct bench_value plain;
        cr_assert_eq(run(ids[i], &arg, 1), 0);
        const struct bench_value answer = bench_tuple(&result, 1);
        cr_assert_eq(bench_value_plain(&call, &answer, &plain), 0);
        cr_expect(bench_value_equal(&plain.seq.items[0], i < 2 ? &user : &list), "%zu", i);
        bench_value_release(&answer);
    }
    const struct bench_service *service = bench_reference_service();
    const struct bench_value root = {.kind = BENCH_OBJECT, .object = service->root(service)};
    struct bench_value plain;
    cr_expect_eq(bench_value_plain(&call, &root, &plain), -ENOTSUP);
}

/* ---- calls ---- */

struct callback {
    struct bench_object object;
    int64_t calls;
    struct bench_value answer; /* NONE: as a client's callback, calls nested again */
};

static int callback_call(struct bench_object *object, struct bench_call *context,
                         const struct bench_value *args, const struct bench_value *kwargs,
                         struct bench_value *out)
{
    struct callback *self = (struct callback *)object;
    const struct bench_service *service = bench_reference_service();
    const struct bench_value again[] = {args->seq.items[0],
                                        {.kind = BENCH_OBJECT, .object = object}};
    cr_assert_null(kwargs);
    self->calls++;
    *out = self->answer;
    return self->answer.kind != BENCH_NONE
               ? 0
               : service->call(service, context, bench_operation_get(BENCH_OP_NESTED), again, 2,
                               out);
}

Test(service_objects, nested_calls_back)
{
    static const struct bench_object_ops ops = {.type_name = "builtins.function",
                                                .call = callback_call},
                                         mute = {.type_name = "builtins.list"};
    struct callback callback = {.object.ops = &ops};
    struct bench_value args[] = {bench_int(5), {.kind = BENCH_OBJECT, .object = &callback.object}};
    cr_assert_eq(run(BENCH_OP_NESTED, args, 2), 0);
    cr_expect_eq(result.integer, 5);
    cr_expect_eq(callback.calls, 5);
    args[0] = bench_int(1);
    callback.answer = bench_int(INT64_MAX);
    cr_assert_eq(run(BENCH_OP_NESTED, args, 2), 0);
    cr_expect_eq(result.kind, BENCH_BIGINT);
    callback.answer = bench_str("x");
    expect_raised(run(BENCH_OP_NESTED, args, 2), "TypeError",
                  "unsupported operand type(s) for +: 'int' and 'str'");
    callback.object.ops = &mute;
    expect_raised(run(BENCH_OP_NESTED, args, 2), "TypeError", "'list' object is not callable");
    args[1] = bench_int(3);
    expect_raised(run(BENCH_OP_NESTED, args, 2), "TypeError", "'int' object is not callable");
    args[0] = bench_int(0);
    cr_assert_eq(run(BENCH_OP_NESTED, args, 2), 0);
    cr_expect_eq(result.integer, 0);
    args[0] = bench_int(1001);
    expect_raised(run(BENCH_OP_NESTED, args, 2), "ValueError", "depth 1001 is not in 0 to 1000");
    cr_assert_eq(run(BENCH_OP_NESTED, args, 0), 0);
    cr_expect_eq(result.integer, 3, "what would be right for the default depth");
}

Test(service_objects, methods_call_each_other)
{
    static const char *const answers[] = {"abcd", "bcd", "cd", "d"};
    for (size_t i = 0; i < BENCH_COUNT_OF(answers); i++) {
        cr_assert_eq(run((enum bench_operation_id)(BENCH_OP_METHOD_A + i), NULL, 0), 0);
        cr_expect(is_text(&result, answers[i]), "%s", answers[i]);
    }
}

Test(service_objects, fail_fails)
{
    const struct bench_value custom = bench_str("custom"), drop = bench_str("drop"),
                             odd = bench_str("x"), number = bench_int(1);
    expect_raised(run(BENCH_OP_FAIL, NULL, 0), "ValueError", "failed as asked");
    cr_expect_str_eq(call.exception.module, "builtins");
    cr_expect_eq(call.exception.attributes.kind, BENCH_NONE);
    expect_raised(run(BENCH_OP_FAIL, &custom, 1), "CustomError", "failed as asked");
    cr_expect_str_eq(call.exception.module, "service");
    cr_assert_eq(call.exception.attributes.kind, BENCH_TUPLE);
    cr_assert_eq(call.exception.attributes.seq.count, 1);
    const struct bench_value *code = &call.exception.attributes.seq.items[0];
    cr_expect(is_text(&code->seq.items[0], "code"));
    cr_expect_eq(code->seq.items[1].integer, 42);
    expect_raised(run(BENCH_OP_FAIL, &odd, 1), "ValueError",
                  "kind 'x' is not value, custom or drop");
    expect_raised(run(BENCH_OP_FAIL, &number, 1), "TypeError", "kind must be str, not int");
    cr_expect_eq(run(BENCH_OP_FAIL, &drop, 1), -ECONNABORTED);
}
