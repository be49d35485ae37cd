/* SPDX-License-Identifier: MIT */
#include "stats/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/wide.h"

const char *bench_series_key(enum bench_series_id id)
{
    static const char *const keys[] = {
#define X(id, key, help) [BENCH_SERIES_##id] = key,
        BENCH_SERIES(X)
#undef X
    };

    return keys[id];
}

int bench_recording_new(struct bench_recording **out)
{
    struct bench_recording *recording = calloc(1, sizeof(*recording));

    if (!recording)
        return -ENOMEM;
    *out = recording;
    return 0;
}

void bench_recording_free(struct bench_recording *recording)
{
    if (!recording)
        return;
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++)
        bench_hist_free(recording->series[i].hist);
    bench_trace_fini(&recording->trace);
    free(recording);
}

void bench_recording_reset(struct bench_recording *recording)
{
    struct bench_recording empty = {0};

    /* Histograms and trace stay: what was prepared remains prepared. */
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++) {
        empty.series[i].hist = recording->series[i].hist;
        if (empty.series[i].hist)
            bench_hist_reset(empty.series[i].hist);
    }
    if (recording->trace.points) {
        empty.trace.points = recording->trace.points;
        empty.trace.stride = 1;
    }
    *recording = empty;
}

int bench_recording_prepare(struct bench_recording *recording, enum bench_series_id id)
{
    struct bench_series *series = &recording->series[id];

    return series->hist ? 0 : bench_hist_new(&series->hist);
}

int bench_recording_sample(struct bench_recording *recording, enum bench_series_id id, int64_t ns)
{
    struct bench_series *series = &recording->series[id];

    if (__builtin_expect(!series->hist, 0)) {
        int rc = bench_hist_new(&series->hist);
        if (rc)
            return rc;
    }
    if (ns < 0)
        ns = 0;
    bench_hist_record(series->hist, ns);
    if (series->count == 0 || ns < series->min)
        series->min = ns;
    if (ns > series->max)
        series->max = ns;
    series->count++;
    /* 2^64 samples of 2^63 ns are below 2^127; their squares are not. */
    series->sum += ns;
    series->sum_squares = bench_wide_add(series->sum_squares, (__int128)ns * ns);
    return 0;
}

void bench_recording_settle(struct bench_recording *recording)
{
    for (int i = 0; i < BENCH_SERIES_COUNT; i++)
        if (recording->series[i].hist != NULL)
            bench_hist_settle(recording->series[i].hist);
    bench_trace_fini(&recording->trace);
}

void bench_recording_stat(struct bench_recording *recording, const struct bench_op_stat *stat)
{
    struct bench_op_stat_sum *sum = &recording->stat;

    sum->operations++;
    sum->frames_sent += stat->frames_sent;
    sum->frames_received += stat->frames_received;
    sum->round_trips += stat->round_trips;
    sum->served += stat->served;
    sum->ack_waits += stat->ack_waits;
    sum->plain_sent += stat->plain_sent;
    sum->plain_received += stat->plain_received;
    sum->wire_sent += stat->wire_sent;
    sum->wire_received += stat->wire_received;
}

/* One line; a cut does not go through the middle of a UTF-8 sequence. */
static void keep_message(struct bench_recording *recording, const char *message)
{
    const size_t room = sizeof(recording->first_error) - 1;
    size_t n = strnlen(message, room + 1);

    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)message[n] & 0xc0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)message[i];
        recording->first_error[i] = c < ' ' || c == 0x7f ? ' ' : message[i];
    }
    recording->first_error[n] = '\0';
}

void bench_recording_outcome(struct bench_recording *recording, enum bench_failure failure,
                             const char *message)
{
    recording->attempted++;
    if (failure == BENCH_FAILURE_NONE) {
        recording->succeeded++;
        return;
    }
    recording->failures[failure]++;
    if (recording->first_error[0] == '\0')
        keep_message(recording, message && message[0] ? message : bench_failure_name(failure));
}

static void merge_series(struct bench_series *series, const struct bench_series *other)
{
    if (series->count == 0 || other->min < series->min)
        series->min = other->min;
    if (other->max > series->max)
        series->max = other->max;
    series->count += other->count;
    series->sum = bench_wide_add(series->sum, other->sum);
    series->sum_squares = bench_wide_add(series->sum_squares, other->sum_squares);
    bench_hist_add(series->hist, other->hist);
}

static void merge_stat(struct bench_op_stat_sum *sum, const struct bench_op_stat_sum *other)
{
    sum->operations += other->operations;
    sum->frames_sent += other->frames_sent;
    sum->frames_received += other->frames_received;
    sum->round_trips += other->round_trips;
    sum->served += other->served;
    sum->ack_waits += other->ack_waits;
    sum->plain_sent += other->plain_sent;
    sum->plain_received += other->plain_received;
    sum->wire_sent += other->wire_sent;
    sum->wire_received += other->wire_received;
}

static void add_time(int64_t *sum, int64_t other)
{
    if (__builtin_add_overflow(*sum, other, sum))
        *sum = other < 0 ? INT64_MIN : INT64_MAX;
}

static void merge_load(struct bench_recording *recording, const struct bench_recording *other)
{
    recording->clients += other->clients;
    recording->workers += other->workers;
    recording->slots += other->slots;
    recording->planned += other->planned;
    recording->sent += other->sent;
    add_time(&recording->cpu_ns, other->cpu_ns);
    add_time(&recording->inflight_ns, other->inflight_ns);
    add_time(&recording->present_ns, other->present_ns);
    if (other->busiest_cpu_ns > recording->busiest_cpu_ns)
        recording->busiest_cpu_ns = other->busiest_cpu_ns;
    if (other->measured_ns > recording->measured_ns)
        recording->measured_ns = other->measured_ns;
    if (recording->run_wait_ns < 0 || other->run_wait_ns < 0)
        recording->run_wait_ns = -1;
    else
        add_time(&recording->run_wait_ns, other->run_wait_ns);
}

int bench_recording_merge(struct bench_recording *recording, const struct bench_recording *other)
{
    /* All that can fail comes first: a failed merge changes no figure. */
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++) {
        if (other->series[i].count == 0)
            continue;
        int rc = bench_recording_prepare(recording, (enum bench_series_id)i);
        if (rc)
            return rc;
    }
    int rc = bench_trace_merge(&recording->trace, &other->trace);
    if (rc)
        return rc;
    for (size_t i = 0; i < BENCH_SERIES_COUNT; i++) {
        if (other->series[i].count)
            merge_series(&recording->series[i], &other->series[i]);
    }
    recording->attempted += other->attempted;
    recording->succeeded += other->succeeded;
    for (size_t i = 0; i < BENCH_FAILURE_COUNT; i++)
        recording->failures[i] += other->failures[i];
    if (recording->first_error[0] == '\0')
        memcpy(recording->first_error, other->first_error, sizeof(other->first_error));
    merge_stat(&recording->stat, &other->stat);
    recording->tcp_sent += other->tcp_sent;
    recording->tcp_received += other->tcp_received;
    if (other->first_start &&
        (recording->first_start == 0 || other->first_start < recording->first_start))
        recording->first_start = other->first_start;
    if (other->last_done > recording->last_done)
        recording->last_done = other->last_done;
    merge_load(recording, other);
    return 0;
}

double bench_recording_duration(const struct bench_recording *recording)
{
    if (recording->first_start == 0 || recording->last_done <= recording->first_start)
        return 0;
    return ((double)recording->last_done - (double)recording->first_start) / 1e9;
}
