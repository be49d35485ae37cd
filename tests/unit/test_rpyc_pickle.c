/* SPDX-License-Identifier: MIT */
/* Pickles that Python wrote, pickles that it would never write, and what is made of them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "protocols/rpyc/rpyc_pickle.h"
#include "protocols/rpyc/rpyc_value.h"

TestSuite(rpyc_pickle, .timeout = 60);

static struct bench_arena arena;
static struct bench_error err;

static void set_up(void) { bench_arena_init(&arena, 1u << 28); }
static void tear_down(void) { bench_arena_fini(&arena); }

static int read_bytes(const void *data, size_t n, struct bench_value *out)
{
    err = (struct bench_error){0};
    /* An own allocation, so that a sanitizer sees each byte that is read too much. */
    uint8_t *exact = malloc(n + (n == 0));
    cr_assert_not_null(exact);
    if (n > 0)
        memcpy(exact, data, n);
    int rc = rpyc_pickle_read(&arena, exact, n, out, &err);
    free(exact);
    cr_assert((rc == 0) == (err.code == 0));
    return rc;
}

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return n;
}

struct sample {
    unsigned protocol;
    const char *repr, *hex;
};

/* Written by pickle.dumps(value, protocol) of Python 3.11; the texts are its repr(value). */
static const struct sample samples[] = {
#include "tests/unit/data/rpyc-pickles.inc"
};

static void expect_repr(const struct bench_value *value, const char *repr)
{
    struct bench_buf text;
    bench_buf_init(&text, 1u << 20);
    cr_assert_eq(bench_value_repr(value, &text), 0);
    cr_assert_eq(bench_buf_add(&text, "", 1), 0);
    cr_assert_str_eq((const char *)bench_buf_head(&text), repr);
    bench_buf_fini(&text);
}

Test(rpyc_pickle, what_python_wrote, .init = set_up, .fini = tear_down)
{
    bool seen[RPYC_PICKLE_PROTOCOL_MAX + 1] = {false};
    for (size_t i = 0; i < BENCH_COUNT_OF(samples); i++) {
        uint8_t bytes[4096];
        struct bench_value value;
        size_t n = unhex(samples[i].hex, bytes);
        cr_assert_eq(read_bytes(bytes, n, &value), 0, "%s of protocol %u: %s", samples[i].repr,
                     samples[i].protocol, err.msg);
        expect_repr(&value, samples[i].repr);
        seen[samples[i].protocol] = true;
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(seen); i++)
        cr_assert(seen[i], "no sample of protocol %zu", i);
}

Test(rpyc_pickle, cut_anywhere, .init = set_up, .fini = tear_down)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(samples); i++) {
        uint8_t bytes[4096];
        struct bench_value value;
        size_t n = unhex(samples[i].hex, bytes);
        for (size_t k = 0; k < n; k++) {
            cr_assert_eq(read_bytes(bytes, k, &value), -EINVAL, "%s cut to %zu bytes",
                         samples[i].repr, k);
            bench_arena_reset(&arena);
        }
        bytes[n] = 'N';
        cr_assert_eq(read_bytes(bytes, n + 1, &value), -EINVAL);
        cr_assert_not_null(strstr(err.msg, "bytes behind its end"));
    }
}

struct hand {
    const char *bytes;
    size_t n;
    int rc;
    const char *text; /* repr, or part of the message */
};
#define HAND(bytes, rc, text)                                                                      \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, rc, text                                                         \
    }

static void try_all(const struct hand *hands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bench_value value;
        int rc = read_bytes(hands[i].bytes, hands[i].n, &value);
        cr_assert_eq(rc, hands[i].rc, "sample %zu (%s): %d %s", i, hands[i].text, rc, err.msg);
        if (rc == 0)
            expect_repr(&value, hands[i].text);
        else
            cr_assert_not_null(strstr(err.msg, hands[i].text), "sample %zu: %s", i, err.msg);
    }
}

/* Opcodes that Python's writer chooses rarely or no longer. */
Test(rpyc_pickle, opcodes_by_hand, .init = set_up, .fini = tear_down)
{
    static const struct hand hands[] = {
        HAND("I01\n.", 0, "True"),
        HAND("I00\n.", 0, "False"),
        HAND("I-7\n.", 0, "-7"),
        HAND("I+7\n.", 0, "7"),
        HAND("L12L\n.", 0, "12"),
        HAND("L-00012\n.", 0, "-12"),
        HAND("L99999999999999999999L\n.", 0, "99999999999999999999"),
        HAND("F1.5\n.", 0, "1.5"),
        HAND("Finf\n.", 0, "inf"),
        HAND("Fnan\n.", 0, "nan"),
        HAND("J\xff\xff\xff\xff.", 0, "-1"),
        HAND("\x8a\x00.", 0, "0"),
        HAND("\x8b\x02\x00\x00\x00\x00\xff.", 0, "-256"),
        HAND("\x8b\x00\x00\x00\x00.", 0, "0"),
        HAND("V\\u00e9\xe9\\x\\U0001f600\n.", 0, "'\xc3\xa9\xc3\xa9\\\\x\xf0\x9f\x98\x80'"),
        HAND("X\x01\x00\x00\x00x.", 0, "'x'"),
        HAND("\x8d\x01\x00\x00\x00\x00\x00\x00\x00x.", 0, "'x'"),
        HAND("B\x01\x00\x00\x00x.", 0, "b'x'"),
        HAND("\x8e\x01\x00\x00\x00\x00\x00\x00\x00x.", 0, "b'x'"),
        HAND("\x96\x01\x00\x00\x00\x00\x00\x00\x00x.", 0, "b'x'"),
        HAND("(K\x01K\x02l.", 0, "[1, 2]"),
        HAND("(K\x01K\x02"
             "d.",
             0, "{1: 2}"),
        HAND("}K\x01K\x02s.", 0, "{1: 2}"),
        HAND("(K\x01K\x02t.", 0, "(1, 2)"),
        HAND("]K\x01"
             "a(K\x02K\x03"
             "e(e.",
             0, "[1, 2, 3]"),
        HAND("\x8f(K\x01\x90.", 0, "{1}"),
        HAND("\x8f.", 0, "set()"),
        HAND("(\x91.", 0, "frozenset()"),
        HAND("K\x01K\x02"
             "0.",
             0, "1"),
        HAND("K\x01(0.", 0, "1"),
        HAND("K\x01(K\x02K\x03"
             "1.",
             0, "1"),
        HAND("K\x01"
             "2\x86.",
             0, "(1, 1)"),
        HAND("K\x05p3\n0g3\n.", 0, "5"),
        HAND("K\x05r\x04\x00\x00\x00j\x04\x00\x00\x00\x86.", 0, "(5, 5)"),
        /* One list, in memo 0, named twice, and filled afterwards. */
        HAND("]\x94h\x00\x86h\x00K\x01"
             "a0.",
             0, "([1], [1])"),
        /* Frames may come anywhere. */
        HAND("\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00N\x95\x01\x00\x00\x00\x00\x00\x00\x00.",
             0, "None"),
    };
    try_all(hands, BENCH_COUNT_OF(hands));
}

Test(rpyc_pickle, classes_and_code_are_refused, .init = set_up, .fini = tear_down)
{
    static const struct hand hands[] = {
        HAND("cos\nsystem\n(S'x'\ntR.", -ENOTSUP, "the pickle names a class: os.system"),
        HAND("\x80\x02"
             "c__builtin__\nset\nq\x00]q\x01\x85R.",
             -ENOTSUP, "the pickle names a class: __builtin__.set"),
        HAND("\x80\x04\x8c\x08"
             "builtins\x8c\x04"
             "eval\x93.",
             -ENOTSUP, "the pickle names a class: builtins.eval"),
        HAND("\x8c\x03"
             "a\n\x01\x8c\x02\xc3\xa9\x93.",
             -ENOTSUP, "the pickle names a class: a\?\?.\?\?"),
        HAND("(ios\nsystem\n.", -ENOTSUP, "the pickle names a class: os.system"),
        HAND("NN\x93.", -EINVAL, "a class whose name is no text"),
        HAND("NNR.", -ENOTSUP, "it runs code"),
        HAND("NNb.", -ENOTSUP, "it runs code"),
        HAND("(No.", -ENOTSUP, "it runs code"),
        HAND("NN\x81.", -ENOTSUP, "it runs code"),
        HAND("NNN\x92.", -ENOTSUP, "it runs code"),
        HAND("\x82\x01.", -ENOTSUP, "it names a class by a number"),
        HAND("\x83\x01\x00.", -ENOTSUP, "it names a class by a number"),
        HAND("\x84\x01\x00\x00\x00.", -ENOTSUP, "it names a class by a number"),
        HAND("Pid\n.", -ENOTSUP, "it names an object outside of it"),
        HAND("NQ.", -ENOTSUP, "it names an object outside of it"),
        HAND("\x97.", -ENOTSUP, "it has buffers outside of it"),
        HAND("N\x98.", -ENOTSUP, "it has buffers outside of it"),
        HAND("S'x'\n.", -ENOTSUP, "a str of Python 2"),
        HAND("U\x01x.", -ENOTSUP, "a str of Python 2"),
        HAND("T\x01\x00\x00\x00x.", -ENOTSUP, "a str of Python 2"),
    };
    try_all(hands, BENCH_COUNT_OF(hands));
}

Test(rpyc_pickle, nonsense_is_refused, .init = set_up, .fini = tear_down)
{
    static const struct hand hands[] = {
        HAND("", -EINVAL, "cut"),
        HAND(".", -EINVAL, "its stack is empty"),
        HAND("(.", -EINVAL, "a mark where a value should be"),
        HAND("NN.", -EINVAL, "more than one value"),
        HAND("\xff.", -EINVAL, "bad pickle at byte 0 of 2: an unknown opcode"),
        HAND("\x80\x06N.", -EINVAL, "a protocol above 5"),
        HAND("\x95\x09\x00\x00\x00\x00\x00\x00\x00N.", -EINVAL, "a frame that is cut"),
        HAND("\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", -EINVAL, "a frame that is cut"),
        HAND("0.", -EINVAL, "its stack is empty"),
        HAND("2.", -EINVAL, "its stack is empty"),
        HAND("N1.", -EINVAL, "no mark"),
        HAND("Nt.", -EINVAL, "no mark"),
        HAND("Na.", -EINVAL, "its stack is empty"),
        HAND("NNa.", -EINVAL, "items for something that holds none"),
        HAND("](N\x90.", -EINVAL, "items for something that holds none"),
        HAND("}(Nu.", -EINVAL, "a key without a value"),
        HAND("(Nd.", -EINVAL, "a key without a value"),
        HAND("}]Ns.", -EINVAL, "a key or member that can change"),
        HAND("(]\x85\x91.", -EINVAL, "a key or member that can change"),
        HAND("\x8f(\x8f\x90.", -EINVAL, "a key or member that can change"),
        HAND("h\x00.", -EINVAL, "a memo number that was never used"),
        HAND("j\xff\xff\xff\xff.", -EINVAL, "a memo number that was never used"),
        HAND("Nr\xff\xff\xff\x7f.", -E2BIG, "a memo number that is too high"),
        HAND("Np-1\n.", -EINVAL, "a memo number that is none"),
        HAND("Npx\n.", -EINVAL, "a memo number that is none"),
        HAND("Np99999999999999999999\n.", -EINVAL, "a memo number that is none"),
        HAND("\x94.", -EINVAL, "its stack is empty"),
        HAND("(\x94.", -EINVAL, "a mark where a value should be"),
        HAND("]\x94h\x00"
             "a.",
             -EINVAL, "something that contains itself"),
        HAND("]\x94h\x00\x85"
             "a.",
             -EINVAL, "something that contains itself"),
        HAND("}\x94Nh\x00s.", -EINVAL, "something that contains itself"),
        HAND("X\x02\x00\x00\x00\xc3(.", -EILSEQ, "not UTF-8"),
        HAND("\x8c\x03\xed\xa0\x80.", -EILSEQ, "not UTF-8"),
        HAND("V\\ud800\n.", -EILSEQ, "a character that does not exist"),
        HAND("V\\Uffffffff\n.", -EILSEQ, "a character that does not exist"),
        HAND("V\\u12\n.", -EINVAL, "a cut escape"),
        HAND("V\\u12xx\n.", -EINVAL, "an escape in a text without its digits"),
        HAND("Ix\n.", -EINVAL, "not an int"),
        HAND("I\n.", -EINVAL, "not an int"),
        HAND("I-\n.", -EINVAL, "not an int"),
        HAND("I1L\n.", -EINVAL, "not an int"),
        HAND("F\n.", -EINVAL, "not a float"),
        HAND("F 1\n.", -EINVAL, "not a float"),
        HAND("F0x10\n.", -EINVAL, "not a float"),
        HAND("F1.5y\n.", -EINVAL, "not a float"),
        HAND("\x8e\xff\xff\xff\xff\xff\xff\xff\xffx.", -EINVAL, "cut"),
        HAND("B\xff\xff\xff\xffx.", -EINVAL, "cut"),
        HAND("\x8b\xff\xff\xff\xffx.", -EINVAL, "cut"),
    };
    try_all(hands, BENCH_COUNT_OF(hands));
}

/* ---- limits ---- */

static int read_nested(size_t depth)
{
    char bytes[256];
    struct bench_value value;
    memset(bytes, ']', depth);
    memset(bytes + depth, 'a', depth - 1);
    bytes[2 * depth - 1] = '.';
    return read_bytes(bytes, 2 * depth, &value);
}

Test(rpyc_pickle, nesting, .init = set_up, .fini = tear_down)
{
    cr_assert_eq(read_nested(RPYC_NESTING_MAX), 0, "%s", err.msg);
    cr_assert_eq(read_nested(RPYC_NESTING_MAX + 1), -E2BIG);
    cr_assert_not_null(strstr(err.msg, "nesting deeper than 100"));
    /* 60 deep, memoized and finished, then in a list that is 60 deep itself. */
    struct bench_buf buf;
    bench_buf_init(&buf, 4096);
    cr_assert_eq(bench_buf_printf(&buf, "]"), 0);
    for (int i = 0; i < 59; i++)
        cr_assert_eq(bench_buf_printf(&buf, "\x85"), 0);
    cr_assert_eq(bench_buf_add(&buf, "q\x00h\x00", 4), 0);
    for (int i = 0; i < 60; i++)
        cr_assert_eq(bench_buf_printf(&buf, "\x85"), 0);
    cr_assert_eq(bench_buf_printf(&buf, "\x86."), 0);
    struct bench_value value;
    cr_assert_eq(read_bytes(bench_buf_head(&buf), bench_buf_length(&buf), &value), -E2BIG);
    bench_buf_fini(&buf);
}

/* [x, x] of [x, x] of ...: few bytes, and 2 ** 60 values to who walks through all of them. */
Test(rpyc_pickle, what_is_named_twice_counts_twice, .init = set_up, .fini = tear_down)
{
    char bytes[1 + 2 * 60 + 1] = "N";
    struct bench_value value;
    for (int levels = 18; levels <= 60; levels += 42) {
        for (int i = 0; i < levels; i++)
            memcpy(bytes + 1 + 2 * i, "2\x86", 2);
        bytes[1 + 2 * levels] = '.';
        int rc = read_bytes(bytes, (size_t)(2 + 2 * levels), &value);
        cr_assert_eq(rc, levels == 18 ? 0 : -E2BIG, "%s", err.msg);
    }
    cr_assert_not_null(strstr(err.msg, "more than a million values when written out"));
}

Test(rpyc_pickle, number_of_values, .init = set_up, .fini = tear_down)
{
    size_t n = RPYC_ITEMS_MAX + 2;
    char *bytes = malloc(n + 3);
    struct bench_value value;
    cr_assert_not_null(bytes);
    memset(bytes, 'N', n + 3);
    bytes[0] = '(';
    memcpy(bytes + n - 2, "l.", 2);
    cr_assert_eq(read_bytes(bytes, n, &value), -E2BIG); /* mark, items, list: one too many */
    bytes[n - 3] = 'l', bytes[n - 2] = '.';
    cr_assert_eq(read_bytes(bytes, n - 1, &value), 0, "%s", err.msg);
    cr_assert_eq(value.seq.count, n - 4);
    free(bytes);
}

Test(rpyc_pickle, long_ints, .init = set_up, .fini = tear_down)
{
    /* 16 ** 3569 has 4298 digits; 2 ** (8 * 1786) - 1 has 4302. */
    uint8_t bytes[1800] = "\x8b\x00\x07\x00\x00";
    struct bench_value value;
    bytes[5 + 1784] = 0x01;
    bytes[5 + 1792] = '.';
    cr_assert_eq(read_bytes(bytes, 5 + 1792 + 1, &value), 0, "%s", err.msg);
    cr_assert_eq(value.kind, BENCH_BIGINT);
    cr_assert_eq(value.text.length, 4297);
    memset(bytes + 5, 0xff, 1786);
    cr_assert_eq(read_bytes(bytes, 5 + 1792 + 1, &value), -E2BIG);
    bytes[5 + 1786] = 1;
    cr_assert_eq(read_bytes(bytes, 5 + 1792 + 1, &value), -E2BIG);
    memset(bytes + 5, 0xff, 1792);
    cr_assert_eq(read_bytes(bytes, 5 + 1792 + 1, &value), 0);
    expect_repr(&value, "-1");
}

Test(rpyc_pickle, a_small_arena, .init = set_up, .fini = tear_down)
{
    static const char bytes[] = "]\x94(\x8c\x05"
                                "first\x8c\x06"
                                "second(K\x01K\x02te.";
    struct bench_value value;
    int rc = -ENOMEM;
    for (size_t limit = 0; limit < 2048; limit += 16) {
        struct bench_arena small;
        bench_arena_init(&small, limit);
        rc = rpyc_pickle_read(&small, bytes, sizeof(bytes) - 1, &value, &err);
        bench_arena_fini(&small);
        cr_assert(rc == 0 || rc == -ENOMEM, "%s", err.msg);
    }
    cr_assert_eq(rc, 0);
}

/* ---- anything at all ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

Test(rpyc_pickle, mutations, .init = set_up, .fini = tear_down)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    size_t good = 0, bad = 0;
    for (unsigned round = 0; round < 300; round++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(samples); i++) {
            uint8_t bytes[4096];
            struct bench_value value, copy;
            size_t n = unhex(samples[i].hex, bytes);
            for (uint64_t k = next_random(&state) % 4 + 1; k > 0; k--)
                bytes[next_random(&state) % n] = (uint8_t)next_random(&state);
            if (read_bytes(bytes, n, &value) == 0) {
                good++;
                cr_assert_eq(bench_value_copy(&arena, &value, &copy), 0);
                cr_assert(bench_value_equal(&value, &copy));
            } else {
                bad++;
            }
            bench_arena_reset(&arena);
        }
    }
    cr_assert_gt(good, 0);
    cr_assert_gt(bad, 0);
}
