/* SPDX-License-Identifier: MIT */
/*
 * The steps of an op: what Python's rpyc does for conn.root.x(...). GETATTR, CALL and DEL
 * (call=plain), or CALL alone (call=cached).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/rpyc/rpyc_client.h"

enum { HANDLES_MAX = 256 }; /* callables that call=cached keeps */

/* ---- callables that are kept ---- */

const struct rpyc_handle *rpyc_client_find_handle(const struct rpyc_client *c, const char *name,
                                                  size_t length)
{
    for (size_t i = 0; i < c->nhandles; i++) {
        const struct rpyc_handle *h = c->handles[i];
        if (h->name_length == length && memcmp(h->name, name, length) == 0)
            return h;
    }
    return NULL;
}

int rpyc_client_keep_handle(struct rpyc_client *c, const char *name, size_t length)
{
    if (c->nhandles == HANDLES_MAX)
        return -ENOSPC;
    struct rpyc_handle **grown =
        realloc(c->handles, (c->nhandles + 1) * sizeof(struct rpyc_handle *));
    if (!grown)
        return -ENOMEM;
    c->handles = grown;
    struct rpyc_handle *h = malloc(sizeof(*h) + length);
    if (!h)
        return -ENOMEM;
    memcpy(h->name, name, length);
    h->name_length = length;
    h->ref = c->call->current; /* moved */
    bench_buf_init(&c->call->current, RPYC_REF_LIMIT);
    c->handles[c->nhandles++] = h;
    return 0;
}

/* ---- receiving: the steps of an op ---- */

static const struct rpyc_program *program_of(const struct rpyc_client *c)
{
    return (const struct rpyc_program *)c->call->op->program;
}

/* The call's op is over; its slot is, too, unless an answer is still to come. */
static void end_call(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_call *call)
{
    call->op = NULL;
    c->call = NULL;
    if (call->awaited.seq < 0) {
        rpyc_calls_release(&c->calls, call);
    } else {
        call->late = true;
        c->calls.late++;
        c->calls.live--;
    }
    if (c->full)
        bench_conn_writable(conn);
    c->full = false;
}

/* Ends the op. In the plain style the callable's proxy dies here, as in Python, where that is
 * before the caller's next statement: DEL first. */
int rpyc_client_finish_op(struct bench_conn *conn, struct rpyc_client *c, int status)
{
    struct rpyc_call *call = c->call;
    struct bench_op *op = call->op;
    int rc = 0;
    bool sent_last = bench_buf_length(&call->current) > 0;
    rpyc_call_take_back(call);
    if (sent_last) {
        rc = rpyc_client_send_del(conn, c, &call->current, 1);
        bench_buf_clear(&call->current);
    }
    if (rc == 0)
        rc = rpyc_client_drop_stream(conn, c);
    if (rc == 0 && call->eval.active) {
        rc = rpyc_eval_end(conn, c);
        sent_last = sent_last || call->eval.sent_del;
    }
    if (rc < 0)
        return rc; /* the connection broke and took the op with it */
    if (sent_last && rpyc_client_has_nagle(c))
        op->stat.ack_waits = 1;
    end_call(conn, c, call);
    bench_op_complete(op, status);
    return 0;
}

static int fail_op(struct bench_conn *conn, struct rpyc_client *c, enum bench_failure failure,
                   int code, const char *text)
{
    (void)bench_op_fail(c->call->op, failure, code, "%s", text);
    return rpyc_client_finish_op(conn, c, code);
}

int rpyc_client_bad_message(struct bench_conn *conn, const struct rpyc_reader *body, int code)
{
    return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, code == -ENOMEM ? code : -EPROTO,
                           "the server sent an answer that cannot be read: %s", body->problem);
}

/* What was raised, in full: its traceback, as far as it was sent, and its text below, in the order
 * that Python prints them. Without memory it is left out. */
static void note_raised(struct bench_op *op, const struct rpyc_exception *exception)
{
    enum { TEXT_MAX = 4096, TRACEBACK_MAX = 65536 };
    const struct bench_value *traceback = &exception->traceback;
    size_t n = 0;
    if (!exception->stop_iteration && traceback->kind == BENCH_STR)
        n = traceback->text.length < TRACEBACK_MAX ? traceback->text.length : TRACEBACK_MAX;
    char *text = bench_arena_alloc(&op->arena, n + 1 + TEXT_MAX);
    if (!text)
        return;
    if (n > 0) {
        memcpy(text, traceback->text.data, n);
        if (text[n - 1] != '\n')
            text[n++] = '\n';
    }
    rpyc_exception_text(exception, text + n, TEXT_MAX);
    op->raised = bench_str_n(text, n + strlen(text + n));
}

int rpyc_client_raised(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_exception exception;
    char text[sizeof(c->call->op->error.msg)];
    int rc = rpyc_read_exception(&message->body, &exception);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    if (c->call->step == RPYC_STEP_GETATTR && !c->call->asked_again &&
        rpyc_exception_is(&exception, "AttributeError")) {
        rc = rpyc_client_send_getattr(conn, c, program_of(c));
        c->call->asked_again = true;
        return rc;
    }
    if (exception.stop_iteration && c->call->step == RPYC_STEP_NEXT)
        return rpyc_client_finish_op(conn, c, 0);
    rpyc_exception_text(&exception, text, sizeof(text));
    if (!c->call->op)
        return bench_conn_fail(conn, BENCH_FAILURE_REMOTE, -EREMOTEIO, "%s", text);
    note_raised(c->call->op, &exception);
    return fail_op(conn, c, BENCH_FAILURE_REMOTE, -EREMOTEIO, text);
}

void rpyc_client_is_open(struct bench_conn *conn, struct rpyc_client *c)
{
    rpyc_calls_release(&c->calls, c->call);
    c->call = NULL;
    c->between = (struct bench_op_stat){0};
    bench_conn_opened(conn, 0);
}

static int root_is_known(struct bench_conn *conn, struct rpyc_client *c)
{
    if (c->options->classic)
        return rpyc_classic_begin(conn, c);
    rpyc_client_is_open(conn, c);
    return 0;
}

static int got_root(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_ref ref;
    int64_t label;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label != RPYC_REMOTE_REF)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, -EPROTO,
                               "the server's root is not an object (box label %lld)",
                               (long long)label);
    if (rc == 0)
        rc = rpyc_read_ref(&message->body, &ref);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    bench_buf_clear(&c->root);
    rc = rpyc_write_ref(&c->root, &ref);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "the root's name is too long");
    if (!rpyc_knows_class(c->layout, &ref))
        return rpyc_client_send_inspect(conn, c, RPYC_STEP_INSPECT_ROOT, &ref);
    return root_is_known(conn, c);
}

/* The call's `current` is the callable. */
static int call_it(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct rpyc_program *program = program_of(c);
    if (c->options->call != RPYC_CALL_CACHED)
        return rpyc_client_send_call(conn, c, program, &c->call->current);
    const struct rpyc_handle *handle =
        rpyc_client_find_handle(c, program->name, program->name_length);
    if (handle) /* fetched for another op meanwhile: ours goes back at the end */
        return rpyc_client_send_call(conn, c, program, &handle->ref);
    int rc = rpyc_client_keep_handle(c, program->name, program->name_length);
    if (rc < 0)
        return fail_op(conn, c, BENCH_FAILURE_OTHER, rc, "cannot keep another bound method");
    return rpyc_client_send_call(conn, c, program, &c->handles[c->nhandles - 1]->ref);
}

static int got_attr(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct rpyc_ref ref;
    int64_t label;
    unsigned methods;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label != RPYC_REMOTE_REF)
        return fail_op(conn, c, BENCH_FAILURE_WRONG, -EBADMSG,
                       "TypeError: the root's attribute is a value and cannot be called");
    if (rc == 0)
        rc = rpyc_read_ref(&message->body, &ref);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    bench_buf_clear(&c->call->current);
    rc = rpyc_write_ref(&c->call->current, &ref);
    if (rc < 0)
        return bench_conn_fail(conn, BENCH_FAILURE_PROTOCOL, rc, "a reference is too long");
    if (!rpyc_client_knows(c, &ref, &methods))
        return rpyc_client_send_inspect(conn, c, RPYC_STEP_INSPECT_ATTR, &ref);
    return call_it(conn, c);
}

static int finish_result(struct bench_conn *conn, struct rpyc_client *c)
{
    const struct rpyc_program *program = program_of(c);
    const struct bench_value *result = &c->call->op->result;
    const struct bench_value ping = bench_str(RPYC_PING_TEXT);
    if (program->ping && !bench_value_equal(result, &ping))
        return fail_op(conn, c, BENCH_FAILURE_WRONG, -EBADMSG,
                       "the answer to a ping is not what was sent");
    return rpyc_client_finish_op(conn, c, 0);
}

/* A reference where bytes should be goes back. */
static int refuse_ref(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message,
                      int64_t label)
{
    struct rpyc_ref ref;
    int rc = 0;
    if (label == RPYC_REMOTE_REF && rpyc_read_ref(&message->body, &ref) == 0)
        rc = rpyc_client_send_del_of(conn, c, &ref);
    return rc < 0 ? rc
                  : fail_op(conn, c, BENCH_FAILURE_WRONG, -EBADMSG,
                            "expected bytes, the answer is a reference");
}

int rpyc_client_read_bytes(struct bench_conn *conn, struct rpyc_client *c,
                           struct rpyc_message *message, struct bench_value *out)
{
    int64_t label;
    message->body.copy = false;
    int rc = rpyc_read_box_head(&message->body, &label);
    if (rc == 0 && label != RPYC_VALUE) {
        rc = refuse_ref(conn, c, message, label);
        return rc < 0 ? rc : 1;
    }
    if (rc == 0)
        rc = rpyc_read_value(&message->body, out);
    if (rc == 0)
        rc = rpyc_read_end(&message->body);
    if (rc < 0)
        return rpyc_client_bad_message(conn, &message->body, rc);
    if (out->kind == BENCH_BYTES)
        return 0;
    rc = fail_op(conn, c, BENCH_FAILURE_WRONG, -EBADMSG,
                 "expected bytes, the answer is of another kind");
    return rc < 0 ? rc : 1;
}

/* The bytes of a bulk reply, straight from where they were received or inflated. */
static int got_bulk(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct bench_value value;
    int rc = rpyc_client_read_bytes(conn, c, message, &value);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return rpyc_client_finish_op(conn, c, bench_op_data(c->call->op, value.text.data, value.text.length));
}

static int got_result(struct bench_conn *conn, struct rpyc_client *c, struct rpyc_message *message)
{
    struct bench_op *op = c->call->op;
    if (program_of(c)->flow == RPYC_FLOW_ITERATE)
        return rpyc_client_stream_step(conn, c, message);
    if (op->program->bulk)
        return got_bulk(conn, c, message);
    struct rpyc_reader body = message->body;
    int64_t label;
    body.arena = &op->arena;
    body.copy = true;
    int rc = rpyc_read_box_head(&body, &label);
    if (rc == 0 && label != RPYC_VALUE)
        return rpyc_eval_result(conn, c, message);
    if (rc == 0)
        rc = rpyc_read_value(&body, &op->result);
    if (rc == 0)
        rc = rpyc_read_end(&body);
    if (rc < 0) {
        op->result = bench_none();
        return rpyc_client_bad_message(conn, &body, rc);
    }
    return finish_result(conn, c);
}

/* The awaited answer. 0 or negative after bench_conn_fail. */
int rpyc_client_on_answer(struct bench_conn *conn, struct rpyc_client *c,
                          struct rpyc_message *message)
{
    rpyc_client_stat(c)->round_trips++;
    if (c->call->op)
        c->call->op->marks.first_byte = c->frame_began_ns;
    if (c->call->step == RPYC_STEP_EVAL || c->call->step == RPYC_STEP_EVAL_INSPECT)
        return rpyc_eval_answer(conn, c, message);
    if (message->type == RPYC_EXCEPTION && c->call->step != RPYC_STEP_CLASSIC)
        return rpyc_client_raised(conn, c, message);
    switch (c->call->step) {
    case RPYC_STEP_GETROOT:
        return got_root(conn, c, message);
    case RPYC_STEP_INSPECT_ROOT:
        return root_is_known(conn, c);
    case RPYC_STEP_CLASSIC:
        return rpyc_classic_answer(conn, c, message);
    case RPYC_STEP_GETATTR:
        return got_attr(conn, c, message);
    case RPYC_STEP_INSPECT_ATTR:
        rpyc_client_note_current(c, message);
        return call_it(conn, c);
    case RPYC_STEP_CALL:
        return got_result(conn, c, message);
    case RPYC_STEP_INSPECT_STREAM:
    case RPYC_STEP_ITER:
    case RPYC_STEP_INSPECT_ITER:
    case RPYC_STEP_NEXT:
        return rpyc_client_stream_step(conn, c, message);
    default: /* of an expression, above */
        break;
    }
    return 0;
}

/* What an answer refers to that nobody waits for any more has to be given back all the same. */
int rpyc_client_on_late_answer(struct bench_conn *conn, struct rpyc_client *c,
                               struct rpyc_call *call, struct rpyc_message *message)
{
    struct rpyc_ref ref;
    int64_t label;
    rpyc_calls_release(&c->calls, call);
    if (message->type != RPYC_REPLY || rpyc_read_box_head(&message->body, &label) < 0 ||
        label != RPYC_REMOTE_REF || rpyc_read_ref(&message->body, &ref) < 0)
        return 0;
    return rpyc_client_send_del_of(conn, c, &ref);
}
