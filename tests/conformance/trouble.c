/* SPDX-License-Identifier: MIT */
/* What goes wrong, and how it is counted. */
#include <errno.h>
#include <string.h>

#include "service/service.h"
#include "tests/conformance/conformance.h"

/* An open connection and an op of the given program, or a result to return. */
static enum conf_result begin(struct conf_run *run, const struct bench_program *program,
                              struct conf_link **link, struct conf_call **call)
{
    if (!program)
        return conf_no_program(run);
    CHECK((*link = conf_link_open(run)) && (*call = conf_call(run, program)), "not open");
    return CONF_PASSED;
}

static enum conf_result still_works(struct conf_run *run, struct conf_link *link)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_ECHO, NULL, 0);
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((call = conf_call(run, program)) != NULL, "no op");
    call->op->tx.data = bench_payload(5000);
    call->op->tx.length = 5000;
    CHECK(conf_do(run, link, call) == 0, "%s", conf_why(call));
    CHECK(call->op->sink.length == 5000, "%llu bytes", (unsigned long long)call->op->sink.length);
    return CONF_PASSED;
}

static enum conf_result over_the_sink_limit(struct conf_run *run)
{
    const struct bench_value size = bench_int(50000);
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_DOWNLOAD, &size, 1), &link, &call));
    call->op->sink.limit = 49999;
    CHECK(conf_do(run, link, call) < 0, "50000 bytes went into a sink of 49999");
    CHECK(call->op->failure == BENCH_FAILURE_PROTOCOL, "%s", conf_why(call));
    CHECK(call->op->sink.length <= 49999, "%llu bytes were taken",
          (unsigned long long)call->op->sink.length);
    conf_settle(run);
    CHECK(call->done == 1, "%s", conf_why(call));

    CHECK((link = conf_link_open(run)), "not open");
    call->op->sink.limit = 50000;
    CHECK(conf_do(run, link, call) == 0, "exactly as many as the limit: %s", conf_why(call));
    return CONF_PASSED;
}

static enum conf_result over_the_payload_limit(struct conf_run *run)
{
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    if (run->protocol->max_payload >= SIZE_MAX) {
        run->skip_reason = "there is no limit";
        return CONF_SKIPPED;
    }
    TRY(begin(run, conf_program(run, BENCH_OP_UPLOAD, NULL, 0), &link, &call));
    call->op->tx.data = ""; /* refused before anybody looks at it */
    call->op->tx.length = (size_t)run->protocol->max_payload + 1;
    CHECK(bench_conn_submit(link->conn, call->op, &err) < 0, "was accepted");
    CHECK(err.msg[0] != '\0', "refused without a message");
    TRY(still_works(run, link));
    CHECK(call->done == 0, "refused, and yet done");
    return CONF_PASSED;
}

static enum conf_result remote_exception(struct conf_run *run)
{
    const struct bench_value size = bench_int(-1);
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_DOWNLOAD, &size, 1), &link, &call));
    for (int i = 0; i < 3; i++) {
        CHECK(conf_do(run, link, call) < 0, "a download of -1 bytes");
        CHECK(call->op->failure == BENCH_FAILURE_REMOTE ||
                  call->op->failure == BENCH_FAILURE_STATUS,
              "%s", conf_why(call));
        CHECK(call->op->error.msg[0] != '\0', "failed without a message");
        TRY(still_works(run, link));
    }
    return CONF_PASSED;
}

/* After an op was given up, as the capability says: the connection goes on, or is closed. */
static enum conf_result after_giving_up(struct conf_run *run, struct conf_link *link)
{
    if (conf_has(run, BENCH_CAP_CANCEL_KEEPS))
        return still_works(run, link);
    CHECK(conf_wait(run, &link->closed, 1), "neither kept nor closed");
    return CONF_PASSED;
}

static enum conf_result timeout(struct conf_run *run)
{
    const struct bench_value delay = bench_float(0.5);
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_IO_WORK, &delay, 1), &link, &call));
    TRY(still_works(run, link)); /* connected in any case */
    call->op->timeout_ns = 50 * BENCH_NS_PER_MS;
    CHECK(conf_do(run, link, call) < 0, "half a second within 50 ms");
    CHECK(call->op->failure == BENCH_FAILURE_TIMEOUT, "%s", conf_why(call));
    TRY(after_giving_up(run, link));
    conf_settle(run);
    CHECK(call->done == 1, "%s", conf_why(call));
    return CONF_PASSED;
}

static enum conf_result cancel(struct conf_run *run)
{
    const struct bench_value delay = bench_float(0.3);
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_IO_WORK, &delay, 1), &link, &call));
    TRY(still_works(run, link));
    CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "%s", err.msg);
    conf_settle(run); /* it is on its way */
    bench_conn_cancel(link->conn, call->op);
    bench_conn_cancel(link->conn, call->op);
    CHECK(conf_wait(run, &call->done, 1), "never completed");
    CHECK(call->status == -ECANCELED && call->op->failure == BENCH_FAILURE_CANCELED, "%s",
          conf_why(call));
    bench_conn_cancel(link->conn, call->op); /* too late, and harmless */
    TRY(after_giving_up(run, link));
    conf_settle(run);
    CHECK(call->done == 1, "%s", conf_why(call));
    return CONF_PASSED;
}

static enum conf_result cancel_at_once(struct conf_run *run)
{
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_PING, NULL, 0), &link, &call));
    CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "%s", err.msg);
    bench_conn_cancel(link->conn, call->op);
    CHECK(conf_wait(run, &call->done, 1), "never completed");
    CHECK(call->status == -ECANCELED, "%s", conf_why(call));
    TRY(after_giving_up(run, link));
    conf_settle(run);
    CHECK(call->done == 1, "%s", conf_why(call));
    /* The next socket gets the number of the one that was given up. */
    CHECK((link = conf_link_open(run)), "not open");
    return still_works(run, link);
}

static enum conf_result close_with_an_op(struct conf_run *run)
{
    const struct bench_value delay = bench_float(0.3);
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_IO_WORK, &delay, 1), &link, &call));
    CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "%s", err.msg);
    bench_conn_close(link->conn);
    CHECK(conf_wait(run, &link->closed, 1), "never told that it is closed");
    CHECK(call->done == 1 && call->op->failure == BENCH_FAILURE_CANCELED, "%s", conf_why(call));
    conf_settle(run);
    CHECK(call->done == 1 && link->closed == 1, "%s", conf_why(call));
    return CONF_PASSED;
}

/* As many as the table says, then -EAGAIN, then `writable`. */
static enum conf_result full(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);
    uint32_t n = run->protocol->max_inflight;
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *extra;

    if (n >= CONF_CALLS_MAX) {
        run->skip_reason = "too many at once to fill it";
        return CONF_SKIPPED;
    }
    TRY(begin(run, program, &link, &extra));
    for (uint32_t i = 0; i < n; i++) {
        struct conf_call *call = conf_call(run, program);

        CHECK(call, "no op");
        CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "number %u of %u: %s", i, n,
              err.msg);
    }
    int rc = bench_conn_submit(link->conn, extra->op, &err);
    CHECK(rc == -EAGAIN, "one more than %u: %d", n, rc);
    CHECK(conf_wait(run, &link->writable, 1), "never writable again");
    CHECK(bench_conn_submit(link->conn, extra->op, &err) == 0, "writable, but: %s", err.msg);
    CHECK(conf_wait(run, &extra->done, 1) && extra->status == 0, "%s", conf_why(extra));
    return CONF_PASSED;
}

static enum conf_result foreign_program(struct conf_run *run)
{
    static const struct bench_protocol other = {.name = "other"};
    static const struct bench_program program = {.protocol = &other};
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, &program, &link, &call));
    int rc = bench_conn_submit(link->conn, call->op, NULL);
    CHECK(rc == -EINVAL, "%d", rc);
    return CONF_PASSED;
}

static enum conf_result server_dies(struct conf_run *run)
{
    const struct bench_value delay = bench_float(20);
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;

    TRY(begin(run, conf_program(run, BENCH_OP_IO_WORK, &delay, 1), &link, &call));
    TRY(still_works(run, link));
    CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "%s", err.msg);
    conf_settle(run);
    support_server_kill(&run->server);
    CHECK(conf_wait(run, &call->done, 1), "never completed");
    enum bench_failure failure = call->op->failure;
    /* A library that looks for another socket finds nobody. */
    CHECK(failure == BENCH_FAILURE_CLOSED || failure == BENCH_FAILURE_RESET ||
              (failure == BENCH_FAILURE_REFUSED && conf_has(run, BENCH_CAP_RECONNECTS)),
          "%s", conf_why(call));
    conf_settle(run);
    CHECK(call->done == 1, "%s", conf_why(call));
    return CONF_PASSED;
}

/* ---- replies that end too early, or are damaged ---- */

enum { BODY = 1000 };

struct attempt {
    bool failed;
    enum bench_failure failure;
    const char *what; /* that failed */
};

/* Opens through the relay, pings, echoes; stops at the first failure. */
static enum conf_result try_through(struct conf_run *run, int64_t timeout_ns, struct attempt *out)
{
    static const char *const names[] = {"ping", "echo"};
    const enum bench_operation_id ids[] = {BENCH_OP_PING, BENCH_OP_ECHO};
    struct conf_link *link = conf_link(run, support_peer_port(run->peer));
    struct bench_error err = {0};

    CHECK(link, "no connection");
    CHECK(bench_conn_open(link->conn, timeout_ns, &err) == 0, "%s", err.msg);
    CHECK(conf_wait(run, &link->opened, 1), "opening never ended");
    *out = (struct attempt){link->status < 0, bench_conn_failure(link->conn), "opening"};
    for (int i = 0; i < 2 && !out->failed; i++) {
        const struct bench_program *program = conf_program(run, ids[i], NULL, 0);

        if (!program)
            return conf_no_program(run);
        struct conf_call *call = conf_call(run, program);
        CHECK(call, "no op");
        call->op->tx.data = bench_payload(BODY);
        call->op->tx.length = BODY;
        call->op->timeout_ns = timeout_ns;
        int rc = conf_do(run, link, call);
        CHECK(rc != -ETIME, "%s never completed", names[i]);
        *out = (struct attempt){rc < 0, call->op->failure, names[i]};
        if (rc == -ENOTCONN && call->done == 0)
            out->failure = bench_conn_failure(link->conn);
        CHECK(call->done <= 1, "%s: %s", names[i], conf_why(call));
    }
    conf_drop(run);
    return CONF_PASSED;
}

/* How many bytes the server sends in all when nothing is damaged. */
static enum conf_result measure(struct conf_run *run, uint64_t *bytes)
{
    const struct support_damage none = {.flip_at = UINT64_MAX, .end_at = UINT64_MAX};
    struct attempt attempt;
    struct bench_error err = {0};

    CHECK(support_relay_start(run->server.port, &none, &run->peer, &err) == 0, "%s", err.msg);
    TRY(try_through(run, CONF_PATIENCE_NS, &attempt));
    CHECK(!attempt.failed, "%s through an honest relay: %s", attempt.what,
          bench_failure_name(attempt.failure));
    *bytes = support_relay_received(run->peer);
    CHECK(*bytes > BODY, "only %llu bytes", (unsigned long long)*bytes);
    (void)support_peer_stop(run->peer, NULL);
    run->peer = NULL;
    return CONF_PASSED;
}

static enum conf_result damaged(struct conf_run *run, const struct support_damage *damage,
                                int64_t timeout_ns, struct attempt *out)
{
    struct bench_error err = {0};

    CHECK(support_relay_start(run->server.port, damage, &run->peer, &err) == 0, "%s", err.msg);
    TRY(try_through(run, timeout_ns, out));
    (void)support_peer_stop(run->peer, NULL);
    run->peer = NULL;
    return CONF_PASSED;
}

static enum conf_result cut_everywhere(struct conf_run *run, bool reset)
{
    uint64_t bytes;

    TRY(measure(run, &bytes));
    /* Every byte at the front, where the heads are, then fewer. The last ones are left out: ids
     * in a reply may be a digit longer or shorter the next time. */
    for (uint64_t at = 0; at + 32 < bytes; at += at < 40 ? 1 : at < 400 ? 13 : bytes / 16 + 1) {
        const struct support_damage cut = {.flip_at = UINT64_MAX, .end_at = at, .reset = reset};
        struct attempt attempt;

        TRY(damaged(run, &cut, CONF_PATIENCE_NS, &attempt));
        /* What came of the last record is not a byte of the reply, and so the request may be sent
         * again over another connection. */
        if (!attempt.failed && run->tls && conf_has(run, BENCH_CAP_RECONNECTS))
            continue;
        CHECK(attempt.failed, "succeeded with %llu of %llu bytes", (unsigned long long)at,
              (unsigned long long)bytes);
        /* A head that ends early may still be a whole one, only not of a valid answer. */
        CHECK(attempt.failure == BENCH_FAILURE_CLOSED || attempt.failure == BENCH_FAILURE_RESET ||
                  attempt.failure == BENCH_FAILURE_PROTOCOL,
              "%s, cut at byte %llu, counts as %s", attempt.what, (unsigned long long)at,
              bench_failure_name(attempt.failure));
    }
    return CONF_PASSED;
}

static enum conf_result reply_cut(struct conf_run *run) { return cut_everywhere(run, false); }
static enum conf_result reply_reset(struct conf_run *run) { return cut_everywhere(run, true); }

/* One byte is wrong, and the connection ends behind it: any outcome but a crash, a hang or a
 * completion too many. */
static enum conf_result reply_damaged(struct conf_run *run)
{
    uint64_t bytes;

    TRY(measure(run, &bytes));
    for (uint64_t at = 0; at + 1 < bytes; at += at < 64 ? 1 : 29) {
        const struct support_damage flip = {.flip_at = at, .end_at = bytes};
        struct attempt attempt;

        TRY(damaged(run, &flip, 100 * BENCH_NS_PER_MS, &attempt));
    }
    return CONF_PASSED;
}

static enum conf_result one_garbage(struct conf_run *run, const struct support_step *steps,
                                    size_t nsteps, int number)
{
    struct attempt attempt;
    struct bench_error err = {0};

    CHECK(support_peer_start(steps, nsteps, &run->peer, &err) == 0, "%s", err.msg);
    TRY(try_through(run, CONF_PATIENCE_NS, &attempt));
    CHECK(attempt.failed, "garbage number %d was taken for an answer", number);
    CHECK(attempt.failure == BENCH_FAILURE_PROTOCOL || attempt.failure == BENCH_FAILURE_CLOSED ||
              attempt.failure == BENCH_FAILURE_RESET,
          "%s, garbage number %d, counts as %s", attempt.what, number,
          bench_failure_name(attempt.failure));
    (void)support_peer_stop(run->peer, NULL);
    run->peer = NULL;
    return CONF_PASSED;
}

static enum conf_result garbage(struct conf_run *run)
{
    static const char zeros[64], text[] = "220 mail.example.com ESMTP\r\n",
                                 high[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    const struct {
        const void *data;
        size_t length;
    } pieces[] = {
        {zeros, sizeof(zeros)},
        {text, sizeof(text) - 1},
        {high, sizeof(high) - 1},
        {bench_payload(4000), 4000},
        {"\n", 1},
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(pieces); i++) {
        const struct support_step send = {SUPPORT_SEND, pieces[i].data, pieces[i].length};
        const struct support_step unasked[] = {send, {SUPPORT_CLOSE, NULL, 0}};
        const struct support_step answered[] = {
            {SUPPORT_ANY, NULL, 0}, send, {SUPPORT_CLOSE, NULL, 0}};

        TRY(one_garbage(run, unasked, BENCH_COUNT_OF(unasked), (int)i));
        TRY(one_garbage(run, answered, BENCH_COUNT_OF(answered), (int)i));
    }
    return CONF_PASSED;
}

const struct conf_case conf_trouble_cases[] = {
    {"over_the_sink_limit", false, 0, over_the_sink_limit},
    {"over_the_payload_limit", false, 0, over_the_payload_limit},
    {"remote_exception", false, 0, remote_exception},
    {"timeout", true, 0, timeout},
    {"cancel", true, 0, cancel},
    {"cancel_at_once", true, 0, cancel_at_once},
    {"close_with_an_op", true, 0, close_with_an_op},
    {"full", true, 0, full},
    {"foreign_program", false, 0, foreign_program},
    {"server_dies", true, 0, server_dies},
    {"reply_cut", true, 0, reply_cut},
    {"reply_reset", true, 0, reply_reset},
    {"reply_damaged", true, 0, reply_damaged},
    {"garbage", true, 0, garbage},
    {NULL, false, 0, NULL},
};
