/* SPDX-License-Identifier: MIT */
/* What is known about one flow: settles what it is, and puts its pieces into the ring. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap/preload/flow.h"

enum {
    PART_BYTES = 8 * 1024, /* of the data in one piece, so that a small ring is no obstacle */
    ADDRESS_BYTES = 120,
    SPINS_MAX = 10000,
};

/* Which protocol is looked for is the build's business: the definition names a function that tells
 * it by its first bytes. */
enum bench_recognised TAP_RECOGNISE(const void *data, size_t length);

static _Atomic(struct tap_flow *) lonely_pipe; /* the last one without its mate */

void tap_flow_reset(struct tap_flow *flow)
{
    atomic_store(&flow->sends, 0);
    atomic_store(&flow->opened, 0);
    atomic_store(&flow->lost[0], false);
    atomic_store(&flow->lost[1], false);
    atomic_store(&flow->had_data, false);
    atomic_store(&flow->settling, 0);
    atomic_store(&flow->opening, 0);
    flow->kind = TAP_FLOW_SOCKET;
    flow->role = TAP_ROLE_UNKNOWN;
    flow->fd = -1;
    flow->number = 0;
    flow->main = flow;
    flow->nearly = 0;
    flow->nkept[0] = flow->nkept[1] = 0;
    atomic_store(&flow->state, TAP_FLOW_UNDECIDED);
}

uint32_t tap_flow_send_begins(struct tap_flow *flow)
{
    return atomic_fetch_add(&flow->main->sends, 1) + 1;
}

/* Never for long: a signal handler may have interrupted the owner, on this very thread. One that a
 * forked child has inherited is nobody's. */
static bool lock(_Atomic uint32_t *word)
{
    uint32_t process = tap_process();

    for (int i = 0; i < SPINS_MAX; i++) {
        uint32_t holder = atomic_load_explicit(word, memory_order_relaxed);

        if (holder != process &&
            atomic_compare_exchange_weak_explicit(word, &holder, process, memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
        if (i > 100)
            (void)syscall(SYS_sched_yield);
    }
    return false;
}

static void unlock(_Atomic uint32_t *word) { atomic_store_explicit(word, 0, memory_order_release); }

/* ---- OPEN ---- */

static void address_text(const struct sockaddr_storage *address, socklen_t length, char *text)
{
    const void *any = address;

    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = any;
        char host[INET_ADDRSTRLEN] = "?";

        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        (void)snprintf(text, ADDRESS_BYTES, "%s:%u", host, ntohs(in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = any;
        char host[INET6_ADDRSTRLEN] = "?";

        (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        (void)snprintf(text, ADDRESS_BYTES, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else if (address->ss_family == AF_UNIX) {
        const struct sockaddr_un *un = any;
        int named = (int)length - (int)sizeof(un->sun_family);

        (void)snprintf(text, ADDRESS_BYTES, "unix:%.*s", named > 0 && un->sun_path[0] ? named : 0,
                       un->sun_path);
    }
}

static void open_text(const struct tap_flow *flow, char *text, size_t size)
{
    struct sockaddr_storage own = {0}, peer = {0};
    socklen_t own_length = sizeof(own), peer_length = sizeof(peer);
    char ours[ADDRESS_BYTES] = "?", theirs[ADDRESS_BYTES] = "?";
    bool server = flow->role == TAP_ROLE_SERVER;

    if (flow->kind == TAP_FLOW_PIPE_IN || flow->kind == TAP_FLOW_PIPE_OUT) {
        (void)snprintf(text, size, "pipe > pipe");
        return;
    }
    if (flow->fd >= 0) {
        void *any = &own;

        if (getsockname(flow->fd, any, &own_length) == 0)
            address_text(&own, own_length, ours);
        any = &peer;
        if (getpeername(flow->fd, any, &peer_length) == 0)
            address_text(&peer, peer_length, theirs);
    }
    (void)snprintf(text, size, "%s > %s", server ? theirs : ours, server ? ours : theirs);
}

/* Puts OPEN into a ring that does not know this connection yet. False: not now. */
static bool opened(struct tap_flow *flow, int64_t time_ns)
{
    uint64_t epoch = tap_ring_epoch();
    char text[2 * ADDRESS_BYTES + 8];

    if (epoch == 0)
        return false;
    if (atomic_load_explicit(&flow->opened, memory_order_acquire) == epoch)
        return true;
    if (!lock(&flow->opening))
        return false;
    if (atomic_load(&flow->opened) != epoch) {
        struct bench_piece piece = {.kind = BENCH_PIECE_OPEN, .data = text};

        flow->number = tap_next_number();
        open_text(flow, text, sizeof(text));
        piece.length = strlen(text);
        piece.connection = flow->number;
        piece.time_ns = time_ns;
        piece.thread = tap_thread();
        piece.from_server = flow->role == TAP_ROLE_SERVER;
        piece.joined = atomic_load(&flow->had_data);
        if (tap_put(&piece))
            atomic_store_explicit(&flow->opened, epoch, memory_order_release);
    }
    unlock(&flow->opening);
    return atomic_load(&flow->opened) == epoch;
}

/* ---- DATA ---- */

static bool put_part(struct tap_flow *flow, struct bench_piece *piece, bool sent)
{
    if (atomic_load_explicit(&flow->lost[sent], memory_order_relaxed)) {
        struct bench_piece gap = *piece;

        gap.kind = BENCH_PIECE_GAP;
        gap.length = 0;
        gap.joined = false;
        if (!tap_put(&gap))
            return false;
        atomic_store_explicit(&flow->lost[sent], false, memory_order_relaxed);
    }
    if (tap_put(piece))
        return true;
    atomic_store_explicit(&flow->lost[sent], true, memory_order_relaxed);
    return false;
}

static void put_data(struct tap_flow *any, bool sent, uint32_t order, int64_t time_ns,
                     uint32_t thread, uint32_t place, const struct iovec *pieces, size_t n,
                     size_t length)
{
    struct tap_flow *flow = any->main;
    struct bench_piece piece = {
        .kind = BENCH_PIECE_DATA,
        .direction = sent == (flow->role == TAP_ROLE_SERVER) ? BENCH_TO_CLIENT : BENCH_TO_SERVER,
        .time_ns = time_ns,
        .thread = thread,
        .place = place,
    };

    if (!opened(flow, time_ns)) {
        atomic_store_explicit(&flow->lost[sent], true, memory_order_relaxed);
        atomic_store_explicit(&flow->had_data, true, memory_order_relaxed);
        return;
    }
    piece.connection = (uint64_t)order << 32 | flow->number;
    for (size_t i = 0; length > 0 && i < n; i++) {
        size_t whole = pieces[i].iov_len < length ? pieces[i].iov_len : length;

        length -= whole;
        for (size_t done = 0; done < whole; done += piece.length) {
            size_t left = whole - done;

            piece.data = (const char *)pieces[i].iov_base + done;
            piece.length = left < PART_BYTES ? left : PART_BYTES;
            piece.joined = sent && length == 0 && piece.length == left;
            if (!put_part(flow, &piece, sent))
                return;
            piece.length = left < PART_BYTES ? left : PART_BYTES; /* tap_put moves it on */
        }
    }
    atomic_store_explicit(&flow->had_data, true, memory_order_relaxed);
}

/* A piece without bytes. False: it is not in the ring. */
static bool put_empty(struct tap_flow *any, enum bench_piece_kind kind, bool sent, uint32_t order,
                      int64_t time_ns)
{
    struct tap_flow *flow = any->main;

    if (atomic_load(&flow->opened) != 0 && opened(flow, time_ns)) {
        struct bench_piece piece = {
            .kind = kind,
            .direction =
                sent == (flow->role == TAP_ROLE_SERVER) ? BENCH_TO_CLIENT : BENCH_TO_SERVER,
            .time_ns = time_ns,
            .connection = (uint64_t)order << 32 | flow->number,
            .thread = tap_thread(),
            .joined = sent,
        };

        return tap_put(&piece);
    }
    return false;
}

/* ---- before it is known what it is ---- */

/* A request goes out through one pipe and its answer comes in through another: the first of each
 * kind belong together. */
static void pair_pipes(struct tap_flow *flow)
{
    struct tap_flow *other = atomic_load(&lonely_pipe);
    enum tap_flow_state state;

    if (flow->kind != TAP_FLOW_PIPE_IN && flow->kind != TAP_FLOW_PIPE_OUT)
        return;
    state = other ? atomic_load(&other->state) : TAP_FLOW_IGNORED;
    if (other && other != flow && other->kind != flow->kind && atomic_load(&other->refs) > 0 &&
        (state == TAP_FLOW_WATCHED || state == TAP_FLOW_MUTE) &&
        atomic_compare_exchange_strong(&lonely_pipe, &other, NULL)) {
        (void)atomic_fetch_add(&other->refs, 1);
        flow->main = other;
        return;
    }
    atomic_store(&lonely_pipe, flow);
}

static size_t gather(uint8_t *to, size_t room, const struct iovec *pieces, size_t n, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < n && used < room && length > 0; i++) {
        size_t part = pieces[i].iov_len < length ? pieces[i].iov_len : length;

        length -= part;
        if (part > room - used)
            part = room - used;
        if (part > 0)
            memcpy(to + used, pieces[i].iov_base, part);
        used += part;
    }
    return used;
}

static void put_early(struct tap_flow *flow)
{
    size_t at[2] = {0, 0};

    for (unsigned i = 0; i < flow->nearly; i++) {
        const struct tap_early *early = &flow->early[i];
        struct iovec piece = {flow->kept[early->sent] + at[early->sent], early->length};

        put_data(flow, early->sent, early->order, early->time_ns, early->thread, early->place,
                 &piece, 1, early->length);
        at[early->sent] += early->length;
    }
}

static void keep(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns, size_t length)
{
    flow->early[flow->nearly++] = (struct tap_early){
        .time_ns = time_ns,
        .thread = tap_thread(),
        .order = order,
        /* A single byte may be Python's word of a signal, from within the handler: its frames may
         * be half made. */
        .place = sent && length > 1 && tap_setup.places ? tap_place() : 0,
        .length = (uint8_t)length,
        .sent = sent,
    };
    flow->nkept[sent] = (uint8_t)(flow->nkept[sent] + length);
}

/* With the lock: what it is. */
static enum tap_flow_state settle(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns,
                                  const struct iovec *pieces, size_t n, size_t length)
{
    uint8_t *kept = flow->kept[sent];
    size_t before = flow->nkept[sent], now;
    enum bench_recognised is;
    bool pipe = flow->kind == TAP_FLOW_PIPE_IN || flow->kind == TAP_FLOW_PIPE_OUT;

    now = before + gather(kept + before, TAP_KEPT_MAX - before, pieces, n, length);
    is = TAP_RECOGNISE(kept, now);
    if (flow->role == TAP_ROLE_UNKNOWN) /* who speaks first is the client */
        flow->role = sent ? TAP_ROLE_CLIENT : TAP_ROLE_SERVER;
    if (is == BENCH_RECOGNISED_MORE && now == before + length && flow->nearly < TAP_EARLY_MAX) {
        keep(flow, sent, order, time_ns, length);
        return TAP_FLOW_UNDECIDED;
    }
    if (is != BENCH_RECOGNISED_YES)
        return TAP_FLOW_IGNORED;
    pair_pipes(flow);
    if (tap_setup.sees_server || flow->main->role != TAP_ROLE_SERVER)
        return TAP_FLOW_WATCHED;
    return pipe ? TAP_FLOW_MUTE : TAP_FLOW_IGNORED; /* its mate must still find it */
}

static void put_now(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns,
                    const struct iovec *pieces, size_t n, size_t length)
{
    put_data(flow, sent, order, time_ns, tap_thread(), sent && tap_setup.places ? tap_place() : 0,
             pieces, n, length);
}

bool tap_flow_passed(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns,
                     const struct iovec *pieces, size_t n, size_t length)
{
    enum tap_flow_state state = atomic_load_explicit(&flow->state, memory_order_acquire);

    if (!sent)
        order = atomic_load(&flow->main->sends);
    if (state == TAP_FLOW_UNDECIDED && length > 0) {
        if (!lock(&flow->settling)) {
            atomic_store(&flow->lost[sent], true);
            return true;
        }
        state = atomic_load(&flow->state);
        if (state == TAP_FLOW_UNDECIDED) {
            state = settle(flow, sent, order, time_ns, pieces, n, length);
            if (state == TAP_FLOW_WATCHED) {
                put_early(flow);
                put_now(flow, sent, order, time_ns, pieces, n, length);
            }
            atomic_store_explicit(&flow->state, state, memory_order_release);
            length = 0; /* done */
        }
        unlock(&flow->settling);
        if (length == 0)
            return state != TAP_FLOW_IGNORED;
    }
    if (state == TAP_FLOW_WATCHED) {
        if (length > 0)
            put_now(flow, sent, order, time_ns, pieces, n, length);
        else /* a send of nothing: somebody may wait for its number */
            (void)put_empty(flow, BENCH_PIECE_DATA, sent, order, time_ns);
    }
    return state != TAP_FLOW_IGNORED;
}

void tap_flow_hidden(struct tap_flow *flow, bool sent, uint32_t order, int64_t time_ns, bool any)
{
    bool watched = atomic_load_explicit(&flow->state, memory_order_acquire) == TAP_FLOW_WATCHED;

    if (!sent)
        order = atomic_load(&flow->main->sends);
    if (any)
        atomic_store(&flow->main->had_data, true);
    if (!(watched &&
          put_empty(flow, any ? BENCH_PIECE_GAP : BENCH_PIECE_DATA, sent, order, time_ns)) &&
        any)
        atomic_store(&flow->main->lost[sent], true);
}

void tap_flow_ended(struct tap_flow *any)
{
    struct tap_flow *flow = any->main, *lonely = any;
    uint64_t epoch = atomic_load(&flow->opened);

    (void)atomic_compare_exchange_strong(&lonely_pipe, &lonely, NULL);
    if (epoch != 0 && atomic_load(&any->state) == TAP_FLOW_WATCHED &&
        atomic_exchange(&flow->opened, 0) == epoch && tap_ring_epoch() == epoch) {
        struct bench_piece piece = {
            .kind = BENCH_PIECE_CLOSE,
            .time_ns = tap_now(),
            .connection = (uint64_t)atomic_load(&flow->sends) << 32 | flow->number,
            .thread = tap_thread(),
        };

        (void)tap_put(&piece);
    }
}
