/* SPDX-License-Identifier: MIT */
/*
 * tap-peer MODE: a C program that speaks recorded frames with a child of its own, in all the ways
 * in which C programs use descriptors. Prints "ok". Built without sanitizers: it is to be run under
 * the preloaded library, before which they want to be loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap/preload/wire.h"

static const uint8_t request[] = {0,    0,    0,    9,    0,    0x01, 0x11, 0x50,
                                  0x11, 0x51, 0x11, 0x51, 0x10, 0x51, 0x0a};
static const uint8_t answer[] = {0, 0, 0, 6, 0, 0x02, 0x11, 0x50, 0x11, 0x51, 0x51, 0x0a};
enum { ASKED = sizeof(request), ANSWERED = sizeof(answer), THREAD_PINGS = 3000 };

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "tap-peer: %s: %d\n", what, errno);
        _exit(1);
    }
}
#define MUST(condition) must(condition, #condition)

/* ---- the other side ---- */

static void serve(int listener)
{
    uint8_t data[ASKED];
    int fd = accept(listener, NULL, NULL);

    for (;;) {
        size_t got = 0;

        while (got < ASKED) {
            ssize_t n = recv(fd, data + got, ASKED - got, 0);

            if (n <= 0)
                _exit(0);
            got += (size_t)n;
        }
        MUST(memcmp(data, request, ASKED) == 0);
        MUST(send(fd, answer, ANSWERED, MSG_NOSIGNAL) == ANSWERED);
    }
}

static pid_t server;

static int begin(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    void *any = &address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    MUST(bind(listener, any, size) == 0 && listen(listener, 5) == 0);
    MUST(getsockname(listener, any, &size) == 0);
    server = fork();
    if (server == 0)
        serve(listener);
    close(listener);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(connect(fd, any, size) == 0);
    return fd;
}

static void end(int fd)
{
    int status;

    close(fd);
    MUST(waitpid(server, &status, 0) == server && status == 0);
}

static void take(int fd)
{
    uint8_t data[ANSWERED];

    MUST(recv(fd, data, ANSWERED, MSG_WAITALL) == ANSWERED);
    MUST(memcmp(data, answer, ANSWERED) == 0);
}

static void ask(int fd) { MUST(send(fd, request, ASKED, 0) == ASKED); }

static void ping(int fd)
{
    ask(fd);
    take(fd);
}

/* ---- modes ---- */

static void pings(void)
{
    int fd = begin();

    for (int i = 0; i < 100; i++)
        ping(fd);
    end(fd);
}

ssize_t __read_chk(int fd, void *data, size_t length, size_t room);
ssize_t __recv_chk(int fd, void *data, size_t length, size_t room, int flags);

/* Each function once in each direction, in pieces too small to be recognised at first. */
static void functions(void)
{
    int fd = begin();
    uint8_t data[64];
    struct iovec out[2] = {{data, 7}, {data + 7, ASKED - 7}}, in[2] = {{data, 3}, {data + 3, 60}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
    socklen_t size = 0;

    for (int i = 0; i < ASKED; i++)
        MUST(write(fd, request + i, 1) == 1);
    MUST(recv(fd, data, sizeof(data), MSG_PEEK) > 0);
    MUST(read(fd, data, 5) == 5 && read(fd, data, sizeof(data)) == ANSWERED - 5);
    memcpy(data, request, ASKED);
    MUST(writev(fd, out, 2) == ASKED);
    MUST(readv(fd, in, 2) == ANSWERED);
    memcpy(data, request, ASKED);
    MUST(sendmsg(fd, &message, 0) == ASKED);
    message.msg_iov = in;
    MUST(recvmsg(fd, &message, 0) == ANSWERED);
    MUST(sendto(fd, request, ASKED, 0, NULL, 0) == ASKED);
    MUST(recvfrom(fd, data, sizeof(data), 0, NULL, &size) == ANSWERED);
    ask(fd);
    MUST(__read_chk(fd, data, 20, sizeof(data)) == ANSWERED);
    ask(fd);
    MUST(__recv_chk(fd, data, 20, sizeof(data), 0) == ANSWERED);
    /* Errors are the program's own. */
    errno = 0;
    MUST(send(-1, request, ASKED, 0) == -1 && errno == EBADF);
    MUST(recv(fd, data, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    MUST(send(fd, NULL, 5, 0) == -1 && errno == EFAULT);
    MUST(read(fd, NULL, 0) == 0);
    MUST(close(-1) == -1 && errno == EBADF);
    ping(fd);
    end(fd);
}

/* Bytes that go by without anybody seeing them, in both directions. */
static void hidden(void)
{
    int fd = begin(), pipes[2], file = memfd_create("request", 0);
    off_t at = 0;
    char text[32];

    ping(fd);
    MUST(write(file, request, ASKED) == ASKED && pipe(pipes) == 0);
    MUST(sendfile(fd, file, &at, ASKED) == ASKED);
    take(fd);
    ping(fd);
    ask(fd);
    MUST(recv(fd, text, ANSWERED, MSG_TRUNC | MSG_WAITALL) == ANSWERED);
    ping(fd);
    ask(fd);
    MUST(recv(fd, text, ANSWERED, MSG_PEEK | MSG_WAITALL) == ANSWERED);
    for (size_t got = 0; got < ANSWERED;) {
        ssize_t n = splice(fd, NULL, pipes[1], NULL, ANSWERED - got, 0);

        MUST(n > 0);
        got += (size_t)n;
    }
    MUST(read(pipes[0], text, sizeof(text)) == ANSWERED && memcmp(text, answer, ANSWERED) == 0);
    ping(fd);
    end(fd);
}

/* As libuv does it; the number then belongs to a file. */
static void raw_close(void)
{
    int fd = begin(), file;
    char text[32];

    ping(fd);
    MUST(syscall(SYS_close, fd) == 0);
    MUST(syscall(SYS_close, -1) == -1 && errno == EBADF);
    file = open("/proc/self/exe", O_RDONLY);
    MUST(file == fd && read(file, text, sizeof(text)) == sizeof(text));
    MUST(waitpid(server, NULL, 0) == server);
}

/* More processes at a time than the launcher keeps waiting for their first word, each with one
 * request of its own; and a limit of files' sizes that no ring fits into. */
static void crowd(void)
{
    enum { CHILDREN = 300 };
    pid_t children[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            int fds[2];
            uint8_t data[ASKED];

            MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
            ask(fds[0]);
            _exit(recv(fds[1], data, ASKED, 0) == ASKED ? 0 : 1);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;

        MUST(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
}

static void small_files(void)
{
    const struct rlimit limit = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};
    int fd = begin();

    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    ping(fd);
    end(fd);
}

/* A copy of a number too high to be watched takes the place of a connection. */
static void high_numbers(void)
{
    const struct rlimit limit = {.rlim_cur = 70000, .rlim_max = 70000};
    int fd = begin(), pair[2];
    char text[8];

    ping(fd);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) { /* not allowed here */
        end(fd);
        return;
    }
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    MUST(fcntl(pair[0], F_DUPFD, 69000) == 69000);
    MUST(dup2(69000, fd) == fd);
    MUST(write(fd, "GET / HT", 8) == 8 && read(pair[1], text, 8) == 8);
    MUST(waitpid(server, NULL, 0) == server);
}

static void copies(void)
{
    int fd = begin(), copy = dup(fd), other = fcntl(fd, F_DUPFD_CLOEXEC, 100), file;
    char text[32];

    ask(fd);
    take(copy);
    close(fd);
    ask(other);
    MUST(dup2(copy, fd) == fd);
    close(copy);
    take(fd);
    MUST(dup3(fd, 200, O_CLOEXEC) == 200);
    close(fd);
    close(other);
    ping(200);
    /* The number again, as something else: closed behind our backs. */
    closefrom(100);
    file = open("/proc/self/exe", O_RDONLY);
    MUST(dup2(file, 200) == 200 && read(200, text, sizeof(text)) == sizeof(text));
    MUST(waitpid(server, NULL, 0) == server);
}

/* A child that shares our memory, with descriptors of its own. */
static void vforks(void)
{
    int fd = begin();

    ping(fd);
    for (int i = 0; i < 3; i++) {
        int status;
        pid_t child = vfork();

        if (child == 0) {
            close(fd);
            (void)dup2(2, fd);
            execl("/bin/true", "true", (char *)NULL);
            _exit(1);
        }
        MUST(waitpid(child, &status, 0) == child && status == 0);
        ping(fd);
    }
    end(fd);
}

/* One thread sends, another receives; what was received makes the first send again. */
struct pair {
    int fd;
    sem_t turn;
};

static void *receives(void *user)
{
    struct pair *pair = user;

    for (int i = 0; i < THREAD_PINGS; i++) {
        take(pair->fd);
        (void)sem_post(&pair->turn);
    }
    return NULL;
}

static void threads(void)
{
    struct pair pair = {.fd = begin()};
    pthread_t thread;

    ping(pair.fd);
    MUST(sem_init(&pair.turn, 0, 0) == 0);
    MUST(pthread_create(&thread, NULL, receives, &pair) == 0);
    for (int i = 0; i < THREAD_PINGS; i++) {
        ask(pair.fd);
        (void)sem_wait(&pair.turn);
    }
    MUST(pthread_join(thread, NULL) == 0);
    end(pair.fd);
}

/* More than fits into a small ring that nobody empties. */
static void flood(void)
{
    int fd = begin();

    for (int i = 0; i < 2000; i++)
        ping(fd);
    end(fd);
}

static void becomes(const char *self)
{
    int fd = begin();

    ping(fd);
    end(fd);
    execl(self, self, "pings", (char *)NULL);
    MUST(!"exec");
}

/* In the preloaded library, if that is there. */
void rpycbench_mark_begin(const char *name) __attribute__((weak));
void rpycbench_mark_end(void) __attribute__((weak));

static void marks(void)
{
    int fd = begin();

    if (rpycbench_mark_begin) {
        rpycbench_mark_begin("outer");
        rpycbench_mark_begin(NULL);
    }
    ping(fd);
    if (rpycbench_mark_end) {
        rpycbench_mark_end();
        rpycbench_mark_end();
    }
    end(fd);
}

static void unseen(void)
{
    int pair[2], pipes[2];
    char text[8];
    void *any = NULL;

    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0);
    MUST(write(pair[0], "GET / HT", 8) == 8 && read(pair[1], text, 8) == 8);
    MUST(write(pipes[1], "\0\0\0", 3) == 3 && read(pipes[0], text, 8) == 3);
    MUST(write(pipes[1], "\0\0\0\0\0", 5) == 5 && read(pipes[0], text, 8) == 5);
    MUST(write(pipes[0], "x", 1) == -1 && errno == EBADF);
    MUST(connect(pair[0], any, 0) == -1);
}

/* Says to the launcher what only a liar would. */
static void say(const char *name, size_t length, const struct tap_hello *hello, size_t size,
                int given)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    union {
        const void *in;
        void *out;
    } any = {.in = hello};
    struct iovec piece = {any.out, size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path + 1, name, length);
    any.in = &address;
    MUST(connect(fd, any.in, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) ==
         0);
    if (given >= 0) {
        struct cmsghdr *rights;

        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &given, sizeof(given));
    }
    if (size > 0)
        MUST(sendmsg(fd, &message, 0) == (ssize_t)size);
    close(fd);
}

static void liar(void)
{
    const char *channel = getenv(TAP_ENV_CHANNEL), *token;
    size_t length;
    struct tap_hello hello = {.magic = TAP_HELLO_MAGIC, .command_length = 4, .command = "liar"};
    int memory;
    uint8_t *garbage;

    if (!channel)
        return;
    token = strchr(channel, ',') + 1;
    length = (size_t)(token - 1 - channel);
    memory = memfd_create("liar", MFD_ALLOW_SEALING);
    MUST(ftruncate(memory, (1 << 16) + (1 << 16)) == 0);
    garbage = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    MUST(garbage != MAP_FAILED);
    say(channel, length, &hello, 0, -1);
    say(channel, length, &hello, 10, -1);
    say(channel, length, &hello, sizeof(hello), -1);
    say(channel, length, &hello, sizeof(hello), memory); /* without the token */
    memcpy(hello.token, token, TAP_TOKEN_BYTES);
    say(channel, length, &hello, sizeof(hello), memory); /* not sealed */
    say(channel, length, &hello, sizeof(hello) - 1, memory);
    say(channel, length, &hello, sizeof(hello), 0); /* a pipe, a file */
    MUST(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    say(channel, length, &hello, sizeof(hello), memory); /* no head */
    hello.command_length = 100000;
    say(channel, length, &hello, sizeof(hello), memory);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } modes[] = {{"pings", pings},
                 {"functions", functions},
                 {"copies", copies},
                 {"vforks", vforks},
                 {"threads", threads},
                 {"flood", flood},
                 {"marks", marks},
                 {"unseen", unseen},
                 {"liar", liar},
                 {"hidden", hidden},
                 {"raw-close", raw_close},
                 {"crowd", crowd},
                 {"small-files", small_files},
                 {"high-numbers", high_numbers}};

    for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run();
            puts("ok");
            return 0;
        }
    }
    if (argc == 2 && strcmp(argv[1], "becomes") == 0)
        becomes(argv[0]);
    fprintf(stderr, "usage: tap-peer MODE\n");
    return 2;
}
