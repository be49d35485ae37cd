/* SPDX-License-Identifier: MIT */
/* What launch.c (start, end), launch_hello.c (who connects) and launch_drain.c (what comes) share.
 * One thread. */
#ifndef TAP_LAUNCH_INTERNAL_H
#define TAP_LAUNCH_INTERNAL_H

#include "tap/launch.h"
#include "tap/preload/wire.h"
#include "tap/ring.h"

enum {
    LAUNCH_CONNS_MAX = 65536, /* open at a time, of all processes */
    LAUNCH_BUCKETS = 4096,
    LAUNCH_PENDING_MAX = 256,    /* that connected and have not said anything yet */
    LAUNCH_PLACES_MAX = 65536,   /* texts, of all processes */
    LAUNCH_HELD_BYTES = 4 << 20, /* received, waiting for what was sent before it; in all */
    LAUNCH_HELD_NS = 1000000000, /* so long at most */
    LAUNCH_TAKE_MAX = 1 << 18,   /* pieces of one process, per drain */
};

/* What was received while a send was under way. */
struct launch_held {
    struct launch_held *next;
    uint32_t order;
    struct bench_piece piece; /* data: behind it */
};

struct launch_conn {
    struct launch_conn *next; /* in its bucket */
    uint32_t process;         /* index */
    uint32_t local;           /* the process's number for it */
    uint64_t number;
    uint32_t sent;   /* the last send that is done */
    int64_t last_ns; /* time of what was handed on last */
    bool from_server;
    struct launch_held *held, **held_end;
};

struct launch_process {
    pid_t pid; /* 0 = free */
    int pidfd; /* -1 = none */
    struct tap_ring *ring;
    bool gone;     /* it has ended, or become another program: this ring gets no more */
    bool replaced; /* the latter */
    bool bad;      /* its ring makes no sense */
    bool fresh;    /* its PROCESS is still to be told */
    uint64_t dropped;
    int64_t begun_ns;
    uint32_t *places; /* its numbers -> ours */
    uint32_t nplaces;
    char *command;
};

struct tap_launch {
    pid_t pid;
    bool reaped;
    int status;
    int epoll_fd, listener;
    int pending[LAUNCH_PENDING_MAX];
    unsigned npending;
    char token[TAP_TOKEN_BYTES + 1];
    char *program; /* as it was found, for the reason why nobody came */
    char why[200];
    char here[4096]; /* the folder that places are told from */
    int processes_max, nprocesses;
    uint64_t seen; /* processes so far */
    uint64_t dropped;
    struct launch_process *processes; /* processes_max; those with pid != 0 are in use */
    struct launch_conn *buckets[LAUNCH_BUCKETS];
    size_t nconns;
    uint64_t conns; /* numbers given */
    size_t held_bytes;
    char **places; /* LAUNCH_PLACES_MAX; [0] is none */
    uint32_t *place_index;
    uint32_t nplaces;
};

/* ---- launch_hello.c ---- */

/* The socket that the library connects to; *name gets TAP_NAME_MAX bytes at most. */
int launch_listen(struct tap_launch *launch, char *name, size_t size,
                  struct bench_error *err) BENCH_MUST_CHECK;
/* Accepts who connects, notices who is gone. Never waits. */
void launch_look(struct tap_launch *launch);
void launch_pending_close(struct tap_launch *launch);

/* ---- launch_drain.c ---- */

/* Frees its connections too. */
void launch_process_free(struct tap_launch *launch, struct launch_process *process);

#endif
