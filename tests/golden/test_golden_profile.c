/* SPDX-License-Identifier: MIT */
/*
 * What is written from invented profiles, to the letter. RPYCBENCH_GOLDEN_UPDATE=1 writes the files
 * anew.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/files.h"
#include "tests/support/trace_samples.h"
#include "trace/report.h"

static void compare_golden(const char *name, const char *text)
{
    char path[512], *golden = NULL;
    size_t length, line = 1;
    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", TEST_SOURCE_DIR, name);
    if (getenv("RPYCBENCH_GOLDEN_UPDATE") != NULL)
        cr_assert_eq(support_write_file(path, text, strlen(text)), 0);
    cr_assert_eq(support_read_file(path, &golden, &length), 0, "%s", path);
    for (size_t i = 0; text[i] != '\0' && text[i] == golden[i]; i++)
        line += text[i] == '\n';
    cr_expect(strcmp(golden, text) == 0, "%s differs from line %zu on; now it is:\n%s", name, line,
              text);
    free(golden);
}

enum format { TEXT, JSON, HTML, CHROME, PROMETHEUS, WINDOW, LIVE, SLOW };

static int write_as(enum format format, const struct trace_profile *profile,
                    const struct trace_report_options *options, FILE *out)
{
    switch (format) {
    case TEXT:
        return trace_write_text(profile, options, out);
    case JSON:
        return trace_write_json(profile, out);
    case HTML:
        return trace_write_html(profile, options, out);
    case CHROME:
        return trace_write_chrome(profile, out);
    case PROMETHEUS:
        return trace_write_prometheus(profile, out);
    case WINDOW:
        return trace_write_window(profile, 1700000000.5, out);
    case LIVE:
        return trace_write_live(profile, profile, options->width, 24, out);
    case SLOW:
        for (size_t i = 0; i < profile->nslowest; i++) {
            int rc = trace_write_slow(profile->names, &profile->slowest[i], i % 2 == 0,
                                      trace_place(profile, profile->slowest[i].place), out);
            if (rc < 0)
                return rc;
        }
        return 0;
    }
    return -1;
}

static char *rendered(enum support_sample_kind kind, enum format format, size_t width, unsigned top)
{
    struct support_sample *sample = support_sample_new(kind);
    struct trace_report_options options = {.parts = TRACE_PART_ALL,
                                           .top = top,
                                           .netrefs = true,
                                           .width = width,
                                           .title = "profile of python3 app.py"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    cr_assert_eq(write_as(format, support_sample_profile(sample), &options, out), 0);
    cr_assert_eq(fclose(out), 0);
    support_sample_free(sample);
    return text;
}

static void blank(char *text, const char *begin, const char *end)
{
    for (char *at = text; (at = strstr(at, begin)) != NULL;) {
        at += strlen(begin);
        char *stop = strstr(at, end);
        cr_assert_not_null(stop);
        memmove(at, stop, strlen(stop) + 1);
    }
}

static void check(enum support_sample_kind kind, enum format format, size_t width, unsigned top,
                  const char *name)
{
    char *text = rendered(kind, format, width, top);
    blank(text, "<style>", "</style>");
    blank(text, "<script>\n", "</script>");
    compare_golden(name, text);
    free(text);
}

Test(golden_profile, text, .timeout = 60)
{
    check(SUPPORT_SAMPLE_EMPTY, TEXT, 100, 20, "profile-empty.txt");
    check(SUPPORT_SAMPLE_PING, TEXT, 100, 20, "profile-ping.txt");
    check(SUPPORT_SAMPLE_USERS, TEXT, 80, 10, "profile-users-80.txt");
    check(SUPPORT_SAMPLE_USERS, TEXT, 120, 10, "profile-users-120.txt");
    check(SUPPORT_SAMPLE_USERS, TEXT, 200, 10, "profile-users-200.txt");
    check(SUPPORT_SAMPLE_NESTED, TEXT, 120, 0, "profile-nested.txt");
    check(SUPPORT_SAMPLE_HOSTILE, TEXT, 100, 20, "profile-hostile.txt");
    check(SUPPORT_SAMPLE_HUGE, TEXT, 100, 5, "profile-huge.txt");
}

Test(golden_profile, json, .timeout = 60)
{
    check(SUPPORT_SAMPLE_EMPTY, JSON, 0, 0, "profile-empty.json");
    check(SUPPORT_SAMPLE_PING, JSON, 0, 0, "profile-ping.json");
    check(SUPPORT_SAMPLE_HOSTILE, JSON, 0, 0, "profile-hostile.json");
}

Test(golden_profile, html, .timeout = 60)
{
    check(SUPPORT_SAMPLE_EMPTY, HTML, 0, 20, "profile-empty.html");
    check(SUPPORT_SAMPLE_NESTED, HTML, 0, 3, "profile-nested.html");
    check(SUPPORT_SAMPLE_HOSTILE, HTML, 0, 20, "profile-hostile.html");
}

Test(golden_profile, chrome, .timeout = 60)
{
    check(SUPPORT_SAMPLE_EMPTY, CHROME, 0, 0, "profile-empty.trace.json");
    check(SUPPORT_SAMPLE_NESTED, CHROME, 0, 0, "profile-nested.trace.json");
}

Test(golden_profile, prometheus, .timeout = 60)
{
    check(SUPPORT_SAMPLE_EMPTY, PROMETHEUS, 0, 0, "profile-empty.prom");
    check(SUPPORT_SAMPLE_NESTED, PROMETHEUS, 0, 0, "profile-nested.prom");
    check(SUPPORT_SAMPLE_HOSTILE, PROMETHEUS, 0, 0, "profile-hostile.prom");
}

Test(golden_profile, lines, .timeout = 60)
{
    check(SUPPORT_SAMPLE_NESTED, WINDOW, 0, 0, "profile-nested.window.json");
    check(SUPPORT_SAMPLE_NESTED, LIVE, 90, 0, "profile-nested.live.txt");
    check(SUPPORT_SAMPLE_HUGE, LIVE, 60, 0, "profile-huge.live.txt");
    check(SUPPORT_SAMPLE_NESTED, SLOW, 0, 0, "profile-nested.slow.txt");
    check(SUPPORT_SAMPLE_HOSTILE, SLOW, 0, 0, "profile-hostile.slow.txt");
}
