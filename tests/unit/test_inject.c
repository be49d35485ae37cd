/* SPDX-License-Identifier: MIT */
/* Known slowdowns of the service: how they are written, and that they cost what they say. */
#include <criterion/criterion.h>
#include <errno.h>
#include <time.h>

#include "bench/units.h"
#include "service/inject.h"
#include "service/service.h"

TestSuite(inject, .timeout = 30);

static int64_t own_cpu(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * BENCH_NS_PER_S + now.tv_nsec;
}

Test(inject, as_written)
{
    static const struct {
        const char *text;
        int rc;
        int64_t cpu_ns, delay_ns;
    } rows[] = {
        {"cpu=3us", 0, 3000, 0},
        {"cpu=324ns", 0, 324, 0},
        {"delay=1ms", 0, 0, 1000000},
        {"cpu=1.5us,delay=2us", 0, 1500, 2000},
        {"cpu=0", 0, 0, 0},
        {"", -EINVAL, 0, 0},
        {"cpu", -EINVAL, 0, 0},
        {"cpu=", -EINVAL, 0, 0},
        {"cpu=3", -EINVAL, 0, 0},
        {"cpu=-3us", -EINVAL, 0, 0},
        {"cpu=2s", -EINVAL, 0, 0},
        {"sleep=1ms", -EINVAL, 0, 0},
        {"cpu=1us,", -EINVAL, 0, 0},
        {"cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us cpu=1us "
         "cpu=1us",
         -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_inject inject = {-1, -1};
        struct bench_error err = {0};
        cr_expect_eq(bench_inject_parse(rows[i].text, &inject, &err), rows[i].rc, "'%s': %s",
                     rows[i].text, err.msg);
        cr_expect_eq(inject.cpu_ns, rows[i].rc == 0 ? rows[i].cpu_ns : -1, "'%s'", rows[i].text);
        cr_expect_eq(inject.delay_ns, rows[i].rc == 0 ? rows[i].delay_ns : -1);
    }
}

static int64_t cost_of_a_call(int64_t cpu_ns)
{
    struct bench_arena arena;
    struct bench_value result;
    bench_arena_init(&arena, 4096);
    struct bench_call call = {.arena = &arena, .service = bench_reference_service()};
    const struct bench_inject inject = {.cpu_ns = cpu_ns};
    bench_inject_set(&inject);
    const int64_t before = own_cpu();
    cr_expect_eq(call.service->call(call.service, &call, bench_operation_get(BENCH_OP_PING), NULL,
                                    0, &result),
                 0);
    const int64_t cost = own_cpu() - before;
    cr_expect_eq(result.kind, BENCH_STR);
    bench_arena_fini(&arena);
    return cost;
}

Test(inject, a_call_costs_the_cpu_that_was_asked_for)
{
    /* By the thread's clock, so that a busy machine changes nothing. */
    const int64_t spin = 20 * BENCH_NS_PER_MS;
    cr_expect_geq(cost_of_a_call(spin), spin);
    cr_expect_lt(cost_of_a_call(0), spin, "without one it is that of the call alone");
}
