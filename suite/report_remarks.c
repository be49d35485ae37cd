/* SPDX-License-Identifier: MIT */
/*
 * The lines under a table about single rows: pools, trials that were left out or cut short, and
 * failed requests by kind.
 */
#include <inttypes.h>

#include "suite/report.h"
#include "suite/table.h"

#define NOTE_BYTES 512

/* What is true of single rows and has no column: pools, and trials that were left out. */
static void write_remarks(FILE *out, const struct bench_result *result)
{
    char name[NOTE_BYTES], text[NOTE_BYTES];
    const char *why = "";
    size_t bad = 0;
    (void)bench_text_clean(result->target->name, name, sizeof(name));
    if (result->target->label[0] != '\0' && bench_result_is_shown(result))
        fprintf(out, "%s: %s\n", name, bench_text_clean(result->target->label, text, sizeof(text)));
    for (size_t i = 0; i < result->ntrials; i++) {
        const struct bench_trial *trial = &result->trials[i];
        if (trial->status == BENCH_CELL_OK || trial->status == result->status)
            continue;
        why = bad++ == 0 ? trial->reason : why;
    }
    if (bad > 0)
        fprintf(out, "%s: %zu of %zu trials not ok, first: %s\n", name, bad, result->ntrials,
                bench_text_clean(why, text, sizeof(text)));
}

static size_t trials_cut(const struct bench_result *result)
{
    size_t cut = 0;
    for (size_t i = 0; i < result->ntrials; i++)
        cut += result->trials[i].budget_cut;
    return cut;
}

/* "the time budget cut trials short: http/threaded/python (1 of 8), ...". */
static void write_cuts(FILE *out, const struct bench_report_group *group)
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
    fprintf(out, "the time budget cut %strials short: ", shown == all ? "all " : "");
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
static void write_failures(FILE *out, const struct bench_result *result)
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
    fprintf(out, "%s: ", bench_text_clean(result->target->name, text, sizeof(text)));
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

void bench_report_remarks(FILE *out, const struct bench_report_group *group)
{
    for (size_t i = 0; i < group->nrows; i++)
        write_remarks(out, group->rows[i]);
    write_cuts(out, group);
    for (size_t i = 0; i < group->nrows; i++)
        write_failures(out, group->rows[i]);
}
