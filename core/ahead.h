/* SPDX-License-Identifier: MIT */
/*
 * Bytes that were read before anybody wanted them: a queue in blocks that are allocated as they are
 * needed and freed as they are emptied. One owner, no locks, no sockets.
 */
#ifndef BENCH_AHEAD_H
#define BENCH_AHEAD_H

#include <stddef.h>
#include <stdint.h>

struct bench_ahead_block;

struct bench_ahead {
    struct bench_ahead_block *first, *last;
    size_t bytes, limit; /* limit: 0 = nothing is ever kept */
};

void bench_ahead_init(struct bench_ahead *ahead, size_t limit);
void bench_ahead_fini(struct bench_ahead *ahead);

/* Where further bytes can be put, and how many. 0 = the limit is reached. Without memory the limit
 * becomes what is there already. */
size_t bench_ahead_room(struct bench_ahead *ahead, uint8_t **room);
/* So many were put there. To be called after each bench_ahead_room that gave some, also with 0. */
void bench_ahead_add(struct bench_ahead *ahead, size_t n);

/* Moves up to n of the oldest bytes to `to`; how many there were. */
size_t bench_ahead_take(struct bench_ahead *ahead, uint8_t *to, size_t n);

#endif
