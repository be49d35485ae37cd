/* SPDX-License-Identifier: MIT */
/*
 * May this be merged? Cells of a run held against limits and against a baseline: one check for
 * each figure, and one outcome of all. Main thread.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include <stdio.h>

#include "suite/metric.h"

struct bench_noise;

/* X(ID, key, exit status, what it means), from the best to what an exit status is decided by first.
 */
#define BENCH_GATE_OUTCOMES(X)                                                                     \
    X(OK, "ok", 0, "within what is allowed")                                                       \
    X(INCONCLUSIVE, "inconclusive", 5,                                                             \
      "the interval reaches to both sides: more trials would tell")                                \
    X(REGRESSED, "regressed", 1, "worse than allowed, beyond doubt")                               \
    X(INVALID, "invalid", 4, "measured, but no verdict can rest on it")                            \
    X(ERROR, "error", 3, "not measured")

enum bench_gate_outcome {
#define X(id, key, status, help) BENCH_GATE_##id,
    BENCH_GATE_OUTCOMES(X)
#undef X
        BENCH_GATE_OUTCOME_COUNT
};

const char *bench_gate_key(enum bench_gate_outcome outcome);
const char *bench_gate_help(enum bench_gate_outcome outcome);

/* ---- limits ---- */

struct bench_gate_limit {
    char text[320]; /* as written, with its option */
    const struct bench_metric *metric;
    double value;
    bool is_least;                  /* --min */
    char target[256], workload[32]; /* "" = any */
};

/* "[[TARGET:]WORKLOAD:]METRIC=VALUE"; TARGET and WORKLOAD may be '*'. 0; -EINVAL with what is
 * wrong. */
int bench_gate_limit_parse(const char *text, bool is_least, struct bench_gate_limit *out,
                           struct bench_error *err) BENCH_MUST_CHECK;

/* ---- checks ---- */

/* Cells of a saved result that are looked at; zeroed: all. */
struct bench_gate_filter {
    const char *const *targets; /* lists as --target has them */
    size_t ntargets;
    const bool *workloads; /* NULL = all */
};

struct bench_gate_check {
    enum bench_gate_outcome outcome;
    bool skipped;                      /* there is no such figure here, and nothing depends on it */
    bool improved;                     /* ok, and better than the baseline */
    const struct bench_metric *metric; /* NULL: about a whole cell, or the run */
    char target[256], cell[320];       /* clean; "" = the whole run */
    char figure[160];                  /* "p50 at most 100 ms" */
    char words[600];                   /* what was found, and by what evidence */
    double value, low, high;           /* of the cell, interval over trials; NaN */
    double allowed;                    /* a limit; NaN */
    double before;                     /* of the baseline; NaN */
    double slowdown, slowdown_low, slowdown_high; /* ratios, > 1 is worse; NaN */
    size_t trials, needs;                         /* more of them, where it cannot be told; 0 */
    const struct bench_result *baseline;          /* its cell, borrowed; NULL */
};

struct bench_gate {
    struct bench_gate_check *checks;
    size_t nchecks;
    char *differences;     /* lines about what makes run and baseline different experiments; NULL */
    char command[1024];    /* to do it again; "" */
    char environment[200]; /* of the run, in words; "" */
    double started, duration; /* of the run; 0 = none */
    double tolerance;         /* NaN: no baseline */
    bool again;               /* what regressed was measured a second time */
    bool live;                /* it was measured just now */
    int status;               /* the exit status whatever the checks say (usage, interrupted); 0 */
    enum bench_gate_outcome inconclusive_is; /* INCONCLUSIVE, or by --inconclusive OK, REGRESSED */
};

void bench_gate_fini(struct bench_gate *gate);
/* A check about the whole run: an error, or what makes it invalid. 0 or -ENOMEM. */
int bench_gate_add_note(struct bench_gate *gate, enum bench_gate_outcome outcome,
                        const char *words) BENCH_MUST_CHECK;
/* The worst of all checks, in the order of BENCH_GATE_OUTCOMES; ERROR without any. */
enum bench_gate_outcome bench_gate_outcome(const struct bench_gate *gate);
/* What a check counts as, with --inconclusive. */
enum bench_gate_outcome bench_gate_counts_as(const struct bench_gate *gate,
                                             const struct bench_gate_check *check);
int bench_gate_exit_status(const struct bench_gate *gate);

/* Holds every cell that a limit fits against it: those of what is compared, and of floors and
 * rulers where nothing else was measured or the limit names them. 0; -EINVAL where a limit fits
 * nothing: it could never fail; -ENOMEM. */
int bench_gate_limits(struct bench_gate *gate, const struct bench_run *run,
                      const struct bench_gate_filter *filter, const struct bench_gate_limit *limits,
                      size_t nlimits, struct bench_error *err) BENCH_MUST_CHECK;

struct bench_gate_rules {
    double tolerance;                /* 0.05 */
    unsigned metrics;                /* bits 1u << enum bench_metric_id; 0 = the usual ones */
    const struct bench_noise *noise; /* NULL = none known */
    bool forced;                     /* different experiments all the same */
};

/* Holds every cell against the baseline's. Different experiments: one check that is invalid, and
 * gate->differences, unless forced. 0 or -ENOMEM. */
int bench_gate_baseline(struct bench_gate *gate, const struct bench_run *baseline,
                        const struct bench_run *run, const struct bench_gate_filter *filter,
                        const struct bench_gate_rules *rules) BENCH_MUST_CHECK;
/* A second batch of what regressed: that which is not worse again did not regress. 0 or -ENOMEM. */
int bench_gate_repeat(struct bench_gate *gate, const struct bench_run *baseline,
                      const struct bench_run *again,
                      const struct bench_gate_rules *rules) BENCH_MUST_CHECK;
/* Cells that could not be measured and that no check speaks of. 0 or -ENOMEM. */
int bench_gate_failures(struct bench_gate *gate, const struct bench_run *run,
                        const struct bench_gate_filter *filter) BENCH_MUST_CHECK;

/* ---- renderings; 0, -ENOMEM, -EIO ---- */

int bench_gate_write_text(const struct bench_gate *gate, FILE *out) BENCH_MUST_CHECK;
int bench_gate_write_markdown(const struct bench_gate *gate, FILE *out) BENCH_MUST_CHECK;
int bench_gate_write_json(const struct bench_gate *gate, FILE *out) BENCH_MUST_CHECK;
/* JUnit as Ant's and Jenkins' schemas have it: a case for each check. */
int bench_gate_write_junit(const struct bench_gate *gate, FILE *out) BENCH_MUST_CHECK;

/* ---- shared by suite/gate_*.c ---- */

/* A new check, about that cell (NULL: the run). NULL without memory. */
struct bench_gate_check *bench_gate_add(struct bench_gate *gate, const struct bench_result *cell);
bool bench_gate_filter_has(const struct bench_gate_filter *filter,
                           const struct bench_result *result);
/* Neither a floor nor a ruler, unless nothing else was measured. */
bool bench_gate_is_judged(const struct bench_run *run, const struct bench_result *result);
/* Adds to the words of a check, clean. */
void bench_gate_say(struct bench_gate_check *check, const char *format, ...) BENCH_PRINTF(2, 3);
/* "about 12 more trials" */
void bench_gate_more(size_t needs, char *out, size_t size);

#endif
