/* SPDX-License-Identifier: MIT */
/*
 * Python's own client and everything that it can do with a reference server: the same assertions
 * hold for ours and for Python's, under both policies and in three versions of rpyc.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "rig_docs.h"

TestSuite(rpyc_full, .init = rig_adopt, .timeout = 300);

static struct criterion_test_params versions(void)
{
    static int rows[] = {-1, 0, 1}; /* of rig_use_version; the ordinary one is of the newest */

    return cr_make_param_array(int, rows, sizeof(rows) / sizeof(rows[0]), NULL);
}

static void use_all(const char *server, const char *mode, const char *policy)
{
    char target[100], port[8];
    struct rig_server running;
    struct support_output out;
    (void)snprintf(target, sizeof(target), "rpyc[policy=%s]/%s/%s", policy, mode, server);
    rig_serve(&running, target, 8);
    (void)snprintf(port, sizeof(port), "%u", running.port);
    rig_run_program(&out, WORDS(rig_python(), rig_peer_path("rpyc_full.py"), "--port", port,
                                "--policy", policy, "--server", server));
    cr_expect_eq(out.exit_status, 0, "%s: %s", target, out.err);
    cr_expect_eq(strncmp(out.out, "ok ", 3), 0, "%s: %s", target, out.out);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&running), 0, "%s", target);
    rig_assert_nobody_left();
}

ParameterizedTestParameters(rpyc_full, threaded_server_of_ours) { return versions(); }
ParameterizedTest(int *version, rpyc_full, threaded_server_of_ours)
{
    rig_use_version(*version);
    use_all("native", "threaded", "reference");
    use_all("native", "threaded", "strict");
}

ParameterizedTestParameters(rpyc_full, forking_server_of_ours) { return versions(); }
ParameterizedTest(int *version, rpyc_full, forking_server_of_ours)
{
    rig_use_version(*version);
    use_all("native", "forking", "reference");
    use_all("native", "forking", "strict");
}

/* So that the script asks for nothing that Python would not do. */
ParameterizedTestParameters(rpyc_full, python_s_server) { return versions(); }
ParameterizedTest(int *version, rpyc_full, python_s_server)
{
    rig_use_version(*version);
    use_all("python", "threaded", "reference");
    use_all("python", "threaded", "strict");
}

/* Options that are not for every server are refused by the one that has none of them. */
Test(rpyc_full, options_for_the_server)
{
    struct support_output out;
    rig_need_python();
    rig_run(&out, WORDS("serve", "rpyc[max-depth=3]/threaded/python", "--port", "0"));
    cr_expect_eq(out.exit_status, 3, "%d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "max-depth");
    support_output_free(&out);
    rig_run(&out, WORDS("serve", "rpyc[policy=lax]/threaded/native", "--port", "0"));
    cr_expect_eq(out.exit_status, 2, "%d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "reference, strict");
    support_output_free(&out);
}
