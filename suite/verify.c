/* SPDX-License-Identifier: MIT */
#include "suite/verify.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/buf.h"
#include "render/table.h"
#include "suite/output.h"
#include "suite/report.h"

#define TEXT_LIMIT ((size_t)1 << 30)
enum { SHOWN = 20, PATH_BYTES = 4400 };

struct verifier {
    FILE *out;
    struct bench_verified *result;
};

static void say(struct verifier *v, const char *format, ...) BENCH_PRINTF(2, 3);

static void say(struct verifier *v, const char *format, ...)
{
    va_list args;
    if (v->result->wrong++ >= SHOWN)
        return;
    va_start(args, format);
    (void)vfprintf(v->out, format, args);
    va_end(args);
}

/* ---- result.json against what its recordings give ---- */

/* A value as it stands in the file, short and clean. */
static void show(const json_t *value, char *out, size_t size)
{
    char *text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    (void)bench_text_clean(text != NULL ? text : "nothing", out, size);
    free(text);
}

static void differ(struct verifier *v, const char *where, const json_t *file, const json_t *again)
{
    char a[60], b[60], clean[300];
    show(file, a, sizeof(a));
    show(again, b, sizeof(b));
    say(v, "  %s: the file says %s, its recordings %s\n",
        bench_text_clean(where, clean, sizeof(clean)), a, b);
}

static void compare(struct verifier *v, const char *where, json_t *file, json_t *again);

static void compare_objects(struct verifier *v, const char *where, json_t *file, json_t *again)
{
    const char *key;
    json_t *value;
    char path[300];
    json_object_foreach(again, key, value)
    {
        (void)snprintf(path, sizeof(path), "%.200s%s%.90s", where, where[0] != '\0' ? "." : "",
                       key);
        compare(v, path, json_object_get(file, key), value);
    }
    json_object_foreach(file, key, value)
    {
        (void)snprintf(path, sizeof(path), "%.200s%s%.90s", where, where[0] != '\0' ? "." : "",
                       key);
        if (json_object_get(again, key) == NULL)
            differ(v, path, value, NULL);
    }
}

static void compare(struct verifier *v, const char *where, json_t *file, json_t *again)
{
    char path[300];
    if (json_is_object(file) && json_is_object(again)) {
        compare_objects(v, where, file, again);
        return;
    }
    if (json_is_array(file) && json_is_array(again) &&
        json_array_size(file) == json_array_size(again)) {
        for (size_t i = 0; i < json_array_size(file); i++) {
            (void)snprintf(path, sizeof(path), "%.270s[%zu]", where, i);
            compare(v, path, json_array_get(file, i), json_array_get(again, i));
        }
        return;
    }
    v->result->figures++;
    if (!json_equal(file, again))
        differ(v, where, file, again);
}

/* The report as the run would write it now. */
static json_t *render_json(const struct bench_run *run)
{
    struct bench_buf text;
    json_t *out = NULL;
    bench_buf_init(&text, TEXT_LIMIT);
    if (bench_report_json(run, &text) == 0)
        out = json_loadb((const char *)bench_buf_head(&text), bench_buf_length(&text), 0, NULL);
    bench_buf_fini(&text);
    return out;
}

/* ---- what is pooled against the trials ---- */

static json_t *serial(const struct bench_recording *recording)
{
    char *text = NULL;
    json_t *json = NULL;
    if (bench_recording_write(recording, &text) == 0)
        json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

static bool has_all_samples(const struct bench_result *result)
{
    size_t good = 0;
    for (size_t i = 0; i < result->ntrials; i++) {
        if (!bench_trial_is_good(&result->trials[i]))
            continue;
        good++;
        if (result->trials[i].kept != NULL)
            return false;
    }
    return good > 0 && result->pooled != NULL;
}

/* What result.json keeps of a pooled recording; the rest is of single trials only. */
static const char *const kept[] = {"series",      "attempted", "succeeded",    "failures",
                                   "first_error", "tcp_sent",  "tcp_received", "stat"};

static int check_pooled(struct verifier *v, const struct bench_run *run, size_t i)
{
    const struct bench_result *result = &run->results[i];
    struct bench_recording *merged = NULL;
    char where[64];
    if (!has_all_samples(result))
        return 0;
    int rc = bench_recording_new(&merged);
    for (size_t t = 0; rc == 0 && t < result->ntrials; t++)
        if (bench_trial_is_good(&result->trials[t]))
            rc = bench_recording_merge(merged, result->trials[t].recording);
    json_t *again = rc == 0 ? serial(merged) : NULL, *file = serial(result->pooled);
    if (rc == 0 && (again == NULL || file == NULL))
        rc = -ENOMEM;
    for (size_t k = 0; rc == 0 && k < sizeof(kept) / sizeof(kept[0]); k++) {
        (void)snprintf(where, sizeof(where), "results[%zu].pooled.%s", i, kept[k]);
        compare(v, where, json_object_get(file, kept[k]), json_object_get(again, kept[k]));
    }
    v->result->cells += rc == 0;
    json_decref(again);
    json_decref(file);
    bench_recording_free(merged);
    return rc;
}

/* ---- the reports of the folder ---- */

static bool read_whole(const char *path, struct bench_buf *out)
{
    char piece[65536];
    size_t n;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool good = true;
    while (good && (n = fread(piece, 1, sizeof(piece), file)) > 0)
        good = bench_buf_add(out, piece, n) == 0;
    good = good && ferror(file) == 0;
    (void)fclose(file);
    return good;
}

static size_t line_of_difference(const struct bench_buf *a, const struct bench_buf *b)
{
    const uint8_t *x = bench_buf_head(a), *y = bench_buf_head(b);
    size_t line = 1, n = bench_buf_length(a) < bench_buf_length(b) ? bench_buf_length(a)
                                                                   : bench_buf_length(b);
    for (size_t i = 0; i < n && x[i] == y[i]; i++)
        line += x[i] == '\n';
    return line;
}

static int check_report(struct verifier *v, const struct bench_run *run, const char *folder,
                        const char *name, enum bench_format format)
{
    char path[PATH_BYTES + 300];
    struct bench_buf file, again;
    bench_buf_init(&file, TEXT_LIMIT);
    bench_buf_init(&again, TEXT_LIMIT);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    int rc = 0;
    if (read_whole(path, &file)) {
        rc = bench_format_render(run, format, &again);
        v->result->files += rc == 0;
        if (rc == 0 &&
            (bench_buf_length(&file) != bench_buf_length(&again) ||
             memcmp(bench_buf_head(&file), bench_buf_head(&again), bench_buf_length(&file)) != 0))
            say(v, "  %s, line %zu: not what the recordings give\n", name,
                line_of_difference(&file, &again));
    }
    bench_buf_fini(&file);
    bench_buf_fini(&again);
    return rc;
}

/* ---- the whole ---- */

/* The folder of a result, and its JSON file. */
static void find_files(const char *path, char *folder, char *json, size_t size)
{
    struct stat is;
    if (stat(path, &is) == 0 && S_ISDIR(is.st_mode)) {
        (void)snprintf(folder, size, "%s", path);
        (void)snprintf(json, size, "%.4300s/result.json", path);
        return;
    }
    const char *slash = strrchr(path, '/');
    (void)snprintf(json, size, "%s", path);
    if (slash == NULL)
        (void)snprintf(folder, size, ".");
    else
        (void)snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int check(struct verifier *v, const struct bench_run *run, const char *folder,
                 const char *json_path, struct bench_error *err)
{
    json_error_t why;
    json_t *file = json_load_file(json_path, 0, &why), *again = render_json(run);
    int rc = 0;
    if (file == NULL)
        rc = bench_fail(err, -EINVAL, "%s: %s", json_path, why.text);
    else if (again == NULL)
        rc = -ENOMEM;
    else
        compare(v, "", file, again);
    for (size_t i = 0; rc == 0 && i < run->nresults; i++)
        rc = check_pooled(v, run, i);
    /* Only a folder that a run has written holds reports of this result. */
    const char *name = strrchr(json_path, '/');
    if (rc == 0 && name != NULL && strcmp(name, "/result.json") == 0) {
        rc = check_report(v, run, folder, "report.md", BENCH_FORMAT_MD);
        if (rc == 0)
            rc = check_report(v, run, folder, "report.csv", BENCH_FORMAT_CSV);
        if (rc == 0)
            rc = check_report(v, run, folder, "report.txt", BENCH_FORMAT_TEXT);
    }
    json_decref(file);
    json_decref(again);
    return rc == -ENOMEM ? bench_fail(err, rc, "out of memory") : rc;
}

int bench_verify(const char *path, FILE *out, struct bench_verified *result,
                 struct bench_error *err)
{
    char folder[PATH_BYTES], json_path[PATH_BYTES];
    struct bench_run *run = NULL;
    struct verifier v = {out, result};
    *result = (struct bench_verified){0};
    int rc = bench_result_read(path, &run, &result->whole, err);
    if (rc < 0)
        return rc;
    find_files(path, folder, json_path, sizeof(folder));
    rc = check(&v, run, folder, json_path, err);
    if (result->wrong > SHOWN)
        (void)fprintf(out, "  and %zu more\n", result->wrong - SHOWN);
    bench_run_free(run);
    return rc;
}
