/* SPDX-License-Identifier: MIT */
/*
 * Ends that nobody asked for: the server dies, rpycbench dies, somebody presses Ctrl-C. What was
 * measured is kept, the rest goes on, and no process is left behind. Servers are found as children
 * of rpycbench and only when they have connections, so nothing here depends on a time.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "tests/support/files.h"

enum {
    CLIENTS = 8,
    POOL = 2, /* processes that gunicorn has at least */
};
#define OTHER "http/threaded/native"

TestSuite(kill, .init = rig_adopt, .timeout = 600);

/* ---- kill -9 of a server under load ---- */

/* piece: of the server's command line. */
static void kill_server(const char *target, const char *piece, const char *mode)
{
    struct rig_program bench;
    struct support_output out;
    char targets[128];

    (void)snprintf(targets, sizeof(targets), "%s," OTHER, target);
    /* Two seconds of waiting in each trial: long enough to be found. */
    rig_start(&bench, WORDS(rig_bench(), "run", "--workload", "io", "--clients", "8",
                            "--requests-per-client", "200", "--repeats", "1", "--target", targets,
                            "--json", "-"));
    const pid_t server = rig_await_listener(bench.pid, piece, CLIENTS);
    cr_assert_eq(kill(server, SIGKILL), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 3, "%s: exit %d: %s", target, out.exit_status, out.err);
    cr_expect_eq(rig_count_lines(out.err, target), 1, "not one line:\n%s", out.err);
    rig_assert_has(out.err, "the server died (killed by SIGKILL)");
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, OTHER, "io");
    cr_expect_eq(rig_number(rig_result(run, OTHER, "io"), "total_requests"), CLIENTS * 200);
    const json_t *result = rig_result(run, target, "io");
    cr_expect_str_eq(rig_text(result, "status"), "failed");
    rig_assert_has(rig_text(result, "reason"), "died");
    rig_assert_has(rig_text(result, "target.mode"), mode);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(kill, native_forking)
{
    kill_server("rpyc/forking/native", "--protocol rpyc --mode forking", "forking");
}

Test(kill, native_threaded)
{
    kill_server("rpyc/threaded/native", "--protocol rpyc --mode threaded", "threaded");
}

Test(kill, python_forking)
{
    rig_need_python();
    kill_server("rpyc/forking/python", "rpyc_server.py --protocol rpyc --mode forking", "forking");
}

Test(kill, python_http_forking)
{
    rig_need_python();
    kill_server("http/forking/python", "http_server.py --protocol http --mode forking", "forking");
}

/* The trials after the one in which the server died start a new one. */
Test(kill, next_trial_goes_on)
{
    struct rig_program bench;
    struct support_output out;

    rig_start(&bench, WORDS(rig_bench(), "run", "--workload", "io", "--clients", "8",
                            "--requests-per-client", "100", "--repeats", "3", "--target",
                            "rpyc/forking/native", "--json", "-"));
    const pid_t server = rig_await_listener(bench.pid, "--protocol rpyc", CLIENTS);
    cr_assert_eq(kill(server, SIGKILL), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    const json_t *result = rig_result(run, "rpyc/forking/native", "io"), *trial;
    cr_expect_str_eq(rig_text(result, "status"), "failed");
    int failed = 0, good = 0;
    size_t i;
    json_array_foreach(rig_at(result, "trials"), i, trial)
    {
        failed += strcmp(rig_text(trial, "status"), "failed") == 0;
        good += strcmp(rig_text(trial, "status"), "ok") == 0;
    }
    cr_expect_eq(failed, 1, "%d trials failed", failed);
    cr_expect_eq(good, 2, "%d trials are good", good);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

/* ---- kill -9 of rpycbench ---- */

/* children: what the server has of them when it is under load. */
static void kill_bench(const char *target, const char *piece, int children)
{
    struct rig_program bench;
    struct support_output out;

    rig_start(&bench, WORDS(rig_bench(), "run", "--workload", "io", "--clients", "8",
                            "--requests-per-client", "100000", "--workload-budget", "5m",
                            "--repeats", "1", "--target", target));
    (void)rig_await_listener(bench.pid, piece, children);
    cr_assert_eq(kill(bench.pid, SIGKILL), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.signal, SIGKILL);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(kill, bench_with_native_forking)
{
    kill_bench("rpyc/forking/native", "--mode forking", CLIENTS);
}

Test(kill, bench_with_python_forking)
{
    rig_need_python();
    kill_bench("rpyc/forking/python", "rpyc_server.py --protocol rpyc --mode forking", CLIENTS);
}

Test(kill, bench_with_python_threaded)
{
    rig_need_python();
    kill_bench("http/threaded/python", "http_server.py --protocol http --mode threaded", CLIENTS);
}

Test(kill, bench_with_gunicorn)
{
    rig_need_python();
    kill_bench("http/forking/gunicorn", "gunicorn_server.py --protocol", POOL);
}

/* ---- signals ---- */

struct interruption {
    const char *target, *piece;
    int children; /* as above */
    int signal;
    bool whole_group; /* as a terminal does: the servers get it too */
};

static void interrupt(const struct interruption *how)
{
    struct rig_program bench;
    struct support_output out;
    char *folder;

    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    /* setsid makes a group of its own, in place. */
    const char *const words[] = {"setsid",    rig_bench(), "run",  "--workload",
                                 "io",        "--clients", "8",    "--requests-per-client",
                                 "50",        "--repeats", "500",  "--target",
                                 how->target, "--output",  folder, NULL};
    rig_start(&bench, how->whole_group ? words : words + 1);
    /* When there is a second server, a trial is complete. */
    const pid_t first = rig_await_listener(bench.pid, how->piece, how->children);
    while (rig_await_listener(bench.pid, how->piece, how->children) == first)
        rig_pause();
    cr_assert_eq(kill(how->whole_group ? -bench.pid : bench.pid, how->signal), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d: %s", out.exit_status, out.err);
    cr_expect_null(strstr(out.err, "died"), "%s", out.err);
    rig_assert_nobody_left();

    json_t *run = rig_json_file(folder, "result.json");
    cr_expect(json_is_true(rig_at(run, "interrupted")));
    const json_t *result = rig_result(run, how->target, "io"), *trial;
    size_t i, good = 0;
    json_array_foreach(rig_at(result, "trials"), i, trial)
    {
        if (strcmp(rig_text(trial, "status"), "ok") == 0) {
            cr_expect_eq(rig_number(trial, "counts.succeeded"), CLIENTS * 50);
            good++;
        }
    }
    cr_expect_gt(good, 0, "the complete trials are kept");
    cr_expect_lt(i, 500);
    cr_expect_eq(rig_number(result, "total_requests"), (double)good * CLIENTS * 50);
    rig_assert_has(out.out, how->target);
    json_decref(run);
    support_output_free(&out);
    support_tempdir_remove(folder);
}

static const struct interruption native = {.target = "rpyc/forking/native",
                                           .piece = "--protocol rpyc",
                                           .children = CLIENTS,
                                           .signal = SIGINT};
static const struct interruption python = {.target = "rpyc/forking/python",
                                           .piece = "rpyc_server.py --protocol",
                                           .children = CLIENTS,
                                           .signal = SIGINT};
static const struct interruption gunicorn = {.target = "http/forking/gunicorn",
                                             .piece = "gunicorn_server.py --protocol",
                                             .children = POOL,
                                             .signal = SIGINT};

static void interrupt_group(const struct interruption *how)
{
    struct interruption group = *how;

    group.whole_group = true;
    interrupt(&group);
}

Test(kill, interrupted) { interrupt(&native); }

Test(kill, terminated)
{
    struct interruption how = native;

    how.signal = SIGTERM;
    interrupt(&how);
}

Test(kill, interrupted_python)
{
    rig_need_python();
    interrupt(&python);
}

Test(kill, interrupted_group) { interrupt_group(&native); }

Test(kill, interrupted_group_python)
{
    rig_need_python();
    interrupt_group(&python);
}

Test(kill, interrupted_group_gunicorn)
{
    rig_need_python();
    interrupt_group(&gunicorn);
}

/* Before anything is measured there is nothing to keep, but the files are there. */
Test(kill, interrupted_at_once)
{
    struct rig_program bench;
    struct support_output out;
    char *folder;

    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    rig_start(&bench, WORDS(rig_bench(), "run", "--workload", "io", "--clients", "8",
                            "--requests-per-client", "100000", "--workload-budget", "5m",
                            "--target", "rpyc/forking/native," OTHER, "--output", folder));
    (void)rig_await_listener(bench.pid, "--protocol", CLIENTS);
    cr_assert_eq(kill(bench.pid, SIGINT), 0);
    rig_wait(&bench, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json_file(folder, "result.json");
    cr_expect(json_is_true(rig_at(run, "interrupted")));
    cr_expect_eq(json_array_size(rig_at(run, "results")), 2);
    json_decref(run);
    support_output_free(&out);
    support_tempdir_remove(folder);
    rig_assert_nobody_left();
}

/* serve ends at a signal and takes its server with it, also when it has connections. */
Test(kill, serve)
{
    static const int signals[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < BENCH_COUNT_OF(signals); i++) {
        struct rig_server server;
        struct support_output out;

        rig_serve(&server, "rpyc/forking/native", 4);
        cr_assert_eq(kill(server.program.pid, signals[i]), 0);
        rig_wait(&server.program, &out);
        cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
        cr_expect_str_empty(out.err);
        support_output_free(&out);
        rig_assert_nobody_left();
    }
}
