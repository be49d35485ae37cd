/* SPDX-License-Identifier: MIT */
/*
 * Checks a JSON document against a JSON Schema (2020-12), as far as our own schemas go: a keyword
 * that is not known here is an error, so that nothing passes unread.
 */
#ifndef SUPPORT_SCHEMA_H
#define SUPPORT_SCHEMA_H

#include <jansson.h>

#include "bench/error.h"

/* 0; -EINVAL with the place in the document and what is wrong there; -ENOTSUP for a keyword. */
int support_schema_check(const json_t *schema, const json_t *document,
                         struct bench_error *err) BENCH_MUST_CHECK;

#endif
