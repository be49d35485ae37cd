/* SPDX-License-Identifier: MIT */
/* A client on a loop; the peer is a listening Unix socket on the same loop. One thread. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/conn.h"
#include "bench/loop.h"
#include "bench/option.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "tests/fuzz/fuzz.h"

enum { ACCEPTED_MAX = 16, SENT_MAX = 64 * 1024 };

static struct {
    struct bench_loop *loop;
    struct bench_io *io;
    struct bench_address address;
    int fd;
    int accepted[ACCEPTED_MAX];
    int naccepted;
    const uint8_t *data;
    size_t size;
} peer;

static void on_connection(int fd, unsigned ready, void *user)
{
    (void)ready;
    (void)user;
    int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (one < 0)
        return;
    if (peer.naccepted == ACCEPTED_MAX) {
        (void)close(one);
        return;
    }
    if (peer.size > 0)
        (void)!send(one, peer.data, peer.size, MSG_NOSIGNAL);
    (void)shutdown(one, SHUT_WR);
    peer.accepted[peer.naccepted++] = one;
}

static void prepare(const struct bench_protocol *protocol)
{
    struct bench_error err = {0};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(sa_family_t); /* without a name the kernel chooses one */
    if (peer.loop != NULL)
        return;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(peer.address.host, sizeof(peer.address.host), "fuzz");
    peer.address.port = 1;
    peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    FUZZ_CHECK(peer.fd >= 0);
    FUZZ_CHECK(bind(peer.fd, (struct sockaddr *)&name, length) == 0);
    length = sizeof(name);
    FUZZ_CHECK(getsockname(peer.fd, (struct sockaddr *)&name, &length) == 0);
    memcpy(peer.address.sockaddr, &name, length);
    peer.address.sockaddr_length = length;
    FUZZ_CHECK(listen(peer.fd, ACCEPTED_MAX) == 0);
    FUZZ_CHECK(protocol->global_init == NULL || protocol->global_init(&err) == 0);
    FUZZ_CHECK(bench_loop_new(&peer.loop, &err) == 0);
    FUZZ_CHECK(bench_io_new(peer.loop, peer.fd, on_connection, NULL, &peer.io) == 0);
    FUZZ_CHECK(bench_io_interest(peer.io, BENCH_IO_READ) == 0);
}

static void call_once(const struct bench_protocol *protocol, const struct fuzz_call *call,
                      struct bench_conn *conn, const void *options)
{
    struct bench_error err = {0};
    struct bench_op *op = NULL;
    struct bench_program *program = NULL;
    const struct bench_spec spec = {
        .kind = call->text == NULL ? BENCH_SPEC_OPERATION : BENCH_SPEC_TEXT,
        .operation = bench_operation_get((enum bench_operation_id)call->operation),
        .text = call->text,
    };
    FUZZ_CHECK(protocol->compile(options, &spec, &program, &err) == 0);
    FUZZ_CHECK(bench_op_new(protocol, &op, &err) == 0);
    op->program = program;
    op->tx.data = call->tx;
    op->tx.length = call->tx_length;
    op->tx.chunk_size = call->chunk_size;
    op->sink.kind = BENCH_SINK_CHECKSUM;
    op->sink.limit = (uint64_t)1 << 20;
    /* Twice: what the first answer left behind meets the second. */
    for (int i = 0; i < 2 && bench_conn_is_ready(conn); i++) {
        bench_op_reset(op);
        if (bench_call_blocking(conn, op, &err) == 0)
            FUZZ_CHECK(op->failure == BENCH_FAILURE_NONE);
    }
    bench_op_free(op);
    protocol->program_free(program);
}

void fuzz_client(const struct bench_protocol *protocol, const struct fuzz_call *call,
                 const uint8_t *data, size_t size)
{
    static const struct bench_conn_events events = {0};
    struct bench_error err = {0};
    struct bench_conn *conn;
    void *options;
    prepare(protocol);
    peer.data = data;
    peer.size = size < SENT_MAX ? size : SENT_MAX;
    FUZZ_CHECK(bench_options_new(protocol->options, protocol->options_size, &options, &err) == 0);
    FUZZ_CHECK(bench_options_parse(protocol->options, options, call->options, &err) == 0);
    FUZZ_CHECK(bench_conn_new(peer.loop, protocol, options, &peer.address, &events, NULL, &conn,
                              &err) == 0);
    if (bench_open_blocking(conn, 0, &err) == 0)
        call_once(protocol, call, conn, options);
    bench_conn_close(conn);
    bench_conn_free(conn);
    bench_options_free(protocol->options, options);
    while (peer.naccepted > 0)
        (void)close(peer.accepted[--peer.naccepted]);
    int one;
    while ((one = accept4(peer.fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        (void)close(one);
}
