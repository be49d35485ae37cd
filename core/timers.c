/* SPDX-License-Identifier: MIT */
/*
 * The timers of a loop: a heap over one timerfd. The descriptor may be set to a time that is too
 * early, because the timer it was for has been moved or taken out; then it is set again when it
 * fires. That is cheaper than a system call for each of libcurl's changes of mind.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/loop_internal.h"

enum { FIRST_ROOM = 16 };

/* ---- the heap ---- */

static void put(struct loop_timers *t, size_t place, struct bench_timer *timer)
{
    t->heap[place] = timer;
    timer->place = place;
}

/* Puts timer where it belongs, starting at a place that is free. */
static void sift(struct loop_timers *t, size_t place, struct bench_timer *timer)
{
    while (place > 1 && t->heap[place / 2]->when_ns > timer->when_ns) {
        put(t, place, t->heap[place / 2]);
        place /= 2;
    }
    for (size_t child; (child = place * 2) <= t->count; place = child) {
        if (child < t->count && t->heap[child + 1]->when_ns < t->heap[child]->when_ns)
            child++;
        if (t->heap[child]->when_ns >= timer->when_ns)
            break;
        put(t, place, t->heap[child]);
    }
    put(t, place, timer);
}

static int make_room(struct loop_timers *t)
{
    if (t->count + 1 < t->room)
        return 0;
    size_t room = t->room == 0 ? FIRST_ROOM : t->room * 2;
    struct bench_timer **heap = realloc(t->heap, room * sizeof(struct bench_timer *));
    if (heap == NULL)
        return -ENOMEM;
    t->heap = heap;
    t->room = room;
    return 0;
}

/* ---- the descriptor ---- */

static void arm(struct loop_timers *t, int64_t when_ns)
{
    const struct itimerspec at = {.it_value = {.tv_sec = when_ns / BENCH_NS_PER_S,
                                               .tv_nsec = when_ns % BENCH_NS_PER_S}};
    (void)timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &at, NULL); /* cannot fail for valid times */
    t->armed_ns = when_ns;
}

/* Calls what is due. One round: a callback that sets its timer to "at once" does not starve the
 * network. */
static void on_timers(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct bench_loop *loop = user;
    struct loop_timers *t = &loop->timers;
    const int64_t now_ns = bench_now_ns();
    t->expiring = true;
    for (size_t left = t->count; left > 0 && t->count > 0 && !loop->stopping; left--) {
        struct bench_timer *timer = t->heap[1];
        if (timer->when_ns > now_ns)
            break;
        timer_off(timer);
        timer->in_callback = true;
        timer->fn(timer->user);
        timer->in_callback = false;
        if (timer->freed)
            free(timer);
        loop_drain(loop);
    }
    t->expiring = false;
    /* Setting it also makes it unreadable again. */
    arm(t, t->count > 0 ? t->heap[1]->when_ns : 0);
}

int timers_init(struct bench_loop *loop)
{
    struct loop_timers *t = &loop->timers;
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (t->fd < 0)
        return -errno;
    t->event = event_new(loop->base, t->fd, EV_READ | EV_PERSIST, on_timers, loop);
    if (t->event == NULL)
        return -ENOMEM;
    return event_add(t->event, NULL) < 0 ? -EIO : 0;
}

void timers_fini(struct bench_loop *loop)
{
    struct loop_timers *t = &loop->timers;
    if (t->event != NULL)
        event_free(t->event);
    if (t->fd >= 0)
        (void)close(t->fd);
    free(t->heap);
}

/* ---- timers ---- */

int timer_set_at(struct bench_timer *timer, int64_t when_ns)
{
    struct loop_timers *t = &timer->loop->timers;
    timer->when_ns = when_ns > 0 ? when_ns : 1; /* 0 would switch the descriptor off */
    if (timer->place == 0) {
        int rc = make_room(t);
        if (rc < 0)
            return rc;
        timer->place = ++t->count;
    }
    sift(t, timer->place, timer);
    const int64_t earliest_ns = t->heap[1]->when_ns;
    if (!t->expiring && (t->armed_ns == 0 || earliest_ns < t->armed_ns))
        arm(t, earliest_ns);
    return 0;
}

void timer_off(struct bench_timer *timer)
{
    struct loop_timers *t = &timer->loop->timers;
    const size_t place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    struct bench_timer *last = t->heap[t->count--];
    if (last != timer)
        sift(t, place, last);
}

int bench_timer_new(struct bench_loop *loop, bench_timer_fn fn, void *user, struct bench_timer **out)
{
    struct bench_timer *timer = calloc(1, sizeof(*timer));
    if (timer == NULL)
        return -ENOMEM;
    timer->loop = loop;
    timer->fn = fn;
    timer->user = user;
    *out = timer;
    return 0;
}

int bench_timer_set(struct bench_timer *timer, int64_t delay_ns)
{
    if (delay_ns < 0) {
        timer_off(timer);
        return 0;
    }
    const int64_t now_ns = bench_now_ns();
    return timer_set_at(timer, delay_ns < INT64_MAX - now_ns ? now_ns + delay_ns : INT64_MAX);
}

void bench_timer_free(struct bench_timer *timer)
{
    if (timer == NULL || timer->freed)
        return;
    timer_off(timer);
    timer->freed = true;
    if (!timer->in_callback)
        free(timer);
}
