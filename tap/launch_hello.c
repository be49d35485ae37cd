/* SPDX-License-Identifier: MIT */
/* Who connects to the launcher's socket, and who of them has ended. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap/launch_internal.h"

enum { ROUNDS_MAX = 1000 };
enum { EVENT_LISTENER, EVENT_PENDING, EVENT_PROCESS };

static uint64_t event_of(int kind, int number) { return (uint64_t)kind << 32 | (uint32_t)number; }

static int watch(struct tap_launch *launch, int fd, int kind, int number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = event_of(kind, number)};

    return epoll_ctl(launch->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int random_digits(char *text, size_t n, struct bench_error *err)
{
    uint8_t bytes[TAP_TOKEN_BYTES / 2];
    size_t used = n / 2 < sizeof(bytes) ? n / 2 : sizeof(bytes);

    if (getrandom(bytes, used, 0) != (ssize_t)used)
        return bench_fail(err, -EIO, "no random numbers: %s", bench_errno_text(errno));
    for (size_t i = 0; i < used; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

int launch_listen(struct tap_launch *launch, char *name, size_t size, struct bench_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const void *any = &address;
    char random[17];
    int length, status = random_digits(random, sizeof(random) - 1, err);

    if (status == 0)
        status = random_digits(launch->token, TAP_TOKEN_BYTES, err);
    if (status != 0)
        return status;
    length = snprintf(name, size, "rpycbench-tap-%d-%s", (int)getpid(), random);
    memcpy(address.sun_path + 1, name, (size_t)length);
    launch->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (launch->listener < 0 ||
        bind(launch->listener, any,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) != 0 ||
        listen(launch->listener, SOMAXCONN) != 0)
        return bench_fail(err, -errno, "socket for the program's processes: %s",
                          bench_errno_text(errno));
    status = watch(launch, launch->listener, EVENT_LISTENER, 0);
    return status == 0 ? 0 : bench_fail(err, status, "epoll: %s", bench_errno_text(status));
}

static bool is_same(const char *a, const char *b, size_t n)
{
    unsigned difference = 0;

    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

/* ---- processes ---- */

static struct launch_process *room(struct tap_launch *launch)
{
    for (int i = 0; i < launch->processes_max; i++) {
        if (launch->processes[i].pid == 0)
            return &launch->processes[i];
    }
    return NULL;
}

/* Another program in the same process: the old ring ends here. */
static void replace(struct tap_launch *launch, pid_t pid)
{
    for (int i = 0; i < launch->processes_max; i++) {
        struct launch_process *process = &launch->processes[i];

        if (process->pid == pid && !process->gone) {
            process->gone = process->replaced = true;
            if (process->pidfd >= 0)
                (void)close(process->pidfd);
            process->pidfd = -1;
        }
    }
}

static void process_new(struct tap_launch *launch, pid_t pid, int memory,
                        const struct tap_hello *hello)
{
    struct launch_process *process = room(launch);
    struct tap_ring *ring = NULL;

    if (!process || tap_ring_attach(&ring, memory, NULL) != 0)
        return;
    replace(launch, pid);
    *process = (struct launch_process){
        .pid = pid,
        .ring = ring,
        .fresh = true,
        .begun_ns = hello->begun_ns,
        .command = strndup(hello->command, hello->command_length),
        .pidfd = pidfd_open(pid, 0),
    };
    launch->nprocesses++;
    launch->seen++;
    /* It may have ended already; then its ring holds all that there is. */
    if (process->pidfd < 0)
        process->gone = true;
    else if (watch(launch, process->pidfd, EVENT_PROCESS, (int)(process - launch->processes)) != 0)
        process->gone = true;
}

/* ---- what they say first ---- */

/* The descriptor, or -1. */
static int receive(int fd, struct tap_hello *hello)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct iovec piece = {.iov_base = hello, .iov_len = sizeof(*hello)};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    int found = -1;

    if (got < 0)
        return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        size_t n = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= n; at += sizeof(int)) {
            int given;

            memcpy(&given, CMSG_DATA(c) + at, sizeof(given));
            if (found >= 0)
                (void)close(given);
            else
                found = given;
        }
    }
    if (found >= 0 && got != (ssize_t)sizeof(*hello)) {
        (void)close(found);
        found = -1;
    }
    return found;
}

/* The name of our socket is for everybody to see, the token is not. A process of root's may have
 * become another user's since it got that. */
static bool may_talk(int fd, struct ucred *who)
{
    socklen_t size = sizeof(*who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, who, &size) == 0 &&
           (who->uid == geteuid() || geteuid() == 0);
}

static void hear(struct tap_launch *launch, int fd)
{
    struct tap_hello hello;
    struct ucred who = {0};
    int memory;

    if (!may_talk(fd, &who))
        return;
    memory = receive(fd, &hello);
    if (memory < 0)
        return;
    if (hello.magic == TAP_HELLO_MAGIC && hello.command_length <= TAP_COMMAND_MAX &&
        is_same(hello.token, launch->token, TAP_TOKEN_BYTES))
        process_new(launch, who.pid, memory, &hello);
    (void)close(memory);
}

static void pending_drop(struct tap_launch *launch, unsigned i)
{
    (void)close(launch->pending[i]);
    memmove(&launch->pending[i], &launch->pending[i + 1],
            (launch->npending - i - 1) * sizeof(launch->pending[0]));
    launch->npending--;
}

void launch_pending_close(struct tap_launch *launch)
{
    while (launch->npending > 0)
        pending_drop(launch, launch->npending - 1);
}

static void accept_all(struct tap_launch *launch)
{
    for (int i = 0; i < SOMAXCONN; i++) {
        int fd = accept4(launch->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        struct ucred who;

        if (fd < 0)
            break;
        if (!may_talk(fd, &who)) {
            (void)close(fd);
            continue;
        }
        if (launch->npending == LAUNCH_PENDING_MAX) { /* the oldest has had its time */
            hear(launch, launch->pending[0]);
            pending_drop(launch, 0);
        }
        launch->pending[launch->npending++] = fd;
        (void)watch(launch, fd, EVENT_PENDING, fd);
    }
}

void launch_look(struct tap_launch *launch)
{
    struct epoll_event events[64];
    int n, rounds = 0;

    /* Until nothing is left to be said: who was accepted in one round is heard in the next. */
    do {
        n = epoll_wait(launch->epoll_fd, events, BENCH_COUNT_OF(events), 0);
        for (int i = 0; i < n; i++) {
            int kind = (int)(events[i].data.u64 >> 32), number = (int)(uint32_t)events[i].data.u64;

            if (kind == EVENT_LISTENER) {
                accept_all(launch);
            } else if (kind == EVENT_PENDING) {
                unsigned at = 0;

                while (at < launch->npending && launch->pending[at] != number)
                    at++;
                if (at == launch->npending)
                    continue;
                hear(launch, number);
                pending_drop(launch, at);
            } else {
                struct launch_process *process = &launch->processes[number];

                process->gone = true;
                if (process->pidfd >= 0)
                    (void)close(process->pidfd);
                process->pidfd = -1;
            }
        }
    } while (n > 0 && ++rounds < ROUNDS_MAX);
}
