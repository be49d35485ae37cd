/* SPDX-License-Identifier: MIT */
/* This process, its ring, and the way to the launcher. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tap/preload/preload.h"
#include "tap/ring.h"

enum {
    ATTEMPTS_MAX = 1000, /* to make a ring, while there are no descriptors, say */
    ATTEMPT_EVERY = 16,  /* calls between two */
    WAIT_NS = 50 * 1000, /* between two looks at a full ring */
    MAKING_WAITS = 4000, /* WAIT_NS each, for another thread that makes the ring */
};

enum ring_state { RING_NONE, RING_MAKING, RING_READY, RING_FAILED };

/* The kernel empties this page in a forked child, whatever way it was forked. */
struct own {
    _Atomic uint32_t state;
    _Atomic uint32_t pid;
    _Atomic uint32_t attempts;
    _Atomic uint32_t number;
    _Atomic int64_t stalled_ns;
    struct tap_ring *ring;
    uint64_t epoch;
};

struct tap_setup tap_setup;

static struct own *own;
static _Atomic uint64_t epochs;
static struct sockaddr_un launcher;
static socklen_t launcher_length;
static struct tap_hello hello;
static __thread uint32_t thread_id;
static __thread uint32_t thread_pid; /* of the process in which thread_id was found out */

int64_t tap_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- set up ---- */

static bool next_number(const char **at, uint64_t *out)
{
    char *end;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    if (errno != 0 || (*end != ',' && *end != '\0'))
        return false;
    *at = *end == ',' ? end + 1 : end;
    return true;
}

static bool read_channel(const char *text)
{
    const char *name_end = strchr(text, ','), *at;
    uint64_t ring_bytes, stall_ns, flags;
    size_t length;

    if (!name_end || name_end == text || name_end - text > TAP_NAME_MAX)
        return false;
    length = (size_t)(name_end - text);
    at = name_end + 1;
    if (strnlen(at, TAP_TOKEN_BYTES + 1) <= TAP_TOKEN_BYTES || at[TAP_TOKEN_BYTES] != ',')
        return false;
    memcpy(hello.token, at, TAP_TOKEN_BYTES);
    at += TAP_TOKEN_BYTES + 1;
    if (!next_number(&at, &ring_bytes) || !next_number(&at, &stall_ns) || !next_number(&at, &flags))
        return false;
    launcher.sun_family = AF_UNIX; /* sun_path begins with a zero: no file */
    memcpy(launcher.sun_path + 1, text, length);
    launcher_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    hello.magic = TAP_HELLO_MAGIC;
    tap_setup.ring_bytes = ring_bytes;
    tap_setup.stall_ns = stall_ns > INT64_MAX ? INT64_MAX : (int64_t)stall_ns;
    tap_setup.places = (flags & TAP_FLAG_PLACES) != 0;
    tap_setup.sees_server = (flags & TAP_FLAG_SERVER) != 0;
    return true;
}

/* Now: programs write over their arguments later. */
static void copy_command(int argc, char **argv)
{
    size_t used = 0;

    for (int i = 0; i < argc && argv[i] && used < TAP_COMMAND_MAX; i++) {
        size_t n = strnlen(argv[i], TAP_COMMAND_MAX - used);

        if (i > 0)
            hello.command[used++] = ' ';
        if (n > TAP_COMMAND_MAX - used)
            n = TAP_COMMAND_MAX - used;
        memcpy(hello.command + used, argv[i], n);
        used += n;
    }
    hello.command_length = (uint32_t)used;
}

static void after_fork(void)
{
    if (own)
        atomic_store(&own->pid, (uint32_t)getpid());
    hello.begun_ns = tap_now();
}

static int own_page(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return -ENOMEM;
    if (madvise(page, size, MADV_WIPEONFORK) != 0 || pthread_atfork(NULL, NULL, after_fork) != 0) {
        (void)munmap(page, size);
        return -ENOSYS;
    }
    own = page;
    after_fork();
    return 0;
}

/* glibc hands main's arguments to constructors. */
__attribute__((constructor)) static void preload_begins(int argc, char **argv)
{
    const char *channel = getenv(TAP_ENV_CHANNEL);
    int saved = errno;

    if (channel && read_channel(channel) && own_page() == 0) {
        copy_command(argc, argv);
        hello.begun_ns = tap_now();
        if (tap_setup.places)
            tap_places_setup();
        tap_setup.active = true;
    }
    errno = saved;
}

/* ---- who we are ---- */

bool tap_is_own_process(void)
{
    uint32_t pid = atomic_load_explicit(&own->pid, memory_order_relaxed);

    if (pid == 0) { /* forked without the handlers: _Fork, clone */
        after_fork();
        return true;
    }
    return pid == (uint32_t)getpid();
}

uint32_t tap_process(void)
{
    if (atomic_load_explicit(&own->pid, memory_order_relaxed) == 0)
        after_fork();
    return atomic_load_explicit(&own->pid, memory_order_relaxed);
}

uint32_t tap_thread(void)
{
    uint32_t pid = tap_process();

    if (thread_pid != pid) {
        thread_id = (uint32_t)syscall(SYS_gettid);
        thread_pid = pid;
    }
    return thread_id;
}

/* ---- the ring ---- */

static void wait_a_little(void)
{
    struct timespec pause = {.tv_nsec = WAIT_NS};

    /* The library's nanosleep is a cancellation point, which the real call was not. */
    (void)syscall(SYS_nanosleep, &pause, NULL);
}

/* By the system calls themselves: the functions of these names are ours. */
static int say_hello(int memory)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec piece = {.iov_base = &hello, .iov_len = sizeof(hello)};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    int status = 0;
    long fd = syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &memory, sizeof(int));
    if (syscall(SYS_connect, fd, &launcher, launcher_length) != 0 ||
        syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL) < 0)
        status = -errno;
    (void)syscall(SYS_close, fd);
    return status;
}

/* 0, or why not. */
static int make_ring(void)
{
    struct tap_ring *ring = NULL;
    int memory = -1, status = tap_ring_new(&ring, tap_setup.ring_bytes, &memory, NULL);

    if (status != 0)
        return status;
    status = say_hello(memory);
    (void)syscall(SYS_close, memory);
    if (status != 0) {
        tap_ring_free(ring);
        return status;
    }
    own->ring = ring;
    own->epoch = atomic_fetch_add(&epochs, 1) + 1;
    return 0;
}

static bool is_passing(int status)
{
    return status == -EMFILE || status == -ENFILE || status == -EAGAIN || status == -ENOMEM ||
           status == -ENOBUFS || status == -EINTR;
}

static void begin_ring(void)
{
    uint32_t state = RING_NONE, attempt;
    int status, saved = errno;

    attempt = atomic_fetch_add(&own->attempts, 1);
    if (attempt % ATTEMPT_EVERY != 0)
        return;
    if (!atomic_compare_exchange_strong(&own->state, &state, RING_MAKING))
        return;
    status = make_ring();
    if (status == 0)
        state = RING_READY;
    else
        state = is_passing(status) && attempt < ATTEMPTS_MAX ? RING_NONE : RING_FAILED;
    atomic_store(&own->state, state);
    errno = saved;
}

static struct tap_ring *ring_now(void)
{
    uint32_t state = atomic_load_explicit(&own->state, memory_order_acquire);

    if (state == RING_READY)
        return own->ring;
    if (state == RING_NONE) {
        begin_ring();
        state = atomic_load_explicit(&own->state, memory_order_acquire);
    }
    for (int i = 0; state == RING_MAKING && i < MAKING_WAITS; i++) {
        wait_a_little();
        state = atomic_load_explicit(&own->state, memory_order_acquire);
    }
    return state == RING_READY ? own->ring : NULL;
}

uint64_t tap_ring_epoch(void) { return ring_now() ? own->epoch : 0; }

uint32_t tap_next_number(void) { return atomic_fetch_add(&own->number, 1) + 1; }

bool tap_put(struct bench_piece *piece)
{
    struct tap_ring *ring = ring_now();
    size_t put;

    if (!ring)
        return false;
    piece->process = tap_process();
    for (;;) {
        int64_t begun;

        if (tap_ring_put(ring, piece, &put) == 0)
            return true;
        piece->data = (const char *)piece->data + put;
        piece->length -= put;
        if (atomic_load(&own->stalled_ns) >= tap_setup.stall_ns)
            break;
        begun = tap_now();
        wait_a_little();
        (void)atomic_fetch_add(&own->stalled_ns, tap_now() - begun);
    }
    tap_ring_drop(ring);
    return false;
}

void tap_lost(void)
{
    if (atomic_load_explicit(&own->state, memory_order_acquire) == RING_READY)
        tap_ring_drop(own->ring);
}

/* ---- markers ---- */

static void mark(enum bench_piece_kind kind, const char *name)
{
    int saved = errno;

    if (tap_setup.active) {
        struct bench_piece piece = {
            .kind = kind,
            .time_ns = tap_now(),
            .thread = tap_thread(),
            .data = name,
            .length = name ? strnlen(name, TAP_MARK_MAX) : 0,
        };

        (void)tap_put(&piece);
    }
    errno = saved;
}

BENCH_API void rpycbench_mark_begin(const char *name);
BENCH_API void rpycbench_mark_end(void);

void rpycbench_mark_begin(const char *name) { mark(BENCH_PIECE_MARK_BEGIN, name ? name : ""); }

void rpycbench_mark_end(void) { mark(BENCH_PIECE_MARK_END, NULL); }
