/* SPDX-License-Identifier: MIT */
/* `rpycbench relay` as a user runs it: between a server and a run, its messages and its end. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "rig.h"
#include "tests/support/peer.h"

TestSuite(relay_command, .timeout = 300);

static void end(struct rig_server *server, int signal, struct support_output *out)
{
    cr_assert_eq(kill(server->program.pid, signal), 0);
    rig_wait(&server->program, out);
    cr_expect_eq(out->exit_status, 0, "%s", out->err);
}

Test(relay_command, server_seems_farther_away)
{
    struct rig_server server, relay;
    struct support_output out;
    char upstream[32], url[64];

    rig_adopt();
    rig_serve(&server, "rpyc/threaded/native", 8);
    (void)snprintf(upstream, sizeof(upstream), "127.0.0.1:%u", server.port);
    rig_relay(&relay, WORDS("--listen", "127.0.0.1:0", "--upstream", upstream, "--delay", "2ms",
                            "--jitter", "1ms", "--rate", "100mbit"));
    rig_assert_has(relay.line, upstream);
    rig_assert_has(relay.line, "after 2ms +- 1ms at 100 Mbit/s each way");
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u[call=cached]", relay.port);
    rig_run(&out, WORDS("run", "--target", url, "--workload", "latency", "--requests", "20",
                        "--warmup", "2", "--repeats", "1", "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, url, "latency");
    /* One round trip: at least two delays less the jitter of each. */
    cr_expect_geq(rig_number(rig_result(run, url, "latency"), "latency.min"), 0.002);
    json_decref(run);
    support_output_free(&out);
    end(&relay, SIGTERM, &out);
    rig_assert_has(out.err, " connections (0 more refused, 0 not taken by the upstream)");
    support_output_free(&out);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(relay_command, interrupt_ends_it)
{
    struct rig_server relay;
    struct support_output out;
    uint16_t port;
    int refusing;
    char upstream[32];

    cr_assert_eq(support_refusing_port(&refusing, &port), 0);
    (void)snprintf(upstream, sizeof(upstream), "%u", port);
    rig_relay(&relay, WORDS("--upstream", upstream));
    end(&relay, SIGINT, &out);
    rig_assert_has(out.err, "0 connections");
    support_output_free(&out);
    close(refusing);
}

Test(relay_command, ends_with_who_started_it)
{
    const char *const argv[] = {rig_bench(),    "relay",      "--upstream",
                                "127.0.0.1:1",  "--ready-fd", "3",
                                "--control-fd", "4",          NULL};
    int ready[2], control[2], status = -1;
    char line[32] = "";
    pid_t pid;

    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(control, O_CLOEXEC), 0);
    const struct bench_proc_spec spec = {.argv = argv,
                                         .fds = {ready[1], control[0]},
                                         .nfds = 2,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = -1};
    support_use_helper();
    cr_assert_eq(bench_proc_spawn(&spec, &pid, NULL), 0);
    close(ready[1]);
    close(control[0]);
    cr_assert_gt(read(ready[0], line, sizeof(line) - 1), 0);
    rig_assert_has(line, "READY ");
    cr_expect_eq(read(ready[0], line, 1), 0, "and the pipe is closed");
    close(control[1]);
    cr_assert_eq(bench_proc_wait(pid, 60 * BENCH_NS_PER_S, &status), 0);
    cr_expect_eq(status, 0);
    close(ready[0]);
}

Test(relay_command, what_cannot_be_had_is_named)
{
    struct support_output out;
    uint16_t port;
    int taken;
    char listen[32];

    rig_run(&out, WORDS("relay", "--upstream", "no-such-host.invalid:80"));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "no-such-host.invalid");
    support_output_free(&out);
    cr_assert_eq(support_refusing_port(&taken, &port), 0);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    rig_run(&out, WORDS("relay", "--upstream", "1", "--listen", listen));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "cannot listen on 127.0.0.1");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    close(taken);
}
