/* SPDX-License-Identifier: MIT */
/* How long a run will take, before it starts and while it goes on. */
#ifndef BENCH_ESTIMATE_H
#define BENCH_ESTIMATE_H

#include "suite/precision.h"
#include "suite/progress.h"
#include "suite/rows.h"

/* Seconds of one trial of a row, of starting and stopping a server. */
double bench_estimate_row(const struct bench_row *row);
double bench_estimate_start(const struct bench_server_row *server);
/* Prints the estimate of the whole run to stderr and starts the progress line. */
void bench_estimate_announce(const struct bench_rows *rows, const struct bench_precision_rule *rule,
                             struct bench_progress *progress);

#endif
