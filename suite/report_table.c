/* SPDX-License-Identifier: MIT */
/* The table of one group: best row first, floors and rulers last. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/instrument.h"
#include "suite/metric.h"
#include "suite/report_rank.h"
#include "suite/report_write.h"

/* ---- rows ---- */

struct row {
    const struct bench_result *result;
    struct bench_statistic own, connect, ready; /* own: of the series that the view names */
    struct bench_statistic service, lag;
    struct bench_rank rank;
    const struct bench_metric *metric; /* by which the table is ranked */
    struct bench_writer *writer;
    bool shown;
};

static double row_merit(const struct row *row, const struct bench_view *view)
{
    if (!row->shown)
        return NAN;
    if (view->ranking == BENCH_RANKING_THROUGHPUT)
        return bench_result_throughput(row->result);
    return row->own.median > 0 ? 1 / row->own.median : NAN;
}

/* In the order of the table. */
static struct row *rows_new(const struct bench_report_group *group, struct bench_writer *writer)
{
    struct row *rows = calloc(group->nrows, sizeof(*rows));
    struct bench_rank *ranks = calloc(group->nrows, sizeof(*ranks));
    if (rows == NULL || ranks == NULL) {
        free(rows);
        free(ranks);
        return NULL;
    }
    for (size_t i = 0; i < group->nrows; i++) {
        struct row row = {.result = group->rows[i], .writer = writer};
        row.shown = bench_result_is_shown(row.result);
        bench_result_statistic(row.result, group->view.series, &row.own);
        ranks[i] =
            (struct bench_rank){.result = row.result, .merit = row_merit(&row, &group->view)};
    }
    bench_rank_rows(ranks, group->nrows);
    for (size_t i = 0; i < group->nrows; i++) {
        struct row *row = &rows[i];
        *row = (struct row){.result = ranks[i].result, .rank = ranks[i], .writer = writer};
        row->metric = bench_group_metric(group);
        row->shown = bench_result_is_shown(row->result);
        bench_result_statistic(row->result, group->view.series, &row->own);
        bench_result_statistic(row->result, BENCH_SERIES_CONNECT, &row->connect);
        bench_result_statistic(row->result, BENCH_SERIES_READY, &row->ready);
        bench_result_statistic(row->result, BENCH_SERIES_SERVICE, &row->service);
        bench_result_statistic(row->result, BENCH_SERIES_LAG, &row->lag);
    }
    free(ranks);
    return rows;
}

/* ---- cells: false = there is no such figure ---- */

static bool percentile_cell(const struct row *row, const struct bench_statistic *statistic,
                            enum bench_doubt which, double value, struct bench_text *out)
{
    if (isnan(value))
        return false;
    *out = bench_percentile_text(row->writer, row->result, which, value, statistic->count);
    if (statistic != &row->lag) /* which is the client's own */
        *out = bench_at_most_text(row->writer, row->result, *out);
    return true;
}

static bool p50_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, BENCH_DOUBT_P50, row->own.median, out);
}

static bool p90_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, BENCH_DOUBT_P90, row->own.p90, out);
}

static bool p99_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, BENCH_DOUBT_P99, row->own.p99, out);
}

static bool p999_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, BENCH_DOUBT_P999, row->own.p999, out);
}

/* Of what ranks the table; behind the column of that. */
static bool spread_cell(const struct row *row, enum bench_metric_id id, struct bench_text *out)
{
    return row->metric->id == id && bench_spread_text(row->writer, row->result, row->metric, out);
}

static bool time_spread_cell(const struct row *row, struct bench_text *out)
{
    return spread_cell(row, BENCH_METRIC_P50, out);
}

static bool rate_spread_cell(const struct row *row, struct bench_text *out)
{
    return spread_cell(row, BENCH_METRIC_THROUGHPUT, out);
}

static bool connect_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->connect, BENCH_DOUBT_P50, row->connect.median, out);
}

static bool ready_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->ready, BENCH_DOUBT_P50, row->ready.median, out);
}

static bool service_p50_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->service, BENCH_DOUBT_P50, row->service.median, out);
}

static bool service_p99_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->service, BENCH_DOUBT_P99, row->service.p99, out);
}

static bool lag_p99_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->lag, BENCH_DOUBT_P99, row->lag.p99, out);
}

static bool offered_cell(const struct row *row, struct bench_text *out)
{
    double rate = bench_result_offered(row->result);
    *out = bench_format_rate(rate);
    return !isnan(rate);
}

static bool delivered_cell(const struct row *row, struct bench_text *out)
{
    double rate = bench_result_delivered(row->result);
    *out = bench_format_rate(rate);
    return !isnan(rate);
}

static bool mean_cell(const struct row *row, struct bench_text *out)
{
    *out = bench_at_most_text(row->writer, row->result, bench_format_seconds(row->own.mean));
    return !isnan(row->own.mean);
}

static bool ratio_cell(const struct row *row, struct bench_text *out)
{
    return bench_rank_text(row->writer, &row->rank, out);
}

static bool rate_cell(const struct row *row, struct bench_text *out)
{
    double rate = bench_result_throughput(row->result);
    *out = bench_at_least_text(row->writer, row->result, bench_format_rate(rate));
    return !isnan(rate);
}

/* Counts of what happens on the wire are mostly whole: 2, but 2.01 if some differ. */
static bool count_cell(double value, struct bench_text *out)
{
    bool whole = fabs(value - round(value)) < 0.005;
    (void)snprintf(out->s, sizeof(out->s), whole ? "%.0f" : "%.2f", value);
    return !isnan(value);
}

static bool trips_cell(const struct row *row, struct bench_text *out)
{
    return count_cell(bench_result_round_trips(row->result), out);
}

static bool frames_cell(const struct row *row, struct bench_text *out)
{
    return count_cell(bench_result_frames(row->result), out);
}

static bool bytes_cell(const struct row *row, struct bench_text *out)
{
    double bytes = bench_result_tcp_bytes(row->result);
    *out = bench_format_size(bytes);
    return !isnan(bytes);
}

static bool micros_cell(double seconds, struct bench_text *out)
{
    *out = bench_format_number(seconds * 1e6, 3);
    return !isnan(seconds);
}

static bool server_cpu_cell(const struct row *row, struct bench_text *out)
{
    return micros_cell(bench_result_server_cpu(row->result), out);
}

static bool client_cpu_cell(const struct row *row, struct bench_text *out)
{
    return micros_cell(bench_result_client_cpu(row->result), out);
}

static bool cores_cell(const struct row *row, struct bench_text *out)
{
    double cores = bench_result_server_cores(row->result);
    (void)snprintf(out->s, sizeof(out->s), "%.2f", cores);
    return !isnan(cores);
}

static bool memory_cell(const struct row *row, struct bench_text *out)
{
    double bytes = row->result->resources.server_pss_bytes;
    if (isnan(bytes))
        return false;
    *out = bench_signed_text(bytes < 0 ? "-" : "+", bench_format_size(fabs(bytes)));
    return true;
}

/* Only what deviates is worth a look. */
static bool success_cell(const struct row *row, struct bench_text *out)
{
    double success = bench_result_success(row->result);
    if (isnan(success) || success >= 1)
        return true;
    /* 99.996 % must not be printed as 100. */
    (void)snprintf(out->s, sizeof(out->s), "%.2f %%", fmin(floor(success * 1e4) / 100, 99.99));
    return true;
}

/* OPEN, OPEN_SHARED: an open loop on one connection, on several. */
enum {
    IN_CONNECTION = 1,
    IN_SINGLE = 2,
    IN_SHARED = 4,
    IN_OPEN = 8,
    IN_OPEN_SHARED = 16,
    IN_OPENS = IN_OPEN | IN_OPEN_SHARED,
    IN_CLOSED = IN_SINGLE | IN_SHARED,
    IN_CALLS = IN_CLOSED | IN_OPENS,
    IN_ALL = IN_CALLS | IN_CONNECTION
};

/* sacrifice: which go first when the table would be too wide. */
static const struct {
    const char *head;
    unsigned in, sacrifice;
    bool (*cell)(const struct row *row, struct bench_text *out);
} columns[] = {
    {"connected\np50", IN_CONNECTION, 0, connect_cell},
    {"ready\np50", IN_CONNECTION, 0, ready_cell},
    {"1st answer\np50", IN_CONNECTION, 0, p50_cell},
    {"p50", IN_CLOSED, 0, p50_cell},
    {"±", IN_CLOSED | IN_CONNECTION, 5, time_spread_cell},
    {"p90", IN_CLOSED | IN_CONNECTION, 3, p90_cell},
    {"p99", IN_CLOSED | IN_CONNECTION, 0, p99_cell},
    {"p99.9", IN_SINGLE, 8, p999_cell},
    {"mean", IN_CLOSED, 7, mean_cell},
    {"response\np50", IN_OPENS, 0, p50_cell},
    {"±", IN_OPENS, 4, time_spread_cell},
    {"response\np99", IN_OPENS, 0, p99_cell},
    {"response\np99.9", IN_OPENS, 3, p999_cell},
    {"service\np50", IN_OPENS, 0, service_p50_cell},
    {"service\np99", IN_OPENS, 0, service_p99_cell},
    {"lag\np99", IN_OPENS, 0, lag_p99_cell},
    {"offered", IN_OPENS, 0, offered_cell},
    {"delivered", IN_OPENS, 0, delivered_cell},
    {"connections", IN_CONNECTION, 2, rate_cell},
    {"requests", IN_SINGLE, 2, rate_cell},
    {"requests", IN_SHARED, 0, rate_cell},
    {"±", IN_CLOSED, 5, rate_spread_cell},
    {"vs\nbest", IN_ALL, 0, ratio_cell},
    {"round\ntrips", IN_CALLS, 0, trips_cell},
    {"frames", IN_CALLS, 6, frames_cell},
    {"bytes\n/req", IN_CALLS, 4, bytes_cell},
    {"bytes\n/conn", IN_CONNECTION, 4, bytes_cell},
    {"server CPU\nµs/req", IN_CALLS, 0, server_cpu_cell},
    {"server CPU\nµs/conn", IN_CONNECTION, 0, server_cpu_cell},
    {"cores\nused", IN_SHARED | IN_OPEN_SHARED, 1, cores_cell},
    {"client CPU\nµs/req", IN_CALLS, 0, client_cpu_cell},
    {"client CPU\nµs/conn", IN_CONNECTION, 0, client_cpu_cell},
    {"server\nmemory", IN_SHARED | IN_OPEN_SHARED, 5, memory_cell},
    {"success", IN_ALL, 0, success_cell},
};

/* ---- the page of one group ---- */

static unsigned view_place(const struct bench_report_group *group)
{
    const struct bench_view *view = &group->view;
    if (view->series == BENCH_SERIES_FIRST_ANSWER)
        return IN_CONNECTION;
    if (bench_result_is_open(group->rows[0]))
        return view->concurrent ? IN_OPEN_SHARED : IN_OPEN;
    return view->concurrent ? IN_SHARED : IN_SINGLE;
}

static void table_fill(struct bench_table *table, const struct bench_report_group *group,
                       const struct row *rows, struct bench_writer *writer)
{
    unsigned place = view_place(group);
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    for (size_t c = 0; c < BENCH_COUNT_OF(columns); c++) {
        if (columns[c].in & place)
            bench_table_column(table, columns[c].head, BENCH_ALIGN_RIGHT, columns[c].sacrifice);
    }
    bench_table_column(table, "status", BENCH_ALIGN_LEFT, 0);
    for (size_t r = 0; r < group->nrows; r++) {
        if (r > 0 && bench_rank_part(&rows[r].rank) >= 2 && bench_rank_part(&rows[r - 1].rank) < 2)
            bench_table_rule(table);
        bench_table_row(table);
        bench_table_cell(table, rows[r].result->target->name);
        for (size_t c = 0; c < BENCH_COUNT_OF(columns); c++) {
            struct bench_text text = {""};
            if (!(columns[c].in & place))
                continue;
            bool known = rows[r].shown && columns[c].cell(&rows[r], &text);
            bench_table_cell(table, known ? text.s : NULL);
        }
        bench_table_cell(table, bench_status_text(writer, rows[r].result).s);
    }
}

int bench_write_single(struct bench_writer *writer, const struct bench_report_page *page)
{
    const struct bench_report_group *group = page->groups[0];
    char dropped[BENCH_NOTE_BYTES] = "", operation[BENCH_NOTE_BYTES];
    struct row *rows = rows_new(group, writer);
    struct bench_table *table = bench_table_new();
    int status = -ENOMEM;
    if (rows == NULL || table == NULL)
        goto out;
    table_fill(table, group, rows, writer);
    if (!writer->markdown)
        bench_table_fit(table, BENCH_REPORT_WIDTH, dropped, sizeof(dropped));
    status = bench_write_title(writer, page,
                               bench_report_operation(group, operation, sizeof(operation)));
    if (status == 0)
        status = bench_write_table(writer, table);
    if (status == 0)
        status = bench_write_below(writer, page, dropped);
out:
    bench_table_free(table);
    free(rows);
    return status;
}

/* ---- the report for a terminal ---- */

static int write_text(struct bench_writer *writer)
{
    if (writer->run->interrupted)
        fprintf(writer->out, "interrupted: only what was measured until then follows\n\n");
    if (writer->run->nresults == 0) {
        fprintf(writer->out, "nothing was measured\n");
        return 0;
    }
    char environment[1024];
    if (bench_report_environment(writer->run, environment, sizeof(environment))[0] != '\0')
        fprintf(writer->out, "measured on %s\n", environment);
    const char *instrument = bench_instrument_of(writer->run);
    if (instrument != NULL)
        fprintf(writer->out, "instrument: %s\n",
                bench_text_clean(instrument, environment, sizeof(environment)));
    if (environment[0] != '\0')
        fputc('\n', writer->out);
    return bench_write_pages(writer);
}

int bench_report_tables(const struct bench_run *run, struct bench_buf *out)
{
    return bench_report_render(run, false, write_text, out);
}
