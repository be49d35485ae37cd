/* SPDX-License-Identifier: MIT */
/*
 * Whether the machine can hold so many connections, asked before a server is started: a run that
 * swaps, or in which the kernel kills somebody, measures nothing. Main thread.
 */
#ifndef BENCH_HEADROOM_H
#define BENCH_HEADROOM_H

#include <stdint.h>

#include "bench/protocol.h"
#include "suite/servers.h"

/* What is left of the machine. UINT64_MAX: no limit is known. */
struct bench_headroom {
    double memory_bytes;  /* free, or to be had without swapping; INFINITY = not known */
    uint64_t descriptors; /* of one process: the hard limit */
    uint64_t tasks;       /* threads and processes, more than there are now */
};

struct bench_headroom_need {
    int clients;
    double memory_bytes;
    uint64_t client_descriptors, server_descriptors; /* of the process that has most */
    uint64_t tasks;
};

/* From /proc, /sys/fs/cgroup below root ("" = the real ones) and this process's limits. What
 * cannot be read limits nothing. */
void bench_headroom_read(const char *root, struct bench_headroom *out);
/* protocol: of the client. server: NULL for one that runs elsewhere. client_processes: of a program
 * that makes the calls (clients/clients.def); 0 = our own loop. */
void bench_headroom_need(const struct bench_protocol *protocol,
                         const struct bench_server_row *server, int clients, int client_processes,
                         struct bench_headroom_need *out);
/* 0; -ENOMEM, -EMFILE, -EAGAIN (threads and processes) with what is needed and what there is. A
 * fifth of the memory is kept for everything else. */
int bench_headroom_judge(const struct bench_headroom *have, const struct bench_headroom_need *need,
                         struct bench_error *err) BENCH_MUST_CHECK;
/* All three. */
int bench_headroom_check(const struct bench_protocol *protocol,
                         const struct bench_server_row *server, int clients, int client_processes,
                         struct bench_error *err) BENCH_MUST_CHECK;

/* Lets this process, and what it starts, have as many descriptors as its hard limit allows. */
void bench_headroom_raise_descriptors(void);

#endif
