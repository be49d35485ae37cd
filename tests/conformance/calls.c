/* SPDX-License-Identifier: MIT */
/* What operations answer, and what they say they cost. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "service/service.h"
#include "tests/conformance/conformance.h"

/* One operation with its arguments against the service's own answer. */
static enum conf_result answers(struct conf_run *run, enum bench_operation_id id,
                                const struct bench_value *args, size_t nargs, size_t tx)
{
    const struct bench_operation *operation = bench_operation_get(id);
    const struct bench_program *program = conf_program(run, id, args, nargs);
    struct bench_value sent = bench_bytes(bench_payload(tx), tx), expected;
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK(program->tx == operation->tx, "the program's tx is %d", program->tx);
    CHECK(program->bulk == operation->bulk, "the program's bulk is %d", program->bulk);
    TRY(conf_expect(run, id, args, nargs, operation->tx ? &sent : NULL, &expected));
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    call->op->tx.data = sent.text.data;
    call->op->tx.length = tx;
    int rc = conf_do(run, link, call);
    CHECK(rc == 0, "%s", conf_why(call));
    if (operation->bulk) {
        CHECK(call->op->sink.length == expected.text.length, "%llu bytes instead of %zu",
              (unsigned long long)call->op->sink.length, expected.text.length);
        CHECK(call->op->sink.checksum == XXH3_64bits(expected.text.data, expected.text.length),
              "other bytes");
    } else {
        struct bench_buf text;

        bench_buf_init(&text, 1 << 20);
        (void)bench_value_repr(&call->op->result, &text);
        bool equal = bench_value_equal(&call->op->result, &expected);
        enum conf_result result =
            equal ? CONF_PASSED
                  : conf_failed(__FILE__, __LINE__, operation->name, "answers %.*s",
                                (int)bench_buf_length(&text), (char *)bench_buf_head(&text));
        bench_buf_fini(&text);
        TRY(result);
    }
    return CONF_PASSED;
}

static enum conf_result call_ping(struct conf_run *run)
{
    return answers(run, BENCH_OP_PING, NULL, 0, 0);
}

static enum conf_result call_health_check(struct conf_run *run)
{
    return answers(run, BENCH_OP_HEALTH_CHECK, NULL, 0, 0);
}

static enum conf_result call_upload(struct conf_run *run)
{
    static const size_t sizes[] = {0, 1, 1000, 70000, ((size_t)1 << 20) + 1};

    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        TRY(answers(run, BENCH_OP_UPLOAD, NULL, 0, sizes[i]));
        TRY(answers(run, BENCH_OP_UPLOAD_CHUNK, NULL, 0, sizes[i]));
    }
    return CONF_PASSED;
}

static enum conf_result call_download(struct conf_run *run)
{
    static const int64_t sizes[] = {0, 1, 1000, 70000, (1 << 20) + 1, 3 << 20};

    TRY(answers(run, BENCH_OP_DOWNLOAD, NULL, 0, 0)); /* the default size */
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        const struct bench_value size = bench_int(sizes[i]);

        TRY(answers(run, BENCH_OP_DOWNLOAD, &size, 1, 0));
    }
    return CONF_PASSED;
}

static enum conf_result call_download_chunk(struct conf_run *run)
{
    static const int64_t pieces[][2] = {{100, 0}, {0, 5}, {4096, 4096}, {65536, (1 << 20) - 7}};

    for (size_t i = 0; i < BENCH_COUNT_OF(pieces); i++) {
        const struct bench_value args[] = {bench_int(pieces[i][0]), bench_int(pieces[i][1])};

        TRY(answers(run, BENCH_OP_DOWNLOAD_CHUNK, args, 2, 0));
    }
    return CONF_PASSED;
}

static enum conf_result call_work(struct conf_run *run)
{
    /* The last sum does not fit 2^53, where a JSON number ends. */
    static const int64_t n[] = {0, 1, 1000, 400000};

    for (size_t i = 0; i < BENCH_COUNT_OF(n); i++) {
        const struct bench_value arg = bench_int(n[i]);

        TRY(answers(run, BENCH_OP_COMPUTE, &arg, 1, 0));
        if (n[i] <= 1000)
            TRY(answers(run, BENCH_OP_CPU_WORK, &arg, 1, 0));
    }
    return CONF_PASSED;
}

static enum conf_result call_io_work(struct conf_run *run)
{
    const struct bench_value nothing = bench_float(0), a_little = bench_float(0.001);

    TRY(answers(run, BENCH_OP_IO_WORK, &nothing, 1, 0));
    return answers(run, BENCH_OP_IO_WORK, &a_little, 1, 0);
}

static enum conf_result call_probe(struct conf_run *run)
{
    const struct bench_spec spec = {.kind = BENCH_SPEC_PROBE};
    struct bench_error err = {0};
    struct conf_link *link;
    struct conf_call *call;
    int rc = run->protocol->compile(run->options, &spec, &run->programs[run->nprograms], &err);

    if (rc == -ENOTSUP) {
        run->skip_reason = "the protocol has no probe";
        return CONF_SKIPPED;
    }
    CHECK(rc == 0, "%s", err.msg);
    const struct bench_program *program = run->programs[run->nprograms++];
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    CHECK(conf_do(run, link, call) == 0, "%s", conf_why(call));
    return CONF_PASSED;
}

static void see(struct bench_op *op, const void *data, size_t length)
{
    struct conf_call *call = op->user;

    (void)data;
    call->seen += length;
}

static enum conf_result echo_into(struct conf_run *run, struct conf_link *link,
                                  struct conf_call *call, enum bench_sink_kind kind)
{
    const void *data = call->op->tx.data;
    size_t size = call->op->tx.length;

    call->op->sink.kind = kind;
    call->op->sink.on_data = see;
    call->seen = 0;
    bench_buf_clear(&call->store);
    CHECK(conf_do(run, link, call) == 0, "%zu bytes, sink %d: %s", size, kind, conf_why(call));
    CHECK(call->op->sink.length == size && call->seen == size,
          "%zu bytes, sink %d: counted %llu, shown %llu", size, kind,
          (unsigned long long)call->op->sink.length, (unsigned long long)call->seen);
    switch (kind) {
    case BENCH_SINK_CHECKSUM:
        CHECK(call->op->sink.checksum == XXH3_64bits(data, size), "%zu bytes: checksum", size);
        break;
    case BENCH_SINK_STORE:
        CHECK(bench_buf_length(&call->store) == size &&
                  (size == 0 || memcmp(bench_buf_head(&call->store), data, size) == 0),
              "%zu bytes: other bytes", size);
        break;
    case BENCH_SINK_VALUE:
        CHECK(call->op->result.kind == BENCH_BYTES && call->op->result.text.length == size &&
                  (size == 0 || memcmp(call->op->result.text.data, data, size) == 0),
              "%zu bytes: another value", size);
        break;
    case BENCH_SINK_COUNT:
        break;
    }
    return CONF_PASSED;
}

static enum conf_result echo_sizes(struct conf_run *run)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 65535, 65536, ((size_t)1 << 20) + 1};
    static const enum bench_sink_kind kinds[] = {BENCH_SINK_COUNT, BENCH_SINK_CHECKSUM,
                                                 BENCH_SINK_STORE, BENCH_SINK_VALUE};
    const struct bench_program *program = conf_program(run, BENCH_OP_ECHO, NULL, 0);
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    for (size_t i = 0; i < BENCH_COUNT_OF(sizes); i++) {
        if (sizes[i] > run->protocol->max_payload)
            continue;
        call->op->tx.data = bench_payload(sizes[i]);
        call->op->tx.length = sizes[i];
        for (size_t k = 0; k < BENCH_COUNT_OF(kinds); k++)
            TRY(echo_into(run, link, call, kinds[k]));
    }
    return CONF_PASSED;
}

static enum conf_result many_in_sequence(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_UPLOAD, NULL, 0);
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    for (int i = 0; i < 2000; i++) {
        const struct bench_value expected = bench_int(i % 97);

        call->op->tx.data = bench_payload(97);
        call->op->tx.length = (size_t)(i % 97);
        CHECK(conf_do(run, link, call) == 0, "number %d: %s", i, conf_why(call));
        CHECK(bench_value_equal(&call->op->result, &expected), "number %d: another answer", i);
    }
    CHECK(call->done == 2000, "done %d times", call->done);
    return CONF_PASSED;
}

static enum conf_result marks_in_order(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_ECHO, NULL, 0);
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    for (int i = 0; i < 20; i++) {
        const struct bench_marks *m = &call->op->marks;

        call->op->tx.data = bench_payload(20000);
        call->op->tx.length = i % 2 ? 20000 : 10;
        CHECK(conf_do(run, link, call) == 0, "%s", conf_why(call));
        CHECK(m->submitted > 0 && m->intended == m->submitted, "submitted %lld, intended %lld",
              (long long)m->submitted, (long long)m->intended);
        CHECK(m->sent >= m->submitted, "number %d: sent %lld ns after being submitted", i,
              (long long)(m->sent - m->submitted));
        CHECK(m->first_byte >= m->sent, "number %d: first byte %lld ns after being sent", i,
              (long long)(m->first_byte - m->sent));
        CHECK(m->done >= m->first_byte, "number %d: done %lld ns after the first byte", i,
              (long long)(m->done - m->first_byte));
    }
    return CONF_PASSED;
}

/* One op between two looks at the kernel's counters. */
static int cost_differs(struct conf_run *run, struct conf_link *link, struct conf_call *call,
                        int64_t difference[2])
{
    struct bench_conn_totals before, after;
    const struct bench_op_stat *stat = &call->op->stat;

    bench_conn_get_totals(link->conn, &before);
    int rc = conf_do(run, link, call);
    bench_conn_get_totals(link->conn, &after);
    difference[0] = (int64_t)(after.tcp_sent - before.tcp_sent - stat->wire_sent);
    difference[1] = (int64_t)(after.tcp_received - before.tcp_received - stat->wire_received);
    if (rc == 0 && after.sockets != before.sockets)
        return -EISCONN;
    return rc;
}

/* What an op says it cost is what the kernel counted. In a protocol with messages that nobody waits
 * for, the last of them may or may not have crossed when we look: so one of a few tries has to
 * agree to the byte. */
static enum conf_result one_cost(struct conf_run *run, struct conf_link *link,
                                 struct conf_call *call, const char *what)
{
    const struct bench_op_stat *stat = &call->op->stat;
    int64_t difference[2] = {0, 0};
    bool agrees = false;

    /* The first run may open a socket or fetch what is cached afterwards. */
    CHECK(conf_do(run, link, call) == 0, "%s: %s", what, conf_why(call));
    uint32_t trips = 0;
    for (int i = 0; i < 10 && !agrees; i++) {
        int rc = cost_differs(run, link, call, difference);

        CHECK(rc != -EISCONN, "%s: another socket was opened", what);
        CHECK(rc == 0, "%s: %s", what, conf_why(call));
        CHECK(trips == 0 || stat->round_trips == trips, "%s: %u round trips, then %u", what, trips,
              stat->round_trips);
        trips = stat->round_trips;
        agrees = difference[0] == 0 && difference[1] == 0;
    }
    if (run->tls) /* the kernel counts records, an op its plain frames */
        agrees = difference[0] > 0 && difference[1] > 0;
    CHECK(agrees, "%s: the kernel counts %lld more bytes sent and %lld more received", what,
          (long long)difference[0], (long long)difference[1]);
    CHECK(stat->frames_sent >= 1 && stat->frames_received >= 1 && trips >= 1,
          "%s: %u frames sent, %u received, %u round trips", what, stat->frames_sent,
          stat->frames_received, trips);
    CHECK(trips <= stat->frames_sent, "%s: %u round trips of %u frames", what, trips,
          stat->frames_sent);
    CHECK(conf_do(run, link, call) == 0, "%s: %s", what, conf_why(call));
    CHECK(stat->round_trips == trips, "%s: %u round trips, then %u", what, trips,
          stat->round_trips);
    return CONF_PASSED;
}

static const size_t stream_sizes[] = {0, 1, 65536, ((size_t)1 << 20) + 1};
static const size_t stream_pieces[] = {1000, 16384};

/* What a streaming op cost, against the payload and against the kernel. */
static enum conf_result streamed(struct conf_run *run, struct conf_link *link,
                                 struct conf_call *call, size_t size, size_t piece)
{
    char what[64];

    (void)snprintf(what, sizeof(what), "%zu bytes by %zu", size, piece);
    CHECK(conf_do(run, link, call) == 0, "%s: %s", what, conf_why(call));
    if (size == 65536 && !conf_has(run, BENCH_CAP_NO_TRANSPORT))
        TRY(one_cost(run, link, call, what));
    return CONF_PASSED;
}

static enum conf_result call_upload_chunked(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_UPLOAD_CHUNKED, NULL, 0);
    struct conf_link *link;
    struct conf_call *call;

    if (!program)
        return conf_no_program(run);
    CHECK(program->tx && !program->bulk, "tx %d, bulk %d", program->tx, program->bulk);
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    for (size_t i = 0; i < 2 * BENCH_COUNT_OF(stream_sizes); i++) {
        const size_t size = stream_sizes[i / 2], piece = stream_pieces[i % 2];
        const struct bench_value expected = bench_int((int64_t)size);

        call->op->tx.data = bench_payload(size);
        call->op->tx.length = size;
        call->op->tx.chunk_size = piece;
        TRY(streamed(run, link, call, size, piece));
        CHECK(bench_value_equal(&call->op->result, &expected), "%zu bytes by %zu: another total",
              size, piece);
    }
    return CONF_PASSED;
}

static enum conf_result call_download_chunked(struct conf_run *run)
{
    struct conf_link *link = conf_link_open(run);

    CHECK(link, "not open");
    for (size_t i = 0; i < 2 * BENCH_COUNT_OF(stream_sizes); i++) {
        const size_t size = stream_sizes[i / 2], piece = stream_pieces[i % 2];
        const struct bench_value args[] = {bench_int((int64_t)size), bench_int((int64_t)piece)};
        const struct bench_program *program = conf_program(run, BENCH_OP_DOWNLOAD_CHUNKED, args, 2);
        struct conf_call *call;

        if (!program)
            return conf_no_program(run);
        CHECK(!program->tx && program->bulk, "tx %d, bulk %d", program->tx, program->bulk);
        CHECK((call = conf_call(run, program)), "no op");
        TRY(streamed(run, link, call, size, piece));
        CHECK(call->op->sink.length == size, "%zu bytes by %zu: got %llu", size, piece,
              (unsigned long long)call->op->sink.length);
        CHECK(call->op->sink.checksum == XXH3_64bits(bench_payload(size), size),
              "%zu bytes by %zu: other bytes", size, piece);
    }
    return CONF_PASSED;
}

/* The fields of the users 0 to n - 1, whatever they come as, and what reading them cost. */
static enum conf_result one_reading(struct conf_run *run, const struct bench_spec *spec, int64_t n)
{
    const struct bench_program *program = conf_compile(run, spec);
    struct conf_link *link;
    struct conf_call *call;
    char what[64], name[32], email[48];

    if (!program)
        return conf_no_program(run);
    (void)snprintf(what, sizeof(what), "%s(%d)", spec->operation->name, (int)n);
    CHECK(!program->tx && !program->bulk, "tx %d, bulk %d", program->tx, program->bulk);
    CHECK((link = conf_link_open(run)) && (call = conf_call(run, program)), "not open");
    CHECK(conf_do(run, link, call) == 0, "%s: %s", what, conf_why(call));
    const struct bench_value *result = &call->op->result;
    CHECK(result->kind == BENCH_LIST && result->seq.count == (size_t)n,
          "%s: kind %d, %zu records", what, (int)result->kind, result->seq.count);
    for (int64_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "user%d", (int)i);
        (void)snprintf(email, sizeof(email), "user%d@example.com", (int)i);
        const struct bench_value fields[] = {bench_str(name), bench_str(email),
                                             bench_str(i % 2 == 0 ? "active" : "inactive")};
        const struct bench_value right = bench_tuple(fields, BENCH_COUNT_OF(fields));

        CHECK(bench_value_equal(&result->seq.items[i], &right), "%s: record %d is another", what,
              (int)i);
    }
    if (n == 7 && !conf_has(run, BENCH_CAP_NO_TRANSPORT))
        TRY(one_cost(run, link, call, what));
    return CONF_PASSED;
}

static enum conf_result call_records(struct conf_run *run)
{
    static const enum bench_operation_id ids[] = {
        BENCH_OP_GET_USERS, BENCH_OP_GET_USERS_DICTS, BENCH_OP_GET_USERS_TUPLES};
    static const int64_t sizes[] = {0, 1, 7, 100};
    enum conf_result any = CONF_SKIPPED;

    for (size_t i = 0; i < BENCH_COUNT_OF(ids) * BENCH_COUNT_OF(sizes) * 2; i++) {
        const int64_t n = sizes[i / 2 % BENCH_COUNT_OF(sizes)];
        const struct bench_value arg = bench_int(n);
        const struct bench_spec spec = {
            .kind = BENCH_SPEC_OPERATION,
            .operation = bench_operation_get(ids[i / 2 / BENCH_COUNT_OF(sizes)]),
            .args = &arg,
            .nargs = 1,
            .reading = i % 2 ? BENCH_READING_COPY : BENCH_READING_READ};
        const enum conf_result result = one_reading(run, &spec, n);

        if (result == CONF_FAILED)
            return result;
        if (result == CONF_PASSED)
            any = CONF_PASSED;
        conf_drop(run);
    }
    return any;
}

static enum conf_result costs_agree_with_kernel(struct conf_run *run)
{
    const struct bench_value size = bench_int(100000);
    const struct bench_program *ping = conf_program(run, BENCH_OP_PING, NULL, 0);
    const struct bench_program *echo = conf_program(run, BENCH_OP_ECHO, NULL, 0);
    const struct bench_program *upload = conf_program(run, BENCH_OP_UPLOAD, NULL, 0);
    const struct bench_program *download = conf_program(run, BENCH_OP_DOWNLOAD, &size, 1);
    const struct bench_program *const programs[] = {ping, echo, upload, download};
    static const char *const names[] = {"ping", "echo", "upload", "download"};
    struct conf_link *link = conf_link_open(run);

    CHECK(link, "not open");
    for (size_t i = 0; i < BENCH_COUNT_OF(programs); i++) {
        if (!programs[i])
            return conf_no_program(run);
        struct conf_call *call = conf_call(run, programs[i]);

        CHECK(call, "no op");
        call->op->tx.data = bench_payload(100000);
        call->op->tx.length = 100000;
        TRY(one_cost(run, link, call, names[i]));
        bool big_up = programs[i]->tx, big_down = programs[i]->bulk;
        const struct bench_op_stat *stat = &call->op->stat;
        CHECK(!big_up || (stat->wire_sent >= 100000 && stat->plain_sent >= 100000),
              "%s: %llu bytes for 100000 random ones", names[i],
              (unsigned long long)stat->wire_sent);
        CHECK(!big_down || (stat->wire_received >= 100000 && stat->plain_received >= 100000),
              "%s: %llu bytes for 100000 random ones", names[i],
              (unsigned long long)stat->wire_received);
    }
    return CONF_PASSED;
}

/* Several ops in flight, each with an answer of its own. */
static enum conf_result pipeline(struct conf_run *run)
{
    const struct bench_program *program = conf_program(run, BENCH_OP_ECHO, NULL, 0);
    struct bench_error err = {0};
    struct conf_link *link;
    uint32_t n = run->protocol->max_inflight < 64 ? run->protocol->max_inflight : 64;

    if (!program)
        return conf_no_program(run);
    CHECK(n > 1, "max_inflight is %u", n);
    CHECK((link = conf_link_open(run)), "not open");
    int first = run->ncalls;
    for (uint32_t i = 0; i < n; i++) {
        struct conf_call *call = conf_call(run, program);

        CHECK(call, "no op");
        call->op->tx.data = bench_payload(64 * 1000) + i;
        call->op->tx.length = 1 + 997 * (size_t)i;
        CHECK(bench_conn_submit(link->conn, call->op, &err) == 0, "number %u: %s", i, err.msg);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct conf_call *call = &run->calls[first + (int)i];

        CHECK(conf_wait(run, &call->done, 1) && call->status == 0, "number %u: %s", i,
              conf_why(call));
        CHECK(call->op->sink.length == call->op->tx.length &&
                  call->op->sink.checksum == XXH3_64bits(call->op->tx.data, call->op->tx.length),
              "number %u has another one's answer", i);
    }
    return CONF_PASSED;
}

static enum conf_result barrier_256(struct conf_run *run)
{
    enum { CLIENTS = 256 };
    const struct bench_program *program = conf_program(run, BENCH_OP_PING, NULL, 0);
    struct bench_error err = {0};

    if (!program)
        return conf_no_program(run);
    for (int i = 0; i < CLIENTS; i++) {
        struct conf_link *link = conf_link(run, run->server.port);

        CHECK(link && conf_call(run, program), "number %d", i);
    }
    for (int i = 0; i < CLIENTS; i++)
        CHECK(bench_conn_open(run->links[i].conn, CONF_PATIENCE_NS, &err) == 0, "number %d: %s", i,
              err.msg);
    for (int i = 0; i < CLIENTS; i++)
        CHECK(conf_wait(run, &run->links[i].opened, 1) && run->links[i].status == 0,
              "number %d: %s", i, bench_conn_error(run->links[i].conn)->msg);
    for (int i = 0; i < CLIENTS; i++)
        CHECK(bench_conn_submit(run->links[i].conn, run->calls[i].op, &err) == 0, "number %d: %s",
              i, err.msg);
    for (int i = 0; i < CLIENTS; i++)
        CHECK(conf_wait(run, &run->calls[i].done, 1) && run->calls[i].status == 0, "number %d: %s",
              i, conf_why(&run->calls[i]));
    return CONF_PASSED;
}

const struct conf_case conf_call_cases[] = {
    {"call_ping", false, 0, call_ping},
    {"call_health_check", false, 0, call_health_check},
    {"call_upload", false, 0, call_upload},
    {"call_download", false, 0, call_download},
    {"call_download_chunk", false, 0, call_download_chunk},
    {"call_upload_chunked", false, BENCH_CAP_STREAM_UP, call_upload_chunked},
    {"call_download_chunked", false, BENCH_CAP_STREAM_DOWN, call_download_chunked},
    {"call_records", false, BENCH_CAP_RECORDS, call_records},
    {"call_work", false, 0, call_work},
    {"call_io_work", false, 0, call_io_work},
    {"call_probe", false, 0, call_probe},
    {"echo_sizes", false, 0, echo_sizes},
    {"many_in_sequence", false, 0, many_in_sequence},
    {"marks_in_order", false, 0, marks_in_order},
    {"costs_agree_with_kernel", true, 0, costs_agree_with_kernel},
    {"pipeline", false, BENCH_CAP_PIPELINE, pipeline},
    {"barrier_256", false, 0, barrier_256},
    {NULL, false, 0, NULL},
};
