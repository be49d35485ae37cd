/* SPDX-License-Identifier: MIT */
#include "suite/profile_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, SUFFIX_SIZE = 8 };

static int cannot(const char *path, int code, struct bench_error *err)
{
    return bench_fail(err, -code, "cannot write '%.150s': %s", path, bench_errno_text(code));
}

/* A new file beside it, under a name of its own. */
static int open_beside(const char *path, char temporary[PATH_SIZE], struct bench_error *err)
{
    if (strlen(path) >= PATH_SIZE - SUFFIX_SIZE)
        return cannot(path, ENAMETOOLONG, err);
    (void)snprintf(temporary, PATH_SIZE, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    return fd < 0 ? cannot(path, errno, err) : fd;
}

int profile_file_open(struct profile_file *file, const char *path, struct bench_error *err)
{
    char temporary[PATH_SIZE];
    struct stat st;
    *file = (struct profile_file){.path = path, .fd = -1};
    if (path == NULL)
        return 0;
    if (path[0] == '\0')
        return cannot(path, ENOENT, err);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        if (S_ISDIR(st.st_mode))
            return cannot(path, EISDIR, err);
        file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return file->fd < 0 ? cannot(path, errno, err) : 0;
    }
    if (access(path, F_OK) == 0 && access(path, W_OK) < 0)
        return cannot(path, errno, err);
    int fd = open_beside(path, temporary, err);
    if (fd < 0)
        return fd;
    (void)close(fd);
    (void)unlink(temporary);
    return 0;
}

int profile_log_open(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
}

int profile_write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno == EAGAIN) { /* somebody else made it so */
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
            continue;
        }
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            at += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* The mode that open() would give a new file, or that of the one that is replaced. */
static mode_t mode_for(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return st.st_mode & 0777;
    mode_t mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

int profile_file_write(struct profile_file *file, const void *data, size_t length,
                       struct bench_error *err)
{
    char temporary[PATH_SIZE];
    if (file->path == NULL)
        return 0;
    if (file->fd >= 0) {
        int rc = profile_write_all(file->fd, data, length);
        return rc < 0 ? cannot(file->path, -rc, err) : 0;
    }
    int fd = open_beside(file->path, temporary, err);
    if (fd < 0)
        return fd;
    int rc = profile_write_all(fd, data, length);
    (void)fchmod(fd, mode_for(file->path));
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(temporary, file->path) < 0)
        rc = -errno;
    if (rc < 0) {
        (void)unlink(temporary);
        return cannot(file->path, -rc, err);
    }
    return 0;
}

void profile_file_close(struct profile_file *file)
{
    if (file->path != NULL && file->fd >= 0)
        (void)close(file->fd);
    *file = (struct profile_file){.path = NULL, .fd = -1};
}
