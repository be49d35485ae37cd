/* SPDX-License-Identifier: MIT */
/* What is said about the ways to the same records. */
#include <criterion/criterion.h>
#include <string.h>

#include "suite/report.h"
#include "tests/support/fixture_means.h"

TestSuite(ways, .timeout = 20);

#define RPYC(client, library)                                                                      \
    {                                                                                              \
        "rpyc", "rpyc", "", "threaded", "python", client, library, BENCH_ROLE_NORMAL               \
    }

static const struct support_means_target targets[] = {
    RPYC("", ""),
    RPYC("python", "rpyc"),
    {"http-raw", "http", "", "threaded", "python", "", "", BENCH_ROLE_NORMAL},
};

#define CELL(target, way, operation, trips, us)                                                    \
    {                                                                                              \
        target, "netref", operation, "clients=1,requests=10,n=100,access=" way, trips,             \
            {us, us * 1.01, us, us * 0.99}, BENCH_CELL_OK                                                            \
    }
#define OBJECTS(target, trips, us) CELL(target, "objects", "get_users", trips, us)
#define TUPLES(target, trips, us)  CELL(target, "tuples", "get_users_tuples", trips, us)
#define OBTAIN(target, trips, us)  CELL(target, "obtain", "get_users_dicts", trips, us)

/* The sentences about one target alone; how many, and the last. */
static size_t about(const struct bench_run *run, const char *target, const char **sentence)
{
    size_t n = 0;
    *sentence = "";
    for (size_t i = 0; i < run->ncomparisons; i++) {
        const struct bench_comparison *one = &run->comparisons[i];
        if (one->b != NULL && one->a->target == one->b->target &&
            strcmp(one->a->target->name, target) == 0) {
            *sentence = one->sentence;
            cr_expect_str_eq(one->verdict, one->trials < 4 ? "cannot tell" : "faster");
            cr_expect_gt(one->ratio, 1);
            n++;
        }
    }
    return n;
}

Test(ways, references_against_values)
{
    static const struct support_means_cell cells[] = {
        OBJECTS(0, 504, 80000), OBJECTS(1, 0, 90000), OBJECTS(2, 1, 900),
        TUPLES(0, 2, 400),      TUPLES(1, 0, 600),    TUPLES(2, 1, 500),
        /* Faster, but not because it waits less often. */
        OBTAIN(0, 3, 300),      OBTAIN(1, 0, 500),    OBTAIN(2, 1, 1500),
    };
    struct bench_run *run = support_means_run(targets, BENCH_COUNT_OF(targets), cells,
                                              BENCH_COUNT_OF(cells));
    const char *sentence;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(about(run, "rpyc/threaded/python", &sentence), 1);
    cr_expect_not_null(strstr(sentence, "netref, tuples: rpyc/threaded/python answers 200x faster "
                                        "than with objects [200x to 200x], "),
                       "%s", sentence);
    cr_expect_not_null(strstr(sentence, ": 2 round trips against 504"), "%s", sentence);
    /* Its program does not count; our own client of the same server does. */
    cr_expect_eq(about(run, "rpyc/threaded/python/python", &sentence), 1);
    cr_expect_not_null(strstr(sentence, ": 2 round trips against 504"), "%s", sentence);
    cr_expect_eq(about(run, "http-raw/threaded/python", &sentence), 0, "%s", sentence);
    bench_run_free(run);
}

Test(ways, nothing_where_nothing_is_known)
{
    static const struct support_means_cell cells[] = {
        OBJECTS(1, 0, 90000), TUPLES(1, 0, 600), /* round trips unknown */
        OBJECTS(0, 504, 400), TUPLES(0, 2, 400), /* no slower */
    };
    struct bench_run *run =
        support_means_run(targets, BENCH_COUNT_OF(targets), cells, 2);
    const char *sentence;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(about(run, "rpyc/threaded/python/python", &sentence), 0, "%s", sentence);
    bench_run_free(run);
    run = support_means_run(targets, BENCH_COUNT_OF(targets), cells + 2, 2);
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(about(run, "rpyc/threaded/python", &sentence), 0, "%s", sentence);
    bench_run_free(run);
}

/* Far away it is another question. */
Test(ways, only_what_was_measured_alike)
{
    static const struct support_means_cell cells[] = {
        {0, "netref", "get_users", "clients=1,n=100,rtt=0,access=objects", 504, {80000}, BENCH_CELL_OK},
        {0, "netref", "get_users_tuples", "clients=1,n=100,rtt=1ms,access=tuples", 2, {2400},
         BENCH_CELL_OK},
        {0, "netref", "get_users", "clients=1,n=100,rtt=1ms,access=objects", 504, {600000},
         BENCH_CELL_OK},
    };
    struct bench_run *run = support_means_run(targets, 1, cells, BENCH_COUNT_OF(cells));
    const char *sentence;
    cr_assert_eq(bench_report_compare(run), 0);
    cr_expect_eq(about(run, "rpyc/threaded/python", &sentence), 1);
    cr_expect_not_null(strstr(sentence, "netref, tuples, rtt 1ms: "), "%s", sentence);
    cr_expect_not_null(strstr(sentence, " 250x faster "), "%s", sentence);
    bench_run_free(run);
}
