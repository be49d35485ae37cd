/* SPDX-License-Identifier: MIT */
/*
 * A program that is watched by the preloaded library behaves as it does alone: the same output,
 * errors and status; and what it said was seen.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/certificate.h"
#include "rig.h"
#include "tests/support/files.h"

static struct rig_server server;
static struct bench_certificate certificate;
static char port[8], report[256], driver[300];

static void begin(const char *mode)
{
    struct bench_error err = {0};

    rig_need_python();
    rig_adopt();
    if (strcmp(mode, "tls") == 0) {
        cr_assert_eq(bench_certificate_make(NULL, &certificate, &err), 0, "%s", err.msg);
        rig_peer(&server, "tap_server.py",
                 WORDS("tls", certificate.cert_file, certificate.key_file));
    } else {
        rig_peer(&server, "tap_server.py", WORDS(mode));
    }
    (void)snprintf(port, sizeof(port), "%u", server.port);
    (void)snprintf(driver, sizeof(driver), "%s/tests/launch-driver", TEST_BINARY_DIR);
    (void)snprintf(report, sizeof(report), "%s/tests/transparent-%d.txt", TEST_BINARY_DIR,
                   (int)getpid());
}

static void end(const char *mode)
{
    cr_expect_eq(rig_server_stop(&server), 0);
    if (strcmp(mode, "tls") == 0)
        bench_certificate_remove(&certificate);
    (void)unlink(report);
    rig_assert_nobody_left();
}

static void run(struct support_output *out, const char *const *argv, const char *input)
{
    struct bench_error err = {0};

    cr_assert_eq(
        support_program_run(
            &(struct support_program){.argv = argv, .input = input, .timeout_ns = 120000000000},
            out, &err),
        0, "%s", err.msg);
}

static void assert_same(const struct support_output *alone, const struct support_output *watched)
{
    cr_expect_str_eq(watched->out, alone->out, "alone:\n%s\nwatched:\n%s\n%s", alone->out,
                     watched->out, watched->err);
    cr_expect_str_eq(watched->err, alone->err, "alone:\n%s\nwatched:\n%s", alone->err,
                     watched->err);
    cr_expect_eq(watched->exit_status, alone->exit_status, "%d and %d", alone->exit_status,
                 watched->exit_status);
    cr_expect_eq(watched->signal, alone->signal);
}

static char *read_report(void)
{
    char *text = NULL;
    size_t n;
    FILE *file = fopen(report, "re");

    cr_assert_not_null(file, "no %s", report);
    n = 0;
    if (getdelim(&text, &n, '\0', file) < 0)
        text = strdup("");
    (void)fclose(file);
    return text;
}

/* Lines of a kind. */
static int count(const char *text, const char *kind)
{
    size_t n = strlen(kind);
    int found = 0;

    for (const char *at = text; at && *at; at = strchr(at, '\n')) {
        at += *at == '\n';
        found += strncmp(at, kind, n) == 0 && at[n] == ' ';
    }
    return found;
}

/* What is wanted of a case. */
struct wanted {
    const char *server, *name, *input;
    int connections; /* that were seen */
    int gaps;        /* that may be */
    int status, signal;
    const char *pieces[4]; /* of the report */
};

static void check(const struct wanted *wanted)
{
    struct support_output alone, watched;
    const char *python = rig_python();
    char script[600], *text;

    begin(wanted->server);
    (void)snprintf(script, sizeof(script), "%s", rig_peer_path("tap_client.py"));
    run(&alone, WORDS(python, script, wanted->name, port), wanted->input);
    run(&watched, WORDS(driver, report, "--", python, script, wanted->name, port), wanted->input);
    cr_expect_eq(alone.exit_status, wanted->signal ? -1 : wanted->status, "status %d: %s",
                 alone.exit_status, alone.err);
    cr_expect_eq(alone.signal, wanted->signal);
    assert_same(&alone, &watched);
    text = read_report();
    cr_expect_eq(count(text, "open"), wanted->connections, "%d opened", count(text, "open"));
    cr_expect_eq(count(text, "close"), wanted->connections, "%d closed", count(text, "close"));
    cr_expect_eq(count(text, "process") > 0, wanted->connections > 0);
    cr_expect(count(text, "gap") <= wanted->gaps, "%d gaps", count(text, "gap"));
    cr_expect(count(text, "data") >= 4 * wanted->connections, "%d data", count(text, "data"));
    rig_assert_has(text, "end dropped 0 ");
    for (size_t i = 0; i < BENCH_COUNT_OF(wanted->pieces) && wanted->pieces[i]; i++)
        rig_assert_has(text, wanted->pieces[i]);
    free(text);
    support_output_free(&alone);
    support_output_free(&watched);
    end(wanted->server);
}

#define CASE(case_name, at, ...)                                                                   \
    Test(transparent, case_name, .timeout = 240)                                                   \
    {                                                                                              \
        check(&(struct wanted){.server = at, .name = #case_name, __VA_ARGS__});                    \
    }

CASE(objects, "service", .connections = 1, .pieces = {" objects'", " place 5"})
CASE(exceptions, "service", .connections = 1)
CASE(large, "service", .connections = 1)
CASE(threads, "service", .connections = 9)
CASE(fork, "service", .connections = 4, .pieces = {" joined '127.0.0.1:"})
CASE(processes, "service", .connections = 18)
CASE(children, "service", .status = 5, .connections = 7)
CASE(environment, "service", .connections = 0)
CASE(asyncio, "service", .connections = 1)
CASE(signals, "service", .signal = SIGTERM, .connections = 1)
CASE(status, "service", .status = 42, .connections = 1)
CASE(uncaught, "service", .status = 1, .connections = 1)
CASE(stdin, "service", .connections = 1, .input = "one\ntwo\nthree\n")
CASE(descriptors, "service", .connections = 1)
CASE(exhausted, "service", .connections = 1, .gaps = 2, .pieces = {" joined '127.0.0.1:"})
CASE(deep, "service", .connections = 1, .pieces = {" deep'"})
CASE(classic, "classic", .connections = 1, .pieces = {" classic'"})
CASE(tls, "tls", .connections = 1, .pieces = {" tls'"})
CASE(pipes, "service", .connections = 1, .pieces = {"'pipe > pipe'"})
