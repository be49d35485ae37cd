/* SPDX-License-Identifier: MIT */
/*
 * What the readers of result.json and result.hist.gz share: members of an object with their types
 * and ranges checked. 0; -EINVAL with the place, the member and its value; -ENOMEM. Private to
 * suite/result_*.c.
 */
#ifndef BENCH_RESULT_FILE_H
#define BENCH_RESULT_FILE_H

#include <jansson.h>

#include "render/json.h"
#include "suite/result.h"

/* Where in the file we are, for messages; one for the whole reading. */
struct bench_reader {
    char where[128];
    struct bench_error *err;
};

int bench_member_refuse(const struct bench_reader *reader, const char *format, ...)
    BENCH_PRINTF(2, 3);
int bench_member_no_memory(const struct bench_reader *reader);
int bench_member_text(const struct bench_reader *reader, const json_t *object, const char *key,
                      char **out) BENCH_MUST_CHECK;
/* null is NaN. */
int bench_member_real(const struct bench_reader *reader, const json_t *object, const char *key,
                      double low, double *out) BENCH_MUST_CHECK;
/* The same; NaN also where it is missing, as in files from before there was such a member. */
int bench_member_real_or_none(const struct bench_reader *reader, const json_t *object,
                              const char *key, double low, double *out) BENCH_MUST_CHECK;
int bench_member_whole(const struct bench_reader *reader, const json_t *object, const char *key,
                       json_int_t low, json_int_t high, json_int_t *out) BENCH_MUST_CHECK;
int bench_member_int(const struct bench_reader *reader, const json_t *object, const char *key,
                     int *out) BENCH_MUST_CHECK;
/* null is 0. */
int bench_member_processes(const struct bench_reader *reader, const json_t *object, const char *key,
                           int *out) BENCH_MUST_CHECK;
int bench_member_flag(const struct bench_reader *reader, const json_t *object, const char *key,
                      bool *out) BENCH_MUST_CHECK;
int bench_member_object(const struct bench_reader *reader, const json_t *object, const char *key,
                        json_t **out) BENCH_MUST_CHECK;
int bench_member_list(const struct bench_reader *reader, const json_t *object, const char *key,
                      json_t **out, size_t *count) BENCH_MUST_CHECK;

/* The member "intervals" of a result; NULL without memory. */
json_t *bench_intervals_json(const struct bench_result *result);
/* The member "comparisons" of a run; NULL without memory. */
json_t *bench_comparisons_json(const struct bench_run *run);
int bench_comparisons_read(struct bench_reader *reader, const json_t *root,
                           struct bench_run *run) BENCH_MUST_CHECK;
/* The member "rank" of a result; missing or null is 0. */
json_t *bench_rank_json(const struct bench_result *result);
int bench_rank_read(const struct bench_reader *reader, const json_t *json, int *out)
    BENCH_MUST_CHECK;

/* Every figure NaN, nothing claimed. */
void bench_validity_unknown(struct bench_validity *out);
/* The member "validity" of a trial; NULL without memory. */
json_t *bench_validity_json(const struct bench_validity *validity);
/* Missing or null: all unknown, as in files from before there was such a member. */
int bench_validity_read(const struct bench_reader *reader, const json_t *trial,
                        struct bench_validity *out) BENCH_MUST_CHECK;
/* A text that may be missing: "" then. */
int bench_member_text_or_empty(const struct bench_reader *reader, const json_t *object,
                               const char *key, char **out) BENCH_MUST_CHECK;

/* Replaces the kept statistics of all trials by their recordings. 0; -EINVAL with the line. */
int bench_result_take_histograms(struct bench_run *run, const void *data, size_t length,
                                 struct bench_error *err) BENCH_MUST_CHECK;

#endif
