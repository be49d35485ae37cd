/* SPDX-License-Identifier: MIT */
/*
 * What the analyser knows, as a profile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/internal.h"
#include "trace/notes.h"
#include "trace/patterns.h"

static int by_total(const void *a, const void *b)
{
    const struct trace_name *x = a, *y = b;
    if (x->total_ns != y->total_ns)
        return x->total_ns < y->total_ns ? 1 : -1;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return (int)x->direction - (int)y->direction;
}

static int by_beginning(const void *a, const void *b)
{
    const struct trace_connection *x = a, *y = b;
    if (x->begin_ns != y->begin_ns)
        return x->begin_ns < y->begin_ns ? -1 : 1;
    return x->connection < y->connection ? -1 : x->connection > y->connection;
}

static int call_by_beginning(const void *a, const void *b)
{
    const struct trace_call *x = a, *y = b;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->connection != y->connection)
        return x->connection < y->connection ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int call_by_duration(const void *a, const void *b)
{
    const struct trace_call *x = a, *y = b;
    const int64_t took[2] = {x->end_ns - x->start_ns, y->end_ns - y->start_ns};
    return took[0] != took[1] ? (took[0] < took[1] ? 1 : -1) : call_by_beginning(a, b);
}

static int call_by_depth(const void *a, const void *b)
{
    const struct trace_call *x = a, *y = b;
    return x->depth != y->depth ? y->depth - x->depth : call_by_duration(a, b);
}

static int by_uses(const void *a, const void *b)
{
    const struct trace_reference_row *x = a, *y = b;
    const uint64_t uses[2] = {x->calls + x->reads + x->items, y->calls + y->reads + y->items};
    if (uses[0] != uses[1])
        return uses[0] < uses[1] ? 1 : -1;
    if (x->counts.created != y->counts.created)
        return x->counts.created < y->counts.created ? 1 : -1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static struct bench_sketch *take_sketch(struct trace_memory *memory,
                                        const struct bench_sketch *sketch)
{
    struct bench_sketch *copy = trace_memory_take(memory, sizeof(*copy));
    void *buckets = trace_memory_take(memory, bench_sketch_bytes(sketch));
    if (copy == NULL || buckets == NULL)
        return NULL;
    bench_sketch_place(copy, sketch, buckets);
    return copy;
}

static int take_names(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_rows *rows = &analyser->rows;
    profile->by_name =
        trace_memory_take(profile->memory, rows->length * sizeof(*profile->by_name));
    if (profile->by_name == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < rows->length; i++) {
        struct trace_name *name = &profile->by_name[profile->nby_name++];
        *name = rows->rows[i]->name;
        name->count = trace_count_of(name->verbs);
        name->hist = take_sketch(profile->memory, &rows->rows[i]->hist);
        if (name->hist == NULL)
            return -ENOMEM;
    }
    qsort(profile->by_name, profile->nby_name, sizeof(*profile->by_name), by_total);
    return 0;
}

static int take_connections(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_connections *all = &analyser->connections;
    const bool merged = analyser->limits.merged > 0;
    const size_t n = all->nclosed + all->open + merged;
    struct trace_connection *rows = trace_memory_take(profile->memory, n * sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    size_t used = 0;
    for (size_t i = 0; i < all->nclosed; i++) {
        rows[used] = all->closed[i];
        rows[used++].text = trace_memory_text(profile->memory, all->closed[i].text);
    }
    for (const struct trace_conn *conn = all->first; conn != NULL; conn = conn->after) {
        rows[used] = conn->row;
        rows[used++].text = trace_memory_text(profile->memory, conn->text);
    }
    qsort(rows, used, sizeof(*rows), by_beginning);
    if (merged) {
        rows[used] = all->merged;
        rows[used++].text = "(others)";
    }
    for (size_t i = 0; i < used; i++)
        if (rows[i].text == NULL)
            return -ENOMEM;
    profile->connections = rows;
    profile->nconnections = used;
    return 0;
}

static int take_sections(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_sections *sections = &analyser->sections;
    struct trace_section *out =
        trace_memory_take(profile->memory, sections->length * sizeof(*out));
    if (out == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < sections->length; i++) {
        out[i] = sections->rows[i].section;
        out[i].open |= sections->rows[i].running > 0;
        out[i].name = trace_memory_text(profile->memory, sections->rows[i].name);
        if (out[i].name == NULL)
            return -ENOMEM;
    }
    for (uint32_t i = 0; i < sections->nmarked; i++) { /* so far */
        const struct trace_marked *marked = &sections->marked[i];
        for (uint32_t k = 0; k < marked->depth; k++) {
            struct trace_section *section = &out[marked->marks[k].section - 1];
            const int64_t took = analyser->end_ns - marked->marks[k].begin_ns;
            section->total_ns += took > 0 ? took : 0;
            if (took > section->slowest_ns)
                section->slowest_ns = took;
        }
    }
    profile->sections = out;
    profile->nsections = sections->length;
    return 0;
}

static void fill_section_node(struct trace_node *node, const struct trace_section *section)
{
    const struct trace_totals *totals = &section->totals;
    node->count = section->count;
    node->round_trips = trace_both(totals->round_trips);
    node->requests = trace_both(totals->requests);
    node->errors = trace_both(totals->errors);
    node->objects = totals->references[0].created + totals->references[1].created;
    node->total_ns = node->self_ns = section->total_ns;
    node->slowest_ns = section->slowest_ns;
}

/* After the sections. The time of a section that is its own: not in sections or requests in it. */
static int take_nodes(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_tree *tree = &analyser->tree;
    struct trace_node *nodes = trace_memory_take(profile->memory, tree->length * sizeof(*nodes));
    if (nodes == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < tree->length; i++) {
        const struct trace_twig *twig = &tree->twigs[i];
        nodes[i] = twig->node;
        nodes[i].count = twig->calls > 0 ? twig->calls
                         : twig->acts > 0 ? twig->acts
                                          : twig->node.requests;
        if (nodes[i].section != 0)
            fill_section_node(&nodes[i], &profile->sections[nodes[i].section - 1]);
    }
    for (uint32_t i = 0; i < tree->length; i++) {
        struct trace_node *parent = nodes[i].parent == 0 ? NULL : &nodes[nodes[i].parent - 1];
        if (parent == NULL || parent->section == 0)
            continue;
        parent->self_ns -= nodes[i].total_ns;
        if (parent->self_ns < 0)
            parent->self_ns = 0;
    }
    profile->nodes = nodes;
    profile->nnodes = tree->length;
    return 0;
}

static struct trace_call *take_calls(struct trace_memory *memory, const struct trace_call *calls,
                                     size_t n, int (*order)(const void *, const void *))
{
    struct trace_call *copy = trace_memory_take(memory, n * sizeof(*copy));
    if (copy == NULL || n == 0)
        return copy;
    memcpy(copy, calls, n * sizeof(*copy));
    qsort(copy, n, sizeof(*copy), order);
    return copy;
}

static int take_all_calls(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_calls *calls = &analyser->calls;
    struct trace_memory *memory = profile->memory;
    struct trace_call *deepest =
        trace_memory_take(memory, calls->ndeepest * sizeof(*deepest));
    profile->calls = take_calls(memory, calls->kept, calls->nkept, call_by_beginning);
    profile->slowest = take_calls(memory, calls->slowest, calls->nslowest, call_by_duration);
    if (deepest == NULL || profile->calls == NULL || profile->slowest == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < calls->ndeepest; i++)
        deepest[i] = calls->deepest[i].call;
    qsort(deepest, calls->ndeepest, sizeof(*deepest), call_by_depth);
    profile->deepest = deepest;
    profile->ndeepest = calls->ndeepest;
    profile->nslowest = calls->nslowest;
    profile->ncalls = calls->nkept;
    profile->calls_stride = calls->stride;
    return 0;
}

static int take_references(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct trace_references_of *from = &analyser->references;
    struct trace_reference_row *rows =
        trace_memory_take(profile->memory, from->length * sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    if (from->length > 0)
        memcpy(rows, from->rows, from->length * sizeof(*rows));
    for (const struct trace_conn *conn = analyser->connections.first; conn != NULL;
         conn = conn->after) {
        trace_references_kept(conn, analyser->end_ns, rows);
        for (size_t i = 0; i < conn->alive.room; i++) {
            const struct trace_reference *alive = &conn->alive.slots[i];
            struct trace_reference_row *row = alive->id == 0 ? NULL : &rows[alive->row - 1];
            if (row != NULL && (row->oldest_ns == 0 || alive->since_ns < row->oldest_ns))
                row->oldest_ns = alive->since_ns;
        }
    }
    size_t used = 0;
    for (size_t i = 0; i < from->length; i++) {
        const struct trace_references *counts = &rows[i].counts;
        if (counts->created + counts->released + counts->alive + counts->leaked + rows[i].calls +
                rows[i].reads + rows[i].items >
            0)
            rows[used++] = rows[i];
    }
    if (used > 0)
        qsort(rows, used, sizeof(*rows), by_uses);
    profile->references = rows;
    profile->nreferences = used;
    return 0;
}

static int take_texts(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const size_t n = analyser->places.length;
    const char **places = trace_memory_take(profile->memory, n * sizeof(*places));
    struct trace_process *processes =
        trace_memory_take(profile->memory, analyser->nprocesses * sizeof(*processes));
    if (places == NULL || processes == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        places[i] = trace_memory_text(profile->memory,
                                      trace_analyser_place(analyser, (uint32_t)i));
        if (places[i] == NULL)
            return -ENOMEM;
    }
    for (size_t i = 0; i < analyser->nprocesses; i++) {
        processes[i] = analyser->processes[i];
        processes[i].command = trace_memory_text(profile->memory, processes[i].command);
        if (processes[i].command == NULL)
            return -ENOMEM;
    }
    profile->places = places;
    profile->nplaces = n;
    profile->processes = processes;
    profile->nprocesses = analyser->nprocesses;
    return 0;
}

static int take_findings(struct trace_analyser *analyser, struct trace_profile *profile)
{
    const struct bench_decoder_ops *ops =
        analyser->used != NULL ? analyser->used : analyser->decoders[0];
    if (ops == NULL || ops->rules == NULL)
        return 0;
    return trace_patterns_findings(analyser->patterns, profile, ops->rules, &profile->findings,
                                   &profile->nfindings, profile->memory);
}

/* Those that are shown: a leak may be among the others. */
static void cut_references(const struct trace_analyser *analyser, struct trace_profile *profile)
{
    const unsigned top = analyser->options.top;
    if (top > 0 && profile->nreferences > top)
        profile->nreferences = top;
}

/* An empty one with what both kinds have. */
static struct trace_profile *begin(const struct trace_analyser *analyser)
{
    struct trace_memory *memory = trace_memory_new();
    struct trace_profile *profile =
        memory == NULL ? NULL : trace_memory_take(memory, sizeof(*profile));
    if (profile == NULL) {
        trace_memory_free(memory);
        return NULL;
    }
    profile->memory = memory;
    profile->names = analyser->names;
    profile->begin_ns = analyser->begin_ns == INT64_MAX ? 0 : analyser->begin_ns;
    profile->end_ns = analyser->end_ns;
    profile->slow_call_ns = analyser->options.slow_call_ns;
    profile->deep_stack = analyser->options.deep_stack;
    profile->sample = analyser->options.sample;
    profile->dropped = analyser->limits.dropped;
    profile->calls_stride = 1;
    trace_connections_totals(&analyser->connections, &profile->totals);
    return profile;
}

void trace_profile_free(struct trace_profile *profile)
{
    if (profile != NULL)
        trace_memory_free(profile->memory);
}

int trace_profile_take(struct trace_analyser *analyser, struct trace_profile **out)
{
    struct trace_profile *profile = begin(analyser);
    if (profile == NULL)
        return -ENOMEM;
    int rc = take_names(analyser, profile);
    if (rc == 0)
        rc = take_connections(analyser, profile);
    if (rc == 0)
        rc = take_sections(analyser, profile);
    if (rc == 0)
        rc = take_nodes(analyser, profile);
    if (rc == 0)
        rc = take_all_calls(analyser, profile);
    if (rc == 0)
        rc = take_references(analyser, profile);
    if (rc == 0)
        rc = take_texts(analyser, profile);
    if (rc == 0)
        rc = take_findings(analyser, profile);
    if (rc == 0)
        rc = trace_notes(analyser, profile);
    if (rc < 0) {
        trace_profile_free(profile);
        return rc;
    }
    cut_references(analyser, profile);
    *out = profile;
    return 0;
}

/* What is in the row since the last window; false = nothing. */
static bool difference(struct trace_row *row, struct trace_name *out, struct trace_memory *memory,
                       int *rc)
{
    const struct trace_name *now = &row->name, *before = &row->before;
    if (memcmp(now, before, sizeof(*now)) == 0)
        return false;
    *out = *now;
    for (int v = 0; v < BENCH_VERB_COUNT; v++)
        out->verbs[v] -= before->verbs[v];
    for (int i = 0; i < 2; i++) {
        out->plain_bytes[i] -= before->plain_bytes[i];
        out->wire_bytes[i] -= before->wire_bytes[i];
    }
    out->lookups -= before->lookups;
    out->round_trips -= before->round_trips;
    out->unawaited -= before->unawaited;
    out->overlapped -= before->overlapped;
    out->errors -= before->errors;
    out->objects -= before->objects;
    out->total_ns -= before->total_ns;
    out->self_ns -= before->self_ns;
    out->slowest_ns = row->window_slowest_ns;
    out->slowest_at_ns = row->window_slowest_at_ns;
    out->count = trace_count_of(out->verbs);
    if (out->errors == 0)
        out->error = NULL;
    struct bench_sketch *sketch = take_sketch(memory, &row->hist);
    if (sketch == NULL) {
        *rc = -ENOMEM;
        return false;
    }
    bench_sketch_subtract(sketch, &row->before_hist);
    out->hist = sketch;
    return true;
}

/* From here on the next window counts. */
static int begin_window(struct trace_analyser *analyser, const struct trace_totals *now)
{
    int rc = 0;
    for (size_t i = 0; i < analyser->rows.length; i++) {
        struct trace_row *row = analyser->rows.rows[i];
        if (memcmp(&row->before, &row->name, sizeof(row->name)) == 0)
            continue;
        memcpy(&row->before, &row->name, sizeof(row->name)); /* padding too: memcmp looks at it */
        row->window_slowest_ns = row->window_slowest_at_ns = 0;
        if (bench_sketch_copy(&row->before_hist, &row->hist) < 0)
            rc = -ENOMEM;
    }
    analyser->window_before = *now;
    analyser->window_depth = 0;
    analyser->window_begin_ns = analyser->end_ns;
    return rc;
}

int trace_window_take(struct trace_analyser *analyser, struct trace_profile **out)
{
    struct trace_profile *profile = begin(analyser);
    int rc = 0;
    if (profile == NULL)
        return -ENOMEM;
    const struct trace_totals now = profile->totals;
    if (analyser->window_begin_ns != INT64_MAX)
        profile->begin_ns = analyser->window_begin_ns;
    trace_totals_subtract(&profile->totals, &analyser->window_before);
    profile->totals.depth_max = analyser->window_depth;
    profile->by_name = trace_memory_take(
        profile->memory, analyser->rows.length * sizeof(*profile->by_name));
    if (profile->by_name == NULL)
        rc = -ENOMEM;
    for (size_t i = 0; rc == 0 && i < analyser->rows.length; i++)
        if (difference(analyser->rows.rows[i], &profile->by_name[profile->nby_name],
                       profile->memory, &rc))
            profile->nby_name++;
    if (rc == 0)
        qsort(profile->by_name, profile->nby_name, sizeof(*profile->by_name), by_total);
    if (rc == 0)
        rc = trace_notes(analyser, profile);
    if (rc == 0)
        rc = begin_window(analyser, &now);
    if (rc < 0) {
        trace_profile_free(profile);
        return rc;
    }
    *out = profile;
    return 0;
}

const char *trace_place(const struct trace_profile *profile, uint32_t place)
{
    return place < profile->nplaces && profile->places[place] != NULL ? profile->places[place] : "";
}
