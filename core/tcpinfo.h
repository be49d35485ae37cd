/* SPDX-License-Identifier: MIT */
/* What the kernel knows about a TCP socket. The .c file alone includes linux/tcp.h, which clashes
 * with netinet/tcp.h. */
#ifndef BENCH_TCPINFO_H
#define BENCH_TCPINFO_H

#include <stdint.h>

/* Payload bytes sent (each byte once, retransmissions not counted) and received since the socket
 * was made. 0, or a negative errno (not a TCP socket). */
int bench_tcpinfo_bytes(int fd, uint64_t *sent, uint64_t *received);

#endif
