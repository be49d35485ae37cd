/* SPDX-License-Identifier: MIT */
/*
 * One direction of a connection: bytes, each with the time at which it may go on. No sockets and no
 * clock: the caller passes `now`. What it holds is bounded by the shape's limit; bytes never
 * overtake. One thread.
 */
#ifndef BENCH_TAP_LINE_H
#define BENCH_TAP_LINE_H

#include <stdbool.h>
#include <sys/uio.h>

#include "bench/api.h"

enum {
    TAP_SEGMENT_BYTES = 32 * 1024, /* with its head */
    TAP_POOL_MAX = 512,            /* free segments that are kept: 16 MiB */
};

#define TAP_NEVER INT64_MAX

struct tap_segment {
    struct tap_segment *next;
    uint32_t read, write;
    uint8_t data[TAP_SEGMENT_BYTES - 16];
};

/* Segments that no line needs now. */
struct tap_pool {
    struct tap_segment *free;
    size_t nfree;
    bool hold; /* bytes that went on stay where they are until tap_pool_release */
    struct tap_segment *held;
};

void tap_pool_release(struct tap_pool *pool);
void tap_pool_fini(struct tap_pool *pool);

/* What the lines of a relay have in common. */
struct tap_shape {
    int64_t delay_ns, jitter_ns;
    double ns_per_byte; /* time that a byte takes on the link; 0 = none */
    uint32_t quantum;   /* bytes that go on together on a link with a rate */
    size_t limit_bytes; /* of memory, per line */
    uint64_t random;    /* state of the jitter's generator */
};

/* bits_per_s 0 = no limit. */
void tap_shape_init(struct tap_shape *shape, int64_t delay_ns, int64_t jitter_ns, double bits_per_s,
                    size_t limit_bytes, uint64_t seed);

enum tap_end { TAP_OPEN, TAP_FIN, TAP_RESET };

struct tap_line {
    struct tap_shape *shape;
    struct tap_pool *pool;
    struct tap_segment *head, *tail; /* none is empty */
    struct tap_segment *fresh;       /* between reserve and commit */
    size_t bytes;                    /* of memory that it holds */
    uint32_t sent;                   /* of the first piece */
    bool begun;       /* something came; until then the handshake is still to be paid for */
    enum tap_end end; /* what comes behind the bytes */
    int64_t end_due_ns;
    int64_t last_due_ns; /* of what was put in last */
    double link_free_ns; /* when the link has taken all bits */
};

void tap_line_init(struct tap_line *line, struct tap_shape *shape, struct tap_pool *pool);
void tap_line_fini(struct tap_line *line);

/* Where the next bytes are to be written; 0 = full (or no memory). Always followed by commit. */
size_t tap_line_reserve(struct tap_line *line, uint8_t **at) BENCH_MUST_CHECK;
/* n bytes were written there, 0 if there were none; they came at now_ns. */
void tap_line_commit(struct tap_line *line, size_t n, int64_t now_ns);
bool tap_line_is_full(const struct tap_line *line);
/* The end of the bytes: FIN or RESET, which takes as long as they do, and extra_ns more. A RESET
 * overrides a FIN. */
void tap_line_finish(struct tap_line *line, enum tap_end end, int64_t now_ns, int64_t extra_ns);

/* When there is something to do next; may have passed already. TAP_NEVER. */
int64_t tap_line_due(const struct tap_line *line);
/* When a RESET comes out, whether or not bytes before it could be passed on. TAP_NEVER. */
int64_t tap_line_reset_due(const struct tap_line *line);
/* Bytes that may go on now, in order; returns how many pieces were filled. */
int tap_line_peek(const struct tap_line *line, int64_t now_ns, struct iovec *pieces, int max);
/* The first n bytes went on. */
void tap_line_consume(struct tap_line *line, size_t n);
/* What is due now behind the bytes: FIN when none are left, RESET in any case. */
enum tap_end tap_line_ended(const struct tap_line *line, int64_t now_ns);

#endif
