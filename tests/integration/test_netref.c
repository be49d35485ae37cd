/* SPDX-License-Identifier: MIT */
/*
 * The workload that fetches users and reads three fields of each: every way costs our client what
 * it costs Python's, everybody reads the same, and what is read is looked at.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "tests/support/files.h"

TestSuite(netref, .timeout = 240);

/* Of 100 users, between two peers of Python. */
static const struct {
    const char *access;
    double round_trips, frames;
} ways[] = {{"objects", 504, 1214}, {"dicts", 404, 1014}, {"tuples", 2, 6}, {"obtain", 3, 10}};

#define RUN(...)                                                                                   \
    WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "1m", "--workload", "netref",   \
          __VA_ARGS__, "--json", "-")

static json_t *result_of(const json_t *run, const char *target, const char *access)
{
    json_t *result;
    size_t i;
    json_array_foreach(rig_at(run, "results"), i, result)
    {
        if (strcmp(rig_text(result, "target.name"), target) == 0 &&
            strcmp(rig_text(result, "parameters.access"), access) == 0)
            return result;
    }
    cr_assert_fail("no %s of %s", access, target);
    return NULL;
}

static void assert_good(const json_t *result, double requests)
{
    const char *status = rig_text(result, "status");
    cr_expect(strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0, "%s %s: %s %s",
              rig_text(result, "target.name"), rig_text(result, "parameters.access"), status,
              rig_text(result, "reason"));
    cr_expect_eq(rig_number(result, "failed_requests"), 0);
    cr_expect_eq(rig_number(result, "total_requests"), requests);
}

static void assert_costs(const json_t *run, const char *target, bool refers)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(ways); i++) {
        const json_t *result = result_of(run, target, ways[i].access);
        const double trips = rig_number(result, "wire.round_trips");
        const double frames =
            rig_number(result, "wire.frames_sent") + rig_number(result, "wire.frames_received");
        assert_good(result, 5);
        cr_expect_eq(trips, refers ? ways[i].round_trips : 1, "%s %s: %g round trips", target,
                     ways[i].access, trips);
        /* The answer to the last DEL may come with the next request, or with the one after. */
        cr_expect_leq(fabs(frames - (refers ? ways[i].frames : 2)), refers ? 0.4 : 0,
                      "%s %s: %g frames", target, ways[i].access, frames);
    }
}

static json_t *measure(const char *const *words)
{
    struct support_output out;
    rig_run(&out, words);
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    json_t *run = rig_json(out.out);
    support_output_free(&out);
    return run;
}

Test(netref, costs_between_native_peers)
{
    json_t *run = measure(RUN("--iterations", "5", "--target",
                              "rpyc/threaded/native,rpyc/forking/native,http/threaded/native,"
                              "http-raw/forking/native,inproc"));
    assert_costs(run, "rpyc/threaded/native", true);
    assert_costs(run, "rpyc/forking/native", true);
    assert_costs(run, "http/threaded/native", false);
    assert_costs(run, "http-raw/forking/native", false);
    assert_costs(run, "inproc", false);
    json_decref(run);
}

Test(netref, costs_with_python_servers)
{
    rig_need_python();
    json_t *run = measure(RUN("--iterations", "5", "--target",
                              "rpyc/threaded/python,rpyc/forking/python,http/threaded/python,"
                              "http/forking/gunicorn"));
    assert_costs(run, "rpyc/threaded/python", true);
    assert_costs(run, "rpyc/forking/python", true);
    assert_costs(run, "http/threaded/python", false);
    assert_costs(run, "http/forking/gunicorn", false);
    json_decref(run);
}

/* Python's loops move what our client moves, as the kernel counts it. */
Test(netref, python_clients_do_the_same)
{
    static const char *const pairs[][2] = {
        {"rpyc/threaded/python/python", "rpyc/threaded/python"},
        {"rpyc/threaded/native/python", "rpyc/threaded/native"},
        {"rpyc[call=cached]/threaded/native/python", "rpyc[call=cached]/threaded/native"},
    };
    static const char *const others[] = {"http/threaded/python/python",
                                         "http/threaded/native/http.client"};
    rig_need_python();
    json_t *run = measure(RUN("--iterations", "5", "--target",
                              "rpyc/threaded/python,rpyc/threaded/python/python,"
                              "rpyc/threaded/native,rpyc/threaded/native/python,"
                              "rpyc[call=cached]/threaded/native,"
                              "rpyc[call=cached]/threaded/native/python,"
                              "http/threaded/python/python,http/threaded/native/http.client"));
    for (size_t w = 0; w < BENCH_COUNT_OF(ways); w++) {
        for (size_t i = 0; i < BENCH_COUNT_OF(pairs); i++) {
            double bytes[2];
            for (size_t k = 0; k < 2; k++) {
                const json_t *result = result_of(run, pairs[i][k], ways[w].access);
                assert_good(result, 5);
                bytes[k] = rig_number(result, "wire.tcp_bytes_per_request");
            }
            cr_expect_leq(fabs(bytes[0] / bytes[1] - 1), 0.03, "%s %s: %g and %g bytes",
                          pairs[i][0], ways[w].access, bytes[0], bytes[1]);
        }
        for (size_t i = 0; i < BENCH_COUNT_OF(others); i++)
            assert_good(result_of(run, others[i], ways[w].access), 5);
    }
    json_decref(run);
}

Test(netref, as_many_users_as_asked_for)
{
    json_t *run = measure(RUN("--users", "3", "--iterations", "2", "--target",
                              "rpyc/threaded/native,http-raw/threaded/native"));
    const json_t *result = result_of(run, "rpyc/threaded/native", "objects");
    cr_expect_str_eq(rig_text(result, "parameters.n"), "3");
    cr_expect_eq(rig_number(result, "wire.round_trips"), 4 + 5 * 3);
    cr_expect_eq(rig_number(result_of(run, "rpyc/threaded/native", "dicts"), "wire.round_trips"),
                 4 + 4 * 3);
    assert_good(result_of(run, "http-raw/threaded/native", "objects"), 2);
    json_decref(run);
}

Test(netref, what_cannot_be_is_said)
{
    static const struct {
        const char *target, *access, *reason; /* NULL: nothing is in the way */
    } cells[] = {
        {"tcp/threaded/native", "objects", "tcp carries no records"},
        {"tcp/threaded/native", "tuples", "tcp carries no records"},
        {"rpyc[policy=strict]/threaded/native", "objects", "hides the attributes"},
        {"rpyc[policy=strict]/threaded/native", "dicts", NULL},
        {"rpyc[policy=strict]/threaded/native", "tuples", NULL},
        {"rpyc[policy=strict]/threaded/native", "obtain", "gives no copies"},
    };
    json_t *run = measure(RUN("--iterations", "2", "--target",
                              "rpyc/threaded/native,tcp/threaded/native,"
                              "rpyc[policy=strict]/threaded/native"));
    for (size_t i = 0; i < BENCH_COUNT_OF(cells); i++) {
        const json_t *result = result_of(run, cells[i].target, cells[i].access);
        if (cells[i].reason == NULL) {
            assert_good(result, 2);
            continue;
        }
        cr_expect_str_eq(rig_text(result, "status"), "n/a");
        rig_assert_has(rig_text(result, "reason"), cells[i].reason);
    }
    json_decref(run);
}

/* One wrong field of one user is found by everyone who reads it. */
Test(netref, a_server_with_a_wrong_user)
{
    static const char copy[] =
        "import shutil, sys\n"
        "source, to = sys.argv[1:]\n"
        "for name in ('servers', 'clients'):\n"
        "    shutil.copytree('%s/%s/python' % (source, name), '%s/%s/python' % (to, name))\n"
        "path = to + '/servers/python/service.py'\n"
        "text = open(path).read()\n"
        "wrong = text.replace('@example.com\" % number', '@example.com\" % min(number, 98)')\n"
        "assert wrong != text\n"
        "open(path, 'w').write(wrong)\n";
    static const char *const targets[] = {"rpyc/threaded/python", "rpyc/threaded/python/python",
                                          "http-raw/threaded/python", "http/threaded/python/python",
                                          "http/threaded/python/http.client"};
    struct support_output out;
    struct bench_error err;
    char *folder, setting[512];
    rig_need_python();
    cr_assert_eq(support_tempdir_make(&folder, &err), 0, "%s", err.msg);
    rig_run_program(&out, WORDS(rig_python(), "-c", copy, TEST_SOURCE_DIR, folder));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    (void)snprintf(setting, sizeof(setting), "RPYCBENCH_DATADIR=%s", folder);
    rig_run_in(&out, WORDS(setting),
               RUN("--iterations", "2", "--target",
                   "rpyc/threaded/python,rpyc/threaded/python/python,http-raw/threaded/python,"
                   "http/threaded/python/python,http/threaded/python/http.client"));
    json_t *run = rig_json(out.out);
    for (size_t i = 0; i < BENCH_COUNT_OF(targets); i++) {
        for (size_t w = 0; w < BENCH_COUNT_OF(ways); w++) {
            const json_t *result = result_of(run, targets[i], ways[w].access);
            cr_expect_str_eq(rig_text(result, "status"), "failed", "%s %s", targets[i],
                             ways[w].access);
            rig_assert_has(rig_text(result, "reason"), "wrong answer");
            rig_assert_has(rig_text(result, "reason"), "user98@example.com");
            rig_assert_has(rig_text(result, "reason"), "user99@example.com");
        }
    }
    json_decref(run);
    support_output_free(&out);
    support_tempdir_remove(folder);
}
