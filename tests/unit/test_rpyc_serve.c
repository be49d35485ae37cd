/* SPDX-License-Identifier: MIT */
/* What the client does when the server calls it back, told by bytes: good servers and bad ones. */
#include "tests/unit/rpyc_conversation.h"

#include <errno.h>
#include <stdio.h>

TestSuite(rpyc_serve, .timeout = 60);

static void client_nested(struct client *c, int64_t depth)
{
    const struct bench_value arg = bench_int(depth);
    client_operation(c, BENCH_OP_NESTED, &arg, 1);
}

/* The ids that we give: the function is the first thing that a connection lends. */
#define FUNC_REF                                                                                   \
    "\x12\x08\x0e\x11" "builtins.function\x16\x07" "9756960\x16\x0f" "140000000000000"
/* That of an op whose call is the second one, as the first still waits for an answer. */
#define SECOND_FUNC_REF                                                                            \
    "\x12\x08\x0e\x11" "builtins.function\x16\x07" "9756960\x16\x0f" "140137438953472"
/* Our own root, as the server sees it. */
#define CLIENT_ROOT "\x12\x08\x0e\x1d" "rpyc.core.service.VoidService\x51\x51"
#define ROOT_REF  "\x12\x08\x0e\x0f" "builtins.method\x51\x51"
#define INNER_REF "\x12\x08\x0e\x0f" "builtins.method\x52\x53"
#define OTHER_REF "\x12\x08\x0e\x0f" "builtins.method\x52\x54"

/* What the client sends: GETATTR(root, "nested"), CALL(method, (depth, function), ()), DEL. */
#define FETCH(seq)                                                                                 \
    "\x12\x51" seq "\x11\x54\x11\x52\x11\x11\x53" ROOT_REF "\x11\x51\x08\x0e\x06nested"
#define CALL_NESTED(seq, method, depth) CALL_NESTED_WITH(seq, method, depth, FUNC_REF)
#define CALL_NESTED_WITH(seq, method, depth, function)                                             \
    "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" method "\x11\x52\x11\x11\x51" depth              \
    "\x11\x54" function "\x11\x51\x02"
#define GIVE_BACK(seq, ref, count)                                                                 \
    "\x12\x51" seq "\x11\x5f\x11\x52\x11\x11\x53" ref "\x11\x51" count
/* What the server sends: CALL(function, (depth,), ()). */
#define CALL_BACK(seq, depth)                                                                      \
    "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" FUNC_REF "\x11\x51\x10" depth "\x11\x51\x02"
/* A request about the function alone, and one with further boxes. */
#define ABOUT(seq, handler) "\x12\x51" seq "\x11" handler "\x11\x52\x10\x11\x53" FUNC_REF
#define ABOUT2(seq, handler, box) "\x12\x51" seq "\x11" handler "\x11\x52\x11\x11\x53" FUNC_REF box
#define VALUE(seq, value) "\x12\x52" seq "\x11\x51" value
#define REFERENCE(seq, ref) "\x12\x52" seq "\x11\x54" ref
#define NO_OBJECT "no object has this reference"

static struct conversation t;

/* An exception of builtins with one text. seq: of one byte. */
static void add_raise(enum support_step_kind kind, const char *seq, const char *type,
                      const char *text)
{
    static const char tail[] = "\x02\x08\x0e\x12<traceback denied>";
    char payload[160];
    const size_t type_length = strlen(type), text_length = strlen(text);
    size_t n = 0;
    memcpy(payload, "\x12\x53?\x13\x11\x08\x0e\x08" "builtins\x08\x0e", 18);
    payload[2] = seq[0];
    n = 18;
    payload[n++] = (char)type_length;
    memcpy(payload + n, type, type_length);
    n += type_length;
    memcpy(payload + n, "\x10\x08\x0e", 3);
    n += 3;
    payload[n++] = (char)text_length;
    memcpy(payload + n, text, text_length);
    n += text_length;
    memcpy(payload + n, tail, sizeof(tail) - 1);
    add(&t, kind, payload, n + sizeof(tail) - 1);
}

static void expect_raise(const char *seq, const char *type, const char *text)
{
    add_raise(SUPPORT_EXPECT, seq, type, text);
}

static void send_raise(const char *seq, const char *type, const char *text)
{
    add_raise(SUPPORT_SEND, seq, type, text);
}

/* Up to the call; method and function have been sent. */
static void begin_nested(const char *depth)
{
    opening(&t);
    fetch_method(&t, "nested");
    uint8_t call[160];
    static const char model[] = CALL_NESTED("\x52", METHOD_REF, "?");
    memcpy(call, model, sizeof(model));
    ((uint8_t *)memchr(call, '?', sizeof(model)))[0] = (uint8_t)depth[0];
    add(&t, SUPPORT_EXPECT, call, sizeof(model) - 1);
}

struct play {
    struct support_peer *peer;
    struct client c;
};

static void begin_play(struct play *p, const char *options, int64_t depth)
{
    struct bench_error err;
    cr_assert_eq(support_peer_start(t.steps, t.n, &p->peer, &err), 0, "%s", err.msg);
    client_new(&p->c, support_peer_port(p->peer), options);
    cr_assert_eq(client_open(&p->c), 0, "%s", p->c.err.msg);
    client_nested(&p->c, depth);
}

static void end_play(struct play *p)
{
    struct bench_error err;
    client_free(&p->c);
    cr_assert_eq(support_peer_stop(p->peer, &err), 0, "%s", err.msg);
}

/* ---- our own server ---- */

/* As many as between two peers of Python: for each level the call, the fetching of what it calls,
 * and the call back, but for the outermost, which nobody calls back. */
Test(rpyc_serve, a_level_costs_what_it_costs_in_python)
{
    static const char *const styles[] = {"version=5",
                                         "version=6",
                                         "version=5,call=cached",
                                         "version=6,call=cached",
                                         "version=5,bind-threads=on",
                                         "version=6,bind-threads=on,call=cached"};
    static const uint32_t depths[] = {0, 1, 5, 10, 64};
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(styles); i++) {
        struct client c;
        const bool cached = strstr(styles[i], "cached") != NULL;
        client_new(&c, server.port, styles[i]);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_nested(&c, 0);
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg); /* fetches what is kept */
        for (size_t k = 0; k < BENCH_COUNT_OF(depths); k++) {
            const uint32_t depth = depths[k];
            char expected[16];
            client_nested(&c, depth);
            cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
            (void)snprintf(expected, sizeof(expected), "%u", depth);
            expect_repr(&c.op->result, expected);
            cr_assert_eq(c.op->stat.round_trips, (cached ? 1 : 2) * (depth + 1) + depth);
            /* Besides there are DELs of the function, which may come after the end. */
            cr_assert_geq(c.op->stat.served, depth);
        }
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_serve, too_deep_is_an_exception_on_either_side)
{
    static const struct {
        const char *options, *text;
        int64_t depth;
    } cases[] = {
        {"max-callbacks=7", "more than 7 calls of this client's function wait", 8},
        {"max-callbacks=100", "more than 64 requests wait for each other", 65},
    };
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct client c;
        client_new(&c, server.port, cases[i].options);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_nested(&c, cases[i].depth);
        cr_assert_eq(client_call(&c), -EREMOTEIO);
        cr_assert(strncmp(c.op->error.msg, "builtins.RecursionError: ", 25) == 0);
        cr_assert_not_null(strstr(c.op->error.msg, cases[i].text), "%s", c.op->error.msg);
        client_nested(&c, cases[i].depth - 1);
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
        client_free(&c);
    }
    server_stop(&server);
}

/* ---- good servers ---- */

Test(rpyc_serve, the_callback_asks_before_it_answers)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x53", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x54", INNER_REF, "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x50"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x55", INNER_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x56", METHOD_REF, "\x51"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "1");
    cr_assert_eq(p.c.op->stat.round_trips, 5);
    cr_assert_eq(p.c.op->stat.served, 1);
    cr_assert_eq(p.c.op->stat.frames_sent, 7);
    end_play(&p);
}

/* bind-threads: requests of the callback, and its answer, go to the thread that called back;
 * everything else to any. */
Test(rpyc_serve, a_bound_callback_asks_the_thread_that_waits)
{
    struct play p;
    t.thread = 7;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    t.receiver = 7;
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    t.thread = 9; /* whoever else sends something meanwhile */
    ADD(&t, SUPPORT_SEND,
        REFERENCE("\x53", "\x12\x08\x0d"
                          "x.Fn\x52\x53"));
    ADD(&t, SUPPORT_EXPECT,
        "\x12\x51\x54\x11\x60\x11\x51\x10\x12\x08\x0d"
        "x.Fn\x52\x53");
    ADD(&t, SUPPORT_SEND, ABOUT("\x51", "\x59")); /* repr */
    t.receiver = 9;
    ADD(&t, SUPPORT_EXPECT, VALUE("\x51", "\x08\x0e\x25<function callback at 0x7f544a44c000>"));
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x02"));
    t.receiver = 7;
    ADD(&t, SUPPORT_EXPECT,
        CALL_NESTED("\x55",
                    "\x12\x08\x0d"
                    "x.Fn\x52\x53",
                    "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x55", "\x50"));
    ADD(&t, SUPPORT_EXPECT,
        GIVE_BACK("\x56",
                  "\x12\x08\x0d"
                  "x.Fn\x52\x53",
                  "\x51"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    t.receiver = 0;
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x57", METHOD_REF, "\x51"));
    hold(&t);
    begin_play(&p, "version=5,bind-threads=on", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "1");
    end_play(&p);
}

/* call=cached: the callback calls the method that its op was made by. */
Test(rpyc_serve, a_cached_callback_only_calls)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x53", METHOD_REF, "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x50"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x50"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    hold(&t);
    begin_play(&p, "version=5,call=cached", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "1");
    cr_assert_eq(p.c.op->stat.round_trips, 4);
    end_play(&p);
}

/* Two callbacks wait at the same time, and the older one gets its answers first; numbers of a
 * server may be any value. */
Test(rpyc_serve, answers_may_come_in_any_order)
{
    struct play p;
    begin_nested("\x52");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x08\x0c" "one", "\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x08\x0c" "two", "\x52"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x54"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x53", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x55", INNER_REF, "\x51"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x54", OTHER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x56", OTHER_REF, "\x52"));
    ADD(&t, SUPPORT_SEND, VALUE("\x55", "\x57"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x57", INNER_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x08\x0c" "one", "\x57"));
    /* the gap is used again */
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x53", "\x53"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x58"));
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x54", "\x54"));
    expect_raise("\x54", "RecursionError",
                 "more than 2 calls of this client's function wait for each other");
    ADD(&t, SUPPORT_SEND, VALUE("\x56", "\x58"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x59", OTHER_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x08\x0c" "two", "\x58"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x59")); /* before that of the third */
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x5a", METHOD_REF, "\x51"));
    hold(&t);
    begin_play(&p, "version=5,max-callbacks=2", 2);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "9");
    cr_assert_eq(p.c.op->stat.served, 4);
    end_play(&p);
}

Test(rpyc_serve, what_the_server_raises_inside_goes_back_to_it)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    send_raise("\x53", "AttributeError", "there");
    expect_raise("\x50", "AttributeError", "there");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x51", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x54"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x54", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x55", INNER_REF, "\x50"));
    ADD(&t, SUPPORT_SEND, "\x12\x53\x55\x51"); /* StopIteration */
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x56", INNER_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x53\x51\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x52", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x57"));
    ADD(&t, SUPPORT_SEND, VALUE("\x57", "\x55")); /* nested is 5 */
    expect_raise("\x52", "TypeError", "the server's nested is a value, not a function");
    send_raise("\x52", "ValueError", "outer");
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), -EREMOTEIO);
    cr_assert_str_eq(p.c.op->error.msg, "builtins.ValueError: outer");
    cr_assert(bench_conn_is_ready(p.c.conn));
    end_play(&p);
}

/* An object of the server as the result of the inner call goes home, and is then given back. */
Test(rpyc_serve, references_pass_through)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x53", "\x12\x08\x0d" "x.Fn\x52\x53"));
    /* a class that is not known: asked for */
    ADD(&t, SUPPORT_EXPECT, "\x12\x51\x54\x11\x60\x11\x51\x10\x12\x08\x0d" "x.Fn\x52\x53");
    ADD(&t, SUPPORT_SEND, VALUE("\x54", "\x02"));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x55", "\x12\x08\x0d" "x.Fn\x52\x53", "\x50"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x55", OTHER_REF));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x56", "\x12\x08\x0d" "x.Fn\x52\x53", "\x51"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x50\x11\x53" OTHER_REF);
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x57", OTHER_REF, "\x51"));
    /* an argument that is a reference is refused, and given back as well */
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x57", "\x11\x52\x10\x11\x54" OTHER_REF));
    expect_raise("\x51", "TypeError", "callback() takes a value, not a reference");
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x58", OTHER_REF, "\x51"));
    /* the function itself comes home */
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x52", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x59"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x59", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x5a", INNER_REF, "\x50"));
    ADD(&t, SUPPORT_SEND, "\x12\x52\x5a\x11\x53" FUNC_REF);
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x5b", INNER_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x52", FUNC_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    end_play(&p);
}

/* ---- everything else that may be asked about a function ---- */

Test(rpyc_serve, a_function_answers_what_a_function_answers)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x50", "\x54", "\x11\x51\x08\x0e\x08__call__")); /* GETATTR */
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x50", FUNC_REF));
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x54", "\x11\x51\x08\x0e\x07__doc__"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x51", "\x00"));
    ADD(&t, SUPPORT_SEND, ABOUT2("\x52", "\x54", "\x11\x51\x0e\x08__name__")); /* as bytes */
    expect_raise("\x52", "AttributeError", "cannot access '__name__'");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x53", "\x54", "\x11\x51\x57"));
    expect_raise("\x53", "TypeError", "attribute name must be str or bytes");
    ADD(&t, SUPPORT_SEND, ABOUT("\x54", "\x5a")); /* STR */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x54", "\x08\x0e\x25<function callback at 0x7f544a44c000>"));
    ADD(&t, SUPPORT_SEND, ABOUT("\x55", "\x5c")); /* HASH */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x55", "\x16\x0f" "140000000000000"));
    ADD(&t, SUPPORT_SEND, ABOUT("\x56", "\x5d")); /* DIR */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x56", "\x10\x08\x0e\x08__call__"));
    /* INSPECT, whose argument is a value */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x57\x11\x60\x11\x51\x10" FUNC_REF);
    ADD(&t, SUPPORT_EXPECT, VALUE("\x57", "\x10\x11\x08\x0e\x08__call__\x00"));
    ADD(&t, SUPPORT_SEND, "\x12\x51\x57\x11\x60\x11\x51\x10" METHOD_REF);
    expect_raise("\x57", "KeyError", NO_OBJECT);
    ADD(&t, SUPPORT_SEND, "\x12\x51\x57\x11\x60\x11\x51\x10\x57");
    expect_raise("\x57", "TypeError", "not a reference: (str, int, int) expected");
    /* CMP with itself and with 7 */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x58\x11\x5b\x11\x52\x12\x11\x53" FUNC_REF "\x11\x53" FUNC_REF
                          "\x11\x51\x08\x0e\x06__eq__");
    ADD(&t, SUPPORT_EXPECT, VALUE("\x58", "\x03"));
    ADD(&t, SUPPORT_SEND, "\x12\x51\x58\x11\x5b\x11\x52\x12\x11\x53" FUNC_REF
                          "\x11\x51\x57\x11\x51\x08\x0e\x06__lt__");
    ADD(&t, SUPPORT_EXPECT, VALUE("\x58", "\x05"));
    /* PING with it counts as one more sending */
    ADD(&t, SUPPORT_SEND, ABOUT("\x59", "\x51"));
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x59", FUNC_REF));
    /* CALLATTR __call__ with too many arguments */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x5a\x11\x58\x11\x52\x12\x11\x53" FUNC_REF
                          "\x11\x51\x08\x0e\x08__call__\x11\x51\x11\x50\x50");
    expect_raise("\x5a", "TypeError", "callback() takes 1 positional argument but 2 were given");
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    end_play(&p);
}

/* ---- bad servers ---- */

#define KEY_ERROR(seq, key)                                                                        \
    "\x12\x53" seq "\x13\x11\x08\x0e\x08" "builtins\x08\x0e\x08" "KeyError\x10" key                \
    "\x02\x08\x0e\x12<traceback denied>"

Test(rpyc_serve, unknown_things_are_exceptions)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x50\x11\xae\x11\x51\x02"); /* handler 94 */
    ADD(&t, SUPPORT_EXPECT, KEY_ERROR("\x50", "\xae"));
    ADD(&t, SUPPORT_SEND, "\x12\x51\x50\x11\x4f\x11\x51\x02"); /* handler -1 */
    ADD(&t, SUPPORT_EXPECT, KEY_ERROR("\x50", "\x4f"));
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x57\x11\x51\x57"); /* 7 as the arguments */
    expect_raise("\x51", "TypeError", "the arguments are not a tuple");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x57\x11\x52\x10\x11\x53" METHOD_REF); /* never lent */
    expect_raise("\x51", "KeyError", NO_OBJECT);
    ADD(&t, SUPPORT_SEND, ABOUT("\x51", "\x57")); /* CALL without arguments */
    expect_raise("\x51", "TypeError", "handler 7 does not take 1 arguments");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x5a\x11\x51\x10\x57"); /* STR of 7 */
    expect_raise("\x51", "TypeError", "the target is not an object of this client");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x5e", "\x11\x51\x54")); /* PICKLE */
    expect_raise("\x51", "ValueError", "pickling is disabled");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x55", "\x11\x51\x08\x0a" "x")); /* DELATTR */
    expect_raise("\x51", "AttributeError", "cannot access 'x'");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x61", "\x11\x51\x51")); /* BUFFITER */
    expect_raise("\x51", "TypeError", "'function' object is not an iterator");
    ADD(&t, SUPPORT_SEND, ABOUT2("\x51", "\x63", "\x11\x51\x00")); /* CTXEXIT */
    expect_raise("\x51", "AttributeError", "cannot access '__exit__'");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x57\x11\x52\x12\x11\x53" FUNC_REF
                          "\x11\x51\x57\x11\x51\x02"); /* 7 as positional arguments */
    expect_raise("\x51", "TypeError", "arguments must be a tuple and a tuple of (name, value)");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x57\x11\x52\x12\x11\x53" FUNC_REF
                          "\x11\x51\x02\x11\x51\x10\x11\x08\x0a" "d\x51"); /* callback(d=1) */
    expect_raise("\x51", "TypeError", "callback() takes no keyword arguments");
    /* the root has nothing and cannot be called */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x53\x11\x51\x02");
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x51", CLIENT_ROOT));
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x54\x11\x52\x11\x11\x53" CLIENT_ROOT
                          "\x11\x51\x08\x0a" "x");
    expect_raise("\x51", "AttributeError", "cannot access 'x'");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x57\x11\x52\x11\x11\x53" CLIENT_ROOT "\x11\x51\x02");
    expect_raise("\x51", "TypeError",
                 "'rpyc.core.service.VoidService' object is not callable");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x51\x11\x60\x11\x51\x10" CLIENT_ROOT); /* INSPECT */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x51", "\x02"));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    end_play(&p);
}

/* The function was sent once: one DEL too many is an error, and it is gone before that. */
Test(rpyc_serve, too_many_dels)
{
    struct play p;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x50", FUNC_REF, "\x50")); /* of none */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x00"));
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x50", FUNC_REF, "\x4f")); /* of -1 */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x50", "\x00"));
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x50", FUNC_REF, "\x08\x01")); /* of '' */
    expect_raise("\x50", "TypeError", "count must be an int");
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x51", FUNC_REF, "\x58")); /* of 8: more than it had */
    ADD(&t, SUPPORT_EXPECT, VALUE("\x51", "\x00"));
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x52", FUNC_REF, "\x51"));
    expect_raise("\x52", "KeyError", NO_OBJECT);
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x53", "\x50"));
    expect_raise("\x53", "KeyError", NO_OBJECT);
    ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x53", METHOD_REF, "\x51"));
    /* lent again by the next call */
    ADD(&t, SUPPORT_EXPECT, FETCH("\x54"));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x54", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED("\x55", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_SEND, ABOUT("\x54", "\x5c"));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x54", "\x16\x0f" "140000000000000"));
    ADD(&t, SUPPORT_SEND, VALUE("\x55", "\x52"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "2");
    end_play(&p);
}

/* Bodies that cannot be read as a request: the number is known, so it gets an exception. */
Test(rpyc_serve, odd_bodies_are_answered)
{
    static const char *const kept[] = {"\x12\x51\x50\x57", "\x12\x51\x50\x11\x51\x57",
                                       "\x12\x51\x50\x11\x51\x11\x5f\x02"};
    static const size_t lengths[] = {4, 6, 8};
    for (size_t i = 0; i < BENCH_COUNT_OF(kept); i++) {
        struct play p;
        begin_nested("\x51");
        add(&t, SUPPORT_SEND, kept[i], lengths[i]);
        t.steps[t.n++] = (struct support_step){.kind = SUPPORT_ANY};
        ADD(&t, SUPPORT_SEND, VALUE("\x52", "\x51"));
        hold(&t);
        begin_play(&p, "version=5", 1);
        cr_assert_eq(client_call(&p.c), 0, "case %zu: %s", i, p.c.err.msg);
        cr_assert_eq(p.c.op->stat.served, 1);
        cr_assert_eq(p.c.op->stat.frames_sent, 4); /* GETATTR, CALL, exception, DEL */
        end_play(&p);
    }
}

/* Calls without end, never an answer: from some depth on they are refused, and in the end it was
 * more than a server may ask. */
Test(rpyc_serve, endless_calls_end)
{
    struct play p;
    struct bench_error err;
    begin_nested("\x51");
    for (int i = 0; i < 60; i++)
        ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    hold(&t);
    begin_play(&p, "version=5,max-callbacks=5,max-served=50", 1);
    cr_assert_eq(client_call(&p.c), -EPROTO);
    cr_assert_eq(p.c.op->failure, BENCH_FAILURE_PROTOCOL);
    cr_assert_not_null(strstr(p.c.op->error.msg, "more than 50 requests"));
    cr_assert_eq(p.c.op->stat.served, 51);
    /* GETATTR, CALL; 5 frames; 45 refusals */
    cr_assert_eq(p.c.op->stat.frames_sent, 2 + 5 + 45);
    client_free(&p.c);
    (void)support_peer_stop(p.peer, &err);
}

/* A server that asks for much and reads nothing: what waits for it is bounded. */
Test(rpyc_serve, answers_that_nobody_reads_are_bounded)
{
    enum { PINGS = 4000, DATA = 2900 };
    static uint8_t pings[PINGS * (DATA + 32)];
    struct play p;
    struct bench_error err;
    size_t n = 0;
    for (int i = 0; i < PINGS; i++) { /* PING (2900 bytes,) */
        static const uint8_t head[] = {0x00, 0x00, 0x0b, 0x61, 0x00, 0x12, 0x51, 0x50, 0x11,
                                       0x51, 0x11, 0x51, 0x10, 0x0f, 0x00, 0x00, 0x0b, 0x54};
        memcpy(pings + n, head, sizeof(head));
        n += sizeof(head) + DATA;
        pings[n++] = '\n';
    }
    begin_nested("\x51");
    t.steps[t.n++] = (struct support_step){SUPPORT_SEND, pings, n};
    hold(&t);
    begin_play(&p, "version=5,max-unsent=64KiB", 1);
    p.c.op->timeout_ns = 20 * BENCH_NS_PER_S;
    cr_assert_eq(client_call(&p.c), -EPROTO);
    cr_assert_not_null(strstr(p.c.op->error.msg, "does not read"), "%s", p.c.op->error.msg);
    client_free(&p.c);
    (void)support_peer_stop(p.peer, &err);
}

/* ---- ends in the middle ---- */

static void on_done(struct bench_op *op, int status, void *user)
{
    (void)op;
    *(int *)user = status;
}

/* The op is taken back while the callback waits: nothing is lent any more, what the server has
 * asked for is answered all the same, and the connection goes on. */
Test(rpyc_serve, taking_back_in_the_middle)
{
    struct play p;
    int status = 1;
    begin_nested("\x51");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x54", METHOD_REF, "\x51"));
    ADD(&t, SUPPORT_EXPECT, FETCH("\x55")); /* of the next op */
    ADD(&t, SUPPORT_SEND, REFERENCE("\x53", INNER_REF));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x56", INNER_REF, "\x51"));
    expect_raise("\x50", "RuntimeError", "the call that lent this function is over");
    ADD(&t, SUPPORT_SEND, CALL_BACK("\x51", "\x50"));
    expect_raise("\x51", "RuntimeError", "the call that lent this function is over");
    ADD(&t, SUPPORT_SEND, REFERENCE("\x55", METHOD_REF));
    ADD(&t, SUPPORT_EXPECT, CALL_NESTED_WITH("\x57", METHOD_REF, "\x51", SECOND_FUNC_REF));
    ADD(&t, SUPPORT_SEND, VALUE("\x57", "\x51"));
    hold(&t);
    begin_play(&p, "version=5", 1);
    p.c.op->done = on_done;
    p.c.op->user = &status;
    bench_op_reset(p.c.op);
    cr_assert_eq(bench_conn_submit(p.c.conn, p.c.op, &p.c.err), 0);
    const int64_t end_ns = bench_now_ns() + 20 * BENCH_NS_PER_S;
    while (p.c.op->stat.served == 0 && bench_now_ns() < end_ns)
        (void)bench_loop_run(p.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    bench_conn_cancel(p.c.conn, p.c.op);
    (void)bench_loop_run(p.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
    expect_repr(&p.c.op->result, "1");
    end_play(&p);
}

Test(rpyc_serve, the_server_leaves_in_the_middle)
{
    static const enum support_step_kind ends[] = {SUPPORT_CLOSE, SUPPORT_RESET};
    for (size_t i = 0; i < BENCH_COUNT_OF(ends); i++) {
        struct play p;
        struct bench_error err;
        begin_nested("\x51");
        ADD(&t, SUPPORT_SEND, CALL_BACK("\x50", "\x50"));
        ADD(&t, SUPPORT_EXPECT, FETCH("\x53"));
        t.steps[t.n++] = (struct support_step){.kind = ends[i]};
        begin_play(&p, "version=5", 1);
        cr_assert_lt(client_call(&p.c), 0);
        cr_assert_not(bench_conn_is_ready(p.c.conn));
        client_free(&p.c);
        (void)support_peer_stop(p.peer, &err);
    }
}
