/* SPDX-License-Identifier: MIT */
/* `rpycbench profile` on a terminal, when somebody dies, as a relay, and reading a capture. */
#include <criterion/criterion.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "rig.h"
#include "rig_docs.h"
#include "rig_profile.h"
#include "tests/support/files.h"

enum { SCREEN_SIZE = 1 << 20 };

static void begin(void)
{
    rig_need_python();
    rig_adopt();
    rig_profile_begin();
}

TestSuite(profile_ways, .init = begin, .fini = rig_profile_end, .timeout = 300);

/* ---- a terminal ---- */

struct terminal {
    pid_t pid;
    int fd;
    char *screen; /* all that was written */
    size_t length;
};

static void open_terminal(struct terminal *terminal, const char *const *argv)
{
    const struct winsize size = {.ws_row = 30, .ws_col = 100};

    terminal->screen = calloc(1, SCREEN_SIZE);
    terminal->length = 0;
    cr_assert_not_null(terminal->screen);
    terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
    cr_assert_geq(terminal->pid, 0);
    if (terminal->pid == 0) {
        char *words[RIG_WORDS_MAX];
        int n = 0;
        for (; argv[n] != NULL; n++)
            words[n] = strdup(argv[n]);
        words[n] = NULL;
        (void)execv(words[0], words);
        _exit(99);
    }
}

/* false at the end of what is written there. */
static bool read_terminal(struct terminal *terminal)
{
    struct pollfd wait = {.fd = terminal->fd, .events = POLLIN};

    cr_assert_eq(poll(&wait, 1, 60000), 1, "nothing comes any more behind:\n%s", terminal->screen);
    cr_assert_lt(terminal->length + 1, SCREEN_SIZE);
    const ssize_t n =
        read(terminal->fd, terminal->screen + terminal->length, SCREEN_SIZE - 1 - terminal->length);
    if (n > 0)
        terminal->length += (size_t)n;
    return n > 0; /* EIO: nobody has it open any more */
}

static void await_screen(struct terminal *terminal, const char *piece)
{
    while (strstr(terminal->screen, piece) == NULL)
        cr_assert(read_terminal(terminal), "no \"%s\" in:\n%s", piece, terminal->screen);
}

static int close_terminal(struct terminal *terminal)
{
    int status = -1;

    while (read_terminal(terminal))
        ;
    cr_assert_eq(bench_proc_wait(terminal->pid, 60 * BENCH_NS_PER_S, &status), 0);
    close(terminal->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t pid_on(const struct terminal *terminal)
{
    int pid = 0;

    cr_assert_eq(sscanf(strstr(terminal->screen, "staying "), "staying %d", &pid), 1);
    return (pid_t)pid;
}

#define ENTER "\033[?1049h"
#define LEAVE "\033[?1049l"

static const char *last_of(const char *text, const char *piece)
{
    const char *last = NULL;

    for (const char *at = text; (at = strstr(at, piece)) != NULL; at++)
        last = at;
    return last;
}

Test(profile_ways, live_screen)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct terminal terminal;

    rig_profile_serve(&server);
    rig_profile_words(argv, WORDS("--live", "--parts", "names"), server.port, WORDS("stay"));
    open_terminal(&terminal, argv);
    await_screen(&terminal, ENTER);
    await_screen(&terminal, "staying ");
    await_screen(&terminal, "root.ping");
    cr_expect_null(strstr(terminal.screen, LEAVE));
    /* To the profiler: it hands it on, and gives the terminal back. */
    cr_assert_eq(kill(terminal.pid, SIGTERM), 0);
    cr_expect_eq(close_terminal(&terminal), 0);
    rig_assert_has(terminal.screen, "stopped by 15");
    const char *leave = last_of(terminal.screen, LEAVE);
    cr_assert_not_null(leave);
    cr_expect(last_of(terminal.screen, ENTER) < leave);
    rig_assert_has(leave, "root.ping"); /* the report is on the ordinary screen */
    free(terminal.screen);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile_ways, control_c_goes_to_the_program)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct terminal terminal;

    rig_profile_serve(&server);
    rig_profile_words(argv, WORDS("--parts", "names"), server.port, WORDS("stay"));
    open_terminal(&terminal, argv);
    await_screen(&terminal, "staying ");
    cr_assert_eq(kill(pid_on(&terminal), 0), 0);
    cr_assert_eq(write(terminal.fd, "\003", 1), 1);
    cr_expect_eq(close_terminal(&terminal), 0, "the program's own status:\n%s", terminal.screen);
    const char *stopped = strstr(terminal.screen, "stopped by 2");
    cr_assert_not_null(stopped, "%s", terminal.screen);
    cr_expect_null(strstr(stopped + 1, "stopped by"), "once: %s", terminal.screen);
    rig_assert_has(stopped, "root.ping");
    cr_expect_null(strstr(terminal.screen, ENTER));
    free(terminal.screen);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

/* ---- deaths ---- */

Test(profile_ways, death_of_the_profiler)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct rig_program program;
    struct support_output out;

    rig_profile_serve(&server);
    /* A ring that is soon full. */
    rig_profile_words(argv, WORDS("--ring-size", "64KiB"), server.port,
                      WORDS("ping=1", "print=ready", "ping=3000", "users=10", "print=done"));
    rig_start(&program, argv);
    (void)rig_profile_await_text(program.out_fd, "ready");
    cr_assert_eq(kill(program.pid, SIGKILL), 0);
    (void)rig_profile_await_text(program.out_fd, "done");
    rig_wait(&program, &out);
    cr_expect_eq(out.signal, SIGKILL);
    cr_expect_str_empty(out.err, "%s", out.err);
    support_output_free(&out);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile_ways, signals_that_somebody_sends_are_the_program_s)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct rig_server server;
    struct rig_program program;
    struct support_output out;
    char line[32];

    rig_profile_serve(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(signals); i++) {
        rig_profile_start_staying(&program, WORDS("--parts", "names"), server.port);
        (void)rig_profile_await_pid(program.out_fd);
        cr_assert_eq(kill(program.pid, signals[i]), 0);
        rig_wait(&program, &out);
        (void)snprintf(line, sizeof(line), "stopped by %d", signals[i]);
        rig_assert_has(out.out, line);
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        rig_assert_has(out.err, "root.ping");
        support_output_free(&out);
    }
    (void)rig_server_stop(&server);
}

/* ---- a relay ---- */

Test(profile_ways, relay)
{
    struct rig_server server;
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    rig_need_versions();
    for (int version = 0; version < RIG_VERSIONS; version++) {
        rig_use_version(version);
        rig_profile_serve(&server);
        rig_profile_start_relay(&relay, WORDS("--json", "-", "--rtt", "2ms"), server.port, &port);
        (void)rig_profile_await_text(relay.err_fd, " after 1ms");
        rig_profile_run_client(port, WORDS("ping=20", "users=10"));
        cr_assert_eq(kill(relay.pid, version == 0 ? SIGTERM : SIGINT), 0);
        rig_wait(&relay, &out);
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        json_t *profile = rig_json(out.out);
        rig_profile_check_counts(profile);
        cr_expect_eq(json_array_size(rig_at(profile, "connections")), 1);
        json_decref(profile);
        support_output_free(&out);
        (void)rig_server_stop(&server);
    }
    rig_assert_nobody_left();
}

/* Nobody reads what the profiler writes, so that it stands still; the relay goes on, and what the
 * analyser did not get is a hole, not a mistake. */
Test(profile_ways, relay_whose_analyser_is_stuck)
{
    struct rig_server server;
    struct terminal terminal;
    char to[32];
    unsigned port = 0;

    rig_profile_serve(&server);
    (void)snprintf(to, sizeof(to), "127.0.0.1:%u", server.port);
    const char *json = rig_profile_path("stuck.json");
    open_terminal(&terminal, WORDS(rig_bench(), "profile", "--listen", "127.0.0.1:0", "--upstream",
                                   to, "--ring-size", "64KiB", "--log-slow",
                                   "--slow-call-threshold", "1ns", "--json", json));
    await_screen(&terminal, "ends it with the report");
    cr_assert_eq(sscanf(strstr(terminal.screen, "listens on "), "listens on 127.0.0.1:%u", &port),
                 1);
    rig_profile_run_client((uint16_t)port, WORDS("ping=3000"));
    rig_profile_run_client((uint16_t)port, WORDS("users=10"));
    cr_assert_eq(kill(terminal.pid, SIGINT), 0);
    cr_expect_eq(close_terminal(&terminal), 0, "%s", terminal.screen);
    json_t *profile = rig_profile_read_json(json);
    cr_expect_gt(rig_number(profile, "dropped_pieces"), 0);
    cr_expect_geq(rig_number(profile, "totals.lost"), 1);
    cr_expect_lt(rig_number(profile, "totals.round_trips.to_server"), 6000);
    json_decref(profile);
    free(terminal.screen);
    (void)rig_server_stop(&server);
}

Test(profile_ways, relay_reports_to_stdout)
{
    struct rig_server server;
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    rig_profile_serve(&server);
    rig_profile_start_relay(&relay, WORDS("--top", "3"), server.port, &port);
    rig_profile_run_client(port, WORDS("users=10"));
    cr_assert_eq(kill(relay.pid, SIGINT), 0);
    rig_wait(&relay, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.out, "root.users");
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

Test(profile_ways, relay_that_nobody_used)
{
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    rig_profile_start_relay(&relay, WORDS(NULL), 1, &port);
    cr_assert_eq(kill(relay.pid, SIGINT), 0);
    rig_wait(&relay, &out);
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.err, "no RPyC connection was seen: nobody connected");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
}

/* ---- a capture ---- */

/* What tcpdump writes of that port while the client makes its calls; false: it may not. */
static bool capture(uint16_t port, const char *path, const char *const *steps)
{
    char filter[32];
    struct rig_program tcpdump;
    struct support_output out;
    int status;

    (void)snprintf(filter, sizeof(filter), "tcp port %u", port);
    rig_start(&tcpdump, WORDS("tcpdump", "-i", "lo", "-U", "--immediate-mode", "-B", "8192", "-s",
                              "0", "-w", path, filter));
    do {
        char text[400] = "";
        if (pread(tcpdump.err_fd, text, sizeof(text) - 1, 0) > 0 &&
            strstr(text, "listening on") != NULL)
            break;
        rig_pause();
        if (bench_proc_wait(tcpdump.pid, 0, &status) == 0)
            return false;
    } while (true);
    rig_profile_run_client(port, steps);
    /* It has all when the last packet is in the file: the end of the client's connection. */
    off_t before = -1, now = 0;
    for (int same = 0; same < 20; same++, before = now) {
        struct stat st;
        rig_pause();
        cr_assert_eq(stat(path, &st), 0);
        now = st.st_size;
        if (now != before || now < 10000) /* the calls alone are more than that */
            same = 0;
    }
    cr_assert_eq(kill(tcpdump.pid, SIGINT), 0);
    rig_wait(&tcpdump, &out);
    support_output_free(&out);
    return true;
}

Test(profile_ways, a_capture)
{
    struct rig_server server;
    struct support_output out;
    char pcap[400], port[8], command[1400], *bytes;
    size_t length;

    if (access("/usr/bin/tcpdump", X_OK) < 0)
        cr_skip_test("there is no tcpdump");
    (void)snprintf(pcap, sizeof(pcap), "%s", rig_profile_path("calls.pcap"));
    rig_profile_serve(&server);
    if (!capture(server.port, pcap, WORDS("ping=20", "users=10")))
        cr_skip_test("tcpdump may not capture here");
    (void)snprintf(port, sizeof(port), "%u", server.port);
    rig_run(&out, WORDS("profile", "--read", pcap, "--port", port, "--json", "-"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    json_t *profile = rig_json(out.out);
    rig_profile_check_counts(profile);
    json_decref(profile);
    support_output_free(&out);

    /* By stdin, and as text. */
    (void)snprintf(command, sizeof(command), "'%s' profile --read - < '%s'", rig_bench(), pcap);
    rig_run_program(&out, WORDS("sh", "-c", command));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.out, "root.users");
    support_output_free(&out);

    /* Windows go by the time of the capture. */
    rig_run(&out, WORDS("profile", "--read", pcap, "--log", "-", "--interval", "10ms", "--output",
                        "/dev/null"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    int lines;
    cr_expect_eq(rig_profile_line_sum(out.out, NULL, "root.ping", &lines), RIG_PINGS);
    support_output_free(&out);

    /* Another port: there is nothing. */
    rig_run(&out, WORDS("profile", "--read", pcap, "--port", "1"));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.err, "no RPyC connection was seen");
    cr_expect_str_empty(out.out);
    support_output_free(&out);

    /* Cut in the middle: what there was, and that it is broken. */
    cr_assert_eq(support_read_file(pcap, &bytes, &length), 0);
    cr_assert_eq(support_write_file(rig_profile_path("cut.pcap"), bytes, length / 2 + 1), 0);
    rig_run(&out, WORDS("profile", "--read", rig_profile_path("cut.pcap")));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.out, "root.ping");
    support_output_free(&out);
    free(bytes);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile_ways, no_capture_at_all)
{
    struct support_output out;

    rig_run(&out, WORDS("profile", "--read", rig_profile_path("nowhere.pcap")));
    cr_expect_eq(out.exit_status, 2, "%s", out.err);
    rig_assert_has(out.err, "nowhere.pcap");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    cr_assert_eq(support_write_file(rig_profile_path("text.pcap"), "this is no capture, is it", 25),
                 0);
    rig_run(&out, WORDS("profile", "--read", rig_profile_path("text.pcap")));
    cr_expect_eq(out.exit_status, 2, "%s", out.err);
    support_output_free(&out);
}
