/* SPDX-License-Identifier: MIT */
/* The files of a saved result. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/buf.h"
#include "suite/result.h"

#define FILE_LIMIT ((size_t)1 << 30)
#define PATH_BYTES 4096

static int read_all(int fd, const char *path, struct bench_buf *out, struct bench_error *err)
{
    for (;;) {
        int rc = bench_buf_reserve(out, 65536);
        if (rc < 0)
            return bench_fail(err, rc, "'%.150s' is too large", path);
        ssize_t n = read(fd, out->data + out->end, 65536);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return bench_fail(err, -errno, "cannot read '%.150s': %s", path,
                              bench_errno_text(errno));
        out->end += n > 0 ? (size_t)n : 0;
    }
}

static int read_file(const char *path, struct bench_buf *out, struct bench_error *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
    if (fd < 0 || fstat(fd, &info) < 0) {
        int code = errno;
        if (fd >= 0)
            (void)close(fd);
        return bench_fail(err, -code, "cannot read '%.150s': %s", path, bench_errno_text(code));
    }
    int rc = S_ISREG(info.st_mode) ? read_all(fd, path, out, err)
                                   : bench_fail(err, -EINVAL, "'%.150s' is not a file", path);
    (void)close(fd);
    return rc;
}

/* The file itself, or the one in a folder; without ".json" the name of what lies beside it. */
static int find_paths(const char *path, char *json, char *histograms, struct bench_error *err)
{
    struct stat info;
    size_t length = strlen(path);
    if (length == 0 || length > PATH_BYTES - 32)
        return bench_fail(err, -ENAMETOOLONG, "'%.60s' is not the name of a file", path);
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    (void)snprintf(json, PATH_BYTES, "%s%s", path, folder ? "/result.json" : "");
    length = strlen(json);
    if (length > 5 && strcmp(json + length - 5, ".json") == 0)
        length -= 5;
    (void)snprintf(histograms, PATH_BYTES, "%.*s.hist.gz", (int)length, json);
    return 0;
}

int bench_result_read(const char *path, struct bench_run **out, bool *whole,
                      struct bench_error *err)
{
    char json_path[PATH_BYTES], histograms_path[PATH_BYTES];
    struct bench_buf json, histograms;
    int rc = find_paths(path, json_path, histograms_path, err);
    if (rc < 0)
        return rc;
    bench_buf_init(&json, FILE_LIMIT);
    bench_buf_init(&histograms, FILE_LIMIT);
    *whole = access(histograms_path, F_OK) == 0;
    rc = read_file(json_path, &json, err);
    if (rc == 0 && *whole)
        rc = read_file(histograms_path, &histograms, err);
    if (rc == 0) {
        const void *packed = *whole ? (const void *)bench_buf_head(&histograms) : NULL;
        rc = bench_result_parse((const char *)bench_buf_head(&json), bench_buf_length(&json),
                                packed, bench_buf_length(&histograms), out, err);
        if (rc < 0) {
            char prefix[160];
            (void)snprintf(prefix, sizeof(prefix), "'%.120s': ", json_path);
            bench_error_prefix(err, prefix);
        }
    }
    bench_buf_fini(&histograms);
    bench_buf_fini(&json);
    return rc;
}
