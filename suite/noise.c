/* SPDX-License-Identifier: MIT */
#include "suite/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stats/estimate.h"
#include "suite/output.h"

#define NOISE_SCHEMA "rpycbench-noise-1"
#define FLOOR_LEVEL  0.95
enum { FILE_LIMIT = 16 << 20 };

/*
 * {"schema": ..., "machines": {HASH: {WORKLOAD: {METRIC: [|ln ratio|, ...newest last]}}}}
 */
struct bench_noise {
    json_t *machine; /* of one hash; NULL = nothing is known */
};

/* "" when there is no home. */
static void state_dir(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    out[0] = '\0';
    if (state != NULL && state[0] == '/')
        (void)snprintf(out, size, "%s/rpycbench", state);
    else if (home != NULL && home[0] == '/')
        (void)snprintf(out, size, "%s/.local/state/rpycbench", home);
}

static int state_file(char *out, size_t size, struct bench_error *err)
{
    char dir[4000];
    state_dir(dir, sizeof(dir));
    if (dir[0] == '\0')
        return bench_fail(
            err, -ENOENT,
            "neither XDG_STATE_HOME nor HOME says where to keep this machine's noise");
    (void)snprintf(out, size, "%s/noise.json", dir);
    return 0;
}

/* The whole file, checked as far as it goes; an empty one where there is none. */
static int load(const char *path, json_t **out, struct bench_error *err)
{
    json_error_t why;
    struct stat about;
    *out = NULL;
    if (stat(path, &about) < 0) {
        if (errno != ENOENT)
            return bench_fail(err, -errno, "%s: %s", path, bench_errno_text(errno));
        *out = json_pack("{s:s,s:{}}", "schema", NOISE_SCHEMA, "machines");
        return *out != NULL ? 0 : -ENOMEM;
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_LIMIT)
        return bench_fail(err, -EINVAL, "%s: not a file of up to %d bytes", path, FILE_LIMIT);
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (file == NULL)
        return bench_fail(err, -EINVAL, "%s: %s", path, why.text);
    const char *schema = json_string_value(json_object_get(file, "schema"));
    if (schema == NULL || strcmp(schema, NOISE_SCHEMA) != 0 ||
        !json_is_object(json_object_get(file, "machines"))) {
        json_decref(file);
        return bench_fail(err, -EINVAL, "%s: not a file of schema " NOISE_SCHEMA, path);
    }
    *out = file;
    return 0;
}

int bench_noise_read(const char *environment_hash, struct bench_noise **out,
                     struct bench_error *err)
{
    char path[4096];
    json_t *file = NULL;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    if (state_file(path, sizeof(path), err) < 0)
        return 0; /* nowhere to look: nothing is known */
    int rc = load(path, &file, err);
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

static int make_parents(const char *path)
{
    char copy[4096];
    (void)snprintf(copy, sizeof(copy), "%s", path);
    for (char *at = copy + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST)
            return -errno;
        *at = '/';
    }
    return 0;
}

static int save(const json_t *file, const char *path, struct bench_error *err)
{
    char part[4128];
    int rc = make_parents(path);
    (void)snprintf(part, sizeof(part), "%s.%ld", path, (long)getpid());
    if (rc == 0 && json_dump_file(file, part, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) < 0)
        rc = -EIO;
    if (rc == 0 && rename(part, path) < 0)
        rc = -errno;
    if (rc < 0) {
        (void)unlink(part);
        return bench_fail(err, rc, "%s: %s", path, bench_errno_text(rc));
    }
    return 0;
}

int bench_noise_keep(const char *environment_hash, const struct bench_noise_pair *pairs, size_t n,
                     struct bench_error *err)
{
    char path[4096];
    json_t *file = NULL;
    int rc = state_file(path, sizeof(path), err);
    if (rc == 0)
        rc = load(path, &file, err);
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
        rc = save(file, path, err);
    json_decref(file);
    return rc;
}
