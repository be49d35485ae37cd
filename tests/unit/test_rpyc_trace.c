/* SPDX-License-Identifier: MIT */
/* What a watcher of a connection is told. */
#include "tests/unit/rpyc_link.h"

#include <errno.h>

#include "protocols/rpyc/rpyc_msg.h"
#include "protocols/rpyc/rpyc_trace.h"

TestSuite(rpyc_trace, .timeout = 60);

enum { SEEN_MAX = 32 };

struct seen {
    struct bench_conn_message messages[SEEN_MAX];
    size_t n;
    bool bad; /* something that cannot be printed */
    uint64_t sent, received;
};

static void on_message(struct bench_conn *conn, const struct bench_conn_message *m, void *user)
{
    struct seen *seen = user;
    (void)conn;
    size_t length = strnlen(m->what, sizeof(m->what));
    seen->bad |= length == sizeof(m->what) || m->at_ns == 0 || m->kind == NULL;
    for (size_t i = 0; i < length; i++)
        seen->bad |= (unsigned char)m->what[i] < ' ' || m->what[i] == 0x7f;
    *(m->sent ? &seen->sent : &seen->received) += m->wire;
    seen->messages[seen->n++ % SEEN_MAX] = *m;
}

static void expect_message(const struct seen *seen, size_t i, bool sent, const char *kind,
                           const char *what)
{
    const struct bench_conn_message *m = &seen->messages[i];
    cr_assert_lt(i, seen->n);
    cr_expect_eq(m->sent, sent, "%zu: %s %s", i, m->kind, m->what);
    cr_expect_str_eq(m->kind, kind, "%zu: %s %s", i, m->kind, m->what);
    if (what != NULL)
        cr_expect_str_eq(m->what, what, "%zu: %s %s", i, m->kind, m->what);
}

/* Opening, a call, and the bytes as the op counts them. */
Test(rpyc_trace, tells_what_goes_over_the_wire)
{
    struct server server;
    server_start(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(layouts); i++) {
        struct client c;
        struct seen seen = {.n = 0};
        client_new(&c, server.port, layouts[i]);
        cr_expect_not(bench_conn_is_watched(c.conn));
        bench_conn_watch(c.conn, on_message, &seen);
        cr_expect(bench_conn_is_watched(c.conn));
        cr_assert_eq(client_open(&c), 0, "%s", c.err.msg);
        expect_message(&seen, 0, true, "GETROOT", "");
        expect_message(&seen, 1, false, "REPLY", NULL);
        size_t before = seen.n;
        seen.sent = seen.received = 0;
        client_text(&c, "root.compute(10)");
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
        cr_expect_eq(strncmp(seen.messages[before].what, "compute of <", 12), 0);
        expect_message(&seen, before, true, "GETATTR", NULL);
        expect_message(&seen, before + 1, false, "REPLY", NULL);
        expect_message(&seen, before + 2, true, "CALL", NULL);
        cr_expect_eq(strncmp(seen.messages[before + 2].what, "(10,) of <", 10), 0);
        expect_message(&seen, before + 3, false, "REPLY", "285");
        cr_expect_eq(seen.messages[before + 2].id, seen.messages[before + 3].id);
        expect_message(&seen, before + 4, true, "DEL", NULL);
        cr_expect_eq(seen.sent, c.op->stat.wire_sent);
        cr_expect_eq(seen.received, c.op->stat.wire_received);
        cr_expect_not(seen.bad);
        bench_conn_watch(c.conn, NULL, NULL);
        size_t after = seen.n;
        cr_assert_eq(client_call(&c), 0);
        cr_expect_eq(seen.n, after);
        client_free(&c);
    }
    server_stop(&server);
}

/* Borrowed payload stands between the pieces of a message, compressed or not; a long one is cut. */
Test(rpyc_trace, tells_of_payload_and_exceptions)
{
    static const size_t sizes[] = {600, 20000};
    static char zeros[20000];
    struct server server;
    struct client c;
    server_start(&server);
    client_new(&c, server.port, "");
    cr_assert_eq(client_open(&c), 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        struct seen seen = {.n = 0};
        bench_conn_watch(c.conn, on_message, &seen);
        client_operation(&c, BENCH_OP_UPLOAD, NULL, 0);
        c.op->tx.data = zeros;
        c.op->tx.length = sizes[i];
        cr_assert_eq(client_call(&c), 0, "%s", c.err.msg);
        size_t at = 0;
        while (at < seen.n && strcmp(seen.messages[at].kind, "CALL") != 0)
            at++;
        cr_assert_lt(at, seen.n);
        const struct bench_conn_message *m = &seen.messages[at];
        cr_expect_eq(strncmp(m->what, "(b'\\x00\\x00", 11), 0, "%s", m->what);
        cr_expect_str_eq(m->what + strlen(m->what) - 3, "...");
        cr_expect_gt(m->plain, sizes[i]);
        cr_expect(sizes[i] > 3000 ? m->wire < m->plain : m->wire == m->plain);
    }
    struct seen seen = {.n = 0};
    bench_conn_watch(c.conn, on_message, &seen);
    client_text(&c, "root.nope()");
    cr_assert_eq(client_call(&c), -EREMOTEIO);
    size_t last = seen.n - 1;
    expect_message(&seen, last, false, "EXCEPTION", NULL);
    cr_expect_eq(strncmp(seen.messages[last].what, "builtins.AttributeError: ", 25), 0);
    client_free(&c);
    server_stop(&server);
}

/* With thread ids in front of every message: but for their bytes the same. */
Test(rpyc_trace, thread_ids_are_not_shown)
{
    struct server server;
    struct client c[2];
    struct seen seen[2] = {{.n = 0}, {.n = 0}};
    server_start(&server);
    for (size_t i = 0; i < 2; i++) {
        client_new(&c[i], server.port, i == 0 ? "version=6" : "version=6,bind-threads=on");
        bench_conn_watch(c[i].conn, on_message, &seen[i]);
        cr_assert_eq(client_open(&c[i]), 0, "%s", c[i].err.msg);
        client_text(&c[i], "root.echo((1, 'a'))");
        cr_assert_eq(client_call(&c[i]), 0, "%s", c[i].err.msg);
        client_free(&c[i]); /* sends CLOSE */
    }
    server_stop(&server);
    cr_assert_gt(seen[0].n, 6);
    cr_assert_eq(seen[0].n, seen[1].n);
    for (size_t i = 0; i < seen[0].n; i++) {
        const struct bench_conn_message *plain = &seen[0].messages[i],
                                        *bound = &seen[1].messages[i];
        expect_message(&seen[1], i, plain->sent, plain->kind, plain->what);
        cr_expect_eq(bound->id, plain->id);
        cr_expect_eq(bound->plain, plain->plain + RPYC_THREADS_BYTES);
    }
    cr_expect_not(seen[1].bad);
}

/* Requests that the simple form of a call never sends. */
static size_t write_request(struct bench_buf *buf, enum rpyc_handler handler,
                            const struct bench_value *args)
{
    bench_buf_clear(buf);
    cr_assert_eq(rpyc_write_request(buf, RPYC_LAYOUT_B, 7, handler), 0);
    cr_assert_eq(rpyc_write_box(buf, args, NULL, NULL), 0);
    return bench_buf_length(buf);
}

Test(rpyc_trace, describes_what_it_does_not_trust)
{
    const struct bench_value pair[] = {bench_str("key"), bench_int(3)};
    const struct bench_value pairs = bench_tuple(pair, 2);
    const struct bench_value items[] = {bench_str("it\x1b[2Jem"), bench_str("na\x07me"),
                                        bench_tuple(pair, 2), bench_tuple(&pairs, 1)};
    const struct bench_value args = bench_tuple(items, 4);
    struct client c;
    struct seen seen = {.n = 0};
    struct bench_buf buf;
    client_new(&c, 1, "");
    bench_conn_watch(c.conn, on_message, &seen);
    bench_buf_init(&buf, 4096);
    size_t n = write_request(&buf, RPYC_CALLATTR, &args);
    rpyc_trace_received(c.conn, bench_buf_head(&buf), n, n, 1);
    expect_message(&seen, 0, false, "CALLATTR",
                   "na me('key', 3) with key=3 of 'it\\x1b[2Jem'");
    cr_expect_eq(seen.messages[0].id, 7);
    rpyc_trace_received(c.conn, bench_buf_head(&buf), 0, 6, 1);
    expect_message(&seen, 1, false, "EMPTY", "");
    rpyc_trace_received(c.conn, (const uint8_t *)"\xff\xff", 2, 8, 1);
    expect_message(&seen, 2, false, "UNREADABLE", "");
    /* Every handler, cut anywhere and with any byte changed. */
    for (int handler = 1; handler < RPYC_HANDLERS; handler++) {
        n = write_request(&buf, (enum rpyc_handler)handler, &args);
        for (size_t i = 0; i < n; i++) {
            uint8_t *whole = malloc(n), *part = malloc(i + 1);
            memcpy(whole, bench_buf_head(&buf), n);
            memcpy(part, whole, i);
            whole[i] ^= (uint8_t)(1 + 37 * i);
            rpyc_trace_received(c.conn, part, i, i + 6, 1);
            rpyc_trace_received(c.conn, whole, n, n + 6, 1);
            free(whole);
            free(part);
        }
    }
    cr_expect_not(seen.bad);
    cr_expect_gt(seen.n, 1000);
    bench_buf_fini(&buf);
    client_free(&c);
}
