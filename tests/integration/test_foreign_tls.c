/* SPDX-License-Identifier: MIT */
/* TLS of others against our servers: the programs curl and openssl, where they are installed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/certificate.h"
#include "rig.h"
#include "tests/support/files.h"

static struct rig_server server;
static struct bench_certificate certificate;
static char base[64];

static void need(const char *program)
{
    struct support_output out;

    rig_run_program(&out, WORDS("sh", "-c", "command -v \"$0\" >/dev/null", program));
    const int status = out.exit_status;
    support_output_free(&out);
    if (status != 0)
        cr_skip_test("there is no %s (Debian package %s)", program, program);
}

static void begin(const char *target)
{
    struct bench_error err = {0};

    rig_adopt();
    cr_assert_eq(bench_certificate_make(NULL, &certificate, &err), 0, "%s", err.msg);
    rig_serve_at(&server,
                 WORDS(target, "--port", "0", "--tls-cert", certificate.cert_file, "--tls-key",
                       certificate.key_file),
                 " listens on 127.0.0.1:");
    (void)snprintf(base, sizeof(base), "https://127.0.0.1:%u", server.port);
}

static void end(void)
{
    cr_expect_eq(rig_server_stop(&server), 0);
    bench_certificate_remove(&certificate);
    rig_assert_nobody_left();
}

/* One run of curl may ask for several things, over one connection. */
static void curl(struct support_output *out, const char *const *words)
{
    const char *argv[32] = {"curl", "--silent", "--show-error",       "--noproxy",
                            "*",    "--cacert", certificate.cert_file};
    size_t n = 7;

    while (*words && n + 1 < BENCH_COUNT_OF(argv))
        argv[n++] = *words++;
    rig_run_program(out, argv);
}

static void check_curl(const char *target)
{
    static const char body[] = "over TLS \xc3\xbc";
    struct support_output out;
    char ping[96], echo[96], large[96], chunked[96];

    need("curl");
    begin(target);
    (void)snprintf(ping, sizeof(ping), "%s/ping", base);
    (void)snprintf(echo, sizeof(echo), "%s/echo", base);
    (void)snprintf(large, sizeof(large), "%s/download/3000000", base);
    (void)snprintf(chunked, sizeof(chunked), "%s/download/100000?chunk=7000", base);

    curl(&out,
         WORDS("--write-out", "[%{http_code} %{ssl_verify_result} %{num_connects}]", ping, ping));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    cr_expect_str_eq(out.out, "{\"response\":\"pong\"}[200 0 1]{\"response\":\"pong\"}[200 0 0]");
    support_output_free(&out);

    static const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < BENCH_COUNT_OF(versions); i++) {
        char option[16];
        (void)snprintf(option, sizeof(option), "--tlsv%s", versions[i]);
        curl(&out, WORDS(option, "--tls-max", versions[i], "--data-binary", body, echo));
        cr_expect_eq(out.exit_status, 0, "TLS %s: exit %d: %s", versions[i], out.exit_status,
                     out.err);
        cr_expect_str_eq(out.out, body);
        support_output_free(&out);
    }

    /* More than a record, whole and in pieces. */
    curl(&out, WORDS("--output", "/dev/null", "--write-out", "%{size_download}", large));
    cr_expect_str_eq(out.out, "3000000", "%s", out.err);
    support_output_free(&out);
    curl(&out, WORDS("--output", "/dev/null", "--write-out", "%{size_download}", chunked));
    cr_expect_str_eq(out.out, "100000", "%s", out.err);
    support_output_free(&out);

    /* Nobody vouches for it without the file: 60 is curl's word for that. */
    rig_run_program(&out, WORDS("curl", "--silent", "--noproxy", "*", ping));
    cr_expect_eq(out.exit_status, 60, "exit %d", out.exit_status);
    support_output_free(&out);
    end();
}

Test(foreign_tls, curl_threaded, .timeout = 120) { check_curl("http/threaded/native"); }
Test(foreign_tls, curl_forking, .timeout = 120) { check_curl("http/forking/native"); }

/* A large body up. */
Test(foreign_tls, curl_upload, .timeout = 120)
{
    enum { SIZE = 2500000 };
    struct support_output out;
    struct bench_error err = {0};
    char url[96], path[600], at[610], *folder, *bytes = calloc(1, SIZE);

    need("curl");
    cr_assert_not_null(bytes);
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    (void)snprintf(path, sizeof(path), "%s/body", folder);
    (void)snprintf(at, sizeof(at), "@%s", path);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 >> 3);
    cr_assert_eq(support_write_file(path, bytes, SIZE), 0);
    begin("http/threaded/native");
    (void)snprintf(url, sizeof(url), "%s/upload", base);
    curl(&out, WORDS("--data-binary", at, url));
    cr_expect_str_eq(out.out, "{\"size\":2500000}", "%s", out.err);
    support_output_free(&out);
    curl(&out, WORDS("--header", "Transfer-Encoding: chunked", "--data-binary", at, url));
    cr_expect_str_eq(out.out, "{\"size\":2500000}", "%s", out.err);
    support_output_free(&out);
    end();
    free(bytes);
    support_tempdir_remove(folder);
}

/* s_client checks the chain, speaks HTTP by hand and ends with the server's close_notify. */
static void check_openssl(const char *version)
{
    static const char request[] = "GET /ping HTTP/1.1\\r\\nHost: localhost\\r\\n"
                                  "Connection: close\\r\\n\\r\\n";
    struct support_output out;
    char script[600];

    need("openssl");
    begin("http/threaded/native");
    (void)snprintf(script, sizeof(script),
                   "printf '%s' | openssl s_client -quiet -ign_eof %s -verify_return_error "
                   "-verify_ip 127.0.0.1 -CAfile \"$0\" -connect 127.0.0.1:%u",
                   request, version, server.port);
    rig_run_program(&out, WORDS("sh", "-c", script, certificate.cert_file));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.out, "HTTP/1.1 200 ");
    rig_assert_has(out.out, "{\"response\":\"pong\"}");
    rig_assert_has(out.err, "verify return:1");
    support_output_free(&out);
    end();
}

Test(foreign_tls, openssl_1_2, .timeout = 120) { check_openssl("-tls1_2"); }
Test(foreign_tls, openssl_1_3, .timeout = 120) { check_openssl("-tls1_3"); }

/* What is older is refused; it is the server that does it, s_client would take it. */
Test(foreign_tls, openssl_too_old, .timeout = 120)
{
    struct support_output out;
    char place[40];

    need("openssl");
    begin("http/threaded/native");
    (void)snprintf(place, sizeof(place), "127.0.0.1:%u", server.port);
    rig_run_program(&out, WORDS("openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0",
                                "-connect", place));
    cr_expect_neq(out.exit_status, 0);
    rig_assert_has(out.err, "alert protocol version");
    support_output_free(&out);
    end();
}
