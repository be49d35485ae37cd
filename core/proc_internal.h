/* SPDX-License-Identifier: MIT */
/*
 * The processes of the machine at one moment, read from /proc once. For proc.c and proc_usage.c.
 */
#ifndef BENCH_PROC_INTERNAL_H
#define BENCH_PROC_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/api.h"

struct bench_proc_entry {
    pid_t pid, parent;
    char state;       /* 'Z' = ended, not reaped */
    uint64_t started; /* clock ticks since boot: with the pid, the identity of a process */
    uint64_t own_ticks, reaped_ticks; /* CPU of itself; of its children that were waited for */
    bool in_tree;                     /* see bench_proc_table_mark */
};

struct bench_proc_table {
    struct bench_proc_entry *entries; /* in no order */
    size_t count;
};

/* 0, -ENOMEM, or what opening /proc says. The caller calls fini. */
int bench_proc_table_read(struct bench_proc_table *table) BENCH_MUST_CHECK;
void bench_proc_table_fini(struct bench_proc_table *table);

/* Sets in_tree for the process and all its descendants. False if there is no such process. */
bool bench_proc_table_mark(struct bench_proc_table *table, pid_t root);

/* Every program is started with this variable set to its own pid. What it forks and starts inherits
 * that, and so can be told from other children after its parent has died. */
#define BENCH_PROC_MARK "RPYCBENCH_SPAWNED"

/* Whether the process was started by, or is, the program that was spawned as `root`. False for one
 * that has ended: a zombie has no environment. */
bool bench_proc_has_mark(pid_t pid, pid_t root);

/* The entry of the same process in another table, or NULL. */
const struct bench_proc_entry *bench_proc_table_find(const struct bench_proc_table *table,
                                                     const struct bench_proc_entry *same);

#endif
