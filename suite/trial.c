/* SPDX-License-Identifier: MIT */
#include "suite/trial.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "suite/pilot.h"
#include "suite/sysinfo.h"
#include "suite/validity.h"

enum {
    IDLE_PAUSE_MS = 2, IDLE_TRIES = 100,
    DEATH_MS = 200, /* between the end of a dying server's connections and its own */
};
#define MEMORY_PERIOD_NS BENCH_NS_PER_S

/* What is read when measuring begins and again when it ends. */
struct clocks {
    struct bench_proc_usage server;
    struct bench_steal machine;
};

struct watched {
    const struct bench_driver_ops *ops;
    struct bench_driver *driver;
    struct bench_launched *server;
    struct bench_watch *watch;
    double peak_pss;
    unsigned long long server_started; /* ticks since boot; 0 = unknown */
    int client_nodelay, server_nodelay; /* -1 = unknown */
    bool died;
};

const struct bench_driver_ops *bench_driver_of(const struct bench_cell *cell)
{
    return cell->client == NULL ? &bench_driver_loop : &bench_driver_process;
}

static void sample_memory(struct watched *w)
{
    struct bench_proc_usage usage;
    if (w->server != NULL && bench_proc_usage(w->server->pid, 1, &usage) == 0 &&
        usage.pss_bytes > w->peak_pss)
        w->peak_pss = usage.pss_bytes;
}

static void usage_of(const struct bench_launched *server, bool with_memory,
                     struct bench_proc_usage *out)
{
    *out = (struct bench_proc_usage){.cpu_s = NAN, .pss_bytes = NAN};
    if (server != NULL && bench_proc_usage(server->pid, with_memory, out) < 0)
        *out = (struct bench_proc_usage){.cpu_s = NAN, .pss_bytes = NAN};
}

static void read_clocks(const struct watched *w, bool with_memory, struct clocks *out)
{
    bench_steal_read(&out->machine);
    usage_of(w->server, with_memory, &out->server);
}

/* Blocks until one of the descriptors has something, until_ns (INT64_MAX = no end) or the time for
 * the next look at the memory has come. What poll returns. */
static int wait_for_any(struct pollfd *fds, nfds_t n, int64_t until_ns)
{
    int64_t left = MEMORY_PERIOD_NS;
    if (until_ns != INT64_MAX) {
        const int64_t now = bench_now_ns();
        left = until_ns <= now ? 0 : until_ns - now < left ? until_ns - now : left;
    }
    const struct timespec timeout = {.tv_sec = left / BENCH_NS_PER_S,
                                     .tv_nsec = left % BENCH_NS_PER_S};
    return ppoll(fds, n, &timeout, NULL);
}

/* Blocks until the driver has something to say, the server died or a signal came; then the driver
 * is told to stop, and soon has something to say. Reads the clocks anew at ramp_end_ns (INT64_MAX =
 * never), where what is recorded begins. */
static void await_driver(struct watched *w, bool with_memory, int64_t ramp_end_ns,
                         struct clocks *begin)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = w->ops->fd(w->driver), .events = POLLIN},
            {.fd = w->watch->interrupted ? -1 : w->watch->signal_fd, .events = POLLIN},
            {.fd = w->server == NULL || w->died ? -1 : w->server->pid_fd, .events = POLLIN},
        };
        int n = wait_for_any(fds, 3, ramp_end_ns);
        if (fds[0].revents & POLLIN)
            return;
        if (n == 0 && bench_now_ns() >= ramp_end_ns) {
            read_clocks(w, false, begin);
            ramp_end_ns = INT64_MAX;
        } else if (n == 0 && with_memory) {
            sample_memory(w);
        }
        if (fds[1].revents & POLLIN)
            w->watch->interrupted = true;
        if (fds[2].revents & POLLIN)
            w->died = true;
        if (n > 0)
            w->ops->stop(w->driver);
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

/* When a process started, in ticks since boot (proc_pid_stat(5), field 22); 0 when it has gone. */
static unsigned long long start_of(pid_t pid)
{
    enum { STATE_FIELD = 3, START_FIELD = 22 };
    char path[32], text[1024];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const size_t n = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[n] = '\0';
    /* The name may hold blanks and brackets; behind its last bracket stands the state. */
    const char *at = strrchr(text, ')');
    for (int field = STATE_FIELD - 1; at != NULL && field < START_FIELD; field++)
        if ((at = strchr(at, ' ')) != NULL)
            at++;
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

static bool is_same_server(const struct watched *w)
{
    return w->server == NULL ||
           (!w->died && w->server_started != 0 && start_of(w->server->pid) == w->server_started);
}

static void fail(struct bench_trial *trial, const char *reason)
{
    trial->status = BENCH_CELL_FAILED;
    free(trial->reason);
    trial->reason = strdup(reason);
}

/* A program says so only when it is given the cell. */
static void cannot(struct bench_trial *trial, const char *reason)
{
    fail(trial, reason);
    trial->status = BENCH_CELL_UNAVAILABLE;
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
    } else if (!trial->validity.same_server) {
        fail(trial, "the server's process was not the same from start to end");
    } else if (r->succeeded == 0) {
        describe_failures(r, text, sizeof(text));
        fail(trial, text);
    } else {
        const bool by_load = bench_validity_by_load(row->target->protocol->role,
                                                    row->target->client != NULL, r);
        trial->status = bench_validity_judge(&trial->validity, r, &trial->resources, by_load, text,
                                             sizeof(text));
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

/* What the options of a connection really are, looked up once: in the first trial, while all are
 * open and idle. The sockets of another program are
 * its own business. */
static void look_at_sockets(const struct bench_cell *cell, const struct bench_trial *trial,
                            struct watched *w)
{
    if (trial->block > 0 || cell->sample == BENCH_SAMPLE_CONNECTION || w->server == NULL ||
        cell->client != NULL)
        return;
    bench_sysinfo_nodelay(getpid(), cell->address.port, w->server->pid, w->server->address.port,
                          &w->client_nodelay, &w->server_nodelay);
}

/* Own memory is the client's where our own loop makes the calls. */
static void fill_resources(const struct watched *w, const struct clocks *begin,
                           const struct clocks *end, double idle_pss, double own_rss_bytes,
                           struct bench_trial *trial)
{
    const bool launched = w->server != NULL;
    trial->resources = (struct bench_resources){
        .wall_s = bench_recording_duration(trial->recording),
        .server_cpu_s = end->server.cpu_s - begin->server.cpu_s,
        .client_cpu_s = (double)trial->recording->cpu_ns / 1e9,
        .server_pss_bytes = launched ? fmax(end->server.pss_bytes, w->peak_pss) - idle_pss : NAN,
        .server_pss_idle_bytes = launched ? idle_pss : NAN,
        .client_rss_bytes = w->ops == &bench_driver_loop ? own_rss_bytes : NAN,
        .server_processes = end->server.processes,
        .client_nodelay = w->client_nodelay,
        .server_nodelay = w->server_nodelay,
    };
}

static void measure(const struct bench_row *row, const struct bench_cell *cell, struct watched *w,
                    double idle_pss, struct bench_trial *trial)
{
    struct clocks begin, end;
    struct bench_error err = {0};
    await_driver(w, false, INT64_MAX, NULL);
    int rc = w->ops->ready(w->driver, &err);
    if (rc == 0)
        look_at_sockets(cell, trial, w);
    read_clocks(w, false, &begin);
    if (rc == 0 && !w->died && !w->watch->interrupted) {
        const int64_t go_ns = bench_now_ns(), ramp_ns = cell->load.ramp_ns;
        w->ops->go(w->driver, go_ns);
        await_driver(w, true, ramp_ns > 0 ? go_ns + ramp_ns : INT64_MAX, &begin);
        w->ops->wait(w->driver);
    }
    read_clocks(w, true, &end);
    const double rss = own_rss();
    struct bench_error collect_err = {0};
    int collected = w->ops->collect(w->driver, &trial->recording, &trial->budget_cut, &collect_err);
    look_for_death(w, rc < 0 || trial->recording->succeeded < trial->recording->attempted);
    fill_resources(w, &begin, &end, idle_pss, rss, trial);
    if (bench_validity_measure(trial->recording, &begin.machine, &end.machine, &trial->validity) <
        0)
        collected = bench_fail(&collect_err, -ENOMEM, "out of memory");
    trial->validity.same_server = is_same_server(w);
    /* Between the requests of one sample nothing is in flight; those that are out when a ramp ends
     * are counted by half; a pause is meant to be one. */
    if (cell->nsteps > 1 || cell->load.ramp_ns > 0)
        trial->validity.little = NAN;
    if (cell->think_ns > 0)
        trial->validity.occupancy = NAN;
    if (collected < 0)
        fail(trial, collect_err.msg);
    else if (rc == -ENOTSUP)
        cannot(trial, err.msg);
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
    struct watched w = {.ops = bench_driver_of(&cell),
                        .server = server,
                        .watch = watch,
                        .client_nodelay = -1,
                        .server_nodelay = -1};
    struct bench_error err = {0};
    await_idle(server, idle->processes);
    w.server_started = server == NULL ? 0 : start_of(server->pid);
    if (w.ops->prepare(&cell, &w.driver, &err) < 0) {
        fail(trial, err.msg);
        return true;
    }
    measure(row, &cell, &w, idle->pss_bytes, trial);
    if (plan->pilot)
        bench_pilot_divide(trial, row->what->load.rate_per_s > 0 ||
                                      row->what->workload->ranking == BENCH_RANKING_TIME);
    bench_recording_settle(trial->recording);
    return !w.died;
}
