/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/log.h"
#include "servers/server.h"

#define ACCEPT_BATCH 64 /* connections between two looks at signals and control */
#define PAUSE_MS     20 /* without room for a further session, if nothing happens before */

/* ---- listening ---- */

static int open_listener(const struct addrinfo *address, int *out)
{
    const int on = 1;
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* Accepted sockets inherit TCP_NODELAY, so all sessions have it at no cost. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
        const int rc = -errno;
        (void)close(fd);
        return rc;
    }
    *out = fd;
    return 0;
}

static int port_of(int fd, uint16_t *out)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    if (address.ss_family == AF_INET)
        *out = ntohs(((struct sockaddr_in *)&address)->sin_port);
    else if (address.ss_family == AF_INET6)
        *out = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

/* A file that is there already is somebody's and stays. */
static int listen_local(const char *path, int *out, struct bench_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof(address.sun_path))
        return bench_fail(err, -ENAMETOOLONG,
                          "cannot listen on '%.120s': the path of a Unix socket has 1 to %zu bytes",
                          path, sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, length);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return bench_fail(err, -errno, "no socket: %s", bench_errno_text(errno));
    const bool bound = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    if (bound && listen(fd, SOMAXCONN) == 0) {
        *out = fd;
        return 0;
    }
    const int rc = -errno;
    if (bound)
        (void)unlink(path);
    (void)close(fd);
    return bench_fail(err, rc, "cannot listen on %s: %s", path, bench_errno_text(rc));
}

const char *server_local_path(const char *host)
{
    static const char prefix[] = "unix:";
    const size_t length = sizeof(prefix) - 1;
    return strncmp(host, prefix, length) == 0 ? host + length : NULL;
}

int server_listen(const char *host, uint16_t port, int *fd, uint16_t *bound,
                  struct bench_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    char service[8];
    if (server_local_path(host) != NULL) {
        *bound = 0;
        return listen_local(server_local_path(host), fd, err);
    }
    (void)snprintf(service, sizeof(service), "%u", port);
    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0)
        return bench_fail(err, -EADDRNOTAVAIL, "cannot resolve '%s': %s", host, gai_strerror(rc));
    int listener = -1;
    rc = open_listener(list, &listener);
    freeaddrinfo(list);
    if (rc == 0)
        rc = port_of(listener, bound);
    if (rc < 0) {
        if (listener >= 0)
            (void)close(listener);
        return bench_fail(err, rc, "cannot listen on %s port %u: %s", host, port,
                          bench_errno_text(rc));
    }
    *fd = listener;
    return 0;
}

/* ---- accepting ---- */

enum verdict { GO_ON, PAUSE, STOP };

/* Errors of accept that say something about that one connection only. */
static bool is_passing(int code)
{
    switch (code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case ENONET:
    case EOPNOTSUPP:
        return true;
    default:
        return false;
    }
}

static bool is_shortage(int code)
{
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

/* Accepts what waits, up to a batch. -errno when the listener broke. */
static int accept_batch(struct server *server, void *state, enum verdict *verdict)
{
    const struct server_mode *mode = server->mode;
    struct bench_error error;
    *verdict = GO_ON;
    mode->reap(state);
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (mode->sessions(state) >= server->max_sessions) {
            bench_log(BENCH_LOG_INFO, "server", "%zu sessions are the limit, further ones wait",
                      server->max_sessions);
            *verdict = PAUSE;
            return 0;
        }
        const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || is_passing(errno)))
            return 0;
        if (fd < 0 && is_shortage(errno)) {
            bench_log(BENCH_LOG_WARN, "server", "cannot accept: %s", bench_errno_text(errno));
            *verdict = PAUSE;
            return 0;
        }
        if (fd < 0)
            return -errno;
        if (mode->start(state, fd, &error) < 0) {
            bench_log(BENCH_LOG_WARN, "server", "connection dropped: %s", error.msg);
            *verdict = PAUSE;
            return 0;
        }
    }
    return 0;
}

static enum verdict read_signals(struct server *server, void *state)
{
    struct signalfd_siginfo info;
    enum verdict verdict = GO_ON;
    while (read(server->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD)
            server->mode->reap(state);
        else
            verdict = STOP;
    }
    return verdict;
}

/* Whatever is written there means nothing; its end means stop. */
static enum verdict read_control(int fd)
{
    char buffer[64];
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)) ? GO_ON : STOP;
}

int server_accept_loop(struct server *server, void *state, struct bench_error *err)
{
    enum verdict verdict = GO_ON;
    for (;;) {
        struct pollfd fds[] = {
            {.fd = server->signal_fd, .events = POLLIN},
            {.fd = server->control_fd, .events = POLLIN},
            /* left alone during a pause, else poll would spin */
            {.fd = verdict == PAUSE ? -1 : server->listener, .events = POLLIN},
        };
        const int n = poll(fds, BENCH_COUNT_OF(fds), verdict == PAUSE ? PAUSE_MS : -1);
        if (n < 0 && errno != EINTR)
            return bench_fail(err, -errno, "poll: %s", bench_errno_text(errno));
        verdict = GO_ON;
        if (n < 0)
            continue;
        if (fds[0].revents != 0 && read_signals(server, state) == STOP)
            return 0;
        if (fds[1].revents != 0 && read_control(server->control_fd) == STOP)
            return 0;
        if (fds[2].revents != 0) {
            const int rc = accept_batch(server, state, &verdict);
            if (rc < 0)
                return bench_fail(err, rc, "accept: %s", bench_errno_text(rc));
        }
    }
}
