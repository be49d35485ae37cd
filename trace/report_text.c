/* SPDX-License-Identifier: MIT */
/* The text report: what a reader wants to know first, and the table of names. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "trace/report_text.h"

/* ---- summary ---- */

enum figure_kind { FIGURE_COUNT, FIGURE_BYTES, FIGURE_TIME };

/* A row of the summary: a pair of struct trace_totals. */
struct figure {
    const char *label;
    enum figure_kind kind;
    uint64_t of[2];
    bool always;
};

static struct bench_text figure_text(enum figure_kind kind, uint64_t value)
{
    if (kind == FIGURE_BYTES)
        return bench_format_size((double)value);
    return kind == FIGURE_TIME ? trace_ns((int64_t)value) : trace_count(value);
}

static struct figure figure(const char *label, enum figure_kind kind, const uint64_t of[2],
                            bool always)
{
    return (struct figure){label, kind, {of[0], of[1]}, always};
}

static struct figure time_figure(const char *label, const int64_t of[2])
{
    uint64_t pair[2] = {of[0] > 0 ? (uint64_t)of[0] : 0, of[1] > 0 ? (uint64_t)of[1] : 0};
    return figure(label, FIGURE_TIME, pair, true);
}

#define FIGURES_MAX 16

static size_t figures(const struct trace_totals *totals, struct figure *out)
{
    const struct trace_references *refs = totals->references;
    size_t n = 0;
    out[n++] = figure("messages", FIGURE_COUNT, totals->messages, true);
    out[n++] = figure("requests", FIGURE_COUNT, totals->requests, true);
    out[n++] = figure("round trips", FIGURE_COUNT, totals->round_trips, true);
    out[n++] = time_figure("waiting for answers", totals->waiting_ns);
    out[n++] = time_figure("serving requests", totals->serving_ns);
    out[n++] = figure("not awaited", FIGURE_COUNT, totals->unawaited, false);
    out[n++] = figure("overlapped", FIGURE_COUNT, totals->overlapped, false);
    out[n++] = figure("errors", FIGURE_COUNT, totals->errors, false);
    out[n++] = figure("never answered", FIGURE_COUNT, totals->unanswered, false);
    out[n++] = figure("bytes", FIGURE_BYTES, totals->wire_bytes, true);
    out[n++] = figure("uncompressed", FIGURE_BYTES, totals->plain_bytes, true);
    out[n++] = (struct figure){
        "objects handed out", FIGURE_COUNT, {refs[0].created, refs[1].created}, false};
    out[n++] =
        (struct figure){"given back", FIGURE_COUNT, {refs[0].released, refs[1].released}, false};
    out[n++] = (struct figure){"alive", FIGURE_COUNT, {refs[0].alive, refs[1].alive}, false};
    out[n++] =
        (struct figure){"kept to the end", FIGURE_COUNT, {refs[0].leaked, refs[1].leaked}, false};
    return n;
}

static int fill_summary(const struct trace_writer *writer, size_t name_columns,
                        struct bench_table *table, const void *user)
{
    struct figure rows[FIGURES_MAX];
    size_t n = figures(&writer->profile->totals, rows);
    (void)name_columns;
    (void)user;
    bench_table_column(table, "", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "to server", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "to client", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "together", BENCH_ALIGN_RIGHT, 1);
    for (size_t i = 0; i < n; i++) {
        uint64_t both = trace_both(rows[i].of);
        if (!rows[i].always && both == 0)
            continue;
        bench_table_row(table);
        bench_table_cell(table, rows[i].label);
        trace_cell(table, figure_text(rows[i].kind, rows[i].of[BENCH_TO_SERVER]));
        trace_cell(table, figure_text(rows[i].kind, rows[i].of[BENCH_TO_CLIENT]));
        trace_cell(table, figure_text(rows[i].kind, both));
    }
    return 0;
}

static void write_thresholds(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    const struct trace_totals *totals = &profile->totals;
    char text[256] = "";
    size_t used = 0;
    if (totals->depth_max > 1)
        used +=
            (size_t)snprintf(text, sizeof(text), "Requests were nested %d deep", totals->depth_max);
    if (totals->depth_max > 1 && totals->deep > 0)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 ", %" PRIu64 " of them at least %d deep", totals->deep,
                                 profile->deep_stack);
    if (totals->slow > 0 && profile->slow_call_ns > 0)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "%s%" PRIu64 " call%s took %s or longer", used > 0 ? "; " : "",
                                 totals->slow, totals->slow == 1 ? "" : "s",
                                 trace_ns(profile->slow_call_ns).s);
    if (used > 0) {
        (void)snprintf(text + used, sizeof(text) - used, ".");
        trace_write_paragraph(writer, "", 0, text);
    }
}

/* What makes the figures doubtful stands before them. */
static void write_notes(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    for (size_t i = 0; i < profile->nnotes; i++)
        trace_write_paragraph(writer, "! ", 2, trace_clean(profile->notes[i]).s);
    if (profile->nnotes > 0)
        fputc('\n', writer->out);
}

static int write_summary(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    trace_write_paragraph(writer, "", 0, trace_headline(profile).s);
    if (profile->nfindings > 0)
        trace_write_paragraph(writer, "Dearest: ", 9,
                              trace_finding_line(profile, &profile->findings[0]).s);
    write_thresholds(writer);
    fputc('\n', writer->out);
    return trace_write_table(writer, fill_summary, NULL, false);
}

/* ---- findings ---- */

static int fill_prices(const struct trace_writer *writer, size_t name_columns,
                       struct bench_table *table, const void *user)
{
    const struct trace_finding *finding = user;
    static const char *const labels[] = {"now", "changed", "saves"};
    (void)writer;
    (void)name_columns;
    bench_table_column(table, "     at an RTT of", BENCH_ALIGN_LEFT, 0);
    for (int at = -1; at < TRACE_RTTS; at++)
        bench_table_column(table, trace_rtt_text(at).s, BENCH_ALIGN_RIGHT,
                           at == 0   ? 2
                           : at == 3 ? 1
                                     : 0);
    for (size_t k = 0; k < BENCH_COUNT_OF(labels); k++) {
        char label[32];
        (void)snprintf(label, sizeof(label), "     %s", labels[k]);
        bench_table_row(table);
        bench_table_cell(table, label);
        for (int at = -1; at < TRACE_RTTS; at++) {
            const struct trace_prediction *p = trace_prediction(finding, at);
            double value = k == 0 ? p->before_s : k == 1 ? p->after_s : p->before_s - p->after_s;
            trace_cell(table, trace_seconds(value));
        }
    }
    return 0;
}

/* The words of the rule: once for all findings of its kind. Lines of code keep their indentation.
 */
static void write_fix(const struct trace_writer *writer, const char *fix)
{
    bool first = true;
    for (const char *at = fix; *at != '\0';) {
        struct trace_line line;
        size_t length = strcspn(at, "\n"), blanks = strspn(at, " ");
        (void)snprintf(line.s, sizeof(line.s), "%.*s", (int)(length < 1000 ? length : 1000), at);
        blanks = blanks < length ? (blanks > 20 ? 20 : blanks) : 0;
        trace_write_paragraph(writer, first ? "   fix: " : "", first ? 8 : 8 + blanks,
                              trace_clean(line.s).s);
        first = false;
        at += length;
        at += *at == '\n';
    }
}

static int write_finding(const struct trace_writer *writer, size_t i)
{
    const struct trace_profile *profile = writer->profile;
    const struct trace_finding *finding = &profile->findings[i];
    struct trace_line line, place = trace_clean(trace_place(profile, finding->place));
    struct trace_line name = trace_name_text(profile->names, finding->name);
    char head[24];
    int n = snprintf(head, sizeof(head), "%zu. ", i + 1);
    (void)snprintf(line.s, sizeof(line.s), "%.40s: %.500s%s%s%.300s",
                   trace_finding_key(finding->id), trace_cut(name.s, 120).s,
                   finding->direction == BENCH_TO_CLIENT ? " (called by the server)" : "",
                   place.s[0] != '\0' ? ", at " : "", place.s);
    trace_write_paragraph(writer, head, n > 3 ? (size_t)n : 3, trace_clean(line.s).s);
    if (finding->round_trips > 0)
        trace_write_paragraph(writer, "   ", 3, trace_finding_cost(profile, finding).s);
    if (finding->evidence[0] != '\0')
        trace_write_paragraph(writer, "   why: ", 8, trace_clean(finding->evidence).s);
    if (finding->change[0] != '\0')
        trace_write_paragraph(writer, "   do:  ", 8, trace_clean(finding->change).s);
    if (trace_first_of_kind(profile, i)) {
        trace_write_paragraph(writer, "   is:  ", 8, trace_clean(finding->rule->summary).s);
        write_fix(writer, finding->rule->fix);
    }
    int rc = 0;
    if (finding->priced) {
        fputc('\n', writer->out);
        rc = trace_write_table(writer, fill_prices, finding, false);
    }
    return rc;
}

static int write_findings(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    size_t shown = trace_rows(profile->nfindings, writer->options->top);
    int rc = 0;
    if (profile->nfindings == 0) {
        fputc('\n', writer->out);
        trace_write_paragraph(writer, "", 0, "findings – none");
        return 0;
    }
    trace_write_heading(writer, "findings", "dearest first");
    for (size_t i = 0; i < shown && rc == 0; i++) {
        if (i > 0)
            fputc('\n', writer->out);
        rc = write_finding(writer, i);
    }
    trace_write_rest(writer, shown, profile->nfindings, "findings are shown");
    return rc;
}

/* ---- names ---- */

static void name_columns_of(struct bench_table *table)
{
    bench_table_column(table, "name", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "by", BENCH_ALIGN_LEFT, 3);
    bench_table_column(table, "what", BENCH_ALIGN_LEFT, 8);
    bench_table_column(table, "count", BENCH_ALIGN_RIGHT, 3);
    bench_table_column(table, "round\ntrips", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "total", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "waiting", BENCH_ALIGN_RIGHT, 5);
    bench_table_column(table, "self", BENCH_ALIGN_RIGHT, 10);
    bench_table_span(table, "per round trip");
    bench_table_column(table, "mean", BENCH_ALIGN_RIGHT, 9);
    bench_table_column(table, "p50", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "p99", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "slowest", BENCH_ALIGN_RIGHT, 1);
    bench_table_span(table, "");
    bench_table_column(table, "async", BENCH_ALIGN_RIGHT, 11);
    bench_table_column(table, "errors", BENCH_ALIGN_RIGHT, 4);
    bench_table_column(table, "objects", BENCH_ALIGN_RIGHT, 12);
    bench_table_column(table, "bytes", BENCH_ALIGN_RIGHT, 13);
    bench_table_column(table, "place", BENCH_ALIGN_LEFT, 6);
}

static void percentile_cell(struct bench_table *table, const struct bench_sketch *hist, double p)
{
    int64_t ns;
    bench_table_cell(table, trace_percentile(hist, p, &ns) ? trace_ns(ns).s : NULL);
}

/* Most are called by the client; only the others are worth a word. */
static void name_row(const struct trace_writer *writer, struct bench_table *table,
                     const struct trace_name *name, size_t name_columns)
{
    const struct trace_profile *profile = writer->profile;
    struct trace_line text = trace_name_text(profile->names, name->name);
    uint64_t timed = trace_timed(name);
    int64_t waited = trace_waited(&profile->totals);
    bench_table_row(table);
    bench_table_cell(table, trace_cut(text.s, name_columns).s);
    bench_table_cell(table, name->direction == BENCH_TO_CLIENT ? "server" : "");
    bench_table_cell(table, trace_verb_key(trace_main_verb(name)));
    trace_cell(table, trace_count(name->count));
    trace_cell(table, trace_count(name->round_trips));
    trace_time_cell(table, name->total_ns);
    bench_table_cell(table, waited > 0 && name->total_ns > 0
                                ? trace_share((double)name->self_ns / (double)waited).s
                                : "");
    bench_table_cell(table, name->self_ns != name->total_ns ? trace_ns(name->self_ns).s : "");
    bench_table_cell(table, timed > 0 ? trace_ns(name->total_ns / (int64_t)timed).s : NULL);
    percentile_cell(table, name->hist, 0.5);
    percentile_cell(table, name->hist, 0.99);
    bench_table_cell(table, timed > 0 ? trace_ns(name->slowest_ns).s : NULL);
    trace_count_cell(table, name->unawaited + name->overlapped);
    trace_count_cell(table, name->errors);
    trace_count_cell(table, name->objects);
    trace_cell(table, bench_format_size((double)trace_both(name->wire_bytes)));
    bench_table_cell(table, trace_place_text(trace_place(profile, name->place), 30).s);
}

int trace_fill_names(const struct trace_writer *writer, size_t name_columns,
                     struct bench_table *table, const void *user)
{
    const struct trace_profile *profile = writer->profile;
    size_t rows = trace_rows(profile->nby_name, writer->options->top);
    (void)user;
    name_columns_of(table);
    for (size_t i = 0; i < rows; i++)
        name_row(writer, table, &profile->by_name[i], name_columns);
    return 0;
}

static int write_names(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    if (profile->nby_name == 0)
        return 0;
    trace_write_heading(writer, "names", "what was called, read and iterated");
    int rc = trace_write_table(writer, trace_fill_names, NULL, true);
    trace_write_rest(writer, trace_rows(profile->nby_name, writer->options->top), profile->nby_name,
                     "names are shown");
    return rc;
}

/* ---- slow calls ---- */

struct calls {
    const struct trace_call *calls;
    size_t count;
    bool deep; /* with the depth first */
};

static int fill_calls(const struct trace_writer *writer, size_t name_columns,
                      struct bench_table *table, const void *user)
{
    const struct calls *list = user;
    const struct trace_profile *profile = writer->profile;
    bench_table_column(table, "depth", BENCH_ALIGN_RIGHT, list->deep ? 0 : 4);
    bench_table_column(table, "took", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "nested", BENCH_ALIGN_RIGHT, 3);
    bench_table_column(table, list->deep ? "names, outermost first" : "name", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "by", BENCH_ALIGN_LEFT, 6);
    bench_table_column(table, "at", BENCH_ALIGN_RIGHT, 5);
    bench_table_column(table, "place", BENCH_ALIGN_LEFT, 2);
    bench_table_column(table, "bytes", BENCH_ALIGN_RIGHT, 8);
    bench_table_column(table, "connection", BENCH_ALIGN_RIGHT, 9);
    bench_table_column(table, "thread", BENCH_ALIGN_RIGHT, 10);
    bench_table_column(table, "error", BENCH_ALIGN_LEFT, 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct trace_call *call = &list->calls[i];
        struct trace_line name = list->deep ? trace_call_chain(profile, call)
                                            : trace_name_text(profile->names, call->name);
        bench_table_row(table);
        bench_table_cell(table,
                         list->deep || call->depth > 1 ? trace_count((uint64_t)call->depth).s : "");
        trace_cell(table, trace_ns(call->end_ns - call->start_ns));
        trace_time_cell(table, call->nested_ns);
        bench_table_cell(table, trace_cut(name.s, name_columns).s);
        bench_table_cell(table, call->direction == BENCH_TO_CLIENT ? "server" : "");
        trace_cell(table, trace_ns(trace_since(profile, call->start_ns)));
        bench_table_cell(table, trace_place_text(trace_place(profile, call->place), 36).s);
        trace_cell(table, bench_format_size((double)trace_both(call->wire_bytes)));
        trace_cell(table, trace_count(call->connection));
        trace_count_cell(table, call->thread);
        bench_table_cell(table, trace_cut(trace_clean(call->error).s, 30).s);
    }
    return 0;
}

static int write_slow(const struct trace_writer *writer)
{
    const struct trace_profile *profile = writer->profile;
    unsigned top = writer->options->top;
    struct calls slow = {profile->slowest, trace_rows(profile->nslowest, top), false};
    struct calls deep = {profile->deepest, trace_rows(profile->ndeepest, top), true};
    char note[96] = "";
    int rc = 0;
    if (slow.count > 0) {
        if (profile->slow_call_ns > 0 && profile->totals.slow == 0)
            (void)snprintf(note, sizeof(note), "none took %s or longer",
                           trace_ns(profile->slow_call_ns).s);
        else if (profile->slow_call_ns > 0)
            (void)snprintf(note, sizeof(note), "%" PRIu64 " of %s or longer", profile->totals.slow,
                           trace_ns(profile->slow_call_ns).s);
        trace_write_heading(writer, "slowest calls", note);
        rc = trace_write_table(writer, fill_calls, &slow, false);
    }
    if (rc == 0 && deep.count > 0) {
        trace_write_heading(writer, "deepest calls", "requests that were made to answer others");
        struct trace_writer wide = *writer;
        wide.name_min = writer->width / 2; /* here the names are what it is about */
        rc = trace_write_table(&wide, fill_calls, &deep, false);
    }
    return rc;
}

/* ---- the whole ---- */

static const struct {
    unsigned part;
    int (*write)(const struct trace_writer *writer);
} parts[] = {
    {TRACE_PART_SUMMARY, write_summary},
    {TRACE_PART_FINDINGS, write_findings},
    {TRACE_PART_NAMES, write_names},
    {TRACE_PART_SLOW, write_slow},
    {TRACE_PART_TREE, trace_text_tree},
    {TRACE_PART_NETREFS, trace_text_netrefs},
    {TRACE_PART_TIMELINE, trace_text_timeline},
    {TRACE_PART_SECTIONS, trace_text_sections},
    {TRACE_PART_CONNECTIONS, trace_text_connections},
};

static size_t usable_width(size_t width)
{
    width = width == 0 ? TRACE_WIDTH_DEFAULT : width;
    return width < TRACE_WIDTH_MIN ? TRACE_WIDTH_MIN : width;
}

int trace_write_text(const struct trace_profile *profile,
                     const struct trace_report_options *options, FILE *out)
{
    struct trace_writer writer = {profile, options, usable_width(options->width), 0, out};
    int rc = 0;
    if (options->title != NULL) {
        trace_write_paragraph(&writer, "", 0, trace_clean(options->title).s);
        if ((options->parts & TRACE_PART_SUMMARY) != 0 || profile->nnotes > 0)
            fputc('\n', out); /* headings have their own */
    }
    write_notes(&writer);
    for (size_t i = 0; i < BENCH_COUNT_OF(parts) && rc == 0; i++) {
        if (options->parts & parts[i].part)
            rc = parts[i].write(&writer);
    }
    return rc < 0 ? rc : trace_written(out);
}
