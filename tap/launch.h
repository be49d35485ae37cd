/* SPDX-License-Identifier: MIT */
/*
 * A program under the preloaded library (tap/preload/): started with its own arguments, terminal
 * and environment (but for LD_PRELOAD and RPYCBENCH_TAP), followed through threads, forks and
 * execs. Each of its processes has a ring of its own, which it hands over through a Unix socket
 * when its first RPyC connection appears. The program never waits for us longer than stall_ns
 * altogether. One thread.
 */
#ifndef TAP_LAUNCH_H
#define TAP_LAUNCH_H

#include <sys/types.h>

#include "bench/error.h"
#include "bench/piece.h"

struct tap_launch_options {
    char *const *argv;   /* argv[0] is looked for in PATH */
    const char *library; /* path of the preloaded library */
    size_t ring_bytes;   /* per process: 64 KiB .. 1 GiB, a power of two */
    int processes_max;   /* that are followed at a time */
    int64_t stall_ns;    /* a full ring lets the program wait so long before pieces are dropped */
    bool places;         /* find out file and line */
    bool sees_server;    /* also connections that the program accepted */
};

struct tap_launch;

/* 0; -ENOENT, -EACCES: no such program, as the shell says with 127 and 126; others with err. */
int tap_launch_start(struct tap_launch **out, const struct tap_launch_options *options,
                     struct bench_error *err) BENCH_MUST_CHECK;
void tap_launch_free(struct tap_launch *launch); /* does not stop the program */
pid_t tap_launch_pid(const struct tap_launch *launch);
/* Readable when processes come or go; besides, drain every few milliseconds. */
int tap_launch_fd(const struct tap_launch *launch);
/* Hands on what has come, in order of time between processes as far as it is known. Connections are
 * numbered anew, unique among all processes. Returns the number of pieces. */
uint64_t tap_launch_drain(struct tap_launch *launch, bench_piece_fn fn, void *user);
uint64_t tap_launch_dropped(const struct tap_launch *launch);
/* True when the program itself has ended (*status as of waitpid); processes that it left behind
 * are followed no longer once this was seen and drained. */
bool tap_launch_ended(struct tap_launch *launch, int *status);
/* How many processes showed something so far: a connection of the kind that is looked for, or a
 * mark. With 0, *why says what keeps the library out of the program (static or setuid), or NULL
 * when nothing of the kind is known. */
int tap_launch_processes(const struct tap_launch *launch, const char **why);

#endif
