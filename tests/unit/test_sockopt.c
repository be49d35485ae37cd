/* SPDX-License-Identifier: MIT */
/* TCP_NODELAY of both ends, by looking into real servers. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "core/sockopt.h"
#include "tests/support/server.h"

TestSuite(sockopt, .timeout = 60);

static uint16_t port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static int connect_to(uint16_t port, int nodelay)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof(nodelay)), 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    cr_assert_not_null(directory);
    while (readdir(directory) != NULL)
        count++;
    (void)closedir(directory);
    return count;
}

/* The server accepts, and its child takes the socket over, a moment after connect. */
static int await_found(const struct bench_socket_search *search, int *fd, uint16_t *port)
{
    int rc;
    do
        rc = bench_socket_borrow(search, fd, port);
    while (rc == -ENOENT);
    return rc;
}

static void both_ends(const char *mode, const char *protocol)
{
    const struct support_server_spec spec = {.protocol = protocol, .mode = mode};
    struct support_server server;
    struct bench_error err = {.msg = ""};
    cr_assert_eq(support_server_start(&spec, &server, &err), 0, "%s", err.msg);
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = connect_to(server.port, i == 1);
    for (int i = 0; i < 3; i++) {
        const struct bench_socket_search ours = {
            .pid = getpid(), .local_port = port_of(fds[i]), .peer_port = server.port};
        struct bench_socket_search theirs = {.pid = server.pid,
                                             .descendants = true,
                                             .local_port = server.port,
                                             .peer_port = port_of(fds[i])};
        uint16_t port = 0;
        int copy = -1, set = 1, clear = 0;
        cr_expect_eq(bench_socket_peer_nodelay(&ours, &port), i == 1, "connection %d", i);
        cr_expect_eq(port, port_of(fds[i]));
        cr_assert_eq(await_found(&theirs, &copy, &port), 0, "%s %s: connection %d", protocol, mode,
                     i);
        cr_expect_eq(port, server.port);
        /* It is the server's socket, not a number that looks like it: what is set here is seen. */
        cr_assert_eq(setsockopt(copy, IPPROTO_TCP, TCP_NODELAY, &clear, sizeof(clear)), 0);
        cr_expect_eq(bench_socket_peer_nodelay(&theirs, NULL), 0);
        cr_assert_eq(setsockopt(copy, IPPROTO_TCP, TCP_NODELAY, &set, sizeof(set)), 0);
        cr_expect_eq(bench_socket_peer_nodelay(&theirs, NULL), 1);
        (void)close(copy);
        theirs.peer_port = 0; /* any connection of the server */
        cr_expect_geq(bench_socket_peer_nodelay(&theirs, NULL), 0);
        theirs.peer_port = server.port;
        cr_expect_eq(bench_socket_peer_nodelay(&theirs, NULL), -ENOENT);
    }
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    cr_expect_eq(support_server_stop(&server), 0);
}

Test(sockopt, both_ends_with_a_threaded_server) { both_ends("threaded", "tcp"); }

Test(sockopt, both_ends_with_a_forking_server) { both_ends("forking", "tcp"); }

Test(sockopt, a_listener_or_another_socket_is_no_connection)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
    cr_assert_eq(bind(listener, (const struct sockaddr *)&any, sizeof(any)), 0);
    cr_assert_eq(listen(listener, 4), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const struct bench_socket_search search = {.pid = getpid(), .local_port = port_of(listener)};
    uint16_t port = 7;
    int fd = 7, before = count_descriptors();
    cr_expect_eq(bench_socket_borrow(&search, &fd, &port), -ENOENT);
    cr_expect(fd == 7 && port == 7, "outputs only on success");
    cr_expect_eq(bench_socket_nodelay(pair[0]), -EOPNOTSUPP);
    cr_expect_eq(bench_socket_nodelay(-1), -EBADF);
    int client = connect_to(port_of(listener), 0);
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    cr_assert_geq(accepted, 0);
    cr_expect_eq(bench_socket_peer_nodelay(&search, &port), 0, "what it accepted is one");
    close(accepted);
    close(client);
    cr_expect_eq(count_descriptors(), before, "no copy is left open");
}

Test(sockopt, a_process_that_has_gone)
{
    pid_t pid = fork();
    int fd;
    if (pid == 0)
        _exit(0);
    cr_assert_eq(bench_proc_wait(pid, 30 * BENCH_NS_PER_S, &(int){0}), 0);
    struct bench_socket_search search = {.pid = pid};
    cr_expect_eq(bench_socket_borrow(&search, &fd, NULL), -ENOENT);
    search.descendants = true;
    cr_expect_eq(bench_socket_borrow(&search, &fd, NULL), -ESRCH);
}
