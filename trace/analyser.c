/* SPDX-License-Identifier: MIT */
#include "trace/analyser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "bench/value.h"
#include "trace/internal.h"
#include "trace/patterns.h"

void trace_options_init(struct trace_options *options)
{
    *options = (struct trace_options){
        .slow_call_ns = 100 * BENCH_NS_PER_MS,
        .deep_stack = 5,
        .track_netrefs = true,
        .track_stacks = true,
        .sample = 1,
        .seed = 1,
        .names_max = 16384,
        .connections_max = 4096,
        .references_max = 65536,
        .pending_max = 4096,
        .calls_max = 20000,
        .top = 20,
        .nodes_max = 16384,
        .message_bytes_max = 1 << 20,
    };
}

static int check_range(const char *what, uint64_t value, uint64_t least, uint64_t most,
                       struct bench_error *err)
{
    if (value >= least && value <= most)
        return 0;
    return bench_fail(err, -EINVAL, "%s is %llu, it must be %llu to %llu", what,
                      (unsigned long long)value, (unsigned long long)least,
                      (unsigned long long)most);
}

int trace_options_check(const struct trace_options *options, struct bench_error *err)
{
    const struct {
        const char *what;
        uint64_t value, least, most;
    } ranges[] = {
        {"names_max", options->names_max, 16, 1 << 24},
        {"connections_max", options->connections_max, 1, 1 << 20},
        {"references_max", options->references_max, 1, 1 << 24},
        {"pending_max", options->pending_max, 1, 1 << 20},
        {"calls_max", options->calls_max, 0, 1 << 24},
        {"top", options->top, 0, 10000},
        {"nodes_max", options->nodes_max, 1, 1 << 24},
        {"message_bytes_max", options->message_bytes_max, 1024, UINT64_C(1) << 32},
    };
    if (options->deep_stack < 1)
        return bench_fail(err, -EINVAL, "deep_stack is %d, it must be at least 1",
                          options->deep_stack);
    if (!(options->sample > 0 && options->sample <= 1))
        return bench_fail(err, -EINVAL, "sample is %g, it must be above 0 and at most 1",
                          options->sample);
    for (size_t i = 0; i < BENCH_COUNT_OF(ranges); i++) {
        const int rc =
            check_range(ranges[i].what, ranges[i].value, ranges[i].least, ranges[i].most, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int make_parts(struct trace_analyser *analyser)
{
    const struct trace_options *options = &analyser->options;
    struct trace_connections *connections = &analyser->connections;
    connections->nbuckets = 64;
    while (connections->nbuckets < options->connections_max)
        connections->nbuckets *= 2;
    connections->buckets = calloc(connections->nbuckets, sizeof(struct trace_conn *));
    if (connections->buckets == NULL)
        return -ENOMEM;
    int rc = bench_names_new(&analyser->names, options->names_max);
    if (rc == 0)
        rc = trace_calls_init(&analyser->calls, options);
    if (rc == 0)
        rc = trace_patterns_new(&analyser->patterns, options, analyser->names);
    return rc;
}

int trace_analyser_new(struct trace_analyser **out, const struct trace_options *options,
                       const struct bench_decoder_ops *const *decoders, struct bench_error *err)
{
    int rc = trace_options_check(options, err);
    if (rc < 0)
        return rc;
    struct trace_analyser *analyser = calloc(1, sizeof(*analyser));
    if (analyser == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    analyser->options = *options;
    analyser->decoders = decoders;
    analyser->begin_ns = analyser->window_begin_ns = INT64_MAX;
    analyser->rows.limit = analyser->references.limit = options->names_max;
    analyser->tree.limit = options->nodes_max;
    rc = make_parts(analyser);
    if (rc < 0) {
        trace_analyser_free(analyser);
        return bench_fail(err, rc, "out of memory");
    }
    *out = analyser;
    return 0;
}

static void free_texts(struct trace_texts *texts)
{
    for (size_t i = 0; i < texts->length; i++)
        free(texts->of[i]);
    free(texts->of);
}

static void forget_processes(struct trace_analyser *analyser, bool all)
{
    size_t left = 0;
    for (size_t i = 0; i < analyser->nprocesses; i++) {
        struct trace_process *process = &analyser->processes[i];
        if (all || process->end_ns != 0)
            free((char *)(uintptr_t)process->command);
        else
            analyser->processes[left++] = *process;
    }
    analyser->nprocesses = left;
}

void trace_analyser_free(struct trace_analyser *analyser)
{
    if (analyser == NULL)
        return;
    trace_connections_fini(analyser);
    trace_rows_clear(&analyser->rows);
    trace_calls_fini(&analyser->calls);
    trace_tree_fini(&analyser->tree);
    trace_sections_fini(&analyser->sections);
    trace_references_fini(&analyser->references);
    trace_patterns_free(analyser->patterns);
    free_texts(&analyser->places);
    free_texts(&analyser->errors);
    forget_processes(analyser, true);
    free(analyser->processes);
    bench_names_free(analyser->names);
    free(analyser);
}

size_t trace_text_copy(char *out, size_t size, const void *text, size_t length)
{
    const uint8_t *from = text;
    size_t used = 0;
    while (length > 0) {
        size_t n = bench_utf8_length(from, length);
        const bool bad = n == 0 || *from < 0x20 || *from == 0x7f ||
                         (n == 2 && from[0] == 0xc2 && from[1] < 0xa0); /* C1 controls */
        n = n == 0 ? 1 : n;
        const size_t adds = bad ? 1 : n;
        if (used + adds >= size)
            break;
        if (bad)
            out[used] = '?';
        else
            memcpy(out + used, from, n);
        used += adds;
        from += n;
        length -= n;
    }
    out[used] = '\0';
    return used;
}

static int widen_texts(struct trace_texts *texts, size_t least)
{
    if (least <= texts->room)
        return 0;
    size_t room = texts->room == 0 ? 16 : texts->room;
    while (room < least)
        room *= 2;
    char **of = realloc(texts->of, room * sizeof(*of));
    if (of == NULL)
        return -ENOMEM;
    texts->of = of;
    texts->room = room;
    return 0;
}

const char *trace_error_text(struct trace_analyser *analyser, const char *text)
{
    struct trace_texts *errors = &analyser->errors;
    char clean[TRACE_TEXT_BYTES];
    if (text == NULL)
        return NULL;
    (void)trace_text_copy(clean, sizeof(clean), text, strlen(text));
    for (size_t i = 0; i < errors->length; i++)
        if (strcmp(errors->of[i], clean) == 0)
            return errors->of[i];
    if (errors->length == TRACE_ERRORS_MAX)
        return "(others)";
    char *copy = strdup(clean);
    if (copy == NULL || widen_texts(errors, errors->length + 1) < 0) {
        free(copy);
        analyser->limits.memory++;
        return NULL;
    }
    return errors->of[errors->length++] = copy;
}

static void on_place(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    struct trace_texts *places = &analyser->places;
    char clean[TRACE_TEXT_BYTES];
    if (piece->place == 0 || piece->place >= TRACE_PLACES_MAX) {
        analyser->limits.places++;
        return;
    }
    (void)trace_text_copy(clean, sizeof(clean), piece->data, piece->length);
    char *copy = strdup(clean);
    if (copy == NULL || widen_texts(places, piece->place + 1) < 0) {
        free(copy);
        analyser->limits.memory++;
        return;
    }
    while (places->length <= piece->place)
        places->of[places->length++] = NULL;
    free(places->of[piece->place]);
    places->of[piece->place] = copy;
}

static void on_process(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    char command[TRACE_COMMAND_BYTES];
    if (analyser->nprocesses == TRACE_PROCESSES_MAX) {
        analyser->limits.processes++;
        return;
    }
    if (analyser->nprocesses == analyser->processes_room) {
        const size_t room = analyser->processes_room == 0 ? 8 : analyser->processes_room * 2;
        struct trace_process *more = realloc(analyser->processes, room * sizeof(*more));
        if (more == NULL) {
            analyser->limits.memory++;
            return;
        }
        analyser->processes = more;
        analyser->processes_room = room;
    }
    (void)trace_text_copy(command, sizeof(command), piece->data, piece->length);
    char *copy = strdup(command);
    if (copy == NULL) {
        analyser->limits.memory++;
        return;
    }
    analyser->processes[analyser->nprocesses++] = (struct trace_process){
        .pid = piece->process, .command = copy, .begin_ns = piece->time_ns};
}

static void on_exit_of(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    for (size_t i = analyser->nprocesses; i > 0; i--) {
        struct trace_process *process = &analyser->processes[i - 1];
        if (process->pid == piece->process && process->end_ns == 0) {
            process->end_ns = piece->time_ns;
            break;
        }
    }
    if (piece->process == 0)
        return;
    trace_sections_exit(analyser, piece->process);
    trace_connections_end(analyser, piece->process, piece->time_ns);
}

void trace_analyser_piece(const struct bench_piece *piece, void *user)
{
    struct trace_analyser *analyser = user;
    if (piece->time_ns < analyser->begin_ns)
        analyser->begin_ns = piece->time_ns;
    if (piece->time_ns > analyser->end_ns)
        analyser->end_ns = piece->time_ns;
    switch (piece->kind) {
    case BENCH_PIECE_OPEN:
    case BENCH_PIECE_DATA:
    case BENCH_PIECE_GAP:
    case BENCH_PIECE_CLOSE:
        trace_connections_piece(analyser, piece);
        break;
    case BENCH_PIECE_PROCESS:
        on_process(analyser, piece);
        break;
    case BENCH_PIECE_EXIT:
        on_exit_of(analyser, piece);
        break;
    case BENCH_PIECE_PLACE:
        on_place(analyser, piece);
        break;
    case BENCH_PIECE_MARK_BEGIN:
        if (analyser->options.track_stacks)
            trace_sections_begin(analyser, piece);
        break;
    case BENCH_PIECE_MARK_END:
        trace_sections_end(analyser, piece);
        break;
    }
}

void trace_analyser_dropped(struct trace_analyser *analyser, uint64_t pieces)
{
    analyser->limits.dropped += pieces;
}

static void tell_if_slow(struct trace_analyser *analyser, struct trace_conn *conn,
                         enum bench_direction direction, int64_t latest_ns, int64_t now_ns)
{
    struct trace_control *control = &conn->control;
    for (uint32_t i = control->oldest[direction]; i != 0;) {
        struct trace_pending *pending = &control->slots[i - 1];
        i = pending->newer;
        if (pending->start_ns > latest_ns)
            return;
        if (pending->unawaited || pending->overlapped || pending->reported)
            continue;
        struct trace_call call;
        pending->reported = true;
        trace_call_of(conn, pending, now_ns, &call);
        analyser->options.slow(&call, false, analyser->options.slow_user);
    }
}

void trace_analyser_tick(struct trace_analyser *analyser, int64_t now_ns)
{
    const int64_t slow_ns = analyser->options.slow_call_ns;
    if (slow_ns < 0 || analyser->options.slow == NULL)
        return;
    /* When all calls are slow, those that take a moment are told of when they are over. */
    const int64_t latest_ns = now_ns - (slow_ns > 0 ? slow_ns : BENCH_NS_PER_S);
    for (struct trace_conn *conn = analyser->connections.first; conn != NULL; conn = conn->after)
        for (int d = 0; d < 2; d++)
            tell_if_slow(analyser, conn, (enum bench_direction)d, latest_ns, now_ns);
}

void trace_analyser_finish(struct trace_analyser *analyser)
{
    trace_connections_end(analyser, 0, analyser->end_ns);
}

/* Requests and objects that are open learn the new numbers of their sections, and lose their node.
 */
static void renumber(struct trace_conn *conn, const uint32_t *map)
{
    struct trace_control *control = &conn->control;
    for (int d = 0; d < 2; d++) {
        for (uint32_t i = control->oldest[d]; i != 0; i = control->slots[i - 1].newer) {
            control->slots[i - 1].section = map[control->slots[i - 1].section];
            control->slots[i - 1].node = 0;
        }
    }
    for (size_t i = 0; i < conn->alive.room; i++)
        conn->alive.slots[i].section = map[conn->alive.slots[i].section];
    conn->last_row = NULL;
    conn->last_node = conn->last_section = 0;
}

void trace_analyser_reset(struct trace_analyser *analyser)
{
    uint32_t map[TRACE_SECTIONS_MAX + 1];
    trace_sections_clear(&analyser->sections, map);
    trace_tree_fini(&analyser->tree);
    trace_connections_clear(analyser);
    for (struct trace_conn *conn = analyser->connections.first; conn != NULL; conn = conn->after)
        renumber(conn, map);
    trace_rows_clear(&analyser->rows);
    trace_calls_clear(&analyser->calls);
    trace_references_clear(&analyser->references);
    trace_patterns_reset(analyser->patterns);
    forget_processes(analyser, false);
    analyser->limits = (struct trace_limits){0};
    analyser->begin_ns = analyser->end_ns > 0 ? analyser->end_ns : INT64_MAX;
    analyser->window_before = (struct trace_totals){0};
    analyser->window_depth = 0;
    analyser->window_begin_ns = analyser->begin_ns;
}

const struct bench_names *trace_analyser_names(const struct trace_analyser *analyser)
{
    return analyser->names;
}

const struct trace_patterns *trace_analyser_patterns(const struct trace_analyser *analyser)
{
    return analyser->patterns;
}

const char *trace_analyser_place(const struct trace_analyser *analyser, uint32_t place)
{
    const struct trace_texts *places = &analyser->places;
    return place < places->length && places->of[place] != NULL ? places->of[place] : "";
}
