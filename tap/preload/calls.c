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
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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
#define NO_DATA (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)

static struct iovec piece_of(const void *data, size_t length)
{
    union {
        const void *in;
        void *out;
    } address = {.in = data};

    return (struct iovec){address.out, length};
}

/* MSG_TRUNC takes bytes out of a TCP stream without giving them to anybody; of those that are sent
 * with MSG_OOB, the last is beside the stream. */
static void ended(const struct tap_use *use, const struct iovec *pieces, size_t n, ssize_t result,
                  int flags)
{
    if ((flags & (use->sends ? MSG_OOB : MSG_TRUNC)) != 0)
        tap_call_hidden(use, result);
    else
        tap_call_ended(use, pieces, n, result);
}

/* ---- out ---- */

REAL(ssize_t, send, int fd, const void *data, size_t length, int flags)
{
    struct tap_use use;
    struct iovec piece = piece_of(data, length);
    ssize_t result;

    if (!tap_call_begins(&use, fd, true))
        return CALL(send)(fd, data, length, flags);
    result = CALL(send)(fd, data, length, flags);
    ended(&use, &piece, 1, result, flags);
    return result;
}

REAL(ssize_t, sendto, int fd, const void *data, size_t length, int flags,
     const struct sockaddr *address, socklen_t size)
{
    struct tap_use use;
    struct iovec piece = piece_of(data, length);
    ssize_t result;

    if (!tap_call_begins(&use, fd, true))
        return CALL(sendto)(fd, data, length, flags, address, size);
    result = CALL(sendto)(fd, data, length, flags, address, size);
    ended(&use, &piece, 1, result, flags);
    return result;
}

REAL(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
{
    struct tap_use use;
    ssize_t result;

    if (!tap_call_begins(&use, fd, true))
        return CALL(sendmsg)(fd, message, flags);
    result = CALL(sendmsg)(fd, message, flags);
    ended(&use, result > 0 ? message->msg_iov : NULL, result > 0 ? message->msg_iovlen : 0, result,
          flags);
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
    ended(&use, &piece, 1, result, flags);
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
    ended(&use, &piece, 1, result, flags);
    return result;
}

REAL(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
{
    struct tap_use use;
    ssize_t result;

    if ((flags & NO_DATA) != 0 || !tap_call_begins(&use, fd, false))
        return CALL(recvmsg)(fd, message, flags);
    result = CALL(recvmsg)(fd, message, flags);
    ended(&use, result > 0 ? message->msg_iov : NULL, result > 0 ? message->msg_iovlen : 0, result,
          flags);
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
    ended(&use, &piece, 1, result, flags);
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
    ended(&use, &piece, 1, result, flags);
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

/* ---- what goes by unseen ---- */

#define SENDFILE(name, type)                                                                       \
    REAL(ssize_t, name, int to, int from, type *offset, size_t length)                             \
    {                                                                                              \
        struct tap_use use;                                                                        \
        ssize_t result;                                                                            \
                                                                                                   \
        if (!tap_call_begins(&use, to, true))                                                      \
            return CALL(name)(to, from, offset, length);                                           \
        result = CALL(name)(to, from, offset, length);                                             \
        tap_call_hidden(&use, result);                                                             \
        return result;                                                                             \
    }

SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

REAL(ssize_t, splice, int from, off64_t *from_at, int to, off64_t *to_at, size_t length,
     unsigned flags)
{
    struct tap_use in, out;
    bool of_in = tap_call_begins(&in, from, false), of_out = tap_call_begins(&out, to, true);
    ssize_t result = CALL(splice)(from, from_at, to, to_at, length, flags);

    if (of_in)
        tap_call_hidden(&in, result);
    if (of_out)
        tap_call_hidden(&out, result);
    return result;
}

REAL(ssize_t, tee, int from, int to, size_t length, unsigned flags)
{
    struct tap_use use;
    bool is_ours = tap_call_begins(&use, to, true);
    ssize_t result = CALL(tee)(from, to, length, flags);

    if (is_ours)
        tap_call_hidden(&use, result);
    return result;
}

REAL(ssize_t, vmsplice, int fd, const struct iovec *pieces, size_t n, unsigned flags)
{
    struct tap_use use;
    bool is_ours = tap_call_begins(&use, fd, true);
    ssize_t result = CALL(vmsplice)(fd, pieces, n, flags);

    if (is_ours)
        tap_call_hidden(&use, result);
    return result;
}

REAL(int, sendmmsg, int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    struct tap_use use;
    bool is_ours = tap_call_begins(&use, fd, true);
    int result = CALL(sendmmsg)(fd, messages, n, flags);

    if (is_ours)
        tap_call_hidden(&use, result);
    return result;
}

REAL(int, recvmmsg, int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *until)
{
    struct tap_use use;
    bool is_ours = (flags & NO_DATA) == 0 && tap_call_begins(&use, fd, false);
    int result = CALL(recvmmsg)(fd, messages, n, flags, until);

    if (is_ours)
        tap_call_hidden(&use, result);
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

/* libuv closes by this, and whoever has the number next would be taken for the connection. */
REAL(long, syscall, long number, ...)
{
    long arguments[6];
    va_list rest;

    va_start(rest, number);
    for (size_t i = 0; i < BENCH_COUNT_OF(arguments); i++)
        arguments[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_close)
        tap_fd_closing((int)arguments[0]);
    else if (number == SYS_close_range && (arguments[2] & (long)CLOSE_RANGE_CLOEXEC) == 0)
        tap_fds_closing((unsigned)arguments[0], (unsigned)arguments[1]);
    return CALL(syscall)(number, arguments[0], arguments[1], arguments[2], arguments[3],
                         arguments[4], arguments[5]);
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
    } all[] = {ROW(send),       ROW(sendto),     ROW(sendmsg),     ROW(write),
               ROW(writev),     ROW(recv),       ROW(recvfrom),    ROW(recvmsg),
               ROW(read),       ROW(readv),      ROW(__recv_chk),  ROW(__recvfrom_chk),
               ROW(__read_chk), ROW(socket),     ROW(socketpair),  ROW(pipe),
               ROW(pipe2),      ROW(connect),    ROW(accept),      ROW(accept4),
               ROW(dup),        ROW(dup2),       ROW(dup3),        ROW(fcntl),
               ROW(fcntl64),    ROW(close),      ROW(close_range), ROW(closefrom),
               ROW(sendfile),   ROW(sendfile64), ROW(splice),      ROW(tee),
               ROW(vmsplice),   ROW(sendmmsg),   ROW(recvmmsg),    ROW(syscall)};

    for (size_t i = 0; i < BENCH_COUNT_OF(all); i++)
        (void)find(all[i].kept, all[i].name);
}
