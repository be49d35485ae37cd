/* SPDX-License-Identifier: MIT */
/* What the launcher and the preloaded library see of programs, in C and in Python. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"
#include "tap/launch.h"
#include "tests/support/files.h"

enum { LINES_MAX = 4096, REQUEST_BYTES = 15, ANSWER_BYTES = 12 };

/* What came. */
struct seen {
    int kinds[BENCH_PIECE_EXIT + 1];
    uint64_t bytes[2];
    uint64_t connections; /* the highest number */
    int turns;            /* the direction changed */
    int joined, from_server, backwards, unknown;
    enum bench_direction last;
    int64_t last_ns;
    char places[LINES_MAX], marks[LINES_MAX], commands[LINES_MAX];
};

static void add(char *text, const struct bench_piece *piece)
{
    size_t used = strlen(text);

    (void)snprintf(text + used, LINES_MAX - used, "%.*s\n", (int)piece->length,
                   (const char *)piece->data);
}

static void see(const struct bench_piece *piece, void *user)
{
    struct seen *seen = user;

    seen->kinds[piece->kind]++;
    cr_assert_neq(piece->process, 0);
    switch (piece->kind) {
    case BENCH_PIECE_OPEN:
        cr_expect_eq(piece->connection, ++seen->connections);
        seen->joined += piece->joined;
        seen->from_server += piece->from_server;
        break;
    case BENCH_PIECE_DATA:
        cr_expect(piece->connection <= seen->connections && piece->connection > 0);
        cr_expect_not(piece->joined);
        cr_expect_neq(piece->thread, 0);
        seen->turns += seen->kinds[BENCH_PIECE_DATA] == 1 || piece->direction != seen->last;
        seen->backwards += piece->time_ns < seen->last_ns;
        seen->last = piece->direction;
        seen->last_ns = piece->time_ns;
        seen->bytes[piece->direction] += piece->length;
        break;
    case BENCH_PIECE_PLACE:
        add(seen->places, piece);
        break;
    case BENCH_PIECE_MARK_BEGIN:
        add(seen->marks, piece);
        break;
    case BENCH_PIECE_PROCESS:
        add(seen->commands, piece);
        break;
    default:
        break;
    }
}

static const char *library(void)
{
    static char path[300];

    (void)snprintf(path, sizeof(path), "%s/librpycbench-tap.so", TEST_BINARY_DIR);
    return path;
}

/* A program of this build with one argument. */
static char **program_words(const char *name, const char *mode)
{
    static char program[300], word[32];
    static char *words[] = {program, word, NULL};

    (void)snprintf(program, sizeof(program), "%s/tests/%s", TEST_BINARY_DIR, name);
    (void)snprintf(word, sizeof(word), "%s", mode);
    return words;
}

static struct tap_launch_options options_for(char **argv)
{
    return (struct tap_launch_options){
        .argv = argv,
        .library = library(),
        .ring_bytes = 1 << 20,
        .processes_max = 16,
        .stall_ns = 10000000000,
        .places = true,
    };
}

/* Runs it to its end; returns as waitpid. */
static int run_with(const struct tap_launch_options *options, struct seen *seen, bool drains,
                    uint64_t *dropped, int *processes)
{
    struct tap_launch *launch = NULL;
    struct bench_error err = {0};
    int status = -1;
    bool ended = false;

    cr_assert_eq(tap_launch_start(&launch, options, &err), 0, "%s", err.msg);
    cr_assert(tap_launch_pid(launch) > 0);
    while (!ended) {
        struct pollfd wait = {.fd = tap_launch_fd(launch), .events = POLLIN};

        ended = tap_launch_ended(launch, &status);
        if (drains || ended)
            (void)tap_launch_drain(launch, see, seen);
        if (!ended)
            (void)poll(&wait, drains, 2);
    }
    *dropped = tap_launch_dropped(launch);
    *processes = tap_launch_processes(launch, NULL);
    tap_launch_free(launch);
    return status;
}

static void run_peer(const char *mode, struct seen *seen, int processes)
{
    const struct tap_launch_options options = options_for(program_words("tap-peer", mode));
    uint64_t dropped = 0;
    int found = -1;

    *seen = (struct seen){.last_ns = 0};
    cr_expect_eq(run_with(&options, seen, true, &dropped, &found), 0);
    cr_expect_eq(found, processes, "%d processes", found);
    cr_expect_eq(dropped, 0);
    cr_expect_eq(seen->kinds[BENCH_PIECE_GAP], 0);
    cr_expect_eq(seen->backwards, 0);
    cr_expect_eq(seen->kinds[BENCH_PIECE_CLOSE], (int)seen->connections);
}

static void check_pings(const struct seen *seen, unsigned n)
{
    cr_expect_eq(seen->bytes[BENCH_TO_SERVER], n * REQUEST_BYTES, "%llu bytes",
                 (unsigned long long)seen->bytes[BENCH_TO_SERVER]);
    cr_expect_eq(seen->bytes[BENCH_TO_CLIENT], n * ANSWER_BYTES, "%llu bytes",
                 (unsigned long long)seen->bytes[BENCH_TO_CLIENT]);
    cr_expect_eq(seen->turns, 2 * n, "%d turns", seen->turns);
}

static struct seen seen;

Test(launch, pings, .timeout = 60)
{
    run_peer("pings", &seen, 1);
    check_pings(&seen, 100);
    cr_expect_eq(seen.connections, 1);
    cr_expect_eq(seen.kinds[BENCH_PIECE_PROCESS], 1);
    cr_expect_eq(seen.kinds[BENCH_PIECE_EXIT], 1);
    cr_expect_eq(seen.joined, 0);
    cr_expect_str_empty(seen.places);
    rig_assert_has(seen.commands, "tap-peer pings\n");
}

Test(launch, functions, .timeout = 60)
{
    run_peer("functions", &seen, 1);
    check_pings(&seen, 7);
    cr_expect_eq(seen.connections, 1);
}

/* One connection by all its numbers, and no file that got one of them later. */
Test(launch, copies, .timeout = 60)
{
    run_peer("copies", &seen, 1);
    check_pings(&seen, 3);
    cr_expect_eq(seen.connections, 1);
}

/* What we cannot see is a gap where it was, and nothing else changes. */
Test(launch, hidden_bytes, .timeout = 60)
{
    const struct tap_launch_options options = options_for(program_words("tap-peer", "hidden"));
    uint64_t dropped = 0;
    int found = -1;

    cr_expect_eq(run_with(&options, &seen, true, &dropped, &found), 0);
    cr_expect_eq(dropped, 0);
    cr_expect_eq(seen.connections, 1);
    cr_expect_eq(seen.bytes[BENCH_TO_SERVER], 6 * REQUEST_BYTES);
    cr_expect_eq(seen.bytes[BENCH_TO_CLIENT], 5 * ANSWER_BYTES);
    cr_expect(seen.kinds[BENCH_PIECE_GAP] >= 3, "%d gaps", seen.kinds[BENCH_PIECE_GAP]);
}

/* A number that is another's now. */
Test(launch, closed_by_the_system_call, .timeout = 60)
{
    run_peer("raw-close", &seen, 1);
    check_pings(&seen, 1);
}

Test(launch, numbers_too_high, .timeout = 60)
{
    run_peer("high-numbers", &seen, 1);
    check_pings(&seen, 1);
}

/* The program goes on as it would without us. */
Test(launch, no_room_for_files, .timeout = 60)
{
    run_peer("small-files", &seen, 0);
    cr_expect_eq(seen.connections, 0);
}

/* All at once, while nobody listens to them. */
Test(launch, many_processes, .timeout = 60)
{
    struct tap_launch_options options = options_for(program_words("tap-peer", "crowd"));
    uint64_t dropped = 0;
    int found = -1;

    options.processes_max = 400;
    options.ring_bytes = 1 << 16;
    cr_expect_eq(run_with(&options, &seen, false, &dropped, &found), 0);
    cr_expect_eq(found, 300, "%d processes", found);
    cr_expect_eq(seen.bytes[BENCH_TO_SERVER], 300 * REQUEST_BYTES);
}

Test(launch, children_that_share_memory, .timeout = 60)
{
    run_peer("vforks", &seen, 1);
    check_pings(&seen, 4);
    cr_expect_eq(seen.connections, 1);
}

/* An answer never comes before its request, though other threads put them in. */
Test(launch, threads, .timeout = 60)
{
    run_peer("threads", &seen, 1);
    check_pings(&seen, 3001);
}

Test(launch, another_program_in_the_same_process, .timeout = 60)
{
    run_peer("becomes", &seen, 2);
    check_pings(&seen, 101);
    cr_expect_eq(seen.connections, 2);
    cr_expect_eq(seen.kinds[BENCH_PIECE_EXIT], 1);
    rig_assert_has(seen.commands, "tap-peer becomes\n");
    rig_assert_has(seen.commands, "tap-peer pings\n");
}

Test(launch, marks, .timeout = 60)
{
    run_peer("marks", &seen, 1);
    cr_expect_str_eq(seen.marks, "outer\n\n");
    cr_expect_eq(seen.kinds[BENCH_PIECE_MARK_END], 2);
}

Test(launch, nothing_to_see, .timeout = 60)
{
    run_peer("unseen", &seen, 0);
    cr_expect_eq(seen.kinds[BENCH_PIECE_PROCESS], 0);
}

Test(launch, liars, .timeout = 60)
{
    run_peer("liar", &seen, 0);
    cr_expect_eq(seen.kinds[BENCH_PIECE_PROCESS], 0);
}

/* The server's side as well, when it is asked for. */
Test(launch, both_sides, .timeout = 60)
{
    struct tap_launch_options options = options_for(program_words("tap-peer", "pings"));
    uint64_t dropped = 0;
    int found = -1;

    options.sees_server = true;
    cr_expect_eq(run_with(&options, &seen, true, &dropped, &found), 0);
    cr_expect_eq(found, 2);
    cr_expect_eq(seen.connections, 2);
    cr_expect_eq(seen.from_server, 1);
    cr_expect_eq(seen.bytes[BENCH_TO_SERVER], 2 * 100 * REQUEST_BYTES);
    cr_expect_eq(seen.bytes[BENCH_TO_CLIENT], 2 * 100 * ANSWER_BYTES);
}

/* Nobody empties the ring: the program goes on, and what is missing is told. */
Test(launch, full_ring, .timeout = 60)
{
    struct tap_launch_options options = options_for(program_words("tap-peer", "flood"));
    uint64_t dropped = 0;
    int found = -1;

    options.ring_bytes = 1 << 16;
    options.stall_ns = 3000000;
    cr_expect_eq(run_with(&options, &seen, false, &dropped, &found), 0);
    cr_expect(dropped > 1000, "%llu dropped", (unsigned long long)dropped);
    cr_expect(seen.bytes[BENCH_TO_SERVER] < 2000 * REQUEST_BYTES);
    cr_expect(seen.bytes[BENCH_TO_SERVER] > 300 * REQUEST_BYTES);
}

Test(launch, no_program, .timeout = 60)
{
    char folder[] = "/", missing[] = "no-such-program-here", path[] = "./no/such/file",
         empty[] = "";
    char *const names[] = {folder, missing, path, empty};
    const int errors[] = {-EACCES, -ENOENT, -ENOENT, -EINVAL};

    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        char *argv[] = {names[i], NULL};
        struct tap_launch_options options = options_for(argv);
        struct tap_launch *launch = NULL;
        struct bench_error err = {0};

        cr_expect_eq(tap_launch_start(&launch, &options, &err), errors[i], "%s: %s", names[i],
                     err.msg);
        cr_expect_null(launch);
        options.library = "/no/such/library.so";
        cr_expect(tap_launch_start(&launch, &options, &err) < 0);
        options.library = library();
        options.ring_bytes = 12345;
        cr_expect_eq(tap_launch_start(&launch, &options, &err), -EINVAL);
    }
}

Test(launch, static_program, .timeout = 60)
{
    const struct tap_launch_options options = options_for(program_words("tap-static", "pings"));
    struct tap_launch *launch = NULL;
    struct bench_error err = {0};
    const char *why = NULL;
    int status;

    cr_assert_eq(tap_launch_start(&launch, &options, &err), 0, "%s", err.msg);
    while (!tap_launch_ended(launch, &status))
        (void)poll(NULL, 0, 2);
    cr_expect_eq(tap_launch_drain(launch, see, &seen), 0);
    cr_expect_eq(status, 0);
    cr_expect_eq(tap_launch_processes(launch, &why), 0);
    cr_assert_not_null(why);
    rig_assert_has(why, "statically linked");
    tap_launch_free(launch);
}

/* The lines that the program says itself are those that were seen. */
Test(launch, places, .timeout = 120)
{
    struct rig_server server;
    struct support_output out;
    char port[8], script[600], report[300], driver[300], *text = NULL, *rest, *line;
    size_t size = 0;
    int lines = 0;
    FILE *file;

    rig_need_python();
    rig_peer(&server, "tap_server.py", WORDS("service"));
    (void)snprintf(port, sizeof(port), "%u", server.port);
    (void)snprintf(script, sizeof(script), "%s", rig_peer_path("tap_places.py"));
    (void)snprintf(driver, sizeof(driver), "%s/tests/launch-driver", TEST_BINARY_DIR);
    (void)snprintf(report, sizeof(report), "%s/tests/places-%d.txt", TEST_BINARY_DIR,
                   (int)getpid());
    rig_run_program(&out, WORDS(driver, report, "--", rig_python(), script, port));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    file = fopen(report, "re");
    cr_assert_not_null(file);
    cr_assert(getdelim(&text, &size, '\0', file) > 0);
    (void)fclose(file);
    for (rest = out.out; (line = strsep(&rest, "\n")) != NULL && *line; lines++) {
        char wanted[200];

        (void)snprintf(wanted, sizeof(wanted), "%s:%s'",
                       strstr(line, "<module>") ? "'<dynamic>" : "/tap_places.py", line);
        rig_assert_has(text, wanted);
    }
    cr_expect_eq(lines, 15, "%d lines", lines);
    cr_expect_eq(rig_count_lines(text, "/rpyc/"), 0);
    cr_expect_eq(rig_count_lines(text, "threading.py"), 0);
    free(text);
    (void)unlink(report);
    support_output_free(&out);
    (void)rig_server_stop(&server);
}
