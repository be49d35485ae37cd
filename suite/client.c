/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "suite/client_private.h"

enum {
    GIVE_UP_AFTER = 3, /* failures in a row, without an answer between them */
    OPENING_MAX = 256, /* clients that are made ready at once: a server's backlog is finite */
};

static void run_list(struct bench_lane *lane, const struct bench_step *steps, size_t nsteps);
static void open_more(struct bench_load *load);
static void open_conn(struct bench_client *c);

/* The end of a phase for this client. */
static void leave(struct bench_client *c, enum bench_phase phase)
{
    if (c->phase == phase)
        return;
    bool was_opening = c->phase == BENCH_PHASE_SETUP;
    c->phase = phase;
    if (was_opening) {
        c->load->opening--;
        open_more(c->load);
    }
    if (phase == BENCH_PHASE_PARKED || phase == BENCH_PHASE_OVER) {
        c->load->active--;
        if (c->load->active == 0)
            bench_loop_stop(c->load->loop);
    }
}

void bench_load_break(struct bench_load *load)
{
    load->broken = true;
    bench_loop_stop(load->loop);
}

void bench_client_count_bytes(struct bench_client *c)
{
    if (c->conn == NULL)
        return;
    struct bench_conn_totals now;
    bench_conn_get_totals(c->conn, &now);
    c->load->recording->tcp_sent += now.tcp_sent - c->base.tcp_sent;
    c->load->recording->tcp_received += now.tcp_received - c->base.tcp_received;
    c->base = now;
}

static void drop_conn(struct bench_client *c)
{
    if (c->conn == NULL)
        return;
    if (c->load->loading)
        bench_client_count_bytes(c);
    bench_conn_free(c->conn);
    c->conn = NULL;
    c->base = (struct bench_conn_totals){0};
}

static void remember(struct bench_client *c, const struct bench_error *err)
{
    if (c->load->error.code == 0)
        c->load->error = *err;
}

/* Whether what happened at that time is part of the result: a ramp comes before it. */
static bool counts(struct bench_load *load, int64_t at_ns)
{
    if (load->counting)
        return true;
    if (at_ns < load->measure_from_ns)
        return false;
    bench_load_begin_counting(load);
    return true;
}

/* Not in an open loop while a connection is made again: no request of the schedule is concerned. */
static bool is_outcome(const struct bench_lane *lane)
{
    const struct bench_client *c = lane->client;
    return c->phase != BENCH_PHASE_LOAD || !c->load->pace.open || lane->planned_ns != 0;
}

/* The unit of this lane is over. */
static void rest(struct bench_lane *lane)
{
    lane->client->busy -= lane->busy;
    lane->busy = false;
    lane->planned_ns = 0;
}

/* Other requests may be out on a connection that is to be dropped: the last one that comes back,
 * which it does with the connection's failure, drops it. False: there is nothing of the kind. */
static bool settle(struct bench_client *c)
{
    if (!c->giving_up && !c->broken)
        return false;
    if (c->busy > 0)
        return true;
    drop_conn(c);
    if (c->giving_up)
        leave(c, BENCH_PHASE_OVER);
    else
        open_conn(c);
    return true;
}

/* A failure that ended the present unit: counted, then the next one, over a new connection if
 * this one broke, until it is hopeless. */
static void unit_failed(struct bench_lane *lane, enum bench_failure failure,
                        const struct bench_error *why)
{
    struct bench_client *c = lane->client;
    struct bench_load *load = c->load;
    bool counted = c->phase != BENCH_PHASE_LOAD || counts(load, load->seen_ns);
    bool dead = c->conn == NULL || !bench_conn_is_ready(c->conn);
    remember(c, why);
    if (counted && is_outcome(lane))
        bench_recording_outcome(load->recording, failure, why->msg);
    rest(lane);
    if (c->phase == BENCH_PHASE_LOAD && counted)
        c->units_left--;
    c->failures += !dead || c->busy == 0; /* a connection takes all that is out with it */
    c->giving_up |= c->phase == BENCH_PHASE_TEARDOWN || c->failures >= GIVE_UP_AFTER;
    c->broken |= dead && load->cell->sample != BENCH_SAMPLE_CONNECTION;
    if (settle(c))
        return;
    if (load->cell->sample == BENCH_SAMPLE_CONNECTION) {
        drop_conn(c);
        bench_lane_next(lane);
    } else if (c->phase == BENCH_PHASE_SETUP) {
        run_list(lane, load->cell->steps, load->cell->nsteps);
    } else {
        bench_lane_next(lane);
    }
}

static bool answer_is_right(struct bench_op *op, const struct bench_expected *expected)
{
    if (!expected->known)
        return true;
    if (!expected->bulk)
        return bench_expected_is(expected, &op->result);
    return op->sink.length == expected->length && op->sink.checksum == expected->checksum;
}

/* repr, cut to what fits. */
static void print_value(const struct bench_value *value, char *out, size_t size)
{
    struct bench_buf text;
    bench_buf_init(&text, 4096);
    if (bench_value_repr(value, &text) < 0)
        bench_buf_clear(&text);
    (void)snprintf(out, size, "%.*s", (int)bench_buf_length(&text),
                   bench_buf_length(&text) == 0 ? "" : (const char *)bench_buf_head(&text));
    bench_buf_fini(&text);
}

/* Of two lists of the same length only the first items that differ fit in a message. */
static void first_difference(const struct bench_value **is, const struct bench_value **should,
                             char *where, size_t size)
{
    if ((*is)->kind != BENCH_LIST || (*should)->kind != BENCH_LIST ||
        (*is)->seq.count != (*should)->seq.count)
        return;
    const size_t count = (*is)->seq.count;
    size_t i = 0;
    while (i < count && bench_value_equal(&(*is)->seq.items[i], &(*should)->seq.items[i]))
        i++;
    if (i == count)
        return;
    (void)snprintf(where, size, "item %zu is ", i);
    *is = &(*is)->seq.items[i];
    *should = &(*should)->seq.items[i];
}

static int check_answer(struct bench_op *op, const struct bench_expected *expected)
{
    if (answer_is_right(op, expected))
        return 0;
    if (expected->bulk)
        return bench_op_fail(op, BENCH_FAILURE_WRONG, -EBADMSG,
                             "wrong answer: %llu bytes with checksum %016llx, expected %llu with "
                             "%016llx",
                             (unsigned long long)op->sink.length,
                             (unsigned long long)op->sink.checksum,
                             (unsigned long long)expected->length,
                             (unsigned long long)expected->checksum);
    char got[80], want[80], where[40] = "";
    const struct bench_value *is = &op->result, *should = &expected->value;
    first_difference(&is, &should, where, sizeof(where));
    print_value(is, got, sizeof(got));
    print_value(should, want, sizeof(want));
    return bench_op_fail(op, BENCH_FAILURE_WRONG, -EBADMSG, "wrong answer: %s%s, expected %s",
                         where, got, want);
}

void bench_load_sample(struct bench_load *load, enum bench_series_id id, int64_t ns)
{
    if (bench_recording_sample(load->recording, id, ns) < 0)
        bench_load_break(load);
}

static void add_stat(struct bench_op_stat *sum, const struct bench_op_stat *one)
{
    sum->frames_sent += one->frames_sent;
    sum->frames_received += one->frames_received;
    sum->round_trips += one->round_trips;
    sum->served += one->served;
    sum->ack_waits += one->ack_waits;
    sum->plain_sent += one->plain_sent;
    sum->plain_received += one->plain_received;
    sum->wire_sent += one->wire_sent;
    sum->wire_received += one->wire_received;
}

static void widen(struct bench_load *load, int64_t start_ns, int64_t done_ns)
{
    struct bench_recording *r = load->recording;
    if (start_ns < load->measure_from_ns)
        start_ns = load->measure_from_ns;
    if (r->first_start == 0 || start_ns < r->first_start)
        r->first_start = start_ns;
    if (done_ns > r->last_done)
        r->last_done = done_ns;
}

/* The three times of a request or a unit. */
static void sample_times(struct bench_load *load, int64_t planned_ns, int64_t sent_ns,
                         int64_t done_ns)
{
    bench_load_sample(load, BENCH_SERIES_RESPONSE, done_ns - planned_ns);
    bench_load_sample(load, BENCH_SERIES_SERVICE, done_ns - sent_ns);
    bench_load_sample(load, BENCH_SERIES_LAG, sent_ns - planned_ns);
    bench_trace_add(&load->recording->trace, done_ns, done_ns - planned_ns);
}

static void record_success(struct bench_lane *lane, const struct bench_op *op)
{
    struct bench_load *load = lane->client->load;
    enum bench_sample kind = load->cell->sample;
    /* A library of its own may not tell when it sent. */
    int64_t sent_ns = op->marks.sent != 0 ? op->marks.sent : op->marks.submitted;
    bool last = lane->step + 1 == lane->nsteps, whole = kind == BENCH_SAMPLE_STEP || last;
    bool counted = counts(load, op->marks.done);
    add_stat(&lane->unit_stat, &op->stat);
    if (lane->step == 0)
        lane->unit_sent = sent_ns;
    if (counted)
        widen(load, op->marks.intended, op->marks.done);
    if (!whole)
        return;
    if (counted) {
        if (kind == BENCH_SAMPLE_STEP)
            sample_times(load, op->marks.intended, sent_ns, op->marks.done);
        else if (kind == BENCH_SAMPLE_UNIT)
            sample_times(load, lane->unit_start, lane->unit_sent, op->marks.done);
        bench_recording_stat(load->recording, &lane->unit_stat);
        bench_recording_outcome(load->recording, BENCH_FAILURE_NONE, "");
    }
    lane->unit_stat = (struct bench_op_stat){0};
}

/* One sample of `connection`: it was opened for this op and is closed now. */
static void record_connection(struct bench_client *c, const struct bench_op *op)
{
    const struct bench_conn_marks *m = bench_conn_get_marks(c->conn);
    struct bench_load *load = c->load;
    bool lazy = load->cell->protocol->caps & BENCH_CAP_LAZY_CONNECT;
    int64_t ready = lazy ? m->connected : m->ready;
    if (!counts(load, op->marks.done))
        return;
    bench_load_sample(load, BENCH_SERIES_CONNECT, m->connected - m->started);
    bench_load_sample(load, BENCH_SERIES_READY, ready - m->started);
    bench_load_sample(load, BENCH_SERIES_FIRST_ANSWER, op->marks.done - m->started);
    widen(load, m->started, op->marks.done);
}

/* A unit of the load is over. */
static void unit_done(struct bench_lane *lane)
{
    struct bench_client *c = lane->client;
    const struct bench_cell *cell = c->load->cell;
    if (c->load->counting)
        c->units_left--;
    if (cell->sample == BENCH_SAMPLE_CONNECTION) {
        bench_conn_close(c->conn);
        drop_conn(c);
    }
    if (cell->think_ns > 0 && c->think != NULL && c->units_left > 0) {
        if (bench_timer_set(c->think, cell->think_ns) < 0)
            bench_load_break(c->load);
        return;
    }
    bench_lane_next(lane);
}

static void list_done(struct bench_lane *lane)
{
    struct bench_client *c = lane->client;
    const struct bench_cell *cell = c->load->cell;
    rest(lane);
    switch (c->phase) {
    case BENCH_PHASE_SETUP:
        if (lane->steps != cell->steps || c->units_left > 0) {
            if (lane->steps == cell->steps)
                c->units_left--;
            if (c->units_left > 0) {
                run_list(lane, cell->steps, cell->nsteps);
                return;
            }
        }
        leave(c, BENCH_PHASE_PARKED);
        return;
    case BENCH_PHASE_LOAD:
        unit_done(lane);
        return;
    case BENCH_PHASE_TEARDOWN:
        leave(c, BENCH_PHASE_OVER);
        return;
    case BENCH_PHASE_PARKED:
    case BENCH_PHASE_OVER:
        return;
    }
}

static void submit_step(struct bench_lane *lane);

/* As a client would that does something with each reply. */
static void work_on_reply(int64_t ns)
{
    int64_t until = bench_thread_cpu_ns() + ns;
    while (bench_thread_cpu_ns() < until)
        ;
}

/* The reply to a request of the load is there, or the failure of it. */
static void came_back(struct bench_lane *lane, const struct bench_op *op)
{
    struct bench_load *load = lane->client->load;
    load->seen_ns = op->marks.done;
    if (!lane->inflight)
        return;
    lane->inflight = false;
    lane->client->present_to = op->marks.done;
    load->inflight--;
    load->inflight_ns += op->marks.done - load->go_ns;
    if (load->cell->reply_work_ns > 0)
        work_on_reply(load->cell->reply_work_ns);
}

static void went_out(struct bench_lane *lane, const struct bench_op *op)
{
    struct bench_client *c = lane->client;
    struct bench_load *load = c->load;
    lane->inflight = true;
    if (c->present_from == 0)
        c->present_from = op->marks.submitted;
    load->inflight++;
    load->inflight_ns -= op->marks.submitted - load->go_ns;
    if (lane->planned_ns != 0 && lane->planned_ns >= load->measure_from_ns)
        load->recording->sent++;
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct bench_lane *lane = user;
    struct bench_client *c = lane->client;
    struct bench_load *load = c->load;
    const struct bench_step *step = &lane->steps[lane->step];
    came_back(lane, op);
    if (status == 0)
        status = check_answer(op, &step->expected);
    if (status < 0) {
        unit_failed(lane, op->failure, &op->error);
        return;
    }
    c->failures = 0;
    if (c->phase == BENCH_PHASE_LOAD) {
        if (load->cell->sample == BENCH_SAMPLE_CONNECTION && lane->step == 0)
            record_connection(c, op);
        record_success(lane, op);
    }
    if (++lane->step < lane->nsteps)
        submit_step(lane);
    else
        list_done(lane);
}

static void submit_step(struct bench_lane *lane)
{
    struct bench_client *c = lane->client;
    const struct bench_step *step = &lane->steps[lane->step];
    struct bench_op *op = lane->op;
    bench_op_reset(op);
    op->program = step->program;
    op->tx.data = step->tx;
    op->tx.length = step->tx_length;
    op->tx.chunk_size = step->chunk_size;
    op->sink.kind = step->expected.known ? BENCH_SINK_CHECKSUM : BENCH_SINK_COUNT;
    op->marks.intended = lane->planned_ns;
    struct bench_error err = {0};
    int rc = bench_conn_submit(c->conn, op, &err);
    if (lane->step == 0)
        lane->unit_start = op->marks.intended;
    if (rc == 0 && c->phase == BENCH_PHASE_LOAD)
        went_out(lane, op);
    if (rc == -ENOTCONN && bench_conn_error(c->conn)->code != 0)
        unit_failed(lane, bench_conn_failure(c->conn), bench_conn_error(c->conn));
    else if (rc < 0)
        unit_failed(lane, bench_failure_from_errno(rc), &err);
}

static void run_list(struct bench_lane *lane, const struct bench_step *steps, size_t nsteps)
{
    lane->client->busy += !lane->busy;
    lane->busy = true;
    lane->steps = steps;
    lane->nsteps = nsteps;
    lane->step = 0;
    lane->unit_stat = (struct bench_op_stat){0};
    if (nsteps == 0)
        list_done(lane);
    else
        submit_step(lane);
}

void bench_lane_run(struct bench_lane *lane)
{
    const struct bench_cell *cell = lane->client->load->cell;
    run_list(lane, cell->steps, cell->nsteps);
}

void bench_client_end(struct bench_client *c)
{
    const struct bench_cell *cell = c->load->cell;
    if (c->phase != BENCH_PHASE_LOAD || c->busy > 0)
        return;
    if (cell->nteardown > 0 && c->conn != NULL) {
        c->phase = BENCH_PHASE_TEARDOWN;
        run_list(c->lanes, cell->teardown, cell->nteardown);
    } else {
        leave(c, BENCH_PHASE_OVER);
    }
}

void bench_lane_next(struct bench_lane *lane)
{
    struct bench_client *c = lane->client;
    struct bench_load *load = c->load;
    if (c->phase != BENCH_PHASE_LOAD || lane->busy || settle(c) || c->opening)
        return;
    bool first = c->units_left == load->cell->units && c->busy == 0;
    bool late = load->seen_ns >= load->end_ns;
    if (!load->pace.open && (c->units_left <= c->busy || (late && !first))) {
        if (c->units_left > c->busy && load->cell->load.duration_ns == 0)
            load->budget_cut = true;
        bench_client_end(c);
    } else if (c->conn == NULL) {
        open_conn(c);
    } else if (load->pace.open) {
        bench_pace_free(lane);
    } else {
        bench_lane_run(lane);
    }
}

void bench_client_start(struct bench_client *c)
{
    for (int i = 0; i < bench_client_lanes(c->load); i++)
        bench_lane_next(&c->lanes[i]);
}

void bench_client_give_up(struct bench_client *c)
{
    struct bench_load *load = c->load;
    if (c->phase == BENCH_PHASE_OVER)
        return;
    for (int i = 0; i < bench_client_lanes(load); i++) {
        if (!c->lanes[i].inflight)
            continue;
        if (counts(load, load->seen_ns))
            bench_recording_outcome(load->recording, BENCH_FAILURE_TIMEOUT,
                                    "no answer before the load was given up");
        c->lanes[i].inflight = false;
        load->inflight--;
        load->inflight_ns += load->seen_ns - load->go_ns;
    }
    drop_conn(c);
    leave(c, BENCH_PHASE_OVER);
}

static void on_think(void *user)
{
    struct bench_client *c = user;
    c->load->seen_ns = bench_now_ns();
    bench_client_start(c);
}

static void on_opened(struct bench_conn *conn, int status, void *user)
{
    struct bench_client *c = user;
    const struct bench_cell *cell = c->load->cell;
    c->load->seen_ns = bench_now_ns();
    c->opening = false;
    if (status < 0) {
        struct bench_error why = *bench_conn_error(conn);
        unit_failed(c->lanes, bench_conn_failure(conn), &why);
        return;
    }
    if (c->phase == BENCH_PHASE_SETUP)
        run_list(c->lanes, cell->nsetup > 0 ? cell->setup : cell->steps,
                 cell->nsetup > 0 ? cell->nsetup : c->units_left > 0 ? cell->nsteps : 0);
    else if (cell->sample == BENCH_SAMPLE_CONNECTION)
        run_list(c->lanes, cell->steps, cell->nsteps);
    else
        bench_client_start(c);
}

static void on_closed(struct bench_conn *conn, void *user)
{
    /* The op in flight was completed with the cause before; an idle connection is found out by
     * the next submit. */
    (void)conn;
    (void)user;
}

static void open_conn(struct bench_client *c)
{
    static const struct bench_conn_events events = {.opened = on_opened, .closed = on_closed};
    const struct bench_cell *cell = c->load->cell;
    struct bench_error err = {0};
    c->broken = false;
    c->opening = true;
    int rc = bench_conn_new(c->load->loop, cell->protocol, cell->options, &cell->address, &events,
                            c, &c->conn, &err);
    if (rc == 0)
        rc = bench_conn_open(c->conn, cell->timeout_ns, &err);
    if (rc < 0) {
        drop_conn(c);
        c->opening = false;
        c->failures = GIVE_UP_AFTER; /* our own fault: it will not get better */
        unit_failed(c->lanes, bench_failure_from_errno(rc), &err);
    }
}

int bench_client_lanes(const struct bench_load *load)
{
    return load->cell->inflight > 1 ? load->cell->inflight : 1;
}

static int init_lane(struct bench_lane *lane, struct bench_client *c, struct bench_error *err)
{
    const struct bench_cell *cell = c->load->cell;
    lane->client = c;
    int rc = bench_op_new(cell->protocol, &lane->op, err);
    if (rc < 0)
        return rc;
    lane->op->timeout_ns = cell->timeout_ns;
    lane->op->done = on_done;
    lane->op->user = lane;
    return 0;
}

int bench_client_init(struct bench_client *c, struct bench_load *load, struct bench_error *err)
{
    const struct bench_cell *cell = load->cell;
    const int n = bench_client_lanes(load);
    int rc = 0;
    c->load = load;
    c->units_left = cell->warmup;
    c->lanes = calloc((size_t)n, sizeof(*c->lanes));
    if (c->lanes == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    for (int i = 0; rc == 0 && i < n; i++)
        rc = init_lane(&c->lanes[i], c, err);
    return rc == 0 && cell->think_ns > 0 ? bench_timer_new(load->loop, on_think, c, &c->think) : rc;
}

void bench_client_fini(struct bench_client *c)
{
    for (int i = 0; c->lanes != NULL && i < bench_client_lanes(c->load); i++)
        bench_op_free(c->lanes[i].op);
    free(c->lanes);
    c->lanes = NULL;
    bench_timer_free(c->think);
}

/* A loop, because a client that fails at once asks for the next one, too. */
static void open_more(struct bench_load *load)
{
    if (load->opening_more)
        return;
    load->opening_more = true;
    while (load->next_to_open < load->nclients && load->opening < OPENING_MAX) {
        load->opening++;
        open_conn(&load->clients[load->next_to_open++]);
    }
    load->opening_more = false;
}

void bench_load_connect(struct bench_load *load)
{
    load->active = load->nclients;
    if (load->cell->sample != BENCH_SAMPLE_CONNECTION) {
        open_more(load);
        return;
    }
    load->next_to_open = load->opening = load->nclients;
    for (int i = 0; i < load->nclients; i++)
        leave(&load->clients[i], BENCH_PHASE_PARKED);
}
