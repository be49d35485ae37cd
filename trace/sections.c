/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "trace/internal.h"

void trace_sections_fini(struct trace_sections *sections)
{
    free(sections->rows);
    free(sections->marked);
    *sections = (struct trace_sections){0};
}

static struct trace_marked *find_marked(struct trace_sections *sections, uint32_t process,
                                        uint32_t thread)
{
    for (uint32_t i = 0; i < sections->nmarked; i++)
        if (sections->marked[i].thread == thread && sections->marked[i].process == process)
            return &sections->marked[i];
    return NULL;
}

static struct trace_marked *add_marked(struct trace_sections *sections, uint32_t process,
                                       uint32_t thread)
{
    if (sections->nmarked == TRACE_MARKED_MAX)
        return NULL;
    if (sections->nmarked == sections->marked_room) {
        const uint32_t room = sections->marked_room == 0 ? 4 : sections->marked_room * 2;
        struct trace_marked *more = realloc(sections->marked, room * sizeof(*more));
        if (more == NULL)
            return NULL;
        sections->marked = more;
        sections->marked_room = room;
    }
    struct trace_marked *marked = &sections->marked[sections->nmarked++];
    marked->process = process;
    marked->thread = thread;
    marked->depth = marked->beyond = 0;
    return marked;
}

static uint32_t innermost(const struct trace_marked *marked)
{
    return marked->depth == 0 ? 0 : marked->marks[marked->depth - 1].section;
}

/* Index + 1; 0 = no room. */
static uint32_t row_of(struct trace_sections *sections, uint32_t parent, const char *name,
                       const struct bench_piece *piece)
{
    for (uint32_t i = 0; i < sections->length; i++)
        if (sections->rows[i].section.parent == parent && strcmp(sections->rows[i].name, name) == 0)
            return i + 1;
    if (sections->length == TRACE_SECTIONS_MAX)
        return 0;
    if (sections->length == sections->room) {
        const uint32_t room = sections->room == 0 ? 8 : sections->room * 2;
        struct trace_section_row *more = realloc(sections->rows, room * sizeof(*more));
        if (more == NULL)
            return 0;
        sections->rows = more;
        sections->room = room;
    }
    struct trace_section_row *row = &sections->rows[sections->length++];
    *row = (struct trace_section_row){.section = {.parent = parent,
                                                  .process = piece->process,
                                                  .thread = piece->thread,
                                                  .begin_ns = piece->time_ns}};
    memcpy(row->name, name, strlen(name) + 1);
    return sections->length;
}

void trace_sections_begin(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    struct trace_sections *sections = &analyser->sections;
    char name[TRACE_TEXT_BYTES];
    struct trace_marked *marked = find_marked(sections, piece->process, piece->thread);
    if (marked == NULL)
        marked = add_marked(sections, piece->process, piece->thread);
    if (marked == NULL) {
        analyser->limits.sections++;
        return;
    }
    (void)trace_text_copy(name, sizeof(name), piece->data, piece->length);
    uint32_t number = 0;
    if (marked->depth < TRACE_MARKS_MAX && marked->beyond == 0)
        number = row_of(sections, innermost(marked), name, piece);
    if (number == 0) {
        marked->beyond++;
        analyser->limits.sections++;
        return;
    }
    struct trace_section_row *row = &sections->rows[number - 1];
    row->section.count++;
    row->running++;
    if (row->section.process != piece->process)
        row->section.process = 0;
    if (row->section.thread != piece->thread)
        row->section.thread = 0;
    marked->marks[marked->depth++] =
        (struct trace_mark){.section = number, .begin_ns = piece->time_ns};
    (void)trace_sections_node(analyser, number);
}

static void gone(struct trace_sections *sections, struct trace_marked *marked)
{
    if (marked->depth == 0 && marked->beyond == 0)
        *marked = sections->marked[--sections->nmarked];
}

void trace_sections_end(struct trace_analyser *analyser, const struct bench_piece *piece)
{
    struct trace_sections *sections = &analyser->sections;
    struct trace_marked *marked = find_marked(sections, piece->process, piece->thread);
    if (marked == NULL)
        return;
    if (marked->beyond > 0) {
        marked->beyond--;
    } else {
        const struct trace_mark mark = marked->marks[--marked->depth];
        struct trace_section_row *row = &sections->rows[mark.section - 1];
        const int64_t took = piece->time_ns > mark.begin_ns ? piece->time_ns - mark.begin_ns : 0;
        row->running--;
        row->section.total_ns += took;
        if (took > row->section.slowest_ns)
            row->section.slowest_ns = took;
    }
    gone(sections, marked);
}

void trace_sections_exit(struct trace_analyser *analyser, uint32_t process)
{
    struct trace_sections *sections = &analyser->sections;
    for (uint32_t i = sections->nmarked; i > 0; i--) {
        struct trace_marked *marked = &sections->marked[i - 1];
        if (marked->process != process)
            continue;
        const struct bench_piece end = {
            .process = process, .thread = marked->thread, .time_ns = analyser->end_ns};
        while (marked->depth > 0) {
            marked->beyond = 0;
            /* Its end was not seen: the row stays open. */
            sections->rows[innermost(marked) - 1].section.open = true;
            const bool last = marked->depth == 1;
            trace_sections_end(analyser, &end);
            if (last)
                break;
        }
    }
}

uint32_t trace_sections_of(struct trace_sections *sections, uint32_t process, uint32_t thread)
{
    if (sections->nmarked == 0)
        return 0;
    const struct trace_marked *marked = find_marked(sections, process, thread);
    return marked == NULL ? 0 : innermost(marked);
}

struct trace_totals *trace_sections_next(struct trace_sections *sections, uint32_t *section)
{
    struct trace_section_row *row = &sections->rows[*section - 1];
    *section = row->section.parent;
    return &row->section.totals;
}

uint32_t trace_sections_node(struct trace_analyser *analyser, uint32_t section)
{
    const struct trace_sections *sections = &analyser->sections;
    uint32_t chain[TRACE_MARKS_MAX], n = 0, node = 0;
    for (; section != 0 && n < TRACE_MARKS_MAX; section = sections->rows[section - 1].section.parent)
        chain[n++] = section;
    while (n > 0)
        node = trace_tree_node(analyser, node, BENCH_NAME_NONE, BENCH_TO_SERVER, chain[--n]);
    return node;
}

/* Whether it is open, or has to stay for one within it that is. */
static void mark_needed(const struct trace_sections *sections, uint32_t *map)
{
    for (uint32_t i = 0; i < sections->nmarked; i++)
        for (uint32_t k = 0; k < sections->marked[i].depth; k++)
            map[sections->marked[i].marks[k].section] = 1;
}

void trace_sections_clear(struct trace_sections *sections, uint32_t *map)
{
    uint32_t left = 0;
    memset(map, 0, (sections->length + 1) * sizeof(*map));
    mark_needed(sections, map);
    for (uint32_t i = 0; i < sections->length; i++) {
        if (map[i + 1] == 0)
            continue;
        struct trace_section_row *row = &sections->rows[left];
        *row = sections->rows[i];
        map[i + 1] = ++left;
        row->section.parent = map[row->section.parent]; /* parents come first */
        row->section.count = row->running;
        row->section.total_ns = row->section.slowest_ns = 0;
        row->section.open = false;
        row->section.totals = (struct trace_totals){0};
    }
    sections->length = left;
    for (uint32_t i = 0; i < sections->nmarked; i++)
        for (uint32_t k = 0; k < sections->marked[i].depth; k++)
            sections->marked[i].marks[k].section = map[sections->marked[i].marks[k].section];
}
