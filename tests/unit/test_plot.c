/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/proc.h"
#include "plots/draw.h"
#include "tests/support/files.h"

TestSuite(plot, .timeout = 60);

static char *dir;

static void setup(void)
{
    cr_assert_eq(support_tempdir_make(&dir, NULL), 0);
    bench_proc_set_helper(TEST_BINARY_DIR "/rpycbench-server");
}

static void teardown(void) { support_tempdir_remove(dir); }

static const char *const one_category[] = {""};

static struct bench_plot bars(const char *name, const struct bench_plot_series *series, size_t n)
{
    return (struct bench_plot){.name = name,
                               .title = "title",
                               .subtitle = "",
                               .x_label = "",
                               .y_label = "time",
                               .kind = BENCH_PLOT_BARS,
                               .y_unit = BENCH_UNIT_SECONDS,
                               .categories = one_category,
                               .ncategories = 1,
                               .series = series,
                               .nseries = n};
}

static char *content(const char *folder, const char *file)
{
    char path[1024], *text = NULL;
    size_t length;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
    return support_read_file(path, &text, &length) ? NULL : text;
}

static void write_plot(const struct bench_plot *plot, const char *folder)
{
    struct bench_error err = {0};
    int rc = bench_plot_write(plot, folder, &err);

    cr_assert(rc == 0 || rc == -ENOENT, "%s", err.msg);
}

Test(plot, text_is_made_harmless)
{
    static const struct {
        const char *text, *fit;
    } cases[] = {
        {"plain", "plain"},
        {"two\nlines\tand\x7f more", "two lines and  more"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"bad \xff \xc3", "bad ? ?"},
        {"overlong \xc0\xaf", "overlong ??"},
        {"surrogate \xed\xa0\x80", "surrogate ???"},
        {"\xe6\x97\xa5", "\xe2\x96\xa1"}, /* not in the font */
        {"a\xe2\x80\xae"
         "b",
         "a b"}, /* right-to-left override */
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        cr_expect_str_eq(plot_text_fit(cases[i].text, 10, 0, false).s, cases[i].fit);
}

Test(plot, text_is_cut_to_its_room)
{
    char longer[5000];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    memcpy(longer + sizeof(longer) - 5, "tail", 4);
    for (double room = 40; room < 700; room += 33) {
        struct plot_text end = plot_text_fit(longer, 20, room, false);
        struct plot_text middle = plot_text_fit(longer, 20, room, true);
        cr_expect_leq(plot_text_width(end.s, 20), room);
        cr_expect_leq(plot_text_width(middle.s, 20), room);
        cr_expect_not_null(strstr(end.s, "\xe2\x80\xa6"));
        cr_expect_not_null(strstr(middle.s, "\xe2\x80\xa6"));
    }
    cr_expect_not_null(strstr(plot_text_fit("http/threaded/python", 20, 150, true).s, "hon"));
    struct plot_text whole = plot_text_fit("http/threaded/python", 20, 400, true);
    cr_expect_str_eq(whole.s, "http/threaded/python");
}

Test(plot, text_is_wrapped_at_spaces)
{
    struct plot_text lines[3];

    cr_expect_eq(plot_text_wrap("", 10, 100, lines, 3), 0);
    cr_expect_eq(plot_text_wrap("one", 10, 100, lines, 3), 1);
    cr_expect_eq(plot_text_wrap("one two three four five six", 10, 50, lines, 3), 3);
    cr_expect_str_eq(lines[0].s, "one two");
    cr_expect_leq(plot_text_width(lines[2].s, 10), 50);
}

/* Lines hold more than their letters were once allowed to be. */
Test(plot, wrapped_text_keeps_all_its_words)
{
    char text[4000] = "", joined[4000] = "";
    struct plot_text lines[8];

    for (int i = 0; i < 60; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sil%d", i ? " " : "", i);
    size_t n = plot_text_wrap(text, PLOT_SMALL_PX, PLOT_WIDTH - 2 * PLOT_MARGIN, lines, 8);
    cr_expect_gt(strlen(lines[0].s), 130);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s",
                       i ? " " : "", lines[i].s);
    cr_expect_str_eq(joined, text);
}

Test(plot, strings_hold_nothing_that_gnuplot_reads)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    plot_put_string(out, "'; \"set `x` $y @z {a} \\n #\n^_~&|");
    fclose(out);
    cr_expect_str_eq(text, "\"\\047; \\042set \\140x\\140 \\044y \\100z \\173a\\175 \\134n \\043 "
                           "\\136_\\176\\046\\174\"");
    free(text);
}

Test(plot, values_and_units)
{
    static const struct {
        enum bench_plot_unit unit;
        double value;
        const char *text;
    } cases[] = {
        {BENCH_UNIT_SECONDS, 12.34e-6, "12.3 µs"},
        {BENCH_UNIT_SECONDS, 1.5, "1.50 s"},
        {BENCH_UNIT_BYTES, 2048, "2.00 KiB"},
        {BENCH_UNIT_BYTES_PER_SECOND, 1048576 * 12.5, "12.5 MiB/s"},
        {BENCH_UNIT_RATE, 54200, "54.2 k/s"},
        {BENCH_UNIT_COUNT, 7, "7"},
        {BENCH_UNIT_COUNT, 2.25, "2.25"},
        {BENCH_UNIT_RATIO, 1.234, "1.23×"},
    };

    for (size_t i = 0; i < BENCH_COUNT_OF(cases); i++)
        cr_expect_str_eq(plot_value_text(cases[i].unit, cases[i].value).s, cases[i].text);
}

Test(plot, linear_axis)
{
    struct plot_axis axis;

    plot_axis_linear(&axis, BENCH_UNIT_SECONDS, 0.002, 0.0083, 5, true);
    cr_expect_str_eq(axis.suffix, "ms");
    cr_expect_eq(axis.min, 0);
    cr_expect_float_eq(axis.max, 0.01, 1e-12);
    cr_expect_eq(axis.nticks, 6);
    cr_expect_str_eq(axis.ticks[0].text, "0");
    cr_expect_str_eq(axis.ticks[5].text, "10");
    plot_axis_linear(&axis, BENCH_UNIT_BYTES, 0, 3.5 * 1024 * 1024, 4, false);
    cr_expect_str_eq(axis.suffix, "MiB");
    cr_expect_float_eq(axis.ticks[1].at, 1048576, 1e-6);
    plot_axis_linear(&axis, BENCH_UNIT_SECONDS, 0, 0, 5, true); /* all values 0 */
    cr_expect_gt(axis.max, axis.min);
    plot_axis_linear(&axis, BENCH_UNIT_RATIO, -0.4, 0.2, 5, true);
    cr_expect_leq(axis.min, -0.4);
    cr_expect_geq(axis.max, 0.2);
}

Test(plot, axes_cover_any_range)
{
    for (double low = 1e-12; low < 1e12; low *= 7.3) {
        for (double span = 1; span < 1e15; span *= 41) {
            for (int unit = BENCH_UNIT_SECONDS; unit <= BENCH_UNIT_RATIO; unit++) {
                struct plot_axis axis;
                plot_axis_log(&axis, (enum bench_plot_unit)unit, low, low * span);
                cr_assert(axis.min > 0 && axis.min <= low * 1.001, "%g %g", low, span);
                cr_assert(axis.max >= low * span * 0.999 && axis.max > axis.min, "%g %g", low,
                          span);
                cr_assert(axis.nticks >= 1 && axis.nticks < PLOT_MAX_TICKS);
                plot_axis_linear(&axis, (enum bench_plot_unit)unit, 0, low * span, 7, true);
                cr_assert(axis.min <= 0 && axis.max >= low * span * 0.999);
                cr_assert(axis.nticks >= 2 && axis.nticks <= 15, "%zu", axis.nticks);
            }
        }
    }
}

Test(plot, log_axis_has_units_at_its_ticks)
{
    struct plot_axis axis;

    plot_axis_log(&axis, BENCH_UNIT_SECONDS, 30e-6, 40e-3);
    cr_expect_float_eq(axis.min, 20e-6, 1e-12);
    cr_expect_float_eq(axis.max, 50e-3, 1e-9);
    bool found = false;
    for (size_t i = 0; i < axis.nticks; i++)
        found = found || strcmp(axis.ticks[i].text, "1 ms") == 0;
    cr_expect(found);
    plot_axis_log(&axis, BENCH_UNIT_BYTES, 1024, 10485760);
    cr_expect_str_eq(axis.ticks[0].text, "1 KiB");
}

Test(plot, ticks_do_not_touch)
{
    double values[] = {1, 2, 3, 4, 1000, 1001};
    struct plot_axis axis;

    plot_axis_at(&axis, BENCH_UNIT_COUNT, false, values, 6, 900);
    cr_expect_eq(axis.nticks, 2);
    plot_axis_at(&axis, BENCH_UNIT_COUNT, true, values, 6, 900);
    cr_expect_eq(axis.nticks, 5);
    plot_axis_at(&axis, BENCH_UNIT_COUNT, true, values, 1, 900);
    cr_expect(axis.nticks == 1 && axis.min < 1 && axis.max > 1);
}

Test(plot, names_are_checked)
{
    static const char *const bad[] = {"", "a/b", "../x", "A", "a.b", "-x", "a b", "a'"};

    for (size_t i = 0; i < BENCH_COUNT_OF(bad); i++) {
        struct bench_plot plot = bars(bad[i], NULL, 0);
        struct bench_error err = {0};
        cr_expect_eq(bench_plot_write(&plot, ".", &err), -EINVAL, "%s", bad[i]);
        cr_expect_neq(err.msg[0], '\0');
    }
}

Test(plot, folder_that_is_not_there, .init = setup, .fini = teardown)
{
    struct bench_plot plot = bars("x", NULL, 0);
    struct bench_error err = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/nowhere", dir);
    cr_expect_eq(bench_plot_write(&plot, path, &err), -EIO);
    cr_expect_not_null(strstr(err.msg, "nowhere"));
}

Test(plot, without_gnuplot, .init = setup, .fini = teardown)
{
    struct bench_plot_point point = {NAN, 0.001, NAN, NAN};
    struct bench_plot_series series = {.label = "a", .points = &point, .count = 1};
    struct bench_plot plot = bars("x", &series, 1);
    struct bench_error err = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/x.png", dir);
    cr_assert_eq(support_write_file(path, "old", 3), 0);
    cr_assert_eq(setenv("PATH", dir, 1), 0);
    cr_expect_eq(bench_plot_write(&plot, dir, &err), -ENOENT);
    char *dat = content(dir, "x.dat"), *gp = content(dir, "x.gp");
    cr_expect(dat && strstr(dat, "0.001") && gp && strstr(gp, "x.svg"));
    cr_expect_null(content(dir, "x.png")); /* an old image does not stay */
    free(dat);
    free(gp);
}

/* A gnuplot that is not one. */
Test(plot, gnuplot_that_fails, .init = setup, .fini = teardown)
{
    struct bench_plot plot = bars("x", NULL, 0);
    struct bench_error err = {0};
    char path[512], search[1024];

    (void)snprintf(path, sizeof(path), "%s/gnuplot", dir);
    const char *script = "#!/bin/sh\necho oh dear\nexit 3\n";
    cr_assert_eq(support_write_file(path, script, strlen(script)), 0);
    cr_assert_eq(chmod(path, 0755), 0);
    (void)snprintf(search, sizeof(search), "%s:/usr/bin:/bin", dir);
    cr_assert_eq(setenv("PATH", search, 1), 0);
    cr_expect_eq(bench_plot_write(&plot, dir, &err), -EPROTO);
    cr_expect_not_null(strstr(err.msg, "oh dear"), "%s", err.msg);
    const char *quiet = "#!/bin/sh\nexit 0\n";
    cr_assert_eq(support_write_file(path, quiet, strlen(quiet)), 0);
    cr_assert_eq(chmod(path, 0755), 0);
    cr_expect_eq(bench_plot_write(&plot, dir, &err), -EPROTO);
    cr_expect_not_null(strstr(err.msg, "x.svg"), "%s", err.msg);
}

/* Any name of a folder will do: nothing of it is read by a shell or by gnuplot. */
Test(plot, folder_with_an_awkward_name, .init = setup, .fini = teardown)
{
    struct bench_plot_point point = {NAN, 0.001, NAN, NAN};
    struct bench_plot_series series = {.label = "a", .points = &point, .count = 1};
    struct bench_plot plot = bars("x", &series, 1);
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/-it's a \"f\\older\" $(x) `y`;\n=%%s", dir);
    cr_assert_eq(mkdir(path, 0777), 0);
    write_plot(&plot, path);
    char *gp = content(path, "x.gp");
    cr_assert_not_null(gp);
    cr_expect_null(strstr(gp, "f\\older"));
    free(gp);
}

Test(plot, commands_in_texts_stay_texts, .init = setup, .fini = teardown)
{
    char attack[600];
    const char *patterns[] = {"\"; system(\"touch %s/pwned\") #",
                              "'; system('touch %s/pwned') #",
                              "`touch %s/pwned`",
                              "\n!touch %s/pwned\n",
                              "\\\nsystem 'touch %s/pwned'",
                              "''; system('touch %s/pwned')"};

    for (size_t i = 0; i < BENCH_COUNT_OF(patterns); i++) {
        struct bench_plot_point points[] = {{0.5, 0.001, NAN, NAN}, {0.9, 0.002, 0.001, 0.003}};
        const char *at = strstr(patterns[i], "%s");
        (void)snprintf(attack, sizeof(attack), "%.*s%s%s", (int)(at - patterns[i]), patterns[i],
                       dir, at + 2);
        const char *categories[] = {attack, attack};
        struct bench_plot_series series[] = {{.label = attack, .points = points, .count = 2},
                                             {.label = attack, .points = points, .count = 2}};
        for (int kind = BENCH_PLOT_BARS; kind <= BENCH_PLOT_ECDF; kind++) {
            struct bench_plot plot = {.name = "x",
                                      .title = attack,
                                      .subtitle = attack,
                                      .x_label = attack,
                                      .y_label = attack,
                                      .kind = (enum bench_plot_kind)kind,
                                      .categories = categories,
                                      .ncategories = 2,
                                      .series = series,
                                      .nseries = 2};
            write_plot(&plot, dir);
            cr_assert_null(content(dir, "pwned"), "pattern %zu, kind %d", i, kind);
        }
    }
}

Test(plot, missing_values_are_not_zero, .init = setup, .fini = teardown)
{
    struct bench_plot_point zero = {NAN, 0, NAN, NAN}, none = {NAN, NAN, NAN, NAN};
    struct bench_plot_series series[] = {{.label = "zero", .points = &zero, .count = 1},
                                         {.label = "none", .points = &none, .count = 1},
                                         {.label = "short", .points = NULL, .count = 0}};
    struct bench_plot plot = bars("x", series, 3);

    write_plot(&plot, dir);
    char *dat = content(dir, "x.dat"), *gp = content(dir, "x.gp");
    cr_assert(dat && gp);
    cr_expect_not_null(strstr(dat, "0\t0\tNaN\tNaN\t\"zero\""));
    cr_expect_not_null(strstr(dat, "1\tNaN\tNaN\tNaN\t\"none\""));
    cr_expect_not_null(strstr(dat, "2\tNaN\tNaN\tNaN\t\"short\""));
    cr_expect_not_null(strstr(gp, "\"n/a\" at first 0,1 "));
    cr_expect_not_null(strstr(gp, "\"n/a\" at first 0,2 "));
    cr_expect_null(strstr(gp, "\"n/a\" at first 0,0 "));
    free(dat);
    free(gp);
}

Test(plot, extreme_values, .init = setup, .fini = teardown)
{
    static const double values[] = {0, 1e-300, 1e-9, 1, 1e300, -1e300, INFINITY, -INFINITY};

    for (size_t i = 0; i < BENCH_COUNT_OF(values); i++) {
        for (int kind = BENCH_PLOT_BARS; kind <= BENCH_PLOT_ECDF; kind++) {
            struct bench_plot_point points[] = {{0.1, values[i], -INFINITY, values[i]},
                                                {1, values[i], values[i], values[i]},
                                                {values[i], 1, 0, 2}};
            const char *categories[] = {"a", "b", "c"};
            struct bench_plot_series series = {
                .label = "s", .colour = 4000000000u, .points = points, .count = 3};
            struct bench_plot plot = {.name = "x",
                                      .title = "",
                                      .subtitle = "",
                                      .x_label = "",
                                      .y_label = "",
                                      .kind = (enum bench_plot_kind)kind,
                                      .log_y = i % 2 == 0,
                                      .log_x = i % 3 == 0,
                                      .categories = categories,
                                      .ncategories = 3,
                                      .series = &series,
                                      .nseries = 1};
            write_plot(&plot, dir);
        }
    }
}

Test(plot, decimal_comma_of_a_locale_does_not_matter, .init = setup, .fini = teardown)
{
    struct bench_plot_point point = {NAN, 0.0015, NAN, NAN};
    struct bench_plot_series series = {.label = "a", .points = &point, .count = 1};
    struct bench_plot plot = bars("x", &series, 1);

    /* Where the locale is not installed this tests no more than the others. */
    (void)setlocale(LC_ALL, "de_DE.UTF-8");
    write_plot(&plot, dir);
    char *dat = content(dir, "x.dat"), *gp = content(dir, "x.gp");
    cr_assert(dat && gp);
    cr_expect_not_null(strstr(dat, "0.0015"));
    cr_expect_not_null(strstr(gp, "1.50 ms"));
    free(dat);
    free(gp);
}

Test(plot, the_same_bytes_each_time, .init = setup, .fini = teardown)
{
    struct bench_plot_point points[] = {{1, 3, NAN, NAN}, {10, 5, 4, 6}};
    struct bench_plot_series series = {.label = "a", .points = points, .count = 2};
    struct bench_plot plot = {.name = "x",
                              .title = "t",
                              .subtitle = "s",
                              .x_label = "x",
                              .y_label = "y",
                              .kind = BENCH_PLOT_LINES,
                              .x_unit = BENCH_UNIT_COUNT,
                              .y_unit = BENCH_UNIT_RATE,
                              .series = &series,
                              .nseries = 1};

    write_plot(&plot, dir);
    char *dat = content(dir, "x.dat"), *gp = content(dir, "x.gp");
    write_plot(&plot, dir);
    char *dat_again = content(dir, "x.dat"), *gp_again = content(dir, "x.gp");
    cr_expect_str_eq(dat, dat_again);
    cr_expect_str_eq(gp, gp_again);
    free(dat);
    free(gp);
    free(dat_again);
    free(gp_again);
}

Test(plot, fourteen_looks_differ)
{
    for (unsigned a = 0; a < 28; a++) {
        for (unsigned b = 0; b < a; b++) {
            struct bench_plot_series left = {.colour = a}, right = {.colour = b};
            struct plot_look x = plot_look(&left), y = plot_look(&right);
            cr_expect(strcmp(x.colour, y.colour) != 0 ||
                          (strcmp(x.dash, y.dash) != 0 && x.pattern != y.pattern),
                      "%u and %u", a, b);
        }
    }
}
