/* SPDX-License-Identifier: MIT */
/*
 * The streams of one connection, put together again. What is in order is handed on at once; what is
 * not waits in a list, sorted by its sequence numbers, for one of two things:
 *   - the bytes before it, when they are missing: a hole;
 *   - bytes of the other direction that it acknowledges: its sender had them when it was sent.
 */
#include <stdlib.h>
#include <string.h>

#include "tap/capture_internal.h"

enum {
    NEAR_BYTES = 64 << 20, /* sequence numbers farther away belong to something else */
    STRANGE_MAX = 3,       /* ... unless so many segments in a row say so */
    KEPT_CHARGE_MIN = 256, /* of small segments, so that they are not too many */
};

struct segment {
    uint32_t seq, ack;
    bool has_ack;
    uint32_t length, captured;
    const uint8_t *data;
    int64_t time_ns;
};

/* How far b is behind a; negative: before. */
static int32_t distance(uint32_t a, uint32_t b) { return (int32_t)(b - a); }

static bool is_near(int32_t d) { return d >= -NEAR_BYTES && d <= NEAR_BYTES; }

static enum bench_direction reverse(enum bench_direction direction)
{
    return direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
}

/* ---- handing on ---- */

static void move_to(struct tap_half *half, uint32_t seq)
{
    half->next = seq;
    if (distance(half->top, seq) > 0)
        half->top = seq;
    if (half->fin_known && distance(half->fin, seq) >= 0)
        half->done = true;
}

/* What is missing up to there is lost. Neighbouring losses are one GAP. */
static void lose(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction,
                 uint32_t to)
{
    struct tap_half *half = &flow->halves[direction];
    c->counts.lost_bytes += to - half->next;
    move_to(half, to);
    if (half->gap_last)
        return;
    half->gap_last = true;
    c->counts.gaps++;
    tap_flow_emit(c, flow, BENCH_PIECE_GAP, direction, flow->last_ns, NULL, 0);
}

static void hand_on(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction,
                    const struct segment *s)
{
    struct tap_half *half = &flow->halves[direction];
    half->any = true;
    if (s->captured > 0) {
        half->gap_last = false;
        move_to(half, s->seq + s->captured);
        tap_flow_emit(c, flow, BENCH_PIECE_DATA, direction, s->time_ns, s->data, s->captured);
    }
    if (s->captured < s->length) {
        if (s->time_ns > flow->last_ns)
            flow->last_ns = s->time_ns;
        lose(c, flow, direction, s->seq + s->length);
    }
}

/* Cuts off what was handed on already. False if nothing is left. */
static bool trim(struct tap_capture *c, const struct tap_half *half, struct segment *s)
{
    int32_t old = distance(s->seq, half->next);
    if (old <= 0)
        return s->length > 0;
    uint32_t n = (uint32_t)old < s->length ? (uint32_t)old : s->length;
    uint32_t there = n < s->captured ? n : s->captured;
    c->counts.repeated_bytes += n;
    s->seq += n;
    s->length -= n;
    s->data += there;
    s->captured -= there;
    return s->length > 0;
}

/* Whether it acknowledges bytes that are still to come. */
static bool waits(const struct tap_flow *flow, enum bench_direction direction, bool has_ack,
                  uint32_t ack)
{
    const struct tap_half *other = &flow->halves[reverse(direction)];
    if (!has_ack || !other->known || other->done)
        return false;
    int32_t missing = distance(other->next, ack);
    return missing > 0 && is_near(missing);
}

/* ---- what is kept ---- */

static size_t charge(uint32_t captured)
{
    return sizeof(struct tap_kept) + (captured > KEPT_CHARGE_MIN ? captured : KEPT_CHARGE_MIN);
}

static bool has_room(const struct tap_capture *c, const struct tap_half *half, size_t bytes)
{
    return half->kept_bytes + bytes <= c->options.ahead_bytes_max &&
           c->kept_bytes + bytes <= c->kept_max;
}

/* The last one that does not begin behind seq; from whichever end is nearer. */
static struct tap_kept *find_before(const struct tap_half *half, uint32_t seq)
{
    if (half->head == NULL || distance(half->head->seq, seq) < 0)
        return NULL;
    if (distance(half->head->seq, seq) < distance(seq, half->tail->seq)) {
        struct tap_kept *k = half->head;
        while (k->next != NULL && distance(k->next->seq, seq) >= 0)
            k = k->next;
        return k;
    }
    struct tap_kept *k = half->tail;
    while (distance(k->seq, seq) < 0)
        k = k->prev;
    return k;
}

/* False without memory. */
static bool keep(struct tap_capture *c, struct tap_half *half, const struct segment *s)
{
    struct tap_kept *before = find_before(half, s->seq);
    if (before != NULL && before->captured >= s->captured &&
        distance(before->seq + before->length, s->seq + s->length) <= 0) {
        c->counts.repeated_bytes += s->length;
        return true;
    }
    struct tap_kept *k = malloc(sizeof(*k) + s->captured);
    if (k == NULL)
        return false;
    *k = (struct tap_kept){.time_ns = s->time_ns,
                           .seq = s->seq,
                           .ack = s->ack,
                           .has_ack = s->has_ack,
                           .length = s->length,
                           .captured = s->captured};
    if (s->captured > 0)
        memcpy(k->data, s->data, s->captured);
    k->prev = before;
    k->next = before != NULL ? before->next : half->head;
    *(before != NULL ? &before->next : &half->head) = k;
    *(k->next != NULL ? &k->next->prev : &half->tail) = k;
    half->kept_bytes += charge(k->captured);
    c->kept_bytes += charge(k->captured);
    half->any = true;
    return true;
}

/* Hands on the first one that is kept, which is in its turn. */
static void release(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction)
{
    struct tap_half *half = &flow->halves[direction];
    struct tap_kept *k = half->head;
    struct segment s = {.seq = k->seq,
                        .length = k->length,
                        .captured = k->captured,
                        .data = k->data,
                        .time_ns = k->time_ns};
    half->head = k->next;
    *(k->next != NULL ? &k->next->prev : &half->tail) = NULL;
    half->kept_bytes -= charge(k->captured);
    c->kept_bytes -= charge(k->captured);
    if (trim(c, half, &s))
        hand_on(c, flow, direction, &s);
    free(k);
}

static bool in_turn(const struct tap_flow *flow, enum bench_direction direction)
{
    const struct tap_half *half = &flow->halves[direction];
    const struct tap_kept *k = half->head;
    return k != NULL && distance(half->next, k->seq) <= 0 &&
           !waits(flow, direction, k->has_ack, k->ack);
}

static void release_all_in_turn(struct tap_capture *c, struct tap_flow *flow)
{
    while (in_turn(flow, BENCH_TO_SERVER) || in_turn(flow, BENCH_TO_CLIENT))
        for (int d = BENCH_TO_SERVER; d <= BENCH_TO_CLIENT; d++)
            while (in_turn(flow, d))
                release(c, flow, d);
}

/* ---- giving up ---- */

/* The first of two in the order of the stream. */
static uint32_t first_of(uint32_t a, uint32_t b) { return distance(a, b) < 0 ? b : a; }

static bool has_hole(const struct tap_half *half)
{
    return half->head == NULL || distance(half->next, half->head->seq) > 0;
}

/* Something is kept in this direction and not in its turn: gives up what it waits for. */
static void unblock(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction)
{
    struct tap_half *half = &flow->halves[direction], *other = &flow->halves[reverse(direction)];
    const struct tap_kept *k = half->head;
    if (has_hole(half)) {
        lose(c, flow, direction, k->seq);
    } else if (waits(flow, direction, k->has_ack, k->ack) && has_hole(other)) {
        uint32_t to = k->ack;
        if (other->head != NULL)
            to = first_of(to, other->head->seq);
        lose(c, flow, reverse(direction), to);
    } else { /* each waits for the other: nobody sends such a thing */
        release(c, flow, direction);
    }
}

/* The receiver got it, the capture did not, and it has not come for long. */
static bool give_up(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction,
                    int64_t now_ns)
{
    struct tap_half *half = &flow->halves[direction];
    if (!half->owed || (now_ns - half->owed_since_ns <= TAP_CAPTURE_DISORDER_NS &&
                        flow->packets - half->owed_packet <= TAP_CAPTURE_DISORDER_PACKETS))
        return false;
    if (distance(half->next, half->owed_to) <= 0)
        half->owed = false;
    else if (!has_hole(half))
        unblock(c, flow, direction);
    else
        lose(c, flow, direction,
             half->head != NULL ? first_of(half->owed_to, half->head->seq) : half->owed_to);
    return true;
}

static void note_owed(struct tap_flow *flow, struct tap_half *half, int64_t now_ns)
{
    if (half->owed && distance(half->next, half->owed_to) > 0)
        return;
    half->owed = half->acked_known && distance(half->next, half->acked) > 0;
    half->owed_to = half->acked;
    half->owed_since_ns = now_ns;
    half->owed_packet = flow->packets;
}

static void advance(struct tap_capture *c, struct tap_flow *flow, int64_t now_ns)
{
    do {
        release_all_in_turn(c, flow);
        for (int d = BENCH_TO_SERVER; d <= BENCH_TO_CLIENT; d++)
            note_owed(flow, &flow->halves[d], now_ns);
    } while (give_up(c, flow, BENCH_TO_SERVER, now_ns) ||
             give_up(c, flow, BENCH_TO_CLIENT, now_ns));
}

/* Of the two directions the one whose first segment was sent first; -1 if nothing is kept. */
static int earlier(const struct tap_flow *flow)
{
    const struct tap_kept *up = flow->halves[BENCH_TO_SERVER].head;
    const struct tap_kept *down = flow->halves[BENCH_TO_CLIENT].head;
    if (up == NULL && down == NULL)
        return -1;
    if (up == NULL || down == NULL)
        return up != NULL ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
    return up->time_ns <= down->time_ns ? BENCH_TO_SERVER : BENCH_TO_CLIENT;
}

static void lose_the_end(struct tap_capture *c, struct tap_flow *flow,
                         enum bench_direction direction)
{
    const struct tap_half *half = &flow->halves[direction];
    uint32_t end = half->next;
    if (!half->known)
        return;
    if (half->acked_known && distance(end, half->acked) > 0)
        end = half->acked;
    if (half->fin_known && distance(end, half->fin) > 0)
        end = half->fin;
    if (end != half->next)
        lose(c, flow, direction, end);
}

void tap_tcp_flush(struct tap_capture *c, struct tap_flow *flow)
{
    int d;
    for (;;) {
        release_all_in_turn(c, flow);
        if ((d = earlier(flow)) < 0)
            break;
        unblock(c, flow, d);
    }
    lose_the_end(c, flow, BENCH_TO_SERVER);
    lose_the_end(c, flow, BENCH_TO_CLIENT);
}

/* ---- what comes ---- */

static void add(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction,
                struct segment *s)
{
    struct tap_half *half = &flow->halves[direction];
    if (!trim(c, half, s))
        return;
    if (distance(s->seq, half->top) > 0 || (half->acked_known && distance(s->seq, half->acked) > 0))
        c->counts.reordered++;
    if (distance(half->top, s->seq + s->length) > 0)
        half->top = s->seq + s->length;
    while (trim(c, half, s)) {
        if (s->seq == half->next && !waits(flow, direction, s->has_ack, s->ack)) {
            hand_on(c, flow, direction, s);
            return;
        }
        if (has_room(c, half, charge(s->captured)) && keep(c, half, s))
            return;
        if (half->head != NULL) {
            unblock(c, flow, direction);
            release_all_in_turn(c, flow);
        } else {
            if (s->seq != half->next)
                lose(c, flow, direction, s->seq);
            hand_on(c, flow, direction, s);
            return;
        }
    }
}

/* Sequence numbers that cannot be: a broken packet; or, if they go on, we have missed much. */
static bool is_strange(struct tap_capture *c, struct tap_flow *flow, enum bench_direction direction,
                       uint32_t seq)
{
    struct tap_half *half = &flow->halves[direction];
    if (is_near(distance(half->next, seq))) {
        half->strange = 0;
        return false;
    }
    if (++half->strange < STRANGE_MAX)
        return true;
    half->strange = 0;
    while (half->head != NULL) {
        unblock(c, flow, direction);
        release_all_in_turn(c, flow);
    }
    half->next = half->top = half->base = seq;
    half->acked_known = half->owed = half->fin_known = half->done = false;
    lose(c, flow, direction, seq); /* nobody knows how much */
    return false;
}

static void learn_ack(struct tap_half *other, uint32_t ack, bool joined)
{
    if (!other->known)
        return;
    int32_t ahead = distance(other->next, ack);
    /* A keep-alive has the number before the next one, and may have been the first that we saw. */
    if (joined && !other->any && ahead == 1)
        move_to(other, ack);
    if (other->fin_known && ack == other->fin + 1)
        ack = other->fin;
    if (ahead <= 0 || !is_near(ahead) || (other->acked_known && distance(other->acked, ack) <= 0))
        return;
    other->acked = ack;
    other->acked_known = true;
}

static void begin_half(struct tap_half *half, uint32_t seq)
{
    if (half->known)
        return;
    half->known = true;
    half->base = half->next = half->top = seq;
}

/* Whether a SYN belongs to this connection rather than to a new one between the same ports. */
static bool is_its_syn(const struct tap_flow *flow, enum bench_direction direction,
                       const struct tap_packet *p)
{
    const struct tap_half *half = &flow->halves[direction];
    const struct tap_half *other = &flow->halves[reverse(direction)];
    if (half->known && half->base != p->seq + 1)
        return false;
    if (p->flags & TAP_ACK_FLAG)
        return !other->known || other->base == p->ack;
    return half->known || !other->any;
}

/* The packet's connection, opened if need be; NULL if it is of none. */
static struct tap_flow *flow_of(struct tap_capture *c, const struct tap_packet *p,
                                enum bench_direction *direction)
{
    struct tap_flow *flow = tap_flow_find(c, p, direction);
    const bool syn = p->flags & TAP_SYN_FLAG && !(p->flags & TAP_RST_FLAG);
    if (flow != NULL && syn && !is_its_syn(flow, *direction, p)) {
        tap_flow_drop(c, flow);
        flow = NULL;
    }
    if (flow != NULL && flow->state == TAP_FLOW_CLOSED && !syn) {
        const struct tap_half *half = &flow->halves[*direction];
        if (p->length == 0 || !half->known || is_near(distance(half->next, p->seq)))
            return NULL;
        tap_flow_drop(c, flow);
        flow = NULL;
    }
    if (flow == NULL && !syn && (p->length == 0 || p->flags & TAP_RST_FLAG))
        return NULL;
    return flow != NULL ? flow : tap_flow_open(c, p, direction);
}

static void take_payload(struct tap_capture *c, struct tap_flow *flow,
                         enum bench_direction direction, const struct tap_packet *p, uint32_t seq)
{
    struct tap_half *half = &flow->halves[direction];
    struct segment s = {.seq = seq,
                        .ack = p->ack,
                        .has_ack = p->flags & TAP_ACK_FLAG,
                        .length = p->length,
                        .captured = p->captured,
                        .data = p->data,
                        .time_ns = p->time_ns};
    if (half->done) {
        c->counts.repeated_bytes += s.length;
        return;
    }
    if (p->flags & TAP_FIN_FLAG && !half->fin_known) {
        half->fin_known = true;
        half->fin = seq + p->length;
    }
    if (s.length > 0)
        add(c, flow, direction, &s);
    move_to(half, half->next); /* a FIN may have ended it */
}

static void take_end(struct tap_capture *c, struct tap_flow *flow, const struct tap_packet *p)
{
    const struct tap_half *up = &flow->halves[BENCH_TO_SERVER];
    const struct tap_half *down = &flow->halves[BENCH_TO_CLIENT];
    if (flow->state != TAP_FLOW_CLOSING &&
        (p->flags & TAP_RST_FLAG || (up->fin_known && down->fin_known)))
        tap_flow_closing(c, flow, p->time_ns);
    if (up->done && down->done)
        tap_flow_close(c, flow);
}

void tap_tcp_packet(struct tap_capture *c, const struct tap_packet *p)
{
    const uint16_t port = c->options.port;
    enum bench_direction direction;
    if (port != 0 && p->from.port != port && p->to.port != port)
        return;
    c->counts.tcp_packets++;
    c->counts.cut += p->captured < p->length;
    tap_flows_settle(c, p->time_ns);
    struct tap_flow *flow = flow_of(c, p, &direction);
    if (flow == NULL || flow->state == TAP_FLOW_CLOSED)
        return;
    flow->packets++;
    tap_flow_touch(c, flow);
    struct tap_half *half = &flow->halves[direction], *other = &flow->halves[reverse(direction)];
    const uint32_t seq = p->flags & TAP_SYN_FLAG ? p->seq + 1 : p->seq;
    begin_half(half, seq);
    if (is_strange(c, flow, direction, seq))
        return;
    if (p->flags & TAP_ACK_FLAG) {
        if (p->flags & TAP_SYN_FLAG)
            begin_half(other, p->ack);
        learn_ack(other, p->ack, flow->joined);
    }
    take_payload(c, flow, direction, p, seq);
    advance(c, flow, p->time_ns);
    take_end(c, flow, p);
}
