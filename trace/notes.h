/* SPDX-License-Identifier: MIT */
/*
 * Notes of a profile: what was lost or left out, and which limits were reached; one line each.
 */
#ifndef TRACE_NOTES_H
#define TRACE_NOTES_H

#include "trace/internal.h"

/* 0 or -ENOMEM. */
int trace_notes(const struct trace_analyser *analyser, struct trace_profile *profile)
    BENCH_MUST_CHECK;

#endif
