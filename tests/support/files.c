/* SPDX-License-Identifier: MIT */
#include "tests/support/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)64 << 20)

int support_tempdir_make(char **out, struct bench_error *err)
{
    const char *base = getenv("TMPDIR");
    char *path;

    if (asprintf(&path, "%s/rpycbench-test-XXXXXX", base && *base ? base : "/tmp") < 0)
        return bench_fail(err, -ENOMEM, "out of memory");
    if (!mkdtemp(path)) {
        int code = -errno;

        (void)bench_fail(err, code, "cannot make %s: %s", path, bench_errno_text(code));
        free(path);
        return code;
    }
    *out = path;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void support_tempdir_remove(char *path)
{
    if (path)
        (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

int support_write_file(const char *path, const void *data, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const char *at = data;

    if (fd < 0)
        return -errno;
    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0) {
            int code = -errno;

            close(fd);
            return code;
        }
        at += n;
        length -= (size_t)n;
    }
    return close(fd) < 0 ? -errno : 0;
}

int support_read_file(const char *path, char **out, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;
    struct stat st;
    size_t have = 0;
    char *text = NULL;
    ssize_t n = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        code = -errno;
    else if (st.st_size > FILE_MAX)
        code = -EFBIG;
    else if (!(text = malloc((size_t)st.st_size + 1)))
        code = -ENOMEM;
    while (code == 0 && have < (size_t)st.st_size &&
           (n = read(fd, text + have, (size_t)st.st_size - have)) > 0)
        have += (size_t)n;
    if (n < 0)
        code = -errno;
    close(fd);
    if (code < 0) {
        free(text);
        return code;
    }
    text[have] = '\0';
    *out = text;
    if (length)
        *length = have;
    return 0;
}

int support_fd_count(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    int n = -1; /* dir's own */

    if (!dir)
        return -1;
    while ((entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

void support_fd_print(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    char target[256];

    if (!dir)
        return;
    while ((entry = readdir(dir)) != NULL) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));

        if (n > 0)
            fprintf(stderr, "fd %s -> %.*s\n", entry->d_name, (int)n, target);
    }
    closedir(dir);
}
