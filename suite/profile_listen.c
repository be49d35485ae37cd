/* SPDX-License-Identifier: MIT */
/*
 * `profile --listen A --upstream B`: a relay with a thread of its own, so that what the analyser
 * and the reports take delays nobody. What passes is copied into a ring.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/headroom.h"
#include "suite/profile.h"
#include "tap/ring.h"

enum { TAKE_AT_ONCE = 1 << 20, FULL_WAIT_NS = 100000 };

/* So long in a row the relay waits for the analyser before it lets pieces go. */
#define STALL_NS BENCH_NS_PER_S

/* How much is owed to the analyser at most, and how many gaps of it are told apart. */
enum { OWED_MAX = 1 << 18, GAPS = 1 << 14 };

struct owed {
    struct owed *next;
    struct bench_piece piece;
    char data[];
};

struct listener {
    struct profile_run *run;
    struct bench_relay *relay;
    struct tap_ring *ring;
    int ring_fd, stop_fd;
    pthread_t thread;
    bool started;
    atomic_bool over; /* the relay's thread has returned */
    int rc;           /* of bench_relay_run, and err; read when over */
    struct bench_error err;
    bool broken; /* the ring; cannot be: both ends are ours */
    /* The relay's thread's, while it runs. */
    struct owed *owed, **owed_end;
    size_t nowed;
    uint64_t gaps[GAPS];
};

/* ---- in the relay's thread ---- */

/* Whether there was room, at the latest then; *piece is left with what did not go in. */
static bool put_until(struct listener *l, struct bench_piece *piece, int64_t until_ns)
{
    for (;;) {
        size_t done = 0;
        int rc = tap_ring_put(l->ring, piece, &done);
        if (rc == 0)
            return true;
        piece->data = (const char *)piece->data + done;
        piece->length -= done;
        if (rc != -EAGAIN || until_ns == 0 || bench_now_ns() >= until_ns)
            return false;
        const struct timespec a_little = {.tv_nsec = FULL_WAIT_NS};
        (void)nanosleep(&a_little, NULL);
    }
}

/* What the ring had no room for and the analyser must get, for else it took what comes behind a
 * hole for what follows: where something is missing, and who came and went. In order. */
static void owe(struct listener *l, const struct bench_piece *piece)
{
    const bool gap = piece->kind == BENCH_PIECE_DATA || piece->kind == BENCH_PIECE_GAP;
    const uint64_t key = piece->connection << 1 | (piece->direction == BENCH_TO_CLIENT);
    struct bench_piece copy = *piece;
    if (gap && l->gaps[key % GAPS] == key)
        return; /* it is among them already */
    struct owed *owed =
        l->nowed < OWED_MAX ? malloc(sizeof(*owed) + (gap ? 0 : piece->length)) : NULL;
    if (owed == NULL)
        return; /* its piece is counted all the same */
    if (gap) {
        copy.kind = BENCH_PIECE_GAP;
        copy.length = 0;
        l->gaps[key % GAPS] = key;
    } else if (piece->length > 0) {
        memcpy(owed->data, piece->data, piece->length);
    }
    copy.data = owed->data;
    owed->piece = copy;
    owed->next = NULL;
    *l->owed_end = owed;
    l->owed_end = &owed->next;
    l->nowed++;
}

/* True when nothing is left. */
static bool settle(struct listener *l)
{
    if (l->nowed == 0)
        return true;
    while (l->owed != NULL && put_until(l, &l->owed->piece, 0)) {
        struct owed *owed = l->owed;
        l->owed = owed->next;
        l->nowed--;
        free(owed);
    }
    if (l->owed != NULL)
        return false;
    l->owed_end = &l->owed;
    memset(l->gaps, 0, sizeof(l->gaps));
    return true;
}

/* A relay that is ahead of the analyser waits a little, as a network would; once that was not
 * enough, no longer until there is room again. */
static void put(const struct bench_piece *piece, void *user)
{
    struct listener *l = user;
    struct bench_piece rest = *piece;
    if (settle(l) && put_until(l, &rest, bench_now_ns() + STALL_NS))
        return;
    if (piece->kind == BENCH_PIECE_DATA)
        tap_ring_drop(l->ring);
    owe(l, &rest);
}

static void *serve(void *user)
{
    struct listener *l = user;
    /* As `rpycbench relay`: it stands for a network, and must not wait behind its users. */
    const struct sched_param param = {.sched_priority = 2};
    (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    l->rc = bench_relay_run(l->relay, l->stop_fd, &l->err);
    atomic_store(&l->over, true);
    return NULL;
}

/* ---- in ours ---- */

static void drain(void *user)
{
    struct listener *l = user;
    while (!l->broken) {
        int n = tap_ring_take(l->ring, TAKE_AT_ONCE, profile_run_piece, l->run);
        l->broken = n < 0;
        if (n < TAKE_AT_ONCE)
            break;
    }
    profile_run_dropped(l->run, tap_ring_dropped(l->ring));
}

static bool ended(void *user) { return atomic_load(&((struct listener *)user)->over); }

static bool on_signal(void *user, int number, bool from_kernel)
{
    (void)user;
    (void)number;
    (void)from_kernel;
    return true;
}

static int start(struct listener *l, struct bench_error *err)
{
    struct bench_relay_options options = l->run->options->relay;
    uint16_t port;
    int rc = bench_address_resolve(&options.listen, err);
    if (rc == 0)
        rc = bench_address_resolve(&options.upstream, err);
    if (rc == 0)
        rc = tap_ring_new(&l->ring, l->run->options->ring_bytes, &l->ring_fd, err);
    options.observe = put;
    options.observe_user = l;
    if (rc == 0)
        rc = bench_relay_new(&options, &l->relay, &port, err);
    if (rc < 0)
        return rc;
    l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->stop_fd < 0)
        return bench_fail(err, -errno, "no descriptor: %s", bench_errno_text(errno));
    (void)fprintf(stderr,
                  "profile listens on %s:%u, passes on to %s:%u%s%s; Ctrl-C ends it with the "
                  "report\n",
                  options.listen.host, port, options.upstream.host, options.upstream.port,
                  options.delay_ns > 0 ? " after " : "",
                  options.delay_ns > 0 ? bench_format_duration_exact(options.delay_ns).s : "");
    rc = pthread_create(&l->thread, NULL, serve, l);
    l->started = rc == 0;
    return rc == 0 ? 0 : bench_fail(err, -rc, "no thread: %s", bench_errno_text(rc));
}

static void say_counts(const struct listener *l)
{
    struct bench_relay_counts counts;
    bench_relay_counts(l->relay, &counts);
    if (counts.refused > 0 || counts.upstream_failed > 0)
        profile_run_say(l->run,
                        "%" PRIu64 " connections taken, %" PRIu64 " more refused, %" PRIu64
                        " not taken by the upstream",
                        counts.accepted, counts.refused, counts.upstream_failed);
}

static int stop(struct listener *l, struct bench_error *err)
{
    const uint64_t one = 1;
    (void)!write(l->stop_fd, &one, sizeof(one));
    (void)pthread_join(l->thread, NULL);
    bool all;
    do {
        drain(l);
        all = settle(l);
    } while (!all && !l->broken);
    drain(l);
    say_counts(l);
    if (l->rc < 0 && err != NULL)
        *err = l->err;
    return l->rc;
}

static void listener_fini(struct listener *l)
{
    bench_relay_free(l->relay);
    while (l->owed != NULL) {
        struct owed *owed = l->owed;
        l->owed = owed->next;
        free(owed);
    }
    tap_ring_free(l->ring);
    if (l->ring_fd >= 0)
        (void)close(l->ring_fd);
    if (l->stop_fd >= 0)
        (void)close(l->stop_fd);
}

int profile_listen(struct profile_run *run)
{
    struct listener l = {.run = run, .ring_fd = -1, .stop_fd = -1};
    l.owed_end = &l.owed;
    struct bench_error err = {0};
    int signals = -1;
    bench_headroom_raise_descriptors();
    int rc = profile_loop_init(run, &signals, &err);
    if (rc == 0 && run->options->has_metrics)
        rc = profile_metrics_new(run, &run->options->metrics, &run->metrics, &err);
    if (rc == 0)
        rc = start(&l, &err);
    if (rc == 0 && run->options->live && (rc = profile_live_new(&run->live)) < 0)
        (void)bench_fail(&err, rc, "no screen: out of memory");
    if (rc == 0) {
        const struct profile_tap tap = {
            .user = &l, .drain = drain, .signal = on_signal, .ended = ended, .fd = -1};
        rc = profile_loop_run(run, signals, &tap, &err);
    }
    if (l.started) {
        int stopped = stop(&l, rc == 0 ? &err : NULL);
        rc = rc < 0 ? rc : stopped;
        profile_run_finish(run, NULL);
    }
    if (rc < 0) {
        profile_run_say(run, "%s", err.msg);
        run->status = EXIT_NOT_MEASURED;
    }
    profile_live_free(run->live);
    run->live = NULL;
    profile_metrics_free(run->metrics);
    profile_loop_fini(run, signals);
    listener_fini(&l);
    return run->status;
}
