/* SPDX-License-Identifier: MIT */
/* Ways to a server other than TCP over IPv4: Unix sockets and IPv6. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/error.h"
#include "rig.h"
#include "tests/support/files.h"

static json_t *measure(const char *target, const char *workload, struct support_output *out)
{
    rig_run(out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms",
                       "--workload", workload, "--target", target, "--json", "-"));
    cr_assert_eq(out->exit_status, 0, "exit %d: %s", out->exit_status, out->err);
    return rig_json(out->out);
}

static void check(const char *url, const char *workload)
{
    struct support_output out;
    json_t *run = measure(url, workload, &out);

    rig_assert_measured(run, url, workload);
    const json_t *result = rig_result(run, url, workload);
    cr_expect_gt(json_integer_value(rig_at(result, "wire.tcp_bytes_sent")), 0);
    cr_expect_gt(json_integer_value(rig_at(result, "wire.tcp_bytes_received")), 0);
    json_decref(run);
    support_output_free(&out);
}

/* libcurl has the socket, and nobody counts the bytes of a Unix socket. */
static void check_uncounted(const char *url, const char *workload)
{
    struct support_output out;
    json_t *run = measure(url, workload, &out);

    rig_assert_measured(run, url, workload);
    json_decref(run);
    support_output_free(&out);
}

static void check_local_by(const char *target, const char *scheme,
                           void (*one)(const char *url, const char *workload))
{
    struct rig_server server;
    struct bench_error err = {0};
    char path[100], bind[120], url[120], *folder;

    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    (void)snprintf(path, sizeof(path), "%.80s/s", folder);
    (void)snprintf(bind, sizeof(bind), "unix:%s", path);
    (void)snprintf(url, sizeof(url), "%s+unix://%s", scheme, path);
    rig_adopt();
    rig_serve_at(&server, WORDS(target, "--bind", bind), path);
    one(url, "latency");
    one(url, "connection");
    cr_expect_eq(rig_server_stop(&server), 0);
    cr_expect_lt(access(path, F_OK), 0, "%s is still there", path);
    rig_assert_nobody_left();
    support_tempdir_remove(folder);
}

static void check_local(const char *target, const char *scheme)
{
    check_local_by(target, scheme, check);
}

Test(sockets, unix_rpyc, .timeout = 300) { check_local("rpyc/threaded/native", "rpyc"); }
Test(sockets, unix_rpyc_forking, .timeout = 300) { check_local("rpyc/forking/native", "rpyc"); }
Test(sockets, unix_tcp, .timeout = 300) { check_local("tcp/threaded/native", "tcp"); }
Test(sockets, unix_http_raw, .timeout = 300)
{
    check_local("http-raw/threaded/native", "http-raw");
}

Test(sockets, unix_http, .timeout = 300)
{
    check_local_by("http/forking/native", "http", check_uncounted);
}

/* Somebody's file is neither taken over nor removed. */
Test(sockets, a_file_that_is_there_stays, .timeout = 120)
{
    struct support_output out;
    struct bench_error err = {0};
    struct stat before, after;
    char bind[120], *folder;

    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    (void)snprintf(bind, sizeof(bind), "unix:%.80s/s", folder);
    FILE *file = fopen(bind + 5, "we");
    cr_assert_not_null(file);
    (void)fclose(file);
    cr_assert_eq(stat(bind + 5, &before), 0);
    rig_run(&out, WORDS("serve", "rpyc/threaded/native", "--bind", bind));
    cr_expect_eq(out.exit_status, 3);
    cr_expect_not_null(strstr(out.err, "cannot listen on"), "%s", out.err);
    cr_assert_eq(stat(bind + 5, &after), 0);
    cr_expect_eq(before.st_ino, after.st_ino);
    support_output_free(&out);
    support_tempdir_remove(folder);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool fine = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return fine;
}

static void check_ipv6(const char *target, const char *scheme)
{
    struct rig_server server;
    char url[80];

    if (!has_ipv6())
        cr_skip_test("there is no ::1 here");
    rig_adopt();
    rig_serve_at(&server, WORDS(target, "--bind", "::1", "--port", "0"), " listens on [::1]:");
    (void)snprintf(url, sizeof(url), "%s://[::1]:%u", scheme, server.port);
    check(url, "latency");
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}

Test(sockets, ipv6_rpyc, .timeout = 300) { check_ipv6("rpyc/threaded/native", "rpyc"); }
Test(sockets, ipv6_http, .timeout = 300) { check_ipv6("http/forking/native", "http"); }
Test(sockets, ipv6_http_raw, .timeout = 300) { check_ipv6("http-raw/threaded/native", "http-raw"); }
Test(sockets, ipv6_tcp, .timeout = 300) { check_ipv6("tcp/threaded/native", "tcp"); }
