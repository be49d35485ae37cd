/* SPDX-License-Identifier: MIT */
/* A comparison as a table for a terminal, as Markdown and as JSON. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "render/table.h"
#include "suite/contrast.h"
#include "suite/report.h"

enum { TEXT_BYTES = 320 };

void bench_contrast_cell(const struct bench_result *result, char *out, size_t size)
{
    char text[TEXT_BYTES];
    int used = snprintf(text, sizeof(text), "%s: %s", result->workload, result->operation);
    for (size_t i = 0; i < result->nparameters && used > 0 && (size_t)used < sizeof(text); i++)
        if (!bench_parameter_is_count(result, &result->parameters[i]) ||
            strcmp(result->parameters[i].name, "clients") == 0)
            used += snprintf(text + used, sizeof(text) - (size_t)used, ", %s=%s",
                             result->parameters[i].name, result->parameters[i].value);
    (void)bench_text_clean(text, out, size);
}

/* ---- the verdict in words ---- */

static const char *better(const struct bench_contrast_row *row)
{
    switch (row->metric->id) {
    case BENCH_METRIC_CPU:
    case BENCH_METRIC_CLIENT_CPU:
    case BENCH_METRIC_MEMORY:
        return "less";
    case BENCH_METRIC_ROUND_TRIPS:
    case BENCH_METRIC_FRAMES:
    case BENCH_METRIC_BYTES:
        return "fewer";
    case BENCH_METRIC_SUCCESS:
        return "more";
    default:
        return "faster";
    }
}

static const char *worse(const struct bench_contrast_row *row)
{
    switch (row->metric->id) {
    case BENCH_METRIC_CPU:
    case BENCH_METRIC_CLIENT_CPU:
    case BENCH_METRIC_MEMORY:
    case BENCH_METRIC_ROUND_TRIPS:
    case BENCH_METRIC_FRAMES:
    case BENCH_METRIC_BYTES:
        return "more";
    case BENCH_METRIC_SUCCESS:
        return "fewer";
    default:
        return "slower";
    }
}

void bench_contrast_words(const struct bench_contrast_row *row, char *out, size_t size)
{
    if (row->spoiled != NULL)
        (void)snprintf(out, size, "cannot tell: %s", row->spoiled);
    else if (row->verdict == BENCH_VERDICT_FASTER)
        (void)snprintf(out, size, "%s", better(row));
    else if (row->verdict == BENCH_VERDICT_SLOWER)
        (void)snprintf(out, size, "%s", worse(row));
    else if (row->counted)
        (void)snprintf(out, size, "the same");
    else if (row->verdict == BENCH_VERDICT_CANNOT_TELL)
        (void)snprintf(out, size, "cannot tell: needs about %zu more trial%s of each", row->needs,
                       row->needs == 1 ? "" : "s");
    else
        (void)snprintf(out, size, "%s", bench_verdict_key(row->verdict));
}

/* "1.05 [1.02, 1.08]" */
static void ratio_text(const struct bench_contrast_row *row, char *out, size_t size)
{
    const struct bench_bounds *r = &row->effect.ratio;
    const double plain = row->b_value / row->a_value;
    if (row->counted || isnan(r->estimate)) {
        if (isfinite(plain))
            (void)snprintf(out, size, "%.4g", plain);
        else
            (void)snprintf(out, size, "%s", "");
    } else if (isnan(r->low)) {
        (void)snprintf(out, size, "%.3f", r->estimate);
    } else {
        (void)snprintf(out, size, "%.3f [%.3f, %.3f]", r->estimate, r->low, r->high);
    }
}

static const char *cliff_text(const struct bench_contrast_row *row)
{
    return row->counted || isnan(row->effect.cliff) ? "" : bench_cliff_word(row->effect.cliff);
}

/* ---- as a table ---- */

/* Several targets in one comparison: each row says whose it is. */
static bool has_several_targets(const struct bench_contrast *c)
{
    for (size_t i = 1; i < c->nrows; i++)
        if (strcmp(c->rows[i].a->target->name, c->rows[0].a->target->name) != 0)
            return true;
    return false;
}

static void fill_table(struct bench_table *table, const struct bench_contrast *c)
{
    const bool targets = has_several_targets(c);
    const struct bench_result *last = NULL;
    bench_table_column(table, "cell", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "target", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "metric", BENCH_ALIGN_LEFT, 0);
    bench_table_column(table, "before", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "after", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "after/before [95 %]", BENCH_ALIGN_RIGHT, 0);
    bench_table_column(table, "p (Holm)", BENCH_ALIGN_RIGHT, 2);
    bench_table_column(table, "effect", BENCH_ALIGN_LEFT, 3);
    bench_table_column(table, "trials", BENCH_ALIGN_RIGHT, 1);
    bench_table_column(table, "verdict", BENCH_ALIGN_LEFT, 0);
    for (size_t i = 0; i < c->nrows; i++) {
        const struct bench_contrast_row *row = &c->rows[i];
        char text[TEXT_BYTES];
        bench_table_row(table);
        bench_contrast_cell(row->a, text, sizeof(text));
        if (strcmp(row->a->operation, row->b->operation) != 0)
            (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), " / %s",
                           row->b->operation);
        bench_table_cell(table, row->a == last ? "" : text);
        bench_table_cell(table, targets && row->a != last ? row->a->target->name : "");
        last = row->a;
        bench_table_cell(table, row->metric->title);
        bench_table_cell(table, bench_metric_text(row->metric, row->a_value).s);
        bench_table_cell(table, bench_metric_text(row->metric, row->b_value).s);
        ratio_text(row, text, sizeof(text));
        bench_table_cell(table, text);
        if (row->counted || row->spoiled != NULL)
            text[0] = '\0';
        else
            (void)snprintf(text, sizeof(text), row->effect.adjusted < 1e-4 ? "<0.0001" : "%.4f",
                           row->effect.adjusted);
        bench_table_cell(table, text);
        bench_table_cell(table, cliff_text(row));
        (void)snprintf(text, sizeof(text), "%zu, %zu", row->effect.na, row->effect.nb);
        bench_table_cell(table, text);
        bench_contrast_words(row, text, sizeof(text));
        bench_table_cell(table, text);
    }
}

static const char *how_it_is_meant(const struct bench_contrast *c)
{
    return c->paired
               ? "after/before: median of the trials' ratios, block by block (Hodges-Lehmann on "
                 "logarithms); p by Student's t on them, after Holm over this table"
               : "after/before: median of the trials' ratios (Hodges-Lehmann on logarithms); p by "
                 "Welch on logarithms, after Holm over this table. Both were measured one after "
                 "the other: whatever else changed in between counts as a difference, too";
}

static int write_table(const struct bench_contrast *c, const char *a_name, const char *b_name,
                       bool markdown, FILE *out)
{
    struct bench_table *table = bench_table_new();
    char a[TEXT_BYTES], b[TEXT_BYTES], dropped[TEXT_BYTES];
    if (table == NULL)
        return -ENOMEM;
    (void)bench_text_clean(a_name, a, sizeof(a));
    (void)bench_text_clean(b_name, b, sizeof(b));
    fill_table(table, c);
    if (!markdown)
        bench_table_fit(table, 140, dropped, sizeof(dropped));
    if (markdown) {
        (void)fprintf(out, "before: ");
        bench_markdown_text(out, a);
        (void)fprintf(out, "  \nafter: ");
        bench_markdown_text(out, b);
        (void)fprintf(out, "\n\n");
    } else {
        (void)fprintf(out, "before: %s\nafter:  %s\n\n", a, b);
    }
    int rc = markdown ? bench_table_write_markdown(table, out) : bench_table_write(table, out);
    bench_table_free(table);
    (void)fprintf(out, "\n%s.\n", how_it_is_meant(c));
    for (size_t i = 0; i < c->nunmatched; i++) {
        (void)fprintf(out, markdown ? "%s- " : "%s", i == 0 ? "\nnot compared:\n" : "");
        if (markdown)
            bench_markdown_text(out, c->unmatched[i]);
        else
            (void)fprintf(out, "  %s", c->unmatched[i]);
        (void)fputc('\n', out);
    }
    return rc;
}

/* ---- as JSON ---- */

static json_t *bounds_json(const struct bench_bounds *b)
{
    return json_pack("{s:o,s:o,s:o,s:o}", "estimate", bench_json_real(b->estimate), "low",
                     bench_json_real(b->low), "high", bench_json_real(b->high), "confidence",
                     bench_json_real(b->confidence));
}

static json_t *parameters_json(const struct bench_result *result)
{
    json_t *out = json_object();
    for (size_t i = 0; i < result->nparameters; i++)
        (void)json_object_set_new(out, result->parameters[i].name,
                                  json_string(result->parameters[i].value));
    return out;
}

static json_t *row_json(const struct bench_contrast_row *row)
{
    char words[TEXT_BYTES];
    const struct bench_effect *e = &row->effect;
    bench_contrast_words(row, words, sizeof(words));
    return json_pack("{s:s,s:{s:s,s:s},s:{s:s,s:s},s:o,s:s,s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o},s:o,"
                     "s:s,s:s,s:b,s:[I,I],s:I}",
                     "workload", row->a->workload, "before", "target", row->a->target->name,
                     "operation", row->a->operation, "after", "target", row->b->target->name,
                     "operation", row->b->operation, "parameters", parameters_json(row->a),
                     "metric", row->metric->key, "before_value", bench_json_real(row->a_value),
                     "after_value", bench_json_real(row->b_value), "ratio", bounds_json(&e->ratio),
                     "ratio90", bounds_json(&e->ratio90), "p", "t", bench_json_real(e->p_t),
                     "sign_flip", bench_json_real(e->p_sign_flip), "mann_whitney",
                     bench_json_real(e->p_rank), "holm", bench_json_real(e->adjusted),
                     "cliff_delta", bench_json_real(e->cliff), "verdict",
                     row->spoiled != NULL ? "cannot tell" : bench_verdict_key(row->verdict),
                     "words", words, "counted", (int)row->counted, "trials", (json_int_t)e->na,
                     (json_int_t)e->nb, "more_trials_needed", (json_int_t)row->needs);
}

static int write_json(const struct bench_contrast *c, const char *a_name, const char *b_name,
                      FILE *out)
{
    char a[TEXT_BYTES], b[TEXT_BYTES];
    json_t *rows = json_array(), *unmatched = json_array();
    for (size_t i = 0; i < c->nrows; i++)
        if (json_array_append_new(rows, row_json(&c->rows[i])) < 0)
            json_decref(rows), rows = NULL, i = c->nrows;
    for (size_t i = 0; i < c->nunmatched; i++)
        (void)json_array_append_new(unmatched, json_string(c->unmatched[i]));
    json_t *whole = json_pack(
        "{s:s,s:s,s:s,s:b,s:{s:f,s:f},s:o,s:o}", "schema", "rpycbench-comparison-1", "before",
        bench_text_clean(a_name, a, sizeof(a)), "after", bench_text_clean(b_name, b, sizeof(b)),
        "interleaved", (int)c->paired, "rules", "alpha", c->rules.alpha, "margin", c->rules.margin,
        "rows", rows, "unmatched", unmatched);
    if (whole == NULL)
        return -ENOMEM;
    int rc = json_dumpf(whole, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 ? 0 : -EIO;
    (void)fputc('\n', out);
    json_decref(whole);
    return rc;
}

int bench_contrast_write(const struct bench_contrast *contrast, const char *a_name,
                         const char *b_name, enum bench_contrast_format format, FILE *out)
{
    if (format == BENCH_CONTRAST_JSON)
        return write_json(contrast, a_name, b_name, out);
    return write_table(contrast, a_name, b_name, format == BENCH_CONTRAST_MARKDOWN, out);
}
