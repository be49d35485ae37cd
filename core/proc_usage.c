/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/proc.h"
#include "core/proc_internal.h"

/* The CPU clock of a process counts ns and includes its threads that have ended. */
static double own_cpu_s(const struct bench_proc_entry *entry, double ticks_per_s)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(entry->pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    return (double)entry->own_ticks / ticks_per_s; /* ended meanwhile */
}

/* "Pss:  123 kB" of smaps_rollup; 0 for a process that has gone or has no memory. */
static double pss_bytes(pid_t pid)
{
    char path[48], text[2048];
    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *line = strstr(text, "\nPss:");
    return line == NULL ? 0 : strtod(line + strlen("\nPss:"), NULL) * 1024;
}

int bench_proc_usage(pid_t pid, int with_memory, struct bench_proc_usage *out)
{
    struct bench_proc_table table;
    const double ticks_per_s = (double)sysconf(_SC_CLK_TCK);
    int rc = bench_proc_table_read(&table);
    if (rc < 0)
        return rc;
    if (!bench_proc_table_mark(&table, pid))
        rc = -ESRCH;
    struct bench_proc_usage usage = {.processes = 0};
    for (size_t i = 0; rc == 0 && i < table.count; i++) {
        const struct bench_proc_entry *entry = &table.entries[i];
        if (!entry->in_tree)
            continue;
        usage.processes += entry->state != 'Z';
        usage.cpu_s += own_cpu_s(entry, ticks_per_s) + (double)entry->reaped_ticks / ticks_per_s;
        if (with_memory)
            usage.pss_bytes += pss_bytes(entry->pid);
    }
    bench_proc_table_fini(&table);
    if (rc == 0)
        *out = usage;
    return rc;
}
