/* SPDX-License-Identifier: MIT */
/*
 * Writes a report of an invented profile to stdout: profile_pages SAMPLE FORMAT [WIDTH [TOP]]. For
 * profile_pages.sh, which lets other programs judge it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/trace_samples.h"
#include "trace/report.h"

static int write_as(const char *format, const struct trace_profile *profile,
                    const struct trace_report_options *options)
{
    if (strcmp(format, "text") == 0)
        return trace_write_text(profile, options, stdout);
    if (strcmp(format, "json") == 0)
        return trace_write_json(profile, stdout);
    if (strcmp(format, "html") == 0)
        return trace_write_html(profile, options, stdout);
    if (strcmp(format, "chrome") == 0)
        return trace_write_chrome(profile, stdout);
    if (strcmp(format, "prometheus") == 0)
        return trace_write_prometheus(profile, stdout);
    if (strcmp(format, "live") == 0)
        return trace_write_live(profile, profile, options->width, 24, stdout);
    fprintf(stderr, "profile_pages: no format '%s'\n", format);
    return 2;
}

int main(int argc, char **argv)
{
    for (int kind = 0; argc >= 3 && kind < SUPPORT_SAMPLE_COUNT; kind++) {
        if (strcmp(argv[1], support_sample_name((enum support_sample_kind)kind)) != 0)
            continue;
        struct support_sample *sample = support_sample_new((enum support_sample_kind)kind);
        struct trace_report_options options = {
            .parts = TRACE_PART_ALL,
            .top = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 20,
            .netrefs = true,
            .width = argc > 3 ? strtoul(argv[3], NULL, 10) : 100,
            .title = kind == SUPPORT_SAMPLE_HOSTILE ? SUPPORT_HOSTILE : "profile of python3 app.py",
        };
        int rc = write_as(argv[2], support_sample_profile(sample), &options);
        support_sample_free(sample);
        return rc == 0 ? 0 : 1;
    }
    fprintf(stderr, "usage: profile_pages SAMPLE FORMAT [WIDTH [TOP]]\n");
    return 2;
}
