/* SPDX-License-Identifier: MIT */
/* Ladders of clients whose law is known. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/scaling.h"
#include "tests/support/fixture_run.h"

TestSuite(scaling, .timeout = 60);

static const int rungs[] = {1, 2, 4, 8, 16, 32, 64};
enum { RUNGS = sizeof(rungs) / sizeof(rungs[0]) };

static char *copy(const char *text)
{
    char *out = strdup(text);
    cr_assert_not_null(out);
    return out;
}

/* Response times of the law with 1000/s for one client. */
static int64_t response_us(int n, double sigma, double kappa)
{
    return (int64_t)(1000 * (1 + sigma * (n - 1) + kappa * n * (n - 1)));
}

static void fill_result(struct bench_run *run, size_t i, double sigma, double kappa)
{
    struct bench_result *result = &run->results[i];
    char value[16];
    (void)snprintf(value, sizeof(value), "%d", rungs[i]);
    *result = (struct bench_result){.target = &run->targets[0],
                                    .workload = copy("cpu"),
                                    .operation = copy("cpu_work"),
                                    .load_model = copy("closed"),
                                    .reason = copy("")};
    result->parameters = calloc(1, sizeof(*result->parameters));
    result->parameters[result->nparameters++] =
        (struct bench_parameter){copy("clients"), copy(value)};
    for (int t = 0; t < 5; t++)
        support_fixture_add_trial(result, 50 * rungs[i], response_us(rungs[i], sigma, kappa), 100,
                                  10, rungs[i]);
}

static struct bench_run *ladder(double sigma, double kappa)
{
    struct bench_run *run = bench_run_new();
    run->targets = calloc(1, sizeof(*run->targets));
    run->ntargets = 1;
    run->targets[0] = (struct bench_target_info){.name = copy("rpyc/threaded/python"),
                                                 .protocol = copy("rpyc"),
                                                 .options = copy(""),
                                                 .mode = copy("threaded"),
                                                 .server = copy("python"),
                                                 .client = copy("native"),
                                                 .url = copy(""),
                                                 .family = copy("rpyc"),
                                                 .library = copy(""),
                                                 .label = copy("")};
    run->results = calloc(RUNGS, sizeof(*run->results));
    run->nresults = RUNGS;
    for (size_t i = 0; i < RUNGS; i++)
        fill_result(run, i, sigma, kappa);
    return run;
}

Test(scaling, one_at_a_time_has_its_knee_at_one_client)
{
    struct bench_run *run = ladder(1, 0);
    struct bench_scalings all;
    char text[512];
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    cr_assert_eq(all.n, 1);
    cr_expect(all.rows[0].fitted);
    cr_expect(fabs(all.rows[0].usl.sigma - 1) < 0.05, "%g", all.rows[0].usl.sigma);
    cr_expect(all.rows[0].usl.knee.estimate < 1.05, "%g", all.rows[0].usl.knee.estimate);
    bench_scaling_sentence(&all.rows[0], text, sizeof(text));
    cr_expect_not_null(strstr(text, "more than 1 client only adds waiting"), "%s", text);
    bench_scalings_fini(&all);
    bench_run_free(run);
}

Test(scaling, what_was_put_in_comes_out)
{
    struct bench_run *run = ladder(0.05, 0.001);
    struct bench_scalings all;
    char text[512];
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    cr_assert_eq(all.n, 1);
    const struct bench_usl *usl = &all.rows[0].usl;
    cr_expect(fabs(usl->sigma - 0.05) < 0.01, "%g", usl->sigma);
    cr_expect(fabs(usl->kappa - 0.001) < 0.0003, "%g", usl->kappa);
    cr_expect(fabs(usl->peak_n - sqrt(0.95 / 0.001)) < 5, "%g", usl->peak_n);
    cr_expect(usl->knee.low <= usl->knee.estimate && usl->knee.estimate <= usl->knee.high);
    bench_scaling_sentence(&all.rows[0], text, sizeof(text));
    cr_expect_not_null(strstr(text, "clients only add waiting"), "%s", text);
    bench_scalings_fini(&all);
    bench_run_free(run);
}

Test(scaling, no_knee_where_it_still_grows)
{
    struct bench_run *run = ladder(0, 0);
    struct bench_scalings all;
    char text[512];
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    bench_scaling_sentence(&all.rows[0], text, sizeof(text));
    cr_expect_not_null(strstr(text, "still grows at 64 clients"), "%s", text);
    bench_scalings_fini(&all);
    bench_run_free(run);
}

Test(scaling, rungs_of_a_bound_client_are_left_out)
{
    struct bench_run *run = ladder(0.05, 0.001);
    struct bench_scalings all;
    char text[512];
    run->results[6].status = BENCH_CELL_CLIENT_BOUND;
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    cr_expect_eq(all.rows[0].rungs, 6);
    cr_expect_eq(all.rows[0].bound, 1);
    cr_expect(all.rows[0].fitted);
    bench_scalings_fini(&all);
    run->results[5].status = BENCH_CELL_CLIENT_BOUND;
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    cr_assert_eq(all.n, 1);
    cr_expect_not(all.rows[0].fitted);
    bench_scaling_sentence(&all.rows[0], text, sizeof(text));
    cr_expect_not_null(strstr(text, "no reading, the client was the limit"), "%s", text);
    bench_scalings_fini(&all);
    bench_run_free(run);
}

Test(scaling, a_few_rungs_are_no_ladder)
{
    struct bench_run *run = ladder(0.05, 0.001);
    struct bench_scalings all;
    for (size_t i = 0; i < 2; i++)
        run->results[i].status = BENCH_CELL_FAILED;
    cr_assert_eq(bench_scalings_init(&all, run), 0);
    cr_expect_eq(all.n, 0);
    bench_scalings_fini(&all);
    bench_run_free(run);
}
