/* SPDX-License-Identifier: MIT */
/*
 * 256 connections at the same moment: all are answered, from our client and from Python's. A
 * listener with a short backlog, or a pool that is too small, is found out here.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define CLIENTS "256"
enum { CLIENT_COUNT = 256, REQUESTS_EACH = 2 };

static const struct {
    const char *name;
    const char *program; /* NULL = our own server */
} targets[] = {
#define NATIVE NULL
#define X(server, protocol, mode, program, ...) {protocol "/" mode "/" server, program},
#include "servers/servers.def"
#undef X
#undef NATIVE
};

ParameterizedTestParameters(barrier, answered)
{
    static int rows[BENCH_COUNT_OF(targets)];

    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        rows[i] = (int)i;
    return cr_make_param_array(int, rows, BENCH_COUNT_OF(rows), NULL);
}

/* Python has no client for the floor. */
static const char *python_protocol(const char *target)
{
    return strncmp(target, "rpyc/", 5) == 0   ? "rpyc"
           : strncmp(target, "http/", 5) == 0 ? "http"
                                              : NULL;
}

static void from_our_client(const char *target)
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--workload", "concurrent", "--clients", CLIENTS, "--requests-per-client",
                  "2", "--repeats", "1", "--warmup", "1", "--workload-budget", "2m", "--timeout",
                  "2m", "--target", target, "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%s: exit %d: %s", target, out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, target, "concurrent");
    const json_t *result = rig_result(run, target, "concurrent");
    cr_expect_eq(rig_number(result, "total_requests"), CLIENT_COUNT * REQUESTS_EACH);
    cr_expect_str_eq(rig_text(result, "parameters.clients"), CLIENTS);
    json_decref(run);
    support_output_free(&out);
}

static void from_python(const char *target, const char *protocol)
{
    struct rig_server server;
    struct support_output out;
    char port[8];

    rig_serve(&server, target, CLIENT_COUNT);
    (void)snprintf(port, sizeof(port), "%u", server.port);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("barrier.py"), "--protocol", protocol,
                                "--port", port, "--clients", CLIENTS, "--timeout", "120"));
    cr_expect_eq(out.exit_status, 0, "%s: %s%s", target, out.out, out.err);
    rig_assert_has(out.out, "256 of 256 answered");
    cr_expect_eq(rig_server_stop(&server), 0);
    support_output_free(&out);
}

ParameterizedTest(int *index, barrier, answered, .timeout = 600)
{
    const char *target = targets[*index].name;
    const char *protocol = python_protocol(target);

    rig_adopt();
    if (targets[*index].program)
        rig_need_python();
    from_our_client(target);
    if (protocol) {
        rig_need_python();
        from_python(target, protocol);
    }
    rig_assert_nobody_left();
}
