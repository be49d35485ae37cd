/* SPDX-License-Identifier: MIT */
/* The line by which a program that we started says that it listens. Main thread. */
#ifndef BENCH_READY_H
#define BENCH_READY_H

#include "bench/error.h"

/* Waits for "READY PORT" (0 of a Unix socket) on the pipe; pid_fd tells when the program has ended, -1 = only the pipe
 * does. 0 and *port; -EIO with the program's words after "FAILED "; -ETIMEDOUT, -EPIPE (it ended),
 * -EPROTO. */
int bench_ready_await(int fd, int pid_fd, uint16_t *port, struct bench_error *err) BENCH_MUST_CHECK;

#endif
