/* SPDX-License-Identifier: MIT */
/* The parser of expressions: what it reads, and the columns of what it refuses. */
#include "protocols/rpyc/rpyc_expr.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"

TestSuite(rpyc_expr, .timeout = 60);

/* A tree in words: kinds in brackets, constants as Python shows them. */
static void show(const struct rpyc_node *node, struct bench_buf *out)
{
    static const char *const kinds[] = {
        [RPYC_NODE_ROOT] = "root",         [RPYC_NODE_VARIABLE] = "var",
        [RPYC_NODE_ATTR] = "attr",         [RPYC_NODE_CALL] = "call",
        [RPYC_NODE_INDEX] = "item",        [RPYC_NODE_SLICE] = "slice",
        [RPYC_NODE_TUPLE] = "tuple",       [RPYC_NODE_FUNCTION] = "fun",
        [RPYC_NODE_COMPREHENSION] = "for",
    };
    if (node->keyword)
        (void)bench_buf_printf(out, "%.*s=", (int)node->keyword_length, node->keyword);
    if (node->kind == RPYC_NODE_CONST) {
        cr_assert_eq(bench_value_repr(&node->value, out), 0);
        return;
    }
    (void)bench_buf_printf(out, "%s", kinds[node->kind]);
    if (node->name)
        (void)bench_buf_printf(out, ":%.*s", (int)node->name_length, node->name);
    if (node->kind == RPYC_NODE_FUNCTION)
        (void)bench_buf_printf(out, ":%d", (int)node->function);
    for (const struct rpyc_node *child = node->first; child; child = child->next) {
        (void)bench_buf_printf(out, child == node->first ? "(" : " ");
        show(child, out);
    }
    if (node->first)
        (void)bench_buf_printf(out, ")");
}

static int parse(struct bench_arena *arena, const char *text, size_t n, struct rpyc_node **tree,
                 struct bench_error *err)
{
    /* In memory of its own, so that a sanitizer sees a step over the end. */
    char *copy = malloc(n ? n : 1);
    cr_assert_not_null(copy);
    memcpy(copy, text, n);
    bench_arena_init(arena, (size_t)64 << 20);
    int rc = rpyc_expr_parse(arena, copy, n, tree, err);
    free(copy);
    return rc;
}

static void expect_tree(const char *text, const char *expected)
{
    struct bench_arena arena;
    struct bench_buf out;
    struct rpyc_node *tree;
    struct bench_error err;
    bench_buf_init(&out, (size_t)1 << 16);
    cr_assert_eq(parse(&arena, text, strlen(text), &tree, &err), 0, "%s: %s", text, err.msg);
    show(tree, &out);
    cr_assert_eq(bench_buf_add(&out, "", 1), 0);
    cr_expect_str_eq((const char *)bench_buf_head(&out), expected, "%s: %s", text,
                     (const char *)bench_buf_head(&out));
    bench_buf_fini(&out);
    bench_arena_fini(&arena);
}

Test(rpyc_expr, literals)
{
    static const char *const cases[][2] = {
        {"5", "5"},
        {" 5 ", "5"},
        {"-5", "-5"},
        {"--5", "5"},
        {"+True", "1"},
        {"00", "0"},
        {"1_000_000", "1000000"},
        {"0xFf", "255"},
        {"0X_ff", "255"},
        {"0o17", "15"},
        {"0b1_01", "5"},
        {"9223372036854775807", "9223372036854775807"},
        {"9223372036854775808", "9223372036854775808"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"-(-9223372036854775808)", "9223372036854775808"},
        {"0xffffffffffffffffffff", "1208925819614629174706175"},
        {"-0x8000000000000000", "-9223372036854775808"},
        {"0b10000000000000000000000000000000000000000000000000000000000000000",
         "18446744073709551616"},
        {"1.5", "1.5"},
        {"1.", "1.0"},
        {".5", "0.5"},
        {"1e3", "1000.0"},
        {"1_0.5_0E-1_0", "1.05e-09"},
        {"-0.0", "-0.0"},
        {"2j", "2j"},
        {"1+2j", "(1+2j)"},
        {"1.5 - 2J", "(1.5-2j)"},
        {"None", "None"},
        {"True", "True"},
        {"False", "False"},
        {"...", "Ellipsis"},
        {"Ellipsis", "Ellipsis"},
        {"NotImplemented", "NotImplemented"},
        {"''", "''"},
        {"\"it's\"", "\"it's\""},
        {"'\\'\\\\\\a\\b\\f\\n\\r\\t\\v'", "\"'\\\\\\x07\\x08\\x0c\\n\\r\\t\\x0b\""},
        {"'\\0\\12\\101'", "'\\x00\\nA'"},
        {"'\\xe9\\u20ac\\U0001f600'", "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'"},
        {"u'x'", "'x'"},
        {"r'\\n'", "'\\\\n'"},
        {"r'\\''", "\"\\\\'\""},
        {"b'\\xff\\0'", "b'\\xff\\x00'"},
        {"bR'\\x'", "b'\\\\x'"},
        {"Rb''", "b''"},
        {"()", "()"},
        {"(1)", "1"},
        {"(1,)", "(1,)"},
        {"(1, (2, 'x'),)", "(1, (2, 'x'))"},
        {"frozenset()", "frozenset()"},
        {"frozenset({1, 2, 1})", "frozenset({1, 2})"},
        {"frozenset((1,))", "frozenset({1})"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        expect_tree(cases[i][0], cases[i][1]);
}

Test(rpyc_expr, expressions)
{
    static const char *const cases[][2] = {
        {"root", "root"},
        {"conn.root", "root"},
        {"conn . root . x", "attr:x(root)"},
        {"root.f()", "call(attr:f(root))"},
        {"root.f(1, a=2, b=root.x,)", "call(attr:f(root) 1 a=2 b=attr:x(root))"},
        {"root.f(1).name", "attr:name(call(attr:f(root) 1))"},
        {"root.f()()", "call(call(attr:f(root)))"},
        {"root.x[0]", "item(attr:x(root) 0)"},
        {"root.x['k'][-1]", "item(item(attr:x(root) 'k') -1)"},
        {"root.x[1:3]", "item(attr:x(root) slice(1, 3, None))"},
        {"root.x[:]", "item(attr:x(root) slice(None, None, None))"},
        {"root.x[::2]", "item(attr:x(root) slice(None, None, 2))"},
        {"root.x[ 1 : : ]", "item(attr:x(root) slice(1, None, None))"},
        {"root.x[root.y:]", "item(attr:x(root) slice(attr:y(root) None None))"},
        {"root.x[1, 2:3]", "item(attr:x(root) (1, slice(2, 3, None)))"},
        {"len(root.x)", "fun:0(attr:x(root))"},
        {"list(root.x)[0].y", "attr:y(item(fun:4(attr:x(root)) 0))"},
        {"(root.a, 1)", "tuple(attr:a(root) 1)"},
        {"[u.name for u in root.us()]", "for:u(call(attr:us(root)) attr:name(var:u))"},
        {"[(']', u)[1] for u in root.x]", "for:u(attr:x(root) item(tuple(']' var:u) 1))"},
        {"[[b for b in a] for a in root.x]", "for:a(attr:x(root) for:b(var:a var:b))"},
        {"root.\xc3\xa9t\xc3\xa9", "attr:\xc3\xa9t\xc3\xa9(root)"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        expect_tree(cases[i][0], cases[i][1]);
}

Test(rpyc_expr, what_is_refused_and_where)
{
    static const struct {
        const char *text;
        int code, column;
    } cases[] = {
        {"", -EINVAL, 1},
        {"   ", -EINVAL, 4},
        {"ping()", -EINVAL, 1},
        {"root.", -EINVAL, 6},
        {"root.1", -EINVAL, 6},
        {"root x", -EINVAL, 6},
        {"conn", -ENOTSUP, 5},
        {"conn.nothing", -ENOTSUP, 6},
        {"root.x(y)", -EINVAL, 8},
        {"root.x(1", -EINVAL, 9},
        {"root.x(", -EINVAL, 8},
        {"root.x(1 2)", -EINVAL, 10},
        {"root.x(,)", -EINVAL, 8},
        {"root.x(a=1, 2)", -EINVAL, 13},
        {"root.x(a=1, a=2)", -EINVAL, 13},
        {"root.x(*(1,))", -ENOTSUP, 8},
        {"root.x([])", -ENOTSUP, 8},
        {"root.x({})", -ENOTSUP, 8},
        {"root.x[1", -EINVAL, 9},
        {"root.x[]", -EINVAL, 8},
        {"root.x[1:2:3:4]", -EINVAL, 13},
        {"root.__class__", -ENOTSUP, 6},
        {"(1, 2", -EINVAL, 1},
        {"(1 2)", -EINVAL, 4},
        {"1 + 2", -ENOTSUP, 3},
        {"root.x + 1j", -ENOTSUP, 8},
        {"-root.x", -ENOTSUP, 1},
        {"-'x'", -EINVAL, 1},
        {"01", -EINVAL, 1},
        {"1a", -EINVAL, 2},
        {"1__0", -EINVAL, 2},
        {"1_", -EINVAL, 2},
        {"0x", -EINVAL, 3},
        {"0xg", -EINVAL, 3},
        {"0b2", -EINVAL, 3},
        {"1e", -EINVAL, 3},
        {"1.5.2", -EINVAL, 5},
        {"'a", -EINVAL, 1},
        {"'a\nb'", -EINVAL, 3},
        {"'\\q'", -EINVAL, 2},
        {"'\\x4'", -EINVAL, 2},
        {"'\\U00110000'", -EINVAL, 2},
        {"'\\ud800'", -ENOTSUP, 2},
        {"'\xff'", -EINVAL, 2},
        {"b'\xc3\xa9'", -EINVAL, 3},
        {"b'\\u0041'", -EINVAL, 3},
        {"b'\\777'", -EINVAL, 3},
        {"'a' 'b'", -EINVAL, 5},
        {"'a''b'", -ENOTSUP, 4},
        {"f'x'", -ENOTSUP, 1},
        {"'\xc3\xa9' x", -EINVAL, 5},
        {"len()", -EINVAL, 1},
        {"len(1, 2)", -EINVAL, 1},
        {"len", -EINVAL, 4},
        {"frozenset(root.x)", -ENOTSUP, 11},
        {"[u for u root.x]", -EINVAL, 10},
        {"[u for in root.x]", -EINVAL, 8},
        {"[u for u in root.x", -EINVAL, 19},
        {"[v for u in root.x]", -EINVAL, 2},
        {"[u v for u in root.x]", -EINVAL, 4},
        {"[1, 2]", -ENOTSUP, 1},
        {"root.x if 1 else 2", -EINVAL, 8},
        {"root.\xff", -EINVAL, 6},
        {"\x01", -EINVAL, 1},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct bench_arena arena;
        struct rpyc_node *tree;
        struct bench_error err;
        char expected[32];
        int rc = parse(&arena, cases[i].text, strlen(cases[i].text), &tree, &err);
        cr_expect_eq(rc, cases[i].code, "%s: %d", cases[i].text, rc);
        (void)snprintf(expected, sizeof(expected), "column %d:", cases[i].column);
        if (rc < 0)
            cr_expect(strncmp(err.msg, expected, strlen(expected)) == 0, "%s, not %s: %s",
                      cases[i].text, expected, err.msg);
        bench_arena_fini(&arena);
    }
}

/* The piece, n times, between two others. */
static int parse_repeated(const char *front, const char *piece, size_t n, const char *back)
{
    struct bench_arena arena;
    struct bench_buf text;
    struct rpyc_node *tree;
    struct bench_error err;
    bench_buf_init(&text, (size_t)8 << 20);
    cr_assert_eq(bench_buf_add(&text, front, strlen(front)), 0);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(bench_buf_add(&text, piece, strlen(piece)), 0);
    cr_assert_eq(bench_buf_add(&text, back, strlen(back)), 0);
    int rc =
        parse(&arena, (const char *)bench_buf_head(&text), bench_buf_length(&text), &tree, &err);
    bench_buf_fini(&text);
    bench_arena_fini(&arena);
    return rc;
}

Test(rpyc_expr, limits)
{
    static const struct {
        const char *front, *piece;
        size_t n;
        const char *back;
        int code;
    } cases[] = {
        {"", "(", 60, "", -EINVAL},         {"", "(", 65, "", -ENOTSUP},
        {"", "(", 1000000, "", -ENOTSUP},   {"", "[", 1000000, "", -ENOTSUP},
        {"", "len(", 100000, "", -ENOTSUP}, {"root", ".a", 60, "", 0},
        {"root", ".a", 65, "", -ENOTSUP},   {"root", "()", 100000, "", -ENOTSUP},
        {"root.f(", "1,", 255, ")", 0},     {"root.f(", "1,", 256, ")", -ENOTSUP},
        {"(", "-1,", 300000, ")", 0},       {"", "1", 4300, "", 0},
        {"", "1", 4301, "", -ENOTSUP},      {"0x", "f", 3500, "", 0},
        {"0x", "f", 3600, "", -ENOTSUP},    {"", "-", 100001, "1", 0},
        {"'", "x", 1000000, "'", 0},        {"'", "x", 1048576, "'", -EMSGSIZE},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        int rc = parse_repeated(cases[i].front, cases[i].piece, cases[i].n, cases[i].back);
        cr_expect_eq(rc, cases[i].code, "%s and %zu of %s: %d", cases[i].front, cases[i].n,
                     cases[i].piece, rc);
    }
}

Test(rpyc_expr, a_zero_byte_ends_nothing)
{
    struct bench_arena arena;
    struct rpyc_node *tree;
    struct bench_error err;
    cr_assert_eq(parse(&arena, "root\0x", 6, &tree, &err), -EINVAL);
    cr_assert_str_eq(err.msg, "column 5: a zero byte");
    bench_arena_fini(&arena);
}

/* Every beginning of a long expression is either read or refused. */
Test(rpyc_expr, cut_anywhere)
{
    static const char text[] = "[(u.name[1:0x_f], -2.5e-3j, r'\\'', b\"\\x00\", frozenset({1,}), "
                               "list(root.f(a=u))) for u in conn.root.x('\xc3\xa9\\u20ac', ...)]";
    for (size_t n = 0; n < sizeof(text); n++) {
        struct bench_arena arena;
        struct rpyc_node *tree;
        struct bench_error err;
        int rc = parse(&arena, text, n, &tree, &err);
        cr_expect_eq(rc == 0, n == sizeof(text) - 1, "%zu: %d %s", n, rc, err.msg);
        bench_arena_fini(&arena);
    }
}
