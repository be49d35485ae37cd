/* SPDX-License-Identifier: MIT */
/* Ladders of clients, read: a table of what the scalability law makes of them, and sentences. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "suite/report_analyses.h"
#include "suite/scaling.h"

static void bounds_cell(struct bench_table *table, const struct bench_bounds *bounds)
{
    char text[120];
    if (isnan(bounds->estimate))
        bench_table_cell(table, NULL);
    else if (isnan(bounds->low) || isnan(bounds->high))
        bench_table_cell(table, bench_format_number(bounds->estimate, 3).s);
    else {
        (void)snprintf(
            text, sizeof(text), "%s [%s, %s]", bench_format_number(bounds->estimate, 3).s,
            bench_format_number(bounds->low, 3).s, bench_format_number(bounds->high, 3).s);
        bench_table_cell(table, text);
    }
}

/* Of a share: four digits behind the point are more than there are. */
static void share_cell(struct bench_table *table, const struct bench_bounds *bounds)
{
    char text[120];
    (void)snprintf(text, sizeof(text), isnan(bounds->low) ? "%.3f" : "%.3f [%.3f, %.3f]",
                   bounds->estimate, bounds->low, bounds->high);
    bench_table_cell(table, text);
}

static void add_row(struct bench_table *table, const struct bench_scaling *row)
{
    const struct bench_usl *usl = &row->usl;
    char text[64];
    bench_table_row(table);
    bench_table_cell(table, row->first->target->name);
    bench_table_cell(table, bench_format_rate(usl->lambda).s);
    struct bench_bounds sigma = usl->sigma_bounds, knee = usl->knee;
    sigma.estimate = usl->sigma;
    share_cell(table, &sigma);
    (void)snprintf(text, sizeof(text), "%.2g", usl->kappa);
    bench_table_cell(table, text);
    bounds_cell(table, &knee);
    if (isfinite(usl->peak_n) && usl->peak_n < 100 * row->most)
        (void)snprintf(text, sizeof(text), "%.3g", fmax(1, usl->peak_n));
    else
        (void)snprintf(text, sizeof(text), "beyond");
    bench_table_cell(table, text);
    (void)snprintf(text, sizeof(text), "%.3f", usl->r_squared);
    bench_table_cell(table, text);
    (void)snprintf(text, sizeof(text), "%zu, %zu", row->rungs, row->points);
    bench_table_cell(table, text);
}

static int write_table(struct bench_writer *writer, const struct bench_scaling *rows, size_t n)
{
    struct bench_table *table = bench_table_new();
    size_t fitted = 0;
    if (table == NULL)
        return -ENOMEM;
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "one client", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "contention [95 %]", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "coherency", BENCH_ALIGN_RIGHT, 3);
    bench_table_column(table, "knee, clients [95 %]", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "peak", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "R²", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "rungs, trials", BENCH_ALIGN_RIGHT, 4);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].fitted)
            add_row(table, &rows[i]);
        fitted += rows[i].fitted;
    }
    int status = fitted > 0 ? bench_write_table(writer, table) : 0;
    bench_table_free(table);
    return status;
}

/* Rows of the same ladder stand together. */
static bool same_ladder(const struct bench_scaling *a, const struct bench_scaling *b)
{
    return strcmp(a->first->workload, b->first->workload) == 0 &&
           strcmp(a->first->operation, b->first->operation) == 0;
}

static int write_below(struct bench_writer *writer, const struct bench_scaling *rows, size_t n)
{
    char *text = NULL, sentence[512];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -ENOMEM;
    fprintf(
        out,
        "throughput of N clients = one client * N / (1 + contention (N - 1) + coherency N (N - "
        "1)); "
        "contention: the share of the work that is done one at a time\n"
        "knee: the least number of clients with %.0f %% of the highest throughput of the ladder\n",
        100 * BENCH_USL_SHARE);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "  %s\n", bench_scaling_sentence(&rows[i], sentence, sizeof(sentence)));
        if (rows[i].fitted && rows[i].bound > 0)
            fprintf(out, "    without %zu rung%s on which the client was the limit\n",
                    rows[i].bound, rows[i].bound == 1 ? "" : "s");
    }
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    bench_write_lines(writer, text);
    free(text);
    return 0;
}

int bench_write_scaling(struct bench_writer *writer)
{
    struct bench_scalings all;
    int status = bench_scalings_init(&all, writer->run);
    for (size_t i = 0, n; status == 0 && i < all.n; i += n) {
        char head[600], operation[400];
        n = 1;
        while (i + n < all.n && same_ladder(&all.rows[i], &all.rows[i + n]))
            n++;
        (void)snprintf(
            head, sizeof(head), "scaling of %s: %s", all.rows[i].first->workload,
            bench_text_clean(all.rows[i].first->operation, operation, sizeof(operation)));
        bench_write_heading(writer, "##", head);
        status = write_table(writer, &all.rows[i], n);
        if (status == 0)
            status = write_below(writer, &all.rows[i], n);
        fputc('\n', writer->out);
    }
    bench_scalings_fini(&all);
    return status;
}

/* ---- JSON ---- */

static json_t *with_bounds(double estimate, const struct bench_bounds *bounds)
{
    return json_pack("{s:o, s:o, s:o}", "estimate", bench_json_real(estimate), "low",
                     bench_json_real(bounds->low), "high", bench_json_real(bounds->high));
}

static json_t *row_json(const struct bench_run *run, const struct bench_scaling *row)
{
    char sentence[512], why[128];
    const struct bench_usl *usl = &row->usl;
    bench_scaling_sentence(row, sentence, sizeof(sentence));
    if (!row->fitted)
        return json_pack("{s:I, s:s, s:b, s:s, s:s}", "result",
                         (json_int_t)(row->first - run->results), "workload", row->first->workload,
                         "fitted", 0, "reason", bench_text_clean(row->why, why, sizeof(why)),
                         "sentence", sentence);
    return json_pack("{s:I, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s}", "result",
                     (json_int_t)(row->first - run->results), "workload", row->first->workload,
                     "fitted", 1, "one_client", with_bounds(usl->lambda, &usl->lambda_bounds),
                     "contention", with_bounds(usl->sigma, &usl->sigma_bounds), "coherency",
                     with_bounds(usl->kappa, &usl->kappa_bounds), "knee",
                     with_bounds(usl->knee.estimate, &usl->knee), "peak",
                     with_bounds(usl->peak_n, &usl->peak_bounds), "r_squared",
                     bench_json_real(usl->r_squared), "rungs", (json_int_t)row->rungs, "points",
                     (json_int_t)row->points, "sentence", sentence);
}

int bench_json_scaling(const struct bench_run *run, json_t *object)
{
    struct bench_scalings all;
    json_t *list = json_array();
    int rc = bench_scalings_init(&all, run);
    for (size_t i = 0; rc == 0 && i < all.n; i++)
        if (json_array_append_new(list, row_json(run, &all.rows[i])) != 0)
            rc = -ENOMEM;
    bench_scalings_fini(&all);
    if (rc == 0 && json_object_set(object, "scaling", list) != 0)
        rc = -ENOMEM;
    json_decref(list);
    return rc;
}
