/* SPDX-License-Identifier: MIT */
/* Lists of "name = value" about a run (struct bench_fact). Main thread. */
#ifndef BENCH_FACTS_H
#define BENCH_FACTS_H

#include "suite/result.h"

/* Starts zeroed. The rows are handed to a run, or freed with bench_facts_fini. */
struct bench_facts {
    struct bench_fact *rows;
    size_t n;
    bool failed; /* there was no memory for one */
};

/* Adds one; an empty value means that it is not known here, and adds nothing. Control characters
 * and runs of blanks become one blank. */
void bench_facts_add(struct bench_facts *facts, const char *name, const char *format, ...)
    BENCH_PRINTF(3, 4);
/* The same for what differs from run to run on the same machine. */
void bench_facts_add_varying(struct bench_facts *facts, const char *name, const char *format, ...)
    BENCH_PRINTF(3, 4);
void bench_facts_fini(struct bench_facts *facts);

/* The value of that name; NULL. */
const char *bench_facts_find(const struct bench_fact *rows, size_t n, const char *name);
/* XXH3 of "name=value\n" of all that do not vary, as 16 hexadecimal digits. */
void bench_facts_hash(const struct bench_fact *rows, size_t n, char out[17]);
/* Version of the library that does it. */
const char *bench_facts_hash_library(void);

#endif
