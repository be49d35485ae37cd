/* SPDX-License-Identifier: MIT */
/*
 * A thread per connection. Only the main thread starts and joins them. A session's thread moves
 * itself from `running` to `ended` before it closes its descriptor, so that stopping never touches
 * a descriptor number that has been given to somebody else.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/log.h"
#include "bench/units.h"
#include "servers/server.h"

/* The deepest handlers use 21 KiB (debug build, painted stacks), and RPyC's calls back into a
 * client 1.8 KiB for each of at most 64 that wait for each other: half of it in all. The kernel
 * gives only the pages that were touched: 12 KiB to an idle session, whatever is written here.
 * Sanitizers need room for their red zones. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_BYTES ((size_t)1 << 20)
#else
#define STACK_BYTES ((size_t)256 << 10)
#endif

/* A handshake needs about as much again as all the rest, and OpenSSL promises no bound. */
#define TLS_STACK_BYTES (4 * STACK_BYTES)

struct session_thread {
    struct session_thread *next, **link; /* link: what points at this one, in `running` */
    struct threads *owner;
    pthread_t thread;
    struct bench_session session;
};

struct threads {
    struct server *server;
    pthread_attr_t attributes;
    size_t count;         /* main thread only */
    pthread_mutex_t lock; /* of the lists */
    pthread_cond_t changed;
    struct session_thread *running, *ended;
};

static int threaded_init(struct server *server, void **state, struct bench_error *err)
{
    struct threads *threads = calloc(1, sizeof(*threads));
    if (threads == NULL)
        return bench_fail(err, -ENOMEM, "no memory for the mode");
    threads->server = server;
    (void)pthread_mutex_init(&threads->lock, NULL);
    (void)pthread_cond_init(&threads->changed, NULL);
    (void)pthread_attr_init(&threads->attributes);
    const int rc = pthread_attr_setstacksize(
        &threads->attributes, server->tls != NULL ? TLS_STACK_BYTES : STACK_BYTES);
    if (rc != 0) {
        free(threads);
        return bench_fail(err, -rc, "stacks of %zu bytes: %s", STACK_BYTES, bench_errno_text(rc));
    }
    *state = threads;
    return 0;
}

static void insert(struct session_thread **list, struct session_thread *node)
{
    node->next = *list;
    node->link = list;
    if (node->next != NULL)
        node->next->link = &node->next;
    *list = node;
}

static void take_out(struct session_thread *node)
{
    *node->link = node->next;
    if (node->next != NULL)
        node->next->link = node->link;
}

static void *run_session(void *argument)
{
    struct session_thread *node = argument;
    struct threads *threads = node->owner;
    const int fd = node->session.fd;
    server_serve(threads->server, &node->session);
    bench_session_fini(&node->session);

    (void)pthread_mutex_lock(&threads->lock);
    take_out(node);
    insert(&threads->ended, node);
    (void)pthread_cond_signal(&threads->changed);
    (void)pthread_mutex_unlock(&threads->lock);
    (void)close(fd);
    return NULL;
}

static int start_thread(struct threads *threads, struct session_thread *node, int fd,
                        struct bench_error *err)
{
    int rc = bench_session_init(&node->session, fd, &threads->server->setup, err);
    if (rc < 0)
        return rc;
    node->owner = threads;
    (void)pthread_mutex_lock(&threads->lock);
    insert(&threads->running, node);
    (void)pthread_mutex_unlock(&threads->lock);
    rc = pthread_create(&node->thread, &threads->attributes, run_session, node);
    if (rc == 0)
        return 0;
    (void)pthread_mutex_lock(&threads->lock);
    take_out(node);
    (void)pthread_mutex_unlock(&threads->lock);
    bench_session_fini(&node->session);
    return bench_fail(err, -rc, "cannot start a thread for session %zu: %s", threads->count + 1,
                      bench_errno_text(rc));
}

static int threaded_start(void *state, int fd, struct bench_error *err)
{
    struct threads *threads = state;
    struct session_thread *node = malloc(sizeof(*node));
    const int rc = node == NULL ? bench_fail(err, -ENOMEM, "no memory for a session")
                                : start_thread(threads, node, fd, err);
    if (rc < 0) {
        free(node);
        (void)close(fd);
        return rc;
    }
    threads->count++;
    return 0;
}

/* Threads that ended are joined at the next connection, not at once: nothing waits for it, and a
 * wake-up per session would be work that the other modes do not have. */
static void threaded_reap(void *state)
{
    struct threads *threads = state;
    (void)pthread_mutex_lock(&threads->lock);
    struct session_thread *node = threads->ended;
    threads->ended = NULL;
    (void)pthread_mutex_unlock(&threads->lock);
    while (node != NULL) {
        struct session_thread *next = node->next;
        (void)pthread_join(node->thread, NULL);
        free(node);
        threads->count--;
        node = next;
    }
}

static size_t threaded_sessions(void *state) { return ((struct threads *)state)->count; }

static bool threaded_stop(void *state, int64_t grace_ns)
{
    struct threads *threads = state;
    const int64_t deadline_ns = bench_now_ns() + grace_ns;
    const struct timespec deadline = {.tv_sec = deadline_ns / BENCH_NS_PER_S,
                                      .tv_nsec = deadline_ns % BENCH_NS_PER_S};
    int rc = 0;
    (void)pthread_mutex_lock(&threads->lock);
    for (struct session_thread *node = threads->running; node != NULL; node = node->next)
        bench_session_stop(&node->session);
    while (threads->running != NULL && rc == 0)
        rc = pthread_cond_clockwait(&threads->changed, &threads->lock, CLOCK_MONOTONIC, &deadline);
    const bool all = threads->running == NULL;
    (void)pthread_mutex_unlock(&threads->lock);
    threaded_reap(threads);
    if (!all) {
        bench_log(BENCH_LOG_WARN, "server", "%zu sessions did not end in time", threads->count);
        return false;
    }
    (void)pthread_attr_destroy(&threads->attributes);
    (void)pthread_cond_destroy(&threads->changed);
    (void)pthread_mutex_destroy(&threads->lock);
    free(threads);
    return true;
}

const struct server_mode server_mode_threaded = {
    .name = "threaded",
    .summary = "a thread per connection",
    .init = threaded_init,
    .start = threaded_start,
    .reap = threaded_reap,
    .sessions = threaded_sessions,
    .stop = threaded_stop,
};
