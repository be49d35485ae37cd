/* SPDX-License-Identifier: MIT */
/* report: renders a saved result again, without measuring. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/buf.h"
#include "suite/cli.h"
#include "suite/launcher.h"
#include "suite/output.h"
#include "suite/verify.h"

#define TEXT_LIMIT ((size_t)1 << 30)

struct report_options {
    const char *path, *output, *chart;
    unsigned formats; /* 1u << enum bench_format; 0 = not said */
    bool terminal, verify;
};

static int set_format(void *target, const char *value, struct bench_error *err)
{
    struct report_options *o = target;
    for (int i = 0; i < BENCH_FORMAT_COUNT; i++) {
        if (strcmp(value, bench_format_name((enum bench_format)i)) == 0) {
            o->formats |= 1u << i;
            return 0;
        }
    }
    return bench_fail(err, -EINVAL, "'%s' is not one of md, csv, json, text", value);
}

static int set_output(void *target, const char *value, struct bench_error *err)
{
    if (*value == '\0')
        return bench_fail(err, -EINVAL, "'' is not a folder");
    ((struct report_options *)target)->output = value;
    return 0;
}

static int set_chart(void *target, const char *value, struct bench_error *err)
{
    (void)err;
    ((struct report_options *)target)->chart = value;
    return 0;
}

static int set_terminal(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct report_options *)target)->terminal = true;
    return 0;
}

static int set_verify(void *target, const char *value, struct bench_error *err)
{
    (void)value;
    (void)err;
    ((struct report_options *)target)->verify = true;
    return 0;
}

static int set_path(void *target, const char *value, struct bench_error *err)
{
    struct report_options *o = target;
    if (o->path != NULL)
        return bench_fail(err, -EINVAL, "'%s' is one result too many", value);
    o->path = value;
    return 0;
}

static const struct cli_option options[] = {
    {"format", "FORMAT", "md, csv, json or text (text; with --output: all that a run writes)",
     set_format},
    {"output", "DIR", "writes files and charts there instead of printing", set_output},
    {"chart", "NAME", "only this chart; 'list' names them", set_chart},
    {"verify", NULL, "recomputes every figure from the recordings; exit status 1 if one is wrong",
     set_verify},
    {"terminal", NULL, "draws the chart of --chart as text", set_terminal},
    {NULL, NULL, NULL, NULL},
};

static int parse(struct report_options *o, int argc, char **argv, struct bench_error *err)
{
    int rc = cli_parse(cli_find("report"), options, set_path, o, argc, argv, err);
    if (rc != 0)
        return rc;
    if (o->path == NULL)
        return bench_fail(err, -EINVAL, "which result? (a result.json or its folder)");
    if (o->output == NULL && (o->formats & (o->formats - 1)) != 0)
        return bench_fail(err, -EINVAL, "more than one --format needs --output");
    if (o->verify && (o->output != NULL || o->formats != 0 || o->chart != NULL))
        return bench_fail(err, -EINVAL,
                          "--verify renders nothing: leave out --format, --output, --chart");
    bool list = o->chart != NULL && strcmp(o->chart, "list") == 0;
    if (o->terminal && (o->chart == NULL || list))
        return bench_fail(err, -EINVAL, "--terminal draws one chart: give --chart NAME");
    if (o->chart != NULL && !list && !o->terminal && o->output == NULL)
        return bench_fail(err, -EINVAL, "--chart needs --terminal or --output DIR");
    return 0;
}

/* 80 to 120 columns, as the terminal has. */
static size_t terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 100;
    return size.ws_col < 80 ? 80 : size.ws_col > 120 ? 120 : size.ws_col;
}

static int print(const struct bench_buf *text, int rc, struct bench_error *err)
{
    if (rc < 0)
        return err->msg[0] != '\0' ? rc : bench_fail(err, rc, "%s", bench_errno_text(rc));
    size_t length = bench_buf_length(text);
    if (fwrite(bench_buf_head(text), 1, length, stdout) != length)
        return bench_fail(err, -EIO, "cannot write the report");
    return 0;
}

static int print_names(const struct bench_run *run, struct bench_buf *text)
{
    struct bench_buf names;
    bench_buf_init(&names, TEXT_LIMIT);
    int rc = bench_report_chart_names(run, &names);
    if (rc == 0)
        rc = bench_buf_add(&names, "", 1);
    char *line = rc == 0 ? (char *)bench_buf_head(&names) : NULL;
    for (char *end; rc == 0 && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        size_t name = strcspn(line, "\t");
        rc = bench_buf_printf(text, "%-*.*s  %.*s\n", 30, (int)name, line,
                              (int)(end - line - (ptrdiff_t)name - 1), line + name + 1);
        rc = rc > 0 ? 0 : rc;
    }
    bench_buf_fini(&names);
    return rc;
}

static int show(const struct report_options *o, const struct bench_run *run,
                struct bench_error *err)
{
    struct bench_buf text;
    enum bench_format format = BENCH_FORMAT_TEXT;
    bench_buf_init(&text, TEXT_LIMIT);
    while (o->formats != 0 && !(o->formats & 1u << format))
        format = (enum bench_format)((format + 1) % BENCH_FORMAT_COUNT);
    int rc;
    if (o->chart != NULL && strcmp(o->chart, "list") == 0)
        rc = print_names(run, &text);
    else if (o->chart != NULL)
        rc = bench_report_chart_text(run, o->chart, terminal_width(), &text, err);
    else
        rc = bench_format_render(run, format, &text);
    rc = print(&text, rc, err);
    bench_buf_fini(&text);
    return rc;
}

static int save(const struct report_options *o, const struct bench_run *run,
                struct bench_error *err)
{
    int rc = bench_output_prepare(o->output, err);
    if (rc < 0)
        return rc;
    if (o->chart != NULL)
        return bench_output_chart(run, o->output, o->chart, err);
    return bench_output_formats(run, o->output, o->formats, err);
}

static int verify(const char *path)
{
    struct bench_verified result;
    struct bench_error err = {0};
    if (bench_verify(path, stdout, &result, &err) < 0) {
        (void)fprintf(stderr, "rpycbench report: %s\n", err.msg);
        return EXIT_USAGE;
    }
    (void)printf("%zu figures, %zu cells, %zu reports recomputed: %s\n", result.figures,
                 result.cells, result.files,
                 result.wrong == 0 ? "all as they are written" : "NOT as they are written");
    if (!result.whole)
        (void)printf(
            "the recordings of single trials (.hist.gz) are missing: their statistics were "
            "taken as they stand\n");
    return result.wrong == 0 ? EXIT_FINE : EXIT_NO;
}

int cmd_report(int argc, char **argv)
{
    struct report_options o = {.path = NULL};
    struct bench_error err = {0};
    struct bench_run *run = NULL;
    bool whole = true;
    int rc = parse(&o, argc, argv, &err);
    if (rc != 0)
        return rc < 0 ? cli_usage_error(cli_find("report"), &err) : EXIT_FINE;
    if (o.verify)
        return verify(o.path);
    rc = bench_result_read(o.path, &run, &whole, &err);
    if (rc < 0)
        return cli_usage_error(cli_find("report"), &err);
    if (!whole)
        (void)fprintf(stderr, "rpycbench report: the histograms of the single trials "
                              "(.hist.gz) are missing: ranges of trials rest on the statistics "
                              "in the JSON\n");
    rc = o.output != NULL && (o.chart == NULL || !o.terminal) ? save(&o, run, &err)
                                                              : show(&o, run, &err);
    bench_run_free(run);
    if (rc == 0)
        return EXIT_FINE;
    (void)fprintf(stderr, "rpycbench report: %s\n", err.msg);
    return rc == -EINVAL ? EXIT_USAGE : EXIT_NOT_MEASURED;
}
