/* SPDX-License-Identifier: MIT */
/*
 * The clients of one worker on one loop: open, warm up, wait at the barrier, run units, record. One
 * thread uses a load after bench_load_init.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "suite/driver.h"
#include "suite/schedule.h"

struct bench_client;
struct bench_io;
struct bench_lane;

/* What makes clients start other than their own replies (suite/pace.c): the schedule of an open
 * loop, clients that join during a ramp. */
struct bench_pace {
    struct bench_io *io; /* of fd; NULL when there is nothing to pace */
    int fd;              /* a timerfd */
    bool open;           /* open loop */
    /* Two cursors of one schedule: what lies between them waits for a connection
     * that may take it. */
    struct bench_schedule due, taken;
    int64_t last_ns; /* the last planned start before `due` */
    struct bench_lane *free_first, *free_last; /* without a request, oldest first */
    int joined; /* closed loop: clients that have begun */
};

struct bench_load {
    const struct bench_cell *cell;
    struct bench_loop *loop;
    struct bench_recording *recording;
    struct bench_client *clients;
    int nclients;
    int worker, workers; /* which of how many share the cell */
    int active;       /* clients that have not reached the end of the present phase */
    int opening, next_to_open; /* clients that are being made ready; the next one to be */
    bool opening_more;
    bool loading;     /* past the barrier */
    bool counting;    /* past the ramp: what completes is recorded */
    bool budget_cut, broken;
    int64_t go_ns;
    int64_t measure_from_ns; /* the end of the ramp */
    int64_t end_ns;          /* closed loop: no unit but a client's first starts at or after this */
    int64_t seen_ns;         /* the last time that somebody read from the clock */
    int inflight;            /* requests of the load */
    int64_t inflight_ns;     /* their integral since the load or measuring began */
    int64_t cpu_ns, run_wait_ns; /* of the thread when it began */
    struct bench_pace pace;
    struct bench_error error; /* first cause why a client could not be made ready */
};

/* Makes the loop, the recording and the clients that fall to that worker. 0, -ENOTSUP (an open loop
 * of units with several steps or pauses), or -ENOMEM and others with err filled. */
int bench_load_init(struct bench_load *load, const struct bench_cell *cell, int worker, int workers,
                    struct bench_error *err) BENCH_MUST_CHECK;
/* Starts opening and warming up; run the loop while active > 0. */
void bench_load_connect(struct bench_load *load);
/* 0 if a client is ready (or connections are what is measured), else the first failure. */
int bench_load_status(const struct bench_load *load, struct bench_error *err);
/* Starts the load on all clients that are ready; run the loop while active > 0. at_ns: when all
 * workers are to begin, so that their schedules fit together. */
void bench_load_start(struct bench_load *load, int64_t at_ns);
/* Notes what is only known at the end: bytes of the kernel, CPU time, requests that were planned
 * and never sent. Connections stay open. */
void bench_load_finish(struct bench_load *load);
/* Closes and frees everything but the recording. */
void bench_load_fini(struct bench_load *load);

#endif
