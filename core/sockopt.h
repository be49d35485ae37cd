/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says of a TCP socket, also of one that another process has: how both ends of a
 * connection really are, whatever the libraries there were told. Main thread.
 */
#ifndef BENCH_SOCKOPT_H
#define BENCH_SOCKOPT_H

#include <stdbool.h>
#include <sys/types.h>

#include "bench/error.h"

/* Whose sockets are looked at, and which one. */
struct bench_socket_search {
    pid_t pid;
    bool descendants;    /* those of its descendants too */
    uint16_t local_port; /* 0 = any */
    uint16_t peer_port;  /* 0 = any; a socket without a peer never fits */
};

/* A copy of the first connected TCP socket that fits; the caller closes it soon, since the
 * connection stays open as long. *local_port (may be NULL) is the port of its end. 0; -ENOENT,
 * -ESRCH, -EPERM (we may not look into that process), -ENOSYS (a kernel before 5.6). */
int bench_socket_borrow(const struct bench_socket_search *search, int *fd, uint16_t *local_port)
    BENCH_MUST_CHECK;

/* TCP_NODELAY: 1, 0, or -errno. */
int bench_socket_nodelay(int fd);
/* The same of the socket that the search finds, with its port; 1, 0 or negative as above. */
int bench_socket_peer_nodelay(const struct bench_socket_search *search, uint16_t *local_port);

#endif
