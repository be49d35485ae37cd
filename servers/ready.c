/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "servers/server.h"

/* A parent that has gone is noticed at the control descriptor, not here. */
static void tell(int fd, const char *line)
{
    const size_t length = strlen(line);
    for (size_t done = 0; done < length;) {
        const ssize_t n = write(fd, line + done, length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    (void)close(fd);
}

void server_ready(int fd, uint16_t port)
{
    char line[32];
    if (fd < 0)
        return;
    (void)snprintf(line, sizeof(line), "READY %" PRIu16 "\n", port);
    tell(fd, line);
}

void server_failed(int fd, const char *why)
{
    char line[320];
    if (fd < 0)
        return;
    (void)snprintf(line, sizeof(line), "FAILED %s\n", why);
    tell(fd, line);
}
