/* SPDX-License-Identifier: MIT */
/*
 * result.hist.gz: the recordings of single trials, one JSON line each, beside result.json, which
 * holds the pooled ones.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buf.h"
#include "stats/gzip.h"
#include "suite/result_file.h"

#define TEXT_LIMIT ((size_t)1 << 30)

static bool has_samples(const struct bench_trial *trial)
{
    return trial->recording != NULL && trial->kept == NULL;
}

static int write_line(struct bench_buf *out, size_t result, size_t trial,
                      const struct bench_recording *recording)
{
    char *serial = NULL;
    int rc = bench_recording_write(recording, &serial);
    if (rc == 0)
        rc = bench_buf_printf(out, "{\"result\": %zu, \"trial\": %zu, \"recording\": ", result,
                              trial);
    if (rc >= 0)
        rc = bench_buf_add(out, serial, strlen(serial));
    if (rc == 0)
        rc = bench_buf_add(out, "}\n", 2);
    free(serial);
    return rc;
}

int bench_report_histograms(const struct bench_run *run, struct bench_buf *out)
{
    struct bench_buf text;
    int rc = 0;
    bench_buf_init(&text, TEXT_LIMIT);
    for (size_t i = 0; i < run->nresults; i++) {
        for (size_t k = 0; rc == 0 && k < run->results[i].ntrials; k++) {
            const struct bench_trial *trial = &run->results[i].trials[k];
            if (has_samples(trial))
                rc = write_line(&text, i, k, trial->recording);
        }
    }
    if (rc == 0)
        rc = bench_buf_length(&text) == 0
                 ? -ENODATA
                 : bench_gzip(bench_buf_head(&text), bench_buf_length(&text), out);
    bench_buf_fini(&text);
    return rc;
}

/* ---- reading ---- */

static int find_trial(struct bench_run *run, const json_t *line, size_t number,
                      struct bench_trial **out, struct bench_error *err)
{
    const json_t *result = json_object_get(line, "result");
    const json_t *trial = json_object_get(line, "trial");
    json_int_t i = json_is_integer(result) ? json_integer_value(result) : -1;
    json_int_t k = json_is_integer(trial) ? json_integer_value(trial) : -1;
    if (i < 0 || (size_t)i >= run->nresults || k < 0 || (size_t)k >= run->results[i].ntrials)
        return bench_fail(err, -EINVAL, "histograms, line %zu: there is no such result or trial",
                          number);
    *out = &run->results[i].trials[k];
    if ((*out)->recording == NULL || (*out)->kept == NULL)
        return bench_fail(err, -EINVAL, "histograms, line %zu: that trial %s", number,
                          (*out)->recording == NULL ? "measured nothing" : "was there already");
    return 0;
}

/* The recording of the line takes the place of the counts alone; it must be of the same trial. */
static int take_recording(struct bench_trial *trial, const json_t *line, size_t number,
                          struct bench_error *err)
{
    struct bench_recording *recording = NULL;
    char prefix[64];
    char *serial = json_dumps(json_object_get(line, "recording"), JSON_COMPACT);
    if (serial == NULL)
        return bench_fail(err, -EINVAL, "histograms, line %zu: no recording", number);
    int rc = bench_recording_read(serial, strlen(serial), &recording, err);
    free(serial);
    if (rc < 0) {
        (void)snprintf(prefix, sizeof(prefix), "histograms, line %zu: ", number);
        bench_error_prefix(err, prefix);
        return rc;
    }
    bool same = recording->attempted == trial->recording->attempted &&
                recording->succeeded == trial->recording->succeeded;
    for (size_t id = 0; id < BENCH_SERIES_COUNT; id++)
        same = same && (id == BENCH_SERIES_LATE || /* which stands in no statistic */
                        recording->series[id].count == trial->kept[id].count);
    if (!same) {
        bench_recording_free(recording);
        return bench_fail(err, -EINVAL,
                          "histograms, line %zu: its counts are not those of that trial", number);
    }
    bench_recording_free(trial->recording);
    trial->recording = recording;
    free(trial->kept);
    trial->kept = NULL;
    return 0;
}

static int read_line(struct bench_run *run, const char *text, size_t length, size_t number,
                     struct bench_error *err)
{
    struct bench_trial *trial = NULL;
    json_error_t where;
    json_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (line == NULL)
        return bench_fail(err, -EINVAL, "histograms, line %zu: %s", number, where.text);
    int rc = find_trial(run, line, number, &trial, err);
    if (rc == 0)
        rc = take_recording(trial, line, number, err);
    json_decref(line);
    return rc;
}

/* Every trial that measured something must have its line. */
static int check_complete(const struct bench_run *run, struct bench_error *err)
{
    for (size_t i = 0; i < run->nresults; i++) {
        for (size_t k = 0; k < run->results[i].ntrials; k++) {
            if (run->results[i].trials[k].kept != NULL)
                return bench_fail(err, -EINVAL, "histograms: none of result %zu, trial %zu", i, k);
        }
    }
    return 0;
}

int bench_result_take_histograms(struct bench_run *run, const void *data, size_t length,
                                 struct bench_error *err)
{
    struct bench_buf text;
    size_t number = 0;
    bench_buf_init(&text, TEXT_LIMIT);
    int rc = bench_gunzip(data, length, &text, err);
    if (rc < 0)
        bench_error_prefix(err, "histograms: ");
    const char *at = (const char *)bench_buf_head(&text);
    size_t left = bench_buf_length(&text);
    while (rc == 0 && left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t line = end != NULL ? (size_t)(end - at) : left;
        rc = read_line(run, at, line, ++number, err);
        line += end != NULL;
        at += line;
        left -= line;
    }
    if (rc == 0)
        rc = check_complete(run, err);
    bench_buf_fini(&text);
    return rc;
}
