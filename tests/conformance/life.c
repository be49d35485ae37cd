/* SPDX-License-Identifier: MIT */
/* How connections come and go. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

static enum conf_result ping(struct conf_run *run, struct conf_link *link)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);

    if (!program)
        return conf_no_program(run);
    struct conf_call *call = conf_call(run, program);
    CHECK(call, "no op");
    int rc = conf_do(run, link, call);
    CHECK(rc == 0, "%s", conf_why(call));
    return CONF_PASSED;
}

static enum conf_result connect_and_close(struct conf_run *run)
{
    struct conf_link *link = conf_link_open(run);

    CHECK(link, "not open");
    const struct bench_conn_marks *marks = bench_conn_get_marks(link->conn);
    CHECK(bench_conn_is_ready(link->conn), "open, but not ready");
    CHECK(marks->started > 0 && marks->ready >= marks->started, "started %lld, ready %lld",
          (long long)marks->started, (long long)marks->ready);
    TRY(ping(run, link));
    CHECK(marks->connected >= marks->started, "connected %lld, started %lld",
          (long long)marks->connected, (long long)marks->started);
    bench_conn_close(link->conn);
    CHECK(conf_wait(run, &link->closed, 1), "never told that it is closed");
    CHECK(!bench_conn_is_ready(link->conn), "closed, but ready");
    CHECK(bench_conn_failure(link->conn) == BENCH_FAILURE_NONE, "an orderly end counts as %s",
          bench_failure_name(bench_conn_failure(link->conn)));
    conf_settle(run);
    CHECK(link->opened == 1 && link->closed == 1, "told %d times open, %d times closed",
          link->opened, link->closed);
    return CONF_PASSED;
}

static enum conf_result close_twice(struct conf_run *run)
{
    struct conf_link *link = conf_link_open(run);

    CHECK(link, "not open");
    bench_conn_close(link->conn);
    bench_conn_close(link->conn);
    CHECK(conf_wait(run, &link->closed, 1), "never told that it is closed");
    bench_conn_close(link->conn);
    conf_settle(run);
    CHECK(link->closed == 1, "told %d times", link->closed);
    return CONF_PASSED;
}

static enum conf_result close_while_opening(struct conf_run *run)
{
    struct conf_link *link = conf_link(run, run->server.port);
    struct bench_error err = {0};

    CHECK(link, "no connection");
    CHECK(bench_conn_open(link->conn, CONF_PATIENCE_NS, &err) == 0, "%s", err.msg);
    bench_conn_close(link->conn);
    CHECK(conf_wait(run, &link->opened, 1), "opening never ended");
    CHECK(!bench_conn_is_ready(link->conn), "ready after close");
    conf_settle(run);
    CHECK(link->opened == 1 && link->closed <= 1, "told %d times open, %d times closed",
          link->opened, link->closed);
    return CONF_PASSED;
}

static enum conf_result free_in_any_state(struct conf_run *run)
{
    const struct bench_value delay = bench_float(0.05);
    const struct bench_program *slow = conf_program(run, BENCH_OP_IO_WORK, &delay, 1);
    struct bench_error err = {0};
    struct conf_call *call;

    if (!slow)
        return conf_no_program(run);
    struct conf_link *fresh = conf_link(run, run->server.port);
    CHECK(fresh, "no connection");
    bench_conn_free(fresh->conn);
    run->nlinks--;

    struct conf_link *opening = conf_link(run, run->server.port);
    CHECK(opening, "no connection");
    CHECK(bench_conn_open(opening->conn, CONF_PATIENCE_NS, &err) == 0, "%s", err.msg);
    bench_conn_free(opening->conn);
    run->nlinks--;

    struct conf_link *busy = conf_link_open(run);
    CHECK(busy && (call = conf_call(run, slow)) != NULL, "not open");
    CHECK(bench_conn_submit(busy->conn, call->op, &err) == 0, "%s", err.msg);
    bench_conn_free(busy->conn);
    run->nlinks--;

    struct conf_link *closing = conf_link_open(run);
    CHECK(closing, "not open");
    bench_conn_close(closing->conn);
    bench_conn_free(closing->conn);
    run->nlinks--;
    conf_settle(run);
    CHECK(call->done == 0, "an op of a freed connection was delivered");
    return CONF_PASSED;
}

static enum conf_result submit_before_open(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((link = conf_link(run, run->server.port)) && (call = conf_call(run, program)),
          "no connection");
    int rc = bench_conn_submit(link->conn, call->op, &err);
    CHECK(rc == -ENOTCONN, "%d %s", rc, err.msg);
    return CONF_PASSED;
}

static enum conf_result one_after_another(struct conf_run *run)
{
    for (int i = 0; i < 30; i++) {
        struct conf_link *link = conf_link_open(run);

        CHECK(link, "connection %d", i);
        TRY(ping(run, link));
        bench_conn_close(link->conn);
        CHECK(conf_wait(run, &link->closed, 1), "connection %d: never told that it is closed", i);
    }
    return CONF_PASSED;
}

static enum conf_result blocking_calls(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_HEALTH_CHECK, NULL, 0);
    struct bench_error err = {0};
    struct bench_value expected;
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((link = conf_link(run, run->server.port)) && (call = conf_call(run, program)),
          "no connection");
    TRY(conf_expect(run, BENCH_OP_HEALTH_CHECK, NULL, 0, NULL, &expected));
    CHECK(bench_open_blocking(link->conn, CONF_PATIENCE_NS, &err) == 0, "%s", err.msg);
    CHECK(bench_call_blocking(link->conn, call->op, &err) == 0, "%s", err.msg);
    CHECK(bench_value_equal(&call->op->result, &expected), "another answer than the service's");
    return CONF_PASSED;
}

/* Opening fails, or, where the first op connects, that op does. */
static enum conf_result expect_dead(struct conf_run *run, struct conf_link *link,
                                    int64_t timeout_ns, enum bench_failure *out)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);
    struct bench_error err = {0};
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((call = conf_call(run, program)) != NULL, "no op");
    int rc = bench_conn_open(link->conn, timeout_ns, &err);
    if (rc < 0) {
        *out = bench_failure_from_errno(rc);
        return CONF_PASSED;
    }
    CHECK(conf_wait(run, &link->opened, 1), "opening never ended");
    *out = bench_conn_failure(link->conn);
    if (link->status == 0) {
        call->op->timeout_ns = timeout_ns;
        CHECK(conf_do(run, link, call) < 0, "a dead peer has answered");
        *out = call->op->failure;
        CHECK(call->op->error.msg[0] != '\0', "failed without a message");
    } else {
        CHECK(bench_conn_error(link->conn)->msg[0] != '\0', "failed without a message");
    }
    conf_settle(run);
    CHECK(link->opened == 1 && call->done <= 1, "told %d times open, %d times done", link->opened,
          call->done);
    return CONF_PASSED;
}

static enum conf_result refused(struct conf_run *run)
{
    enum bench_failure failure = BENCH_FAILURE_NONE;
    uint16_t port;
    int fd;

    CHECK(support_refusing_port(&fd, &port) == 0, "no port");
    struct conf_link *link = conf_link(run, port);
    enum conf_result result =
        link ? expect_dead(run, link, CONF_PATIENCE_NS, &failure) : CONF_FAILED;
    close(fd);
    TRY(result);
    CHECK(failure == BENCH_FAILURE_REFUSED, "counted as %s", bench_failure_name(failure));
    return CONF_PASSED;
}

/* A peer that takes the connection and never says anything. */
static enum conf_result silent_peer(struct conf_run *run)
{
    static const struct support_step steps[] = {{SUPPORT_HOLD, NULL, 0}};
    enum bench_failure failure = BENCH_FAILURE_NONE;
    struct bench_error err = {0};

    CHECK(support_peer_start(steps, 1, &run->peer, &err) == 0, "%s", err.msg);
    struct conf_link *link = conf_link(run, support_peer_port(run->peer));
    CHECK(link, "no connection");
    TRY(expect_dead(run, link, 100 * BENCH_NS_PER_MS, &failure));
    CHECK(failure == BENCH_FAILURE_TIMEOUT, "counted as %s", bench_failure_name(failure));
    return CONF_PASSED;
}

/* The server ends in an orderly way while a connection is idle: the connection tells it, or, where
 * a connection is only a cache of sockets, the next op does. */
static enum conf_result server_stops(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);
    struct conf_link *link = conf_link_open(run);
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK(link && (call = conf_call(run, program)) != NULL, "not open");
    TRY(ping(run, link));
    CHECK(support_server_stop(&run->server) == 0, "the server did not end with status 0");
    if (conf_has(run, BENCH_CAP_RECONNECTS)) {
        CHECK(conf_do(run, link, call) < 0, "a server that is gone has answered");
        return CONF_PASSED;
    }
    CHECK(conf_wait(run, &link->closed, 1), "never told that the server is gone");
    enum bench_failure failure = bench_conn_failure(link->conn);
    CHECK(failure == BENCH_FAILURE_CLOSED || failure == BENCH_FAILURE_RESET, "counted as %s",
          bench_failure_name(failure));
    CHECK(bench_conn_submit(link->conn, call->op, NULL) == -ENOTCONN, "takes an op while closed");
    return CONF_PASSED;
}

static int fds_of(pid_t pid)
{
    char path[64];
    int n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static enum conf_result server_keeps_no_descriptors(struct conf_run *run)
{
    TRY(one_after_another(run));
    /* The sessions of earlier cases end in their own time. */
    int before = fds_of(run->server.pid), after = before;
    int64_t deadline_ns = bench_now_ns() + CONF_PATIENCE_NS;

    for (int i = 0; i < 30; i++) {
        struct conf_link *link = conf_link_open(run);

        CHECK(link, "connection %d", i);
        TRY(ping(run, link));
        bench_conn_close(link->conn);
        CHECK(conf_wait(run, &link->closed, 1), "connection %d: never told that it is closed", i);
    }
    do {
        (void)poll(NULL, 0, 10);
        after = fds_of(run->server.pid);
    } while (after > before && bench_now_ns() < deadline_ns);
    CHECK(after <= before, "the server had %d descriptors, now %d", before, after);
    return CONF_PASSED;
}

const struct conf_case conf_life_cases[] = {
    {"connect_and_close", false, 0, connect_and_close},
    {"close_twice", false, 0, close_twice},
    {"close_while_opening", false, 0, close_while_opening},
    {"free_in_any_state", false, 0, free_in_any_state},
    {"submit_before_open", false, 0, submit_before_open},
    {"one_after_another", false, 0, one_after_another},
    {"blocking_calls", false, 0, blocking_calls},
    {"refused", true, 0, refused},
    {"silent_peer", true, 0, silent_peer},
    {"server_stops", true, 0, server_stops},
    {"server_keeps_no_descriptors", true, 0, server_keeps_no_descriptors},
    {NULL, false, 0, NULL},
};
