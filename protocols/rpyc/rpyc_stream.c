/* SPDX-License-Identifier: MIT */
/*
 * The steps of download_chunked after its call: __iter__ on what it answered, __next__ until
 * StopIteration, as a for loop of Python does; references go back where Python gives them back.
 */
#include <errno.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

enum { EMPTY_MAX = 1000 }; /* pieces without a byte; a server could send them for ever */

static int fail(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                int code, const char *text)
{
    (void)bench_op_fail(c->call->op, failure, code, "%s", text);
    return rpyc_client_finish_op(conn, c, code);
}

/* The answer has to be an object: its brine goes to `ref`. 0; 1 = it was not, and the op has
 * ended; negative after bench_conn_fail. */
static int read_object(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message,
                       struct bench_buf *ref, struct rpyc_ref *out)
{
    int64_t label;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label != RPYC_REMOTE_REF) {
        rc = fail(conn, c, BENCH_FAILURE_WRONG, -EBADMSG,
                  "expected something to iterate over, the answer is a value");
        return rc < 0 ? rc : 1;
    }
    if (rc == 0)
        rc = rpyc_read_ref(&message->body, out);
    if (rc == 0)
        rc = rpyc_read_end(&message->body);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    bench_buf_clear(ref);
    rc = rpyc_write_ref(ref, out);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "a reference is too long");
    return 0;
}

static bool same(const struct bench_buf *a, const struct bench_buf *b)
{
    return bench_buf_length(a) == bench_buf_length(b) &&
           memcmp(bench_buf_head(a), bench_buf_head(b), bench_buf_length(a)) == 0;
}

/* Gives back what a buffer names, if it names something. */
static int drop(struct bench_conn *conn, struct rpyc_client *c, struct bench_buf *ref,
                int64_t count)
{
    if (bench_buf_length(ref) == 0)
        return 0;
    int rc = rpyc_client_send_del(conn, c, ref, count);
    bench_buf_clear(ref);
    return rc;
}

int rpyc_client_drop_stream(struct bench_conn *conn, struct rpyc_client *c)
{
    int rc = drop(conn, c, &c->call->iterable, 1);
    return rc < 0 ? rc : drop(conn, c, &c->call->iterator, c->call->iterator_count);
}

static int ask_next(struct bench_conn *conn, struct rpyc_client *c)
{
    return rpyc_client_send_callattr(conn, c, RPYC_STEP_NEXT, &c->call->iterator, "__next__");
}

static int ask_iter(struct bench_conn *conn, struct rpyc_client *c)
{
    int rc = drop(conn, c, &c->call->current, 1); /* the method's proxy dies after its call */
    if (rc < 0)
        return rc;
    return rpyc_client_send_callattr(conn, c, RPYC_STEP_ITER, &c->call->iterable, "__iter__");
}

static int got_stream(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_ref ref;
    int rc = read_object(conn, c, message, &c->call->iterable, &ref);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    c->call->empty_pieces = 0;
    if (!rpyc_knows_class(c->layout, &ref))
        return rpyc_client_send_inspect(conn, c, RPYC_STEP_INSPECT_STREAM, &ref);
    return ask_iter(conn, c);
}

/* The iterator is another object: the first one is no longer needed. */
static int begin(struct bench_conn *conn, struct rpyc_client *c)
{
    int rc = drop(conn, c, &c->call->iterable, 1);
    return rc < 0 ? rc : ask_next(conn, c);
}

static int got_iterator(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_message *message)
{
    struct rpyc_ref ref;
    int rc = read_object(conn, c, message, &c->call->iterator, &ref);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    c->call->iterator_count = 1;
    if (same(&c->call->iterable, &c->call->iterator)) { /* one proxy that came twice */
        c->call->iterator_count = 2;
        bench_buf_clear(&c->call->iterable);
        return ask_next(conn, c);
    }
    if (!rpyc_knows_class(c->layout, &ref))
        return rpyc_client_send_inspect(conn, c, RPYC_STEP_INSPECT_ITER, &ref);
    return begin(conn, c);
}

static int got_piece(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct bench_value value;
    int rc = rpyc_client_read_bytes(conn, c, message, &value);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (value.text.length == 0 && ++c->call->empty_pieces > EMPTY_MAX)
        return fail(conn, c, BENCH_FAILURE_PROTOCOL, -EPROTO, "too many pieces without a byte");
    rc = bench_op_data(c->call->op, value.text.data, value.text.length);
    return rc < 0 ? rpyc_client_finish_op(conn, c, rc) : ask_next(conn, c);
}

int rpyc_client_stream_step(struct bench_conn *conn, struct rpyc_client *c,
                            struct rpyc_message *message)
{
    switch (c->call->step) {
    case RPYC_STEP_CALL:
        return got_stream(conn, c, message);
    case RPYC_STEP_INSPECT_STREAM:
        return ask_iter(conn, c);
    case RPYC_STEP_ITER:
        return got_iterator(conn, c, message);
    case RPYC_STEP_INSPECT_ITER:
        return begin(conn, c);
    default:
        return got_piece(conn, c, message);
    }
}
