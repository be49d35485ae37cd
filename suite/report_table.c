/* SPDX-License-Identifier: MIT */
/*
 * One text table per group of results, best row first, floors and rulers last; under it the notes
 * that its marks refer to, the failures, and the sentences of run->comparisons.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "suite/report.h"
#include "suite/table.h"

#define MAX_WIDTH  140
#define MAX_NOTES  64
#define NOTE_BYTES 512

/* ---- rows ---- */

struct row {
    const struct bench_result *result;
    struct bench_statistic own, connect, ready; /* own: of the series that the view names */
    double merit;       /* what it is ranked by, more is better; NaN when nothing is shown */
    double best;        /* merit of the best judged row of the table; NaN without one */
    bool shown, alone;  /* alone: nothing to be compared with */
    unsigned *doubtful; /* bit i: percentile i of doubtful_percentiles was marked */
};

/* Order of the parts of a table: judged rows, rows without figures, floors, rulers. */
static int row_part(const struct row *row)
{
    switch (row->result->target->role) {
    case BENCH_ROLE_FLOOR:
        return 2;
    case BENCH_ROLE_RULER:
        return 3;
    case BENCH_ROLE_NORMAL:
        break;
    }
    return isnan(row->merit) ? 1 : 0;
}

static bool row_precedes(const struct row *a, const struct row *b)
{
    int part = row_part(a) - row_part(b);
    return part != 0 ? part < 0 : a->merit > b->merit;
}

static double row_merit(const struct row *row, const struct bench_view *view)
{
    if (!row->shown)
        return NAN;
    if (view->ranking == BENCH_RANKING_THROUGHPUT)
        return bench_result_throughput(row->result);
    return row->own.median > 0 ? 1 / row->own.median : NAN;
}

/* Insertion sort: a table has a few dozen rows, and equal ones must stay in the order asked for. */
static struct row *rows_new(const struct bench_report_group *group, unsigned *doubtful)
{
    struct row *rows = calloc(group->nrows, sizeof(*rows));
    double best = NAN;
    size_t shown = 0;
    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < group->nrows; i++) {
        struct row row = {.result = group->rows[i], .doubtful = doubtful};
        row.shown = bench_result_is_shown(row.result);
        shown += row.shown;
        bench_result_statistic(row.result, group->view.series, &row.own);
        bench_result_statistic(row.result, BENCH_SERIES_CONNECT, &row.connect);
        bench_result_statistic(row.result, BENCH_SERIES_READY, &row.ready);
        row.merit = row_merit(&row, &group->view);
        if (bench_result_is_judged(row.result))
            best = fmax(best, row.merit);
        size_t at = i;
        for (; at > 0 && row_precedes(&row, &rows[at - 1]); at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
    for (size_t i = 0; i < group->nrows; i++) {
        rows[i].best = best;
        rows[i].alone = shown < 2;
    }
    return rows;
}

/* ---- cells: false = there is no such figure ---- */

/* A sign before a formatted quantity; those are far shorter than what they are kept in. */
static void signed_text(struct bench_text *out, const char *sign, struct bench_text text)
{
    (void)snprintf(out->s, sizeof(out->s), "%.3s%.24s", sign, text.s);
}

static const struct {
    double p;
    const char *name;
} doubtful_percentiles[] = {{0.5, "p50"}, {0.9, "p90"}, {0.99, "p99"}, {0.999, "p99.9"}};

static bool percentile_cell(const struct row *row, const struct bench_statistic *statistic,
                            size_t index, double value, struct bench_text *out)
{
    if (isnan(value))
        return false;
    bool resolved = bench_percentile_is_resolved(doubtful_percentiles[index].p, statistic->count);
    if (!resolved)
        *row->doubtful |= 1u << index;
    signed_text(out, resolved ? "" : "~", bench_format_seconds(value));
    return true;
}

static bool p50_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, 0, row->own.median, out);
}

static bool p90_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, 1, row->own.p90, out);
}

static bool p99_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, 2, row->own.p99, out);
}

static bool p999_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->own, 3, row->own.p999, out);
}

static bool connect_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->connect, 0, row->connect.median, out);
}

static bool ready_cell(const struct row *row, struct bench_text *out)
{
    return percentile_cell(row, &row->ready, 0, row->ready.median, out);
}

static bool mean_cell(const struct row *row, struct bench_text *out)
{
    *out = bench_format_seconds(row->own.mean);
    return !isnan(row->own.mean);
}

static bool ratio_cell(const struct row *row, struct bench_text *out)
{
    bool comparable = row->result->status == BENCH_CELL_OK;
    if (row->alone || !comparable || isnan(row->merit) || isnan(row->best))
        return false;
    bool is_best = bench_result_is_judged(row->result) && row->merit >= row->best;
    *out = bench_format_ratio(row->best / row->merit);
    if (is_best)
        (void)snprintf(out->s, sizeof(out->s), "best");
    return true;
}

static bool rate_cell(const struct row *row, struct bench_text *out)
{
    double rate = bench_result_throughput(row->result);
    bool at_least = row->result->status == BENCH_CELL_CLIENT_BOUND;
    signed_text(out, at_least ? "≥" : "", bench_format_rate(rate));
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
    signed_text(out, bytes < 0 ? "-" : "+", bench_format_size(fabs(bytes)));
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

enum { IN_CONNECTION = 1, IN_SINGLE = 2, IN_SHARED = 4, IN_CALLS = 6, IN_ALL = 7 };

/* sacrifice: which go first when the table would be too wide. */
static const struct {
    const char *head;
    unsigned in, sacrifice;
    bool (*cell)(const struct row *row, struct bench_text *out);
} columns[] = {
    {"connected\np50", IN_CONNECTION, 0, connect_cell},
    {"ready\np50", IN_CONNECTION, 0, ready_cell},
    {"1st answer\np50", IN_CONNECTION, 0, p50_cell},
    {"p50", IN_CALLS, 0, p50_cell},
    {"p90", IN_ALL, 3, p90_cell},
    {"p99", IN_ALL, 0, p99_cell},
    {"p99.9", IN_SINGLE, 8, p999_cell},
    {"mean", IN_CALLS, 7, mean_cell},
    {"connections", IN_CONNECTION, 2, rate_cell},
    {"requests", IN_SINGLE, 2, rate_cell},
    {"requests", IN_SHARED, 0, rate_cell},
    {"vs\nbest", IN_ALL, 0, ratio_cell},
    {"round\ntrips", IN_CALLS, 0, trips_cell},
    {"frames", IN_CALLS, 6, frames_cell},
    {"bytes\n/req", IN_CALLS, 4, bytes_cell},
    {"bytes\n/conn", IN_CONNECTION, 4, bytes_cell},
    {"server CPU\nµs/req", IN_CALLS, 0, server_cpu_cell},
    {"server CPU\nµs/conn", IN_CONNECTION, 0, server_cpu_cell},
    {"cores\nused", IN_SHARED, 1, cores_cell},
    {"client CPU\nµs/req", IN_CALLS, 0, client_cpu_cell},
    {"client CPU\nµs/conn", IN_CONNECTION, 0, client_cpu_cell},
    {"server\nmemory", IN_SHARED, 5, memory_cell},
    {"success", IN_ALL, 0, success_cell},
};

/* ---- notes ---- */

struct notes {
    char text[MAX_NOTES][NOTE_BYTES];
    size_t count;
};

/* The number (from 1) of a note; equal texts share one. 0 when there is no room. */
static size_t note_add(struct notes *notes, const char *text)
{
    char clean[NOTE_BYTES];
    (void)bench_text_clean(text, clean, sizeof(clean));
    for (size_t i = 0; i < notes->count; i++) {
        if (strcmp(notes->text[i], clean) == 0)
            return i + 1;
    }
    if (notes->count == MAX_NOTES)
        return 0;
    memcpy(notes->text[notes->count++], clean, sizeof(clean));
    return notes->count;
}

static void status_cell(struct bench_table *table, const struct bench_result *result,
                        struct notes *notes)
{
    char text[64] = "";
    const char *name = bench_cell_status_name(result->status);
    size_t note = 0;
    if (result->status != BENCH_CELL_OK)
        note = note_add(notes, result->reason[0] != '\0' ? result->reason : "no reason was given");
    if (note > 0)
        (void)snprintf(text, sizeof(text), "%s [%zu]", name, note);
    else if (result->status != BENCH_CELL_OK)
        (void)snprintf(text, sizeof(text), "%s", name);
    bench_table_cell(table, text);
}

/* ---- the page of one group ---- */

static unsigned view_place(const struct bench_view *view)
{
    if (view->series == BENCH_SERIES_FIRST_ANSWER)
        return IN_CONNECTION;
    return view->concurrent ? IN_SHARED : IN_SINGLE;
}

static void table_fill(struct bench_table *table, const struct bench_report_group *group,
                       const struct row *rows, struct notes *notes)
{
    unsigned place = view_place(&group->view);
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    for (size_t c = 0; c < BENCH_COUNT_OF(columns); c++) {
        if (columns[c].in & place)
            bench_table_column(table, columns[c].head, BENCH_ALIGN_RIGHT, columns[c].sacrifice);
    }
    bench_table_column(table, "status", BENCH_ALIGN_LEFT, 0);
    for (size_t r = 0; r < group->nrows; r++) {
        if (r > 0 && row_part(&rows[r]) >= 2 && row_part(&rows[r - 1]) < 2)
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
        status_cell(table, rows[r].result, notes);
    }
}

static void write_span(FILE *out, uint64_t low, uint64_t high, const char *unit)
{
    if (low == high)
        fprintf(out, "%" PRIu64 " %s%s", low, unit, low == 1 ? "" : "s");
    else
        fprintf(out, "%" PRIu64 " to %" PRIu64 " %ss", low, high, unit);
}

/* "latency: ping, closed loop, 1 connection; 8000 samples of 8 trials per target" */
static void write_title(FILE *out, const struct bench_report_group *group, const struct row *rows)
{
    const struct bench_result *first = group->rows[0];
    uint64_t low = UINT64_MAX, high = 0;
    size_t fewest = SIZE_MAX, most = 0;
    char clean[NOTE_BYTES];
    fprintf(out, "%s: ", bench_text_clean(first->workload, clean, sizeof(clean)));
    fprintf(out, "%s", bench_report_operation(group, clean, sizeof(clean)));
    fprintf(out, ", %s", bench_text_clean(first->load_model, clean, sizeof(clean)));
    for (size_t r = 0; r < group->nrows; r++) {
        if (!rows[r].shown)
            continue;
        low = rows[r].own.count < low ? rows[r].own.count : low;
        high = rows[r].own.count > high ? rows[r].own.count : high;
        fewest = rows[r].result->ntrials < fewest ? rows[r].result->ntrials : fewest;
        most = rows[r].result->ntrials > most ? rows[r].result->ntrials : most;
    }
    if (high > 0) {
        fprintf(out, "; ");
        write_span(out, low, high, "sample");
        fprintf(out, " of ");
        write_span(out, fewest, most, "trial");
        fprintf(out, "%s", group->nrows > 1 ? " per target" : "");
    }
    fprintf(out, "\n\n");
}

/* dropped: heads of the columns that are not shown, whose marks nobody sees. */
static void write_doubt(FILE *out, unsigned doubtful, const char *dropped)
{
    const char *separator = "";
    for (size_t i = 0; i < BENCH_COUNT_OF(doubtful_percentiles); i++) {
        if (strstr(dropped, doubtful_percentiles[i].name) != NULL)
            doubtful &= ~(1u << i);
    }
    if (doubtful == 0)
        return;
    fprintf(out, "~ too few samples to place that percentile (");
    for (size_t i = 0; i < BENCH_COUNT_OF(doubtful_percentiles); i++) {
        if (!(doubtful & 1u << i))
            continue;
        fprintf(out, "%s%s needs %" PRIu64, separator, doubtful_percentiles[i].name,
                bench_percentile_needs(doubtful_percentiles[i].p));
        separator = ", ";
    }
    fprintf(out, "): read it as a rough figure\n");
}

static void write_notes(FILE *out, const struct bench_report_group *group, const struct row *rows,
                        const struct notes *notes, const char *dropped)
{
    bool at_least = false;
    bool memory = group->view.concurrent && strstr(dropped, "memory") == NULL;
    for (size_t i = 0; i < notes->count; i++)
        fprintf(out, "[%zu] %s\n", i + 1, notes->text[i]);
    for (size_t r = 0; r < group->nrows; r++)
        at_least |= rows[r].shown && rows[r].result->status == BENCH_CELL_CLIENT_BOUND;
    if (at_least)
        fprintf(out, "≥ at least: the client was the limit, the server could do more\n");
    for (size_t r = 0, known = 0; memory && r < group->nrows; r++) {
        if (rows[r].shown && !isnan(rows[r].result->resources.server_pss_bytes) && known++ == 0)
            fprintf(out, "server memory: growth over the idle server, all its processes (PSS)\n");
    }
}

static bool group_has(const struct bench_report_group *group, const struct bench_result *result)
{
    for (size_t i = 0; i < group->nrows; i++) {
        if (group->rows[i] == result)
            return true;
    }
    return false;
}

static void write_sentences(FILE *out, const struct bench_run *run,
                            const struct bench_report_group *group)
{
    bool first = true;
    for (size_t i = 0; i < run->ncomparisons; i++) {
        if (!group_has(group, run->comparisons[i].a))
            continue;
        fprintf(out, "%s  %s\n", first ? "\n" : "", run->comparisons[i].sentence);
        first = false;
    }
}

static int write_page(FILE *out, const struct bench_run *run,
                      const struct bench_report_group *group, struct notes *notes)
{
    unsigned doubtful = 0;
    char dropped[NOTE_BYTES];
    struct row *rows = rows_new(group, &doubtful);
    struct bench_table *table = bench_table_new();
    int status = -ENOMEM;
    if (rows == NULL || table == NULL)
        goto out;
    notes->count = 0;
    table_fill(table, group, rows, notes);
    bench_table_fit(table, MAX_WIDTH, dropped, sizeof(dropped));
    write_title(out, group, rows);
    status = bench_table_write(table, out);
    if (status < 0)
        goto out;
    write_notes(out, group, rows, notes, dropped);
    write_doubt(out, doubtful, dropped);
    if (dropped[0] != '\0')
        fprintf(out, "left out for want of width, see the JSON: %s\n", dropped);
    bench_report_remarks(out, group);
    write_sentences(out, run, group);
out:
    bench_table_free(table);
    free(rows);
    return status;
}

static int write_pages(FILE *out, const struct bench_run *run)
{
    struct bench_report_group *groups;
    size_t count;
    int status = bench_report_groups_new(run, &groups, &count);
    if (status < 0)
        return status;
    struct notes *notes = malloc(sizeof(*notes));
    if (notes == NULL)
        status = -ENOMEM;
    if (run->interrupted)
        fprintf(out, "interrupted: only what was measured until then follows\n\n");
    if (count == 0)
        fprintf(out, "nothing was measured\n");
    for (size_t i = 0; i < count && status == 0; i++) {
        if (i > 0)
            fprintf(out, "\n\n");
        status = write_page(out, run, &groups[i], notes);
    }
    free(notes);
    bench_report_groups_free(groups, count);
    return status;
}

int bench_report_tables(const struct bench_run *run, struct bench_buf *out)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (file == NULL)
        return -ENOMEM;
    int status = write_pages(file, run);
    if (fclose(file) != 0 && status == 0)
        status = -ENOMEM;
    if (status == 0)
        status = bench_buf_add(out, text, length);
    free(text);
    return status;
}
