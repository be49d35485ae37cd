/* SPDX-License-Identifier: MIT */
/*
 * A server that stands still for T in a load of D: whoever arrives meanwhile waits. At a constant
 * rate the responses are b + what is left of T for a share T / D of the requests, so their mean is
 * b + T^2 / (2 D) and their quantile p is b + T - (1 - p) D where 1 - p < T / D. An open loop shows
 * that; a closed loop of one client sends one request meanwhile and hardly sees it.
 *
 * T is what the test itself measured between its two signals; D is the load's length. Nothing is
 * compared with anything but these two and the base latency b of the same run.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/units.h"
#include "rig.h"

TestSuite(freeze, .init = rig_adopt, .timeout = 300);

enum { RATE = 1000 };
#define LOAD    "10s"
#define D_S     10.0
#define T_MS    200
#define LEAD_MS 4000 /* after the first connection; the load is then in its middle */

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / (double)BENCH_NS_PER_S;
}

/* Stops the server T_MS long in the middle of a load with that rate; returns T in seconds. */
static double freeze(struct rig_server *server, const char *url, const char *rate,
                     struct support_output *out)
{
    struct rig_program bench;

    rig_start(&bench, WORDS(rig_bench(), "run", "--target", url, "--workload", "concurrent",
                            "--operation", "ping", "--clients", "1", "--rate", rate, "--duration",
                            LOAD, "--repeats", "1", "--json", "-"));
    const pid_t listener = rig_await_listener(server->program.pid, "--protocol rpyc", 1);
    (void)poll(NULL, 0, LEAD_MS);
    cr_assert_eq(kill(listener, SIGSTOP), 0);
    const int64_t stopped_ns = bench_now_ns();
    (void)poll(NULL, 0, T_MS);
    cr_assert_eq(kill(listener, SIGCONT), 0);
    const double t = seconds_between(stopped_ns, bench_now_ns());
    rig_wait(&bench, out);
    cr_assert(out->exit_status == 0 || out->exit_status == 4, "exit %d: %s", out->exit_status,
              out->err);
    return t;
}

/* A machine that is busy with other things adds stalls of its own. */
static void expect_about(double got, double wanted, double most, const char *what)
{
    cr_expect(got > wanted / 2 && got < wanted * most, "%s is %g ms, by the formula %g ms", what,
              got * 1e3, wanted * 1e3);
}

static const json_t *only_result(const json_t *run)
{
    const json_t *result = json_array_get(rig_at(run, "results"), 0);

    cr_assert_not_null(result);
    cr_assert_eq(rig_number(result, "failed_requests"), 0);
    return result;
}

static void check_open(const json_t *result, double t)
{
    const double b = rig_number(result, "latency.median");

    cr_expect_eq(rig_number(result, "total_requests"), RATE * D_S);
    expect_about(rig_number(result, "latency.mean"), b + t * t / (2 * D_S), 4, "the mean");
    expect_about(rig_number(result, "latency.p99"), b + t - 0.01 * D_S, 2, "p99");
    expect_about(rig_number(result, "latency.p999"), b + t - 0.001 * D_S, 2, "p99.9");
    /* The time from sending on is what a closed loop would call the latency. */
    cr_expect_lt(rig_number(result, "service_time.p99"), t / 4);
}

static void check_closed(const json_t *result, double t)
{
    cr_expect_lt(rig_number(result, "latency.p99"), t / 4);
    cr_expect_lt(rig_number(result, "latency.p999"), t / 4);
    cr_expect_gt(rig_number(result, "latency.max"), t / 2, "one request did see it");
}

Test(freeze, open_loop_sees_it_and_closed_loop_does_not)
{
    struct rig_server server;
    char url[64], rate[16];

    (void)snprintf(rate, sizeof(rate), "%d", RATE);
    for (int open = 1; open >= 0; open--) {
        struct support_output out;
        rig_serve(&server, "rpyc/threaded/native", 8);
        (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u", server.port);
        const double t = freeze(&server, url, open ? rate : "0", &out);
        json_t *run = rig_json(out.out);
        (open ? check_open : check_closed)(only_result(run), t);
        json_decref(run);
        support_output_free(&out);
        cr_expect_eq(rig_server_stop(&server), 0);
    }
    rig_assert_nobody_left();
}
