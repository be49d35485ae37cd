/* SPDX-License-Identifier: MIT */
#include "suite/parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/operation.h"
#include "render/table.h"
#include "suite/report.h"

/* Of payloads, the size that stands for all: large enough to be more than one read, small enough
 * that round trips still count. */
#define USUAL_BYTES 102400.0
#define OWN_SERVER    "native"
#define PYTHON_SERVER "python"

const char *bench_part_key(enum bench_part part)
{
    static const char *const keys[] = {
#define X(id, key, head, text) key,
        BENCH_PARTS(X)
#undef X
    };
    return keys[part];
}

const char *bench_part_head(enum bench_part part)
{
    static const char *const heads[] = {
#define X(id, key, head, text) head,
        BENCH_PARTS(X)
#undef X
    };
    return heads[part];
}

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* ---- which cells belong together ---- */

/* What is looked for among the rows of a group. */
struct wanted {
    const char *family; /* NULL: any */
    const char *options, *mode, *server;
    enum bench_role role;
};

/* The row of our own client that fits, or NULL. */
static const struct bench_result *find_own(const struct bench_report_group *group,
                                           const struct wanted *wanted)
{
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_target_info *target = group->rows[i]->target;
        if (bench_target_is_own(target) && target->role == wanted->role &&
            (wanted->family == NULL || same(bench_target_family(target), wanted->family)) &&
            same(target->options, wanted->options) && same(target->mode, wanted->mode) &&
            same(target->server, wanted->server) && bench_result_is_shown(group->rows[i]))
            return group->rows[i];
    }
    return NULL;
}

/* The floor with the target's options, if they mean something to it, else with its own. */
static const struct bench_result *find_floor(const struct bench_report_group *group,
                                             const struct bench_target_info *target)
{
    struct wanted wanted = {NULL, target->options, target->mode, OWN_SERVER, BENCH_ROLE_FLOOR};
    const struct bench_result *floor = find_own(group, &wanted);
    wanted.options = "";
    return floor != NULL ? floor : find_own(group, &wanted);
}

static bool same_parameter(const struct bench_result *a, const struct bench_result *b,
                           const char *name)
{
    const char *of_a = bench_result_parameter(a, name), *of_b = bench_result_parameter(b, name);
    return of_a == NULL || of_b == NULL ? of_a == of_b : same(of_a, of_b);
}

static bool is_workload(const struct bench_result *result, enum bench_workload_id id)
{
    const struct bench_workload *row = bench_workload_find(result->workload);
    return row != NULL && row->id == id;
}

static bool is_direct(const struct bench_result *result) { return !(bench_result_rtt(result) != 0); }

/* The groups of a run and what is made of them. */
struct search {
    struct bench_attributions *out;
    const struct bench_report_group *groups;
    size_t ngroups;
};

/* The floor's ping under the conditions of `like`. */
static const struct bench_result *find_ping(const struct search *search,
                                            const struct bench_result *like)
{
    const char *ping = bench_operation_get(BENCH_OP_PING)->name;
    for (size_t g = 0; g < search->ngroups; g++) {
        const struct bench_result *first = search->groups[g].rows[0];
        if (!is_workload(first, BENCH_WORKLOAD_LATENCY) || !same(first->operation, ping) ||
            !bench_result_is_alone(first) || !is_direct(first) ||
            !same_parameter(first, like, "placement"))
            continue;
        const struct bench_result *floor = find_floor(&search->groups[g], like->target);
        if (floor != NULL)
            return floor;
    }
    return NULL;
}

static double distance_from_usual(const struct bench_result *result)
{
    return fabs(log(fmax((double)bench_result_size(result), 1) / USUAL_BYTES));
}

/* Downloads are taken apart at one size only. */
static bool is_usual_download(const struct search *search, const struct bench_result *result)
{
    const char *direction = bench_result_parameter(result, "direction");
    if (direction == NULL || !same(direction, "download") || bench_result_size(result) == 0)
        return false;
    for (size_t g = 0; g < search->ngroups; g++) {
        const struct bench_result *other = search->groups[g].rows[0];
        if (bench_result_alike_but(result, other, "size") &&
            distance_from_usual(other) < distance_from_usual(result))
            return false;
    }
    return true;
}

static bool is_wanted(const struct search *search, const struct bench_report_group *group)
{
    const struct bench_result *first = group->rows[0];
    if (!bench_result_is_alone(first) || !is_direct(first))
        return false;
    return is_workload(first, BENCH_WORKLOAD_LATENCY) ||
           (is_workload(first, BENCH_WORKLOAD_BANDWIDTH) && is_usual_download(search, first));
}

/* ---- the figures ---- */

#define TERMS_MAX 4

struct terms {
    const struct bench_means *means;
    struct bench_interval_term list[TERMS_MAX];
    size_t n;
};

static void terms_add(struct terms *terms, const struct bench_result *result, double weight)
{
    terms->list[terms->n++] = bench_means_term(terms->means, result, weight);
}

static void add_wire(struct terms *terms, const struct bench_attribution *row, double sign)
{
    double further = row->round_trips - 1;
    /* One cell is one term: its trials are not independent of themselves. */
    if (row->further == NULL || row->further == row->floor) {
        terms_add(terms, row->floor, sign * row->round_trips);
        return;
    }
    terms_add(terms, row->floor, sign);
    if (further > 0)
        terms_add(terms, row->further, sign * further);
}

static struct bench_interval difference(const struct bench_means *means,
                                        const struct bench_result *a, const struct bench_result *b)
{
    struct terms terms = {.means = means};
    terms_add(&terms, a, 1);
    if (b != NULL)
        terms_add(&terms, b, -1);
    return bench_interval_of(terms.list, terms.n);
}

static void row_compute(struct bench_attribution *row, const struct bench_means *means)
{
    struct terms wire = {.means = means}, protocol = {.means = means};
    double trips = bench_result_round_trips(row->native);
    row->trips_known = trips >= 1;
    row->round_trips = row->trips_known ? trips : 1;
    if (fabs(row->round_trips - round(row->round_trips)) < 0.005)
        row->round_trips = round(row->round_trips);
    add_wire(&wire, row, 1);
    terms_add(&protocol, row->native, 1);
    add_wire(&protocol, row, -1);
    row->parts[BENCH_PART_WIRE] = bench_interval_of(wire.list, wire.n);
    row->parts[BENCH_PART_PROTOCOL] = bench_interval_of(protocol.list, protocol.n);
    row->parts[BENCH_PART_SERVER] = difference(means, row->served, row->native);
    row->nparts = BENCH_PART_CLIENT;
    if (row->used != NULL)
        row->parts[row->nparts++] = difference(means, row->used, row->served);
    row->whole = difference(means, bench_attribution_whole(row), NULL);
}

const struct bench_result *bench_attribution_whole(const struct bench_attribution *row)
{
    return row->used != NULL ? row->used : row->served;
}

/* ---- all of them ---- */

/* Rows of one table: the same client, server and conditions. */
static bool same_section(const struct bench_attribution *a, const struct bench_attribution *b)
{
    const struct bench_result *of_a = bench_attribution_whole(a), *of_b = bench_attribution_whole(b);
    return of_a->target == of_b->target && same_parameter(of_a, of_b, "placement");
}

/* Behind the last row of its section, or as a section of its own. */
static void insert(struct bench_attributions *out, const struct bench_attribution *row)
{
    size_t at = out->n;
    size_t section = out->n > 0 ? out->rows[out->n - 1].section + 1 : 0;
    for (size_t i = out->n; i > 0; i--) {
        if (same_section(&out->rows[i - 1], row)) {
            at = i;
            section = out->rows[i - 1].section;
            break;
        }
    }
    memmove(&out->rows[at + 1], &out->rows[at], (out->n - at) * sizeof(*out->rows));
    out->rows[at] = *row;
    out->rows[at].section = section;
    out->n++;
}

/* used: the Python client's cell, or NULL; like: the target whose family, options and mode count. */
static bool add_chain(struct search *search, const struct bench_report_group *group,
                      const struct bench_result *used, const struct bench_target_info *like)
{
    struct wanted wanted = {bench_target_family(like), like->options, like->mode, PYTHON_SERVER,
                            BENCH_ROLE_NORMAL};
    struct bench_attribution row = {.used = used};
    row.served = find_own(group, &wanted);
    wanted.server = OWN_SERVER;
    row.native = find_own(group, &wanted);
    row.floor = find_floor(group, like);
    if (row.served == NULL || row.native == NULL || row.floor == NULL)
        return false;
    row.further = find_ping(search, row.native);
    row_compute(&row, &search->out->means);
    /* A cell without a single good trial has no mean. */
    for (size_t p = 0; p < row.nparts; p++) {
        if (isnan(row.parts[p].mean))
            return false;
    }
    insert(search->out, &row);
    return true;
}

/* Python clients first; where a family has none in this mode, our own client of the Python server,
 * with default options. */
static void add_group(struct search *search, const struct bench_report_group *group)
{
    size_t before = search->out->n;
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_target_info *target = group->rows[i]->target;
        if (bench_target_is_foreign(target) && target->role == BENCH_ROLE_NORMAL &&
            same(target->server, PYTHON_SERVER) && bench_result_is_shown(group->rows[i]))
            (void)add_chain(search, group, group->rows[i], target);
    }
    for (size_t i = 0; i < group->nrows; i++) {
        const struct bench_target_info *target = group->rows[i]->target;
        bool alone = bench_target_is_own(target) && target->role == BENCH_ROLE_NORMAL &&
                     same(target->server, PYTHON_SERVER) && target->options[0] == '\0';
        /* Of this group are the rows that are measured like it. */
        for (size_t k = 0; alone && search->out->n > before && k < search->out->n; k++)
            alone = search->out->rows[k].served != group->rows[i];
        if (alone)
            (void)add_chain(search, group, NULL, target);
    }
}

int bench_attributions_init(struct bench_attributions *out, const struct bench_run *run)
{
    struct bench_report_group *groups;
    size_t ngroups;
    *out = (struct bench_attributions){.n = 0};
    int rc = bench_means_init(&out->means, run);
    if (rc < 0)
        return rc;
    out->rows = calloc(run->nresults + 1, sizeof(*out->rows)); /* each begins with another cell */
    if (out->rows == NULL)
        return -ENOMEM;
    rc = bench_report_groups_new(run, &groups, &ngroups);
    if (rc < 0)
        return rc;
    struct search search = {out, groups, ngroups};
    for (size_t g = 0; g < ngroups; g++) {
        if (is_wanted(&search, &groups[g]))
            add_group(&search, &groups[g]);
    }
    bench_report_groups_free(groups, ngroups);
    return 0;
}

void bench_attributions_fini(struct bench_attributions *attributions)
{
    bench_means_fini(&attributions->means);
    free(attributions->rows);
}

/* ---- words ---- */

char *bench_attribution_operation(const struct bench_attribution *row, char *out, size_t size)
{
    const struct bench_result *result = bench_attribution_whole(row);
    const char *amount = bench_result_parameter(result, "size");
    char text[192];
    if (amount == NULL)
        amount = bench_result_parameter(result, "payload");
    (void)snprintf(text, sizeof(text), "%.60s%s%.60s", result->operation, amount != NULL ? " " : "",
                   amount != NULL ? amount : "");
    return bench_text_clean(text, out, size);
}

char *bench_attribution_sentence(const struct bench_attribution *row, char *out, size_t size)
{
    static const char *const texts[] = {
#define X(id, key, head, text) text,
        BENCH_PARTS(X)
#undef X
    };
    const struct bench_target_info *target = bench_attribution_whole(row)->target;
    struct bench_scale scale = bench_scale_of(row->whole.mean);
    char operation[128], text[1024];
    (void)bench_attribution_operation(row, operation, sizeof(operation));
    int n = snprintf(text, sizeof(text), "of %s %s %s of %.60s waits for %s%s",
                     bench_scale_text(&scale, row->whole.mean).s, scale.unit,
                     row->used != NULL ? "a Python user" : "a native client",
                     bench_target_family(target), operation,
                     row->used != NULL ? "" : " from a Python server");
    /* What took longer without a part than with it cannot be told by parts. */
    for (size_t p = 0; p < row->nparts; p++) {
        if (row->parts[p].mean < 0 && !bench_interval_has_zero(&row->parts[p])) {
            (void)snprintf(text + n, sizeof(text) - (size_t)n,
                           ", which these rows cannot take apart: it takes longer without %s",
                           texts[p]);
            return bench_text_clean(text, out, size);
        }
    }
    for (size_t p = 0; p < row->nparts && n > 0 && (size_t)n < sizeof(text); p++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ", %s%s %s",
                      row->parts[p].mean < 0 ? "next to nothing"
                                             : bench_scale_text(&scale, row->parts[p].mean).s,
                      p == 0 ? " is" : "", texts[p]);
    return bench_text_clean(text, out, size);
}
