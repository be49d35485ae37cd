/* SPDX-License-Identifier: MIT */
/*
 * Who makes the calls of one cell. A driver is {prepare, ready, go, wait, stop, collect}; the
 * orchestrator knows nothing else of it. driver_loop is our own event loop with any backend.
 *
 * Order: prepare (connections are opened and warmed up in the background), ready (all of them are,
 * or have given up), go (they start together), wait (the load is over; connections are still open,
 * so that the server can be looked at), collect (connections are closed, the recording is handed
 * over). stop may be called at any time after prepare and makes wait return soon. All functions
 * are called by the main thread, which may poll `fd` instead of blocking in ready or wait.
 */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include "bench/protocol.h"
#include "stats/recording.h"
#include "suite/workloads.h"

/* What the right answer is. */
struct bench_expected {
    bool known; /* false: any answer will do (a foreign server's probe) */
    bool bulk;
    uint64_t length, checksum; /* bulk */
    struct bench_value value;  /* else */
};

struct bench_step {
    const struct bench_program *program;
    const void *tx;
    size_t tx_length, chunk_size;
    struct bench_expected expected;
};

struct bench_cell {
    const struct bench_protocol *protocol;
    const void *options;
    struct bench_address address;
    const struct bench_step *setup, *steps, *teardown; /* of a client; of a unit; of a client */
    size_t nsetup, nsteps, nteardown;
    enum bench_sample sample;
    int clients;        /* connections at once */
    int64_t units;      /* per client */
    int64_t warmup;     /* units per client before the barrier, not counted */
    int64_t budget_ns;  /* no unit starts later than this after go; each client runs at least one */
    int64_t timeout_ns; /* of one op and of opening */
    int64_t think_ns;   /* pause between units of a client */
};

struct bench_driver;

struct bench_driver_ops {
    /* The cell is borrowed until collect. 0 or negative with err filled. */
    int (*prepare)(const struct bench_cell *cell, struct bench_driver **out,
                   struct bench_error *err);
    /* A descriptor that is readable when `ready`, or after go `wait`, would not block. */
    int (*fd)(struct bench_driver *driver);
    /* 0, or negative with the reason when not one connection could be made ready. */
    int (*ready)(struct bench_driver *driver, struct bench_error *err);
    void (*go)(struct bench_driver *driver, int64_t at_ns);
    void (*wait)(struct bench_driver *driver);
    void (*stop)(struct bench_driver *driver);
    /* Ends and frees the driver. *out: everything recorded (the caller frees it), with budget_cut
     * telling whether the budget ended the load before all units were run. */
    int (*collect)(struct bench_driver *driver, struct bench_recording **out, bool *budget_cut,
                   struct bench_error *err);
};

extern const struct bench_driver_ops bench_driver_loop;

/* Priority that workers got: "SCHED_FIFO 1", "nice -20" or "normal"; "" before the first. */
const char *bench_driver_priority(void);

#endif
