/* SPDX-License-Identifier: MIT */
#include "trace/price.h"

#include <math.h>

/* Up to this many times what is needed for nothing, a request or a gap counts as the library's. A
 * CALL takes about 1.3 of a GET, a gap after a new object twice one after a value (Python 3.11,
 * rpyc 6.0.2), so that 2.5 leaves room for noise. */
static const double alike = 2.5;
/* A class made after a description takes about 5 gaps; more methods more. */
static const double alike_described = 15;
/* What is beyond this many medians is an accident. Such as come to all requests alike go with the
 * requests; what one kind has beyond twice that may be work, and stays. */
static const double outlier = 8, noise_times = 2;
/* Fewer than these say little about what is usual. */
enum { USUAL_FROM = 8 };
/* A value in a tuple (packed, sent, unpacked) takes 0.7 to 0.9 us where a round trip takes 110. */
static const double value_share = 0.008;
/* Copied about ten times and compressed (level 1), bytes take 3 to 4 ns each. */
static const double byte_ns = 3.5;
/* What usually takes less, but now and then 40 ms, waits then for a delayed acknowledgement. */
static const double late_usually_ns = 1e7;
/* Below, a round trip through the network cannot be told from what the peer needs. */
static const double network_from_ns = 2e6;

static double median_of(const struct bench_sketch *sketch)
{
    return (double)bench_sketch_percentile(sketch, 0.5);
}

static bool is_library(const struct trace_group *group)
{
    switch (group->verb) {
    case BENCH_VERB_ITERATE:
    case BENCH_VERB_LENGTH:
    case BENCH_VERB_DESCRIBE:
    case BENCH_VERB_ROOT:
    case BENCH_VERB_PING:
        return true;
    case BENCH_VERB_GET:
        return group->callables > group->values;
    default:
        return false;
    }
}

static double least_median(const struct trace_patterns *patterns, enum bench_direction direction,
                           bool gaps, uint64_t from)
{
    double least = 0;
    for (size_t i = 0; i < patterns->ngroups; i++) {
        const struct trace_group *group = &patterns->groups[i];
        const struct bench_sketch *sketch = gaps ? &group->gap : &group->time;
        if (group->direction != direction || sketch->count < from)
            continue;
        double median = median_of(sketch);
        if (least == 0 || median < least)
            least = median;
    }
    return least;
}

static double least_trip(const struct trace_patterns *patterns, enum bench_direction direction)
{
    double least = 0;
    for (size_t i = 0; i < patterns->ngroups; i++) {
        const struct trace_group *group = &patterns->groups[i];
        if (group->direction != direction || group->time.count == 0)
            continue;
        if (least == 0 || (double)group->time.min < least)
            least = (double)group->time.min;
    }
    return least;
}

static double usual(const struct trace_patterns *patterns, enum bench_direction direction,
                    bool gaps)
{
    double of_many = least_median(patterns, direction, gaps, USUAL_FROM);
    return of_many > 0 ? of_many : least_median(patterns, direction, gaps, 1);
}

static double excess(const struct bench_sketch *sketch)
{
    return sketch->sum - bench_sketch_sum(sketch, outlier * median_of(sketch));
}

/* Which kind of request an accident befalls is chance: the mean over all. */
static double noise(const struct trace_patterns *patterns)
{
    double beyond = 0, n = 0;
    for (size_t i = 0; i < patterns->ngroups; i++) {
        const struct trace_group *group = &patterns->groups[i];
        const struct bench_sketch *const series[] = {&group->time, &group->gap, &group->after};
        for (size_t j = 0; j < BENCH_COUNT_OF(series); j++)
            if (series[j]->count >= USUAL_FROM) {
                beyond += excess(series[j]);
                n += (double)series[j]->count;
            }
    }
    return n > 0 ? beyond / n : 0;
}

void trace_tariff_of(const struct trace_patterns *patterns, enum bench_direction direction,
                     struct trace_tariff *out)
{
    *out = (struct trace_tariff){
        .trip_ns = usual(patterns, direction, false),
        .gap_ns = usual(patterns, direction, true),
        .byte_ns = byte_ns,
        .noise_ns = noise(patterns),
    };
    double least = least_trip(patterns, direction);
    if (least >= network_from_ns)
        out->rtt_ns = least;
    out->value_ns = value_share * (out->trip_ns - out->rtt_ns + out->gap_ns);
}

double trace_price_late(const struct trace_group *group)
{
    bool usually = median_of(&group->time) >= late_usually_ns;
    return usually ? 0 : group->late_ns;
}

double trace_price_work(const struct trace_tariff *tariff, const struct trace_group *group)
{
    double median = median_of(&group->time);
    if (is_library(group) || median <= alike * tariff->trip_ns)
        return 0;
    return median - tariff->trip_ns;
}

/* All of it but what accidents cannot explain. */
static double without_accidents(const struct bench_sketch *sketch,
                                const struct trace_tariff *tariff)
{
    if (sketch->count == 0)
        return 0;
    double beyond = excess(sketch);
    return sketch->sum - beyond +
           fmin(beyond, noise_times * tariff->noise_ns * (double)sketch->count);
}

/* What part of the group's round trips is the round trip itself. */
static double trip_time(const struct trace_tariff *tariff, const struct trace_group *group)
{
    if (group->time.count == 0)
        return 0;
    if (trace_price_work(tariff, group) > 0)
        return bench_sketch_sum(&group->time, tariff->trip_ns);
    double late = trace_price_late(group), cut = without_accidents(&group->time, tariff);
    if (late > 0)
        late -= (double)group->late * outlier * median_of(&group->time);
    return fmin(group->time.sum, cut + fmax(0, late));
}

/* What part of the time in between is the library's: all where it is short; else what the library
 * needs elsewhere, for the rest is work of the program. */
static double gap_time(const struct bench_sketch *gap, const struct trace_tariff *tariff,
                       double times)
{
    double median = median_of(gap);
    if (median <= times * tariff->gap_ns)
        return without_accidents(gap, tariff);
    return bench_sketch_sum(gap, tariff->gap_ns);
}

static void part_of(struct trace_price *price, const struct trace_tariff *tariff,
                    const struct trace_group *group)
{
    double waiting = group->time.sum;
    double between =
        without_accidents(&group->gap, tariff) + without_accidents(&group->after, tariff);
    price->before_ns += waiting + between;
    price->waiting_ns += waiting;
    price->trips += group->awaited;
    price->trips_after += group->awaited;
    price->held += group->held;
    price->held_after += group->held;
    price->bytes += group->wire_bytes[0] + group->wire_bytes[1];
    if (group->place && waiting + between > price->place_ns) {
        price->place = group->place;
        price->place_ns = waiting + between;
    }
}

void trace_price_keep(struct trace_price *price, const struct trace_tariff *tariff,
                      const struct trace_group *group)
{
    part_of(price, tariff, group);
    /* A method that was looked up is given back after its call: the next lookup comes right behind.
     * Now something else may come there, which goes. */
    uint64_t behind = group->verb == BENCH_VERB_GET && group->callables ? group->callables - 1 : 0;
    if (behind > group->held)
        price->held_after += behind - group->held;
}

void trace_price_remove(struct trace_price *price, const struct trace_tariff *tariff,
                        const struct trace_group *group, uint64_t trips)
{
    part_of(price, tariff, group);
    if (group->awaited == 0)
        return;
    double share = fmin(1, (double)trips / (double)group->awaited);
    double saved = trip_time(tariff, group) + gap_time(&group->gap, tariff, alike) +
                   gap_time(&group->after, tariff, alike_described);
    price->saved_ns += share * saved;
    price->trips_after -= trips < group->awaited ? trips : group->awaited;
    price->held_after -= (uint64_t)(share * (double)group->held);
}

void trace_price_add(struct trace_price *price, const struct trace_tariff *tariff, uint64_t trips,
                     uint64_t values, uint64_t bytes)
{
    price->added_ns += (double)trips * (tariff->trip_ns + tariff->gap_ns) +
                       (double)values * tariff->value_ns + (double)bytes * tariff->byte_ns;
    price->trips_after += trips;
}

struct trace_prediction trace_price_predict(const struct trace_price *price,
                                            const struct trace_tariff *tariff, int64_t rtt_ns)
{
    double more = rtt_ns ? (double)rtt_ns - tariff->rtt_ns : 0;
    double after = fmax(0, price->before_ns - price->saved_ns + price->added_ns);
    return (struct trace_prediction){
        .rtt_ns = rtt_ns,
        .before_s = fmax(0, price->before_ns + (double)(price->trips + price->held) * more) / 1e9,
        .after_s = fmax(0, after + (double)(price->trips_after + price->held_after) * more) / 1e9,
    };
}
