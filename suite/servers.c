/* SPDX-License-Identifier: MIT */
#include "suite/servers.h"

#include <errno.h>
#include <string.h>

#include "bench/api.h"
#include "suite/programs.h"

enum { ROWS_MAX = 64 };

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

/* ---- commands ---- */

static int add_program(const struct bench_server_row *row, struct bench_server_command *out,
                       struct bench_error *err)
{
    return row->program == NULL
               ? bench_programs_add_native(out)
               : bench_programs_add_python(out, "servers/python", row->program, err);
}

int bench_server_command(const struct bench_server_row *row, const char *const *plugins,
                         size_t nplugins, struct bench_server_command *out, struct bench_error *err)
{
    *out = (struct bench_server_command){.argc = 0};
    int rc = add_program(row, out, err);
    for (size_t i = 0; rc == 0 && row->program == NULL && i < nplugins; i++) {
        const char *const words[] = {"--plugin", plugins[i]};
        rc = bench_programs_add_words(out, words, BENCH_COUNT_OF(words));
    }
    const char *const words[] = {"--protocol", row->protocol, "--mode", row->mode};
    if (rc == 0)
        rc = bench_programs_add_words(out, words, BENCH_COUNT_OF(words));
    if (rc < 0) {
        if (err != NULL && err->code == 0)
            (void)bench_fail(err, rc, "no memory for a command");
        bench_server_command_free(out);
    }
    return rc;
}

/* ---- availability ---- */

/* What is known about the row's program; asked for if need be. */
static struct bench_program_check *check_of(const struct bench_server_row *row)
{
    static struct {
        const char *program;
        struct bench_program_check check;
    } checks[ROWS_MAX];
    size_t i = 0;
    while (checks[i].program != NULL && strcmp(checks[i].program, row->program) != 0)
        i++;
    checks[i].program = row->program;
    return &checks[i].check;
}

int bench_server_check(const struct bench_server_row *row, const char **text,
                       struct bench_error *err)
{
    *text = "";
    if (row->program == NULL)
        return 0;
    struct bench_program_check *check = check_of(row);
    struct bench_server_command command = {.argc = 0};
    struct bench_error why = {0};
    int made = check->done ? 0 : add_program(row, &command, &why);
    int rc = bench_programs_check(check, &command, made, &why);
    *text = check->text;
    return rc < 0 ? bench_fail(err, rc, "%s", why.msg) : 0;
}

const char *bench_server_build(const struct bench_server_row *row)
{
    const char *versions;
    if (row->program == NULL || bench_server_check(row, &versions, NULL) < 0)
        return "";
    return check_of(row)->build;
}
