/* SPDX-License-Identifier: MIT */
#include "suite/trial.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"

enum {
    MEMORY_PERIOD_MS = 1000, IDLE_PAUSE_MS = 2, IDLE_TRIES = 100,
    DEATH_MS = 200, /* between the end of a dying server's connections and its own */
};
/* A worker that is busy for this share of the load was what limited it (docs/methodology.md). */
#define CLIENT_BOUND_SHARE 0.8

struct watched {
    struct bench_driver *driver;
    struct bench_launched *server;
    struct bench_watch *watch;
    double peak_pss;
    bool died;
};

static void sample_memory(struct watched *w)
{
    struct bench_proc_usage usage;
    if (w->server != NULL && bench_proc_usage(w->server->pid, 1, &usage) == 0 &&
        usage.pss_bytes > w->peak_pss)
        w->peak_pss = usage.pss_bytes;
}

/* Blocks until the driver has something to say, the server died or a signal came; then the driver
 * is told to stop, and soon has something to say. */
static void await_driver(struct watched *w, bool with_memory)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = bench_driver_loop.fd(w->driver), .events = POLLIN},
            {.fd = w->watch->interrupted ? -1 : w->watch->signal_fd, .events = POLLIN},
            {.fd = w->server == NULL || w->died ? -1 : w->server->pid_fd, .events = POLLIN},
        };
        int n = poll(fds, 3, MEMORY_PERIOD_MS);
        if (fds[0].revents & POLLIN)
            return;
        if (n == 0 && with_memory)
            sample_memory(w);
        if (fds[1].revents & POLLIN)
            w->watch->interrupted = true;
        if (fds[2].revents & POLLIN)
            w->died = true;
        if (n > 0)
            bench_driver_loop.stop(w->driver);
    }
}

static double own_rss(void)
{
    double pages = NAN;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        long total, resident;
        if (fscanf(file, "%ld %ld", &total, &resident) == 2)
            pages = (double)resident;
        (void)fclose(file);
    }
    return pages * (double)sysconf(_SC_PAGESIZE);
}

static void usage_of(const struct bench_launched *server, bool with_memory,
                     struct bench_proc_usage *out)
{
    *out = (struct bench_proc_usage){.cpu_s = NAN, .pss_bytes = NAN};
    if (server != NULL && bench_proc_usage(server->pid, with_memory, out) < 0)
        *out = (struct bench_proc_usage){.cpu_s = NAN, .pss_bytes = NAN};
}

static void fail(struct bench_trial *trial, const char *reason)
{
    trial->status = BENCH_CELL_FAILED;
    free(trial->reason);
    trial->reason = strdup(reason);
}

/* What failed, in one line: the kind that happened most and the first message. */
static void describe_failures(const struct bench_recording *r, char *out, size_t size)
{
    enum bench_failure worst = BENCH_FAILURE_OTHER;
    for (int i = 1; i < BENCH_FAILURE_COUNT; i++)
        if (r->failures[i] > r->failures[worst])
            worst = (enum bench_failure)i;
    (void)snprintf(out, size, "no request succeeded (%llu x %s: %.150s)",
                   (unsigned long long)r->failures[worst], bench_failure_name(worst),
                   r->first_error);
}

static void judge(const struct bench_row *row, struct bench_trial *trial,
                  const struct watched *w)
{
    const struct bench_recording *r = trial->recording;
    char text[256];
    if (w->died) {
        fail(trial, "the server died during the load");
    } else if (w->watch->interrupted) {
        fail(trial, "interrupted");
    } else if (r->succeeded == 0) {
        describe_failures(r, text, sizeof(text));
        fail(trial, text);
    } else if (row->target->protocol->role == BENCH_ROLE_NORMAL &&
               trial->resources.client_cpu_s >= CLIENT_BOUND_SHARE * trial->resources.wall_s) {
        trial->status = BENCH_CELL_CLIENT_BOUND;
        (void)snprintf(text, sizeof(text), "the client's core was %.0f %% busy",
                       100 * trial->resources.client_cpu_s / trial->resources.wall_s);
        free(trial->reason);
        trial->reason = strdup(text);
    }
}

/* Requests that fail may be the first sign of a death. */
static void look_for_death(struct watched *w, bool trouble)
{
    if (w->server == NULL || w->died)
        return;
    struct pollfd fd = {.fd = w->server->pid_fd, .events = POLLIN};
    w->died = poll(&fd, 1, trouble ? DEATH_MS : 0) == 1;
}

/* A forking server's children of the cell before end a moment after their connections. Their CPU
 * time would be counted twice or get lost in the kernel's rounding, their memory would be ours. */
static void await_idle(const struct bench_launched *server, int processes)
{
    struct bench_proc_usage now;
    for (int i = 0; i < IDLE_TRIES && server != NULL; i++) {
        if (bench_proc_usage(server->pid, 0, &now) < 0 || now.processes <= processes)
            return;
        (void)poll(NULL, 0, IDLE_PAUSE_MS);
    }
}

static void measure(const struct bench_row *row, struct watched *w, double idle_pss,
                    struct bench_trial *trial)
{
    const struct bench_driver_ops *ops = &bench_driver_loop;
    struct bench_proc_usage before, after;
    struct bench_error err = {0};
    await_driver(w, false);
    int rc = ops->ready(w->driver, &err);
    usage_of(w->server, false, &before);
    if (rc == 0 && !w->died && !w->watch->interrupted) {
        ops->go(w->driver, bench_now_ns());
        await_driver(w, true);
        ops->wait(w->driver);
    }
    usage_of(w->server, true, &after);
    double rss = own_rss();
    struct bench_error collect_err = {0};
    int collected = ops->collect(w->driver, &trial->recording, &trial->budget_cut, &collect_err);
    look_for_death(w, rc < 0 || trial->recording->succeeded < trial->recording->attempted);
    double wall = bench_recording_duration(trial->recording);
    trial->resources = (struct bench_resources){
        .wall_s = wall,
        .server_cpu_s = after.cpu_s - before.cpu_s,
        .client_cpu_s = (double)trial->recording->cpu_ns / 1e9,
        .server_pss_bytes = fmax(after.pss_bytes, w->peak_pss) - idle_pss,
        .server_pss_idle_bytes = w->server == NULL ? NAN : idle_pss,
        .client_rss_bytes = rss,
        .server_processes = after.processes,
    };
    if (w->server == NULL)
        trial->resources.server_pss_bytes = NAN;
    if (collected < 0)
        fail(trial, collect_err.msg);
    else if (rc < 0 && !w->died && !w->watch->interrupted)
        fail(trial, err.msg);
    else
        judge(row, trial, w);
}

bool bench_trial_run(const struct bench_plan *plan, const struct bench_row *row,
                     const struct bench_address *address, struct bench_launched *server,
                     const struct bench_proc_usage *idle, struct bench_watch *watch,
                     struct bench_trial *trial)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    trial->started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    trial->status = BENCH_CELL_OK;
    trial->reason = strdup("");
    struct bench_cell cell;
    bench_row_cell(plan, row, address, &cell);
    struct watched w = {.server = server, .watch = watch};
    struct bench_error err = {0};
    await_idle(server, idle->processes);
    if (bench_driver_loop.prepare(&cell, &w.driver, &err) < 0) {
        fail(trial, err.msg);
        return true;
    }
    measure(row, &w, idle->pss_bytes, trial);
    bench_recording_settle(trial->recording);
    return !w.died;
}
