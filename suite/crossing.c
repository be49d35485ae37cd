/* SPDX-License-Identifier: MIT */
#include "suite/crossing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"

/* Round trips that differ by less are the same: retries of a few make means of 1.002. */
#define LEAST_SLOPE 0.05

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- fields ---- */

/* The distance is a parameter, so a group without it was not measured at distances. */
static bool has_distance(const struct bench_report_group *group)
{
    return bench_result_parameter(group->rows[0], "rtt") != NULL &&
           !isnan(bench_result_rtt(group->rows[0]));
}

static int field_add_group(struct bench_far_field *field, const struct bench_report_group *group,
                           size_t most)
{
    if (field->groups == NULL) {
        field->groups = calloc(most, sizeof(const struct bench_report_group *));
        field->rtts = calloc(most, sizeof(*field->rtts));
        if (field->groups == NULL || field->rtts == NULL)
            return -ENOMEM;
    }
    double rtt = bench_result_rtt(group->rows[0]);
    size_t at = field->nrtts++;
    for (; at > 0 && field->rtts[at - 1] > rtt; at--) {
        field->groups[at] = field->groups[at - 1];
        field->rtts[at] = field->rtts[at - 1];
    }
    field->groups[at] = group;
    field->rtts[at] = rtt;
    return 0;
}

static void field_fini(struct bench_far_field *field)
{
    free(field->groups);
    free(field->rtts);
    free(field->curves);
    free(field->crossings);
}

/* Groups that differ in nothing but distance make a field; those at one distance only do not. */
static int find_fields(struct bench_far *far)
{
    far->fields = calloc(far->ngroups + 1, sizeof(*far->fields));
    if (far->fields == NULL)
        return -ENOMEM;
    for (size_t g = 0; g < far->ngroups; g++) {
        size_t f = 0;
        if (!has_distance(&far->groups[g]))
            continue;
        while (f < far->nfields && !bench_result_alike_but(far->fields[f].groups[0]->rows[0],
                                                           far->groups[g].rows[0], "rtt"))
            f++;
        far->nfields += f == far->nfields;
        if (field_add_group(&far->fields[f], &far->groups[g], far->ngroups) < 0)
            return -ENOMEM;
    }
    size_t kept = 0;
    for (size_t f = 0; f < far->nfields; f++) {
        if (far->fields[f].nrtts >= 2)
            far->fields[kept++] = far->fields[f];
        else
            field_fini(&far->fields[f]);
    }
    memset(&far->fields[kept], 0, (far->nfields - kept) * sizeof(*far->fields));
    far->nfields = kept;
    return 0;
}

/* ---- curves ---- */

static const struct bench_result *shown_row(const struct bench_report_group *group,
                                            const struct bench_target_info *target)
{
    const struct bench_result *result = bench_report_row(group, target);
    return result != NULL && bench_result_is_shown(result) ? result : NULL;
}

/* Round trips of a target, and waits as long as one, at whatever distance they were counted. */
static double count_trips(const struct bench_far_field *field,
                          const struct bench_target_info *target)
{
    for (size_t i = 0; i < field->nrtts; i++) {
        const struct bench_result *result = shown_row(field->groups[i], target);
        double trips = result != NULL ? bench_result_waits(result) : NAN;
        if (trips > 0)
            return trips;
    }
    return NAN;
}

/* Our own client of the same protocol, options and server. */
static bool speaks_like(const struct bench_target_info *own, const struct bench_target_info *target)
{
    return bench_target_is_own(own) &&
           same(bench_target_family(own), bench_target_family(target)) &&
           same(own->options, target->options) && same(own->server, target->server) &&
           same(own->mode, target->mode);
}

static void curve_count(struct bench_far_curve *curve, const struct bench_far_field *field,
                        const struct bench_run *run)
{
    curve->counted = curve->target;
    curve->waits = count_trips(field, curve->target);
    for (size_t t = 0; isnan(curve->waits) && t < run->ntargets; t++) {
        if (!bench_target_is_foreign(curve->target) ||
            !speaks_like(&run->targets[t], curve->target))
            continue;
        curve->counted = &run->targets[t];
        curve->waits = count_trips(field, curve->counted);
    }
}

/* False when nothing was measured. */
static bool curve_fill(struct bench_far_curve *curve, const struct bench_far_field *field,
                       const struct bench_far *far)
{
    bool any = false;
    curve->direct = NAN;
    for (size_t i = 0; i < field->nrtts; i++) {
        struct bench_far_point *point = &curve->points[i];
        *point = (struct bench_far_point){.result = shown_row(field->groups[i], curve->target),
                                          .mean = {.mean = NAN, .low = NAN, .high = NAN},
                                          .expected = NAN};
        if (point->result == NULL)
            continue;
        struct bench_interval_term term = bench_means_term(&far->means, point->result, 1);
        point->mean = bench_interval_of(&term, 1);
        any = true;
        if (!(field->rtts[i] > 0))
            curve->direct = point->mean.mean;
    }
    curve_count(curve, field, far->means.run);
    for (size_t i = 0; field->expects && i < field->nrtts; i++)
        curve->points[i].expected = curve->direct + curve->waits * field->rtts[i];
    return any;
}

static int field_fill(struct bench_far_field *field, struct bench_far *far,
                      struct bench_far_point **next)
{
    const struct bench_run *run = far->means.run;
    field->expects = bench_result_is_alone(field->groups[0]->rows[0]);
    field->curves = calloc(run->ntargets + 1, sizeof(*field->curves));
    if (field->curves == NULL)
        return -ENOMEM;
    for (size_t t = 0; t < run->ntargets; t++) {
        struct bench_far_curve *curve = &field->curves[field->ncurves];
        if (run->targets[t].role == BENCH_ROLE_RULER)
            continue; /* there is no wire that could be longer */
        *curve = (struct bench_far_curve){.target = &run->targets[t], .points = *next};
        if (!curve_fill(curve, field, far))
            continue;
        *next += field->nrtts;
        field->ncurves++;
    }
    return 0;
}

/* ---- where they change places ---- */

/* Two protocols whose other half is the same: our own client of one server, or two programs of one
 * kind. */
static bool is_pair(const struct bench_target_info *a, const struct bench_target_info *b)
{
    if (same(bench_target_family(a), bench_target_family(b)) || a->role != BENCH_ROLE_NORMAL ||
        b->role != BENCH_ROLE_NORMAL || !same(a->mode, b->mode) || !same(a->server, b->server) ||
        !same(a->client, b->client))
        return false;
    return (bench_target_is_own(a) && bench_target_is_own(b)) ||
           (bench_target_is_foreign(a) && bench_target_is_foreign(b));
}

static const struct bench_result *direct_of(const struct bench_far_field *field,
                                            const struct bench_far_curve *curve)
{
    return field->rtts[0] > 0 ? NULL : curve->points[0].result;
}

/* By how many seconds b's mean exceeds a's at one distance. */
static struct bench_interval excess(const struct bench_means *means, const struct bench_result *a,
                                    const struct bench_result *b)
{
    const struct bench_interval_term terms[] = {bench_means_term(means, b, 1),
                                                bench_means_term(means, a, -1)};
    return bench_interval_of(terms, 2);
}

static struct bench_crossing_side look(const struct bench_far *far,
                                       const struct bench_far_field *field, size_t i,
                                       const struct bench_far_curve *faster,
                                       const struct bench_far_curve *slower)
{
    const struct bench_far_point *fast = &faster->points[i], *slow = &slower->points[i];
    struct bench_interval gap = excess(&far->means, fast->result, slow->result);
    return (struct bench_crossing_side){
        .rtt_s = field->rtts[i],
        .ratio = slow->mean.mean / fast->mean.mean,
        .agrees = gap.mean > 0 && !bench_interval_has_zero(&gap),
        .open = bench_interval_has_zero(&gap),
    };
}

static void confirm(struct bench_crossing *crossing, const struct bench_far *far,
                    const struct bench_far_field *field)
{
    const struct bench_far_curve *near = crossing->near, *beyond = crossing->far;
    crossing->below.rtt_s = crossing->above.rtt_s = NAN;
    for (size_t i = 0; i < field->nrtts; i++) {
        if (isnan(near->points[i].mean.mean) || isnan(beyond->points[i].mean.mean))
            continue;
        if (field->rtts[i] <= crossing->rtt.mean)
            crossing->below = look(far, field, i, near, beyond);
        else if (isnan(crossing->above.rtt_s))
            crossing->above = look(far, field, i, beyond, near);
    }
    crossing->confirmed = !isnan(crossing->below.rtt_s) && !isnan(crossing->above.rtt_s) &&
                          crossing->below.agrees && crossing->above.agrees;
}

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* c_near + n_near RTT = c_far + n_far RTT. */
static bool cross(struct bench_crossing *out, const struct bench_far *far,
                  const struct bench_far_field *field, const struct bench_far_curve *a,
                  const struct bench_far_curve *b)
{
    double slope = a->waits - b->waits;
    const struct bench_result *of_a = direct_of(field, a), *of_b = direct_of(field, b);
    if (of_a == NULL || of_b == NULL || !(fabs(slope) >= LEAST_SLOPE))
        return false;
    struct bench_interval rtt = excess(&far->means, of_a, of_b);
    rtt.mean /= slope;
    rtt.low /= slope;
    rtt.high /= slope;
    if (slope < 0)
        swap(&rtt.low, &rtt.high);
    if (!(rtt.mean > 0))
        return false;
    *out = (struct bench_crossing){
        .near = slope > 0 ? a : b, .far = slope > 0 ? b : a, .rtt = rtt};
    confirm(out, far, field);
    return true;
}

static int find_crossings(const struct bench_far *far, struct bench_far_field *field)
{
    size_t most = field->ncurves * field->ncurves / 2 + 1;
    field->crossings = calloc(most, sizeof(*field->crossings));
    if (field->crossings == NULL)
        return -ENOMEM;
    for (size_t a = 0; field->expects && a < field->ncurves; a++) {
        for (size_t b = a + 1; b < field->ncurves; b++) {
            if (!is_pair(field->curves[a].target, field->curves[b].target))
                continue;
            field->npairs += direct_of(field, &field->curves[a]) != NULL &&
                             direct_of(field, &field->curves[b]) != NULL;
            field->ncrossings += cross(&field->crossings[field->ncrossings], far, field,
                                       &field->curves[a], &field->curves[b]);
        }
    }
    return 0;
}

int bench_far_init(struct bench_far *out, const struct bench_run *run)
{
    *out = (struct bench_far){.nfields = 0};
    int rc = bench_means_init(&out->means, run);
    if (rc == 0)
        rc = bench_report_groups_new(run, &out->groups, &out->ngroups);
    if (rc == 0)
        rc = find_fields(out);
    if (rc < 0)
        return rc;
    /* Each result is one point at most, but for those that a target lacks. */
    size_t most = 0;
    for (size_t f = 0; f < out->nfields; f++)
        most += out->fields[f].nrtts * (run->ntargets + 1);
    out->pool = calloc(most + 1, sizeof(*out->pool));
    if (out->pool == NULL)
        return -ENOMEM;
    struct bench_far_point *next = out->pool;
    for (size_t f = 0; rc == 0 && f < out->nfields; f++) {
        rc = field_fill(&out->fields[f], out, &next);
        if (rc == 0)
            rc = find_crossings(out, &out->fields[f]);
    }
    return rc;
}

void bench_far_fini(struct bench_far *far)
{
    for (size_t f = 0; f < far->nfields; f++)
        field_fini(&far->fields[f]);
    free(far->fields);
    free(far->pool);
    if (far->groups != NULL)
        bench_report_groups_free(far->groups, far->ngroups);
    bench_means_fini(&far->means);
}

/* ---- words ---- */

char *bench_far_subject(const struct bench_far_field *field, char *out, size_t size)
{
    const struct bench_result *first = field->groups[0]->rows[0];
    char text[512];
    int n = snprintf(text, sizeof(text), "%.60s, %.60s", first->workload, first->operation);
    const char *separator = " (";
    for (size_t i = 0; i < first->nparameters && (size_t)n < sizeof(text); i++) {
        const struct bench_parameter *parameter = &first->parameters[i];
        if (same(parameter->name, "direction") || bench_parameter_is_condition(parameter) ||
            bench_parameter_is_count(first, parameter))
            continue;
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%.40s=%.40s", separator,
                      parameter->name, parameter->value);
        separator = ", ";
    }
    if (separator[0] == ',' && (size_t)n < sizeof(text))
        (void)snprintf(text + n, sizeof(text) - (size_t)n, ")");
    return bench_text_clean(text, out, size);
}

struct bench_text bench_far_rtt_text(double rtt_s)
{
    struct bench_text none = {"no distance"};
    return rtt_s > 0 ? bench_format_duration_exact(llround(rtt_s * 1e9)) : none;
}

char *bench_crossing_sentence(const struct bench_crossing *crossing, char *out, size_t size)
{
    struct bench_scale scale = bench_scale_of(crossing->rtt.mean);
    char between[96] = "", text[1024];
    /* No distance is shorter than none. */
    if (!isnan(crossing->rtt.low))
        (void)snprintf(between, sizeof(between), " (%s to %s)",
                       bench_scale_text(&scale, fmax(0, crossing->rtt.low)).s,
                       bench_scale_text(&scale, crossing->rtt.high).s);
    (void)snprintf(text, sizeof(text),
                   "below a round-trip time of %s %s%s %.200s answers faster than %.200s, above it "
                   "the other way round",
                   bench_scale_text(&scale, crossing->rtt.mean).s, scale.unit, between,
                   crossing->near->target->name, crossing->far->target->name);
    return bench_text_clean(text, out, size);
}

/* "at 1ms A 1.6x faster". */
static void side_text(const struct bench_crossing_side *side, const struct bench_far_curve *expected,
                      const struct bench_far_curve *other, char *out, size_t size)
{
    bool right = side->ratio >= 1;
    (void)snprintf(out, size, "%s%s %.200s %s faster%s", side->rtt_s > 0 ? "at " : "with ",
                   bench_far_rtt_text(side->rtt_s).s, (right ? expected : other)->target->name,
                   bench_format_ratio(right ? side->ratio : 1 / side->ratio).s,
                   side->open ? " (within what trials differ)" : "");
}

char *bench_crossing_evidence(const struct bench_crossing *crossing, char *out, size_t size)
{
    const struct bench_crossing_side *below = &crossing->below, *above = &crossing->above;
    char near[320] = "", beyond[320] = "", text[1024];
    const char *why = crossing->confirmed ? "confirmed"
                      : isnan(above->rtt_s)
                          ? "not confirmed, for nothing was measured at a longer distance"
                      : isnan(below->rtt_s)
                          ? "not confirmed, for nothing was measured at a shorter distance"
                      : below->open || above->open
                          ? "not confirmed, for one of the two sides is too close to call"
                          : "not confirmed, for the order measured is another one";
    if (!isnan(below->rtt_s))
        side_text(below, crossing->near, crossing->far, near, sizeof(near));
    if (!isnan(above->rtt_s))
        side_text(above, crossing->far, crossing->near, beyond, sizeof(beyond));
    (void)snprintf(text, sizeof(text), "%s: measured %s%s%s", why, near,
                   near[0] != '\0' && beyond[0] != '\0' ? ", " : "", beyond);
    return bench_text_clean(text, out, size);
}
