/* SPDX-License-Identifier: MIT */
/* The floor has no streams and no structures: both halves say so. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/session_internal.h"
#include "protocols/tcp/tcp.h"
#include "protocols/tcp/tcp_wire.h"
#include "service/service.h"

TestSuite(tcp_streams, .timeout = 20);

static const enum bench_operation_id streams[] = {BENCH_OP_GET_USER,
                                                  BENCH_OP_GET_USERS_TUPLES,
                                                  BENCH_OP_GET_USERS_BATCH,
                                                  BENCH_OP_NESTED,
                                                  BENCH_OP_FAIL,
                                                  BENCH_OP_UPLOAD_CHUNKED,
                                                  BENCH_OP_DOWNLOAD_CHUNKED};

Test(tcp_streams, do_not_compile)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(streams); i++) {
        const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                        .operation = bench_operation_get(streams[i])};
        struct bench_program *program = NULL;
        struct bench_error err = {0};
        cr_expect_eq(tcp_protocol.compile(NULL, &spec, &program, &err), -ENOTSUP);
        cr_expect_not_null(strstr(err.msg, spec.operation->name), "%s", err.msg);
        cr_expect_null(program);
    }
}

static void *serve(void *user) { return (void *)(intptr_t)tcp_protocol.server->serve(user, NULL); }

static void read_reply(int fd, struct tcp_reply_head *head, char *body, size_t size)
{
    uint8_t raw[TCP_REPLY_HEAD];
    cr_assert_eq(recv(fd, raw, sizeof(raw), MSG_WAITALL), (ssize_t)sizeof(raw));
    cr_assert_eq(tcp_decode_reply_head(raw, head), 0);
    cr_assert_lt(head->body_length, size);
    cr_assert_eq(recv(fd, body, head->body_length, MSG_WAITALL), (ssize_t)head->body_length);
    body[head->body_length] = '\0';
}

Test(tcp_streams, are_refused_and_the_session_goes_on)
{
    const struct bench_session_setup setup = {.service = bench_reference_service(),
                                              .session_size = tcp_protocol.server->session_size,
                                              .limits = {.message_bytes = 1 << 20}};
    struct bench_session session;
    struct tcp_reply_head head;
    uint8_t request[TCP_REQUEST_HEAD_MAX];
    char body[256];
    int fds[2];
    pthread_t thread;
    void *rc;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    cr_assert_eq(bench_session_init(&session, fds[1], &setup, NULL), 0);
    cr_assert_eq(pthread_create(&thread, NULL, serve, &session), 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(streams); i++) {
        int n = tcp_encode_request(request, streams[i], NULL, 0, 0);
        cr_assert_eq(send(fds[0], request, (size_t)n, MSG_NOSIGNAL), n);
        read_reply(fds[0], &head, body, sizeof(body));
        cr_expect_eq(head.status, TCP_STATUS_EXCEPTION);
        cr_expect_eq(strncmp(body, "NotImplementedError: ", 21), 0, "%s", body);
    }
    int n = tcp_encode_request(request, BENCH_OP_PING, NULL, 0, 0);
    cr_assert_eq(send(fds[0], request, (size_t)n, MSG_NOSIGNAL), n);
    read_reply(fds[0], &head, body, sizeof(body));
    cr_expect_eq(head.status, TCP_STATUS_OK);
    cr_expect_str_eq(body, "pong");
    (void)shutdown(fds[0], SHUT_WR);
    cr_assert_eq(pthread_join(thread, &rc), 0);
    cr_expect_eq((intptr_t)rc, 0);
    bench_session_fini(&session);
    (void)close(fds[0]);
    (void)close(fds[1]);
}
