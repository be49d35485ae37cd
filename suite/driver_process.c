/* SPDX-License-Identifier: MIT */
/*
 * Other programs make the calls. The main thread starts and ends them (they die with it); a thread
 * of ours passes lines, so that the driver's descriptor becomes readable exactly when a stage is
 * reached by all of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/clients.h"
#include "suite/driver_process.h"

enum stage { STAGE_PREPARING, STAGE_READY, STAGE_LOADING, STAGE_DONE, STAGE_COLLECTING };

struct bench_driver {
    struct bench_process *processes;
    int nprocesses;
    struct bench_process_limits limits;
    struct bench_recording *recording; /* of all of them */
    bool budget_cut;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stage stage;         /* under lock */
    bool stop;                /* under lock; somebody said so */
    int64_t go_at_ns;         /* under lock */
    int event_fd;             /* to the main thread */
    int wake_fd;              /* from it */
    struct bench_error error; /* why nothing is ready; written before STAGE_READY */
    int status;
    /* Used by our thread only. */
    bool said_go, said_stop, said_collect;
    int64_t deadline_ns;
    struct pollfd *fds; /* wake_fd, then BENCH_PROCESS_FDS of each */
};

static void signal_fd(int fd)
{
    const uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof(one));
    (void)n; /* an eventfd of small counts takes it */
}

static void drain_fd(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof(count));
    (void)n; /* only empties it */
}

/* ---- our thread ---- */

static void announce(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    if (d->stage < stage)
        d->stage = stage;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    signal_fd(d->event_fd);
}

static bool any_failed(const struct bench_driver *d)
{
    for (int i = 0; i < d->nprocesses; i++)
        if (d->processes[i].stage == BENCH_PROCESS_FAILED)
            return true;
    return false;
}

static bool all_reached(const struct bench_driver *d, enum bench_process_stage stage)
{
    for (int i = 0; i < d->nprocesses; i++)
        if (d->processes[i].stage < stage)
            return false;
    return true;
}

static void say_to_all(struct bench_driver *d, const char *line)
{
    for (int i = 0; i < d->nprocesses; i++)
        bench_process_say(&d->processes[i], line);
}

static int64_t deadline_in(int64_t from_ns, int64_t ns)
{
    int64_t at;
    return __builtin_add_overflow(from_ns, ns, &at) ? INT64_MAX : at;
}

static void say_go(struct bench_driver *d, int64_t at_ns)
{
    d->said_go = true;
    if (d->said_stop)
        return;
    char line[64];
    (void)snprintf(line, sizeof(line), "{\"go_ns\": %" PRId64 "}", at_ns);
    for (int i = 0; i < d->nprocesses; i++)
        d->processes[i].may_be_done = true;
    say_to_all(d, line);
    const int64_t now = bench_now_ns();
    d->deadline_ns = deadline_in(at_ns > now ? at_ns : now, d->limits.load_ns);
}

static void say_stop(struct bench_driver *d)
{
    for (int i = 0; i < d->nprocesses; i++)
        d->processes[i].may_be_done = true;
    say_to_all(d, "{\"stop\": true}");
    d->deadline_ns = deadline_in(bench_now_ns(), d->limits.stop_ns);
    d->said_stop = true;
}

static void say_collect(struct bench_driver *d)
{
    for (int i = 0; i < d->nprocesses; i++)
        d->processes[i].may_deliver = true;
    say_to_all(d, "{\"collect\": true}");
    d->deadline_ns = deadline_in(bench_now_ns(), d->limits.collect_ns);
    d->said_collect = true;
}

/* How many connections are ready, or why none is. */
static int judge_ready(struct bench_driver *d)
{
    int64_t ready = 0;
    const struct bench_process *empty = NULL;
    for (int i = 0; i < d->nprocesses; i++) {
        const struct bench_process *p = &d->processes[i];
        ready += p->ready;
        if (p->stage == BENCH_PROCESS_FAILED) {
            d->error = p->error;
            return p->error.code;
        }
        if (p->ready == 0 && p->why[0] != '\0')
            empty = p;
    }
    if (ready > 0)
        return 0;
    if (empty == NULL)
        return bench_fail(&d->error, -ECANCELED, "stopped before a connection was ready");
    return bench_fail(&d->error, empty->unavailable ? -ENOTSUP : -EIO, "%s", empty->why);
}

/* Does what the main thread wants and what follows from what the children said. Returns false when
 * all is over. */
static bool advance(struct bench_driver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    enum stage stage = d->stage;
    bool stop = d->stop;
    int64_t go_at_ns = d->go_at_ns;
    (void)pthread_mutex_unlock(&d->lock);
    if (stage == STAGE_LOADING && !d->said_go)
        say_go(d, go_at_ns);
    if ((stop || any_failed(d)) && !d->said_stop && !d->said_collect)
        say_stop(d);
    if (stage == STAGE_PREPARING && all_reached(d, BENCH_PROCESS_READY)) {
        d->status = judge_ready(d);
        if (!d->said_stop)
            d->deadline_ns = INT64_MAX;
        announce(d, STAGE_READY);
        stage = STAGE_READY;
    }
    /* Not before the main thread said so: its call of `ready` empties the descriptor. */
    if ((stage == STAGE_LOADING || (stage == STAGE_READY && stop)) &&
        all_reached(d, BENCH_PROCESS_DONE)) {
        d->deadline_ns = INT64_MAX;
        announce(d, STAGE_DONE);
    }
    if (stage == STAGE_COLLECTING && !d->said_collect)
        say_collect(d);
    return !(stage == STAGE_COLLECTING && all_reached(d, BENCH_PROCESS_DELIVERED));
}

static void give_up_silent(struct bench_driver *d)
{
    static const char *const missing[] = {[BENCH_PROCESS_STARTED] = "ready",
                                          [BENCH_PROCESS_READY] = "done",
                                          [BENCH_PROCESS_DONE] = "its recording"};
    for (int i = 0; i < d->nprocesses; i++) {
        char text[80];
        if (d->processes[i].stage >= BENCH_PROCESS_DELIVERED ||
            (d->processes[i].stage == BENCH_PROCESS_DONE && !d->said_collect))
            continue;
        (void)snprintf(text, sizeof(text), "the client process did not say %s in time",
                       missing[d->processes[i].stage]);
        bench_process_fail(&d->processes[i], -ETIMEDOUT, text);
    }
    d->deadline_ns = INT64_MAX;
}

/* At least 1 ms, so that the deadline has passed when the time is over; a minute at most. */
static int wait_ms(const struct bench_driver *d)
{
    const int64_t left = d->deadline_ns - bench_now_ns();
    if (left <= 0)
        return 0;
    return left > 60 * BENCH_NS_PER_S ? 60000 : (int)(left / BENCH_NS_PER_MS) + 1;
}

static void *watch(void *user)
{
    struct bench_driver *d = user;
    while (advance(d)) {
        d->fds[0] = (struct pollfd){.fd = d->wake_fd, .events = POLLIN};
        for (int i = 0; i < d->nprocesses; i++)
            bench_process_interest(&d->processes[i], &d->fds[1 + i * BENCH_PROCESS_FDS]);
        (void)poll(d->fds, (nfds_t)(1 + d->nprocesses * BENCH_PROCESS_FDS), wait_ms(d));
        if (d->fds[0].revents != 0)
            drain_fd(d->wake_fd);
        for (int i = 0; i < d->nprocesses; i++)
            bench_process_step(&d->processes[i], &d->fds[1 + i * BENCH_PROCESS_FDS]);
        if (bench_now_ns() >= d->deadline_ns)
            give_up_silent(d);
    }
    return NULL;
}

/* ---- the main thread ---- */

static void free_driver(struct bench_driver *d)
{
    for (int i = 0; i < d->nprocesses; i++) {
        bench_process_end(&d->processes[i]);
        bench_recording_free(d->processes[i].recording);
    }
    if (d->event_fd >= 0)
        (void)close(d->event_fd);
    if (d->wake_fd >= 0)
        (void)close(d->wake_fd);
    (void)pthread_cond_destroy(&d->changed);
    (void)pthread_mutex_destroy(&d->lock);
    free(d->processes);
    free(d->fds);
    free(d);
}

/* The connections are dealt out evenly. */
static int start_all(struct bench_driver *d, const struct bench_cell *cell, int wanted,
                     struct bench_error *err)
{
    struct bench_server_command command;
    int rc = bench_client_command(cell->client, &command, err);
    int first = 0;
    for (int i = 0; rc == 0 && i < wanted; i++) {
        const int connections = cell->clients / wanted + (i < cell->clients % wanted);
        char *text = NULL;
        rc = bench_process_cell_text(cell, first, connections, &text, err);
        if (rc == 0) {
            d->nprocesses++;
            rc = bench_process_start(&d->processes[i], &command, cell->cpus, err);
        }
        if (rc == 0)
            bench_process_say(&d->processes[i], text);
        free(text);
        first += connections;
    }
    bench_server_command_free(&command);
    return rc;
}

static int allocate(struct bench_driver *d, int wanted, struct bench_error *err)
{
    d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->event_fd < 0 || d->wake_fd < 0)
        return bench_fail(err, -errno, "no eventfd: %s", bench_errno_text(errno));
    d->processes = calloc((size_t)wanted, sizeof(*d->processes));
    d->fds = calloc(1 + (size_t)wanted * BENCH_PROCESS_FDS, sizeof(*d->fds));
    if (d->processes == NULL || d->fds == NULL || bench_recording_new(&d->recording) < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    return 0;
}

int bench_process_prepare(const struct bench_cell *cell, const struct bench_process_limits *limits,
                          struct bench_driver **out, struct bench_error *err)
{
    struct bench_driver *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->changed, NULL);
    d->limits = *limits;
    d->event_fd = d->wake_fd = -1;
    int wanted = cell->client_processes < cell->clients ? cell->client_processes : cell->clients;
    wanted = wanted > 0 ? wanted : 1;
    int rc = allocate(d, wanted, err);
    if (rc == 0)
        rc = start_all(d, cell, wanted, err);
    if (rc == 0) {
        d->deadline_ns = deadline_in(bench_now_ns(), limits->ready_ns);
        rc = -pthread_create(&d->thread, NULL, watch, d);
        if (rc < 0)
            (void)bench_fail(err, rc, "no thread for clients: %s", bench_errno_text(rc));
    }
    if (rc < 0) {
        bench_recording_free(d->recording);
        free_driver(d);
        return rc;
    }
    *out = d;
    return 0;
}

static int prepare(const struct bench_cell *cell, struct bench_driver **out,
                   struct bench_error *err)
{
    struct bench_process_limits limits;
    bench_process_limits_of(cell, &limits);
    return bench_process_prepare(cell, &limits, out, err);
}

static int event_descriptor(struct bench_driver *d) { return d->event_fd; }

static void wait_for(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    while (d->stage < stage)
        (void)pthread_cond_wait(&d->changed, &d->lock);
    (void)pthread_mutex_unlock(&d->lock);
    drain_fd(d->event_fd);
}

static int ready(struct bench_driver *d, struct bench_error *err)
{
    wait_for(d, STAGE_READY);
    if (d->status < 0 && err != NULL)
        *err = d->error;
    return d->status;
}

/* Tells our thread; stage: at least that. */
static void move_on(struct bench_driver *d, enum stage stage, bool stop, int64_t go_at_ns)
{
    (void)pthread_mutex_lock(&d->lock);
    if (d->stage < stage)
        d->stage = stage;
    if (stop)
        d->stop = true;
    if (stage == STAGE_LOADING)
        d->go_at_ns = go_at_ns;
    (void)pthread_mutex_unlock(&d->lock);
    signal_fd(d->wake_fd);
}

static void go(struct bench_driver *d, int64_t at_ns) { move_on(d, STAGE_LOADING, false, at_ns); }

static void wait_done(struct bench_driver *d) { wait_for(d, STAGE_DONE); }

static void stop(struct bench_driver *d) { move_on(d, STAGE_PREPARING, true, 0); }

static int merge_all(struct bench_driver *d, bool stopped, struct bench_error *err)
{
    int rc = 0;
    for (int i = 0; i < d->nprocesses; i++) {
        const struct bench_process *p = &d->processes[i];
        d->budget_cut = d->budget_cut || p->budget_cut;
        if (p->recording != NULL && bench_recording_merge(d->recording, p->recording) < 0 &&
            rc == 0)
            rc = bench_fail(err, -ENOMEM, "out of memory for the clients' recordings");
        /* What happens to a client that was told to stop does not matter any more. */
        if (p->stage == BENCH_PROCESS_FAILED && rc == 0 && !stopped)
            rc = bench_fail(err, p->error.code, "%s", p->error.msg);
    }
    d->recording->workers = (uint32_t)d->nprocesses;
    return rc;
}

static int collect(struct bench_driver *d, struct bench_recording **out, bool *budget_cut,
                   struct bench_error *err)
{
    (void)pthread_mutex_lock(&d->lock);
    bool started = d->stage >= STAGE_LOADING, stopped = d->stop;
    (void)pthread_mutex_unlock(&d->lock);
    if (!started)
        stop(d);
    wait_for(d, STAGE_DONE);
    move_on(d, STAGE_COLLECTING, false, 0);
    (void)pthread_join(d->thread, NULL);
    int rc = merge_all(d, stopped, err);
    *out = d->recording;
    *budget_cut = d->budget_cut;
    free_driver(d);
    return rc;
}

const struct bench_driver_ops bench_driver_process = {
    .prepare = prepare,
    .fd = event_descriptor,
    .ready = ready,
    .go = go,
    .wait = wait_done,
    .stop = stop,
    .collect = collect,
};
