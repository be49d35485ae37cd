/* SPDX-License-Identifier: MIT */
/* Findings that are not about the number of round trips. */
#include <math.h>

#include "trace/findings_private.h"

enum {
    LEAKED_TIMES = 8, /* got at so many times at least: one list that is still in use when the
                         program ends is none */
    IN_VAIN_FROM_BYTES = 65536,
    LATE_FROM = 3, /* requests: fewer may have been slow for another reason */
};
/* Level 1 of zlib on random bytes: 36 to 45 MiB/s; unpacking adds little. */
static const double deflate_ns = 25;
/* Below, a finding is not worth a line. */
static const double worth_ns = 1e6;

static struct trace_case of_group(const struct trace_search *search,
                                  const struct trace_group *group, enum trace_finding_id id)
{
    struct trace_case out = {.id = id, .name = group->name, .direction = group->direction};
    trace_price_keep(&out.price, &search->tariff[group->direction], group);
    return out;
}

static double ms(double ns) { return ns / 1e6; }

/* A function that is passed and calls back is part of the stack that it was passed to. */
static uint32_t stack_of(const struct bench_names *names, const struct trace_group *group)
{
    uint32_t name = group->name;
    for (uint32_t at = name; at != BENCH_NAME_NONE; at = bench_names_parent(names, at))
        if (bench_names_kind(names, at) == BENCH_STEP_ARGUMENT)
            name = bench_names_parent(names, at);
    return group->deep > 0 ? name : BENCH_NAME_NONE;
}

/* members [first, last): all that is done under the name, lookups too. */
static void find_deep(struct trace_search *search, size_t first, size_t last)
{
    const struct trace_patterns *patterns = search->patterns;
    struct trace_case found = {.id = TRACE_DEEP, .name = search->members[first].subject};
    int depth_max = 0;
    double longest = -1;
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &patterns->groups[search->members[i].group];
        trace_price_keep(&found.price, &search->tariff[group->direction], group);
        found.count += group->deep;
        depth_max = group->depth_max > depth_max ? group->depth_max : depth_max;
        const bool itself = group->name == found.name;
        if (itself ? group->whole_ns > longest : longest < 0)
            found.direction = group->direction;
        if (itself && group->whole_ns > longest)
            longest = group->whole_ns;
    }
    trace_say(found.evidence, sizeof(found.evidence), "up to %d requests within each other, ",
              depth_max);
    trace_say_count(found.evidence, sizeof(found.evidence), found.count, "request", "requests");
    trace_say(found.evidence, sizeof(found.evidence), " %d deep or deeper",
              search->patterns->options->deep_stack);
    trace_say(found.change, sizeof(found.change), "give ");
    trace_say_name(found.change, sizeof(found.change), patterns->names, found.name);
    trace_say(found.change, sizeof(found.change), " what it asks back for, as values");
    trace_search_found(search, &found);
}

static void find_deeps(struct trace_search *search)
{
    const size_t n = trace_search_sort(search, stack_of);
    for (size_t first = 0, last; first < n; first = last) {
        last = trace_search_run(search, first, n);
        find_deep(search, first, last);
    }
}

static void find_slow(struct trace_search *search, const struct trace_group *group)
{
    if (group->slow == 0)
        return;
    struct trace_case found = of_group(search, group, TRACE_SLOW);
    found.count = group->slow;
    trace_say_count(found.evidence, sizeof(found.evidence), group->slow, "call", "calls");
    trace_say(found.evidence, sizeof(found.evidence), " of %.1f ms or more, %.1f ms on average",
              ms((double)search->patterns->options->slow_call_ns),
              ms(group->slow_ns / (double)group->slow));
    trace_say(found.change, sizeof(found.change), "look at what ");
    trace_say_name(found.change, sizeof(found.change), search->patterns->names, group->name);
    trace_say(found.change, sizeof(found.change),
              " does at the peer, or do something else meanwhile (asynchronous call)");
    trace_search_found(search, &found);
}

bool trace_case_stall(struct trace_search *search, const struct trace_group *group, bool forced,
                      struct trace_case *out)
{
    if (group->stalled == 0 ||
        (!forced && (group->stalled_ns < worth_ns || trace_search_claimed(search, group))))
        return false;
    *out = of_group(search, group, TRACE_STALL);
    out->count = group->stalled;
    out->price.saved_ns = group->stalled_ns;
    out->price.held_after = 0;
    trace_say(out->evidence, sizeof(out->evidence), "%llu of ", (unsigned long long)group->stalled);
    trace_say_count(out->evidence, sizeof(out->evidence), group->awaited, "call", "calls");
    trace_say(out->evidence, sizeof(out->evidence),
              " stood still for %.0f ms with more than 64 kB "
              "to be sent",
              ms(group->stalled_ns / (double)group->stalled));
    trace_say(out->change, sizeof(out->change), "set TCP_NODELAY where the large message of ");
    trace_say_name(out->change, sizeof(out->change), search->patterns->names, group->name);
    trace_say(out->change, sizeof(out->change),
              " is sent, or send less than 64000 bytes at a time");
    return true;
}

static void find_stall(struct trace_search *search, const struct trace_group *group)
{
    struct trace_case found;
    if (trace_case_stall(search, group, false, &found))
        trace_search_found(search, &found);
}

/* What waits longer than usual in requests that no other finding does away with. */
static double late_beyond(const struct trace_search *search, const struct trace_group *group)
{
    const double late = trace_search_claimed(search, group) ? 0 : trace_price_late(group);
    const double usual = (double)group->late * (double)bench_sketch_percentile(&group->time, 0.5);
    return late > usual ? late - usual : 0;
}

/* All names together: which one is hit is chance. */
static void find_late(struct trace_search *search)
{
    struct trace_case found = {.id = TRACE_STALL};
    double most = 0, typical = 0;
    uint64_t all = 0;
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        double late = late_beyond(search, group);
        if (late <= 0)
            continue;
        trace_price_keep(&found.price, &search->tariff[group->direction], group);
        found.price.saved_ns += late;
        found.count += group->late;
        all += group->awaited;
        if (late > most) {
            most = late;
            typical = (double)bench_sketch_percentile(&group->time, 0.5);
            found.name = group->name;
            found.direction = group->direction;
        }
    }
    if (found.count < LATE_FROM)
        return;
    found.price.held_after = 0;
    trace_say(found.evidence, sizeof(found.evidence), "%llu of ", (unsigned long long)found.count);
    trace_say_count(found.evidence, sizeof(found.evidence), all, "small request", "small requests");
    trace_say(found.evidence, sizeof(found.evidence),
              " took 40 ms; where most of them were, %.2f ms is usual", ms(typical));
    trace_say(found.change, sizeof(found.change),
              "set TCP_NODELAY at both ends, or keep objects a little longer: what gives them back "
              "is sent just before the next request");
    trace_search_found(search, &found);
}

static void find_in_vain(struct trace_search *search, const struct trace_group *group)
{
    if (group->in_vain_bytes < IN_VAIN_FROM_BYTES)
        return;
    struct trace_case found = of_group(search, group, TRACE_INCOMPRESSIBLE);
    const double cost = (double)group->in_vain_bytes * deflate_ns;
    /* Not what a stall took, nor what goes with the requests. */
    const double left =
        trace_search_claimed(search, group)
            ? 0
            : found.price.waiting_ns - group->stalled_ns - late_beyond(search, group);
    found.count = group->in_vain;
    found.price.saved_ns = fmax(0, fmin(cost, left));
    trace_say_count(found.evidence, sizeof(found.evidence), group->in_vain, "message", "messages");
    trace_say(found.evidence, sizeof(found.evidence),
              " of %.0f kB on average did not get smaller by compression",
              (double)group->in_vain_bytes / (double)group->in_vain / 1e3);
    trace_say(found.change, sizeof(found.change), "do not compress what ");
    trace_say_name(found.change, sizeof(found.change), search->patterns->names, group->name);
    trace_say(found.change, sizeof(found.change),
              " carries: it is compressed, encrypted or random");
    trace_search_found(search, &found);
}

static void find_refused(struct trace_search *search, const struct trace_group *group)
{
    if (group->verb != BENCH_VERB_COPY || group->failed == 0)
        return;
    struct trace_case found = of_group(search, group, TRACE_COPY_REFUSED);
    found.count = group->failed;
    trace_say(found.evidence, sizeof(found.evidence), "%llu of ",
              (unsigned long long)group->failed);
    trace_say_count(found.evidence, sizeof(found.evidence), group->count, "copy", "copies");
    trace_say(found.evidence, sizeof(found.evidence), " asked for in vain%s%s",
              group->error[0] ? ": " : "", group->error);
    trace_say(found.change, sizeof(found.change), "allow copies of ");
    trace_say_name(found.change, sizeof(found.change), search->patterns->names, group->name);
    trace_say(found.change, sizeof(found.change), " at the peer, or let it give plain values");
    trace_search_found(search, &found);
}

static enum bench_direction other(enum bench_direction direction)
{
    return direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
}

/* How often the program went and got objects of this name. */
static uint64_t times_got(const struct trace_search *search, uint32_t name,
                          enum bench_direction handed)
{
    const struct bench_names *names = search->patterns->names;
    enum bench_direction asked = other(handed);
    for (uint32_t at = name; at != BENCH_NAME_NONE; at = bench_names_parent(names, at)) {
        uint32_t parent = bench_names_parent(names, at);
        const struct trace_group *group = NULL;
        if (bench_names_kind(names, at) == BENCH_STEP_CALL)
            group = trace_search_group(search, parent, BENCH_VERB_CALL, asked);
        else if (bench_names_kind(names, at) == BENCH_STEP_ARGUMENT)
            group = trace_search_group(search, parent, BENCH_VERB_CALL, handed);
        else if (bench_names_kind(names, at) == BENCH_STEP_ATTRIBUTE)
            group = trace_search_group(search, at, BENCH_VERB_GET, asked);
        if (group)
            return group->count;
    }
    return 0;
}

/* Many that one connection kept, and their number grew to the end (a quarter of them in the last
 * quarter of its time, or at least half of that): objects that are got first and held are in use.
 */
static bool is_leak(const struct trace_search *search, const struct trace_reference_row *row)
{
    const uint64_t kept = row->counts.leaked + row->counts.alive;
    return row->name != BENCH_NAME_OTHERS && row->kept_most >= TRACE_LEAK_FROM &&
           row->kept_late * 8 >= row->kept_most && kept >= row->counts.released &&
           times_got(search, row->name, row->direction) >= LEAKED_TIMES;
}

static void find_leaks(struct trace_search *search)
{
    const struct trace_profile *profile = search->profile;
    for (size_t i = 0; i < profile->nreferences; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        uint64_t kept = row->counts.leaked + row->counts.alive;
        if (!is_leak(search, row))
            continue;
        struct trace_case found = {
            .id = TRACE_LEAK,
            .name = row->name,
            .direction = other(row->direction), /* who got them */
            .count = kept,
        };
        trace_say(found.evidence, sizeof(found.evidence), "%llu of ", (unsigned long long)kept);
        trace_say_count(found.evidence, sizeof(found.evidence), row->counts.created, "object",
                        "objects");
        trace_say(found.evidence, sizeof(found.evidence), " were never given back");
        if (row->counts.leaked)
            trace_say(found.evidence, sizeof(found.evidence),
                      ", %llu of them until their connection ended",
                      (unsigned long long)row->counts.leaked);
        trace_say(found.change, sizeof(found.change), "drop ");
        trace_say_name(found.change, sizeof(found.change), search->patterns->names, row->name);
        trace_say(found.change, sizeof(found.change),
                  " when done with it: each keeps its object alive at the peer");
        trace_search_found(search, &found);
    }
}

void trace_find_others(struct trace_search *search)
{
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        if (group->verb == TRACE_VERB_OBJECTS)
            continue;
        find_slow(search, group);
        find_stall(search, group);
        find_in_vain(search, group);
        find_refused(search, group);
    }
    find_deeps(search);
    find_late(search);
    find_leaks(search);
}
