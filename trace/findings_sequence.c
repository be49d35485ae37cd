/* SPDX-License-Identifier: MIT */
/* A sequence by reference, and what is done to its elements one by one. */
#include <stdio.h>

#include "trace/findings_private.h"

/* Of sequences within sequences the outermost: one change there is good for all. */
uint32_t trace_sequence_of(const struct bench_names *names, const struct trace_group *group)
{
    if (group->direction != BENCH_TO_SERVER)
        return BENCH_NAME_NONE;
    uint32_t outermost = BENCH_NAME_NONE;
    for (uint32_t at = group->name; at != BENCH_NAME_NONE; at = bench_names_parent(names, at))
        if (bench_names_kind(names, at) == BENCH_STEP_ITEM)
            outermost = bench_names_parent(names, at);
    if (outermost != BENCH_NAME_NONE)
        return outermost;
    switch (group->verb) {
    case BENCH_VERB_ITERATE:
    case BENCH_VERB_NEXT:
    case BENCH_VERB_ITEM:
    case BENCH_VERB_LENGTH:
        return group->name;
    default:
        return BENCH_NAME_NONE;
    }
}

void trace_origin_of(const struct trace_search *search, uint32_t name, struct trace_origin *out)
{
    const struct bench_names *names = search->patterns->names;
    *out = (struct trace_origin){0};
    uint32_t parent = bench_names_parent(names, name);
    switch (bench_names_kind(names, name)) {
    case BENCH_STEP_CALL:
        out->call = trace_search_group(search, parent, BENCH_VERB_CALL, BENCH_TO_SERVER);
        out->lookup = trace_search_group(search, parent, BENCH_VERB_GET, BENCH_TO_SERVER);
        break;
    case BENCH_STEP_ATTRIBUTE:
        out->read = trace_search_group(search, name, BENCH_VERB_GET, BENCH_TO_SERVER);
        break;
    default:
        break;
    }
    const struct trace_group *from = out->call ? out->call : out->read;
    out->count = from ? from->count : 0;
}

void trace_origin_keep(struct trace_price *price, const struct trace_tariff *tariff,
                       const struct trace_origin *origin)
{
    const struct trace_group *const parts[] = {origin->call, origin->lookup, origin->read};
    for (size_t i = 0; i < BENCH_COUNT_OF(parts); i++)
        if (parts[i])
            trace_price_keep(price, tariff, parts[i]);
}

struct counts {
    uint64_t iterations, elements, items, reads, calls, lookups, described, lengths, copies;
    uint64_t attributes; /* different ones that were read */
    uint64_t values, bytes;
    uint64_t removed;
    char which[120]; /* "name, email" */
};

static bool is_removed(const struct trace_group *group)
{
    switch (group->verb) {
    case BENCH_VERB_SET: /* what is written must still be written */
    case BENCH_VERB_RELEASE:
    case BENCH_VERB_CLOSE:
    case BENCH_VERB_PING:
    case BENCH_VERB_OTHER:
        return false;
    default:
        return true;
    }
}

/* What the answers bring that the program asked for; the others are for its library. */
static bool brings_values(const struct trace_group *group)
{
    switch (group->verb) {
    case BENCH_VERB_CALL:
    case BENCH_VERB_GET:
    case BENCH_VERB_ITEM:
    case BENCH_VERB_NEXT:
    case BENCH_VERB_TEXT:
    case BENCH_VERB_COPY:
        return group->values > 0;
    default:
        return false;
    }
}

static void count(const struct bench_names *names, const struct trace_group *group,
                  struct counts *counts)
{
    switch (group->verb) {
    case BENCH_VERB_ITERATE:
        counts->iterations += group->count;
        break;
    case BENCH_VERB_NEXT:
        counts->elements += group->elements;
        break;
    case BENCH_VERB_ITEM:
        counts->items += group->count;
        break;
    case BENCH_VERB_CALL:
        counts->calls += group->count;
        break;
    case BENCH_VERB_DESCRIBE:
        counts->described += group->count;
        break;
    case BENCH_VERB_LENGTH:
        counts->lengths += group->count;
        break;
    case BENCH_VERB_COPY:
        counts->copies += group->count;
        break;
    case BENCH_VERB_GET:
        counts->lookups += group->callables;
        counts->reads += group->count - group->callables;
        if (group->values == 0)
            break;
        counts->attributes++;
        if (counts->attributes <= 5) {
            if (counts->which[0])
                trace_say(counts->which, sizeof(counts->which), ", ");
            trace_say_step(counts->which, sizeof(counts->which), names, group->name);
        }
        break;
    default:
        break;
    }
    uint64_t answered = group->values + group->objects + group->callables;
    if (brings_values(group)) {
        counts->values += group->values;
        counts->bytes += group->plain_bytes[1] / answered * group->values;
    }
}

static void say_case(const struct trace_search *search, const struct counts *counts, bool copy,
                     struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    struct {
        uint64_t n;
        const char *singular, *plural;
    } const parts[] = {
        {counts->items, "item by key", "items by key"},
        {counts->reads, "attribute read", "attributes read"},
        {counts->lookups, "method looked up", "methods looked up"},
        {counts->calls, "call", "calls"},
        {counts->described, "object described", "objects described"},
        {counts->copies, "copy", "copies"},
        {counts->lengths, "length", "lengths"},
    };
    char *text = out->evidence;
    size_t size = sizeof(out->evidence);
    if (counts->elements) {
        trace_say_count(text, size, counts->elements, "element", "elements");
        trace_say(text, size, " of ");
        trace_say_count(text, size, counts->iterations ? counts->iterations : 1, "iteration",
                        "iterations");
        trace_say(text, size, " fetched one by one");
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(parts); i++)
        if (parts[i].n) {
            trace_say(text, size, "%s", text[0] ? ", " : "");
            trace_say_count(text, size, parts[i].n, parts[i].singular, parts[i].plural);
        }
    uint32_t name = out->name;
    bool call = bench_names_kind(names, name) == BENCH_STEP_CALL;
    text = out->change;
    size = sizeof(out->change);
    trace_say(text, size, copy ? "copy what " : "let ");
    trace_say_name(text, size, names, call ? bench_names_parent(names, name) : name);
    if (copy)
        trace_say(text, size, " gives in one request");
    else if (counts->which[0])
        trace_say(text, size, " give a tuple, of each element a tuple (%s%s)", counts->which,
                  counts->attributes > 5 ? ", ..." : "");
    else
        trace_say(text, size, " give a tuple of the elements' values");
}

/* Where the loop is, rather than what is read of the elements in it. */
static void place_of_loop(const struct trace_search *search, size_t first, size_t last,
                          struct trace_case *out)
{
    uint64_t most = 0;
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &search->patterns->groups[search->members[i].group];
        bool loop = group->verb == BENCH_VERB_NEXT || group->verb == BENCH_VERB_ITEM ||
                    group->verb == BENCH_VERB_ITERATE;
        if (loop && group->place != 0 && group->awaited > most &&
            trace_sequence_of(search->patterns->names, group) == out->name) {
            most = group->awaited;
            out->price.place = group->place;
        }
    }
}

bool trace_case_sequence(struct trace_search *search, size_t first, size_t last, bool copy,
                         bool forced, struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    const struct trace_tariff *tariff = &search->tariff[BENCH_TO_SERVER];
    *out = (struct trace_case){.id = TRACE_N_PLUS_ONE,
                               .name = search->members[first].subject,
                               .direction = BENCH_TO_SERVER};
    struct counts counts = {0};
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &search->patterns->groups[search->members[i].group];
        count(names, group, &counts);
        if (is_removed(group)) {
            trace_price_remove(&out->price, tariff, group, group->awaited);
            counts.removed += group->awaited;
        }
    }
    /* By value it needs no description either. */
    const struct trace_group *described =
        trace_search_group(search, out->name, BENCH_VERB_DESCRIBE, BENCH_TO_SERVER);
    if (described && !copy) {
        trace_price_remove(&out->price, tariff, described, described->awaited);
        counts.removed += described->awaited;
    }
    if (counts.removed == 0 ||
        (!forced && (counts.removed <= TRACE_FEW || counts.removed == counts.lengths)))
        return false;
    struct trace_origin origin;
    trace_origin_of(search, out->name, &origin);
    trace_origin_keep(&out->price, tariff, &origin);
    uint64_t sequences = origin.count ? origin.count : counts.iterations ? counts.iterations : 1;
    /* Without a call that could carry the values there must be one. */
    trace_price_add(&out->price, tariff, copy || !origin.count ? sequences : 0, counts.values,
                    counts.bytes);
    out->count = sequences;
    place_of_loop(search, first, last, out);
    say_case(search, &counts, copy, out);
    /* Few elements each time: the change would not get rid of much. */
    if (!forced && out->price.trips < out->price.trips_after + TRACE_FEW)
        return false;
    for (size_t i = first; i < last && !forced; i++)
        trace_search_claim(search, &search->patterns->groups[search->members[i].group]);
    if (!forced)
        trace_search_claim(search, described);
    return true;
}
