/* SPDX-License-Identifier: MIT */
/*
 * The scripts and data files of the sample charts, byte by byte. RPYCBENCH_GOLDEN_UPDATE=1 writes
 * them anew; RPYCBENCH_PLOT_DIR=DIR keeps all files, images included, for looking at them.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/proc.h"
#include "plot_samples.h"
#include "tests/support/files.h"

TestSuite(golden_plot, .timeout = 110);

#define GOLDEN_DIR TEST_SOURCE_DIR "/tests/golden/plot"

static char *read_file(const char *dir, const char *name, const char *ending, size_t *length)
{
    char path[1024], *text = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ending);
    return support_read_file(path, &text, length) ? NULL : text;
}

static void compare(const char *dir, const char *name, const char *ending)
{
    size_t got_length = 0, wanted_length = 0, line = 1, i = 0;
    char path[512];
    char *got = read_file(dir, name, ending, &got_length);

    cr_assert_not_null(got, "%s.%s was not written", name, ending);
    (void)snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIR, name, ending);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE"))
        cr_assert_eq(support_write_file(path, got, got_length), 0, "%s", path);
    char *wanted = read_file(GOLDEN_DIR, name, ending, &wanted_length);
    cr_assert_not_null(wanted, "%s is missing: RPYCBENCH_GOLDEN_UPDATE=1 writes it", path);
    for (; i < got_length && i < wanted_length && got[i] == wanted[i]; i++)
        line += got[i] == '\n';
    cr_expect(i == got_length && i == wanted_length, "%s.%s differs in line %zu: %.80s", name,
              ending, line, got + i);
    free(got);
    free(wanted);
}

static void check_images(const char *dir, const char *name)
{
    size_t length = 0;
    char *svg = read_file(dir, name, "svg", &length);

    cr_assert_not_null(svg);
    cr_expect_not_null(strstr(svg, "</svg>"), "%s.svg is not whole", name);
    free(svg);
    char *png = read_file(dir, name, "png", &length);
    cr_assert_not_null(png);
    cr_assert_gt(length, 2000, "%s.png", name);
    cr_expect_eq(memcmp(png, "\x89PNG\r\n\x1a\n", 8), 0, "%s.png", name);
    cr_expect_eq(memcmp(png + length - 8, "IEND", 4), 0, "%s.png is not whole", name);
    free(png);
}

Test(golden_plot, sample_charts)
{
    char *made = NULL;
    const char *dir = getenv("RPYCBENCH_PLOT_DIR");
    bool drawn = true;

    bench_proc_set_helper(TEST_BINARY_DIR "/rpycbench-server");
    if (dir)
        (void)mkdir(dir, 0777);
    else
        cr_assert_eq(support_tempdir_make(&made, NULL), 0);
    if (!dir)
        dir = made;
    if (getenv("RPYCBENCH_GOLDEN_UPDATE"))
        (void)mkdir(GOLDEN_DIR, 0777);
    for (size_t i = 0; i < plot_samples_count(); i++) {
        const struct bench_plot *plot = plot_sample(i);
        struct bench_error err = {0};
        int rc = bench_plot_write(plot, dir, &err);
        cr_assert(rc == 0 || rc == -ENOENT, "%s: %s", plot->name, err.msg);
        drawn = drawn && rc == 0;
        compare(dir, plot->name, "dat");
        compare(dir, plot->name, "gp");
        if (rc == 0)
            check_images(dir, plot->name);
    }
    if (!drawn)
        cr_log_warn("gnuplot is missing: no images were checked");
    support_tempdir_remove(made);
}
