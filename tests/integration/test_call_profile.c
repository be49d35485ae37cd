/* SPDX-License-Identifier: MIT */
/* `rpycbench call --profile`: what one call of our own client did on the wire. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

TestSuite(call_profile, .init = rig_adopt, .timeout = 120);

static void url_of(const struct rig_server *server, const char *scheme, char out[static 60])
{
    (void)snprintf(out, 60, "%s://127.0.0.1:%u", scheme, server->port);
}

Test(call_profile, tells_what_a_call_did_and_what_to_change)
{
    struct rig_server server;
    struct support_output out;
    char url[60];

    rig_serve(&server, "rpyc/threaded/native", 4);
    url_of(&server, "rpyc", url);
    rig_run(&out, WORDS("call", "--profile", url, "[u.name for u in root.get_users(20)]"));
    cr_expect_eq(out.exit_status, 0);
    rig_assert_has(out.out, "['user0', 'user1', ");
    cr_expect_null(strstr(out.out, "round trips"), "%s", out.out);
    rig_assert_has(out.err, "call: 64 round trips");
    rig_assert_has(out.err, "66 round trips to the server"); /* root's 2 before it */
    rig_assert_has(out.err, "n-plus-one: root.get_users()");
    rig_assert_has(out.err, "root.get_users()[…].name");
    support_output_free(&out);

    rig_run(&out, WORDS("call", "--profile", "--json", url, "root.fail('value')"));
    cr_expect_eq(out.exit_status, 1);
    json_decref(rig_json(out.out)); /* nothing else is there */
    rig_assert_has(out.err, "root.fail");
    support_output_free(&out);

    rig_run(&out, WORDS("call", url, "root.ping()"));
    cr_expect_null(strstr(out.err, "root.ping"), "%s", out.err);
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

Test(call_profile, reads_above_tls)
{
    struct rig_server server;
    struct support_output out;
    char url[60];

    rig_serve(&server, "rpyc[tls=on]/threaded/native", 4);
    url_of(&server, "rpycs", url);
    rig_run(&out, WORDS("call", "--profile", "--insecure", url, "root.ping()"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.err, "4 round trips to the server");
    rig_assert_has(out.err, "root.ping");
    support_output_free(&out);
    cr_expect_eq(rig_server_stop(&server), 0);
}

Test(call_profile, says_what_it_cannot_read)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "--profile", "http://127.0.0.1:1/", "GET /ping"));
    cr_expect_eq(out.exit_status, 2);
    rig_assert_has(out.err, "--profile: nothing here can read http");
    support_output_free(&out);
}

Test(call_profile, of_a_server_that_is_not_there)
{
    struct support_output out;

    rig_run(&out, WORDS("call", "--profile", "rpyc://127.0.0.1:1", "root.ping()"));
    cr_expect_eq(out.exit_status, 3);
    rig_assert_has(out.err, "not reached");
    support_output_free(&out);
}
