/* SPDX-License-Identifier: MIT */
/* The real rpycbench-server over the floor protocol, in both modes. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/proc_internal.h"
#include "core/tcpinfo.h"
#include "protocols/tcp/tcp_wire.h"

#define PROGRAM  TEST_BINARY_DIR "/rpycbench-server"
#define AMPLE_NS (60 * BENCH_NS_PER_S) /* more than a busy machine needs */

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    bench_proc_set_helper(PROGRAM);
    cr_assert_eq(bench_proc_become_subreaper(), 0);
}

TestSuite(server_program, .init = setup, .timeout = 100);

static const char *const modes[] = {"threaded", "forking"};

/* ---- starting and stopping ---- */

struct server {
    pid_t pid;
    uint16_t port;
    int control;
    char line[300]; /* what it wrote to ready-fd, all of it */
};

/* Starts the program with more arguments (NULL-ended) and waits for READY or FAILED. */
static struct server start_with(const char *mode, const char *const *more)
{
    struct server server = {.port = 0};
    const char *argv[24] = {PROGRAM,      "--protocol", "tcp",          "--mode", mode,
                            "--ready-fd", "3",          "--control-fd", "4",      NULL};
    for (size_t n = 9; more != NULL && *more != NULL; n++)
        argv[n] = *more++;
    int ready[2], control[2];
    struct bench_error error = {.msg = ""};
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(control, O_CLOEXEC), 0);
    const struct bench_proc_spec spec = {.argv = argv,
                                         .fds = {ready[1], control[0]},
                                         .nfds = 2,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = -1};
    cr_assert_eq(bench_proc_spawn(&spec, &server.pid, &error), 0, "%s", error.msg);
    close(ready[1]);
    close(control[0]);
    server.control = control[1];
    size_t used = 0;
    for (ssize_t n = 1; n > 0 && used<sizeof(server.line) - 1; used += n> 0 ? (size_t)n : 0)
        n = read(ready[0], server.line + used, sizeof(server.line) - 1 - used);
    close(ready[0]);
    unsigned port = 0;
    if (sscanf(server.line, "READY %u\n", &port) == 1)
        server.port = (uint16_t)port;
    return server;
}

static struct server start(const char *mode)
{
    struct server server = start_with(mode, NULL);
    cr_assert_neq(server.port, 0, "%s: '%s'", mode, server.line);
    return server;
}

static int exit_status(const struct server *server)
{
    int status;
    cr_assert_eq(bench_proc_wait(server->pid, AMPLE_NS, &status), 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stop(struct server *server)
{
    close(server->control);
    cr_expect_eq(exit_status(server), 0);
}

/* ---- a client ---- */

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool read_exactly(int fd, void *buf, size_t n)
{
    return n == 0 || recv(fd, buf, n, MSG_WAITALL) == (ssize_t)n;
}

static bool send_request(int fd, enum bench_operation_id id, const struct bench_value *args,
                         size_t nargs)
{
    uint8_t head[TCP_REQUEST_HEAD_MAX];
    const int n = tcp_encode_request(head, id, args, nargs, 0);
    return send(fd, head, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool read_reply(int fd, struct tcp_reply_head *head, void *body, size_t room)
{
    uint8_t bytes[TCP_REPLY_HEAD];
    return read_exactly(fd, bytes, sizeof(bytes)) && tcp_decode_reply_head(bytes, head) == 0 &&
           head->body_length <= room && read_exactly(fd, body, head->body_length);
}

static bool ping(int fd)
{
    struct tcp_reply_head head;
    char body[16];
    return send_request(fd, BENCH_OP_PING, NULL, 0) && read_reply(fd, &head, body, sizeof(body)) &&
           head.kind == TCP_KIND_STR && head.body_length == 4 && memcmp(body, "pong", 4) == 0;
}

/* ---- serving ---- */

Test(server_program, answers_in_both_modes)
{
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        struct server server = start(modes[m]);
        const int fd = connect_to(server.port);
        struct tcp_reply_head head;
        static char body[200000];
        cr_expect(ping(fd));
        const struct bench_value size = bench_int(150000), n = bench_int(-1);
        cr_expect(send_request(fd, BENCH_OP_DOWNLOAD, &size, 1));
        cr_assert(read_reply(fd, &head, body, sizeof(body)));
        cr_expect_eq(head.body_length, 150000);
        cr_expect(send_request(fd, BENCH_OP_COMPUTE, &n, 1));
        cr_assert(read_reply(fd, &head, body, sizeof(body)));
        cr_expect_eq(head.status, TCP_STATUS_EXCEPTION);
        cr_expect(strncmp(body, "ValueError: n -1 ", 17) == 0);
        cr_expect(ping(fd), "an exception does not end the session");
        close(fd);
        stop(&server);
    }
}

Test(server_program, echoes_long_messages_and_counts_bytes_as_the_kernel_does)
{
    enum { LENGTH = 3000000 };
    struct server server = start("threaded");
    const int fd = connect_to(server.port);
    uint8_t *data = malloc(LENGTH), *back = malloc(LENGTH), head[TCP_REQUEST_HEAD_MAX];
    struct tcp_reply_head reply;
    for (size_t i = 0; i < LENGTH; i++)
        data[i] = (uint8_t)(i * 7 % 253);
    const int n = tcp_encode_request(head, BENCH_OP_ECHO, NULL, 0, LENGTH);
    cr_assert_eq(send(fd, head, (size_t)n, MSG_MORE), n);
    cr_assert_eq(send(fd, data, LENGTH, 0), LENGTH);
    cr_assert(read_reply(fd, &reply, back, LENGTH));
    cr_expect_eq(reply.body_length, LENGTH);
    cr_expect_eq(memcmp(data, back, LENGTH), 0);

    uint64_t sent, received;
    cr_assert_eq(bench_tcpinfo_bytes(fd, &sent, &received), 0);
    cr_expect_eq(sent, (uint64_t)n + LENGTH);
    cr_expect_eq(received, TCP_REPLY_HEAD + LENGTH);
    stop(&server); /* its FIN is not a byte */
    cr_expect_eq(recv(fd, head, 1, 0), 0);
    cr_assert_eq(bench_tcpinfo_bytes(fd, &sent, &received), 0);
    cr_expect_eq(received, TCP_REPLY_HEAD + LENGTH);
    close(fd);
    free(data);
    free(back);
}

Test(server_program, tcpinfo_refuses_what_is_not_tcp)
{
    uint64_t sent, received;
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_expect_lt(bench_tcpinfo_bytes(fds[0], &sent, &received), 0);
    cr_expect_eq(bench_tcpinfo_bytes(-1, &sent, &received), -EBADF);
}

Test(server_program, bad_requests_end_the_session_only)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"\0\0\0\0", 4},                        /* too short */
        {"\xFF\xFF\xFF\xFF", 4},                /* over the limit */
        {"\0\0\0\2\0\3", 6},                    /* too many arguments */
        {"\0\0\0\3\6\1I", 7},                   /* an argument cut off */
        {"\0\0\0\13\6\1X\0\0\0\0\0\0\0\0", 15}, /* of no kind */
    };
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        struct server server = start(modes[m]);
        for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
            char byte;
            const int fd = connect_to(server.port);
            cr_assert_eq(send(fd, rows[i].bytes, rows[i].length, 0), (ssize_t)rows[i].length);
            cr_expect_leq(recv(fd, &byte, 1, 0), 0, "row %zu", i);
            close(fd);
        }
        const int fd = connect_to(server.port);
        cr_expect(ping(fd));
        close(fd);
        stop(&server);
    }
}

Test(server_program, an_unknown_operation_is_an_exception)
{
    struct server server = start("threaded");
    const int fd = connect_to(server.port);
    struct tcp_reply_head head;
    char body[100] = "";
    cr_assert_eq(send(fd, "\0\0\0\2\xEE\0", 6, 0), 6);
    cr_assert(read_reply(fd, &head, body, sizeof(body)));
    cr_expect_eq(head.status, TCP_STATUS_EXCEPTION);
    cr_expect_str_eq(body, "AttributeError: no operation has the number 238");
    close(fd);
    stop(&server);
}

Test(server_program, deadlines_end_sessions)
{
    static const char *const more[] = {"--idle-timeout", "5ms", "--message-timeout", "5ms", NULL};
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        struct server server = start_with(modes[m], more);
        char byte;
        const int idle = connect_to(server.port), begun = connect_to(server.port);
        cr_assert_eq(send(begun, "\0\0", 2, 0), 2);
        cr_expect_eq(recv(idle, &byte, 1, 0), 0);
        cr_expect_eq(recv(begun, &byte, 1, 0), 0);
        close(idle);
        close(begun);
        stop(&server);
    }
}

/* ---- many at once ---- */

enum { CLIENTS = 256 };

struct crowd {
    uint16_t port;
    pthread_barrier_t barrier;
    atomic_int answered;
};

static void *one_of_many(void *argument)
{
    struct crowd *crowd = argument;
    (void)pthread_barrier_wait(&crowd->barrier);
    const int fd = connect_to(crowd->port);
    if (fd >= 0 && ping(fd))
        (void)atomic_fetch_add(&crowd->answered, 1);
    (void)pthread_barrier_wait(&crowd->barrier); /* all stay connected until all were answered */
    close(fd);
    return NULL;
}

static int run_crowd(uint16_t port)
{
    struct crowd crowd = {.port = port};
    pthread_t threads[CLIENTS];
    pthread_attr_t attributes;
    (void)pthread_barrier_init(&crowd.barrier, NULL, CLIENTS);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, (size_t)256 << 10);
    for (int i = 0; i < CLIENTS; i++)
        cr_assert_eq(pthread_create(&threads[i], &attributes, one_of_many, &crowd), 0);
    for (int i = 0; i < CLIENTS; i++)
        (void)pthread_join(threads[i], NULL);
    return atomic_load(&crowd.answered);
}

Test(server_program, all_of_256_connections_at_a_barrier_are_answered)
{
    static const char *const more[] = {"--clients", "256", NULL};
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        struct server server = start_with(modes[m], more);
        cr_assert_neq(server.port, 0);
        cr_expect_eq(run_crowd(server.port), CLIENTS, "%s", modes[m]);
        stop(&server);
    }
}

Test(server_program, connections_over_the_limit_wait_for_their_turn)
{
    static const char *const more[] = {"--sessions", "2", NULL};
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        struct server server = start_with(modes[m], more);
        cr_assert_neq(server.port, 0);
        int fds[5];
        for (int i = 0; i < 5; i++) {
            fds[i] = connect_to(server.port);
            cr_assert(send_request(fds[i], BENCH_OP_PING, NULL, 0));
        }
        for (int i = 0; i < 5; i++) {
            struct tcp_reply_head head;
            char body[16];
            cr_expect(read_reply(fds[i], &head, body, sizeof(body)), "%s: %d", modes[m], i);
            close(fds[i]);
        }
        stop(&server);
    }
}

/* Descriptors run out: the listener waits without giving up, and goes on when there are some. */
Test(server_program, goes_on_when_descriptors_are_short)
{
    const char *const argv[] = {"sh", "-c",
                                "ulimit -n 72; exec " PROGRAM
                                " --protocol tcp --ready-fd 3 --control-fd 4 --log error",
                                NULL};
    int ready[2], control[2];
    struct bench_error error = {.msg = ""};
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(control, O_CLOEXEC), 0);
    struct server server = {.control = control[1]};
    const struct bench_proc_spec spec = {.argv = argv,
                                         .fds = {ready[1], control[0]},
                                         .nfds = 2,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = -1};
    cr_assert_eq(bench_proc_spawn(&spec, &server.pid, &error), 0, "%s", error.msg);
    close(ready[1]);
    close(control[0]);
    unsigned port;
    FILE *file = fdopen(ready[0], "re");
    cr_assert_eq(fscanf(file, "READY %u", &port), 1);
    fclose(file);
    enum { MANY = 100 };
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = connect_to((uint16_t)port);
        cr_assert_geq(fds[i], 0);
        cr_assert(send_request(fds[i], BENCH_OP_PING, NULL, 0));
    }
    for (int i = 0; i < MANY; i++) {
        struct tcp_reply_head head;
        char body[16];
        cr_expect(read_reply(fds[i], &head, body, sizeof(body)), "connection %d", i);
        close(fds[i]);
    }
    stop(&server);
}

/* ---- ending ---- */

Test(server_program, stops_with_busy_and_idle_sessions)
{
    static const int signals[] = {SIGTERM, SIGINT, 0}; /* 0 = end of the control pipe */
    for (size_t m = 0; m < BENCH_COUNT_OF(modes); m++) {
        for (size_t s = 0; s < BENCH_COUNT_OF(signals); s++) {
            struct server server = start(modes[m]);
            const int idle = connect_to(server.port), waiting = connect_to(server.port),
                      computing = connect_to(server.port);
            const struct bench_value hour = bench_float(3600), lot = bench_int(1000000000);
            char byte;
            cr_expect(ping(idle) && ping(waiting) && ping(computing));
            cr_expect(send_request(waiting, BENCH_OP_IO_WORK, &hour, 1));
            cr_expect(send_request(computing, BENCH_OP_CPU_WORK, &lot, 1));
            if (signals[s] != 0)
                cr_assert_eq(kill(server.pid, signals[s]), 0);
            else
                close(server.control);
            cr_expect_eq(exit_status(&server), 0, "%s, %d", modes[m], signals[s]);
            cr_expect_eq(recv(idle, &byte, 1, 0), 0);
            cr_expect_leq(recv(waiting, &byte, 1, 0), 0);
            cr_expect_leq(recv(computing, &byte, 1, 0), 0);
            cr_expect_eq(connect_to(server.port), -1);
            close(idle);
            close(waiting);
            close(computing);
            if (signals[s] != 0)
                close(server.control);
        }
    }
}

Test(server_program, no_session_outlives_a_killed_listener)
{
    enum { SESSIONS = 5 };
    struct server server = start("forking");
    int fds[SESSIONS];
    for (int i = 0; i < SESSIONS; i++) {
        fds[i] = connect_to(server.port);
        cr_assert(ping(fds[i]));
    }
    struct bench_proc_usage usage;
    cr_assert_eq(bench_proc_usage(server.pid, 0, &usage), 0);
    cr_expect_eq(usage.processes, 1 + SESSIONS);
    cr_assert_eq(kill(server.pid, SIGKILL), 0);
    for (int i = 0; i < SESSIONS; i++) {
        char byte;
        cr_expect_leq(recv(fds[i], &byte, 1, 0), 0, "the kernel closed it with its process");
        close(fds[i]);
    }
    for (int i = 0; i < 1 + SESSIONS; i++) /* we inherited the children */
        cr_expect_gt(wait(NULL), 0);
    cr_expect_eq(wait(NULL), -1);
    close(server.control);
}

Test(server_program, children_are_reaped_while_it_runs)
{
    struct server server = start("forking");
    for (int i = 0; i < 20; i++) {
        const int fd = connect_to(server.port);
        cr_assert(ping(fd));
        close(fd);
    }
    size_t left;
    do { /* ends by the test's timeout if they stay */
        struct bench_proc_table table;
        cr_assert_eq(bench_proc_table_read(&table), 0);
        cr_assert(bench_proc_table_mark(&table, server.pid));
        left = 0;
        for (size_t i = 0; i < table.count; i++)
            left += table.entries[i].in_tree;
        bench_proc_table_fini(&table);
    } while (left > 1);
    stop(&server);
}

Test(server_program, a_forked_child_keeps_nothing_of_the_accept_loop)
{
    struct server server = start("forking");
    const int fd = connect_to(server.port);
    cr_assert(ping(fd));
    struct bench_proc_table table;
    cr_assert_eq(bench_proc_table_read(&table), 0);
    pid_t child = 0;
    for (size_t i = 0; i < table.count; i++)
        if (table.entries[i].parent == server.pid)
            child = table.entries[i].pid;
    bench_proc_table_fini(&table);
    cr_assert_neq(child, 0);
    char path[64];
    int sockets = 0, others = 0;
    for (int number = 3; number < 64; number++) {
        char target[256] = "";
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)child, number);
        if (readlink(path, target, sizeof(target) - 1) < 0)
            continue;
        if (strncmp(target, "socket:", 7) == 0)
            sockets++;
        else if (strncmp(target, "/memfd:", 7) != 0) /* the payload */
            others++;
    }
    cr_expect_eq(sockets, 1, "its own connection");
    cr_expect_eq(others, 0);
    close(fd);
    stop(&server);
}

/* ---- not starting ---- */

Test(server_program, failures_to_start_are_told_to_the_parent)
{
    struct server first = start("threaded");
    char port[8], busy[64];
    snprintf(port, sizeof(port), "%u", first.port);
    snprintf(busy, sizeof(busy), "FAILED cannot listen on 127.0.0.1 port %u: ", first.port);
    const struct {
        const char *mode, *more[5], *line;
    } rows[] = {
        {"threaded", {"--port", port}, busy},
        {"threadless", {NULL}, "FAILED no mode 'threadless'; there is threaded, forking\n"},
        {"threaded", {"--protocol", "ftp"}, "FAILED no protocol 'ftp' can be served; there is "},
        {"threaded", {"--protocol", "inproc"}, "FAILED no protocol 'inproc' can be served"},
        {"threaded", {"--option", "a=b"}, "FAILED no option 'a'"},
        {"threaded", {"--option", "ab"}, "FAILED option 'ab' is not KEY=VALUE\n"},
        {"threaded", {"--bind", "no.such.host.invalid"}, "FAILED cannot resolve 'no.such"},
        {"threaded", {"--plugin", "/no/such.so"}, "FAILED "},
        {"threaded", {"--clients", "1000000"}, "FAILED option clients: 1000000 "},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        struct server server = start_with(rows[i].mode, rows[i].more);
        cr_expect(strncmp(server.line, rows[i].line, strlen(rows[i].line)) == 0, "row %zu: '%s'",
                  i, server.line);
        cr_expect_eq(exit_status(&server), 3, "row %zu", i);
        close(server.control);
    }
    stop(&first);
}

static char *run_program(const char *const *argv, int *status)
{
    const struct bench_proc_spec spec = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    struct bench_error error = {.msg = ""};
    char *output = NULL;
    cr_assert_eq(bench_proc_capture(&spec, AMPLE_NS, 65536, &output, status, &error), 0, "%s",
                 error.msg);
    return output;
}

Test(server_program, bad_options_are_named)
{
    static const struct {
        const char *argv[8], *output;
    } rows[] = {
        {{PROGRAM, "--nonsense"}, "no option 'nonsense'; there are protocol mode bind"},
        {{PROGRAM, "--port", "65536", "--protocol", "tcp"},
         "option port: '65536' is not in 0 to 65535"},
        {{PROGRAM, "--payload=noise", "--protocol", "tcp"},
         "option payload: 'noise' is not one of random, zeros, text"},
        {{PROGRAM, "--protocol"}, "option protocol: needs a value"},
        {{PROGRAM}, "option protocol: must be given"},
        {{PROGRAM, "--help=me"}, "option help: takes no value, not 'me'"},
        {{PROGRAM, "tcp"}, "'tcp' is not an option"},
        {{PROGRAM, "--help", "--exec", "1"}, "option exec: '1' must come first"},
    };
    for (size_t i = 0; i < BENCH_COUNT_OF(rows); i++) {
        int status;
        char *output = run_program(rows[i].argv, &status);
        cr_expect_eq(WEXITSTATUS(status), 2, "row %zu", i);
        cr_expect(strstr(output, rows[i].output) != NULL, "row %zu: %s", i, output);
        free(output);
    }
}

Test(server_program, help_and_version)
{
    static const char *const help[] = {PROGRAM, "--help", NULL};
    static const char *const version[] = {PROGRAM, "--version", NULL};
    int status;
    char *output = run_program(help, &status);
    cr_expect_eq(status, 0);
    cr_expect(strstr(output, "--payload-seed N") != NULL && strstr(output, "forking") != NULL);
    free(output);
    output = run_program(version, &status);
    cr_expect_eq(status, 0);
    cr_expect(strncmp(output, "rpycbench-server ", 17) == 0);
    free(output);
}

Test(server_program, by_hand_it_prints_where_it_listens)
{
    const char *const argv[] = {PROGRAM, "--protocol", "tcp", "--bind", "::1", NULL};
    int fds[2];
    pid_t pid;
    char line[80] = "";
    struct bench_error error;
    cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
    const struct bench_proc_spec spec = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = fds[1]};
    cr_assert_eq(bench_proc_spawn(&spec, &pid, &error), 0);
    close(fds[1]);
    cr_expect_gt(read(fds[0], line, sizeof(line) - 1), 0);
    if (strncmp(line, "rpycbench-server: cannot listen on ::1", 38) != 0) /* without IPv6 */
        cr_expect(strncmp(line, "listening on [::1]:", 19) == 0, "%s", line);
    cr_expect_eq(bench_proc_stop(pid, AMPLE_NS, NULL), 0);
    close(fds[0]);
}
