/* SPDX-License-Identifier: MIT */
/*
 * The C library's functions on descriptors. Each calls the real one with the same arguments and
 * gives back what it gave back, errno included.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tap/preload/preload.h"

/* Under names of our own, with the linker's beside them: the headers declare some of these with
 * types that cannot be written down again, and some as macros. */
#define REAL(result, name, ...)                                                                    \
    static _Atomic(void *) real_##name;                                                            \
    typedef result name##_fn(__VA_ARGS__);                                                         \
    BENCH_API result tap_##name(__VA_ARGS__) __asm__(#name);                                       \
    result tap_##name(__VA_ARGS__)

/* The next one in the order of libraries; found when it is first needed, since other libraries'
 * constructors may call us before ours ran. A symbol that nobody has cannot have been called. */
static void *find(_Atomic(void *) *kept, const char *name)
{
    void *real = atomic_load_explicit(kept, memory_order_acquire);

    if (!real) {
        int saved = errno;

        real = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(kept, real, memory_order_release);
        errno = saved;
    }
    return real;
}

#define CALL(name) (*(name##_fn *)find(&real_##name, #name))

/* What is received with these is not taken out of the stream, or is no part of it. */
#define NO_DATA (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE | MSG_TRUNC)

static struct iovec piece_of(const void *data, size_t length)
{
    union {
        const void *in;
        void *out;
    } address = {.in = data};

    return (struct iovec){address.out, length};
}

/* ---- out ---- */

REAL(ssize_t, send, int fd, const void *data, size_t length, int flags)
{
    struct tap_use use;
    struct iovec piece = piece_of(data, length);
    ssize_t result;

    if ((flags & MSG_OOB) != 0 || !tap_call_begins(&use, fd, true))
        return CALL(send)(fd, data, length, flags);
    result = CALL(send)(fd, data, length, flags);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, sendto, int fd, const void *data, size_t length, int flags,
     const struct sockaddr *address, socklen_t size)
{
    struct tap_use use;
    struct iovec piece = piece_of(data, length);
    ssize_t result;

    if ((flags & MSG_OOB) != 0 || !tap_call_begins(&use, fd, true))
        return CALL(sendto)(fd, data, length, flags, address, size);
    result = CALL(sendto)(fd, data, length, flags, address, size);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
    struct tap_use use;
    ssize_t result;

    if ((flags & MSG_OOB) != 0 || !tap_call_begins(&use, fd, true))
        return CALL(sendmsg)(fd, message, flags);
    result = CALL(sendmsg)(fd, message, flags);
    tap_call_ended(&use, result > 0 ? message->msg_iov : NULL, result > 0 ? message->msg_iovlen : 0,
                   result);
    return result;
}

REAL(ssize_t, write, int fd, const void *data, size_t length)
{
    struct tap_use use;
    struct iovec piece = piece_of(data, length);
    ssize_t result;

    if (!tap_call_begins(&use, fd, true))
        return CALL(write)(fd, data, length);
    result = CALL(write)(fd, data, length);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, writev, int fd, const struct iovec *pieces, int n)
{
    struct tap_use use;
    ssize_t result;

    if (!tap_call_begins(&use, fd, true))
        return CALL(writev)(fd, pieces, n);
    result = CALL(writev)(fd, pieces, n);
    tap_call_ended(&use, pieces, result > 0 ? (size_t)n : 0, result);
    return result;
}

/* ---- in ---- */

REAL(ssize_t, recv, int fd, void *data, size_t length, int flags)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(recv)(fd, data, length, flags);
    result = CALL(recv)(fd, data, length, flags);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, recvfrom, int fd, void *data, size_t length, int flags, struct sockaddr *address,
     socklen_t *size)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(recvfrom)(fd, data, length, flags, address, size);
    result = CALL(recvfrom)(fd, data, length, flags, address, size);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
{
    struct tap_use use;
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(recvmsg)(fd, message, flags);
    result = CALL(recvmsg)(fd, message, flags);
    tap_call_ended(&use, result > 0 ? message->msg_iov : NULL, result > 0 ? message->msg_iovlen : 0,
                   result);
    return result;
}

REAL(ssize_t, read, int fd, void *data, size_t length)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if (!tap_call_begins(&use, fd, false))
        return CALL(read)(fd, data, length);
    result = CALL(read)(fd, data, length);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, readv, int fd, const struct iovec *pieces, int n)
{
    struct tap_use use;
    ssize_t result;

    if (!tap_call_begins(&use, fd, false))
        return CALL(readv)(fd, pieces, n);
    result = CALL(readv)(fd, pieces, n);
    tap_call_ended(&use, pieces, result > 0 ? (size_t)n : 0, result);
    return result;
}

/* What _FORTIFY_SOURCE makes of them: room is what the compiler knows of the buffer. */
REAL(ssize_t, __recv_chk, int fd, void *data, size_t length, size_t room, int flags)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(__recv_chk)(fd, data, length, room, flags);
    result = CALL(__recv_chk)(fd, data, length, room, flags);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, __recvfrom_chk, int fd, void *data, size_t length, size_t room, int flags,
     struct sockaddr *address, socklen_t *size)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(__recvfrom_chk)(fd, data, length, room, flags, address, size);
    result = CALL(__recvfrom_chk)(fd, data, length, room, flags, address, size);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

REAL(ssize_t, __read_chk, int fd, void *data, size_t length, size_t room)
{
    struct tap_use use;
    struct iovec piece = {data, length};
    ssize_t result;

    if (!tap_call_begins(&use, fd, false))
        return CALL(__read_chk)(fd, data, length, room);
    result = CALL(__read_chk)(fd, data, length, room);
    tap_call_ended(&use, &piece, 1, result);
    return result;
}

/* ---- descriptors that come ---- */

REAL(int, socket, int domain, int type, int protocol)
{
    int fd = CALL(socket)(domain, type, protocol);

    if (fd >= 0)
        tap_fd_fresh(fd, TAP_ROLE_UNKNOWN);
    return fd;
}

REAL(int, socketpair, int domain, int type, int protocol, int fds[2])
{
    int result = CALL(socketpair)(domain, type, protocol, fds);

    for (int i = 0; result == 0 && i < 2; i++)
        tap_fd_fresh(fds[i], TAP_ROLE_UNKNOWN);
    return result;
}

REAL(int, pipe, int fds[2])
{
    int result = CALL(pipe)(fds);

    for (int i = 0; result == 0 && i < 2; i++)
        tap_fd_fresh(fds[i], TAP_ROLE_UNKNOWN);
    return result;
}

REAL(int, pipe2, int fds[2], int flags)
{
    int result = CALL(pipe2)(fds, flags);

    for (int i = 0; result == 0 && i < 2; i++)
        tap_fd_fresh(fds[i], TAP_ROLE_UNKNOWN);
    return result;
}

REAL(int, connect, int fd, const struct sockaddr *address, socklen_t size)
{
    int result = CALL(connect)(fd, address, size);

    if (result == 0 || errno == EINPROGRESS)
        tap_fd_fresh(fd, TAP_ROLE_CLIENT);
    return result;
}

REAL(int, accept, int fd, struct sockaddr *address, socklen_t *size)
{
    int result = CALL(accept)(fd, address, size);

    if (result >= 0)
        tap_fd_fresh(result, TAP_ROLE_SERVER);
    return result;
}

REAL(int, accept4, int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int result = CALL(accept4)(fd, address, size, flags);

    if (result >= 0)
        tap_fd_fresh(result, TAP_ROLE_SERVER);
    return result;
}

REAL(int, dup, int fd)
{
    int result = CALL(dup)(fd);

    if (result >= 0)
        tap_fd_copied(fd, result);
    return result;
}

/* The target is closed by these; what it was must be forgotten before somebody else gets it. */
REAL(int, dup2, int fd, int to)
{
    int result = CALL(dup2)(fd, to);

    if (result >= 0 && fd != to)
        tap_fd_copied(fd, to);
    return result;
}

REAL(int, dup3, int fd, int to, int flags)
{
    int result = CALL(dup3)(fd, to, flags);

    if (result >= 0)
        tap_fd_copied(fd, to);
    return result;
}

/* Whatever the third argument is, it fits into a pointer's register. */
#define FCNTL(name)                                                                                \
    REAL(int, name, int fd, int command, ...)                                                      \
    {                                                                                              \
        va_list rest;                                                                              \
        void *argument;                                                                            \
        int result;                                                                                \
                                                                                                   \
        va_start(rest, command);                                                                   \
        argument = va_arg(rest, void *);                                                           \
        va_end(rest);                                                                              \
        result = CALL(name)(fd, command, argument);                                                \
        if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))                     \
            tap_fd_copied(fd, result);                                                             \
        return result;                                                                             \
    }

FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- and go ---- */

REAL(int, close, int fd)
{
    tap_fd_closing(fd);
    return CALL(close)(fd);
}

REAL(int, close_range, unsigned first, unsigned last, int flags)
{
    if ((flags & (int)CLOSE_RANGE_CLOEXEC) == 0)
        tap_fds_closing(first, last);
    return CALL(close_range)(first, last, flags);
}

REAL(void, closefrom, int first)
{
    tap_fds_closing(first > 0 ? (unsigned)first : 0, ~0u);
    CALL(closefrom)(first);
}

#define ROW(name)                                                                                  \
    {                                                                                              \
        &real_##name, #name                                                                        \
    }

/* Now, if the dynamic linker did not need us earlier: in a child that was forked while another
 * thread held the linker's lock, it would be too late. */
__attribute__((constructor)) static void find_all(void)
{
    static const struct {
        _Atomic(void *) *kept;
        const char *name;
    } all[] = {ROW(send),       ROW(sendto),         ROW(sendmsg),    ROW(write),  ROW(writev),
               ROW(recv),       ROW(recvfrom),       ROW(recvmsg),    ROW(read),   ROW(readv),
               ROW(__recv_chk), ROW(__recvfrom_chk), ROW(__read_chk), ROW(socket), ROW(socketpair),
               ROW(pipe),       ROW(pipe2),          ROW(connect),    ROW(accept), ROW(accept4),
               ROW(dup),        ROW(dup2),           ROW(dup3),       ROW(fcntl),  ROW(fcntl64),
               ROW(close),      ROW(close_range),    ROW(closefrom)};

    for (size_t i = 0; i < BENCH_COUNT_OF(all); i++)
        (void)find(all[i].kept, all[i].name);
}
