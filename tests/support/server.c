/* SPDX-License-Identifier: MIT */
#include "tests/support/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "tests/support/program.h"

#define START_TIMEOUT_NS (30 * BENCH_NS_PER_S) /* a sanitized build on a busy machine */
#define STOP_TIMEOUT_NS  (30 * BENCH_NS_PER_S)

enum { ARGS_MAX = 32 };

/* One line, ended by a newline or the end of the pipe. */
static int read_line(int fd, char *line, size_t size)
{
    int64_t deadline_ns = bench_now_ns() + START_TIMEOUT_NS;
    size_t have = 0;

    while (have + 1 < size && !memchr(line, '\n', have)) {
        int64_t left_ms = (deadline_ns - bench_now_ns()) / BENCH_NS_PER_MS;
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
            return -ETIMEDOUT;
        ssize_t n = read(fd, line + have, size - 1 - have);
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    line[have] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return 0;
}

static int wait_ready(int fd, struct support_server *server, struct bench_error *err)
{
    char line[300];
    unsigned port;
    int rc = read_line(fd, line, sizeof(line));

    if (rc < 0)
        return bench_fail(err, rc, "the server was not ready in time");
    if (sscanf(line, "READY %u", &port) != 1 || port == 0 || port > UINT16_MAX)
        return bench_fail(err, -EPROTO, "the server says \"%s\"", line);
    server->port = (uint16_t)port;
    return 0;
}

static void arguments(const struct support_server_spec *spec, const char *clients,
                      const char *argv[ARGS_MAX])
{
    int n = 0;

    argv[n++] = spec->program ? spec->program : support_built("rpycbench-server");
    if (spec->plugin) {
        argv[n++] = "--plugin";
        argv[n++] = spec->plugin;
    }
    const char *const fixed[] = {"--protocol",     spec->protocol,
                                 "--mode",         spec->mode,
                                 "--bind",         "127.0.0.1",
                                 "--port",         "0",
                                 "--ready-fd",     "3",
                                 "--control-fd",   "4",
                                 "--clients",      clients,
                                 "--payload",      "random",
                                 "--payload-seed", "42"};
    for (size_t i = 0; i < BENCH_COUNT_OF(fixed); i++)
        argv[n++] = fixed[i];
    for (const char *const *more = spec->extra; more && *more && n < ARGS_MAX - 1; more++)
        argv[n++] = *more;
    argv[n] = NULL;
}

int support_server_start(const struct support_server_spec *spec, struct support_server *out,
                         struct bench_error *err)
{
    const char *argv[ARGS_MAX];
    char clients[16];
    int ready[2], control[2];
    struct support_server server = {0};

    (void)snprintf(clients, sizeof(clients), "%d", spec->clients ? spec->clients : 8);
    arguments(spec, clients, argv);
    if (pipe2(ready, O_CLOEXEC) < 0)
        return bench_fail(err, -errno, "no pipe");
    if (pipe2(control, O_CLOEXEC) < 0) {
        int code = -errno;

        close(ready[0]);
        close(ready[1]);
        return bench_fail(err, code, "no pipe");
    }
    struct bench_proc_spec proc = {.argv = argv,
                                   .fds = {ready[1], control[0]},
                                   .nfds = 2,
                                   .stdin_fd = -1,
                                   .stdout_fd = -1,
                                   .stderr_fd = -1};
    support_use_helper();
    (void)bench_proc_become_subreaper();
    int rc = bench_proc_spawn(&proc, &server.pid, err);
    close(ready[1]);
    close(control[0]);
    if (rc == 0) {
        rc = wait_ready(ready[0], &server, err);
        if (rc < 0)
            (void)bench_proc_stop(server.pid, 0, NULL);
    }
    close(ready[0]);
    if (rc < 0) {
        close(control[1]);
        return rc;
    }
    server.control_fd = control[1];
    *out = server;
    return 0;
}

int support_server_stop(struct support_server *server)
{
    int status;

    if (server->pid == 0)
        return 0;
    close(server->control_fd);
    int rc = bench_proc_wait(server->pid, STOP_TIMEOUT_NS, &status);
    if (rc == -ETIMEDOUT)
        (void)bench_proc_stop(server->pid, 0, NULL);
    server->pid = 0;
    return rc == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void support_server_kill(struct support_server *server)
{
    if (server->pid == 0)
        return;
    (void)kill(server->pid, SIGKILL);
    (void)bench_proc_stop(server->pid, 0, NULL);
    close(server->control_fd);
    server->pid = 0;
}
