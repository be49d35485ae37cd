/* SPDX-License-Identifier: MIT */
/*
 * Python's two server modes under work that needs the processor: one process that never uses more
 * than a core, and a process for each connection.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

#define THREADED "rpyc/threaded/python"
#define FORKING  "rpyc/forking/python"
enum { CLIENT_COUNT = 8, TRIES = 8 };
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

/* A machine that is busy otherwise can only take cores away from the forking server: it has to win
 * once. */
Test(modes, cores, .timeout = 600)
{
    bool more = false;

    rig_need_python();
    for (int i = 0; i < TRIES && !more; i++)
        more = forking_used_more();
    cr_expect(more, "in %d runs the forking server never used more cores", TRIES);
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
