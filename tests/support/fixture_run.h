/* SPDX-License-Identifier: MIT */
/*
 * Invented runs for the tests of what renders them: the same on every machine, built through the
 * same recordings as real ones. Aborts without memory.
 */
#ifndef SUPPORT_FIXTURE_RUN_H
#define SUPPORT_FIXTURE_RUN_H

#include "suite/result.h"

enum support_fixture {
    SUPPORT_FIXTURE_EMPTY,    /* nothing was measured */
    SUPPORT_FIXTURE_ONE,      /* one target, one trial, few samples */
    SUPPORT_FIXTURE_TWO,      /* two protocols, three trials */
    SUPPORT_FIXTURE_TEN,      /* the default matrix, eight trials */
    SUPPORT_FIXTURE_FOURTEEN, /* with a variant, floors and a ruler */
    SUPPORT_FIXTURE_BULK_ONE, /* bandwidth, transfer and several clients: one target */
    SUPPORT_FIXTURE_BULK_TWO,
    SUPPORT_FIXTURE_BULK_TEN,
    SUPPORT_FIXTURE_BULK,     /* fourteen targets; missing and client-bound cells, remarks */
    SUPPORT_FIXTURE_CLIENTS,  /* one server, called by our loop, by libraries and by programs */
    SUPPORT_FIXTURE_LOADS,    /* open loops, ladders of rate, round-trip time and placement */
    SUPPORT_FIXTURE_TROUBLE,  /* cells that failed, are n/a, invalid, client-bound; odd names */
};

/* Without comparisons (bench_report_compare makes them). */
struct bench_run *support_fixture_run(enum support_fixture kind);

/* The result of a target's name in a workload; NULL if there is none. */
struct bench_result *support_fixture_result(struct bench_run *run, const char *workload,
                                            const char *target);
/* Puts a trial of n samples of about base_us into result, and renews what is pooled. */
void support_fixture_add_trial(struct bench_result *result, int n, int64_t base_us,
                               int64_t server_us, int64_t client_us, int clients);
/* Replaces a string that the run owns. */
void support_fixture_set(char **member, const char *value);

#endif
