/* SPDX-License-Identifier: MIT */
/*
 * What an oracle server (service/oracle.h) wrote down, as figures: the response times of its sample
 * path, and those that the planned arrivals would have had with the same service times. Pure
 * functions, any thread.
 */
#ifndef BENCH_ORACLE_PATH_H
#define BENCH_ORACLE_PATH_H

#include "service/oracle.h"
#include "suite/driver.h"

/* X(ID, name, share): what is compared of a distribution. */
#define BENCH_FIGURES(X)                                                                           \
    X(MEAN, "mean", 0)                                                                             \
    X(P50, "p50", 0.5)                                                                             \
    X(P90, "p90", 0.9)                                                                             \
    X(P99, "p99", 0.99)                                                                            \
    X(P999, "p99.9", 0.999)

enum bench_figure {
#define X(id, name, share) BENCH_FIGURE_##id,
    BENCH_FIGURES(X)
#undef X
        BENCH_FIGURE_COUNT
};

extern const char *const bench_figure_names[BENCH_FIGURE_COUNT];
extern const double bench_figure_shares[BENCH_FIGURE_COUNT]; /* 0 for the mean */

/* Seconds. */
struct bench_figures {
    double of[BENCH_FIGURE_COUNT];
};

/* Of n response times in ns, which it sorts: p is the smallest one that at least the share p does
 * not exceed. n = 0: NaN. */
void bench_figures_of(int64_t *times_ns, size_t n, struct bench_figures *out);
void bench_figures_of_series(const struct bench_series *series, struct bench_figures *out);

struct bench_oracle_paths {
    size_t requests;              /* of the load: warm-up requests are left out */
    struct bench_figures own;     /* left - arrival, as it happened at the server */
    struct bench_figures planned; /* by Lindley's recursion over the planned arrivals */
    double late_p99;              /* seconds by which the oracle answered later than it was to */
    double freeze_s;              /* how long it stood still within the load; NaN for the others */
};

/* report: size bytes of a file that an oracle server wrote, before it was started and after it has
 * ended. first_ns: planned start of the load's first request on the same clock; model: the load,
 * made by one worker. 0; -EINVAL when the report is not one, is too short for what happened, or its
 * requests are not those of the load (err says how many of each); -ENOMEM. */
int bench_oracle_paths_read(const void *report, size_t size, const struct bench_oracle_spec *spec,
                            const struct bench_load_model *model, int64_t first_ns,
                            struct bench_oracle_paths *out,
                            struct bench_error *err) BENCH_MUST_CHECK;

#endif
