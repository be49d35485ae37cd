/* SPDX-License-Identifier: MIT */
/* The requests that the client sends, written into one frame each. */
#include <errno.h>
#include <string.h>

#include "bench/units.h"
#include "protocols/rpyc/rpyc_client.h"
#include "protocols/rpyc/rpyc_trace.h"

int rpyc_client_send(struct bench_conn *conn, struct rpyc_client *c)
{
    struct bench_error err;
    int rc = rpyc_outgoing_end(&c->out, &err);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_OTHER, rc, "%s", err.msg);
    struct bench_op_stat *stat = rpyc_client_stat(c);
    stat->frames_sent++;
    stat->plain_sent += c->out.plain_bytes;
    stat->wire_sent += c->out.wire_bytes;
    if (!bench_conn_is_watched(conn))
        return bench_stream_write(conn, c->out.pieces, c->out.count);
    const int64_t now_ns = bench_now_ns();
    rc = bench_stream_write(conn, c->out.pieces, c->out.count);
    rpyc_trace_sent(conn, &c->out, now_ns); /* the server is at work meanwhile */
    return rc;
}

int rpyc_client_begin_request(struct rpyc_client *c, enum rpyc_handler handler)
{
    int rc = rpyc_outgoing_begin(&c->out);
    if (rc == 0 && c->options->bind_threads)
        rc = rpyc_write_threads(&c->out.text, c->asking_thread);
    return rc < 0 ? rc : rpyc_write_request(&c->out.text, c->layout, c->next_seq++, handler);
}

int rpyc_client_finish_request(struct bench_conn *conn, struct rpyc_client *c, int rc)
{
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_OTHER, rc, "cannot write a request: %s",
                               bench_errno_text(rc));
    return rpyc_client_send(conn, c);
}

/* The same for a request whose answer the next step waits for. */
static int send_step(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_step step, int rc)
{
    rpyc_calls_await(&c->calls, &c->call->awaited, c->next_seq - 1);
    c->call->step = step;
    return rpyc_client_finish_request(conn, c, rc);
}

static int add_bytes(struct bench_buf *buf, const struct bench_buf *from)
{
    return bench_buf_add(buf, bench_buf_head(from), bench_buf_length(from));
}

/* The box of an object of the server. */
static int add_local(struct bench_buf *buf, const struct bench_buf *ref)
{
    int rc = rpyc_write_box_head(buf, RPYC_LOCAL_REF);
    return rc < 0 ? rc : add_bytes(buf, ref);
}

/* The head of arguments of which not all go by value. */
static int add_args_head(struct bench_buf *buf, size_t count)
{
    int rc = rpyc_write_box_head(buf, RPYC_TUPLE);
    return rc < 0 ? rc : rpyc_dump_tuple_head(buf, count);
}

int rpyc_client_send_getroot(struct bench_conn *conn, struct rpyc_client *c)
{
    int rc = rpyc_client_begin_request(c, RPYC_GETROOT);
    if (rc == 0)
        rc = rpyc_write_box_head(&c->out.text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(&c->out.text, 0);
    return send_step(conn, c, RPYC_STEP_GETROOT, rc);
}

int rpyc_client_send_inspect(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_step step,
                             const struct rpyc_ref *ref)
{
    int rc = rpyc_client_begin_request(c, RPYC_INSPECT);
    if (rc == 0)
        rc = rpyc_write_box_head(&c->out.text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(&c->out.text, 1);
    if (rc == 0)
        rc = rpyc_write_ref(&c->out.text, ref);
    return send_step(conn, c, step, rc);
}

int rpyc_client_send_getattr(struct bench_conn *conn, struct rpyc_client *c,
                             const struct rpyc_program *program)
{
    struct bench_buf *text = &c->out.text;
    int rc = rpyc_client_begin_request(c, RPYC_GETATTR);
    if (rc == 0)
        rc = add_args_head(text, 2);
    if (rc == 0)
        rc = add_local(text, &c->root);
    if (rc == 0)
        rc = bench_buf_add(text, program->name_box, program->name_box_length);
    return send_step(conn, c, RPYC_STEP_GETATTR, rc);
}

/* The same when the one argument is a list that we lend. */
static int add_lent_list(struct rpyc_client *c)
{
    int rc = add_args_head(&c->out.text, 1);
    return rc < 0 ? rc : rpyc_client_lend(c, c->call);
}

/* The same when the last one is a function. handle: of the method that is called. */
static int add_lent_function(struct rpyc_client *c, const struct rpyc_program *program,
                             const struct bench_buf *handle)
{
    struct bench_buf *text = &c->out.text;
    int rc = add_args_head(text, program->nargs + 1);
    if (rc == 0)
        rc = bench_buf_add(text, program->args, program->args_length);
    return rc < 0 ? rc
                  : rpyc_client_lend_function(
                        c, c->call, c->options->call == RPYC_CALL_CACHED ? handle : NULL);
}

/* The box of the call's positional arguments; op->tx is the last of them, if there is one. */
static int add_call_args(struct rpyc_client *c, const struct rpyc_program *program,
                         const struct bench_buf *handle)
{
    struct bench_buf *text = &c->out.text;
    if (program->flow == RPYC_FLOW_CALLBACK)
        return add_lent_function(c, program, handle);
    if (program->flow == RPYC_FLOW_LEND)
        return add_lent_list(c);
    const struct bench_op *op = c->call->op;
    int rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, program->nargs + (program->base.tx ? 1 : 0));
    if (rc == 0)
        rc = bench_buf_add(text, program->args, program->args_length);
    if (rc < 0 || !program->base.tx)
        return rc;
    rc = rpyc_dump_bytes_head(text, op->tx.length);
    if (rc == 0 && op->tx.length > 0)
        rpyc_outgoing_borrow(&c->out, op->tx.data, op->tx.length);
    return rc;
}

int rpyc_client_send_call(struct bench_conn *conn, struct rpyc_client *c,
                          const struct rpyc_program *program, const struct bench_buf *handle)
{
    struct bench_buf *text = &c->out.text;
    int rc = rpyc_client_begin_request(c, RPYC_CALL);
    if (rc == 0)
        rc = add_args_head(text, 3);
    if (rc == 0)
        rc = add_local(text, handle);
    if (rc == 0)
        rc = add_call_args(c, program, handle);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE); /* kwargs */
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, 0);
    return send_step(conn, c, RPYC_STEP_CALL, rc);
}

int rpyc_client_send_ping(struct bench_conn *conn, struct rpyc_client *c,
                          const struct rpyc_program *program)
{
    int rc = rpyc_client_begin_request(c, RPYC_PING);
    if (rc == 0)
        rc = add_call_args(c, program, NULL);
    return send_step(conn, c, RPYC_STEP_CALL, rc);
}

int rpyc_client_send_callattr(struct bench_conn *conn, struct rpyc_client *c, enum rpyc_step step,
                              const struct bench_buf *ref, const char *name)
{
    struct bench_buf *text = &c->out.text;
    int rc = rpyc_client_begin_request(c, RPYC_CALLATTR);
    if (rc == 0)
        rc = add_args_head(text, 4);
    if (rc == 0)
        rc = add_local(text, ref);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_text(text, name, strlen(name));
    for (int i = 0; i < 2; i++) { /* no arguments, no keywords */
        if (rc == 0)
            rc = rpyc_write_box_head(text, RPYC_VALUE);
        if (rc == 0)
            rc = rpyc_dump_tuple_head(text, 0);
    }
    return send_step(conn, c, step, rc);
}

int rpyc_client_send_plain(struct bench_conn *conn, struct rpyc_client *c,
                           enum rpyc_handler handler, const struct bench_value *args, size_t n)
{
    const struct bench_value all = bench_tuple(args, n);
    int rc = rpyc_client_begin_request(c, handler);
    if (rc == 0)
        rc = rpyc_write_box(&c->out.text, &all, NULL, NULL);
    return rpyc_client_finish_request(conn, c, rc);
}

int rpyc_client_send_del(struct bench_conn *conn, struct rpyc_client *c,
                         const struct bench_buf *ref, int64_t count)
{
    struct bench_buf *text = &c->out.text;
    int rc = rpyc_client_begin_request(c, RPYC_DEL);
    if (rc == 0)
        rc = add_args_head(text, 2);
    if (rc == 0)
        rc = add_local(text, ref);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_int(text, count);
    return rpyc_client_finish_request(conn, c, rc);
}

int rpyc_client_send_del_of(struct bench_conn *conn, struct rpyc_client *c,
                            const struct rpyc_ref *ref)
{
    struct bench_buf brine;
    bench_buf_init(&brine, RPYC_REF_LIMIT);
    int rc = rpyc_write_ref(&brine, ref);
    if (rc == 0)
        rc = rpyc_client_send_del(conn, c, &brine, 1);
    else
        rc = rpyc_client_finish_request(conn, c, rc);
    bench_buf_fini(&brine);
    return rc;
}
