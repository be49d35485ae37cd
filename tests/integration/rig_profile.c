/* SPDX-License-Identifier: MIT */
#include "rig_profile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/units.h"
#include "tests/support/files.h"
#include "tests/support/schema.h"

static char *folder;

void rig_profile_begin(void) { cr_assert_eq(support_tempdir_make(&folder, NULL), 0); }

void rig_profile_end(void) { support_tempdir_remove(folder); }

const char *rig_profile_folder(void) { return folder; }

static const char *script(void)
{
    static char path[600];

    (void)snprintf(path, sizeof(path), "%s", rig_peer_path("profile_program.py"));
    return path;
}

void rig_profile_serve(struct rig_server *server)
{
    rig_peer(server, "profile_program.py", WORDS("--serve"));
}

/* A path in the folder of this test; up to four at a time. */
const char *rig_profile_path(const char *name)
{
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* "rpycbench", "profile", options, "--", python, script, port, steps */
void rig_profile_words(const char *argv[RIG_WORDS_MAX], const char *const *options, uint16_t port,
                       const char *const *steps)
{
    static char number[8];
    static char python[620];
    int n = 0;

    (void)snprintf(number, sizeof(number), "%u", port);
    (void)snprintf(python, sizeof(python), "%s", rig_python());
    argv[n++] = rig_bench();
    argv[n++] = "profile";
    for (; *options != NULL; options++)
        argv[n++] = *options;
    argv[n++] = "--";
    argv[n++] = python;
    argv[n++] = script();
    argv[n++] = number;
    for (; *steps != NULL; steps++)
        argv[n++] = *steps;
    argv[n] = NULL;
}

void rig_profile_run(struct support_output *out, const char *const *options, uint16_t port,
                     const char *const *steps)
{
    const char *argv[RIG_WORDS_MAX];

    rig_profile_words(argv, options, port, steps);
    rig_run_program(out, argv);
}

/* Waits until the program has written the piece to that descriptor (a memory file); what is behind
 * it, in a static buffer. */
const char *rig_profile_await_text(int fd, const char *piece)
{
    static char text[1 << 16];
    const int64_t deadline_ns = bench_now_ns() + 60 * BENCH_NS_PER_S;

    for (;;) {
        const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        cr_assert_geq(n, 0);
        text[n] = '\0';
        const char *at = strstr(text, piece);
        if (at != NULL && strchr(at, '\n') != NULL)
            return at + strlen(piece);
        cr_assert_lt(bench_now_ns(), deadline_ns, "no \"%s\" in:\n%s", piece, text);
        rig_pause();
    }
}

uint16_t rig_profile_await_port(int fd, const char *piece)
{
    unsigned port = 0;

    cr_assert_eq(sscanf(rig_profile_await_text(fd, piece), "%u", &port), 1);
    cr_assert(port > 0 && port < 65536);
    return (uint16_t)port;
}

pid_t rig_profile_await_pid(int fd)
{
    int pid = 0;

    cr_assert_eq(sscanf(rig_profile_await_text(fd, "staying "), "%d", &pid), 1);
    return (pid_t)pid;
}

/* A program that stays until it is told to stop. */
void rig_profile_start_staying(struct rig_program *program, const char *const *options,
                               uint16_t port)
{
    const char *argv[RIG_WORDS_MAX];

    rig_profile_words(argv, options, port, WORDS("stay"));
    rig_start(program, argv);
}

void rig_profile_start_relay(struct rig_program *program, const char *const *options,
                             uint16_t upstream, uint16_t *port)
{
    const char *argv[RIG_WORDS_MAX] = {rig_bench(), "profile", "--listen", "127.0.0.1:0",
                                       "--upstream"};
    char to[32];
    int n = 5;

    (void)snprintf(to, sizeof(to), "127.0.0.1:%u", upstream);
    argv[n++] = to;
    for (; *options != NULL; options++)
        argv[n++] = *options;
    rig_start(program, argv);
    *port = rig_profile_await_port(program->err_fd, "profile listens on 127.0.0.1:");
}

void rig_profile_run_client(uint16_t port, const char *const *steps)
{
    char python[620], number[8];
    const char *argv[RIG_WORDS_MAX];
    struct support_output out;
    int n = 0;

    (void)snprintf(python, sizeof(python), "%s", rig_python());
    (void)snprintf(number, sizeof(number), "%u", port);
    argv[n++] = python;
    argv[n++] = script();
    argv[n++] = number;
    for (; *steps != NULL; steps++)
        argv[n++] = *steps;
    argv[n] = NULL;
    rig_run_program(&out, argv);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

json_t *rig_profile_read_json(const char *path)
{
    char *text = NULL;
    size_t length;

    cr_assert_eq(support_read_file(path, &text, &length), 0, "cannot read %s", path);
    json_t *json = rig_json(text);
    free(text);
    return json;
}

static void check_schema(const json_t *document)
{
    char path[600];
    struct bench_error err = {0};

    (void)snprintf(path, sizeof(path), "%s/docs/profile.schema.json", TEST_SOURCE_DIR);
    json_t *schema = rig_profile_read_json(path);
    cr_expect_eq(support_schema_check(schema, document, &err), 0, "%s", err.msg);
    json_decref(schema);
}

/* How often the programmer did what has this name, in a profile or a window; 0 = it is not there.
 */
double rig_profile_count_of(const json_t *profile, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach(rig_at(profile, "names"), i, row)
    {
        const json_t *text = rig_at(row, "name");
        if (json_is_string(text) && strcmp(json_string_value(text), name) == 0)
            return rig_number(row, "count");
    }
    return 0;
}

void rig_profile_check_counts(const json_t *profile)
{
    check_schema(profile);
    cr_expect_eq(rig_profile_count_of(profile, "root.ping"), RIG_PINGS);
    cr_expect_eq(rig_profile_count_of(profile, "root.users"), 1);
    cr_expect_geq(rig_number(profile, "totals.round_trips.to_server"), RIG_TRIPS);
    cr_expect_leq(rig_number(profile, "totals.round_trips.to_server"), RIG_TRIPS + RIG_TRIPS_MORE,
                  "opening, descriptions of classes");
    cr_expect_eq(rig_number(profile, "totals.lost"), 0);
    cr_expect_eq(rig_number(profile, "dropped_pieces"), 0);
    cr_expect_gt(json_array_size(rig_at(profile, "findings")), 0);
}

double rig_profile_line_sum(const char *text, const char *path, const char *name, int *lines)
{
    double sum = 0;
    char *copy = strdup(text), *rest = copy, *line;

    *lines = 0;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        json_t *window = rig_json(line);
        sum += name != NULL ? rig_profile_count_of(window, name) : rig_number(window, path);
        cr_expect_gt(rig_number(window, "time"), 1e9);
        json_decref(window);
        (*lines)++;
    }
    free(copy);
    return sum;
}
