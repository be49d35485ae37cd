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

/* ---- reports ---- */

const char *bench_format_name(enum bench_format format)
{
    static const char *const names[] = {
#define X(id, name, file) [BENCH_FORMAT_##id] = name,
        BENCH_FORMATS(X)
#undef X
    };
    return (size_t)format < BENCH_COUNT_OF(names) ? names[format] : "?";
}

int bench_format_render(const struct bench_run *run, enum bench_format format,
                        struct bench_buf *out)
{
    switch (format) {
    case BENCH_FORMAT_MD:
        return bench_report_markdown(run, out);
    case BENCH_FORMAT_CSV:
        return bench_report_csv(run, out);
    case BENCH_FORMAT_JSON:
        return bench_report_json(run, out);
    case BENCH_FORMAT_TEXT:
    case BENCH_FORMAT_COUNT:
        break;
    }
    return bench_report_tables(run, out);
}

static int output_format(const struct bench_run *run, const char *dir, enum bench_format format,
                         struct bench_error *err)
{
    static const char *const files[] = {
#define X(id, name, file) [BENCH_FORMAT_##id] = file,
        BENCH_FORMATS(X)
#undef X
    };
    char path[PATH_SIZE];
    struct bench_buf text;
    (void)snprintf(path, sizeof(path), "%.4000s/%s", dir, files[format]);
    bench_buf_init(&text, JSON_LIMIT);
    int rc = bench_format_render(run, format, &text);
    rc = rc < 0 ? bench_fail(err, rc, "no %s: %s", files[format], bench_errno_text(rc))
                : write_whole(path, &text, err);
    bench_buf_fini(&text);
    return rc;
}

static int output_histograms(const struct bench_run *run, const char *dir, struct bench_error *err)
{
    char path[PATH_SIZE];
    struct bench_buf packed;
    (void)snprintf(path, sizeof(path), "%.4000s/result.hist.gz", dir);
    bench_buf_init(&packed, JSON_LIMIT);
    int rc = bench_report_histograms(run, &packed);
    if (rc == -ENODATA) {
        rc = 0; /* of an earlier run they would not belong to this one */
        if (unlink(path) < 0 && errno != ENOENT)
            rc = bench_fail(err, -errno, "cannot remove '%.150s': %s", path,
                            bench_errno_text(errno));
    } else {
        rc = rc < 0 ? bench_fail(err, rc, "no histograms: %s", bench_errno_text(rc))
                    : write_whole(path, &packed, err);
    }
    bench_buf_fini(&packed);
    return rc;
}

/* What bench_report_charts returns, but 0 and a hint without gnuplot. */
static int charts_done(int rc, const char *path)
{
    if (rc != -ENOENT)
        return rc;
    (void)fprintf(stderr,
                  "rpycbench: gnuplot is not there: charts are left as data and "
                  "scripts in %s\n",
                  path);
    return 0;
}

int bench_output_chart(const struct bench_run *run, const char *dir, const char *name,
                       struct bench_error *err)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%.4000s/charts", dir);
    return charts_done(bench_report_chart(run, name, path, err), path);
}

int bench_output_formats(const struct bench_run *run, const char *dir, unsigned formats,
                         struct bench_error *err)
{
    char path[PATH_SIZE];
    int rc = 0;
    if (formats == 0)
        formats = 1u << BENCH_FORMAT_MD | 1u << BENCH_FORMAT_CSV | 1u << BENCH_FORMAT_JSON;
    /* First what cannot be had again. */
    if (formats & 1u << BENCH_FORMAT_JSON)
        rc = output_histograms(run, dir, err);
    for (int i = BENCH_FORMAT_COUNT - 1; rc == 0 && i >= 0; i--) {
        if (formats & 1u << i)
            rc = output_format(run, dir, (enum bench_format)i, err);
    }
    if (rc < 0 || !(formats & 1u << BENCH_FORMAT_MD))
        return rc;
    (void)snprintf(path, sizeof(path), "%.4000s/charts", dir);
    return charts_done(bench_report_charts(run, path, err), path);
}

int bench_output_folder(const struct bench_run *run, const char *dir, struct bench_error *err)
{
    int rc = bench_output_formats(run, dir, 0, err);
    if (rc == 0)
        (void)fprintf(stderr, "written: %s/report.md, result.json, report.csv, charts\n", dir);
    return rc;
}
