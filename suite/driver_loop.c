/* SPDX-License-Identifier: MIT */
/* Worker threads, each with one event loop, a recording and its part of the connections. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/client.h"
#include "suite/driver.h"

enum stage { STAGE_PREPARING, STAGE_READY, STAGE_LOADING, STAGE_DONE, STAGE_CLOSING };

struct worker {
    struct bench_driver *driver;
    struct bench_load load; /* what its clients share; used by the worker's thread only */
    pthread_t thread;
    struct bench_error error; /* why nothing is ready; written before STAGE_READY */
    int status;
};

struct bench_driver {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stage stage;   /* under lock; READY and DONE when all workers are */
    int arrived[STAGE_CLOSING]; /* under lock; workers that have reached each stage */
    bool stop;          /* under lock */
    int64_t go_at_ns;   /* under lock */
    int event_fd;
    int nworkers;
    struct worker workers[];
};

static _Atomic(const char *) priority = "";

const char *bench_driver_priority(void) { return atomic_load(&priority); }

/* A normal client waits for a core a quarter of the time and more; see docs/methodology.md. */
static void raise_priority(bool stay_normal)
{
    const struct sched_param param = {.sched_priority = 1};
    const char *got = "normal";
    if (stay_normal)
        got = "normal, as asked for";
    else if (sched_setscheduler(0, SCHED_FIFO, &param) == 0)
        got = "SCHED_FIFO 1";
    else if (setpriority(PRIO_PROCESS, (id_t)gettid(), -20) == 0)
        got = "nice -20";
    atomic_store(&priority, got);
}

/* One worker has reached a stage; the last one of them tells the main thread. */
static void announce(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    bool all = ++d->arrived[stage] == d->nworkers;
    if (all && d->stage < stage) {
        d->stage = stage;
        (void)pthread_cond_broadcast(&d->changed);
    }
    (void)pthread_mutex_unlock(&d->lock);
    const uint64_t one = 1;
    ssize_t n = all ? write(d->event_fd, &one, sizeof(one)) : 0;
    (void)n; /* an eventfd of small counts takes it */
}

/* Blocks a worker until the main thread has moved on to that stage. False: it says stop. */
static bool await(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    while (d->stage < stage && !(d->stop && stage == STAGE_LOADING))
        (void)pthread_cond_wait(&d->changed, &d->lock);
    bool go = !d->stop;
    (void)pthread_mutex_unlock(&d->lock);
    return go;
}

static void wait_until(int64_t at_ns)
{
    const struct timespec ts = {.tv_sec = at_ns / BENCH_NS_PER_S,
                                .tv_nsec = at_ns % BENCH_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        ;
}

static bool stopped(struct bench_driver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    bool stop = d->stop;
    (void)pthread_mutex_unlock(&d->lock);
    return stop;
}

static void run_clients(struct worker *w)
{
    while (w->load.active > 0 && !stopped(w->driver) && !w->load.broken)
        if (bench_loop_run(w->load.loop, 0) == -EIO)
            break;
}

static void *work(void *user)
{
    struct worker *w = user;
    struct bench_driver *d = w->driver;
    raise_priority(w->load.cell->normal_priority);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* ns; the loop was made by another thread */
    bench_load_connect(&w->load);
    run_clients(w);
    w->status = bench_load_status(&w->load, &w->error);
    announce(d, STAGE_READY);
    if (await(d, STAGE_LOADING)) {
        wait_until(d->go_at_ns);
        bench_load_start(&w->load, d->go_at_ns);
        run_clients(w);
        bench_load_finish(&w->load);
    }
    announce(d, STAGE_DONE);
    (void)await(d, STAGE_CLOSING);
    bench_load_fini(&w->load);
    return NULL;
}

static void free_driver(struct bench_driver *d)
{
    if (d->event_fd >= 0)
        (void)close(d->event_fd);
    (void)pthread_cond_destroy(&d->changed);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}

static void stop(struct bench_driver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->stop = true;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    for (int i = 0; i < d->nworkers; i++)
        bench_loop_stop_from_any_thread(d->workers[i].load.loop);
}

/* Moves on to STAGE_CLOSING and waits for the first n threads, which free their loads. */
static void join(struct bench_driver *d, int n)
{
    (void)pthread_mutex_lock(&d->lock);
    d->stage = STAGE_CLOSING;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    for (int i = 0; i < n; i++)
        (void)pthread_join(d->workers[i].thread, NULL);
}

/* All loads are there. */
static int start_threads(struct bench_driver *d, const struct bench_cell *cell,
                         struct bench_error *err)
{
    pthread_attr_t attr;
    int started = 0, rc = -pthread_attr_init(&attr);
    if (rc == 0 && cell->cpus != NULL)
        rc = -pthread_attr_setaffinity_np(&attr, sizeof(*cell->cpus), cell->cpus);
    while (rc == 0 && started < d->nworkers) {
        struct worker *w = &d->workers[started];
        rc = -pthread_create(&w->thread, &attr, work, w);
        started += rc == 0;
    }
    (void)pthread_attr_destroy(&attr);
    if (rc == 0)
        return 0;
    stop(d);
    join(d, started);
    for (int i = started; i < d->nworkers; i++)
        bench_load_fini(&d->workers[i].load);
    for (int i = 0; i < d->nworkers; i++)
        bench_recording_free(d->workers[i].load.recording);
    return bench_fail(err, rc, "no worker thread%s: %s",
                      cell->cpus != NULL ? " on the processors that were asked for" : "",
                      bench_errno_text(rc));
}

static int init_loads(struct bench_driver *d, const struct bench_cell *cell,
                      struct bench_error *err)
{
    for (int i = 0; i < d->nworkers; i++) {
        struct worker *w = &d->workers[i];
        w->driver = d;
        int rc = bench_load_init(&w->load, cell, i, d->nworkers, err);
        if (rc == 0)
            continue;
        while (i-- > 0) {
            bench_load_fini(&d->workers[i].load);
            bench_recording_free(d->workers[i].load.recording);
        }
        return rc;
    }
    return 0;
}

static int prepare(const struct bench_cell *cell, struct bench_driver **out,
                   struct bench_error *err)
{
    int nworkers = cell->workers < 1 ? 1 : cell->workers;
    if (nworkers > cell->clients)
        nworkers = cell->clients;
    struct bench_driver *d = calloc(1, sizeof(*d) + (size_t)nworkers * sizeof(d->workers[0]));
    if (d == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    d->nworkers = nworkers;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->changed, NULL);
    d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = d->event_fd < 0 ? bench_fail(err, -errno, "no eventfd") : 0;
    if (rc == 0)
        rc = init_loads(d, cell, err);
    if (rc == 0)
        rc = start_threads(d, cell, err);
    if (rc < 0) {
        free_driver(d);
        return rc;
    }
    *out = d;
    return 0;
}

static int event_descriptor(struct bench_driver *d) { return d->event_fd; }

static void wait_for(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    while (d->stage < stage)
        (void)pthread_cond_wait(&d->changed, &d->lock);
    (void)pthread_mutex_unlock(&d->lock);
    uint64_t count;
    ssize_t n = read(d->event_fd, &count, sizeof(count));
    (void)n; /* only empties it */
}

static int ready(struct bench_driver *d, struct bench_error *err)
{
    wait_for(d, STAGE_READY);
    for (int i = 0; i < d->nworkers; i++)
        if (d->workers[i].status == 0)
            return 0;
    if (err != NULL)
        *err = d->workers[0].error;
    return d->workers[0].status;
}

static void go(struct bench_driver *d, int64_t at_ns)
{
    (void)pthread_mutex_lock(&d->lock);
    d->go_at_ns = at_ns;
    if (d->stage < STAGE_LOADING)
        d->stage = STAGE_LOADING;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
}

static void wait_done(struct bench_driver *d) { wait_for(d, STAGE_DONE); }

/* All recordings become the first one's. */
static int merge(struct bench_driver *d)
{
    int rc = 0;
    for (int i = 0; i < d->nworkers; i++) {
        struct bench_load *load = &d->workers[i].load;
        if (load->broken)
            rc = -ENOMEM;
        if (i == 0)
            continue;
        if (rc == 0)
            rc = bench_recording_merge(d->workers[0].load.recording, load->recording);
        bench_recording_free(load->recording);
    }
    return rc;
}

static int collect(struct bench_driver *d, struct bench_recording **out, bool *budget_cut,
                   struct bench_error *err)
{
    (void)pthread_mutex_lock(&d->lock);
    bool started = d->stage >= STAGE_LOADING;
    (void)pthread_mutex_unlock(&d->lock);
    if (!started)
        stop(d);
    wait_for(d, STAGE_DONE);
    join(d, d->nworkers);
    *budget_cut = false;
    for (int i = 0; i < d->nworkers; i++)
        *budget_cut |= d->workers[i].load.budget_cut;
    int rc = merge(d);
    *out = d->workers[0].load.recording;
    free_driver(d);
    return rc < 0 ? bench_fail(err, rc, "out of memory while measuring") : 0;
}

const struct bench_driver_ops bench_driver_loop = {
    .prepare = prepare,
    .fd = event_descriptor,
    .ready = ready,
    .go = go,
    .wait = wait_done,
    .stop = stop,
    .collect = collect,
};
