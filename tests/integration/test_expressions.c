/* SPDX-License-Identifier: MIT */
/*
 * Every kind of expression on servers of the real rpyc: our client has the value that Python's
 * own client has, and asks as often for it.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "rig_docs.h"
#include "tests/unit/rpyc_link.h"

TestSuite(expressions, .timeout = 120);

static const char *const expressions[] = {
    "root",
    "root.value",
    "root.table",
    "root.table['k']",
    "root.table['nested']['c']",
    "root.table['none']",
    "root.echo(5)",
    "conn.root.echo((1, b'x', None))",
    "root.echo((0x_ff, 0o17, 0b11, 1_000, -5, 123456789012345678901234567890))",
    "root.echo(-0x123456789abcdef0123456789abcdef)",
    "root.echo((1.5, -2e10, .5, 1., 2j, 1.5-2j, -0.0))",
    "root.echo(('\\x41\\u20ac\\U0001f600\\n\\101', r'\\n', b'\\xff\\0', rb'\\x', u'\xc3\xa9'))",
    "root.echo((..., NotImplemented, True, False, None, (), ((),), frozenset({1, 1})))",
    "root.both(1, x=2)",
    "root.both(b=(1,), a='t')",
    "root.both(1, 2, x=root.numbers(2), y=3)",
    "root.get_user(123).name",
    "root.get_user(1).tags[0]",
    "root.get_user(1).full()",
    "root.get_user(1).full(title='Dr ', suffix=root.get_user(2).name)",
    "root.get_user(1)",
    "root.get_user(1)[1:3]",
    "root.get_user(1)[::2]",
    "root.get_user(1)[1, 2]",
    "root.get_user(1)[..., 1:2]",
    "root.get_user(1).nope",
    "root.nope",
    "root.nope(5)",
    "root.raises()",
    "root.value()",
    "root.table()",
    "root.get_users(3)[0].name",
    "root.get_users(3)[-1]",
    "root.get_users(3)[0:2]",
    "root.get_users(3)[9]",
    "len(root.get_user(1))",
    "len(root.numbers(5))",
    "len(root.iterable())",
    "len(root.mixed())",
    "len('a\xc3\xa9')",
    "len(5)",
    "str(root.get_user(1))",
    "repr(root.numbers(3))",
    "str(5)",
    "repr('x')",
    "dir(root.numbers(1))",
    "list(root.numbers(0))",
    "list(root.numbers(100))",
    "list(root.iterable())",
    "list(root.iterator())",
    "list(root.generator())",
    "list(root.table)",
    "list(root.get_users(3))",
    "list(root.get_users(3))[1].name",
    "list(root.users_one_by_one(2))",
    "list(root.endless())",
    "list(root.get_user(1).name)",
    "list(root.value)",
    "list((1, 2))",
    "tuple(root.numbers(3))",
    "tuple(root.mixed())",
    "root.mixed()",
    "root.mixed()[2].name",
    "root.mixed()[3][0].name",
    "root.mixed()[0:2]",
    "list(root.mixed()[0])",
    "len(root.mixed()[3])",
    "obtain(root.plain_data())",
    "obtain(root.numbers(4))",
    "obtain(root.plain_data())['a'][1]",
    "obtain(5)",
    "buffiter(root.numbers(0))",
    "buffiter(root.numbers(100))",
    "buffiter(root.generator())",
    "buffiter(root.get_users(12))[11].name",
    "root.same(root.numbers(3), root.numbers(3))",
    "root.echo(root.numbers(3))",
    "root.echo((root.numbers(3), 5))",
    "root.echo(root.get_user(root.get_user(7).id).name)",
    "root.myself().echo(1)",
    "root.myself()",
    "[u.name for u in root.get_users(3)]",
    "[(u.id, u.name, u.email) for u in root.get_users(100)]",
    "[(d['id'], d['name'], d['email']) for d in root.get_dicts(100)]",
    "[t[1] for t in root.get_tuples(3)]",
    "[[t for t in u.tags] for u in root.users_one_by_one(2)]",
    "[root.get_user(i).name for i in (1, 2)]",
    "(root.echo(1), root.value)",
};

static char *next_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;
    cr_assert_not_null(end, "Python's answers end early");
    *end = '\0';
    *text = end + 1;
    return line;
}

/* A value as Python shows it, an exception by the name of its class. */
static void show(struct client *c, int status, struct bench_buf *out)
{
    bench_buf_clear(out);
    if (status == 0) {
        cr_assert_eq(bench_value_repr(&c->op->result, out), 0);
    } else {
        const char *end = strstr(c->op->error.msg, "Error:");
        const char *start = end;
        cr_assert_not_null(end, "%s", c->op->error.msg);
        while (start > c->op->error.msg && start[-1] != '.' && start[-1] != ' ')
            start--;
        cr_assert_eq(bench_buf_printf(out, "!%.*sError", (int)(end - start), start), 0);
    }
    cr_assert_eq(bench_buf_add(out, "", 1), 0);
}

static void compare(struct client *c, const char *text, char *expected, struct bench_buf *out)
{
    char *fields = expected;
    const unsigned long round_trips = strtoul(fields, &fields, 10);
    const unsigned long requests = strtoul(fields, &fields, 10);
    client_text(c, text);
    const int status = client_call(c);
    show(c, status, out);
    cr_expect_str_eq((const char *)bench_buf_head(out), fields + 1, "%s: %s, not %s", text,
                     (const char *)bench_buf_head(out), fields + 1);
    cr_expect_eq(c->op->stat.round_trips, round_trips, "%s: %u round trips, not %lu", text,
                 c->op->stat.round_trips, round_trips);
    cr_expect_eq(c->op->stat.frames_sent, requests, "%s: %u requests, not %lu", text,
                 c->op->stat.frames_sent, requests);
    cr_expect_eq(c->op->stat.served, 0);
}

ParameterizedTestParameters(expressions, mean_and_cost_what_they_do_in_python)
{
    static int versions[] = {-1, 0, 1}; /* of rig_use_version; the ordinary one is of the newest */

    return cr_make_param_array(int, versions, BENCH_COUNT_OF(versions), NULL);
}

ParameterizedTest(int *version, expressions, mean_and_cost_what_they_do_in_python)
{
    struct rig_server server;
    struct support_output answers;
    struct bench_error err;
    struct bench_buf input, out;
    char port[16];
    rig_use_version(*version);
    rig_peer(&server, "expressions.py", WORDS("serve"));
    bench_buf_init(&input, (size_t)1 << 16);
    bench_buf_init(&out, (size_t)1 << 20);
    for (size_t i = 0; i < BENCH_COUNT_OF(expressions); i++)
        cr_assert_eq(bench_buf_printf(&input, "%s\n", expressions[i]), 0);
    cr_assert_eq(bench_buf_add(&input, "", 1), 0);
    (void)snprintf(port, sizeof(port), "%u", (unsigned)server.port);
    const struct support_program python = {
        .argv = WORDS(rig_python(), rig_peer_path("expressions.py"), "eval", port),
        .input = (const char *)bench_buf_head(&input),
    };
    cr_assert_eq(support_program_run(&python, &answers, &err), 0, "%s", err.msg);
    cr_assert_eq(answers.exit_status, 0, "%s", answers.err);
    struct client c;
    char *text = answers.out;
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
    for (size_t i = 0; i < BENCH_COUNT_OF(expressions); i++)
        compare(&c, expressions[i], next_line(&text), &out);
    client_free(&c);
    support_output_free(&answers);
    bench_buf_fini(&input);
    bench_buf_fini(&out);
    cr_assert_eq(rig_server_stop(&server), 0);
}

/* ---- ways of calling, and failures ---- */

struct pair {
    struct rig_server server;
    struct client c;
};

static void pair_start(struct pair *p, const char *options)
{
    rig_need_python();
    rig_peer(&p->server, "expressions.py", WORDS("serve"));
    client_new(&p->c, p->server.port, options);
    cr_assert_eq(client_open(&p->c), 0, "%s", p->c.err.msg);
}

static void pair_stop(struct pair *p)
{
    client_free(&p->c);
    cr_assert_eq(rig_server_stop(&p->server), 0);
}

Test(expressions, methods_of_the_root_are_kept_when_cached)
{
    struct pair p;
    pair_start(&p, "call=cached");
    client_text(&p.c, "root.both(root.get_user(1).name, root.get_user(2).name)");
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(client_call(&p.c), 0, "%s", p.c.err.msg);
        expect_repr(&p.c.op->result, "(('user1', 'user2'), ())");
        /* Two methods are fetched once; two CALLs, two INSPECTs, two names, one more CALL. */
        cr_expect_eq(p.c.op->stat.round_trips, round == 0 ? 9 : 7);
        /* And only the users are given back. */
        cr_expect_eq(p.c.op->stat.frames_sent, round == 0 ? 11 : 9);
    }
    client_text(&p.c, "root.get_user(3)"); /* the plain call finds what the expression kept */
    cr_assert_eq(client_call(&p.c), 0);
    cr_expect_eq(p.c.op->stat.round_trips, 2);
    pair_stop(&p);
}

Test(expressions, what_was_raised_is_there_in_full)
{
    static const char *const texts[] = {"root.raises()", "list(root.raises())"};
    struct pair p;
    pair_start(&p, "");
    for (size_t i = 0; i < BENCH_COUNT_OF(texts); i++) {
        client_text(&p.c, texts[i]);
        cr_assert_lt(client_call(&p.c), 0);
        cr_assert_eq(p.c.op->failure, BENCH_FAILURE_REMOTE);
        cr_assert_str_eq(p.c.op->error.msg, "builtins.ValueError: ('bad', 3)");
        cr_assert_eq(p.c.op->raised.kind, BENCH_STR);
        const char *text = p.c.op->raised.text.data;
        rig_assert_has(text, "Traceback (most recent call last)");
        rig_assert_has(text, "exposed_raises");
        rig_assert_has(text, "\nbuiltins.ValueError: ('bad', 3)");
        client_text(&p.c, "root.echo(1)");
        cr_assert_eq(client_call(&p.c), 0);
        cr_assert_eq(p.c.op->raised.kind, BENCH_NONE);
    }
    pair_stop(&p);
}

/* What fails without a request of its own: the message begins with the column. */
Test(expressions, what_the_client_refuses_while_it_runs)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"root.echo(list(root.numbers(2)))", "column 10: a list or dict of ours cannot be sent"},
        {"root.value.x", "column 12: AttributeError: 'int' object has no attribute 'x'"},
        {"len(root.iterable())", "column 1: TypeError: object of type '__main__.Iterable' has no"},
        {"root.mixed()[7]", "column 13: IndexError: index out of range"},
        {"root.mixed()['k']", "column 13: TypeError: indices must be integers or slices"},
        {"obtain(root.plain_data())['z']", "column 26: KeyError: the dict has no such key"},
        {"root.echo(1)[0]", "column 13: TypeError: a value of this kind cannot be indexed"},
        {"obtain(root.get_user(1))", "column 1: "},
        {"buffiter(5)", "column 1: this function works on objects of the server"},
        {"list(root.endless())", "column 1: TypeError: iter() returned non-iterator of type 'int'"},
    };
    struct pair p;
    pair_start(&p, "");
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        client_text(&p.c, cases[i].text);
        cr_assert_lt(client_call(&p.c), 0, "%s", cases[i].text);
        cr_expect_eq(p.c.op->failure, BENCH_FAILURE_WRONG, "%s", cases[i].text);
        cr_expect(strncmp(p.c.op->error.msg, cases[i].message, strlen(cases[i].message)) == 0,
                  "%s: %s", cases[i].text, p.c.op->error.msg);
    }
    client_text(&p.c, "root.echo(1)");
    cr_assert_eq(client_call(&p.c), 0, "the connection lives on");
    pair_stop(&p);
}

/* Strings, tuples and bytes of ours are cut as Python cuts them. */
Test(expressions, slices_of_our_own_values)
{
    static const char *const bounds[] = {"0", "2", "-1", "-3", "99", "-99", ""};
    static const char *const steps[] = {"", "1", "2", "-1", "-2", "99", "-99"};
    static const char *const values[] = {"'a\u20ac\u00e9bc'", "b'abcde'", "(0, 1, 2, 3, 4)"};
    struct pair p;
    struct bench_buf input, out;
    struct support_output answers;
    struct bench_error err;
    char port[16], line[128];
    pair_start(&p, "");
    bench_buf_init(&input, (size_t)1 << 20);
    bench_buf_init(&out, (size_t)1 << 16);
    for (int pass = 0; pass < 2; pass++) {
        char *text = pass ? answers.out : NULL;
        for (size_t i = 0; i < 3 * 7 * 7 * 7; i++) {
            (void)snprintf(line, sizeof(line), "%s[%s:%s:%s]", values[i % 3], bounds[i / 3 % 7],
                           bounds[i / 21 % 7], steps[i / 147]);
            if (pass == 0)
                cr_assert_eq(bench_buf_printf(&input, "%s\n", line), 0);
            else
                compare(&p.c, line, next_line(&text), &out);
        }
        if (pass == 0) {
            cr_assert_eq(bench_buf_add(&input, "", 1), 0);
            (void)snprintf(port, sizeof(port), "%u", (unsigned)p.server.port);
            const struct support_program python = {
                .argv = WORDS(rig_python(), rig_peer_path("expressions.py"), "eval", port),
                .input = (const char *)bench_buf_head(&input),
            };
            cr_assert_eq(support_program_run(&python, &answers, &err), 0, "%s", err.msg);
        }
    }
    support_output_free(&answers);
    bench_buf_fini(&input);
    bench_buf_fini(&out);
    pair_stop(&p);
}
