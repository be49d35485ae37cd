/* SPDX-License-Identifier: MIT */
/*
 * The lines under a table about single rows: pools, trials that were left out or cut short, and
 * failed requests by kind.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "stats/estimate.h"
#include "stats/steady.h"
#include "suite/metric.h"
#include "suite/report.h"

#define NOTE_BYTES 512

/* What is true of single rows and has no column: pools, and trials that were left out. where: the
 * column of the page, "" or "10MiB: ". */
static void write_trials(FILE *out, const struct bench_result *result, const char *where)
{
    char name[NOTE_BYTES], text[NOTE_BYTES];
    const char *why = "";
    size_t bad = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_trial *trial = &result->trials[i];
        if (trial->status == BENCH_CELL_OK || trial->status == result->status)
            continue;
        why = bad++ == 0 ? trial->reason : why;
    }
    if (bad > 0)
        fprintf(out, "%s%s: %zu of %zu trials not ok, first: %s\n", where,
                bench_text_clean(result->target->name, name, sizeof(name)), bad, result->ntrials,
                bench_text_clean(why, text, sizeof(text)));
}

/* "http/threaded/pool: pool of 1 x 8", once on a page. */
static void write_labels(FILE *out, const struct bench_run *run,
                         const struct bench_report_page *page)
{
    char name[NOTE_BYTES], text[NOTE_BYTES];
    for (size_t t = 0; t < run->ntargets; t++) {
        const struct bench_target_info *target = &run->targets[t];
        bool shown = false;
        for (size_t g = 0; g < page->ngroups && target->label[0] != '\0'; g++) {
            const struct bench_result *result = bench_report_row(page->groups[g], target);
            shown |= result != NULL && bench_result_is_shown(result);
        }
        if (shown)
            fprintf(out, "%s: %s\n", bench_text_clean(target->name, name, sizeof(name)),
                    bench_text_clean(target->label, text, sizeof(text)));
    }
}

static bool has_remark(const struct bench_result *result, const char *remark)
{
    return bench_result_is_shown(result) && result->remark != NULL && result->remark[0] != '\0' &&
           (remark == NULL || strcmp(result->remark, remark) == 0);
}

/* Whether the same remark stood on the page before row r of column g. */
static bool said_before(const struct bench_report_page *page, size_t g, size_t r)
{
    const char *remark = page->groups[g]->rows[r]->remark;
    for (size_t i = 0; i <= g; i++) {
        for (size_t k = 0; k < (i < g ? page->groups[i]->nrows : r); k++) {
            if (has_remark(page->groups[i]->rows[k], remark))
                return true;
        }
    }
    return false;
}

/* "10MiB: ", where the page has several columns. */
static const char *place_text(const struct bench_report_page *page, size_t g, char *out,
                              size_t size, const char *end)
{
    struct bench_text column = bench_report_column(page, page->groups[g], ' ');
    out[0] = '\0';
    if (column.s[0] != '\0')
        (void)snprintf(out, size, "%s%s", column.s, end);
    return out;
}

/* What protocols say of their cells: each sentence once, with all whom it concerns. */
static void write_protocols_remarks(FILE *out, const struct bench_report_page *page)
{
    char text[NOTE_BYTES], place[64];
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t r = 0; r < page->groups[g]->nrows; r++) {
            const char *remark = page->groups[g]->rows[r]->remark, *separator = ": ";
            if (!has_remark(page->groups[g]->rows[r], NULL) || said_before(page, g, r))
                continue;
            fprintf(out, "%s", bench_text_clean(remark, text, sizeof(text)));
            for (size_t i = g; i < page->ngroups; i++) {
                for (size_t k = i == g ? r : 0; k < page->groups[i]->nrows; k++) {
                    if (!has_remark(page->groups[i]->rows[k], remark))
                        continue;
                    fprintf(out, "%s%s%s", separator,
                            place_text(page, i, place, sizeof(place), " "),
                            bench_text_clean(page->groups[i]->rows[k]->target->name, text,
                                             sizeof(text)));
                    separator = ", ";
                }
            }
            fputc('\n', out);
        }
    }
}

/* A trial that differs from the others by less is not worth a line, however alike those are. */
#define FAR_OUT_LEAST 0.05
/* Of fewer, two that happen to be alike make the next one far out. */
#define FAR_OUT_TRIALS 5

/* "trials 3, 5 of http/threaded/python are far out: p50 4.0x, 2.1x the median; not left out". */
static void put_far_out(FILE *out, const struct bench_result *result,
                        const struct bench_metric *metric, const struct bench_trial_value *far,
                        size_t n, const char *where)
{
    char name[NOTE_BYTES];
    fprintf(out, "%strial%s", where, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s %d", i > 0 ? "," : "", far[i].block + 1);
    fprintf(out, " of %s %s far out: %s",
            bench_text_clean(result->target->name, name, sizeof(name)), n == 1 ? "is" : "are",
            metric->title);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s %s", i > 0 ? "," : "", bench_format_ratio(far[i].value).s);
    fprintf(out, " the median; not left out\n");
}

static void write_far_out(FILE *out, const struct bench_report_group *group,
                          const struct bench_result *result, const char *where)
{
    const struct bench_metric *metric = bench_group_metric(group);
    struct bench_trial_value *values = calloc(result->ntrials + 1, sizeof(*values));
    double *plain = calloc(2 * result->ntrials + 1, sizeof(*plain));
    bool *outlier = calloc(result->ntrials + 1, sizeof(*outlier));
    bool ready = values != NULL && plain != NULL && outlier != NULL;
    size_t n = ready ? bench_metric_values(metric, result, values) : 0, far = 0;
    for (size_t i = 0; i < n; i++)
        plain[i] = plain[n + i] = values[i].value;
    if (n >= FAR_OUT_TRIALS && bench_outliers(plain, n, outlier) > 0) {
        const double median = bench_median(plain + n, n);
        for (size_t i = 0; i < n; i++) {
            if (outlier[i] && fabs(plain[i] / median - 1) > FAR_OUT_LEAST)
                values[far++] = (struct bench_trial_value){values[i].block, plain[i] / median};
        }
    }
    if (far > 0)
        put_far_out(out, result, metric, values, far, where);
    free(values);
    free(plain);
    free(outlier);
}

static size_t trials_cut(const struct bench_result *result)
{
    size_t cut = 0;
    for (size_t i = 0; i < result->ntrials; i++)
        cut += result->trials[i].budget_cut;
    return cut;
}

/* "the time budget cut trials short: http/threaded/python (1 of 8), ...". */
static void write_cuts(FILE *out, const struct bench_report_group *group, const char *where)
{
    size_t all = 0, cut = 0, shown = 0;
    char name[NOTE_BYTES];
    const char *separator = "";
    for (size_t i = 0; i < group->nrows; i++) {
        if (!bench_result_is_shown(group->rows[i]))
            continue;
        shown++;
        cut += trials_cut(group->rows[i]) > 0;
        all += trials_cut(group->rows[i]) == group->rows[i]->ntrials;
    }
    if (cut == 0)
        return;
    fprintf(out, "%sthe time budget cut %strials short: ", where, shown == all ? "all " : "");
    if (shown == all) {
        fprintf(out, "fewer samples than asked for\n");
        return;
    }
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_result *result = group->rows[i];
        if (!bench_result_is_shown(result) || trials_cut(result) == 0)
            continue;
        fprintf(out, "%s%s (%zu of %zu)", separator,
                bench_text_clean(result->target->name, name, sizeof(name)), trials_cut(result),
                result->ntrials);
        separator = ", ";
    }
    fputc('\n', out);
}

/* "http/threaded/python: 3 timeouts, 1 reset, first: no answer within 5 s" */
static void write_failures(FILE *out, const struct bench_result *result, const char *where)
{
    static const char *const words[BENCH_FAILURE_COUNT][2] = {
        [BENCH_FAILURE_REFUSED] = {"refused connection", "refused connections"},
        [BENCH_FAILURE_TIMEOUT] = {"timeout", "timeouts"},
        [BENCH_FAILURE_RESET] = {"reset", "resets"},
        [BENCH_FAILURE_CLOSED] = {"early close", "early closes"},
        [BENCH_FAILURE_REMOTE] = {"remote exception", "remote exceptions"},
        [BENCH_FAILURE_STATUS] = {"bad status", "bad statuses"},
        [BENCH_FAILURE_WRONG] = {"wrong answer", "wrong answers"},
        [BENCH_FAILURE_PROTOCOL] = {"protocol error", "protocol errors"},
        [BENCH_FAILURE_CANCELED] = {"canceled request", "canceled requests"},
        [BENCH_FAILURE_OTHER] = {"other failure", "other failures"},
    };
    char text[NOTE_BYTES];
    if (result->pooled == NULL || bench_recording_failed(result->pooled) == 0)
        return;
    fprintf(out, "%s%s: ", where, bench_text_clean(result->target->name, text, sizeof(text)));
    const char *separator = "";
    for (size_t kind = 1; kind < BENCH_FAILURE_COUNT; kind++) {
        uint64_t count = result->pooled->failures[kind];
        if (count == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", separator, count, words[kind][count > 1]);
        separator = ", ";
    }
    fprintf(out, " of %" PRIu64, result->pooled->attempted);
    if (result->pooled->first_error[0] != '\0')
        fprintf(out, ", first: %s",
                bench_text_clean(result->pooled->first_error, text, sizeof(text)));
    fputc('\n', out);
}

void bench_report_remarks(FILE *out, const struct bench_run *run,
                          const struct bench_report_page *page)
{
    char where[64];
    write_labels(out, run, page);
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t i = 0; i < page->groups[g]->nrows; i++)
            write_trials(out, page->groups[g]->rows[i],
                         place_text(page, g, where, sizeof(where), ": "));
    }
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t i = 0; i < page->groups[g]->nrows; i++) {
            if (bench_result_is_shown(page->groups[g]->rows[i]))
                write_far_out(out, page->groups[g], page->groups[g]->rows[i],
                              place_text(page, g, where, sizeof(where), ": "));
        }
    }
    for (size_t g = 0; g < page->ngroups; g++)
        write_cuts(out, page->groups[g], place_text(page, g, where, sizeof(where), ": "));
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t i = 0; i < page->groups[g]->nrows; i++)
            write_failures(out, page->groups[g]->rows[i],
                           place_text(page, g, where, sizeof(where), ": "));
    }
    write_protocols_remarks(out, page);
}
