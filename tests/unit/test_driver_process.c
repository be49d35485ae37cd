/* SPDX-License-Identifier: MIT */
/*
 * Programs as clients, played by small scripts: those that keep to clients/clients.def and those
 * that die, hang, or say what they should not at each stage.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "stats/hist_private.h"
#include "suite/clients.h"
#include "suite/driver_process.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

#define AMPLE_NS (60 * BENCH_NS_PER_S) /* more than a busy machine needs */
#define SHORT_NS (BENCH_NS_PER_S / 2)  /* of a script that will not answer anyway */
#define SCRIPT   "client.py"

static char *folder;
static int descriptors;

/* A data folder of our own, in which the script of a test is the client. */
static void setup(void)
{
    char path[256];
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    support_use_helper();
    cr_assert_eq(bench_proc_become_subreaper(), 0);
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(path, sizeof(path), "%s/clients", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/clients/python", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(setenv("RPYCBENCH_DATADIR", folder, 1), 0);
    if (bench_python_path() == NULL)
        cr_skip_test("no Python here");
    descriptors = support_fd_count();
}

static void teardown(void) { support_tempdir_remove(folder); }

TestSuite(driver_process, .init = setup, .fini = teardown, .timeout = 120);

static const struct bench_client_row row = {"python", "rpyc", SCRIPT, "x", ""};

/* What all scripts begin with: hear() is the next line, say() says one, go() plays the client up
 * to the load; SIZE, FIRST: of its connections. */
static const char prelude[] =
    "import json, os, sys, time\n"
    "def hear():\n"
    "    line = sys.stdin.readline()\n"
    "    if not line: os._exit(7)\n"
    "    return json.loads(line)\n"
    "def say(what):\n"
    "    print(what if isinstance(what, str) else json.dumps(what), flush=True)\n"
    "def recording(n=0):\n"
    "    return {'version': 1, 'series': {}, 'attempted': n, 'succeeded': n, 'clients': n,\n"
    "            'workers': 1, 'budget_cut': False}\n"
    "cell = hear()\n"
    "SIZE, FIRST = cell['connections'], cell['first']\n"
    "def go():\n"
    "    say({'ready': SIZE, 'error': ''})\n"
    "    assert 'go_ns' in hear()\n"
    "def end():\n"
    "    say({'done': True})\n"
    "    assert hear() == {'collect': True}\n"
    "    say(recording(SIZE))\n";

static void write_script(const char *script)
{
    char path[256], text[4096];
    (void)snprintf(path, sizeof(path), "%s/clients/python/" SCRIPT, folder);
    int n = snprintf(text, sizeof(text), "%s%s\n", prelude, script);
    cr_assert_lt(n, (int)sizeof(text));
    cr_assert_eq(support_write_file(path, text, (size_t)n), 0);
}

static struct bench_step ping(void)
{
    struct bench_step step = {.operation = bench_operation_get(BENCH_OP_PING)};
    step.expected.known = true;
    step.expected.value = bench_str("pong");
    return step;
}

static struct bench_protocol protocol = {.name = "rpyc"};
static struct bench_step steps[1];

static struct bench_cell cell_of(int clients, int processes)
{
    steps[0] = ping();
    return (struct bench_cell){.protocol = &protocol,
                               .options_text = "",
                               .address = {.host = "127.0.0.1", .port = 1},
                               .steps = steps,
                               .nsteps = 1,
                               .clients = clients,
                               .units = 5,
                               .timeout_ns = BENCH_NS_PER_S,
                               .client = &row,
                               .client_processes = processes};
}

static const struct bench_process_limits ample = {AMPLE_NS, AMPLE_NS, AMPLE_NS, AMPLE_NS};

static const struct bench_driver_ops *const ops = &bench_driver_process;

/* Waits as the suite does: by the descriptor only. */
static void await(struct bench_driver *driver)
{
    struct pollfd fd = {.fd = ops->fd(driver), .events = POLLIN};
    cr_assert_eq(poll(&fd, 1, (int)(AMPLE_NS / BENCH_NS_PER_MS)), 1, "the driver says nothing");
}

static void assert_clean(void)
{
    cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "somebody is left");
    cr_expect_eq(errno, ECHILD);
    if (support_fd_count() != descriptors)
        support_fd_print();
    cr_expect_eq(support_fd_count(), descriptors, "descriptors are left open");
}

struct outcome {
    struct bench_error ready, collected;
    int ready_rc, collect_rc;
    struct bench_recording *recording;
    bool budget_cut;
};

/* A whole cell, as trial.c runs it. */
static void run_cell(const struct bench_cell *cell, const struct bench_process_limits *limits,
                     struct outcome *out)
{
    struct bench_driver *driver;
    struct bench_error err = {0};
    *out = (struct outcome){.ready_rc = 0};
    cr_assert_eq(bench_process_prepare(cell, limits, &driver, &err), 0, "%s", err.msg);
    await(driver);
    out->ready_rc = ops->ready(driver, &out->ready);
    if (out->ready_rc == 0) {
        ops->go(driver, bench_now_ns());
        await(driver);
        ops->wait(driver);
    }
    out->collect_rc = ops->collect(driver, &out->recording, &out->budget_cut, &out->collected);
    cr_assert_not_null(out->recording);
    assert_clean();
}

static void run_script(const char *script, const struct bench_process_limits *limits,
                       struct outcome *out)
{
    const struct bench_cell cell = cell_of(2, 1);
    write_script(script);
    run_cell(&cell, limits, out);
}

Test(driver_process, whole_cell)
{
    struct outcome out;
    const struct bench_cell cell = cell_of(7, 3);
    write_script("go()\nassert cell['all'] == 7\nassert (SIZE, FIRST) in ((3, 0), (2, 3), (2, 5))\n"
                 "end()");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.ready_rc, 0, "%s", out.ready.msg);
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    cr_expect_eq(out.recording->succeeded, 7);
    cr_expect_eq(out.recording->clients, 7);
    cr_expect_eq(out.recording->workers, 3);
    cr_expect_not(out.budget_cut);
    bench_recording_free(out.recording);
}

Test(driver_process, more_processes_than_clients)
{
    struct outcome out;
    const struct bench_cell cell = cell_of(2, 5);
    write_script("go()\nassert SIZE == 1\nend()");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    cr_expect_eq(out.recording->workers, 2);
    bench_recording_free(out.recording);
}

Test(driver_process, budget_cut_of_one)
{
    struct outcome out;
    const struct bench_cell cell = cell_of(2, 2);
    write_script("go()\nsay({'done': True})\nhear()\n"
                 "say(dict(recording(1), budget_cut=FIRST == 1))");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    cr_expect(out.budget_cut);
    bench_recording_free(out.recording);
}

Test(driver_process, ready_with_some)
{
    struct outcome out;
    run_script("say({'ready': 1, 'error': 'the other was refused'})\nhear()\nend()", &ample, &out);
    cr_expect_eq(out.ready_rc, 0, "%s", out.ready.msg);
    bench_recording_free(out.recording);
}

Test(driver_process, nothing_ready)
{
    struct outcome out;
    run_script("say({'ready': 0, 'error': 'all refused'})\nassert hear() == {'stop': True}\nend()",
               &ample, &out);
    cr_expect_eq(out.ready_rc, -EIO);
    cr_expect_str_eq(out.ready.msg, "all refused");
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    bench_recording_free(out.recording);
}

Test(driver_process, unavailable)
{
    struct outcome out;
    run_script("say({'ready': 0, 'error': 'no such option', 'unavailable': True})\nhear()\nend()",
               &ample, &out);
    cr_expect_eq(out.ready_rc, -ENOTSUP);
    cr_expect_str_eq(out.ready.msg, "no such option");
    bench_recording_free(out.recording);
}

/* A line that takes many reads, and one that comes in pieces. */
Test(driver_process, long_and_broken_lines)
{
    struct outcome out;
    run_script("go()\nsys.stdout.write('{\"done\"')\nsys.stdout.flush()\ntime.sleep(0.1)\n"
               "say(': true}')\nhear()\nsay(dict(recording(2), padding='x' * 3000000))",
               &ample, &out);
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    cr_expect_eq(out.recording->succeeded, 2);
    bench_recording_free(out.recording);
}

/* More than its stdin takes at once: a cell of very many steps. */
Test(driver_process, large_cell)
{
    enum { STEPS = 20000 };
    struct outcome out;
    struct bench_cell cell = cell_of(1, 1);
    struct bench_step *many = calloc(STEPS, sizeof(*many));
    cr_assert_not_null(many);
    for (int i = 0; i < STEPS; i++)
        many[i] = ping();
    cell.steps = many;
    cell.nsteps = STEPS;
    write_script("assert len(cell['steps']) == 20000\n"
                 "assert cell['steps'][-1]['expected'] == {'repr': \"'pong'\"}\ngo()\nend()");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.collect_rc, 0, "%s", out.collected.msg);
    bench_recording_free(out.recording);
    free(many);
}

/* ---- children that do not do what they should ---- */

struct trouble {
    const char *script;
    int code;
    const char *message; /* part of it */
    bool before_ready;
};

static const struct trouble troubles[] = {
    /* ends */
    {"print('so it ends', file=sys.stderr)\nsys.exit(3)", -ECHILD, "exit status 3", true},
    {"print('one\\nlast words', file=sys.stderr)\nsys.exit(3)", -ECHILD, "last words", true},
    {"raise KeyError('that')", -ECHILD, "KeyError: 'that'", true},
    {"os.kill(os.getpid(), 9)", -ECHILD, "killed by SIGKILL", true},
    {"go()\nos.kill(os.getpid(), 9)", -ECHILD, "killed by SIGKILL", false},
    {"go()\nsay({'done': True})\nhear()\nos.kill(os.getpid(), 11)", -ECHILD, "SIGSEGV", false},
    {"go()\nsay({'done': True})\nhear()\nsys.stdout.write('{\"version\"')\nsys.exit(0)", -ECHILD,
     "exit status 0", false},
    {"go()\nos.close(1)\ntime.sleep(600)", -EPIPE, "closed its output", false},
    /* says what it should not */
    {"say('hello')", -EPROTO, "said 'hello' instead of a line of JSON", true},
    {"say('\\x1b[1m\\xff')", -EPROTO, "?[1m", true},
    {"say('[1]')", -EPROTO, "a line of JSON", true},
    {"say({'ready': 'yes'})\nhear()", -EPROTO, "instead of ready", true},
    {"say({'ready': -1})\nhear()", -EPROTO, "instead of ready", true},
    {"say({'ready': 2.5})\nhear()", -EPROTO, "instead of ready", true},
    {"say({'done': True})\nhear()", -EPROTO, "instead of", true},
    {"say({})\nhear()", -EPROTO, "instead of ready", true},
    {"say('{\"ready\": 1, \"ready\": 2}')\nhear()", -EPROTO, "a line of JSON", true},
    {"go()\nsay({'ready': 2})\nhear()", -EPROTO, "instead of done", false},
    {"go()\nsay({'done': 1})\nhear()", -EPROTO, "instead of done", false},
    {"go()\nsay({'done': True})\nsay({'done': True})\nhear()\nhear()", -EPROTO, "", false},
    {"go()\nsay({'done': True})\nhear()\nsay({'version': 1})", -EPROTO, "budget_cut", false},
    {"go()\nsay({'done': True})\nhear()\nsay(dict(recording(), version=2))", -EINVAL,
     "the client's recording: version 2", false},
    {"go()\nsay({'done': True})\nhear()\nsay(dict(recording(), succeeded=5))", -EINVAL,
     "5 of 0 attempts", false},
    {"go()\nsay({'done': True})\nhear()\nsay(dict(recording(), failures={'tired': 1}))", -EINVAL,
     "tired", false},
    /* says too much */
    {"say('x' * 100000)\nhear()", -EMSGSIZE, "more than 65536 bytes", true},
    {"sys.stdout.write('x' * 100000)\nsys.stdout.flush()\nhear()\nhear()", -EMSGSIZE,
     "more than 65536 bytes", true},
    {"while True: os.write(1, b'[' * 65536)", -EMSGSIZE, "more than 65536 bytes", true},
    {"go()\nsay({'done': True})\nhear()\nwhile True: os.write(1, b'x' * 65536)", -EMSGSIZE,
     "more than 67108864 bytes", false},
    {"go()\nsay({'done': True})\nhear()\nsay('[' * 5000)", -EPROTO, "a line of JSON", false},
};

Test(driver_process, troubles)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(troubles); i++) {
        const struct trouble *t = &troubles[i];
        struct outcome out;
        run_script(t->script, &ample, &out);
        cr_expect_eq(out.ready_rc < 0, t->before_ready, "%s: %d", t->script, out.ready_rc);
        cr_expect_eq(out.collect_rc, t->code, "%s: %d", t->script, out.collect_rc);
        cr_expect_not_null(strstr(out.collected.msg, t->message), "%s: %s", t->script,
                           out.collected.msg);
        if (t->before_ready)
            cr_expect_str_eq(out.ready.msg, out.collected.msg);
        cr_expect_eq(out.recording->succeeded, 0);
        bench_recording_free(out.recording);
    }
}

/* One of three dies: the others are told to stop, and what they measured is kept. */
Test(driver_process, one_of_several_dies)
{
    struct outcome out;
    const struct bench_cell cell = cell_of(3, 3);
    write_script("go()\nif FIRST == 1: os.kill(os.getpid(), 9)\n"
                 "assert hear() == {'stop': True}\nend()");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.ready_rc, 0);
    cr_expect_eq(out.collect_rc, -ECHILD);
    cr_expect_not_null(strstr(out.collected.msg, "SIGKILL"), "%s", out.collected.msg);
    cr_expect_eq(out.recording->succeeded, 2);
    bench_recording_free(out.recording);
}

/* Dead at the barrier, where nothing is waited for. */
Test(driver_process, dies_at_the_barrier)
{
    struct outcome out;
    const struct bench_cell cell = cell_of(2, 2);
    write_script("say({'ready': 1, 'error': ''})\nif FIRST == 0: sys.exit(4)\nhear()\n"
                 "say({'done': True})\nwhile hear() != {'collect': True}: pass\nsay(recording(1))");
    run_cell(&cell, &ample, &out);
    cr_expect_eq(out.collect_rc, -ECHILD);
    cr_expect_not_null(strstr(out.collected.msg, "exit status 4"), "%s", out.collected.msg);
    bench_recording_free(out.recording);
}

static const struct {
    const char *script;
    struct bench_process_limits limits;
    const char *message;
} silences[] = {
    {"time.sleep(600)", {SHORT_NS, AMPLE_NS, SHORT_NS, AMPLE_NS}, "did not say ready in time"},
    {"go()\ntime.sleep(600)", {AMPLE_NS, SHORT_NS, SHORT_NS, AMPLE_NS}, "did not say done in time"},
    {"go()\nsay({'done': True})\ntime.sleep(600)",
     {AMPLE_NS, AMPLE_NS, AMPLE_NS, SHORT_NS},
     "did not say its recording in time"},
    /* It cannot be asked to end, either. */
    {"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ngo()\n"
     "os.kill(os.getpid(), signal.SIGSTOP)",
     {AMPLE_NS, SHORT_NS, SHORT_NS, AMPLE_NS},
     "did not say done in time"},
};

Test(driver_process, silent)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(silences); i++) {
        struct outcome out;
        run_script(silences[i].script, &silences[i].limits, &out);
        cr_expect_eq(out.collect_rc, -ETIMEDOUT, "%zu: %d %s", i, out.collect_rc,
                     out.collected.msg);
        cr_expect_not_null(strstr(out.collected.msg, silences[i].message), "%zu: %s", i,
                           out.collected.msg);
        bench_recording_free(out.recording);
    }
}

/* ---- stopping ---- */

/* When `stop` is said: nothing of what follows is an error, and nobody is left. */
static void stop_script(const char *script, bool started, uint64_t succeeded)
{
    const struct bench_cell cell = cell_of(2, 2);
    struct bench_process_limits limits = ample;
    struct bench_driver *driver;
    struct bench_recording *recording;
    struct bench_error err = {0};
    bool budget_cut;
    limits.stop_ns = limits.collect_ns = 5 * BENCH_NS_PER_S;
    write_script(script);
    cr_assert_eq(bench_process_prepare(&cell, &limits, &driver, &err), 0, "%s", err.msg);
    if (started) {
        await(driver);
        cr_assert_eq(ops->ready(driver, &err), 0, "%s", err.msg);
        ops->go(driver, bench_now_ns());
    }
    ops->stop(driver);
    ops->stop(driver);
    await(driver);
    if (!started)
        cr_expect_lt(ops->ready(driver, &err), 0);
    cr_expect_eq(ops->collect(driver, &recording, &budget_cut, &err), 0, "%s", err.msg);
    cr_expect_eq(recording->succeeded, succeeded);
    bench_recording_free(recording);
    assert_clean();
}

Test(driver_process, stopped_under_load)
{
    stop_script("go()\nassert hear() == {'stop': True}\nend()", true, 2);
}

Test(driver_process, stopped_before_ready)
{
    stop_script("assert hear() == {'stop': True}\nend()", false, 2);
}

Test(driver_process, stopped_and_silent) { stop_script("go()\ntime.sleep(600)", true, 0); }

Test(driver_process, stopped_and_dead) { stop_script("go()\nhear()\nsys.exit(1)", true, 0); }

/* A stop at the barrier, which is never passed. */
Test(driver_process, stopped_at_the_barrier)
{
    const struct bench_cell cell = cell_of(2, 2);
    struct bench_driver *driver;
    struct bench_recording *recording;
    struct bench_error err = {0};
    bool budget_cut;
    write_script("say({'ready': 1, 'error': ''})\nassert hear() == {'stop': True}\nend()");
    cr_assert_eq(bench_process_prepare(&cell, &ample, &driver, &err), 0, "%s", err.msg);
    await(driver);
    cr_expect_eq(ops->ready(driver, &err), 0, "%s", err.msg);
    cr_expect_eq(ops->collect(driver, &recording, &budget_cut, &err), 0, "%s", err.msg);
    bench_recording_free(recording);
    assert_clean();
}

/* ---- what cannot start ---- */

Test(driver_process, no_such_program)
{
    static const struct bench_client_row missing = {"python", "rpyc", "not_there.py", "x", ""};
    struct bench_cell cell = cell_of(1, 1);
    struct bench_driver *driver;
    struct bench_error err = {0};
    cell.client = &missing;
    cr_expect_eq(ops->prepare(&cell, &driver, &err), -ENOENT);
    cr_expect_not_null(strstr(err.msg, "clients/python/not_there.py"), "%s", err.msg);
    assert_clean();
}

Test(driver_process, what_no_program_does)
{
    struct bench_cell cell = cell_of(1, 1);
    struct bench_driver *driver;
    struct bench_error err = {0};
    write_script("go()");
    cell.load.rate_per_s = 100;
    cr_expect_eq(ops->prepare(&cell, &driver, &err), -ENOTSUP);
    cr_expect_not_null(strstr(err.msg, "closed loops"), "%s", err.msg);
    cell = cell_of(1, 1);
    steps[0].operation = NULL;
    cr_expect_eq(ops->prepare(&cell, &driver, &err), -ENOTSUP);
    cr_expect_not_null(strstr(err.msg, "reference service"), "%s", err.msg);
    assert_clean();
}

/* ---- the cell's text ---- */

static json_t *text_of(const struct bench_cell *cell)
{
    struct bench_error err = {0};
    char *text = NULL;
    cr_assert_eq(bench_process_cell_text(cell, 3, 2, &text, &err), 0, "%s", err.msg);
    cr_expect_null(strchr(text, '\n'));
    json_t *root = json_loads(text, 0, NULL);
    cr_assert_not_null(root, "%s", text);
    free(text);
    return root;
}

static void assert_json(const json_t *got, const char *wanted)
{
    json_t *want = json_loads(wanted, JSON_DECODE_ANY, NULL);
    char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
    cr_expect(json_equal(got, want), "%s is not %s", text, wanted);
    free(text);
    json_decref(want);
}

Test(driver_process, steps_in_words)
{
    const struct bench_step several[] = {
        {.operation = bench_operation_get(BENCH_OP_DOWNLOAD_CHUNK),
         .args = {bench_int(100), bench_int(7)},
         .nargs = 2,
         .expected = {.known = true, .bulk = true, .length = 100}},
        {.operation = bench_operation_get(BENCH_OP_DOWNLOAD),
         .expected = {.known = true, .bulk = true, .length = 1024}},
        {.operation = bench_operation_get(BENCH_OP_ECHO),
         .tx_offset = 9,
         .tx_length = 11,
         .expected = {.known = true, .bulk = true, .length = 11}},
        {.operation = bench_operation_get(BENCH_OP_UPLOAD_CHUNKED),
         .tx_length = 40,
         .chunk_size = 16,
         .expected = {.known = true, .value = bench_int(40)}},
        {.operation = bench_operation_get(BENCH_OP_IO_WORK)},
        {.operation = bench_operation_get(BENCH_OP_GET_USERS),
         .args = {bench_int(0)},
         .nargs = 1,
         .reading = BENCH_READING_READ,
         .expected = {.known = true, .value = {.kind = BENCH_LIST}}},
        {.operation = bench_operation_get(BENCH_OP_GET_USERS_DICTS),
         .reading = BENCH_READING_COPY},
    };
    struct bench_cell cell = cell_of(5, 2);
    cell.steps = several;
    cell.nsteps = BENCH_COUNT_OF(several);
    cell.payload_seed = UINT64_MAX;
    json_t *root = text_of(&cell);
    assert_json(json_object_get(root, "steps"),
                "[{\"operation\": \"download_chunk\", \"args\": [100, 7], \"reading\": null, \"tx\": null,"
                " \"chunk_size\": 0, \"expected\": {\"offset\": 7, \"length\": 100}},"
                "{\"operation\": \"download\", \"args\": [1024], \"reading\": null, \"tx\": null, \"chunk_size\": 0,"
                " \"expected\": {\"offset\": 0, \"length\": 1024}},"
                "{\"operation\": \"echo\", \"args\": [], \"reading\": null, \"tx\": {\"offset\": 9, \"length\": 11},"
                " \"chunk_size\": 0, \"expected\": {\"offset\": 9, \"length\": 11}},"
                "{\"operation\": \"upload_chunked\", \"args\": [], \"reading\": null, \"tx\": {\"offset\": 0,"
                " \"length\": 40}, \"chunk_size\": 16, \"expected\": {\"repr\": \"40\"}},"
                "{\"operation\": \"io_work\", \"args\": [0.01], \"reading\": null, \"tx\": null, \"chunk_size\": 0,"
                " \"expected\": null},"
                "{\"operation\": \"get_users\", \"args\": [0], \"reading\": \"read\", \"tx\": null,"
                " \"chunk_size\": 0, \"expected\": {\"repr\": \"[]\"}},"
                "{\"operation\": \"get_users_dicts\", \"args\": [100], \"reading\": \"copy\","
                " \"tx\": null, \"chunk_size\": 0, \"expected\": null}]");
    assert_json(json_object_get(root, "payload"),
                "{\"kind\": \"random\", \"seed\": \"18446744073709551615\"}");
    assert_json(json_object_get(root, "first"), "3");
    assert_json(json_object_get(root, "connections"), "2");
    assert_json(json_object_get(root, "all"), "5");
    assert_json(json_object_get(root, "sample"), "\"step\"");
    json_decref(root);
}

/* However large the figures are, a limit is a time in the future. */
Test(driver_process, limits)
{
    struct bench_process_limits limits;
    struct bench_cell cell = cell_of(20000, 16);
    bench_process_limits_of(&cell, &limits);
    cr_expect_gt(limits.ready_ns, 60 * BENCH_NS_PER_S);
    cr_expect_gt(limits.load_ns, 5 * BENCH_NS_PER_S);
    cell.load.duration_ns = 3600 * BENCH_NS_PER_S;
    bench_process_limits_of(&cell, &limits);
    cr_expect_gt(limits.load_ns, 3600 * BENCH_NS_PER_S);
    cell.load.duration_ns = 0;
    cell.units = cell.warmup = cell.timeout_ns = INT64_MAX;
    bench_process_limits_of(&cell, &limits);
    cr_expect_eq(limits.ready_ns, INT64_MAX);
    cr_expect_eq(limits.load_ns, INT64_MAX);
}

/* ---- the histogram of clients/python/recording.py ---- */

enum { VALUES = 20000 };

static int64_t value_number(size_t i)
{
    static const int64_t edges[] = {0,          1,    1023, 1024, 2047,        2048,
                                    2049,       4095, 4096, -5,   (1LL << 36), (1LL << 36) - 1,
                                    (1LL << 62)};
    if (i < BENCH_COUNT_OF(edges))
        return edges[i];
    /* All magnitudes: the top bits of a linear congruential sequence, cut to a width. */
    uint64_t x = (i * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407));
    x ^= x >> 29;
    return (int64_t)((x * UINT64_C(2685821657736338717)) >> (28 + i % 36));
}

Test(driver_process, histogram_of_python)
{
    struct bench_hist *ours, *theirs;
    struct support_output output;
    struct bench_error err = {0};
    char *input = calloc(VALUES, 24);
    size_t used = 0;
    cr_assert_not_null(input);
    cr_assert_eq(bench_hist_new(&ours), 0);
    cr_assert_eq(bench_hist_new(&theirs), 0);
    for (size_t i = 0; i < VALUES; i++) {
        used += (size_t)snprintf(input + used, 24, "%lld\n", (long long)value_number(i));
        bench_hist_record(ours, value_number(i));
    }
    const char *const argv[] = {bench_python_path(), TEST_SOURCE_DIR "/clients/python/recording.py",
                                NULL};
    const struct support_program program = {.argv = argv, .input = input};
    cr_assert_eq(support_program_run(&program, &output, &err), 0, "%s", err.msg);
    cr_assert_eq(output.exit_status, 0, "%s", output.err);
    output.out[strcspn(output.out, "\n")] = '\0';
    cr_assert_eq(bench_hist_unpack(theirs, output.out, &err), 0, "%s", err.msg);
    cr_expect_eq(theirs->count, VALUES);
    for (uint32_t i = 0; i < BENCH_HIST_BUCKETS; i++)
        cr_assert_eq(theirs->buckets[i], ours->buckets[i], "bucket %u: %llu, not %llu", i,
                     (unsigned long long)theirs->buckets[i], (unsigned long long)ours->buckets[i]);
    support_output_free(&output);
    bench_hist_free(ours);
    bench_hist_free(theirs);
    free(input);
}
