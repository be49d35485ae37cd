/* SPDX-License-Identifier: MIT */
/*
 * One page that needs nothing else: what the text report says, to be sorted, filtered and folded.
 * All text of the profiled program goes through trace_html_text; a policy within the page forbids
 * everything from elsewhere besides.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "trace/report_html.h"

#define ROWS_MAX 5000 /* of a table: browsers grow slow above */

/* ---- pieces ---- */

void trace_html_text(const struct trace_page *page, const char *text)
{
    struct trace_line clean = trace_clean(text);
    for (const char *at = clean.s; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            fputs("&amp;", page->out);
            break;
        case '<':
            fputs("&lt;", page->out);
            break;
        case '>':
            fputs("&gt;", page->out);
            break;
        case '"':
            fputs("&quot;", page->out);
            break;
        case '\'':
            fputs("&#39;", page->out);
            break;
        default:
            fputc(*at, page->out);
        }
    }
}

void trace_html_name(const struct trace_page *page, uint32_t name)
{
    trace_html_text(page, trace_name_text(page->profile->names, name).s);
}

void trace_html_begin(const struct trace_page *page, const char *id, const char *title,
                      const char *note)
{
    fprintf(page->out, "<section id=\"%s\"><h2>%s</h2>\n", id, title);
    if (note[0] != '\0')
        fprintf(page->out, "<p class=\"note\">%s</p>\n", note);
}

void trace_html_end(const struct trace_page *page) { fputs("</section>\n", page->out); }

void trace_html_table(const struct trace_page *page, const struct trace_html_head *heads,
                      size_t count)
{
    fprintf(page->out,
            "<div class=\"scroll\"><table class=\"sortable\" data-top=\"%u\"><thead><tr>",
            page->options->top);
    for (size_t i = 0; i < count; i++) {
        fprintf(page->out, "<th scope=\"col\"%s",
                heads[i].kind == TRACE_HTML_FIGURE ? " class=\"n\"" : "");
        if (heads[i].hint != NULL)
            fprintf(page->out, " title=\"%s\"", heads[i].hint);
        fprintf(page->out, ">%s</th>", heads[i].text);
    }
    fputs("</tr></thead><tbody>\n", page->out);
}

void trace_html_table_end(const struct trace_page *page, size_t rows, size_t all)
{
    fputs("</tbody></table></div>\n", page->out);
    if (rows < all)
        fprintf(page->out, "<p class=\"note\">%zu of %zu rows are in this page.</p>\n", rows, all);
}

void trace_html_row(const struct trace_page *page, size_t index)
{
    bool more = page->options->top > 0 && index >= page->options->top;
    fputs(more ? "<tr class=\"more\">" : "<tr>", page->out);
}

void trace_html_figure(const struct trace_page *page, double value, const char *shown)
{
    fprintf(page->out, "<td class=\"n\" data-v=\"%.9g\">%s</td>", isfinite(value) ? value : -1.0,
            shown);
}

void trace_html_count(const struct trace_page *page, uint64_t count)
{
    trace_html_figure(page, (double)count, count > 0 ? trace_count(count).s : "");
}

void trace_html_time(const struct trace_page *page, int64_t ns)
{
    trace_html_figure(page, trace_as_seconds(ns), ns != 0 ? trace_ns(ns).s : "");
}

void trace_html_bytes(const struct trace_page *page, uint64_t bytes)
{
    trace_html_figure(page, (double)bytes, bench_format_size((double)bytes).s);
}

/* What is too long for a cell is cut, and whole when it is pointed at. */
static void write_cell(const struct trace_page *page, const char *class, const char *text,
                       size_t columns)
{
    struct trace_line clean = trace_clean(text), cut = trace_cut(clean.s, columns);
    fprintf(page->out, "<td class=\"%s\"", class);
    if (strcmp(clean.s, cut.s) != 0) {
        fputs(" title=\"", page->out);
        trace_html_text(page, clean.s);
        fputc('"', page->out);
    }
    fputc('>', page->out);
    trace_html_text(page, cut.s);
}

void trace_html_words(const struct trace_page *page, const char *text)
{
    write_cell(page, "w", text, 44);
    fputs("</td>", page->out);
}

void trace_html_name_cell(const struct trace_page *page, uint32_t name, bool by_server)
{
    write_cell(page, "name", trace_name_text(page->profile->names, name).s, 70);
    fputs(by_server ? " <span class=\"tag back\">by the server</span></td>" : "</td>", page->out);
}

size_t trace_html_rows(size_t count) { return count > ROWS_MAX ? ROWS_MAX : count; }

/* ---- head of the page ---- */

static void card(const struct trace_page *page, const char *label, const char *figure,
                 const char *more)
{
    fprintf(page->out, "<div class=\"card\"><span>%s</span><b>%s</b><small>%s</small></div>\n",
            label, figure, more);
}

static void write_cards(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    const struct trace_totals *t = &profile->totals;
    const struct trace_references *r = t->references;
    char more[160];
    int64_t elapsed = trace_elapsed(profile);
    fputs("<div class=\"cards\">\n", page->out);
    (void)snprintf(more, sizeof(more), "of %s; the server %s", trace_ns(elapsed).s,
                   trace_ns(t->waiting_ns[BENCH_TO_CLIENT]).s);
    card(page, "waiting for the server", trace_ns(t->waiting_ns[BENCH_TO_SERVER]).s, more);
    (void)snprintf(more, sizeof(more), "%" PRIu64 " to server, %" PRIu64 " to client",
                   t->round_trips[BENCH_TO_SERVER], t->round_trips[BENCH_TO_CLIENT]);
    card(page, "round trips", trace_count(trace_both(t->round_trips)).s, more);
    (void)snprintf(more, sizeof(more), "%" PRIu64 " requests, %" PRIu64 " not awaited",
                   trace_both(t->requests), trace_asynchronous(t));
    card(page, "messages", trace_count(trace_both(t->messages)).s, more);
    (void)snprintf(more, sizeof(more), "%s uncompressed",
                   bench_format_size((double)trace_both(t->plain_bytes)).s);
    card(page, "on the wire", bench_format_size((double)trace_both(t->wire_bytes)).s, more);
    (void)snprintf(more, sizeof(more), "%" PRIu64 " alive, %" PRIu64 " kept to the end",
                   r[0].alive + r[1].alive, r[0].leaked + r[1].leaked);
    card(page, "objects", trace_count(r[0].created + r[1].created).s, more);
    (void)snprintf(more, sizeof(more), "%" PRIu64 " never answered; %" PRIu64 " slow calls",
                   trace_both(t->unanswered), t->slow);
    card(page, "errors", trace_count(trace_both(t->errors)).s, more);
    (void)snprintf(more, sizeof(more), "%" PRIu64 " at least %d deep", t->deep,
                   profile->deep_stack);
    card(page, "deepest nesting", trace_count((uint64_t)(t->depth_max > 0 ? t->depth_max : 0)).s,
         more);
    fputs("</div>\n", page->out);
}

static void write_notes(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    if (profile->nnotes == 0)
        return;
    fputs("<div class=\"warn\" role=\"note\">\n", page->out);
    for (size_t i = 0; i < profile->nnotes; i++) {
        fputs("<p>", page->out);
        trace_html_text(page, profile->notes[i]);
        fputs("</p>\n", page->out);
    }
    fputs("</div>\n", page->out);
}

static void write_title(const struct trace_page *page)
{
    trace_html_text(page, page->options->title != NULL ? page->options->title
                                                       : "profile of remote calls");
}

static void write_head(const struct trace_page *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          page->out);
    write_title(page);
    fputs("</title>\n<style>\n", page->out);
    trace_html_style(page->out);
    fputs("</style></head>\n<body><main>\n<header><h1>", page->out);
    write_title(page);
    fputs("</h1>\n<p class=\"lead\">", page->out);
    trace_html_text(page, trace_headline(page->profile).s);
    fputs("</p>\n", page->out);
}

static void write_dearest(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    if (profile->nfindings == 0)
        return;
    fputs("<p class=\"lead\"><b>Dearest:</b> ", page->out);
    trace_html_text(page, trace_finding_line(profile, &profile->findings[0]).s);
    fputs(".</p>\n", page->out);
}

static const struct {
    unsigned part;
    const char *id, *title;
} links[] = {
    {TRACE_PART_FINDINGS, "findings", "findings"},
    {TRACE_PART_NAMES, "names", "names"},
    {TRACE_PART_SLOW, "slow", "slowest calls"},
    {TRACE_PART_TREE, "tree", "call tree"},
    {TRACE_PART_NETREFS, "netrefs", "objects"},
    {TRACE_PART_TIMELINE, "timeline", "timeline"},
    {TRACE_PART_SECTIONS, "sections", "sections"},
    {TRACE_PART_CONNECTIONS, "connections", "connections"},
};

static bool has_part(const struct trace_page *page, unsigned part)
{
    const struct trace_profile *profile = page->profile;
    size_t count = part == TRACE_PART_NAMES         ? profile->nby_name
                   : part == TRACE_PART_SLOW        ? profile->nslowest + profile->ndeepest
                   : part == TRACE_PART_TREE        ? profile->nnodes
                   : part == TRACE_PART_NETREFS     ? profile->nreferences
                   : part == TRACE_PART_TIMELINE    ? profile->ncalls
                   : part == TRACE_PART_SECTIONS    ? profile->nsections
                   : part == TRACE_PART_CONNECTIONS ? profile->nconnections + profile->nprocesses
                                                    : 1;
    return (page->options->parts & part) != 0 && count > 0;
}

static void write_nav(const struct trace_page *page)
{
    fputs("<nav aria-label=\"parts\">", page->out);
    for (size_t i = 0; i < BENCH_COUNT_OF(links); i++) {
        if (has_part(page, links[i].part))
            fprintf(page->out, "<a href=\"#%s\">%s</a>", links[i].id, links[i].title);
    }
    fputs("</nav></header>\n", page->out);
}

static void write_foot(const struct trace_page *page)
{
    fputs(
        "<footer><p>A round trip is a request whose sender did nothing else until the answer was "
        "there. Self: without the time in which requests of the other side were served meanwhile. "
        "A percentile that its samples are too few to place is shown as –: p99 takes 100. "
        "Predictions are computed from the measured times of the round trips that a change "
        "removes.</p></footer>\n</main>\n<script>\n",
        page->out);
    trace_html_script(page->out);
    fputs("</script></body></html>\n", page->out);
}

int trace_write_html(const struct trace_profile *profile,
                     const struct trace_report_options *options, FILE *out)
{
    struct trace_page page = {profile, options, out};
    int rc = 0;
    write_head(&page);
    write_dearest(&page);
    write_nav(&page);
    write_notes(&page);
    if (has_part(&page, TRACE_PART_SUMMARY))
        write_cards(&page);
    if (has_part(&page, TRACE_PART_FINDINGS))
        trace_html_findings(&page);
    if (has_part(&page, TRACE_PART_NAMES))
        trace_html_names(&page);
    if (has_part(&page, TRACE_PART_SLOW))
        trace_html_slow(&page);
    if (has_part(&page, TRACE_PART_TREE))
        rc = trace_html_tree(&page);
    if (has_part(&page, TRACE_PART_NETREFS))
        trace_html_netrefs(&page);
    if (rc == 0 && has_part(&page, TRACE_PART_TIMELINE))
        rc = trace_html_timeline(&page);
    if (has_part(&page, TRACE_PART_SECTIONS))
        trace_html_sections(&page);
    if (has_part(&page, TRACE_PART_CONNECTIONS))
        trace_html_connections(&page);
    write_foot(&page);
    return rc < 0 ? rc : trace_written(out);
}
