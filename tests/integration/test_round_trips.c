/* SPDX-License-Identifier: MIT */
/*
 * What a call costs in blocking round trips and frames: Python's client in three versions and
 * ours, on Python's server and on ours, all counted by the same proxy between them. Makes
 * docs/rpyc-round-trips.md.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
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

enum { TX_MAX = 100000, CELL_SIZE = 64, AT_ONCE_MAX = 100 };

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(round_trips, .init = setup, .timeout = 300);

/* ---- the calls ---- */

#define TEN(n)                                                                                     \
#n "0, " #n "1, " #n "2, " #n "3, " #n "4, " #n "5, " #n "6, " #n "7, " #n "8, " #n "9"
#define HUNDRED                                                                                    \
    "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, " TEN(1) ", " TEN(2) ", " TEN(3) ", " TEN(4) ", " TEN(         \
        5) ", " TEN(6) ", " TEN(7) ", " TEN(8) ", " TEN(9) ")"

#define A_DICT    "root.get_user_dict(1)"
#define A_LIST    "root.get_users_dicts(100)"
#define AN_OBJECT "root.get_user(1)"
#define BATCH     "[d['name'] for d in root.get_users_batch_dicts(" HUNDRED ")]"

/* Why our client has no figure. */
#define NOT_WITHOUT_ROOT "it fetches root when it connects"
#define NO_LIST          "our client has no list of its own to lend; a tuple goes by value"
#define NO_WORD          "not among the expressions that our client has"
#define NO_FUNCTION      "the function that our client lends calls nested again: the next row"
#define NO_PICKLE        "our server pickles plain data only (TypeError: cannot pickle 'User' object)"
#define NO_CLASSES       "our client takes plain data only, and the pickle names a class"

/* What our client does for each row of peers/count_trips.py, in any order: an operation, or an
 * expression, less the cost of the one in `held`, which fetches what Python's client has already.
 */
static const struct call {
    const char *name;
    const char *text, *held;
    const char *without; /* why there is no figure */
    enum bench_operation_id operation;
    int64_t args[BENCH_OPERATION_PARAMS];
    size_t nargs, tx, chunk_size;
    bool probe;
    bool raises;
    bool cached;      /* the methods of root are there before */
    unsigned at_once; /* so many of them, each on its way before the first answer; 0 = one */
} calls[] = {
    {.name = "connect", .without = NOT_WITHOUT_ROOT},
    {.name = "root, later", .text = "root"},
    {.name = "root.ping()", .operation = BENCH_OP_PING},
    {.name = "root.ping, only fetched", .text = "root.ping"},
    {.name = "root.echo(1000 bytes)", .operation = BENCH_OP_ECHO, .tx = 1000},
    {.name = "root.download(100000)", .operation = BENCH_OP_DOWNLOAD, .args = {100000}, .nargs = 1},
    {.name = "root.upload(100000 bytes)", .operation = BENCH_OP_UPLOAD, .tx = TX_MAX},
    {.name = "root.download(-1), which raises",
     .operation = BENCH_OP_DOWNLOAD,
     .args = {-1},
     .nargs = 1,
     .raises = true},
    {.name = "root.nope, which is missing", .text = "root.nope", .raises = true},
    {.name = "root.method_a(), which calls b, c and d", .operation = BENCH_OP_METHOD_A},
    {.name = "conn.ping()", .probe = true},
    {.name = "root.nested(1, f): f is called once", .without = NO_FUNCTION},
    {.name = "root.nested(3, f): f calls nested again",
     .operation = BENCH_OP_NESTED,
     .args = {3},
     .nargs = 1},
    {.name = "root.upload_chunked(16 pieces)",
     .operation = BENCH_OP_UPLOAD_CHUNKED,
     .tx = 65536,
     .chunk_size = 4096},
    {.name = "root.download_chunked(16 pieces), all fetched",
     .operation = BENCH_OP_DOWNLOAD_CHUNKED,
     .args = {65536, 4096},
     .nargs = 2},
    {.name = "[(u.id, u.name, u.email) for u in root.get_users(100)]",
     .text = "[(u.id, u.name, u.email) for u in root.get_users(100)]"},
    {.name = "[(d['id'], d['name'], d['email']) for d in root.get_users_dicts(100)]",
     .text = "[(d['id'], d['name'], d['email']) for d in root.get_users_dicts(100)]"},
    {.name = "root.get_users_tuples(100)", .text = "root.get_users_tuples(100)"},
    {.name = "obtain(root.get_users_dicts(100))", .text = "obtain(root.get_users_dicts(100))"},
    {.name = "obtain(root.get_users(100))", .without = NO_CLASSES},
    {.name = "[root.get_user(i).name for i in (100 ids)]",
     .text = "[root.get_user(i).name for i in " HUNDRED "]"},
    {.name = "[d['name'] for d in root.get_users_batch_dicts([100 ids])]", .without = NO_LIST},
    {.name = "[d['name'] for d in root.get_users_batch_dicts((100 ids))]", .text = BATCH},
    {.name = "root.get_users_batch((100 ids))", .text = "root.get_users_batch(" HUNDRED ")"},
    {.name = "u = root.get_user(1); u.name, u.email",
     .text = "[(u.name, u.email) for u in (root.get_user(1),)]"},
    {.name = "d = root.get_user_dict(1); d['name'], d['email']",
     .text = "[(d['name'], d['email']) for d in (root.get_user_dict(1),)]"},
    {.name = "ping()", .operation = BENCH_OP_PING, .cached = true},
    {.name = "100 times ping(), by async_",
     .operation = BENCH_OP_PING,
     .cached = true,
     .at_once = 100},
    {.name = "get_user_dict(1)", .text = A_DICT, .cached = true},
    {.name = "get_users_dicts(100)", .text = A_LIST, .cached = true},
    {.name = "get_user(1)", .text = AN_OBJECT, .cached = true},
    {.name = "get_users_batch([100 ids])", .without = NO_LIST},
    {.name = "get_users_batch((100 ids))",
     .text = "root.get_users_batch(" HUNDRED ")",
     .cached = true},
    {.name = "d['name']", .text = A_DICT "['name']", .held = A_DICT},
    {.name = "len(d)", .text = "len(" A_DICT ")", .held = A_DICT},
    {.name = "'name' in d", .without = NO_WORD},
    {.name = "bool(d)", .without = NO_WORD},
    {.name = "str(d)", .text = "str(" A_DICT ")", .held = A_DICT},
    {.name = "repr(d)", .text = "repr(" A_DICT ")", .held = A_DICT},
    {.name = "dir(d)", .text = "dir(" A_DICT ")", .held = A_DICT},
    {.name = "d == 5", .without = NO_WORD},
    {.name = "isinstance(d, dict), type(d), d.__class__", .without = NO_WORD},
    {.name = "d.get('name')", .text = A_DICT ".get('name')", .held = A_DICT},
    {.name = "d.keys()", .text = A_DICT ".keys()", .held = A_DICT},
    {.name = "list(d)", .text = "list(" A_DICT ")", .held = A_DICT},
    {.name = "for item in d.items()",
     .text = "[item for item in " A_DICT ".items()]",
     .held = A_DICT},
    {.name = "dict(d)", .without = NO_WORD},
    {.name = "obtain(d)", .text = "obtain(" A_DICT ")", .held = A_DICT},
    {.name = "li[3]", .text = A_LIST "[3]", .held = A_LIST},
    {.name = "li[1:3]", .text = A_LIST "[1:3]", .held = A_LIST},
    {.name = "for item in li", .text = "[item for item in " A_LIST "]", .held = A_LIST},
    {.name = "list(li)", .text = "list(" A_LIST ")", .held = A_LIST},
    {.name = "list(buffiter(li, 10))", .text = "buffiter(" A_LIST ")", .held = A_LIST},
    {.name = "obtain(li)", .text = "obtain(" A_LIST ")", .held = A_LIST},
    {.name = "u.name", .text = AN_OBJECT ".name", .held = AN_OBJECT},
    {.name = "obtain(u)", .without = NO_CLASSES},
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

static void op_prepare(struct client *c, struct bench_op *op, const struct call *call,
                       const struct bench_program *program)
{
    bench_op_reset(op);
    op->program = program;
    op->tx.data = c->tx;
    op->tx.length = call->tx;
    op->tx.chunk_size = call->chunk_size;
    op->sink.kind = BENCH_SINK_VALUE;
    op->sink.limit = ANSWER_LIMIT;
    op->timeout_ns = CALL_TIMEOUT_NS;
}

static void one_done(struct bench_op *op, int status, void *left)
{
    cr_assert_eq(status, 0, "%s", op->error.msg);
    --*(unsigned *)left;
}

static void client_do_at_once(struct client *c, const struct call *call,
                              const struct bench_program *program)
{
    struct bench_op *ops[AT_ONCE_MAX];
    struct bench_error err = {0};
    unsigned left = call->at_once;

    cr_assert_leq(call->at_once, AT_ONCE_MAX);
    for (unsigned i = 0; i < call->at_once; i++) {
        cr_assert_eq(bench_op_new(c->protocol, &ops[i], &err), 0, "%s", err.msg);
        op_prepare(c, ops[i], call, program);
        ops[i]->done = one_done;
        ops[i]->user = &left;
        cr_assert_eq(bench_conn_submit(c->conn, ops[i], &err), 0, "%u: %s", i, err.msg);
    }
    while (left > 0)
        (void)bench_loop_run(c->loop, bench_now_ns() + QUIET_NS / 5);
    for (unsigned i = 0; i < call->at_once; i++)
        bench_op_free(ops[i]);
}

static void client_do(struct client *c, const struct bench_spec *spec, const struct call *call)
{
    struct bench_program *program;
    struct bench_error err = {0};

    cr_assert_eq(c->protocol->compile(c->options, spec, &program, &err), 0, "%s: %s", call->name,
                 err.msg);
    op_prepare(c, c->op, call, program);
    if (call->at_once) {
        client_do_at_once(c, call, program);
    } else {
        const int rc = bench_call_blocking(c->conn, c->op, &err);
        cr_assert_eq(rc < 0, call->raises, "%s: %d %s", call->name, rc, err.msg);
    }
    bench_op_reset(c->op); /* the result goes, and what it refers to */
    c->op->program = NULL;
    c->protocol->program_free(program);
}

static void client_call(struct client *c, const struct call *call)
{
    struct bench_value args[BENCH_OPERATION_PARAMS];

    for (size_t i = 0; i < call->nargs; i++)
        args[i] = bench_int(call->args[i]);
    const struct bench_spec operation = {.kind = BENCH_SPEC_OPERATION,
                                         .operation = bench_operation_get(call->operation),
                                         .args = args,
                                         .nargs = call->nargs};
    const struct bench_spec text = {.kind = BENCH_SPEC_TEXT, .text = call->text};
    const struct bench_spec probe = {.kind = BENCH_SPEC_PROBE};
    client_do(c, call->probe ? &probe : call->text ? &text : &operation, call);
}

/* Turns the loop of a client, if there is one. */
static json_t *settled(struct client *c, struct proxy *proxy)
{
    const int64_t deadline_ns = bench_now_ns() + CALL_TIMEOUT_NS;

    /* The first time long enough for the proxy to see what was sent just now. */
    for (int64_t pause_ns = QUIET_NS;; pause_ns = QUIET_NS / 5) {
        if (c)
            (void)bench_loop_run(c->loop, bench_now_ns() + pause_ns);
        else
            (void)poll(NULL, 0, (int)(pause_ns / BENCH_NS_PER_MS));
        json_t *counts = ask(proxy, "get");
        if (rig_number(counts, "pending") == 0 &&
            rig_number(counts, "idle") * (double)BENCH_NS_PER_S >= (double)QUIET_NS)
            return counts;
        cr_assert_lt(bench_now_ns(), deadline_ns, "%g requests without an answer",
                     rig_number(counts, "pending"));
        json_decref(counts);
    }
}

static json_t *count_call(struct client *c, struct proxy *proxy, const struct call *call)
{
    if (call->cached) { /* fetches it */
        client_call(c, call);
        json_decref(settled(c, proxy));
    }
    reset(proxy);
    client_call(c, call);
    return settled(c, proxy);
}

/* Without what fetched the object that Python's client has already. */
static void take_off(json_t *counts, json_t *held)
{
    static const char *const keys[] = {"trips", "served", "frames"};

    for (size_t i = 0; i < BENCH_COUNT_OF(keys); i++)
        json_object_set_new(counts, keys[i],
                            json_real(rig_number(counts, keys[i]) - rig_number(held, keys[i])));
    json_decref(held);
}

/* As peers/count_trips.py does it; a new reference. */
static json_t *count_ours(const char *version, const char *target)
{
    struct client client;
    struct proxy proxy;
    json_t *table = json_object();

    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
    proxy_start(&proxy, target);
    for (int cached = 0; cached < 2; cached++) {
        reset(&proxy);
        client_open(&client, cached ? "call=cached" : "call=plain", proxy.program.port);
        if (!cached)
            json_object_set_new(table, "connect and first root", settled(&client, &proxy));
        for (size_t i = 0; i < BENCH_COUNT_OF(calls); i++) {
            const struct call held = {.name = calls[i].name, .text = calls[i].held};
            if (calls[i].without || calls[i].cached != (cached != 0))
                continue;
            json_t *counts = count_call(&client, &proxy, &calls[i]);
            if (held.text)
                take_off(counts, count_call(&client, &proxy, &held));
            json_object_set_new(table, calls[i].name, counts);
        }
        reset(&proxy);
        client_close(&client);
        json_object_set_new(table, "conn.close()", settled(NULL, &proxy));
    }
    proxy_stop(&proxy);
    return table;
}

/* ---- Python's client ---- */

struct python {
    struct proxy proxy;
    struct rig_program client;
};

static void python_start(struct python *python, const char *version, const char *target)
{
    char port[8], control[8];

    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
    proxy_start(&python->proxy, target);
    (void)snprintf(port, sizeof(port), "%u", python->proxy.program.port);
    (void)snprintf(control, sizeof(control), "%u", python->proxy.control_port);
    rig_start(&python->client, WORDS(rig_python(), rig_peer_path("count_trips.py"), "--port", port,
                                     "--control", control));
}

static json_t *python_end(struct python *python)
{
    struct support_output out;

    rig_wait(&python->client, &out);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *table = rig_json(out.out);
    support_output_free(&out);
    proxy_stop(&python->proxy);
    return table;
}

/* ---- the table ---- */

/* Python's server in each version, and ours: asked by Python's client, then by ours. */
enum { SERVERS = RIG_VERSIONS + 1, OUR_SERVER = RIG_VERSIONS, COLUMNS = 2 * SERVERS };

static const char *const heads[COLUMNS] = {
    "Python 4.1.5",
    "Python 5.3.1",
    "Python 6.0.2",
    "Python 6.0.2, our server",
    "our client, Python 4.1.5",
    "our client, Python 5.3.1",
    "our client, Python 6.0.2",
    "our client, our server",
};

/* Figures that are not as in Python, and why; nothing else may differ. */
static const struct {
    const char *call;
    unsigned columns; /* which of them, as bits */
    const char *why;
} deviations[] = {
    {"connect and first root", 0x30,
     "our client asks in the layout of rpyc 6 first, unless the URL says version=5, and connects "
     "again when the answer is in the other one"},
    {"root.upload_chunked(16 pieces)", 0xf0,
     "Python's client gives up one reference less: it keeps the traceback of the StopIteration "
     "that ended the list (Connection._last_traceback), whose frames hold the method until its "
     "next exception. Ours sends that DEL at once"},
    {"root.nested(3, f): f calls nested again", 1U << OUR_SERVER,
     "our server has one object for each method of root, so that the four proxies of nested are "
     "one, which is given up once; in Python each fetch makes a bound method of its own"},
    {"obtain(root.get_users(100))", 1U << OUR_SERVER, NO_PICKLE},
    {"obtain(u)", 1U << OUR_SERVER, NO_PICKLE},
};

/* The column whose figures this one has to have: Python's client and server of the version. */
static int model(int column)
{
    const int server = column % SERVERS;

    return server == OUR_SERVER ? RIG_VERSIONS - 1 : server;
}

static void describe(const json_t *counts, char out[CELL_SIZE])
{
    const double served = rig_number(counts, "served");
    int n = snprintf(out, CELL_SIZE, "%g", rig_number(counts, "trips"));

    if (served > 0)
        n += snprintf(out + n, (size_t)(CELL_SIZE - n), " (%g)", served);
    (void)snprintf(out + n, (size_t)(CELL_SIZE - n), ", %g", rig_number(counts, "frames"));
}

static const char *why_not(const char *call)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(calls); i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].without;
    return NULL;
}

static const char *deviation(const char *call, int column)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(deviations); i++)
        if (strcmp(deviations[i].call, call) == 0 && deviations[i].columns >> column & 1)
            return deviations[i].why;
    return NULL;
}

/* Fails unless the figures are those of its model, or known not to be. */
static void write_cell(struct rig_doc *doc, json_t *const columns[COLUMNS], const char *call,
                       int column)
{
    char text[CELL_SIZE], wanted[CELL_SIZE], cell[CELL_SIZE + 300];
    const json_t *counts = json_object_get(columns[column], call);
    const json_t *error = json_object_get(counts, "error");
    const char *why = counts ? deviation(call, column) : why_not(call);

    if (!counts || error) {
        cr_assert(why, "%s, %s: %s", call, heads[column],
                  error ? json_string_value(error) : "not among the calls of our client");
        (void)snprintf(cell, sizeof(cell), "-: %s", why);
        rig_doc_cell(doc, cell);
        return;
    }
    describe(counts, text);
    describe(json_object_get(columns[model(column)], call), wanted);
    cr_expect_eq(strcmp(text, wanted) != 0, why != NULL, "%s, %s: %s; Python: %s%s", call,
                 heads[column], text, wanted, why ? "; this is no deviation any more" : "");
    (void)snprintf(cell, sizeof(cell), why ? "%s: %s" : "%s", text, why);
    rig_doc_cell(doc, cell);
}

static void write_table(struct rig_doc *doc, json_t *const columns[COLUMNS])
{
    const char *call;
    json_t *counts;

    rig_doc_print(doc, "| call |");
    for (int i = 0; i < COLUMNS; i++)
        rig_doc_print(doc, " %s |", heads[i]);
    rig_doc_print(doc, "\n|---|");
    for (int i = 0; i < COLUMNS; i++)
        rig_doc_print(doc, "---|");
    rig_doc_print(doc, "\n");
    json_object_foreach(columns[model(OUR_SERVER)], call, counts)
    {
        rig_doc_print(doc, "| `%s` |", call);
        for (int i = 0; i < COLUMNS; i++)
            write_cell(doc, columns, call, i);
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
}

static const char *version_of(int server)
{
    return rig_versions[server == OUR_SERVER ? RIG_VERSIONS - 1 : server];
}

static const char *target_of(int server)
{
    return server == OUR_SERVER ? "rpyc/threaded/native" : "rpyc/threaded/python";
}

Test(round_trips, table)
{
    struct python python[SERVERS];
    json_t *columns[COLUMNS];
    struct rig_doc doc;

    for (int i = 0; i < SERVERS; i++)
        python_start(&python[i], version_of(i), target_of(i));
    for (int i = 0; i < SERVERS; i++)
        columns[i] = python_end(&python[i]);
    for (int i = 0; i < SERVERS; i++)
        columns[SERVERS + i] = count_ours(version_of(i), target_of(i));

    rig_doc_init(&doc);
    rig_doc_print(&doc,
                  "# Round trips and frames of a call\n\n"
                  "Made by the test integration.test_round_trips: a proxy between client and "
                  "server counted, the\nsame one for all. A cell is the number of blocking round "
                  "trips, in parentheses how many of them\nthe server made, and the number of "
                  "frames both ways, those of references given up included.\nThe test fails where "
                  "our client or our server costs something else than Python's of the same\n"
                  "version, except where a note says why.\n\n"
                  "Our client fetches root when it connects. Calls without `root` are of what was "
                  "fetched before: the\nmethod; a dict `d = root.get_user_dict(1)` of 4 items; a "
                  "list of 100 dicts `li =\nroot.get_users_dicts(100)`; an object `u = "
                  "root.get_user(1)`. Our client holds none of them between\ntwo expressions: it "
                  "fetches and asks in one, and what fetching alone costs is taken off.\n\n");
    write_table(&doc, columns);
    rig_doc_check(&doc, "rpyc-round-trips.md");
    for (int i = 0; i < COLUMNS; i++)
        json_decref(columns[i]);
}
