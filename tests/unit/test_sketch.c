/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "stats/hist.h"
#include "stats/sketch.h"

TestSuite(sketch, .timeout = 20);

Test(sketch, an_empty_one)
{
    struct bench_sketch sketch = {0};
    cr_assert_eq(bench_sketch_percentile(&sketch, 0.5), 0);
    cr_assert_eq(bench_sketch_bytes(&sketch), 0);
    bench_sketch_fini(&sketch);
}

Test(sketch, percentiles_are_within_a_bucket_of_the_large_histogram)
{
    struct bench_sketch sketch = {0};
    struct bench_hist *hist = NULL;
    uint64_t state = 12345;
    cr_assert_eq(bench_hist_new(&hist), 0);
    for (int i = 0; i < 100000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const int64_t ns = (int64_t)(state >> 40) << (state >> 60); /* many octaves */
        cr_assert_eq(bench_sketch_record(&sketch, ns), 0);
        bench_hist_record(hist, ns);
    }
    cr_assert_eq(sketch.count, 100000);
    for (int i = 0; i <= 100; i++) {
        const double p = i / 100.0;
        const double exact = (double)bench_hist_percentile(hist, p);
        cr_assert_float_eq((double)bench_sketch_percentile(&sketch, p), exact, 1 + exact / 60);
    }
    bench_hist_free(hist);
    bench_sketch_fini(&sketch);
}

static void check_bucket(int64_t low, int64_t high, uint64_t count, void *user)
{
    int64_t *last = user;
    cr_assert_gt(low, *last);
    cr_assert_geq(high, low);
    cr_assert_leq(high - low, low / 64);
    cr_assert_eq(count, 1);
    *last = high;
}

Test(sketch, each_bucket_once_in_rising_order)
{
    struct bench_sketch sketch = {0};
    int64_t last = -1;
    for (int64_t ns = 1; ns <= BENCH_SKETCH_MAX_NS; ns *= 3)
        cr_assert_eq(bench_sketch_record(&sketch, ns), 0);
    bench_sketch_each(&sketch, check_bucket, &last);
    cr_assert_gt(last, BENCH_SKETCH_MAX_NS / 3);
    bench_sketch_fini(&sketch);
}

Test(sketch, extremes)
{
    struct bench_sketch sketch = {0};
    const int64_t samples[] = {INT64_MAX, -5, 0, BENCH_SKETCH_MAX_NS + 1};
    for (size_t i = 0; i < BENCH_COUNT_OF(samples); i++)
        cr_assert_eq(bench_sketch_record(&sketch, samples[i]), 0);
    cr_assert_eq(sketch.min, 0);
    cr_assert_eq(sketch.max, INT64_MAX);
    cr_assert_eq(bench_sketch_percentile(&sketch, 0), 0);
    cr_assert_eq(bench_sketch_percentile(&sketch, 1), INT64_MAX);
    cr_assert_leq(bench_sketch_bytes(&sketch), 8192);
    bench_sketch_fini(&sketch);
}

Test(sketch, what_came_since_a_copy)
{
    struct bench_sketch sketch = {0}, before = {0};
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bench_sketch_record(&sketch, 1000), 0);
    cr_assert_eq(bench_sketch_copy(&before, &sketch), 0);
    for (int i = 0; i < 30; i++)
        cr_assert_eq(bench_sketch_record(&sketch, 1000000), 0);
    uint32_t *memory = malloc(bench_sketch_bytes(&sketch));
    struct bench_sketch window;
    bench_sketch_place(&window, &sketch, memory);
    bench_sketch_subtract(&window, &before);
    cr_assert_eq(window.count, 30);
    cr_assert_float_eq((double)bench_sketch_percentile(&window, 0.5), 1e6, 1e6 / 60);
    cr_assert_geq(window.min, 1000000 * 63 / 64);
    cr_assert_eq(window.max, 1000000);
    /* Nothing came since. */
    cr_assert_eq(bench_sketch_copy(&before, &sketch), 0);
    bench_sketch_place(&window, &sketch, memory);
    bench_sketch_subtract(&window, &before);
    cr_assert_eq(window.count, 0);
    cr_assert_eq(bench_sketch_percentile(&window, 0.99), 0);
    free(memory);
    bench_sketch_fini(&before);
    bench_sketch_fini(&sketch);
}

Test(sketch, sum_with_a_limit)
{
    struct bench_sketch sketch = {0};
    cr_assert_eq(bench_sketch_sum(&sketch, 1000), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(bench_sketch_record(&sketch, 1000), 0);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(bench_sketch_record(&sketch, 40000000), 0);
    cr_assert_eq(bench_sketch_sum(&sketch, 1e9), 100 * 1000 + 4 * 40e6);
    cr_assert_float_eq(bench_sketch_sum(&sketch, 10000), 100 * 1000 + 4 * 10000, 4 * 40e6 * 0.016);
    cr_assert_float_eq(bench_sketch_sum(&sketch, 500), 104 * 500, 4 * 40e6 * 0.016 + 100 * 16);
    bench_sketch_fini(&sketch);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(bench_sketch_record(&sketch, 777), 0);
    cr_assert_eq(bench_sketch_sum(&sketch, 100), 10 * 100, "exact where all are equal");
    cr_assert_eq(bench_sketch_sum(&sketch, 0), 0);
    struct bench_sketch before = {0};
    cr_assert_eq(bench_sketch_copy(&before, &sketch), 0);
    cr_assert_eq(bench_sketch_record(&sketch, 333), 0);
    bench_sketch_subtract(&sketch, &before);
    cr_assert_eq(bench_sketch_sum(&sketch, 1e9), 333);
    bench_sketch_fini(&sketch);
    bench_sketch_fini(&before);
}
