/* SPDX-License-Identifier: MIT */
/*
 * A process per connection. The parent has one thread for life. A child keeps nothing of the
 * accept loop, dies with its parent and leaves with _exit.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/log.h"
#include "bench/units.h"
#include "servers/server.h"

struct children {
    struct server *server;
    pid_t *pids; /* max_sessions of them */
    size_t count;
};

/* Only in builds for coverage: _exit would lose a child's counts. */
extern void __gcov_dump(void) __attribute__((weak));

/* ---- the child ---- */

/* The one session of this process: a signal handler gets no argument. */
static struct bench_session *child_session;

static void on_stop(int signal_number)
{
    (void)signal_number;
    bench_session_stop(child_session);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

/* What the child must not keep, and the signals as the program found them. */
static void leave_accept_loop(struct server *server)
{
    close_if_open(server->listener);
    close_if_open(server->signal_fd);
    close_if_open(server->control_fd);
    struct sigaction action = {.sa_handler = on_stop};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigprocmask(SIG_SETMASK, &server->start_mask, NULL);
}

static _Noreturn void run_child(struct server *server, int fd, pid_t parent)
{
    struct bench_error error;
    /* The parent may have died before the signal was asked for. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(SERVER_EXIT_START);
    struct bench_session *session = malloc(sizeof(*session));
    if (session == NULL || bench_session_init(session, fd, &server->setup, &error) < 0)
        _exit(SERVER_EXIT_START);
    child_session = session;
    leave_accept_loop(server);
    server_serve(server, session);
    if (__gcov_dump != NULL)
        __gcov_dump();
    _exit(SERVER_EXIT_OK);
}

/* ---- the parent ---- */

static int forking_init(struct server *server, void **state, struct bench_error *err)
{
    struct children *children = calloc(1, sizeof(*children));
    pid_t *pids = calloc(server->max_sessions, sizeof(*pids));
    if (children == NULL || pids == NULL) {
        free(children);
        free(pids);
        return bench_fail(err, -ENOMEM, "no memory for %zu sessions", server->max_sessions);
    }
    *children = (struct children){.server = server, .pids = pids};
    *state = children;
    return 0;
}

static int forking_start(void *state, int fd, struct bench_error *err)
{
    struct children *children = state;
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0)
        run_child(children->server, fd, parent);
    const int code = errno;
    (void)close(fd);
    if (pid < 0)
        return bench_fail(err, -code, "cannot fork for session %zu: %s", children->count + 1,
                          bench_errno_text(code));
    children->pids[children->count++] = pid;
    return 0;
}

static void forget(struct children *children, pid_t pid)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->pids[i] == pid) {
            children->pids[i] = children->pids[--children->count];
            return;
        }
    }
}

static void forking_reap(void *state)
{
    struct children *children = state;
    pid_t pid;
    while (children->count > 0 && (pid = waitpid(-1, NULL, WNOHANG)) > 0)
        forget(children, pid);
}

static size_t forking_sessions(void *state) { return ((struct children *)state)->count; }

static void signal_all(struct children *children, int signal_number)
{
    for (size_t i = 0; i < children->count; i++)
        (void)kill(children->pids[i], signal_number);
}

/* Waits for the next SIGCHLD, which is blocked. False when the deadline has passed. */
static bool wait_for_child(int64_t deadline_ns)
{
    sigset_t set;
    const int64_t left_ns = deadline_ns - bench_now_ns();
    if (left_ns <= 0)
        return false;
    const struct timespec left = {.tv_sec = left_ns / BENCH_NS_PER_S,
                                  .tv_nsec = left_ns % BENCH_NS_PER_S};
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigtimedwait(&set, NULL, &left);
    return true;
}

static bool forking_stop(void *state, int64_t grace_ns)
{
    struct children *children = state;
    const int64_t deadline_ns = bench_now_ns() + grace_ns;
    signal_all(children, SIGTERM);
    for (forking_reap(children); children->count > 0; forking_reap(children))
        if (!wait_for_child(deadline_ns))
            break;
    if (children->count > 0) {
        bench_log(BENCH_LOG_WARN, "server", "%zu sessions did not end in time", children->count);
        signal_all(children, SIGKILL);
        for (size_t i = 0; i < children->count; i++)
            while (waitpid(children->pids[i], NULL, 0) < 0 && errno == EINTR)
                ;
    }
    free(children->pids);
    free(children);
    return true;
}

const struct server_mode server_mode_forking = {
    .name = "forking",
    .summary = "a process per connection",
    .init = forking_init,
    .start = forking_start,
    .reap = forking_reap,
    .sessions = forking_sessions,
    .stop = forking_stop,
};
