/* SPDX-License-Identifier: MIT */
#include "trace/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { NOTES_MAX = 24, NOTE_BYTES = 240 };

struct notes {
    struct trace_memory *memory;
    const char **lines;
    size_t count;
    bool failed;
};

static void note(struct notes *notes, const char *format, ...) BENCH_PRINTF(2, 3);
static void note(struct notes *notes, const char *format, ...)
{
    char line[NOTE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (notes->count == NOTES_MAX)
        return;
    const char *copy = trace_memory_text(notes->memory, line);
    if (copy == NULL)
        notes->failed = true;
    else
        notes->lines[notes->count++] = copy;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static const char *is(uint64_t n)
{
    return n == 1 ? "is" : "are";
}

static void about_connections(struct notes *notes, const struct trace_limits *limits)
{
    if (limits->encrypted > 0)
        note(notes,
             "%" PRIu64 " connection%s %s encrypted (TLS): %" PRIu64
             " bytes that only the program itself can read; profile the program, not the wire",
             limits->encrypted, plural(limits->encrypted), is(limits->encrypted),
             limits->encrypted_bytes);
    if (limits->foreign > 0)
        note(notes,
             "%" PRIu64 " connection%s speak%s something else: %" PRIu64 " bytes were not read",
             limits->foreign, plural(limits->foreign), limits->foreign == 1 ? "s" : "",
             limits->foreign_bytes);
    if (limits->joined > 0)
        note(notes,
             "%" PRIu64 " connection%s %s open already: what happened before, and names that come "
             "from there, %s not known",
             limits->joined, plural(limits->joined), limits->joined == 1 ? "was" : "were",
             "are");
    if (limits->sampled > 0)
        note(notes,
             "%" PRIu64 " connection%s %s not in the sample: %" PRIu64 " bytes were counted only",
             limits->sampled, plural(limits->sampled), is(limits->sampled),
             limits->sampled_bytes);
}

static void about_losses(struct notes *notes, const struct trace_limits *limits, uint64_t lost)
{
    if (limits->dropped > 0)
        note(notes, "%" PRIu64 " piece%s dropped, as they came faster than they could be read: "
                    "counts and times are too low",
             limits->dropped, limits->dropped == 1 ? " was" : "s were");
    if (limits->gaps > 0)
        note(notes, "bytes are missing in %" PRIu64 " place%s: counts and times are too low",
             limits->gaps, plural(limits->gaps));
    if (lost > 0)
        note(notes, "%" PRIu64 " time%s bytes made no sense or were missing: messages were lost",
             lost, plural(lost));
    if (limits->memory > 0)
        note(notes, "out of memory %" PRIu64 " time%s: counts are too low", limits->memory,
             plural(limits->memory));
}

static void about_bounds(struct notes *notes, const struct trace_analyser *analyser)
{
    const struct trace_limits *limits = &analyser->limits;
    const struct trace_options *options = &analyser->options;
    if (limits->connections + limits->connections_bytes > 0)
        note(notes,
             "more than %" PRIu32 " connections at a time: %" PRIu64 " bytes of others were only "
             "counted",
             options->connections_max, limits->connections_bytes);
    if (limits->merged > 0)
        note(notes,
             "%" PRIu64 " connection%s that ended %s no row: they stand together as (others)",
             limits->merged, plural(limits->merged), limits->merged == 1 ? "has" : "have");
    if (limits->rows > 0 || bench_names_count(analyser->names) >= options->names_max)
        note(notes, "there are more than %" PRIu32 " names: the rest stands as (others)",
             options->names_max);
    if (limits->nodes > 0)
        note(notes, "the call tree has more than %" PRIu32 " nodes: the rest stands as (others)",
             options->nodes_max);
    if (limits->pending > 0)
        note(notes,
             "more than %" PRIu32 " unanswered requests on a connection: the %" PRIu64
             " oldest count as never answered",
             options->pending_max, limits->pending);
    if (limits->references > 0)
        note(notes,
             "more than %" PRIu32 " objects on a connection: %" PRIu64 " were counted, not followed",
             options->references_max, limits->references);
    if (limits->sections > 0)
        note(notes, "%" PRIu64 " mark%s of sections beyond the limits (%d names, %d in each other)",
             limits->sections, plural(limits->sections), TRACE_SECTIONS_MAX, TRACE_MARKS_MAX);
    if (limits->places > 0)
        note(notes, "%" PRIu64 " places of code beyond the limit of %d", limits->places,
             TRACE_PLACES_MAX);
    if (limits->processes > 0)
        note(notes, "%" PRIu64 " processes beyond the limit of %d are not listed",
             limits->processes, TRACE_PROCESSES_MAX);
    if (limits->shared > 0)
        note(notes,
             "%" PRIu64 " overlapped request%s of threads that share a connection: one thread may "
             "have sent what another waited for",
             limits->shared, plural(limits->shared));
    if (analyser->calls.stride > 1)
        note(notes, "of the single calls 1 in %" PRIu64 " is in the timeline",
             analyser->calls.stride);
}

int trace_notes(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    struct notes notes = {.memory = profile->memory};
    notes.lines = trace_memory_take(profile->memory, NOTES_MAX * sizeof(*notes.lines));
    if (notes.lines == NULL)
        return -ENOMEM;
    about_connections(&notes, &analyser->limits);
    about_losses(&notes, &analyser->limits, profile->totals.lost);
    about_bounds(&notes, analyser);
    profile->notes = notes.lines;
    profile->nnotes = notes.count;
    return notes.failed ? -ENOMEM : 0;
}
