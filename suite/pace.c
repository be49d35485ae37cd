/* SPDX-License-Identifier: MIT */
/*
 * Starts that are not the answer to a reply: an open loop's schedule, and clients that join one
 * after the other. One timerfd of the loop is always set to the next thing that is due; when it
 * fires, everything that is due by then is done.
 *
 * Planned requests that wait for a connection take no memory: they are what lies between two
 * cursors of the schedule, which is the same each time it is walked.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bench/loop.h"
#include "bench/units.h"
#include "suite/client_private.h"

static bool somebody_waits(const struct bench_pace *pace)
{
    return pace->taken.index != pace->due.index;
}

static bool has_ended(const struct bench_pace *pace)
{
    return bench_schedule_peek(&pace->due) == INT64_MAX;
}

/* ---- open loop ---- */

static void queue_free(struct bench_pace *pace, struct bench_lane *lane)
{
    if (lane->queued)
        return;
    lane->queued = true;
    lane->next_free = NULL;
    if (pace->free_first == NULL)
        pace->free_first = lane;
    else
        pace->free_last->next_free = lane;
    pace->free_last = lane;
}

/* Those of a connection that is being made again come back when it is there. */
static struct bench_lane *unqueue_free(struct bench_pace *pace)
{
    struct bench_lane *lane;
    do {
        lane = pace->free_first;
        if (lane == NULL)
            return NULL;
        pace->free_first = lane->next_free;
        lane->queued = false;
    } while (lane->client->phase != BENCH_PHASE_LOAD || lane->client->opening ||
             lane->client->broken);
    return lane;
}

/* A request waits and may be sent. */
static bool may_take(const struct bench_load *load)
{
    return somebody_waits(&load->pace) &&
           !(load->cell->load.forget_schedule && load->inflight > 0);
}

static void take(struct bench_lane *lane)
{
    struct bench_load *load = lane->client->load;
    struct bench_schedule *taken = &load->pace.taken;
    lane->planned_ns =
        load->cell->load.forget_schedule ? bench_now_ns() : bench_schedule_peek(taken);
    bench_schedule_take(taken);
    bench_lane_run(lane);
}

void bench_pace_free(struct bench_lane *lane)
{
    struct bench_pace *pace = &lane->client->load->pace;
    if (may_take(lane->client->load))
        take(lane);
    else if (has_ended(pace))
        bench_client_end(lane->client);
    else
        queue_free(pace, lane);
}

/* Moves on to the first request that is not due yet. */
static void look(struct bench_load *load, int64_t now_ns)
{
    struct bench_pace *pace = &load->pace;
    int64_t at_ns;
    while ((at_ns = bench_schedule_peek(&pace->due)) <= now_ns) {
        if (at_ns >= load->measure_from_ns) {
            load->recording->planned++;
            bench_load_sample(load, BENCH_SERIES_LATE, now_ns - at_ns);
        }
        pace->last_ns = at_ns;
        bench_schedule_take(&pace->due);
    }
}

/* When requests that are out, or still wait, are given up; INT64_MAX = never. */
static int64_t give_up_at(const struct bench_load *load)
{
    return load->cell->timeout_ns > 0 ? load->pace.last_ns + load->cell->timeout_ns : INT64_MAX;
}

static void send_due(struct bench_load *load, int64_t now_ns)
{
    struct bench_pace *pace = &load->pace;
    struct bench_lane *lane;
    look(load, now_ns);
    while (may_take(load) && (lane = unqueue_free(pace)) != NULL)
        take(lane);
    if (!has_ended(pace))
        return;
    while (!somebody_waits(pace) && (lane = unqueue_free(pace)) != NULL)
        bench_client_end(lane->client);
    if (now_ns >= give_up_at(load))
        for (int i = 0; i < load->nclients; i++)
            bench_client_give_up(&load->clients[i]);
}

void bench_pace_finish(struct bench_load *load)
{
    struct bench_pace *pace = &load->pace;
    if (!pace->open || load->active > 0)
        return;
    int64_t at_ns;
    while ((at_ns = bench_schedule_peek(&pace->taken)) != INT64_MAX) {
        bool was_due = somebody_waits(pace);
        if (at_ns >= load->measure_from_ns) {
            bench_recording_outcome(load->recording, BENCH_FAILURE_TIMEOUT,
                                    "planned but not sent before the load was given up");
            load->recording->planned += !was_due;
        }
        if (!was_due)
            bench_schedule_take(&pace->due);
        bench_schedule_take(&pace->taken);
    }
    load->budget_cut = bench_schedule_was_cut(&pace->due);
}

/* ---- closed loop with a ramp ---- */

/* Clients of all workers join at even distances. */
static int64_t join_at(const struct bench_load *load, int i)
{
    double share = (double)((int64_t)i * load->workers + load->worker) / load->cell->clients;
    int64_t ramp_ns = load->cell->load.ramp_ns;
    return load->measure_from_ns - ramp_ns + (int64_t)(share * (double)ramp_ns);
}

static void join_due(struct bench_load *load, int64_t now_ns)
{
    struct bench_pace *pace = &load->pace;
    while (pace->joined < load->nclients && join_at(load, pace->joined) <= now_ns) {
        struct bench_client *c = &load->clients[pace->joined++];
        if (c->phase == BENCH_PHASE_LOAD)
            bench_client_start(c);
    }
}

/* ---- the timer ---- */

static int64_t next_due(const struct bench_load *load)
{
    const struct bench_pace *pace = &load->pace;
    int64_t next_ns = load->counting ? INT64_MAX : load->measure_from_ns;
    int64_t other_ns = INT64_MAX;
    if (pace->open)
        other_ns = has_ended(pace) ? give_up_at(load) : bench_schedule_peek(&pace->due);
    else if (pace->joined < load->nclients)
        other_ns = join_at(load, pace->joined);
    return other_ns < next_ns ? other_ns : next_ns;
}

/* Setting it also takes back that it fired. */
static void set_timer(struct bench_load *load)
{
    int64_t at_ns = load->active > 0 ? next_due(load) : INT64_MAX;
    struct itimerspec when = {0};
    if (at_ns != INT64_MAX)
        when.it_value =
            (struct timespec){.tv_sec = at_ns / BENCH_NS_PER_S, .tv_nsec = at_ns % BENCH_NS_PER_S};
    if (timerfd_settime(load->pace.fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        bench_load_break(load);
}

static void on_timer(int fd, unsigned ready, void *user)
{
    (void)fd;
    (void)ready;
    struct bench_load *load = user;
    int64_t now_ns = load->seen_ns = bench_now_ns();
    if (!load->counting && now_ns >= load->measure_from_ns)
        bench_load_begin_counting(load);
    if (load->pace.open)
        send_due(load, now_ns);
    else
        join_due(load, now_ns);
    set_timer(load);
}

int bench_pace_init(struct bench_load *load, struct bench_error *err)
{
    const struct bench_cell *cell = load->cell;
    struct bench_pace *pace = &load->pace;
    pace->fd = -1;
    pace->open = cell->load.rate_per_s > 0;
    if (pace->open &&
        (cell->nsteps != 1 || cell->think_ns > 0 || cell->sample == BENCH_SAMPLE_CONNECTION))
        return bench_fail(err, -ENOTSUP,
                          "an open loop is of single requests, not of %zu steps, pauses or "
                          "connections",
                          cell->nsteps);
    if (!pace->open && cell->load.ramp_ns <= 0)
        return 0;
    pace->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (pace->fd < 0)
        return bench_fail(err, -errno, "no timer: %s", bench_errno_text(errno));
    int rc = bench_io_new(load->loop, pace->fd, on_timer, load, &pace->io);
    if (rc == 0)
        rc = bench_io_interest(pace->io, BENCH_IO_READ);
    if (rc == 0 && pace->open)
        rc = bench_recording_prepare(load->recording, BENCH_SERIES_LATE);
    return rc < 0 ? bench_fail(err, rc, "no timer: %s", bench_errno_text(rc)) : 0;
}

void bench_pace_start(struct bench_load *load, int64_t t0_ns)
{
    const struct bench_cell *cell = load->cell;
    struct bench_pace *pace = &load->pace;
    if (pace->open) {
        uint64_t units = (uint64_t)cell->units;
        if (__builtin_mul_overflow(units, (uint64_t)cell->clients, &units))
            units = UINT64_MAX;
        bench_schedule_init(&pace->due, &cell->load, units, cell->budget_ns, t0_ns, load->worker,
                            load->workers);
        pace->taken = pace->due;
        pace->last_ns = t0_ns;
    }
    /* One request on each connection before the second one. */
    for (int k = 0; (pace->open || pace->io == NULL) && k < bench_client_lanes(load); k++)
        for (int i = 0; i < load->nclients; i++)
            bench_lane_next(&load->clients[i].lanes[k]);
    if (pace->io != NULL)
        set_timer(load);
}

void bench_pace_fini(struct bench_load *load)
{
    bench_io_free(load->pace.io);
    load->pace.io = NULL;
    if (load->pace.fd >= 0)
        (void)close(load->pace.fd);
    load->pace.fd = -1;
}
