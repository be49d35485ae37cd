/* SPDX-License-Identifier: MIT */
/* The client against our server in one process, and against peers that play a script. */
#include "tests/unit/rpyc_link.h"

#include <errno.h>
#include <stdio.h>

TestSuite(rpyc_client, .timeout = 60);

/* ---- what an op costs ---- */

Test(rpyc_client, a_plain_call_is_two_round_trips_and_six_frames)
{
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(layouts); i++) {
        struct client c;
        client_new(&c, server.port, layouts[i]);
        cr_assert_eq(client_open(&c), 0, "%s: %s", layouts[i], c.err.msg);
        client_operation(&c, BENCH_OP_PING, NULL, 0);
        for (int round = 0; round < 3; round++) {
            cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
            expect_repr(&c.op->result, "'pong'");
            cr_assert_eq(c.op->stat.round_trips, 2);
            cr_assert_eq(c.op->stat.frames_sent, 3);
            /* The answer to a DEL is counted in the next op. */
            cr_assert_eq(c.op->stat.frames_received, round == 0 ? 2 : 3);
            cr_assert_eq(c.op->stat.wire_sent, c.op->stat.plain_sent);
            cr_assert_eq(c.op->stat.wire_received, c.op->stat.plain_received);
            cr_assert_eq(c.op->stat.served, 0);
            cr_assert_leq(c.op->marks.submitted, c.op->marks.sent);
            cr_assert_leq(c.op->marks.sent, c.op->marks.first_byte);
            cr_assert_leq(c.op->marks.first_byte, c.op->marks.done);
        }
        client_free(&c);
    }
    server_stop(&server);
}

/* The method that is given back is in front of the next request, unless the socket may send both.
 */
Test(rpyc_client, what_is_left_behind_holds_the_next_request_up_on_a_socket_with_nagle)
{
    static const struct {
        const char *socket;
        uint32_t waits;
    } cases[] = {{"auto", 1}, {"python", 1}, {"fast", 0}, {"nodelay", 0}};
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct client c;
        client_new(&c, server.port, layouts[0]);
        cr_assert_eq(
            bench_options_set(rpyc_protocol.options, c.options, "socket", cases[i].socket, &c.err),
            0);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_operation(&c, BENCH_OP_PING, NULL, 0);
        for (int round = 0; round < 2; round++) {
            cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
            cr_expect_eq(c.op->stat.ack_waits, cases[i].waits, "%s", cases[i].socket);
        }
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_client, a_cached_call_is_one_round_trip_and_two_frames)
{
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(layouts); i++) {
        struct client c;
        client_new(&c, server.port, layouts[i]);
        cr_assert_eq(bench_options_set(rpyc_protocol.options, c.options, "call", "cached", &c.err),
                     0);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_operation(&c, BENCH_OP_PING, NULL, 0);
        for (int round = 0; round < 4; round++) {
            bool first = round == 0;
            cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
            expect_repr(&c.op->result, "'pong'");
            cr_assert_eq(c.op->stat.round_trips, first ? 2 : 1);
            cr_assert_eq(c.op->stat.frames_sent, first ? 2 : 1);
            cr_assert_eq(c.op->stat.frames_received, first ? 2 : 1);
            cr_assert_eq(c.op->stat.ack_waits, 0, "nothing is given back");
        }
        client_operation(&c, BENCH_OP_HEALTH_CHECK, NULL, 0); /* another name: fetched as well */
        cr_assert_eq(client_call(&c), 0);
        cr_assert_eq(c.op->stat.round_trips, 2);
        expect_repr(&c.op->result, "'ok'");
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_client, the_probe_is_a_ping)
{
    const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    struct server server;
    struct client c;
    server_start(&server);
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0);
    client_program(&c, &probe);
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    cr_assert_eq(c.op->stat.round_trips, 1);
    cr_assert_eq(c.op->stat.frames_sent, 1);
    client_free(&c);
    server_stop(&server);
}

/* ---- payloads ---- */

Test(rpyc_client, bytes_of_all_sizes_come_back)
{
    static const size_t sizes[] = {0, 1, 4, 5, 255, 256, 600, 2900, 3001, 20000, 5000000};
    struct server server;
    server_start(&server);
    for (size_t layout = 0; layout < 2; layout++) {
        struct client c;
        struct bench_buf store;
        client_new(&c, server.port, layouts[layout]);
        cr_assert_eq(client_open(&c), 0);
        client_operation(&c, BENCH_OP_ECHO, NULL, 0);
        bench_buf_init(&store, (size_t)8 << 20);
        c.op->sink.kind = BENCH_SINK_STORE;
        c.op->sink.store = &store;
        for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
            const uint8_t *data = bench_payload(sizes[i]);
            bench_buf_clear(&store);
            c.op->tx.data = data;
            c.op->tx.length = sizes[i];
            cr_assert_eq(client_call(&c), 0, "%zu: %s", sizes[i], c.err.msg);
            cr_assert_eq(c.op->sink.length, sizes[i]);
            cr_assert_eq(bench_buf_length(&store), sizes[i]);
            cr_assert(sizes[i] == 0 || memcmp(bench_buf_head(&store), data, sizes[i]) == 0);
            cr_assert_gt(c.op->stat.plain_sent, sizes[i]);
            cr_assert_gt(c.op->stat.plain_received, sizes[i]);
            /* Random bytes do not get smaller, but what is compressed differs in length. */
            cr_assert_eq(c.op->stat.wire_sent != c.op->stat.plain_sent, sizes[i] > 3000);
        }
        bench_buf_fini(&store);
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_client, parameters_go_before_the_bytes)
{
    const struct bench_value args[2] = {bench_int(1000), bench_int(7)};
    struct server server;
    struct client c;
    struct bench_buf store;
    server_start(&server);
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0);
    client_operation(&c, BENCH_OP_DOWNLOAD_CHUNK, args, 2);
    bench_buf_init(&store, 4096);
    c.op->sink.kind = BENCH_SINK_STORE;
    c.op->sink.store = &store;
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    cr_assert_eq(bench_buf_length(&store), 1000);
    cr_assert(memcmp(bench_buf_head(&store), bench_payload(1007) + 7, 1000) == 0);
    bench_buf_fini(&store);
    client_operation(&c, BENCH_OP_UPLOAD, NULL, 0);
    c.op->tx.data = bench_payload(100000);
    c.op->tx.length = 100000;
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    expect_repr(&c.op->result, "100000");
    client_free(&c);
    server_stop(&server);
}

Test(rpyc_client, values_of_a_written_call_come_back)
{
    static const struct {
        const char *text, *repr;
    } cases[] = {
        {"root.echo(None)", "None"},
        {"conn.root.echo( True )", "True"},
        {"root.echo(-5)", "-5"},
        {"root.echo(123456789012345678901234567890)", "123456789012345678901234567890"},
        {"root.echo(-1.5e3)", "-1500.0"},
        {"root.echo('h\\xe9 \\'x\\'\\n')", "\"h\xc3\xa9 'x'\\n\""},
        {"root.echo(b\"a\\x00\\xff\")", "b'a\\x00\\xff'"},
        {"root.compute(10,)", "285"},
        {"root.exposed_ping()", "'pong'"},
    };
    struct server server;
    struct client c;
    server_start(&server);
    client_new(&c, server.port, "version=5");
    cr_assert_eq(client_open(&c), 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        client_text(&c, cases[i].text);
        cr_assert_eq(client_call(&c), 0, "%s: %s", cases[i].text, c.err.msg);
        expect_repr(&c.op->result, cases[i].repr);
    }
    client_free(&c);
    server_stop(&server);
}

Test(rpyc_client, what_is_no_expression_is_refused_with_its_column)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = "root.x(1 2)"};
    struct bench_program *program;
    struct bench_error err;
    cr_assert_eq(rpyc_protocol.compile(NULL, &spec, &program, &err), -EINVAL);
    cr_assert_str_eq(err.msg, "column 10: expected ',' or ')'");
}

/* ---- failures of the service ---- */

Test(rpyc_client, exceptions_are_failures_and_the_connection_lives_on)
{
    struct server server;
    server_start(&server);
    for (size_t layout = 0; layout < 2; layout++) {
        struct client c;
        client_new(&c, server.port, layouts[layout]);
        cr_assert_eq(client_open(&c), 0);
        client_text(&c, "root.nope()");
        cr_assert_eq(client_call(&c), -EREMOTEIO);
        cr_assert_eq(c.op->failure, BENCH_FAILURE_REMOTE);
        cr_assert(strncmp(c.op->error.msg, "builtins.AttributeError: ", 25) == 0, "%s",
                  c.op->error.msg);
        client_text(&c, "root.compute(-1)");
        cr_assert_eq(client_call(&c), -EREMOTEIO);
        cr_assert_eq(c.op->failure, BENCH_FAILURE_REMOTE);
        cr_assert(strncmp(c.op->error.msg, "builtins.ValueError: ", 21) == 0, "%s",
                  c.op->error.msg);
        cr_assert_eq(c.op->stat.round_trips, 2);
        client_operation(&c, BENCH_OP_PING, NULL, 0);
        cr_assert_eq(client_call(&c), 0);
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_client, a_reply_over_the_limits_is_a_protocol_failure)
{
    static const char *const options[] = {"max-frame=64KiB", "max-inflate=64KiB"};
    const struct bench_value size = bench_int(1000000);
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(options); i++) {
        struct client c;
        client_new(&c, server.port, options[i]);
        cr_assert_eq(client_open(&c), 0);
        client_operation(&c, BENCH_OP_DOWNLOAD, &size, 1);
        cr_assert_eq(client_call(&c), -EMSGSIZE);
        cr_assert_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
        cr_assert_not(bench_conn_is_ready(c.conn));
        client_free(&c);
    }
    server_stop(&server);
}

/* The counts that one answer, or one expression, may have. */
Test(rpyc_client, counts_over_the_limits_are_a_protocol_failure)
{
    static const struct {
        const char *option, *good, *bad;
    } cases[] = {
        {"max-items=100", "root.get_users_tuples(10)", "root.get_users_tuples(30)"},
        {"max-nesting=8", "root.echo(((((1,),),),))", "root.echo(((((((((((1,),),),),),),),),),))"},
        {"max-references=16", "list(root.get_users(10))", "list(root.get_users(30))"},
    };
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct client c;
        client_new(&c, server.port, cases[i].option);
        cr_assert_eq(client_open(&c), 0);
        client_text(&c, cases[i].good);
        cr_expect_eq(client_call(&c), 0, "%s: %s", cases[i].good, c.op->error.msg);
        client_text(&c, cases[i].bad);
        cr_expect_lt(client_call(&c), 0, "%s", cases[i].bad);
        cr_expect_eq(c.op->failure, BENCH_FAILURE_PROTOCOL, "%s: %s", cases[i].bad,
                     c.op->error.msg);
        client_free(&c);
    }
    server_stop(&server);
}

/* ---- peers that play a script (layout A; its root is of a class that needs no INSPECT) ---- */

/* The request PING with seq 1, 31 bytes, and its answer. */
#define PING_LENGTH 31
#define PONG                                                                                       \
    "\0\0\0\x16\0\x12\x52\x51\x11\x51\x08\x0e\x0e"                                                 \
    "rpycbench ping\n"

struct scripted {
    struct support_peer *peer;
    struct client c;
};

static void play(struct scripted *s, const struct support_step *steps, size_t n)
{
    const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    struct bench_error err;
    cr_assert_eq(support_peer_start(steps, n, &s->peer, &err), 0, "%s", err.msg);
    client_new(&s->c, support_peer_port(s->peer), "version=5");
    cr_assert_eq(client_open(&s->c), 0, "%s", s->c.err.msg);
    client_program(&s->c, &probe);
}

static void play_end(struct scripted *s, int expected)
{
    struct bench_error err;
    client_free(&s->c);
    cr_assert_eq(support_peer_stop(s->peer, &err), expected, "%s", err.msg);
}

Test(rpyc_client, an_answer_may_come_byte_by_byte)
{
    struct support_step steps[3 + sizeof(PONG)] = {OPENING, {SUPPORT_READ, NULL, PING_LENGTH}};
    size_t n = 3;
    for (size_t i = 0; i < sizeof(PONG) - 1; i++)
        steps[n++] = (struct support_step){SUPPORT_SEND, &PONG[i], 1};
    steps[n++] = (struct support_step){.kind = SUPPORT_HOLD};
    struct scripted s;
    play(&s, steps, n);
    cr_assert_eq(client_call(&s.c), 0, "%s", s.c.err.msg);
    cr_assert_eq(s.c.op->stat.frames_received, 1);
    play_end(&s, 0);
}

/* Unknown answers and empty frames are dropped, requests are answered while the client waits. */
Test(rpyc_client, requests_of_the_server_are_served_meanwhile)
{
    static const char ping[] = "\0\0\0\x09\0\x12\x51\x50\x11\x51\x11\x51\x10\x57\n";
    static const char ping_answer[] = "\0\0\0\x06\0\x12\x52\x50\x11\x51\x57\n";
    static const char del[] = "\0\0\0\x0a\0\x12\x51\x55\x11\x5f\x11\x51\x11\x00\x51\n";
    static const char del_answer[] = "\0\0\0\x51\0\x12\x53\x55\x13\x11\x08\x0e\x08"
                                     "builtins\x08\x0e\x08"
                                     "KeyError\x10\x08\x0e\x1c"
                                     "no object has this reference\x02"
                                     "\x08\x0e\x12<traceback denied>\n";
    static const char root[] = "\0\0\0\x08\0\x12\x51\x56\x11\x53\x11\x51\x02\n";
    static const char root_answer[] = "\0\0\0\x28\0\x12\x52\x56\x11\x54\x12\x08\x0e\x1d"
                                      "rpyc.core.service.VoidService\x51\x51\n";
    static const struct support_step script[] = {
        OPENING,
        {SUPPORT_READ, NULL, PING_LENGTH},
        STEP(SUPPORT_SEND, "\0\0\0\0\0\n"),
        STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x99\x11\x51\x00\n"),
        {SUPPORT_SEND, ping, sizeof(ping) - 1},
        {SUPPORT_EXPECT, ping_answer, sizeof(ping_answer) - 1},
        {SUPPORT_SEND, del, sizeof(del) - 1},
        {SUPPORT_EXPECT, del_answer, sizeof(del_answer) - 1},
        {SUPPORT_SEND, root, sizeof(root) - 1},
        {SUPPORT_EXPECT, root_answer, sizeof(root_answer) - 1},
        STEP(SUPPORT_SEND, PONG),
        {.kind = SUPPORT_HOLD},
    };
    struct scripted s;
    play(&s, script, BENCH_COUNT_OF(script));
    cr_assert_eq(client_call(&s.c), 0, "%s", s.c.err.msg);
    cr_assert_eq(s.c.op->stat.served, 3);
    cr_assert_eq(s.c.op->stat.round_trips, 3); /* nobody waits for the answer to DEL */
    cr_assert_eq(s.c.op->stat.frames_sent, 4);
    cr_assert_eq(s.c.op->stat.frames_received, 6);
    play_end(&s, 0);
}

/* What comes instead of the answer, and the failure that it is. */
Test(rpyc_client, broken_answers)
{
    static const struct {
        struct support_step step;
        enum bench_failure failure;
    } cases[] = {
        {STEP(SUPPORT_SEND, "\xff\xff\xff\xff\0"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x04\0HTTP\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x04\x01"
                            "abcd\n"),
         BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x05\0\x12\x52\x51\x11\x51\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x51\x11\x59\x00\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x07\0\x12\x52\x51\x11\x51\x00\x00\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x05\0\x12\x53\x51\x10\x51\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x06\0\x02\x11\x51\x11\x51\x00\n"), BENCH_FAILURE_PROTOCOL},
        {STEP(SUPPORT_SEND, "\0\0\0\x08\0\x12\x51\x50\x11\x52\x11\x51\x02\n"),
         BENCH_FAILURE_CLOSED},
        {STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x51\x11\x51\x57\n"), BENCH_FAILURE_WRONG},
        {STEP(SUPPORT_SEND, "\0\0\0\x04\0\x12\x53\x51\x51\n"), BENCH_FAILURE_REMOTE},
        {STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12"), BENCH_FAILURE_CLOSED},
        {{.kind = SUPPORT_CLOSE}, BENCH_FAILURE_CLOSED},
        {{.kind = SUPPORT_RESET}, BENCH_FAILURE_RESET},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        const struct support_step steps[] = {
            OPENING, {SUPPORT_READ, NULL, PING_LENGTH}, cases[i].step, {.kind = SUPPORT_CLOSE}};
        struct scripted s;
        struct bench_error err;
        play(&s, steps, cases[i].step.kind == SUPPORT_SEND ? 5 : 4);
        cr_assert_lt(client_call(&s.c), 0, "case %zu", i);
        cr_assert_eq(s.c.op->failure, cases[i].failure, "case %zu: %s, %s", i,
                     bench_failure_name(s.c.op->failure), s.c.op->error.msg);
        client_free(&s.c);
        (void)support_peer_stop(s.peer, &err);
    }
}

Test(rpyc_client, a_layout_that_was_asked_for_is_not_given_up)
{
    /* The CLOSE of a peer of version 6, as the answer to anything of version 5. */
    static const struct support_step steps[] = {
        STEP(SUPPORT_EXPECT, GETROOT),
        STEP(SUPPORT_SEND, "\0\0\0\x08\0\x01\x11\x50\x11\x52\x11\x51\x02\n"),
        {.kind = SUPPORT_HOLD},
    };
    struct support_peer *peer;
    struct client c;
    struct bench_error err;
    cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0);
    client_new(&c, support_peer_port(peer), "version=5");
    cr_assert_lt(client_open(&c), 0);
    cr_assert_eq(bench_conn_failure(c.conn), BENCH_FAILURE_PROTOCOL);
    cr_assert_not_null(strstr(c.err.msg, "version=6"));
    client_free(&c);
    cr_assert_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* ---- taking back ---- */

static void on_done(struct bench_op *op, int status, void *user)
{
    (void)op;
    *(int *)user = status;
}

Test(rpyc_client, a_late_answer_is_dropped_and_the_next_one_is_right)
{
    static const char late[] = "\0\0\0\x06\0\x12\x52\x51\x11\x51\x57\n";
    static const char second[] = "\0\0\0\x16\0\x12\x52\x52\x11\x51\x08\x0e\x0e"
                                 "rpycbench ping\n";
    static const struct support_step steps[] = {
        OPENING,
        {SUPPORT_READ, NULL, 2 * PING_LENGTH},
        {SUPPORT_SEND, late, sizeof(late) - 1},
        {SUPPORT_SEND, second, sizeof(second) - 1},
        {.kind = SUPPORT_HOLD},
    };
    struct scripted s;
    int status = 1;
    play(&s, steps, BENCH_COUNT_OF(steps));
    s.c.op->done = on_done;
    s.c.op->user = &status;
    bench_op_reset(s.c.op);
    cr_assert_eq(bench_conn_submit(s.c.conn, s.c.op, &s.c.err), 0);
    bench_conn_cancel(s.c.conn, s.c.op);
    (void)bench_loop_run(s.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(s.c.op->failure, BENCH_FAILURE_CANCELED);
    cr_assert(bench_conn_is_ready(s.c.conn));
    cr_assert_eq(client_call(&s.c), 0, "%s", s.c.err.msg);
    play_end(&s, 0);
}

Test(rpyc_client, too_many_missing_answers_close_the_connection)
{
    static const struct support_step steps[] = {OPENING, {.kind = SUPPORT_HOLD}};
    struct scripted s;
    struct bench_error err;
    int status = 1, taken_back = 0;
    play(&s, steps, BENCH_COUNT_OF(steps));
    s.c.op->done = on_done;
    s.c.op->user = &status;
    while (bench_conn_is_ready(s.c.conn) && taken_back < 1000) {
        bench_op_reset(s.c.op);
        cr_assert_eq(bench_conn_submit(s.c.conn, s.c.op, &s.c.err), 0);
        bench_conn_cancel(s.c.conn, s.c.op);
        (void)bench_loop_run(s.c.loop, bench_now_ns() + BENCH_NS_PER_MS / 10);
        cr_assert_eq(status, -ECANCELED);
        taken_back++;
    }
    cr_assert_eq(taken_back, 65);
    client_free(&s.c);
    (void)support_peer_stop(s.peer, &err);
}
