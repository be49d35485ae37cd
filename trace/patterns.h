/* SPDX-License-Identifier: MIT */
/*
 * What the analyser tells the search for findings, and what it asks of it. Protocol-free: calls
 * that are over and objects that come and go. Bounded by the options. One user at a time.
 */
#ifndef TRACE_PATTERNS_H
#define TRACE_PATTERNS_H

#include "trace/analyser.h"
#include "trace/memory.h"
#include "trace/profile.h"

struct trace_patterns;

/* So many objects of one name that one connection kept may be a leak. */
enum { TRACE_LEAK_FROM = 100 };

int trace_patterns_new(struct trace_patterns **out, const struct trace_options *options,
                       const struct bench_names *names);
void trace_patterns_free(struct trace_patterns *patterns);
void trace_patterns_reset(struct trace_patterns *patterns);
/* Each completed request, awaited or not. */
void trace_patterns_call(struct trace_patterns *patterns, const struct trace_call *call);
/* REFERENCE, RELEASE. */
void trace_patterns_reference(struct trace_patterns *patterns, const struct bench_event *event);
void trace_patterns_connection_closed(struct trace_patterns *patterns, uint64_t connection,
                                      const struct trace_connection *row);
int trace_patterns_findings(struct trace_patterns *patterns, const struct trace_profile *profile,
                            const struct bench_finding_rule *rules, struct trace_finding **out,
                            size_t *n, struct trace_memory *memory);

#endif
