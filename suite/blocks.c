/* SPDX-License-Identifier: MIT */
#include "suite/blocks.h"

#include "core/random.h"

/* Numbers of streams that are no blocks. */
#define STREAM_OF_BEGINNER UINT64_C(0x1000000000)
#define STREAM_OF_PADDING  UINT64_C(0x2000000000)

uint64_t bench_random_stream(uint64_t seed, uint64_t number)
{
    uint64_t mixed = bench_random_next(&seed) ^ number;
    return bench_random_next(&mixed);
}

void bench_shuffle(uint64_t *random, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)(bench_random_next(random) % i);
        size_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

void bench_block_order(uint64_t seed, int block, size_t n, size_t *order)
{
    if (n == 2) {
        const size_t beginner = bench_random_stream(seed, STREAM_OF_BEGINNER) >> 63;
        order[0] = beginner ^ ((size_t)block & 1);
        order[1] = 1 - order[0];
        return;
    }
    uint64_t random = bench_random_stream(seed, (uint64_t)block);
    bench_shuffle(&random, order, n);
}

const char *bench_block_order_words(size_t n)
{
    return n == 1   ? "one target"
           : n == 2 ? "AB, BA, AB, ...; who begins is drawn"
                    : "a random permutation in each block";
}

size_t bench_block_padding(uint64_t seed, int block, size_t position)
{
    const uint64_t number = STREAM_OF_PADDING + (uint64_t)block * 1024 + position;
    return (size_t)(bench_random_stream(seed, number) % BENCH_PADDING_MAX);
}
