/* SPDX-License-Identifier: MIT */
/*
 * Measuring at a chosen round-trip time: relays in processes of their own (rpycbench relay) between
 * the clients and a server. What a relay itself adds is measured once beforehand and taken off its
 * delay. Main thread.
 */
#ifndef BENCH_DISTANCE_H
#define BENCH_DISTANCE_H

#include <sched.h>
#include <sys/types.h>

#include "bench/conn.h"

enum { BENCH_DISTANCES_MAX = 16 };

struct bench_distance {
    int64_t rtt_ns;
    pid_t pid;
    int control_fd;               /* closing it means stop */
    struct bench_address address; /* of the relay */
};

/* Relays to one server, made when they are first asked for. */
struct bench_distances {
    struct bench_address server;
    const cpu_set_t *cpus; /* where relays run; NULL = anywhere */
    struct bench_distance relays[BENCH_DISTANCES_MAX];
    size_t n;
};

/* The rpycbench that is the relay; NULL = this program (the default). */
void bench_distance_set_program(const char *path);
/* What a relay adds to a round trip here beyond its two delays: medians over exchanges of small
 * messages with an echo, through a relay (whose delay is short but not 0, so that waking up by its
 * timer counts) and without. ns, in *out. 0 or negative with err. Takes about a second. */
int bench_distance_calibrate(int64_t *out, struct bench_error *err) BENCH_MUST_CHECK;
void bench_distances_init(struct bench_distances *distances, const struct bench_address *server);
/* The address at which the server is rtt_ns away (0: its own). overhead_ns: of calibrate. The
 * address lives as long as distances. */
int bench_distances_at(struct bench_distances *distances, int64_t rtt_ns, int64_t overhead_ns,
                       const struct bench_address **out, struct bench_error *err) BENCH_MUST_CHECK;
/* Ends the relays. */
void bench_distances_fini(struct bench_distances *distances);

#endif
