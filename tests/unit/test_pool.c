/* SPDX-License-Identifier: MIT */
/* From trials to a cell. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/orchestrator.h"
#include "suite/pool.h"

TestSuite(pool, .timeout = 20);

static struct bench_trial trial(int block, enum bench_cell_status status, const char *reason,
                                int64_t ns, int samples)
{
    struct bench_trial t = {.block = block, .status = status, .reason = strdup(reason)};
    cr_assert_eq(bench_recording_new(&t.recording), 0);
    for (int i = 0; i < samples; i++) {
        cr_assert_eq(bench_recording_sample(t.recording, BENCH_SERIES_RESPONSE, ns), 0);
        bench_recording_outcome(t.recording, BENCH_FAILURE_NONE, "");
    }
    t.resources = (struct bench_resources){.wall_s = 1,
                                           .server_cpu_s = 0.5,
                                           .client_cpu_s = 0.25,
                                           .server_pss_bytes = (block + 1) * 100.0,
                                           .server_pss_idle_bytes = 10,
                                           .server_processes = block + 1};
    return t;
}

static struct bench_run *run_of(size_t n, const struct bench_trial *trials)
{
    struct bench_run *run = bench_run_new();
    cr_assert_not_null(run);
    run->results = calloc(1, sizeof(*run->results));
    run->nresults = 1;
    struct bench_result *r = &run->results[0];
    r->workload = strdup("latency");
    r->reason = strdup("");
    r->ntrials = n;
    r->trials = calloc(n + 1, sizeof(*r->trials));
    for (size_t i = 0; i < n; i++)
        r->trials[i] = trials[i];
    return run;
}

Test(pool, good_trials_are_merged_and_their_resources_summed)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_OK, "", 1000, 3),
                                   trial(1, BENCH_CELL_OK, "", 3000, 1),
                                   trial(2, BENCH_CELL_OK, "", 2000, 1)};
    struct bench_run *run = run_of(3, trials);
    struct bench_result *r = &run->results[0];
    cr_assert_eq(bench_pool_result(r, 3), 0);
    cr_expect_eq(r->status, BENCH_CELL_OK);
    cr_expect_eq(r->pooled->succeeded, 5);
    cr_expect_eq(r->pooled->series[BENCH_SERIES_RESPONSE].max, 3000);
    cr_expect_float_eq(r->resources.wall_s, 3, 1e-12);
    cr_expect_float_eq(r->resources.server_cpu_s, 1.5, 1e-12);
    cr_expect_float_eq(r->resources.server_pss_bytes, 200, 1e-12, "the median of the trials");
    cr_expect_eq(r->resources.server_processes, 3);
    cr_expect_eq(bench_run_exit_status(run, true), 0);
    bench_run_free(run);
}

Test(pool, a_failed_trial_marks_the_cell_and_keeps_what_the_others_gave)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_OK, "", 1000, 3),
                                   trial(1, BENCH_CELL_FAILED, "the server died", 1, 1)};
    struct bench_run *run = run_of(2, trials);
    struct bench_result *r = &run->results[0];
    cr_assert_eq(bench_pool_result(r, 2), 0);
    cr_expect_eq(r->status, BENCH_CELL_FAILED);
    cr_expect_str_eq(r->reason, "trial 2 of 2: the server died");
    cr_expect_eq(r->pooled->succeeded, 3, "samples of a failed trial are not pooled");
    cr_expect_eq(bench_run_exit_status(run, true), 3);
    bench_run_free(run);
}

Test(pool, half_of_the_trials_make_a_cell_client_bound)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_OK, "", 1000, 1),
                                   trial(1, BENCH_CELL_CLIENT_BOUND, "busy", 1000, 1)};
    struct bench_run *run = run_of(2, trials);
    cr_assert_eq(bench_pool_result(&run->results[0], 2), 0);
    cr_expect_eq(run->results[0].status, BENCH_CELL_CLIENT_BOUND);
    cr_expect_eq(bench_run_exit_status(run, true), 0, "client-bound has no effect on the exit status");
    bench_run_free(run);
}

Test(pool, client_bound_cells_say_why)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_OK, "", 1000, 1),
                                   trial(1, BENCH_CELL_CLIENT_BOUND, "93 % busy", 1000, 1),
                                   trial(2, BENCH_CELL_CLIENT_BOUND, "91 % busy", 1000, 1)};
    struct bench_run *run = run_of(3, trials);
    cr_assert_eq(bench_pool_result(&run->results[0], 3), 0);
    cr_expect_str_eq(run->results[0].reason, "client-bound in 2 of 3 trials: 93 % busy");
    bench_run_free(run);
}

/* i: invalid, o: ok, b: client-bound, f: failed; u: ok and unsteady, s: ok and steady. */
static enum bench_cell_status status_of(const char *kinds, char *reason, size_t size,
                                        uint64_t *pooled, int *exit_status)
{
    struct bench_trial trials[16];
    const size_t n = strlen(kinds);
    for (size_t i = 0; i < n; i++) {
        enum bench_cell_status status = BENCH_CELL_OK;
        if (kinds[i] == 'i')
            status = BENCH_CELL_INVALID;
        else if (kinds[i] == 'b')
            status = BENCH_CELL_CLIENT_BOUND;
        else if (kinds[i] == 'f')
            status = BENCH_CELL_FAILED;
        trials[i] = trial((int)i, status, status == BENCH_CELL_OK ? "" : "why", 1000, 1);
        trials[i].validity.steady_judged = kinds[i] == 'u' || kinds[i] == 's';
        trials[i].validity.unsteady = kinds[i] == 'u';
        trials[i].validity.drift = kinds[i] == 'u' ? 0.801 : 0;
    }
    struct bench_run *run = run_of(n, trials);
    const struct bench_result *r = &run->results[0];
    cr_assert_eq(bench_pool_result(&run->results[0], (int)n), 0);
    (void)snprintf(reason, size, "%s", r->reason);
    *pooled = r->pooled == NULL ? 0 : r->pooled->succeeded;
    *exit_status = bench_run_exit_status(run, true);
    enum bench_cell_status status = r->status;
    cr_expect_eq(r->ntrials, n, "every trial is kept");
    bench_run_free(run);
    return status;
}

Test(pool, invalid_trials_are_left_out_until_they_are_half)
{
    static const struct {
        const char *kinds;
        enum bench_cell_status want;
        uint64_t pooled;
        int exit_status;
        const char *reason;
    } cases[] = {
        {"ooi", BENCH_CELL_OK, 2, 0, "1 of 3 trials left out: why"},
        {"oi", BENCH_CELL_INVALID, 1, 4, "why, in 1 of 2 trials"},
        {"ii", BENCH_CELL_INVALID, 0, 4, "why, in 2 of 2 trials"},
        {"i", BENCH_CELL_INVALID, 0, 4, "why, in 1 of 1 trials"},
        {"bbbiio", BENCH_CELL_CLIENT_BOUND, 4, 0, "client-bound in 3 of 4 trials: why"},
        {"bbii", BENCH_CELL_INVALID, 2, 4, "why, in 2 of 4 trials"},
        {"boooi", BENCH_CELL_OK, 4, 0, "1 of 5 trials left out: why"},
        {"iif", BENCH_CELL_FAILED, 0, 3, "trial 3 of 3: why"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char reason[400];
        uint64_t pooled;
        int exit_status;
        enum bench_cell_status got =
            status_of(cases[i].kinds, reason, sizeof(reason), &pooled, &exit_status);
        cr_expect_eq(got, cases[i].want, "%s: %s", cases[i].kinds, bench_cell_status_name(got));
        cr_expect_str_eq(reason, cases[i].reason, "%s: \"%s\"", cases[i].kinds, reason);
        cr_expect_eq(pooled, cases[i].pooled, "%s", cases[i].kinds);
        cr_expect_eq(exit_status, cases[i].exit_status, "%s: %d", cases[i].kinds, exit_status);
    }
}

Test(pool, drift_in_the_majority_of_the_judged_trials_makes_a_cell_invalid)
{
    static const struct {
        const char *kinds;
        enum bench_cell_status want;
        const char *reason;
    } cases[] = {
        {"ooo", BENCH_CELL_OK, ""},
        {"us", BENCH_CELL_OK, ""},
        {"uus", BENCH_CELL_INVALID, "latency drifts: +80 % over the load, in 2 of 3 trials"},
        {"uooo", BENCH_CELL_OK, ""}, /* one alone is marked and no more */
        {"uuoo", BENCH_CELL_INVALID, "latency drifts: +80 % over the load, in 2 of 2 trials"},
        {"ussss", BENCH_CELL_OK, ""},
        {"uubb", BENCH_CELL_CLIENT_BOUND, "client-bound in 2 of 4 trials: why"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char reason[400];
        uint64_t pooled;
        int exit_status;
        enum bench_cell_status got =
            status_of(cases[i].kinds, reason, sizeof(reason), &pooled, &exit_status);
        cr_expect_eq(got, cases[i].want, "%s: %s", cases[i].kinds, bench_cell_status_name(got));
        cr_expect_str_eq(reason, cases[i].reason, "%s: \"%s\"", cases[i].kinds, reason);
        cr_expect_eq(exit_status, got == BENCH_CELL_INVALID ? 4 : 0, "%s: %d", cases[i].kinds,
                     exit_status);
        cr_expect_eq(pooled, strlen(cases[i].kinds), "%s: drifting trials are pooled",
                     cases[i].kinds);
    }
}

Test(pool, a_cell_without_trials_failed_unless_it_was_switched_off)
{
    struct bench_run *run = run_of(0, NULL);
    struct bench_result *r = &run->results[0];
    cr_assert_eq(bench_pool_result(r, 3), 0);
    cr_expect_eq(r->status, BENCH_CELL_FAILED);
    cr_expect_null(r->pooled);
    cr_expect_eq(bench_run_exit_status(run, true), 3);
    r->status = BENCH_CELL_UNAVAILABLE;
    free(r->reason);
    r->reason = strdup("no such thing");
    cr_assert_eq(bench_pool_result(r, 3), 0);
    cr_expect_eq(r->status, BENCH_CELL_UNAVAILABLE);
    cr_expect_str_eq(r->reason, "no such thing");
    cr_expect_eq(bench_run_exit_status(run, true), 3, "nothing was measured");
    bench_run_free(run);
}

Test(pool, a_workload_that_no_target_can_do_matters_only_if_it_was_asked_for)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_OK, "", 1000, 3)};
    struct bench_run *run = run_of(1, trials);
    cr_assert_eq(bench_pool_result(&run->results[0], 1), 0);
    run->results = realloc(run->results, 2 * sizeof(*run->results));
    run->results[1] = (struct bench_result){.workload = strdup("cpu"),
                                            .status = BENCH_CELL_UNAVAILABLE,
                                            .reason = strdup("not offered")};
    run->nresults = 2;
    cr_expect_eq(bench_run_exit_status(run, true), 4);
    cr_expect_eq(bench_run_exit_status(run, false), 0);
    bench_run_free(run);
}

Test(pool, an_interrupted_run_says_so_before_anything_else)
{
    struct bench_trial trials[] = {trial(0, BENCH_CELL_FAILED, "interrupted", 1, 1)};
    struct bench_run *run = run_of(1, trials);
    cr_assert_eq(bench_pool_result(&run->results[0], 3), 0);
    run->interrupted = true;
    cr_expect_eq(bench_run_exit_status(run, true), 130);
    bench_run_free(run);
}
