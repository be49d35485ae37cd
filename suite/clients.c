/* SPDX-License-Identifier: MIT */
#include "suite/clients.h"

#include <errno.h>
#include <string.h>

#include "bench/api.h"
#include "suite/programs.h"

static const struct bench_client_row rows[] = {
#define X(...) {__VA_ARGS__},
#include "clients/clients.def"
#undef X
};

const struct bench_client_row *bench_client_rows(size_t *count)
{
    *count = BENCH_COUNT_OF(rows);
    return rows;
}

const struct bench_client_row *bench_client_find(const char *protocol, const char *client)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++)
        if (strcmp(rows[i].protocol, protocol) == 0 && strcmp(rows[i].client, client) == 0)
            return &rows[i];
    return NULL;
}

int bench_client_command(const struct bench_client_row *row, struct bench_server_command *out,
                         struct bench_error *err)
{
    const char *const words[] = {"--client", row->client};
    *out = (struct bench_server_command){.argc = 0};
    int rc = bench_programs_add_python(out, "clients/python", row->program, err);
    if (rc == 0)
        rc = bench_programs_add_words(out, words, BENCH_COUNT_OF(words));
    if (rc < 0) {
        if (err != NULL && err->code == 0)
            (void)bench_fail(err, rc, "no memory for a command");
        bench_server_command_free(out);
    }
    return rc;
}

int bench_client_check(const struct bench_client_row *row, const char **text,
                       struct bench_error *err)
{
    static struct bench_program_check checks[BENCH_COUNT_OF(rows)];
    struct bench_program_check *check = &checks[row - rows];
    struct bench_server_command command = {.argc = 0};
    struct bench_error why = {0};
    int made = check->done ? 0 : bench_client_command(row, &command, &why);
    int rc = bench_programs_check(check, &command, made, &why);
    *text = check->text;
    return rc < 0 ? bench_fail(err, rc, "%s", why.msg) : 0;
}
