/* SPDX-License-Identifier: MIT */
#include "suite/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "bench/units.h"
#include "render/table.h"

#define REPR_LIMIT   ((size_t)256 << 20)
#define MESSAGES_MAX 1000000
#define ID_WIDTH     5
/* For answers that nobody waits for, as to RPyC's DEL. */
#define DRAIN_NS (200 * BENCH_NS_PER_MS)

const char *const bench_call_phase_names[] = {
    [BENCH_PHASE_CONNECT] = "connect",
    [BENCH_PHASE_CALL] = "call",
    [BENCH_PHASE_CLOSE] = "close",
};

/* ---- messages ---- */

static void print_message(FILE *out, const struct bench_conn_message *m, int64_t began_ns)
{
    char id[24] = "", size[80], what[sizeof(m->what)];
    if (m->id >= 0)
        (void)snprintf(id, sizeof(id), "#%" PRId64, m->id);
    (void)snprintf(size, sizeof(size), "%" PRIu64 " B", m->wire);
    if (m->plain != m->wire)
        (void)snprintf(size, sizeof(size), "%" PRIu64 " B (%" PRIu64 " B plain)", m->wire,
                       m->plain);
    (void)fprintf(out, "%10.3f ms %s %-9s %-*s %s%s%s\n",
                  (double)(m->at_ns - began_ns) / (double)BENCH_NS_PER_MS, m->sent ? "->" : "<-",
                  m->kind, ID_WIDTH, id, bench_text_clean(m->what, what, sizeof(what)),
                  m->what[0] == '\0' ? "" : ", ", size);
}

static void keep_text(struct bench_one_call *call, const struct bench_conn_message *m)
{
    char *copy = malloc(m->text_length + 1);
    if (copy == NULL)
        return;
    memcpy(copy, m->text, m->text_length);
    copy[m->text_length] = '\0';
    free(call->traceback);
    call->traceback = copy;
}

static void on_message(struct bench_conn *conn, const struct bench_conn_message *m, void *user)
{
    struct bench_one_call *call = user;
    (void)conn;
    call->sent += m->sent;
    call->received += !m->sent;
    if (call->verbose != NULL)
        print_message(call->verbose, m, call->began_ns);
    if (m->text != NULL)
        keep_text(call, m);
    if (call->draining && call->sent <= call->received)
        bench_loop_stop(call->loop);
    if (call->nmessages == MESSAGES_MAX || call->failed)
        return;
    if ((call->nmessages & (call->nmessages - 1)) == 0) { /* a power of two: it is full */
        size_t room = call->nmessages == 0 ? 1 : 2 * call->nmessages;
        struct bench_call_message *grown = realloc(call->messages, room * sizeof(*grown));
        call->failed = grown == NULL;
        if (call->failed)
            return;
        call->messages = grown;
    }
    struct bench_call_message *kept = &call->messages[call->nmessages++];
    *kept = (struct bench_call_message){*m, call->phase};
    kept->message.text = NULL;
    kept->message.text_length = 0;
}

struct bench_call_cost bench_one_call_cost(const struct bench_one_call *call,
                                           enum bench_call_phase phase)
{
    struct bench_call_cost cost = {0};
    for (size_t i = 0; i < call->nmessages; i++) {
        const struct bench_conn_message *m = &call->messages[i].message;
        if (call->messages[i].phase != phase)
            continue;
        cost.messages++;
        *(m->sent ? &cost.sent : &cost.received) += m->wire;
    }
    return cost;
}

/* ---- the call ---- */

static enum bench_call_outcome outcome_of(enum bench_failure failure, bool connected)
{
    if (!connected)
        return BENCH_CALL_NOT_REACHED;
    return failure == BENCH_FAILURE_REMOTE || failure == BENCH_FAILURE_STATUS
               ? BENCH_CALL_RAISED
               : BENCH_CALL_NO_ANSWER;
}

/* A transport that the first request connects is timed by that one. */
static void take_times(struct bench_one_call *call, struct bench_conn *conn,
                       const struct bench_op *op)
{
    const struct bench_conn_marks *marks = bench_conn_get_marks(conn);
    call->connect_ns = marks->ready - marks->started;
    call->call_ns = op->marks.done - op->marks.submitted;
    if (marks->connected > op->marks.submitted) {
        call->connect_ns = marks->connected - op->marks.submitted;
        call->call_ns = op->marks.done - marks->connected;
    }
}

static void on_interrupt(int fd, unsigned ready, void *user)
{
    struct bench_one_call *call = user;
    (void)fd, (void)ready;
    call->interrupted = true;
    bench_conn_close(call->conn); /* whatever is waited for completes */
    bench_loop_stop(call->loop);
}

static int run_op(struct bench_one_call *call, struct bench_conn *conn, struct bench_op *op,
                  struct bench_error *err)
{
    int rc = bench_call_blocking(conn, op, &call->error);
    call->stat = op->stat;
    take_times(call, conn, op);
    if (rc < 0) {
        const bool connected = bench_conn_get_marks(conn)->connected != 0;
        call->failure = op->failure;
        call->outcome = outcome_of(op->failure, connected);
        return 0;
    }
    rc = bench_value_repr(&op->result, &call->value);
    if (rc == 0)
        rc = bench_buf_add(&call->value, "", 1);
    return rc < 0 ? bench_fail(err, rc, "the value is too large to be shown") : 0;
}

static void drain(struct bench_one_call *call, struct bench_conn *conn)
{
    const int64_t deadline = bench_now_ns() + DRAIN_NS;
    call->draining = true;
    while (call->sent > call->received && bench_conn_is_ready(conn))
        if (bench_loop_run(call->loop, deadline) < 0)
            break;
    call->draining = false;
}

static int run_conn(struct bench_one_call *call, struct bench_conn *conn,
                    const struct bench_program *program, struct bench_error *err)
{
    struct bench_op *op = NULL;
    bench_conn_watch(conn, on_message, call);
    if (call->telemetry != NULL) {
        int attached = bench_telemetry_attach(call->telemetry, conn, err);
        if (attached < 0)
            return attached;
    }
    call->conn = conn;
    call->began_ns = bench_now_ns();
    call->phase = BENCH_PHASE_CONNECT;
    if (bench_open_blocking(conn, call->timeout_ns, &call->error) < 0) {
        call->failure = bench_conn_failure(conn);
        call->outcome = outcome_of(call->failure, call->failure == BENCH_FAILURE_REMOTE);
        return 0;
    }
    int rc = bench_op_new(call->target->protocol, &op, err);
    if (rc < 0)
        return rc;
    op->program = program;
    op->sink.kind = BENCH_SINK_VALUE;
    op->timeout_ns = call->timeout_ns;
    call->phase = BENCH_PHASE_CALL;
    rc = run_op(call, conn, op, err);
    drain(call, conn);
    call->phase = BENCH_PHASE_CLOSE;
    bench_conn_close(conn);
    bench_op_free(op);
    return rc;
}

static int run_loop(struct bench_one_call *call, const struct bench_program *program,
                    struct bench_error *err)
{
    const struct bench_conn_events events = {.opened = NULL};
    const struct bench_target *t = call->target;
    struct bench_conn *conn = NULL;
    struct bench_io *interrupt = NULL;
    int rc = bench_loop_new(&call->loop, err);
    if (rc < 0)
        return rc;
    rc = bench_conn_new(call->loop, t->protocol, t->options, &t->address, &events, NULL, &conn,
                        err);
    if (rc == 0 && call->interrupt_fd >= 0)
        rc = bench_io_new(call->loop, call->interrupt_fd, on_interrupt, call, &interrupt);
    if (rc == 0 && interrupt != NULL)
        rc = bench_io_interest(interrupt, BENCH_IO_READ);
    if (rc == 0)
        rc = run_conn(call, conn, program, err);
    if (conn != NULL)
        call->connected = bench_conn_get_marks(conn)->connected != 0;
    if (call->interrupted)
        call->outcome = BENCH_CALL_INTERRUPTED;
    bench_io_free(interrupt);
    bench_conn_free(conn);
    call->conn = NULL;
    bench_loop_free(call->loop);
    call->loop = NULL;
    return rc < 0 ? rc : call->failed ? bench_fail(err, -ENOMEM, "out of memory") : 0;
}

int bench_one_call(struct bench_one_call *call, struct bench_error *err)
{
    const struct bench_protocol *p = call->target->protocol;
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = call->expression};
    const char *why = p->unavailable == NULL ? NULL : p->unavailable();
    struct bench_program *program = NULL;
    bench_buf_init(&call->value, REPR_LIMIT);
    if (why != NULL)
        return bench_fail(err, -ENOSYS, "%s does not work here: %s", p->name, why);
    int rc = p->compile(call->target->options, &spec, &program, err);
    if (rc < 0)
        return rc;
    rc = p->global_init == NULL ? 0 : p->global_init(err);
    if (rc == 0) {
        rc = run_loop(call, program, err);
        if (p->global_fini != NULL)
            p->global_fini();
    }
    p->program_free(program);
    return rc == -EINVAL || rc == -ENOTSUP ? -EIO : rc; /* of our own, not the expression's */
}

void bench_one_call_fini(struct bench_one_call *call)
{
    bench_buf_fini(&call->value);
    free(call->traceback);
    free(call->messages);
}
