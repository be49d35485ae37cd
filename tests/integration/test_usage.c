/* SPDX-License-Identifier: MIT */
/*
 * Command lines that make no sense: exit status 2, the option, the value and what is valid are
 * named, and nothing was started. The program is run from a folder without rpycbench-server, which
 * starts everything, so that starting anything would be found out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"
#include "tests/support/files.h"

enum { PIECES = 4 };

struct bad_line {
    const char *words[8];       /* behind the command */
    const char *pieces[PIECES]; /* that the message must hold; NULL-ended unless full */
};

static char *folder;
static char lonely[600]; /* the program without its helper */

static void start(void)
{
    char *program = NULL;
    size_t length;

    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
    (void)snprintf(lonely, sizeof(lonely), "%s/rpycbench", folder);
    cr_assert_eq(support_read_file(rig_bench(), &program, &length), 0);
    cr_assert_eq(support_write_file(lonely, program, length), 0);
    cr_assert_eq(chmod(lonely, 0755), 0);
    free(program);
}

static void stop(void) { support_tempdir_remove(folder); }

TestSuite(usage, .init = start, .fini = stop, .timeout = 300);

static void check_line(const char *command, const struct bad_line *line)
{
    struct support_output out;
    const char *argv[16] = {lonely, command};
    char all[256] = "";

    for (size_t i = 0; line->words[i]; i++) {
        size_t used = strlen(all);

        argv[2 + i] = line->words[i];
        (void)snprintf(all + used, sizeof(all) - used, " %s", line->words[i]);
    }
    rig_run_program(&out, argv);
    cr_expect_eq(out.exit_status, 2, "%s%s: exit %d: %s", command, all, out.exit_status, out.err);
    cr_expect_str_empty(out.out, "%s%s: %s", command, all, out.out);
    for (size_t i = 0; i < PIECES && line->pieces[i]; i++)
        cr_expect_not_null(strstr(out.err, line->pieces[i]), "%s%s: no \"%s\" in %s", command, all,
                           line->pieces[i], out.err);
    cr_expect_eq(rig_count_lines(out.err, ""), 2, "%s%s: the message and how to get help: %s",
                 command, all, out.err);
    char head[64];
    (void)snprintf(head, sizeof(head), "rpycbench %s: ", command);
    cr_expect_eq(strncmp(out.err, head, strlen(head)), 0, "%s", out.err);
    support_output_free(&out);
}

/* The proof that the others would be found out: a good line gets as far as starting a server. */
Test(usage, good_line_starts_something)
{
    struct support_output out;

    rig_run_program(&out, WORDS(lonely, "run", "--quick", "--target", "rpyc/threaded/native"));
    cr_expect_eq(out.exit_status, 3, "exit %d: %s", out.exit_status, out.err);
    rig_assert_has(out.err, "helper");
    support_output_free(&out);
}

static const struct bad_line run_lines[] = {
    {{"--no-such"}, {"--no-such", "--target", "--workload"}},
    {{"--no-such=3"}, {"--no-such", "--target"}},
    {{"-x"}, {"-x", "--target"}},
    {{"word"}, {"word"}},
    {{"--quick=yes"}, {"--quick", "yes", "no value"}},
    {{"--target"}, {"--target", "needs a value"}},
    {{"--workload", "sleeping"}, {"--workload", "sleeping", "latency", "connection"}},
    {{"--workload", "latency,"}, {"--workload", "''", "latency"}},
    {{"--operation", "dance"}, {"--operation", "dance", "ping", "health_check"}},
    {{"--call", ""}, {"--call", "''"}},
    {{"--call"}, {"--call", "needs a value"}},
    {{"--payload", "bricks"}, {"--payload", "bricks", "random", "zeros"}},
    {{"--output", ""}, {"--output"}},
    {{"--json", ""}, {"--json"}},
    {{"--target", ""}, {"--target"}},
    {{"--target", "smtp/threaded/native"}, {"--target", "smtp", "rpyc", "http"}},
    {{"--target", "rpyc/spinning/native"}, {"--target", "spinning", "threaded", "forking"}},
    {{"--target", "rpyc/threaded/perl"}, {"--target", "perl", "native", "python"}},
    {{"--target", "rpyc/threaded/native/java"}, {"--target", "java", "native"}},
    {{"--target", "rpyc"}, {"--target", "PROTOCOL[options]/MODE/SERVER"}},
    {{"--target", "rpyc/threaded"}, {"--target", "PROTOCOL[options]/MODE/SERVER"}},
    {{"--target", "inproc/threaded/native"}, {"--target", "inproc", "/threaded/native"}},
    {{"--target", "rpyc/threaded/native,"}, {"--target", "empty"}},
    {{"--target", "rpyc[call=plain/threaded/native"}, {"--target", "']'"}},
    {{"--target", "rpyc]call=plain[/threaded/native"}, {"--target"}},
    {{"--target", "rpyc[call=loud]/threaded/native"}, {"--target", "loud", "plain", "cached"}},
    {{"--target", "rpyc[volume=3]/threaded/native"}, {"--target", "volume", "call", "version"}},
    {{"--target", "rpyc[call]/threaded/native"}, {"--target", "call"}},
    {{"--target", "rpyc[version=4]/threaded/native"}, {"--target", "4", "auto"}},
    {{"--target", "http[keepalive=perhaps]/threaded/native"}, {"--target", "perhaps", "on"}},
    {{"--target", "http[max-reply=1]/threaded/native"}, {"--target", "max-reply", "1"}},
    {{"--target", "gopher://127.0.0.1:70"}, {"--target", "gopher"}},
    {{"--target", "rpyc://"}, {"--target", "host"}},
    {{"--target", "rpyc://127.0.0.1:0"}, {"--target", "port", "0", "65535"}},
    {{"--target", "rpyc://127.0.0.1:65536"}, {"--target", "65536", "65535"}},
    {{"--target", "rpyc://127.0.0.1:http"}, {"--target", "http"}},
    {{"--target", "tcp://127.0.0.1"}, {"--target", "tcp", "HOST:PORT"}},
    {{"--target", "http://[::1"}, {"--target", "']'"}},
    {{"--target", "rpyc://127.0.0.1:1[call=plain]x"}, {"--target", "x"}},
    {{"--plugin", "/no/such/file.so"}, {"/no/such/file.so"}},
};

Test(usage, run)
{
    for (size_t i = 0; i < BENCH_COUNT_OF(run_lines); i++)
        check_line("run", &run_lines[i]);
}

/* Every numeric option, with what is no number, too small and too large. */
Test(usage, numbers)
{
    static const struct {
        const char *name, *small, *large;
    } numbers[] = {
        {"--connections", "0", "1000001"},
        {"--requests", "0", "1000000001"},
        {"--clients", "0", "20001"},
        {"--requests-per-client", "0", "1000000001"},
        {"--repeats", "0", "1001"},
        {"--warmup", "0", "1000001"},
        {"--workload-budget", "999us", "86401s"},
        {"--timeout", "0", "86401s"},
        {"--seed", "-1", "9000000000000001"},
    };
    static const char *const nonsense[] = {"",   "x",  "3x", "1e3", "99999999999999999999",
                                           "-5", " 3", "nan"};

    for (size_t i = 0; i < BENCH_COUNT_OF(numbers); i++) {
        const char *name = numbers[i].name;

        check_line("run", &(struct bad_line){{name, numbers[i].small}, {name, numbers[i].small}});
        check_line("run", &(struct bad_line){{name, numbers[i].large}, {name, numbers[i].large}});
        for (size_t k = 0; k < BENCH_COUNT_OF(nonsense); k++)
            check_line("run", &(struct bad_line){{name, nonsense[k]}, {name, nonsense[k]}});
    }
}

Test(usage, serve)
{
    static const struct bad_line lines[] = {
        {{"--port", "0"}, {"PROTOCOL/MODE/SERVER"}},
        {{"rpyc/threaded/native", "--port", "65536"}, {"--port", "65536", "65535"}},
        {{"rpyc/threaded/native", "--port", "x"}, {"--port", "x"}},
        {{"rpyc/threaded/native", "--clients", "0"}, {"--clients", "0"}},
        {{"rpyc/threaded/native", "--seed", "x"}, {"--seed", "x"}},
        {{"rpyc/threaded/native", "--loud"}, {"--loud", "--port"}},
        {{"rpyc/threaded/native", "http/threaded/native"}, {"http/threaded/native", "one"}},
        {{"rpyc/threaded/native,http/threaded/native"}, {"one server"}},
        {{"rpyc/spinning/native"}, {"spinning", "threaded"}},
        {{"inproc"}, {"inproc"}},
        {{"rpyc://127.0.0.1:1"}, {"rpyc://127.0.0.1:1"}},
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("serve", &lines[i]);
}

Test(usage, relay)
{
#define TO "--upstream", "127.0.0.1:1"
    static const struct bad_line lines[] = {
        {{"--delay", "5ms"}, {"--upstream HOST:PORT"}},
        {{"--upstream", "nowhere"}, {"--upstream", "nowhere", "HOST:PORT"}},
        {{"--upstream", "127.0.0.1:0"}, {"--upstream", "127.0.0.1:0", "1..65535"}},
        {{"--upstream", "127.0.0.1:65536"}, {"--upstream", "65536"}},
        {{"--upstream", "::1:80"}, {"--upstream", "::1:80", "[HOST]:PORT"}},
        {{"--listen", "127.0.0.1:x", TO}, {"--listen", "127.0.0.1:x"}},
        {{"--listen", "", TO}, {"--listen", "''"}},
        {{TO, "--delay", "5"}, {"--delay", "5"}},
        {{TO, "--delay", "61s"}, {"delay 61s", "60s"}},
        {{TO, "--jitter", "1ms"}, {"jitter 1ms", "delay"}},
        {{TO, "--delay", "1ms", "--jitter", "2ms"}, {"jitter 2ms", "1ms"}},
        {{TO, "--rate", "fast"}, {"--rate", "fast", "100mbit"}},
        {{TO, "--rate", "100"}, {"--rate", "100", "100mbit"}},
        {{TO, "--rate", "100Mbit"}, {"--rate", "100Mbit"}},
        {{TO, "--rate", "1.2.3mbit"}, {"--rate", "1.2.3mbit"}},
        {{TO, "--rate", "-1mbit"}, {"--rate", "-1mbit"}},
        {{TO, "--rate", "0mbit"}, {"--rate", "0mbit"}},
        {{TO, "--rate", "1bit"}, {"rate 1 bit/s"}},
        {{TO, "--buffer", "10"}, {"buffer", "10", "65536"}},
        {{TO, "--buffer", "2GiB"}, {"buffer", "2147483648"}},
        {{TO, "--connections-max", "0"}, {"--connections-max", "0"}},
        {{TO, "--connections-max", "100001"}, {"--connections-max", "100001"}},
        {{TO, "--seed", "-1"}, {"--seed", "-1"}},
        {{TO, "--control-fd", "99"}, {"--control-fd", "99"}},
        {{TO, "--ready-fd", "1"}, {"--ready-fd", "1"}},
        {{TO, "--loss", "1%"}, {"--loss", "--delay", "--rate"}},
        {{"127.0.0.1:1"}, {"127.0.0.1:1"}},
    };
#undef TO

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("relay", &lines[i]);
}

Test(usage, profile)
{
#define RELAY "--listen", ":0", "--upstream", "127.0.0.1:1"
    static const struct bad_line lines[] = {
        {{NULL}, {"-- PROGRAM", "--listen", "--read"}},
        {{"python3", "app.py"}, {"'python3'", "write --"}},
        {{"--"}, {"no program"}},
        {{RELAY, "--", "true"}, {"only one of", "-- PROGRAM"}},
        {{"--read", "x.pcap", "--", "true"}, {"only one of", "--read"}},
        {{RELAY, "--read", "x.pcap"}, {"only one of", "--listen"}},
        {{"--listen", ":0"}, {"--upstream HOST:PORT"}},
        {{"--upstream", "127.0.0.1:1"}, {"--listen [HOST]:PORT"}},
        {{"--listen", "x", "--upstream", "127.0.0.1:1"}, {"--listen", "'x'"}},
        {{RELAY, "--rtt", "5"}, {"--rtt", "5"}},
        {{RELAY, "--delay", "61s"}, {"delay 61s", "60s"}},
        {{RELAY, "--port", "1"}, {"--port", "--read"}},
        {{RELAY, "--no-places"}, {"--no-places", "-- PROGRAM"}},
        {{"--rtt", "5ms", "--", "true"}, {"--rtt", "--listen"}},
        {{"--buffer", "1MiB", "--", "true"}, {"--buffer", "--listen"}},
        {{"--read", "x.pcap", "--port", "65536"}, {"--port", "65536"}},
        {{"--read", "x.pcap", "--live"}, {"--live", "capture"}},
        {{"--read", "x.pcap", "--metrics", ":0"}, {"--metrics", "capture"}},
        {{"--live", "--", "true"}, {"--live", "terminal"}},
        {{"--live", "--log-slow", "--", "true"}, {"--live", "--log-slow"}},
        {{"--live", "--log", "-", "--", "true"}, {"--live", "--log -"}},
        {{"--interval", "1s", "--", "true"}, {"--interval", "--log"}},
        {{"--log", "x", "--interval", "1ms", "--", "true"}, {"--interval", "1ms", "10ms"}},
        {{"--json", "-", "--log", "-", "--", "true"}, {"'-'", "twice"}},
        {{"--html", "x", "--trace", "x", "--", "true"}, {"'x'", "twice"}},
        {{"--html", "-", "--", "true"}, {"--html", "'-'"}},
        {{"--output", "", "--", "true"}, {"--output", "''"}},
        {{"--sample", "0", "--", "true"}, {"--sample", "'0'", "25%"}},
        {{"--sample", "101%", "--", "true"}, {"--sample", "101%"}},
        {{"--sample", "half", "--", "true"}, {"--sample", "half"}},
        {{"--parts", "names,all of it", "--", "true"}, {"--parts", "'all of it'", "findings"}},
        {{"--parts", "", "--", "true"}, {"--parts", "''"}},
        {{"--top", "0", "--", "true"}, {"--top", "0"}},
        {{"--max-depth", "-1", "--", "true"}, {"--max-depth", "-1"}},
        {{"--what-if", "root.ping", "--", "true"}, {"--what-if", "root.ping", "tuple:NAME"}},
        {{"--what-if", "magic:root.ping", "--", "true"}, {"--what-if", "magic", "tuple"}},
        {{"--metrics", "nowhere", "--", "true"}, {"--metrics", "nowhere"}},
        {{"--slow-call-threshold", "5", "--", "true"}, {"--slow-call-threshold", "5"}},
        {{"--deep-stack-threshold", "0", "--", "true"}, {"--deep-stack-threshold", "0"}},
        {{"--ring-size", "65537", "--", "true"}, {"--ring-size", "65537", "power of two"}},
        {{"--ring-size", "1KiB", "--", "true"}, {"--ring-size", "1KiB", "64KiB"}},
        {{"--max-names", "1", "--", "true"}, {"--max-names", "1", "16"}},
        {{"--loss", "1%", "--", "true"}, {"--loss", "--listen", "--upstream"}},
    };
#undef RELAY

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("profile", &lines[i]);
}

Test(usage, selftest)
{
    static const struct bad_line lines[] = {
        {{"--only", "gg1"}, {"--only", "'gg1'", "mm1@0.5", "freeze"}},
        {{"--only", ""}, {"--only", "''"}},
        {{"--seed", "-1"}, {"--seed", "-1"}},
        {{"--inject", "luck"}, {"--inject", "'luck'", "no-schedule"}},
        {{"--json", ""}, {"--json", "''"}},
        {{"--quick=yes"}, {"--quick", "no value"}},
        {{"--target", "gopher/threaded/native"}, {"gopher"}},
        {{"--target", "rpyc/threaded/python"}, {"rpyc/threaded/python", "native"}},
        {{"--target", "rpyc/threaded/native,rpyc/forking/native"}, {"one native server"}},
        {{"--target", "rpyc://127.0.0.1:1"}, {"one native server"}},
        {{"fixed"}, {"fixed"}},
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("selftest", &lines[i]);
}

Test(usage, call)
{
#define TO "rpyc://127.0.0.1:1"
    static const struct bad_line lines[] = {
        {{NULL}, {"URL EXPRESSION"}},
        {{TO}, {"no expression"}},
        {{TO, "root.ping()", "more"}, {"'more'", "quotes"}},
        {{"rpyc/threaded/native", "root.ping()"}, {"rpyc/threaded/native", "rpyc://HOST:PORT"}},
        {{"gopher://127.0.0.1:1", "x"}, {"gopher"}},
        {{"rpyc://127.0.0.1:0", "root.ping()"}, {"port", "0"}},
        {{"rpyc://127.0.0.1:1[call=loud]", "root.ping()"}, {"loud", "plain"}},
        {{TO ",rpyc://127.0.0.1:2", "root.ping()"}, {"more than one"}},
        {{TO, "root.ping()", "--timeout", "0"}, {"--timeout", "'0'"}},
        {{TO, "root.ping()", "--timeout", "soon"}, {"--timeout", "soon"}},
        {{TO, "root.ping()", "--loud"}, {"--loud", "--verbose", "--json"}},
        {{TO, "root.ping()", "-x"}, {"-x", "--verbose"}},
        {{TO, "root.ping()", "--json=yes"}, {"--json", "no value"}},
    };
#undef TO

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("call", &lines[i]);
}

Test(usage, list)
{
    static const struct bad_line lines[] = {{{"--all"}, {"--all"}}, {{"servers"}, {"servers"}}};

    for (size_t i = 0; i < BENCH_COUNT_OF(lines); i++)
        check_line("list", &lines[i]);
}

Test(usage, commands)
{
    struct support_output out;

    rig_run_program(&out, WORDS(lonely));
    cr_expect_eq(out.exit_status, 2);
    rig_assert_has(out.err, "usage: rpycbench COMMAND");
    cr_expect_str_empty(out.out);
    support_output_free(&out);

    rig_run_program(&out, WORDS(lonely, "dance"));
    cr_expect_eq(out.exit_status, 2);
    rig_assert_has(out.err, "'dance'");
    rig_assert_has(out.err, "serve");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
}

/* Help goes to stdout, and names every option that a wrong one is told about. */
Test(usage, help)
{
    static const char *const commands[] = {"run",      "serve", "call", "profile", "relay",
                                           "selftest", "list"};
    struct support_output out;

    for (size_t i = 0; i < BENCH_COUNT_OF(commands); i++) {
        rig_run_program(&out, WORDS(lonely, commands[i], "--help"));
        cr_expect_eq(out.exit_status, 0);
        cr_expect_str_empty(out.err);
        rig_assert_has(out.out, commands[i]);
        rig_assert_has(out.out, "--help");
        support_output_free(&out);
    }
    rig_run_program(&out, WORDS(lonely, "--version"));
    cr_expect_eq(out.exit_status, 0);
    rig_assert_has(out.out, "rpycbench ");
    rig_assert_has(out.out, "libcurl");
    support_output_free(&out);
    rig_run_program(&out, WORDS(lonely, "--help"));
    cr_expect_eq(out.exit_status, 0);
    for (size_t i = 0; i < BENCH_COUNT_OF(commands); i++)
        rig_assert_has(out.out, commands[i]);
    support_output_free(&out);
}
