/* SPDX-License-Identifier: MIT */
/* The server's limits that are options, from the option's text to the answer on a socket. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/session_internal.h"
#include "protocols/rpyc/rpyc.h"
#include "protocols/rpyc/rpyc_frame.h"
#include "protocols/rpyc/rpyc_msg.h"
#include "service/service.h"

TestSuite(rpyc_limits, .timeout = 60);

enum { MESSAGE_LIMIT = 1 << 20, FRAME_SIZE = 4096 };

struct side {
    int ours, theirs, served;
    void *server;
    pthread_t thread;
};

static void *serve(void *user)
{
    struct side *s = user;
    const struct bench_session_setup setup = {
        .service = bench_reference_service(),
        .session_size = rpyc_server_ops.session_size,
        .server = s->server,
        .limits = {.message_bytes = MESSAGE_LIMIT},
    };
    struct bench_session *session = malloc(sizeof(*session));
    struct bench_error err;
    cr_assert_not_null(session);
    cr_assert_eq(bench_session_init(session, s->theirs, &setup, &err), 0);
    s->served = rpyc_server_ops.serve(session, &err);
    bench_session_fini(session);
    free(session);
    (void)close(s->theirs);
    return NULL;
}

/* A server with one option that is not at its default. */
static void start(struct side *s, const char *name, const char *value)
{
    int fds[2];
    void *options = NULL;
    struct bench_error err;
    *s = (struct side){.server = calloc(1, rpyc_server_ops.server_size)};
    cr_assert_not_null(s->server);
    cr_assert_eq(
        bench_options_new(rpyc_protocol.options, rpyc_protocol.options_size, &options, &err), 0);
    cr_assert_eq(bench_options_set(rpyc_protocol.options, options, name, value, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(rpyc_server_ops.init(s->server, options, &err), 0);
    bench_options_free(rpyc_protocol.options, options);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    s->ours = fds[0];
    s->theirs = fds[1];
    cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void end(struct side *s)
{
    (void)shutdown(s->ours, SHUT_WR);
    cr_assert_eq(pthread_join(s->thread, NULL), 0);
    cr_expect_eq(s->served, 0);
    (void)close(s->ours);
    free(s->server);
}

/* Sends the payload in a frame; what comes back is "ok", or the text of an exception. */
static void ask(struct side *s, const struct bench_buf *payload, char *text, size_t size)
{
    const size_t n = bench_buf_length(payload);
    const uint8_t head[5] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0};
    uint8_t frame[FRAME_SIZE];
    struct bench_arena arena;
    struct bench_error err;
    struct rpyc_message message;
    struct rpyc_exception exception;
    cr_assert_eq(send(s->ours, head, sizeof(head), 0), (ssize_t)sizeof(head));
    cr_assert_eq(send(s->ours, bench_buf_head(payload), n, 0), (ssize_t)n);
    cr_assert_eq(send(s->ours, "\n", 1, 0), 1);
    cr_assert_eq(recv(s->ours, frame, sizeof(head), MSG_WAITALL), (ssize_t)sizeof(head));
    const size_t length = (size_t)frame[2] << 8 | frame[3];
    cr_assert_lt(length, sizeof(frame));
    cr_assert_eq(recv(s->ours, frame, length + 1, MSG_WAITALL), (ssize_t)length + 1);
    bench_arena_init(&arena, (size_t)1 << 16);
    cr_assert_eq(rpyc_message_open(&message, RPYC_LAYOUT_B, frame, length, &arena, false, &err), 0);
    (void)snprintf(text, size, "ok");
    if (message.type == RPYC_EXCEPTION) {
        cr_assert_eq(rpyc_read_exception(&message.body, &exception), 0);
        rpyc_exception_text(&exception, text, size);
    }
    bench_arena_fini(&arena);
}

/* PING with a tuple of that many items, or in that many tuples. */
static void ping(struct side *s, size_t items, size_t nesting, char *text, size_t size)
{
    struct bench_value row[200], outer[260];
    struct bench_buf payload;
    for (size_t i = 0; i < items; i++)
        row[i] = bench_int(1);
    outer[0] = bench_tuple(row, items);
    for (size_t i = 1; i < nesting; i++)
        outer[i] = bench_tuple(&outer[i - 1], 1);
    const struct bench_value args = bench_tuple(&outer[nesting - 1], 1);
    bench_buf_init(&payload, FRAME_SIZE);
    cr_assert_eq(rpyc_write_request(&payload, RPYC_LAYOUT_B, 0, RPYC_PING), 0);
    cr_assert_eq(rpyc_write_box(&payload, &args, NULL, NULL), 0);
    ask(s, &payload, text, size);
    bench_buf_fini(&payload);
}

/* A request that is over them can be read down to its seq: it gets an exception, and the next one
 * its answer. */
Test(rpyc_limits, items_and_nesting)
{
    static const struct {
        const char *name, *value;
        size_t good_items, bad_items, good_nesting, bad_nesting;
    } cases[] = {
        {"max-items", "68", 60, 80, 1, 1},
        {"max-nesting", "8", 1, 1, 6, 12},
        {"max-nesting", "200", 1, 1, 150, 240},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        struct side s;
        char text[200];
        start(&s, cases[i].name, cases[i].value);
        for (int k = 0; k < 2; k++) {
            ping(&s, cases[i].good_items, cases[i].good_nesting, text, sizeof(text));
            cr_expect_str_eq(text, "ok");
            ping(&s, cases[i].bad_items, cases[i].bad_nesting, text, sizeof(text));
            cr_expect_not_null(strstr(text, "builtins.ValueError: bad request: "), "%s", text);
            cr_expect_not_null(strstr(text, cases[i].name), "%s", text);
        }
        end(&s);
    }
}

/* GETROOT, then CALLATTR get_users(n) on it. */
static void get_users(struct side *s, int64_t n, char *text, size_t size)
{
    struct bench_buf payload;
    const struct bench_value nothing = bench_tuple(NULL, 0);
    bench_buf_init(&payload, FRAME_SIZE);
    cr_assert_eq(rpyc_write_request(&payload, RPYC_LAYOUT_B, 0, RPYC_GETROOT), 0);
    cr_assert_eq(rpyc_write_box(&payload, &nothing, NULL, NULL), 0);
    ask(s, &payload, text, size);
    cr_assert_str_eq(text, "ok");
    /* The first object of a session; its class is the first, too. */
    const struct rpyc_ref root = {bench_str("rpycbench.ReferenceService"),
                                  bench_int(94000000000000), bench_int(140000000000000)};
    const struct bench_value name = bench_str("get_users"), number = bench_int(n),
                             args = bench_tuple(&number, 1);
    bench_buf_clear(&payload);
    cr_assert_eq(rpyc_write_request(&payload, RPYC_LAYOUT_B, 1, RPYC_CALLATTR), 0);
    cr_assert_eq(rpyc_write_box_head(&payload, RPYC_TUPLE), 0);
    cr_assert_eq(rpyc_dump_tuple_head(&payload, 3), 0);
    cr_assert_eq(rpyc_write_box_head(&payload, RPYC_LOCAL_REF), 0);
    cr_assert_eq(rpyc_write_ref(&payload, &root), 0);
    cr_assert_eq(rpyc_write_box(&payload, &name, NULL, NULL), 0);
    cr_assert_eq(rpyc_write_box(&payload, &args, NULL, NULL), 0);
    ask(s, &payload, text, size);
    bench_buf_fini(&payload);
}

Test(rpyc_limits, memory_of_objects)
{
    struct side s;
    char text[200];
    start(&s, "max-stored", "16KiB");
    get_users(&s, 10, text, sizeof(text));
    cr_expect_str_eq(text, "ok");
    get_users(&s, 1000, text, sizeof(text));
    cr_expect_not_null(strstr(text, "builtins.MemoryError: this connection's objects would hold"),
                       "%s", text);
    get_users(&s, 10, text, sizeof(text));
    cr_expect_str_eq(text, "ok", "what did not fit is not there: %s", text);
    end(&s);
}
