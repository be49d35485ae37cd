/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/internal.h"

uint32_t trace_index_get(const struct trace_index *index, uint32_t name,
                         enum bench_direction direction)
{
    const size_t i = (size_t)name * 2 + direction;
    return i < index->length ? index->of[i] : 0;
}

int trace_index_set(struct trace_index *index, uint32_t name, enum bench_direction direction,
                    uint32_t number)
{
    const size_t i = (size_t)name * 2 + direction;
    if (i >= index->length) {
        const size_t length = (i + 1) * 2;
        uint32_t *of = realloc(index->of, length * sizeof(*of));
        if (of == NULL)
            return -ENOMEM;
        memset(of + index->length, 0, (length - index->length) * sizeof(*of));
        index->of = of;
        index->length = length;
    }
    index->of[i] = number;
    return 0;
}

void trace_rows_clear(struct trace_rows *rows)
{
    for (size_t i = 0; i < rows->length; i++) {
        bench_sketch_fini(&rows->rows[i]->hist);
        bench_sketch_fini(&rows->rows[i]->before_hist);
        free(rows->rows[i]);
    }
    free(rows->rows);
    free(rows->index.of);
    *rows = (struct trace_rows){.limit = rows->limit};
}

static struct trace_row *add_row(struct trace_rows *rows, uint32_t name,
                                 enum bench_direction direction)
{
    if (rows->length == rows->room) {
        const size_t room = rows->room == 0 ? 64 : rows->room * 2;
        struct trace_row **more = realloc(rows->rows, room * sizeof(*more));
        if (more == NULL)
            return NULL;
        rows->rows = more;
        rows->room = room;
    }
    struct trace_row *row = calloc(1, sizeof(*row));
    if (row == NULL || trace_index_set(&rows->index, name, direction,
                                       (uint32_t)rows->length + 1) < 0) {
        free(row);
        return NULL;
    }
    row->name.name = name;
    row->name.direction = direction;
    rows->rows[rows->length++] = row;
    return row;
}

struct trace_row *trace_rows_get(struct trace_analyser *analyser, uint32_t name,
                                 enum bench_direction direction)
{
    struct trace_rows *rows = &analyser->rows;
    uint32_t number = trace_index_get(&rows->index, name, direction);
    if (number != 0)
        return rows->rows[number - 1];
    if (rows->length >= rows->limit && name != BENCH_NAME_OTHERS) { /* two more for the others */
        analyser->limits.rows++;
        return trace_rows_get(analyser, BENCH_NAME_OTHERS, direction);
    }
    struct trace_row *row = add_row(rows, name, direction);
    analyser->limits.memory += row == NULL;
    return row;
}

void trace_row_requested(struct trace_row *row, const struct bench_event *event)
{
    struct trace_name *name = &row->name;
    name->verbs[event->verb]++;
    name->plain_bytes[0] += event->plain_bytes;
    name->wire_bytes[0] += event->wire_bytes;
    name->unawaited += event->unawaited;
    if (event->class_name != BENCH_NAME_NONE)
        name->class_name = event->class_name;
    /* The majority's place, if there is a majority (Boyer and Moore's vote). */
    if (event->place == 0 || !trace_verb_is_programmers(event->verb))
        return;
    if (row->place_votes == 0)
        name->place = event->place;
    if (event->place == name->place)
        row->place_votes++;
    else
        row->place_votes--;
}

void trace_row_answered(struct trace_row *row, const struct trace_call *call)
{
    struct trace_name *name = &row->name;
    name->plain_bytes[1] += call->plain_bytes[1];
    name->wire_bytes[1] += call->wire_bytes[1];
    name->lookups += call->verb == BENCH_VERB_GET && call->outcome == BENCH_OUTCOME_CALLABLE;
    name->errors += call->failed;
    if (call->error != NULL)
        name->error = call->error;
    if (call->unawaited)
        return;
    if (call->overlapped) {
        name->overlapped++;
        return;
    }
    const int64_t took = call->end_ns - call->start_ns;
    name->round_trips++;
    name->total_ns += took;
    name->self_ns += took - call->nested_ns;
    if (took >= name->slowest_ns) {
        name->slowest_ns = took;
        name->slowest_at_ns = call->start_ns;
    }
    if (took >= row->window_slowest_ns) {
        row->window_slowest_ns = took;
        row->window_slowest_at_ns = call->start_ns;
    }
    (void)bench_sketch_record(&row->hist, took); /* without memory: no percentiles */
}

bool trace_verb_is_programmers(enum bench_verb verb)
{
    return verb != BENCH_VERB_DESCRIBE && verb != BENCH_VERB_RELEASE && verb != BENCH_VERB_CLOSE;
}

uint64_t trace_count_of(const uint64_t verbs[BENCH_VERB_COUNT])
{
    uint64_t acts = 0, all = 0;
    if (verbs[BENCH_VERB_CALL] > 0)
        return verbs[BENCH_VERB_CALL];
    for (int v = 0; v < BENCH_VERB_COUNT; v++) {
        all += verbs[v];
        acts += trace_verb_is_programmers((enum bench_verb)v) ? verbs[v] : 0;
    }
    return acts > 0 ? acts : all;
}

/* X(member): all counters of struct trace_totals that come in pairs. */
#define PAIRS(X)                                                                                   \
    X(messages)                                                                                    \
    X(requests)                                                                                    \
    X(round_trips)                                                                                 \
    X(unawaited)                                                                                   \
    X(overlapped)                                                                                  \
    X(errors)                                                                                      \
    X(unanswered)                                                                                  \
    X(plain_bytes) X(wire_bytes) X(waiting_ns) X(serving_ns)

void trace_totals_add(struct trace_totals *to, const struct trace_totals *from)
{
    for (int d = 0; d < 2; d++) {
#define ADD(member) to->member[d] += from->member[d];
        PAIRS(ADD)
#undef ADD
        to->references[d].created += from->references[d].created;
        to->references[d].released += from->references[d].released;
        to->references[d].alive += from->references[d].alive;
        to->references[d].leaked += from->references[d].leaked;
    }
    to->depth_max = to->depth_max > from->depth_max ? to->depth_max : from->depth_max;
    to->slow += from->slow;
    to->deep += from->deep;
    to->lost += from->lost;
}

void trace_totals_subtract(struct trace_totals *from, const struct trace_totals *what)
{
    for (int d = 0; d < 2; d++) {
#define TAKE(member) from->member[d] -= what->member[d];
        PAIRS(TAKE)
#undef TAKE
        from->references[d].created -= what->references[d].created;
        from->references[d].released -= what->references[d].released;
        from->references[d].leaked -= what->references[d].leaked;
    }
    from->slow -= what->slow;
    from->deep -= what->deep;
    from->lost -= what->lost;
}

void trace_totals_clear(struct trace_totals *totals)
{
    const uint64_t alive[2] = {totals->references[0].alive, totals->references[1].alive};
    *totals = (struct trace_totals){0};
    for (int d = 0; d < 2; d++)
        totals->references[d].alive = alive[d];
}

void trace_totals_message(struct trace_totals *totals, const struct bench_event *event)
{
    totals->messages[event->direction]++;
    totals->plain_bytes[event->direction] += event->plain_bytes;
    totals->wire_bytes[event->direction] += event->wire_bytes;
}

void trace_totals_requested(struct trace_totals *totals, const struct bench_event *event, int depth,
                            int deep_stack)
{
    trace_totals_message(totals, event);
    totals->requests[event->direction]++;
    if (event->unawaited) {
        totals->unawaited[event->direction]++;
        return;
    }
    totals->deep += depth >= deep_stack;
    totals->depth_max = totals->depth_max > depth ? totals->depth_max : depth;
}

void trace_totals_answered(struct trace_totals *totals, const struct trace_call *call, bool slow)
{
    totals->errors[call->direction] += call->failed;
    totals->slow += slow;
    if (call->unawaited)
        return;
    if (call->overlapped) {
        totals->overlapped[call->direction]++;
        return;
    }
    totals->round_trips[call->direction]++;
    totals->waiting_ns[call->direction] += call->end_ns - call->start_ns - call->nested_ns;
}

uint64_t trace_both(const uint64_t of[2])
{
    return of[0] + of[1];
}
