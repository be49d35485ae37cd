/* SPDX-License-Identifier: MIT */
/* Targets as they are written on the command line. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/plan.h"

static struct bench_plan *plan;

static void make(void)
{
    plan = calloc(1, sizeof(*plan));
    cr_assert_not_null(plan);
}

static void unmake(void)
{
    bench_plan_fini(plan);
    free(plan);
}

TestSuite(plan, .init = make, .fini = unmake, .timeout = 20);

Test(plan, a_reference_target_names_a_row_of_the_table)
{
    struct bench_error err = {0};
    cr_assert_eq(bench_plan_add_targets(plan, "rpyc[call=cached,version=5]/threaded/native", &err),
                 0, "%s", err.msg);
    const struct bench_target *t = &plan->targets[0];
    cr_expect_str_eq(t->protocol->name, "rpyc");
    cr_expect_str_eq(t->options_text, "call=cached,version=5");
    cr_expect_str_eq(t->server->mode, "threaded");
    cr_expect_str_eq(t->server->server, "native");
    cr_expect_not(t->is_url);
}

Test(plan, several_targets_are_separated_by_commas_outside_brackets)
{
    struct bench_error err = {0};
    const char *text = "rpyc[call=cached,version=6]/threaded/native,http/forking/native,inproc";
    cr_assert_eq(bench_plan_add_targets(plan, text, &err), 0, "%s", err.msg);
    cr_assert_eq(plan->ntargets, 3);
    cr_expect_str_eq(plan->targets[1].name, "http/forking/native");
    cr_expect_null(plan->targets[2].server);
}

Test(plan, a_target_named_twice_is_measured_once)
{
    struct bench_error err = {0};
    cr_assert_eq(bench_plan_add_targets(plan, "inproc,inproc", &err), 0);
    cr_expect_eq(plan->ntargets, 1);
}

Test(plan, urls_have_hosts_ports_paths_and_options)
{
    static const struct {
        const char *text, *host, *path, *options;
        unsigned port;
        bool tls;
    } rows[] = {
        {"rpyc://127.0.0.1:4711", "127.0.0.1", "", "", 4711, false},
        {"rpyc://127.0.0.1", "127.0.0.1", "", "", 18812, false},
        {"http://127.0.0.1:8080/base/x[keepalive=off]", "127.0.0.1", "base/x", "keepalive=off",
         8080, false},
        {"http://127.0.0.1/", "127.0.0.1", "", "", 80, false},
        {"rpyc://[::1]:99[call=cached]", "::1", "", "call=cached", 99, false},
        {"rpycs://127.0.0.1", "127.0.0.1", "", "", 18821, true},
        {"rpyc+unix:///run/x.sock", "localhost", "/run/x.sock", "", 0, false},
        {"tcp+unix:///x[]", "localhost", "/x", "", 0, false},
        {"http-raw+unix:///a/b[keepalive=off]", "localhost", "/a/b", "keepalive=off", 0, false},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_error err = {0};
        bench_plan_fini(plan);
        cr_assert_eq(bench_plan_add_targets(plan, rows[i].text, &err), 0, "%s: %s", rows[i].text,
                     err.msg);
        const struct bench_target *t = &plan->targets[0];
        cr_expect(t->is_url);
        cr_expect_str_eq(t->address.host, rows[i].host);
        cr_expect_str_eq(t->address.path, rows[i].path);
        cr_expect_str_eq(t->options_text, rows[i].options);
        cr_expect_eq(t->address.port, rows[i].port);
        cr_expect_eq(t->address.tls, rows[i].tls);
        cr_expect_gt(t->address.sockaddr_length, 0);
    }
}

Test(plan, what_is_wrong_is_named_with_what_would_be_right)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "empty target"},
        {"inproc,", "empty target"},
        {"ftp/threaded/native", "there is no protocol 'ftp'; there is rpyc, http"},
        {"rpyc/threaded", "PROTOCOL[options]/MODE/SERVER"},
        {"rpyc/fibers/native", "rpyc has no server 'fibers/native'; it has threaded/native"},
        {"rpyc/threaded/gunicorn", "rpyc has no server 'threaded/gunicorn'"},
        {"rpyc/threaded/native/java", "rpyc has no client 'java'; it has native"},
        {"rpyc[call=maybe]/threaded/native", "'maybe' is not one of plain, cached"},
        {"rpyc[colour=red]/threaded/native", "no option 'colour'; there is call"},
        {"rpyc[call]/threaded/native", "'call' is not KEY=VALUE"},
        {"rpyc[call=cached/threaded/native", "'[' without ']'"},
        {"inproc/threaded/native", "inproc has no server"},
        {"gopher://127.0.0.1", "no protocol has the scheme 'gopher'"},
        {"rpyc://", "a URL needs a host"},
        {"rpyc://:80", "a URL needs a host"},
        {"rpyc://127.0.0.1:0", "'0' is not a whole number from 1 to 65535"},
        {"rpyc://127.0.0.1:70000", "'70000' is not a whole number"},
        {"rpyc://127.0.0.1:12x", "'12x' is not a whole number"},
        {"rpyc://[::1:80", "'[' without ']'"},
        {"tcp://127.0.0.1", "scheme tcp has no usual port"},
        {"http://127.0.0.1[keepalive=off]x", "'x' behind the options"},
        {"rpyc://no.such.host.invalid:1", "no.such.host.invalid"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct bench_error err = {0};
        cr_expect_lt(bench_plan_add_targets(plan, rows[i].text, &err), 0, "'%s' was taken",
                     rows[i].text);
        cr_expect_not_null(strstr(err.msg, rows[i].says), "'%s' gave: %s", rows[i].text, err.msg);
    }
    cr_expect_eq(plan->ntargets, 1, "only the one before the empty target was right");
}

Test(plan, text_of_any_length_is_refused_in_peace)
{
    char text[4096];
    for (size_t n = 1; n < sizeof(text); n = n * 2 + 1) {
        struct bench_error err = {0};
        memset(text, 'r', n);
        text[n] = '\0';
        cr_expect_lt(bench_plan_add_targets(plan, text, &err), 0);
        memcpy(text, "rpyc[", n < 5 ? n : 5);
        cr_expect_lt(bench_plan_add_targets(plan, text, &err), 0);
    }
}

Test(plan, a_variant_sets_one_more_option_and_says_so_in_its_name)
{
    struct bench_error err = {0};
    struct bench_target variant;
    cr_assert_eq(bench_plan_add_targets(plan, "rpyc[version=5]/forking/native", &err), 0);
    cr_assert_eq(bench_target_variant(&plan->targets[0], "call=cached", &variant, &err), 0);
    cr_expect_str_eq(variant.name, "rpyc[version=5,call=cached]/forking/native");
    bench_target_fini(&variant);
    cr_assert_eq(bench_plan_add_targets(plan, "rpyc://127.0.0.1:1[version=5]", &err), 0);
    cr_assert_eq(bench_target_variant(&plan->targets[1], "call=cached", &variant, &err), 0);
    cr_expect_str_eq(variant.name, "rpyc://127.0.0.1:1[version=5,call=cached]");
    bench_target_fini(&variant);
}

Test(plan, the_default_matrix_is_every_server_and_one_floor)
{
    struct bench_error err = {0};
    cr_assert_eq(bench_plan_add_default_targets(plan, &err), 0);
    size_t floors = 0;
    for (size_t i = 0; i < plan->ntargets; i++)
        floors += plan->targets[i].protocol->role == BENCH_ROLE_FLOOR;
    cr_expect_eq(plan->ntargets, 17, "two of them with another client");
    cr_expect_eq(floors, 1);
}
