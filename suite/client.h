/* SPDX-License-Identifier: MIT */
/*
 * The clients of a cell on one loop: open, warm up, wait at the barrier, run units, record. One
 * thread uses a load after bench_load_init.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "suite/driver.h"

struct bench_client;

struct bench_load {
    const struct bench_cell *cell;
    struct bench_loop *loop;
    struct bench_recording *recording;
    struct bench_client *clients;
    int nclients;
    int active;       /* clients that have not reached the end of the present phase */
    bool loading;     /* past the barrier */
    bool budget_cut, broken;
    int64_t go_ns;
    struct bench_error error; /* first cause why a client could not be made ready */
};

/* Makes the loop, the recording and the clients. 0, or -ENOMEM and others with err filled. */
int bench_load_init(struct bench_load *load, const struct bench_cell *cell,
                    struct bench_error *err) BENCH_MUST_CHECK;
/* Starts opening and warming up; run the loop while active > 0. */
void bench_load_connect(struct bench_load *load);
/* 0 if a client is ready (or connections are what is measured), else the first failure. */
int bench_load_status(const struct bench_load *load, struct bench_error *err);
/* Starts the load on all clients that are ready; run the loop while active > 0. */
void bench_load_start(struct bench_load *load);
/* Notes what is only known at the end: bytes of the kernel, clients. Connections stay open. */
void bench_load_finish(struct bench_load *load);
/* Closes and frees everything but the recording. */
void bench_load_fini(struct bench_load *load);

#endif
