/* SPDX-License-Identifier: MIT */
#include "core/sockopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/proc_internal.h"

/* The port of a TCP socket's own end or of its peer; 0 = it is none, or has none. */
static uint16_t port_of(int fd, bool peer)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    int rc = peer ? getpeername(fd, (struct sockaddr *)&address, &size)
                  : getsockname(fd, (struct sockaddr *)&address, &size);
    if (rc < 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

static bool fits(int fd, const struct bench_socket_search *search, uint16_t *local_port)
{
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
        return false;
    const uint16_t peer = port_of(fd, true);
    *local_port = port_of(fd, false);
    return peer != 0 && *local_port != 0 && (search->peer_port == 0 || search->peer_port == peer) &&
           (search->local_port == 0 || search->local_port == *local_port);
}

static bool is_socket(int directory_fd, const char *name)
{
    char target[64];
    const ssize_t n = readlinkat(directory_fd, name, target, sizeof(target) - 1);
    return n > 7 && strncmp(target, "socket:", 7) == 0;
}

static int search_process(pid_t pid, const struct bench_socket_search *search, int *fd,
                          uint16_t *local_port)
{
    char path[48];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == EACCES ? -EPERM : -ENOENT; /* it has ended meanwhile */
    const int pidfd = pidfd_open(pid, 0);
    int rc = pidfd < 0 ? -errno : -ENOENT;
    const struct dirent *name;
    while (rc == -ENOENT && (name = readdir(directory)) != NULL) {
        if (name->d_name[0] == '.' || !is_socket(dirfd(directory), name->d_name))
            continue;
        const int copy = pidfd_getfd(pidfd, (int)strtol(name->d_name, NULL, 10), 0);
        if (copy < 0) {
            /* One descriptor that was closed meanwhile, or all that we may not have. */
            rc = errno == EBADF ? -ENOENT : -errno;
        } else if (fits(copy, search, local_port)) {
            *fd = copy;
            rc = 0;
        } else {
            (void)close(copy);
        }
    }
    if (pidfd >= 0)
        (void)close(pidfd);
    (void)closedir(directory);
    return rc == -ESRCH ? -ENOENT : rc;
}

static int search_tree(const struct bench_socket_search *search, int *fd, uint16_t *local_port)
{
    struct bench_proc_table table;
    int rc = bench_proc_table_read(&table);
    if (rc < 0)
        return rc;
    rc = bench_proc_table_mark(&table, search->pid) ? -ENOENT : -ESRCH;
    for (size_t i = 0; rc == -ENOENT && i < table.count; i++)
        if (table.entries[i].in_tree && table.entries[i].state != 'Z')
            rc = search_process(table.entries[i].pid, search, fd, local_port);
    bench_proc_table_fini(&table);
    return rc;
}

int bench_socket_borrow(const struct bench_socket_search *search, int *fd, uint16_t *local_port)
{
    uint16_t port = 0;
    int found = -1;
    const int rc = search->descendants ? search_tree(search, &found, &port)
                                       : search_process(search->pid, search, &found, &port);
    if (rc < 0)
        return rc;
    *fd = found;
    if (local_port != NULL)
        *local_port = port;
    return 0;
}

int bench_socket_nodelay(int fd)
{
    int value = 0;
    socklen_t size = sizeof(value);
    if (getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size) < 0)
        return -errno;
    return value != 0;
}

int bench_socket_peer_nodelay(const struct bench_socket_search *search, uint16_t *local_port)
{
    int fd;
    int rc = bench_socket_borrow(search, &fd, local_port);
    if (rc < 0)
        return rc;
    rc = bench_socket_nodelay(fd);
    (void)close(fd);
    return rc;
}
