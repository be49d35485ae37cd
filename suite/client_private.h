/* SPDX-License-Identifier: MIT */
/* What client.c, load.c and pace.c know of each other. */
#ifndef BENCH_CLIENT_PRIVATE_H
#define BENCH_CLIENT_PRIVATE_H

#include "suite/client.h"

enum bench_phase {
    BENCH_PHASE_SETUP,  /* opening, the setup steps, warm-up units */
    BENCH_PHASE_PARKED, /* at the barrier */
    BENCH_PHASE_LOAD,
    BENCH_PHASE_TEARDOWN, /* its last steps */
    BENCH_PHASE_OVER,
};

/* One request at a time. A connection has as many as requests may be in flight on it; the first one
 * also makes the connection ready, and runs its last steps. */
struct bench_lane {
    struct bench_client *client;
    struct bench_op *op;
    struct bench_lane *next_free; /* of the open loop's queue */
    const struct bench_step *steps; /* the list being run */
    size_t nsteps, step;
    bool busy;     /* between the start of a unit and its end */
    bool inflight; /* its op is a request of the load and out */
    bool queued;   /* in the open loop's queue */
    int64_t planned_ns; /* start that the open loop's schedule wants; 0 in a closed loop */
    int64_t unit_start; /* ns; planned start of the unit's first step */
    int64_t unit_sent;  /* when that step was handed to the kernel */
    struct bench_op_stat unit_stat; /* of the steps of the unit so far */
};

/* There may be ten thousand of them in one process. */
struct bench_client {
    struct bench_load *load;
    struct bench_conn *conn;
    struct bench_timer *think; /* NULL without think time */
    struct bench_lane *lanes;  /* cell->inflight of them */
    enum bench_phase phase;
    bool opening;     /* the connection is not there yet: no unit starts */
    bool broken;      /* it has to be made again, as soon as no unit is under way */
    bool giving_up;   /* no more of them, as soon as no unit is under way */
    int failures;     /* in a row */
    int busy;         /* lanes with a unit under way */
    int64_t units_left;
    int64_t present_from, present_to; /* first submit, last reply of the load; 0 = none */
    struct bench_conn_totals base;    /* when the load began, or the connection was made */
};

/* ---- client.c ---- */

/* 0 or -ENOMEM with err filled. */
int bench_client_init(struct bench_client *c, struct bench_load *load,
                      struct bench_error *err) BENCH_MUST_CHECK;
void bench_client_fini(struct bench_client *c);
int bench_client_lanes(const struct bench_load *load); /* of each client */
/* The next unit of each lane, or the end. */
void bench_client_start(struct bench_client *c);
/* The next unit, or the end. */
void bench_lane_next(struct bench_lane *lane);
/* Runs one unit now, on a connection that is there. */
void bench_lane_run(struct bench_lane *lane);
/* This lane has no more units; when none of the client's has, its last steps, then it is over. */
void bench_client_end(struct bench_client *c);
/* Over at once: a request that is out counts as failed, the connection is dropped. */
void bench_client_give_up(struct bench_client *c);
/* Adds the kernel's bytes of the present connection since `base`. */
void bench_client_count_bytes(struct bench_client *c);
void bench_load_break(struct bench_load *load); /* out of memory: end it */
void bench_load_sample(struct bench_load *load, enum bench_series_id id, int64_t ns);

/* ---- load.c ---- */

/* The ramp is over: all figures begin here. */
void bench_load_begin_counting(struct bench_load *load);
int64_t bench_thread_cpu_ns(void); /* of the calling thread, so far */

/* ---- pace.c ---- */

/* Makes what the cell's load model needs. 0, -ENOTSUP, -ENOMEM or an errno of the timer. */
int bench_pace_init(struct bench_load *load, struct bench_error *err) BENCH_MUST_CHECK;
/* Starts the clients that are in the load; t0_ns: start of the schedule. */
void bench_pace_start(struct bench_load *load, int64_t t0_ns);
/* A lane of an open loop has nothing to do: the oldest request that waits, else it does. */
void bench_pace_free(struct bench_lane *lane);
/* Counts what was planned and never sent, unless the load was stopped from outside. */
void bench_pace_finish(struct bench_load *load);
void bench_pace_fini(struct bench_load *load);

#endif
