/* SPDX-License-Identifier: MIT */
/*
 * Which cells may be compared with each other, and which of many are worth a sentence. Decided by
 * the fields of the targets and the parameters of the cells only. Private to suite/report_*.c.
 */
#ifndef BENCH_REPORT_PAIRS_H
#define BENCH_REPORT_PAIRS_H

#include "suite/report.h"

enum bench_pair {
    BENCH_PAIR_PROTOCOL = 1, /* other wire protocol; same mode, server and client; default options */
    BENCH_PAIR_VARIANT = 2,  /* the same, one of them with options */
    BENCH_PAIR_MODE = 4,     /* same protocol, options, server and client */
    BENCH_PAIR_SERVER = 8,   /* same protocol, mode and client; default options */
    BENCH_PAIR_CLIENT = 16,  /* same wire protocol, mode and server; one called by our own loop */
};
#define BENCH_PAIR_LAST BENCH_PAIR_CLIENT

/* What a and b of one group may be compared for; 0 = nothing. */
unsigned bench_pair_kind(const struct bench_report_group *group, const struct bench_target_info *a,
                         const struct bench_target_info *b);
/* For whom a pair of protocols is compared: "as protocols", "with libcurl", "for a Python
 * application (rpyc against requests)". Returns out. */
char *bench_pair_frame(const struct bench_target_info *a, const struct bench_target_info *b,
                       char *out, size_t size);
/* Another program makes the calls: its own time is part of what is compared. */
bool bench_target_is_program(const struct bench_target_info *target);

/* Whether sentences are wanted of this group. Of bulk, few sizes stand for all; a transfer is
 * compared at its largest size: whole, and in pieces of the smallest and largest chunk. Streams are
 * not the same work in two protocols. Of a ladder the outermost rungs, as far as they have figures.
 */
bool bench_group_is_wanted(const struct bench_report_group *groups, size_t count,
                           const struct bench_report_group *group);
/* "cpu, 8 clients", "latency, 1000/s, rtt 1ms", with everything else that tells this group from its
 * namesakes; clean. */
void bench_group_subject(const struct bench_report_group *group, char *out, size_t size);

#endif
