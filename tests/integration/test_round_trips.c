/* SPDX-License-Identifier: MIT */
/*
 * What a call costs in blocking round trips and frames: Python's client in three versions and
 * ours, on Python's server and on ours, all counted by the same proxy between them. Makes
 * docs/rpyc-round-trips.md.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "bench/units.h"
#include "rig.h"
#include "rig_docs.h"

#define CALL_TIMEOUT_NS (60 * BENCH_NS_PER_S)
#define ANSWER_LIMIT    ((uint64_t)1 << 24)
#define QUIET_NS        (50 * BENCH_NS_PER_MS)

enum { TX_MAX = 100000, CELL_SIZE = 64 };

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(round_trips, .init = setup, .timeout = 300);

/* The calls that our client makes, by the names of peers/count_trips.py. */
static const struct call {
    const char *name;
    enum bench_operation_id operation;
    int64_t args[BENCH_OPERATION_PARAMS];
    size_t nargs, tx, chunk_size;
    bool raises, cached;
} calls[] = {
    {.name = "root.ping()", .operation = BENCH_OP_PING},
    {.name = "root.echo(1000 bytes)", .operation = BENCH_OP_ECHO, .tx = 1000},
    {.name = "root.download(100000)", .operation = BENCH_OP_DOWNLOAD, .args = {100000}, .nargs = 1},
    {.name = "root.upload(100000 bytes)", .operation = BENCH_OP_UPLOAD, .tx = TX_MAX},
    {.name = "root.download(-1), which raises",
     .operation = BENCH_OP_DOWNLOAD,
     .args = {-1},
     .nargs = 1,
     .raises = true},
    {.name = "root.upload_chunked(16 pieces)",
     .operation = BENCH_OP_UPLOAD_CHUNKED,
     .tx = 65536,
     .chunk_size = 4096},
    {.name = "root.download_chunked(16 pieces), all fetched",
     .operation = BENCH_OP_DOWNLOAD_CHUNKED,
     .args = {65536, 4096},
     .nargs = 2},
    {.name = "ping(), fetched before", .operation = BENCH_OP_PING, .cached = true},
};

/* ---- the proxy ---- */

struct proxy {
    struct rig_server server, program;
    unsigned control_port;
    FILE *control;
};

static void proxy_start(struct proxy *proxy, const char *target)
{
    char port[8];

    *proxy = (struct proxy){.control = NULL};
    rig_serve(&proxy->server, target, 8);
    (void)snprintf(port, sizeof(port), "%u", proxy->server.port);
    rig_peer(&proxy->program, "count_frames.py", WORDS("--upstream", port));
    const char *at = strstr(proxy->program.line, "control ");
    cr_assert(at && sscanf(at, "control %u", &proxy->control_port) == 1, "%s", proxy->program.line);
}

static void proxy_stop(struct proxy *proxy)
{
    if (proxy->control)
        (void)fclose(proxy->control);
    cr_expect_eq(rig_server_stop(&proxy->program), 0);
    cr_expect_eq(rig_server_stop(&proxy->server), 0);
}

static json_t *ask(struct proxy *proxy, const char *what)
{
    char line[300];

    if (!proxy->control) {
        const struct sockaddr_in address = {.sin_family = AF_INET,
                                            .sin_port = htons((uint16_t)proxy->control_port),
                                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        proxy->control = fdopen(fd, "r+e");
        cr_assert_not_null(proxy->control);
    }
    cr_assert_gt(fprintf(proxy->control, "%s\n", what), 0);
    cr_assert_eq(fflush(proxy->control), 0);
    cr_assert_not_null(fgets(line, sizeof(line), proxy->control));
    return rig_json(line);
}

static void reset(struct proxy *proxy) { json_decref(ask(proxy, "reset")); }

/* ---- our client ---- */

struct client {
    const struct bench_protocol *protocol;
    void *options;
    struct bench_loop *loop;
    struct bench_conn *conn;
    struct bench_op *op;
    uint8_t tx[TX_MAX];
};

static void client_open(struct client *c, const char *options, uint16_t port)
{
    static const struct bench_conn_events events = {.opened = NULL};
    struct bench_address address = {.host = "127.0.0.1", .port = port};
    struct bench_error err = {0};

    *c = (struct client){.protocol = bench_protocol_find("rpyc", strlen("rpyc"))};
    cr_assert_not_null(c->protocol);
    cr_assert_eq(
        bench_options_new(c->protocol->options, c->protocol->options_size, &c->options, &err), 0,
        "%s", err.msg);
    cr_assert_eq(bench_options_parse(c->protocol->options, c->options, options, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(bench_address_resolve(&address, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_loop_new(&c->loop, &err), 0, "%s", err.msg);
    cr_assert_eq(
        bench_conn_new(c->loop, c->protocol, c->options, &address, &events, NULL, &c->conn, &err),
        0, "%s", err.msg);
    cr_assert_eq(bench_op_new(c->protocol, &c->op, &err), 0, "%s", err.msg);
    cr_assert_eq(bench_open_blocking(c->conn, CALL_TIMEOUT_NS, &err), 0, "%s", err.msg);
}

static void client_close(struct client *c)
{
    bench_conn_close(c->conn);
    bench_conn_free(c->conn);
    bench_op_free(c->op);
    bench_loop_free(c->loop);
    bench_options_free(c->protocol->options, c->options);
}

static void client_call(struct client *c, const struct call *call)
{
    const struct bench_operation *operation = bench_operation_get(call->operation);
    struct bench_value args[BENCH_OPERATION_PARAMS];
    struct bench_program *program;
    struct bench_error err = {0};

    for (size_t i = 0; i < call->nargs; i++)
        args[i] = bench_int(call->args[i]);
    const struct bench_spec spec = {
        .kind = BENCH_SPEC_OPERATION, .operation = operation, .args = args, .nargs = call->nargs};
    cr_assert_eq(c->protocol->compile(c->options, &spec, &program, &err), 0, "%s", err.msg);
    bench_op_reset(c->op);
    c->op->program = program;
    c->op->tx.data = c->tx;
    c->op->tx.length = call->tx;
    c->op->tx.chunk_size = call->chunk_size;
    c->op->sink.kind = BENCH_SINK_VALUE;
    c->op->sink.limit = ANSWER_LIMIT;
    c->op->timeout_ns = CALL_TIMEOUT_NS;
    const int rc = bench_call_blocking(c->conn, c->op, &err);
    cr_assert_eq(rc < 0, call->raises, "%s: %d %s", call->name, rc, err.msg);
    c->protocol->program_free(program);
}

/* The counts once both sides have nothing more to say. */
static json_t *settled(struct client *c, struct proxy *proxy)
{
    const int64_t deadline_ns = bench_now_ns() + CALL_TIMEOUT_NS;

    for (;;) {
        (void)bench_loop_run(c->loop, bench_now_ns() + QUIET_NS / 5);
        json_t *counts = ask(proxy, "get");
        if (rig_number(counts, "pending") == 0 &&
            rig_number(counts, "idle") * (double)BENCH_NS_PER_S >= (double)QUIET_NS)
            return counts;
        cr_assert_lt(bench_now_ns(), deadline_ns, "%g requests without an answer",
                     rig_number(counts, "pending"));
        json_decref(counts);
    }
}

/* As peers/count_trips.py does it; a new reference. */
static json_t *count_ours(const char *target)
{
    struct client client;
    struct proxy proxy;
    json_t *table = json_object();

    proxy_start(&proxy, target);
    for (int cached = 0; cached < 2; cached++) {
        reset(&proxy);
        client_open(&client, cached ? "call=cached" : "call=plain", proxy.program.port);
        if (!cached)
            json_object_set_new(table, "connect and first root", settled(&client, &proxy));
        for (size_t i = 0; i < BENCH_COUNT_OF(calls); i++) {
            if (calls[i].cached != (cached != 0))
                continue;
            if (cached) { /* fetches it */
                client_call(&client, &calls[i]);
                json_decref(settled(&client, &proxy));
            }
            reset(&proxy);
            client_call(&client, &calls[i]);
            json_object_set_new(table, calls[i].name, settled(&client, &proxy));
        }
        client_close(&client);
    }
    proxy_stop(&proxy);
    return table;
}

/* ---- Python's client ---- */

static json_t *count_python(const char *version, const char *target)
{
    struct support_output out;
    struct proxy proxy;
    char port[8], control[8];

    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
    proxy_start(&proxy, target);
    (void)snprintf(port, sizeof(port), "%u", proxy.program.port);
    (void)snprintf(control, sizeof(control), "%u", proxy.control_port);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("count_trips.py"), "--port", port,
                                "--control", control));
    cr_assert_eq(out.exit_status, 0, "rpyc %s on %s: %s", version, target, out.err);
    json_t *table = rig_json(out.out);
    support_output_free(&out);
    proxy_stop(&proxy);
    return table;
}

/* ---- the table ---- */

enum { PYTHON_ON_OURS = RIG_VERSIONS, OURS, OURS_ON_OURS, COLUMNS };

static void cell(const json_t *table, const char *call, char out[CELL_SIZE])
{
    const json_t *counts = json_object_get(table, call);
    int n = 0;

    if (!counts) {
        (void)snprintf(out, CELL_SIZE, "-");
        return;
    }
    const double served = rig_number(counts, "served");
    n = snprintf(out, CELL_SIZE, "%g", rig_number(counts, "trips"));
    if (served > 0)
        n += snprintf(out + n, (size_t)(CELL_SIZE - n), " (%g)", served);
    (void)snprintf(out + n, (size_t)(CELL_SIZE - n), ", %g", rig_number(counts, "frames"));
}

static void write_table(struct rig_doc *doc, json_t *const columns[COLUMNS])
{
    const char *call;
    json_t *counts;

    json_object_foreach(columns[RIG_VERSIONS - 1], call, counts)
    {
        rig_doc_print(doc, "| `%s` |", call);
        for (int i = 0; i < COLUMNS; i++) {
            char text[CELL_SIZE];
            cell(columns[i], call, text);
            rig_doc_cell(doc, text);
        }
        rig_doc_print(doc, "\n");
    }
}

Test(round_trips, table)
{
    json_t *columns[COLUMNS];
    struct rig_doc doc;

    for (int v = 0; v < RIG_VERSIONS; v++)
        columns[v] = count_python(rig_versions[v], "rpyc/threaded/python");
    /* The newest version is the server of the other columns. */
    columns[PYTHON_ON_OURS] = count_python(rig_versions[RIG_VERSIONS - 1], "rpyc/threaded/native");
    columns[OURS] = count_ours("rpyc/threaded/python");
    columns[OURS_ON_OURS] = count_ours("rpyc/threaded/native");

    rig_doc_init(&doc);
    rig_doc_print(&doc,
                  "# Round trips and frames of a call\n\n"
                  "Made by the test integration.test_round_trips: a proxy between client and "
                  "server counted, the\nsame one for all. A cell is the number of blocking round "
                  "trips, in parentheses how many of them\nthe server made, and the number of "
                  "frames both ways, those of references given up included.\nOur client fetches "
                  "root when it connects.\n\n"
                  "| call | Python 4.1.5 | Python 5.3.1 | Python 6.0.2 | Python 6.0.2, our "
                  "server | our client, Python 6.0.2 | our client, our server |\n"
                  "|---|---|---|---|---|---|---|\n");
    write_table(&doc, columns);
    rig_doc_print(&doc,
                  "\nIn upload_chunked Python's client gives up one reference less: it keeps the "
                  "traceback of the\nStopIteration that ended the list (Connection._last_traceback)"
                  ", whose frames hold the method\nuntil its next exception. Ours sends that DEL "
                  "and gets its answer at once.\n");
    rig_doc_check(&doc, "rpyc-round-trips.md");
    for (int i = 0; i < COLUMNS; i++)
        json_decref(columns[i]);
}
