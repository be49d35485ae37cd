/* SPDX-License-Identifier: MIT */
/* Values for JSON that is written: what jansson leaves to its callers. Any thread. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A text without control characters, "" for NULL; NULL without memory. */
json_t *bench_json_text(const char *value);
/* A number, null where it is not finite; NULL without memory. */
json_t *bench_json_real(double value);
/* Counters end at 2^63 here; jansson has no larger integers. NULL without memory. */
json_t *bench_json_whole(uint64_t value);

/* An object under construction; the first failure is remembered. One user at a time. */
struct bench_json_object {
    json_t *json;
    bool failed;
};

struct bench_json_object bench_json_begin(void);
/* Takes value; NULL is a failure. */
void bench_json_put(struct bench_json_object *object, const char *key, json_t *value);
/* The caller's; NULL after a failure. */
json_t *bench_json_end(struct bench_json_object *object);

#endif
