/* SPDX-License-Identifier: MIT */
/* compare: two saved results, or two targets measured in turns. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/contrast.h"
#include "suite/noise.h"
#include "suite/orchestrator.h"
#include "suite/output.h"
#include "suite/plan_options.h"
#include "suite/sysinfo.h"

struct compare_options {
    struct bench_plan_options measured; /* first: the rows of a plan write there */
    const char *files[2];
    size_t nfiles;
    struct bench_contrast_options how;
    enum bench_contrast_format format;
    bool force;
};

static int set_file(void *target, const char *value, struct bench_error *err)
{
    struct compare_options *o = target;
    if (o->nfiles == BENCH_COUNT_OF(o->files))
        return bench_fail(err, -EINVAL, "'%s' is one result too many", value);
    o->files[o->nfiles++] = value;
    return 0;
}

static int set_metric(void *target, const char *value, struct bench_error *err)
{
    return bench_metric_list(value, &((struct compare_options *)target)->how.metrics, err);
}

static int set_margin(void *target, const char *value, struct bench_error *err)
{
    struct compare_options *o = target;
    double margin;
    int rc = bench_metric_parse(bench_metric_get(BENCH_METRIC_SUCCESS), value, &margin, err);
    if (rc == 0 && !(margin > 0))
        return bench_fail(err, -EINVAL, "'%s' leaves no room for being equivalent", value);
    if (rc == 0)
        o->how.margin = margin;
    return rc;
}

static int set_format(void *target, const char *value, struct bench_error *err)
{
    const int format = cli_choose(value, cli_formats, err);
    if (format >= 0)
        ((struct compare_options *)target)->format = (enum bench_contrast_format)format;
    return format < 0 ? format : 0;
}

static int set_force(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct compare_options *)target)->force = true;
    return 0;
}

static const struct cli_option options[] = {
    {"metric", "LIST", "p50, p99, throughput, cpu-per-request ...: only these", set_metric},
    {"margin", "PERCENT", "what is equivalent: ratios within it (5%)", set_margin},
    {"format", "FORMAT", "text, md or json (text)", set_format},
    {"force", NULL, "compares results of different machines, placements or plans", set_force},
    {NULL, NULL, NULL, NULL},
};

/* Prints it and, if one was asked for, writes the JSON file. Returns the exit status. */
static int print(const struct compare_options *o, const struct bench_contrast *contrast,
                 const char *a_name, const char *b_name)
{
    if (contrast->ncells == 0) {
        (void)fprintf(stderr, "rpycbench compare: the two have no cell in common\n");
        for (size_t i = 0; i < contrast->nunmatched; i++)
            (void)fprintf(stderr, "  %s\n", contrast->unmatched[i]);
        return EXIT_NOT_MEASURED;
    }
    int rc = bench_contrast_write(contrast, a_name, b_name, o->format, stdout);
    if (rc == 0 && fflush(stdout) != 0)
        rc = -EIO;
    if (rc < 0) {
        (void)fprintf(stderr, "rpycbench compare: %s\n", bench_errno_text(rc));
        return EXIT_NOT_MEASURED;
    }
    return EXIT_FINE;
}

/* ---- two files ---- */

static int read_both(const struct compare_options *o, struct bench_run *runs[2])
{
    struct bench_error err = {0};
    for (size_t i = 0; i < 2; i++) {
        bool whole;
        if (bench_result_read(o->files[i], &runs[i], &whole, &err) < 0) {
            (void)fprintf(stderr, "rpycbench compare: %s\n", err.msg);
            return EXIT_USAGE;
        }
    }
    return EXIT_FINE;
}

static int compare_files(struct compare_options *o)
{
    struct bench_run *runs[2] = {NULL, NULL};
    struct bench_contrast contrast = {0};
    int status = read_both(o, runs);
    if (status == EXIT_FINE && bench_run_differences(runs[0], runs[1], NULL) > 0) {
        (void)fprintf(stderr, o->force ? "rpycbench compare: these are different experiments:\n"
                                       : "rpycbench compare: these are different experiments "
                                         "(--force compares them all the same):\n");
        (void)bench_run_differences(runs[0], runs[1], stderr);
        status = o->force ? EXIT_FINE : EXIT_NOT_TRUSTED;
    }
    if (status == EXIT_FINE && bench_contrast_runs(runs[0], runs[1], &o->how, &contrast) < 0)
        status = EXIT_NOT_MEASURED;
    else if (status == EXIT_FINE)
        status = print(o, &contrast, o->files[0], o->files[1]);
    bench_contrast_fini(&contrast);
    bench_run_free(runs[0]);
    bench_run_free(runs[1]);
    return status;
}

/* ---- two targets, in turns ---- */

/* Two of something, and one of the others. */
static int check_live(const struct compare_options *o, struct bench_error *err)
{
    const struct bench_plan *plan = &o->measured.plan;
    const size_t calls = plan->ncalls + plan->noperations;
    if (plan->ntargets == 2 && calls <= 1)
        return 0;
    if (plan->ntargets == 1 && calls == 2)
        return 0;
    return bench_fail(err, -EINVAL,
                      "it takes two results, two targets, or one target and two calls; given were "
                      "%zu targets and %zu calls",
                      plan->ntargets, calls);
}

static int contrast_of(const struct compare_options *o, const struct bench_run *run,
                       struct bench_contrast *out, const char *names[2])
{
    const struct bench_plan *plan = &o->measured.plan;
    const bool calls = plan->ntargets == 1;
    const char *a = plan->targets[0].name, *b = plan->targets[calls ? 0 : 1].name;
    int rc = bench_contrast_within(run, a, b, &o->how, out);
    names[0] = calls && out->nrows > 0 ? out->rows[0].a->operation : a;
    names[1] = calls && out->nrows > 0 ? out->rows[0].b->operation : b;
    return rc;
}

static int save(const struct compare_options *o, const struct bench_run *run)
{
    const struct bench_plan *plan = &o->measured.plan;
    struct bench_error err = {0};
    int rc = 0;
    if (plan->json_file != NULL)
        rc = bench_output_json(run, plan->json_file, &err);
    if (rc == 0 && plan->output_dir != NULL)
        rc = bench_output_folder(run, plan->output_dir, &err);
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench compare: %s\n", err.msg);
    return rc;
}

static int compare_live(struct compare_options *o)
{
    struct bench_error err = {0};
    struct bench_progress progress = {.on = false};
    struct bench_watch watch = {.signal_fd = cli_block_signals(), .progress = &progress};
    struct bench_run *run = NULL;
    struct bench_contrast contrast = {0};
    const char *names[2], *unfit;
    if (bench_sysinfo_unfit_build(&unfit))
        (void)fprintf(stderr, "rpycbench: %s: these times are no measurement\n", unfit);
    if (bench_orchestrate(&o->measured.plan, &watch, &run, &err) < 0) {
        (void)fprintf(stderr, "rpycbench compare: %s\n", err.msg);
        return EXIT_NOT_MEASURED;
    }
    struct bench_noise *noise = NULL;
    if (bench_noise_read(run->environment_hash, &noise, &err) < 0)
        (void)fprintf(stderr, "rpycbench compare: %s\n", err.msg);
    o->how.noise = noise;
    int status = EXIT_NOT_MEASURED;
    if (contrast_of(o, run, &contrast, names) == 0)
        status = print(o, &contrast, names[0], names[1]);
    if (save(o, run) < 0 && status == EXIT_FINE)
        status = EXIT_NOT_MEASURED;
    const int measured = bench_run_exit_status(run, o->measured.plan.workloads_chosen);
    if (measured == EXIT_INTERRUPTED || (status == EXIT_FINE && measured == EXIT_NOT_MEASURED))
        status = measured;
    bench_contrast_fini(&contrast);
    bench_noise_free(noise);
    bench_run_free(run);
    return status;
}

/* ---- the command ---- */

static int parse(struct compare_options *o, int argc, char **argv, struct bench_error *err)
{
    int rc = bench_plan_options_parse(&o->measured, "compare", options, set_file, argc, argv, err);
    if (rc != 0 || o->nfiles == 2)
        return rc;
    if (o->nfiles == 1)
        return bench_fail(err, -EINVAL, "'%s' is compared with what? It takes two results",
                          o->files[0]);
    if (o->measured.ntargets == 0)
        return bench_fail(err, -EINVAL, "it takes two results, or --target twice");
    rc = bench_plan_options_finish(&o->measured, err);
    return rc == 0 ? check_live(o, err) : rc;
}

int cmd_compare(int argc, char **argv)
{
    struct compare_options *o = calloc(1, sizeof(*o));
    struct bench_error err = {0};
    if (o == NULL)
        return EXIT_NOT_MEASURED;
    o->how.margin = 0.05;
    int rc = parse(o, argc, argv, &err), status = EXIT_FINE;
    if (rc < 0)
        status = cli_usage_error(cli_find("compare"), &err);
    else if (rc == 0)
        status = o->nfiles == 2 ? compare_files(o) : compare_live(o);
    bench_plan_fini(&o->measured.plan);
    free(o);
    return status;
}
