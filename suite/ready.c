/* SPDX-License-Identifier: MIT */
#include "suite/ready.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "bench/units.h"

enum {
    START_TIMEOUT_S = 30,
    LINE_MAX_BYTES = 512,
};

/* One line from the readiness pipe, until end of file, death or the deadline. */
static int read_line(int fd, int pid_fd, char *line, size_t size, struct bench_error *err)
{
    const int64_t deadline = bench_now_ns() + START_TIMEOUT_S * BENCH_NS_PER_S;
    size_t n = 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = pid_fd, .events = POLLIN}};
        int64_t left = deadline - bench_now_ns();
        if (left <= 0)
            return bench_fail(err, -ETIMEDOUT, "not ready within %d s", START_TIMEOUT_S);
        int rc = poll(fds, 2, (int)(left / BENCH_NS_PER_MS) + 1);
        if (rc < 0 && errno != EINTR)
            return bench_fail(err, -errno, "poll: %s", bench_errno_text(errno));
        if (rc <= 0 || (fds[0].revents == 0 && !(fds[1].revents & POLLIN)))
            continue;
        ssize_t got = fds[0].revents == 0 ? 0 : read(fd, line + n, size - 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got > 0)
            n += (size_t)got;
        line[n] = '\0';
        if (strchr(line, '\n') != NULL) {
            line[strcspn(line, "\n")] = '\0';
            return 0;
        }
        if (got <= 0 || n + 1 == size)
            return bench_fail(err, -EPIPE, "it ended before it was ready");
    }
}

int bench_ready_await(int fd, int pid_fd, uint16_t *port, struct bench_error *err)
{
    char line[LINE_MAX_BYTES] = "";
    int64_t number;
    int rc = read_line(fd, pid_fd, line, sizeof(line), err);
    if (rc < 0)
        return rc;
    if (strncmp(line, "FAILED ", 7) == 0)
        return bench_fail(err, -EIO, "%.200s", line + 7);
    if (strncmp(line, "READY ", 6) != 0 || bench_parse_int(line + 6, 0, 65535, &number, NULL) < 0)
        return bench_fail(err, -EPROTO, "it said '%.60s' instead of READY PORT", line);
    *port = (uint16_t)number;
    return 0;
}
