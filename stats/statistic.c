/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "stats/recording.h"
#include "stats/wide.h"

static double percentile_s(const struct bench_series *series, double p)
{
    return (double)bench_hist_percentile(series->hist, p) / 1e9;
}

void bench_series_statistic(const struct bench_series *series, struct bench_statistic *out)
{
    uint64_t n = series->count;

    if (n == 0) {
        *out = (struct bench_statistic){.mean = NAN,
                                        .median = NAN,
                                        .stdev = NAN,
                                        .min = NAN,
                                        .max = NAN,
                                        .p90 = NAN,
                                        .p95 = NAN,
                                        .p99 = NAN,
                                        .p999 = NAN};
        return;
    }

    long double variance = 0;
    if (n > 1)
        variance = bench_wide_spread(n, series->sum, series->sum_squares, NULL) /
                   ((long double)n * (long double)(n - 1));
    *out = (struct bench_statistic){
        .count = n,
        .mean = (double)((long double)series->sum / (long double)n / 1e9L),
        .median = percentile_s(series, 0.5),
        .stdev = (double)(sqrtl(variance) / 1e9L),
        .min = (double)series->min / 1e9,
        .max = (double)series->max / 1e9,
        .p90 = percentile_s(series, 0.90),
        .p95 = percentile_s(series, 0.95),
        .p99 = percentile_s(series, 0.99),
        .p999 = percentile_s(series, 0.999),
    };
}
