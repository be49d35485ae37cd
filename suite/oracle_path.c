/* SPDX-License-Identifier: MIT */
#include "suite/oracle_path.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "suite/schedule.h"

#define X(id, name, share) name,
const char *const bench_figure_names[BENCH_FIGURE_COUNT] = {BENCH_FIGURES(X)};
#undef X
#define X(id, name, share) share,
const double bench_figure_shares[BENCH_FIGURE_COUNT] = {BENCH_FIGURES(X)};
#undef X

static int by_size(const void *x, const void *y)
{
    const int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* n > 0, sorted. */
static int64_t quantile(const int64_t *times_ns, size_t n, double share)
{
    /* 0.9 * 10 is not to become 10 by the last bit of 0.9. */
    const double rank = ceil(share * (double)n * (1 - 1e-12));
    const size_t at = rank < 1 ? 0 : (size_t)rank - 1;
    return times_ns[at < n ? at : n - 1];
}

void bench_figures_of(int64_t *times_ns, size_t n, struct bench_figures *out)
{
    double sum = 0;
    qsort(times_ns, n, sizeof(*times_ns), by_size);
    for (size_t i = 0; i < n; i++)
        sum += (double)times_ns[i];
    for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
        out->of[f] = n == 0 ? NAN
                     : f == BENCH_FIGURE_MEAN
                         ? sum / (double)n / 1e9
                         : (double)quantile(times_ns, n, bench_figure_shares[f]) / 1e9;
}

void bench_figures_of_series(const struct bench_series *series, struct bench_figures *out)
{
    struct bench_statistic s;
    bench_series_statistic(series, &s);
    *out = (struct bench_figures){{[BENCH_FIGURE_MEAN] = s.mean,
                                   [BENCH_FIGURE_P50] = s.median,
                                   [BENCH_FIGURE_P90] = s.p90,
                                   [BENCH_FIGURE_P99] = s.p99,
                                   [BENCH_FIGURE_P999] = s.p999}};
}

/* The records of the load, in the order of arrival. */
struct load {
    const struct bench_oracle_record *records;
    size_t n;
};

static int find_load(const void *data, size_t size, int64_t first_ns, struct load *out,
                     struct bench_error *err)
{
    const struct bench_oracle_report *report = data;
    if (size < sizeof(*report) || report->magic != BENCH_ORACLE_MAGIC)
        return bench_fail(err, -EINVAL, "the oracle has written no report");
    const size_t room = (size - sizeof(*report)) / sizeof(struct bench_oracle_record);
    if (report->count > room)
        return bench_fail(err, -EINVAL, "the oracle had %llu requests, its report has room for %zu",
                          (unsigned long long)report->count, room);
    const struct bench_oracle_record *records = (const void *)(report + 1);
    size_t from = 0;
    while (from < report->count && records[from].arrival_ns < first_ns)
        from++;
    *out = (struct load){.records = records + from, .n = (size_t)report->count - from};
    for (size_t i = 0; i < out->n; i++) {
        const struct bench_oracle_record *r = &out->records[i];
        if (r->left_ns < r->arrival_ns || r->service_ns < 0 ||
            (i > 0 && r->arrival_ns < r[-1].arrival_ns))
            return bench_fail(err, -EINVAL, "request %zu of the oracle's report cannot be", i);
    }
    return out->n > 0 ? 0 : bench_fail(err, -EINVAL, "no request has reached the oracle");
}

/* Response times of the planned arrivals; times has room for load->n. */
static int follow_plan(const struct load *load, const struct bench_oracle_spec *spec,
                       const struct bench_load_model *model, int64_t first_ns,
                       int64_t oracle_first_ns, int64_t *times, struct bench_error *err)
{
    struct bench_schedule schedule;
    struct bench_oracle_queue queue;
    size_t n = 0;
    bench_schedule_init(&schedule, model, UINT64_MAX, 0, 0, 0, 1);
    const int64_t shift_ns = first_ns - bench_schedule_peek(&schedule);
    bench_oracle_queue_init(&queue, spec);
    queue.first_ns = oracle_first_ns;
    for (; bench_schedule_peek(&schedule) != INT64_MAX; bench_schedule_take(&schedule), n++) {
        const int64_t at_ns = bench_schedule_peek(&schedule) + shift_ns;
        if (n < load->n)
            times[n] = bench_oracle_departure(&queue, at_ns, load->records[n].service_ns) - at_ns;
    }
    if (n != load->n)
        return bench_fail(err, -EINVAL, "%zu requests have reached the oracle, %zu were planned",
                          load->n, n);
    return 0;
}

static double frozen_within(const struct bench_oracle_spec *spec,
                            const struct bench_load_model *model, int64_t first_ns,
                            int64_t oracle_first_ns)
{
    const int64_t from_ns = oracle_first_ns + spec->freeze_at_ns;
    const int64_t until_ns = from_ns + spec->freeze_for_ns;
    const bool within = from_ns >= first_ns && until_ns <= first_ns + model->duration_ns;
    return spec->kind == BENCH_ORACLE_FREEZE && within ? (double)spec->freeze_for_ns / 1e9 : NAN;
}

int bench_oracle_paths_read(const void *report, size_t size, const struct bench_oracle_spec *spec,
                            const struct bench_load_model *model, int64_t first_ns,
                            struct bench_oracle_paths *out, struct bench_error *err)
{
    struct load load = {0};
    int rc = find_load(report, size, first_ns, &load, err);
    if (rc < 0)
        return rc;
    int64_t *times = malloc(load.n * sizeof(*times));
    if (times == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    const int64_t oracle_first_ns = ((const struct bench_oracle_report *)report)->first_ns;
    struct bench_oracle_paths paths = {
        .requests = load.n, .freeze_s = frozen_within(spec, model, first_ns, oracle_first_ns)};
    rc = follow_plan(&load, spec, model, first_ns, oracle_first_ns, times, err);
    if (rc == 0 && spec->kind == BENCH_ORACLE_FREEZE && isnan(paths.freeze_s))
        rc = bench_fail(err, -EINVAL, "the oracle did not stand still within the load");
    if (rc == 0) {
        struct bench_figures late;
        bench_figures_of(times, load.n, &paths.planned);
        for (size_t i = 0; i < load.n; i++)
            times[i] = load.records[i].left_ns - load.records[i].arrival_ns;
        bench_figures_of(times, load.n, &paths.own);
        for (size_t i = 0; i < load.n; i++)
            times[i] = load.records[i].left_ns - load.records[i].due_ns;
        bench_figures_of(times, load.n, &late);
        paths.late_p99 = late.of[BENCH_FIGURE_P99];
        *out = paths;
    }
    free(times);
    return rc;
}
