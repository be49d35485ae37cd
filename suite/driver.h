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

#include <sched.h>

#include "bench/protocol.h"
#include "stats/recording.h"
#include "service/service.h"
#include "suite/workloads.h"

/* What the right answer is. */
struct bench_expected {
    bool known; /* false: any answer will do (a foreign server's probe) */
    bool bulk;
    uint64_t length, checksum; /* bulk */
    struct bench_value value;  /* else; objects as the plain data that they hold */
    bool reference;            /* the service answers an object: some protocols only refer to it */
};

/* Whether an answer that is not bulk is the expected one. A reference says only that there is an
 * object, so it is right if the service answers one, too. */
bool bench_expected_is(const struct bench_expected *expected, const struct bench_value *answer);

struct bench_step {
    const struct bench_program *program; /* NULL when another program makes the calls */
    const struct bench_operation *operation;
    struct bench_value args[BENCH_OPERATION_PARAMS];
    size_t nargs;        /* 0 = the operation's defaults */
    enum bench_reading reading;
    uint64_t tx_offset;  /* of tx in the payload */
    const void *tx;
    size_t tx_length, chunk_size;
    struct bench_expected expected;
};

/* X(ID, name, what it is) */
#define BENCH_ARRIVALS(X)                                                                          \
    X(CONSTANT, "constant", "the same pause between any two requests")                             \
    X(POISSON, "poisson", "exponential pauses, as of many users who know nothing of each other")

enum bench_arrival {
#define X(id, name, help) BENCH_ARRIVAL_##id,
    BENCH_ARRIVALS(X)
#undef X
        BENCH_ARRIVAL_COUNT
};

/*
 * When requests start. Closed loop (rate_per_s 0): each client sends the next one when it has its
 * reply. Open loop: request k is planned at t0 + k / rate (or after exponential gaps), which no
 * completion ever moves; a connection with fewer requests out than it may have takes the oldest
 * planned one up, and one that finds none such waits in the client, which counts as its response time.
 */
struct bench_load_model {
    double rate_per_s; /* of all clients and workers together; 0 = closed loop */
    enum bench_arrival arrival;
    int64_t duration_ns; /* 0 = units; else units start for so long (after the ramp) */
    int64_t ramp_ns;     /* the rate rises linearly from 0, or connections join one by one; what
                            completes before its end is not recorded */
    uint64_t seed;       /* of exponential gaps */
    /* A mistake that other tools make, for showing that the selftest finds it: an open loop sends
     * no request before the last one is answered, and its clock starts when it does. */
    bool forget_schedule;
};

struct bench_client_row; /* suite/clients.h */

struct bench_cell {
    const struct bench_protocol *protocol;
    const void *options;
    struct bench_address address;
    const struct bench_step *setup, *steps, *teardown; /* of a client; of a unit; of a client */
    size_t nsetup, nsteps, nteardown;
    enum bench_sample sample;
    int clients;        /* connections at once */
    int inflight;       /* requests at once on each of them; 0 = 1. More only of single requests:
                           one step, sample STEP, no pause */
    int64_t units;      /* per client */
    int64_t warmup;     /* units per client before the barrier, not counted */
    int64_t budget_ns;  /* no unit starts later than this after go; each client runs at least one */
    int64_t timeout_ns; /* of one op and of opening */
    int64_t think_ns;   /* pause between units of a client */
    struct bench_load_model load;
    int64_t reply_work_ns; /* CPU time that the client spends on each reply before it goes on */
    bool normal_priority;  /* workers stay as they are instead of raising theirs */
    int workers;           /* threads, at most `clients`; connections are dealt out evenly */
    const cpu_set_t *cpus; /* where workers may run; NULL = anywhere */
    /* Who makes the calls: NULL = our own loop (driver_loop), else that program
     * (driver_process). */
    const struct bench_client_row *client;
    const char *options_text; /* of the target, as written between the brackets */
    int client_processes;  /* of it, at most `clients` */
    enum bench_payload_kind payload;
    uint64_t payload_seed;
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
/* Programs that make the calls themselves; see clients/clients.def for what passes between us. */
extern const struct bench_driver_ops bench_driver_process;

/* The one that makes the calls of a cell. */
const struct bench_driver_ops *bench_driver_of(const struct bench_cell *cell);

/* Priority that workers got: "SCHED_FIFO 1", "nice -20" or "normal"; "" before the first. */
const char *bench_driver_priority(void);

#endif
