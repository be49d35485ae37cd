/* SPDX-License-Identifier: MIT */
/* Whole runs: what is written, what is printed, and that the figures can be recomputed. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rig.h"
#include "tests/support/files.h"
#include "tests/support/schema.h"

static const char *const workloads[] = {"connection", "latency", "concurrent", "cpu", "io", NULL};

/* What a request costs on the wire, by target; `connection` leaves before it has read the answer to
 * its last frame (RPyC's DEL). */
struct cost {
    const char *prefix; /* of the target's name */
    double round_trips, sent, received;
};

static const struct cost costs[] = {
    {"rpyc[call=cached]/", 1, 1, 1}, {"rpyc/", 2, 3, 3}, {"http/", 1, 1, 1}, {NULL, 0, 0, 0}};

static void check_wire(const json_t *result)
{
    const char *name = rig_text(result, "target.name"), *workload = rig_text(result, "workload");
    const struct cost *cost = costs;

    while (cost->prefix && strncmp(name, cost->prefix, strlen(cost->prefix)) != 0)
        cost++;
    cr_assert_not_null(cost->prefix, "%s", name);
    cr_expect_eq(rig_number(result, "wire.round_trips"), cost->round_trips, "%s %s: %g", name,
                 workload, rig_number(result, "wire.round_trips"));
    cr_expect_eq(rig_number(result, "wire.frames_sent"), cost->sent, "%s %s: %g", name, workload,
                 rig_number(result, "wire.frames_sent"));
    if (strcmp(workload, "connection") == 0)
        return;
    /* The last answer of a connection may be counted or not. */
    const double edge = 8 / rig_number(result, "wire.operations");
    cr_expect_leq(fabs(rig_number(result, "wire.frames_received") - cost->received), edge,
                  "%s %s: %g", name, workload, rig_number(result, "wire.frames_received"));
}

static void check_statistic(const json_t *result, const char *key, double count)
{
    const json_t *s = rig_at(result, key);

    if (!s)
        return;
    cr_expect_eq(rig_number(s, "count"), count, "%s: %s: %g samples of %g",
                 rig_text(result, "target.name"), key, rig_number(s, "count"), count);
    static const char *const rising[] = {"min", "median", "p90", "p95", "p99", "p999", "max"};
    for (size_t i = 1; i < BENCH_COUNT_OF(rising); i++)
        cr_expect_leq(rig_number(s, rising[i - 1]), rig_number(s, rising[i]) * (1 + 1e-9),
                      "%s: %s above %s", key, rising[i - 1], rising[i]);
    cr_expect(rig_number(s, "mean") >= rig_number(s, "min") &&
              rig_number(s, "mean") <= rig_number(s, "max"));
}

/* Sums over the trials are the pooled figures. */
static void check_sums(const json_t *result)
{
    const char *name = rig_text(result, "target.name");
    double attempted = 0, succeeded = 0, duration = 0;
    const json_t *trial;
    size_t i;

    json_array_foreach(rig_at(result, "trials"), i, trial)
    {
        attempted += rig_number(trial, "counts.attempted");
        succeeded += rig_number(trial, "counts.succeeded");
        duration += rig_number(trial, "duration");
        const double rate = rig_number(trial, "counts.succeeded") / rig_number(trial, "duration");
        cr_expect_leq(fabs(rig_number(trial, "throughput") / rate - 1), 1e-9, "%s: trial %zu", name,
                      i);
    }
    cr_expect_eq(rig_number(result, "total_requests"), attempted, "%s", name);
    cr_expect_eq(succeeded, attempted, "%s", name);
    cr_expect_leq(fabs(rig_number(result, "duration") / duration - 1), 1e-9, "%s", name);
    const double rate = rig_number(result, "throughput.requests_per_second");
    cr_expect_leq(fabs(rate / (succeeded / duration) - 1), 1e-9, "%s: %g of %g in %g s", name, rate,
                  succeeded, duration);
    check_statistic(result, "latency", succeeded);
    check_statistic(result, "connection_time", succeeded);
    cr_expect_eq(rig_number(result, "wire.operations"), succeeded, "%s", name);
}

static void check_schema(const json_t *run)
{
    char folder[600];
    struct bench_error err = {0};

    (void)snprintf(folder, sizeof(folder), "%s/docs", TEST_SOURCE_DIR);
    json_t *schema = rig_json_file(folder, "result.schema.json");
    cr_expect_eq(support_schema_check(schema, run, &err), 0, "%s", err.msg);
    json_decref(schema);
}

static size_t file_size(const char *folder, const char *name, const char *end)
{
    char path[600];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/charts/%s.%s", folder, name, end);
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void check_charts(const char *folder)
{
    static const char *const charts[] = {"throughput", "latency-percentiles", "connection-phases",
                                         "cpu", "memory"};
    static const char *const ends[] = {"svg", "png", "gp", "dat"};

    for (size_t i = 0; i < BENCH_COUNT_OF(charts); i++)
        for (size_t k = 0; k < BENCH_COUNT_OF(ends); k++)
            cr_expect_gt(file_size(folder, charts[i], ends[k]), 100, "no charts/%s.%s", charts[i],
                         ends[k]);
}

static void check_tables(const struct support_output *out, const char *const *targets)
{
    for (const char *const *w = workloads; *w; w++)
        rig_assert_has(out->out, *w);
    for (const char *const *t = targets; *t; t++)
        rig_assert_has(out->out, *t);
    cr_expect_null(strchr(out->err, '\r'), "progress in a pipe: %s", out->err);
    cr_expect_null(strchr(out->err, '\033'), "colours in a pipe: %s", out->err);
    rig_assert_has(out->err, "measuring 2 targets");
}

static void check_run(const char *const *targets, const char *const *latency_targets)
{
    struct support_output out;
    char *folder, list[200];

    rig_adopt();
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(list, sizeof(list), "%s,%s", targets[0], targets[1]);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "2", "--workload-budget", "50ms",
                        "--workload", "connection,latency,concurrent,cpu,io", "--target", list,
                        "--output", folder));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    check_tables(&out, targets);
    check_charts(folder);
    json_t *run = rig_json_file(folder, "result.json");
    check_schema(run);
    cr_expect(json_is_false(rig_at(run, "interrupted")));
    size_t expected = 0, i;
    for (const char *const *t = targets; *t; t++)
        for (const char *const *w = workloads; *w; w++, expected++)
            rig_assert_measured(run, *t, *w);
    for (const char *const *t = latency_targets; *t; t++, expected++)
        rig_assert_measured(run, *t, "latency");
    cr_expect_eq(json_array_size(rig_at(run, "results")), expected);
    const json_t *result;
    json_array_foreach(rig_at(run, "results"), i, result)
    {
        cr_expect_eq(json_array_size(rig_at(result, "trials")), 2);
        check_wire(result);
        check_sums(result);
    }
    json_decref(run);
    support_output_free(&out);
    support_tempdir_remove(folder);
    rig_assert_nobody_left();
}

Test(run, native, .timeout = 300)
{
    check_run(WORDS("rpyc/threaded/native", "http/forking/native"),
              WORDS("rpyc[call=cached]/threaded/native"));
}

Test(run, python, .timeout = 300)
{
    rig_need_python();
    check_run(WORDS("rpyc/forking/python", "http/threaded/python"),
              WORDS("rpyc[call=cached]/forking/python"));
}

/* The same file, judged by somebody else's validator. */
Test(run, python_schema, .timeout = 300)
{
    struct support_output out;
    char *folder, file[600], schema[600];

    rig_need_python();
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(file, sizeof(file), "%s/result.json", folder);
    (void)snprintf(schema, sizeof(schema), "%s/docs/result.schema.json", TEST_SOURCE_DIR);
    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "20ms", "--target",
                        "rpyc/threaded/native,tcp/threaded/native,inproc", "--json", file));
    cr_assert_eq(out.exit_status, 0, "exit %d: %s", out.exit_status, out.err);
    support_output_free(&out);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("validate_json.py"), schema, file));
    cr_expect_eq(out.exit_status, 0, "%s", out.out);
    cr_expect_str_eq(out.out, "valid\n");
    support_output_free(&out);
    support_tempdir_remove(folder);
}

/* ---- what is printed ---- */

Test(run, json_on_stdout, .timeout = 300)
{
    struct support_output out;

    rig_run(&out,
            WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "20ms", "--workload",
                  "latency", "--target", "rpyc/threaded/native", "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *run = rig_json(out.out); /* refuses anything behind the document */
    check_schema(run);
    cr_expect_eq(out.out[0], '{');
    rig_assert_measured(run, "rpyc/threaded/native", "latency");
    rig_assert_measured(run, "rpyc[call=cached]/threaded/native", "latency");
    json_decref(run);
    support_output_free(&out);
}

/* Options of a target are part of its name, and two of the same protocol may be in one run. */
Test(run, options, .timeout = 300)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--quick", "--repeats", "1", "--workload-budget", "20ms",
                        "--workload", "latency,concurrent", "--operation", "echo", "--payload",
                        "text", "--target", "http[keepalive=off]/threaded/native", "--target",
                        "http/threaded/native,rpyc[call=cached,version=5]/forking/native", "--json",
                        "-"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *run = rig_json(out.out);
    static const char *const names[] = {"http[keepalive=off]/threaded/native",
                                        "http/threaded/native",
                                        "rpyc[call=cached,version=5]/forking/native"};
    for (size_t i = 0; i < BENCH_COUNT_OF(names); i++) {
        rig_assert_measured(run, names[i], "latency");
        rig_assert_measured(run, names[i], "concurrent");
        cr_expect_str_eq(rig_text(rig_result(run, names[i], "latency"), "operation"), "echo");
    }
    cr_expect_eq(json_array_size(rig_at(run, "results")), 6, "no variant of what is set already");
    json_decref(run);
    support_output_free(&out);
}

/* ---- the order of trials ---- */

enum { TARGETS = 4, BLOCKS = 3 };

/* "block.order block.order ..." target by target, and the order of workloads in each trial. */
static void order_of(const char *seed, char *text, size_t size)
{
    struct support_output out;
    size_t i, k, used = 0;
    const json_t *result, *trial;

    rig_run(&out, WORDS("run", "--repeats", "3", "--workload", "latency", "--requests", "5",
                        "--warmup", "1", "--seed", seed, "--target",
                        "rpyc[call=cached]/threaded/native,http/threaded/native,"
                        "rpyc[call=cached]/forking/native,tcp/threaded/native",
                        "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *run = rig_json(out.out);
    text[0] = '\0';
    json_array_foreach(rig_at(run, "results"), i, result)
    {
        cr_assert_eq(json_array_size(rig_at(result, "trials")), BLOCKS);
        json_array_foreach(rig_at(result, "trials"), k, trial) used +=
            (size_t)snprintf(text + used, size - used, "%g.%g ", rig_number(trial, "block"),
                             rig_number(trial, "order"));
    }
    cr_expect_eq(i, TARGETS);
    cr_expect_str_eq(rig_text(run, "plan.seed"), seed);
    json_decref(run);
    support_output_free(&out);
}

Test(run, seed, .timeout = 300)
{
    char first[256], again[256], other[256];

    order_of("7", first, sizeof(first));
    order_of("7", again, sizeof(again));
    order_of("8", other, sizeof(other));
    cr_expect_str_eq(first, again);
    cr_expect_str_neq(first, other);
}
