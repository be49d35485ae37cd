/* SPDX-License-Identifier: MIT */
/* Which cells are worth a sentence, and what it is about. */
#include <math.h>
#include <string.h>

#include "render/table.h"
#include "suite/report_pairs.h"

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* "bandwidth, download 1MiB", "transfer, upload 16MiB in pieces of 64KiB". */
static void bulk_subject(const struct bench_report_group *group, char *out, size_t size)
{
    const struct bench_result *result = group->rows[0];
    char text[256];
    const char *rtt = bench_result_parameter(result, "rtt");
    const char *placement =
        group->several_placements ? bench_result_parameter(result, "placement") : NULL;
    const char *chunk = bench_result_parameter(result, "chunk");
    const char *style = bench_result_parameter(result, "style");
    (void)snprintf(
        text, sizeof(text), "%.30s, %.20s %.20s%s%.20s%s%.20s", result->workload,
        bench_result_parameter(result, "direction"), bench_result_parameter(result, "size"),
        style == NULL   ? ""
        : chunk != NULL ? " in "
                        : " ",
        style != NULL ? style : "", chunk != NULL ? " of " : "", chunk != NULL ? chunk : "");
    size_t used = strlen(text);
    (void)snprintf(text + used, sizeof(text) - used, "%s%.20s%s%.20s", rtt != NULL ? ", rtt " : "",
                   rtt != NULL ? rtt : "", placement != NULL ? ", placement " : "",
                   placement != NULL ? placement : "");
    (void)bench_text_clean(text, out, size);
}

void bench_group_subject(const struct bench_report_group *group, char *out, size_t size)
{
    const struct bench_result *first = group->rows[0];
    char text[256];
    if (bench_result_is_bulk(first)) {
        bulk_subject(group, out, size);
        return;
    }
    /* A way to the same answer says more than the operation that it is. */
    const char *way = bench_result_parameter(first, "access");
    const bool named = way != NULL || group->several_operations;
    (void)snprintf(text, sizeof(text), "%.60s%s%.60s", first->workload, named ? ", " : "",
                   way != NULL ? way : named ? first->operation : "");
    for (size_t i = 0; i < first->nparameters; i++) {
        const struct bench_parameter *parameter = &first->parameters[i];
        bool one = same(parameter->value, "1");
        size_t used = strlen(text);
        const char *before = NULL, *behind = "";
        if (same(parameter->name, "clients")) {
            before = !one || (group->same_workload > 1 && group->view.concurrent) ? "" : NULL;
            behind = one ? " client" : " clients";
        } else if (same(parameter->name, "inflight")) {
            before = "";
            behind = " in flight";
        } else if (same(parameter->name, "rate")) {
            before = "";
        } else if (same(parameter->name, "rtt")) {
            before = "rtt ";
        } else if (same(parameter->name, "placement")) {
            before = group->several_placements ? "placement " : NULL;
        } else if (bench_parameter_is_condition(parameter)) {
            continue;
        } else if (!bench_parameter_is_count(first, parameter) && group->varies_otherwise &&
                   way == NULL) {
            (void)snprintf(text + used, sizeof(text) - used, ", %s %s", parameter->name,
                           parameter->value);
        }
        if (before != NULL)
            (void)snprintf(text + used, sizeof(text) - used, ", %s%s%s", before, parameter->value,
                           behind);
    }
    (void)bench_text_clean(text, out, size);
}

/* ---- which cells of bulk ---- */

/* What is compared of many sizes: the smallest, the one nearest to this, and the largest. */
#define MIDDLE_BYTES 102400.0

static double amount(const struct bench_report_group *group, const char *name)
{
    const char *text = bench_result_parameter(group->rows[0], name);
    int64_t value;
    return text != NULL && bench_parse_size(text, &value, NULL) == 0 ? (double)value : NAN;
}

/* Of the page's groups that are like this one but for the parameter: the least and the greatest
 * value of it, and the one nearest to the middle. */
struct landmarks {
    double least, greatest, middle;
};

static double far_from_middle(double bytes) { return fabs(log(fmax(bytes, 1) / MIDDLE_BYTES)); }

static struct landmarks landmarks_of(const struct bench_report_group *groups, size_t count,
                                     const struct bench_report_group *group, const char *name)
{
    struct landmarks marks = {NAN, NAN, NAN};
    for (size_t g = 0; g < count; g++) {
        const struct bench_result *a = groups[g].rows[0], *b = group->rows[0];
        const char *own = bench_result_parameter(a, "direction");
        double value = amount(&groups[g], name);
        if (!same(a->workload, b->workload) || own == NULL ||
            !same(own, bench_result_parameter(b, "direction")) || isnan(value))
            continue;
        marks.least = fmin(marks.least, value);
        marks.greatest = fmax(marks.greatest, value);
        if (isnan(marks.middle) || far_from_middle(value) < far_from_middle(marks.middle))
            marks.middle = value;
    }
    return marks;
}

/* Whether two targets can be compared there. */
static bool has_pair(const struct bench_report_group *group)
{
    size_t n = 0;
    for (size_t i = 0; i < group->nrows; i++)
        n += group->rows[i]->target->role == BENCH_ROLE_NORMAL &&
             bench_result_is_shown(group->rows[i]);
    return n > 1;
}

/* The first or the last rung that has something to compare; all where there is no ladder. */
static bool is_outermost(const struct bench_report_group *groups, size_t count,
                         const struct bench_report_group *group, enum bench_factor factor)
{
    double own = bench_factor_value(factor, group->rows[0]);
    size_t below = 0, above = 0;
    for (size_t g = 0; g < count && !isnan(own); g++) {
        const struct bench_result *a = groups[g].rows[0], *b = group->rows[0];
        double value = bench_factor_value(factor, a);
        if (!same(a->workload, b->workload) || !same(a->operation, b->operation) ||
            (factor == BENCH_FACTOR_RATE && !has_pair(&groups[g])))
            continue;
        below += value < own;
        above += value > own;
    }
    return below == 0 || above == 0;
}

bool bench_group_is_wanted(const struct bench_report_group *groups, size_t count,
                           const struct bench_report_group *group)
{
    if (!bench_result_is_bulk(group->rows[0])) {
        if (bench_result_is_open(group->rows[0]) && !has_pair(group))
            return false;
        for (int factor = BENCH_FACTOR_NONE + 1; factor < BENCH_FACTOR_COUNT; factor++) {
            if (!is_outermost(groups, count, group, (enum bench_factor)factor))
                return false;
        }
        return true;
    }
    const char *style = bench_result_parameter(group->rows[0], "style");
    struct landmarks sizes = landmarks_of(groups, count, group, "size");
    double size = amount(group, "size");
    if (style == NULL)
        return size <= sizes.least || size >= sizes.greatest ||
               (size >= sizes.middle && size <= sizes.middle);
    if (size < sizes.greatest || same(style, "stream"))
        return false;
    struct landmarks chunks = landmarks_of(groups, count, group, "chunk");
    double chunk = amount(group, "chunk");
    return isnan(chunk) || chunk <= chunks.least || chunk >= chunks.greatest;
}

