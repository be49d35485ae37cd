/* SPDX-License-Identifier: MIT */
/* Thread binding (rpyc's bind_threads): the server's half byte for byte, and both of ours. */
#include "tests/unit/rpyc_pair.h"

#include "tests/unit/rpyc_conversation.h"

TestSuite(rpyc_bound, .timeout = 60);

/* ---- a client with several threads, byte for byte ---- */

#define METHOD_SIZE 256
#define LIST(id)    "12080e0d6275696c74696e732e6c69737452" id /* ("builtins.list", 2, id) */
#define ASK_ITER    "1151080e085f5f697465725f5f115102115102"
#define ASK_NEXT    "1151080e085f5f6e6578745f5f115102115102"

enum { ANY = 0, SERVER = 1, ONE = 0x11, TWO = 0x22, THREE = 0x33 };

struct bound {
    struct pair p;
    enum rpyc_layout layout;
    char method[METHOD_SIZE]; /* of upload_chunked, as hex */
};

/* The hex of a message of layout A in that of the connection, behind the ids. */
static void bound_hex(const struct bound *b, unsigned sender, unsigned receiver, const char *hex,
                      char *out, size_t size)
{
    if (b->layout == RPYC_LAYOUT_A)
        (void)snprintf(out, size, "%016x%016x%s", sender, receiver, hex);
    else
        (void)snprintf(out, size, "%016x%016x0%c11%s", sender, receiver, hex[3], hex + 4);
}

static void say(struct bound *b, unsigned thread, unsigned receiver, const char *hex)
{
    char text[600];
    bound_hex(b, thread, receiver, hex, text, sizeof(text));
    send_hex(&b->p, text);
}

static void hear(struct bound *b, unsigned receiver, const char *hex)
{
    char text[600];
    bound_hex(b, SERVER, receiver, hex, text, sizeof(text));
    expect_hex(&b->p, text);
}

/* The id that the message in p->frame is for. */
static unsigned receiver_of(const struct bound *b)
{
    return b->p.frame[RPYC_FRAME_HEADER + RPYC_THREADS_BYTES - 1];
}

static void hear_ref(struct bound *b, unsigned receiver, char *hex)
{
    struct rpyc_message message;
    struct rpyc_ref ref;
    int64_t label;
    cr_assert(next_message(&b->p, &message));
    cr_assert_eq(message.type, RPYC_REPLY);
    cr_assert(message.bound);
    cr_assert_eq(message.sender, SERVER);
    cr_assert_eq(receiver_of(b), receiver);
    cr_assert_eq(rpyc_read_box_head(&message.body, &label), 0);
    cr_assert_eq(label, RPYC_REMOTE_REF);
    const uint8_t *from = message.body.at;
    cr_assert_eq(rpyc_read_ref(&message.body, &ref), 0);
    cr_assert_leq(2 * (message.body.at - from), METHOD_SIZE - 1);
    for (const uint8_t *at = from; at < message.body.at; at++)
        (void)snprintf(hex + 2 * (at - from), 3, "%02x", *at);
}

static void hear_exception(struct bound *b, unsigned receiver, const char *text)
{
    expect_exception(&b->p, text);
    cr_assert_eq(receiver_of(b), receiver);
}

/* Thread ONE fetches upload_chunked, with seqs 0 and 1. */
static void bound_start(struct bound *b, enum rpyc_layout layout)
{
    char root[METHOD_SIZE], text[600];
    b->layout = layout;
    start(&b->p);
    say(b, ONE, ANY, "1251501153115102");
    hear_ref(b, ONE, root);
    (void)snprintf(text, sizeof(text), "12515111541152111153%s1151080e0e%s", root,
                   "75706c6f61645f6368756e6b6564");
    say(b, ONE, ANY, text);
    hear_ref(b, ONE, b->method);
}

/* CALL upload_chunked(list), and the server's __iter__, which goes to the same thread. */
static void upload(struct bound *b, unsigned thread, unsigned receiver, const char *list,
                   const char *seq, const char *its_seq)
{
    char text[600];
    (void)snprintf(text, sizeof(text), "1251%s11571152121153%s1152101154%s115102", seq, b->method,
                   list);
    say(b, thread, receiver, text);
    (void)snprintf(text, sizeof(text), "1251%s11581152131153%s" ASK_ITER, its_seq, list);
    hear(b, thread, text);
}

static const enum rpyc_layout both[] = {RPYC_LAYOUT_A, RPYC_LAYOUT_B};

/* Two threads wait for calls that call them back, a third one asks something. The answer for the
 * older call comes before that for the newer one, and is used when its turn comes. */
Test(rpyc_bound, answers_and_requests_go_to_the_thread_that_waits)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(both); i++) {
        struct bound b;
        bound_start(&b, both[i]);
        upload(&b, ONE, ANY, LIST("61"), "52", "50");
        upload(&b, TWO, ANY, LIST("62"), "53", "51");
        say(&b, THREE, ANY, "1251541151115110080a61");
        hear(&b, THREE, "1252541151080a61");
        say(&b, ONE, SERVER, "1252501154" LIST("61")); /* its iterator is itself */
        say(&b, TWO, SERVER, "125251115157");
        hear_exception(&b, TWO, "builtins.TypeError: iter() returned non-iterator");
        hear(&b, ANY, "125152115f1152111153" LIST("62") "115151"); /* TWO waits no longer */
        hear(&b, ONE, "12515311581152131153" LIST("61") ASK_NEXT);
        /* A request within a callback: ONE still waits when it has its answer. */
        upload(&b, ONE, SERVER, LIST("63"), "55", "54");
        say(&b, ONE, SERVER, "125254115157");
        hear_exception(&b, ONE, "builtins.TypeError");
        hear(&b, ONE, "125155115f1152111153" LIST("63") "115151");
        say(&b, ONE, SERVER, "12535351"); /* StopIteration */
        hear(&b, ONE, "125252115150");
        hear(&b, ANY, "125156115f1152111153" LIST("61") "115152");
        say(&b, ONE, ANY, "1251561152115102"); /* CLOSE */
        expect_end(&b.p);
        cr_assert_eq(end(&b.p), 0);
    }
}

/* ---- what is not bound as it should be ---- */

Test(rpyc_bound, cut_messages_end_the_connection)
{
    static const char *const cases[] = {
        "00",
        "000000000000001100000000000000",
        "00000000000000110000000000000000",
        "0000000000000011000000000000000004",
    };
    for (size_t known = 0; known < 2; known++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
            struct bound b;
            if (known)
                bound_start(&b, RPYC_LAYOUT_B);
            else
                start(&b.p);
            send_hex(&b.p, cases[i]);
            if (known) /* CLOSE */
                hear(&b, ANY, "1251501152115102");
            expect_end(&b.p);
            cr_assert_lt(end(&b.p), 0, "%s", cases[i]);
        }
    }
}

Test(rpyc_bound, an_empty_frame_means_nothing)
{
    struct bound b = {.layout = RPYC_LAYOUT_B};
    start(&b.p);
    send_bytes(&b.p, "\0\0\0\0\0\n", 6);
    say(&b, TWO, ANY, "1251501151115110080a61");
    hear(&b, TWO, "1252501151080a61");
    send_bytes(&b.p, "\0\0\0\0\0\n", 6);
    say(&b, ONE, ANY, "1251501151115110080a61");
    hear(&b, ONE, "1252501151080a61");
    cr_assert_eq(end(&b.p), 0);
}

Test(rpyc_bound, binding_does_not_change)
{
    struct bound b = {.layout = RPYC_LAYOUT_A};
    start(&b.p);
    say(&b, ONE, ANY, "1251501151115110080a61");
    hear(&b, ONE, "1252501151080a61");
    send_hex(&b.p, "1251501151115110080a61");
    hear(&b, ANY, "1251501152115102");
    expect_end(&b.p);
    cr_assert_eq(end(&b.p), -EPROTO);
    start(&b.p);
    send_hex(&b.p, "1251501151115110080a61");
    expect_hex(&b.p, "1252501151080a61");
    say(&b, ONE, ANY, "1251501151115110080a61");
    expect_hex(&b.p, "1251501152115102");
    expect_end(&b.p);
    cr_assert_eq(end(&b.p), -EPROTO);
}

/* ---- our client ---- */

Test(rpyc_bound, our_client_and_our_server)
{
    static const char *const options[] = {"version=5,bind-threads=on", "version=6,bind-threads=on",
                                          "bind-threads=on,call=cached"};
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(options); i++) {
        struct client c;
        client_new(&c, server.port, options[i]);
        cr_assert_eq(client_open(&c), 0, "%s: %s", options[i], c.err.msg);
        for (int round = 0; round < 2; round++) {
            client_text(&c, "[user.name for user in root.get_users(2)]");
            cr_assert_eq(client_call(&c), 0, "%s", c.op->error.msg);
            expect_repr(&c.op->result, "['user0', 'user1']");
            client_text(&c, "root.fail('value')");
            cr_assert_eq(client_call(&c), -EREMOTEIO);
            cr_assert_str_eq(c.op->error.msg, "builtins.ValueError: failed as asked");
            client_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
            c.op->tx.data = bench_payload(20000);
            c.op->tx.length = 20000;
            c.op->tx.chunk_size = 3500;
            cr_assert_eq(client_call(&c), 0, "%s", c.op->error.msg);
            expect_repr(&c.op->result, "20000");
        }
        client_free(&c);
    }
    server_stop(&server);
}

/* The server's first message tells: its root, or CLOSE because it cannot read ours. */
Test(rpyc_bound, the_option_that_is_wrong_is_named)
{
    static const struct {
        const char *options, *message, *text;
    } cases[] = {
        {"version=5",
         "\0\0\0\x18\0\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\x12\x51\x50\x11\x52\x11\x51\x02\n",
         "the server binds its threads (rpyc's bind_threads): use bind-threads=on"},
        {"", "\0\0\0\x18\0\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\0\x12\x51\x50\x11\x52\x11\x51\x02\n",
         "the server binds its threads (rpyc's bind_threads): use bind-threads=on"},
        {"bind-threads=on", "\0\0\0\x18\0\x01\x11\x50\x11\x52\x11\x51\x02################\n",
         "the server does not bind its threads (rpyc's bind_threads): use bind-threads=off"},
        {"bind-threads=on", "\0\0\0\x18\0\x12\x51\x50\x11\x52\x11\x51\x02################\n",
         "the server does not bind its threads (rpyc's bind_threads): use bind-threads=off"},
        {"bind-threads=on", "\0\0\0\x10\0\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\1\n########",
         "no rpyc message in 16 bytes"},
        {"bind-threads=on", "\0\0\0\x02\0\0\7\n######################",
         "no rpyc message in 2 bytes"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        const struct support_step steps[] = {
            {.kind = SUPPORT_ANY}, {SUPPORT_SEND, cases[i].message, 30}, {.kind = SUPPORT_HOLD}};
        struct support_peer *peer;
        struct bench_error err;
        struct client c;
        cr_assert_eq(support_peer_start(steps, BENCH_COUNT_OF(steps), &peer, &err), 0);
        client_new(&c, support_peer_port(peer), cases[i].options);
        cr_assert_lt(client_open(&c), 0);
        cr_expect_not_null(strstr(c.err.msg, cases[i].text), "%zu: %s", i, c.err.msg);
        client_free(&c);
        (void)support_peer_stop(peer, &err); /* the client does not wait for its end */
    }
}
