/* SPDX-License-Identifier: MIT */
/* A screen as top has it: the whole in three lines, the window in one, its names in a table. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/report_text.h"

#define HEAD_LINES  6 /* at most, above the table */
#define TABLE_LINES 4 /* of the table's head */

struct live_line {
    char s[512];
};

/* A line that is not longer than the screen is wide. */
static void write_line(const struct trace_writer *writer, const char *text)
{
    fprintf(writer->out, "%s\n", trace_cut(text, writer->width).s);
}

static double rate(uint64_t count, int64_t elapsed_ns)
{
    return elapsed_ns > 0 ? (double)count / trace_as_seconds(elapsed_ns) : 0;
}

static size_t open_connections(const struct trace_profile *profile)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->nconnections; i++)
        n += profile->connections[i].end_ns == 0;
    return n;
}

static void write_whole(const struct trace_writer *writer, const struct trace_profile *whole)
{
    const struct trace_totals *totals = &whole->totals;
    const struct trace_references *refs = totals->references;
    struct live_line line;
    (void)snprintf(line.s, sizeof(line.s),
                   "%s  %zu connections open  %" PRIu64 " round trips  waited %s  %s on the wire",
                   trace_ns(trace_elapsed(whole)).s, open_connections(whole),
                   trace_both(totals->round_trips), trace_ns(trace_waited(totals)).s,
                   bench_format_size((double)trace_both(totals->wire_bytes)).s);
    write_line(writer, line.s);
    (void)snprintf(line.s, sizeof(line.s),
                   "%" PRIu64 " objects alive  %" PRIu64 " kept to the end  %" PRIu64
                   " errors  %" PRIu64 " slow  depth %d",
                   refs[0].alive + refs[1].alive, refs[0].leaked + refs[1].leaked,
                   trace_both(totals->errors), totals->slow, totals->depth_max);
    write_line(writer, line.s);
    if (whole->nnotes > 0) {
        (void)snprintf(line.s, sizeof(line.s), "! %.500s", trace_clean(whole->notes[0]).s);
        write_line(writer, trace_clean(line.s).s);
    }
}

static void write_window(const struct trace_writer *writer)
{
    const struct trace_profile *window = writer->profile;
    const struct trace_totals *totals = &window->totals;
    int64_t elapsed = trace_elapsed(window);
    struct live_line line;
    (void)snprintf(
        line.s, sizeof(line.s),
        "last %s: %s messages  %s round trips  %s of it waiting  %s/s  %" PRIu64 " errors",
        trace_ns(elapsed).s, bench_format_rate(rate(trace_both(totals->messages), elapsed)).s,
        bench_format_rate(rate(trace_both(totals->round_trips), elapsed)).s,
        elapsed > 0 ? trace_share((double)trace_waited(totals) / (double)elapsed).s : "–",
        bench_format_size(rate(trace_both(totals->wire_bytes), elapsed)).s,
        trace_both(totals->errors));
    write_line(writer, line.s);
}

int trace_write_live(const struct trace_profile *window, const struct trace_profile *whole,
                     size_t width, size_t rows, FILE *out)
{
    size_t room = rows > HEAD_LINES + TABLE_LINES + 1 ? rows - HEAD_LINES - TABLE_LINES : 1;
    struct trace_report_options options = {.top = (unsigned)room, .width = width};
    struct trace_writer writer = {window, &options,
                                  width < TRACE_WIDTH_MIN ? TRACE_WIDTH_MIN : width, 0, out};
    int rc = 0;
    write_whole(&writer, whole);
    write_window(&writer);
    fputc('\n', out);
    if (window->nby_name > 0)
        rc = trace_write_table(&writer, trace_fill_names, NULL, false);
    return rc < 0 ? rc : trace_written(out);
}
