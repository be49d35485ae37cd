/* SPDX-License-Identifier: MIT */
/* Sets of cores as text, in the form of taskset -c. Any thread. */
#ifndef BENCH_CPUS_H
#define BENCH_CPUS_H

#include <sched.h>
#include <stddef.h>

#include "bench/error.h"

/* Adds the cores of "0", "0-1" or "0,2-3" to the set. 0; -EINVAL with what was wrong, the set is
 * then as it was. */
int bench_cpus_add(const char *text, cpu_set_t *set, struct bench_error *err) BENCH_MUST_CHECK;

/* Enough for some 60 gaps: more than any machine with a sensible set has. */
#define BENCH_CPUS_TEXT_SIZE 256

/* "0", "0-1", "0,2-3"; "" of the empty set. A text that has no room ends with a whole core.
 * Returns out. */
char *bench_cpus_text(const cpu_set_t *cpus, char *out, size_t size);

#endif
