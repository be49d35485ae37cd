/* SPDX-License-Identifier: MIT */
/*
 * Thread binding (rpyc's bind_threads) with the versions of rpyc that have it: our client against
 * Python's servers, threads of Python's client against ours.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "rig.h"
#include "rig_docs.h"

static void setup(void)
{
    rig_adopt();
    rig_need_versions();
}

TestSuite(bind_threads, .init = setup, .timeout = 240);

static const char *const versions[] = {"5.3.1", "6.0.2"};
static const char *const modes[] = {"threaded", "forking"};

static void choose(const char *version)
{
    cr_assert_eq(setenv("RPYCBENCH_VENV", rig_version_venv(version), 1), 0);
}

/* ---- single calls ---- */

static void serve_python(struct rig_server *server, const char *options, const char *mode)
{
    char target[80];
    (void)snprintf(target, sizeof(target), "rpyc%s/%s/python", options, mode);
    rig_serve(server, target, 4);
}

static void call(struct support_output *out, const struct rig_server *server, const char *options,
                 const char *expression)
{
    char url[80];
    (void)snprintf(url, sizeof(url), "rpyc://127.0.0.1:%u%s", server->port, options);
    rig_run(out, WORDS("call", "-v", url, expression));
}

static void check_calls(const char *version, const char *mode)
{
    static const struct {
        const char *expression, *value, *error;
    } cases[] = {
        {"root.ping()", "'pong'\n", ""},
        {"[user.name for user in root.get_users(3)]", "['user0', 'user1', 'user2']\n", ""},
        {"root.get_user_dict(id=2)['email']", "'user2@example.com'\n", ""},
        {"obtain(root.get_users_dicts(1))[0]['id']", "0\n", ""},
        {"root.fail('value')", "", "builtins.ValueError: failed as asked"},
        {"root.nope()", "", "builtins.AttributeError"},
    };
    struct rig_server server;
    struct support_output out;
    serve_python(&server, "[bind-threads=on]", mode);
    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++) {
        call(&out, &server, "[bind-threads=on]", cases[i].expression);
        cr_expect_eq(out.exit_status, cases[i].error[0] != '\0', "%s %s: %s", version,
                     cases[i].expression, out.err);
        cr_expect_str_eq(out.out, cases[i].value, "%s %s: %s", version, cases[i].expression,
                         out.err);
        rig_assert_has(out.err, cases[i].error);
        cr_expect_eq(rig_count_lines(out.err, "UNREADABLE"), 0, "%s", out.err);
        support_output_free(&out);
    }
    call(&out, &server, "", "root.ping()");
    cr_expect_neq(out.exit_status, 0);
    rig_assert_has(out.err, "use bind-threads=on");
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0, "%s %s", version, mode);
    serve_python(&server, "", mode);
    call(&out, &server, "[bind-threads=on]", "root.ping()");
    cr_expect_neq(out.exit_status, 0);
    rig_assert_has(out.err, "use bind-threads=off");
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0, "%s %s", version, mode);
    rig_assert_nobody_left();
}

Test(bind_threads, our_calls)
{
    for (size_t v = 0; v < BENCH_COUNT_OF(versions); v++) {
        choose(versions[v]);
        for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++)
            check_calls(versions[v], modes[m]);
    }
}

/* ---- workloads: calls back, pieces of a list that is lent, streams ---- */

static void measure(const char *version, const char *const *targets, size_t ntargets,
                    const char *workloads)
{
    char list[400] = "";
    struct support_output out;
    size_t i, measured = 0;
    json_t *result;
    for (size_t t = 0; t < ntargets; t++)
        (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", t > 0 ? "," : "",
                       targets[t]);
    choose(version);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--requests", "5", "--workload",
                        workloads, "--file-sizes", "100KiB", "--chunk-size", "16KiB", "--target",
                        list, "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "rpyc %s, %s: %s", version, list, out.err);
    json_t *run = rig_json(out.out);
    json_array_foreach(json_object_get(run, "results"), i, result)
    {
        cr_expect_eq(rig_number(result, "failed_requests"), 0, "rpyc %s, %s", version, list);
        measured += rig_number(result, "total_requests") > 0;
    }
    cr_expect_geq(measured, ntargets, "rpyc %s, %s: %zu results", version, list, measured);
    json_decref(run);
    support_output_free(&out);
    rig_assert_nobody_left();
}

Test(bind_threads, our_client_s_workloads)
{
    static const char *const targets[] = {"rpyc[bind-threads=on]/threaded/python",
                                          "rpyc[bind-threads=on]/forking/python",
                                          "rpyc[bind-threads=on,call=cached]/threaded/python",
                                          "rpyc[bind-threads=on]/threaded/native"};
    for (size_t v = 0; v < BENCH_COUNT_OF(versions); v++)
        measure(versions[v], targets, BENCH_COUNT_OF(targets), "latency,transfer,callback");
}

Test(bind_threads, python_s_client)
{
    static const char *const targets[] = {"rpyc[bind-threads=on]/threaded/native/python",
                                          "rpyc[bind-threads=on]/forking/native/python",
                                          "rpyc[bind-threads=on]/threaded/python/python"};
    for (size_t v = 0; v < BENCH_COUNT_OF(versions); v++)
        measure(versions[v], targets, BENCH_COUNT_OF(targets), "latency,callback");
}

/* ---- threads of one client on one connection ---- */

/* Only our server: Python's own leaves one of its threads without an answer now and then. */
static void share(const char *version, const char *mode, const char *threads)
{
    char target[40], port[8];
    struct rig_server server;
    struct support_output out;
    (void)snprintf(target, sizeof(target), "rpyc/%s/native", mode);
    rig_serve(&server, target, 4);
    (void)snprintf(port, sizeof(port), "%u", server.port);
    rig_run_program(&out, WORDS(rig_version_python(version), rig_peer_path("bound_threads.py"),
                                "--port", port, "--threads", threads, "--rounds", "4"));
    cr_expect_eq(out.exit_status, 0, "rpyc %s, %s: %s%s", version, mode, out.out, out.err);
    cr_expect_str_eq(out.out, "ok\n");
    cr_expect_str_empty(out.err, "%s", out.err);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}

Test(bind_threads, threads_of_a_python_client)
{
    for (size_t v = 0; v < BENCH_COUNT_OF(versions); v++)
        for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
            share(versions[v], modes[m], "1");
            share(versions[v], modes[m], "6");
        }
}

/* ---- a version without it ---- */

Test(bind_threads, rpyc_4_has_none)
{
    struct support_output out;
    choose("4.1.5");
    rig_run(&out, WORDS("serve", "rpyc[bind-threads=on]/threaded/python", "--port", "0"));
    cr_expect_neq(out.exit_status, 0);
    rig_assert_has(out.err, "rpyc 4.1.5 has no bind_threads");
    support_output_free(&out);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload", "latency", "--target",
                        "rpyc[bind-threads=on]/threaded/native/python", "--json", "-"));
    rig_assert_has(out.out, "rpyc 4.1.5 has no bind_threads");
    support_output_free(&out);
    rig_assert_nobody_left();
}
