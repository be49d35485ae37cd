/* SPDX-License-Identifier: MIT */
/*
 * The error of this instrument on this machine, as the latest whole selftest found it: kept in
 * selftest.json (suite/state.h), put into every run's environment, from where reports open with it.
 * Main thread.
 */
#ifndef BENCH_INSTRUMENT_H
#define BENCH_INSTRUMENT_H

#include <stdbool.h>

#include "suite/result.h"

/* The name of the environment's fact. */
#define BENCH_INSTRUMENT_FACT "instrument"

struct bench_instrument {
    char date[16]; /* YYYY-MM-DD; "" = never */
    bool passed;
    double p50, p99; /* seconds: the error farthest from 0 over all oracles, with its sign */
    double p50_share, p99_share; /* of the true value; 0 where that is nothing */
};

/* What tells machines apart here: what the processor, the kernel and our build are. Unlike the
 * hash of a run's environment it does not depend on what is measured. */
int bench_instrument_key(char out[17]) BENCH_MUST_CHECK;
/* 0; -ENOENT when this machine has none; -EINVAL for a file that is not one. */
int bench_instrument_load(struct bench_instrument *out, struct bench_error *err) BENCH_MUST_CHECK;
int bench_instrument_keep(const struct bench_instrument *instrument,
                          struct bench_error *err) BENCH_MUST_CHECK;
/* "p50 +12 µs (0.4 %), p99 +35 µs (0.3 %)". Returns out. */
char *bench_instrument_errors(const struct bench_instrument *instrument, char *out, size_t size);
/* "selftest of 2026-01-31: p50 ...", "not certified on this machine (rpycbench selftest)". Returns
 * out. */
char *bench_instrument_text(char *out, size_t size);
/* The run's fact, or NULL: it is from before there was one. */
const char *bench_instrument_of(const struct bench_run *run);

/* "+12.3 µs", "-4.0 ms", "0 ns". */
char *bench_signed_seconds(double seconds, char *out, size_t size);

#endif
