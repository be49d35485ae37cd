/* SPDX-License-Identifier: MIT */
/* Waiting for children and ending them, with everything that they started. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/proc_internal.h"

#define ORPHAN_ROUNDS 64 /* each takes one generation of descendants */

static int reap(pid_t pid, int *status, int flags)
{
    pid_t rc;
    do
        rc = waitpid(pid, status, flags);
    while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return -errno;
    return rc == 0 ? -EAGAIN : 0;
}

/* Until the process has ended (0) or the deadline has passed (-ETIMEDOUT). */
static int wait_end(int pidfd, int64_t deadline_ns)
{
    for (;;) {
        int64_t left_ns = deadline_ns - bench_now_ns();
        if (left_ns < 0)
            left_ns = 0;
        const struct timespec left = {.tv_sec = left_ns / BENCH_NS_PER_S,
                                      .tv_nsec = left_ns % BENCH_NS_PER_S};
        struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
        const int rc = ppoll(&poll_fd, 1, &left, NULL);
        if (rc > 0)
            return 0;
        if (rc < 0 && errno != EINTR)
            return -errno;
        if (rc == 0 && left_ns == 0)
            return -ETIMEDOUT;
    }
}

int bench_proc_wait(pid_t pid, int64_t timeout_ns, int *status)
{
    if (timeout_ns < 0)
        return reap(pid, status, 0);
    int rc = reap(pid, status, WNOHANG);
    if (rc != -EAGAIN)
        return rc;
    const int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return -errno;
    rc = wait_end(pidfd, bench_now_ns() + timeout_ns);
    (void)close(pidfd);
    return rc < 0 ? rc : reap(pid, status, 0);
}

/* ---- descendants ---- */

/* Kills what is alive of the tree that `before` has marked. Returns how many there were. */
static size_t kill_survivors(const struct bench_proc_table *before,
                             const struct bench_proc_table *now)
{
    size_t found = 0;
    for (size_t i = 0; i < before->count; i++) {
        const struct bench_proc_entry *old = &before->entries[i];
        if (!old->in_tree)
            continue;
        const struct bench_proc_entry *entry = bench_proc_table_find(now, old);
        if (entry == NULL)
            continue;
        if (entry->state != 'Z') {
            (void)kill(entry->pid, SIGKILL);
            found++;
        }
        if (entry->parent == getpid())
            (void)reap(entry->pid, NULL, 0);
    }
    return found;
}

/* Children of ours that carry the mark of `root`: it died before them, and we inherited them. */
static size_t kill_orphans(pid_t root, const struct bench_proc_table *now)
{
    size_t found = 0;
    for (size_t i = 0; i < now->count; i++) {
        const struct bench_proc_entry *entry = &now->entries[i];
        if (entry->parent != getpid() || entry->state == 'Z' ||
            !bench_proc_has_mark(entry->pid, root))
            continue;
        (void)kill(entry->pid, SIGKILL);
        (void)reap(entry->pid, NULL, 0);
        found++;
    }
    return found;
}

static void end_descendants(pid_t root, const struct bench_proc_table *before)
{
    size_t found = 1;
    for (int round = 0; found > 0 && round < ORPHAN_ROUNDS; round++) {
        struct bench_proc_table now;
        if (bench_proc_table_read(&now) < 0)
            return;
        found = kill_survivors(before, &now) + kill_orphans(root, &now);
        bench_proc_table_fini(&now);
    }
}

int bench_proc_stop(pid_t pid, int64_t grace_ns, int *status)
{
    int ignored;
    struct bench_proc_table before;
    const bool know_tree = bench_proc_table_read(&before) == 0;
    if (know_tree)
        (void)bench_proc_table_mark(&before, pid);
    (void)kill(pid, SIGTERM);
    int rc = bench_proc_wait(pid, grace_ns, status != NULL ? status : &ignored);
    if (rc == -ETIMEDOUT) {
        (void)kill(pid, SIGKILL);
        rc = bench_proc_wait(pid, -1, status != NULL ? status : &ignored);
    }
    if (know_tree) {
        end_descendants(pid, &before);
        bench_proc_table_fini(&before);
    }
    return rc;
}

int bench_proc_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0; }

const char *bench_proc_status_text(int status)
{
    static _Thread_local char text[64];
    if (WIFEXITED(status)) {
        (void)snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        if (name != NULL)
            (void)snprintf(text, sizeof(text), "killed by SIG%s", name);
        else
            (void)snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
    } else {
        (void)snprintf(text, sizeof(text), "wait status 0x%x", (unsigned)status);
    }
    return text;
}
