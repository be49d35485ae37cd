/* SPDX-License-Identifier: MIT */
#include "trace/findings_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trace/memory.h"

/* A change that saves a smaller share of the waiting is not worth a line. */
static const double worth_share = 0.01;
enum { FAR = 2 }; /* index of TRACE_RTTS_NS: 10 ms */

const char *trace_finding_key(enum trace_finding_id id)
{
    static const char *const keys[] = {
#define TRACE_FINDING(ID, KEY, PRICE) [TRACE_##ID] = KEY,
#include "trace/findings.def"
#undef TRACE_FINDING
    };
    return (size_t)id < BENCH_COUNT_OF(keys) ? keys[id] : NULL;
}

static bool is_priced(enum trace_finding_id id)
{
    enum { SAVES = 1, WARNS = 0 };
    static const bool priced[] = {
#define TRACE_FINDING(ID, KEY, PRICE) [TRACE_##ID] = PRICE,
#include "trace/findings.def"
#undef TRACE_FINDING
    };
    return priced[id];
}

int trace_search_init(struct trace_search *search, const struct trace_patterns *patterns,
                      const struct trace_profile *profile)
{
    *search = (struct trace_search){.patterns = patterns, .profile = profile};
    size_t n = patterns->ngroups ? patterns->ngroups : 1;
    search->claimed = calloc(n, sizeof(*search->claimed));
    search->members = calloc(n, sizeof(*search->members));
    if (!search->claimed || !search->members) {
        trace_search_fini(search);
        return -ENOMEM;
    }
    trace_tariff_of(patterns, BENCH_TO_SERVER, &search->tariff[BENCH_TO_SERVER]);
    trace_tariff_of(patterns, BENCH_TO_CLIENT, &search->tariff[BENCH_TO_CLIENT]);
    return 0;
}

void trace_search_fini(struct trace_search *search)
{
    free(search->claimed);
    free(search->members);
}

const struct trace_group *trace_search_group(const struct trace_search *search, uint32_t name,
                                             unsigned verb, enum bench_direction direction)
{
    return trace_patterns_group(search->patterns, name, verb, direction);
}

void trace_search_claim(struct trace_search *search, const struct trace_group *group)
{
    if (group)
        search->claimed[group - search->patterns->groups] = true;
}

bool trace_search_claimed(const struct trace_search *search, const struct trace_group *group)
{
    return search->claimed[group - search->patterns->groups];
}

static int by_subject(const void *a, const void *b)
{
    const struct trace_member *x = a, *y = b;
    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    return x->group < y->group ? -1 : x->group > y->group;
}

size_t trace_search_sort(struct trace_search *search, trace_subject_fn subject_of)
{
    size_t n = 0;
    for (size_t i = 0; i < search->patterns->ngroups; i++) {
        const struct trace_group *group = &search->patterns->groups[i];
        if (group->name == BENCH_NAME_OTHERS || group->verb == TRACE_VERB_OBJECTS)
            continue;
        uint32_t subject = subject_of(search->patterns->names, group);
        if (subject != BENCH_NAME_NONE && subject != BENCH_NAME_OTHERS)
            search->members[n++] = (struct trace_member){subject, (uint32_t)i};
    }
    qsort(search->members, n, sizeof(*search->members), by_subject);
    return n;
}

size_t trace_search_run(const struct trace_search *search, size_t first, size_t n)
{
    size_t last = first;
    while (last < n && search->members[last].subject == search->members[first].subject)
        last++;
    return last;
}

static double saving(const struct trace_finding *finding)
{
    return finding->priced ? finding->here.before_s - finding->here.after_s : 0;
}

/* Dearest first; then by what is known without a price; then by name, so that the order is always
 * the same. */
static int dearer(const void *a, const void *b)
{
    const struct trace_finding *x = a, *y = b;
    if (saving(x) != saving(y))
        return saving(x) > saving(y) ? -1 : 1;
    if (x->share != y->share)
        return x->share > y->share ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static const struct bench_finding_rule *rule_of(const struct bench_finding_rule *rules,
                                                enum trace_finding_id id)
{
    for (; rules && rules->id; rules++)
        if (strcmp(rules->id, trace_finding_key(id)) == 0)
            return rules;
    return NULL;
}

void trace_case_finding(const struct trace_search *search, const struct trace_case *from,
                        struct trace_finding *out)
{
    static const int64_t rtts[] = TRACE_RTTS_NS;
    const struct trace_totals *totals = &search->profile->totals;
    const struct trace_price *price = &from->price;
    const struct trace_tariff *tariff = &search->tariff[from->direction];
    double waited = (double)totals->waiting_ns[0] + (double)totals->waiting_ns[1];
    *out = (struct trace_finding){
        .id = from->id,
        .name = from->name,
        .place = price->place,
        .direction = from->direction,
        .count = from->count,
        .round_trips = price->trips,
        .round_trips_after = price->trips_after,
        .bytes = price->bytes,
        .share = waited > 0 ? fmin(1, price->waiting_ns / waited) : 0,
        .priced = is_priced(from->id),
    };
    out->here = trace_price_predict(price, tariff, 0);
    for (size_t i = 0; i < TRACE_RTTS; i++)
        out->at[i] = trace_price_predict(price, tariff, rtts[i]);
    memcpy(out->evidence, from->evidence, sizeof(out->evidence));
    memcpy(out->change, from->change, sizeof(out->change));
}

/* The least of this kind, when there are as many as are shown; of all when there is no room. */
static struct trace_finding *victim(struct trace_search *search, enum trace_finding_id id)
{
    struct trace_finding *least = NULL;
    size_t same = 0;
    for (size_t i = 0; i < search->nfound; i++) {
        struct trace_finding *finding = &search->found[i];
        if (finding->id != id)
            continue;
        same++;
        if (!least || dearer(finding, least) > 0)
            least = finding;
    }
    if (same >= TRACE_FOUND_KIND_MAX)
        return least;
    return search->nfound < TRACE_FOUND_MAX ? &search->found[search->nfound++] : NULL;
}

/* Of the time that is waited now, with each round trip as long as it is or longer by more_ns. */
static bool saves_little(const struct trace_search *search, const struct trace_prediction *at,
                         double more_ns)
{
    const struct trace_totals *totals = &search->profile->totals;
    const double waited = (double)totals->waiting_ns[0] + (double)totals->waiting_ns[1] +
                          (double)trace_both(totals->round_trips) * more_ns;
    return (at->before_s - at->after_s) * 1e9 < worth_share * waited;
}

/* Neither here nor far away: not worth a place in the list. */
static bool is_trivial(const struct trace_search *search, const struct trace_finding *finding)
{
    const double rtt_ns = (double)finding->at[FAR].rtt_ns;
    const double more_ns = rtt_ns - search->tariff[finding->direction].rtt_ns;
    return finding->priced && saves_little(search, &finding->here, 0) &&
           saves_little(search, &finding->at[FAR], fmax(0, more_ns));
}

void trace_search_found(struct trace_search *search, const struct trace_case *found)
{
    struct trace_finding finding;
    trace_case_finding(search, found, &finding);
    finding.rule = rule_of(search->rules, found->id);
    if (!finding.rule || is_trivial(search, &finding))
        return;
    struct trace_finding *at = victim(search, found->id);
    if (at && (!at->rule || dearer(&finding, at) < 0))
        *at = finding;
}

int trace_patterns_findings(struct trace_patterns *patterns, const struct trace_profile *profile,
                            const struct bench_finding_rule *rules, struct trace_finding **out,
                            size_t *n, struct trace_memory *memory)
{
    struct trace_search *search = calloc(1, sizeof(*search));
    if (!search)
        return -ENOMEM;
    int status = trace_search_init(search, patterns, profile);
    if (status) {
        free(search);
        return status;
    }
    search->rules = rules;
    trace_find_trips(search);
    trace_find_others(search);
    qsort(search->found, search->nfound, sizeof(search->found[0]), dearer);
    size_t bytes = search->nfound * sizeof(search->found[0]);
    struct trace_finding *copy = bytes ? trace_memory_take(memory, bytes) : NULL;
    if (bytes && !copy) {
        status = -ENOMEM;
    } else {
        if (bytes)
            memcpy(copy, search->found, bytes);
        *out = copy;
        *n = search->nfound;
    }
    trace_search_fini(search);
    free(search);
    return status;
}
