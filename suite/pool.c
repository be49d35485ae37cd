/* SPDX-License-Identifier: MIT */
#include "suite/pool.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_good(const struct bench_trial *t)
{
    return t->recording != NULL &&
           (t->status == BENCH_CELL_OK || t->status == BENCH_CELL_CLIENT_BOUND);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
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
    double median = NAN;
    if (n > 0) {
        qsort(values, n, sizeof(*values), compare_doubles);
        median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    }
    free(values);
    return median;
}

static void add_resources(struct bench_result *r)
{
    struct bench_resources *sum = &r->resources;
    *sum = (struct bench_resources){.wall_s = 0};
    for (size_t t = 0; t < r->ntrials; t++) {
        const struct bench_resources *one = &r->trials[t].resources;
        if (!is_good(&r->trials[t]))
            continue;
        sum->wall_s += one->wall_s;
        sum->server_cpu_s += one->server_cpu_s;
        sum->client_cpu_s += one->client_cpu_s;
        if (one->server_processes > sum->server_processes)
            sum->server_processes = one->server_processes;
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

static int judge(struct bench_result *r, int planned, size_t good, size_t bound)
{
    for (size_t t = 0; t < r->ntrials; t++) {
        if (is_good(&r->trials[t]))
            continue;
        r->status = BENCH_CELL_FAILED;
        return set_reason(r, "trial %d of %d: %s", r->trials[t].block + 1, planned,
                          r->trials[t].reason);
    }
    if (good == 0) {
        if (r->status == BENCH_CELL_OK) {
            r->status = BENCH_CELL_FAILED;
            return set_reason(r, "none of %d trials was run", planned);
        }
        return 0; /* switched off, with its reason */
    }
    r->status = 2 * bound >= good && bound > 0 ? BENCH_CELL_CLIENT_BOUND : BENCH_CELL_OK;
    return bound == 0 || r->status == BENCH_CELL_OK
               ? 0
               : set_reason(r, "client-bound in %zu of %zu trials", bound, good);
}

int bench_pool_result(struct bench_result *r, int planned)
{
    size_t good = 0, bound = 0;
    for (size_t t = 0; t < r->ntrials; t++) {
        if (!is_good(&r->trials[t]))
            continue;
        good++;
        bound += r->trials[t].status == BENCH_CELL_CLIENT_BOUND;
        if (r->pooled == NULL && bench_recording_new(&r->pooled) < 0)
            return -ENOMEM;
        if (bench_recording_merge(r->pooled, r->trials[t].recording) < 0)
            return -ENOMEM;
    }
    add_resources(r);
    return judge(r, planned, good, bound);
}
