/* SPDX-License-Identifier: MIT */
/* A binary heap; every pipe knows its place in it. */
#include <errno.h>
#include <stdlib.h>

#include "tap/relay_internal.h"

int tap_timers_reserve(struct bench_relay *relay)
{
    size_t need = 2 * ((size_t)relay->nconns + 1) + 1;
    if (need <= relay->timers_size)
        return 0;
    size_t size = need < 64 ? 64 : need * 2;
    struct tap_pipe **timers = realloc(relay->timers, size * sizeof(struct tap_pipe *));
    if (timers == NULL)
        return -ENOMEM;
    relay->timers = timers;
    relay->timers_size = size;
    return 0;
}

static void place(struct bench_relay *relay, size_t i, struct tap_pipe *pipe)
{
    relay->timers[i] = pipe;
    pipe->heap_index = i;
}

static void move_up(struct bench_relay *relay, size_t i, struct tap_pipe *pipe)
{
    for (; i > 1 && relay->timers[i / 2]->timer_ns > pipe->timer_ns; i /= 2)
        place(relay, i, relay->timers[i / 2]);
    place(relay, i, pipe);
}

static void move_down(struct bench_relay *relay, size_t i, struct tap_pipe *pipe)
{
    for (size_t child; (child = 2 * i) <= relay->ntimers; i = child) {
        if (child < relay->ntimers &&
            relay->timers[child + 1]->timer_ns < relay->timers[child]->timer_ns)
            child++;
        if (relay->timers[child]->timer_ns >= pipe->timer_ns)
            break;
        place(relay, i, relay->timers[child]);
    }
    place(relay, i, pipe);
}

static void take_out(struct bench_relay *relay, size_t i)
{
    struct tap_pipe *last = relay->timers[relay->ntimers--];
    if (i > relay->ntimers)
        return;
    if (i > 1 && relay->timers[i / 2]->timer_ns > last->timer_ns)
        move_up(relay, i, last);
    else
        move_down(relay, i, last);
}

void tap_timer_set(struct bench_relay *relay, struct tap_pipe *pipe, int64_t when_ns)
{
    size_t i = pipe->heap_index;
    int64_t before = pipe->timer_ns;
    pipe->timer_ns = when_ns;
    if (when_ns == TAP_NEVER) {
        if (i != 0)
            take_out(relay, i);
        pipe->heap_index = 0;
    } else if (i == 0) {
        move_up(relay, ++relay->ntimers, pipe);
    } else if (when_ns < before) {
        move_up(relay, i, pipe);
    } else if (when_ns > before) {
        move_down(relay, i, pipe);
    }
}

struct tap_pipe *tap_timer_first(const struct bench_relay *relay)
{
    return relay->ntimers == 0 ? NULL : relay->timers[1];
}
