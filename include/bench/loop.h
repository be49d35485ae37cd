/* SPDX-License-Identifier: MIT */
/*
 * An event loop: one libevent base, one thread, no locks. Everything that belongs to a loop is
 * made, used and freed on its thread. The base is made with NOLOCK and has no timers: libevent's own
 * are late by up to a tick of the kernel, or, with PRECISE_TIMER, cost a system call in every turn.
 * Ours are a heap over one timerfd, which is set only when the earliest one changes: late by tens
 * of microseconds, and free for a turn in which none is due.
 *
 * Backends watch descriptors with bench_io, not with libevent directly, so that completions are
 * delivered at the end of each callback for every protocol alike. They own no timers; a client
 * library that needs one (libcurl) uses bench_timer.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>

#include "bench/api.h"

struct bench_error;
struct bench_loop;
struct bench_io;
struct bench_timer;

/* Called by whoever runs loops (suite, tests), not by backends. */
BENCH_API int bench_loop_new(struct bench_loop **out, struct bench_error *err) BENCH_MUST_CHECK;
BENCH_API void bench_loop_free(struct bench_loop *loop);
/* Runs until bench_loop_stop or, if deadline_ns (steady clock) is not 0, until then.
 * 0 = stopped, -ETIMEDOUT, or -EIO. */
BENCH_API int bench_loop_run(struct bench_loop *loop, int64_t deadline_ns);
/* Makes bench_loop_run return after the present callback. From the loop's own thread. */
BENCH_API void bench_loop_stop(struct bench_loop *loop);
/* The same from any thread (wakes the loop up). */
BENCH_API void bench_loop_stop_from_any_thread(struct bench_loop *loop);

/* ---- for backends ---- */

enum { BENCH_IO_READ = 1, BENCH_IO_WRITE = 2 };
typedef void (*bench_io_fn)(int fd, unsigned ready, void *user);
typedef void (*bench_timer_fn)(void *user);

/* Watches fd; callbacks only while it is ready and only from the loop. Changing the interest to
 * the same value costs nothing. free accepts NULL and may be called from the callback; the fd
 * stays open. 0 or -ENOMEM / -EIO. */
BENCH_API int bench_io_new(struct bench_loop *loop, int fd, bench_io_fn fn, void *user,
                           struct bench_io **out) BENCH_MUST_CHECK;
BENCH_API int bench_io_interest(struct bench_io *io, unsigned interest) BENCH_MUST_CHECK;
BENCH_API void bench_io_free(struct bench_io *io);

/* A one-shot timer; set again at any time; delay_ns < 0 switches it off. */
BENCH_API int bench_timer_new(struct bench_loop *loop, bench_timer_fn fn, void *user,
                              struct bench_timer **out) BENCH_MUST_CHECK;
BENCH_API int bench_timer_set(struct bench_timer *timer, int64_t delay_ns) BENCH_MUST_CHECK;
BENCH_API void bench_timer_free(struct bench_timer *timer);

/* What protocol->loop_init stored for this loop and backend (protocol->loop_size bytes). */
struct bench_protocol;
BENCH_API void *bench_loop_priv(struct bench_loop *loop, const struct bench_protocol *protocol);

#endif
