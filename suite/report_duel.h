/* SPDX-License-Identifier: MIT */
/*
 * Two cells and what is to be said about them: made by report_compare.c, judged together with the
 * others of their table, and then worded by report_sentences.c. Private to suite/report_*.c.
 */
#ifndef BENCH_REPORT_DUEL_H
#define BENCH_REPORT_DUEL_H

#include "stats/verdict.h"
#include "suite/metric.h"
#include "suite/report_pairs.h"

/* Ratios up to 1 + this are the same for practical purposes. */
#define BENCH_DUEL_MARGIN 0.05
/* From this share of the response time on, the client's own CPU is part of the answer. */
#define BENCH_DUEL_CLIENT_SHARE 0.20
/* The parameter in which the ways to the same answer differ. */
#define BENCH_DUEL_ACCESS "access"

enum bench_telling {
    BENCH_TELL_VERDICT, /* who is better, if that can be told */
    BENCH_TELL_SHARE,   /* how much of the time a program sees is its own; a difference only */
    BENCH_TELL_WAYS,    /* two ways of one target to the same answer; a difference only */
    BENCH_TELL_SPOILED, /* one of them may not be compared */
    BENCH_TELL_CLIENT_UNKNOWN, /* the client's CPU is not known, which would be needed */
    BENCH_TELL_CLIENT_BOUND,   /* the client is too much of the answer */
};

enum bench_duel_measure { BENCH_BY_TIME, BENCH_BY_RATE, BENCH_BY_BYTES };

/* One cell as a comparison sees it. */
struct bench_side {
    const struct bench_result *result;
    double value;      /* of the pooled trials: seconds, requests or bytes per second */
    double cores;      /* of the server */
    double cores_high; /* of the trial with most of them */
    double trips;      /* of a way: round trips */
};

struct bench_phrasing; /* words of a workload; report_sentences.c */

struct bench_duel {
    const struct bench_report_group *group; /* of a */
    const struct bench_phrasing *phrasing;
    unsigned kind; /* enum bench_pair; of ways 0 */
    enum bench_telling telling;
    enum bench_duel_measure measure;
    bool a_is_spoiled; /* of BENCH_TELL_SPOILED: else b is */
    struct bench_side a, b;
    /* Of the first three tellings: a's advantage over b, by trial. With few trials (of either side)
     * it is only shown, neither tested nor part of the table's family. */
    struct bench_effect effect;
    bool few;
    double floor;
};

const struct bench_phrasing *bench_phrasing_find(const char *workload);
/* Which pairs of a workload are worth a sentence: bits of enum bench_pair. */
unsigned bench_phrasing_pairs(const struct bench_phrasing *phrasing);

/* Whether the duel has an effect at all. */
bool bench_duel_is_judged(const struct bench_duel *duel);
/* Compares protocols: other codecs, the rest alike. */
bool bench_duel_is_of_protocols(const struct bench_duel *duel);
/* ... whose calls another program makes: its work is part of what its user waits for. */
bool bench_duel_is_of_programs(const struct bench_duel *duel);
/* Appends what is to be said, if anything, to run->comparisons. 0 or -ENOMEM. */
int bench_duel_tell(struct bench_run *run, const struct bench_duel *duel) BENCH_MUST_CHECK;

#endif
