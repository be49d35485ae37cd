/* SPDX-License-Identifier: MIT */
/*
 * What a decoder tells about one connection, added up: to the connection, to the sections around
 * it, to the names, to the tree and the single calls.
 */
#include "trace/internal.h"
#include "trace/patterns.h"

static void advance(struct trace_conn *conn, int64_t now_ns)
{
    struct trace_totals *totals = &conn->row.totals;
    const int64_t before[2] = {totals->serving_ns[0], totals->serving_ns[1]};
    if (trace_control_advance(&conn->control, now_ns, totals->serving_ns) == 0)
        return;
    for (uint32_t s = conn->last_section; s != 0;) {
        struct trace_totals *within = trace_sections_next(&conn->analyser->sections, &s);
        for (int d = 0; d < 2; d++)
            within->serving_ns[d] += totals->serving_ns[d] - before[d];
    }
}

static struct trace_sender sender_of(const struct trace_conn *conn, const struct bench_event *event)
{
    const struct bench_piece *piece = conn->analyser->piece;
    const bool by_tap = event->thread != 0 && piece != NULL && piece->thread == event->thread;
    const bool to_server = event->direction == BENCH_TO_SERVER;
    return (struct trace_sender){.by_tap = by_tap,
                                 .certain = by_tap && to_server != conn->row.from_server};
}

/* Several threads of a program that share the connection: each request is known by who wrote it. */
static void look_for_sharing(struct trace_conn *conn, struct trace_sender sender, uint64_t thread)
{
    if (!sender.certain)
        return;
    if (conn->sender == 0)
        conn->sender = thread;
    conn->shared = conn->shared || conn->sender != thread;
}

static uint32_t node_of(struct trace_conn *conn, const struct trace_pending *pending)
{
    const struct trace_pending *parent = trace_control_parent(&conn->control, pending);
    if (!conn->analyser->options.track_stacks)
        return 0;
    const uint32_t above = parent != NULL && parent->node != 0
                               ? parent->node
                               : trace_sections_node(conn->analyser, pending->section);
    return trace_tree_node(conn->analyser, above, pending->name, pending->direction, 0);
}

static void locate(struct trace_conn *conn, struct trace_pending *pending)
{
    struct trace_analyser *analyser = conn->analyser;
    const struct trace_pending *parent = trace_control_parent(&conn->control, pending);
    const struct bench_piece *piece = analyser->piece;
    const uint64_t what = (uint64_t)pending->name << 1 | pending->direction;
    pending->chain = trace_mix(parent != NULL ? parent->chain : 1, what);
    if (piece != NULL)
        pending->section = trace_sections_of(&analyser->sections, piece->process, piece->thread);
    if (pending->section == 0 && parent != NULL)
        pending->section = parent->section;
    pending->node = node_of(conn, pending);
    trace_tree_requested(&analyser->tree, pending->node, pending->verb);
}

static void forget(struct trace_conn *conn, struct trace_pending *pending)
{
    conn->row.totals.unanswered[pending->direction] += !pending->unawaited;
    trace_control_drop(&conn->control, pending);
}

/* The oldest goes when there are too many; and one whose number is given a second time. */
static void make_room(struct trace_conn *conn, const struct bench_event *event)
{
    struct trace_control *control = &conn->control;
    struct trace_pending *same = trace_control_find(control, event->id);
    if (same != NULL)
        forget(conn, same);
    if (control->open[event->direction] < conn->analyser->options.pending_max)
        return;
    struct trace_pending *oldest = &control->slots[control->oldest[event->direction] - 1];
    conn->analyser->limits.pending += !oldest->unawaited;
    forget(conn, oldest);
}

static void on_request(struct trace_conn *conn, const struct bench_event *event)
{
    struct trace_analyser *analyser = conn->analyser;
    const int deep = analyser->options.deep_stack;
    struct trace_pending *pending = NULL;
    const struct trace_sender sender = sender_of(conn, event);
    look_for_sharing(conn, sender, event->thread);
    advance(conn, event->time_ns);
    make_room(conn, event);
    struct trace_row *row = trace_rows_get(analyser, event->name, event->direction);
    conn->last_row = NULL; /* objects are counted for answers only */
    conn->last_node = conn->last_section = 0;
    if (row != NULL)
        trace_row_requested(row, event);
    if (event->reference != 0)
        trace_references_used(conn, event);
    if (event->id == 0 || trace_control_request(&conn->control, event, sender, &pending) < 0) {
        analyser->limits.memory += event->id != 0;
        trace_totals_requested(&conn->row.totals, event, 1, deep);
        return;
    }
    locate(conn, pending);
    conn->last_section = pending->section;
    trace_totals_requested(&conn->row.totals, event, pending->depth, deep);
    for (uint32_t s = pending->section; s != 0;)
        trace_totals_requested(trace_sections_next(&analyser->sections, &s), event, pending->depth,
                               deep);
    if (!event->unawaited && pending->depth > analyser->window_depth)
        analyser->window_depth = pending->depth;
}

void trace_call_of(const struct trace_conn *conn, const struct trace_pending *pending,
                   int64_t end_ns, struct trace_call *out)
{
    *out = (struct trace_call){
        .connection = conn->id,
        .id = pending->id,
        .parent = pending->parent_id,
        .thread = pending->thread,
        .process = pending->process,
        .name = pending->name,
        .class_name = pending->class_name,
        .place = pending->place,
        .section = pending->section,
        .verb = pending->verb,
        .direction = pending->direction,
        .unawaited = pending->unawaited,
        .overlapped = pending->overlapped,
        .depth = pending->depth,
        .start_ns = pending->start_ns,
        .end_ns = end_ns > pending->start_ns ? end_ns : pending->start_ns,
        .nested_ns = pending->nested_ns,
        .before_ns = pending->before_ns,
        .request_pause_ns = pending->pause_ns,
        .reference = pending->reference,
        .plain_bytes = {pending->plain_bytes, 0},
        .wire_bytes = {pending->wire_bytes, 0},
    };
    if (out->nested_ns > out->end_ns - out->start_ns)
        out->nested_ns = out->end_ns - out->start_ns;
}

static void complete(struct trace_conn *conn, const struct bench_event *event,
                     const struct trace_pending *pending, struct trace_call *call)
{
    trace_call_of(conn, pending, event->end_ns, call);
    call->failed = event->kind == BENCH_EVENT_ERROR;
    call->outcome = event->outcome;
    call->answer_pause_ns = event->pause_ns;
    call->result = event->result;
    call->items = event->items;
    call->plain_bytes[1] = event->plain_bytes;
    call->wire_bytes[1] = event->wire_bytes;
    call->error = call->failed ? trace_error_text(conn->analyser, event->error) : NULL;
    if (event->class_name != BENCH_NAME_NONE)
        call->class_name = event->class_name;
}

static bool is_slow(const struct trace_options *options, const struct trace_call *call)
{
    return !call->unawaited && !call->overlapped && options->slow_call_ns >= 0 &&
           call->end_ns - call->start_ns >= options->slow_call_ns;
}

static void hand_on(struct trace_conn *conn, const struct trace_pending *pending,
                    const struct trace_call *call, bool slow)
{
    struct trace_analyser *analyser = conn->analyser;
    if (conn->last_row != NULL)
        trace_row_answered(conn->last_row, call);
    trace_tree_answered(&analyser->tree, pending->node, call);
    trace_calls_keep(analyser, call);
    if (call->depth >= analyser->options.deep_stack && pending->child_id == 0 && !call->unawaited)
        trace_calls_deep(&analyser->calls, pending->chain, call);
    trace_patterns_call(analyser->patterns, call);
    if (slow && analyser->options.slow != NULL)
        analyser->options.slow(call, true, analyser->options.slow_user);
}

static void on_answer(struct trace_conn *conn, const struct bench_event *event)
{
    struct trace_analyser *analyser = conn->analyser;
    struct trace_pending *pending = trace_control_find(&conn->control, event->id);
    struct trace_totals *totals = &conn->row.totals;
    struct trace_call call;
    advance(conn, event->end_ns);
    trace_totals_message(totals, event);
    conn->last_row = NULL;
    conn->last_node = conn->last_section = 0;
    if (pending == NULL || pending->direction == event->direction) {
        totals->errors[event->direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER] +=
            event->kind == BENCH_EVENT_ERROR;
        return;
    }
    trace_control_answered(&conn->control, pending, event->end_ns);
    if (pending->node == 0) /* everything was forgotten meanwhile */
        pending->node = node_of(conn, pending);
    complete(conn, event, pending, &call);
    const bool slow = is_slow(&analyser->options, &call);
    analyser->limits.shared += conn->shared && call.overlapped && pending->by_tap;
    conn->last_row = trace_rows_get(analyser, call.name, call.direction);
    conn->last_node = pending->node;
    conn->last_section = pending->section;
    trace_totals_answered(totals, &call, slow);
    for (uint32_t s = pending->section; s != 0;) {
        struct trace_totals *within = trace_sections_next(&analyser->sections, &s);
        trace_totals_message(within, event);
        trace_totals_answered(within, &call, slow);
    }
    hand_on(conn, pending, &call, slow);
    trace_control_drop(&conn->control, pending);
}

void trace_event(const struct bench_event *event, void *user)
{
    struct trace_conn *conn = user;
    switch (event->kind) {
    case BENCH_EVENT_REQUEST:
        on_request(conn, event);
        break;
    case BENCH_EVENT_REPLY:
    case BENCH_EVENT_ERROR:
        on_answer(conn, event);
        break;
    case BENCH_EVENT_REFERENCE:
        trace_references_created(conn, event);
        trace_patterns_reference(conn->analyser->patterns, event);
        break;
    case BENCH_EVENT_RELEASE:
        trace_references_released(conn, event);
        trace_patterns_reference(conn->analyser->patterns, event);
        break;
    case BENCH_EVENT_LOST:
        conn->row.totals.lost++;
        trace_control_lost(&conn->control);
        break;
    case BENCH_EVENT_CLOSE: /* close_conn does all that is to be done */
        break;
    }
}
