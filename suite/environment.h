/* SPDX-License-Identifier: MIT */
/*
 * What it was measured on: facts that can be had without being root. What is not known here is left
 * out. root: a folder instead of "/", "" for the real machine. Main thread.
 */
#ifndef BENCH_ENVIRONMENT_H
#define BENCH_ENVIRONMENT_H

#include "suite/facts.h"
#include "suite/plan.h"

/* Processor, memory, kernel, virtualization and their settings. */
void bench_environment_machine(const char *root, struct bench_facts *facts);
/* This process's limits and the kernel's tick. */
void bench_environment_limits(struct bench_facts *facts);
/* Settings of the network, and the interfaces that the plan's targets are reached by. */
void bench_environment_network(const char *root, const struct bench_plan *plan,
                               struct bench_facts *facts);
/* Our build, libraries, interpreters and the programs that the plan's targets run. */
void bench_environment_software(const struct bench_plan *plan, struct bench_facts *facts);

/* Time that the hypervisor took from this machine, and all time, in ticks since it started. */
struct bench_steal {
    uint64_t stolen, all;
};
/* False where /proc/stat has none. */
bool bench_environment_steal(const char *root, struct bench_steal *out);
/* Load and steal at this moment; when: "before" or "after". */
void bench_environment_moment(const char *root, const char *when, struct bench_facts *facts);

/* First line of root + path without its end; "" if there is none. Returns out. */
char *bench_environment_line(const char *root, const char *path, char *out, size_t size);

#endif
