/* SPDX-License-Identifier: MIT */
/*
 * The preloaded library from inside. It lives in somebody else's program: it allocates nothing,
 * keeps no descriptor open, takes no lock that a signal handler could meet again, leaves errno as
 * the real call left it, and does nothing at all unless TAP_ENV_CHANNEL is set. Any thread, any
 * signal handler, any time.
 */
#ifndef TAP_PRELOAD_H
#define TAP_PRELOAD_H

#include <stdatomic.h>
#include <sys/uio.h>

#include "bench/decoder.h"
#include "bench/piece.h"
#include "tap/preload/wire.h"

/* ---- channel.c: this process and its ring ---- */

/* What the launcher said; never changes after the constructor. */
struct tap_setup {
    bool active; /* else all calls go straight through */
    bool places, sees_server;
    size_t ring_bytes;
    int64_t stall_ns;
};
extern struct tap_setup tap_setup;

int64_t tap_now(void);
uint32_t tap_thread(void);
/* False in a child of vfork(), which shares this memory but has descriptors of its own. */
bool tap_is_own_process(void);
/* Of the process that owns this memory: not the number of a child of vfork(). */
uint32_t tap_process(void);
/* Makes the ring and hands it over, the first time. The number of this process's ring: a forked
 * child has another; 0 = there is none (the launcher is gone, or no descriptors are left now). */
uint64_t tap_ring_epoch(void);
/* Waits while the ring is full, if there is time left. False: it was dropped. */
bool tap_put(struct bench_piece *piece);
/* Counts something that cannot be followed, if there is a ring. */
void tap_lost(void);
uint32_t tap_next_number(void);
/* Called by the launcher's constructor of this library. */
void tap_places_setup(void);

/* ---- flow.c: what goes through a descriptor or a TLS object ---- */

enum tap_role { TAP_ROLE_UNKNOWN, TAP_ROLE_CLIENT, TAP_ROLE_SERVER };

/* A call that is under way. */
struct tap_use {
    _Atomic uint64_t *entry;
    uint32_t slot, life;
    uint32_t order;
    int64_t begun_ns;
    bool sends;
};

/* Whether somebody wants to know what this call does; if so, end it by tap_call_ended. */
bool tap_call_begins(struct tap_use *use, int fd, bool sends);
bool tap_tls_begins(struct tap_use *use, void *ssl, int (*get_fd)(const void *ssl), bool sends);
/* result: bytes that went through, or not more than 0. Leaves errno alone. */
void tap_call_ended(const struct tap_use *use, const struct iovec *pieces, size_t n,
                    ssize_t result);

/* The same for what went by unseen: sendfile and the like. */
void tap_call_hidden(const struct tap_use *use, ssize_t result);

/* Descriptors come and go. Each leaves errno alone. */
void tap_fd_fresh(int fd, enum tap_role role); /* a new one, just given out */
void tap_fd_closing(int fd);                   /* just before it is closed */
void tap_fds_closing(unsigned first, unsigned last);
void tap_fd_copied(int from, int to);
void tap_tls_gone(void *ssl);

/* ---- place.c ---- */

/* Where in a Python program this thread is; puts a PLACE piece when that is new. 0 = unknown. */
uint32_t tap_place(void);

#endif
