/* SPDX-License-Identifier: MIT */
/*
 * The inside of driver_process: one child process and what passes between us, and the cell as JSON
 * (clients/clients.def). For suite/driver_process*.c and their tests.
 */
#ifndef BENCH_DRIVER_PROCESS_H
#define BENCH_DRIVER_PROCESS_H

#include <poll.h>

#include "bench/buf.h"
#include "suite/driver.h"
#include "suite/servers.h"

/* How long a child may be silent before it is given up, ns. */
struct bench_process_limits {
    int64_t ready_ns;   /* from its start to "ready" */
    int64_t load_ns;    /* from "go_ns" to "done" */
    int64_t stop_ns;    /* from "stop" to "done" */
    int64_t collect_ns; /* from "collect" to the recording */
};

/* What a child has said last. */
enum bench_process_stage {
    BENCH_PROCESS_STARTED,
    BENCH_PROCESS_READY,
    BENCH_PROCESS_DONE,
    BENCH_PROCESS_DELIVERED,
    BENCH_PROCESS_FAILED, /* error tells why; nothing passes any more */
};

enum { BENCH_PROCESS_FDS = 3 };

struct bench_process {
    pid_t pid; /* 0: not started */
    int pid_fd, stdin_fd, stdout_fd, stderr_fd;
    enum bench_process_stage stage;
    bool may_be_done;     /* the load was started, or it was told to stop */
    bool may_deliver;     /* it was told to */
    struct bench_buf out; /* waits for room in its stdin */
    struct bench_buf in;  /* what it said since its last line */
    int64_t ready;        /* connections */
    bool unavailable;     /* it cannot do what the cell asks for */
    char why[200];        /* what it said about connections that are not ready */
    struct bench_recording *recording;
    bool budget_cut;
    struct bench_error error;
};

/* One JSON line for the process that gets `connections` of the cell's, `first` having been dealt
 * out before. The caller frees *out. 0; -ENOTSUP with the reason for what a program cannot be asked
 * to do; -ENOMEM. */
int bench_process_cell_text(const struct bench_cell *cell, int first, int connections, char **out,
                            struct bench_error *err) BENCH_MUST_CHECK;

/* Starts a child, on these cores only if cpus is not NULL. From the main thread, with which it
 * dies. What it has is freed by bench_process_end, also after an error. */
int bench_process_start(struct bench_process *process, const struct bench_server_command *command,
                        const cpu_set_t *cpus, struct bench_error *err) BENCH_MUST_CHECK;
/* Queues a line (without its end). Nothing happens if the child failed. */
void bench_process_say(struct bench_process *process, const char *line);
/* What is to be waited for before the next step. */
void bench_process_interest(const struct bench_process *process,
                            struct pollfd fds[BENCH_PROCESS_FDS]);
/* Writes, reads and understands what there is. */
void bench_process_step(struct bench_process *process, const struct pollfd fds[BENCH_PROCESS_FDS]);
/* Gives it up; its last words are put behind the message. */
void bench_process_fail(struct bench_process *process, int code, const char *message);
/* Waits for the end of a child that has delivered, ends another one, and frees what it has, but
 * for the recording. From the main thread. */
void bench_process_end(struct bench_process *process);

/* Long enough for whatever the cell can rightly need. */
void bench_process_limits_of(const struct bench_cell *cell, struct bench_process_limits *out);
/* prepare of bench_driver_process with limits of its own. */
int bench_process_prepare(const struct bench_cell *cell, const struct bench_process_limits *limits,
                          struct bench_driver **out, struct bench_error *err) BENCH_MUST_CHECK;

#endif
