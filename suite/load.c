/* SPDX-License-Identifier: MIT */
/* The load of one worker as a whole: its beginning, its end and the figures of its thread. */
#include <errno.h>
#include <math.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/units.h"
#include "suite/client_private.h"

/* Between the barrier and the first planned request of an open loop: all workers are awake. */
#define LEAD_NS (2 * BENCH_NS_PER_MS)

/* All memory that the measured path writes to. */
static int init_recording(struct bench_load *load)
{
    static const enum bench_series_id series[] = {BENCH_SERIES_RESPONSE, BENCH_SERIES_SERVICE,
                                                  BENCH_SERIES_LAG};
    int rc = bench_recording_new(&load->recording);
    if (rc < 0 || load->cell->sample == BENCH_SAMPLE_CONNECTION)
        return rc;
    for (size_t i = 0; i < BENCH_COUNT_OF(series) && rc == 0; i++)
        rc = bench_recording_prepare(load->recording, series[i]);
    return rc < 0 ? rc : bench_trace_prepare(&load->recording->trace);
}

int bench_load_init(struct bench_load *load, const struct bench_cell *cell, int worker, int workers,
                    struct bench_error *err)
{
    *load = (struct bench_load){
        .cell = cell,
        .worker = worker,
        .workers = workers,
        .nclients = cell->clients / workers + (worker < cell->clients % workers),
        .pace = {.fd = -1},
    };
    load->clients = calloc((size_t)load->nclients, sizeof(*load->clients));
    int rc = load->clients == NULL ? bench_fail(err, -ENOMEM, "out of memory")
                                   : bench_loop_new(&load->loop, err);
    if (rc == 0)
        rc = bench_loop_trust(load->loop, &cell->address, err);
    if (rc == 0 && init_recording(load) < 0)
        rc = bench_fail(err, -ENOMEM, "out of memory");
    for (int i = 0; rc == 0 && i < load->nclients; i++)
        rc = bench_client_init(&load->clients[i], load, err);
    if (rc == 0)
        rc = bench_pace_init(load, err);
    if (rc < 0) {
        bench_load_fini(load);
        bench_recording_free(load->recording);
        load->recording = NULL;
    }
    return rc;
}

int bench_load_status(const struct bench_load *load, struct bench_error *err)
{
    for (int i = 0; i < load->nclients; i++)
        if (load->clients[i].phase == BENCH_PHASE_PARKED)
            return 0;
    if (err != NULL)
        *err = load->error;
    if (load->error.code == 0)
        return bench_fail(err, -ECANCELED, "stopped before a connection was ready");
    return load->error.code;
}

int64_t bench_thread_cpu_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * BENCH_NS_PER_S + ts.tv_nsec;
}

/* How long this thread was ready to run and did not; -1 = the kernel does not say. */
static int64_t thread_wait_ns(void)
{
    char text[96];
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    long long ran, waited;
    return sscanf(text, "%lld %lld", &ran, &waited) == 2 && ran > 0 ? (int64_t)waited : -1;
}

static void note_thread(struct bench_load *load)
{
    load->run_wait_ns = thread_wait_ns();
    load->cpu_ns = bench_thread_cpu_ns();
}

void bench_load_begin_counting(struct bench_load *load)
{
    load->counting = true;
    /* Those that are out began before, but count from here. */
    load->inflight_ns = -(load->measure_from_ns - load->go_ns) * load->inflight;
    for (int i = 0; i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        if (c->present_from != 0)
            c->present_from = load->measure_from_ns;
        if (c->conn != NULL)
            bench_conn_get_totals(c->conn, &c->base);
    }
    load->recording->tcp_sent = load->recording->tcp_received = 0;
    note_thread(load);
}

static void set_times(struct bench_load *load, int64_t t0_ns)
{
    const struct bench_load_model *model = &load->cell->load;
    int64_t limit_ns = model->duration_ns > 0 ? model->duration_ns : load->cell->budget_ns;
    load->measure_from_ns = t0_ns + model->ramp_ns;
    load->end_ns = limit_ns > 0 && limit_ns < INT64_MAX - load->measure_from_ns
                       ? load->measure_from_ns + limit_ns
                       : INT64_MAX;
    load->counting = model->ramp_ns <= 0;
}

/* How long the load is meant to last behind the ramp, as far as that is known: a closed loop by
 * counts ends when it ends. */
static int64_t meant_to_last(const struct bench_cell *cell)
{
    const struct bench_load_model *model = &cell->load;
    if (model->duration_ns > 0 || model->rate_per_s <= 0)
        return model->duration_ns;
    const double ns = (double)cell->units * cell->clients / model->rate_per_s * 1e9;
    const double budget = cell->budget_ns > 0 ? (double)cell->budget_ns : INFINITY;
    return (int64_t)fmin(fmin(ns, budget), 9e18);
}

void bench_load_start(struct bench_load *load, int64_t at_ns)
{
    load->active = 0;
    for (int i = 0; i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        if (c->phase != BENCH_PHASE_PARKED)
            continue;
        c->phase = BENCH_PHASE_LOAD;
        c->failures = 0;
        c->units_left = load->cell->units;
        if (c->conn != NULL)
            bench_conn_get_totals(c->conn, &c->base);
        load->active++;
    }
    load->recording->clients = (uint32_t)load->active;
    load->recording->slots = (uint32_t)(load->active * bench_client_lanes(load));
    load->recording->workers = 1;
    load->recording->measured_ns = meant_to_last(load->cell);
    load->loading = true;
    note_thread(load);
    load->go_ns = load->seen_ns = bench_now_ns();
    int64_t t0_ns = load->pace.open ? at_ns + LEAD_NS : load->pace.io != NULL ? at_ns : load->go_ns;
    set_times(load, t0_ns);
    bench_pace_start(load, t0_ns);
}

void bench_load_finish(struct bench_load *load)
{
    struct bench_recording *r = load->recording;
    r->cpu_ns = r->busiest_cpu_ns = bench_thread_cpu_ns() - load->cpu_ns;
    int64_t waited_ns = thread_wait_ns();
    r->run_wait_ns = waited_ns < 0 || load->run_wait_ns < 0 ? -1 : waited_ns - load->run_wait_ns;
    if (load->counting && load->inflight > 0) /* stopped in the middle */
        load->inflight_ns += (bench_now_ns() - load->go_ns) * load->inflight;
    r->inflight_ns = load->counting ? load->inflight_ns : 0;
    for (int i = 0; i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        bench_client_count_bytes(c);
        if (load->counting && c->present_to > c->present_from && c->present_from != 0)
            r->present_ns += (c->present_to - c->present_from) * bench_client_lanes(load);
    }
    bench_pace_finish(load);
}

void bench_load_fini(struct bench_load *load)
{
    load->loading = false;
    /* Orderly ends first (RPyC says CLOSE), then the memory. */
    for (int i = 0; load->clients != NULL && i < load->nclients; i++)
        if (load->clients[i].conn != NULL)
            bench_conn_close(load->clients[i].conn);
    for (int i = 0; load->clients != NULL && i < load->nclients; i++) {
        bench_conn_free(load->clients[i].conn);
        if (load->clients[i].load != NULL)
            bench_client_fini(&load->clients[i]);
    }
    free(load->clients);
    load->clients = NULL;
    bench_pace_fini(load);
    bench_loop_free(load->loop);
    load->loop = NULL;
}
