/* SPDX-License-Identifier: MIT */
/* The analyser behind a mutex, for programs in C. */
#include "rpycbench/telemetry.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/conn.h"
#include "bench/protocol.h"
#include "bench/units.h"
#include "trace/analyser.h"
#include "trace/profile.h"
#include "trace/report.h"

enum {
    DECODERS_MAX = 32,
    UNSEEN_MAX = 1024, /* places to remember streams that were told of what they miss */
    TOP_DEFAULT = 20,
    WIDTH_DEFAULT = 80,
};
#define THRESHOLD_MAX_S 1e9

/* A connection of our own; its streams get numbers that are unique in the telemetry. */
struct attachment {
    struct attachment *next;
    struct bench_telemetry *telemetry;
    struct bench_conn *conn;
    uint64_t connection; /* of the stream that is open */
};

struct bench_telemetry {
    pthread_mutex_t mutex;
    struct trace_analyser *analyser;
    const struct bench_decoder_ops *decoders[DECODERS_MAX + 1]; /* the analyser keeps the pointer */
    struct attachment *attachments;
    uint64_t streams; /* of attachments, so far */
    bool enabled;
    /* While disabled: streams of which the analyser knows that bytes are missing. By a hash; one
     * that is driven out is told again. */
    uint64_t unseen[UNSEEN_MAX];
};

/* ---- life ---- */

void bench_telemetry_options_init(struct bench_telemetry_options *options)
{
    *options = (struct bench_telemetry_options){
        .enabled = true,
        .track_netrefs = true,
        .track_stacks = true,
        .slow_call_threshold_s = 0.1,
        .deep_stack_threshold = 5,
    };
}

static int make_analyser(struct bench_telemetry *t, const struct bench_telemetry_options *options,
                         struct bench_error *err)
{
    const struct bench_protocol *const *protocols = bench_protocols();
    struct trace_options inner;
    size_t n = 0;
    if (!(options->slow_call_threshold_s >= 0 && options->slow_call_threshold_s <= THRESHOLD_MAX_S))
        return bench_fail(err, -EINVAL, "slow_call_threshold %g is not 0 to %g seconds",
                          options->slow_call_threshold_s, THRESHOLD_MAX_S);
    for (size_t i = 0; protocols[i] != NULL && n < DECODERS_MAX; i++)
        if (protocols[i]->decoder != NULL)
            t->decoders[n++] = protocols[i]->decoder;
    trace_options_init(&inner);
    inner.slow_call_ns = llround(options->slow_call_threshold_s * (double)BENCH_NS_PER_S);
    inner.deep_stack = options->deep_stack_threshold;
    inner.track_netrefs = options->track_netrefs;
    inner.track_stacks = options->track_stacks;
    int rc = trace_options_check(&inner, err);
    return rc < 0 ? rc : trace_analyser_new(&t->analyser, &inner, t->decoders, err);
}

int bench_telemetry_new(struct bench_telemetry **out, const struct bench_telemetry_options *options,
                        struct bench_error *err)
{
    struct bench_telemetry_options defaults;
    struct bench_telemetry *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    if (options == NULL) {
        bench_telemetry_options_init(&defaults);
        options = &defaults;
    }
    int rc = make_analyser(t, options, err);
    if (rc < 0) {
        free(t);
        return rc;
    }
    (void)pthread_mutex_init(&t->mutex, NULL);
    t->enabled = options->enabled;
    *out = t;
    return 0;
}

void bench_telemetry_free(struct bench_telemetry *t)
{
    if (t == NULL)
        return;
    struct attachment *next;
    for (struct attachment *a = t->attachments; a != NULL; a = next) {
        next = a->next;
        free(a);
    }
    trace_analyser_free(t->analyser);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
}

/* ---- pieces ---- */

/* Whether the analyser has been told already, since the last bench_telemetry_enable, that bytes of
 * this stream are missing. */
static bool knows(struct bench_telemetry *t, const struct bench_piece *piece)
{
    const uint64_t stream = piece->connection << 1 | (piece->direction == BENCH_TO_CLIENT);
    uint64_t *place = &t->unseen[stream * UINT64_C(0x9e3779b97f4a7c15) >> 54];
    const bool known = *place == stream;
    *place = stream;
    return known;
}

static void take(struct bench_telemetry *t, const struct bench_piece *piece)
{
    const bool bytes = piece->kind == BENCH_PIECE_DATA || piece->kind == BENCH_PIECE_GAP;
    if (t->enabled || !bytes) {
        trace_analyser_piece(piece, t->analyser);
    } else if (!knows(t, piece)) {
        struct bench_piece gap = *piece;
        gap.kind = BENCH_PIECE_GAP;
        gap.data = NULL;
        gap.length = 0;
        trace_analyser_piece(&gap, t->analyser);
    }
}

/* Numbers of a tap become even, those of attachments are odd. */
void bench_telemetry_piece(const struct bench_piece *piece, void *user)
{
    struct bench_telemetry *t = user;
    struct bench_piece renumbered = *piece;
    renumbered.connection = 2 * piece->connection;
    (void)pthread_mutex_lock(&t->mutex);
    take(t, &renumbered);
    (void)pthread_mutex_unlock(&t->mutex);
}

static void attached_piece(const struct bench_piece *piece, void *user)
{
    struct attachment *a = user;
    struct bench_telemetry *t = a->telemetry;
    struct bench_piece renumbered = *piece;
    (void)pthread_mutex_lock(&t->mutex);
    if (piece->kind == BENCH_PIECE_OPEN)
        a->connection = 2 * t->streams++ + 1;
    renumbered.connection = a->connection;
    take(t, &renumbered);
    (void)pthread_mutex_unlock(&t->mutex);
}

/* With the mutex. */
static struct attachment *find(const struct bench_telemetry *t, const struct bench_conn *conn)
{
    struct attachment *a = t->attachments;
    while (a != NULL && a->conn != conn)
        a = a->next;
    return a;
}

int bench_telemetry_attach(struct bench_telemetry *t, struct bench_conn *conn,
                           struct bench_error *err)
{
    (void)pthread_mutex_lock(&t->mutex);
    struct attachment *a = find(t, conn);
    if (a == NULL) {
        a = calloc(1, sizeof(*a));
        if (a != NULL) {
            a->telemetry = t;
            a->conn = conn;
            a->next = t->attachments;
            t->attachments = a;
        }
    }
    (void)pthread_mutex_unlock(&t->mutex);
    if (a == NULL)
        return bench_fail(err, -ENOMEM, "out of memory");
    bench_conn_tap(conn, attached_piece, a);
    return 0;
}

void bench_telemetry_detach(struct bench_telemetry *t, struct bench_conn *conn)
{
    (void)pthread_mutex_lock(&t->mutex);
    struct attachment **at = &t->attachments;
    while (*at != NULL && (*at)->conn != conn)
        at = &(*at)->next;
    struct attachment *a = *at;
    if (a != NULL)
        *at = a->next;
    (void)pthread_mutex_unlock(&t->mutex);
    if (a == NULL)
        return;
    bench_conn_tap(conn, NULL, NULL);
    free(a);
}

static void set_enabled(struct bench_telemetry *t, bool enabled)
{
    (void)pthread_mutex_lock(&t->mutex);
    if (enabled && !t->enabled)
        for (size_t i = 0; i < UNSEEN_MAX; i++)
            t->unseen[i] = 0;
    t->enabled = enabled;
    (void)pthread_mutex_unlock(&t->mutex);
}

void bench_telemetry_enable(struct bench_telemetry *t) { set_enabled(t, true); }
void bench_telemetry_disable(struct bench_telemetry *t) { set_enabled(t, false); }

bool bench_telemetry_is_enabled(struct bench_telemetry *t)
{
    (void)pthread_mutex_lock(&t->mutex);
    const bool enabled = t->enabled;
    (void)pthread_mutex_unlock(&t->mutex);
    return enabled;
}

void bench_telemetry_reset(struct bench_telemetry *t)
{
    (void)pthread_mutex_lock(&t->mutex);
    trace_analyser_reset(t->analyser);
    (void)pthread_mutex_unlock(&t->mutex);
}

/* ---- figures ---- */

static double seconds(int64_t ns) { return (double)ns / (double)BENCH_NS_PER_S; }

static void copy_direction(const struct trace_totals *from, struct bench_telemetry_statistics *to,
                           int d)
{
    to->messages[d] = from->messages[d];
    to->requests[d] = from->requests[d];
    to->round_trips[d] = from->round_trips[d];
    to->unawaited[d] = from->unawaited[d];
    to->overlapped[d] = from->overlapped[d];
    to->errors[d] = from->errors[d];
    to->plain_bytes[d] = from->plain_bytes[d];
    to->wire_bytes[d] = from->wire_bytes[d];
    to->waiting_s[d] = seconds(from->waiting_ns[d]);
    to->serving_s[d] = seconds(from->serving_ns[d]);
    to->netrefs_created[d] = from->references[d].created;
    to->netrefs_released[d] = from->references[d].released;
    to->netrefs_active[d] = from->references[d].alive;
    to->netrefs_leaked[d] = from->references[d].leaked;
}

/* Of the library, not of those who wrote the program. */
static bool is_own(const struct trace_name *name)
{
    static const enum bench_verb own[] = {BENCH_VERB_DESCRIBE, BENCH_VERB_ROOT, BENCH_VERB_RELEASE,
                                          BENCH_VERB_CLOSE};
    uint64_t all = 0, of_library = 0;
    for (int i = 0; i < BENCH_VERB_COUNT; i++)
        all += name->verbs[i];
    for (size_t i = 0; i < BENCH_COUNT_OF(own); i++)
        of_library += name->verbs[own[i]];
    return all == of_library;
}

static void add_names(const struct trace_profile *profile, struct bench_telemetry_statistics *out)
{
    int64_t total_ns = 0, slowest_ns = 0;
    for (size_t i = 0; i < profile->nby_name; i++) {
        const struct trace_name *name = &profile->by_name[i];
        if (is_own(name))
            continue;
        out->total_calls += name->count;
        total_ns += name->total_ns;
        if (name->slowest_ns > slowest_ns)
            slowest_ns = name->slowest_ns;
    }
    out->slowest_call_s = seconds(slowest_ns);
    if (out->total_calls > 0)
        out->average_call_duration_s = seconds(total_ns) / (double)out->total_calls;
}

int bench_telemetry_statistics(struct bench_telemetry *t, struct bench_telemetry_statistics *out)
{
    struct trace_profile *profile = NULL;
    struct bench_telemetry_statistics statistics = {0};
    (void)pthread_mutex_lock(&t->mutex);
    const int rc = trace_profile_take(t->analyser, &profile);
    if (rc == 0) {
        const struct trace_totals *totals = &profile->totals;
        for (int d = 0; d < 2; d++)
            copy_direction(totals, &statistics, d);
        statistics.max_stack_depth = totals->depth_max;
        statistics.current_stack_depth = totals->depth_now;
        statistics.slow_calls = totals->slow;
        statistics.deep_calls = totals->deep;
        statistics.lost = totals->lost;
        statistics.connections = profile->nconnections;
        add_names(profile, &statistics);
        *out = statistics;
    }
    trace_profile_free(profile);
    (void)pthread_mutex_unlock(&t->mutex);
    return rc;
}

/* ---- texts ---- */

static unsigned parts_of(unsigned sections)
{
    static const struct {
        enum bench_telemetry_section section;
        enum trace_part part;
    } table[] = {
        {BENCH_TELEMETRY_SUMMARY, TRACE_PART_SUMMARY},
        {BENCH_TELEMETRY_FINDINGS, TRACE_PART_FINDINGS},
        {BENCH_TELEMETRY_NAMES, TRACE_PART_NAMES},
        {BENCH_TELEMETRY_SLOW, TRACE_PART_SLOW},
        {BENCH_TELEMETRY_TREE, TRACE_PART_TREE},
        {BENCH_TELEMETRY_NETREFS, TRACE_PART_NETREFS},
        {BENCH_TELEMETRY_TIMELINE, TRACE_PART_TIMELINE},
        {BENCH_TELEMETRY_SECTIONS, TRACE_PART_SECTIONS},
    };
    unsigned parts = 0;
    for (size_t i = 0; i < BENCH_COUNT_OF(table); i++)
        if (sections & table[i].section)
            parts |= table[i].part;
    return sections == 0 ? (unsigned)TRACE_PART_ALL & ~(unsigned)TRACE_PART_TIMELINE : parts;
}

int bench_telemetry_write(struct bench_telemetry *t, const struct bench_telemetry_format *format,
                          FILE *out)
{
    static const struct bench_telemetry_format all = {.sections = 0};
    struct trace_profile *profile = NULL;
    if (format == NULL)
        format = &all;
    if (format->max_depth < 0 || !(format->min_duration_s >= 0) ||
        format->min_duration_s > THRESHOLD_MAX_S)
        return -EINVAL;
    const struct trace_report_options options = {
        .parts = parts_of(format->sections),
        .top = format->top > 0 ? format->top : TOP_DEFAULT,
        .max_depth = format->max_depth,
        .netrefs = !format->hide_netrefs,
        .least_ns = llround(format->min_duration_s * (double)BENCH_NS_PER_S),
        .width = format->width > 0 ? format->width : WIDTH_DEFAULT,
        .title = format->title,
    };
    (void)pthread_mutex_lock(&t->mutex);
    int rc = trace_profile_take(t->analyser, &profile);
    if (rc == 0)
        rc = trace_write_text(profile, &options, out);
    trace_profile_free(profile);
    (void)pthread_mutex_unlock(&t->mutex);
    return rc;
}

char *bench_telemetry_format(struct bench_telemetry *t, const struct bench_telemetry_format *format)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    int rc = bench_telemetry_write(t, format, out);
    if (fclose(out) != 0 || rc < 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *bench_telemetry_format_call_tree(struct bench_telemetry *t, int max_depth,
                                       double min_duration_s, bool show_netrefs)
{
    return bench_telemetry_format(t,
                                  &(struct bench_telemetry_format){.sections = BENCH_TELEMETRY_TREE,
                                                                   .max_depth = max_depth,
                                                                   .min_duration_s = min_duration_s,
                                                                   .hide_netrefs = !show_netrefs});
}

char *bench_telemetry_format_timeline(struct bench_telemetry *t, unsigned width,
                                      double min_duration_s)
{
    return bench_telemetry_format(
        t, &(struct bench_telemetry_format){.sections = BENCH_TELEMETRY_TIMELINE,
                                            .width = width,
                                            .min_duration_s = min_duration_s});
}

char *bench_telemetry_format_netref_report(struct bench_telemetry *t)
{
    return bench_telemetry_format(
        t, &(struct bench_telemetry_format){.sections = BENCH_TELEMETRY_NETREFS});
}

char *bench_telemetry_format_slow_calls_report(struct bench_telemetry *t, unsigned top)
{
    return bench_telemetry_format(
        t, &(struct bench_telemetry_format){.sections = BENCH_TELEMETRY_SLOW, .top = top});
}

char *bench_telemetry_format_full_report(struct bench_telemetry *t, bool tree, bool timeline,
                                         bool netrefs, bool slow)
{
    unsigned sections = BENCH_TELEMETRY_SUMMARY | BENCH_TELEMETRY_FINDINGS;
    sections |= tree ? BENCH_TELEMETRY_TREE : 0u;
    sections |= timeline ? BENCH_TELEMETRY_TIMELINE : 0u;
    sections |= netrefs ? BENCH_TELEMETRY_NETREFS : 0u;
    sections |= slow ? BENCH_TELEMETRY_SLOW : 0u;
    return bench_telemetry_format(t, &(struct bench_telemetry_format){.sections = sections});
}

struct bench_telemetry_duration bench_telemetry_format_duration(double s)
{
    struct bench_telemetry_duration out;
    if (s < 0.9995e-3)
        (void)snprintf(out.s, sizeof(out.s), "%.0fµs", s * 1e6);
    else if (s < 0.999995)
        (void)snprintf(out.s, sizeof(out.s), "%.2fms", s * 1e3);
    else
        (void)snprintf(out.s, sizeof(out.s), "%.2fs", s);
    return out;
}
