/* SPDX-License-Identifier: MIT */
/* What was passed to a call, and is used by the peer bit by bit while the call waits. */
#include <stdio.h>

#include "trace/findings_private.h"

uint32_t trace_argument_of(const struct bench_names *names, const struct trace_group *group)
{
    if (group->direction != BENCH_TO_CLIENT || group->nested == 0)
        return BENCH_NAME_NONE;
    uint32_t outermost = BENCH_NAME_NONE, top = BENCH_NAME_NONE;
    for (uint32_t at = group->name; at != BENCH_NAME_NONE; at = bench_names_parent(names, at)) {
        if (bench_names_kind(names, at) == BENCH_STEP_ARGUMENT)
            outermost = at;
        top = at;
    }
    /* One whose way is not known stands by itself. */
    return outermost != BENCH_NAME_NONE ? outermost : top;
}

struct uses {
    uint64_t calls, elements, reads, others, removed, values, bytes;
    bool by_element; /* it is iterated or indexed: a sequence */
};

static void count(const struct trace_group *group, struct uses *out)
{
    switch (group->verb) {
    case BENCH_VERB_CALL:
        out->calls += group->count;
        break;
    case BENCH_VERB_NEXT:
        out->elements += group->elements;
        out->by_element = true;
        break;
    case BENCH_VERB_ITEM:
        out->elements += group->count;
        out->by_element = true;
        break;
    case BENCH_VERB_GET:
        out->reads += group->count;
        break;
    case BENCH_VERB_ITERATE:
        out->by_element = true;
        break;
    default:
        out->others += group->count;
        break;
    }
    if (group->values) {
        uint64_t answered = group->values + group->objects + group->callables;
        out->values += group->values;
        out->bytes += group->plain_bytes[1] / answered * group->values;
    }
}

static void say_case(const struct trace_search *search, const struct uses *uses, uint64_t outer,
                     uint32_t function, struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    struct {
        uint64_t n;
        const char *singular, *plural;
    } const parts[] = {
        {uses->elements, "element fetched", "elements fetched"},
        {uses->calls, "call back", "calls back"},
        {uses->reads, "attribute read", "attributes read"},
        {uses->others, "other request", "other requests"},
    };
    char *text = out->evidence;
    size_t size = sizeof(out->evidence);
    for (size_t i = 0; i < BENCH_COUNT_OF(parts); i++)
        if (parts[i].n) {
            trace_say(text, size, "%s", text[0] ? ", " : "");
            trace_say_count(text, size, parts[i].n, parts[i].singular, parts[i].plural);
        }
    if (outer) {
        trace_say(text, size, " by the peer during ");
        trace_say_count(text, size, outer, "call", "calls");
    }
    text = out->change;
    size = sizeof(out->change);
    trace_say(text, size, uses->by_element ? "pass a tuple of values to " : "let ");
    trace_say_name(text, size, names, function ? function : out->name);
    if (!uses->by_element)
        trace_say(text, size, " call back once with a tuple for all, or return one");
}

bool trace_case_argument(struct trace_search *search, size_t first, size_t last, bool forced,
                         struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    const struct trace_tariff *tariff = &search->tariff[BENCH_TO_CLIENT];
    uint32_t name = search->members[first].subject, function = BENCH_NAME_NONE;
    *out = (struct trace_case){.id = TRACE_CALLBACKS, .name = name, .direction = BENCH_TO_CLIENT};
    if (bench_names_kind(names, name) == BENCH_STEP_ARGUMENT)
        function = bench_names_parent(names, name);
    struct uses uses = {0};
    struct trace_price back = {0};
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &search->patterns->groups[search->members[i].group];
        count(group, &uses);
        trace_price_remove(&back, tariff, group, group->awaited);
    }
    uint64_t removed = back.trips;
    if (removed == 0 || (!forced && removed <= TRACE_FEW))
        return false;
    const struct trace_group *call = NULL, *lookup = NULL;
    if (function) {
        call = trace_search_group(search, function, BENCH_VERB_CALL, BENCH_TO_SERVER);
        lookup = trace_search_group(search, function, BENCH_VERB_GET, BENCH_TO_SERVER);
    }
    uint64_t outer = call ? call->count : 0;
    out->price = back;
    if (call) {
        /* Everything happens within the call. */
        const struct trace_tariff *out_tariff = &search->tariff[BENCH_TO_SERVER];
        struct trace_price around = {0};
        trace_price_keep(&around, out_tariff, call);
        if (lookup)
            trace_price_keep(&around, out_tariff, lookup);
        double own = call->time.sum;
        out->price.before_ns = around.before_ns - own + call->whole_ns;
        out->price.waiting_ns = back.waiting_ns + around.waiting_ns;
        out->price.bytes += around.bytes;
        out->price.trips += around.trips;
        out->price.trips_after += around.trips_after;
        out->price.held += around.held;
        out->price.held_after += around.held_after;
        if (around.place) {
            out->price.place = around.place;
            out->price.place_ns = around.place_ns;
        }
    }
    /* A function must be told something still: once for each call. */
    trace_price_add(&out->price, tariff,
                    uses.by_element ? 0
                    : outer         ? outer
                                    : 1,
                    uses.values + (uses.by_element ? 0 : uses.calls), uses.bytes);
    if (!forced && out->price.trips < out->price.trips_after + TRACE_FEW)
        return false;
    out->count = outer ? outer : 1;
    say_case(search, &uses, outer, function, out);
    for (size_t i = first; i < last && !forced; i++)
        trace_search_claim(search, &search->patterns->groups[search->members[i].group]);
    return true;
}
