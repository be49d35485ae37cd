/* SPDX-License-Identifier: MIT */
/*
 * For the unit tests of the service's objects: calls as a session makes them. Each test program has
 * its own; use setup and teardown as .init and .fini.
 */
#ifndef TEST_SERVICE_CALLS_H
#define TEST_SERVICE_CALLS_H

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

#endif
