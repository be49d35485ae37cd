/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/cli.h"
#include "suite/selftest.h"

struct settings {
    struct bench_selftest_options options;
    const char *json_file; /* NULL = none, "-" = stdout, instead of the tables */
};

static int set_quick(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)target)->options.quick = true;
    return 0;
}

static int no_such_oracle(const char *name, struct bench_error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (size_t i = 0; bench_selftest_oracles[i].name != NULL && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
                                 bench_selftest_oracles[i].name);
    return bench_fail(err, -EINVAL, "there is no oracle '%s'; there is %s", name, list);
}

static int set_only(void *target, const char *value, struct bench_error *err)
{
    struct settings *s = target;
    char copy[128];
    if (strlen(value) >= sizeof(copy))
        return bench_fail(err, -EINVAL, "'%.40s...' is too long", value);
    (void)snprintf(copy, sizeof(copy), "%s", value);
    char *rest = copy, *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        size_t i = 0;
        while (bench_selftest_oracles[i].name != NULL &&
               strcmp(bench_selftest_oracles[i].name, name) != 0)
            i++;
        if (bench_selftest_oracles[i].name == NULL)
            return no_such_oracle(name, err);
        s->options.chosen[i] = true;
    }
    return 0;
}

static int set_seed(void *target, const char *value, struct bench_error *err)
{
    return bench_parse_int(value, 0, 1000000000, &((struct settings *)target)->options.seed, err);
}

static int set_target(void *target, const char *value, struct bench_error *err)
{
    (void)err; /* looked at when the plug-ins are known */
    ((struct settings *)target)->options.target = value;
    return 0;
}

static int set_inject(void *target, const char *value, struct bench_error *err)
{
    if (strcmp(value, "no-schedule") != 0)
        return bench_fail(err, -EINVAL, "'%s' is not no-schedule", value);
    ((struct settings *)target)->options.no_schedule = true;
    return 0;
}

static int set_json(void *target, const char *value, struct bench_error *err)
{
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not a file");
    ((struct settings *)target)->json_file = value;
    return 0;
}

static const struct cli_option options[] = {
    {"quick", NULL, "one short run of each oracle, about a minute: certifies nothing", set_quick},
    {"only", "LIST", "some of the oracles: fixed, mm1@0.5, mm1@0.8, md1@0.8, freeze", set_only},
    {"target", "TARGET",
     "the native server that is the oracle (the floor, a thread per connection)", set_target},
    {"seed", "N", "of arrivals and service times (1)", set_seed},
    {"inject", "FAULT",
     "no-schedule: our client forgets the schedule of its open loop; the selftest must fail",
     set_inject},
    {"json", "FILE", "writes all figures to a file; '-' = stdout, instead of the tables", set_json},
    {NULL, NULL, NULL, NULL},
};

static int write_json(const struct bench_selftest *selftest, const char *path,
                      struct bench_error *err)
{
    char *text = NULL;
    FILE *out = strcmp(path, "-") == 0 ? stdout : NULL;
    int rc = bench_selftest_json(selftest, &text);
    if (rc < 0)
        return bench_fail(err, rc, "out of memory");
    if (out == NULL && (out = fopen(path, "we")) == NULL)
        rc = bench_fail(err, -errno, "cannot write '%.150s': %s", path, bench_errno_text(errno));
    if (rc == 0 && fprintf(out, "%s\n", text) < 0)
        rc = bench_fail(err, -EIO, "cannot write '%.150s'", path);
    if (out != NULL && out != stdout && fclose(out) != 0 && rc == 0)
        rc = bench_fail(err, -errno, "cannot write '%.150s': %s", path, bench_errno_text(errno));
    free(text);
    return rc;
}

static int show(const struct bench_selftest *selftest, const struct settings *settings)
{
    struct bench_error err = {0};
    const char *json = settings->json_file;
    int rc = 0;
    if (json == NULL || strcmp(json, "-") != 0)
        rc = bench_selftest_write(selftest, stdout);
    if (rc == 0 && json != NULL)
        rc = write_json(selftest, json, &err);
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench selftest: %s\n",
                      err.code != 0 ? err.msg : bench_errno_text(rc));
    if (!selftest->certifies)
        return rc;
    if (bench_instrument_keep(&selftest->summary, &err) < 0)
        (void)fprintf(stderr, "rpycbench selftest: not kept: %s\n", err.msg);
    return rc;
}

static int exit_status(const struct bench_selftest *selftest)
{
    if (selftest->interrupted)
        return EXIT_INTERRUPTED;
    if (!selftest->measured)
        return EXIT_NOT_MEASURED;
    return selftest->passed ? EXIT_FINE : EXIT_NOT_TRUSTED;
}

int cmd_selftest(int argc, char **argv)
{
    const struct cli_command *command = cli_find("selftest");
    struct settings settings = {.options = {.seed = 1}};
    struct bench_error err = {0};
    int rc = cli_parse(command, options, NULL, &settings, argc, argv, &err);
    if (rc != 0)
        return rc < 0 ? cli_usage_error(command, &err) : EXIT_FINE;
    struct bench_selftest *selftest = calloc(1, sizeof(*selftest));
    if (selftest == NULL)
        return EXIT_NOT_MEASURED;
    struct bench_progress progress = {.on = false};
    struct bench_watch watch = {.signal_fd = cli_block_signals(), .progress = &progress};
    int status;
    rc = bench_selftest_run(&settings.options, &watch, selftest, &err);
    if (rc < 0) {
        status = cli_usage_error(command, &err);
    } else {
        rc = show(selftest, &settings);
        status = rc < 0 ? EXIT_NOT_MEASURED : exit_status(selftest);
    }
    free(selftest);
    return status;
}
