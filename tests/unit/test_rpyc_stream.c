/* SPDX-License-Identifier: MIT */
/* Streaming: the client lends a list to the server, and iterates over what the server has. */
#include "tests/unit/rpyc_conversation.h"

#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

TestSuite(rpyc_stream, .timeout = 60);

static const char *const styles[] = {
    "version=5",
    "version=6",
    "version=5,call=cached",
    "version=6,call=cached",
};

static bool is_cached(size_t style) { return style >= 2; }

static void set_tx(struct client *c, size_t length, size_t chunk_size)
{
    c->op->tx.data = bench_payload(length);
    c->op->tx.length = length;
    c->op->tx.chunk_size = chunk_size;
}

/* ---- what a stream costs: as many messages as between two peers of Python ---- */

Test(rpyc_stream, an_upload_costs_what_it_costs_in_python)
{
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(styles); i++) {
        struct client c;
        client_new(&c, server.port, styles[i]);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
        set_tx(&c, (size_t)16 << 16, (size_t)1 << 16);
        uint32_t trips = is_cached(i) ? 19 : 20, frames = 0;
        for (int round = 0; round < 5; round++) {
            cr_assert_eq(client_call(&c), 0, "%s: %s", styles[i], c.err.msg);
            expect_repr(&c.op->result, "1048576");
            if (round > 0 || !is_cached(i))
                cr_assert_eq(c.op->stat.round_trips, trips);
            /* __iter__, 17 times __next__, DEL of the iterator; DEL of the list comes after the
             * answer and may be served in the next op. */
            cr_assert_geq(c.op->stat.served, 19);
            cr_assert_leq(c.op->stat.served, 21);
            cr_assert_gt(c.op->stat.plain_sent, 1 << 20);
            if (round > 0)
                frames += c.op->stat.frames_sent + c.op->stat.frames_received;
        }
        /* Over several ops the stragglers at both ends cancel out, but for at most one op's. */
        const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
        client_program(&c, &probe);
        cr_assert_eq(client_call(&c), 0);
        const uint32_t per_op = is_cached(i) ? 42 : 46;
        cr_assert_geq(frames, 4 * per_op - 4, "%s: %u", styles[i], frames);
        cr_assert_leq(frames, 4 * per_op + 4, "%s: %u", styles[i], frames);
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_stream, a_download_costs_what_it_costs_in_python)
{
    const struct bench_value args[2] = {bench_int(1 << 20), bench_int(1 << 16)};
    struct server server;
    server_start(&server);
    const uint64_t checksum = XXH3_64bits(bench_payload(1 << 20), 1 << 20);
    for (size_t i = 0; i < BENCH_COUNT_OF(styles); i++) {
        struct client c;
        client_new(&c, server.port, styles[i]);
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
        c.op->sink.kind = BENCH_SINK_CHECKSUM;
        for (int round = 0; round < 4; round++) {
            bool fetch = !is_cached(i) || round == 0;
            cr_assert_eq(client_call(&c), 0, "%s: %s", styles[i], c.err.msg);
            cr_assert_eq(c.op->sink.length, 1 << 20);
            cr_assert_eq(c.op->sink.checksum, checksum);
            cr_assert_eq(c.op->stat.round_trips, fetch ? 20 : 19);
            cr_assert_eq(c.op->stat.served, 0);
            /* One DEL for the generator, which came twice, and one for the method. */
            cr_assert_eq(c.op->stat.frames_sent, is_cached(i) ? (fetch ? 21 : 20) : 22);
            cr_assert_eq(c.op->stat.frames_received,
                         c.op->stat.frames_sent - (round == 0 ? 1 : 0));
        }
        client_free(&c);
    }
    server_stop(&server);
}

/* ---- sizes ---- */

Test(rpyc_stream, pieces_of_all_sizes)
{
    static const struct {
        size_t length, chunk;
    } cases[] = {
        {0, 1}, {0, 0}, {0, 1000}, {1, 1}, {10, 3}, {9, 3}, {5, 100}, {70000, 0}, {300000, 2999},
        {300000, 3001}, {5000000, 1000000}, {600, 1},
    };
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        const size_t length = cases[i].length, chunk = cases[i].chunk;
        struct client c;
        struct bench_buf store;
        char expected[32];
        bench_buf_init(&store, (size_t)8 << 20);
        client_new(&c, server.port, i % 2 ? "version=5" : "version=6");
        cr_assert_eq(client_open(&c), 0);
        client_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
        set_tx(&c, length, chunk);
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
        (void)snprintf(expected, sizeof(expected), "%zu", length);
        expect_repr(&c.op->result, expected);
        const struct bench_value args[2] = {bench_int((int64_t)length),
                                            bench_int(chunk > 0 ? (int64_t)chunk : 1 << 20)};
        client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
        c.op->sink.kind = BENCH_SINK_STORE;
        c.op->sink.store = &store;
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
        cr_assert_eq(bench_buf_length(&store), length);
        cr_assert(length == 0 ||
                  memcmp(bench_buf_head(&store), bench_payload(length), length) == 0);
        bench_buf_fini(&store);
        client_free(&c);
    }
    server_stop(&server);
}

Test(rpyc_stream, what_the_service_refuses_is_a_failure_of_the_op)
{
    const struct bench_value args[2] = {bench_int(10), bench_int(0)};
    struct server server;
    struct client c;
    server_start(&server);
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0);
    client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
    cr_assert_eq(client_call(&c), -EREMOTEIO);
    cr_assert_eq(c.op->failure, BENCH_FAILURE_REMOTE);
    cr_assert_not_null(strstr(c.op->error.msg, "chunk_size"));
    client_operation(&c, BENCH_OP_PING, NULL, 0);
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    client_free(&c);
    server_stop(&server);
}

Test(rpyc_stream, a_sink_that_is_full_ends_the_op_and_not_the_connection)
{
    const struct bench_value args[2] = {bench_int(100000), bench_int(1000)};
    struct server server;
    struct client c;
    server_start(&server);
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0);
    client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
    c.op->sink.limit = 5500;
    cr_assert_eq(client_call(&c), -EMSGSIZE);
    cr_assert_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
    cr_assert_eq(c.op->stat.round_trips, 9); /* GETATTR, CALL, __iter__, six pieces */
    client_operation(&c, BENCH_OP_PING, NULL, 0);
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    client_free(&c);
    server_stop(&server);
}

/* ---- a server that asks for odd things (layout A, call=plain, seqs of its own from 0) ---- */

/* CALL(method, (list,), ()): the ids that we give have fixed lengths. */
#define LIST_REF "\x12\x08\x0e\x0d" "builtins.list\x16\x07" "9759744\x16\x0f" "140000000000000"
#define ITER_REF                                                                                   \
    "\x12\x08\x0e\x16" "builtins.list_iterator\x16\x07" "9760832\x16\x0f" "140000000000001"
#define CALL_LENT                                                                                  \
    "\x12\x51\x52\x11\x57\x11\x52\x12\x11\x53" METHOD_REF "\x11\x52\x10\x11\x54" LIST_REF          \
    "\x11\x51\x02"
Test(rpyc_stream, a_lent_list_answers_what_a_list_answers)
{
    static struct conversation t;
    struct support_peer *peer;
    struct bench_error err;
    struct client c;
    opening(&t);
    fetch_method(&t, "upload_chunked");
    ADD(&t, SUPPORT_EXPECT, CALL_LENT);
    ADD(&t, SUPPORT_SEND, ASK("\x50", LIST_REF, "\x0e\x07__len__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x50\x11\x51\x53"); /* 3 pieces */
    ADD(&t, SUPPORT_SEND, ASK("\x51", LIST_REF, "\x0e\x08__iter__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x51\x11\x54" ITER_REF);
    ADD(&t, SUPPORT_SEND, ASK("\x52", ITER_REF, "\x0e\x08__next__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x52\x11\x51\x0c" "abc");
    ADD(&t, SUPPORT_SEND, ASK("\x52", ITER_REF, "\x0e\x0f__length_hint__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x52\x11\x51\x52");
    /* the iterator's iterator is itself */
    ADD(&t, SUPPORT_SEND, ASK("\x53", ITER_REF, "\x0e\x08__iter__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x53\x11\x54" ITER_REF);
    /* BUFFITER: the rest, then nothing */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x54\x11\x61\x11\x52\x11\x11\x53" ITER_REF "\x11\x51\x59");
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x54\x11\x51\x11\x0c" "def\x0a" "g");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x54\x11\x61\x11\x52\x11\x11\x53" ITER_REF "\x11\x51\x59");
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x54\x11\x51\x02");
    ADD(&t, SUPPORT_SEND, ASK("\x55", ITER_REF, "\x0e\x08__next__"));
    ADD(&t, SUPPORT_EXPECT, "\x12\x53\x55\x51");
    /* DEL of two references of the iterator, then it is gone: DEL again is fine, __next__ not */
    ADD(&t, SUPPORT_SEND, "\x12\x51\x56\x11\x5f\x11\x52\x11\x11\x53" ITER_REF "\x11\x51\x52");
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x56\x11\x51\x00");
    ADD(&t, SUPPORT_SEND, "\x12\x51\x56\x11\x5f\x11\x52\x11\x11\x53" ITER_REF "\x11\x51\x52");
    ADD(&t, SUPPORT_EXPECT, "\x12\x52\x56\x11\x51\x00");
    ADD(&t, SUPPORT_SEND, ASK("\x57", ITER_REF, "\x0e\x08__next__"));
    static const char key_error[] = "\x12\x53\x57\x13\x11\x08\x0e\x08" "builtins\x08\x0e\x08"
                                    "KeyError\x10\x08\x0e\x1c" "no object has this reference\x02"
                                    "\x08\x0e\x12<traceback denied>";
    ADD(&t, SUPPORT_EXPECT, key_error);
    /* an object that nobody ever lent */
    ADD(&t, SUPPORT_SEND, ASK("\x57", METHOD_REF, "\x0e\x08__iter__"));
    ADD(&t, SUPPORT_EXPECT, key_error);
    ADD(&t, SUPPORT_SEND, "\x12\x52\x52\x11\x51\x57"); /* the answer: 7 */
    hold(&t);
    run_conversation(&t, &peer, &c);
    client_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    c.op->tx.data = "abcdefg";
    c.op->tx.length = 7;
    c.op->tx.chunk_size = 3;
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    expect_repr(&c.op->result, "7");
    cr_assert_eq(c.op->stat.served, 12);
    cr_assert_eq(c.op->stat.round_trips, 2 + 10);
    client_free(&c);
    cr_assert_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

Test(rpyc_stream, no_more_than_so_many_iterators)
{
    static struct conversation t;
    struct support_peer *peer;
    struct bench_error err;
    struct client c;
    opening(&t);
    fetch_method(&t, "upload_chunked");
    ADD(&t, SUPPORT_EXPECT, CALL_LENT);
    for (int i = 0; i < 16; i++) {
        ADD(&t, SUPPORT_SEND, ASK("\x51", LIST_REF, "\x0e\x08__iter__"));
        skip_frame(&t, sizeof("\x12\x52\x51\x11\x54" ITER_REF) - 1);
    }
    ADD(&t, SUPPORT_SEND, ASK("\x51", LIST_REF, "\x0e\x08__iter__"));
    static const char memory_error[] = "\x12\x53\x51\x13\x11\x08\x0e\x08" "builtins\x08\x0e\x0b"
                                       "MemoryError\x10\x08\x0e\x1a" "too many iterators are out"
                                       "\x02\x08\x0e\x12<traceback denied>";
    ADD(&t, SUPPORT_EXPECT, memory_error);
    ADD(&t, SUPPORT_SEND, "\x12\x52\x52\x11\x51\x57");
    hold(&t);
    run_conversation(&t, &peer, &c);
    client_operation(&c, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    c.op->tx.data = "abcdefg";
    c.op->tx.length = 7;
    c.op->tx.chunk_size = 3;
    cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
    client_free(&c);
    cr_assert_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* ---- a server whose iterator is odd ---- */

/* The client's CALL(method, (size, chunk_size), ()) with its defaults 65536 and 16384. */
#define CALL_DOWN                                                                                  \
    "\x12\x51\x52\x11\x57\x11\x52\x12\x11\x53" METHOD_REF "\x11\x51\x11\x16\x05" "65536\x16\x05"   \
    "16384\x11\x51\x02"
#define DEL_SIZE(ref) (sizeof("\x12\x51\x53\x11\x5f\x11\x52\x11\x11\x53" ref "\x11\x51\x51") - 1)

/* Up to the first __next__, which has seq 5 (3 is the DEL of the method). */
static void begin_stream(struct conversation *t)
{
    opening(t);
    fetch_method(t, "download_chunked");
    ADD(t, SUPPORT_EXPECT, CALL_DOWN);
    ADD(t, SUPPORT_SEND, "\x12\x52\x52\x11\x54" GENERATOR_REF);
    skip_frame(t, DEL_SIZE(METHOD_REF));
    ADD(t, SUPPORT_EXPECT, ASK("\x54", GENERATOR_REF, "\x0e\x08__iter__"));
    ADD(t, SUPPORT_SEND, "\x12\x52\x54\x11\x54" GENERATOR_REF);
}

struct odd_answer {
    const char *payload;
    size_t n;
    enum bench_failure failure;
};

#define ODD(payload, failure)                                                                      \
    {                                                                                              \
        payload, sizeof(payload) - 1, BENCH_FAILURE_##failure                                      \
    }

Test(rpyc_stream, pieces_that_are_none)
{
    static const struct odd_answer cases[] = {
        ODD("\x12\x52\x55\x11\x51\x57", WRONG),                   /* 7 */
        ODD("\x12\x52\x55\x11\x54" GENERATOR_REF, WRONG),         /* a reference */
        ODD("\x12\x52\x55\x11\x52\x02", WRONG),                   /* a tuple of boxes */
        ODD("\x12\x52\x55\x11\x51\x0a", PROTOCOL),                /* cut */
        ODD("\x12\x53\x55\x57", PROTOCOL),                        /* a broken exception */
        ODD("\x12\x52\x55\x11\x51\x0e\x05" "abcdef", PROTOCOL),   /* something behind it */
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        static struct conversation t;
        struct support_peer *peer;
        struct bench_error err;
        struct client c;
        begin_stream(&t);
        ADD(&t, SUPPORT_EXPECT, ASK("\x55", GENERATOR_REF, "\x0e\x08__next__"));
        add(&t, SUPPORT_SEND, cases[i].payload, cases[i].n);
        hold(&t);
        run_conversation(&t, &peer, &c);
        client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, NULL, 0);
        cr_assert_lt(client_call(&c), 0, "case %zu", i);
        cr_assert_eq(c.op->failure, cases[i].failure, "case %zu: %s", i, c.op->error.msg);
        client_free(&c);
        (void)support_peer_stop(peer, &err);
    }
}

/* Pieces without end: of one byte up to the sink's limit. */
Test(rpyc_stream, an_iterator_that_never_stops)
{
    static struct conversation t;
    struct support_peer *peer;
    struct bench_error err;
    struct client c;
    begin_stream(&t);
    for (int i = 0; i < 11; i++) {
        const char piece[] = {0x12, 0x52, (char)(0x55 + i), 0x11, 0x51, 0x0a, 'x'};
        skip_frame(&t, sizeof(ASK("\x55", GENERATOR_REF, "\x0e\x08__next__")) - 1);
        add(&t, SUPPORT_SEND, piece, sizeof(piece));
    }
    ADD(&t, SUPPORT_EXPECT,
        "\x12\x51\x60\x11\x5f\x11\x52\x11\x11\x53" GENERATOR_REF "\x11\x51\x52"); /* both of it */
    hold(&t);
    run_conversation(&t, &peer, &c);
    client_operation(&c, BENCH_OP_DOWNLOAD_CHUNKED, NULL, 0);
    c.op->sink.limit = 10;
    cr_assert_eq(client_call(&c), -EMSGSIZE);
    cr_assert_eq(c.op->failure, BENCH_FAILURE_PROTOCOL);
    cr_assert(bench_conn_is_ready(c.conn));
    client_free(&c);
    cr_assert_eq(support_peer_stop(peer, &err), 0, "%s", err.msg);
}

/* ---- the remark ---- */

Test(rpyc_stream, the_stall_is_named_where_it_can_be)
{
    const struct bench_operation *download = bench_operation_get(BENCH_OP_DOWNLOAD);
    const struct bench_operation *upload = bench_operation_get(BENCH_OP_UPLOAD);
    struct rpyc_options plain = {.socket = RPYC_SOCKET_AUTO}, fast = {.socket = RPYC_SOCKET_FAST};
    const char *text = rpyc_protocol.remark(&plain, download, 65536, 0.044);
    cr_assert_not_null(text);
    cr_assert_not_null(strstr(text, "44 ms"));
    cr_assert_not_null(strstr(text, "socket=fast"));
    text = rpyc_protocol.remark(&fast, download, 65536, 0.044);
    cr_assert_not_null(text);
    cr_assert_null(strstr(text, "socket=fast"));
    cr_assert_null(rpyc_protocol.remark(&plain, download, 64000, 0.044));
    cr_assert_not_null(rpyc_protocol.remark(&plain, download, 64001, 0.044));
    cr_assert_null(rpyc_protocol.remark(&plain, download, 110 * 1024 + 1, 0.044));
    cr_assert_null(rpyc_protocol.remark(&plain, download, 65536, 0.002));
    cr_assert_null(rpyc_protocol.remark(&plain, download, 65536, 0.061));
    cr_assert_null(rpyc_protocol.remark(&plain, download, 65536, 0.088));
    plain.socket = RPYC_SOCKET_NODELAY;
    cr_assert_not_null(rpyc_protocol.remark(&plain, download, 65536, 0.044));
    cr_assert_not_null(rpyc_protocol.remark(&plain, download, 65536, 0.088));
    cr_assert_null(rpyc_protocol.remark(&plain, upload, 65536, 0.044));
}
