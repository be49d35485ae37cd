/* SPDX-License-Identifier: MIT */
/* Conversations made up call by call, as the analyser would tell them to trace/patterns.h. Each
 * call takes as long as it says, and begins as long after the one before as it says. */
#ifndef TRACE_STORY_H
#define TRACE_STORY_H

#include <criterion/criterion.h>
#include <string.h>

#include "bench/names.h"
#include "trace/memory.h"
#include "trace/patterns_private.h"

struct story {
    struct trace_options options;
    struct bench_names *names;
    struct trace_patterns *patterns;
    struct trace_memory *memory;
    struct trace_profile profile;
    struct trace_finding *findings;
    size_t nfindings;
    int64_t now_ns, last_end_ns[2]; /* by direction; -1 = none yet */
    int64_t gap_ns;                 /* before each call */
    uint32_t root;
    uint64_t ids;
};

static const struct bench_finding_rule story_rules[] = {
    {"n-plus-one", "s", "f"},   {"attributes", "s", "f"}, {"lookups", "s", "f"},
    {"callbacks", "s", "f"},    {"deep", "s", "f"},       {"slow", "s", "f"},
    {"stall", "s", "f"},        {"leak", "s", "f"},       {"incompressible", "s", "f"},
    {"copy-refused", "s", "f"}, {"described", "s", "f"},  {0},
};

static inline void story_begin(struct story *story)
{
    *story = (struct story){.now_ns = 1000000000, .last_end_ns = {-1, -1}, .gap_ns = 20000};
    story->options = (struct trace_options){
        .slow_call_ns = 100000000,
        .deep_stack = 8,
        .names_max = 4096,
        .connections_max = 16,
        .references_max = 4096,
        .pending_max = 64,
        .top = 10,
        .sample = 1,
    };
    cr_assert_eq(bench_names_new(&story->names, 4096), 0);
    cr_assert_eq(trace_patterns_new(&story->patterns, &story->options, story->names), 0);
    story->memory = trace_memory_new();
    cr_assert_not_null(story->memory);
    story->profile.names = story->names;
    story->root = bench_names_step(story->names, BENCH_NAME_NONE, BENCH_STEP_TOP, "root", 4);
}

static inline void story_end(struct story *story)
{
    trace_patterns_free(story->patterns);
    bench_names_free(story->names);
    trace_memory_free(story->memory);
}

static inline uint32_t story_attribute(struct story *story, uint32_t of, const char *name)
{
    return bench_names_step(story->names, of, BENCH_STEP_ATTRIBUTE, name, strlen(name));
}

static inline uint32_t story_called(struct story *story, uint32_t of)
{
    return bench_names_step(story->names, of, BENCH_STEP_CALL, "", 0);
}

static inline uint32_t story_item(struct story *story, uint32_t of)
{
    return bench_names_step(story->names, of, BENCH_STEP_ITEM, "", 0);
}

static inline uint32_t story_argument(struct story *story, uint32_t of, const char *name)
{
    return bench_names_step(story->names, of, BENCH_STEP_ARGUMENT, name, strlen(name));
}

/* An awaited call from now on; 20 bytes to ask, 10 to answer. Tests change what is special. */
static inline struct trace_call story_call(struct story *story, enum bench_verb verb, uint32_t name,
                                           enum bench_outcome outcome, int64_t us)
{
    int64_t gap_ns = story->last_end_ns[0] < 0 ? -1 : story->gap_ns;
    int64_t start_ns = story->now_ns + (gap_ns > 0 ? gap_ns : 0);
    return (struct trace_call){
        .connection = 1,
        .id = ++story->ids,
        .name = name,
        .verb = verb,
        .outcome = outcome,
        .direction = BENCH_TO_SERVER,
        .depth = 1,
        .start_ns = start_ns,
        .end_ns = start_ns + us * 1000,
        .before_ns = gap_ns,
        .plain_bytes = {20, 10},
        .wire_bytes = {26, 16},
    };
}

static inline void story_tell(struct story *story, const struct trace_call *call)
{
    trace_patterns_call(story->patterns, call);
    story->now_ns = call->end_ns;
    story->last_end_ns[call->direction] = call->end_ns;
    if (!call->unawaited && !call->overlapped)
        story->profile.totals.waiting_ns[call->direction] +=
            call->end_ns - call->start_ns - call->nested_ns;
}

static inline void story_does(struct story *story, enum bench_verb verb, uint32_t name,
                              enum bench_outcome outcome, int64_t us)
{
    struct trace_call call = story_call(story, verb, name, outcome, us);
    story_tell(story, &call);
}

static inline void story_reference(struct story *story, uint32_t name,
                                   enum bench_direction direction)
{
    struct bench_event event = {
        .kind = BENCH_EVENT_REFERENCE, .name = name, .direction = direction};
    trace_patterns_reference(story->patterns, &event);
}

static inline void story_find(struct story *story)
{
    cr_assert_eq(trace_patterns_findings(story->patterns, &story->profile, story_rules,
                                         &story->findings, &story->nfindings, story->memory),
                 0);
}

static inline const struct trace_finding *story_found(const struct story *story,
                                                      enum trace_finding_id id)
{
    for (size_t i = 0; i < story->nfindings; i++)
        if (story->findings[i].id == id)
            return &story->findings[i];
    return NULL;
}

/* Exactly this one and no other. */
static inline const struct trace_finding *story_only(struct story *story, enum trace_finding_id id)
{
    story_find(story);
    for (size_t i = 0; i < story->nfindings; i++)
        cr_expect_eq(story->findings[i].id, id, "also %s: %s",
                     trace_finding_key(story->findings[i].id), story->findings[i].evidence);
    cr_assert_eq(story->nfindings, 1, "%zu findings", story->nfindings);
    return &story->findings[0];
}

#endif
