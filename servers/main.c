/* SPDX-License-Identifier: MIT */
/* rpycbench-server: the native reference servers, and the helper that starts other programs. */
#include <stdio.h>
#include <string.h>

#include "bench/protocol.h"
#include "core/proc.h"
#include "servers/server.h"

static void print_help(void)
{
    (void)printf(
        "usage: rpycbench-server --protocol NAME [OPTIONS]\n\n"
        "Serves the reference service until SIGTERM, SIGINT or the end of --control-fd.\n\n"
        "Protocols:\n");
    for (const struct bench_protocol *const *p = bench_protocols(); *p != NULL; p++)
        if ((*p)->server != NULL)
            (void)printf("  %-26s %s\n", (*p)->name, (*p)->summary);
    (void)printf("\nModes:\n");
    for (size_t i = 0; server_modes[i] != NULL; i++)
        (void)printf("  %-26s %s\n", server_modes[i]->name, server_modes[i]->summary);
    (void)printf("\nOptions:\n");
    server_settings_help(stdout);
    (void)printf("\nExit status: 0 stopped as told, 2 bad options, 3 could not be started.\n");
}

static void print_version(void)
{
    (void)printf("rpycbench-server %s (%s)\n", RPYCBENCH_VERSION, RPYCBENCH_BUILD_TYPE);
}

int main(int argc, char **argv)
{
    struct server_settings *settings;
    struct bench_error error;

    if (argc > 1 && strcmp(argv[1], "--exec") == 0)
        return bench_proc_exec(argc, argv);
    if (server_settings_parse(argc, argv, &settings, &error) < 0) {
        (void)fprintf(stderr, "rpycbench-server: %s\n", error.msg);
        return SERVER_EXIT_USAGE;
    }
    int status = SERVER_EXIT_OK;
    if (settings->help)
        print_help();
    else if (settings->version)
        print_version();
    else
        status = server_main(settings);
    server_settings_free(settings);
    return status;
}
