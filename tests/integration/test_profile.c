/* SPDX-License-Identifier: MIT */
/* `rpycbench profile` as a user runs it: a program, a relay, a capture; its outputs and its end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/conn.h"
#include "bench/units.h"
#include "core/proc.h"
#include "rig.h"
#include "rig_docs.h"
#include "tests/support/files.h"
#include "tests/support/peer.h"
#include "tests/support/schema.h"

enum { STEPS_MAX = 12, TEXT_SIZE = 64, SCREEN_SIZE = 1 << 20 };

static char *folder;

static void begin(void)
{
    rig_need_python();
    rig_adopt();
    cr_assert_eq(support_tempdir_make(&folder, NULL), 0);
}

static void finish(void) { support_tempdir_remove(folder); }

TestSuite(profile, .init = begin, .fini = finish, .timeout = 300);

/* ---- what the tests share ---- */

static const char *script(void)
{
    static char path[600];

    (void)snprintf(path, sizeof(path), "%s", rig_peer_path("profile_program.py"));
    return path;
}

static void serve(struct rig_server *server)
{
    rig_peer(server, "profile_program.py", WORDS("--serve"));
}

/* A path in the folder of this test; up to four at a time. */
static const char *path_of(const char *name)
{
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* "rpycbench", "profile", options, "--", python, script, port, steps */
static void program_words(const char *argv[RIG_WORDS_MAX], const char *const *options,
                          uint16_t port, const char *const *steps)
{
    static char number[8];
    static char python[620];
    int n = 0;

    (void)snprintf(number, sizeof(number), "%u", port);
    (void)snprintf(python, sizeof(python), "%s", rig_python());
    argv[n++] = rig_bench();
    argv[n++] = "profile";
    for (; *options != NULL; options++)
        argv[n++] = *options;
    argv[n++] = "--";
    argv[n++] = python;
    argv[n++] = script();
    argv[n++] = number;
    for (; *steps != NULL; steps++)
        argv[n++] = *steps;
    argv[n] = NULL;
}

static void run_program(struct support_output *out, const char *const *options, uint16_t port,
                        const char *const *steps)
{
    const char *argv[RIG_WORDS_MAX];

    program_words(argv, options, port, steps);
    rig_run_program(out, argv);
}

/* Waits until the program has written the piece to that descriptor (a memory file); what is behind
 * it, in a static buffer. */
static const char *await_text(int fd, const char *piece)
{
    static char text[1 << 16];
    const int64_t deadline_ns = bench_now_ns() + 60 * BENCH_NS_PER_S;

    for (;;) {
        const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        cr_assert_geq(n, 0);
        text[n] = '\0';
        const char *at = strstr(text, piece);
        if (at != NULL && strchr(at, '\n') != NULL)
            return at + strlen(piece);
        cr_assert_lt(bench_now_ns(), deadline_ns, "no \"%s\" in:\n%s", piece, text);
        rig_pause();
    }
}

static uint16_t await_port(int fd, const char *piece)
{
    unsigned port = 0;

    cr_assert_eq(sscanf(await_text(fd, piece), "%u", &port), 1);
    cr_assert(port > 0 && port < 65536);
    return (uint16_t)port;
}

static pid_t await_pid(int fd)
{
    int pid = 0;

    cr_assert_eq(sscanf(await_text(fd, "staying "), "%d", &pid), 1);
    return (pid_t)pid;
}

/* A program that stays until it is told to stop. */
static void start_staying(struct rig_program *program, const char *const *options, uint16_t port)
{
    const char *argv[RIG_WORDS_MAX];

    program_words(argv, options, port, WORDS("stay"));
    rig_start(program, argv);
}

static void start_relay(struct rig_program *program, const char *const *options, uint16_t upstream,
                        uint16_t *port)
{
    const char *argv[RIG_WORDS_MAX] = {rig_bench(), "profile", "--listen", "127.0.0.1:0",
                                       "--upstream"};
    char to[32];
    int n = 5;

    (void)snprintf(to, sizeof(to), "127.0.0.1:%u", upstream);
    argv[n++] = to;
    for (; *options != NULL; options++)
        argv[n++] = *options;
    rig_start(program, argv);
    *port = await_port(program->err_fd, "profile listens on 127.0.0.1:");
}

static void run_client(uint16_t port, const char *const *steps)
{
    char python[620], number[8];
    const char *argv[RIG_WORDS_MAX];
    struct support_output out;
    int n = 0;

    (void)snprintf(python, sizeof(python), "%s", rig_python());
    (void)snprintf(number, sizeof(number), "%u", port);
    argv[n++] = python;
    argv[n++] = script();
    argv[n++] = number;
    for (; *steps != NULL; steps++)
        argv[n++] = *steps;
    argv[n] = NULL;
    rig_run_program(&out, argv);
    cr_assert_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
}

/* ---- a program ---- */

static void check_statuses(struct rig_server *server)
{
    struct support_output out;

    run_program(&out, WORDS("--parts", "summary,names"), server->port, WORDS("ping=3", "print=x"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "x\n");
    rig_assert_has(out.err, "root.ping");
    support_output_free(&out);

    run_program(&out, WORDS("--parts", "names"), server->port, WORDS("users=2", "exit=3"));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    cr_expect_str_eq(out.out, "2\n");
    rig_assert_has(out.err, "root.users");
    support_output_free(&out);

    run_program(&out, WORDS("--parts", "names"), server->port, WORDS("ping=3", "kill=9"));
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
        serve(&server);
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

    serve(&server);
    program_words(argv, WORDS("--json", path_of("profile.json")), server.port,
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
    rig_run(&out, WORDS("profile", "--", folder));
    cr_expect_eq(out.exit_status, 126, "%s", out.err);
    support_output_free(&out);
}

Test(profile, nothing_was_seen)
{
    struct support_output out;
    const char *json = path_of("profile.json");

    rig_run(&out, WORDS("profile", "--json", json, "--", "sh", "-c", "echo hello; exit 5"));
    cr_expect_eq(out.exit_status, 5, "%s", out.err);
    cr_expect_str_eq(out.out, "hello\n");
    rig_assert_has(out.err, "no RPyC connection was seen: ");
    cr_expect_eq(access(json, F_OK), 0, "and what was asked for is there");
    support_output_free(&out);
}

/* ---- outputs ---- */

static json_t *read_json(const char *path)
{
    char *text = NULL;
    size_t length;

    cr_assert_eq(support_read_file(path, &text, &length), 0, "cannot read %s", path);
    json_t *json = rig_json(text);
    free(text);
    return json;
}

static void check_schema(const json_t *document)
{
    char path[600];
    struct bench_error err = {0};

    (void)snprintf(path, sizeof(path), "%s/docs/profile.schema.json", TEST_SOURCE_DIR);
    json_t *schema = read_json(path);
    cr_expect_eq(support_schema_check(schema, document, &err), 0, "%s", err.msg);
    json_decref(schema);
}

/* How often the programmer did what has this name, in a profile or a window; 0 = it is not there.
 */
static double count_of(const json_t *profile, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach(rig_at(profile, "names"), i, row)
    {
        const json_t *text = rig_at(row, "name");
        if (json_is_string(text) && strcmp(json_string_value(text), name) == 0)
            return rig_number(row, "count");
    }
    return 0;
}

/* What is certain of ping=20 users=10: two round trips for each ping and for users(), one for each
 * element and the end of the iteration, two items of each. */
enum { PINGS = 20, USERS = 10, TRIPS = 2 * PINGS + 2 + 1 + USERS + 1 + 2 * USERS };

static void check_counts(const json_t *profile)
{
    check_schema(profile);
    cr_expect_eq(count_of(profile, "root.ping"), PINGS);
    cr_expect_eq(count_of(profile, "root.users"), 1);
    cr_expect_geq(rig_number(profile, "totals.round_trips.to_server"), TRIPS);
    cr_expect_leq(rig_number(profile, "totals.round_trips.to_server"), TRIPS + 10,
                  "opening, descriptions of classes");
    cr_expect_eq(rig_number(profile, "totals.lost"), 0);
    cr_expect_eq(rig_number(profile, "dropped_pieces"), 0);
    cr_expect_gt(json_array_size(rig_at(profile, "findings")), 0);
}

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
    (void)snprintf(json, sizeof(json), "%s", path_of("profile.json"));
    (void)snprintf(html, sizeof(html), "%s", path_of("profile.html"));
    (void)snprintf(trace, sizeof(trace), "%s", path_of("trace.json"));
    (void)snprintf(text, sizeof(text), "%s", path_of("profile.txt"));
    for (int version = 0; version < RIG_VERSIONS; version++) {
        rig_use_version(version);
        serve(&server);
        run_program(&out, WORDS("--json", json, "--html", html, "--trace", trace, "--output", text),
                    server.port, WORDS("ping=20", "users=10"));
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        cr_expect_str_eq(out.out, "10\n");
        cr_expect_str_empty(out.err, "the report has its file: %s", out.err);
        support_output_free(&out);
        json_t *profile = read_json(json);
        check_counts(profile);
        json_decref(profile);
        profile = read_json(trace);
        cr_expect_gt(json_array_size(rig_at(profile, "traceEvents")), PINGS);
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

    serve(&server);
    run_program(&out, WORDS("--json", "-"), server.port, WORDS("ping=20", "users=10"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_str_eq(out.out, "10\n");
    json_t *profile = rig_json(out.err);
    check_counts(profile);
    json_decref(profile);
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

static void check_unwritable(const char *option, const char *path)
{
    struct support_output out;
    const char *mark = path_of("started");

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
        check_unwritable(options[i], path_of("no/such/folder"));
        check_unwritable(options[i], folder);
    }
}

/* What was there is neither lost nor half written. */
Test(profile, a_file_is_replaced_as_a_whole)
{
    struct rig_server server;
    struct rig_program program;
    struct support_output out;
    const char *json = path_of("profile.json");

    cr_assert_eq(support_write_file(json, "before", 6), 0);
    cr_assert_eq(chmod(json, 0640), 0);
    serve(&server);
    start_staying(&program, WORDS("--json", json), server.port);
    pid_t pid = await_pid(program.out_fd);
    check_file(json, "before");
    cr_assert_eq(kill(pid, SIGTERM), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    json_t *profile = read_json(json);
    cr_expect_gt(count_of(profile, "root.ping"), 0);
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

    serve(&server);
    start_staying(&program, WORDS("--metrics", ":0"), server.port);
    const uint16_t port = await_port(program.err_fd, "metrics at http://127.0.0.1:");
    const pid_t pid = await_pid(program.out_fd);
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
    const char *mark = path_of("started");
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

    serve(&server);
    start_staying(&program, WORDS("--parts", "names"), server.port);
    const pid_t pid = await_pid(program.out_fd);
    do { /* until a ping has been seen */
        cr_assert_eq(kill(program.pid, SIGUSR1), 0);
        rig_pause();
    } while (lseek(program.err_fd, 0, SEEK_END) == 0);
    (void)await_text(program.err_fd, "root.ping");
    cr_assert_eq(kill(pid, SIGTERM), 0);
    rig_wait(&program, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    cr_expect_geq(rig_count_lines(out.err, "root.ping"), 2, "and one at the end: %s", out.err);
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

static double line_sum(const char *text, const char *path, const char *name, int *lines)
{
    double sum = 0;
    char *copy = strdup(text), *rest = copy, *line;

    *lines = 0;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        json_t *window = rig_json(line);
        sum += name != NULL ? count_of(window, name) : rig_number(window, path);
        cr_expect_gt(rig_number(window, "time"), 1e9);
        json_decref(window);
        (*lines)++;
    }
    free(copy);
    return sum;
}

Test(profile, windows_add_up)
{
    struct rig_server server;
    struct support_output out;
    char log[400], json[400], *text;
    size_t length;
    int lines;

    (void)snprintf(log, sizeof(log), "%s", path_of("windows"));
    (void)snprintf(json, sizeof(json), "%s", path_of("profile.json"));
    serve(&server);
    run_program(&out, WORDS("--log", log, "--interval", "50ms", "--json", json), server.port,
                WORDS("ping=20", "pause=0.2", "users=10", "pause=0.2", "ping=5"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    support_output_free(&out);
    cr_assert_eq(support_read_file(log, &text, &length), 0);
    json_t *profile = read_json(json);
    cr_expect_eq(line_sum(text, NULL, "root.ping", &lines), 25);
    cr_expect_gt(lines, 3);
    cr_expect_eq(line_sum(text, "totals.round_trips.to_server", NULL, &lines),
                 rig_number(profile, "totals.round_trips.to_server"));
    cr_expect_eq(line_sum(text, "totals.messages.to_client", NULL, &lines),
                 rig_number(profile, "totals.messages.to_client"));
    cr_expect_eq(line_sum(text, "totals.wire_bytes.to_server", NULL, &lines),
                 rig_number(profile, "totals.wire_bytes.to_server"));
    json_decref(profile);
    free(text);
    (void)rig_server_stop(&server);
}

Test(profile, slow_calls_are_told)
{
    struct rig_server server;
    struct support_output out;

    serve(&server);
    run_program(&out, WORDS("--log-slow", "--slow-call-threshold", "300ms", "--parts", "summary"),
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

    serve(&server);
    run_program(&out, WORDS("--what-if", "tuple:root.users"), server.port, WORDS("users=50"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.err, "what if root.users(): ");
    rig_assert_has(out.err, "round trips  154 -> 2");
    rig_assert_has(out.err, "RTT 10 ms");
    support_output_free(&out);
    run_program(&out, WORDS("--what-if", "tuple:root.nothing"), server.port, WORDS("users=5"));
    cr_expect_eq(out.exit_status, 0, "the program's: %s", out.err);
    rig_assert_has(out.err, "root.nothing");
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

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

Test(profile, live_screen)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct terminal terminal;

    serve(&server);
    program_words(argv, WORDS("--live", "--parts", "names"), server.port, WORDS("stay"));
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

Test(profile, control_c_goes_to_the_program)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct terminal terminal;

    serve(&server);
    program_words(argv, WORDS("--parts", "names"), server.port, WORDS("stay"));
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

Test(profile, death_of_the_profiler)
{
    const char *argv[RIG_WORDS_MAX];
    struct rig_server server;
    struct rig_program program;
    struct support_output out;

    serve(&server);
    /* A ring that is soon full. */
    program_words(argv, WORDS("--ring-size", "64KiB"), server.port,
                  WORDS("ping=1", "print=ready", "ping=3000", "users=10", "print=done"));
    rig_start(&program, argv);
    (void)await_text(program.out_fd, "ready");
    cr_assert_eq(kill(program.pid, SIGKILL), 0);
    (void)await_text(program.out_fd, "done");
    rig_wait(&program, &out);
    cr_expect_eq(out.signal, SIGKILL);
    cr_expect_str_empty(out.err, "%s", out.err);
    support_output_free(&out);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile, signals_that_somebody_sends_are_the_program_s)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct rig_server server;
    struct rig_program program;
    struct support_output out;
    char line[32];

    serve(&server);
    for (size_t i = 0; i < BENCH_COUNT_OF(signals); i++) {
        start_staying(&program, WORDS("--parts", "names"), server.port);
        (void)await_pid(program.out_fd);
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

Test(profile, relay)
{
    struct rig_server server;
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    rig_need_versions();
    for (int version = 0; version < RIG_VERSIONS; version++) {
        rig_use_version(version);
        serve(&server);
        start_relay(&relay, WORDS("--json", "-", "--rtt", "2ms"), server.port, &port);
        (void)await_text(relay.err_fd, " after 1ms");
        run_client(port, WORDS("ping=20", "users=10"));
        cr_assert_eq(kill(relay.pid, version == 0 ? SIGTERM : SIGINT), 0);
        rig_wait(&relay, &out);
        cr_expect_eq(out.exit_status, 0, "%s", out.err);
        json_t *profile = rig_json(out.out);
        check_counts(profile);
        cr_expect_eq(json_array_size(rig_at(profile, "connections")), 1);
        json_decref(profile);
        support_output_free(&out);
        (void)rig_server_stop(&server);
    }
    rig_assert_nobody_left();
}

Test(profile, relay_reports_to_stdout)
{
    struct rig_server server;
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    serve(&server);
    start_relay(&relay, WORDS("--top", "3"), server.port, &port);
    run_client(port, WORDS("users=10"));
    cr_assert_eq(kill(relay.pid, SIGINT), 0);
    rig_wait(&relay, &out);
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    rig_assert_has(out.out, "root.users");
    support_output_free(&out);
    (void)rig_server_stop(&server);
}

Test(profile, relay_that_nobody_used)
{
    struct rig_program relay;
    struct support_output out;
    uint16_t port;

    start_relay(&relay, WORDS(NULL), 1, &port);
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
    run_client(port, steps);
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

Test(profile, a_capture)
{
    struct rig_server server;
    struct support_output out;
    char pcap[400], port[8], command[1400], *bytes;
    size_t length;

    if (access("/usr/bin/tcpdump", X_OK) < 0)
        cr_skip_test("there is no tcpdump");
    (void)snprintf(pcap, sizeof(pcap), "%s", path_of("calls.pcap"));
    serve(&server);
    if (!capture(server.port, pcap, WORDS("ping=20", "users=10")))
        cr_skip_test("tcpdump may not capture here");
    (void)snprintf(port, sizeof(port), "%u", server.port);
    rig_run(&out, WORDS("profile", "--read", pcap, "--port", port, "--json", "-"));
    cr_expect_eq(out.exit_status, 0, "%s", out.err);
    json_t *profile = rig_json(out.out);
    check_counts(profile);
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
    cr_expect_eq(line_sum(out.out, NULL, "root.ping", &lines), PINGS);
    support_output_free(&out);

    /* Another port: there is nothing. */
    rig_run(&out, WORDS("profile", "--read", pcap, "--port", "1"));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.err, "no RPyC connection was seen");
    cr_expect_str_empty(out.out);
    support_output_free(&out);

    /* Cut in the middle: what there was, and that it is broken. */
    cr_assert_eq(support_read_file(pcap, &bytes, &length), 0);
    cr_assert_eq(support_write_file(path_of("cut.pcap"), bytes, length / 2 + 1), 0);
    rig_run(&out, WORDS("profile", "--read", path_of("cut.pcap")));
    cr_expect_eq(out.exit_status, 3, "%s", out.err);
    rig_assert_has(out.out, "root.ping");
    support_output_free(&out);
    free(bytes);
    (void)rig_server_stop(&server);
    rig_assert_nobody_left();
}

Test(profile, no_capture_at_all)
{
    struct support_output out;

    rig_run(&out, WORDS("profile", "--read", path_of("nowhere.pcap")));
    cr_expect_eq(out.exit_status, 2, "%s", out.err);
    rig_assert_has(out.err, "nowhere.pcap");
    cr_expect_str_empty(out.out);
    support_output_free(&out);
    cr_assert_eq(support_write_file(path_of("text.pcap"), "this is no capture, is it", 25), 0);
    rig_run(&out, WORDS("profile", "--read", path_of("text.pcap")));
    cr_expect_eq(out.exit_status, 2, "%s", out.err);
    support_output_free(&out);
}
