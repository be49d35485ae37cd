/* SPDX-License-Identifier: MIT */
/*
 * Prometheus text exposition 0.0.4. Counters must never fall, so the names that have series of
 * their own are those that were met first, not those that are dearest now; all later ones are added
 * up as "(others)".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stats/sketch.h"
#include "trace/report_write.h"

#define NAMES_MAX 200 /* series per metric, besides "(others)" in both directions */

/* Upper bounds of the histogram, seconds; as they are printed and in ns. */
static const struct {
    const char *text;
    int64_t ns;
} bounds[] = {
    {"1e-05", 10000},    {"2.5e-05", 25000},  {"5e-05", 50000},    {"0.0001", 100000},
    {"0.00025", 250000}, {"0.0005", 500000},  {"0.001", 1000000},  {"0.0025", 2500000},
    {"0.005", 5000000},  {"0.01", 10000000},  {"0.025", 25000000}, {"0.05", 50000000},
    {"0.1", 100000000},  {"0.25", 250000000}, {"0.5", 500000000},  {"1", 1000000000},
    {"2.5", 2500000000}, {"5", 5000000000},   {"10", 10000000000},
};
#define BOUNDS BENCH_COUNT_OF(bounds)

/* What is shown under one pair of labels. */
struct series {
    struct trace_line label; /* escaped */
    enum bench_direction direction;
    uint64_t calls, round_trips, errors, wire_bytes[2];
    uint64_t buckets[BOUNDS], timed;
    int64_t total_ns;
};

/* \ " and newlines are special within a label; there are no newlines in clean text. */
static struct trace_line label_of(const struct trace_profile *profile, uint32_t name)
{
    struct trace_line clean = trace_name_text(profile->names, name), label;
    size_t used = 0;
    /* A name is at most BENCH_NAME_BYTES_MAX, so that doubling it fits. */
    for (const char *at = clean.s; *at != '\0' && used + 3 < sizeof(label.s); at++) {
        if (*at == '\\' || *at == '"')
            label.s[used++] = '\\';
        label.s[used++] = *at;
    }
    label.s[used] = '\0';
    return label;
}

static void add_bucket(int64_t low, int64_t high, uint64_t count, void *user)
{
    struct series *series = user;
    (void)low;
    for (size_t i = 0; i < BOUNDS; i++) {
        if (high <= bounds[i].ns) {
            series->buckets[i] += count;
            return;
        }
    }
}

static void add_name(struct series *series, const struct trace_name *name)
{
    series->calls += name->count;
    series->round_trips += name->round_trips;
    series->errors += name->errors;
    series->wire_bytes[0] += name->wire_bytes[0];
    series->wire_bytes[1] += name->wire_bytes[1];
    if (name->hist != NULL) {
        bench_sketch_each(name->hist, add_bucket, series);
        series->timed += name->hist->count;
        series->total_ns += name->total_ns;
    }
}

/* Names are numbered as they are met. */
static int by_number(const void *a, const void *b)
{
    const struct trace_name *const *x = a, *const *y = b;
    if ((*x)->name != (*y)->name)
        return (*x)->name < (*y)->name ? -1 : 1;
    return (int)(*x)->direction - (int)(*y)->direction;
}

/* Names that look alike, of several classes say, are one series: two with equal labels would make
 * the page invalid. Those behind the limit, and what the analyser had no room for, are others. */
static struct series *series_of(struct series *all, size_t *count, const struct trace_name *name,
                                const struct trace_line *label)
{
    static const struct trace_line others = {"(others)"};
    const struct trace_line *wanted = name->name == BENCH_NAME_OTHERS ? &others : label;
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < *count; i++) {
            if (all[i].direction == name->direction && strcmp(all[i].label.s, wanted->s) == 0)
                return &all[i];
        }
        if (wanted == &others || *count < NAMES_MAX)
            break;
        wanted = &others;
    }
    all[*count] = (struct series){.label = *wanted, .direction = name->direction};
    return &all[(*count)++];
}

/* At most NAMES_MAX and others in two directions. 0 or -ENOMEM. */
static int make_series(const struct trace_profile *profile, struct series **out, size_t *count)
{
    const struct trace_name **names =
        calloc(profile->nby_name + 1, sizeof(const struct trace_name *));
    struct series *all = calloc(NAMES_MAX + 2, sizeof(*all));
    if (names == NULL || all == NULL) {
        free(names);
        free(all);
        return -ENOMEM;
    }
    for (size_t i = 0; i < profile->nby_name; i++)
        names[i] = &profile->by_name[i];
    if (profile->nby_name > 0)
        qsort(names, profile->nby_name, sizeof(const struct trace_name *), by_number);
    *count = 0;
    for (size_t i = 0; i < profile->nby_name; i++) {
        struct trace_line label = label_of(profile, names[i]->name);
        add_name(series_of(all, count, names[i], &label), names[i]);
    }
    free(names);
    *out = all;
    return 0;
}

/* ---- writing ---- */

static void head(FILE *out, const char *metric, const char *type, const char *help)
{
    fprintf(out, "# HELP rpycbench_%s %s\n# TYPE rpycbench_%s %s\n", metric, help, metric, type);
}

static void plain(FILE *out, const char *metric, const char *type, const char *help, uint64_t value)
{
    head(out, metric, type, help);
    fprintf(out, "rpycbench_%s %" PRIu64 "\n", metric, value);
}

static void both(FILE *out, const char *metric, const char *type, const char *help,
                 const uint64_t of[2])
{
    head(out, metric, type, help);
    for (int d = 0; d < 2; d++)
        fprintf(out, "rpycbench_%s{direction=\"%s\"} %" PRIu64 "\n", metric,
                trace_direction_key((enum bench_direction)d), of[d]);
}

static void both_seconds(FILE *out, const char *metric, const char *help, const int64_t of[2])
{
    head(out, metric, "counter", help);
    for (int d = 0; d < 2; d++)
        fprintf(out, "rpycbench_%s{direction=\"%s\"} %.9f\n", metric,
                trace_direction_key((enum bench_direction)d), trace_as_seconds(of[d]));
}

static void write_totals(const struct trace_profile *profile, FILE *out)
{
    const struct trace_totals *t = &profile->totals;
    const struct trace_references *r = t->references;
    static const char counter[] = "counter", gauge[] = "gauge";
    const uint64_t created[2] = {r[0].created, r[1].created};
    const uint64_t released[2] = {r[0].released, r[1].released};
    const uint64_t alive[2] = {r[0].alive, r[1].alive}, leaked[2] = {r[0].leaked, r[1].leaked};
    uint64_t open = 0;
    for (size_t i = 0; i < profile->nconnections; i++)
        open += profile->connections[i].end_ns == 0;
    both(out, "messages_total", counter, "Messages, by the direction in which they went.",
         t->messages);
    both(out, "requests_total", counter, "Requests.", t->requests);
    both(out, "round_trips_total", counter, "Requests whose sender waited for the answer.",
         t->round_trips);
    both(out, "unawaited_requests_total", counter,
         "Requests that by their nature nobody waits for.", t->unawaited);
    both(out, "overlapped_requests_total", counter,
         "Requests during which their sender sent another one.", t->overlapped);
    both(out, "errors_total", counter, "Requests answered by an exception.", t->errors);
    both(out, "unanswered_requests_total", counter,
         "Requests whose connection ended before the answer.", t->unanswered);
    both(out, "wire_bytes_total", counter, "Bytes as sent, frames included.", t->wire_bytes);
    both(out, "uncompressed_bytes_total", counter, "Bytes of messages before compression.",
         t->plain_bytes);
    both_seconds(out, "waiting_seconds_total", "Time in which senders waited for answers.",
                 t->waiting_ns);
    both_seconds(out, "serving_seconds_total", "Time in which requests were being served.",
                 t->serving_ns);
    both(out, "references_created_total", counter, "Objects handed out by reference.", created);
    both(out, "references_released_total", counter, "Objects given back.", released);
    both(out, "references_leaked_total", counter,
         "Objects that were alive when their connection ended.", leaked);
    both(out, "references_alive", gauge, "Objects held by the other side now.", alive);
    plain(out, "connections_open", gauge, "Connections that are open now.", open);
    plain(out, "nesting_depth_max", gauge, "Most requests within each other so far.",
          t->depth_max > 0 ? (uint64_t)t->depth_max : 0);
    plain(out, "slow_calls_total", counter, "Calls beyond the threshold of slowness.", t->slow);
    plain(out, "deep_calls_total", counter, "Calls beyond the threshold of nesting.", t->deep);
    plain(out, "undecoded_total", counter, "Places where bytes were missing or made no sense.",
          t->lost);
    plain(out, "dropped_pieces_total", counter,
          "Pieces of conversations that could not be taken in time.", profile->dropped);
}

static void labels(FILE *out, const char *metric, const struct series *series)
{
    fprintf(out, "rpycbench_%s{name=\"%s\",direction=\"%s\"", metric, series->label.s,
            trace_direction_key(series->direction));
}

/* A counter of struct series by its place in it. */
static void per_name(FILE *out, const struct series *all, size_t count, const char *metric,
                     const char *help, size_t offset)
{
    head(out, metric, "counter", help);
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&all[i] + offset, sizeof(value));
        labels(out, metric, &all[i]);
        fprintf(out, "} %" PRIu64 "\n", value);
    }
}

static void write_histograms(FILE *out, const struct series *all, size_t count)
{
    head(out, "response_seconds", "histogram",
         "Time from the first byte of an awaited request to the last of its answer.");
    for (size_t i = 0; i < count; i++) {
        uint64_t cumulative = 0;
        for (size_t b = 0; b < BOUNDS; b++) {
            cumulative += all[i].buckets[b];
            labels(out, "response_seconds_bucket", &all[i]);
            fprintf(out, ",le=\"%s\"} %" PRIu64 "\n", bounds[b].text, cumulative);
        }
        labels(out, "response_seconds_bucket", &all[i]);
        fprintf(out, ",le=\"+Inf\"} %" PRIu64 "\n", all[i].timed);
        labels(out, "response_seconds_sum", &all[i]);
        fprintf(out, "} %.9f\n", trace_as_seconds(all[i].total_ns));
        labels(out, "response_seconds_count", &all[i]);
        fprintf(out, "} %" PRIu64 "\n", all[i].timed);
    }
}

int trace_write_prometheus(const struct trace_profile *profile, FILE *out)
{
    struct series *all;
    size_t count;
    int rc = make_series(profile, &all, &count);
    if (rc < 0)
        return rc;
    write_totals(profile, out);
    if (count > 0) {
        per_name(out, all, count, "calls_total", "What the program did with a name.",
                 offsetof(struct series, calls));
        per_name(out, all, count, "call_round_trips_total",
                 "Round trips of a name, lookups included.", offsetof(struct series, round_trips));
        per_name(out, all, count, "call_errors_total",
                 "Requests of a name answered by an exception.", offsetof(struct series, errors));
        per_name(out, all, count, "call_request_bytes_total", "Bytes of requests, as sent.",
                 offsetof(struct series, wire_bytes));
        per_name(out, all, count, "call_answer_bytes_total", "Bytes of answers, as sent.",
                 offsetof(struct series, wire_bytes) + sizeof(uint64_t));
        write_histograms(out, all, count);
    }
    free(all);
    return trace_written(out);
}
