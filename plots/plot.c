/* SPDX-License-Identifier: MIT */
#include "plots/plot.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/units.h"
#include "core/proc.h"
#include "plots/draw.h"

#define GNUPLOT_TIMEOUT_NS (120 * BENCH_NS_PER_S)
#define GNUPLOT_OUTPUT_MAX 4096

/* What env(1) returns when it does not find the program. */
#define ENV_NOT_FOUND 127

static int check(const struct bench_plot *plot, struct bench_error *err)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(plot->name);

    /* Names end up in scripts and on command lines. */
    if (length == 0 || length > 100 || plot->name[0] == '-' ||
        strspn(plot->name, allowed) != length)
        return bench_fail(err, -EINVAL, "chart name '%.50s' is not of a-z, 0-9 and -", plot->name);
    return 0;
}

static void put_script(struct plot_canvas *canvas)
{
    switch (canvas->plot->kind) {
    case BENCH_PLOT_BARS:
        plot_put_bars(canvas);
        break;
    case BENCH_PLOT_STACK:
        plot_put_stack(canvas);
        break;
    case BENCH_PLOT_LINES:
    case BENCH_PLOT_PERCENTILE:
    case BENCH_PLOT_ECDF:
        plot_put_curves(canvas);
        break;
    }
}

static int path_of(const struct bench_plot *plot, const char *dir, const char *ending, char **out)
{
    return asprintf(out, "%s/%s.%s", dir, plot->name, ending) < 0 ? -ENOMEM : 0;
}

static int write_file(const struct bench_plot *plot, const char *dir, const char *ending,
                      struct bench_error *err)
{
    char *path;

    if (path_of(plot, dir, ending, &path))
        return bench_fail(err, -ENOMEM, "out of memory");
    FILE *out = fopen(path, "we");
    int rc = 0;
    if (!out) {
        /* -ENOENT means that only gnuplot was missing. */
        rc = bench_fail(err, errno == ENOENT ? -EIO : -errno, "cannot write %s: %s", path,
                        bench_errno_text(errno));
        goto end;
    }
    if (strcmp(ending, "dat") == 0) {
        plot_put_data(plot, out);
    } else {
        struct plot_canvas canvas = {.plot = plot, .out = out};
        put_script(&canvas);
    }
    bool failed = ferror(out);
    if (fclose(out) != 0 || failed)
        rc = bench_fail(err, -EIO, "cannot write %s", path);
end:
    free(path);
    return rc;
}

/* An image of an earlier run beside new data would lie. */
static int remove_image(const struct bench_plot *plot, const char *dir, const char *ending,
                        struct bench_error *err)
{
    char *path;
    int rc = 0;

    if (path_of(plot, dir, ending, &path))
        return bench_fail(err, -ENOMEM, "out of memory");
    if (unlink(path) != 0 && errno != ENOENT)
        rc = bench_fail(err, -errno, "cannot remove %s: %s", path, bench_errno_text(errno));
    free(path);
    return rc;
}

static int check_image(const struct bench_plot *plot, const char *dir, const char *ending,
                       struct bench_error *err)
{
    struct stat info;
    char *path;
    int rc = 0;

    if (path_of(plot, dir, ending, &path))
        return bench_fail(err, -ENOMEM, "out of memory");
    if (stat(path, &info) != 0 || info.st_size == 0)
        rc = bench_fail(err, -EPROTO, "gnuplot wrote no %s", path);
    free(path);
    return rc;
}

/* gnuplot's own words, or how it ended. */
static int gnuplot_failed(const struct bench_plot *plot, const char *output, int status,
                          struct bench_error *err)
{
    while (output && (*output == '\n' || *output == ' '))
        output++;
    if (output && *output)
        return bench_fail(err, -EPROTO, "gnuplot %s.gp: %.180s", plot->name, output);
    return bench_fail(err, -EPROTO, "gnuplot %s.gp: %s", plot->name,
                      bench_proc_status_text(status));
}

/* env -C changes to a folder of any name without a shell in between; -d keeps the user's settings
 * of gnuplot out of it. */
static int render(const struct bench_plot *plot, const char *dir, struct bench_error *err)
{
    char script[128];
    char *output = NULL;
    int status = 0;

    (void)snprintf(script, sizeof(script), "%s.gp", plot->name);
    const char *const argv[] = {"env", "-C", dir, "gnuplot", "-d", script, NULL};
    struct bench_proc_spec spec = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
    int rc =
        bench_proc_capture(&spec, GNUPLOT_TIMEOUT_NS, GNUPLOT_OUTPUT_MAX, &output, &status, err);
    if (rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) == ENV_NOT_FOUND)
        rc = bench_fail(err, -ENOENT, "gnuplot was not found: %s.gp and %s.dat were written",
                        plot->name, plot->name);
    else if (rc == 0 && status != 0)
        rc = gnuplot_failed(plot, output, status, err);
    free(output);
    if (rc == 0)
        rc = check_image(plot, dir, "svg", err);
    return rc ? rc : check_image(plot, dir, "png", err);
}

static int write_all(const struct bench_plot *plot, const char *dir, struct bench_error *err)
{
    int rc;

    if ((rc = remove_image(plot, dir, "svg", err)) || (rc = remove_image(plot, dir, "png", err)) ||
        (rc = write_file(plot, dir, "dat", err)) || (rc = write_file(plot, dir, "gp", err)))
        return rc;
    return render(plot, dir, err);
}

int bench_plot_write(const struct bench_plot *plot, const char *dir, struct bench_error *err)
{
    int rc = check(plot, err);

    if (rc)
        return rc;
    /* Numbers with a decimal point, whatever the program's locale is. */
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return bench_fail(err, -ENOMEM, "out of memory");
    locale_t before = uselocale(plain);
    rc = write_all(plot, dir[0] ? dir : ".", err);
    (void)uselocale(before);
    freelocale(plain);
    return rc;
}
