/* SPDX-License-Identifier: MIT */
/*
 * Real Python clients (rpyc, requests, http.client) against real servers: every workload succeeds,
 * in one process or several, and whoever dies or is interrupted leaves nobody behind.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

enum {
    OWN_THREADS = 2, /* of a client process: one talks with us, one listens */
};
#define RPYC     "rpyc/threaded/python/python"
#define REQUESTS "http/threaded/python/python"
#define PLAIN    "http/threaded/python/http.client"
#define ALL      RPYC "," REQUESTS "," PLAIN

static void setup(void)
{
    rig_adopt();
    rig_need_python();
}

TestSuite(python_client, .init = setup, .timeout = 300);

/* Nothing failed, and what was counted is what was asked for. */
static void assert_all_good(const json_t *run, size_t at_least)
{
    const json_t *results = rig_at(run, "results"), *result, *trial;
    size_t i, k;

    cr_expect_geq(json_array_size(results), at_least);
    json_array_foreach(results, i, result)
    {
        const char *name = rig_text(result, "target.name"),
                   *workload = rig_text(result, "workload");
        const char *status = rig_text(result, "status");
        cr_expect(strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0, "%s %s: %s %s",
                  name, workload, status, rig_text(result, "reason"));
        json_array_foreach(rig_at(result, "trials"), k, trial)
        {
            const double attempted = rig_number(trial, "counts.attempted");
            cr_expect_gt(attempted, 0, "%s %s", name, workload);
            cr_expect_eq(rig_number(trial, "counts.succeeded"), attempted, "%s %s: %g of %g", name,
                         workload, rig_number(trial, "counts.succeeded"), attempted);
        }
    }
}

static json_t *measure(const char *const *words)
{
    struct support_output out;

    rig_run(&out, words);
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    support_output_free(&out);
    rig_assert_nobody_left();
    return run;
}

Test(python_client, requests_of_all_kinds)
{
    json_t *run =
        measure(WORDS("run", "--quick", "--repeats", "1", "--workload",
                      "connection,latency,concurrent,cpu,io", "--target", ALL, "--json", "-"));
    assert_all_good(run, 3 * 5);
    const json_t *latency = rig_result(run, RPYC, "latency");
    cr_expect_str_eq(rig_text(latency, "target.client"), "python");
    cr_expect_str_eq(rig_text(latency, "target.library"), "rpyc");
    cr_expect_str_eq(rig_text(rig_result(run, REQUESTS, "latency"), "target.library"), "requests");
    cr_expect_str_eq(rig_text(rig_result(run, PLAIN, "latency"), "target.library"), "http.client");
    /* What the library does not tell is left out, not invented. */
    cr_expect_null(rig_at(rig_result(run, REQUESTS, "connection"), "connect_time"));
    cr_expect_gt(rig_number(rig_result(run, REQUESTS, "connection"), "connection_time.count"), 0);
    cr_expect_gt(rig_number(rig_result(run, PLAIN, "connection"), "connect_time.count"), 0);
    const json_t *rpyc = rig_result(run, RPYC, "connection");
    cr_expect_leq(rig_number(rpyc, "connect_time.median"), rig_number(rpyc, "ready_time.median"));
    cr_expect_leq(rig_number(rpyc, "ready_time.median"),
                  rig_number(rpyc, "connection_time.median"));
    json_decref(run);
}

Test(python_client, bulk_of_all_kinds)
{
    json_t *run =
        measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "bandwidth,transfer",
                      "--payload-sizes", "0,1KiB,100KiB", "--file-sizes", "300KiB", "--chunk-size",
                      "48KiB", "--target", ALL, "--json", "-"));
    /* Three sizes up and down; one file up and down in three styles. */
    assert_all_good(run, 3 * (3 * 2 + 2 * 3));
    json_decref(run);
}

Test(python_client, native_servers)
{
    json_t *run =
        measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "latency,transfer",
                      "--file-sizes", "300KiB", "--chunk-size", "48KiB", "--target",
                      "rpyc/forking/native/python,http/threaded/native/python,"
                      "http/forking/native/http.client",
                      "--json", "-"));
    assert_all_good(run, 3 * (1 + 2 * 3));
    json_decref(run);
}

/* Whatever HTTP has a spelling for; answers that are values are compared. */
Test(python_client, operations_over_http)
{
    json_t *run =
        measure(WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms", "--workload",
                      "latency", "--operation",
                      "get_user,get_users,get_users_dicts,get_users_tuples,"
                      "get_users_batch,get_users_batch_dicts,compute",
                      "--target", REQUESTS ",http/threaded/native/http.client", "--json", "-"));
    assert_all_good(run, 2 * 7);
    json_decref(run);
}

/* The kernel counts the same bytes of a call that our own client makes. */
Test(python_client, bytes_as_native)
{
    static const char *const pairs[][2] = {
        {RPYC, "rpyc/threaded/python"},
        {"rpyc[call=cached]/threaded/python/python", "rpyc[call=cached]/threaded/python"}};
    for (size_t i = 0; i < BENCH_COUNT_OF(pairs); i++) {
        char targets[200];
        (void)snprintf(targets, sizeof(targets), "%s,%s", pairs[i][0], pairs[i][1]);
        json_t *run =
            measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--requests",
                          "300", "--workload-budget", "1m", "--target", targets, "--json", "-"));
        double bytes[2];
        for (size_t k = 0; k < 2; k++) {
            const json_t *result = rig_result(run, pairs[i][k], "latency");
            bytes[k] = rig_number(result, "wire.tcp_bytes_per_request");
        }
        /* References that were given up are told of a little earlier or later. */
        cr_expect_leq(fabs(bytes[0] / bytes[1] - 1), 0.02, "%s: %g and %g bytes a call",
                      pairs[i][0], bytes[0], bytes[1]);
        json_decref(run);
    }
}

Test(python_client, several_processes)
{
    json_t *run =
        measure(WORDS("run", "--quick", "--repeats", "1", "--workload", "concurrent", "--clients",
                      "5", "--client-processes", "2", "--requests-per-client", "40",
                      "--workload-budget", "1m", "--target", ALL, "--json", "-"));
    assert_all_good(run, 3);
    const json_t *result;
    size_t i;
    json_array_foreach(rig_at(run, "results"), i, result)
        cr_expect_eq(rig_number(result, "total_requests"), 5 * 40);
    json_decref(run);
}

Test(python_client, by_duration)
{
    json_t *run =
        measure(WORDS("run", "--repeats", "1", "--workload", "concurrent", "--clients", "4",
                      "--duration", "500ms", "--ramp", "100ms", "--target", ALL, "--json", "-"));
    assert_all_good(run, 3);
    json_decref(run);
}

/* ---- what cannot be had ---- */

Test(python_client, refused_option)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--target",
                        "rpyc[socket=fast]/threaded/python/python," REQUESTS, "--json", "-"));
    json_t *run = rig_json(out.out);
    const json_t *result = rig_result(run, "rpyc[socket=fast]/threaded/python/python", "latency");
    rig_assert_has(rig_text(result, "reason"), "no option socket=fast");
    rig_assert_measured(run, REQUESTS, "latency");
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(python_client, open_loop)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--rate",
                        "100", "--target", RPYC ",rpyc/threaded/native", "--json", "-"));
    json_t *run = rig_json(out.out);
    const json_t *result = rig_result(run, RPYC, "latency");
    cr_expect_str_eq(rig_text(result, "status"), "n/a");
    rig_assert_has(rig_text(result, "reason"), "closed loops only");
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

/* ---- ends that nobody asked for ---- */

/* Starts a load of waiting requests on two processes with two connections each. */
static void start_load(struct rig_program *bench, const char *targets, pid_t clients[2],
                       const char *piece)
{
    rig_start(bench, WORDS("setsid", rig_bench(), "run", "--workload", "io", "--clients", "4",
                           "--client-processes", "2", "--requests-per-client", "200", "--repeats",
                           "1", "--workload-budget", "5m", "--target", targets, "--json", "-"));
    rig_await_programs(bench->pid, piece, OWN_THREADS + 2, clients, 2);
}

static void kill_client(const char *target, const char *piece, const char *other)
{
    struct rig_program bench;
    struct support_output out;
    char targets[200];
    pid_t clients[2];

    (void)snprintf(targets, sizeof(targets), "%s,%s", target, other);
    start_load(&bench, targets, clients, piece);
    cr_assert_eq(kill(clients[0], SIGKILL), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    const json_t *result = rig_result(run, target, "io");
    cr_expect_str_eq(rig_text(result, "status"), "failed");
    rig_assert_has(rig_text(result, "reason"), "the client process died (killed by SIGKILL)");
    rig_assert_measured(run, other, "io");
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(python_client, killed_rpyc) { kill_client(RPYC, "rpyc_client.py", REQUESTS); }

Test(python_client, killed_requests) { kill_client(REQUESTS, "http_client.py", RPYC); }

/* group: as a terminal does, where clients and servers get the signal, too. */
static void interrupt(const char *target, const char *piece, bool group)
{
    struct rig_program bench;
    struct support_output out;
    pid_t clients[2];

    start_load(&bench, target, clients, piece);
    cr_assert_eq(kill(group ? -bench.pid : bench.pid, SIGINT), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d: %s", out.exit_status, out.err);
    cr_expect_null(strstr(out.err, "died"), "%s", out.err);
    json_t *run = rig_json(out.out);
    cr_expect(json_is_true(rig_at(run, "interrupted")));
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(python_client, interrupted) { interrupt(RPYC, "rpyc_client.py", false); }

Test(python_client, interrupted_group) { interrupt(PLAIN, "http_client.py", true); }

/* A client that cannot hear is ended all the same. */
Test(python_client, interrupted_while_client_is_stopped)
{
    struct rig_program bench;
    struct support_output out;
    pid_t clients[2];

    start_load(&bench, RPYC, clients, "rpyc_client.py");
    cr_assert_eq(kill(clients[0], SIGSTOP), 0);
    cr_assert_eq(kill(bench.pid, SIGINT), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(python_client, killed_bench)
{
    struct rig_program bench;
    struct support_output out;
    pid_t clients[2];

    start_load(&bench, RPYC, clients, "rpyc_client.py");
    cr_assert_eq(kill(bench.pid, SIGKILL), 0);
    rig_wait(&bench, &out);
    support_output_free(&out);
    rig_assert_nobody_left();
}

/* The server dies: its clients fail, and so does the cell only. */
Test(python_client, killed_server)
{
    struct rig_program bench;
    struct support_output out;
    pid_t clients[2];

    start_load(&bench, RPYC "," REQUESTS, clients, "rpyc_client.py");
    cr_assert_eq(kill(rig_await_listener(bench.pid, "rpyc_server.py --protocol", 4), SIGKILL), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_has(rig_text(rig_result(run, RPYC, "io"), "reason"), "died");
    rig_assert_measured(run, REQUESTS, "io");
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}
