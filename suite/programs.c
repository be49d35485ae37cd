/* SPDX-License-Identifier: MIT */
#include "suite/programs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"

enum { CHECK_TIMEOUT_S = 60, CHECK_OUTPUT_MAX = 4096, PATH_SIZE = 4096 };

const char *const bench_python_env[] = {"PYTHONHASHSEED=0", NULL};

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

static bool find_data(const char *folder, const char *program, char *out, size_t size)
{
    const char *places[] = {getenv("RPYCBENCH_DATADIR"), RPYCBENCH_SOURCE_DATADIR,
                            RPYCBENCH_INSTALL_DATADIR};
    for (size_t i = 0; i < BENCH_COUNT_OF(places); i++) {
        char path[PATH_SIZE];
        if (places[i] != NULL && join(path, sizeof(path), places[i], folder) &&
            join(out, size, path, program) && access(out, R_OK) == 0)
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

int bench_programs_add_words(struct bench_server_command *command, const char *const *words,
                             size_t n)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = bench_server_command_add(command, words[i]);
    return rc;
}

int bench_programs_add_native(struct bench_server_command *command)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    if (!own_folder(folder, sizeof(folder)) ||
        !join(path, sizeof(path), folder, "rpycbench-server") || access(path, X_OK) != 0) {
        /* A program beside ours that is not there (tests): the one in PATH. */
        (void)snprintf(path, sizeof(path), "rpycbench-server");
    }
    return bench_server_command_add(command, path);
}

int bench_programs_add_python(struct bench_server_command *command, const char *folder,
                              const char *program, struct bench_error *err)
{
    char path[PATH_SIZE];
    const char *python = bench_python_path();
    if (python == NULL)
        return bench_fail(err, -ENOENT, "no Python interpreter: run scripts/setup");
    if (!find_data(folder, program, path, sizeof(path)))
        return bench_fail(err, -ENOENT, "%s/%s is not there: set RPYCBENCH_DATADIR", folder,
                          program);
    const char *const words[] = {python, path};
    return bench_programs_add_words(command, words, BENCH_COUNT_OF(words));
}

/* ---- availability ---- */

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

static int ask(struct bench_program_check *check, struct bench_server_command *command,
               struct bench_error *err)
{
    char *output = NULL;
    int status = 0;
    union {
        char *const *in;
        const char *const *out;
    } argv = {.in = command->argv};
    const struct bench_proc_spec spec = {.argv = argv.out,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = -1,
                                         .extra_env = bench_python_env};
    int rc = bench_server_command_add(command, "--check");
    if (rc < 0)
        return bench_fail(err, rc, "no memory for a command");
    rc = bench_proc_capture(&spec, CHECK_TIMEOUT_S * BENCH_NS_PER_S, CHECK_OUTPUT_MAX, &output,
                            &status, err);
    if (rc < 0)
        return rc;
    const char *second = status == 0 ? strchr(output, '\n') : NULL;
    if (second != NULL)
        (void)snprintf(check->build, sizeof(check->build), "%.*s",
                       (int)strcspn(second + 1, "\r\n"), second + 1);
    line_of(output, status != 0, check->text, sizeof(check->text));
    free(output);
    if (status != 0)
        return bench_fail(err, -ENOENT, "%s; run scripts/setup",
                          check->text[0] != '\0' ? check->text : bench_proc_status_text(status));
    return 0;
}

int bench_programs_check(struct bench_program_check *check, struct bench_server_command *command,
                         int made, struct bench_error *err)
{
    if (!check->done) {
        struct bench_error why = {0};
        if (made < 0 && err != NULL)
            why = *err;
        check->done = true;
        check->rc = made < 0 ? made : ask(check, command, &why);
        if (check->rc < 0)
            (void)snprintf(check->text, sizeof(check->text), "%.199s", why.msg);
    }
    bench_server_command_free(command);
    return check->rc < 0 ? bench_fail(err, check->rc, "%s", check->text) : 0;
}

/* ---- what they left ---- */

void bench_programs_last_words(int stderr_fd, char *out, size_t size)
{
    char text[2048];
    out[0] = '\0';
    off_t end = stderr_fd < 0 ? 0 : lseek(stderr_fd, 0, SEEK_END);
    if (end <= 0)
        return;
    off_t from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
    ssize_t n = pread(stderr_fd, text, sizeof(text) - 1, from);
    if (n <= 0)
        return;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    text[n] = '\0';
    const char *line = strrchr(text, '\n');
    (void)snprintf(out, size, "%.160s", line == NULL ? text : line + 1);
}
