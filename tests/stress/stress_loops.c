/* SPDX-License-Identifier: MIT */
/*
 * Several threads, each with a loop of its own, share one program and one threaded server: for the
 * ThreadSanitizer, which sees both sides. stress_loops [PROTOCOL ...]; without arguments every
 * backend of the table that has a server half.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/protocol.h"
#include "bench/units.h"
#include "service/service.h"
#include "tests/support/server.h"

enum { THREADS = 4, CLIENTS = 4, OPERATIONS = 100, BYTES = 3000 };

struct worker {
    pthread_t thread;
    const struct bench_protocol *protocol;
    const struct bench_program *program;
    const void *options;
    const struct bench_address *address;
    struct bench_error err; /* code 0: fine */
};

/* A connection with one op that is submitted again and again. */
struct client {
    struct bench_loop *loop;
    struct bench_conn *conn;
    struct bench_op *op;
    int left;     /* operations to go */
    int *waiting; /* clients of this worker that are not finished */
    struct bench_error *err;
};

static void finish(struct client *client)
{
    client->left = 0;
    if (--*client->waiting == 0)
        bench_loop_stop(client->loop);
}

static void next(struct client *client)
{
    bench_op_reset(client->op);
    if (bench_conn_submit(client->conn, client->op, client->err) < 0)
        finish(client);
}

static void on_done(struct bench_op *op, int status, void *user)
{
    struct client *client = user;

    if (status < 0)
        *client->err = op->error;
    else if (op->sink.length != BYTES)
        (void)bench_fail(client->err, -1, "%llu bytes", (unsigned long long)op->sink.length);
    if (client->err->code != 0 || --client->left == 0)
        finish(client);
    else
        next(client);
}

static void on_opened(struct bench_conn *conn, int status, void *user)
{
    struct client *client = user;

    if (status < 0) {
        *client->err = *bench_conn_error(conn);
        finish(client);
    } else {
        next(client);
    }
}

static int start_client(struct worker *worker, struct client *client)
{
    static const struct bench_conn_events events = {.opened = on_opened};
    int rc = bench_conn_new(client->loop, worker->protocol, worker->options, worker->address,
                            &events, client, &client->conn, &worker->err);

    if (rc == 0)
        rc = bench_op_new(worker->protocol, &client->op, &worker->err);
    if (rc < 0)
        return rc;
    client->op->program = worker->program;
    client->op->tx.data = bench_payload(BYTES);
    client->op->tx.length = BYTES;
    client->op->sink.kind = BENCH_SINK_CHECKSUM;
    client->op->timeout_ns = 60 * BENCH_NS_PER_S;
    client->op->done = on_done;
    client->op->user = client;
    client->left = OPERATIONS;
    return bench_conn_open(client->conn, 60 * BENCH_NS_PER_S, &worker->err);
}

static void *work(void *user)
{
    struct worker *worker = user;
    struct client clients[CLIENTS] = {0};
    struct bench_loop *loop = NULL;
    int waiting = CLIENTS, rc = bench_loop_new(&loop, &worker->err);

    for (int i = 0; i < CLIENTS && rc == 0; i++) {
        clients[i] = (struct client){.loop = loop, .waiting = &waiting, .err = &worker->err};
        rc = start_client(worker, &clients[i]);
    }
    if (rc == 0 && bench_loop_run(loop, bench_now_ns() + 120 * BENCH_NS_PER_S) < 0)
        (void)bench_fail(&worker->err, -1, "%d clients did not finish", waiting);
    for (int i = 0; i < CLIENTS; i++) {
        bench_conn_free(clients[i].conn);
        bench_op_free(clients[i].op);
    }
    bench_loop_free(loop);
    return NULL;
}

static int run_workers(const struct worker *pattern, struct bench_error *err)
{
    struct worker workers[THREADS];
    int started = 0;

    for (; started < THREADS; started++) {
        workers[started] = *pattern;
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    int rc = started == THREADS ? 0 : bench_fail(err, -1, "only %d threads", started);
    for (int i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        if (rc == 0 && workers[i].err.code != 0) {
            *err = workers[i].err;
            rc = err->code;
        }
    }
    return rc;
}

static int stress(const struct bench_protocol *protocol, struct bench_error *err)
{
    const struct support_server_spec server_spec = {
        .protocol = protocol->name, .mode = "threaded", .clients = THREADS * CLIENTS};
    const struct bench_spec spec = {.kind = BENCH_SPEC_OPERATION,
                                    .operation = bench_operation_get(BENCH_OP_ECHO)};
    struct bench_address address = {.host = "127.0.0.1"};
    struct bench_program *program = NULL;
    struct support_server server = {0};
    void *options = NULL;
    int rc = protocol->global_init ? protocol->global_init(err) : 0;

    if (rc < 0)
        return rc;
    rc = bench_options_new(protocol->options, protocol->options_size, &options, err);
    if (rc == 0)
        rc = protocol->compile(options, &spec, &program, err);
    if (rc == 0)
        rc = support_server_start(&server_spec, &server, err);
    if (rc == 0) {
        address.port = server.port;
        rc = bench_address_resolve(&address, err);
    }
    if (rc == 0)
        rc = run_workers(
            &(struct worker){
                .protocol = protocol, .program = program, .options = options, .address = &address},
            err);
    int status = support_server_stop(&server);
    if (rc == 0 && status != 0)
        rc = bench_fail(err, -1, "the server ended with %d", status);
    protocol->program_free(program);
    bench_options_free(protocol->options, options);
    if (protocol->global_fini)
        protocol->global_fini();
    return rc;
}

static bool is_wanted(const struct bench_protocol *protocol, char *const *names)
{
    if (!protocol->server || (protocol->unavailable && protocol->unavailable()))
        return false;
    for (char *const *name = names; *name; name++) {
        if (strcmp(*name, protocol->name) == 0)
            return true;
    }
    return !*names;
}

int main(int argc, char **argv)
{
    struct bench_error err = {0};
    int passed = 0, failed = 0;

    (void)argc;
    (void)signal(SIGPIPE, SIG_IGN);
    if (bench_payload_init(BENCH_PAYLOAD_RANDOM, 42, &err) < 0) {
        fprintf(stderr, "stress_loops: %s\n", err.msg);
        return 2;
    }
    for (const struct bench_protocol *const *p = bench_protocols(); *p; p++) {
        if (!is_wanted(*p, argv + 1))
            continue;
        int rc = stress(*p, &err);

        printf("%s - %s%s%s\n", rc < 0 ? "not ok" : "ok", (*p)->name, rc < 0 ? ": " : "",
               rc < 0 ? err.msg : "");
        passed += rc == 0;
        failed += rc < 0;
    }
    printf("# %d passed, %d failed, 0 skipped\n", passed, failed);
    return failed > 0 || passed == 0;
}
