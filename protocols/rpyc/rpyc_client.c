/* SPDX-License-Identifier: MIT */
/*
 * The client: its frames, its layout, and the functions of the backend's table. The steps
 * of an op are in rpyc_steps.c, its requests in rpyc_requests.c.
 */
#include "protocols/rpyc/rpyc_client.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/log.h"
#include "bench/units.h"
#include "protocols/rpyc/rpyc_trace.h"

#define MESSAGE_MEMORY ((size_t)64 << 20) /* for reading one message that is not a result */

static const struct bench_stream_ops stream_ops;

/* An op's private area: where its call is while it is in flight. */
static struct rpyc_call **call_of(struct bench_op *op) { return bench_op_priv(op); }

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

/* What comes unasked, and answers to what nobody waits for (a DEL), count for the oldest op. */
static struct rpyc_call *oldest_call(struct bench_conn *conn)
{
    struct bench_op *op = bench_conn_oldest_op(conn);
    return op ? *call_of(op) : NULL;
}

static int on_answer(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_awaited *awaited =
        message->seq_number < 0 ? NULL : rpyc_calls_answered(&c->calls, message->seq_number);
    const bool late = awaited && !awaited->frame && awaited->call->late;
    if (awaited && !late && (!awaited->frame || rpyc_nested_is_wanted(awaited->frame)))
        c->call = awaited->call;
    rpyc_client_count_received(c);
    if (!awaited)
        return 0;
    if (late)
        return rpyc_client_on_late_answer(conn, c, awaited->call, message);
    return awaited->frame ? rpyc_nested_answer(conn, c, awaited->frame, message)
                          : rpyc_client_on_answer(conn, c, message);
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
    if (rc == 0)
        rc = rpyc_message_limit(&message, c->options->max_items, c->options->max_nesting, &err);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO, "%s", err.msg);
    c->layout_certain = true;
    return message.type == RPYC_REQUEST ? rpyc_client_serve(conn, c, &message)
                                        : on_answer(conn, c, &message);
}

/* One whole frame. */
static int on_frame(struct bench_conn *conn, struct rpyc_client *c, const struct rpyc_frame *frame)
{
    const uint8_t *payload;
    size_t n;
    struct bench_error err;
    int rc = rpyc_frame_plain(&c->inflater, frame, &payload, &n, &err);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "%s", err.msg);
    c->received.plain = n + RPYC_FRAME_EXTRA;
    c->received.wire = frame->total;
    c->call = oldest_call(conn);
    if (bench_conn_is_watched(conn))
        rpyc_trace_received(conn, payload, n, frame->total, c->frame_began_ns);
    if (n == 0) /* means nothing */
        rpyc_client_count_received(c);
    else
        rc = on_payload(conn, c, payload, n);
    c->call = NULL;
    return rc;
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
    struct rpyc_client *c = bench_conn_priv(conn);
    c->call = c->calls.list[0];              /* nobody else is there yet */
    (void)rpyc_client_send_getroot(conn, c); /* a failure has been told to the conn */
    c->call = NULL;
}

static const struct bench_stream_ops stream_ops = {.connected = on_connected, .data = on_data};

/* ---- the backend's functions ---- */

int rpyc_client_open(struct bench_conn *conn, struct bench_error *err)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    c->options = bench_conn_options(conn);
    c->layout = c->options->version == RPYC_VERSION_5 ? RPYC_LAYOUT_A : RPYC_LAYOUT_B;
    c->layout_certain = c->options->version != RPYC_VERSION_AUTO;
    bench_buf_init(&c->root, RPYC_REF_LIMIT);
    rpyc_outgoing_init(&c->out);
    rpyc_inflater_init(&c->inflater, (size_t)c->options->max_inflate);
    bench_arena_init(&c->arena, MESSAGE_MEMORY);
    c->lent.classic = c->options->classic;
    if (rpyc_calls_init(&c->calls) < 0 || !rpyc_calls_take(&c->calls))
        return bench_fail(err, -ENOMEM, "no memory for a connection");
    return open_stream(conn, c, err);
}

/* The first request of an op. A failed write completes it with the connection's failure. */
static void begin_op(struct bench_conn *conn, struct rpyc_client *c,
                     const struct rpyc_program *program)
{
    const struct rpyc_handle *handle = NULL;
    if (c->options->call == RPYC_CALL_CACHED && !program->ping)
        handle = rpyc_client_find_handle(c, program->name, program->name_length);
    if (program->code)
        (void)rpyc_eval_begin(conn, c, program->code);
    else if (program->ping)
        (void)rpyc_client_send_ping(conn, c, program);
    else if (handle)
        (void)rpyc_client_send_call(conn, c, program, &handle->ref);
    else
        (void)rpyc_client_send_getattr(conn, c, program);
}

int rpyc_client_submit(struct bench_conn *conn, struct bench_op *op, struct bench_error *err)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    const struct rpyc_program *program = (const struct rpyc_program *)op->program;
    if (c->calls.live >= (size_t)c->options->max_inflight) {
        c->full = true;
        return -EAGAIN;
    }
    if (program->base.tx && op->tx.length > 0 && !op->tx.data)
        return bench_fail(err, -EINVAL, "%.*s needs %zu bytes that are not there",
                          (int)program->name_length, program->name, op->tx.length);
    struct rpyc_call *call = rpyc_calls_take(&c->calls);
    if (!call)
        return bench_fail(err, -ENOMEM, "no memory for another call");
    call->op = op;
    *call_of(op) = call;
    c->call = call;
    /* Answers to the DELs of the ops before this one, unless they are still to come. */
    op->stat = c->between;
    c->between = (struct bench_op_stat){0};
    begin_op(conn, c, program);
    c->call = NULL;
    return 0;
}

void rpyc_client_cancel(struct bench_conn *conn, struct bench_op *op)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    c->call = *call_of(op);
    int rc = rpyc_client_finish_op(conn, c, -ECANCELED);
    c->call = NULL;
    if (rc == 0 && c->calls.late >= RPYC_LATE_MAX + c->calls.most)
        (void)bench_conn_fail(conn, BENCH_FAILURE_CANCELED, -ECANCELED,
                              "closed: %zu answers to requests that were taken back are missing",
                              c->calls.late);
}

/* As rpyc up to 5 does: CLOSE, then shut down without waiting. A peer that follows 6 closes on
 * CLOSE as well and never answers it. */
void rpyc_client_close(struct bench_conn *conn)
{
    struct rpyc_client *c = bench_conn_priv(conn);
    for (size_t i = 0; i < c->calls.count; i++) {
        c->calls.list[i]->op = NULL; /* completed by core */
        rpyc_call_take_back(c->calls.list[i]);
    }
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
        bench_buf_fini(&c->handles[i]->ref);
        free(c->handles[i]);
    }
    free(c->handles);
    c->handles = NULL;
    c->nhandles = 0;
    bench_buf_fini(&c->root);
    rpyc_calls_fini(&c->calls);
    rpyc_kept_free(c->classes);
    rpyc_classic_free(c->classic);
    c->classes = NULL;
    c->classic = NULL;
    rpyc_outgoing_fini(&c->out);
    rpyc_inflater_fini(&c->inflater);
    bench_arena_fini(&c->arena);
}
