/* SPDX-License-Identifier: MIT */
/* The one door to the derived sections: text and Markdown, charts, JSON. */
#include "suite/report_analyses.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/json.h"
#include "suite/crossing.h"
#include "suite/parts.h"

/* ---- text and Markdown ---- */

void bench_write_heading(struct bench_writer *writer, const char *marks, const char *text)
{
    if (writer->markdown) {
        fprintf(writer->out, "%s ", marks);
        bench_markdown_text(writer->out, text);
    } else {
        fputs(text, writer->out);
    }
    fputs("\n\n", writer->out);
}

void bench_write_lines(struct bench_writer *writer, const char *text)
{
    if (text[0] == '\0')
        return;
    if (writer->markdown) {
        fputc('\n', writer->out);
        bench_markdown_list(writer->out, text);
    } else {
        fputs(text, writer->out);
    }
}

int bench_write_analyses(struct bench_writer *writer)
{
    int status = bench_write_parts(writer);
    if (status == 0)
        status = bench_write_scaling(writer);
    return status == 0 ? bench_write_distance(writer) : status;
}

/* ---- charts ---- */

int bench_charts_analyses(const struct bench_run *run, const struct bench_chart_sink *sink,
                          int *status, struct bench_error *err)
{
    int fatal = bench_charts_parts(run, sink, status, err);
    return fatal == 0 ? bench_charts_distance(run, sink, status, err) : fatal;
}

/* ---- JSON: what json_pack is given as NULL makes it fail as a whole ---- */

static json_t *pair(const struct bench_interval *interval)
{
    if (!isfinite(interval->low) || !isfinite(interval->high))
        return json_null();
    return json_pack("[o,o]", json_real(interval->low), json_real(interval->high));
}

/* Its place in "results" and its target's name; null without one. */
static json_t *cell(const struct bench_run *run, const struct bench_result *result)
{
    if (result == NULL)
        return json_null();
    return json_pack("{s:I, s:o}", "result", (json_int_t)(result - run->results), "target",
                     bench_json_text(result->target->name));
}

static json_t *interval(const struct bench_interval *interval)
{
    return json_pack("{s:o, s:o, s:I, s:b}", "mean", bench_json_real(interval->mean), "ci95",
                     pair(interval), "trials", (json_int_t)interval->n, "paired", interval->paired);
}

/* Takes value; 0 or -ENOMEM. */
static int append(json_t *list, json_t *value)
{
    return json_array_append_new(list, value) == 0 ? 0 : -ENOMEM;
}

static json_t *one_part(const struct bench_attribution *row, size_t part)
{
    json_t *json = interval(&row->parts[part]);
    if (json == NULL ||
        json_object_set_new(json, "name", bench_json_text(bench_part_key((enum bench_part)part))) !=
            0 ||
        json_object_set_new(json, "share",
                            bench_json_real(row->parts[part].mean / row->whole.mean)) != 0 ||
        json_object_set_new(json, "may_be_zero",
                            json_boolean(bench_interval_has_zero(&row->parts[part]))) != 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static json_t *attribution(const struct bench_run *run, const struct bench_attribution *row)
{
    const struct bench_result *whole = bench_attribution_whole(row);
    const char *size = bench_result_parameter(whole, "size");
    char sentence[1024];
    json_t *parts = json_array();
    for (size_t p = 0; p < row->nparts; p++) {
        if (append(parts, one_part(row, p)) < 0) {
            json_decref(parts);
            return NULL;
        }
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "protocol", bench_json_text(bench_target_family(whole->target)), "workload",
                     bench_json_text(whole->workload), "operation",
                     bench_json_text(whole->operation), "size",
                     size != NULL ? bench_json_text(size) : json_null(), "round_trips",
                     row->trips_known ? bench_json_real(row->round_trips) : json_null(), "floor",
                     cell(run, row->floor), "further_round_trips", cell(run, row->further),
                     "native", cell(run, row->native), "native_client", cell(run, row->served),
                     "python_client", cell(run, row->used), "library",
                     row->used != NULL ? bench_json_text(row->used->target->library) : json_null(),
                     "whole", interval(&row->whole), "parts", parts, "sentence",
                     bench_json_text(bench_attribution_sentence(row, sentence, sizeof(sentence))));
}

static int parts_json(const struct bench_run *run, json_t *list)
{
    struct bench_attributions all;
    int rc = bench_attributions_init(&all, run);
    for (size_t i = 0; rc == 0 && i < all.n; i++)
        rc = append(list, attribution(run, &all.rows[i]));
    bench_attributions_fini(&all);
    return rc;
}

static json_t *side(const struct bench_crossing_side *side)
{
    if (isnan(side->rtt_s))
        return json_null();
    return json_pack("{s:o, s:o, s:b, s:b}", "rtt", bench_json_real(side->rtt_s), "ratio",
                     bench_json_real(side->ratio), "agrees", side->agrees, "may_be_equal",
                     side->open);
}

/* What was measured of one of the two, and what was expected of it. */
static json_t *curve(const struct bench_run *run, const struct bench_far_field *field,
                     const struct bench_far_curve *curve)
{
    json_t *measured = json_array();
    for (size_t i = 0; i < field->nrtts; i++) {
        const struct bench_far_point *point = &curve->points[i];
        if (point->result == NULL)
            continue;
        if (append(measured,
                   json_pack("{s:o, s:I, s:o, s:o, s:o}", "rtt", bench_json_real(field->rtts[i]),
                             "result", (json_int_t)(point->result - run->results), "mean",
                             bench_json_real(point->mean.mean), "ci95", pair(&point->mean),
                             "expected", bench_json_real(point->expected))) < 0) {
            json_decref(measured);
            return NULL;
        }
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "target", bench_json_text(curve->target->name),
                     "waits", bench_json_real(curve->waits), "direct",
                     bench_json_real(curve->direct), "measured", measured);
}

static json_t *crossing(const struct bench_run *run, const struct bench_far_field *field,
                        const struct bench_crossing *crossing)
{
    const struct bench_result *first = field->groups[0]->rows[0];
    char sentence[1024], evidence[1024];
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "workload",
        bench_json_text(first->workload), "operation", bench_json_text(first->operation), "rtt",
        bench_json_real(crossing->rtt.mean), "ci95", pair(&crossing->rtt), "faster_below",
        curve(run, field, crossing->near), "faster_above", curve(run, field, crossing->far),
        "confirmed", crossing->confirmed, "measured_below", side(&crossing->below),
        "measured_above", side(&crossing->above), "sentence",
        bench_json_text(bench_crossing_sentence(crossing, sentence, sizeof(sentence))), "evidence",
        bench_json_text(bench_crossing_evidence(crossing, evidence, sizeof(evidence))));
}

static int crossings_json(const struct bench_run *run, json_t *list)
{
    struct bench_far far;
    int rc = bench_far_init(&far, run);
    for (size_t f = 0; rc == 0 && f < far.nfields; f++) {
        for (size_t i = 0; rc == 0 && i < far.fields[f].ncrossings; i++)
            rc = append(list, crossing(run, &far.fields[f], &far.fields[f].crossings[i]));
    }
    bench_far_fini(&far);
    return rc;
}

int bench_json_analyses(const struct bench_run *run, json_t *object)
{
    json_t *parts = json_array(), *crossings = json_array();
    int rc = parts != NULL && crossings != NULL ? 0 : -ENOMEM;
    if (rc == 0)
        rc = parts_json(run, parts);
    if (rc == 0)
        rc = crossings_json(run, crossings);
    if (rc == 0)
        rc = bench_json_scaling(run, object);
    if (rc == 0 && (json_object_set(object, "parts", parts) != 0 ||
                    json_object_set(object, "crossings", crossings) != 0))
        rc = -ENOMEM;
    json_decref(parts);
    json_decref(crossings);
    return rc;
}
