/* SPDX-License-Identifier: MIT */
/* Values for JSON that is written: what jansson leaves to its callers. Any thread. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <jansson.h>

/* A text without control characters, "" for NULL; NULL without memory. */
json_t *bench_json_text(const char *value);
/* A number, null where it is not finite; NULL without memory. */
json_t *bench_json_real(double value);

#endif
