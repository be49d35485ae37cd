/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/proc_internal.h"
#include "rig.h"

#define LOOK_EVERY_MS 5

/* The words of a command line with blanks between them; "" for one that has ended. */
static void command_line(pid_t pid, char *out, size_t size)
{
    char path[48];

    out[0] = '\0';
    (void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    const size_t n = fread(out, 1, size - 1, file);
    (void)fclose(file);
    out[n] = '\0';
    for (size_t i = 0; i + 1 < n; i++) {
        if (out[i] == '\0')
            out[i] = ' ';
    }
}

static int count_threads(pid_t pid)
{
    char path[48];
    int n = 0;
    const struct dirent *entry;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        n += entry->d_name[0] != '.';
    if (folder)
        (void)closedir(folder);
    return n;
}

static bool is_alive(const struct bench_proc_entry *entry)
{
    return entry->state != 'Z' && entry->state != 'X';
}

static int count_children(const struct bench_proc_table *table, pid_t pid)
{
    int n = 0;

    for (size_t i = 0; i < table->count; i++)
        n += table->entries[i].parent == pid && is_alive(&table->entries[i]);
    return n;
}

void rig_pause(void) { (void)poll(NULL, 0, LOOK_EVERY_MS); }

void rig_adopt(void) { cr_assert_eq(bench_proc_become_subreaper(), 0); }

pid_t rig_find_listener(pid_t parent, const char *piece, int children)
{
    struct bench_proc_table table;
    pid_t found = 0;

    cr_assert_eq(bench_proc_table_read(&table), 0);
    for (size_t i = 0; i < table.count && !found; i++) {
        const struct bench_proc_entry *entry = &table.entries[i];
        char line[2048];

        if (entry->parent != parent || !is_alive(entry))
            continue;
        command_line(entry->pid, line, sizeof(line));
        /* With --exec it is not the server yet. */
        if (!strstr(line, "--protocol") || strstr(line, "--exec") || !strstr(line, piece))
            continue;
        if (count_children(&table, entry->pid) >= children || count_threads(entry->pid) > children)
            found = entry->pid;
    }
    bench_proc_table_fini(&table);
    return found;
}

pid_t rig_await_listener(pid_t parent, const char *piece, int children)
{
    const int64_t deadline_ns = bench_now_ns() + RIG_TIMEOUT_S * BENCH_NS_PER_S;
    pid_t found;

    while ((found = rig_find_listener(parent, piece, children)) == 0) {
        cr_assert_lt(bench_now_ns(), deadline_ns, "no server \"%s\" with %d connections", piece,
                     children);
        rig_pause();
    }
    return found;
}

int rig_find_programs(pid_t parent, const char *piece, int threads, pid_t *found, int max)
{
    struct bench_proc_table table;
    int n = 0;

    cr_assert_eq(bench_proc_table_read(&table), 0);
    for (size_t i = 0; i < table.count && n < max; i++) {
        const struct bench_proc_entry *entry = &table.entries[i];
        char line[2048];

        if (entry->parent != parent || !is_alive(entry))
            continue;
        command_line(entry->pid, line, sizeof(line));
        if (strstr(line, piece) && !strstr(line, "--exec") && count_threads(entry->pid) >= threads)
            found[n++] = entry->pid;
    }
    bench_proc_table_fini(&table);
    return n;
}

void rig_await_programs(pid_t parent, const char *piece, int threads, pid_t *found, int count)
{
    const int64_t deadline_ns = bench_now_ns() + RIG_TIMEOUT_S * BENCH_NS_PER_S;

    while (rig_find_programs(parent, piece, threads, found, count) < count) {
        cr_assert_lt(bench_now_ns(), deadline_ns, "no %d programs \"%s\" with %d threads", count,
                     piece, threads);
        rig_pause();
    }
}

/* One living descendant, or 0; *line is its command line. */
static pid_t find_descendant(char *line, size_t size)
{
    struct bench_proc_table table;
    pid_t found = 0;

    cr_assert_eq(bench_proc_table_read(&table), 0);
    (void)bench_proc_table_mark(&table, getpid());
    for (size_t i = 0; i < table.count && !found; i++) {
        const struct bench_proc_entry *entry = &table.entries[i];

        if (entry->in_tree && entry->pid != getpid() && is_alive(entry))
            found = entry->pid;
    }
    bench_proc_table_fini(&table);
    if (found)
        command_line(found, line, size);
    return found;
}

void rig_assert_nobody_left(void)
{
    const int64_t deadline_ns = bench_now_ns() + 30 * BENCH_NS_PER_S;
    char line[2048] = "";
    pid_t pid;

    while ((pid = find_descendant(line, sizeof(line)))) {
        cr_assert_lt(bench_now_ns(), deadline_ns, "process %d is left: %s", (int)pid, line);
        rig_pause();
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}
