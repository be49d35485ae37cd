/* SPDX-License-Identifier: MIT */
/* Attributes of an object read one by one; methods that are looked up again and again; objects
 * that are described again and again; calls that could be one. */
#include <stdio.h>

#include "trace/findings_private.h"

uint32_t trace_object_of(const struct bench_names *names, const struct trace_group *group)
{
    if (group->direction != BENCH_TO_SERVER || group->verb != BENCH_VERB_GET ||
        group->values == 0 || bench_names_kind(names, group->name) != BENCH_STEP_ATTRIBUTE)
        return BENCH_NAME_NONE;
    return bench_names_parent(names, group->name);
}

/* Whether methods of the object are called, so that it must stay an object. */
static bool has_calls(const struct trace_search *search, uint32_t object)
{
    const struct trace_patterns *patterns = search->patterns;
    for (size_t i = 0; i < patterns->ngroups; i++) {
        const struct trace_group *group = &patterns->groups[i];
        if ((group->verb == BENCH_VERB_CALL || group->verb == BENCH_VERB_SET) &&
            group->direction == BENCH_TO_SERVER &&
            bench_names_parent(patterns->names, group->name) == object)
            return true;
    }
    return false;
}

struct reads {
    uint64_t all, most, attributes, bytes;
    char which[120];
};

static void count_reads(const struct trace_search *search, size_t first, size_t last,
                        struct reads *out)
{
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &search->patterns->groups[search->members[i].group];
        if (trace_search_claimed(search, group))
            continue;
        out->all += group->awaited;
        if (group->values > out->most)
            out->most = group->values;
        out->bytes += group->plain_bytes[1];
        if (out->attributes++ < 5) {
            trace_say(out->which, sizeof(out->which), "%s", out->which[0] ? ", " : "");
            trace_say_step(out->which, sizeof(out->which), search->patterns->names, group->name);
        }
    }
    if (out->attributes > 5)
        trace_say(out->which, sizeof(out->which), ", ...");
}

bool trace_case_object(struct trace_search *search, size_t first, size_t last, bool copy,
                       bool forced, struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    const struct trace_tariff *tariff = &search->tariff[BENCH_TO_SERVER];
    uint32_t name = search->members[first].subject;
    *out = (struct trace_case){.id = TRACE_ATTRIBUTES, .name = name, .direction = BENCH_TO_SERVER};
    struct reads reads = {0};
    count_reads(search, first, last, &reads);
    if (reads.all == 0 || (!forced && (reads.attributes < 2 || reads.all <= TRACE_FEW)))
        return false;
    for (size_t i = first; i < last; i++) {
        const struct trace_group *group = &search->patterns->groups[search->members[i].group];
        if (!trace_search_claimed(search, group))
            trace_price_remove(&out->price, tariff, group, group->awaited);
    }
    struct trace_origin origin;
    trace_origin_of(search, name, &origin);
    const struct trace_group *described =
        trace_search_group(search, name, BENCH_VERB_DESCRIBE, BENCH_TO_SERVER);
    /* Got for each reading, and used for nothing else: what gives it may give the values instead
     * (what is read of it a second time now and then is known then). Otherwise each reading becomes
     * a call. */
    bool instead = reads.most < 2 * origin.count && !has_calls(search, name);
    if (instead) {
        trace_origin_keep(&out->price, tariff, &origin);
        if (described && !copy)
            trace_price_remove(&out->price, tariff, described, described->awaited);
    }
    trace_price_add(&out->price, tariff, instead && !copy ? 0 : reads.most, reads.all, reads.bytes);
    out->count = reads.most;
    if (out->price.trips < out->price.trips_after + (forced ? 1 : TRACE_FEW))
        return false;
    trace_say_count(out->evidence, sizeof(out->evidence), reads.all, "attribute read",
                    "attributes read");
    trace_say(out->evidence, sizeof(out->evidence), " one by one (%s), up to %llu times each",
              reads.which, (unsigned long long)reads.most);
    bool call = instead && bench_names_kind(names, name) == BENCH_STEP_CALL;
    trace_say(out->change, sizeof(out->change), copy ? "copy " : "let ");
    trace_say_name(out->change, sizeof(out->change), names,
                   call ? bench_names_parent(names, name) : name);
    trace_say(out->change, sizeof(out->change), "%s(%s)%s",
              copy      ? " whole: "
              : instead ? " give a tuple "
                        : " have a method that gives a tuple ",
              reads.which, copy ? " in one request" : "");
    for (size_t i = first; i < last && !forced; i++)
        trace_search_claim(search, &search->patterns->groups[search->members[i].group]);
    if (!forced && instead)
        trace_search_claim(search, described);
    return true;
}

bool trace_case_lookup(struct trace_search *search, const struct trace_group *lookup, bool forced,
                       struct trace_case *out)
{
    const struct bench_names *names = search->patterns->names;
    uint32_t owner = bench_names_parent(names, lookup->name);
    const struct trace_group *call =
        trace_search_group(search, lookup->name, BENCH_VERB_CALL, lookup->direction);
    enum bench_direction handed =
        lookup->direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    const struct trace_group *objects =
        trace_search_group(search, owner, TRACE_VERB_OBJECTS, handed);
    /* Each object has methods of its own: one lookup for each stays. */
    uint64_t stay = objects && objects->created ? objects->created : 1;
    uint64_t looked = lookup->callables < lookup->awaited ? lookup->callables : lookup->awaited;
    if (!call || looked <= stay)
        return false;
    uint64_t gone = looked - stay;
    if (!forced && (gone < TRACE_FEW || gone * 2 < looked))
        return false;
    *out = (struct trace_case){
        .id = TRACE_LOOKUPS,
        .name = lookup->name,
        .direction = lookup->direction,
        .count = gone,
    };
    trace_price_remove(&out->price, &search->tariff[lookup->direction], lookup, gone);
    trace_price_keep(&out->price, &search->tariff[lookup->direction], call);
    trace_say_count(out->evidence, sizeof(out->evidence), lookup->callables, "lookup", "lookups");
    trace_say(out->evidence, sizeof(out->evidence), " for ");
    trace_say_count(out->evidence, sizeof(out->evidence), call->count, "call", "calls");
    trace_say(out->evidence, sizeof(out->evidence), " of the same name");
    trace_say(out->change, sizeof(out->change), "look ");
    trace_say_name(out->change, sizeof(out->change), names, lookup->name);
    trace_say(out->change, sizeof(out->change), " up once, keep what you got, and call that");
    return true;
}

bool trace_case_batch(struct trace_search *search, const struct trace_group *call,
                      struct trace_case *out)
{
    const struct trace_tariff *tariff = &search->tariff[call->direction];
    const struct trace_group *lookup =
        trace_search_group(search, call->name, BENCH_VERB_GET, call->direction);
    *out = (struct trace_case){
        .id = TRACE_LOOKUPS,
        .name = call->name,
        .direction = call->direction,
        .count = call->awaited,
    };
    if (call->awaited < 2)
        return false;
    trace_price_remove(&out->price, tariff, call, call->awaited - 1);
    if (lookup && lookup->callables && lookup->awaited)
        trace_price_remove(&out->price, tariff, lookup, lookup->awaited - 1);
    trace_price_add(&out->price, tariff, 0, call->count + call->values,
                    call->plain_bytes[0] + call->plain_bytes[1]);
    trace_say_count(out->evidence, sizeof(out->evidence), call->awaited, "call", "calls");
    trace_say(out->evidence, sizeof(out->evidence), " one after the other");
    trace_say(out->change, sizeof(out->change), "let one call of ");
    trace_say_name(out->change, sizeof(out->change), search->patterns->names, call->name);
    trace_say(out->change, sizeof(out->change), " take a tuple of all arguments");
    return true;
}
