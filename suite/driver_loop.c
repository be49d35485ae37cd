/* SPDX-License-Identifier: MIT */
/* A worker thread with one event loop and all connections of the cell. */
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

struct bench_driver {
    struct bench_load load; /* what the clients share; used by the worker's thread only */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stage stage;   /* under lock */
    bool stop;          /* under lock; the clients' copy is load.stop */
    int64_t go_at_ns;   /* under lock */
    struct bench_error error; /* why nothing is ready; written before STAGE_READY */
    int status;
    int event_fd;
};

static _Atomic(const char *) priority = "";

const char *bench_driver_priority(void) { return atomic_load(&priority); }

/* A normal client waits for a core a quarter of the time and more; see docs/methodology.md. */
static void raise_priority(void)
{
    const struct sched_param param = {.sched_priority = 1};
    const char *got = "normal";
    if (sched_setscheduler(0, SCHED_FIFO, &param) == 0)
        got = "SCHED_FIFO 1";
    else if (setpriority(PRIO_PROCESS, (id_t)gettid(), -20) == 0)
        got = "nice -20";
    atomic_store(&priority, got);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * BENCH_NS_PER_S + ts.tv_nsec;
}

/* Tells the main thread that a stage is reached. */
static void announce(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    d->stage = stage;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    const uint64_t one = 1;
    ssize_t n = write(d->event_fd, &one, sizeof(one));
    (void)n; /* an eventfd of small counts takes it */
}

/* Blocks the worker until the main thread has moved on to that stage, or says stop. */
static bool await(struct bench_driver *d, enum stage stage)
{
    (void)pthread_mutex_lock(&d->lock);
    while (d->stage < stage && !(d->stop && stage == STAGE_LOADING))
        (void)pthread_cond_wait(&d->changed, &d->lock);
    bool reached = d->stage >= stage;
    (void)pthread_mutex_unlock(&d->lock);
    return reached;
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

static void run_clients(struct bench_driver *d)
{
    while (d->load.active > 0 && !stopped(d) && !d->load.broken)
        if (bench_loop_run(d->load.loop, 0) == -EIO)
            break;
}

static void *work(void *user)
{
    struct bench_driver *d = user;
    struct bench_load *load = &d->load;
    raise_priority();
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* ns; the loop was made by another thread */
    bench_load_connect(load);
    run_clients(d);
    d->status = bench_load_status(load, &d->error);
    announce(d, STAGE_READY);
    if (await(d, STAGE_LOADING)) {
        wait_until(d->go_at_ns);
        int64_t cpu = thread_cpu_ns();
        bench_load_start(load);
        run_clients(d);
        load->recording->cpu_ns = thread_cpu_ns() - cpu;
        bench_load_finish(load);
    }
    announce(d, STAGE_DONE);
    (void)await(d, STAGE_CLOSING);
    bench_load_fini(load);
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

static int prepare(const struct bench_cell *cell, struct bench_driver **out,
                   struct bench_error *err)
{
    struct bench_driver *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->changed, NULL);
    d->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = d->event_fd < 0 ? bench_fail(err, -errno, "no eventfd") : 0;
    if (rc == 0)
        rc = bench_load_init(&d->load, cell, err);
    if (rc < 0) {
        free_driver(d);
        return rc;
    }
    rc = -pthread_create(&d->thread, NULL, work, d);
    if (rc < 0) {
        bench_load_fini(&d->load);
        bench_recording_free(d->load.recording);
        free_driver(d);
        return bench_fail(err, rc, "no worker thread: %s", bench_errno_text(rc));
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
    if (d->status < 0 && err != NULL)
        *err = d->error;
    return d->status;
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

static void stop(struct bench_driver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->stop = true;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    bench_loop_stop_from_any_thread(d->load.loop);
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
    (void)pthread_mutex_lock(&d->lock);
    d->stage = STAGE_CLOSING;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    (void)pthread_join(d->thread, NULL);
    *out = d->load.recording;
    *budget_cut = d->load.budget_cut;
    int rc = d->load.broken ? bench_fail(err, -ENOMEM, "out of memory while measuring") : 0;
    free_driver(d);
    return rc;
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
