/* SPDX-License-Identifier: MIT */
/* Servers that run already: ours, one that knows nothing of our operations, and none at all. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "tests/support/peer.h"

/* The operations' workloads and the two that any server of the protocol can do. */
static const char *const all[] = {"connection", "latency", "concurrent", "cpu", "io", NULL};

static json_t *measure(const char *targets, int exit_status, struct support_output *out)
{
    rig_run(out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms", "--target",
                       targets, "--json", "-"));
    cr_assert_eq(out->exit_status, exit_status, "exit %d: %s", out->exit_status, out->err);
    return rig_json(out->out);
}

static void check_reference_server(const char *target, const char *scheme, const char *path)
{
    struct rig_server server;
    struct support_output out;
    char url[64];

    rig_adopt();
    rig_serve(&server, target, 8);
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, server.port, path);
    json_t *run = measure(url, 0, &out);
    for (const char *const *w = all; *w; w++) {
        rig_assert_measured(run, url, *w);
        const json_t *result = rig_result(run, url, *w);
        cr_expect_str_eq(rig_text(result, "target.url"), url);
        cr_expect_str_eq(rig_text(result, "target.mode"), "");
        /* Nothing is known about the server's processes. */
        cr_expect(json_is_null(rig_at(result, "cpu.server_seconds")));
        cr_expect(json_is_null(rig_at(result, "memory.server_pss")));
    }
    json_decref(run);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}

Test(url, rpyc_native, .timeout = 300)
{
    check_reference_server("rpyc/threaded/native", "rpyc", "");
}

Test(url, rpyc_python, .timeout = 300)
{
    rig_need_python();
    check_reference_server("rpyc/threaded/python", "rpyc", "");
}

Test(url, http_native, .timeout = 300)
{
    check_reference_server("http/threaded/native", "http", "/");
}

Test(url, http_forking, .timeout = 300)
{
    check_reference_server("http/forking/native", "http", "");
}

Test(url, options, .timeout = 300)
{
    struct rig_server server;
    struct support_output out;
    char urls[160], cached[64], fast[64];

    rig_serve(&server, "rpyc/threaded/native", 8);
    (void)snprintf(cached, sizeof(cached), "rpyc://127.0.0.1:%u[call=cached]", server.port);
    (void)snprintf(fast, sizeof(fast), "rpyc://localhost:%u[socket=fast,call=plain]", server.port);
    (void)snprintf(urls, sizeof(urls), "%s,%s", cached, fast);
    json_t *run = measure(urls, 0, &out);
    rig_assert_measured(run, cached, "latency");
    rig_assert_measured(run, fast, "latency");
    cr_expect_eq(rig_number(rig_result(run, cached, "latency"), "wire.round_trips"), 1);
    cr_expect_eq(rig_number(rig_result(run, fast, "latency"), "wire.round_trips"), 2);
    json_decref(run);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

/* What any server of the protocol answers is measured; the rest cannot exist there. */
Test(url, foreign, .timeout = 300)
{
    struct rig_server server;
    struct support_output out;
    char url[64];

    rig_need_python();
    rig_peer(&server, "foreign_rpyc.py", WORDS(NULL));
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u", server.port);
    json_t *run = measure(url, 0, &out); /* nobody asked for cpu and io in particular */
    static const char *const can[] = {"connection", "latency", "concurrent"};
    static const char *const cannot[] = {"cpu", "io"};
    for (size_t i = 0; i < BENCH_COUNT_OF(can); i++) {
        rig_assert_measured(run, url, can[i]);
        cr_expect_str_eq(rig_text(rig_result(run, url, can[i]), "operation"), "probe");
    }
    for (size_t i = 0; i < BENCH_COUNT_OF(cannot); i++) {
        const json_t *result = rig_result(run, url, cannot[i]);

        cr_expect_str_eq(rig_text(result, "status"), "n/a");
        rig_assert_has(rig_text(result, "reason"), "does not offer it");
        rig_assert_has(rig_text(result, "reason"), "AttributeError");
    }
    json_decref(run);
    support_output_free(&out);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms",
                        "--workload", "connection,latency,concurrent", "--target", url));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.out, "probe");
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

Test(url, nothing_listens, .timeout = 300)
{
    static const char *const schemes[] = {"rpyc", "http", "tcp"};
    int fd;
    uint16_t port;

    cr_assert_eq(support_refusing_port(&fd, &port), 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(schemes); i++) {
        struct support_output out;
        char url[64];

        (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u", schemes[i], port);
        rig_run(&out, WORDS("run", "--quick", "--target", url));
        cr_expect_eq(out.exit_status, 3, "%s: exit %d: %s", url, out.exit_status, out.err);
        cr_expect_eq(rig_count_lines(out.err, url), 1, "not one line:\n%s", out.err);
        rig_assert_has(out.err, "cannot be reached");
        rig_assert_has(out.err, "refused");
        support_output_free(&out);
    }
    close(fd);
}

Test(url, no_such_host, .timeout = 300)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--quick", "--target", "rpyc://no-such-host.invalid:18812"));
    cr_expect_eq(out.exit_status, 2, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "no-such-host.invalid");
    support_output_free(&out);
}
