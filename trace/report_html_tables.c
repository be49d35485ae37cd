/* SPDX-License-Identifier: MIT */
/* The page: findings and tables. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "trace/report_html.h"

/* ---- findings ---- */

static void write_bars(const struct trace_page *page, const struct trace_finding *finding)
{
    fputs("<div class=\"bars\">\n", page->out);
    for (int at = -1; at < TRACE_RTTS; at++) {
        const struct trace_prediction *p = trace_prediction(finding, at);
        double left = p->before_s > 0 ? 100 * p->after_s / p->before_s : 100;
        left = left < 0 || !isfinite(left) ? 0 : left > 100 ? 100 : left;
        fprintf(page->out,
                "<div class=\"bar\"><span>%s</span><span class=\"track\" role=\"img\" "
                "aria-label=\"%s of %s remain\"><i style=\"width:%.2f%%\"></i></span>"
                "<span class=\"n\">saves %s of %s</span></div>\n",
                trace_rtt_text(at).s, trace_seconds(p->after_s).s, trace_seconds(p->before_s).s,
                left, trace_seconds(p->before_s - p->after_s).s, trace_seconds(p->before_s).s);
    }
    fputs("<p class=\"legend\">at a round-trip time of:<span class=\"key k1\"></span>remains"
          "<span class=\"key k2\"></span>saved</p></div>\n",
          page->out);
}

static void labelled(const struct trace_page *page, const char *label, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(page->out, "<p><span class=\"dim\">%s</span> ", label);
    trace_html_text(page, text);
    fputs("</p>\n", page->out);
}

/* Words of a rule, in which `code` is marked so. */
static void write_words(const struct trace_page *page, const char *label, const char *words)
{
    bool code = false;
    fprintf(page->out, "<p><span class=\"dim\">%s</span> ", label);
    for (const char *at = words; *at != '\0';) {
        struct trace_line part;
        size_t length = strcspn(at, "`");
        (void)snprintf(part.s, sizeof(part.s), "%.*s", (int)(length < 1000 ? length : 1000), at);
        trace_html_text(page, part.s);
        at += length;
        if (*at != '`')
            break;
        code = !code;
        fputs(code ? "<code>" : "</code>", page->out);
        at++;
    }
    fputs(code ? "</code></p>\n" : "</p>\n", page->out);
}

/* The first line of a fix is words, what follows an example of code. */
static void write_fix(const struct trace_page *page, const char *fix)
{
    struct trace_line line;
    size_t first = strcspn(fix, "\n");
    (void)snprintf(line.s, sizeof(line.s), "%.*s", (int)(first < 1000 ? first : 1000), fix);
    write_words(page, "How:", line.s);
    if (fix[first] == '\0')
        return;
    fputs("<pre>", page->out);
    for (const char *at = fix + first + 1; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        (void)snprintf(line.s, sizeof(line.s), "%.*s", (int)(length < 1000 ? length : 1000), at);
        trace_html_text(page, line.s);
        at += length;
        if (*at == '\n') {
            fputc('\n', page->out);
            at++;
        }
    }
    fputs("</pre>\n", page->out);
}

static void write_finding(const struct trace_page *page, size_t i)
{
    const struct trace_profile *profile = page->profile;
    const struct trace_finding *finding = &profile->findings[i];
    const char *place = trace_place(profile, finding->place);
    fprintf(page->out, "<article><h3>%zu. <span class=\"name\">", i + 1);
    trace_html_name(page, finding->name);
    fprintf(page->out, "</span> <span class=\"tag\">%s</span>", trace_finding_key(finding->id));
    if (finding->direction == BENCH_TO_CLIENT)
        fputs(" <span class=\"tag back\">by the server</span>", page->out);
    fputs("</h3>\n", page->out);
    if (trace_first_of_kind(profile, i))
        write_words(page, "", finding->rule->summary);
    if (finding->round_trips > 0)
        labelled(page, "Cost:", trace_finding_cost(profile, finding).s);
    labelled(page, "Why:", finding->evidence);
    labelled(page, "Where:", place);
    labelled(page, "Do:", finding->change);
    if (trace_first_of_kind(profile, i))
        write_fix(page, finding->rule->fix);
    if (finding->priced)
        write_bars(page, finding);
    fputs("</article>\n", page->out);
}

void trace_html_findings(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    trace_html_begin(page, "findings", "Findings",
                     profile->nfindings > 0 ? "Dearest first." : "None.");
    for (size_t i = 0; i < trace_html_rows(profile->nfindings); i++)
        write_finding(page, i);
    trace_html_end(page);
}

/* ---- names ---- */

static void percentile(const struct trace_page *page, const struct bench_sketch *hist, double p)
{
    int64_t ns;
    if (trace_percentile(hist, p, &ns))
        trace_html_figure(page, trace_as_seconds(ns), trace_ns(ns).s);
    else
        trace_html_figure(page, -1, "–");
}

static void write_share(const struct trace_page *page, const struct trace_name *name)
{
    int64_t waited = trace_waited(&page->profile->totals);
    double share = waited > 0 ? (double)name->self_ns / (double)waited : 0;
    double width = share < 0 ? 0 : share > 1 ? 100 : share * 100;
    fprintf(page->out,
            "<td class=\"n share\" data-v=\"%.6g\">%s<i style=\"width:%.1f%%\"></i></td>", share,
            share > 0 ? trace_share(share).s : "", width);
}

/* Columns that are shown only where one of the rows has something to say. */
enum optional { SELF, ASYNC, ERRORS, OBJECTS, PLACE, OPTIONAL };

static void find_columns(const struct trace_page *page, size_t rows, bool *shown)
{
    for (size_t i = 0; i < rows; i++) {
        const struct trace_name *name = &page->profile->by_name[i];
        shown[SELF] |= name->self_ns != name->total_ns;
        shown[ASYNC] |= name->unawaited + name->overlapped > 0;
        shown[ERRORS] |= name->errors > 0;
        shown[OBJECTS] |= name->objects > 0;
        shown[PLACE] |= trace_place(page->profile, name->place)[0] != '\0';
    }
}

static void write_errors(const struct trace_page *page, const struct trace_name *name)
{
    fprintf(page->out, "<td class=\"n bad\" data-v=\"%" PRIu64 "\"", name->errors);
    if (name->error != NULL) {
        fputs(" title=\"", page->out);
        trace_html_text(page, name->error);
        fputc('"', page->out);
    }
    fprintf(page->out, ">%s</td>", name->errors > 0 ? trace_count(name->errors).s : "");
}

static void write_name(const struct trace_page *page, const struct trace_name *name,
                       const bool *shown)
{
    uint64_t timed = trace_timed(name);
    trace_html_name_cell(page, name->name, name->direction == BENCH_TO_CLIENT);
    if (shown[PLACE])
        trace_html_words(page, trace_place(page->profile, name->place));
    trace_html_words(page, trace_verb_key(trace_main_verb(name)));
    trace_html_figure(page, (double)name->count, trace_count(name->count).s);
    trace_html_figure(page, (double)name->round_trips, trace_count(name->round_trips).s);
    trace_html_time(page, name->total_ns);
    write_share(page, name);
    if (shown[SELF])
        trace_html_time(page, name->self_ns != name->total_ns ? name->self_ns : 0);
    if (timed > 0)
        trace_html_time(page, name->total_ns / (int64_t)timed);
    else
        trace_html_figure(page, -1, "–");
    percentile(page, name->hist, 0.5);
    percentile(page, name->hist, 0.99);
    trace_html_time(page, name->slowest_ns);
    if (shown[ASYNC])
        trace_html_count(page, name->unawaited + name->overlapped);
    if (shown[ERRORS])
        write_errors(page, name);
    if (shown[OBJECTS])
        trace_html_count(page, name->objects);
    trace_html_bytes(page, trace_both(name->wire_bytes));
}

void trace_html_names(const struct trace_page *page)
{
    static const struct {
        struct trace_html_head head;
        enum optional when; /* OPTIONAL: always */
    } columns[] = {
        {{"name", NULL, TRACE_HTML_WORDS}, OPTIONAL},
        {{"place", "where most came from", TRACE_HTML_WORDS}, PLACE},
        {{"what", "what was mostly done", TRACE_HTML_WORDS}, OPTIONAL},
        {{"count", "calls, or else reads, items ...", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"round trips", "lookups included", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"total", "of awaited requests", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"waiting", "share of all waiting", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"self", "without requests served meanwhile", TRACE_HTML_FIGURE}, SELF},
        {{"mean", "per round trip", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"p50", "per round trip", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"p99", "per round trip", TRACE_HTML_FIGURE}, OPTIONAL},
        {{"slowest", NULL, TRACE_HTML_FIGURE}, OPTIONAL},
        {{"async", "requests that nobody stood still for", TRACE_HTML_FIGURE}, ASYNC},
        {{"errors", NULL, TRACE_HTML_FIGURE}, ERRORS},
        {{"objects", "handed out by the answers", TRACE_HTML_FIGURE}, OBJECTS},
        {{"bytes", "on the wire", TRACE_HTML_FIGURE}, OPTIONAL},
    };
    const struct trace_profile *profile = page->profile;
    struct trace_html_head heads[BENCH_COUNT_OF(columns)];
    bool shown[OPTIONAL + 1] = {[OPTIONAL] = true};
    size_t rows = trace_html_rows(profile->nby_name), count = 0;
    find_columns(page, rows, shown);
    for (size_t i = 0; i < BENCH_COUNT_OF(columns); i++) {
        if (shown[columns[i].when])
            heads[count++] = columns[i].head;
    }
    trace_html_begin(page, "names", "Names", "What was called, read and iterated.");
    trace_html_table(page, heads, count);
    for (size_t i = 0; i < rows; i++) {
        trace_html_row(page, i);
        write_name(page, &profile->by_name[i], shown);
        fputs("</tr>\n", page->out);
    }
    trace_html_table_end(page, rows, profile->nby_name);
    trace_html_end(page);
}

/* ---- slow and deep calls ---- */

static void write_calls(const struct trace_page *page, const struct trace_call *calls, size_t count,
                        bool deep)
{
    const struct trace_html_head heads[] = {
        {"took", NULL, TRACE_HTML_FIGURE},
        {"nested", "of it: serving requests of the other side", TRACE_HTML_FIGURE},
        {deep ? "names, outermost first" : "name", NULL, TRACE_HTML_WORDS},
        {"depth", NULL, TRACE_HTML_FIGURE},
        {"at", "since the beginning", TRACE_HTML_FIGURE},
        {"bytes", "on the wire", TRACE_HTML_FIGURE},
        {"connection", NULL, TRACE_HTML_FIGURE},
        {"error", NULL, TRACE_HTML_WORDS},
        {"place", NULL, TRACE_HTML_WORDS},
    };
    const struct trace_profile *profile = page->profile;
    trace_html_table(page, heads, BENCH_COUNT_OF(heads));
    for (size_t i = 0; i < count; i++) {
        const struct trace_call *call = &calls[i];
        trace_html_row(page, i);
        trace_html_time(page, call->end_ns - call->start_ns);
        trace_html_time(page, call->nested_ns);
        if (deep) {
            fputs("<td class=\"name chain\">", page->out);
            trace_html_text(page, trace_call_chain(profile, call).s);
            fputs("</td>", page->out);
        } else {
            trace_html_name_cell(page, call->name, call->direction == BENCH_TO_CLIENT);
        }
        trace_html_figure(page, call->depth, trace_count((uint64_t)call->depth).s);
        trace_html_figure(page, trace_as_seconds(trace_since(profile, call->start_ns)),
                          trace_ns(trace_since(profile, call->start_ns)).s);
        trace_html_bytes(page, trace_both(call->wire_bytes));
        trace_html_count(page, call->connection);
        trace_html_words(page, call->failed ? call->error : "");
        trace_html_words(page, trace_place(profile, call->place));
        fputs("</tr>\n", page->out);
    }
    trace_html_table_end(page, count, count);
}

void trace_html_slow(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    char note[128] = "";
    if (profile->slow_call_ns > 0)
        (void)snprintf(note, sizeof(note), "%" PRIu64 " took %s or longer.", profile->totals.slow,
                       trace_ns(profile->slow_call_ns).s);
    trace_html_begin(page, "slow", "Slowest calls", note);
    if (profile->nslowest > 0)
        write_calls(page, profile->slowest, profile->nslowest, false);
    if (profile->ndeepest > 0) {
        fputs("<h3>Deepest</h3>\n<p class=\"note\">Requests that were made to answer others.</p>\n",
              page->out);
        write_calls(page, profile->deepest, profile->ndeepest, true);
    }
    trace_html_end(page);
}

/* ---- objects, sections, connections ---- */

void trace_html_netrefs(const struct trace_page *page)
{
    static const struct trace_html_head heads[] = {
        {"object", NULL, TRACE_HTML_WORDS},
        {"class", NULL, TRACE_HTML_WORDS},
        {"held by", NULL, TRACE_HTML_WORDS},
        {"handed out", NULL, TRACE_HTML_FIGURE},
        {"given back", NULL, TRACE_HTML_FIGURE},
        {"alive", NULL, TRACE_HTML_FIGURE},
        {"kept to the end", "alive when their connection ended, as root always is", TRACE_HTML_FIGURE},
        {"calls", NULL, TRACE_HTML_FIGURE},
        {"reads", NULL, TRACE_HTML_FIGURE},
        {"items", NULL, TRACE_HTML_FIGURE},
        {"oldest", "time since which one has been alive", TRACE_HTML_FIGURE},
    };
    const struct trace_profile *profile = page->profile;
    size_t rows = trace_html_rows(profile->nreferences);
    trace_html_begin(page, "netrefs", "Objects by reference", "Each use of one is a round trip.");
    trace_html_table(page, heads, BENCH_COUNT_OF(heads));
    for (size_t i = 0; i < rows; i++) {
        const struct trace_reference_row *row = &profile->references[i];
        trace_html_row(page, i);
        trace_html_name_cell(page, row->name, false);
        trace_html_words(page, row->class_name != BENCH_NAME_NONE
                                   ? bench_names_text(profile->names, row->class_name)
                                   : "");
        trace_html_words(page, row->direction == BENCH_TO_CLIENT ? "client" : "server");
        trace_html_count(page, row->counts.created);
        trace_html_count(page, row->counts.released);
        trace_html_count(page, row->counts.alive);
        trace_html_count(page, row->counts.leaked);
        trace_html_count(page, row->calls);
        trace_html_count(page, row->reads);
        trace_html_count(page, row->items);
        trace_html_time(page, row->oldest_ns > 0 ? trace_age(profile, row->oldest_ns) : 0);
        fputs("</tr>\n", page->out);
    }
    trace_html_table_end(page, rows, profile->nreferences);
    trace_html_end(page);
}

static void section_cell(const struct trace_page *page, size_t i)
{
    const struct trace_profile *profile = page->profile;
    int depth = 0;
    for (uint32_t at = profile->sections[i].parent;
         at > 0 && at <= profile->nsections && depth < 10; at = profile->sections[at - 1].parent)
        depth++;
    fprintf(page->out, "<td class=\"name\" style=\"padding-left:%dpx\">", depth * 16);
    trace_html_text(page, profile->sections[i].name);
    fputs(profile->sections[i].open ? " <span class=\"tag\">not ended</span></td>" : "</td>",
          page->out);
}

void trace_html_sections(const struct trace_page *page)
{
    static const struct trace_html_head heads[] = {
        {"section", NULL, TRACE_HTML_WORDS},
        {"times", NULL, TRACE_HTML_FIGURE},
        {"total", NULL, TRACE_HTML_FIGURE},
        {"slowest", NULL, TRACE_HTML_FIGURE},
        {"round trips", NULL, TRACE_HTML_FIGURE},
        {"waiting", NULL, TRACE_HTML_FIGURE},
        {"objects", "handed out within it", TRACE_HTML_FIGURE},
        {"errors", NULL, TRACE_HTML_FIGURE},
        {"bytes", NULL, TRACE_HTML_FIGURE},
        {"thread", NULL, TRACE_HTML_FIGURE},
    };
    const struct trace_profile *profile = page->profile;
    size_t rows = trace_html_rows(profile->nsections);
    trace_html_begin(page, "sections", "Sections",
                     "As the program marked them; sections inside are included.");
    trace_html_table(page, heads, BENCH_COUNT_OF(heads));
    for (size_t i = 0; i < rows; i++) {
        const struct trace_section *section = &profile->sections[i];
        const struct trace_totals *t = &section->totals;
        trace_html_row(page, i);
        section_cell(page, i);
        trace_html_count(page, section->count);
        trace_html_time(page, section->total_ns);
        trace_html_time(page, section->slowest_ns);
        trace_html_count(page, trace_both(t->round_trips));
        trace_html_time(page, trace_waited(t));
        trace_html_count(page, t->references[0].created + t->references[1].created);
        trace_html_count(page, trace_both(t->errors));
        trace_html_bytes(page, trace_both(t->wire_bytes));
        trace_html_figure(page, section->thread,
                          section->thread > 0 ? trace_count(section->thread).s : "several");
        fputs("</tr>\n", page->out);
    }
    trace_html_table_end(page, rows, profile->nsections);
    trace_html_end(page);
}

static void connection_cell(const struct trace_page *page,
                            const struct trace_connection *connection)
{
    const struct {
        bool is;
        const char *text;
    } tags[] = {{connection->end_ns == 0, "open"},
                {connection->from_server, "seen from the server"},
                {connection->joined, "beginning not seen"},
                {connection->encrypted, "encrypted"},
                {connection->foreign, "not decoded"}};
    fputs("<td class=\"name\">", page->out);
    trace_html_text(page, connection->text);
    for (size_t i = 0; i < BENCH_COUNT_OF(tags); i++) {
        if (tags[i].is)
            fprintf(page->out, " <span class=\"tag\">%s</span>", tags[i].text);
    }
    fputs("</td>", page->out);
}

static void write_connections(const struct trace_page *page)
{
    static const struct trace_html_head heads[] = {
        {"#", NULL, TRACE_HTML_FIGURE},           {"connection", NULL, TRACE_HTML_WORDS},
        {"process", NULL, TRACE_HTML_FIGURE},     {"begin", NULL, TRACE_HTML_FIGURE},
        {"lasted", NULL, TRACE_HTML_FIGURE},      {"messages", NULL, TRACE_HTML_FIGURE},
        {"round trips", NULL, TRACE_HTML_FIGURE}, {"waiting", NULL, TRACE_HTML_FIGURE},
        {"bytes", NULL, TRACE_HTML_FIGURE},       {"objects alive", NULL, TRACE_HTML_FIGURE},
        {"errors", NULL, TRACE_HTML_FIGURE},
    };
    const struct trace_profile *profile = page->profile;
    size_t rows = trace_html_rows(profile->nconnections);
    trace_html_table(page, heads, BENCH_COUNT_OF(heads));
    for (size_t i = 0; i < rows; i++) {
        const struct trace_connection *connection = &profile->connections[i];
        const struct trace_totals *t = &connection->totals;
        int64_t end = connection->end_ns != 0 ? connection->end_ns : profile->end_ns;
        trace_html_row(page, i);
        trace_html_count(page, connection->connection);
        connection_cell(page, connection);
        trace_html_count(page, connection->process);
        trace_html_time(page, trace_since(profile, connection->begin_ns));
        trace_html_time(page, end - connection->begin_ns);
        trace_html_count(page, trace_both(t->messages));
        trace_html_count(page, trace_both(t->round_trips));
        trace_html_time(page, trace_waited(t));
        trace_html_bytes(page, trace_both(t->wire_bytes));
        trace_html_count(page, t->references[0].alive + t->references[1].alive);
        trace_html_count(page, trace_both(t->errors));
        fputs("</tr>\n", page->out);
    }
    trace_html_table_end(page, rows, profile->nconnections);
}

void trace_html_connections(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    trace_html_begin(page, "connections", "Connections", "");
    if (profile->nconnections > 0)
        write_connections(page);
    for (size_t i = 0; i < trace_html_rows(profile->nprocesses); i++) {
        fprintf(page->out, "<p class=\"note\">process %" PRIu32 ": <span class=\"name\">",
                profile->processes[i].pid);
        trace_html_text(page, profile->processes[i].command);
        fputs("</span></p>\n", page->out);
    }
    trace_html_end(page);
}
