/* SPDX-License-Identifier: MIT */
/*
 * What a plan comes down to: groups (a server that is started) of rows (a workload on a target,
 * with its programs compiled and its right answers worked out).
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "suite/cases.h"
#include "suite/driver.h"
#include "suite/result.h"

struct bench_row {
    const struct bench_target *target;
    const struct bench_case *what;
    struct bench_step *steps;    /* what->nsteps of them, owned with their programs */
    struct bench_step *setup;    /* one step, or NULL */
    struct bench_cpus cpus;      /* of its placement */
    size_t result; /* index in run->results */
    bool off;      /* not to be run (any more); the result says why */
};

struct bench_group {
    const struct bench_target *base; /* whose server is started */
    struct bench_row *rows;
    size_t nrows;
    bool off;
};

struct bench_rows {
    const struct bench_plan *plan;
    struct bench_group *groups; /* one for each target of the plan */
    size_t ngroups;
    struct bench_target *variants; /* owned: targets that the plan does not name */
    size_t nvariants;
    struct bench_case *cases[BENCH_WORKLOAD_COUNT]; /* of each workload asked for */
    size_t ncases[BENCH_WORKLOAD_COUNT];
    struct bench_arena arena; /* expected answers */
};

/* Makes rows and the run's empty results. 0, -ENOMEM, or the error of a program that must exist
 * (a row that a protocol cannot do is off with the reason instead). */
int bench_rows_init(struct bench_rows *rows, const struct bench_plan *plan, struct bench_run *run,
                    struct bench_error *err) BENCH_MUST_CHECK;
void bench_rows_fini(struct bench_rows *rows);

/* Fills a cell from a row, which it borrows. address: of the server; NULL = none. */
void bench_row_cell(const struct bench_plan *plan, const struct bench_row *row,
                    const struct bench_address *address, struct bench_cell *out);
/* Exchanges the row's program for the protocol's probe, whose answer is not checked. */
int bench_row_use_probe(struct bench_row *row, struct bench_run *run, struct bench_error *err)
    BENCH_MUST_CHECK;
/* Switches a row off and says why in its result. */
void bench_row_off(struct bench_row *row, struct bench_run *run, enum bench_cell_status status,
                   const char *reason);

#endif
