/* SPDX-License-Identifier: MIT */
/* The text report: call tree, objects, timeline, sections, connections. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/report_text.h"

/* ---- call tree ---- */

#define TREE_INDENT_MAX 20 /* levels that are drawn; deeper ones say how deep they are */

/* "│  ├─ " for a row, from which levels above it go on. */
static void branch(const bool *open, const struct trace_outline_row *row, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    int from = row->depth > TREE_INDENT_MAX ? row->depth - TREE_INDENT_MAX : 0;
    if (from > 0)
        used += (size_t)snprintf(out, size, "+%d ", from);
    for (int level = from + 1; level < row->depth && used + 16 < size; level++)
        used += (size_t)snprintf(out + used, size - used, "%s", open[level] ? "│  " : "   ");
    if (row->depth > 0)
        (void)snprintf(out + used, size - used, "%s", row->last ? "└─ " : "├─ ");
}

static void tree_columns(const struct trace_writer *writer, struct bench_table *table)
{
    bench_table_column(table, "name", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "count", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "round\ntrips", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "total", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "self", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "slowest", BENCH_ALIGN_RIGHT, 3);
    if (writer->options->netrefs)
        bench_table_column(table, "objects", BENCH_ALIGN_RIGHT, 4);
    bench_table_column(table, "errors", BENCH_ALIGN_RIGHT, 5);
}

static void tree_row(const struct trace_writer *writer, struct bench_table *table,
                     const struct trace_outline_row *row, const char *prefix, size_t name_columns)
{
    const struct trace_profile *profile = writer->profile;
    const struct trace_node *node = &profile->nodes[row->node];
    struct trace_line name = trace_node_text(profile, node), text;
    size_t taken = bench_text_width(prefix);
    if (row->left_out > 0)
        (void)snprintf(name.s, sizeof(name.s), "… %" PRIu32 " more", row->left_out);
    else if (node->direction == BENCH_TO_CLIENT && node->name != BENCH_NAME_NONE)
        (void)snprintf(name.s, sizeof(name.s), "%.1000s ◂ server",
                       trace_node_text(profile, node).s);
    size_t room = name_columns > taken + 12 ? name_columns - taken : 12;
    (void)snprintf(text.s, sizeof(text.s), "%s%.900s", prefix, trace_cut(name.s, room).s);
    bench_table_row(table);
    bench_table_cell(table, text.s);
    if (row->left_out > 0) {
        for (int i = 0; i < 2; i++)
            bench_table_cell(table, "");
        trace_time_cell(table, row->left_out_ns);
        return;
    }
    trace_cell(table, trace_count(node->count));
    trace_cell(table, trace_count(node->round_trips));
    trace_time_cell(table, node->total_ns);
    bench_table_cell(table, node->self_ns != node->total_ns ? trace_ns(node->self_ns).s : "");
    bench_table_cell(table, node->count > 1 ? trace_ns(node->slowest_ns).s : "");
    if (writer->options->netrefs)
        trace_count_cell(table, node->objects);
    trace_count_cell(table, node->errors);
}

static int fill_tree(const struct trace_writer *writer, size_t name_columns,
                     struct bench_table *table, const void *user)
{
    const struct trace_outline *outline = user;
    bool *open = calloc(outline->nrows + 2, sizeof(*open)); /* [depth]: siblings follow below */
    if (open == NULL)
        return -ENOMEM;
    tree_columns(writer, table);
    for (size_t i = 0; i < outline->nrows; i++) {
        char prefix[TREE_INDENT_MAX * 8 + 32];
        const struct trace_outline_row *row = &outline->rows[i];
        open[row->depth] = !row->last;
        branch(open, row, prefix, sizeof(prefix));
        tree_row(writer, table, row, prefix, name_columns);
    }
    free(open);
    return 0;
}

int trace_text_tree(const struct trace_writer *writer)
{
    struct trace_outline outline;
    char text[96];
    if (writer->profile->nnodes == 0)
        return 0;
    int rc = trace_outline_make(writer->profile, writer->options, &outline);
    if (rc < 0)
        return rc;
    trace_write_heading(writer, "call tree", "calls of the same name from the same place in it");
    if (outline.nrows > 0)
        rc = trace_write_table(writer, fill_tree, &outline, false);
    if (rc == 0 && outline.hidden > 0) {
        (void)snprintf(text, sizeof(text), "%zu branches are too deep or too short to be shown",
                       outline.hidden);
        trace_write_paragraph(writer, "", 0, text);
    }
    trace_outline_free(&outline);
    return rc;
}

/* ---- objects ---- */

static int fill_netrefs(const struct trace_writer *writer, size_t name_columns,
                        struct bench_table *table, const void *user)
{
    const struct trace_profile *profile = writer->profile;
    size_t rows = trace_rows(profile->nreferences, writer->options->top);
    (void)user;
    bench_table_column(table, "object", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "class", BENCH_ALIGN_LEFT, 3);
    bench_table_column(table, "held by", BENCH_ALIGN_LEFT, 6);
    bench_table_column(table, "handed\nout", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "given\nback", BENCH_ALIGN_RIGHT, 5);
    bench_table_column(table, "alive", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "kept to\nthe end", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "calls", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "reads", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "items", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "oldest", BENCH_ALIGN_RIGHT, 4);
    for (size_t i = 0; i < rows; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        struct trace_line name = trace_name_text(profile->names, row->name);
        struct trace_line class_name = trace_name_text(profile->names, row->class_name);
        bench_table_row(table);
        bench_table_cell(table, trace_cut(name.s, name_columns).s);
        bench_table_cell(table,
                         row->class_name != BENCH_NAME_NONE ? trace_cut(class_name.s, 30).s : "");
        bench_table_cell(table, row->direction == BENCH_TO_CLIENT ? "client" : "server");
        trace_cell(table, trace_count(row->counts.created));
        trace_cell(table, trace_count(row->counts.released));
        trace_count_cell(table, row->counts.alive);
        trace_count_cell(table, row->counts.leaked);
        trace_count_cell(table, row->calls);
        trace_count_cell(table, row->reads);
        trace_count_cell(table, row->items);
        bench_table_cell(table,
                         row->oldest_ns > 0 ? trace_ns(trace_age(profile, row->oldest_ns)).s : "");
    }
    return 0;
}

int trace_text_netrefs(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    if (profile->nreferences == 0)
        return 0;
    trace_write_heading(writer, "objects by reference", "each use of one is a round trip");
    int rc = trace_write_table(writer, fill_netrefs, NULL, true);
    trace_write_rest(writer, trace_rows(profile->nreferences, writer->options->top),
                     profile->nreferences, "rows are shown");
    return rc;
}

/* ---- timeline ---- */

struct timeline {
    const size_t *chosen;
    size_t count;
};

#define BAR_COLUMNS_MAX 120

/* The bar of a call in so many columns: where it lies in the time of the profile. */
static struct trace_line bar(const struct trace_profile *profile, const struct trace_call *call,
                             size_t columns)
{
    struct trace_line line;
    int64_t elapsed = trace_elapsed(profile);
    double scale = elapsed > 0 ? (double)columns / (double)elapsed : 0;
    size_t first = (size_t)((double)trace_since(profile, call->start_ns) * scale);
    size_t last = (size_t)((double)trace_since(profile, call->end_ns) * scale);
    size_t used = 0;
    first = first < columns ? first : columns - 1;
    last = last > first ? (last < columns ? last : columns) : first + 1;
    const char *block = call->overlapped ? "░" : call->direction == BENCH_TO_CLIENT ? "▒" : "█";
    for (size_t i = 0; i < last; i++)
        used +=
            (size_t)snprintf(line.s + used, sizeof(line.s) - used, "%s", i < first ? " " : block);
    return line;
}

static int fill_timeline(const struct trace_writer *writer, size_t name_columns,
                         struct bench_table *table, const void *user)
{
    const struct timeline *timeline = user;
    const struct trace_profile *profile = writer->profile;
    size_t bars = writer->width * 2 / 5;
    bars = bars > BAR_COLUMNS_MAX ? BAR_COLUMNS_MAX : bars;
    bench_table_column(table, "at", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "took", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "name", BENCH_ALIGN_LEFT, 0);
    for (size_t i = 0; i < timeline->count; i++) {
        const struct trace_call *call = &profile->calls[timeline->chosen[i]];
        struct trace_line text, name = trace_name_text(profile->names, call->name);
        int indent = call->depth > 1 ? 2 * (call->depth > 11 ? 10 : call->depth - 1) : 0;
        size_t room = name_columns > (size_t)indent + 8 ? name_columns - (size_t)indent : 8;
        (void)snprintf(text.s, sizeof(text.s), "%*s%.900s%s", indent, "", trace_cut(name.s, room).s,
                       call->failed ? " !" : "");
        bench_table_row(table);
        trace_cell(table, trace_ns(trace_since(profile, call->start_ns)));
        trace_cell(table, trace_ns(call->end_ns - call->start_ns));
        bench_table_cell(table, bar(profile, call, bars).s);
        bench_table_cell(table, text.s);
    }
    return 0;
}

/* In eight steps, how much of each slice of time was spent waiting for the server. */
static void write_activity(const struct trace_writer *writer)
{
    static const char *const steps[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const struct trace_profile *profile = writer->profile;
    double busy[BAR_COLUMNS_MAX] = {0}, slice;
    size_t columns = writer->width > BAR_COLUMNS_MAX + 10 ? BAR_COLUMNS_MAX : writer->width - 10;
    int64_t elapsed = trace_elapsed(profile);
    if (elapsed <= 0 || profile->calls_stride > 1)
        return; /* a part of the calls says nothing about the whole */
    slice = (double)elapsed / (double)columns;
    for (size_t i = 0; i < profile->ncalls; i++) {
        const struct trace_call *call = &profile->calls[i];
        double begin = (double)trace_since(profile, call->start_ns);
        double end = (double)trace_since(profile, call->end_ns);
        if (call->direction != BENCH_TO_SERVER || call->depth > 1 || call->unawaited ||
            call->overlapped)
            continue;
        for (size_t k = (size_t)(begin / slice); k < columns && (double)k * slice < end; k++) {
            double from = (double)k * slice > begin ? (double)k * slice : begin;
            double to = (double)(k + 1) * slice < end ? (double)(k + 1) * slice : end;
            busy[k] += to > from ? (to - from) / slice : 0;
        }
    }
    fputs("waiting   ", writer->out);
    for (size_t k = 0; k < columns; k++) {
        double level = busy[k] > 1 ? 1 : busy[k];
        fputs(steps[(size_t)(level * 8 + (level > 0 ? 0.999 : 0)) > 8
                        ? 8
                        : (size_t)(level * 8 + (level > 0 ? 0.999 : 0))],
              writer->out);
    }
    fputs("\n\n", writer->out);
}

int trace_text_timeline(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    size_t *chosen = NULL;
    struct timeline timeline = {0};
    char note[128] = "";
    if (profile->ncalls == 0)
        return 0;
    int rc = trace_choose_calls(profile, writer->options->least_ns, writer->options->top, &chosen,
                                &timeline.count);
    if (rc < 0)
        return rc;
    timeline.chosen = chosen;
    if (timeline.count < profile->ncalls)
        (void)snprintf(note, sizeof(note), "the longest %zu of %zu calls", timeline.count,
                       profile->ncalls);
    if (profile->calls_stride > 1) {
        size_t used = strlen(note);
        (void)snprintf(note + used, sizeof(note) - used, "%sone of every %" PRIu64 " was kept",
                       used > 0 ? ", " : "", profile->calls_stride);
    }
    trace_write_heading(writer, "timeline", note);
    write_activity(writer);
    if (timeline.count > 0)
        rc = trace_write_table(writer, fill_timeline, &timeline, false);
    free(chosen);
    return rc;
}

/* ---- sections ---- */

static int section_depth(const struct trace_profile *profile, size_t i)
{
    int depth = 0;
    for (uint32_t at = profile->sections[i].parent;
         at > 0 && at <= profile->nsections && depth < 10; at = profile->sections[at - 1].parent)
        depth++;
    return depth;
}

static int fill_sections(const struct trace_writer *writer, size_t name_columns,
                         struct bench_table *table, const void *user)
{
    const struct trace_profile *profile = writer->profile;
    size_t rows = trace_rows(profile->nsections, writer->options->top);
    (void)user;
    bench_table_column(table, "section", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "times", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "total", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "slowest", BENCH_ALIGN_RIGHT, 5);
    bench_table_column(table, "round\ntrips", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "waiting", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "objects", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "errors", BENCH_ALIGN_RIGHT, 4);
    bench_table_column(table, "bytes", BENCH_ALIGN_RIGHT, 6);
    bench_table_column(table, "thread", BENCH_ALIGN_RIGHT, 7);
    bench_table_column(table, "", BENCH_ALIGN_LEFT, 3);
    for (size_t i = 0; i < rows; i++) {
        const struct trace_section *section = &profile->sections[i];
        const struct trace_totals *totals = &section->totals;
        struct trace_line text;
        int indent = 2 * section_depth(profile, i);
        size_t room = name_columns > (size_t)indent + 8 ? name_columns - (size_t)indent : 8;
        (void)snprintf(text.s, sizeof(text.s), "%*s%.900s", indent, "",
                       trace_cut(trace_clean(section->name).s, room).s);
        bench_table_row(table);
        bench_table_cell(table, text.s);
        trace_cell(table, trace_count(section->count));
        trace_cell(table, trace_ns(section->total_ns));
        bench_table_cell(table, section->count > 1 ? trace_ns(section->slowest_ns).s : "");
        trace_cell(table, trace_count(trace_both(totals->round_trips)));
        trace_cell(table, trace_ns(trace_waited(totals)));
        trace_count_cell(table, totals->references[0].created + totals->references[1].created);
        trace_count_cell(table, trace_both(totals->errors));
        trace_cell(table, bench_format_size((double)trace_both(totals->wire_bytes)));
        bench_table_cell(table, section->thread > 0 ? trace_count(section->thread).s : "several");
        bench_table_cell(table, section->open ? "not ended" : "");
    }
    return 0;
}

int trace_text_sections(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    if (profile->nsections == 0)
        return 0;
    trace_write_heading(writer, "sections", "as the program marked them");
    int rc = trace_write_table(writer, fill_sections, NULL, true);
    trace_write_rest(writer, trace_rows(profile->nsections, writer->options->top),
                     profile->nsections, "sections are shown");
    return rc;
}

/* ---- connections ---- */

static void remark(const struct trace_connection *connection, char *out, size_t size)
{
    const struct {
        bool is;
        const char *text;
    } remarks[] = {{connection->end_ns == 0, "open"},
                   {connection->from_server, "server's"},
                   {connection->joined, "joined"},
                   {connection->encrypted, "encrypted"},
                   {connection->foreign, "not decoded"}};
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < BENCH_COUNT_OF(remarks); i++) {
        if (remarks[i].is)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     remarks[i].text);
    }
}

static int fill_connections(const struct trace_writer *writer, size_t name_columns,
                            struct bench_table *table, const void *user)
{
    const struct trace_profile *profile = writer->profile;
    size_t rows = trace_rows(profile->nconnections, writer->options->top);
    (void)user;
    bench_table_column(table, "#", BENCH_ALIGN_RIGHT, 7);
    bench_table_column(table, "connection", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "process", BENCH_ALIGN_RIGHT, 6);
    bench_table_column(table, "begin", BENCH_ALIGN_RIGHT, 4);
    bench_table_column(table, "lasted", BENCH_ALIGN_RIGHT, 3);
    bench_table_column(table, "messages", BENCH_ALIGN_RIGHT, 5);
    bench_table_column(table, "round\ntrips", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "waiting", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "bytes", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "objects\nalive", BENCH_ALIGN_RIGHT, 8);
    bench_table_column(table, "errors", BENCH_ALIGN_RIGHT, 9);
    bench_table_column(table, "", BENCH_ALIGN_LEFT, 2);
    for (size_t i = 0; i < rows; i++) {
        const struct trace_connection *connection = &profile->connections[i];
        const struct trace_totals *totals = &connection->totals;
        int64_t end = connection->end_ns != 0 ? connection->end_ns : profile->end_ns;
        char words[64];
        remark(connection, words, sizeof(words));
        bench_table_row(table);
        trace_count_cell(table, connection->connection);
        bench_table_cell(table, trace_cut(trace_clean(connection->text).s, name_columns).s);
        trace_count_cell(table, connection->process);
        trace_cell(table, trace_ns(trace_since(profile, connection->begin_ns)));
        trace_cell(table, trace_ns(end - connection->begin_ns));
        trace_cell(table, trace_count(trace_both(totals->messages)));
        trace_cell(table, trace_count(trace_both(totals->round_trips)));
        trace_cell(table, trace_ns(trace_waited(totals)));
        trace_cell(table, bench_format_size((double)trace_both(totals->wire_bytes)));
        trace_count_cell(table, totals->references[0].alive + totals->references[1].alive);
        trace_count_cell(table, trace_both(totals->errors));
        bench_table_cell(table, words);
    }
    return 0;
}

static void write_processes(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    size_t rows = trace_rows(profile->nprocesses, writer->options->top);
    for (size_t i = 0; i < rows; i++) {
        char head[32];
        int n = snprintf(head, sizeof(head), "process %" PRIu32 ": ", profile->processes[i].pid);
        trace_write_paragraph(writer, head, (size_t)n,
                              trace_clean(profile->processes[i].command).s);
    }
    trace_write_rest(writer, rows, profile->nprocesses, "processes are shown");
}

int trace_text_connections(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    int rc = 0;
    if (profile->nconnections == 0 && profile->nprocesses == 0)
        return 0;
    trace_write_heading(writer, "connections", "");
    if (profile->nconnections > 0)
        rc = trace_write_table(writer, fill_connections, NULL, true);
    trace_write_rest(writer, trace_rows(profile->nconnections, writer->options->top),
                     profile->nconnections, "connections are shown");
    write_processes(writer);
    return rc;
}
