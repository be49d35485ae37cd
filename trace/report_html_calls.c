/* SPDX-License-Identifier: MIT */
/* The page: call tree and timeline. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/report_html.h"

/* ---- call tree ---- */

#define FOLDS_MAX  64 /* within each other: a browser gives up at 512 elements */
#define OPEN_DEPTH 3  /* levels that are unfolded at first */

static void tree_figures(const struct trace_page *page, const struct trace_node *node)
{
    fprintf(page->out, "<span class=\"n\" title=\"round trips\">%" PRIu64 " rt</span>",
            node->round_trips);
    fprintf(page->out, "<span class=\"n\" title=\"total\">%s</span>", trace_ns(node->total_ns).s);
    fprintf(page->out,
            "<span class=\"n dim\" title=\"self: without requests served meanwhile\">"
            "%s%s</span>",
            node->self_ns != node->total_ns ? "self " : "",
            node->self_ns != node->total_ns ? trace_ns(node->self_ns).s : "");
}

static void tree_row(const struct trace_page *page, const struct trace_outline_row *row)
{
    const struct trace_node *node = &page->profile->nodes[row->node];
    fputs("<span class=\"row\"><span class=\"name\">", page->out);
    if (row->left_out > 0) {
        fprintf(page->out, "… %" PRIu32 " more</span><span class=\"n\">%s</span></span>",
                row->left_out, trace_ns(row->left_out_ns).s);
        return;
    }
    trace_html_text(page, trace_node_text(page->profile, node).s);
    if (node->count > 1)
        fprintf(page->out, " <span class=\"tag\">×%" PRIu64 "</span>", node->count);
    if (node->direction == BENCH_TO_CLIENT && node->name != BENCH_NAME_NONE)
        fputs(" <span class=\"tag back\">by the server</span>", page->out);
    if (node->objects > 0 && page->options->netrefs)
        fprintf(page->out,
                " <span class=\"tag\" title=\"objects handed out\">%" PRIu64 " netref%s</span>",
                node->objects, node->objects == 1 ? "" : "s");
    if (node->errors > 0)
        fprintf(page->out, " <span class=\"tag bad\">%" PRIu64 " error%s</span>", node->errors,
                node->errors == 1 ? "" : "s");
    fputs("</span>", page->out);
    tree_figures(page, node);
    fputs("</span>", page->out);
}

static void write_outline(const struct trace_page *page, const struct trace_outline *outline)
{
    int folds = 0; /* open <details> elements; one for each level above the row, up to the limit */
    for (size_t i = 0; i < outline->nrows; i++) {
        const struct trace_outline_row *row = &outline->rows[i];
        int level = row->depth < FOLDS_MAX ? row->depth : FOLDS_MAX;
        for (; folds > level; folds--)
            fputs("</details>\n", page->out);
        if (row->children && folds < FOLDS_MAX) {
            fprintf(page->out, "<details%s><summary>", row->depth < OPEN_DEPTH ? " open" : "");
            tree_row(page, row);
            fputs("</summary>\n", page->out);
            folds++;
        } else {
            fputs("<div class=\"leaf\">", page->out);
            tree_row(page, row);
            fputs("</div>\n", page->out);
        }
    }
    for (; folds > 0; folds--)
        fputs("</details>\n", page->out);
}

int trace_html_tree(const struct trace_page *page)
{
    struct trace_outline outline;
    struct trace_report_options options = *page->options;
    options.top = options.top > 0 && options.top < 200 ? 200 : options.top; /* it can be folded */
    int rc = trace_outline_make(page->profile, &options, &outline);
    if (rc < 0)
        return rc;
    trace_html_begin(page, "tree", "Call tree",
                     "Calls of the same name from the same place in it, together.");
    fputs("<div class=\"tree\">\n", page->out);
    write_outline(page, &outline);
    fputs("</div>\n", page->out);
    if (outline.hidden > 0)
        fprintf(page->out,
                "<p class=\"note\">%zu branches are too deep or too short to be shown.</p>\n",
                outline.hidden);
    trace_html_end(page);
    trace_outline_free(&outline);
    return 0;
}

/* ---- timeline ---- */

#define BARS_MAX   4000 /* of the whole drawing: the longest calls */
#define LANES_MAX  64
#define LANE_DEPTH 8 /* levels that are drawn below each other */
#define WIDTH      10000.0
#define LEVEL      14 /* height of a level */

struct lane {
    uint32_t process;
    uint64_t thread, connection;
    int depth;
};

struct lanes {
    struct lane all[LANES_MAX];
    size_t count;
};

/* Index, or SIZE_MAX when there are too many. */
static size_t lane_of(struct lanes *lanes, const struct trace_call *call)
{
    uint64_t connection = call->thread != 0 ? 0 : call->connection;
    for (size_t i = 0; i < lanes->count; i++) {
        const struct lane *lane = &lanes->all[i];
        if (lane->process == call->process && lane->thread == call->thread &&
            lane->connection == connection)
            return i;
    }
    if (lanes->count == LANES_MAX)
        return SIZE_MAX;
    lanes->all[lanes->count] =
        (struct lane){.process = call->process, .thread = call->thread, .connection = connection};
    return lanes->count++;
}

static int level_of(const struct trace_call *call)
{
    return call->depth < 1 ? 0 : call->depth > LANE_DEPTH ? LANE_DEPTH - 1 : call->depth - 1;
}

static void write_bar(const struct trace_page *page, const struct trace_call *call)
{
    const struct trace_profile *profile = page->profile;
    int64_t elapsed = trace_elapsed(profile);
    double scale = elapsed > 0 ? WIDTH / (double)elapsed : 0;
    double x = (double)trace_since(profile, call->start_ns) * scale;
    double width = (double)(call->end_ns - call->start_ns) * scale;
    fprintf(page->out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
            call->failed                         ? "e"
            : call->direction == BENCH_TO_CLIENT ? "c"
                                                 : "s",
            x, level_of(call) * LEVEL + 1, width < 8 ? 8 : width, LEVEL - 2);
    trace_html_name(page, call->name);
    fprintf(page->out, ": %s at %s</title></rect>\n", trace_ns(call->end_ns - call->start_ns).s,
            trace_ns(trace_since(profile, call->start_ns)).s);
}

static void begin_svg(const struct trace_page *page, const char *label, int levels)
{
    fputs("<i>", page->out);
    trace_html_text(page, label);
    fprintf(page->out,
            "</i><svg viewBox=\"0 0 %.0f %d\" height=\"%d\" preserveAspectRatio=\"none\" "
            "role=\"img\" aria-label=\"",
            WIDTH, levels * LEVEL, levels * LEVEL);
    trace_html_text(page, label);
    fputs("\">\n", page->out);
}

static void write_lane(const struct trace_page *page, struct lanes *lanes, size_t i,
                       const size_t *chosen, size_t count)
{
    const struct lane *lane = &lanes->all[i];
    char label[96];
    if (lane->thread != 0 && lane->thread != lane->process)
        (void)snprintf(label, sizeof(label), "process %" PRIu32 ", thread %" PRIu64, lane->process,
                       lane->thread);
    else if (lane->thread != 0)
        (void)snprintf(label, sizeof(label), "process %" PRIu32, lane->process);
    else
        (void)snprintf(label, sizeof(label), "connection %" PRIu64, lane->connection);
    begin_svg(page, label, lane->depth + 1);
    for (size_t k = 0; k < count; k++) {
        const struct trace_call *call = &page->profile->calls[chosen[k]];
        if (lane_of(lanes, call) == i)
            write_bar(page, call);
    }
    fputs("</svg>\n", page->out);
}

/* Sections that ran once: of others it is not known when. */
static void write_section_lane(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    int64_t elapsed = trace_elapsed(profile);
    double scale = elapsed > 0 ? WIDTH / (double)elapsed : 0;
    size_t once = 0;
    for (size_t i = 0; i < profile->nsections; i++)
        once += profile->sections[i].count == 1;
    if (once == 0)
        return;
    begin_svg(page, "sections", LANE_DEPTH / 4);
    for (size_t i = 0; i < profile->nsections; i++) {
        const struct trace_section *section = &profile->sections[i];
        if (section->count != 1)
            continue;
        fprintf(page->out,
                "<rect class=\"m\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
                (double)trace_since(profile, section->begin_ns) * scale,
                section->parent != 0 ? LEVEL + 1 : 1, (double)section->total_ns * scale, LEVEL - 2);
        trace_html_text(page, section->name);
        fprintf(page->out, ": %s</title></rect>\n", trace_ns(section->total_ns).s);
    }
    fputs("</svg>\n", page->out);
}

static void write_axis(const struct trace_page *page)
{
    int64_t elapsed = trace_elapsed(page->profile);
    fputs("<i></i><div class=\"axis\">", page->out);
    for (int k = 0; k <= 4; k++)
        fprintf(page->out, "<span>%s</span>", trace_ns(elapsed / 4 * k).s);
    fputs("</div>\n", page->out);
}

static void timeline_note(const struct trace_profile *profile, size_t shown, char *out, size_t size)
{
    int n = snprintf(out, size, "When calls were under way; nested ones below their callers.");
    if (shown < profile->ncalls)
        n +=
            snprintf(out + n, size - (size_t)n, " The longest %zu of %zu.", shown, profile->ncalls);
    if (profile->calls_stride > 1)
        (void)snprintf(out + n, size - (size_t)n, " One of every %" PRIu64 " calls was kept.",
                       profile->calls_stride);
}

int trace_html_timeline(const struct trace_page *page)
{
    const struct trace_profile *profile = page->profile;
    struct lanes lanes = {.count = 0};
    size_t *chosen = NULL, count = 0, left_out = 0;
    char note[256];
    int rc = trace_choose_calls(profile, page->options->least_ns, BARS_MAX, &chosen, &count);
    if (rc < 0)
        return rc;
    for (size_t k = 0; k < count; k++) {
        const struct trace_call *call = &profile->calls[chosen[k]];
        size_t lane = lane_of(&lanes, call);
        if (lane == SIZE_MAX)
            left_out++;
        else if (level_of(call) > lanes.all[lane].depth)
            lanes.all[lane].depth = level_of(call);
    }
    timeline_note(profile, count - left_out, note, sizeof(note));
    trace_html_begin(page, "timeline", "Timeline", note);
    fputs("<div class=\"tl\">\n", page->out);
    write_section_lane(page);
    for (size_t i = 0; i < lanes.count; i++)
        write_lane(page, &lanes, i, chosen, count);
    write_axis(page);
    fputs("</div>\n<p class=\"legend\"><span class=\"key k3\"></span>the program's requests"
          "<span class=\"key k4\"></span>the server's<span class=\"key k5\"></span>failed"
          "<span class=\"key k1\"></span>sections</p>\n",
          page->out);
    trace_html_end(page);
    free(chosen);
    return 0;
}
