/* SPDX-License-Identifier: MIT */
/* `rpycbench call`: one call on servers that run already, ours and Python's. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

static struct rig_server server;
static char url[80];

static void begin(const char *target, const char *scheme, const char *behind)
{
    rig_adopt();
    rig_serve(&server, target, 4);
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, server.port, behind);
}

static void end(void)
{
    cr_expect_eq(rig_server_stop(&server), 0);
    rig_assert_nobody_left();
}

/* The value is all that stdout has. */
static void check_value(const char *expression, const char *value)
{
    struct support_output out;
    char line[256];

    (void)snprintf(line, sizeof(line), "%s\n", value);
    rig_run(&out, WORDS("call", url, expression));
    cr_expect_eq(out.exit_status, 0, "%s %s: exit %d: %s", url, expression, out.exit_status,
                 out.err);
    cr_expect_str_eq(out.out, line, "%s: %s", expression, out.out);
    support_output_free(&out);
}

static void check_fails(const char *expression, int exit_status, const char *const *pieces)
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

static void check_rpyc(void)
{
    struct support_output out;

    check_value("root.ping()", "'pong'");
    check_value("conn.root.echo(b'a\\x00')", "b'a\\x00'");
    check_value("root.compute(10)", "285");
    check_value("root.echo((1, b'x', None))", "(1, b'x', None)");
    check_value("root.get_user(1).name", "'user1'");
    check_value("len(root.get_users(3))", "3");
    check_fails("root.nope()", 1, WORDS("rpycbench call: builtins.AttributeError", "nope"));
    check_fails("root.cpu_work('many')", 1, WORDS("rpycbench call: ", "TypeError", "2 round trips"));
    check_fails("root.echo(@)", 2, WORDS("cannot be read: column 11", "\n  root.echo(@)\n",
                                         "\n            ^\n"));

    rig_run(&out, WORDS("call", "-v", url, "root.ping()"));
    cr_expect_eq(out.exit_status, 0);
    rig_assert_has(out.err, "call: 2 round trips, 6 messages, ");
    rig_assert_has(out.err, "before it, connecting: 4 messages, ");
    cr_expect_eq(rig_count_lines(out.err, " -> GETROOT "), 1, "%s", out.err);
    cr_expect_eq(rig_count_lines(out.err, " -> GETATTR   #2    ping of <"), 1, "%s", out.err);
    cr_expect_eq(rig_count_lines(out.err, " <- REPLY     #3    'pong', "), 1, "%s", out.err);
    cr_expect_eq(rig_count_lines(out.err, " -> DEL "), 1, "%s", out.err);
    cr_expect_eq(rig_count_lines(out.err, " -> "), 6, "%s", out.err); /* with CLOSE */
    support_output_free(&out);
}

Test(call, rpyc_native, .timeout = 120)
{
    begin("rpyc/threaded/native", "rpyc", "");
    check_rpyc();
    end();
}

Test(call, rpyc_python, .timeout = 120)
{
    rig_need_python();
    begin("rpyc/threaded/python", "rpyc", "");
    check_rpyc();
    check_fails("root.nope()", 1,
                WORDS("on the other side:", "Traceback (most recent call last)"));
    end();
}

Test(call, options_of_the_url, .timeout = 120)
{
    struct support_output out;

    begin("rpyc/threaded/native", "rpyc", "[version=5]");
    check_value("root.ping()", "'pong'");
    rig_run(&out, WORDS("call", "--timeout", "20ms", url, "root.io_work(5.0)"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "no answer (timeout)");
    support_output_free(&out);
    end();
}

static void check_http(void)
{
    struct support_output out;

    check_value("GET /ping", "{'response': 'pong'}");
    check_value("POST /echo hello", "b'hello'");
    check_value("POST /echo b'\\x00\\xff'", "b'\\x00\\xff'");
    check_value("POST /echo {\"a\": [1, null]}", "{'a': [1, None]}");
    check_value("HEAD /ping", "None");
    check_fails("GET /nope", 1, WORDS("rpycbench call: ", "nope"));
    check_fails("FETCH /", 2, WORDS("column 1: ", "\n  FETCH /\n  ^\n"));
    check_fails("GET x", 2, WORDS("column 5: ", "\n  GET x\n      ^\n"));

    check_fails("PUT /echo x", 1, WORDS("status 405 for PUT /echo"));
    check_fails("GET /ping x", 2, WORDS("column 11: GET has no body"));

    rig_run(&out, WORDS("call", "--verbose", url, "GET /ping"));
    cr_expect_eq(rig_count_lines(out.err, " -> GET             /ping, "), 1, "%s", out.err);
    cr_expect_eq(rig_count_lines(out.err, " <- RESPONSE        status 200, "), 1, "%s", out.err);
    rig_assert_has(out.err, "call: 1 round trip, 2 messages, ");
    support_output_free(&out);
}

Test(call, http, .timeout = 120)
{
    begin("http/threaded/native", "http", "/");
    check_http();
    end();
}

Test(call, http_raw, .timeout = 120)
{
    begin("http/threaded/native", "http-raw", "");
    check_http();
    end();
}

static json_t *call_json(const char *expression, int exit_status)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "--json", url, expression));
    cr_assert_eq(out.exit_status, exit_status, "exit %d: %s", out.exit_status, out.err);
    cr_expect_str_empty(out.err);
    json_t *json = rig_json(out.out);
    support_output_free(&out);
    return json;
}

/* What is counted agrees with what is listed. */
Test(call, json, .timeout = 120)
{
    begin("rpyc/threaded/native", "rpyc", "");
    json_t *json = call_json("root.echo(b'abc')", 0);
    cr_expect_str_eq(rig_text(json, "value"), "b'abc'");
    cr_expect_str_eq(rig_text(json, "status"), "answered");
    cr_expect_str_eq(rig_text(json, "protocol"), "rpyc");
    cr_expect(json_is_null(rig_at(json, "error")));
    cr_expect_eq(rig_number(json, "round_trips"), 2);
    cr_expect_eq(rig_number(json, "call.messages"), 6);
    double sent = 0, received = 0, last = 0;
    size_t i;
    const json_t *message;
    json_array_foreach(rig_at(json, "messages"), i, message) {
        if (strcmp(rig_text(message, "phase"), "call") == 0)
            *(json_is_true(rig_at(message, "sent")) ? &sent : &received) +=
                rig_number(message, "wire_bytes");
        cr_expect_geq(rig_number(message, "seconds"), last);
        last = rig_number(message, "seconds");
    }
    cr_expect_gt(sent, 0);
    cr_expect_eq(rig_number(json, "call.bytes_sent"), sent);
    cr_expect_eq(rig_number(json, "call.bytes_received"), received);
    json_decref(json);

    json = call_json("root.nope()", 1);
    cr_expect_str_eq(rig_text(json, "status"), "raised");
    cr_expect_str_eq(rig_text(json, "error.kind"), "remote-exception");
    rig_assert_has(rig_text(json, "error.message"), "AttributeError");
    cr_expect(json_is_null(rig_at(json, "value")));
    json_decref(json);
    end();

    json = call_json("root.ping()", 3); /* it has gone */
    cr_expect_str_eq(rig_text(json, "status"), "not-reached");
    cr_expect_str_eq(rig_text(json, "error.kind"), "refused");
    json_decref(json);
}

/* `run` measures a user's own calls where the protocol can read them, and says why not elsewhere. */
Test(call, run, .timeout = 120)
{
    static const char raises[] = "root.cpu_work('many')";
    struct support_output out;

    begin("rpyc/threaded/native", "rpyc", "");
    char targets[160];
    (void)snprintf(targets, sizeof(targets), "%s,http/threaded/native,tcp/threaded/native", url);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "50ms",
                        "--workload", "latency,concurrent", "--target", targets, "--call",
                        "root.compute(10)", "--call", raises, "--json", "-"));
    json_t *run = rig_json(out.out);
    size_t i, measured = 0, unread = 0, refused = 0;
    const json_t *result;
    json_array_foreach(json_object_get(run, "results"), i, result) {
        const char *operation = rig_text(result, "operation");
        const bool good = strcmp(operation, "root.compute(10)") == 0;
        const char *protocol = rig_text(result, "target.protocol");
        if (!good)
            cr_expect_str_eq(operation, raises);
        if (strcmp(protocol, "rpyc") != 0) {
            cr_expect_str_eq(rig_text(result, "status"), "n/a");
            rig_assert_has(rig_text(result, "reason"), strcmp(protocol, "http") == 0
                                                           ? "http cannot read it: column 1: "
                                                           : "tcp has no notation");
            unread++;
        } else if (good) {
            cr_expect_str_neq(rig_text(result, "status"), "n/a");
            cr_expect_gt(rig_number(result, "total_requests"), 0);
            cr_expect_eq(rig_number(result, "failed_requests"), 0);
            measured++;
        } else {
            cr_expect_str_eq(rig_text(result, "status"), "n/a");
            rig_assert_has(rig_text(result, "reason"), "does not offer it");
            rig_assert_has(rig_text(result, "reason"), "TypeError");
            refused++;
        }
    }
    cr_expect_eq(measured, 3); /* latency plain and cached, concurrent */
    cr_expect_eq(refused, 3);
    cr_expect_eq(unread, 8);
    json_decref(run);
    support_output_free(&out);
    end();
}

Test(call, nobody_there, .timeout = 120)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "http://127.0.0.1:1", "GET /"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "http://127.0.0.1:1: not reached: ");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    rig_run(&out, WORDS("call", "rpyc://127.0.0.1:1", "root.ping()"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "not reached: ");
    support_output_free(&out);
}

/* ---- what goes wrong for new users ---- */

/* Somebody who speaks another protocol, or the same with or without TLS. */
static void check_stranger(const char *target, const char *scheme, const char *expression,
                           const char *piece)
{
    struct support_output out;

    begin(target, scheme, "");
    rig_run(&out, WORDS("call", "-k", "--timeout", "500ms", url, expression));
    cr_expect_eq(out.exit_status, 3, "%s: exit %d: %s", url, out.exit_status, out.err);
    cr_expect_str_empty(out.out);
    rig_assert_has(out.err, piece);
    support_output_free(&out);
    end();
}

Test(call, rpyc_to_http, .timeout = 120)
{
    check_stranger("http/threaded/native", "rpyc", "root.ping()",
                   "does not speak RPyC: it sent 'HTTP...'");
}

Test(call, http_to_rpyc, .timeout = 120)
{
    check_stranger("rpyc/threaded/native", "http", "GET /ping", "It said nothing: does it speak http?");
}

Test(call, plain_to_tls, .timeout = 120)
{
    check_stranger("rpyc[tls=on]/threaded/native", "rpyc", "root.ping()", "With TLS it is rpycs://");
    check_stranger("http[tls=on]/threaded/native", "http", "GET /ping", "With TLS it is https://");
}

Test(call, tls_to_plain, .timeout = 120)
{
    check_stranger("rpyc/threaded/native", "rpycs", "root.ping()", "Without TLS it is rpyc://");
    check_stranger("http/threaded/native", "https", "GET /ping", "the peer does not speak TLS");
}

static void check_interrupted(const char *scheme, const char *target, const char *expression,
                              const char *sign)
{
    struct rig_program program;
    struct support_output out;

    begin(target, scheme, "");
    rig_start(&program, WORDS(rig_bench(), "call", "-v", url, expression));
    char said[4096];
    ssize_t n;
    do {
        rig_pause();
        n = pread(program.err_fd, said, sizeof(said) - 1, 0);
        cr_assert_geq(n, 0);
        said[n] = '\0';
    } while (strstr(said, sign) == NULL && kill(program.pid, 0) == 0);
    cr_assert_eq(kill(program.pid, SIGINT), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 130, "exit %d, signal %d: %s", out.exit_status, out.signal, out.err);
    rig_assert_has(out.err, "rpycbench call: interrupted\n");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    end();
}

Test(call, interrupted, .timeout = 120)
{
    check_interrupted("rpyc", "rpyc/threaded/native", "root.io_work(60.0)", "-> CALL ");
}

/* A pipe whose reader has left, a full disk, and no stdout at all: what was printed is not lost
 * without a word, nor sent to a socket that has got the number of stdout. */
Test(call, output_that_is_lost, .timeout = 120)
{
    static const struct {
        const char *shell, *said;
    } rows[] = {
        {"{ \"$0\" call \"$1\" 'root.ping()'; echo status $? >&2; } | true", "status 3\n"},
        {"\"$0\" call \"$1\" 'root.ping()' >/dev/full; echo status $? >&2", "No space left on device"},
        {"\"$0\" call --json \"$1\" 'root.ping()' >/dev/full; echo status $? >&2", "status 3\n"},
        {"\"$0\" call \"$1\" 'root.ping()' >&-; echo status $? >&2", "status 3\n"},
        {"\"$0\" call \"$1\" 'root.ping()' >&- 2>&-; echo status $? >&2", "status 3\n"},
    };
    struct support_output out;

    begin("rpyc/threaded/native", "rpyc", "");
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        rig_run_program(&out, WORDS("sh", "-c", rows[i].shell, rig_bench(), url));
        rig_assert_has(out.err, rows[i].said);
        support_output_free(&out);
    }
    check_value("root.ping()", "'pong'");
    end();
}

Test(call, letters, .timeout = 120)
{
    struct support_output out;

    begin("rpyc[tls=on]/threaded/native", "rpycs", "");
    rig_run(&out, WORDS("call", "-k", "-v", url, "root.ping()"));
    cr_expect_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    cr_expect_str_eq(out.out, "'pong'\n");
    support_output_free(&out);
    check_fails("root.ping()", 3, WORDS("not reached: certificate verify failed"));
    end();
    rig_run(&out, WORDS("call", "--help"));
    rig_assert_has(out.out, "-k: ");
    rig_assert_has(out.out, "'root.get_user(1).name'");
    support_output_free(&out);
}
