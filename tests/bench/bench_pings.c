/* SPDX-License-Identifier: MIT */
/*
 * bench-pings PORT COUNT: rpyc's PING, COUNT times back to back over one connection, with nothing
 * but send() and recv(), as cheap as a client can be; so that what a tap costs a native program
 * shows. Prints {"p50_ns": ...} of a round trip.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Length, not compressed; a request of number 0: PING with the value 1; the end of the frame. */
static const uint8_t request[] = {0,    0,    0,    9,    0,    0x01, 0x11, 0x50,
                                  0x11, 0x51, 0x11, 0x51, 0x10, 0x51, 0x0a};
enum { HEAD_BYTES = 5, ANSWER_MAX = 1024, WARM_UP = 1000 };

static int64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool receive(int fd, uint8_t *data, size_t length)
{
    for (size_t got = 0; got < length;) {
        ssize_t n = recv(fd, data + got, length - got, 0);

        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

/* As rpyc reads: the head, then the rest. */
static bool ping(int fd)
{
    uint8_t answer[ANSWER_MAX];
    uint32_t length;

    if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request) ||
        !receive(fd, answer, HEAD_BYTES))
        return false;
    memcpy(&length, answer, sizeof(length));
    length = ntohl(length);
    return length < ANSWER_MAX && receive(fd, answer, length + 1);
}

static int dial(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const void *any = &address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, any, sizeof(address)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0)
        return fd;
    return -1;
}

int main(int argc, char **argv)
{
    size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    int64_t *times = calloc(count + 1, sizeof(*times));
    int fd = count > 0 && times ? dial(argv[1]) : -1;

    if (fd < 0) {
        fprintf(stderr, "usage: bench-pings PORT COUNT\n");
        free(times);
        return 2;
    }
    for (size_t i = 0; i < WARM_UP + count; i++) {
        int64_t begun = now();

        if (!ping(fd)) {
            fprintf(stderr, "bench-pings: no answer to ping %zu\n", i);
            return 1;
        }
        times[i < WARM_UP ? 0 : i - WARM_UP] = now() - begun;
    }
    close(fd);
    qsort(times, count, sizeof(*times), compare);
    printf("{\"p50_ns\": %lld}\n", (long long)times[count / 2]);
    free(times);
    return 0;
}
