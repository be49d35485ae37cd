/* SPDX-License-Identifier: MIT */
/* `rpycbench profile -- PROGRAM` as a user runs it: its status, its outputs, what shows meanwhile.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/conn.h"
#include "bench/units.h"
#include "core/proc.h"
#include "rig.h"
#include "rig_docs.h"
#include "rig_profile.h"
#include "tests/support/files.h"
#include "tests/support/peer.h"

static void begin(void)
{
    rig_need_python();
    rig_adopt();
    rig_profile_begin();
}

TestSuite(profile, .init = begin, .fini = rig_profile_end, .timeout = 300);

/* ---- a program ---- */

static void check_statuses(struct rig_server *server)
{
    struct support_output out;

    rig_profile_run(&out, WORDS("--parts", "summary,names"), server->port,
                    WORDS("ping=3", "print=x"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "x\n");
    rig_assert_has(out.err, "root.ping");
    support_output_free(&out);

    rig_profile_run(&out, WORDS("--parts", "names"), server->port, WORDS("users=2", "exit=3"));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    cr_expect_str_eq(out.out, "2\n");
    rig_assert_has(out.err, "root.users");
    support_output_free(&out);

    rig_profile_run(&out, WORDS("--parts", "names"), server->port, WORDS("ping=3", "kill=9"));
    cr_expect_eq(out.exit_status, 128 + SIGKILL, "%s", out.err);
    rig_assert_has(out.err, "root.ping");
    support_output_free(&out);
}

Test(profile, status_and_stdout_are_the_program_s)
{
    struct rig_server server;

    rig_need_versions();
    for (int version = 0; version < RIG_VERSIONS; version++) {
        rig_use_version(version);
        rig_profile_serve(&server);
        check_statuses(&server);
        (void)rig_server_stop(&server);
    }
    rig_assert_nobody_left();
}

Test(profile, stdout_is_untouched_byte_for_byte)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct rig_program program;
    unsigned char bytes[2000];
    int status = -1;

    rig_profile_serve(&server);
    rig_profile_words(argv, WORDS("--json", rig_profile_path("profile.json")), server.port,
                      WORDS("ping=1", "bytes=1000", "users=1"));
    rig_start(&program, argv);
    cr_assert_eq(bench_proc_wait(program.pid, 60 * BENCH_NS_PER_S, &status), 0);
    cr_expect_eq(status, 0);
    cr_assert_eq(pread(program.out_fd, bytes, sizeof(bytes), 0), 1002);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(bytes[i], i % 256);
    cr_expect_eq(memcmp(bytes + 1000, "1\n", 2), 0);
    close(program.out_fd);
    close(program.err_fd);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile, programs_that_cannot_be_run)
{
    struct support_output out;

    rig_run(&out, WORDS("profile", "--", "no-such-program-anywhere"));
    cr_expect_eq(out.exit_status, 127, "%s", out.err);
    rig_assert_has(out.err, "no-such-program-anywhere");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    rig_run(&out, WORDS("profile", "--", rig_profile_folder()));
    cr_expect_eq(out.exit_status, 126, "%s", out.err);
    support_output_free(&out);
}

Test(profile, nothing_was_seen)
{
    struct support_output out;
    const char *json = rig_profile_path("profile.json");

    rig_run(&out, WORDS("profile", "--json", json, "--", "sh", "-c", "echo hello; exit 5"));
    cr_expect_eq(out.exit_status, 5, "%s", out.err);
    cr_expect_str_eq(out.out, "hello\n");
    rig_assert_has(out.err, "no RPyC connection was seen: ");
    cr_expect_eq(access(json, F_OK), 0, "and what was asked for is there");
    support_output_free(&out);
}

/* ---- outputs ---- */

static void check_file(const char *path, const char *piece)
{
    char *text = NULL;
    size_t length;

    cr_assert_eq(support_read_file(path, &text, &length), 0, "cannot read %s", path);
    rig_assert_has(text, piece);
    free(text);
}

Test(profile, every_output_of_a_program)
{
    struct rig_server server;
    struct support_output out;
    char json[400], html[400], trace[400], text[400];

    rig_need_versions();
    (void)snprintf(json, sizeof(json), "%s", rig_profile_path("profile.json"));
    (void)snprintf(html, sizeof(html), "%s", rig_profile_path("profile.html"));
    (void)snprintf(trace, sizeof(trace), "%s", rig_profile_path("trace.json"));
    (void)snprintf(text, sizeof(text), "%s", rig_profile_path("profile.txt"));
    for (int version = 0; version < RIG_VERSIONS; version++) {
        rig_use_version(version);
        rig_profile_serve(&server);
        rig_profile_run(&out,
                        WORDS("--json", json, "--html", html, "--trace", trace, "--output", text),
                        server.port, WORDS("ping=20", "users=10"));
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        cr_expect_str_eq(out.out, "10\n");
        cr_expect_str_empty(out.err, "the report has its file: %s", out.err);
        support_output_free(&out);
        json_t *profile = rig_profile_read_json(json);
        rig_profile_check_counts(profile);
        json_decref(profile);
        profile = rig_profile_read_json(trace);
        cr_expect_gt(json_array_size(rig_at(profile, "traceEvents")), RIG_PINGS);
        json_decref(profile);
        check_file(html, "root.users");
        check_file(text, "root.ping");
        (void)rig_server_stop(&server);
    }
    rig_assert_nobody_left();
}

Test(profile, json_takes_the_place_of_the_report)
{
    struct rig_server server;
    struct support_output out;

    rig_profile_serve(&server);
    rig_profile_run(&out, WORDS("--json", "-"), server.port, WORDS("ping=20", "users=10"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "10\n");
    json_t *profile = rig_json(out.err);
    rig_profile_check_counts(profile);
    json_decref(profile);
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

static void check_unwritable(const char *option, const char *path)
{
    struct support_output out;
    const char *mark = rig_profile_path("started");

    rig_run(&out, WORDS("profile", option, path, "--", "touch", mark));
    cr_expect_eq(out.exit_status, 2, "%s %s: %s", option, path, out.err);
    rig_assert_has(out.err, path);
    cr_expect_neq(access(mark, F_OK), 0, "the program was started");
    support_output_free(&out);
}

Test(profile, what_cannot_be_written_is_known_at_once)
{
    static const char *const options[] = {"--output", "--json", "--html", "--trace", "--log"};

    for (size_t i = 0; i < BENCH_COUNT_OF(options); i++) {
        check_unwritable(options[i], rig_profile_path("no/such/folder"));
        check_unwritable(options[i], rig_profile_folder());
    }
}

/* What was there is neither lost nor half written. */
Test(profile, a_file_is_replaced_as_a_whole)
{
    struct rig_server server;
    struct rig_program program;
    struct support_output out;
    const char *json = rig_profile_path("profile.json");

    cr_assert_eq(support_write_file(json, "before", 6), 0);
    cr_assert_eq(chmod(json, 0640), 0);
    rig_profile_serve(&server);
    rig_profile_start_staying(&program, WORDS("--json", json), server.port);
    pid_t pid = rig_profile_await_pid(program.out_fd);
    check_file(json, "before");
    cr_assert_eq(kill(pid, SIGTERM), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    json_t *profile = rig_profile_read_json(json);
    cr_expect_gt(rig_profile_count_of(profile, "root.ping"), 0);
    json_decref(profile);
    struct stat st;
    cr_assert_eq(stat(json, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0640);
    (void)rig_server_stop(&server);
}

/* ---- while it runs ---- */

static void scrape(uint16_t port, const char *path, const char *method, struct support_output *out)
{
    char url[80];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    rig_run_program(out, WORDS("curl", "-sS", "-i", "--max-time", "30", "-X", method, url));
    cr_assert_eq(out->exit_status, 0, "%s", out->err);
}

static void check_answer(uint16_t port, const char *path, const char *method, const char *status)
{
    struct support_output out;

    scrape(port, path, method, &out);
    rig_assert_has(out.out, status);
    support_output_free(&out);
}

/* Clients that say nothing, or nonsense, and stay: those who ask properly get their answer. */
static void pester(uint16_t port, int fds[20])
{
    char junk[9000];

    memset(junk, 'x', sizeof(junk));
    for (int i = 0; i < 20; i++) {
        struct bench_address address = {.host = "127.0.0.1", .port = port};

        cr_assert_eq(bench_address_resolve(&address, NULL), 0);
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(fds[i], (const struct sockaddr *)(const void *)address.sockaddr,
                             address.sockaddr_length),
                     0);
        if (i % 3 == 1)
            cr_assert_eq(send(fds[i], "GET /met", 8, MSG_NOSIGNAL), 8);
        else if (i % 3 == 2)
            (void)send(fds[i], junk, sizeof(junk), MSG_NOSIGNAL);
    }
}

Test(profile, metrics)
{
    struct rig_server server;
    struct rig_program program;
    struct support_output out;
    int fds[20];

    rig_profile_serve(&server);
    rig_profile_start_staying(&program, WORDS("--metrics", ":0"), server.port);
    const uint16_t port = rig_profile_await_port(program.err_fd, "metrics at http://127.0.0.1:");
    const pid_t pid = rig_profile_await_pid(program.out_fd);
    pester(port, fds);
    for (;;) { /* until a drain has brought a ping */
        scrape(port, "/metrics", "GET", &out);
        rig_assert_has(out.out, "HTTP/1.1 200 OK");
        rig_assert_has(out.out, "Content-Type: text/plain; version=0.0.4");
        rig_assert_has(out.out, "# TYPE rpycbench_");
        if (strstr(out.out, "root.ping") != NULL)
            break;
        support_output_free(&out);
        rig_pause();
    }
    support_output_free(&out);
    check_answer(port, "/metrics?x=1", "GET", " 200 ");
    check_answer(port, "/", "GET", " 404 ");
    check_answer(port, "/metricsx", "GET", " 404 ");
    check_answer(port, "/metrics", "POST", " 405 ");
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    cr_assert_eq(kill(pid, SIGTERM), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile, ports_that_are_taken)
{
    struct support_output out;
    const char *mark = rig_profile_path("started");
    uint16_t port;
    int taken;
    char at[32];

    cr_assert_eq(support_refusing_port(&taken, &port), 0);
    (void)snprintf(at, sizeof(at), "127.0.0.1:%u", port);
    rig_run(&out, WORDS("profile", "--metrics", at, "--", "touch", mark));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.err, "cannot serve metrics on 127.0.0.1");
    cr_expect_neq(access(mark, F_OK), 0, "the program was started");
    support_output_free(&out);
    rig_run(&out, WORDS("profile", "--listen", at, "--upstream", "127.0.0.1:1"));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.err, "cannot listen on 127.0.0.1");
    support_output_free(&out);
    close(taken);
}

Test(profile, a_report_on_the_way)
{
    struct rig_server server;
    struct rig_program program;
    struct support_output out;

    rig_profile_serve(&server);
    rig_profile_start_staying(&program, WORDS("--parts", "names"), server.port);
    const pid_t pid = rig_profile_await_pid(program.out_fd);
    do { /* until a ping has been seen */
        cr_assert_eq(kill(program.pid, SIGUSR1), 0);
        rig_pause();
    } while (lseek(program.err_fd, 0, SEEK_END) == 0);
    (void)rig_profile_await_text(program.err_fd, "root.ping");
    cr_assert_eq(kill(pid, SIGTERM), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_geq(rig_count_lines(out.err, "root.ping"), 2, "and one at the end: %s", out.err);
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

Test(profile, windows_add_up)
{
    struct rig_server server;
    struct support_output out;
    char log[400], json[400], *text;
    size_t length;
    int lines;

    (void)snprintf(log, sizeof(log), "%s", rig_profile_path("windows"));
    (void)snprintf(json, sizeof(json), "%s", rig_profile_path("profile.json"));
    rig_profile_serve(&server);
    rig_profile_run(&out, WORDS("--log", log, "--interval", "50ms", "--json", json), server.port,
                    WORDS("ping=20", "pause=0.2", "users=10", "pause=0.2", "ping=5"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    cr_assert_eq(support_read_file(log, &text, &length), 0);
    json_t *profile = rig_profile_read_json(json);
    cr_expect_eq(rig_profile_line_sum(text, NULL, "root.ping", &lines), 25);
    cr_expect_gt(lines, 3);
    cr_expect_eq(rig_profile_line_sum(text, "totals.round_trips.to_server", NULL, &lines),
                 rig_number(profile, "totals.round_trips.to_server"));
    cr_expect_eq(rig_profile_line_sum(text, "totals.messages.to_client", NULL, &lines),
                 rig_number(profile, "totals.messages.to_client"));
    cr_expect_eq(rig_profile_line_sum(text, "totals.wire_bytes.to_server", NULL, &lines),
                 rig_number(profile, "totals.wire_bytes.to_server"));
    json_decref(profile);
    free(text);
    (void)rig_server_stop(&server);
}

Test(profile, slow_calls_are_told)
{
    struct rig_server server;
    struct support_output out;

    rig_profile_serve(&server);
    rig_profile_run(&out,
                    WORDS("--log-slow", "--slow-call-threshold", "300ms", "--parts", "summary"),
                    server.port, WORDS("wait=1"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.err, "slow: root.wait has not been answered for ");
    rig_assert_has(out.err, "slow: root.wait took ");
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

Test(profile, predictions_alone)
{
    struct rig_server server;
    struct support_output out;

    rig_profile_serve(&server);
    rig_profile_run(&out, WORDS("--what-if", "tuple:root.users"), server.port, WORDS("users=50"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.err, "what if root.users(): ");
    rig_assert_has(out.err, "round trips  154 -> 2");
    rig_assert_has(out.err, "RTT 10 ms");
    support_output_free(&out);
    rig_profile_run(&out, WORDS("--what-if", "tuple:root.nothing"), server.port, WORDS("users=5"));
    cr_expect_eq(out.exit_status, 0, "the program's: %s", out.err);
    rig_assert_has(out.err, "root.nothing");
    support_output_free(&out);
    (void)rig_server_stop(&server);
}
