/* SPDX-License-Identifier: MIT */
#include "core/proc_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/buf.h"

/* The program's name stands in brackets and may itself hold brackets and blanks, so fields are
 * counted from the last ')'. */
static bool parse_stat(const char *text, struct bench_proc_entry *entry)
{
    const char *after = strrchr(text, ')');
    uint64_t utime, stime, started;
    int64_t cutime, cstime;
    int parent;
    char state;
    if (after == NULL || sscanf(after + 1,
                                " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                                " %" SCNd64 " %" SCNd64 " %*d %*d %*d %*d %" SCNu64,
                                &state, &parent, &utime, &stime, &cutime, &cstime, &started) != 7)
        return false;
    entry->parent = parent;
    entry->state = state;
    entry->started = started;
    entry->own_ticks = utime + stime;
    entry->reaped_ticks = (uint64_t)(cutime + cstime);
    return true;
}

/* False when the process has gone meanwhile. */
static bool read_stat(int proc_fd, const char *pid, struct bench_proc_entry *entry)
{
    char path[32], text[1024];
    (void)snprintf(path, sizeof(path), "%s/stat", pid);
    const int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return parse_stat(text, entry);
}

static int add(struct bench_proc_table *table, size_t *room, const struct bench_proc_entry *entry)
{
    if (table->count == *room) {
        const size_t larger = *room == 0 ? 256 : *room * 2;
        struct bench_proc_entry *entries = reallocarray(table->entries, larger, sizeof(*entries));
        if (entries == NULL)
            return -ENOMEM;
        table->entries = entries;
        *room = larger;
    }
    table->entries[table->count++] = *entry;
    return 0;
}

int bench_proc_table_read(struct bench_proc_table *table)
{
    *table = (struct bench_proc_table){.count = 0};
    DIR *directory = opendir("/proc");
    if (directory == NULL)
        return -errno;
    size_t room = 0;
    int rc = 0;
    const struct dirent *name;
    while (rc == 0 && (name = readdir(directory)) != NULL) {
        char *end;
        const long pid = strtol(name->d_name, &end, 10);
        struct bench_proc_entry entry = {.pid = (pid_t)pid};
        if (pid > 0 && *end == '\0' && read_stat(dirfd(directory), name->d_name, &entry))
            rc = add(table, &room, &entry);
    }
    (void)closedir(directory);
    if (rc < 0)
        bench_proc_table_fini(table);
    return rc;
}

void bench_proc_table_fini(struct bench_proc_table *table)
{
    free(table->entries);
    *table = (struct bench_proc_table){.count = 0};
}

static int by_parent(const void *a, const void *b)
{
    const struct bench_proc_entry *x = a, *y = b;
    return (x->parent > y->parent) - (x->parent < y->parent);
}

/* The first entry, in order of parents, whose parent is not below `parent`. */
static size_t first_child(const struct bench_proc_table *table, pid_t parent)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (table->entries[middle].parent < parent)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Depth is bounded by the tree's; a process is never its own ancestor, and in_tree guards against
 * a table that says so because pids were reused while it was read. */
static void mark_children(struct bench_proc_table *table, pid_t parent)
{
    for (size_t i = first_child(table, parent);
         i < table->count && table->entries[i].parent == parent; i++) {
        if (table->entries[i].in_tree)
            continue;
        table->entries[i].in_tree = true;
        mark_children(table, table->entries[i].pid);
    }
}

bool bench_proc_table_mark(struct bench_proc_table *table, pid_t root)
{
    bool found = false;
    qsort(table->entries, table->count, sizeof(table->entries[0]), by_parent);
    for (size_t i = 0; i < table->count; i++) {
        if (table->entries[i].pid == root) {
            table->entries[i].in_tree = true;
            found = true;
        }
    }
    mark_children(table, root);
    return found;
}

const struct bench_proc_entry *bench_proc_table_find(const struct bench_proc_table *table,
                                                     const struct bench_proc_entry *same)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->entries[i].pid == same->pid && table->entries[i].started == same->started)
            return &table->entries[i];
    return NULL;
}

enum { EXEC_TRIES = 50 }; /* of 1 ms */
#define ENVIRONMENT_LIMIT ((size_t)4 << 20)

static int read_environment(pid_t pid, struct bench_buf *out)
{
    char path[48], piece[4096];
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = 0;
    ssize_t n;
    while (rc == 0 && (n = read(fd, piece, sizeof(piece))) > 0)
        rc = bench_buf_add(out, piece, (size_t)n);
    (void)close(fd);
    return rc < 0 ? rc : bench_buf_add(out, "", 1);
}

bool bench_proc_has_mark(pid_t pid, pid_t root)
{
    char mark[sizeof(BENCH_PROC_MARK) + 16];
    struct bench_buf text;
    bool found = false;
    (void)snprintf(mark, sizeof(mark), BENCH_PROC_MARK "=%d", (int)root);
    bench_buf_init(&text, ENVIRONMENT_LIMIT);
    int rc = read_environment(pid, &text);
    /* In the middle of execve() a process has no environment for a moment. */
    for (int i = 0; rc == 0 && bench_buf_length(&text) <= 1 && i < EXEC_TRIES; i++) {
        (void)poll(NULL, 0, 1);
        bench_buf_clear(&text);
        rc = read_environment(pid, &text);
    }
    if (rc == 0) {
        const char *at = (const char *)bench_buf_head(&text), *end = at + bench_buf_length(&text);
        for (; at < end && !found; at += strlen(at) + 1)
            found = strcmp(at, mark) == 0;
    }
    bench_buf_fini(&text);
    return found;
}
