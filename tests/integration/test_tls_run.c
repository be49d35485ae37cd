/* SPDX-License-Identifier: MIT */
/* Runs over TLS: servers that are started, and one whose certificate is somebody's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/certificate.h"
#include "rig.h"

static void run(struct support_output *out, const char *targets, const char *option,
                const char *value)
{
    rig_run(out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms",
                       "--workload", "latency", "--json", "-", "--target", targets, option, value));
}

static void check_started(const char *target)
{
    struct support_output out;

    rig_adopt();
    run(&out, target, NULL, NULL);
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *result = rig_json(out.out);
    rig_assert_measured(result, target, "latency");
    json_decref(result);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(tls_run, rpyc_native, .timeout = 200) { check_started("rpyc[tls=on]/threaded/native"); }
Test(tls_run, rpyc_forking, .timeout = 200) { check_started("rpyc[tls=on]/forking/native"); }
Test(tls_run, http_native, .timeout = 200) { check_started("http[tls=on]/threaded/native"); }
Test(tls_run, tcp, .timeout = 200) { check_started("tcp[tls=on]/threaded/native"); }

Test(tls_run, python, .timeout = 300)
{
    static const char *const targets[] = {
        "rpyc[tls=on]/threaded/python",         "rpyc[tls=on]/forking/python",
        "http[tls=on]/threaded/python",         "http-raw[tls=on]/forking/python",
        "http[tls=on]/threaded/gunicorn",       "rpyc[tls=on]/threaded/native/python",
        "http[tls=on]/threaded/native/python",  "http[tls=on]/threaded/native/http.client",
    };
    rig_need_python();
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        check_started(targets[i]);
}

static void serve(struct rig_server *server, const char *target,
                  struct bench_certificate *certificate)
{
    struct bench_error err = {0};

    cr_assert_eq(bench_certificate_make(NULL, certificate, &err), 0, "%s", err.msg);
    rig_serve_at(server,
                 WORDS(target, "--port", "0", "--tls-cert", certificate->cert_file, "--tls-key",
                       certificate->key_file),
                 " listens on 127.0.0.1:");
}

/* One record for each frame, and no end of reading. */
static void check_traps(const char *target)
{
    struct bench_certificate certificate = {.folder = ""};
    struct rig_server server;
    struct support_output out;
    char port[8];

    rig_need_python();
    rig_adopt();
    serve(&server, target, &certificate);
    (void)snprintf(port, sizeof(port), "%u", server.port);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("tls_client.py"), "--port", port));
    cr_expect_eq(out.exit_status, 0, "%s: %s", target, out.err);
    cr_expect_str_eq(out.out, "ok\n");
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
    bench_certificate_remove(&certificate);
}

Test(tls_run, python_s_client_threaded, .timeout = 200) { check_traps("rpyc/threaded/native"); }
Test(tls_run, python_s_client_forking, .timeout = 200) { check_traps("rpyc/forking/native"); }

static void check_url(const char *target, const char *scheme)
{
    struct bench_certificate certificate = {.folder = ""};
    struct rig_server server;
    struct support_output out;
    char url[64];

    serve(&server, target, &certificate);
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u", scheme, server.port);
    run(&out, url, "--ca-file", certificate.cert_file);
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    run(&out, url, "--insecure", NULL);
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    run(&out, url, NULL, NULL);
    cr_expect_eq(out.exit_status, 3);
    cr_expect_not_null(strstr(out.err, "self-signed certificate"), "%s", out.err);
    cr_expect_not_null(strstr(out.err, "(use --insecure or --ca-file)"), "%s", out.err);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
    bench_certificate_remove(&certificate);
}

Test(tls_run, rpycs_url, .timeout = 200) { check_url("rpyc/threaded/native", "rpycs"); }
Test(tls_run, https_url, .timeout = 200) { check_url("http/threaded/native", "https"); }
Test(tls_run, https_raw_url, .timeout = 200) { check_url("http-raw/forking/native", "https-raw"); }
