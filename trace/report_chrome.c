/* SPDX-License-Identifier: MIT */
/*
 * Trace Event Format, for chrome://tracing and ui.perfetto.dev. A call is a complete event (X) on
 * the track of its thread; a viewer wants the slices of a track to lie within each other, so that
 * calls which overlap become asynchronous events (b, e). Requests of the server have a track of
 * their own beside the thread that serves them, joined to the call that they belong to by an arrow
 * (s, f). Times in microseconds since the beginning of the profile.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "trace/report_write.h"

#define UNKNOWN_PID 4194305 /* above what Linux gives out (2^22) */
#define REAL_DIGITS 15
#define DEPTH_MAX   128 /* slices within each other that are followed on a track */

enum track_kind { TRACK_SECTIONS, TRACK_THREAD, TRACK_SERVER };

struct track {
    enum track_kind kind;
    uint32_t process;
    uint64_t thread;     /* 0: the tap does not know */
    uint64_t connection; /* of a track without thread */
    int64_t ends[DEPTH_MAX];
    int depth;
};

struct chrome {
    const struct trace_profile *profile;
    FILE *out;
    struct track *tracks;
    size_t ntracks;
    uint64_t next_id; /* of flows and asynchronous events */
    bool begun, failed;
};

static double us(int64_t ns) { return (double)ns / (double)BENCH_NS_PER_US; }

static uint32_t pid_of(uint32_t process) { return process != 0 ? process : UNKNOWN_PID; }

/* Takes event; NULL is a failure. */
static void emit(struct chrome *chrome, json_t *event)
{
    if (event == NULL) {
        chrome->failed = true;
        return;
    }
    fputs(chrome->begun ? ",\n" : "\n", chrome->out);
    chrome->begun = true;
    if (json_dumpf(event, chrome->out, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS)) != 0 &&
        !ferror(chrome->out))
        chrome->failed = true;
    json_decref(event);
}

static json_t *event(const char *phase, uint32_t process, size_t track, int64_t since_ns,
                     const char *name, const char *category)
{
    return json_pack("{ss,so,ss,sI,sI,sf}", "ph", phase, "name",
                     bench_json_text(trace_clean(name).s), "cat", category, "pid",
                     (json_int_t)pid_of(process), "tid", (json_int_t)track + 1, "ts", us(since_ns));
}

static json_t *with(json_t *event, const char *key, json_t *value)
{
    if (event == NULL || json_object_set_new(event, key, value) != 0) {
        json_decref(event);
        return NULL;
    }
    return event;
}

/* ---- tracks ---- */

/* Index, SIZE_MAX without memory. Threads are few; the last one found is tried first. */
static size_t track_of(struct chrome *chrome, enum track_kind kind, uint32_t process,
                       uint64_t thread, uint64_t connection)
{
    struct track wanted = {.kind = kind,
                           .process = process,
                           .thread = thread,
                           .connection = thread != 0 ? 0 : connection};
    for (size_t i = chrome->ntracks; i-- > 0;) {
        const struct track *track = &chrome->tracks[i];
        if (track->kind == kind && track->process == process && track->thread == thread &&
            track->connection == wanted.connection)
            return i;
    }
    struct track *tracks = realloc(chrome->tracks, (chrome->ntracks + 1) * sizeof(*tracks));
    if (tracks == NULL) {
        chrome->failed = true;
        return SIZE_MAX;
    }
    chrome->tracks = tracks;
    tracks[chrome->ntracks] = wanted;
    return chrome->ntracks++;
}

/* Whether a slice fits on a track: after those before it, or within them. */
static bool nests(struct track *track, int64_t start_ns, int64_t end_ns)
{
    while (track->depth > 0 && track->ends[track->depth - 1] <= start_ns)
        track->depth--;
    if (track->depth > 0 && track->ends[track->depth - 1] < end_ns)
        return false;
    if (track->depth == DEPTH_MAX)
        return false;
    track->ends[track->depth++] = end_ns;
    return true;
}

static void name_track(struct chrome *chrome, size_t i)
{
    const struct track *track = &chrome->tracks[i];
    char text[96], owner[48];
    if (track->thread != 0)
        (void)snprintf(owner, sizeof(owner), "thread %" PRIu64, track->thread);
    else
        (void)snprintf(owner, sizeof(owner), "connection %" PRIu64, track->connection);
    (void)snprintf(text, sizeof(text), "%s%s",
                   track->kind == TRACK_SECTIONS ? "sections of "
                   : track->kind == TRACK_SERVER ? "the server's requests, "
                                                 : "",
                   owner);
    json_t *name = event("M", track->process, i, 0, "thread_name", "__metadata");
    emit(chrome, with(name, "args", json_pack("{ss}", "name", text)));
    json_t *order = event("M", track->process, i, 0, "thread_sort_index", "__metadata");
    emit(chrome, with(order, "args", json_pack("{sI}", "sort_index", (json_int_t)i)));
}

static void name_process(struct chrome *chrome, uint32_t process, const char *command)
{
    json_t *name = event("M", process, 0, 0, "process_name", "__metadata");
    emit(chrome,
         with(name, "args", json_pack("{so}", "name", bench_json_text(trace_clean(command).s))));
}

/* ---- calls ---- */

static json_t *call_args(const struct trace_profile *profile, const struct trace_call *call)
{
    const char *place = trace_place(profile, call->place);
    json_t *args = json_pack("{ss,sI,sI,sI,sI,sI,sf}", "verb", trace_verb_key(call->verb),
                             "connection", (json_int_t)call->connection, "request",
                             (json_int_t)call->id, "depth", (json_int_t)call->depth,
                             "request bytes", (json_int_t)call->wire_bytes[0], "answer bytes",
                             (json_int_t)call->wire_bytes[1], "nested us", us(call->nested_ns));
    if (place[0] != '\0')
        args = with(args, "place", bench_json_text(trace_clean(place).s));
    if (call->failed)
        args = with(args, "error", bench_json_text(trace_clean(call->error).s));
    return args;
}

static size_t call_track(struct chrome *chrome, const struct trace_call *call)
{
    return track_of(chrome, call->direction == BENCH_TO_CLIENT ? TRACK_SERVER : TRACK_THREAD,
                    call->process, call->thread, call->connection);
}

static void write_async(struct chrome *chrome, const struct trace_call *call, size_t track,
                        const char *name, const char *category)
{
    static const char *const phases[] = {"b", "e"};
    uint64_t id = ++chrome->next_id;
    for (int k = 0; k < 2; k++) {
        int64_t at = trace_since(chrome->profile, k == 0 ? call->start_ns : call->end_ns);
        json_t *json = event(phases[k], call->process, track, at, name, category);
        json = with(json, "id", json_integer((json_int_t)id));
        if (k == 0)
            json = with(json, "args", call_args(chrome->profile, call));
        emit(chrome, json);
    }
}

/* An arrow from the call that a request belongs to. */
static void write_flow(struct chrome *chrome, const struct trace_call *from,
                       const struct trace_call *to, size_t track)
{
    size_t source = call_track(chrome, from);
    int64_t at = trace_since(chrome->profile, to->start_ns);
    uint64_t id = ++chrome->next_id;
    if (source == SIZE_MAX)
        return;
    json_t *start = event("s", from->process, source, at, "nested", "nested");
    emit(chrome, with(start, "id", json_integer((json_int_t)id)));
    json_t *finish = event("f", to->process, track, at, "nested", "nested");
    finish = with(finish, "id", json_integer((json_int_t)id));
    emit(chrome, with(finish, "bp", json_string("e")));
}

static const struct trace_call *parent_of(const struct trace_profile *profile, size_t at)
{
    const struct trace_call *call = &profile->calls[at];
    /* It began earlier, and mostly just before. */
    for (size_t i = at; call->parent != 0 && i-- > 0 && at - i < 2000;) {
        if (profile->calls[i].connection == call->connection &&
            profile->calls[i].id == call->parent)
            return &profile->calls[i];
    }
    return NULL;
}

static void write_call(struct chrome *chrome, size_t i)
{
    const struct trace_profile *profile = chrome->profile;
    const struct trace_call *call = &profile->calls[i];
    struct trace_line name = trace_name_text(profile->names, call->name);
    int64_t took = call->end_ns > call->start_ns ? call->end_ns - call->start_ns : 0;
    const char *category = call->direction == BENCH_TO_CLIENT ? "to_client" : "to_server";
    size_t track = call_track(chrome, call);
    if (track == SIZE_MAX)
        return;
    if (call->unawaited || call->overlapped ||
        !nests(&chrome->tracks[track], call->start_ns, call->start_ns + took)) {
        write_async(chrome, call, track, name.s, category);
        return;
    }
    json_t *json =
        event("X", call->process, track, trace_since(profile, call->start_ns), name.s, category);
    json = with(json, "dur", json_real(us(took)));
    emit(chrome, with(json, "args", call_args(profile, call)));
    const struct trace_call *parent = parent_of(profile, i);
    if (parent != NULL && !parent->unawaited && !parent->overlapped)
        write_flow(chrome, parent, call, track);
}

/* ---- sections ---- */

/* What is known of one that ran several times is when it began and how long it took together. */
static void write_section(struct chrome *chrome, size_t i)
{
    const struct trace_profile *profile = chrome->profile;
    const struct trace_section *section = &profile->sections[i];
    struct trace_line name = trace_clean(section->name), text;
    size_t track = track_of(chrome, TRACK_SECTIONS, section->process, section->thread, 0);
    if (track == SIZE_MAX)
        return;
    (void)snprintf(text.s, sizeof(text.s), "%.900s", name.s);
    if (section->count > 1)
        (void)snprintf(text.s, sizeof(text.s), "%.900s (%" PRIu64 " times)", name.s,
                       section->count);
    json_t *args = json_pack("{sI,sI,sf,sb}", "times", (json_int_t)section->count, "round trips",
                             (json_int_t)trace_both(section->totals.round_trips), "waiting us",
                             us(trace_waited(&section->totals)), "ended", !section->open);
    bool fits =
        nests(&chrome->tracks[track], section->begin_ns, section->begin_ns + section->total_ns);
    json_t *json = event(fits ? "X" : "b", section->process, track,
                         trace_since(profile, section->begin_ns), text.s, "section");
    json = with(json, "args", args);
    if (fits) {
        emit(chrome, with(json, "dur", json_real(us(section->total_ns))));
        return;
    }
    uint64_t id = ++chrome->next_id;
    emit(chrome, with(json, "id", json_integer((json_int_t)id)));
    json = event("e", section->process, track,
                 trace_since(profile, section->begin_ns + section->total_ns), text.s, "section");
    emit(chrome, with(json, "id", json_integer((json_int_t)id)));
}

/* By beginning, the longer one first: slices have to come in the order of their nesting. */
static int by_begin(const void *a, const void *b)
{
    const struct trace_section *const *x = a, *const *y = b;
    if ((*x)->begin_ns != (*y)->begin_ns)
        return (*x)->begin_ns < (*y)->begin_ns ? -1 : 1;
    if ((*x)->total_ns != (*y)->total_ns)
        return (*x)->total_ns > (*y)->total_ns ? -1 : 1;
    return (*x > *y) - (*x < *y);
}

static void write_sections(struct chrome *chrome)
{
    const struct trace_profile *profile = chrome->profile;
    const struct trace_section **order =
        calloc(profile->nsections + 1, sizeof(const struct trace_section *));
    if (order == NULL) {
        chrome->failed = true;
        return;
    }
    for (size_t i = 0; i < profile->nsections; i++)
        order[i] = &profile->sections[i];
    if (profile->nsections > 0)
        qsort(order, profile->nsections, sizeof(const struct trace_section *), by_begin);
    for (size_t i = 0; i < profile->nsections; i++)
        write_section(chrome, (size_t)(order[i] - profile->sections));
    free(order);
}

/* ---- the whole ---- */

static void write_notes(const struct chrome *chrome)
{
    const struct trace_profile *profile = chrome->profile;
    fprintf(chrome->out,
            "\n],\n\"displayTimeUnit\": \"ns\",\n\"otherData\": {\"calls stride\": "
            "%" PRIu64 ", \"notes\": [",
            profile->calls_stride);
    for (size_t i = 0; i < profile->nnotes; i++) {
        json_t *note = bench_json_text(trace_clean(profile->notes[i]).s);
        fputs(i > 0 ? ", " : "", chrome->out);
        if (note == NULL || json_dumpf(note, chrome->out, JSON_ENCODE_ANY) != 0)
            fputs("null", chrome->out);
        json_decref(note);
    }
    fputs("]}\n}\n", chrome->out);
}

int trace_write_chrome(const struct trace_profile *profile, FILE *out)
{
    struct chrome chrome = {.profile = profile, .out = out};
    fputs("{\"traceEvents\": [", out);
    for (size_t i = 0; i < profile->nprocesses; i++)
        name_process(&chrome, profile->processes[i].pid, profile->processes[i].command);
    write_sections(&chrome);
    for (size_t i = 0; i < profile->ncalls; i++)
        write_call(&chrome, i);
    for (size_t i = 0; i < chrome.ntracks; i++)
        name_track(&chrome, i);
    write_notes(&chrome);
    free(chrome.tracks);
    int rc = trace_written(out);
    return rc == 0 && chrome.failed ? -ENOMEM : rc;
}
