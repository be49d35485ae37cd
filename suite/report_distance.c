/* SPDX-License-Identifier: MIT */
/* What distance does, as tables: a row for each target, a column for each round-trip time. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/crossing.h"
#include "suite/report_analyses.h"

/* A response time, or one that is set against what was expected. */
typedef bool (*cell_fn)(const struct bench_far_field *field, const struct bench_far_point *point,
                        char *out, size_t size);

static bool p50_cell(const struct bench_far_field *field, const struct bench_far_point *point,
                     char *out, size_t size)
{
    struct bench_statistic statistic;
    bench_result_statistic(point->result, field->groups[0]->view.series, &statistic);
    (void)snprintf(out, size, "%s", bench_format_seconds(statistic.median).s);
    return !isnan(statistic.median);
}

static bool mean_cell(const struct bench_far_field *field, const struct bench_far_point *point,
                      char *out, size_t size)
{
    double ratio = point->mean.mean / point->expected;
    (void)field;
    if (isnan(ratio))
        (void)snprintf(out, size, "%s", bench_format_seconds(point->mean.mean).s);
    else
        (void)snprintf(out, size, "%s (%.2f)", bench_format_seconds(point->mean.mean).s, ratio);
    return !isnan(point->mean.mean);
}

static bool trips_text(double trips, char *out, size_t size)
{
    bool even = fabs(trips - round(trips)) < 0.005;
    (void)snprintf(out, size, even ? "%.0f" : "%.2f", trips);
    return !isnan(trips);
}

static int write_table(struct bench_writer *writer, const struct bench_far_field *field,
                       const char *head, cell_fn cell)
{
    char dropped[BENCH_NOTE_BYTES] = "", text[64];
    struct bench_table *table = bench_table_new();
    if (table == NULL)
        return -ENOMEM;
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "waits", BENCH_ALIGN_RIGHT, 0);
    bench_table_span(table, head);
    /* The shortest and the longest distance are never dropped. */
    for (size_t i = 0; i < field->nrtts; i++)
        bench_table_column(table, bench_far_rtt_text(field->rtts[i]).s, BENCH_ALIGN_RIGHT,
                           i == 0 || i + 1 == field->nrtts ? 0 : (unsigned)i);
    for (size_t c = 0; c < field->ncurves; c++) {
        const struct bench_far_curve *curve = &field->curves[c];
        bench_table_row(table);
        bench_table_cell(table, curve->target->name);
        bench_table_cell(table, trips_text(curve->waits, text, sizeof(text)) ? text : NULL);
        for (size_t i = 0; i < field->nrtts; i++) {
            const struct bench_far_point *point = &curve->points[i];
            bool known = point->result != NULL && cell(field, point, text, sizeof(text));
            bench_table_cell(table, known ? text : NULL);
        }
    }
    if (!writer->markdown)
        bench_table_fit(table, BENCH_REPORT_WIDTH, dropped, sizeof(dropped));
    int status = bench_write_table(writer, table);
    if (status == 0 && dropped[0] != '\0')
        fprintf(writer->out, "left out for want of width, see the JSON: %s\n", dropped);
    bench_table_free(table);
    return status;
}

/* ---- below them ---- */

static void put_counted(FILE *out, const struct bench_far_field *field)
{
    for (size_t c = 0; c < field->ncurves; c++) {
        const struct bench_far_curve *curve = &field->curves[c];
        char own[256], other[256];
        if (curve->counted != curve->target && !isnan(curve->waits))
            fprintf(out, "waits of %s: as counted of %s\n",
                    bench_text_clean(curve->target->name, own, sizeof(own)),
                    bench_text_clean(curve->counted->name, other, sizeof(other)));
    }
}

static void put_crossings(FILE *out, const struct bench_far_field *field, bool markdown)
{
    char sentence[1024], evidence[1024];
    if (field->npairs == 0)
        return;
    fputs(markdown ? "" : "\n", out);
    if (field->ncrossings == 0)
        fputs("  no two protocols change places with distance\n", out);
    for (size_t i = 0; i < field->ncrossings; i++) {
        const struct bench_crossing *crossing = &field->crossings[i];
        fprintf(out, "  %s; %s\n", bench_crossing_sentence(crossing, sentence, sizeof(sentence)),
                bench_crossing_evidence(crossing, evidence, sizeof(evidence)));
    }
}

static int write_below(struct bench_writer *writer, const struct bench_far_field *field)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -ENOMEM;
    if (field->expects && !(field->rtts[0] > 0))
        fputs("waits: round trips of an operation, and acknowledgements that its next request has to "
              "wait for (Nagle)\nin brackets: measured over expected, which is the mean without "
              "distance plus the waits times the distance\n",
              out);
    else if (field->expects)
        fputs("nothing is expected, for nothing was measured without distance\n", out);
    put_counted(out, field);
    put_crossings(out, field, writer->markdown);
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    bench_write_lines(writer, text);
    free(text);
    return 0;
}

static int write_field(struct bench_writer *writer, const struct bench_far_field *field)
{
    const struct bench_result *first = field->groups[0]->rows[0];
    char subject[512], load[256], text[1024];
    (void)snprintf(text, sizeof(text), "distance: %s, %s",
                   bench_far_subject(field, subject, sizeof(subject)),
                   bench_report_load(first, BENCH_FACTOR_RTT, load, sizeof(load)));
    fputs(writer->markdown ? "\n" : "\n\n", writer->out);
    bench_write_heading(writer, "###", text);
    int status = write_table(writer, field, "p50 at a round-trip time of", p50_cell);
    fputc('\n', writer->out);
    if (status == 0)
        status = write_table(writer, field, "mean at a round-trip time of", mean_cell);
    return status == 0 ? write_below(writer, field) : status;
}

int bench_write_distance(struct bench_writer *writer)
{
    struct bench_far far;
    int status = bench_far_init(&far, writer->run);
    for (size_t f = 0; status == 0 && f < far.nfields; f++) {
        if (far.fields[f].ncurves > 0)
            status = write_field(writer, &far.fields[f]);
    }
    bench_far_fini(&far);
    return status;
}
