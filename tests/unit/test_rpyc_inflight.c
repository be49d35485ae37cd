/* SPDX-License-Identifier: MIT */
/* Many ops in flight on one connection: whose answer is whose, whatever the order, and what becomes
 * of the others when one is taken back or all are lost. */
#include "tests/unit/rpyc_conversation.h"

#include <errno.h>
#include <stdio.h>

TestSuite(rpyc_inflight, .timeout = 60);

enum { OPS_MAX = 128 };

/* Ops of one connection beside the client's own. */
struct crowd {
    struct client c;
    struct bench_program *programs[OPS_MAX];
    struct bench_op *ops[OPS_MAX];
    int status[OPS_MAX], completed[OPS_MAX]; /* how often */
    size_t n, done, writable;
};

struct member {
    struct crowd *crowd;
    size_t i;
};

static struct member members[OPS_MAX];
static struct conversation t;

static void member_done(struct bench_op *op, int status, void *user)
{
    const struct member *m = user;
    (void)op;
    m->crowd->status[m->i] = status;
    m->crowd->completed[m->i]++;
    m->crowd->done++;
}

/* Takes the program that the client has compiled last. */
static struct bench_op *add_op(struct crowd *crowd)
{
    const size_t i = crowd->n++;
    struct bench_op *op;
    cr_assert_lt(i, OPS_MAX);
    cr_assert_eq(bench_op_new(&rpyc_protocol, &op, &crowd->c.err), 0);
    members[i] = (struct member){crowd, i};
    crowd->ops[i] = op;
    crowd->programs[i] = crowd->c.program;
    crowd->c.program = NULL;
    op->program = crowd->programs[i];
    op->done = member_done;
    op->user = &members[i];
    return op;
}

static struct bench_op *add_text(struct crowd *crowd, const char *text)
{
    client_text(&crowd->c, text);
    return add_op(crowd);
}

static void add_nested(struct crowd *crowd, int depth)
{
    const struct bench_value arg = bench_int(depth);
    client_operation(&crowd->c, BENCH_OP_NESTED, &arg, 1);
    (void)add_op(crowd);
}

static void submit_from(struct crowd *crowd, size_t first)
{
    for (size_t i = first; i < crowd->n; i++)
        cr_assert_eq(bench_conn_submit(crowd->c.conn, crowd->ops[i], &crowd->c.err), 0, "%zu: %s",
                     i, crowd->c.err.msg);
}

static void wait_for(struct crowd *crowd, size_t done)
{
    const int64_t end_ns = bench_now_ns() + 30 * BENCH_NS_PER_S;
    while (crowd->done < done && bench_now_ns() < end_ns)
        (void)bench_loop_run(crowd->c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_assert_eq(crowd->done, done);
}

static void expect_result(struct crowd *crowd, size_t i, const char *repr)
{
    cr_assert_eq(crowd->completed[i], 1, "%zu", i);
    cr_assert_eq(crowd->status[i], 0, "%zu: %s", i, crowd->ops[i]->error.msg);
    expect_repr(&crowd->ops[i]->result, repr);
}

static void crowd_free(struct crowd *crowd)
{
    bench_conn_close(crowd->c.conn);
    bench_conn_free(crowd->c.conn);
    crowd->c.conn = NULL;
    for (size_t i = 0; i < crowd->n; i++) {
        bench_op_free(crowd->ops[i]);
        rpyc_protocol.program_free(crowd->programs[i]);
    }
    rpyc_protocol.program_free(crowd->c.program);
    bench_op_free(crowd->c.op);
    bench_options_free(rpyc_protocol.options, crowd->c.options);
    bench_loop_free(crowd->c.loop);
}

/* ---- peers that play a script ---- */

#define ROOT_REF  "\x12\x08\x0e\x0f" "builtins.method\x51\x51"
#define SECOND_REF "\x12\x08\x0e\x0f" "builtins.method\x52\x53"
#define FETCH(seq)                                                                                 \
    "\x12\x51" seq "\x11\x54\x11\x52\x11\x11\x53" ROOT_REF "\x11\x51\x08\x0d" "echo"
#define CALL(seq, method, value)                                                                   \
    "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" method "\x11\x51\x10" value "\x11\x51\x02"
#define DROP(seq, ref) "\x12\x51" seq "\x11\x5f\x11\x52\x11\x11\x53" ref "\x11\x51\x51"
#define VALUE(seq, value) "\x12\x52" seq "\x11\x51" value
#define REFERENCE(seq, ref) "\x12\x52" seq "\x11\x54" ref
#define RAISED(seq) "\x12\x53" seq "\x51" /* StopIteration */

static void start(struct crowd *crowd, struct support_peer **peer, const char *options)
{
    struct bench_error err;
    *crowd = (struct crowd){.n = 0};
    cr_assert_eq(support_peer_start(t.steps, t.n, peer, &err), 0, "%s", err.msg);
    client_new(&crowd->c, support_peer_port(*peer), options);
    cr_assert_eq(client_open(&crowd->c), 0, "%s", crowd->c.err.msg);
}

static void end(struct crowd *crowd, struct support_peer *peer)
{
    struct bench_error err;
    crowd_free(crowd);
    cr_assert_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* The first call fetches the method for good; the script has got as far as its answer. */
static void first_call(void)
{
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, FETCH("\x51"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x52", METHOD_REF, "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x50"));
}

static void run_first_call(struct crowd *crowd)
{
    (void)add_text(crowd, "root.echo(0)");
    submit_from(crowd, 0);
    wait_for(crowd, 1);
    expect_result(crowd, 0, "0");
}

/* Each answer finds its op; a second one to the same request, and one to a request that was never
 * made, are nobody's. */
Test(rpyc_inflight, answers_come_in_any_order)
{
    struct crowd crowd;
    struct support_peer *peer;
    uint32_t received = 0;
    first_call();
    ADD(&t, SUPPORT_EXPECT, CALL("\x53", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, CALL("\x54", METHOD_REF, "\x52"));
    ADD(&t, SUPPORT_EXPECT, CALL("\x55", METHOD_REF, "\x53"));
    ADD(&t, SUPPORT_EXPECT, CALL("\x56", METHOD_REF, "\x54"));
    ADD(&t, SUPPORT_SEND, VALUE("\x55", "\x53"));
    ADD(&t, SUPPORT_SEND, VALUE("\x55", "\x59")); /* once more, and another value */
    ADD(&t, SUPPORT_SEND, VALUE("\x80", "\x59"));
    ADD(&t, SUPPORT_SEND, VALUE("\x4f", "\x59")); /* seq -1 */
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x51"));
    ADD(&t, SUPPORT_SEND, RAISED("\x56"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x52"));
    hold(&t);
    start(&crowd, &peer, "version=5,call=cached");
    run_first_call(&crowd);
    (void)add_text(&crowd, "root.echo(1)");
    (void)add_text(&crowd, "root.echo(2)");
    (void)add_text(&crowd, "root.echo(3)");
    (void)add_text(&crowd, "root.echo(4)");
    submit_from(&crowd, 1);
    wait_for(&crowd, 5);
    expect_result(&crowd, 1, "1");
    expect_result(&crowd, 2, "2");
    expect_result(&crowd, 3, "3");
    cr_assert_eq(crowd.completed[4], 1);
    cr_assert_eq(crowd.ops[4]->failure, BENCH_FAILURE_REMOTE);
    for (size_t i = 1; i < 5; i++) {
        cr_expect_eq(crowd.ops[i]->stat.round_trips, 1, "%zu", i);
        cr_expect_eq(crowd.ops[i]->stat.frames_sent, 1, "%zu", i);
        received += crowd.ops[i]->stat.frames_received;
    }
    cr_expect_eq(received, 7, "what is nobody's counts for the oldest");
    cr_expect_eq(crowd.ops[3]->stat.frames_received, 1);
    cr_expect_eq(crowd.ops[1]->stat.frames_received, 4, "it was the oldest when they came");
    end(&crowd, peer);
}

/* Each call has a method of its own, and gives that one back. */
Test(rpyc_inflight, steps_of_plain_calls_interleave)
{
    struct crowd crowd;
    struct support_peer *peer;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, FETCH("\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x52"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x52", SECOND_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x53", SECOND_REF, "\x52"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x54", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x51"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x55", METHOD_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x52"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x56", SECOND_REF));
    hold(&t);
    start(&crowd, &peer, "version=5");
    (void)add_text(&crowd, "root.echo(1)");
    (void)add_text(&crowd, "root.echo(2)");
    submit_from(&crowd, 0);
    wait_for(&crowd, 2);
    expect_result(&crowd, 0, "1");
    expect_result(&crowd, 1, "2");
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(crowd.ops[i]->stat.round_trips, 2);
        cr_expect_eq(crowd.ops[i]->stat.frames_sent, 3);
        cr_expect_eq(crowd.ops[i]->stat.frames_received, 2);
        cr_expect_eq(crowd.ops[i]->stat.ack_waits, 1);
    }
    end(&crowd, peer);
}

/* Two ops need a method that is not there yet: one is kept, the other one goes back. */
Test(rpyc_inflight, a_method_that_was_fetched_twice_is_kept_once)
{
    struct crowd crowd;
    struct support_peer *peer;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, FETCH("\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x52"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x53", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x52", SECOND_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x54", METHOD_REF, "\x52"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x52"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x55", SECOND_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x51"));
    ADD(&t, SUPPORT_EXPECT, CALL("\x56", METHOD_REF, "\x53"));
    ADD(&t, SUPPORT_SEND, VALUE("\x56", "\x53"));
    hold(&t);
    start(&crowd, &peer, "version=5,call=cached");
    (void)add_text(&crowd, "root.echo(1)");
    (void)add_text(&crowd, "root.echo(2)");
    submit_from(&crowd, 0);
    wait_for(&crowd, 2);
    (void)add_text(&crowd, "root.echo(3)");
    submit_from(&crowd, 2);
    wait_for(&crowd, 3);
    expect_result(&crowd, 0, "1");
    expect_result(&crowd, 1, "2");
    expect_result(&crowd, 2, "3");
    end(&crowd, peer);
}

#define FUNC_REF                                                                                   \
    "\x12\x08\x0e\x11" "builtins.function\x16\x07" "9756960\x16\x0f" "140000000000000"
#define SECOND_FUNC_REF                                                                            \
    "\x12\x08\x0e\x11" "builtins.function\x16\x07" "9756960\x16\x0f" "140137438953472"
#define FETCH_NESTED(seq)                                                                          \
    "\x12\x51" seq "\x11\x54\x11\x52\x11\x11\x53" ROOT_REF "\x11\x51\x08\x0e\x06nested"
#define CALL_NESTED(seq, method, depth, function)                                                  \
    "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" method "\x11\x52\x11\x11\x51" depth              \
    "\x11\x54" function "\x11\x51\x02"
#define CALL_BACK(seq, function, depth)                                                            \
    "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" function "\x11\x51\x10" depth "\x11\x51\x02"
#define INNER_REF "\x12\x08\x0e\x0f" "builtins.method\x52\x54"

/* Both lend a function; the one of the second is called, and all that it takes is the second's. */
Test(rpyc_inflight, a_callback_counts_for_the_op_that_lent_it)
{
    struct crowd crowd;
    struct support_peer *peer;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, FETCH_NESTED("\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH_NESTED("\x52"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x53", METHOD_REF, "\x51", FUNC_REF));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x52", SECOND_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x54", SECOND_REF, "\x52", SECOND_FUNC_REF));
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", SECOND_FUNC_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH_NESTED("\x55"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x55", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x56", INNER_REF, "\x51", SECOND_FUNC_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x56", "\x51"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x57", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x51"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x52"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x58", SECOND_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x51"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x59", METHOD_REF));
    hold(&t);
    start(&crowd, &peer, "version=5");
    add_nested(&crowd, 1);
    add_nested(&crowd, 2);
    submit_from(&crowd, 0);
    wait_for(&crowd, 2);
    expect_result(&crowd, 0, "1");
    expect_result(&crowd, 1, "2");
    const struct bench_op_stat *first = &crowd.ops[0]->stat, *second = &crowd.ops[1]->stat;
    cr_expect_eq(first->served, 0);
    cr_expect_eq(first->round_trips, 2);
    cr_expect_eq(first->frames_sent, 3);
    cr_expect_eq(first->frames_received, 2);
    cr_expect_eq(second->served, 1);
    cr_expect_eq(second->round_trips, 5);
    cr_expect_eq(second->frames_sent, 7);
    cr_expect_eq(second->frames_received, 5);
    end(&crowd, peer);
}

/* The others do not notice; what the late answer brings is given back. */
Test(rpyc_inflight, one_of_several_is_taken_back)
{
    struct crowd crowd;
    struct support_peer *peer;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, FETCH("\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x52"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x53", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x54", METHOD_REF, "\x53"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x52", SECOND_REF)); /* late */
    ADD(&t, SUPPORT_EXPECT, DROP("\x55", SECOND_REF));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x52", SECOND_REF)); /* nobody's by now */
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL("\x56", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_SEND, VALUE("\x56", "\x51"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x57", METHOD_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x53"));
    ADD(&t, SUPPORT_EXPECT, DROP("\x58", METHOD_REF));
    hold(&t);
    start(&crowd, &peer, "version=5");
    (void)add_text(&crowd, "root.echo(1)");
    (void)add_text(&crowd, "root.echo(2)");
    (void)add_text(&crowd, "root.echo(3)");
    submit_from(&crowd, 0);
    bench_conn_cancel(crowd.c.conn, crowd.ops[1]);
    wait_for(&crowd, 3);
    expect_result(&crowd, 0, "1");
    expect_result(&crowd, 2, "3");
    cr_assert_eq(crowd.completed[1], 1);
    cr_assert_eq(crowd.status[1], -ECANCELED);
    cr_assert(bench_conn_is_ready(crowd.c.conn));
    end(&crowd, peer);
}

Test(rpyc_inflight, a_connection_that_ends_takes_all_of_them_along_once)
{
    static const struct {
        enum support_step_kind kind;
        enum bench_failure failure;
    } ends[] = {{SUPPORT_CLOSE, BENCH_FAILURE_CLOSED}, {SUPPORT_RESET, BENCH_FAILURE_RESET}};
    for (size_t k = 0; k < BENCH_COUNT_OF(ends); k++) {
        struct crowd crowd;
        struct support_peer *peer;
        struct bench_error err;
        opening(&t);
        for (size_t i = 0; i < 100; i++)
            skip_frame(&t, sizeof(FETCH("\x51")) - 1);
        t.steps[t.n++] = (struct support_step){.kind = ends[k].kind};
        start(&crowd, &peer, "version=5");
        for (int i = 0; i < 100; i++)
            (void)add_text(&crowd, "root.echo(1)");
        submit_from(&crowd, 0);
        bench_conn_cancel(crowd.c.conn, crowd.ops[50]);
        wait_for(&crowd, 100);
        (void)bench_loop_run(crowd.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
        for (size_t i = 0; i < 100; i++) {
            cr_expect_eq(crowd.completed[i], 1, "%zu", i);
            cr_expect_lt(crowd.status[i], 0);
            cr_expect_eq(crowd.ops[i]->failure, i == 50 ? BENCH_FAILURE_CANCELED : ends[k].failure,
                         "%zu: %s", i, crowd.ops[i]->error.msg);
        }
        cr_assert_not(bench_conn_is_ready(crowd.c.conn));
        crowd_free(&crowd);
        (void)support_peer_stop(peer, &err);
    }
}

/* ---- our server ---- */

/* As a Python program's `f = rpyc.async_(conn.root.ping)`, called 100 times before any value is
 * asked for. */
Test(rpyc_inflight, a_hundred_requests_are_two_hundred_frames)
{
    struct server server;
    struct crowd crowd = {.n = 0};
    uint32_t frames = 0;
    server_start(&server);
    client_new(&crowd.c, server.port, "call=cached");
    cr_assert_eq(client_open(&crowd.c), 0);
    (void)add_text(&crowd, "root.ping()");
    submit_from(&crowd, 0);
    wait_for(&crowd, 1);
    for (int i = 0; i < 100; i++)
        (void)add_text(&crowd, "root.ping()");
    submit_from(&crowd, 1); /* nothing is read in between */
    cr_assert_eq(crowd.done, 1);
    wait_for(&crowd, 101);
    for (size_t i = 1; i < crowd.n; i++) {
        expect_result(&crowd, i, "'pong'");
        cr_expect_eq(crowd.ops[i]->stat.round_trips, 1);
        frames += crowd.ops[i]->stat.frames_sent + crowd.ops[i]->stat.frames_received;
    }
    cr_assert_eq(frames, 200);
    crowd_free(&crowd);
    server_stop(&server);
}

static void on_writable(struct bench_conn *conn, void *user)
{
    (void)conn;
    bench_loop_stop(((struct client *)user)->loop);
    ((struct crowd *)user)->writable++; /* its first member is the client */
}

Test(rpyc_inflight, more_than_the_option_allows_wait_for_room)
{
    const struct bench_conn_events events = {.writable = on_writable};
    struct bench_address address = {.host = "127.0.0.1"};
    struct server server;
    struct crowd crowd = {.n = 0};
    server_start(&server);
    client_new(&crowd.c, server.port, "max-inflight=2");
    bench_conn_free(crowd.c.conn);
    address.port = server.port;
    cr_assert_eq(bench_address_resolve(&address, &crowd.c.err), 0);
    cr_assert_eq(bench_conn_new(crowd.c.loop, &rpyc_protocol, crowd.c.options, &address, &events,
                                &crowd, &crowd.c.conn, &crowd.c.err),
                 0);
    cr_assert_eq(bench_protocol_inflight(&rpyc_protocol, crowd.c.options), 2);
    cr_assert_eq(client_open(&crowd.c), 0);
    (void)add_text(&crowd, "root.echo(1)");
    (void)add_text(&crowd, "root.echo(2)");
    submit_from(&crowd, 0);
    struct bench_op *third = add_text(&crowd, "root.echo(3)");
    cr_assert_eq(bench_conn_submit(crowd.c.conn, third, &crowd.c.err), -EAGAIN);
    wait_for(&crowd, 2);
    (void)bench_loop_run(crowd.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_assert_eq(crowd.writable, 1);
    submit_from(&crowd, 2);
    wait_for(&crowd, 3);
    for (size_t i = 0; i < 3; i++)
        expect_result(&crowd, i, i == 0 ? "1" : i == 1 ? "2" : "3");
    crowd_free(&crowd);
    server_stop(&server);
}

static void add_upload(struct crowd *crowd, size_t length)
{
    client_operation(&crowd->c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    struct bench_op *op = add_op(crowd);
    op->tx.data = bench_payload(length);
    op->tx.length = length;
    op->tx.chunk_size = 1000;
}

static void add_download(struct crowd *crowd, size_t length)
{
    const struct bench_value args[] = {bench_int((int64_t)length), bench_int(1000)};
    client_operation(&crowd->c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
    (void)add_op(crowd);
}

/* A callback, a list of ours, a generator of the server and an expression, several of each: what was
 * lent belongs to the op that lent it. */
static void add_one_of_each(struct crowd *crowd, int k)
{
    add_nested(crowd, 2 + k);
    add_upload(crowd, 3500 + 1000 * (size_t)k);
    add_download(crowd, 4500 + 1000 * (size_t)k);
    (void)add_text(crowd, "list(root.get_users(3))[1].name");
}

static void check_one_of_each(struct crowd *crowd, size_t first, int k)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%d", 2 + k);
    expect_result(crowd, first, text);
    cr_expect_geq(crowd->ops[first]->stat.served, 2 + (uint32_t)k, "it was called back");
    (void)snprintf(text, sizeof(text), "%d", 3500 + 1000 * k);
    expect_result(crowd, first + 1, text);
    cr_expect_eq(crowd->status[first + 2], 0, "%s", crowd->ops[first + 2]->error.msg);
    cr_expect_eq(crowd->ops[first + 2]->sink.length, 4500 + 1000 * (uint64_t)k);
    expect_result(crowd, first + 3, "'user1'");
}

Test(rpyc_inflight, what_the_server_asks_back_finds_its_op)
{
    static const char *const calls[] = {"call=plain", "call=cached"};
    enum { ROUNDS = 4 };
    struct server server;
    server_start(&server);
    for (size_t style = 0; style < BENCH_COUNT_OF(calls); style++) {
        struct crowd crowd = {.n = 0};
        client_new(&crowd.c, server.port, calls[style]);
        cr_assert_eq(client_open(&crowd.c), 0);
        for (int k = 0; k < ROUNDS; k++)
            add_one_of_each(&crowd, k);
        submit_from(&crowd, 0);
        wait_for(&crowd, crowd.n);
        for (int k = 0; k < ROUNDS; k++)
            check_one_of_each(&crowd, 4 * (size_t)k, k);
        crowd_free(&crowd);
    }
    server_stop(&server);
}
