/* SPDX-License-Identifier: MIT */
/*
 * Child processes. Everything is started through `rpycbench-server --exec PARENT_PID CORES --
 * argv...`, which sets PR_SET_PDEATHSIG and the cores (posix_spawn cannot), checks that the parent
 * still lives and becomes the program. CORES is "-" for all that the parent may use, or "0,2-3". PDEATHSIG follows the spawning thread, so
 * spawn from the main thread. Stopped and reaped by pid, never by name.
 */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <sched.h>
#include <sys/types.h>

#include "bench/error.h"

/* Descriptors 3, 4, ... of the child, in order. */
#define BENCH_PROC_MAX_FDS 4

struct bench_proc_spec {
    const char *const *argv; /* argv[0] is searched in PATH if it has no slash */
    int fds[BENCH_PROC_MAX_FDS]; /* become 3, 4, ... in the child; nfds of them */
    int nfds;
    int stdin_fd;  /* -1 = /dev/null */
    int stdout_fd; /* -1 = /dev/null */
    int stderr_fd; /* -1 = inherited */
    const char *const *extra_env; /* "NAME=value", NULL-ended, or NULL */
    const cpu_set_t *cpus; /* where it may run from its first instruction on; NULL = as we may */
};

/* Where rpycbench-server is; NULL = beside this program (the default). */
void bench_proc_set_helper(const char *path);

/* 0 and *out; -ENOENT (helper or program not found), or posix_spawn's error. */
int bench_proc_spawn(const struct bench_proc_spec *spec, pid_t *out, struct bench_error *err)
    BENCH_MUST_CHECK;
/* Moves a process, its descendants and all their threads to these cores; what they start later
 * inherits it. How many threads those are; -ESRCH, -EINVAL (none of the cores may be used), -EPERM,
 * -EAGAIN (they start new ones faster than they can be moved). */
int bench_proc_set_cpus(pid_t pid, const cpu_set_t *cpus) BENCH_MUST_CHECK;
/* The child's side of --exec; argv is main's, with "--exec" as argv[1]. Never returns on success;
 * prints and returns 126 (cannot be run, or the parent has gone) or 127 (not found) otherwise.
 * Descriptors are closed by whoever spawns: bench_proc_spawn hands over those of the spec only. */
int bench_proc_exec(int argc, char **argv);

/* Waits until the child ends, at most timeout_ns (< 0 = for ever). 0 and *status (as waitpid),
 * -ETIMEDOUT, -ECHILD. */
int bench_proc_wait(pid_t pid, int64_t timeout_ns, int *status) BENCH_MUST_CHECK;
/* SIGTERM, then SIGKILL after grace_ns, and reaps; then kills every descendant it left behind (this
 * process must be a child subreaper): those of its tree at the start of the call, and orphans known
 * by the variable RPYCBENCH_SPAWNED that --exec sets; other children are left alone. *status as
 * waitpid, may be NULL. 0 or -ECHILD. */
int bench_proc_stop(pid_t pid, int64_t grace_ns, int *status);
/* Runs to the end and captures stdout and stderr together (up to limit bytes). 0, -ETIMEDOUT
 * (killed), or the errors of spawn. The caller frees *output. */
int bench_proc_capture(const struct bench_proc_spec *spec, int64_t timeout_ns, size_t limit,
                       char **output, int *status, struct bench_error *err) BENCH_MUST_CHECK;
/* "exit status 3", "killed by SIGKILL" in a buffer of the calling thread. */
const char *bench_proc_status_text(int status);

/* Makes this process the parent of orphaned grandchildren (PR_SET_CHILD_SUBREAPER). */
int bench_proc_become_subreaper(void);

/* A process and all its descendants, at one moment. */
struct bench_proc_usage {
    int processes;
    double cpu_s;     /* user + system, of the living and of reaped descendants */
    double pss_bytes; /* proportional set size (smaps_rollup); 0 when not asked for */
};
/* CPU from each process's CPU clock (ns) plus cutime + cstime of /proc/PID/stat (10 ms) for
 * descendants that have ended. with_memory reads smaps_rollup, which takes a while.
 * 0 or -ESRCH. */
int bench_proc_usage(pid_t pid, int with_memory, struct bench_proc_usage *out) BENCH_MUST_CHECK;

#endif
