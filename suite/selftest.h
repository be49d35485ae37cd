/* SPDX-License-Identifier: MIT */
/*
 * How wrong is this instrument, on this machine? Oracle servers (service/oracle.h), whose answers
 * are known, are measured by the same engine as everything else: the orchestrator, its client, an
 * open loop. docs/methodology.md, "Selftest". Main thread.
 */
#ifndef BENCH_SELFTEST_H
#define BENCH_SELFTEST_H

#include <stdio.h>

#include "suite/instrument.h"
#include "suite/oracle_path.h"
#include "suite/orchestrator.h"

enum {
    BENCH_SELFTEST_RUNS = 8, /* of one oracle, at most; closed forms are judged from them */
    BENCH_SELFTEST_ORACLES_MAX = 8,
};
/* |error| of a figure: this share of the true value, and the floor's p99 - p50. */
#define BENCH_SELFTEST_SHARE 0.02
/* A floor whose p99 is farther than that above its p50 makes limits that show little. */
#define BENCH_SELFTEST_NOISE_S 1e-3
/* Beyond this utilization percentiles from p90 on of a few runs say little about the closed form.
 */
#define BENCH_SELFTEST_RHO   0.5
#define BENCH_SELFTEST_LEVEL 0.99 /* of the interval that must hold a closed form */

/* ---- what is measured ---- */

struct bench_selftest_oracle {
    const char *name, *what;
    const char *format; /* of --oracle; %llu = seed, where the oracle has one */
    enum bench_oracle_kind kind;
    int rate; /* requests per second */
    enum bench_arrival arrival;
    int runs;       /* 1 with --quick */
    int duration_s; /* of a run */
    int quick_s;
};

/* Ended by name == NULL. */
extern const struct bench_selftest_oracle bench_selftest_oracles[];

struct bench_selftest_options {
    bool quick, no_schedule;
    bool chosen[BENCH_SELFTEST_ORACLES_MAX]; /* of bench_selftest_oracles; none = all */
    int64_t seed;
    const char *target; /* a native server of ours; NULL = the floor, a thread per connection */
};

/* The closed form of a figure; NaN where there is none. freeze_s, duration_s: of FREEZE. */
double bench_selftest_closed_form(const struct bench_oracle_spec *spec, double rate,
                                  double freeze_s, double duration_s, enum bench_figure figure);

/* ---- what was measured ---- */

/* One run of an oracle, with the floor right before it. Seconds. */
struct bench_selftest_run {
    bool measured;
    char reason[256]; /* why it was not, or why the engine does not trust it; "" */
    bool failed;      /* not every request got its answer, which is no fault of an oracle */
    bool trusted;     /* the engine itself has called it ok */
    uint64_t requests;
    struct bench_figures response, floor; /* as the instrument says */
    struct bench_oracle_paths paths;
};

enum bench_selftest_miss {
    BENCH_MISS_ERROR = 1,  /* measured against the oracle's own path */
    BENCH_MISS_PLAN = 2,   /* the oracle's path against the one that was planned */
    BENCH_MISS_CLOSED = 4, /* measured against the closed form */
};

/* A figure over all runs: medians but for the interval. Seconds. */
struct bench_selftest_figure {
    double own, planned, measured, floor;
    double error; /* measured - own - floor (its p50; of the mean its mean) */
    double share; /* error / own; NaN where the floor is more than that */
    double limit;
    double closed, low, high; /* closed form; interval of measured - floor over the runs, or NaN */
    bool judged, closed_judged;
    unsigned misses; /* of enum bench_selftest_miss */
};

struct bench_selftest_result {
    const struct bench_selftest_oracle *oracle;
    struct bench_oracle_spec spec;
    double duration_s;
    struct bench_selftest_run runs[BENCH_SELFTEST_RUNS];
    size_t nruns, nmeasured;
    double floor_p50, floor_p99; /* medians over the runs */
    struct bench_selftest_figure figures[BENCH_FIGURE_COUNT];
    bool distrusted; /* half of the runs or more by the engine itself */
    bool failed;     /* requests of a run */
};

struct bench_selftest {
    struct bench_selftest_options options;
    char target[256];
    char date[16]; /* YYYY-MM-DD, UTC */
    double duration;
    struct bench_selftest_result results[BENCH_SELFTEST_ORACLES_MAX];
    size_t nresults;
    bool interrupted;
    bool measured;  /* every oracle, or requests failed */
    bool passed;    /* every figure that is judged, and the engine trusts its runs */
    bool noisy;     /* BENCH_SELFTEST_NOISE_S was passed */
    bool certifies; /* the whole selftest, as it is, on a machine that was quiet enough */
    struct bench_instrument summary;
};

/* The arithmetic of one oracle: fills nmeasured, figures, the floor and distrusted from runs. */
void bench_selftest_judge(struct bench_selftest_result *result);
/* measured, passed, certifies and summary from the results. */
void bench_selftest_conclude(struct bench_selftest *selftest);

/* Seconds that it will take. */
double bench_selftest_estimate(const struct bench_selftest_options *options);
/* Runs it and judges. 0 even if runs failed (their reasons say why); -EINVAL for a target that
 * cannot be an oracle; -ENOMEM. */
int bench_selftest_run(const struct bench_selftest_options *options, struct bench_watch *watch,
                       struct bench_selftest *out, struct bench_error *err) BENCH_MUST_CHECK;

/* ---- what is said about it ---- */

/* The tables and the sentences. 0, -ENOMEM or -EIO. */
int bench_selftest_write(const struct bench_selftest *selftest, FILE *out) BENCH_MUST_CHECK;
/* The same as JSON; the caller frees *out. 0 or -ENOMEM. */
int bench_selftest_json(const struct bench_selftest *selftest, char **out) BENCH_MUST_CHECK;

#endif
