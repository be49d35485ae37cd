/* SPDX-License-Identifier: MIT */
#include "suite/gate_prove.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "render/json.h"
#include "render/table.h"
#include "stats/binomial.h"
#include "suite/contrast.h"
#include "suite/noise.h"
#include "suite/orchestrator.h"
#include "suite/report.h"
#include "suite/sysinfo.h"

#define CONFIDENCE 0.95

const int bench_prove_sizes[BENCH_PROVE_SIZES] = {0, 2, 5, 10, 20};

/* ---- the two arms ---- */

int bench_prove_check(const struct bench_plan *plan, struct bench_error *err)
{
    size_t workloads = 0;
    for (int i = 0; i < BENCH_WORKLOAD_COUNT; i++)
        workloads += plan->workloads[i];
    if (plan->ntargets != 1 || plan->targets[0].server == NULL ||
        plan->targets[0].server->program != NULL)
        return bench_fail(err, -EINVAL,
                          "--prove slows one of our own servers down: it takes one --target with "
                          "server 'native', not %s",
                          plan->ntargets == 1 ? plan->targets[0].name : "several");
    if (workloads != 1)
        return bench_fail(err, -EINVAL, "--prove takes one --workload, not %zu", workloads);
    return 0;
}

/* The plan with a second arm: the same target, whose server is told to be slower; by nothing for 0.
 * The arm is the caller's. */
static int add_arm(const struct bench_plan *plan, int64_t spin_ns, struct bench_plan *out,
                   struct bench_error *err)
{
    *out = *plan;
    int rc = bench_plan_double(out, err);
    if (rc < 0)
        return rc;
    struct bench_target *arm = &out->targets[1];
    const struct bench_text text = bench_format_duration_exact(spin_ns);
    if (spin_ns > 0)
        (void)snprintf(arm->inject, sizeof(arm->inject), "cpu=%.31s", text.s);
    return 0;
}

/* The cell of a target by its name: not of variants that its workload adds. */
static const struct bench_result *cell_of(const struct bench_run *run, const char *name)
{
    for (size_t i = 0; i < run->nresults; i++)
        if (strcmp(run->results[i].target->name, name) == 0 && run->results[i].pooled != NULL)
            return &run->results[i];
    return NULL;
}

/* ---- one experiment ---- */

struct prover {
    const struct bench_plan *plan;
    struct bench_watch *watch;
    struct bench_proof *proof;
    struct bench_noise *noise;
    double seconds; /* of an experiment */
};

static bool is_beyond(const struct bench_contrast_row *row, double tolerance)
{
    return row->verdict == BENCH_VERDICT_SLOWER && row->effect.ratio.low > 1 + tolerance;
}

static void judge(const struct prover *p, const struct bench_contrast *contrast,
                  struct bench_proof_row *row)
{
    bool told = false, failed = false;
    for (size_t i = 0; i < contrast->nrows; i++) {
        const struct bench_contrast_row *one = &contrast->rows[i];
        const bool differs = one->verdict == BENCH_VERDICT_SLOWER ||
                             (row->percent == 0 && one->verdict == BENCH_VERDICT_FASTER);
        told |= differs;
        failed |= is_beyond(one, p->proof->tolerance);
        if (one->metric->id == BENCH_METRIC_CPU)
            row->told_cpu += differs;
        else
            row->told_time += differs;
    }
    row->n++;
    row->told += told;
    row->failed += failed;
}

/* A cell that was client-bound has figures all the same: on one core it always may be, and both
 * arms have the same client. */
static void forgive_client(struct bench_run *run)
{
    for (size_t i = 0; i < run->nresults; i++)
        if (run->results[i].status == BENCH_CELL_CLIENT_BOUND)
            run->results[i].status = BENCH_CELL_OK;
}

static int experiment(struct prover *p, struct bench_proof_row *row, int64_t seed,
                      struct bench_error *err)
{
    struct bench_plan *plan = malloc(sizeof(*plan));
    struct bench_run *run = NULL;
    int rc = plan == NULL ? bench_fail(err, -ENOMEM, "out of memory")
                          : add_arm(p->plan, row->spin_ns, plan, err);
    if (rc < 0) {
        free(plan);
        return rc;
    }
    plan->seed = seed;
    rc = bench_orchestrate(plan, p->watch, &run, err);
    if (rc == 0 && p->watch->interrupted)
        rc = bench_fail(err, -EINTR, "interrupted");
    if (rc == 0) {
        const struct bench_contrast_options options = {.metrics = 1u << BENCH_METRIC_CPU |
                                                                  1u << BENCH_METRIC_P50,
                                                       .noise = p->noise,
                                                       .margin = p->proof->tolerance};
        struct bench_contrast contrast;
        forgive_client(run);
        rc = bench_contrast_within(run, plan->targets[0].name, plan->targets[1].name, &options,
                                   &contrast);
        if (rc == 0 && contrast.nrows == 0)
            (void)fprintf(stderr, "rpycbench gate: an experiment could not be measured\n");
        else if (rc == 0)
            judge(p, &contrast, row);
        bench_contrast_fini(&contrast);
    }
    bench_run_free(run);
    bench_target_fini(&plan->targets[1]);
    free(plan);
    return rc;
}

/* ---- all of them ---- */

/* What a request takes, and how long an experiment will. */
static int pilot(struct prover *p, struct bench_error *err)
{
    struct bench_run *run = NULL;
    struct bench_proof *proof = p->proof;
    int rc = bench_orchestrate(p->plan, p->watch, &run, err);
    if (rc < 0)
        return rc;
    const struct bench_result *cell = cell_of(run, p->plan->targets[0].name);
    if (p->watch->interrupted) {
        rc = bench_fail(err, -EINTR, "interrupted");
    } else if (cell == NULL || bench_result_is_bulk(cell)) {
        rc = bench_fail(err, -ENODATA, "the pilot found no response time of %.150s",
                        p->plan->targets[0].name);
    } else {
        proof->p50_s = bench_metric_of_result(bench_metric_get(BENCH_METRIC_P50), cell);
        proof->cpu_s = bench_metric_of_result(bench_metric_get(BENCH_METRIC_CPU), cell);
        p->seconds = 2 * run->duration;
        (void)bench_text_clean(cell->target->name, proof->target, sizeof(proof->target));
        bench_contrast_cell(cell, proof->cell, sizeof(proof->cell));
        (void)bench_report_environment(run, proof->environment, sizeof(proof->environment));
        rc = bench_noise_read(run->environment_hash, &p->noise, err);
        proof->floor_time =
            bench_noise_floor(p->noise, cell->workload, bench_metric_get(BENCH_METRIC_P50));
        proof->floor_cpu =
            bench_noise_floor(p->noise, cell->workload, bench_metric_get(BENCH_METRIC_CPU));
        if (rc == 0 && !(proof->p50_s > 0))
            rc = bench_fail(err, -ENODATA, "the pilot found no response time");
    }
    bench_run_free(run);
    return rc;
}

static void announce(const struct prover *p, size_t experiments)
{
    const double total = p->seconds * (double)experiments * BENCH_PROVE_SIZES;
    (void)fprintf(stderr,
                  "%zu experiments with each of %d slowdowns (0 to %d %%), %lld blocks each: about "
                  "%d:%02d minutes\n",
                  experiments, BENCH_PROVE_SIZES, bench_prove_sizes[BENCH_PROVE_SIZES - 1],
                  (long long)p->plan->repeats, (int)total / 60, (int)total % 60);
}

int bench_prove_run(const struct bench_plan *plan, size_t experiments, double tolerance,
                    struct bench_watch *watch, struct bench_proof *out, struct bench_error *err)
{
    *out = (struct bench_proof){.tolerance = tolerance,
                                .alpha = BENCH_VERDICT_RULES.alpha,
                                .blocks = plan->repeats,
                                .floor_time = NAN,
                                .floor_cpu = NAN};
    (void)bench_sysinfo_unfit_build(&out->unfit);
    struct prover p = {.plan = plan, .watch = watch, .proof = out};
    int rc = pilot(&p, err);
    if (rc == 0)
        announce(&p, experiments);
    watch->progress->part = "one of many experiments"; /* which are counted below */
    watch->progress->on = false;
    for (size_t s = 0; s < BENCH_PROVE_SIZES; s++) {
        out->rows[s].percent = bench_prove_sizes[s];
        out->rows[s].spin_ns = (int64_t)(out->p50_s * 1e9 * bench_prove_sizes[s] / 100 + 0.5);
    }
    /* All slowdowns in turns, so that what the machine does in the meantime meets all alike. */
    for (size_t e = 0; rc == 0 && e < experiments; e++) {
        for (size_t s = 0; rc == 0 && s < BENCH_PROVE_SIZES; s++)
            rc = experiment(&p, &out->rows[s],
                            plan->seed + 1 + (int64_t)(e * BENCH_PROVE_SIZES + s), err);
        if (rc == 0)
            (void)fprintf(stderr, "%zu of %zu\n", e + 1, experiments);
    }
    bench_noise_free(p.noise);
    for (size_t s = 0; rc == 0 && s < BENCH_PROVE_SIZES; s++)
        if (out->rows[s].n == 0)
            rc = bench_fail(err, -ENODATA, "no experiment with %d %% could be measured",
                            out->rows[s].percent);
    return rc;
}

bool bench_proof_holds(const struct bench_proof *proof)
{
    const struct bench_proof_row *none = &proof->rows[0],
                                 *most = &proof->rows[BENCH_PROVE_SIZES - 1];
    return none->n > 0 && most->n > 0 &&
           bench_binomial_bounds(none->told, none->n, CONFIDENCE).low <= proof->alpha &&
           2 * most->told > most->n;
}

/* ---- what came of it ---- */

static void cell_of_share(struct bench_table *table, size_t hits, size_t n)
{
    const struct bench_bounds b = bench_binomial_bounds(hits, n, CONFIDENCE);
    char text[80];
    (void)snprintf(text, sizeof(text), "%zu of %zu [%.0f, %.0f %%]", hits, n, 100 * b.low,
                   100 * b.high);
    bench_table_cell(table, text);
}

static void write_floor(FILE *out, const char *name, double floor)
{
    if (isnan(floor))
        (void)fprintf(out, "%s not known (rpycbench run --aa finds it)", name);
    else
        (void)fprintf(out, "%s %.1f %%", name, 100 * floor);
}

int bench_proof_write(const struct bench_proof *proof, FILE *out)
{
    struct bench_table *table = bench_table_new();
    char text[80];
    if (table == NULL)
        return -ENOMEM;
    (void)fprintf(out, "%s, %s, %lld blocks; the pilot found p50 %s, server CPU per request %s\n\n",
                  proof->target, proof->cell, (long long)proof->blocks,
                  bench_format_seconds(proof->p50_s).s,
                  isnan(proof->cpu_s) ? "-" : bench_format_seconds(proof->cpu_s).s);
    bench_table_column(table, "injected", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "spin per request", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "told [95 %]", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "by CPU", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "by p50", BENCH_ALIGN_RIGHT, 0);
    (void)snprintf(text, sizeof(text), "beyond %g %% [95 %%]", 100 * proof->tolerance);
    bench_table_column(table, text, BENCH_ALIGN_RIGHT, 0);
    for (size_t s = 0; s < BENCH_PROVE_SIZES; s++) {
        const struct bench_proof_row *row = &proof->rows[s];
        bench_table_row(table);
        (void)snprintf(text, sizeof(text), row->percent == 0 ? "nothing (A/A)" : "%d %%",
                       row->percent);
        bench_table_cell(table, text);
        bench_table_cell(
            table, row->percent == 0 ? "-" : bench_format_seconds((double)row->spin_ns / 1e9).s);
        cell_of_share(table, row->told, row->n);
        (void)snprintf(text, sizeof(text), "%zu", row->told_cpu);
        bench_table_cell(table, text);
        (void)snprintf(text, sizeof(text), "%zu", row->told_time);
        bench_table_cell(table, text);
        cell_of_share(table, row->failed, row->n);
    }
    int rc = bench_table_write(table, out);
    bench_table_free(table);
    (void)fprintf(
        out,
        "\ninjected: of the response time, as a spin in the server. told: a difference "
        "after Holm at %g %%;\nwhat is told of nothing is a false alarm. beyond: a gate "
        "with that tolerance would fail, before its\nsecond batch. This machine's noise: ",
        100 * proof->alpha);
    write_floor(out, "p50", proof->floor_time);
    write_floor(out, ", CPU", proof->floor_cpu);
    (void)fprintf(out, "\n%s%s", proof->environment, proof->environment[0] != '\0' ? "\n" : "");
    if (proof->unfit != NULL)
        (void)fprintf(out, "%s: these times are no measurement\n", proof->unfit);
    (void)fprintf(out, "%s\n",
                  bench_proof_holds(proof)
                      ? "holds: false alarms are no more than chance explains, and the largest "
                        "slowdown is found"
                      : "does not hold: too many false alarms, or the largest slowdown is missed");
    return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}

int bench_proof_write_json(const struct bench_proof *proof, FILE *out)
{
    json_t *rows = json_array();
    bool failed = rows == NULL;
    for (size_t s = 0; s < BENCH_PROVE_SIZES; s++) {
        const struct bench_proof_row *row = &proof->rows[s];
        const struct bench_bounds told = bench_binomial_bounds(row->told, row->n, CONFIDENCE);
        failed |=
            json_array_append_new(
                rows, json_pack("{s:i,s:f,s:I,s:I,s:o,s:o,s:I,s:I,s:I}", "percent", row->percent,
                                "spin_seconds", (double)row->spin_ns / 1e9, "experiments",
                                (json_int_t)row->n, "told", (json_int_t)row->told, "told_low",
                                bench_json_real(told.low), "told_high", bench_json_real(told.high),
                                "told_by_cpu", (json_int_t)row->told_cpu, "told_by_p50",
                                (json_int_t)row->told_time, "beyond_tolerance",
                                (json_int_t)row->failed)) != 0;
    }
    json_t *whole =
        json_pack("{s:s,s:b,s:s,s:s,s:I,s:f,s:f,s:o,s:o,s:o}", "schema", "rpycbench-proof-1",
                  "holds", (int)bench_proof_holds(proof), "target", proof->target, "cell",
                  proof->cell, "blocks", (json_int_t)proof->blocks, "alpha", proof->alpha,
                  "tolerance", proof->tolerance, "p50", bench_json_real(proof->p50_s),
                  "server_cpu_per_request", bench_json_real(proof->cpu_s), "rows", rows);
    if (whole == NULL || failed) {
        json_decref(whole);
        return -ENOMEM;
    }
    int rc = json_dumpf(whole, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 ? 0 : -EIO;
    (void)fputc('\n', out);
    json_decref(whole);
    return rc;
}
