/* SPDX-License-Identifier: MIT */
/* Classic mode and class objects, told by bytes: what is asked, what is kept, what is refused. */
#include "protocols/rpyc/rpyc_classic.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/rpyc_conversation.h"

TestSuite(rpyc_classic, .timeout = 60);

#define ROOT_REF  "\x12\x08\x0e\x0f" "builtins.method\x51\x51"
#define GETMODULE "\x12\x08\x0e\x0f" "builtins.method\x51\x61"
#define EVAL      "\x12\x08\x0e\x0f" "builtins.method\x51\x62"
#define EXECUTE   "\x12\x08\x0e\x0f" "builtins.method\x51\x63"
#define NAMESPACE "\x12\x08\x0e\x0d" "builtins.dict\x53\x64"
#define BUILTINS  "\x12\x08\x0e\x08" "builtins\x54\x65"
#define IMPORTLIB "\x12\x08\x0e\x0e" "importlib.util\x54\x66"
#define OS        "\x12\x08\x0b" "os\x54\x67"

#define VALUE(seq, value)     "\x12\x52" seq "\x11\x51" value
#define REFERENCE(seq, ref)   "\x12\x52" seq "\x11\x54" ref
#define INSPECT(seq, ref)     "\x12\x51" seq "\x11\x60\x11\x51\x10" ref
#define CALL(seq, ref, args)  "\x12\x51" seq "\x11\x57\x11\x52\x12\x11\x53" ref "\x11\x51" args      \
                              "\x11\x51\x02"
#define GETATTR(seq, ref, name) "\x12\x51" seq "\x11\x54\x11\x52\x11\x11\x53" ref "\x11\x51" name
#define GIVE_BACK(seq, ref)   "\x12\x51" seq "\x11\x5f\x11\x52\x11\x11\x53" ref "\x11\x51\x51"
/* Texts as brine. */
#define T_GETMODULE "\x08\x0e\x09getmodule"
#define T_EVAL      "\x08\x0d" "eval"
#define T_EXECUTE   "\x08\x0e\x07" "execute"
#define T_NAMESPACE "\x08\x0e\x09namespace"
#define T_BUILTINS  "\x08\x0e\x08" "builtins"
#define T_IMPORTLIB "\x08\x0e\x0eimportlib.util"
#define T_OS        "\x08\x0b" "os"

static struct conversation t;

/* An exception of builtins with one text. seq: of one byte. */
static void add_raise(enum support_step_kind kind, const char *seq, const char *type,
                      const char *text)
{
    char payload[160];
    const int n =
        snprintf(payload, sizeof(payload),
                 "\x12\x53%s\x13\x11\x08\x0e\x08" "builtins\x08\x0e%c%s\x10\x08\x0e%c%s\x02\x08\x0e"
                 "\x12<traceback denied>",
                 seq, (int)strlen(type), type, (int)strlen(text), text);
    add(&t, kind, payload, (size_t)n);
}

/* All of connecting, up to the given number of its answers. */
static void connecting(size_t answers)
{
    static const struct {
        const char *bytes;
        size_t n;
    } frames[][2] = {
#define PAIR(question, answer) {{question, sizeof(question) - 1}, {answer, sizeof(answer) - 1}}
        PAIR(GETATTR("\x51", ROOT_REF, T_GETMODULE), REFERENCE("\x51", GETMODULE)),
        PAIR(CALL("\x52", GETMODULE, "\x10" T_BUILTINS), REFERENCE("\x52", BUILTINS)),
        PAIR(INSPECT("\x53", BUILTINS), VALUE("\x53", "\x02")),
        PAIR(CALL("\x54", GETMODULE, "\x10" T_IMPORTLIB), REFERENCE("\x54", IMPORTLIB)),
        PAIR(INSPECT("\x55", IMPORTLIB), VALUE("\x55", "\x02")),
        PAIR(GETATTR("\x56", ROOT_REF, T_EVAL), REFERENCE("\x56", EVAL)),
        PAIR(GETATTR("\x57", ROOT_REF, T_EXECUTE), REFERENCE("\x57", EXECUTE)),
        PAIR(GETATTR("\x58", ROOT_REF, T_NAMESPACE), REFERENCE("\x58", NAMESPACE)),
#undef PAIR
    };
    opening(&t);
    for (size_t i = 0; i < BENCH_COUNT_OF(frames) && i <= answers; i++) {
        add(&t, SUPPORT_EXPECT, frames[i][0].bytes, frames[i][0].n);
        if (i < answers)
            add(&t, SUPPORT_SEND, frames[i][1].bytes, frames[i][1].n);
    }
}

enum { ALL_ANSWERS = 8 };

struct play {
    struct support_peer *peer;
    struct client c;
};

static void begin_play(struct play *p, const char *options)
{
    struct bench_error err;
    cr_assert_eq(support_peer_start(t.steps, t.n, &p->peer, &err), 0, "%s", err.msg);
    client_new(&p->c, support_peer_port(p->peer), options);
}

static void end_play(struct play *p)
{
    struct bench_error err;
    client_free(&p->c);
    cr_assert_eq(support_peer_stop(p->peer, &err), 0, "%s", err.msg);
}

static void expect_value(struct play *p, const char *text, const char *value, uint32_t trips)
{
    client_text(&p->c, text);
    cr_assert_eq(client_call(&p->c), 0, "%s: %s", text, p->c.err.msg);
    expect_repr(&p->c.op->result, value);
    cr_assert_eq(p->c.op->stat.round_trips, trips, "%s: %u round trips", text,
                 p->c.op->stat.round_trips);
}

/* ---- good servers ---- */

/* What connecting fetched is kept, and so are modules; none of it is given back. */
Test(rpyc_classic, modules_are_fetched_once)
{
    struct play p;
    connecting(ALL_ANSWERS);
    ADD(&t, SUPPORT_EXPECT, CALL("\x59", GETMODULE, "\x10" T_OS));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x59", OS));
    ADD(&t, SUPPORT_EXPECT, INSPECT("\x5a", OS));
    ADD(&t, SUPPORT_SEND, VALUE("\x5a", "\x02"));
    ADD(&t, SUPPORT_EXPECT, CALL("\x5b", EVAL, "\x10" T_OS));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x5b", OS)); /* it is known, and stays */
    ADD(&t, SUPPORT_EXPECT, CALL("\x5c", EXECUTE, "\x10" T_OS));
    ADD(&t, SUPPORT_SEND, VALUE("\x5c", "\x00"));
    hold(&t);
    begin_play(&p, "version=5,classic=on");
    cr_assert_eq(client_open(&p.c), 0, "%s", p.c.err.msg);
    expect_value(&p, "modules.builtins", "<netref builtins>", 0);
    expect_value(&p, "(modules.os, modules['os'])", "(<netref os>, <netref os>)", 2);
    expect_value(&p, "conn.modules.os", "<netref os>", 0);
    expect_value(&p, "(builtins, builtin, modules['importlib.util'], namespace)",
                 "(<netref builtins>, <netref builtins>, <netref importlib.util>, "
                 "<netref builtins.dict>)",
                 0);
    expect_value(&p, "eval('os')", "<netref os>", 1);
    expect_value(&p, "execute('os')", "None", 1);
    end_play(&p);
}

/* A ClassicService does the same to us; we have nothing to offer, and run nothing. */
Test(rpyc_classic, a_server_gets_a_slave_that_does_nothing)
{
#define OUR_ROOT     "\x12\x08\x0e\x22" "rpyc.core.service.FakeSlaveService\x52\x51"
#define OUR_METHOD    "\x12\x08\x0e\x0f" "builtins.method\x16\x07" "9757312"
#define OUR_GETMODULE OUR_METHOD "\x52"
#define OUR_EVAL      OUR_METHOD "\x53"
#define OUR_MODULE    "\x12\x08\x0e\x08" "builtins\x16\x07" "9758016\x55"
    struct play p;
    opening(&t);
    t.n--; /* the root's answer comes later */
    const struct support_step root = t.steps[t.n];
    ADD(&t, SUPPORT_SEND, "\x12\x51\x50\x11\x53\x11\x51\x02");
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x50", OUR_ROOT));
    ADD(&t, SUPPORT_SEND, INSPECT("\x51", OUR_ROOT));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x51", "\x02"));
    ADD(&t, SUPPORT_SEND, GETATTR("\x52", OUR_ROOT, T_GETMODULE));
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x52", OUR_GETMODULE));
    ADD(&t, SUPPORT_SEND, GETATTR("\x53", OUR_ROOT, T_EVAL));
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x53", OUR_EVAL));
    ADD(&t, SUPPORT_SEND, GETATTR("\x54", OUR_ROOT, T_NAMESPACE));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x54", "\x00"));
    ADD(&t, SUPPORT_SEND, CALL("\x55", OUR_EVAL, "\x10" T_OS));
    add_raise(SUPPORT_EXPECT, "\x55", "PermissionError", "this client runs no code for a server");
    ADD(&t, SUPPORT_SEND, CALL("\x56", OUR_GETMODULE, "\x10" T_OS));
    add_raise(SUPPORT_EXPECT, "\x56", "ModuleNotFoundError", "this client has no modules");
    ADD(&t, SUPPORT_SEND, CALL("\x57", OUR_GETMODULE, "\x10" T_BUILTINS));
    ADD(&t, SUPPORT_EXPECT, REFERENCE("\x57", OUR_MODULE));
    ADD(&t, SUPPORT_SEND, INSPECT("\x58", OUR_MODULE));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x58", "\x02"));
    ADD(&t, SUPPORT_SEND, GETATTR("\x59", OUR_MODULE, T_EVAL));
    add_raise(SUPPORT_EXPECT, "\x59", "AttributeError", "cannot access 'eval'");
    ADD(&t, SUPPORT_SEND, GETATTR("\x5a", OUR_ROOT, T_BUILTINS));
    add_raise(SUPPORT_EXPECT, "\x5a", "AttributeError", "cannot access 'builtins'");
    ADD(&t, SUPPORT_SEND, CALL("\x5b", OUR_GETMODULE, "\x02"));
    add_raise(SUPPORT_EXPECT, "\x5b", "TypeError", "getmodule() takes the name of a module");
    ADD(&t, SUPPORT_SEND, CALL("\x5c", OUR_MODULE, "\x02"));
    add_raise(SUPPORT_EXPECT, "\x5c", "TypeError", "'module' object is not callable");
    /* CALLATTR __call__ is a call as well. */
    ADD(&t, SUPPORT_SEND,
        "\x12\x51\x5d\x11\x58\x11\x52\x12\x11\x53" OUR_EVAL "\x11\x51\x08\x0e\x08__call__"
        "\x11\x51\x02");
    add_raise(SUPPORT_EXPECT, "\x5d", "PermissionError", "this client runs no code for a server");
    ADD(&t, SUPPORT_SEND, GIVE_BACK("\x5e", OUR_EVAL));
    ADD(&t, SUPPORT_EXPECT, VALUE("\x5e", "\x00"));
    ADD(&t, SUPPORT_SEND, CALL("\x5f", OUR_EVAL, "\x10" T_OS));
    add_raise(SUPPORT_EXPECT, "\x5f", "KeyError", "no object has this reference");
    t.steps[t.n++] = root;
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x51", ROOT_REF, T_GETMODULE));
    t.steps[t.n++] = (struct support_step){.kind = SUPPORT_CLOSE};
    begin_play(&p, "version=5,classic=on");
    cr_assert_lt(client_open(&p.c), 0); /* all of the above, and then it hangs up */
    end_play(&p);
}

/* A class is asked for once a connection, an instance each time. */
Test(rpyc_classic, class_objects_are_inspected_once)
{
#define CART_CLASS "\x12\x08\x0e\x09shop.Cart\x55\x50"
#define CART       "\x12\x08\x0e\x09shop.Cart\x55\x56"
#define NAME_X     "\x08\x0a" "x"
#define METHODS    "\x10\x11\x08\x0e\x07__len__\x00"
    struct play p;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x51", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, INSPECT("\x52", CART_CLASS));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", METHODS));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x53", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x54", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x54", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x55", CART_CLASS));
    /* It has no __call__: nothing is sent. */
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x56", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x56", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x57", CART_CLASS));
    /* Nor is an instance a class. */
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x58", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x58", CART));
    ADD(&t, SUPPORT_EXPECT, INSPECT("\x59", CART));
    ADD(&t, SUPPORT_SEND, VALUE("\x59", METHODS));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x5a", CART));
    hold(&t);
    begin_play(&p, "version=5");
    cr_assert_eq(client_open(&p.c), 0, "%s", p.c.err.msg);
    expect_value(&p, "root.x", "<netref shop.Cart>", 2);
    expect_value(&p, "root.x", "<netref shop.Cart>", 1);
    client_text(&p.c, "root.x(y=1)");
    cr_assert_eq(client_call(&p.c), -EBADMSG);
    cr_assert_not_null(strstr(p.c.op->error.msg, "is not callable"), "%s", p.c.op->error.msg);
    expect_value(&p, "root.x", "<netref shop.Cart>", 2);
    end_play(&p);
}

/* The same for the calls that need no expression. */
Test(rpyc_classic, class_objects_that_are_called)
{
#define CALL_CART(seq) CALL(seq, CART_CLASS, "\x02")
    struct play p;
    opening(&t);
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x51", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x51", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, INSPECT("\x52", CART_CLASS));
    ADD(&t, SUPPORT_SEND, VALUE("\x52", METHODS));
    ADD(&t, SUPPORT_EXPECT, CALL_CART("\x53"));
    ADD(&t, SUPPORT_SEND, VALUE("\x53", "\x55"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x54", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x55", ROOT_REF, NAME_X));
    ADD(&t, SUPPORT_SEND, REFERENCE("\x55", CART_CLASS));
    ADD(&t, SUPPORT_EXPECT, CALL_CART("\x56"));
    ADD(&t, SUPPORT_SEND, VALUE("\x56", "\x55"));
    ADD(&t, SUPPORT_EXPECT, GIVE_BACK("\x57", CART_CLASS));
    hold(&t);
    begin_play(&p, "version=5");
    cr_assert_eq(client_open(&p.c), 0, "%s", p.c.err.msg);
    expect_value(&p, "root.x()", "5", 3);
    expect_value(&p, "root.x()", "5", 2);
    end_play(&p);
}

/* ---- bad servers ---- */

Test(rpyc_classic, servers_that_are_not_classic)
{
    static const struct {
        size_t answers; /* good ones */
        const char *bytes;
        size_t n;
        const char *why;
        enum bench_failure failure;
    } cases[] = {
#define ANSWER(answer) answer, sizeof(answer) - 1
        {0, ANSWER(VALUE("\x51", "\x00")), "its getmodule is not an object",
         BENCH_FAILURE_PROTOCOL},
        {1, ANSWER(VALUE("\x52", "\x00")), "its builtins is not an object",
         BENCH_FAILURE_PROTOCOL},
        {7, ANSWER(VALUE("\x58", "\x00")), "its namespace is not an object",
         BENCH_FAILURE_PROTOCOL},
        {0, ANSWER("\x12\x52\x51\x11\x54\x51"), "cannot be read", BENCH_FAILURE_PROTOCOL},
        {0, ANSWER(REFERENCE("\x51", GETMODULE) "\x00"), "cannot be read", BENCH_FAILURE_PROTOCOL},
        {2, ANSWER("\x12\x52\x53\x11\x51\x1f"), "cannot be read", BENCH_FAILURE_PROTOCOL},
        {3, ANSWER("\x12\x53\x54\x51"), "not in classic mode: builtins.StopIteration", BENCH_FAILURE_REMOTE},
        {3, ANSWER("\x12\x53\x54\x00"), "cannot be read", BENCH_FAILURE_PROTOCOL},
#undef ANSWER
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct play p;
        struct bench_error err;
        connecting(cases[i].answers);
        add(&t, SUPPORT_SEND, cases[i].bytes, cases[i].n);
        t.steps[t.n++] = (struct support_step){.kind = SUPPORT_EOF};
        begin_play(&p, "version=5,classic=on");
        cr_assert_lt(client_open(&p.c), 0, "case %zu", i);
        cr_expect_not_null(strstr(p.c.err.msg, cases[i].why), "case %zu: %s", i, p.c.err.msg);
        cr_expect_eq(bench_conn_failure(p.c.conn), cases[i].failure, "case %zu", i);
        client_free(&p.c);
        cr_expect_eq(support_peer_stop(p.peer, &err), 0, "case %zu: %s", i, err.msg);
    }
}

/* Python asks for a missing attribute twice. */
Test(rpyc_classic, a_service_of_another_kind)
{
    struct play p;
    connecting(0);
    add_raise(SUPPORT_SEND, "\x51", "AttributeError", "cannot access 'getmodule'");
    ADD(&t, SUPPORT_EXPECT, GETATTR("\x52", ROOT_REF, T_GETMODULE));
    add_raise(SUPPORT_SEND, "\x52", "AttributeError", "cannot access 'getmodule'");
    t.steps[t.n++] = (struct support_step){.kind = SUPPORT_EOF};
    begin_play(&p, "version=5,classic=on");
    cr_assert_eq(client_open(&p.c), -EREMOTEIO);
    cr_assert_str_eq(p.c.err.msg, "the server is not in classic mode: builtins.AttributeError: "
                                  "cannot access 'getmodule'");
    end_play(&p);
}

/* ---- what can be written ---- */

static int compile(const char *options, const char *text, struct bench_error *err)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_TEXT, .text = text};
    struct bench_program *program = NULL;
    void *own;
    cr_assert_eq(bench_options_new(rpyc_protocol.options, rpyc_protocol.options_size, &own, err),
                 0);
    cr_assert_eq(bench_options_parse(rpyc_protocol.options, own, options, err), 0);
    const int rc = rpyc_protocol.compile(own, &spec, &program, err);
    if (rc == 0)
        rpyc_protocol.program_free(program);
    bench_options_free(rpyc_protocol.options, own);
    return rc;
}

Test(rpyc_classic, names_and_columns)
{
    static const struct {
        const char *text;
        int column; /* 0 = fine */
    } cases[] = {
        {"modules.os.getcwd()", 0},
        {"conn . modules . os", 0},
        {"conn.modules['xml.dom']", 0},
        {"modules[root.name].x", 0},
        {"modules[modules.os.name]", 0},
        {"(eval, execute, getmodule, namespace, builtins, builtin, root)", 0},
        {"[modules.upper() for modules in ('a', 'b')]", 0}, /* a variable like any other */
        {"modules", 1},
        {"conn.modules", 1},
        {"len(modules)", 5},
        {"modules()", 1},
        {"root.f(modules)", 8},
        {"modules[modules]", 9},
        {"(1, [modules for x in (1, 2)])", 6},
        {"conn.nope", 6},
        {"conn.module", 6},
        {"modules.", 9},
        {"modules[", 9},
        {"moduless.os", 1},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct bench_error err = {0};
        char expected[24];
        const int rc = compile("classic=on", cases[i].text, &err);
        cr_expect_eq(rc == 0, cases[i].column == 0, "%s: %d %s", cases[i].text, rc, err.msg);
        (void)snprintf(expected, sizeof(expected), "column %d:", cases[i].column);
        if (cases[i].column > 0)
            cr_expect(strncmp(err.msg, expected, strlen(expected)) == 0, "%s: %s", cases[i].text,
                      err.msg);
    }
}

Test(rpyc_classic, elsewhere_its_names_are_refused)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"modules.os", "column 1: modules is there in classic mode only"},
        {"(1, conn.eval('1'))", "column 5: eval is there in classic mode only"},
        {"root.f(x=builtins.len)", "column 10: builtins is there in classic mode only"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct bench_error err = {0};
        cr_expect_eq(compile("", cases[i].text, &err), -ENOTSUP);
        cr_expect_not_null(strstr(err.msg, cases[i].why), "%s: %s", cases[i].text, err.msg);
    }
}
