/* SPDX-License-Identifier: MIT */
#include "suite/report_write.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "stats/estimate.h"
#include "suite/report_analyses.h"

static const struct {
    double p;
    const char *name;
} doubts[] = {
    [BENCH_DOUBT_P50] = {0.5, "p50"},
    [BENCH_DOUBT_P90] = {0.9, "p90"},
    [BENCH_DOUBT_P99] = {0.99, "p99"},
    [BENCH_DOUBT_P999] = {0.999, "p99.9"},
};

int bench_report_render(const struct bench_run *run, bool markdown,
                        int (*fn)(struct bench_writer *writer), struct bench_buf *out)
{
    char *text = NULL;
    size_t length = 0;
    struct bench_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return -ENOMEM;
    writer->run = run;
    writer->markdown = markdown;
    writer->out = open_memstream(&text, &length);
    if (writer->out == NULL) {
        free(writer);
        return -ENOMEM;
    }
    int status = fn(writer);
    if (fclose(writer->out) != 0 && status == 0)
        status = -ENOMEM;
    if (status == 0)
        status = bench_buf_add(out, text, length);
    free(text);
    free(writer);
    return status;
}

int bench_write_pages(struct bench_writer *writer)
{
    struct bench_report_pages pages;
    int status = bench_report_pages_new(writer->run, &pages);
    if (status < 0)
        return status;
    for (size_t i = 0; i < pages.npages && status == 0; i++) {
        const struct bench_report_page *page = &pages.pages[i];
        writer->nnotes = 0;
        writer->doubtful = 0;
        writer->bound = writer->at_most = writer->beaten = false;
        writer->tied = writer->spread = false;
        writer->open = bench_result_is_open(page->groups[0]->rows[0]);
        if (i > 0)
            fputs(writer->markdown ? "\n" : "\n\n", writer->out);
        status = page->kind == BENCH_PAGE_SINGLE ? bench_write_single(writer, page)
                                                 : bench_write_matrix(writer, page);
    }
    bench_report_pages_free(&pages);
    return status == 0 ? bench_write_analyses(writer) : status;
}

/* ---- Markdown ---- */

void bench_markdown_list(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        char line[2048];
        while (length > 0 && *text == ' ') {
            text++;
            length--;
        }
        (void)snprintf(line, sizeof(line), "%.*s", (int)length, text);
        if (length > 0) {
            fputs("- ", out);
            bench_markdown_text(out, line);
            fputc('\n', out);
        }
        text += length + (text[length] == '\n');
    }
}

/* ---- cells ---- */

size_t bench_note_add(struct bench_writer *writer, const char *text)
{
    char clean[BENCH_NOTE_BYTES];
    (void)bench_text_clean(text, clean, sizeof(clean));
    for (size_t i = 0; i < writer->nnotes; i++) {
        if (strcmp(writer->notes[i], clean) == 0)
            return i + 1;
    }
    if (writer->nnotes == BENCH_COUNT_OF(writer->notes))
        return 0;
    memcpy(writer->notes[writer->nnotes++], clean, sizeof(clean));
    return writer->nnotes;
}

struct bench_text bench_status_text(struct bench_writer *writer, const struct bench_result *result)
{
    struct bench_text text = {""};
    if (result->status == BENCH_CELL_OK)
        return text;
    size_t note =
        bench_note_add(writer, result->reason[0] != '\0' ? result->reason : "no reason was given");
    if (note > 0)
        (void)snprintf(text.s, sizeof(text.s), "%.16s [%zu]",
                       bench_cell_status_name(result->status), note % 1000);
    else
        (void)snprintf(text.s, sizeof(text.s), "%.16s", bench_cell_status_name(result->status));
    return text;
}

struct bench_text bench_signed_text(const char *sign, struct bench_text text)
{
    struct bench_text out;
    /* Formatted quantities are far shorter than what they are kept in. */
    (void)snprintf(out.s, sizeof(out.s), "%.3s%.24s", sign, text.s);
    return out;
}

static struct bench_text bound_text(struct bench_writer *writer, const struct bench_result *result,
                                    const char *sign, struct bench_text text)
{
    bool bound = result->status == BENCH_CELL_CLIENT_BOUND;
    writer->bound |= bound;
    return bench_signed_text(bound ? sign : "", text);
}

struct bench_text bench_at_least_text(struct bench_writer *writer,
                                      const struct bench_result *result, struct bench_text text)
{
    return bound_text(writer, result, "≥", text);
}

struct bench_text bench_at_most_text(struct bench_writer *writer, const struct bench_result *result,
                                     struct bench_text text)
{
    return bound_text(writer, result, "≤", text);
}

struct bench_text bench_percentile_text(struct bench_writer *writer,
                                        const struct bench_result *result, enum bench_doubt which,
                                        double seconds, uint64_t n)
{
    const double effective = bench_result_effective(result, n);
    const bool resolved = bench_percentile_is_resolved(doubts[which].p, (uint64_t)effective);
    if (!resolved) {
        struct bench_doubt_needs *needs = &writer->needs[which];
        double wanted = (double)bench_percentile_needs(doubts[which].p) * (double)n / effective;
        bool first = !(writer->doubtful & 1u << which);
        needs->low = first ? wanted : fmin(needs->low, wanted);
        needs->high = first ? wanted : fmax(needs->high, wanted);
        writer->doubtful |= 1u << which;
    }
    return bench_signed_text(resolved ? "" : "~", bench_format_seconds(seconds));
}

bool bench_spread_text(struct bench_writer *writer, const struct bench_result *result,
                       const struct bench_metric *metric, struct bench_text *out)
{
    struct bench_bounds bounds;
    if (result->status != BENCH_CELL_OK ||
        bench_result_interval(result, metric, &bounds, NULL) < 0 || isnan(bounds.low))
        return false;
    double percent = 50 * (bounds.high - bounds.low) / bounds.estimate;
    if (!isfinite(percent))
        return false;
    writer->spread = true;
    (void)snprintf(out->s, sizeof(out->s), percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
    return true;
}

/* ---- above the tables ---- */

static void write_span(FILE *out, uint64_t low, uint64_t high, const char *unit)
{
    if (low == high)
        fprintf(out, "%" PRIu64 " %s%s", low, unit, low == 1 ? "" : "s");
    else
        fprintf(out, "%" PRIu64 " to %" PRIu64 " %ss", low, high, unit);
}

/* How much was measured in the cells that are shown. */
static void write_amount(FILE *out, const struct bench_report_page *page)
{
    uint64_t low = UINT64_MAX, high = 0;
    size_t fewest = SIZE_MAX, most = 0, rows = 0;
    for (size_t g = 0; g < page->ngroups; g++) {
        const struct bench_report_group *group = page->groups[g];
        rows += group->nrows;
        for (size_t r = 0; r < group->nrows; r++) {
            const struct bench_result *result = group->rows[r];
            struct bench_statistic own;
            if (!bench_result_is_shown(result))
                continue;
            bench_result_statistic(result, group->view.series, &own);
            low = own.count < low ? own.count : low;
            high = own.count > high ? own.count : high;
            fewest = result->ntrials < fewest ? result->ntrials : fewest;
            most = result->ntrials > most ? result->ntrials : most;
        }
    }
    if (high == 0)
        return;
    fprintf(out, "; ");
    write_span(out, low, high, "sample");
    fprintf(out, " of ");
    write_span(out, fewest, most, "trial");
    if (page->ngroups > 1)
        fprintf(out, " per figure");
    else if (rows > 1)
        fprintf(out, " per target");
}

int bench_write_title(struct bench_writer *writer, const struct bench_report_page *page,
                      const char *operation)
{
    const struct bench_result *first = page->groups[0]->rows[0];
    char *text = NULL, clean[BENCH_NOTE_BYTES];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -ENOMEM;
    fprintf(out, "%s: %s", bench_text_clean(first->workload, clean, sizeof(clean)), operation);
    fprintf(out, "; %s, %s", bench_report_time(first),
            bench_report_load(first, page->factor, clean, sizeof(clean)));
    write_amount(out, page);
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    if (writer->markdown) {
        fputs("### ", writer->out);
        bench_markdown_text(writer->out, text);
    } else {
        fputs(text, writer->out);
    }
    fputs("\n\n", writer->out);
    free(text);
    return 0;
}

int bench_write_table(struct bench_writer *writer, const struct bench_table *table)
{
    return writer->markdown ? bench_table_write_markdown(table, writer->out)
                            : bench_table_write(table, writer->out);
}

/* ---- below the tables ---- */

/* dropped: heads of the columns that are not shown, whose marks nobody sees. */
static void write_doubt(FILE *out, const struct bench_writer *writer, const char *dropped)
{
    unsigned doubtful = writer->doubtful;
    bool dependent = false;
    const char *separator = "";
    for (size_t i = 0; i < BENCH_COUNT_OF(doubts); i++) {
        const char *at = strstr(dropped, doubts[i].name);
        /* "p99" is not in "p99.9". */
        if (at != NULL && strchr(",", at[strlen(doubts[i].name)]) != NULL)
            doubtful &= ~(1u << i);
    }
    if (doubtful == 0)
        return;
    fprintf(out, "~ too few samples to place that percentile (");
    for (size_t i = 0; i < BENCH_COUNT_OF(doubts); i++) {
        const struct bench_doubt_needs *needs = &writer->needs[i];
        if (!(doubtful & 1u << i))
            continue;
        fprintf(out, "%s%s needs ", separator, doubts[i].name);
        dependent |= ceil(needs->high) > (double)bench_percentile_needs(doubts[i].p);
        if (ceil(needs->low) < ceil(needs->high))
            fprintf(out, "%.0f to ", ceil(needs->low));
        fprintf(out, "%.0f", ceil(needs->high));
        separator = ", ";
    }
    if (dependent)
        fprintf(out, "; more than of independent ones, for neighbouring requests were alike");
    fprintf(out, "): read it as a rough figure\n");
}

static void write_marks(FILE *out, const struct bench_writer *writer)
{
    for (size_t i = 0; i < writer->nnotes; i++)
        fprintf(out, "[%zu] %s\n", i + 1, writer->notes[i]);
    if (writer->open)
        fprintf(out, "response: from the planned start to the complete reply; service: from the "
                     "send, which is all that a client without a schedule sees; lag: from the "
                     "planned start to the send\n");
    if (!writer->bound)
        return;
    fprintf(out, "≥ at least, ≤ at most: the client was the limit, the server could do more and "
                 "answer sooner");
    if (writer->beaten)
        fprintf(out, "; no row is called best, ratios are against the highest such row");
    else if (writer->at_most)
        fprintf(out, "; such a row's ratio is at most (≤) that");
    fputc('\n', out);
}

/* What stands for the trials: "±" and "=best". */
static void write_trials_marks(FILE *out, const struct bench_writer *writer, const char *dropped)
{
    if (writer->spread && strstr(dropped, "±") == NULL)
        fprintf(out, "±: half of the 95 %% interval over the trials (Student's t)\n");
    if (writer->tied)
        fprintf(out, "=best: not told apart from the best row (Holm over the rows behind it)\n");
}

static bool page_has(const struct bench_report_page *page, const struct bench_result *result)
{
    for (size_t g = 0; g < page->ngroups; g++) {
        for (size_t i = 0; i < page->groups[g]->nrows; i++) {
            if (page->groups[g]->rows[i] == result)
                return true;
        }
    }
    return false;
}

static void write_sentences(FILE *out, const struct bench_writer *writer,
                            const struct bench_report_page *page)
{
    bool first = true;
    for (size_t i = 0; i < writer->run->ncomparisons; i++) {
        const struct bench_comparison *comparison = &writer->run->comparisons[i];
        char *clean;
        if (!page_has(page, comparison->a))
            continue;
        clean = malloc(strlen(comparison->sentence) + 1);
        if (clean == NULL)
            return;
        fprintf(out, "%s  %s\n", first ? "\n" : "",
                bench_text_clean(comparison->sentence, clean, strlen(comparison->sentence) + 1));
        free(clean);
        first = false;
    }
}

int bench_write_below(struct bench_writer *writer, const struct bench_report_page *page,
                      const char *dropped)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -ENOMEM;
    write_marks(out, writer);
    if (page->groups[0]->view.concurrent && page->kind == BENCH_PAGE_SINGLE &&
        strstr(dropped, "memory") == NULL && bench_report_knows_memory(page->groups[0]))
        fprintf(out, "server memory: growth over the idle server, all its processes (PSS)\n");
    write_doubt(out, writer, dropped);
    write_trials_marks(out, writer, dropped);
    if (dropped[0] != '\0')
        fprintf(out, "left out for want of width, see the JSON: %s\n", dropped);
    if (page->kind == BENCH_PAGE_SINGLE)
        bench_report_headroom(out, page->groups[0]);
    bench_report_remarks(out, writer->run, page);
    write_sentences(out, writer, page);
    if (fclose(out) != 0) {
        free(text);
        return -ENOMEM;
    }
    if (!writer->markdown) {
        fputs(text, writer->out);
    } else if (length > 0) {
        fputc('\n', writer->out);
        bench_markdown_list(writer->out, text);
    }
    free(text);
    return 0;
}
