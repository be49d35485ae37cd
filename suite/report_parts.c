/* SPDX-License-Identifier: MIT */
/* Where the time goes, as tables: one for each client, a row for each operation. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/parts.h"
#include "suite/report_analyses.h"

/* "20.1 ±1.2 µs (7 %)" in the unit of the whole; ± only where there is an interval. */
static void part_text(const struct bench_interval *part, const struct bench_interval *whole,
                      bool with_share, char *out, size_t size)
{
    struct bench_scale scale = bench_scale_of(whole->mean);
    double half = bench_interval_half(part);
    char around[64] = "", share[32] = "";
    if (!isnan(half))
        (void)snprintf(around, sizeof(around), " ±%s", bench_scale_text(&scale, half).s);
    if (with_share)
        (void)snprintf(share, sizeof(share), " (%.0f %%)",
                       round(100 * part->mean / whole->mean) + 0.0);
    (void)snprintf(out, size, "%s%s %s%s", bench_scale_text(&scale, part->mean).s, around,
                   scale.unit, share);
}

/* ---- one table ---- */

/* Rows of one section. */
struct section {
    const struct bench_attribution *rows;
    size_t n;
};

static void table_fill(struct bench_table *table, const struct section *section)
{
    bench_table_column(table, "operation", BENCH_ALIGN_LEFT, 0);
    for (size_t p = 0; p < section->rows[0].nparts; p++)
        bench_table_column(table, bench_part_head((enum bench_part)p), BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "whole", BENCH_ALIGN_RIGHT, 0);
    for (size_t i = 0; i < section->n; i++) {
        const struct bench_attribution *row = &section->rows[i];
        char text[160];
        bench_table_row(table);
        bench_table_cell(table, bench_attribution_operation(row, text, sizeof(text)));
        for (size_t p = 0; p < row->nparts; p++) {
            part_text(&row->parts[p], &row->whole, true, text, sizeof(text));
            bench_table_cell(table, text);
        }
        part_text(&row->whole, &row->whole, false, text, sizeof(text));
        bench_table_cell(table, text);
    }
}

static void write_title(struct bench_writer *writer, const struct section *section)
{
    const struct bench_result *whole = bench_attribution_whole(&section->rows[0]);
    const char *placement = bench_result_parameter(whole, "placement");
    const char *library = section->rows[0].used != NULL ? whole->target->library : NULL;
    char text[512], clean[512];
    (void)snprintf(text, sizeof(text), "where the time goes: %.200s%s%.40s%s%s%.40s",
                   whole->target->name, library != NULL ? ", whose client is " : "",
                   library != NULL ? library : "", placement != NULL ? ", placement " : "",
                   placement != NULL ? placement : "", "; means of the response time");
    bench_write_heading(writer, "###", bench_text_clean(text, clean, sizeof(clean)));
}

/* ---- below it ---- */

static size_t fewest_trials(const struct section *section)
{
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < section->n; i++) {
        for (size_t p = 0; p < section->rows[i].nparts; p++)
            n = section->rows[i].parts[p].n < n ? section->rows[i].parts[p].n : n;
    }
    return n;
}

static bool all_paired(const struct section *section)
{
    bool paired = true;
    for (size_t i = 0; i < section->n; i++) {
        for (size_t p = 0; p < section->rows[i].nparts; p++)
            paired = paired && section->rows[i].parts[p].paired;
    }
    return paired;
}

static void put_intervals(FILE *out, const struct section *section)
{
    size_t n = fewest_trials(section);
    if (n < 2) {
        fprintf(out, "one trial: there is no interval, and nobody knows how far to trust it\n");
        return;
    }
    fprintf(out, "±: 95 %% interval over %zu trials, %s\n", n,
            all_paired(section) ? "block by block" : "cells apart: not all have the same blocks");
    if (n < BENCH_INTERVAL_FEW_TRIALS)
        fprintf(out, "%zu trials are few: such an interval is very wide (t = 12.7)\n", n);
}

/* Names come from files. */
struct name {
    char s[256];
};

static struct name name_of(const struct bench_result *result)
{
    struct name name;
    (void)bench_text_clean(result->target->name, name.s, sizeof(name.s));
    return name;
}

static void put_trips(FILE *out, const struct bench_attribution *row, const char *operation)
{
    const struct name floor = name_of(row->floor);
    double whole = round(row->round_trips);
    bool even = fabs(row->round_trips - whole) < 0.005;
    if (!row->trips_known) {
        fprintf(out, "%s: round trips are not known; kernel and wire is one of %s\n", operation,
                floor.s);
        return;
    }
    fprintf(out, "%s: %.*f round trip%s; kernel and wire is %s", operation, even ? 0 : 2,
            row->round_trips, even && whole <= 1 ? "" : "s", floor.s);
    if (row->round_trips > 1 && row->further == NULL)
        fprintf(out, ", each at its %s, for its ping was not measured", operation);
    else if (row->round_trips > 1 && row->further != row->floor)
        fprintf(out, ", further ones at its ping");
    fputc('\n', out);
}

/* The parts would hold something else than their names say. */
static void put_mismatch(FILE *out, const struct bench_attribution *row, const char *operation)
{
    const struct bench_result *const cells[] = {row->served, row->used};
    for (size_t i = 0; i < BENCH_COUNT_OF(cells); i++) {
        double trips = cells[i] != NULL ? bench_result_round_trips(cells[i]) : NAN;
        if (row->trips_known && trips > 0 && fabs(trips - row->round_trips) >= 0.05)
            fprintf(out, "%s: %s makes %s round trips instead; their wire is in its part\n",
                    operation, name_of(cells[i]).s, bench_format_number(trips, 3).s);
    }
}

static void put_bound(FILE *out, const struct bench_attribution *row, const char *operation)
{
    const struct bench_result *const cells[] = {row->floor, row->native, row->served, row->used};
    for (size_t i = 0; i < BENCH_COUNT_OF(cells); i++) {
        if (cells[i] != NULL && cells[i]->status == BENCH_CELL_CLIENT_BOUND)
            fprintf(out, "%s: %s is client-bound\n", operation, name_of(cells[i]).s);
    }
}

static void put_zeros(FILE *out, const struct bench_attribution *row, const char *operation)
{
    for (size_t p = 0; p < row->nparts; p++) {
        if (bench_interval_has_zero(&row->parts[p]))
            fprintf(out, "%s: %s is not distinguishable from 0\n", operation,
                    bench_part_head((enum bench_part)p));
        else if (row->parts[p].high < 0)
            fprintf(out, "%s: %s is below 0: what it is added to took longer without it\n", operation,
                    bench_part_head((enum bench_part)p));
    }
}

static int write_below(struct bench_writer *writer, const struct section *section)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -ENOMEM;
    put_intervals(out, section);
    for (size_t i = 0; i < section->n; i++) {
        char operation[160];
        (void)bench_attribution_operation(&section->rows[i], operation, sizeof(operation));
        put_trips(out, &section->rows[i], operation);
        put_mismatch(out, &section->rows[i], operation);
        put_bound(out, &section->rows[i], operation);
        put_zeros(out, &section->rows[i], operation);
    }
    fputs(writer->markdown ? "" : "\n", out);
    for (size_t i = 0; i < section->n; i++) {
        char sentence[1024];
        fprintf(out, "  %s\n",
                bench_attribution_sentence(&section->rows[i], sentence, sizeof(sentence)));
    }
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    bench_write_lines(writer, text);
    free(text);
    return 0;
}

static int write_section(struct bench_writer *writer, const struct section *section)
{
    struct bench_table *table = bench_table_new();
    int status = -ENOMEM;
    if (table == NULL)
        return status;
    table_fill(table, section);
    write_title(writer, section);
    status = bench_write_table(writer, table);
    if (status == 0)
        status = write_below(writer, section);
    bench_table_free(table);
    return status;
}

int bench_write_parts(struct bench_writer *writer)
{
    struct bench_attributions all;
    int status = bench_attributions_init(&all, writer->run);
    for (size_t i = 0, next; status == 0 && i < all.n; i = next) {
        for (next = i + 1; next < all.n && all.rows[next].section == all.rows[i].section;)
            next++;
        const struct section section = {&all.rows[i], next - i};
        fputs(writer->markdown ? "\n" : "\n\n", writer->out);
        status = write_section(writer, &section);
    }
    bench_attributions_fini(&all);
    return status;
}
