/* SPDX-License-Identifier: MIT */
/*
 * Classic mode: our client on the real rpyc in three versions, with values and counts of Python's
 * own client, which evaluates the same expressions through a proxy that counts.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/api.h"
#include "core/certificate.h"
#include "rig.h"
#include "rig_docs.h"

enum { NEWEST = RIG_VERSIONS - 1, EXPRESSIONS_MAX = 40 };

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(classic, .init = setup, .timeout = 250);

/* On a connection of its own each. */
static const char *const expressions[] = {
    "modules.os",
    "(modules.os, modules.os)",
    "modules.os.getcwd()",
    "(modules.os, modules.os.getcwd(), modules.os.path)",
    "modules.os.path.join('a', 'b')",
    "modules['xml.dom']",
    "(modules.xml, modules['xml'])",
    "modules.builtins",
    "conn.modules.sys.maxsize",
    "builtins.len",
    "builtins.len((1, 2, 3))",
    "eval('1 + 1')",
    "(execute('x = 41'), eval('x + 1'), namespace['x'])",
    "len(namespace)",
    "getmodule('sys').byteorder",
    "root.eval('2 * 3')",
    "root.getmodule('sys').byteorder",
    "list(eval('[1, 2, 3]'))",
    /* class objects are described once, whether their references live on or not */
    "builtins.ValueError",
    "(builtins.ValueError, builtins.ValueError)",
    "(str(builtins.ValueError), str(builtins.ValueError))",
    "eval('(ValueError, KeyError, ValueError)')",
    "(repr(modules.collections.OrderedDict()), repr(modules.collections.OrderedDict()))",
    "(eval('type'), eval('dict'))",
    /* a module that is there already comes again */
    "(modules.os, eval('__import__(\"os\")'), modules.builtins.__import__('os'))",
    /* what raises */
    "eval('1 / 0')",
    "eval('1 +')",
    "modules.os.no_such_thing",
    "modules.no_such_module",
    "modules['no.such.module']",
    "modules.os.stat('/no/such/file')",
    "modules.os()",
};

/* ---- servers ---- */

struct peers {
    struct rig_server server, proxy;
    const char *version;
    char port[8], control[8];
    char url[96]; /* in the layout that it speaks */
};

static void choose(const char *version)
{
    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
}

static void peers_start(struct peers *peers, const char *version, const char *service)
{
    char port[8];
    unsigned control = 0;

    choose(version);
    peers->version = version;
    rig_peer(&peers->server, "classic.py", WORDS("serve", service));
    (void)snprintf(port, sizeof(port), "%u", peers->server.port);
    rig_peer(&peers->proxy, "count_frames.py", WORDS("--upstream", port));
    const char *at = strstr(peers->proxy.line, "control ");
    cr_assert(at && sscanf(at, "control %u", &control) == 1, "%s", peers->proxy.line);
    (void)snprintf(peers->port, sizeof(peers->port), "%u", peers->proxy.port);
    (void)snprintf(peers->control, sizeof(peers->control), "%u", control);
    (void)snprintf(peers->url, sizeof(peers->url), "rpyc+classic://127.0.0.1:%u[version=%s]",
                   peers->server.port, version[0] == '6' ? "6" : "5");
}

static void peers_stop(struct peers *peers)
{
    cr_expect_eq(rig_server_stop(&peers->proxy), 0);
    cr_expect_eq(rig_server_stop(&peers->server), 0);
    rig_assert_nobody_left();
}

/* What each expression costs Python; a new reference. The client of 4.1.5 imports one module less
 * when it connects (8 round trips), and nothing that its server says tells it from 5.3.1: on both
 * ours does what that of 5.3.1 does. */
static json_t *count_python(const struct peers *peers, const char *const *list, size_t n)
{
    const char *client = strcmp(peers->version, rig_versions[0]) == 0 ? rig_versions[1]
                                                                      : peers->version;
    const char *argv[EXPRESSIONS_MAX + 10] = {rig_version_python(client),
                                              rig_peer_path("classic.py"),
                                              "count",
                                              "--port",
                                              peers->port,
                                              "--control",
                                              peers->control,
                                              "--"};
    struct support_output out;

    cr_assert_leq(n, EXPRESSIONS_MAX);
    memcpy(argv + 8, list, n * sizeof(*list));
    rig_run_program(&out, argv);
    cr_assert_eq(out.exit_status, 0, "rpyc %s: %s", client, out.err);
    json_t *table = rig_json(out.out);
    support_output_free(&out);
    return table;
}

static json_t *call(const char *url, const char *expression, int *exit_status)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "--json", url, expression));
    json_t *json = rig_json(out.out);
    *exit_status = out.exit_status;
    support_output_free(&out);
    return json;
}

static void compare(const char *url, const char *expression, const json_t *python)
{
    int exit_status;
    json_t *ours = call(url, expression, &exit_status);
    const char *value = json_string_value(json_object_get(python, "value"));
    const char *raised = json_string_value(json_object_get(python, "raised"));

    if (!raised)
        cr_expect_eq(exit_status, 0, "%s: exit %d", expression, exit_status);
    else /* or what Python raises by itself */
        cr_expect(exit_status == 1 ||
                      strstr(rig_text(ours, "error.message"), "is not callable") != NULL,
                  "%s: exit %d instead of %s", expression, exit_status, raised);
    if (value)
        cr_expect_str_eq(rig_text(ours, "value"), value, "%s on %s", expression, url);
    cr_expect_eq(rig_number(ours, "round_trips"), rig_number(python, "trips"),
                 "%s on %s: %g round trips, Python %g", expression, url,
                 rig_number(ours, "round_trips"), rig_number(python, "trips"));
    cr_expect_eq(rig_number(ours, "call.messages"), rig_number(python, "frames"),
                 "%s on %s: %g frames, Python %g", expression, url,
                 rig_number(ours, "call.messages"), rig_number(python, "frames"));
    cr_expect_eq(rig_number(ours, "connect.messages"), rig_number(python, "connect_frames"),
                 "%s: %g frames to connect, Python %g", url, rig_number(ours, "connect.messages"),
                 rig_number(python, "connect_frames"));
    json_decref(ours);
}

/* ---- as Python does it ---- */

static void check_version(const char *version)
{
    struct peers peers;

    peers_start(&peers, version, "SlaveService");
    json_t *python = count_python(&peers, expressions, BENCH_COUNT_OF(expressions));
    for (size_t i = 0; i < BENCH_COUNT_OF(expressions); i++) {
        const json_t *row = json_object_get(python, expressions[i]);
        cr_assert_not_null(row, "%s", expressions[i]);
        cr_expect_eq(rig_number(row, "connect_trips"), 10);
        cr_expect_eq(rig_number(row, "connect_frames"), 20);
        cr_expect_eq(rig_number(row, "served"), 0);
        compare(peers.url, expressions[i], row);
    }
    json_decref(python);
    peers_stop(&peers);
}

Test(classic, like_python_4) { check_version(rig_versions[0]); }
Test(classic, like_python_5) { check_version(rig_versions[1]); }
Test(classic, like_python_6) { check_version(rig_versions[2]); }

/* Both peers fetch the same from each other; the server of 4.1.5 imports one module less. */
static void check_both_ways(const char *version)
{
    static const char *const one[] = {"modules.os.getcwd()"};
    struct peers peers;

    peers_start(&peers, version, "ClassicService");
    json_t *python = count_python(&peers, one, 1);
    const json_t *row = json_object_get(python, one[0]);
    cr_expect_eq(rig_number(row, "served"), strcmp(version, rig_versions[0]) == 0 ? 8 : 10);
    compare(peers.url, one[0], row);
    json_decref(python);
    peers_stop(&peers);
}

Test(classic, a_server_that_asks_back)
{
    for (int i = 0; i < RIG_VERSIONS; i++)
        check_both_ways(rig_versions[i]);
}

/* ---- ways there ---- */

static void check_value(const char *const *words, const char *value)
{
    struct support_output out;

    rig_run(&out, words);
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    cr_expect_str_eq(out.out, value);
    support_output_free(&out);
}

/* Whoever speaks first. */
Test(classic, the_layout_is_found)
{
    static const char *const services[] = {"SlaveService", "ClassicService"};
    char url[64];

    for (int v = 0; v < RIG_VERSIONS; v++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(services); i++) {
            struct rig_server server;
            choose(rig_versions[v]);
            rig_peer(&server, "classic.py", WORDS("serve", services[i]));
            (void)snprintf(url, sizeof(url), "rpyc+classic://127.0.0.1:%u", server.port);
            check_value(WORDS("call", url, "builtins.sum((1, 2, 3))"), "6\n");
            cr_expect_eq(rig_server_stop(&server), 0);
        }
    }
}

Test(classic, over_a_unix_socket)
{
    char folder[] = "/tmp/rpycbench-classic-XXXXXX", path[64], url[96];
    struct rig_server server;

    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    (void)snprintf(url, sizeof(url), "rpyc+classic+unix://%s", path);
    choose(rig_versions[NEWEST]);
    rig_peer(&server, "classic.py", WORDS("serve", "SlaveService", "--unix", path));
    check_value(WORDS("call", url, "eval('[1, 2][1]')"), "2\n");
    cr_expect_eq(rig_server_stop(&server), 0);
    (void)unlink(path);
    (void)rmdir(folder);
}

Test(classic, over_tls)
{
    struct bench_certificate certificate = {.folder = ""};
    struct bench_error err = {0};
    struct support_output out;
    struct rig_server server;
    char url[64];

    cr_assert_eq(bench_certificate_make(NULL, &certificate, &err), 0, "%s", err.msg);
    choose(rig_versions[NEWEST]);
    rig_peer(&server, "classic.py",
             WORDS("serve", "SlaveService", "--cert", certificate.cert_file, "--key",
                   certificate.key_file));
    (void)snprintf(url, sizeof(url), "rpycs+classic://127.0.0.1:%u", server.port);
    check_value(WORDS("call", "--ca-file", certificate.cert_file, url, "eval('1 + 1')"), "2\n");
    rig_run(&out, WORDS("call", url, "eval('1 + 1')"));
    cr_expect_eq(out.exit_status, 3, "an unknown certificate: exit %d", out.exit_status);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
    bench_certificate_remove(&certificate);
}

/* ---- measured ---- */

Test(classic, run)
{
    struct support_output out;
    struct rig_server server;
    char url[64];
    size_t i;
    const json_t *result;

    choose(rig_versions[NEWEST]);
    rig_peer(&server, "classic.py", WORDS("serve", "SlaveService"));
    (void)snprintf(url, sizeof(url), "rpyc+classic://127.0.0.1:%u", server.port);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "100ms",
                        "--workload", "latency,concurrent", "--target", url, "--call",
                        "modules.os.getpid()", "--json", "-"));
    json_t *run = rig_json(out.out);
    json_array_foreach(rig_at(run, "results"), i, result) {
        cr_expect_str_eq(rig_text(result, "operation"), "modules.os.getpid()");
        cr_expect_gt(rig_number(result, "total_requests"), 0);
        cr_expect_eq(rig_number(result, "failed_requests"), 0, "%s: %s",
                     rig_text(result, "workload"), out.err);
    }
    cr_expect_geq(i, 2);
    json_decref(run);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

/* ---- mistakes ---- */

static void check_fails(const char *url, const char *expression, int exit_status,
                        const char *const *pieces)
{
    struct support_output out;

    rig_run(&out, WORDS("call", url, expression));
    cr_expect_eq(out.exit_status, exit_status, "%s: exit %d: %s", expression, out.exit_status,
                 out.err);
    cr_expect_str_empty(out.out);
    for (; *pieces; pieces++)
        rig_assert_has(out.err, *pieces);
    support_output_free(&out);
}

Test(classic, mistakes)
{
    struct rig_server server;
    char url[64], plain[64];

    choose(rig_versions[NEWEST]);
    rig_peer(&server, "classic.py", WORDS("serve", "SlaveService"));
    (void)snprintf(url, sizeof(url), "rpyc+classic://127.0.0.1:%u", server.port);
    (void)snprintf(plain, sizeof(plain), "rpyc://127.0.0.1:%u", server.port);
    check_fails(url, "(1, modules)", 2, WORDS("column 5: ", "\n  (1, modules)\n      ^\n"));
    check_fails(url, "modules.no_such_module", 1,
                WORDS("ModuleNotFoundError", "no_such_module", "on the other side:"));
    check_fails(url, "eval('1 / 0')", 1, WORDS("ZeroDivisionError", "on the other side:"));
    check_fails(plain, "modules.os", 2, WORDS("column 1: ", "classic mode only"));
    cr_expect_eq(rig_server_stop(&server), 0);

    rig_serve(&server, "rpyc/threaded/native", 4);
    (void)snprintf(url, sizeof(url), "rpyc+classic://127.0.0.1:%u", server.port);
    check_fails(url, "modules.os", 1,
                WORDS("not in classic mode", "AttributeError", "getmodule"));
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}
