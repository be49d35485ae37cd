/* SPDX-License-Identifier: MIT */
/*
 * The real rpyc in three versions: its client against our server, and our client against its
 * server. Makes docs/rpyc-compatibility.md.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "rig.h"
#include "rig_docs.h"

enum {
    ANSWER_SIZE = 400,
    CLIENTS = 32,
    PATIENCE_S = 20, /* below the 30 s for which rpyc 6 waits for what does not come */
};

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(versions, .init = setup, .timeout = 600);

/* Servers and clients in Python that this process starts are of that version from now on. */
static void choose(const char *version)
{
    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
}

/* ---- its client, our server ---- */

/* What each of them answers to the same client; the last one is the one to be like. */
enum { THREADED, FORKING, PYTHON, SERVERS };
static const char *const servers[SERVERS] = {"rpyc/threaded/native", "rpyc/forking/native",
                                             "rpyc/threaded/python"};

/* Python's server has to be told to bind threads, which rpyc can from 5.3 on. */
static bool has_bound(const char *version, int server)
{
    return server == PYTHON && version[0] >= '5';
}

/* All at once: most of the time is waited for. */
static void try_clients(const char *version, json_t *answers[SERVERS])
{
    struct rig_server server[SERVERS], bound;
    struct rig_program client[SERVERS];

    choose(version);
    for (int i = 0; i < SERVERS; i++) {
        char port[8], bound_port[8];
        rig_serve(&server[i], servers[i], CLIENTS);
        if (has_bound(version, i))
            rig_serve(&bound, "rpyc[bind-threads=on]/threaded/python", CLIENTS);
        (void)snprintf(port, sizeof(port), "%u", server[i].port);
        (void)snprintf(bound_port, sizeof(bound_port), "%u",
                       has_bound(version, i) ? bound.port : server[i].port);
        rig_start(&client[i],
                  WORDS(rig_version_python(version), rig_peer_path("versions_client.py"), "--port",
                        port, "--bound-port", bound_port));
    }
    for (int i = 0; i < SERVERS; i++) {
        struct support_output out;
        rig_wait(&client[i], &out);
        cr_assert_eq(out.exit_status, 0, "rpyc %s on %s: %s", version, servers[i], out.err);
        answers[i] = rig_json(out.out);
        support_output_free(&out);
        cr_expect_eq(rig_server_stop(&server[i]), 0, "%s after rpyc %s", servers[i], version);
        if (has_bound(version, i))
            cr_expect_eq(rig_server_stop(&bound), 0, "bound, after rpyc %s", version);
    }
}

static const char *without_no(const char *answer)
{
    static const char no[] = "no: ";

    return strncmp(answer, no, sizeof(no) - 1) == 0 ? answer + sizeof(no) - 1 : answer;
}

/* One answer for both modes, and what Python's server says if that is something else. */
static void merge(json_t *const answers[SERVERS], const char *feature, char out[ANSWER_SIZE])
{
    const char *said[SERVERS];

    for (int i = 0; i < SERVERS; i++) {
        said[i] = json_string_value(json_object_get(answers[i], feature));
        cr_assert_not_null(said[i], "no answer to \"%s\"", feature);
    }
    const bool good = strcmp(said[THREADED], "yes") == 0;
    if (strcmp(said[THREADED], said[FORKING]) != 0)
        (void)snprintf(out, ANSWER_SIZE, "no: threaded: %s; forking: %s", said[THREADED],
                       said[FORKING]);
    else if (strcmp(said[PYTHON], said[THREADED]) == 0)
        (void)snprintf(out, ANSWER_SIZE, "%s%s", said[THREADED],
                       good ? "" : " (Python's server: the same)");
    else if (good)
        (void)snprintf(out, ANSWER_SIZE, "yes: but Python's server: %s", without_no(said[PYTHON]));
    else
        (void)snprintf(out, ANSWER_SIZE, "%s (Python's server: %s)", said[THREADED],
                       without_no(said[PYTHON]));
}

static void head(struct rig_doc *doc, const char *first)
{
    rig_doc_print(doc, "| %s |", first);
    for (int v = 0; v < RIG_VERSIONS; v++)
        rig_doc_print(doc, " %s |", rig_versions[v]);
    rig_doc_print(doc, "\n|---|---|---|---|\n");
}

static void write_clients(struct rig_doc *doc)
{
    json_t *answers[RIG_VERSIONS][SERVERS], *first;
    const char *feature;

    for (int v = 0; v < RIG_VERSIONS; v++)
        try_clients(rig_versions[v], answers[v]);
    rig_doc_print(doc, "## Python's client, our server\n\n"
                       "Each feature on connections of its own, on the threaded and on the forking "
                       "server; both gave\nthe same answer where only one is written. "
                       "tests/integration/peers/versions_client.py says\nwhat a feature is.\n\n");
    head(doc, "feature");
    json_object_foreach(answers[0][THREADED], feature, first)
    {
        rig_doc_print(doc, "| %s |", feature);
        for (int v = 0; v < RIG_VERSIONS; v++) {
            char answer[ANSWER_SIZE];
            merge(answers[v], feature, answer);
            rig_doc_cell(doc, answer);
        }
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
    for (int v = 0; v < RIG_VERSIONS; v++)
        for (int i = 0; i < SERVERS; i++)
            json_decref(answers[v][i]);
}

/* ---- our client, its server ---- */

static const struct {
    const char *target, *workloads;
} ours[] = {
    {"rpyc/threaded/python", "connection,latency,bandwidth,transfer,cpu,io"},
    {"rpyc/forking/python", "latency,transfer"},
    {"rpyc[call=plain]/threaded/python", "latency"},
    {"rpyc[call=cached]/threaded/python", "latency,bandwidth,transfer"},
    {"rpyc[version=auto]/threaded/python", "latency"},
    {"rpyc[version=5]/threaded/python", "latency"},
    {"rpyc[version=6]/threaded/python", "latency"},
};

/* "yes" if every result is good and no request of it failed. */
static void judge(const json_t *run, char answer[ANSWER_SIZE])
{
    const json_t *results = rig_at(run, "results"), *result;
    size_t i;

    (void)snprintf(answer, ANSWER_SIZE, "%s",
                   json_array_size(results) > 0 ? "yes" : "no: no result");
    json_array_foreach(results, i, result)
    {
        const char *status = rig_text(result, "status");
        const bool good = strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0;
        if (good && rig_number(result, "failed_requests") == 0)
            continue;
        const json_t *error = rig_at(result, "first_error"), *why = rig_at(result, "reason");
        (void)snprintf(answer, ANSWER_SIZE, "no: %s",
                       json_is_string(error) && json_string_length(error) > 0
                           ? json_string_value(error)
                           : json_string_value(why));
        return;
    }
}

static void try_ours(const char *target, const char *workloads, char answer[ANSWER_SIZE])
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--quick", "--repeats", "1", "--workload", workloads, "--payload-sizes",
                  "1KiB,100KiB,1MiB", "--file-sizes", "300KiB", "--chunk-size", "48KiB",
                  "--workload-budget", "1s", "--target", target, "--json", "-"));
    json_t *run = rig_json(out.out);
    judge(run, answer);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

static void write_ours(struct rig_doc *doc)
{
    rig_doc_print(doc, "\n## Our client, Python's server\n\n");
    head(doc, "target: workloads");
    for (size_t i = 0; i < BENCH_COUNT_OF(ours); i++) {
        rig_doc_print(doc, "| `%s`: %s |", ours[i].target, ours[i].workloads);
        for (int v = 0; v < RIG_VERSIONS; v++) {
            char answer[ANSWER_SIZE];
            choose(rig_versions[v]);
            try_ours(ours[i].target, ours[i].workloads, answer);
            rig_doc_cell(doc, answer);
        }
        rig_doc_print(doc, "\n");
    }
    rig_doc_notes(doc);
}

Test(versions, table)
{
    struct rig_doc doc;

    rig_doc_init(&doc);
    rig_doc_print(&doc, "# Which versions of rpyc work\n\n"
                        "Made by the test integration.test_versions, from the real package in each "
                        "version. A number\nin brackets leads to the reason below the table.\n\n");
    write_clients(&doc);
    write_ours(&doc);
    rig_doc_check(&doc, "rpyc-compatibility.md");
}

/* ---- nothing is left ---- */

ParameterizedTestParameters(versions, our_close_is_understood)
{
    static int rows[RIG_VERSIONS];

    for (int i = 0; i < RIG_VERSIONS; i++)
        rows[i] = i;
    return cr_make_param_array(int, rows, RIG_VERSIONS, NULL);
}

/* rpyc 6 goes on serving a connection for 30 s when CLOSE is not as it wants it. */
ParameterizedTest(int *index, versions, our_close_is_understood, .timeout = 300)
{
    struct support_output out;
    struct rig_server server;
    char url[64];
    pid_t found[1];

    choose(rig_versions[*index]);
    rig_serve(&server, "rpyc/forking/python", 4);
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u", server.port);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--requests",
                        "20", "--target", url, "--json", "-"));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);

    const pid_t listener = rig_await_listener(server.program.pid, "--protocol", 0);
    const int64_t deadline_ns = bench_now_ns() + PATIENCE_S * BENCH_NS_PER_S;
    int left;
    while ((left = rig_find_programs(listener, "", 1, found, 1)) > 0 &&
           bench_now_ns() < deadline_ns)
        rig_pause();
    cr_expect_eq(left, 0, "rpyc %s still serves a client that has gone", rig_versions[*index]);
    cr_expect_eq(rig_server_stop(&server), 0);
}
