/* SPDX-License-Identifier: MIT */
/* Findings that are not about the number of round trips. */
#include "trace/findings_private.h"

enum {
    LEAKED_FROM = 100, /* objects of one name */
    LEAKED_TIMES = 8,  /* got at so many times at least: one list that is still in use when the
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

static void find_deep(struct trace_search *search, const struct trace_group *group)
{
    if (group->deep == 0)
        return;
    struct trace_case found = of_group(search, group, TRACE_DEEP);
    found.count = group->deep;
    trace_say(found.evidence, sizeof(found.evidence), "up to %d requests within each other, ",
              group->depth_max);
    trace_say_count(found.evidence, sizeof(found.evidence), group->deep, "call", "calls");
    trace_say(found.evidence, sizeof(found.evidence), " %d deep or deeper",
              search->patterns->options->deep_stack);
    trace_say(found.change, sizeof(found.change), "give ");
    trace_say_name(found.change, sizeof(found.change), search->patterns->names, group->name);
    trace_say(found.change, sizeof(found.change), " what it asks back for, as values");
    trace_search_found(search, &found);
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
    if (group->stalled == 0 || (!forced && group->stalled_ns < worth_ns))
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

/* All names together: which one is hit is chance. */
static void find_late(struct trace_search *search)
{
    struct trace_case found = {.id = TRACE_STALL};
    double most = 0, typical = 0;
    uint64_t all = 0;
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        double late = trace_price_late(group);
        if (late <= 0)
            continue;
        double median = (double)bench_sketch_percentile(&group->time, 0.5);
        trace_price_keep(&found.price, &search->tariff[group->direction], group);
        found.price.saved_ns += late - (double)group->late * median;
        found.count += group->late;
        all += group->awaited;
        if (late > most) {
            most = late;
            typical = median;
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
    double cost = (double)group->in_vain_bytes * deflate_ns;
    found.count = group->in_vain;
    found.price.saved_ns = cost < found.price.before_ns ? cost : found.price.before_ns;
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

/* How often the program went and got objects of this name. */
static uint64_t times_got(const struct trace_search *search, uint32_t name,
                          enum bench_direction handed)
{
    const struct bench_names *names = search->patterns->names;
    enum bench_direction asked = handed == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
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

static void find_leaks(struct trace_search *search)
{
    const struct trace_profile *profile = search->profile;
    for (size_t i = 0; i < profile->nreferences; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        uint64_t kept = row->counts.leaked + row->counts.alive;
        if (kept < LEAKED_FROM || kept * 2 < row->counts.created ||
            row->name == BENCH_NAME_OTHERS ||
            times_got(search, row->name, row->direction) < LEAKED_TIMES)
            continue;
        struct trace_case found = {
            .id = TRACE_LEAK,
            .name = row->name,
            .direction = row->direction,
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
        find_deep(search, group);
        find_slow(search, group);
        find_stall(search, group);
        find_in_vain(search, group);
        find_refused(search, group);
    }
    find_late(search);
    find_leaks(search);
}
