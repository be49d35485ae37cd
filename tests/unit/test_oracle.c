/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/random.h"
#include "service/oracle.h"
#include "stats/queues.h"

TestSuite(oracle, .timeout = 60);

#define MS BENCH_NS_PER_MS

static struct bench_oracle_queue queue_of(const char *text)
{
    struct bench_oracle_spec spec;
    struct bench_oracle_queue queue;
    struct bench_error err = {.msg = ""};
    cr_assert_eq(bench_oracle_parse(text, &spec, &err), 0, "%s", err.msg);
    bench_oracle_queue_init(&queue, &spec);
    return queue;
}

static int64_t response(struct bench_oracle_queue *queue, int64_t at_ns)
{
    return bench_oracle_departure(queue, at_ns, bench_oracle_service(queue)) - at_ns;
}

Test(oracle, kinds)
{
    struct bench_oracle_spec spec;

    cr_assert_eq(bench_oracle_parse("zero", &spec, NULL), 0);
    cr_expect_eq(spec.kind, BENCH_ORACLE_ZERO);
    cr_assert_eq(bench_oracle_parse("fixed=500us", &spec, NULL), 0);
    cr_expect_eq(spec.service_ns, 500000);
    cr_assert_eq(bench_oracle_parse("mm1=1000,seed=17", &spec, NULL), 0);
    cr_expect_eq(spec.kind, BENCH_ORACLE_MM1);
    cr_expect_eq(spec.service_ns, MS);
    cr_expect_eq(spec.seed, 17);
    cr_assert_eq(bench_oracle_parse("md1=800", &spec, NULL), 0);
    cr_expect_eq(spec.service_ns, 1250000);
    cr_assert_eq(bench_oracle_parse("freeze=2s:240ms", &spec, NULL), 0);
    cr_expect_eq(spec.freeze_at_ns, 2000 * MS);
    cr_expect_eq(spec.freeze_for_ns, 240 * MS);
}

Test(oracle, refuses_and_names_it)
{
    static const char *const rows[][2] = {
        {"", "oracle ''"},
        {"gg1=5", "oracle 'gg1=5'"},
        {"zero=1", "oracle 'zero=1'"},
        {"fixed", "oracle 'fixed'"},
        {"fixed=soon", "'soon'"},
        {"fixed=0", "'0'"},
        {"mm1=0", "'0'"},
        {"mm1=1000000000", "'1000000000'"},
        {"mm1=10,sed=1", "'sed=1'"},
        {"mm1=10,seed=-1", "'-1'"},
        {"md1=10,seed=1", "'10,seed=1'"},
        {"freeze=1s", "'1s'"},
        {"freeze=1s:", "''"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench_oracle_spec spec = {.seed = 99};
        struct bench_error err = {.msg = ""};
        cr_expect_eq(bench_oracle_parse(rows[i][0], &spec, &err), -EINVAL, "%s", rows[i][0]);
        cr_expect_not_null(strstr(err.msg, rows[i][1]), "%s", err.msg);
        cr_expect_eq(spec.seed, 99, "written only on success");
    }
    char long_one[200];
    memset(long_one, 'x', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    struct bench_oracle_spec spec;
    cr_expect_eq(bench_oracle_parse(long_one, &spec, NULL), -EINVAL);
}

Test(oracle, fixed_delays_do_not_wait_for_each_other)
{
    struct bench_oracle_queue q = queue_of("fixed=5ms"), zero = queue_of("zero");
    for (int64_t at = 1; at < 20; at++) {
        cr_expect_eq(response(&q, at * MS), 5 * MS);
        cr_expect_eq(response(&zero, at * MS), 0);
    }
}

/* One server, 1 ms each: by hand. */
Test(oracle, queue_by_hand)
{
    struct bench_oracle_queue q = queue_of("md1=1000");
    cr_expect_eq(response(&q, 10 * MS), MS);
    cr_expect_eq(response(&q, 10 * MS), 2 * MS, "behind the first");
    cr_expect_eq(response(&q, 10 * MS + MS / 2), 2 * MS + MS / 2);
    cr_expect_eq(response(&q, 13 * MS), MS, "the server was free again");
    cr_expect_eq(response(&q, 14 * MS), MS, "and becomes free as it arrives");
}

Test(oracle, freeze_by_hand)
{
    struct bench_oracle_queue q = queue_of("freeze=100ms:40ms");
    cr_expect_eq(response(&q, 1000 * MS), 0, "the first arrival");
    cr_expect_eq(response(&q, 1100 * MS - 1), 0);
    cr_expect_eq(response(&q, 1100 * MS), 40 * MS);
    cr_expect_eq(response(&q, 1139 * MS), MS);
    cr_expect_eq(response(&q, 1140 * MS), 0);
}

static int by_size(const void *x, const void *y)
{
    const int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

enum { MANY = 400000 };

/* Poisson arrivals at 500/s through the oracle: sorted response times; the caller frees them. */
static int64_t *simulate(const char *text, double rate, double *mean)
{
    struct bench_oracle_queue q = queue_of(text);
    int64_t *times = malloc(MANY * sizeof(*times));
    uint64_t random = 4711;
    double at = 1, sum = 0;
    cr_assert_not_null(times);
    for (int i = 0; i < MANY; i++) {
        at += bench_random_exponential(&random) / rate * 1e9;
        times[i] = response(&q, (int64_t)at);
        sum += (double)times[i];
    }
    *mean = sum / MANY / 1e9;
    qsort(times, MANY, sizeof(*times), by_size);
    return times;
}

static double share(const int64_t *times, double p) { return (double)times[(int)(p * MANY)] / 1e9; }

static void expect_about(double got, double wanted, const char *what)
{
    cr_expect(fabs(got / wanted - 1) < 0.03, "%s: %g, in closed form %g", what, got, wanted);
}

/* Nothing is measured here: the path alone, always the same one, beside the formulas. */
Test(oracle, path_has_the_closed_forms)
{
    double mean;
    int64_t *times = simulate("mm1=1000,seed=3", 500, &mean);
    expect_about(mean, bench_mm1_mean(500, 1000), "M/M/1 mean");
    expect_about(share(times, 0.5), bench_mm1_quantile(500, 1000, 0.5), "M/M/1 p50");
    expect_about(share(times, 0.99), bench_mm1_quantile(500, 1000, 0.99), "M/M/1 p99");
    free(times);
    times = simulate("md1=1000", 500, &mean);
    expect_about(mean, bench_md1_mean(500, 1e-3), "M/D/1 mean");
    expect_about(share(times, 0.9), bench_md1_quantile(500, 1e-3, 0.9), "M/D/1 p90");
    expect_about(share(times, 0.99), bench_md1_quantile(500, 1e-3, 0.99), "M/D/1 p99");
    free(times);
}

Test(oracle, seeds)
{
    struct bench_oracle_queue a = queue_of("mm1=1000,seed=1"), again = queue_of("mm1=1000,seed=1"),
                              b = queue_of("mm1=1000,seed=2");
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        const int64_t one = bench_oracle_service(&a);
        cr_assert_eq(one, bench_oracle_service(&again));
        same += one == bench_oracle_service(&b);
    }
    cr_expect_lt(same, 5);
}

/* ---- in a process ---- */

static struct bench_oracle_report *start(const char *text, size_t room)
{
    struct bench_error err = {.msg = ""};
    const int fd = memfd_create("report", MFD_CLOEXEC);
    const size_t size = bench_oracle_report_size(room);
    cr_assert_geq(fd, 0);
    cr_assert_eq(ftruncate(fd, (off_t)size), 0);
    void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    cr_assert_neq(at, MAP_FAILED);
    cr_assert_eq(bench_oracle_start(text, fd, &err), 0, "%s", err.msg);
    cr_assert_eq(close(fd), 0);
    return at;
}

Test(oracle, without_one_nothing_happens) { cr_expect_eq(bench_oracle_serve(NULL), 0); }

Test(oracle, writes_down_what_happened)
{
    const struct bench_oracle_report *report = start("fixed=3ms", 4);
    const struct bench_oracle_record *r = (const void *)(report + 1);
    cr_expect_eq(report->magic, BENCH_ORACLE_MAGIC);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(bench_oracle_serve(NULL), 0);
    cr_assert_eq(report->count, 3);
    cr_expect_eq(report->first_ns, r[0].arrival_ns);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(r[i].service_ns, 3 * MS);
        cr_expect_eq(r[i].due_ns, r[i].arrival_ns + 3 * MS);
        cr_expect_geq(r[i].left_ns, r[i].due_ns, "never too early");
        cr_expect(i == 0 || r[i].arrival_ns >= r[i - 1].left_ns);
    }
}

Test(oracle, counts_what_does_not_fit)
{
    const struct bench_oracle_report *report = start("zero", 2);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(bench_oracle_serve(NULL), 0);
    cr_expect_eq(report->count, 5);
}

Test(oracle, forked_sessions_share_the_queue)
{
    enum { CHILDREN = 4 };
    const struct bench_oracle_report *report = start("md1=100", CHILDREN);
    const struct bench_oracle_record *r = (const void *)(report + 1);
    for (int i = 0; i < CHILDREN; i++) {
        const pid_t pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0)
            _exit(bench_oracle_serve(NULL) == 0 ? 0 : 1);
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        cr_assert_gt(wait(&status), 0);
        cr_expect_eq(status, 0);
    }
    cr_assert_eq(report->count, CHILDREN);
    for (int i = 1; i < CHILDREN; i++)
        cr_expect_geq(r[i].due_ns - r[i - 1].due_ns, 10 * MS, "one after the other");
}

Test(oracle, needs_a_file_with_room)
{
    struct bench_error err = {.msg = ""};
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    cr_expect_eq(bench_oracle_start("zero", fds[0], &err), -EINVAL);
    cr_expect_not_null(strstr(err.msg, "no file"), "%s", err.msg);
    cr_expect_eq(bench_oracle_start("one", -1, &err), -EINVAL);
}
