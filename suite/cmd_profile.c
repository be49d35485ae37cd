/* SPDX-License-Identifier: MIT */
/* `rpycbench profile`: why is my RPyC application slow. */
#include <stdio.h>

#include "bench/protocol.h"
#include "suite/cli.h"
#include "suite/profile.h"

static int profile(const struct profile_options *options)
{
    struct profile_run run;
    struct bench_error err = {0};
    int rc = profile_run_init(&run, options, &err);
    if (rc < 0)
        profile_run_say(&run, "%s", err.msg);
    else if (run.way == PROFILE_PROGRAM)
        run.status = profile_program(&run);
    else if (run.way == PROFILE_LISTEN)
        run.status = profile_listen(&run);
    else
        run.status = profile_read(&run);
    profile_run_fini(&run);
    return run.status;
}

int cmd_profile(int argc, char **argv)
{
    struct profile_options options;
    struct bench_error err = {0};
    int rc = profile_options_parse(&options, argc, argv, &err);
    for (size_t i = 0; rc == 0 && i < options.nplugins; i++)
        rc = bench_protocol_load(options.plugins[i], &err);
    if (rc < 0)
        return cli_usage_error(cli_find("profile"), &err);
    return rc == 0 ? profile(&options) : EXIT_FINE;
}
