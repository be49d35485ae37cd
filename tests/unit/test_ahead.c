/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/api.h"
#include "core/ahead.h"

TestSuite(ahead, .timeout = 30);

Test(ahead, keeps_the_order_and_the_limit)
{
    static const size_t limits[] = {1, 1000, 262080, 262081, 1000000};
    for (size_t l = 0; l < BENCH_COUNT_OF(limits); l++) {
        struct bench_ahead ahead;
        uint8_t *room, taken[777];
        size_t size, put = 0, got = 0, n;
        bench_ahead_init(&ahead, limits[l]);
        while ((size = bench_ahead_room(&ahead, &room)) > 0) {
            size = size > 7919 ? 7919 : size;
            for (size_t i = 0; i < size; i++)
                room[i] = (uint8_t)((put + i) % 251);
            bench_ahead_add(&ahead, size);
            put += size;
        }
        cr_expect_eq(put, limits[l]);
        while ((n = bench_ahead_take(&ahead, taken, sizeof(taken))) > 0)
            for (size_t i = 0; i < n; i++, got++)
                cr_assert_eq(taken[i], (uint8_t)(got % 251));
        cr_expect_eq(got, put);
        cr_expect_null(ahead.first, "memory is kept");
        bench_ahead_fini(&ahead);
    }
}

Test(ahead, keeps_no_memory_for_nothing)
{
    struct bench_ahead ahead;
    uint8_t *room, byte;
    bench_ahead_init(&ahead, 1000000);
    cr_assert_gt(bench_ahead_room(&ahead, &room), 0);
    bench_ahead_add(&ahead, 0);
    cr_expect_null(ahead.first);
    size_t size = bench_ahead_room(&ahead, &room);
    memset(room, 7, size);
    bench_ahead_add(&ahead, size); /* a block, and then one in which nothing comes */
    cr_assert_gt(bench_ahead_room(&ahead, &room), 0);
    bench_ahead_add(&ahead, 0);
    for (; size > 0; size--)
        cr_assert_eq(bench_ahead_take(&ahead, &byte, 1), 1);
    cr_expect_eq(bench_ahead_take(&ahead, &byte, 1), 0);
    cr_expect_null(ahead.first);
    cr_assert_gt(bench_ahead_room(&ahead, &room), 0);
    bench_ahead_add(&ahead, 1);
    bench_ahead_fini(&ahead);
    cr_expect_eq(ahead.bytes, 0);
}
