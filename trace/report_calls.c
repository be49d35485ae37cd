/* SPDX-License-Identifier: MIT */
/* The call tree flattened, and the calls that a timeline has room for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/report_write.h"

/* ---- the outline ---- */

struct ordered {
    uint32_t node, parent;
    int64_t total_ns;
};

static int by_parent_and_time(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

struct outliner {
    const struct trace_profile *profile;
    const struct trace_report_options *options;
    bool *keep;            /* [node]: long enough, or something below it is */
    size_t *first;         /* [parent 0..]: where its children begin in order */
    struct ordered *order; /* by parent */
    struct trace_outline *out;
    struct level {
        size_t next, end, left; /* in order; rows left before the limit */
    } * stack;
    size_t depth;
};

static void mark_kept(struct outliner *o)
{
    const struct trace_profile *profile = o->profile;
    for (size_t i = profile->nnodes; i-- > 0;) {
        const struct trace_node *node = &profile->nodes[i];
        o->keep[i] |= node->total_ns >= o->options->least_ns;
        if (o->keep[i] && node->parent > 0 && node->parent <= i)
            o->keep[node->parent - 1] = true;
    }
}

/* A parent that does not come before its child would be a loop: such a node stands at the top. */
static void sort_children(struct outliner *o)
{
    const struct trace_profile *profile = o->profile;
    size_t n = profile->nnodes;
    for (size_t i = 0; i < n; i++) {
        uint32_t parent = profile->nodes[i].parent;
        o->order[i] =
            (struct ordered){(uint32_t)i, parent <= i ? parent : 0, profile->nodes[i].total_ns};
    }
    if (n > 0)
        qsort(o->order, n, sizeof(*o->order), by_parent_and_time);
    size_t at = 0;
    for (size_t parent = 0; parent <= n; parent++) {
        o->first[parent] = at;
        while (at < n && o->order[at].parent == parent)
            at++;
    }
    o->first[n + 1] = n;
}

static bool has_kept(const struct outliner *o, size_t parent)
{
    for (size_t i = o->first[parent]; i < o->first[parent + 1]; i++) {
        if (o->keep[o->order[i].node])
            return true;
    }
    return false;
}

static void enter(struct outliner *o, size_t parent)
{
    size_t begin = o->first[parent], end = o->first[parent + 1];
    o->stack[o->depth++] =
        (struct level){begin, end, o->options->top > 0 ? o->options->top : end - begin};
}

static void add_row(struct outliner *o, struct trace_outline_row row)
{
    o->out->rows[o->out->nrows++] = row;
}

/* The next kept one of a level; level->end if there is none. */
static size_t next_kept(struct outliner *o, size_t at, size_t end)
{
    while (at < end && !o->keep[o->order[at].node]) {
        o->out->hidden++;
        at++;
    }
    return at;
}

/* One row for the siblings that are not shown any more. */
static void leave_out(struct outliner *o, struct level *level)
{
    struct trace_outline_row row = {.depth = (int)o->depth - 1, .last = true};
    for (size_t i = level->next; i < level->end; i++) {
        if (o->keep[o->order[i].node]) {
            row.node = o->order[i].node;
            row.left_out++;
            row.left_out_ns += o->order[i].total_ns;
        }
    }
    add_row(o, row);
    level->next = level->end;
}

static void walk(struct outliner *o)
{
    enter(o, 0);
    while (o->depth > 0) {
        struct level *level = &o->stack[o->depth - 1];
        level->next = next_kept(o, level->next, level->end);
        if (level->next == level->end) {
            o->depth--;
            continue;
        }
        if (level->left == 0) {
            leave_out(o, level);
            continue;
        }
        uint32_t node = o->order[level->next].node;
        size_t following = next_kept(o, level->next + 1, level->end);
        level->next = following;
        level->left--;
        bool deeper = o->options->max_depth <= 0 || o->depth < (size_t)o->options->max_depth;
        bool children = has_kept(o, (size_t)node + 1);
        add_row(o, (struct trace_outline_row){.node = node,
                                              .depth = (int)o->depth - 1,
                                              .last = following == level->end,
                                              .children = children && deeper});
        if (children && deeper)
            enter(o, (size_t)node + 1);
        else
            o->out->hidden += o->first[node + 2] - o->first[node + 1];
    }
}

int trace_outline_make(const struct trace_profile *profile,
                       const struct trace_report_options *options, struct trace_outline *out)
{
    size_t n = profile->nnodes;
    struct outliner o = {.profile = profile, .options = options, .out = out};
    *out = (struct trace_outline){0};
    o.keep = calloc(n + 1, sizeof(*o.keep));
    o.first = calloc(n + 2, sizeof(*o.first));
    o.order = calloc(n + 1, sizeof(*o.order));
    o.stack = calloc(n + 1, sizeof(*o.stack));
    out->rows = calloc(2 * n + 1, sizeof(*out->rows)); /* every level may end in "left out" */
    int rc = -ENOMEM;
    if (o.keep != NULL && o.first != NULL && o.order != NULL && o.stack != NULL &&
        out->rows != NULL) {
        mark_kept(&o);
        sort_children(&o);
        walk(&o);
        rc = 0;
    }
    free(o.keep);
    free(o.first);
    free(o.order);
    free(o.stack);
    if (rc < 0)
        trace_outline_free(out);
    return rc;
}

void trace_outline_free(struct trace_outline *outline)
{
    free(outline->rows);
    *outline = (struct trace_outline){0};
}

/* ---- calls ---- */

struct length {
    size_t call;
    int64_t ns;
};

static int longest_first(const void *a, const void *b)
{
    const struct length *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    return (x->call > y->call) - (x->call < y->call);
}

static int by_call(const void *a, const void *b)
{
    const struct length *x = a, *y = b;
    return (x->call > y->call) - (x->call < y->call);
}

int trace_choose_calls(const struct trace_profile *profile, int64_t least_ns, size_t limit,
                       size_t **out, size_t *count)
{
    struct length *lengths = calloc(profile->ncalls + 1, sizeof(*lengths));
    size_t *chosen = calloc(profile->ncalls + 1, sizeof(*chosen)), n = 0;
    if (lengths == NULL || chosen == NULL) {
        free(lengths);
        free(chosen);
        return -ENOMEM;
    }
    for (size_t i = 0; i < profile->ncalls; i++) {
        int64_t ns = profile->calls[i].end_ns - profile->calls[i].start_ns;
        if (ns >= least_ns && !profile->calls[i].unawaited)
            lengths[n++] = (struct length){i, ns};
    }
    if (limit > 0 && n > limit) {
        qsort(lengths, n, sizeof(*lengths), longest_first);
        n = limit;
        qsort(lengths, n, sizeof(*lengths), by_call);
    }
    for (size_t i = 0; i < n; i++)
        chosen[i] = lengths[i].call;
    free(lengths);
    *out = chosen;
    *count = n;
    return 0;
}

const struct trace_call *trace_call_find(const struct trace_profile *profile, uint64_t connection,
                                         uint64_t id)
{
    const struct {
        const struct trace_call *calls;
        size_t count;
    } lists[] = {{profile->calls, profile->ncalls},
                 {profile->slowest, profile->nslowest},
                 {profile->deepest, profile->ndeepest}};
    for (size_t k = 0; id != 0 && k < BENCH_COUNT_OF(lists); k++) {
        for (size_t i = 0; i < lists[k].count; i++) {
            const struct trace_call *call = &lists[k].calls[i];
            if (call->connection == connection && call->id == id)
                return call;
        }
    }
    return NULL;
}

#define CHAIN_MAX 12 /* names; of longer ones the innermost */

struct trace_line trace_call_chain(const struct trace_profile *profile,
                                   const struct trace_call *call)
{
    const struct trace_call *chain[CHAIN_MAX] = {NULL};
    struct trace_line line = {""};
    size_t n = 0, used = 0;
    for (const struct trace_call *at = call; at != NULL && n < CHAIN_MAX;
         at = trace_call_find(profile, at->connection, at->parent))
        chain[n++] = at;
    if (chain[n - 1]->parent != 0)
        used = (size_t)snprintf(line.s, sizeof(line.s), "… > ");
    while (n-- > 0 && used + 1 < sizeof(line.s)) {
        struct trace_line name = trace_name_text(profile->names, chain[n]->name);
        int k = snprintf(line.s + used, sizeof(line.s) - used, "%s%s", trace_cut(name.s, 60).s,
                         n > 0 ? " > " : "");
        used += k > 0 ? (size_t)k : 0;
    }
    return trace_clean(line.s); /* a cut may have split a character */
}
