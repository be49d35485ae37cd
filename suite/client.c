/* SPDX-License-Identifier: MIT */
#include "suite/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/buf.h"
#include "bench/units.h"

enum { GIVE_UP_AFTER = 3 }; /* failures in a row, without an answer between them */

enum phase {
    PHASE_SETUP,    /* opening, the setup steps, warm-up units */
    PHASE_PARKED,   /* at the barrier */
    PHASE_LOAD,
    PHASE_TEARDOWN, /* its last steps */
    PHASE_OVER,
};

struct bench_client {
    struct bench_load *load;
    struct bench_conn *conn;
    struct bench_op *op;
    struct bench_timer *think;
    enum phase phase;
    const struct bench_step *steps; /* the list being run */
    size_t nsteps, step;
    int64_t units_left;
    int64_t unit_start; /* ns; planned start of the unit's first step */
    struct bench_op_stat unit_stat; /* of the steps of the unit so far */
    int failures;       /* in a row */
    struct bench_conn_totals base; /* when the load began, or the connection was made */
};

static void run_list(struct bench_client *c, const struct bench_step *steps, size_t nsteps);
static void next_unit(struct bench_client *c);
static void open_conn(struct bench_client *c);

/* The end of a phase for this client. */
static void leave(struct bench_client *c, enum phase phase)
{
    if (c->phase == phase)
        return;
    c->phase = phase;
    if (phase == PHASE_PARKED || phase == PHASE_OVER) {
        c->load->active--;
        if (c->load->active == 0)
            bench_loop_stop(c->load->loop);
    }
}

static void broken(struct bench_client *c)
{
    c->load->broken = true;
    bench_loop_stop(c->load->loop);
}

/* Adds the kernel's bytes of the present connection since `base`. */
static void count_bytes(struct bench_client *c)
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
        count_bytes(c);
    bench_conn_free(c->conn);
    c->conn = NULL;
    c->base = (struct bench_conn_totals){0};
}

static void remember(struct bench_client *c, const struct bench_error *err)
{
    if (c->load->error.code == 0)
        c->load->error = *err;
}

/* A failure that ended the present unit: counted, then the next one, over a new connection if
 * this one broke, until it is hopeless. */
static void unit_failed(struct bench_client *c, enum bench_failure failure,
                        const struct bench_error *why)
{
    struct bench_load *load = c->load;
    remember(c, why);
    bench_recording_outcome(load->recording, failure, why->msg);
    c->failures++;
    if (c->phase == PHASE_LOAD)
        c->units_left--;
    bool dead = c->conn == NULL || !bench_conn_is_ready(c->conn);
    if (c->phase == PHASE_TEARDOWN || c->failures >= GIVE_UP_AFTER) {
        drop_conn(c);
        leave(c, PHASE_OVER);
        return;
    }
    if (load->cell->sample == BENCH_SAMPLE_CONNECTION) {
        drop_conn(c);
        next_unit(c);
    } else if (dead) {
        drop_conn(c);
        open_conn(c);
    } else if (c->phase == PHASE_SETUP) {
        run_list(c, load->cell->steps, load->cell->nsteps);
    } else {
        next_unit(c);
    }
}

static bool answer_is_right(struct bench_op *op, const struct bench_expected *expected)
{
    if (!expected->known)
        return true;
    if (!expected->bulk)
        return bench_value_equal(&op->result, &expected->value);
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
    char got[80], want[80];
    print_value(&op->result, got, sizeof(got));
    print_value(&expected->value, want, sizeof(want));
    return bench_op_fail(op, BENCH_FAILURE_WRONG, -EBADMSG, "wrong answer: %s, expected %s", got,
                         want);
}

static void sample(struct bench_client *c, enum bench_series_id id, int64_t ns)
{
    if (bench_recording_sample(c->load->recording, id, ns) < 0)
        broken(c);
}

static void add_stat(struct bench_op_stat *sum, const struct bench_op_stat *one)
{
    sum->frames_sent += one->frames_sent;
    sum->frames_received += one->frames_received;
    sum->round_trips += one->round_trips;
    sum->served += one->served;
    sum->plain_sent += one->plain_sent;
    sum->plain_received += one->plain_received;
    sum->wire_sent += one->wire_sent;
    sum->wire_received += one->wire_received;
}

static void record_success(struct bench_client *c, const struct bench_op *op)
{
    struct bench_load *load = c->load;
    struct bench_recording *r = load->recording;
    bool last = c->step + 1 == c->nsteps;
    add_stat(&c->unit_stat, &op->stat);
    if (load->cell->sample == BENCH_SAMPLE_STEP || last) {
        bench_recording_stat(r, &c->unit_stat);
        c->unit_stat = (struct bench_op_stat){0};
    }
    if (r->first_start == 0 || op->marks.intended < r->first_start)
        r->first_start = op->marks.intended;
    if (op->marks.done > r->last_done)
        r->last_done = op->marks.done;
    if (load->cell->sample == BENCH_SAMPLE_STEP)
        sample(c, BENCH_SERIES_RESPONSE, op->marks.done - op->marks.intended);
    else if (load->cell->sample == BENCH_SAMPLE_UNIT && last)
        sample(c, BENCH_SERIES_RESPONSE, op->marks.done - c->unit_start);
    if (load->cell->sample == BENCH_SAMPLE_STEP || last)
        bench_recording_outcome(r, BENCH_FAILURE_NONE, "");
}

/* One sample of `connection`: it was opened for this op and is closed now. */
static void record_connection(struct bench_client *c, const struct bench_op *op)
{
    const struct bench_conn_marks *m = bench_conn_get_marks(c->conn);
    struct bench_recording *r = c->load->recording;
    bool lazy = c->load->cell->protocol->caps & BENCH_CAP_LAZY_CONNECT;
    int64_t ready = lazy ? m->connected : m->ready;
    sample(c, BENCH_SERIES_CONNECT, m->connected - m->started);
    sample(c, BENCH_SERIES_READY, ready - m->started);
    sample(c, BENCH_SERIES_FIRST_ANSWER, op->marks.done - m->started);
    if (r->first_start == 0 || m->started < r->first_start)
        r->first_start = m->started;
}

static void list_done(struct bench_client *c)
{
    const struct bench_cell *cell = c->load->cell;
    switch (c->phase) {
    case PHASE_SETUP:
        if (c->steps != cell->steps || c->units_left > 0) {
            if (c->steps == cell->steps)
                c->units_left--;
            if (c->units_left > 0) {
                run_list(c, cell->steps, cell->nsteps);
                return;
            }
        }
        leave(c, PHASE_PARKED);
        return;
    case PHASE_LOAD:
        c->units_left--;
        if (cell->sample == BENCH_SAMPLE_CONNECTION) {
            bench_conn_close(c->conn);
            drop_conn(c);
        }
        if (cell->think_ns > 0 && c->think != NULL && c->units_left > 0) {
            if (bench_timer_set(c->think, cell->think_ns) < 0)
                broken(c);
            return;
        }
        next_unit(c);
        return;
    case PHASE_TEARDOWN:
        leave(c, PHASE_OVER);
        return;
    case PHASE_PARKED:
    case PHASE_OVER:
        return;
    }
}

static void submit_step(struct bench_client *c);

static void on_done(struct bench_op *op, int status, void *user)
{
    struct bench_client *c = user;
    struct bench_load *load = c->load;
    const struct bench_step *step = &c->steps[c->step];
    if (status == 0)
        status = check_answer(op, &step->expected);
    if (status < 0) {
        unit_failed(c, op->failure, &op->error);
        return;
    }
    c->failures = 0;
    if (c->phase == PHASE_LOAD) {
        if (load->cell->sample == BENCH_SAMPLE_CONNECTION && c->step == 0)
            record_connection(c, op);
        record_success(c, op);
    }
    if (++c->step < c->nsteps)
        submit_step(c);
    else
        list_done(c);
}

static void submit_step(struct bench_client *c)
{
    const struct bench_step *step = &c->steps[c->step];
    struct bench_op *op = c->op;
    bench_op_reset(op);
    op->program = step->program;
    op->tx.data = step->tx;
    op->tx.length = step->tx_length;
    op->tx.chunk_size = step->chunk_size;
    op->sink.kind = step->expected.known ? BENCH_SINK_CHECKSUM : BENCH_SINK_COUNT;
    struct bench_error err = {0};
    int rc = bench_conn_submit(c->conn, op, &err);
    if (c->step == 0)
        c->unit_start = op->marks.submitted;
    if (rc == -ENOTCONN && bench_conn_error(c->conn)->code != 0)
        unit_failed(c, bench_conn_failure(c->conn), bench_conn_error(c->conn));
    else if (rc < 0)
        unit_failed(c, bench_failure_from_errno(rc), &err);
}

static void run_list(struct bench_client *c, const struct bench_step *steps, size_t nsteps)
{
    c->steps = steps;
    c->nsteps = nsteps;
    c->step = 0;
    c->unit_stat = (struct bench_op_stat){0};
    if (nsteps == 0)
        list_done(c);
    else
        submit_step(c);
}

static void next_unit(struct bench_client *c)
{
    struct bench_load *load = c->load;
    const struct bench_cell *cell = load->cell;
    bool first = c->units_left == cell->units;
    bool over_budget = cell->budget_ns > 0 && bench_now_ns() - load->go_ns >= cell->budget_ns;
    if (c->units_left <= 0 || (over_budget && !first)) {
        if (c->units_left > 0)
            load->budget_cut = true;
        if (cell->nteardown > 0 && c->conn != NULL) {
            c->phase = PHASE_TEARDOWN;
            run_list(c, cell->teardown, cell->nteardown);
        } else {
            leave(c, PHASE_OVER);
        }
        return;
    }
    if (c->conn == NULL)
        open_conn(c);
    else
        run_list(c, cell->steps, cell->nsteps);
}

static void on_think(void *user) { next_unit(user); }

static void on_opened(struct bench_conn *conn, int status, void *user)
{
    struct bench_client *c = user;
    const struct bench_cell *cell = c->load->cell;
    if (status < 0) {
        struct bench_error why = *bench_conn_error(conn);
        unit_failed(c, bench_conn_failure(conn), &why);
        return;
    }
    if (c->phase == PHASE_SETUP)
        run_list(c, cell->nsetup > 0 ? cell->setup : cell->steps,
                 cell->nsetup > 0 ? cell->nsetup : c->units_left > 0 ? cell->nsteps : 0);
    else if (cell->sample == BENCH_SAMPLE_CONNECTION)
        run_list(c, cell->steps, cell->nsteps);
    else
        next_unit(c);
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
    int rc = bench_conn_new(c->load->loop, cell->protocol, cell->options, &cell->address, &events,
                            c, &c->conn, &err);
    if (rc == 0)
        rc = bench_conn_open(c->conn, cell->timeout_ns, &err);
    if (rc < 0) {
        drop_conn(c);
        c->failures = GIVE_UP_AFTER; /* our own fault: it will not get better */
        unit_failed(c, bench_failure_from_errno(rc), &err);
    }
}

int bench_load_init(struct bench_load *load, const struct bench_cell *cell,
                    struct bench_error *err)
{
    *load = (struct bench_load){.cell = cell, .nclients = cell->clients};
    load->clients = calloc((size_t)cell->clients, sizeof(*load->clients));
    int rc = load->clients == NULL ? bench_fail(err, -ENOMEM, "out of memory")
                                   : bench_loop_new(&load->loop, err);
    if (rc == 0 && bench_recording_new(&load->recording) < 0)
        rc = bench_fail(err, -ENOMEM, "out of memory");
    for (int i = 0; rc == 0 && i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        c->load = load;
        c->units_left = cell->warmup;
        rc = bench_op_new(cell->protocol, &c->op, err);
        if (rc == 0) {
            c->op->timeout_ns = cell->timeout_ns;
            c->op->done = on_done;
            c->op->user = c;
        }
        if (rc == 0 && cell->think_ns > 0)
            rc = bench_timer_new(load->loop, on_think, c, &c->think);
    }
    if (rc == 0 && bench_recording_prepare(load->recording, BENCH_SERIES_RESPONSE) < 0)
        rc = bench_fail(err, -ENOMEM, "out of memory");
    if (rc < 0) {
        bench_load_fini(load);
        bench_recording_free(load->recording);
    }
    return rc;
}

void bench_load_connect(struct bench_load *load)
{
    load->active = load->nclients;
    for (int i = 0; i < load->nclients; i++) {
        if (load->cell->sample == BENCH_SAMPLE_CONNECTION)
            leave(&load->clients[i], PHASE_PARKED);
        else
            open_conn(&load->clients[i]);
    }
}

int bench_load_status(const struct bench_load *load, struct bench_error *err)
{
    for (int i = 0; i < load->nclients; i++)
        if (load->clients[i].phase == PHASE_PARKED)
            return 0;
    if (err != NULL)
        *err = load->error;
    if (load->error.code == 0)
        return bench_fail(err, -ECANCELED, "stopped before a connection was ready");
    return load->error.code;
}

void bench_load_start(struct bench_load *load)
{
    load->active = 0;
    for (int i = 0; i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        if (c->phase != PHASE_PARKED)
            continue;
        c->phase = PHASE_LOAD;
        c->failures = 0;
        c->units_left = load->cell->units;
        if (c->conn != NULL)
            bench_conn_get_totals(c->conn, &c->base);
        load->active++;
    }
    load->recording->clients = (uint32_t)load->active;
    load->loading = true;
    load->go_ns = bench_now_ns();
    for (int i = 0; i < load->nclients; i++)
        if (load->clients[i].phase == PHASE_LOAD)
            next_unit(&load->clients[i]);
}

void bench_load_finish(struct bench_load *load)
{
    for (int i = 0; i < load->nclients; i++)
        count_bytes(&load->clients[i]);
}

void bench_load_fini(struct bench_load *load)
{
    load->loading = false;
    /* Orderly ends first (RPyC says CLOSE), then the memory. */
    for (int i = 0; load->clients != NULL && i < load->nclients; i++)
        if (load->clients[i].conn != NULL)
            bench_conn_close(load->clients[i].conn);
    for (int i = 0; load->clients != NULL && i < load->nclients; i++) {
        struct bench_client *c = &load->clients[i];
        bench_conn_free(c->conn);
        bench_op_free(c->op);
        bench_timer_free(c->think);
    }
    free(load->clients);
    load->clients = NULL;
    bench_loop_free(load->loop);
    load->loop = NULL;
}
