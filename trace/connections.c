/* SPDX-License-Identifier: MIT */
/*
 * Connections: found by their number, listened to until a decoder recognises what they speak, then
 * decoded; at the end their rows are kept, or merged when there are too many.
 */
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "trace/internal.h"
#include "trace/patterns.h"

enum {
    PRELUDE_BYTES = 512, /* in each direction */
    PRELUDE_PIECES = 16,
    TRIES_MAX = 256, /* pieces of a connection that was joined, to find the first message in */
};

struct trace_prelude {
    struct bench_piece pieces[PRELUDE_PIECES];
    unsigned count;
    size_t used[2];
    unsigned char bytes[2][PRELUDE_BYTES];
};

static struct trace_conn **bucket_of(struct trace_connections *connections, uint64_t id)
{
    return &connections->buckets[trace_mix(id, 0) & (connections->nbuckets - 1)];
}

static struct trace_conn *find(struct trace_connections *connections, uint64_t id)
{
    if (connections->latest != NULL && connections->latest->id == id)
        return connections->latest;
    struct trace_conn *conn = *bucket_of(connections, id);
    while (conn != NULL && conn->id != id)
        conn = conn->next_in_bucket;
    if (conn != NULL)
        connections->latest = conn;
    return conn;
}

static bool ended_lately(const struct trace_connections *connections, uint64_t id)
{
    for (size_t i = 0; i < TRACE_CLOSED_MAX && i < connections->nrecent; i++)
        if (connections->recent[i] == id)
            return true;
    return false;
}

static bool in_sample(const struct trace_options *options, uint64_t id)
{
    uint64_t state = options->seed ^ trace_mix(id, UINT64_C(0x6a09e667f3bcc909));
    return options->sample >= 1 ||
           (double)(bench_random_next(&state) >> 11) * 0x1p-53 < options->sample;
}

static void link_conn(struct trace_connections *connections, struct trace_conn *conn)
{
    struct trace_conn **bucket = bucket_of(connections, conn->id);
    conn->next_in_bucket = *bucket;
    *bucket = conn;
    conn->before = connections->last;
    if (connections->last != NULL)
        connections->last->after = conn;
    else
        connections->first = conn;
    connections->last = connections->latest = conn;
    connections->open++;
}

static void unlink_conn(struct trace_connections *connections, struct trace_conn *conn)
{
    struct trace_conn **link = bucket_of(connections, conn->id);
    while (*link != conn)
        link = &(*link)->next_in_bucket;
    *link = conn->next_in_bucket;
    if (conn->before != NULL)
        conn->before->after = conn->after;
    else
        connections->first = conn->after;
    if (conn->after != NULL)
        conn->after->before = conn->before;
    else
        connections->last = conn->before;
    connections->latest = NULL;
    connections->open--;
}

/* NULL: there are too many, or there is no memory. */
static struct trace_conn *open_conn(struct trace_analyser *analyser,
                                    const struct bench_piece *piece)
{
    struct trace_connections *connections = &analyser->connections;
    if (connections->open >= analyser->options.connections_max) {
        analyser->limits.connections += piece->kind == BENCH_PIECE_OPEN;
        return NULL;
    }
    struct trace_conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        analyser->limits.memory++;
        return NULL;
    }
    conn->analyser = analyser;
    conn->id = piece->connection;
    conn->row = (struct trace_connection){.connection = piece->connection,
                                          .process = piece->process,
                                          .begin_ns = piece->time_ns,
                                          .from_server = piece->from_server,
                                          .joined = piece->joined};
    if (piece->kind == BENCH_PIECE_OPEN)
        (void)trace_text_copy(conn->text, sizeof(conn->text), piece->data, piece->length);
    else
        conn->row.joined = true;
    analyser->limits.joined += conn->row.joined;
    if (!in_sample(&analyser->options, conn->id)) {
        conn->state = TRACE_NOT_SAMPLED;
        analyser->limits.sampled++;
    }
    link_conn(connections, conn);
    return conn;
}

static void not_decoded(struct trace_conn *conn, uint64_t bytes)
{
    struct trace_limits *limits = &conn->analyser->limits;
    if (conn->state == TRACE_FOREIGN)
        limits->foreign_bytes += bytes;
    else if (conn->state == TRACE_ENCRYPTED)
        limits->encrypted_bytes += bytes;
    else
        limits->sampled_bytes += bytes;
}

static void give_up(struct trace_conn *conn, enum trace_state state)
{
    struct trace_limits *limits = &conn->analyser->limits;
    free(conn->prelude);
    conn->prelude = NULL;
    conn->state = state;
    conn->row.foreign = state == TRACE_FOREIGN;
    conn->row.encrypted = state == TRACE_ENCRYPTED;
    limits->foreign += conn->row.foreign;
    limits->encrypted += conn->row.encrypted;
    for (int d = 0; d < 2; d++)
        conn->row.totals.wire_bytes[d] += conn->heard[d];
    not_decoded(conn, conn->heard[0] + conn->heard[1]);
}

static void feed(struct trace_conn *conn, const struct bench_piece *piece)
{
    conn->analyser->piece = piece;
    conn->ops->feed(conn->decoder, piece);
    conn->analyser->piece = NULL;
}

static void start_decoder(struct trace_conn *conn, const struct bench_decoder_ops *ops)
{
    struct trace_analyser *analyser = conn->analyser;
    const struct trace_options *options = &analyser->options;
    const struct bench_decoder_setup setup = {
        .connection = conn->id,
        .names = analyser->names,
        .fn = trace_event,
        .user = conn,
        .joined = conn->row.joined,
        .untracked = !options->track_netrefs,
        .message_bytes_max = options->message_bytes_max,
        .references_max = options->references_max,
        .pending_max = options->pending_max,
    };
    conn->decoder = calloc(1, ops->size > 0 ? ops->size : 1);
    if (conn->decoder == NULL || ops->init(conn->decoder, &setup) < 0) {
        free(conn->decoder);
        conn->decoder = NULL;
        analyser->limits.memory++;
        give_up(conn, TRACE_FOREIGN);
        return;
    }
    conn->ops = ops;
    conn->state = TRACE_DECODED;
    if (analyser->used == NULL)
        analyser->used = ops;
    struct trace_prelude *prelude = conn->prelude;
    conn->prelude = NULL;
    for (unsigned i = 0; prelude != NULL && i < prelude->count; i++)
        feed(conn, &prelude->pieces[i]);
    free(prelude);
}

static enum bench_recognised recognise(const struct trace_conn *conn, const void *data,
                                       size_t length, const struct bench_decoder_ops **out)
{
    enum bench_recognised best = BENCH_RECOGNISED_NO;
    for (const struct bench_decoder_ops *const *ops = conn->analyser->decoders; *ops != NULL;
         ops++) {
        const enum bench_recognised got = (*ops)->recognise(data, length);
        if (got == BENCH_RECOGNISED_YES) {
            *out = *ops;
            return got;
        }
        if (got == BENCH_RECOGNISED_ENCRYPTED || best == BENCH_RECOGNISED_NO)
            best = got;
    }
    return best;
}

/* Keeps a piece until it is known what it is part of. False: there is no room. */
static bool keep(struct trace_conn *conn, const struct bench_piece *piece)
{
    const enum bench_direction d = piece->direction;
    if (conn->prelude == NULL)
        conn->prelude = calloc(1, sizeof(*conn->prelude));
    struct trace_prelude *prelude = conn->prelude;
    if (prelude == NULL || prelude->count == PRELUDE_PIECES ||
        piece->length > PRELUDE_BYTES - prelude->used[d])
        return false;
    unsigned char *to = prelude->bytes[d] + prelude->used[d];
    memcpy(to, piece->data, piece->length);
    prelude->used[d] += piece->length;
    prelude->pieces[prelude->count] = *piece;
    prelude->pieces[prelude->count++].data = to;
    return true;
}

/* In the middle of a conversation: each piece may be the one that begins with a message. */
static void listen_joined(struct trace_conn *conn, const struct bench_piece *piece)
{
    const struct bench_decoder_ops *ops = NULL;
    const enum bench_recognised got = recognise(conn, piece->data, piece->length, &ops);
    if (got == BENCH_RECOGNISED_ENCRYPTED) {
        give_up(conn, TRACE_ENCRYPTED);
    } else if (got == BENCH_RECOGNISED_YES) {
        start_decoder(conn, ops);
        if (conn->state == TRACE_DECODED)
            feed(conn, piece);
    } else if (++conn->tries == TRIES_MAX) {
        give_up(conn, TRACE_FOREIGN);
    }
}

static void listen(struct trace_conn *conn, const struct bench_piece *piece)
{
    const enum bench_direction d = piece->direction;
    const struct bench_decoder_ops *ops = NULL;
    enum bench_recognised got;
    conn->heard[d] += piece->length;
    if (conn->row.joined) {
        listen_joined(conn, piece);
        return;
    }
    const bool first = conn->prelude == NULL || conn->prelude->used[d] == 0;
    bool kept = false;
    if (first) {
        got = recognise(conn, piece->data, piece->length, &ops);
    } else {
        kept = keep(conn, piece);
        got = kept ? recognise(conn, conn->prelude->bytes[d], conn->prelude->used[d], &ops)
                   : BENCH_RECOGNISED_NO;
    }
    if (got == BENCH_RECOGNISED_YES) {
        start_decoder(conn, ops);
        if (!kept && conn->state == TRACE_DECODED)
            feed(conn, piece);
    } else if (got == BENCH_RECOGNISED_ENCRYPTED) {
        give_up(conn, TRACE_ENCRYPTED);
    } else if (got == BENCH_RECOGNISED_NO || (!kept && !keep(conn, piece))) {
        give_up(conn, TRACE_FOREIGN);
    }
}

static void on_data(struct trace_conn *conn, const struct bench_piece *piece)
{
    if (conn->row.process == 0)
        conn->row.process = piece->process;
    if (piece->length == 0)
        return;
    if (conn->state == TRACE_DECODED) {
        feed(conn, piece);
    } else if (conn->state == TRACE_LISTENING) {
        listen(conn, piece);
    } else {
        conn->row.totals.wire_bytes[piece->direction] += piece->length;
        not_decoded(conn, piece->length);
    }
}

static void on_gap(struct trace_conn *conn, const struct bench_piece *piece)
{
    conn->analyser->limits.gaps++;
    if (conn->state == TRACE_DECODED) {
        conn->analyser->piece = piece;
        conn->ops->gap(conn->decoder, piece->direction, piece->time_ns);
        conn->analyser->piece = NULL;
    } else if (conn->state == TRACE_LISTENING) {
        conn->row.joined = true;
        free(conn->prelude);
        conn->prelude = NULL;
    }
}

static void merge(struct trace_analyser *analyser, const struct trace_connection *row)
{
    struct trace_connection *merged = &analyser->connections.merged;
    if (analyser->limits.merged++ == 0) {
        *merged = (struct trace_connection){.begin_ns = row->begin_ns, .end_ns = row->end_ns};
    } else {
        merged->begin_ns = merged->begin_ns < row->begin_ns ? merged->begin_ns : row->begin_ns;
        merged->end_ns = merged->end_ns > row->end_ns ? merged->end_ns : row->end_ns;
    }
    trace_totals_add(&merged->totals, &row->totals);
}

/* Keeps the row of a connection that ended. */
static void keep_row(struct trace_analyser *analyser, const struct trace_conn *conn)
{
    struct trace_connections *all = &analyser->connections;
    const size_t most = analyser->options.connections_max < TRACE_ROWS_MAX
                            ? analyser->options.connections_max
                            : TRACE_ROWS_MAX;
    if (all->nclosed == all->closed_room && all->nclosed < most) {
        const size_t room = all->closed_room == 0 ? 16 : all->closed_room * 2;
        struct trace_connection *more = realloc(all->closed, room * sizeof(*more));
        if (more != NULL) {
            all->closed = more;
            all->closed_room = room;
        }
    }
    char *text = NULL;
    if (all->nclosed < all->closed_room && all->nclosed < most)
        text = strdup(conn->text);
    if (text == NULL) {
        merge(analyser, &conn->row);
        return;
    }
    all->closed[all->nclosed] = conn->row;
    all->closed[all->nclosed++].text = text;
}

static void free_conn(struct trace_conn *conn)
{
    if (conn->decoder != NULL) {
        conn->ops->fini(conn->decoder);
        free(conn->decoder);
    }
    trace_control_fini(&conn->control);
    trace_alive_fini(&conn->alive);
    free(conn->prelude);
    free(conn);
}

static void count_unanswered(struct trace_conn *conn)
{
    struct trace_control *control = &conn->control;
    for (int d = 0; d < 2; d++) {
        while (control->oldest[d] != 0) {
            struct trace_pending *pending = &control->slots[control->oldest[d] - 1];
            conn->row.totals.unanswered[d] += !pending->unawaited;
            for (uint32_t s = pending->section; s != 0;)
                trace_sections_next(&conn->analyser->sections, &s)->unanswered[d] +=
                    !pending->unawaited;
            trace_control_drop(control, pending);
        }
    }
}

static void close_conn(struct trace_conn *conn, int64_t time_ns)
{
    struct trace_analyser *analyser = conn->analyser;
    struct trace_connections *all = &analyser->connections;
    if (conn->state == TRACE_LISTENING && conn->heard[0] + conn->heard[1] > 0)
        give_up(conn, TRACE_FOREIGN);
    conn->row.end_ns = time_ns;
    conn->row.text = conn->text;
    if (conn->state == TRACE_DECODED) {
        conn->ops->close(conn->decoder, time_ns);
        count_unanswered(conn);
        trace_references_kept(conn, time_ns, analyser->references.rows);
        trace_references_leaked(conn);
        trace_patterns_connection_closed(analyser->patterns, conn->id, &conn->row);
        trace_totals_add(&all->ended, &conn->row.totals);
    }
    keep_row(analyser, conn);
    all->recent[all->nrecent++ % TRACE_CLOSED_MAX] = conn->id;
    unlink_conn(all, conn);
    free_conn(conn);
}

void trace_connections_piece(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    struct trace_connections *all = &analyser->connections;
    struct trace_conn *conn = find(all, piece->connection);
    if (piece->kind == BENCH_PIECE_CLOSE) {
        if (conn != NULL)
            close_conn(conn, piece->time_ns);
        return;
    }
    if (conn == NULL && (piece->kind == BENCH_PIECE_OPEN || !ended_lately(all, piece->connection)))
        conn = open_conn(analyser, piece);
    if (conn == NULL)
        analyser->limits.connections_bytes += piece->kind == BENCH_PIECE_DATA ? piece->length : 0;
    else if (piece->kind == BENCH_PIECE_DATA)
        on_data(conn, piece);
    else if (piece->kind == BENCH_PIECE_GAP)
        on_gap(conn, piece);
}

void trace_connections_end(struct trace_analyser *analyser, uint32_t process, int64_t time_ns)
{
    for (struct trace_conn *conn = analyser->connections.first, *after; conn != NULL;
         conn = after) {
        after = conn->after;
        if (process == 0 || conn->row.process == process)
            close_conn(conn, time_ns);
    }
}

static void clear_closed(struct trace_connections *all)
{
    while (all->nclosed > 0)
        free((char *)(uintptr_t)all->closed[--all->nclosed].text);
    all->merged = (struct trace_connection){0};
    all->ended = (struct trace_totals){0};
}

void trace_connections_clear(struct trace_analyser *analyser)
{
    clear_closed(&analyser->connections);
    for (struct trace_conn *conn = analyser->connections.first; conn != NULL; conn = conn->after)
        trace_totals_clear(&conn->row.totals);
}

void trace_connections_fini(struct trace_analyser *analyser)
{
    struct trace_connections *all = &analyser->connections;
    while (all->first != NULL) {
        struct trace_conn *conn = all->first;
        unlink_conn(all, conn);
        free_conn(conn);
    }
    clear_closed(all);
    free(all->closed);
    free(all->buckets);
}

void trace_connections_totals(const struct trace_connections *connections, struct trace_totals *out)
{
    *out = connections->ended;
    for (const struct trace_conn *conn = connections->first; conn != NULL; conn = conn->after) {
        if (conn->state != TRACE_DECODED)
            continue;
        const int depth = trace_control_depth(&conn->control);
        trace_totals_add(out, &conn->row.totals);
        out->depth_now = depth > out->depth_now ? depth : out->depth_now;
    }
}
