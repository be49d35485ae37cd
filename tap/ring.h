/* SPDX-License-Identifier: MIT */
/*
 * Pieces on their way from one process (or thread) to the analyser: a ring in shared memory. Many
 * threads put in, one takes out; pieces come out in the order in which they were put in. Nothing in
 * here blocks, allocates or calls anything but memcpy and clock_gettime once it is made, so that a
 * preloaded library may use it within a program's send(). What comes out of a ring that another
 * process writes is hostile: every length is checked.
 */
#ifndef TAP_RING_H
#define TAP_RING_H

#include "bench/error.h"
#include "bench/piece.h"

struct tap_ring;

enum { TAP_RING_BYTES_MIN = 1 << 16, TAP_RING_BYTES_MAX = 1 << 30 };

/* bytes: a power of two. *fd is a memfd (close-on-exec) that tap_ring_attach takes in another
 * process; the caller closes it. 0, -EINVAL, -ENOMEM, or memfd's errors. */
int tap_ring_new(struct tap_ring **out, size_t bytes, int *fd,
                 struct bench_error *err) BENCH_MUST_CHECK;
/* The other end. 0, -EPROTO (it is no ring of ours), mmap's errors. */
int tap_ring_attach(struct tap_ring **out, int fd, struct bench_error *err) BENCH_MUST_CHECK;
void tap_ring_free(struct tap_ring *ring); /* of this process; accepts NULL */

/* 0; -EAGAIN: no room (the caller decides whether to wait or to put a GAP later); a piece larger
 * than a quarter of the ring is put in parts, so that -EAGAIN may leave a part behind: *put tells
 * how many bytes of data went in. */
int tap_ring_put(struct tap_ring *ring, const struct bench_piece *piece,
                 size_t *put) BENCH_MUST_CHECK;
/* Counts a piece that was not put. */
void tap_ring_drop(struct tap_ring *ring);
uint64_t tap_ring_dropped(const struct tap_ring *ring);
/* Hands up to max pieces to fn. Returns how many; negative (-EPROTO): what is in it makes no sense,
 * no more comes out of it. */
int tap_ring_take(struct tap_ring *ring, int max, bench_piece_fn fn, void *user) BENCH_MUST_CHECK;
/* Share of it that is full, 0..1. */
double tap_ring_fill(const struct tap_ring *ring);

#endif
