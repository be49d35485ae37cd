/* SPDX-License-Identifier: MIT */
#include "tap/line.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "core/random.h"

enum {
    PACKET_BYTES = 1448, /* what fits into an Ethernet frame of TCP with time stamps */
    WORTHWHILE = 2048,   /* less room than that at the end of a segment is left unused */
    QUANTUM_NS = 20000,  /* a link with a rate passes on what it takes in so long */
};

/* Stands in front of a piece's bytes in its segment; copied in and out, so never aligned. */
struct piece {
    int64_t start_ns; /* its first bit comes out; without a rate all of it does */
    uint32_t length;
    uint32_t unused;
};

static_assert(sizeof(struct tap_segment) == TAP_SEGMENT_BYTES, "no padding");

/* ---- memory ---- */

static struct tap_segment *take_segment(struct tap_pool *pool)
{
    struct tap_segment *s = pool->free;
    if (s != NULL) {
        pool->free = s->next;
        pool->nfree--;
    } else {
        s = malloc(sizeof(*s));
    }
    if (s != NULL) {
        s->next = NULL;
        s->read = s->write = 0;
    }
    return s;
}

static void give_segment(struct tap_pool *pool, struct tap_segment *s)
{
    if (pool->nfree >= TAP_POOL_MAX) {
        free(s);
        return;
    }
    s->next = pool->free;
    pool->free = s;
    pool->nfree++;
}

void tap_pool_release(struct tap_pool *pool)
{
    while (pool->held != NULL) {
        struct tap_segment *s = pool->held;
        pool->held = s->next;
        give_segment(pool, s);
    }
}

void tap_pool_fini(struct tap_pool *pool)
{
    tap_pool_release(pool);
    while (pool->free != NULL) {
        struct tap_segment *s = pool->free;
        pool->free = s->next;
        free(s);
    }
    pool->nfree = 0;
}

static void drop_head(struct tap_line *line)
{
    struct tap_segment *s = line->head;
    line->head = s->next;
    if (line->head == NULL)
        line->tail = NULL;
    line->bytes -= TAP_SEGMENT_BYTES;
    if (line->pool->hold) {
        s->next = line->pool->held;
        line->pool->held = s;
    } else {
        give_segment(line->pool, s);
    }
}

/* ---- the shape ---- */

void tap_shape_init(struct tap_shape *shape, int64_t delay_ns, int64_t jitter_ns, double bits_per_s,
                    size_t limit_bytes, uint64_t seed)
{
    *shape = (struct tap_shape){.delay_ns = delay_ns,
                                .jitter_ns = jitter_ns,
                                .quantum = PACKET_BYTES,
                                .limit_bytes = limit_bytes,
                                .random = seed};
    if (bits_per_s <= 0)
        return;
    shape->ns_per_byte = 8 * (double)BENCH_NS_PER_S / bits_per_s;
    double bytes = QUANTUM_NS / shape->ns_per_byte;
    if (bytes > PACKET_BYTES)
        shape->quantum = bytes < TAP_SEGMENT_BYTES ? (uint32_t)bytes : TAP_SEGMENT_BYTES;
}

/* The delay of one piece: uniform within delay +- jitter. */
static int64_t one_delay(struct tap_shape *shape)
{
    if (shape->jitter_ns == 0)
        return shape->delay_ns;
    uint64_t width = 2 * (uint64_t)shape->jitter_ns + 1; /* far below 2^64: no bias to speak of */
    return shape->delay_ns - shape->jitter_ns +
           (int64_t)(bench_random_next(&shape->random) % width);
}

static int64_t time_of(const struct tap_shape *shape, size_t bytes)
{
    return (int64_t)ceil((double)bytes * shape->ns_per_byte);
}

/* ---- putting in ---- */

void tap_line_init(struct tap_line *line, struct tap_shape *shape, struct tap_pool *pool)
{
    *line = (struct tap_line){.shape = shape, .pool = pool};
}

void tap_line_fini(struct tap_line *line)
{
    while (line->head != NULL)
        drop_head(line);
    line->sent = 0;
}

static size_t room_of(const struct tap_segment *s)
{
    size_t room = s == NULL ? 0 : sizeof(s->data) - s->write;
    return room > sizeof(struct piece) ? room - sizeof(struct piece) : 0;
}

static bool may_grow(const struct tap_line *line)
{
    return line->bytes + TAP_SEGMENT_BYTES <= line->shape->limit_bytes;
}

bool tap_line_is_full(const struct tap_line *line)
{
    return room_of(line->tail) == 0 && !may_grow(line);
}

size_t tap_line_reserve(struct tap_line *line, uint8_t **at)
{
    if (room_of(line->tail) < WORTHWHILE && may_grow(line))
        line->fresh = take_segment(line->pool);
    struct tap_segment *s = line->fresh != NULL ? line->fresh : line->tail;
    size_t room = room_of(s);
    if (room > 0)
        *at = s->data + s->write + sizeof(struct piece);
    return room;
}

static void append_fresh(struct tap_line *line)
{
    if (line->tail != NULL)
        line->tail->next = line->fresh;
    else
        line->head = line->fresh;
    line->tail = line->fresh;
    line->fresh = NULL;
    line->bytes += TAP_SEGMENT_BYTES;
}

/* The first thing on a connection pays for the handshake, which the kernel did without delay. */
static int64_t handshake(struct tap_line *line)
{
    bool first = !line->begun;
    line->begun = true;
    return first ? 2 * line->shape->delay_ns : 0;
}

void tap_line_commit(struct tap_line *line, size_t n, int64_t now_ns)
{
    if (n == 0) {
        if (line->fresh != NULL)
            give_segment(line->pool, line->fresh);
        line->fresh = NULL;
        return;
    }
    if (line->fresh != NULL)
        append_fresh(line);
    struct tap_shape *shape = line->shape;
    double begin = (double)(now_ns + handshake(line));
    if (shape->ns_per_byte > 0) {
        begin = fmax(begin, line->link_free_ns);
        line->link_free_ns = begin + (double)n * shape->ns_per_byte;
    }
    struct piece piece = {.start_ns = (int64_t)ceil(begin) + one_delay(shape),
                          .length = (uint32_t)n};
    if (piece.start_ns < line->last_due_ns)
        piece.start_ns = line->last_due_ns;
    line->last_due_ns = piece.start_ns + time_of(shape, n);
    struct tap_segment *s = line->tail;
    memcpy(s->data + s->write, &piece, sizeof(piece));
    s->write += (uint32_t)(sizeof(piece) + n);
}

void tap_line_finish(struct tap_line *line, enum tap_end end, int64_t now_ns, int64_t extra_ns)
{
    if (end <= line->end)
        return;
    int64_t due = now_ns + handshake(line) + extra_ns + one_delay(line->shape);
    line->end = end;
    line->end_due_ns = due > line->last_due_ns ? due : line->last_due_ns;
    line->last_due_ns = line->end_due_ns;
}

/* ---- taking out ---- */

static struct piece piece_at(const struct tap_segment *s, uint32_t offset)
{
    struct piece piece;
    memcpy(&piece, s->data + offset, sizeof(piece));
    return piece;
}

/* How many of its bytes may have come out by then. */
static uint32_t released(const struct tap_shape *shape, const struct piece *piece, int64_t now_ns)
{
    if (now_ns < piece->start_ns)
        return 0;
    if (shape->ns_per_byte <= 0 || now_ns >= piece->start_ns + time_of(shape, piece->length))
        return piece->length;
    int64_t passed = now_ns - piece->start_ns;
    uint32_t bytes = (uint32_t)((double)passed / shape->ns_per_byte);
    bytes -= bytes % shape->quantum;
    /* Rounding must not make this differ from what tap_line_due promises. */
    if (time_of(shape, (size_t)bytes + shape->quantum) <= passed)
        bytes += shape->quantum;
    else if (time_of(shape, bytes) > passed)
        bytes -= shape->quantum;
    return bytes < piece->length ? bytes : piece->length;
}

int64_t tap_line_due(const struct tap_line *line)
{
    if (line->head == NULL)
        return line->end == TAP_OPEN ? TAP_NEVER : line->end_due_ns;
    struct piece piece = piece_at(line->head, line->head->read);
    uint32_t to = (line->sent / line->shape->quantum + 1) * line->shape->quantum;
    return piece.start_ns + time_of(line->shape, to < piece.length ? to : piece.length);
}

int64_t tap_line_reset_due(const struct tap_line *line)
{
    return line->end == TAP_RESET ? line->end_due_ns : TAP_NEVER;
}

int tap_line_peek(const struct tap_line *line, int64_t now_ns, struct iovec *pieces, int max)
{
    int n = 0;
    uint32_t sent = line->sent;
    for (struct tap_segment *s = line->head; s != NULL; s = s->next) {
        for (uint32_t at = s->read; at < s->write;) {
            struct piece piece = piece_at(s, at);
            uint32_t may = released(line->shape, &piece, now_ns);
            if (may <= sent || n == max)
                return n;
            pieces[n++] = (struct iovec){.iov_base = s->data + at + sizeof(piece) + sent,
                                         .iov_len = may - sent};
            if (may < piece.length)
                return n;
            at += (uint32_t)sizeof(piece) + piece.length;
            sent = 0;
        }
    }
    return n;
}

void tap_line_consume(struct tap_line *line, size_t n)
{
    while (n > 0) {
        struct tap_segment *s = line->head;
        assert(s != NULL);
        struct piece piece = piece_at(s, s->read);
        size_t left = piece.length - line->sent;
        if (n < left) {
            line->sent += (uint32_t)n;
            return;
        }
        n -= left;
        line->sent = 0;
        s->read += (uint32_t)sizeof(piece) + piece.length;
        if (s->read == s->write)
            drop_head(line);
    }
}

enum tap_end tap_line_ended(const struct tap_line *line, int64_t now_ns)
{
    if (line->end == TAP_OPEN || now_ns < line->end_due_ns)
        return TAP_OPEN;
    return line->end == TAP_FIN && line->head != NULL ? TAP_OPEN : line->end;
}
