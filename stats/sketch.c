/* SPDX-License-Identifier: MIT */
#include "stats/sketch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BITS    7u
#define SUB     (1u << BITS)
#define HALF    (SUB / 2)
#define BUCKETS ((36u - BITS) * HALF + SUB)
/* Memory grows by so many buckets: a quarter of an octave more on either side than was met. */
#define STEP 16u

static uint32_t index_of(int64_t ns)
{
    uint64_t v = (uint64_t)ns;
    if (v > (uint64_t)BENCH_SKETCH_MAX_NS)
        v = (uint64_t)BENCH_SKETCH_MAX_NS;
    const unsigned shift = 63u - (unsigned)__builtin_clzll(v | (SUB - 1)) - (BITS - 1);
    return (uint32_t)(shift * HALF + (v >> shift));
}

static int64_t lowest(uint32_t index)
{
    if (index < SUB)
        return index;
    const uint32_t shift = index / HALF - 1;
    return (int64_t)(index - shift * HALF) << shift;
}

static int64_t highest(uint32_t index)
{
    const uint32_t shift = index < SUB ? 0 : index / HALF - 1;
    return lowest(index) + (INT64_C(1) << shift) - 1;
}

void bench_sketch_fini(struct bench_sketch *sketch)
{
    free(sketch->buckets);
    *sketch = (struct bench_sketch){0};
}

static int widen(struct bench_sketch *sketch, uint32_t index)
{
    uint32_t first = index / STEP * STEP, end = first + STEP;
    if (sketch->length > 0) {
        first = first < sketch->first ? first : sketch->first;
        end = end > sketch->first + sketch->length ? end : sketch->first + sketch->length;
    }
    end = end < BUCKETS ? end : BUCKETS;
    uint32_t *wider = calloc(end - first, sizeof(*wider));
    if (wider == NULL)
        return -ENOMEM;
    if (sketch->length > 0)
        memcpy(wider + (sketch->first - first), sketch->buckets, sketch->length * sizeof(*wider));
    free(sketch->buckets);
    sketch->buckets = wider;
    sketch->first = first;
    sketch->length = end - first;
    return 0;
}

int bench_sketch_record(struct bench_sketch *sketch, int64_t ns)
{
    ns = ns < 0 ? 0 : ns;
    if (sketch->count == 0 || ns < sketch->min)
        sketch->min = ns;
    if (sketch->count++ == 0 || ns > sketch->max)
        sketch->max = ns;
    sketch->sum += (double)ns;
    const uint32_t index = index_of(ns);
    if (index - sketch->first >= sketch->length && widen(sketch, index) < 0)
        return -ENOMEM;
    uint32_t *bucket = &sketch->buckets[index - sketch->first];
    *bucket += *bucket < UINT32_MAX;
    return 0;
}

int64_t bench_sketch_percentile(const struct bench_sketch *sketch, double p)
{
    uint64_t known = 0, seen = 0;
    for (uint32_t i = 0; i < sketch->length; i++)
        known += sketch->buckets[i];
    if (known == 0)
        return 0;
    p = p < 0 ? 0 : p > 1 ? 1 : p;
    uint64_t rank = (uint64_t)ceil(p * (double)known);
    rank = rank < 1 ? 1 : rank > known ? known : rank;
    if (rank == 1)
        return sketch->min;
    if (rank == known)
        return sketch->max;
    for (uint32_t i = 0; i < sketch->length; i++) {
        seen += sketch->buckets[i];
        if (seen < rank)
            continue;
        const int64_t low = lowest(sketch->first + i), high = highest(sketch->first + i);
        const int64_t middle = low + (high - low) / 2;
        return middle < sketch->min ? sketch->min : middle > sketch->max ? sketch->max : middle;
    }
    return sketch->max;
}

double bench_sketch_sum(const struct bench_sketch *sketch, double limit_ns)
{
    double above = 0;
    if (limit_ns >= (double)sketch->max)
        return sketch->sum;
    for (uint32_t i = sketch->length; i-- > 0;) {
        const int64_t low = lowest(sketch->first + i), high = highest(sketch->first + i);
        if ((double)high <= limit_ns)
            break;
        double middle = (double)low + (double)(high - low) / 2;
        middle = fmin(fmax(middle, (double)sketch->min), (double)sketch->max);
        above += sketch->buckets[i] * fmax(0, middle - limit_ns);
    }
    return fmax(0, sketch->sum - above);
}

void bench_sketch_each(const struct bench_sketch *sketch,
                       void (*fn)(int64_t low, int64_t high, uint64_t count, void *user),
                       void *user)
{
    for (uint32_t i = 0; i < sketch->length; i++)
        if (sketch->buckets[i] > 0)
            fn(lowest(sketch->first + i), highest(sketch->first + i), sketch->buckets[i], user);
}

int bench_sketch_copy(struct bench_sketch *to, const struct bench_sketch *from)
{
    uint32_t *buckets = to->buckets;
    if (from->length == 0 || to->length != from->length) {
        free(to->buckets);
        *to = (struct bench_sketch){0};
        buckets = from->length == 0 ? NULL : malloc(bench_sketch_bytes(from));
        if (from->length > 0 && buckets == NULL)
            return -ENOMEM;
    }
    bench_sketch_place(to, from, buckets);
    return 0;
}

size_t bench_sketch_bytes(const struct bench_sketch *sketch)
{
    return sketch->length * sizeof(*sketch->buckets);
}

void bench_sketch_place(struct bench_sketch *to, const struct bench_sketch *from, void *memory)
{
    *to = *from;
    to->buckets = memory;
    if (from->length > 0)
        memcpy(memory, from->buckets, bench_sketch_bytes(from));
}

void bench_sketch_subtract(struct bench_sketch *sketch, const struct bench_sketch *before)
{
    if (before->count == 0)
        return;
    uint32_t lowest_left = UINT32_MAX, highest_left = 0;
    for (uint32_t i = 0; i < sketch->length; i++) {
        const uint32_t index = sketch->first + i;
        if (index - before->first < before->length) {
            const uint32_t old = before->buckets[index - before->first];
            sketch->buckets[i] -= old < sketch->buckets[i] ? old : sketch->buckets[i];
        }
        if (sketch->buckets[i] > 0) {
            lowest_left = lowest_left < index ? lowest_left : index;
            highest_left = index;
        }
    }
    sketch->sum = before->sum < sketch->sum ? sketch->sum - before->sum : 0;
    sketch->count -= before->count < sketch->count ? before->count : sketch->count;
    if (lowest_left == UINT32_MAX) {
        sketch->min = sketch->max = 0;
        return;
    }
    sketch->min = sketch->min > lowest(lowest_left) ? sketch->min : lowest(lowest_left);
    if (sketch->max > highest(highest_left))
        sketch->max = highest(highest_left);
}
