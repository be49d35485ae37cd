/* SPDX-License-Identifier: MIT */
/* The only file that includes linux/tcp.h: it clashes with netinet/tcp.h, whose struct tcp_info
 * lacks the byte counts. */
#include "core/tcpinfo.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's numbers of states; they are in no header that goes with linux/tcp.h. */
enum { STATE_TIME_WAIT = 6, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK = 9, STATE_CLOSING = 11 };

/* The peer's FIN takes a sequence number and is counted as a received byte. */
static uint64_t fin_bytes(unsigned state)
{
    return state == STATE_TIME_WAIT || state == STATE_CLOSE_WAIT || state == STATE_LAST_ACK ||
           state == STATE_CLOSING;
}

int bench_tcpinfo_bytes(int fd, uint64_t *sent, uint64_t *received)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);
    memset(&info, 0, sizeof(info));
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        return -errno;
    if (length < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans))
        return -EOPNOTSUPP;
    /* Not tcpi_bytes_acked: it counts the SYN of the side that connected, and lags behind by what
     * has not been acknowledged yet. */
    *sent = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    *received = info.tcpi_bytes_received - fin_bytes(info.tcpi_state);
    return 0;
}
