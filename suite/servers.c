/* SPDX-License-Identifier: MIT */
#include "suite/servers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"

enum { ROWS_MAX = 64, CHECK_TIMEOUT_S = 60, PATH_SIZE = 4096 };

const char *const bench_python_env[] = {"PYTHONHASHSEED=0", NULL};

#define NATIVE  NULL
#define THREAD  BENCH_SERVER_THREAD
#define PROCESS BENCH_SERVER_PROCESS
static struct bench_server_row rows[ROWS_MAX] = {
#define X(...) {__VA_ARGS__},
#include "servers/servers.def"
#undef X
};

const struct bench_server_row *bench_server_rows(size_t *count)
{
    size_t n = 0;
    while (n < ROWS_MAX && rows[n].server != NULL)
        n++;
    *count = n;
    return rows;
}

const struct bench_server_row *bench_server_find(const char *protocol, const char *mode,
                                                 const char *server)
{
    for (size_t i = 0; i < ROWS_MAX && rows[i].server != NULL; i++)
        if (strcmp(rows[i].protocol, protocol) == 0 && strcmp(rows[i].mode, mode) == 0 &&
            strcmp(rows[i].server, server) == 0)
            return &rows[i];
    return NULL;
}

const char *const *bench_server_modes(void)
{
    static const char *modes[ROWS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < ROWS_MAX && rows[i].server != NULL; i++) {
        size_t k = 0;
        while (k < n && strcmp(modes[k], rows[i].mode) != 0)
            k++;
        if (k == n)
            modes[n++] = rows[i].mode;
    }
    modes[n] = NULL;
    return modes;
}

/* A native row of that mode; what a connection takes depends little on the protocol. */
static const struct bench_server_row *native_like(const char *mode)
{
    for (size_t i = 0; i < ROWS_MAX && rows[i].server != NULL; i++)
        if (rows[i].program == NULL && strcmp(rows[i].mode, mode) == 0)
            return &rows[i];
    return NULL;
}

int bench_server_add_native(const char *protocol)
{
    size_t n;
    (void)bench_server_rows(&n);
    const char *const *modes = bench_server_modes();
    for (size_t i = 0; modes[i] != NULL; i++) {
        if (bench_server_find(protocol, modes[i], "native") != NULL)
            continue;
        const struct bench_server_row *like = native_like(modes[i]);
        if (like == NULL)
            continue; /* not a mode of our own server */
        if (n == ROWS_MAX)
            return -ENOSPC;
        rows[n] = *like;
        rows[n].protocol = protocol;
        rows[n].in_default = false;
        rows[n++].label = "";
    }
    return 0;
}

/* ---- where things are ---- */

static bool join(char *out, size_t size, const char *folder, const char *rest)
{
    return (size_t)snprintf(out, size, "%s/%s", folder, rest) < size;
}

static bool own_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* The first of: $RPYCBENCH_DATADIR, the source tree, the place of installation. */
static bool find_program(const char *program, char *out, size_t size)
{
    const char *folders[] = {getenv("RPYCBENCH_DATADIR"), RPYCBENCH_SOURCE_DATADIR,
                             RPYCBENCH_INSTALL_DATADIR};
    for (size_t i = 0; i < BENCH_COUNT_OF(folders); i++) {
        char folder[PATH_SIZE];
        if (folders[i] != NULL && join(folder, sizeof(folder), folders[i], "servers/python") &&
            join(out, size, folder, program) && access(out, R_OK) == 0)
            return true;
    }
    return false;
}

/* The first of: $RPYCBENCH_VENV, the build folder's environment, the system's interpreter. */
const char *bench_python_path(void)
{
    static char path[PATH_SIZE];
    char folder[PATH_SIZE];
    const char *venv = getenv("RPYCBENCH_VENV");
    if (venv != NULL && join(path, sizeof(path), venv, "bin/python") && access(path, X_OK) == 0)
        return path;
    if (own_folder(folder, sizeof(folder))) {
        char up[PATH_SIZE];
        static const char *const places[] = {"../venv/bin/python", "venv/bin/python",
                                             "../share/rpycbench/venv/bin/python"};
        for (size_t i = 0; i < BENCH_COUNT_OF(places); i++) {
            if (join(up, sizeof(up), folder, places[i]) && access(up, X_OK) == 0) {
                (void)snprintf(path, sizeof(path), "%s", up);
                return path;
            }
        }
    }
    (void)snprintf(path, sizeof(path), "/usr/bin/python3");
    return access(path, X_OK) == 0 ? path : NULL;
}

/* ---- commands ---- */

int bench_server_command_add(struct bench_server_command *command, const char *word)
{
    if (command->argc + 1 >= (int)BENCH_COUNT_OF(command->argv))
        return -E2BIG;
    command->argv[command->argc] = strdup(word);
    if (command->argv[command->argc] == NULL)
        return -ENOMEM;
    command->argv[++command->argc] = NULL;
    return 0;
}

void bench_server_command_free(struct bench_server_command *command)
{
    for (int i = 0; i < command->argc; i++)
        free(command->argv[i]);
    command->argc = 0;
}

static int add_all(struct bench_server_command *command, const char *const *words, size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = bench_server_command_add(command, words[i]);
    return rc;
}

static int add_program(const struct bench_server_row *row, struct bench_server_command *out,
                       struct bench_error *err)
{
    char path[PATH_SIZE];
    if (row->program == NULL) {
        char folder[PATH_SIZE];
        if (!own_folder(folder, sizeof(folder)) ||
            !join(path, sizeof(path), folder, "rpycbench-server") || access(path, X_OK) != 0) {
            /* A program beside ours that is not there (tests): the one in PATH. */
            (void)snprintf(path, sizeof(path), "rpycbench-server");
        }
        return bench_server_command_add(out, path);
    }
    const char *python = bench_python_path();
    if (python == NULL)
        return bench_fail(err, -ENOENT, "no Python interpreter: run scripts/setup");
    if (!find_program(row->program, path, sizeof(path)))
        return bench_fail(err, -ENOENT, "servers/python/%s is not there: set RPYCBENCH_DATADIR",
                          row->program);
    const char *const words[] = {python, path};
    return add_all(out, words, BENCH_COUNT_OF(words));
}

int bench_server_command(const struct bench_server_row *row, const char *const *plugins,
                         size_t nplugins, struct bench_server_command *out, struct bench_error *err)
{
    *out = (struct bench_server_command){.argc = 0};
    int rc = add_program(row, out, err);
    for (size_t i = 0; rc == 0 && row->program == NULL && i < nplugins; i++) {
        const char *const words[] = {"--plugin", plugins[i]};
        rc = add_all(out, words, BENCH_COUNT_OF(words));
    }
    const char *const words[] = {"--protocol", row->protocol, "--mode", row->mode};
    if (rc == 0)
        rc = add_all(out, words, BENCH_COUNT_OF(words));
    if (rc < 0) {
        if (err != NULL && err->code == 0)
            (void)bench_fail(err, rc, "no memory for a command");
        bench_server_command_free(out);
    }
    return rc;
}

/* ---- availability ---- */

struct check {
    const char *program;
    bool done;
    int rc;
    char text[200], build[200];
};

/* The first line of an output, or the last: a traceback says why at its end. */
static void line_of(char *output, bool last, char *out, size_t size)
{
    size_t end = strlen(output);
    while (end > 0 && strchr("\r\n ", output[end - 1]) != NULL)
        end--;
    output[end] = '\0';
    const char *newline = last ? strrchr(output, '\n') : NULL;
    const char *line = newline != NULL ? newline + 1 : output;
    (void)snprintf(out, size, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static int ask(const struct bench_server_row *row, struct check *check, struct bench_error *err)
{
    struct bench_server_command command = {.argc = 0};
    int rc = add_program(row, &command, err);
    if (rc == 0)
        rc = bench_server_command_add(&command, "--check");
    char *output = NULL;
    int status = 0;
    if (rc == 0) {
        union {
            char *const *in;
            const char *const *out;
        } argv = {.in = command.argv};
        const struct bench_proc_spec spec = {.argv = argv.out,
                                             .stdin_fd = -1,
                                             .stdout_fd = -1,
                                             .stderr_fd = -1,
                                             .extra_env = bench_python_env};
        rc = bench_proc_capture(&spec, CHECK_TIMEOUT_S * BENCH_NS_PER_S, 4096, &output, &status,
                                err);
    }
    bench_server_command_free(&command);
    if (rc < 0)
        return rc;
    const char *second = status == 0 ? strchr(output, '\n') : NULL;
    if (second != NULL)
        (void)snprintf(check->build, sizeof(check->build), "%.*s", (int)strcspn(second + 1, "\r\n"),
                       second + 1);
    line_of(output, status != 0, check->text, sizeof(check->text));
    free(output);
    if (status != 0)
        return bench_fail(err, -ENOENT, "%s; run scripts/setup",
                          check->text[0] != '\0' ? check->text : bench_proc_status_text(status));
    return 0;
}

/* What is known about the row's program; asked for if need be. */
static const struct check *check_of(const struct bench_server_row *row)
{
    static struct check checks[ROWS_MAX];
    struct check *check = checks;
    while (check->program != NULL && strcmp(check->program, row->program) != 0)
        check++;
    if (!check->done) {
        struct bench_error why = {0};
        check->program = row->program;
        check->done = true;
        check->rc = ask(row, check, &why);
        if (check->rc < 0)
            (void)snprintf(check->text, sizeof(check->text), "%.199s", why.msg);
    }
    return check;
}

int bench_server_check(const struct bench_server_row *row, const char **text,
                       struct bench_error *err)
{
    *text = "";
    if (row->program == NULL)
        return 0;
    const struct check *check = check_of(row);
    *text = check->text;
    return check->rc < 0 ? bench_fail(err, check->rc, "%s", check->text) : 0;
}

const char *bench_server_build(const struct bench_server_row *row)
{
    return row->program == NULL ? "" : check_of(row)->build;
}
