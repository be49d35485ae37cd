/* SPDX-License-Identifier: MIT */
/* One change, priced by itself, whether it is worth a finding or not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/findings_private.h"

enum what_if { TUPLE, OBTAIN, CACHE, BATCH, NODELAY, VALUE, KINDS };

/* [kind]: how it is asked for, and what it means. */
static const struct bench_finding_rule kinds[] = {
    [TUPLE] = {"tuple", "what it gives, by value", "return a tuple (of tuples) of plain values"},
    [OBTAIN] = {"obtain", "what it gives, copied by one request", "copy it before it is used"},
    [CACHE] = {"cache", "looked up once", "keep what the first lookup gave, and call that"},
    [BATCH] = {"batch", "all its calls in one", "pass a tuple of arguments, return one of results"},
    [NODELAY] = {"nodelay", "its large messages without the stall", "set TCP_NODELAY"},
    [VALUE] = {"value", "what is passed to it, by value", "pass a tuple of plain values"},
};

/* What can be asked, found one after the other. */
struct asked {
    struct trace_search *search;
    enum what_if kind;
    char name[BENCH_NAME_BYTES_MAX + 8];
    char there_is[160];
    uint32_t told[8]; /* names in there_is */
    size_t ntold;
    bool found;
    struct trace_case result;
};

/* By the name itself, or by the call that gives it. */
static bool is_meant(const struct asked *asked, uint32_t name)
{
    const struct bench_names *names = asked->search->patterns->names;
    if (strcmp(bench_names_text(names, name), asked->name) == 0)
        return true;
    enum bench_name_step step = bench_names_kind(names, name);
    return (step == BENCH_STEP_CALL || step == BENCH_STEP_ARGUMENT) &&
           strcmp(bench_names_text(names, bench_names_parent(names, name)), asked->name) == 0;
}

static void take(struct asked *asked, uint32_t name, const struct trace_case *result)
{
    const struct bench_names *names = asked->search->patterns->names;
    if (is_meant(asked, name)) {
        /* An object that is a sequence too: the dearer one. */
        double saves = result->price.saved_ns - result->price.added_ns;
        if (!asked->found || saves > asked->result.price.saved_ns - asked->result.price.added_ns)
            asked->result = *result;
        asked->found = true;
        return;
    }
    uint32_t shown = name;
    enum bench_name_step step = bench_names_kind(names, name);
    if (step == BENCH_STEP_CALL || step == BENCH_STEP_ARGUMENT)
        shown = bench_names_parent(names, name);
    for (size_t i = 0; i < asked->ntold; i++)
        if (asked->told[i] == shown)
            return;
    if (asked->ntold < BENCH_COUNT_OF(asked->told) &&
        strlen(asked->there_is) + TRACE_NAME_SHOWN + 8 < sizeof(asked->there_is)) {
        trace_say(asked->there_is, sizeof(asked->there_is), "%s", asked->there_is[0] ? ", " : "");
        trace_say_name(asked->there_is, sizeof(asked->there_is), names, shown);
        asked->told[asked->ntold++] = shown;
    }
}

static bool make(struct asked *asked, trace_subject_fn by, size_t first, size_t last,
                 struct trace_case *out)
{
    bool copy = asked->kind == OBTAIN;
    if (by == trace_sequence_of)
        return trace_case_sequence(asked->search, first, last, copy, true, out);
    if (by == trace_object_of)
        return trace_case_object(asked->search, first, last, copy, true, out);
    return trace_case_argument(asked->search, first, last, true, out);
}

static void ask_subjects(struct asked *asked, trace_subject_fn by)
{
    size_t n = trace_search_sort(asked->search, by);
    for (size_t first = 0, last; first < n; first = last) {
        last = trace_search_run(asked->search, first, n);
        struct trace_case result;
        if (make(asked, by, first, last, &result))
            take(asked, result.name, &result);
    }
}

static void ask_groups(struct asked *asked)
{
    const struct trace_patterns *patterns = asked->search->patterns;
    for (size_t i = 0; i < patterns->ngroups; i++) {
        const struct trace_group *group = &patterns->groups[i];
        struct trace_case result;
        bool priced = false;
        if (group->verb == TRACE_VERB_OBJECTS || group->name == BENCH_NAME_OTHERS)
            continue;
        if (asked->kind == CACHE && group->verb == BENCH_VERB_GET)
            priced = trace_case_lookup(asked->search, group, true, &result);
        else if (asked->kind == BATCH && group->verb == BENCH_VERB_CALL)
            priced = trace_case_batch(asked->search, group, &result);
        else if (asked->kind == NODELAY)
            priced = trace_case_stall(asked->search, group, true, &result);
        if (priced)
            take(asked, group->name, &result);
    }
}

static void ask(struct asked *asked)
{
    switch (asked->kind) {
    case TUPLE:
    case OBTAIN:
        ask_subjects(asked, trace_sequence_of);
        ask_subjects(asked, trace_object_of);
        break;
    case VALUE:
        ask_subjects(asked, trace_argument_of);
        break;
    default:
        ask_groups(asked);
        break;
    }
}

static int parse(const char *spec, enum what_if *kind, const char **name, struct bench_error *err)
{
    const char *colon = strchr(spec, ':');
    for (size_t i = 0; colon && i < KINDS; i++)
        if (strlen(kinds[i].id) == (size_t)(colon - spec) &&
            strncmp(kinds[i].id, spec, (size_t)(colon - spec)) == 0) {
            if (!colon[1])
                return bench_fail(err, -EINVAL, "'%s': a name must follow the colon", spec);
            *kind = (enum what_if)i;
            *name = colon + 1;
            return 0;
        }
    return bench_fail(err, -EINVAL,
                      "'%.60s' is no change that can be predicted; there are tuple:NAME, "
                      "obtain:NAME, cache:NAME, batch:NAME, nodelay:NAME, value:NAME",
                      spec);
}

/* "[...]" is how "[…]" is typed. What is too long stays without its end, and names nothing. */
static void read_name(char *out, size_t size, const char *name)
{
    static const char typed[] = "[...]", real[] = "[\xe2\x80\xa6]";
    out[0] = '\0';
    for (const char *at; (at = strstr(name, typed)) != NULL; name = at + strlen(typed))
        trace_say(out, size, "%.*s%s", (int)(at - name), name, real);
    trace_say(out, size, "%s", name);
}

int trace_what_if_check(const char *spec, struct bench_error *err)
{
    enum what_if kind;
    const char *name;
    return parse(spec, &kind, &name, err);
}

int trace_what_if(const struct trace_patterns *patterns, const struct trace_profile *profile,
                  const char *spec, struct trace_finding *out, struct bench_error *err)
{
    struct asked asked = {0};
    const char *name;
    char shown[64] = "";
    int status = parse(spec, &asked.kind, &name, err);
    if (status)
        return status;
    read_name(asked.name, sizeof(asked.name), name);
    struct trace_search *search = calloc(1, sizeof(*search));
    if (!search)
        return bench_fail(err, -ENOMEM, "out of memory");
    status = trace_search_init(search, patterns, profile);
    if (status) {
        free(search);
        return bench_fail(err, status, "out of memory");
    }
    asked.search = search;
    ask(&asked);
    if (asked.found) {
        trace_case_finding(search, &asked.result, out);
        out->rule = &kinds[asked.kind];
        out->priced = true;
    } else {
        trace_say(shown, sizeof(shown), "%s", asked.name);
        status = bench_fail(err, -ENOENT, "nothing to predict with %s for '%s'; there is %s",
                            kinds[asked.kind].id, shown,
                            asked.there_is[0] ? asked.there_is : "no name for it here");
    }
    trace_search_fini(search);
    free(search);
    return status;
}

static void write_time(FILE *out, double s)
{
    if (s < 1e-3)
        fprintf(out, "%.0f us", s * 1e6);
    else if (s < 1)
        fprintf(out, "%.*f ms", s < 0.1 ? 2 : 1, s * 1e3);
    else
        fprintf(out, "%.2f s", s);
}

static void write_prediction(FILE *out, const char *where, const struct trace_prediction *at)
{
    double saved = at->before_s - at->after_s;
    fprintf(out, "  %-12s ", where);
    write_time(out, at->before_s);
    fputs(" -> ", out);
    write_time(out, at->after_s);
    fputs(saved < 0 ? ": costs " : ": saves ", out);
    write_time(out, saved < 0 ? -saved : saved);
    if (at->before_s > 0)
        fprintf(out, " (%.1f %%)", 100 * (saved < 0 ? -saved : saved) / at->before_s);
    fputc('\n', out);
}

int trace_write_what_if(const struct trace_profile *profile, const struct trace_finding *finding,
                        FILE *out)
{
    fprintf(out, "what if %s: %s\n", bench_names_text(profile->names, finding->name),
            finding->rule->summary);
    fprintf(out, "  %s\n  %s\n", finding->evidence, finding->change);
    fprintf(out, "  round trips  %llu -> %llu\n", (unsigned long long)finding->round_trips,
            (unsigned long long)finding->round_trips_after);
    write_prediction(out, "here", &finding->here);
    for (size_t i = 0; i < TRACE_RTTS; i++) {
        char where[32];
        (void)snprintf(where, sizeof(where), "RTT %g ms", (double)finding->at[i].rtt_ns / 1e6);
        write_prediction(out, where, &finding->at[i]);
    }
    return ferror(out) ? -EIO : 0;
}
