/* SPDX-License-Identifier: MIT */
/* What the runs of an oracle say about the instrument: arithmetic only. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/units.h"
#include "stats/estimate.h"
#include "stats/queues.h"
#include "stats/steady.h"
#include "suite/selftest.h"

double bench_selftest_closed_form(const struct bench_oracle_spec *spec, double rate,
                                  double freeze_s, double duration_s, enum bench_figure figure)
{
    const double service = (double)spec->service_ns / 1e9, p = bench_figure_shares[figure];
    const bool mean = figure == BENCH_FIGURE_MEAN;
    switch (spec->kind) {
    case BENCH_ORACLE_ZERO:
    case BENCH_ORACLE_FIXED:
        return service;
    case BENCH_ORACLE_MM1:
        return mean ? bench_mm1_mean(rate, 1 / service) : bench_mm1_quantile(rate, 1 / service, p);
    case BENCH_ORACLE_MD1:
        return mean ? bench_md1_mean(rate, service) : bench_md1_quantile(rate, service, p);
    case BENCH_ORACLE_FREEZE:
        return mean ? bench_freeze_mean(freeze_s, duration_s)
                    : bench_freeze_quantile(freeze_s, duration_s, p);
    }
    return NAN;
}

static double median(const double *values, size_t n)
{
    double sorted[BENCH_SELFTEST_RUNS];
    memcpy(sorted, values, n * sizeof(*values));
    return bench_median(sorted, n);
}

/* What the instrument itself adds, by the floor beside the run: a mean to means, else a median. */
static double floor_of(const struct bench_selftest_run *run, enum bench_figure figure)
{
    return run->floor.of[figure == BENCH_FIGURE_MEAN ? BENCH_FIGURE_MEAN : BENCH_FIGURE_P50];
}

static bool is_random(enum bench_oracle_kind kind)
{
    return kind == BENCH_ORACLE_MM1 || kind == BENCH_ORACLE_MD1;
}

/* Whether the figure's closed form is judged. Those of random queues take several runs, and beyond
 * a utilization the upper percentiles take more than there are. */
static bool judges_closed_form(const struct bench_selftest_result *result, enum bench_figure figure)
{
    if (!is_random(result->spec.kind))
        return true;
    const double rho = result->oracle->rate * (double)result->spec.service_ns / 1e9;
    return result->nmeasured >= BENCH_SELFTEST_RUNS &&
           (figure <= BENCH_FIGURE_P50 || rho <= BENCH_SELFTEST_RHO * (1 + 1e-9));
}

/* The values of all measured runs. */
struct values {
    double own[BENCH_SELFTEST_RUNS], planned[BENCH_SELFTEST_RUNS], measured[BENCH_SELFTEST_RUNS],
        floor[BENCH_SELFTEST_RUNS], error[BENCH_SELFTEST_RUNS], off_plan[BENCH_SELFTEST_RUNS],
        without_floor[BENCH_SELFTEST_RUNS], limit[BENCH_SELFTEST_RUNS], freeze[BENCH_SELFTEST_RUNS];
    size_t n;
};

static void collect(const struct bench_selftest_result *result, enum bench_figure figure,
                    struct values *v)
{
    v->n = 0;
    for (size_t r = 0; r < result->nruns; r++) {
        const struct bench_selftest_run *run = &result->runs[r];
        if (!run->measured)
            continue;
        const size_t i = v->n++;
        v->own[i] = run->paths.own.of[figure];
        v->planned[i] = run->paths.planned.of[figure];
        v->measured[i] = run->response.of[figure];
        v->floor[i] = floor_of(run, figure);
        v->without_floor[i] = v->measured[i] - v->floor[i];
        v->error[i] = v->without_floor[i] - v->own[i];
        v->off_plan[i] = v->own[i] - v->planned[i];
        /* The plan is the truth: a path that went astray allows for nothing. */
        v->limit[i] = BENCH_SELFTEST_SHARE * fmin(v->own[i], v->planned[i]) +
                      run->floor.of[BENCH_FIGURE_P99] - run->floor.of[BENCH_FIGURE_P50];
        v->freeze[i] = run->paths.freeze_s;
    }
}

static void judge_closed_form(const struct bench_selftest_result *result, enum bench_figure figure,
                              const struct values *v, struct bench_selftest_figure *out)
{
    const double freeze_s =
        result->spec.kind == BENCH_ORACLE_FREEZE ? median(v->freeze, v->n) : NAN;
    out->closed = bench_selftest_closed_form(&result->spec, result->oracle->rate, freeze_s,
                                             result->duration_s, figure);
    out->closed_judged = out->judged && judges_closed_form(result, figure);
    out->low = out->high = NAN;
    if (is_random(result->spec.kind)) {
        const struct bench_bounds b =
            bench_mean_bounds(v->without_floor, v->n, BENCH_SELFTEST_LEVEL);
        out->low = b.low;
        out->high = b.high;
        if (out->closed_judged && !(out->closed >= b.low && out->closed <= b.high))
            out->misses |= BENCH_MISS_CLOSED;
    } else if (out->closed_judged &&
               !(fabs(median(v->without_floor, v->n) - out->closed) <= out->limit)) {
        out->misses |= BENCH_MISS_CLOSED;
    }
}

static void judge_figure(const struct bench_selftest_result *result, enum bench_figure figure,
                         struct bench_selftest_figure *out)
{
    struct values v;
    collect(result, figure, &v);
    *out = (struct bench_selftest_figure){
        .own = median(v.own, v.n),
        .planned = median(v.planned, v.n),
        .measured = median(v.measured, v.n),
        .floor = median(v.floor, v.n),
        .error = median(v.error, v.n),
        .limit = median(v.limit, v.n),
        /* Of a thousandth there are ten requests in a run. */
        .judged = figure != BENCH_FIGURE_P999,
    };
    out->share = out->own > out->floor ? out->error / out->own : NAN;
    if (out->judged && !(fabs(out->error) <= out->limit))
        out->misses |= BENCH_MISS_ERROR;
    if (out->judged && !(fabs(median(v.off_plan, v.n)) <= out->limit))
        out->misses |= BENCH_MISS_PLAN;
    judge_closed_form(result, figure, &v, out);
}

void bench_selftest_judge(struct bench_selftest_result *result)
{
    double p50[BENCH_SELFTEST_RUNS], p99[BENCH_SELFTEST_RUNS];
    size_t n = 0, distrusted = 0;
    bool failed = false;
    for (size_t r = 0; r < result->nruns; r++) {
        const struct bench_selftest_run *run = &result->runs[r];
        failed |= run->failed;
        if (!run->measured)
            continue;
        p50[n] = run->floor.of[BENCH_FIGURE_P50];
        p99[n++] = run->floor.of[BENCH_FIGURE_P99];
        distrusted += !run->trusted;
    }
    result->nmeasured = n;
    result->failed = failed;
    result->distrusted = distrusted > 0 && 2 * distrusted >= n;
    if (n == 0)
        return;
    result->floor_p50 = median(p50, n);
    result->floor_p99 = median(p99, n);
    for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
        judge_figure(result, (enum bench_figure)f, &result->figures[f]);
}

/* The error that is farthest from 0. */
static void widen(const struct bench_selftest_figure *figure, double *error, double *share)
{
    if (fabs(figure->error) <= fabs(*error))
        return;
    *error = figure->error;
    *share = isfinite(figure->share) ? figure->share : 0;
}

void bench_selftest_conclude(struct bench_selftest *selftest)
{
    bool whole = !selftest->options.quick && !selftest->options.no_schedule;
    struct bench_instrument *summary = &selftest->summary;
    *summary = (struct bench_instrument){.p50 = 0};
    selftest->measured = selftest->nresults > 0 && !selftest->interrupted;
    selftest->passed = true;
    selftest->noisy = false;
    for (size_t r = 0; r < selftest->nresults; r++) {
        const struct bench_selftest_result *result = &selftest->results[r];
        whole &= result->nmeasured == (size_t)result->oracle->runs || result->failed;
        selftest->measured &= result->nmeasured > 0 || result->failed;
        selftest->passed &= !result->distrusted && !result->failed;
        if (result->nmeasured == 0)
            continue;
        for (int f = 0; f < BENCH_FIGURE_COUNT; f++)
            selftest->passed &= result->figures[f].misses == 0;
        selftest->noisy |= result->floor_p99 - result->floor_p50 > BENCH_SELFTEST_NOISE_S;
        widen(&result->figures[BENCH_FIGURE_P50], &summary->p50, &summary->p50_share);
        widen(&result->figures[BENCH_FIGURE_P99], &summary->p99, &summary->p99_share);
    }
    selftest->passed &= selftest->measured;
    size_t all = 0;
    while (bench_selftest_oracles[all].name != NULL)
        all++;
    selftest->certifies =
        whole && selftest->measured && !selftest->noisy && selftest->nresults == all;
    summary->passed = selftest->passed;
    memcpy(summary->date, selftest->date, sizeof(summary->date));
}
