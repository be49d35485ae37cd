/* SPDX-License-Identifier: MIT */
/* What a run records of where and how it was made: environment (environment.h) and plan. Main
 * thread. */
#ifndef BENCH_SYSINFO_H
#define BENCH_SYSINFO_H

#include <sys/types.h>

#include "suite/plan.h"
#include "suite/result.h"

/* Before the first trial: what the machine is doing at that moment. 0 or -ENOMEM. */
int bench_sysinfo_begin(struct bench_run *run) BENCH_MUST_CHECK;
/* After the last: fills run->environment, its hash and run->plan. 0 or -ENOMEM. */
int bench_sysinfo_collect(const struct bench_plan *plan, struct bench_run *run) BENCH_MUST_CHECK;
/* True for a build whose times are no measurement (debug, sanitizers); why says what. */
bool bench_sysinfo_unfit_build(const char **why);

/* TCP_NODELAY of both ends of a live connection, as the kernel has it: 1, 0, or -1 = unknown (a
 * server elsewhere, a process that may not be looked into). client: the process that makes the
 * calls, our own or a program's; dialled: the port that it connects to (a relay's, or the server's);
 * server: 0 = elsewhere; listening: the server's port. While connections are open and idle. */
void bench_sysinfo_nodelay(pid_t client, uint16_t dialled, pid_t server, uint16_t listening,
                           int *client_nodelay, int *server_nodelay);

#endif
