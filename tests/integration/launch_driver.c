/* SPDX-License-Identifier: MIT */
/*
 * launch-driver FILE [--no-places] [--ring BYTES] -- PROGRAM ARGS...: runs the program under the
 * preloaded library and writes what came of it to FILE, one line per piece ("data 1 > 42 place 3"),
 * "-" = nowhere. Its exit status is the program's.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap/launch.h"

static const char *const kinds[] = {"process", "open",       "data",     "gap", "close",
                                    "place",   "mark-begin", "mark-end", "exit"};

static void show(const struct bench_piece *piece, void *user)
{
    FILE *file = user;

    if (!file)
        return;
    fprintf(file, "%s %llu %s %zu", kinds[piece->kind], (unsigned long long)piece->connection,
            piece->direction == BENCH_TO_SERVER ? ">" : "<", piece->length);
    fprintf(file, " time %lld process %u thread %u place %u%s%s", (long long)piece->time_ns,
            piece->process, piece->thread, piece->place, piece->from_server ? " server" : "",
            piece->joined ? " joined" : "");
    if (piece->kind != BENCH_PIECE_DATA && piece->length > 0)
        fprintf(file, " '%.*s'", (int)piece->length, (const char *)piece->data);
    else if (piece->kind == BENCH_PIECE_DATA && getenv("LAUNCH_DRIVER_BYTES"))
        for (size_t i = 0; i < piece->length; i++)
            fprintf(file, "%s%02x", i == 0 ? " " : "", ((const uint8_t *)piece->data)[i]);
    fputc('\n', file);
}

static int usage(void)
{
    fprintf(stderr, "usage: launch-driver FILE [--no-places] [--ring BYTES] -- PROGRAM ARGS...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct tap_launch_options options = {
        .library = TAP_LIBRARY,
        .ring_bytes = 1 << 20,
        .processes_max = 1000,
        .stall_ns = 2000000000,
        .places = true,
        .sees_server = getenv("LAUNCH_DRIVER_SERVER") != NULL,
    };
    struct bench_error err = {0};
    struct tap_launch *launch = NULL;
    const char *why = NULL;
    FILE *file = NULL;
    int status = 0, at = 2;
    bool ended = false;
    int processes;

    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strcmp(argv[at], "--no-places") == 0)
            options.places = false;
        else if (strcmp(argv[at], "--ring") == 0 && at + 1 < argc)
            options.ring_bytes = strtoul(argv[++at], NULL, 10);
        else
            return usage();
    }
    if (at + 1 >= argc)
        return usage();
    options.argv = argv + at + 1;
    if (strcmp(argv[1], "-") != 0 && !(file = fopen(argv[1], "we")))
        return usage();
    /* Ctrl-C is the program's. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGQUIT, SIG_IGN);
    if (tap_launch_start(&launch, &options, &err) != 0) {
        fprintf(stderr, "launch-driver: %s\n", err.msg);
        return 126;
    }
    while (!ended) {
        struct pollfd wait = {.fd = tap_launch_fd(launch), .events = POLLIN};

        ended = tap_launch_ended(launch, &status);
        (void)tap_launch_drain(launch, show, file);
        if (!ended)
            (void)poll(&wait, 1, 2);
    }
    processes = tap_launch_processes(launch, &why);
    if (file)
        fprintf(file, "end dropped %llu processes %d %s\n",
                (unsigned long long)tap_launch_dropped(launch), processes, why ? why : "");
    tap_launch_free(launch);
    if (file && fclose(file) != 0)
        return 125;
    if (WIFSIGNALED(status)) {
        (void)signal(WTERMSIG(status), SIG_DFL);
        (void)raise(WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}
