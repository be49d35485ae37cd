/* SPDX-License-Identifier: MIT */
/*
 * What comes out of the rings, in numbers of ours. Everything in there is another process's word:
 * connections must have been opened, places told, and times go forwards, or it is not handed on.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap/launch_internal.h"

struct drain {
    struct tap_launch *launch;
    struct launch_process *process;
    bench_piece_fn fn;
    void *user;
    int64_t now_ns;
    uint64_t n;
};

static int64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void hand_on(struct drain *d, const struct bench_piece *piece)
{
    d->n++;
    d->fn(piece, d->user);
}

/* ---- connections ---- */

static uint32_t index_of(const struct drain *d)
{
    return (uint32_t)(d->process - d->launch->processes);
}

static struct launch_conn **bucket(struct tap_launch *launch, uint32_t process, uint32_t local)
{
    uint32_t hash = (local * 2654435761u) ^ (process * 40503u);

    return &launch->buckets[(hash ^ hash >> 16) % LAUNCH_BUCKETS];
}

static struct launch_conn *conn_find(const struct drain *d, uint32_t local)
{
    struct launch_conn *conn = *bucket(d->launch, index_of(d), local);

    while (conn && (conn->process != index_of(d) || conn->local != local))
        conn = conn->next;
    return conn;
}

static void held_free(struct tap_launch *launch, struct launch_conn *conn)
{
    while (conn->held) {
        struct launch_held *held = conn->held;

        conn->held = held->next;
        launch->held_bytes -= sizeof(*held) + held->piece.length;
        free(held);
    }
    conn->held_end = &conn->held;
}

static void conn_free(struct tap_launch *launch, struct launch_conn *conn)
{
    struct launch_conn **at = bucket(launch, conn->process, conn->local);

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    held_free(launch, conn);
    free(conn);
    launch->nconns--;
}

/* With its connection's number, and a time that is not before the last one's nor to come. */
static void hand_on_conn(struct drain *d, struct launch_conn *conn, struct bench_piece *piece)
{
    if (piece->time_ns > d->now_ns)
        piece->time_ns = d->now_ns;
    if (piece->time_ns < conn->last_ns)
        piece->time_ns = conn->last_ns;
    conn->last_ns = piece->time_ns;
    piece->connection = conn->number;
    hand_on(d, piece);
}

/* Those that need not wait any longer: their send is done, or they were there before `before_ns`.
 */
static void release(struct drain *d, struct launch_conn *conn, int64_t before_ns, bool all)
{
    while (conn->held && (all || conn->held->piece.time_ns < before_ns ||
                          (int32_t)(conn->sent - conn->held->order) >= 0)) {
        struct launch_held *held = conn->held;

        conn->held = held->next;
        if (!conn->held)
            conn->held_end = &conn->held;
        d->launch->held_bytes -= sizeof(*held) + held->piece.length;
        hand_on_conn(d, conn, &held->piece);
        free(held);
    }
}

/* False: there is no room for it. */
static bool hold(struct drain *d, struct launch_conn *conn, const struct bench_piece *piece,
                 uint32_t order)
{
    size_t bytes = sizeof(struct launch_held) + piece->length;
    struct launch_held *held;

    if (d->launch->held_bytes + bytes > LAUNCH_HELD_BYTES)
        return false;
    held = malloc(bytes);
    if (!held)
        return false;
    *held = (struct launch_held){.order = order, .piece = *piece};
    held->piece.data = held + 1;
    if (piece->length > 0)
        memcpy(held + 1, piece->data, piece->length);
    *conn->held_end = held;
    conn->held_end = &held->next;
    d->launch->held_bytes += bytes;
    return true;
}

static void conn_open(struct drain *d, struct bench_piece *piece, uint32_t local)
{
    struct launch_conn **at = bucket(d->launch, index_of(d), local), *conn;

    if (conn_find(d, local) || d->launch->nconns == LAUNCH_CONNS_MAX ||
        (conn = calloc(1, sizeof(*conn))) == NULL)
        return;
    conn->process = index_of(d);
    conn->local = local;
    conn->number = ++d->launch->conns;
    conn->from_server = piece->from_server;
    conn->held_end = &conn->held;
    conn->next = *at;
    *at = conn;
    d->launch->nconns++;
    hand_on_conn(d, conn, piece);
}

static void conn_close(struct drain *d, struct launch_conn *conn, int64_t time_ns)
{
    struct bench_piece piece = {
        .kind = BENCH_PIECE_CLOSE, .time_ns = time_ns, .process = (uint32_t)d->process->pid};

    release(d, conn, 0, true);
    hand_on_conn(d, conn, &piece);
    conn_free(d->launch, conn);
}

static void conn_data(struct drain *d, struct launch_conn *conn, struct bench_piece *piece,
                      uint32_t order)
{
    bool sent = (piece->direction == BENCH_TO_CLIENT) == conn->from_server;
    bool last = piece->joined;

    piece->joined = false;
    piece->place =
        sent && piece->place < d->process->nplaces ? d->process->places[piece->place] : 0;
    if (sent) {
        release(d, conn, piece->time_ns, false);
        if (piece->length > 0 || piece->kind == BENCH_PIECE_GAP)
            hand_on_conn(d, conn, piece);
        if (last && (int32_t)(order - conn->sent) > 0)
            conn->sent = order;
        release(d, conn, 0, false);
        return;
    }
    if (conn->held || (int32_t)(conn->sent - order) < 0) {
        if (hold(d, conn, piece, order))
            return;
        release(d, conn, 0, true);
    }
    hand_on_conn(d, conn, piece);
}

/* ---- places ---- */

static uint32_t place_hash(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash;
}

/* The same text has the same number in all processes. *fresh: it has not been told yet. */
static uint32_t place_number(struct tap_launch *launch, const char *text, size_t length,
                             bool *fresh)
{
    uint32_t mask = 2 * LAUNCH_PLACES_MAX - 1, at = place_hash(text, length) & mask;

    for (; launch->place_index[at] != 0; at = (at + 1) & mask) {
        const char *known = launch->places[launch->place_index[at]];

        if (strlen(known) == length && memcmp(known, text, length) == 0)
            return launch->place_index[at];
    }
    if (launch->nplaces + 1 >= LAUNCH_PLACES_MAX)
        return 0;
    launch->places[launch->nplaces + 1] = strndup(text, length);
    if (!launch->places[launch->nplaces + 1])
        return 0;
    *fresh = true;
    launch->place_index[at] = ++launch->nplaces;
    return launch->nplaces;
}

static bool room_for(struct launch_process *process, uint32_t local)
{
    uint32_t n = process->nplaces ? process->nplaces : 64;
    uint32_t *bigger;

    if (local < process->nplaces)
        return true;
    if (local > TAP_PLACES_MAX)
        return false;
    while (n <= local)
        n *= 2;
    bigger = realloc(process->places, n * sizeof(*bigger));
    if (!bigger)
        return false;
    memset(bigger + process->nplaces, 0, (n - process->nplaces) * sizeof(*bigger));
    process->places = bigger;
    process->nplaces = n;
    return true;
}

static void place(struct drain *d, struct bench_piece *piece)
{
    size_t here = strlen(d->launch->here);
    const char *text = piece->data;
    bool fresh = false;
    uint32_t number;

    if (piece->length > TAP_PLACE_MAX || memchr(text, '\0', piece->length) ||
        !room_for(d->process, piece->place))
        return;
    /* As the user would name the file from here. */
    if (here > 0 && piece->length > here + 1 && memcmp(text, d->launch->here, here) == 0 &&
        text[here] == '/') {
        piece->data = text + here + 1;
        piece->length -= here + 1;
    }
    number = place_number(d->launch, piece->data, piece->length, &fresh);
    d->process->places[piece->place] = number;
    if (fresh) {
        piece->place = number;
        hand_on(d, piece);
    }
}

/* ---- rings ---- */

static void take(const struct bench_piece *given, void *user)
{
    struct drain *d = user;
    struct bench_piece piece = *given;
    uint32_t local = (uint32_t)piece.connection, order = (uint32_t)(piece.connection >> 32);
    struct launch_conn *conn;

    piece.process = (uint32_t)d->process->pid;
    if (piece.kind != BENCH_PIECE_OPEN && piece.kind != BENCH_PIECE_DATA &&
        piece.kind != BENCH_PIECE_GAP && piece.kind != BENCH_PIECE_CLOSE)
        piece.connection = 0;
    switch (piece.kind) {
    case BENCH_PIECE_OPEN:
        piece.place = 0;
        conn_open(d, &piece, local);
        break;
    case BENCH_PIECE_DATA:
    case BENCH_PIECE_GAP:
        conn = conn_find(d, local);
        if (conn)
            conn_data(d, conn, &piece, order);
        break;
    case BENCH_PIECE_CLOSE:
        conn = conn_find(d, local);
        if (conn)
            conn_close(d, conn, piece.time_ns);
        break;
    case BENCH_PIECE_PLACE:
        place(d, &piece);
        break;
    case BENCH_PIECE_MARK_BEGIN:
    case BENCH_PIECE_MARK_END:
        if (piece.time_ns > d->now_ns)
            piece.time_ns = d->now_ns;
        if (piece.length <= TAP_MARK_MAX)
            hand_on(d, &piece);
        break;
    case BENCH_PIECE_PROCESS: /* these are ours to tell */
    case BENCH_PIECE_EXIT:
        break;
    }
}

static void told(struct drain *d, enum bench_piece_kind kind, const char *text, int64_t time_ns)
{
    struct bench_piece piece = {
        .kind = kind,
        .time_ns = time_ns < d->now_ns ? time_ns : d->now_ns,
        .process = (uint32_t)d->process->pid,
        .data = text,
        .length = text ? strlen(text) : 0,
    };

    hand_on(d, &piece);
}

/* Every connection that is still open in this process. */
static void close_all(struct drain *d)
{
    for (size_t i = 0; i < LAUNCH_BUCKETS; i++) {
        struct launch_conn *conn = d->launch->buckets[i], *next;

        for (; conn; conn = next) {
            next = conn->next;
            if (conn->process == index_of(d))
                conn_close(d, conn, d->now_ns);
        }
    }
}

/* A send that takes very long must not hold up what came back meanwhile. */
static void release_late(struct drain *d)
{
    for (size_t i = 0; d->launch->held_bytes > 0 && i < LAUNCH_BUCKETS; i++) {
        for (struct launch_conn *conn = d->launch->buckets[i]; conn; conn = conn->next) {
            d->process = &d->launch->processes[conn->process];
            release(d, conn, d->now_ns - LAUNCH_HELD_NS, false);
        }
    }
}

void launch_process_free(struct tap_launch *launch, struct launch_process *process)
{
    tap_ring_free(process->ring);
    free(process->places);
    free(process->command);
    *process = (struct launch_process){.pidfd = -1};
    launch->nprocesses--;
}

static void drain_process(struct drain *d)
{
    struct launch_process *process = d->process;
    bool gone = process->gone; /* before it is emptied: nothing comes behind that */
    uint64_t dropped;
    int n = 0;

    if (process->fresh)
        told(d, BENCH_PIECE_PROCESS, process->command ? process->command : "", process->begun_ns);
    process->fresh = false;
    if (!process->bad)
        n = tap_ring_take(process->ring, LAUNCH_TAKE_MAX, take, d);
    process->bad = process->bad || n < 0;
    dropped = tap_ring_dropped(process->ring);
    if (dropped > process->dropped && !process->bad) {
        d->launch->dropped += dropped - process->dropped;
        process->dropped = dropped;
    }
    if (!gone || n == LAUNCH_TAKE_MAX)
        return;
    /* It was killed while a thread wrote: what others put behind that does not come out. */
    if (!process->bad && tap_ring_fill(process->ring) > 0)
        d->launch->dropped++;
    close_all(d);
    if (!process->replaced)
        told(d, BENCH_PIECE_EXIT, NULL, d->now_ns);
    launch_process_free(d->launch, process);
}

uint64_t tap_launch_drain(struct tap_launch *launch, bench_piece_fn fn, void *user)
{
    struct drain d = {.launch = launch, .fn = fn, .user = user};
    int left;

    launch_look(launch);
    left = launch->nprocesses;
    /* Those that were replaced first: what they said came before their successors'. */
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; left > 0 && i < launch->processes_max; i++) {
            d.process = &launch->processes[i];
            if (d.process->pid != 0 && d.process->replaced == (pass == 0)) {
                left--;
                d.now_ns = now();
                drain_process(&d);
            }
        }
    }
    d.now_ns = now();
    release_late(&d);
    return d.n;
}

uint64_t tap_launch_dropped(const struct tap_launch *launch) { return launch->dropped; }
