/* SPDX-License-Identifier: MIT */
#include "suite/noise.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/estimate.h"
#include "suite/state.h"

#define NOISE_FILE   "noise.json"
#define NOISE_SCHEMA "rpycbench-noise-1"
#define FLOOR_LEVEL  0.95

/*
 * {"schema": ..., "machines": {HASH: {WORKLOAD: {METRIC: [|ln ratio|, ...newest last]}}}}
 */
struct bench_noise {
    json_t *machine; /* of one hash; NULL = nothing is known */
};

int bench_noise_read(const char *environment_hash, struct bench_noise **out,
                     struct bench_error *err)
{
    json_t *file = NULL;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    int rc = bench_state_load(NOISE_FILE, NOISE_SCHEMA, &file, err);
    if (rc == -ENOENT)
        return 0; /* nowhere to look: nothing is known */
    if (rc < 0) {
        free(*out);
        *out = NULL;
        return rc;
    }
    (*out)->machine =
        json_incref(json_object_get(json_object_get(file, "machines"), environment_hash));
    json_decref(file);
    return 0;
}

void bench_noise_free(struct bench_noise *noise)
{
    if (noise == NULL)
        return;
    json_decref(noise->machine);
    free(noise);
}

static int by_size(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

double bench_noise_floor(const struct bench_noise *noise, const char *workload,
                         const struct bench_metric *metric)
{
    double values[BENCH_NOISE_KEPT];
    size_t n = 0;
    const json_t *list =
        noise != NULL ? json_object_get(json_object_get(noise->machine, workload), metric->key)
                      : NULL;
    for (size_t i = 0; i < json_array_size(list) && n < BENCH_NOISE_KEPT; i++) {
        const json_t *value = json_array_get(list, i);
        if (json_is_number(value) && json_number_value(value) >= 0)
            values[n++] = json_number_value(value);
    }
    if (n < BENCH_NOISE_PAIRS)
        return NAN;
    qsort(values, n, sizeof(*values), by_size);
    return exp(bench_quantile_sorted(values, n, FLOOR_LEVEL)) - 1;
}

/* An object's member that is an object (a list), made where it is missing. */
static json_t *member(json_t *object, const char *key, bool list)
{
    json_t *value = json_object_get(object, key);
    if (list ? json_is_array(value) : json_is_object(value))
        return value;
    value = list ? json_array() : json_object();
    return value != NULL && json_object_set_new(object, key, value) == 0 ? value : NULL;
}

int bench_noise_keep(const char *environment_hash, const struct bench_noise_pair *pairs, size_t n,
                     struct bench_error *err)
{
    json_t *file = NULL;
    int rc = bench_state_load(NOISE_FILE, NOISE_SCHEMA, &file, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *machine = member(json_object_get(file, "machines"), environment_hash, false);
        json_t *list =
            member(member(machine, pairs[i].workload, false), pairs[i].metric->key, true);
        if (!(pairs[i].ratio > 0) || !isfinite(pairs[i].ratio))
            continue;
        if (json_array_append_new(list, json_real(fabs(log(pairs[i].ratio)))) < 0)
            rc = bench_fail(err, -ENOMEM, "out of memory");
        while (json_array_size(list) > BENCH_NOISE_KEPT)
            (void)json_array_remove(list, 0);
    }
    if (rc == 0)
        rc = bench_state_save(NOISE_FILE, file, err);
    json_decref(file);
    return rc;
}
