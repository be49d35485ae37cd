/* SPDX-License-Identifier: MIT */
/* Findings about round trips. What one of them counts, those after it do not count again. */
#include "trace/findings_private.h"

typedef bool (*case_fn)(struct trace_search *search, size_t first, size_t last,
                        struct trace_case *out);

static bool sequence(struct trace_search *search, size_t first, size_t last, struct trace_case *out)
{
    return trace_case_sequence(search, first, last, false, false, out);
}

static bool object(struct trace_search *search, size_t first, size_t last, struct trace_case *out)
{
    return trace_case_object(search, first, last, false, false, out);
}

static bool argument(struct trace_search *search, size_t first, size_t last, struct trace_case *out)
{
    return trace_case_argument(search, first, last, false, out);
}

static void find_by_subject(struct trace_search *search, trace_subject_fn subject_of, case_fn make)
{
    size_t n = trace_search_sort(search, subject_of);
    for (size_t first = 0, last; first < n; first = last) {
        last = trace_search_run(search, first, n);
        struct trace_case found;
        if (make(search, first, last, &found))
            trace_search_found(search, &found);
    }
}

static void find_lookups(struct trace_search *search)
{
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        struct trace_case found;
        if (group->verb == BENCH_VERB_GET && group->name != BENCH_NAME_OTHERS &&
            !search->claimed[i] && trace_case_lookup(search, group, false, &found)) {
            trace_search_claim(search, group);
            trace_search_found(search, &found);
        }
    }
}

static void find_described(struct trace_search *search)
{
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        if (group->verb != BENCH_VERB_DESCRIBE || search->claimed[i] ||
            group->awaited <= TRACE_FEW || group->name == BENCH_NAME_OTHERS)
            continue;
        struct trace_case found = {
            .id = TRACE_DESCRIBED,
            .name = group->name,
            .direction = group->direction,
            .count = group->count,
        };
        trace_price_remove(&found.price, &search->tariff[group->direction], group,
                           group->awaited - 1);
        trace_say_count(found.evidence, sizeof(found.evidence), group->count, "object", "objects");
        trace_say(found.evidence, sizeof(found.evidence),
                  " of this name, each described anew when it came");
        trace_say(found.change, sizeof(found.change), "keep one ");
        trace_say_name(found.change, sizeof(found.change), search->patterns->names, group->name);
        trace_say(found.change, sizeof(found.change),
                  " and use it again, or let its values come "
                  "as a tuple");
        trace_search_claim(search, group);
        trace_search_found(search, &found);
    }
}

void trace_find_trips(struct trace_search *search)
{
    find_by_subject(search, trace_sequence_of, sequence);
    find_by_subject(search, trace_argument_of, argument);
    find_by_subject(search, trace_object_of, object);
    find_lookups(search);
    find_described(search);
}
