/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "tests/support/files.h"

#define TIMEOUT_NS ((int64_t)RIG_TIMEOUT_S * BENCH_NS_PER_S)

/* ---- programs ---- */

const char *rig_bench(void)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s", support_built("rpycbench"));
    return path;
}

static void run(struct support_output *out, const char *const *env, const char *const *argv)
{
    struct bench_error err = {0};
    const struct support_program program = {
        .argv = argv, .extra_env = env, .timeout_ns = TIMEOUT_NS};

    cr_assert_eq(support_program_run(&program, out, &err), 0, "%s: %s", argv[0], err.msg);
}

/* argv = the words of both lists. */
static void join(const char *const *first, const char *const *second,
                 const char *argv[RIG_WORDS_MAX])
{
    int n = 0;

    for (int list = 0; list < 2; list++) {
        for (const char *const *words = list == 0 ? first : second; *words; words++) {
            cr_assert_lt(n, RIG_WORDS_MAX - 1);
            argv[n++] = *words;
        }
    }
    argv[n] = NULL;
}

void rig_run_in(struct support_output *out, const char *const *env, const char *const *words)
{
    const char *argv[RIG_WORDS_MAX];

    join(WORDS(rig_bench()), words, argv);
    run(out, env, argv);
}

void rig_run(struct support_output *out, const char *const *words) { rig_run_in(out, NULL, words); }

void rig_run_program(struct support_output *out, const char *const *argv) { run(out, NULL, argv); }

static void start(struct rig_program *program, const char *const *argv, int out_fd)
{
    struct bench_error err = {0};

    program->err_fd = memfd_create("stderr", MFD_CLOEXEC);
    const struct bench_proc_spec spec = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = out_fd, .stderr_fd = program->err_fd};
    support_use_helper();
    cr_assert_eq(bench_proc_spawn(&spec, &program->pid, &err), 0, "%s", err.msg);
}

void rig_start(struct rig_program *program, const char *const *argv)
{
    program->out_fd = memfd_create("stdout", MFD_CLOEXEC);
    start(program, argv, program->out_fd);
}

static char *text_of(int fd)
{
    struct stat st;

    cr_assert_eq(fstat(fd, &st), 0);
    char *text = calloc(1, (size_t)st.st_size + 1);
    cr_assert_not_null(text);
    cr_assert_eq(pread(fd, text, (size_t)st.st_size, 0), (ssize_t)st.st_size);
    return text;
}

/* A server's: its line has been read, and it says no more. */
static bool is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

void rig_wait(struct rig_program *program, struct support_output *out)
{
    int status = 0;

    cr_assert_eq(bench_proc_wait(program->pid, TIMEOUT_NS, &status), 0, "it does not end");
    *out = (struct support_output){
        .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .out = is_pipe(program->out_fd) ? strdup("") : text_of(program->out_fd),
        .err = text_of(program->err_fd),
    };
    close(program->out_fd);
    close(program->err_fd);
}

/* ---- servers ---- */

static void read_line(struct rig_server *server)
{
    const int64_t deadline_ns = bench_now_ns() + TIMEOUT_NS;
    size_t have = 0;

    while (!memchr(server->line, '\n', have) && have + 1 < sizeof(server->line)) {
        struct pollfd wait = {.fd = server->program.out_fd, .events = POLLIN};
        const int64_t left_ms = (deadline_ns - bench_now_ns()) / BENCH_NS_PER_MS;

        cr_assert(left_ms > 0 && poll(&wait, 1, (int)left_ms) == 1, "no line from the server");
        const ssize_t n =
            read(server->program.out_fd, server->line + have, sizeof(server->line) - 1 - have);
        cr_assert_gt(n, 0, "the server ended: %s", text_of(server->program.err_fd));
        have += (size_t)n;
    }
    server->line[strcspn(server->line, "\n")] = '\0';
}

static void start_server(struct rig_server *server, const char *const *argv, const char *format)
{
    int ends[2];
    unsigned port = 0;

    *server = (struct rig_server){.port = 0};
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    start(&server->program, argv, ends[1]);
    close(ends[1]);
    server->program.out_fd = ends[0];
    read_line(server);
    if (!format)
        return;
    const char *at = strstr(server->line, format);
    cr_assert(at && sscanf(at + strlen(format), "%u", &port) == 1 && port > 0 && port < 65536,
              "the server says \"%s\"", server->line);
    server->port = (uint16_t)port;
}

void rig_serve(struct rig_server *server, const char *target, int clients)
{
    char count[16];

    (void)snprintf(count, sizeof(count), "%d", clients);
    start_server(server, WORDS(rig_bench(), "serve", target, "--port", "0", "--clients", count),
                 " listens on 127.0.0.1:");
}

void rig_serve_at(struct rig_server *server, const char *const *words, const char *format)
{
    const char *argv[RIG_WORDS_MAX];
    const bool has_port = format[strlen(format) - 1] == ':';

    join(WORDS(rig_bench(), "serve"), words, argv);
    start_server(server, argv, has_port ? format : NULL);
    cr_assert(has_port || strstr(server->line, format), "the server says \"%s\"", server->line);
}

void rig_relay(struct rig_server *server, const char *const *words)
{
    const char *argv[RIG_WORDS_MAX];

    join(WORDS(rig_bench(), "relay"), words, argv);
    start_server(server, argv, " listens on 127.0.0.1:");
}

void rig_peer(struct rig_server *server, const char *script, const char *const *words)
{
    const char *argv[RIG_WORDS_MAX];

    join(WORDS(rig_python(), rig_peer_path(script)), words, argv);
    start_server(server, argv, "READY ");
}

void rig_peer_without_port(struct rig_server *server, const char *script, const char *const *words)
{
    const char *argv[RIG_WORDS_MAX];

    join(WORDS(rig_python(), rig_peer_path(script)), words, argv);
    start_server(server, argv, NULL);
    cr_assert_str_eq(server->line, "READY");
}

int rig_server_stop(struct rig_server *server)
{
    int status = 0;

    (void)kill(server->program.pid, SIGTERM);
    cr_assert_eq(bench_proc_wait(server->program.pid, TIMEOUT_NS, &status), 0,
                 "the server does not end");
    close(server->program.out_fd);
    close(server->program.err_fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Python ---- */

const char *rig_python(void)
{
    static char path[600];
    const char *venv = getenv("RPYCBENCH_VENV");

    if (venv)
        (void)snprintf(path, sizeof(path), "%s/bin/python", venv);
    else
        (void)snprintf(path, sizeof(path), "%s/../venv/bin/python", TEST_BINARY_DIR);
    return path;
}

void rig_need_python(void)
{
    if (access(rig_python(), X_OK) < 0)
        cr_skip_test("there is no %s: run scripts/setup --tests", rig_python());
}

const char *rig_peer_path(const char *name)
{
    static char path[600];

    (void)snprintf(path, sizeof(path), "%s/tests/integration/peers/%s", TEST_SOURCE_DIR, name);
    return path;
}

/* ---- results ---- */

json_t *rig_json(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);

    cr_assert_not_null(json, "no JSON: %s at line %d in:\n%.300s", error.text, error.line, text);
    return json;
}

json_t *rig_json_file(const char *folder, const char *name)
{
    char path[600], *text = NULL;
    size_t length;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    cr_assert_eq(support_read_file(path, &text, &length), 0, "cannot read %s", path);
    json_t *json = rig_json(text);
    free(text);
    return json;
}

json_t *rig_at(const json_t *json, const char *path)
{
    char copy[128], *rest = copy;
    const char *key;
    const json_t *at = json;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    while (at && (key = strsep(&rest, ".")))
        at = json_object_get(at, key);
    return (json_t *)(uintptr_t)at;
}

const char *rig_text(const json_t *json, const char *path)
{
    const json_t *value = rig_at(json, path);

    cr_assert(json_is_string(value), "%s is no text", path);
    return json_string_value(value);
}

double rig_number(const json_t *json, const char *path)
{
    const json_t *value = rig_at(json, path);

    cr_assert(json_is_number(value), "%s is no number", path);
    return json_number_value(value);
}

json_t *rig_result(const json_t *run, const char *target, const char *workload)
{
    size_t i;
    json_t *result;

    json_array_foreach(rig_at(run, "results"), i, result)
    {
        if (strcmp(rig_text(result, "target.name"), target) == 0 &&
            strcmp(rig_text(result, "workload"), workload) == 0)
            return result;
    }
    return NULL;
}

void rig_assert_measured(const json_t *run, const char *target, const char *workload)
{
    const json_t *result = rig_result(run, target, workload);

    cr_assert_not_null(result, "%s %s is not in the result", target, workload);
    const char *status = rig_text(result, "status");
    cr_assert(strcmp(status, "ok") == 0 || strcmp(status, "client-bound") == 0, "%s %s is %s: %s",
              target, workload, status, rig_text(result, "reason"));
    cr_assert_gt(rig_number(result, "total_requests"), 0);
    cr_assert_eq(rig_number(result, "failed_requests"), 0, "%s %s: %s", target, workload,
                 rig_text(result, "first_error"));
}

/* ---- text ---- */

void rig_assert_has(const char *text, const char *piece)
{
    cr_assert_not_null(strstr(text, piece), "no \"%s\" in:\n%s", piece, text);
}

int rig_count_lines(const char *text, const char *piece)
{
    int count = 0;

    while ((text = strstr(text, piece)) && *text) {
        count++;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return count;
}
