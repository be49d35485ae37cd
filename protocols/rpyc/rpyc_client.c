/* SPDX-License-Identifier: MIT */
/*
 * The client: its frames, its layout, and the functions of the backend's table. One op at a time;
 * its steps are in rpyc_steps.c, its requests in rpyc_requests.c.
 */
#include "protocols/rpyc/rpyc_client.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/log.h"
#include "bench/units.h"
#include "protocols/rpyc/rpyc_trace.h"

#define MESSAGE_MEMORY ((size_t)64 << 20) /* for reading one message that is not a result */

static const struct bench_stream_ops stream_ops;

/* auto is what rpyc does: it sets no option. */
bool rpyc_client_has_nagle(const struct rpyc_client *c)
{
    return c->options->socket == RPYC_SOCKET_AUTO || c->options->socket == RPYC_SOCKET_PYTHON;
}

static int open_stream(struct bench_conn *conn, struct rpyc_client *c, struct bench_error *err)
{
    unsigned flags = 0;
    if (c->options->socket == RPYC_SOCKET_FAST)
        flags = BENCH_STREAM_NODELAY | BENCH_STREAM_QUICKACK;
    else if (c->options->socket == RPYC_SOCKET_NODELAY)
        flags = BENCH_STREAM_NODELAY;
    return bench_stream_open(conn, &stream_ops, flags, err);
}

static int other_layout(struct bench_conn *conn, struct rpyc_client *c)
{
    static const char *const versions[] = {[RPYC_LAYOUT_A] = "5", [RPYC_LAYOUT_B] = "6"};
    enum rpyc_layout other = c->layout == RPYC_LAYOUT_A ? RPYC_LAYOUT_B : RPYC_LAYOUT_A;
    struct bench_error err;
    if (c->layout_certain)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "the server speaks the layout of rpyc %s, not of %s: use version=%s",
                               versions[other], versions[c->layout], versions[other]);
    /* Such a peer has ended the connection already: the first message means nothing to it. */
    bench_log(BENCH_LOG_DEBUG, "rpyc", "reconnecting with the layout of rpyc %s", versions[other]);
    c->layout = other;
    c->layout_certain = true;
    c->next_seq = 0;
    bench_stream_close(conn);
    int rc = open_stream(conn, c, &err);
    return rc < 0 ? bench_conn_fail(conn, BENCH_FAILURE_OTHER, rc, "%s", err.msg) : -ECANCELED;
}

/* Nothing announces it, but whoever cannot read the first message answers with one of its own. */
static int other_binding(struct bench_conn *conn, bool bound)
{
    return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                           "the server %s its threads (rpyc's bind_threads): use bind-threads=%s",
                           bound ? "binds" : "does not bind", bound ? "on" : "off");
}

static int on_payload(struct bench_conn *conn, struct rpyc_client *c, const uint8_t *payload,
                      size_t n)
{
    struct rpyc_message message;
    struct bench_error err;
    enum rpyc_layout layout;
    int rc = rpyc_layout_detect(payload, n, &layout, &err);
    if (rc == 0 && rpyc_is_bound(payload, n) != c->options->bind_threads)
        return other_binding(conn, rpyc_is_bound(payload, n));
    if (rc == 0 && layout != c->layout)
        return other_layout(conn, c);
    bench_arena_reset(&c->arena);
    if (rc == 0)
        rc = rpyc_message_open(&message, layout, payload, n, &c->arena, false, &err);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO, "%s", err.msg);
    c->layout_certain = true;
    if (message.type == RPYC_REQUEST)
        return rpyc_client_serve(conn, c, &message);
    if (message.seq_number == c->awaited_seq && c->awaited_seq >= 0)
        return rpyc_client_on_answer(conn, c, &message);
    rc = rpyc_nested_answer(conn, c, &message);
    return rc <= 0 ? rc : rpyc_client_on_late_answer(conn, c, &message);
}

/* One whole frame. */
static int on_frame(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_frame *frame)
{
    const uint8_t *payload;
    size_t n;
    struct bench_error err;
    struct bench_op_stat *stat = rpyc_client_stat(c);
    int rc = rpyc_frame_plain(&c->inflater, frame, &payload, &n, &err);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", err.msg);
    stat->frames_received++;
    stat->plain_received += n + RPYC_FRAME_EXTRA;
    stat->wire_received += frame->total;
    if (bench_conn_is_watched(conn))
        rpyc_trace_received(conn, payload, n, frame->total, c->frame_began_ns);
    return n == 0 ? 0 : on_payload(conn, c, payload, n); /* an empty one means nothing */
}

static ssize_t on_data(struct bench_conn *conn, const uint8_t *data, size_t length)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    struct rpyc_frame frame;
    struct bench_error err;
    if (c->frame_began_ns == 0)
        c->frame_began_ns = bench_now_ns();
    int rc = rpyc_frame_parse(data, length, (uint64_t)c->options->max_frame, &frame, &err);
    if (rc == -EAGAIN) {
        rc = bench_stream_want(conn, frame.total);
        return rc < 0 ? bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc,
                                        "frame of %zu bytes is too large", frame.total)
                      : 0;
    }
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", err.msg);
    rc = on_frame(conn, c, &frame);
    c->frame_began_ns = 0;
    return rc < 0 ? rc : (ssize_t)frame.total;
}

static void on_connected(struct bench_conn *conn)
{
    (void)rpyc_client_send_getroot(conn,
                                   bench_conn_priv(conn)); /* a failure has been told to the conn */
}

static const struct bench_stream_ops stream_ops = {.connected = on_connected, .data = on_data};

/* ---- the backend's functions ---- */

int rpyc_client_open(struct bench_conn *conn, struct bench_error *err)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    c->options = bench_conn_options(conn);
    c->awaited_seq = -1;
    c->layout = c->options->version == RPYC_VERSION_5 ? RPYC_LAYOUT_A : RPYC_LAYOUT_B;
    c->layout_certain = c->options->version != RPYC_VERSION_AUTO;
    bench_buf_init(&c->root, RPYC_REF_LIMIT);
    bench_buf_init(&c->current, RPYC_REF_LIMIT);
    bench_buf_init(&c->iterable, RPYC_REF_LIMIT);
    bench_buf_init(&c->iterator, RPYC_REF_LIMIT);
    rpyc_outgoing_init(&c->out);
    rpyc_inflater_init(&c->inflater, (size_t)c->options->max_inflate);
    bench_arena_init(&c->arena, MESSAGE_MEMORY);
    return open_stream(conn, c, err);
}

int rpyc_client_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    const struct rpyc_program *program = (const struct rpyc_program *)op->program;
    if (c->op)
        return -EAGAIN;
    if (program->base.tx && op->tx.length > 0 && !op->tx.data)
        return bench_fail(err, -EINVAL, "%.*s needs %zu bytes that are not there",
                          (int)program->name_length, program->name, op->tx.length);
    c->op = op;
    c->asked_again = false;
    c->eval.active = false;
    /* Answers to the DELs of the op before this one, unless they are still to come. */
    op->stat = c->between;
    c->between = (struct bench_op_stat){0};
    const struct rpyc_handle *handle = NULL;
    if (c->options->call == RPYC_CALL_CACHED && !program->ping)
        handle = rpyc_client_find_handle(c, program->name, program->name_length);
    /* A failed write has completed the op with the connection's failure. */
    if (program->code)
        (void)rpyc_eval_begin(conn, c, program->code);
    else if (program->ping)
        (void)rpyc_client_send_ping(conn, c, program);
    else if (handle)
        (void)rpyc_client_send_call(conn, c, program, &handle->ref);
    else
        (void)rpyc_client_send_getattr(conn, c, program);
    return 0;
}

void rpyc_client_cancel(struct bench_conn *conn, struct bench_op *op)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    if (c->op != op)
        return;
    int64_t seq = c->awaited_seq;
    (void)rpyc_client_finish_op(conn, c, -ECANCELED);
    if (c->op) /* the connection broke meanwhile */
        return;
    if (c->nlate == RPYC_LATE_MAX) {
        (void)bench_conn_fail(conn, BENCH_FAILURE_CANCELED, -ECANCELED,
                              "closed: %d answers to requests that were taken back are missing",
                              RPYC_LATE_MAX);
        return;
    }
    if (seq >= 0)
        c->late[c->nlate++] = seq;
}

/* As rpyc up to 5 does: CLOSE, then shut down without waiting. A peer that follows 6 closes on
 * CLOSE as well and never answers it. */
void rpyc_client_close(struct bench_conn *conn)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    c->op = NULL; /* completed by core */
    rpyc_client_take_back(c);
    if (c->layout_certain && bench_buf_length(&c->root) > 0 && bench_stream_fd(conn) >= 0) {
        int rc = rpyc_client_begin_request(c, RPYC_CLOSE);
        if (rc == 0)
            rc = rpyc_write_box_head(&c->out.text, RPYC_VALUE);
        if (rc == 0)
            rc = rpyc_dump_tuple_head(&c->out.text, 0);
        (void)rpyc_client_finish_request(conn, c, rc);
    }
    bench_conn_closed(conn);
}

void rpyc_client_fini(struct bench_conn *conn)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    for (size_t i = 0; i < c->nhandles; i++) {
        free(c->handles[i].name);
        bench_buf_fini(&c->handles[i].ref);
    }
    free(c->handles);
    c->handles = NULL;
    c->nhandles = 0;
    bench_buf_fini(&c->root);
    bench_buf_fini(&c->current);
    bench_buf_fini(&c->iterable);
    bench_buf_fini(&c->iterator);
    rpyc_nested_fini(&c->nested);
    rpyc_outgoing_fini(&c->out);
    rpyc_inflater_fini(&c->inflater);
    bench_arena_fini(&c->arena);
}
