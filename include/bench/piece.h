/* SPDX-License-Identifier: MIT */
/*
 * Pieces of somebody else's conversation, as a tap sees them: a relay, a preloaded library, a
 * capture, or a connection of our own that is watched. The one thing that flows from taps to the
 * analyser. Pieces of one connection come in the order of their times; those of different
 * connections need not.
 */
#ifndef BENCH_PIECE_H
#define BENCH_PIECE_H

#include <stdbool.h>

#include "bench/api.h"

enum bench_direction { BENCH_TO_SERVER, BENCH_TO_CLIENT };

enum bench_piece_kind {
    BENCH_PIECE_PROCESS,    /* a process appeared; text: its command line */
    BENCH_PIECE_OPEN,       /* a connection; text: "127.0.0.1:40404 > 127.0.0.1:18812" */
    BENCH_PIECE_DATA,       /* bytes of it, as the application sees them (above TLS) */
    BENCH_PIECE_GAP,        /* bytes were lost here, in that direction */
    BENCH_PIECE_CLOSE,      /* its end */
    BENCH_PIECE_PLACE,      /* number `place` stands for text: "app.py:17 load_users" */
    BENCH_PIECE_MARK_BEGIN, /* a section of the program begins on this thread; text: its name */
    BENCH_PIECE_MARK_END,   /* the innermost one of this thread ends */
    BENCH_PIECE_EXIT,       /* the process is gone */
};

struct bench_piece {
    enum bench_piece_kind kind;
    enum bench_direction direction; /* DATA, GAP */
    uint64_t connection;            /* unique within a tap, from 1; OPEN, DATA, GAP, CLOSE */
    int64_t time_ns;                /* CLOCK_MONOTONIC; of a capture: since 1970 */
    uint32_t process;               /* pid; 0 = the tap does not know */
    uint32_t thread;                /* tid that sent or received it; 0 = the tap does not know */
    uint32_t place;                 /* of the program's code that sent it; 0 = not known */
    bool from_server;               /* OPEN: the tapped program is the server's side */
    bool joined;      /* OPEN: the connection was open already, its beginning was not seen */
    const void *data; /* bytes, or the text (not ended by NUL); borrowed for the call */
    size_t length;
};

/* May be called from one thread at a time. */
typedef void (*bench_piece_fn)(const struct bench_piece *piece, void *user);

#endif
