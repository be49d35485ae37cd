/* SPDX-License-Identifier: MIT */
#include "suite/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/buf.h"

enum { PATH_SIZE = 4096 };
#define JSON_LIMIT ((size_t)1 << 30)

int bench_output_prepare(const char *dir, struct bench_error *err)
{
    char path[PATH_SIZE];
    if (strlen(dir) >= sizeof(path) - 32)
        return bench_fail(err, -ENAMETOOLONG, "folder name '%.60s...' is too long", dir);
    (void)snprintf(path, sizeof(path), "%s", dir);
    for (char *slash = path + 1; slash != NULL; slash = slash == NULL ? NULL : slash + 1) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            return bench_fail(err, -errno, "cannot make folder '%.150s': %s", path,
                              bench_errno_text(errno));
        if (slash == NULL)
            break;
        *slash = '/';
    }
    if (access(dir, W_OK | X_OK) < 0)
        return bench_fail(err, -errno, "cannot write into '%.150s': %s", dir,
                          bench_errno_text(errno));
    return 0;
}

static int write_whole(const char *path, const struct bench_buf *text, struct bench_error *err)
{
    char temporary[PATH_SIZE];
    (void)snprintf(temporary, sizeof(temporary), "%.4000s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return bench_fail(err, -errno, "cannot write '%.150s': %s", path, bench_errno_text(errno));
    size_t done = 0, length = bench_buf_length(text);
    while (done < length) {
        ssize_t n = write(fd, bench_buf_head(text) + done, length - done);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    int code = done < length ? errno : 0;
    (void)fchmod(fd, 0644);
    if (close(fd) < 0 && code == 0)
        code = errno;
    if (code == 0 && rename(temporary, path) < 0)
        code = errno;
    if (code != 0) {
        (void)unlink(temporary);
        return bench_fail(err, -code, "cannot write '%.150s': %s", path, bench_errno_text(code));
    }
    return 0;
}

int bench_output_json(const struct bench_run *run, const char *path, struct bench_error *err)
{
    struct bench_buf text;
    bench_buf_init(&text, JSON_LIMIT);
    int rc = bench_report_json(run, &text);
    rc = rc < 0 ? bench_fail(err, rc, "no JSON: %s", bench_errno_text(rc))
                : write_whole(path, &text, err);
    bench_buf_fini(&text);
    return rc;
}

int bench_output_folder(const struct bench_run *run, const char *dir, struct bench_error *err)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/result.json", dir);
    int rc = bench_output_json(run, path, err);
    if (rc < 0)
        return rc;
    (void)snprintf(path, sizeof(path), "%s/charts", dir);
    rc = bench_report_charts(run, path, err);
    if (rc == -ENOENT) {
        (void)fprintf(stderr, "rpycbench: gnuplot is not there: charts are left as data and "
                              "scripts in %s\n",
                      path);
        rc = 0;
    }
    if (rc == 0)
        (void)fprintf(stderr, "written: %s/result.json, %s/charts\n", dir, dir);
    return rc;
}
