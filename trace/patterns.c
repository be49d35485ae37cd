/* SPDX-License-Identifier: MIT */
#include "trace/patterns_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGE_BYTES = 64000, /* a message above is written in parts, of which the last may wait for
                            the peer's delayed acknowledgement */
    COMPRESSED_FROM_BYTES = 4096, /* smaller ones are not worth a finding */
};
/* Linux acknowledges after 40 ms at the latest; timers of a 250 Hz kernel add up to 4 ms. */
static const int64_t stall_min_ns = 38000000, stall_max_ns = 60000000;

static void clear(struct trace_patterns *patterns)
{
    for (size_t i = 0; i < patterns->ngroups; i++) {
        bench_sketch_fini(&patterns->groups[i].time);
        bench_sketch_fini(&patterns->groups[i].gap);
        bench_sketch_fini(&patterns->groups[i].after);
    }
    patterns->ngroups = 0;
    patterns->without_room = 0;
    patterns->frame_bytes = UINT64_MAX;
}

int trace_patterns_new(struct trace_patterns **out, const struct trace_options *options,
                       const struct bench_names *names)
{
    struct trace_patterns *patterns = calloc(1, sizeof(*patterns));
    if (!patterns)
        return -ENOMEM;
    patterns->options = options;
    patterns->names = names;
    patterns->groups_max = TRACE_GROUPS_MAX;
    patterns->index_size = (size_t)TRACE_GROUPS_MAX * 2;
    patterns->frame_bytes = UINT64_MAX;
    patterns->index = calloc(patterns->index_size, sizeof(*patterns->index));
    if (!patterns->index) {
        trace_patterns_free(patterns);
        return -ENOMEM;
    }
    *out = patterns;
    return 0;
}

void trace_patterns_free(struct trace_patterns *patterns)
{
    if (!patterns)
        return;
    clear(patterns);
    free(patterns->groups);
    free(patterns->index);
    free(patterns);
}

void trace_patterns_reset(struct trace_patterns *patterns)
{
    clear(patterns);
    memset(patterns->index, 0, patterns->index_size * sizeof(*patterns->index));
    memset(patterns->last, 0, sizeof(patterns->last));
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    return x ^ (x >> 29);
}

/* The place in the index where such a group is, or would be. */
static uint32_t *seat(const struct trace_patterns *patterns, uint32_t name, unsigned verb,
                      enum bench_direction direction)
{
    uint64_t hash = mix((uint64_t)name << 8 | verb << 1 | (unsigned)direction);
    for (size_t i = (size_t)hash & (patterns->index_size - 1);;
         i = (i + 1) & (patterns->index_size - 1)) {
        uint32_t *at = &patterns->index[i];
        const struct trace_group *group = *at ? &patterns->groups[*at - 1] : NULL;
        if (!group || (group->name == name && group->verb == verb && group->direction == direction))
            return at;
    }
}

const struct trace_group *trace_patterns_group(const struct trace_patterns *patterns, uint32_t name,
                                               unsigned verb, enum bench_direction direction)
{
    uint32_t at = *seat(patterns, name, verb, direction);
    return at ? &patterns->groups[at - 1] : NULL;
}

static bool grow(struct trace_patterns *patterns)
{
    if (patterns->ngroups < patterns->groups_size)
        return true;
    if (patterns->ngroups == patterns->groups_max)
        return false;
    size_t size = patterns->groups_size ? patterns->groups_size * 2 : 64;
    struct trace_group *groups = reallocarray(patterns->groups, size, sizeof(*groups));
    if (!groups)
        return false;
    patterns->groups = groups;
    patterns->groups_size = size;
    return true;
}

/* NULL: no room. */
static struct trace_group *group_of(struct trace_patterns *patterns, uint32_t name, unsigned verb,
                                    enum bench_direction direction)
{
    uint32_t *at = seat(patterns, name, verb, direction);
    if (!*at) {
        if (!grow(patterns)) {
            patterns->without_room++;
            return NULL;
        }
        patterns->groups[patterns->ngroups] =
            (struct trace_group){.name = name, .verb = verb, .direction = direction};
        *at = (uint32_t)++patterns->ngroups;
    }
    return &patterns->groups[*at - 1];
}

/* Without memory its sum is still known. */
static void add(struct bench_sketch *sketch, int64_t ns) { (void)bench_sketch_record(sketch, ns); }

/* The majority, if there is one (Boyer and Moore): one counter whatever the number of places. */
static void vote(struct trace_group *group, uint32_t place)
{
    if (place == 0)
        return;
    if (group->place_votes == 0)
        group->place = place;
    if (group->place == place)
        group->place_votes++;
    else
        group->place_votes--;
}

static void count_answer(struct trace_group *group, const struct trace_call *call)
{
    if (call->failed) {
        group->failed++;
        if (call->error)
            (void)snprintf(group->error, sizeof(group->error), "%s", call->error);
        return;
    }
    switch (call->outcome) {
    case BENCH_OUTCOME_CALLABLE:
        group->callables++;
        break;
    case BENCH_OUTCOME_OBJECT:
    case BENCH_OUTCOME_OBJECTS:
        group->objects++;
        break;
    case BENCH_OUTCOME_VALUE:
        group->values++;
        break;
    case BENCH_OUTCOME_NONE:
    case BENCH_OUTCOME_END:
        break;
    }
    if (call->verb == BENCH_VERB_NEXT) {
        if (call->outcome != BENCH_OUTCOME_END && call->outcome != BENCH_OUTCOME_NONE)
            group->elements += call->items ? call->items : 1;
        else
            group->elements += call->items;
    }
}

/* A compressor that shrinks nothing makes a message longer than its frame alone would. */
static void count_in_vain(struct trace_patterns *patterns, struct trace_group *group,
                          uint64_t plain, uint64_t wire)
{
    if (wire < plain) {
        if (plain < COMPRESSED_FROM_BYTES || (double)wire < 0.95 * (double)plain)
            return;
    } else {
        uint64_t around = wire - plain;
        if (around < patterns->frame_bytes)
            patterns->frame_bytes = around;
        if (plain < COMPRESSED_FROM_BYTES || around <= patterns->frame_bytes)
            return;
    }
    group->in_vain++;
    group->in_vain_bytes += plain;
}

static bool is_stall(int64_t ns) { return ns >= stall_min_ns && ns <= stall_max_ns; }

/* The pause is seen within a message (relay, capture), or its whole lateness (preloaded library:
 * the kernel holds the rest back after the program has handed it over). */
static void count_stall(struct trace_group *group, const struct trace_call *call, int64_t own_ns)
{
    int64_t stalled = 0;
    if (call->wire_bytes[0] > LARGE_BYTES && is_stall(call->request_pause_ns))
        stalled = call->request_pause_ns;
    else if (call->wire_bytes[1] > LARGE_BYTES && is_stall(call->answer_pause_ns))
        stalled = call->answer_pause_ns;
    else if (call->wire_bytes[0] > LARGE_BYTES && is_stall(own_ns))
        stalled = own_ns < 40000000 ? own_ns : 40000000;
    if (stalled) {
        group->stalled++;
        group->stalled_ns += (double)stalled;
    } else if (is_stall(own_ns)) {
        group->late++;
        group->late_ns += (double)own_ns;
    }
}

/* The place of this thread of control; unless known, another has it. */
static struct trace_last *last_of(struct trace_patterns *patterns, const struct trace_call *call,
                                  bool *known)
{
    uint64_t hash = mix(call->connection * 31 + call->thread * 2 + (unsigned)call->direction);
    struct trace_last *last = &patterns->last[hash % TRACE_LAST_SLOTS];
    *known = last->connection == call->connection && last->thread == call->thread &&
             last->direction == call->direction;
    return last;
}

static void count_unawaited(struct trace_patterns *patterns, const struct trace_call *call)
{
    bool known;
    struct trace_last *last = last_of(patterns, call, &known);
    if (known)
        last->unawaited_ns = call->start_ns;
}

/* The time between two requests belongs to the second, but what follows a description is the
 * library making a class of it: that belongs to the description. */
static void count_gap(struct trace_patterns *patterns, struct trace_group *group,
                      const struct trace_call *call)
{
    bool known;
    struct trace_last *last = last_of(patterns, call, &known);
    if (call->before_ns >= 0) {
        struct trace_group *before = NULL;
        if (known && last->group && last->end_ns + call->before_ns == call->start_ns) {
            before = &patterns->groups[last->group - 1];
            if (last->unawaited_ns >= last->end_ns && last->unawaited_ns <= call->start_ns)
                group->held++;
        }
        if (before && before->verb == BENCH_VERB_DESCRIBE)
            add(&before->after, call->before_ns);
        else
            add(&group->gap, call->before_ns);
    }
    *last = (struct trace_last){
        .connection = call->connection,
        .thread = call->thread,
        .direction = call->direction,
        .end_ns = call->end_ns,
        .unawaited_ns = INT64_MIN,
        .group = (uint32_t)(group - patterns->groups) + 1,
    };
}

void trace_patterns_call(struct trace_patterns *patterns, const struct trace_call *call)
{
    struct trace_group *group = group_of(patterns, call->name, call->verb, call->direction);
    if (!group)
        return;
    group->count++;
    group->class_name = call->class_name;
    group->plain_bytes[0] += call->plain_bytes[0];
    group->plain_bytes[1] += call->plain_bytes[1];
    group->wire_bytes[0] += call->wire_bytes[0];
    group->wire_bytes[1] += call->wire_bytes[1];
    count_in_vain(patterns, group, call->plain_bytes[0], call->wire_bytes[0]);
    count_in_vain(patterns, group, call->plain_bytes[1], call->wire_bytes[1]);
    count_answer(group, call);
    vote(group, call->place);
    if (call->depth > group->depth_max)
        group->depth_max = call->depth;
    if (call->depth >= patterns->options->deep_stack)
        group->deep++;
    if (call->depth > 1)
        group->nested++;
    if (call->unawaited)
        count_unawaited(patterns, call);
    if (call->unawaited || call->overlapped)
        return;
    int64_t whole = call->end_ns - call->start_ns, own = whole - call->nested_ns;
    group->awaited++;
    group->whole_ns += (double)whole;
    add(&group->time, own);
    count_gap(patterns, group, call);
    count_stall(group, call, own);
    /* A threshold of 0 lists all calls, but a call is not a cause for that. */
    if (patterns->options->slow_call_ns > 0 && own >= patterns->options->slow_call_ns) {
        group->slow++;
        group->slow_ns += (double)own;
    }
}

void trace_patterns_reference(struct trace_patterns *patterns, const struct bench_event *event)
{
    if (event->kind != BENCH_EVENT_REFERENCE)
        return; /* what comes back is in the profile's rows */
    struct trace_group *group =
        group_of(patterns, event->name, TRACE_VERB_OBJECTS, event->direction);
    if (group)
        group->created++;
}

void trace_patterns_connection_closed(struct trace_patterns *patterns, uint64_t connection,
                                      const struct trace_connection *row)
{
    (void)row; /* its references are in the profile's rows by name */
    for (size_t i = 0; i < TRACE_LAST_SLOTS; i++)
        if (patterns->last[i].connection == connection)
            patterns->last[i] = (struct trace_last){0};
}
