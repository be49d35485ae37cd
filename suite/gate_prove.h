/* SPDX-License-Identifier: MIT */
/*
 * Can this gate fail, and does it only when it should? Known slowdowns are injected into a native
 * server and looked for by the verdict that gates use; the same without one gives false alarms.
 * Main thread.
 */
#ifndef BENCH_GATE_PROVE_H
#define BENCH_GATE_PROVE_H

#include <stdio.h>

#include "suite/plan.h"

struct bench_watch;

/* Slowdowns in %; 0 is the target against itself. */
enum { BENCH_PROVE_SIZES = 5, BENCH_PROVE_EXPERIMENTS = 10, BENCH_PROVE_MOST = 1000 };
extern const int bench_prove_sizes[BENCH_PROVE_SIZES];

struct bench_proof_row {
    int percent; /* slower, of the response time that the pilot found */
    int64_t spin_ns;
    size_t n;                   /* experiments that were judged */
    size_t told;                /* in which a difference was told */
    size_t told_cpu, told_time; /* by server CPU per request, by response p50 */
    size_t failed;              /* a gate with this tolerance would have failed */
};

struct bench_proof {
    struct bench_proof_row rows[BENCH_PROVE_SIZES];
    char target[256], cell[320], environment[200];
    double p50_s, cpu_s; /* of the pilot */
    double tolerance, alpha;
    double floor_time, floor_cpu; /* this machine's noise; NaN = not known */
    int64_t blocks;
    const char *unfit; /* why times of this build are no measurement; NULL */
};

/* One target with a native server, one workload. 0; -EINVAL with what is missing. */
int bench_prove_check(const struct bench_plan *plan, struct bench_error *err) BENCH_MUST_CHECK;
/* Runs it all. 0; -EINTR when interrupted; negative with err filled where nothing could be told. */
int bench_prove_run(const struct bench_plan *plan, size_t experiments, double tolerance,
                    struct bench_watch *watch, struct bench_proof *out,
                    struct bench_error *err) BENCH_MUST_CHECK;
/* False alarms are no more than alpha explains, and the largest slowdown was told mostly. */
bool bench_proof_holds(const struct bench_proof *proof);
/* 0, -ENOMEM, -EIO. */
int bench_proof_write(const struct bench_proof *proof, FILE *out) BENCH_MUST_CHECK;
int bench_proof_write_json(const struct bench_proof *proof, FILE *out) BENCH_MUST_CHECK;

#endif
