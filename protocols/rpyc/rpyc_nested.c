/* SPDX-License-Identifier: MIT */
/*
 * The function that the client lends for the operation `nested`: callback(d) is what a Python
 * program would have written,
 *
 *     def callback(d):
 *         return conn.root.nested(d, callback)     # call=cached: nested(d, callback)
 *
 * so it makes a request of its own while the server waits for the answer of its. Where Python
 * would go one frame deeper, a frame is kept here until that answer comes.
 */
#include <errno.h>
#include <stdlib.h>

#include "protocols/rpyc/rpyc_client.h"

enum {
    ARGUMENT_LIMIT = 64 << 10, /* bytes of d as brine */
    SEQ_LIMIT = 64 << 10,      /* of the server's number, which may be any value */
};

enum stage { FREE, GETATTR, INSPECT, CALL };

struct rpyc_nested_frame {
    enum stage stage;
    struct rpyc_awaited awaited;
    uint64_t serial;         /* of the call whose op lent the function */
    uint64_t thread;         /* of the server's call */
    struct bench_buf seq;    /* of that, as it came */
    struct bench_buf depth;  /* brine of d */
    struct bench_buf method; /* brine of the triple of nested's bound method */
};

/* ---- frames ---- */

static int make_frames(struct rpyc_client *c, struct rpyc_call *call)
{
    const size_t n = (size_t)c->options->max_callbacks;
    struct rpyc_nested_frame *frames = calloc(n, sizeof(*frames));
    if (!frames)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        frames[i].awaited = (struct rpyc_awaited){.seq = -1, .call = call, .frame = &frames[i]};
        bench_buf_init(&frames[i].seq, SEQ_LIMIT);
        bench_buf_init(&frames[i].depth, ARGUMENT_LIMIT);
        bench_buf_init(&frames[i].method, RPYC_REF_LIMIT);
    }
    call->nested.frames = frames;
    return 0;
}

void rpyc_nested_fini(struct rpyc_nested *nested)
{
    /* From the deepest down: those that were never used hold nothing. */
    for (size_t i = 0; nested->frames && i < nested->deepest; i++) {
        bench_buf_fini(&nested->frames[i].seq);
        bench_buf_fini(&nested->frames[i].depth);
        bench_buf_fini(&nested->frames[i].method);
    }
    free(nested->frames);
    *nested = (struct rpyc_nested){0};
}

/* On top, or in a gap that an answer out of order has left; NULL: all are in use. */
static struct rpyc_nested_frame *take_frame(struct rpyc_client *c, struct rpyc_call *call)
{
    struct rpyc_nested *nested = &call->nested;
    size_t i = nested->top;
    if (i == (size_t)c->options->max_callbacks)
        for (i = 0; i < nested->top && nested->frames[i].stage != FREE; i++)
            continue;
    if (i == (size_t)c->options->max_callbacks)
        return NULL;
    if (i == nested->top)
        nested->top++;
    if (nested->deepest < nested->top)
        nested->deepest = nested->top;
    struct rpyc_nested_frame *frame = &nested->frames[i];
    frame->serial = call->serial;
    bench_buf_clear(&frame->seq);
    bench_buf_clear(&frame->depth);
    bench_buf_clear(&frame->method);
    return frame;
}

static void drop_frame(struct rpyc_nested_frame *frame)
{
    struct rpyc_nested *nested = &frame->awaited.call->nested;
    frame->stage = FREE;
    while (nested->top > 0 && nested->frames[nested->top - 1].stage == FREE)
        nested->top--;
}

bool rpyc_nested_is_wanted(const struct rpyc_nested_frame *frame)
{
    const struct rpyc_call *call = frame->awaited.call;
    return call->serial == frame->serial && call->lent.calling;
}

/* ---- its requests ---- */

static int send_request(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_nested_frame *frame, enum stage stage, int rc)
{
    frame->stage = stage;
    rpyc_calls_await(&c->calls, &frame->awaited, c->next_seq - 1);
    return rpyc_client_finish_request(conn, c, rc);
}

static int add_bytes(struct bench_buf *text, const struct bench_buf *from)
{
    return bench_buf_add(text, bench_buf_head(from), bench_buf_length(from));
}

/* A request goes to the server's thread that waits for the callback, as that of Python would. */
static int begin_request(struct rpyc_client *c, const struct rpyc_nested_frame *frame,
                         enum rpyc_handler handler)
{
    c->asking_thread = frame->thread;
    int rc = rpyc_client_begin_request(c, handler);
    c->asking_thread = RPYC_ANY_THREAD;
    return rc;
}

/* Starts a request with `count` arguments, of which the first is an object of the server. */
static int begin_about(struct rpyc_client *c, const struct rpyc_nested_frame *frame,
                       enum rpyc_handler handler, size_t count, const struct bench_buf *ref)
{
    struct bench_buf *text = &c->out.text;
    int rc = begin_request(c, frame, handler);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, count);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_LOCAL_REF);
    return rc < 0 ? rc : add_bytes(text, ref);
}

static int send_getattr(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_nested_frame *frame)
{
    const struct bench_value name = bench_str(RPYC_NESTED_NAME);
    int rc = begin_about(c, frame, RPYC_GETATTR, 2, &c->root);
    if (rc == 0)
        rc = rpyc_write_box(&c->out.text, &name, NULL, NULL);
    return send_request(conn, c, frame, GETATTR, rc);
}

static int send_inspect(struct bench_conn *conn, struct rpyc_client *c,
                        struct rpyc_nested_frame *frame)
{
    struct bench_buf *text = &c->out.text;
    int rc = begin_request(c, frame, RPYC_INSPECT);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, 1);
    if (rc == 0)
        rc = add_bytes(text, &frame->method);
    return send_request(conn, c, frame, INSPECT, rc);
}

/* method(d, callback) */
static int send_call(struct bench_conn *conn, struct rpyc_client *c,
                     struct rpyc_nested_frame *frame, const struct bench_buf *method)
{
    struct bench_buf *text = &c->out.text;
    const struct bench_value nothing = bench_tuple(NULL, 0);
    int rc = begin_about(c, frame, RPYC_CALL, 3, method);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_TUPLE);
    if (rc == 0)
        rc = rpyc_dump_tuple_head(text, 2);
    if (rc == 0)
        rc = rpyc_write_box_head(text, RPYC_VALUE);
    if (rc == 0)
        rc = add_bytes(text, &frame->depth);
    if (rc == 0)
        rc = rpyc_client_lend_function(c, frame->awaited.call, frame->awaited.call->lent.method);
    if (rc == 0)
        rc = rpyc_write_box(text, &nothing, NULL, NULL);
    return send_request(conn, c, frame, CALL, rc);
}

int rpyc_nested_begin(struct rpyc_serving *s, struct rpyc_call *call,
                      const struct bench_value *args)
{
    struct rpyc_client *c = s->c;
    const struct bench_buf *method = call->lent.method;
    if (!call->lent.calling)
        return bench_raise(&s->call, "RuntimeError", "the call that lent this function is over");
    if (args->seq.count != 1)
        return bench_raise(&s->call, "TypeError",
                           "callback() takes 1 positional argument but %zu were given",
                           args->seq.count);
    if (!rpyc_dumpable(&args->seq.items[0]))
        return bench_raise(&s->call, "TypeError", "callback() takes a value, not a reference");
    if (!call->nested.frames && make_frames(c, call) < 0)
        return -ENOMEM;
    struct rpyc_nested_frame *frame = take_frame(c, call);
    if (!frame)
        return bench_raise(&s->call, "RecursionError",
                           "more than %d calls of this client's function wait for each other",
                           (int)c->options->max_callbacks);
    frame->thread = s->message->sender;
    int rc = bench_buf_add(&frame->seq, s->message->seq, s->message->seq_length);
    if (rc == 0)
        rc = rpyc_dump(&frame->depth, &args->seq.items[0]);
    if (rc < 0) {
        drop_frame(frame);
        return rc == -ENOMEM ? rc : bench_raise(&s->call, "ValueError", "the argument is too long");
    }
    rc = method ? send_call(s->conn, c, frame, method) : send_getattr(s->conn, c, frame);
    return rc < 0 ? rc : 1;
}

/* ---- the answers to them ---- */

/* Answers the server's call; the method's proxy dies before that, as in Python. */
static int finish(struct rpyc_serving *s, struct rpyc_nested_frame *frame, int status,
                  const struct bench_value *value)
{
    const struct rpyc_message outer = {
        .layout = s->c->layout,
        .bound = s->c->options->bind_threads,
        .sender = frame->thread,
        .seq = bench_buf_head(&frame->seq),
        .seq_length = bench_buf_length(&frame->seq),
    };
    int rc = 0;
    s->c->asking_thread = frame->thread;
    if (bench_buf_length(&frame->method) > 0)
        rc = rpyc_client_send_del(s->conn, s->c, &frame->method, 1);
    s->c->asking_thread = RPYC_ANY_THREAD;
    if (rc < 0)
        return rc;
    drop_frame(frame); /* its memory stays until it is taken again */
    s->message = &outer;
    return rpyc_serving_answer(s, status, value);
}

/* Raises what the server raised. */
static int raise_again(struct rpyc_serving *s, struct rpyc_reader *body)
{
    struct rpyc_exception from;
    struct bench_exception *to = &s->call.exception;
    int rc = rpyc_read_exception(body, &from);
    if (rc < 0)
        return rc;
    if (from.stop_iteration)
        return -ENODATA;
    const char *module =
        bench_arena_copy(&s->c->arena, from.module.text.data, from.module.text.length);
    const char *type = bench_arena_copy(&s->c->arena, from.type.text.data, from.type.text.length);
    if (!module || !type)
        return -ENOMEM;
    *to = (struct bench_exception){.module = module, .type = type, .args = from.args};
    return -EREMOTEIO;
}

/* The bound method, by whichever name and class. 0; -EREMOTEIO; what a reader returns. */
static int read_method(struct rpyc_serving *s, struct rpyc_reader *body,
                       struct rpyc_nested_frame *frame, bool *known)
{
    struct rpyc_ref ref;
    int64_t label;
    int rc = rpyc_read_box_head(body, &label);
    if (rc == 0 && label != RPYC_REMOTE_REF)
        return bench_raise(&s->call, "TypeError", "the server's nested is a value, not a function");
    if (rc == 0)
        rc = rpyc_read_ref(body, &ref);
    if (rc == 0)
        rc = rpyc_read_end(body);
    if (rc < 0)
        return rc;
    *known = rpyc_knows_class(s->c->layout, &ref);
    rc = rpyc_write_ref(&frame->method, &ref);
    if (rc < 0)
        bench_buf_clear(&frame->method);
    return rc == 0 || rc == -ENOMEM
               ? rc
               : bench_raise(&s->call, "ValueError", "the method's name is too long");
}

/* As far as the op that lent the function is still there. */
static int go_on(struct rpyc_serving *s, struct rpyc_nested_frame *frame)
{
    const struct bench_value nothing = bench_none();
    if (rpyc_nested_is_wanted(frame))
        return send_call(s->conn, s->c, frame, &frame->method);
    (void)bench_raise(&s->call, "RuntimeError", "the call that lent this function is over");
    return finish(s, frame, -EREMOTEIO, &nothing);
}

static int read_result(struct rpyc_serving *s, struct rpyc_reader *body, struct bench_value *out)
{
    const struct rpyc_resolver resolver = rpyc_serving_resolver(s);
    int rc = rpyc_read_box(body, &resolver, out);
    return rc < 0 ? rc : rpyc_read_end(body);
}

int rpyc_nested_answer(struct bench_conn *conn, struct rpyc_client *c,
                       struct rpyc_nested_frame *frame, struct rpyc_message *message)
{
    struct rpyc_serving s = {
        .conn = conn, .c = c, .handler = RPYC_CALL, .call = {.arena = &c->arena}};
    struct bench_value value = bench_none();
    const enum stage stage = frame->stage;
    bool known = true;
    int rc = 0;
    rpyc_client_stat(c)->round_trips++;
    if (message->type == RPYC_EXCEPTION && stage != INSPECT)
        rc = raise_again(&s, &message->body);
    else if (stage == GETATTR)
        rc = read_method(&s, &message->body, frame, &known);
    else if (stage == CALL)
        rc = read_result(&s, &message->body, &value);
    if (rc < 0 && rc != -EREMOTEIO && rc != -ENODATA)
        return rpyc_client_bad_message(conn, &message->body, rc);
    if (rc < 0 || stage == CALL)
        return finish(&s, frame, rc, &value);
    return known ? go_on(&s, frame) : send_inspect(conn, c, frame);
}
