/* SPDX-License-Identifier: MIT */
/* gate: a saved result, or one that is measured now, against limits and a baseline. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/units.h"
#include "render/table.h"
#include "suite/gate.h"
#include "suite/gate_prove.h"
#include "suite/noise.h"
#include "suite/orchestrator.h"
#include "suite/output.h"
#include "suite/plan_options.h"
#include "suite/report.h"
#include "suite/sysinfo.h"

enum { LIMITS_MAX = 64 };

struct gate_options {
    struct bench_plan_options measured; /* first: the rows of a plan write there */
    const char *file;                   /* a saved result; NULL = measured now */
    struct bench_gate_limit limits[LIMITS_MAX];
    size_t nlimits;
    struct bench_gate_rules rules;
    const char *baseline_file, *save_file, *junit_file, *markdown_file;
    enum bench_gate_outcome inconclusive_is;
    enum { AS_TEXT, AS_MARKDOWN, AS_JSON } format;
    bool prove;
    int64_t experiments;
};

/* What a gate works with, apart from what was asked. */
struct work {
    const struct gate_options *o;
    struct bench_gate gate;
    struct bench_run *baseline, *run, *again;
    struct bench_noise *noise;
    struct bench_progress progress;
    struct bench_watch watch;
};

static void complain(const char *what) { (void)fprintf(stderr, "rpycbench gate: %s\n", what); }

/* ---- options ---- */

/* RESULT.json, or behind --prove a number of experiments. */
static int set_argument(void *target, const char *value, struct bench_error *err)
{
    struct gate_options *o = target;
    if (o->prove && value[0] != '\0' && value[strspn(value, "0123456789")] == '\0')
        return bench_parse_int(value, 1, BENCH_PROVE_MOST, &o->experiments, err);
    if (o->file != NULL)
        return bench_fail(err, -EINVAL, "'%s' is one result too many", value);
    o->file = value;
    return 0;
}

static int add_limit(void *target, const char *value, bool is_least, struct bench_error *err)
{
    struct gate_options *o = target;
    if (o->nlimits == LIMITS_MAX)
        return bench_fail(err, -ENOSPC, "more than %d limits", LIMITS_MAX);
    int rc = bench_gate_limit_parse(value, is_least, &o->limits[o->nlimits], err);
    o->nlimits += rc == 0;
    return rc;
}

static int set_max(void *target, const char *value, struct bench_error *err)
{
    return add_limit(target, value, false, err);
}

static int set_min(void *target, const char *value, struct bench_error *err)
{
    return add_limit(target, value, true, err);
}

static int set_metric(void *target, const char *value, struct bench_error *err)
{
    return bench_metric_list(value, &((struct gate_options *)target)->rules.metrics, err);
}

static int set_tolerance(void *target, const char *value, struct bench_error *err)
{
    struct gate_options *o = target;
    double tolerance;
    int rc = bench_metric_parse(bench_metric_get(BENCH_METRIC_SUCCESS), value, &tolerance, err);
    if (rc == 0 && !(tolerance > 0))
        return bench_fail(err, -EINVAL, "'%s' tolerates nothing: every run differs a little",
                          value);
    if (rc == 0)
        o->rules.tolerance = tolerance;
    return rc;
}

static int set_inconclusive(void *target, const char *value, struct bench_error *err)
{
    static const char *const words[] = {"fail", "pass", NULL};
    const int word = cli_choose(value, words, err);
    if (word >= 0)
        ((struct gate_options *)target)->inconclusive_is =
            word == 0 ? BENCH_GATE_REGRESSED : BENCH_GATE_OK;
    return word < 0 ? word : 0;
}

static int set_format(void *target, const char *value, struct bench_error *err)
{
    const int format = cli_choose(value, cli_formats, err);
    if (format >= 0)
        ((struct gate_options *)target)->format = format;
    return format < 0 ? format : 0;
}

static int set_path(const char **out, const char *value, struct bench_error *err)
{
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not a file");
    *out = value;
    return 0;
}

#define X(member)                                                                                  \
    static int set_##member(void *target, const char *value, struct bench_error *err)              \
    {                                                                                              \
        return set_path(&((struct gate_options *)target)->member##_file, value, err);              \
    }
X(baseline)
X(save) X(junit) X(markdown)
#undef X

    static int set_force(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct gate_options *)target)->rules.forced = true;
    return 0;
}

static int set_prove(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct gate_options *)target)->prove = true;
    return 0;
}

static const struct cli_option options[] = {
    {"max", "[[TARGET:]WORKLOAD:]METRIC=VALUE",
     "p99=100ms, cpu-per-request=40us, latency:round-trips=2: no cell may be above", set_max},
    {"min", "[[TARGET:]WORKLOAD:]METRIC=VALUE", "success=99.9%, throughput=5000: or below",
     set_min},
    {"baseline", "FILE", "a result of before: no cell may be worse than its cell there",
     set_baseline},
    {"tolerance", "PERCENT", "but for this much (5%)", set_tolerance},
    {"metric", "LIST",
     "judged against the baseline: p50, p99, throughput, cpu-per-request, bytes ... (those)",
     set_metric},
    {"force", NULL, "compares with a baseline of another machine, placement or plan", set_force},
    {"save", "FILE", "keeps the result as the next baseline if the outcome is ok", set_save},
    {"inconclusive", "WHAT", "fail or pass: instead of exit status 5", set_inconclusive},
    {"format", "FORMAT", "text, md or json (text)", set_format},
    {"junit", "FILE", "writes JUnit XML, a case for each figure", set_junit},
    {"markdown", "FILE", "writes Markdown ($GITHUB_STEP_SUMMARY gets it by itself)", set_markdown},
    {"prove", NULL,
     "injects known slowdowns into the target's server, 10 times each ('--prove 20': 20), and says "
     "how many are found",
     set_prove},
    {NULL, NULL, NULL, NULL},
};

/* What a limit asks for has to be measured: known before anything starts. */
static int check_workloads(const struct gate_options *o, struct bench_error *err)
{
    for (size_t i = 0; i < o->nlimits; i++) {
        const struct bench_workload *w = bench_workload_find(o->limits[i].workload);
        if (w != NULL && !o->measured.plan.workloads[w->id])
            return bench_fail(err, -EINVAL, "%.150s fits no cell: %s is not measured",
                              o->limits[i].text, w->name);
    }
    return 0;
}

static int parse(struct gate_options *o, int argc, char **argv, struct bench_error *err)
{
    int rc = bench_plan_options_parse(&o->measured, "gate", options, set_argument, argc, argv, err);
    if (rc != 0)
        return rc;
    if (o->prove && (o->file != NULL || o->nlimits > 0 || o->baseline_file != NULL))
        return bench_fail(err, -EINVAL, "--prove takes no result, limits or baseline");
    if (!o->prove && o->nlimits == 0 && o->baseline_file == NULL)
        return bench_fail(err, -EINVAL,
                          "a gate that can never fail: give it --max, --min or --baseline");
    if (o->file != NULL)
        return 0;
    struct bench_plan *plan = &o->measured.plan;
    if (o->prove && !plan->workloads_chosen)
        plan->workloads[BENCH_WORKLOAD_LATENCY] = plan->workloads_chosen = true;
    if (o->prove && !plan->placement_chosen) {
        plan->placements[BENCH_PLACEMENT_FREE] = false;
        plan->placements[BENCH_PLACEMENT_SAME] = plan->placement_chosen = true;
    }
    rc = bench_plan_options_finish(&o->measured, err);
    if (rc == 0 && o->prove)
        return bench_prove_check(plan, err);
    return rc == 0 ? check_workloads(o, err) : rc;
}

/* ---- measuring ---- */

static int note(struct work *w, enum bench_gate_outcome outcome, const char *words)
{
    return bench_gate_add_note(&w->gate, outcome, words);
}

static int read_file(struct work *w, const char *path, struct bench_run **out)
{
    struct bench_error err = {0};
    bool whole;
    if (bench_result_read(path, out, &whole, &err) == 0)
        return 0;
    w->gate.status = EXIT_USAGE; /* unreadable input */
    return note(w, BENCH_GATE_ERROR, err.msg);
}

static int measure(struct work *w, const struct bench_plan *plan, struct bench_run **out)
{
    struct bench_error err = {0};
    if (bench_orchestrate(plan, &w->watch, out, &err) < 0)
        return note(w, BENCH_GATE_ERROR, err.msg);
    if (w->watch.interrupted) {
        w->gate.status = EXIT_INTERRUPTED;
        return note(w, BENCH_GATE_ERROR, "interrupted: not everything was measured");
    }
    return 0;
}

static bool is_server_of(const struct bench_target *target, const struct bench_target_info *info)
{
    if (target->server == NULL || strcmp(target->name, info->name) == 0)
        return strcmp(target->name, info->name) == 0;
    return strcmp(target->protocol->name, info->protocol) == 0 &&
           strcmp(target->server->mode, info->mode) == 0 &&
           strcmp(target->server->server, info->server) == 0;
}

/* The plan but for targets and workloads in which nothing regressed. Borrows from it. */
static void narrow(const struct work *w, struct bench_plan *plan)
{
    bool workloads[BENCH_WORKLOAD_COUNT] = {false}, targets[BENCH_TARGETS_MAX] = {false};
    bool any = false;
    for (size_t i = 0; i < w->gate.nchecks; i++) {
        const struct bench_gate_check *check = &w->gate.checks[i];
        if (check->outcome != BENCH_GATE_REGRESSED || check->baseline == NULL)
            continue;
        const struct bench_workload *workload = bench_workload_find(check->baseline->workload);
        if (workload != NULL)
            workloads[workload->id] = true;
        for (size_t t = 0; t < plan->ntargets; t++) {
            targets[t] |= is_server_of(&plan->targets[t], check->baseline->target);
            any |= targets[t];
        }
    }
    memcpy(plan->workloads, workloads, sizeof(workloads));
    size_t kept = 0;
    for (size_t t = 0; t < plan->ntargets; t++)
        if (targets[t] || !any) /* a single target may have had another name */
            plan->targets[kept++] = plan->targets[t];
    plan->ntargets = kept;
}

static size_t regressed(const struct bench_gate *gate)
{
    size_t n = 0;
    for (size_t i = 0; i < gate->nchecks; i++)
        n += gate->checks[i].outcome == BENCH_GATE_REGRESSED && gate->checks[i].baseline != NULL;
    return n;
}

static int measure_again(struct work *w, const struct bench_gate_rules *rules)
{
    const size_t worse = regressed(&w->gate);
    if (worse == 0 || w->o->file != NULL || w->gate.status != EXIT_FINE)
        return 0;
    struct bench_plan *plan = malloc(sizeof(*plan));
    if (plan == NULL)
        return -ENOMEM;
    *plan = w->o->measured.plan;
    narrow(w, plan);
    plan->seed++;
    (void)fprintf(stderr, "%zu figure%s worse than the baseline: measured a second time\n", worse,
                  worse == 1 ? " is" : "s are");
    int rc = measure(w, plan, &w->again);
    struct bench_run *nothing = w->again == NULL ? bench_run_new() : NULL;
    const struct bench_run *again = w->again != NULL ? w->again : nothing;
    if (rc == 0)
        rc = again == NULL ? -ENOMEM : bench_gate_repeat(&w->gate, w->baseline, again, rules);
    bench_run_free(nothing);
    free(plan);
    return rc;
}

/* ---- judging ---- */

static int judge(struct work *w)
{
    const struct gate_options *o = w->o;
    struct bench_error err = {0};
    const struct bench_gate_filter filter =
        o->file == NULL
            ? (struct bench_gate_filter){.ntargets = 0}
            : (struct bench_gate_filter){
                  o->measured.targets, o->measured.ntargets,
                  o->measured.plan.workloads_chosen ? o->measured.plan.workloads : NULL};
    struct bench_gate_rules rules = o->rules;
    if (bench_noise_read(w->run->environment_hash, &w->noise, &err) < 0)
        complain(err.msg);
    rules.noise = w->noise;
    int rc = bench_gate_limits(&w->gate, w->run, &filter, o->limits, o->nlimits, &err);
    if (rc == -EINVAL) {
        w->gate.status = EXIT_USAGE;
        return note(w, BENCH_GATE_ERROR, err.msg);
    }
    if (rc == 0 && w->baseline != NULL) {
        rc = bench_gate_baseline(&w->gate, w->baseline, w->run, &filter, &rules);
        if (rc == 0)
            rc = measure_again(w, &rules);
    }
    if (rc == 0)
        rc = bench_gate_failures(&w->gate, w->run, &filter);
    if (rc == 0 && w->gate.nchecks == 0)
        rc = note(w, BENCH_GATE_ERROR, "nothing was measured");
    return rc;
}

/* ---- telling ---- */

typedef int (*write_fn)(const struct bench_gate *gate, FILE *out);

static int write_file(const struct bench_gate *gate, const char *path, bool append, write_fn write)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, append ? "a" : "w");
    int rc = fd < 0 ? -errno : out == NULL ? -ENOMEM : write(gate, out);
    if (out == NULL && fd >= 0)
        (void)close(fd);
    if (out != NULL && fclose(out) != 0 && rc == 0)
        rc = -EIO;
    if (rc < 0)
        (void)fprintf(stderr, "rpycbench gate: cannot write '%s': %s\n", path,
                      bench_errno_text(rc));
    return rc;
}

static int save_run(const struct work *w, struct bench_error *err)
{
    const struct gate_options *o = w->o;
    const struct bench_plan *plan = &o->measured.plan;
    const bool live = o->file == NULL;
    int rc = 0;
    if (live && plan->json_file != NULL && strcmp(plan->json_file, "-") != 0)
        rc = bench_output_json(w->run, plan->json_file, err);
    if (rc == 0 && live && plan->output_dir != NULL)
        rc = bench_output_folder(w->run, plan->output_dir, err);
    if (rc < 0 || o->save_file == NULL)
        return rc;
    const enum bench_gate_outcome outcome = bench_gate_outcome(&w->gate);
    if (outcome == BENCH_GATE_OK && w->gate.status == EXIT_FINE)
        return bench_output_json(w->run, o->save_file, err);
    (void)fprintf(stderr, "rpycbench gate: '%s' was left as it is: the outcome is %s\n",
                  o->save_file, bench_gate_key(outcome));
    return 0;
}

/* Everything that was asked for; what cannot be written is an error whatever the figures say. */
static int tell(struct work *w)
{
    static const write_fn writers[] = {bench_gate_write_text, bench_gate_write_markdown,
                                       bench_gate_write_json};
    const struct gate_options *o = w->o;
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    struct bench_error err = {0};
    int rc = writers[o->format](&w->gate, stdout);
    if (rc < 0)
        complain(bench_errno_text(rc));
    if (o->junit_file != NULL) {
        const int one = write_file(&w->gate, o->junit_file, false, bench_gate_write_junit);
        rc = rc < 0 ? rc : one;
    }
    if (o->markdown_file != NULL) {
        const int one = write_file(&w->gate, o->markdown_file, false, bench_gate_write_markdown);
        rc = rc < 0 ? rc : one;
    }
    if (summary != NULL && summary[0] != '\0') /* nobody asked for it: no more than a complaint */
        (void)write_file(&w->gate, summary, true, bench_gate_write_markdown);
    if (w->run != NULL) {
        const int one = save_run(w, &err);
        if (one < 0)
            complain(err.msg);
        rc = rc < 0 ? rc : one;
    }
    return rc;
}

static void describe(struct work *w)
{
    struct bench_gate *gate = &w->gate;
    (void)bench_text_clean(w->o->measured.plan.command, gate->command, sizeof(gate->command));
    if (w->run == NULL)
        return;
    (void)bench_report_environment(w->run, gate->environment, sizeof(gate->environment));
    gate->started = w->run->started;
    gate->duration = w->run->duration + (w->again != NULL ? w->again->duration : 0);
}

static void warn_of_build(void)
{
    const char *unfit;
    if (bench_sysinfo_unfit_build(&unfit))
        (void)fprintf(stderr, "rpycbench: %s: these times are no measurement\n", unfit);
}

static int run_gate(const struct gate_options *o)
{
    struct work w = {
        .o = o,
        .gate = {.tolerance = NAN, .live = o->file == NULL, .inconclusive_is = o->inconclusive_is},
        .watch = {.signal_fd = -1}};
    w.watch.progress = &w.progress;
    int rc = o->baseline_file != NULL ? read_file(&w, o->baseline_file, &w.baseline) : 0;
    if (rc == 0 && w.gate.status == EXIT_FINE && o->file != NULL) {
        rc = read_file(&w, o->file, &w.run);
    } else if (rc == 0 && w.gate.status == EXIT_FINE) {
        warn_of_build();
        w.watch.signal_fd = cli_block_signals();
        rc = measure(&w, &o->measured.plan, &w.run);
    }
    if (rc == 0 && w.run != NULL && w.gate.status == EXIT_FINE)
        rc = judge(&w);
    if (rc == 0) {
        describe(&w);
        rc = tell(&w);
    } else {
        complain(bench_errno_text(rc));
    }
    int status = bench_gate_exit_status(&w.gate);
    if (rc < 0 && w.gate.status == EXIT_FINE)
        status = EXIT_NOT_MEASURED;
    bench_gate_fini(&w.gate);
    bench_noise_free(w.noise);
    bench_run_free(w.baseline);
    bench_run_free(w.run);
    bench_run_free(w.again);
    return status;
}

/* ---- the gate itself put to the test ---- */

static int prove(const struct gate_options *o)
{
    struct bench_error err = {0};
    struct bench_progress progress = {.on = false};
    struct bench_watch watch = {.signal_fd = cli_block_signals(), .progress = &progress};
    struct bench_proof *proof = calloc(1, sizeof(*proof));
    if (proof == NULL)
        return EXIT_NOT_MEASURED;
    warn_of_build();
    int rc = bench_prove_run(&o->measured.plan, (size_t)o->experiments, o->rules.tolerance, &watch,
                             proof, &err);
    int status = EXIT_NOT_MEASURED;
    if (rc < 0) {
        complain(err.msg);
        status = watch.interrupted ? EXIT_INTERRUPTED : EXIT_NOT_MEASURED;
    } else {
        rc = o->format == AS_JSON ? bench_proof_write_json(proof, stdout)
                                  : bench_proof_write(proof, stdout);
        status = rc < 0 ? EXIT_NOT_MEASURED : bench_proof_holds(proof) ? EXIT_FINE : EXIT_NO;
    }
    free(proof);
    return status;
}

int cmd_gate(int argc, char **argv)
{
    struct gate_options *o = calloc(1, sizeof(*o));
    struct bench_error err = {0};
    if (o == NULL)
        return EXIT_NOT_MEASURED;
    o->rules.tolerance = 0.05;
    o->inconclusive_is = BENCH_GATE_INCONCLUSIVE;
    o->experiments = BENCH_PROVE_EXPERIMENTS;
    int rc = parse(o, argc, argv, &err), status = EXIT_FINE;
    if (rc < 0)
        status = cli_usage_error(cli_find("gate"), &err);
    else if (rc == 0)
        status = o->prove ? prove(o) : run_gate(o);
    bench_plan_fini(&o->measured.plan);
    free(o);
    return status;
}
