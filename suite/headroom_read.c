/* SPDX-License-Identifier: MIT */
/* What the machine, or the control group that we are in, still has to give. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "suite/headroom.h"

enum { LINE_SIZE = 512 };

static FILE *open_file(const char *root, const char *folder, const char *name)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof(path), "%s%s%s", root, folder, name) >= sizeof(path))
        return NULL;
    return fopen(path, "re");
}

/* A file that holds one number. False also for "max" and "-1". */
static bool read_number(const char *root, const char *folder, const char *name, uint64_t *out)
{
    uint64_t value;
    FILE *file = open_file(root, folder, name);
    if (file == NULL)
        return false;
    const bool found = fscanf(file, "%" SCNu64, &value) == 1;
    (void)fclose(file);
    if (found && value <= INT64_MAX)
        *out = value;
    return found && value <= INT64_MAX;
}

/* The number behind "KEY" in a file of such lines. */
static bool read_keyed(const char *root, const char *folder, const char *name, const char *key,
                       uint64_t *out)
{
    char line[LINE_SIZE];
    bool found = false;
    FILE *file = open_file(root, folder, name);
    while (!found && file != NULL && fgets(line, sizeof(line), file) != NULL)
        found = strncmp(line, key, strlen(key)) == 0 &&
                sscanf(line + strlen(key), " %" SCNu64, out) == 1;
    if (file != NULL)
        (void)fclose(file);
    return found;
}

static uint64_t lesser(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t less(uint64_t limit, uint64_t used) { return limit > used ? limit - used : 0; }

/* ---- control groups ---- */

/* Both versions, by the name of the hierarchy's folder below /sys/fs/cgroup. */
static const struct controller {
    const char *name; /* as /proc/self/cgroup has it; "" = version 2 */
    const char *mount;
    const char *memory_max, *memory_now, *cache, *tasks_max, *tasks_now;
} controllers[] = {
    {"", "", "memory.max", "memory.current", "inactive_file", "pids.max", "pids.current"},
    {"memory", "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
     NULL, NULL},
    {"pids", "/pids", NULL, NULL, NULL, "pids.max", "pids.current"},
};

/* One group; what it holds of files' pages can be had back. */
static void limit_by_group(const char *root, const char *folder, const struct controller *c,
                           struct bench_headroom *out)
{
    uint64_t max, now = 0, cache = 0;
    if (c->memory_max != NULL && read_number(root, folder, c->memory_max, &max)) {
        (void)read_number(root, folder, c->memory_now, &now);
        (void)read_keyed(root, folder, "memory.stat", c->cache, &cache);
        out->memory_bytes = fmin(out->memory_bytes, (double)less(max, less(now, cache)));
    }
    if (c->tasks_max != NULL && read_number(root, folder, c->tasks_max, &max) &&
        read_number(root, folder, c->tasks_now, &now))
        out->tasks = lesser(out->tasks, less(max, now));
}

/* The group and all above it. In a container the path may be that of the host, of which only the
 * mount is seen: what is not there limits nothing, and the mount itself is always asked. */
static void limit_by_path(const char *root, const struct controller *c, char *path,
                          struct bench_headroom *out)
{
    for (;;) {
        char folder[PATH_MAX];
        char *slash = strrchr(path, '/');
        if (slash != NULL && slash[1] == '\0')
            *slash = '\0';
        if ((size_t)snprintf(folder, sizeof(folder), "/sys/fs/cgroup%s%s/", c->mount, path) <
            sizeof(folder))
            limit_by_group(root, folder, c, out);
        slash = strrchr(path, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

static void limit_by_groups(const char *root, struct bench_headroom *out)
{
    char line[PATH_MAX];
    FILE *file = open_file(root, "/proc/self/cgroup", "");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        (void)strsep(&rest, ":");
        const char *name = strsep(&rest, ":");
        for (size_t i = 0; rest != NULL && i < sizeof(controllers) / sizeof(controllers[0]); i++)
            if (strcmp(name, controllers[i].name) == 0) {
                limit_by_path(root, &controllers[i], rest, out);
                break;
            }
    }
    if (file != NULL)
        (void)fclose(file);
}

/* ---- the machine ---- */

static uint64_t limit_of(__rlimit_resource_t which)
{
    struct rlimit limit;
    return getrlimit(which, &limit) < 0 || limit.rlim_max == RLIM_INFINITY ? UINT64_MAX
                                                                           : limit.rlim_max;
}

/* The fourth field of /proc/loadavg is "running/all": every thread of the machine. */
static uint64_t tasks_now(const char *root)
{
    uint64_t all = 0;
    FILE *file = open_file(root, "/proc/loadavg", "");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*f %*f %*f %*u/%" SCNu64, &all) != 1)
        all = 0;
    (void)fclose(file);
    return all;
}

void bench_headroom_read(const char *root, struct bench_headroom *out)
{
    uint64_t value, most = UINT64_MAX;
    *out = (struct bench_headroom){
        .memory_bytes = INFINITY, .descriptors = limit_of(RLIMIT_NOFILE), .tasks = UINT64_MAX};
    if (read_keyed(root, "/proc/", "meminfo", "MemAvailable:", &value))
        out->memory_bytes = (double)value * 1024;
    static const char *const files[] = {"threads-max", "pid_max"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (read_number(root, "/proc/sys/kernel/", files[i], &value))
            most = lesser(most, value);
    /* Counted for each user; root is exempt. All tasks of the machine are an upper bound. */
    if (geteuid() != 0)
        most = lesser(most, limit_of(RLIMIT_NPROC));
    if (most != UINT64_MAX)
        out->tasks = less(most, tasks_now(root));
    limit_by_groups(root, out);
}
