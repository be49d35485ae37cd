/* SPDX-License-Identifier: MIT */
/* examples/python/mark.py: nothing without the profiler, sections with it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

static void setup(void)
{
    rig_adopt();
    rig_need_python();
}

TestSuite(markers, .init = setup, .timeout = 120);

static void check(const char *environment, const char *how)
{
    struct support_output out;

    /* env(1): the variable must be there when Python starts. */
    rig_run_program(&out, WORDS("env", "-u", "RPYCBENCH_TAP", environment, rig_python(),
                                rig_peer_path("mark_check.py"), how));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "ok\n");
    cr_expect_str_eq(out.err, "");
    support_output_free(&out);
}

Test(markers, do_nothing_without_the_profiler) { check("A=B", "absent"); }
Test(markers, do_nothing_where_the_library_is_not_loaded) { check("RPYCBENCH_TAP=x", "absent"); }
Test(markers, call_the_library_in_order_and_on_their_threads) { check("A=B", "present"); }
