/* SPDX-License-Identifier: MIT */
/*
 * What the program remembers of this machine from run to run: JSON files of a known schema in
 * $XDG_STATE_HOME/rpycbench (~/.local/state/rpycbench where that is not set), with an object
 * "machines" that has a member for each. Main thread.
 */
#ifndef BENCH_STATE_H
#define BENCH_STATE_H

#include <jansson.h>

#include "bench/error.h"

/* Where NAME is; "" in out and -ENOENT when there is no home. */
int bench_state_path(const char *name, char *out, size_t size,
                     struct bench_error *err) BENCH_MUST_CHECK;
/* The whole file, checked as far as its schema goes; an empty one where there is none. 0; -ENOENT
 * (no home), -EINVAL with the file named, -ENOMEM. The caller owns *out. */
int bench_state_load(const char *name, const char *schema, json_t **out,
                     struct bench_error *err) BENCH_MUST_CHECK;
/* Writes it, whole or not at all, and the folder if need be. */
int bench_state_save(const char *name, const json_t *file,
                     struct bench_error *err) BENCH_MUST_CHECK;

#endif
