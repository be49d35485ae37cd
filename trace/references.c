/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/internal.h"
#include "trace/patterns.h"

enum { FIRST = 16 };

void trace_alive_fini(struct trace_alive *alive)
{
    free(alive->slots);
    *alive = (struct trace_alive){0};
}

void trace_references_fini(struct trace_references_of *references)
{
    free(references->index.of);
    free(references->rows);
    *references = (struct trace_references_of){.limit = references->limit};
}

void trace_references_clear(struct trace_references_of *references)
{
    for (size_t i = 0; i < references->length; i++) {
        struct trace_reference_row *row = &references->rows[i];
        row->counts = (struct trace_references){.alive = row->counts.alive};
        row->calls = row->reads = row->items = 0;
        row->kept_most = row->kept_late = 0;
    }
}

/* Where it is, or would be: the first slot of its way that has it or is free. */
static size_t slot_of(const struct trace_alive *alive, uint64_t id)
{
    const size_t mask = alive->room - 1;
    size_t i = (size_t)trace_mix(id, 0) & mask;
    while (alive->slots[i].id != 0 && alive->slots[i].id != id)
        i = (i + 1) & mask;
    return i;
}

static struct trace_reference *find(const struct trace_alive *alive, uint64_t id)
{
    if (alive->length == 0 || id == 0)
        return NULL;
    struct trace_reference *slot = &alive->slots[slot_of(alive, id)];
    return slot->id == id ? slot : NULL;
}

static int widen(struct trace_alive *alive)
{
    struct trace_alive wider = {.length = alive->length,
                                .room = alive->room == 0 ? FIRST : alive->room * 2};
    wider.slots = calloc(wider.room, sizeof(*wider.slots));
    if (wider.slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < alive->room; i++)
        if (alive->slots[i].id != 0)
            wider.slots[slot_of(&wider, alive->slots[i].id)] = alive->slots[i];
    free(alive->slots);
    *alive = wider;
    return 0;
}

static void take_out(struct trace_alive *alive, struct trace_reference *slot)
{
    const size_t mask = alive->room - 1;
    size_t hole = (size_t)(slot - alive->slots);
    for (size_t i = (hole + 1) & mask; alive->slots[i].id != 0; i = (i + 1) & mask) {
        const size_t home = (size_t)trace_mix(alive->slots[i].id, 0) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* it is not beyond its home from here */
        alive->slots[hole] = alive->slots[i];
        hole = i;
    }
    alive->slots[hole].id = 0;
    alive->length--;
}

/* Index + 1; 0 = no memory. */
static uint32_t row_of(struct trace_analyser *analyser, uint32_t name,
                       enum bench_direction direction)
{
    struct trace_references_of *rows = &analyser->references;
    const uint32_t known = trace_index_get(&rows->index, name, direction);
    if (known != 0)
        return known;
    if (rows->length >= rows->limit && name != BENCH_NAME_OTHERS)
        return row_of(analyser, BENCH_NAME_OTHERS, direction);
    if (rows->length == rows->room) {
        const size_t room = rows->room == 0 ? FIRST : rows->room * 2;
        struct trace_reference_row *more = realloc(rows->rows, room * sizeof(*more));
        if (more == NULL)
            return 0;
        rows->rows = more;
        rows->room = room;
    }
    if (trace_index_set(&rows->index, name, direction, (uint32_t)rows->length + 1) < 0)
        return 0;
    rows->rows[rows->length++] = (struct trace_reference_row){.name = name, .direction = direction};
    return (uint32_t)rows->length;
}

void trace_references_created(struct trace_conn *conn, const struct bench_event *event)
{
    struct trace_analyser *analyser = conn->analyser;
    struct trace_alive *alive = &conn->alive;
    const enum bench_direction d = event->direction;
    const bool followed = event->reference != 0;
    conn->row.totals.references[d].created++;
    conn->row.totals.references[d].alive += followed;
    analyser->limits.references += !followed;
    for (uint32_t s = conn->last_section; s != 0;) {
        struct trace_totals *totals = trace_sections_next(&analyser->sections, &s);
        totals->references[d].created++;
        totals->references[d].alive += followed;
    }
    if (conn->last_row != NULL)
        conn->last_row->name.objects++;
    if (conn->last_node != 0)
        analyser->tree.twigs[conn->last_node - 1].node.objects++;
    const uint32_t number = row_of(analyser, event->name, d);
    if (number == 0) {
        analyser->limits.memory++;
        return;
    }
    struct trace_reference_row *row = &analyser->references.rows[number - 1];
    row->counts.created++;
    if (event->class_name != BENCH_NAME_NONE)
        row->class_name = event->class_name;
    if (!followed || find(alive, event->reference) != NULL)
        return;
    if (alive->length >= analyser->options.references_max ||
        ((alive->length + 1) * 4 > alive->room * 3 && widen(alive) < 0)) {
        analyser->limits.references++;
        return;
    }
    alive->slots[slot_of(alive, event->reference)] =
        (struct trace_reference){.id = event->reference,
                                 .row = number,
                                 .section = conn->last_section,
                                 .direction = d,
                                 .since_ns = event->time_ns};
    alive->length++;
    row->counts.alive++;
}

static void less(uint64_t *count)
{
    *count -= *count > 0;
}

void trace_references_released(struct trace_conn *conn, const struct bench_event *event)
{
    struct trace_analyser *analyser = conn->analyser;
    struct trace_reference *known = find(&conn->alive, event->reference);
    const enum bench_direction d =
        event->direction == BENCH_TO_SERVER ? BENCH_TO_CLIENT : BENCH_TO_SERVER;
    conn->row.totals.references[d].released++;
    less(&conn->row.totals.references[d].alive);
    const uint32_t number =
        known != NULL ? known->row : trace_index_get(&analyser->references.index, event->name, d);
    if (number != 0) {
        struct trace_reference_row *row = &analyser->references.rows[number - 1];
        row->counts.released++;
        if (known != NULL)
            less(&row->counts.alive);
    }
    if (known == NULL)
        return;
    for (uint32_t s = known->section; s != 0;) {
        struct trace_totals *totals = trace_sections_next(&analyser->sections, &s);
        totals->references[d].released++;
        less(&totals->references[d].alive);
    }
    take_out(&conn->alive, known);
}

void trace_references_used(struct trace_conn *conn, const struct bench_event *event)
{
    const struct trace_reference *known = find(&conn->alive, event->reference);
    if (known == NULL)
        return;
    struct trace_reference_row *row = &conn->analyser->references.rows[known->row - 1];
    switch (event->verb) {
    case BENCH_VERB_CALL:
        row->calls++;
        break;
    case BENCH_VERB_GET:
    case BENCH_VERB_SET:
    case BENCH_VERB_TEXT:
    case BENCH_VERB_COPY:
        row->reads++;
        break;
    case BENCH_VERB_ITEM:
    case BENCH_VERB_ITERATE:
    case BENCH_VERB_NEXT:
    case BENCH_VERB_LENGTH:
        row->items++;
        break;
    default:
        break;
    }
}

void trace_references_kept(const struct trace_conn *conn, int64_t now_ns,
                           struct trace_reference_row *rows)
{
    struct trace_analyser *analyser = conn->analyser;
    const int64_t late_ns = now_ns - (now_ns - conn->row.begin_ns) / 4;
    struct {
        uint64_t all, late;
    } * kept;
    if (conn->alive.length < TRACE_LEAK_FROM)
        return;
    kept = calloc(analyser->references.length, sizeof(*kept));
    if (kept == NULL) {
        analyser->limits.memory++;
        return;
    }
    for (size_t i = 0; i < conn->alive.room; i++) {
        const struct trace_reference *known = &conn->alive.slots[i];
        if (known->id == 0)
            continue;
        kept[known->row - 1].all++;
        kept[known->row - 1].late += known->since_ns >= late_ns;
    }
    for (size_t i = 0; i < analyser->references.length; i++) {
        if (kept[i].all < TRACE_LEAK_FROM || kept[i].all <= rows[i].kept_most)
            continue;
        rows[i].kept_most = kept[i].all;
        rows[i].kept_late = kept[i].late;
    }
    free(kept);
}

void trace_references_leaked(struct trace_conn *conn)
{
    struct trace_analyser *analyser = conn->analyser;
    for (size_t i = 0; i < conn->alive.room; i++) {
        const struct trace_reference *known = &conn->alive.slots[i];
        if (known->id == 0)
            continue;
        struct trace_reference_row *row = &analyser->references.rows[known->row - 1];
        row->counts.leaked++;
        less(&row->counts.alive);
        for (uint32_t s = known->section; s != 0;) {
            struct trace_totals *totals = trace_sections_next(&analyser->sections, &s);
            totals->references[known->direction].leaked++;
            less(&totals->references[known->direction].alive);
        }
    }
    for (int d = 0; d < 2; d++) {
        struct trace_references *counts = &conn->row.totals.references[d];
        counts->leaked += counts->alive;
        counts->alive = 0;
    }
    trace_alive_fini(&conn->alive);
}
