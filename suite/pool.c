/* SPDX-License-Identifier: MIT */
#include "suite/pool.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/steady.h"

static bool is_good(const struct bench_trial *t)
{
    return t->recording != NULL &&
           (t->status == BENCH_CELL_OK || t->status == BENCH_CELL_CLIENT_BOUND);
}

/* Of the good trials' values that are known; NaN if none is. */
static double median_of(const struct bench_result *r, size_t offset)
{
    double *values = calloc(r->ntrials > 0 ? r->ntrials : 1, sizeof(*values));
    size_t n = 0;
    for (size_t t = 0; values != NULL && t < r->ntrials; t++) {
        double v;
        memcpy(&v, (const char *)&r->trials[t].resources + offset, sizeof(v));
        if (is_good(&r->trials[t]) && !isnan(v))
            values[n++] = v;
    }
    const double median = bench_median(values, n);
    free(values);
    return median;
}

static void add_resources(struct bench_result *r)
{
    struct bench_resources *sum = &r->resources;
    *sum = (struct bench_resources){.wall_s = 0, .client_nodelay = -1, .server_nodelay = -1};
    for (size_t t = 0; t < r->ntrials; t++) {
        const struct bench_resources *one = &r->trials[t].resources;
        if (!is_good(&r->trials[t]))
            continue;
        sum->wall_s += one->wall_s;
        sum->server_cpu_s += one->server_cpu_s;
        sum->client_cpu_s += one->client_cpu_s;
        if (one->server_processes > sum->server_processes)
            sum->server_processes = one->server_processes;
        if (one->client_nodelay >= 0)
            sum->client_nodelay = one->client_nodelay;
        if (one->server_nodelay >= 0)
            sum->server_nodelay = one->server_nodelay;
    }
    sum->server_pss_bytes = median_of(r, offsetof(struct bench_resources, server_pss_bytes));
    sum->server_pss_idle_bytes =
        median_of(r, offsetof(struct bench_resources, server_pss_idle_bytes));
    sum->client_rss_bytes = median_of(r, offsetof(struct bench_resources, client_rss_bytes));
}

static int set_reason(struct bench_result *r, const char *format, ...) BENCH_PRINTF(2, 3);

static int set_reason(struct bench_result *r, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    free(r->reason);
    r->reason = strdup(text);
    return r->reason == NULL ? -ENOMEM : 0;
}

struct counts {
    size_t good, bound, invalid;
    size_t judged, unsteady; /* of the good ones */
    const struct bench_trial *first_failed, *first_bound, *first_invalid, *first_unsteady;
};

static void count_one(const struct bench_trial *t, size_t *n, const struct bench_trial **first)
{
    if ((*n)++ == 0)
        *first = t;
}

static struct counts count_trials(const struct bench_result *r)
{
    struct counts c = {.good = 0};
    size_t failed = 0;
    for (size_t i = 0; i < r->ntrials; i++) {
        const struct bench_trial *t = &r->trials[i];
        if (t->status == BENCH_CELL_INVALID)
            count_one(t, &c.invalid, &c.first_invalid);
        else if (!is_good(t))
            count_one(t, &failed, &c.first_failed);
        else if (t->status == BENCH_CELL_CLIENT_BOUND)
            count_one(t, &c.bound, &c.first_bound);
        if (!is_good(t))
            continue;
        c.good++;
        c.judged += t->validity.steady_judged;
        if (t->validity.steady_judged && t->validity.unsteady)
            count_one(t, &c.unsteady, &c.first_unsteady);
    }
    return c;
}

/* A cell where drift is the rule: what it would say depends on how long was measured. */
static bool drifts(const struct counts *c)
{
    /* One trial in thirty of a healthy run is marked: one alone says nothing. */
    return c->unsteady >= 2 && 2 * c->unsteady > c->judged;
}

static bool is_bound(const struct counts *c) { return c->bound > 0 && 2 * c->bound >= c->good; }

static bool is_invalid(const struct bench_result *r, const struct counts *c)
{
    return c->invalid > 0 && 2 * c->invalid >= r->ntrials;
}

/* The order of importance. A client at its limit may well drift; its rate is a lower bound all the
 * same. */
static enum bench_cell_status status_of(const struct bench_result *r, const struct counts *c)
{
    if (c->first_failed != NULL)
        return BENCH_CELL_FAILED;
    if (is_invalid(r, c))
        return BENCH_CELL_INVALID;
    if (c->good == 0) /* switched off, with its reason, or not run */
        return r->status != BENCH_CELL_OK ? r->status : BENCH_CELL_FAILED;
    if (is_bound(c))
        return BENCH_CELL_CLIENT_BOUND;
    return drifts(c) ? BENCH_CELL_INVALID : BENCH_CELL_OK;
}

enum bench_cell_status bench_pool_status(const struct bench_result *r)
{
    const struct counts c = count_trials(r);
    return status_of(r, &c);
}

static int judge_good(struct bench_result *r, const struct counts *c)
{
    if (r->status == BENCH_CELL_CLIENT_BOUND)
        return set_reason(r, "client-bound in %zu of %zu trials: %s", c->bound, c->good,
                          c->first_bound->reason);
    if (r->status == BENCH_CELL_INVALID)
        return set_reason(r, "latency drifts: %+.0f %% over the load, in %zu of %zu trials",
                          100 * c->first_unsteady->validity.drift, c->unsteady, c->judged);
    if (c->invalid > 0)
        return set_reason(r, "%zu of %zu trials left out: %s", c->invalid, r->ntrials,
                          c->first_invalid->reason);
    return 0;
}

static int judge(struct bench_result *r, int planned)
{
    const struct counts c = count_trials(r);
    const bool was_off = r->status != BENCH_CELL_OK;
    r->status = status_of(r, &c);
    if (c.first_failed != NULL)
        return set_reason(r, "trial %d of %d: %s", c.first_failed->block + 1, planned,
                          c.first_failed->reason);
    if (is_invalid(r, &c))
        return set_reason(r, "%s, in %zu of %zu trials", c.first_invalid->reason, c.invalid,
                          r->ntrials);
    if (c.good > 0)
        return judge_good(r, &c);
    return was_off ? 0 : set_reason(r, "none of %d trials was run", planned);
}

int bench_pool_result(struct bench_result *r, int planned)
{
    for (size_t t = 0; t < r->ntrials; t++) {
        if (!is_good(&r->trials[t]))
            continue;
        if (r->pooled == NULL && bench_recording_new(&r->pooled) < 0)
            return -ENOMEM;
        if (bench_recording_merge(r->pooled, r->trials[t].recording) < 0)
            return -ENOMEM;
    }
    add_resources(r);
    return judge(r, planned);
}
