/* SPDX-License-Identifier: MIT */
/* The selftest's tables, sentences and JSON. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "render/json.h"
#include "render/table.h"
#include "suite/selftest.h"

#define SELFTEST_SCHEMA "rpycbench-selftest-1"
#define WIDTH           ((size_t)160)

static const struct {
    enum bench_selftest_miss miss;
    const char *key;
} misses[] = {
    {BENCH_MISS_ERROR, "error"},
    {BENCH_MISS_PLAN, "plan"},
    {BENCH_MISS_CLOSED, "closed form"},
};

/* "ok", "MISSED: error, plan", "shown". */
static const char *verdict(const struct bench_selftest_figure *figure, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s",
                                   figure->misses != 0 ? "MISSED:"
                                   : figure->judged    ? "ok"
                                                       : "shown");
    for (size_t i = 0; i < BENCH_COUNT_OF(misses) && used < size; i++)
        if (figure->misses & misses[i].miss)
            used += (size_t)snprintf(out + used, size - used, "%s %s",
                                     out[used - 1] == ':' ? "" : ",", misses[i].key);
    return out;
}

/* ---- text ---- */

static void time_cell(struct bench_table *table, double seconds)
{
    bench_table_cell(table, isfinite(seconds) ? bench_format_seconds(seconds).s : NULL);
}

static void figure_row(struct bench_table *table, const struct bench_selftest_figure *f,
                       const char *name)
{
    char text[96];
    bench_table_row(table);
    bench_table_cell(table, name);
    time_cell(table, f->own);
    time_cell(table, f->planned);
    time_cell(table, f->closed);
    (void)snprintf(text, sizeof(text), "%s to %s%s", bench_format_seconds(f->low).s,
                   bench_format_seconds(f->high).s, f->closed_judged ? "" : " *");
    bench_table_cell(table, isnan(f->low) ? "" : text);
    time_cell(table, f->measured);
    bench_table_cell(table, bench_signed_seconds(f->error, text, sizeof(text)));
    (void)snprintf(text, sizeof(text), "%+.1f %%", 100 * f->share);
    bench_table_cell(table, isfinite(f->share) ? text : NULL);
    time_cell(table, f->limit);
    bench_table_cell(table, verdict(f, text, sizeof(text)));
}

static int write_table(const struct bench_selftest_result *result, FILE *out)
{
    static const struct {
        const char *head;
        enum bench_align align;
    } columns[] = {
        {"", BENCH_ALIGN_LEFT},
        {"oracle's path", BENCH_ALIGN_RIGHT},
        {"by the plan", BENCH_ALIGN_RIGHT},
        {"closed form", BENCH_ALIGN_RIGHT},
        {"99 % interval", BENCH_ALIGN_RIGHT},
        {"measured", BENCH_ALIGN_RIGHT},
        {"error", BENCH_ALIGN_RIGHT},
        {"", BENCH_ALIGN_RIGHT},
        {"limit", BENCH_ALIGN_RIGHT},
        {"", BENCH_ALIGN_LEFT},
    };
    struct bench_table *table = bench_table_new();
    char dropped[128];
    if (table == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_COUNT_OF(columns); i++)
        bench_table_column(table, columns[i].head, columns[i].align, 0);
    for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
        figure_row(table, &result->figures[f], bench_figure_names[f]);
    bench_table_fit(table, WIDTH, dropped, sizeof(dropped));
    const int rc = bench_table_write(table, out);
    bench_table_free(table);
    return rc;
}

static int write_result(const struct bench_selftest_result *result, FILE *out)
{
    const struct bench_selftest_oracle *o = result->oracle;
    fprintf(out, "%s: %s; %s arrivals, %d/s, %zu run%s of %g s\n", o->name, o->what,
            bench_arrival_names[o->arrival], o->rate, result->nruns, result->nruns == 1 ? "" : "s",
            result->duration_s);
    const int rc = result->nmeasured > 0 ? write_table(result, out) : 0;
    if (result->nmeasured == 0)
        fputs("not measured\n", out);
    else
        fprintf(out, "floor, taken off: p50 %s, p99 %s\n",
                bench_format_seconds(result->floor_p50).s,
                bench_format_seconds(result->floor_p99).s);
    for (size_t r = 0; r < result->nruns; r++)
        if (result->runs[r].reason[0] != '\0')
            fprintf(out, "run %zu%s: %s\n", r + 1, result->runs[r].measured ? "" : " (left out)",
                    result->runs[r].reason);
    if (result->failed)
        fputs("MISSED: an oracle answers every request\n", out);
    if (result->distrusted)
        fputs("MISSED: the engine itself does not trust half of these runs\n", out);
    fputc('\n', out);
    return rc;
}

static void write_verdict(const struct bench_selftest *s, FILE *out)
{
    char errors[160];
    if (s->measured)
        fprintf(out, "instrument error on this machine, at most: %s\n",
                bench_instrument_errors(&s->summary, errors, sizeof(errors)));
    fputs(!s->measured ? "selftest: not measured\n"
          : s->passed  ? "selftest: within its limits\n"
                       : "selftest: OUTSIDE its limits: do not believe what is measured here\n",
          out);
    if (s->options.no_schedule)
        fputs("this is what --inject no-schedule is to bring about: the schedule was forgotten\n",
              out);
    else if (!s->certifies)
        fprintf(out, "not certified, and not kept: %s\n",
                s->options.quick
                    ? "one short run of each oracle; the closed forms of random queues "
                      "need 8 runs of 20 s, and an error is the median of 5"
                : s->noisy    ? "the floor scatters by more than a millisecond (p99 - p50), so "
                                "limits this wide show little; repeat it on a quiet machine"
                : s->measured ? "only some of the oracles, or of their runs"
                              : "an oracle could not be measured");
}

int bench_selftest_write(const struct bench_selftest *selftest, FILE *out)
{
    int rc = 0;
    bool starred = false;
    for (size_t r = 0; r < selftest->nresults && rc == 0; r++) {
        const struct bench_selftest_result *result = &selftest->results[r];
        rc = write_result(result, out);
        for (int f = 0; f < BENCH_FIGURE_COUNT && result->nmeasured > 0; f++)
            starred |= !result->figures[f].closed_judged && !isnan(result->figures[f].low);
    }
    fprintf(
        out,
        "error: measured - oracle's path - floor's p50 (of the mean: the floor's mean); medians "
        "over the runs\n"
        "limit: %g %% of the path, and the floor's p99 - p50\n%s",
        100 * BENCH_SELFTEST_SHARE,
        starred ? "* shown, not judged: too few runs, or too busy a queue, for the closed form\n"
                : "");
    fputc('\n', out);
    write_verdict(selftest, out);
    return rc == 0 && ferror(out) ? -EIO : rc;
}

/* ---- JSON ---- */

static json_t *figures_json(const struct bench_figures *figures)
{
    json_t *object = json_object();
    for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
        (void)json_object_set_new(object, bench_figure_names[f], bench_json_real(figures->of[f]));
    return object;
}

static json_t *run_json(const struct bench_selftest_run *run)
{
    if (!run->measured)
        return json_pack("{s:b,s:b,s:s}", "measured", 0, "failed", run->failed, "reason",
                         run->reason);
    return json_pack("{s:b,s:b,s:s,s:I,s:o,s:o,s:o,s:o,s:o}", "measured", 1, "trusted",
                     run->trusted, "reason", run->reason, "requests", (json_int_t)run->requests,
                     "measured_times", figures_json(&run->response), "floor",
                     figures_json(&run->floor), "oracle_path", figures_json(&run->paths.own),
                     "planned_path", figures_json(&run->paths.planned), "oracle_late_p99",
                     bench_json_real(run->paths.late_p99));
}

static json_t *figure_json(const struct bench_selftest_figure *f, const char *name)
{
    json_t *missed = json_array();
    for (size_t i = 0; i < BENCH_COUNT_OF(misses); i++)
        if (f->misses & misses[i].miss)
            (void)json_array_append_new(missed, json_string(misses[i].key));
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:o}", "figure", name,
                     "oracle_path", bench_json_real(f->own), "planned_path",
                     bench_json_real(f->planned), "closed_form", bench_json_real(f->closed),
                     "closed_form_low", bench_json_real(f->low), "closed_form_high",
                     bench_json_real(f->high), "measured", bench_json_real(f->measured), "floor",
                     bench_json_real(f->floor), "error", bench_json_real(f->error), "error_share",
                     bench_json_real(f->share), "limit", bench_json_real(f->limit), "judged",
                     f->judged, "closed_form_judged", f->closed_judged, "missed", missed);
}

static json_t *result_json(const struct bench_selftest_result *result)
{
    json_t *runs = json_array(), *figures = json_array();
    for (size_t r = 0; r < result->nruns; r++)
        (void)json_array_append_new(runs, run_json(&result->runs[r]));
    for (int f = 0; f < BENCH_FIGURE_COUNT && result->nmeasured > 0; f++)
        (void)json_array_append_new(figures,
                                    figure_json(&result->figures[f], bench_figure_names[f]));
    const struct bench_selftest_oracle *o = result->oracle;
    return json_pack("{s:s,s:s,s:i,s:s,s:f,s:b,s:o,s:o}", "oracle", o->name, "what", o->what,
                     "rate", o->rate, "arrival", bench_arrival_names[o->arrival], "duration",
                     result->duration_s, "distrusted", result->distrusted, "runs", runs, "figures",
                     figures);
}

int bench_selftest_json(const struct bench_selftest *selftest, char **out)
{
    char errors[160];
    json_t *oracles = json_array();
    for (size_t r = 0; r < selftest->nresults; r++)
        (void)json_array_append_new(oracles, result_json(&selftest->results[r]));
    const struct bench_instrument *summary = &selftest->summary;
    json_t *root = json_pack(
        "{s:s,s:s,s:s,s:I,s:b,s:s?,s:f,s:b,s:b,s:b,s:b,s:b,s:{s:s,s:f,s:f,s:f,s:f},s:o}", "schema",
        SELFTEST_SCHEMA, "date", selftest->date, "target", selftest->target, "seed",
        (json_int_t)selftest->options.seed, "quick", selftest->options.quick, "inject",
        selftest->options.no_schedule ? "no-schedule" : NULL, "duration", selftest->duration,
        "interrupted", selftest->interrupted, "measured", selftest->measured, "passed",
        selftest->passed, "noisy", selftest->noisy, "certifies", selftest->certifies,
        "instrument_error", "text", bench_instrument_errors(summary, errors, sizeof(errors)), "p50",
        summary->p50, "p50_share", summary->p50_share, "p99", summary->p99, "p99_share",
        summary->p99_share, "oracles", oracles);
    *out = root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    return *out != NULL ? 0 : -ENOMEM;
}
