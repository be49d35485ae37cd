/* SPDX-License-Identifier: MIT */
/*
 * Peers that do exactly what a test wants, on a free port of 127.0.0.1, each in its own thread:
 * one that plays a script of steps, and one that hands bytes on to a real server and damages what
 * comes back. Errors are made, not waited for; nothing sleeps.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <stdbool.h>

#include "bench/error.h"

enum support_step_kind {
    SUPPORT_EXPECT, /* these bytes have to come */
    SUPPORT_READ,   /* this many bytes, any */
    SUPPORT_ANY,    /* at least one byte */
    SUPPORT_SEND,
    SUPPORT_EOF,   /* the other side has to close */
    SUPPORT_CLOSE, /* an orderly end (FIN) */
    SUPPORT_RESET, /* RST */
    SUPPORT_HOLD,  /* do nothing until the peer is stopped */
};

struct support_step {
    enum support_step_kind kind;
    const void *data; /* EXPECT, SEND; borrowed until stop */
    size_t length;
};

struct support_peer;

/* Plays the steps once for every connection, one connection after the other; after the last step
 * the connection is closed. steps are borrowed until stop. */
int support_peer_start(const struct support_step *steps, size_t nsteps, struct support_peer **out,
                       struct bench_error *err) BENCH_MUST_CHECK;
uint16_t support_peer_port(const struct support_peer *peer);
/* Stops and frees. Accepts NULL. 0, or -EPROTO when a script went otherwise than written. */
int support_peer_stop(struct support_peer *peer, struct bench_error *err);

/* What a relay does to the bytes from the server, counted over one connection from 0. */
struct support_damage {
    uint64_t flip_at; /* all bits of this byte; UINT64_MAX = none */
    uint64_t end_at;  /* then the connection ends; UINT64_MAX = never */
    bool reset;       /* by RST instead of FIN */
};

/* Hands connections on to 127.0.0.1:port, several at a time, each damaged alike. */
int support_relay_start(uint16_t port, const struct support_damage *damage,
                        struct support_peer **out, struct bench_error *err) BENCH_MUST_CHECK;
/* Bytes that the server sent so far, over all connections. */
uint64_t support_relay_received(const struct support_peer *relay);

/* A port of 127.0.0.1 that refuses connections as long as *fd is open. */
int support_refusing_port(int *fd, uint16_t *port) BENCH_MUST_CHECK;

#endif
