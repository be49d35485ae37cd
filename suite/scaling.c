/* SPDX-License-Identifier: MIT */
#include "suite/scaling.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "suite/metric.h"

enum { RESAMPLES = 400, SEED = 1 };
/* Where the knee is as good as the highest rung, the ladder does not reach it. */
#define AT_THE_TOP 0.95

struct points {
    double *clients, *throughput;
    size_t n;
};

static bool same_but_clients(const struct bench_result *a, const struct bench_result *b)
{
    if (a->target != b->target || strcmp(a->workload, b->workload) != 0 ||
        strcmp(a->operation, b->operation) != 0 || a->nparameters != b->nparameters)
        return false;
    for (size_t i = 0; i < a->nparameters; i++) {
        const char *name = a->parameters[i].name, *value = bench_result_parameter(b, name);
        if (value == NULL)
            return false;
        if (strcmp(name, bench_factor_name(BENCH_FACTOR_CLIENTS)) != 0 &&
            strcmp(a->parameters[i].value, value) != 0)
            return false;
    }
    return true;
}

/* The first rung of a ladder, in the order of the run, which is that of the rungs. */
static bool is_first(const struct bench_run *run, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_but_clients(&run->results[k], &run->results[i]))
            return false;
    return true;
}

static int add_points(struct points *points, const struct bench_result *result, double clients)
{
    const struct bench_metric *metric = bench_metric_get(BENCH_METRIC_THROUGHPUT);
    struct bench_trial_value *values = calloc(result->ntrials + 1, sizeof(*values));
    double *more = realloc(points->clients, (points->n + result->ntrials + 1) * sizeof(*more));
    points->clients = more != NULL ? more : points->clients;
    double *rates = realloc(points->throughput, (points->n + result->ntrials + 1) * sizeof(*rates));
    points->throughput = rates != NULL ? rates : points->throughput;
    int rc = values != NULL && more != NULL && rates != NULL ? 0 : -ENOMEM;
    size_t n = rc == 0 ? bench_metric_values(metric, result, values) : 0;
    for (size_t i = 0; i < n; i++) {
        points->clients[points->n] = clients;
        points->throughput[points->n++] = values[i].value;
    }
    free(values);
    return rc;
}

static int gather(const struct bench_run *run, size_t first, struct bench_scaling *row,
                  struct points *points)
{
    int rc = 0;
    for (size_t k = first; rc == 0 && k < run->nresults; k++) {
        const struct bench_result *result = &run->results[k];
        const double clients = bench_factor_value(BENCH_FACTOR_CLIENTS, result);
        if (!same_but_clients(&run->results[first], result) || isnan(clients) ||
            bench_result_is_open(result))
            continue;
        row->most = fmax(row->most, clients);
        row->bound += result->status == BENCH_CELL_CLIENT_BOUND;
        if (result->status != BENCH_CELL_OK || result->pooled == NULL)
            continue;
        row->rungs++;
        rc = add_points(points, result, clients);
    }
    row->points = points->n;
    return rc;
}

static int fit(struct bench_scaling *row, const struct points *points)
{
    if (row->rungs < BENCH_USL_POINTS) {
        row->why = row->bound > 0 ? "the client was the limit on too many rungs"
                                  : "too few rungs were measured";
        return 0;
    }
    int rc =
        bench_usl_fit(points->clients, points->throughput, points->n, RESAMPLES, SEED, &row->usl);
    row->fitted = rc == 0;
    row->why = rc == 0 ? NULL : "the law does not fit";
    return rc == -ENOMEM ? rc : 0;
}

static int add_row(struct bench_scalings *out, const struct bench_run *run, size_t first)
{
    struct bench_scaling row = {.first = &run->results[first]};
    struct points points = {NULL, NULL, 0};
    int rc = gather(run, first, &row, &points);
    if (rc == 0 && row.rungs + row.bound >= BENCH_USL_POINTS) {
        rc = fit(&row, &points);
        struct bench_scaling *rows =
            rc == 0 ? realloc(out->rows, (out->n + 1) * sizeof(*rows)) : NULL;
        if (rc == 0 && rows == NULL)
            rc = -ENOMEM;
        if (rc == 0) {
            out->rows = rows;
            rows[out->n++] = row;
        }
    }
    free(points.clients);
    free(points.throughput);
    return rc;
}

int bench_scalings_init(struct bench_scalings *out, const struct bench_run *run)
{
    int rc = 0;
    *out = (struct bench_scalings){NULL, 0};
    for (size_t i = 0; rc == 0 && i < run->nresults; i++)
        if (run->results[i].target->role == BENCH_ROLE_NORMAL &&
            bench_result_ranking(&run->results[i]) == BENCH_RANKING_THROUGHPUT &&
            !bench_result_is_bulk(&run->results[i]) && is_first(run, i))
            rc = add_row(out, run, i);
    return rc;
}

void bench_scalings_fini(struct bench_scalings *scalings)
{
    free(scalings->rows);
    *scalings = (struct bench_scalings){NULL, 0};
}

char *bench_scaling_sentence(const struct bench_scaling *row, char *out, size_t size)
{
    char name[256];
    const struct bench_bounds *knee = &row->usl.knee;
    (void)bench_text_clean(row->first->target->name, name, sizeof(name));
    if (!row->fitted)
        (void)snprintf(out, size, "%s: no reading, %s", name, row->why);
    else if (knee->estimate > AT_THE_TOP * row->most ||
             (row->usl.peak_n > row->most && knee->estimate > 0.8 * row->most))
        (void)snprintf(out, size, "%s: throughput still grows at %.0f clients", name, row->most);
    else if (isnan(knee->low))
        (void)snprintf(out, size, "%s: more than %.0f client%s only add%s waiting", name,
                       ceil(knee->estimate - 0.05), knee->estimate > 1.05 ? "s" : "",
                       knee->estimate > 1.05 ? "" : "s");
    else
        (void)snprintf(out, size,
                       "%s: more than %.0f client%s only add%s waiting (95 %%: %.2g to %.2g)", name,
                       ceil(knee->estimate - 0.05), knee->estimate > 1.05 ? "s" : "",
                       knee->estimate > 1.05 ? "" : "s", knee->low, knee->high);
    return out;
}
