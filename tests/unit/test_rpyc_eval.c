/* SPDX-License-Identifier: MIT */
/* Expressions on peers that play a script: what they may answer, and what is given back. */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/rpyc_link.h"

TestSuite(rpyc_eval, .timeout = 60);

/* GETATTR x of the root: its length, and the answer: the list 1, or a list of no known class. */
#define GETATTR_LENGTH 42
#define THE_LIST                                                                                   \
    "\x12\x08\x0e\x0d"                                                                             \
    "builtins.list"                                                                                \
    "\x51\x51"
#define THE_CART                                                                                   \
    "\x12\x08\x0e\x09"                                                                             \
    "shop.Cart"                                                                                    \
    "\x51\x51"
#define GOT_LIST "\0\0\0\x18\0\x12\x52\x51\x11\x54" THE_LIST "\n"
#define GOT_CART "\0\0\0\x14\0\x12\x52\x51\x11\x54" THE_CART "\n"
/* CALLATTR __iter__ or __len__ of the list, STR of it. */
#define ITER_LENGTH 54
#define LEN_LENGTH  53
#define STR_LENGTH  35
/* Its DEL, request 3. */
#define DEL_LIST "\0\0\0\x20\0\x12\x51\x53\x11\x5f\x11\x52\x11\x11\x53" THE_LIST "\x11\x51\x51\n"

struct scripted {
    struct support_peer *peer;
    struct client c;
};

static void play(struct scripted *s, const struct support_step *steps, size_t n, const char *text)
{
    struct bench_error err;
    cr_assert_eq(support_peer_start(steps, n, &s->peer, &err), 0, "%s", err.msg);
    client_new(&s->c, support_peer_port(s->peer), "version=5");
    cr_assert_eq(client_open(&s->c), 0, "%s", s->c.err.msg);
    client_text(&s->c, text);
}

static void play_end(struct scripted *s)
{
    struct bench_error err;
    client_free(&s->c);
    cr_assert_eq(support_peer_stop(s->peer, &err), 0, "%s", err.msg);
}

/* Answers to the second request that are of the wrong kind: the op fails, the list goes back and
 * the connection lives on. */
Test(rpyc_eval, answers_of_the_wrong_kind)
{
    static const struct {
        const char *text;
        size_t length;
        struct support_step answer;
    } cases[] = {
        {"str(root.x)", STR_LENGTH, STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x57\n")},
        {"dir(root.x)", STR_LENGTH, STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x57\n")},
        {"dir(root.x)", STR_LENGTH,
         STEP(SUPPORT_SEND, "\0\0\0\x07\0\x12\x52\x52\x11\x51\x10\x57\n")},
        {"len(root.x)", LEN_LENGTH, STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x00\n")},
        {"list(root.x)", ITER_LENGTH, STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x57\n")},
        {"buffiter(root.x)", ITER_LENGTH,
         STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x57\n")},
        {"[a for a in root.x]", ITER_LENGTH,
         STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x52\x11\x51\x57\n")},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        const struct support_step steps[] = {
            OPENING,
            {SUPPORT_READ, NULL, GETATTR_LENGTH},
            STEP(SUPPORT_SEND, GOT_LIST),
            {SUPPORT_READ, NULL, cases[i].length},
            cases[i].answer,
            STEP(SUPPORT_EXPECT, DEL_LIST),
            {.kind = SUPPORT_HOLD},
        };
        struct scripted s;
        play(&s, steps, BENCH_COUNT_OF(steps), cases[i].text);
        cr_assert_eq(client_call(&s.c), -EBADMSG, "%s", cases[i].text);
        cr_assert_eq(s.c.op->failure, BENCH_FAILURE_WRONG);
        cr_assert(strncmp(s.c.op->error.msg, "column 1: ", 10) == 0, "%s", s.c.op->error.msg);
        cr_assert(bench_conn_is_ready(s.c.conn));
        play_end(&s);
    }
}

/* The same that cannot be read at all: the connection is given up. */
Test(rpyc_eval, answers_that_cannot_be_read)
{
    static const struct support_step answers[] = {
        STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x51\x11\x59\x00\n"),
        STEP(SUPPORT_SEND, "\0\0\0\x07\0\x12\x52\x51\x11\x51\x00\x00\n"),
        STEP(SUPPORT_SEND, "\0\0\0\x05\0\x12\x53\x51\x10\x51\n"),
        STEP(SUPPORT_SEND, "\0\0\0\x06\0\x12\x52\x51\x11\x54\x51\n"),
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(answers); i++) {
        const struct support_step steps[] = {
            OPENING, {SUPPORT_READ, NULL, GETATTR_LENGTH}, answers[i], {.kind = SUPPORT_CLOSE}};
        struct scripted s;
        struct bench_error err;
        play(&s, steps, BENCH_COUNT_OF(steps), "list(root.x)");
        cr_assert_lt(client_call(&s.c), 0, "case %zu", i);
        cr_assert_eq(s.c.op->failure, BENCH_FAILURE_PROTOCOL, "case %zu: %s", i, s.c.op->error.msg);
        client_free(&s.c);
        (void)support_peer_stop(s.peer, &err);
    }
}

/* What INSPECT did not name is not asked for. */
Test(rpyc_eval, methods_that_a_class_does_not_have)
{
    static const char inspect[] = "\0\0\0\x17\0\x12\x51\x52\x11\x60\x11\x51\x10" THE_CART "\n";
    static const char methods[] = "\0\0\0\x12\0\x12\x52\x52\x11\x51\x10\x11\x08\x0e\x07"
                                  "__len__\x00\n";
    static const char del[] =
        "\0\0\0\x1c\0\x12\x51\x53\x11\x5f\x11\x52\x11\x11\x53" THE_CART "\x11\x51\x51\n";
    static const struct support_step steps[] = {
        OPENING,
        {SUPPORT_READ, NULL, GETATTR_LENGTH},
        STEP(SUPPORT_SEND, GOT_CART),
        {SUPPORT_EXPECT, inspect, sizeof(inspect) - 1},
        {SUPPORT_SEND, methods, sizeof(methods) - 1},
        {SUPPORT_EXPECT, del, sizeof(del) - 1},
        {.kind = SUPPORT_HOLD},
    };
    static const char *const texts[] = {"list(root.x)", "root.x[0]", "buffiter(root.x)"};
    for (size_t i = 0; i < BENCH_COUNT_OF(texts); i++) {
        struct scripted s;
        play(&s, steps, BENCH_COUNT_OF(steps), texts[i]);
        cr_assert_eq(client_call(&s.c), -EBADMSG, "%s", texts[i]);
        cr_assert_not_null(strstr(s.c.op->error.msg, "'shop.Cart' object is not"), "%s",
                           s.c.op->error.msg);
        play_end(&s);
    }
}

static void on_done(struct bench_op *op, int status, void *user)
{
    (void)op;
    *(int *)user = status;
}

Test(rpyc_eval, what_is_held_goes_back_when_the_op_is_taken_back)
{
    static const struct support_step steps[] = {
        OPENING,
        {SUPPORT_READ, NULL, GETATTR_LENGTH},
        STEP(SUPPORT_SEND, GOT_LIST),
        {SUPPORT_READ, NULL, ITER_LENGTH},
        STEP(SUPPORT_EXPECT, DEL_LIST),
        {.kind = SUPPORT_HOLD},
    };
    struct scripted s;
    int status = 1;
    play(&s, steps, BENCH_COUNT_OF(steps), "list(root.x)");
    s.c.op->done = on_done;
    s.c.op->user = &status;
    bench_op_reset(s.c.op);
    cr_assert_eq(bench_conn_submit(s.c.conn, s.c.op, &s.c.err), 0);
    while (s.c.op->stat.frames_sent < 2)
        (void)bench_loop_run(s.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    bench_conn_cancel(s.c.conn, s.c.op);
    (void)bench_loop_run(s.c.loop, bench_now_ns() + BENCH_NS_PER_MS);
    cr_assert_eq(status, -ECANCELED);
    cr_assert_eq(s.c.op->stat.frames_sent, 3);
    play_end(&s);
}
