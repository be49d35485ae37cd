/* SPDX-License-Identifier: MIT */
/*
 * Python's two server modes under work that needs the processor: one process that never uses more
 * than a core, and a process for each connection.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/units.h"
#include "rig.h"

#define THREADED "rpyc/threaded/python"
#define FORKING  "rpyc/forking/python"
enum { CLIENT_COUNT = 8, TRIES = 4 };
/* Cores in use by others that leave a second one to the forking server. */
#define OTHERS_MAX 0.3
/* One core and what the server's other threads use besides; the interpreter has one lock. */
#define ONE_CORE 1.2

static const json_t *comparison_of_modes(const json_t *run)
{
    const json_t *comparison;
    size_t i;

    json_array_foreach(rig_at(run, "comparisons"), i, comparison)
    {
        const char *a = rig_text(comparison, "a.target"), *b = rig_text(comparison, "b.target");

        if ((strcmp(a, THREADED) == 0 && strcmp(b, FORKING) == 0) ||
            (strcmp(a, FORKING) == 0 && strcmp(b, THREADED) == 0))
            return comparison;
    }
    return NULL;
}

/* The sentence about the pair stands in the JSON, and names the cores of both. */
static void check_sentence(const json_t *run)
{
    const json_t *comparison = comparison_of_modes(run);

    cr_assert_not_null(comparison, "nothing is said about the two modes");
    const char *sentence = rig_text(comparison, "sentence");
    rig_assert_has(sentence, THREADED);
    rig_assert_has(sentence, FORKING);
    rig_assert_has(sentence, "cores against");
}

/* One run. Whether forking used more cores than threaded; all else has to be right. */
static bool forking_used_more(void)
{
    struct support_output out;

    rig_run(&out, WORDS("run", "--target", THREADED "," FORKING, "--workload", "cpu", "--clients",
                        "8", "--quick", "--json", "-"));
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    json_t *run = rig_json(out.out);
    rig_assert_measured(run, THREADED, "cpu");
    rig_assert_measured(run, FORKING, "cpu");
    const json_t *threaded = rig_result(run, THREADED, "cpu");
    const json_t *forking = rig_result(run, FORKING, "cpu");
    const double one = rig_number(threaded, "cpu.server_cores");
    const double many = rig_number(forking, "cpu.server_cores");
    cr_expect_lt(one, ONE_CORE, "threaded uses %.2f cores", one);
    cr_expect_eq(rig_number(threaded, "memory.server_processes"), 1);
    cr_expect_geq(rig_number(forking, "memory.server_processes"), CLIENT_COUNT);
    check_sentence(run);
    json_decref(run);
    support_output_free(&out);
    return many > one;
}

/* CPU seconds that the whole machine has used, and those of this test's programs. */
struct used {
    double machine_s, ours_s, at_s;
};

static struct used used_so_far(void)
{
    unsigned long long user = 0, nice = 0, kernel = 0, idle, wait, irq = 0, softirq = 0;
    struct rusage ours;
    FILE *file = fopen("/proc/stat", "re");

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &kernel,
                        &idle, &wait, &irq, &softirq),
                 7);
    (void)fclose(file);
    cr_assert_eq(getrusage(RUSAGE_CHILDREN, &ours), 0);
    return (struct used){
        .machine_s = (double)(user + nice + kernel + irq + softirq) / (double)sysconf(_SC_CLK_TCK),
        .ours_s = (double)(ours.ru_utime.tv_sec + ours.ru_stime.tv_sec) +
                  (double)(ours.ru_utime.tv_usec + ours.ru_stime.tv_usec) * 1e-6,
        .at_s = (double)bench_now_ns() * 1e-9,
    };
}

/* Cores that programs of others kept busy between the two. */
static double others(const struct used *from, const struct used *to)
{
    const double machine_s = to->machine_s - from->machine_s, ours_s = to->ours_s - from->ours_s;

    return (machine_s - ours_s) / (to->at_s - from->at_s);
}

/* A machine that is busy otherwise takes cores away from the forking server, so it has to win
 * once; where that never was possible, nothing can be said. */
Test(modes, cores, .timeout = 600)
{
    double quietest = INFINITY;

    rig_need_python();
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        cr_skip_test("one core: no mode can use more");
    for (int i = 0; i < TRIES; i++) {
        const struct used before = used_so_far();
        const bool more = forking_used_more();
        const struct used after = used_so_far();

        if (more)
            return;
        quietest = fmin(quietest, others(&before, &after));
    }
    if (quietest > OTHERS_MAX)
        cr_skip_test("other programs kept %.2f cores busy all the time", quietest);
    cr_assert_fail("the forking server never used more cores, others %.2f", quietest);
}

Test(modes, table, .timeout = 600)
{
    struct support_output tables;

    rig_need_python();
    rig_run(&tables, WORDS("run", "--target", THREADED "," FORKING, "--workload", "cpu",
                           "--clients", "8", "--quick", "--repeats", "1"));
    cr_assert_eq(tables.exit_status, 0, "%s", tables.err);
    rig_assert_has(tables.out, "cores against");
    rig_assert_has(tables.out, "cpu, 8 clients: ");
    support_output_free(&tables);
}
