/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/oracle_path.h"
#include "suite/schedule.h"

TestSuite(oracle_path, .timeout = 60);

#define MS    BENCH_NS_PER_MS
#define FIRST (INT64_C(1000) * BENCH_NS_PER_S) /* planned start of the load */

enum { WARM_UPS = 7, LATE_NS = 1000 };

/* A report as a server would have written it: warm-up requests, then every planned one, so late. */
struct written {
    struct bench_oracle_report *report;
    struct bench_oracle_record *records;
    size_t size;
};

static struct written write_report(const char *text, const struct bench_load_model *model,
                                   struct bench_oracle_spec *spec)
{
    struct bench_oracle_queue queue;
    struct bench_schedule schedule;
    const size_t room = 20000;
    struct written w = {.size = bench_oracle_report_size(room)};
    cr_assert_eq(bench_oracle_parse(text, spec, NULL), 0);
    w.report = calloc(1, w.size);
    cr_assert_not_null(w.report);
    w.records = (struct bench_oracle_record *)(w.report + 1);
    w.report->magic = BENCH_ORACLE_MAGIC;
    bench_oracle_queue_init(&queue, spec);
    bench_schedule_init(&schedule, model, UINT64_MAX, 0, 0, 0, 1);
    const int64_t shift = FIRST - bench_schedule_peek(&schedule);
    while (bench_schedule_peek(&schedule) != INT64_MAX) {
        const size_t i = w.report->count++;
        const bool warm = i < WARM_UPS;
        struct bench_oracle_record *r = &w.records[i];
        cr_assert_lt(i, room);
        r->arrival_ns = warm ? FIRST - BENCH_NS_PER_S + (int64_t)i * 10 * MS
                             : bench_schedule_peek(&schedule) + shift + LATE_NS;
        r->service_ns = bench_oracle_service(&queue);
        r->due_ns = bench_oracle_departure(&queue, r->arrival_ns, r->service_ns);
        r->left_ns = r->due_ns + 5;
        if (!warm)
            bench_schedule_take(&schedule);
    }
    w.report->first_ns = queue.first_ns;
    return w;
}

static struct bench_load_model load(double rate, enum bench_arrival arrival, int64_t seconds)
{
    return (struct bench_load_model){
        .rate_per_s = rate, .arrival = arrival, .duration_ns = seconds * BENCH_NS_PER_S, .seed = 5};
}

Test(oracle_path, figures_of_known_times)
{
    int64_t times[1000];
    struct bench_figures f;
    for (int i = 0; i < 1000; i++)
        times[i] = (1000 - i) * MS;
    bench_figures_of(times, 1000, &f);
    cr_expect_float_eq(f.of[BENCH_FIGURE_MEAN], 0.5005, 1e-12);
    cr_expect_float_eq(f.of[BENCH_FIGURE_P50], 0.5, 1e-12);
    cr_expect_float_eq(f.of[BENCH_FIGURE_P90], 0.9, 1e-12);
    cr_expect_float_eq(f.of[BENCH_FIGURE_P99], 0.99, 1e-12);
    cr_expect_float_eq(f.of[BENCH_FIGURE_P999], 0.999, 1e-12);
    bench_figures_of(times, 1, &f);
    cr_expect_float_eq(f.of[BENCH_FIGURE_P999], 1e-3, 1e-12);
    bench_figures_of(times, 0, &f);
    cr_expect(isnan(f.of[BENCH_FIGURE_MEAN]));
}

Test(oracle_path, warm_ups_are_left_out_and_the_plan_is_followed)
{
    static const char *const oracles[] = {"fixed=2ms", "mm1=1000,seed=8", "md1=1000"};
    for (size_t o = 0; o < 3; o++) {
        const struct bench_load_model model = load(500, BENCH_ARRIVAL_POISSON, 20);
        struct bench_oracle_spec spec;
        struct bench_oracle_paths paths;
        struct bench_error err = {.msg = ""};
        struct written w = write_report(oracles[o], &model, &spec);
        cr_assert_eq(bench_oracle_paths_read(w.report, w.size, &spec, &model, FIRST, &paths, &err),
                     0, "%s", err.msg);
        cr_expect_eq(paths.requests, w.report->count - WARM_UPS);
        for (int f = 0; f < BENCH_FIGURE_COUNT; f++) /* all were as late as the first */
            cr_expect_float_eq(paths.own.of[f], paths.planned.of[f] + 5e-9, 1e-12, "%s %s: %.9g",
                               oracles[o], bench_figure_names[f], paths.own.of[f]);
        cr_expect_float_eq(paths.late_p99, 5e-9, 1e-12);
        cr_expect(isnan(paths.freeze_s));
        free(w.report);
    }
}

Test(oracle_path, a_freeze_lies_within_the_load)
{
    const struct bench_load_model model = load(1000, BENCH_ARRIVAL_CONSTANT, 10);
    struct bench_oracle_spec spec;
    struct bench_oracle_paths paths;
    struct bench_error err = {.msg = ""};
    struct written w = write_report("freeze=3s:200ms", &model, &spec);
    cr_assert_eq(bench_oracle_paths_read(w.report, w.size, &spec, &model, FIRST, &paths, &err), 0,
                 "%s", err.msg);
    cr_expect_float_eq(paths.freeze_s, 0.2, 1e-12);
    cr_expect_float_eq(paths.planned.of[BENCH_FIGURE_P99], 0.1, 1.1e-3);
    cr_expect_float_eq(paths.planned.of[BENCH_FIGURE_P999], 0.19, 1.1e-3);
    cr_expect_float_eq(paths.planned.of[BENCH_FIGURE_MEAN], 0.002, 2e-5);
    cr_expect_eq(paths.planned.of[BENCH_FIGURE_P90], 0);
    w.report->first_ns -= 20 * BENCH_NS_PER_S;
    cr_expect_eq(bench_oracle_paths_read(w.report, w.size, &spec, &model, FIRST, &paths, &err),
                 -EINVAL);
    cr_expect_not_null(strstr(err.msg, "stand still"), "%s", err.msg);
    free(w.report);
}

/* Every request that arrives only when the one before has been answered: what a closed loop does.
 */
Test(oracle_path, a_plan_that_was_not_kept_shows)
{
    const struct bench_load_model model = load(800, BENCH_ARRIVAL_POISSON, 10);
    struct bench_oracle_spec spec;
    struct bench_oracle_paths paths;
    struct written w = write_report("md1=1000", &model, &spec);
    for (size_t i = WARM_UPS + 1; i < w.report->count; i++) {
        struct bench_oracle_record *r = &w.records[i];
        if (r->arrival_ns < r[-1].left_ns)
            r->arrival_ns = r[-1].left_ns;
        r->due_ns = r->left_ns = r->arrival_ns + r->service_ns;
    }
    cr_assert_eq(bench_oracle_paths_read(w.report, w.size, &spec, &model, FIRST, &paths, NULL), 0);
    cr_expect_float_eq(paths.own.of[BENCH_FIGURE_P99], 1e-3, 1e-9, "no queue in front of it");
    cr_expect_gt(paths.planned.of[BENCH_FIGURE_P99], 5e-3, "where the plan has a long one");
    free(w.report);
}

static void spoil(struct written *w, int how)
{
    struct bench_oracle_record *last = &w->records[w->report->count - 1];
    switch (how) {
    case 0:
        w->report->magic++;
        break;
    case 1:
        w->size = sizeof(*w->report) - 1;
        break;
    case 2:
        w->report->count = UINT64_MAX;
        break;
    case 3:
        w->report->count = WARM_UPS;
        break;
    case 4:
        w->report->count--;
        break;
    case 5:
        last->left_ns = 0;
        break;
    case 6:
        last->service_ns = -1;
        break;
    default:
        last[-1].arrival_ns = last->arrival_ns + 1;
        break;
    }
}

Test(oracle_path, reports_that_cannot_be)
{
    static const char *const words[] = {"no report", "no report", "room for",  "no request",
                                        "planned",   "cannot be", "cannot be", "cannot be"};
    for (int how = 0; how < 8; how++) {
        const struct bench_load_model model = load(500, BENCH_ARRIVAL_CONSTANT, 2);
        struct bench_oracle_spec spec;
        struct bench_oracle_paths paths;
        struct bench_error err = {.msg = ""};
        struct written w = write_report("fixed=1ms", &model, &spec);
        spoil(&w, how);
        cr_expect_eq(bench_oracle_paths_read(w.report, w.size, &spec, &model, FIRST, &paths, &err),
                     -EINVAL, "case %d", how);
        cr_expect_not_null(strstr(err.msg, words[how]), "case %d: %s", how, err.msg);
        free(w.report);
    }
}
