/* SPDX-License-Identifier: MIT */
/*
 * The tables of several groups: a row for each target, and for each figure a block of columns, one
 * for each size, style or number of clients. As many blocks side by side as fit.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/report_rank.h"
#include "suite/report_write.h"

#define MIB 1048576.0

/* The figure of a shown cell; false: there is none. */
typedef bool (*cell_fn)(struct bench_writer *writer, const struct bench_result *result,
                        struct bench_text *out);

struct metric {
    const char *head;
    unsigned kinds; /* of pages: SIZES and so on */
    cell_fn cell;
};

static bool bandwidth_cell(struct bench_writer *writer, const struct bench_result *result,
                           struct bench_text *out)
{
    double rate = bench_result_bandwidth(result);
    if (isnan(rate))
        return false;
    *out = bench_at_least_text(writer, result, bench_format_number(rate / MIB, 3));
    return true;
}

static bool rate_cell(struct bench_writer *writer, const struct bench_result *result,
                      struct bench_text *out)
{
    double rate = bench_result_throughput(result);
    if (isnan(rate))
        return false;
    *out = bench_at_least_text(writer, result, bench_format_rate(rate));
    return true;
}

static bool percentile_cell(struct bench_writer *writer, const struct bench_result *result,
                            enum bench_series_id id, enum bench_doubt which,
                            struct bench_text *out)
{
    struct bench_statistic own;
    bench_result_statistic(result, id, &own);
    if (own.count == 0)
        return false;
    *out = bench_percentile_text(writer, result, which,
                                 which == BENCH_DOUBT_P50 ? own.median : own.p99, own.count);
    if (id != BENCH_SERIES_LAG)
        *out = bench_at_most_text(writer, result, *out);
    return true;
}

static bool p50_cell(struct bench_writer *writer, const struct bench_result *result,
                     struct bench_text *out)
{
    return percentile_cell(writer, result, BENCH_SERIES_RESPONSE, BENCH_DOUBT_P50, out);
}

static bool p99_cell(struct bench_writer *writer, const struct bench_result *result,
                     struct bench_text *out)
{
    return percentile_cell(writer, result, BENCH_SERIES_RESPONSE, BENCH_DOUBT_P99, out);
}

static bool service_p50_cell(struct bench_writer *writer, const struct bench_result *result,
                             struct bench_text *out)
{
    return percentile_cell(writer, result, BENCH_SERIES_SERVICE, BENCH_DOUBT_P50, out);
}

static bool service_p99_cell(struct bench_writer *writer, const struct bench_result *result,
                             struct bench_text *out)
{
    return percentile_cell(writer, result, BENCH_SERIES_SERVICE, BENCH_DOUBT_P99, out);
}

static bool lag_cell(struct bench_writer *writer, const struct bench_result *result,
                     struct bench_text *out)
{
    return percentile_cell(writer, result, BENCH_SERIES_LAG, BENCH_DOUBT_P99, out);
}

static bool delivered_cell(struct bench_writer *writer, const struct bench_result *result,
                           struct bench_text *out)
{
    double rate = bench_result_delivered(result);
    (void)writer;
    *out = bench_format_rate(rate);
    return !isnan(rate);
}

static bool wire_cell(struct bench_writer *writer, const struct bench_result *result,
                      struct bench_text *out)
{
    double bytes = bench_result_tcp_bytes(result);
    (void)writer;
    *out = bench_format_size(bytes);
    return !isnan(bytes);
}

static bool trips_cell(struct bench_writer *writer, const struct bench_result *result,
                       struct bench_text *out)
{
    double trips = bench_result_round_trips(result);
    bool whole = fabs(trips - round(trips)) < 0.005;
    (void)writer;
    (void)snprintf(out->s, sizeof(out->s), whole ? "%.0f" : "%.2f", trips);
    return !isnan(trips);
}

static bool cores_cell(struct bench_writer *writer, const struct bench_result *result,
                       struct bench_text *out)
{
    double cores = bench_result_server_cores(result);
    (void)writer;
    (void)snprintf(out->s, sizeof(out->s), "%.2f", cores);
    return !isnan(cores);
}

#define SIZES   (1u << BENCH_PAGE_SIZES)
#define STYLES  (1u << BENCH_PAGE_STYLES)
#define LADDER  (1u << BENCH_PAGE_LADDER)
#define OPEN    (1u << (BENCH_PAGE_LADDER + 1)) /* a ladder of open loops */
#define FAR     (1u << (BENCH_PAGE_LADDER + 2)) /* of round-trip times */

/* The first of a page says why a cell is empty. */
static const struct metric metrics[] = {
    {"MiB/s", SIZES | STYLES, bandwidth_cell},
    {"requests", LADDER | FAR, rate_cell},
    {"p50", SIZES | LADDER | FAR, p50_cell},
    {"p99", LADDER | FAR, p99_cell},
    {"response p50", OPEN, p50_cell},
    {"response p99", OPEN, p99_cell},
    {"service p50", OPEN, service_p50_cell},
    {"service p99", OPEN, service_p99_cell},
    {"lag p99", OPEN, lag_cell},
    {"delivered", OPEN, delivered_cell},
    {"round trips", STYLES | FAR, trips_cell},
    {"on the wire", SIZES | STYLES, wire_cell},
    {"cores used", LADDER | OPEN, cores_cell},
};

/* A column: what of which group. */
struct column {
    const struct metric *metric;
    const struct bench_report_group *group;
    bool first; /* of its metric */
    bool tells; /* why a cell is empty */
};

struct matrix {
    struct bench_writer *writer;
    const struct bench_report_page *page;
    struct bench_rank *rows; /* one for each target; result: of the group that decides */
    size_t nrows;
    struct column *columns;
    size_t ncolumns;
};

/* ---- rows and columns ---- */

static unsigned kind_bit(const struct bench_report_page *page)
{
    if (page->kind == BENCH_PAGE_LADDER && bench_result_is_open(page->groups[0]->rows[0]))
        return OPEN;
    return page->factor == BENCH_FACTOR_RTT ? FAR : 1u << page->kind;
}

static double merit_of(const struct bench_report_page *page, const struct bench_result *result)
{
    if (!bench_result_is_shown(result))
        return NAN;
    if (page->kind != BENCH_PAGE_LADDER)
        return bench_result_bandwidth(result);
    if (page->groups[0]->view.ranking == BENCH_RANKING_THROUGHPUT)
        return bench_result_throughput(result);
    double time = bench_result_time(result);
    return time > 0 ? 1 / time : NAN;
}

static int make_rows(struct matrix *matrix)
{
    const struct bench_run *run = matrix->writer->run;
    const struct bench_report_page *page = matrix->page;
    matrix->rows = calloc(run->ntargets + 1, sizeof(*matrix->rows));
    if (matrix->rows == NULL)
        return -ENOMEM;
    for (size_t t = 0; t < run->ntargets; t++) {
        const struct bench_result *result = bench_report_row(bench_report_deciding(page), &run->targets[t]);
        for (size_t g = 0; result == NULL && g < page->ngroups; g++)
            result = bench_report_row(page->groups[g], &run->targets[t]);
        if (result != NULL)
            matrix->rows[matrix->nrows++] =
                (struct bench_rank){.result = result, .merit = merit_of(page, result)};
    }
    bench_rank_rows(matrix->rows, matrix->nrows);
    return 0;
}

static int make_columns(struct matrix *matrix)
{
    const struct bench_report_page *page = matrix->page;
    bool tells = true;
    matrix->columns = calloc(BENCH_COUNT_OF(metrics) * page->ngroups + 1, sizeof(*matrix->columns));
    if (matrix->columns == NULL)
        return -ENOMEM;
    for (size_t m = 0; m < BENCH_COUNT_OF(metrics); m++) {
        if (!(metrics[m].kinds & kind_bit(page)))
            continue;
        for (size_t g = 0; g < page->ngroups; g++)
            matrix->columns[matrix->ncolumns++] =
                (struct column){&metrics[m], page->groups[g], g == 0, tells};
        tells = false;
    }
    return 0;
}

/* ---- tables ---- */

static void put_cell(const struct matrix *matrix, struct bench_table *table,
                     const struct column *column, const struct bench_target_info *target)
{
    const struct bench_result *result = bench_report_row(column->group, target);
    struct bench_text text = {""};
    bool shown = result != NULL && bench_result_is_shown(result);
    bool known = shown && column->metric->cell(matrix->writer, result, &text);
    if (result != NULL && !shown && column->tells) {
        text = bench_status_text(matrix->writer, result);
        known = true;
    }
    bench_table_cell(table, known ? text.s : NULL);
}

/* The table of the columns [from, to). */
static struct bench_table *make_table(const struct matrix *matrix, size_t from, size_t to)
{
    struct bench_table *table = bench_table_new();
    if (table == NULL)
        return NULL;
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    for (size_t c = from; c < to; c++) {
        const struct column *column = &matrix->columns[c];
        if (column->first || c == from)
            bench_table_span(table, column->metric->head);
        bench_table_column(table, bench_report_column(matrix->page, column->group, '\n').s,
                           BENCH_ALIGN_RIGHT, 0);
    }
    bench_table_span(table, "");
    for (size_t r = 0; r < matrix->nrows; r++) {
        if (r > 0 && bench_rank_part(&matrix->rows[r]) >= 2 &&
            bench_rank_part(&matrix->rows[r - 1]) < 2)
            bench_table_rule(table);
        bench_table_row(table);
        bench_table_cell(table, matrix->rows[r].result->target->name);
        for (size_t c = from; c < to; c++)
            put_cell(matrix, table, &matrix->columns[c], matrix->rows[r].result->target);
    }
    return table;
}

/* Fewer columns: whole blocks go first, then single columns of the only one. */
static size_t step_back(const struct matrix *matrix, size_t from, size_t to)
{
    for (size_t at = to - 1; at > from; at--) {
        if (matrix->columns[at].first)
            return at;
    }
    return to - 1;
}

static int write_tables(struct matrix *matrix)
{
    int status = 0;
    for (size_t from = 0, to; from < matrix->ncolumns && status == 0; from = to) {
        struct bench_table *table;
        to = matrix->ncolumns;
        while ((table = make_table(matrix, from, to)) != NULL && to > from + 1 &&
               bench_table_width(table) > BENCH_REPORT_WIDTH) {
            bench_table_free(table);
            to = step_back(matrix, from, to);
        }
        if (table == NULL)
            return -ENOMEM;
        if (from > 0)
            fputc('\n', matrix->writer->out);
        status = bench_write_table(matrix->writer, table);
        bench_table_free(table);
    }
    return status;
}

/* ---- the page ---- */

static const char *payload_of(const struct bench_run *run)
{
    for (size_t i = 0; i < run->nplan; i++) {
        if (strcmp(run->plan[i].name, "payload") == 0)
            return run->plan[i].value;
    }
    return NULL;
}

/* "download", "download of 16MiB", "ping by number of clients". */
static const char *subject(const struct matrix *matrix, char *out, size_t size)
{
    const struct bench_report_group *first = matrix->page->groups[0];
    char text[BENCH_NOTE_BYTES];
    if (matrix->page->kind == BENCH_PAGE_LADDER) {
        (void)bench_report_operation(first, text, sizeof(text));
        (void)snprintf(out, size, "%.400s by %s", text, bench_factor_words(matrix->page->factor));
        return out;
    }
    const char *payload = payload_of(matrix->writer->run);
    const char *file = bench_result_parameter(first->rows[0], "size");
    bool styles = matrix->page->kind == BENCH_PAGE_STYLES;
    (void)snprintf(text, sizeof(text), "%.100s%s%.40s%s%.40s%s",
                   bench_result_parameter(first->rows[0], "direction"), styles ? " of " : "",
                   styles ? file : "", payload != NULL ? ", " : "", payload != NULL ? payload : "",
                   payload != NULL ? " payload" : "");
    return bench_text_clean(text, out, size);
}

int bench_write_matrix(struct bench_writer *writer, const struct bench_report_page *page)
{
    struct matrix matrix = {.writer = writer, .page = page};
    char text[BENCH_NOTE_BYTES];
    int status = make_rows(&matrix);
    if (status == 0)
        status = make_columns(&matrix);
    if (status == 0)
        status = bench_write_title(writer, page, subject(&matrix, text, sizeof(text)));
    if (status == 0)
        status = write_tables(&matrix);
    if (status == 0)
        status = bench_write_below(writer, page, "");
    free(matrix.rows);
    free(matrix.columns);
    return status;
}
