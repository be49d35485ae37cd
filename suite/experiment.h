/* SPDX-License-Identifier: MIT */
/*
 * An experiment while it goes on: shared by what prepares and ends it (orchestrator.c) and what
 * carries out its blocks (experiment.c). Private to these two. Main thread.
 */
#ifndef BENCH_EXPERIMENT_H
#define BENCH_EXPERIMENT_H

#include "core/certificate.h"
#include "suite/orchestrator.h"
#include "suite/rows.h"

struct bench_experiment {
    const struct bench_plan *plan;
    bool placed;             /* a placement confines servers to some cores */
    int64_t relay_overhead;  /* ns that a relay itself adds to a round trip */
    struct bench_watch *watch;
    struct bench_run *run;
    struct bench_rows rows;
    struct bench_certificate certificate; /* of servers with TLS; made if there is one */
    int blocks;              /* that there will be, as far as is known: for messages */
};

/* Says something about a target on stderr. */
void bench_experiment_complain(struct bench_experiment *s, const char *target, const char *reason);
/* Nothing more of this group will be run. */
void bench_experiment_give_up(struct bench_experiment *s, struct bench_group *group,
                              enum bench_cell_status status, const char *reason);
/* Looks for a signal; whether there was one so far. */
bool bench_experiment_interrupted(struct bench_experiment *s);
/* Every target once, in the order of that block. */
void bench_experiment_block(struct bench_experiment *s, int block);

#endif
