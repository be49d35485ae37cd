/* SPDX-License-Identifier: MIT */
#include "suite/distance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/log.h"
#include "bench/units.h"
#include "core/proc.h"
#include "suite/ready.h"

enum {
    MESSAGE = 64, /* bytes of an exchange */
    GROUPS = 10,
    EXCHANGES = 100, /* of a group, each way; through the relay they take 0.6 ms */
    WARMUP = 50,
    ANSWER_TIMEOUT_S = 5,
    STOP_GRACE_S = 2,
};

/* The relay that is measured has a delay too, so that what its timer adds is in the figure. */
#define PROBE_DELAY_NS (250 * BENCH_NS_PER_US)

static const char *program_path; /* set once, before anything is spawned */

void bench_distance_set_program(const char *path) { program_path = path; }

/* ---- one relay ---- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static int own_path(char *out, size_t size, struct bench_error *err)
{
    if (program_path != NULL) {
        (void)snprintf(out, size, "%s", program_path);
        return 0;
    }
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n < 0)
        return bench_fail(err, -errno, "readlink /proc/self/exe: %s", bench_errno_text(errno));
    out[n] = '\0';
    return 0;
}

static int spawn(struct bench_distance *relay, const struct bench_address *server, int64_t delay_ns,
                 const int *fds, struct bench_error *err)
{
    char program[PATH_MAX], upstream[300], delay[32];
    int rc = own_path(program, sizeof(program), err);
    if (rc < 0)
        return rc;
    bool v6 = strchr(server->host, ':') != NULL;
    (void)snprintf(upstream, sizeof(upstream), "%s%s%s:%u", v6 ? "[" : "", server->host,
                   v6 ? "]" : "", server->port);
    (void)snprintf(delay, sizeof(delay), "%" PRId64 "ns", delay_ns);
    /* Descriptors 3 and 4 of the child. Buffers hold what a fast sender puts on a long way. */
    const char *const argv[] = {program,      "relay",       "--upstream",        upstream,
                                "--listen",   "127.0.0.1:0", "--delay",           delay,
                                "--buffer",   "16MiB",       "--connections-max", "100000",
                                "--ready-fd", "3",           "--control-fd",      "4",
                                NULL};
    const struct bench_proc_spec spec = {.argv = argv,
                                         .fds = {fds[0], fds[1]},
                                         .nfds = 2,
                                         .stdin_fd = -1,
                                         .stdout_fd = -1,
                                         .stderr_fd = -1};
    return bench_proc_spawn(&spec, &relay->pid, err);
}

static int await(struct bench_distance *relay, int ready_fd, struct bench_error *err)
{
    int pid_fd = (int)syscall(SYS_pidfd_open, relay->pid, 0);
    relay->address = (struct bench_address){.host = "127.0.0.1"};
    int rc = bench_ready_await(ready_fd, pid_fd, &relay->address.port, err);
    close_fd(&pid_fd);
    return rc < 0 ? rc : bench_address_resolve(&relay->address, err);
}

static void stop(struct bench_distance *relay)
{
    close_fd(&relay->control_fd);
    if (relay->pid > 0)
        (void)bench_proc_stop(relay->pid, STOP_GRACE_S * BENCH_NS_PER_S, NULL);
    relay->pid = 0;
}

static int start(struct bench_distance *relay, const struct bench_address *server, int64_t delay_ns,
                 const cpu_set_t *cpus, struct bench_error *err)
{
    int ready[2] = {-1, -1}, control[2] = {-1, -1};
    *relay = (struct bench_distance){.control_fd = -1};
    int rc = 0;
    if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(control, O_CLOEXEC) < 0)
        rc = bench_fail(err, -errno, "no pipe: %s", bench_errno_text(errno));
    if (rc == 0)
        rc = spawn(relay, server, delay_ns, (const int[]){ready[1], control[0]}, err);
    relay->control_fd = control[1];
    close_fd(&ready[1]);
    close_fd(&control[0]);
    if (rc == 0 && cpus != NULL && sched_setaffinity(relay->pid, sizeof(*cpus), cpus) < 0)
        rc = bench_fail(err, -errno, "its cores: %s", bench_errno_text(errno));
    if (rc == 0)
        rc = await(relay, ready[0], err);
    close_fd(&ready[0]);
    if (rc < 0) {
        stop(relay);
        bench_error_prefix(err, "relay: ");
    }
    return rc;
}

/* ---- what a relay adds ---- */

/* Answers on two connections, one thread, until it is told to stop. */
struct echo {
    pthread_t thread;
    int listener, stop;
    struct bench_address address;
};

static void set_nodelay(int fd)
{
    const int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* False at its end. */
static bool answer(int fd)
{
    char message[MESSAGE];
    ssize_t n = recv(fd, message, sizeof(message), MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    return n > 0 && send(fd, message, (size_t)n, MSG_NOSIGNAL) == n;
}

static void *echo_main(void *user)
{
    const struct echo *echo = user;
    struct pollfd fds[4] = {{.fd = echo->stop, .events = POLLIN},
                            {.fd = echo->listener, .events = POLLIN}};
    nfds_t n = 2;
    while (fds[0].revents == 0) {
        if (poll(fds, n, -1) < 0)
            continue;
        for (nfds_t i = 2; i < n; i++) {
            if (fds[i].revents != 0 && !answer(fds[i].fd))
                close_fd(&fds[i].fd); /* poll passes over it now */
        }
        if (fds[1].revents != 0) {
            fds[n].fd = accept4(echo->listener, NULL, NULL, SOCK_CLOEXEC);
            fds[n].events = POLLIN;
            fds[n].revents = 0;
            if (fds[n].fd >= 0)
                set_nodelay(fds[n++].fd);
            if (n == BENCH_COUNT_OF(fds))
                fds[1].fd = -1; /* both are here */
        }
    }
    for (nfds_t i = 2; i < n; i++)
        close_fd(&fds[i].fd);
    return NULL;
}

static int echo_start(struct echo *echo, struct bench_error *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    echo->stop = eventfd(0, EFD_CLOEXEC);
    echo->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = 0;
    if (echo->stop < 0 || echo->listener < 0 ||
        bind(echo->listener, (const struct sockaddr *)&at, length) < 0 ||
        listen(echo->listener, 2) < 0 ||
        getsockname(echo->listener, (struct sockaddr *)&at, &length) < 0)
        rc = bench_fail(err, -errno, "no echo: %s", bench_errno_text(errno));
    echo->address = (struct bench_address){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
    if (rc == 0)
        rc = bench_address_resolve(&echo->address, err);
    if (rc == 0 && (rc = -pthread_create(&echo->thread, NULL, echo_main, echo)) < 0)
        (void)bench_fail(err, rc, "no thread: %s", bench_errno_text(rc));
    if (rc < 0) {
        close_fd(&echo->stop);
        close_fd(&echo->listener);
    }
    return rc;
}

static void echo_stop(struct echo *echo)
{
    const uint64_t one = 1;
    while (write(echo->stop, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    (void)pthread_join(echo->thread, NULL);
    close_fd(&echo->stop);
    close_fd(&echo->listener);
}

static int connect_to(const struct bench_address *address, int *out, struct bench_error *err)
{
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    struct sockaddr_storage at;
    memcpy(&at, address->sockaddr, address->sockaddr_length);
    *out = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*out < 0 || setsockopt(*out, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(*out, (const struct sockaddr *)&at, address->sockaddr_length) < 0)
        return bench_fail(err, -errno, "%s:%u: %s", address->host, address->port,
                          bench_errno_text(errno));
    set_nodelay(*out);
    return 0;
}

static int exchange(int fd, int64_t *out_ns, struct bench_error *err)
{
    char message[MESSAGE] = "";
    int64_t begin = bench_now_ns();
    if (send(fd, message, sizeof(message), MSG_NOSIGNAL) != MESSAGE ||
        recv(fd, message, sizeof(message), MSG_WAITALL) != MESSAGE)
        return bench_fail(err, -EIO, "no answer from the echo");
    *out_ns = bench_now_ns() - begin;
    return 0;
}

static int compare(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* What the relay added in one group. The two take turns, so that a slow moment falls on both. */
static int measure_group(const int fds[2], int n, int64_t *out, struct bench_error *err)
{
    int64_t times[2][EXCHANGES];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            int rc = exchange(fds[k], &times[k][i], err);
            if (rc < 0)
                return rc;
        }
    }
    for (int k = 0; k < 2; k++)
        qsort(times[k], (size_t)n, sizeof(times[k][0]), compare);
    *out = times[1][n / 2] - times[0][n / 2] - 2 * PROBE_DELAY_NS;
    return 0;
}

/* The lower quartile over the groups: others who use the machine only ever add. */
static int measure(int direct, int relayed, int64_t *out, struct bench_error *err)
{
    const int fds[2] = {direct, relayed};
    int64_t added[GROUPS];
    int rc = measure_group(fds, WARMUP, &added[0], err);
    for (int i = 0; rc == 0 && i < GROUPS; i++)
        rc = measure_group(fds, EXCHANGES, &added[i], err);
    if (rc < 0)
        return rc;
    qsort(added, GROUPS, sizeof(added[0]), compare);
    *out = added[GROUPS / 4] > 0 ? added[GROUPS / 4] : 0;
    return 0;
}

int bench_distance_calibrate(int64_t *out, struct bench_error *err)
{
    struct echo echo = {.listener = -1, .stop = -1};
    struct bench_distance relay;
    int direct = -1, relayed = -1;
    int rc = echo_start(&echo, err);
    if (rc < 0)
        return rc;
    rc = start(&relay, &echo.address, PROBE_DELAY_NS, NULL, err);
    if (rc == 0)
        rc = connect_to(&echo.address, &direct, err);
    if (rc == 0)
        rc = connect_to(&relay.address, &relayed, err);
    if (rc == 0)
        rc = measure(direct, relayed, out, err);
    close_fd(&direct);
    close_fd(&relayed);
    stop(&relay);
    echo_stop(&echo);
    return rc;
}

/* ---- relays to one server ---- */

void bench_distances_init(struct bench_distances *distances, const struct bench_address *server)
{
    *distances = (struct bench_distances){.server = *server};
}

int bench_distances_at(struct bench_distances *distances, int64_t rtt_ns, int64_t overhead_ns,
                       const struct bench_address **out, struct bench_error *err)
{
    if (rtt_ns == 0) {
        *out = &distances->server;
        return 0;
    }
    for (size_t i = 0; i < distances->n; i++) {
        if (distances->relays[i].rtt_ns == rtt_ns) {
            *out = &distances->relays[i].address;
            return 0;
        }
    }
    if (distances->server.local)
        return bench_fail(err, -ENOTSUP, "%s is a Unix socket, which is never far away",
                          distances->server.path);
    if (distances->n == BENCH_DISTANCES_MAX)
        return bench_fail(err, -ENOSPC, "more than %d round-trip times", BENCH_DISTANCES_MAX);
    int64_t delay_ns = (rtt_ns - overhead_ns) / 2;
    if (delay_ns < 0) {
        bench_log(BENCH_LOG_WARN, "distance",
                  "a relay itself adds %s, more than a round trip of %s",
                  bench_format_seconds((double)overhead_ns / 1e9).s,
                  bench_format_duration_exact(rtt_ns).s);
        delay_ns = 0;
    }
    struct bench_distance *relay = &distances->relays[distances->n];
    int rc = start(relay, &distances->server, delay_ns, distances->cpus, err);
    if (rc < 0)
        return rc;
    relay->rtt_ns = rtt_ns;
    relay->address.tls = distances->server.tls;
    relay->address.insecure = distances->server.insecure;
    memcpy(relay->address.ca_file, distances->server.ca_file, sizeof(relay->address.ca_file));
    (void)snprintf(relay->address.path, sizeof(relay->address.path), "%s", distances->server.path);
    distances->n++;
    *out = &relay->address;
    return 0;
}

void bench_distances_fini(struct bench_distances *distances)
{
    for (size_t i = 0; i < distances->n; i++)
        stop(&distances->relays[i]);
    distances->n = 0;
}
