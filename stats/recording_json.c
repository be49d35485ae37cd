/* SPDX-License-Identifier: MIT */
/*
 * The serial form of a recording. What is read may come from another program or another host:
 * every figure is checked, alone and against the others that say the same.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stats/hist_private.h"
#include "stats/recording.h"
#include "stats/wide.h"

#define TEXT_MAX ((size_t)64 << 20) /* bytes; a full histogram takes about 0.7 MiB, a full trace 1 */

/* X(name): the whole numbers of the object "stat", and those at the top, by type. */
#define STAT_MEMBERS(X)                                                                            \
    X(operations)                                                                                  \
    X(frames_sent) X(frames_received) X(round_trips) X(served) X(ack_waits) X(plain_sent) X(plain_received)     \
        X(wire_sent) X(wire_received)
#define COUNT_MEMBERS(X)                                                                           \
    X(attempted) X(succeeded) X(tcp_sent) X(tcp_received) X(planned) X(sent)
#define SMALL_MEMBERS(X) X(clients) X(workers) X(slots)
#define TIME_MEMBERS(X)                                                                            \
    X(first_start) X(last_done) X(cpu_ns) X(busiest_cpu_ns) X(inflight_ns) X(present_ns)          \
        X(measured_ns)

/* ---- writing ---- */

/* JSON's whole numbers end at 2^63 - 1 in most readers; no counter gets there. */
static json_t *json_count(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *json_wide(__int128 value)
{
    char text[BENCH_INT128_TEXT];

    bench_wide_text(value, text);
    return json_string(text);
}

/* An error message may quote what a peer sent: each byte that is not UTF-8 becomes a "?". */
static json_t *json_message(const char *message)
{
    json_t *text = json_string(message);

    if (text)
        return text;
    char plain[sizeof(((struct bench_recording *)0)->first_error)];
    size_t n = strnlen(message, sizeof(plain) - 1);
    for (size_t i = 0; i < n; i++)
        plain[i] = (unsigned char)message[i] < 0x80 ? message[i] : '?';
    plain[n] = '\0';
    return json_string(plain);
}

static json_t *series_object(const struct bench_series *series)
{
    char *packed = NULL;
    json_t *object = json_object();

    if (!object || bench_hist_pack(series->hist, &packed))
        goto fail;
    if (json_object_set_new(object, "count", json_count(series->count)) ||
        json_object_set_new(object, "min", json_integer(series->min)) ||
        json_object_set_new(object, "max", json_integer(series->max)) ||
        json_object_set_new(object, "sum", json_wide(series->sum)) ||
        json_object_set_new(object, "sum_squares", json_wide(series->sum_squares)) ||
        json_object_set_new(object, "histogram", json_string(packed)))
        goto fail;
    free(packed);
    return object;
fail:
    free(packed);
    json_decref(object);
    return NULL;
}

static int set_series(json_t *root, const struct bench_recording *recording)
{
    json_t *all = json_object();

    if (json_object_set_new(root, "series", all))
        return -ENOMEM;
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++) {
        const struct bench_series *series = &recording->series[i];
        if (series->count && json_object_set_new(all, bench_series_key((enum bench_series_id)i),
                                                 series_object(series)))
            return -ENOMEM;
    }
    return 0;
}

static int set_failures(json_t *root, const struct bench_recording *recording)
{
    json_t *all = json_object();

    if (json_object_set_new(root, "failures", all))
        return -ENOMEM;
    for (size_t i = BENCH_FAILURE_NONE + 1; i < BENCH_FAILURE_COUNT; i++) {
        if (recording->failures[i] &&
            json_object_set_new(all, bench_failure_name((enum bench_failure)i),
                                json_count(recording->failures[i])))
            return -ENOMEM;
    }
    return 0;
}

static int set_numbers(json_t *root, const struct bench_recording *recording)
{
    json_t *stat = json_object();

#define X(member)                                                                                  \
    if (json_object_set_new(root, #member, json_count(recording->member)))                         \
        goto fail;
    COUNT_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if (json_object_set_new(root, #member, json_integer(recording->member)))                       \
        goto fail;
    TIME_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if (json_object_set_new(stat, #member, json_count(recording->stat.member)))                    \
        goto fail;
    STAT_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if (json_object_set_new(root, #member, json_count(recording->member)))                         \
        goto fail;
    SMALL_MEMBERS(X)
#undef X
    if (json_object_set_new(root, "run_wait_ns", json_integer(recording->run_wait_ns)))
        goto fail;
    return json_object_set_new(root, "stat", stat) ? -ENOMEM : 0;
fail:
    json_decref(stat);
    return -ENOMEM;
}

static int set_trace(json_t *root, const struct bench_recording *recording)
{
    const struct bench_trace *trace = &recording->trace;

    if (trace->n == 0)
        return 0;
    json_t *object = json_object(), *done = json_array(), *response = json_array();
    bool failed = !done || !response ||
                  json_object_set_new(object, "stride", json_count(trace->stride));
    for (size_t i = 0; i < trace->n && !failed; i++) {
        int64_t since = trace->points[i].done_ns - recording->first_start;
        failed = json_array_append_new(done, json_integer(since > 0 ? since : 0)) ||
                 json_array_append_new(response, json_integer(trace->points[i].response_ns));
    }
    /* These take over what they are given, even when they fail. */
    failed |= json_object_set_new(object, "done", done) != 0;
    failed |= json_object_set_new(object, "response", response) != 0;
    failed |= json_object_set_new(root, "trace", object) != 0;
    return failed ? -ENOMEM : 0;
}

int bench_recording_write(const struct bench_recording *recording, char **out)
{
    int rc = -ENOMEM;
    json_t *root = json_object();

    if (!root || json_object_set_new(root, "version", json_integer(BENCH_RECORDING_VERSION)) ||
        set_series(root, recording) || set_failures(root, recording) ||
        json_object_set_new(root, "first_error", json_message(recording->first_error)) ||
        set_numbers(root, recording) || set_trace(root, recording))
        goto end;
    char *text = json_dumps(root, JSON_COMPACT);
    if (text) {
        *out = text;
        rc = 0;
    }
end:
    json_decref(root);
    return rc;
}

/* ---- reading ---- */

/* A whole number in [min, max]; one that is missing counts as 0. */
static int get_number(const json_t *object, const char *where, const char *key, int64_t min,
                      int64_t max, int64_t *out, struct bench_error *err)
{
    const json_t *number = json_object_get(object, key);

    *out = 0;
    if (!number)
        return 0;
    if (!json_is_integer(number))
        return bench_fail(err, -EINVAL, "recording: %s: \"%s\" is not a whole number", where, key);
    int64_t value = json_integer_value(number);
    if (value < min || value > max)
        return bench_fail(err, -EINVAL, "recording: %s: \"%s\" is %lld, not in %lld..%lld", where,
                          key, (long long)value, (long long)min, (long long)max);
    *out = value;
    return 0;
}

static int get_count(const json_t *object, const char *where, const char *key, uint64_t *out,
                     struct bench_error *err)
{
    int64_t value;
    int rc = get_number(object, where, key, 0, INT64_MAX, &value, err);

    *out = (uint64_t)value;
    return rc;
}

static int get_wide(const json_t *object, const char *where, const char *key, __int128 *out,
                    struct bench_error *err)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text)
        return bench_fail(err, -EINVAL, "recording: %s: no string \"%s\"", where, key);
    if (bench_wide_parse(text, out))
        return bench_fail(err, -EINVAL, "recording: %s: \"%s\" is %.50s, not a number below 2^127",
                          where, key, text);
    return 0;
}

/* Count, extremes, sums and histogram say partly the same and must agree. */
static int check_series(struct bench_series *series, const char *key, struct bench_error *err)
{
    uint64_t n = series->count;
    uint64_t counted = bench_hist_count(series->hist);
    bool possible;

    if (counted != n)
        return bench_fail(err, -EINVAL, "recording: %s: %llu samples but %llu in the histogram",
                          key, (unsigned long long)n, (unsigned long long)counted);
    if (bench_hist_set_extremes(series->hist, series->min, series->max))
        return bench_fail(err, -EINVAL,
                          "recording: %s: min %lld and max %lld are not those of the histogram",
                          key, (long long)series->min, (long long)series->max);
    if (series->sum < (__int128)n * series->min || series->sum > (__int128)n * series->max)
        return bench_fail(err, -EINVAL,
                          "recording: %s: the sum does not lie between %llu times "
                          "min and max",
                          key, (unsigned long long)n);
    bench_wide_spread(n, series->sum, series->sum_squares, &possible);
    if (!possible)
        return bench_fail(err, -EINVAL,
                          "recording: %s: sum_squares is too small for the sum and %llu samples",
                          key, (unsigned long long)n);
    return 0;
}

static int read_series(struct bench_recording *recording, const char *key, const json_t *object,
                       struct bench_error *err)
{
    size_t id = 0;

    while (id < BENCH_SERIES_COUNT && strcmp(key, bench_series_key((enum bench_series_id)id)) != 0)
        id++;
    if (id == BENCH_SERIES_COUNT)
        return bench_fail(err, -EINVAL, "recording: unknown series \"%.50s\"", key);
    if (!json_is_object(object))
        return bench_fail(err, -EINVAL, "recording: series %s is not an object", key);

    struct bench_series *series = &recording->series[id];
    const char *packed = json_string_value(json_object_get(object, "histogram"));
    int rc;
    if ((rc = get_count(object, key, "count", &series->count, err)) ||
        (rc = get_number(object, key, "min", 0, INT64_MAX, &series->min, err)) ||
        (rc = get_number(object, key, "max", 0, INT64_MAX, &series->max, err)) ||
        (rc = get_wide(object, key, "sum", &series->sum, err)) ||
        (rc = get_wide(object, key, "sum_squares", &series->sum_squares, err)))
        return rc;
    if (series->count == 0)
        return bench_fail(err, -EINVAL, "recording: series %s has no samples", key);
    if (!packed)
        return bench_fail(err, -EINVAL, "recording: %s: no string \"histogram\"", key);
    if (bench_recording_prepare(recording, (enum bench_series_id)id))
        return bench_fail(err, -ENOMEM, "recording: out of memory");
    rc = bench_hist_unpack(series->hist, packed, err);
    return rc ? rc : check_series(series, key, err);
}

static int read_all_series(struct bench_recording *recording, json_t *root, struct bench_error *err)
{
    json_t *all = json_object_get(root, "series"), *object;
    const char *key;

    if (!json_is_object(all))
        return bench_fail(err, -EINVAL, "recording: no object \"series\"");
    json_object_foreach(all, key, object)
    {
        int rc = read_series(recording, key, object, err);
        if (rc)
            return rc;
    }
    return 0;
}

static int read_failures(struct bench_recording *recording, json_t *root, struct bench_error *err)
{
    json_t *all = json_object_get(root, "failures"), *number;
    const char *key;
    uint64_t left;

    if (recording->succeeded > recording->attempted)
        return bench_fail(err, -EINVAL, "recording: %llu of %llu attempts succeeded",
                          (unsigned long long)recording->succeeded,
                          (unsigned long long)recording->attempted);
    left = recording->attempted - recording->succeeded;
    if (all && !json_is_object(all))
        return bench_fail(err, -EINVAL, "recording: \"failures\" is not an object");
    json_object_foreach(all, key, number)
    {
        size_t kind = BENCH_FAILURE_NONE + 1;
        while (kind < BENCH_FAILURE_COUNT &&
               strcmp(key, bench_failure_name((enum bench_failure)kind)) != 0)
            kind++;
        if (kind == BENCH_FAILURE_COUNT)
            return bench_fail(err, -EINVAL, "recording: unknown kind of failure \"%.50s\"", key);
        int rc = get_count(all, "failures", key, &recording->failures[kind], err);
        if (rc)
            return rc;
        if (recording->failures[kind] > left)
            return bench_fail(err, -EINVAL,
                              "recording: more failures than failed attempts (%s: %llu)", key,
                              (unsigned long long)recording->failures[kind]);
        left -= recording->failures[kind];
    }
    return 0;
}

/* What the workers' times and the schedule's counts cannot be. */
static int check_numbers(const struct bench_recording *recording, struct bench_error *err)
{
    if (recording->busiest_cpu_ns > recording->cpu_ns)
        return bench_fail(err, -EINVAL,
                          "recording: the busiest worker used %lld ns of CPU, all together %lld",
                          (long long)recording->busiest_cpu_ns, (long long)recording->cpu_ns);
    if (recording->sent > recording->planned)
        return bench_fail(err, -EINVAL, "recording: %llu of %llu planned requests were sent",
                          (unsigned long long)recording->sent,
                          (unsigned long long)recording->planned);
    return 0;
}

static int read_numbers(struct bench_recording *recording, const json_t *root,
                        struct bench_error *err)
{
    const json_t *stat = json_object_get(root, "stat");
    int64_t number;
    int rc;

    if (stat && !json_is_object(stat))
        return bench_fail(err, -EINVAL, "recording: \"stat\" is not an object");
    if (!json_object_get(root, "attempted") || !json_object_get(root, "succeeded"))
        return bench_fail(err, -EINVAL, "recording: \"attempted\" or \"succeeded\" is missing");
#define X(member)                                                                                  \
    if ((rc = get_count(root, "top", #member, &recording->member, err)))                           \
        return rc;
    COUNT_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if ((rc = get_number(root, "top", #member, 0, INT64_MAX, &recording->member, err)))            \
        return rc;
    TIME_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if ((rc = get_count(stat, "stat", #member, &recording->stat.member, err)))                     \
        return rc;
    STAT_MEMBERS(X)
#undef X
#define X(member)                                                                                  \
    if ((rc = get_number(root, "top", #member, 0, UINT32_MAX, &number, err)))                      \
        return rc;                                                                                 \
    recording->member = (uint32_t)number;
    SMALL_MEMBERS(X)
#undef X
    if ((rc = get_number(root, "top", "run_wait_ns", -1, INT64_MAX, &recording->run_wait_ns, err)))
        return rc;
    if (!json_object_get(root, "run_wait_ns"))
        recording->run_wait_ns = -1;
    return check_numbers(recording, err);
}

static int read_message(struct bench_recording *recording, const json_t *root,
                        struct bench_error *err)
{
    const json_t *message = json_object_get(root, "first_error");

    if (!message)
        return 0;
    if (!json_is_string(message))
        return bench_fail(err, -EINVAL, "recording: \"first_error\" is not a string");
    if (json_string_length(message) >= sizeof(recording->first_error))
        return bench_fail(err, -EINVAL, "recording: \"first_error\" has %zu bytes, at most %zu",
                          json_string_length(message), sizeof(recording->first_error) - 1);
    memcpy(recording->first_error, json_string_value(message), json_string_length(message) + 1);
    return 0;
}

static int check_trace(const struct bench_recording *recording, json_t *object, struct bench_error *err)
{
    const struct bench_trace *trace = &recording->trace;
    size_t n = json_array_size(json_object_get(object, "done"));

    if (n != json_array_size(json_object_get(object, "response")) || n == 0 ||
        n > BENCH_TRACE_MAX)
        return bench_fail(err, -EINVAL,
                          "recording: trace: %zu \"done\" and %zu \"response\", not 1..%d of both",
                          n, json_array_size(json_object_get(object, "response")),
                          BENCH_TRACE_MAX);
    if (n > recording->series[BENCH_SERIES_RESPONSE].count)
        return bench_fail(err, -EINVAL, "recording: trace: %zu points of %llu responses", n,
                          (unsigned long long)recording->series[BENCH_SERIES_RESPONSE].count);
    if (trace->stride == 0 || (trace->stride & (trace->stride - 1)) != 0)
        return bench_fail(err, -EINVAL, "recording: trace: stride %llu is not a power of two",
                          (unsigned long long)trace->stride);
    return 0;
}

/* After the series and the numbers. */
static int read_trace(struct bench_recording *recording, json_t *root, struct bench_error *err)
{
    json_t *object = json_object_get(root, "trace");
    struct bench_trace *trace = &recording->trace;
    uint64_t stride;

    if (!object)
        return 0;
    int rc = get_count(object, "trace", "stride", &stride, err);
    if (rc)
        return rc;
    if (bench_trace_prepare(trace))
        return bench_fail(err, -ENOMEM, "recording: out of memory");
    trace->stride = stride;
    if ((rc = check_trace(recording, object, err)))
        return rc;
    const json_t *done = json_object_get(object, "done"),
                 *response = json_object_get(object, "response");
    int64_t longest = recording->last_done - recording->first_start, before = 0;
    for (size_t i = 0; i < json_array_size(done); i++) {
        const json_t *x = json_array_get(done, i), *y = json_array_get(response, i);
        if (!json_is_integer(x) || !json_is_integer(y))
            return bench_fail(err, -EINVAL, "recording: trace: point %zu is not two whole numbers",
                              i);
        int64_t since = json_integer_value(x), ns = json_integer_value(y);
        if (since < before || since > longest || ns < 0)
            return bench_fail(err, -EINVAL,
                              "recording: trace: point %zu, %lld ns at %lld ns, is not in order or "
                              "not within %lld ns",
                              i, (long long)ns, (long long)since, (long long)longest);
        before = since;
        trace->points[trace->n++] = (struct bench_trace_point){recording->first_start + since, ns};
    }
    trace->seen = (trace->n - 1) * trace->stride + 1;
    return 0;
}

static int read_root(struct bench_recording *recording, json_t *root, struct bench_error *err)
{
    const json_t *version = json_object_get(root, "version");
    int rc;

    if (!json_is_integer(version))
        return bench_fail(err, -EINVAL, "recording: no whole number \"version\"");
    if (json_integer_value(version) != BENCH_RECORDING_VERSION)
        return bench_fail(err, -EINVAL, "recording: version %lld, this program reads %d",
                          (long long)json_integer_value(version), BENCH_RECORDING_VERSION);
    if ((rc = read_numbers(recording, root, err)) || (rc = read_failures(recording, root, err)) ||
        (rc = read_message(recording, root, err)))
        return rc;
    rc = read_all_series(recording, root, err);
    return rc ? rc : read_trace(recording, root, err);
}

int bench_recording_read(const char *text, size_t length, struct bench_recording **out,
                         struct bench_error *err)
{
    struct bench_recording *recording = NULL;
    json_error_t where;

    if (length > TEXT_MAX)
        return bench_fail(err, -EINVAL, "recording: %zu bytes, at most %zu", length, TEXT_MAX);
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return bench_fail(err, -EINVAL, "recording: line %d: %s", where.line, where.text);

    int rc = bench_recording_new(&recording);
    if (rc)
        (void)bench_fail(err, rc, "recording: out of memory");
    else if (!json_is_object(root))
        rc = bench_fail(err, -EINVAL, "recording: not an object");
    else
        rc = read_root(recording, root, err);
    json_decref(root);
    if (rc) {
        bench_recording_free(recording);
        return rc;
    }
    *out = recording;
    return 0;
}
