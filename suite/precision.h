/* SPDX-License-Identifier: MIT */
/*
 * How many blocks a run has: as many as asked for, or until every interval is narrow enough. What is
 * looked at is the width of intervals and never a test: whoever stops at a small p finds differences
 * that are not there. Pure but for what it prints.
 */
#ifndef BENCH_PRECISION_H
#define BENCH_PRECISION_H

#include "suite/metric.h"
#include "suite/plan.h"

/* Fewer blocks are never believed to be narrow enough. */
enum { BENCH_PRECISION_LEAST = 8 };

struct bench_precision_rule {
    double wanted; /* whole width of the 95 % interval over the median: 0.05; 0 = nothing is wanted */
    int least, most; /* blocks */
    int64_t max_ns;  /* no block begins that would end later; 0 = no limit */
};

struct bench_precision_rule bench_precision_rule(const struct bench_plan *plan);

/* What is known before the next block. */
struct bench_precision_state {
    int blocks;         /* behind us */
    double widest;      /* of the cells; NaN: none is known */
    int64_t elapsed_ns; /* since the first block began */
};

/* X(ID, what ended the run) */
#define BENCH_PRECISION_ENDS(X)                                                                    \
    X(GOES_ON, "")                                                                                 \
    X(AS_PLANNED, "all blocks were measured")                                                      \
    X(NARROW, "every interval is narrow enough")                                                   \
    X(BLOCKS, "--max-repeats")                                                                     \
    X(TIME, "--max-time")

enum bench_precision_end {
#define X(id, words) BENCH_PRECISION_##id,
    BENCH_PRECISION_ENDS(X)
#undef X
};
const char *bench_precision_words(enum bench_precision_end end);

/* Whether another block is to be measured. */
enum bench_precision_end bench_precision_next(const struct bench_precision_rule *rule,
                                              const struct bench_precision_state *state);

/* Width of the 95 % interval of the mean of n values (Student's t) over their median; NaN below two
 * values. Sorts them. */
double bench_precision_width(double *values, size_t n);
/* Blocks after which values that scatter like these will be narrow enough: at least n, at most
 * `most`. */
int bench_precision_blocks(double *values, size_t n, double wanted, int most);

/* The figure by which a cell is ranked. */
const struct bench_metric *bench_precision_metric(const struct bench_result *result);
/* Whether the cell's interval is waited for: neither n/a nor failed, client-bound nor invalid so far;
 * floors and rulers only where nothing else is measured. */
bool bench_precision_watches(const struct bench_run *run, const struct bench_result *result);

/* What all watched cells come to. */
struct bench_precision_sum {
    size_t watched, wider; /* cells; those that are wider than wanted, or of unknown width */
    double widest;         /* NaN: no width is known, or that of a watched cell is not */
    int blocks;            /* that will be needed in all */
};
/* 0 or -ENOMEM. */
int bench_precision_sum(const struct bench_run *run, const struct bench_precision_rule *rule,
                        struct bench_precision_sum *out) BENCH_MUST_CHECK;
/* Appends to the run's plan what ended it and which cells are wider than wanted, and says the latter
 * on stderr. 0 or -ENOMEM. */
int bench_precision_tell(struct bench_run *run, const struct bench_precision_rule *rule, int blocks,
                         enum bench_precision_end end) BENCH_MUST_CHECK;

#endif
