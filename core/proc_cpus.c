/* SPDX-License-Identifier: MIT */
/* Moving a tree of processes, with all threads, to other cores. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/proc.h"
#include "core/proc_internal.h"

/* Far more than any tree needs: each pass sees only what was started during the one before it. */
enum { PASSES_MAX = 100 };

struct pass {
    const cpu_set_t *cpus;
    int threads; /* that run there now */
    bool moved;  /* at least one did not before */
};

/* 0, also for a thread that has ended meanwhile. */
static int move_thread(pid_t tid, struct pass *pass)
{
    cpu_set_t before, after;
    if (sched_getaffinity(tid, sizeof(before), &before) < 0 ||
        sched_setaffinity(tid, sizeof(*pass->cpus), pass->cpus) < 0 ||
        sched_getaffinity(tid, sizeof(after), &after) < 0)
        return errno == ESRCH ? 0 : -errno;
    pass->threads++;
    /* Against what it was, not what was asked for: the kernel leaves out cores that the process's
     * cpuset does not have, every time. */
    pass->moved |= !CPU_EQUAL(&before, &after);
    return 0;
}

static int move_process(pid_t pid, struct pass *pass)
{
    char path[48];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == ENOENT ? 0 : -errno;
    int rc = 0;
    const struct dirent *name;
    while (rc == 0 && (name = readdir(directory)) != NULL) {
        const long tid = strtol(name->d_name, NULL, 10);
        if (tid > 0)
            rc = move_thread((pid_t)tid, pass);
    }
    (void)closedir(directory);
    return rc;
}

static int move_tree(pid_t root, struct pass *pass)
{
    struct bench_proc_table table;
    int rc = bench_proc_table_read(&table);
    if (rc < 0)
        return rc;
    if (!bench_proc_table_mark(&table, root))
        rc = -ESRCH;
    for (size_t i = 0; rc == 0 && i < table.count; i++)
        if (table.entries[i].in_tree && table.entries[i].state != 'Z')
            rc = move_process(table.entries[i].pid, pass);
    bench_proc_table_fini(&table);
    return rc;
}

int bench_proc_set_cpus(pid_t pid, const cpu_set_t *cpus)
{
    /* What a thread that was not moved yet has started is where that thread was; what a moved one
     * starts is where it belongs. So a pass that had to move nobody was the last. */
    struct pass pass = {.moved = true};
    int rc = 0;
    for (int i = 0; rc == 0 && pass.moved && i < PASSES_MAX; i++) {
        pass = (struct pass){.cpus = cpus};
        rc = move_tree(pid, &pass);
    }
    if (rc == 0 && pass.threads == 0)
        rc = -ESRCH;
    if (rc == 0 && pass.moved)
        rc = -EAGAIN;
    return rc < 0 ? rc : pass.threads;
}
