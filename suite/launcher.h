/* SPDX-License-Identifier: MIT */
/*
 * Starts and stops one server process. Main thread only, and only between cells (a child's
 * PDEATHSIG follows the thread that spawned it).
 */
#ifndef BENCH_LAUNCHER_H
#define BENCH_LAUNCHER_H

#include <sched.h>
#include <sys/types.h>

#include "core/certificate.h"
#include "suite/plan.h"

struct bench_launched {
    pid_t pid;      /* 0 = not running */
    int pid_fd;     /* readable when it has ended; -1 */
    int control_fd; /* closing it means stop; -1 */
    int stderr_fd;  /* a memory file with what it printed; -1 */
    struct bench_address address;
    struct bench_server_command command;
};

struct bench_launch_options {
    const char *bind; /* address to listen on, "127.0.0.1" */
    uint16_t port;    /* 0 = any */
    int clients;      /* simultaneous connections to expect */
    const struct bench_certificate *certificate; /* over TLS with it; NULL = plain */
    const cpu_set_t *cpus; /* where it may run; NULL = as we may */
    size_t padding; /* bytes that its environment is longer, below BENCH_PADDING_MAX */
    const struct bench_target *target; /* whose options the server has to be told; NULL = none */
};

/* Starts a server and waits until it says READY. 0; negative with the server's own words. */
int bench_launch(const struct bench_plan *plan, const struct bench_server_row *row,
                 const struct bench_launch_options *options, struct bench_launched *out,
                 struct bench_error *err) BENCH_MUST_CHECK;
/* Stops it and whatever it left behind, and reaps. Returns true if it had died by itself before;
 * then why (not NULL) gets how and its last words. */
bool bench_launched_stop(struct bench_launched *launched, char *why, size_t why_size);
/* True if the process has ended. */
bool bench_launched_is_dead(const struct bench_launched *launched);

#endif
