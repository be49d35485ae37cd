/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once: what a profile is made of. One user at a time.
 */
#ifndef TRACE_MEMORY_H
#define TRACE_MEMORY_H

#include "bench/api.h"

struct trace_memory;

/* NULL when there is none. */
struct trace_memory *trace_memory_new(void);
void trace_memory_free(struct trace_memory *memory); /* accepts NULL */
/* Zeroed, aligned for anything, valid until memory is freed; NULL when there is none. size may be
 * 0: then the pointer is good for nothing but not NULL. */
void *trace_memory_take(struct trace_memory *memory, size_t size);
/* A copy of text (NULL stays NULL, also when there is no memory). */
const char *trace_memory_text(struct trace_memory *memory, const char *text);

#endif
