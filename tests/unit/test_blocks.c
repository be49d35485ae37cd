/* SPDX-License-Identifier: MIT */
/* Who is measured when: all once in a block, by the seed alone, two in turns. */
#include <criterion/criterion.h>
#include <string.h>

#include "suite/blocks.h"

TestSuite(blocks, .timeout = 20);

enum { MOST = 64 };

Test(blocks, two_take_turns)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        size_t first[2], order[2];
        bench_block_order(seed, 0, 2, first);
        for (int block = 0; block < 9; block++) {
            bench_block_order(seed, block, 2, order);
            cr_expect_eq(order[0], block % 2 == 0 ? first[0] : first[1], "seed %d, block %d",
                         (int)seed, block);
            cr_expect_eq(order[0] + order[1], 1);
        }
    }
}

Test(blocks, who_of_two_begins_is_drawn)
{
    int begins[2] = {0, 0};
    for (uint64_t seed = 0; seed < 400; seed++) {
        size_t order[2];
        bench_block_order(seed, 0, 2, order);
        begins[order[0]]++;
    }
    cr_expect_gt(begins[0], 150, "%d of 400", begins[0]);
    cr_expect_gt(begins[1], 150, "%d of 400", begins[1]);
}

Test(blocks, all_are_measured_once_in_each_block)
{
    for (size_t n = 1; n <= MOST; n++) {
        for (int block = 0; block < 5; block++) {
            size_t order[MOST];
            bool seen[MOST] = {false};
            bench_block_order(7, block, n, order);
            for (size_t i = 0; i < n; i++) {
                cr_assert_lt(order[i], n);
                cr_expect_not(seen[order[i]], "%zu of %zu twice in block %d", order[i], n, block);
                seen[order[i]] = true;
            }
        }
    }
}

Test(blocks, a_block_follows_from_the_seed_whatever_was_drawn_before)
{
    size_t alone[5], after[5], other[5];
    int same = 0;
    bench_block_order(3, 11, 5, alone);
    for (int block = 0; block < 12; block++)
        bench_block_order(3, block, 5, after);
    cr_expect_arr_eq(alone, after, sizeof(alone));
    for (uint64_t seed = 100; seed < 200; seed++) {
        bench_block_order(seed, 11, 5, other);
        same += memcmp(alone, other, sizeof(alone)) == 0;
    }
    cr_expect_lt(same, 10, "%d of 100 seeds give the same of 120 orders", same);
}

Test(blocks, each_place_falls_to_each_of_several_alike)
{
    int at[4][4] = {{0}};
    for (int block = 0; block < 4000; block++) {
        size_t order[4];
        bench_block_order(1, block, 4, order);
        for (size_t i = 0; i < 4; i++)
            at[order[i]][i]++;
    }
    for (int target = 0; target < 4; target++)
        for (int place = 0; place < 4; place++)
            /* six standard deviations of Bin(4000, 1/4) */
            cr_expect(at[target][place] > 830 && at[target][place] < 1170, "%d at %d: %d", target,
                      place, at[target][place]);
}

Test(blocks, environments_differ_in_length)
{
    size_t least = BENCH_PADDING_MAX, most = 0;
    for (int block = 0; block < 100; block++) {
        const size_t padding = bench_block_padding(1, block, 0);
        cr_assert_lt(padding, (size_t)BENCH_PADDING_MAX);
        cr_expect_eq(padding, bench_block_padding(1, block, 0));
        least = padding < least ? padding : least;
        most = padding > most ? padding : most;
    }
    cr_expect_lt(least, (size_t)BENCH_PADDING_MAX / 4);
    cr_expect_gt(most, (size_t)BENCH_PADDING_MAX / 4 * 3);
}
