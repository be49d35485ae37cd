/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/aa.h"
#include "suite/orchestrator.h"
#include "suite/output.h"
#include "suite/pilot.h"
#include "suite/plan_options.h"
#include "suite/sysinfo.h"

#define TEXT_LIMIT ((size_t)256 << 20)

static int set_pilot(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct bench_plan_options *)target)->plan.pilot = true;
    return 0;
}

static int set_aa(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct bench_plan_options *)target)->plan.aa = true;
    return 0;
}

static const struct cli_option own_options[] = {
    {"aa", NULL, "measures each target against itself and keeps this machine's noise floor", set_aa},
    {"pilot", NULL,
     "a few short blocks, then the cheapest --repeats and counts for --precision (5%)", set_pilot},
    {NULL, NULL, NULL, NULL},
};

/* What a pilot or an A/A run has to say instead of the tables. */
static int print_answer(FILE *out, const struct bench_plan *plan, const struct bench_run *run,
                        int argc, char **argv)
{
    int rc = plan->aa      ? bench_aa_print(out, run)
             : plan->pilot ? bench_pilot_print(out, plan, run, argc, argv)
                           : 0;
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench run: no answer: %s\n", bench_errno_text(rc));
    return rc;
}

static int print_results(const struct bench_plan *plan, const struct bench_run *run, int argc,
                         char **argv)
{
    struct bench_buf text;
    struct bench_error err = {0};
    bench_buf_init(&text, TEXT_LIMIT);
    bool json_to_stdout = plan->json_file != NULL && strcmp(plan->json_file, "-") == 0;
    int rc = print_answer(json_to_stdout ? stderr : stdout, plan, run, argc, argv);
    if (rc == 0 && json_to_stdout)
        rc = bench_report_json(run, &text);
    else if (rc == 0 && !plan->aa && !plan->pilot)
        rc = bench_report_tables(run, &text);
    if (rc == 0 && bench_buf_length(&text) > 0)
        (void)fwrite(bench_buf_head(&text), 1, bench_buf_length(&text), stdout);
    bench_buf_fini(&text);
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench run: no report: %s\n", bench_errno_text(rc));
    int saved = rc;
    if (plan->json_file != NULL && !json_to_stdout)
        saved = bench_output_json(run, plan->json_file, &err);
    if (saved == 0 && plan->output_dir != NULL)
        saved = bench_output_folder(run, plan->output_dir, &err);
    if (saved < 0)
        (void)fprintf(stderr, "rpycbench run: %s\n", err.msg);
    return saved < 0 ? saved : rc;
}

int cmd_run(int argc, char **argv)
{
    struct bench_plan_options *o = calloc(1, sizeof(*o));
    struct bench_error err = {0};
    if (o == NULL)
        return EXIT_NOT_MEASURED;
    int rc = bench_plan_options_parse(o, "run", own_options, NULL, argc, argv, &err);
    if (rc == 0)
        rc = bench_plan_options_finish(o, &err);
    int status = rc < 0 ? cli_usage_error(cli_find("run"), &err) : EXIT_FINE;
    if (rc == 0) {
        const char *unfit;
        if (bench_sysinfo_unfit_build(&unfit))
            (void)fprintf(stderr, "rpycbench: %s: these times are no measurement\n", unfit);
        struct bench_progress progress = {.on = false};
        struct bench_watch watch = {.signal_fd = cli_block_signals(), .progress = &progress};
        struct bench_run *run = NULL;
        rc = bench_orchestrate(&o->plan, &watch, &run, &err);
        status = EXIT_NOT_MEASURED;
        if (rc < 0)
            (void)fprintf(stderr, "rpycbench run: %s\n", err.msg);
        else if (print_results(&o->plan, run, argc, argv) == 0)
            status = bench_run_exit_status(run, o->plan.workloads_chosen);
        bench_run_free(run);
    }
    bench_plan_fini(&o->plan);
    free(o);
    return status;
}
